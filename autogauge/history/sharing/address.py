"""Where the other history is, in a user's words: a folder, ``ssh://[USER@]HOST[:PORT]/PATH`` or ``s3://BUCKET[/PREFIX]``."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from autogauge.errors import UserError
from autogauge.files import exists
from autogauge.history.sharing.folder import Folder
from autogauge.history.sharing.place import Place
from autogauge.history.sharing.remote import DEFAULT_WAIT_S
from autogauge.secrets_in import has_secret_value

WAYS = "a folder, ssh://USER@HOST/PATH or s3://BUCKET/PREFIX"
_AS_SCP_DOES = re.compile(r"[^/:@\s]+@[^/:\s]+:.*|[A-Za-z][\w.-]+:/.*", re.DOTALL)


def place_of(text: str, wait_s: float = DEFAULT_WAIT_S, endpoint: str = "") -> Place:
    """The place that these words name, reached within so many seconds; ``endpoint`` is the address of an S3 store that is not Amazon's.

    Raises :class:`UserError` for what names none, and where an ssh host cannot be reached.
    """
    scheme, mark, _ = text.partition("://")
    _refuse_secrets(text, "the address")
    if endpoint:
        if "@" in unquote(endpoint) or has_secret_value(endpoint):
            raise _secret("--endpoint", "s3")
        if scheme != "s3" or not mark:
            raise UserError(f"an endpoint is for s3://…, and {_short(text)} is none: leave it out (--endpoint).")
    if not mark:
        if not exists(Path(text)) and _AS_SCP_DOES.fullmatch(text):
            raise UserError(f"there is no folder {_short(text)}: another host is written ssh://USER@HOST/PATH.")
        return Folder(Path(text), "there", WAYS)
    if scheme == "file":
        if not text.startswith("file:///"):
            raise UserError("a folder is written file:///PATH, or without file://: check the address.")
        return Folder(Path(unquote(urlsplit(text).path)), "there", WAYS)
    if scheme in ("ssh", "sftp"):
        return _host(text, wait_s)
    if scheme == "s3":
        return _bucket(text, wait_s, endpoint)
    raise UserError(f"{_short(text)} is of a kind that is not known: name {WAYS}.")


def _host(text: str, wait_s: float) -> Place:
    from autogauge.history.sharing.ssh import Host

    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:  # whatever stands there is not shown: it may be a password
        raise UserError(
            "what stands after the host and its ':' is no port: write ssh://USER@HOST:PORT/PATH, and use a key."
        ) from None
    path = unquote(parts.path) if host else ""
    if not host or path in ("", "/"):
        raise UserError(
            f"{_short(text)} names no folder on a host: write ssh://USER@HOST/PATH, or ssh://HOST/~/PATH from the home."
        )
    if path.startswith("/~/"):
        path = path[3:] or "."
    netloc = parts.netloc.rpartition("@")[2]
    named = netloc[: netloc.rfind(":")] if port and not netloc.endswith("]") else netloc  # an alias keeps its case
    options = {**({"port": port} if port else {}), **({"username": unquote(parts.username)} if parts.username else {})}
    return Host(named.strip("[]"), path.rstrip("/") or "/", text, wait_s, **options)


def _bucket(text: str, wait_s: float, endpoint: str) -> Place:
    from autogauge.history.sharing.s3 import Bucket

    path = text.removeprefix("s3://").strip("/")
    if ":" in unquote(path).partition("/")[0]:
        raise _secret("the address", "s3")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}(/[^/]+)*", path):
        raise UserError(f"{_short(text)} names no bucket: write s3://BUCKET/PREFIX.")
    return Bucket(path, wait_s, endpoint)


def _refuse_secrets(address: str, what: str) -> None:
    """Raises :class:`UserError` for an address with a password: everybody on the machine sees what a command was called with.

    A password may hold any sign, so all that stands before the last ``@`` is looked at. An address is not printed before that.
    """
    scheme, mark, rest = address.partition("://")
    if mark and scheme != "file" and has_secret_value(address):
        raise _secret(what, scheme)
    before, at, _ = (rest if mark else address).rpartition("@")
    if not at or (scheme == "file" and mark and rest.startswith("/")):
        return
    is_name = not re.search(r"[:/?#@\\]", before) and ":" not in unquote(before)
    if mark and not (scheme in ("ssh", "sftp") and is_name):
        raise _secret(what, scheme)
    if not mark and ":" in before and not exists(Path(address)):
        raise _secret(what, scheme)


def _secret(what: str, scheme: str) -> UserError:
    steps = {
        "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment",
        "ssh": "leave it out, and use a key; an @ of a folder's name is written %40",
    }
    step = steps.get(scheme, f"leave it out, and name {WAYS}")
    return UserError(f"there are credentials in {what}, where every user of this machine can see them: {step}.")


def _short(text: str) -> str:
    return repr(text[:200])
