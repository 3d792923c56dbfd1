"""The study of hints: slices of warm probes by turns; a probe that fails at its start is told and tried again."""

from autogauge.probe.request import Failure, ProbeFailed
from autogauge.stats.verdicts import Outcome
from autogauge.studies import steady
from autogauge.studies.progress import Silent
from autogauge.studies.study import Plan

SPEEDS = {"LATENCY": (100.0, 10.0), "THROUGHPUT": (150.0, 13.0)}


class FakeProbe:
    """A warm probe whose speed is known."""

    def __init__(self, target):
        self.fps, self.latency_ms = SPEEDS[target.hint]
        self.infer_requests = 1
        self.facts = {
            "openvino": "x",
            "hint": target.hint,
            "driver": "none",
            "peak_memory_bytes": 1,
            "seconds": {"fil": 0.1, "compile": 0.09},
        }

    def slice(self, seconds):
        return {
            "fps": self.fps,
            "latencies_ms": [self.latency_ms] * 10,
            "counted_s": seconds,
            "surroundings": {},
            "execution_devices": ["CPU"],
        }


class FakePool:
    """Probes that fail at their first so many starts."""

    def __init__(self, failures=0):
        self.failures, self.started, self.renewed = failures, [], []

    def renew(self, target):
        self.renewed.append(target.label)
        return self.warm(target)

    def warm(self, target):
        self.started.append(target.label)
        if self.failures:
            self.failures -= 1
            raise ProbeFailed(Failure("signal", "ready", "killed by signal 11 (SIGSEGV)"))
        return FakeProbe(target)


class Lines(Silent):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def measured(pool, progress=None):
    study = steady.planned(steady.conditions_for(["AUTO"]), Plan((16,), 60.0), seed=1)
    return steady.SteadyRunner(study, pool, slice_s=0.25, interval_s=1.0)(progress or Silent())


def test_figures_become_verdicts_latencies_and_intervals():
    progress = Lines()
    study = measured(FakePool(), progress)
    fps, latency = study.verdicts()
    assert fps.outcome is latency.outcome is Outcome.PASS
    assert (round(fps.interval.ratio, 6), round(latency.interval.ratio, 6)) == (1.5, round(10 / 13, 6))
    assert len(study.latencies_ms("AUTO-LATENCY")) == 160
    assert progress.lines.count("AUTO-LATENCY: throughput: 100.00 FPS, latency: 10.00 ms, time interval: 1.00 s") == 4


def test_after_so_many_rounds_fresh_processes_serve():
    pool = FakePool()
    study = steady.planned(steady.conditions_for(["AUTO"]), Plan((48,), 60.0), seed=3, relay_rounds=12)
    steady.SteadyRunner(study.anew(3), pool, slice_s=0.25, interval_s=1.0)(Silent())
    assert {pool.renewed.count(label) for label in ("AUTO-LATENCY", "AUTO-THROUGHPUT")} <= {3, 4}
    each_round = FakePool()
    study = steady.planned(steady.conditions_for(["AUTO"]), Plan((16,), 60.0), seed=3, relay_rounds=1)
    steady.SteadyRunner(study, each_round, slice_s=0.25, interval_s=1.0)(Silent())
    assert each_round.renewed.count("AUTO-LATENCY") == 15, "all but the first"
    to_the_end = FakePool()
    study = steady.planned(steady.conditions_for(["AUTO"]), Plan((48,), 60.0), seed=3, relay_rounds=0)
    steady.SteadyRunner(study, to_the_end, slice_s=0.25, interval_s=1.0)(Silent())
    assert not to_the_end.renewed


def test_processes_are_started_in_random_order():
    orders = set()
    for seed in range(20):
        pool, study = FakePool(), steady.planned(steady.conditions_for(["AUTO"]), Plan((16,), 60.0), seed)
        steady.SteadyRunner(study, pool, slice_s=0.25, interval_s=1.0)(Silent())
        orders.add(tuple(pool.started[:2]))
    assert orders == {("AUTO-LATENCY", "AUTO-THROUGHPUT"), ("AUTO-THROUGHPUT", "AUTO-LATENCY")}


def test_a_probe_that_fails_at_its_start_is_a_failed_replicate_and_is_tried_again():
    pool = FakePool(failures=1)
    study = measured(pool)
    assert [(index, name) for index, name, _ in study.failures()] == [(0, pool.started[0])]
    assert len(study.samples(pool.started[0])) == 15
    assert study.verdicts()[0].outcome is Outcome.PASS
    assert "SIGSEGV" in study.verdicts()[0].evidence()
