"""Filters on saved runs in a user's words: ``machine=lab-01 openvino=2026.4 device=AUTO since=2026-11-01``.

Applying them to files is left to ``select``.
"""

from __future__ import annotations

import datetime
import fnmatch
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from autogauge.errors import UserError
from autogauge.history.index import IndexedRun
from autogauge.history.records import moment

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
OF_BENCHMARKS = ("benchmark", "metric", "device", "hint")
OF_TIME = ("since", "until")
RUN, LAST = "run", "last"
FIELDS = (*OF_RUNS, *OF_BENCHMARKS, RUN, *OF_TIME, LAST)
_CLAUSE = re.compile(r"([a-z]+)=(.*)", re.DOTALL)


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
    text: str = field(default="", compare=False)

    def holds_for(self, run: IndexedRun) -> bool:
        """Whether a run passes, as far as a run alone can tell."""
        if (self.since and (run.when is None or run.when < self.since)) or (
            self.until and (run.when is None or run.when >= self.until)
        ):
            return False
        if not all(any(first <= run.number <= last for first, last in spans) for spans in self.numbers):
            return False
        return all(_matches(name, getattr(run, name), wanted) for name, wanted in self.texts if name in OF_RUNS)

    def holds_for_benchmark(self, benchmark: str, metric: str, device: str, hint: str) -> bool:
        """Whether a benchmark passes."""
        values = {"benchmark": benchmark, "metric": metric, "device": device, "hint": hint}
        return all(_matches(name, values[name], wanted) for name, wanted in self.texts if name in OF_BENCHMARKS)

    def asks_for(self, name: str) -> bool:
        """Whether there is a condition on that field."""
        return any(each == name for each, _ in self.texts)


def is_clause(word: str) -> bool:
    """Whether a word looks like a condition rather than a path."""
    return _CLAUSE.fullmatch(word) is not None


def parse(words: Sequence[str], option: str = "--where") -> Where:
    """The conditions in these words; a word may hold several. Raises :class:`UserError` for a field or value that is none."""
    texts: list[tuple[str, str]] = []
    since = until = None
    last = None
    numbers: list[tuple[tuple[int, int], ...]] = []
    for clause in (clause for word in words for clause in split(word)):
        found = _CLAUSE.fullmatch(clause)
        if found is None or found[1] not in FIELDS:
            raise UserError(
                f"{clause[:80]!r} is no filter: write FIELD=VALUE with one of {', '.join(FIELDS)} ({option})."
            )
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
        else:
            texts.append((name, value))
    return Where(tuple(texts), since, until, last, tuple(numbers), " ".join(words))


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
        return wanted in (value, value or "auto")  # no device name is AUTO
    return fnmatch.fnmatchcase(value, wanted)
