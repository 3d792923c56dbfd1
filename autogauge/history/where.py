"""Filters on saved runs in a user's words: ``machine=lab-01 openvino=2026.4 device=AUTO since=2026-11-01``.

Any label of a benchmark is a field too (``policy=round_robin``); ``label.NAME`` is one that is called like another field. Applying them to
files is left to ``select``.
"""

from __future__ import annotations

import dataclasses
import datetime
import fnmatch
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import exists
from autogauge.history.index_rows import UNREADABLE
from autogauge.history.indexed import IndexedRun
from autogauge.history.labels import FIRST, NO_DEVICE, OPENVINO, Labels, value_of
from autogauge.history.records import moment
from autogauge.history.standing_file import Standing
from autogauge.plain import plain

OF_RUNS = (
    "machine",
    "openvino",
    "model",
    "digest",
    "precision",
    "weights",
    "profile",
    "accelerator",
    "fingerprint",
    "standing",
)
OF_BENCHMARKS = ("benchmark", "metric", *FIRST)
OF_TIME = ("since", "until")
RUN, LAST = "run", "last"
FIELDS = (*OF_RUNS, *OF_BENCHMARKS, RUN, *OF_TIME, LAST)
STANDING = "standing"
STANDINGS = (*map(str, Standing), UNREADABLE)
"""All that a run's standing can be: a pattern that fits none of them is a typo, and would choose nothing for good."""
LABEL = "label."
NAMED = 20
"""Labels that a mistake's sentence names."""
_CLAUSE = re.compile(rf"({re.escape(LABEL)}[^=]+|[^\W\d][\w.-]*)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Where:
    """What must hold. ``texts`` are patterns by field (``*`` and ``?`` as in file names, case does not matter).

    ``since`` is the first moment and ``until`` the first that is too late, both UTC; ``last`` keeps the newest so many runs.
    """

    texts: tuple[tuple[str, str], ...] = ()
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    last: int | None = None
    numbers: tuple[tuple[tuple[int, int], ...], ...] = ()
    """Of each clause on runs' numbers the spans of which one has to hold it, first and last; any number where there is no clause."""
    labels: tuple[tuple[str, str], ...] = ()
    """Patterns by label, of those that are no other field."""
    text: str = field(default="", compare=False)
    option: str = field(default="--where", compare=False)

    @property
    def lasting(self) -> Where:
        """The conditions that hold of a run for good: without those on time and on standings, which runs come to pass."""
        texts = tuple(each for each in self.texts if each[0] != STANDING)
        return dataclasses.replace(self, texts=texts, since=None, until=None)

    @property
    def of_benchmarks(self) -> bool:
        """Whether there is a condition on benchmarks."""
        return bool(self.labels) or any(name in OF_BENCHMARKS for name, _ in self.texts)

    def check(self, labels: Iterable[str]) -> None:
        """Raises :class:`UserError` for a condition on a label that is none of these: those that occur in the runs."""
        there = {each.casefold(): each for each in labels}
        for name, value in self.labels:
            if name.casefold() not in there:
                others = [each for each in there.values() if each not in FIELDS]
                raise UserError(_no_filter(f"{name}={value}", self.option, others))

    def holds_for(self, run: IndexedRun) -> bool:
        """Whether a run passes, as far as a run alone can tell."""
        if (self.since and (run.when is None or run.when < self.since)) or (
            self.until and (run.when is None or run.when >= self.until)
        ):
            return False
        if not all(any(first <= run.number <= last for first, last in spans) for spans in self.numbers):
            return False
        if not all(
            _matches(name, getattr(run, name), wanted)
            for name, wanted in self.texts
            if name in OF_RUNS and name != OPENVINO
        ):
            return False
        return self.holds_for_release(run.openvino) or any(
            map(self.holds_for_release, run.contents.labels.get(OPENVINO, ()))
        )

    def holds_for_benchmark(self, benchmark: str, metric: str, labels: Labels) -> bool:
        """Whether a benchmark passes, but for its release. What has no such label has an empty one."""
        values = {"benchmark": benchmark, "metric": metric}
        wanted_of = [(name, wanted) for name, wanted in self.texts if name in OF_BENCHMARKS] + list(self.labels)
        return all(
            _matches(name, values[name] if name in values else value_of(labels, name), wanted)
            for name, wanted in wanted_of
        )

    def holds_for_machine(self, machine: str) -> bool:
        """Whether a machine passes, whatever its runs are."""
        return all(_matches(name, machine, wanted) for name, wanted in self.texts if name == "machine")

    def holds_for_release(self, release: str) -> bool:
        """Whether a benchmark passes that was measured with this OpenVINO release."""
        return all(_matches(name, release, wanted) for name, wanted in self.texts if name == OPENVINO)

    def asks_for(self, name: str) -> bool:
        """Whether there is a condition on that field."""
        return any(each == name for each, _ in self.texts)


def is_clause(word: str) -> bool:
    """Whether a word looks like a condition rather than a path; one that is a path, with no field before its first ``=``, is none."""
    found = _CLAUSE.fullmatch(word)
    return found is not None and (found[1] in FIELDS or not exists(Path(word)))


def parse(words: Sequence[str], option: str = "--where") -> Where:
    """The conditions in these words; a word may hold several. Raises :class:`UserError` for what is no condition, or a value that is none.

    Whether a field that is not known is a label of some run is for :meth:`Where.check` to say.
    """
    texts: list[tuple[str, str]] = []
    labels: list[tuple[str, str]] = []
    since = until = None
    last = None
    numbers: list[tuple[tuple[int, int], ...]] = []
    for clause in (clause for word in words for clause in split(word)):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise UserError(_no_filter(clause, option, ()))
        name, value = found.groups()
        if name == "since":
            since = _span(clause, value, option)[0]
        elif name == "until":
            until = _span(clause, value, option)[1]
        elif name == LAST:
            if not re.fullmatch(r"[1-9]\d{0,8}", value):
                raise UserError(f"{clause[:80]!r} names no number of runs: write last=20, for example ({option}).")
            last = int(value)
        elif name == RUN:
            numbers.append(_numbers(clause, value, option))
        elif name == STANDING and not any(_matches(name, each, value) for each in STANDINGS):
            raise UserError(f"{clause[:80]!r} fits no standing: there is {', '.join(STANDINGS)} ({option}).")
        elif name in FIELDS:
            texts.append((name, value))
        else:
            labels.append((name.removeprefix(LABEL), value))
    return Where(tuple(texts), since, until, last, tuple(numbers), tuple(labels), " ".join(words), option)


def _no_filter(clause: str, option: str, labels: Sequence[str]) -> str:
    """What is wrong with a clause, and which fields and labels there are."""
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    named = ", ".join(plain(each) for each in labels[:NAMED])
    there = f", or with a label that these runs have: {named}{more}" if labels else ""
    return f"{clause[:80]!r} is no filter: write FIELD=VALUE with one of {', '.join(FIELDS)}{there} ({option})."


def split(word: str) -> list[str]:
    """The clauses of a word; quotes keep blanks together. Raises :class:`UserError` when a quote is not closed."""
    try:
        return shlex.split(word)
    except ValueError:
        raise UserError(f"{word[:80]!r} has a quote that is not closed: close it.") from None


def _numbers(clause: str, value: str, option: str) -> tuple[tuple[int, int], ...]:
    """Spans of numbers such as ``13``, ``13-20`` or ``1,3,8-12``."""
    spans = [re.fullmatch(r"([0-9]{1,15})(?:(?:-|\.\.)([0-9]{1,15}))?", each.strip()) for each in value.split(",")]
    found = tuple((int(span[1]), int(span[2] or span[1])) for span in spans if span)
    if len(found) < len(spans):
        raise UserError(f"{clause[:80]!r} names no run: write run=13, run=13-20 or run=1-3,8, for example ({option}).")
    return found


_PART = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?|(\d{4})(\d\d)(\d\d)")
END_OF_TIME = datetime.datetime.max.replace(tzinfo=datetime.timezone.utc)


def _span(clause: str, value: str, option: str) -> tuple[datetime.datetime, datetime.datetime]:
    """The first moment that the words mean, and the first that is no longer meant: of a year, a month, a day, or the moment twice."""
    try:
        found = _of_part(value.strip())
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise UserError(
            f"{clause[:80]!r} names no date: write {clause.partition('=')[0]}=2026-11-24, 2026-11 or 2026, for example ({option})."
        )
    return found


def _of_part(value: str) -> tuple[datetime.datetime, datetime.datetime] | None:
    """The span of a year, a month or a day; of a moment its own, ``None`` for what is none. Raises ``ValueError`` for a 13th month."""
    part = _PART.fullmatch(value)
    if part is None:
        if "W" in value.upper():  # a week of the year has no end that everybody agrees on
            return None
        at = moment(value.replace("Z", "+00:00").replace("z", "+00:00"))
        return (at, at) if at else None
    numbers = [int(each) for each in part.groups() if each]
    year, month, day = [*numbers, None, None][:3]
    assert year is not None
    first = datetime.datetime(year, month or 1, day or 1, tzinfo=datetime.timezone.utc)
    if day is None:  # the first of the next month, or of the next year
        year, month = (year, month + 1) if month and month < 12 else (year + 1, 1)
        return first, END_OF_TIME if year > datetime.MAXYEAR else first.replace(year=year, month=month)
    return first, END_OF_TIME if first.date() == datetime.date.max else first + datetime.timedelta(days=1)


def _matches(name: str, value: str, wanted: str) -> bool:
    value, wanted = value.lower(), wanted.lower()
    if name == "openvino" and not re.search(r"[*?]", wanted):
        return value == wanted or value.startswith((f"{wanted}.", f"{wanted}-"))  # 2026.4 is any of 2026.4.1, 2026.4.2
    if name == "digest" and not re.search(r"[*?]", wanted):
        return bool(wanted) and value.startswith(wanted)
    if name == "device" and not re.search(r"[*?]", wanted):
        return wanted in (value, value or NO_DEVICE.lower())
    return fits(value, wanted)


def fits(name: str, pattern: str) -> bool:
    """Whether a name is as a user wrote it: ``*`` and ``?`` stand for others, all else for itself, so that ``[x]`` is a name."""
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))
