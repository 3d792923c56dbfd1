"""What is expected of a case, and whether what was seen is that: a function of the observations alone, so that they can be judged again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from autogauge.measuring.claim import BEYOND
from autogauge.measuring.result import Check
from autogauge.probe.seen import Seen

MOST_SHOWN = 160


@dataclass(frozen=True)
class Expect:
    """One thing that is expected of a case, for the claim of that name.

    ``read`` reads off what was seen; ``None`` is not known, and leaves the claim open. ``wanted`` is the value that it is to be, or
    a :class:`Wanted`. ``what`` says what is looked at, in words. ``differs`` are the known differences that excuse this expectation:
    where some expectation of a claim names any, a known difference excuses no others of it.
    """

    claim: str
    what: str
    read: Callable[[Seen], Any]
    wanted: Any
    differs: tuple[str, ...] = ()

    def judge(self, seen: Seen) -> Expected:
        """What was seen of it, and whether that is what was wanted."""
        try:
            value = self.read(seen)
            holds = self._holds(value)
        except (LookupError, TypeError, ValueError, AttributeError):  # a step was not reached, or gave something else
            value = holds = None
        return Expected(self.claim, self.what, value, self.wanted, holds, bool(self.differs))

    def _holds(self, value: Any) -> bool | None:
        if value is None:
            return None
        held = self.wanted.holds(value) if isinstance(self.wanted, Wanted) else value == self.wanted
        return None if held is None else bool(held)

    def turned(self) -> Expect:
        """The same with the opposite wish: to see that its claim can fail."""
        wanted = self.wanted
        holds = wanted.holds if isinstance(wanted, Wanted) else lambda value: bool(value == wanted)

        def opposite(value: Any) -> bool | None:
            held = holds(value)
            return None if held is None else not held

        return dataclasses.replace(self, wanted=Wanted(f"not {shown(wanted)}", opposite))


@dataclass(frozen=True)
class Wanted:
    """A wish that is no single value: ``text`` says it, ``holds`` decides it, or says that it cannot (``None``)."""

    text: str
    holds: Callable[[Any], bool | None]

    def __str__(self) -> str:
        return self.text


def one_of(*values: Any) -> Wanted:
    """Any of these values."""
    return Wanted(" or ".join(map(shown, values)), lambda value: value in values)


def of_kind(kind: str) -> Wanted:
    """A device of that kind, whatever its number: ``GPU`` and ``GPU.0`` are of the kind ``GPU``."""
    return Wanted(f"a {kind}", lambda value: str(value).strip("()").partition(".")[0] == kind)


def at_most(bound: float, unit: str = "") -> Wanted:
    """A number that is no larger."""
    return Wanted(f"at most {bound:g}{unit and ' '}{unit}", lambda value: bool(value <= bound))


def at_least(bound: float, unit: str = "") -> Wanted:
    """A number that is no smaller."""
    return Wanted(f"at least {bound:g}{unit and ' '}{unit}", lambda value: bool(value >= bound))


def saying(*words: str) -> Wanted:
    """A text that has one of these words, in any case of letters."""
    return Wanted(
        f"a text with {' or '.join(map(repr, words))}",
        lambda value: any(word.lower() in str(value).lower() for word in words),
    )


@dataclass(frozen=True)
class Expected:
    """One expectation with what was seen."""

    claim: str
    what: str
    value: Any
    wanted: Any
    holds: bool | None
    """Whether it was seen as it was wanted; ``None`` where nothing was, or where that decides nothing."""
    is_excused: bool = False
    """Whether a known difference may break it."""

    def sentence(self) -> str:
        """What was seen; where that was not wanted also what was."""
        if self.holds:
            return f"{self.what}: {shown(self.value)}"
        seen = "not seen" if self.value is None else shown(self.value)
        open_ = self.holds is None and self.value is not None
        return f"{self.what}: {seen}, and was to be {shown(self.wanted)}{', which that leaves open' if open_ else ''}"

    def to_json(self) -> dict[str, Any]:
        """For a run's file and its table."""
        return {
            "claim": self.claim,
            "what": self.what,
            "seen": None if self.value is None else shown(self.value),
            "wanted": shown(self.wanted),
            "holds": self.holds,
        }


def shown(value: Any) -> str:
    """A value in a sentence; one that is to be told ``in_full`` is not cut short."""
    if isinstance(value, Wanted) or hasattr(value, "in_full"):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        text = ", ".join(map(shown, items)) or "nothing"
    else:
        text = repr(value) if value == "" else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def judge(expects: Iterable[Expect], seen: Seen) -> tuple[dict[str, Check], list[Expected]]:
    """The check of each claim, and every expectation behind it.

    A claim is broken by any expectation that is not met, and open where one is not known. Where the process crashed or hung nothing is
    left open, and nothing holds: that is what became of this case.
    """
    every = [each.judge(seen) for each in expects]
    return {
        claim: _check([each for each in every if each.claim == claim], seen)
        for claim in dict.fromkeys(each.claim for each in every)
    }, every


def _check(of_claim: Sequence[Expected], seen: Seen) -> Check:
    broken, unknown = ([each for each in of_claim if each.holds is holds] for holds in (False, None))
    told = "; ".join(each.sentence() for each in (broken or unknown or of_claim))
    ended = "" if seen.ending is None else f" ({seen.ending.sentence()})"
    if not broken and not ended:
        return Check(None if unknown else True, told)
    # The ending is excused only where what it kept from being seen is.
    to_excuse = broken or unknown
    excuses = any(each.is_excused for each in of_claim)
    is_beyond = excuses and not (to_excuse and all(each.is_excused for each in to_excuse))
    return Check(False, f"{BEYOND if is_beyond else ''}{told}{ended}")


def deciding_nothing(expects: Sequence[Expect], seen: Seen) -> list[str]:
    """The expectations whose claim would hold as well if they were turned round, one at a time: a check that cannot fail."""
    checks, _ = judge(expects, seen)
    found = []
    for place, expect in enumerate(expects):
        turned = [*expects[:place], expect.turned(), *expects[place + 1 :]]
        if checks[expect.claim].holds and judge(turned, seen)[0][expect.claim].holds is not False:
            found.append(f"{expect.claim}: {expect.what}")
    return found
