"""Where an inference's time goes, layer by layer, and the same model's time without anybody counting.

With ``counted`` the device counts (``PERF_COUNT``), one request at a time; without, requests are kept busy as they are in use. What the
figures mean for two releases is left to ``lab.why``.

Two devices mean two things by a layer's time: the CPU's is the average over *all* inferences since the compile, the cold first one among
them; a GPU's is that of the last one. Which it is is seen in the first inferences (``is_average``), and what is sent is the average over
the inferences that were timed, in microseconds. The CPU counts whole microseconds, and drops what is beyond them.
"""

from __future__ import annotations

import re
import statistics
import time
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.api import ask, execution_devices, plain
from autogauge.probe.worker.channel import renew_watchdog
from autogauge.probe.worker.graph import MOST_TEXT, layers_of, names_in
from autogauge.probe.worker.lanes import Lanes
from autogauge.probe.worker.machine import Surroundings, peak_memory_bytes
from autogauge.probe.worker.subject import Subject, wait_for_accelerator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autogauge.probe.worker.channel import Channel, Phase

    Request = dict[str, Any]

clock = time.perf_counter
COUNT, STREAMS, HINT = "PERF_COUNT", "NUM_STREAMS", "PERFORMANCE_HINT"
FEWEST = 12
"""Inferences before the timed ones, at least: from fewer nobody can tell what a layer's time is of."""
CLEARLY, AGAINST_WHAT_IS_KNOWN = 1.5, 3.0
"""So many times nearer to what was seen must one meaning be than the other; of a device that is known, to be the other one."""
AVERAGING = ("CPU",)
"""Devices known to give averages (``perf_count.h`` of OpenVINO's CPU plugin), for when a disturbed process leaves it open."""
NOT_GIVEN = "not given"
"""What stands for a property that the compiled model says it has, and does not give."""
FOR_ALL_AT_ONCE = "HETERO"
"""A device that splits one inference over several: no single one of these has all of its layers."""
OF_DEVICES = "DEVICE_PROPERTIES"


def run_layers(request: Request, phase: Phase, channel: Channel) -> None:
    """Compile, infer once, warm up and infer for ``measure_s``; with ``counted`` say of each layer how long it took."""
    surroundings = Surroundings()
    if request["counted"]:
        request["properties"] = {**request["properties"], COUNT: "YES"}
    subject = Subject(request, phase)
    facts = subject.compile_and_infer_once()
    phase.enter("hand-over")
    facts["execution_devices_in_the_end"] = wait_for_accelerator(subject.compiled, request["accelerator_wait_s"])
    facts.update(subject.properties())
    phase.enter("asking")
    facts["properties"] = properties_of(subject.compiled)
    found = counted(subject, phase) if request["counted"] else uncounted(subject, phase)
    renew_watchdog(request["deadline_s"])
    channel.send(
        "measured",
        openvino=subject.ov.get_version(),
        seconds=phase.seconds,
        surroundings=surroundings.since(),
        peak_memory_bytes=peak_memory_bytes(),
        **{**facts, **found},
    )

    def release() -> None:
        del subject.infer_request, subject.compiled

    phase.timed("destroy", release)
    channel.send("ended", destroy_s=phase.seconds["destroy"], peak_memory_bytes=peak_memory_bytes())


def uncounted(subject: Subject, phase: Phase) -> dict[str, Any]:
    """As many requests as the device asks for, kept busy; one is inferred as in ``counted``, so that both can be compared."""
    number = subject.request["infer_requests"] or ask(subject.compiled, "OPTIMAL_NUMBER_OF_INFER_REQUESTS") or 1
    warm_up_s, measure_s = subject.request["warm_up_s"], subject.request["measure_s"]
    phase.enter("warm-up")
    if number == 1:
        latencies_of(subject, warm_up_s, FEWEST)
        phase.enter("inferring")
        latencies, elapsed_s = latencies_of(subject, measure_s, FEWEST)
        per_second = len(latencies) / elapsed_s
    else:
        lanes = Lanes([subject.new_request() for _ in range(number)])
        if subject.resets_state:
            lanes.reset_state_before_each()
        lanes.warm_up(warm_up_s, lanes.drivers[0])
        phase.enter("inferring")
        per_second, latencies, _ = lanes.run(measure_s)
    return {
        "infer_requests": number,
        "inferences_per_second": per_second,
        "latencies_ms": [round(each, 5) for each in latencies],
    }


def latencies_of(subject: Subject, seconds: float, fewest: int) -> tuple[list[float], float]:
    """Infer one at a time for so long, and so often at least: the latencies in ms, and the seconds that it took."""
    request, found = subject.infer_request, []  # type: Any, list[float]
    began = now = clock()
    while now < began + seconds or len(found) < fewest:
        subject.infer_anew()
        found.append(request.latency)
        now = clock()
    return found, now - began


