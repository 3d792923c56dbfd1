"""The end of a run on a terminal: the table of figures and the verdicts with their evidence."""

from __future__ import annotations

import io
import statistics
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from autogauge import studies
from autogauge.doctor.finding import Finding, State
from autogauge.history.recorded import Recorded
from autogauge.measuring.drawing import NONE, Block
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import BY_METRIC, Result
from autogauge.plain import plain, sentence
from autogauge.report import gate, words
from autogauge.report.console import console
from autogauge.report.narrow import Fitting
from autogauge.report.rows import Row, Rows, tables
from autogauge.report.tables import Column, Fitted
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Device

_STYLES = {Outcome.PASS: "bold green", Outcome.FAIL: "bold red", Outcome.INCONCLUSIVE: "bold yellow"}
_STATES = {
    **dict.fromkeys((State.OK, State.FIT), "green"),
    **dict.fromkeys((State.ABSENT, State.NOTED, State.NOT_KNOWN), "yellow"),
    **dict.fromkeys((State.BROKEN, State.UNFIT), "bold red"),
}
MOST_INPUTS = 6
FOLDED = {"target": 6, "ran on": 3}
"""The columns whose cells may be folded, and how far. No figure and no label is ever cut."""
HEADING = 12
"""From how many columns on a heading is folded where its figures are shorter: a metric's title may be a sentence."""


def render(parts: Iterable[RenderableType], *, width: int, colour: bool) -> str:
    """Draw for a terminal of that width, with or without colour."""
    stream = io.StringIO()
    screen = console(file=stream, width=width, force_terminal=colour, color_system="standard" if colour else None)
    for part in parts:
        # What is not to be broken is one line, however long: who copies a command from it gets all of it.
        screen.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))
    return stream.getvalue()


def results(run: Recorded) -> list[RenderableType]:
    """What is shown of a run: what was measured on what, the tables, the verdicts."""
    return [
        *(Text(f"FINDING  {sentence(each['sentence'])}", style="bold red", no_wrap=True) for each in run.findings),
        *(Text(sentence(line)) for line in heading(run)),
        *map(table_of, tables(run.results)),
        *(metrics_table(each) for each in run.results if each.shown == BY_METRIC and each.replicates),
        *(part for each in run.results if each.replicates for part in printed(each)),
        verdicts_table(run.verdicts),
        *gate.render(words.judged_of(run), run.path),
        *(Text(f"NOTE  {sentence(note)}") for note in (*run.notes, *run.lacks)),
    ]


def heading(run: Recorded, *, with_openvino: bool = True) -> list[str]:
    """The model and the machine, a line each; without the session's OpenVINO where others were measured."""
    devices = ", ".join(
        f"{device.label} ({device.full_name})" if device.full_name else device.name for device in run.devices
    )
    openvino = f"openvino {run.openvino} " if with_openvino else ""
    lines = [f"{openvino}on {run.machine}: {devices or 'no devices'}"]
    if run.is_emulated:
        lines.append("EMULATED GPU: what follows shows how AUTO behaves with an accelerator, not how fast one is")
    if run.emulated_gpu:
        if gpus := run.emulated_gpu.get("gpus"):
            lines.append(f"there are {gpus}")
        words = run.emulated_gpu.get("words")
        lines.append(f"the emulated GPU's kernels are compiled for the processor class {words}")
    if run.model:
        lines.append(f"model {run.model.get('words')}")
    if run.inputs:
        lines.append(
            f"inputs {fed(run.inputs)}; an inference counts {run.frames} frame{'' if run.frames == 1 else 's'}"
        )
    if run.interrupted_by:
        lines.append(f"INTERRUPTED by {run.interrupted_by}: what follows rests on what was finished")
    return lines


def fed(inputs: Sequence[str]) -> str:
    """What each input holds, in a line; of many inputs the first ones."""
    told = "; ".join(inputs[:MOST_INPUTS])
    return (
        told
        if len(inputs) <= MOST_INPUTS
        else f"{told}; and {len(inputs) - MOST_INPUTS} more (summary.json names them)"
    )


