"""The index says what the files say, however they change, and whatever happens to it."""

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from autogauge.errors import UserError
from autogauge.history import index, index_rows, standing, store
from autogauge.history.standing_file import Standing
from tests.histories import LATENCY, PER_FRAME, save, year
from tests.properties import for_all
from tests.support import ROOT


def contents(folder, cache):
    """What the index tells of each run: name, standing, figures."""
    with index.opened(folder, cache) as found:
        runs = found.runs()
        figures = {
            each.key: dict(zip(each.runs.tolist(), each.seconds.tolist(), strict=True)) for each in found.figures(runs)
        }
        return [
            (run.path.name, run.standing, {key: values[run.id] for key, values in figures.items() if run.id in values})
            for run in runs
        ]


def fresh(folder, tmp_path):
    return contents(folder, tmp_path / f"fresh-{time.monotonic_ns()}")


@pytest.fixture
def indexed(tmp_path):
    """A folder of three runs, the cache with its index, and what that tells."""
    year(tmp_path, runs=3)
    folder, cache = tmp_path / "lab-01", tmp_path / "cache"
    return folder, cache, contents(folder, cache)


def test_it_tells_of_each_run_what_its_file_says(tmp_path):
    path = save(
        tmp_path / "lab",
        {LATENCY: 0.01, PER_FRAME: 0.02},
        ratios={LATENCY: 1.5},
        openvino="2026.4.1-22-abc",
        verdict="FAIL",
    )
    with index.opened(tmp_path / "lab", tmp_path / "cache") as found:
        (run,) = found.runs()
        latency, per_frame = found.figures([run])
    assert (run.path, run.number, run.machine, run.openvino, run.release) == (
        path,
        1,
        "lab-01",
        "2026.4.1-22-abc",
        "2026.4.1",
    )
    assert (run.model, run.precision, run.weights, run.profile, run.benchmarks) == (
        "googlenet-v1",
        "FP16",
        "random",
        "standard",
        2,
    )
    assert (run.standing, run.verdict, run.foreign, run.problems) == ("accepted", "FAIL", False, ())
    assert (latency.key, latency.metric, latency.labels) == (
        LATENCY,
        "latency_ms",
        {"device": "AUTO", "hint": "LATENCY"},
    )
    assert (latency.seconds.tolist(), latency.ratios.tolist(), latency.pinned) == ([0.01], [1.5], ("pinned",))
    assert per_frame.pinned == ("",)


def test_it_follows_files_that_come_change_and_go(tmp_path):
    folder, cache = tmp_path / "lab", tmp_path / "cache"
    first, second = (save(folder, {LATENCY: seconds}) for seconds in (0.01, 0.02))
    assert [each[2][LATENCY] for each in contents(folder, cache)] == [0.01, 0.02]
    save(folder, {LATENCY: 0.03})
    standing.write(second, Standing.QUARANTINED, "slow", "user")
    first.unlink()
    assert contents(folder, cache) == fresh(folder, tmp_path)
    assert [each[1] for each in contents(folder, cache)] == ["quarantined", "accepted"]
    standing.path_of(second).unlink()
    assert [each[1] for each in contents(folder, cache)] == ["accepted", "accepted"]


def test_a_file_that_was_changed_and_is_as_long_as_before_is_read_again(tmp_path):
    folder, cache = tmp_path / "lab", tmp_path / "cache"
    path, other = save(folder, {LATENCY: 0.01}), save(tmp_path / "another", {LATENCY: 0.0225})
    size = max(path.stat().st_size, other.stat().st_size)
    for moment_s, source, seconds in ((1, path, 0.01), (2, other, 0.0225)):
        path.write_bytes(source.read_bytes().ljust(size))
        os.utime(path, (moment_s, moment_s))
        assert [each[2] for each in contents(folder, cache)] == [{LATENCY: seconds}]


