"""The file that says what a saved run may be used for: of the run as a whole, and of each of its benchmarks."""

import json
import multiprocessing
import threading

import pytest

from autogauge.errors import UserError
from autogauge.history import sharing, standing, store
from autogauge.history.sharing import folder as folders
from autogauge.history.standing_file import Continues, Record, Standing
from tests.cases import each_of
from tests.histories import save
from tests.properties import for_all

FAST, SLOW, NEW = "latency: AUTO", "latency: CPU", "latency: GPU"


def written(tmp_path, **fields):
    run = tmp_path / "0001_run.json"
    standing.path_of(run).write_text(json.dumps(fields))
    return run


@pytest.mark.parametrize("word", list(Standing))
def test_a_standing_of_before_there_were_any_for_benchmarks_is_that_of_them_all(tmp_path, word):
    run = written(tmp_path, standing=str(word), why="w", by="gate", when="", new_level=[FAST], began=[])
    assert standing.of_benchmark(run, FAST) is standing.of_benchmark(run, SLOW) is word
    assert standing.read(run).standing is word


def test_a_run_without_a_standing_is_accepted_in_all_its_benchmarks(tmp_path):
    assert standing.of_benchmark(tmp_path / "0001_run.json", FAST) is Standing.ACCEPTED


def test_each_benchmark_stands_for_itself_and_the_run_as_its_worst(tmp_path):
    run = tmp_path / "0001_run.json"
    standing.write(run, Standing.ACCEPTED, "w", "gate", benchmarks={FAST: Standing.QUARANTINED, NEW: Standing.PENDING})
    found = {key: str(standing.of_benchmark(run, key)) for key in (FAST, SLOW, NEW)}
    assert found == {FAST: "quarantined", SLOW: "accepted", NEW: "pending"}
    record = standing.read(run)
    assert (record.standing, record.in_words) == (Standing.QUARANTINED, "quarantined (1 benchmark)")


def test_who_knows_of_whole_runs_only_takes_a_partly_quarantined_one_for_quarantined(tmp_path):
    run = tmp_path / "0001_run.json"
    standing.write(run, Standing.ACCEPTED, "w", "gate", benchmarks={FAST: Standing.QUARANTINED})
    assert json.loads(standing.path_of(run).read_bytes())["standing"] == "quarantined"


@each_of(
    "fields",
    [
        {"standing": "quarantined", "others": "accepted"},
        {"standing": "accepted", "others": "accepted", "benchmarks": {FAST: "quarantined"}},
        {"standing": "accepted", "schema": 99},
        {"standing": "accepted", "schema": True},
        {"standing": "accepted", "benchmarks": [FAST]},
        {"standing": "accepted", "benchmarks": {FAST: "fine"}},
        {"others": "accepted"},
        {"standing": "fine"},
    ],
)
def test_a_file_that_says_two_things_or_nothing_is_refused(tmp_path, fields):
    with pytest.raises(UserError, match="does not say whether its run is accepted"):
        standing.read(written(tmp_path, **fields))


def test_some_benchmarks_are_accepted_or_rejected_and_the_others_stay(tmp_path):
    run = tmp_path / "0001_run.json"
    both = {FAST: Standing.QUARANTINED, SLOW: Standing.QUARANTINED}
    standing.write(run, Standing.ACCEPTED, "slower", "gate", (FAST, SLOW), benchmarks=both)
    assert standing.accept(run, "meant", [FAST]).of(FAST) is Standing.QUARANTINED, "what it was before"
    found = standing.read(run)
    assert (found.of(FAST), found.of(SLOW), found.by) == (Standing.ACCEPTED, Standing.QUARANTINED, "user")
    assert found.new_level == (FAST, SLOW), "each begins a level once it is accepted"
    standing.reject(run, "fan broken", [FAST])
    assert standing.read(run).began == (FAST,)
    standing.accept(run, "it was not")
    assert standing.read(run).standing is Standing.ACCEPTED
    assert standing.read(run).began == ()


@pytest.mark.parametrize("word", [standing.accept, standing.reject])
@each_of("fields", [{"standing": "quarantined", "schema": 99}, {"standing": "fine"}])
def test_a_word_about_some_benchmarks_leaves_what_nobody_can_read_as_it_is(tmp_path, word, fields):
    run = written(tmp_path, **fields)
    before = standing.path_of(run).read_bytes()
    with pytest.raises(UserError, match="does not say whether its run is accepted"):
        word(run, "w", [FAST])
    assert standing.path_of(run).read_bytes() == before
    word(run, "w")  # of all of them it may say so
    assert standing.read(run).by == "user"


def accept_some(run, keys):
    for key in keys:
        standing.accept(run, "w", [key])


