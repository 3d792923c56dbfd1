"""One run's standing, carried to a place that has the run, or is about to. Which of two counts is left to ``standings``."""

from __future__ import annotations

from dataclasses import dataclass

from autogauge.errors import UserError
from autogauge.history.sharing import standings
from autogauge.history.sharing.merged import Merged, named
from autogauge.history.sharing.place import LARGEST, STANDING, Place, Unusable
from autogauge.history.sharing.standings import Side

TRIES = 5
"""Times that a standing is compared anew, because somebody changed the receiver's in between."""


@dataclass(frozen=True)
class To:
    """Where it goes: the folder that a machine has in a place. What is done, and what is to be said of it, is taken into ``told``."""

    place: Place
    machine: str
    told: Merged
    is_dry: bool = False

    def read(self, name: str) -> bytes | None:
        """The content of a standing there; ``None`` where there is none. Raises :class:`UserError` for what cannot be read."""
        try:
            return self.place.read(self.machine, name, LARGEST[STANDING])
        except FileNotFoundError:
            return None
        except Unusable as error:
            raise UserError(f"{self.place.shown}: {self.machine}/{name} cannot be read: {error}.") from None


def carry(to: To, stem: str, here: bytes, there: bytes | None = None, *, is_new: bool = False) -> bool:
    """Let the receiver have the standing that counts; whether it has one now that may be read beside its run.

    ``there`` is what the receiver was seen to have, ``is_new`` whether its run is only about to come. Raises :class:`UserError`.
    """
    name, run, told = f"{stem}{STANDING}", named([stem], to.machine), to.told
    if not standings.may_travel(here):
        told.conflicts.append(
            f"{run}: its standing does not say whether it is accepted: set it anew (autogauge accept, or reject)"
        )
        return False
    for attempt in range(TRIES):
        if attempt:
            there = to.read(name)
        if there is None:
            if to.is_dry or to.place.create(to.machine, name, here):
                told.standings += not is_new
                return True
            continue
        found = standings.decide(here, there)
        if found.side is Side.UNKNOWN:
            told.conflicts.append(f"{run}: {found.said}")
            return False
        if found.content == there:
            told.newer_there += found.side is not Side.EQUAL
            return True
        if to.is_dry or to.place.replace(to.machine, name, found.content, there):
            told.standings += 1
            if found.said:
                told.notes.append(f"{run} had two standings: {found.said}")
            return True
    raise UserError(
        f"the standing of {run} in {to.place.shown} is being changed all the time: run it again when it is quiet."
    )