def test_of_a_link_the_file_counts_that_it_leads_to_and_one_that_leads_nowhere_is_said(tmp_path):
    folder, cache = tmp_path / "lab", tmp_path / "cache"
    path = save(tmp_path / "elsewhere", {LATENCY: 0.01})
    folder.mkdir()
    (folder / path.name).symlink_to(path)
    assert [each[2] for each in contents(folder, cache)] == [{LATENCY: 0.01}]
    path.write_bytes(save(tmp_path / "another", {LATENCY: 0.0225}).read_bytes())
    assert [each[2] for each in contents(folder, cache)] == [{LATENCY: 0.0225}]
    path.unlink()
    assert [each[1] for each in contents(folder, cache)] == ["unreadable"]


def test_runs_of_single_files_are_never_taken_for_one_another(tmp_path):
    ids = set()
    for _ in range(2):
        with index.of_file(save(tmp_path / "lab", {LATENCY: 0.01})) as found:
            (run,) = found.runs()
            (series,) = found.figures([run])
            assert series.runs.tolist() == [run.id]
            ids.add(run.id)
    assert (len(ids), max(ids) < 0) == (2, True)


def test_nothing_is_read_again_that_has_not_changed(tmp_path, monkeypatch):
    year(tmp_path, runs=5)
    contents(tmp_path / "lab-01", tmp_path / "cache")
    monkeypatch.setattr(index.records, "read", lambda path: pytest.fail(f"{path} was read again"))
    assert len(contents(tmp_path / "lab-01", tmp_path / "cache")) == 5


@pytest.mark.parametrize("damage", [b"", b"SQLite format 3\x00" + b"x" * 5000, b"not a database at all" * 100])
def test_a_damaged_index_is_made_anew(indexed, damage):
    folder, cache, whole = indexed
    index.path_of(folder, cache).write_bytes(damage)
    assert contents(folder, cache) == whole


def test_an_index_that_lacks_a_column_is_made_anew_for_good(indexed):
    folder, cache, whole = indexed
    with sqlite3.connect(index.path_of(folder, cache)) as database:
        database.execute("ALTER TABLE runs RENAME COLUMN machine TO somewhere")
        database.execute("UPDATE runs SET size = 0")
    assert contents(folder, cache) == whole
    with sqlite3.connect(index.path_of(folder, cache)) as database:
        assert database.execute("SELECT machine FROM runs").fetchall() == [("lab-01",)] * 3


def test_an_index_of_another_schema_is_thrown_away(indexed):
    folder, cache, whole = indexed
    with sqlite3.connect(index.path_of(folder, cache)) as database:
        database.execute("DROP TABLE figures")
        database.execute("CREATE TABLE figures (something TEXT)")
        database.execute(f"PRAGMA user_version = {index_rows.SCHEMA + 1}")
    assert contents(folder, cache) == whole


def test_a_cache_that_cannot_be_written_to_does_no_harm(tmp_path):
    year(tmp_path, runs=3)
    (tmp_path / "file").write_text("in the way")
    assert len(contents(tmp_path / "lab-01", tmp_path / "file" / "cache")) == 3


def test_what_cannot_be_read_is_named_and_counted(tmp_path):
    folder = tmp_path / "lab"
    save(folder, {LATENCY: 0.01})
    (folder / "0002_half.json").write_text('{"benchmarks": [{"fulln')
    (folder / "0003_newer.json").write_text('{"benchmarks": [], "autogauge": {"schema": 99}}')
    (folder / "0004_odd.json").write_text(
        json.dumps({"benchmarks": [{"fullname": "x", "stats": {"median": float("inf")}}]})
    )
    with index.opened(folder, tmp_path / "cache") as found:
        runs = found.runs()
    assert [run.standing for run in runs] == ["accepted", "unreadable", "unreadable", "accepted"]
    assert "0002_half.json is no saved run, or half of one" in runs[1].problems[0]
    assert "newer autogauge (schema 99" in runs[2].problems[0]
    assert "cannot be judged: the median is inf" in runs[3].problems[0]


