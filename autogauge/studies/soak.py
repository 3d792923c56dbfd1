"""The study that goes on for long: does AUTO stay sound? Cycles, a stream, many models, threads, models let go of too early.

What grows is judged by a slope with its interval (``stats.trend``), against a bound that is stated here; an interval that has the bound
in it leaves the claim open, and so do too few readings. Each case is a process with its own watchdog, so that a deadlock is that case's
finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, ClassVar

from autogauge.measuring.drawing import Block, Table, number, slug
from autogauge.measuring.result import Result
from autogauge.probe.seen import Seen
from autogauge.rig.answered import became, hinted
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import Expect, Wanted, at_least, at_most
from autogauge.rig.rig import Rig
from autogauge.stats.trend import Slope, slope
from autogauge.targets import F32

CYCLES, HAND_OVERS, EARLY, MANY_ROUNDS, THREAD_ROUNDS, STREAM_S = 200, 30, 50, 25, 25, 600.0
MODELS, THREADS, REPEATS = 20, 4, 2
"""So many models at once; so many threads, each of which compiles so often in a round."""
MODELS_EMULATED, REPEATS_EMULATED = 5, 1
"""The same on the emulated GPU. It keeps some 20 MB for good, without AUTO too, of each model that is compiled beside others."""
GROWTH_KIB, STREAM_KIB_PER_MINUTE, MORE_THREADS = 64.0, 512.0, 4
WARM_UP = 0.2
"""The share of readings that is left out at the beginning: what is made once is made then."""
FEW_CYCLES, FEW_ROUNDS, FEW_SECONDS = 80, 20, 60
"""So many readings are needed after the warm-up: fewer may be the warm-up still, and are judged as too few. A case without ``--soak`` has
more: of its cycles; of its hand-overs and rounds; of the seconds of the stream."""
SHARES = {"stream": 0.4, "cycles": 0.3, "others": 0.3}
"""Of ``--soak``: for the stream; for the cycles; for all the others together."""
SLACK_S = 120.0
DROWNED = 4
"""Where the plain device itself keeps more than so many times the bound, the rest that is AUTO's cannot be told from it."""
LONGEST_GAP_S = 60.0
"""A stream in which nothing comes back for so long hangs, on a machine that is slow and busy too."""

MEMORY = "soak-memory-does-not-grow"
HANDLES = "soak-threads-and-files-do-not-grow"
RIGHT = "soak-no-answer-is-wrong"
NO_DEADLOCK = "soak-nothing-hangs"
STREAM = "soak-stream-holds-its-memory"
HANDED = "soak-every-hand-over-happens"


class Soak(CaseStudy):
    """Long cases; how long is said by ``--soak``."""

    name = "soak test"
    tries_again = False
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise(MEMORY, f"AUTO keeps at most {GROWTH_KIB:g} KiB more than its device of each model that was let go of"),
        Promise(HANDLES, f"threads and open files do not grow by more than {MORE_THREADS}"),
        Promise(STREAM, f"a stream keeps at most {STREAM_KIB_PER_MINUTE:g} KiB a minute"),
        Promise(RIGHT, "no inference fails, and no answer is wrong", ("startup-hand-over-seamless",)),
        Promise(NO_DEADLOCK, "everything comes to its end: no request, thread or destructor hangs"),
        Promise(HANDED, "AUTO hands over every time", ("startup-hand-over",)),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """Those on the CPU, and those that need a GPU."""
        minutes = rig.asked.soak_minutes
        return (*_cycles(minutes), *_stream(minutes, rig), *_let_go(minutes, rig), *_crowds(minutes, rig))

    def blocks(self, result: Result) -> Iterable[Block]:
        """What each process held, cycle by cycle or second by second."""
        yield from super().blocks(result)
        for key, unit in (("resident_kib", "MiB"), ("threads", "threads")):
            if series := [*_series(result, key)]:
                cells = [
                    (each["name"], number(each["y"][0]), number(max(each["y"])), number(each["y"][-1]))
                    for each in series
                ]
                yield Block(
                    f"soak-{slug(key)}",
                    f"What the processes held: {unit}",
                    "From left to right by cycles; by seconds for the stream. A line that rises to the end is a leak.",
                    Table.of(("case", "first", "most", "last"), cells),
                    {"kind": "order", "unit": unit, "series": series},
                )


