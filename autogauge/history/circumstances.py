"""What a machine allows a run and how it is governed, in words: what limits it, what changed meanwhile, what differs between two runs.

What changes every figure is for the fingerprint (processors, quota, memory). The rest is *noted* beside it: kernel, microcode, governor
and driver of the frequency, which processors, the memory limit, clock, power, hypervisor, the drivers of GPU and NPU. Runs that differ
there are judged against each other, and the difference is named. What is not known is never called a difference. The facts are those of
``probe.facts``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autogauge.history.records import SavedRun
from autogauge.plain import plain
from autogauge.probe.facts import MachineFacts

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
    "smt": "the sharing of cores (SMT)",
    "isolated_processors": "which processors are isolated",
    "mitigations": "what the kernel does against attacks (mitigations)",
    "huge_pages": "the use of huge pages",
    "swap_mib": "the swap (MiB)",
    "numa_nodes": "the number of memory nodes",
    "clock_source": "the clock source",
    "virtual_machine": "the hypervisor",
    "power_source": "the power source",
    "power_profile": "the power profile",
    "gpu_kernel_driver": "the GPU's kernel driver",
    "npu_kernel_driver": "the NPU's kernel driver",
    "gpu_frequency_limit_mhz": "the GPU's frequency limit (MHz)",
    "opencl_loader": "the OpenCL loader",
    "graphics_compiler": "the GPU driver's compiler",
    "level_zero_loader": "the Level Zero loader",
    "level_zero_gpu": "the GPU's Level Zero driver",
    "level_zero_npu": "the NPU's Level Zero driver",
}
"""How facts are called in a sentence."""
TOLD_FIRST = (
    *("kernel", "gpu_kernel_driver", "npu_kernel_driver", "level_zero_gpu", "level_zero_npu", "graphics_compiler"),
    *("microcode", "mitigations", "governor", "boost", "power_source", "smt", "clock_source"),
)
"""What of the facts that are noted moves figures most: lists of differences may be cut at their end."""
MOVING = ("frequency_limit_mhz",)
"""What some machines move by themselves: two looks, one after the other, may differ in it."""


def limits(facts: MachineFacts) -> list[str]:
    """Sentences about what is held below what the machine has: a quota of processors, a limit of memory."""
    found = []
    if facts.processor_quota is not None:
        found.append(
            f"a quota allows {facts.processor_quota:g} of {facts.logical_cpus} processors' time: figures are those of the quota"
        )
    if (limit := facts.noted.get("memory_limit_mib")) is not None:
        found.append(f"the memory is limited to {limit} MiB of the machine's {facts.memory_gib} GiB")
    return found


def changes(before: MachineFacts, later: MachineFacts) -> list[str]:
    """What of the facts that must not change while a run measures has changed: one clause each."""
    return differences(before.steady(), later.steady())


def of_turns(conditions: Iterable[Sequence[Mapping[str, Any]]]) -> list[str]:
    """What changed for the probes alone, which the process that starts them does not see; one clause at most.

    ``conditions`` are the surroundings of each condition's turns, in the order measured: each of them has processors of its own.
    """
    for turns in conditions:
        counts = [int(each["processors"]) for each in turns if each.get("processors")]
        if other := [each for each in counts if each != counts[0]]:
            return [f"the number of processors that probes may use changed from {counts[0]} to {other[0]}"]
    return []


def apart(here: MachineFacts, probe: MachineFacts, *, reference: str = "") -> str | None:
    """What a probe sees of the machine otherwise than this process does, in one sentence; ``None`` where they see the same.

    With the name of a ``reference``, what its probes see otherwise than those of the session (``here``) that it is compared with.
    """
    ours, theirs = here.by_name(), probe.by_name()
    found = [
        f"{_plain(name)} is {_brief(theirs.get(name))}, not {_brief(ours.get(name))}"
        for name in dict.fromkeys((*ours, *theirs))
        if ours.get(name) != theirs.get(name) and name not in MOVING
    ]
    if not found:
        return None
    if reference:
        return (
            f"WARNING: {_brief(reference)} sees another machine than what it is compared with: {', '.join(found)}; "
            "what differs between the two may be the machine's doing"
        )
    return f"the probes see another machine than the process that starts them: {', '.join(found)}; what the probes see counts"


def between(before: SavedRun, after: SavedRun) -> list[str]:
    """What differs between the surroundings of two saved runs: one short clause each, such as ``the kernel changed from 6.1 to 6.5``.

    Facts of the fingerprint come first (machine, processors, quota, memory, devices and their drivers, model, options), then what is
    noted beside it. The OpenVINO release is left out: it is what runs are compared for. Empty where nothing differs or nothing is known.
    """
    return [
        *differences(before.fingerprint_facts, after.fingerprint_facts),
        *differences(before.noted, after.noted),
    ]


def as_read(value: Any) -> Any:
    """A value as it would be read from a file: what was a tuple is a list."""
    return json.loads(json.dumps(value))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs between two sets of facts, one clause each; a fact that only one side knows is passed over.

    Only a quota is said where one side has none: a fingerprint holds it where there is one.
    """
    if before == after:
        return []  # at once: of thousands of runs most are like their neighbours
    found = []
    names = sorted(
        dict.fromkeys((*before, *after)),
        key=lambda name: TOLD_FIRST.index(name) if name in TOLD_FIRST else len(TOLD_FIRST),
    )
    for name in names:
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
