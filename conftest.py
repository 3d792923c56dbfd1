"""Command-line options, and which fixture modules load. Which options there are is said in ``autogauge.options``."""

from autogauge.options import OPTIONS

pytest_plugins = [
    "fixtures.session",
    "fixtures.alone",
    "fixtures.stops",
    "fixtures.machine",
    "fixtures.compiled",
    "fixtures.gate",
    "fixtures.findings",
    "fixtures.left_open",
    "fixtures.studies",
    "fixtures.recording",
    "fixtures.reporting",
]


def pytest_addoption(parser):
    """The suite's own options. None has a default here: a file may have it, and that is weaker than the command line."""
    group = parser.getgroup("autogauge", "AUTO's promises, measured (pytest -m perf)")
    for option in OPTIONS.values():
        group.addoption(option.name, metavar=option.kind.metavar, help=option.line.replace("%", "%%"))
        parser.addini(option.ini, f"as {option.name}, which is stronger")
