"""Virtual environments inside the cache, installed when they are first needed: an OpenVINO release, a wheel's, or numpy alone.

Which release on which Python is meant is left to ``prepared``, what is measured with it to ``reference`` and ``pinned``.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.cache import Cache, scratch_in
from autogauge.causes import step_when_late
from autogauge.errors import UserError
from autogauge.files import exists, sha256_of
from autogauge.manifest import read_manifest
from autogauge.measuring.progress import Progress
from autogauge.probe.identity import is_release
from autogauge.runtimes import disk
from autogauge.tools import environments
from autogauge.tools.environments import python_of
from autogauge.tools.interpreters import own_base, own_version
from autogauge.tools.running import Deadline, ToolFailed, ask, object_in, run_tool
from autogauge.trust import may_run

DEADLINE_S, ASK_DEADLINE_S = 600.0, 60.0
_NUMPY = re.compile(r"\d+(?:\.\d+)+")
_NUMBERED = re.compile(r"\d+\.\d+")
_ENVIRONMENT = "environment"
_ASK_NUMPY = "from importlib.metadata import version; print(version('numpy'))"
ASK = Path(__file__).with_name("ask.py")
WITH_SETUPTOOLS = 2022
"""Up to this year openvino imports it without saying that it needs it; a Python from 3.12 on, and uv, bring none."""


@dataclass(frozen=True)
class Base:
    """A Python that environments are made of: its version (``3.10``) and its interpreter."""

    version: str
    python: Path

    @classmethod
    def own(cls) -> Base:
        """The one that runs this."""
        return cls(own_version(), own_base())


@dataclass(frozen=True)
class Wanted:
    """What is to be in an environment: the entry's key, the name that ``models`` lists, what is installed, and which version it must be.

    ``release`` is empty for numpy alone. A ``wheel`` is installed from a copy of the file, which has that digest.
    """

    key: str
    name: str
    requirements: tuple[str, ...]
    release: str = ""
    wheel: Path | None = None
    sha256: str = ""

    @property
    def title(self) -> str:
        """What it is called while it is installed."""
        return f"openvino {self.release}" if self.release else " ".join(self.requirements)


@dataclass(frozen=True)
class Installed:
    """An environment in the cache: its interpreter, and what it said of itself when it was made (empty where nobody kept that)."""

    python: Path
    openvino: str = ""
    numpy: str = ""


def key_of(release: str, python: str) -> str:
    """The cache entry of a release, in full (``2025.4.0``), on that Python."""
    return f"openvino-{release}-py{python}"


def of_release(release: str, base: Base) -> Wanted:
    """A release by its name in full."""
    return Wanted(
        key_of(release, base.version), f"openvino-{release}", (f"openvino=={release}", *_unsaid(release)), release
    )


def of_wheel(wheel: Path, release: str, base: Base) -> Wanted:
    """A wheel's file by its digest: the same file is the same entry, wherever it lies. Raises ``OSError``."""
    sha256 = sha256_of(wheel)
    name = f"openvino-{release}-wheel-{sha256[:12]}"
    return Wanted(f"{name}-py{base.version}", name, _unsaid(release), release, wheel, sha256)


def of_numpy(requirement: str, base: Base) -> Wanted:
    """Numpy alone, for an openvino that lies elsewhere."""
    name = f"numpy-of-archives-{hashlib.sha256(requirement.encode()).hexdigest()[:8]}"
    return Wanted(f"{name}-py{base.version}", name, (requirement,))


def is_there(wanted: Wanted, cache: Cache) -> bool:
    """Whether there is such an entry; whether it is sound is seen when it is used."""
    return exists(cache.folder(wanted.key))


def python_with(version: str, cache: Cache, progress: Progress, option: str) -> Path:
    """The interpreter with that release, in full, for this Python: from the cache or newly installed. Raises :class:`UserError`."""
    base = Base.own()
    return installed(of_release(version, base), base, cache, progress, option).python


def installed(wanted: Wanted, base: Base, cache: Cache, progress: Progress, option: str) -> Installed:
    """What is wanted, from the cache or newly installed into it. Raises :class:`UserError`."""
    deadline = Deadline(DEADLINE_S)
    before = (read_manifest(cache.folder(wanted.key)) or {}).get("numpy", "")
    numpy = (
        before if _NUMPY.fullmatch(before) else ""
    )  # one that is installed anew stays what it was: figures rest on it
    folder = cache.entry(
        wanted.key,
        lambda staging: _install(staging, wanted, base, deadline, progress, option, numpy),
        usable=lambda folder: may_run(_python(folder)),  # it links to an interpreter, which may be gone
        mend=lambda folder: environments.recompile(folder / _ENVIRONMENT, cache, deadline, progress.say),
        say=progress.say,
        lock_deadline_s=deadline.left_s,
    )
    facts = read_manifest(folder) or {}
    return Installed(_python(folder), str(facts.get("openvino", "")), str(facts.get("numpy", "")))


