"""A clock that is set forward by samples: how measured values reach pytest-benchmark without being measured again.

pytest-benchmark times a call with a timer that a test may choose. While it "times" :meth:`VirtualClock.step`, each call moves
this clock by one sample, so its table, its JSON and every tool that reads them show the samples themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class VirtualClock:
    """Stands still but for :meth:`step`. Seconds since it was made."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._samples: Iterator[float] = iter(())

    def now(self) -> float:
        """The time in seconds; what pytest-benchmark takes for its timer."""
        return self._now_s

    def load(self, samples_s: Sequence[float]) -> None:
        """The samples (seconds, positive) that the next steps take."""
        if not samples_s or any(not sample > 0 for sample in samples_s):
            raise ValueError("a benchmark needs samples, all of them positive")
        self._samples = iter(samples_s)

    def step(self) -> None:
        """Move on by the next sample."""
        self._now_s += next(self._samples)

    def rewind(self) -> None:
        """Back to zero, so that differences of nearby times keep all their digits."""
        self._now_s = 0.0


REPLAY = VirtualClock()
"""The clock of this process. Tests that record benchmarks use ``@pytest.mark.benchmark(timer=REPLAY.now)``."""
