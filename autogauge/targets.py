"""What can be compiled for: device strings with their properties, and the devices of a machine.

Asking OpenVINO which devices there are is left to a probe, so that this process never loads a driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autogauge.errors import UserError

LATENCY = "LATENCY"
THROUGHPUT = "THROUGHPUT"
CUMULATIVE = "CUMULATIVE_THROUGHPUT"
HINTS = (LATENCY, THROUGHPUT)
"""Those that the study of hints compares."""
F32 = {"INFERENCE_PRECISION_HINT": "f32"}
"""Answers are compared in this: by default some processors compute in bf16."""
ACCELERATOR_KINDS = ("GPU", "NPU")
ANY = "FP32"
"""The precision that every device has, or a better one in its place."""
EMULATED = "emulated"
EMULATED_NAME = "emulated GPU"
"""How the full name of the emulated GPU begins; ``emulation/layer.c`` gives it."""


def is_emulated(accelerator: str) -> bool:
    """Whether a run's accelerator is emulated: ``emulated``, or with the GPUs that are (``emulated:2,discrete``)."""
    return accelerator.partition(":")[0] == EMULATED


@dataclass(frozen=True)
class Target:
    """A device string (``None``: none is given, which is AUTO) and the properties to compile with."""

    device: str | None
    properties: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def with_hint(cls, device: str | None, hint: str | None) -> Target:
        """The target of a device and a performance hint; ``None`` leaves the hint to the device."""
        return cls(device, {"PERFORMANCE_HINT": hint} if hint else {})

    @property
    def hint(self) -> str | None:
        """The performance hint asked for, if one is."""
        return self.properties.get("PERFORMANCE_HINT")

    @property
    def label(self) -> str:
        """How tables, benchmarks and logs call it: ``AUTO-LATENCY``, ``CPU``, ``AUTO-SCHEDULE_POLICY=ROUND_ROBIN``."""
        others = [f"{name}={value}" for name, value in sorted(self.properties.items()) if name != "PERFORMANCE_HINT"]
        return "-".join(filter(None, (self.device or "default", self.hint, *others)))

    @property
    def key(self) -> tuple[str | None, tuple[tuple[str, str], ...]]:
        """What tells two targets apart; usable in a dictionary."""
        return self.device, tuple(sorted(self.properties.items()))


