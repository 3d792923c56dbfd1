"""What two compiled models say differently of themselves: every property that either supports. Asking them is the probe's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

ABSENT = "not there"
MOST_SHOWN = 6
OF_DEVICES = "DEVICE_PROPERTIES"
SUPPORTED = "SUPPORTED_PROPERTIES"
"""What there is, not what it is: that one side lacks a property is told by its name."""
NOT_GIVEN = "not given"
"""As a probe sends a property that a compiled model says it has, and does not give."""


def differing(a: Mapping[str, Any], b: Mapping[str, Any], *varying: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, A's value and B's of each that differs: what both have first, then by name; those of AUTO's devices have the device in front.

    ``varying`` are what was not the same in all processes of A, and of B (``noted``): such a value is told as ``1 or 2``, and differs
    only where the other side never had one of them. What a side does not give is told so, beside what the other gives.
    """
    found = [(name, *map(in_one, seen)) for name, *seen in seen_by(a, b, *varying) if not {*seen[0]} & {*seen[1]}]
    return sorted(found, key=lambda each: bool({ABSENT, NOT_GIVEN} & {*each[1:]}))  # type: ignore[arg-type]


def overlapping(a: Mapping[str, Any], b: Mapping[str, Any], *varying: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name and both sides' values of each that varies from process to process of a side, and that both had in some."""
    every = seen_by(a, b, *varying)
    return [(name, in_one(x), in_one(y)) for name, x, y in every if {*x} & {*y} and len({*x, *y}) > 1]


def not_given(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """The properties that neither side gave when it was asked: of these nobody knows whether they differ."""
    sides = flat(a), flat(b)
    return sorted(
        name for name in {*sides[0], *sides[1]} if {each.get(name, ABSENT) for each in sides} <= {ABSENT, NOT_GIVEN}
    )


def seen_by(
    a: Mapping[str, Any], b: Mapping[str, Any], *varying: Mapping[str, Any]
) -> list[tuple[str, list[str], list[str]]]:
    """Each property by name with every value that A had in any process, and that B had."""
    sides = flat(a), flat(b)
    found = []
    for name in sorted({*sides[0], *sides[1]}):
        x, y = (
            [*dict.fromkeys((*((varying[place].get(name) or ()) if varying else ()), side.get(name, ABSENT)))]
            for place, side in enumerate(sides)
        )
        found.append((name, x, y))
    return found


def in_one(values: Sequence[str]) -> str:
    """Values of several processes as a table has them; of many the first few."""
    shown = sorted(values)
    more = len(shown) - MOST_SHOWN
    return " or ".join(shown[:MOST_SHOWN]) + (f" or {more} others" if more > 0 else "")


def noted(varying: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    """``varying`` with what differs between one process of a side and the next: every value so far by the property's name."""
    found = {name: [*values] for name, values in varying.items()}
    first, second = flat(before), flat(now)
    for name in {*first, *second}:
        values = [first.get(name, ABSENT), second.get(name, ABSENT)]
        if values[0] != values[1]:
            found[name] = [*dict.fromkeys((*found.get(name, ()), *values))]
    return found


def flat(properties: Mapping[str, Any]) -> dict[str, str]:
    """Every property as text, by its name; what AUTO tells of its devices as ``CPU: NUM_STREAMS``."""
    found = {}
    for name, value in properties.items():
        if name == OF_DEVICES and isinstance(value, Mapping):
            for device, own in value.items():
                inner = own.items() if isinstance(own, Mapping) else (("", own),)
                kept = ((each, held) for each, held in inner if each != SUPPORTED)
                found.update({f"{device}: {each}".rstrip(": "): in_words(held) for each, held in kept})
        else:
            found[name] = in_words(value)
    return found


def in_words(value: Any) -> str:
    """A value as tables have it: truth as OpenVINO's own words, whatever way a release spells it."""
    if isinstance(value, bool) or value in ("YES", "NO"):
        return "YES" if value is True or value == "YES" else "NO"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(in_words, value)) or "none"
    if isinstance(value, Mapping):
        return json.dumps(value, sort_keys=True, default=str)
    return "none" if value is None or value == "" else str(value)
