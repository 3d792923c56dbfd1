"""Starts the probe.

Only the project's own folder is on the path while its modules load, and no longer: what they import later (numpy, openvino) is
the interpreter's own, and nothing beside this file can shadow it.
"""

import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(FOLDER)))

from autogauge.probe.worker.modes import main

del sys.path[0]

if __name__ == "__main__":
    sys.exit(main())
