"""Runs a script with the emulated GPU switched on in its process: ``python script.py PARENT PARTS SCRIPT [ARGUMENTS]``.

PARENT is the process that this one dies with, PARTS the emulated GPU's parts as JSON (``emulation.switch_on``). The script finds what it
would find if it had been started by itself.
"""

import os
import runpy
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

FOLDER = os.path.dirname(os.path.abspath(__file__))
UNSUITABLE = 2


def beside(name: str) -> Any:
    """A module of this folder. The project's packages stay out of the script's sight."""
    spec = spec_from_file_location("autogauge_" + name, os.path.join(FOLDER, name + ".py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """Switch on, then be the script; returns an exit status only where that cannot be."""
    import json

    parent, parts, script = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
    beside("channel").die_with(parent)
    emulation = beside("emulation")
    try:
        emulation.choose_class()
        emulation.switch_on(parts)
    except (OSError, ValueError) as error:
        print("autogauge: the emulated GPU cannot be switched on: {}".format(error), file=sys.stderr)
        return UNSUITABLE
    sys.argv[:] = sys.argv[3:]
    if sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(FOLDER):
        sys.path[0] = os.path.dirname(os.path.abspath(script))
    runpy.run_path(script, run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
