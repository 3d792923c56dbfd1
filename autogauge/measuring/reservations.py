"""What a study's figures and answers leave out because of the model itself, in words: its state, its random outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autogauge.probe.worker.subject import NOT_RESET, RESET

_STATE = {
    RESET: "the model's state was reset before each inference of {}",
    NOT_RESET: "WARNING: the model's state could not be reset on {}: its figures may depend on how long one measures",
}


def sentences(facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each reservation, with the conditions that it is about, from the facts of a study's conditions."""
    found: dict[str, list[str]] = {}
    for name, each in facts.items():
        for template in (_STATE.get(str(each.get("state")), ""), str(each.get("not_compared") or "")):
            if template:
                found.setdefault(template, []).append(name)
    return [
        template.format(", ".join(names)) if template in _STATE.values() else template
        for template, names in found.items()
    ]
