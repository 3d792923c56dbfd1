"""Labels: a benchmark's place in every table, by key and value (``device=AUTO policy=round_robin``). A study chooses its keys.

From whatever a file holds to what may be kept, shown and filtered by; and what the benchmarks of a saved run are, as its index keeps it.
A benchmark is the same one in every run that has its key, however its labels grow: those of the newest run count, of those that can have
labels at all.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from autogauge.plain import plain

Labels = Mapping[str, str]
FIRST = ("device", "hint")
"""The keys that every study has had from the beginning: first in every table."""
OPENVINO = "openvino"
"""The key for a release that is another than its run's: it may differ from run to run, and counts for that run's figure alone."""
NO_DEVICE = "AUTO"
"""What is measured where no device is named."""
MOST, LONGEST_KEY, LONGEST_VALUE = 32, 60, 120
"""Labels of a benchmark, and characters of a key and of a value: more is somebody else's, and is left out or cut."""


def kept(found: Any) -> tuple[dict[str, str], int]:
    """What of a file's labels is kept, plain and in order, and how many were left out or cut. What is empty is no label."""
    if not isinstance(found, dict):
        return {}, int(found is not None)
    labels: dict[str, str] = {}
    lost = max(0, len(found) - MOST)
    for (key, each), _ in zip(found.items(), range(MOST), strict=False):
        value = json.dumps(each) if isinstance(each, (bool, int, float)) else each
        if value is None or value == "":
            continue
        name = _plain(key[: LONGEST_KEY + 1], LONGEST_KEY).strip()
        if not isinstance(value, str) or not name or name in labels:
            lost += 1
            continue
        lost += len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE
        labels[name] = _plain(value[: LONGEST_VALUE + 1], LONGEST_VALUE)
    return {key: labels[key] for key in in_order(labels)}, lost


_plain = functools.lru_cache(maxsize=4096)(plain)
"""The same few words stand in every run."""


def without_own_release(labels: Labels, openvino: str) -> dict[str, str]:
    """Labels without a release that is the run's own, with its build or without: one runtime has one spelling in a run."""
    is_own = labels.get(OPENVINO) in (openvino, openvino.partition("-")[0])
    return {key: value for key, value in labels.items() if not (is_own and key == OPENVINO)}


def release_beside(seen: str, openvino: str) -> str:
    """What is said of a release that was seen in a run of ``openvino``: nothing of the same, the build of another build of it."""
    release = seen.partition("-")[0]
    if seen in (openvino, openvino.partition("-")[0]):
        return ""
    return seen if release == openvino.partition("-")[0] else release


def in_order(keys: Iterable[str]) -> list[str]:
    """Keys as tables have them: device, hint, then by the alphabet."""
    return sorted(set(keys), key=lambda key: (FIRST.index(key) if key in FIRST else len(FIRST), key))


def by_size(values: Iterable[str]) -> list[str]:
    """Values of a label in order, numbers in them by their size: 2 before 16, 2026.4 before 2026.10."""

    def parts(value: str) -> list[tuple[int, int, str]]:
        return [(0, int(each), "") if each.isdecimal() else (1, 0, each) for each in _NUMBERS.split(value) if each]

    return sorted(set(values), key=lambda value: (parts(value.casefold()), value))


def value_of(labels: Labels, key: str) -> str:
    """A label's value, empty for none; upper and lower case of the key are the same where it does not stand as it is."""
    if key in labels:
        return labels[key]
    wanted = key.casefold()
    return next((value for name, value in labels.items() if name.casefold() == wanted), "")


def in_words(labels: Labels, without: Iterable[str] = ()) -> str:
    """The labels in a row: ``AUTO, LATENCY, policy round_robin``."""
    shown = [key for key in in_order(labels) if key not in without]
    return ", ".join(labels[key] if key in FIRST else f"{key} {labels[key]}" for key in shown)


_NUMBERS = re.compile(r"([0-9]+)")


class Contents:
    """What the benchmarks of a saved run are: by key the metric and the labels that the run itself gives them.

    ``labelled`` is whether its file can have any labels: one of before there were such knows of two only.
    """

    def __init__(self, text: str = "", labelled: bool = True) -> None:
        self._text, self.labelled = text, labelled

    @staticmethod
    def text_of(benchmarks: Mapping[str, tuple[str, Labels]]) -> str:
        """The same as JSON, equal for equal contents; empty for none."""
        return json.dumps(benchmarks, sort_keys=True, separators=(",", ":")) if benchmarks else ""

    @functools.cached_property
    def benchmarks(self) -> dict[str, tuple[str, Labels]]:
        """By key: metric and labels."""
        with contextlib.suppress(ValueError, TypeError):
            return {key: (metric, labels) for key, (metric, labels) in json.loads(self._text or "{}").items()}
        return {}

    @functools.cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """By label: the values that occur."""
        found: dict[str, set[str]] = {}
        for _, labels in self.benchmarks.values():
            for key, value in labels.items():
                found.setdefault(key, set()).add(value)
        return {key: tuple(sorted(found[key])) for key in in_order(found)}

    def release_of(self, benchmark: str) -> str:
        """The release that a benchmark was measured with where it is another than the run's, else empty."""
        return self.benchmarks[benchmark][1].get(OPENVINO, "") if benchmark in self.benchmarks else ""


NO_CONTENTS = Contents()
