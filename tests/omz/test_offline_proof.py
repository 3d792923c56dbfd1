"""The Zoo's own downloader and converter, end to end, on a GoogLeNet-v1 with known weights from a server on loopback."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autogauge.cache import read_manifest
from autogauge.models import resolve
from autogauge.models.inspect import inspect
from autogauge.models.omz import catalogue, toolchain
from autogauge.probe.launcher import Launcher
from autogauge.studies.workload import Workload
from autogauge.targets import Target
from tests.omz import mirror as mirrors
from tests.omz.conftest import with_tools
from tests.support import run_cli

pytestmark = pytest.mark.omz


@pytest.fixture(scope="module")
def fetched(tmp_path_factory, installed, files):
    """GoogLeNet-v1 as the tools made it, fetched from the command line, with what that printed and the mirror was asked for."""
    folder = tmp_path_factory.mktemp("proof")
    cache = with_tools(folder / "cache", installed)
    with mirrors.serving(files) as mirror:
        models = mirrors.write_configurations(folder / "models", files, mirror.address)
        home = folder / "home"
        home.mkdir()
        done = run_cli(
            *("models", "fetch", "googlenet-v1", "--source=omz", "--precision=FP32", f"--cache={cache.root}", "--json"),
            AUTOGAUGE_OMZ_MODELS=str(models),
            HOME=str(home),
        )
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout)[0], done, mirror, cache, models, home


def test_the_real_tools_make_the_ir_of_googlenet_v1(fetched):
    model, done, mirror, _, _, _ = fetched
    assert (model["name"], model["source"], model["precision"]) == ("googlenet-v1", "omz", "FP32")
    assert mirror.gets == ["/googlenet-v1.prototxt", "/googlenet-v1.caffemodel"]
    manifest = read_manifest(Path(model["path"]).parent)
    counts = {kind: manifest["operators"][kind] for kind in ("Convolution", "MaxPool", "Concat", "LRN")}
    assert counts == {"Convolution": 57, "MaxPool": 13, "Concat": 9, "LRN": 2}
    assert (manifest["inputs"], manifest["outputs"]) == (["[1,3,224,224]"], ["[1,1000]"])
    for word in ("downloading googlenet-v1.prototxt", "converting to FP32", "downloaded googlenet-v1", "converted"):
        assert word in done.stderr


@pytest.mark.parametrize("device", ["CPU", "AUTO"])
def test_its_answers_are_the_embedded_graphs_bit_for_bit(fetched, cache, tmp_path, device):
    answers = []
    launcher = Launcher(tmp_path / "probes")
    picture = np.random.default_rng(7).uniform(0, 255, (1, 3, 224, 224)).astype(np.float32)
    np.savez(tmp_path / "inputs.npz", **{"0": picture})
    embedded = resolve.fetch("googlenet-v1", "FP32", cache)
    for number, model in enumerate((embedded, replace(embedded, path=Path(fetched[0]["path"])))):
        inspect(launcher, model)
        workload = Workload(model, tmp_path / "inputs.npz", {}, 1)
        target = Target(device, {"INFERENCE_PRECISION_HINT": "f32"})
        saved = tmp_path / f"{number}.npz"
        launcher.run_once(workload.request("once", target, save_outputs=str(saved)), device)
        with np.load(saved) as outputs:
            answers.append(outputs["0"])
    assert np.array_equal(*answers)
    assert answers[0].std() > 0, "answers that do not depend on the weights would prove nothing"


def test_nothing_is_written_to_the_home_and_no_telemetry_is_sent(fetched):
    home = fetched[-1]
    assert [*home.rglob("*")] == []


def test_another_precision_needs_no_second_download(fetched):
    _, _, mirror, cache, models, _ = fetched
    before = len(mirror.gets)
    done = run_cli(
        *("models", "fetch", "googlenet-v1", "--source=omz", "--precision=FP16", f"--cache={cache.root}", "--json"),
        AUTOGAUGE_OMZ_MODELS=str(models),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["precision"] == "FP16"
    assert len(mirror.gets) == before


def test_the_shipped_catalogue_is_what_the_tools_say(installed):
    found = toolchain.installed(installed)
    assert found is not None
    assert catalogue.FILE.read_text() == catalogue.to_json(found.catalogue), f"{sys.executable} -m {catalogue.__name__}"
