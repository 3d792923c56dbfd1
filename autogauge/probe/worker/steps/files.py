"""Steps about files: what lies in a cache folder, and what somebody does to it before OpenVINO looks there.

Paths are the case's own. What a user may do to a folder is done here in the case's process, before it compiles anything.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import resource
import shutil
import stat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

BLOB = ".blob"
FLIPPED = 64
"""So many bytes are flipped, in the middle."""
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
    """Every blob below ``path`` is no good from now on, ``how``: ``truncated`` (half of it), ``empty``, ``garbage`` (as long as it was),
    ``flipped`` (some bytes ``at`` that part of it), or ``foreign`` (what the first blob below ``other`` holds).
    """
    done = []
    foreign = b""
    if step["how"] == "foreign":
        foreign = _content(_blobs(step["other"])[0])
    for place in _blobs(step["path"]):
        content = _content(place)
        middle = int(len(content) * step.get("at", 0.5))
        made = {
            "truncated": content[: len(content) // 2],
            "empty": b"",
            "garbage": bytes((index * 167 + 13) % 256 for index in range(len(content))),
            "flipped": content[:middle] + bytes(each ^ 255 for each in content[middle : middle + FLIPPED]) + content[middle + FLIPPED :],
            "foreign": foreign,
        }[step["how"]]
        with open(place, "wb") as stream:
            stream.write(made)
        done.append(os.path.basename(place))
    if not done:
        raise ValueError("there is no blob to damage in " + step["path"])
    return {"damaged": done, **files(stage, step)}


def _blobs(path: str) -> list[str]:
    return sorted(os.path.join(folder, each) for folder, _, names in os.walk(path) for each in names if each.endswith(BLOB))


def _content(place: str) -> bytes:
    with open(place, "rb") as stream:
        return stream.read()


def put(stage: Stage, step: Step) -> dict[str, Any]:
    """A file at ``path`` that holds ``text``."""
    with open(step["path"], "w", encoding="utf-8") as stream:
        stream.write(step["text"])
    return {}


def copy_model(stage: Stage, step: Step) -> dict[str, Any]:
    """A copy of ``model`` in the folder ``to``, by the name ``as`` from now on."""
    os.makedirs(step["to"], exist_ok=True)
    whole = stage.models[step["model"]][: -len(".xml")]
    copied = os.path.join(step["to"], step["as"])
    for suffix in (".xml", ".bin"):
        if not os.path.exists(copied + suffix) or step.get("anew"):
            shutil.copyfile(whole + suffix, copied + suffix)
    stage.models[step["as"]] = copied + ".xml"
    return {}


def forbid(stage: Stage, step: Step) -> dict[str, Any]:
    """Nobody may write to the folder ``path``, root neither: this process gives up passing over permissions. ``refused`` is whether
    the system now refuses it.
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
