"""The study of memory and threads: what a probe says it has resident, phase by phase, and what the study makes of it."""

from types import SimpleNamespace

import pytest

from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import Check, Sample
from autogauge.measuring.schedule import run
from autogauge.probe import answers
from autogauge.probe.log import AutoLog
from autogauge.probe.request import ProbeFailed
from autogauge.probe.worker import footprint
from autogauge.probe.worker import machine as worker_machine
from autogauge.probe.worker.footprint import BURST, _burst, _infer_while
from autogauge.rig.workload import Workload
from autogauge.stats.verdicts import Outcome
from autogauge.studies import memory
from autogauge.studies.memory import (
    AUTO,
    CPU,
    MEMORY,
    MORE_MEMORY,
    ON_THE_CPU,
    blocks,
    conditions_for,
    figures_of,
    has_helper,
    ran,
    released,
)
from autogauge.targets import PLAIN_AUTO, Auto, Device, Target
from tests.cases import each_of
from tests.studied import machine

GPU = Device("GPU.0", "a GPU")
HANDS_OVER = Auto("AUTO", GPU)
HAS_STATE = Auto("AUTO", GPU, no_helper="the model has state")
ON_CPU = Condition(CPU, Target(CPU))
MIB = 2**20


def reply(**others):
    return {
        "memory_bytes": {
            "before": 54,
            "compiled": 90,
            "compile_peak": 95,
            "steady": 92,
            "later_peak": 93,
            "whole_peak": 95,
        },
        "threads": 6,
        "seconds": {"fil": 0.25},
        "helper_latencies_ms": [],
        "steady_latencies_ms": [4.0, 5.0, 90.0],
        "execution_devices_in_the_end": ["CPU"],
        **others,
    }


# What a probe says.


def test_a_probe_says_what_it_has_resident_in_each_phase(autogauge_launcher, autogauge_workload):
    done, _ = autogauge_launcher.run_once(
        autogauge_workload.request("footprint", Target("CPU"), deadline_s=60.0, after_hand_over_s=0.1), "footprint"
    )
    found = done["memory_bytes"]
    assert {*found} == {"before", "compiled", "compile_peak", "steady", "later_peak", "whole_peak"}, (
        "there was no hand-over"
    )
    assert MIB < found["before"] < found["compiled"] <= found["whole_peak"]
    assert found["whole_peak"] == max(found.values()) == done["peak_memory_bytes"]
    assert done["threads"] >= 1
    assert done["helper_latencies_ms"] == []
    assert len(done["steady_latencies_ms"]) >= 1
    assert done["execution_devices_in_the_end"] == ["CPU"]
    assert done["destroy_s"] >= 0


def test_a_peak_begins_anew_where_linux_lets_it():
    if not worker_machine.reset_peak_memory():
        pytest.skip("Linux does not let this process set its peak back")
    kept = bytearray(64 * MIB)
    high = worker_machine.peak_memory_bytes()
    del kept
    assert worker_machine.reset_peak_memory()
    assert worker_machine.peak_memory_bytes() < high - 32 * MIB


def test_a_burst_across_the_change_is_nobodys():
    subject = SimpleNamespace(infer_anew=lambda: None)
    asked = iter([True, True, True, False])
    assert len(_infer_while(subject, lambda: next(asked))) == BURST
    assert _infer_while(subject, iter([False]).__next__) == []
    assert len(_burst(subject)) == BURST


@each_of(
    "fields",
    [
        {"memory_bytes": {"steady": -1}},
        {"memory_bytes": [1]},
        {"memory_bytes": {"steady": "much"}},
        {"threads": 0},
        {"helper_latencies_ms": [-1.0]},
        {"steady_latencies_ms": None},
    ],
)
def test_what_makes_no_sense_is_garbage(fields):
    whole = {
        "type": "measured",
        "openvino": "1",
        "execution_devices": None,
        "execution_devices_before": None,
        "optimal_infer_requests": 1,
        "hint": None,
        "loaded_from_cache": None,
        "peak_memory_bytes": 1,
        "state_variables": 0,
        "state": None,
        "seconds": dict.fromkeys(("import", "core", "read", "compile", "first_inference", "fil"), 0.1),
        "surroundings": {},
    }
    assert answers.fault_of(whole) is None
    assert next(iter(fields)) in answers.fault_of({**whole, **fields})


# What the study makes of it.


def test_figures_are_those_that_linux_told():
    found = figures_of(reply(), ON_CPU, PLAIN_AUTO)
    assert found == {
        "before_bytes": 54.0,
        "compile_peak_bytes": 95.0,
        "whole_peak_bytes": 95.0,
        "steady_bytes": 92.0,
        "threads": 6.0,
        "fil_s": 0.25,
        "by_the_cpu_ms": 5.0,
    }
    assert {*figures_of(reply(memory_bytes={"steady": None}, threads=None), ON_CPU, PLAIN_AUTO)} == {
        "fil_s",
        "by_the_cpu_ms",
    }


