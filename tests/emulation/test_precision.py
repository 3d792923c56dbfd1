"""AUTO's precision filter, and models that the emulated GPU cannot infer: known before anything is measured."""

import json
import os
import shlex
import subprocess
import sys

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.models import path as model_path
from autogauge.models.widen import widen
from autogauge.probe.request import ProbeFailed
from autogauge.rig.workload import prepare_workload
from autogauge.targets import Auto, Target, find_device, kinds, selectable_by_default
from tests.support import ROOT, results_of, run_module, run_suite, sentence_of

BUILDER = """
import sys
sys.modules["openvino_telemetry"] = None
import numpy as np, openvino as ov
from openvino import opset13 as ops

def save(name, of_input, of_weights, *, quantised=False, in_a_body=False, compress=False):
    random = np.random.default_rng(106)
    x = given = ops.parameter([1, 3, 16, 16], of_input, name="x")
    x.output(0).set_names({"x"})
    if of_input != of_weights:
        x = ops.convert(x, "f16" if of_weights == np.float16 else "f32")
    if quantised:
        bounds = [ops.constant(np.float32(each)) for each in (0, 1, 0, 1)]
        x = ops.fake_quantize(x, *bounds, 256)
    weights = ops.constant((random.standard_normal((8, 3, 3, 3)) / 5).astype(of_weights))
    x = ops.relu(ops.convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1]))
    ov.save_model(ov.Model([ops.result(x)], [given], name), f"{sys.argv[1]}/{name}.xml", compress_to_fp16=compress)

single, half = np.float32, np.float16
save("single", single, single)
save("compressed", single, single, compress=True)
save("half", half, half)
save("half-weights", single, half)
save("half-input", half, single)
save("quantised", single, single, quantised=True)
"""
PRECISION = {
    "single": "FP32",
    "compressed": "FP32",
    "half": "FP16",
    "half-weights": "FP16",
    "half-input": "FP32",
    "quantised": "INT8",
}
IN_HALF = {
    "single": (),
    "quantised": (),
    "compressed": ("its weights",),
    "half": ("its input x", "its weights"),
    "half-weights": ("its weights",),
    "half-input": ("its input x",),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([sys.executable, "-c", BUILDER, str(folder)], cwd=ROOT, check=True, timeout=60)
    return folder


OFTEN = ("half", "quantised")


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=() if each in OFTEN else pytest.mark.slow) for each in PRECISION]
)
def test_auto_selects_what_its_precision_filter_is_known_to_leave(name, models, emulated, tmp_path):
    workload, inspection = prepare_workload(model_path.artefact_at(models / f"{name}.xml"), emulated, tmp_path)
    assert inspection.precision == PRECISION[name]
    assert inspection.half_precision == IN_HALF[name]
    request = workload.request("once", Target("AUTO"))
    if not any(
        each.has(inspection.precision) for each in inspection.devices
    ):  # fp16-weights-no-device in docs/findings.md
        with pytest.raises(ProbeFailed, match="Cannot select any device"):
            emulated.run_once(request, name)
        return
    _, log = emulated.run_once(request, name)
    assert kinds(log.selected[:1]) == kinds(selectable_by_default(inspection.devices, inspection.precision))
    gpu = find_device("GPU", inspection.devices)
    auto = Auto.on(inspection.devices, inspection.devices, inspection.precision)
    assert (auto.handed_to is None) == (log.selected[0] == "CPU")
    assert (auto.why_not(gpu) is None) == (auto.handed_to == gpu)


LET_HALF_PRECISION_PASS = """
import dataclasses
from autogauge.rig import workload
look = workload.look
workload.look = lambda *args, **named: dataclasses.replace(look(*args, **named), half_precision=())
"""


