"""The calibration's own parts: recordings survive being saved, rules say what their tools would, replays find what is there."""

import dataclasses
import json
import random

import numpy as np
import pytest

from autogauge.stats.verdicts import Outcome
from benchmarks.calibration import data, replay, rules, targets
from benchmarks.calibration import table as tables
from benchmarks.calibration.data import Segment
from benchmarks.calibration.table import Line
from tests.cases import each_of
from tests.support import run_script

NAMES = ("A1", "A2", "A3", "2%", "5%", "10%", "20%", "pinned")
SLOWER = {"2%": 1.03, "5%": 1.06, "10%": 1.12, "20%": 1.25}


def segment(study, noise="quiet", rounds=120, seed=0, spread=0.02, others=0.02, by_turns=False):
    """A segment as a machine with that spread would have given it; ``by_turns`` with one slower model a round."""
    chance = np.random.default_rng([seed, len(study), len(noise)])
    level = np.exp(0.2 * chance.standard_normal())
    costs = np.array([SLOWER.get(name, 1.0) for name in NAMES])
    ms = 10 * level * costs * np.exp(spread * chance.standard_normal((rounds, len(NAMES))))
    metrics = {"fil_s": ms / 100} if study == "fil" else {"latency_ms": ms, "fps": 1e3 / ms}
    start_s = np.arange(rounds * len(NAMES), dtype=np.float32).reshape(rounds, -1) * 0.06
    if by_turns:
        absent = np.isin(NAMES, list(SLOWER))[None, :] & (np.array(NAMES) != np.resize(list(SLOWER), rounds)[:, None])
        for values in (*metrics.values(), start_s):
            values[absent] = np.nan
    more = (chance.random(start_s.shape).astype(np.float32), chance.random(start_s.shape) < 0.1) if by_turns else ()
    return Segment(
        study,
        noise,
        NAMES,
        "2026-11-24T10:00:00+00:00",
        {name: values.astype(np.float32) for name, values in metrics.items()},
        start_s,
        np.full(start_s.shape, others, np.float32),
        np.zeros(start_s.shape, np.float32),
        {"seed": seed},
        *more,
    )


@pytest.fixture(scope="module")
def segments():
    return [segment(study, seed=seed) for study in ("LATENCY", "THROUGHPUT", "fil") for seed in range(3)]


def test_a_recording_is_read_as_it_was_saved(tmp_path, segments):
    data.save(tmp_path / "one.npz", segments)
    for before, after in zip(segments, data.load(tmp_path / "one.npz"), strict=True):
        assert (before.study, before.noise, before.conditions, before.facts) == (
            after.study,
            after.noise,
            after.conditions,
            after.facts,
        )
        for metric, values in before.figures.items():
            np.testing.assert_array_equal(values, after.figures[metric])
        np.testing.assert_array_equal(before.start_s, after.start_s)


def test_a_recording_with_relayed_processes_keeps_what_was_waited_and_measured_again(tmp_path):
    before = segment("LATENCY", by_turns=True)
    data.save(tmp_path / "one.npz", [before])
    (after,) = data.load(tmp_path / "one.npz")
    assert after.slower_by_turns
    assert not segment("LATENCY").slower_by_turns
    np.testing.assert_allclose(before.waited, after.waited, atol=1e-3)
    np.testing.assert_array_equal(before.again, after.again)


def test_whichever_slower_model_a_round_has_it_stands_for_each_slowdown():
    recordings = replay.arrange([segment("LATENCY", seed=seed, spread=1e-3, by_turns=True) for seed in range(2)])
    assert recordings.slowdowns["LATENCY", "latency_ms", "10%"] == pytest.approx(1.12, rel=0.01)
    for strip in recordings.of("LATENCY", "latency_ms"):
        for name, nominal in replay.SLOWDOWNS.items():
            np.testing.assert_allclose(strip.of(name) / strip.of("A1"), 1 + nominal, rtol=0.01)
        assert np.isfinite(strip.serving_pair("5%", random.Random(1))).all()


