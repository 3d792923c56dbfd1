"""What this machine allows a run and how it is governed; and what of it differs between two runs, in words.

What changes every figure is for the fingerprint (processors, quota, memory). The rest is *noted* beside it: kernel, microcode, governor
and driver of the frequency, which processors, the memory limit. Runs that differ there are judged against each other, and the
difference is named. Read from Linux's files; what is not there is not known, and what is not known is never called a difference.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge.history.records import SavedRun
from autogauge.plain import plain
from autogauge.probe.worker.cgroups import Groups

LINUX = Path("/")
LONGEST = 80
"""Of a value in a sentence: what a file says may be of any length."""
PLAIN = {
    "machine": "the machine's name",
    "system": "the operating system",
    "architecture": "the architecture",
    "logical_cpus": "the number of processors",
    "processor_quota": "the quota of processors",
    "memory_gib": "the memory (GiB)",
    "benchmark_version": "the way of measuring",
    "kernel": "the kernel",
    "microcode": "the processor's microcode",
    "processors": "which processors may be used",
    "memory_limit_mib": "the memory limit (MiB)",
    "governor": "the frequency governor",
    "frequency_driver": "the frequency driver",
    "energy_preference": "the processor's energy preference",
    "frequency_limit_mhz": "the frequency limit (MHz)",
    "boost": "the processor's boost",
}
"""How facts are called in a sentence."""
STEADY = (
    "logical_cpus",
    "processor_quota",
    "processors",
    "memory_limit_mib",
    "governor",
    "frequency_driver",
    "energy_preference",
    "boost",
)
"""What must not change while a run measures. A frequency limit is left out: some machines move it by themselves as they grow warm."""


@dataclass(frozen=True)
class Circumstances:
    """The facts at one moment: those that a fingerprint holds, and those that are noted beside it."""

    logical_cpus: int | None
    processor_quota: float | None
    """How many processors' time the tightest quota allows, where that is less than there are; else ``None``."""
    memory_gib: int | None
    noted: Mapping[str, Any] = field(default_factory=dict)

    def limits(self) -> list[str]:
        """Sentences about what is held below what the machine has: a quota of processors, a limit of memory."""
        found = []
        if self.processor_quota is not None:
            found.append(
                f"a quota allows {self.processor_quota:g} of {self.logical_cpus} processors' time: figures are those of the quota"
            )
        if (limit := self.noted.get("memory_limit_mib")) is not None:
            found.append(f"the memory is limited to {limit} MiB of the machine's {self.memory_gib} GiB")
        return found

    def changes(self, later: Circumstances) -> list[str]:
        """What of the facts that must not change while a run measures has changed until ``later``."""
        before, after = self._steady(), later._steady()
        return differences(before, after)

    def _steady(self) -> dict[str, Any]:
        own = {"logical_cpus": self.logical_cpus, "processor_quota": self.processor_quota}
        return {name: value for name, value in {**own, **self.noted}.items() if name in STEADY}


def read(root: Path = LINUX, affinity: Collection[int] | None = None) -> Circumstances:
    """The facts now. ``root`` stands for ``/``, and ``affinity`` for the processors that this process may use, in tests."""
    groups = Groups(str(root))
    usable = _affinity() if affinity is None else affinity
    cpus = len(usable) if usable is not None else os.cpu_count()
    quota, memory, limit = groups.quota(), _memory_bytes(), groups.memory_limit_bytes()
    noted: dict[str, Any] = {
        "kernel": platform.release() or None,
        "microcode": _microcode(root),
        "processors": None if usable is None else ranges(usable),
        **_frequency(root, usable or ()),
        "boost": _boost(root),
    }
    noted = {name: value for name, value in noted.items() if value is not None}
    if memory is not None:  # a limit that is above the memory is none; none is a fact, too
        noted["memory_limit_mib"] = None if limit is None or limit >= memory else round(limit / 2**20)
    return Circumstances(
        cpus,
        None if quota is None or (cpus is not None and quota >= cpus) else round(quota, 3),
        None if memory is None else round(memory / 2**30),
        noted,
    )


