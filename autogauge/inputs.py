"""What a model is fed: a picture where it takes one, values that make sense elsewhere, saved once for every probe to read.

The values never change between runs; only latency is measured on them. What stands in for a picture is chosen by ``input_values``, a
user's own arrays are read by ``input_files``, shapes by ``input_shapes``. Binding them to a request is left to the probe.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge import input_shapes
from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_bytes
from autogauge.input_files import MOST_BYTES, GivenInputs
from autogauge.input_shapes import parse_shapes
from autogauge.input_values import Surroundings, is_mask, values_for, words_of
from autogauge.ports import NUMPY_TYPES, Port, check_types

__all__ = ["NUMPY_TYPES", "OWN_PICTURE", "GivenInputs", "Inputs", "Port", "parse_shapes", "prepare"]

OWN_PICTURE = Path(__file__).parent / "data" / "picture.png"
PICTURE = "picture"
"""What an input that takes one holds, in words."""
_OF_PICTURES = {
    "image",
    "images",
    "img",
    "picture",
    "pixel",
    "pixels",
    "frame",
    "frames",
    "photo",
    "data",
    "input",
    "x",
}
_NEVER_PICTURES = {
    *("past", "cache", "key", "value", "values", "kv", "state", "states", "hidden", "memory", "mem", "bias"),
    *("embedding", "embeddings", "embeds", "noise", "latent", "latents", "present", "carry", "cell"),
}

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Inputs:
    """The arrays of a model's inputs, in order, and what each holds in words ("data: picture").

    ``frames`` is how many pictures (or texts, or whatever a batch is of) one inference takes.
    """

    arrays: tuple[Array, ...]
    frames: int
    kinds: tuple[str, ...]
    pictures: tuple[int, ...] = ()
    """Which of them hold a picture, by index."""
    given: str = ""
    """The name of the user's own file that they are from, or of the function that made them: ``frames()``."""

    @property
    def frames_are_new(self) -> bool:
        """Whether frames are counted where earlier releases counted one: then that is a fact that tells two runs apart."""
        return self.frames != 1 and not (len(self.arrays) == 1 and self.pictures)

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


def prepare(ports: Sequence[Port], picture: Path | None = None, given: GivenInputs | None = None) -> Inputs:
    """Arrays for every input: pictures for those that take one, values that make sense for the others; or all as ``given``.

    ``picture`` is the user's own; without it the suite's. Raises :class:`UserError` for dynamic shapes, an element type
    without a numpy counterpart, more than fits into memory, a picture that OpenCV cannot read, or given arrays that do not fit.
    """
    if given is not None:
        arrays = given.arrays(ports)
        kinds = tuple(f"{port.name}: from {given.name}" for port in ports)
        return Inputs(arrays, _frames(_as_given(ports, arrays)), kinds, given=given.name)
    check_types(ports)
    if dynamic := [port for port in ports if not port.is_static]:
        raise input_shapes.dynamic(dynamic, next(input_shapes.examples(ports)))
    _check_size(ports)
    pictured = pictures_of(ports)
    if picture is not None and not pictured:
        raise UserError(
            "the model takes no picture: its inputs are fed other values, so leave the picture out (--picture); "
            "--inputs=FILE.npz gives values of your own."
        )
    around = Surroundings(ports, _size(ports[pictured[0]]) if pictured else None)
    prepared = [
        (picture_array(picture or OWN_PICTURE, port), PICTURE) if index in pictured else values_for(port, index, around)
        for index, port in enumerate(ports)
    ]
    kinds = tuple(f"{port.name}: {what}" for port, (_, what) in zip(ports, prepared, strict=True))
    return Inputs(tuple(array for array, _ in prepared), _frames(ports), kinds, tuple(pictured))


def _check_size(ports: Sequence[Port]) -> None:
    """A mistyped length would take the machine's whole memory before anybody could say so."""
    sizes = [math.prod(port.shape or ()) * np.dtype(NUMPY_TYPES[port.element_type]).itemsize for port in ports]
    if sum(sizes) > MOST_BYTES:
        largest = ports[sizes.index(max(sizes))]
        raise UserError(
            f"the model's inputs have {sum(sizes)} bytes together (the largest is {largest.name!r} {largest.shape_in_words}), and "
            f"{MOST_BYTES} are the most that is taken: give smaller shapes (--shape), or name another model (--model)."
        )


