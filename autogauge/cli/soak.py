"""``python -m autogauge soak``: ``pytest -m soak`` on the promises that come with autogauge, from any folder."""

from __future__ import annotations

from autogauge.cli.measuring import app_of

app = app_of(
    "soak",
    "Do the same for long: does anything grow, slow down or hang?",
    "python -m autogauge soak --soak=480",
)
