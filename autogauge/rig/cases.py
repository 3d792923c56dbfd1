"""Studies of what AUTO does: cases, each in a fresh process of its own, and promises that are facts.

A case is its steps (``probe.worker.steps``), what it needs to see, and what is expected of it (``expecting``, which judges too).
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from autogauge import causes
from autogauge.measuring.claim import Claim, Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import NONE, Block, Table, slug
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import CLAIMS, Result, Sample
from autogauge.models import tiny
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import Emulation, Failure, ProbeFailed, ProbeRequest
from autogauge.probe.seen import Seen
from autogauge.rig import separate
from autogauge.rig.expecting import Expect, deciding_nothing, judge
from autogauge.rig.late import FirstTry, failed_by_deadlines
from autogauge.rig.rig import Rig
from autogauge.rig.study import Amount, Study, Turns
from autogauge.targets import Target

TOOK = Metric("case_s", "process", "s", per_process=True, means="from the start of the case's process to its end")
AMOUNT = Amount(Plan(looks=(1,), budget_s=900.0), at_least=1)
STEP_DEADLINE_S = 30.0
_WORD = {True: "yes", False: "no", None: "not known"}
_IN_A_NOTE = {True: "held", False: "did not hold", None: "is not known"}
NEEDS_ACCELERATOR = (
    "it needs an accelerator, and OpenVINO sees none on this machine: "
    "--accelerator=emulated measures it with an emulated GPU"
)
NEEDS_EMULATED = "it needs GPUs that do as they are told: --accelerator=emulated has them"
NEEDS_ONE_GPU = "it is about one GPU, and this machine has several: --accelerator=emulated has one"
NEEDS_NONE = "it is about the CPU alone: a GPU can be kept out of a process, and this machine has another accelerator"


class Sees(enum.Enum):
    """What a case's process is to see."""

    ANYTHING = "what the session sees"
    CPU_ONLY = "the CPU alone"
    GPU = "a GPU, real or emulated"
    ONE_GPU = "exactly one GPU, real or emulated"


@dataclass(frozen=True)
class Case:
    """One process: its steps, what it is to see, what is expected.

    ``gpus`` are the emulated GPUs that it needs (:class:`~autogauge.probe.request.EmulatedGpu`); such a case can be had with the emulated
    GPU only. ``labels`` are its place in tables beside others. ``figures`` reads figures off what was seen, by metric.
    """

    name: str
    title: str
    steps: tuple[Mapping[str, Any], ...]
    expects: tuple[Expect, ...]
    sees: Sees = Sees.ANYTHING
    gpus: tuple[Any, ...] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    figures: Callable[[Seen], Mapping[str, float]] = lambda seen: {}
    control: tuple[Mapping[str, Any], ...] = ()
    """Steps of a process before this one, which shows that what the case is about can be seen at all; they are called ``1: …``."""
    aside: tuple[Expect, ...] = ()
    """What is not asked, since the release does not know it: an error that one of these reads was expected all the same."""
    step_deadline_s: float = STEP_DEADLINE_S
    prelude: int | None = (
        None  # where its steps do not need one another (``rig.separate``): so many first ones each process needs
    )

    def absent(self, rig: Rig) -> str | None:
        """Why it cannot be had on this machine; ``None`` where it can."""
        if self.gpus is not None:
            return None if rig.asked.is_emulated else self._needs_emulated(rig)
        gpus = sum(each.kind == "GPU" for each in rig.inspection.devices)
        if self.sees in (Sees.GPU, Sees.ONE_GPU) and not gpus:
            return NEEDS_ACCELERATOR
        if self.sees is Sees.ONE_GPU and not rig.asked.is_emulated:
            return None if gpus == 1 else NEEDS_ONE_GPU
        if self.sees is Sees.CPU_ONLY and any(
            each.is_accelerator and each.kind != "GPU" for each in rig.inspection.devices
        ):
            return NEEDS_NONE
        return None

    def _needs_emulated(self, rig: Rig) -> str:
        """The reason of all others, where there is no accelerator at all."""
        has_accelerator = any(each.is_accelerator for each in rig.inspection.devices)
        return NEEDS_EMULATED if has_accelerator else NEEDS_ACCELERATOR

    def emulation(self, rig: Rig) -> Emulation | None:
        """The emulated GPUs that its process is to have."""
        if self.sees is Sees.CPU_ONLY or rig.emulation is None:
            return None
        devices = () if self.sees is Sees.ONE_GPU and self.gpus is None else self.gpus
        return rig.emulation if devices is None else dataclasses.replace(rig.emulation, devices=devices)


@dataclass(frozen=True)
class Promise:
    """A claim of a study of cases: what AUTO promises, by which documented rules (``contract.rules``).

    ``properties`` are those that a release must know (pairs of device and property): one that does not is not asked. ``differs`` are the
    known differences (``contract.differences``) by which it fails on the releases that have them.
    """

    name: str
    sentence: str
    rules: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    differs: tuple[str, ...] = ()


