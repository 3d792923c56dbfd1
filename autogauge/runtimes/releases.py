"""OpenVINO's releases as numbers: which name means which, and which Pythons can have which. Installing one is left to ``environment``.

Which wheels there are is asked of the package index (``offered``); the table here serves the sentence where the index cannot be asked.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.version import InvalidVersion, Version

from autogauge.tools import pips
from autogauge.tools.interpreters import own_version
from autogauge.tools.pips import Offered
from autogauge.tools.running import Deadline, ToolFailed

PACKAGE = "openvino"
VERSION = re.compile(r"\d{4}\.\d+(?:\.\d+)?(?:[.-]?(?:dev|rc|a|b|post)\d+)?")
"""What is taken for a release of OpenVINO."""
NIGHTLIES = "https://storage.openvinotoolkit.org/simple/wheels/nightly"
"""The index that its makers keep for them."""
OLDEST = Version("2022.1")
"""The first with the API that is measured (``openvino.runtime``)."""
PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
"""Of these Pythons the index is asked whether it has a release."""
ASK_DEADLINE_S = 60.0
_SIDE_BY_SIDE = 4
_TABLE = (
    ("3.8", "2021.4.0", "2024.4.0"),
    ("3.9", "2021.4.0", "2025.3.0"),
    ("3.10", "2022.3.0", ""),
    ("3.11", "2023.0.0", ""),
    ("3.12", "2024.1.0", ""),
    ("3.13", "2025.0.0", ""),
    ("3.14", "2025.4.0", ""),
)
"""A Python, the first release on the public index that has a wheel for it, and the last one, where there is a last."""


def version_of(text: str) -> Version | None:
    """A release that somebody named, as a version; ``None`` for what is none. ``2025.4.0`` and ``2025.4`` are equal."""
    if not VERSION.fullmatch(text):
        return None
    try:
        return Version(text)
    except InvalidVersion:
        return None


def in_full(version: Version) -> str:
    """As a cache entry and a table call it: ``2023.3.0``, ``2026.5.0.dev20261101``; one release has one such name."""
    numbers = ".".join(str(each) for each in (*version.release, 0, 0)[: max(3, len(version.release))])
    return numbers + str(version)[len(version.base_version) :]


def is_exact(text: str) -> bool:
    """Whether a name says which patch it is: ``2025.4.0`` and a nightly do, ``2025.4`` means the newest patch."""
    found = version_of(text)
    return found is not None and (len(found.release) > 2 or found.is_prerelease or found.is_postrelease)


def is_early(text: str) -> bool:
    """Whether that is one before a release: a nightly, a candidate."""
    found = version_of(text)
    return found is not None and found.is_prerelease


def matching(text: str, versions: Iterable[str]) -> str | None:
    """The version that a name means among those, in full; of several patches the newest; ``None`` where it is not among them."""
    wanted = version_of(text)
    if wanted is None:
        return None
    there = [found for each in versions if (found := version_of(each)) is not None]
    if is_exact(text):
        return in_full(wanted) if wanted in there else None
    patches = [each for each in there if each.release[:2] == wanted.release[:2] and not each.is_prerelease]
    return in_full(max(patches)) if patches else None


def why_too_old(text: str) -> str:
    """Why a release cannot be measured; empty for one that can. Later ones are measured as they come."""
    found = version_of(text)
    if found is None or found >= OLDEST:
        return ""
    return f"openvino {text} has not the API that is measured: it came with {OLDEST}"


def in_order(versions: Iterable[str]) -> list[str]:
    """What of these are releases, each once and in full, the oldest first."""
    found = {found for each in versions if (found := version_of(each)) is not None}
    return [in_full(each) for each in sorted(found)]


def thinned(versions: Iterable[str]) -> list[str]:
    """Of each ``YEAR.N`` that can be measured the first and the last patch, the oldest first: what ``all`` means."""
    kept: dict[tuple[int, ...], list[str]] = {}
    for each in in_order(versions):
        if why_too_old(each):
            continue
        kept.setdefault(Version(each).release[:2], []).append(each)
    return [each for patches in kept.values() for each in dict.fromkeys((patches[0], patches[-1]))]


def by_nearness(pythons: Iterable[str]) -> list[str]:
    """Versions of Python, the nearest to this one first; of two that are as near the newer one."""
    own = _minor(own_version())
    return sorted(pythons, key=lambda each: (abs(_minor(each) - own), -_minor(each)))


def pythons_by_table(text: str) -> list[str]:
    """The Pythons that can have that release by the table, the oldest first. Of ``2025.4`` all of its patches are meant."""
    wanted = version_of(text)
    if wanted is None:
        return []
    found, series = Version(wanted.base_version), wanted.release[:2]
    return [
        python
        for python, first, last in _TABLE
        if (Version(first) <= found if is_exact(text) else Version(first).release[:2] <= series)
        and (not last or series <= Version(last).release[:2])
    ]


def _minor(python: str) -> int:
    return int(python.partition(".")[2])


class Index:
    """The package index, asked once of each Python."""

    def __init__(self, deadline_s: float = ASK_DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._answers: dict[tuple[str, bool], Offered | ToolFailed] = {}

    def offers(self, python: str | None = None, *, early: bool = False) -> Offered:
        """What it has for that Python (``3.10``; without, this one). Raises :class:`ToolFailed` where it gives no answer."""
        asked = python or own_version(), early
        if asked not in self._answers:
            with tempfile.TemporaryDirectory(prefix="autogauge-") as scratch:
                try:
                    answer = pips.offered(PACKAGE, asked[0], Path(scratch), Deadline(self._deadline_s), early=early)
                    self._answers[asked] = Offered(tuple(in_order(answer.versions)), answer.unanswered)
                except ToolFailed as error:
                    self._answers[asked] = error
        found = self._answers[asked]
        if isinstance(found, ToolFailed):
            raise found
        return found

    def ask(self, pythons: Iterable[str], *, early: bool = False) -> None:
        """Ask it about several Pythons side by side; what came of it is in :meth:`offers`."""

        def one(python: str) -> None:
            with contextlib.suppress(ToolFailed):
                self.offers(python, early=early)

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            list(pool.map(one, pythons))

    def pythons_with(self, text: str, *, but: Sequence[str] = ()) -> dict[str, str]:
        """Which Pythons the index has that release for, and which version it means there. Raises :class:`ToolFailed`."""
        self.ask([each for each in PYTHONS if each not in but], early=is_early(text))
        found = {
            python: matching(text, self.offers(python, early=is_early(text)).versions)
            for python in PYTHONS
            if python not in but
        }
        return {python: version for python, version in found.items() if version is not None}
