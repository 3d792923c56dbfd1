"""AUTO with an accelerator, as far as it can be seen without one: on the emulated GPU, in a replicate or two."""

import dataclasses
import textwrap

import numpy as np
import pytest

from autogauge.files import readable
from autogauge.measuring import notes
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.models import path, resolve
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.log import parse
from autogauge.rig.fresh import FIL, FreshTurns
from autogauge.rig.workload import prepare_workload
from autogauge.stats.verdicts import Outcome
from autogauge.studies import cached_start
from autogauge.studies.cached_start import CACHED_START
from autogauge.studies.first_inference import study as first_inference
from autogauge.studies.first_inference.study import FIRST_INFERENCE
from autogauge.studies.hand_over import promises as hand_over_promises
from autogauge.studies.hand_over import study as hand_over
from autogauge.studies.hand_over.study import HAND_OVER
from autogauge.studies.hand_over.timeline import ACCELERATOR, HELPER, Timeline
from autogauge.targets import PLAIN_AUTO, Auto, Target, find_device
from tests import changeable_models
from tests.studied import measured, on, planned
from tests.support import misbehaving_python

CRASH = "os.kill(os.getpid(), signal.SIGSEGV)"
HANG = "time.sleep(60)"


@pytest.fixture
def gpu(prepared):
    return find_device("GPU", prepared[1].devices)


@pytest.fixture
def cpu(prepared):
    return find_device("CPU", prepared[1].devices)


def hand_overs(launcher, workload, folder, *, deadline_s=300.0):
    """One hand-over, synchronous and with a queue."""
    study = planned(HAND_OVER, Plan(looks=(1,), budget_s=60))
    turns = hand_over.HandOverTurns(study, launcher, workload, folder, after_s=0.5, hand_over_deadline_s=deadline_s)
    return measured(study, turns)


def hand_over_with(launcher, workload, folder, **changes):
    study = planned(HAND_OVER, Plan(looks=(1,), budget_s=60))
    conditions = study.conditions[:1]
    study = dataclasses.replace(
        study, conditions=conditions, claims=hand_over_promises.claims_for(conditions, PLAIN_AUTO)
    )
    options = {"after_s": 0.2, "hand_over_deadline_s": 0.3, **changes}
    return measured(study, hand_over.HandOverTurns(study, launcher, workload, folder, **options))


def test_autos_first_answer_comes_from_the_cpu_helper_long_before_the_gpus(emulated, small_cnn, cpu, gpu):
    study = planned(
        FIRST_INFERENCE, Plan(looks=(1,), budget_s=60), devices=[cpu, gpu], auto=Auto("AUTO", gpu, emulated=True)
    )
    measured(study, FreshTurns(study, on(emulated, small_cnn), Silent()))
    assert not study.failures()
    assert study.devices_that_answered("AUTO") == {"(CPU)"}
    assert study.facts["AUTO"]["auto_logs"][0]["cpu_helper_started"]
    (auto,), (alone,), (without,) = (
        study.figures(name, FIL.name) for name in ("AUTO", gpu.name, first_inference.NO_FALLBACK)
    )
    assert auto < alone / 3
    assert auto < without / 3
    for name in (gpu.name, first_inference.NO_FALLBACK):
        assert {device.partition(".")[0] for device in study.devices_that_answered(name)} == {"GPU"}
    assert not study.facts[first_inference.NO_FALLBACK]["auto_logs"][0]["cpu_helper_started"]


def test_a_start_from_a_warm_cache_loads_the_blob(emulated, small_cnn, gpu, tmp_path):
    auto = Auto("AUTO", gpu, emulated=True)
    study = planned(CACHED_START, Plan(looks=(1,), budget_s=60), devices=[gpu], auto=auto)
    observe = cached_start.observing(auto, gpu)
    measured(study, FreshTurns(study, on(emulated, small_cnn), Silent(), cache=tmp_path / "cache", observe=observe))
    assert not study.failures()
    assert list((tmp_path / "cache").glob("*.blob"))
    for name in ("AUTO", gpu.name):
        assert study.facts[name]["loaded_from_cache"] == [True]
    assert [verdict.outcome for verdict in study.verdicts()] == [Outcome.PASS] * 3, [*study.verdicts()]


