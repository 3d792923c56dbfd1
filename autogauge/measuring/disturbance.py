"""Was a turn disturbed by what else the machine did? Says so while a study runs, and afterwards whether it fell on one condition.

The first measure is the share of a turn during which the probe's threads were ready and had to wait for a processor (Linux's run queue,
nanoseconds), or the hypervisor had taken it, against what is usual for that condition: several infer requests wait for each other
too. A quota of processors that holds the threads back is taken like waiting: who is always held back is not disturbed by that. The
processor's throttling for its heat, and waiting for memory, disturb a turn whatever is usual. Reading the figures is the probe's; what
is done with a disturbed turn is ``schedule``'s, and what with a disturbed run is the gate's.
"""

from __future__ import annotations

import statistics
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

EXCESS = 0.2
"""Of the turn's length, beyond what is usual: a fifth of a processor taken away."""
REMEMBERED = 31
"""Turns of a condition that say what is usual, once there are ``FEWEST``."""
FEWEST = 5
MOST_REPEATED = 0.25
"""Of all turns; a machine that is disturbed more than that is measured as it is."""
NOTABLE_LOAD, NOTABLE_STEAL, NOTABLE_STALLS, NOTABLE_FREQUENCIES = 0.15, 0.01, 0.01, 0.1
"""What is worth a note: others' and the hypervisor's share of a processor, memory stalls' (and a quota's) share of the time, and the
frequency's range over its highest."""
HEAVY_TURNS, HEAVY_FROM = 1 / 3, 12
"""A run is heavily disturbed when more than that share of its turns was, of so many turns at least."""
HEAVY_OTHERS, HEAVY_QUARTER, HEAVY_SHARE, CROWDED = 0.5, 0.25, 0.1, 0.8
"""Or when others took more than half a processor (of one a quarter) and more than a tenth of all, and they and the run together took most
of all that there are: on a machine with room for both, nobody was kept from a processor."""
SUSPICIOUS = 1e-3
"""How unlikely an unequal share of disturbances must be by chance to be called one."""

Surroundings = Mapping[str, float | None]


def too_many(processors: int) -> float:
    """How many processors others may take of so many before a run beside them is called heavily disturbed."""
    return max(min(HEAVY_OTHERS, HEAVY_QUARTER * processors), HEAVY_SHARE * processors)


def waited_share(surroundings: Surroundings) -> float | None:
    """The share of a turn that its threads waited for a processor or the hypervisor had it; ``None`` where that is not known."""
    wall_s, waited_s = surroundings.get("wall_s"), surroundings.get("waited_s")
    if not wall_s or waited_s is None:
        return None
    return (waited_s + (surroundings.get("steal_s") or 0.0)) / wall_s


class Watch:
    """Knows what is usual for each condition of a study; tells what is not, and whether there are not yet too many repeated turns."""

    def __init__(self) -> None:
        self._usual: dict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._turns = self._repeated = 0

    def is_disturbed(self, condition: str, surroundings: Surroundings) -> bool:
        """Whether that turn was disturbed."""
        self._turns += 1
        waited = self._excess((condition, "waited"), waited_share(surroundings))
        held = self._excess((condition, "held"), _share(surroundings, "quota_held_s"))
        return waited > EXCESS or held > EXCESS or _is_held_up(surroundings)

    def may_repeat(self) -> bool:
        """Whether one more turn may be measured again; the one that asks is counted."""
        if self._repeated >= MOST_REPEATED * self._turns:
            return False
        self._repeated += 1
        return True

    def _excess(self, what: tuple[str, str], share: float | None) -> float:
        """How much more of the turn was waited, or held back, than is usual for the condition; learns from it."""
        if share is None:
            return 0.0
        usual = self._usual[what]
        excess = share - statistics.median(usual) if len(usual) >= FEWEST else 0.0
        usual.append(share)
        return excess


def _share(surroundings: Surroundings, name: str) -> float | None:
    """So many seconds as a share of the turn; ``None`` where that is not known."""
    wall_s, seconds = surroundings.get("wall_s"), surroundings.get(name)
    return None if not wall_s or seconds is None else seconds / wall_s


def _is_held_up(surroundings: Surroundings) -> bool:
    """Whether the processor was throttled during the turn, or a fifth of it was waited for memory."""
    stalls_s, wall_s = surroundings.get("memory_stalls_s") or 0.0, surroundings.get("wall_s") or 0.0
    return (surroundings.get("throttled") or 0.0) > 0 or stalls_s > EXCESS * wall_s


