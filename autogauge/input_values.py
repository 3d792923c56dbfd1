"""Values that make sense for an input that takes no picture, by what the graph uses it for, its name and its type.

Pictures are left to ``inputs``, a user's own arrays to ``input_files``. Nothing here is random from run to run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.ports import NUMPY_TYPES, Port

SEED = 106
LARGEST_INDEX = 100  # seeded whole numbers stay below: they are often indices into a table
SAMPLE_RATE_HZ = 16_000
USUAL_SIZE = 224
"""Height and width where an input asks for an image's size and there is none."""

Array = npt.NDArray[Any]

_OF_IMAGES = {"im", "img", "image", "images", "orig", "original", "target", "resized", "hw"}
_SIZES = {"size", "sizes", "shape", "shapes", "info", "hw"}
_LENGTHS = {"length", "lengths", "len", "lens", "seqlen", "seqlens", "seqlength", "seqlengths"}
_INDICES = {"index", "indices", "idx", "idxs", "inds"}
_POSITIONS = {"position", "positions", "pos"}
_SEGMENTS = {"segment", "segments", "segmentids"}


@dataclass(frozen=True)
class Surroundings:
    """What an input's values depend on: all inputs of the model, and the size of the picture that one of them takes."""

    ports: Sequence[Port]
    picture: tuple[int, int] | None = None


def words_of(port: Port) -> set[str]:
    """The words that an input's names are made of, in small letters: ``inputIds:0`` gives ``input``, ``ids`` and ``0``."""
    names = " ".join((port.name, *port.names))
    spread = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", names)
    return {word.lower() for word in re.split(r"[\W_]+", spread) if word}


def is_mask(port: Port) -> bool:
    """Whether it says by its name what counts and what does not."""
    words = words_of(port)
    return any(word.endswith(("mask", "masks")) for word in words) and not words & (_INDICES | _LENGTHS | _POSITIONS)


def values_for(port: Port, index: int, around: Surroundings) -> tuple[Array, str]:
    """An array for the input that is the ``index``-th of its model, and what it holds in words. Its shape is static."""
    kind, shape = np.dtype(NUMPY_TYPES[port.element_type]), port.shape
    assert shape is not None
    values, what = _sensible(port, around) or _seeded(port, index)
    if port.beyond_its_table(np.asarray(values)) is not None:
        values, what = _seeded(port, index)
    return np.array(np.broadcast_to(values, shape), kind, order="C"), what


Found = tuple[Any, str] | None


def _sensible(port: Port, around: Surroundings) -> Found:
    """Values by role, then by name; ``None`` where neither tells."""
    words = words_of(port)
    return next((found for rule in _RULES if (found := rule(port, words, around))), None)


def _mask(port: Port, words: set[str], _: Surroundings) -> Found:
    """All counts. In a mask of the padding nothing does."""
    if not is_mask(port):
        return None
    return (0, "zeros (no padding)") if words & {"padding", "pad", "ignore"} else (1, "ones")


def _flag(port: Port, words: set[str], _: Surroundings) -> Found:
    """A switch that is off in a first inference that is no training."""
    is_one = port.element_type == "boolean" and not port.shape
    return (0, "false") if is_one and words & {"training", "train", "cache"} else None


def _rate(_: Port, words: set[str], __: Surroundings) -> Found:
    told = "sr" in words or ("rate" in words and words & {"sample", "sampling"})
    return (SAMPLE_RATE_HZ, str(SAMPLE_RATE_HZ)) if told else None


def _relative_length(port: Port, words: set[str], _: Surroundings) -> Found:
    """A length that is a real number is a share of the whole."""
    return (1, "ones") if port.element_type[0] == "f" and words & _LENGTHS else None


def _length(port: Port, words: set[str], around: Surroundings) -> Found:
    if not port.is_whole or not (port.role == "lengths" or words & _LENGTHS):
        return None
    length = _real_length(port, around)
    return length, f"the length {length}"


