"""What is measured beside a study's own conditions, so that it can be judged: their twins on the reference, and the pinned workload.

Judging is left to ``side_by_side`` and ``past``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from autogauge.errors import UserError
from autogauge.gate import side_by_side
from autogauge.gate.gate import OFF, Gate
from autogauge.measuring.condition import PINNED, REFERENCE, Condition
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Result
from autogauge.rig import setups
from autogauge.rig.rig import Rig
from autogauge.runtimes import pinned as pinned_workload
from autogauge.runtimes.pinned import DEVICE, NAME, Pinned
from autogauge.runtimes.reference import Reference
from autogauge.targets import Target

PROCESS_PATIENCE = 2.0
"""How many times the time of another pair a pair may take of which each sample is a process."""


@dataclass(frozen=True)
class Companions:
    """The reference and the pinned workload, as far as there is one. ``pair_budget_s`` is for one twin."""

    gate: Gate
    reference: Reference | None = None
    pinned: Pinned | None = None
    pair_budget_s: float = 60.0

    def join(self, result: Result, at_least: int, share: float = 1.0) -> Result:
        """The study with its conditions' companions, before its first replicate.

        ``share`` is what each of its benchmarks takes of the gate's error.
        ``at_least`` so many replicates history's figures are to rest on.
        """
        own = result.conditions
        recorded = [result.metric(name) for name in result.recorded.values()]
        metrics = [metric for metric in recorded if not metric.of_process]  # of those history alone says anything
        if self.gate.mode != OFF:
            result = dataclasses.replace(result, at_least=at_least)
        if self.reference is not None and (metrics or not recorded):
            added = side_by_side.twins(own, self.reference)
            claims = tuple(side_by_side.claim(each.name, metric, self.gate.floor) for each in own for metric in metrics)
            fresh = any(metric.per_process for metric in metrics)
            result = dataclasses.replace(
                result,
                conditions=(*result.conditions, *added),
                changes=claims,
                change_plan=side_by_side.plan(
                    self.pair_budget_s * len(own) * (PROCESS_PATIENCE if fresh else 1.0),
                    self.gate.error * share,
                    side_by_side.FIRST_LOOK if fresh else side_by_side.FIRST_WARM_LOOK,
                ),
            )
        if self.pinned is not None:
            beside = pinned_conditions(own)
            told = tuple(
                dataclasses.replace(each, beside=beside[each.target.hint].name) if each in own else each
                for each in result.conditions
            )
            result = dataclasses.replace(result, conditions=(*told, *beside.values()), pinned=self.pinned.identity)
        return result


def prepare(
    gate: Gate,
    rig: Rig,
    progress: Progress,
    reference: Reference | None,
    *,
    with_pinned: bool,
    pair_budget_s: float,
) -> Companions:
    """Set the reference and the pinned workload up on the rig, as far as they are wanted.

    Without the pinned workload, which may have to be installed, the run goes on and says so. Raises ``UserError`` for the reference.
    """
    folder, pinned = rig.scratch("companions"), None
    if reference is not None:
        rig.setups[REFERENCE] = setups.beside(rig, reference, folder, progress)
    if with_pinned:
        try:
            pinned = pinned_workload.prepare(rig.cache, progress)
            rig.setups[PINNED] = setups.of_pinned(rig, pinned, folder)
        except UserError as error:
            pinned = None
            rig.notes.append(f"history will have seconds only, no ratios to the pinned workload: {error}")
    return Companions(gate, reference, pinned, pair_budget_s)


def pinned_conditions(conditions: Sequence[Condition]) -> dict[str | None, Condition]:
    """A condition with the pinned workload for each hint among the conditions."""
    return {
        hint: Condition(
            "-".join(filter(None, (NAME, hint))),
            Target.with_hint(DEVICE, hint),
            f"pinned {DEVICE}",
            role=PINNED,
            runs_on=PINNED,
            recorded=False,
        )
        for hint in dict.fromkeys(condition.target.hint for condition in conditions)
    }
