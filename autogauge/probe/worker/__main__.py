"""Starts the probe.

The project's modules are found by their own folder, never by the search path: what they import later (numpy, openvino) is the
interpreter's own, and nothing beside the project (the packages of another environment, where it is installed) can come before it.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

FOLDER = os.path.dirname(os.path.abspath(__file__))
if sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(FOLDER):
    del sys.path[0]  # what is beside this file would come before others' modules of the same names
SPEC = PathFinder.find_spec("autogauge", [os.path.dirname(os.path.dirname(os.path.dirname(FOLDER)))])
assert SPEC is not None
assert SPEC.loader is not None
sys.modules["autogauge"] = module_from_spec(SPEC)
SPEC.loader.exec_module(sys.modules["autogauge"])

from autogauge.probe.worker.modes import main

if __name__ == "__main__":
    sys.exit(main())
