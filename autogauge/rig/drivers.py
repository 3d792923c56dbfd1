"""Which driver serves probes with the same number of requests. How drivers are tried is the probe's (``worker.trial``)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autogauge.probe.worker.trial import FEWEST_TURNS, choose, ratios_of

if TYPE_CHECKING:
    from autogauge.probe.worker.trial import Trial
    from autogauge.rig.pool import WarmProbe


def agreed_driver(probes: Sequence[WarmProbe]) -> str:
    """One driver for all of these probes, which have the same number of requests: by what all of them tried. Empty without a trial."""
    tried = [probe.trial for probe in probes if probe.drivers]
    return choose(tried, probes[0].drivers[0]) if tried else probes[0].driver


def tried(trials: Sequence[Trial], drivers: Sequence[str]) -> dict[str, float]:
    """What each driver's inferences per second were over the usual one's (the first): the median over the turns of all these trials.

    Of too few turns nothing is told: another driver's luck would excuse a slow model.
    """
    ratios = {driver: ratios_of(trials, driver, drivers[0]) for driver in drivers[1:]}
    return {
        driver: round(statistics.median(found), 3) for driver, found in ratios.items() if len(found) >= FEWEST_TURNS
    }
