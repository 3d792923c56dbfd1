"""One input of a model, as a probe describes it. What it is fed is left to ``inputs``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.errors import UserError

NUMPY_TYPES: dict[str, type] = {
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "u8": np.uint8,
    "u16": np.uint16,
    "u32": np.uint32,
    "u64": np.uint64,
    "boolean": np.bool_,
}
"""OpenVINO's element types that numpy has too."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """What values are looked up in: how many rows it has, and what the model adds to a value before that."""

    length: int
    added: int = 0

    @property
    def words(self) -> str:
        """The table, and which indices it takes."""
        adds = f" after it has added {self.added}" if self.added else ""
        return f"a table of {self.length}{adds}, which has {-min(self.added, 0)} to {self.length - self.added - 1}"


@dataclass(frozen=True)
class Port:
    """One input of a model: its name, element type (OpenVINO's word) and shape (-1: dynamic; ``None``: unknown rank).

    ``names`` are all that it goes by, ``layout`` is OpenVINO's (``[N,C,H,W]``; empty: unknown), ``declared`` the shape in the file,
    before any reshaping, ``limits`` the shortest and longest that each length may be (-1: no end). ``role`` and ``bound`` are what
    the graph uses it for (``ids``, ``lengths``, ``offsets``, ``segments``) and what whole numbers in it are to stay below. ``table`` is the
    one that each of its values is certainly an index into; ``None`` where nothing is certain.
    """

    name: str
    element_type: str
    shape: Shape | None
    names: tuple[str, ...] = ()
    layout: str = ""
    declared: Shape | None = None
    limits: tuple[tuple[int, int], ...] = ()
    role: str | None = None
    bound: int | None = None
    table: Table | None = None

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Port:
        """The input as a probe described it."""
        return cls(
            fields["name"],
            fields["element_type"],
            _shape(fields["shape"]),
            tuple(fields.get("names") or ()),
            fields.get("layout") or "",
            _shape(fields.get("declared")),
            tuple((low, high) for low, high in fields.get("limits") or ()),
            fields.get("role"),
            fields.get("bound"),
            Table(**fields["table"]) if fields.get("table") else None,
        )

    @property
    def is_static(self) -> bool:
        """Whether every length is known."""
        return self.shape is not None and all(length >= 0 for length in self.shape)

    @property
    def is_whole(self) -> bool:
        """Whether it takes whole numbers."""
        return self.element_type[0] in "iu"

    def beyond_its_table(self, values: npt.NDArray[Any]) -> int | None:
        """Of these values the index that is furthest beyond the table; ``None`` where there is none. OpenVINO would not refuse it.

        From the end of the table it counts by negative indices, down to its length.
        """
        if self.table is None or not values.size or values.dtype.kind not in "iuf":
            return None
        length, added = self.table.length, self.table.added
        finite = values[np.isfinite(values)]
        over, under = finite[finite >= length - added], finite[finite <= -length - added - 1]
        return int(over.max()) if over.size else int(under.min()) if under.size else None

    @property
    def shape_in_words(self) -> str:
        """Its shape, ``?`` for what is dynamic."""
        if self.shape is None:
            return "[of any rank]"
        return "[" + ",".join("?" if length < 0 else str(length) for length in self.shape) + "]"


def check_types(ports: Iterable[Port]) -> None:
    """Raise :class:`UserError` for an input whose element type numpy does not have."""
    for port in ports:
        if port.element_type not in NUMPY_TYPES:
            raise UserError(
                f"input {port.name!r} has the element type {port.element_type}, which is not supported: "
                f"convert the model to one of {', '.join(NUMPY_TYPES)} (--model)."
            )


def _shape(lengths: Any) -> Shape | None:
    return None if lengths is None else tuple(lengths)
