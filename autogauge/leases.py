"""A private folder is let be by everybody else for as long as its maker lives: he holds a lock (``flock``) on a file beside it, the lease.

The system frees the lock when its holder ends, however it ends. The number of a process would not do: in another container or on another
host that shares the folder it is another process, or none. What lies in the folder is left to the callers.

A file that several use is held by each of them in the same way, together (a shared ``flock``): who would remove it sees that, and who.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from autogauge.plain import plain

SUFFIX = ".lease"
LONGEST_COMMAND = 160
_WITHOUT_FOLLOWING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def new(parent: Path, name: str) -> Path:
    """A lease's path for a new folder of that name in ``parent``: ``NAME-0123456789abcdef.lease``."""
    return parent / f"{name}-{secrets.token_hex(8)}{SUFFIX}"


def folder_of(lease: Path) -> Path:
    """The folder that a lease is for."""
    return lease.with_name(lease.name.removesuffix(SUFFIX))


@contextlib.contextmanager
def held(lease: Path) -> Iterator[None]:
    """Hold a new lease while the body runs; its file is gone afterwards. Raises ``OSError`` when it cannot be made."""
    descriptor = _made(lease)
    try:
        yield
    finally:
        lease.unlink(missing_ok=True)
        os.close(descriptor)


@contextlib.contextmanager
def private_folder(parent: Path, name: str) -> Iterator[Path]:
    """A private empty folder in ``parent``, gone afterwards. Raises ``OSError``. What killed processes left there is removed first."""
    parent.mkdir(parents=True, exist_ok=True)
    for lease in of_the_dead(parent, name):
        shutil.rmtree(folder_of(lease), ignore_errors=True)
    lease = new(parent, name)
    with held(lease):
        folder = folder_of(lease)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Removed(Exception):
    """A file is no longer there, or is being removed just now."""


class Use:
    """A file is in use by this process, until :meth:`end` or the end of the process, however it ends. It takes no right to write."""

    def __init__(self, path: Path) -> None:
        """Say so. Raises ``Removed``. On a file system without locks nobody sees it, and nothing is raised."""
        try:
            self._descriptor = os.open(path, _WITHOUT_FOLLOWING)
        except OSError as error:
            raise Removed from error
        # A child that is forked and never starts another program would use it on.
        os.register_at_fork(after_in_child=self._close)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            self.end()
            raise Removed from None
        except OSError:
            return
        if not _is_still_at(path, self._descriptor):
            self.end()
            raise Removed

    def end(self) -> None:
        """It is no longer in use; harmless when that was said before."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class InUse(Exception):
    """A file that others use. ``who`` are those processes in words; empty where the kernel does not tell (another container's)."""

    def __init__(self, who: list[str]) -> None:
        super().__init__(", ".join(who))
        self.who = who


@contextlib.contextmanager
def unused(path: Path) -> Iterator[None]:
    """While the body runs nobody can begin to use the file. Raises :class:`InUse` where somebody does.

    Of a file that is not there, or whose file system has no locks, nobody can tell.
    """
    try:
        descriptor = _opened_to_remove(path)
    except OSError:
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse([process_in_words(each) for each in holders(descriptor)]) from None
        except OSError:
            pass
        yield
    finally:
        os.close(descriptor)


def _opened_to_remove(path: Path) -> int:
    """For writing where that is allowed: a network's file system wants it of who locks alone."""
    try:
        return os.open(path, _WITHOUT_FOLLOWING | os.O_RDWR)
    except OSError:
        return os.open(path, _WITHOUT_FOLLOWING)


def _is_still_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False


def holders(descriptor: int) -> list[int]:
    """The processes that hold a lock on that file, by the kernel; it does not tell of another container's."""
    found = os.fstat(descriptor)
    name = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    processes = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/locks").read_bytes().decode(errors="replace").splitlines():
            words = line.split()
            if words[1:2] == ["FLOCK"] and words[5] == name and int(words[4]) > 0:
                processes.append(int(words[4]))
    return sorted({*processes})


def process_in_words(pid: int) -> str:
    """Its number, its user, and its command line."""
    user = user_of(pid)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()[:4096].decode(errors="replace").split("\0")
    except OSError:
        words = []
    command = plain(" ".join(words).strip(), LONGEST_COMMAND)
    return f"process {pid}" + (f" of {user}" if user else "") + (f" ({command})" if command else "")


def user_of(pid: int) -> str | None:
    """The name of the user whose process that is; ``None`` where there is none."""
    try:
        return user_named(Path(f"/proc/{pid}").stat().st_uid)
    except OSError:
        return None


def user_named(number: int) -> str:
    """The name of the user with that number."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user-{number}"


def of_the_dead(parent: Path, name: str) -> Iterator[Path]:
    """The leases of folders of that name whose makers are gone; each is locked while it is looked at, and removed after that.

    What cannot be locked is somebody's, or nobody can tell.
    """
    named = re.compile(re.escape(name) + r"-[0-9a-f]{16}" + re.escape(SUFFIX))
    try:
        found = sorted(each for each in parent.iterdir() if named.fullmatch(each.name))
    except OSError:
        return
    for lease in found:
        try:
            descriptor = os.open(lease, _WITHOUT_FOLLOWING)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                yield lease
                lease.unlink(missing_ok=True)
        except OSError:
            continue
        finally:
            os.close(descriptor)


def _made(lease: Path) -> int:
    """A descriptor that has the new lease locked."""
    while True:
        descriptor = os.open(lease, _WITHOUT_FOLLOWING | os.O_CREAT | os.O_EXCL, 0o644)
        with contextlib.suppress(
            OSError
        ):  # a file system without locks: then nobody else can lock it either, and it is let be
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # somebody came between its making and its locking, and took it for a dead one's
