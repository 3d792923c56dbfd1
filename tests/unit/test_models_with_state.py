"""Models that do not answer the same twice: state is seen, said and reset, random outputs are held against nothing. On real probes."""

import json
import textwrap
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.measuring import reservations
from autogauge.measuring.claim import Ratio
from autogauge.models import path
from autogauge.models.inspect import State, inspect
from autogauge.probe.facts import seen_here
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.worker.subject import NOT_RESET, RESET
from autogauge.rig.pool import ProbePool
from autogauge.rig.workload import prepare_workload, workload_of
from autogauge.run import Run
from autogauge.studies.first_inference import study as first_inference
from autogauge.studies.hand_over.study import Expected
from autogauge.targets import Auto, Device, Target
from tests import changeable_models
from tests.cases import each_of
from tests.support import misbehaving_python

GPU, CPU = Device("GPU.0"), Device("CPU")


@pytest.fixture
def prepared(tmp_path):
    """``prepared(file)``: a launcher, the model's workload and what was seen of it."""

    def prepared(file, python=None):
        launcher = Launcher(tmp_path / "probes", *([Runtime(python)] if python else []))
        return launcher, *prepare_workload(path.artefact_at(file), launcher, tmp_path)

    return prepared


@pytest.mark.parametrize(
    ("build", "state", "random"),
    [
        (changeable_models.accumulator, State(1), {}),
        (changeable_models.growing, State(1, grows=True), {}),
        (lambda folder: changeable_models.in_a_body(folder, "state"), State(1, in_bodies=True), {}),
        (lambda folder: changeable_models.in_a_body(folder, "random"), None, {0: ("RandomUniform",)}),
        (changeable_models.every_sort, None, {0: ("RandomUniform",)}),
    ],
    ids=["accumulator", "growing", "state in a body", "random in a body", "one output random"],
)
def test_state_and_random_operators_are_seen(tmp_path, build, state, random):
    inspection = inspect(Launcher(tmp_path / "probes"), path.artefact_at(build(tmp_path)))
    assert inspection.state == state
    assert inspection.random_outputs == random
    workload = workload_of(None, tmp_path, inspection, SimpleNamespace(frames=1))
    assert workload.has_state == (state is not None)
    assert workload.random_outputs == random


def test_a_model_of_every_sort_has_right_answers_but_for_what_is_random(prepared, tmp_path):
    """Found by asking the CPU more than once, whatever the graph says."""
    launcher, workload, _ = prepared(changeable_models.every_sort(tmp_path))
    saved = tmp_path / "outputs.npz"
    request = workload.request("once", Target("CPU"), save_outputs=str(saved), ask_again=8)
    reply, _ = launcher.run_once(request, "expected")
    assert reply["unsteady_outputs"] == [0]
    with np.load(saved) as outputs:
        assert sorted(map(int, outputs.files)) == list(range(1, 10))
        assert np.isnan(outputs["1"]).any()
        assert np.isinf(outputs["2"]).any()


@pytest.mark.parametrize("what", [pytest.param("top", marks=pytest.mark.slow), "body"])
def test_an_answer_that_is_saved_is_one_to_the_first_state(prepared, tmp_path, what):
    build = (
        changeable_models.accumulator if what == "top" else lambda folder: changeable_models.in_a_body(folder, "state")
    )
    launcher, workload, _ = prepared(build(tmp_path))
    saved = tmp_path / "outputs.npz"
    if what == "body":  # whose branch is that of the input with state
        with np.load(workload.inputs) as given:
            np.savez(workload.inputs, **{**given, "0": np.array([True])})
    request = workload.request("once", Target("CPU"), save_outputs=str(saved), ask_again=3)
    reply, _ = launcher.run_once(request, "expected")
    assert reply["state_variables"] == 1
    assert reply["unsteady_outputs"] == []
    with np.load(saved) as outputs, np.load(workload.inputs) as given:
        assert np.allclose(outputs["0"], given[given.files[-1]])


@pytest.mark.parametrize("hint", [pytest.param("LATENCY", marks=pytest.mark.slow), "THROUGHPUT"])
def test_a_state_that_grows_is_reset_before_each_inference_of_a_slice(prepared, tmp_path, hint):
    """So that its figures do not depend on how long one measures."""
    seen = tmp_path / "seen.json"
    python = misbehaving_python(
        tmp_path,
        textwrap.dedent(f"""
        import atexit, json
        import openvino
        lengths = []
        reset_state = openvino.InferRequest.reset_state
        def reset(self):
            lengths.append(self.query_state()[0].state.shape[1])
            reset_state(self)
        openvino.InferRequest.reset_state = reset
        atexit.register(lambda: json.dump(lengths, open({str(seen)!r}, "w")))
        """),
    )
    launcher, workload, _ = prepared(changeable_models.growing(tmp_path), python)
    pool = ProbePool(launcher, workload, warm_up_s=0.1)
    probe = pool.warm(Target.with_hint("CPU", hint))
    inferences = len(probe.slice(0.1)["latencies_ms"])
    assert probe.facts["state"] == RESET
    assert not pool.close()
    lengths = json.loads(seen.read_text())
    assert len(lengths) > inferences > 0
    assert set(lengths[-inferences:]) == {1}, "a row of the inference before, and no more"