def test_what_could_not_be_read_is_tried_again_though_its_file_is_the_same(indexed, tmp_path, monkeypatch):
    folder, _, whole = indexed
    cache, read = tmp_path / "another", index.records.read

    def refusing(path):
        if path.name.startswith("0002"):
            raise UserError(f"{path}: Permission denied")
        return read(path)

    monkeypatch.setattr(index.records, "read", refusing)
    assert [stands for _, stands, _ in contents(folder, cache)] == ["accepted", "unreadable", "accepted"]
    monkeypatch.setattr(index.records, "read", read)
    assert contents(folder, cache) == whole


def test_a_run_that_is_pruned_while_it_is_read_is_never_taken_for_accepted(tmp_path, monkeypatch):
    """Its standing is removed after it: whoever has the run, and no standing, may not take that for accepted."""
    run, read = save(tmp_path / "lab", {LATENCY: 0.01}, standing=Standing.QUARANTINED), index.records.read

    def pruned(path):
        found = read(path)
        path.unlink()
        standing.path_of(path).unlink()
        return found

    monkeypatch.setattr(index.records, "read", pruned)
    assert [(name, stands) for name, stands, _ in contents(tmp_path / "lab", tmp_path / "cache")] == [
        (run.name, "quarantined")
    ]


def test_figures_are_those_of_the_runs_that_are_asked_for_each_time(indexed):
    folder, cache, _ = indexed
    with index.opened(folder, cache) as found:
        for run in found.runs():
            assert [each.runs.tolist() for each in found.figures([run])] == [[run.id]] * 2


def test_labels_are_those_of_the_newest_run_that_can_have_any(tmp_path):
    for days, batch, others in ((0, 1, {}), (1, 2, {}), (2, 3, {"schema": 1})):
        save(tmp_path / "lab", {LATENCY: 0.01}, labels={"batch": batch}, days=days, **others)
    with index.opened(tmp_path / "lab", tmp_path / "cache") as found:
        assert found.labels[LATENCY, "latency_ms"]["batch"] == "2"


def test_another_projects_file_is_read_as_far_as_it_goes_and_marked(tmp_path):
    document = {
        "machine_info": {"node": "theirs"},
        "datetime": "2026-11-01T10:00:00",
        "benchmarks": [{"fullname": "t.py::test", "stats": {"median": 0.5, "rounds": 3}}],
    }
    (tmp_path / "0001_theirs.json").write_text(json.dumps(document))
    with index.opened(tmp_path, tmp_path / "cache") as found:
        (run,) = found.runs()
        (figures,) = found.figures([run])
    assert (run.foreign, run.machine, run.model) == (True, "theirs", "")
    assert (figures.key, figures.seconds.tolist()) == ("t.py::test", [0.5])


def test_a_folder_that_cannot_be_read_is_one_sentence(tmp_path):
    with (
        pytest.raises(UserError, match="cannot read the folder"),
        index.opened(tmp_path / "nowhere", tmp_path / "cache"),
    ):
        pass


@for_all(lambda st: (st.lists(st.sampled_from(["save", "reject", "remove", "spoil"]), max_size=12),))
def test_whatever_happens_to_the_files_the_index_is_as_one_made_anew(steps):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as name:
        tmp_path = Path(name)
        folder, cache = tmp_path / "lab", tmp_path / "cache"
        save(folder, {LATENCY: 0.01})
        for number, step in enumerate(steps):
            saved = store.runs(folder)
            chosen = saved[number % len(saved)] if saved else None
            if step == "save" or chosen is None:
                save(folder, {LATENCY: 0.01 + number / 1000})
            elif step == "reject":
                standing.write(chosen, Standing.QUARANTINED, "why", "user")
            elif step == "remove":
                chosen.unlink()
            else:
                chosen.write_text("spoilt")
            contents(folder, cache)
        assert contents(folder, cache) == fresh(folder, tmp_path)


