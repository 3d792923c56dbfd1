"""The scripts that print a lab's targets: they can miss them, and count what was never told."""

import math
import sys
import time
from pathlib import Path

from autogauge.lab.fleet.inventory import Machine
from autogauge.rig import lock
from benchmarks import alert_noise, fleet_overhead, lock_cost
from tests.support import run_script


def test_the_cost_of_the_lock_is_printed_and_judged(tmp_path, monkeypatch, capsys):
    done = run_script("lock_cost", "--times=5", AUTOGAUGE_LOCK=str(tmp_path / "lock"))
    assert "a free lock in" in done.stdout
    assert done.returncode == (1 if "NO" in done.stdout else 0)
    taken = lock.acquire

    def slow(*words):
        time.sleep(0.0011)
        return taken(*words)

    monkeypatch.setenv(lock.VARIABLE, str(tmp_path / "lock"))
    monkeypatch.setattr(lock, "acquire", slow)
    monkeypatch.setattr(sys, "argv", ["lock_cost", "--times=3"])
    assert lock_cost.main() == 1
    assert "NO" in capsys.readouterr().out


def test_what_was_never_told_counts_and_what_was_told_before_the_step_does_not():
    at = alert_noise.STEP_AT
    alerts = [(("a",), at + 4), (("a",), at + 40), (("b",), at - 10), (("b",), at + 9), (("c",), at - 1)]
    assert alert_noise.after_the_step(alerts, 4) == [5, 10, math.inf, math.inf]


def _added(monkeypatch, took, alone):
    monkeypatch.setattr(fleet_overhead, "by_fleet", lambda *_: (took, 1.0))
    monkeypatch.setattr(fleet_overhead, "by_ssh", lambda _: alone)
    monkeypatch.setattr(fleet_overhead, "read", lambda _: type("Inventory", (), {"machines": (1, 2, 3, 4)}))
    return fleet_overhead.compare(Path("lab"), 3, Path("folder"))


def test_what_fleet_adds_is_not_divided_by_the_machines(monkeypatch, capsys):
    assert _added(monkeypatch, 5.0, 1.9) == 1
    assert "fleet adds 3.10 s (at most 3 s): NO" in capsys.readouterr().out
    assert _added(monkeypatch, 4.0, 1.9) == 0


def test_what_is_subtracted_is_timed_on_the_machine_with_the_inventorys_options():
    command = fleet_overhead.collecting(Machine("lab-01", "lab-01", {"autogauge_pytest_args": "-k 'a or b'"}))
    assert command.index("date") < command.index(" -m pytest ") < command.rindex("date")
    assert "-k 'a or b' --collect-only" in command
