"""What a transfer did, as counts and sentences. Doing it is left to ``transfer``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autogauge.errors import UserError
from autogauge.plain import counted, few


@dataclass
class Merged:
    """What became of the runs of the sender, each counted once, and what is to be said of them.

    ``sent`` are new at the receiver now, ``there`` were there already, ``pruned`` were pruned there, ``kept_back`` are not there:
    ``conflicts`` say why, a sentence each.
    ``standings`` are those changed at the receiver, ``newer_there`` those that are newer at the receiver, ``samples`` the files of samples
    added to runs that were there. ``notes`` are sentences about what was done and is odd. ``machines`` has the runs sent by machine.
    """

    sent: int = 0
    there: int = 0
    pruned: int = 0
    kept_back: int = 0
    standings: int = 0
    newer_there: int = 0
    samples: int = 0
    conflicts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    machines: dict[str, int] = field(default_factory=dict)
    is_dry: bool = False
    is_pull: bool = False

    @property
    def verb(self) -> str:
        """What is done to a run, from where the user stands."""
        return "fetched" if self.is_pull else "sent"

    @property
    def counts(self) -> str:
        """``3 runs sent, 97 there already``, and what else there is to count."""
        would = "would be " if self.is_dry else ""
        parts = [
            f"{counted(self.sent, 'run')} {would}{self.verb}",
            f"{self.there} {'here' if self.is_pull else 'there'} already",
        ]
        if self.pruned:
            parts.append(f"{self.pruned} pruned {'here' if self.is_pull else 'there'}")
        if self.kept_back:
            parts.append(f"{self.kept_back} kept back")
        if self.standings:
            parts.append(f"{counted(self.standings, 'standing')} {would}updated")
        if self.newer_there:
            where = "here" if self.is_pull else "there"
            parts.append(
                f"{self.newer_there} {'standing is' if self.newer_there == 1 else 'standings are'} newer {where}"
            )
        if self.samples:
            parts.append(f"{counted(self.samples, 'file')} of samples {would}added")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {
            "sent": self.sent,
            "there": self.there,
            "pruned": self.pruned,
            "kept_back": self.kept_back,
            "standings": self.standings,
            "newer_there": self.newer_there,
            "samples": self.samples,
            "dry_run": self.is_dry,
            "machines": dict(self.machines),
            "conflicts": list(self.conflicts),
            "notes": list(self.notes),
        }


class Stopped(UserError):
    """A transfer that could not go on. ``merged`` is what was done until then: a further one goes on from there."""

    def __init__(self, why: UserError, merged: Merged) -> None:
        said = (
            f" Until then: {merged.counts}; run it again, it goes on from there."
            if merged.sent or merged.standings
            else ""
        )
        super().__init__(f"{why}{said}")
        self.merged = merged


def named(stems: list[str], machine: str) -> str:
    """Runs in a sentence, by machine and number: ``lab-01/0012, lab-01/0013 and 4 more``."""
    return few([f"{machine}/{stem.partition('_')[0]}" for stem in stems])
