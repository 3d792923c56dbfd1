"""The measuring lock: on one machine one session measures at a time. When it is taken is left to whoever measures.

It is a plain ``flock`` on one file that every user of the machine may lock, in a folder that every user may write to. The system frees
it when its holder ends, by whatever signal. The file's content is a line for people (who, since when, what); nothing rests on it, since
any user may write there. What is not shared (``/run/lock`` and ``/tmp`` of another container) is not locked: ``docs/measuring.md``.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from autogauge import leases
from autogauge.errors import UserError
from autogauge.files import exists, is_folder
from autogauge.plain import plain

VARIABLE = "AUTOGAUGE_LOCK"
PLACES = (Path("/run/lock"), Path("/var/lock"), Path("/tmp"))  # noqa: S108  # known to all is what it is to be
NAME = "autogauge.lock"
DEFAULT_WAIT_S = 1800.0
ASK_EVERY_S, SAY_EVERY_S = 0.2, 60.0
MOST_REPLACED = 20
"""So often another file may be there under its name than the one that was opened."""
LONGEST_LINE = 400
"""Bytes that are read of the file, whatever its length."""
_LINE = re.compile(r"process (\d{1,10}) of (\S{1,40}) since (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC: (.{0,200})")
_WITHOUT_FOLLOWING = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class MeasuringLock:
    """The lock while it is held; ``waited_s`` is how long it took to get it."""

    def __init__(self, descriptor: int, waited_s: float) -> None:
        self._descriptor, self.waited_s = descriptor, waited_s
        # A child that is forked and never starts another program would hold it on, also when this process is killed.
        os.register_at_fork(after_in_child=self._close)

    def release(self) -> None:
        """Let others measure; harmless when that was done before."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            with contextlib.suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


@contextlib.contextmanager
def measuring(
    what: str,
    wait_s: float = DEFAULT_WAIT_S,
    say: Callable[[str], None] = lambda _: None,
    option: str | None = "--wait",
) -> Iterator[MeasuringLock]:
    """Hold the lock while the body runs; see :func:`acquire`."""
    lock = acquire(what, wait_s, say, option)
    try:
        yield lock
    finally:
        lock.release()


def acquire(
    what: str,
    wait_s: float = DEFAULT_WAIT_S,
    say: Callable[[str], None] = lambda _: None,
    option: str | None = "--wait",
) -> MeasuringLock:
    """Take the lock, after waiting ``wait_s`` seconds at most; ``say`` is told who is waited for, and since when.

    ``what`` is shown to others that wait; ``option`` is how the user says how long to wait, if that can be said.
    Raises :class:`UserError` when it is not free in time, or its file cannot be used.
    """
    began = told = time.monotonic()
    replaced, shown, by_option, advice = 0, "", "", "run this one after it"
    if option:
        by_option = f" ({option})"
        advice = f"wait for its end, or let this one wait for it, longer if need be ({option}=SECONDS)"
    while True:
        path, descriptor = _open()
        if _locked(path, descriptor):
            if _is_still_there(path, descriptor):
                _write(descriptor, what)
                return MeasuringLock(descriptor, time.monotonic() - began)
            os.close(descriptor)  # somebody removed the file: who locks the old one locks nobody out
            if (replaced := replaced + 1) >= MOST_REPLACED:
                raise _always_another(path)
            continue
        who = _holder(descriptor)
        os.close(descriptor)
        now = time.monotonic()
        left_s = wait_s - (now - began)
        if left_s <= 0:
            waited = f", also after {wait_s:g} s" if wait_s else ""
            raise UserError(
                f"another session measures on this machine{waited}: {who}; two at once would spoil each other's figures: {advice}."
            )
        if who != shown or now - told >= SAY_EVERY_S:
            shown, told = who, now
            say(f"waiting for another session that measures on this machine, {left_s:.0f} s at most: {who}{by_option}")
        time.sleep(min(ASK_EVERY_S, left_s))


def described() -> str:
    """Where the lock is, and who holds it, as far as the kernel says. Raises :class:`UserError` where its file cannot be used."""
    path, descriptor = _open()
    try:
        return f"{path}, " + (f"held by {_holder(descriptor)}" if leases.holders(descriptor) else "free")
    finally:
        os.close(descriptor)


def holders() -> list[int]:
    """The processes that hold it, as far as the kernel says. Raises :class:`UserError` where its file cannot be used."""
    _, descriptor = _open()
    try:
        return leases.holders(descriptor)
    finally:
        os.close(descriptor)


def _open() -> tuple[Path, int]:
    """The lock's file, open; made if it is not there. Raises :class:`UserError`."""
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).is_absolute():
            raise UserError(f"{named!r} would be another lock in every folder: give a path from / on ({VARIABLE}).")
        return Path(named), _opened(Path(named))
    for place in PLACES:
        if _is_for_all(place):
            with contextlib.suppress(_ReadOnlyPlace):
                return place / NAME, _opened(place / NAME, or_next=True)
    raise UserError(
        f"there is no place for the lock that lets one session at a time measure ({', '.join(map(str, PLACES))}): "
        f"name a file for it ({VARIABLE}=PATH)."
    )