def pictures_of(ports: Sequence[Port]) -> list[int]:
    """Which inputs take a picture, by index: those that look like one (4-D, 1 or 3 channels), and of several not what is named otherwise.

    One channel is a picture beside others with three only if its name says so: masks and depths look like it.
    """
    found = [index for index, port in enumerate(ports) if _layout(port)]
    if len(ports) == 1:
        return found
    found = [index for index in found if not is_mask(ports[index]) and not _is_no_picture(ports[index])]
    coloured = [index for index in found if _channels(ports[index]) == 3]
    return [index for index in found if not coloured or index in coloured or words_of(ports[index]) & _OF_PICTURES]


def _is_no_picture(port: Port) -> bool:
    words = words_of(port)
    return bool(words & _NEVER_PICTURES) and not words & {"pixel", "pixels", "image", "img"}


def _frames(ports: Sequence[Port]) -> int:
    """How many frames one inference takes.

    The pictures' batch; else what the layout calls N; else the first length that all inputs share, if the model is one of texts or
    if that is the only length that its file leaves open; else one, since nothing says which length is a batch.
    """
    pictured = pictures_of(ports)
    if pictured:
        return (ports[pictured[0]].shape or (1,))[0]
    for port in ports:
        letters = port.layout.strip("[]").split(",")
        if "N" in letters and "..." not in letters[: letters.index("N")] and len(port.shape or ()) > letters.index("N"):
            return (port.shape or ())[letters.index("N")]
    shaped = [port for port in ports if port.shape]
    first = {(port.shape or ())[0] for port in shaped}
    is_batch = any(map(_is_of_text, shaped)) or (bool(shaped) and all(map(_leaves_the_first_open, shaped)))
    return first.pop() if is_batch and len(first) == 1 else 1


def _is_of_text(port: Port) -> bool:
    """Whether it takes texts as rows of whole numbers."""
    return port.element_type in ("i32", "i64") and len(port.shape or ()) == 2


def _leaves_the_first_open(port: Port) -> bool:
    """Whether its first length, and no other, is dynamic in the model's file, as an exporter leaves a batch."""
    declared = port.declared or ()
    return len(declared) >= 2 and declared[0] < 0 and all(length >= 0 for length in declared[1:])


def _as_given(ports: Sequence[Port], arrays: Sequence[Array]) -> list[Port]:
    """The inputs with the shapes of their arrays."""
    return [dataclasses.replace(port, shape=array.shape) for port, array in zip(ports, arrays, strict=True)]


def picture_array(path: Path, port: Port) -> Array:
    """Read a picture (BGR), resize it to what the input asks, lay it out as NCHW or NHWC, repeat it over the batch."""
    import cv2

    layout, shape = _layout(port), port.shape
    assert layout is not None
    assert shape is not None
    (height, width), channels = _size(port), _channels(port)
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
    """NCHW or NHWC for an input that looks like a picture, else ``None``. Where both fit and nobody says, NCHW: OpenVINO's own."""
    shape = port.shape
    if shape is None or len(shape) != 4 or port.element_type == "boolean":
        return None
    told = port.layout.strip("[]").replace(",", "")
    if told in ("NCHW", "NHWC"):
        return told if shape[told.index("C")] in (1, 3) else None
    if shape[1] in (1, 3) and min(shape[2:]) > 3:
        return "NCHW"
    if shape[3] in (1, 3) and min(shape[1:3]) > 3:
        return "NHWC"
    return None


def _channels(port: Port) -> int:
    return (port.shape or ())[(_layout(port) or "").index("C")]


def _size(port: Port) -> tuple[int, int]:
    """Height and width of an input that takes a picture."""
    layout, shape = _layout(port) or "", port.shape or ()
    return shape[layout.index("H")], shape[layout.index("W")]
