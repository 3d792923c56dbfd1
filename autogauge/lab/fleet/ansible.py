"""Ansible as a program that this one starts: where it is, its surroundings, and what it says when it fails.

What it is asked is left to ``inventory`` and ``engine``. Nothing of Ansible is imported: it is under another licence.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from autogauge import checkout
from autogauge.errors import UserError

MISSING = f"ansible-core is not installed, which reaches a lab's machines: {checkout.install('lab')}."
_NOISE = re.compile(r"^(\[(WARNING|ERROR|DEPRECATION WARNING)\]:|ERROR!|Origin:|<<<|\(source not shown|\^|\d+ )")


def require() -> None:
    """Raise :class:`UserError` where Ansible is not installed."""
    if importlib.util.find_spec("ansible") is None:
        raise UserError(MISSING)


def command(program: str) -> list[str]:
    """One of Ansible's programs (``playbook``, ``inventory``), of this interpreter's environment and not whichever stands in the path."""
    return [sys.executable, "-m", "ansible", program]


def environment(scratch: Path) -> dict[str, str]:
    """The surroundings of Ansible: the user's own configuration holds, and what it would leave in the home goes to ``scratch``.

    ``scratch`` has a short path: the sockets of ssh lie in it, whose names may have about a hundred characters.
    """
    around = dict(os.environ)
    home = Path(around.get("ANSIBLE_HOME") or Path.home() / ".ansible")
    around.setdefault("ANSIBLE_COLLECTIONS_PATH", f"{home / 'collections'}:/usr/share/ansible/collections")
    return {
        **around,
        "ANSIBLE_HOME": str(scratch),
        "ANSIBLE_LOCAL_TEMP": str(scratch / "tmp"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(scratch / "cp"),
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_NOCOLOR": "True",
        "ANSIBLE_NOCOWS": "True",
        "ANSIBLE_FORCE_COLOR": "False",
        "ANSIBLE_DEVEL_WARNING": "False",
        # An inventory of which a part cannot be read would be a smaller lab, and nobody would know.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
        "ANSIBLE_DUPLICATE_YAML_DICT_KEY": "error",
    }


def causes(said: str) -> list[str]:
    """What Ansible names as causes of a failure, each on a line, in its order and each once."""
    found = re.findall(r"<<< caused by >>>\s+(.+)", said) or re.findall(
        r"^(?:\[ERROR\]:|ERROR!) *(.+)", said, re.MULTILINE
    )
    return list(dict.fromkeys(each.strip().removeprefix("Failed to parse inventory: ").rstrip(".") for each in found))


def last_words(lines: Sequence[str]) -> str:
    """The last line that says something, for a failure that names no cause."""
    saying = [line.strip() for line in lines if line.strip() and not _NOISE.match(line.strip())]
    return saying[-1].rstrip(".") if saying else "it says nothing"