def test_slower_models_are_brought_to_their_nominal_slowdown(segments):
    recordings = replay.arrange(segments)
    for strip in recordings.of("LATENCY", "latency_ms"):
        ratio = np.median(strip.of("10%")) / np.median(strip.of("A1"))
        assert ratio == pytest.approx(1.10, rel=0.02)
    assert recordings.slowdowns["LATENCY", "latency_ms", "10%"] == pytest.approx(1.12, rel=0.01)


def test_a_segment_beside_which_somebody_worked_is_no_quiet_one(segments):
    busy = [*segments, segment("LATENCY", seed=9, others=0.6)]
    recordings = replay.arrange(busy)
    assert {each.noise for each in recordings.of("LATENCY", "latency_ms")} == {"quiet", "busy"}
    assert recordings.noises == ["quiet"], "only kinds of noise that were made on purpose, or none, have rows"


def test_a_replay_finds_what_is_there_and_nothing_else(segments):
    recordings = replay.arrange(segments)
    chance = random.Random(1)
    strips = recordings.of("LATENCY", "latency_ms")

    def outcomes(candidate):
        return [replay.beside(strips, candidate, chance, budget_s=30, change=0.05).outcome for _ in range(20)]

    assert outcomes("10%").count(Outcome.FAIL) == 20
    assert Outcome.FAIL not in outcomes(None)
    histories = [
        replay.against_history(strips, candidate, "quiet", chance, change=0.05, rounds=80).outcome
        for candidate in ["20%"] * 20 + [None] * 20
    ]
    assert histories[:20].count(Outcome.FAIL) >= 19
    assert Outcome.FAIL not in histories[20:]


def test_errors_are_those_of_a_standard_run(segments):
    assert pytest.approx(0.01 / 20) == replay.ERROR_BESIDE
    assert pytest.approx(0.01 / 10) == replay.ERROR_HISTORY


def test_a_trial_uses_no_round_twice_and_measures_again_in_another_segment(segments):
    strips = replay.arrange(segments).of("LATENCY", "latency_ms")
    for index, strip in enumerate(strips):
        strip.costs[:] = (1000 * index + np.arange(len(strip.costs)))[:, None] + 1.0
    for seed in range(20):
        rounds = replay.Rounds(strips, random.Random(seed))
        first = rounds.pairs(None, 50)[:, 0]
        rounds.spend(30)
        second = rounds.pairs(None, 10_000)[:, 0]
        assert not {*first[:30]} & {*second}
        assert len({*second}) == len(second) == sum(len(each.costs) for each in strips) - 30
        assert first[29] // 1000 != second[0] // 1000


def test_a_trial_that_the_recording_is_too_short_for_is_open(segments):
    strips = replay.arrange(segments).of("LATENCY", "latency_ms")[:1]
    trial = replay.beside(strips, "2%", random.Random(1), budget_s=10_000, change=0.001)
    assert (trial.outcome, trial.ended) == (Outcome.INCONCLUSIVE, True)
    short = replay.against_history(strips, None, "quiet", random.Random(1), change=0.05, rounds=61)
    assert (short.outcome, short.ended) == (Outcome.INCONCLUSIVE, True)


def test_both_measurements_fit_the_time(segments):
    strips = replay.arrange(segments).of("THROUGHPUT", "fps")
    trials = [replay.beside(strips, "20%", random.Random(seed), budget_s=8, change=0.05) for seed in range(20)]
    assert {each.outcome for each in trials} == {Outcome.FAIL}
    assert all(each.seconds <= 8 for each in trials)


def test_the_run_and_its_second_measurement_share_no_round(segments):
    strips = replay.arrange(segments).of("LATENCY", "latency_ms")
    for seed in range(20):
        (one, _), (other, _) = replay._two_windows(strips, 40, random.Random(seed))
        assert one is not other
        (_, low), (_, high) = replay._two_windows(strips[:1], 60, random.Random(seed))
        assert abs(high - low) >= 60
    assert replay._two_windows(strips[:1], 61, random.Random(1)) is None


