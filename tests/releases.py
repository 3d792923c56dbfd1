"""Releases for unit tests: what a block of them measures is made up, on a clock of its own."""

import random
from types import SimpleNamespace

from autogauge.errors import UserError
from autogauge.lab.bisect import measuring
from autogauge.lab.bisect import outcome as bisect_outcome
from autogauge.lab.bisect.measuring import Wanted
from autogauge.lab.matrix import measuring as matrix_measuring
from autogauge.lab.matrix import outcome, plan
from autogauge.lab.releases import beside, differs, figures, kept
from autogauge.lab.releases import named as naming
from autogauge.lab.releases.figures import FIGURES
from autogauge.lab.releases.named import AGAIN, Named
from autogauge.measuring import schedule
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import Sample
from autogauge.probe.identity import Runtime
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.profile import PROFILES
from autogauge.rig.workload import Setup

TURN_S = 0.06


def named(*versions):
    return [Named(version, f"{version}-1234-abc", version) for version in versions]


def rig(those):
    """As much of a rig as a block and a file ask for."""
    return SimpleNamespace(
        setups={each.text: Setup(None, None) for each in those},
        notes=[],
        asked=SimpleNamespace(profile=PROFILES["standard"], accelerator="auto"),
        found=lambda name: None,
    )


class Clock:
    """Goes on by a turn each time that something is measured."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


class Machine:
    """Measures conditions whose costs are known: of each runtime by name, beside that of the base; ``noise`` is relative.

    ``disturbed`` is the share of turns that something else makes up to half as long again.
    """

    def __init__(self, costs, noise=0.02, seed=1, requests=None, dies=(), disturbed=0.0):
        self.costs, self.noise, self.requests, self.dies, self.disturbed = costs, noise, requests or {}, dies, disturbed
        self.chance, self.clock, self.turns = random.Random(seed), Clock(), []
        self.result = None

    def measure(self, condition):
        self.clock.now += TURN_S
        self.turns.append(condition.name)
        if condition.runs_on in self.dies:
            raise ProbeFailed(Failure("signal", "start", "killed by signal 11"))
        runs_on = condition.runs_on
        cost = self.costs.get(runs_on, self.costs.get(runs_on.removesuffix(AGAIN), 1.0))
        cost *= self.chance.lognormvariate(0, self.noise)
        if self.disturbed and self.chance.random() < self.disturbed:
            cost *= self.chance.uniform(1, 1.5)
        self.result.facts.setdefault(condition.name, {"infer_requests": self.requests.get(runs_on, 1)})
        return Sample({"fps": 30 / cost, "latency_ms": 30 * cost, "fil_s": 0.2 * cost})

    def run(self, result, monkeypatch):
        self.result = result
        monkeypatch.setattr(schedule, "time", self.clock)
        schedule.run(result, self.measure, Silent())
        return result


def without_asking(monkeypatch):
    """Files say nothing of this machine and of git, which takes half a second to ask."""
    monkeypatch.setattr(kept.run_file, "machine_info", lambda machine, *_: {"node": machine})
    moment = "2026-11-26T10:00:00+00:00"
    monkeypatch.setattr(
        kept.run_file,
        "document",
        lambda _, told: {"machine_info": dict(told), "benchmarks": [], "datetime": moment, "version": "5"},
    )


def matrix_of(machine, monkeypatch, versions, base, wanted=None, absent=None, interrupted_by=""):
    """A matrix as its file holds it, and that document."""
    without_asking(monkeypatch)
    wanted = wanted or plan.Wanted(figures.parse("hints", None))
    those = named(*versions)
    own = next(each for each in those if each.text == base)
    others = [each for each in those if each is not own]
    place = rig(those)
    results = [
        machine.run(block.result(place, 7 + number), monkeypatch)
        for number, block in enumerate(plan.blocks(wanted, own, others))
    ]
    found = outcome.settings(own, others, wanted.figures, wanted.smallest_change, wanted.family_error, absent or {})
    keeper = kept.Keeper(None, outcome.KIND, "lab-01", lambda: found, results)
    keeper.interrupted_by = interrupted_by
    return keeper.document(place, is_over=True)


NAMES = tuple(f"2025.{number}.0" for number in range(20))


def slower_from(place, size=1.1, names=NAMES):
    return {name: size if number >= place else 1.0 for number, name in enumerate(names)}


class Lab:
    """A machine with releases whose costs are known, on which bisections are measured; some cannot be set up."""

    def __init__(
        self, monkeypatch, tmp_path, costs, noise=0.02, broken=(), dies=(), seed=3, removed=None, without=None
    ):
        """``removed`` says of some, by name, after how many turns they are no longer there; ``without`` why some cannot be had."""
        self.machine = Machine(costs, noise, seed, dies=dies)
        self.place, self.tmp_path, self.broken = rig([]), tmp_path, dict.fromkeys(broken, "it hung (--openvino).")
        self.place.deadlines, self.place.cache = SimpleNamespace(probe_s=1.0), None
        self.removed, self.turns, self.monkeypatch = removed or {}, {}, monkeypatch
        self.set_up = []
        without_asking(monkeypatch)
        monkeypatch.setattr(naming, "set_up", self._set_up)
        monkeypatch.setattr(naming, "require_room", lambda *_: without or {})
        monkeypatch.setattr(beside, "measure", self._measure)
        monkeypatch.setattr(differs, "properties_of", self._properties)

    def _set_up(self, rig, name, option, *_):
        self.set_up.append(name)
        if name in self.broken:
            raise UserError(self.broken[name])
        rig.setups[name] = Setup(SimpleNamespace(runtime=Runtime(name=name)), None)
        return Named(name, f"{name}-99-abc", name)

    def _properties(self, setup, target, deadline_s):
        cost = self.machine.costs.get(setup.launcher.runtime.name, 1.0)
        return {"NUM_STREAMS": "1" if cost > 1 else "2", "CPU: THREADS": "2"}

    def _measure(self, rig, block, result):
        """Some are removed while they are measured: a turn of theirs says so, as a probe does that is to start then."""

        def turn(condition):
            if (after := self.removed.get(condition.runs_on)) is not None:
                runtime = rig.setups[condition.runs_on].launcher.runtime
                self.turns[condition.runs_on] = self.turns.get(condition.runs_on, 0) + 1
                if self.turns[condition.runs_on] > after:
                    if not runtime.by_itself:
                        raise runtime.gone("it is not there")
                    runtime.spoil(runtime.gone("it is not there"))
                    raise ProbeFailed(Failure("error", "start", runtime.spoilt))
            return measure(condition)

        if self.removed:
            measure = type(self.machine).measure.__get__(self.machine)
            self.machine.measure = turn
        return self.machine.run(result, self.monkeypatch)

    def matrix(self, names, base, **wanted):
        self.session = SimpleNamespace(rig=self.place, progress=Silent(), save=None, close=lambda at_once=False: None)
        asked = plan.Wanted(figures.parse(wanted.pop("study", "hints"), wanted.pop("metric", None)), **wanted)
        work = matrix_measuring.Measuring(self.session, asked, self.tmp_path, "lab-01")
        path, interruption = work.run(names, base)
        return outcome.of_file(path) if path else None, interruption

    def bisect(self, names=NAMES, figure="latency", **wanted):
        self.session = SimpleNamespace(rig=self.place, progress=Silent(), save=None, close=lambda at_once=False: None)
        work = measuring.Measuring(self.session, Wanted(names, FIGURES[figure], **wanted), self.tmp_path, "lab-01")
        path, interruption = work.run()
        return bisect_outcome.of_file(path) if path else None, interruption
