"""The study of hints: slices of warm probes by turns, driven alike; a probe that fails at its start is told and tried again."""

import dataclasses

import pytest

from autogauge.measuring import notes
from autogauge.measuring.checking import StudyMistake
from autogauge.measuring.claim import Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.warm import WarmTurns, check_apart
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target
from tests.studied import measured as finished
from tests.studied import planned_hints

SPEEDS = {"LATENCY": (100.0, 10.0), "THROUGHPUT": (150.0, 13.0)}


class FakeProbe:
    """A warm probe whose speed is known; ``trial`` is what it says of its drivers."""

    drivers = ("infer in threads", "polling")

    def __init__(self, target, driver="", trial=None):
        self.target = target
        self.fps, self.latency_ms = SPEEDS[target.hint]
        self.infer_requests = 1
        self.driver = driver or "infer in threads"
        self.trial = {} if driver else trial or {}
        self.facts = {
            "openvino": "x",
            "hint": target.hint,
            "processors": 2,
            "peak_memory_bytes": 1,
            "seconds": {"fil": 0.1, "compile": 0.09},
        }

    def slice(self, seconds):
        return {
            "fps": self.fps,
            "inferences_per_second": self.fps,
            "latencies_ms": [self.latency_ms] * 10,
            "counted_s": seconds,
            "surroundings": {},
            "execution_devices": ["CPU"],
        }


class FakePool:
    """Probes that fail at their first so many starts."""

    def __init__(self, failures=0, trials=None):
        self.failures, self.started, self.renewed = failures, [], []
        self.trials, self.drivers, self.driven = trials or {}, {}, []

    def renew(self, target, infer_requests=0):
        self.renewed.append(target.label)
        return self.warm(target)

    def warm(self, target, infer_requests=0):
        self.started.append(target.label)
        if self.failures:
            self.failures -= 1
            raise ProbeFailed(Failure("signal", "ready", "killed by signal 11 (SIGSEGV)"))
        return FakeProbe(target, self.drivers.get(target.key, ""), self.trials.get(target.device))

    def drive_by(self, target, driver, infer_requests=0):
        self.drivers[target.key] = driver
        self.driven.append((target.label, driver))


class Lines(Silent):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def run_warm(study, pool, progress=None, drivers=None):
    progress = progress or Silent()
    return finished(study, WarmTurns(study, pool, progress, slice_s=0.25, interval_s=1.0, drivers=drivers), progress)


def measured(pool, progress=None):
    study = planned_hints(Plan((16,), 60.0), seed=1)
    return run_warm(study, pool, progress)


def test_figures_become_verdicts_latencies_and_intervals():
    progress = Lines()
    study = measured(FakePool(), progress)
    fps, latency = (study.verdict(claim) for claim in study.claims if isinstance(claim, Ratio))
    assert fps.outcome is latency.outcome is Outcome.PASS
    assert (round(fps.interval.ratio, 6), round(latency.interval.ratio, 6)) == (1.5, round(10 / 13, 6))
    assert len(study.latencies_ms("AUTO-LATENCY")) == 160
    assert progress.lines.count("AUTO-LATENCY: throughput: 100.00 FPS, latency: 10.00 ms, time interval: 1.00 s") == 4


def test_after_so_many_rounds_fresh_processes_serve():
    pool = FakePool()
    study = planned_hints(Plan((48,), 60.0), seed=3, relay_rounds=12)
    run_warm(study.anew(3), pool)
    assert {pool.renewed.count(label) for label in ("AUTO-LATENCY", "AUTO-THROUGHPUT")} <= {3, 4}
    each_round = FakePool()
    study = planned_hints(Plan((16,), 60.0), seed=3, relay_rounds=1)
    run_warm(study, each_round)
    assert each_round.renewed.count("AUTO-LATENCY") == 15, "all but the first"
    to_the_end = FakePool()
    study = planned_hints(Plan((48,), 60.0), seed=3, relay_rounds=0)
    run_warm(study, to_the_end)
    assert not to_the_end.renewed


