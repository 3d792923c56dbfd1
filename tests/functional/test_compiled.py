"""The session compiles the model once for each device and hint, and a hint does what it says."""

import pytest

from autogauge.targets import HINTS, LATENCY, THROUGHPUT

pytestmark = pytest.mark.functional


@pytest.mark.parametrize("hint", HINTS)
def test_the_model_is_compiled_with_the_hint_on_the_device(autogauge_compiled, autogauge_measured_target, hint):
    probe = autogauge_compiled(autogauge_measured_target, hint)
    assert probe.facts["hint"] == hint
    assert probe.infer_requests >= 1
    assert probe.execution_devices
    if autogauge_measured_target != "AUTO":
        assert {name.partition(".")[0] for name in probe.execution_devices} == {
            autogauge_measured_target.partition(".")[0]
        }


@pytest.mark.parametrize("hint", HINTS)
def test_each_device_and_hint_is_compiled_once_in_a_session(
    autogauge_compiled, autogauge_pool, autogauge_measured_target, hint
):
    probe = autogauge_compiled(autogauge_measured_target, hint)
    assert autogauge_compiled(autogauge_measured_target, hint) is probe
    assert sum(target.key == probe.target.key for target in autogauge_pool.compiled) == 1


def test_auto_passes_its_hint_on_to_the_device(autogauge_compiled):
    for hint in HINTS:
        properties = autogauge_compiled("AUTO", hint).auto_log().properties
        assert "CPU" in properties
        assert all(each["PERFORMANCE_HINT"] == hint for each in properties.values())


def test_the_latency_hint_needs_no_more_requests_than_throughput(autogauge_compiled):
    assert autogauge_compiled("AUTO", LATENCY).infer_requests <= autogauge_compiled("AUTO", THROUGHPUT).infer_requests
