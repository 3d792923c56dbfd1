"""The end of a run on a terminal: the table of figures and the verdicts with their evidence."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from autogauge.report.rows import Row, rows
from autogauge.run import Run
from autogauge.stats.verdicts import Outcome, Verdict
from autogauge.targets import Device

_STYLES = {Outcome.PASS: "bold green", Outcome.FAIL: "bold red", Outcome.INCONCLUSIVE: "bold yellow"}
NONE = "–"


def render(parts: Iterable[RenderableType], *, width: int, colour: bool) -> str:
    """Draw for a terminal of that width, with or without colour."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    for part in parts:
        console.print(part)
    return stream.getvalue()


def results(run: Run) -> list[RenderableType]:
    """What is shown at the end of a run: what was measured on what, the table, the verdicts."""
    notes = [Text(f"NOTE  {note}") for note in run.notes]
    return [*map(Text, heading(run)), table_of(rows(run)), verdicts_table(run.verdicts()), *notes]


def heading(run: Run) -> list[str]:
    """The model and the machine, a line each."""
    devices = ", ".join(
        f"{device.name} ({device.full_name})" if device.full_name else device.name for device in run.devices
    )
    lines = [f"openvino {run.openvino} on {run.settings.machine}: {devices or 'no devices'}"]
    if run.model:
        lines.append(f"model {run.model.describe()}")
    if run.interrupted:
        lines.append("INTERRUPTED: what follows rests on the replicates that were finished")
    return lines


def table_of(found: Iterable[Row]) -> Table:
    """The figures by target and hint. FIL is the median of the samples counted beside it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("target", no_wrap=True)
    table.add_column("hint", no_wrap=True)
    for title in ("FIL ms (n)", "FPS", "p50 ms", "p90 ms", "p99 ms", "requests"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("ran on", overflow="fold", min_width=6)
    for row in found:
        fil = NONE if row.fil_s is None else f"{row.fil_s * 1e3:.1f} ({row.fil_samples})"
        table.add_row(
            row.target,
            row.hint or NONE,
            fil,
            _number(row.fps, 1),
            _number(row.p50_ms, 2),
            _number(row.p90_ms, 2),
            _number(row.p99_ms, 2),
            str(row.infer_requests or NONE),
            ", ".join(row.execution_devices) or NONE,
        )
    return table


def verdicts_table(verdicts: Iterable[Verdict]) -> Table:
    """Each verdict with its promise and its evidence."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column("verdict", no_wrap=True)
    table.add_column("promise and evidence", overflow="fold")
    for verdict in verdicts:
        text = Text(f"{verdict.claim.sentence} [{verdict.claim.name}]\n{verdict.evidence()}\n")
        table.add_row(Text(str(verdict.outcome), style=_STYLES[verdict.outcome]), text)
    return table


def devices_table(devices: Iterable[Device]) -> Table:
    """What OpenVINO can compile for on this machine."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("device", "full name", "type", "driver", "capabilities"):
        table.add_column(title, overflow="fold")
    for device in devices:
        table.add_row(
            device.name, device.full_name, device.type or NONE, device.driver or NONE, ", ".join(device.capabilities)
        )
    return table


def _number(value: float | None, decimals: int) -> str:
    return NONE if value is None else f"{value:.{decimals}f}"
