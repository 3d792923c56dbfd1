"""Claims of your own, in the words of a test: figures called with a condition, and compared.

    FPS(on("AUTO", "THROUGHPUT")) >= 1.8 * FPS(on("AUTO", "LATENCY"))
    P99(on("AUTO", "LATENCY")) <= "12 ms"
    on("AUTO").ran_on("CPU")

Nothing here measures, and no claim raises: what is wrong with a claim is kept in it (``Said.mistakes``), with its place, and told before
anything is measured. How such claims are measured is left to ``studies.own``; what asks for them, to the fixtures.
"""

from __future__ import annotations

import difflib
import os
import re
import sys

from autogauge.claims.conditions import On, on
from autogauge.claims.figures import FIGURES, Figure
from autogauge.claims.figures import FIL as FIL
from autogauge.claims.figures import FPS as FPS
from autogauge.claims.figures import MEAN as MEAN
from autogauge.claims.figures import P50 as P50
from autogauge.claims.figures import P90 as P90
from autogauge.claims.figures import P95 as P95
from autogauge.claims.figures import P99 as P99
from autogauge.claims.figures import PEAK_MEMORY as PEAK_MEMORY
from autogauge.claims.said import Said
from autogauge.errors import UserError

__all__ = ("FIL", "FPS", "MEAN", "P50", "P90", "P95", "P99", "PEAK_MEMORY", "Figure", "On", "Said", "on")


PLUGINS = ("pytest_autogauge.plugin", "fixtures.plugin")
"""Of an installed copy and of the checkout: one of them measures what is claimed."""
_OF_SESSION = "_pytest.assertion.rewrite"


def _why_unmeasured() -> str:
    """Why nothing that is claimed here would be measured, in a sentence; empty where it would, or outside of a session of pytest."""
    is_session = "pytest" in sys.modules and (
        "PYTEST_VERSION" in os.environ or any(type(each).__module__ == _OF_SESSION for each in sys.meta_path)
    )
    if not is_session or any(getattr(sys.modules.get(each), "WORKS", False) for each in PLUGINS):
        return ""
    return (
        "claims would pass here without being measured: pytest has not loaded autogauge's plugin (-p no:autogauge, "
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD, or a pytest before 8); load it (-p autogauge -p benchmark), or leave these tests out "
        "(--ignore=FILE)."
    )


if why := _why_unmeasured():
    raise UserError(why)


def __getattr__(name: str) -> Figure:
    """A figure that is not measured: a claim about it says so, with its place, where an ``ImportError`` would be a traceback."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name) and name.upper() not in FIGURES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    near = difflib.get_close_matches(name.upper(), FIGURES, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return Figure(name, name, "number", mistake=f"{name} is not measured{meant}: there are {', '.join(FIGURES)}")
