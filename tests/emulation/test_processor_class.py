"""The emulated GPU compiles for a class of processors that fits the machine's own, says which, and waits accordingly."""

import dataclasses
import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from autogauge.emulation import parts
from autogauge.emulation.asked import Gpus
from autogauge.emulation.classes import ProcessorClass
from autogauge.errors import UserError
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.request import Failure
from autogauge.probe.worker import emulation as worker
from autogauge.probe.worker.emulation import BY_HAND, CLASSES, VARIABLE
from autogauge.rig import trial
from autogauge.rig.pool import ProbePool
from autogauge.rig.profile import Deadlines
from autogauge.targets import Target
from tests.emulation.test_soundness import OPERATORS, TOLERANCE
from tests.properties import for_all
from tests.support import misbehaving_python, run_suite, sentence_of, with_probes_on
from tests.unit.test_report import settings

ZEN_5 = (
    "fpu sse4_1 sse4_2 movbe popcnt avx f16c fma abm bmi1 avx2 bmi2 avx512f avx512dq avx512ifma avx512cd avx512bw avx512vl avx512_bf16 "
    "avx512vbmi avx512_vbmi2 avx512_vnni avx512_bitalg avx512_vpopcntdq avx512_vp2intersect"
)
ZEN_3 = "fpu sse4_1 sse4_2 movbe popcnt avx f16c fma abm bmi1 avx2 bmi2"
SANDY_BRIDGE = "fpu sse4_1 sse4_2 popcnt aes xsave avx"
KNIGHTS_LANDING = f"{ZEN_3} avx512f avx512pf avx512er avx512cd"
MACHINES_OWN = worker.best_class(worker.processor_flags())
BELOW_IT = [*CLASSES][[*CLASSES].index(MACHINES_OWN) :]


@pytest.mark.parametrize(
    ("flags", "best"),
    [
        (ZEN_5, "skx"),
        (ZEN_3, "core-avx2"),
        (KNIGHTS_LANDING, "core-avx2"),
        (ZEN_5.replace("avx512vl", ""), "core-avx2"),
        (ZEN_3.replace("movbe", ""), "corei7-avx"),
        (SANDY_BRIDGE, "corei7-avx"),
        ("fpu sse4_1 sse4_2 popcnt", "corei7"),
        ("", "corei7"),
    ],
)
def test_the_class_is_the_best_that_the_processors_flags_allow(flags, best, tmp_path):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nmodel name\t: one\nflags\t\t: {flags}\nbogomips: 1\n")
    assert worker.best_class(worker.processor_flags(str(tmp_path / "cpuinfo"))) == best


def test_where_linux_does_not_tell_the_class_is_one_that_every_processor_can_run(tmp_path):
    assert worker.best_class(worker.processor_flags(str(tmp_path / "none"))) == "corei7"


@for_all(lambda st: (st.sets(st.sampled_from(sorted({flag for needed in BY_HAND.values() for flag in needed}))),))
def test_no_class_is_chosen_that_needs_what_the_processor_lacks(flags):
    found = worker.best_class(frozenset(flags))
    assert flags.issuperset(CLASSES[found])
    better = [*CLASSES][: [*CLASSES].index(found)]
    assert not any(flags.issuperset(CLASSES[each]) for each in better)
    for name, needed in BY_HAND.items():
        if flags.issuperset(needed):
            assert worker.processor_class(frozenset(flags), name) == name
        else:
            with pytest.raises(ValueError, match="it lacks"):
                worker.processor_class(frozenset(flags), name)


@pytest.mark.parametrize("by_hand", ["", "native", "SKX", "haswell", "skx "])
def test_a_class_by_hand_that_the_runtime_does_not_accept_is_refused_in_one_sentence(by_hand):
    with pytest.raises(ValueError, match=r"knows no class") as caught:
        worker.processor_class(frozenset(ZEN_3.split()), by_hand)
    sentence = str(caught.value)
    assert repr(by_hand) in sentence
    assert f"unset {VARIABLE}, or let it name one of core-avx2, corei7-avx, corei7, auto" in sentence
    assert "\n" not in sentence


