"""Makes a named runtime ready to be measured: its interpreter, the version that it must report, and what its processes are started with.

One way, one cache and one check, whoever names it. Whether it works is asked of a probe (``checked``), which also says its version at
each start.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable

from packaging.tags import Tag

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.measuring.progress import Progress
from autogauge.plain import few
from autogauge.probe.identity import Runtime
from autogauge.runtimes import archive, disk, environment, releases
from autogauge.runtimes.environment import Base, Installed, Wanted
from autogauge.runtimes.named import Named
from autogauge.runtimes.releases import Index
from autogauge.tools import interpreters, uv
from autogauge.tools.interpreters import own_version
from autogauge.tools.running import Deadline, ToolFailed

FIND_DEADLINE_S = 60.0
_LISTED = "python -m autogauge runtimes lists what it has"


def prepare(
    named: Named, cache: Cache, progress: Progress, option: str, *, who: str = "", index: Index | None = None
) -> Runtime:
    """What is named, installed into the cache if need be. Raises :class:`UserError`, one sentence that ends in ``option``.

    ``who`` is what messages call it. With an ``index`` that others share, each Python is asked about once.
    """
    name = who or named.text
    if named.kind == "environment":
        return Runtime(str(named.place), name)
    wanted, base = _wanted(named, cache, progress, option, index or Index())
    found = environment.installed(wanted, base, cache, progress, option)
    if named.kind == "archive":
        return _of_archive(named, found, base, option, name)
    newest = named.kind == "release" and not releases.is_exact(named.text)
    which = f"{name} is openvino {wanted.release}" if newest else ""
    return Runtime(
        str(found.python),
        name,
        _expected(named, found, wanted.release),
        note="; ".join(filter(None, (which, _note(name, base)))),
        entry=wanted.name,
    )


def require_room(several: Iterable[Named], cache: Cache, progress: Progress, option: str, index: Index) -> None:
    """See what each of them means, and whether the disk has room for those that are not in the cache, before any is installed.

    Raises :class:`UserError` for one that there is not, and where there is no room.
    """
    found: dict[str, str] = {}
    for each in several:
        found |= missing(each, cache, progress, option, index)
    disk.require(cache.root, [*found.values()])


def missing(named: Named, cache: Cache, progress: Progress, option: str, index: Index) -> dict[str, str]:
    """What would be installed for it: the entry that is not in the cache, and its release. Raises :class:`UserError` for none such."""
    if named.kind == "environment":
        return {}
    wanted = _wanted(named, cache, progress, option, index)[0]
    return {} if environment.is_there(wanted, cache) else {wanted.key: wanted.release}


def _wanted(named: Named, cache: Cache, progress: Progress, option: str, index: Index) -> tuple[Wanted, Base]:
    """The entry of the cache that a name needs, and the Python that it is made of. Raises :class:`UserError`."""
    if named.kind == "release":
        release, base = _meant(named.text, cache, progress, option, index)
        return environment.of_release(release, base), base
    assert named.place is not None
    if named.kind == "wheel":
        base = _first_base(_pythons_of(named.tags), named.text, option)
        _require_whole(named, option)
        try:
            return environment.of_wheel(named.place, named.release, base), base
        except OSError as error:
            raise UserError(f"the wheel {named.text} cannot be read: {error.strerror} ({option}).") from None
    found = archive.read(named.place, option)
    pythons = releases.PYTHONS if "" in found.bindings else releases.by_nearness(found.bindings)
    base = _first_base(pythons, named.text, option)
    return environment.of_numpy(found.numpy, base), base


def _require_whole(named: Named, option: str) -> None:
    """Raise :class:`UserError` for a wheel's file that is cut off or empty: installers say that of a copy of it."""
    assert named.place is not None
    try:
        size = named.place.stat().st_size
        with zipfile.ZipFile(named.place):
            return
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError):
        raise UserError(
            f"{named.text} ({size} bytes) is cut off, or no wheel at all: download it again, or build it again ({option})."
        ) from None
    except OSError as error:
        raise UserError(f"the wheel {named.text} cannot be read: {error.strerror} ({option}).") from None


def _expected(named: Named, found: Installed, release: str) -> str:
    """The version that it must report. Two nightlies have the same numbers, and so have two wheels: they are told apart by their builds."""
    by_build = named.kind == "wheel" or releases.is_early(release)
    return found.openvino if by_build and found.openvino else release


def _of_archive(named: Named, found: Installed, base: Base, option: str, name: str) -> Runtime:
    assert named.place is not None
    parts = archive.read(named.place, option)
    return Runtime(
        str(found.python),
        name,
        parts.release,
        variables=parts.variables(base.version),
        within=parts.within,
        note=_note(name, base),
    )


