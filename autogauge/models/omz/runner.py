"""Runs one tool of the Open Model Zoo, unmodified, in the interpreter that has it; also asks it what it knows.

Stand-alone: a script for interpreters that have no autogauge (``runner.py TOOL MODELS WORDS…``). MODELS is a folder of model
configurations that takes the place of the tool's own, or empty. Starting it, its deadline and its end are left to ``autogauge.tools``.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Do what the command line says."""
    tool, models, *words = sys.argv[1:]
    sys.argv = [tool, *words]
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