class CaseStudy(Study):
    """A study whose conditions are cases. A subclass has ``promises``, and gives its ``cases``."""

    metrics: ClassVar[tuple[Metric, ...]] = (TOOK,)
    shown = CLAIMS
    amounts: ClassVar[Mapping[str, Amount]] = dict.fromkeys(("quick", "standard", "lab"), AMOUNT)
    has_companions = False
    repeats_disturbed = False
    promises: ClassVar[tuple[Promise, ...]]
    tries_again: ClassVar[bool] = True
    """Whether a case that was late on a busy machine is run once more; not where it makes the machine busy itself, to find rare hangs."""

    def cases(self, rig: Rig) -> Sequence[Case]:
        """All cases, those too that cannot be had on this machine."""
        raise NotImplementedError

    def here(self, rig: Rig) -> list[Case]:
        """The cases that can be had on this machine, with what is expected of claims that this release knows."""
        unknown = {name for name, _ in self._unsupported(rig)}
        found = []
        for case in self.cases(rig):
            expects = tuple(each.on(rig.inspection.openvino) for each in case.expects if each.claim not in unknown)
            if expects and case.absent(rig) is None:
                aside = tuple(each for each in case.expects if each.claim in unknown)
                found.append(dataclasses.replace(case, expects=expects, aside=aside))
        return found

    def absent(self, rig: Rig) -> str | None:
        """One reason, where no case can be had."""
        if self.here(rig):
            return None
        return next(iter([*(case.absent(rig) for case in self.cases(rig)), *dict(self._unsupported(rig)).values()]))

    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """A condition for each case; none becomes a benchmark unless the study records something."""
        return tuple(
            Condition(
                case.name,
                Target(None),
                case.title,
                own_labels={"case": case.name, **case.labels},
                recorded=bool(self.recorded),
            )
            for case in self.here(rig)
        )

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """A fact for each promise, of the cases that have expectations for it."""
        cases = self.here(rig)
        about = {
            promise: tuple(case.name for case in cases if any(each.claim == promise.name for each in case.expects))
            for promise in self.promises
        }
        return tuple(
            Fact(promise.name, promise.sentence, names, rules=promise.rules)
            for promise, names in about.items()
            if names
        )

    def asserts(self) -> Mapping[str, tuple[str, ...]]:
        """The rules of each promise."""
        return {promise.name: promise.rules for promise in self.promises}

    def may_differ(self) -> Mapping[str, tuple[str, ...]]:
        """The known differences of each promise that has any."""
        return {promise.name: promise.differs for promise in self.promises if promise.differs}

    def not_promised(self, rig: Rig) -> Mapping[str, str]:
        """The claims of which no case can be had here, each with the reason."""
        reasons = dict(self._unsupported(rig))
        there = {each.claim for case in self.here(rig) for each in case.expects}
        for case in self.cases(rig):
            for claim in {each.claim for each in case.expects} - there:
                reasons.setdefault(claim, case.absent(rig) or "no case of it can be had here")
        return reasons

    def _unsupported(self, rig: Rig) -> Iterator[tuple[str, str]]:
        """The promises about properties that this release does not know, with the reason."""
        for promise in self.promises:
            for device, name in promise.properties:
                if (supported := rig.supported(device)) is not None and name not in supported:
                    yield promise.name, f"{device} of this release has no {name} (asked: SUPPORTED_PROPERTIES)"

    def blocks(self, result: Result) -> Iterable[Block]:
        """What was expected of each case, and what was seen."""
        cells = [
            (
                case.title or case.name,
                each["claim"],
                each["what"],
                each["seen"] or NONE,
                each["wanted"],
                _WORD[each["holds"]],
            )
            for case in result.conditions
            for facts in result.facts.get(case.name, {}).get("replicates", ())
            for each in facts["expected"]
        ]
        columns = ("case", "promise", "looked at", "seen", "wanted", "as wanted")
        how = "Each case is a process of its own. A dash is what was not seen: the process did not come so far."
        if cells:
            yield Block(f"cases-{slug(result.name)}", f"Cases: {result.name}", how, Table(columns, cells))

    def _with_what_is_known(self, claim: Claim, rig: Rig) -> Claim:
        """The claim, which names a known difference only where one of its expectations does: else nothing says what that excuses."""
        known = super()._with_what_is_known(claim, rig)
        if not known.known or not isinstance(claim, Fact):
            return known
        named = {
            key for case in self.here(rig) for each in case.expects if each.claim == claim.name for key in each.differs
        }
        return known if known.known in named else claim

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """A process for each case."""
        yield CaseTurns(rig, result, {case.name: case for case in self.here(rig)}, tries_again=self.tries_again)


