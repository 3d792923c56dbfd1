"""What a probe can be asked to do, one function a mode.

``describe`` (devices, model), ``once`` (what happens once in a process: import to first inference), ``warm`` (compile, warm up, then a
slice of measuring for each command; waiting costs no processor time), ``hand-over`` (infer without pause across AUTO's hand-over),
``footprint`` (memory and threads, phase by phase), ``layers`` (each
layer's time, or an inference's without counting), ``case`` (steps one after another, each told at once).
"""

from __future__ import annotations

import errno
import faulthandler
import gc
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.anatomy import describe_state, random_outputs
from autogauge.probe.worker.api import describe_devices, describe_model, execution_devices
from autogauge.probe.worker.case import run_case
from autogauge.probe.worker.channel import Channel, Phase, die_with, renew_watchdog
from autogauge.probe.worker.footprint import run_footprint
from autogauge.probe.worker.hand_over import MOST_FAILURES, Inferences, is_helper, keep_inferring, keep_queue_full
from autogauge.probe.worker.lanes import Lanes
from autogauge.probe.worker.machine import (
    Surroundings,
    files_left,
    peak_memory_bytes,
    processors,
    stay_on_one_processor,
)
from autogauge.probe.worker.subject import NOT_RESET, Subject, wait_for_accelerator

FEW_FILES = 4
"""A model is two files, and a library one more."""

if TYPE_CHECKING:
    from collections.abc import Iterator

    Request = dict[str, Any]

clock = time.perf_counter
ASKING_S = 1.0


def run_describe(request: Request, phase: Phase, channel: Channel) -> None:
    """Say what this runtime sees: the machine, versions, devices, the model."""
    # Imported here: nothing that a measuring probe does not need is to be in its process. Read first: a runtime may bind threads.
    from autogauge.probe.worker.facts import machine_facts
    from autogauge.probe.worker.properties import examine

    machine = machine_facts()
    subject = Subject(request, phase)
    phase.enter("describe")
    channel.send(
        "described",
        **subject.runtime,
        python=sys.version.split()[0],
        machine=machine,
        devices=describe_devices(subject.core),
        model=describe_model(subject.model, subject.declared) if request["model"] else None,
        emulated=subject.emulated,
        state=describe_state(subject.model) if request["model"] else None,
        random_outputs=random_outputs(subject.model) if request["model"] else {},
        targets=[examine(subject.core, each) for each in request["targets"]],
        seconds=phase.seconds,
    )


def asks(most: int) -> Iterator[int]:
    """So many questions at most, and no more than one once ``ASKING_S`` seconds have passed."""
    stop_at = clock() + ASKING_S
    for number in range(most):
        if number and clock() >= stop_at:
            return
        yield number


def run_once(request: Request, phase: Phase, channel: Channel) -> None:
    """Measure import to first inference, send that, then time how long letting go takes."""
    surroundings = Surroundings()
    subject = Subject(request, phase)
    facts = subject.compile_and_infer_once()
    surrounded = surroundings.since()
    if request["await_accelerator"]:
        phase.enter("hand-over")
        devices = wait_for_accelerator(subject.compiled, request["accelerator_wait_s"])
        facts.update(subject.properties(), execution_devices_in_the_end=devices)
    if request["save_outputs"]:
        again = asks(request["ask_again"])
        facts["unsteady_outputs"] = phase.timed(
            "outputs", lambda: subject.save_outputs(request["save_outputs"], again, request["leave_out"])
        )
    renew_watchdog(request["deadline_s"])
    channel.send(
        "measured",
        openvino=subject.ov.get_version(),
        seconds=phase.seconds,
        surroundings=surrounded,
        peak_memory_bytes=peak_memory_bytes(),
        **facts,
    )

    def release() -> None:
        del subject.infer_request, subject.compiled

    phase.timed("destroy", release)
    channel.send("ended", destroy_s=phase.seconds["destroy"], peak_memory_bytes=peak_memory_bytes())


def run_warm(request: Request, phase: Phase, channel: Channel) -> None:
    """Compile and warm up, then answer commands until told to stop or until standard input ends."""
    subject = Subject(request, phase)
    facts = subject.compile_and_infer_once()
    phase.enter("hand-over")
    facts["execution_devices_warm"] = wait_for_accelerator(subject.compiled, request["accelerator_wait_s"])
    facts.update(subject.properties())  # of the device that answers from here on, no longer of AUTO's helper
    phase.enter("warm-up")
    number = request["infer_requests"] or facts["optimal_infer_requests"] or 1
    lanes = Lanes([subject.new_request() for _ in range(number)])
    if subject.resets_state:
        lanes.reset_state_before_each()
    # Speed on the emulated GPU is nobody's measure, and one process in some tens hung while its drivers were tried.
    driver = request["driver"] or (lanes.drivers[0] if request["emulation"] else "")
    trial = lanes.warm_up(request["warm_up_s"], driver)
    gc.collect()
    gc.disable()  # a collection inside a slice would be billed to the device
    channel.send(
        "ready",
        openvino=subject.ov.get_version(),
        seconds=phase.seconds,
        infer_requests=number,
        driver=lanes.driver,
        drivers=lanes.drivers,
        trial=trial,
        processors=processors(),
        peak_memory_bytes=peak_memory_bytes(),
        **facts,
    )
    faulthandler.cancel_dump_traceback_later()  # it may wait for its first command as long as it must
    obey(subject, lanes, phase, channel)

    def release() -> None:
        del subject.infer_request, subject.compiled

    del lanes
    phase.timed("destroy", release)
    channel.send("ended", destroy_s=phase.seconds["destroy"], peak_memory_bytes=peak_memory_bytes())


