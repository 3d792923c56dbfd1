"""The batch files that a lab's jobs in Slurm's queue are made from: one for each machine of an inventory.

A job has its machine, a node, for itself. It measures by plain ``pytest -m perf``, pushes what it saved, and leaves what became of it in a
folder that all nodes share, under its own number. How jobs are submitted and followed is left to ``slurm``.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import write_bytes
from autogauge.lab.fleet import variables
from autogauge.lab.fleet.inventory import Machine
from autogauge.plain import few, plain

LIMIT_MIN = int(variables.KNOWN["slurm_minutes"].default)
MOST_REPEATS = 1000
BATCH, HISTORY, AT_HOME = ".sbatch", "history", "at-home"
OUTPUT, STATUS, SUMMARY, PUSHED, SUBMITTED = ".output", ".status", ".summary.json", ".pushed", ".submitted"
"""What a job leaves, behind its number (of an array: ``NUMBER_PART``); the last is left by whoever submits: how many parts it has."""
EXPORTED = "HOME,LANG,PATH,USER"
"""All that a job gets of the submitter's environment."""
USED = (
    *("slurm_node", "slurm_partition", "slurm_account", "slurm_minutes"),
    *("autogauge_project", "autogauge_python", "autogauge_base_python", "autogauge_folder", "autogauge_cache"),
    *("autogauge_lock", "autogauge_environment", "autogauge_pytest_args", "autogauge_strict"),
)
"""The variables of the inventory that a batch file is made from; those of ``autogauge`` are the playbook's too."""
UNUSED = (
    *("autogauge_limit_s", "autogauge_silence_s", "autogauge_clock_s", "autogauge_least_free_mib"),
    *("autogauge_repository", "autogauge_version"),
)
"""Those of the playbook that mean nothing here."""


@dataclass(frozen=True)
class Task:
    """What each job does: pytest's further ``words``, how often (``repeats``, one after another), and where it pushes its history.

    An empty ``push`` is ``history`` in the machine's own folder of jobs.
    """

    words: tuple[str, ...] = ()
    repeats: int = 1
    push: str = ""


def batch(machine: Machine, task: Task, folder: Path) -> str:
    """The batch file of a machine; ``folder`` is where its output and its exit status are left. Raises :class:`UserError`."""
    own = _variables(machine)
    project = own.get("autogauge_project")
    if not project:
        raise UserError(
            f"{machine.name} has no autogauge_project: name the checkout that its node sees, in the inventory or for all machines."
        )
    place = folder / machine.folder
    once = task.repeats == 1
    directives = {
        "job-name": f"autogauge-{machine.folder}",
        "nodelist": own["slurm_node"],
        "nodes": "1",
        "ntasks": "1",
        "exclusive": "",
        "export": EXPORTED,
        "time": own.get("slurm_minutes") or str(LIMIT_MIN),
        "partition": own.get("slurm_partition", ""),
        "account": own.get("slurm_account", ""),
        "array": "" if once else f"1-{task.repeats}%1",
        "output": f'"{place / ("%j" if once else "%A_%a")}{OUTPUT}"',
    }
    head = [
        f"#SBATCH --{name}{'=' if value else ''}{value}"
        for name, value in directives.items()
        if value or name == "exclusive"
    ]
    words = [*_words(own.get("autogauge_pytest_args")), *task.words]
    lines = [
        "#!/bin/sh",
        f"# Measures on {plain(machine.name)}, which is called {plain(machine.called)} in history; `sbatch` starts it.",
        *head,
        f"job={shlex.quote(str(place))}/" + ("$SLURM_JOB_ID" if once else "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"),
        f': >"$job{STATUS}"; rm -f "$job{SUMMARY}" "$job{PUSHED}"',  # a cluster that was made anew counts from 1 again
        f'trap \'left=$?; echo "$left" >"$job{STATUS}.new" && mv "$job{STATUS}.new" "$job{STATUS}"\' EXIT',
        "trap 'exit 143' TERM INT",  # without it some shells that are ended leave the status of what came before
        f"folder={_path(home(machine))}; project={_path(project)}",
        'mkdir -p "$folder" && cd "$project" || exit 2',
        "export AUTOGAUGE_CACHE=" + (_path(own["autogauge_cache"]) if "autogauge_cache" in own else '"$folder/cache"'),
        *([f"export AUTOGAUGE_LOCK={_path(own['autogauge_lock'])}"] if own.get("autogauge_lock") else []),
        *(f"export {name}={shlex.quote(value)}" for name, value in _environment(machine).items()),
        *_python(own),
        *_doctor(own),
        *_said_at_home(shlex.quote(str(place / AT_HOME))),
        ': >"$folder/before"',  # what is older is of an earlier session
        f'"$python" -m pytest -m perf --machine={shlex.quote(machine.called)} --reports="$folder/reports" {shlex.join(words)}'.rstrip(),
        "status=$?",
        'summary="$folder/reports/latest/summary.json"',
        f'[ "$summary" -nt "$folder/before" ] && cp "$summary" "$job{SUMMARY}"',
        *_pushing(shlex.quote(task.push) if task.push else f"{shlex.quote(str(place / HISTORY))} --new"),
        "exit $status",
    ]
    return "\n".join(lines) + "\n"


