"""What this machine has for measuring and what it lacks, each with the next step. Showing it is left to the command line.

Nothing here changes the machine, but for the cache that a trial of the emulated GPU fills.
"""

from __future__ import annotations

import ctypes.util
import grp
import importlib.metadata
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from autogauge.cache import Cache
from autogauge.causes import step_when_late
from autogauge.emulation import parts
from autogauge.emulation.classes import ProcessorClass
from autogauge.errors import MachineLacks, UserError
from autogauge.files import in_short
from autogauge.models.inspect import Inspection, inspect
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import Failure
from autogauge.rig import lock, trial
from autogauge.targets import Device, find_device, kinds, named_devices

REQUIREMENTS = Path(__file__).parents[1] / "requirements.txt"
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?(?:\s*[>=~]=\s*([\d.]+))?")
PACKAGE = "autogauge"
INSTALL = "pip install -r requirements.txt"
INSTALL_OPENVINO = "pip install openvino"
EMULATED = "measure with --accelerator=emulated"
UPDATE_GPU = "look at what clinfo says; update Intel's compute runtime and the kernel"
UPDATE_NPU = "look for intel_vpu in dmesg; install or update Intel's NPU driver (intel-level-zero-npu, intel-fw-npu)"
ASK = "python -m autogauge doctor says what this machine lacks"
MORE_TIME = "--probe-deadline"
INTEL = r"\b0x8086\b"
INTEL_DRIVER = r"libigdrcl"


class State(str, Enum):
    """``ABSENT`` is something that may be missing; ``BROKEN`` is not."""

    OK = "ok"
    ABSENT = "absent"
    BROKEN = "BROKEN"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Finding:
    """One thing looked at: of which subject, what was found, and what to do about it."""

    subject: str
    what: str
    state: State
    found: str
    next_step: str = ""

    def to_json(self) -> dict[str, str]:
        """The fields as a dictionary."""
        return {key: str(value) for key, value in asdict(self).items()}


def examine(cache: Cache, root: Path = Path("/")) -> list[Finding]:
    """Every finding, in the order in which to read them. ``root`` is where ``/dev``, ``/etc`` and ``/sys`` are looked for."""
    findings = installed()
    with tempfile.TemporaryDirectory(prefix="autogauge-") as folder:
        seen, more = openvino(Launcher(Path(folder) / "probes"))
    findings += more
    if seen is None:  # then nobody knows what it sees
        return findings
    return [*findings, *measuring(), *gpu(seen.devices, root), *npu(seen.devices, root), *emulation(cache)]


def installed() -> list[Finding]:
    """Python and the packages that are asked for."""
    fits = sys.version_info >= (3, 10)
    step = "" if fits else "install Python 3.10 or newer"
    findings = [Finding("installed", "Python", State.OK if fits else State.BROKEN, platform.python_version(), step)]
    for line in requirements():
        found = _REQUIREMENT.match(line)
        if found is None:
            continue
        name, oldest = found[1], tuple(int(number) for number in (found[2] or "").split(".") if number)
        install = INSTALL if is_checkout() else f"pip install '{name}{f'>={found[2]}' if found[2] else ''}'"
        try:
            release = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding("installed", name, State.BROKEN, "not installed", install))
            continue
        numbers = tuple(int(number) for number in re.findall(r"\d+", release)[: len(oldest)])
        if numbers >= oldest:
            findings.append(Finding("installed", name, State.OK, release))
        else:
            findings.append(Finding("installed", name, State.BROKEN, f"{release} is too old", install))
    return findings


def is_checkout() -> bool:
    """Whether this is the project's folder, and not a copy that was installed from it."""
    return REQUIREMENTS.with_name("pyproject.toml").is_file()


def requirements() -> list[str]:
    """What is asked for, a line each: by ``requirements.txt``; of an installed copy by what was installed with it.

    Raises :class:`UserError` where neither is there.
    """
    try:
        if is_checkout():
            return REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        found = importlib.metadata.requires(PACKAGE) or []
    except OSError as error:
        raise UserError(
            f"cannot read {REQUIREMENTS} ({error.strerror}): take the project's folder as a whole."
        ) from None
    except importlib.metadata.PackageNotFoundError:
        raise UserError(
            f"nobody knows what {Path(__file__).parent} needs: install it (pip install .), or take the project's folder as a whole."
        ) from None
    return [each for each in found if "extra ==" not in each]


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


def measuring() -> list[Finding]:
    """Where the lock is by which one session at a time measures: in containers that is to be one file for all."""
    try:
        return [Finding("measuring", "lock", State.OK, lock.described())]
    except UserError as error:
        return [Finding("measuring", "lock", State.BROKEN, str(error))]


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


def emulation(cache: Cache) -> list[Finding]:
    """Whether the emulated GPU works: its parts, then one convolution held against the CPU's."""
    subject = "emulated GPU"
    if reason := parts.why_impossible_here():
        return [Finding(subject, "system", State.ABSENT, reason)]
    if missing := parts.missing_packages():
        return [Finding(subject, "packages", State.ABSENT, f"no {', '.join(missing)}", parts.INSTALL)]
    findings = [
        Finding(
            subject, "packages", State.OK, ", ".join(f"{name} {release}" for name, release in parts.PACKAGES.items())
        )
    ]
    compilers = parts.compilers()
    findings.append(
        Finding(subject, "compiler", State.OK, " ".join(compilers[0]))
        if compilers
        else Finding(subject, "compiler", State.ABSENT, "none", f"install cc, or {parts.INSTALL}")
    )
    try:
        with tempfile.TemporaryDirectory(prefix="autogauge-") as folder:
            tried = trial.attempt(cache, Launcher(Path(folder) / "probes", emulation=parts.prepare(cache)))
    except UserError as error:
        return [*findings, Finding(subject, "trial", State.BROKEN, str(error))]  # its sentence holds the next step
    return [
        *findings,
        Finding(subject, "processor class", State.OK, tried.processor_class.describe()),
        Finding(subject, "trial", State.OK, tried.sentence()),
    ]


def step_for(failure: Failure, devices: Sequence[str], emulated: ProcessorClass | None = None) -> str:
    """What to do where these target devices failed in every turn alike; ``emulated`` is the emulated GPU's class, if it is on.

    What the machine lacked comes first, then time; then the device that is likelier to be at fault than the CPU and OpenVINO.
    """
    if failure.next_step:
        return failure.next_step
    if failure.kind == "deadline":
        return f"{step_when_late(MORE_TIME)}; {ASK}"
    named = {kind for device in devices for kind in kinds(named_devices(device))}
    if "CPU" in devices:
        return ASK
    if emulated is not None:
        return trial.next_step(emulated)
    for kind, step in (("GPU", UPDATE_GPU), ("NPU", UPDATE_NPU)):
        if kind in named:
            return f"{step}; {ASK}"
    return ASK


def _says(path: Path, pattern: str) -> bool:
    try:
        return re.search(pattern, path.read_text(errors="replace")) is not None
    except OSError:
        return False


def _words(*parts_: str) -> str:
    return ", ".join(filter(None, parts_)) or "–"
