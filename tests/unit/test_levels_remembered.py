"""Levels that were found before are not looked for again; another figure is another question; a spoilt memory is none."""

import contextlib
import sqlite3

import numpy as np
import pytest

from autogauge.gate import levels
from autogauge.history import remembered
from tests.histories import LATENCY, PER_FRAME
from tests.labs import machine
from tests.properties import for_all
from tests.unit.test_morning import report, rows_of


def family(seed=1, runs=40, step=1.08, count=3):
    """Benchmarks of the same runs of which one has a step and one alternates."""
    rng = np.random.default_rng(seed)
    series = np.exp(rng.normal(0, 0.01, (count, runs)))
    series[0, runs // 2 :] *= step
    series[1] *= np.where(np.arange(runs) % 2, 1.05, 0.95)
    return series.tolist(), [[3 * place + 7 for place in range(runs)]] * count


def opened(tmp_path):
    return contextlib.closing(remembered.opened(tmp_path / "cache"))


def test_what_was_found_is_told_again_without_looking(tmp_path, monkeypatch):
    series, runs = family()
    alone = levels.of_family(series, runs)
    with opened(tmp_path) as memory:
        assert levels.of_family(series, runs, memory) == alone
    monkeypatch.setattr(levels, "levels_of_siblings", lambda *_: pytest.fail("looked for again"))
    with opened(tmp_path) as memory:
        assert levels.of_family(series, runs, memory) == alone
        moved = [[place + 100 for place in own] for own in runs]
        assert levels.of_family(series, moved, memory) == alone, "only the order of the runs counts"


def test_another_figure_or_another_order_is_another_question(tmp_path):
    series, runs = family()
    with opened(tmp_path) as memory:
        levels.of_family(series, runs, memory)
    changed = [[*series[0][:-4], *(1.5 * each for each in series[0][-4:])], *series[1:]]
    with opened(tmp_path) as memory:
        assert levels.of_family(changed, runs, memory) == levels.of_family(changed, runs)
        shifted = [runs[0], [place - 1 for place in runs[1]], runs[2]]
        assert levels._key(series, shifted) != levels._key(series, runs)
        assert levels._key([series[1], series[0], series[2]], runs) != levels._key(series, runs)


@for_all(lambda st: (st.integers(0, 10**6), st.integers(1, 60), st.floats(0.8, 1.3), st.integers(2, 4)))
def test_memory_changes_no_answer(seed, runs, step, count):
    series, places = family(seed, runs, step, count)
    found = levels.of_family(series, places)
    assert levels._from_json([levels._to_json(*each) for each in found], series) == found


@pytest.mark.parametrize(
    "value", ["", "[]", "null", '"x"', "[[1]]", '[[[0], ["a"], [], null]]', "[[[0],[1.0],[[1,2]],null]]", "[" * 5000]
)
def test_a_value_that_is_none_is_found_anew(tmp_path, value):
    series, runs = family()
    with opened(tmp_path) as memory:
        levels.of_family(series, runs, memory)
    with sqlite3.connect(tmp_path / "cache" / "indexes" / remembered.NAME) as database:
        assert database.execute("UPDATE remembered SET value = ?", (value,)).rowcount == 1
    with opened(tmp_path) as memory:
        assert levels.of_family(series, runs, memory) == levels.of_family(series, runs)


def test_a_damaged_file_is_no_memory_and_is_mended(tmp_path):
    path = tmp_path / "cache" / "indexes" / remembered.NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 1000)
    series, runs = family()
    for _ in range(2):
        with opened(tmp_path) as memory:
            assert levels.of_family(series, runs, memory) == levels.of_family(series, runs)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM remembered").fetchone() == (1,)


def test_a_memory_that_another_process_has_locked_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "PATIENCE_S", 0.01)
    series, runs = family()
    with opened(tmp_path) as memory:
        levels.of_family(series, runs, memory)
    path = tmp_path / "cache" / "indexes" / remembered.NAME
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with opened(tmp_path) as memory:
            assert levels.of_family(series, runs, memory) == levels.of_family(series, runs)


def test_only_the_newest_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "MOST", 3)
    with opened(tmp_path) as memory:
        for number in range(5):
            memory.put(bytes([number]), number)
    with opened(tmp_path) as memory:
        assert [memory.get(bytes([number])) for number in range(5)] == [None, None, 2, 3, 4]


def test_the_pages_of_a_lab_say_the_same_from_memory(tmp_path, monkeypatch):
    for name in ("lab-01", "lab-02"):
        machine(
            tmp_path / "history", name, figures=(LATENCY, PER_FRAME), slower=lambda key, run: 1.1 if run > 6 else 1.0
        )
    first = rows_of(report(tmp_path))
    monkeypatch.setattr(levels, "levels_of_siblings", lambda *_: pytest.fail("looked for again"))
    assert rows_of(report(tmp_path)) == first
