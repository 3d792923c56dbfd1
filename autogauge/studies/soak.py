"""The study that goes on for long: does AUTO stay sound? Cycles, a stream, many models, threads, models let go of too early.

What grows is judged by a slope with its interval (``stats.trend``), against a bound that is stated here. Each case is a process with its
own watchdog, so that a deadlock is that case's finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from autogauge.measuring.drawing import Block, Table, number, slug
from autogauge.measuring.result import Result
from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import Expect, Wanted, at_least, of_kind
from autogauge.rig.rig import Rig
from autogauge.stats.trend import Slope, slope

CYCLES, HAND_OVERS, STREAM_S = 200, 30, 600.0
GROWTH_KIB, STREAM_KIB_PER_MINUTE, MORE_THREADS = 64.0, 512.0, 4
F32 = {"INFERENCE_PRECISION_HINT": "f32"}
"""Right answers are the CPU's in f32; by default it may compute in bf16."""
WARM_UP = 0.2
"""The share of readings that is left out at the beginning: what is made once is made then."""
SHARES = {"stream": 0.4, "cycles": 0.3, "others": 0.3}
"""Of ``--soak``: for the stream; for the cycles; for all the others together."""
SLACK_S = 120.0
LONGEST_GAP_S = 10.0

MEMORY = "soak-memory-does-not-grow"
HANDLES = "soak-threads-and-files-do-not-grow"
RIGHT = "soak-no-answer-is-wrong"
NO_DEADLOCK = "soak-nothing-hangs"
STREAM = "soak-stream-holds-its-memory"
HANDED = "soak-every-hand-over-happens"


class Soak(CaseStudy):
    """Long cases; how long is said by ``--soak``."""

    name = "soak test"
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise(MEMORY, f"a cycle of compiling, inferring and letting go keeps at most {GROWTH_KIB:g} KiB"),
        Promise(HANDLES, f"threads and open files do not grow by more than {MORE_THREADS}"),
        Promise(STREAM, f"a stream keeps at most {STREAM_KIB_PER_MINUTE:g} KiB a minute"),
        Promise(RIGHT, "no inference fails, and no answer is wrong", ("startup-hand-over-seamless",)),
        Promise(NO_DEADLOCK, "everything comes to its end: no request, thread or destructor hangs"),
        Promise(HANDED, "AUTO hands over every time", ("startup-hand-over",)),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """Those on the CPU, and those that need a GPU."""
        minutes = rig.asked.soak_minutes
        return (*_cycles(minutes), *_stream(minutes), *_let_go(minutes), *_crowds(minutes))

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
                if values := step["value"].get(key):
                    each = step["value"].get("each", 1)
                    y = [value / 1024 for value in values] if key == "resident_kib" else list(values)
                    name = f"{case.name}: {step['step']}"
                    x = [1 + place * each for place in range(len(y))]
                    yield {"name": name, "x": x, "y": y, "disturbed": []}


def _amount(minutes: float | None, share: float, times: int) -> dict[str, Any]:
    """So many times; with ``--soak`` for a share of its minutes."""
    if minutes is None:
        return {"times": times, "deadline_s": 60.0 + 10.0 * times}
    seconds = 60.0 * minutes * share
    return {"seconds": seconds, "deadline_s": seconds + SLACK_S}


def _cycles(minutes: float | None) -> Sequence[Case]:
    """The plain device, then AUTO, in one process: what AUTO keeps is what it keeps more than the device does."""
    share = SHARES["cycles"] / 4
    found = []
    for device, auto, sees in (("CPU", "AUTO:CPU", Sees.ANYTHING), ("GPU", "AUTO:GPU,CPU", Sees.GPU)):
        each = {"do": "cycles", "model": "relu", "properties": F32, "infer": 2, **_amount(minutes, share, CYCLES)}
        steps = (
            {"do": "expect", "model": "relu"},
            {**each, "name": f"cycles on {device}", "device": device},
            {**each, "name": f"cycles on {auto}", "device": auto, "wait": sees is Sees.GPU},
        )
        plain, of_auto = f"cycles on {device}", f"cycles on {auto}"
        expects = (
            Expect(
                MEMORY, f"KiB a cycle that {auto} keeps more than {device}", _more(of_auto, plain), _up_to(GROWTH_KIB)
            ),
            *(_handles(step) for step in (plain, of_auto)),
            *(expect for step in (plain, of_auto) for expect in _sound(step)),
        )
        found.append(Case(f"cycles: {auto}", f"{auto} and {device}, cycle by cycle", steps, expects, sees))
    return found


def _stream(minutes: float | None) -> Sequence[Case]:
    seconds = STREAM_S if minutes is None else 60.0 * minutes * SHARES["stream"]
    step = {
        "do": "flow",
        "model": "relu",
        "device": "AUTO",
        "properties": {"PERFORMANCE_HINT": "THROUGHPUT", **F32},
        "requests": 2,
        "seconds": seconds,
        "deadline_s": seconds + SLACK_S,
    }
    per_minute = Wanted(
        f"at most {STREAM_KIB_PER_MINUTE:g} KiB a minute",
        lambda found: _decided(found.low, found.high, STREAM_KIB_PER_MINUTE),
    )
    return [
        Case(
            "stream",
            "AUTO, two requests in flight without pause",
            ({"do": "expect", "model": "relu"}, step),
            (
                Expect(STREAM, "KiB a minute", _per_minute, per_minute),
                _handles("flow"),
                Expect(NO_DEADLOCK, "requests that never came back", lambda seen: seen.value("flow", "never"), 0),
                Expect(
                    NO_DEADLOCK,
                    "longest time in which nothing came back, in seconds",
                    lambda seen: seen.value("flow", "longest_gap_s"),
                    Wanted(f"at most {LONGEST_GAP_S:g} s", lambda value: bool(value <= LONGEST_GAP_S)),
                ),
                *_sound("flow"),
            ),
        )
    ]