def line(rule, alarms=0, found=0.0, missing=0.0, **others):
    return Line("one", rule, "quiet", "LATENCY", 100, alarms, 100, {"5%": found}, missing={"5%": missing}, **others)


def test_none_of_so_many_bounds_the_rate_of_false_alarms():
    assert line("r").false_alarms_bound == pytest.approx(1 - 0.05 ** (1 / 100))
    assert line("r", alarms=1).false_alarms_bound == pytest.approx(0.0466, abs=1e-4)
    assert line("r", alarms=100).false_alarms_bound == 1.0


@each_of(
    ("found", "missing", "state"), [(0.96, 0.0, "met"), (0.9, 0.0, "MISSED"), (0.9, 0.04, "MISSED"), (0.9, 0.1, "OPEN")]
)
def test_a_target_is_open_where_the_recording_is_too_short_to_decide(found, missing, state):
    reached = targets.targets([line(tables.IN_FULL, found=found, missing=missing)])
    (target,) = [each for each in reached if "+5 % found in at least 95 %" in each.sentence]
    assert target.state == state


def test_a_miss_that_is_documented_is_no_news_and_one_elsewhere_is(monkeypatch):
    sentence = "side by side: +5 % found in at least 95 % within 60 s"
    monkeypatch.setattr(targets, "KNOWN_MISSES", {sentence: ("LATENCY, quiet, one",)})
    missed = line(tables.IN_FULL, found=0.5)
    elsewhere = dataclasses.replace(missed, noise="hog")
    states = [
        next(each.state for each in targets.targets(found) if each.sentence == sentence)
        for found in ([missed], [missed, elsewhere], [])
    ]
    assert states == [targets.KNOWN, targets.MISSED, targets.MISSED]


def test_a_change_to_be_found_that_passes_is_bad_news():
    (target,) = [
        each
        for each in targets.targets([line(tables.IN_FULL, passed={"2%": 0.5, "5%": 0.02, "10%": 0.0})])
        if "passes in at most 1 %" in each.sentence
    ]
    assert target.state == "MISSED"
    assert "2 %" in target.reached


def test_another_rule_that_is_as_good_in_one_and_better_in_the_other_is_named():
    ours, other = line(tables.SIDE_BY_SIDE, alarms=1, found=0.5), line("asv", alarms=1, found=0.6)
    (target,) = [each for each in targets.targets([ours, other]) if "no other rule" in each.sentence]
    assert target.state == "met"
    (tie,) = targets.ties([ours, other])
    assert "asv beside ours, side by side at +5%" in tie
    better = line("asv", alarms=0, found=0.6)
    (target,) = [each for each in targets.targets([ours, better]) if "no other rule" in each.sentence]
    assert target.state == "MISSED"
    assert targets.ties([ours, better]) == []


def test_studies_that_share_no_sample_are_counted_honestly(segments):
    # 120 rounds are five studies of 24; three identical processes make one pair that shares none. Three studies of three segments.
    assert targets.studies_without_a_shared_sample(replay.arrange(segments)) == 5 * 1 * 3 * 3


@each_of("name", rules.OTHERS)
def test_every_other_rule_sees_a_gross_change_and_no_change_in_the_same_samples(name):
    chance = np.random.default_rng(1)
    earlier = [np.exp(0.02 * chance.standard_normal(100)) for _ in range(10)]
    rule = rules.OTHERS[name]
    assert rule(2 * earlier[-1], earlier, 5)
    assert not rule(earlier[-1], [earlier[-1] * (1 + number / 1e4) for number in range(-5, 5)], 5)