def counted(subject: Subject, phase: Phase) -> dict[str, Any]:
    """Each layer with its average time over the timed inferences, and the latencies of these."""
    told = make_countable(subject)
    request = subject.infer_request
    phase.enter("warm-up")
    seen_executed = executed_of(request)
    latencies, sums = [request.latency], [sum(times_us(request)) / 1e3]
    executed = sum(seen_executed)
    stop_at = clock() + subject.request["warm_up_s"]
    while clock() < stop_at or len(latencies) <= FEWEST:
        subject.infer_anew()
        latencies.append(request.latency)
        sums.append(sum(times_us(request)) / 1e3)
        seen_executed = either(seen_executed, executed_of(request))
    devices = execution_devices(subject.compiled) or []
    known = any(str(each).partition(".")[0] in AVERAGING for each in devices)
    averages = is_average(latencies, sums, executed, known)
    seen = averages is not None
    averages = known if averages is None else averages
    phase.enter("inferring")
    if averages:
        before, first = len(latencies), times_us(request)
        timed, _ = latencies_of(subject, subject.request["measure_s"], FEWEST)
        layers_us = within(first, before, times_us(request), before + len(timed))
        step_us = (2 * before + len(timed)) / len(timed)
    else:
        timed, layers_us = each_in_turn(subject)
        step_us = 1.0
    phase.enter("layers")
    seen_executed = either(seen_executed, executed_of(request))
    return {
        **told,
        "infer_requests": 1,
        "latencies_ms": [round(each, 5) for each in timed],
        "layers": layers_of(request, subject.compiled, seen_executed, names_in(subject.model)),
        "layers_us": [round(each, 4) for each in layers_us],
        "averages": averages,
        "averages_seen": seen,
        "step_us": step_us,
    }


def make_countable(subject: Subject) -> dict[str, Any]:
    """See to it that the layers of the whole inference are counted: compiled anew for the device itself where they are not.

    Where nothing is counted though it was asked for, it is AUTO that does not hand the question on. Where there are several streams, each
    counts for itself, and which one answers is not known. ``counted_on`` names the device then, ``counted_why`` says why, and what of
    the user's properties and of the devices is left out by it. Raises ``RuntimeError`` where no single device has all layers.
    """
    executed = any(executed_of(subject.infer_request))
    streams = streams_of(subject.compiled)
    if executed and (streams is None or streams <= 1):
        return {"counted_on": "", "counted_why": ""}
    devices = [str(each).strip("()") for each in execution_devices(subject.compiled) or []]
    asked = subject.request["device"] or "AUTO"
    if not devices:
        raise RuntimeError("no layer is counted, and nobody says which device infers")
    why = f"it has {streams} streams" if executed else f"{asked} does not hand it on"
    if asked.startswith(FOR_ALL_AT_ONCE) and len(devices) > 1:
        raise RuntimeError(
            f"{why}, and none of {' and '.join(devices)} alone has all layers of {asked}: name one of them"
        )
    device = devices[0]
    kept, dropped = properties_for(subject, device)
    if others := devices[1:]:
        why += f"; {' and '.join(others)} infers too, and is not counted"
    if dropped:
        why += f"; without {', '.join(dropped)}, which {device} does not take"
    properties = {**kept, COUNT: "YES", HINT: "LATENCY", **({STREAMS: "1"} if executed or STREAMS in kept else {})}
    subject.compiled = subject.core.compile_model(subject.model, device, properties)
    subject.infer_request = subject.new_request()
    subject.infer_anew()
    if not any(executed_of(subject.infer_request)):
        raise RuntimeError(f"{device} counts no layer although it is asked to ({COUNT})")
    return {"counted_on": device, "counted_why": why[:MOST_TEXT]}


def properties_for(subject: Subject, device: str) -> tuple[dict[str, Any], list[str]]:
    """The user's properties as the device itself takes them, and those that it does not (AUTO's own, say) as ``NAME=VALUE``.

    What was said of that device alone (``DEVICE_PROPERTIES``) counts above what was said of all. A device that does not tell what it
    takes is given everything.
    """
    asked = {name: value for name, value in subject.request["properties"].items() if name not in (COUNT, HINT)}
    own = own_properties(asked.pop(OF_DEVICES, None), device)
    asked.update({name: value for name, value in own.items() if name not in (COUNT, HINT)})
    try:
        takes = {str(each) for each in dict(subject.core.get_property(device, "SUPPORTED_PROPERTIES"))}
    except Exception:
        return asked, []
    kept = {name: value for name, value in asked.items() if name in takes}
    return kept, [f"{name}={value}" for name, value in sorted(asked.items()) if name not in takes]


def own_properties(said: Any, device: str) -> dict[str, Any]:
    """What ``DEVICE_PROPERTIES`` says of one device: ``{CPU:{NUM_STREAMS:2},GPU:{...}}`` as text, or a map of maps."""
    if isinstance(said, dict):
        held = said.get(device) or said.get(device.partition(".")[0]) or {}
        return dict(held) if isinstance(held, dict) else {}
    for name in (device, device.partition(".")[0]):
        found = re.search(rf"(?:^|[{{,\s\"']){re.escape(name)}[\s\"']*:\s*{{([^{{}}]*)}}", str(said or ""))
        if found:
            pairs = (each.partition(":") for each in found[1].split(","))
            return {key.strip(" \"'"): value.strip(" \"'") for key, between, value in pairs if between}
    return {}


