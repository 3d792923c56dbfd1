"""The A/A self-check: the same condition twice, as if it were two. An interval that misses 1 shows a fault of the method.

It uses the machinery of the other studies unchanged; what is done about a miss is left to the caller.
"""

from __future__ import annotations

from autogauge.measuring.claim import Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Result
from autogauge.probe.launcher import Launcher
from autogauge.rig.fresh import FIL, FreshTurns
from autogauge.rig.pool import ProbePool, bystander
from autogauge.rig.warm import FPS, LATENCY_MS, RELAY_ROUNDS, WarmTurns
from autogauge.rig.workload import Workload
from autogauge.targets import Target

NAMES = ("A", "A again")
CONFIDENCE = 0.99
SLICE_S = 0.05
WARM_UP_S = 0.5
STEADY_METRICS = (FPS, LATENCY_MS)


def steady_self_check(
    launcher: Launcher,
    workload: Workload,
    target: Target,
    *,
    rounds: int,
    infer_requests: int,
    seed: int,
    progress: Progress,
) -> Result:
    """Two warm processes of one target by turns, for so many rounds; each gives way to a fresh one after ``RELAY_ROUNDS``."""
    plan = Plan(looks=(rounds,), budget_s=rounds * 10.0, confidence=CONFIDENCE)
    claims = _claims(STEADY_METRICS)
    study = Result("A/A of steady speed", _conditions(target), claims, plan, seed, relay_rounds=RELAY_ROUNDS)
    pools = {name: ProbePool(launcher, workload, warm_up_s=WARM_UP_S, infer_requests=infer_requests) for name in NAMES}
    finished = False
    try:
        with bystander(launcher, workload):
            WarmTurns(study, pools, slice_s=SLICE_S, interval_s=1.0)(progress)
        finished = True
    finally:
        for pool in pools.values():
            pool.close(at_once=not finished)
    return study


def fil_self_check(
    launcher: Launcher, workload: Workload, target: Target, *, blocks: int, seed: int, progress: Progress
) -> Result:
    """Two fresh processes of one target in each of so many blocks."""
    plan = Plan(looks=(blocks,), budget_s=blocks * 60.0, confidence=CONFIDENCE)
    study = Result("A/A of first inference latency", _conditions(target), _claims((FIL,)), plan, seed)
    return FreshTurns(study, launcher, workload)(progress)


def _conditions(target: Target) -> tuple[Condition, ...]:
    return tuple(Condition(name, target) for name in NAMES)


def _claims(metrics: tuple[Metric, ...]) -> tuple[Ratio, ...]:
    """Carriers of the comparison: only their intervals are used, so the bound is 1 and the side does not matter."""
    return tuple(
        Ratio(
            f"a-a-{metric.name}", "the same condition twice is the same", metric, *NAMES, relation="at most", bound=1.0
        )
        for metric in metrics
    )
