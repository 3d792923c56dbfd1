"""What we promise of our detector, on AUTO."""

import pytest
from autogauge.claims import FPS, P99, on

pytestmark = pytest.mark.model("detector.xml")
LATENCY, THROUGHPUT = on("AUTO", "LATENCY"), on("AUTO", "THROUGHPUT")


@pytest.mark.claim(P99(LATENCY) <= "250 ms")
def test_an_answer_comes_within_250_ms(): ...


@pytest.mark.claim(FPS(THROUGHPUT) >= 0.7 * FPS(LATENCY))
def test_throughput_pays(): ...
