"""What never worked is found once for each cause, and named so that no sentence is longer than a reader bears."""

import dataclasses
import json
import re
import sys

from autogauge import causes
from autogauge.doctor import steps
from autogauge.emulation.classes import ProcessorClass
from autogauge.measuring import findings, saving
from autogauge.measuring.claim import Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.probe.request import Failure
from autogauge.report.progress import PlainProgress
from autogauge.targets import Target
from tests.cases import each_of
from tests.properties import for_all

SIGILL = Failure("signal", "compile", "killed by signal 4 (SIGILL)")
HANGS = Failure("deadline", "compile", "no answer within 5 s")
FIL = Metric("fil_s", "FIL", "s")
GOOD = Sample({"fil_s": 1.0})


def result(*rounds, name="first inference latency", **devices):
    """A result of these rounds: each names what every condition gave, a sample or a failure. Conditions are called as their devices."""
    names = list(dict.fromkeys(each for one in rounds for each in one))
    conditions = tuple(Condition(each, Target(devices.get(each.replace("-", "_"), each))) for each in names)
    claim = Ratio("auto", "AUTO is early", FIL, "AUTO", "GPU", "at most", 1.0)
    made = Result(name, conditions, (claim,) if {"AUTO", "GPU"} <= {*names} else (), Plan((2,), 60.0), 1)
    for index, one in enumerate(rounds):
        made.replicates.append(
            Replicate(
                index,
                tuple(one),
                {each: got for each, got in one.items() if isinstance(got, Sample)},
                {each: got for each, got in one.items() if isinstance(got, Failure)},
            )
        )
    return made


def test_one_cause_of_several_conditions_and_studies_is_one_finding():
    cached = result(*[{"AUTO": SIGILL, "GPU": SIGILL}] * 3, name="first inference latency, cached")
    cold = result(*[{"CPU": GOOD, "AUTO": SIGILL, "GPU": SIGILL}] * 2)
    (found,) = findings.of([cached, cold], lambda _: "update the driver")
    assert found.sentence() == (
        "GPU and AUTO crashed in every turn (10): killed by signal 4 (SIGILL) during compile; update the driver"
    )
    assert found.in_short() == "GPU and AUTO crashed in every turn: see FINDING"
    assert found.studies == (cached.name, cold.name)


def test_a_reason_that_says_all_has_no_phase_behind_it():
    gone = Failure("error", "", "it was removed: leave it as it is, and run again")
    (found,) = findings.of([result(*[{"GPU": gone}] * 2)])
    assert found.sentence() == f"GPU gave an error in every turn (2): {gone.reason}"
    assert findings.sentences(result({"GPU": gone})) == [f"GPU: {gone.reason}"]


def test_what_worked_once_is_no_finding():
    assert findings.of([result(*[{"GPU": SIGILL}] * 4, {"GPU": GOOD})]) == []
    again = result({"GPU": SIGILL})
    again.replicates[0].disturbed["GPU"] = GOOD
    assert findings.of([again]) == [], "it answered, and was measured again"


def test_a_device_that_works_in_another_study_is_named_with_the_study_in_which_it_does_not():
    fil = result(*[{"CPU": GOOD, "GPU": GOOD}] * 2)
    hints = result(
        *[{"GPU-LATENCY": SIGILL, "GPU-THROUGHPUT": GOOD}] * 2, name="hints", GPU_LATENCY="GPU", GPU_THROUGHPUT="GPU"
    )
    (found,) = findings.of([fil, hints])
    assert found.subjects == ("GPU-LATENCY (hints)",)
    both = result(
        *[{"GPU-LATENCY": SIGILL, "GPU-THROUGHPUT": SIGILL}] * 2, name="hints", GPU_LATENCY="GPU", GPU_THROUGHPUT="GPU"
    )
    (found,) = findings.of([fil, both])
    assert found.subjects == ("GPU (hints)",)


def test_different_causes_are_different_findings_each_with_what_it_befell():
    found = findings.of([result(*[{"GPU": SIGILL, "NPU": HANGS}] * 3, {"NPU": SIGILL})])
    assert [each.sentence() for each in found] == [
        "GPU and NPU crashed in 4 of 7 turns, no other worked: killed by signal 4 (SIGILL) during compile",
        "NPU hung in 3 of 4 turns, no other worked: no answer within 5 s during compile",
    ]


@each_of(
    ("one", "other"),
    [
        ("bad pointer 0x7f4e20168f40", "bad pointer 0x55d1c0ffee00"),
        ("cannot open /tmp/a1/b2/model.blob", "cannot open /tmp/zz/model.blob"),
        ("pid 4711 is gone", "pid 17 is gone"),
        ("no answer within 5 s", "no answer within 60 s"),
        ("replicate 3: lost", "replicate 4: lost"),
        ("12:01:02.345 lost", "13:59:01.001 lost"),
        ("thread 12: timed out after 12.5 ms", "thread 7: timed out after 0.3 ms"),
    ],
)
def test_what_changes_from_process_to_process_is_no_other_cause(one, other):
    assert findings.alike(Failure("error", "compile", one)) == findings.alike(Failure("error", "infer", other))