def test_the_hand_over_is_seen_from_the_helper_to_the_accelerator_without_a_wrong_answer(emulated, small_cnn, tmp_path):
    study = hand_overs(emulated, small_cnn, tmp_path)
    assert not study.failures()
    for name in (condition.name for condition in study.conditions):
        (sample,), (facts,) = study.samples(name), study.facts[name]["replicates"]
        figures, timeline = sample.figures, Timeline.from_arrays(sample.arrays)
        assert facts["outcome"] == hand_over.HANDED_OVER
        assert facts["disagreements"] == []
        assert facts["devices"][0] == "(CPU)"
        assert facts["devices"][-1].startswith("GPU")
        assert figures["failed"] == figures["wrong"] == 0
        assert 0 < figures["relative_error"] < 1e-4, "GPU and CPU do not agree to the last bit"
        assert figures["fil_s"] < figures["hand_over_s"]
        apart_s = abs(figures["helper_released_s"] - figures["hand_over_s"])
        assert apart_s <= hand_over.release_bound_s(timeline) < 1
        assert facts["auto_log"]["inferences"]["CPU_HELP"] >= figures["helper_inferences"]
        assert figures["helper_inferences"] > 10
        assert figures["accelerator_inferences"] >= 10
        assert figures["transition_inferences"] < figures["helper_inferences"] / 10, "nearly all can be attributed"
        assert timeline.label[0] == HELPER
        assert timeline.label[-1] == ACCELERATOR
        assert figures["memory_before_bytes"] > 50e6
        assert figures["destroy_s"] > 0
    assert [verdict.outcome for verdict in study.verdicts()] == [Outcome.PASS] * 9, [*study.verdicts()]


@pytest.mark.slow
def test_answers_of_every_sort_are_right_across_the_hand_over(emulated, tmp_path):
    """No numbers and infinities where the CPU has them, numbers to 4e6, whole ones, one that is the input; what is random is left out."""
    workload, _ = prepare_workload(path.artefact_at(changeable_models.every_sort(tmp_path)), emulated, tmp_path)
    study = hand_over_with(emulated, workload, tmp_path, hand_over_deadline_s=60.0)
    (sample,), facts = study.samples(hand_over.SYNCHRONOUS), study.facts[hand_over.SYNCHRONOUS]
    assert facts["replicates"][0]["outcome"] == hand_over.HANDED_OVER
    assert facts["replicates"][0]["disagreements"] == []
    assert sample.figures["wrong"] == 0
    assert sample.figures["relative_error"] < 1e-5
    assert facts["not_compared"].startswith("output 0 is not held against the CPU's: it depends on random operators")
    assert any("output 0" in note for note in notes.of(study))


def test_a_model_with_state_has_no_helper_and_right_answers(emulated, cpu, gpu, tmp_path):
    workload, inspection = prepare_workload(
        path.artefact_at(changeable_models.accumulator(tmp_path)), emulated, tmp_path
    )
    study = hand_over_with(emulated, workload, tmp_path)
    (sample,), facts = study.samples(hand_over.SYNCHRONOUS), study.facts[hand_over.SYNCHRONOUS]
    assert hand_over_promises.began_on_the_accelerator(facts["replicates"][0])
    assert facts["replicates"][0]["disagreements"] == []
    assert not facts["replicates"][0]["auto_log"]["cpu_helper_started"]
    assert sample.figures["wrong"] == 0
    assert sample.figures["accelerator_inferences"] >= 10
    (printed,) = emulated.log_folder.glob("*-hand-over-synchronous*.out")
    assert "enable_startup_fallback to false for stateful model" in printed.read_text(), "AUTO says so itself"
    assert Auto.on([cpu, gpu], [cpu, gpu], no_helper=inspection.state.no_helper).no_helper


@pytest.mark.slow
def test_state_that_auto_does_not_see_is_compared_with_nothing_and_said(emulated, tmp_path):
    file = changeable_models.in_a_body(tmp_path, "state")
    workload, inspection = prepare_workload(path.artefact_at(file), emulated, tmp_path)
    assert inspection.state.in_bodies
    study = hand_over_with(emulated, workload, tmp_path)
    (sample,) = study.samples(hand_over.SYNCHRONOUS)
    assert "wrong" not in sample.figures
    assert any("cannot be reset on AUTO" in note for note in notes.of(study))


@pytest.mark.slow
def test_an_accelerator_that_is_never_ready_is_a_result_and_no_failure(emulated, small_cnn, tmp_path):
    study = hand_overs(emulated, small_cnn, tmp_path, deadline_s=0.3)
    assert not study.failures()
    for name in (condition.name for condition in study.conditions):
        (sample,), (facts,) = study.samples(name), study.facts[name]["replicates"]
        assert facts["outcome"] == hand_over.NEVER
        assert "hand_over_s" not in sample.figures
        assert np.unique(Timeline.from_arrays(sample.arrays).label).tolist() == [HELPER]
        assert sample.figures["destroy_s"] > 0.1, "it waits for the compile that goes on behind"


