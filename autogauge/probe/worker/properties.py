"""What a runtime makes of a device string and of properties: which devices and names there are, and which values it takes.

AUTO takes any name without a word, and passes on what a device says it supports: a misspelt one has no effect. So its word is not asked,
but what it and each device say they support, and a compile of one ReLU with each value. What follows from that is left to
``rig.properties``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.api import ask

if TYPE_CHECKING:
    Properties = dict[str, str]

META = ("AUTO", "MULTI", "HETERO", "BATCH")
"""Devices that pass on to others."""
KINDS = ("CPU", "GPU", "NPU")
CACHE_DIR, DEVICE_PROPERTIES, PRIORITIES = "CACHE_DIR", "DEVICE_PROPERTIES", "MULTI_DEVICE_PRIORITIES"
OF_CORE = (
    "ALLOW_AUTO_BATCHING",
    "AUTO_BATCH_TIMEOUT",
    CACHE_DIR,
    "CACHE_MODE",
    "CACHE_PATH",
    "ENABLE_MMAP",
    "FORCE_TBB_TERMINATE",
)
"""What the Core may take for any device, though no device says so. A release is asked: each is tried on a device."""
_OF_A_DEVICE = re.compile(r"([^{},:]+):\{([^{}]*)\}")
_RELU = """<?xml version="1.0"?><net name="relu" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="1,4" element_type="f32"/>
<output><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></output></layer>
<layer id="1" name="y" type="ReLU" version="opset1"><input><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></input>
<output><port id="1" precision="FP32"><dim>1</dim><dim>4</dim></port></output></layer>
<layer id="2" name="z" type="Result" version="opset1"><input><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></input></layer>
</layers><edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/><edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>
</edges></net>"""


def examine(core: Any, target: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with a target (``device``, which may be ``None``, and ``properties``): nothing, where all lists are empty.

    ``absent``: devices that it names and that are not there. ``unknown``: pairs of a property that nobody it may reach knows, and the
    device it is said for. ``only_read``: properties that nobody lets be set. ``refused``: device, name, value and reason where a value is
    not taken; a name that is empty is the whole of it. ``asked`` are the devices that were asked, ``known`` the names that may be set.
    """
    found = Examined(core, target["device"] or "AUTO", dict(target["properties"]))
    found.look()
    return {
        "absent": found.absent,
        "unknown": found.unknown,
        "only_read": found.only_read,
        "refused": found.refused,
        "asked": found.asked,
        "known": sorted(found.known),
        "available": list(core.available_devices),
    }


