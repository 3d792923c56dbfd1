"""Which processors may be used, how they stand to each other (SMT, isolation, kinds, memory nodes), and what containers allow of them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from autogauge.doctor.finding import State
from autogauge.doctor.machine.snapshot import Look, Machine
from autogauge.probe.worker.facts import ranges
from autogauge.probe.worker.hardware import CPUS, matching

OWN_GROUP = "proc/self/cgroup"
MEMORY_LIMITS = ("memory.max", "memory.high", "memory.limit_in_bytes")


def sharing(machine: Machine) -> Look:
    """Whether two threads share a core."""
    found = machine.facts.get("smt")
    if found is None:
        return machine.unknown(f"{CPUS}/smt/active")
    if found == "off" and machine.is_virtual:
        return Look(State.NOT_KNOWN, "the hypervisor shows cores, and does not tell whether they are halves of one")
    if found == "off":
        return Look(State.FIT, "off: every processor is a core")
    return Look(
        State.NOTED,
        "on: two processors are one core",
        "what runs on the other half of a core takes a share of its speed, though this processor counts as free; OpenVINO "
        "uses one thread a core for latency",
        "leave it as it is from run to run (off: echo off | sudo tee /sys/devices/system/cpu/smt/control)",
    )


def isolated(machine: Machine) -> Look:
    """Whether the scheduler leaves some processors alone, and whether those are the ones that measure."""
    found = machine.facts.get("isolated_processors")
    if found is None:
        return machine.unknown(f"{CPUS}/isolated")
    apart = machine.processors(f"{CPUS}/isolated")
    if not apart:
        return Look(State.FIT, "none")
    ours = apart & (machine.usable or frozenset())
    figures = {"isolated": len(apart), "isolated_and_usable": len(ours)}
    if len(ours) > 1:
        return Look(
            State.UNFIT,
            f"{found}, of which {ranges(ours)} may be used here",
            "the scheduler spreads nothing over isolated processors: all threads of an inference stay on the one where they began",
            "measure on the others (taskset -c), or boot without isolcpus",
            figures,
        )
    effect = f"they stay idle: every figure is of the other {len(machine.usable or ()) or ''} processors".replace(
        "  ", " "
    )
    return Look(State.NOTED, found, effect, "nothing, where that is meant; else boot without isolcpus", figures)


def allowed(machine: Machine) -> Look:
    """Which processors this process may use of those that there are."""
    if machine.usable is None:
        return Look(State.NOT_KNOWN, "this system does not tell")
    if machine.online is None:
        return machine.unknown(f"{CPUS}/online")
    figures = {"usable": len(machine.usable), "online": len(machine.online)}
    if machine.usable >= machine.online:
        return Look(State.FIT, f"all {len(machine.online)}: {ranges(machine.usable)}", figures=figures)
    return Look(
        State.NOTED,
        f"{len(machine.usable)} of {len(machine.online)}: {ranges(machine.usable)}",
        f"every figure is of {len(machine.usable)} processors; the fingerprint holds how many, so only runs of as many are judged together",
        "where that is not meant: look for taskset, numactl, or the container's --cpuset-cpus",
        figures,
    )


def kinds(machine: Machine) -> Look:
    """Whether the usable processors are of several kinds, fast and saving."""
    parts = {
        title: machine.processors(f"sys/devices/{name}/cpus") & (machine.usable or frozenset())
        for name, title in (("cpu_core", "fast"), ("cpu_atom", "saving"))
    }
    known = {title: len(each) for title, each in parts.items() if each}
    tops = set(machine.of_each("cpu_capacity").values()) or set(machine.of_each("cpufreq/cpuinfo_max_freq").values())
    if not known and not tops:
        return machine.unknown(f"{CPUS}/cpu{min(machine.usable or {0})}/cpufreq/cpuinfo_max_freq")
    if len(known) < 2 and (known or len(tops) < 2):
        return Look(State.FIT, "all alike")
    said = ", ".join(f"{count} {title}" for title, count in known.items()) or f"{len(tops)} different top speeds"
    return Look(
        State.NOTED,
        said,
        "how fast a thread is depends on where the scheduler puts it: figures of few threads vary more from process to process",
        "leave it to OpenVINO, or name its choice (SCHEDULING_CORE_TYPE) in the target",
        {f"{title}_processors": count for title, count in known.items()},
    )


def memory_nodes(machine: Machine) -> Look:
    """Whether some memory is further from some processors than other memory."""
    count = machine.facts.get("numa_nodes")
    if count is None:
        return machine.unknown("sys/devices/system/node")
    if count == 1:
        return Look(State.FIT, "one", figures={"nodes": 1})
    within = [
        name
        for name in matching(str(machine.root), "sys/devices/system/node", r"node[0-9]+")
        if machine.processors(f"sys/devices/system/node/{name}/cpulist") & (machine.usable or frozenset())
    ]
    moves = machine.word("proc/sys/kernel/numa_balancing") not in (None, "0")
    figures = {"nodes": count, "nodes_with_usable_processors": len(within)}
    if len(within) == 1:
        return Look(State.FIT, f"{count}, and the usable processors lie in one of them ({within[0]})", figures=figures)
    effect = "the same inference is slower where its memory lies in another node: processes differ from each other by that luck"
    effect += "; the kernel moves memory while it is measured (numa_balancing)" if moves else ""
    step = "numactl --cpunodebind=0 --membind=0 before the measuring command, on every run or on none"
    return Look(State.NOTED, f"{count}, with usable processors in {len(within)}", effect, step, figures)


def quota(machine: Machine) -> Look:
    """Whether a container may use less time than its processors have."""
    if (look := _no_groups(machine, "cpu")) is not None:
        return look
    if (look := closed_limit(machine, "cpu", ("cpu.max", "cpu.cfs_quota_us"))) is not None:
        return look
    allows, there = machine.groups.quota(), len(machine.usable or ()) or None
    if allows is None or (there and allows >= there):
        return Look(State.FIT, "none" if allows is None else f"{allows:g} processors, which are all")
    held_s = machine.groups.held_back_s()
    figures = {"allowed_processors": allows, "processors": there, "held_back_s": held_s}
    held = f"; it has held threads back for {held_s:.1f} s so far" if held_s else ""
    return Look(
        State.UNFIT,
        f"{allows:g} of {there or 'its'} processors{held}",
        "when the share of a tenth of a second is used up, all threads stand still until the next: single latencies are the quota's, not "
        "OpenVINO's",
        "give the container whole processors (--cpuset-cpus) in place of a quota (--cpus, cpu.max)",
        figures,
    )


def memory_limit(machine: Machine) -> Look:
    """Whether a container may use less memory than there is, and whether it has met that limit."""
    if (look := _no_groups(machine, "memory")) is not None:
        return look
    if (look := closed_limit(machine, "memory", MEMORY_LIMITS)) is not None:
        return look
    limit, kills = machine.groups.memory_limit_bytes(), machine.groups.kills_for_memory()
    total = machine.memory_kib.get("MemTotal")
    killed = f"; {kills} processes were killed for want of memory so far" if kills else ""
    figures = {"limit_mib": None if limit is None else round(limit / 2**20), "killed": kills}
    if limit is None or (total is not None and limit >= total * 1024):
        if not killed:
            return Look(State.FIT, "none", figures=figures)
        effect = "a probe that is killed is a failed replicate; where all are, the study is missing"
        return Look(
            State.NOTED, f"none{killed}", effect, "see which ones: journalctl -k --grep='killed process'", figures
        )
    return Look(
        State.NOTED,
        f"{limit / 2**30:.1f} GiB{f' of {total / 2**20:.1f} GiB' if total else ''}{killed}",
        "beyond it processes are killed, and near it files are read from disk again and again: compiling and loading become slower",
        "raise it (docker: --memory) where the model is large",
        figures,
    )


def closed_limit(machine: Machine, controller: str, names: Sequence[str]) -> Look | None:
    """That one of these files of a group is there and does not tell its limit, where it is so: then nobody knows that there is none."""
    for folder in machine.groups.folders(controller):
        place = folder.removeprefix(str(machine.root)).lstrip("/")
        for name in names:
            path = f"{place}/{name}"
            is_there = os.path.lexists(machine.root / path)
            if is_there and not re.match(r"(max|-?[0-9]+)(\s|$)", machine.word(path) or ""):
                return machine.unknown(path)
    return None


def _no_groups(machine: Machine, controller: str) -> Look | None:
    """That nothing is known of the control groups for that, where it is so: then no limit that is found means nothing."""
    if not machine.word(OWN_GROUP):
        return machine.unknown(OWN_GROUP)
    if not machine.groups.are_seen(controller):
        return Look(State.NOT_KNOWN, f"the control groups for {controller} are not mounted here (/proc/self/mountinfo)")
    return None
