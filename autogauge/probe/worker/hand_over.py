"""Infers without pause while AUTO hands over from its CPU helper to an accelerator, and keeps every inference.

When it began, how long it took, which devices answered before and after it, whether its answer was right. Which answers are right is
left to ``answers``, what the figures mean to ``autogauge.studies.hand_over``.
"""

from __future__ import annotations

import threading
import time
from array import array
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.answers import Answers, Expected
from autogauge.probe.worker.api import execution_devices
from autogauge.probe.worker.machine import resident_memory_bytes

if TYPE_CHECKING:
    from autogauge.probe.worker.subject import Subject

clock = time.perf_counter
MEMORY_EVERY_S = 0.02
FEWEST_AFTER = 10  # inferences by the accelerator, however slow it is
MOST_FAILURES = 20  # then it is no use to go on
UNKNOWN = "unknown"
HANDED_OVER, NEVER, NO_HELPER, BROKEN = "handed over", "never handed over", "no helper", "inferences fail"


def is_helper(name: str) -> bool:
    """Whether that execution device is AUTO's CPU helper: its name stands in parentheses."""
    return name.startswith("(")


def is_accelerator(name: str) -> bool:
    """Whether that execution device is one that AUTO hands over to: neither its helper, nor the plain CPU, nor unknown."""
    return not is_helper(name) and not name.startswith("CPU") and name != UNKNOWN


class Inferences:
    """Every inference since the call of ``compile_model``; times are seconds since then."""

    def __init__(self, subject: Subject, expected: list[Any], *, after_s: float, deadline_s: float) -> None:
        self.compiled = subject.compiled
        self.expected = [None if each is None else Expected(each) for each in expected]
        self.inputs = [each.data for each in subject.tensors]
        self.resets_state = subject.resets_state
        self._after_s, self._deadline_s = after_s, deadline_s
        self.began = subject.compile_began
        self.devices: list[str] = []
        # start, latency, devices before and after, largest error; compact, since memory is measured too
        self.rows = array("d")
        self.failures: list[str] = []
        self.wrong = 0
        self.memory: list[tuple[float, int]] = []
        self.handed_over_s: float | None = None
        self.had_helper = False
        self._accelerator_inferences = self._since_hand_over = 0
        self._lock = threading.Lock()
        self.stopped = False

    def device(self) -> int:
        """Who answers now, as an index into ``devices``."""
        return self._index(execution_devices(self.compiled))

    def _index(self, names: list[str] | None) -> int:
        name = ",".join(names or [UNKNOWN])
        with self._lock:
            if name not in self.devices:
                self.devices.append(name)
            return self.devices.index(name)

    def add(self, start: float, latency_s: float, before: int, after: int, error: float, right: bool) -> None:
        """Keep an inference that ended, with how far its answer is from the expected one."""
        with self._lock:
            self.wrong += not right
            self._see(before, after, start + latency_s - self.began)
            self.rows.extend((start - self.began, latency_s, before, after, error))

    def add_first(self, compile_s: float, latency_s: float, facts: dict[str, Any], request: Any) -> None:
        """Keep the first inference, which was made before this."""
        before, after = (self._index(facts[name]) for name in ("execution_devices_before", "execution_devices"))
        self.add(self.began + compile_s, latency_s, before, after, *Answers(self.expected).compare(request))

    def fail(self, error: Exception) -> None:
        """Keep an inference that did not end."""
        self.failures.append(str(error))

    def _see(self, before: int, after: int, now_s: float) -> None:
        if not self.rows:  # who answers first had been compiled first; a helper that comes later helps nobody
            self.had_helper = is_helper(self.devices[before])
        if self.had_helper and self.handed_over_s is None and is_accelerator(self.devices[after]):
            self.handed_over_s = now_s
        self._since_hand_over += self.handed_over_s is not None
        self._accelerator_inferences += before == after and is_accelerator(self.devices[after])
        if not self.memory or now_s - self.memory[-1][0] >= MEMORY_EVERY_S:
            self.memory.append((now_s, resident_memory_bytes() or 0))

    def is_over(self) -> bool:
        """Whether it is long enough after the hand-over, or no use to wait for it any longer."""
        if self.stopped or len(self.failures) >= MOST_FAILURES:
            return True
        now_s = clock() - self.began
        if self.handed_over_s is not None and self._accelerator_inferences >= FEWEST_AFTER:
            return now_s >= self.handed_over_s + self._after_s
        if not self.had_helper:
            return now_s >= self.rows[0] + self.rows[1] + self._after_s
        # An inference may take longer than all the time that was left: the accelerator has one at least, if it gives any.
        waits = (
            self.handed_over_s is not None and not self._accelerator_inferences and self._since_hand_over < FEWEST_AFTER
        )
        return now_s >= self._deadline_s and not waits

    def outcome(self) -> str:
        """What became of the hand-over."""
        if len(self.failures) >= MOST_FAILURES:
            return BROKEN
        if self.handed_over_s is not None:
            return HANDED_OVER
        return NEVER if self.had_helper else NO_HELPER

    def save(self, path: str) -> None:
        """Write the inferences (npz): ``start_s``, ``latency_s``, ``before``, ``after``, ``error``; ``memory``: seconds, bytes."""
        import numpy

        columns = numpy.array(self.rows, dtype=numpy.float64).reshape(-1, 5)
        with open(path, "wb") as stream:
            numpy.savez(
                stream,
                start_s=columns[:, 0],
                latency_s=columns[:, 1],
                before=columns[:, 2].astype(numpy.int16),
                after=columns[:, 3].astype(numpy.int16),
                error=columns[:, 4],
                memory=numpy.array(self.memory, dtype=numpy.float64).reshape(-1, 2),
            )


def keep_inferring(request: Any, inferences: Inferences) -> None:
    """Infer one request again as soon as it is done, until enough is known; what state it has is reset before each inference."""
    answers = Answers(inferences.expected)
    before = inferences.device()
    while not inferences.is_over():
        answers.spoil(request, inferences.inputs)
        try:
            if inferences.resets_state:  # so that every answer is the one to a first inference
                request.reset_state()
            start = clock()
            request.infer()
        except Exception as error:
            inferences.fail(error)
            before = inferences.device()  # it may be another by now
            continue
        after = inferences.device()
        inferences.add(start, request.latency / 1e3, before, after, *answers.compare(request))
        before = after


def keep_queue_full(requests: list[Any], inferences: Inferences) -> None:
    """Keep several requests in flight, a thread each.

    Not by ``AsyncInferQueue``: its callbacks are Python's, AUTO may let go of the last one only while the model is being destroyed, in
    a thread that then waits for Python's lock, which the destroying thread holds (seen on 2026.4.1).
    """
    errors: list[Exception] = []

    def keep(request: Any) -> None:
        try:
            keep_inferring(request, inferences)
        except Exception as error:
            errors.append(error)
            inferences.stopped = True

    threads = [threading.Thread(target=keep, args=(each,), daemon=True) for each in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
