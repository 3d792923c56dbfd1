"""What ``perf``, ``functional`` and ``soak`` have in common: pytest on AUTO's promises, from any folder.

pytest runs in a process of its own, in this one's place. The measuring is its fixtures'; what an option means, ``autogauge.options``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Optional

import typer

from autogauge import checkout
from autogauge.cli.shared import OF_A_COMMAND, taking_all
from autogauge.options import OPTIONS
from autogauge.report.output import flush

START = "import runpy, sys; sys.path[:] = filter(None, sys.path); runpy.run_module('pytest', run_name='__main__', alter_sys=True)"
"""``python -m pytest`` would put the folder that it is started in before all else, and whatever is called ``autogauge`` there."""
PROMISES = "--autogauge-promises"
OF_PYTEST = (
    *("-p", "autogauge", "-p", "benchmark"),
    "-rfEX",
    "--benchmark-quiet",
    "--override-ini=junit_family=xunit1",
    # How a project calls its own tests says nothing of the promises: some would be left out in silence.
    *(
        "--override-ini=python_files=test_*.py",
        "--override-ini=python_classes=Test",
        "--override-ini=python_functions=test",
    ),
    "--pythonwarnings=ignore:Benchmark fixture was not used at all",
)
"""The plugins, also where none is loaded by itself; the rest as ``pytest.ini`` of the checkout has it."""
Words = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Argument(metavar="[-- PYTEST OPTIONS]", help="Such as -k hints, -x, --junitxml=FILE."),
]


def app_of(mark: str, sentence: str, example: str) -> typer.Typer:
    """The command that measures the promises of that mark. It has each option of a run, in its words."""
    app = typer.Typer(**OF_A_COMMAND)

    def command(*, asked: Any, words: Words = None) -> None:
        run(mark, asked, words or [])

    command.__doc__ = sentence
    app.command(name=mark, epilog=f"Example: {example}")(taking_all(command))
    return app


become = os.execv


def run(mark: str, given: Mapping[str, str], words: Sequence[str]) -> None:
    """Let pytest measure in this process's place."""
    flush()
    become(sys.executable, [sys.executable, *command_line(mark, given, words)])


def command_line(mark: str, given: Mapping[str, str], words: Sequence[str]) -> list[str]:
    """The words of pytest's command line behind the interpreter, for a checkout or for an installed copy."""
    if checkout.IS_CHECKOUT:
        root, options = checkout.ROOT, [f"{name}={text}" for name, text in given.items()]
        place = [f"--config-file={root / 'pytest.ini'}", f"--rootdir={root}", str(root / "tests" / mark)]
        return ["-m", "pytest", "-m", mark, f"{PROMISES}={mark}", *place, *options, *words]
    # As keys of pytest's ini, which are nobody else's: a project may have a --model of its own.
    options = [f"--override-ini={OPTIONS[name].ini}={text}" for name, text in given.items()]
    return ["-c", START, "-m", mark, f"{PROMISES}={mark}", *OF_PYTEST, *options, *words]
