"""Steady measurement: infer requests kept busy for a slice. When a slice begins is left to ``modes``."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.trial import FEWEST_TURNS, choose

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], Any]
    Lane = tuple[float, list[float]]  # seconds counted, latencies in ms

clock = time.perf_counter
SETTLE_INFERENCES = 1  # per infer request at the start of each slice, not counted: the caches are a neighbour's then
WARM_UP_INFERENCES = 5  # so many before any driver is tried, unless they take longer than the whole warm-up
TRIAL_TURN_S = 0.01  # short, so that all drivers meet the same mood of the machine
LONGER_TRIAL_S = 2.0  # at most, where a busy machine gave a short model too few turns to know anything
SHORT_FPS = 1000.0  # from so many inferences per second on, the driver tells
FOR_ONE = ("start_async and wait", "infer")
FOR_SEVERAL = ("infer in threads", "wait in turn", "polling")


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


def _after(first: Call, call: Call) -> Call:
    def both() -> None:
        first()
        call()

    return both


class Lanes:
    """Infer requests kept busy at once, each started again as soon as it is done: as many in flight as there are requests.

    ====================  ========  ===================================================================================
    driver                requests  what it does
    ====================  ========  ===================================================================================
    start_async and wait  one       sleeps while the device infers; the usual one
    infer                 one       the same in one call
    infer in threads      several   a thread each calls ``infer``: a request is started again by whom it woke; the usual one
    wait in turn          several   one thread waits for each request in the order of their starting
    polling               several   one thread asks them all without sleeping: it takes a processor that the device could use
    ====================  ========  ===================================================================================

    Which leaves the device most depends on the model, on how many requests there are and on the machine: nobody can say it
    beforehand, so ``warm_up`` tries them in turn (``trial``). Each reaches more of the bound than ``AsyncInferQueue``
    (``benchmarks/share_of_bound.py --drivers``); ``benchmarks/drivers.py`` prints them side by side.
    """

    def __init__(self, requests: list[Any]) -> None:
        self._requests = requests
        self._calls = [direct_calls(each) for each in requests]
        self.drivers = FOR_ONE if len(requests) == 1 else FOR_SEVERAL
        self.driver = self.drivers[0]

    def reset_state_before_each(self) -> None:
        """Let every inference begin from the first state: else a state that grows makes each slower than the one before."""
        pairs = zip(self._requests, self._calls)  # noqa: B905, Python 3.8
        self._calls = [
            (_after(each.reset_state, start), _after(each.reset_state, infer)) for each, (start, infer) in pairs
        ]

    def warm_up(self, seconds: float, driver: str = "") -> dict[str, list[float]]:
        """Infer for so long without counting: by ``driver``, or trying all of them in turn, of which the best serves from then on.

        Returns what the trial gave: by driver, inferences per second in each turn. All are tried also where the driver named does not
        fit the number of requests.
        """
        stop_at = clock() + seconds
        infer = self._calls[0][1]
        for _ in range(WARM_UP_INFERENCES):
            infer()
            if clock() >= stop_at:
                break
        if driver in self.drivers:
            self.drive_by(driver)
            self.run(seconds)
            return {}
        found = self._try(stop_at)
        self.drive_by(choose([found], self.drivers[0]))
        return found

    def drive_by(self, driver: str) -> None:
        """Drive the requests that way from now on. Raises ``ValueError`` for one that does not fit their number."""
        if driver not in self.drivers:
            raise ValueError(f"unknown driver {driver} for {len(self._requests)} infer requests")
        self.driver = driver

    def _try(self, stop_at: float) -> dict[str, list[float]]:
        """Short turns of every driver, forwards and backwards, until the time is up; the first of each is a warm-up.

        Where these were too few to choose by and inferences are short, it goes on: the usual driver may be the worst for such a model.
        """
        found: dict[str, list[float]] = {driver: [] for driver in self.drivers}
        order = list(self.drivers)

        def goes_on() -> bool:
            now, fewest = clock(), min(map(len, found.values()))
            is_short = max((turn for turns in found.values() for turn in turns), default=0.0) >= SHORT_FPS
            return now < stop_at or (is_short and fewest <= FEWEST_TURNS and now < stop_at + LONGER_TRIAL_S)

        while goes_on():
            for driver in order:
                self.driver = driver
                found[driver].append(self.run(TRIAL_TURN_S)[0])
                if not goes_on():
                    break
            order.reverse()
        return {driver: turns[1:] for driver, turns in found.items()}

    def run(self, seconds: float) -> tuple[float, list[float], float]:
        """Infer for so long.

        Returns inferences per second (the sum over requests), every counted latency in ms, and the seconds counted.
        """
        if len(self._requests) == 1:
            lanes = [self._run_alone(seconds)]
        elif self.driver == "infer in threads":
            lanes = self._run_threads(seconds)
        else:
            lanes = [self._run_polling(seconds) if self.driver == "polling" else self._run_in_turn(seconds)]
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

    def _run_in_turn(self, seconds: float) -> Lane:
        lanes = [(each.wait, start, each) for each, (start, _) in zip(self._requests, self._calls)]  # noqa: B905, Python 3.8
        latencies: list[float] = []
        keep = latencies.append
        for start, _ in self._calls:
            start()
        for wait, start, _ in lanes:
            wait()
            start()
        began = now = clock()
        stop_at = began + seconds
        while now < stop_at or len(latencies) < len(lanes):
            for wait, start, request in lanes:
                wait()
                keep(request.latency)
                start()
            now = clock()
        for request in self._requests:
            request.wait()
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
