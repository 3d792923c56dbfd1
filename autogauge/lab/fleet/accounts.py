"""What became of each machine: what it is at now, and in the end one outcome for every one of them, with its sentence.

Made from events alone, so that it is the same whoever shows it. Bringing results home is left to ``results``.
"""

from __future__ import annotations

import re
import shlex
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from autogauge.history.sharing.place import RUN
from autogauge.history.standing_file import Standing
from autogauge.lab.fleet import sentences
from autogauge.lab.fleet.engine import Event
from autogauge.lab.fleet.inventory import Machine
from autogauge.plain import few, sentence

LOOK, START, MEASURE, FETCHED = "look at the machine", "start to measure", "measure", "fetch the results"
WAITS = "wait for its lock"
"""What it is at instead of measuring while another session has the lock."""
ARE_FIT = ("is it fit to measure?", "is it fit?")
"""The steps of the playbook that mean something here, by their names in it; where one of the last is skipped, nothing is in the way."""
PROBLEM = "problem="
"""How a line of the first look begins that tells what is in the way."""
ACCEPTED = str(Standing.ACCEPTED)
HELD = "held"
FAIL, GOOD = "FAIL", ("PASS", "IMPROVED")
GATE_FAILS = "fail"
"""The mode of a gate whose FAIL fails a test."""
MOST_IN_A_LINE = 5
"""Machines whose reason the last line has."""
MOST_OF_A_LINE = 300
_WAITING = re.compile(
    r"waiting for another session that measures on this machine, (\d+) s at most: (.*?)(?: \(--\S+\))?$"
)
"""As ``rig.lock`` says it; the release there may be another one, which says it otherwise."""
QUIET = ("is ", "did ")
"""How the names of steps begin that are over at once."""


class Outcome(str, Enum):
    """What became of a machine, in the order in which they are counted."""

    READY = "ready"
    """It was only asked."""
    MEASURED = "measured"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    INTERRUPTED = "interrupted"
    NOT_STARTED = "not started"

    def __str__(self) -> str:
        return self.value


