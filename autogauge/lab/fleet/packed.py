"""The project as one file, as it is copied to a lab's machines: the very suite that stands here. Copying it is left to the playbook.

Only the suite travels: what git tracks, and without git what the suite is known to be made of. Whatever else lies in the checkout (an
inventory with passwords, results, addresses of channels) stays here, and no file may be read by more people there than here.

Its name is a digest of what is in it, so that a machine which has it already is not given it again.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import stat
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_bytes

PROJECT = Path(__file__).resolve().parents[3]
NEEDED = ("conftest.py", "pytest.ini", "requirements.txt", "fixtures", "tests/perf")
"""Without these it is an installed library, and no suite to be run."""
OWN = ("autogauge", "fixtures", "tests/perf")
"""The folders that are the suite's; files of other kinds than these do not belong to it where no git says so."""
KINDS = {".py", ".sh", ".yml", ".json", ".html", ".css", ".js", ".c", ".h", ".png"}
ABOVE = ("conftest.py", "pytest.ini", "pyproject.toml", "requirements*.txt", "requirements*.lock", "tests/*.py")
OF_AN_INVENTORY = {"group_vars", "host_vars"}
COMPLETE = ".complete"
"""The last file in it: where it is there, all of it is."""
MOST_BYTES = 200 * 2**20
GIT_DEADLINE_S = 60.0
WIDEST = 0o755
KEPT_S = 7 * 86400.0
"""So long an older pack is kept beside a new one: a playbook that began with it may still copy it."""


def pack(into: Path, project: Path = PROJECT, without: Path | None = None) -> Path:
    """Pack the project into ``into``, as a ``.tar.gz`` that is named by its content; returns the path.

    ``without`` is an inventory, which never travels, also where git tracks it. Raises :class:`UserError`.
    """
    if missing := [name for name in NEEDED if not (project / name).exists()]:
        raise UserError(
            f"{project} is no checkout of the suite (there is no {missing[0]}): run fleet from a checkout, or name one on the machines "
            "(autogauge_project, autogauge_repository in the inventory)."
        )
    try:
        names = sorted(_names(project, without))
        content = {name: (project / name).read_bytes() for name in names}
        modes = {name: stat.S_IMODE((project / name).stat().st_mode) & WIDEST for name in names}
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
        digest.update(f"{name}\0{modes[name]}\0{len(each)}\0".encode("utf-8", "surrogateescape") + each)
    path = into / f"project-{digest.hexdigest()[:12]}.tar.gz"
    try:
        if path.exists():
            os.utime(path)
        else:
            write_bytes(path, _archive(content, modes))
        _remove_old(path)
    except OSError as error:
        raise explain_os_error(error, f"cannot write {path}", "--cache=DIR") from error
    return path


def unknown_to_git(project: Path = PROJECT) -> list[str]:
    """The suite's files that git does not track yet, and which are therefore not packed: a new study, say."""
    names = _listed_by_git(project, "--others", "--exclude-standard", "--", *OWN)
    return [name for name in names or () if name.endswith(".py")]


def _names(project: Path, without: Path | None) -> Iterator[str]:
    """The files of the project: what git tracks; where there is no git, what the suite is known to be made of."""
    tracked = _listed_by_git(project, "--cached")
    if tracked is None or not all(any(f"{name}/".startswith(f"{need}/") for name in tracked) for need in NEEDED):
        tracked = [str(path.relative_to(project)) for path in _known(project)]  # as in a folder that git ignores
    inventory = None if without is None else without.resolve()
    whole, known = project.resolve(), set(tracked)
    for name in tracked:
        path, real = project / name, (project / name).resolve()
        if not path.is_file() or OF_AN_INVENTORY & set(Path(name).parts):
            continue
        if path.is_symlink() and not (real.is_relative_to(whole) and str(real.relative_to(whole)) in known):
            continue  # it leads to what is not the project's
        if inventory is None or (real != inventory and inventory not in real.parents) or inventory == whole:
            yield name


def _listed_by_git(project: Path, *words: str) -> list[str] | None:
    """What ``git ls-files`` says; ``None`` where git is not there, or knows nothing of that folder."""
    command = ["git", "-C", str(project), "ls-files", "-z", *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_DEADLINE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return [name for name in done.stdout.decode("utf-8", "surrogateescape").split("\0") if name]


def _known(project: Path) -> Iterator[Path]:
    for pattern in ABOVE:
        yield from project.glob(pattern)
    for folder in OWN:
        for path in (project / folder).rglob("*"):
            hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(project).parts)
            if path.suffix in KINDS and not hidden:
                yield path


def _remove_old(newest: Path) -> None:
    """Packs of earlier days do not pile up."""
    for each in newest.parent.glob("project-*.tar.gz"):
        with contextlib.suppress(OSError):
            if each != newest and time.time() - each.stat().st_mtime > KEPT_S:
                each.unlink()


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
