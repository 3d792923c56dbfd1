"""The studies, one file each, and their list. Nothing else names one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from autogauge.errors import UserError
from autogauge.files import slug
from autogauge.measuring.drawing import Block, Table

if TYPE_CHECKING:
    from autogauge.measuring.result import Result
    from autogauge.rig.study import Study

LISTED = (
    "first_inference.study.FIRST_INFERENCE",
    "cached_start.CACHED_START",
    "hand_over.study.HAND_OVER",
    "hints.HINTS",
    "all_devices.ALL_DEVICES",
    "memory.MEMORY",
    "price.PRICE",
    "selection.study.SELECTION",
    "model_cache.study.MODEL_CACHE",
    "model_cache.starts.CACHE_STARTS",
    "properties.PROPERTIES",
    "fallback.study.FALLBACK",
    "outputs.OUTPUTS",
    "soak.SOAK",
    "hinted.study.HINTS_AND_DEVICES",
    "policy.POLICY",
    "priority.PRIORITY",
    "stateful_and_dynamic.STATEFUL_AND_DYNAMIC",
    "queues.QUEUES",
)
"""Each study's file and what it is called there, in the order in which reports show them. A study of one's own is one more line."""


DRAWN = {"why": "autogauge.lab.why.drawing"}
"""Results of studies that have a command of their own and are no part of a run, by the study's name: what has their ``blocks``."""


def every() -> tuple[Study, ...]:
    """All studies, in their order. Raises ``UserError`` for a line of the list that names none."""
    from importlib import import_module

    found = []
    for entry in LISTED:
        module, _, name = entry.rpartition(".")
        try:
            found.append(getattr(import_module(f"{__name__}.{module}"), name))
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise UserError(f"the list of studies names {entry}, which cannot be loaded ({why}): {__file__}") from error
    return tuple(found)


def by_name(name: str) -> Study | None:
    """The study that calls itself so; ``None`` for one that is not listed (any more)."""
    return next((study for study in every() if study.name == name), None)


def blocks(result: Result) -> Iterable[Block]:
    """What only this result's study can draw of it; nothing for a study that is not listed (any more).

    A drawing that fails says so in its place: the rest of the page is of use without it.
    """
    from importlib import import_module

    try:
        study = import_module(DRAWN[result.name]) if result.name in DRAWN else by_name(result.name)
        return [_drawable(block) for block in study.blocks(result)] if study else ()
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        return (
            Block(
                f"own-{slug(result.name)}",
                result.name,
                f"what only this study draws could not be: {why}",
                Table((), ()),
            ),
        )


def _drawable(block: Block) -> Block:
    """The block, whose chart can be written into a page. Raises ``TypeError`` or ``ValueError`` for one that cannot."""
    json.dumps(block.chart)
    return block
