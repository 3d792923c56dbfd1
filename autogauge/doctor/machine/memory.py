"""Is there memory enough, and how is it given out: huge pages, swap, overcommitment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from autogauge.doctor.finding import State
from autogauge.doctor.machine.processors import MEMORY_LIMITS, closed_limit
from autogauge.doctor.machine.snapshot import Look, Machine, text
from autogauge.probe.worker.cgroups import NO_LIMIT_FROM

ENOUGH_MIB = 1024
"""What must be left. A probe of a small model takes about 200 MiB, and several live at a time."""
MEMINFO = "proc/meminfo"


def left(machine: Machine) -> Look:
    """How much memory is left for a run, of the machine's and of the container's."""
    available = machine.memory_kib.get("MemAvailable")
    if available is None:
        return machine.unknown(MEMINFO)
    if (look := closed_limit(machine, "memory", MEMORY_LIMITS)) is not None:
        return look
    mib, of_group = available / 1024, None
    for folder, limit in _limits(machine):
        used = _in_use_bytes(machine, folder)
        if used is None:
            return Look(State.NOT_KNOWN, f"/{folder} has a limit, and does not tell what is in use of it")
        left_mib = max(0.0, limit - used) / 2**20
        of_group = left_mib if of_group is None else min(of_group, left_mib)
    least = mib if of_group is None else min(mib, of_group)
    figures = {"available_mib": round(mib), "left_in_container_mib": None if of_group is None else round(of_group)}
    where = " within the container's limit" if of_group is not None and of_group < mib else ""
    found = f"{least / 1024:.1f} GiB{where}"
    if least >= ENOUGH_MIB:
        return Look(State.FIT, found, figures=figures)
    effect = "the kernel gives up what it keeps of files, swaps, or kills: compiling and loading wait for the disk"
    return Look(State.UNFIT, found, effect, "end what takes it (ps aux --sort=-rss), or give the machine more", figures)


def _limits(machine: Machine) -> Iterator[tuple[str, float]]:
    """The control groups that limit memory, each with its own limit in bytes: the tightest need not be the one that is nearly full."""
    for folder in machine.groups.folders("memory"):
        place = folder.removeprefix(str(machine.root)).lstrip("/")
        for name in MEMORY_LIMITS:
            limit = machine.number(f"{place}/{name}")
            if limit is not None and 0 <= limit < NO_LIMIT_FROM:
                yield place, limit


def _in_use_bytes(machine: Machine, folder: str) -> float | None:
    """What a group has in use, without files that the kernel can give up at once; ``None`` where it does not tell."""
    for name in ("memory.current", "memory.usage_in_bytes"):
        used = machine.number(f"{folder}/{name}")
        if used is not None:
            said = text(machine.root, f"{folder}/memory.stat") or ""
            idle = re.findall(r"(?m)^(?:total_)?inactive_file ([0-9]{1,18})$", said)
            return used - max(map(float, idle), default=0.0)
    return None


def swap(machine: Machine) -> Look:
    """Whether memory is moved to a disk and back."""
    total, free = machine.memory_kib.get("SwapTotal"), machine.memory_kib.get("SwapFree")
    if total is None or free is None:
        return machine.unknown(MEMINFO)
    before, after = machine.first.swapped_pages, machine.last.swapped_pages
    moved = None if before is None or after is None else after - before
    figures = {"total_mib": round(total / 1024), "used_mib": round((total - free) / 1024), "pages_while_watched": moved}
    if not total:
        return Look(State.FIT, "none", figures=figures)
    if moved is None and total <= free:
        return machine.unknown("proc/vmstat")
    found = f"{(total - free) / 2**20:.1f} of {total / 2**20:.1f} GiB used"
    step = "end what takes the memory; or swap off while measuring: sudo swapoff -a"
    if moved:
        effect = f"{moved} pages were moved while it was watched: who needs one waits for the disk, which no timing can tell apart"
        return Look(State.UNFIT, found, effect, step, figures)
    if total > free:
        effect = "what lies there is read back when it is needed: the first turns of a run may wait for the disk"
        return Look(State.NOTED, found, effect, step, figures)
    return Look(State.FIT, found, figures=figures)


def huge_pages(machine: Machine) -> Look:
    """When the kernel gives out large pages by itself."""
    found = machine.facts.get("huge_pages")
    path = "sys/kernel/mm/transparent_hugepage/enabled"
    if found is None:
        return machine.unknown(path)
    if found in ("madvise", "never"):
        return Look(State.FIT, f"{found}: only who asks gets them" if found == "madvise" else "never")
    return Look(
        State.NOTED,
        found,
        "who gets large pages is luck: identical processes differ in speed, and memory figures grow by whole pages of 2 MiB",
        f"leave it as it is from run to run (echo madvise | sudo tee /{path})",
    )


def overcommitment(machine: Machine) -> Look:
    """Whether the kernel promises more memory than there is; where it does not, large models may fail early."""
    path = "proc/sys/vm/overcommit_memory"
    found = machine.word(path)
    words = {"0": "within reason (0)", "1": "always (1)", "2": "never (2)"}
    if found not in words:
        return machine.unknown(path)
    if found != "2":
        return Look(State.FIT, words[found])
    limit, taken = (machine.memory_kib.get(each, 0) for each in ("CommitLimit", "Committed_AS"))
    return Look(
        State.NOTED,
        f"{words[found]}, {max(0, limit - taken) / 2**20:.1f} GiB are left to promise",
        "a GPU's driver reserves much more than it uses: compiling may fail for want of memory though there is enough",
        "sudo sysctl vm.overcommit_memory=0",
        {"left_to_promise_mib": round((limit - taken) / 1024)},
    )