def test_a_class_by_hand_that_cannot_be_used_ends_the_session_with_its_sentence(tmp_path, emulation, autogauge_cache):
    options = (f"--reports={tmp_path}", f"--cache={autogauge_cache.root}")
    done = run_suite("-m", "perf", "--accelerator=emulated", *options, **{VARIABLE: "native"})
    assert f"knows no class of processors called 'native': unset {VARIABLE}" in sentence_of(done)


@pytest.mark.parametrize(
    ("found", "slowness", "words"),
    [
        (ProcessorClass("skx", "skx"), 1, "skx (by the processor's flags)"),
        (ProcessorClass("core-avx2", "core-avx2"), 5, "core-avx2 (by the processor's flags)"),
        (ProcessorClass("core-avx2", "skx", by_hand=True), 5, f"core-avx2 (by {VARIABLE})"),
        (ProcessorClass("sapphirerapids", "skx", by_hand=True), 1, f"sapphirerapids (by {VARIABLE})"),
        (ProcessorClass("auto", "core-avx2", by_hand=True), 5, f"auto (by {VARIABLE})"),
    ],
)
def test_a_class_says_how_it_was_chosen_and_how_slowly_it_compiles(found, slowness, words):
    assert found.slowness == slowness
    assert found.describe() == words
    assert ProcessorClass.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize(
    ("name", "probe_s"), [("skx", 180), ("core-avx2", 900), ("corei7-avx", 2700), ("corei7", 4500)]
)
def test_deadlines_follow_the_class_unless_the_user_gave_one(name, probe_s, tmp_path):
    slowness = ProcessorClass(name, name).slowness
    assert settings(tmp_path, probe_deadline_s=None).asked.deadlines(slowness) == Deadlines(probe_s)
    assert Deadlines(probe_s).hand_over_s == probe_s * 2 / 3
    assert settings(tmp_path, probe_deadline_s=7.0).asked.deadlines(slowness) == Deadlines(7.0)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            Failure("deadline", "compile", "no answer within 120 s"),
            "failed: no answer within 120 s during compile; look at the machine",
        ),
        (
            Failure("error", "compile", "[GPU] no"),
            "failed twice: [GPU] no during compile; try the class that every processor can run",
        ),
        (Failure("error", "compile", "std::bad_alloc"), "failed twice: std::bad_alloc during compile ("),
    ],
)
def test_what_to_do_is_about_what_went_wrong(failure, words):
    sentence = trial._broken(failure, ProcessorClass("skx", "skx"))
    assert words in sentence
    assert ("try the class" in sentence) == ("[GPU]" in sentence)


def test_emulated_gpus_of_two_classes_are_two():
    assert parts.identity("skx", Gpus()) != parts.identity("core-avx2", Gpus())


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=() if each == "corei7" else pytest.mark.slow) for each in BELOW_IT]
)
def test_what_is_compiled_for_a_class_that_the_machine_can_run_answers_right(
    name, tmp_path, monkeypatch, emulation, autogauge_cache
):
    monkeypatch.setenv(VARIABLE, name)
    tried = trial.attempt(autogauge_cache, Launcher(tmp_path / "probes", emulation=emulation))
    assert tried.processor_class == ProcessorClass(name, MACHINES_OWN, by_hand=True)
    assert 0 < tried.apart < 1e-3, "of values about ten"


@pytest.fixture(params=BELOW_IT)
def below(request, monkeypatch):
    """Each class that this machine can run; probes compile for it."""
    monkeypatch.setenv(VARIABLE, request.param)
    return ProcessorClass(request.param, MACHINES_OWN, by_hand=True)


