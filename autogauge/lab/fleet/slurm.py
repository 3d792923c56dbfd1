"""Slurm as the engine of a lab: a batch file for each machine of an inventory, their submission, and what became of each.

A machine is a node, which its job has for itself. A job measures by plain ``pytest -m perf``, pushes what it saved, and leaves its exit
status beside its output, in a folder that all nodes share; Slurm's own accounting is not needed. Which machines there are is left to
``inventory``.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import write_bytes
from autogauge.lab.fleet.inventory import Machine
from autogauge.lab.fleet.results import OUTPUT, STATUS, SUMMARY
from autogauge.plain import few, plain

COMMAND_S, ASK_EVERY_S = 60.0, 2.0
LIMIT_MIN = 120
MOST_REPEATS = 1000
BATCH, HISTORY = ".sbatch", "history"
USED = (
    *("slurm_node", "slurm_partition", "slurm_account", "slurm_minutes"),
    *("autogauge_project", "autogauge_python", "autogauge_base_python", "autogauge_folder", "autogauge_cache"),
    *("autogauge_lock", "autogauge_environment", "autogauge_pytest_args"),
)
"""The variables of the inventory that a batch file is made from; the second half is the playbook's too."""
_TEMPLATE = re.compile(r"\{\{|\{%")
_ID = re.compile(r"(\d{1,18})(;\S+)?\s*")
ENDED = (
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "TIMEOUT",
)


@dataclass(frozen=True)
class Asked:
    """What each job does: pytest's further ``words``, how often (``repeats``, one after another), and where it pushes its history.

    An empty ``push`` is ``history`` in the machine's own folder of jobs.
    """

    words: tuple[str, ...] = ()
    repeats: int = 1
    push: str = ""


@dataclass(frozen=True)
class Job:
    """A machine's job: Slurm's number of it, and the folder in which it leaves its output and its exit status."""

    machine: Machine
    number: str
    place: Path


@dataclass(frozen=True)
class Ended:
    """What became of a job: the exit statuses that its runs left, the state that Slurm tells, and the reason why it waits."""

    statuses: tuple[int, ...]
    state: str
    reason: str = ""


def batch(machine: Machine, asked: Asked, folder: Path) -> str:
    """The batch file of a machine; ``folder`` is where its output and its exit status are left. Raises :class:`UserError`."""
    own = _variables(machine)
    project = own.get("autogauge_project")
    if not project:
        raise UserError(
            f"{machine.name} has no autogauge_project: name the checkout that its node sees, in the inventory or for all machines."
        )
    place = folder / machine.folder
    once = asked.repeats == 1
    directives = {
        "job-name": f"autogauge-{machine.folder}",
        "nodelist": own.get("slurm_node") or machine.name,
        "nodes": "1",
        "ntasks": "1",
        "exclusive": "",
        "time": own.get("slurm_minutes") or str(LIMIT_MIN),
        "partition": own.get("slurm_partition", ""),
        "account": own.get("slurm_account", ""),
        "array": "" if once else f"1-{asked.repeats}%1",
        "output": f'"{place / OUTPUT}{"" if once else "-%a"}"',
    }
    head = [
        f"#SBATCH --{name}{'=' if value else ''}{value}"
        for name, value in directives.items()
        if value or name == "exclusive"
    ]
    home = own.get("autogauge_folder") or f"$HOME/autogauge-lab/{machine.folder}"
    words = [*_words(own.get("autogauge_pytest_args")), *asked.words]
    lines = [
        "#!/bin/sh",
        f"# Measures on {plain(machine.name)}, which is called {plain(machine.called)} in history; `sbatch` starts it.",
        *head,
        f"place={shlex.quote(str(place))}; number={'' if once else '-$SLURM_ARRAY_TASK_ID'}",
        'trap \'echo "$?" >"$place/status$number"\' EXIT',
        f"folder={_path(home)}; project={_path(project)}",
        'mkdir -p "$folder" && cd "$project" || exit 2',
        "export AUTOGAUGE_CACHE=" + (_path(own["autogauge_cache"]) if "autogauge_cache" in own else '"$folder/cache"'),
        *([f"export AUTOGAUGE_LOCK={_path(own['autogauge_lock'])}"] if own.get("autogauge_lock") else []),
        *(f"export {name}={shlex.quote(value)}" for name, value in _environment(machine).items()),
        *_python(own),
        f'"$python" -m pytest -m perf --machine={shlex.quote(machine.called)} --reports="$folder/reports" {shlex.join(words)}'.rstrip(),
        "status=$?",
        'cp "$folder/reports/latest/summary.json" "$place/" 2>/dev/null',
        *_pushing(shlex.quote(asked.push) if asked.push else f"{shlex.quote(str(place / HISTORY))} --new"),
        "exit $status",
    ]
    return "\n".join(lines) + "\n"


