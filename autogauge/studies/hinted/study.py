"""The study of hints and devices: its promises and cases stand beside this, by subject. How fast hints are is left to ``hints.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from autogauge.rig.cases import Case, CaseStudy, Promise
from autogauge.rig.rig import Rig
from autogauge.studies.hinted import apart, batching, cumulative, single

SUBJECTS = (single, cumulative, batching, apart)


class HintsAndDevices(CaseStudy):
    """What a hint or a property comes to on the devices behind AUTO."""

    name = "hints and devices"
    promises: ClassVar[tuple[Promise, ...]] = tuple(promise for each in SUBJECTS for promise in each.PROMISES)

    def cases(self, rig: Rig) -> Sequence[Case]:
        """By subject."""
        return [case for each in SUBJECTS for case in each.cases(rig)]


HINTS_AND_DEVICES = HintsAndDevices()
