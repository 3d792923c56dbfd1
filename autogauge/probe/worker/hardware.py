"""What kind of place the machine is to measure in, from Linux's files: of its own or virtual, its clock, its power, its drivers.

Each function takes the ``root`` that stands for ``/``, and gives a word, a number, or ``None`` for what is not known. Nothing here raises.
"""

from __future__ import annotations

import os
import re

LONGEST = 80
"""Letters of a word from a file, which may be of any length."""
CPUS = "sys/devices/system/cpu"
INTEL = "0x8086"
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib", "usr/local/lib", "usr/local/lib64")
"""Where the drivers' libraries are looked for, the first that has one counting."""
DRIVERS = {
    "opencl_loader": ("libOpenCL.so.1",),
    "graphics_compiler": ("libigc.so.2", "libigc.so.1"),
    "level_zero_loader": ("libze_loader.so.1",),
    "level_zero_gpu": ("libze_intel_gpu.so.1",),
    "level_zero_npu": ("libze_intel_npu.so.1", "libze_intel_vpu.so.1"),
}
"""The parts of Intel's drivers in user space. A library's full name tells its release: ``libze_loader.so.1.17.6``."""
OF_A_HYPERVISOR = {
    "kvm": "KVM",
    "qemu": "QEMU",
    "firecracker": "Firecracker",
    "vmware": "VMware",
    "virtualbox": "VirtualBox",
    "innotek": "VirtualBox",
    "xen": "Xen",
    "amazon ec2": "Amazon EC2",
    "google compute engine": "Google Compute Engine",
    "microsoft corporation virtual machine": "Hyper-V",
    "bochs": "Bochs",
    "parallels": "Parallels",
}
"""Words in a machine's name that tell of one, in small letters."""
OF_A_CLOCK = {"kvm-clock": "KVM", "hyperv_clocksource": "Hyper-V", "xen": "Xen"}


def word(root: str, path: str) -> str | None:
    """What a file says, without the blanks around it; ``None`` where it says nothing or cannot be read."""
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as stream:
            return stream.read(1 << 12).strip()[:LONGEST] or None
    except (OSError, ValueError):
        return None


