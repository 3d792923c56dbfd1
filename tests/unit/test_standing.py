"""The file that says what a saved run may be used for: of the run as a whole, and of each of its benchmarks."""

import json

import pytest

from autogauge.errors import UserError
from autogauge.history import standing
from autogauge.history.standing import Record, Standing
from tests.cases import each_of
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
