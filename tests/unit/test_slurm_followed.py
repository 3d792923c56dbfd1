"""Jobs that are followed: a queue that does not answer, an exit status that comes late, Ctrl-C. Slurm's two commands are scripts here."""

import json
import os
import shutil
from types import SimpleNamespace

import pytest

from autogauge.history import standing
from autogauge.lab.fleet import queued, slurm
from autogauge.lab.fleet.batch import Task
from autogauge.lab.fleet.inventory import Inventory, Machine
from autogauge.lab.fleet.queued import QueuedRun, WantedJobs
from tests.support import ROOT

SBATCH = """#!/bin/sh
number=$(ls "$(dirname "$0")"/job.* 2>/dev/null | wc -l); number=$((number + 1))
: >"$(dirname "$0")/job.$number"; echo $number
"""
SQUEUE = """#!/bin/sh
here=$(dirname "$0"); echo >>"$here/asked"
[ ! -e "$here/broken" ] || { echo "squeue: error: no controller" >&2; exit 1; }
cat "$here/queue" 2>/dev/null
exit 0
"""


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Slurm's commands; ``each(asked)`` is called before the queue is asked for the time ``asked``, with 1 for the first."""
    place = tmp_path / "bin"
    place.mkdir()
    for name, text in (("sbatch", SBATCH), ("squeue", SQUEUE)):
        (place / name).write_text(text)
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=":")
    for name, value in (("ASK_EVERY_S", 0.001), ("LATE_S", 60.0), ("BEAR_S", 60.0)):
        monkeypatch.setattr(queued, name, value)
    found = SimpleNamespace(place=place, jobs=tmp_path / "jobs", asked=0, each=lambda asked: None)
    states = slurm.states

    def asked(jobs):
        found.asked += 1
        found.each(found.asked)
        return states(jobs)

    monkeypatch.setattr(slurm, "states", asked)

    def leave(name, number, status):
        """What a job leaves that measured."""
        jobs = found.jobs / name
        (jobs / "history" / name).mkdir(parents=True)
        shutil.copy(ROOT / "tests" / "data" / "run.json", jobs / "history" / name / "0001_x.json")
        summary = {"verdicts": [{"verdict": "PASS"}], "history_file": f"/node/reports/history/{name}/0001_x.json"}
        (jobs / f"{number}.summary.json").write_text(json.dumps(summary))
        (jobs / f"{number}.status").write_text(f"{status}\n")

    found.leave = leave
    return found


@pytest.fixture
def run(cluster, tmp_path):
    """``run(2)``: jobs of two machines, followed to their end; returns the machines' parts of the account, and all of it as it is saved."""

    def go(number, watch=lambda accounts, changed: None, longest_s=60.0, method="go"):
        own = {"autogauge_project": str(ROOT)}
        machines = tuple(Machine(f"lab-0{place}", f"lab-0{place}", own) for place in range(1, number + 1))
        inventory = Inventory(tmp_path / "lab.ini", machines)
        followed = QueuedRun(WantedJobs(inventory, cluster.jobs, tmp_path / "reports", Task(), longest_s), watch)
        getattr(followed, method)()
        account = json.loads(followed.path.read_bytes())
        assert account["finished"]
        assert sum(account["counts"].values()) == number
        return account["machines"], account

    return go


def test_a_queue_that_does_not_answer_for_a_while_loses_nothing(cluster, run):
    def each(asked):
        if asked == 1:
            (cluster.place / "broken").touch()
            cluster.leave("lab-01", 1, 0)
        if asked == 4:
            (cluster.place / "broken").unlink()

    cluster.each = each
    ((machine,), _) = run(1)
    assert cluster.asked >= 4
    assert (machine["outcome"], machine["run"]) == ("measured", "lab-01/0001_x")
    assert machine["brought_home"] == ["lab-01/0001_x"]


def test_where_it_never_answers_again_each_is_told_and_what_is_there_is_judged(cluster, run, monkeypatch):
    monkeypatch.setattr(queued, "BEAR_S", 0.05)

    def each(asked):
        if asked == 1:
            (cluster.place / "broken").touch()
            cluster.leave("lab-01", 1, 0)

    cluster.each = each
    (first, second), _ = run(2)
    assert first["outcome"] == "measured"
    assert second["outcome"] == "silent"
    assert "job 2 left no exit status, and Slurm does not tell of it" in second["sentence"]
    assert "no controller" in second["sentence"]
    assert "--collect brings home" in second["sentence"]


