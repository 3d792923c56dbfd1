"""What trends and machines are called in addresses: by what they are, so that a link from yesterday never opens another one today.

What an address shows is left to the pages.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from autogauge.gate.trends import Trend

MACHINES = "machines"
"""The folder of the machines' pages."""
ID = r"t[0-9a-f]{12}"
"""What a trend is called."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def ids_of(trends: Sequence[Trend]) -> list[str]:
    """What each trend is called in addresses: a digest of its machine, benchmark, metric, model (by its files) and emulated GPUs.

    Two models of the same files under different names are told apart by these.
    """
    found = [_digest(*trend.identity.named, trend.identity.metric) for trend in trends]
    counts = Counter(found)
    return [
        f"t{own if counts[own] == 1 else _digest(*trend.identity.named, trend.identity.metric, trend.identity.model)}"
        for own, trend in zip(found, trends, strict=True)
    ]


@dataclass(frozen=True)
class Addresses:
    """Where a lab's pages lead: ``names`` is what each machine's files are called, ``ids`` what each trend is, by its place.

    ``with_pages`` are the machines that have a page: those with a trend.
    """

    names: dict[str, str]
    ids: Sequence[str]
    with_pages: Collection[str]

    @classmethod
    def of(cls, machines: Iterable[str], trends: Sequence[Trend]) -> Addresses:
        """Those of a lab."""
        return cls(_file_names(machines), ids_of(trends), {trend.identity.machine for trend in trends})

    def machine(self, machine: str) -> str:
        """Its page; empty where it has none."""
        return f"{MACHINES}/{self.names[machine]}.html" if machine in self.with_pages else ""

    def trend(self, machine: str, place: int) -> str:
        """The trend in that place on its machine's page."""
        return f"{self.machine(machine)}#{self.ids[place]}"


def _file_names(machines: Iterable[str]) -> dict[str, str]:
    """Of each machine what its files are called: as itself where that is a file's name and no other's, also where case does not count.

    Else it is a digest, so that no other machine is ever called so.
    """
    every = sorted(machines)
    counts = Counter(machine.casefold() for machine in every)
    return {
        machine: machine if _SAFE.fullmatch(machine) and counts[machine.casefold()] == 1 else f"_{_digest(machine)}"
        for machine in every
    }


def _digest(*words: str) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:12]