@each_of(
    ("one", "other"),
    [
        ("ze error, code 0x70000001", "ze error, code 0x78000004"),
        ("CL_BUILD_PROGRAM_FAILURE -11", "CL_OUT_OF_RESOURCES -5"),
        ("clBuildProgram: -11", "clBuildProgram: -5"),
        ("cannot open /dev/dri/renderD128", "cannot open /usr/lib/libze_loader.so.1"),
        ("killed by signal 4 (SIGILL)", "killed by signal 11 (SIGSEGV)"),
        ("exit status 1", "exit status 2"),
        ("core.cpp:109: not found", "core.cpp:110: not found"),
    ],
)
def test_what_tells_causes_apart_stays(one, other):
    assert findings.alike(Failure("error", "compile", one)) != findings.alike(Failure("error", "compile", other))
    assert findings.alike(Failure("error", "compile", one)) != findings.alike(Failure("exit", "compile", one))


@for_all(lambda st: (st.text(max_size=3000), st.sampled_from([*findings.HAPPENED]), st.integers(1, 12)))
def test_no_sentence_is_long_whatever_a_probe_says(reason, kind, conditions):
    failure = Failure(kind, "compile", reason, log="0007-fil-GPU.err")
    broken = result({f"GPU.{number}": failure for number in range(conditions)})
    (found,) = findings.of(
        [broken], lambda _: "look at what clinfo says; update Intel's compute runtime and the kernel"
    )
    assert len(found.sentence()) < 400
    assert len(found.in_short()) < 160
    assert not re.search(r"[\n\r]", found.sentence())


def test_the_file_that_is_named_is_one_of_the_report_and_rather_a_devices_than_autos():
    crashes = {name: Failure("signal", "compile", "crash", log=f"{name}.err") for name in ("twin", "AUTO", "GPU")}
    broken = result(crashes)
    twin, *others = broken.conditions
    broken.conditions = (dataclasses.replace(twin, role="reference"), *others)
    assert findings.of([broken])[0].sentence().endswith("; what it printed: probes/GPU.err beside the report's page")
    broken.conditions = broken.conditions[:1]
    assert "what it printed" not in findings.of([broken])[0].sentence(), "a reference's output is not kept there"


def test_a_finding_of_a_saved_result_is_the_same_when_it_is_read_back():
    crashed = Failure("signal", "compile", "killed by signal 4 (SIGILL)", "the tail", "0007-fil-GPU.err")
    broken = result(*[{"AUTO": GOOD, "GPU": crashed}] * 3)
    broken.close(broken.claims[0], for_good=True)
    again = saving.from_json(json.loads(json.dumps(saving.to_json(broken))))
    assert findings.of([again]) == findings.of([broken])
    assert again.verdicts() == broken.verdicts()
    twice = saving.from_json(json.loads(json.dumps(saving.to_json(again))))
    assert twice.verdicts() == broken.verdicts(), "nothing is said twice"


def test_a_verdict_names_what_never_worked_without_the_cause_and_keeps_the_causes_of_others():
    broken = result(*[{"AUTO": GOOD, "GPU": SIGILL}] * 2, {"AUTO": HANGS, "GPU": SIGILL})
    (verdict,) = broken.verdicts()
    assert verdict.evidence() == (
        "FIL of AUTO ÷ GPU: no complete replicate; 3 failed: GPU crashed in every turn, AUTO: no answer within 5 s during compile"
    )
    broken.close(broken.claims[0], for_good=True)
    assert "SIGILL" not in broken.verdict(broken.claims[0]).evidence(), "nor once it is closed"


def test_progress_tells_a_cause_once_in_a_session_and_then_counts(capsys):
    told = findings.Told()
    for title in ("first", "second"):
        progress = PlainProgress(sys.stdout, told=told)
        for _ in range(3):
            progress.failed(title, "GPU", SIGILL)
        progress.failed(title, "AUTO", SIGILL)
        progress.failed(title, "CPU", HANGS)
        progress.end()
        progress.end()
    assert capsys.readouterr().out.splitlines() == [
        "  first: GPU failed: killed by signal 4 (SIGILL) during compile",
        "  first: AUTO failed alike",
        "  first: CPU failed: no answer within 5 s during compile",
        "  first: failed: GPU 3 times",
        "  second: GPU failed alike",
        "  second: AUTO failed alike",
        "  second: CPU failed alike",
        "  second: failed: GPU 3 times",
    ]


EMULATED = ProcessorClass("skx", "skx")


@each_of(
    ("failure", "devices", "emulated", "step"),
    [
        (Failure("error", "compile", "std::bad_alloc"), ("GPU",), None, causes.MEMORY),
        (HANGS, ("GPU",), EMULATED, "(--probe-deadline)"),
        (SIGILL, ("GPU", "AUTO"), EMULATED, "or measure without it (--accelerator=auto)"),
        (SIGILL, ("AUTO:GPU,CPU",), None, steps.UPDATE_GPU),
        (SIGILL, ("GPU.1",), None, steps.UPDATE_GPU),
        (SIGILL, ("NPU", "AUTO"), None, steps.UPDATE_NPU),
        (SIGILL, ("CPU", "AUTO", "GPU"), EMULATED, steps.ASK),
        (SIGILL, ("AUTO",), None, steps.ASK),
    ],
)
def test_the_next_step_is_doctors(failure, devices, emulated, step):
    assert step in steps.step_for(failure, devices, emulated)
