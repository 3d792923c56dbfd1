"""Studies for unit tests: planned on a machine that is made up, measured by turns of one's own."""

from dataclasses import replace
from types import SimpleNamespace

from autogauge.measuring import schedule
from autogauge.measuring.progress import Silent
from autogauge.rig.profile import PROFILES, STANDARD
from autogauge.rig.workload import Setup
from autogauge.studies.hints import HINTS, claims_for
from autogauge.targets import PLAIN_AUTO


def machine(devices=(), auto=PLAIN_AUTO, hints_on=("AUTO",), profile=STANDARD, infer_requests=0):
    """As much of a rig as planning asks for."""
    asked = SimpleNamespace(
        profile=PROFILES[profile], hints_on=hints_on, is_emulated=auto.emulated, infer_requests=infer_requests
    )
    devices = tuple(devices)
    return SimpleNamespace(
        devices=devices,
        auto=auto,
        asked=asked,
        inspection=SimpleNamespace(devices=devices, state=None),
        why_no_hand_over=lambda: None,
    )


def planned(study, plan, seed=1, *, relay_rounds=None, **of_machine):
    """The study's result before its first replicate, by a plan of one's own."""
    result = study.planned(machine(**of_machine), seed)
    return replace(result, plan=plan, relay_rounds=result.relay_rounds if relay_rounds is None else relay_rounds)


def planned_hints(plan, seed=1, conditions=None, *, relay_rounds=None):
    """Both hints on AUTO, or conditions of one's own."""
    result = planned(HINTS, plan, seed, relay_rounds=relay_rounds)
    if conditions is None:
        return result
    there = {condition.name for condition in conditions}
    claims = tuple(claim for claim in claims_for(conditions) if there.issuperset(claim.conditions))
    return replace(result, conditions=tuple(conditions), claims=claims)


def measured(result, turns, progress=None):
    """The result, measured to its end."""
    schedule.run(result, turns.measure, progress or Silent(), turns.prepare)
    return result


def on(launcher, workload):
    """Where every condition runs."""
    return lambda condition: Setup(launcher, workload)
