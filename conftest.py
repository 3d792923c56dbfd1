"""Command-line options, and which fixture modules load. Which options there are is said in ``autogauge.options``."""

from fixtures import beside
from fixtures.plugin import MODULES

pytest_plugins = [f"fixtures.{name}" for name in MODULES]


def pytest_addoption(parser, pluginmanager):
    """The suite's own options. None has a default here: a file may have it, and that is weaker than the command line."""
    beside.take_over(parser, pluginmanager)
