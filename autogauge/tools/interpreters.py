"""The Pythons of this machine: which there may be, and which of them works. What one is needed for is left to those who need it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from autogauge.tools.running import Deadline, ToolFailed, ask
from autogauge.trust import may_run

TRIAL_DEADLINE_S = 5.0
_MANAGERS = (
    ("PYENV_ROOT", ".pyenv", "versions/{}.*"),
    ("UV_PYTHON_INSTALL_DIR", ".local/share/uv/python", "cpython-{}.*"),
)
"""pyenv and uv: the variable that says where they keep interpreters, where in a home they do so without, and how a folder is called."""
_SYSTEM = ("/usr/local/bin", "/usr/bin")
"""Where a system has its own, though a job's ``PATH`` may not lead there."""
_SAYS = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name, sys.maxsize > 2**32)"
_MAKES_ENVIRONMENTS = f"import ensurepip, venv; {_SAYS}"


def own_version() -> str:
    """``3.11``: of the Python that runs this."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def own_base() -> Path:
    """The interpreter that this one's environment was made from."""
    return Path(getattr(sys, "_base_executable", sys.executable))


def candidates(version: str) -> Iterator[Path]:
    """Whatever may be an interpreter of that version (``3.10``): each on the path, since the first may be a shim that leads nowhere."""
    if own_version() == version:
        yield own_base()
    name = f"python{version}"
    on_path = [place for place in os.get_exec_path() if place]
    for place in (*on_path, *(each for each in _SYSTEM if each not in on_path)):
        if os.access(python := Path(place, name).absolute(), os.X_OK):
            yield python
    for variable, place, pattern in _MANAGERS:
        for root in dict.fromkeys((Path(os.environ.get(variable) or Path.home() / place), Path.home() / place)):
            yield from sorted(root.glob(f"{pattern.format(version)}/bin/{name}"), key=_release, reverse=True)


def fits(python: Path, version: str, deadline: Deadline, *, with_venv: bool = True) -> bool:
    """Whether that is a working CPython of that version, of 64 bits, which can make virtual environments; a shim may be none.

    Raises :class:`~autogauge.tools.running.ToolFailed` where it does not answer in time.
    """
    try:
        said = ask(python, _MAKES_ENVIRONMENTS if with_venv else _SAYS, deadline)
    except ToolFailed as error:
        if error.late:
            raise
        return False
    return said.split() == [version, "cpython", "True"]


def find(version: str, deadline: Deadline, *, with_venv: bool = True) -> Path | None:
    """The first working interpreter of that version that may be run; ``None`` for none. What does not answer in time is passed over."""
    for python in filter(may_run, candidates(version)):
        try:
            if fits(python, version, Deadline(min(TRIAL_DEADLINE_S, deadline.left_s)), with_venv=with_venv):
                return python
        except ToolFailed:
            continue
    return None


def _release(python: Path) -> list[int]:
    """The numbers in the name of an installation's folder, so that 3.10.14 comes after 3.10.9."""
    return [int(number) for number in re.findall(r"\d+", python.parents[1].name)]
