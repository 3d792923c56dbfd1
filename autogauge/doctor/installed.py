"""Is what autogauge needs installed, and new enough? Installing is left to pip."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from pathlib import Path

from autogauge.doctor.finding import Finding, State
from autogauge.doctor.steps import INSTALL
from autogauge.errors import UserError

REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?(?:\s*[>=~]=\s*([\d.]+))?")
PACKAGE = "autogauge"


def installed() -> list[Finding]:
    """Python and the packages that are asked for."""
    fits = sys.version_info >= (3, 10)
    step = "" if fits else "install Python 3.10 or newer"
    findings = [Finding("installed", "Python", State.OK if fits else State.BROKEN, platform.python_version(), step)]
    for line in requirements():
        found = _REQUIREMENT.match(line)
        if found is None or not applies_here(line):
            continue
        name, oldest = found[1], tuple(int(number) for number in (found[2] or "").split(".") if number)
        install = INSTALL if is_checkout() else f"pip install '{name}{f'>={found[2]}' if found[2] else ''}'"
        try:
            release = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding("installed", name, State.BROKEN, "not installed", install))
            continue
        numbers = tuple(int(number) for number in re.findall(r"\d+", release)[: len(oldest)])
        if numbers >= oldest:
            findings.append(Finding("installed", name, State.OK, release))
        else:
            findings.append(Finding("installed", name, State.BROKEN, f"{release} is too old", install))
    return findings


def applies_here(line: str) -> bool:
    """Whether a requirement is asked for with this Python, on this system (its marker, behind ``;``)."""
    marker = line.partition("#")[0].partition(";")[2].strip()
    if not marker:
        return True
    try:
        from packaging.markers import Marker
    except ImportError:  # which is one of those asked for, and told by itself
        return False
    return Marker(marker).evaluate()


def is_checkout() -> bool:
    """Whether this is the project's folder, and not a copy that was installed from it."""
    return REQUIREMENTS.with_name("pyproject.toml").is_file()


def requirements() -> list[str]:
    """What is asked for, a line each: by ``requirements.txt``; of an installed copy by what was installed with it.

    Raises :class:`UserError` where neither is there.
    """
    try:
        if is_checkout():
            return REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        found = importlib.metadata.requires(PACKAGE) or []
    except OSError as error:
        raise UserError(
            f"cannot read {REQUIREMENTS} ({error.strerror}): take the project's folder as a whole."
        ) from None
    except importlib.metadata.PackageNotFoundError:
        raise UserError(
            f"nobody knows what {Path(__file__).parents[1]} needs: install it (pip install .), or take the project's folder as a whole."
        ) from None
    return [each for each in found if "extra ==" not in each]
