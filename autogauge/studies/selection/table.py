"""The matrix as tables, of a result of this run or of an earlier one: at a glance, the rows that differ from the rule, all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autogauge import checkout
from autogauge.measuring.drawing import NONE, Block, Table
from autogauge.measuring.result import Result
from autogauge.studies.selection.judged import COLUMNS, Judged, judged, machines_of
from autogauge.studies.selection.known import is_as_known
from autogauge.studies.selection.rows import IN_WORDS, STRINGS, matrix

DIFFERS, UNKNOWN = " !", " ?"


@dataclass(frozen=True)
class Line:
    """A row of the table: the devices that there are in words, the row, its promise, and the known difference that made it so."""

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
            machines = machines_of(facts["steps"])
            rows = matrix(case.name, machines) if case.name in STRINGS else ()
            promises = {row.title: row.promise for row in rows}
            for row in judged(facts["steps"]):
                promise = promises.get(row.row.title, "")
                key = known.get(promise, "")
                found.append(
                    Line(case.title or case.name, row, promise, key if is_as_known(key, row, machines) else "")
                )
    return found


def counted(result: Result) -> str:
    """How many rows agree with the rule and how many do not, in a sentence; empty where there is none."""
    every = lines(result)
    differ = [each for each in every if each.row.agrees is False]
    known = sum(bool(each.known) for each in differ)
    unknown = sum(each.row.agrees is None for each in every)
    return (
        f"the matrix of AUTO's selection has {len(every)} rows: {len(every) - len(differ) - unknown} are as the rule says, "
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
    yield glance(every)
    yield Block(
        "selection-differs",
        f"Selection: rows that differ ({len(differ)} of {len(every)})",
        "What the rule says is worked out from AUTO's documentation; where it is silent, from the plugin's source "
        f"or from what a user may expect ({checkout.page('contract')} says which). A known difference has a paragraph and a script: "
        f"{checkout.page('findings')}.",
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


def glance(every: Sequence[Line]) -> Block:
    """A row for each device string, a column for each set of devices: who answers in the end."""
    sets = list(dict.fromkeys(each.devices for each in every))
    at: dict[tuple[str, str], list[Judged]] = {}
    for each in every:
        at.setdefault((each.row.cells()[0], each.devices), []).append(each.row)
    strings = dict.fromkeys(string for string, _ in at)
    return Block(
        "selection-glance",
        "Selection at a glance: who answers in the end",
        "By device string and by the devices that there are. After a semicolon: models for which it is another. "
        f"{DIFFERS.strip()} is not as the rule says; {UNKNOWN.strip()} is not known. The page has all "
        f"{len(every)} rows, with model, way to give it, rule and promise.",
        Table(
            (COLUMNS[0], *sets),
            [(string, *(_who(at.get((string, each), ())) for each in sets)) for string in strings],
        ),
        printed=True,
    )


def _who(rows: Sequence[Judged]) -> str:
    """Who answers for most, and for which models another does."""
    if not rows:
        return NONE
    by_outcome: dict[str, list[Judged]] = {}
    for each in rows:
        by_outcome.setdefault(each.seen + {True: "", False: DIFFERS, None: UNKNOWN}[each.agrees], []).append(each)
    most, *others = sorted(by_outcome, key=lambda outcome: -len(by_outcome[outcome]))
    return "; ".join([most, *(f"{', '.join(_models(by_outcome[each], rows))}: {each}" for each in others)])


def _models(some: Sequence[Judged], every: Sequence[Judged]) -> list[str]:
    """The models of some rows, a way to give them only where it is not the same for all."""
    ways: dict[str, list[str]] = {}
    for each in some:
        ways.setdefault(each.row.model, []).append(each.row.given)
    if (
        len(ways) > 1
        and len({*map(tuple, ways.values())}) == 1
        and len(ways) == len({each.row.model for each in every})
    ):
        return [_from(next(iter(ways.values())))]
    found = []
    for model, given in ways.items():
        all_of_it = len(given) == sum(each.row.model == model for each in every)
        found.append(IN_WORDS[model] if all_of_it else f"{IN_WORDS[model]} {_from(given)}")
    return found


def _from(given: Sequence[str]) -> str:
    """``from an object or a path``."""
    return "from " + " or ".join(f"{'an' if each[0] in 'aeiou' else 'a'} {each}" for each in given)


def _beside_devices(line: Line) -> tuple[str, ...]:
    string, *others = line.row.cells()
    return string, line.devices, *others
