"""What a result of ``why`` says: the layers whose difference carries the change, the sum beside the whole, phases, properties that differ.

Everything is read out of the result alone, which may have been saved: no process is asked.

A difference is B's less A's in the same block; its interval is the exact one of ``stats.intervals.paired_difference``.
Several lines of one kind are a family, whose error of 5 % they share equally (C. E. Bonferroni, "Teoria statistica delle classi e calcolo
delle probabilità",
1936): with that confidence *every* line of the family holds its true difference. An interval of layers, and of their sum, is wider by what
the device's counting drops of each of them: devices count whole microseconds.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Optional, Union

import numpy as np

from autogauge.lab.why import compiled
from autogauge.lab.why.lines import SIDES, Compared, Line
from autogauge.lab.why.matching import Group, Layer, match
from autogauge.lab.why.study import ALONE, COUNTED, CREATE_REQUEST, LATENCY_MS, LAYERS_MS, LAYERS_US, METRICS, name_of
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import Array, Result
from autogauge.rig.fresh import FIL, PHASES
from autogauge.stats.intervals import Interval, fewest_replicates, paired_difference

FAMILY_ERROR = 0.05
SMALLEST_SHARE, FEWEST_HELD = 0.002, 12
"""Layers that take less of either side's sum are one line together, beyond the largest: each would widen the intervals of all."""
MOST_OF_FEW_BLOCKS = 20
"""So many of the largest layers have a line of their own, though there are too few blocks for an interval."""
BLOCKS_FOR_LAYERS = fewest_replicates(1 - FAMILY_ERROR / (MOST_OF_FEW_BLOCKS + 1))
"""With so many blocks each line of a layer has an interval, however many layers there are."""
JOINED = " + "
PLAIN, SUM, COUNTING = "inference, not counted", "sum of layers", "counting itself"
UNEXPLAINED = "change that layers leave unexplained"
"""How lines of the whole are called."""
Figures = Union[Sequence[float], Array]  # noqa: UP007 (Python 3.9 evaluates it)
Column = Sequence[Optional[float]]  # noqa: UP045
"""A figure for each block; ``None`` where that has none."""


