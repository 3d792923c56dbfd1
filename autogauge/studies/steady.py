"""The study of hints: THROUGHPUT gives more frames per second than LATENCY; LATENCY gives the lower latency."""

from __future__ import annotations

from collections.abc import Sequence

from autogauge.measuring.claim import Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Result
from autogauge.rig.warm import FPS, LATENCY_MS, METRICS, RELAY_ROUNDS
from autogauge.targets import HINTS, LATENCY, THROUGHPUT, Target

NAME = "hints"
RECORDED = {"seconds per frame": FPS.name, "latency": LATENCY_MS.name}
"""The metrics that become benchmarks, by what those are called."""
TOLERANCE = 0.02
""""Not below" and "not above" leave room for 2 %: two hints that a device treats alike are equal, and equal keeps the promise."""


def conditions_for(devices: Sequence[str]) -> tuple[Condition, ...]:
    """Both hints on each of the devices, given by name (``AUTO`` among them)."""
    targets = [Target.with_hint(device, hint) for device in devices for hint in HINTS]
    return tuple(Condition(target.label, target) for target in targets)


def claims_for(conditions: Sequence[Condition]) -> tuple[Ratio, ...]:
    """For each device with both hints: THROUGHPUT's FPS is not below LATENCY's, LATENCY's latency not above THROUGHPUT's."""
    devices = list(dict.fromkeys(condition.target.device for condition in conditions))
    claims = []
    for device in devices:
        throughput, latency = f"{device}-{THROUGHPUT}", f"{device}-{LATENCY}"
        slug = str(device).lower()
        claims.append(
            Ratio(
                f"{slug}-throughput-hint-fps",
                f"on {device}, the THROUGHPUT hint gives no fewer frames per second than LATENCY",
                FPS,
                throughput,
                latency,
                "at least",
                1 - TOLERANCE,
            )
        )
        claims.append(
            Ratio(
                f"{slug}-latency-hint-latency",
                f"on {device}, the LATENCY hint gives no higher latency than THROUGHPUT",
                LATENCY_MS,
                latency,
                throughput,
                "at most",
                1 + TOLERANCE,
            )
        )
    return tuple(claims)


def planned(conditions: Sequence[Condition], plan: Plan, seed: int, relay_rounds: int = RELAY_ROUNDS) -> Result:
    """The study of hints before its first round."""
    return Result(
        NAME,
        tuple(conditions),
        claims_for(conditions),
        plan,
        seed,
        relay_rounds=relay_rounds,
        metrics=METRICS,
        recorded=RECORDED,
    )
