"""Writing files so that a reader never sees half of one. Where files go is left to the callers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: to a temporary file beside it, flushed to disk, then renamed.

    Raises ``OSError``; the temporary file is removed in that case and ``path`` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        _flush_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _flush_folder(folder: Path) -> None:
    """Let the rename, too, outlive a loss of power, where the file system can."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def as_json(value: Any, *, indent: int | None = 2) -> bytes:
    """Serialize to UTF-8 JSON with a final newline. NaN and infinity are a ``ValueError``, since JSON has neither."""
    return (json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False) + "\n").encode()


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all; see :func:`write_bytes`."""
    write_bytes(path, as_json(value))


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def exists(path: Path) -> bool:
    """Whether there is such a file or folder, as far as this user may know."""
    try:
        return path.exists()
    except (OSError, ValueError):  # no permission on the way, a name too long
        return False


def is_folder(path: Path) -> bool:
    """Whether that is a folder, as far as this user may know."""
    return exists(path) and path.is_dir()


def slug(text: str, *, longest: int = 80) -> str:
    """A name that is safe in every file system: letters, digits, dot, dash and underscore."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:longest] or "unnamed"