def _python(own: Mapping[str, str]) -> list[str]:
    """An interpreter that has the requirements: one that is named, or an environment that the job makes."""
    if own.get("autogauge_python"):
        return [f"python={_path(own['autogauge_python'])}"]
    return [
        'python="$folder/venv/bin/python"; wanted=$(sha256sum <requirements.txt)',
        'if [ "$(cat "$folder/venv/made-for" 2>/dev/null)" != "$wanted" ]; then',
        f'    {shlex.quote(own.get("autogauge_base_python") or "python3")} -m venv "$folder/venv" || exit 2',
        '    "$python" -m pip install --quiet --disable-pip-version-check -r requirements.txt || exit 2',
        '    echo "$wanted" >"$folder/venv/made-for"',
        "fi",
    ]


def _pushing(where: str) -> list[str]:
    """What was measured is pushed, whatever became of it; a push that fails is a status of its own. ``where`` is words of a shell."""
    return [
        f'"$python" -m autogauge history push {where} --history="$folder/reports/history" || {{',
        '    echo "its results are still in $folder/reports/history"; [ $status -gt 1 ] || status=2',
        "}",
    ]


def _variables(machine: Machine) -> dict[str, str]:
    """Those that a batch file is made from, as text. Raises :class:`UserError` for a template, which only Ansible can fill in."""
    found = {}
    for name in USED:
        value = machine.variables.get(name)
        if name == "autogauge_environment" or value in (None, "", [], {}):
            continue
        text = shlex.join(map(str, value)) if isinstance(value, list) else str(value)
        if _TEMPLATE.search(text) or not text.isprintable():
            raise UserError(
                f"{name} of {machine.name} is a template or no single line, which a batch file cannot hold: write its value itself."
            )
        found[name] = text
    minutes = found.get("slurm_minutes", "1")
    if not minutes.isdigit() or not int(minutes):
        raise UserError(f"slurm_minutes of {machine.name} is {minutes!r}: give whole minutes.")
    for name in ("slurm_node", "slurm_partition", "slurm_account"):
        if not re.fullmatch(r"[\w.,@-]*", found.get(name, ""), re.ASCII):
            raise UserError(
                f"{name} of {machine.name} is {found[name]!r}, which Slurm cannot call anything: give its name."
            )
    return found


def _environment(machine: Machine) -> dict[str, str]:
    given = machine.variables.get("autogauge_environment") or {}
    if not isinstance(given, Mapping) or not all(re.fullmatch(r"[A-Za-z_]\w*", str(each), re.ASCII) for each in given):
        raise UserError(f"autogauge_environment of {machine.name} is to be names with values.")
    return {str(name): str(value) for name, value in given.items()}


def _words(given: str | None) -> list[str]:
    try:
        return shlex.split(given or "")
    except ValueError as error:
        raise UserError(f"autogauge_pytest_args are no words of a shell ({error}): {plain(given or '')}.") from None


def _path(text: str) -> str:
    """A path for the shell; ``~/`` and ``$HOME/`` at its beginning are the node's user's."""
    for mark in ("~/", "$HOME/"):
        if text.startswith(mark):
            return f'"$HOME"/{shlex.quote(text[len(mark) :])}'
    return shlex.quote(text)


