"""An OpenVINO that was unpacked or installed into a folder of its own, with a ``setupvars.sh``: where its parts are.

``setupvars.sh`` is a script that could do anything, so it is not run: what it exports is worked out from the folders that it would name
(that of 2022 to 2026: ``runtime/lib/…``, ``runtime/3rdparty/…``, ``python``).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from autogauge.errors import UserError
from autogauge.files import exists, is_folder, read_regular
from autogauge.plain import few

SETUPVARS = "setupvars.sh"
OLD_SETUPVARS = "bin/setupvars.sh"
_VERSION_FILES = ("runtime/version.txt", "version.txt")
_REQUIREMENTS = "python/requirements.txt"
_MOST_BYTES = 1 << 20
_LIBRARIES = (
    *("runtime/3rdparty/tbb/lib", "runtime/3rdparty/tbb/lib64", "runtime/3rdparty/hddl/lib"),
    *("runtime/3rdparty/hddl_unite/lib", "runtime/3rdparty/hddl_unite/thirdparty/XLink/lib", "tools/compile_tool"),
)
_BINDINGS = "openvino/*pyopenvino*.so"
_TAG = re.compile(r"\.cpython-(3)(\d+)\w*-")
_OLD_NUMPY = ((2024, 1), (2024, 3))
"""These releases do not take numpy 2, and their archives may not say so."""


@dataclass(frozen=True)
class Archive:
    """Its folder, the version that it says it is (with build; empty where it does not), and where Python's part is, by Python."""

    place: Path
    version: str
    bindings: dict[str, Path]
    """The folder for ``PYTHONPATH`` by version of Python (``3.10``); under ``""`` one for whatever Python."""
    libraries: tuple[Path, ...]
    numpy: str
    """What it requires of numpy, as pip takes it."""

    @property
    def release(self) -> str:
        """The numbers of its version; empty where it has none."""
        found = re.match(r"\d{4}(?:\.\d+){1,3}", self.version)
        return found[0] if found else ""

    @property
    def within(self) -> tuple[str, ...]:
        """The folders that its openvino comes from: its own, and where the links in it lead."""
        links = {each.resolve().parent for folder in self.libraries[:1] for each in folder.glob("libopenvino.so*")}
        return (str(self.place), *sorted(map(str, links)))

    def python_path(self, python: str) -> Path | None:
        """The folder for ``PYTHONPATH`` on that Python; ``None`` where it was not made for that."""
        return self.bindings.get(python) or self.bindings.get("")

    def variables(self, python: str) -> tuple[tuple[str, str], ...]:
        """What ``setupvars.sh`` would export for a process on that Python, as far as Python and the linker look at it."""
        folder = self.python_path(python)
        assert folder is not None
        return (
            ("PYTHONPATH", str(folder)),
            ("LD_LIBRARY_PATH", os.pathsep.join(map(str, self.libraries))),
        )


def is_one(place: Path) -> bool:
    """Whether a folder looks like one."""
    return exists(place / SETUPVARS) or exists(place / OLD_SETUPVARS)


def read(place: Path, option: str) -> Archive:
    """What is in it. Raises :class:`UserError` where that is not enough to run Python on it."""
    place = place.absolute()
    if not exists(place / SETUPVARS):
        raise UserError(
            f"{place} has its setupvars.sh in bin, as OpenVINO had before 2022: give one of 2022.1 or newer ({option})."
        )
    if os.pathsep in str(place):
        raise UserError(
            f"the folder {place} has a {os.pathsep} in its name, and the linker would look in two others: rename it ({option})."
        )
    lib = place / "runtime" / "lib"
    own = [each for each in sorted(lib.glob("*")) if any(each.glob("libopenvino.so*"))] if is_folder(lib) else []
    own += [lib] if is_folder(lib) and any(lib.glob("libopenvino.so*")) else []
    if not own:
        raise UserError(
            f"{place} has no runtime/lib with libopenvino.so: unpack the whole archive, or give the folder that it was "
            f"installed into ({option})."
        )
    bindings = _bindings(place)
    if not bindings:
        raise UserError(
            f"{place} has no openvino for Python (python/openvino): take an archive that has it, or give a release or a wheel ({option})."
        )
    version = next(filter(None, (_first_line(place / each) for each in _VERSION_FILES)), "")
    others = [each for name in _LIBRARIES if is_folder(each := place / name)]
    return Archive(place, version, bindings, (*own[:1], *others), _numpy(place, version))


def pythons_in_words(archive: Archive) -> str:
    """For which Pythons it was made."""
    return few(sorted(archive.bindings, key=lambda each: int(each.partition(".")[2])), " or ")


def _bindings(place: Path) -> dict[str, Path]:
    """The folders with an ``openvino`` package for Python. In 2022 there is one for each Python, since then one for all."""
    found: dict[str, Path] = {}
    for folder in (place / "python", *sorted((place / "python").glob("python3*"))):
        for library in sorted(folder.glob(_BINDINGS)):
            tag = _TAG.search(library.name)
            found.setdefault(f"{tag[1]}.{tag[2]}" if tag else "", folder)
    return found


def _numpy(place: Path, version: str) -> str:
    """What its list of requirements says of numpy; any, where there is no such line."""
    try:
        text = read_regular(place / _REQUIREMENTS, _MOST_BYTES).decode(errors="replace")
    except OSError:
        text = ""
    for line in text.splitlines():
        try:
            found = Requirement(line.partition("#")[0].strip())
        except InvalidRequirement:
            continue
        if found.name == "numpy" and (found.marker is None or found.marker.evaluate()):
            return f"numpy{found.specifier}"
    series = tuple(int(each) for each in re.findall(r"\d+", version.partition("-")[0])[:2])
    return "numpy<2" if _OLD_NUMPY[0] <= series <= _OLD_NUMPY[1] else "numpy"


def _first_line(path: Path) -> str:
    try:
        lines = read_regular(path, _MOST_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return ""
    return lines[0].strip()[:200] if lines else ""
