"""Whether what lies in a folder may be run: it and what is above it there belong to this user or to root, and nobody else may write to it.

A user runs what is in his cache: interpreters, libraries. In a folder where others may write, they could run anything as him. Root is held
to the same: what another user may write, root does not run. What is wrong is one sentence with the next step.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from autogauge.errors import UserError

ROOT = 0
MODE = 0o755
"""Of folders that are made here, whatever the umask says."""


def make(folder: Path) -> None:
    """Make a folder that only this user may write to, unless there is one; those above it as the umask says. Raises ``OSError``."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=MODE)
    if not folder.is_dir():
        raise NotADirectoryError(20, os.strerror(20), str(folder))


def close(folder: Path) -> None:
    """Take the right to write from everybody but the owner, in all of that folder. Raises ``OSError``."""
    for path in _all_in(folder):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & (stat.S_IWGRP | stat.S_IWOTH):
            path.chmod(stat.S_IMODE(mode) & ~(stat.S_IWGRP | stat.S_IWOTH))


def check(root: Path, *folders: Path, tree: Path | None = None) -> None:
    """Raise :class:`UserError` when the cache ``root``, one of these folders in it, or anything in ``tree`` is not to be trusted.

    What is not there is no fault.
    """
    places = [
        each
        for path in (root, *folders)
        for each in ((path, Path(os.path.realpath(path))) if path.is_symlink() else (path,))
    ]
    for path in (*places, *(_all_in(tree) if tree is not None else ())):
        if reason := why_not(path):
            raise UserError(f"the cache {root} is not to be trusted, since what is in it is run: {path} {reason}.")


def why_not(path: Path) -> str | None:
    """Why that file or folder is not to be trusted, with the next step; ``None`` when it is, or is not there."""
    try:
        found = path.lstat()
    except OSError:
        return None
    if found.st_uid not in (ROOT, os.geteuid()):
        return f"belongs to {_user(found.st_uid)}; name a folder of your own (--cache=DIR), or remove what is not yours"
    if stat.S_ISLNK(found.st_mode):
        return None
    if found.st_mode & stat.S_IWOTH:
        return f"is such that everybody may write to it; {_STEP}"
    if found.st_mode & stat.S_IWGRP and not _is_private(found.st_gid):
        return f"is such that the group {_group(found.st_gid)} may write to it; {_STEP}"
    return None


_STEP = "name a folder of your own (--cache=DIR), or take that right away (chmod -R go-w) if nobody else has put anything there"


def may_run(program: Path) -> bool:
    """Whether a program outside the cache, which a link in it leads to, belongs to this user, to root, or to whose Python this is."""
    try:
        found = program.resolve(strict=True)
        facts, own = found.stat(), Path(_base_python()).resolve()
    except (OSError, RuntimeError):
        return False
    if found == own:
        return True
    owners = (ROOT, os.geteuid(), own.stat().st_uid if own.exists() else ROOT)
    return facts.st_uid in owners and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _base_python() -> str:
    return str(getattr(sys, "_base_executable", sys.executable))


def _all_in(folder: Path) -> Iterable[Path]:
    """The folder and everything in it, links as links; where it is a link itself, also what it leads to."""
    yield folder
    if folder.is_symlink():
        folder = Path(os.path.realpath(folder))  # a loop is no error
        yield folder
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(place, name)


def _is_private(group: int) -> bool:
    """Whether that is the group of this user and of nobody else, as many systems give one to each user. Root has none such."""
    try:
        me, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return me.pw_uid != ROOT and me.pw_gid == group and found.gr_name == me.pw_name and {*found.gr_mem} <= {me.pw_name}


def _user(number: int) -> str:
    try:
        return f"the user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"the user number {number}"


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return f"number {number}"
