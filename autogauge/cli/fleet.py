"""``python -m autogauge fleet``: the suite on every machine of an inventory, and its results brought home."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from rich.live import Live
from rich.table import Table

from autogauge.cli import from_settings
from autogauge.cli.every import OF_A_COMMAND, REPORTS, AsJson
from autogauge.cli.from_settings import Mark, marked
from autogauge.errors import UserError
from autogauge.lab.fleet import DEADLINE_S, accounts, inventory, packed
from autogauge.lab.fleet.accounts import Account
from autogauge.lab.fleet.batch import Task
from autogauge.lab.fleet.inventory import Inventory
from autogauge.project_file import PYPROJECT
from autogauge.report import fleet as shown
from autogauge.report.console import console
from autogauge.report.output import print_json

if TYPE_CHECKING:
    from autogauge.lab.fleet.collector import FleetRun
    from autogauge.lab.fleet.queued import QueuedRun

EVERY_S, LASTS_S = 60.0, 1.0
"""How often those are named that are still at the same step, and how long a step lasts that is told at all."""
app = typer.Typer(
    help="Measure on every machine of a lab, by Ansible or through Slurm's queue.",
    epilog="Example: python -m autogauge fleet run lab.ini",
    no_args_is_help=True,
    **OF_A_COMMAND,
)

Lab = Annotated[Path, typer.Argument(metavar="LAB", help="The inventory, in Ansible's form (INI, YAML, a script).")]
Limit = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(metavar="PATTERN", help="Only these machines or groups, as Ansible's own --limit."),
]
Words = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Argument(metavar="[-- PYTEST OPTIONS]", help="More options of pytest -m perf, behind the inventory's."),
]
Reports = Annotated[
    Path,
    marked(
        Mark("--reports"), typer.Option(metavar="DIR", help="Where the one history is; the account goes there too.")
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="An unfit machine (doctor --strict) does not measure.")]


class Progress:
    """Who is at what, and since when, on standard error: a live table on a terminal, else a line for each step and one a minute."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, str]] = {}
        self._last = time.monotonic()
        is_live = sys.stderr.isatty() and not os.environ.get("CI")
        self._screen = console(file=sys.stderr)
        self._live = Live(console=self._screen, auto_refresh=False, transient=True) if is_live else None

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def __call__(self, everybody: Sequence[Account], changed: Account | None) -> None:
        """Show it."""
        if self._live:
            self._live.update(self._table(everybody), refresh=True)
            return
        for each in everybody:
            if each.is_over or time.monotonic() - each.since > LASTS_S:
                self._tell(each)
        if time.monotonic() - self._last >= EVERY_S:
            self._last = time.monotonic()
            for each in everybody:
                if not each.is_over and each.step:
                    self._print(f"{each.machine.name}  {each.step} for {_since(each)}{_doing(each)}")

    def _tell(self, account: Account) -> None:
        state = (account.step, str(account.outcome) if account.is_over else "")
        if state != self._told.get(account.machine.name) and any(state):
            self._told[account.machine.name] = state
            said = (
                f"{account.outcome}{f': {account.sentence}' if account.sentence else ''}"
                if account.is_over
                else f"{account.step}{_doing(account)}"
            )
            self._print(f"{account.machine.name}  {said}")

    def _print(self, line: str) -> None:
        self._screen.print(line, soft_wrap=True)

    def _table(self, everybody: Sequence[Account]) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False, expand=True)
        for _ in range(3):
            table.add_column()
        table.add_column(
            no_wrap=True, overflow="ellipsis", ratio=1
        )  # a machine is a line, and what matters stands first
        for each in everybody:
            is_over = each.is_over
            table.add_row(
                each.machine.name, str(each.outcome) if is_over else each.step or "waits", _since(each), each.doing
            )
        return table


def _since(account: Account) -> str:
    seconds = int(time.monotonic() - account.since)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


def _doing(account: Account) -> str:
    return f": {account.doing}" if account.doing else ""


@app.command(epilog="Example: python -m autogauge fleet check lab.ini --strict")
def check(lab: Lab, limit: Limit = None, strict: Strict = False, as_json: AsJson = False) -> None:
    """Ask every machine whether it can be reached, and what it has; nothing is started.

    Python, OpenVINO, room on its disk, how wrong its clock is, who holds its measuring lock. Exit status 1 where one is not ready.
    """
    found, collector = _read(lab, limit, "collector")
    with tempfile.TemporaryDirectory(prefix="autogauge-") as folder, Progress() as progress:
        everybody = collector.check(found, limit, Path(folder, "ansible.log"), progress, strict=strict)
    rows, line = [each.to_json() for each in everybody], accounts.in_a_line(everybody)
    notes = [*collector.keys.notes(found.machines), *accounts.locks_held(everybody), *accounts.same_computer(everybody)]
    if as_json:
        print_json({"machines": rows, "summary": line, "notes": notes})
    else:
        screen = console()
        screen.print(shown.check_table(rows))
        for line_of_one in shown.said(rows):
            screen.print(line_of_one)
        for each in notes:
            screen.print(f"NOTE  {each}")
        screen.print(line)
    if any(each.outcome is not accounts.Outcome.READY for each in everybody):
        raise typer.Exit(1)