@pytest.mark.parametrize(
    ("misfortune", "words", "blocks"),
    [
        pytest.param(CRASH, "SIGSEGV", 2, id="crash"),
        pytest.param(HANG, "no answer within 4 s", 1, id="hang", marks=pytest.mark.slow),
    ],
)
def test_a_gpu_compile_that_crashes_or_hangs_is_a_failed_replicate(
    tmp_path, emulation, small_cnn, cpu, gpu, misfortune, words, blocks
):
    python = misbehaving_python(
        tmp_path,
        textwrap.dedent(f"""
        import openvino
        compile_model = openvino.Core.compile_model
        def compiled(self, model, device_name=None, config=None):
            if device_name == "GPU":
                {misfortune}
            return compile_model(self, model, device_name, config)
        openvino.Core.compile_model = compiled
        """),
    )
    launcher = Launcher(tmp_path / "probes", Runtime(python), emulation)
    study = planned(FIRST_INFERENCE, Plan(looks=(blocks,), budget_s=60), devices=[cpu, gpu])
    deadline_s = 4.0 if misfortune == HANG else 60.0
    measured(study, FreshTurns(study, on(launcher, small_cnn), Silent(), deadline_s=deadline_s))
    assert [words in failure.sentence() for _, name, failure in study.failures("GPU")] == [True] * blocks
    assert len(study.samples("CPU")) == len(study.samples("AUTO")) == blocks, "the others go on"
    assert len(study.replicates) == blocks


@pytest.mark.slow
def test_a_process_that_dies_while_auto_compiles_behind_is_a_failed_replicate(tmp_path, emulation, small_cnn):
    """The first of the two has its segmentation fault when the helper has long answered, and the GPU's compile still takes a second."""
    mark = tmp_path / "died"
    python = misbehaving_python(
        tmp_path,
        textwrap.dedent(f"""
        import threading
        import openvino
        compile_model = openvino.Core.compile_model
        def compiled(self, model, device_name=None, config=None):
            made = compile_model(self, model, device_name, config)  # by the helper, which is quick
            if device_name == "AUTO" and not os.path.exists({str(mark)!r}):
                open({str(mark)!r}, "w").close()
                threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGSEGV)).start()
            return made
        openvino.Core.compile_model = compiled
        """),
    )
    launcher = Launcher(tmp_path / "probes", Runtime(python), emulation)
    study = hand_overs(launcher, small_cnn, tmp_path)
    ((_, died, failure),) = study.failures()
    assert failure.sentence() == "killed by signal 11 (SIGSEGV) during hand-over"
    (printed,) = launcher.log_folder.glob(f"*-hand-over-{readable(died)}.out")
    log = parse(printed.read_text())
    assert log.cpu_helper_started
    assert log.finished == ["CPU"], "the GPU was being compiled"
    (other,) = (condition.name for condition in study.conditions if condition.name != died)
    assert study.facts[other]["replicates"][0]["outcome"] == hand_over.HANDED_OVER, "the other goes on"


def test_a_model_that_the_accelerator_cannot_compile_leaves_auto_on_the_cpu(emulated, autogauge_cache, tmp_path):
    """Half-precision weights: the emulated GPU has no kernel for them."""
    workload, _ = prepare_workload(resolve.offline("small-cnn", "FP16", autogauge_cache), emulated, tmp_path)
    study = hand_over_with(emulated, workload, tmp_path, hand_over_deadline_s=2.0)
    (sample,), (facts,) = (
        study.samples(hand_over.SYNCHRONOUS),
        study.facts[hand_over.SYNCHRONOUS]["replicates"],
    )
    assert facts["outcome"] == hand_over.NEVER
    assert facts["devices"] == ["(CPU)"]
    (failure,) = facts["auto_log"]["failures"].values()
    assert "ProgramBuilder build failed" in failure
    words = hand_over_promises.what_happened(facts)
    assert words.startswith("never handed over ((CPU)); AUTO's log says: Device: [GPU")
    assert "]: Compile model failure: [GPU] ProgramBuilder build failed!" in words
    assert len(words) < 500
    kept = (emulated.log_folder / facts["printed"]).read_text()
    assert "Compile model failure" in kept
    assert f"probes/{facts['printed']}" in words
    assert facts["disagreements"] == []
    assert sample.figures["failed"] == sample.figures["wrong"] == 0


@pytest.mark.slow
def test_a_model_that_is_not_let_go_of_in_time_is_a_result(tmp_path, small_cnn):
    """Destroying it hangs; no accelerator is needed to see that."""
    hang = """
        import openvino
        class Compiled(openvino.CompiledModel):
            def __del__(self):
                time.sleep(60)
        compile_model = openvino.Core.compile_model
        openvino.Core.compile_model = lambda *args, **kwargs: Compiled(compile_model(*args, **kwargs))
    """
    launcher = Launcher(tmp_path / "probes", Runtime(misbehaving_python(tmp_path, textwrap.dedent(hang))))
    request = small_cnn.request("once", Target("CPU", hand_over.F32), save_outputs=str(tmp_path / "expected.npz"))
    Launcher(tmp_path / "expected").run_once(request, "expected")
    study = hand_over_with(launcher, small_cnn, tmp_path, deadline_s=3.0)
    assert not study.failures()
    (sample,) = study.samples(hand_over.SYNCHRONOUS)
    assert "destroy_s" not in sample.figures
