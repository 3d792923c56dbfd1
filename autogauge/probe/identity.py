"""Which OpenVINO a runtime is: asked of every probe as it starts, and held against its name and against the probe before it.

So are the files of its libraries, by size and time: one that was built anew in its place says the same version.

A figure of another OpenVINO than the one it is said to be of is the worst that a run can print, so a mismatch ends everything.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from autogauge.errors import UserError

_NUMBERS = re.compile(r"\d+(?:\.\d+)*")
_LONGEST = 500
_OWN = "openvino"
"""In the name of every library of OpenVINO's, and of its plugins; beside them may lie whatever else."""


class WrongRuntime(UserError):
    """A probe runs another OpenVINO than the one that it is to run; nothing measured with it may be kept."""


@dataclass(frozen=True)
class Identity:
    """The OpenVINO that a probe has loaded: version with build, the folder of its package, and that of its library.

    ``elsewhere`` are those folders that are not in the interpreter's own environment: on ``PYTHONPATH``, the user's site-packages.
    """

    openvino: str
    package: str
    library: str
    elsewhere: tuple[str, ...] = ()

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Identity:
        """What a probe said of itself. Raises ``ValueError`` when it is no such thing."""
        texts = [message.get(name) for name in ("openvino", "package", "library")]
        elsewhere = message.get("elsewhere")
        if not isinstance(elsewhere, list) or not all(
            isinstance(each, str) and len(each) < _LONGEST for each in (*texts, *elsewhere)
        ):
            raise ValueError("it does not say which openvino it runs")
        return cls(str(texts[0]), str(texts[1]), str(texts[2]), tuple(elsewhere))

    def __str__(self) -> str:
        library = f" with the library in {self.library}" if self.library and self.library in self.elsewhere else ""
        return f"openvino {self.openvino} from {self.package}{library}"


@dataclass(frozen=True)
class Runtime:
    """The interpreter (with its openvino) that a probe runs on.

    One with a ``name`` is not the user's own session: it starts in a clean environment. One with a ``release`` must be that release; with
    a build (``2026.5.0-21000-abc``), that very build.
    """

    python: str = sys.executable
    name: str = ""
    release: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    """What is set in its clean environment: where an OpenVINO lies that is in no environment of Python's."""
    within: tuple[str, ...] = ()
    """The folders that its openvino must come from, package and library, the one that was named first; empty for wherever."""
    note: str = ""
    """What a reader of its figures should know of it beside that; a sentence without a full stop."""
    entry: str = ""
    """What it is called in the cache, for one that is there (``python -m autogauge models``)."""
    by_itself: bool = False
    """Whether one that is not what it was ends only what is measured with it: it is one of several, and none rests on it."""
    _spoilt: list[str] = field(default_factory=list, compare=False, repr=False)
    _first: list[Identity] = field(default_factory=list, compare=False, repr=False)
    _files: dict[str, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def identity(self) -> Identity | None:
        """The OpenVINO of the first probe that was started on it; ``None`` before that."""
        return self._first[0] if self._first else None

    @property
    def spoilt(self) -> str:
        """Why no more is measured with it, and nothing of it is kept, in a sentence; empty as long as it is what it was."""
        return self._spoilt[0] if self._spoilt else ""

    def spoil(self, why: WrongRuntime) -> None:
        """From now on no probe is started on it."""
        self._spoilt.append(str(why))

    def check(self, found: Identity) -> None:
        """Hold a probe's OpenVINO against the release and the first probe. Raises :class:`WrongRuntime`."""
        who = self.name or "this session"
        if self.release and not self._is_wanted(found.openvino):
            raise WrongRuntime(
                f"{who} is to be openvino {self.release}, and {self.python} runs {found}: nothing is measured with it; "
                f"{self._anew} and run again."
            )
        strangers = [each for each in (found.package, found.library) if each and not _lies_in(each, self.within)]
        if self.within and strangers:
            raise WrongRuntime(
                f"{who} is to run the openvino in {self.within[0]}, and {self.python} runs one from {strangers[0]}: "
                f"nothing is measured with it; {self._anew} and run again."
            )
        if self.identity is None:
            self._first.append(found)
            self._files.update(_libraries(found))
            return
        change = f"{self.identity} at first, then {found}" if found != self.identity else self._changed_file(found)
        if change:
            raise WrongRuntime(
                f"the openvino of {who} changed while it was measured: {change}; nothing of {self._lost} is kept: "
                f"leave {self.within[0] if self.within else self.python} and its packages as they are, and run again."
            )

    def _changed_file(self, found: Identity) -> str:
        """Which file of its libraries is not the one that the first probe had, in words; empty for none."""
        now = _libraries(found)
        for path in sorted({*self._files, *now}):
            if self._files.get(path) != now.get(path):
                verb = "is gone" if path not in now else "is new" if path not in self._files else "is another one"
                return f"{path} {verb}"
        return ""

    def gone(self, reason: str) -> WrongRuntime:
        """It worked before, and now its openvino is no longer there."""
        return WrongRuntime(
            f"{self.name or 'this session'} was removed or spoilt while it was measured: {reason}; nothing of {self._lost} is kept: "
            f"leave {self.within[0] if self.within else self.python} and its packages as they are, and run again."
        )

    def _is_wanted(self, found: str) -> bool:
        return found == self.release or ("-" not in self.release and is_release(found, self.release))

    @property
    def _lost(self) -> str:
        return "it" if self.by_itself else "this run"

    @property
    def _anew(self) -> str:
        if self.within:
            return "unpack it anew"
        return f"install it anew (python -m autogauge models remove {self.entry or f'openvino-{self.release}'})"


def _libraries(found: Identity) -> dict[str, tuple[int, int]]:
    """The libraries of OpenVINO's beside that package and that library, by path: size and time of the last change."""
    files = {}
    for folder in {found.package, found.library} - {""}:
        with contextlib.suppress(OSError), os.scandir(folder) as there:
            for each in there:
                if _OWN in each.name and ".so" in each.name:
                    with contextlib.suppress(OSError):
                        known = each.stat()  # of what a link leads to: that is what a probe loads
                        files[each.path] = known.st_size, known.st_mtime_ns
    return files


def _lies_in(place: str, folders: tuple[str, ...]) -> bool:
    return (os.path.realpath(place) + os.sep).startswith(tuple(os.path.realpath(each) + os.sep for each in folders))


def is_release(version: str, release: str) -> bool:
    """Whether a version with its build (``2024.6.0-17404-…``) is of that release; ``2024.6`` is any ``2024.6.…``, never ``2024.60``."""
    found, wanted = (_NUMBERS.match(each) for each in (version, release))
    if found is None or wanted is None:
        return False
    numbers, asked = found[0].split("."), wanted[0].split(".")
    return numbers[: len(asked)] == asked
