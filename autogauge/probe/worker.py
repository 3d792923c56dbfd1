"""The probe: one process that measures one target. Stand-alone: standard library, numpy and openvino only.

Any interpreter with openvino 2023.3 or newer can run this file, so that one study can span releases. It reads one
request (a line of JSON, see ``request.py``) from standard input and writes results as lines of JSON to the descriptor
named by its first argument; what libraries print goes elsewhere and is never taken for a result. Keeping deadlines,
parsing AUTO's log and judging are left to others.

Modes: ``describe`` (devices, model), ``once`` (what happens once in a process: import to first inference), ``warm``
(compile, warm up, then a slice of measuring for each command; waiting costs no processor time).
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import json
import os
import signal
import sys
import tempfile
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], Any]
    Request = dict[str, Any]
    Lane = tuple[float, list[float]]  # seconds counted, latencies in ms

del sys.path[0]  # this file's folder: nothing beside it may shadow a module of the same name

clock = time.perf_counter
SETTLE_INFERENCES = 1  # per infer request at the start of each slice, not counted: the caches are a neighbour's then
SHORT_MS = 0.2  # below this latency an inference is short, see Lanes
WARM_UP_INFERENCES = 5  # at least so many before the driver is chosen
GRACE_S = 5.0  # how much later than the launcher's deadline for an answer the probe ends itself


class Phase:
    """What the probe is doing, told to the launcher for when it crashes, and how long each thing took in seconds."""

    def __init__(self, channel: Channel) -> None:
        self.current = "start"
        self.seconds: dict[str, float] = {}
        self._channel = channel

    def enter(self, name: str) -> None:
        """From now on the probe is doing this."""
        self.current = name
        self._channel.send("phase", phase=name)

    def timed(self, name: str, call: Callable[[], Any]) -> Any:
        """Run ``call`` as phase ``name``; returns its result."""
        self.enter(name)
        began = clock()
        result = call()
        self.seconds[name] = clock() - began
        return result


class Channel:
    """Results as lines of JSON on a descriptor that nothing else writes to."""

    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "w", encoding="utf-8")

    def send(self, kind: str, **fields: Any) -> None:
        """Write one message of that type."""
        self._stream.write(json.dumps({"type": kind, **fields}) + "\n")
        self._stream.flush()


# ---------------------------------------------------------------- the process


def die_with(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere the end of standard input does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)


def renew_watchdog(deadline_s: float) -> None:
    """End this process with a traceback unless this is renewed or cancelled in time, should its launcher fail to."""
    faulthandler.dump_traceback_later(deadline_s + GRACE_S, exit=True)


def peak_memory_bytes() -> int | None:
    """The most memory that this process ever had resident, in bytes; ``None`` where Linux's file is missing.

    ``ru_maxrss`` would not do: it survives exec, so a small probe would show the memory of who started it.
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as stream:
            return next(int(line.split()[1]) * 1024 for line in stream if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


class Surroundings:
    """What the machine did beside this process between two moments: steal time and other processes' load."""

    def __init__(self) -> None:
        self._wall, self._own = clock(), time.process_time()
        self._busy, self._steal = self._machine()

    @staticmethod
    def _machine() -> tuple[float, float]:
        """Busy and stolen processor time of the machine since boot, in seconds; zeros where Linux's file is missing."""
        try:
            with open("/proc/stat", encoding="ascii") as stream:
                ticks = [int(word) for word in stream.readline().split()[1:]]
        except (OSError, ValueError):
            return 0.0, 0.0
        per_second = os.sysconf("SC_CLK_TCK")
        user, nice, system, _idle, _iowait, irq, softirq, steal = ticks[:8]
        return (user + nice + system + irq + softirq) / per_second, steal / per_second

    def since(self) -> dict[str, float | None]:
        """Processor seconds since the start: own, others' (never below 0), stolen; and the load average of a minute."""
        busy, steal = self._machine()
        own = time.process_time() - self._own
        return {
            "wall_s": clock() - self._wall,
            "own_cpu_s": own,
            "others_cpu_s": max(0.0, busy - self._busy - own),
            "steal_s": steal - self._steal,
            "load_1min": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        }


# ---------------------------------------------------------------- openvino


def import_openvino() -> Any:
    """The openvino module with its API; before 2024 it lives in ``openvino.runtime``.

    Importing it would also fork a process that sends telemetry, beside what is being measured: not here.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    if not hasattr(openvino, "Tensor"):
        import openvino.runtime as openvino
    return openvino


def plain(value: Any) -> Any:
    """A property's value as JSON: enumerations by their last name, tuples and sets as lists."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, (list, tuple, set)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return str(value).split(".")[-1]


def ask(source: Any, *names: str | tuple[str, str]) -> Any:
    """The first of the properties that ``source`` supports, or ``None``."""
    for name in names:
        try:
            return plain(source.get_property(name) if isinstance(name, str) else source.get_property(*name))
        except Exception:  # noqa: S112, what a release does not know is simply not told
            continue
    return None


def execution_devices(compiled: Any) -> list[str] | None:
    """The device or devices that answer now; in parentheses while AUTO's CPU helper does."""
    devices = ask(compiled, "EXECUTION_DEVICES")
    return [devices] if isinstance(devices, str) else devices


def describe_devices(core: Any) -> list[dict[str, Any]]:
    """Every device with its full name, type, driver and capabilities, as far as it tells."""
    return [
        {
            "name": name,
            "full_name": ask(core, (name, "FULL_DEVICE_NAME")) or "",
            "type": ask(core, (name, "DEVICE_TYPE")) or "",
            "driver": str(
                ask(core, (name, "NPU_DRIVER_VERSION"), (name, "GPU_DRIVER_VERSION"), (name, "DRIVER_VERSION")) or ""
            ),
            "capabilities": ask(core, (name, "OPTIMIZATION_CAPABILITIES")) or [],
        }
        for name in core.available_devices
    ]


def describe_model(model: Any) -> dict[str, Any]:
    """Name, inputs and outputs; dynamic lengths are -1, and a shape of unknown rank is ``None``."""

    def port(each: Any) -> dict[str, Any]:
        shape = each.get_partial_shape()
        lengths = (
            [length.get_length() if length.is_static else -1 for length in shape] if shape.rank.is_static else None
        )
        return {
            "name": each.get_any_name() if each.get_names() else each.get_node().get_friendly_name(),
            "element_type": each.get_element_type().get_type_name(),
            "shape": lengths,
        }

    return {
        "friendly_name": model.get_friendly_name(),
        "inputs": [port(each) for each in model.inputs],
        "outputs": [port(each) for each in model.outputs],
    }


def reshape(model: Any, shapes: dict[str, list[int]]) -> None:
    """Give the named inputs (or with an empty name the only one) static shapes."""
    if shapes:
        model.reshape({name if name else model.inputs[0]: list(lengths) for name, lengths in shapes.items()})


class Session:
    """openvino, a Core, the model, and the compiled model, each made as a timed phase."""

    def __init__(self, request: Request, phase: Phase) -> None:
        self.request, self.phase = request, phase
        self.ov = phase.timed("import", import_openvino)
        self.core = phase.timed("core", self.ov.Core)
        if request["model"]:
            self.model = phase.timed("read", lambda: self.core.read_model(request["model"]))
            phase.timed("reshape", lambda: reshape(self.model, request["shapes"]))

    def compile_and_infer_once(self) -> dict[str, Any]:
        """Compile, then the first inference; FIL is their sum, without the questions asked in between."""
        request, phase = self.request, self.phase
        if (request["device"] or "AUTO").startswith("AUTO"):
            phase.timed("log", lambda: self.core.set_property("AUTO", {"LOG_LEVEL": "LOG_INFO"}))
        self.tensors = phase.timed("input", self._read_inputs)
        properties = dict(request["properties"])
        if request["cache"] == "cold":
            properties["CACHE_DIR"] = tempfile.mkdtemp(prefix="openvino-cache-", dir=os.getcwd())
        elif request["cache"] != "off":
            properties["CACHE_DIR"] = request["cache"]
        given = {} if request["device"] is None else {"device_name": request["device"]}
        self.compiled = phase.timed("compile", lambda: self.core.compile_model(self.model, config=properties, **given))
        devices_before = execution_devices(self.compiled)
        self.infer_request = phase.timed("first_inference", self._first_inference)
        phase.enter("properties")
        phase.seconds["fil"] = phase.seconds["compile"] + phase.seconds["first_inference"]
        return {
            "execution_devices_before": devices_before,
            "execution_devices": execution_devices(self.compiled),
            **self.properties(),
        }

    def properties(self) -> dict[str, Any]:
        """What the compiled model says of itself."""
        return {
            "optimal_infer_requests": ask(self.compiled, "OPTIMAL_NUMBER_OF_INFER_REQUESTS"),
            "hint": ask(self.compiled, "PERFORMANCE_HINT"),
            "priorities": ask(self.compiled, "MULTI_DEVICE_PRIORITIES"),
            "loaded_from_cache": ask(self.compiled, "LOADED_FROM_CACHE"),
        }

    def _read_inputs(self) -> list[Any]:
        import numpy

        with numpy.load(self.request["inputs"]) as arrays:
            return [self.ov.Tensor(arrays[str(index)]) for index in range(len(arrays.files))]

    def new_request(self) -> Any:
        """An infer request whose inputs are filled, once and for all."""
        infer_request = self.compiled.create_infer_request()
        for index, tensor in enumerate(self.tensors):
            infer_request.set_input_tensor(index, tensor)
        return infer_request

    def _first_inference(self) -> Any:
        infer_request = self.new_request()
        infer_request.infer()
        _ = infer_request.get_output_tensor(0).data
        return infer_request

    def save_outputs(self, path: str) -> None:
        """Infer once and write every output to ``path`` (npz, named by index)."""
        import numpy

        self.infer_request.infer()
        outputs = [self.infer_request.get_output_tensor(index).data for index in range(len(self.compiled.outputs))]
        with open(path, "wb") as stream:
            numpy.savez(stream, **{str(index): output for index, output in enumerate(outputs)})


# ---------------------------------------------------------------- steady measurement


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


def wait_for_accelerator(compiled: Any, longest_s: float) -> list[str] | None:
    """Wait until AUTO's CPU helper has been released, at most so long; returns the devices then."""
    stop_at = clock() + longest_s
    devices = execution_devices(compiled)
    while clock() < stop_at and any(str(each).startswith("(") for each in devices or []):
        time.sleep(0.02)
        devices = execution_devices(compiled)
    return devices


# ---------------------------------------------------------------- modes


def run_describe(request: Request, phase: Phase, channel: Channel) -> None:
    """Say what this runtime sees: versions, devices, the model."""
    session = Session(request, phase)
    phase.enter("describe")
    channel.send(
        "described",
        openvino=session.ov.get_version(),
        python=sys.version.split()[0],
        devices=describe_devices(session.core),
        model=describe_model(session.model) if request["model"] else None,
        seconds=phase.seconds,
    )


def run_once(request: Request, phase: Phase, channel: Channel) -> None:
    """Measure import to first inference, send that, then time how long letting go takes."""
    surroundings = Surroundings()
    session = Session(request, phase)
    facts = session.compile_and_infer_once()
    surrounded = surroundings.since()
    if request["save_outputs"]:
        phase.timed("outputs", lambda: session.save_outputs(request["save_outputs"]))
    renew_watchdog(request["deadline_s"])
    channel.send(
        "measured",
        openvino=session.ov.get_version(),
        seconds=phase.seconds,
        surroundings=surrounded,
        peak_memory_bytes=peak_memory_bytes(),
        **facts,
    )

    def release() -> None:
        del session.infer_request, session.compiled

    phase.timed("destroy", release)
    channel.send("ended", destroy_s=phase.seconds["destroy"], peak_memory_bytes=peak_memory_bytes())


def run_warm(request: Request, phase: Phase, channel: Channel) -> None:
    """Compile and warm up, then answer commands until told to stop or until standard input ends."""
    session = Session(request, phase)
    facts = session.compile_and_infer_once()
    phase.enter("hand-over")
    facts["execution_devices_warm"] = wait_for_accelerator(session.compiled, request["accelerator_wait_s"])
    facts.update(session.properties())  # of the device that answers from here on, no longer of AUTO's helper
    phase.enter("warm-up")
    number = request["infer_requests"] or facts["optimal_infer_requests"] or 1
    lanes = Lanes([session.new_request() for _ in range(number)])
    lanes.warm_up(request["warm_up_s"])
    gc.collect()
    gc.disable()  # a collection inside a slice would be billed to the device
    channel.send(
        "ready",
        openvino=session.ov.get_version(),
        seconds=phase.seconds,
        infer_requests=number,
        driver=lanes.driver,
        peak_memory_bytes=peak_memory_bytes(),
        **facts,
    )
    faulthandler.cancel_dump_traceback_later()  # it may wait for its first command as long as it must
    for line in sys.stdin:
        command = json.loads(line)
        phase.current = command["command"]
        renew_watchdog(command["deadline_s"])
        if command["command"] == "stop":
            break
        if command["command"] == "infer":
            session.save_outputs(command["path"])
            channel.send("inferred", execution_devices=execution_devices(session.compiled))
        elif command["command"] == "slice":
            surroundings = Surroundings()
            per_second, latencies, counted_s = lanes.run(command["seconds"])
            channel.send(
                "slice",
                inferences_per_second=per_second,
                counted_s=counted_s,
                latencies_ms=[round(each, 5) for each in latencies],
                surroundings=surroundings.since(),
                execution_devices=execution_devices(session.compiled),
            )
        else:
            raise ValueError("unknown command " + command["command"])
        faulthandler.cancel_dump_traceback_later()

    def release() -> None:
        del session.infer_request, session.compiled

    del lanes
    phase.timed("destroy", release)
    channel.send("ended", destroy_s=phase.seconds["destroy"], peak_memory_bytes=peak_memory_bytes())


MODES = {"describe": run_describe, "once": run_once, "warm": run_warm}


def main() -> int:
    """Read the request, do it, and say what went wrong in the same way as what went right."""
    faulthandler.enable()
    die_with(int(sys.argv[2]))
    channel = Channel(int(sys.argv[1]))
    request = json.loads(sys.stdin.readline())
    renew_watchdog(request["deadline_s"])
    phase = Phase(channel)
    try:
        MODES[request["mode"]](request, phase, channel)
    except Exception as error:
        channel.send("error", phase=phase.current, error=type(error).__name__, message=str(error))
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
