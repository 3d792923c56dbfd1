"""Recordings: segments of rounds as arrays in one npz file each. Making them is left to ``record``, judging by them to ``replay``."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.files import write_bytes

FOLDER = Path(__file__).with_name("data")
SCHEMA = 1
FIL, REFERENCES = "fil", "references"
PINNED = "pinned"
IDENTICAL = "A"
"""Conditions of the base model are called A1, A2, …; those known to be slower by their slowdown: 2%, 5%, 10%,
20%; the base model on another, fixed OpenVINO release: pinned."""
SLOWER = "slower"
"""Where a round has one slower model only: whichever it is."""
CONTROL = "control_s"
"""The latency of a warm process right before a fresh one, in seconds: how fast the machine was at that moment."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Segment:
    """Some minutes of rounds with one set of conditions and one kind of noise.

    ``figures[metric]`` has shape ``(rounds, conditions)``: ``fps`` and ``latency_ms`` of a slice, ``fil_s`` of a process; NaN where a
    turn gave nothing or was not in that round. ``start_s`` counts from the segment's beginning, same shape. ``others`` and ``steal`` are
    other processes' and stolen processor seconds per second of the slice, ``waited`` how long its threads waited for a processor;
    ``again`` says which turns were measured again since they were disturbed. Recordings of before these were kept have ``None``.
    """

    study: str
    noise: str
    conditions: tuple[str, ...]
    began: str
    figures: dict[str, Floats]
    start_s: Floats
    others: Floats
    steal: Floats
    facts: dict[str, Any]
    waited: Floats | None = None
    again: npt.NDArray[np.bool_] | None = None

    @property
    def rounds(self) -> int:
        """How many rounds there are."""
        return len(self.start_s)

    @property
    def identical(self) -> list[int]:
        """The columns that hold the same thing."""
        return [index for index, name in enumerate(self.conditions) if name.startswith(IDENTICAL)]

    @property
    def slower_by_turns(self) -> bool:
        """Whether a round has one of the slower models only, and warm processes gave way to fresh ones, as the product has it."""
        return self.again is not None

    def column(self, condition: str) -> int:
        """Where that condition is. Raises ``ValueError``."""
        return self.conditions.index(condition)


def save(path: Path, segments: Sequence[Segment]) -> None:
    """Write the segments, whole or not at all."""
    arrays: dict[str, Any] = {}
    meta = []
    for number, segment in enumerate(segments):
        meta.append(
            {
                "study": segment.study,
                "noise": segment.noise,
                "conditions": segment.conditions,
                "began": segment.began,
                "facts": segment.facts,
                "metrics": list(segment.figures),
            }
        )
        for metric, values in segment.figures.items():
            arrays[f"{number}/{metric}"] = values.astype(np.float32)
        arrays[f"{number}/start_s"] = segment.start_s.astype(np.float32)
        arrays[f"{number}/others"] = segment.others.astype(np.float16)
        arrays[f"{number}/steal"] = segment.steal.astype(np.float16)
        if segment.waited is not None and segment.again is not None:
            arrays[f"{number}/waited"] = segment.waited.astype(np.float16)
            arrays[f"{number}/again"] = segment.again
    arrays["meta"] = np.frombuffer(json.dumps({"schema": SCHEMA, "segments": meta}).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> list[Segment]:
    """The segments of a recording. Raises ``ValueError`` for another schema."""
    with np.load(path) as arrays:
        meta = json.loads(arrays["meta"].tobytes())
        if meta["schema"] != SCHEMA:
            raise ValueError(f"{path} has schema {meta['schema']}, not {SCHEMA}: record anew")
        return [
            Segment(
                fields["study"],
                fields["noise"],
                tuple(fields["conditions"]),
                fields["began"],
                {metric: arrays[f"{number}/{metric}"] for metric in fields["metrics"]},
                arrays[f"{number}/start_s"],
                arrays[f"{number}/others"].astype(np.float32),
                arrays[f"{number}/steal"].astype(np.float32),
                fields["facts"],
                arrays[f"{number}/waited"].astype(np.float32) if f"{number}/waited" in arrays else None,
                arrays.get(f"{number}/again"),
            )
            for number, fields in enumerate(meta["segments"])
        ]


def kept() -> list[Path]:
    """The recordings that are kept, the one that everything was chosen on first."""
    return sorted(FOLDER.glob("*.npz"))
