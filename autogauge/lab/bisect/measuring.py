"""Measures a bisection: what ``search`` asks for, one comparison after another; a release is set up when it is first needed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from autogauge.errors import UserError
from autogauge.lab.bisect import outcome
from autogauge.lab.bisect.search import (
    FAILED,
    Answer,
    Conclusion,
    Found,
    Step,
    most_comparisons,
    most_installed,
    search,
)
from autogauge.lab.releases import beside, differs, kept, named
from autogauge.lab.releases.beside import RELAY_ROUNDS, Block, changes_of
from autogauge.lab.releases.figures import Figure
from autogauge.lab.releases.kept import Keeper
from autogauge.lab.releases.named import Named
from autogauge.lab.releases.session import Session
from autogauge.measuring.result import Result
from autogauge.probe.identity import is_release
from autogauge.runtimes import releases
from autogauge.runtimes.releases import Index
from autogauge.targets import Target

FAMILY_ERROR = 0.05
"""How often a bisection may say anything that is wrong, all comparisons and looks together."""
LONGER = 3.0
"""How many times as long a comparison takes the second time."""
FRESH_PATIENCE = 2.0


@dataclass(frozen=True)
class Wanted:
    """What is asked. ``names`` are the releases from the good one to the bad one.

    ``taken_for`` says of an end by which release it found its place among them, where that is not in its name: what its packages say.
    """

    names: tuple[str, ...]
    figure: Figure
    smallest_change: float = 0.05
    pair_budget_s: float = 30.0
    device: str = "AUTO"
    relay_rounds: int = RELAY_ROUNDS
    options: tuple[str, ...] = ()
    """How model and device were given, for the command that is named in the end."""
    taken_for: Mapping[str, str] = field(default_factory=dict)

    @property
    def error(self) -> float:
        """How often one comparison may be wrong."""
        return FAMILY_ERROR / most_comparisons(len(self.names))

    def block(self, step: Step, base: Named, release: Named) -> Block:
        """How a comparison is measured."""
        budget_s = self.pair_budget_s * (LONGER if step.attempt else 1.0)
        budget_s *= FRESH_PATIENCE if self.figure.is_fresh else 1.0
        return Block(
            f"{step.kind}: {release.label} beside {base.label}",
            base,
            (release,),
            (self.figure,),
            step.change,
            self.error,
            budget_s,
            self.relay_rounds,
            self.device,
            with_control=False,
        )


@dataclass
class Measuring:
    """A bisection at work. ``results`` is filled while it is measured, ``steps`` say what for."""

    session: Session
    wanted: Wanted
    folder: Path
    machine: str
    seed: int | None = None
    results: list[Result] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    conclusion: Conclusion | None = None
    properties: list[tuple[str, str, str]] | None = None
    keeper: Keeper | None = None
    _ready: dict[str, Named | str] = field(default_factory=dict)
    _index: Index = field(default_factory=Index)

    @cached_property
    def _short(self) -> dict[str, str]:
        return named.in_short(self.wanted.names)

    def run(self) -> tuple[Path | None, KeyboardInterrupt | None]:
        """Search to the end; as :func:`kept.run`."""

        def do() -> None:
            rig, names = self.session.rig, self.wanted.names
            places = (0, len(names) - 1)  # without its ends there is nothing to search
            without = named.require_room(
                names, rig.cache, self.session.progress, self._index, most_installed(len(names))
            )
            for place in places:
                if why := without.get(names[place]):  # before the other one is installed
                    raise UserError(why.replace(f"({named.OPTION})", f"({self._option(place)})"))
            self._ready.update(without)
            for place in places:
                if isinstance(found := self._set_up(place), str):
                    raise UserError(found)
                if why := out_of_order(names, place, found, self.wanted.taken_for):
                    raise UserError(why)
            self.keeper = Keeper(self.folder, outcome.KIND, self.machine, self._settings, self.results)
            self._search()

        return kept.run(self.session, do, lambda: self.keeper)

    def _search(self) -> None:
        asking = search(len(self.wanted.names), self.wanted.smallest_change)
        try:
            step = next(asking)
            while True:
                step = asking.send(self._compare(step))
        except StopIteration as over:
            self.conclusion = over.value
        if self.conclusion and self.conclusion.found in (Found.NAMED, Found.RANGE, Found.IN_STEPS):
            self.properties = self._differing(self.conclusion.after, self.conclusion.first)

    def _compare(self, step: Step) -> Answer:
        """Measure what is asked for."""
        told = {
            "kind": str(step.kind),
            "base": step.base,
            "release": step.release,
            "on": "",
            "of": "",
            "attempt": step.attempt,
            "measured": False,
            "why": "",
        }
        self.steps.append(told)
        sides = self._set_up(step.base), self._set_up(step.release)
        if why := next((each for each in sides if isinstance(each, str)), ""):
            name = self.wanted.names[step.release]
            told["why"] = why = named.without_name(name, why)
            self.session.progress.say(f"NOT MEASURED: {name}: {why}")
            return Answer(FAILED)
        base, release = (each for each in sides if isinstance(each, Named))
        block = self.wanted.block(step, base, release)
        result = block.result(self.session.rig, random.randrange(2**32) if self.seed is None else self.seed)
        self.results.append(result)
        told |= {"measured": True, "on": base.label, "of": release.label}
        beside.measure(self.session.rig, block, result)
        if why := self._spoilt(base, release):
            self.results.pop()
            told |= {"measured": False, "on": "", "of": "", "why": why}
            return Answer(FAILED)
        (change,) = changes_of(result, [self.wanted.figure], base.label, [release.label])
        self.session.progress.say(change.evidence())
        if change.cost is None or result.state == "gave up":
            told["why"] = "; ".join(change.failures) or "it gave nothing"
            return Answer(FAILED)
        return Answer(change.word, change.cost.ratio, change.cost.low, change.cost.high)

    def _spoilt(self, *sides: Named) -> str:
        """Which of them is not what it was, and is compared no more; what was compared before stands."""
        found = ""
        for each in sides:
            if why := named.why_spoilt(self.session.rig, each):
                self._ready[each.text] = found = why
                self.session.progress.say(f"NOT MEASURED: {each.label}: {why}")
        return found

    def _set_up(self, place: int) -> Named | str:
        """The release at that place, made ready now if need be; or why it cannot be measured."""
        name = self.wanted.names[place]
        if name not in self._ready:
            option = self._option(place)
            try:
                found = named.set_up(
                    self.session.rig, name, option, self.session.progress, self._index, self.wanted.device
                )
                self._ready[name] = replace(found, label=label_of(name, self._short[name], found))
                if option == named.OPTION:
                    named.end_by_itself(self.session.rig, [found])
            except UserError as error:
                self._ready[name] = str(error)
        return self._ready[name]

    def _option(self, place: int) -> str:
        """Where the user named the release at that place."""
        return {0: "--good", len(self.wanted.names) - 1: "--bad"}.get(place, named.OPTION)

    def _differing(self, before: int, after: int) -> list[tuple[str, str, str]] | None:
        """What the two releases say differently of the compile that is measured; ``None`` where one of them told nothing."""
        rig, wanted = self.session.rig, self.wanted
        target = Target.with_hint(wanted.device, wanted.figure.hint)
        found = [
            differs.properties_of(rig.setups[wanted.names[place]], target, rig.deadlines.probe_s)
            for place in (before, after)
        ]
        old, new = found
        return None if old is None or new is None else differs.differing(old, new)

    def _settings(self) -> dict[str, Any]:
        ready = [self._ready.get(name) for name in self.wanted.names]
        labels = [
            each.label if isinstance(each, Named) else self._short[name]
            for name, each in zip(self.wanted.names, ready, strict=True)
        ]
        wanted = self.wanted
        return outcome.settings(
            labels, wanted.figure, self.steps, self.conclusion, self.properties, wanted.names, wanted.options
        )


def label_of(name: str, short: str, found: Named) -> str:
    """What tables call a release: its version; of an environment as much of its name as tells it apart, too."""
    return found.release if found.release == name else f"{short} ({found.release})"


def out_of_order(names: Sequence[str], place: int, found: Named, taken_for: Mapping[str, str]) -> str:
    """Why an end cannot be where it is in a series, now that it has said what it runs, with what to do; empty where it can.

    Its place was found by what its packages say (``taken_for``), or, where they say nothing, by the user's list alone. What it runs may be
    another release: a path in it leads to a build. Where its place was not found by its release, nothing is said.
    """
    if (said := taken_for.get(name := names[place])) is None or not found.release[:1].isdigit():
        return ""  # a build of somebody's own may say no number
    inner, other = names[1:-1], names[-1 - place]
    where = f"give all of them in the order in which they were made, {name} among them ({named.OPTION}=LIST)"
    if said and not is_release(found.openvino, said):
        return (
            f"{name} is {said} by its packages and runs {found.release}, so the releases between {name} and {other} are not those "
            f"that were looked for: {where}."
        )
    if said or releases.version_of(other) is None:
        return ""
    low, high = sorted((named.order_of(found.release), _meant(other)))
    strangers = [each for each in inner if not low <= _meant(each) <= high]
    return (
        f"{name} runs {found.release}, and {strangers[0]} does not lie between it and {other}: {where}."
        if strangers
        else ""
    )


def between(
    names: Sequence[str],
    good: str,
    bad: str,
    release_in: Callable[[str], str] = lambda _: "",
    *,
    is_listed: bool = True,
) -> tuple[str, ...]:
    """The releases from the good one to the bad one: those of a list that lie between, in the order of their versions.

    ``release_in`` says which release an environment is, or nothing. Where the list names environments its own order holds: nobody asks
    each for its version. Raises :class:`UserError`, also where the list is not the user's (``is_listed``) and an end has no place in it.
    """
    if named.place_of(good) == named.place_of(bad):
        raise UserError(f"{good} is both the good and the bad release: name two (--good, --bad).")
    if any(releases.version_of(name) is None for name in names):
        return (good, *_as_listed(names, good, bad), bad)
    ends = [releases.matching(name, names) for name in (good, bad)]
    if ends[0] is not None and ends[0] == ends[1]:
        raise UserError(f"{good} and {bad} are one release, {ends[0]}: name two (--good, --bad).")
    low, high = (_place_of(each, release_in) for each in (good, bad))
    if not is_listed and None in (low, high):
        which = good if low is None else bad
        raise UserError(
            f"{which} does not say which release it is, so nobody knows which ones lie between {good} and {bad}: name them, in the order "
            f"in which they were made ({named.OPTION}=LIST)."
        )
    is_turned = low is not None and high is not None and low > high
    least, most = (high, low) if is_turned else (low, high)
    inner = [
        name
        for name in dict.fromkeys(names)
        if name not in ends and (least is None or least < _meant(name)) and (most is None or _meant(name) < most)
    ]
    if low is not None or high is not None:
        inner.sort(key=_meant, reverse=is_turned)
    return (good, *inner, bad)


def _as_listed(names: Sequence[str], good: str, bad: str) -> list[str]:
    """What lies between in the list's own order; an end that is not in it lies before it, or behind."""
    first, last = (_index(names, each) for each in (good, bad))
    is_turned = first is not None and last is not None and first > last
    begin, end = (last, first) if is_turned else (first, last)
    inner = names[0 if begin is None else begin + 1 : end]
    return [*named.distinct(inner[::-1] if is_turned else inner)]


def _index(names: Sequence[str], wanted: str) -> int | None:
    """Where a list has what the user calls so; ``2025.4`` is its newest patch there."""
    meant = {named.place_of(wanted), releases.matching(wanted, names)}
    return next((place for place, name in enumerate(names) if named.place_of(name) in meant), None)


_Place = tuple[tuple[float, ...], bool]


def _place_of(name: str, release_in: Callable[[str], str]) -> _Place | None:
    """By what an end is in order; ``None`` where nobody knows."""
    if releases.version_of(name) is not None:
        return _meant(name)
    found = release_in(name)
    return named.order_of(found) if found else None


def _meant(name: str) -> _Place:
    """By what a release that somebody named is in order; ``2026.4`` is its newest patch, so it comes behind all of its patches."""
    numbers, is_final = named.order_of(name)
    return numbers if releases.is_exact(name) else (*numbers[:2], math.inf), is_final
