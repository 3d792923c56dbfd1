"""Looking at the evidence while it comes in, without being wrong more often for it: how much of the error each look may spend.

Every look of a comparison gets a share of the error that the comparison may make in all, so that stopping at any of them keeps it
(Bonferroni, which asks nothing of how the looks depend on each other). Equal shares suit a few looks; of many, the later ones rest on
more replicates and get more, in proportion, which costs the last look little (in the spirit of P. C. O'Brien and T. R. Fleming,
"A multiple testing procedure for clinical trials", Biometrics 1979, and of the error spending of K. K. G. Lan and D. L. DeMets,
Biometrika 1983). What is looked at is left to ``verdicts``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

Spending = Literal["equal", "late"]


def geometric_looks(first: int, last: int, factor: float = 1.4) -> tuple[int, ...]:
    """Numbers of replicates to look at, from the first to the last, each about ``factor`` times the one before.

    Raises ``ValueError`` unless ``1 <= first <= last`` and the factor is above 1.
    """
    if not 1 <= first <= last or factor <= 1:
        raise ValueError(f"no looks go from {first} to {last} by a factor of {factor}")
    found = [first]
    while found[-1] < last:
        found.append(min(last, max(found[-1] + 1, math.ceil(found[-1] * factor))))
    return tuple(found)


def share_of_look(looks: Sequence[int], replicates: int, spending: Spending) -> float:
    """The share of the error that a look at so many replicates may spend.

    A look between two planned ones, because the time is up, spends what the next planned one would have.
    """
    if spending == "equal":
        return 1 / len(looks)
    planned = next((look for look in looks if look >= replicates), looks[-1])
    return planned / sum(looks)
