"""Steady measurement: infer requests kept busy for a slice. When a slice begins is left to ``modes``."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], Any]
    Lane = tuple[float, list[float]]  # seconds counted, latencies in ms

clock = time.perf_counter
SETTLE_INFERENCES = 1  # per infer request at the start of each slice, not counted: the caches are a neighbour's then
SHORT_MS = 0.2  # below this latency an inference is short, see Lanes
WARM_UP_INFERENCES = 5  # at least so many before the driver is chosen


def direct_calls(infer_request: Any) -> tuple[Call, Call]:
    """``start_async`` and ``infer`` without openvino's Python layer, which would go through the inputs at every call.

    Falls back to the public methods where a release has other signatures.
    """
    base: Any = super(type(infer_request), infer_request)
    start = first_that_works(partial(base.start_async, {}, None), infer_request.start_async)
    infer_request.wait()
    outputs_shared, strings_decoded = True, False
    infer = first_that_works(
        partial(base.infer, {}, outputs_shared, strings_decoded),
        partial(base.infer, {}, outputs_shared),
        infer_request.infer,
    )
    return start, infer


def first_that_works(*calls: Call) -> Call:
    """The first of the calls whose arguments fit; it has then been made once."""
    for call in calls[:-1]:
        try:
            call()
            return call
        except TypeError:
            continue
    calls[-1]()
    return calls[-1]


class Lanes:
    """Infer requests kept busy at once, each started again as soon as it is done: as many in flight as there are requests.

    How they are driven depends on how many there are and how long an inference takes (``SHORT_MS``):

    ====================  ==============================  ====================================================
    requests, inferences  driver                          because
    ====================  ==============================  ====================================================
    one, long             ``start_async`` and ``wait``    leaves least between two inferences once a model has
                                                          swept the processor's caches
    one, short            ``infer``                       leaves least otherwise
    several, long         a thread each calls ``infer``   a request is started again by whom it woke; the
                                                          threads let go of Python's lock
    several, short        one thread polls them all       going to sleep and waking would cost more than the
                                                          inference itself
    ====================  ==============================  ====================================================

    Each reaches more of the bound than ``AsyncInferQueue`` (``benchmarks/share_of_bound.py --drivers``). The choice goes by
    latency, not by a trial, so that two probes of one target do not differ in it.
    """

    def __init__(self, requests: list[Any]) -> None:
        self._requests = requests
        self._calls = [direct_calls(each) for each in requests]
        self.driver = "start_async and wait" if len(requests) == 1 else "infer in threads"

    def warm_up(self, seconds: float) -> None:
        """Infer for so long without counting, and choose the driver."""
        request, (_, infer) = self._requests[0], self._calls[0]
        latencies = []
        for _ in range(WARM_UP_INFERENCES):
            infer()
            latencies.append(request.latency)
        if min(latencies) < SHORT_MS:
            self.driver = "infer" if len(self._requests) == 1 else "polling"
        self.run(seconds)

    def run(self, seconds: float) -> tuple[float, list[float], float]:
        """Infer for so long.

        Returns inferences per second (the sum over requests), every counted latency in ms, and the seconds counted.
        """
        if self.driver == "polling":
            lanes = [self._run_polling(seconds)]
        else:
            lanes = [self._run_alone(seconds)] if len(self._requests) == 1 else self._run_threads(seconds)
        per_second = sum(len(latencies) / elapsed for elapsed, latencies in lanes)
        return per_second, [ms for _, each in lanes for ms in each], sum(elapsed for elapsed, _ in lanes) / len(lanes)

    def _run_alone(self, seconds: float) -> Lane:
        request, (start, infer) = self._requests[0], self._calls[0]
        wait = request.wait
        latencies: list[float] = []
        keep = latencies.append
        for _ in range(SETTLE_INFERENCES):
            infer()
        began = now = clock()
        stop_at = began + seconds
        if self.driver == "infer":
            while now < stop_at:
                infer()
                keep(request.latency)
                now = clock()
        else:
            while now < stop_at:
                start()
                wait()
                keep(request.latency)
                now = clock()
        return now - began, latencies

    def _run_polling(self, seconds: float) -> Lane:
        lanes = [(each.wait_for, start, each) for each, (start, _) in zip(self._requests, self._calls)]  # noqa: B905, Python 3.8
        latencies: list[float] = []
        keep = latencies.append
        for start, _ in self._calls:
            start()
        for is_done, start, _ in lanes:
            while not is_done(0):
                pass
            start()
        began = now = clock()
        stop_at = began + seconds
        while now < stop_at or len(latencies) < len(lanes):
            for is_done, start, request in lanes:
                if is_done(0):
                    keep(request.latency)
                    start()
            now = clock()
        for request in self._requests:
            request.wait()
        return now - began, latencies

    def _run_threads(self, seconds: float) -> list[Lane]:
        lanes: list[Lane] = [(0.0, [])] * len(self._requests)
        errors: list[Exception] = []
        together = threading.Barrier(len(lanes))
        unfinished = set(range(len(lanes)))

        def drive(index: int) -> None:
            try:
                request, infer = self._requests[index], self._calls[index][1]
                latencies: list[float] = []
                keep = latencies.append
                together.wait()
                for _ in range(SETTLE_INFERENCES):
                    infer()
                began = clock()
                stop_at = began + seconds
                now = began
                while now < stop_at:
                    infer()
                    keep(request.latency)
                    now = clock()
                lanes[index] = (now - began, latencies)
                unfinished.discard(index)
                while unfinished:  # not counted: the others' last inferences shall not run on a quieter machine
                    infer()
            except Exception as error:
                errors.append(error)
                unfinished.clear()
                together.abort()

        threads = [threading.Thread(target=drive, args=(index,), daemon=True) for index in range(len(lanes))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return lanes
