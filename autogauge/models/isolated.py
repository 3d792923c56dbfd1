"""Runs one builder of models and says which openvino it was built by (``isolated.py RESULT MODULE WORDS…``).

Stand-alone: it is run by its path, by interpreters that have no autogauge. The project's modules are found by their own folder, never by
the search path: where the project is installed, the packages beside it belong to another interpreter. It dies with whoever started it.
"""

import json
import os
import runpy
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

FOLDER = Path(__file__).absolute().parent
if sys.path and Path(sys.path[0]).resolve() == FOLDER.resolve():
    del sys.path[0]  # what is beside this file would come before the standard library's modules of the same names
SPEC = PathFinder.find_spec("autogauge", [str(FOLDER.parents[1])])
assert SPEC is not None
assert SPEC.loader is not None
sys.modules["autogauge"] = module_from_spec(SPEC)
SPEC.loader.exec_module(sys.modules["autogauge"])

from autogauge.tools.runner import die_with_the_starter


def main() -> None:
    """Run the builder, then send what built it."""
    result, module, *words = sys.argv[1:]
    die_with_the_starter()
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__")
    with os.fdopen(int(result), "w", encoding="utf-8") as stream:
        stream.write(json.dumps({"openvino": version()}) + "\n")


def version() -> str:
    """Of the openvino that was loaded. Up to 2023.0 ``__version__`` is missing; before 2024 the API is in ``openvino.runtime``."""
    found = sys.modules["openvino"]
    ask = getattr(found, "get_version", None) or getattr(sys.modules.get("openvino.runtime"), "get_version", None)
    return str(ask() if ask is not None else found.__version__)


if __name__ == "__main__":
    main()
