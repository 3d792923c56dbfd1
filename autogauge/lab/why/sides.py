"""What A and B name: a release, an environment, a model, a device or properties, a saved run's condition.

The one place where such a name becomes what is measured. Runtimes are named as everywhere (``runtimes.named``), prepared and checked as
everywhere: one cache, and a version that is not the expected one ends everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.files import exists, published
from autogauge.lab.why import of_run
from autogauge.lab.why.of_run import OfRun
from autogauge.measuring.condition import HERE, Condition
from autogauge.measuring.progress import Progress
from autogauge.probe.request import ProbeFailed
from autogauge.rig import properties
from autogauge.rig.rig import Rig
from autogauge.rig.workload import Setup
from autogauge.runtimes import named, prepared
from autogauge.runtimes import reference as references
from autogauge.runtimes.reference import Reference
from autogauge.runtimes.releases import Index
from autogauge.targets import LATENCY, Target

SESSION = "here"
"""Names the session's own OpenVINO and model."""
HOW = f"{references.HOW}; {of_run.HOW}; or {SESSION}, this session's own"
HINT = "PERFORMANCE_HINT"
SPREADING = ("NUM_STREAMS", "PERFORMANCE_HINT_NUM_REQUESTS", "INFERENCE_NUM_STREAMS")
"""Properties that spread inferences over several streams; of the layers one is looked at, which has the machine to itself."""


@dataclass(frozen=True)
class Side:
    """A or B. ``runs_on`` is what a condition has under that name; ``reference`` is what that names, taken apart.

    ``of_run`` is the saved condition that it is, where it is one.
    """

    name: str
    text: str
    runs_on: str = HERE
    reference: Reference | None = None
    of_run: OfRun | None = None

    @property
    def model(self) -> Path | None:
        """The model's file, where the side names one."""
        return self.reference.model if self.reference is not None else None

    @property
    def label(self) -> str:
        """What reports call it: a path as it may be published."""
        if self.of_run is not None:
            place, between, condition = self.text.partition(of_run.BETWEEN)
            return (published(Path(place)) if exists(Path(place)) else place) + between + condition
        of = self.reference
        is_place = of is not None and (of.is_openvino or of.model is not None) and exists(Path(self.text))
        return published(Path(self.text)) if is_place else self.text

    @property
    def infer_requests(self) -> int:
        """How many are in flight as in use, where the side says so; else 0."""
        return self.of_run.infer_requests if self.of_run is not None else 0

    def target(self, base: Target) -> Target:
        """What is compiled for on this side, where ``base`` is what both have in common."""
        if self.of_run is not None:
            return self.of_run.condition.target
        return base if self.reference is None else self.reference.target(base)


def parse(name: str, text: str, base: Target, root: Path) -> Side:
    """The side called ``name``, where both compile as ``base`` unless they say otherwise. ``root`` is the history that numbers are of.

    Raises :class:`UserError`; nothing is installed yet.
    """
    if text == SESSION:
        return Side(name, text)
    if not text.strip():
        raise UserError(f"{name} is empty: give {HOW} ({name}).")
    if (saved := of_run.find(name, text, base, root)) is not None:
        return Side(name, text, text if saved.reference else HERE, saved.reference, saved)
    try:
        reference = references.parse(text, name)
    except UserError as error:
        raise UserError(str(error).replace(f"give {references.HOW}", f"give {HOW}")) from None
    is_elsewhere = reference.is_openvino or reference.model is not None
    return Side(name, text, text if is_elsewhere else HERE, reference)


def both(a: str, b: str, base: Target, root: Path) -> tuple[Side, Side]:
    """The two sides. Raises :class:`UserError`, also where they are the same."""
    if a == b:
        raise UserError(
            f"A and B are both {a}: name two that differ (python -m autogauge aa measures one condition twice)."
        )
    return parse("A", a, base, root), parse("B", b, base, root)


def fed(sides: Sequence[Side], given: Mapping[str, str | None]) -> dict[str, str | None]:
    """The options of the session, ``given`` by the user, with what a saved run among the sides was fed. Raises :class:`UserError`."""
    found = dict(given)
    first, saved = sides[0], [each for each in sides if each.of_run is not None]
    if first.model is not None and first.of_run is None:
        if saved:
            raise UserError(
                f"A is the model {first.text}, and B a run of {_fed_with(saved[0])}: name B's OpenVINO by itself (B)."
            )
        if given["--model"] is not None:
            raise UserError(f"A is the model {first.text}, and --model names another one: leave one of them out.")
        return {**found, "--model": str(first.model)}
    for side in saved:
        assert side.of_run is not None
        for option in of_run.FED:
            value = side.of_run.fed.get(option)
            if given.get(option) is not None:
                raise UserError(
                    f"{side.name} is a run's condition, with the model and the inputs of that run: leave {option} out."
                )
            if side is not saved[0] and value != found.get(option):
                raise UserError(
                    f"A's run has {_fed_with(saved[0])}, and B's {_fed_with(side)}; they differ in {option}: what is compared layer by "
                    "layer takes the same inputs, and two models are named by their files (A, B)."
                )
        found |= {option: side.of_run.fed.get(option) for option in of_run.FED}
    return found


