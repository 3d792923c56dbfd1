"""The gate's judgements on a terminal. How they come about is left to ``autogauge.gate``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from autogauge.gate.gate import CARRY_OVER, FAMILY_ERROR
from autogauge.gate.judged import Judged
from autogauge.gate.judgement import Judgement, changes_of, percent
from autogauge.plain import plain, sentence
from autogauge.report.tables import Column, Fitted

STYLES = {"PASS": "green", "IMPROVED": "bold cyan", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}


SAID_IN_FULL = ("FAIL", "IMPROVED")
"""What gets its sentence below the table, beside what is remarkable."""


def render(judged: Judged, saved: Path | None) -> list[RenderableType]:
    """What is shown of the gate at the end of a run; ``saved`` is where the run is in history, ``None`` where it is not."""
    if not judged.shown:
        return []
    shown: list[RenderableType] = [Text(heading(judged), style="bold"), *judgements(judged.judgements)]
    if unjudged := not_judged(judged, saved):
        shown.append(Text(f"NOT JUDGED  {unjudged}", style=STYLES["FAIL"], no_wrap=True))  # it names a command
    if judged.begins and saved:
        shown.append(Text("this run becomes the first accepted one of what has no baseline"))
    if judged.lost:
        shown.append(
            Text(
                f"NOTE  {len(judged.lost)} of the last accepted runs' benchmarks are not in this one (renamed, removed or not measured): "
                f"{', '.join(map(plain, judged.lost))}"
            )
        )
    return [*shown, *(Text(f"NOTE  {sentence(note)}") for note in judged.notes)]


def not_judged(judged: Judged, saved: Path | None) -> str:
    """What was judged against nothing since the fingerprint changed, and what to do about it; empty where there is no such thing."""
    found = judged.not_judged
    if not found:
        return ""
    if judged.baseline:
        return sentence(
            f"{found}; {judged.baseline}, which it is to be judged against, needs a run from after that change"
        )
    step = (
        f"; if it is the same machine, {CARRY_OVER} {shlex.quote(str(saved))} carries the baseline over"
        if saved
        else ""
    )
    return sentence(f"{found}{step}")


def judgements(found: Sequence[Judgement]) -> list[RenderableType]:
    """A line for each judgement, and one for all that there was nothing to judge against."""
    first = [each for each in found if each.outcome is None]
    judged = [each for each in found if each.outcome is not None]
    shown: list[RenderableType] = []
    if judged:
        table = Fitted(
            (
                Column("", 100),
                Column("benchmark", 90, 12),
                Column(changes_of(judged), 80, right=True),
                Column("interval", 70, 11),
                Column("rests on", 40),
            )
        )
        for each in judged:
            change = percent(each.change.ratio) if each.change else "–"
            table.add_row(
                Text(each.word, style=STYLES.get(each.word, "")),
                each.benchmark,
                change,
                each.bounds(),
                each.count(),
            )
        shown.append(table)
        shown += [
            Text(f"{each.word}  {sentence(each.sentence())}")
            for each in judged
            if each.word in SAID_IN_FULL or each.cannot_measure or each.remarkable
        ]
        shown += [
            Text(f"judged against {sentence(against)}") for against in dict.fromkeys(each.against for each in judged)
        ]
    if first:
        names = (
            ", ".join(plain(each.benchmark) for each in first)
            if judged
            else f"all {len(first)} benchmarks"
            if len(first) > 1
            else "the one benchmark"
        )
        shown.append(
            Text(f"NO BASELINE  {names}: {'; '.join(dict.fromkeys(note for each in first for note in each.notes))}")
        )
    return shown


def heading(judged: Judged) -> str:
    """How strict the gate is, and how many judgements are which."""
    words = [each.word for each in judged.judgements]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    return f"gate ({judged.mode}; at most {100 * FAMILY_ERROR:g} % of unchanged runs raise an alarm): {counts}"
