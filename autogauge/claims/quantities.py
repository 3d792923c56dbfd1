"""Texts with a unit: ``12 ms``, ``1.5 GB``, ``200 FPS``. In files and figures there are seconds, bytes and plain numbers only."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

TIME, MEMORY, RATE, NUMBER = "time", "memory", "rate", "number"
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
UNITS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        TIME: {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0},  # µ has two codes
        MEMORY: _BYTES,
        RATE: {"FPS": 1.0, "fps": 1.0, "/s": 1.0, "frames/s": 1.0},
        NUMBER: {},
    }
)
"""What one unit is in seconds, bytes, or frames per second."""
EXAMPLES = MappingProxyType({TIME: "12 ms", MEMORY: "1.5 GB", RATE: "200 FPS", NUMBER: "1.8"})
CALLED = MappingProxyType({TIME: "a time", MEMORY: "an amount of memory", RATE: "a rate", NUMBER: "a number"})
_TEXT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\d\s.]\S*(?: \S+)*)?\s*")


class NoQuantity(ValueError):
    """What is no quantity of that kind, in a clause."""


def read(value: object, kind: str) -> float:
    """A quantity of that kind in seconds, bytes or as a number. Raises :class:`NoQuantity`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise NoQuantity(f"{value!r} is no quantity: write {EXAMPLES[kind]!r}")
    if isinstance(value, str):
        number, unit = _parts(value, kind)
    else:
        number, unit = _finite(value), ""
    if not math.isfinite(number):
        raise NoQuantity(f"{value!r} is not finite: write {EXAMPLES[kind]!r}")
    if unit in UNITS[kind]:
        return number * UNITS[kind][unit]
    if unit:
        others = [other for other, units in UNITS.items() if unit in units]
        said = f"{value!r} is {CALLED[others[0]]}" if others else f"{unit!r} is no unit that is known"
        raise NoQuantity(f"{said}, and the figure is {CALLED[kind]}: {_choice(kind)}")
    if kind in (TIME, MEMORY):
        raise NoQuantity(f"{value!r} has no unit, and the figure is {CALLED[kind]}: {_choice(kind)}")
    return number


def _finite(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int may have hundreds of digits
        return math.inf


def _choice(kind: str) -> str:
    units = ", ".join(each for each in UNITS[kind] if each.isprintable() and each not in ("us", "μs", "KB"))
    return f"write {EXAMPLES[kind]!r}" + (f" (units: {units})" if units else "")


def _parts(text: str, kind: str) -> tuple[float, str]:
    if re.match(r"\s*[-+]?\d*,\d", text):
        raise NoQuantity(
            f"{text!r} has a comma: decimals have a point, and thousands nothing: write {EXAMPLES[kind]!r}"
        )
    found = _TEXT.fullmatch(text)
    if found is None:
        raise NoQuantity(f"{text!r} is no quantity: write {EXAMPLES[kind]!r}")
    return float(found[1]), found[2] or ""