def test_two_conditions_that_would_be_one_process_are_refused():
    result = planned_hints(Plan((16,), 60.0))
    check_apart(result)
    copies = [dataclasses.replace(each, name=f"{each.name} again") for each in result.conditions[:1]]
    with pytest.raises(StudyMistake, match="one warm process would be both"):
        check_apart(dataclasses.replace(result, conditions=(*result.conditions, *copies)))
    others = [dataclasses.replace(each, runs_on="2025.4.1") for each in copies]
    check_apart(dataclasses.replace(result, conditions=(*result.conditions, *others)))


def test_processes_are_started_in_random_order():
    orders = set()
    for seed in range(20):
        pool, study = FakePool(), planned_hints(Plan((16,), 60.0), seed)
        run_warm(study, pool)
        orders.add(tuple(pool.started[:2]))
    assert orders == {("AUTO-LATENCY", "AUTO-THROUGHPUT"), ("AUTO-THROUGHPUT", "AUTO-LATENCY")}


def test_a_probe_that_fails_at_its_start_is_a_failed_replicate_and_is_tried_again():
    pool = FakePool(failures=1)
    study = measured(pool)
    assert [(index, name) for index, name, _ in study.failures()] == [(0, pool.started[0])]
    assert len(study.samples(pool.started[0])) == 15
    assert study.verdicts()[0].outcome is Outcome.PASS
    assert "SIGSEGV" in study.verdicts()[0].evidence()


POLLING_WINS = {"infer in threads": [100.0] * 8, "polling": [200.0] * 8}
THREADS_WIN = {"infer in threads": [100.0] * 8, "polling": [30.0] * 8}


def compared(pool, conditions, drivers=None):
    study = planned_hints(Plan((16,), 60.0), conditions=conditions, relay_rounds=3)
    return run_warm(study, pool, drivers=drivers)


def test_both_sides_of_a_comparison_are_driven_alike_also_by_fresh_processes_and_in_a_second_measurement():
    """One side's trial says polling, and clearly; the other side's says threads by less: what both say together counts."""
    sides = tuple(Condition(f"{device}-LATENCY", Target.with_hint(device, "LATENCY")) for device in ("AUTO", "CPU"))
    much_faster = {"infer in threads": [100.0] * 8, "polling": [103.0] * 8}
    chosen = {}
    first = compared(FakePool(trials={"AUTO": POLLING_WINS, "CPU": much_faster}), sides, chosen)
    assert {each["driver"] for each in first.facts.values()} == {"polling"} == {*chosen.values()}
    assert {name: each["drivers_tried"] for name, each in first.facts.items()} == {
        "AUTO-LATENCY": {"polling": 2.0},
        "CPU-LATENCY": {"polling": 1.03},
    }
    second = compared(FakePool(trials={"AUTO": THREADS_WIN, "CPU": THREADS_WIN}), sides, chosen)
    assert {each["driver"] for each in second.facts.values()} == {"polling"}
    assert "hints: driven: 1 request by polling" in notes.of(second)


def test_the_pinned_workload_is_driven_in_the_usual_way_whatever_its_trial_says():
    own = Condition("AUTO-LATENCY", Target.with_hint("AUTO", "LATENCY"), beside="pinned-LATENCY")
    pinned = Condition("pinned-LATENCY", Target.with_hint("CPU", "LATENCY"))
    study = compared(FakePool(trials={"AUTO": THREADS_WIN, "CPU": POLLING_WINS}), (own, pinned))
    assert {each["driver"] for each in study.facts.values()} == {"infer in threads"}
    study = compared(FakePool(trials={"AUTO": POLLING_WINS, "CPU": POLLING_WINS}), (own, pinned))
    assert {name: each["driver"] for name, each in study.facts.items()} == {
        "AUTO-LATENCY": "polling",
        "pinned-LATENCY": "infer in threads",
    }


def test_what_the_harness_left_of_the_bound_is_a_figure_of_each_sample():
    study = measured(FakePool())
    shares = {name: study.figures(name, "share_of_bound")[0] for name in ("AUTO-LATENCY", "AUTO-THROUGHPUT")}
    assert {name: round(share, 6) for name, share in shares.items()} == {"AUTO-LATENCY": 1.0, "AUTO-THROUGHPUT": 1.95}
