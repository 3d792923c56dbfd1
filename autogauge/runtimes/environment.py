"""An OpenVINO release in a virtual environment of its own, inside the cache, installed when it is first needed.

What is measured with it is left to ``reference`` and ``pinned``.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

from autogauge.cache import Cache, scratch_in
from autogauge.causes import step_when_late
from autogauge.errors import UserError
from autogauge.manifest import read_manifest
from autogauge.measuring.progress import Progress
from autogauge.probe.identity import is_release
from autogauge.tools import environments
from autogauge.tools.environments import python_of
from autogauge.tools.running import Deadline, ToolFailed, ask, object_in, run_tool
from autogauge.trust import may_run

DEADLINE_S, ASK_DEADLINE_S = 600.0, 60.0
VERSION = re.compile(r"\d{4}\.\d+(?:\.\d+)?(?:\.?(?:dev|rc|a|b|post)\d+)?")
"""What is taken for a release of OpenVINO."""
_NUMPY = re.compile(r"\d+(?:\.\d+)+")
_ENVIRONMENT = "environment"
_ASK_NUMPY = "from importlib.metadata import version; print(version('numpy'))"
_ASK = "import json, openvino, numpy; print(json.dumps({'openvino': openvino.__version__, 'numpy': numpy.__version__}))"


def python_with(version: str, cache: Cache, progress: Progress, option: str) -> Path:
    """The interpreter that has that release of OpenVINO, from the cache or newly installed into it. Raises :class:`UserError`."""
    key = f"openvino-{version}-py{sys.version_info.major}.{sys.version_info.minor}"
    deadline = Deadline(DEADLINE_S)
    before = (read_manifest(cache.folder(key)) or {}).get("numpy", "")
    numpy = (
        before if _NUMPY.fullmatch(before) else ""
    )  # one that is installed anew stays what it was: figures rest on it
    folder = cache.entry(
        key,
        lambda staging: _install(staging, version, deadline, progress, option, numpy),
        usable=lambda folder: may_run(_python(folder)),  # it links to an interpreter, which may be gone
        mend=lambda folder: environments.recompile(folder / _ENVIRONMENT, cache, deadline, progress.say),
        say=progress.say,
        lock_deadline_s=deadline.left_s,
    )
    return _python(folder)


def numpy_of(python: Path) -> str:
    """The version of numpy beside that interpreter's OpenVINO. Raises :class:`UserError`."""
    try:
        return ask(python, _ASK_NUMPY, Deadline(ASK_DEADLINE_S)).strip()
    except ToolFailed as error:
        step = step_when_late() if error.late else error.step
        step = step or "remove its folder from the cache, and it is installed anew"
        raise UserError(f"{python} does not say which numpy it has: {step}.") from None


def _python(folder: Path) -> Path:
    return python_of(folder / _ENVIRONMENT)


def _install(
    staging: Path, version: str, deadline: Deadline, progress: Progress, option: str, numpy: str = ""
) -> dict[str, Any]:
    """Make the environment and ask it what it is; returns facts for the manifest. ``numpy`` is a version that is wanted beside it."""
    began = time.monotonic()
    made = staging / _ENVIRONMENT
    title = f"openvino {version}"
    progress.begin(title)
    progress.advance("installing it", 0, 1, None)
    with scratch_in(staging) as scratch:
        try:
            base = Path(getattr(sys, "_base_executable", sys.executable))
            own = environments.make(
                base,
                made,
                *("--retries=1", "--timeout=15", f"openvino=={version}", *([f"numpy=={numpy}"] if numpy else [])),
                scratch=scratch,
                deadline=deadline,
            )
            # That pip says it is done proves nothing: the release must load, and be the one.
            script = scratch / "ask.py"
            script.write_text(f"import sys; sys.modules['openvino_telemetry'] = None; {_ASK}")
            found = object_in(run_tool(own, "script", str(script), scratch=scratch, deadline=deadline))
            if not is_release(str(found["openvino"]), version):
                raise ToolFailed(f"pip installed openvino {found['openvino']} instead")
        except ToolFailed as error:
            python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
            otherwise = (
                f"check that there is such a release for {python}, the package index (pip's settings) and the disk"
            )
            step = step_when_late() if error.late else error.step or otherwise
            raise UserError(
                f"openvino {version} cannot be installed into {staging.parent.parent}: {error}; {step} ({option})."
            ) from None
        finally:
            progress.end()
    progress.say(f"installed {title} in {time.monotonic() - began:.0f} s")
    return {
        "name": f"openvino-{version}",
        "kind": "toolchain",
        "source": "pip",
        "toolchain": version,
        "numpy": str(found["numpy"]),
    }
