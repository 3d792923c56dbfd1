"""What two compiled models say differently of themselves: every property that either supports. Asking them is the probe's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ABSENT = "not there"
OF_DEVICES = "DEVICE_PROPERTIES"
SUPPORTED = "SUPPORTED_PROPERTIES"
"""What there is, not what it is: that one side lacks a property is told by its name."""
MOST_SEEN = 4


def differing(a: Mapping[str, Any], b: Mapping[str, Any], *varying: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, A's value and B's of each that differs: what both have first, then by name; those of AUTO's devices have the device in front.

    ``varying`` are what was not the same in all processes of A, and of B (``noted``): such a value is told as ``1 or 2``, and differs
    only where the other side never had one of them.
    """
    sides = flat(a), flat(b)
    found = []
    for name in sorted({*sides[0], *sides[1]}):
        seen = [
            [*(varying[place].get(name) or ()), side.get(name, ABSENT)] if varying else [side.get(name, ABSENT)]
            for place, side in enumerate(sides)
        ]
        if not {*seen[0]} & {*seen[1]}:
            found.append((name, *(" or ".join(sorted({*each})) for each in seen)))
    return sorted(found, key=lambda each: ABSENT in each[1:])  # type: ignore[arg-type]


def noted(varying: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    """``varying`` with what differs between one process of a side and the next: up to ``MOST_SEEN`` values by the property's name."""
    found = {name: [*values] for name, values in varying.items()}
    first, second = flat(before), flat(now)
    for name in {*first, *second}:
        values = [first.get(name, ABSENT), second.get(name, ABSENT)]
        if values[0] != values[1]:
            found[name] = [*dict.fromkeys((*found.get(name, ()), *values))][:MOST_SEEN]
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