def _series(result: Result, key: str) -> Iterable[Mapping[str, Any]]:
    for case in result.conditions:
        for facts in result.facts.get(case.name, {}).get("replicates", ()):
            for step in facts["steps"]:
                if (values := step["value"].get(key)) and None not in values:
                    each = step["value"].get("each", 1)
                    y = [value / 1024 for value in values] if key == "resident_kib" else list(values)
                    name = f"{case.name}: {step['step']}"
                    x = [1 + place * each for place in range(len(y))]
                    yield {"name": name, "x": x, "y": y, "disturbed": []}


def _amount(
    minutes: float | None, share: float, times: int, each_s: float = 10.0, capped: bool = False
) -> dict[str, Any]:
    """So many times; with ``--soak`` for a share of its minutes, and where ``capped`` not more often all the same.

    ``patience_s`` is for what does not end by itself.
    """
    if minutes is None:
        patience_s = 60.0 + each_s * times
        return {"times": times, "patience_s": patience_s, "deadline_s": patience_s + SLACK_S}
    seconds = 60.0 * minutes * share
    most = {"times": times} if capped else {}
    return {"seconds": seconds, **most, "patience_s": SLACK_S, "deadline_s": seconds + 2 * SLACK_S}


PAIRS = (("CPU", "AUTO:CPU", Sees.ANYTHING), ("GPU", "AUTO:GPU,CPU", Sees.GPU))
"""The plain device, and AUTO with it: what AUTO keeps is what it keeps more than the device does."""


def _pair(each: Mapping[str, Any], device: str, auto: str, **of_auto: Any) -> tuple[Mapping[str, Any], ...]:
    """The right answers, then the step on the plain device, then with AUTO, in one process."""
    do = each["do"]
    return (
        {"do": "expect", "model": each["model"]},
        {**each, "name": f"{do} on {device}", "device": device},
        {**each, "name": f"{do} on {auto}", "device": auto, **of_auto},
    )


def _held(do: str, device: str, auto: str, times: int, few: int, models: int = 1) -> tuple[Expect, ...]:
    """What is expected of both steps of a pair; ``models`` are compiled from one reading to the next (0: memory is not judged)."""
    plain, of_auto = f"{do} on {device}", f"{do} on {auto}"
    word = "cycle" if do == "cycles" else "round"
    bound = models * GROWTH_KIB
    kept = Expect(
        MEMORY,
        f"KiB a {word} that {auto} keeps more than {device}",
        _more(of_auto, plain, few, bound),
        _within(bound, "KiB"),
    )
    return (
        *([kept] if models else []),
        *(expect for step in (plain, of_auto) for expect in _handles(step, few)),
        *(expect for step in (plain, of_auto) for expect in _sound(step, times)),
    )


def _cycles(minutes: float | None) -> Sequence[Case]:
    """One model after the other."""
    share, times = SHARES["cycles"] / 4, CYCLES if minutes is None else 1
    each = {"do": "cycles", "model": "relu", "properties": F32, "infer": 2, **_amount(minutes, share, CYCLES)}
    return [
        Case(
            f"cycles: {auto}",
            f"{auto} and {device}, cycle by cycle",
            _pair(each, device, auto, wait=sees is Sees.GPU),
            _held("cycles", device, auto, times, FEW_CYCLES),
            sees,
        )
        for device, auto, sees in PAIRS
    ]


def _stream(minutes: float | None, rig: Rig) -> Sequence[Case]:
    """Requests in flight; AUTO may not batch them, which has faults of its own (``batched-requests-hang``)."""
    seconds = STREAM_S if minutes is None else 60.0 * minutes * SHARES["stream"]
    step = {
        "do": "flow",
        "model": "relu",
        "device": "AUTO",
        "properties": {**hinted("THROUGHPUT", rig), "ALLOW_AUTO_BATCHING": False},
        "requests": 2,
        "seconds": seconds,
        "patience_s": SLACK_S,
        "deadline_s": seconds + 2 * SLACK_S,
    }
    gap = Expect(
        NO_DEADLOCK,
        "longest time in which nothing came back, in seconds",
        lambda seen: seen.value("flow", "longest_gap_s"),
        at_most(LONGEST_GAP_S, "s"),
    )
    return [
        Case(
            "stream",
            "AUTO, two requests in flight without pause",
            ({"do": "expect", "model": "relu"}, step),
            (
                Expect(STREAM, "KiB a minute", _per_minute, _within(STREAM_KIB_PER_MINUTE, "KiB a minute")),
                *_handles("flow", FEW_SECONDS),
                _none_hung("flow", "requests that never came back"),
                *([gap] if seconds > LONGEST_GAP_S else []),  # a shorter stream has no such gap, whatever happens
                *_sound("flow"),
            ),
        )
    ]


