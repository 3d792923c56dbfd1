"""The file of a fleet run's account: there from the start, and never another run's."""

import json

from autogauge.lab.fleet import packed
from autogauge.lab.fleet.account_file import AccountFile
from autogauge.lab.fleet.accounts import Account, Outcome
from autogauge.lab.fleet.collector import FleetRun, Wanted
from autogauge.lab.fleet.inventory import Inventory, Machine


def test_an_account_is_there_from_the_start_and_is_no_other_runs(tmp_path):
    said = {"inventory": "lab.ini", "limit": "lab-01", "pytest_args": []}
    files = [AccountFile([Account(Machine("lab-01", "lab-01"))], said, "-slurm") for _ in range(3)]
    for each in files:
        each.started = files[0].started
        each.begin(tmp_path)
    assert len({each.path for each in files}) == 3
    assert [json.loads(each.path.read_bytes())["finished"] for each in files] == [None] * 3
    files[1].everybody[0].end(Outcome.SILENT, "why")
    files[1].write(is_done=True)
    done = json.loads(files[1].path.read_bytes())
    assert done["finished"]
    assert (done["limit"], done["summary"]) == ("lab-01", "1 machine: 1 silent")
    assert json.loads(files[0].path.read_bytes())["summary"] == "1 machine: 1 not started"


def test_a_run_that_is_stopped_is_so_in_its_account_too_with_every_note(tmp_path, monkeypatch):
    machine = Machine("lab-01", "lab-01")
    run = FleetRun(Wanted(Inventory(tmp_path / "lab.ini", (machine,)), None, tmp_path), lambda *_: None)

    def interrupted(told):
        raise KeyboardInterrupt("SIGTERM")

    monkeypatch.setattr(run, "_prepared", dict)
    monkeypatch.setattr(run, "_follow", interrupted)
    monkeypatch.setattr(packed, "unknown_to_git", lambda: ["new.py"])
    run.go()
    said = json.loads(run.path.read_bytes())
    assert said["stopped"] == run.to_json()["stopped"] == "interrupted by SIGTERM"
    assert said["machines"][0]["sentence"] == "interrupted by SIGTERM"
    assert said["notes"] == run.notes
    assert ["new.py" in each for each in run.notes] == [True]
