"""A percentile is given only where there are samples enough for it."""

import numpy as np
import pytest

from autogauge.stats.percentiles import fewest_samples, percentiles
from tests.cases import each_of


@each_of(("percent", "samples"), [(50, 11), (90, 64), (95, 130), (99, 662), (99.9, 6636)])
def test_the_numbers_are_those_of_loadgen(percent, samples):
    from scipy.stats import binom  # slow to import, and collecting tests shall be quick

    assert fewest_samples(percent) == samples
    above = 1 - percent / 100
    assert binom.cdf(1, samples, above) <= 0.01 < binom.cdf(1, samples - 1, above)


def test_percentiles_without_samples_enough_are_none():
    samples = list(np.linspace(1, 2, 100))
    found = percentiles(samples)
    assert found["p50"] == pytest.approx(1.5)
    assert found["p90"] == pytest.approx(1.9)
    assert found["p99"] is None
    assert percentiles([])["p50"] is None


@pytest.mark.parametrize("percent", [0, 100, -3])
def test_what_is_no_percentile_is_refused(percent):
    with pytest.raises(ValueError, match="not between"):
        fewest_samples(percent)
