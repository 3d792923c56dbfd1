"""What the machine allows this process and how it is governed, from Linux's files and the system's own word.

Read by the probe that describes a machine: what a probe may use is its own affinity and its own control groups. The controlling process
reads the same in the same way, to see what changes. What is not there is ``None`` or left out. In words: ``history.circumstances``.
"""

from __future__ import annotations

import os
import platform
import re
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.cgroups import Groups
from autogauge.probe.worker.hardware import CPUS, LONGEST, hardware_facts, word

if TYPE_CHECKING:
    from collections.abc import Collection


def machine_facts(root: str = "/", affinity: Collection[int] | None = None) -> dict[str, Any]:
    """The facts now. ``root`` stands for ``/``, and ``affinity`` for the processors that this process may use, in tests.

    ``processor_quota`` is how many processors' time the tightest quota allows, where that is less than there are; else ``None``.
    ``noted`` are those that are noted beside a fingerprint, and in none.
    """
    groups = Groups(root)
    usable = _affinity() if affinity is None else affinity
    cpus = len(usable) if usable is not None else os.cpu_count()
    quota, memory, limit = groups.quota(), _memory_bytes(), groups.memory_limit_bytes()
    noted = {
        "kernel": platform.release() or None,
        "microcode": _microcode(root),
        "processors": None if usable is None else ranges(usable),
        **_frequency(root, usable or ()),
        "boost": _boost(root),
        **hardware_facts(root),
    }
    noted = {name: value for name, value in noted.items() if value is not None}
    if memory is not None:  # a limit that is above the memory is none; none is a fact, too
        noted["memory_limit_mib"] = None if limit is None or limit >= memory else round(limit / 2**20)
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "logical_cpus": cpus,
        "processor_quota": None if quota is None or (cpus is not None and quota >= cpus) else round(quota, 3),
        "memory_gib": None if memory is None else round(memory / 2**30),
        "noted": noted,
    }


def _affinity() -> Collection[int] | None:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def ranges(numbers: Collection[int]) -> str:
    """Numbers as Linux writes them: ``0-3,8``."""
    found = []  # type: list[list[int]]
    for number in sorted(numbers):
        if found and number == found[-1][-1] + 1:
            found[-1][1:] = [number]
        else:
            found.append([number])
    return ",".join("-".join(str(each) for each in (run[0], *run[1:])) for run in found)


def _frequency(root: str, processors: Collection[int]) -> dict[str, Any]:
    """How the frequency of these processors is governed; several ways are all named."""
    names = {
        "governor": "scaling_governor",
        "frequency_driver": "scaling_driver",
        "energy_preference": "energy_performance_preference",
        "frequency_limit_mhz": "scaling_max_freq",
    }
    found = {}  # type: dict[str, Any]
    for name, file in names.items():
        said = {word(root, f"{CPUS}/cpu{number}/cpufreq/{file}") for number in processors} - {None}
        if name == "frequency_limit_mhz":
            limits = [int(each) for each in said if each and re.fullmatch(r"[0-9]{1,12}", each)]
            found[name] = round(max(limits) / 1000) if limits else None
        else:
            found[name] = ", ".join(sorted(each for each in said if each)) or None
    return found


def _boost(root: str) -> str | None:
    for file, on in (("intel_pstate/no_turbo", "0"), ("cpufreq/boost", "1")):
        said = word(root, CPUS + "/" + file)
        if said in ("0", "1"):
            return "on" if said == on else "off"
    return None


def _microcode(root: str) -> str | None:
    try:
        with open(os.path.join(root, "proc/cpuinfo"), encoding="utf-8", errors="replace") as stream:
            for line in stream:
                name, _, value = line.partition(":")
                if name.strip() == "microcode":
                    return value.strip()[:LONGEST] or None
                if not line.strip():  # what one processor says is enough
                    return None
    except OSError:
        pass
    return None
