"""From a claim as it was said to one that a study can judge: which metric it is on, and in which unit; what of it becomes a benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from autogauge.claims.conditions import On
from autogauge.claims.places import Place
from autogauge.claims.said import AT_LEAST, BOUND, DIFFERENCE, FACT, Said
from autogauge.measuring.claim import Bound, Claim, Difference, Fact, Ratio, Relation
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.rig import stints, warm
from autogauge.rig.fresh import FIL, PEAK_MEMORY
from autogauge.rig.profile import NONE
from autogauge.rig.rig import Rig
from autogauge.targets import ACCELERATOR_KINDS, find_device

BY_ROUND = MappingProxyType({"FPS": warm.FPS, "MEAN": warm.LATENCY_MS})
"""What is compared within the rounds of warm processes."""
BY_PROCESS = MappingProxyType(
    {
        "FPS": stints.PROCESS_FPS,
        "MEAN": stints.PROCESS_MEAN,
        **{f"P{percent}": metric for percent, metric in stints.PERCENTILES.items()},
    }
)
"""What a warm process gives as a whole."""
AT_THE_START = MappingProxyType({"FIL": FIL, "PEAK_MEMORY": PEAK_MEMORY})
"""What happens once in a process."""
TITLES = MappingProxyType(
    {
        warm.FPS.name: "seconds per frame",
        warm.LATENCY_MS.name: "mean latency",
        stints.PROCESS_FPS.name: "seconds per frame by process",
        stints.PROCESS_MEAN.name: "mean latency by process",
        **{metric.name: f"p{percent} latency by process" for percent, metric in stints.PERCENTILES.items()},
        FIL.name: "first inference latency",
        PEAK_MEMORY.name: "peak memory in MiB",
    }
)
"""What the benchmark of a metric is called, after its model."""


@dataclass(frozen=True)
class Asserted:
    """A claim that a test makes of a model: its name, its sentence, what was said, and where the test stands."""

    name: str
    sentence: str
    said: Said
    place: Place

    @property
    def is_of_starts(self) -> bool:
        """Whether fresh processes tell it; else warm ones do."""
        return self.said.figure is not None and self.said.figure.key in AT_THE_START

    @property
    def is_of_processes(self) -> bool:
        """Whether it rests on what each warm process gave as a whole."""
        return self.metric is not None and bool(self.metric.of_process)

    @property
    def metric(self) -> Metric | None:
        """What it is on; ``None`` for a fact. A comparison is within rounds where that can be, a bound rests on processes."""
        if self.said.figure is None:
            return None
        key = self.said.figure.key
        if key in AT_THE_START:
            return AT_THE_START[key]
        return BY_ROUND[key] if self.said.kind != BOUND and key in BY_ROUND else BY_PROCESS[key]

    @property
    def is_turned_round(self) -> bool:
        """Whether it is a bound that what is better breaks: ``FPS(A) <= 200``, ``P99(A) >= "1 ms"``."""
        metric = self.metric if self.said.kind == BOUND else None
        return metric is not None and (self.said.relation == AT_LEAST) is not metric.higher_is_better

    @property
    def benchmarks(self) -> tuple[tuple[str, Metric], ...]:
        """What it records: conditions, and the metric."""
        metric = self.metric
        return () if metric is None else tuple((each.name, metric) for each in self.said.conditions)

    def claim(self) -> Claim:
        """The claim that is judged."""
        said, metric = self.said, self.metric
        names = tuple(each.name for each in said.conditions)
        if metric is None or said.kind == FACT:
            return Fact(self.name, self.sentence, names)
        relation: Relation = "at least" if said.relation == AT_LEAST else "at most"
        in_unit = said.bound if metric.higher_is_better or metric.is_memory else said.bound / (metric.seconds or 1.0)
        if said.kind == BOUND:
            return Bound(self.name, self.sentence, metric, names[0], relation, in_unit, given=said.given)
        if said.kind == DIFFERENCE:
            return Difference(self.name, self.sentence, metric, names[0], names[1], relation, in_unit, given=said.given)
        return Ratio(self.name, self.sentence, metric, names[0], names[1], relation, said.bound)


def why_absent(on: On, rig: Rig) -> str:
    """Why a condition cannot be measured on this machine, in a sentence with the next step; empty where it can."""
    available = rig.inspection.devices
    seen = ", ".join(device.name for device in available)
    for name in on.devices:
        if find_device(name, available) is None:
            return (
                f"no {name} on this machine, which {on.name} names (OpenVINO sees {seen}): measure where there is one"
            )
        if rig.asked.accelerator == NONE and name.partition(".")[0] in ACCELERATOR_KINDS:
            return f"the {name}, which {on.name} names, is left out by --accelerator=none: leave that out to measure it"
    return ""


def absent_of(asserted: Sequence[Asserted], rig: Rig) -> dict[str, str]:
    """The claims that cannot be measured here, by name, with the reason."""
    found = {}
    for each in asserted:
        for on in each.said.conditions:
            if each.name not in found and (why := why_absent(on, rig)):
                found[each.name] = why
    return found


def conditions_of(asserted: Iterable[Asserted], model: str) -> tuple[Condition, ...]:
    """The conditions that these claims are about, each once, in the order in which they were said."""
    found = {on.name: on for each in asserted for on in each.said.conditions}
    return tuple(
        Condition(name, on.target, name, infer_requests=on.requests, own_labels=_labels(on, model))
        for name, on in found.items()
    )


def _labels(on: On, model: str) -> dict[str, str]:
    return {"of": model, **({"requests": str(on.requests)} if on.requests else {})}


def recorded_of(asserted: Iterable[Asserted], model: str) -> dict[str, str]:
    """What becomes a benchmark, by its title, which begins with the model's name: no two models' benchmarks have one name."""
    metrics = {metric.name for each in asserted for _, metric in each.benchmarks}
    return {title_of(model, name): name for name in TITLES if name in metrics}


def title_of(model: str, metric: str) -> str:
    """What the benchmarks of that metric are called for that model."""
    return f"{model}: {TITLES[metric]}"