def test_the_cpus_inferences_are_the_helpers_while_it_answers_and_nobodys_on_a_gpu():
    on_a_gpu = reply(execution_devices_in_the_end=["GPU.0"])
    assert "by_the_cpu_ms" not in figures_of(on_a_gpu, ON_CPU, PLAIN_AUTO)
    assert figures_of({**on_a_gpu, "helper_latencies_ms": [7.0, 9.0, 8.0]}, ON_CPU, PLAIN_AUTO)["by_the_cpu_ms"] == 8.0


@each_of(
    ("auto", "names", "over", "benchmarks"),
    [
        (PLAIN_AUTO, [CPU, AUTO], AUTO, 6),
        (HANDS_OVER, [CPU, ON_THE_CPU, "GPU.0", AUTO], ON_THE_CPU, 11),
        (HAS_STATE, [CPU, ON_THE_CPU, "GPU.0", AUTO], ON_THE_CPU, 12),
    ],
)
def test_the_plan_is_of_what_there_is(auto, names, over, benchmarks):
    rig = machine(devices=[Device(CPU), GPU][: 1 + (auto.handed_to is not None)], auto=auto)
    result = MEMORY.planned(rig, 1)
    assert [each.name for each in result.conditions] == names
    price = next(each for each in result.claims if each.name == MORE_MEMORY)
    assert price.conditions == (over, CPU)
    assert MEMORY.benchmarks(rig) == benchmarks
    kinds = {name.partition(".")[0] for name in MEMORY.may_record(SimpleNamespace(devices=("GPU.0",)))}
    assert {name.partition(".")[0] for name in names} <= kinds
    assert {*names} <= {*MEMORY.may_record(SimpleNamespace(devices=("GPU.0",)))}
    of_a_helper = {memory.HELPER_RATIO, memory.RELEASED}
    assert {each.name for each in result.claims} & of_a_helper == (of_a_helper if has_helper(auto) else set())
    assert {*result.not_promised} == (set() if has_helper(auto) else of_a_helper)


def test_the_helper_is_held_against_auto_which_takes_the_same_way():
    """Beside the plain CPU the ratio was AUTO's own price, twice the CPU's, whatever the compile cost."""
    claim = next(each for each in memory.claims_for(conditions_for(HANDS_OVER)) if each.name == memory.HELPER_RATIO)
    assert claim.conditions == (AUTO, ON_THE_CPU)
    assert "AUTO over the CPU alone" in claim.sentence


@each_of(
    ("auto", "name", "is_told"),
    [
        (PLAIN_AUTO, AUTO, True),
        (HANDS_OVER, AUTO, False),
        (HANDS_OVER, ON_THE_CPU, True),
        (HANDS_OVER, "GPU.0", True),
        (HAS_STATE, AUTO, True),
    ],
)
def test_no_peak_is_told_that_is_a_races(auto, name, is_told):
    """Within one run the peak at the compile of AUTO with a helper was 228 to 245 MiB."""
    condition = next(each for each in conditions_for(auto) if each.name == name)
    assert ("compile_peak_bytes" in figures_of(reply(), condition, auto)) == is_told
    rig = machine(devices=[Device(CPU), GPU], auto=auto)
    assert (("peak memory at the compile in MiB", name) in MEMORY.unrecorded(rig)) == (not is_told)
    assert {title for title, _ in MEMORY.unrecorded(rig)} <= {*MEMORY.recorded}


@each_of(
    ("log", "steady_of_day_s", "holds"),
    [
        (AutoLog(cpu_helper_started=True, cpu_helper_released=True, cpu_helper_released_of_day_s=10.0), 10.5, True),
        (AutoLog(cpu_helper_started=True, cpu_helper_released=True, cpu_helper_released_of_day_s=10.6), 10.5, False),
        (AutoLog(cpu_helper_started=True, cpu_helper_released=True, cpu_helper_released_of_day_s=86399.9), 0.4, True),
        (AutoLog(cpu_helper_started=True), 10.5, False),
        (AutoLog(), 10.5, None),
    ],
)
def test_memory_is_steady_once_the_helper_is_released(log, steady_of_day_s, holds):
    assert released(log, steady_of_day_s).holds is holds


