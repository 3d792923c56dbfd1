"""The trial of the drivers during the warm-up lasts until something is known, on a busy machine too."""

import pytest

from autogauge.probe.worker import lanes
from autogauge.probe.worker.trial import FEWEST_TURNS
from tests.cases import each_of

WARM_UP_S = 0.3


class Tried(lanes.Lanes):
    """Two requests whose turns take ``turn_s`` by a clock of their own; polling is twice as fast as the others."""

    def __init__(self, turn_s, per_second):
        self._turn_s, self._per_second, self.now = turn_s, per_second, 0.0
        self._requests, self._calls = [None] * 2, [(None, lambda: None)] * 2
        self.drivers = lanes.FOR_SEVERAL
        self.driver = self.drivers[0]

    def run(self, _):
        self.now += self._turn_s
        return self._per_second * (2 if self.driver == "polling" else 1), [], self._turn_s


@each_of(
    ("turn_s", "per_second", "ends_s", "chosen"),
    [
        pytest.param(0.01, 20_000.0, WARM_UP_S, "polling", id="a quiet machine"),
        pytest.param(0.05, 20_000.0, 0.05 * 3 * (FEWEST_TURNS + 1), "polling", id="a busy machine"),
        pytest.param(0.05, 50.0, WARM_UP_S, "infer in threads", id="a slow model hardly feels its driver"),
        pytest.param(0.7, 20_000.0, 2.8, "infer in threads", id="a machine that hardly runs it"),
    ],
)
def test_a_short_model_is_tried_until_something_is_known_of_its_drivers(
    turn_s, per_second, ends_s, chosen, monkeypatch
):
    tried = Tried(turn_s, per_second)
    monkeypatch.setattr(lanes, "clock", lambda: tried.now)
    found = tried.warm_up(WARM_UP_S)
    assert (tried.driver, tried.now) == (chosen, pytest.approx(ends_s, abs=turn_s))
    assert tried.now < WARM_UP_S + lanes.LONGER_TRIAL_S + turn_s
    assert (min(map(len, found.values())) >= FEWEST_TURNS) == (chosen == "polling")
