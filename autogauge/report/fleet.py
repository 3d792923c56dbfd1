"""Draws what became of each machine of a fleet, from its account (``to_json`` of ``lab.fleet.accounts``).

What is said of a machine is a line of its own below the table: in a log of 80 columns a cell would hold a word a line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from autogauge.plain import plain, sentence
from autogauge.report.tables import Column, Fitted

NAME, COUNTS, LONGEST_FOLDER = 12, 16, 255
"""The widths below which a machine's name and counts of verdicts are not read, and the longest name."""


def in_step(clock_off_s: Any) -> str:
    """How wrong a clock is, in words; a few seconds are what the asking takes."""
    if not isinstance(clock_off_s, int):
        return "–"
    return "right" if abs(clock_off_s) <= 5 else f"{abs(clock_off_s)} s {'ahead' if clock_off_s > 0 else 'behind'}"


def counts(words: Mapping[str, int]) -> str:
    """``3 PASS, 1 FAIL``; a dash where there is none."""
    return ", ".join(f"{number} {word}" for word, number in words.items()) or "–"


def check_table(machines: Sequence[Mapping[str, Any]]) -> Fitted:
    """What each machine has, and whether it is ready."""
    table = Fitted(
        (
            Column("machine", 110, NAME, longest=LONGEST_FOLDER),
            Column("", 100),
            Column("python", 40),
            Column("openvino", 60),
            Column("free", 70),
            Column("clock", 50, 6),
            Column("lock", 90),
        ),
        options={"box": None},
    )
    for each in machines:
        free = f"{each['free_mib'] / 1024:.1f} GiB" if each["free_mib"] is not None else "–"
        table.add_row(
            each["machine"],
            str(each["outcome"]),
            each["python"] or "–",
            each["openvino"] or "–",
            free,
            in_step(each["clock_off_s"]),
            (each["lock"] or "–").partition(" ")[0],  # by whom is a sentence of its own
        )
    return table


def run_table(machines: Sequence[Mapping[str, Any]]) -> Fitted:
    """What became of each machine."""
    table = Fitted(
        (
            Column("machine", 110, NAME, longest=LONGEST_FOLDER),
            Column("", 100),
            Column("verdicts", 50, COUNTS),
            Column("gate", 80, COUNTS),
            Column("openvino", 40),
            Column("run", 90, 6),
            Column("standing", 70, 11),
        ),
        options={"box": None},
    )
    for each in machines:
        run = (each["run"] or "–").rpartition("/")[2].partition("_")[0]
        more = len(each["brought_home"]) - (each["run"] in each["brought_home"])
        also = f" and {more} of before" if more else ""
        table.add_row(
            each["machine"],
            str(each["outcome"]),
            counts(each["verdicts"]),
            counts(each["gate"]),
            each["openvino"] or "–",
            run + also,
            each["standing"] or "–",
        )
    return table


def said(machines: Sequence[Mapping[str, Any]]) -> list[Text]:
    """What is said of the machines of which something is: a line each."""
    found = [(each, "; ".join(filter(None, (each["sentence"], *each["notes"])))) for each in machines]
    return [
        Text(f"{plain(each['machine'], LONGEST_FOLDER)}  {each['outcome']}: {sentence(why)}")
        for each, why in found
        if why
    ]