@dataclass(frozen=True)
class Device:
    """A device that OpenVINO can compile for on this machine."""

    name: str
    full_name: str = ""
    type: str = ""
    driver: str = ""
    capabilities: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``GPU`` for ``GPU``, ``GPU.0`` and ``GPU.1``."""
        return self.name.partition(".")[0]

    def has(self, precision: str) -> bool:
        """Whether AUTO counts it as fit for a model in that precision (``get_valid_device`` in the AUTO plugin's ``plugin.cpp``).

        Half precision will do for single. A device that does not tell what it can do is taken for fit.
        """
        known = self.capabilities
        return not known or precision in known or (precision == ANY and "FP16" in known)

    @property
    def is_accelerator(self) -> bool:
        """Whether AUTO would start on the CPU and hand over to this device."""
        return self.kind in ACCELERATOR_KINDS

    @property
    def is_emulated(self) -> bool:
        """Whether this is the emulated GPU, which says so by its full name."""
        return self.full_name.startswith(EMULATED_NAME)

    @property
    def label(self) -> str:
        """How tables and claims call it: ``GPU``, ``GPU (emulated)``."""
        return f"{self.name} (emulated)" if self.is_emulated else self.name

    @property
    def slug(self) -> str:
        """How names of claims call it: ``gpu``, ``gpu-emulated``."""
        return self.name.lower() + ("-emulated" if self.is_emulated else "")

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {
            "name": self.name,
            "kind": self.kind,
            "emulated": self.is_emulated,
            "full_name": self.full_name,
            "type": self.type,
            "driver": self.driver,
            "capabilities": list(self.capabilities),
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Device:
        """The device that a probe described."""
        return cls(
            str(fields["name"]),
            str(fields.get("full_name", "")),
            str(fields.get("type", "")),
            str(fields.get("driver", "")),
            tuple(str(each) for each in fields.get("capabilities", ())),
        )


def find_device(name: str, devices: Iterable[Device]) -> Device | None:
    """The device that ``name`` means: itself, or for a kind (``GPU``) the first of its kind (``GPU.0``)."""
    available = list(devices)
    exact = next((device for device in available if device.name == name), None)
    return exact or next((device for device in available if device.kind == name), None)


def selectable_by_default(devices: Iterable[Device], precision: str = ANY) -> list[str]:
    """What AUTO may select when it is given no list: a GPU that has the model's precision, where there is one, else the CPU.

    An NPU must be named.
    """
    return [device.name for device in devices if device.kind == "GPU" and device.has(precision)] or ["CPU"]


@dataclass(frozen=True)
class Auto:
    """AUTO as it hands over on this machine: the string to compile for, to which accelerator (if any), and whether one is emulated.

    ``precision`` is what AUTO asks of a device for the session's model.
    ``no_helper`` is why it leaves its CPU helper out, so that the accelerator answers from the first inference on; empty where it does not.
    """

    device: str = "AUTO"
    handed_to: Device | None = None
    emulated: bool = False
    precision: str = ANY
    no_helper: str = ""

    @property
    def title(self) -> str:
        """How tables call it."""
        return f"{self.device} (emulated)" if self.emulated else self.device

    @classmethod
    def on(
        cls, available: Iterable[Device], measured: Iterable[Device], precision: str = ANY, no_helper: str = ""
    ) -> Auto:
        """AUTO with the first measured accelerator that has the model's precision.

        By default where AUTO would select it by itself, else in a list with the CPU.

        ``no_helper`` counts only beside an accelerator.
        """
        available = list(available)
        emulated = any(device.is_emulated for device in available)
        found = next((device for device in measured if device.is_accelerator and device.has(precision)), None)
        if found is None:
            return cls(emulated=emulated, precision=precision)
        alone = selectable_by_default(available, precision) == [found.name]
        return cls("AUTO" if alone else f"AUTO:{found.name},CPU", found, emulated, precision, no_helper)

    def may_select(self, available: Iterable[Device]) -> list[str]:
        """Which devices it may select: the accelerator that it is given, else what AUTO selects by default."""
        if self.handed_to is not None and self.device != "AUTO":
            return [self.handed_to.name]
        return selectable_by_default(available, self.precision)

    def why_not(self, device: Device) -> str | None:
        """Why AUTO leaves that device out though it is there; ``None`` for one that it may select."""
        if device.has(self.precision):
            return None
        what = (
            "it is quantised (FakeQuantize)" if self.precision == "INT8" else f"its convolutions are {self.precision}"
        )
        return (
            f"AUTO leaves the {device.label} out for this model: {what}, and OpenVINO does not list {self.precision} among that device's "
            f"capabilities ({', '.join(device.capabilities)})"
        )


PLAIN_AUTO = Auto()


def kinds(names: Iterable[str]) -> set[str]:
    """``GPU`` for ``GPU``, ``GPU.0`` and ``GPU.1``: releases differ in how they call a lone one."""
    return {name.partition(".")[0] for name in names}


def named_devices(device: str) -> list[str]:
    """The devices that a device string names: ``AUTO:GPU,CPU`` names two, ``AUTO`` none, ``CPU`` itself.

    Exclusions (``AUTO:-CPU``) name none, and a number of requests in brackets is no part of a name.
    """
    if not device.startswith(("AUTO", "MULTI", "HETERO", "BATCH")):
        return [device]
    listed = device.partition(":")[2].split(",")
    return [name.partition("(")[0].strip() for name in listed if name.strip() and not name.strip().startswith("-")]


def require_device(name: str, devices: Iterable[Device]) -> Device:
    """Like :func:`find_device`, but an absent device is a :class:`UserError` that names those there are."""
    available = list(devices)
    found = find_device(name, available)
    if found is None:
        names = ", ".join(device.name for device in available) or "none"
        raise UserError(
            f"there is no device {name!r} on this machine: OpenVINO sees {names}; name one of these (--devices)."
        )
    return found