def hardware_facts(root: str = "/") -> dict[str, object]:
    """All of them that are known, by the names under which they are noted."""
    found = {
        "smt": smt(root),
        "isolated_processors": isolated(root),
        "mitigations": mitigations(root),
        "huge_pages": huge_pages(root),
        "swap_mib": swap_mib(root),
        "numa_nodes": numa_nodes(root),
        "clock_source": word(root, "sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "virtual_machine": virtual_machine(root),
        "power_source": power_source(root),
        "power_profile": word(root, "sys/firmware/acpi/platform_profile"),
        "gpu_kernel_driver": kernel_driver(root, "sys/class/drm", r"card[0-9]+"),
        "npu_kernel_driver": kernel_driver(root, "sys/class/accel", r"accel[0-9]+"),
        "gpu_frequency_limit_mhz": gpu_frequency_limit_mhz(root),
        **{name: library(root, names) for name, names in DRIVERS.items()},
    }  # type: dict[str, object]
    return {name: value for name, value in found.items() if value is not None}


def smt(root: str) -> str | None:
    """``on`` where two threads share a core."""
    return {"1": "on", "0": "off"}.get(word(root, CPUS + "/smt/active") or "")


def isolated(root: str) -> str | None:
    """Which processors the scheduler leaves alone (``isolcpus``), as Linux writes them, or ``none``."""
    try:
        with open(os.path.join(root, CPUS, "isolated"), encoding="utf-8", errors="replace") as stream:
            return stream.read(1 << 12).strip()[:LONGEST] or "none"
    except (OSError, ValueError):
        return None


def mitigations(root: str) -> str | None:
    """What the kernel was told to do against attacks through the processor; ``default`` where it was told nothing."""
    try:
        with open(os.path.join(root, "proc/cmdline"), encoding="utf-8", errors="replace") as stream:
            told = re.findall(r"(?:^|\s)mitigations=(\S+)", stream.read(1 << 16))
    except (OSError, ValueError):
        return None
    return told[-1][:LONGEST] if told else "default"


def huge_pages(root: str) -> str | None:
    """When transparent huge pages are used: ``always``, ``madvise`` or ``never``."""
    said = re.search(r"\[(\w+)\]", word(root, "sys/kernel/mm/transparent_hugepage/enabled") or "")
    return said[1] if said else None


def memory_kib(root: str) -> dict[str, int]:
    """The fields of ``/proc/meminfo``, in KiB; empty where it cannot be read."""
    try:
        with open(os.path.join(root, "proc/meminfo"), encoding="utf-8", errors="replace") as stream:
            return {
                name: int(value) for name, value in re.findall(r"(?m)^(\w+):\s+([0-9]{1,18})", stream.read(1 << 16))
            }
    except (OSError, ValueError):
        return {}


def swap_mib(root: str) -> int | None:
    """How much swap there is, in MiB."""
    total = memory_kib(root).get("SwapTotal")
    return None if total is None else round(total / 1024)


def numa_nodes(root: str) -> int | None:
    """How many parts the memory has that are near some of the processors only."""
    return len(matching(root, "sys/devices/system/node", r"node[0-9]+")) or None


def matching(root: str, folder: str, pattern: str) -> list[str]:
    """The names in a folder that are of that pattern as a whole, in order; none where it cannot be listed."""
    try:
        return sorted(name for name in os.listdir(os.path.join(root, folder)) if re.fullmatch(pattern, name))
    except OSError:
        return []


def virtual_machine(root: str) -> str | None:
    """Under which hypervisor this is (``unnamed`` where it does not say); ``none`` for a machine of its own."""
    xen = word(root, "sys/hypervisor/type")
    flags = _flags(root)
    if flags is not None and "hypervisor" not in flags and xen is None:
        return "none"  # whoever made it: some of a cloud's machines are nobody's guests
    titles = [word(root, "sys/class/dmi/id/" + name) for name in ("sys_vendor", "product_name")]
    title = " ".join(filter(None, titles)).lower()
    clocks = word(root, "sys/devices/system/clocksource/clocksource0/available_clocksource") or ""
    named = [name for part, name in OF_A_HYPERVISOR.items() if part in title and ".metal" not in title]
    named += [OF_A_HYPERVISOR.get(each, each) for each in [xen] if each]
    named += [name for part, name in OF_A_CLOCK.items() if part in clocks]
    if flags is not None or named:
        return named[0] if named else "unnamed"
    return None


def _flags(root: str) -> set[str] | None:
    """The first processor's flags; ``None`` where it names none, as on Arm."""
    try:
        with open(os.path.join(root, "proc/cpuinfo"), encoding="utf-8", errors="replace") as stream:
            for line in stream:
                name, _, value = line.partition(":")
                if name.strip() == "flags":
                    return set(value.split())
    except (OSError, ValueError):
        pass
    return None


def power_source(root: str) -> str | None:
    """``mains`` or ``battery``; ``None`` where neither is told of, as on most servers."""
    batteries, others = [], []
    for name in matching(root, "sys/class/power_supply", r".+"):
        folder = "sys/class/power_supply/" + name
        if word(root, folder + "/scope") == "Device":  # a mouse's
            continue
        if word(root, folder + "/type") == "Battery":
            batteries.append(word(root, folder + "/status"))
        else:
            others.append(word(root, folder + "/online"))
    if "1" in others:
        return "mains"
    return "battery" if batteries and (others or "Discharging" in batteries) else None


def kernel_driver(root: str, folder: str, pattern: str) -> str | None:
    """Which kernel modules drive Intel's devices of that class, each with its own release where it has one."""
    found = set()
    for name in matching(root, folder, pattern):
        device = folder + "/" + name + "/device"
        if word(root, device + "/vendor") != INTEL:
            continue
        try:
            driver = os.path.basename(os.readlink(os.path.join(root, device, "driver")))
        except OSError:
            continue
        release = word(root, "sys/module/" + driver + "/version")
        found.add(" ".join(filter(None, (driver, release)))[:LONGEST])
    return ", ".join(sorted(found)) or None


def gpu_frequency_limit_mhz(root: str) -> int | None:
    """The highest frequency that an Intel GPU is allowed (i915, xe); of several GPUs the highest."""
    found = []
    for name in matching(root, "sys/class/drm", r"card[0-9]+"):
        for path in ("gt_max_freq_mhz", "device/tile0/gt0/freq0/max_freq"):
            said = word(root, "sys/class/drm/" + name + "/" + path)
            if said and re.fullmatch(r"[0-9]{1,6}", said):
                found.append(int(said))
                break
    return max(found, default=None)


def library(root: str, names: tuple[str, ...]) -> str | None:
    """The full name of the first of these libraries that is installed."""
    for name in names:
        for folder in LIBRARIES:
            path = os.path.join(root, folder, name)
            if os.path.exists(path):
                return os.path.basename(os.path.realpath(path))[:LONGEST]
    return None
