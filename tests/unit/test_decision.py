"""Series of runs, each judged against those before it: what becomes of a better benchmark, and of the ones beside a red one."""

import json
import re
import shlex

import numpy as np
import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.history import baseline, standing, store
from autogauge.history.standing_file import Standing
from tests import histories

KEYS = tuple(f"latency: AUTO-{number}" for number in range(10))
NOISE = 0.015
"""Of the ratio to the pinned workload from run to run: what the gate expects where nothing is known yet."""


def series(folder, seed, runs, level, **options):
    """So many runs of ten benchmarks; ``level(run, key)`` is the true ratio. Returns the words of each run by benchmark."""
    random = np.random.default_rng(seed)
    words = []
    for number in range(runs):
        ratios = {key: level(number, key) * float(np.exp(NOISE * random.standard_normal())) for key in KEYS}
        gate, _ = histories.judged(folder, ratios, **options)
        words.append({each.benchmark: each.word for each in gate.judgements})
    return words


@pytest.mark.parametrize("seed", range(3))
def test_an_improvement_of_ten_percent_is_confirmed_in_every_benchmark(tmp_path, seed):
    series(tmp_path, seed, 16, lambda run, key: 1.0 if run < 10 else 0.9)
    stands = {store.number_of(path): standing.read(path) for path in store.runs(tmp_path)}
    began = {
        key: number
        for number, record in stands.items()
        for key in record.new_level
        if record.of(key) is Standing.ACCEPTED
    }
    assert began.keys() == {*KEYS}
    assert all(number in (11, 12, 13) for number in began.values()), began


@pytest.mark.parametrize("seed", [1])
def test_the_command_that_the_note_of_a_creep_advises_finds_it(tmp_path, seed, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "history of a lab" / "lab-01"
    series(folder, seed, 30, lambda run, key: 1.005**run if key == KEYS[0] else 1.0)
    gate, path = histories.judged(folder, dict.fromkeys(KEYS, 1.0) | {KEYS[0]: 1.005**30})
    assert any(note.startswith(f"{KEYS[0]}: it has crept by") for note in gate.notes)
    (advice,) = (note for note in gate.notes if "what finds a creep" in note)
    assert re.search(r"run=\d+,\d+,\d+ standing=\*' '.* run=28,29,30 standing=\*'$", advice), advice
    words = shlex.split(advice.partition(": ")[2])
    assert words[:4] == ["python", "-m", "autogauge", "compare"]
    found = CliRunner().invoke(app, [*words[3:], "--json"])
    verdicts = {each["benchmark"]: each["verdict"] for each in json.loads(found.stdout)["benchmarks"]}
    assert [key for key, word in verdicts.items() if word == "FAIL"] == [KEYS[0]], verdicts
    for choice, status in (("warn", 0), ("fail", 1)):
        assert CliRunner().invoke(app, ["gate", str(path), f"--creep={choice}"]).exit_code == status


@pytest.mark.parametrize("seed", [1])
def test_a_drift_of_half_a_percent_a_run_is_red_where_creep_is_to_fail_and_stays_red(tmp_path, seed):
    words = series(tmp_path, seed, 40, lambda run, key: 1.005**run if key == KEYS[0] else 1.0, fail_creep=True)
    red = [number for number, each in enumerate(words) if each[KEYS[0]] == "FAIL"]
    assert red, "one run is like those before it"
    assert red[0] <= 30
    assert len(red) > 0.8 * (40 - red[0]), "what crept is no baseline"
    assert not any(word == "FAIL" for each in words for key, word in each.items() if key != KEYS[0])


@pytest.mark.parametrize("seed", [1])
def test_what_passes_beside_a_red_benchmark_stays_in_the_baseline_and_the_red_one_stays_red(tmp_path, seed):
    words = series(tmp_path, seed, 34, lambda run, key: 1.2 if run >= 10 and key == KEYS[0] else 1.0)
    assert [each[KEYS[0]] for each in words[10:]] == ["FAIL"] * 24, "longer than the window: nothing is forgotten"
    assert not any(word == "FAIL" for each in words[10:] for key, word in each.items() if key != KEYS[0])
    history = baseline.find(tmp_path, "f" * 16)
    assert history.names(KEYS[0]).startswith("10 accepted runs (0001 to 0010)")
    assert history.names(KEYS[1]).startswith("20 accepted runs (001")
    (red, *_) = (standing.read(path) for path in store.runs(tmp_path)[10:])
    assert (red.of(KEYS[0]), red.of(KEYS[1])) == (Standing.QUARANTINED, Standing.ACCEPTED)
