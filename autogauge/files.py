"""Writing files so that a reader never sees half of one. Where files go is left to the callers."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from autogauge.errors import UserError


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: to a temporary file beside it, flushed to disk, then renamed.

    Raises ``OSError``; the temporary file is removed in that case and ``path`` is as it was.
    """
    with _whole_or_not_at_all(path) as stream:
        stream.write(content)


def fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files by name into a new folder that nobody reads yet; all are on the disk when it returns. Raises ``OSError``.

    Many at a time, so that hundreds do not wait for the disk one after the other.
    """
    from concurrent.futures import ThreadPoolExecutor

    paths = {folder / name: content for name, content in contents.items()}
    folders = dict.fromkeys([folder, *(path.parent for path in paths)])
    for each in folders:
        each.mkdir(parents=True, exist_ok=True)
    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(_write_through, paths, paths.values()):
                pass
    except RuntimeError:  # no thread can be started
        for path, content in paths.items():
            _write_through(path, content)
    for each in folders:
        flush_folder(each)


_AT_ONCE = 8


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def create(path: Path, content: bytes) -> bool:
    """Write a file whole or not at all, as :func:`write_bytes`, and never in the place of another: false where there is one.

    Raises ``OSError``. Where the file system has no links, whoever calls has to keep others from making that file meanwhile.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _WITHOUT_LINKS:
                raise
            if os.path.lexists(path):
                return False
            os.rename(temporary, path)
        flush_folder(path.parent)
        return True
    finally:
        temporary.unlink(missing_ok=True)


_WITHOUT_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK)


def copy(source: Path, path: Path) -> None:
    """Copy a file's content as :func:`write_bytes` writes, without ever holding all of it in memory. Raises ``OSError``."""
    with source.open("rb") as original, _whole_or_not_at_all(path) as stream:
        shutil.copyfileobj(original, stream, _COPIED_AT_ONCE)


_COPIED_AT_ONCE = 1 << 20


@contextlib.contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        flush_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def flush_folder(folder: Path) -> None:
    """Let what was renamed or removed in a folder outlive a loss of power, where the file system can."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def as_json(value: Any, *, indent: int | None = 2) -> bytes:
    """Serialize to UTF-8 JSON with a final newline; without ``indent`` on one line. NaN and infinity are a ``ValueError``."""
    between = None if indent else (",", ":")
    text = json.dumps(value, indent=indent, separators=between, allow_nan=False, ensure_ascii=False)
    return utf8(text + "\n", "backslashreplace")


def utf8(text: str, otherwise: str = "replace") -> bytes:
    r"""UTF-8 of any text. Python keeps the bytes of a name that it could not decode (in a locale that is ASCII): they are put back.

    What is no UTF-8 then is dealt with as ``otherwise`` says, an error handler; ``backslashreplace`` is right for JSON (``\udcff``).
    """
    try:
        return text.encode(errors="surrogateescape").decode().encode()
    except UnicodeError:
        return text.encode(errors=otherwise)


def whole_characters(text: str) -> str:
    """The text without halves of characters, which JSON can hold and neither a file nor a database can."""
    return text.encode("utf-8", "replace").decode()


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all; see :func:`write_bytes`."""
    write_bytes(path, as_json(value))


def write_for_a_user(path: Path, content: bytes) -> None:
    """Write a file that a user named, whole or not at all; never in the place of what is none, and in a folder that is there.

    Raises ``OSError``, :class:`NotRegular` for a device, a pipe or a socket (renaming would replace ``/dev/null`` by a file), and as
    :func:`require_folder_of`.
    """
    require_folder_of(path)
    if path.exists() and not path.is_dir() and not path.is_file():
        raise NotRegular(0, "there is a device or a pipe in its place")
    write_bytes(path, content)


