"""The command line as a whole: which commands there are, and how one ends.

Exit status: 0 done, 1 the answer is bad news, 2 a user's mistake (one sentence on standard error).
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from autogauge import __version__
from autogauge.cli import (
    aa,
    accept,
    compare,
    devices,
    doctor,
    export,
    gate,
    history,
    list_options,
    models,
    reject,
    report,
)
from autogauge.errors import UserError, what_lacks
from autogauge.interruption import Interruption
from autogauge.plain import sentence
from autogauge.report.output import end_where_nobody_reads, flush, make_writable

app = typer.Typer(
    name="python -m autogauge",
    help="Performance of OpenVINO's AUTO device. The measuring itself is `pytest -m perf`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(models.app, name="models")
app.command(epilog="Example: python -m autogauge devices --json")(devices.devices)
app.command(epilog="Example: python -m autogauge doctor --json")(doctor.doctor)
app.command(epilog="Example: python -m autogauge aa --rounds=160 --blocks=24")(aa.aa)
app.command(epilog="Example: python -m autogauge gate reports/history/lab-01")(gate.gate)
app.command(epilog="Example: python -m autogauge accept 12 --why='a slower, safer kernel'")(accept.accept)
app.command(epilog="Example: python -m autogauge reject lab-01/12 --why='fan broken'")(reject.reject)
app.add_typer(history.app, name="history")
app.command(epilog="Example: python -m autogauge compare 'openvino=2026.3' 'openvino=2026.4' --markdown")(
    compare.compare
)
app.command(epilog="Example: python -m autogauge report --history=reports/history --where=machine=lab-01")(
    report.report
)
history.app.command(epilog="Example: python -m autogauge history export runs.parquet --where=machine=lab-01")(
    export.export
)
app.command("options", epilog="Example: python -m autogauge options > docs/options.md")(list_options.options)


def main() -> None:
    """Run a command; a user's mistake is one sentence and exit status 2."""
    make_writable(sys.stdout, sys.stderr)
    interruption = Interruption()
    interruption.watch()
    try:
        try:
            app()
        finally:
            flush()
    except UserError as error:
        _end(str(error))
    except BaseException as error:
        if interruption:
            interruption.heard()
            _end(f"interrupted by {interruption.name}: it is not done; run it again.")
        if isinstance(error, FileNotFoundError) and (lacking := what_lacks()):
            _end(lacking)
        end_where_nobody_reads(error)
        raise


def _end(why: str) -> None:
    print(f"autogauge: {sentence(why)}", file=sys.stderr)
    sys.exit(2)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Performance of OpenVINO's AUTO device. The measuring itself is `pytest -m perf`."""
    if show:
        print(__version__)
        raise typer.Exit