def table_of(found: Rows) -> RenderableType:
    """The figures by target and labels; a column only where some row has its figure. Of processes the number is told: ``140.7 (32)``."""
    cells = [
        {
            "target": row.target,
            **{key: row.labels.get(key) or NONE for key in found.keys},
            **{column(metric): _median(metric, row) for metric in found.metrics},
            "p50 ms": _number(row.p50_ms, 2),
            "p90 ms": _number(row.p90_ms, 2),
            "p99 ms": _number(row.p99_ms, 2),
            "requests": str(row.infer_requests or NONE),
            "ran on": ", ".join(row.execution_devices) or NONE,
        }
        for row in found.rows
    ]
    figures = {"p50 ms", "p90 ms", "p99 ms", *map(column, found.metrics)}
    titles = list(cells[0]) if cells else []
    titles = [each for each in titles if each not in figures or any(row[each] != NONE for row in cells)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    needed = 0
    for title in titles:
        longest = max(cell_len(row[title]) for row in cells)
        if title in FOLDED:
            table.add_column(title, overflow="fold", min_width=6)
            needed += min(max(longest, cell_len(title)), FOLDED[title])
        else:
            lines = textwrap.wrap(title, max(longest, HEADING)) or [title]
            table.add_column("\n".join(lines), justify="left" if title in found.keys else "right", no_wrap=True)
            needed += max(longest, *map(cell_len, lines))
        needed += 2  # between this column and the next
    for row in cells:
        table.add_row(*(row[title] for title in titles))
    rows = [{title: row[title] for title in titles} for row in cells]
    return Fitting(table, rows, named=1 + len(found.keys), nothing=NONE, needed=needed)


def column(metric: Metric) -> str:
    """What a column of medians is called; ``(n)`` where each cell says of how many processes."""
    return f"{metric.heading} (n)" if metric.per_process else metric.heading


def _median(metric: Metric, row: Row) -> str:
    if metric.name not in row.figures:
        return NONE
    figure = metric.written(row.figures[metric.name])
    shown = f"{figure:.1f}" if abs(figure) >= 10 or figure == 0 else f"{figure:.3g}"
    return f"{shown} ({row.samples[metric.name]})" if metric.per_process else shown


def metrics_table(result: Result) -> Fitted:
    """A line for each metric and a column for each condition: median, and range where there are several samples."""
    answered = sorted({name for each in result.conditions for name in result.devices_that_answered(each.name)})
    told = f" ({result.caption})" if result.caption else ""
    title = f"{result.name} on {', '.join(answered) or 'nothing'}{told}"
    names = [condition.name for condition in result.conditions]
    rows = [("outcome (samples)", *map(result.outcomes, names))]
    for metric in result.metrics_with_figures():
        unit = metric.written_unit
        cells = ([metric.written(each) for each in result.figures(name, metric.name)] for name in names)
        rows.append((f"{metric.title}, {unit}" if unit else metric.title, *map(_range, cells)))
    columns = [Column("", 100, 12)]
    for place, name in enumerate(names, start=1):  # a cell is folded between figures, never within one
        longest = max(cell_len(word) for row in rows for word in row[place].split())
        columns.append(Column(name, 90 - place, max(9, longest), right=True))
    table = Fitted(columns, options={"title": plain(title, 400), "title_justify": "left", "title_style": "bold"})
    for row in rows:
        table.add_row(*row)
    return table


def printed(result: Result) -> Iterable[RenderableType]:
    """The tables that the result's study wants on the terminal."""
    for block in studies.blocks(result):
        if block.printed:
            yield from printed_block(block)


def _column_of(block: Block, name: str, place: int) -> Column:
    """A figure is never broken, and stands to the right."""
    is_number = place in block.table.numeric
    needs = min(12, max(8, *map(len, name.split())))
    return Column(name, 91 - place, None if is_number else needs, right=is_number)


def printed_block(block: Block) -> Iterable[RenderableType]:
    """The table of a page's part, and how to read it."""
    first, *others = block.table.columns
    columns = [Column(first, 100, 16), *(_column_of(block, name, place) for place, name in enumerate(others, 1))]
    table = Fitted(columns, options={"title": block.title, "title_justify": "left", "title_style": "bold"})
    for row in block.table.rows:
        table.add_row(*row)
    yield table
    yield Text(f"{block.how}\n", style="dim")


def _range(values: Sequence[float]) -> str:
    if not values:
        return NONE
    median, low, high = statistics.median(values), min(values), max(values)
    return _significant(median) if low == high else f"{_significant(median)} ({_significant(low)}–{_significant(high)})"


def _significant(value: float) -> str:
    """Whole from 100 on, else three significant digits."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def verdicts_table(verdicts: Sequence[Mapping[str, Any]]) -> Table:
    """Each verdict with its promise and its evidence; those that say nothing of their own in a few lines."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column("verdict", no_wrap=True)
    table.add_column("promise and evidence", overflow="fold")
    own, others = words.apart(verdicts)
    for each in own:
        called = f" [{each['name']}]" if each["claim"] != each["name"] else ""
        text = Text(f"{sentence(each['claim'])}{called}\n{sentence(each['evidence'])}\n")
        table.add_row(_styled(words.shown(each)), text)
    for outcome, line in others:
        table.add_row(_styled(outcome), Text(f"{line}\n"))
    return table


def _styled(word: str) -> Text:
    """A verdict in its colour."""
    return Text(word, style="yellow" if word == words.KNOWN else _STYLES[Outcome(word)])


def devices_table(devices: Iterable[Device]) -> Fitted:
    """What OpenVINO can compile for on this machine."""
    table = Fitted(
        (
            Column("device", 100),
            Column("full name", 90, 10),
            Column("type", 40),
            Column("driver", 60, 8),
            Column("capabilities", 50, 12, longest=400),
        )
    )
    for device in devices:
        table.add_row(
            device.label, device.full_name, device.type or NONE, device.driver or NONE, ", ".join(device.capabilities)
        )
    return table


def doctor_table(findings: Iterable[Finding]) -> Fitted:
    """What the machine has and lacks, what that does to results, and the next steps; a subject is named once."""
    table = Fitted(
        (
            Column("", 50, 8),
            Column("what", 90, 12),
            Column("state", 100),
            Column("found, and the next step", 95, 16, longest=2000),
        )
    )
    last = ""
    for finding in findings:
        subject = "" if finding.subject == last else finding.subject
        last = finding.subject
        state = Text(str(finding.state), style=_STATES[finding.state])
        effect = f"\n{finding.effect[:1].upper()}{finding.effect[1:]}." if finding.effect else ""
        step = f"\n→ {finding.next_step}" if finding.next_step else ""
        table.add_row(subject, plain(finding.what), state, f"{sentence(finding.found)}{effect}{step}")
    return table


def _number(value: float | None, decimals: int) -> str:
    return NONE if value is None else f"{value:.{decimals}f}"
