"""Draws what became of each machine of a fleet, from its account (``to_json`` of ``lab.fleet.accounts``); the last line adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from autogauge.plain import sentence


def in_step(clock_off_s: Any) -> str:
    """How wrong a clock is, in words; a few seconds are what the asking takes."""
    if not isinstance(clock_off_s, int):
        return "–"
    return "right" if abs(clock_off_s) <= 5 else f"{abs(clock_off_s)} s {'ahead' if clock_off_s > 0 else 'behind'}"


def counts(words: Mapping[str, int]) -> str:
    """``3 PASS, 1 FAIL``; a dash where there is none."""
    return ", ".join(f"{number} {word}" for word, number in words.items()) or "–"


def check_table(machines: Sequence[Mapping[str, Any]]) -> Table:
    """What each machine has, and whether it is ready."""
    table = Table(box=None, pad_edge=False)
    for name in ("machine", "", "python", "openvino", "free", "clock", "lock"):
        table.add_column(name, overflow="fold")
    for each in machines:
        free = f"{each['free_mib'] / 1024:.1f} GiB" if each["free_mib"] is not None else "–"
        table.add_row(
            each["machine"],
            _outcome(each),
            each["python"] or "–",
            each["openvino"] or "–",
            free,
            in_step(each["clock_off_s"]),
            (each["lock"] or "–").partition(" ")[0],  # by whom is a sentence of its own
        )
    return table


def run_table(machines: Sequence[Mapping[str, Any]]) -> Table:
    """What became of each machine."""
    table = Table(box=None, pad_edge=False)
    for name in ("machine", "", "verdicts", "gate", "openvino", "run", "standing"):
        table.add_column(name, overflow="fold")
    for each in machines:
        run = (each["run"] or "–").rpartition("/")[2].partition("_")[0]
        more = len(each["brought_home"]) - (each["run"] in each["brought_home"])
        also = f" and {more} of before" if more else ""
        table.add_row(
            each["machine"],
            _outcome(each),
            counts(each["verdicts"]),
            counts(each["gate"]),
            each["openvino"] or "–",
            run + also,
            each["standing"] or "–",
        )
    return table


def _outcome(each: Mapping[str, Any]) -> str:
    said = "; ".join(filter(None, (each["sentence"], *each["notes"])))
    return f"{each['outcome']}: {sentence(said)}" if said else str(each["outcome"])
