"""Whether an address holds a secret, by how it is written. Where secrets belong instead is left to whoever refuses it."""

from __future__ import annotations

import re
from urllib.parse import unquote

_NAMES = r"pass(wo?rd|wd|phrase)?|pwd|secret|token|credentials?|signature|sig|api_?key|access_?key|private_?key|key"
_QUERY = re.compile(rf"[?&;#](?:[^=&;#/?]*[_.-])?(?:{_NAMES})(?:[_.-][^=&;#/?]*)?=", re.IGNORECASE)
"""A value that is called like a secret: ``?aws_secret=…``."""


def has_secret_value(address: str) -> bool:
    """Whether something in the address is called like a secret and has a value, also where its signs are written as ``%3A``."""
    return any(_QUERY.search(text) for text in (address, unquote(address)))


def has_credentials(address: str) -> bool:
    """Whether a user stands before the host of ``SCHEME://…``, with or without a password."""
    _, mark, rest = address.partition("://")
    return bool(mark) and "@" in re.split(r"[/?#\\]", rest, maxsplit=1)[0]
