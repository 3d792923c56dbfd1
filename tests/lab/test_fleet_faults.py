"""Faults of a lab: machines that are killed, stopped, full, unreachable … each its own, each with its sentence, and none left out."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from autogauge.history import store
from autogauge.lab.fleet import collector, engine, inventory
from autogauge.lab.fleet.collector import FleetRun, Wanted
from tests.lab import bench
from tests.lab.test_fleet import MEASURED, ROOT, account_of, adds_up, fleet
from tests.support import is_gone, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("with_ansible")]
QUICK = {"autogauge_poll_s": 2, "autogauge_answer_s": 30}
STARTS_S = 200
"""So long a machine may take to begin, on a computer that others use too."""


@pytest.fixture
def imitated(lab):
    """``imitated("sleep 600")``: an interpreter that does this where pytest is asked for, so that a fault comes at a known moment."""

    def made(instead, name="imitated"):
        path = lab.folder / name
        path.write_text(f'#!/bin/sh\ncase " $* " in *" -m pytest "*) {instead};; esac\nexec {lab.python} "$@"\n')
        path.chmod(0o755)
        return str(path)

    return made


@pytest.fixture
def quick(lab):
    """Variables for a lab whose pytest is imitated: a checkout in name only, which need not be copied."""
    place = lab.folder / "project"
    place.mkdir(exist_ok=True)
    (place / "conftest.py").touch()
    return {**QUICK, "autogauge_project": str(place)}


@pytest.fixture
def started(tmp_path):
    """``started(LAB, …)``: a fleet run in the background, ended with the test."""
    all_of_them = []

    def start(*words):
        all_of_them.append(Running(tmp_path, *words))
        return all_of_them[-1]

    yield start
    for each in all_of_them:
        if each.process.poll() is None:
            each.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                each.process.wait(20)
            each.process.kill()


class Running:
    """A fleet run in the background."""

    def __init__(self, folder, *words):
        self.output, self.errors = folder / "fleet.out", folder / "fleet.err"

        def handle():  # whoever runs these tests in the background ignores SIGINT, and children would inherit that
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        with self.output.open("w") as out, self.errors.open("w") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "autogauge", "fleet", "run", *map(str, words), "--json"],
                cwd=ROOT,
                stdout=out,
                stderr=err,
                stdin=subprocess.DEVNULL,
                preexec_fn=handle,  # noqa: PLW1509
            )

    def finish(self, timeout_s=240):
        """Its exit status, its account, and the machines by their names."""
        try:
            status = self.process.wait(timeout_s)
        finally:
            self.process.kill()
        assert "Traceback" not in self.errors.read_text()
        account = json.loads(self.output.read_text() or "null")
        assert account, self.errors.read_text()
        assert adds_up(account)
        return status, account, {each["machine"]: each for each in account["machines"]}


def test_four_machines_with_four_fates(lab, inventory_of, imitated, tmp_path, started):
    """One measures, one has no openvino, one cannot be reached, one loses its power in the middle: each has its own line."""
    without = lab.folder / "without"
    subprocess.run(
        ["/usr/bin/env", "python3", "-m", "venv", "--without-pip", str(without)], check=True, env={"PATH": "/usr/bin"}
    )
    path = lab.inventory(
        tmp_path / "lab.yml",
        own={
            "lab1": {"autogauge_pytest_args": MEASURED},
            "lab2": {"autogauge_python": str(without / "bin" / "python")},
            "lab4": {"autogauge_python": imitated("sleep 600")},
        },
        autogauge_poll_s=2,
    )
    lab.machines[2].close_port()
    last = lab.machines[3]
    running = started(path, f"--reports={tmp_path / 'reports'}")
    assert wait_until(lambda: last.runs("sleep 600"), STARTS_S), running.errors.read_text()
    last.down()
    status, account, machines = running.finish()
    assert status == 1
    assert account["summary"] == "4 machines: 1 measured, 1 failed, 2 unreachable"
    assert machines["lab1"]["outcome"] == "measured"
    assert len(store.runs(tmp_path / "reports" / "history" / "lab1")) == 1
    assert "has no openvino" in machines["lab2"]["sentence"]
    assert "pip install -r requirements.txt" in machines["lab2"]["sentence"]
    assert f"127.0.0.1 port {lab.machines[2].port}" in machines["lab3"]["sentence"]
    assert "nobody listens there" in machines["lab3"]["sentence"]
    assert "the connection was lost while it measured" in machines["lab4"]["sentence"]


def test_one_whose_measuring_is_killed(lab, inventory_of, imitated, tmp_path, quick, started):
    machine = lab.machines[0]
    running = started(inventory_of(1, autogauge_python=imitated("sleep 600"), **quick), f"--reports={tmp_path / 'r'}")
    assert wait_until(lambda: machine.runs("sleep 600"), STARTS_S), running.errors.read_text()
    (pid,) = Path(machine.variables["autogauge_folder"]).glob("sessions/*/pid")  # earlier tests' are in other folders
    os.killpg(int(pid.read_text()), signal.SIGKILL)
    status, _, machines = running.finish()
    assert status == 1
    assert machines["lab1"]["outcome"] == "failed"
    assert "its measuring was killed" in machines["lab1"]["sentence"]


def test_one_that_hangs_is_silent_and_holds_nobody_up(lab, inventory_of, imitated, tmp_path, quick, started):
    machine = lab.machines[1]
    own = {
        "lab1": {"autogauge_python": imitated("exit 5", "ends")},
        "lab2": {"autogauge_python": imitated("sleep 600")},
    }
    path = lab.inventory(tmp_path / "lab.yml", lab.machines[:2], own=own, **{**quick, "autogauge_answer_s": 8})
    running = started(path, f"--reports={tmp_path / 'r'}")
    assert wait_until(lambda: machine.runs("sleep 600"), STARTS_S), running.errors.read_text()
    machine.stop()
    status, account, machines = running.finish()
    assert status == 1
    assert "no test was chosen" in machines["lab1"]["sentence"]
    assert machines["lab2"]["outcome"] in ("silent", "unreachable"), account
    assert machines["lab2"]["sentence"]


def test_a_pytest_that_says_nothing_more_is_ended_there(lab, inventory_of, imitated, tmp_path, quick):
    machine = lab.machines[0]
    path = inventory_of(1, autogauge_python=imitated("echo its last words; sleep 600"), autogauge_silence_s=4, **quick)
    done = fleet("run", path, f"--reports={tmp_path / 'r'}", "--json")
    _, machines = account_of(done)
    assert machines["lab1"]["outcome"] == "silent"
    assert "its last words" in machines["lab1"]["sentence"]
    assert not machine.runs("sleep 600")


def test_a_pytest_that_is_stopped_is_ended_there(lab, inventory_of, imitated, tmp_path, quick, started):
    machine = lab.machines[0]
    path = inventory_of(1, autogauge_python=imitated("echo on; exec sleep 600"), autogauge_silence_s=6, **quick)
    running = started(path, f"--reports={tmp_path / 'r'}")
    assert wait_until(lambda: machine.runs("sleep 600"), STARTS_S), running.errors.read_text()
    for each in machine.runs("sleep 600"):
        os.kill(each, signal.SIGSTOP)
    _, _, machines = running.finish()
    assert machines["lab1"]["outcome"] == "silent"
    assert not machine.runs("sleep 600")


def test_one_that_is_not_done_in_time(inventory_of, imitated, tmp_path, quick):
    path = inventory_of(1, autogauge_python=imitated("sleep 600"), autogauge_limit_s=2, **quick)
    _, machines = account_of(fleet("run", path, f"--reports={tmp_path / 'r'}", "--json"))
    assert machines["lab1"]["outcome"] == "failed"
    assert "autogauge_limit_s" in machines["lab1"]["sentence"]


def test_a_mistake_comes_home_as_its_sentence(inventory_of, tmp_path):
    path = inventory_of(2, autogauge_pytest_args="--profile=quick")
    _, machines = account_of(
        fleet("run", path, f"--reports={tmp_path / 'r'}", "--limit=lab1", "--json", "--", "--model=nonsense")
    )
    assert [*machines] == ["lab1"]
    assert machines["lab1"]["exit_status"] == 2
    assert "nonsense" in machines["lab1"]["sentence"]
    done = fleet("run", path, f"--reports={tmp_path / 'r'}", "--limit=lab1", "--", "--no-such-option")
    assert done.returncode == 1
    assert "failed: " in done.stdout
    assert "no-such-option" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 machine: 1 failed"


def test_a_run_that_measured_nothing_is_no_success(inventory_of, imitated, tmp_path, quick):
    path = inventory_of(1, autogauge_python=imitated("exit 0"), **quick)
    done = fleet("run", path, f"--reports={tmp_path / 'r'}", "--json")
    _, machines = account_of(done)
    assert done.returncode == 1
    assert "measured nothing" in machines["lab1"]["sentence"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_what_runs_there_and_accounts_for_all(
    lab, inventory_of, imitated, tmp_path, number, quick, started
):
    path = inventory_of(2, autogauge_python=imitated("sleep 600"), **quick)
    running = started(path, f"--reports={tmp_path / 'r'}")
    machines = lab.machines[:2]
    assert wait_until(lambda: all(each.runs("sleep 600") for each in machines), STARTS_S), running.errors.read_text()
    running.process.send_signal(number)
    status, account, found = running.finish()
    assert status == 2  # as of every command that is interrupted
    assert account["summary"] == "2 machines: 2 interrupted"
    for each in found.values():
        assert number.name in each["sentence"]
        assert "ended there" in each["sentence"]
    assert not any(each.runs("sleep 600") for each in machines)


def test_what_measures_at_the_deadline_of_all_is_ended(lab, inventory_of, imitated, tmp_path, quick, monkeypatch):
    """By a clock on which the deadline has passed as soon as it measures, however long it took to begin."""
    machine, ahead_s = lab.machines[0], [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + ahead_s[0])
    for each in (collector, engine):
        monkeypatch.setattr(each, "time", clock)

    def watch(everybody, changed):
        if not ahead_s[0] and machine.runs("sleep 600"):
            ahead_s[0] = 2 * STARTS_S

    found = inventory.read(inventory_of(1, autogauge_python=imitated("sleep 600"), **quick))
    run = FleetRun(Wanted(found, None, tmp_path / "r", deadline_s=STARTS_S), watch)
    run.go()
    (account,) = run.accounts
    assert (str(account.outcome), ahead_s[0] > 0) == ("interrupted", True), account.sentence
    assert account.sentence == f"not done within {STARTS_S} s (--deadline), and ended there"
    assert not machine.runs("sleep 600")
    assert not run.is_good


def test_a_deadline_of_a_second_ends_what_has_hardly_begun(lab, inventory_of, imitated, tmp_path, quick):
    path = inventory_of(1, autogauge_python=imitated("sleep 600"), **quick)
    done = fleet("run", path, f"--reports={tmp_path / 'r'}", "--deadline=1", "--json")
    _, machines = account_of(done)
    assert done.returncode == 1  # a machine is missing: nobody interrupted it
    assert machines["lab1"]["outcome"] in ("not started", "interrupted")  # how far it came in a second is the machine's
    assert "not done within 1 s (--deadline)" in machines["lab1"]["sentence"]
    assert not lab.machines[0].runs("sleep 600")


def test_a_collector_that_is_killed_leaves_an_account_and_nothing_is_lost(
    lab, inventory_of, imitated, tmp_path, quick, started
):
    """What a machine saved meanwhile comes home with the next run, and is not taken for that one's own."""
    import psutil

    machine, reports = lab.machines[0], tmp_path / "r"
    folder = machine.variables["autogauge_folder"]
    made = f"mkdir -p {folder}/reports/history/lab1; cp {lab.folder}/run.json {folder}/reports/history/lab1/0001_x.json"
    source = next((ROOT / "tests" / "data").glob("run.json"))
    shutil.copy(source, lab.folder / "run.json")
    (lab.folder / "run.json").chmod(0o644)
    path = inventory_of(1, autogauge_python=imitated(f"sleep 4; {made}; exit 0"), **quick)
    running = started(path, f"--reports={reports}")
    assert wait_until(lambda: machine.runs("sleep 4"), STARTS_S), running.errors.read_text()
    ansible = [each.pid for each in psutil.Process(running.process.pid).children(recursive=True)]
    running.process.kill()
    running.process.wait()
    assert ansible
    assert wait_until(lambda: all(is_gone(each) for each in ansible), 30)
    account = json.loads(next((reports / "fleet").glob("*.json")).read_bytes())
    assert account["finished"] is None
    assert [each["machine"] for each in account["machines"]] == ["lab1"]
    assert wait_until(lambda: not machine.runs("sleep 4"), 60)
    path = inventory_of(1, autogauge_python=imitated("exit 5"), **quick)
    _, machines = account_of(fleet("run", path, f"--reports={reports}", "--json"))
    assert machines["lab1"]["brought_home"] == ["lab1/0001_x"]
    assert machines["lab1"]["run"] is None
    _, machines = account_of(fleet("run", path, f"--reports={reports}", "--json"))
    assert machines["lab1"]["brought_home"] == []
    assert len(store.runs(reports / "history" / "lab1")) == 1


