"""What a bisection says, made of what its file holds: the release that is named, the evidence, the series, and what else changed in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge.history import run_file
from autogauge.history.recorded import Recorded, of_document
from autogauge.lab.bisect.search import SLOWER, Conclusion, Found, Kind
from autogauge.lab.releases import kept
from autogauge.lab.releases.beside import changes_of
from autogauge.lab.releases.figures import FIGURES, OPEN, Change, Figure
from autogauge.measuring.reading import Fields, text, whole
from autogauge.plain import few, plain

KIND = "bisect"


@dataclass(frozen=True)
class Compared:
    """A comparison that was made: what for, the two places, and what it gave; ``why`` is set where it could not be measured."""

    kind: str
    base: int
    release: int
    change: Change | None
    attempt: int = 0
    why: str = ""


@dataclass(frozen=True)
class Bisection:
    """A bisection as it is shown. ``releases`` are the labels from the good one to the bad one.

    ``properties`` are what the last good release and the first slower one say differently: name, before, after; ``None``: not asked.
    """

    releases: tuple[str, ...]
    figure: Figure
    found: Found | None
    after: int
    first: int
    steps: tuple[Compared, ...]
    contradictions: tuple[tuple[int, int], ...]
    beyond: tuple[int, ...]
    properties: tuple[tuple[str, str, str], ...] | None
    run: Recorded = field(default_factory=Recorded)
    names: tuple[str, ...] = ()
    """What the user called the releases; a file of an older autogauge does not say it."""
    options: tuple[str, ...] = ()
    """How model and device were given, as far as they were."""

    @property
    def is_named(self) -> bool:
        """Whether one release was named."""
        return self.found is Found.NAMED

    @property
    def is_over(self) -> bool:
        """Whether the search came to an end, so that what it did not measure was not needed."""
        return self.found not in (None, Found.OPEN, Found.NOT_MEASURED) and not self.run.interrupted_by

    @property
    def good(self) -> str:
        """The good end."""
        return self.releases[0]

    @property
    def bad(self) -> str:
        """The bad end."""
        return self.releases[-1]

    def last(self, kind: Kind) -> Compared | None:
        """The latest comparison of that kind."""
        return next((each for each in reversed(self.steps) if each.kind == kind), None)

    def series(self) -> list[tuple[int, Compared]]:
        """What is known of each release beside the good one, by place; of several comparisons the last that gave something."""
        found = {}
        for each in self.steps:
            if each.base == 0 and (each.change is not None or each.release not in found):
                found[each.release] = each
        return sorted(found.items())

    def in_words(self) -> str:
        """How it ended, in one sentence."""
        first, after, title = self.releases[self.first], self.releases[self.after], self.figure.title
        ends, confirmed = self._told_of(Kind.ENDS), self._told_of(Kind.CONFIRMING)
        inner = few(self.releases[self.after + 1 : self.first + 1])
        last = self.last(Kind.ENDS)
        is_slower = last is not None and last.change is not None and last.change.word == SLOWER
        open_ = (
            f"INCONCLUSIVE: it became slower in {title} after {after} and by {first}; more is not known{confirmed and ': '}{confirmed}"
            if is_slower
            else f"INCONCLUSIVE: is {self.bad} slower than {self.good} in {title}? {self._seen_of(last) or ends}; measure longer "
            "(--pair-budget)"
        )
        words = {
            Found.NAMED: f"{first} is the first slower release in {title}: beside {after}, the one before it, {confirmed}",
            Found.RANGE: f"it became slower in {title} after {after} and by {first}; not told apart: {inner}; those two: {confirmed}",
            Found.IN_STEPS: f"no single release: in {title} {first} is slower than {self.good} and {after} is not, and beside each other "
            f"they do not differ enough: {confirmed}",
            Found.NO_DIFFERENCE: f"there is nothing to look for: {self.bad} beside {self.good}, {title}: {ends}",
            Found.SWAPPED: f"{self.bad} is faster than {self.good} in {title}, not slower: {ends}; were they swapped?",
            Found.NOT_MEASURED: f"the ends cannot be compared: {ends}",
        }
        return words.get(self.found, open_) if self.found else open_

    def _told_of(self, kind: Kind) -> str:
        """What the latest comparison of that kind gave, in words."""
        found = self.last(kind)
        return "" if found is None else found.change.seen() if found.change else found.why

    @staticmethod
    def _seen_of(of: Compared | None) -> str:
        """The evidence of a comparison that is open, without that word."""
        if of is None or of.change is None or of.change.word != OPEN:
            return ""
        return "; ".join(filter(None, (of.change.measured(), *of.change.failures)))

    def warnings(self) -> list[str]:
        """What else a reader must know: the series contradicts itself, releases that could not be measured."""
        found = []
        if self.contradictions:
            told = [
                f"{self.releases[early]} is slower than {self.good} and {self.releases[late]} is not"
                for early, late in self.contradictions
            ]
            found.append(
                f"THE SERIES CONTRADICTS ITSELF: {few(told, '; ')}: it became slower more than once, and another release may be the first"
            )
        if self.beyond:
            found.append(f"slower than {self.bad} itself: {few([self.releases[place] for place in self.beyond])}")
        found += [
            f"NOT MEASURED: {self.releases[each.release]}: {plain(each.why, 400)}"
            for each in self.steps
            if each.why and each.kind != Kind.ENDS
        ]
        return found

    def properties_in_words(self) -> list[str]:
        """What else changed in the release that is named."""
        if self.properties is None:
            is_over = self.found in (Found.NAMED, Found.RANGE, Found.IN_STEPS)
            return ["it is not known: the probes that were asked told nothing"] if is_over else []
        before, after = self.releases[self.after], self.releases[self.first]
        if not self.properties:
            return [
                f"what was asked of {before} and {after} is the same in both: requests, streams, threads, precision, devices"
            ]
        return [f"{name}: {old} in {before}, {new} in {after}" for name, old, new in self.properties]

    def next_step(self) -> str:
        """The command that says what in the release it is; empty where there is none to ask about, and where nobody knows its name."""
        if self.found not in (Found.NAMED, Found.RANGE, Found.IN_STEPS) or len(self.names) != len(self.releases):
            return ""
        hint = [f"--hint={self.figure.hint}"] if self.figure.hint else []
        words = (self.names[self.after], self.names[self.first], *hint, *self.options)
        return f"python -m autogauge why {' '.join(map(_quoted, words))}"

    def to_json(self) -> dict[str, Any]:
        """All of it as data; the samples are in its file."""
        named = self.found in (Found.NAMED, Found.RANGE, Found.IN_STEPS)
        return {
            "words": self.in_words(),
            "found": str(self.found) if self.found else None,
            "warnings": self.warnings(),
            "good": self.good,
            "bad": self.bad,
            "metric": self.figure.name,
            "hint": self.figure.hint,
            "releases": list(self.releases),
            "first_slower": self.releases[self.first] if self.is_named else None,
            "between": [self.releases[self.after], self.releases[self.first]] if named else None,
            "series": [self._told(each) for _, each in self.series()],
            "steps": [self._told(each) for each in self.steps],
            "contradictions": [[self.releases[place] for place in pair] for pair in self.contradictions],
            "changed": None
            if self.properties is None
            else [{"property": name, "before": old, "after": new} for name, old, new in self.properties],
            "next_step": self.next_step() or None,
            "machine": self.run.machine,
            "model": self.run.model,
            "interrupted_by": self.run.interrupted_by or None,
            "notes": list(self.run.notes),
            "file": str(self.run.path) if self.run.path else None,
        }

    def _told(self, each: Compared) -> dict[str, Any]:
        return {
            "kind": str(each.kind),
            "attempt": each.attempt,
            "base": self.releases[each.base],
            "release": self.releases[each.release],
            "not_measured": each.why or None,
            **(each.change.to_json() if each.change else {}),
        }


def settings(
    labels: Sequence[str],
    figure: Figure,
    steps: Sequence[Mapping[str, Any]],
    conclusion: Conclusion | None,
    properties: Sequence[tuple[str, str, str]] | None,
    names: Sequence[str],
    options: Sequence[str],
) -> dict[str, Any]:
    """What a file keeps beside the results; the n-th of ``steps`` that has a ``result`` is the n-th result."""
    told = None
    if conclusion is not None:
        told = {
            "found": str(conclusion.found),
            "after": conclusion.after,
            "first": conclusion.first,
            "contradictions": [list(each) for each in conclusion.contradictions],
            "beyond": list(conclusion.beyond),
        }
    asked = None if properties is None else [list(each) for each in properties]
    return {
        "releases": list(labels),
        "names": list(names),
        "options": list(options),
        "figure": figure.name,
        "steps": [*steps],
        "conclusion": told,
        "properties": asked,
    }


def of_file(path: Path, document: Mapping[str, Any] | None = None) -> Bisection:
    """The bisection in that file, of which ``document`` is the JSON where it was read before. Raises :class:`UserError`."""
    return kept.read(path, document, of_run)


def of_run(document: Mapping[str, Any], path: Path | None = None) -> Bisection:
    """The same from what a file holds. Raises ``ValueError``."""
    asked = Fields(run_file.section_of(document), "").fields(kept.SETTINGS)
    run = of_document(document, {}, path)
    releases, figure = asked.texts("releases"), FIGURES[asked.choice("figure", [*FIGURES])]
    if len(releases) < 2:
        raise ValueError(f"{asked.at('releases')} has no two ends")
    results = iter(run.results)
    steps = []
    for each in asked.each("steps", Fields):
        base, release = (_place(each.whole(key), len(releases), each.at(key)) for key in ("base", "release"))
        change = None
        if each.flag("measured"):
            result = next(results, None)
            names = each.text("on"), each.text("of")
            changes = [] if result is None else changes_of(result, [figure], names[0], names[1:])
            change = changes[0] if changes else None
        steps.append(
            Compared(
                each.choice("kind", [str(kind) for kind in Kind]),
                base,
                release,
                change,
                each.whole("attempt"),
                each.text("why"),
            )
        )
    said = asked.fields("conclusion") if "conclusion" in asked else Fields({}, "")
    found = Found(said.choice("found", [str(each) for each in Found])) if "found" in said else None
    places = [
        _place(said.whole(key, other), len(releases), key)
        for key, other in (("after", 0), ("first", len(releases) - 1))
    ]
    pairs = said.each("contradictions", lambda value, where: _pair(value, where, len(releases)), ())
    properties = asked.each("properties", _property) if "properties" in asked else None
    return Bisection(
        releases,
        figure,
        found,
        places[0],
        places[1],
        tuple(steps),
        pairs,
        said.each("beyond", lambda value, where: _place(whole(value, where), len(releases), where), ()),
        properties,
        run,
        asked.texts("names", ()),
        asked.texts("options", ()),
    )


def _quoted(word: str) -> str:
    """As a shell takes it; the home folder is written ``~`` in files, and stays so."""
    option, sign, value = word.partition("=") if word.startswith("--") else ("", "", word)
    # A shell writes out ~ at the beginning of a word alone, not behind a sign of equality.
    home = "" if not value.startswith("~/") else "$HOME/" if sign else "~/"
    return f"{option}{sign}{home}{shlex.quote(value.removeprefix('~/') if home else value)}"


def _place(value: int, count: int, where: str) -> int:
    if not 0 <= value < count:
        raise ValueError(f"{where} is {value}, and there are {count} releases")
    return value


def _pair(value: Any, where: str, count: int) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{where} is no pair of releases")
    early, late = (_place(whole(each, where), count, where) for each in value)
    return early, late


def _property(value: Any, where: str) -> tuple[str, str, str]:
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError(f"{where} is no property with two values")
    name, before, after = (text(each, where) for each in value)
    return name, before, after