class CaseTurns:
    """Turns that are cases."""

    def __init__(self, rig: Rig, result: Result, cases: Mapping[str, Case], *, tries_again: bool = True) -> None:
        self._rig, self._result, self._cases, self._tries_again = rig, result, cases, tries_again
        self._launchers: dict[Emulation | None, Launcher] = {}
        self._models: dict[str, str] = {}

    def prepare(self) -> None:
        """The models that cases are made of."""
        self._models = {name: str(path) for name, path in tiny.paths(self._rig.cache).items()}

    def measure(self, condition: Condition) -> Sample:
        """The case, from the start of its process to its end; once more where a deadline passed on a busy machine (``late``).

        Raises ``ProbeFailed`` where its first step did not even begin.
        """
        case = self._cases[condition.name]
        first: FirstTry | None = None
        try:
            found = self._at_first(case)
            if isinstance(found, FirstTry):
                first = found
                self._rig.notes.append(f"{self._result.name}: {case.title or case.name} was {first.sentence()}.")
                found = self.again(case)
            return self._judged(condition.name, case, found, first)
        except ProbeFailed as error:
            self._keep_first(case, first, error.failure)
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # garbage of one case costs no other
            why = f"what it told cannot be judged: {type(error).__name__}: {error}"
            failure = Failure("garbage", "judging", why)
            self._keep_first(case, first, failure)
            raise ProbeFailed(failure) from error

    def _at_first(self, case: Case) -> Seen | FirstTry:
        """What was seen of the case; where it is to be tried again, what became of this try."""
        if not self._tries_again:
            return self.see(case)
        before = causes.how_busy()
        seen: Seen | None = None
        try:
            seen = self.see(case)
            passed = failed_by_deadlines(case.expects, seen, case.aside)
        except ProbeFailed as error:
            if error.failure.kind != "deadline" or not (busy := causes.how_busy() or before):
                raise
            passed = error.failure.sentence()
        else:
            busy = causes.how_busy() or before
            if not passed or not busy:
                return seen
        return FirstTry(passed, busy, seen)

    def _keep_first(self, case: Case, first: FirstTry | None, second: Failure) -> None:
        """Of a case whose second try gave nothing that could be judged: what its first one gave, in the run's file and as a note."""
        if first is None:
            return
        kept = first.to_json(case.expects, case.aside)
        facts = self._result.facts.setdefault(case.name, {"replicates": []})
        facts.setdefault("without_second_try", []).append({"why": second.sentence(), "first_try": kept})
        checks = (f"{name} {_IN_A_NOTE[each['holds']]} ({each['why']})" for name, each in kept["checks"].items())
        self._rig.notes.append(
            f"{self._result.name}: {case.title or case.name} gave no result at the second try ({second.sentence()}); "
            f"of the first one: {'; '.join(checks) or 'it did not begin'}."
        )

    def again(self, case: Case) -> Seen:
        """Run it once more, as if it had not been run. Raises as :meth:`see`."""
        return self.see(case)

    def _judged(self, name: str, case: Case, seen: Seen, first: FirstTry | None) -> Sample:
        checks, expected = judge(case.expects, seen, case.aside)
        if first is not None:
            checks = first.said_in(checks)
        told = {
            "steps": seen.to_json(),
            "ending": None if seen.ending is None else seen.ending.sentence(),
            "expected": [each.to_json() for each in expected],
            "deciding_nothing": deciding_nothing(case.expects, seen, case.aside),
            **({} if first is None else {"first_try": first.to_json(case.expects, case.aside)}),
        }
        took_s = sum(step.seconds or 0.0 for step in seen.steps)
        devices = {str(device) for step in seen.steps for device in step.devices}
        sample = Sample(
            figures={TOOK.name: took_s, **case.figures(seen)},
            surroundings=seen.surroundings,
            execution_devices=tuple(sorted(devices)),
            checks=checks,
            outcome="" if seen.ending is None else seen.became,
        )
        # Last: what cannot be judged to its end is no replicate.
        self._result.facts.setdefault(name, {"replicates": []})["replicates"].append(told)
        return sample

    def launcher(self, case: Case) -> Launcher:
        """Starts the processes of cases that see what this one does.

        It is the rig's own but for that: one folder keeps what all print, which the report has, and one counter numbers the files.
        """
        emulation = case.emulation(self._rig)
        if emulation not in self._launchers:
            self._launchers[emulation] = copy.copy(self._rig.launcher)
            self._launchers[emulation].emulation = emulation
        return self._launchers[emulation]

    def see(self, case: Case) -> Seen:
        """Run the case's steps, after those of its control."""
        seen = self._see(case, case.steps)
        return separate.joined([self._see(case, case.control)], seen) if case.control else seen

    def _see(self, case: Case, steps: Sequence[Mapping[str, Any]]) -> Seen:
        request = ProbeRequest(
            "case",
            steps=tuple(steps),
            models=self._models,
            without_gpu=case.sees is Sees.CPU_ONLY,
            deadline_s=case.step_deadline_s * self._slowness,
        )
        return separate.run(self.launcher(case), request, f"case-{case.name}", case.prelude)

    @property
    def _slowness(self) -> float:
        emulated = self._rig.inspection.emulated
        return emulated.slowness if emulated else 1.0
