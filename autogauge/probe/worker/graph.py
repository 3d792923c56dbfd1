"""What each layer of an executed graph is: its kernel, precision and shapes, and which of the model's own layers it was made of.

How long layers take is left to ``layers``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_TEXT = 400
SHAPES = "shapes of the outputs"


def layers_of(request: Any, compiled: Any, executed: Sequence[bool], names: frozenset[str]) -> list[dict[str, Any]]:
    """What each layer is, in the order of ``times_us``; what the executed graph says of it, where it can be had.

    ``executed`` says of each whether any profile so far, the cold first one among them, had it; ``names`` are the model's own layers.
    """
    known = executed_graph(compiled)
    found = []
    for info, ran in zip(request.get_profiling_info(), executed):  # noqa: B905, Python 3.8
        said = known.get(info.node_name, {})
        found.append(
            {
                "name": info.node_name[:MOST_TEXT],
                "type": info.node_type[:MOST_TEXT],
                "kernel": info.exec_type[:MOST_TEXT],
                "precision": said.get("runtimePrecision", "")[:MOST_TEXT],
                "layouts": said.get("outputLayouts", "")[:MOST_TEXT],
                "shapes": said.get(SHAPES, "")[:MOST_TEXT],
                "originals": originals_in(said.get("originalLayersNames", ""), names),
                "executed": ran,
            }
        )
    return found


def names_in(model: Any) -> frozenset[str]:
    """How the model calls its own layers; empty where it does not tell."""
    try:
        return frozenset(each.get_friendly_name() for each in model.get_ops())
    except Exception:
        return frozenset()


def originals_in(text: str, names: frozenset[str]) -> list[str]:
    """The model's layers out of a list with commas between them, where a name may itself have commas.

    Of the parts the longest run that is a name counts as one. In a model with such names what is no name of it is left out: it may be a
    piece of one.
    """
    parts = text.split(",")
    if not any("," in each for each in names):
        return [each for each in parts if each]
    most = 1 + max(each.count(",") for each in names)
    found, at = [], 0
    while at < len(parts):
        ends = range(min(len(parts), at + most), at, -1)
        end = next((end for end in ends if ",".join(parts[at:end]) in names), None)
        if end is not None:
            found.append(",".join(parts[at:end]))
        at = end or at + 1
    return found


def executed_graph(compiled: Any) -> dict[str, dict[str, str]]:
    """What the executed graph says of each node, by its name; nothing where a device does not show it."""
    try:
        nodes = list(compiled.get_runtime_model().get_ordered_ops())
    except Exception:
        return {}
    return {
        each.get_friendly_name(): {
            **{str(key): text_of(value) for key, value in notes_of(each)},
            SHAPES: shapes_of(each),
        }
        for each in nodes
    }


def shapes_of(node: Any) -> str:
    """The shapes of a node's outputs as text, ``[1,64,56,56]``; empty where they are not told."""
    try:
        return " ".join(str(each.get_partial_shape()).replace(" ", "") for each in node.outputs())
    except Exception:
        return ""


def notes_of(node: Any) -> list[tuple[Any, Any]]:
    """What is noted of a node, by key; a release's own map of it has no ``items``."""
    notes = node.get_rt_info()
    return [(key, notes[key]) for key in notes]


def text_of(value: Any) -> str:
    """A note of a node as text: releases wrap it in different ways."""
    if isinstance(value, str):
        return value
    for get in ("value", "get"):
        try:
            held = getattr(value, get)
            return str(held() if callable(held) else held)
        except Exception:  # noqa: S112, the next way may be this release's
            continue
    return ""
