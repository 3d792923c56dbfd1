"""A lab through Slurm: a real controller and two nodes on this host, measured by the command, one of them killed in the middle."""

import json
import os
import sys
import threading

import pytest

from tests.lab import slurm_bench
from tests.support import ROOT, is_gone, run_cli, wait_until

NAMES = ("lab-01", "lab-02")
QUICK = "--profile=quick --model=one-convolution --pinned=off -k 'test_first_inference_latency and CPU'"


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    with slurm_bench.cluster(tmp_path / "slurm", NAMES) as found:
        monkeypatch.setenv("SLURM_CONF", found.environment["SLURM_CONF"])
        monkeypatch.setenv("PATH", found.environment["PATH"])
        yield found


@pytest.fixture
def inventory(tmp_path):
    def made(names=NAMES, **own):
        common = {
            "autogauge_project": str(ROOT),
            "autogauge_python": sys.executable,
            "autogauge_cache": str(tmp_path / "cache"),
            "autogauge_lock": str(tmp_path / "lock"),
            "autogauge_pytest_args": QUICK,
        }
        hosts = {
            name: {"ansible_host": f"192.0.2.{place}", "autogauge_folder": str(tmp_path / name), **own.get(name, {})}
            for place, name in enumerate(names, 1)
        }
        path = tmp_path / "lab.yml"
        path.write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
        return path

    return made


def slurm(tmp_path, path, *words):
    done = run_cli(
        *(
            "fleet",
            "slurm",
            str(path),
            f"--out={tmp_path / 'jobs'}",
            f"--reports={tmp_path / 'central'}",
            "--json",
            *words,
        ),
        timeout_s=400,
        SECRET="of the submitter",
        SLURM_CONF=os.environ.get("SLURM_CONF", ""),
        PATH=os.environ["PATH"],
    )
    return done, json.loads(done.stdout) if done.stdout.startswith("{") else None


@pytest.mark.lab
def test_each_node_measures_and_its_run_comes_home_once(cluster, tmp_path, inventory):
    path = inventory()
    done, account = slurm(tmp_path, path, "--submit", "--wait=300")
    assert done.returncode == 0, (account, done.stderr)
    assert account["summary"] == "2 machines: 2 measured", (account, done.stderr)
    assert [each["brought_home"] for each in account["machines"]] == [[each["run"]] for each in account["machines"]]
    history = tmp_path / "central" / "history"
    assert {each.parent.name for each in history.rglob("0*.json")} == set(NAMES)
    again, account = slurm(tmp_path, inventory(own={}), "--submit", "--wait=300", "--limit=lab-01")
    assert account["summary"] == "1 machine: 1 measured", again.stderr
    (machine,) = account["machines"]
    assert machine["brought_home"] == [machine["run"]], "the first run is home already"


@pytest.mark.lab
def test_one_that_is_killed_and_one_whose_node_is_not_there_leave_the_others_alone(cluster, tmp_path, inventory):
    path = inventory((*NAMES, "lab-03"), **{"lab-02": {"autogauge_pytest_args": f"{QUICK} --model=googlenet-v1"}})

    def cancel():
        mark = tmp_path / "lab-02" / "reports"
        if wait_until(mark.exists, 120):
            cluster.run("scancel", "--name=autogauge-lab-02", "--full", "--signal=KILL")

    killer = threading.Thread(target=cancel)
    killer.start()
    done, account = slurm(tmp_path, path, "--submit", "--wait=300")
    killer.join()
    assert done.returncode == 1
    outcomes = {each["machine"]: each["outcome"] for each in account["machines"]}
    assert outcomes == {"lab-01": "measured", "lab-02": "failed", "lab-03": "not started"}, (account, done.stderr)
    said = {each["machine"]: each["sentence"] for each in account["machines"]}
    assert "was ended: by scancel" in said["lab-02"] or "no exit status" in said["lab-02"]
    assert "sbatch refused" in said["lab-03"]
    assert account["summary"] == "3 machines: 1 measured, 1 failed, 1 not started"


@pytest.mark.lab
def test_a_job_that_waits_is_said_with_slurms_reason(cluster, tmp_path, inventory):
    cluster.run("scontrol", "update", "NodeName=lab-02", "State=DRAIN", "Reason=test")
    path = inventory(("lab-02",))
    done, account = slurm(tmp_path, path, "--submit", "--wait=5")
    assert done.returncode == 1
    (machine,) = account["machines"]
    assert machine["outcome"] == "not started"
    assert "still waits in the queue (" in machine["sentence"], "with Slurm's reason"


@pytest.mark.lab
def test_what_is_not_followed_is_collected_later_and_no_old_summary_makes_a_machine_measured(
    cluster, tmp_path, inventory
):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nif [ "$2" = pytest ]; then echo "asks $SECRET"; sleep 12; exit 1; fi\n')
    python.chmod(0o755)
    latest = tmp_path / "lab-01" / "reports" / "latest"
    latest.mkdir(parents=True)
    (latest / "summary.json").write_text(json.dumps({"verdicts": [{"verdict": "PASS"}]}))
    os.utime(latest / "summary.json", (1e9, 1e9))
    path = inventory(("lab-01",), **{"lab-01": {"autogauge_python": str(python)}})
    _, account = slurm(tmp_path, path, "--submit", "--wait=1")
    assert account["machines"][0]["outcome"] in ("silent", "not started"), account
    jobs = tmp_path / "jobs" / "lab-01"
    assert wait_until(lambda: (jobs / "1.pushed").exists() and (jobs / "1.status").read_text().strip() == "1", 60)
    assert (jobs / "1.output").read_text() == "asks \n"
    done, account = slurm(tmp_path, path, "--collect")
    assert done.returncode == 1
    (machine,) = account["machines"]
    assert (machine["outcome"], machine["verdicts"], machine["run"]) == ("failed", {}, None)
    assert "before anything was measured" in machine["sentence"]
    assert account["limit"] is None
    done, _ = slurm(tmp_path, path, "--submit", "--push=/elsewhere")
    assert done.returncode == 2
    assert "--push=PLACE sends" in done.stderr


@pytest.mark.lab
def test_nothing_of_a_cluster_is_left_whatever_its_jobs_do(tmp_path):
    with slurm_bench.cluster(tmp_path / "slurm", NAMES) as cluster:
        job, begun = tmp_path / "job.sh", tmp_path / "begun"
        job.write_text(f"#!/bin/sh\ntrap '' TERM\nsetsid sleep 6123 &\ntouch {begun}\nsleep 6123\n")
        cluster.run("sbatch", f"--output={tmp_path}/output", str(job))
        assert wait_until(begun.exists, 60)
        jobs = slurm_bench.left(cluster.folder)
        assert jobs
    assert wait_until(lambda: all(is_gone(each) for each in jobs))
    assert slurm_bench.left(cluster.folder) == []


def test_the_files_are_made_without_slurm(tmp_path, inventory):
    pytest.importorskip("ansible", reason="the inventory is read by ansible-core: pip install -r requirements-lab.txt")
    done = run_cli("fleet", "slurm", str(inventory()), f"--out={tmp_path / 'jobs'}", "--repeat=3", "--", "--gate=fail")
    assert done.returncode == 0, done.stderr
    files = [tmp_path / "jobs" / f"{name}.sbatch" for name in NAMES]
    assert done.stdout.splitlines() == [f"sbatch {each}" for each in files]
    assert all("--gate=fail" in each.read_text() and "--array=1-3%1" in each.read_text() for each in files)