@pytest.mark.slow
@pytest.mark.parametrize("infer_requests", [1, 4])
def test_each_class_answers_as_the_cpu_with_one_request_and_with_several(
    below, infer_requests, emulated, small_cnn, tmp_path
):
    answers = []
    for device in ("GPU", "CPU"):
        target = Target(device, {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT"})
        pool = ProbePool(
            emulated, small_cnn, warm_up_s=0.5, infer_requests=infer_requests, deadline_s=60 * below.slowness
        )
        try:
            pool.warm(target).infer(tmp_path / "answer.npz")
        finally:
            trouble = pool.close()
        assert not trouble
        with np.load(tmp_path / "answer.npz") as saved:
            answers.append(saved["0"])
    assert np.abs(answers[0] - answers[1]).max() <= TOLERANCE


@pytest.mark.slow
def test_every_operator_answers_as_on_the_cpu_in_each_class(below, emulation):
    done = subprocess.run(
        [sys.executable, str(OPERATORS), json.dumps(dataclasses.asdict(emulation))],
        capture_output=True,
        text=True,
        timeout=120 * below.slowness,
        check=False,
        env={**os.environ, VARIABLE: below.name},
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 15
    assert not [each for each in found if not each["apart"] <= TOLERANCE]


CRASHES = """
import openvino
compile_model = openvino.Core.compile_model
def compiled(self, model, device_name=None, config=None):
    if device_name != "CPU":
        os.kill(os.getpid(), signal.SIGSEGV)
    return compile_model(self, model, device_name, config)
openvino.Core.compile_model = compiled
"""


def test_where_every_compile_crashes_the_run_says_so_once_with_what_to_try(tmp_path, emulation, autogauge_cache):
    """As on a processor that the runtime does not know, before its class was named."""
    changed, environment = with_probes_on(misbehaving_python(tmp_path, CRASHES), tmp_path)
    options = (
        "-m",
        "perf",
        "--accelerator=emulated",
        f"--reports={tmp_path}/reports",
        f"--cache={autogauge_cache.root}",
    )
    sentence = sentence_of(run_suite(*changed, *options, **environment))
    assert "the emulated GPU does not work here" in sentence
    assert (
        "its trial, one convolution, failed twice: killed by signal 11 (SIGSEGV) during compile; try the class"
        in sentence
    )
    assert f"for the processor class {MACHINES_OWN} (by the processor's flags)" in sentence
    assert sentence.endswith("or measure without it (--accelerator=auto).")
    assert not (tmp_path / "reports" / "latest").exists()


@pytest.mark.parametrize(
    ("processors", "step"),
    [
        (ProcessorClass("skx", "skx"), f"try the class that every processor can run ({VARIABLE}=corei7)"),
        (ProcessorClass("corei7", "corei7"), "report it with the processor's name"),
        (ProcessorClass("auto", "skx", by_hand=True), f"unset {VARIABLE}"),
    ],
)
def test_what_to_try_is_something_else_than_what_was_tried(processors, step):
    assert trial.next_step(processors).startswith(step)


@pytest.mark.slow
def test_one_crash_alone_does_not_condemn_the_machine(tmp_path, emulation, autogauge_cache):
    once = CRASHES.replace(
        'if device_name != "CPU":', f'if device_name != "CPU" and not os.path.exists({str(tmp_path / "mark")!r}):'
    )
    once = once.replace("os.kill(", f"open({str(tmp_path / 'mark')!r}, 'w').close(); os.kill(")
    launcher = Launcher(tmp_path / "probes", Runtime(misbehaving_python(tmp_path, textwrap.dedent(once))), emulation)
    assert trial.attempt(autogauge_cache, launcher).apart < 1e-3
    assert (tmp_path / "mark").exists()


@pytest.mark.slow
def test_a_wrong_answer_is_told_with_the_class(tmp_path, emulation, autogauge_cache, monkeypatch):
    monkeypatch.setattr(trial, "TOLERANCE", 0.0)
    with pytest.raises(
        UserError, match=rf"answers wrongly here, compiling for the processor class {MACHINES_OWN} .*try the class"
    ):
        trial.attempt(autogauge_cache, Launcher(tmp_path / "probes", emulation=emulation))
