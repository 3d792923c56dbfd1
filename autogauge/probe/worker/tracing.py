"""What an input is used for, found in the graph: as indices into a table of so many rows, as lengths, as offsets.

Only what lies between the input and its use as it is (conversions, reshapes, an added constant) is followed. What is made of it is
left to ``autogauge.input_values``; the ``table`` is certain, the rest are hints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_NODES = 2000
"""An input's way to its use is a few nodes long; a graph that lets it through everywhere is given up."""

IDS, LENGTHS, OFFSETS, SEGMENTS = "ids", "lengths", "offsets", "segments"

# What lets values through unchanged: the operation, and which of its inputs.
_THROUGH = {
    "Convert": (0,),
    "ConvertLike": (0,),
    "Reshape": (0,),
    "Squeeze": (0,),
    "Unsqueeze": (0,),
    "Transpose": (0,),
    "Broadcast": (0,),
    "Tile": (0,),
    "Split": (0,),
    "VariadicSplit": (0,),
    "Slice": (0,),
    "StridedSlice": (0,),
    "Gather": (0,),
    "Pad": (0,),
    "Identity": (0,),
    "Select": (1, 2),
    "Clamp": (0,),
    "Maximum": (0, 1),
    "Minimum": (0, 1),
    "Multiply": (0, 1),  # by a mask: what does not count becomes 0
}
_AS_IT_IS = ("Convert", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Identity")
"""What lets every value through, and none but them."""
_WIDE = ("i32", "i64", "u32", "u64", "f32", "f64")
"""A conversion to these keeps what may be an index."""
_LENGTHS = {"ReverseSequence": 1, "LSTMSequence": 3, "GRUSequence": 2, "RNNSequence": 2, "CTCGreedyDecoderSeqLen": 1}


def use_of(port: Any) -> dict[str, Any]:
    """How an input (an output of a Parameter) is used: its ``role`` or ``None``, and the ``bound`` that its values stay below.

    The bound is the smallest of all uses; ``None`` where none is known. ``table`` is the ``length`` of the shortest table that every value,
    with a number ``added``, is an index into, whatever else it is; ``None`` where that is not certain.
    """
    try:
        return {**_use_of(port), "table": _table(port)}
    except Exception:  # a hint only: a node that cannot be asked is no reason to know nothing of the model
        return {"role": None, "bound": None, "table": None}


def _table(port: Any) -> dict[str, int] | None:
    found = []  # type: list[tuple[int, int, int]]
    pending, seen = [(port, 0)], 0
    while pending and seen < MOST_NODES:
        output, added = pending.pop()
        for target in output.get_target_inputs():
            seen += 1
            node, kind, index = target.get_node(), target.get_node().get_type_name(), target.get_index()
            if index == 0 and kind in _AS_IT_IS:
                if kind != "Convert" or node.output(0).get_element_type().get_type_name() in _WIDE:
                    pending.append((node.output(0), added))
            elif kind == "Add" or (kind == "Subtract" and index == 0):
                more = _value(node.input_value(1 - index))
                if more is not None:
                    pending.append((node.output(0), added + (more if kind == "Add" else -more)))
            elif index == 1 and (kind in _TABLES or kind.startswith("Embedding")):
                length = _length(node, 0, 0) if kind.startswith("Embedding") else _ROWS[kind](node)
                if length:
                    found.append((length - added, length, added))
    if not found:
        return None
    _, length, added = min(found)
    return {"length": length, "added": added}


def _use_of(port: Any) -> dict[str, Any]:
    roles: list[str] = []
    bounds: list[int] = []
    pending, seen = [(port, 0)], 0
    while pending and seen < MOST_NODES:
        output, shift = pending.pop()
        for target in output.get_target_inputs():
            seen += 1
            node, index = target.get_node(), target.get_index()
            kind = node.get_type_name()
            found = _use(node, kind, index)
            if found is not None:
                role, bound = found
                roles.append(role)
                if bound is not None:
                    bounds.append(bound - shift)
                continue
            if kind == "Concat" or index in _THROUGH.get(kind, ()):
                if kind == "Select" and shift:  # x < 0 ? x + rows : x, which is how an index from the end is written
                    continue
                pending += [(each, shift) for each in node.outputs()]
            elif kind in ("Add", "Subtract"):
                added = _largest(node.input_value(1 - index))
                if added is not None and (kind == "Add" or index == 0):
                    pending.append((node.output(0), shift + (added if kind == "Add" else -added)))
    found_role = next((each for each in (OFFSETS, SEGMENTS, IDS, LENGTHS) if each in roles), None)
    positive = [each for each in bounds if each > 0]
    return {"role": found_role, "bound": min(positive) if positive else None}


def _use(node: Any, kind: str, index: int) -> tuple[str, int | None] | None:
    """The role of a node's input, and its bound; ``None`` where it is none of those known."""
    if kind.startswith("Embedding"):
        roles = {1: IDS, 2: OFFSETS if "Offsets" in kind else SEGMENTS}
        return (roles[index], _length(node, 0, 0) if index == 1 else None) if index in roles else None
    if kind in _LENGTHS and index == _LENGTHS[kind]:
        axis = node.get_attributes().get("seq_axis", 1) if kind == "ReverseSequence" else 1
        return LENGTHS, _length(node, 0, axis, 1)
    if index == (0 if kind == "OneHot" else 1) and kind in _ROWS:
        return IDS, _ROWS[kind](node)
    return None


def _rows_of_all(node: Any) -> int | None:
    """Indices over several axes stay below the shortest of them."""
    shape = node.input_value(0).get_partial_shape()
    lengths = [_length(node, 0, axis) for axis in range(len(shape))] if shape.rank.is_static else []
    return min((each for each in lengths if each is not None), default=None)


# How many rows an operation that takes indices chooses from.
_ROWS: dict[str, Callable[[Any], int | None]] = {
    "Gather": lambda node: _length(node, 0, _value(node.input_value(2))),
    "ScatterUpdate": lambda node: _length(node, 0, _value(node.input_value(3))),
    "GatherElements": lambda node: _length(node, 0, node.get_attributes().get("axis")),
    "ScatterElementsUpdate": lambda node: _length(node, 0, _value(node.input_value(3))),
    "GatherND": _rows_of_all,
    "ScatterNDUpdate": _rows_of_all,
    "OneHot": lambda node: _value(node.input_value(1)),
}
_TABLES = ("Gather", "GatherElements", "ScatterUpdate", "ScatterElementsUpdate")
"""Those to which an index beyond is a mistake (to OneHot it is a row of its own kind), and whose indices are all of one axis."""


def _length(node: Any, index: int, axis: Any, more: int = 0) -> int | None:
    """The length of that axis of a node's input plus ``more``, if it is static."""
    shape = node.input_value(index).get_partial_shape()
    if axis is None or not shape.rank.is_static or not -len(shape) <= axis < len(shape):
        return None
    length = shape[int(axis) % len(shape)]
    return int(length.get_length()) + more if length.is_static else None


def _value(output: Any) -> int | None:
    """The value of a constant that is one whole number."""
    data = _constant(output)
    return int(data.reshape(-1)[0]) if data is not None and data.size == 1 and data.dtype.kind in "iu" else None


def _largest(output: Any) -> int | None:
    """The largest value of a constant of whole numbers."""
    data = _constant(output)
    return int(data.max()) if data is not None and data.size and data.dtype.kind in "iu" else None


def _constant(output: Any) -> Any:
    node = output.get_node()
    while node.get_type_name() in ("Convert", "Reshape", "Unsqueeze", "Squeeze"):
        node = node.input_value(0).get_node()
    return node.data if node.get_type_name() == "Constant" else None
