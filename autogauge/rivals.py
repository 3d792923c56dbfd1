"""Options that say one thing in two ways, or that belong to another's value: what a stronger place says leaves a weaker place's out.

A project's file that names a model and its inputs is not to feed them to another model that somebody names on the command line. In one
place both are a contradiction, which ``Settings`` tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autogauge.files import exists
from autogauge.gate import gate as gates
from autogauge.models.path import is_model_name
from autogauge.options import OPTIONS

MODEL, PRECISION, SHAPE, PICTURE, INPUTS = "--model", "--precision", "--shape", "--picture", "--inputs"
OF_A_MODEL = (PRECISION, SHAPE, PICTURE, INPUTS)
FEEDS = {INPUTS: (PICTURE, SHAPE), PICTURE: (INPUTS,), SHAPE: (INPUTS,)}
FAILING = ("--no-baseline", "--creep")
"""They ask the gate to fail."""

Places = Mapping[str, Sequence[tuple[int, str]]]
"""Of each option the places that name it, the strongest first: how weak each is, and the text there."""


def left_out(places: Places) -> dict[str, str]:
    """The options that play no part for what another says in a stronger place, and which one that is."""
    found: dict[str, str] = {}
    for name in (MODEL, "--gate", *FEEDS):
        if name not in places or name in found:
            continue
        strength, text = places[name][0]
        for other in _rivals(name, text, places):
            if other in places and places[other][0][0] > strength:
                found.setdefault(other, name)
    return found


def _rivals(name: str, text: str, places: Places) -> Iterator[str]:
    if name == MODEL:
        yield from (each for each in OF_A_MODEL if each in places and _is_anothers(each, places))
    elif name == "--gate":
        yield from {gates.OFF: (*FAILING, "--baseline", "--reference"), gates.WARN: FAILING}.get(text, ())
    elif not OPTIONS[name].leaves_out(text):
        yield from FEEDS[name]


def _is_anothers(name: str, places: Places) -> bool:
    """Whether an option was said of another model than the one that holds; a precision alone is said of all models that have a choice."""
    strength, _ = places[name][0]
    (_, held), *weaker = places[MODEL]
    named = next((text for at, text in weaker if at >= strength), None)
    if named is None and name == PRECISION:
        return exists(Path(held)) or is_model_name(held)
    return named is None or not _are_one(held, named)


def _are_one(a: str, b: str) -> bool:
    return a == b or (exists(Path(a)) and Path(a).resolve() == Path(b).resolve())
