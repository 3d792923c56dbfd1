"""Two users of one machine measure by plain `pytest -m perf`, with one lock: the second waits, is told for whom, and measures after it."""

import signal
import subprocess
import tarfile

import pytest

from autogauge.lab.fleet import packed
from tests.lab.test_fleet import MEASURED
from tests.support import wait_until

pytestmark = pytest.mark.lab
STARTS_S = 200


@pytest.fixture
def suite(lab):
    """A copy of the suite that every user may read, and a lock that every user may take."""
    place = lab.folder / "suite"
    if not place.exists():
        place.mkdir()
        with tarfile.open(packed.pack(lab.folder)) as archive:
            archive.extractall(place, filter="data")
    lock = lab.folder / "measuring.lock"
    lock.touch()
    lock.chmod(0o666)
    return place, lock


def session(lab, machine, place, lock):
    """Start to measure as that machine's user; what it prints goes to the file that is returned with it."""
    output = lab.folder / f"{machine.name}.measured"
    words = f"{MEASURED} --machine={machine.name} --reports=reports-of-two -p no:cacheprovider"
    command = (
        f"export AUTOGAUGE_LOCK={lock} AUTOGAUGE_CACHE=$HOME/cache-of-two && home=$PWD && cd {place} && "
        f"{lab.python} -m pytest -m perf {words.replace('reports-of-two', '$home/reports-of-two')}"
    )
    with output.open("w") as stream:
        words = ["ssh", "-F", str(lab.ssh_config), machine.name, command]
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream), output


def test_the_second_waits_for_the_first_and_measures_after_it(lab, suite):
    place, lock = suite
    first, second = lab.machines[:2]
    if first.user == second.user:
        pytest.skip("all machines are this one user here: only root can make users")
    one, said_by_one = session(lab, first, place, lock)
    assert wait_until(lambda: f" of {first.user} since " in lock.read_text(), STARTS_S), said_by_one.read_text()
    first.send(signal.SIGSTOP)  # so that it measures still when the other one comes, however quick it is
    other, said = session(lab, second, place, lock)
    try:
        assert wait_until(lambda: "waiting for another session" in said.read_text(), STARTS_S), said.read_text()
        assert f" of {first.user}, since " in said.read_text()
        assert other.poll() is None
    finally:
        first.send(signal.SIGCONT)
    assert one.wait(300) in (0, 1), said_by_one.read_text()
    assert other.wait(300) in (0, 1), said.read_text()
    for machine in (first, second):
        saved = [*(machine.home / "reports-of-two" / "history" / machine.name).glob("0001_*.json")]
        assert len(saved) == 1, machine.name
