"""Two emulated GPUs, a discrete one, another vendor's, and their faults: each in a real process, with the real GPU plugin."""

import ctypes
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from autogauge.models import tiny
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import EmulatedGpu, ProbeRequest
from autogauge.probe.worker.emulation import GPUS, VARIABLE, best_class, processor_flags
from tests.properties import untimed
from tests.support import ROOT

DEADLINE_S = 60
TWO = (EmulatedGpu(), EmulatedGpu(discrete=True))
PRELUDE = """
import json, os, sys, threading, time
sys.modules["openvino_telemetry"] = None
from autogauge.probe.worker import emulation
emulation.choose_class()
emulation.switch_on(json.loads(sys.argv[1]))
import numpy as np
import openvino as ov
try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

def model(length):
    given = ops.parameter([1, length], np.float32)
    return ov.Model([ops.result(ops.relu(given))], [given], "relu")

def ones(length):
    return [np.ones((1, length), np.float32)]

def raises(action):
    try:
        action()
    except RuntimeError:
        return True
    return False

def seconds_of(action):
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin

def counts(device):
    return [emulation.count(device, what) for what in ("build", "build-fault", "launch", "launch-fault")]

def wait_until(condition):
    stop = time.monotonic() + 30
    while not condition() and time.monotonic() < stop:
        time.sleep(0.01)
    return condition()

core = ov.Core()
"""


def run(emulation, devices, script, slowness=1.0, *, expected=0, **environment):
    """What the script tells of these devices: the JSON of its last line; nothing of one that is expected to fail."""
    parts = json.dumps(asdict(replace(emulation, devices=devices)))
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script, parts],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S * slowness,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    assert done.returncode == expected, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) if expected == 0 else done.stderr


SEEN = """
def of(name):
    return str(core.get_property(name, "DEVICE_TYPE")).rpartition(".")[2], core.get_property(name, "DEVICE_ARCHITECTURE").split()[1]
seen = {name: of(name) for name in core.available_devices if name != "CPU"}
names = [core.get_property(name, "FULL_DEVICE_NAME").startswith("emulated GPU") for name in seen]
"""
AUTOS = """
compiled = core.compile_model(model(8), "AUTO")
print(json.dumps([seen, compiled.get_property("MULTI_DEVICE_PRIORITIES")]))
"""