def test_the_table_is_printed_by_one_command(tmp_path, segments):
    data.save(tmp_path / "one.npz", segments)
    done = run_script(
        "calibration",
        "table",
        str(tmp_path / "one.npz"),
        "--runs=4",
        "--trials=4",
        "--json",
        f"--write={tmp_path / 'kept.txt'}",
    )
    found = json.loads(done.stdout)
    first, *rest = (tmp_path / "kept.txt").read_text().splitlines()
    assert first.endswith(f"table --runs=4 --trials=4 --seed=1 {tmp_path / 'one.npz'} --write={tmp_path / 'kept.txt'}")
    of_latency = [line for line in rest if line.startswith(" LATENCY ")]
    ruled = [each["rule"] for each in found["lines"] if each["benchmarks"] == "LATENCY"]
    assert all(rule in line for rule, line in zip(ruled, of_latency, strict=True))
    said = {each["rule"] for each in found["lines"]}
    assert {"ours, side by side", "ours, against history", *rules.OTHERS} <= said
    assert done.returncode == (1 if any(each["state"] == "MISSED" for each in found["targets"]) else 0)
    whole = {each["rule"] for each in found["lines"] if each["benchmarks"] == "all"}
    assert whole == said - {tables.FINE}


@pytest.mark.slow
def test_what_was_chosen_by_data_is_printed_by_one_command(tmp_path, segments):
    data.save(tmp_path / "old.npz", segments)
    old = run_script("calibration", "choices", str(tmp_path / "old.npz"))
    assert "means of the lowest 15 % (ours)" in old.stdout, old.stderr
    assert "half held up least" not in old.stdout, "nothing is known of waiting"
    relayed = [
        segment(study, seed=seed, by_turns=True) for study in ("LATENCY", "THROUGHPUT", "fil") for seed in range(2)
    ]
    for each in relayed:
        if each.study == "fil":
            each.figures["control_s"] = each.figures["fil_s"] / 40
    data.save(tmp_path / "relayed.npz", relayed)
    done = run_script("calibration", "choices", str(tmp_path / "relayed.npz"))
    assert done.returncode == 0, done.stderr
    (control,) = [line.split() for line in done.stdout.splitlines() if line.startswith(" quiet") and "(" in line][-1:]
    assert control[3] == "0.00", "a control that is a part of the figure takes everything out"
    assert "LATENCY, quiet" in done.stdout


@pytest.mark.slow
def test_a_missed_target_is_bad_news(tmp_path):
    studies = ("LATENCY", "THROUGHPUT", "fil")
    wild = [segment(study, rounds=400, seed=seed, spread=1.0) for study in studies for seed in range(2)]
    data.save(tmp_path / "wild.npz", wild)
    done = run_script("calibration", "table", str(tmp_path / "wild.npz"), "--runs=2", "--trials=4")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "MISSED  side by side: +5 % found in at least 95 % within 60 s" in done.stdout


def test_a_recording_that_is_there_is_not_replaced(tmp_path):
    (tmp_path / "one.npz").write_bytes(b"precious")
    done = run_script("calibration", "record", str(tmp_path / "one.npz"))
    assert done.returncode == 2
    assert (tmp_path / "one.npz").read_bytes() == b"precious"


@pytest.mark.parametrize("words", [("--minutes=0.1",), ("--hints=0", "--fil=0")])
def test_a_recording_that_would_be_empty_is_refused_at_once(tmp_path, words):
    done = run_script("calibration", "record", str(tmp_path / "one.npz"), *words)
    assert done.returncode == 2
    assert "no segment fits into" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_minute_of_recording_holds_every_condition(tmp_path):
    words = ("record", str(tmp_path / "one.npz"), "--minutes=1", "--hints=8", "--fil=8", "--references=6", "--seed=1")
    done = run_script("calibration", *words, timeout_s=300)
    assert done.returncode == 0, done.stderr
    found = data.load(tmp_path / "one.npz")
    assert [each.study for each in found][:3] == ["references", "LATENCY", "THROUGHPUT"]
    assert set(found[1].conditions) == {"A1", "A2", "2%", "5%", "10%", "20%", "pinned"}
    for each in found:
        assert each.rounds >= 1
        slower = [each.column(name) for name in SLOWER] if each.study != "references" else []
        for values in each.figures.values():
            assert np.isfinite(np.delete(values, slower, axis=1)).all()
            assert (np.isfinite(values[:, slower]).sum(axis=1) == 1).all() or not slower, "one slower model a round"
