"""The end of a run on a terminal: the table of figures and the verdicts with their evidence."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from autogauge.doctor import Finding, State
from autogauge.measuring.claim import Verdict
from autogauge.measuring.result import Result
from autogauge.plain import plain, sentence
from autogauge.report import gate, hand_over, words
from autogauge.report.console import console
from autogauge.report.narrow import Fitting
from autogauge.report.rows import Row, rows
from autogauge.report.tables import Column, Fitted
from autogauge.run import Run
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Device

_STYLES = {Outcome.PASS: "bold green", Outcome.FAIL: "bold red", Outcome.INCONCLUSIVE: "bold yellow"}
_STATES = {State.OK: "green", State.ABSENT: "yellow", State.BROKEN: "bold red"}
NONE = "–"
MOST_INPUTS = 6
OF_STEADY_SPEED = ("hint", "FPS", "p50 ms", "p90 ms", "p99 ms")


def render(parts: Iterable[RenderableType], *, width: int, colour: bool) -> str:
    """Draw for a terminal of that width, with or without colour."""
    stream = io.StringIO()
    screen = console(file=stream, width=width, force_terminal=colour, color_system="standard" if colour else None)
    for part in parts:
        # What is not to be broken is one line, however long: who copies a command from it gets all of it.
        screen.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))
    return stream.getvalue()


def results(run: Run) -> list[RenderableType]:
    """What is shown at the end of a run: what was measured on what, the table, the verdicts."""
    notes = [Text(f"NOTE  {sentence(note)}") for note in run.all_notes()]
    study = hand_over.study_of(run)
    timeline = [hand_over_table(study)] if study else []
    judged = gate.render(run.gate, run.history_file) if run.gate else []
    return [
        *(Text(f"FINDING  {sentence(each.sentence())}", style="bold red", no_wrap=True) for each in run.findings()),
        *(Text(sentence(line)) for line in heading(run)),
        table_of(rows(run)),
        *timeline,
        verdicts_table(run.verdicts()),
        *judged,
        *notes,
    ]


def heading(run: Run) -> list[str]:
    """The model and the machine, a line each."""
    devices = ", ".join(
        f"{device.label} ({device.full_name})" if device.full_name else device.name for device in run.devices
    )
    lines = [f"openvino {run.openvino} on {run.settings.machine}: {devices or 'no devices'}"]
    if run.settings.is_emulated:
        lines.append("EMULATED GPU: what follows shows how AUTO behaves with an accelerator, not how fast one is")
    if run.emulated:
        lines.append(f"the emulated GPU's kernels are compiled for the processor class {run.emulated.describe()}")
    if run.model:
        lines.append(f"model {run.model.describe()}")
    if run.inputs:
        lines.append(
            f"inputs {fed(run.inputs)}; an inference counts {run.frames} frame{'' if run.frames == 1 else 's'}"
        )
    if run.interrupted:
        lines.append(f"INTERRUPTED by {run.interrupted_by}: what follows rests on the replicates that were finished")
    return lines


def fed(inputs: Sequence[str]) -> str:
    """What each input holds, in a line; of many inputs the first ones."""
    told = "; ".join(inputs[:MOST_INPUTS])
    return (
        told
        if len(inputs) <= MOST_INPUTS
        else f"{told}; and {len(inputs) - MOST_INPUTS} more (summary.json names them)"
    )


def table_of(found: Iterable[Row]) -> RenderableType:
    """The figures by target and hint; a column of steady speed only where some row has its figure.

    FIL is the median of the samples counted beside it.
    """
    cells = [
        {
            "target": row.target,
            "hint": row.hint or NONE,
            "FIL ms (n)": NONE if row.fil_s is None else f"{row.fil_s * 1e3:.1f} ({row.fil_samples})",
            "FPS": _number(row.fps, 1),
            "p50 ms": _number(row.p50_ms, 2),
            "p90 ms": _number(row.p90_ms, 2),
            "p99 ms": _number(row.p99_ms, 2),
            "requests": str(row.infer_requests or NONE),
            "ran on": ", ".join(row.execution_devices) or NONE,
        }
        for row in found
    ]
    titles = list(cells[0]) if cells else []
    titles = [each for each in titles if each not in OF_STEADY_SPEED or any(row[each] != NONE for row in cells)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in titles:
        if title in ("target", "ran on"):
            table.add_column(title, overflow="fold", min_width=6)
        else:
            table.add_column(title, justify="left" if title == "hint" else "right", no_wrap=True)
    for row in cells:
        table.add_row(*(row[title] for title in titles))
    return Fitting(table, [{title: row[title] for title in titles} for row in cells], named=2, nothing=NONE)


def hand_over_table(study: Result) -> Fitted:
    """The hand-over in the order of time, a column for each way of inferring: median, and range where there are several replicates."""
    title = f"hand-over of {hand_over.title(study)}: {', '.join(hand_over.devices(study))} (seconds since the call of compile_model)"
    names = [condition.name for condition in study.conditions]
    columns = [Column("", 100, 12), *(Column(name, 90 - place, 9, right=True) for place, name in enumerate(names))]
    table = Fitted(columns, options={"title": plain(title, 400), "title_justify": "left", "title_style": "bold"})
    table.add_row("outcome (processes)", *(hand_over.outcomes(study, name) for name in names))
    for line in hand_over.lines(study):
        table.add_row(
            f"{line.title}, {line.unit}" if line.unit else line.title,
            *(_range(*line.figures[name]) if name in line.figures else NONE for name in names),
        )
    return table


def _range(median: float, low: float, high: float) -> str:
    return _significant(median) if low == high else f"{_significant(median)} ({_significant(low)}–{_significant(high)})"


def _significant(value: float) -> str:
    """Whole from 100 on, else three significant digits."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def verdicts_table(verdicts: Sequence[Verdict]) -> Table:
    """Each verdict with its promise and its evidence; those that rest on a finding in one line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column("verdict", no_wrap=True)
    table.add_column("promise and evidence", overflow="fold")
    own, resting = words.apart(verdicts)
    for verdict in own:
        text = Text(f"{verdict.claim.sentence} [{verdict.claim.name}]\n{verdict.evidence()}\n")
        table.add_row(Text(str(verdict.outcome), style=_STYLES[verdict.outcome]), text)
    if resting:
        table.add_row(Text(str(Outcome.INCONCLUSIVE), style=_STYLES[Outcome.INCONCLUSIVE]), Text(f"{resting}\n"))
    return table


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
    """What the machine has and lacks, with the next steps; a subject is named once."""
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
        step = f"\n→ {finding.next_step}" if finding.next_step else ""
        table.add_row(subject, finding.what, state, finding.found + step)
    return table


def _number(value: float | None, decimals: int) -> str:
    return NONE if value is None else f"{value:.{decimals}f}"