def test_two_gpus_fail_and_recover_each_for_itself(emulation, slowness):
    found = run(
        emulation,
        (EmulatedGpu(), EmulatedGpu(discrete=True, vendor="other", build="fail", after=1)),
        SEEN
        + """
first = core.compile_model(model(8), "GPU.0")
told = {"seen": seen, "emulated": names, "answers": [float(first(ones(8))[0].sum())]}
core.compile_model(model(9), "GPU.1")
told["build fails"] = raises(lambda: core.compile_model(model(10), "GPU.1"))
told["the other one builds"] = not raises(lambda: core.compile_model(model(11), "GPU.0"))
emulation.fault(0, "launch", "fail", after=1)
told["launches"] = [raises(lambda: first(ones(8))) for _ in range(3)]
emulation.fault(0, "launch", "")
told["answers"].append(float(first(ones(8))[0].sum()))
told["counts"] = [counts(0), counts(1)]
told["kernels"] = emulation.kept_kernels() > 0
del first
told["kernels then"] = emulation.kept_kernels()
print(json.dumps(told))
""",
        slowness,
    )
    assert found == {
        "seen": {"GPU.0": ["INTEGRATED", "vendor=0x8086"], "GPU.1": ["DISCRETE", "vendor=0xa0a0"]},
        "emulated": [True, True],
        "build fails": True,
        "the other one builds": True,
        "launches": [False, True, True],
        "answers": [8, 8],
        "counts": [[2, 0, 5, 2], [2, 1, 0, 0]],
        "kernels": True,
        "kernels then": 0,
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("devices", "seen", "priorities"),
    [
        ((), {"GPU": ["INTEGRATED", "vendor=0x8086"]}, "GPU,CPU"),
        (
            TWO,
            {"GPU.0": ["INTEGRATED", "vendor=0x8086"], "GPU.1": ["DISCRETE", "vendor=0x8086"]},
            "GPU.1,GPU.0,CPU",
        ),
        (
            (EmulatedGpu(), EmulatedGpu()),
            {"GPU.0": ["INTEGRATED", "vendor=0x8086"], "GPU.1": ["INTEGRATED", "vendor=0x8086"]},
            "GPU.0,GPU.1,CPU",
        ),
        (
            (EmulatedGpu(), EmulatedGpu(discrete=True, vendor="other")),
            {"GPU.0": ["INTEGRATED", "vendor=0x8086"], "GPU.1": ["DISCRETE", "vendor=0xa0a0"]},
            "GPU.0,CPU",
        ),
        (
            (EmulatedGpu(), EmulatedGpu(vendor="other")),
            {"GPU.0": ["INTEGRATED", "vendor=0x8086"], "GPU.1": ["INTEGRATED", "vendor=0xa0a0"]},
            "GPU.0,CPU",
        ),
        (
            (EmulatedGpu(discrete=True), EmulatedGpu(vendor="other")),
            {"GPU.0": ["DISCRETE", "vendor=0x8086"], "GPU.1": ["INTEGRATED", "vendor=0xa0a0"]},
            "GPU.0,CPU",
        ),
        ((EmulatedGpu(discrete=True),), {"GPU": ["DISCRETE", "vendor=0x8086"]}, "GPU,CPU"),
        ((EmulatedGpu(vendor="other"),), {"GPU": ["INTEGRATED", "vendor=0xa0a0"]}, "CPU"),
    ],
    ids=[
        "one",
        "discrete",
        "two",
        "discrete other vendor",
        "other vendor",
        "discrete and another vendor",
        "one discrete",
        "one of another",
    ],
)
def test_auto_sees_what_was_asked_for(emulation, slowness, devices, seen, priorities):
    found = run(emulation, devices, SEEN + AUTOS, slowness)
    if len(devices) < 2:
        found[1] = found[1].replace("GPU.0", "GPU")  # 2024.6 says GPU
    assert found == [seen, priorities]


def test_an_integrated_gpu_can_lack_int8_whatever_the_processor_is_called(emulation, slowness):
    told = """
has = lambda name: "INT8" in core.get_property(name, "OPTIMIZATION_CAPABILITIES")
print(json.dumps({name: has(name) for name in core.available_devices if name != "CPU"}))
"""
    devices = (EmulatedGpu(without_int8=True), EmulatedGpu(discrete=True))
    assert run(emulation, devices, told, slowness) == {"GPU.0": False, "GPU.1": True}


@pytest.mark.slow
def test_one_processor_is_enough_for_two(emulation, slowness):
    script = "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os\n" + script + PRELUDE + SEEN + AUTOS,
            json.dumps(asdict(replace(emulation, devices=TWO))),
        ],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S * slowness,
        check=True,
        cwd=ROOT,
    )
    assert json.loads(found.stdout.splitlines()[-1])[1] == "GPU.1,GPU.0,CPU"


@pytest.mark.slow
def test_what_hangs_goes_on_when_the_fault_is_taken_away(emulation, slowness):
    found = run(
        emulation,
        (EmulatedGpu(build="hang", after=1), EmulatedGpu(launch="hang")),
        """
first, second = core.compile_model(model(8), "GPU.0"), core.compile_model(model(8), "GPU.1")
compiled = core.compile_model(model(9), "AUTO:GPU.0,CPU")
told = {"build hangs": wait_until(lambda: emulation.count(0, "build-fault") == 1)}
told["helper"] = [float(compiled(ones(9))[0].sum()), compiled.get_property("EXECUTION_DEVICES")]
emulation.fault(0, "build", "")
told["then"] = wait_until(lambda: compiled.get_property("EXECUTION_DEVICES") == ["GPU.0"])
request = second.create_infer_request()
request.start_async(ones(8))
told["launch hangs"] = [request.wait_for(300), emulation.count(1, "launch-fault")]
emulation.fault(1, "launch", "")
request.wait()
told["answer"] = float(request.get_output_tensor(0).data.sum())
emulation.fault(1, "launch", "hang")
request.start_async(ones(8))
told["hangs again"] = wait_until(lambda: emulation.count(1, "launch-fault") == 2)
emulation.fault(1, "launch", "fail")
told["a hang that ends in a failure"] = raises(request.wait)
print(json.dumps(told))
""",
        slowness,
    )
    assert found == {
        "build hangs": True,
        "helper": [9, ["(CPU)"]],
        "then": True,
        "launch hangs": [False, 1],
        "answer": 8,
        "hangs again": True,
        "a hang that ends in a failure": True,
    }


