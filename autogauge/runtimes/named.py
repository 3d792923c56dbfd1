"""How a user names a runtime, for ``--reference`` and wherever releases are compared: one way, taken apart here.

A release (``2025.4``, ``2025.4.0``, a nightly), a virtual environment or its python, a wheel's file, an unpacked archive. Nothing is
installed or asked here; that is ``prepared``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from autogauge.errors import UserError
from autogauge.files import exists, is_file, is_folder, leads_nowhere
from autogauge.runtimes import archive, releases

Kind = Literal["release", "environment", "wheel", "archive"]
HOW = (
    "a release such as 2026.3 or 2026.3.0, a virtual environment's folder or its python, a wheel's file (openvino-….whl), "
    "or the folder of an unpacked archive"
)
WHEEL = ".whl"
_PACKAGES = ("openvino", "openvino-nightly")


@dataclass(frozen=True)
class Named:
    """What the user named: the text, what that is, and the release (as it was named; of a wheel in full) or the place."""

    text: str
    kind: Kind
    release: str = ""
    place: Path | None = None
    """The interpreter, the wheel, or the archive's folder; absolute."""
    tags: frozenset[Tag] = frozenset()
    """Of a wheel: what it was made for."""


def parse(text: str, option: str) -> Named:
    """Take apart what names a runtime. Raises :class:`UserError`."""
    found = find(text, option)
    if found is None:
        raise UserError(f"there is no runtime {text!r}: give {HOW} ({option}).")
    return found


def find(text: str, option: str) -> Named | None:
    """The same; ``None`` for a text that names no runtime, and for a place that may be something else. Raises :class:`UserError`."""
    if releases.version_of(text) is not None:
        return Named(text, "release", text)
    place = Path(text)
    if place.suffix == WHEEL:
        return _wheel(text, place, option)
    _require_a_python(place, option)
    if not text or not exists(place):
        return None
    if place.name == archive.SETUPVARS:
        place = place.parent
    if not is_folder(place):
        return Named(text, "environment", place=place.absolute()) if place.name.startswith("python") else None
    if exists(python := place / "bin" / "python"):
        return Named(text, "environment", place=python.absolute())
    return Named(text, "archive", place=place.absolute()) if archive.is_one(place) else None


def _require_a_python(place: Path, option: str) -> None:
    """Raise :class:`UserError` for an environment that is there, and whose Python is not."""
    for python in (place, place / "bin" / "python"):
        if python.name.startswith("python") and leads_nowhere(python):
            raise UserError(
                f"{python} leads to nothing: the Python that this environment was made of is gone or was replaced; make it anew "
                f"(python3 -m venv) and install openvino into it ({option})."
            )


def why_no_environment(text: str, option: str) -> UserError:
    """A folder that is none of what may be named."""
    return UserError(
        f"{text} is no virtual environment and no unpacked archive: it has neither bin/python nor setupvars.sh; "
        f"make one (python3 -m venv) and install openvino into it ({option})."
    )


def _wheel(text: str, place: Path, option: str) -> Named:
    if not exists(place):
        raise UserError(f"there is no file {text}: check the path ({option}).")
    if not is_file(place):  # reading a pipe would wait for ever
        raise UserError(f"{text} is no file: give the wheel itself ({option}).")
    try:
        package, version, _, tags = parse_wheel_filename(place.name)
    except InvalidWheelFilename:
        raise UserError(
            f"{text} does not have the name of a wheel (openvino-VERSION-PYTHON-ABI-PLATFORM.whl): give it back the name that it was "
            f"downloaded by ({option})."
        ) from None
    if package not in _PACKAGES:
        raise UserError(f"{text} is a wheel of {package}, not of openvino: give one of openvino ({option}).")
    return Named(text, "wheel", releases.in_full(version), place.absolute(), tags)