def home(machine: Machine) -> str:
    """Where everything of a machine lies on its node."""
    return str(machine.variables.get("autogauge_folder") or f"~/autogauge-lab/{machine.folder}")


def _doctor(own: Mapping[str, str]) -> list[str]:
    """Where the inventory wants it: no measuring on a machine that is not fit."""
    if not variables.is_yes(own.get("autogauge_strict")):
        return []
    return [
        'said=$("$python" -m autogauge doctor --strict 2>&1); fit=$?; echo "$said"',
        "if [ $fit -ne 0 ]; then",
        """    echo "autogauge: doctor --strict: $(echo "$said" | tail -n 1 | sed -e 's/^error: //' -e 's/^autogauge: //')"; exit 2""",
        "fi",
    ]


def _said_at_home(listed: str) -> list[str]:
    """What was said of its runs at home counts before anything is judged. ``listed`` is a word of a shell."""
    return [
        f"if [ -s {listed} ]; then",
        f'    said=$("$python" -m autogauge.lab.fleet.said_at_home {listed} "$folder/reports/history" 2>&1) ||',
        '        said="NOTE  what was said of its runs at home (accept, reject) does not count here: $(echo "$said" | tail -n 1)"',
        '    [ -z "$said" ] || echo "$said"',
        "fi",
    ]


def _python(own: Mapping[str, str]) -> list[str]:
    """An interpreter that has the requirements: one that is named, or an environment that the job makes."""
    if own.get("autogauge_python"):
        return [f"python={_path(own['autogauge_python'])}"]
    return [
        'python="$folder/venv/bin/python"; wanted=$(sha256sum <requirements.txt)',
        'if [ "$(cat "$folder/venv/made-for" 2>/dev/null)" != "$wanted" ]; then',
        f'    {_path(own.get("autogauge_base_python") or "python3")} -m venv "$folder/venv" || exit 2',
        '    "$python" -m pip install --quiet --disable-pip-version-check -r requirements.txt || exit 2',
        '    echo "$wanted" >"$folder/venv/made-for"',
        "fi",
    ]


def _pushing(where: str) -> list[str]:
    """What was measured is pushed, whatever became of it. It tells of itself in its own file. ``where`` is words of a shell."""
    return [
        "{",
        f'    "$python" -m autogauge history push {where} --history="$folder/reports/history"',
        '    echo "exit status $? of $folder/reports/history"',
        f'}} >"$job{PUSHED}" 2>&1',
    ]


