"""What ``--reference`` names, or a side of ``why``: another OpenVINO (a runtime, see ``named``), model, device or properties.

It is measured in the same rounds as what is judged, under the same conditions but for what it names. How is left to the studies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.files import exists, is_folder
from autogauge.measuring.progress import Progress
from autogauge.models import path as model_path
from autogauge.probe.identity import Runtime
from autogauge.runtimes import named, prepared
from autogauge.runtimes.named import Named
from autogauge.targets import Target

OPTION = "--reference"
HOW = f"{named.HOW}; a model file; a device such as CPU, properties such as NUM_STREAMS=2, or both as CPU+NUM_STREAMS=2"
PRIORITIES = "MULTI_DEVICE_PRIORITIES"
AUTO_ONLY = ("ENABLE_STARTUP_FALLBACK", "ENABLE_RUNTIME_FALLBACK", "SCHEDULE_POLICY")
"""Properties that no other device has."""
_DEVICE = re.compile(r"(?:AUTO|MULTI|HETERO|BATCH|CPU|GPU|NPU)(?:[.:][^+=]*)?")
_PROPERTY = r"([A-Za-z][A-Za-z0-9_]*)\s*=\s*(\{[^=]*\}|[^,={}]*[^,={}\s])"
"""A name and a value; one in braces, which DEVICE_PROPERTIES has, may hold commas."""
_ONE, _PROPERTIES = re.compile(_PROPERTY), re.compile(rf"{_PROPERTY}(?:\s*,\s*{_PROPERTY})*")


@dataclass(frozen=True)
class Reference:
    """What the user named, taken apart; what is ``None`` or empty is as in the candidate."""

    text: str
    named: Named | None = None
    """Another OpenVINO."""
    model: Path | None = None
    device: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    option: str = OPTION
    """Where the user named it: messages end in it."""

    @property
    def who(self) -> str:
        """What messages call it."""
        return f"the reference {self.text}" if self.option == OPTION else f"{self.option} ({self.text})"

    @property
    def needs(self) -> tuple[str, ...]:
        """The devices that it is compiled for in any case: its runtime must see them. Those that it names itself are looked at apart."""
        return ()

    @property
    def names_device(self) -> bool:
        """Whether it may run on another device than the candidate: by a device string, or by the list that AUTO chooses from."""
        return self.device is not None or PRIORITIES in self.properties

    @property
    def is_openvino(self) -> bool:
        """Whether it is another OpenVINO: slower than that is a regression of OpenVINO's."""
        return self.named is not None

    def target(self, candidate: Target) -> Target:
        """What the reference compiles for where the candidate compiles for that; another device has none of AUTO's own properties."""
        device, properties = self.device or candidate.device, candidate.properties
        if device is not None and device.partition(":")[0] != "AUTO":
            properties = {name: value for name, value in properties.items() if name not in AUTO_ONLY}
        return Target(device, {**properties, **self.properties})

    def runtime(self, cache: Cache, progress: Progress) -> Runtime | None:
        """What its probes run on, installed now if need be; ``None`` for what the candidate runs on. Raises :class:`UserError`."""
        if self.named is None:
            return None
        return prepared.prepare(self.named, cache, progress, self.option, who=self.who)


def parse(text: str, option: str = OPTION) -> Reference:
    """Take apart what ``--reference`` was given, or another ``option``. Raises :class:`UserError`; nothing is installed yet."""
    if (found := named.find(text, option)) is not None:
        return Reference(text, named=found, option=option)
    place = Path(text)
    if text and exists(place):
        return _from_path(text, place, option)
    device, plus, properties = (each.strip() for each in text.partition("+"))
    if "=" in device and not plus:
        device, properties = "", text.strip()
    device = ",".join(
        each.strip() for each in device.split(",")
    )  # AUTO drops a device that has a blank before its name
    if (
        bool(plus) <= bool(properties)
        and (not device or _DEVICE.fullmatch(device))
        and (not properties or _PROPERTIES.fullmatch(properties))
    ):
        pairs = dict(_ONE.findall(properties))
        if small := next((name for name in pairs if name != name.upper()), None):
            raise UserError(
                f"{_called(option)} {text!r} has a property in small letters, and OpenVINO would take no notice of it: "
                f"write {small.upper()}={pairs[small]} ({option})."
            )
        if device or pairs:
            return Reference(text, device=device or None, properties=pairs, option=option)
    raise UserError(f"there is no {'reference ' if option == OPTION else ''}{text!r}: give {HOW} ({option}).")


def _called(option: str) -> str:
    return "the reference" if option == OPTION else option


def _from_path(text: str, place: Path, option: str) -> Reference:
    if is_folder(place):
        if exists(place / model_path.SAVED_MODEL):
            return Reference(text, model=place, option=option)
        raise named.why_no_environment(text, option)
    if place.suffix.lower() in model_path.FORMATS:
        return Reference(text, model=place, option=option)
    raise UserError(
        f"{text} is neither a virtual environment, a wheel nor a model by its name ({', '.join(sorted(model_path.FORMATS))}): "
        f"check the path ({option})."
    )