INDEXER = """
import contextlib, sys
from pathlib import Path
from autogauge.history import index
index.AT_ONCE = 3
folder, cache = map(Path, sys.argv[1:])
print("ready", flush=True)
while True:
    with index.opened(folder, cache) as found, contextlib.closing(index._connect(index.path_of(folder, cache))) as on_disk:
        index.Index(folder, on_disk)._forget([run.path.name for run in found.runs()[:20]])
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.005, 0.02, 0.06, 0.2])
def test_an_indexer_killed_at_any_moment_leaves_an_index_that_the_next_one_mends(tmp_path, delay_s):
    year(tmp_path, runs=30)
    folder, cache = tmp_path / "lab-01", tmp_path / "cache"
    command = [sys.executable, "-c", INDEXER, str(folder), str(cache)]
    indexer = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    indexer.stdout.readline()
    time.sleep(delay_s)
    indexer.send_signal(signal.SIGKILL)
    indexer.wait(10)
    assert contents(folder, cache) == fresh(folder, tmp_path)


def indexing(folder, cache, begin, results):
    begin.wait(30)
    with index.opened(folder, cache) as found:
        results.put((os.getpid(), len(found.runs())))


def test_four_processes_index_the_same_folder_at_once(tmp_path):
    year(tmp_path, runs=30)
    context = multiprocessing.get_context("spawn")
    begin, results = context.Event(), context.Queue()
    arguments = (tmp_path / "lab-01", tmp_path / "cache", begin, results)
    processes = [context.Process(target=indexing, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    begin.set()
    assert [results.get(timeout=60)[1] for _ in processes] == [30] * 4
    for process in processes:
        process.join(30)


def another_process(code, *words):
    subprocess.run([sys.executable, "-c", code, *map(str, words)], cwd=ROOT, check=True, timeout=60)


INDEX_ONCE = """
import sys
from pathlib import Path
from autogauge.history import index
with index.opened(Path(sys.argv[1]), Path(sys.argv[2])):
    pass
"""


def test_what_is_read_stays_as_it_was_while_another_process_indexes(tmp_path):
    """It forgets runs, and gives their numbers in the index to others: figures of one run must not be told as another's."""
    year(tmp_path, runs=4)
    folder, cache = tmp_path / "lab-01", tmp_path / "cache"
    whole = contents(folder, cache)
    with index.opened(folder, cache) as found:
        runs = found.runs()
        for path in store.runs(folder)[1:]:
            path.unlink()
        save(folder, {LATENCY: 9.0, "latency: GPU-THROUGHPUT": 9.0}, **{"labels": {"policy": "other"}})
        another_process(INDEX_ONCE, folder, cache)
        figures = {each.key: each for each in found.figures(runs)}
        assert {key: each.seconds.tolist() for key, each in figures.items()} == {
            key: [own[2][key] for own in whole] for key in (LATENCY, PER_FRAME)
        }
        assert figures[LATENCY].labels == {"device": "AUTO", "hint": "LATENCY"}
        assert found.label_keys() == {"device", "hint"}
    assert contents(folder, cache) == fresh(folder, tmp_path) != whole


OLDER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
    database.execute(f"DROP TABLE {name}")
database.execute("CREATE TABLE runs (name TEXT)")
database.execute("PRAGMA user_version = 1")
"""
ONE_LESS = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], isolation_level=None).execute("DELETE FROM runs WHERE number = 2")
"""


@pytest.mark.parametrize("does", [OLDER, ONE_LESS])
def test_what_another_process_does_between_indexing_and_reading_loses_no_run(tmp_path, monkeypatch, does):
    year(tmp_path, runs=3)
    folder, cache = tmp_path / "lab-01", tmp_path / "cache"
    update = index.Index.update

    def updated(found, progress):
        update(found, progress)
        another_process(does, index.path_of(folder, cache))

    monkeypatch.setattr(index.Index, "update", updated)
    found = contents(folder, cache)
    monkeypatch.setattr(index.Index, "update", update)
    assert found == fresh(folder, tmp_path)
    assert contents(folder, cache) == found


def test_who_reads_for_long_keeps_nobody_from_indexing(tmp_path):
    year(tmp_path, runs=2)
    folder, cache = tmp_path / "lab-01", tmp_path / "cache"
    said = []
    with index.opened(folder, cache) as found:
        found.figures(found.runs())
        save(folder, {LATENCY: 0.03})
        with index.opened(folder, cache, say=said.append) as other:
            assert len(other.runs()) == 3
        assert len(found.runs()) == 2
    assert said == []
