"""Steps of cases, and what is read off them. What is expected is left to the cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autogauge import causes
from autogauge.probe.seen import Seen, Step
from autogauge.rig.expecting import Wanted, one_of
from autogauge.rig.rig import Rig

Reader = Callable[[Seen], Any]
Made = dict[str, Any]
CPU, BOTH = "AUTO:CPU", "AUTO:GPU,CPU"
LATENCY: Mapping[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
THROUGHPUT: Mapping[str, Any] = {"PERFORMANCE_HINT": "THROUGHPUT"}
CUMULATIVE: Mapping[str, Any] = {"PERFORMANCE_HINT": "CUMULATIVE_THROUGHPUT"}
UNBATCHED: Mapping[str, Any] = {"ALLOW_AUTO_BATCHING": False}
AT_ONCE: Mapping[str, Any] = {"ENABLE_STARTUP_FALLBACK": False}
"""The chosen device answers from the first inference on: nobody has to wait for a hand-over."""
ASKED = (
    *("PERFORMANCE_HINT", "NUM_STREAMS", "INFERENCE_NUM_THREADS", "ENABLE_CPU_PINNING", "AFFINITY"),
    *("PERFORMANCE_HINT_NUM_REQUESTS", "EXECUTION_MODE_HINT", "INFERENCE_PRECISION_HINT", "AUTO_BATCH_TIMEOUT"),
)
"""What the devices behind AUTO are asked for."""
OPTIMAL = "OPTIMAL_NUMBER_OF_INFER_REQUESTS"
NOT_TOLD, AN_ERROR = "not told", "an error: "
NO_DEVICE, NONE_BY_LOG = "no device", "nothing, by AUTO's log"
ONLY_THE_CPU = one_of("only CPU behind it")
ALIKE = Wanted("the same", lambda pair: len({*pair}) == 1 and all(isinstance(each, int) for each in pair))
EVERY_ONE = Wanted("every one", lambda found: isinstance(found, Returned) and not found.lost and found.done > 0)
SOME_BY_EACH = Wanted(
    "some by each",
    lambda counts: isinstance(counts, dict) and set(counts) == {"CPU", "GPU"} and min(counts.values()) > 0,
)
EXACT = Wanted("at most 1e-05", lambda error: isinstance(error, float) and error <= 1e-5)


def refused(*words: str) -> Wanted:
    """An error that has one of these words. One by which the machine lacked memory, files or room on the disk says nothing (``None``)."""

    def holds(error: Any) -> bool | None:
        if error and causes.step_in(str(error)):
            return None
        return any(word in str(error) for word in words)

    return Wanted(f"an error that names {' or '.join(words)}", holds)


def one_stream(rig: Rig) -> Mapping[str, Any]:
    """One stream for each device where the GPU is the emulated one: with two, inferences now and then never come back, without AUTO too."""
    return {"NUM_STREAMS": "1"} if rig.asked.is_emulated else {}


def one_gpu_stream(rig: Rig) -> Mapping[str, Any]:
    """The same for the GPU alone: the CPU keeps as many requests as it makes, so that one is free although the last has just ended."""
    return {"DEVICE_PROPERTIES": {"GPU": dict(one_stream(rig))}} if one_stream(rig) else {}


class Counts(dict[str, int]):
    """How many inferences each device did; it is told in words."""

    def __str__(self) -> str:
        return ", ".join(f"{device} {count}" for device, count in sorted(self.items()))


@dataclass(frozen=True)
class Returned:
    """How many requests were answered, and how many threw an error or never came back."""

    done: int
    lost: int

    def __str__(self) -> str:
        return f"{self.done} answered, {self.lost} lost"


def compiled(
    name: str, device: str, *properties: Mapping[str, Any], model: str = "relu", given: str = "object"
) -> Made:
    """Compile ``model`` for ``device`` with all these properties; both the step and the model are found by ``name``."""
    together: dict[str, Any] = {key: value for each in properties for key, value in each.items()}
    return {
        **{"do": "compile", "name": name, "as": name, "model": model, "device": device},
        **{"properties": together, "from": given},
    }


def behind(name: str) -> Made:
    """Ask what the devices behind that model were compiled with."""
    return {"do": "behind", "name": f"behind {name}", "of": name, "properties": [*ASKED]}


def with_behind(*steps: Made) -> tuple[Made, ...]:
    """Each of these models, and what is behind it."""
    return tuple(made for step in steps for made in (step, behind(step["name"])))


def ask(name: str, *properties: str) -> dict[str, Any]:
    """Ask the model itself."""
    return {"do": "ask", "name": f"ask {name}", "of": name, "properties": [*properties]}


def asked(name: str, key: str) -> Reader:
    """Reads what the model said when it was asked itself."""
    return of_step(f"ask {name}", lambda step: step.value["told"].get(key, NOT_TOLD))


def infer(name: str, times: int = 1, every_s: float = 0.0) -> Made:
    """Infer so many times, one after another, with so many seconds between them."""
    return {"do": "infer", "name": f"infer {name}", "of": name, "times": times, "every_s": every_s}


def together(name: str, requests: int, times: int) -> Made:
    """Start so many requests at once, so many times over."""
    return {"do": "together", "name": f"{requests} of {name}", "of": name, "requests": requests, "times": times}


def released(name: str) -> Made:
    """Let go of the model: then AUTO logs how many inferences each device did."""
    return {"do": "release", "name": f"release {name}", "of": name}


def of_step(name: str, read: Callable[[Step], Any]) -> Reader:
    """Reads that step. ``None`` where it was not reached or did not end; what OpenVINO said where that was an error."""

    def reader(seen: Seen) -> Any:
        step = seen.step(name)
        if step is None or step.failure is not None:
            return None
        return f"{AN_ERROR}{step.error}" if step.error else read(step)

    return reader


def is_error(value: Any) -> bool:
    """Whether that is what ``of_step`` reads off an error."""
    return isinstance(value, str) and value.startswith(AN_ERROR)


def said(name: str) -> Reader:
    """Reads what OpenVINO said in that step; empty where it took it."""
    return lambda seen: seen.error(name)


def told(name: str, key: str) -> Reader:
    """Reads what that step told under ``key``."""
    return of_step(name, lambda step: step.value.get(key))


def of_device(name: str, kind: str, key: str) -> Reader:
    """Reads with which value of the property ``key`` the device of that kind behind the model ``name`` was compiled.

    What is there instead is said where no such device is behind it, or where it does not tell.
    """

    def read(step: Step) -> Any:
        found: Mapping[str, Mapping[str, Any]] = step.value["devices"]
        of_kind = [properties for device, properties in found.items() if device.partition(".")[0] == kind]
        if not of_kind:
            return f"only {' and '.join(found)} behind it" if found else f"{NO_DEVICE} behind it"
        return as_word(of_kind[0].get(key, NOT_TOLD))

    return of_step(f"behind {name}", read)


def as_word(value: Any) -> Any:
    """A number that is written as text as a number; yes and no in the words of any release as truth."""
    if isinstance(value, str):
        if value.isascii() and value.isdigit():
            return int(value)
        return {"YES": True, "NO": False, "TRUE": True, "FALSE": False}.get(value, value)
    return value


def unless_alike(one: Reader, other: Reader) -> Reader:
    """Reads the first thing; ``None`` where the other is the same, or not known: then the first would be so without being told to."""

    def reader(seen: Seen) -> Any:
        found, by_itself = one(seen), other(seen)
        return None if by_itself is None or found == by_itself or is_error(by_itself) else found

    return reader


def where(one: Reader, other: Reader, wanted: Any) -> Reader:
    """Reads the first thing; ``None`` where the other is not as ``wanted``: what a device does not do alone nobody can ask of it."""
    return lambda seen: one(seen) if other(seen) == wanted else None


def wrong_of(step: str) -> Reader:
    """Reads how many answers of that step were wrong; ``None`` where none was compared."""

    def read(found: Step) -> Any:
        return found.value.get("wrong") if found.value.get("compared") else None

    return of_step(step, read)


def both(one: Reader, other: Reader) -> Reader:
    """Reads two things as a pair; ``None`` where either is not known."""

    def reader(seen: Seen) -> Any:
        pair = one(seen), other(seen)
        return None if None in pair else pair

    return reader


def summed(*readers: Reader) -> Reader:
    """Reads the sum of numbers; ``None`` where one is not known."""

    def reader(seen: Seen) -> Any:
        found = [read(seen) for read in readers]
        return sum(found) if all(isinstance(each, int) for each in found) else None

    return reader


def devices(name: str) -> Reader:
    """Reads the kinds of the devices that the model named as its executing ones when it had been compiled."""
    return of_step(name, lambda step: [kind_of(each) for each in step.value["devices"]] or NO_DEVICE)


def by_log(name: str) -> Reader:
    """Reads how many inferences each device did, by AUTO's log when the model was let go of; devices by their kinds."""
    return _counted(f"release {name}", kind_of)


def by_log_with_numbers(name: str) -> Reader:
    """The same, by the devices' own names."""
    return _counted(f"release {name}", str)


def _counted(step: str, called: Callable[[str], str]) -> Reader:
    """Reads how often each device inferred by the log of that step; where the process has a log, but not of that, this is said."""

    def read(found: Step) -> Counts:
        counts = Counts()
        for device, count in found.log.inferences.items():
            counts[called(device)] = counts.get(called(device), 0) + count
        return counts

    def reader(seen: Seen) -> Any:
        found = of_step(step, read)(seen)
        return None if found is None else found or (NONE_BY_LOG if seen.log.lines else None)

    return reader


def kind_of(device: str) -> str:
    """``GPU`` of ``GPU.0``; parentheses, which mark AUTO's helper, stay."""
    return device.partition(".")[0]


def returned(name: str, requests: int) -> Reader:
    """Reads how many of the requests that were started together came back, and how many did not."""
    return of_step(
        f"{requests} of {name}",
        lambda step: Returned(step.value["done"], step.value["never"] + step.value["failed"]),
    )
