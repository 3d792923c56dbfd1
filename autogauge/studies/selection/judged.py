"""What became of each row, held against the rule: from what a run's file keeps of a case (``Seen.to_json``), and from nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from autogauge.contract import rules
from autogauge.plain import sentence
from autogauge.studies.selection.rows import Row
from autogauge.studies.selection.rule import Choice, Machine, meant

Record = Mapping[str, Any]
"""One step of a case as it is saved."""
HELPER = "(CPU)"
LONGEST = 150
_FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/'\":]+/)+")
_AGREES = {True: "yes", False: "no", None: "not known"}


@dataclass(frozen=True)
class Judged:
    """One row with what is right (``choice``) and what was seen of it; names are those that OpenVINO lists, whatever the release says.

    ``selected`` is the device of AUTO's log. ``first``, ``end`` and ``after`` are ``EXECUTION_DEVICES`` after the compile, after the wait
    and after the inferences; ``order`` the candidates that it tells. ``failed`` are devices whose compile failed, ``inferred`` those
    that inferred by AUTO's log. ``error`` is what OpenVINO said, ``became`` what became of the step.
    """

    row: Row
    choice: Choice
    became: str
    error: str = ""
    selected: str = ""
    selections: int = 0
    first: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    finished: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()
    had_helper: bool = False

    @cached_property
    def taken(self) -> str:
        """The device that answers in the end, by property; while only AUTO's helper did, what its log says of the rest."""
        if self.end != (HELPER,):
            return " ".join(self.end)
        return self.selected if self.selected in self.finished else HELPER

    @cached_property
    def seen(self) -> str:
        """What was seen, in a few words."""
        if self.became == "error":
            return "an error"
        if self.became != "done":
            return self.became
        return self.taken or "no device"

    @cached_property
    def agrees(self) -> bool | None:
        """Whether it is as the rule says; ``None`` where nothing is known of it."""
        if self.became == "not reached" or (self.became == "done" and not self.end):
            return None
        if self.became == "done" and self.taken == HELPER and not self.failed:
            return None  # no hand-over in time, and no reason: a slow machine
        return not self.why

    @cached_property
    def why(self) -> str:
        """In what it differs from the rule; empty where it agrees."""
        right = str(self.choice)
        if self.became == "error":
            return "" if self.choice.refused else f"an error ({self.error}) instead of {right}"
        if self.became != "done":
            return f"{self.became} instead of {right}"
        if self.taken not in self.choice.devices:
            lost = f", since {' and '.join(self.failed)} failed" if self.failed else ""
            return f"{self.taken} instead of {right}{lost}"
        if self.selected and self.selected != self.taken:
            return f"AUTO's log selects {self.selected}, and {self.taken} answers"
        orders = self.choice.orders
        if self.order and orders and self.order not in orders:
            named = " or ".join(",".join(each) for each in orders)
            return f"its candidates are {','.join(self.order)} instead of {named}"
        return ""

    @property
    def rule(self) -> str:
        """The rule that is broken; empty where none is."""
        return self.choice.rules[0] if self.agrees is False else ""

    @property
    def told(self) -> str:
        """What was seen, of a row that is not as the rule says."""
        return self.why if self.agrees is False else f"not known: {self.seen}"

    def cells(self) -> tuple[str, ...]:
        """For a table: what was tried, what is right, what was seen."""
        row = self.row
        string, model, given = row.title.split(" · ")
        return (
            string,
            model,
            given,
            str(self.choice),
            self.selected or "–",
            " ".join(self.first) or "–",
            " ".join(self.end) or self.seen,
            ",".join(self.order) or "–",
            _AGREES[self.agrees],
            self.rule,
        )


COLUMNS = (
    "device string",
    "model",
    "given as",
    "by the rule",
    "by AUTO's log",
    "answers first",
    "answers in the end",
    "candidates told",
    "agrees",
    "rule that is broken",
)


def machines_of(records: Iterable[Record]) -> list[Machine]:
    """The devices that the case's process saw; none where it did not come so far."""
    for each in records:
        if each["asked"]["do"] == "devices" and (told := each["value"].get("there")):
            return [Machine.told(device) for device in told]
    return []


def judged(records: Sequence[Record], rows: Iterable[Row] | None = None) -> list[Judged]:
    """Each row of a case; of ``rows``, where they are given, those too that were not reached."""
    machines = machines_of(records)
    by_title = {each["step"]: each for each in records if each["asked"]["do"] == "select"}
    if rows is None:
        rows = [row for each in by_title.values() if (row := _row_of(each)) is not None]
    return [_judged(row, by_title.get(row.title), machines) for row in rows] if machines else []


