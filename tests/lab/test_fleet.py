"""`fleet check` and `fleet run` over real ssh servers: what is brought home, what went wrong, and that every machine is accounted for."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from autogauge.history import standing, store
from autogauge.history.sharing.place import kind_of
from tests.support import ROOT, sentence_of

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("with_ansible")]
MEASURED = (
    "-k 'test_first_inference_latency and CPU' --profile=quick --model=one-convolution --model-source=embedded "
    "--pinned=off --disturbed=accept"
)
"""Options of pytest for a study that is measured in seconds."""
NAMES = ("lab1", "lab2", "lab3", "lab4")


def fleet(*words, timeout_s=400, **environment):
    command = [sys.executable, "-m", "autogauge", "fleet", *map(str, words)]
    around = {**os.environ, "COLUMNS": "200", **environment}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, env=around, check=False)


def account_of(done):
    """The account that `fleet run --json` printed, with its machines by their names."""
    found = json.loads(done.stdout)
    return found, {each["machine"]: each for each in found["machines"]}


def adds_up(account):
    """Whether the last line counts every machine once."""
    number, _, parts = account["summary"].partition(":")
    return int(number.split()[0]) == sum(int(each.split()[0]) for each in parts.split(",")) == len(account["machines"])


class TestCheck:
    def test_four_that_are_ready(self, inventory_of):
        done = fleet("check", inventory_of())
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1] == "4 machines: 4 ready"
        assert done.stdout.count(" ready ") >= 4
        assert "are one computer" in done.stdout

    def test_the_same_as_json(self, lab, inventory_of):
        done = fleet("check", inventory_of(2), "--json")
        machines = json.loads(done.stdout)["machines"]
        import openvino

        assert [each["machine"] for each in machines] == ["lab1", "lab2"]
        for each in machines:
            assert each["openvino"] == openvino.__version__.partition("-")[0]
            assert each["python"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
            assert abs(each["clock_off_s"]) < 60
            assert each["free_mib"] > 0
            assert each["lock"] == "free"

    def test_who_holds_a_lock_is_said(self, lab, inventory_of):
        path = inventory_of(1)
        lab.machines[0].lock.write_text("process 1 of somebody since 2026-11-26 07:00:00 UTC: pytest -m perf")
        with lab.machines[0].lock.open() as stream:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)
            done = fleet("check", path)
        lab.machines[0].lock.write_text("")
        assert "held by process 1 of somebody" in done.stdout, done.stderr


class TestRun:
    def test_two_are_measured_twice_and_no_run_is_counted_twice(self, lab, inventory_of, tmp_path):
        path = inventory_of(2, autogauge_pytest_args=MEASURED)
        reports = tmp_path / "reports"
        seen = set()
        for number in (1, 2):
            done = fleet("run", path, f"--reports={reports}", "--json")
            account, machines = account_of(done)
            assert adds_up(account)
            assert account["summary"] == "2 machines: 2 measured", done.stderr
            for name, each in machines.items():
                assert each["brought_home"] == [each["run"]]
                assert each["run"] not in seen
                seen.add(each["run"])
                summary = json.loads((reports / "fleet" / done_name(account) / name / "summary.json").read_bytes())
                assert each["verdicts"] == Counter(verdict["verdict"] for verdict in summary["verdicts"])
                assert each["verdicts"]
                assert len(store.runs(reports / "history" / name)) == number
            assert json.loads((reports / "fleet" / f"{done_name(account)}.json").read_bytes())["finished"]
            for each in lab.machines[:2]:
                folder = Path(each.variables["autogauge_folder"])
                assert len([*folder.glob("sessions/*/output")]) == number
                assert not [*folder.rglob("results.tar")], "what came home is not kept twice"
                at_home, there = (reports / "history" / each.name, folder / "reports" / "history" / each.name)
                assert contents(at_home) == contents(there), "samples and standings, too"
                run = reports / "history" / f"{machines[each.name]['run']}.json"
                assert machines[each.name]["standing"] == standing.read(run).in_words
            bad = any(each["exit_status"] for each in machines.values())
            assert done.returncode == (1 if bad else 0)
            if number == 1:
                standing.reject(store.runs(reports / "history" / "lab1")[0], "looked at it at home")
        assert (set(machines["lab1"]["gate"]), "NO BASELINE" in machines["lab2"]["gate"]) == ({"NO BASELINE"}, False)


def contents(folder):
    """The files of a machine's runs."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if kind_of(path.name)}


def done_name(account):
    return account["account"].rpartition("/")[2].removesuffix(".json")


class TestMistakes:
    @pytest.mark.parametrize("command", ["run", "check"])
    def test_there_is_no_inventory(self, tmp_path, command):
        assert "there is no inventory" in sentence_of(fleet(command, tmp_path / "lab.ini"))
        assert not [*tmp_path.iterdir()]

    def test_nothing_is_left_where_two_names_are_one_machine(self, tmp_path):
        path = tmp_path / "lab.ini"
        path.write_text("lab1 ansible_host=192.0.2.1\nlab2 ansible_host=192.0.2.1\n")
        assert "are the same machine" in sentence_of(fleet("run", path, f"--reports={tmp_path / 'reports'}"))
        assert not (tmp_path / "reports").exists()

    def test_the_reports_folder_cannot_be_made(self, inventory_of, tmp_path):
        (tmp_path / "reports").write_text("")
        assert "--reports" in sentence_of(fleet("run", inventory_of(1), f"--reports={tmp_path / 'reports'}"))

    def test_help_has_examples(self):
        for command in ("run", "check", "pack"):
            assert "Example:" in fleet(command, "--help").stdout


def test_the_playbook_by_hand_as_the_page_says(inventory_of, tmp_path):
    """`ansible-playbook` alone brings the runs to a folder that `history pull` reads."""
    path = inventory_of(1, autogauge_pytest_args=MEASURED)
    home = tmp_path / "lab-results"
    environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "ansible"), "AUTOGAUGE_CACHE": str(tmp_path / "cache")}
    words = ["-i", str(path), "autogauge/lab/playbook/run.yml", "-e", f"autogauge_home={home}"]
    command = [sys.executable, "-m", "ansible", "playbook", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(store.runs(home / "history" / "lab1")) == 1
    pulled = [
        sys.executable,
        "-m",
        "autogauge",
        "history",
        "pull",
        str(home / "history"),
        f"--history={tmp_path / 'one'}",
    ]
    subprocess.run(pulled, cwd=ROOT, check=True, timeout=100)
    assert len(store.runs(tmp_path / "one" / "lab1")) == 1


def test_what_fleet_adds_is_printed(inventory_of):
    """How much it is depends on who else computes here: that it is printed and judged is what is held."""
    command = [sys.executable, "benchmarks/fleet_overhead.py", str(inventory_of()), "--rounds=1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)
    assert "fleet adds" in done.stdout, done.stdout + done.stderr
    print(done.stdout)
