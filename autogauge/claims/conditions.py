"""What a figure is of: a device, a performance hint, further properties, and how many requests are in flight."""

from __future__ import annotations

import re
from dataclasses import dataclass

from autogauge.claims.places import of_the_caller
from autogauge.claims.said import FACT, Said
from autogauge.plain import few
from autogauge.targets import CUMULATIVE, LATENCY, THROUGHPUT, Target, named_devices

HINTS = (LATENCY, THROUGHPUT, CUMULATIVE)
AUTO, OVER_OTHERS = "AUTO", ("MULTI", "HETERO", "BATCH")
_NUMBERED = r"(?:CPU|GPU(?:\.\d+){0,2}|NPU(?:\.\d+)?)"
_DEVICE = re.compile(_NUMBERED)
_LISTED = {True: re.compile(f"-?{_NUMBERED}"), False: re.compile(rf"{_NUMBERED}(?:\(\d+\))?")}
"""What may stand after the colon, by whether it is AUTO's: there one may be left out, elsewhere it may have a number of requests."""
MOST_REQUESTS = 1024


@dataclass(frozen=True)
class On:
    """A condition. ``requests`` is how many infer requests are kept in flight; 0 leaves it to the device."""

    target: Target
    requests: int = 0
    mistakes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tables, claims and benchmarks call it: ``AUTO-LATENCY``, ``CPU, 4 requests``."""
        more = f", {self.requests} request{'' if self.requests == 1 else 's'}" if self.requests else ""
        return self.target.label + more

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that it names, which have to be there: of ``AUTO`` none, of ``AUTO:GPU,CPU`` two."""
        device = self.target.device or "AUTO"
        return tuple(each for each in named_devices(device) if each != "AUTO")

    def ran_on(self, *devices: str) -> Said:
        """The claim that every steady inference of it ran on these devices (``"GPU"`` for any), and on no other."""
        wrong = [repr(each) for each in devices if not isinstance(each, str) or not _DEVICE.fullmatch(each)]
        mistakes = list(self.mistakes)
        if not devices:
            mistakes.append('ran_on takes the devices that answer: ran_on("CPU")')
        if wrong:
            mistakes.append(f"{few(wrong)} is no device: name CPU, GPU, GPU.1 or NPU")
        words = f"every inference of {self.name} ran on {' or '.join(map(str, devices))}"
        return Said(
            FACT, words, (self,), devices=tuple(map(str, devices)), place=of_the_caller(), mistakes=(*mistakes,)
        )

    def __bool__(self) -> bool:
        return True


def on(device: str, hint: str | None = None, *, requests: int | None = None, **properties: object) -> On:
    """The condition: a device string (``AUTO``, ``AUTO:GPU,CPU``, ``CPU``), a hint, further properties by their OpenVINO names."""
    mistakes = []
    if not isinstance(device, str) or not _is_device(device):
        mistakes.append(f"{device!r} is no device: name {_instead(device)}")
    if hint is not None and hint not in HINTS:
        mistakes.append(f"{hint!r} is no performance hint: there are {', '.join(HINTS)}")
    is_number = isinstance(requests, int) and not isinstance(requests, bool) and 1 <= requests <= MOST_REQUESTS
    if requests is not None and not is_number:
        mistakes.append(f"requests={requests!r} is no number of requests: give one from 1 to {MOST_REQUESTS}")
        requests = None
    if "PERFORMANCE_HINT" in properties:
        mistakes.append(f'the hint is the second word: on({device!r}, "{properties["PERFORMANCE_HINT"]}")')
    if small := [name for name in properties if not name.isupper()]:
        mistakes.append(f"{few(small)} is no property of OpenVINO: their names are capitals (INFERENCE_PRECISION_HINT)")
    texts = {name: _as_text(value) for name, value in properties.items()}
    hints = {} if hint is None else {"PERFORMANCE_HINT": str(hint)}
    return On(Target(str(device), {**hints, **texts}), requests or 0, tuple(mistakes))


def _instead(device: object) -> str:
    """What to name in the place of that."""
    plugin = str(device).partition(":")[0]
    if plugin in OVER_OTHERS:
        return f"{plugin}:GPU" if plugin == "BATCH" else f"{plugin}:GPU,CPU"
    return "AUTO, AUTO:GPU,CPU, CPU, GPU, GPU.1 or NPU"


def _as_text(value: object) -> str:
    """A property as OpenVINO reads it."""
    return {True: "YES", False: "NO"}[value] if isinstance(value, bool) else str(value)


def _is_device(device: str) -> bool:
    """Whether a plugin of OpenVINO's has such a name: a device, or ``AUTO``, ``MULTI``… with a list of devices."""
    first, colon, listed = device.partition(":")
    if first == AUTO and not colon:
        return True
    if first not in (AUTO, *OVER_OTHERS):
        return _DEVICE.fullmatch(device) is not None
    names = [each.strip() for each in listed.split(",")]
    return all(_LISTED[first == AUTO].fullmatch(each) for each in names)
