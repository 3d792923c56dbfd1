"""Reads the samples of a study as its summary holds them. What is made of them is left to the pages' parts."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from autogauge.report.pages.blocks import NONE, number

Arrays = Mapping[str, npt.NDArray[Any]]
Fields = Mapping[str, Any]


def ordered(study: Fields, name: str, metric: str, kind: str, factor: float) -> list[tuple[int, float]]:
    """Number of the replicate (from 1) and figure times ``factor``, in the order measured; ``kind`` is ``samples`` or ``disturbed``."""
    return [
        (each["index"] + 1, each[kind][name]["figures"][metric] * factor)
        for each in study["replicates"]
        if metric in each.get(kind, {}).get(name, {}).get("figures", {})
    ]


def figures(study: Fields, name: str, metric: str) -> list[float]:
    """One metric of one condition, in the order measured."""
    return [value for _, value in ordered(study, name, metric, "samples", 1.0)]


def metrics_of(study: Fields) -> set[str]:
    """Every metric that some sample has."""
    return {
        metric for each in study["replicates"] for sample in each["samples"].values() for metric in sample["figures"]
    }


def median_ms(study: Fields, name: str, metric: str) -> float | None:
    """The median of seconds in milliseconds; ``None`` without a sample."""
    values = figures(study, name, metric)
    return statistics.median(values) * 1e3 if values else None


def median_and_range(values: Sequence[float]) -> str:
    """The median, and in brackets the lowest and the highest."""
    if not values:
        return NONE
    middle = number(statistics.median(values), 3)
    return middle if min(values) == max(values) else f"{middle} ({number(min(values), 3)}–{number(max(values), 3)})"


def titled(study: Fields, condition: Fields) -> str:
    """What tables call a condition: its title, with its name where another one of the study has that title."""
    title = str(condition.get("title") or condition["name"])
    same = sum((each.get("title") or each["name"]) == title for each in study["conditions"])
    return title if same == 1 else f"{title} ({condition['name']})"


def slug(name: str) -> str:
    """A name that can be part of an id."""
    return "".join(each if each.isascii() and each.isalnum() else "-" for each in name.lower())
