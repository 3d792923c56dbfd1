"""In a history the folder is the machine: runs under a name of their own are kept apart everywhere, and what is there twice counts once."""

import csv
import datetime
import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.files import readable, slug
from autogauge.history import standing, store
from autogauge.history.machines import whose
from autogauge.history.standing_file import Standing
from tests.cases import each_of
from tests.histories import LATENCY, save
from tests.properties import for_all

NOW = datetime.datetime.now(datetime.timezone.utc)


def runs(folder, number, ago, slower=1.0, machine="lab-01"):
    """So many daily runs, the newest so many days ago."""
    for each in range(number):
        ratio = slower * (1 + 0.002 * (each % 5))
        when = NOW - datetime.timedelta(days=ago + number - each)
        save(folder, {LATENCY: 0.01 * ratio}, ratios={LATENCY: ratio}, machine=machine, when=when)


@pytest.fixture
def call(tmp_path):
    def call(*words, history=tmp_path / "history", status=0):
        done = CliRunner().invoke(app, [*map(str, words), f"--history={history}", f"--cache={tmp_path / 'cache'}"])
        assert done.exit_code == status, (done.output, done.exception)
        return done

    return call


@pytest.fixture
def history(tmp_path, call):
    """A lab with two machines that both call themselves lab-01: the other, sent under a name of its own, is slower by half and silent."""
    runs(tmp_path / "history" / "lab-01", 20, ago=0)
    runs(tmp_path / "other" / "lab-01", 20, ago=60, slower=1.5)
    sent = ("history", "push", tmp_path / "history", "--machine=lab-01", "--as=lab-01-b")
    said = call(*sent, history=tmp_path / "other").output
    assert "20 runs sent" in said
    assert (
        "NOTE  runs that were measured as lab-01 count for lab-01-b there: there the folder says whose a run is" in said
    )
    return tmp_path / "history"


def json_of(done):
    return json.loads(done.stdout)


def test_two_machines_of_one_name_are_listed_and_filtered_apart(history, call):
    found = json_of(call("history", "--json"))
    assert {(run["machine"], run["measured_as"]) for run in found} == {("lab-01", "lab-01"), ("lab-01-b", "lab-01")}
    chosen = json_of(call("history", "--json", "--where=machine=lab-01-b"))
    assert len(chosen) == 20
    assert "NOTE  20 runs of lab-01-b were measured as lab-01" in call("history").output


def test_they_are_two_sides_of_a_comparison(history, call):
    (found,) = json_of(call("compare", "lab-01", "lab-01-b", "--json"))["benchmarks"]
    assert found["runs"] == [20, 20]
    # Named by their folders, with another history as the root, they are no less two.
    (found,) = json_of(call("compare", history / "lab-01", history / "lab-01-b", "--json", history=history / "lab-01"))[
        "benchmarks"
    ]
    assert found["runs"] == [20, 20]
    said = call("compare", history / "lab-01", history / "lab-01-b", history=history / "lab-01").output
    assert "20 runs of lab-01-b" in said


def test_they_are_no_change_of_level_of_one_machine_and_the_silent_one_is_told(history, call):
    found = json_of(call("alert", "--dry-run", "--json", status=1))
    told = {(each["kind"], each["machine"]) for each in found["open"]}
    assert told == {("silent", "lab-01-b")}


def test_the_page_of_the_morning_has_a_row_for_each(history, call, tmp_path):
    call("report", f"--out={tmp_path / 'out'}")
    assert sorted(each.stem for each in (tmp_path / "out" / "machines").glob("*.html")) == ["lab-01", "lab-01-b"]
    assert "20 runs of lab-01-b were measured as lab-01" in (tmp_path / "out" / "index.html").read_text()


def test_they_are_exported_apart(history, call, tmp_path):
    call("history", "export", tmp_path / "m.prom")
    lines = (tmp_path / "m.prom").read_text().splitlines()
    assert sum(line.startswith("autogauge_machine_last_run_timestamp_seconds{") for line in lines) == 2
    call("history", "export", tmp_path / "m.csv")
    with (tmp_path / "m.csv").open() as stream:
        assert {row["machine"] for row in csv.DictReader(stream)} == {"lab-01", "lab-01-b"}


