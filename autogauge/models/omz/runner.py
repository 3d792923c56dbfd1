"""Runs one tool of the Open Model Zoo, unmodified, in the interpreter that has it; also asks it what it knows.

Stand-alone: it is run by its path, by interpreters that have no autogauge (``runner.py RESULT TOOL MODELS WORDS…``). What the tool
prints goes line by line to the descriptor RESULT, its errors too. MODELS is a folder of model configurations that takes the
place of the tool's own, or empty. When standard input ends, so has whoever started this, and the whole process group goes with it.
Deadlines and what a failure means are left to ``tools``.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import Any


def main() -> None:
    """Do what the command line says."""
    result, tool, models, *words = sys.argv[1:]
    threading.Thread(target=die_with_the_starter, daemon=True).start()
    os.dup2(int(result), 1)
    os.dup2(int(result), 2)
    os.close(int(result))
    sys.argv = [tool, *words]
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # nothing leaves the machine unasked
    if tool == "module":  # pip, venv, the converter's own entry point
        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        return
    if tool == "script":
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
        return
    if models:
        common: Any = importlib.import_module("openvino.model_zoo._common")
        common.MODEL_ROOT = Path(models)
    if tool == "catalogue":
        print(json.dumps(catalogue()))
    elif tool == "check":
        print(json.dumps(check(Path(words[0]))))
    else:
        # The downloader reports each block that it has read; by the MiB, a slow line would look like a dead one.
        cache: Any = importlib.import_module("openvino.model_zoo.download_engine.cache")
        cache.CHUNK_SIZE = 1 << 16
        importlib.import_module(f"openvino.model_zoo.omz_{tool}").main()


def die_with_the_starter() -> None:
    """Wait for the end of standard input, which only the starter's death brings, and end the whole group then."""
    while os.read(0, 1 << 16):
        pass
    os.killpg(0, signal.SIGKILL)


def catalogue() -> dict[str, Any]:
    """Every model that the tools know: where it comes from, in which precisions, its files with sizes, checksums and addresses."""
    common: Any = importlib.import_module("openvino.model_zoo._common")
    configuration: Any = importlib.import_module("openvino.model_zoo._configuration")
    models = configuration.load_models(common.MODEL_ROOT, configuration.ModelLoadingMode.all)
    composed = {
        model.name: {"framework": "composite", "precisions": sorted(model.precisions), "converted": False, "files": []}
        for model in models
        if model.model_stages
    }
    return composed | {
        model.name: {
            "framework": model.framework,
            "precisions": sorted(model.precisions),
            "folder": model.subdirectory.as_posix(),
            "converted": model.mo_args is not None,
            "files": [
                {
                    "name": each.name.as_posix(),
                    "bytes": each.size,
                    "sha384": each.checksum.value.hex(),
                    "address": getattr(each.source, "url", None) or "https://docs.google.com/uc",
                }
                for each in model.files
            ],
        }
        for model in models
        if not model.model_stages
    }


def check(path: Path) -> dict[str, Any]:
    """Read an IR with the openvino that is here: its numbers of operators by type, its inputs and outputs."""
    openvino: Any = importlib.import_module("openvino")
    model = openvino.Core().read_model(str(path))
    operators: dict[str, int] = {}
    for each in model.get_ops():
        operators[each.get_type_name()] = operators.get(each.get_type_name(), 0) + 1
    return {
        "operators": dict(sorted(operators.items())),
        "inputs": [str(each.get_partial_shape()) for each in model.inputs],
        "outputs": [str(each.get_partial_shape()) for each in model.outputs],
    }


if __name__ == "__main__":
    main()
