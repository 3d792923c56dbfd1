"""What the scripts here share as commands: a user's mistake is one sentence and exit status 2. What they measure is their own."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from autogauge.errors import UserError
from autogauge.probe.request import ProbeFailed
from autogauge.report.output import make_writable
from autogauge.rig import lock


def run_command(main: Callable[[], Any], *, measures: bool = False) -> NoReturn:
    """Run a script's ``main`` and end with its exit status: 0 where it returns none. One that ``measures`` does so alone on the machine."""
    make_writable(sys.stdout, sys.stderr)
    try:
        with alone() if measures and not {"-h", "--help"} & {*sys.argv[1:]} else contextlib.nullcontext():
            sys.exit(main() or 0)
    except UserError as error:
        _end(str(error))
    except ProbeFailed as error:
        _end(f"a probe failed: {error.failure.sentence()}; python -m autogauge doctor says what this machine lacks.")
    except subprocess.CalledProcessError as error:
        said = str(error.stderr or error.stdout or "").strip().splitlines()
        command = " ".join(map(str, error.cmd))[:200]
        _end(f"{command}: exit status {error.returncode}{f': {said[-1]}' if said else ''}; run it by hand.")
    except subprocess.TimeoutExpired as error:
        _end(f"{' '.join(map(str, error.cmd))[:200]}: not done within {error.timeout:g} s; look at the machine's load.")
    except OSError as error:
        _end(f"{error.filename or 'a file'}: {error.strerror or error}; check the path and the disk.")
    except KeyboardInterrupt:
        _end("interrupted: nothing more is printed.")


def alone() -> contextlib.AbstractContextManager[Any]:
    """The machine's measuring lock, waited for as ``pytest -m perf`` does."""
    what = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return lock.measuring(what, say=lambda line: print(line, file=sys.stderr), option=None)


def positive(text: str) -> int:
    """A whole number above 0, for ``argparse``."""
    number = _number(text)
    if number is None or number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return number


def whole(text: str) -> int:
    """A whole number, 0 among them, for ``argparse``."""
    number = _number(text)
    if number is None or number < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return number


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def positives(text: str) -> list[int]:
    """Whole numbers above 0, separated by commas, for ``argparse``."""
    return [positive(each) for each in text.split(",")]


def _end(why: str) -> NoReturn:
    print(f"{Path(sys.argv[0]).name}: {why}", file=sys.stderr)
    sys.exit(2)