def _variables(machine: Machine) -> dict[str, str]:
    """Those that a batch file is made from, as text. Raises :class:`UserError` for what only Ansible can tell: a template, a secret."""
    variables.check(machine.name, machine.variables, "the inventory")
    found = {}
    for name in USED:
        value = machine.variables.get(name)
        if name == "autogauge_environment" or value in (None, "", [], {}):
            continue
        is_open = any(map(variables.is_open, value if isinstance(value, list) else [value]))
        text = shlex.join(map(str, value)) if isinstance(value, list) else str(value)
        if is_open or not text.isprintable():
            what = variables.why_open(value) if is_open else "no single line"
            raise UserError(
                f"{name} of {machine.name} is {what}, which a batch file cannot hold: write its value itself."
            )
        found[name] = text
    found.setdefault("slurm_node", machine.name)
    variables.check(machine.name, {"slurm_node": found["slurm_node"]}, "the inventory")  # it may be the machine's name
    return found


def _environment(machine: Machine) -> dict[str, str]:
    given = machine.variables.get("autogauge_environment") or {}
    if variables.is_open(given) or not isinstance(given, Mapping):
        raise UserError(
            f"autogauge_environment of {machine.name} is {variables.why_open(given)}, which a batch file cannot hold: write it itself."
        )
    for name, value in given.items():
        is_open = variables.is_open(value)
        if is_open or "\0" in str(value):
            raise UserError(
                f"{name} in autogauge_environment of {machine.name} is {variables.why_open(value) if is_open else 'no text'}, "
                "which a batch file cannot hold: write its value itself."
            )
    return {str(name): "" if value is None else str(value) for name, value in given.items()}


def _words(given: str | None) -> list[str]:
    try:
        return shlex.split(given or "")
    except ValueError as error:
        raise UserError(f"autogauge_pytest_args are no words of a shell ({error}): {plain(given or '')}.") from None


def _path(text: str) -> str:
    """A path for the shell; ``~/``, ``$HOME/`` and ``${HOME}/`` at its beginning are the node's user's."""
    for mark in variables.AT_HOME:
        if text.startswith(mark):
            return f'"$HOME"/{shlex.quote(text[len(mark) :])}'
    return shlex.quote(text)


def write(machines: Sequence[Machine], task: Task, folder: Path) -> dict[str, Path]:
    """The batch file of each machine, by its name; all are made before the first one is written. Raises :class:`UserError`.

    Only their owner may read them, since the values in them may be secrets.
    """
    if not 1 <= task.repeats <= MOST_REPEATS:
        raise UserError(f"{task.repeats} repeats are not between 1 and {MOST_REPEATS} (--repeat).")
    folder = folder.absolute()
    if re.search(r'[%"\\\s]', str(folder).replace(" ", "")) or not str(folder).isprintable():
        raise UserError(
            f"{plain(str(folder))} has a sign that Slurm takes for something else (%, quotes, a backslash): name another folder (--out)."
        )
    texts = {each.name: (folder / f"{each.folder}{BATCH}", batch(each, task, folder)) for each in machines}
    _refuse_one_folder(machines)
    for each in machines:
        (folder / each.folder).mkdir(parents=True, exist_ok=True)
    earlier = os.umask(0o077)
    try:
        for path, text in texts.values():
            write_bytes(path, text.encode())
    finally:
        os.umask(earlier)
    return {name: path for name, (path, _) in texts.items()}


def _refuse_one_folder(machines: Sequence[Machine]) -> None:
    owners: dict[str, str] = {}
    for each in machines:
        place = os.path.normpath(re.sub(r"^(?:\$HOME|\$\{HOME\})(?=/)", "~", home(each)))
        if place in owners:
            raise UserError(
                f"{owners[place]} and {each.name} have one folder, {plain(place)}, where each would take the other's runs: "
                "give each its own (autogauge_folder)."
            )
        owners[place] = each.name


def unused(machines: Sequence[Machine]) -> str:
    """A sentence about variables that mean nothing to a job in the queue; empty where there is none."""
    names = [name for name in UNUSED if any(each.variables.get(name) not in (None, "") for each in machines)]
    return f"{few(names)} in the inventory: without a meaning for Slurm (slurm_minutes is its limit)" if names else ""
