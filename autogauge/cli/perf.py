"""``python -m autogauge perf``: ``pytest -m perf`` on the promises that come with autogauge, from any folder."""

from __future__ import annotations

from autogauge.cli.measuring import app_of

app = app_of(
    "perf",
    "Measure AUTO's promises of speed, judge and record them, and report: on this machine, in the folder that this is started in.",
    "python -m autogauge perf --model=model.onnx --profile=quick --gate=fail",
)
