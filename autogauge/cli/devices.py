"""``python -m autogauge devices``: what OpenVINO sees here."""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from autogauge.cli.shared import OF_A_COMMAND, AsJson
from autogauge.models.inspect import inspect
from autogauge.plain import sentence
from autogauge.probe.launcher import Launcher
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.report.terminal import devices_table

app = typer.Typer(**OF_A_COMMAND)


@app.command(epilog="Example: python -m autogauge devices --json")
def devices(as_json: AsJson = False) -> None:
    """List the devices that OpenVINO sees, with full names, types, drivers and capabilities."""
    with tempfile.TemporaryDirectory(prefix="autogauge-") as folder:
        found = inspect(Launcher(Path(folder)))
    if as_json:
        print_json({"openvino": found.openvino, "devices": [device.to_json() for device in found.devices]})
        return
    screen = console()
    screen.print(f"openvino {sentence(found.openvino)}")
    screen.print(devices_table(found.devices))
