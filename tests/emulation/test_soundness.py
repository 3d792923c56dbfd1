"""The emulated GPU computes what the CPU computes, and says that it is emulated."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from autogauge.cache import Cache
from autogauge.emulation import parts
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeFailed
from autogauge.rig import trial
from autogauge.rig.pool import ProbePool
from autogauge.targets import Target
from tests.support import ROOT, run_module

TOLERANCE = 1e-4
OPERATORS = Path(__file__).with_name("operators.py")
DEADLINE_S = 120


@pytest.fixture(scope="module")
def operators(emulation, slowness):
    """How far each operator on the emulated GPU is from the CPU."""
    done = subprocess.run(
        [sys.executable, str(OPERATORS), json.dumps(asdict(emulation))],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S * slowness,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {found["operator"]: found for found in map(json.loads, done.stdout.splitlines())}


@pytest.mark.slow
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


CONTEXT = """
import ctypes, json, sys
from autogauge.probe.worker.emulation import choose_class, switch_on
parts = json.loads(sys.argv[1])
choose_class()
switch_on(parts)
cl = ctypes.CDLL(parts["loader"])
cl.clCreateContext.restype = cl.clCreateCommandQueue.restype = ctypes.c_void_p
cl.clCreateCommandQueueWithProperties.restype = cl.clGetExtensionFunctionAddressForPlatform.restype = ctypes.c_void_p
cl.clGetExtensionFunctionAddress.restype = ctypes.c_void_p
platform, device = ctypes.c_void_p(), ctypes.c_void_p()
assert cl.clGetPlatformIDs(1, ctypes.byref(platform), None) == 0
assert cl.clGetDeviceIDs(platform, ctypes.c_uint64(0xFFFFFFFF), 1, ctypes.byref(device), None) == 0
error = ctypes.c_int()
context = ctypes.c_void_p(cl.clCreateContext(None, 1, ctypes.byref(device), None, None, ctypes.byref(error)))
"""
QUEUES = """
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


def printed_by(lines, emulation, folder=ROOT):
    """What lines of Python print that follow a context on the emulated GPU, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CONTEXT + lines, json.dumps(asdict(emulation))],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_queues_keep_their_order_and_their_other_properties(emulation):
    """Out of order, several requests in flight end in a deadlock of the runtime, in one process of three."""
    assert printed_by(QUEUES, emulation) == ["2", "2"]


ALLOCATIONS = """
address = ctypes.c_uint64
mem_flags, unrestricted_size, alloc_flags, write_combined, unknown = 0x1101, 1 << 23, 0x4195, 1, 0x7777
for ask in (lambda name: cl.clGetExtensionFunctionAddressForPlatform(platform, name), cl.clGetExtensionFunctionAddress):
    for name in (b"clHostMemAllocINTEL", b"clDeviceMemAllocINTEL", b"clSharedMemAllocINTEL"):
        devices = [] if b"Host" in name else [device]
        alloc = ctypes.CFUNCTYPE(
            ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_void_p] * len(devices), ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint,
            ctypes.c_void_p)(ask(name))
        for properties in (
            None, [], [mem_flags, unrestricted_size], [mem_flags, unrestricted_size, alloc_flags, write_combined],
            [alloc_flags, write_combined, mem_flags, unrestricted_size], [unknown, 1], [alloc_flags, write_combined] * 20,
        ):
            listed = None if properties is None else (ctypes.c_uint64 * (len(properties) + 1))(*properties, 0)
            found = alloc(context, *devices, listed, 4096, 0, ctypes.byref(error))
            print(name.decode(), bool(found), error.value)
print(bool(cl.clGetExtensionFunctionAddressForPlatform(platform, b"clNoSuchFunction")))
"""


def test_allocations_of_any_size_are_had_by_dropping_the_property_that_the_runtime_does_not_know(emulation):
    """Releases such as 2025.4 ask for them, and no model compiles with a cache otherwise; other unknown properties stay errors."""
    *found, no_such = printed_by(ALLOCATIONS, emulation)
    invalid_property, invalid_value = "-64", "-30"
    for kind in ("Host", "Device", "Shared"):
        given = [line.split()[1:] for line in found if line.startswith(f"cl{kind}MemAllocINTEL")]
        assert given[:7] == given[7:], "asked for by either function"
        assert given[:5] == [["True", "0"]] * 5
        assert given[5] == ["False", invalid_property]
        assert given[6] == ["False", invalid_value]
    assert no_such == "False"


@pytest.mark.slow
def test_several_requests_in_flight_end_and_answer_right(emulated, small_cnn, slowness, tmp_path):
    answers = []
    for device in ("GPU", "CPU"):
        target = Target(device, {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT"})
        pool = ProbePool(emulated, small_cnn, warm_up_s=0.5, infer_requests=4, deadline_s=60 * slowness)
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


def test_a_colon_in_any_path_is_no_matter(tmp_path, emulation):
    """The loader takes its layers and drivers from lists between colons."""
    folder = tmp_path / "10:30"
    folder.mkdir()
    for part in ("layer", "runtime"):
        (folder / part).symlink_to(Path(getattr(emulation, part)).parent)
    moved = replace(
        emulation,
        layer=str(folder / "layer" / Path(emulation.layer).name),
        runtime=str(folder / "runtime" / Path(emulation.runtime).name),
    )
    devices = Launcher(folder / "probes", emulation=moved).describe()["devices"]
    assert any(device["full_name"].startswith("emulated GPU") for device in devices)


@pytest.mark.slow
def test_a_cache_whose_path_has_a_colon_serves_a_whole_trial(tmp_path, emulation):
    folder = tmp_path / "10:30"
    launcher = Launcher(folder / "probes", emulation=parts.prepare(Cache(folder / "cache")))
    assert trial.attempt(Cache(folder / "cache"), launcher).apart < 1e-3


def test_a_layer_that_does_not_load_is_a_failure_of_its_phase(tmp_path, emulation, small_cnn):
    (tmp_path / "layer.so").write_text("no library")
    broken = Launcher(tmp_path / "probes", emulation=replace(emulation, layer=str(tmp_path / "layer.so")))
    with pytest.raises(ProbeFailed) as caught:
        broken.run_once(small_cnn.request("once", Target("GPU")), "broken")
    assert caught.value.failure.phase == "emulation"
    assert "layer.so" in caught.value.failure.reason


def test_the_layer_is_built_once_a_machine(emulation, autogauge_cache):
    built = Path(emulation.layer).stat().st_mtime_ns
    assert parts.prepare(autogauge_cache) == emulation
    assert Path(emulation.layer).stat().st_mtime_ns == built


@pytest.mark.slow
def test_the_compiler_that_pip_installs_builds_the_layer_too(tmp_path, monkeypatch, emulation):
    if importlib.util.find_spec("ziglang") is None:
        pytest.fail(f"no compiler from pip: {parts.INSTALL}", pytrace=False)
    monkeypatch.setattr(parts, "COMPILERS", ())
    built = parts.prepare(Cache(tmp_path / "cache"))
    assert built.layer != emulation.layer
    devices = Launcher(tmp_path / "probes", emulation=built).describe()["devices"]
    assert any(device["full_name"].startswith("emulated GPU") for device in devices)


def test_the_soundness_check_runs_on_the_interpreter_that_it_is_given(emulation, tmp_path):
    done = run_module("benchmarks.emulation_soundness", f"--python={tmp_path}/no-python")
    assert done.returncode == 2
    assert f"cannot start {tmp_path}/no-python" in done.stderr
    assert "Traceback" not in done.stderr