class TestFoundBeforeAnythingStarts:
    def _found(self, path, command="check", *words):
        done = fleet(command, path, "--json", *words)
        assert done.returncode == 1, done.stdout + done.stderr
        found = json.loads(done.stdout)
        assert adds_up(found)
        return {each["machine"]: each for each in found["machines"]}

    def test_a_home_that_cannot_be_written_to(self, lab, inventory_of):
        machine = lab.machines[0]
        if os.geteuid() == 0 and machine.user == "root":
            pytest.skip("root may write anywhere")
        before = stat.S_IMODE(machine.home.stat().st_mode)
        machine.home.chmod(0o555)
        try:
            assert "cannot write to" in self._found(inventory_of(2))["lab1"]["sentence"]
        finally:
            machine.home.chmod(before)

    @pytest.mark.parametrize("size", ["1m", "4m"])  # full while the project is copied, and while it is unpacked
    def test_a_disk_that_is_full(self, lab, inventory_of, tmp_path, size):
        machine = lab.machines[0]
        place = machine.home / "small"
        place.mkdir(exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", str(place)],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
        try:
            machine.variables["autogauge_folder"] = str(place / "lab")
            assert "are free in" in self._found(inventory_of(1))["lab1"]["sentence"]
            path = inventory_of(1, autogauge_least_free_mib=0)
            found = self._found(path, "run", f"--reports={tmp_path / 'r'}")["lab1"]
            assert "space" in found["sentence"], found
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)

    @pytest.mark.parametrize("off_s", [86400, -86400])
    def test_a_clock_that_is_wrong_by_a_day(self, lab, inventory_of, tmp_path, off_s):
        folder = lab.folder / "wrong"
        folder.mkdir(exist_ok=True)
        date = folder / "date"
        date.write_text(
            f'#!/bin/sh\nif [ "$*" = +%s ]; then echo $(($(/bin/date +%s) + {off_s})); else exec /bin/date "$@"; fi\n'
        )
        date.chmod(0o755)
        bench.with_environment(lab.machines[0], PATH=f"{folder}:/usr/local/bin:/usr/bin:/bin")
        try:
            found = self._found(inventory_of(1))["lab1"]
            assert abs(found["clock_off_s"] - off_s) < 60
            assert "its clock is" in found["sentence"]
            found = self._found(inventory_of(1), "run", f"--reports={tmp_path / 'r'}")["lab1"]
            assert "its clock is" in found["sentence"]
            assert wait_until(lambda: not lab.machines[0].processes(), 30), "sshd hears of the end of its sessions"
        finally:
            bench.with_environment(lab.machines[0])

    def test_no_python_there(self, inventory_of):
        assert "does not start there" in self._found(inventory_of(1, autogauge_python="/no/python"))["lab1"]["sentence"]

    def test_no_ssh_key(self, inventory_of, tmp_path):
        key = tmp_path / "no-key"
        path = inventory_of(1, ansible_ssh_private_key_file=str(key))
        for words in ((), ("run", f"--reports={tmp_path / 'r'}")):
            found = self._found(path, *words)["lab1"]
            assert found["outcome"] == "unreachable"
            assert f"its key, {key}, is not there, and it lets" in found["sentence"]

    def test_a_key_that_is_not_known_there(self, inventory_of, tmp_path):
        key = bench._key(tmp_path / "other", mode=0o600)
        found = self._found(inventory_of(1, ansible_ssh_private_key_file=str(key)))["lab1"]
        assert "ssh-copy-id" in found["sentence"]

    def test_a_host_that_is_not_known_here(self, lab, inventory_of, tmp_path):
        (tmp_path / "nobody").write_text("")
        path = inventory_of(
            1,
            ansible_ssh_common_args=f"-F none -o UserKnownHostsFile={tmp_path / 'nobody'} -o StrictHostKeyChecking=yes",
        )
        machine = lab.machines[0]
        said = self._found(path)["lab1"]["sentence"]
        assert "its host key is not known here yet" in said
        assert f"ssh -p {machine.port} {machine.user}@127.0.0.1" in said

    def test_one_that_hangs_from_the_beginning(self, lab, inventory_of):
        lab.machines[0].stop()
        found = self._found(inventory_of(2, ansible_timeout=3, autogauge_answer_s=8))
        assert found["lab1"]["outcome"] in ("unreachable", "silent")
        assert found["lab2"]["outcome"] == "ready"


