"""A result of ``why`` as parts of a page, tables of a terminal, and a paragraph for an issue's report.

What it says is ``finding``'s; as JSON it is ``in_json``'s.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from autogauge.lab.why import properties_shown
from autogauge.lab.why.finding import (
    COUNTING,
    FAMILY_ERROR,
    PLAIN,
    SMALLEST_SHARE,
    SUM,
    UNEXPLAINED,
    Finding,
)
from autogauge.lab.why.lines import ARROW, SIDES, Compared, Line
from autogauge.lab.why.study import ALONE, COUNTED, FPS, STEADY, name_of
from autogauge.measuring.claim import Ratio
from autogauge.measuring.drawing import NONE, Block, Table, number
from autogauge.measuring.result import Result
from autogauge.plain import counted, few
from autogauge.stats.intervals import Interval

TOP = 12
"""Layers that have a line of their own where nobody asked for more or fewer; the rest is one line."""
B_LESS_A = "B\u00a0−\u00a0A"
"""A title of columns, which is broken nowhere."""
NARROWER = " More blocks (--blocks) narrow the intervals."
NEEDED = "Too few blocks for an interval: it takes {}"
PERCENT = f"{100 * (1 - FAMILY_ERROR):g} %"


def blocks(result: Result) -> Iterable[Block]:
    """The parts of a page, and the tables of the terminal."""
    yield from blocks_of(Finding(result), TOP)


def blocks_of(finding: Finding, top: int) -> Iterable[Block]:
    """The same with so many layers."""
    if finding.compared:
        yield layers_block(finding, top)
    yield _lines("why-whole", "The sum of layers beside the whole", WHOLE, finding.whole)
    yield _lines("why-in-use", "As they are in use", in_use_words(finding), finding.in_use)
    yield _lines("why-phases", "From the start of a process to its first result", PHASES, finding.phases)
    yield properties_shown.block(finding)


WHOLE = (
    "Medians over the processes in ms, and B's difference within the blocks with its 95 % interval. Counted is in other processes than "
    "not counted: what counting itself costs stands here. A layer's time is in whole microseconds, so a sum of short ones is too small: "
    "an interval of sums is wider by what that may drop for each of its layers."
)
PHASES = (
    "Medians over the processes in ms, which are fresh ones: nothing is cached. The intervals of B's differences hold together with 95 %. "
    "What AUTO's log tells is of its own clock."
)


def in_use_words(finding: Finding) -> str:
    """How to read the figures in use: how many requests each side has in flight, without which no latency is compared."""
    a, b = finding.in_flight
    told = {
        True: "on both sides as many requests are in flight",
        False: "the sides have other numbers of requests in flight, so that latencies mean different things, and frames per second compare",
    }
    known = [f"{side} {each}" for side, each in zip(SIDES, (a, b), strict=True) if each is not None]
    requests = f"; {told[a == b]} ({', '.join(known)})" if len(known) == len(SIDES) else ""
    return f"Nothing is counted here{requests}. Times in ms, each with its 95 % interval."


def layers_block(finding: Finding, top: int) -> Block:
    """The layers, the largest difference first, and the rest in one line."""
    shown = finding.compared[:top]
    rest = finding.summed(finding.compared[top:])
    rows = [_row(each.label, each.line, each) for each in shown]
    if rest is not None:
        rows.append(_row(rest.title, rest))
    bars = [_bar(each.label, each.line) for each in shown]  # without the rest: its whisker would dwarf theirs
    chart = {"kind": "differences", "unit": "B − A, µs", "rows": bars}
    columns = ("layer", f"{B_LESS_A} µs", "interval", "A µs", "B µs", "kernel", "precision", "type", "matched by")
    return Block(
        "why-layers",
        "Where the time went, layer by layer",
        " ".join((_how(finding), *(["The others stand in the table alone."] if rest else []), *counted_words(finding))),
        Table(columns, rows, frozenset({1, 3, 4})),
        chart,
        printed=True,
    )


def _how(finding: Finding) -> str:
    held = f"{len(finding.compared)} layers{' and the rest' if finding.rest else ''}"
    if finding.blocks < finding.fewest:
        needed = f"{NEEDED.format(finding.fewest)} (--blocks), and there are {finding.blocks}"
        return f"Largest difference first. {needed}.{_without_a_line(finding)}"
    dropped = "for each of its layers, which is what counting in whole microseconds may drop"
    step = f", and each is wider by {finding.step_us:.1f} µs {dropped}" if finding.step_us else ""
    return (
        f"Largest difference first, over {finding.blocks} blocks of fresh processes. "
        f"The intervals of {held} hold together with {PERCENT}{step}.{_without_a_line(finding)} "
        "One that holds 0 leaves open whether there is a difference (in the chart its bar is grey). Above 0 B is slower."
    )


def _without_a_line(finding: Finding) -> str:
    """That layers which take enough of the time are among the others all the same."""
    if not (left := finding.without_a_line):
        return ""
    return (
        f" With so few blocks only the {len(finding.compared)} largest have a line of their own: {counted(left, 'other')} of at least "
        f"{100 * SMALLEST_SHARE:g} % of the time would have one with {finding.fewest_for_all}."
    )


def counted_words(finding: Finding) -> list[str]:
    """How layers were matched and counted, in sentences."""
    counts = finding.counts
    matched = ", ".join(f"{count} by {how}" for how, count in counts["matched"].items()) or "none"
    only = " and ".join(f"{count} only in {side}" for side, count in counts["only_in"].items())
    fused = " and ".join(f"{count} of {side}" for side, count in counts["not_executed"].items())
    found = [
        f"Matched: {matched}; {only}. Below 1 µs in every profile or not run, as what is fused into others or optimized out: {fused}."
    ]
    if not finding.one_model:
        found.append(
            "A and B are two models, and a name may be another layer's there. None is matched to one whose outputs have another shape."
        )
    if others := [each for each in finding.compared if ARROW in each.type]:
        named = few([f"{each.label} ({each.type})" for each in others])
        found.append(f"Of another type in B than in A, so that it may be other work: {named}.")
    for side, layers in finding.other_kernels:
        if layers:
            found.append(f"{side} had another kernel in another process, and the first one's is shown: {few(layers)}.")
    for side in SIDES:
        facts = finding.result.facts.get(name_of(side, COUNTED), {})
        if facts.get("counted_on"):
            found.append(
                f"{side}'s layers are those of {facts['counted_on']}, compiled by itself: {facts['counted_why']}."
            )
    if any(each.name == name_of("A", ALONE) or each.name == name_of("B", ALONE) for each in finding.result.conditions):
        found.append(
            "Layers are those of one request at the hint LATENCY: with several streams each layer shares the machine."
        )
    return found


def _row(label: str, line: Line, each: Compared | None = None) -> tuple[str, ...]:
    only = f" (only in {each.group.only_in})" if each and each.group.only_in else ""
    a, b, difference, interval = _cells(line)
    more = (each.kernel, each.precision, each.type, each.group.how) if each else ("", "", "", "")
    return label + only, difference, interval, a, b, *more


def _cells(line: Line) -> tuple[str, str, str, str]:
    """A's figure, B's, the difference, and its interval."""
    found = line.difference
    return (
        number(line.a),
        number(line.b),
        NONE if found is None else signed(found.ratio),
        NONE if found is None else bounds(found),
    )


def _lines(anchor: str, title: str, how: str, lines: Sequence[Line]) -> Block:
    rows = [
        (f"{each.title}, {each.unit}" if each.unit not in ("ms", each.title) else each.title, *_cells(each))
        for each in lines
    ]
    return Block(anchor, title, how, Table.of(("figure", "A", "B", B_LESS_A, "interval"), rows), printed=True)


def _bar(label: str, line: Line) -> dict[str, Any]:
    """A bar with its whisker; without one where the interval has no end."""
    found = line.difference
    assert found is not None
    ends = (found.low, found.high) if math.isfinite(found.low) else (None, None)
    return {"label": label, "value": found.ratio, "low": ends[0], "high": ends[1], "word": line.word}


def signed(value: float) -> str:
    """A difference with its sign."""
    text = number(round(value, 9), 3)  # of equal figures, what is left of their binary digits is no difference
    return text if value <= 0 or text == "0" else f"+{text}"


def in_us(found: Interval) -> Interval:
    """A difference of milliseconds in microseconds."""
    return replace(found, ratio=1e3 * found.ratio, low=1e3 * found.low, high=1e3 * found.high)


def bounds(found: Interval) -> str:
    """Where a difference lies."""
    return f"{signed(found.low)} to {signed(found.high)}" if math.isfinite(found.low) else "none yet"


def _interval(found: Interval, unit: str = "") -> str:
    """``95 % interval +1 to +2 ms``, or that there is none."""
    return f"{PERCENT} interval {bounds(found)}{unit}" if math.isfinite(found.low) else "no interval yet"


def title(finding: Finding) -> str:
    """Which two sides it is about."""
    named = (finding.result.labels(each).get("named", each) for each in SIDES)
    return " and ".join(named)


def words(finding: Finding) -> list[str]:
    """What was found, in sentences: the whole, the layers that carry the change, the properties."""
    result = finding.result
    sides = [f"{each} is {_named(result, each)}" for each in SIDES]
    found = ["; ".join(sides) + "."]
    promised = judged_by(result)
    found += [f"{_sentence(line, finding.in_flight)}." for line in finding.in_use if line.title == promised]
    layers = next((each for each in finding.whole if each.title == SUM and each.difference), None)
    if layers is not None and finding.blocks and finding.compared:
        found += [_carried(finding, layers), *_costs(finding)]
    else:
        found += [f"No layer was counted on both sides: {_not_counted(finding)}."]
    found += _failed(result)
    return [*found, *properties_shown.words(finding)]


def judged_by(result: Result) -> str:
    """The title of the figure by which a steady state is judged; empty where none is."""
    return next((each.metric.title for each in result.claims if each.name == STEADY and isinstance(each, Ratio)), "")


def is_in_fps(result: Result) -> bool:
    """Whether frames a second are judged, and not latency."""
    return judged_by(result) == FPS.title


def _failed(result: Result) -> Iterable[str]:
    """The processes that gave nothing: each cause once, with how often it came."""
    failures = result.failures()
    if not failures:
        return
    causes = Counter(f"{name}: {failure.sentence()}" for _, name, failure in failures)
    told = [cause if count == 1 else f"{cause} ({count} times)" for cause, count in causes.most_common()]
    asked = len(failures) + sum(len(each.samples) for each in result.replicates)
    yield f"{len(failures)} of {asked} processes gave nothing, and what is compared rests on the others: {few(told, '; ')}."


def _named(result: Result, side: str) -> str:
    condition = next((each for each in result.conditions if each.name == side), None)
    openvino = result.facts.get(side, {}).get("openvino")
    named = condition.own_labels.get("named", "") if condition else ""
    target = condition.target.label if condition else ""
    return f"{named} ({target}, {f'openvino {openvino}' if openvino else 'never measured'})"


def _sentence(line: Line, in_flight: tuple[int | None, int | None]) -> str:
    """The figure that is judged, of both sides."""
    what = "frames per second" if line.more_is_better else f"{line.unit} an inference"
    if line.a is None or line.b is None or line.difference is None:
        return f"How many {what} there are is not known of both sides"
    how = {"slower": "B is slower", "faster": "B is faster", "open": "which of them is faster is open"}[line.word]
    unit = "" if line.more_is_better else f" {line.unit}"
    share = f"{signed(round(100 * line.difference.ratio / line.a, 1))} % of A's, " if line.a else ""
    a, b = ("", "")
    if None not in in_flight and in_flight[0] != in_flight[1]:
        a, b = (f" with {counted(each or 0, 'request')} in flight" for each in in_flight)
    return (
        f"A has {number(line.a)} {what}{a} and B {number(line.b)}{b}: {how} "
        f"(B − A is {signed(line.difference.ratio)}{unit}, {share}{_interval(line.difference, unit)})"
    )


def _not_counted(finding: Finding) -> str:
    """Why there are no layers of a side, or of both."""
    found, result = [], finding.result
    for side in SIDES:
        name = name_of(side, COUNTED)
        if not result.samples(name):
            failures = result.failures(name)
            found.append(f"of {side}, {failures[0][2].sentence() if failures else 'nothing was measured'}")
    return "; ".join(found) or ("none was executed" if finding.blocks else "no block has both")


def _costs(finding: Finding) -> Iterable[str]:
    """What counting itself costs, and what of the change layers leave unexplained: without these a sum of layers misleads."""
    for side in finding.without_one_request:
        many = finding.result.facts[side]["infer_requests"]
        yield f"What counting costs is not known of {side}: as it is in use {many} requests are in flight, and one is counted."
    lines = {each.title: each for each in finding.whole}
    plain, counting, rest = lines[PLAIN], lines[COUNTING], lines[UNEXPLAINED]
    if counting.a is None or counting.b is None or not plain.a or not plain.b or rest.difference is None:
        return
    cost = " and ".join(
        f"{side} {signed(1e3 * cost)} µs ({signed(100 * cost / whole)} %)"
        for side, cost, whole in (("A", counting.a, plain.a), ("B", counting.b, plain.b))
    )
    open_ = 1e3 * rest.difference.ratio
    between = f", {_interval(in_us(rest.difference))}"
    yield f"Counting itself costs {cost} an inference. Layers leave {signed(open_)} µs of the change unexplained{between}."


def _carried(finding: Finding, layers: Line) -> str:
    """Which layers carry the change, and how much of it."""
    sure = [each for each in finding.compared if each.line.word != "open"]
    count = len(finding.compared)
    if not sure:
        largest = finding.compared[0]
        assert largest.line.difference is not None
        few_ = f" {NEEDED.format(finding.fewest)}." if finding.blocks < finding.fewest else ""
        return (
            f"No layer of {count} differs beyond doubt over {counted(finding.blocks, 'block')}; "
            f"the largest difference is {largest.label} ({signed(largest.line.difference.ratio)} µs).{few_ or NARROWER}"
        )
    told = [
        f"{each.label} {signed(each.line.difference.ratio)} µs ({_kind(each)})" for each in sure if each.line.difference
    ]
    carried = sum(each.line.difference.ratio for each in sure if each.line.difference)
    assert layers.difference is not None
    whole = in_us(layers.difference)
    return (
        f"{len(sure)} of {count} layers differ{'s' if len(sure) == 1 else ''} beyond doubt: {few(told, '; ')}. "
        f"Together {signed(carried)} µs, where the sum of all layers differs by {signed(whole.ratio)} µs "
        f"({_interval(whole)})."
    )


def _kind(of: Compared) -> str:
    """Kernel and precision; what it is where the sides differ in that."""
    return " ".join(filter(None, (of.kernel, of.precision, f"{of.type}," if ARROW in of.type else ""))).rstrip(",")