class Finding:
    """What the result says. Every part is there as far as the result goes: of an interrupted one maybe none."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self._facts: tuple[Mapping[str, Any], ...] = tuple(
            result.facts.get(name_of(each, COUNTED), {}) for each in SIDES
        )

    @cached_property
    def layers(self) -> tuple[list[Layer], list[Layer]]:
        """The layers of A and of B; none where a side was never counted."""
        a, b = ([Layer.from_json(each) for each in facts.get("layers") or ()] for facts in self._facts)
        return a, b

    @cached_property
    def groups(self) -> list[Group]:
        """Which are which; none unless both sides were counted."""
        a, b = self.layers
        return match(a, b, one_model=self.one_model) if a and b else []

    @property
    def one_model(self) -> bool:
        """Whether both sides are one model, whose layers' names mean the same on both."""
        return len({facts.get("model") for facts in self._facts}) == 1

    @cached_property
    def _times(self) -> tuple[Array, Array]:
        """Microseconds of each group in each block that has both sides: two arrays, shape ``(blocks, groups)``."""
        names = [name_of(each, COUNTED) for each in SIDES]
        found: tuple[list[Any], list[Any]] = ([], [])
        for replicate in self.result.replicates:
            rows = [replicate.samples[name].arrays.get(LAYERS_US) for name in names if name in replicate.samples]
            if len(rows) == 2 and all(
                row is not None and len(row) == len(side) for row, side in zip(rows, self.layers, strict=True)
            ):
                for side, row in enumerate(rows):
                    assert row is not None
                    found[side].append([float(np.sum(row[[*places]])) for places in map(_of(side), self.groups)])
        a, b = (np.asarray(each, float).reshape(len(each), len(self.groups)) for each in found)
        return a, b

    @property
    def blocks(self) -> int:
        """How many blocks have the layers of both sides."""
        return len(self._times[0])

    @cached_property
    def _held(self) -> list[int]:
        """The groups that have a line of their own, by place: those that take some of the time, of too many the largest.

        The largest few have one whatever their share: of hundreds of equal layers each takes next to nothing.
        """
        if not self.blocks:
            return []
        most = max(1, math.floor(FAMILY_ERROR * 2 ** (self.blocks - 1)) - 1)
        places = sorted(range(len(self.groups)), key=lambda place: -self._shares[place])
        return places[: min(max(self._worth_a_line, FEWEST_HELD), max(most, MOST_OF_FEW_BLOCKS))]

    @cached_property
    def _shares(self) -> Array:
        """Of each group how much of the time it takes, on the side where that is more; 0 without any block."""
        if not self.blocks:
            return np.zeros(len(self.groups))
        sizes = [np.median(side, axis=0) for side in self._times]
        return np.asarray(np.max([size / max(float(size.sum()), 1e-9) for size in sizes], axis=0))

    @property
    def _worth_a_line(self) -> int:
        return int(sum(each >= SMALLEST_SHARE for each in self._shares))

    @property
    def without_a_line(self) -> int:
        """How many groups take enough of the time for a line of their own, and have none, since there are too few blocks for so many."""
        return max(0, self._worth_a_line - len(self._held))

    @property
    def fewest_for_all(self) -> int:
        """So many blocks give each of these a line, too."""
        return fewest_replicates(1 - FAMILY_ERROR / (self._worth_a_line + 1))

    @cached_property
    def others(self) -> list[Compared]:
        """The groups that are in the one line with all others, the largest first. Nothing is judged of them."""
        held = {*self._held}
        left = [place for place in range(len(self.groups)) if place not in held] if self.blocks else []
        return [self._compared(place) for place in sorted(left, key=lambda place: -self._shares[place])]

    @cached_property
    def renamed(self) -> list[tuple[list[str], list[str]]]:
        """The names in A and in B of groups that have others there; none of a name that is in several groups, which would mix them up."""
        a_layers, b_layers = self.layers
        names = [
            (
                [*dict.fromkeys(a_layers[each].name for each in group.a)],
                [*dict.fromkeys(b_layers[each].name for each in group.b)],
            )
            for group in self.groups
        ]
        in_groups = Counter(name for a, b in names for name in {*a, *b})
        return [(a, b) for a, b in names if a and b and a != b and all(in_groups[name] == 1 for name in (*a, *b))]

    @property
    def confidence(self) -> float:
        """That of each layer's interval: the held lines and that of the rest share the error."""
        return 1 - FAMILY_ERROR / max(1, len(self._held) + 1)

    @property
    def fewest(self) -> int:
        """So many blocks at least give each line an end at that confidence."""
        return fewest_replicates(self.confidence)

    @property
    def step_us(self) -> float:
        """What counting may drop of a layer's time: by how much a difference may be wrong either way.

        Every device tells whole microseconds. Of an average over all inferences more is dropped than of each one's own time.
        """
        counted = [facts for facts in self._facts if facts.get("layers")]
        steps = [(each.get("step_us") or 0.0) + (1.0 if each.get("averages") else 0.0) for each in counted]
        return max([1.0, *steps]) if counted else 0.0

    @cached_property
    def compared(self) -> list[Compared]:
        """The held groups, the largest difference first."""
        return sorted((self._compared(place) for place in self._held), key=lambda each: -each.size)

    @cached_property
    def rest(self) -> Line | None:
        """All other groups together; ``None`` where there is none."""
        left = sorted({*range(len(self.groups))} - {*self._held})
        if not left or not self.blocks:
            return None
        a, b = (side[:, left].sum(axis=1) for side in self._times)
        return self._line(f"{len(left)} others together", a, b, "µs", self.confidence, self._step_of(left))

    def summed(self, of: Sequence[Compared]) -> Line | None:
        """Those groups, and the rest, as one line: what a table of the first few leaves out."""
        others = [self.groups.index(each.group) for each in of]
        places = sorted({*others, *({*range(len(self.groups))} - {*self._held})})
        if not places or not self.blocks:
            return None
        a, b = (side[:, places].sum(axis=1) for side in self._times)
        return self._line(f"{len(places)} others together", a, b, "µs", self.confidence, self._step_of(places))

    def _step_of(self, places: Sequence[int]) -> float:
        """What counting may drop of these groups together: of each of their layers so much."""
        groups = (self.groups[place] for place in places)
        return self.step_us * sum(max(len(each.a), len(each.b)) for each in groups)

    def _compared(self, place: int) -> Compared:
        group = self.groups[place]
        a, b = (side[:, place] for side in self._times)
        sides = [[side[each] for each in places] for side, places in zip(self.layers, (group.a, group.b), strict=True)]
        names, types, kernels, precisions = (
            tuple(JOINED.join(dict.fromkeys(filter(None, (getattr(each, what) for each in side)))) for side in sides)
            for what in ("name", "type", "kernel", "precision")
        )
        line = self._line("", a, b, "µs", self.confidence, self._step_of([place]))
        compared = Compared(line, group, names, types, kernels, precisions)  # type: ignore[arg-type]
        return replace(compared, line=replace(line, title=compared.label))

    def _line(self, title: str, a: Figures, b: Figures, unit: str, confidence: float, step: float = 0.0) -> Line:
        found = paired_difference([*map(float, b)], [*map(float, a)], confidence) if len(a) else None
        return Line(title, _median(a), _median(b), found and _wider(found, step), unit)

    @cached_property
    def whole(self) -> list[Line]:
        """The sum of layers beside the whole inference, what counting costs, and what of the change stays unexplained; in ms."""
        plain_a, plain_b = (self._paired(self._one_request(each), LATENCY_MS) for each in SIDES)
        counted_a, counted_b = (self._paired(name_of(each, COUNTED), LATENCY_MS) for each in SIDES)
        layers_a, layers_b = (self._paired(name_of(each, COUNTED), LAYERS_MS) for each in SIDES)
        step_ms = self._step_of(range(len(self.groups))) / 1e3
        outside = _less(counted_a, layers_a), _less(counted_b, layers_b)
        lines = [
            self._of_columns(PLAIN, plain_a, plain_b),
            self._of_columns("inference, counted", counted_a, counted_b),
            self._of_columns(SUM, layers_a, layers_b, step=step_ms),
            self._of_columns(COUNTING, _less(counted_a, plain_a), _less(counted_b, plain_b)),
            self._of_columns("outside of layers", *outside, step=step_ms),
        ]
        unexplained = _less(_less(plain_b, plain_a), _less(layers_b, layers_a))
        values = [each for each in unexplained if each is not None]
        difference = paired_difference(values, [0.0] * len(values), 1 - FAMILY_ERROR) if values else None
        return [*lines, Line(UNEXPLAINED, None, None, difference and _wider(difference, step_ms))]

    def _one_request(self, side: str) -> str:
        """The condition that infers as the counted one does, without counting; one that is not there where none did.

        A device may want several requests at whatever hint: then one that is counted is not beside them.
        """
        names = {each.name for each in self.result.conditions}
        alone, several = name_of(side, ALONE), self.result.facts.get(side, {}).get("infer_requests") not in (None, 1)
        return alone if alone in names or several else name_of(side)

    @property
    def without_one_request(self) -> list[str]:
        """The sides of which nobody knows what counting costs, since one request without counting was not measured."""
        names = {each.name for each in self.result.conditions}
        return [side for side in SIDES if self._one_request(side) not in names]

    @cached_property
    def in_use(self) -> list[Line]:
        """Both sides as they are in use."""
        there = (LATENCY_MS, *(each for each in METRICS if each.name == "fps"), FIL)
        return [line for each in there if (line := self._of_metric(each, 1 - FAMILY_ERROR)).a is not None]

    @cached_property
    def phases(self) -> list[Line]:
        """From the start of a process to its first result; the phases share the error. What AUTO's log tells has no pairs."""
        every = (*PHASES, CREATE_REQUEST)
        lines = [self._of_metric(each, 1 - FAMILY_ERROR / len(every)) for each in every]
        return [*(line for line in lines if line.a is not None or line.b is not None), *self._of_log()]

    def _of_log(self) -> Iterator[Line]:
        sides: list[dict[str, list[float]]] = []
        for each in SIDES:
            found: dict[str, list[float]] = {}
            for log in self.result.facts.get(name_of(each), {}).get("auto_logs") or ():
                for device, ms in (log.get("compile_ms") or {}).items():
                    found.setdefault(f"by AUTO's log: compiling for {device}", []).append(float(ms))
                for device, ms in (log.get("first_inference_ms") or {}).items():
                    found.setdefault(f"by AUTO's log: first inference on {device}", []).append(float(ms))
            sides.append(found)
        for title in dict.fromkeys((*sides[0], *sides[1])):
            yield Line(title, _median(sides[0].get(title, ())), _median(sides[1].get(title, ())), None)

    def _of_metric(self, metric: Metric, confidence: float) -> Line:
        factor = 1e3 if metric.unit == "s" else 1.0
        a, b = ([None if x is None else factor * x for x in self._paired(side, metric)] for side in SIDES)
        unit = "ms" if metric.unit in ("s", "ms") else metric.title
        line = self._of_columns(metric.title, a, b, confidence=confidence)
        return replace(line, unit=unit, more_is_better=metric.higher_is_better)

    def _paired(self, condition: str, metric: Metric) -> list[float | None]:
        """A figure for each block; ``None`` where that has none."""
        turns = (each.samples.get(condition) for each in self.result.replicates)
        return [turn.figures.get(metric.name) if turn else None for turn in turns]

    def _of_columns(
        self, title: str, a: Column, b: Column, confidence: float = 1 - FAMILY_ERROR, step: float = 0.0
    ) -> Line:
        pairs = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
        line = self._line(title, [x for x, _ in pairs], [y for _, y in pairs], "ms", confidence, step)
        return replace(line, a=_median([x for x in a if x is not None]), b=_median([y for y in b if y is not None]))

    @cached_property
    def properties(self) -> list[tuple[str, str, str]]:
        """What the compiled models of both sides, as they are in use, say differently of themselves: name, A's value, B's."""
        a, b = self._asked
        return compiled.differing(a, b, *self._varying) if a and b else []

    @cached_property
    def varying_properties(self) -> list[tuple[str, str, str]]:
        """Those that change from process to process of a side, and that both had the same in some: whether they differ is open."""
        a, b = self._asked
        return compiled.overlapping(a, b, *self._varying) if a and b else []

    @cached_property
    def not_given(self) -> list[str]:
        """Properties that neither side gave, so that nobody knows whether they differ."""
        return compiled.not_given(*self._asked)

    @property
    def _varying(self) -> list[Mapping[str, Any]]:
        return [self.result.facts.get(each, {}).get("varying") or {} for each in SIDES]

    @property
    def in_flight(self) -> tuple[int | None, int | None]:
        """How many requests of A and of B are in flight as they are in use; ``None`` where a side was never measured."""
        a, b = (self.result.facts.get(each, {}).get("infer_requests") for each in SIDES)
        return a, b

    @property
    def properties_are_known(self) -> bool:
        """Whether both sides told their properties."""
        return all(self._asked)

    @cached_property
    def _asked(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        a, b = (self.result.facts.get(each, {}).get("properties") or {} for each in SIDES)
        return a, b

    @property
    def other_kernels(self) -> list[tuple[str, list[str]]]:
        """Of each side the layers that had another kernel in another process: what is shown is the first one's."""
        return [(each, [*facts.get("other_kernels", ())]) for each, facts in zip(SIDES, self._facts, strict=True)]

    @cached_property
    def counts(self) -> dict[str, Any]:
        """How many layers were matched how, and how many are in one side alone or were not executed."""
        how = Counter(each.how for each in self.groups if not each.only_in)
        only = Counter(each.only_in for each in self.groups if each.only_in)
        fused = [sum(not each.executed for each in side) for side in self.layers]
        return {
            "matched": dict(how),
            "only_in": {each: only.get(each, 0) for each in SIDES},
            "not_executed": dict(zip(SIDES, fused, strict=True)),
        }

    @cached_property
    def only_in(self) -> list[Line]:
        """What only one side has, all of it together."""
        lines = []
        for side in SIDES:
            places = [place for place, each in enumerate(self.groups) if each.only_in == side]
            if places and self.blocks:
                a, b = (times[:, places].sum(axis=1) for times in self._times)
                title = f"{len(places)} only in {side}"
                lines.append(self._line(title, a, b, "µs", 1 - FAMILY_ERROR, self._step_of(places)))
        return lines


def _wider(found: Interval, step: float) -> Interval:
    """An interval with what counting may have dropped, either way."""
    return replace(found, low=found.low - step, high=found.high + step)


def _of(side: int) -> Any:
    return lambda group: (group.a, group.b)[side]


def _median(values: Figures) -> float | None:
    return float(statistics.median(values)) if len(values) else None


def _less(first: Column, second: Column) -> list[float | None]:
    """The differences block by block; ``None`` where one is not known."""
    return [None if x is None or y is None else x - y for x, y in zip(first, second, strict=True)]
