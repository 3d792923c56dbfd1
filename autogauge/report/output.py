"""Printing where fewer characters are taken than are meant (ASCII, Latin-1, names that are no text): nothing may end because of that.

An exit status of 1 by a traceback reads as bad news about AUTO. What is printed is left to the commands and the fixtures.
"""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import sys
import unicodedata
from typing import Any

from autogauge.plain import json_text

REPLACEMENT = "autogauge.replacement"
"""The name of the error handler, for ``errors=`` of a stream."""
_INSTEAD = {
    **dict.fromkeys("–—―‐‑−─━═╌┄▫", "-"),
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″", '"'),
    **dict.fromkeys("•·∙", "*"),
    "÷": "/",
    "×": "x",
    "±": "+-",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "…": "...",
    "→": "->",
    "←": "<-",
    "∞": "inf",
    "√": "sqrt",
    "µ": "u",
    "μ": "u",
    "✅": "+",
    "❌": "x",
    "⚠": "!",
    "🔵": "o",
    "\ufe0f": "",
    "\u200b": "",
}
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
_CLOSED_PIPE = 128 + 13
_BOXES = range(0x2500, 0x2580)
_SURROGATES = range(0xD800, 0xE000)
"""What Python makes of bytes in a name that are no text."""
_NOT_CHOSEN = ("strict", "surrogateescape", "backslashreplace")
"""What Python sets by itself; another one was asked for (``PYTHONIOENCODING=ascii:replace``) and stays."""


def make_writable(*streams: Any) -> None:
    """Let these streams replace what their encoding lacks by what comes near it. ``None`` and other objects are let be."""
    codecs.register_error(REPLACEMENT, _replaced)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper) and stream.errors in _NOT_CHOSEN:
            stream.reconfigure(errors=REPLACEMENT)


def print_json(value: Any) -> None:
    """Print JSON that reads back as it was, whatever the encoding: where a character cannot be printed, all of them are escaped."""
    text = json_text(value)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False).replace("\x7f", "\\u007f")
    print(text)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_near, error.object[error.start : error.end])), error.end


def _near(character: str) -> str:
    """ASCII that comes near the character; a question mark if none does."""
    if character in _INSTEAD:
        return _INSTEAD[character]
    if ord(character) in _BOXES:
        return "+"
    if ord(character) in _SURROGATES:
        return "?"
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain if plain.isprintable() and plain else "?"


def flush() -> None:
    """Print what is still held back, so that its failing is known before the end. Raises ``OSError``."""
    if sys.stdout is not None:
        sys.stdout.flush()


def end_where_nobody_reads(error: BaseException) -> None:
    """End the process where the error is that of printing; else do nothing.

    Status 1 would be bad news about AUTO. A pipe that was closed (``| head``) is what its reader wanted: no word, and the status that
    a shell shows for it. A full disk is one sentence and status 2.
    """
    is_closed = isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError)
    is_full = isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE
    if is_closed or is_full:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter would try once more on its way out
        if isinstance(error, OSError) and is_full:
            print(f"autogauge: the output cannot be written: {os.strerror(error.errno or 0)}.", file=sys.stderr)
        sys.exit(2 if is_full else _CLOSED_PIPE)
