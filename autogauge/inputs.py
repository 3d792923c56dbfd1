"""What a model is fed: a picture where it takes one, seeded tensors otherwise, saved once for every probe to read.

The values never change between runs; only latency is measured on them. Binding them to a request is left to the probe.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_bytes

OWN_PICTURE = Path(__file__).parent / "data" / "picture.png"
SEED = 106
LARGEST_INDEX = 100  # seeded whole numbers stay below: they are often indices into a table

Array = npt.NDArray[Any]

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


@dataclass(frozen=True)
class Port:
    """One input of a model: its name, element type (OpenVINO's word) and shape (-1: dynamic; ``None``: unknown rank)."""

    name: str
    element_type: str
    shape: tuple[int, ...] | None

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Port:
        """The input as a probe described it."""
        shape = fields["shape"]
        return cls(fields["name"], fields["element_type"], None if shape is None else tuple(shape))

    @property
    def is_static(self) -> bool:
        """Whether every length is known."""
        return self.shape is not None and all(length >= 0 for length in self.shape)


@dataclass(frozen=True)
class Inputs:
    """The arrays of a model's inputs, in order. ``frames`` is how many pictures one inference takes."""

    arrays: tuple[Array, ...]
    frames: int
    kinds: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the arrays' types, shapes and values, hexadecimal."""
        digest = hashlib.sha256()
        for array in self.arrays:
            digest.update(f"{array.dtype} {array.shape} ".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write an ``.npz`` with the arrays named by their index. Raises :class:`UserError` where that is impossible."""
        buffer = io.BytesIO()
        np.savez(buffer, **{str(index): array for index, array in enumerate(self.arrays)})  # type: ignore[arg-type]
        try:
            write_bytes(path, buffer.getvalue())
        except OSError as error:
            raise explain_os_error(error, f"cannot write to the temporary folder {path.parent}", "TMPDIR") from error


def parse_shapes(text: str | None) -> dict[str, list[int]]:
    """Read ``--shape``: ``1,3,224,224`` for the only input, or ``data[1,3,224,224],mask[1,128]``; ``None`` gives none.

    The key of the only input's shape is the empty string. Raises :class:`UserError`.
    """
    if text is None or not text.strip():
        return {}
    compact = text.replace(" ", "")
    mistake = UserError(
        f"cannot read the shape {text!r}: write 1,3,224,224 or data[1,3,224,224],mask[1,128] (--shape)."
    )
    if re.fullmatch(r"\[?\d+(,\d+)*\]?", compact) and compact.startswith("[") == compact.endswith("]"):
        found = {"": compact.strip("[]")}
    elif re.fullmatch(r"[^\[\],]+\[\d+(,\d+)*\](,[^\[\],]+\[\d+(,\d+)*\])*", compact):
        found = dict(re.findall(r"([^\[\],]+)\[([\d,]+)\]", compact))
    else:
        raise mistake
    shapes = {name: [int(length) for length in lengths.split(",")] for name, lengths in found.items()}
    if any(length < 1 for lengths in shapes.values() for length in lengths):
        raise mistake
    return shapes


def prepare(ports: Sequence[Port], picture: Path | None = None) -> Inputs:
    """Arrays for every input: the picture for an input that takes one (the only 4-D input with 1 or 3 channels), else seeded ones.

    ``picture`` is the user's own; without it the suite's. Raises :class:`UserError` for a dynamic shape, an element type
    without a numpy counterpart, or a picture that OpenCV cannot read.
    """
    for port in ports:
        if not port.is_static:
            raise _dynamic(port)
        if port.element_type not in NUMPY_TYPES:
            known = ", ".join(NUMPY_TYPES)
            raise UserError(
                f"input {port.name!r} has the element type {port.element_type}, which is not supported: "
                f"convert the model to one of {known} (--model)."
            )
    pictured = [port for port in ports if _layout(port)] if len(ports) == 1 else []
    arrays, kinds = [], []
    for index, port in enumerate(ports):
        if port in pictured:
            arrays.append(picture_array(picture or OWN_PICTURE, port))
            kinds.append("picture")
        else:
            arrays.append(_seeded_array(port, index))
            kinds.append("seeded")
    if picture is not None and not pictured:
        raise UserError(
            "the model takes no picture: its inputs are fed seeded tensors, so leave the picture out (--picture)."
        )
    shape = pictured[0].shape if pictured else None
    return Inputs(tuple(arrays), shape[0] if shape else 1, tuple(kinds))


def picture_array(path: Path, port: Port) -> Array:
    """Read a picture (BGR), resize it to what the input asks, lay it out as NCHW or NHWC, repeat it over the batch."""
    import cv2

    layout, shape = _layout(port), port.shape
    assert layout is not None
    assert shape is not None
    height, width = (shape[2], shape[3]) if layout == "NCHW" else (shape[1], shape[2])
    channels = shape[1] if layout == "NCHW" else shape[3]
    if not path.is_file():
        raise UserError(f"there is no picture at {path}: check the path (--picture).")
    image = cv2.imread(str(path), cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise UserError(f"OpenCV cannot read a picture from {path}: give a JPEG, PNG or BMP file (--picture).")
    resized = np.asarray(cv2.resize(image, (width, height))).reshape(height, width, channels)
    laid_out = resized.transpose(2, 0, 1) if layout == "NCHW" else resized
    batch = np.repeat(laid_out[np.newaxis], shape[0], axis=0)
    return np.ascontiguousarray(batch.astype(NUMPY_TYPES[port.element_type]))


def _layout(port: Port) -> str | None:
    """NCHW or NHWC for an input that looks like a picture, else ``None``. Where both fit, NCHW: OpenVINO's own."""
    shape = port.shape
    if shape is None or len(shape) != 4 or port.element_type == "boolean":
        return None
    if shape[1] in (1, 3) and min(shape[2:]) > 3:
        return "NCHW"
    if shape[3] in (1, 3) and min(shape[1:3]) > 3:
        return "NHWC"
    return None


def _seeded_array(port: Port, index: int) -> Array:
    """Uniform in [0, 1) for real types, whole numbers from 0 to 99 for integers, coin tosses for boolean."""
    generator = np.random.default_rng([SEED, index])
    kind = np.dtype(NUMPY_TYPES[port.element_type])
    if kind.kind == "f":
        return generator.random(port.shape).astype(kind)
    return generator.integers(0, 2 if kind.kind == "b" else LARGEST_INDEX, port.shape).astype(kind)


def _dynamic(port: Port) -> UserError:
    if port.shape is None:
        return UserError(
            f"input {port.name!r} has a dynamic rank: give a static shape, for example --shape '{port.name}[1,3,224,224]'."
        )
    shape = ",".join("?" if length < 0 else str(length) for length in port.shape)
    example = ",".join("1" if length < 0 else str(length) for length in port.shape)
    return UserError(
        f"input {port.name!r} has the dynamic shape [{shape}]: give a static one, for example --shape '{port.name}[{example}]'."
    )