def _zeros(port: Port, words: set[str], _: Surroundings) -> Found:
    """One segment; the first of the batch; the first of whatever is chosen from, where nothing tells how many there are."""
    one_segment = words & _SEGMENTS or port.role == "segments" or ("type" in words and words & {"token", "ids"})
    unbounded_index = words & _INDICES and (port.bound is None or "batch" in words)
    counted = words & _POSITIONS or "beam" in words or port.role == "offsets"
    return (0, "zeros") if port.is_whole and (one_segment or (unbounded_index and not counted)) else None


def _in_order(port: Port, words: set[str], _: Surroundings) -> Found:
    """Positions count from 0; so do the rows of a search by beams, each of which goes on from itself."""
    if not port.is_whole or not (words & _POSITIONS or "beam" in words):
        return None
    count = port.shape[-1] if port.shape else 1
    most = min(count, port.bound or count)
    return np.arange(count) % most, "0" if most == 1 else f"0–{most - 1} in order"


def _offsets(port: Port, _: set[str], around: Surroundings) -> Found:
    """Where each bag begins: evenly among as many indices as the model's other input of indices has."""
    if port.role != "offsets" or not port.shape:
        return None
    indices = [each.shape for each in around.ports if each.role == "ids" and each.shape]
    count = port.shape[0]
    total = int(np.prod(indices[0])) if indices else count
    return np.arange(count) * total // count, "even offsets"


def _of_an_image(port: Port, words: set[str], around: Surroundings) -> Found:
    """An image's size, or the factor that it was resized by, as detectors ask for them beside the image."""
    if "scale" in words and around.picture and port.element_type[0] == "f":
        return 1, "ones"
    height, width = around.picture or (USUAL_SIZE, USUAL_SIZE)
    if not around.picture and not words & _OF_IMAGES:
        return None
    if words & {"height", "width"} and len(port.shape or ()) <= 1:
        value = height if "height" in words else width
        return value, str(value)
    if words & _SIZES and (port.shape or (0,))[-1] in (2, 3):
        values = (height, width, 1)[: (port.shape or (0,))[-1]]
        return values, f"the size {height}×{width}"
    return None


def _real_length(port: Port, around: Surroundings) -> int:
    """How long the sequence is that this length is about: by the graph, else that of the input with the likest name and batch."""
    if port.role == "lengths" and port.bound:
        return port.bound - 1
    others = [each for each in around.ports if each is not port and each.shape and not words_of(each) & _LENGTHS]
    sequences = [each for each in others if len(each.shape or ()) >= 2]
    if not sequences:
        return (others[0].shape or (1,))[0] if others else 1
    own, batch = words_of(port), (port.shape or (1,))[0]
    nearest = max(sequences, key=lambda each: (len(own & words_of(each)), (each.shape or (0,))[0] == batch))
    lengths = list(enumerate(nearest.shape or ()))[1:]
    declared = nearest.declared or ()
    dynamic = [length for axis, length in lengths if axis < len(declared) and declared[axis] < 0]
    return dynamic[0] if dynamic else max(length for _, length in lengths)


_RULES = (_mask, _flag, _of_an_image, _rate, _relative_length, _length, _zeros, _in_order, _offsets)
"""The first that knows the input decides."""


def _seeded(port: Port, index: int) -> tuple[Any, str]:
    """Uniform in [0, 1) for real types, small whole numbers below the table's rows for integers, coin tosses for boolean."""
    generator = np.random.default_rng([SEED, index])
    kind = np.dtype(NUMPY_TYPES[port.element_type])
    if kind.kind == "f":
        return generator.random(port.shape), "seeded"
    if kind.kind == "b":
        return generator.integers(0, 2, port.shape), "seeded"
    below = min(LARGEST_INDEX, port.bound) if port.bound and port.role != "lengths" else LARGEST_INDEX
    return generator.integers(0, below, port.shape), f"seeded 0–{below - 1}"