class _ReadOnlyPlace(Exception):
    """No file can be made there, by nobody."""


def _is_for_all(place: Path) -> bool:
    """Whether every user may make files there: then all of them come to the same place."""
    try:
        mode = place.stat().st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) and bool(mode & stat.S_IWOTH)


def _opened(path: Path, *, or_next: bool = False) -> int:
    """A descriptor of the file, which is a plain one with that one name. Raises :class:`UserError`."""
    try:
        descriptor = _open_or_make(path)
    except OSError as error:
        if or_next and error.errno == errno.EROFS:
            raise _ReadOnlyPlace from error
        if error.errno == errno.ELOOP:
            raise _in_the_way(path, "a link") from error
        raise UserError(
            f"the lock that lets one session at a time measure cannot be opened: {path}: {_why_not(path, error)}, "
            f"or name another file that all who measure here may open ({VARIABLE}=PATH)."
        ) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise _in_the_way(path, "no plain file" if not stat.S_ISREG(found.st_mode) else "a file with a second name")
    return descriptor


def _why_not(path: Path, error: OSError) -> str:
    """What is wrong, and what to do about it."""
    folder = path.parent
    user = leases.user_named(os.geteuid())
    if error.errno == errno.ENOENT:
        return f"there is no folder {folder}: make it, for all who measure here"
    if error.errno in (errno.EACCES, errno.EPERM):
        if not exists(path) and is_folder(folder):
            return f"user {user} may not make it in {folder}: let all who measure here write to that folder"
        return f"user {user} may not open it: let all who measure here do so"
    return f"{os.strerror(error.errno or 0)}; mend that"


def _in_the_way(path: Path, what: str) -> UserError:
    return UserError(
        f"{path} is to be the lock that lets one session at a time measure, and is {what}: remove it, or name another file "
        f"({VARIABLE}=PATH)."
    )


def _always_another(path: Path) -> UserError:
    return UserError(
        f"{path} is to be the lock that lets one session at a time measure, and is another file each time it is opened: something removes "
        f"it, or its file system numbers no files; name a file on a local disk ({VARIABLE}=PATH)."
    )


def _open_or_make(path: Path) -> int:
    """Without ``O_CREAT`` first: Linux may forbid it on another user's file in a folder such as this one (``fs.protected_regular``)."""
    if stat.S_ISREG(_mode(path)):
        try:
            return os.open(path, os.O_RDWR | _WITHOUT_FOLLOWING)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EROFS, errno.EPERM):
                raise
            return os.open(path, os.O_RDONLY | _WITHOUT_FOLLOWING)  # who may not write may lock all the same
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _WITHOUT_FOLLOWING, 0o666)
    except FileExistsError:
        return os.open(path, os.O_RDONLY | _WITHOUT_FOLLOWING)  # made just now by another, or no plain file
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, 0o666)  # whatever the umask says: it is for all
    return descriptor


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def _locked(path: Path, descriptor: int) -> bool:
    """Whether the lock was free, and is taken now. Raises :class:`UserError` where the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        os.close(descriptor)
        raise UserError(
            f"{path} cannot be locked ({os.strerror(error.errno or 0)}): name a file on a local disk ({VARIABLE}=PATH)."
        ) from error
    return True


def _is_still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except OSError:
        return False


def _write(descriptor: int, what: str) -> None:
    """Say in the file who holds it; where that cannot be done it is locked all the same."""
    now = datetime.datetime.now(datetime.timezone.utc)
    user = re.sub(r"\s", "-", leases.user_named(os.getuid()))[:40]
    line = f"process {os.getpid()} of {user} since {now:%Y-%m-%d %H:%M:%S} UTC: {plain(_printable(what), 160)}\n"
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, line.encode(errors="replace"), 0)


def _holder(descriptor: int) -> str:
    """Who holds the lock, in words. What the file says counts as far as the kernel does not say otherwise."""
    try:
        line = os.pread(descriptor, LONGEST_LINE, 0).decode(errors="replace").partition("\n")[0]
    except OSError:
        line = ""
    said, pid = _LINE.fullmatch(line), next(iter(leases.holders(descriptor)), None)
    if said and pid in (None, int(said[1])):
        user = said[2] if pid is None else leases.user_of(pid) or said[2]
        what = f": {_printable(said[4])}" if said[4].strip() else ""
        return f"process {int(said[1])} of {_printable(user)}, since {said[3]} UTC{what}"
    if pid is None:
        return "a process that does not say who it is"
    user = leases.user_of(pid)
    return f"process {pid}" + (f" of {_printable(user)}" if user else "")


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)
