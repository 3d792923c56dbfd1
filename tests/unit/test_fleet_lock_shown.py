"""Who waits for a measuring lock, and for whom: what is shown of it while a fleet measures, and when machines are only asked."""

import io

import pytest

from autogauge.cli.fleet import Progress
from autogauge.lab.fleet import accounts
from autogauge.lab.fleet.accounts import Account
from autogauge.lab.fleet.engine import Event
from autogauge.lab.fleet.inventory import Machine
from autogauge.report.console import console
from autogauge.report.fleet import check_table
from autogauge.rig import lock

COMMAND = (
    "pytest -m perf -k 'hints and CPU' --profile=standard --devices=CPU --machine=lab-02 --reports=/srv/lab-02/reports"
)
HELD = f"held by process 1645 of perf since 2026-11-26 07:00:00 UTC: {COMMAND}"


def named(name, lock_says=""):
    return Account(Machine(name, name), says={"lock": lock_says} if lock_says else {})


def look(account, last):
    accounts.follow(account, Event("again", account.machine.name, accounts.MEASURE, f"age_s=1\nlast={last}\n"))


@pytest.fixture
def waiting(tmp_path, monkeypatch):
    """The line with which a session says that it waits, by the lock itself."""
    monkeypatch.setenv("AUTOGAUGE_LOCK", str(tmp_path / "lock"))
    said = []

    class Seen(Exception):
        pass

    def say(line):
        said.append(line)
        raise Seen

    with lock.measuring(COMMAND), pytest.raises(Seen):
        lock.acquire("another", 1800, say)
    return said[0]


def test_one_that_waits_does_not_measure_and_says_for_whom(waiting):
    account = named("lab-02")
    look(account, f"  {waiting}")
    assert account.step == accounts.WAITS
    assert account.doing.startswith("process ")
    assert account.doing.endswith(f"{COMMAND}, for 1800 s more at most")
    began = account.since
    look(account, f"  {waiting}")
    assert account.since == began, "it waits since the first look"
    look(account, "first inference latency  3/7")
    assert (account.step, account.doing) == (accounts.MEASURE, "first inference latency  3/7")


def test_who_holds_a_lock_is_a_note_and_the_column_stays_narrow():
    everybody = [named("lab-01", "free"), named("lab-02", HELD), named("lab-03")]
    screen = console(width=80, file=io.StringIO())
    screen.print(check_table([each.to_json() for each in everybody]))
    lines = [line.rstrip() for line in screen.file.getvalue().splitlines()]
    assert [line.rpartition(" ")[2] for line in lines] == ["lock", "free", "held", "–"]
    assert accounts.locks_held(everybody) == [f"lab-02: its measuring lock is {HELD}"]


def test_on_a_terminal_a_machine_is_a_line_whoever_it_waits_for(waiting):
    everybody = [named("lab-01"), named("lab-02")]
    look(everybody[1], waiting)
    screen = console(width=80, file=io.StringIO())
    screen.print(Progress()._table(everybody))
    lines = screen.file.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[1].split()[:8] == f"lab-02 {accounts.WAITS} 0 s process".split()
