"""The doctor says what is missing, why, and what to do; each cause is put before it in a made-up machine."""

import json
import os
import re

import pytest

from autogauge.cache import Cache
from autogauge.doctor import devices, examination, installed
from autogauge.doctor.devices import gpu, npu
from autogauge.doctor.emulated import emulation
from autogauge.doctor.finding import Finding, State
from autogauge.doctor.machine.checks import CHECKS, why_not
from autogauge.emulation import parts
from autogauge.errors import UserError
from autogauge.probe.request import Emulation
from autogauge.report import terminal
from autogauge.targets import Device
from tests.support import require_emulation, run_cli

CPU = Device("CPU", "a CPU")


def by_what(findings):
    return {finding.what: finding for finding in findings}


def put(root, path, text=""):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """An empty root, and which shared libraries the system finds."""
    libraries = {}
    monkeypatch.setattr(devices.ctypes.util, "find_library", libraries.get)
    return tmp_path, libraries


def test_without_intel_graphics_the_emulated_gpu_is_the_next_step(machine):
    root, _ = machine
    put(root, "sys/class/drm/card0/device/vendor", "0x10de\n")
    found = by_what(gpu([CPU], root))
    assert found["hardware"].state is State.ABSENT
    assert "--accelerator=emulated" in found["hardware"].next_step
    for what, package in (("OpenCL loader", "ocl-icd-libopencl1"), ("OpenCL driver", "intel-opencl-icd")):
        assert found[what].state is State.ABSENT
        assert "if there is a GPU" in found[what].next_step
        assert package in found[what].next_step


def test_intel_graphics_without_a_loader_or_a_driver_are_broken_and_no_longer_a_matter_of_whether_there_is_a_gpu(
    machine,
):
    root, _ = machine
    put(root, "sys/class/drm/card0/device/vendor", "0x8086\n")
    put(root, "dev/dri/renderD128")
    found = by_what(gpu([CPU], root))
    for what, package in (("OpenCL loader", "ocl-icd-libopencl1"), ("OpenCL driver", "intel-opencl-icd")):
        assert found[what].state is State.BROKEN
        assert "if there is" not in found[what].next_step
        assert package in found[what].next_step


def test_a_gpu_that_this_user_may_not_open_names_the_group_to_join(machine, monkeypatch):
    root, libraries = machine
    put(root, "sys/class/drm/card1/device/vendor", "0x8086\n")
    put(root, "dev/dri/renderD128")
    put(root, "etc/OpenCL/vendors/intel.icd", "/usr/lib/intel-opencl/libigdrcl.so\n")
    put(root, "etc/OpenCL/vendors/pocl.icd", "libpocl.so\n")
    libraries["OpenCL"] = "libOpenCL.so.1"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = by_what(gpu([CPU], root))
    assert found["hardware"].found == "card1"
    assert found["permission"].state is State.BROKEN
    assert "renderD128 may not be opened" in found["permission"].found
    assert "sudo usermod -aG " in found["permission"].next_step
    assert found["OpenCL loader"].state is found["OpenCL driver"].state is State.OK


def test_a_gpu_that_openvino_does_not_see_though_all_is_there_is_broken(machine):
    root, libraries = machine
    put(root, "sys/class/drm/card1/device/vendor", "0x8086\n")
    put(root, "dev/dri/renderD128")
    put(root, "etc/OpenCL/vendors/intel.icd", "libigdrcl.so\n")
    libraries["OpenCL"] = "libOpenCL.so.1"
    found = by_what(gpu([CPU], root))
    assert found["OpenVINO"].state is State.BROKEN
    assert "clinfo" in found["OpenVINO"].next_step


def test_another_vendors_driver_is_none(machine):
    root, _ = machine
    put(root, "etc/OpenCL/vendors/nvidia.icd", "libnvidia-opencl.so.1\n")
    assert by_what(gpu([CPU], root))["OpenCL driver"].state is State.ABSENT


def test_a_card_without_a_node_lacks_its_kernel_driver(machine):
    root, _ = machine
    put(root, "sys/class/drm/card0/device/vendor", "0x8086\n")
    node = by_what(gpu([CPU], root))["device node"]
    assert node.state is State.BROKEN
    assert "i915" in node.next_step


def test_a_gpu_that_openvino_sees_needs_no_explanation(machine):
    assert gpu([CPU, Device("GPU.0", "a GPU")], machine[0]) == []
    assert npu([CPU, Device("NPU", "an NPU")], machine[0]) == []


@pytest.mark.parametrize(
    ("module", "words"), [(True, "though intel_vpu is loaded"), (False, "intel_vpu is not loaded")]
)
def test_an_npu_that_is_not_there_says_whether_its_module_is(machine, module, words):
    root, _ = machine
    if module:
        (root / "sys/module/intel_vpu").mkdir(parents=True)
    (finding,) = npu([CPU], root)
    assert finding.state is State.ABSENT
    assert words in finding.found


def test_an_npu_without_its_loader_says_what_to_install(machine):
    root, _ = machine
    put(root, "dev/accel/accel0")
    found = by_what(npu([CPU], root))
    assert found["permission"].state is State.OK
    assert found["Level Zero loader"].state is State.BROKEN
    assert "libze1" in found["Level Zero loader"].next_step
    assert "OpenVINO" not in found, "one reason is enough"


