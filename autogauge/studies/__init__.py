"""The studies, one file each, and their list. Nothing else names one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autogauge.measuring.drawing import Block
    from autogauge.measuring.result import Result
    from autogauge.rig.study import Study

LISTED = (
    "first_inference.FIRST_INFERENCE",
    "cached_start.CACHED_START",
    "hand_over.HAND_OVER",
    "hints.HINTS",
)
"""Each study's file and what it is called there, in the order in which reports show them. A study of one's own is one more line."""


def every() -> tuple[Study, ...]:
    """All studies, in their order."""
    from importlib import import_module

    found = []
    for entry in LISTED:
        module, _, name = entry.partition(".")
        found.append(getattr(import_module(f"{__name__}.{module}"), name))
    return tuple(found)


def by_name(name: str) -> Study | None:
    """The study that calls itself so; ``None`` for one that is not listed (any more)."""
    return next((study for study in every() if study.name == name), None)


def blocks(result: Result) -> Iterable[Block]:
    """What only this result's study can draw of it; nothing for a study that is not listed (any more)."""
    study = by_name(result.name)
    return study.blocks(result) if study else ()
