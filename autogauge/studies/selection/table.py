"""The matrix as a table, of a result of this run or of an earlier one: the rows that differ from the rule, and all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autogauge.measuring.drawing import NONE, Block, Table
from autogauge.measuring.result import Result
from autogauge.studies.selection.judged import COLUMNS, Judged, judged, machines_of
from autogauge.studies.selection.rows import STRINGS, matrix


@dataclass(frozen=True)
class Line:
    """A row of the table: the devices that there are in words, the row, its promise, and the known difference of that."""

    devices: str
    row: Judged
    promise: str
    known: str


def lines(result: Result) -> list[Line]:
    """All rows of all cases that were measured."""
    known = {claim.name: claim.known for claim in result.claims}
    found = []
    for case in result.conditions:
        for facts in result.facts.get(case.name, {}).get("replicates", ()):
            rows = matrix(case.name, machines_of(facts["steps"])) if case.name in STRINGS else ()
            promises = {row.title: row.promise for row in rows}
            for row in judged(facts["steps"]):
                promise = promises.get(row.row.title, "")
                found.append(Line(case.title or case.name, row, promise, known.get(promise, "")))
    return found


def counted(result: Result) -> str:
    """How many rows agree with the rule and how many do not, in a sentence; empty where there is none."""
    every = lines(result)
    differ = [each for each in every if each.row.agrees is False]
    known = sum(bool(each.known) for each in differ)
    unknown = sum(each.row.agrees is None for each in every)
    return (
        f"the matrix of AUTO's selection has {len(every)} rows: {len(every) - len(differ) - unknown} are as AUTO's documentation says, "
        f"{len(differ)} differ ({known} by known differences), {unknown} are not known; the page shows each"
        if every
        else ""
    )


def blocks(result: Result) -> Iterable[Block]:
    """The rows that differ, with the promise that each breaks; and the whole matrix."""
    every = lines(result)
    if not every:
        return
    differ = [each for each in every if each.row.agrees is not True]
    yield Block(
        "selection-differs",
        f"Selection: rows that differ ({len(differ)} of {len(every)})",
        "Each row is one compile. What the rule says is worked out from AUTO's documentation alone. A known difference has a paragraph in "
        "docs/findings.md, and a script that shows it.",
        Table(
            (
                COLUMNS[0],
                "devices",
                *COLUMNS[1:4],
                "what was seen",
                "promise",
                "rule that is broken",
                "known difference",
            ),
            [
                (
                    *_beside_devices(each)[:5],
                    each.row.told,
                    each.promise or NONE,
                    each.row.rule,
                    each.known or NONE,
                )
                for each in differ
            ],
        ),
    )
    yield Block(
        "selection-matrix",
        f"Selection: the whole matrix ({len(every)} rows)",
        "(CPU) is AUTO's helper at the start. Candidates are what MULTI_DEVICE_PRIORITIES tells of the compiled model.",
        Table((COLUMNS[0], "devices", *COLUMNS[1:]), [_beside_devices(each) for each in every]),
    )


def _beside_devices(line: Line) -> tuple[str, ...]:
    string, *others = line.row.cells()
    return string, line.devices, *others
