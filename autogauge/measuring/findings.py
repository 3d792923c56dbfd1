"""What never worked: conditions that failed in every turn, each cause once, however many turns, conditions and studies it spoilt.

A turn that fails among others that work is no finding: it is told with the verdicts that rest on the others. What to do about a cause is
asked of ``doctor`` by whoever keeps the run; showing it is left to ``report``.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autogauge.measuring.condition import CANDIDATE, PINNED, Condition
from autogauge.plain import few, sentence
from autogauge.probe.request import Failure

if TYPE_CHECKING:
    from autogauge.measuring.claim import Verdict
    from autogauge.measuring.result import Result

LONGEST_REASON = 140
"""Letters of a cause in a finding: the sentence has to be read as one."""
HAPPENED = {
    "signal": "crashed",
    "exit": "ended by itself",
    "deadline": "hung",
    "error": "gave an error",
    "garbage": "answered garbage",
}
"""What a condition did, in short, by the kind of its failures."""
FAILED = "failed"
SEE = "see FINDING"
_TEMPORARY = "|".join({re.escape(tempfile.gettempdir()), "/tmp", "/var/tmp"})  # noqa: S108 (a pattern, nothing is put there)
_VOLATILE = (
    (re.compile(rf"(?:{_TEMPORARY})/(?:[^\s/'\"]+/)*"), "/#/"),
    (re.compile(r"/proc/\d+\b"), "/proc/#"),
    (re.compile(r"\b0x[0-9a-fA-F]{9,16}\b"), "0x#"),  # an error's code has eight digits at most
    (re.compile(r"\b[0-9a-f]{12,16}\b"), "0x#"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]"), ""),
    (re.compile(r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?"), "#"),
    (re.compile(r"\b\d+(?:\.\d+)?(?= ?(?:s|ms|us|µs|seconds?|milliseconds?)\b)"), "#"),
    (re.compile(r"(?i)\b((?:pid|process|thread|tid|replicate|round|attempt|iteration|turn)[ :=#]{1,2})\d+"), r"\1#"),
    (re.compile(r"\b\d{4,}-(?=[\w.-]+\.(?:out|err|npz))"), "#-"),
)


@dataclass(frozen=True)
class Finding:
    """One cause and all that never worked for it.

    ``subjects`` says what, in words; ``turns`` failed so, ``of`` are all turns of these conditions. ``log`` names the file with what the
    first of them printed. ``devices`` are the target devices concerned, ``next_step`` is what to do.
    """

    subjects: tuple[str, ...]
    failure: Failure
    phases: tuple[str, ...]
    turns: int
    of: int
    studies: tuple[str, ...]
    devices: tuple[str, ...]
    next_step: str = ""

    @property
    def key(self) -> str:
        """Equal for the same cause, however far the measuring is."""
        return alike(self.failure)

    @property
    def cause(self) -> str:
        """What happened, and when."""
        reason = sentence(self.failure.reason, LONGEST_REASON)
        during = f" during {' or '.join(self.phases[:2])}" if self.phases else ""
        return f"{reason}{during}" + (" or later" if len(self.phases) > 2 else "")

    def sentence(self) -> str:
        """All of it: what never worked, how often, why, what to do, and where more is written."""
        every = (
            f"in every turn ({self.turns})"
            if self.turns == self.of
            else f"in {self.turns} of {self.of} turns, no other worked"
        )
        log = f"; what it printed: probes/{self.failure.log} beside the report's page" if self.failure.log else ""
        step = f"; {self.next_step}" if self.next_step else ""
        return f"{self._who()} {HAPPENED.get(self.failure.kind, FAILED)} {every}: {self.cause}{step}{log}"

    def what(self) -> str:
        """Who, and what happened; the cause stands in the sentence."""
        return f"{self._who()} {HAPPENED.get(self.failure.kind, FAILED)} in every turn"

    def in_short(self) -> str:
        """The same for whatever rests on it."""
        return f"{self.what()}: {SEE}"

    def _who(self) -> str:
        if len(self.subjects) > 3:
            return few(self.subjects)
        return " and ".join(filter(None, (", ".join(self.subjects[:-1]), self.subjects[-1])))

    def to_json(self) -> dict[str, object]:
        """The finding for files, with its sentence."""
        return {
            "subjects": list(self.subjects),
            "kind": self.failure.kind,
            "phases": list(self.phases),
            "reason": self.failure.reason,
            "turns": self.turns,
            "of": self.of,
            "studies": list(self.studies),
            "devices": list(self.devices),
            "next_step": self.next_step,
            "log": self.failure.log,
            "sentence": self.sentence(),
        }


Step = Callable[[Finding], str]
"""What to do about a finding."""
_Cell = tuple["Result", Condition]


def alike(failure: Failure) -> str:
    """Equal for failures of one cause: its kind and reason without addresses, process numbers, moments, durations, temporary folders.

    The phase is left out: a device's own threads crash whatever the process was asked for meanwhile.
    """
    text = failure.reason
    for pattern, put in _VOLATILE:
        text = pattern.sub(put, text)
    return f"{failure.kind}: {text}"


def never_worked(result: Result, condition: str) -> bool:
    """Whether the condition failed in every turn that it had."""
    return not result.turns(condition) and bool(result.failures(condition))


def of(results: Iterable[Result], step: Step = lambda _: "") -> list[Finding]:
    """The findings of these results, in the order in which they were met."""
    cells = [(result, condition) for result in results for condition in result.conditions]
    found: dict[str, list[tuple[_Cell, Failure]]] = {}
    for cell in cells:
        result, condition = cell
        if never_worked(result, condition.name):
            for _, _, failure in result.failures(condition.name):
                found.setdefault(alike(failure), []).append((cell, failure))
    made = [_finding(cells, each) for each in found.values()]
    return [replace(each, next_step=step(each)) for each in made]


def behind(results: Iterable[Result], result: Result, conditions: Iterable[str]) -> list[Finding]:
    """The findings, told as far as the measuring is, for which one of these conditions never worked in that result."""
    names = [name for name in conditions if never_worked(result, name)]
    keys = {alike(failure) for _, _, failure in result.failures(*names)} if names else set()
    return [each for each in of(results) if each.key in keys] if keys else []


def told(result: Result, verdict: Verdict) -> Verdict:
    """The verdict, of whose conditions those that never worked are named without the cause: that is the finding's."""
    dead = [name for name in verdict.claim.conditions if never_worked(result, name)]
    if not dead:
        return verdict
    short = tuple(in_short(result, name) for name in dead)
    told_before = tuple(f"{name}: " for name in dead)
    others = [each for each in verdict.failures if each not in short and not each.startswith(told_before)]
    return replace(verdict, failures=(*short, *others), never_worked=tuple(dead))


