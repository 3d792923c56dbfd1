"""A claim as it was said: before there is a model, a machine or a study."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from autogauge.claims.places import Place

if TYPE_CHECKING:
    from autogauge.claims.conditions import On
    from autogauge.claims.figures import Figure

RATIO, DIFFERENCE, BOUND, FACT = "ratio", "difference", "bound", "fact"
AT_MOST, AT_LEAST = "at most", "at least"


class NoTruth(TypeError):
    """A claim was asked whether it is true; its text is a sentence with the place."""


@dataclass(frozen=True)
class Said:
    """A ratio or a difference of a figure on two conditions, a bound on a figure of one, or a fact.

    ``bound`` is in seconds, bytes or a number; ``words`` say the claim. ``mistakes`` are clauses: what is wrong with it.
    """

    kind: str
    words: str
    conditions: tuple[On, ...]
    figure: Figure | None = None
    relation: str = AT_MOST
    bound: float = 0.0
    devices: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()
    given: str = ""
    """The bound as it was written, where that is a text with a unit."""
    place: Place = field(default_factory=Place, compare=False)

    def __bool__(self) -> bool:
        """``"5 ms" <= P99(…) <= "12 ms"`` asks this, as ``and``, ``max`` and ``if`` do, and half of what was said would be lost.

        Raises :class:`NoTruth`.
        """
        raise NoTruth(
            f"{self.place}: a claim is no truth before it is measured: of a <= b <= c, of `and` and of max(…) "
            'make two claims, each with a marker of its own; in the place of `not` claim what is to hold, such as A.ran_on("CPU")'
        )
