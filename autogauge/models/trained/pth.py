"""Reads PyTorch's legacy ``.pth`` files without torch: names to arrays, and nothing in the file is run.

The format, from ``torch.serialization._legacy_save``: five pickles one after the other (a magic number, a protocol version, sizes of
types, the object, the keys of its storages), then each storage as a count of elements and their bytes. The unpickler here knows
four names and refuses any other.
"""

from __future__ import annotations

import collections
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class _Storage:
    """A run of elements that tensors are views of, by its key in the file."""

    dtype: np.dtype[Any]
    key: str


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage. ``offset`` and ``strides`` are in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


_KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    **{("torch", name): dtype for name, dtype in _TYPES.items()},
}


class _Unpickler(pickle.Unpickler):
    """Builds descriptions of tensors from the few names that a file of weights needs."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise ValueError(f"it names {module}.{name}, which no file of weights needs")
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, *_ = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise ValueError("it holds something else than storages")
        return _Storage(dtype, str(key))


def read(path: Path) -> dict[str, Array]:
    """The arrays of a file of weights by their names. Raises ``ValueError`` when it is none, ``OSError`` when it cannot be read."""
    with path.open("rb") as stream:
        try:
            magic, protocol, _, described, keys = (_Unpickler(stream).load() for _ in range(5))
        except (
            pickle.UnpicklingError,
            EOFError,
            ArithmeticError,
            AttributeError,
            LookupError,
            MemoryError,
            TypeError,
        ) as error:
            raise ValueError(f"{path} is no legacy .pth file: {error}") from None
        if (magic, protocol) != (MAGIC, PROTOCOL):
            raise ValueError(f"{path} is no legacy .pth file: its magic number is another")
        dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in described.values()}
        storages = {key: _read_storage(stream, path, dtypes[key]) for key in keys}
    return {name: _view(tensor, storages[tensor.storage.key], path) for name, tensor in described.items()}


def _read_storage(stream: BinaryIO, path: Path, dtype: np.dtype[Any]) -> Array:
    header = stream.read(8)
    length = int.from_bytes(header, "little") * dtype.itemsize
    content = stream.read(length)
    if len(header) != 8 or len(content) != length:
        raise ValueError(f"{path} is cut off")
    return np.frombuffer(content, dtype)


def _view(tensor: _Tensor, storage: Array, path: Path) -> Array:
    """The elements of a tensor in C order; the file's own strides are honoured."""
    reach = tensor.offset + sum(
        (length - 1) * stride for length, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    if min((tensor.offset, *tensor.strides, *tensor.shape), default=0) < 0 or reach >= max(storage.size, 1):
        raise ValueError(f"{path}: a tensor reaches beyond its storage")
    strides = [stride * storage.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False)
    return np.ascontiguousarray(view).reshape(tensor.shape)
