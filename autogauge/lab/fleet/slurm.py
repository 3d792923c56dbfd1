"""Slurm's queue as the engine of a lab: jobs are submitted, asked after, and judged by what they left; Slurm's accounting is not needed.

What a job does is left to ``batch``, following the jobs of all machines to ``queued``.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import read_regular, write_bytes
from autogauge.lab.fleet.batch import OUTPUT, PUSHED, STATUS, SUBMITTED, SUMMARY
from autogauge.lab.fleet.inventory import Machine
from autogauge.plain import few, plain

COMMAND_S = 60.0
LARGEST = 64 * 2**20
_NO_CONFIGURATION = re.compile("establish a configuration source|process configuration file")
_ID = re.compile(r"(\d{1,18})(?:;(\S+))?\s*")
_FILE = re.compile(r"(\d{1,18})(?:_(\d{1,4}))?(\.[a-z.]+)")
_PUSHED = re.compile(r"^exit status (\d+) of (.*)$")
ENDED = (
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED"),
    *("REVOKED", "TIMEOUT"),
)


@dataclass(frozen=True)
class Job:
    """A machine's job: Slurm's number of it, the folder in which it leaves what became of it, its parts (1 where it is no array)."""

    machine: Machine
    number: str
    place: Path
    parts: int = 1
    cluster: str = ""

    @property
    def stems(self) -> list[str]:
        """What the names of its parts' files begin with, in the order in which they run."""
        return [self.number] if self.parts == 1 else [f"{self.number}_{each}" for each in range(1, self.parts + 1)]


@dataclass(frozen=True)
class State:
    """What Slurm says of a job in its queue: its word, and the reason why it waits."""

    word: str
    reason: str = ""

    @property
    def is_over(self) -> bool:
        """Whether it runs no more, and will not."""
        return self.word in ENDED


def require() -> None:
    """Raise :class:`UserError` where Slurm's commands are not."""
    if missing := [each for each in ("sbatch", "squeue") if shutil.which(each) is None]:
        raise UserError(
            f"Slurm's {few(missing)} cannot be found here: submit the batch files where Slurm is, or put its folder into PATH."
        )


def submit(machine: Machine, path: Path, parts: int = 1) -> Job:
    """Put a machine's job into the queue. Raises :class:`UserError` with what Slurm says."""
    said = _run("sbatch", "--parsable", str(path))
    if not (found := _ID.fullmatch(said)):
        raise UserError(f"sbatch said {plain(said)!r} of {machine.name}, which is no number of a job.")
    job = Job(machine, found[1], path.parent / machine.folder, parts, found[2] or "")
    write_bytes(job.place / f"{job.number}{SUBMITTED}", f"{parts} {job.cluster}\n".encode())
    return job


def newest(machine: Machine, folder: Path) -> Job | None:
    """The machine's job with the highest number of those that left anything in ``folder``, whoever submitted it."""
    place = folder / machine.folder
    found = [each for name in _listing(place) if (each := _FILE.fullmatch(name))]
    if not found:
        return None
    number = max((each[1] for each in found), key=int)
    parts, _, cluster = _text(place / f"{number}{SUBMITTED}").strip().partition(" ")
    known = [int(each[2]) for each in found if each[1] == number and each[2]]
    return Job(machine, number, place, max([int(parts) if parts.isdigit() else 1, *known]), cluster)


def states(jobs: Sequence[Job]) -> dict[str, State]:
    """What Slurm says of each job that it knows, by machine: of an array, what is not over before what is. Raises :class:`UserError`."""
    told: dict[str, State] = {}
    for cluster in sorted({each.cluster for each in jobs}):
        where = [f"--clusters={cluster}"] if cluster else []
        said = _run("squeue", "--me", "--noheader", "--states=all", "--format=%A|%F|%T|%r", *where)
        for line in said.splitlines():
            job, array, state, reason = ([*line.strip().split("|"), "", "", ""])[:4]
            for each in jobs:
                known = told.get(each.machine.name)
                # A part that measures says more than those behind it, which wait.
                weaker = known is None or known.is_over or known.word == "PENDING"
                if each.cluster == cluster and each.number in (job, array) and weaker:
                    told[each.machine.name] = known if known and state in ENDED else State(state, reason)
    return told


def statuses(job: Job) -> dict[str, int]:
    """The exit statuses that its parts left so far, by the beginnings of their files' names."""
    _listing(job.place)  # a folder on another computer is looked at anew, not only remembered
    left = {stem: _text(job.place / f"{stem}{STATUS}").strip() for stem in job.stems}
    return {stem: int(text) for stem, text in left.items() if text.isascii() and text.isdigit()}


def ended(job: Job) -> datetime.datetime | None:
    """When the last of those of its parts that left an exit status did so, by the clock of the folder; ``None`` where none did."""
    left = [job.place / f"{stem}{STATUS}" for stem in statuses(job)]
    with contextlib.suppress(OSError):
        if left:
            return datetime.datetime.fromtimestamp(max(each.stat().st_mtime for each in left), datetime.timezone.utc)
    return None


def output(job: Job, stem: str) -> str:
    """What a part printed, its end."""
    return _text(job.place / f"{stem}{OUTPUT}")[-200_000:]


def summaries(job: Job, left: Iterable[str]) -> list[Path]:
    """The summaries of those parts that left one."""
    return [path for stem in left if (path := job.place / f"{stem}{SUMMARY}").is_file()]


def unpushed(job: Job) -> list[str]:
    """Sentences about what a part could not push."""
    found = []
    for stem in job.stems:
        lines = [each for each in _text(job.place / f"{stem}{PUSHED}").splitlines() if each.strip()]
        ended = _PUSHED.fullmatch(lines[-1]) if lines else None
        if ended and ended[1] != "0":
            why = plain(lines[-2], 500).removeprefix("autogauge: ") if len(lines) > 1 else f"exit status {ended[1]}"
            found.append(f"its results are still on the node: {plain(ended[2], 500)} ({why.rstrip('. ')})")
    return list(dict.fromkeys(found))


def _listing(place: Path) -> list[str]:
    try:
        return sorted(each.name for each in place.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return read_regular(path, LARGEST).decode(errors="replace")
    except OSError:
        return ""


def _run(*words: str) -> str:
    """What one of Slurm's commands prints. Raises :class:`UserError` with what it says."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=COMMAND_S, check=False)
    except OSError as error:
        raise UserError(f"{words[0]} cannot be started: {error.strerror}.") from None
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{words[0]} did not answer within {COMMAND_S:g} s: is Slurm's controller there?"
            + (" The job may be in the queue all the same: look with squeue --me" if words[0] == "sbatch" else "")
        ) from None
    if done.returncode:
        said = plain((done.stderr.strip().splitlines() or ["it says nothing"])[-1], 300)
        if _NO_CONFIGURATION.search(done.stderr):
            raise UserError(
                f"{words[0]} finds no cluster ({said.removeprefix(f'{words[0]}: fatal: ')}): run this on a computer of the cluster, "
                "or name its configuration (SLURM_CONF=PATH in the environment)."
            )
        raise UserError(f"{words[0]} refused: {said.removeprefix(f'{words[0]}: ')}.")
    return done.stdout
