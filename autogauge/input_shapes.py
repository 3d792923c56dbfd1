"""Static shapes for dynamic inputs: what the user gave, and examples where nothing was given. Trying them is left to ``workload``."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autogauge.errors import UserError
from autogauge.ports import Port, Shape

Shapes = dict[str, list[int]]
LONGEST = 2**31 - 1
"""Of a length; what has more elements fits into no memory, and OpenVINO's sentences on it tell nothing."""


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
        found = [("", compact.strip("[]"))]
    elif re.fullmatch(r"[^\[\],]+\[\d+(,\d+)*\](,[^\[\],]+\[\d+(,\d+)*\])*", compact):
        found = re.findall(r"([^\[\],]+)\[([\d,]+)\]", compact)
    else:
        raise mistake
    shapes = {name: [int(length) for length in lengths.split(",")] for name, lengths in found}
    if len(shapes) < len(found):
        twice = next(name for index, (name, _) in enumerate(found) if name in dict(found[:index]))
        raise UserError(f"the shape {text!r} names {twice!r} twice: give each input one shape (--shape).")
    if any(not 1 <= length <= LONGEST for lengths in shapes.values() for length in lengths):
        raise mistake
    return shapes


def in_words(shapes: Mapping[str, Sequence[int]]) -> str:
    """Shapes as ``--shape`` takes them."""
    return ",".join(
        f"{name}[{lengths}]" if name else lengths
        for name, lengths in ((name, ",".join(map(str, each))) for name, each in shapes.items())
    )


def dynamic(
    ports: Sequence[Port], example: Shapes | None = None, given: Mapping[str, Sequence[int]] | None = None
) -> UserError:
    """What is to be done about inputs of dynamic shape, all named at once; ``example`` is known to work.

    ``given`` are the shapes that other inputs were given already: the option holds all of them, or those would be dynamic again.
    """
    if example and (text := _writable({**(given or {}), **example})):
        hint = f"for example --shape {shlex.quote(text)}"
    else:
        before = [in_words(given)] if given else []
        hint = "as --shape=" + shlex.quote(",".join([*before, *(f"{port.name}[…]" for port in ports)]))
    if len(ports) == 1:
        (port,) = ports
        kind = "a dynamic rank" if port.shape is None else f"the dynamic shape {port.shape_in_words}"
        what, give = f"input {port.name!r} has {kind}", "a static one"
    else:
        named = ", ".join(f"{port.name!r} {port.shape_in_words}" for port in ports)
        what, give = f"the inputs {named} have dynamic shapes", "static ones"
    return UserError(f"{what}: give {give}, {hint}, or arrays as --inputs=FILE.npz (--shape).")


def _writable(shapes: Mapping[str, Sequence[int]]) -> str:
    """Shapes as ``--shape`` reads them back; a lone input needs no name, and of several some names cannot be written."""
    nameless = [{"": next(iter(shapes.values()))}] if len(shapes) == 1 else []
    for each in (shapes, *nameless):
        with contextlib.suppress(UserError):
            if parse_shapes(in_words(each)) == dict(each):
                return in_words(each)
    return ""


@dataclass(frozen=True)
class _Usual:
    """Usual lengths of what models take: an image's height and width, a text, a second of sound, steps of features, what came before."""

    height: int
    width: int
    text: int
    sound: int
    steps: int
    past: int


_USUAL = (
    _Usual(224, 224, 128, 16_000, 128, 127),
    _Usual(640, 640, 16, 512, 100, 16),
    _Usual(48, 320, 384, 64_000, 3000, 1),
    _Usual(32, 320, 512, 480, 32, 8),
    _Usual(512, 512, 64, 1024, 16, 32),
    _Usual(64, 64, 1, 32_000, 1, 1),
)
"""In the order of trying; the third and fourth are readers of lines of text."""
_PAST = ("past", "cache", "present", "kv")
_STATES = ("state", "hidden")
_MOST_EXAMPLES = 12


def examples(ports: Sequence[Port]) -> Iterator[Shapes]:
    """Shapes for the dynamic inputs among these, likely ones first; some models take none of them."""
    wanted = [port for port in ports if not port.is_static]
    seen: list[Shapes] = []
    for usual in _USUAL:
        for channels_last in (False, True):
            found = {port.name: _example(port, usual, ports, channels_last=channels_last) for port in wanted}
            if found not in seen and len(seen) < _MOST_EXAMPLES:
                seen.append(found)
                yield found


def _example(port: Port, usual: _Usual, ports: Sequence[Port], *, channels_last: bool) -> list[int]:
    past = any(_is_past(each) for each in ports)
    guess = _guess(port, usual, past=past, channels_last=channels_last)
    if port.shape is None:
        return list(guess)
    lengths = [there if there >= 0 else guessed for there, guessed in zip(port.shape, guess, strict=True)]
    for axis, (low, high) in enumerate(port.limits):
        lengths[axis] = max(lengths[axis], low) if high < 0 else min(max(lengths[axis], low), high)
    return [max(1, length) for length in lengths]


def _guess(port: Port, usual: _Usual, *, past: bool, channels_last: bool) -> Shape:
    """A length for every axis, as if all were dynamic."""
    whole = port.is_whole and port.element_type != "u8"
    rank = len(port.shape) if port.shape is not None else 2 if whole else 4
    name = port.name.lower()
    if rank >= 3 and (_is_past(port) or any(word in name for word in _STATES)):
        return (1, *((usual.past if _is_past(port) else 1) for _ in range(rank - 1)))
    if whole or port.element_type == "boolean" or "mask" in name:
        text = (usual.past + 1 if "mask" in name else 1) if past else usual.text
        return (1, *(text for _ in range(rank - 1)))
    if rank == 4:
        shape = port.shape or (-1,) * 4
        last = shape[3] in (1, 3) or (channels_last and shape[1] not in (1, 3))
        size = (usual.height, usual.width)
        return (1, *size, 3) if last else (1, 3, *size)
    by_rank: dict[int, Shape] = {
        1: (usual.sound,),
        2: (1, usual.sound),
        3: (1, usual.steps, usual.steps),
        5: (1, 3, 16, usual.height, usual.width),
    }
    return by_rank.get(rank, (1,) * rank)


def _is_past(port: Port) -> bool:
    return any(word in port.name.lower() for word in _PAST)