def test_an_npu_that_openvino_does_not_see_though_all_is_there_is_broken(machine):
    root, libraries = machine
    put(root, "dev/accel/accel0")
    libraries["ze_loader"] = "libze_loader.so.1"
    *others, last = npu([CPU], root)
    assert {finding.state for finding in others} == {State.OK}
    assert last.state is State.BROKEN
    assert last.what == "OpenVINO"
    assert "intel-level-zero-npu" in last.next_step


def test_without_openvino_nothing_is_said_about_what_it_sees(tmp_path, monkeypatch):
    def absent(*_):
        raise UserError("openvino cannot be imported")

    monkeypatch.setattr(devices, "inspect", absent)
    put(tmp_path, "dev/accel/accel0")
    subjects = {finding.subject for finding in examination.examine(Cache(tmp_path), tmp_path)}
    assert subjects == {"installed", "OpenVINO", "measuring", "machine"}


def test_what_has_to_be_installed_is_what_the_requirements_ask_for():
    asked = {
        re.split(r"[^\w.-]", line)[0]
        for line in installed.REQUIREMENTS.read_text().splitlines()
        if line[:1].isalpha() and installed.applies_here(line)
    }
    assert asked >= {"openvino", "scipy"}
    assert {finding.what for finding in installed.installed()} == asked | {"Python"}


def test_without_the_requirements_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(installed, "REQUIREMENTS", tmp_path / "requirements.txt")
    put(tmp_path, "pyproject.toml")
    with pytest.raises(UserError, match=r"cannot read .*requirements\.txt"):
        installed.installed()


def test_an_installed_copy_asks_what_was_installed_with_it(tmp_path, monkeypatch):
    put(tmp_path, "requirements.txt", "somebody-elses\n")  # such a file lies among the packages of some environments
    monkeypatch.setattr(installed, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setattr(
        installed.importlib.metadata,
        "requires",
        lambda name: ["numpy", "openvino>=9999.1", "no-such-package>=2.5", "sphinx; extra == 'docs'"],
    )
    found = by_what(installed.installed())
    assert set(found) == {"Python", "numpy", "openvino", "no-such-package"}
    assert found["openvino"].next_step == "pip install 'openvino>=9999.1'"
    assert found["no-such-package"].next_step == "pip install 'no-such-package>=2.5'"


def test_a_copy_that_was_neither_installed_nor_taken_whole_is_one_sentence(tmp_path, monkeypatch):
    def requires(name):
        raise installed.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(installed, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setattr(installed.importlib.metadata, "requires", requires)
    with pytest.raises(UserError, match=r"install it \(pip install \.\)"):
        installed.installed()


def test_a_missing_package_is_broken_and_named_with_its_line(monkeypatch, tmp_path):
    asked = (
        "# What is needed.\n-r others.txt\nnumpy >= 1\nno-such-package[extra]\npytest>=999.1; python_version > '3'\n"
        "for-another-python; python_version < '3'  # as tomli is\n"
    )
    put(tmp_path, "requirements.txt", asked)
    put(tmp_path, "pyproject.toml")
    monkeypatch.setattr(installed, "REQUIREMENTS", tmp_path / "requirements.txt")
    found = by_what(installed.installed())
    assert found["pytest"].state is State.BROKEN
    assert "too old" in found["pytest"].found
    assert found["numpy"].state is State.OK
    assert found["no-such-package"].state is State.BROKEN
    assert found["no-such-package"].next_step == "pip install -r requirements.txt"
    assert "for-another-python" not in found


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (UserError("the layer does not build: mend the compiler"), ("the layer does not build", "mend the compiler")),
        (Emulation("none", "none", "/no/layer.so", ()), ("cannot be loaded", "requirements-emulation.txt")),
    ],
)
def test_an_emulated_gpu_that_does_not_work_is_broken_and_says_why(tmp_path, monkeypatch, trouble, words):
    require_emulation()

    def prepare(_):
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    monkeypatch.setattr(parts, "prepare", prepare)
    trial = by_what(emulation(Cache(tmp_path)))["trial"]
    assert trial.state is State.BROKEN
    assert words[0] in trial.found
    assert words[1] in trial.found


def test_the_command_shows_a_table_and_json(autogauge_cache):
    done = run_cli("doctor", f"--cache={autogauge_cache.root}", "--strict", "--json")
    found = {(each["subject"], each["what"]): each for each in json.loads(done.stdout)}
    assert found["OpenVINO", "CPU"]["state"] == "ok"
    assert {what for subject, what in found if subject == "machine"} == {check.what for check in CHECKS}
    broken = any(each["state"] == "BROKEN" for each in found.values())
    unfit = why_not([Finding(**{**each, "state": State(each["state"])}) for each in found.values()])
    assert done.returncode == int(broken or bool(unfit))
    assert ("not fit to measure" in done.stderr) == bool(unfit)
    if not parts.why_impossible_here() and not parts.missing_packages():
        assert found["emulated GPU", "trial"]["state"] == "ok", found["emulated GPU", "trial"]
        assert found["emulated GPU", "processor class"]["found"].endswith("(by the processor's flags)")
    findings = [
        Finding(each["subject"], each["what"], State(each["state"]), "found", "step") for each in found.values()
    ]
    table = terminal.render([terminal.doctor_table(findings)], width=80, colour=False)
    assert "found, and the next step" in table
    assert "→ step" in table
