"""Pruning removes what the rule says, never what the gate judges against, and leaves no half of a run behind, whatever ends it."""

import contextlib
import datetime
import json
import multiprocessing
import os
import signal
import sqlite3
import tempfile
from pathlib import Path

import filelock
import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.files import write_bytes
from autogauge.history import baseline, index, pruned, pruning, records, run_file, standing, store
from autogauge.history.pruning import Rule
from autogauge.history.standing_file import Continues, Standing
from tests.histories import BEGAN, LATENCY, PER_FRAME, document, save
from tests.properties import for_all

NOW = datetime.datetime.now(datetime.timezone.utc)
AGO = (NOW - BEGAN) / datetime.timedelta(days=1)
"""Days from the first of the made-up runs until now."""
OLD, OTHER = "f" * 16, "a" * 16


def add(folder, *ages, **others):
    """A run for each of these ages in days; the last one's path."""
    return [
        save(folder, {LATENCY: 0.01 + 1e-5 * age, PER_FRAME: 0.02}, days=AGO - age, machine=folder.name, **others)
        for age in ages
    ][-1]


def prune(history, *words):
    done = CliRunner().invoke(
        app, ["history", "prune", *words, f"--history={history}", f"--cache={history.parent / 'cache'}"]
    )
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return " ".join(done.output.split())