def test_an_exit_status_that_comes_late_is_waited_for(cluster, run):
    cluster.each = lambda asked: (
        cluster.leave("lab-01", 1, 1) if asked == 3 else None
    )  # Slurm knows nothing of the job any more
    ((machine,), _) = run(1)
    assert cluster.asked >= 3
    assert (machine["outcome"], machine["exit_status"]) == ("measured", 1)


def test_one_that_never_comes_is_a_failure_with_slurms_word(cluster, run, monkeypatch):
    monkeypatch.setattr(queued, "LATE_S", 0.05)
    (cluster.place / "queue").write_text("1|1|NODE_FAIL|None\n")
    ((machine,), _) = run(1)
    assert machine["outcome"] == "failed"
    assert machine["sentence"] == "job 1 left no exit status: Slurm says NODE_FAIL"


def test_an_interruption_leaves_the_jobs_alone_and_keeps_what_is_home(cluster, run):
    (cluster.place / "queue").write_text("2|2|RUNNING|None\n")
    cluster.each = lambda asked: cluster.leave("lab-01", 1, 0) if asked == 1 else None

    def watch(accounts, changed):
        if any(each.is_over for each in accounts):
            raise KeyboardInterrupt("SIGINT")

    (first, second), account = run(2, watch)
    assert account["stopped"] == "interrupted by SIGINT"
    assert first["outcome"] == "measured"
    assert second["outcome"] == "interrupted"
    assert "job 2 goes on" in second["sentence"]
    assert "--collect brings home" in second["sentence"]
    cluster.leave("lab-02", 2, 0)
    (first, second), _ = run(2, method="collect")
    assert (first["outcome"], first["brought_home"]) == ("measured", []), "it is home already"
    assert (second["outcome"], second["brought_home"]) == ("measured", ["lab-02/0001_x"])


def test_of_what_is_collected_it_is_said_when_it_ended_and_whether_it_is_new(cluster, run):
    """Where nobody submitted a job last night, the newest is an old one."""
    cluster.leave("lab-01", 1, 0)
    os.utime(cluster.jobs / "lab-01" / "1.status", (1_795_000_000, 1_795_000_000))
    (machine,), _ = run(1, method="collect")
    assert (machine["outcome"], machine["notes"]) == ("measured", ["job 1 ended at 2026-11-18 11:06 UTC"])
    (machine,), _ = run(1, method="collect")
    assert machine["notes"] == ["job 1 ended at 2026-11-18 11:06 UTC, and all that it left was home before"]
    assert machine["exit_status"] == 0


WHEN = (1_795_000_000, 1_795_000_000)


def test_of_a_job_that_left_no_run_nothing_was_home_before(cluster, run):
    cluster.leave("lab-01", 1, 4)
    shutil.rmtree(cluster.jobs / "lab-01" / "history")
    (cluster.jobs / "lab-01" / "1.summary.json").unlink()
    os.utime(cluster.jobs / "lab-01" / "1.status", WHEN)
    (machine,), _ = run(1, method="collect")
    assert (machine["outcome"], machine["notes"]) == ("failed", ["job 1 ended at 2026-11-18 11:06 UTC"])


def test_of_what_could_not_come_home_nothing_is_said_to_have_been_there(cluster, run, tmp_path):
    cluster.leave("lab-01", 1, 0)
    os.utime(cluster.jobs / "lab-01" / "1.status", WHEN)
    run(1, method="collect")
    (cluster.jobs / "lab-01" / f"1{slurm.PUSHED}").write_text(
        "autogauge: no way to it.\nexit status 1 of history push x\n"
    )
    (machine,), _ = run(1, method="collect")
    still, ended = machine["notes"]
    assert still.startswith("its results are still on the node: ")
    assert ended == "job 1 ended at 2026-11-18 11:06 UTC"


