"""AUTO's price is planned on any machine, of the tiny model, and is summed up before it is kept."""

import itertools
import os
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.cache import Cache
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import Sample
from autogauge.measuring.schedule import run
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeFailed
from autogauge.rig import tiny
from autogauge.rig.warm import check_apart
from autogauge.stats.verdicts import Outcome
from autogauge.studies.price import (
    AUTO_FREE,
    CLAIMS,
    CPU,
    LISTED,
    PASSED,
    PRICE,
    PRICED,
    RAN,
    SCHEDULED,
    _Summed,
    observe,
)
from autogauge.targets import Device, Target
from tests.cases import each_of
from tests.studied import machine


@pytest.fixture
def rig(tmp_path):
    """As much of a rig as setting the tiny model up asks for."""
    made = machine(devices=[Device("CPU")])

    def scratch(name):
        (tmp_path / name).mkdir()
        return tmp_path / name

    used = []
    made.__dict__.update(
        cache=Cache(tmp_path / "cache"),
        setups={},
        launcher=Launcher(tmp_path / "probes"),
        scratch=scratch,
        use=used.append,
    )
    return made


def test_the_plan_is_of_the_tiny_model_whatever_the_run_measures(rig):
    result = PRICE.planned(rig, 1)
    assert {each.runs_on for each in result.conditions} == {tiny.RUNS_ON, tiny.ON_ONE_PROCESSOR, tiny.TWO_CPUS}
    assert rig.setups[tiny.RUNS_ON].workload.model.name == tiny.RELU
    assert {each.labels["network"] for each in result.conditions} == {"one ReLU"}
    assert [each.name for each in result.conditions if each.recorded] == [*PRICE.may_record(rig.asked)] == [*PRICED]
    assert PRICE.benchmarks(rig) == 2
    check_apart(result)
    assert {each.runs_on for each in result.conditions if each.recorded} == {tiny.ON_ONE_PROCESSOR, tiny.TWO_CPUS}
    before = dict(rig.setups)
    PRICE.planned(rig, 2)
    assert rig.setups == before, "it is set up once"


def test_without_the_cpu_it_is_absent_with_a_reason():
    assert "--devices" in PRICE.absent(machine(devices=[Device("GPU.0")]))


def test_no_single_latency_is_kept():
    full = Sample(
        {"inference_us": 8.0, "inferences": 2.0, "fps": 1.0}, {"wall_s": 1.0}, ("CPU",), np.ones(2, np.float32)
    )
    turns = SimpleNamespace(measure=lambda condition: full)
    kept = _Summed(turns).measure(None)
    assert kept == Sample({"inference_us": 8.0, "counted_inferences": 2.0}, {"wall_s": 1.0}, ("CPU",))
    assert not len(kept.latencies_ms)


def seen_of(name, devices=("CPU",), priorities=None):
    reply = {"latencies_ms": [0.008, 0.010, 3.0], "execution_devices": devices}
    return observe(Condition(name, Target("AUTO")), reply, SimpleNamespace(facts={"priorities": priorities}))


@each_of(
    ("name", "devices", "holds"),
    [
        (CPU, ["CPU"], True),
        (PASSED, ["CPU"], True),
        (PASSED, ["XCPU"], False),
        (PASSED, ["CPU", "XCPU"], False),
        (AUTO_FREE, ["XCPU"], False),
        (SCHEDULED, ["CPU"], True),
        (SCHEDULED, ["XCPU"], True),
        (SCHEDULED, ["GPU.0"], False),
        (SCHEDULED, ["CPU", "GPU.0"], False),
        (PASSED, None, None),
        (SCHEDULED, [], None),
    ],
)
def test_a_slice_is_its_median_in_microseconds_and_says_who_answered(name, devices, holds):
    seen = seen_of(name, devices)
    assert seen.figures == {"inference_us": 10.0}
    assert seen.checks[RAN].holds is holds


@each_of(
    ("name", "told", "holds"),
    [
        (PASSED, "CPU", True),
        (PASSED, ["CPU"], True),
        (PASSED, "CPU,XCPU,XCPU", False),
        (AUTO_FREE, "CPU,XCPU", False),
        (SCHEDULED, "CPU,XCPU", True),
        (SCHEDULED, "CPU,XCPU,XCPU", True),
        (SCHEDULED, "CPU", False),
        (SCHEDULED, ["XCPU"], False),
        (PASSED, "", None),
        (SCHEDULED, None, None),
    ],
)
def test_a_price_is_of_the_devices_on_autos_list(name, told, holds):
    """2024.6.0 made two of one, and what was called the price of one device was that of two."""
    assert seen_of(name, priorities=told).checks[LISTED].holds is holds


def test_the_plain_cpu_has_no_list():
    assert LISTED not in seen_of(CPU).checks


def test_the_second_name_is_known_where_two_devices_are_priced_alone(rig):
    of_two = [
        each.name for each in PRICE.conditions(rig) if tiny.SECOND_CPU in rig.setups[each.runs_on].workload.plugins
    ]
    assert of_two == [SCHEDULED]


@each_of(
    ("price_us", "outcome"),
    [({PASSED: 20, SCHEDULED: 25}, Outcome.PASS), (dict.fromkeys(PRICED, 1600), Outcome.FAIL)],
)
def test_the_price_is_what_auto_adds_in_the_same_round(rig, price_us, outcome):
    """However the machine's mood moves both."""
    result = PRICE.planned(rig, 1)
    result.plan = Plan((24,), 60.0)
    turns = itertools.count()

    def measure(condition):
        mood_us = 10.0 * (next(turns) // len(result.conditions) % 3)  # of a round: all of its conditions share it
        return Sample({"inference_us": 8.0 + mood_us + price_us.get(condition.name, 0)})

    run(result, measure, Silent())
    verdicts = {each.claim.name: each for each in result.verdicts()}
    assert {verdicts[CLAIMS[name]].outcome for name in PRICED} == {outcome}
    assert verdicts[CLAIMS[PASSED]].interval.ratio == pytest.approx(price_us[PASSED], abs=1e-3)
    assert CPU in verdicts[CLAIMS[PASSED]].evidence()


def workload_on(rig, runs_on):
    tiny.set_up(rig)
    return rig.setups[runs_on].workload


@each_of(("runs_on", "count"), [(tiny.ON_ONE_PROCESSOR, 1), (tiny.RUNS_ON, len(os.sched_getaffinity(0)))])
def test_a_probe_keeps_to_one_processor_where_it_is_to(rig, runs_on, count):
    reply, _ = rig.launcher.run_once(workload_on(rig, runs_on).request("once", Target("CPU"), deadline_s=60.0), "one")
    assert reply["surroundings"]["processors"] == count


def test_a_probe_knows_the_cpu_under_a_second_name(rig):
    """AUTO takes it for a second device: what it selects from is both."""
    workload = workload_on(rig, tiny.TWO_CPUS)
    target = Target(f"AUTO:CPU,{tiny.SECOND_CPU}")
    reply, _ = rig.launcher.run_once(workload.request("once", target, deadline_s=60.0), "two")
    named = reply["priorities"]
    assert set(named.split(",") if isinstance(named, str) else named) == {"CPU", tiny.SECOND_CPU}
    assert reply["execution_devices"] == ["CPU"]


def test_a_plugin_that_is_not_there_is_told(rig):
    workload = workload_on(rig, tiny.RUNS_ON)
    request = workload.request("once", Target("NONE"), plugins={"NONE": "no_such_plugin"}, deadline_s=60.0)
    with pytest.raises(ProbeFailed, match=r"NONE|no_such_plugin"):
        rig.launcher.run_once(request, "none")