def _affinity() -> Collection[int] | None:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def ranges(numbers: Collection[int]) -> str:
    """Numbers as Linux writes them: ``0-3,8``."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][-1] + 1:
            found[-1][1:] = [number]
        else:
            found.append([number])
    return ",".join("-".join(str(each) for each in (run[0], *run[1:])) for run in found)


def _frequency(root: Path, processors: Collection[int]) -> dict[str, Any]:
    """How the frequency of these processors is governed; several ways are all named."""
    names = {
        "governor": "scaling_governor",
        "frequency_driver": "scaling_driver",
        "energy_preference": "energy_performance_preference",
        "frequency_limit_mhz": "scaling_max_freq",
    }
    cpus = root / "sys/devices/system/cpu"
    found: dict[str, Any] = {}
    for name, file in names.items():
        said = {_word(cpus / f"cpu{number}/cpufreq" / file) for number in processors} - {None}
        if name == "frequency_limit_mhz":
            limits = [int(each) for each in said if each and re.fullmatch(r"[0-9]{1,12}", each)]
            found[name] = round(max(limits) / 1000) if limits else None
        else:
            found[name] = ", ".join(sorted(each for each in said if each)) or None
    return found


def _boost(root: Path) -> str | None:
    cpus = root / "sys/devices/system/cpu"
    for file, on in (("intel_pstate/no_turbo", "0"), ("cpufreq/boost", "1")):
        word = _word(cpus / file)
        if word in ("0", "1"):
            return "on" if word == on else "off"
    return None


def _microcode(root: Path) -> str | None:
    try:
        with (root / "proc/cpuinfo").open(encoding="utf-8", errors="replace") as stream:
            for line in stream:
                name, _, value = line.partition(":")
                if name.strip() == "microcode":
                    return value.strip()[:LONGEST] or None
                if not line.strip():  # what one processor says is enough
                    return None
    except OSError:
        pass
    return None


def _word(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()[:LONGEST] or None
    except OSError:
        return None


def between(before: SavedRun, after: SavedRun) -> list[str]:
    """What differs between the surroundings of two saved runs: one short clause each, such as ``the kernel changed from 6.1 to 6.5``.

    Facts of the fingerprint come first (machine, processors, quota, memory, devices and their drivers, model, options), then what is
    noted beside it. The OpenVINO release is left out: it is what runs are compared for. Empty where nothing differs or nothing is known.
    """
    return [
        *differences(before.fingerprint_facts, after.fingerprint_facts),
        *differences(before.noted, after.noted),
    ]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two sets of facts, one clause each; a fact that only one side knows is passed over.

    Only a quota is said where one side has none: a fingerprint holds it where there is one.
    """
    found = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        known = bool(before) and bool(after) and (name == "processor_quota" or (name in before and name in after))
        if known and old != new and name == "processor_quota" and name not in before:
            found.append(f"there is a quota of processors, {_brief(new)}, where none was recorded")
        elif known and old != new:
            found += _clauses(name, old, new)
    return found


def _clauses(name: str, old: Any, new: Any) -> list[str]:
    if name == "devices":
        return _of_devices(old, new)
    if name == "model" and isinstance(old, Mapping) and isinstance(new, Mapping):
        titles = [" ".join(str(each.get(part) or "") for part in ("name", "precision")).strip() for each in (old, new)]
        if titles[0] == titles[1]:
            return [f"the file of the model {_brief(titles[0])} changed"]
        return [_changed("the model", *titles)]
    if name == "measured" and isinstance(old, Mapping) and isinstance(new, Mapping):
        options = [each for each in dict.fromkeys((*old, *new)) if old.get(each) != new.get(each)]
        return [_changed(_plain(each), old.get(each), new.get(each)) for each in options]
    return [_changed(_plain(name), old, new)]


def _of_devices(old: Any, new: Any) -> list[str]:
    """Devices that came and went, and those whose driver or full name changed."""
    try:
        theirs, ours = ({str(each["name"]): dict(each) for each in devices} for devices in (old, new))
    except (TypeError, KeyError, ValueError):
        return ["the devices changed"]
    found = [f"the device {_brief(name)} is no longer there" for name in theirs if name not in ours]
    found += [f"the device {_brief(name)} is new" for name in ours if name not in theirs]
    for name in theirs:
        facts = ours.get(name, theirs[name])
        for part in dict.fromkeys((*theirs[name], *facts)):
            if theirs[name].get(part) != facts.get(part):
                called = f"the {_brief(part.replace('_', ' '))} of {_brief(name)}"
                found.append(_changed(called, theirs[name].get(part), facts.get(part)))
    return found or ["the order of the devices changed"]


def _plain(name: str) -> str:
    return PLAIN.get(name, f"the {_brief(name.replace('_', ' '))}")


def _changed(what: str, old: Any, new: Any) -> str:
    if isinstance(old, (Mapping, list)) or isinstance(new, (Mapping, list)):
        return f"{what} changed"
    return f"{what} changed from {_brief(old)} to {_brief(new)}"


def _brief(value: Any) -> str:
    """A value from a file, fit for a sentence: bounded, on one line, without control codes."""
    if value is None or value == "":
        return "none"
    return plain(f"{value:g}" if isinstance(value, float) else str(value), LONGEST)
