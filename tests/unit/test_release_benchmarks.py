"""The scripts behind docs/releases.md: what they plant is the same for every driver, and what is wrong is called so, and nothing else."""

import argparse
import contextlib
import random
import re
import runpy
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.lab.bisect.measuring import Measuring
from autogauge.lab.bisect.search import ALIKE, FASTER, OPEN, SLOWER, Answer, Conclusion, Found
from autogauge.lab.releases import beside
from autogauge.stats.verdicts import Outcome
from benchmarks import bisect_tries, matrix_plan, matrix_tries, planted
from benchmarks.bisect_tries import LEFT_OPEN, NOTHING, RANGE, RIGHT, UNMEASURED, WRONG, judged
from benchmarks.calibration.resampled import RECORDED_RELAY, Recording
from benchmarks.matrix_plan import tried

COUNT = 20


def concluded(found, after=0, first=COUNT - 1, ends=SLOWER):
    return Conclusion(found, after, first, {COUNT - 1: Answer(ends)})


@pytest.mark.parametrize(
    ("conclusion", "place", "word"),
    [
        (concluded(Found.NAMED, 6, 7), 7, RIGHT),
        (concluded(Found.NAMED, 7, 8), 7, WRONG),
        (concluded(Found.RANGE, 5, 8), 7, RANGE),
        (concluded(Found.RANGE, 5, 8), 8, RANGE),
        (concluded(Found.RANGE, 5, 8), 5, WRONG),
        (concluded(Found.RANGE, 5, 8), 9, WRONG),
        (concluded(Found.OPEN), 7, LEFT_OPEN),
        (concluded(Found.OPEN, ends=OPEN), 7, LEFT_OPEN),
        (concluded(Found.IN_STEPS, 6, 7), 7, LEFT_OPEN),
        (concluded(Found.NO_DIFFERENCE, ends=ALIKE), 7, WRONG),
        (concluded(Found.SWAPPED, ends=FASTER), 7, WRONG),
        (Conclusion(Found.NOT_MEASURED, 0, COUNT - 1), 7, UNMEASURED),
        (concluded(Found.NO_DIFFERENCE, ends=ALIKE), None, NOTHING),
        (concluded(Found.OPEN, ends=OPEN), None, LEFT_OPEN),
        (concluded(Found.OPEN), None, WRONG),
        (concluded(Found.NAMED, 6, 7), None, WRONG),
        (concluded(Found.RANGE, 6, 9), None, WRONG),
        (concluded(Found.IN_STEPS, 6, 7), None, WRONG),
        (concluded(Found.SWAPPED, ends=FASTER), None, WRONG),
        (Conclusion(Found.NOT_MEASURED, 0, COUNT - 1), None, UNMEASURED),
    ],
)
def test_only_what_is_wrong_is_called_wrong(conclusion, place, word):
    assert judged(conclusion, place, COUNT) == word


@pytest.fixture
def asked(monkeypatch):
    """What a measured run is asked for, with nothing that takes time."""
    told = SimpleNamespace(evidence=lambda: "+10 %", cost=SimpleNamespace(ratio=1.1))
    monkeypatch.setattr(planted, "inference_s", lambda *_: (0.02, "infer in threads"))
    monkeypatch.setattr(planted, "came_of", lambda *_: told)
    monkeypatch.setattr(planted, "held", lambda *_: contextlib.nullcontext(None))
    monkeypatch.setattr(bisect_tries.warm, "agreed_driver", bisect_tries.warm.agreed_driver)
    return argparse.Namespace(
        measure=sys.executable,
        seed=1,
        share=0.1,
        releases=COUNT,
        tries=2,
        identical=2,
        metric="fps",
        pair_budget=1.0,
        calibrate=1.0,
        model="one-convolution",
    )