def obey(subject: Subject, lanes: Lanes, phase: Phase, channel: Channel) -> None:
    """Answer commands, one a line, until told to stop or until standard input ends."""
    for line in sys.stdin:
        command = json.loads(line)
        phase.current = command["command"]
        renew_watchdog(command["deadline_s"])
        if command["command"] == "stop":
            break
        if command["command"] == "infer":
            subject.save_outputs(command["path"])
            channel.send("inferred", execution_devices=execution_devices(subject.compiled))
        elif command["command"] == "slice":
            if command.get("driver"):
                lanes.drive_by(command["driver"])
            surroundings = Surroundings()
            per_second, latencies, counted_s = lanes.run(command["seconds"])
            channel.send(
                "slice",
                inferences_per_second=per_second,
                counted_s=counted_s,
                driver=lanes.driver,
                latencies_ms=[round(each, 5) for each in latencies],
                surroundings=surroundings.since(),
                execution_devices=execution_devices(subject.compiled),
            )
        else:
            raise ValueError("unknown command " + command["command"])
        faulthandler.cancel_dump_traceback_later()


def run_hand_over(request: Request, phase: Phase, channel: Channel) -> None:
    """Infer without pause from the first inference to some time after the hand-over; write the timeline, send its sum."""
    surroundings = Surroundings()
    subject = Subject(request, phase)
    expected = subject.read_outputs(request["expected"])
    facts = subject.compile_and_infer_once()
    if facts["state"] == NOT_RESET:  # only the first answer is one to the first state then
        expected = [None] * len(expected)
    phase.enter("hand-over")
    inferences = Inferences(
        subject, expected, after_s=request["after_hand_over_s"], deadline_s=request["hand_over_deadline_s"]
    )
    inferences.add_first(phase.seconds["compile"], phase.seconds["first_inference"], facts, subject.infer_request)
    if request["infer_requests"] > 1:
        keep_queue_full([subject.new_request() for _ in range(request["infer_requests"])], inferences)
    else:
        keep_inferring(subject.infer_request, inferences)
    inferences.save(request["timeline"])
    renew_watchdog(request["deadline_s"])
    channel.send(
        "measured",
        openvino=subject.ov.get_version(),
        seconds=phase.seconds,
        surroundings=surroundings.since(),
        peak_memory_bytes=peak_memory_bytes(),
        outcome=inferences.outcome(),
        handed_over_s=inferences.handed_over_s,
        devices=inferences.devices,
        compared=[index for index, each in enumerate(expected) if each is not None],
        wrong=inferences.wrong,
        failed=len(inferences.failures),
        failures=sorted(set(inferences.failures))[:MOST_FAILURES],
        compile_began_of_day_s=subject.compile_began_of_day_s,
        helper_requests=facts["optimal_infer_requests"] if is_helper((facts["execution_devices"] or [""])[0]) else None,
        **{**facts, **subject.properties()},
    )

    def release() -> None:
        del subject.infer_request, subject.compiled, inferences.compiled

    phase.timed("destroy", release)
    channel.send("ended", destroy_s=phase.seconds["destroy"], peak_memory_bytes=peak_memory_bytes())


def run_layers(request: Request, phase: Phase, channel: Channel) -> None:
    """See ``layers``."""
    from autogauge.probe.worker import layers  # here: no other measuring probe is to have it in its process

    layers.run_layers(request, phase, channel)


MODES = {
    "describe": run_describe,
    "once": run_once,
    "warm": run_warm,
    "hand-over": run_hand_over,
    "footprint": run_footprint,
    "layers": run_layers,
    "case": run_case,
}


def _said(error: Exception) -> str:
    """What an error says; where files cannot be opened any more, that: OpenVINO only tells that it could not open one."""
    text = str(error).rstrip() or type(error).__name__
    return text + ": " + os.strerror(errno.EMFILE) if files_left() < FEW_FILES else text


def main() -> int:
    """Read the request, do it, and say what went wrong in the same way as what went right."""
    faulthandler.enable()
    die_with(int(sys.argv[2]))
    channel = Channel(int(sys.argv[1]))
    request = json.loads(sys.stdin.readline())
    renew_watchdog(request["deadline_s"])
    phase = Phase(channel)
    if request.get("on_one_processor"):
        stay_on_one_processor()
    try:
        MODES[request["mode"]](request, phase, channel)
    except Exception as error:
        channel.send("error", phase=phase.current, error=type(error).__name__, message=_said(error))
        return 3
    return 0
