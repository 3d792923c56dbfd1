"""Which devices does OpenVINO see, and why may a GPU or an NPU be missing? Asked of a probe, and of files below a root."""

from __future__ import annotations

import ctypes.util
import grp
import os
import re
from collections.abc import Iterable
from pathlib import Path

from autogauge.doctor.finding import Finding, State
from autogauge.doctor.steps import EMULATED, INSTALL, UPDATE_GPU, UPDATE_NPU
from autogauge.errors import MachineLacks, UserError
from autogauge.files import in_short
from autogauge.models.inspect import Inspection, inspect
from autogauge.probe.launcher import Launcher
from autogauge.targets import Device, find_device

INTEL = r"\b0x8086\b"
INTEL_DRIVER = r"libigdrcl"


def openvino(launcher: Launcher) -> tuple[Inspection | None, list[Finding]]:
    """The devices that OpenVINO sees in a process of its own."""
    try:
        seen = inspect(launcher)
    except UserError as error:
        step = "" if isinstance(error, MachineLacks) else INSTALL  # it says by itself what to do
        return None, [Finding("OpenVINO", "devices", State.BROKEN, str(error), step)]
    elsewhere = [
        Finding("OpenVINO", "from elsewhere", State.OK, f"{seen.openvino} from {in_short(each)}")
        for each in seen.elsewhere
    ]
    return seen, elsewhere + [
        Finding("OpenVINO", device.name, State.OK, _words(device.full_name, device.type, device.driver))
        for device in seen.devices
    ]


def gpu(devices: Iterable[Device], root: Path) -> list[Finding]:
    """Why OpenVINO may see no GPU: no Intel hardware, no permission, no OpenCL loader, no driver behind it."""
    if find_device("GPU", devices):
        return []
    cards = [path.parent.parent.name for path in root.glob("sys/class/drm/card*/device/vendor") if _says(path, INTEL)]
    findings = [
        Finding("GPU", "hardware", State.OK, ", ".join(sorted(cards)))
        if cards
        else Finding("GPU", "hardware", State.ABSENT, "no Intel graphics in /sys/class/drm", EMULATED)
    ]
    if cards:
        findings.append(
            _permission("GPU", root, "dev/dri/renderD*", "install or load the kernel's graphics driver (i915, xe)")
        )
    vendors = sorted(path.name for path in root.glob("etc/OpenCL/vendors/*.icd") if _says(path, INTEL_DRIVER))
    lacking, condition = (State.BROKEN, "") if cards else (State.ABSENT, ", if there is a GPU")
    findings += [
        _library("GPU", "OpenCL loader", "OpenCL", f"install it{condition} (Debian: ocl-icd-libopencl1)", lacking),
        Finding("GPU", "OpenCL driver", State.OK, ", ".join(vendors))
        if vendors
        else Finding(
            "GPU",
            "OpenCL driver",
            lacking,
            "none of Intel's in /etc/OpenCL/vendors",
            f"install Intel's compute runtime{condition} (Debian: intel-opencl-icd)",
        ),
    ]
    return findings + _unexplained("GPU", findings, UPDATE_GPU)


def npu(devices: Iterable[Device], root: Path) -> list[Finding]:
    """Why OpenVINO may see no NPU: no kernel driver or hardware, no permission, no Level Zero loader."""
    if find_device("NPU", devices):
        return []
    if not list(root.glob("dev/accel/accel*")):
        loaded = (root / "sys/module/intel_vpu").exists()
        found = "no /dev/accel, though intel_vpu is loaded" if loaded else "no /dev/accel, and intel_vpu is not loaded"
        return [
            Finding(
                "NPU", "hardware", State.ABSENT, found, "on a Core Ultra, use a kernel with intel_vpu (6.6 or newer)"
            )
        ]
    findings = [
        _permission("NPU", root, "dev/accel/accel*", ""),
        _library(
            "NPU",
            "Level Zero loader",
            "ze_loader",
            "install it with Intel's NPU driver (libze1, intel-driver-compiler-npu)",
            State.BROKEN,
        ),
    ]
    return findings + _unexplained("NPU", findings, UPDATE_NPU)


def _unexplained(subject: str, findings: Iterable[Finding], step: str) -> list[Finding]:
    """That OpenVINO sees none, where nothing of what was looked at says why."""
    if any(finding.state is not State.OK for finding in findings):
        return []
    return [Finding(subject, "OpenVINO", State.BROKEN, "it sees none, though all of this is there", step)]


def _permission(subject: str, root: Path, pattern: str, step_without: str) -> Finding:
    """Whether this user may open the device's nodes."""
    nodes = sorted(root.glob(pattern))
    if not nodes:
        return Finding(subject, "device node", State.BROKEN, f"none like /{pattern}", step_without)
    closed = [node for node in nodes if not os.access(node, os.R_OK | os.W_OK)]
    if not closed:
        return Finding(subject, "permission", State.OK, ", ".join(node.name for node in nodes))
    step = f"join its group: sudo usermod -aG {_group_of(closed[0])} $USER, then log in again"
    return Finding(subject, "permission", State.BROKEN, f"{closed[0].name} may not be opened by this user", step)


def _group_of(path: Path) -> str:
    number = path.stat().st_gid
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _library(subject: str, what: str, name: str, step: str, lacking: State) -> Finding:
    found = ctypes.util.find_library(name)
    return Finding(subject, what, State.OK, found) if found else Finding(subject, what, lacking, f"no lib{name}", step)


def _says(path: Path, pattern: str) -> bool:
    try:
        return re.search(pattern, path.read_text(errors="replace")) is not None
    except OSError:
        return False


def _words(*parts_: str) -> str:
    return ", ".join(filter(None, parts_)) or "–"
