"""A user's mistake, as one sentence. What is done about it is left to the command line and the fixtures."""

from __future__ import annotations

import errno
import os
import tempfile

from autogauge.causes import step_for
from autogauge.plain import sentence


class UserError(Exception):
    """Something the user can mend. Its text is one sentence: what is wrong, where, and what to do next.

    Names in it may come from anywhere: control characters are shown as dots, and the middle of what is very long is left out.
    """

    def __init__(self, text: object = "") -> None:
        super().__init__(sentence(str(text)))


class MachineLacks(UserError):
    """The same, where the machine lacked memory, files, processes or time: no file and no installation is to blame."""


_NEXT_STEP = {
    errno.ENOSPC: "the disk is full; free some space or name another folder",
    errno.EDQUOT: "the disk quota is used up; free some space or name another folder",
    errno.EROFS: "the file system is read-only; name a folder that can be written to",
    errno.EACCES: "permission is denied; name a folder that can be written to",
    errno.EPERM: "permission is denied; name a folder that can be written to",
    errno.ENOTDIR: "a part of that path is a file; name a folder",
    errno.EEXIST: "a file of that name is in the way; remove it or name another folder",
    errno.EFBIG: "the file would be larger than this user may write; raise the limit or name another folder",
}


def explain_os_error(error: OSError, doing: str, option: str) -> UserError:
    """Turn an operating-system error into a sentence.

    ``doing`` says what was attempted and where ("cannot save the report in …"); ``option`` is how another
    place is named ("--reports=DIR").
    """
    said = os.strerror(error.errno) if error.errno else str(error)
    reason = _NEXT_STEP.get(error.errno or 0, f"{said}; {step_for(error) or 'name another folder'}")
    if step_for(error):
        return UserError(f"{doing}: {reason}.")
    return UserError(f"{doing}: {reason} ({option}).")


def what_lacks() -> str:
    """What every program needs and this one has not got here, as a sentence; empty when it has both."""
    try:
        tempfile.gettempdir()
    except OSError:
        return "there is no folder for temporary files that this user may write to: name one (TMPDIR=DIR in the environment)."
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        return "the folder that this was started in is gone: change to one that is there (cd)."
    return ""
