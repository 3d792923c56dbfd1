"""What else changed where a level did: of the fingerprint, of what is noted of the machine, and of the release. It need not be the cause.

One source for the page of trends, for ``compare`` and for whoever tells of a change of level. What differs between two runs is
``history.told_apart``'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from autogauge.history.indexed import IndexedRun
from autogauge.history.told_apart import differing

NEAR = 2
"""A change of level that lies within so many runs of a change of the surroundings may be due to it."""
MOST_CLAUSES = 4


def beside(runs: Sequence[IndexedRun], releases: Sequence[str], first: int) -> str:
    """What changed with the run in place ``first``, or with one of its neighbours; empty for nothing.

    ``runs`` are those of one benchmark on one machine, in order, ``releases`` the OpenVINO release that each measured it with. In words:
    ``with run 0016: the kernel changed from 6.1 to 6.5``; of several runs the nearest first.
    """
    found: list[str] = []
    places = range(max(1, first - NEAR), min(len(runs), first + NEAR + 1))
    for place in sorted(places, key=lambda at: abs(at - first)):
        before, after = runs[place - 1], runs[place]
        clauses = differing(before, after)
        old, new = releases[place - 1], releases[place]
        if old != new and old and new:
            clauses.append(f"openvino changed from {old} to {new}")
        if clauses:
            prints = "the fingerprint changed with" if before.fingerprint != after.fingerprint else "with"
            more = f" and {len(clauses) - MOST_CLAUSES} more" if len(clauses) > MOST_CLAUSES else ""
            found.append(f"{prints} run {after.number:04d}: {'; '.join(clauses[:MOST_CLAUSES])}{more}")
    return "; ".join(found)
