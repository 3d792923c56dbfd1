"""What pip knows of this machine's package index: its settings, and the versions that the index offers. Installing is left to others.

pip is asked because a lab says to it where its index is, by which proxy, and with which certificate (``pip.conf``, ``PIP_INDEX_URL``).
"""

from __future__ import annotations

import ast
import contextlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from autogauge.tools.interpreters import own_base
from autogauge.tools.running import Deadline, ToolFailed, ask, run_tool

WITHOUT_PIP = "there is no pip to ask: install it into this environment (python -m ensurepip, or uv pip install pip)"
_QUIET = ("--no-input", "--disable-pip-version-check")
_SETTING = re.compile(r"(?P<section>[^.\s]+)\.(?P<name>[a-z][a-z0-9-]*)=(?P<value>['\"].*)")
_SECTIONS = ("global", "install", ":env:")
"""Whose settings count for installing, the strongest last."""
_AVAILABLE = re.compile(r"Available versions: (.*)")
_UNANSWERED = re.compile(r"Could not fetch URL (?P<url>\S+?): (?P<reason>.*?)(?: - skipping)?$")
_NOT_THERE = re.compile(r"404 Client Error|No such file or directory")
_NOTHING = "No matching distribution found"
_LONGEST_REASON = 200
_AS_PATIENT = ("--retries=1", "--timeout=15")
"""As an installation: an index that is out of reach is no reason to wait for minutes."""


@dataclass(frozen=True)
class Offered:
    """The versions of a package that the index has for one Python, as it spells them.

    ``unanswered`` says why a part of the index gave no answer; empty when all of it did.
    """

    versions: tuple[str, ...]
    unanswered: str = ""


def with_pip(deadline: Deadline) -> Path:
    """An interpreter that has pip: this one, or the one that it was made from. Raises :class:`ToolFailed` where neither has it."""
    for python in dict.fromkeys((Path(sys.executable), own_base())):
        with contextlib.suppress(ToolFailed):
            ask(python, "import pip", deadline)
            return python
    raise ToolFailed(WITHOUT_PIP)


def settings(scratch: Path, deadline: Deadline) -> dict[str, str]:
    """Pip's settings for an installation, by name without section, from its files and the environment. Raises :class:`ToolFailed`."""
    lines = run_tool(
        with_pip(deadline), "module", "pip", "config", "list", *_QUIET, scratch=scratch, deadline=deadline, home=True
    )
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in lines:
        told = _SETTING.fullmatch(line)
        if told and told["section"] in found:
            with contextlib.suppress(ValueError, SyntaxError):
                found[told["section"]][told["name"]] = str(ast.literal_eval(told["value"]))
    return {name: value for section in _SECTIONS for name, value in found[section].items()}


def offered(package: str, python: str, scratch: Path, deadline: Deadline, *, early: bool = False) -> Offered:
    """The versions of a package with a wheel for that Python (``3.10``) and this machine; with ``early`` also those before a release.

    Raises :class:`ToolFailed` where nobody answered.
    """
    available: list[str] = []
    unanswered: list[str] = []

    def hear(line: str) -> None:
        if told := _AVAILABLE.fullmatch(line.strip()):
            available.extend(each.strip() for each in told[1].split(",") if each.strip())
        elif (told := _UNANSWERED.search(line)) and not _NOT_THERE.search(told["reason"]):
            unanswered.append(f"{_without_password(told['url'])} did not answer ({_in_short(told['reason'])})")

    words = ("pip", "index", "versions", package, "-vv", *_QUIET, *_AS_PATIENT, "--only-binary=:all:")
    more = ("--python-version", python, *(["--pre"] if early else []))
    try:
        run_tool(
            with_pip(deadline), "module", *words, *more, scratch=scratch, deadline=deadline, home=True, on_line=hear
        )
    except ToolFailed as error:
        if error.late or unanswered or _NOTHING not in str(error):
            raise ToolFailed("; ".join(unanswered[:1]) or str(error), late=error.late) from None
    return Offered(tuple(dict.fromkeys(available)), "; ".join(dict.fromkeys(unanswered)))


def _in_short(reason: str) -> str:
    """The system's own words, which stand at the end of a chain of exceptions."""
    found = re.search(r"\[Errno -?\d+\] ([^')]+)", reason)
    return found[1] if found else reason[:_LONGEST_REASON]


def _without_password(address: str) -> str:
    return re.sub(r"(?<=//)[^/@\s]+@", "", address)
