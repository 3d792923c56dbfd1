"""The tests of the suite itself: they need more packages than the measuring, which does not read them."""

import gc
import importlib.util
from pathlib import Path

import pytest

from fixtures.beside import PASSED_OVER

NEEDED = ("hypothesis", "psutil")
HERE = Path(__file__).parent
FOLDERS = ("unit", "end_to_end", "omz", "emulation", "browser", "lab")
DO_NOT_MEASURE = (*FOLDERS, "functional", "soak")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Let the garbage collector pass over what is collected: it all stays until the session ends.

    Looking through it again and again took an eighth of the time of collecting, and a share of every later test.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def pytest_ignore_collect(collection_path, config):
    """Leave these folders out where only the measuring of speed is asked for: there is none in them.

    Importing their files took half a second and 30 MiB of the process that measures.
    """
    only_measures = config.option.markexpr == "perf"
    return True if only_measures and collection_path.parent == HERE and collection_path.name in DO_NOT_MEASURE else None


def pytest_collection_finish(session):
    """End the session with a sentence when selected tests lack their packages."""
    selected = any(HERE / folder in item.path.parents for item in session.items for folder in FOLDERS)
    if selected and (copy := session.config.stash.get(PASSED_OVER, "")):
        pytest.exit(
            f"the suite's own tests start pytest in many ways, and the copy of autogauge in {copy} would be in all of them: "
            "take an environment without it (pip uninstall autogauge).",
            2,
        )
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if selected and missing and not session.config.option.collectonly:
        pytest.exit(f"the suite's own tests need {', '.join(missing)}: pip install -r requirements-dev.txt.", 2)