def streams_of(compiled: Any) -> int | None:
    """How many streams there are; ``None`` where nobody tells. AUTO tells it of its device."""
    own = ask(compiled, STREAMS)
    if own is None:
        of_devices = ask(compiled, OF_DEVICES)
        values = of_devices.values() if isinstance(of_devices, dict) else ()
        own = next((each[STREAMS] for each in values if isinstance(each, dict) and STREAMS in each), None)
    try:
        return int(own)
    except (TypeError, ValueError):
        return None


def times_us(request: Any) -> list[float]:
    """The real time of each layer as the request tells it, in microseconds. It comes as a ``timedelta``."""
    return [each.real_time.total_seconds() * 1e6 for each in request.get_profiling_info()]


def is_executed(info: Any) -> bool:
    """Whether a layer is said to be executed. Others were fused into their neighbours, optimized out, or are below a microsecond.

    The CPU says so of each layer whose average, in whole microseconds, is 0 at that moment: one that runs may be so in one profile and
    not in the next.
    """
    return str(info.status).rpartition(".")[2] == "EXECUTED"


def executed_of(request: Any) -> list[bool]:
    """Of each layer, in the order of ``times_us``, whether this profile says that it was executed."""
    return [is_executed(each) for each in request.get_profiling_info()]


def either(before: Sequence[bool], now: Sequence[bool]) -> list[bool]:
    """Of each layer whether one of two profiles says that it was executed."""
    return [one or other for one, other in zip(before, now)]  # noqa: B905, Python 3.8


def is_average(latencies: Sequence[float], sums: Sequence[float], layers: int, known: bool) -> bool | None:
    """Whether the sums of layers are of averages over all inferences so far; ``False``: of the last one each. ``None``: it stays open.

    Both are in ms, in order, from the first inference on. If they are averages, then k times the k-th less k - 1 times the one before is
    the k-th inference's own, and follows its latency. Each of the ``layers`` is told in whole microseconds, and k times what that drops is
    no evidence: so the first few inferences alone are looked at. ``known`` is what the device is known to give.
    """
    pairs = range(1, FEWEST + 1)
    if len(sums) <= FEWEST or not any(sums):
        return None
    own = [(k + 1) * sums[k] - k * sums[k - 1] - latencies[k] for k in pairs]
    last = [sums[k] - latencies[k] for k in pairs]
    as_average, as_last = spread(own), spread(last)
    if as_average * CLEARLY < as_last:
        return True
    dropped = FEWEST * layers / 1e3
    is_clear = as_average > dropped and as_last * (AGAINST_WHAT_IS_KNOWN if known else CLEARLY) < as_average
    return False if is_clear else None


def spread(values: Sequence[float]) -> float:
    """The median distance from the median."""
    middle = statistics.median(values)
    return statistics.median(abs(each - middle) for each in values)


def within(first: Sequence[float], before: int, last: Sequence[float], after: int) -> list[float]:
    """The average over the inferences between two averages, over the first ``before`` and the first ``after`` of them; at least 0."""
    pairs = zip(first, last)  # noqa: B905, Python 3.8
    return [max(0.0, (after * end - before * start) / (after - before)) for start, end in pairs]


def each_in_turn(subject: Subject) -> tuple[list[float], list[float]]:
    """Ask after each inference: latencies in ms, and the average of each layer in us."""
    latencies: list[float] = []
    totals: list[float] = []
    stop_at = clock() + subject.request["measure_s"]
    while clock() < stop_at or len(latencies) < FEWEST:
        subject.infer_anew()
        latencies.append(subject.infer_request.latency)
        times = times_us(subject.infer_request)
        totals = [sum(pair) for pair in zip(totals, times)] if totals else times  # noqa: B905, Python 3.8
    return latencies, [each / len(latencies) for each in totals]


def told(value: Any) -> Any:
    """A property's value as JSON; an element type by its name, also within what AUTO says of its devices."""
    if isinstance(value, dict):
        return {str(key): told(each) for key, each in value.items()}
    return value.get_type_name() if hasattr(value, "get_type_name") else plain(value)


def properties_of(compiled: Any) -> dict[str, Any]:
    """Every property that the compiled model says it has, with its value; ``NOT_GIVEN`` for one that it does not give after all."""
    try:
        names = [str(name) for name in dict(compiled.get_property("SUPPORTED_PROPERTIES"))]
    except Exception:
        return {}
    found = {}
    for name in names:
        try:
            found[name] = told(compiled.get_property(name))
        except Exception:  # it is said to be supported, and is not
            found[name] = NOT_GIVEN
    return {name: value for name, value in found.items() if name != "SUPPORTED_PROPERTIES"}