def in_short(result: Result, condition: str) -> str:
    """What became of a condition that never worked: ``GPU crashed in every turn``."""
    kinds = {failure.kind for _, _, failure in result.failures(condition)}
    return f"{condition} {HAPPENED.get(kinds.pop(), FAILED) if len(kinds) == 1 else FAILED} in every turn"


def sentences(result: Result, *conditions: str) -> list[str]:
    """What went wrong in the named conditions or all, each cause of each condition once: ``GPU: killed by signal 11 …``."""
    first: dict[tuple[str, str], str] = {}
    for _, name, failure in result.failures(*conditions):
        first.setdefault((name, alike(failure)), f"{name}: {failure.sentence()}")
    return list(first.values())


def _finding(cells: Sequence[_Cell], failed: Sequence[tuple[_Cell, Failure]]) -> Finding:
    concerned = list({(id(result), condition.name): (result, condition) for (result, condition), _ in failed}.values())
    # Of a reference or the pinned workload no file is kept with the report.
    kept = [(condition, failure) for (_, condition), failure in failed if failure.log and condition.role == CANDIDATE]
    logs = [failure for _, failure in sorted(kept, key=lambda each: _is_auto(each[0]))]
    phases = Counter(failure.phase for _, failure in failed if failure.phase)
    return Finding(
        _subjects(cells, concerned),
        logs[0] if logs else replace(failed[0][1], log=""),
        tuple(phase for phase, _ in phases.most_common()),
        len(failed),
        sum(len(result.failures(condition.name)) for result, condition in concerned),
        tuple(dict.fromkeys(result.name for result, _ in concerned)),
        tuple(dict.fromkeys(condition.target.device or "AUTO" for _, condition in concerned)),
    )


def _subjects(cells: Sequence[_Cell], concerned: Sequence[_Cell]) -> tuple[str, ...]:
    """The devices that never worked; of one that worked elsewhere, in which studies or conditions it did not. Devices before AUTO."""
    names = {(id(result), condition.name) for result, condition in concerned}
    said: dict[str, None] = {}
    for result, condition in sorted(concerned, key=lambda cell: _is_auto(cell[1])):
        who = _who(condition)
        own = [each for each in cells if _who(each[1]) == who and _had_a_turn(*each)]
        here = [each for each in own if each[0] is result]
        if all((id(each), other.name) in names for each, other in own):
            said[who] = None
        elif all((id(each), other.name) in names for each, other in here):
            said[f"{who} ({result.name})"] = None
        else:
            said[f"{condition.name} ({result.name})"] = None
    return tuple(said)


def _who(condition: Condition) -> str:
    device = condition.target.device or "AUTO"
    if condition.role == PINNED:
        return f"the pinned workload on {device}"
    return device if condition.role == CANDIDATE else f"{device} of the reference"


def _is_auto(condition: Condition) -> bool:
    return (condition.target.device or "AUTO").startswith("AUTO")


def _had_a_turn(result: Result, condition: Condition) -> bool:
    return bool(result.turns(condition.name) or result.failures(condition.name))


class Told:
    """What was said of failures while measuring goes on: each cause in full once in a session, then how many there were."""

    def __init__(self) -> None:
        self._causes: set[str] = set()
        self._counts: dict[str, Counter[str]] = {}

    def line(self, title: str, name: str, failure: Failure) -> str:
        """What to say of one more failure of that name in the work of that title; empty where nothing is new."""
        key, counts = alike(failure), self._counts.setdefault(title, Counter())
        counts[name] += 1
        if key not in self._causes:
            self._causes.add(key)
            return f"{title}: {name} failed: {failure.sentence()}"
        return "" if counts[name] > 1 else f"{title}: {name} failed alike"

    def ended(self) -> list[str]:
        """How often what failed since the last time, a line for each work in which something failed more than once."""
        lines = []
        for title, counts in self._counts.items():
            often = [f"{name} {number} times" for name, number in counts.items() if number > 1]
            lines += [f"{title}: failed: {few(often)}"] if often else []
        self._counts.clear()
        return lines
