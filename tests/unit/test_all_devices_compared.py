"""All devices at once beside each alone: where it is measured, what is compared, and what is said of the sum. Nothing is measured here."""

from types import SimpleNamespace

import pytest

from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Sample
from autogauge.studies import all_devices
from autogauge.studies.all_devices import ALL, ALL_DEVICES, RAN, alone, beats
from autogauge.targets import Auto, Device
from tests.studied import machine, measured, planned

CPU, GPU = Device("CPU"), Device("GPU.0")
ROUNDS = 40


def result_of(fps, devices=(CPU, GPU)):
    """A result in which every round gives these figures, by condition."""
    result = planned(ALL_DEVICES, Plan(looks=(ROUNDS,), budget_s=60), devices=devices)

    def measure(condition):
        checks = all_devices.observing(("GPU.0", "CPU"))(
            condition, {"execution_devices": ["GPU.0", "CPU"]}, None
        ).checks
        devices = ("CPU", "GPU.0") if condition.name == ALL else (condition.target.device,)
        return Sample({"fps": fps[condition.name]}, execution_devices=devices, checks=checks)

    return measured(result, SimpleNamespace(measure=measure, prepare=lambda: None))


def test_it_is_measured_on_two_real_devices_and_says_why_elsewhere():
    assert ALL_DEVICES.absent(machine([CPU, GPU])) is None
    assert "--accelerator=emulated" in ALL_DEVICES.absent(machine([CPU, GPU], auto=Auto(emulated=True)))
    assert "there is only CPU" in ALL_DEVICES.absent(machine([CPU]))


def test_the_accelerator_is_first_in_the_list():
    targets = {each.name: each.target for each in ALL_DEVICES.conditions(machine([CPU, GPU]))}
    assert targets[ALL].device == "AUTO:GPU.0,CPU"
    assert targets[ALL].properties["PERFORMANCE_HINT"] == "CUMULATIVE_THROUGHPUT"
    assert [targets[alone(name)].device for name in ("GPU.0", "CPU")] == ["GPU.0", "CPU"]


@pytest.mark.parametrize(("together", "held"), [(150, {"PASS"}), (90, {"PASS", "FAIL"}), (40, {"FAIL"})])
def test_all_devices_have_to_beat_the_best_of_them(together, held):
    result = result_of({ALL: together, alone("GPU.0"): 100, alone("CPU"): 60})
    outcomes = {str(result.verdict(claim).outcome) for claim in result.claims if claim.name != RAN}
    assert outcomes == held
    assert {claim.name for claim in result.claims} == {beats("GPU.0"), beats("CPU"), RAN}


def test_a_device_that_takes_no_part_is_told():
    observe = all_devices.observing(("GPU.0", "CPU"))
    condition = SimpleNamespace(name=ALL)
    for named, holds in ((["GPU.0", "CPU"], True), (["CPU"], False), ([], None), (None, None)):
        assert observe(condition, {"execution_devices": named}, None).checks[RAN].holds is holds
    assert not observe(SimpleNamespace(name=alone("CPU")), {"execution_devices": ["CPU"]}, None).checks


def test_the_part_of_the_sum_is_drawn_with_its_interval():
    (block,) = ALL_DEVICES.blocks(result_of({ALL: 120, alone("GPU.0"): 100, alone("CPU"): 60}))
    assert "0.750" in str(block.table.rows)
    assert not [*ALL_DEVICES.blocks(planned(ALL_DEVICES, Plan(looks=(1,), budget_s=1), devices=(CPU, GPU)))]
