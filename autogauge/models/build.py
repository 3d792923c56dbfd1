"""Runs a builder of models in a process of its own, so that whoever asks for a model needs no openvino in memory.

What is built is left to the builder.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autogauge import checkout
from autogauge.cache import scratch_in
from autogauge.causes import step_in, step_when_late
from autogauge.errors import UserError
from autogauge.manifest import read_manifest
from autogauge.probe import environment
from autogauge.probe.identity import is_release
from autogauge.probe.process import Child, last_line

RUNNER = Path(__file__).with_name("isolated.py")
DEADLINE_S = 180.0
BUILT_BY = "openvino"
"""The fact in a model's manifest that says which version built it, as the builder reported it."""
_NOT_THERE = "No module named"
_OTHERWISE = f"free disk space, or check that openvino is installed ({checkout.install()})"


def build_in_a_process(
    module: str,
    staging: Path,
    name: str,
    precision: str,
    *,
    words: Sequence[str],
    facts: dict[str, Any],
    python: Path | None = None,
    release: str | None = None,
) -> dict[str, Any]:
    """Run ``module`` with ``staging words…``, which leaves ``NAME.xml`` and ``NAME.bin`` in ``staging``; returns facts for the manifest.

    ``python`` is another interpreter than this one, with an openvino of its own, which is to be that ``release``. The environment is a
    clean one; only where this session's own interpreter has no openvino without the user's (``PYTHONPATH``), the user's it is.
    Raises :class:`UserError` when it fails, takes longer than its deadline, or was built by another release.
    """
    arguments = [str(python or sys.executable), str(RUNNER), "{result}", module, str(staging), *words]
    reason, built_by = _run(arguments, staging, name, precision, environment.clean(os.environ))
    if _NOT_THERE in reason and python is None:
        reason, built_by = _run(arguments, staging, name, precision, environment.own(os.environ))
    if reason:
        raise UserError(f"cannot build {name} {precision} in {staging.parent}: {reason}.")
    if release is not None and not is_release(built_by, release):
        raise UserError(
            f"{name} {precision} is to be built by openvino {release}, and {python} runs {built_by or 'no openvino'}: "
            f"install it anew (python -m autogauge models remove openvino-{release}) and run again."
        )
    return {"name": name, "kind": "model", "precision": precision, BUILT_BY: built_by, **facts}


def was_built_by(folder: Path, release: str | None) -> bool:
    """Whether a model in the cache was built by that release; of ``None`` any will do."""
    return release is None or is_release(str((read_manifest(folder) or {}).get(BUILT_BY, "")), release)


def _run(
    arguments: Sequence[str], staging: Path, name: str, precision: str, variables: Mapping[str, str]
) -> tuple[str, str]:
    """Run the builder to its end; returns why it failed with the next step (empty when it did not) and the openvino that it reported."""
    with scratch_in(staging) as scratch:
        child = Child(arguments, stdout=scratch / "stdout.log", stderr=scratch / "stderr.log", environment=variables)
        deadline = time.monotonic() + DEADLINE_S
        try:
            line = child.read_line(deadline)
            ending = child.wait(deadline)
        except TimeoutError:
            raise UserError(f"building {name} {precision} took over {DEADLINE_S:g} s: {step_when_late()}.") from None
        finally:
            child.kill()
        if ending.exit_status != 0 or not (staging / f"{name}.bin").is_file() or line is None:
            tail = "" if ending.for_memory else child.output_tail()
            reason = last_line(tail) if tail else str(ending)
            return f"{reason}; {step_in(reason) or step_in(tail) or _OTHERWISE}", ""
        return "", _version_in(line)


def _version_in(line: bytes) -> str:
    try:
        return str(json.loads(line)[BUILT_BY])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
