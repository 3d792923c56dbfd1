"""Reads off a case how AUTO's answers stand to those of the devices, by who gave them: what the step ``answers`` tells.

``all_right`` is for the steps ``infer`` and ``stream``, which know one right answer.

Every reading is ``None`` where it was not seen, so that a claim that rests on it stays open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autogauge.probe.seen import Seen, name_of
from autogauge.probe.worker.hand_over import is_helper
from autogauge.probe.worker.steps.answering import NEAREST, TRANSITION
from autogauge.rig.expecting import Expect, Wanted, of_kind, unless_seen
from autogauge.rig.rig import Rig
from autogauge.targets import F32, LATENCY

LONG = {"longest_s": 60.0, "deadline_s": 120.0}
"""How long a step waits for the accelerator, on a machine that is busy with other work, too. It ends once the accelerator answers."""
Read = Callable[[Seen], Any]

NEAR = 2e-5
"""How far two devices' answers in f32 may be apart, in parts of the output's largest value: they add in another order. The largest that
was seen on three releases was a third of it."""


def hinted(hint: str, rig: Rig) -> dict[str, str]:
    """Properties of a compile in f32 with that hint, on a machine with a GPU.

    The emulated GPU gets one stream. With two of them inferences never came back in half of the processes on a loaded machine, without AUTO
    too: 2024.6.0 often, 2025.4.1 seldom.
    """
    one_stream = {"NUM_STREAMS": "1"} if rig.asked.is_emulated and hint != LATENCY else {}
    return {**F32, "PERFORMANCE_HINT": hint, **one_stream}


A_NUMBER = Wanted("a number", lambda value: isinstance(value, int))
near = Wanted(f"at most {NEAR:g} of the largest value", lambda apart: bool(apart <= NEAR))
exactly = Wanted("exactly the same", lambda apart: bool(apart == 0))


def is_device(name: str) -> bool:
    """Whether that is a device, or several, and no helper."""
    return not is_helper(name) and name != TRANSITION


def anybody(name: str) -> bool:
    """Whoever it is."""
    return True


def off(step: str, who: Callable[[str], bool], whom: str) -> Read:
    """How far those for whom ``who`` is true were off from ``whom`` (a device, or the nearest of all) at most in that step."""

    def read(seen: Seen) -> float | None:
        found = [each["off"].get(whom) for name, each in (seen.value(step, "by") or {}).items() if who(name)]
        return None if not found or None in found else max(found)

    return read


def off_at_all(step: str) -> Read:
    """How far any answer was off from the nearest device's: also those between two devices."""
    return off(step, anybody, NEAREST)


def failed(step: str) -> Read:
    """How many requests failed."""
    return lambda seen: seen.value(step, "failed")


def order(step: str) -> Read:
    """Who answered, in order and in a word each: ``helper``, ``transition``, ``device``.

    ``None`` where the helper never did; and where nobody else did, since by AUTO's log the accelerator compiled to the end.
    """

    def read(seen: Seen) -> list[str] | None:
        found: list[str] = []
        for name in seen.value(step, "devices") or ():
            word = "helper" if is_helper(name) else "device" if is_device(name) else TRANSITION
            if found[-1:] != [word]:
                found.append(word)
        if found == ["helper"] and _compiled_throughout(seen, step):
            return None
        return found if "helper" in found else None

    return read


def _compiled_throughout(seen: Seen, step: str) -> bool:
    """Whether no accelerator's compile ended before that step did."""
    own = seen.step(step)
    ended = () if own is None else (*own.log.finished, *own.log.failures)
    return all(each.startswith("CPU") for each in ended) and still_compiles(seen, step)


handed_over = Wanted(
    "the helper first, the device last and for good",
    lambda found: [each for each in found if each != TRANSITION] == ["helper", "device"],
)


def became(step: str) -> Read:
    """What became of a step: ``done``, ``error``, ``hung``, or how the process ended in it."""

    def read(seen: Seen) -> str | None:
        found = seen.step(step)
        return None if found is None else found.became

    return read


def all_right(claim: str, *steps: str, failed: tuple[str, ...] = (), never: tuple[str, ...] = ()) -> tuple[Expect, ...]:
    """In each of those steps (``infer``, ``stream``) none failed, all came back, and every answer was compared and right.

    ``failed`` and ``never`` are known differences that excuse these two, and nothing else: a wrong answer has no excuse.
    """
    either = tuple(dict.fromkeys((*failed, *never)))
    return tuple(
        expect
        for step in steps
        for expect in (
            Expect(claim, f"failed inferences ({step})", failures(step), 0, failed, as_known=A_NUMBER),
            Expect(claim, f"requests that never came back ({step})", lost(step), 0, never),
            unless_seen(Expect(claim, f"inferences without an answer ({step})", unanswered(step), 0), either),
            unless_seen(Expect(claim, f"wrong answers ({step})", wrong(step), 0), either),
        )
    )


def failures(step: str) -> Read:
    """How many inferences failed in it; what was said, where none could be begun since it or the compile was an error."""

    def read(seen: Seen) -> Any:
        found = seen.value(step, "failed")
        return seen.error("compile") or seen.error(step) or None if found is None else found

    return read


def lost(step: str) -> Read:
    """How many requests never came back in it: of ``infer``, which waits for each, none where it came to its end."""
    return lambda seen: None if seen.value(step, "done") is None else (seen.value(step, "never") or 0)


def unanswered(step: str) -> Read:
    """How many of its inferences neither ended nor failed; ``None`` where some failed or never came back, which is told as that."""

    def read(seen: Seen) -> int | None:
        done = seen.value(step, "done")
        if done is None or seen.value(step, "failed") or seen.value(step, "never"):
            return None
        found = seen.step(step)
        return None if found is None else int(found.asked.get("times", 1) - done)

    return read


def wrong(step: str) -> Read:
    """How many answers were wrong; ``None`` where one of those that were given was not compared, or none was given."""

    def read(seen: Seen) -> Any:
        found, compared = seen.value(step, "wrong"), seen.value(step, "compared")
        return found if found or (compared and compared == seen.value(step, "done")) else None

    return read


def every_device(step: str) -> Read:
    """All who answered in it, in their order; ``None`` where nobody did."""
    return lambda seen: seen.value(step, "devices") or None


def all_of_kind(kind: str) -> Wanted:
    """Devices of that kind and nobody else."""
    one = of_kind(kind)
    return Wanted(
        f"{one} and nobody else", lambda found: all(one.holds(each) and not is_helper(each) for each in found)
    )


def last_device(step: str, accelerator: str = "") -> Read:
    """Who answered last in it; ``None`` where that is AUTO's helper, and the accelerator (that one, or any) was still compiling."""

    def read(seen: Seen) -> str | None:
        found = (seen.value(step, "devices") or [None])[-1]
        return None if found is None or (is_helper(found) and still_compiles(seen, step, accelerator)) else found

    return read


def still_compiles(seen: Seen, step: str, accelerator: str = "") -> bool:
    """Whether by AUTO's log the compile of that accelerator (or of any) had not ended, well or not, when that step began."""
    names = [name_of(each.asked) for each in seen.steps]
    before = seen.steps[: names.index(step)]
    ended = {device for each in before for device in (*each.log.finished, *each.log.failures)}
    return accelerator not in ended if accelerator else all(each.startswith("CPU") for each in ended)


def fault_met(claim: str, what: str, step: str = "count") -> Expect:
    """That fault (``build-fault``, ``launch-fault``) was met on the emulated GPU by that step: without it nothing is known."""
    return Expect(claim, f"the GPU met a fault ({what})", lambda seen: seen.value(step, what) > 0 or None, True)