def _row_of(record: Record) -> Row | None:
    try:
        return Row.of_step(record["asked"])
    except KeyError:  # of a run with another matrix
        return None


def _judged(row: Row, record: Record | None, machines: Sequence[Machine]) -> Judged:
    choice = row.choice(machines)
    if record is None:
        return Judged(row, choice, "not reached")

    def names(found: Iterable[Any] | None) -> tuple[str, ...]:
        return tuple(dict.fromkeys(meant(str(each), machines) for each in found or ()))

    value, log = record["value"], record["log"]
    error = said(record["error"] or value.get("failed") or "")
    selected = names(log.get("selected"))
    became = str(record["became"])
    return Judged(
        row,
        choice,
        "the inference failed" if became == "done" and value.get("failed") else became,
        error,
        selected[0] if selected else "",
        len(log.get("selected", ())),
        names(value.get("first")),
        names(value.get("end")),
        names(value.get("after")),
        names(filter(None, str(value.get("priorities") or "").split(","))),
        names(log.get("failures")),
        names(log.get("finished")),
        names(log.get("inferences")),
        bool(log.get("cpu_helper_started")),
    )


def said(error: str) -> str:
    """What an error of OpenVINO says, in one line: without the places in its source that it came through, and files without folders."""
    lines = [line for each in error.splitlines() if (line := each.partition("Exception from")[0].strip(" ;"))]
    told = [each for each in lines if each not in ("RuntimeError:", "Exception:")]
    return sentence(_FOLDERS.sub("", " ".join(told) or error), LONGEST)


@dataclass(frozen=True)
class Summary:
    """Rows of one promise in one case: how many, and those that differ. Evidence has it ``in_full``."""

    rows: int
    broken: tuple[str, ...]

    in_full: ClassVar[bool] = True

    def __str__(self) -> str:
        return "; ".join(self.broken) if self.broken else "all agree"


def summary(rows: Sequence[Judged]) -> Summary | None:
    """Of a promise's rows; ``None`` where one is not known and none differs, or there is none."""
    alike: dict[str, list[str]] = {}
    for each in rows:
        if each.agrees is False:
            alike.setdefault(each.why, []).append(each.row.in_short)
    is_open = not rows or any(each.agrees is None for each in rows)
    broken = tuple(f"{' and '.join(titles)}: {why}" for why, titles in alike.items())
    return None if is_open and not broken else Summary(len(rows), broken)


def source_of(keys: Iterable[str]) -> str:
    """Rules by their keys, and where the first of them is written."""
    first, *others = [rules.by_key()[key] for key in keys]
    cited = first.sources[0]
    return f"{', '.join(each.key for each in (first, *others))}; {cited.source.title}: {cited.section}".rstrip(": ")


def chosen_again(rows: Sequence[Judged]) -> Summary | None:
    """Rows in which another device answers after some inferences, or AUTO selects twice with no failure between."""
    asked = [each for each in rows if each.became == "done" and each.end and each.taken != HELPER]
    broken = [
        f"{each.row.in_short}: {' '.join(each.end)}, then {' '.join(each.after)}"
        for each in asked
        if each.end not in ((HELPER,), each.after)
    ] + [
        f"{each.row.in_short}: it selects {each.selections} times"
        for each in asked
        if each.selections > 1 and not each.failed
    ]
    return Summary(len(asked), tuple(broken)) if asked else None


def told_wrongly(rows: Sequence[Judged]) -> Summary | None:
    """Rows in which AUTO's log says that another device inferred than ``EXECUTION_DEVICES`` names; it says so where it schedules itself."""
    asked = [each for each in rows if each.became == "done" and each.inferred and each.end == each.after]
    broken = tuple(
        f"{each.row.in_short}: {' '.join(each.end)} by the property, {' '.join(each.inferred)} by the log"
        for each in asked
        if each.inferred != (("CPU_HELP",) if each.end == (HELPER,) else each.end)
    )
    return Summary(len(asked), broken) if asked else None


def helped_unlisted(rows: Sequence[Judged]) -> Summary | None:
    """Rows whose candidates have no CPU, and in which the CPU helps at the start all the same."""
    asked = [
        each
        for each in rows
        if each.became == "done" and each.choice.orders and not any("CPU" in order for order in each.choice.orders)
    ]
    broken = tuple(
        f"{each.row.in_short}: {' '.join(each.first)} answers first"
        for each in asked
        if each.had_helper or each.first == (HELPER,)
    )
    return Summary(len(asked), broken) if asked else None
