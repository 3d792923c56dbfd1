"""The Open Model Zoo's tools in a virtual environment of their own, inside the cache, installed when they are first needed.

They pin an openvino, numpy and protobuf of their own, so they can share no environment with what is measured. Running them is left to
``tools``, using them to ``zoo``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge import checkout
from autogauge.cache import Cache, scratch_in
from autogauge.causes import step_when_late
from autogauge.errors import UserError
from autogauge.files import exists
from autogauge.measuring.progress import Progress
from autogauge.models.omz.tools import STEPS, run
from autogauge.tools import environments, interpreters
from autogauge.tools.environments import python_of
from autogauge.tools.running import Deadline, ToolFailed, object_in, run_tool
from autogauge.trust import may_run

REQUIREMENTS = checkout.listed("requirements-omz.txt")
LOCK = REQUIREMENTS.with_suffix(".lock")
"""The same with the digest of every file that may be installed."""
NAME = "omz-toolchain"
VERSIONS = ("3.10", "3.9", "3.11", "3.12", "3.13")
"""The best first: on 3.10 and 3.9 the pinned protobuf is compiled, from 3.12 on a later openvino serves the tools."""
FORMAT = b"2"  # raised when what is kept beside the environment changes
_CHECK_INDEX = "check the package index (pip's settings) and the disk"
_MORE_TIME = "--fetch-deadline=SECONDS; of `models fetch`, --deadline"
_ENVIRONMENT, _CATALOGUE = "environment", "catalogue.json"


@dataclass(frozen=True)
class Toolchain:
    """Installed tools: the interpreter that has them, and every model that they know."""

    python: Path
    catalogue: dict[str, Any]
    name: str
    """The digest of what is installed, and the version of Python."""

    @property
    def converter(self) -> Path:
        """Model Optimizer's entry point, which the converter has to be told."""
        return _converter(self.python.parents[1])


def requirements() -> list[str]:
    """The lines that say what is installed, without comments. Raises :class:`UserError` where the list is not there."""
    try:
        lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    except OSError:
        raise UserError(
            f"the list of the Open Model Zoo's tools is not at {REQUIREMENTS}; install autogauge anew "
            "or measure the embedded model (--model-source=embedded)."
        ) from None
    return [line for each in lines if (line := re.sub(r"(^|\s)#.*", "", each).strip())]


def digest() -> str:
    """Changes with what is installed, and with what is kept of it."""
    return hashlib.sha256("\n".join(requirements()).encode() + FORMAT).hexdigest()[:12]


def installed(cache: Cache) -> Toolchain | None:
    """The tools, if they are in the cache."""
    for version in VERSIONS:
        folder = cache.folder(_key(version))
        if cache.is_good(folder, _has_python):
            return _toolchain(folder)
    return None


def install(cache: Cache, deadline: Deadline, progress: Progress) -> Toolchain:
    """The tools, from the cache or newly installed into it. Raises :class:`UserError`."""
    found = installed(cache)
    if found is not None:
        return found
    version, python = interpreter(deadline)
    folder = cache.entry(
        _key(version),
        lambda staging: _install(staging, python, version, deadline, progress),
        usable=_has_python,
        mend=lambda folder: environments.recompile(folder / _ENVIRONMENT, cache, deadline, progress.say),
        say=progress.say,
        lock_deadline_s=deadline.left_s,
    )
    return _toolchain(folder)


@contextlib.contextmanager
def in_use(cache: Cache, tools: Toolchain) -> Iterator[None]:
    """While the body runs nobody removes the tools (``models remove``)."""
    folder = cache.folder(f"{NAME}-{tools.name}")
    used = cache.use(folder) if exists(folder) else None
    try:
        yield
    finally:
        if used is not None:
            used.end()


def interpreter(deadline: Deadline) -> tuple[str, Path]:
    """The version and path of the best interpreter on this machine for the tools. Raises :class:`UserError` when none will do."""
    late = None
    for version in VERSIONS:
        for path in interpreters.candidates(version):
            try:
                if interpreters.fits(path, version, Deadline(min(interpreters.TRIAL_DEADLINE_S, deadline.left_s))):
                    return version, path
            except ToolFailed:
                late = path
    if late is not None:
        raise UserError(
            f"the Open Model Zoo's tools need a Python that makes virtual environments, and {late} did not answer in time: "
            f"{step_when_late(_MORE_TIME)}, or measure the embedded model (--model-source=embedded)."
        )
    raise UserError(
        f"the Open Model Zoo's tools need one of Python {', '.join(sorted(VERSIONS, key=lambda v: int(v[2:])))} with venv and ensurepip, "
        "and this machine has none: install one (on Debian: python3-venv), or measure the embedded model (--model-source=embedded)."
    )


def _has_python(folder: Path) -> bool:
    """Whether the interpreter that the environment links to is still there, and one that may be run."""
    return may_run(python_of(folder / _ENVIRONMENT))


def _key(version: str) -> str:
    return f"{NAME}-{digest()}-py{version}"


def _toolchain(folder: Path) -> Toolchain:
    python = python_of(folder / _ENVIRONMENT)
    return Toolchain(python, json.loads((folder / _CATALOGUE).read_bytes()), folder.name.removeprefix(f"{NAME}-"))


def _install(staging: Path, python: Path, version: str, deadline: Deadline, progress: Progress) -> dict[str, Any]:
    """Make the environment and ask the tools what they know; returns facts for the manifest."""
    began = time.monotonic()
    environment = staging / _ENVIRONMENT

    def show(line: str) -> None:
        if line.startswith("Collecting "):
            progress.advance(f"installing its tools: {line.split()[1]}", 0, STEPS, None)

    progress.begin("Open Model Zoo")
    progress.advance(f"installing its tools (Python {version})", 0, STEPS, None)
    with scratch_in(staging) as scratch:
        try:
            own = environments.make(
                python,
                environment,
                *("--require-hashes", "--no-deps", "-r", str(LOCK)),
                scratch=scratch,
                deadline=deadline,
                on_line=show,
            )
            # That pip says it is done proves nothing: each tool must load, and know its models.
            run_tool(own, "module", "openvino.tools.mo", "--version", scratch=scratch, deadline=deadline)
            known = object_in(run(own, "catalogue", scratch=scratch, deadline=deadline))
            if not own.exists() or not _converter(environment).is_file():
                raise ToolFailed("pip ended without an error and without the tools")
        except ToolFailed as error:
            step = step_when_late(_MORE_TIME) if error.late else error.step or _CHECK_INDEX
            raise UserError(
                f"the Open Model Zoo's tools cannot be installed into {staging.parent.parent}: {error}; "
                f"{step}, or measure the embedded model (--model-source=embedded)."
            ) from None
    (staging / _CATALOGUE).write_text(json.dumps(known))
    progress.say(f"installed the Open Model Zoo's tools (Python {version}) in {time.monotonic() - began:.0f} s")
    return {"name": NAME, "kind": "toolchain", "toolchain": _key(version).removeprefix(f"{NAME}-")}


def _converter(environment: Path) -> Path:
    found = [*environment.glob("lib/python*/site-packages/openvino/tools/mo/mo.py")]
    return found[0] if found else environment / "mo.py"
