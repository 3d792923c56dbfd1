"""What comes from a machine is taken as far as it is its own: other machines' runs stay there, which is a remark and no fault."""

import io
import json
import shutil
import tarfile
from collections import Counter

import pytest

from autogauge.history import standing, store
from autogauge.history.standing_file import BY_THE_GATE, Standing
from autogauge.lab.fleet import accounts, results
from autogauge.lab.fleet.accounts import Account
from autogauge.lab.fleet.inventory import Machine
from autogauge.report.console import console
from autogauge.report.fleet import check_table, run_table, said
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


@pytest.fixture
def measured(tmp_path):
    """``measured("lab-01", "pending", "why")``: the account of a machine whose new run has that standing at home."""

    def made(name, stands="", why="", keys=None):
        machine, history = Machine(name, name), tmp_path / "history"
        (history / name).mkdir(parents=True)
        path = shutil.copy(ROOT / "tests" / "data" / "run.json", history / name / "0001_x.json")
        if stands:
            of_some = {key: Standing(stands) for key in keys or ()}
            others = Standing.ACCEPTED if keys else Standing(stands)
            standing.write(path, others, why, BY_THE_GATE, benchmarks=of_some)
        account = Account(machine, status="0", says={"openvino": ""})
        (tmp_path / "summary.json").write_text(
            f'{{"openvino": "2026.4.1-22982-e21", "verdicts": [{{}}], "history_file": "x/{name}/0001_x.json"}}'
        )
        results.read_summary(account, tmp_path / "summary.json")
        results.read_standings(account, history)
        accounts.judge(account)
        return account

    return made


def shown(everybody):
    screen = console(width=200, file=io.StringIO())
    screen.print(run_table([each.to_json() for each in everybody]))
    return screen.file.getvalue()


def test_what_a_run_may_be_used_for_is_in_the_account_the_table_and_the_notes(measured, tmp_path):
    everybody = [
        measured("lab-01"),
        measured("lab-02", "pending", "the machine was busy"),
        measured("lab-03", "pending", "the machine was busy"),
        measured("lab-04", "quarantined", "two fail", ["a", "b"]),
    ]
    found = [(each.to_json()["standing"], each.to_json()["standing_why"]) for each in everybody]
    busy = ("pending", "the machine was busy")
    assert found == [("accepted", None), busy, busy, ("quarantined (2 benchmarks)", "two fail")]
    lines = shown(everybody).splitlines()
    assert [line.split("2026.4.1")[1].rstrip().split(maxsplit=1) for line in lines[1:]] == [
        *(["0001", word] for word in ("accepted", "pending", "pending", "quarantined (2 benchmarks)")),
    ]
    history = tmp_path / "my history"
    assert accounts.set_aside(everybody, history) == [
        "lab-02/1, lab-03/1: pending (the machine was busy), no later run is judged against them; if it is as it should be: "
        f"python -m autogauge accept '{history}/lab-02/0001_x.json', and so on",
        "lab-04/1: quarantined in 2 benchmarks (two fail), no later run is judged against that; if it is as it should be: "
        f"python -m autogauge accept '{history}/lab-04/0001_x.json'",
    ]


def test_a_standing_that_says_nothing_is_told_as_not_known(measured, tmp_path):
    account = measured("lab-01")
    (tmp_path / "history" / "lab-01" / "0001_x.standing").write_text("{}")
    results.read_standings(account, tmp_path / "history")
    assert account.to_json()["standing"] == "not known"
    assert "does not say whether its run is accepted" in accounts.set_aside([account], tmp_path)[0]


def test_the_release_is_the_one_that_was_measured(measured):
    account = measured("lab-01")
    assert account.to_json()["openvino"] == "2026.4.1", "it had none when it was looked at first"
    account.says["openvino"] = "2025.1.0"
    assert account.to_json()["openvino"] == "2026.4.1"
    assert Account(LAB1, says={"openvino": "2025.1.0"}).to_json()["openvino"] == "2025.1.0"


def came_with(tmp_path, content=RUN, name="0001_x.json"):
    came = tmp_path / "came"
    (came / "history" / "lab1").mkdir(parents=True, exist_ok=True)
    (came / "history" / "lab1" / name).write_bytes(content)
    return came


def test_what_was_at_home_before_is_not_brought_home_again(tmp_path):
    came = came_with(tmp_path)
    for name, brought in (("", ["lab1/0001_x"]), ("", []), ("0002_y.json", ["lab1/0002_y"])):
        if name:
            came_with(tmp_path, RUN.replace(b"2026", b"2025", 1), name)
        account = Account(LAB1)
        results.bring_home(account, came, tmp_path / "history")
        assert (account.brought, account.notes) == (brought, [])


def test_what_is_not_home_is_a_note_and_a_machine_with_a_note_is_not_good(tmp_path):
    account = Account(LAB1, status="0", verdicts=Counter(PASS=1))
    accounts.judge(account)
    assert account.is_good
    results.bring_home(account, came_with(tmp_path, b"{"), tmp_path / "history")
    assert [note.startswith("not all is home: ") for note in account.notes] == [True]
    assert not account.is_good


def test_the_first_outcome_that_is_known_stays():
    account = Account(LAB1)
    account.end(accounts.Outcome.SILENT, "it is stuck")
    account.end(accounts.Outcome.MEASURED)
    assert (account.outcome, account.sentence) == (accounts.Outcome.SILENT, "it is stuck")


@each_of("status", ["0", "1"])
def test_a_session_that_measured_nothing_has_not_measured(status):
    account = Account(LAB1, status=status)
    accounts.judge(account)
    assert account.outcome is accounts.Outcome.FAILED