def _meant(text: str, cache: Cache, progress: Progress, option: str, index: Index) -> tuple[str, Base]:
    """The release in full that a name means, and the Python that it runs on. Raises :class:`UserError`."""
    own = Base.own()
    if why := releases.why_too_old(text):
        raise UserError(f"{why}: take a later one ({option}).")
    version = releases.version_of(text)
    assert version is not None
    if releases.is_exact(text) and environment.is_there(environment.of_release(releases.in_full(version), own), cache):
        return releases.in_full(version), own
    try:
        offered = index.offers(early=releases.is_early(text))
        if offered.unanswered:
            progress.say(f"a part of the package index gave no answer, and may have more: {offered.unanswered}")
        if found := releases.matching(text, offered.versions):
            return found, own
        others = index.pythons_with(text, but=[own.version])
    except ToolFailed as error:
        return _without_index(text, cache, progress, option, error)
    if not others:
        raise _not_there(text, offered.versions, offered.unanswered, option)
    base = base_of(releases.by_nearness(others))
    if base is None:
        raise _needs(text, others, option)
    return others[base.version], base


def _without_index(text: str, cache: Cache, progress: Progress, option: str, error: ToolFailed) -> tuple[str, Base]:
    """What a name means where the index cannot be asked: what the cache has. Raises :class:`UserError`."""
    for python in releases.by_nearness(releases.PYTHONS):
        if (found := releases.matching(text, _in_cache_for(cache, python))) and (base := base_of([python])):
            if not releases.is_exact(text):
                progress.say(f"the package index cannot be asked ({error}): {found} is the newest {text} in the cache")
            return found, base
    table = releases.pythons_by_table(text)
    if own_version() not in table and table:
        raise UserError(
            f"openvino {text} is not in the cache, and the package index cannot be asked: {error}; it needs Python "
            f"{few(table, ' or ')}, and this is {own_version()} ({option})."
        )
    raise UserError(
        f"openvino {text} is not in the cache, and the package index cannot be asked: {error}; check the network and pip's settings "
        f"(pip config list), or give a wheel's file ({option})."
    )


def in_cache(cache: Cache) -> list[str]:
    """The releases in the cache for any Python that this machine has, in full."""
    found = {python: [*_in_cache_for(cache, python)] for python in releases.PYTHONS}
    return [each for python, those in found.items() if those and base_of([python]) for each in those]


def _in_cache_for(cache: Cache, python: str) -> Iterable[str]:
    """The releases in the cache for that Python, in full."""
    before, after = "openvino-", f"-py{python}"
    for folder in cache.entries():
        if folder.name.startswith(before) and folder.name.endswith(after):
            release = folder.name.removeprefix(before).removesuffix(after)
            if releases.in_order([release]) == [release]:  # an older autogauge also kept 2023.3 under that name
                yield release


def _not_there(text: str, offered: Iterable[str], unanswered: str, option: str) -> UserError:
    newest = [*offered][-3:][::-1]
    has = (
        f"for Python {own_version()} it has {', '.join(newest)} and older ones"
        if newest
        else f"it has none for Python {own_version()}"
    )
    step = (
        f"name its index (PIP_EXTRA_INDEX_URL={releases.NIGHTLIES}) or the wheel's file"
        if releases.is_early(text)
        else _LISTED
    )
    missing = f"; a part of it gave no answer: {unanswered}" if unanswered else ""
    return UserError(f"the package index has no openvino {text} for this machine: {has}{missing}; {step} ({option}).")


def _needs(text: str, pythons: Iterable[str], option: str) -> UserError:
    ordered = sorted(pythons, key=lambda each: int(each.partition(".")[2]))
    return UserError(
        f"openvino {text} needs Python {few(ordered, ' or ')}, this is {own_version()}, and the machine has no other that makes virtual "
        f"environments: install one (uv python install {ordered[-1]}, or pyenv, or the system's python{ordered[-1]} and "
        f"python{ordered[-1]}-venv) ({option})."
    )


def _first_base(pythons: Iterable[str], text: str, option: str) -> Base:
    """An interpreter for what was made for these Pythons. Raises :class:`UserError`."""
    pythons = [*pythons]
    if own_version() in pythons:
        return Base.own()
    base = base_of(releases.by_nearness(pythons))
    if base is None:
        if not pythons:
            raise UserError(
                f"{text} was made for another machine than this one, or for no CPython: check its name ({option})."
            )
        raise _needs(f"of {text}", pythons, option)
    return base


def base_of(pythons: Iterable[str]) -> Base | None:
    """The first of these Pythons that this machine has."""
    deadline = Deadline(FIND_DEADLINE_S)
    for version in pythons:
        if version == own_version():
            return Base.own()
        if python := interpreters.find(version, deadline, with_venv=uv.find() is None):
            return Base(version, python)
    return None


def _pythons_of(tags: frozenset[Tag]) -> list[str]:
    """The Pythons that a wheel was made for on a machine such as this one."""
    from packaging.tags import compatible_tags, cpython_tags

    def fits(python: str) -> bool:
        version = (3, int(python.partition(".")[2]))
        name = f"cp{version[0]}{version[1]}"
        return any(tag in tags for tag in (*cpython_tags(version), *compatible_tags(version, name)))

    return [each for each in releases.PYTHONS if fits(each)]


def _note(name: str, base: Base) -> str:
    if base.version == own_version():
        return ""
    return f"{name} runs on Python {base.version}, and this session on {own_version()}: a part of what differs may be Python's"
