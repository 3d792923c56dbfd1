"""From a name (a release, an environment) to a runtime that can be measured. The one place of the lab that knows how."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.files import exists
from autogauge.measuring.progress import Progress
from autogauge.parsing import parse_list
from autogauge.probe.identity import Runtime
from autogauge.rig import setups
from autogauge.rig.rig import Rig
from autogauge.rig.workload import Setup
from autogauge.runtimes import archive, disk, prepared, releases, table
from autogauge.runtimes import named as naming
from autogauge.runtimes import reference as references
from autogauge.runtimes.reference import Reference
from autogauge.runtimes.releases import Index
from autogauge.targets import named_devices
from autogauge.tools.running import Deadline, ToolFailed, ask

OPTION = "--openvino"
ALL = "all"
AGAIN = "@again"
"""How the name of a runtime ends under which it is measured a second time."""
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")
_BEFORE = re.compile(r"[.-]?(?:dev|a|b|rc)\d*", re.IGNORECASE)
"""What follows the numbers of what comes before a release of these numbers."""
_ASK_RELEASE = (
    "from importlib.metadata import distributions\n"
    "found = {str(each.metadata['Name']).lower(): each.version for each in distributions()}\n"
    "print(found.get('openvino') or found.get('openvino-nightly') or '')"
)
_ASK_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Named:
    """A runtime: ``text`` is what the user called it, ``openvino`` what its probe said it is, with its build; ``label`` is for tables."""

    text: str
    openvino: str
    label: str

    @property
    def release(self) -> str:
        """The version without its build."""
        return self.openvino.partition("-")[0]


def parse(text: str) -> tuple[str, ...]:
    """The names in a list with commas. Raises :class:`UserError` for none, and for all that the index offers beside others."""
    if not (names := parse_list(text)):
        raise UserError(f"no release is named: give some, such as 2024.6,2025.4,2026.4 ({OPTION}).")
    if ALL in names:
        raise UserError(
            f"{ALL} is every release that the index offers, and stands alone: leave the others out ({OPTION}={ALL})."
        )
    return names


def offered(progress: Progress, cache: Cache) -> tuple[str, ...]:
    """What ``all`` means: what the index has for this Python, of each release the first and the last patch.

    Where the index gives no answer it is what the cache has, and that is said. Raises :class:`UserError` for neither.
    """
    return tuple(table.offered(Index(), progress, OPTION, cache))


def twice(text: str) -> tuple[str, ...]:
    """The names that stand more than once in a list, in whichever spelling."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    meant = [place_of(word) for word in words]
    return tuple(dict.fromkeys(word for place, word in enumerate(words) if meant[place] in meant[:place]))


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The same, each thing once, by its first spelling: ``/envs/a`` and ``/envs/a/`` are one."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(place_of(name), name)
    return tuple(found.values())


def place_of(name: str) -> str:
    """What a name stands for, in one spelling: two that have the same are one thing. Releases stay as they are named."""
    if releases.version_of(name) is not None:
        return name
    path = Path(name).absolute()
    if exists(path / "bin" / "python"):
        path = path / "bin" / "python"
    folder = path.parent
    if exists(folder.parent / "pyvenv.cfg"):  # whichever of its interpreters: each is a link out of it
        return str(folder.parent.resolve())
    return str(folder.resolve() / path.name) if path.name.startswith("python") else str(path.resolve())


def release_in(name: str, option: str = OPTION) -> str:
    """Which release that is by its name or its packages, before anything is set up; empty where neither says it.

    Raises :class:`UserError` for what is no runtime.
    """
    found = naming.parse(name, option)
    if found.kind == "archive" and found.place is not None:
        return archive.read(found.place, option).release
    if found.kind != "environment" or found.place is None:
        return found.release
    try:
        return ask(found.place, _ASK_RELEASE, Deadline(_ASK_DEADLINE_S)).strip()
    except ToolFailed:
        return ""


def check(names: Iterable[str], option: str = OPTION) -> None:
    """Raise :class:`UserError` for a name that can be no runtime, before anything is installed."""
    for name in names:
        if name.endswith(AGAIN):
            raise UserError(
                f"a name cannot end in {AGAIN}, which is that of a base's second half: rename {name!r} ({option})."
            )
        naming.parse(name, option)


def require_room(
    names: Iterable[str], cache: Cache, progress: Progress, index: Index, most: int | None = None
) -> dict[str, str]:
    """Ask, before any is installed, whether the disk has room for all that are not in the cache; returns why some cannot be had.

    Where only some of them will be needed, ``most`` says how many: then it is the largest ones. Raises :class:`UserError` for no room.
    """
    missing: dict[str, str] = {}
    why = {}
    for name in names:
        try:
            missing |= prepared.missing(naming.parse(name, OPTION), cache, progress, OPTION, index)
        except UserError as error:
            why[name] = str(error)
    disk.require(cache.root, sorted(missing.values(), key=disk.needed_mb, reverse=True)[:most])
    return why


