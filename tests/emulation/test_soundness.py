"""The emulated GPU computes what the CPU computes, and says that it is emulated."""

import importlib.util
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
from autogauge.studies.pool import ProbePool
from autogauge.targets import Target
from tests.support import ROOT

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


QUEUES = """
import ctypes, json, sys
from autogauge.probe.worker.emulation import switch_on
parts = json.loads(sys.argv[1])
switch_on(parts)
cl = ctypes.CDLL(parts["loader"])
cl.clCreateContext.restype = cl.clCreateCommandQueue.restype = ctypes.c_void_p
cl.clCreateCommandQueueWithProperties.restype = ctypes.c_void_p
platform, device = ctypes.c_void_p(), ctypes.c_void_p()
assert cl.clGetPlatformIDs(1, ctypes.byref(platform), None) == 0
assert cl.clGetDeviceIDs(platform, ctypes.c_uint64(0xFFFFFFFF), 1, ctypes.byref(device), None) == 0
error = ctypes.c_int()
context = ctypes.c_void_p(cl.clCreateContext(None, 1, ctypes.byref(device), None, None, ctypes.byref(error)))
out_of_order, profiling, properties = 1, 2, 0x1093
listed = (ctypes.c_uint64 * 3)(properties, out_of_order | profiling, 0)
queues = [
    cl.clCreateCommandQueue(context, device, ctypes.c_uint64(out_of_order | profiling), ctypes.byref(error)),
    cl.clCreateCommandQueueWithProperties(context, device, listed, ctypes.byref(error)),
]
for queue in queues:
    found = ctypes.c_uint64()
    assert cl.clGetCommandQueueInfo(ctypes.c_void_p(queue), properties, 8, ctypes.byref(found), None) == 0
    print(found.value)
"""


def test_queues_keep_their_order_and_their_other_properties(emulation):
    """Out of order, several requests in flight end in a deadlock of the runtime, in one process of three."""
    done = subprocess.run(
        [sys.executable, "-c", QUEUES, json.dumps(asdict(emulation))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["2", "2"], done.stderr


@pytest.mark.slow
def test_several_requests_in_flight_end_and_answer_right(emulated, small_cnn, tmp_path):
    answers = []
    for device in ("GPU", "CPU"):
        target = Target(device, {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT"})
        pool = ProbePool(emulated, small_cnn, warm_up_s=0.5, infer_requests=4, deadline_s=60)
        try:
            assert pool.warm(target).slice(0.5)["fps"] > 0
            pool.warm(target).infer(tmp_path / "answer.npz")
        finally:
            trouble = pool.close()
        assert not trouble
        with np.load(tmp_path / "answer.npz") as saved:
            answers.append(saved["0"])
    assert np.abs(answers[0] - answers[1]).max() <= TOLERANCE


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


@pytest.mark.slow
def test_the_compiler_that_pip_installs_builds_the_layer_too(tmp_path, monkeypatch, emulation):
    from autogauge.cache import Cache

    if importlib.util.find_spec("ziglang") is None:
        pytest.fail(f"no compiler from pip: {parts.INSTALL}", pytrace=False)
    monkeypatch.setattr(parts, "COMPILERS", ())
    built = parts.prepare(Cache(tmp_path / "cache"))
    assert built.layer != emulation.layer
    devices = Launcher(tmp_path / "probes", emulation=built).describe()["devices"]
    assert any(device["full_name"].startswith("emulated GPU") for device in devices)


def test_the_soundness_check_runs_on_the_interpreter_that_it_is_given(emulation, tmp_path):
    script = ROOT / "benchmarks" / "emulation_soundness.py"
    done = subprocess.run(
        [sys.executable, str(script), f"--python={tmp_path}/no-python"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert f"cannot start {tmp_path}/no-python" in done.stderr
    assert "Traceback" not in done.stderr