class Examined:
    """A target, as its runtime sees it."""

    def __init__(self, core: Any, device: str, properties: Properties) -> None:
        self.core, self.device, self.properties = core, device, properties
        self.head, _, self.listed = device.partition(":")
        self.is_meta = self.head in META
        self.absent: list[str] = []
        self.unknown: list[list[str]] = []
        self.only_read: list[str] = []
        self.refused: list[list[str]] = []
        self.asked: list[str] = []
        self.known: set[str] = set()
        self._access: dict[str, dict[str, str]] = {}

    def look(self) -> None:
        """Fill the lists."""
        self.relu = self.core.read_model(_RELU.encode(), b"")
        reached = self._reached()
        if not reached:
            return
        self.asked = [self.head, *reached] if self.is_meta else reached
        for device in self.asked:
            self.known.update(self._settable(device))
        self.known.update(name for name in OF_CORE if self._is_of_core(name, reached[0]))
        for name, value in self.properties.items():
            if name == DEVICE_PROPERTIES:
                self._look_into(value)
            elif name != PRIORITIES:
                self._look_at(name, value, reached)
        if not (self.unknown or self.only_read or self.refused):
            self._try(self.device, "", "", self.properties)

    def _reached(self) -> list[str]:
        """The devices that the target may reach, by the names that the machine has for them."""
        available = list(self.core.available_devices)
        named = [self.device]
        if self.is_meta:
            listed = self.properties.get(PRIORITIES) or self.listed
            named = [name for each in listed.split(",") if (name := each.partition("(")[0].strip())]
        left_out = [each[1:] for each in named if each.startswith("-")]
        named = [each for each in named if not each.startswith("-")]
        self.absent += ["-" + each for each in left_out if each.partition(".")[0] not in KINDS]
        reached = []
        for name in named:
            fitting = fitting_devices(name, available)
            if not fitting:
                self.absent.append(name)
            reached += fitting
        if not named:
            reached = [each for each in available if not any(each.startswith(name) for name in left_out)]
        return list(dict.fromkeys(reached))

    def _look_at(self, name: str, value: str, reached: list[str]) -> None:
        owners = [device for device in reached if name in self._settable(device)]
        if not self.is_meta and not owners:  # a device takes more than it says, and refuses what it does not know
            reason = self._reason(reached[0], {name: value})
            if reason is None:
                return
        if name in self.known:
            for device in owners or [reached[0] if name in OF_CORE else self.device]:
                self._try(device, name, value, {name: value})
        elif any(name in self._supported(device) for device in self.asked):
            self.only_read.append(name)
        else:
            self.unknown.append([name, ""])

    def _look_into(self, text: str) -> None:
        """``{CPU:{NUM_STREAMS:2}}``: each property is that of the device in front of it."""
        inner = _OF_A_DEVICE.findall(text)
        if not inner:
            self._try(self.device, DEVICE_PROPERTIES, text, {DEVICE_PROPERTIES: text})
        for name, pairs in inner:
            devices = fitting_devices(name.strip(), self.asked)
            if not devices:
                self.absent.append(name.strip())
                continue
            for pair in pairs.split(","):
                own, _, value = (each.strip() for each in pair.partition(":"))
                if own in self._settable(devices[0]) or self._is_of_core(own, devices[0]):
                    self._try(devices[0], own, value, {own: value})
                else:
                    self.unknown.append([own, name.strip()])

    def _supported(self, device: str) -> dict[str, str]:
        """The properties that a device says it has, and whether they may be written."""
        if device not in self._access:
            try:
                said = self.core.get_property(device, "SUPPORTED_PROPERTIES")
                self._access[device] = {str(name): str(access) for name, access in dict(said).items()}
            except Exception:
                self._access[device] = {}
        return self._access[device]

    def _settable(self, device: str) -> set[str]:
        return {name for name, access in self._supported(device).items() if access != "RO"}

    def _is_of_core(self, name: str, device: str) -> bool:
        """Whether the Core of this release takes that property for a device; a value of another kind is refused later."""
        return name in OF_CORE and not _says_unknown(self._reason(device, {name: "YES"}) or "")

    def _try(self, device: str, name: str, value: str, properties: Properties) -> None:
        reason = self._reason(device, properties)
        if reason is not None:
            self.refused.append([device, name, value, reason])

    def _reason(self, device: str, properties: Properties) -> str | None:
        """Why a compile with these is refused; ``None`` where it is not. No blob of it is left in the user's folder."""
        others = {name: value for name, value in properties.items() if name != CACHE_DIR}
        try:
            if CACHE_DIR in properties:
                self.core.set_property({CACHE_DIR: properties[CACHE_DIR]})
                self.core.set_property({CACHE_DIR: ""})
            compiled = self.core.compile_model(self.relu, device, others)
        except Exception as error:
            return brief(str(error), [*properties, *properties.values()])
        return next((why for name, value in others.items() if (why := cut_short(value, ask(compiled, name)))), None)


def fitting_devices(name: str, available: list[str]) -> list[str]:
    """The devices that a name means: itself, of a kind all, and the only one of its kind by its number."""
    exact = [each for each in available if each == name]
    if exact:
        return exact
    if "." in name:
        kind, number = name.split(".", 1)
        return [kind] if number == "0" and kind in available else []
    return [each for each in available if each.partition(".")[0] == name]


def cut_short(value: str, taken: Any) -> str | None:
    """Why a value is not what it was taken for: some releases read ``2x`` as 2; ``None`` where it is."""
    if isinstance(taken, bool) or not isinstance(taken, int) or not value.strip()[:1].isdigit():
        return None
    try:
        int(value)
    except ValueError:
        return f"it would be taken for {taken}"
    return None


def _says_unknown(reason: str) -> bool:
    lower = reason.lower()
    return any(each in lower for each in ("unsupported", "not supported", "not found", "not registered", "unknown"))


def brief(text: str, about: list[str]) -> str:
    """What an error of OpenVINO says, without the places in its source: the last line that is ``about`` what was given, or the last."""
    lines = [line.strip(" ;") for line in text.splitlines()]
    said = [line for line in lines if line and not line.startswith(("Exception from ", "Check '"))] or lines[:1]
    fitting = [line for line in said if any(each in line for each in about)]
    named = [
        line
        for line in fitting
        if any(each.lower() in line.lower() for each in ("invalid", "wrong", "could not", "unsupported"))
    ]
    return (named or said or [""])[-1].rpartition("Exception from ")[2]