def test_a_part_of_them_is_sent_by_the_name_that_the_history_gives_them(history, call, tmp_path):
    said = call("history", "push", tmp_path / "third", "--new", "--where=machine=lab-01-b").output
    assert "20 runs sent" in said
    assert [each.name for each in (tmp_path / "third").iterdir() if store.runs(each)] == ["lab-01-b"]


# Whose a run is.

CASES = {
    "own": ("lab-01", "lab-01", "lab-01"),
    "emulated": ("lab-01-emulated-2-discrete", "lab-01", "lab-01"),
    "as names are written now": (slug("lab 01"), "lab 01", "lab 01"),
    "as they were written": (readable("lab 01"), "lab 01", "lab 01"),
    "renamed": ("lab-01-b", "lab-01", "lab-01-b"),
    "says nothing": ("lab-01", "", "lab-01"),
    "of pytest-benchmark": ("Linux-CPython-3.12-64bit", "box", "box"),
}


@each_of("folder, measured_as, machine", CASES.values(), ids=CASES)
def test_a_run_counts_for_its_folders_machine(folder, measured_as, machine, tmp_path):
    assert whose(tmp_path / folder, measured_as, in_history=True) == machine


def test_a_folder_whose_name_is_no_text_is_a_machine_all_the_same(tmp_path, call):
    folder = Path(os.fsdecode(os.fsencode(tmp_path / "history") + b"/lab-\xff"))
    try:
        save(folder, {LATENCY: 0.01})
    except OSError:
        pytest.skip("this file system takes no such name")
    (found,) = json_of(call("history", "--json"))
    assert found["machine"].encode().startswith(b"lab-")
    call("history", "export", tmp_path / "m.csv")
    call("history", "export", tmp_path / "m.prom")


def test_a_folder_by_itself_goes_by_what_its_runs_say_unless_that_machine_lies_beside_it(tmp_path):
    assert whose(tmp_path / "before" / "copied", "lab-01", in_history=False) == "lab-01"
    (tmp_path / "lab" / "lab-01").mkdir(parents=True)
    assert whose(tmp_path / "lab" / "copied", "lab-01", in_history=False) == "copied"


@for_all(lambda st: (st.text(min_size=1), st.sampled_from(["", "-emulated", "-emulated-2"])))
def test_the_folder_that_a_machine_is_given_is_its_own(name, more):
    """Whatever it is called."""
    assert whose(Path("/h") / f"{slug(name)}{more}", name, in_history=True) == name


# What is there twice.


@pytest.fixture
def once(tmp_path):
    runs(tmp_path / "history" / "lab-01", 20, ago=0)
    return tmp_path / "history"


def test_a_backup_of_some_of_the_runs_is_no_machine_that_is_silent(once, call, tmp_path):
    """Also where its name comes first, and where its copies stand worse."""
    (once / "a-backup").mkdir()
    for path in store.runs(once / "lab-01")[:8]:
        shutil.copy(path, once / "a-backup")
    standing.write(store.runs(once / "a-backup")[0], Standing.QUARANTINED, "slow", "gate")
    found = json_of(call("history", "--json"))
    assert {(run["machine"], run["standing"]) for run in found} == {("lab-01", "accepted")}
    assert len(found) == 20
    call("report", f"--out={tmp_path / 'out'}")
    assert not (tmp_path / "out" / "machines").exists(), "one machine is no lab"
    call("history", "export", tmp_path / "m.prom")
    assert "a-backup" not in (tmp_path / "m.prom").read_text()


def test_a_prune_goes_by_the_folder_too(tmp_path, call):
    runs(tmp_path / "history" / "lab-01-b", 3, ago=0)
    found = json_of(call("history", "prune", "--keep-last=1", "--json"))["runs"]
    assert {run["machine"] for run in found} == {"lab-01-b"}


def test_a_name_of_two_lines_is_one_in_a_list(tmp_path, call):
    runs(tmp_path / "history" / "new\nline", 1, ago=0)
    assert "new line" in call("history").output