@pytest.mark.slow
def test_what_auto_leaves_out_is_measured_without_claims_about_it(
    models, emulated, autogauge_cache, emulation, tmp_path
):
    """Half precision is what the emulated GPU lacks, so the refusal of it is put aside here. Where the CPU lacks it too, AUTO throws."""
    _, inspection = prepare_workload(model_path.artefact_at(models / "half-weights.xml"), emulated, tmp_path)
    (tmp_path / "changed.py").write_text(LET_HALF_PRECISION_PASS)
    done = run_suite(
        "-p", "changed", "-m", "perf", "--accelerator=emulated", "--profile=quick", f"--model={models}/half-weights.xml",
        "-k", "hand_over or cached_start or before_the_accelerator or (where_it_should and AUTO) or log",
        f"--reports={tmp_path}/reports", f"--cache={autogauge_cache.root}", PYTHONPATH=f"{tmp_path}{os.pathsep}.",
    )  # fmt: skip
    said = " ".join(done.stdout.split())
    assert "AUTO leaves the GPU (emulated) out for this model: its convolutions are FP16" in said
    assert "does not list FP16 among that device's capabilities" in said
    if not any(each.has("FP16") for each in inspection.devices):
        assert "AUTO gave an error in every turn (3): Cannot select any device during compile" in said
        assert done.returncode == 1, done.stdout
        return
    assert done.returncode == 0, done.stdout
    summary = json.loads((tmp_path / "reports" / "latest" / "summary.json").read_bytes())
    assert not [each for each in summary["verdicts"] if "gpu" in each["name"]]
    (study,) = results_of(summary).values()
    answered = {each.execution_devices for each in study.samples("AUTO")}
    assert answered == {("CPU",)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compressed", "half", "half-weights", "half-input"])
def test_a_model_in_half_precision_is_refused_with_advice_that_works(name, models, emulated, autogauge_cache, tmp_path):
    options = (f"--model={models}/{name}.xml", f"--reports={tmp_path}", f"--cache={autogauge_cache.root}")
    sentence = sentence_of(run_suite("-m", "perf", "--accelerator=emulated", *options))
    assert f"has {' and '.join(IN_HALF[name])} in half precision" in sentence
    python, _, module, model, out = shlex.split(sentence.partition("widen it (")[2].partition(")")[0])
    assert (python, out) == ("python", "OUT.xml")
    done = run_module(module, model, str(tmp_path / out))
    assert done.returncode == 0, done.stderr
    workload, inspection = prepare_workload(model_path.artefact_at(tmp_path / out), emulated, tmp_path)
    assert inspection.half_precision == ()
    answers = []
    for device in ("GPU", "CPU"):
        target = Target(device, {"INFERENCE_PRECISION_HINT": "f32"})
        request = workload.request("once", target, save_outputs=str(tmp_path / "answer.npz"))
        emulated.run_once(request, device)
        with np.load(tmp_path / "answer.npz") as saved:
            answers.append(saved["0"])
    assert np.abs(answers[0] - answers[1]).max() <= 1e-4 * np.abs(answers[1]).max()


def test_a_widened_model_is_in_f32_as_a_whole(models, tmp_path):
    out = tmp_path / "wide.xml"
    done = run_module("autogauge.models.widen", str(models / "half.xml"), str(out))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["wide.bin", "wide.xml"]
    assert "f16" not in out.read_text().lower().replace("fp16", "f16")


@pytest.mark.parametrize(
    ("model", "out", "words"),
    [
        ("absent.xml", "wide.xml", "OpenVINO cannot read the model"),
        pytest.param("half.xml", "nowhere/wide.xml", "cannot write the model to", marks=pytest.mark.slow),
    ],
)
def test_a_model_that_cannot_be_widened_is_one_sentence_and_leaves_nothing(models, tmp_path, model, out, words):
    done = run_module("autogauge.models.widen", str(models / model), str(tmp_path / out))
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("out", ["wide.onnx", "there.xml", "half-there.xml"])
def test_a_widened_model_takes_the_place_of_nothing(tmp_path, out):
    for name in ("there.xml", "half-there.bin"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match="is none: name another"):
        widen(tmp_path / "half.xml", tmp_path / out)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["half-there.bin", "there.xml"]
    assert {each.read_text() for each in tmp_path.iterdir()} == {"mine"}


def test_the_precision_of_a_file_cannot_be_chosen_and_is_not_made_up(models, tmp_path):
    options = ("-m", "perf", f"--model={models}/half.xml", f"--reports={tmp_path}")
    sentence = sentence_of(run_suite(*options, "--precision=FP32"))
    assert (
        f"{models}/half.xml is a file, and is measured in the precision that it has: leave --precision=FP32 out"
        in sentence
    )
    done = run_suite(*options, "--collect-only", "-v")
    assert f"measuring: model {models}/half.xml; profile" in done.stdout.replace("\n", "")
