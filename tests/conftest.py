"""The tests of the suite itself need more packages than the measuring: say so once, before anything runs."""

import importlib.util
from pathlib import Path

import pytest

NEEDED = ("hypothesis", "psutil")
FOLDERS = ("unit", "end_to_end", "omz", "emulation", "browser")


def pytest_collection_finish(session):
    """End the session with a sentence when selected tests lack their packages."""
    here = Path(__file__).parent
    selected = any(here / folder in item.path.parents for item in session.items for folder in FOLDERS)
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if selected and missing and not session.config.option.collectonly:
        pytest.exit(f"the suite's own tests need {', '.join(missing)}: pip install -r requirements-dev.txt.", 2)
