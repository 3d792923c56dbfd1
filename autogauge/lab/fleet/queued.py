"""A fleet run through Slurm's queue: a job for each machine, followed to its end, its results brought home, every machine accounted for.

The jobs themselves are left to ``batch`` and ``slurm``, what a machine left to ``results``.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_bytes
from autogauge.lab.fleet import DEADLINE_S, accounts, batch, results, sentences, slurm
from autogauge.lab.fleet.account_file import AccountFile
from autogauge.lab.fleet.accounts import Account, Outcome
from autogauge.lab.fleet.batch import Task
from autogauge.lab.fleet.collector import Watch
from autogauge.lab.fleet.inventory import Inventory
from autogauge.lab.fleet.slurm import Job, State

_OF_SLURM = re.compile(r"^slurmstepd: error: [ *]*(.*?)[ *]*$", re.MULTILINE)
SUBMITS, WAITS, MEASURES = "submit its job", "wait in the queue", "measure"
ASK_EVERY_S = 2.0
LATE_S = 75.0
"""So long after a job's end its exit status may still be on its way: NFS remembers what is in a folder for a minute."""
BEAR_S = 300.0
"""So long Slurm may not answer."""


@dataclass(frozen=True)
class WantedJobs:
    """What is to be done: the batch files go to ``folder``, which all nodes see; what comes home goes to ``reports``."""

    inventory: Inventory
    folder: Path
    reports: Path
    task: Task
    longest_s: float = DEADLINE_S
    limit: str | None = None