def there(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def numbers(folder):
    return [store.number_of(path) for path in store.runs(folder)]


@pytest.fixture
def history(tmp_path):
    """40 accepted runs of a machine, a day apart, then five quarantined ones."""
    add(tmp_path / "history" / "lab-01", *range(60, 20, -1))
    add(tmp_path / "history" / "lab-01", *range(20, 15, -1), standing=Standing.QUARANTINED)
    return tmp_path / "history"


def judged_against(folder, fingerprint=OLD):
    """Everything that the gate takes from history for the next run of that fingerprint."""
    found = baseline.find(folder, fingerprint, last=baseline.LAST)
    return {
        key: (
            [[each.median_s for each in some] for some in found.of(key)],
            [run.path.name for run in found.runs_of(key)],
            [run.path.name for run in found.first_of(key)],
            [(each.run.path.name, each.better) for each in found.pending.get(key, ())],
        )
        for key in (LATENCY, PER_FRAME)
    }


def test_nothing_is_removed_without_yes(history):
    before = there(history / "lab-01")
    said = prune(history, "--keep-last=10")
    assert "17 of 45 runs would be removed" in said
    assert "NOTE 18 more are kept, whatever the rule says: 15 judged against, 3 the first of a level" in said
    assert "Nothing was removed: with --yes it is." in said
    assert there(history / "lab-01") == before
    assert pruned.listed(history / "lab-01") == ()


def test_what_is_judged_against_stays_and_is_the_same_afterwards(history):
    folder = history / "lab-01"
    before = judged_against(folder)
    said = prune(history, "--keep-last=10", "--yes")
    assert "17 of 45 runs removed" in said
    assert numbers(folder) == [1, 2, 3, *range(21, 46)]
    assert judged_against(folder) == before
    assert len(pruned.gone(folder)) == 17
    assert "0 of 28 runs removed" in prune(history, "--keep-last=10", "--yes")


def test_the_rules_are_together_and_quarantined_runs_have_their_own(tmp_path):
    history = tmp_path / "history"
    folder = history / "lab-01"
    add(folder, *range(40, 10, -1))  # 1 to 30
    add(folder, 9, 8, 7, standing=Standing.QUARANTINED)
    add(folder, 6)  # 34
    for words, expected in (
        (("--keep-last=2",), [*range(1, 4), *range(12, 31), 33, 34]),
        (("--keep-last=3",), [*range(1, 4), *range(12, 31), 32, 33, 34]),
        (("--keep-days=36",), [*range(1, 4), *range(6, 35)]),
        (("--keep-days=36", "--keep-last=32"), [*range(1, 35)]),
        (("--keep-quarantined-days=7.5",), [*range(1, 31), 33, 34]),
        (("--keep-quarantined-days=0", "--keep-last=25"), [*range(1, 4), *range(7, 31), 34]),
    ):
        found = json.loads(prune(history, *words, "--json"))
        kept = [run["number"] for run in found["runs"] if not run["is_removed"]]
        assert kept == expected, words
        assert found["is_dry_run"] is True


def test_a_run_with_one_quarantined_benchmark_is_no_quarantined_run(tmp_path):
    folder = tmp_path / "history" / "lab-01"
    add(folder, 30, benchmarks={LATENCY: Standing.QUARANTINED})
    add(folder, 29)
    prune(tmp_path / "history", "--keep-quarantined-days=1", "--yes")
    assert numbers(folder) == [1, 2]


def test_nor_is_one_in_which_something_waits_to_be_confirmed(tmp_path):
    folder = tmp_path / "history" / "lab-01"
    add(folder, 30, standing=Standing.PENDING, benchmarks={LATENCY: Standing.QUARANTINED})
    add(folder, 29, standing=Standing.QUARANTINED)
    add(folder, 28)
    prune(tmp_path / "history", "--keep-quarantined-days=1", "--yes")
    assert numbers(folder) == [1, 3]


def test_runs_that_begin_a_level_or_say_what_history_goes_on_from_stay(tmp_path):
    folder, older = (tmp_path / "history" / name for name in ("lab-01", "old-name"))
    add(older, *range(200, 160, -1), fingerprint=OTHER)
    level = add(folder, 150)
    standing.write(level, Standing.ACCEPTED, "meant", "user", (LATENCY,))
    mark = add(folder, 149, standing=Standing.QUARANTINED)
    standing.mark(mark, Continues(OLD, OTHER, "old-name"), "renamed")
    rejected = add(folder, 148)
    standing.write(rejected, Standing.QUARANTINED, "", "user", (), began=(PER_FRAME,))
    add(folder, *range(147, 107, -1))
    before = judged_against(folder)
    assert "1 with which a level begins" in prune(tmp_path / "history", "--keep-last=1")
    said = prune(tmp_path / "history", "--keep-last=1", "--keep-quarantined-days=0", "--yes")
    assert "that say what history goes on" in said
    assert {1, 2, 3} <= {*numbers(folder)}
    assert judged_against(folder) == before
    assert len(numbers(folder)) < 40


def test_what_another_machine_goes_on_from_stays(tmp_path):
    """A renamed machine is judged against the runs in the old folder; a rule on that folder alone knows it too."""
    folder, older = (tmp_path / "history" / name for name in ("lab-01", "old-name"))
    add(older, *range(200, 160, -1), fingerprint=OTHER)
    standing.reject(store.runs(older)[-3], "fan broken")
    copy = older / f"0099_copy_{OTHER[:8]}.json"
    copy.write_bytes(store.runs(older)[-2].read_bytes())  # it is judged against as quarantined, by the copy's standing
    standing.reject(copy, "fan broken")
    standing.mark(add(folder, 30), Continues(OLD, OTHER, "old-name"), "renamed")
    before = judged_against(folder)
    assert len(before[LATENCY][1]) == 20
    prune(older, "--keep-last=1", "--keep-quarantined-days=0", "--yes")
    assert len(numbers(older)) < 30
    assert judged_against(folder) == before


def test_what_waits_to_be_confirmed_stays(tmp_path):
    """The next run that is as good confirms it."""
    folder = tmp_path / "history" / "lab-01"
    add(folder, *range(60, 30, -1))
    better = add(folder, 29)
    standing.write(better, Standing.PENDING, "faster", "gate", (LATENCY, PER_FRAME))
    add(folder, 28, 27, standing=Standing.QUARANTINED)
    before = judged_against(folder)
    assert [name for name, _ in before[LATENCY][3]] == [better.name]
    assert "1 waiting to be confirmed" in prune(tmp_path / "history", "--keep-last=1", "--yes")
    assert judged_against(folder) == before


@pytest.mark.parametrize("is_newest", [True, False])
def test_a_copy_by_whose_standing_a_run_counts_stays(history, is_newest):
    """A run that is the newest, or that nothing holds but the rule, was accepted, and an older copy of it rejected.

    Without the copy it would count.
    """
    folder = history / "lab-01"
    kept = add(folder, 1 if is_newest else 2)
    if not is_newest:
        add(folder, 1)
    copy = folder / f"0006_copy_{OLD[:8]}.json"
    copy.write_bytes(kept.read_bytes())
    standing.reject(copy, "fan broken")
    before = judged_against(folder)
    assert kept.name not in before[LATENCY][1]
    keep = f"--keep-last={1 if is_newest else 2}"
    assert "1 copies of runs that are kept" in prune(history, keep, "--keep-quarantined-days=0", "--yes")
    assert judged_against(folder) == before


def test_runs_without_a_date_stay(tmp_path):
    """They are of no age, and nobody knows which of them are copies of one another."""
    folder = tmp_path / "history" / "lab-01"
    add(folder, *range(30, 2, -1))
    add(folder, 2, 1, standing=Standing.QUARANTINED)
    for path in store.runs(folder):
        made = json.loads(path.read_text())
        made["datetime"] = ""
        path.write_text(json.dumps(made))
    prune(tmp_path / "history", "--keep-last=1", "--keep-quarantined-days=0", "--yes")
    assert len(numbers(folder)) == 30


def test_a_number_is_never_given_twice(tmp_path):
    """The run with the highest number was dated by a wrong clock: it is not the newest, and goes."""
    folder = tmp_path / "history" / "lab-01"
    add(folder, 9, 8)
    last = add(folder, 300, standing=Standing.QUARANTINED)
    prune(tmp_path / "history", "--keep-quarantined-days=30", "--yes")
    assert numbers(folder) == [1, 2]
    assert not standing.path_of(last).exists()
    assert store.number_of(add(folder, 1)) == 4


def test_the_newest_run_of_a_machine_stays_so_that_it_does_not_vanish(tmp_path):
    folder = tmp_path / "history" / "lab-01"
    add(folder, 90, 80, 70, standing=Standing.QUARANTINED)
    assert "1 the newest of a machine" in prune(tmp_path / "history", "--keep-quarantined-days=1", "--yes")
    assert numbers(folder) == [3]


def test_what_cannot_be_read_stays(history):
    folder = history / "lab-01"
    half, newer = folder / "0004_half.json", folder / "0099_newer.json"
    half.write_text("{")
    made = document({LATENCY: 1.0}, schema=records.SCHEMA)
    made["autogauge"]["schema"] = 99
    newer.write_text(json.dumps(made))
    assert "2 cannot be read and stay" in prune(history, "--keep-last=1", "--yes")
    assert half.exists()
    assert newer.exists()


def test_filters_choose_what_may_go(history):
    add(history / "lab-02", *range(90, 60, -1))
    said = prune(history, "--keep-last=1", "--where=machine=lab-02 run=1-5", "--yes")
    assert "2 of 75 runs removed" in said
    assert numbers(history / "lab-02") == [1, 2, 3, *range(6, 31)]
    assert len(numbers(history / "lab-01")) == 45


def test_whose_runs_go_is_never_cut_short(tmp_path, monkeypatch):
    """At 80 columns lab-01-b was "lab-01…" in the one command that deletes."""
    names = ["lab-01", "lab-01-b", f"lab-{'x' * 120}-b"]
    for name in names:
        add(tmp_path / "history" / name, 90, 80, 70, standing=Standing.QUARANTINED)
    for width in ("80", "40"):
        monkeypatch.setenv("COLUMNS", width)
        done = CliRunner().invoke(app, ["history", "prune", "--keep-last=1", f"--history={tmp_path / 'history'}"])
        lines = done.output.splitlines()
        assert "…" not in done.output
        first = [
            line.split(" ")[0] for line in lines[: next(at for at, line in enumerate(lines) if " runs would " in line)]
        ]
        whole = "".join(first[next(at for at, word in enumerate(first) if word.startswith("lab-")) :])
        assert whole.startswith("".join(names)), done.output


def test_a_dry_run_may_be_asked_for_and_is_what_it_is_in_any_case(history):
    before = there(history / "lab-01")
    assert prune(history, "--keep-last=1", "--dry-run") == prune(history, "--keep-last=1")
    assert there(history / "lab-01") == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "say what is kept.*Without --yes it only says what would be removed"),
        (("--keep-last=1", "--dry-run"), "--yes removes runs and --dry-run removes none"),
        (("--keep-last=0",), "keep one run at least"),
        (("--keep-days=-1",), "-1 is no number of days"),
        (("--keep-quarantined-days=nan",), "nan is no number of days"),
        (("--keep-last=1", "--where=device=AUTO"), "a run is removed as a whole"),
        (("--keep-last=1", "--where=last=3"), "instead of last= write --keep-last"),
        (("--keep-last=1", "--where=requests=2"), "a run is removed as a whole"),
    ],
)
def test_mistakes_are_one_sentence_and_remove_nothing(history, words, says):
    before = there(history / "lab-01")
    with pytest.raises(UserError, match=says):
        prune(history, *words, "--yes")
    assert there(history / "lab-01") == before


