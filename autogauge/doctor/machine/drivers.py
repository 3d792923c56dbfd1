"""Which drivers of GPU and NPU are on the machine, in which release, and may this user open the devices? Missing ones: ``devices``."""

from __future__ import annotations

import grp
import os
import re
from collections.abc import Iterator

from autogauge.doctor.finding import State
from autogauge.doctor.machine.snapshot import Look, Machine, text
from autogauge.probe.worker.hardware import DRIVERS, INTEL, matching

PACKAGES = (
    *("intel-opencl-icd", "libze-intel-gpu1", "intel-level-zero-gpu", "level-zero", "libze1", "ocl-icd-libopencl1"),
    *("intel-level-zero-npu", "intel-driver-compiler-npu", "intel-fw-npu", "intel-i915-dkms"),
)
"""Of Debian and Ubuntu, which say more than a file's name: the firmware's release, say."""
NODES = (("dev/dri", r"renderD[0-9]+", "sys/class/drm"), ("dev/accel", r"accel[0-9]+", "sys/class/accel"))
"""Folders of nodes, their names, and where each one's device tells its vendor."""


def kernel_modules(machine: Machine) -> Look:
    """Which modules drive the devices. In-tree ones have the kernel's release."""
    gpu, npu = machine.facts.get("gpu_kernel_driver"), machine.facts.get("npu_kernel_driver")
    kernel = machine.word("proc/sys/kernel/osrelease")
    of_kernel = f"; kernel {kernel}" if kernel else ""
    if gpu or npu:
        said = ", ".join(f"{name}: {each}" for name, each in (("GPU", gpu), ("NPU", npu)) if each)
        return Look(State.FIT, said + of_kernel, figures={"gpu": gpu, "npu": npu, "kernel": kernel})
    vendors = {
        machine.word(f"sys/class/{folder}/{name}/device/vendor")
        for folder, pattern in (("drm", r"card[0-9]+"), ("accel", r"accel[0-9]+"))
        for name in matching(str(machine.root), f"sys/class/{folder}", pattern)
    }
    if INTEL in vendors:
        return Look(State.NOT_KNOWN, f"an Intel device is there, and its module is not told{of_kernel}")
    if not (machine.root / "sys/class").is_dir():
        return machine.unknown("sys/class")
    for folder in ("sys/class/drm", "sys/class/accel"):
        if (look := machine.cannot_list(folder)) is not None:
            return look
    return Look(
        State.FIT, f"no Intel GPU or NPU is there{of_kernel}", figures={"gpu": None, "npu": None, "kernel": kernel}
    )


def user_space(machine: Machine) -> Look:
    """The parts of Intel's drivers in user space: OpenCL, Level Zero, their compiler, and Debian's packages where it has them."""
    found = {name.replace("_", " "): machine.facts[name] for name in DRIVERS if name in machine.facts}
    packages = dict(_packages(machine))
    if not found and not packages:
        return Look(State.FIT, "none are installed: GPU and NPU are not measured here")
    said = [*found.values(), *(f"{name} {release}" for name, release in packages.items())]
    return Look(State.FIT, ", ".join(said), figures={**found, **packages})


def _packages(machine: Machine) -> Iterator[tuple[str, str]]:
    """The packages of these that are installed, with their releases."""
    said = text(machine.root, "var/lib/dpkg/status") or ""
    for name in PACKAGES:
        found = re.search(rf"(?m)^Package: {re.escape(name)}\n(?:(?!\n).+\n)*", said)
        if (
            found
            and re.search(r"(?m)^Status: .* installed$", found[0])
            and (at := re.search(r"(?m)^Version: (\S+)", found[0]))
        ):
            yield name, at[1]


def groups(machine: Machine) -> Look:
    """Whether this user may open the devices, and by which group."""
    nodes = [
        machine.root / folder / name
        for folder, pattern, told in NODES
        for name in matching(str(machine.root), folder, pattern)
        if machine.word(f"{told}/{name}/device/vendor") in (None, INTEL)  # another vendor's is nothing that is measured
    ]
    for folder, _, _ in NODES:
        if (look := machine.cannot_list(folder)) is not None:
            return look
    if not nodes:
        return Look(State.FIT, "there is no device node of an Intel GPU or NPU to open")
    owners = sorted({_group_of(node.stat().st_gid) for node in nodes})
    closed = [node.name for node in nodes if not os.access(node, os.R_OK | os.W_OK)]
    named = ", ".join(owners)
    if not closed:
        return Look(State.FIT, f"{', '.join(node.name for node in nodes)} (group {named}) may be opened")
    return Look(
        State.UNFIT,
        f"{', '.join(closed)} (group {named}) may not be opened by this user",
        "OpenVINO sees no such device: AUTO is measured without it, as if the machine had none",
        f"sudo usermod -aG {','.join(owners)} $USER, then log in again",
    )


def _group_of(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
