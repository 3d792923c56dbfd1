"""What was seen of a case: each step with what it gave, and how it ended. What that means is left to ``rig.cases`` and the studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autogauge.probe import log as auto_log
from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure

_LEFT_OUT = ("properties", "finished_of_day_s", "cpu_helper_released_of_day_s")


@dataclass(frozen=True)
class Step:
    """One step: what it was to do, what it gave (``value``), or what OpenVINO said (``error``), and AUTO's log meanwhile.

    ``failure`` is set where the process crashed in it, or it passed its deadline; ``seconds`` is then ``None``.
    """

    asked: Mapping[str, Any]
    value: Mapping[str, Any]
    error: str | None
    seconds: float | None
    log: AutoLog
    failure: Failure | None = None

    @property
    def went_well(self) -> bool:
        """Whether it came to its end without an error."""
        return self.error is None and self.failure is None

    @property
    def devices(self) -> list[str]:
        """The devices that it names, where it names any."""
        found = self.value.get("devices")
        return [str(each) for each in found] if isinstance(found, list) else []

    @property
    def became(self) -> str:
        """What became of it, in a word: ``done``, ``error``, ``hung``, or how the process ended."""
        if self.failure is not None:
            return "hung" if self.failure.kind == "deadline" else self.failure.reason
        return "done" if self.error is None else "error"


class Seen:
    """The steps that were begun, in their order. A step is found by its ``name``, or by what it does and is called (``compile a``).

    ``log`` is AUTO's log of the whole process; ``surroundings`` is what was beside it, where it came to its end.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        ending: Failure | None,
        log: AutoLog,
        surroundings: Mapping[str, float | None] | None = None,
    ) -> None:
        self.steps, self.ending, self.log, self.surroundings = tuple(steps), ending, log, dict(surroundings or {})

    @classmethod
    def of(
        cls,
        asked: Sequence[Mapping[str, Any]],
        told: Sequence[Mapping[str, Any]],
        ending: Failure | None,
        printed: str,
        surroundings: Mapping[str, float | None] | None = None,
    ) -> Seen:
        """From what was asked, what the probe told, how it ended, and what it printed."""
        logs = auto_log.by_step(printed)
        steps = [
            Step(step, each["value"], each["error"], each["seconds"], logs.get(number, AutoLog()))
            for number, (step, each) in enumerate(zip(asked, told, strict=False))
        ]
        if ending is not None and len(told) < len(asked):
            steps.append(Step(asked[len(told)], {}, None, None, logs.get(len(told), AutoLog()), ending))
        return cls(steps, ending, auto_log.parse(printed), surroundings)

    @property
    def became(self) -> str:
        """What became of the process: ``done``, ``hung``, or how it ended."""
        if self.ending is None:
            return "done"
        return "hung" if self.ending.kind == "deadline" else self.ending.reason

    def step(self, name: str) -> Step | None:
        """The step of that name; ``None`` where the case did not get so far. Raises ``RuntimeError`` where two are called so."""
        found = [each for each in self.steps if name_of(each.asked) == name]
        if len(found) > 1:
            raise RuntimeError(f"{len(found)} steps of a case are called {name!r}: give each a name of its own")
        return found[0] if found else None

    def value(self, name: str, *keys: str) -> Any:
        """What that step gave, by key (and keys within it); ``None`` where it is not there."""
        step = self.step(name)
        found: Any = step.value if step else None
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def error(self, name: str) -> str | None:
        """What OpenVINO said in that step; empty where the step went well, ``None`` where it was not reached or did not end."""
        step = self.step(name)
        return None if step is None or step.failure is not None else step.error or ""

    def to_json(self) -> list[dict[str, Any]]:
        """The steps for a run's file: what was done, what it gave, what AUTO logged (without its properties and times of day)."""
        return [
            {
                "step": name_of(each.asked),
                "asked": {key: value for key, value in each.asked.items() if key not in ("name", "deadline_s")},
                "became": each.became,
                "value": dict(each.value),
                "error": each.error,
                "log": {key: value for key, value in each.log.to_json().items() if value and key not in _LEFT_OUT},
            }
            for each in self.steps
        ]


def name_of(step: Mapping[str, Any]) -> str:
    """By which a step is found: its own name, or what it does with what it is called or of what."""
    own = step.get("name") or f"{step['do']} {step.get('as') or step.get('of') or ''}".strip()
    return str(own)
