"""What ``--reference`` names: an OpenVINO in its own environment, a release, another model, another device or properties.

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
from autogauge.runtimes.environment import VERSION, python_with
from autogauge.targets import Target

OPTION = "--reference"
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
    environment: Path | None = None
    release: str | None = None
    model: Path | None = None
    device: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def names_device(self) -> bool:
        """Whether it may run on another device than the candidate: by a device string, or by the list that AUTO chooses from."""
        return self.device is not None or PRIORITIES in self.properties

    @property
    def is_openvino(self) -> bool:
        """Whether it is another OpenVINO, a release or an environment: slower than that is a regression of OpenVINO's."""
        return self.release is not None or self.environment is not None

    def target(self, candidate: Target) -> Target:
        """What the reference compiles for where the candidate compiles for that; another device has none of AUTO's own properties."""
        device, properties = self.device or candidate.device, candidate.properties
        if device is not None and device.partition(":")[0] != "AUTO":
            properties = {name: value for name, value in properties.items() if name not in AUTO_ONLY}
        return Target(device, {**properties, **self.properties})

    def python(self, cache: Cache, progress: Progress) -> Path | None:
        """The interpreter that the reference runs on, installed now if need be; ``None`` for this one. Raises :class:`UserError`."""
        if self.release is not None:
            return python_with(self.release, cache, progress, OPTION)
        return self.environment

    def runtime(self, python: Path | None) -> Runtime | None:
        """What its probes run on, given the interpreter; ``None`` for what the candidate runs on."""
        if python is None:
            return None
        return Runtime(str(python), f"the reference {self.text}", self.release or "")


def parse(text: str) -> Reference:
    """Take apart what ``--reference`` was given. Raises :class:`UserError`; nothing is installed yet."""
    if VERSION.fullmatch(text):
        return Reference(text, release=text)
    place = Path(text)
    if exists(place):
        return _from_path(text, place)
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
                f"the reference {text!r} has a property in small letters, and OpenVINO would take no notice of it: "
                f"write {small.upper()}={pairs[small]} ({OPTION})."
            )
        if device or pairs:
            return Reference(text, device=device or None, properties=pairs)
    raise UserError(
        f"there is no reference {text!r}: give a virtual environment's folder, a release such as 2026.3.0, a model file, "
        f"a device such as CPU, properties such as NUM_STREAMS=2, or both as CPU+NUM_STREAMS=2 ({OPTION})."
    )


def _from_path(text: str, place: Path) -> Reference:
    if is_folder(place):
        if exists(place / model_path.SAVED_MODEL):
            return Reference(text, model=place)
        python = place / "bin" / "python"
        if not exists(python):
            raise UserError(
                f"{text} is no virtual environment: it has no bin/python; make one (python3 -m venv) "
                f"and install openvino into it ({OPTION})."
            )
        return Reference(text, environment=python.absolute())
    if place.suffix.lower() in model_path.FORMATS:
        return Reference(text, model=place)
    if place.name.startswith("python"):
        return Reference(text, environment=place.absolute())
    raise UserError(
        f"{text} is neither a virtual environment nor a model by its name ({', '.join(sorted(model_path.FORMATS))}): "
        f"check the path ({OPTION})."
    )
