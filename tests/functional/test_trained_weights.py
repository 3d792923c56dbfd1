"""With learned weights AUTO sees what is in a picture: being fast never hides being wrong."""

import functools
from pathlib import Path

import numpy as np
import pytest

from autogauge.inputs import prepare
from autogauge.models import resolve
from autogauge.models.inspect import inspect
from autogauge.probe.launcher import Launcher
from autogauge.rig.workload import Workload
from autogauge.targets import HINTS, Target

pytestmark = pytest.mark.functional

ESPRESSO, EGYPTIAN_CAT = 967, 285  # classes of ImageNet


@pytest.fixture(scope="module")
def answers(tmp_path_factory, autogauge_cache):
    """A function from a picture of scikit-image, a device, a precision and a hint to the 1000 probabilities, each asked once."""
    skimage = pytest.importorskip("skimage", reason="the pictures need scikit-image: pip install scikit-image")
    folder = tmp_path_factory.mktemp("trained")
    launcher = Launcher(folder / "probes")

    @functools.cache
    def model_and_ports(precision):
        model = resolve.offline("efficientnet-lite0", precision, autogauge_cache)
        return model, inspect(launcher, model).ports

    @functools.cache
    def ask(picture, device, precision, hint=None):
        target = Target.with_hint(device, hint)
        model, ports = model_and_ports(precision)
        inputs = prepare(ports, Path(skimage.__file__).parent / "data" / picture)
        inputs.save(folder / "inputs.npz")
        workload = Workload(model, folder / "inputs.npz", {}, inputs.frames)
        request = workload.request("once", target, save_outputs=str(folder / "outputs.npz"))
        launcher.run_once(request, target.label)
        with np.load(folder / "outputs.npz") as outputs:
            return outputs["0"][0]

    return ask


@pytest.mark.parametrize(("device", "precision"), [("CPU", "FP16"), ("AUTO", "FP16"), ("AUTO", "FP32")])
@pytest.mark.parametrize(
    ("picture", "what", "least"), [("coffee.png", ESPRESSO, 0.8), ("chelsea.png", EGYPTIAN_CAT, 0.6)]
)
def test_a_picture_is_seen_for_what_it_shows(answers, picture, what, least, device, precision):
    seen = answers(picture, device, precision)
    assert seen.argmax() == what
    assert seen[what] >= least
    assert abs(seen.sum() - 1) < 1e-3


@pytest.mark.parametrize("hint", HINTS)
def test_a_hint_does_not_change_what_auto_sees(answers, hint):
    hinted = answers("coffee.png", "AUTO", "FP16", hint)
    assert hinted.argmax() == ESPRESSO
    assert np.allclose(hinted, answers("coffee.png", "CPU", "FP16"), atol=0.02)
