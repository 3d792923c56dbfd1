"""What comes from a machine is taken as far as it is its own: other machines' runs stay there, which is a remark and no fault."""

import io
import shutil
import tarfile

import pytest

from autogauge.history import store
from autogauge.lab.fleet import accounts, results
from autogauge.lab.fleet.accounts import Account
from autogauge.lab.fleet.inventory import Machine
from tests.cases import each_of
from tests.support import ROOT

LAB1 = Machine("lab1", "lab1")
RUN = (ROOT / "tests" / "data" / "run.json").read_bytes()
OWN = ("lab1", "lab1-emulated", "lab1-emulated-gpu")
OTHERS = ("lab", "lab10", "lab1-b", "lab2", "Lab1")


@each_of(("folder", "is_own"), [*((each, True) for each in OWN), *((each, False) for each in OTHERS)])
def test_a_folder_is_a_machines_by_its_whole_name(folder, is_own):
    assert results.is_of(folder, LAB1) is is_own


@pytest.fixture
def pack(tmp_path):
    """What a machine packs on which others' runs lie too, with some that nobody asked for."""
    path = tmp_path / "lab1.tar"
    with tarfile.open(path, "w") as archive:

        def add(name, content=RUN, kind=tarfile.REGTYPE):
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(content), kind, "/etc/passwd"
            archive.addfile(member, io.BytesIO(content))

        for folder in (*OWN, *OTHERS):
            add(f"history/{folder}/0001_x.json")
        add("history/lab1/0002_y.json", b"", tarfile.SYMTYPE)
        add("history/lab1/../lab2/0003_z.json")
        add("history/../../0004_z.json")
        add("sessions/lab1/status", b"0\n")
        add("sessions/lab1/summary.json", b'{"verdicts": [{"verdict": "PASS"}], "history_file": "x/lab1/0001_x.json"}')
        add("sessions/lab2/output", b"not its own")
    return path


def test_other_machines_runs_stay_there_and_that_is_a_remark(pack, tmp_path):
    account, came, history = Account(LAB1), tmp_path / "in" / "came", tmp_path / "history"
    results.unpack(pack, account, came)
    taken = sorted(str(path.relative_to(came)) for path in came.rglob("*") if path.is_file())
    assert taken == sorted([*(f"history/{each}/0001_x.json" for each in OWN), "status", "summary.json"])
    assert [each for each in tmp_path.rglob("000*") if came not in each.parents] == []
    results.read(account, came)
    results.bring_home(account, came, history)
    accounts.judge(account)
    assert account.notes == []
    assert account.remarks == [
        "runs of Lab1, lab, lab1-b, lab10, lab2 lie on it too, and stay there: they are not called lab1"
    ]
    assert account.is_good, "it is so in each run, and nobody's mistake"
    assert account.to_json()["notes"] == account.remarks


def test_of_what_a_job_pushed_only_its_own_is_merged(tmp_path):
    came, history = tmp_path / "jobs", tmp_path / "history"
    for folder in (*OWN, *OTHERS):
        (came / "history" / folder).mkdir(parents=True)
        shutil.copy(ROOT / "tests" / "data" / "run.json", came / "history" / folder / "0001_x.json")
    account = Account(LAB1)
    results.bring_home(account, came, history)
    assert sorted(each.name for each in history.iterdir() if store.runs(each)) == sorted(OWN)
    assert sorted(account.brought) == sorted(f"{each}/0001_x" for each in OWN)