def test_a_model_without_state_is_driven_as_ever(prepared, autogauge_cache):
    launcher, workload, inspection = prepared(small_models_without_state(autogauge_cache))
    pool = ProbePool(launcher, workload, warm_up_s=0.05)
    probe = pool.warm(Target("CPU"))
    assert inspection.state is None
    assert probe.facts["state"] is None
    assert not pool.close()


def small_models_without_state(cache):
    from autogauge.models import resolve

    return resolve.offline("one-convolution", "FP32", cache).path


def test_what_was_done_about_state_and_left_out_of_answers_is_said():
    facts = {
        "AUTO-LATENCY": {"state": RESET, "driver": "infer"},
        "AUTO-THROUGHPUT": {"state": RESET},
        "GPU-LATENCY": {"state": NOT_RESET},
        "CPU-LATENCY": {"state": None},
        "synchronous": {"not_compared": "output 0 is not held against the CPU's: why"},
        "queue of 4": {"not_compared": "output 0 is not held against the CPU's: why"},
    }
    assert reservations.sentences(facts) == [
        "the model's state was reset before each inference of AUTO-LATENCY, AUTO-THROUGHPUT",
        "WARNING: the model's state could not be reset on GPU-LATENCY: its figures may depend on how long one measures",
        "output 0 is not held against the CPU's: why",
    ]
    assert reservations.sentences({"AUTO": {}, "CPU": {"state": None, "not_compared": ""}}) == []


@each_of(
    ("expected", "compared", "variables", "words"),
    [
        (Expected(), [0, 1], 0, ""),
        (Expected((1,)), [0], 0, "output 1 is not held against the CPU's: the CPU's own answers differ"),
        (Expected((0,)), [], 0, "no answer is held against the CPU's: the CPU's own answers differ"),
        (
            Expected((0, 2), {2: ("Multinomial",)}),
            [1],
            0,
            "output 0 and 2 is not held against the CPU's: it depends on random",
        ),
        (
            Expected((), {0: ("RandomUniform",)}),
            [],
            0,
            "no answer is held against the CPU's: it depends on random operators (Random",
        ),
        (Expected(has_state=True), [0], 1, ""),
        (Expected(has_state=True), [], None, "state cannot be reset on AUTO"),
    ],
)
def test_why_answers_are_held_against_nothing_is_a_sentence(expected, compared, variables, words):
    found = expected.why_not(compared, variables)
    assert words in found
    assert bool(found) == bool(words)


def test_no_claim_rests_on_a_helper_that_auto_leaves_out():
    """What AUTO documents for models with state is no broken promise; that it waits for its accelerator then is still looked at."""
    reason = State(2).no_helper
    assert "2 variables" in reason
    with_helper, without = (
        first_inference.claims_for([CPU, GPU], Auto("AUTO", GPU, no_helper=each)) for each in ("", reason)
    )
    names = {each.name for each in without}
    assert names == set(first_inference.no_fallback(GPU))
    assert {each.name for each in with_helper} == names | {"auto-fil-close-to-cpu", first_inference.below(GPU)}
    assert all(isinstance(each, Ratio) for each in without)


def test_state_that_auto_does_not_see_leaves_its_helper_in():
    assert State(1, in_bodies=True).no_helper == ""
    assert "reset" in State(1, in_bodies=True).note


def test_a_helper_matters_only_beside_an_accelerator():
    assert Auto.on([CPU], [CPU], no_helper="state").no_helper == ""
    assert Auto.on([CPU, GPU], [CPU, GPU], no_helper="state").no_helper == "state"


def test_state_enters_the_fingerprint_of_models_that_have_any(monkeypatch):
    """Earlier runs let it grow: their figures are others. Models without state keep their fingerprint."""
    settings = SimpleNamespace(
        shapes={}, infer_requests=0, machine="m", profile=SimpleNamespace(slice_s=0.25, name="quick")
    )
    model = SimpleNamespace(name="n", precision="p", digest="d")
    with_state, without = (
        Run(settings, model=model, machine_facts=seen_here(), has_state=each).fingerprint for each in (True, False)
    )
    assert "state" not in without.facts["measured"]
    assert with_state.facts["measured"]["state"]
    assert with_state.digest != without.digest