def test_the_index_forgets_what_is_gone(history):
    folder, cache = history / "lab-01", history.parent / "cache"
    prune(history, "--keep-last=10", "--yes")
    with contextlib.closing(sqlite3.connect(index.path_of(folder, cache))) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (28,)
        assert database.execute("SELECT count(*) FROM figures").fetchone() == (56,)


def test_who_saves_is_waited_for(history, monkeypatch):
    monkeypatch.setattr(store, "LOCK_DEADLINE_S", 0.1)
    with filelock.FileLock(history / "lab-01" / ".lock"):
        with pytest.raises(UserError, match="another process has been saving"):
            prune(history, "--keep-last=10", "--yes")
        assert "would be removed" in prune(history, "--keep-last=10")  # that only looks
    assert len(numbers(history / "lab-01")) == 45


def test_a_folder_that_cannot_be_written_is_said(history):
    folder = history / "lab-01"
    (folder / ".lock").unlink()
    (folder / ".lock").mkdir()
    with pytest.raises(UserError, match="cannot remove runs from"):
        prune(history, "--keep-last=10", "--yes")
    assert len(numbers(folder)) == 45


@pytest.mark.parametrize("accepted_at", ["while it is planned", "when it is planned", "at the last moment"])
def test_a_run_that_somebody_accepts_meanwhile_stays(history, monkeypatch, accepted_at):
    """By a word that took no lock, as one through ssh does."""
    folder = history / "lab-01"
    accepted = store.runs(folder)[-3]
    with index.opened(folder, history.parent / "cache") as found:
        before, runs = pruning.states(folder), found.runs()
        if accepted_at == "while it is planned":
            held = pruning._held
            monkeypatch.setattr(pruning, "_held", lambda *rest: (held(*rest), standing.accept(accepted, "door"))[0])
        plan = pruning.plan(folder, runs, Rule(last=1, quarantined_days=0), NOW, lambda run: True, before)
    assert accepted in [run.path for run in plan.removed]
    if accepted_at == "when it is planned":
        standing.accept(accepted, "it was the door")
    if accepted_at == "at the last moment":
        write = pruned.write
        monkeypatch.setattr(
            pruned, "write", lambda *rest: (standing.accept(accepted, "it was the door"), write(*rest))[1]
        )
    done = pruning.remove(plan)
    assert [run.path for run in done.changed] == [accepted]
    assert accepted.exists()
    assert accepted.name not in pruned.gone(folder)
    assert done.runs == len(plan.removed) - 1


