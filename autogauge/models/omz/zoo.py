"""Models of the Open Model Zoo: downloaded and converted by its own tools, verified, and kept in the cache.

What the tools report is never taken as proof: a model is there when its files are, have been read, and their digests are on record.
Choosing between this and other sources is left to ``autogauge.models.resolve``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge.cache import Cache, digest_of, is_intact, read_manifest
from autogauge.errors import UserError
from autogauge.models.artefact import ModelArtefact
from autogauge.models.omz import catalogue, downloads, toolchain
from autogauge.models.omz.reach import origin, unreachable
from autogauge.models.omz.toolchain import Toolchain
from autogauge.models.omz.tools import STEPS, Deadline, ToolFailed, run_tool, scratch_in
from autogauge.studies.progress import Progress, Silent

MIRROR = "AUTOGAUGE_OMZ_MODELS"
"""Names a folder of model configurations (``**/NAME/model.yml``) that takes the place of the tools' own: a lab's mirror of the Zoo."""
ATTEMPTS = 3
SILENCE_S = 30.0
DEADLINE_S = 900.0
_MIB = 1 << 20


def mirror() -> Path | None:
    """The folder that ``AUTOGAUGE_OMZ_MODELS`` names. Raises :class:`UserError` when it is not there."""
    named = os.environ.get(MIRROR)
    if not named:
        return None
    if not Path(named).is_dir():
        raise UserError(
            f"there is no folder {named}: check {MIRROR}, or unset it to use the Open Model Zoo's own hosts."
        )
    return Path(named).resolve()


@dataclass
class Zoo:
    """The Open Model Zoo behind a cache. ``deadline_s`` is for a whole fetch; ``silence_s`` for a download that stands still."""

    cache: Cache
    progress: Progress = field(default_factory=Silent)
    deadline_s: float = DEADLINE_S
    silence_s: float = SILENCE_S
    models: Path | None = field(default_factory=mirror)
    _tools: Toolchain | None = field(default=None, init=False)
    _known: dict[str, Any] | None = field(default=None, init=False)

    def cached(self, name: str, precision: str) -> ModelArtefact | None:
        """The model, if it is in the cache complete and undamaged."""
        folder = self.cache.folder(self._key(name, precision))
        return _artefact(folder) if is_intact(folder) else None

    def out_of_reach(self, name: str) -> str | None:
        """Why the model cannot be had now, found within 3 s, or ``None``. Files that are here already need no host."""
        self._tools = self._tools or toolchain.installed(self.cache)
        if self._tools is not None:
            described = self._described(name, Deadline(self.deadline_s))
            if downloads.has_all(self.cache.root, described["files"]):
                return None
            return unreachable(origin(each["address"]) for each in described["files"])
        if self.models is not None:
            return None  # which hosts there are is known when the tools are
        return unreachable(f"https://{host}" for host in catalogue.known()[name].hosts)

    def fetch(self, name: str, precision: str) -> ModelArtefact:
        """The model, from the cache or from the Zoo. Raises :class:`UserError`."""
        deadline = Deadline(self.deadline_s)
        if self.models is None:
            catalogue.check(name, precision, catalogue.known())
        found = self.cached(name, precision)
        if found is not None:
            return found
        try:
            if reason := self.out_of_reach(name):
                raise self._failure(name, f"its hosts are out of reach: {reason}")
            described = self._described(name, deadline)
            catalogue.check(name, precision, {name: catalogue.entry_of(described)})
            folder = self.cache.entry(
                self._key(name, precision),
                lambda staging: self._build(staging, name, precision, described, deadline),
                lock_deadline_s=deadline.left_s,
            )
        finally:
            self.progress.end()
        return _artefact(folder)

    def tools(self, deadline: Deadline) -> Toolchain:
        """The tools, installed if they are not."""
        if self._tools is None:
            self._tools = toolchain.install(self.cache, deadline, self.progress)
        return self._tools

    def catalogue(self, deadline: Deadline) -> dict[str, Any]:
        """Every model that the tools, or the mirror, know; see ``runner.catalogue``."""
        tools = self.tools(deadline)
        if self.models is None:
            return tools.catalogue
        if self._known is None:
            with self.cache.scratch("omz") as folder, scratch_in(folder) as scratch:
                try:
                    lines = run_tool(tools.python, "catalogue", scratch=scratch, deadline=deadline, models=self.models)
                except ToolFailed as error:
                    raise UserError(
                        f"the model configurations in {self.models} cannot be read: {error} ({MIRROR})."
                    ) from None
            self._known = dict(json.loads(lines[-1]))
        return self._known

    def _described(self, name: str, deadline: Deadline) -> dict[str, Any]:
        """What the tools know of a model."""
        known = self.catalogue(deadline)
        if name not in known:
            catalogue.check(name, "", {each: catalogue.entry_of(found) for each, found in known.items()})
        return dict(known[name])

    def _key(self, name: str, precision: str) -> str:
        """Changes with the tools and with the model's configuration."""
        digest = hashlib.sha256(toolchain.digest().encode())
        if self.models is not None:
            for path in sorted(self.models.glob(f"**/{name}/model.yml")):
                digest.update(path.read_bytes())
        return f"{name}-{precision}-omz-{digest.hexdigest()[:12]}"

    def _build(
        self,
        staging: Path,
        name: str,
        precision: str,
        described: dict[str, Any],
        deadline: Deadline,
    ) -> dict[str, Any]:
        """Download, convert, verify, and leave the IR in ``staging``; returns facts for the manifest."""
        xml, bin_ = staging / f"{name}.xml", staging / f"{name}.bin"
        with scratch_in(staging) as scratch:
            self._download(scratch, name, precision, described, deadline)
            if described["converted"]:
                self._convert(scratch, name, precision, deadline)
            made = scratch / "models" / described["folder"] / precision
            for path in (xml, bin_):
                if not (made / path.name).is_file() or not (made / path.name).stat().st_size:
                    raise self._failure(name, f"the tools ended without an error and without {precision}/{path.name}")
                shutil.move(made / path.name, path)
            try:
                lines = run_tool(self.tools(deadline).python, "check", str(xml), scratch=scratch, deadline=deadline)
            except ToolFailed as error:
                raise self._failure(name, f"what the converter made cannot be read: {error}") from None
        return {
            "name": name,
            "kind": "model",
            "precision": precision,
            "source": "omz",
            # A mirror may hold anything; the Zoo's own files have been checked against its checksums.
            "weights": "unknown" if self.models else "trained",
            "toolchain": toolchain.digest(),
            "checksums": [each["sha384"] for each in downloads.needed(described, precision)],
            **json.loads(lines[-1]),
        }

    def _download(
        self,
        scratch: Path,
        name: str,
        precision: str,
        described: dict[str, Any],
        deadline: Deadline,
    ) -> None:
        began = time.monotonic()
        self._begin(name)
        watch = _Download(self.progress)
        try:
            run_tool(
                self.tools(deadline).python,
                "downloader",
                *(f"--name={name}", f"--precisions={precision}", f"--output_dir={scratch / 'models'}"),
                *(f"--cache_dir={downloads.folder_in(self.cache.root)}", f"--num_attempts={ATTEMPTS}"),
                "--progress_format=json",
                scratch=scratch,
                deadline=deadline,
                models=self.models,
                silence_s=self.silence_s,
                on_line=watch.line,
            )
        except ToolFailed as error:
            hosts = sorted({origin(each["address"]) for each in described["files"] if each["name"] == watch.file})
            source = f" from {hosts[0]}" if hosts else ""
            raise self._failure(name, f"downloading {watch.file or 'it'}{source}: {error}") from None
        if watch.bytes:
            self.progress.say(f"downloaded {name}, {watch.bytes / _MIB:.1f} MiB, in {time.monotonic() - began:.0f} s")

    def _convert(self, scratch: Path, name: str, precision: str, deadline: Deadline) -> None:
        began = time.monotonic()
        tools = self.tools(deadline)
        self._begin(name)
        self.progress.advance(f"converting to {precision}", 2, STEPS, None)
        try:
            run_tool(
                tools.python,
                "converter",
                *(f"--name={name}", f"--precisions={precision}", f"--mo={tools.converter}"),
                *(f"--download_dir={scratch / 'models'}", f"--output_dir={scratch / 'models'}"),
                scratch=scratch,
                deadline=deadline,
                models=self.models,
            )
        except ToolFailed as error:
            raise self._failure(name, f"converting it to {precision}: {error}") from None
        self.progress.say(f"converted {name} to {precision} in {time.monotonic() - began:.0f} s")

    def _begin(self, name: str) -> None:
        """Each step begins anew, so that its first line is shown at once."""
        self.progress.begin(f"Open Model Zoo: {name}")

    def _failure(self, name: str, reason: str) -> UserError:
        embedded = ", or measure the embedded model (--model-source=embedded)" if name == "googlenet-v1" else ""
        return UserError(
            f"the Open Model Zoo's {name} cannot be had: {reason}; check the network and its proxy settings, or import the model's files "
            f"(python -m autogauge models import FOLDER){embedded}."
        )


class _Download:
    """Follows the downloader's events: which file, how much of it, and shows them."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.file, self.bytes, self._size, self._done = "", 0, 0, 0

    def line(self, line: str) -> None:
        """One event, as JSON."""
        try:
            event = json.loads(line)
            kind = event["$type"]
        except (ValueError, TypeError, KeyError):
            return
        if kind == "model_file_download_begin":
            self.file, self._size, self._done = event["model_file"], event["size"], self.bytes
        elif kind == "model_file_download_progress":
            self.bytes = self._done + event["size"]
            self.progress.advance(
                f"downloading {self.file}, {event['size'] / _MIB:.1f} of {self._size / _MIB:.1f} MiB", 1, STEPS, None
            )


def _artefact(folder: Path) -> ModelArtefact:
    manifest = read_manifest(folder)
    assert manifest is not None, "the cache returned an entry without a manifest"
    name = manifest["name"]
    return ModelArtefact(
        name, "omz", manifest["precision"], folder / f"{name}.xml", digest_of(manifest), manifest["weights"]
    )
