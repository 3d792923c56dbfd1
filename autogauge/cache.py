"""The per-machine cache: entries that are complete and verified, or absent.

An entry is a folder with a manifest of digests. It is built in a private staging folder and published by one
rename, under a lock that concurrent processes respect. An entry that is there needs no lock and no right to write. Whose it may be is
asked of ``trust``; what goes into it is left to ``autogauge.models``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import platformdirs

from autogauge import leases, manifest, trust
from autogauge.errors import UserError, explain_os_error
from autogauge.files import exists, slug
from autogauge.manifest import is_intact, read_manifest

VARIABLE = "AUTOGAUGE_CACHE"
LOCK_DEADLINE_S = 300.0
REMOVE_DEADLINE_S = 10.0


def default_cache_dir() -> Path:
    """Where the cache is when no option says otherwise: ``AUTOGAUGE_CACHE``, or the user's cache folder.

    Raises :class:`UserError` where the user has none (a container that runs under a bare number).
    """
    if named := os.environ.get(VARIABLE):
        return Path(named)
    try:
        found = Path(platformdirs.user_cache_dir("autogauge", appauthor=False))
    except RuntimeError:  # platformdirs does not know the user's home; older releases leave "~" where it is
        found = Path()
    if not found.is_absolute():
        raise UserError(
            f"this user (number {os.getuid()}) has no home folder, so there is no place for the cache: "
            f"name one (--cache=DIR, or {VARIABLE} in the environment)."
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


class _Unwritable(UserError):
    """The cache cannot be written to."""


class Cache:
    """A folder of verified entries, shared by every process of the machine."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()  # children run in folders of their own

    def folder(self, key: str) -> Path:
        """Where the entry of ``key`` is, or would be."""
        return self._entries / slug(key)

    @property
    def _entries(self) -> Path:
        return self.root / "entries"

    @property
    def _staging(self) -> Path:
        return self.root / "staging"

    @property
    def _locks(self) -> Path:
        return self.root / "locks"

    @property
    def _scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def _stamps(self) -> Path:
        return self.root / "stamps"

    def entries(self) -> list[Path]:
        """The folders of all entries by name, damaged ones too. Raises :class:`UserError` when they cannot be read."""
        try:
            return sorted(path for path in self._entries.glob("*") if path.is_dir())
        except OSError as error:
            raise self._unwritable(error) from error

    def check(self, folder: Path | None = None) -> None:
        """Raise :class:`UserError` when the cache, or an entry's folder, is such that somebody else may have put things there."""
        trust.check(self.root, self._entries, self._staging, self._locks, self._scratch, self._stamps, tree=folder)

    def is_good(self, folder: Path, usable: Callable[[Path], bool] = lambda _: True) -> bool:
        """Whether an entry is there, undamaged and of use. Raises :class:`UserError` when it is not to be trusted."""
        if not exists(folder):
            return False
        self.check(folder)
        return is_intact(folder, self._stamps_of(folder)) and usable(folder)

    def _stamps_of(self, folder: Path) -> Path | None:
        """Where it is kept how an entry's files looked when they were read last; ``None`` where that is not to be believed."""
        with contextlib.suppress(OSError):
            if os.access(self.root, os.W_OK):
                trust.make(self._stamps)
        path = self._stamps / f"{folder.name}.json"
        return path if trust.why_not(self._stamps) is None and trust.why_not(path) is None else None

    def remove(self, folder: Path, *, lock_deadline_s: float = REMOVE_DEADLINE_S) -> None:
        """Delete an entry. Raises :class:`UserError` as :meth:`entry` does."""
        with self._locked(folder.name, lock_deadline_s):
            doomed = self._staging / f"{folder.name}+{secrets.token_hex(8)}"
            if os.path.lexists(folder):
                os.rename(folder, doomed)  # gone at once for everybody else
            (self._stamps / f"{folder.name}.json").unlink(missing_ok=True)
            self._sweep(folder.name)

    def use(self, path: Path) -> leases.Use | None:
        """Say that this process uses the entry that the path is in, until :meth:`leases.Use.end`; ``None`` for what is in none.

        Raises :class:`UserError` where the entry has just been removed.
        """
        try:
            inside = path.resolve().relative_to(self._entries.resolve())
        except (OSError, ValueError):
            return None
        entry = self._entries.joinpath(*inside.parts[:1])
        if not inside.parts or (exists(path) and not exists(entry / manifest.MANIFEST)):
            return None
        try:
            return leases.Use(entry / manifest.MANIFEST)
        except leases.Removed:
            raise UserError(
                f"{inside.parts[0]} has just been removed from the cache {self.root} by another process: start again."
            ) from None

    @contextlib.contextmanager
    def unused(self, folder: Path) -> Iterator[None]:
        """While the body runs nobody can begin to use that entry. Raises :class:`leases.InUse` where somebody does."""
        with leases.unused(folder / manifest.MANIFEST):
            yield

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A private empty folder in the cache, gone afterwards. Raises :class:`UserError`."""
        with contextlib.ExitStack() as stack:
            try:
                self.check()
                trust.make(self._scratch)
                folder = stack.enter_context(leases.private_folder(self._scratch, slug(name)))
            except OSError as error:
                raise self._unwritable(error) from error
            yield folder

    def entry(
        self,
        key: str,
        build: Callable[[Path], dict[str, Any]],
        *,
        usable: Callable[[Path], bool] = lambda _: True,
        mend: Callable[[Path], None] | None = None,
        say: Callable[[str], None] = lambda _: None,
        lock_deadline_s: float = LOCK_DEADLINE_S,
    ) -> Path:
        """Return the folder of ``key``; build it first when it is absent, fails verification or is not ``usable``.

        ``build`` gets an empty folder to fill and returns facts for the manifest. It runs in one process at a time; ``say`` is told
        when another one is waited for, and that what is there is made anew. Whether an entry is to be built is asked under the lock, so
        nobody replaces what another has just made. ``mend`` makes the files anew that Python has compiled, where nothing else is wrong.
        Raises :class:`UserError` when the cache is not to be trusted, cannot be written, or another process holds the lock past the
        deadline. An entry that is good is used where the cache cannot be written, too.
        """
        name = slug(key)
        folder = self.folder(key)

        def is_done() -> bool:
            return self.is_good(folder, usable) and (mend is None or manifest.tells_links(folder))

        if is_done():
            return folder
        try:
            with self._locked(name, lock_deadline_s, say):
                if not is_done() and not (mend and self._mended(folder, mend) and is_done()):
                    self._sweep(name)
                    self._sweep_others(name)
                    if os.path.lexists(folder):
                        say(f"{name} in the cache is spoilt, or from an older autogauge: it is made anew")
                    self._publish(name, folder, build)
                return folder
        except _Unwritable:
            if self.is_good(folder, usable):
                return folder
            raise

    @contextlib.contextmanager
    def _locked(self, name: str, deadline_s: float, say: Callable[[str], None] = lambda _: None) -> Iterator[None]:
        """Hold the lock of an entry; what goes wrong with the cache's folder becomes a sentence."""
        try:
            for each in (self.root, self._locks, self._staging):
                trust.make(each)
            self.check()
            lock = filelock.FileLock(self._locks / f"{name}.lock", timeout=deadline_s)
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

    def _unwritable(self, error: OSError) -> _Unwritable:
        return _Unwritable(str(explain_os_error(error, f"cannot write the cache {self.root}", "--cache=DIR")))

    def _mended(self, folder: Path, mend: Callable[[Path], None]) -> bool:
        """Whether the entry was whole but for what Python compiles, which has been made anew and is in its manifest now."""
        facts = read_manifest(folder)
        if facts is None or not manifest.is_intact_but_for_compiled_files(folder):
            return False
        mend(folder)
        manifest.write(folder, facts)
        trust.close(folder)
        return True

    def _sweep(self, name: str) -> None:
        """Remove what a killed process left behind. Only called under the lock of ``name``, so nobody else uses it."""
        for leftover in self._staging.glob(f"{name}+*"):
            _delete(leftover)

    def _sweep_others(self, name: str) -> None:
        """Remove what killed processes left of other entries, where nobody holds their lock."""
        leftovers = [path for path in self._staging.glob("*+*") if path.name.count("+") == 1]
        for other in {path.name.partition("+")[0] for path in leftovers} - {name}:
            lock = filelock.FileLock(self._locks / f"{other}.lock", timeout=0)
            with contextlib.suppress(filelock.Timeout, OSError), lock:
                for leftover in self._staging.glob(f"{other}+*"):
                    _delete(leftover)

    def _publish(self, name: str, folder: Path, build: Callable[[Path], dict[str, Any]]) -> None:
        staging = self._staging / f"{name}+{secrets.token_hex(8)}"
        staging.mkdir(mode=trust.MODE)
        try:
            facts = build(staging)
            for path in staging.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    _flush_to_disk(path)
            manifest.write(staging, facts)
            trust.close(staging)
            trust.make(folder.parent)
            if os.path.lexists(
                folder
            ):  # it is damaged or of no use: out of the way first, so that a rename can publish
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


def _delete(path: Path) -> None:
    """Delete a folder with all in it; of a link the link."""
    if path.is_symlink():
        path.unlink(missing_ok=True)
    shutil.rmtree(path, ignore_errors=True)


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
