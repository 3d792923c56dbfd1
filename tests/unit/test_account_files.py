"""The file of a fleet run's account: there from the start, and never another run's."""

import json

from autogauge.lab.fleet.account_file import AccountFile
from autogauge.lab.fleet.accounts import Account, Outcome
from autogauge.lab.fleet.inventory import Machine


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
