"""The Zoo's own downloader and converter, end to end, on a GoogLeNet-v1 with known weights from a server on loopback."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from autogauge.cache import Cache, read_manifest
from autogauge.models import resolve
from autogauge.models.inspect import inspect
from autogauge.models.omz import catalogue, toolchain
from autogauge.probe.launcher import Launcher
from autogauge.rig.workload import Workload
from autogauge.targets import Target
from tests.omz import mirror as mirrors
from tests.omz import onnx_model
from tests.omz.conftest import with_tools
from tests.support import run_cli, run_suite

pytestmark = pytest.mark.omz


@dataclass
class Fetched:
    """What the command line said and did, where it was asked to put things, and who was asked."""

    model: dict
    done: subprocess.CompletedProcess
    mirror: mirrors.Mirror
    world: mirrors.Mirror
    cache: Cache
    models: Path
    home: Path


@pytest.fixture(scope="module")
def fetched(tmp_path_factory, installed, files):
    """GoogLeNet-v1 as the tools made it, fetched from the command line, with what that printed and the mirror was asked for."""
    folder = tmp_path_factory.mktemp("proof")
    cache = with_tools(folder / "cache", installed)
    with mirrors.serving(files) as mirror, mirrors.serving(files) as world:
        models = mirrors.write_configurations(folder / "models", files, mirror.address)
        home = folder / "home"
        home.mkdir()
        done = run_cli(
            *("models", "fetch", "googlenet-v1", "--source=omz", "--precision=FP32", f"--cache={cache.root}", "--json"),
            AUTOGAUGE_OMZ_MODELS=str(models),
            HOME=str(home),
            # Whatever is sent to the world goes by this proxy, which remembers it.
            **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), world.address),
            **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1"),
        )
        assert done.returncode == 0, done.stderr
        yield Fetched(json.loads(done.stdout)[0], done, mirror, world, cache, models, home)


def test_the_real_tools_make_the_ir_of_googlenet_v1(fetched):
    model, done = fetched.model, fetched.done
    assert (model["name"], model["source"], model["precision"]) == ("googlenet-v1", "omz", "FP32")
    assert fetched.mirror.gets == ["/googlenet-v1.prototxt", "/googlenet-v1.caffemodel"]
    manifest = read_manifest(Path(model["path"]).parent)
    counts = {kind: manifest["operators"][kind] for kind in ("Convolution", "MaxPool", "Concat", "LRN")}
    assert counts == {"Convolution": 57, "MaxPool": 13, "Concat": 9, "LRN": 2}
    assert (manifest["inputs"], manifest["outputs"]) == (["[1,3,224,224]"], ["[1,1000]"])
    for word in ("downloading googlenet-v1.prototxt", "converting to FP32", "downloaded googlenet-v1", "converted"):
        assert word in done.stderr
    assert re.search(r"downloading googlenet-v1\.\w+, \d+\.\d of \d+\.\d MiB", done.stderr)
    assert fetched.mirror.heads == 1, "its host is asked once whether it is there"


def test_the_list_says_which_tools_made_it(fetched, installed):
    listed = json.loads(run_cli("models", f"--cache={fetched.cache.root}", "--json").stdout)
    (model,) = [each for each in listed if (each["name"], each["precision"]) == ("googlenet-v1", "FP32")]
    assert (model["source"], model["state"]) == ("omz", "intact")
    assert model["toolchain"] == toolchain.installed(installed).name
    assert model["sha256"] == fetched.model["digest"]


@pytest.mark.parametrize("device", ["CPU", "AUTO"])
def test_its_answers_are_the_embedded_graphs_bit_for_bit(fetched, autogauge_cache, tmp_path, device):
    answers = []
    launcher = Launcher(tmp_path / "probes")
    picture = np.random.default_rng(7).uniform(0, 255, (1, 3, 224, 224)).astype(np.float32)
    np.savez(tmp_path / "inputs.npz", **{"0": picture})
    embedded = resolve.offline("googlenet-v1", "FP32", autogauge_cache)
    for number, model in enumerate((embedded, replace(embedded, path=Path(fetched.model["path"])))):
        inspect(launcher, model)
        workload = Workload(model, tmp_path / "inputs.npz", {}, 1)
        target = Target(device, {"INFERENCE_PRECISION_HINT": "f32"})
        saved = tmp_path / f"{number}.npz"
        launcher.run_once(workload.request("once", target, save_outputs=str(saved)), device)
        with np.load(saved) as outputs:
            answers.append(outputs["0"])
    assert np.array_equal(*answers)
    assert answers[0].std() > 0, "answers that do not depend on the weights would prove nothing"


def test_nothing_is_written_to_the_home(fetched):
    assert [*fetched.home.rglob("*")] == []


def test_nothing_is_sent_but_to_the_mirror(fetched):
    assert fetched.world.connections == 0, "the tools' telemetry is off"


def test_what_is_cached_is_taken_without_a_network(fetched):
    before = len(fetched.mirror.gets)
    words = (
        "models",
        "fetch",
        "googlenet-v1",
        "--source=auto",
        "--precision=FP32",
        f"--cache={fetched.cache.root}",
        "--json",
    )
    done = run_cli(*words, AUTOGAUGE_OMZ_MODELS=str(fetched.models), HTTP_PROXY=mirrors.closed_port(), NO_PROXY="")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["path"] == fetched.model["path"]
    assert len(fetched.mirror.gets) == before


def test_another_precision_needs_no_second_download(fetched):
    before = len(fetched.mirror.gets)
    done = run_cli(
        *(
            "models",
            "fetch",
            "googlenet-v1",
            "--source=omz",
            "--precision=FP16",
            f"--cache={fetched.cache.root}",
            "--json",
        ),
        AUTOGAUGE_OMZ_MODELS=str(fetched.models),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["precision"] == "FP16"
    assert len(fetched.mirror.gets) == before


def test_an_onnx_model_is_converted_too(fetched):
    words = ("models", "fetch", "tiny", "--source=omz", "--precision=FP32", f"--cache={fetched.cache.root}", "--json")
    done = run_cli(*words, AUTOGAUGE_OMZ_MODELS=str(fetched.models))
    assert done.returncode == 0, done.stderr
    path = Path(json.loads(done.stdout)[0]["path"])
    manifest = read_manifest(path.parent)
    assert {kind: manifest["operators"][kind] for kind in ("Convolution", "Relu")} == {"Convolution": 1, "Relu": 1}
    shapes = [[f"[{','.join(map(str, shape))}]"] for shape in (onnx_model.SHAPE, onnx_model.OUTPUT_SHAPE)]
    assert [manifest["inputs"], manifest["outputs"]] == shapes
    assert onnx_model.WEIGHTS.tobytes() in path.with_suffix(".bin").read_bytes()


def test_the_shipped_catalogue_is_what_the_tools_say(installed):
    found = toolchain.installed(installed)
    assert found is not None
    assert catalogue.FILE.read_text() == catalogue.to_json(found.catalogue), f"{sys.executable} -m {catalogue.__name__}"


def test_the_suite_measures_what_it_fetched_and_says_where_it_is_from(tmp_path, installed, files):
    cache = with_tools(tmp_path / "cache", installed)
    with mirrors.serving(files) as mirror:
        models = mirrors.write_configurations(tmp_path / "models", files, mirror.address)
        done = run_suite(
            *("-m", "perf", "--profile=quick", "--model=small", "--model-source=auto", "-k", "as_early_as_the_cpu"),
            *(f"--cache={cache.root}", f"--reports={tmp_path / 'reports'}"),
            AUTOGAUGE_OMZ_MODELS=str(models),
        )
    assert done.returncode == 0, done.stdout
    for words in (
        "downloading small.prototxt",
        "converting to FP16",
        "model small FP16, Open Model Zoo, unknown weights",
    ):
        assert words in done.stdout
    summary = json.loads((tmp_path / "reports" / "latest" / "summary.json").read_bytes())
    assert (summary["model"]["source"], summary["model"]["weights"], summary["model"]["note"]) == ("omz", "unknown", "")
