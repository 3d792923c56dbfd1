"""A model's inputs from a file of the user's own (``--inputs=FILE.npz``): arrays by input name, or by index.

Everything in the file is checked against the model before it is read: an archive can claim to hold more than there is memory. What is
fed without such a file is left to ``inputs``.
"""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autogauge.errors import UserError
from autogauge.files import exists
from autogauge.plain import few
from autogauge.ports import NUMPY_TYPES, Port, check_types

OPTION = "--inputs"
MOST_BYTES = 1 << 30
"""Of all arrays together; an inference does not take more."""
MOST_NAMES = 10_000
_MOST_TOLD = 8
NOT_A_NUMBER, SUBNORMAL = "NaN", "numbers so near 0 that they are subnormal"
MADE = "return an array, a list of them in the order of the inputs, or a dict by their names"

Array = npt.NDArray[Any]
Header = tuple[tuple[int, ...], "np.dtype[Any]"]


class GivenInputs:
    """The arrays in a file, of which only names, types and shapes are read until a model's inputs ask for them."""

    def __init__(self, path: Path, by: str = "") -> None:
        """Look into the file. Raises :class:`UserError` where it is not one that ``numpy.savez`` wrote.

        ``by`` names the function that made what is in it, if one did: of a file that nobody wrote nothing is said.
        """
        self.path, self.name = path, by or path.name
        self._whose, self._option = (f"what {by} returned", "") if by else (str(path), f" ({OPTION})")
        if not exists(path):
            raise UserError(f"there is no file of inputs at {path}: check the path ({OPTION}).")
        if not path.is_file():
            raise UserError(f"{path} is not a regular file: give one that numpy.savez wrote ({OPTION}).")
        with self._opened() as archive:
            members = archive.namelist()
            if len(members) > MOST_NAMES:
                raise self._not_ours(f"it holds {len(members)} entries")
            self._headers = {
                member.removesuffix(".npy"): self._header(archive, member)
                for member in members
                if member.endswith(".npy") or self._foreign(member)
            }
        self._check_size()

    def shapes(self, ports: Sequence[Port]) -> dict[str, list[int]]:
        """The shapes that dynamic inputs take from their arrays, by input name. Raises :class:`UserError` where the file does not fit."""
        members = self._members(ports)
        return {port.name: list(self._headers[members[port.name]][0]) for port in ports if not port.is_static}

    def arrays(self, ports: Sequence[Port]) -> tuple[Array, ...]:
        """The arrays in the order of the inputs, of the type that each takes. Raises :class:`UserError`."""
        members = self._members(ports)
        with self._opened() as archive:
            return tuple(self._checked(self._array(archive, members[port.name], port), port) for port in ports)

    def _members(self, ports: Sequence[Port]) -> dict[str, str]:
        """Which array is whose: by the input's name, else by its index. Names, shapes and types are checked."""
        check_types(ports)
        found: dict[str, str] = {}
        for index, port in enumerate(ports):
            named = [name for name in (port.name, *port.names, str(index)) if name in self._headers]
            if named:
                found[port.name] = named[0]
        there = ", ".join(f"{port.name} {port.shape_in_words} {port.element_type}" for port in ports)
        if unknown := [name for name in self._headers if name not in found.values()]:
            raise UserError(
                f"{self._whose} has {_list(unknown)}, which {'is no input' if len(unknown) == 1 else 'are no inputs'} of the model: "
                f"it takes {there}{self._option}."
            )
        if missing := [port.name for port in ports if port.name not in found]:
            raise UserError(f"{self._whose} lacks {_list(missing)}: the model takes {there}{self._option}.")
        for port in ports:
            self._check(port, found[port.name])
        return found

    def _check(self, port: Port, member: str) -> None:
        shape, kind = self._headers[member]
        fits = port.shape is None or (
            len(shape) == len(port.shape)
            and all(there in (length, -1) for length, there in zip(shape, port.shape, strict=True))
        )
        if fits and port.shape is not None and port.limits:
            fits = all(
                low <= length and (high < 0 or length <= high)
                for length, (low, high) in zip(shape, port.limits, strict=True)
            )
        if not fits or 0 in shape:
            raise UserError(
                f"{self._whose} gives {port.name!r} the shape {list(shape)}, and the model takes {port.shape_in_words}: "
                f"give an array of that shape{self._option}."
            )
        if kind.kind not in "fiub":
            raise UserError(
                f"{self._whose} gives {port.name!r} values of the type {kind}: give numbers that fit {port.element_type}{self._option}."
            )

    def _checked(self, array: Array, port: Port) -> Array:
        """The array, whose indices are within the table that they are looked up in: OpenVINO would answer zeros, and measure on."""
        beyond = port.beyond_its_table(array)
        if beyond is not None and port.table is not None:
            raise UserError(
                f"{self._whose} gives {port.name!r} the index {beyond}, and the model looks it up in {port.table.words}: "
                f"give indices of these{self._option}."
            )
        return array

    def _array(self, archive: zipfile.ZipFile, member: str, port: Port) -> Array:
        with self._explained(), archive.open(f"{member}.npy") as stream:
            array = np.lib.format.read_array(stream, allow_pickle=False)
        wanted = np.dtype(NUMPY_TYPES[port.element_type])
        if array.dtype == wanted:
            return np.array(array, order="C")
        with np.errstate(all="ignore"):
            cast = array.astype(wanted)
            both_real = array.dtype.kind == wanted.kind == "f"
            # Real numbers may lose digits, as the model itself would have it; nothing may become another number.
            safe = (
                np.array_equal(np.isfinite(cast), np.isfinite(array))
                if both_real
                else np.array_equal(cast.astype(array.dtype), array) and np.array_equal(cast < 0, array < 0)
            )
        if not safe:
            raise UserError(
                f"{self._whose} gives {port.name!r} values of the type {array.dtype}, some of which do not fit {port.element_type}: "
                f"give an array of that type{self._option}."
            )
        return np.array(cast, order="C")

    def _check_size(self) -> None:
        total = 0
        for shape, kind in self._headers.values():
            count = kind.itemsize
            for length in shape:
                count *= length
            total += count
        if total > MOST_BYTES:
            raise UserError(
                f"the arrays in {self._whose} have {total} bytes together, and {MOST_BYTES} are the most that is taken: "
                f"give what one inference takes{self._option}."
            )

    def _header(self, archive: zipfile.ZipFile, member: str) -> Header:
        with self._explained(), archive.open(member) as stream:
            version = np.lib.format.read_magic(stream)
            reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            if version not in reader:
                raise ValueError(f"the format {version} of {member} is not known")
            shape, _, kind = reader[version](io.BytesIO(stream.read(1 << 16)))
            return tuple(shape), kind

    def _foreign(self, member: str) -> bool:
        raise self._not_ours(f"{member!r} in it is no array")

    @contextlib.contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        with self._explained():
            archive = zipfile.ZipFile(self.path)
        with archive:
            yield archive

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """What an archive that is none, or is damaged, raises, as a sentence."""
        try:
            yield
        except PermissionError as error:
            raise UserError(
                f"cannot read {self._whose}: {error.strerror}; check its permissions{self._option}."
            ) from None
        except (
            *(
                zipfile.BadZipFile,
                zlib.error,
                ValueError,
                EOFError,
                OSError,
                KeyError,
                RuntimeError,
                NotImplementedError,
            ),
            *(MemoryError, SyntaxError, TypeError),
        ) as error:
            raise self._not_ours(str(error).splitlines()[0] if str(error) else type(error).__name__) from None

    def _not_ours(self, reason: str) -> UserError:
        return UserError(
            f"{self._whose} is not a file that numpy.savez wrote ({reason[:200]}): "
            f"save the arrays with numpy.savez(FILE, name=array, …){self._option}."
        )


