"""A case in which a deadline passed on a busy machine: it is tried once more, since that may be the machine's and not AUTO's.

What is wrong whatever the time (a wrong answer, an error, a crash) is never tried again, nor is what is known to hang. Both tries are kept
and said; the second one counts. What is measured by figures is left to ``measuring.disturbance``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autogauge.measuring.claim import BEYOND
from autogauge.measuring.result import Check
from autogauge.probe.seen import Seen, Step, name_of
from autogauge.rig.expecting import Expect, judge

WAITING = ("answers", "select", "wait")
"""Steps that wait for the accelerator, each no longer than its own deadline."""


@dataclass(frozen=True)
class FirstTry:
    """What became of the first try: which deadlines passed, how busy the machine was, and what was seen where the case began at all."""

    passed: str
    busy: str
    seen: Seen | None = None

    def sentence(self) -> str:
        """Both, for whoever reads the second try's."""
        return f"tried twice: at first {self.passed}, and the machine was busy ({self.busy})"

    def said_in(self, checks: Mapping[str, Check]) -> dict[str, Check]:
        """The second try's checks, each of which says that it is that."""
        return {
            name: replace(each, why=f"{each.why} ({self.sentence()})" if each.why else self.sentence())
            for name, each in checks.items()
        }

    def to_json(self, expects: Sequence[Expect], aside: Sequence[Expect]) -> dict[str, Any]:
        """For the run's file, beside what the second try gave."""
        steps = [] if self.seen is None else self.seen.to_json()
        checks = {} if self.seen is None else judge(expects, self.seen, aside)[0]
        return {
            "passed": self.passed,
            "busy": self.busy,
            "steps": steps,
            "checks": {name: {"holds": each.holds, "why": each.why} for name, each in checks.items()},
        }


def failed_by_deadlines(expects: Sequence[Expect], seen: Seen, aside: Sequence[Expect]) -> str:
    """The deadlines that passed, in words, where some claim fails and no known difference explains that; else nothing."""
    passed = "; ".join(dict.fromkeys(deadlines_of(seen)))
    if not passed:
        return ""
    if seen.ending is not None and seen.ending.kind != "deadline":
        return ""  # a crash is no matter of time
    checks, expected = judge(expects, seen, aside)
    every = range(len(seen.steps))
    late = next((at for at in every if [*deadlines_of(Seen(seen.steps[at : at + 1], None, seen.log))]), len(seen.steps))
    before = judge(expects, Seen(seen.steps[:late], None, seen.log), aside)[1]
    if any(
        after.holds is False and each.holds is False and each.is_about and not each.is_excused
        for after, each in zip(expected, before, strict=True)
    ):
        return ""  # it was wrong before any deadline passed
    known = {each.claim for each in expected if each.differs}
    fails = (
        each.holds is False and (name not in known or each.why.startswith(BEYOND)) for name, each in checks.items()
    )
    return passed if any(fails) else ""


def deadlines_of(seen: Seen) -> Iterator[str]:
    """Every deadline that passed in the case, in words: a step's, the process's, a request's, or that of a wait for the accelerator."""
    for step in seen.steps:
        if step.failure is not None and step.failure.kind == "deadline":
            yield step.failure.sentence()
        elif isinstance(count := step.value.get("never"), int) and count:
            yield f"{count} never came back during {name_of(step.asked)}"
        elif _still_helped(step):
            yield f"no accelerator answered in time during {name_of(step.asked)}"
    if seen.ending is not None and seen.ending.kind == "deadline":
        yield seen.ending.sentence()


def _still_helped(step: Step) -> bool:
    """Whether AUTO's CPU helper still answered when a wait for the accelerator ended."""
    devices = step.value.get("end") or step.devices
    return step.asked["do"] in WAITING and bool(devices) and str(devices[-1]).startswith("(")