def test_words_of_several_processes_at_once_are_all_kept(tmp_path):
    run = tmp_path / "0001_run.json"
    standing.write(run, Standing.QUARANTINED, "slower", "gate")
    keys = [[f"{name} {number}" for number in range(8)] for name in (FAST, SLOW)]
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=accept_some, args=(run, own)) for own in keys]
    for each in processes:
        each.start()
    for each in processes:
        each.join(60)
    assert [each.exitcode for each in processes] == [0, 0]
    found = standing.read(run)
    assert {key for own in keys for key in own} == {*found.benchmarks}
    assert found.others is Standing.QUARANTINED


def test_a_folder_whose_standings_are_held_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "LOCK_DEADLINE_S", 0.1)
    run = tmp_path / "0001_run.json"
    with store.changing(tmp_path), pytest.raises(UserError, match=r"another process has been changing standings in"):
        standing.reject(run, "w")
    assert not standing.path_of(run).exists()


def test_a_persons_word_outlives_the_confirmation_of_a_run_as_a_whole(tmp_path):
    run = tmp_path / "0001_run.json"
    standing.write(run, Standing.PENDING, "better", "gate", new_level=(FAST,))
    standing.reject(run, "fan broken", [SLOW])
    word = standing.read(run).word_about(SLOW)
    standing.confirm(run, (FAST,), tmp_path / "0002_run.json")
    found = standing.read(run)
    assert (found.of(FAST), found.of(SLOW)) == (Standing.ACCEPTED, Standing.QUARANTINED)
    assert found.word_about(SLOW) == word


def test_what_somebody_rejected_meanwhile_is_not_confirmed(tmp_path):
    run = tmp_path / "0001_run.json"
    standing.write(
        run, Standing.ACCEPTED, "better", "gate", benchmarks={FAST: Standing.PENDING, SLOW: Standing.PENDING}
    )
    standing.reject(run, "fan broken", [FAST])
    standing.confirm(run, (FAST, SLOW), tmp_path / "0002_run.json")
    found = standing.read(run)
    assert (found.of(FAST), found.of(SLOW)) == (Standing.QUARANTINED, Standing.ACCEPTED)


@for_all(
    lambda st: (
        st.sampled_from(list(Standing)),
        st.dictionaries(st.text(max_size=5), st.sampled_from(list(Standing)), max_size=4),
        st.lists(st.text(max_size=5), max_size=3),
    )
)
def test_whatever_is_written_is_read_as_it_was(others, benchmarks, level):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "0001_run.json"
        made = standing.write(run, others, "why", "gate", tuple(level), benchmarks=benchmarks)
        assert standing.read(run) == made
        assert all(made.of(key) is each for key, each in benchmarks.items())
        assert isinstance(made, Record)


PENDING_KEY = "pending"
WRITERS = {
    "accepts": lambda run, sender: standing.accept(run, "w", ["accepted"]),
    "rejects": lambda run, sender: standing.reject(run, "w", ["rejected"]),
    "confirms": lambda run, sender: standing.confirm(run, [PENDING_KEY], run),
    "goes on": lambda run, sender: standing.mark(run, Continues("a" * 16, "b" * 16), "w"),
    "pulls": lambda run, sender: sharing.merge(sender, run.parents[1]),
}


def what_was_said(run):
    """Which of the writers' words stand in a run's file."""
    found = standing.read(run)
    said = {
        "accepts": "accepted" in found.words and found.of("accepted") is Standing.ACCEPTED,
        "rejects": found.of("rejected") is Standing.QUARANTINED,
        "confirms": found.of(PENDING_KEY) is Standing.ACCEPTED,
        "goes on": found.continues is not None,
        "pulls": found.of("pulled") is Standing.QUARANTINED,
    }
    return {name for name, is_there in said.items() if is_there}


@pytest.mark.parametrize("first", WRITERS)
def test_a_word_that_comes_between_a_writers_look_and_its_writing_is_not_lost(tmp_path, monkeypatch, first):
    second = [*WRITERS][([*WRITERS].index(first) + 1) % len(WRITERS)]
    run = save(tmp_path / "here" / "lab-01", {"latency: AUTO": 0.01}, benchmarks={PENDING_KEY: Standing.PENDING})
    sharing.merge(tmp_path / "here", tmp_path / "sender")
    standing.reject(tmp_path / "sender" / "lab-01" / run.name, "w", ["pulled"])
    others = []

    def between(write):
        def written(path, content):
            if path == standing.path_of(run) and not others:
                others.append(threading.Thread(target=WRITERS[second], args=(run, tmp_path / "sender")))
                others[0].start()
                others[0].join(0.05)  # it would be done by then, were it not held
            write(path, content)

        return written

    monkeypatch.setattr(standing, "write_json", between(standing.write_json))
    monkeypatch.setattr(folders, "write_bytes", between(folders.write_bytes))
    WRITERS[first](run, tmp_path / "sender")
    others[0].join(60)
    assert what_was_said(run) == {first, second}
