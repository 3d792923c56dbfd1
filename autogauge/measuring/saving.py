"""A result as JSON: everything but single latencies and arrays, which are files of their own."""

from __future__ import annotations

from typing import Any

from autogauge.measuring.result import Replicate, Result, Sample


def to_json(result: Result) -> dict[str, Any]:
    """Everything but the single latencies and the arrays."""
    return {
        "name": result.name,
        "state": result.state,
        "seed": result.seed,
        "seconds": result.seconds,
        "plan": result.plan.to_json(),
        "pinned": result.pinned or None,
        "at_least": result.at_least,
        "relay_rounds": result.relay_rounds,
        "change_plan": result.change_plan.to_json() if result.change_plan else None,
        "changes": [result.verdict(claim).to_json() for claim in result.changes],
        "metrics": [metric.to_json() for metric in result.metrics],
        "recorded": dict(result.recorded),
        "conditions": [condition.to_json() for condition in result.conditions],
        "facts": result.facts,
        "replicates": [_replicate(replicate) for replicate in result.replicates],
    }


def _replicate(replicate: Replicate) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if replicate.disturbed:
        more["disturbed"] = {name: _sample(sample) for name, sample in replicate.disturbed.items()}
    if replicate.still_disturbed:
        more["still_disturbed"] = sorted(replicate.still_disturbed)
    return {
        "index": replicate.index,
        "order": list(replicate.order),
        "samples": {name: _sample(sample) for name, sample in replicate.samples.items()},
        "failures": {name: failure.to_json() for name, failure in replicate.failures.items()},
        **more,
    }


def _sample(sample: Sample) -> dict[str, Any]:
    checks = {name: [check.holds, check.why] for name, check in sample.checks.items()}
    return {
        "figures": dict(sample.figures),
        "surroundings": dict(sample.surroundings),
        "execution_devices": list(sample.execution_devices),
        **({"checks": checks} if checks else {}),
    }