class QueuedRun:
    """The jobs of one call; ``accounts`` has each machine of the inventory, in its order."""

    def __init__(self, wanted: WantedJobs, watch: Watch) -> None:
        self.wanted, self._watch = wanted, watch
        self.accounts = [Account(each) for each in wanted.inventory.machines]
        self._by_name = {each.machine.name: each for each in self.accounts}
        self._jobs: dict[str, Job] = {}
        said = {"inventory": str(wanted.inventory.path), "limit": wanted.limit, "pytest_args": [*wanted.task.words]}
        self._file = AccountFile(self.accounts, said, "-slurm")
        self.notes = self._file.notes

    @property
    def path(self) -> Path:
        """The account file."""
        return self._file.path

    @property
    def is_good(self) -> bool:
        """Whether every machine measured, nothing failed, and all is home."""
        return all(each.is_good for each in self.accounts)

    def write(self) -> dict[str, Path]:
        """The batch files, by machine; nothing is submitted. Raises :class:`UserError`."""
        machines = [each.machine for each in self.accounts]
        if unused := batch.unused(machines):
            self.notes.append(unused)
        try:
            files = batch.write(machines, self.wanted.task, self.wanted.folder)
            for each in machines:
                listed = results.at_home(self.wanted.reports / "history", each)
                write_bytes(self.wanted.folder / each.folder / batch.AT_HOME, listed)
            return files
        except OSError as error:
            raise explain_os_error(error, f"cannot write in {self.wanted.folder}", "--out=DIR") from error

    def go(self) -> None:
        """Submit, wait, bring home. Raises :class:`UserError` before anything is in the queue; then every machine is accounted for."""
        slurm.require()
        files = self.write()
        self._file.begin(self.wanted.reports)
        try:
            for account in self.accounts:
                self._submit(account, files[account.machine.name])
            self._follow()
        except KeyboardInterrupt as error:
            self._stop(f"interrupted by {error}" if str(error) else "interrupted")
        finally:
            self._end()

    def collect(self) -> None:
        """Bring home what earlier jobs left, and judge the newest of each machine, and say when it ended; nothing is submitted."""
        self._file.begin(self.wanted.reports)
        folder = self.wanted.folder.absolute()
        try:
            for account in self.accounts:
                job = slurm.newest(account.machine, folder)
                if job is None:
                    account.end(Outcome.NOT_STARTED, f"no job of it left anything in {folder / account.machine.folder}")
                else:
                    self._jobs[account.machine.name] = job
            told, why = self._asked()
            for name, job in self._jobs.items():
                account, state = self._by_name[name], told.get(name)
                is_done = len(slurm.statuses(job)) == job.parts
                if is_done or (not why and (state is None or state.is_over)):
                    self._judge(account, job, state, is_earlier=True)
                else:
                    self._leave(account, job, state, why)
        except KeyboardInterrupt as error:
            self._file.stopped = f"interrupted by {error}" if str(error) else "interrupted"
        finally:
            self._end("it was not looked at")

    def _asked(self) -> tuple[dict[str, State], str]:
        """What Slurm says of the jobs, or why it says nothing: then the files tell what is done."""
        try:
            return slurm.states([*self._jobs.values()]), ""
        except UserError as error:
            return {}, str(error)

    def _submit(self, account: Account, path: Path) -> None:
        account.step = SUBMITS
        try:
            self._jobs[account.machine.name] = slurm.submit(account.machine, path, self.wanted.task.repeats)
            account.step = WAITS
        except UserError as error:
            account.end(Outcome.NOT_STARTED, str(error))
        except OSError as error:
            account.end(
                Outcome.FAILED, f"its job is in the queue, and {path.parent} cannot be written: {error.strerror}"
            )

    def _follow(self) -> None:
        """Ask after the jobs until each has ended; one is judged as soon as it has."""
        stop_at = time.monotonic() + self.wanted.longest_s
        answered_at = time.monotonic()
        ended_at: dict[str, float] = {}
        told: dict[str, State] = {}
        while open_ones := [each for name, each in self._jobs.items() if not self._by_name[name].is_over]:
            now, why = time.monotonic(), ""
            try:
                told = slurm.states(open_ones)
                answered_at = now
            except UserError as error:
                why = str(error)
            is_last = now >= stop_at or now - answered_at > BEAR_S
            for job in open_ones:
                name = job.machine.name
                account, state = self._by_name[name], told.get(name)
                if (why or (state and not state.is_over)) and not is_last:
                    self._tell(account, state, why)
                    continue
                is_done = len(slurm.statuses(job)) == job.parts
                if is_done or (not why and (state is None or state.is_over)):
                    late_s = now - ended_at.setdefault(name, now)
                    if is_done or late_s >= LATE_S or is_last:
                        self._judge(account, job, state)
                elif is_last:
                    self._leave(account, job, state, why)
            self._watch(self.accounts, None)
            if not is_last:
                time.sleep(min(ASK_EVERY_S, max(0.0, stop_at - time.monotonic())))

    def _tell(self, account: Account, state: State | None, why: str) -> None:
        step = WAITS if state is None or state.word == "PENDING" else MEASURES
        if step != account.step:
            account.step, account.since = step, time.monotonic()
        account.doing = why or (state.reason if state and step == WAITS else "")
        self._watch(self.accounts, account)

    def _judge(self, account: Account, job: Job, state: State | None, *, is_earlier: bool = False) -> None:
        """Of a job that has ended; of an ``is_earlier`` one it is said when: it may be last week's, and no later one was submitted."""
        self._bring_home(account, job)
        left = slurm.statuses(job)
        worst = max(left.values(), default=0)
        missing = [stem for stem in job.stems if stem not in left]
        account.status = "killed" if missing and worst < 2 else str(worst)
        worst_part = (
            next((stem for stem in left if left[stem] == worst), "") if worst >= 2 or not missing else missing[0]
        )
        text = slurm.output(job, worst_part)
        account.said = sentences.said_in(text, account.status)
        results.read_summaries(account, slurm.summaries(job, left), self.wanted.reports / "history")
        results.read_standings(account, self.wanted.reports / "history")
        if account.status == "killed":
            cause = "; ".join(_OF_SLURM.findall(text)[-1:]) or (f"Slurm says {state.word}" if state else "")
            also = f" (part {missing[0].partition('_')[2]} of {job.parts})" if job.parts > 1 else ""
            account.end(Outcome.FAILED, f"job {job.number} left no exit status{also}{f': {cause}' if cause else ''}")
        if account.status == "143":
            account.end(Outcome.FAILED, f"job {job.number} was ended: by scancel, or at its time limit (slurm_minutes)")
        if account.status in ("0", "1") and account.verdicts and not account.run:
            account.end(Outcome.FAILED, f"job {job.number} measured, and its run is not at home")
        accounts.judge(account)
        if is_earlier and (ended := slurm.ended(job)):
            is_known = account.run and not account.brought and not account.notes
            known = ", and all that it left was home before" if is_known else ""
            what = f"of job {job.number}, the last part that ended did so" if missing else f"job {job.number} ended"
            account.remarks.append(f"{what} at {ended:%Y-%m-%d %H:%M} UTC{known}")
        self._changed(account)

    def _leave(self, account: Account, job: Job, state: State | None, why: str = "") -> None:
        """Of a job that goes on without being followed."""
        self._bring_home(account, job)
        number, later = f"job {job.number}", f"{self._later()} brings home what it leaves"
        if why:
            account.end(
                Outcome.SILENT,
                f"{number} left no exit status, and Slurm does not tell of it ({why.rstrip('. ')}); {later}",
            )
        elif state and state.word == "PENDING":
            reason = f" ({state.reason})" if state.reason else ""
            account.end(Outcome.NOT_STARTED, f"{number} still waits in the queue{reason}; {later}")
        else:
            account.end(Outcome.SILENT, f"{number} is not done, and goes on; {later}")
        self._changed(account)

    def _bring_home(self, account: Account, job: Job) -> None:
        account.notes += [each for each in slurm.unpushed(job) if each not in account.notes]
        results.bring_home(account, job.place, self.wanted.reports / "history")

    def _changed(self, account: Account) -> None:
        self._file.write()
        self._watch(self.accounts, account)

    def _stop(self, why: str) -> None:
        self._file.stopped = why
        for name, job in self._jobs.items():
            self._by_name[name].end(
                Outcome.INTERRUPTED, f"{why}; job {job.number} goes on: {self._later()} brings home what it leaves"
            )
        for each in self.accounts:
            asked = (
                " while sbatch was asked: look with squeue --me" if each.step == SUBMITS else " before it was submitted"
            )
            each.end(Outcome.NOT_STARTED, why + asked)

    def _end(self, without_job: str = "it was not submitted") -> None:
        for each in self.accounts:
            job = self._jobs.get(each.machine.name)
            if job:
                later = f"{self._later()} brings home what it leaves"
                each.end(Outcome.INTERRUPTED, f"job {job.number} was not followed to its end: {later}")
            each.end(Outcome.NOT_STARTED, without_job)
        self.notes += accounts.set_aside(self.accounts, self.wanted.reports / "history")
        self._file.write(is_done=True)

    def _later(self) -> str:
        return f"fleet slurm {self.wanted.inventory.path} --out={self.wanted.folder} --collect"

    def to_json(self) -> dict[str, Any]:
        """The account, as that of every fleet run."""
        return self._file.to_json()
