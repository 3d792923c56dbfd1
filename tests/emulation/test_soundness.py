"""The emulated GPU computes what the CPU computes, and says that it is emulated."""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from autogauge.emulation import parts
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeFailed
from autogauge.targets import Target

TOLERANCE = 1e-4
OPERATORS = Path(__file__).with_name("operators.py")
DEADLINE_S = 120


@pytest.fixture(scope="module")
def operators(emulation):
    """How far each operator on the emulated GPU is from the CPU."""
    done = subprocess.run(
        [sys.executable, str(OPERATORS), json.dumps(asdict(emulation))],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {found["operator"]: found for found in map(json.loads, done.stdout.splitlines())}


def test_every_operator_answers_as_on_the_cpu(operators):
    assert len(operators) == 15
    assert all(found["largest"] > 0 for found in operators.values())
    wrong = {name: found["apart"] for name, found in operators.items() if not found["apart"] <= TOLERANCE}
    assert not wrong


def test_the_small_cnn_answers_as_on_the_cpu(emulated, small_cnn, tmp_path):
    answers = []
    for device in ("GPU", "CPU"):
        path = tmp_path / f"{device}.npz"
        target = Target(device, {"INFERENCE_PRECISION_HINT": "f32"})
        reply, _ = emulated.run_once(small_cnn.request("once", target, save_outputs=str(path)), device)
        assert {name.partition(".")[0] for name in reply["execution_devices"]} == {device}
        with np.load(path) as saved:
            answers.append(saved["0"])
    gpu, cpu = answers
    assert gpu.shape == (1, 10)
    assert np.abs(gpu - cpu).max() <= TOLERANCE
    assert gpu.argmax() == cpu.argmax()
    assert gpu.sum() == pytest.approx(1, abs=1e-5)


def test_the_emulated_gpu_says_that_it_is_one(prepared):
    gpu = next(device for device in prepared[1].devices if device.kind == "GPU")
    assert gpu.is_emulated
    assert gpu.full_name.startswith("emulated GPU on ")
    assert "FP16" not in gpu.capabilities, "half precision would take minutes to compile"


def test_a_probe_without_emulation_sees_none(tmp_path, small_cnn):
    devices = Launcher(tmp_path / "probes").describe()["devices"]
    assert not any(device["full_name"].startswith("emulated") for device in devices)


def test_a_layer_that_does_not_load_is_a_failure_of_its_phase(tmp_path, emulation, small_cnn):
    (tmp_path / "layer.so").write_text("no library")
    broken = Launcher(tmp_path / "probes", emulation=replace(emulation, layer=str(tmp_path / "layer.so")))
    with pytest.raises(ProbeFailed) as caught:
        broken.run_once(small_cnn.request("once", Target("GPU")), "broken")
    assert caught.value.failure.phase == "emulation"
    assert "layer.so" in caught.value.failure.reason


def test_the_layer_is_built_once_a_machine(emulation, cache):
    built = Path(emulation.layer).stat().st_mtime_ns
    assert parts.prepare(cache) == emulation
    assert Path(emulation.layer).stat().st_mtime_ns == built


def test_the_compiler_that_pip_installs_builds_the_layer_too(tmp_path, monkeypatch, emulation, small_cnn):
    from autogauge.cache import Cache

    pytest.importorskip("ziglang", reason=f"no compiler from pip: {parts.INSTALL}")
    monkeypatch.setattr(parts, "COMPILERS", ())
    built = parts.prepare(Cache(tmp_path / "cache"))
    assert built.layer != emulation.layer
    reply, _ = Launcher(tmp_path / "probes", emulation=built).run_once(small_cnn.request("once", Target("GPU")), "zig")
    assert reply["execution_devices"][0].startswith("GPU")