def _fed_with(side: Side) -> str:
    assert side.of_run is not None
    return side.of_run.model


def require_room(sides: Sequence[Side], cache: Cache, progress: Progress) -> None:
    """See that every runtime is there, and that the disk has room for all, before one is installed. Raises :class:`UserError`."""
    index = Index()
    wanted = [(each.name, each.reference.named) for each in sides if each.reference and each.reference.named]
    for name, one in wanted:
        prepared.require_room([one], cache, progress, name, index)
    if len(wanted) > 1:
        prepared.require_room([one for _, one in wanted], cache, progress, "A and B", index)


def settled(rig: Rig, side: Side) -> Side:
    """A saved run's condition with what it runs on: this session's OpenVINO where it is that very one, else its release."""
    saved = side.of_run
    if saved is None or saved.reference is not None or rig.inspection.openvino == saved.openvino:
        return side
    found = named.parse(saved.release, side.name)
    return replace(side, runs_on=side.text, reference=Reference(side.text, named=found, option=side.name))


def set_up(rig: Rig, side: Side, target: Target) -> Setup:
    """The side's runtime and model, ready to be measured; installed if need be.

    Raises :class:`UserError`, of the side by its name, also for a device that is not there or a property that its runtime does not know
    (AUTO takes any), and for a run's condition whose OpenVINO or model is not what it was.
    """
    setup = rig.setup(Condition(side.name, target, runs_on=side.runs_on), side.reference)
    _check_model(setup, side)
    try:
        said_of = setup.launcher.describe(targets=[target], deadline_s=rig.deadlines.probe_s)
        told = said_of["targets"][0]
    except ProbeFailed as error:
        if side.of_run is not None and setup.launcher.runtime.identity is None:
            raise UserError(
                f"{side.text} cannot be held against what its run had, since no probe says what it runs on: {error.failure.sentence()} "
                f"({side.name})."
            ) from None
        _check_openvino(setup, side)
        return setup  # its turns will say why no probe works
    wrong = properties.wrong_device(told) or properties.wrong_property(told, str(said_of["openvino"]), target)
    if wrong:
        raise UserError(f"{side.name} ({side.text}) cannot be measured: {wrong.replace(' (--devices)', '')}.")
    _check_openvino(setup, side)
    return setup


def _check_openvino(setup: Setup, side: Side) -> None:
    """Hold the build that a run's condition runs on, as a probe told it, against the run's. Raises :class:`UserError`."""
    saved, identity = side.of_run, setup.launcher.runtime.identity
    if saved is None:
        return
    if identity is None or identity.openvino != saved.openvino:
        raise UserError(
            f"{side.text} ran on openvino {saved.openvino}, and what can be had is {identity}: name an environment with that one instead "
            f"({side.name})."
        )


def _check_model(setup: Setup, side: Side) -> None:
    """Hold the model of a run's condition against the run's. Raises :class:`UserError`."""
    saved, model = side.of_run, setup.workload.model
    if saved is not None and saved.digest and saved.digest != model.digest:
        raise UserError(
            f"{side.text} ran the model {saved.model}, and {model.name} has the SHA-256 {model.digest[:12]} now: name its OpenVINO and the "
            f"model by themselves ({side.name})."
        )


def spreading(target: Target) -> dict[str, str]:
    """What of a target's properties says how many inferences are in flight."""
    return {name: value for name, value in target.properties.items() if name in SPREADING}


def counted_target(target: Target) -> tuple[Target, str]:
    """What is compiled for where layers are counted: one request at a time; and what was changed for it, in words, or nothing."""
    kept = {name: value for name, value in target.properties.items() if name not in (*SPREADING, HINT)}
    dropped = [f"{name}={value}" for name, value in spreading(target).items()]
    hint = target.hint
    if hint in (None, LATENCY) and not dropped:
        return (target if hint else Target(target.device, {**kept, HINT: LATENCY})), ""
    others = [f"hint {hint}"] if hint not in (None, LATENCY) else []
    asked = " and ".join((*others, *dropped))
    words = f"layers are those of one request at the hint {LATENCY}, not of {asked}: there streams share the machine"
    return Target(target.device, {**kept, HINT: LATENCY}), words
