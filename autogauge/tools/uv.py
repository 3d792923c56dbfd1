"""Makes virtual environments with ``uv``, where it is installed: in seconds, and of the same packages that pip would take.

uv knows nothing of pip's settings. They are handed to it, and its own are not read, so that both ask the same index; where one of them has
no counterpart, pip it is. Its files are copied, not shared: what somebody does to a package of his must not reach what is measured.
"""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.tools.running import Deadline, ToolFailed, run_tool

OLDEST = (0, 5)
"""The first that takes an index by these variables; an older one would take no notice of them, and ask another index."""
_HOMES = (".local/bin", ".cargo/bin")
_OWN = "UV_"
_OWN_KEPT = ("UV_CACHE_DIR",)
_HARMLESS = {
    *(
        "cache-dir",
        "no-cache-dir",
        "disable-pip-version-check",
        "no-input",
        "no-color",
        "progress-bar",
        "quiet",
        "verbose",
    ),
    *("log", "debug", "root-user-action", "no-warn-script-location", "no-warn-conflicts", "require-virtualenv"),
    *(
        "break-system-packages",
        "no-python-version-warning",
        "prefer-binary",
        "only-binary",
        "exists-action",
        "use-feature",
    ),
    *("use-deprecated", "config-file", "compile"),
}
"""pip's settings that make no difference to what is installed."""
_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX",),
    "extra-index-url": ("UV_INDEX",),
    "find-links": ("UV_FIND_LINKS",),
    "constraint": ("UV_CONSTRAINT",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "cert": ("SSL_CERT_FILE",),
    "proxy": ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
    "timeout": ("UV_HTTP_TIMEOUT",),
    "default-timeout": ("UV_HTTP_TIMEOUT",),
    "retries": ("UV_HTTP_RETRIES",),
}
"""Those that uv has under another name; of a list the words have blanks between them, only places for files have commas."""
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_VENV = ("venv", "--no-config", "--no-project", "--no-python-downloads", "--quiet")
_INSTALL = (
    *("pip", "install", "--no-config", "--no-python-downloads", "--quiet", "--only-binary=:all:"),
    *("--link-mode=copy", "--compile-bytecode", "--index-strategy=unsafe-best-match", "--refresh"),
)
"""As pip does: only wheels, compiled, the best version that any of the indexes has, and nothing that an index has replaced meanwhile."""


@dataclass(frozen=True)
class Handed:
    """pip's settings as uv takes them: words of its command line, and variables, which nobody sees in a list of processes."""

    words: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def find() -> Path | None:
    """The program, on the path, beside this interpreter, or where its installer puts it; ``None`` where there is none."""
    places = [*os.get_exec_path(), sysconfig.get_path("scripts"), *(str(Path.home() / each) for each in _HOMES)]
    found = shutil.which("uv", path=os.pathsep.join(places))
    return Path(found).absolute() if found else None


def handed(settings: Mapping[str, str]) -> Handed | None:
    """Pip's settings for uv; ``None`` where one of them has no counterpart."""
    words: list[str] = []
    variables = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
    for name, value in settings.items():
        several = value.split()
        if not several or name in _HARMLESS or (name == "no-index" and value.lower() in _NO):
            continue
        if name == "no-index" and value.lower() in _YES:
            words.append("--no-index")
        elif name in _VARIABLES and not (name == "find-links" and "," in value):
            given = (",".join if name == "find-links" else " ".join)(several)
            variables |= dict.fromkeys(_VARIABLES[name], given)
        else:
            return None
    return Handed(tuple(words), variables)


def make(
    uv: Path,
    base: Path,
    place: Path,
    requirements: Sequence[str],
    asks: Handed,
    *,
    scratch: Path,
    deadline: Deadline,
) -> None:
    """Make an environment of the interpreter ``base`` at ``place`` with these requirements. Raises :class:`ToolFailed`."""
    without: dict[str, str | None] = {
        name: None for name in os.environ if name.startswith(_OWN) and name not in _OWN_KEPT
    }
    variables = {**without, **asks.variables}

    def run(*words: str) -> list[str]:
        return run_tool(
            base, "program", str(uv), *words, scratch=scratch, deadline=deadline, home=True, variables=variables
        )

    _require_new(run("--version"))
    run(*_VENV, "--python", str(base), str(place))
    run(*_INSTALL, "--python", str(place / "bin" / "python"), *asks.words, *requirements)


def _require_new(lines: Sequence[str]) -> None:
    said = re.match(r"uv (\d+)\.(\d+)", " ".join(lines))
    if said is None or (int(said[1]), int(said[2])) < OLDEST:
        raise ToolFailed(f"uv is older than {OLDEST[0]}.{OLDEST[1]}")
