"""What a study is to everybody else. Nobody needs to know its name: who wants something of it asks it.

How a turn is measured is the study's, with the rig's means (``Rig.warm``, ``Rig.fresh``); when, is ``measuring.schedule``'s.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, Protocol

from autogauge.contract import differences
from autogauge.measuring import checking
from autogauge.measuring.checking import StudyMistake
from autogauge.measuring.claim import Claim
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import Block
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import AS_TABLE, Result, Sample
from autogauge.plain import few

if TYPE_CHECKING:
    from autogauge.rig.rig import Asked, Rig


class Turns(Protocol):
    """Measures conditions, one turn at a time."""

    def prepare(self) -> None:
        """What comes before the first turn, and takes nothing of the study's time: compiling, filling a cache."""

    def measure(self, condition: Condition) -> Sample:
        """One turn. Raises ``ProbeFailed`` for one that gave nothing."""


@dataclass(frozen=True)
class Amount:
    """How much of a study is measured: when to look, how long, and ``at_least`` so many replicates for history's figures to rest on."""

    plan: Plan
    at_least: int = 0


class Study(ABC):
    """What is compared, what is promised of it, and how one turn of it is measured.

    ``metrics`` are its figures, in the order in which tables show them; ``recorded`` those that become benchmarks, by what these are called
    in every run (``seconds per frame``). ``amounts`` says how much is measured, by profile.
    """

    name: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]
    recorded: ClassVar[Mapping[str, Metric]] = {}
    amounts: ClassVar[Mapping[str, Amount]]
    has_companions: ClassVar[bool] = True
    """Whether its conditions are measured beside twins on the reference and beside the pinned workload."""
    repeats_disturbed: ClassVar[bool] = True
    """Whether a disturbed turn is measured again: where a turn takes long, or has facts of its own, it is not."""
    gate_share: ClassVar[float] = 1.0
    """How much of the gate's error each of its benchmarks takes, beside 1 of another study's: less leaves the others as sharp as they
    were, and finds larger changes only."""
    is_relayed: ClassVar[bool] = False
    """Whether its processes are warm ones, which give way to fresh ones after some rounds."""

    rules: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Which documented rules (``contract.rules``) its claims assert, by claim; ``*`` in a name stands for what differs by machine."""
    differs: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """By which known differences (``contract.differences``) its claims fail on the releases that have them, by claim."""
    shown: ClassVar[str] = AS_TABLE
    """``AS_TABLE``: a row for each condition, with what is recorded; ``BY_METRIC``: a line for each metric, a column for each condition;
    ``CLAIMS``: its verdicts alone."""
    caption: ClassVar[str] = ""
    """What a reader of its figures must know, in a few words."""

    def absent(self, rig: Rig) -> str | None:
        """Why it cannot be measured here, in a sentence with the next step; ``None`` where it can."""
        return None

    @abstractmethod
    def conditions(self, rig: Rig) -> tuple[Condition, ...]:
        """What is compared on this machine, in the order of tables. Raises ``UserError`` for options that do not fit."""

    def may_record(self, asked: Asked) -> tuple[str, ...]:
        """The names of all conditions that may be recorded, by the options alone: tests are collected before the machine is known."""
        return ()

    def unrecorded(self, rig: Rig) -> Mapping[tuple[str, str], str]:
        """What is no benchmark although its condition is recorded: by the benchmark's title and the condition's name, with the reason."""
        return {}

    def claims(self, rig: Rig, conditions: Sequence[Condition]) -> tuple[Claim, ...]:
        """What is promised of these conditions."""
        return ()

    def not_promised(self, rig: Rig) -> Mapping[str, str]:
        """The claims that do not apply here by rules that are known before anything is measured: by name, with the reason.

        They are left out, and a test that asks for one is skipped with the reason.
        """
        return {}

    def asserts(self) -> Mapping[str, tuple[str, ...]]:
        """Which documented rules its claims assert, by claim (a name, or a pattern with ``*``): without a machine to measure."""
        return self.rules

    def may_differ(self) -> Mapping[str, tuple[str, ...]]:
        """By which known differences its claims fail on the releases that have them: keys of ``contract.differences``, by claim."""
        return self.differs

    def amount(self, rig: Rig) -> Amount:
        """How much is measured on this machine. Raises ``StudyMistake`` for a profile that it does not know."""
        profile = rig.asked.profile.name
        if profile not in self.amounts:
            raise StudyMistake(
                f"the study {self.name!r} does not say how much is measured with --profile={profile}: "
                f"its amounts are for {few([*self.amounts])}"
            )
        return self.amounts[profile]

    @abstractmethod
    def open(self, rig: Rig, result: Result, progress: Progress) -> AbstractContextManager[Turns]:
        """What measures the turns of this result, for as long as the context lives."""

    def planned(self, rig: Rig, seed: int) -> Result:
        """Its result before the first replicate. Raises ``StudyMistake`` where what it plans contradicts itself."""
        conditions, left_out = tuple(self.conditions(rig)), self.not_promised(rig)
        claims = [claim for claim in self.claims(rig, conditions) if claim.name not in left_out]
        result = Result(
            self.name,
            conditions,
            tuple(self._with_what_is_known(self._with_rules(claim), rig) for claim in claims),
            self.amount(rig).plan,
            seed,
            repeats_disturbed=self.repeats_disturbed,
            relay_rounds=rig.asked.profile.relay_rounds if self.is_relayed else 0,
            metrics=tuple(self.metrics),
            recorded={title: metric.name for title, metric in self.recorded.items()},
            shown=self.shown,
            caption=self.caption,
            not_promised=dict(left_out),
        )
        checking.check_plan(result)
        return result

    def _with_rules(self, claim: Claim) -> Claim:
        """The claim, which names the documented rules that it asserts."""
        keys = [key for name, keys in self.rules.items() if fnmatchcase(claim.name, name) for key in keys]
        return dataclasses.replace(claim, rules=tuple(dict.fromkeys((*claim.rules, *keys)))) if keys else claim

    def _with_what_is_known(self, claim: Claim, rig: Rig) -> Claim:
        """The claim, which names the known difference by which it fails on the release that is measured, if there is one."""
        keys = self.may_differ().get(claim.name, ())
        difference = differences.known(keys, rig.inspection.openvino) if keys else None
        return claim if difference is None else dataclasses.replace(claim, known=difference.key)

    def benchmarks(self, rig: Rig) -> int:
        """How many benchmarks it has on this machine: each recorded metric of each condition that is recorded, but ``unrecorded``.

        A study that records nothing is not asked what it has here: that may take probes, for a study that nobody chose.
        """
        if not self.recorded or self.absent(rig) is not None:
            return 0
        return len(self.recorded) * sum(condition.recorded for condition in self.conditions(rig)) - len(
            self.unrecorded(rig)
        )

    def blocks(self, result: Result) -> Iterable[Block]:
        """What only it can draw of a result of its own, which may be of an earlier release; generic parts come by themselves."""
        return ()


def mistakes_in(studies: Iterable[Study]) -> list[str]:
    """What is wrong with studies that stand beside each other, in clauses: a name or a benchmark's title must be one study's."""
    found, names, titles = [], dict[str, Study](), dict[str, Study]()
    for study in dict.fromkeys(studies):
        what = type(study).__name__
        if missing := [each for each in ("name", "metrics", "amounts") if not hasattr(study, each)]:
            found.append(f"{what} has no {few(missing)}")
            continue
        if names.setdefault(study.name, study) is not study:
            found.append(f"{what} calls itself {study.name!r}, and so does {type(names[study.name]).__name__}")
        twice = [title for title in study.recorded if titles.setdefault(title, study) is not study]
        found += [f"{what} calls a benchmark {title!r}, and so does {type(titles[title]).__name__}" for title in twice]
    return found
