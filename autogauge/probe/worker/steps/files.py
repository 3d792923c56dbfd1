"""Steps about files: what lies in a cache folder, and what somebody does to it before OpenVINO looks there.

Paths are the case's own. What a user may do to a folder is done here in the case's process, before it compiles anything.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import stat
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

BLOB = ".blob"
FLIPPED = 64
"""So many bytes are flipped."""
RUN, LARGEST = 4, 30
"""What weights of a tiny model look like (``models.tiny.weights``)."""
LATER_S = 2.0
"""What is written anew is later by more than any file system's clock is coarse."""
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITIES_VERSION = 0x20080522
_OVERRIDE = 0b110
"""The capabilities to pass over a file's permissions: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


def files(stage: Stage, step: Step) -> dict[str, Any]:
    """What lies below ``path``: ``blobs`` (name, bytes, digest) and ``others`` (names); ``is_folder`` is what it is itself."""
    path, blobs, others = step["path"], [], []
    for folder, _, names in os.walk(path):
        for name in sorted(names):
            place = os.path.join(folder, name)
            if name.endswith(BLOB):
                with open(place, "rb") as stream:
                    content = stream.read()
                digest = hashlib.sha256(content).hexdigest()[:16]
                blobs.append({"name": os.path.relpath(place, path), "bytes": len(content), "digest": digest})
            else:
                others.append(os.path.relpath(place, path))
    return {"is_folder": os.path.isdir(path), "blobs": sorted(blobs, key=lambda each: each["name"]), "others": others}


def damage(stage: Stage, step: Step) -> dict[str, Any]:
    """Every blob below ``path`` is no good from now on, ``how``.

    ``truncated`` (half of it), ``empty``, ``garbage`` (as long as it was), ``flipped`` (some bytes ``at`` that part of it, or at its
    ``weights``), or ``foreign`` (what the first blob below ``other`` holds).
    """
    made = _DAMAGES[step["how"]]
    places = _blobs(step["path"])
    if not places:
        raise ValueError("there is no blob to damage in " + step["path"])
    for place in places:
        damaged = made(_content(place), step)
        with open(place, "wb") as stream:
            stream.write(damaged)
    return files(stage, step)


def _garbage(content: bytes, step: Step) -> bytes:
    return bytes((index * 167 + 13) % 256 for index in range(len(content)))


def _flipped(content: bytes, step: Step) -> bytes:
    at = step.get("at", 0.5)
    begin = _weights_in(content) if at == "weights" else int(len(content) * at)
    return content[:begin] + bytes(each ^ 255 for each in content[begin : begin + FLIPPED]) + content[begin + FLIPPED :]


def _weights_in(content: bytes) -> int:
    """Where a tiny model's weights begin: ``RUN`` numbers in a row that are small multiples of 1/64. Raises ``ValueError``."""
    import numpy

    for offset in range(4):
        numbers = numpy.frombuffer(content[offset : offset + (len(content) - offset) // 4 * 4], "<f4")
        with numpy.errstate(all="ignore"):
            scaled = numbers.astype(numpy.float64) * 64
            is_weight = (scaled == numpy.round(scaled)) & (numpy.abs(scaled) <= LARGEST) & (scaled != 0)
        runs = numpy.lib.stride_tricks.sliding_window_view(is_weight, RUN).all(axis=1)
        if runs.any():
            return offset + 4 * int(runs.argmax())
    raise ValueError("the model's weights do not stand in its blob as they are")


_DAMAGES: dict[str, Callable[[bytes, dict[str, Any]], bytes]] = {
    "truncated": lambda content, step: content[: len(content) // 2],
    "empty": lambda content, step: b"",
    "garbage": _garbage,
    "flipped": _flipped,
    "foreign": lambda content, step: _content(_blobs(step["other"])[0]),
}


def _blobs(path: str) -> list[str]:
    return sorted(
        os.path.join(folder, each) for folder, _, names in os.walk(path) for each in names if each.endswith(BLOB)
    )


def _content(place: str) -> bytes:
    with open(place, "rb") as stream:
        return stream.read()


def put(stage: Stage, step: Step) -> dict[str, Any]:
    """A file at ``path`` that holds ``text``."""
    with open(step["path"], "w", encoding="utf-8") as stream:
        stream.write(step["text"])
    return {}


def copy_model(stage: Stage, step: Step) -> dict[str, Any]:
    """A copy of ``model`` in the folder ``to``, by the name ``as`` from now on; one that is there stays.

    With ``anew`` it is written once more, at a later time. With ``weights_times`` its weights alone are written anew, so many times what
    they were, and its other file stays untouched.
    """
    import numpy

    os.makedirs(step["to"], exist_ok=True)
    whole = stage.models[step["model"]][: -len(".xml")]
    copied = os.path.join(step["to"], step["as"])
    for suffix in (".xml", ".bin"):
        if not os.path.exists(copied + suffix) or step.get("anew"):
            shutil.copyfile(whole + suffix, copied + suffix)
            later_s = time.time() + (LATER_S if step.get("anew") else 0)
            os.utime(copied + suffix, (later_s, later_s))
    if "weights_times" in step:
        weights = numpy.fromfile(copied + ".bin", numpy.float32) * numpy.float32(step["weights_times"])
        weights.tofile(copied + ".bin")
        later_s = time.time() + LATER_S
        os.utime(copied + ".bin", (later_s, later_s))
    stage.models[step["as"]] = copied + ".xml"
    return {}


def forbid(stage: Stage, step: Step) -> dict[str, Any]:
    """Nobody may write to the folder ``path``, root neither: this process gives up passing over permissions.

    ``refused`` is whether the system now refuses it.
    """
    os.chmod(step["path"], stat.S_IRUSR | stat.S_IXUSR)
    number = _CAPSET.get(platform.machine())
    if os.geteuid() == 0 and number is not None:
        libc = ctypes.CDLL(None, use_errno=True)
        header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
        held = (ctypes.c_uint32 * 6)()
        if libc.syscall(number - 1, header, held) == 0:
            for index in (0, 1):  # effective and permitted, of the first 32
                held[index] &= ~_OVERRIDE
            libc.syscall(number, header, held)
    trial = os.path.join(step["path"], "trial")
    try:
        with open(trial, "w", encoding="utf-8"):
            pass
    except OSError as error:
        return {"refused": True, "why": error.strerror}
    os.unlink(trial)
    return {"refused": False}


def limit(stage: Stage, step: Step) -> dict[str, Any]:
    """No file of this process may grow beyond ``bytes``: a write fails there, as on a full disk."""
    import resource  # not on every machine, and the library imports this module on all of them

    resource.setrlimit(resource.RLIMIT_FSIZE, (step["bytes"], resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    return {}


KINDS = {
    "files": files,
    "damage": damage,
    "put": put,
    "copy-model": copy_model,
    "forbid": forbid,
    "limit": limit,
}
