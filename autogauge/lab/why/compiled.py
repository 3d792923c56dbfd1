"""What two compiled models say differently of themselves: every property that either supports. Asking them is the probe's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

ABSENT = "not there"
OF_DEVICES = "DEVICE_PROPERTIES"


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, A's value and B's of each that differs, in the order of the names; those of AUTO's devices have the device in front."""
    first, second = flat(a), flat(b)
    pairs = [(name, first.get(name, ABSENT), second.get(name, ABSENT)) for name in sorted({*first, *second})]
    return [each for each in pairs if each[1] != each[2]]


def flat(properties: Mapping[str, Any]) -> dict[str, str]:
    """Every property as text, by its name; what AUTO tells of its devices as ``CPU: NUM_STREAMS``."""
    found = {}
    for name, value in properties.items():
        if name == OF_DEVICES and isinstance(value, Mapping):
            for device, own in value.items():
                inner = own.items() if isinstance(own, Mapping) else (("", own),)
                found.update({f"{device}: {each}".rstrip(": "): in_words(held) for each, held in inner})
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