def test_of_a_job_whose_parts_did_not_all_end_the_last_that_did_is_named(cluster, run):
    (cluster.jobs / "lab-01").mkdir(parents=True)
    (cluster.jobs / "lab-01" / "1.submitted").write_text("3 \n")
    for part in (1, 2):
        status = cluster.jobs / "lab-01" / f"1_{part}.status"
        status.write_text("0\n")
        os.utime(status, WHEN)
    (machine,), _ = run(1, method="collect")
    assert machine["notes"] == ["of job 1, the last part that ended did so at 2026-11-18 11:06 UTC"]
    assert machine["sentence"] == "job 1 left no exit status (part 3 of 3)"


def test_where_squeue_fails_nobody_says_that_a_job_goes_on(cluster, run):
    (cluster.place / "broken").touch()
    cluster.leave("lab-01", 1, 0)
    (cluster.jobs / "lab-02").mkdir()
    (cluster.jobs / "lab-02" / "2.submitted").write_text("1 \n")
    (first, second), _ = run(2, method="collect")
    assert first["outcome"] == "measured"
    assert second["outcome"] == "silent"
    assert "job 2 left no exit status, and Slurm does not tell of it (squeue refused: " in second["sentence"]
    assert "goes on" not in second["sentence"]


def test_an_interrupted_collect_says_of_no_job_that_it_goes_on(cluster, run):
    def each(asked):
        raise KeyboardInterrupt("SIGTERM")

    cluster.leave("lab-01", 1, 0)
    cluster.each = each
    (machine,), account = run(1, method="collect")
    assert account["stopped"] == "interrupted by SIGTERM"
    assert machine["outcome"] == "interrupted", "it started, and may go on"
    assert machine["sentence"].startswith("job 1 was not followed to its end: fleet slurm ")


def test_a_collect_that_is_interrupted_while_it_looks_for_jobs_accounts_for_each_machine(cluster, run, monkeypatch):
    newest = slurm.newest

    def interrupted(machine, folder):
        if machine.name == "lab-02":
            raise KeyboardInterrupt("SIGINT")
        return newest(machine, folder)

    monkeypatch.setattr(slurm, "newest", interrupted)
    cluster.leave("lab-01", 1, 0)
    (first, second), account = run(2, method="collect")
    assert account["stopped"] == "interrupted by SIGINT"
    assert first["outcome"] == "interrupted"
    assert (second["outcome"], second["sentence"]) == ("not started", "it was not looked at")


def test_an_interruption_while_jobs_are_submitted_names_each_ones_fate(cluster, run, monkeypatch):
    submit = slurm.submit

    def interrupted(machine, *words):
        if machine.name == "lab-02":
            raise KeyboardInterrupt("SIGINT")
        return submit(machine, *words)

    monkeypatch.setattr(slurm, "submit", interrupted)
    (first, second, third), _ = run(3)
    assert first["outcome"] == "interrupted"
    assert "job 1 goes on" in first["sentence"]
    assert second["sentence"] == "interrupted by SIGINT while sbatch was asked: look with squeue --me"
    assert third["sentence"] == "interrupted by SIGINT before it was submitted"


def test_what_is_at_home_lies_beside_the_jobs_when_they_are_submitted(cluster, run, tmp_path):
    home = tmp_path / "reports" / "history" / "lab-01"
    home.mkdir(parents=True)
    saved = shutil.copy(ROOT / "tests" / "data" / "run.json", home / "0001_x.json")
    standing.accept(saved, "looked at it")
    cluster.leave("lab-01", 1, 0)
    run(1)
    listed = (cluster.jobs / "lab-01" / "at-home").read_text()
    assert [each.split("\t")[0] for each in listed.splitlines()] == ["lab-01/0001_x.json", "lab-01/0001_x.standing"]


def test_a_slurm_without_a_configuration_says_where_to_run_it(cluster, run):
    said = (
        "sbatch: error: fetch_config: DNS SRV lookup failed\nsbatch: fatal: Could not establish a configuration source"
    )
    (cluster.place / "sbatch").write_text(f"#!/bin/sh\necho '{said}' >&2; exit 1\n")
    (only,), _ = run(1)
    assert only["outcome"] == "not started"
    assert "sbatch finds no cluster (Could not establish a configuration source)" in only["sentence"]
    assert "SLURM_CONF" in only["sentence"]
