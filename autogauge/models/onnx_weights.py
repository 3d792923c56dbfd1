"""Which other files an ONNX model names for its weights. Only the fields that lead to them are read, not the weights.

The field numbers are those of ONNX's ``onnx.proto``; the wire format is protobuf's (protobuf.dev/programming-guides/encoding).
Whether the files are there, and hashing them, is left to ``path``.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

DEEPEST = 100
"""Messages within messages; protobuf's own readers refuse more."""
MOST_FIELDS = 20_000_000
"""A model of ten thousand layers has a few hundred thousand."""

_VARINT, _FIXED64, _BYTES, _GROUP, _END_GROUP, _FIXED32 = range(6)
_EXTERNAL = 1  # TensorProto.DataLocation

_LEADS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
"""By kind of message: the fields through which a tensor can be reached, and what they hold."""


class Malformed(ValueError):
    """The bytes are no protobuf message of this kind."""


class TooLarge(ValueError):
    """More fields than any model has."""


def locations(path: Path) -> list[str]:
    """The ``location`` of every tensor whose data lies in another file, as written in the model, sorted, each once.

    A file that is no protobuf message names none: what is wrong with it, OpenVINO says when it reads it. Raises ``OSError``, and
    :class:`TooLarge`.
    """
    with path.open("rb") as stream:
        try:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file
            return []
        with mapped:
            try:
                return sorted(set(_walk(mapped)))
            except Malformed:
                return []


def _walk(data: mmap.mmap | bytes) -> Iterator[str]:
    left = [MOST_FIELDS]
    pending = [("model", 0, len(data), 1)]
    while pending:
        kind, start, end, depth = pending.pop()
        if depth > DEEPEST:
            raise Malformed
        if kind == "tensor":
            if (location := _location(data, start, end, left)) is not None:
                yield location
            continue
        leads = _LEADS[kind]
        for number, wire, first, last in _fields(data, start, end, left):
            if wire == _BYTES and number in leads:
                pending.append((leads[number], first, last, depth + 1))


def _location(data: mmap.mmap | bytes, start: int, end: int, left: list[int]) -> str | None:
    """Where a tensor's data is, if that is another file. As in protobuf the last of several values counts."""
    found, is_external = None, False
    for number, wire, first, last in _fields(data, start, end, left):
        if number == 14 and wire == _VARINT:
            is_external = first == _EXTERNAL
        elif number == 13 and wire == _BYTES:
            entry = {
                key: data[begin:stop]
                for key, kind, begin, stop in _fields(data, first, last, left)
                if kind == _BYTES and key in (1, 2)
            }
            if entry.get(1) == b"location":
                found = entry.get(2, b"").decode("utf-8", errors="surrogateescape")
    return found if is_external else None


def _fields(data: mmap.mmap | bytes, start: int, end: int, left: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """Each field of a message: its number, its wire type, and its value (a varint) or where its bytes begin and end."""
    open_groups: list[int] = []
    at = start
    while at < end:
        left[0] -= 1
        if left[0] < 0:
            raise TooLarge
        key, at = _varint(data, at, end)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise Malformed
        first = last = at
        if wire == _VARINT:
            first, at = _varint(data, at, end)
        elif wire == _BYTES:
            length, first = _varint(data, at, end)
            at = last = first + length
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        elif wire == _GROUP and len(open_groups) < DEEPEST:
            open_groups.append(number)
        elif wire != _END_GROUP or not open_groups or open_groups.pop() != number:
            raise Malformed
        if at > end:
            raise Malformed
        if not open_groups:
            yield number, wire, first, last
    if open_groups:
        raise Malformed


def _varint(data: mmap.mmap | bytes, at: int, end: int) -> tuple[int, int]:
    """A whole number in groups of seven bits, the lowest first; and where the next byte is."""
    value = shift = 0
    while True:
        if at >= end or shift > 63:
            raise Malformed
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
