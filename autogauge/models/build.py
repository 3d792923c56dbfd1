"""Runs a builder of models in a process of its own, so that whoever asks for a model needs no openvino in memory.

What is built is left to the builder.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autogauge.cache import scratch_in
from autogauge.errors import UserError
from autogauge.probe.process import Child, last_line

DEADLINE_S = 180.0


def build_in_a_process(
    module: str,
    staging: Path,
    name: str,
    precision: str,
    *,
    words: Sequence[str],
    facts: dict[str, Any],
    python: Path | None = None,
) -> dict[str, Any]:
    """Run ``python -m module staging words…``, which leaves ``NAME.xml`` and ``NAME.bin`` in ``staging``; returns facts for the manifest.

    ``python`` is another interpreter than this one, with an openvino of its own.
    Raises :class:`UserError` when it fails or takes longer than its deadline.
    """
    package_parent = str(Path(__file__).parents[2])
    found_by = os.pathsep.join(filter(None, (package_parent, os.environ.get("PYTHONPATH"))))
    with scratch_in(staging) as scratch:
        child = Child(
            [str(python or sys.executable), "-m", module, str(staging), *words],
            stdout=scratch / "stdout.log",
            stderr=scratch / "stderr.log",
            environment={**os.environ, "PYTHONPATH": found_by},
        )
        try:
            ending = child.wait(time.monotonic() + DEADLINE_S)
        except TimeoutError:
            raise UserError(
                f"building {name} {precision} took over {DEADLINE_S:g} s: look at the machine's load and run again."
            ) from None
        finally:
            child.kill()
        if ending.exit_status != 0 or not (staging / f"{name}.bin").is_file():
            reason = last_line(child.output_tail()) if child.output_tail() else str(ending)
            raise UserError(
                f"cannot build {name} {precision} in {staging.parent}: {reason}; "
                "free disk space, or check that openvino is installed (pip install -r requirements.txt)."
            )
    return {"name": name, "kind": "model", "precision": precision, **facts}
