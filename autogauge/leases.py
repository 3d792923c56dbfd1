"""A private folder is let be by everybody else for as long as its maker lives: he holds a lock (``flock``) on a file beside it, the lease.

The system frees the lock when its holder ends, however it ends. The number of a process would not do: in another container or on another
host that shares the folder it is another process, or none. What lies in the folder is left to the callers.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".lease"
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
