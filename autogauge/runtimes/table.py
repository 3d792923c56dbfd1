"""Which releases the package index offers, on which Python each would run here, and whether it works: installed, loaded, asked of a model.

How that is shown is left to ``report.runtimes``.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autogauge import leases
from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.manifest import read_manifest
from autogauge.measuring.progress import Progress
from autogauge.models import tiny
from autogauge.plain import few
from autogauge.runtimes import checked, disk, environment, prepared, releases
from autogauge.runtimes import named as naming
from autogauge.runtimes.named import Named
from autogauge.runtimes.releases import Index
from autogauge.tools.running import ToolFailed

MODEL = "relu"
"""What each release is asked to describe: one ReLU, which all of them can read."""
NOT_TRIED = "not tried (--try)"


@dataclass(frozen=True)
class Row:
    """A runtime: the Pythons that the index has it for, the one that it runs on here, and what came of trying it.

    ``works`` is ``None`` where nobody has tried it here; ``why`` is a sentence then too. ``mb`` is the size of its environment.
    """

    name: str
    pythons: tuple[str, ...] = ()
    python: str = ""
    cached: bool = False
    works: bool | None = None
    why: str = NOT_TRIED
    openvino: str = ""
    mb: int | None = None
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {**asdict(self), "pythons": [*self.pythons]}


def offered(index: Index, progress: Progress, option: str, cache: Cache) -> list[str]:
    """What ``all`` means: every release that the index has for this Python, of each the first and the last patch, the oldest first.

    Where the index cannot be asked it is those that are in the cache, for any Python of this machine, and that is said. Raises
    :class:`UserError` where there is none there either, or the index has none.
    """
    try:
        found = index.offers()
    except ToolFailed as error:
        if there := releases.thinned(prepared.in_cache(cache)):
            progress.say(
                f"the package index cannot be asked ({error}): all releases are the {len(there)} in the cache, {few(there)}"
            )
            return there
        raise _unasked(error, option) from None
    if found.unanswered:
        progress.say(f"a part of the package index gave no answer, and may have more: {found.unanswered}")
    if not found.versions:
        raise UserError(
            f"the package index has no openvino for this Python: check pip's settings (pip config list) ({option})."
        )
    return releases.thinned(found.versions)


def listed(index: Index, cache: Cache, progress: Progress, option: str) -> list[Row]:
    """Every release that the index has for any Python, the newest first. Raises :class:`UserError` where it cannot be asked."""
    pythons: dict[str, list[str]] = {}
    index.ask(releases.PYTHONS)
    for python in releases.PYTHONS:
        try:
            found = index.offers(python)
        except ToolFailed as error:
            raise _unasked(error, option) from None
        if found.unanswered:
            progress.say(f"of Python {python}: a part of the package index gave no answer: {found.unanswered}")
        for version in found.versions:
            pythons.setdefault(version, []).append(python)
    here = {python: prepared.base_of([python]) is not None for python in releases.PYTHONS}
    return [_listed(version, pythons[version], here, cache) for version in reversed(releases.in_order(pythons))]


def tried(
    rows: Iterable[Row], cache: Cache, progress: Progress, option: str, index: Index, *, keep: bool = False
) -> Iterator[Row]:
    """Each of them, installed and asked. What was not in the cache before is removed again, unless it is to be kept."""
    rows = [*rows]
    missing = [each.name for each in rows if each.python and not each.cached]
    disk.require(cache.root, missing if keep else missing[:1])
    model = tiny.paths(cache)[MODEL]
    for row in rows:
        yield _tried(row, model, cache, progress, option, index, keep=keep) if row.python else row


def of_text(text: str, cache: Cache, progress: Progress, option: str, index: Index) -> Row:
    """A runtime by whatever name, tried; what is installed stays in the cache. A mistake in the name is why it does not work."""
    try:
        found = naming.parse(text, option)
    except UserError as error:
        return _not_working(Row(text), error, option)
    return _asked(Row(text), found, tiny.paths(cache)[MODEL], cache, progress, option, index)


def _listed(version: str, pythons: Sequence[str], here: dict[str, bool], cache: Cache) -> Row:
    if too_old := releases.why_too_old(version):
        return Row(version, tuple(pythons), works=False, why=too_old)
    usable = [each for each in releases.by_nearness(pythons) if here[each]]
    if not usable:
        why = f"it needs Python {few(pythons, ' or ')}, and this machine has none that makes virtual environments"
        return Row(version, tuple(pythons), works=False, why=why)
    cached = (cache.folder(environment.key_of(version, usable[0])) / "manifest.json").exists()
    return Row(version, tuple(pythons), usable[0], cached)


def _tried(row: Row, model: Path, cache: Cache, progress: Progress, option: str, index: Index, *, keep: bool) -> Row:
    folder = cache.folder(environment.key_of(row.name, row.python))
    was_there = row.cached or folder.exists()  # another session may have installed it since it was listed
    try:
        return _asked(row, Named(row.name, "release", row.name), model, cache, progress, option, index)
    finally:
        if not keep and not was_there and folder.exists():
            _remove(folder, row.name, cache, progress)


def _remove(folder: Path, name: str, cache: Cache, progress: Progress) -> None:
    """Take it away again, unless somebody measures with it by now."""
    try:
        with cache.unused(folder):
            cache.remove(folder)
    except leases.InUse as error:
        who = ", ".join(error.who) or "a process of another container or machine"
        progress.say(f"openvino {name} stays in the cache: it is in use by {who}")


def _asked(row: Row, named: Named, model: Path, cache: Cache, progress: Progress, option: str, index: Index) -> Row:
    began = time.monotonic()
    try:
        runtime = prepared.prepare(named, cache, progress, option, index=index)
        with tempfile.TemporaryDirectory(prefix="autogauge-") as folder:
            reply = checked.describe(runtime, model, Path(folder) / "probes", option)
    except UserError as error:
        return _not_working(row, error, option)
    manifest = read_manifest(Path(runtime.python).parents[2]) or {}
    size = sum(int(each["bytes"]) for each in manifest.get("files", {}).values())
    return replace(
        row,
        works=True,
        why=runtime.note,
        openvino=str(reply["openvino"]),
        mb=round(size / 10**6) if size else None,
        seconds=round(time.monotonic() - began, 1),
    )


def _not_working(row: Row, error: UserError, option: str) -> Row:
    why = str(error).removesuffix(".").removesuffix(f" ({option})")
    return replace(row, works=False, why=why.removeprefix(f"{row.name} cannot be measured: "))


def _unasked(error: ToolFailed, option: str) -> UserError:
    return UserError(
        f"the package index cannot be asked: {error}; check the network and pip's settings (pip config list) ({option})."
    )