def require_writable(path: Path) -> None:
    """See that a file which a user named could be written there, before what goes into it is made.

    Raises as :func:`write_for_a_user`. What lies there stays as it is.
    """
    require_folder_of(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        raise NotRegular(0, "there is a device or a pipe in its place")
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def require_writable_folder(folder: Path) -> None:
    """See that files could be written into that folder, which is made when the first one is. Raises ``OSError``; nothing is made here."""
    place = folder.absolute()
    while not os.path.lexists(place):
        place = place.parent
    with tempfile.TemporaryFile(dir=place):
        pass


def require_folder_of(path: Path) -> None:
    """Raises :class:`UserError` where the folder that a user's file is to be in is missing: one made of a typo is looked for by nobody."""
    if not path.parent.exists():
        raise UserError(
            f"there is no folder {path.parent} for {path.name}: check the path, or make the folder (mkdir -p)."
        )


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


class NotRegular(OSError):
    """What is there is no regular file, or a larger one than anybody means: it was not read."""


def read_regular(path: Path, most_bytes: int) -> bytes:
    """The content of a regular file of at most so many bytes, also through a link. Never waits, whatever is there.

    Raises ``OSError``, and :class:`NotRegular` for a pipe, a device, a socket, or a file that is larger.
    """
    there = path.stat()  # first, since opening a device may do something
    if stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    _require_regular(there, most_bytes)
    opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        _require_regular(os.fstat(opened), most_bytes)
        content = bytearray()
        while len(content) <= most_bytes and (chunk := os.read(opened, 1 << 20)):
            content += chunk
    finally:
        os.close(opened)
    if len(content) > most_bytes:
        raise _too_large(most_bytes)
    return bytes(content)


def _require_regular(there: os.stat_result, most_bytes: int) -> None:
    if not stat.S_ISREG(there.st_mode):
        raise NotRegular(0, "it is no regular file")
    if there.st_size > most_bytes:
        raise _too_large(most_bytes)


def _too_large(most_bytes: int) -> NotRegular:
    return NotRegular(0, f"it is larger than {most_bytes / 2**20:g} MiB")


def exists(path: Path) -> bool:
    """Whether there is such a file or folder, as far as this user may know."""
    try:
        return path.exists()
    except (OSError, ValueError):  # no permission on the way, a name too long
        return False


def is_absent(path: Path) -> bool:
    """Whether there is surely no such file, folder or link.

    What this user may not look at is not absent: whoever reads it says why it cannot be read.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def leads_nowhere(path: Path) -> bool:
    """Whether that is a link to what is not there, as far as this user may know."""
    try:
        return path.is_symlink() and not path.exists()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether that is a regular file, or a link to one, as far as this user may know."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether that is a folder, as far as this user may know."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that some file systems keep for devices."""
SLUG_DIGITS = 8


def in_short(path: str | Path) -> str:
    """A path as it is published: the user's home is ``~``."""
    try:
        home = Path.home()
    except (RuntimeError, KeyError):  # an unknown user without HOME has none
        return str(path)
    place = Path(path)
    return f"~/{place.relative_to(home)}" if home != Path("/") and place.is_relative_to(home) else str(path)


def published(path: Path) -> str:
    """A path as it may stand in a file that people publish: from the home or from the working folder on, else its last parts."""
    path = path.absolute()
    if (short := in_short(path)) != str(path):
        return short
    with contextlib.suppress(ValueError, OSError):
        here = Path.cwd()
        if here != Path(here.anchor):
            return str(path.relative_to(here))
    return str(Path("…", *path.parts[-2:])) if len(path.parts) > 3 else str(path)


_SCRATCH = re.compile(
    r"[^\s\"'=:,]*[/\\\\](?:pytest-of-[^/\\\\\s]+[/\\\\]pytest-\d+|autogauge-session-[0-9a-f]{16})[/\\\\]"
)


def ownerless(value: Any) -> Any:
    """JSON in whose texts no path says whose machine it is: the home folder is ``~``, what is above a session's scratch folder ``…``."""
    try:
        home = str(Path.home())
    except (RuntimeError, KeyError):  # an unknown user without HOME has none
        home = "/"
    at_home = re.compile(rf"{re.escape(home)}(?![\w.-])") if len(home) > 1 else None

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {shown(key): shown(each) for key, each in value.items()}
        if isinstance(value, list):
            return [shown(each) for each in value]
        if not isinstance(value, str) or not ("/" in value or "\\" in value):
            return value
        return _SCRATCH.sub("…/", at_home.sub("~", value) if at_home else value)

    return shown(value)


def slug(text: str, *, longest: int = 80) -> str:
    """A name that is safe in every file system: letters, digits, dot, dash and underscore; another one for every other text.

    A text that is safe as it is stays as it is. Where anything was changed or cut, the name ends in a short digest of the text, so that
    ``lab 01`` and ``lab/01`` are two. A letter with its accent as one sign or as two is the same text.
    """
    whole = unicodedata.normalize("NFC", text)
    plain = readable(whole, longest=longest)
    if plain == whole and not RESERVED.fullmatch(whole):
        return plain
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:SLUG_DIGITS]
    return f"{readable(whole, longest=longest - SLUG_DIGITS - 1)}-{digest}"


def readable(text: str, *, longest: int = 80) -> str:
    """As :func:`slug` without a digest, so that several texts become one name: for what is told apart by a number in front of it."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:longest].rstrip("-.") or "unnamed"
