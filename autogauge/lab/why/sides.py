"""What A and B name: a release, an environment, a model, a device or properties.

The one place where such a name becomes what is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import exists, published
from autogauge.measuring.condition import HERE, Condition
from autogauge.probe.request import ProbeFailed
from autogauge.rig import properties
from autogauge.rig.rig import Rig
from autogauge.rig.workload import Setup
from autogauge.runtimes import reference
from autogauge.targets import LATENCY, Target

SESSION = "here"
"""Names the session's own OpenVINO and model."""
HINT = "PERFORMANCE_HINT"
SPREADING = ("NUM_STREAMS", "PERFORMANCE_HINT_NUM_REQUESTS", "INFERENCE_NUM_STREAMS")
"""Properties that spread inferences over several streams; of the layers one is looked at, which has the machine to itself."""


@dataclass(frozen=True)
class Side:
    """A or B. ``runs_on`` is what a condition has under that name; ``device`` and ``properties`` change the target, ``model`` is a file."""

    name: str
    text: str
    runs_on: str = HERE
    model: Path | None = None
    device: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    _of: reference.Reference | None = None

    @property
    def label(self) -> str:
        """What reports call it: a path as it may be published."""
        is_place = self._of is not None and (self._of.is_openvino or self.model is not None) and exists(Path(self.text))
        return published(Path(self.text)) if is_place else self.text

    def target(self, base: Target) -> Target:
        """What is compiled for on this side, where ``base`` is what both have in common."""
        return base if self._of is None else self._of.target(base)


def parse(name: str, text: str) -> Side:
    """The side called ``name``. Raises :class:`UserError`; nothing is installed yet."""
    if text == SESSION:
        return Side(name, text)
    try:
        of = reference.parse(text)
    except UserError as error:
        raise UserError(
            f"{name} is to be a release (2025.4.1), an environment's folder, a model's file, a device (CPU), properties (NUM_STREAMS=2), "
            f"or {SESSION}: {str(error).replace(f' ({reference.OPTION})', '')}"
        ) from None
    runs_on = text if of.is_openvino or of.model is not None else HERE
    return Side(name, text, runs_on, of.model, of.device, of.properties, of)


def both(a: str, b: str) -> tuple[Side, Side]:
    """The two sides. Raises :class:`UserError`, also where they are the same."""
    if a == b:
        raise UserError(
            f"A and B are both {a}: name two that differ (python -m autogauge aa measures one condition twice)."
        )
    return parse("A", a), parse("B", b)


def set_up(rig: Rig, side: Side, target: Target) -> Setup:
    """The side's runtime and model, ready to be measured; installed if need be.

    Raises :class:`UserError`, of the side by its name, also for a device that is not there or a property that its runtime does not know:
    AUTO takes any.
    """
    try:
        setup = rig.setup(Condition(side.name, target, runs_on=side.runs_on))
    except UserError as error:
        said = str(error).replace(f" ({reference.OPTION})", "")
        raise UserError(said.replace(f"the reference {side.text}", f"{side.name} ({side.text})")) from None
    try:
        said_of = setup.launcher.describe(targets=[target], deadline_s=rig.deadlines.probe_s)
        told = said_of["targets"][0]
    except ProbeFailed:
        return setup  # its turns will say why no probe works
    wrong = properties.wrong_device(told) or properties.wrong_property(told, str(said_of["openvino"]), target)
    if wrong:
        raise UserError(f"{side.name} ({side.text}) cannot be measured: {wrong.replace(' (--devices)', '')}.")
    return setup


def counted_target(target: Target) -> tuple[Target, str]:
    """What is compiled for where layers are counted: one request at a time; and what was changed for it, in words, or nothing."""
    kept = {name: value for name, value in target.properties.items() if name not in (*SPREADING, HINT)}
    dropped = [f"{name}={value}" for name, value in target.properties.items() if name in SPREADING]
    hint = target.hint
    if hint in (None, LATENCY) and not dropped:
        return (target if hint else Target(target.device, {**kept, HINT: LATENCY})), ""
    others = [f"hint {hint}"] if hint not in (None, LATENCY) else []
    asked = " and ".join((*others, *dropped))
    words = f"layers are those of one request at the hint {LATENCY}, not of {asked}: there streams share the machine"
    return Target(target.device, {**kept, HINT: LATENCY}), words
