"""A stopwatch that shows samples: how measured values reach pytest-benchmark without being measured again.

pytest-benchmark times a call with a timer that a test may choose: it reads the timer, makes the call, reads it again. While it
"times" :meth:`VirtualClock.step`, each call moves this clock by one sample, so its table, its JSON and every tool that
reads them show the samples themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class VirtualClock:
    """Stands at zero but for :meth:`step`; reading sets it back, so that each difference of readings is a sample exactly."""

    def __init__(self) -> None:
        self._shown_s = 0.0
        self._samples: Iterator[float] = iter(())

    def now(self) -> float:
        """The time since the last reading in seconds: what pytest-benchmark takes for its timer."""
        shown_s, self._shown_s = self._shown_s, 0.0
        return shown_s

    def load(self, samples_s: Sequence[float]) -> None:
        """Take the samples (seconds) that the next steps show. Raises ``ValueError`` unless there are some, all positive."""
        if not samples_s or any(not sample > 0 for sample in samples_s):
            raise ValueError("a benchmark needs samples, all of them positive")
        self._samples = iter(samples_s)

    def step(self) -> None:
        """Move on by the next sample; not at all when all were shown, so that a call too many is no figure."""
        self._shown_s = next(self._samples, 0.0)


REPLAY = VirtualClock()
"""The clock of this process: the timer of tests that record benchmarks."""
