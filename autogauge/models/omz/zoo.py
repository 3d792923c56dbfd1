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

from autogauge import causes
from autogauge.cache import Cache, scratch_in
from autogauge.errors import UserError
from autogauge.files import is_folder
from autogauge.measuring.progress import Progress, Silent
from autogauge.models.artefact import ModelArtefact, artefact_in
from autogauge.models.omz import catalogue, downloads, toolchain
from autogauge.models.omz.reach import origin, unreachable
from autogauge.models.omz.toolchain import Toolchain
from autogauge.models.omz.tools import STEPS, run
from autogauge.tools.running import Deadline, ToolFailed, object_in

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
    if not is_folder(Path(named)):
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
    _answered: set[str] = field(default_factory=set, init=False)

    def cached(self, name: str, precision: str) -> ModelArtefact | None:
        """The model, if it is in the cache complete and undamaged."""
        folder = self.cache.folder(self._key(name, precision))
        return artefact_in(folder) if self.cache.is_good(folder) else None

    def out_of_reach(self, name: str, precision: str, deadline: Deadline) -> str | None:
        """Why the model cannot be had now, or ``None``; hosts are given 3 s, and each is asked once.

        Files that are here, and sound, need no host. Before the tools are installed nobody can tell which files are needed, so the
        hosts are asked then: whether it is worth while to install the tools is known in 3 s, not when pip has given up.
        """
        self._tools = self._tools or toolchain.installed(self.cache)
        if self._tools is None:
            origins = self._origins_without_tools(name)
        else:
            needed = downloads.needed(self._described(name, precision, deadline), precision)
            if downloads.has_all(self.cache.root, needed):
                return None
            origins = {origin(each["address"]) for each in needed}
        reason = unreachable(origins - self._answered)
        if reason is None:
            self._answered |= origins
        return reason

    def _origins_without_tools(self, name: str) -> set[str]:
        if self.models is None:
            return {f"https://{host}" for host in catalogue.known()[name].hosts}
        return catalogue.origins_in(b"\n".join(self._configurations(name)).decode(errors="replace"))

    def download(self, name: str, precision: str, deadline: Deadline | None = None) -> ModelArtefact:
        """The model, from the cache or from the Zoo. Raises :class:`UserError`."""
        deadline = deadline or Deadline(self.deadline_s)
        if self.models is None:
            catalogue.check(name, precision, catalogue.known())
        found = self.cached(name, precision)
        if found is not None:
            return found
        try:
            reason = self.out_of_reach(name, precision, deadline)
            if reason is None and self._tools is None:
                self.tools(deadline)
                reason = self.out_of_reach(name, precision, deadline)  # they may name more hosts
            if reason is not None:
                raise self._failure(name, f"its hosts are out of reach: {reason}")
            described = self._described(name, precision, deadline)
            folder = self.cache.entry(
                self._key(name, precision),
                lambda staging: self._build(staging, name, precision, described, deadline),
                say=self.progress.say,
                lock_deadline_s=deadline.left_s,
            )
        finally:
            self.progress.end()
        return artefact_in(folder)

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
            with self.cache.scratch("omz") as scratch:
                try:
                    self._known = object_in(
                        run(tools.python, "catalogue", scratch=scratch, deadline=deadline, models=self.models)
                    )
                except ToolFailed as error:
                    next_step = _next_step(
                        error, f"check them, or unset {MIRROR} to use the Open Model Zoo's own hosts"
                    )
                    raise UserError(
                        f"the model configurations in {self.models} cannot be read: {error}; {next_step}."
                    ) from None
        return self._known

    def _described(self, name: str, precision: str, deadline: Deadline) -> dict[str, Any]:
        """What the tools know of a model that they can give in that precision. Raises :class:`UserError`."""
        known = self.catalogue(deadline)
        catalogue.check(name, precision, {each: catalogue.entry_of(found) for each, found in known.items()})
        return dict(known[name])

    def _key(self, name: str, precision: str) -> str:
        """Changes with the tools and with the model's configuration."""
        digest = hashlib.sha256(toolchain.digest().encode())
        for configuration in self._configurations(name):
            digest.update(configuration)
        return f"{name}-{precision}-omz-{digest.hexdigest()[:12]}"

    def _configurations(self, name: str) -> list[bytes]:
        """What the mirror's configurations say of a model; empty without a mirror. Raises :class:`UserError`."""
        if self.models is None:
            return []
        try:
            found = [path for path in sorted(self.models.glob("**/model.yml")) if path.parent.name == name]
            return [path.read_bytes() for path in found]
        except OSError as error:
            raise UserError(
                f"the model configurations in {self.models} cannot be read: {error.strerror}; "
                f"{causes.step_for(error) or 'check their permissions'} ({MIRROR})."
            ) from None

    def _build(
        self,
        staging: Path,
        name: str,
        precision: str,
        described: dict[str, Any],
        deadline: Deadline,
    ) -> dict[str, Any]:
        """Download, convert, verify, and leave the IR in ``staging``; returns facts for the manifest."""
        downloads.sweep(self.cache.root)
        xml, bin_ = staging / f"{name}.xml", staging / f"{name}.bin"
        with scratch_in(staging) as scratch, toolchain.in_use(self.cache, self.tools(deadline)):
            self._download(scratch, name, precision, described, deadline)
            if described["converted"]:
                self._convert(scratch, name, precision, deadline)
            made = scratch / "models" / described["folder"] / precision
            if not made.resolve().is_relative_to(scratch.resolve()):
                raise self._failure(
                    name, f"the tools name a folder outside of their own: {described['folder']}", _TOOLS
                )
            for path in (xml, bin_):
                if not (made / path.name).is_file() or not (made / path.name).stat().st_size:
                    raise self._failure(
                        name, f"the tools ended without an error and without {precision}/{path.name}", _TOOLS
                    )
                shutil.move(made / path.name, path)
            try:
                python = self.tools(deadline).python
                checked = object_in(run(python, "check", str(xml), scratch=scratch, deadline=deadline))
            except ToolFailed as error:
                raise self._failure(
                    name, f"what the converter made cannot be read: {error}", _next_step(error, _TOOLS)
                ) from None
        return {
            "name": name,
            "kind": "model",
            "precision": precision,
            "source": "omz",
            # A mirror may hold anything; the Zoo's own files have been checked against its checksums.
            "weights": "unknown" if self.models else "trained",
            "toolchain": self.tools(deadline).name,
            "checksums": [each["sha384"] for each in downloads.needed(described, precision)],
            **checked,
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
        needed = downloads.needed(described, precision)
        kept = downloads.private_view(self.cache.root, scratch / "downloads", needed)
        try:
            run(
                self.tools(deadline).python,
                "downloader",
                *(f"--name={name}", f"--precisions={precision}", f"--output_dir={scratch / 'models'}"),
                *(f"--cache_dir={kept}", f"--num_attempts={ATTEMPTS}"),
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
            raise self._failure(
                name, f"downloading {watch.file or 'it'}{source}: {error}", _next_step(error, _NETWORK)
            ) from None
        if watch.bytes:
            self.progress.say(f"downloaded {name}, {watch.bytes / _MIB:.1f} MiB, in {time.monotonic() - began:.0f} s")

    def _convert(self, scratch: Path, name: str, precision: str, deadline: Deadline) -> None:
        began = time.monotonic()
        tools = self.tools(deadline)
        self._begin(name)
        self.progress.advance(f"converting to {precision}", 2, STEPS, None)
        try:
            run(
                tools.python,
                "converter",
                *(f"--name={name}", f"--precisions={precision}", f"--mo={tools.converter}"),
                *(f"--download_dir={scratch / 'models'}", f"--output_dir={scratch / 'models'}"),
                scratch=scratch,
                deadline=deadline,
                models=self.models,
            )
        except ToolFailed as error:
            raise self._failure(name, f"converting it to {precision}: {error}", _next_step(error, _TOOLS)) from None
        self.progress.say(f"converted {name} to {precision} in {time.monotonic() - began:.0f} s")

    def _begin(self, name: str) -> None:
        """Each step begins anew, so that its first line is shown at once."""
        self.progress.begin(f"Open Model Zoo: {name}")

    def _failure(self, name: str, reason: str, next_step: str = "") -> UserError:
        embedded = ", or measure the embedded model (--model-source=embedded)" if name == "googlenet-v1" else ""
        step = next_step or causes.step_in(reason) or _NETWORK
        return UserError(f"the Open Model Zoo's {name} cannot be had: {reason}; {step}{embedded}.")


_NETWORK = (
    "check the network and its proxy settings, or import the model's files (python -m autogauge models import FOLDER)"
)
_TOOLS = f"remove its tools and let them be installed anew (python -m autogauge models remove {toolchain.NAME})"
_DISK = "free some space, or name another folder (--cache=DIR)"
_LATE = "give it more time (--fetch-deadline=SECONDS; of `models fetch`, --deadline)"


def _next_step(error: ToolFailed, otherwise: str) -> str:
    if error.late:
        return _LATE
    return _DISK if error.step == causes.DISK else error.step or otherwise


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
