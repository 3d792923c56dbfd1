"""``python -m autogauge functional``: ``pytest -m functional`` on the promises that come with autogauge, from any folder."""

from __future__ import annotations

from autogauge.cli.measuring import app_of

app = app_of(
    "functional",
    "Hold what AUTO does against its documentation, case by case; nothing is timed.",
    "python -m autogauge functional --accelerator=emulated",
)