@dataclass(frozen=True)
class _Release(Reference):
    """A runtime that is set up as a reference is, and is none: its messages name it, and the option that it was given by."""

    option: str = OPTION
    index: Index | None = None
    compiled_for: str = ""

    @property
    def who(self) -> str:
        """What messages call it: they end in the option."""
        return self.text

    @property
    def needs(self) -> tuple[str, ...]:
        """The devices that what is measured names."""
        return tuple(named_devices(self.compiled_for)) if self.compiled_for else ()

    def runtime(self, cache: Cache, progress: Progress) -> Runtime:
        """What its probes run on, installed now if need be. Raises :class:`UserError`."""
        return prepared.prepare(naming.parse(self.text, self.option), cache, progress, self.option, index=self.index)


def set_up(
    rig: Rig, name: str, option: str, progress: Progress, index: Index | None = None, compiled_for: str = ""
) -> Named:
    """Make that runtime ready to be measured, under its name in ``rig.setups``; installs it if need be.

    ``compiled_for`` is the device string that it must be able to compile for. Raises :class:`UserError`.
    """
    check([name], option)
    if name not in rig.setups:
        _ = rig.workload  # which may be the user's mistake, and is not this release's then
        runtime = naming.parse(name, option)
        release = _Release(name, named=runtime, option=option, index=index, compiled_for=compiled_for)
        try:
            rig.setups[name] = setups.beside(rig, release, rig.scratch("release"), progress)
        except UserError as error:
            raise type(error)(str(error).replace(f"({references.OPTION})", f"({option})")) from None
    identity = rig.setups[name].launcher.runtime.identity
    openvino = identity.openvino if identity else ""
    return Named(name, openvino, openvino.partition("-")[0] or name)


def without_name(name: str, why: str) -> str:
    """Why one cannot be measured, for where its name stands before it."""
    return why.removeprefix(f"{name} cannot be measured: ")


def end_by_itself(rig: Rig, those: Iterable[Named]) -> None:
    """From now on a runtime that is removed, or becomes another, ends only what is measured with it (:func:`why_spoilt`)."""
    for each in those:
        launcher = rig.setups[each.text].launcher
        launcher.runtime = replace(launcher.runtime, by_itself=True)


def why_spoilt(rig: Rig, named: Named) -> str:
    """Why that runtime is not what it was; empty for one that is."""
    return rig.setups[named.text].launcher.runtime.spoilt


def set_up_again(rig: Rig, named: Named) -> str:
    """The same runtime under another name, so that two processes of it stand beside each other; returns that name."""
    setup, again = rig.setups[named.text], named.text + AGAIN
    rig.setups.setdefault(again, Setup(setup.launcher, setup.workload))
    return again


def labelled(those: Sequence[Named]) -> list[Named]:
    """The same with labels that tell them apart: where two are one release, what is its own of the name that the user gave too."""
    labels, short = [each.label for each in those], in_short([each.text for each in those])
    return [
        each
        if labels.count(each.label) == 1 or each.text == each.label
        else replace(each, label=f"{each.release} ({short[each.text]})")
        for each in those
    ]


def in_short(names: Sequence[str]) -> dict[str, str]:
    """Of each name as much of its end as tells it from the others: ``new/python`` of ``/envs/new/python``."""
    parts = {name: Path(name).parts or (name,) for name in names}
    found = {}
    for name, own in parts.items():
        for count in range(1, len(own) + 1):
            found[name] = str(Path(*own[-count:]))
            if all(other[-count:] != own[-count:] for text, other in parts.items() if text != name):
                break
    return found


def of_one_build(those: Iterable[Named]) -> dict[str, list[str]]:
    """The labels of runtimes that are the same OpenVINO, build for build, by what it is."""
    found: dict[str, list[str]] = {}
    for each in those:
        found.setdefault(each.openvino, []).append(each.label)
    return {openvino: labels for openvino, labels in found.items() if openvino and len(labels) > 1}


def in_order(those: Iterable[Named]) -> list[Named]:
    """The oldest first; those of one version stay as they are."""
    return sorted(those, key=lambda each: order_of(each.openvino))


def order_of(version: str) -> tuple[tuple[int, ...], bool]:
    """By what releases are in order; what comes before a release (``2026.5.0.dev1``, ``2026.5.0rc1``) is before it."""
    found = _NUMBERS.match(version)
    numbers = tuple(map(int, found[0].split("."))) if found else ()
    rest = version[found.end() :] if found else version
    return (*numbers, *([0] * (4 - len(numbers)))), not _BEFORE.match(rest)
