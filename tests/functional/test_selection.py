"""No device name means AUTO, and AUTO picks the device that its documented rules say. On the session's real model."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.probe.worker.answers import Answers
from autogauge.targets import HINTS, Target, kinds, selectable_by_default

pytestmark = pytest.mark.functional

F32 = {"INFERENCE_PRECISION_HINT": "f32"}


@pytest.fixture(scope="module")
def by_default(autogauge_launcher, autogauge_workload):
    """What a fresh process sees that names no device: the reply, and AUTO's log."""
    return autogauge_launcher.run_once(autogauge_workload.request("once", Target(None)), "by-default")


@pytest.fixture(scope="module")
def explicitly(autogauge_launcher, autogauge_workload):
    """What a fresh process sees that names AUTO."""
    return autogauge_launcher.run_once(autogauge_workload.request("once", Target("AUTO")), "explicitly")


@pytest.fixture(scope="module")
def on_the_cpu(autogauge_launcher, autogauge_workload):
    """What a fresh process sees that names the CPU."""
    return autogauge_launcher.run_once(autogauge_workload.request("once", Target("CPU")), "on-the-cpu")


def test_no_device_name_is_auto(by_default, on_the_cpu):
    reply, log = by_default
    assert log.selected, "AUTO's log says which device it selects"
    assert reply["priorities"] is not None, "the compiled model knows MULTI_DEVICE_PRIORITIES, which only AUTO's do"
    assert on_the_cpu[0]["priorities"] is None
    assert on_the_cpu[1].lines == 0, "without AUTO nobody logs as AUTO"


def test_naming_auto_selects_the_same(by_default, explicitly):
    (default, default_log), (named, named_log) = by_default, explicitly
    assert default_log.selected == named_log.selected
    for fact in ("execution_devices_before", "execution_devices", "priorities", "hint", "optimal_infer_requests"):
        assert default[fact] == named[fact], fact


def test_auto_selects_the_cpu_exactly_where_there_is_no_accelerator_for_the_model(
    by_default, autogauge_available_devices, autogauge_inspection
):
    assert kinds(by_default[1].selected[:1]) <= kinds(
        selectable_by_default(autogauge_available_devices, autogauge_inspection.precision)
    )


def test_the_log_and_the_execution_devices_agree(explicitly):
    reply, log = explicitly
    answered = {device.strip("()") for device in reply["execution_devices"]}
    assert answered <= set(log.finished), "who answers has been compiled"
    if not any(device.startswith("(") for device in reply["execution_devices"]):
        assert answered == set(log.selected)
    else:
        assert log.cpu_helper_started


def test_autos_default_hint_is_latency(by_default):
    assert by_default[0]["hint"] == "LATENCY"
    assert set(by_default[1].properties["CPU"]["PERFORMANCE_HINT"].split()) == {"LATENCY"}


def outputs_of(probe, path):
    probe.infer(path)
    with np.load(path) as saved:
        return [saved[name] for name in saved.files]


class Given:
    """Outputs that have been saved, as an infer request would show them."""

    def __init__(self, outputs):
        self.outputs = outputs

    def get_output_tensor(self, index):
        return SimpleNamespace(data=self.outputs[index])


@pytest.mark.parametrize("hint", HINTS)
def test_auto_answers_what_the_cpu_answers(autogauge_compiled, hint, tmp_path, autogauge_model, autogauge_workload):
    ours = outputs_of(autogauge_compiled("AUTO", hint, **F32), tmp_path / "auto.npz")
    expected, once_more = (outputs_of(autogauge_compiled("CPU", hint, **F32), tmp_path / "cpu.npz") for _ in range(2))
    assert [output.shape for output in ours] == [output.shape for output in expected]
    random = {*autogauge_workload.random_outputs, *Answers(expected).wrong(Given(once_more))}
    held = [None if index in random else output for index, output in enumerate(expected)]
    assert Answers(held).wrong(Given(ours)) == []
    if len(random) == len(expected):
        pytest.skip("no answer is held against the CPU's: its own differ from one inference to the next")
    if autogauge_model.name == "googlenet-v1":
        assert ours[0].shape == (1, 1000)
        assert ours[0].sum() == pytest.approx(1, abs=1e-3)


def differs(one, other):
    """Whether two outputs say something else: in their shape, in a whole number, or by a thousandth of their size."""
    if one.shape != other.shape or one.dtype.kind not in "f":
        return not np.array_equal(one, other)
    return bool(np.nanmax(np.abs(one - other), initial=0) > 1e-3 * np.nanmax(np.abs(one), initial=0))


def test_the_answer_depends_on_the_picture(autogauge_launcher, autogauge_workload, autogauge_inputs, tmp_path):
    if not autogauge_inputs.pictures:
        pytest.skip(f"the model is fed no picture ({'; '.join(autogauge_inputs.kinds)})")
    another = tmp_path / "another.npz"
    arrays = {str(index): array for index, array in enumerate(autogauge_inputs.arrays)}
    negative = {
        str(index): arrays[str(index)].max() - arrays[str(index)][:, ::-1] for index in autogauge_inputs.pictures
    }
    np.savez(another, **{**arrays, **negative})
    answers = []
    for fed in (autogauge_workload, dataclasses.replace(autogauge_workload, inputs=another)):
        request = fed.request("once", Target("CPU", F32), save_outputs=str(tmp_path / "outputs.npz"))
        autogauge_launcher.run_once(request, "picture")
        with np.load(tmp_path / "outputs.npz") as saved:
            answers.append([saved[name] for name in saved.files])
    assert any(differs(one, other) for one, other in zip(*answers, strict=True))
