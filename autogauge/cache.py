"""The per-machine cache: entries that are complete and verified, or absent.

An entry is a folder with a manifest of digests. It is built in a private staging folder and published by one
rename, under a lock that concurrent processes respect. What goes into an entry is left to ``autogauge.models``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import platformdirs

from autogauge.errors import UserError, explain_os_error
from autogauge.files import sha256_of, slug, write_json

MANIFEST = "manifest.json"
LOCK_DEADLINE_S = 300.0
REMOVE_DEADLINE_S = 10.0


def default_cache_dir() -> Path:
    """Where the cache is when no option says otherwise: ``AUTOGAUGE_CACHE``, or the user's cache folder.

    Raises :class:`UserError` where the user has none (a container that runs under a bare number).
    """
    if named := os.environ.get("AUTOGAUGE_CACHE"):
        return Path(named)
    try:
        found = Path(platformdirs.user_cache_dir("autogauge", appauthor=False))
    except RuntimeError:  # platformdirs does not know the user's home; older releases leave "~" where it is
        found = Path()
    if not found.is_absolute():
        raise UserError(
            f"this user (number {os.getuid()}) has no home folder, so there is no place for the cache: "
            "name one (--cache=DIR, or AUTOGAUGE_CACHE in the environment)."
        )
    return found


@contextlib.contextmanager
def cache_dir_or_temporary(named: Path | None) -> Iterator[Path]:
    """That folder or the default one; for who has none, and only reads, an empty one that is gone afterwards."""
    with contextlib.ExitStack() as stack:
        try:
            folder = named or default_cache_dir()
        except UserError:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autogauge-")))
        yield folder


class Cache:
    """A folder of verified entries, shared by every process of the machine."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()  # children run in folders of their own

    def folder(self, key: str) -> Path:
        """Where the entry of ``key`` is, or would be."""
        return self.root / "entries" / slug(key)

    def entries(self) -> list[Path]:
        """The folders of all entries by name, damaged ones too. Raises :class:`UserError` when they cannot be read."""
        try:
            return sorted(path for path in (self.root / "entries").glob("*") if path.is_dir())
        except OSError as error:
            raise self._unwritable(error) from error

    def remove(self, folder: Path, *, lock_deadline_s: float = REMOVE_DEADLINE_S) -> None:
        """Delete an entry. Raises :class:`UserError` as :meth:`entry` does."""
        with self._locked(folder.name, lock_deadline_s):
            doomed = self.root / "staging" / f"{folder.name}+{secrets.token_hex(8)}"
            doomed.parent.mkdir(parents=True, exist_ok=True)
            if folder.exists():
                os.rename(folder, doomed)  # gone at once for everybody else
            self._sweep(folder.name)

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A private empty folder in the cache's staging, gone afterwards. Raises :class:`UserError`."""
        mine = f"{slug(name)}+{slug(platform.node())}+"
        folder = self.root / "staging" / f"{mine}{os.getpid()}+{secrets.token_hex(4)}"
        try:
            folder.mkdir(parents=True)
            for other in folder.parent.glob(f"{mine}*"):
                if not _is_alive(other.name.removeprefix(mine).partition("+")[0]):
                    shutil.rmtree(other, ignore_errors=True)  # its maker was killed on this machine
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def entry(
        self,
        key: str,
        build: Callable[[Path], dict[str, Any]],
        *,
        usable: Callable[[Path], bool] = lambda _: True,
        say: Callable[[str], None] = lambda _: None,
        lock_deadline_s: float = LOCK_DEADLINE_S,
    ) -> Path:
        """Return the folder of ``key``; build it first when it is absent, fails verification or is not ``usable``.

        ``build`` gets an empty folder to fill and returns facts for the manifest. It runs in one process at a time; ``say`` is told
        when another one is waited for. Whether an entry is good is asked under the lock, so nobody replaces what another has just made.
        Raises :class:`UserError` when the cache cannot be written or another process holds the lock past the deadline.
        """
        name = slug(key)
        folder = self.folder(key)
        with self._locked(name, lock_deadline_s, say):
            if not (is_intact(folder) and usable(folder)):
                self._sweep(name)
                self._sweep_others(name)
                self._publish(name, folder, build)
            return folder

    @contextlib.contextmanager
    def _locked(self, name: str, deadline_s: float, say: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Hold the lock of an entry; what goes wrong with the cache's folder becomes a sentence."""
        try:
            lock_file = self.root / "locks" / f"{name}.lock"
            lock_file.parent.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(lock_file, timeout=deadline_s)
            try:
                held = lock.acquire(blocking=False)
            except filelock.Timeout:
                say(f"waiting for another process that is at work on {name} in the cache, {deadline_s:.0f} s at most")
                held = lock.acquire()
            with held:
                yield
        except filelock.Timeout:
            raise UserError(
                f"another process has been working on {name} in the cache {self.root} for over {deadline_s:g} s: "
                "wait for it, end it, or name another folder (--cache=DIR)."
            ) from None
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> UserError:
        return explain_os_error(error, f"cannot write the cache {self.root}", "--cache=DIR")

    def _sweep(self, name: str) -> None:
        """Remove what a killed process left behind. Only called under the lock of ``name``, so nobody else uses it."""
        staging = self.root / "staging"
        staging.mkdir(parents=True, exist_ok=True)
        for leftover in staging.glob(f"{name}+*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _sweep_others(self, name: str) -> None:
        """Remove what killed processes left of other entries, where nobody holds their lock."""
        for other in {path.name.partition("+")[0] for path in (self.root / "staging").glob("*+*")} - {name}:
            lock = filelock.FileLock(self.root / "locks" / f"{other}.lock", timeout=0)
            with contextlib.suppress(filelock.Timeout, OSError), lock:
                for leftover in (self.root / "staging").glob(f"{other}+*"):
                    if leftover.name.count("+") == 1:  # a scratch folder has its maker's number, and no lock
                        shutil.rmtree(leftover, ignore_errors=True)

    def _publish(self, name: str, folder: Path, build: Callable[[Path], dict[str, Any]]) -> None:
        staging = self.root / "staging" / f"{name}+{secrets.token_hex(8)}"
        staging.mkdir()
        try:
            facts = build(staging)
            files = sorted(path for path in staging.rglob("*") if _is_content(path))
            for path in files:
                _flush_to_disk(path)
            write_json(
                staging / MANIFEST,
                {
                    **facts,
                    "files": {
                        str(path.relative_to(staging)): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
                        for path in files
                    },
                },
            )
            folder.parent.mkdir(parents=True, exist_ok=True)
            if folder.exists():  # it is damaged or of no use: out of the way first, so that a rename can publish
                os.rename(folder, staging.with_name(f"{staging.name}-broken"))
            os.rename(staging, folder)
        finally:
            self._sweep(name)


@contextlib.contextmanager
def scratch_in(staging: Path) -> Iterator[Path]:
    """A folder in an entry's staging for what is no part of the entry; a kill leaves it where it is swept up."""
    scratch = staging / ".scratch"
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _is_content(path: Path) -> bool:
    """Whether a file belongs to what an entry promises: links lead elsewhere, and Python rewrites its compiled files at will."""
    return path.is_file() and not path.is_symlink() and path.parent.name != "__pycache__"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of an entry, or ``None`` when there is none that can be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and isinstance(manifest.get("files"), dict) else None


def require_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an entry that was there a moment ago. Raises :class:`UserError` when it no longer is."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise UserError(f"{folder.name} was removed from the cache {folder.parents[1]} just now: run again.")
    return manifest


def digest_of(manifest: dict[str, Any]) -> str:
    """SHA-256 over the digests of an entry's files, hexadecimal."""
    return hashlib.sha256("".join(each["sha256"] for _, each in sorted(manifest["files"].items())).encode()).hexdigest()


def is_intact(folder: Path) -> bool:
    """Whether every file that the manifest names is there with its size and SHA-256."""
    manifest = read_manifest(folder)
    if manifest is None or not manifest["files"]:
        return False
    try:
        return all(
            (folder / name).stat().st_size == expected["bytes"] and sha256_of(folder / name) == expected["sha256"]
            for name, expected in manifest["files"].items()
        )
    except (OSError, KeyError, TypeError):
        return False


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (ValueError, PermissionError):
        pass
    return True


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
