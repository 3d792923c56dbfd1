"""Intervals as the notebook prints them: frames per second and mean latency over so many seconds of measuring."""

from __future__ import annotations

from collections.abc import Sequence


class PerformanceMetrics:
    """Gathers slices of one condition until ``interval_s`` seconds are measured; then ``fps`` and ``latency_ms`` are new.

    The notebook's class of this name, with two mistakes of its own mended: only measuring time counts, not the compile, and
    every interval is kept in ``intervals``, not only the last. What its ``InferContext`` counts, how many intervals are still to come,
    is the study's plan here.
    """

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self.fps = 0.0
        self.latency_ms = 0.0
        self.intervals: list[tuple[float, float, float]] = []
        self._seconds = 0.0
        self._frames = 0.0
        self._latencies: list[float] = []

    def update(self, fps: float, seconds: float, latencies_ms: Sequence[float]) -> bool:
        """Add a slice that ran at ``fps`` for ``seconds``; returns whether an interval has become complete."""
        self._seconds += seconds
        self._frames += fps * seconds
        self._latencies.extend(latencies_ms)
        if self._seconds < self.interval_s or not self._latencies:
            return False
        self.fps = self._frames / self._seconds
        self.latency_ms = sum(self._latencies) / len(self._latencies)
        self.intervals.append((self.fps, self.latency_ms, self._seconds))
        self._seconds, self._frames, self._latencies = 0.0, 0.0, []
        return True

    def line(self) -> str:
        """The last complete interval in the notebook's words."""
        fps, latency_ms, seconds = self.intervals[-1]
        return f"throughput: {fps:.2f} FPS, latency: {latency_ms:.2f} ms, time interval: {seconds:.2f} s"