def write(machines: Sequence[Machine], asked: Asked, folder: Path) -> dict[str, Path]:
    """The batch file of each machine, by its name; all are made before the first one is written. Raises :class:`UserError`."""
    if not 1 <= asked.repeats <= MOST_REPEATS:
        raise UserError(f"{asked.repeats} repeats are not between 1 and {MOST_REPEATS} (--repeat).")
    folder = folder.absolute()
    if re.search(r'[%"\\\s]', str(folder).replace(" ", "")) or not str(folder).isprintable():
        raise UserError(
            f"{plain(str(folder))} has a sign that Slurm takes for something else (%, quotes, a backslash): name another folder (--out)."
        )
    texts = {each.name: (folder / f"{each.folder}{BATCH}", batch(each, asked, folder)) for each in machines}
    for each in machines:
        (folder / each.folder).mkdir(parents=True, exist_ok=True)
    for path, text in texts.values():
        write_bytes(path, text.encode())
    return {name: path for name, (path, _) in texts.items()}


def require() -> None:
    """Raise :class:`UserError` where Slurm's commands are not."""
    if missing := [each for each in ("sbatch", "squeue") if shutil.which(each) is None]:
        raise UserError(
            f"Slurm's {few(missing)} cannot be found here: submit the batch files where Slurm is, or put its folder into PATH."
        )


def submit(machine: Machine, path: Path) -> Job:
    """Put a machine's job into the queue. Raises :class:`UserError` with what Slurm says."""
    place = path.parent / machine.folder
    for left in (each for name in (STATUS, SUMMARY, OUTPUT) for each in place.glob(f"{name}*")):
        left.unlink(missing_ok=True)  # of an earlier job
    said = _run("sbatch", "--parsable", str(path))
    if not (found := _ID.fullmatch(said)):
        raise UserError(f"sbatch said {plain(said)!r} of {machine.name}, which is no number of a job.")
    return Job(machine, found[1], place)


def states(jobs: Sequence[Job]) -> dict[str, tuple[str, str]]:
    """Of each job that Slurm still has in its queue the state and the reason, by machine: of an array that of its first part."""
    told: dict[str, tuple[str, str]] = {}
    for line in _run("squeue", "--noheader", "--states=all", "--format=%A|%F|%T|%r").splitlines():
        job, array, state, reason = ([*line.strip().split("|"), "", "", ""])[:4]
        for each in jobs:
            if each.number in (job, array) and (state not in ENDED or each.machine.name not in told):
                told[each.machine.name] = state, reason
    return {name: each for name, each in told.items() if each[0] not in ENDED}


def ended(job: Job, asked: Asked, waiting: Mapping[str, tuple[str, str]]) -> Ended:
    """What a job left so far."""
    numbers = [""] if asked.repeats == 1 else [f"-{each}" for each in range(1, asked.repeats + 1)]
    statuses = []
    for number in numbers:
        text = _read(job.place / f"{STATUS}{number}").strip()
        if text.isascii() and text.isdigit():
            statuses.append(int(text))
    state, reason = waiting.get(job.machine.name, ("ended", ""))
    return Ended(tuple(statuses), state, reason)


def output(job: Job) -> str:
    """What the job printed, of an array its newest part."""
    found = sorted(job.place.glob(f"{OUTPUT}*"), key=lambda path: path.stat().st_mtime)
    return _read(found[-1]) if found else ""


def wait(
    jobs: Sequence[Job], asked: Asked, longest_s: float, tell: Callable[[Mapping[str, Ended]], None] = lambda _: None
) -> dict[str, Ended]:
    """Wait until all jobs have ended, at most so long; ``tell`` hears of each look. Returns what became of each, by machine."""
    stop_at = time.monotonic() + longest_s
    while True:
        waiting = states(jobs)
        found = {each.machine.name: ended(each, asked, waiting) for each in jobs}
        tell(found)
        if not waiting or time.monotonic() >= stop_at:
            return found
        time.sleep(min(ASK_EVERY_S, max(0.0, stop_at - time.monotonic())))


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _run(*words: str) -> str:
    """What one of Slurm's commands prints. Raises :class:`UserError` with what it says."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=COMMAND_S, check=False)
    except OSError as error:
        raise UserError(f"{words[0]} cannot be started: {error.strerror}.") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"{words[0]} did not answer within {COMMAND_S:g} s: is Slurm's controller there?") from None
    if done.returncode:
        said = plain((done.stderr.strip().splitlines() or ["it says nothing"])[-1], 300)
        raise UserError(f"{words[0]} refused: {said.removeprefix(f'{words[0]}: ')}.")
    return done.stdout
