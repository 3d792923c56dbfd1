"""The project as one file, as it is copied to a lab's machines: the very suite that stands here. Copying it is left to the playbook.

Its name is a digest of what is in it, so that a machine which has it already is not given it again.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_bytes

PROJECT = Path(__file__).resolve().parents[3]
NEEDED = ("conftest.py", "pytest.ini", "requirements.txt", "fixtures", "tests/perf")
"""Without these it is an installed library, and no suite to be run."""
NEVER = {
    ".git",
    ".venv",
    "venv",
    "__pycache__",
    "reports",
    ".pytest_cache",
    ".ruff_cache",
    ".mypy_cache",
    ".benchmarks",
    ".hypothesis",
}
COMPLETE = ".complete"
"""The last file in it: where it is there, all of it is."""
MOST_BYTES = 200 * 2**20
GIT_DEADLINE_S = 60.0


def pack(into: Path, project: Path = PROJECT) -> Path:
    """Pack the project into ``into``, as a ``.tar.gz`` that is named by its content; returns the path. Raises :class:`UserError`."""
    if missing := [name for name in NEEDED if not (project / name).exists()]:
        raise UserError(
            f"{project} is no checkout of the suite (there is no {missing[0]}): run fleet from a checkout, or name one on the machines "
            "(autogauge_project, autogauge_repository in the inventory)."
        )
    try:
        content = {name: (project / name).read_bytes() for name in sorted(_names(project))}
        modes = {name: 0o755 if (project / name).stat().st_mode & 0o100 else 0o644 for name in content}
    except OSError as error:
        raise UserError(
            f"cannot read the project: {error.filename}: {error.strerror}; let this user read it."
        ) from None
    if (size := sum(map(len, content.values()))) > MOST_BYTES:
        raise UserError(
            f"the project in {project} has {size / 2**20:.0f} MiB, too much for every machine: move away what is not the suite's."
        )
    digest = hashlib.sha256()
    for name, each in content.items():
        digest.update(f"{name}\0{modes[name]}\0{len(each)}\0".encode() + each)
    path = into / f"project-{digest.hexdigest()[:12]}.tar.gz"
    if not path.exists():
        try:
            write_bytes(path, _archive(content, modes))
        except OSError as error:
            raise explain_os_error(error, f"cannot write {path}", "--cache=DIR") from error
    return path


def _names(project: Path) -> Iterator[str]:
    """The files of the project: what git knows of, or would take in; without git all but what is made by working on it."""
    if (project / ".git").exists():
        words = ["git", "-C", str(project), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        try:
            done = subprocess.run(words, capture_output=True, timeout=GIT_DEADLINE_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            done = None
        if done is not None and done.returncode == 0:
            yield from (
                name
                for name in done.stdout.decode("utf-8", "surrogateescape").split("\0")
                if name and (project / name).is_file()
            )
            return
    for path in project.rglob("*"):
        place = path.relative_to(project)
        if path.is_file() and not NEVER & set(place.parts):
            yield str(place)


def _archive(content: dict[str, bytes], modes: dict[str, int]) -> bytes:
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=3, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for name, each in (*content.items(), (COMPLETE, b"")):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(each), modes.get(name, 0o644)
            archive.addfile(member, io.BytesIO(each))
    return buffer.getvalue()