@pytest.mark.parametrize(
    ("found", "identical", "status", "line"),
    [
        (concluded(Found.OPEN), concluded(Found.OPEN, ends=OPEN), 0, "WRONG 0, a range with it 0, left open 2"),
        (concluded(Found.NO_DIFFERENCE, ends=ALIKE), concluded(Found.OPEN, ends=OPEN), 1, "named right 0, WRONG 2"),
        (concluded(Found.OPEN), concluded(Found.NAMED, 3, 4), 1, "no difference 0, WRONG 2"),
        (concluded(Found.OPEN), concluded(Found.NO_DIFFERENCE, ends=ALIKE), 0, "no difference 2, WRONG 0"),
    ],
)
def test_a_measured_run_counts_each_and_fails_for_what_is_wrong_alone(
    asked, monkeypatch, capsys, found, identical, status, line
):
    def run(self):
        self.conclusion = found if any("-b/" in name for name in self.wanted.names) else identical
        return None, None

    monkeypatch.setattr(Measuring, "run", run)
    assert bisect_tries.measure(asked) == status
    said = capsys.readouterr().out
    assert line in said
    assert "an inference takes 20.00 ms, driven by: infer in threads" in said
    before, after = "planted, before the tries: 2.00 ms before each: fps, +10 %", "planted, after the tries: +10 %"
    assert said.count(before) == 1
    assert said.index(before) < said.index(after)


@pytest.mark.parametrize(("gain", "ends_at"), [(1.0, 1), (3.0, 2), (0.1, 3), (0.0, 4)])
def test_what_is_planted_is_set_right_by_what_comes_of_it(monkeypatch, tmp_path, gain, ends_at):
    pauses = []

    def came_of(folder, plain, late, _):
        pauses.append(float(re.search(r"pause_s = (\S+)", Path(late).read_text())[1]))
        return SimpleNamespace(evidence=str, cost=SimpleNamespace(ratio=1 + gain * pauses[-1] / 0.02))

    monkeypatch.setattr(planted, "came_of", came_of)
    wanted = planted.Wanted(sys.executable, "fps", 0.1, 1.0, "one-convolution", 1)
    found = planted.calibrated(tmp_path, 0.002, wanted)
    assert len(pauses) == ends_at
    assert found == pauses[-1]
    if gain:
        assert gain * found / 0.02 == pytest.approx(0.1, rel=0.12)


def test_ctrl_c_ends_a_measured_run(asked, monkeypatch):
    monkeypatch.setattr(Measuring, "run", lambda self: (None, KeyboardInterrupt("SIGINT")))
    with pytest.raises(KeyboardInterrupt):
        bisect_tries.measure(asked)