def numpy_of(python: Path) -> str:
    """The version of numpy beside that interpreter's OpenVINO. Raises :class:`UserError`."""
    try:
        return ask(python, _ASK_NUMPY, Deadline(ASK_DEADLINE_S)).strip()
    except ToolFailed as error:
        step = step_when_late() if error.late else error.step
        step = step or "remove its folder from the cache, and it is installed anew"
        raise UserError(f"{python} does not say which numpy it has: {step}.") from None


def _unsaid(release: str) -> tuple[str, ...]:
    return ("setuptools<81",) if int(release.partition(".")[0]) <= WITH_SETUPTOOLS else ()


def _python(folder: Path) -> Path:
    return python_of(folder / _ENVIRONMENT)


def _install(
    staging: Path, wanted: Wanted, base: Base, deadline: Deadline, progress: Progress, option: str, numpy: str = ""
) -> dict[str, Any]:
    """Make the environment and ask it what it is; returns facts for the manifest. ``numpy`` is a version that is wanted beside it."""
    began = time.monotonic()
    disk.require(staging.parents[1], [wanted.release])
    progress.begin(wanted.title)
    progress.advance("installing it", 0, 1, None)
    with scratch_in(staging) as scratch:
        try:
            found = _made(staging / _ENVIRONMENT, wanted, base, scratch, deadline, progress, numpy)
        except _DoesNotWork as error:
            step = step_when_late() if error.late else error.step or "take another release, or another build of it"
            raise UserError(f"{wanted.title} was installed and does not work: {error}; {step} ({option}).") from None
        except ToolFailed as error:
            what = "the wheel's file" if wanted.wheel else f"that there is such a release for Python {base.version}"
            otherwise = f"check {what}, the package index (pip's settings) and the disk"
            step = step_when_late() if error.late else error.step or otherwise
            reason = str(error)
            if wanted.wheel:  # the copy is gone with the scratch folder
                reason = reason.replace(str(scratch / wanted.wheel.name), str(wanted.wheel))
            raise UserError(
                f"{wanted.title} cannot be installed into {staging.parent.parent}: {reason}; {step} ({option})."
            ) from None
        finally:
            progress.end()
    progress.say(f"installed {wanted.title} in {time.monotonic() - began:.0f} s")
    return {
        "name": wanted.name,
        "kind": "toolchain",
        "source": "wheel" if wanted.wheel else "pip",
        "toolchain": wanted.release or wanted.name,
        **({"openvino": str(found["openvino"])} if found["openvino"] else {}),
        "numpy": str(found["numpy"]),
    }


def _made(
    place: Path,
    wanted: Wanted,
    base: Base,
    scratch: Path,
    deadline: Deadline,
    progress: Progress,
    numpy: str,
) -> dict[str, Any]:
    """The environment at ``place``, and what it says of itself. Raises :class:`ToolFailed`."""
    exact = [f"numpy=={numpy}"] if numpy else []
    requirements = [*_from_a_copy(wanted, scratch), *wanted.requirements, *exact]
    own = environments.make_quickly(
        base.python, place, requirements, scratch=scratch, deadline=deadline, say=progress.say
    )
    # That it was installed proves nothing: it must be whole, load, and be the one.
    asks = Deadline(min(ASK_DEADLINE_S, deadline.left_s))
    words = ("openvino",) if wanted.release else ()
    try:
        found = object_in(run_tool(own, "script", str(ASK), *words, scratch=scratch, deadline=asks))
    except ToolFailed as error:
        doing = f" while {wanted.title} was imported" if error.late else ""
        raise _DoesNotWork(f"{error}{doing}", late=error.late) from None
    if broken := found["broken"]:
        spoilt = _DoesNotWork(f"{broken[0]} is not as its package has it")
        spoilt.step = "empty the installer's cache (uv cache clean), and try again"
        raise spoilt
    reported = str(found["openvino"])
    if wanted.release and not _is_wanted(reported, wanted):
        raise _DoesNotWork(f"it says that it is openvino {reported}")
    return found


class _DoesNotWork(ToolFailed):
    """The installer did its work, and what it installed is of no use."""


def _is_wanted(reported: str, wanted: Wanted) -> bool:
    """Whether that is the version; a wheel of somebody's own building may have a version without numbers: its digest says what it is."""
    return is_release(reported, wanted.release) or (wanted.wheel is not None and not _NUMBERED.match(reported))


def _from_a_copy(wanted: Wanted, scratch: Path) -> Sequence[str]:
    """The wheel, copied first: what is installed is what the digest is of. Raises :class:`ToolFailed`."""
    if wanted.wheel is None:
        return ()
    copy = scratch / wanted.wheel.name
    try:
        shutil.copyfile(wanted.wheel, copy)
        if sha256_of(copy) != wanted.sha256:
            raise ToolFailed("the file changed while it was read")
    except OSError as error:
        raise ToolFailed(f"the file cannot be read: {error.strerror}") from None
    return (str(copy),)