def _let_go(minutes: float | None, rig: Rig) -> Sequence[Case]:
    """Hand-overs, and models that are let go of while they are compiled."""
    share = SHARES["others"] / 12
    device, auto, _ = PAIRS[1]
    capped = rig.asked.is_emulated
    # AUTO compiles two models, the helper's too. The emulated GPU takes 32 MiB at a time in the first 25 or so: the long cycles judge that.
    models = 0 if rig.asked.is_emulated else 2
    each = {"do": "cycles", "model": "chain", "properties": F32, **_amount(minutes, share, HAND_OVERS, capped=capped)}
    early = {"do": "cycles", "model": "chain", "early": True, **_amount(minutes, share, EARLY, capped=capped)}
    handed = Expect(HANDED, "who answers at last, of every cycle", _kinds(f"cycles on {auto}"), {"GPU"})
    return [
        Case(
            "hand-overs",
            "compile, hand over, let go",
            _pair(each, device, auto, wait=True, longest_s=60.0),
            (
                handed,
                *_held("cycles", device, auto, HAND_OVERS if minutes is None else 1, FEW_ROUNDS, models),
            ),
            Sees.GPU,
        ),
        *(
            Case(
                f"let go of early: {auto}",
                f"{auto}, let go of while it compiles",
                ({"do": "expect", "model": "chain"}, {**early, "device": auto}),
                (*_ended("cycles", EARLY if minutes is None else 1), *_handles("cycles", FEW_ROUNDS)),
                sees,
            )
            for _, auto, sees in PAIRS
        ),
    ]


def _crowds(minutes: float | None, rig: Rig) -> Sequence[Case]:
    """Many models on one Core, and threads that compile at once; the emulated GPU's memory says nothing there (``DROWNED``)."""
    share, found = SHARES["others"] / 12, []
    for device, auto, sees in PAIRS:
        emulated = rig.asked.is_emulated and sees is Sees.GPU
        models, repeats = (MODELS_EMULATED, REPEATS_EMULATED) if emulated else (MODELS, REPEATS)
        first = {"model": "relu", "properties": F32}
        many = {"do": "many", **first, "models": models, **_amount(minutes, share, MANY_ROUNDS, 40.0, emulated)}
        threads = {"do": "threads", **first, "threads": THREADS, "repeats": repeats}
        threads.update(_amount(minutes, share, THREAD_ROUNDS, 20.0, emulated))
        rounds = (MANY_ROUNDS, THREAD_ROUNDS) if minutes is None else (1, 1)
        compiled = (0, 0) if emulated else (models, THREADS * repeats)
        never = (
            _none_hung(f"threads on {each}", f"threads that never came to their end ({each})")
            for each in (device, auto)
        )
        found += [
            Case(
                f"many models: {auto}",
                f"{auto} and {device}, {models} models on one Core at once",
                _pair(many, device, auto),
                _held("many", device, auto, rounds[0], FEW_ROUNDS, compiled[0]),
                sees,
            ),
            Case(
                f"threads: {auto}",
                f"{auto} and {device}, {THREADS} threads compile at once on one Core",
                _pair(threads, device, auto),
                (*never, *_held("threads", device, auto, rounds[1], FEW_ROUNDS, compiled[1])),
                sees,
            ),
        ]
    return found


def _none_hung(step: str, what: str) -> Expect:
    return Expect(NO_DEADLOCK, what, lambda seen: seen.value(step, "never"), 0)


def _ended(step: str, times: int | None) -> tuple[Expect, ...]:
    """Nothing failed, and the step came to its end; after so many ``times`` at least, where it counts them."""
    count = Expect(
        NO_DEADLOCK,
        f"times it came to its end ({step})",
        lambda seen: seen.value(step, "count"),
        at_least(times or 1),
    )
    return (
        Expect(RIGHT, f"failed ({step})", lambda seen: seen.value(step, "failed"), 0),
        Expect(NO_DEADLOCK, f"what became of it ({step})", became(step), "done"),
        *([] if times is None else [count]),
    )


