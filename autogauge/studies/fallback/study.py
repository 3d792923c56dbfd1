"""The study of start-up and fallbacks: who answers while a device compiles, and what a failing or hanging one costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from autogauge.rig.cases import Case, CaseStudy, Promise
from autogauge.rig.rig import Rig
from autogauge.studies.fallback import building, running, startup


class Fallback(CaseStudy):
    """Start-up, builds that fail or hang, launches that fail or hang."""

    name = "start-up and fallback"
    promises: ClassVar[tuple[Promise, ...]] = (*startup.PROMISES, *building.PROMISES, *running.PROMISES)

    def cases(self, rig: Rig) -> Sequence[Case]:
        """Of the start, of building, of running."""
        return (*startup.cases(), *building.cases(), *running.cases())


FALLBACK = Fallback()