def test_a_backup_beside_the_machines_is_no_second_machine(once, call):
    shutil.copytree(once / "lab-01", once / "lab-01-old")
    done = call("history", "--json")
    assert len(json_of(done)) == 20
    assert {run["machine"] for run in json_of(done)} == {"lab-01"}
    first = store.runs(once / "lab-01")[0]
    said = f"20 runs are there twice and count once: {first} is the same run as {once / 'lab-01-old' / first.name}"
    assert done.stderr.count(said) == 1
    (found,) = json_of(call("compare", once, once, "--json"))["benchmarks"]
    assert found["runs"] == [20, 20]
    assert call("compare", once, once).stderr.count(said) == 1, "once, not once a side"
    assert json_of(call("alert", "--dry-run", "--json"))["open"] == []
    # Who asks for it has it.
    assert len(json_of(call("history", "--json", "--where=machine=lab-01-old"))) == 20
    (found,) = json_of(call("compare", "lab-01", "lab-01-old", "--json"))["benchmarks"]
    assert found["runs"] == [20, 20]


def test_a_machine_sent_under_two_names_counts_once_and_the_push_says_so(once, call, tmp_path):
    there = tmp_path / "there"
    call("history", "push", there, "--new")
    said = call("history", "push", there, "--machine=lab-01", "--as=lab-01-b").output
    assert "NOTE  20 runs of lab-01-b there are called as runs of lab-01: what is the same run counts once" in said
    assert len(json_of(call("history", "--json", history=there))) == 20


def test_copies_under_new_numbers_count_once_with_the_worst_standing(once, call):
    for number, path in enumerate(store.runs(once / "lab-01")[:5], 101):
        shutil.copy(path, path.with_name(f"{number:04d}{path.name[4:]}"))
    standing.write(store.runs(once / "lab-01")[-1], Standing.QUARANTINED, "slow", "gate")
    found = json_of(call("history", "--json"))
    assert len(found) == 20
    assert [run["number"] for run in found if run["standing"] == "quarantined"] == [105]
    call("history", "export", once.parent / "m.csv")
    with (once.parent / "m.csv").open() as stream:
        assert len([*csv.DictReader(stream)]) == 20


def test_a_link_to_a_machines_folder_is_no_second_machine(once, call, tmp_path):
    (once / "a-link").symlink_to("lab-01")
    done = call("history", "--json")
    assert len(json_of(done)) == 20
    assert done.stderr.count(f"left out: {once / 'a-link'} is a link to {once / 'lab-01'}") == 1
    assert len(json_of(call("history", "prune", "--keep-last=1", "--json"))["runs"]) == 20
    assert "20 runs sent" in call("history", "push", tmp_path / "there", "--new").output
    assert not (tmp_path / "there" / "a-link").exists()


def test_a_link_to_a_folder_elsewhere_is_a_machine(once, call, tmp_path):
    runs(tmp_path / "disk" / "x", 3, ago=0, machine="lab-02")
    (once / "lab-02").symlink_to(tmp_path / "disk" / "x")
    assert {run["machine"] for run in json_of(call("history", "--json"))} == {"lab-01", "lab-02"}


def test_runs_of_one_moment_with_other_figures_are_two(tmp_path, call):
    for seconds in (0.01, 0.011):
        save(tmp_path / "history" / "lab-01", {LATENCY: seconds})
    assert len(json_of(call("history", "--json"))) == 2


def test_runs_of_two_machines_are_two_whatever_their_fingerprints_say(tmp_path, call):
    for machine in ("lab-01", "lab-02"):
        save(tmp_path / "history" / machine, {LATENCY: 0.01}, machine=machine)
    assert len(json_of(call("history", "--json"))) == 2


def test_the_page_of_one_run_names_the_machine_as_all_history_does(tmp_path):
    """Brought home as --as=lab-07, by whatever name it was measured."""
    path = save(tmp_path / "history" / "lab-07", {LATENCY: 0.01}, machine="localhost")
    words = ["report", str(path), f"--history={tmp_path / 'history'}"]
    out = tmp_path / "out"
    done = CliRunner().invoke(app, [*words, f"--out={out}"], catch_exceptions=False)
    assert "on lab-07" in done.output
    assert "measured as localhost: the folder says whose a run is" in done.output
    page = (out / "index.html").read_text()
    assert "AUTO on lab-07" in page
    assert "AUTO on localhost" not in page
    notes = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)["notes"]
    assert any(each.startswith("measured as localhost") for each in notes)
    assert "## AUTO on lab-07" in CliRunner().invoke(app, [*words, "--markdown"]).stdout
    own = save(tmp_path / "history" / "lab-01", {LATENCY: 0.01})
    assert "measured as" not in CliRunner().invoke(app, ["report", str(own), words[2]]).output