def save_made(made: object, path: Path) -> None:
    """Write what a function of a user's made as such a file: an array, several by index, or by input name. Raises :class:`UserError`."""
    if isinstance(made, Mapping):
        named = {str(name): value for name, value in made.items()}
    else:
        several = made if isinstance(made, (list, tuple)) else [made]
        named = {str(number): value for number, value in enumerate(several)}
    arrays = {}
    for name, value in named.items():
        try:
            arrays[name] = np.asarray(value)
        except (ValueError, TypeError, RuntimeError) as error:
            raise UserError(f"the input {name} is no array ({error}): {MADE}.") from None
        if arrays[name].dtype.kind not in "fiub":
            raise UserError(f"the input {name} is of the type {type(value).__name__}, and no array of numbers: {MADE}.")
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, version=None, allow_pickle=False)


def odd_values(ports: Sequence[Port], arrays: Sequence[Array]) -> str:
    """What a reader should know of the values that are fed, in a clause: processors compute with such at another speed. Empty for none."""
    found = []
    for port, array in zip(ports, arrays, strict=True):
        if array.dtype.kind != "f":
            continue
        kinds = [NOT_A_NUMBER] if np.isnan(array).any() else []
        if array.dtype != np.float16 and ((array != 0) & (np.abs(array) < np.finfo(array.dtype).tiny)).any():
            kinds.append(SUBNORMAL)
        found += [f"{port.name!r} {' and '.join(kinds)}"] if kinds else []
    return f"what is fed holds {few(found)}: speed and answers may be other than with usual values" if found else ""


def check_feeding(inputs: Path | None, picture: Path | None, shapes: Mapping[str, Sequence[int]]) -> None:
    """What is fed is named once: by a picture, or by a file, whose arrays have their own shapes. Raises :class:`UserError`.

    Only whether the files can be what they are named as is seen; which inputs the model has is not known yet.
    """
    if picture is not None and not (exists(picture) and picture.is_file()):
        raise UserError(f"there is no picture at {picture}: check the path (--picture).")
    check_fed_once(inputs, picture, shapes)
    if inputs is not None:
        GivenInputs(inputs)


def check_fed_once(inputs: Path | None, picture: Path | None, shapes: Mapping[str, Sequence[int]]) -> None:
    """The same without a look at the files. Raises :class:`UserError`."""
    for option, given in (("--picture", picture), ("--shape", shapes)):
        if inputs is not None and given:
            raise UserError(
                f"{inputs} gives every input its values and its shape: leave {option} out ({option}, {OPTION})."
            )


def _list(names: Sequence[str]) -> str:
    told = ", ".join(repr(each) for each in names[:_MOST_TOLD])
    return told + (f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else "")