@app.command(epilog="Example: python -m autogauge fleet run lab.ini --limit=lab-01,lab-02 -- -k hints")
def run(
    lab: Lab,
    words: Words = None,
    limit: Limit = None,
    reports: Reports = REPORTS,
    strict: Strict = False,
    deadline: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="In all; what measures then is ended.")
    ] = DEADLINE_S,
    as_json: AsJson = False,
) -> None:
    """Measure on every machine of the inventory by `pytest -m perf`, and bring the results home.

    Exit status 0 when every machine measured and nothing failed, 1 when something failed or a machine is missing.
    """
    found, collector = _read(lab, limit, "collector")
    from autogauge.lab.fleet import (
        asked,
    )  # the suite's options take half a second, and no other of these commands needs them

    asked.check(found, words or ())
    for each in (*collector.notes_before(found), *_only_here(words or ())):  # when it is over, it is too late
        typer.echo(f"NOTE  {each}", err=True)
    wanted = collector.Wanted(found, limit, reports, tuple(words or ()), strict, deadline)
    with Progress() as progress:
        done = collector.FleetRun(wanted, progress)
        done.go()
    _show(done, reports, as_json)


def _only_here(words: Sequence[str]) -> list[str]:
    """What settings say of a run on this computer, and of none on the machines."""
    from autogauge.defaults import last
    from autogauge.options import OPTIONS

    measured = [name for name, option in OPTIONS.items() if option.is_measured and last(words, name) is None]
    return [
        f"{each} holds on this computer, and on none of the machines: write it behind --, into autogauge_pytest_args, or into "
        f"{packed.PROJECT / PYPROJECT}, which is copied to them"
        for each in from_settings.here().from_elsewhere(measured, packed.PROJECT)
    ]


def _read(lab: Path, limit: str | None, engine: str) -> tuple[Inventory, Any]:
    """The inventory, and a module that does the rest: half a second of statistics and histories, imported while Ansible reads."""
    with ThreadPoolExecutor(1) as pool:
        module = pool.submit(importlib.import_module, f"autogauge.lab.fleet.{engine}")
        return inventory.read(lab, limit), module.result()


def _show(done: FleetRun | QueuedRun, reports: Path, as_json: bool) -> None:
    """What became of every machine; exit status 1 where not all is good."""
    if as_json:
        print_json({**done.to_json(), "account": str(done.path)})
    else:
        screen = console()
        rows = [each.to_json() for each in done.accounts]
        screen.print(shown.run_table(rows))
        for line in shown.said(rows):
            screen.print(line)
        for each in done.notes:
            screen.print(f"NOTE  {each}")
        screen.print(f"account: {done.path}")
        screen.print(f"history: {reports / 'history'}")
        screen.print(accounts.in_a_line(done.accounts))
    if not done.is_good:
        raise typer.Exit(1)


@app.command(epilog="Example: python -m autogauge fleet slurm lab.ini --out=/shared/autogauge --submit")
def slurm(
    lab: Lab,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Where the batch files go, and what jobs leave: a folder that all nodes see."),
    ],
    words: Words = None,
    limit: Limit = None,
    repeat: Annotated[
        int, typer.Option(metavar="N", help="So many runs of each machine, one after another (an array).")
    ] = 1,
    push: Annotated[
        str,
        typer.Option(
            metavar="PLACE", help="Where each job pushes its history: a folder, ssh://… or s3://…. [default: DIR]"
        ),
    ] = "",
    submit: Annotated[
        bool, typer.Option("--submit", help="Submit the files, wait for the jobs, and bring the results home.")
    ] = False,
    collect: Annotated[
        bool, typer.Option("--collect", help="Bring home what earlier jobs left in DIR; nothing is submitted.")
    ] = False,
    wait: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="How long, with --submit.")] = DEADLINE_S,
    reports: Reports = REPORTS,
    as_json: AsJson = False,
) -> None:
    """Make a batch file for each machine of the inventory, its node for itself; with --submit also submit and follow them.

    Exit status as that of `fleet run`. Without --submit: `sbatch DIR/MACHINE.sbatch` starts one.
    """
    if push and (submit or collect):
        raise UserError(
            "--push=PLACE sends the results to PLACE, so --submit and --collect would find none in DIR: "
            "leave --push out, or submit the files by sbatch and fetch by `history pull PLACE`."
        )
    if submit and collect:
        raise UserError("--submit starts new jobs and --collect starts none: give one of them.")
    found, queued = _read(lab, limit, "queued")
    wanted = queued.WantedJobs(found, out, reports, Task(tuple(words or ()), repeat, push), wait, limit)
    for each in () if collect else _only_here(words or ()):
        typer.echo(f"NOTE  {each}", err=True)
    with Progress() as progress:
        done = queued.QueuedRun(wanted, progress)
        if submit:
            done.go()
        elif collect:
            done.collect()
        else:
            _tell_files(done, as_json)
            return
    _show(done, reports, as_json)


def _tell_files(done: QueuedRun, as_json: bool) -> None:
    files = done.write()
    if as_json:
        print_json({name: str(path) for name, path in files.items()})
    else:
        typer.echo("".join(f"sbatch {path}\n" for path in files.values()), nl=False)
    for each in done.notes:
        typer.echo(f"NOTE  {each}", err=True)


@app.command(epilog="Example: python -m autogauge fleet pack")
def pack(
    into: Annotated[Optional[Path], typer.Argument(metavar="DIR", help="A folder for it; else the cache.")] = None,  # noqa: UP045
) -> None:
    """Pack the project as it is copied to machines, and print the file's path; the playbook asks for it when it is run by hand."""
    from autogauge.cache import default_cache_dir

    typer.echo(packed.pack(into or default_cache_dir() / "fleet").absolute())
