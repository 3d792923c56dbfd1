"""What is expected of a case, and whether what was seen is that: a function of the observations alone, so that they can be judged again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from autogauge import causes
from autogauge.contract.differences import LAST, Difference, known
from autogauge.measuring.claim import BEYOND
from autogauge.measuring.result import Check
from autogauge.probe.seen import Seen
from autogauge.rig.unexpected import Fault, Watched, hindrances, unexpected

MOST_SHOWN = 160
HUNG = "hung"
NOT_READ = (LookupError, TypeError, ValueError, AttributeError)
"""A step was not reached, or gave something else."""


@dataclass(frozen=True)
class Expect:
    """One thing that is expected of a case, for the claim of that name.

    ``read`` reads off what was seen; ``None`` is not known, and leaves the claim open. ``wanted`` is the value that it is to be, or
    a :class:`Wanted`. ``what`` says what is looked at, in words. ``differs`` are the known differences that excuse this expectation, and
    no other one: also where it is not known. ``as_known`` is what is seen by that difference; without it anything is. ``ends`` are the
    ways in which the difference may end the process (``HUNG``, ``signal``, ``exit``; or such a way with the last release that does it):
    no other end is ever excused.
    """

    claim: str
    what: str
    read: Callable[[Seen], Any]
    wanted: Any
    differs: tuple[str, ...] = ()
    as_known: Wanted | None = None
    ends: tuple[str | tuple[str, str], ...] = ()
    when: Callable[[Seen], bool] | None = None
    """Whether what it is about came about; where it did not nothing is known of it.

    What went wrong, and is read off all the same, was then expected only where it is what is wanted, or what is known of a difference
    (``as_known``; a difference of which nothing is said excuses nothing that its cause did not bring).
    """

    def on(self, openvino: str) -> Expect:
        """The same with the differences and ends of that release alone."""
        keys = tuple(key for key in self.differs if known((key,), openvino))
        ends = ((each, LAST) if isinstance(each, str) else each for each in self.ends if keys)
        there = tuple(end for end, until in ends if Difference(end, end, until=until).is_in(openvino))
        return dataclasses.replace(self, differs=keys, ends=there)

    def judge(self, seen: Seen) -> Expected:
        """What was seen of it, and whether that is what was wanted."""
        is_about = self.is_about(seen)
        value = self.value(seen) if is_about else None
        try:
            holds = self._holds(value)
        except NOT_READ:
            value = holds = None
        is_excused = not is_about or self._is_excused(value)
        named = bool(self.differs)
        beside = None if is_about else self.value(seen)
        return Expected(
            self.claim, self.what, value, self.wanted, holds, is_excused, self.ends, named, is_about, beside
        )

    def is_about(self, seen: Seen) -> bool:
        """Whether what it is about came about."""
        return self.when is None or bool(_tried(self.when, seen))

    def expects(self, value: Any) -> bool:
        """Whether that value is wanted, or what is known of a difference, also where what it is about did not come about."""
        try:
            return bool(self._holds(value)) or (self.as_known is not None and self._is_excused(value))
        except NOT_READ:
            return False

    def value(self, seen: Seen) -> Any:
        """What was seen of it."""
        return _tried(self.read, seen)

    def _is_excused(self, value: Any) -> bool:
        """Whether a known difference may break it so."""
        if value is None or self.as_known is None:
            return bool(self.differs)
        return bool(self.differs) and bool(self.as_known.holds(value))

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


def _tried(read: Callable[[Seen], Any], seen: Seen) -> Any:
    try:
        return read(seen)
    except NOT_READ:
        return None


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


NO_ERROR = Wanted("no error", lambda said: said == "")
ONLY_UNSEEN = Wanted("nothing", lambda value: False)
"""What is known of an expectation that a difference keeps from being seen, and breaks by no value."""


def saying(*words: str) -> Wanted:
    """A text that has one of these words, in any case of letters."""
    return Wanted(
        f"a text with {' or '.join(map(repr, words))}",
        lambda value: any(word.lower() in str(value).lower() for word in words),
    )


def unless_seen(expect: Expect, differs: tuple[str, ...]) -> Expect:
    """The same, which these differences may keep from being seen, and may not break."""
    return dataclasses.replace(expect, differs=differs, as_known=ONLY_UNSEEN) if differs else expect


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
    """Whether a known difference may break it so, or keep it from being seen."""
    ends: tuple[str | tuple[str, str], ...] = ()
    """The ends of a process that this difference may bring."""

    differs: bool = False
    """Whether its expectation names a known difference."""
    is_about: bool = True
    """Whether what it is about came about."""
    beside: Any = None
    """What was read of it where that did not come about."""

    @property
    def is_unseen(self) -> bool:
        """Whether nothing was seen of it: not even something that decides nothing."""
        return self.holds is None and self.value is None

    def sentence(self) -> str:
        """What was seen; where that was not wanted also what was."""
        if self.holds:
            return f"{self.what}: {shown(self.value)}"
        if not self.is_about:
            read = "" if self.beside is None else f" (read all the same: {shown(self.beside)})"
            return f"{self.what}: not seen, since what it is about did not come about{read}"
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


def judge(
    expects: Iterable[Expect], seen: Seen, aside: Iterable[Expect] = ()
) -> tuple[dict[str, Check], list[Expected]]:
    """The check of each claim, and every expectation behind it.

    ``aside`` are expectations that are not asked, since this release does not know what they are about: what they read a value off was
    expected too.

    A claim is broken by any expectation that is not met, and open where one is not known. What went wrong in a step, and is what no
    expectation wants or excuses (``unexpected``), breaks each claim of which something was not seen. Where that is none, what went wrong
    in a step of which no expectation read how it went breaks every claim. Where the process crashed or hung nothing is left open, and
    nothing holds: that is what became of this case. Where the machine lacked something to go on, or something could not be prepared,
    nothing is known but what was broken before.
    """
    expects, aside = tuple(expects), tuple(aside)
    lacked = lacking(seen)
    watched = Watched(seen)
    if lacked:  # what reads the ending would take it for AUTO's
        watched.seen.ending = None
    every, expected, refused = [], set[Fault](), set[Fault]()
    for expect in expects:
        watched.anew()
        every.append(expect.judge(watched.seen))
        if not every[-1].is_about:  # what told that it did not come about is not expected for that
            watched.anew()
            if expect.expects(expect.value(watched.seen)):
                expected |= watched.read
        elif every[-1].holds is False and not every[-1].is_excused:
            refused |= watched.read
        elif every[-1].value is not None:
            expected |= watched.read
    for expect in aside:
        watched.anew()
        if expect.value(watched.seen) is not None:
            expected |= watched.read
    hindered = "; ".join(hindrances(seen))
    faults, unjudged = ("; ".join(unexpected(seen, each)) for each in (expected, expected | refused))
    by_claim = {name: [each for each in every if each.claim == name] for name in dict.fromkeys(e.claim for e in every)}
    unseen = [name for name, of_claim in by_claim.items() if any(each.is_unseen for each in of_claim)]
    return {
        name: _check(of_claim, seen, faults if name in unseen else unjudged if not unseen else "", hindered, lacked)
        for name, of_claim in by_claim.items()
    }, every


def lacking(seen: Seen) -> str:
    """How the process ended, where that was for want of memory, files, processes or room on the disk; else nothing.

    The reason says so, and not what was printed: AUTO itself may print that an allocation failed, of a size that it made up.
    """
    ending = seen.ending
    return "" if ending is None or not causes.step_in(ending.reason) else ending.sentence()


def _check(of_claim: Sequence[Expected], seen: Seen, faults: str, hindered: str, lacked: str) -> Check:
    broken, unknown = ([each for each in of_claim if each.holds is holds] for holds in (False, None))
    told = "; ".join(each.sentence() for each in (broken or unknown or of_claim))
    ended = "" if seen.ending is None else f" ({seen.ending.sentence()})"
    if hindered and not ended:  # whatever else went wrong
        return Check(None, f"what it is about could not be made: {hindered}; {told}")
    if lacked and not broken and not faults:
        return Check(None, f"the machine lacked something: {lacked}; {told}")
    if not broken and not ended and not faults:
        return Check(None if unknown else True, told)
    wrong = f"an error that nobody expected: {faults}; " if faults else ""
    excuses = any(each.differs for each in of_claim)
    is_beyond = excuses and (bool(faults) or not _is_excused(of_claim, seen))
    return Check(False, f"{BEYOND if is_beyond else ''}{wrong}{told}{ended}")


def _is_excused(of_claim: Sequence[Expected], seen: Seen) -> bool:
    """Whether known differences excuse all that is broken, all that was not seen, and the end of the process where it ended.

    An end that is excused excuses what it kept from being seen.
    """
    if any(each.holds is False and not each.is_excused for each in of_claim):
        return False
    if lacking(seen):  # it kept from being seen what was not
        return True
    if seen.ending is not None:
        end = HUNG if seen.ending.kind == "deadline" else seen.ending.kind
        return any(end in each.ends for each in of_claim)
    return all(each.is_excused for each in of_claim if each.is_unseen)


def deciding_nothing(expects: Sequence[Expect], seen: Seen, aside: Sequence[Expect] = ()) -> list[str]:
    """The expectations whose claim would hold as well if they were turned round, one at a time: a check that cannot fail."""
    checks, _ = judge(expects, seen, aside)
    found = []
    for place, expect in enumerate(expects):
        turned = [*expects[:place], expect.turned(), *expects[place + 1 :]]
        if checks[expect.claim].holds and judge(turned, seen, aside)[0][expect.claim].holds is not False:
            found.append(f"{expect.claim}: {expect.what}")
    return found
