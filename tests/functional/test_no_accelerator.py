"""A device that is named and not there: what AUTO does then, each for what it is, and never without a deadline."""

import ctypes.util
import dataclasses
import sys
import textwrap
from types import SimpleNamespace

import pytest

from autogauge.emulation import parts
from autogauge.measuring import schedule
from autogauge.measuring.plan import Plan
from autogauge.measuring.progress import Silent
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.request import ProbeFailed
from autogauge.rig.profile import PROFILES, STANDARD
from autogauge.studies.hand_over import study as hand_over
from autogauge.studies.hand_over.study import HAND_OVER
from autogauge.targets import Auto, Target, find_device

pytestmark = pytest.mark.functional

DEADLINE_S = 30.0
LIBRARY_OF = {"GPU": "libOpenCL.so.1", "NPU": "libze_loader.so.1"}


@pytest.fixture
def without(autogauge_available_devices):
    """Skips the test where there is the device whose absence it is about."""

    def without(kind):
        if find_device(kind, autogauge_available_devices):
            pytest.skip(f"there is a {kind} on this machine (or an emulated one): this is about its absence")

    return without


@pytest.fixture
def with_a_loader(tmp_path, autogauge_workload):
    """Probes with the OpenCL loader that pip installs and no device behind it, as on a machine whose GPU driver was removed."""
    if reason := parts.why_impossible_here() or ", ".join(parts.missing_packages()):
        pytest.skip(f"no OpenCL loader to try this with: {reason} ({parts.INSTALL})")
    loader = parts.installed("intel-opencl-rt", parts.LOADER)
    libraries = [parts.installed("intel-cmplr-lib-rt", name) for name in parts.LIBRARIES]
    load = f"""
        #!{sys.executable}
        import ctypes, os, runpy, sys
        del sys.argv[0]
        os.environ["OCL_ICD_VENDORS"] = {str(tmp_path)!r}
        for _ in range({len(libraries)}):
            for path in {libraries!r}:
                try:
                    ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
                except OSError:
                    pass
        ctypes.CDLL({loader!r}, mode=ctypes.RTLD_GLOBAL)
        runpy.run_path(sys.argv[0], run_name="__main__")
    """
    python = tmp_path / "python"
    python.write_text(textwrap.dedent(load).lstrip())
    python.chmod(0o755)
    return Launcher(tmp_path / "probes", Runtime(str(python)))


def once(launcher, workload, device):
    return launcher.run_once(workload.request("once", Target(device), deadline_s=DEADLINE_S), device)


def once_planned(study, auto):
    """The study's one replicate, planned for a machine on which AUTO is that."""
    asked = SimpleNamespace(profile=PROFILES[STANDARD], is_emulated=False, infer_requests=0)
    inspection = SimpleNamespace(devices=(), state=None)
    rig = SimpleNamespace(devices=(), auto=auto, asked=asked, inspection=inspection, why_no_hand_over=lambda: None)
    return dataclasses.replace(study.planned(rig, 1), plan=Plan(looks=(1,), budget_s=60))


@pytest.mark.slow
def test_an_npu_that_is_not_there_leaves_auto_on_the_cpu_helper_for_good(
    autogauge_launcher, autogauge_workload, without, tmp_path
):
    without("NPU")
    study = once_planned(HAND_OVER, Auto("AUTO:NPU,CPU"))
    turns = hand_over.HandOverTurns(
        study,
        autogauge_launcher,
        autogauge_workload,
        tmp_path,
        after_s=0.5,
        hand_over_deadline_s=1.5,
        deadline_s=DEADLINE_S,
    )
    schedule.run(study, turns.measure, Silent(), turns.prepare)
    if failures := study.failures():  # releases whose NPU plugin needs its driver's loader to load at all
        assert ctypes.util.find_library("ze_loader") is None
        assert all(LIBRARY_OF["NPU"] in failure.reason for _, _, failure in failures)
        pytest.skip("this release's NPU plugin does not load without its driver's loader, and says so")
    for name in (condition.name for condition in study.conditions):
        (sample,), (facts,) = study.samples(name), study.facts[name]["replicates"]
        assert facts["outcome"] == hand_over.NEVER
        assert facts["devices"] == ["(CPU)"]
        assert facts["auto_log"]["selected"][0] == "NPU"
        assert "NPU" in facts["auto_log"]["failures"], "one warning line is all that is said"
        assert facts["disagreements"] == []
        assert sample.figures["failed"] == sample.figures["wrong"] == 0
        assert "destroy_s" in sample.figures


def test_a_gpu_that_is_not_there_behind_its_loader_makes_a_list_with_the_cpu_plain_cpu(
    with_a_loader, autogauge_workload, without
):
    without("GPU")
    reply, log = once(with_a_loader, autogauge_workload, "AUTO:GPU,CPU")
    assert reply["execution_devices_before"] == reply["execution_devices"] == ["CPU"]
    assert log.selected == log.finished == ["CPU"]
    assert not log.cpu_helper_started


def test_a_gpu_that_is_not_there_is_an_error_when_it_is_alone(with_a_loader, autogauge_workload, without):
    without("GPU")
    with pytest.raises(ProbeFailed) as caught:
        once(with_a_loader, autogauge_workload, "AUTO:GPU")
    assert caught.value.failure.kind == "error"
    assert caught.value.failure.phase == "compile"
    assert "[GPU]" in caught.value.failure.reason
    assert "GPU drivers setup guide" in caught.value.failure.reason


@pytest.mark.parametrize("device", ["AUTO:GPU,CPU", "AUTO:GPU"])
def test_without_the_opencl_loader_naming_the_gpu_is_an_error_that_names_the_loader(
    autogauge_launcher, autogauge_workload, without, device
):
    without("GPU")
    if ctypes.util.find_library("OpenCL"):
        pytest.skip("there is an OpenCL loader on this machine: this is about its absence")
    with pytest.raises(ProbeFailed) as caught:
        once(autogauge_launcher, autogauge_workload, device)
    assert caught.value.failure.phase == "compile"
    assert LIBRARY_OF["GPU"] in caught.value.failure.reason