@each_of("lacking", memory.NEEDED)
def test_an_answer_that_lacks_what_is_needed_is_a_failed_turn(tmp_path, lacking):
    whole = {**reply(), "steady_of_day_s": 1.0, "openvino": "1", "hint": None, "surroundings": {}}
    whole |= {"execution_devices_before": ["CPU"]}
    setup = SimpleNamespace(
        workload=SimpleNamespace(request=lambda *_, **__: None),
        launcher=SimpleNamespace(
            run_once=lambda *_: ({name: each for name, each in whole.items() if name != lacking}, AutoLog())
        ),
    )
    rig = SimpleNamespace(setup=lambda _: setup, deadlines=SimpleNamespace(probe_s=1, hand_over_s=1), auto=PLAIN_AUTO)
    turns = memory.FootprintTurns(rig, MEMORY.planned(machine(devices=[Device(CPU)]), 1), 0.1)
    with pytest.raises(ProbeFailed, match=f"garbage: it lacks {lacking}"):
        turns.measure(ON_CPU)
    lacking = ""
    assert turns.measure(ON_CPU).checks[memory.RAN].holds


@each_of(("lets", "is_told"), [(True, True), (False, False)])
def test_no_peak_to_the_hand_over_is_told_where_linux_sets_none_back(monkeypatch, lets, is_told):
    sent = {}
    subject = SimpleNamespace(
        ov=SimpleNamespace(get_version=lambda: "1"),
        compiled=None,
        infer_request=None,
        infer_anew=lambda: None,
        compile_and_infer_once=dict,
        properties=dict,
    )
    phase = SimpleNamespace(seconds={"destroy": 0.0}, enter=lambda _: None, timed=lambda _, what: what())
    devices = iter([["(CPU)"], ["(CPU)"], ["GPU.0"], ["GPU.0"]])
    monkeypatch.setattr(footprint, "Subject", lambda *_: subject)
    monkeypatch.setattr(footprint, "reset_peak_memory", lambda: lets)
    monkeypatch.setattr(footprint, "renew_watchdog", lambda _: None)
    monkeypatch.setattr(footprint, "execution_devices", lambda _: next(devices))
    channel = SimpleNamespace(send=lambda _, **fields: sent.update(fields))
    request = {"accelerator_wait_s": 60.0, "after_hand_over_s": 0.0, "deadline_s": 60.0}
    footprint.run_footprint(request, phase, channel)
    assert len(sent["helper_latencies_ms"]) == BURST, "there was a hand-over"
    assert ("hand_over_peak" in sent["memory_bytes"]) == is_told
    assert 0 <= sent["steady_of_day_s"] < 86400


def test_without_the_cpu_it_is_absent_with_a_reason():
    assert "--devices" in MEMORY.absent(machine(devices=[GPU]))


@each_of(
    ("place", "devices", "handed_to", "holds"),
    [
        (0, ["CPU"], GPU, True),
        (1, ["GPU.0"], GPU, False),
        (2, ["GPU.0"], GPU, True),
        (3, ["GPU.0"], GPU, True),
        (3, ["(CPU)"], GPU, False),
        (3, ["CPU"], GPU, False),
        (3, [], GPU, None),
        (0, ["CPU"], None, True),
    ],
)
def test_memory_is_of_the_device_that_it_should_be(place, devices, handed_to, holds):
    condition = conditions_for(HANDS_OVER)[place]
    assert ran(condition, devices, handed_to).holds is holds


@each_of(("more_mib", "outcome"), [(5, Outcome.PASS), (300, Outcome.FAIL)])
def test_what_auto_takes_is_held_against_the_cpu_of_the_same_round(more_mib, outcome):
    result = MEMORY.planned(machine(devices=[Device(CPU)]), 1)
    result.plan = Plan((7,), 60.0)

    def measure(condition):
        auto = condition.name == AUTO
        figures = {
            "steady_bytes": (100 + more_mib * auto) * MIB,
            "threads": 6 + 2 * auto,
            "fil_s": 0.2,
            "by_the_cpu_ms": 5,
        }
        return Sample(figures, checks={memory.RAN: Check(True)})

    run(result, measure, Silent())
    verdict = next(each for each in result.verdicts() if each.claim.name == MORE_MEMORY)
    assert verdict.outcome is outcome
    assert f"steady of AUTO − CPU = {more_mib} MiB" in verdict.evidence()
    (drawn,) = blocks(result)
    assert drawn.table.columns == ("target", "steady MiB")
    assert [row[1] for row in drawn.table.rows] == ["100", str(100 + more_mib)]


def test_nothing_is_drawn_of_what_was_not_measured():
    assert not [*blocks(MEMORY.planned(machine(devices=[Device(CPU)]), 1))]


def test_a_workload_asks_for_no_plugin_unless_it_has_one():
    request = Workload(SimpleNamespace(path="m.xml"), "inputs.npz", {}, 1).request("once", Target("CPU"))
    assert (dict(request.plugins), request.on_one_processor) == ({}, False)