def test_another_release_is_measured_and_said(lab, inventory_of, tmp_path):
    other = os.environ.get("AUTOGAUGE_TEST_OTHER_PYTHON")
    if not other:
        pytest.skip("no interpreter with another OpenVINO release is named (AUTOGAUGE_TEST_OTHER_PYTHON=PATH)")
    python = bench.interpreter_like(other, lab.folder / "other", lab.machines[1].user)
    path = lab.inventory(
        tmp_path / "lab.yml",
        lab.machines[:2],
        own={"lab2": {"autogauge_python": python}},
        autogauge_pytest_args=MEASURED,
    )
    done = fleet("run", path, f"--reports={tmp_path / 'r'}", "--json")
    account, machines = account_of(done)
    assert account["summary"] == "2 machines: 2 measured", done.stderr
    assert machines["lab1"]["openvino"] != machines["lab2"]["openvino"]
    assert machines["lab2"]["openvino"] in machines["lab2"]["run"]


def test_two_collectors_at_once(inventory_of, imitated, tmp_path, quick):
    """Each has an account of its own, and neither takes the other's session for its own."""
    path = inventory_of(1, autogauge_python=imitated("sleep 3; exit 5"), **quick)
    found = []
    both = [
        threading.Thread(
            target=lambda: found.append(account_of(fleet("run", path, f"--reports={tmp_path / 'r'}", "--json"))[0])
        )
        for _ in range(2)
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len({each["session"] for each in found}) == len({each["account"] for each in found}) == 2
    assert all("no test was chosen" in each["machines"][0]["sentence"] for each in found)


def test_nothing_of_ansible_is_left(lab, inventory_of, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    shutil.rmtree(lab.machines[0].home / ".ansible", ignore_errors=True)  # of a test that used Ansible itself
    fleet("check", inventory_of(1), HOME=str(home))
    assert not [*home.iterdir()]
    assert not (lab.machines[0].home / ".ansible").exists()


class TestUnfit:
    @pytest.fixture
    def unfit(self, lab):
        said = "echo 'autogauge: this machine is not fit to measure: governor.' >&2; exit 1"
        return self._with_doctor(lab, said)

    def _with_doctor(self, lab, does):
        path = lab.folder / "its-python"
        path.write_text(f'#!/bin/sh\ncase " $* " in *" doctor "*) {does};; esac\nexec {lab.python} "$@"\n')
        path.chmod(0o755)
        return str(path)

    @pytest.mark.parametrize("command", ["check", "run"])
    def test_an_unfit_machine_is_told_and_does_not_measure(self, inventory_of, tmp_path, quick, unfit, command):
        words = [f"--reports={tmp_path / 'r'}"] if command == "run" else []
        done = fleet(command, inventory_of(1, autogauge_python=unfit, **quick), "--strict", "--json", *words)
        each = json.loads(done.stdout)["machines"][0]
        assert each["outcome"] == "failed", done.stderr
        assert each["sentence"] == "doctor --strict: this machine is not fit to measure: governor"

    def test_without_the_option_it_is_not_asked(self, inventory_of, quick, unfit):
        assert fleet("check", inventory_of(1, autogauge_python=unfit, **quick)).returncode == 0

    def test_one_that_is_fit_is_ready(self, lab, inventory_of, quick):
        python = self._with_doctor(lab, 'echo "DOCTOR=$IT"; [ "$IT" = "a b" ]; exit')
        path = inventory_of(1, autogauge_python=python, autogauge_environment={"IT": "a b"}, **quick)
        done = fleet("check", path, "--strict")
        assert done.stdout.splitlines()[-1] == "1 machine: 1 ready", done.stdout + done.stderr