def test_another_standing_of_the_same_size_and_moment_is_seen(history):
    """A file system may keep time by the second, and both words may be as long: the file is another one all the same."""
    folder = history / "lab-01"
    changed = store.runs(folder)[-3]
    with index.opened(folder, history.parent / "cache") as found:
        plan = pruning.plan(
            folder, found.runs(), Rule(quarantined_days=0), NOW, lambda run: True, pruning.states(folder)
        )
    path = standing.path_of(changed)
    before = path.stat()
    write_bytes(path, path.read_bytes().replace(b"slow", b"fast"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert [run.path for run in pruning.remove(plan).changed] == [changed]
    assert changed.exists()


def test_while_runs_are_looked_at_and_removed_nobody_can_accept_one(history, monkeypatch):
    folder = history / "lab-01"
    rejected, tried = store.runs(folder)[-3], []

    def accept(*rest):
        monkeypatch.setattr(store, "LOCK_DEADLINE_S", 0.1)
        with pytest.raises(UserError, match=r"has been changing standings in .* run this again"):
            standing.accept(rejected, "it was the door")
        tried.append(rejected)
        return held(*rest)

    held = pruning._held
    monkeypatch.setattr(pruning, "_held", accept)
    prune(history, "--keep-last=1", "--keep-quarantined-days=0", "--yes")
    assert tried == [rejected]
    with pytest.raises(UserError, match="is gone: it was pruned meanwhile"):
        standing.accept(rejected, "it was the door")
    assert not standing.path_of(rejected).exists()


def test_what_was_removed_before_a_folder_that_is_held_is_said(history, monkeypatch, capsys):
    add(history / "lab-02", *range(60, 20, -1))
    monkeypatch.setattr(store, "LOCK_DEADLINE_S", 0.1)
    with filelock.FileLock(history / "lab-02" / ".lock"):
        done = CliRunner().invoke(
            app,
            [
                *("history", "prune", "--keep-last=10", "--yes", "--json"),
                *(f"--history={history}", f"--cache={history.parent / 'cache'}"),
            ],
        )
    assert "lab-02" in str(done.exception)
    assert json.loads(done.output)["removed"] == 17


def test_a_file_that_cannot_be_removed_is_said_and_nothing_is_half_gone(history, monkeypatch):
    folder, unlink = history / "lab-01", Path.unlink

    def refusing(path, missing_ok=False):
        if path.name.startswith("0012_") and path.suffix == ".json":
            raise PermissionError(13, "Permission denied")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    with pytest.raises(UserError, match="cannot remove runs from"):
        prune(history, "--keep-last=10", "--yes")
    assert {4, 11} & {*numbers(folder)} == set()
    assert {12, 13} <= {*numbers(folder)}
    assert [
        name for name in there(folder) if not name.endswith(".json") and not (folder / f"{name[:-9]}.json").exists()
    ] == []


def killed_after(history, steps):
    """Prune in a process that is killed when it has removed so many files."""
    left, unlink = [steps], Path.unlink

    def counting(path, missing_ok=False):
        if path.parent.name == "lab-01" and not path.name.startswith("."):
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
        unlink(path, missing_ok=missing_ok)

    Path.unlink = counting
    prune(history, "--keep-last=1", "--keep-quarantined-days=0", "--yes")


@pytest.mark.parametrize(
    "steps", [9, 20, *(pytest.param(steps, marks=pytest.mark.slow) for steps in (0, 1, 17, 18, 19, 21, 40, 53))]
)
def test_one_that_is_killed_leaves_no_run_without_its_standing_and_is_finished_by_the_next(tmp_path, steps):
    history = tmp_path / "history"
    folder = history / "lab-01"
    add(folder, *range(60, 23, -1))
    add(folder, *range(20, 15, -1), standing=Standing.QUARANTINED)
    for run in store.runs(folder):
        run_file.arrays_path(run).write_bytes(b"x")
    bad = {store.number_of(run) for run in store.runs(folder)[-5:]}
    before = judged_against(folder)
    process = multiprocessing.get_context("fork").Process(target=killed_after, args=(history, steps))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    for run in store.runs(folder):
        assert (standing.read(run).standing is Standing.QUARANTINED) == (store.number_of(run) in bad)
        assert run_file.arrays_path(run).exists()
    assert judged_against(folder) == before
    prune(history, "--keep-last=1", "--keep-quarantined-days=0", "--yes")
    kept = [run.stem for run in store.runs(folder)]
    assert len(kept) == 24
    assert {name.partition(".")[0] for name in there(folder)} == {*kept}
    assert judged_against(folder) == before
    assert len(pruned.gone(folder)) == 18


def test_a_run_that_was_brought_back_is_no_pruned_one(history):
    folder = history / "lab-01"
    first = store.runs(folder)[5]
    content = first.read_bytes()
    prune(history, "--keep-last=10", "--yes")
    assert first.name in pruned.gone(folder)
    first.write_bytes(content)
    assert first.name not in pruned.gone(folder)
    prune(history, "--keep-days=300", "--yes")
    assert first.exists()
    assert first.name not in pruned.listed(folder)


def test_what_was_pruned_does_not_come_back_from_a_machine_that_has_it_still(history, tmp_path):
    """A lab prunes where its history comes together; every night its machines push what is missing there."""
    central = tmp_path / "central"
    words = (f"--history={history}", f"--cache={tmp_path / 'cache'}")
    push = ["history", "push", str(central), "--new", *words]
    assert "45 runs sent" in CliRunner().invoke(app, push).output
    prune(central, "--keep-last=10", "--yes")
    add(history / "lab-01", 1)
    done = CliRunner().invoke(app, push)
    assert (done.exit_code, done.exception) == (0, None)
    assert "1 run sent, 28 there already, 17 pruned there" in " ".join(done.output.split())
    assert numbers(central / "lab-01") == [1, 2, 3, *range(21, 47)]
    name = pruned.gone(central / "lab-01")[0]
    pruned.write(central / "lab-01", pruned.gone(central / "lab-01")[1:])
    assert "1 run sent, 29 there already, 16 pruned there" in " ".join(CliRunner().invoke(app, push).output.split())
    assert (central / "lab-01" / name).exists()


STANDS = (Standing.ACCEPTED, Standing.QUARANTINED, Standing.PENDING)


def histories_rules_and_an_end(st):
    run = st.tuples(
        st.sampled_from([OLD, OTHER]),
        st.sampled_from([Standing.ACCEPTED, *STANDS]),
        st.dictionaries(st.sampled_from([LATENCY, PER_FRAME]), st.sampled_from(STANDS), max_size=1),
        st.sets(st.sampled_from([LATENCY, PER_FRAME]), max_size=1),
        st.sets(st.sampled_from([LATENCY, PER_FRAME]), max_size=1),
        st.integers(0, 30),
    )
    rule = [Rule(last=1), Rule(last=2, days=5), Rule(quarantined_days=0), Rule(last=1, quarantined_days=3)]
    return st.lists(run, min_size=1, max_size=16), st.sampled_from(rule), st.integers(0, 16)


def before_and_after(runs, rule, ended_after, **limits):
    """What the next run of each fingerprint is judged against before and after a prune that was ended after so many removals.

    With few runs to a baseline, so that small histories have old ones.
    """
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        for name, value in {"LAST": 2, "FIRST": 1, **limits}.items():
            patch.setattr(baseline, name, value)
        folder = Path(scratch) / "history" / "lab-01"
        for place, (fingerprint, others, benchmarks, levels, began, age) in enumerate(runs):
            path = add(folder, age + place * 1e-3, fingerprint=fingerprint)
            standing.write(path, others, "", "gate", tuple(levels), began=tuple(began), benchmarks=benchmarks)
        before = {each: judged_against(folder, each) for each in (OLD, OTHER)}
        with index.opened(folder, Path(scratch) / "cache") as found:
            plan = pruning.plan(folder, found.runs(), rule, NOW, lambda run: True, pruning.states(folder))
        some = plan.removed[:ended_after]
        pruning.remove(pruning.Plan(folder, some, plan.kept, plan.standings[:ended_after]))
        return before, {each: judged_against(folder, each) for each in (OLD, OTHER)}


@pytest.mark.slow
@for_all(histories_rules_and_an_end)
def test_no_rule_changes_what_a_run_is_judged_against(runs, rule, ended_after):
    before, after = before_and_after(runs, rule, ended_after)
    assert before == after


@pytest.mark.slow
@for_all(histories_rules_and_an_end)
def test_where_the_gate_did_not_look_far_enough_a_prune_can_only_show_it_more(runs, rule, ended_after):
    before, after = before_and_after(runs, rule, ended_after, MOST_READ=4, MOST_READ_FIRST=2)
    for fingerprint, found in before.items():
        for key in (LATENCY, PER_FRAME):
            _, judged, first, pending = found[key]
            _, judged_then, first_then, pending_then = after[fingerprint][key]
            assert {*judged, *first} <= {*judged_then, *first_then}
            assert judged == judged_then[: len(judged)]
            assert {*pending} <= {*pending_then}
