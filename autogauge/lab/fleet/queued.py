"""A fleet run through Slurm's queue: a job for each machine, followed to its end, its results brought home, every machine accounted for.

The jobs themselves are left to ``slurm``, what a machine left to ``results``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge import __version__
from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_json
from autogauge.lab.fleet import accounts, results, slurm
from autogauge.lab.fleet.account_file import SCHEMA
from autogauge.lab.fleet.accounts import Account, Outcome
from autogauge.lab.fleet.collector import Watch
from autogauge.lab.fleet.inventory import Inventory
from autogauge.lab.fleet.slurm import Asked, Ended, Job

_SAID = re.compile(
    r"^(?:!* *_pytest\.outcomes\.Exit: |Exit: |autogauge: |ERROR: |slurmstepd: error: \**)(.*?)[ !*]*$", re.MULTILINE
)
WAITS, MEASURES = "wait in the queue", "measure"


@dataclass(frozen=True)
class Queued:
    """What is to be done: the batch files go to ``folder``, which all nodes see; what comes home goes to ``reports``."""

    inventory: Inventory
    folder: Path
    reports: Path
    asked: Asked
    longest_s: float = 4 * 3600.0


class QueuedRun:
    """The jobs of one call; ``accounts`` has each machine of the inventory, in its order."""

    def __init__(self, wanted: Queued, watch: Watch) -> None:
        self.wanted, self._watch = wanted, watch
        self.accounts = [Account(each) for each in wanted.inventory.machines]
        self.notes: list[str] = []
        self.started = datetime.datetime.now(datetime.timezone.utc)
        self.path = wanted.reports / "fleet" / f"{self.started:%Y%m%dT%H%M%SZ}-slurm.json"

    @property
    def is_good(self) -> bool:
        """Whether every machine measured, nothing failed, and all is home."""
        return all(each.is_good for each in self.accounts)

    def write(self) -> dict[str, Path]:
        """The batch files, by machine; nothing is submitted. Raises :class:`UserError`."""
        try:
            return slurm.write([each.machine for each in self.accounts], self.wanted.asked, self.wanted.folder)
        except OSError as error:
            raise explain_os_error(error, f"cannot write in {self.wanted.folder}", "--out=DIR") from error

    def go(self) -> None:
        """Submit, wait, bring home. Raises :class:`UserError` before anything is in the queue; then every machine is accounted for."""
        slurm.require()
        files = self.write()
        jobs: list[Job] = []
        by_name = {each.machine.name: each for each in self.accounts}
        for account in self.accounts:
            try:
                jobs.append(slurm.submit(account.machine, files[account.machine.name]))
                account.step = WAITS
            except UserError as error:
                account.end(Outcome.NOT_STARTED, str(error))
        try:
            self._follow(jobs, by_name)
        finally:
            for each in self.accounts:
                each.end(Outcome.NOT_STARTED, "its job was not followed to its end: look with squeue")
            self._write()

    def _follow(self, jobs: Sequence[Job], by_name: Mapping[str, Account]) -> None:
        def tell(found: Mapping[str, Ended]) -> None:
            for name, each in found.items():
                step = WAITS if each.state == "PENDING" else MEASURES
                changed = by_name[name] if by_name[name].step != step else None
                by_name[name].step, by_name[name].doing = step, each.reason if step == WAITS else ""
                self._watch(self.accounts, changed)

        found = slurm.wait(jobs, self.wanted.asked, self.wanted.longest_s, tell) if jobs else {}
        for job in jobs:
            self._judge(by_name[job.machine.name], job, found[job.machine.name])

    def _judge(self, account: Account, job: Job, ended: Ended) -> None:
        number = f"job {job.number}"
        results.bring_home(account, job.place, self.wanted.reports / "history")
        if ended.state == "PENDING":
            why = f" ({ended.reason})" if ended.reason else ""
            account.end(
                Outcome.NOT_STARTED,
                f"{number} still waits in the queue{why}; its results come home with the next fleet slurm",
            )
            return
        if ended.state != "ended":
            account.end(
                Outcome.SILENT, f"{number} was not done within {self.wanted.longest_s:g} s (--wait), and goes on"
            )
            return
        missing = self.wanted.asked.repeats - len(ended.statuses)
        worst = max(ended.statuses, default=0)
        account.status = "killed" if missing and worst < 2 else str(worst)
        account.said = (_SAID.findall(slurm.output(job)) or [""])[-1].strip()
        results.read(account, job.place)
        if account.status == "killed" and account.said:
            account.end(Outcome.FAILED, f"{number} left no exit status: {account.said}")
        accounts.judge(account)

    def to_json(self) -> dict[str, Any]:
        """The account, as that of every fleet run."""
        now = datetime.datetime.now(datetime.timezone.utc)
        return {
            "schema": SCHEMA,
            "autogauge": __version__,
            "session": self.path.stem,
            "started": self.started.isoformat(timespec="seconds"),
            "finished": now.isoformat(timespec="seconds"),
            "inventory": str(self.wanted.inventory.path),
            "limit": None,
            "pytest_args": [*self.wanted.asked.words],
            "machines": [each.to_json() for each in self.accounts],
            "counts": accounts.counted(self.accounts),
            "summary": accounts.in_a_line(self.accounts),
            "stopped": None,
            "notes": self.notes,
        }

    def _write(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self.path, self.to_json())
        except OSError as error:
            raise explain_os_error(error, f"cannot write {self.path}", "--reports=DIR") from error