def totals(turns: Sequence[Surroundings]) -> str | None:
    """What the machine did beside these turns, as far as it is notable; ``None`` where nothing is."""

    def known(name: str) -> list[float]:
        return [value for each in turns if (value := each.get(name)) is not None]

    wall_s = sum(known("wall_s"))
    found = []
    if throttled := sum(known("throttled")):
        found.append(f"the processor was throttled {throttled:.0f} times")
    stalls_s = sum(known("memory_stalls_s"))
    if stalls_s > NOTABLE_STALLS * wall_s:
        found.append(f"memory was waited for {stalls_s:.1f} s")
    held_s = sum(known("quota_held_s"))
    if held_s > NOTABLE_STALLS * wall_s:
        found.append(f"the quota held the processes back for {held_s:.1f} s")
    others_s = sum(known("others_cpu_s"))
    if others_s > NOTABLE_LOAD * wall_s:
        found.append(f"other processes took {others_s / wall_s:.2f} processors")
    steal_s = sum(known("steal_s"))
    if steal_s > NOTABLE_STEAL * wall_s:
        found.append(f"the hypervisor took {steal_s / wall_s:.2f} processors")
    frequencies = known("frequency_mhz")
    if frequencies and max(frequencies) - min(frequencies) > NOTABLE_FREQUENCIES * max(frequencies):
        found.append(f"the processor ran at {min(frequencies):.0f} to {max(frequencies):.0f} MHz")
    return f"in {wall_s:.0f} s of turns {', '.join(found)}" if found else None


@dataclass(frozen=True)
class OfRun:
    """What disturbed a whole run: its turns, the disturbed among them, and what the machine did beside them.

    ``wall_s`` is the length of all turns. ``own``, ``others`` and ``stolen`` are processors, on the average of the turns; ``processors`` is
    how many may be used, where the turns tell. ``heat`` counts throttlings.
    """

    turns: int
    disturbed: int
    wall_s: float
    own: float
    others: float
    stolen: float
    quota_held_s: float
    memory_stalls_s: float
    heat: int
    processors: int | None

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return asdict(self)

    def heavy(self) -> list[str]:
        """Why the figures may be another machine's than this one's when it is quiet; empty where they are not."""
        found = []
        if self.turns >= HEAVY_FROM and self.disturbed > HEAVY_TURNS * self.turns:
            found.append(f"{self.disturbed} of {self.turns} turns were disturbed")
        there = self.processors or 1
        if self.others > too_many(there) and self.own + self.others > CROWDED * there:
            of_all = f" of {self.processors}" if self.processors else ""
            found.append(f"other processes took {self.others:.2f}{of_all} processors while it measured")
        return found


def of_run(turns: Sequence[Surroundings], disturbed: int) -> OfRun:
    """All turns of a run together, ``disturbed`` of which were."""

    def total(name: str) -> float:
        return sum(each.get(name) or 0.0 for each in turns)

    wall_s = total("wall_s")
    over = wall_s or 1.0
    return OfRun(
        len(turns),
        disturbed,
        round(wall_s, 3),
        round(total("own_cpu_s") / over, 4),
        round(total("others_cpu_s") / over, 4),
        round(total("steal_s") / over, 4),
        round(total("quota_held_s"), 3),
        round(total("memory_stalls_s"), 3),
        int(total("throttled")),
        max((int(each.get("processors") or 0) for each in turns), default=0) or None,
    )


def falls_on_one(disturbed: Mapping[str, tuple[int, int]]) -> str | None:
    """A sentence when disturbances fell on one condition more than chance explains.

    ``disturbed`` holds, for each condition, its disturbed turns and all of its turns. The probability is the binomial's that so many of
    all disturbances meet a condition by its share of the turns, times the number of conditions.
    """
    total = sum(each for each, _ in disturbed.values())
    turns = sum(each for _, each in disturbed.values())
    if not total or len(disturbed) < 2:
        return None
    from scipy.special import bdtrc

    for name, (count, own) in disturbed.items():
        if count and float(bdtrc(count - 1, total, own / turns)) * len(disturbed) < SUSPICIOUS:
            return (
                f"disturbances fell on {name}: {count} of its {own} turns were disturbed, "
                f"{total - count} of the others' {turns - own}; see what it starts on the machine"
            )
    return None