def _sound(step: str, times: int | None = None) -> tuple[Expect, ...]:
    """The same, and everything that was compared was right."""

    def wrong(seen: Seen) -> int | None:
        return seen.value(step, "wrong") if seen.value(step, "done") else None

    return (*_ended(step, times), Expect(RIGHT, f"wrong answers ({step})", wrong, 0))


@dataclass(frozen=True)
class TooFew:
    """So many readings are there after the warm-up, and so many are needed: nothing is judged by them."""

    readings: int
    needed: int

    def __str__(self) -> str:
        return f"too few readings ({self.readings} of {self.needed})"


@dataclass(frozen=True)
class Drowned:
    """What the plain device itself keeps, which is far more than the bound: what AUTO keeps more is not known."""

    plain: Slope

    def __str__(self) -> str:
        return f"the plain device itself keeps {self.plain}"


def _readings(seen: Seen, step: str, key: str, few: int) -> list[float] | TooFew | None:
    """What was read after the warm-up; ``None`` where that was not seen, or one of them is not known."""
    values = seen.value(step, key)
    if not values or None in values:
        return None
    kept = values[int(len(values) * WARM_UP) :]
    return kept if len(kept) >= few else TooFew(len(kept), few)


def _kept(seen: Seen, step: str, key: str, few: int) -> Slope | TooFew | None:
    """By how much that grows from one cycle to the next, after the warm-up."""
    values = _readings(seen, step, key, few)
    return slope(values, seen.value(step, "each") or 1) if isinstance(values, list) else values


def _more(step: str, other: str, few: int, bound: float) -> Any:
    def more(seen: Seen) -> Slope | TooFew | Drowned | None:
        own, plain = (_kept(seen, each, "resident_kib", few) for each in (step, other))
        if isinstance(own, Slope) and isinstance(plain, Slope):
            return Drowned(plain) if plain.high > DROWNED * bound else own - plain
        return None if own is None or plain is None else own if isinstance(own, TooFew) else plain

    return more


def _per_minute(seen: Seen) -> Slope | TooFew | None:
    found = _kept(seen, "flow", "resident_kib", FEW_SECONDS)
    return found * 60 if isinstance(found, Slope) else found


def _within(bound: float, unit: str = "") -> Wanted:
    """Growth that is no larger; open where too little was read, or the interval leaves it open."""

    def holds(found: Any) -> bool | None:
        if isinstance(found, (TooFew, Drowned)):
            return None
        return _decided(found.low, found.high, bound) if isinstance(found, Slope) else bool(found <= bound)

    return Wanted(f"at most {bound:g} {unit}".strip(), holds)


def _decided(low: float, high: float, bound: float) -> bool | None:
    """Whether the whole interval is below the bound; ``None`` where the bound lies in it."""
    return True if high <= bound else False if low > bound else None


def _handles(step: str, few: int) -> tuple[Expect, ...]:
    """Threads and open files: how many more at the end than after the warm-up, and how many more by their trend over all cycles."""

    def at_the_end(key: str) -> Any:
        def more(seen: Seen) -> float | TooFew | None:
            values = _readings(seen, step, key, few)
            return median(values[-3:]) - median(values[:3]) if isinstance(values, list) else values

        return more

    def by_trend(key: str) -> Any:
        def more(seen: Seen) -> Slope | TooFew | None:
            found = _kept(seen, step, key, few)
            every = seen.value(step, "each") or 1
            return found * (every * (found.readings - 1)) if isinstance(found, Slope) else found

        return more

    return tuple(
        Expect(HANDLES, f"{key} more {how} ({step})", read(key), _within(MORE_THREADS))
        for key in ("threads", "files")
        for how, read in (("at the end", at_the_end), ("by the trend", by_trend))
    )


def _kinds(step: str) -> Any:
    """The kinds of devices that answered at last; a helper stays one: ``(CPU)``."""

    def kinds(seen: Seen) -> set[str] | None:
        ended_on = seen.value(step, "ended_on") or ()
        return {each.partition(".")[0] for devices in ended_on for each in devices.split(",")} or None

    return kinds


SOAK = Soak()