def test_all_are_driven_in_the_usual_way(asked, monkeypatch):
    monkeypatch.setattr(Measuring, "run", lambda self: (None, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        bisect_tries.measure(asked)
    probe = SimpleNamespace(drivers=("infer in threads", "polling"), driver="polling", trial={"polling": [9.0] * 20})
    assert bisect_tries.warm.agreed_driver([probe]) == "infer in threads"


@pytest.mark.parametrize("pause_s", [0.0, 0.05])
def test_the_same_is_planted_before_every_inference_however_it_is_driven(monkeypatch, pause_s):
    class InferRequest:
        def infer(self, inputs, shared):
            return ["infer", inputs, shared]

        def start_async(self, inputs, userdata):
            return ["start_async", inputs, userdata]

        def wait(self):
            return "wait"

        def wait_for(self, ms):
            return "wait_for"

        @property
        def latency(self):
            return 7.0

    now = [0.0]

    def goes_on():
        now[0] += 0.001
        return now[0]

    package = SimpleNamespace(_pyopenvino=SimpleNamespace(InferRequest=InferRequest))
    monkeypatch.setitem(sys.modules, "openvino", package)
    monkeypatch.setattr(time, "perf_counter", goes_on)
    ran = []
    monkeypatch.setattr(runpy, "run_path", lambda *words, **more: ran.append((words, more, list(sys.argv))))
    monkeypatch.setattr(sys, "argv", ["/envs/planted/python", "worker.py", "result"])
    exec(planted.PLANT.format(python="/bin/python", pause_s=pause_s), {"__name__": "__main__"})
    assert ran == [(("worker.py",), {"run_name": "__main__"}, ["worker.py", "result"])]
    request, took = InferRequest(), {}
    for name, words in (("infer", ({}, True)), ("start_async", ({}, None)), ("wait", ()), ("wait_for", (0,))):
        before = now[0]
        found = getattr(request, name)(*words)
        assert found == ([name, *words] if words and name != "wait_for" else name)
        took[name] = now[0] - before
    assert took["infer"] == pytest.approx(took["start_async"])
    assert took["wait"] == took["wait_for"] == 0
    assert took["infer"] >= pause_s
    assert request.latency == pytest.approx(7 + 1e3 * pause_s)


# Plans of a matrix.


def recordings(luck, seed=1, rounds=400):
    """Made-up recordings of two identical processes: each life has its own share of a difference, and rounds differ by 1.5 %."""
    chance = np.random.default_rng(seed)
    lives = np.repeat(chance.normal(0, luck, rounds // RECORDED_RELAY + 1), RECORDED_RELAY)[:rounds]
    return [
        Recording(hint, "quiet", lives + chance.normal(0, 0.015, rounds), chance.normal(0, 0.015, rounds), 0.3, 0.4)
        for hint in matrix_plan.HINTS
    ]


def plan_asked(**more):
    words = {
        "releases": 3,
        "start_s": 1.5,
        "slice_s": 0.07,
        "longest": 300.0,
        "trials": 20,
        "seed": 1,
        "noise": "quiet",
    }
    return argparse.Namespace(**{**words, **more})


def test_a_matrix_that_is_made_up_has_its_base_beside_itself_and_all_pairs_share_the_base(monkeypatch):
    shared = []
    own = matrix_plan._judged

    def judged_of(sides, rounds, confidence):
        shared.append((rounds, sides[1].tobytes()))
        return own(sides, rounds, confidence)

    monkeypatch.setattr(matrix_plan, "_judged", judged_of)
    done = tried(recordings(0.0), random.Random(2), beside.RELAY_ROUNDS, 4, plan_asked())
    assert (done.wrong, done.alarms, done.decided) == (0, 0, True)
    assert len({base for _, base in shared}) == len(matrix_plan.HINTS), "one base a hint, also beside itself"
    assert min(rounds for rounds, _ in shared) == beside.first_look(beside.RELAY_ROUNDS)


def test_an_a_a_that_differs_is_counted_and_no_verdict_of_its_figure_is():
    """Processes that serve very long have their luck in all of their rounds: A/A shows it."""
    done = [tried(recordings(0.08), random.Random(seed), 60, 4, plan_asked()) for seed in range(4)]
    assert sum(each.alarms > 0 for each in done) > 0
    assert not any(each.decided for each in done if each.alarms)


def test_how_many_processes_a_verdict_needs_is_printed(monkeypatch, capsys):
    """As many are waited for as the row says; a pair that is called different is counted."""
    looked = []

    def judged_of(sides, rounds, confidence):
        looked.append(rounds)
        return Outcome.FAIL if rounds < 50 else Outcome.PASS, None

    monkeypatch.setattr(matrix_plan, "recordings", lambda _: recordings(0.0))
    monkeypatch.setattr(matrix_plan, "_judged", judged_of)
    monkeypatch.setattr(sys, "argv", ["matrix_plan.py"])
    matrix_plan.by_processes(plan_asked(process_sd=[2.0], processes=[2, 16], trials=5))
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| 2 %")]
    assert [row[3].strip() for row in rows] == ["100.00 %", "0.00 %"]
    assert looked == [2 * beside.RELAY_ROUNDS] * 5 + [16 * beside.RELAY_ROUNDS] * 5
    chance = random.Random(1)
    spread = np.std([recordings(0.0)[0].luck(chance, 6, 6, 0.02)[0] for _ in range(300)])
    assert spread == pytest.approx(0.02, rel=0.15)


@pytest.mark.parametrize(
    ("word", "is_slowed", "worth"),
    [
        (SLOWER, True, matrix_tries.NAMED),
        (FASTER, True, matrix_tries.WRONG),
        (ALIKE, True, matrix_tries.WRONG),
        (OPEN, True, matrix_tries.OPEN_YET),
        (SLOWER, False, matrix_tries.WRONG),
        (FASTER, False, matrix_tries.WRONG),
        (ALIKE, False, matrix_tries.ALIKE),
        (OPEN, False, matrix_tries.OPEN_YET),
    ],
)
def test_of_a_matrix_only_what_is_wrong_is_called_wrong(word, is_slowed, worth):
    assert matrix_tries.judged(word, is_slowed=is_slowed) == worth
