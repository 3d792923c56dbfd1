"""What a process has resident, phase by phase: at the compile, across AUTO's hand-over, and once that is over. And who answered how fast.

It infers in short bursts all the while, as an application would; without pause AUTO's log alone would grow by the inference. What the
figures mean is left to ``autogauge.studies``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.api import execution_devices
from autogauge.probe.worker.channel import renew_watchdog
from autogauge.probe.worker.hand_over import is_helper
from autogauge.probe.worker.machine import (
    Surroundings,
    peak_memory_bytes,
    reset_peak_memory,
    resident_memory_bytes,
    threads,
)
from autogauge.probe.worker.subject import Subject

if TYPE_CHECKING:
    from autogauge.probe.worker.channel import Channel, Phase

    Request = dict[str, Any]

clock = time.perf_counter
BURST, PAUSE_S = 10, 0.03
LONGEST_BURST_S = 0.2
"""A slow model has fewer inferences in a burst."""


def run_footprint(request: Request, phase: Phase, channel: Channel) -> None:
    """Compile, infer across the hand-over and some time beyond; send what was resident after each phase, and its peak within it."""
    surroundings = Surroundings()
    subject = Subject(request, phase)
    memory = {"before": resident_memory_bytes()}
    reset_peak_memory()
    facts = subject.compile_and_infer_once()
    memory.update(compiled=resident_memory_bytes(), compile_peak=peak_memory_bytes())
    begins_anew = reset_peak_memory()
    phase.enter("hand-over")
    before = _infer_while(subject, _helper_answers(subject, clock() + request["accelerator_wait_s"]))
    if before and begins_anew:  # else Linux's peak would be the compile's
        memory.update(hand_over_peak=peak_memory_bytes())
    phase.enter("steady")
    stop_at = clock() + request["after_hand_over_s"]
    after = _infer_while(subject, lambda: clock() < stop_at) or _burst(subject)
    memory.update(steady=resident_memory_bytes(), later_peak=peak_memory_bytes())
    steady_of_day_s = _of_day_s()
    memory.update(
        whole_peak=max(each or 0 for each in memory.values()) or None
    )  # Linux's peak is of the last phase now
    renew_watchdog(request["deadline_s"])
    channel.send(
        "measured",
        openvino=subject.ov.get_version(),
        seconds=phase.seconds,
        surroundings=surroundings.since(),
        peak_memory_bytes=memory["whole_peak"],
        memory_bytes=memory,
        threads=threads(),
        helper_latencies_ms=before,
        steady_latencies_ms=after,
        steady_of_day_s=steady_of_day_s,
        execution_devices_in_the_end=execution_devices(subject.compiled),
        **{**facts, **subject.properties()},
    )

    def release() -> None:
        del subject.infer_request, subject.compiled

    phase.timed("destroy", release)
    channel.send("ended", destroy_s=phase.seconds["destroy"])


def _of_day_s() -> float:
    """The local time of day in seconds, as in AUTO's log."""
    now = time.time()
    local = time.localtime(now)
    return local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec + now % 1


def _helper_answers(subject: Subject, stop_at: float) -> Any:
    """Whether AUTO's helper still answers, asked before each burst until ``stop_at``."""
    return lambda: clock() < stop_at and any(is_helper(str(each)) for each in execution_devices(subject.compiled) or [])


def _infer_while(subject: Subject, goes_on: Any) -> list[float]:
    """Bursts with pauses between them, for as long as ``goes_on()`` says before each; every latency in ms."""
    latencies: list[float] = []
    while goes_on():
        burst = _burst(subject)
        if not goes_on():
            return latencies  # that burst lies across the change: it is nobody's
        latencies += burst
        time.sleep(PAUSE_S)
    return latencies


def _burst(subject: Subject) -> list[float]:
    latencies: list[float] = []
    stop_at = clock() + LONGEST_BURST_S
    while len(latencies) < BURST and (not latencies or clock() < stop_at):
        began = clock()
        subject.infer_anew()
        latencies.append(round((clock() - began) * 1e3, 5))
    return latencies
