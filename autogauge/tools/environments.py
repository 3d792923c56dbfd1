"""Virtual environments: made, with what pip installs into them, and mended. Whether what is in them works is left to their owners."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from autogauge.cache import Cache
from autogauge.tools import pips, uv
from autogauge.tools.running import Deadline, ToolFailed, run_tool

_INSTALL = (
    *("pip", "install", "--only-binary=:all:"),  # what is built would fetch what has no digest
    *("--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar=off"),
)


_AS_PATIENT = ("--retries=1", "--timeout=15")


def make(
    base: Path,
    place: Path,
    *words: str,
    scratch: Path,
    deadline: Deadline,
    on_line: Callable[[str], None] = lambda _: None,
) -> Path:
    """Make an environment of the interpreter ``base`` at ``place`` and let pip install ``words``; returns its interpreter.

    The user's home is left visible to pip: its settings are there, such as the address of a lab's own index. Raises
    :class:`~autogauge.tools.running.ToolFailed`. That pip says it is done proves nothing: whoever asked is to look.
    """
    run_tool(base, "module", "venv", str(place), scratch=scratch, deadline=deadline)
    own = python_of(place)
    run_tool(own, "module", *_INSTALL, *words, scratch=scratch, deadline=deadline, home=True, on_line=on_line)
    return own


def make_quickly(
    base: Path,
    place: Path,
    requirements: Sequence[str],
    *,
    scratch: Path,
    deadline: Deadline,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Make an environment with these requirements, by ``uv`` where it is installed and can ask pip's index, else as :func:`make` does.

    Where uv cannot, pip has the last word: what it says is why. Raises :class:`~autogauge.tools.running.ToolFailed`.
    """
    program = uv.find()
    if program is not None:
        try:
            asks = uv.handed(pips.settings(scratch, deadline))
            if asks is not None:
                uv.make(program, base, place, requirements, asks, scratch=scratch, deadline=deadline)
                return python_of(place)
        except ToolFailed as error:
            if error.late:
                raise
            say(f"uv could not make the environment, pip is asked ({error})")
            shutil.rmtree(place, ignore_errors=True)
    return make(base, place, *_AS_PATIENT, *requirements, scratch=scratch, deadline=deadline)


def python_of(place: Path) -> Path:
    """The interpreter of an environment."""
    return place / "bin" / "python"


def recompile(environment: Path, cache: Cache, deadline: Deadline, say: Callable[[str], None]) -> None:
    """Make the files anew that Python has compiled in an environment. Raises ``OSError``; what cannot be compiled is left out."""
    say(f"compiling {environment.parent.name} in the cache anew: its compiled files were not those that are on record")
    for folder in [*environment.rglob("__pycache__")]:
        shutil.rmtree(folder)
    python, libraries = python_of(environment), environment / "lib"
    with (
        cache.scratch("compile") as scratch,
        contextlib.suppress(ToolFailed),
    ):  # some packages bring what is for other Pythons
        run_tool(python, "module", "compileall", "-q", str(libraries), scratch=scratch, deadline=deadline)