def test_of_several_sessions_verdicts_are_added_and_the_last_run_of_its_own_counts(tmp_path):
    history = tmp_path / "history"
    for folder in ("lab1", "lab2"):
        (history / folder).mkdir(parents=True)
        (history / folder / "0001_x.json").write_bytes(RUN)

    def summary(number, **fields):
        path = tmp_path / f"{number}.json"
        gate = {"mode": "fail", "judgements": [{"verdict": "FAIL"}]}
        path.write_text(json.dumps({"verdicts": [{"verdict": "PASS"}], "gate": gate, **fields}))
        return path

    account = Account(LAB1)
    summaries = [
        summary(1, history_file="x/lab1/0001_x.json"),
        summary(2, history_file="x/lab1/0002_y.json"),
        summary(3, history_file="x/lab2/0001_x.json"),
        summary(4, history_file="x/lab1/0003_z.json", interrupted=True),
    ]
    results.read_summaries(account, summaries, history)
    assert account.gate_mode == "fail"
    assert (account.verdicts, account.gate, account.run) == ({"PASS": 4}, {"FAIL": 4}, "lab1/0001_x")
    assert account.notes == ["its run lab1/0002_y is not at home", "its run lab2/0001_x is not at home"]


def test_machines_that_are_one_computer_wait_for_each_other_where_they_have_one_lock():
    def said(*locks):
        everybody = [
            Account(Machine(f"lab{number}", f"lab{number}", {"autogauge_lock": lock}), says={"computer": "x"})
            for number, lock in enumerate(locks)
        ]
        return accounts.same_computer(everybody)

    assert said("/a") == []
    assert said("/a", "/a") == ["lab0 and lab1 are one computer: they measure one after another"]
    assert said("/a", "/b")[0].endswith("with locks of their own they measure beside each other")


def test_the_last_line_says_why_a_machine_that_measured_is_not_good():
    def measured(name, status="1", gate=(), verdicts=(), notes=(), gate_mode="fail"):
        return Account(
            Machine(name, name),
            accounts.Outcome.MEASURED,
            status=status,
            gate=Counter(dict(gate)),
            gate_mode=gate_mode,
            verdicts=Counter(dict(verdicts)),
            notes=[*notes],
        )

    fails, good = {"PASS": 12, "FAIL": 2}, measured("lab-00", "0", {"PASS": 3})
    assert accounts.in_a_line([good]) == "1 machine: 1 measured"
    assert accounts.in_a_line([measured("lab-01", gate=fails)]) == "1 machine: 1 measured (of lab-01: gate 2 FAIL)"
    unreachable = Account(Machine("lab-09", "lab-09"), accounts.Outcome.UNREACHABLE)
    everybody = [
        good,
        measured("a", gate=fails, verdicts={"FAIL": 1}),
        measured("b", gate={"PASS": 1, "INCONCLUSIVE": 3}),
        measured("c"),
        measured("d", "0", notes=["not all is home: x"]),
        unreachable,
    ]
    assert accounts.in_a_line(everybody) == (
        "6 machines: 5 measured (of a: gate 2 FAIL, verdicts 1 FAIL; of b: its pytest ended with exit status 1, gate 3 INCONCLUSIVE; "
        "of c: its pytest ended with exit status 1; of d: see what is said of it above), 1 unreachable"
    )
    inconclusive = measured("e", gate={"PASS": 1, "NEW": 2}, verdicts={"PASS": 3, "INCONCLUSIVE": 1})
    warned = measured("f", gate=fails, gate_mode="warn")
    only_warned = measured("g", "0", gate=fails, gate_mode="warn", notes=["not all is home: x"])
    assert accounts.in_a_line([inconclusive, warned, only_warned]) == (
        "3 machines: 3 measured (of e: its pytest ended with exit status 1, gate 2 NEW, verdicts 1 INCONCLUSIVE; "
        "of f: its pytest ended with exit status 1, gate 2 FAIL; of g: see what is said of it above)"
    ), "a gate that only warns fails no test, and whether the others did is not known"
    many = [measured(f"lab-{number:02}", gate=fails) for number in range(9)]
    assert accounts.in_a_line(many).endswith("of lab-04: gate 2 FAIL and 4 more)")


@each_of("width", [80, 130])
def test_in_a_log_of_80_columns_no_word_of_the_tables_is_broken(width):
    sentence = "/srv/venv/bin/python has no openvino: /srv/venv/bin/python -m pip install -r requirements.txt there"
    counts = Counter({"PASS": 9, "INCONCLUSIVE": 3, "FAIL": 2})
    good = Account(Machine("lab-01", "lab-01"), accounts.Outcome.MEASURED, gate=counts, verdicts=counts)
    good.run, good.standings = "lab-01/0042_x", {"lab-01/0042_x": ("quarantined (2 benchmarks)", "")}
    bad = Account(Machine("lab-02", "lab-02"), accounts.Outcome.FAILED, sentence)
    rows = [each.to_json() for each in (good, bad)]
    screen = console(width=width, file=io.StringIO())
    for part in (run_table(rows), check_table(rows), *said(rows)):
        screen.print(part)
    lines = screen.file.getvalue().splitlines()
    words = {word for line in lines for word in line.split()}
    assert {"INCONCLUSIVE,", "FAIL", "lab-02", "failed", "quarantined", "0042"} <= words, lines
    assert f"lab-02 failed: {sentence}" in " ".join(screen.file.getvalue().split())
    assert max(map(len, lines)) <= width