@pytest.mark.slow
def test_a_slow_build_takes_longer_and_can_be_cut_short(emulation, slowness):
    found = run(
        emulation,
        (EmulatedGpu(build="slow:0.5"),),
        """
told = [seconds_of(lambda: core.compile_model(model(8), "GPU")) >= 0.5, counts(0)[:2]]
emulation.fault(0, "build", "slow:1000")
compiling = threading.Thread(target=core.compile_model, args=(model(9), "GPU"))
compiling.start()
told.append(wait_until(lambda: emulation.count(0, "build-fault") == 2))
emulation.fault(0, "build", "")
compiling.join(30)
print(json.dumps([*told, compiling.is_alive()]))
""",
        slowness,
    )
    assert found == [True, [1, 1], True, False]


@pytest.mark.slow
def test_a_hundred_models_leave_no_program_behind(emulation, slowness):
    """Programs that were kept for good cost 2.7 MiB a model of one ReLU, 9 MiB where there are convolutions."""
    script = """
def resident_mib():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

seen, kept, wrong = [], [], 0
for number in range(100):
    compiled = core.compile_model(model(8 + number), "GPU")
    wrong += float(compiled(ones(8 + number))[0].sum()) != 8 + number
    del compiled
    seen.append(resident_mib())
    kept.append(emulation.kept_kernels())
print(json.dumps([seen[-1] - seen[29], max(kept), wrong, emulation.count(0, "build")]))
"""
    grown_mib, kept, wrong, builds = run(emulation, (), script, 2 * slowness)
    assert (kept, wrong, builds) == (0, 0, 100)
    assert grown_mib < 70, "seventy models more"


@pytest.mark.slow
def test_the_end_of_a_process_does_not_wait_for_a_launch_that_hangs(emulation, slowness):
    script = """
compiled = core.compile_model(model(8), "GPU")
emulation.fault(0, "launch", "hang")
request = compiled.create_infer_request()
request.start_async(ones(8))
assert wait_until(lambda: emulation.count(0, "launch-fault") == 1)
os._exit(3)
"""
    run(emulation, (), script, slowness, expected=3)


@pytest.mark.slow
def test_the_users_environment_emulates_nothing(emulation, slowness):
    """What another process was given, or somebody tried, changes no probe."""
    script = f"print(json.dumps([emulation.GPUS in os.environ, emulation.GPUS == {GPUS!r}]))"
    assert run(emulation, (), script, slowness, **{GPUS: "discrete;discrete"}) == [False, True]


@pytest.mark.slow
def test_the_steps_of_a_case_let_a_gpu_fail_and_say_that_it_did(emulation, autogauge_cache, tmp_path):
    steps = (
        {"do": "compile", "model": "relu", "device": "GPU.1"},
        {"do": "fault", "gpu": 1, "what": "launch", "how": "fail"},
        {"do": "infer"},
        {"do": "fault", "name": "off", "gpu": 1, "what": "launch", "how": ""},
        {"do": "infer", "name": "again"},
        {"do": "count", "gpu": 0, "until": "build", "within_s": 0.1},
        {"do": "fault", "name": "misspelt", "gpu": 1, "what": "lunch", "how": "fail"},
    )
    models = {"relu": str(tiny.paths(autogauge_cache)["relu"])}
    launcher = Launcher(tmp_path / "probes", emulation=replace(emulation, devices=TWO))
    seen = launcher.run_case(ProbeRequest("case", models=models, steps=steps), "faults")
    assert seen.ending is None
    assert seen.value("infer", "errors") or seen.error("infer")
    assert seen.value("off", "launch-fault") == 1
    assert not seen.value("again", "errors")
    assert seen.value("count", "build") == 0, "it waits no longer than it was told"
    assert "lunch" in seen.error("misspelt")