@dataclass
class Account:
    """One machine's. ``since`` is a time of ``time.monotonic()``; ``says`` is what the first look at it printed.

    ``verdicts`` and ``gate`` count words, and ``gate_mode`` is what ``--gate`` was; ``run`` is the run that this session saved,
    ``brought`` are all that are new at home, and ``standings`` has what each of these may be used for: its word, and why. ``openvino``
    is the release that was measured.
    """

    machine: Machine
    outcome: Outcome = Outcome.NOT_STARTED
    sentence: str = ""
    step: str = ""
    since: float = field(default_factory=time.monotonic)
    doing: str = ""
    says: dict[str, str] = field(default_factory=dict)
    has_started: bool = False
    status: str = ""
    said: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    gate: Counter[str] = field(default_factory=Counter)
    gate_mode: str = ""
    run: str = ""
    openvino: str = ""
    brought: list[str] = field(default_factory=list)
    standings: dict[str, tuple[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What is not as it should be: with one of them a machine is not good."""
    remarks: list[str] = field(default_factory=list)
    """What is to be known, is so in each run, and is nobody's mistake."""
    is_over: bool = False

    def end(self, outcome: Outcome, why: str = "") -> None:
        """The one outcome, the first that is known."""
        if not self.is_over:
            self.is_over, self.outcome, self.sentence = True, outcome, sentence(why.rstrip(". "))
            self.since = time.monotonic()

    @property
    def is_good(self) -> bool:
        """Whether it measured, and nothing in it failed."""
        return self.outcome is Outcome.MEASURED and self.status == "0" and not self.notes

    def to_json(self) -> dict[str, Any]:
        """The machine's part of the account file."""
        standing, why = self.standings.get(self.run, ("", ""))
        return {
            "machine": self.machine.name,
            "called": self.machine.folder,
            "outcome": str(self.outcome),
            "sentence": self.sentence,
            "step": self.step,
            "exit_status": int(self.status) if self.status.isdigit() else None,
            "verdicts": dict(self.verdicts),
            "gate": dict(self.gate),
            "run": self.run or None,
            "standing": standing or None,
            "standing_why": why or None,
            "brought_home": self.brought,
            "notes": [*self.notes, *self.remarks],
            "openvino": self.openvino or self.says.get("openvino") or None,
            "python": self.says.get("python_version"),
            "free_mib": _number(self.says.get("free_mib")),
            "clock_off_s": _number(self.says.get("clock_off_s")),
            "lock": self.says.get("lock"),
        }


def follow(account: Account, event: Event) -> None:
    """Take into a machine's account what happened on it."""
    if event.kind == "begins" and not event.step.startswith(QUIET) and not account.is_over:
        account.step, account.since, account.doing = event.step, time.monotonic(), ""
    if event.step == START and event.kind in ("begins", "ok"):
        account.has_started = True
    if event.step == LOOK and event.kind in ("ok", "failed"):
        account.says = event.says
    if event.step == MEASURE and event.kind in ("again", "ok"):
        _look_at_measuring(account, event.says)
    if event.kind == "unreachable":
        _unreachable(account, event)
    elif event.kind == "failed":
        problems = [line.partition("=")[2].strip() for line in event.stdout.splitlines() if line.startswith(PROBLEM)]
        if event.step == LOOK and problems:
            account.end(Outcome.FAILED, "; ".join(problems))
        why = sentences.first(event.message)
        if event.is_late:
            account.end(Outcome.SILENT, f"it did not answer any more ({event.step}): is it stuck?")
        account.end(Outcome.FAILED, why if event.step.startswith(QUIET) else f"{event.step}: {why}")


def _look_at_measuring(account: Account, says: dict[str, str]) -> None:
    last = says.get("last", "").strip()
    waits = _WAITING.search(last)
    step = WAITS if waits else MEASURE
    if step != account.step and not account.is_over:
        account.step, account.since = step, time.monotonic()
    account.doing = sentence(f"{waits[2]}, for {waits[1]} s more at most" if waits else last, MOST_OF_A_LINE)
    account.status = says.get("status", "")
    if "silent" in says:
        last = f"; its last words: {account.doing}" if account.doing else ""
        account.end(
            Outcome.SILENT,
            f"nothing came from its pytest for {says['silent']} s, and it was ended (autogauge_silence_s){last}",
        )


def _unreachable(account: Account, event: Event) -> None:
    why = sentences.unreachable(account.machine, event.message)
    if account.has_started:
        why = f"the connection was lost while it measured: {why}; what it saves comes home with the next fleet run"
    account.end(Outcome.UNREACHABLE, why)


def judge(account: Account) -> None:
    """The outcome of a machine whose results are home."""
    if account.status in ("0", "1") and (account.run or account.verdicts):
        account.end(Outcome.MEASURED)
    elif account.status == "0":
        account.end(
            Outcome.FAILED, "its pytest ended well and measured nothing: check the options (autogauge_pytest_args)"
        )
    else:
        account.end(Outcome.FAILED, sentences.of_pytest(account.status or "killed", account.said))


def counted(accounts: Sequence[Account]) -> dict[str, int]:
    """How many machines had each outcome, those that there were."""
    found = Counter(each.outcome for each in accounts)
    return {str(outcome): found[outcome] for outcome in Outcome if found[outcome]}


def in_a_line(accounts: Sequence[Account]) -> str:
    """``4 machines: 2 measured (of lab-01: gate 2 FAIL), 1 failed, 1 unreachable``: it adds up, and says why it is not good.

    A log often ends with this line.
    """
    number = len(accounts)
    bad = [each for each in accounts if each.outcome is Outcome.MEASURED and not each.is_good]
    why = few([f"of {each.machine.name}: {_not_good(each)}" for each in bad], "; ", MOST_IN_A_LINE)
    parts = ", ".join(
        f"{count} {outcome}{f' ({why})' if why and outcome == Outcome.MEASURED else ''}"
        for outcome, count in counted(accounts).items()
    )
    return f"{number} {'machine' if number == 1 else 'machines'}: {parts}"


def _not_good(account: Account) -> str:
    """Why a machine that measured is not good, as far as that is sure: a test may fail for more than what is counted here."""
    found = []
    if account.status != "0":
        fails = {
            "gate": account.gate[FAIL] if account.gate_mode == GATE_FAILS else 0,
            "verdicts": account.verdicts[FAIL],
        }
        found = [f"{what} {count} {FAIL}" for what, count in fails.items() if count]
        if not found:  # an option may have asked for more, or a test that judges nothing failed: what else is known stands beside it
            found = [", ".join([f"its pytest ended with exit status {account.status}", *_beside(account)])]
    return ", ".join([*found, *(["see what is said of it above"] if account.notes else [])])


def _beside(account: Account) -> list[str]:
    """The words that are not good, counted, whether they failed a test or not."""
    kinds = (("gate", account.gate), ("verdicts", account.verdicts))
    others = ((what, [f"{count} {word}" for word, count in words.items() if word not in GOOD]) for what, words in kinds)
    return [f"{what} {', '.join(counts)}" for what, counts in others if counts]


def set_aside(accounts: Iterable[Account], history: Path) -> list[str]:
    """Sentences about runs against which no later run is judged, or not in all; those of one word and reason are one sentence."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in accounts:
        for run, (word, why) in each.standings.items():
            if word != ACCEPTED:
                found.setdefault((word, why), []).append(run)
    sentences = []
    for (word, why), runs in found.items():
        whole = "(" not in word
        against = "that" if not whole else "it" if len(runs) == 1 else "them"
        said = word if whole else word.replace("(", "in ").rstrip(")")
        accept = f"python -m autogauge accept {shlex.quote(f'{history / runs[0]}{RUN}')}"
        sentences.append(
            f"{few([_short(each) for each in runs])}: {said}{f' ({why})' if why else ''}, no later run is judged against {against}; "
            f"if it is as it should be: {accept}{'' if len(runs) == 1 else ', and so on'}"
        )
    return sentences


def _short(run: str) -> str:
    """``lab-01/3`` of a run's folder and name."""
    machine, _, name = run.rpartition("/")
    return f"{machine}/{name.partition('_')[0].lstrip('0')}"


def locks_held(accounts: Iterable[Account]) -> list[str]:
    """Sentences about measuring locks that others have."""
    held = ((each.machine.name, each.says.get("lock", "").strip()) for each in accounts)
    return [f"{name}: its measuring lock is {sentence(said, 500)}" for name, said in held if said.startswith(HELD)]


def same_computer(accounts: Iterable[Account]) -> list[str]:
    """Sentences about machines that are one computer: they wait for each other, or disturb each other."""
    found: dict[str, list[Account]] = {}
    for each in accounts:
        if computer := each.says.get("computer"):
            found.setdefault(computer, []).append(each)
    return [
        f"{' and '.join(each.machine.name for each in those)} are one computer: "
        + (
            "they measure one after another"
            if len(_locks(those)) == 1
            else "with locks of their own they measure beside each other"
        )
        for those in found.values()
        if len(those) > 1
    ]


def _locks(accounts: Iterable[Account]) -> set[str]:
    return {str(each.machine.variables.get("autogauge_lock") or "") for each in accounts}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.lstrip("-").isdigit() else None
