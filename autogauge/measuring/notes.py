"""What a reader of a result must know beside its figures: how it was measured, what that leaves out, what disturbed it."""

from __future__ import annotations

from autogauge.measuring import disturbance, harness, reservations
from autogauge.measuring.result import Result


def of(result: Result) -> list[str]:
    """Sentences: how requests were driven, what the model leaves out, and disturbances: how many, by what, on whom they fell."""
    names = [each.name for each in result.conditions]
    again = sum(result.disturbed(name) for name in names)
    turns = {name: (result.disturbed(name) + result.still_disturbed(name), result.turns(name)) for name in names}
    count = sum(disturbed for disturbed, _ in turns.values())
    found = []
    if sentence := harness.driven(result.facts):
        found.append(sentence)
    found += reservations.sentences(result.facts)
    if count:
        found.append(
            f"{count} of {sum(own for _, own in turns.values())} turns were disturbed, {again} of them measured again"
        )
    if sentence := disturbance.totals([each.surroundings for each in result.all_turns()]):
        found.append(sentence)
    if sentence := disturbance.falls_on_one(turns):
        found.append(f"WARNING: {sentence}")
    return [f"{result.name}: {each}" for each in found]