LAYER = """
import ctypes, os, sys
layer = ctypes.CDLL(sys.argv[1])
layer.autogauge_read.restype = ctypes.c_char_p
print((layer.autogauge_read() or b"").decode(), layer.autogauge_gpus())
"""
INIT = """
nothing = (ctypes.c_void_p * 200)()
layer.clInitLayer(200, nothing, ctypes.byref(ctypes.c_uint()), ctypes.byref(ctypes.c_void_p()))
"""


def layer_alone(emulation, given, script=LAYER):
    return subprocess.run(
        [sys.executable, "-c", script, emulation.layer],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env={**os.environ, GPUS: given},
    )


@pytest.mark.parametrize(
    "given", ["", "discreet", "integrated;", "after=-1", "build=slow:", "build", "discrete,,", "vendor=", "int8=maybe"]
)
def test_what_the_layer_cannot_read_is_said_and_emulates_nothing(emulation, given):
    assert f"{GPUS} has a word that the emulated GPU does not know: '" in layer_alone(emulation, given).stdout
    done = layer_alone(emulation, given, LAYER + INIT)
    assert done.returncode == -6, "OpenCL's loader would only pass over the layer"
    assert "does not know" in done.stderr


def test_more_gpus_than_there_can_be_are_refused_by_both(emulation):
    assert f"{GPUS} names more than 2 GPUs" in layer_alone(emulation, "discrete;discrete;discrete").stdout
    with pytest.raises(ValueError, match="at most 2 GPUs are emulated, not 3"):
        replace(emulation, devices=(EmulatedGpu(),) * 3)
    with pytest.raises(ValueError, match="name them in that order"):
        replace(emulation, devices=(EmulatedGpu(discrete=True), EmulatedGpu()))


@pytest.mark.parametrize(
    "fields",
    [
        {"vendor": "amd"},
        {"build": "crash"},
        {"launch": "slow"},
        {"launch": "slow:-1"},
        {"after": -1},
        {"discrete": True, "without_int8": True},
    ],
)
def test_a_gpu_that_cannot_be_emulated_is_refused(fields):
    with pytest.raises(ValueError, match="an emulated GPU's"):
        EmulatedGpu(**fields)


def test_the_layer_reads_every_fault_that_a_request_may_name_and_no_other(emulation):
    from hypothesis import given
    from hypothesis import strategies as st

    from autogauge.probe.request import _FAULT

    layer = ctypes.CDLL(emulation.layer)
    known = st.from_regex(_FAULT, fullmatch=True, alphabet=st.characters(codec="ascii"))

    @untimed()
    @given(
        st.one_of(known, st.text(st.characters(codec="ascii", exclude_characters="\0")), st.text("slow:.019e- xfail"))
    )
    def holds(how):
        taken = layer.autogauge_fault(0, b"build", how.encode(), 0) == 0
        assert taken or not _FAULT.fullmatch(how)
        assert not taken or how in ("", "fail", "hang") or re.fullmatch(r"slow:[0-9.]+", how)

    holds()
    assert layer.autogauge_fault(1, b"build", b"", 0) == layer.autogauge_fault(-1, b"build", b"", 0) == -1
    assert layer.autogauge_fault(0, b"builds", b"", 0) == layer.autogauge_fault(0, b"build", b"", -1) == -1


@pytest.mark.parametrize("without_gpu", [False, True])
def test_a_process_without_gpu_sees_none_that_the_machine_has(tmp_path, monkeypatch, emulation, without_gpu):
    """The emulated GPU stands in for the machine's own: by the environment, before the process begins."""
    libraries = {str(Path(each).parent) for each in (emulation.loader, *emulation.libraries)}
    for name, value in {
        "OCL_ICD_FILENAMES": emulation.runtime,
        "OPENCL_LAYERS": emulation.layer,
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        VARIABLE: best_class(processor_flags()),
    }.items():
        monkeypatch.setenv(name, value)
    request = ProbeRequest("case", steps=({"do": "ask"},), without_gpu=without_gpu, deadline_s=DEADLINE_S)
    seen = Launcher(tmp_path / "bare").run_case(request, "ask")
    assert [each["name"] for each in seen.value("ask", "available")] == (["CPU"] if without_gpu else ["CPU", "GPU"])
