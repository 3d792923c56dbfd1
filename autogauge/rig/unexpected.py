"""What went wrong in the steps of a case although nobody expected it: errors, failed or lost requests, and wrong answers that nobody read.

Whether something was expected is seen from the reading: an expectation that is known, and that read how a step went, has judged it.
``Watched`` notes who read what; what is made of it is left to ``expecting``.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from autogauge import causes
from autogauge.probe.seen import Seen, Step, name_of

ERROR, FAILED, NEVER, WRONG = "error", "failed", "never", "wrong"
_NOTED = {FAILED: FAILED, "errors": FAILED, NEVER: NEVER, WRONG: WRONG}
"""What a step tells of requests that did not go well, by the key that it is read by."""
PREPARING = ("copy-model", "damage", "environment", "fault", "forbid", "limit", "meet", "put")
"""Steps that make what a case is about: an error there says that it could not be made, and nothing of AUTO."""
_MISSING = re.compile(r"KeyError: (['\"])(?P<name>.*)\1")
MOST_TOLD = 200
Fault = tuple[int, str]
"""What went wrong: the step's number, and which of the four."""


class Watched:
    """What was seen of a case, and which faults of its steps have been read since :meth:`anew`."""

    def __init__(self, seen: Seen) -> None:
        self.read: set[Fault] = set()
        steps = [_WatchedStep.of(step, number, self) for number, step in enumerate(seen.steps)]
        self.seen = copy.copy(seen)
        self.seen.steps = tuple(steps)

    def anew(self) -> None:
        """Nothing has been read."""
        self.read = set()


class _WatchedStep(Step):
    """A step that notes when somebody reads how it went."""

    @classmethod
    def of(cls, step: Step, number: int, watched: Watched) -> _WatchedStep:
        value = _WatchedValue(step.value)
        value.number, value.watched = number, watched
        found = cls(step.asked, value, step.error, step.seconds, step.log, step.failure)
        object.__setattr__(found, "_watched", (number, watched))
        return found

    def __getattribute__(self, name: str) -> Any:
        if name == "error":
            number, watched = object.__getattribute__(self, "_watched")
            watched.read.add((number, ERROR))
        return object.__getattribute__(self, name)


class _WatchedValue(dict[str, Any]):
    """What a step gave; it notes the same."""

    number: int
    watched: Watched

    def _note(self, key: str) -> None:
        if key in _NOTED:
            self.watched.read.add((self.number, _NOTED[key]))

    def __getitem__(self, key: str) -> Any:
        self._note(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._note(key)
        return super().get(key, default)


def unexpected(seen: Seen, judged: Iterable[Fault]) -> list[str]:
    """What went wrong in a step that is none of the faults that were ``judged``, in words, in the order of the steps.

    Left out are errors of preparing steps (:func:`hindrances`), those that only follow from an earlier step's error, and those by which
    the machine lacked memory, files, processes or room on the disk.
    """
    known = set(judged)
    return [
        f"{name_of(seen.steps[number].asked)}: {words}"
        for number, kind, words in _faults(seen.steps)
        if (number, kind) not in known and not causes.step_in(words)
    ]


def hindrances(seen: Seen) -> list[str]:
    """What could not be prepared, in words."""
    return [
        f"{name_of(step.asked)}: {in_short(step.error)}"
        for step in seen.steps
        if step.error is not None and step.asked["do"] in PREPARING
    ]


def in_short(error: str) -> str:
    """What an error says, without the places in OpenVINO's source at which it was passed on."""
    kind, _, rest = error.partition(": ")
    lines = [re.sub(r"Exception from \S+:\d+:?", "", line).strip() for line in rest.splitlines()]
    said = "; ".join(line for line in lines if line)
    text = f"{kind}: {said}" if said else error
    return text if len(text) <= MOST_TOLD else f"{text[: MOST_TOLD - 1]}…"


def _faults(steps: Sequence[Step]) -> Iterator[tuple[int, str, str]]:
    for number, step in enumerate(steps):
        if step.error is not None:
            if step.asked["do"] not in PREPARING and not _follows(step.error, steps[:number]):
                yield number, ERROR, in_short(step.error)
            continue
        value = step.value
        if _count(value, FAILED):
            said = [*map(str, value.get("errors") or ())]
            yield number, FAILED, f"{value[FAILED]} failed{f', {in_short(said[0])}' if said else ''}"
        if _count(value, NEVER):
            yield number, NEVER, f"{value[NEVER]} never came back"
        if _count(value, WRONG):
            yield number, WRONG, f"{value[WRONG]} wrong answers"


def _count(value: Mapping[str, Any], key: str) -> int:
    found = value.get(key)
    return found if isinstance(found, int) else 0


def _follows(error: str, before: Sequence[Step]) -> bool:
    """Whether it is for want of a model or request that an earlier step, which was an error itself, was to make."""
    missing = _MISSING.fullmatch(error)
    if missing is None:
        return False
    name = missing["name"].partition("/")[0]
    return any(
        name in (each.asked.get("as"), each.asked.get("of"), each.asked.get("model"), _unnamed(each.asked))
        for each in before
        if each.error is not None
    )


def _unnamed(asked: Mapping[str, Any]) -> str:
    """The model's name where a step names none."""
    return "" if "as" in asked or "of" in asked else "a"