def _let_go(minutes: float | None) -> Sequence[Case]:
    """Hand-overs, and models that are let go of while they are compiled."""
    share = SHARES["others"] / 5
    hand_overs = {
        "do": "cycles",
        "model": "chain",
        "properties": F32,
        "device": "AUTO:GPU,CPU",
        "wait": True,
        "longest_s": 60.0,
    }
    early = {"do": "cycles", "model": "chain", "early": True}
    return [
        Case(
            "hand-overs",
            "compile, hand over, let go",
            ({"do": "expect", "model": "chain"}, {**hand_overs, **_amount(minutes, share, HAND_OVERS)}),
            (
                Expect(HANDED, "who answers at last", _all_on_a_gpu, of_kind("GPU")),
                *_sound("cycles"),
                _handles("cycles"),
            ),
            Sees.GPU,
        ),
        *(
            Case(
                f"let go of early: {device}",
                f"{device}, let go of while it compiles",
                ({"do": "expect", "model": "chain"}, {**early, "device": device, **_amount(minutes, share, 50)}),
                (
                    Expect(
                        NO_DEADLOCK,
                        "cycles that came to their end",
                        lambda seen: seen.value("cycles", "count"),
                        at_least(1),
                    ),
                    Expect(RIGHT, "compiles that failed", lambda seen: seen.value("cycles", "failed"), 0),
                    _handles("cycles"),
                ),
                sees,
            )
            for device, sees in (("AUTO:CPU", Sees.ANYTHING), ("AUTO:GPU,CPU", Sees.GPU))
        ),
    ]


def _crowds(minutes: float | None) -> Sequence[Case]:
    """Many models on one Core, and threads that compile at once."""
    share = SHARES["others"] / 5
    first = {"do": "expect", "model": "relu"}
    many = {"do": "many", "model": "relu", "properties": F32, "models": 20, "device": "AUTO"}
    threads = {"do": "threads", "model": "relu", "properties": F32, "threads": 4, "device": "AUTO"}
    return [
        Case(
            "many models",
            "twenty models on one Core at once",
            (first, {**many, **_amount(minutes, share, 20)}),
            (*_sound("many"), _handles("many")),
        ),
        Case(
            "threads",
            "four threads compile at once on one Core",
            (first, {**threads, **_amount(minutes, share, 25)}),
            (
                Expect(
                    NO_DEADLOCK, "threads that never came to their end", lambda seen: seen.value("threads", "never"), 0
                ),
                *_sound("threads"),
            ),
        ),
    ]


def _sound(step: str) -> tuple[Expect, ...]:
    """Nothing failed, everything was right, and the step came to its end."""
    return (
        Expect(RIGHT, f"failed ({step})", lambda seen: seen.value(step, "failed"), 0),
        Expect(
            RIGHT,
            f"wrong answers ({step})",
            lambda seen: seen.value(step, "wrong") if seen.value(step, "done") else None,
            0,
        ),
        Expect(NO_DEADLOCK, f"what became of it ({step})", lambda seen: _became(seen, step), "done"),
    )


def _became(seen: Seen, name: str) -> str | None:
    step = seen.step(name)
    return step.became if step else None


def _kept(seen: Seen, step: str, key: str) -> Slope | None:
    """By how much that grows from one cycle to the next, after the warm-up."""
    values = seen.value(step, key) or []
    return slope(values[int(len(values) * WARM_UP) :], seen.value(step, "each") or 1)


def _more(step: str, other: str) -> Any:
    def more(seen: Seen) -> Slope | None:
        own, plain = (_kept(seen, each, "resident_kib") for each in (step, other))
        return None if own is None or plain is None else own - plain

    return more


def _per_minute(seen: Seen) -> Slope | None:
    found = _kept(seen, "flow", "resident_kib")
    return found and Slope(60 * found.each, 60 * found.low, 60 * found.high, found.readings)


def _up_to(bound: float) -> Wanted:
    return Wanted(f"at most {bound:g} KiB", lambda found: _decided(found.low, found.high, bound))


def _decided(low: float, high: float, bound: float) -> bool | None:
    """Whether the whole interval is below the bound; ``None`` where the bound lies in it."""
    return True if high <= bound else False if low > bound else None


def _handles(step: str) -> Expect:
    """Threads and files at the end against those after the warm-up: how many more."""

    def more(seen: Seen) -> int | None:
        grown: list[int] = []
        for key in ("threads", "files"):
            values = [each for each in seen.value(step, key) or () if each is not None]
            if len(values) < 2:
                return None
            grown.append(values[-1] - max(values[: 1 + int(len(values) * WARM_UP)]))
        return max(grown)

    return Expect(
        HANDLES,
        f"threads or files more ({step})",
        more,
        Wanted(f"at most {MORE_THREADS}", lambda n: bool(n <= MORE_THREADS)),
    )


def _all_on_a_gpu(seen: Seen) -> str | None:
    """The device that answered at last in every cycle; where there were several, all of them."""
    return ",".join(seen.value("cycles", "ended_on") or ()) or None


SOAK = Soak()
