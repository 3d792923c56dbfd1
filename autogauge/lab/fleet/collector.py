"""One fleet run: starts the playbook, follows it, brings home what comes, and accounts for every machine whatever happens.

How a machine is reached is left to ``engine``, what its events mean to ``accounts``, and how it is shown to the command line.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_bytes
from autogauge.lab.fleet import DEADLINE_S, accounts, engine, keys, packed, results, variables
from autogauge.lab.fleet.account_file import AccountFile
from autogauge.lab.fleet.accounts import Account, Outcome
from autogauge.lab.fleet.engine import Event, Playbook
from autogauge.lab.fleet.inventory import Inventory
from autogauge.plain import few

STOP_S = 90.0
"""So long the machines have, all together, to end what they measure when it is interrupted."""
CHECK_S = 300.0
STRICT_CHECK_S = 720.0
"""With ``doctor --strict``, which a machine may take five minutes for."""
LOG, CAME = "ansible.log", "came"


@dataclass(frozen=True)
class Wanted:
    """What a fleet run is to do. ``words`` are options of pytest, behind those of the inventory; ``strict`` asks doctor first."""

    inventory: Inventory
    limit: str | None
    reports: Path
    words: tuple[str, ...] = ()
    strict: bool = False
    deadline_s: float = DEADLINE_S


Watch = Callable[[Sequence[Account], Account | None], None]
"""Told all accounts, and the one that changed, if one did; called at least every half second."""


def check(inventory: Inventory, limit: str | None, log: Path, watch: Watch, *, strict: bool = False) -> list[Account]:
    """Ask every machine what it has, and start nothing. Raises :class:`UserError`."""
    everybody = {each.name: Account(each) for each in inventory.machines}
    archive = packed.pack(log.parent, without=inventory.path)
    told = {"autogauge_archive": str(archive), **({"autogauge_strict": True} if strict else {})}
    longest_s = (
        STRICT_CHECK_S
        if strict
        or any(
            variables.is_yes(value) or variables.is_open(value)
            for value in (each.variables.get("autogauge_strict") for each in inventory.machines)
        )
        else CHECK_S
    )
    with contextlib.closing(Playbook(engine.CHECK, inventory.path, log, told, limit, len(inventory))) as playbook:
        try:
            for event in playbook.events(time.monotonic() + longest_s):
                account = everybody.get(event.machine) if event else None
                if event and account:
                    accounts.follow(account, event)
                    if event.step in accounts.ARE_FIT and event.kind == "skipped":
                        account.end(Outcome.READY)
                watch([*everybody.values()], account)
        except TimeoutError:
            for each in everybody.values():
                each.end(Outcome.SILENT, f"it did not answer within {longest_s:g} s: is it stuck?")
        why = playbook.why_ended()
    for each in everybody.values():
        each.end(Outcome.NOT_STARTED, f"it was not asked all: {why}" if each.says else why)
    return [*everybody.values()]


def notes_before(inventory: Inventory) -> list[str]:
    """Sentences about what is not as somebody may think, which are known before anything starts."""
    left = packed.unknown_to_git()
    found = [f"git does not know {few(left)}, which stays here: `git add` it if it is to be copied to the machines"]
    return [*(found if left else ()), *keys.notes(inventory.machines)]


class FleetRun:
    """One run over the machines of an inventory; ``accounts`` has each of them, in the inventory's order."""

    def __init__(self, wanted: Wanted, watch: Watch) -> None:
        self.wanted, self._watch = wanted, watch
        self.accounts = [Account(each) for each in wanted.inventory.machines]
        self._by_name = {each.machine.name: each for each in self.accounts}
        said = {"inventory": str(wanted.inventory.path), "limit": wanted.limit, "pytest_args": [*wanted.words]}
        self._file = AccountFile(self.accounts, said)
        self.notes = self._file.notes
        self._file.begin(wanted.reports)
        self.folder = self._folder()
        self.session = self._file.session = f"{self.folder.name}-{secrets.token_hex(3)}"
        """No other fleet run's on any machine, also of another computer that began in the same second."""

    @property
    def path(self) -> Path:
        """The account file."""
        return self._file.path

    @property
    def is_good(self) -> bool:
        """Whether every machine measured, nothing failed, and all is home."""
        return all(each.is_good for each in self.accounts)

    def go(self) -> None:
        """Do it. After it every machine is accounted for, also after an interruption. Raises :class:`UserError` before anything starts."""
        told = self._prepared()
        self.notes += notes_before(self.wanted.inventory)
        self._file.write()
        try:
            self._follow(told)
        except KeyboardInterrupt as error:
            self._stop(f"interrupted by {error}" if str(error) else "interrupted", told)
        except TimeoutError:
            self._stop(f"not done within {self.wanted.deadline_s:g} s (--deadline)", told)
        finally:
            for each in self.accounts:
                each.end(Outcome.NOT_STARTED, self._file.stopped or "Ansible ended before it was asked")
            self.notes += accounts.set_aside(self.accounts, self.wanted.reports / "history")
            self.notes += accounts.same_computer(each for each in self.accounts if each.has_started)
            self._clear()
            self._file.write(is_done=True)

    def to_json(self) -> dict[str, Any]:
        """The account: who was to measure, and what became of each."""
        return self._file.to_json()

    def _folder(self) -> Path:
        """A folder for this run alone, beside its account."""
        folder = self._file.path.with_suffix("")
        try:
            folder.mkdir()
        except OSError as error:
            raise explain_os_error(error, f"cannot make the folder {folder}", "--reports=DIR") from error
        return folder

    def _prepared(self) -> dict[str, Any]:
        """What the playbook is told; what it needs is made."""
        history = self.wanted.reports / "history"
        try:
            for each in self.accounts:
                write_bytes(self.folder / "at-home" / each.machine.name, results.at_home(history, each.machine))
            (self.folder / CAME).mkdir(exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, f"cannot write in {self.folder}", "--reports=DIR") from error
        return {
            "autogauge_archive": str(packed.pack(self.folder, without=self.wanted.inventory.path).absolute()),
            "autogauge_home": str((self.folder / CAME).absolute()),
            "autogauge_at_home": str((self.folder / "at-home").absolute()),
            "autogauge_session": self.session,
            "autogauge_more_pytest_args": [*self.wanted.words],
            **({"autogauge_strict": True} if self.wanted.strict else {}),
        }

    def _follow(self, told: Mapping[str, Any]) -> None:
        until = time.monotonic() + self.wanted.deadline_s
        inventory, log = self.wanted.inventory, self.folder / LOG
        with contextlib.closing(
            Playbook(engine.RUN, inventory.path, log, told, self.wanted.limit, len(inventory))
        ) as playbook:
            for event in playbook.events(until):
                self._take(event)
            why = playbook.why_ended()
        for each in self.accounts:
            each.end(
                Outcome.FAILED if each.has_started else Outcome.NOT_STARTED, f"Ansible ended before it was done: {why}"
            )

    def _take(self, event: Event | None) -> None:
        account = self._by_name.get(event.machine) if event else None
        if event and account:
            was_over = account.is_over
            accounts.follow(account, event)
            if event.step == accounts.FETCHED and event.kind == "ok":
                self._bring_home(account)
            if account.is_over and not was_over:
                self._file.write()
        self._watch(self.accounts, account)

    def _bring_home(self, account: Account) -> None:
        came = self.folder / account.machine.folder
        pack = self.folder / CAME / f"{account.machine.name}.tar"
        try:
            results.unpack(pack, account, came)
            pack.unlink()
        except (UserError, OSError) as error:
            account.notes.append(f"not all is home: {error}")
            account.end(Outcome.FAILED, str(error))
            return
        results.read(account, came)
        results.bring_home(account, came, self.wanted.reports / "history")
        results.read_standings(account, self.wanted.reports / "history")
        if self._file.stopped and not (account.run and account.status in ("0", "1")):
            account.end(Outcome.INTERRUPTED, f"{self._file.stopped}, and ended there")
        accounts.judge(account)

    def _stop(self, why: str, told: Mapping[str, Any]) -> None:
        """End what measures, and bring home what is there; whoever interrupts this, too, has every machine accounted for."""
        self._file.stopped = why
        running = [each for each in self.accounts if each.has_started and not each.is_over]
        try:
            if running:
                self._end_all(running, told)
        except (KeyboardInterrupt, TimeoutError, UserError):
            pass
        for each in running:
            each.end(Outcome.INTERRUPTED, f"{why}; it could not be ended there, and measures on (autogauge_limit_s)")
        for each in self.accounts:
            each.end(Outcome.NOT_STARTED, f"{why}{f' ({each.step})' if each.step else ''}")

    def _end_all(self, running: Sequence[Account], told: Mapping[str, Any]) -> None:
        names = ",".join(each.machine.name for each in running)
        log = self.folder / "stop.log"
        with contextlib.closing(
            Playbook(engine.STOP, self.wanted.inventory.path, log, told, names, len(running))
        ) as playbook:
            for event in playbook.events(time.monotonic() + STOP_S):
                if event is None or event.kind not in ("failed", "unreachable"):
                    self._take(event)

    def _clear(self) -> None:
        """Keep of this run what people read: what each session printed. Runs that are not home stay where they are."""
        with contextlib.suppress(OSError):
            for each in (self.folder / "at-home", self.folder / CAME):
                shutil.rmtree(each, ignore_errors=True)
            for pack in self.folder.glob("project-*.tar.gz"):
                pack.unlink()
            for account in self.accounts:
                if not account.notes:
                    shutil.rmtree(self.folder / account.machine.folder / "history", ignore_errors=True)
