"""The steps of a case, by what they ``do``. A new kind is a function ``(stage, step) -> dict`` in a file of this folder, and its line here.

What is given back is JSON. An exception is something that was seen too: the case tells it, and goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.steps import (
    answering,
    asking,
    basic,
    behind,
    choosing,
    faults,
    files,
    inferring,
    queueing,
    soaking,
    together,
)

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: dict[str, Callable[[Any, dict[str, Any]], dict[str, Any] | None]] = {
    **answering.KINDS,
    **asking.KINDS,
    **basic.KINDS,
    **choosing.KINDS,
    **behind.KINDS,
    **faults.KINDS,
    **files.KINDS,
    **inferring.KINDS,
    **queueing.KINDS,
    **soaking.KINDS,
    **together.KINDS,
}
