"""Whether the runs of one folder's name in two histories are those of one machine. What is done about it is left to ``transfer``."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

from autogauge.history.sharing import looked_at
from autogauge.history.sharing.pair import Pair
from autogauge.history.sharing.place import LARGEST, RUN, Place, Unusable, number_of, runs_in

SOME = 8
"""Runs whose content is compared where that means fetching it: the first, the last, and others by chance."""


def why_apart(pair: Pair, stems: Sequence[str], pruned: Collection[str], *, is_named: bool, every_byte: bool) -> str:
    """Why the runs ``stems`` of a machine must not go to that folder: a clause; empty where they may.

    One number that is another run on each side settles it, also where that was ``pruned`` at the receiver (files' names), and so does one
    name with other content. Where the two have no run in common, the newest runs tell which machine each is of; unless the user named the
    folder (``is_named``).
    """
    here, there = f"{pair.sender.where}", f"{pair.receiver.where}"
    numbers = {number_of(stem): stem for stem in runs_in(pair.there) if f"{stem}{RUN}" not in pair.here}
    for stem in stems:
        other = numbers.get(number_of(stem))
        if other is not None and f"{stem}{RUN}" not in pair.there:
            return f"run {number_of(stem):04d} is {stem}{RUN} {here} and {other}{RUN} {there}: these are two histories"
    once = {number_of(stem): stem for stem in runs_in(pruned) if f"{stem}{RUN}" not in pair.here}
    for stem in stems:
        other = once.get(number_of(stem))
        if other is not None and f"{stem}{RUN}" not in pair.there and f"{stem}{RUN}" not in pruned:
            return (
                f"run {number_of(stem):04d} is {stem}{RUN} {here}, and was {other}{RUN} {there} until that was pruned: "
                "these are two histories"
            )
    common = [f"{stem}{RUN}" for stem in stems if f"{stem}{RUN}" in pair.there]
    if differing := pair.differing(_compared(pair, common, every_byte)):
        return f"{differing[0]} {here} is another file than that {there}: these are two histories, or one of the two is damaged"
    theirs = runs_in(pair.there)
    if theirs and stems and not common and not is_named:
        ours = _look(pair.sender, pair.machine, stems[-1])
        other_run = _look(pair.receiver, pair.called, theirs[-1])
        if ours and other_run and (facts := looked_at.differs(ours, other_run)):
            return f"by its {' and its '.join(facts)} it is one machine {here} and another one {there}"
    return ""


def _compared(pair: Pair, names: Sequence[str], every_byte: bool) -> list[str]:
    """The runs whose content is compared: all where that costs little, and all that differ in size."""
    far = [name for name in names if not pair.costs_little(name) and pair.here[name].size == pair.there[name].size]
    if every_byte or len(far) <= SOME:
        return list(names)
    left_out = {*far} - {far[0], far[-1], *random.sample(far[1:-1], SOME - 2)}
    return [name for name in names if name not in left_out]


def _look(place: Place, machine: str, stem: str) -> looked_at.LookedAt | None:
    content = place.read_several(machine, {f"{stem}{RUN}": LARGEST[RUN]})[f"{stem}{RUN}"]
    return None if isinstance(content, Unusable) else looked_at.look_at(content)
