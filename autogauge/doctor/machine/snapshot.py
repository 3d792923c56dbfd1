"""A machine as its files show it, with two moments of its counters between which it was watched. Judging is left to the looks.

Everything is read below a root, so that a test can lay out any machine. What no file tells (the clock's cost, whether it is kept right)
is asked of the system for the real root only.
"""

from __future__ import annotations

import ctypes
import os
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from autogauge.doctor.finding import State
from autogauge.probe.worker.cgroups import Groups
from autogauge.probe.worker.facts import machine_facts
from autogauge.probe.worker.hardware import CPUS, matching, memory_kib, word

WATCHED_S, LONGER_S = 1.0, 3.0
TIME_ERROR = 5
"""What ``adjtimex`` returns where nobody keeps the clock right."""
LOOKS_AT_CLOCK = 2000
_NUMBER = re.compile(r"[0-9]{1,18}")
TICKS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


@dataclass(frozen=True)
class Look:
    """What one look saw: in which state, in words, what it does to results here, what to do, and the figures behind it."""

    state: State
    found: str
    effect: str = ""
    step: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Moment:
    """Counters since boot. Ticks are those of the processors that may be used; ``programs`` are names and ticks by process.

    ``families`` has of each process its parent, and its ticks with those of its children that have ended. ``confined`` are those that may
    run on these processors only, and ``elsewhere`` is the time that was wanted on the other ones.
    """

    ticks: Mapping[str, int] = field(default_factory=dict)
    swapped_pages: int | None = None
    throttled: int | None = None
    programs: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    families: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    confined: frozenset[int] = frozenset()
    elsewhere: int = 0

    @classmethod
    def of(cls, root: Path, usable: Collection[int] | None) -> Moment:
        """The counters now, below that root."""
        swapped = re.findall(r"(?m)^pswp(?:in|out) ([0-9]{1,18})$", text(root, "proc/vmstat") or "")
        stat = text(root, "proc/stat") or ""
        programs, families = _programs(root)
        own, others = _ticks(stat, usable), _others(stat, usable)
        return cls(
            own,
            sum(map(int, swapped)) if swapped else None,
            _throttled(root, usable),
            programs,
            families,
            _confined(root, programs, others),
            _wanted(_ticks(stat, others)) if others else 0,
        )

    def family_of(self, heads: Collection[int]) -> frozenset[int]:
        """These processes with all that they started, and those did."""
        found: set[int] = set()
        wanted = {each for each in heads if each in self.families}
        while wanted:
            found |= wanted
            wanted = {each for each, (parent, _) in self.families.items() if parent in wanted} - found
        return frozenset(found)

    def ticks_of(self, family: Collection[int]) -> int:
        """The processor time of a family, also of those in it that have ended."""
        return sum(self.families[each][1] for each in family if each in self.families)

    @property
    def all_ticks(self) -> int:
        """All time of the processors."""
        return sum(self.ticks.values())

    @property
    def wanted_ticks(self) -> int:
        """The time that somebody wanted to have, whether he got it or not."""
        return _wanted(self.ticks)


@dataclass(frozen=True)
class Machine:
    """The files below ``root``; ``usable`` are the processors that may be used; ``clock_ns`` is what a look at the clock costs.

    ``measuring`` are the processes that hold the measuring lock.
    """

    root: Path
    usable: frozenset[int] | None
    first: Moment
    last: Moment
    clock_ns: float | None = None
    synchronised: bool | None = None
    measuring: frozenset[int] = frozenset()

    @classmethod
    def watched(
        cls, root: Path = Path("/"), seconds: float = WATCHED_S, measuring: Collection[int] = frozenset()
    ) -> Machine:
        """The machine of this process, watched for so long while this process does nothing."""
        usable = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        is_real = root == Path("/")
        before = Moment.of(root, usable)
        if is_real:
            time.sleep(seconds)
        after = Moment.of(root, usable)
        clock_ns, synchronised = (_clock_ns(), _synchronised()) if is_real else (None, None)
        return cls(root, usable, before, after, clock_ns, synchronised, frozenset(measuring))

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What travels with a run as noted, read below this root."""
        return dict(machine_facts(str(self.root), self.usable)["noted"])

    @cached_property
    def groups(self) -> Groups:
        """The control groups of this process."""
        return Groups(str(self.root))

    @cached_property
    def memory_kib(self) -> dict[str, int]:
        """The fields of ``/proc/meminfo``."""
        return memory_kib(str(self.root))

    @property
    def is_virtual(self) -> bool:
        """Whether a hypervisor is known to be below."""
        return bool(self.facts.get("virtual_machine", "none") != "none")

    @property
    def online(self) -> frozenset[int] | None:
        """The processors that the machine runs on."""
        return self.processors(f"{CPUS}/online") or None

    def processors(self, path: str) -> frozenset[int]:
        """The processors that a file lists, however long it is; none where it lists none."""
        return numbers((text(self.root, path) or "").strip())

    def word(self, path: str) -> str | None:
        """What a file says."""
        return word(str(self.root), path)

    def number(self, path: str) -> float | None:
        """The number in a file."""
        said = self.word(path)
        return float(said) if said and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,9})?", said) else None

    def of_each(self, file: str) -> dict[int, str]:
        """What that file of each usable processor says; without those that say nothing."""
        found = {each: self.word(f"{CPUS}/cpu{each}/{file}") for each in sorted(self.usable or ())}
        return {each: said for each, said in found.items() if said}

    def cannot_list(self, folder: str) -> Look | None:
        """That a folder is there and cannot be listed: then what was not found in it may be there all the same."""
        try:
            next((self.root / folder).iterdir(), None)
        except FileNotFoundError:
            return None
        except OSError as error:
            return Look(State.NOT_KNOWN, f"/{folder} cannot be read ({error.strerror})")
        return None

    def unknown(self, path: str, why: str = "", step: str = "") -> Look:
        """That this file does not tell, and for what reason; ``why`` comes first where the file is not there."""
        try:
            with (self.root / path).open("rb") as stream:
                stream.read(1)
            reason = f"/{path} says nothing that is understood"
        except FileNotFoundError:
            reason = f"{why} (no /{path})" if why else f"there is no /{path}"
        except OSError as error:
            reason = f"/{path} cannot be read ({error.strerror})"
        return Look(State.NOT_KNOWN, reason, step=step)


def text(root: Path, path: str) -> str | None:
    """The whole of a file, up to 4 MiB; ``None`` where it cannot be read."""
    try:
        with (root / path).open(encoding="utf-8", errors="replace") as stream:
            return stream.read(1 << 22)
    except (OSError, ValueError):
        return None


def numbers(said: str) -> frozenset[int]:
    """Processors as Linux writes them (``0-3,8``); none where that is not understood."""
    found: set[int] = set()
    for part in said.split(","):
        if not (read := re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part.strip())):
            return frozenset()
        found |= set(range(int(read[1]), int(read[2] or read[1]) + 1))
    return frozenset(found)


def _ticks(stat: str, usable: Collection[int] | None) -> dict[str, int]:
    lines = {
        name: list(map(int, rest.split())) for name, rest in re.findall(r"(?m)^(cpu[0-9]*)((?: +[0-9]{1,18})+)$", stat)
    }
    own = [lines[f"cpu{each}"] for each in usable or () if f"cpu{each}" in lines]
    rows = own or [lines[each] for each in lines if each == "cpu"]
    return (
        {name: sum(row[place] for row in rows if place < len(row)) for place, name in enumerate(TICKS)} if rows else {}
    )


def _wanted(ticks: Mapping[str, int]) -> int:
    return sum(ticks.values()) - ticks.get("idle", 0) - ticks.get("iowait", 0)


def _others(stat: str, usable: Collection[int] | None) -> frozenset[int]:
    """The processors that are counted and are none of the usable ones."""
    counted = frozenset(map(int, re.findall(r"(?m)^cpu([0-9]{1,5}) ", stat)))
    return counted - frozenset(usable) if usable and counted & frozenset(usable) else frozenset()


def _confined(root: Path, processes: Collection[int], others: frozenset[int]) -> frozenset[int]:
    """Those of the processes that run on none of these other processors; one that does not tell may run there."""
    if not others:
        return frozenset(processes)
    found = set()
    for each in processes:
        said = re.search(r"(?m)^Cpus_allowed_list:\s*(\S+)$", text(root, f"proc/{each}/status") or "")
        allowed = numbers(said[1]) if said else frozenset()
        if allowed and not allowed & others:
            found.add(each)
    return frozenset(found)


def _throttled(root: Path, usable: Collection[int] | None) -> int | None:
    """How often the usable processors were slowed down for their heat; a package's count is the same in each, and counts once."""
    cores: list[int] = []
    packages: dict[str, int] = {}
    for each in sorted(usable or ()):
        folder = f"{CPUS}/cpu{each}/thermal_throttle"
        core, package = (word(str(root), f"{folder}/{name}_throttle_count") for name in ("core", "package"))
        if core and _NUMBER.fullmatch(core):
            cores.append(int(core))
        if package and _NUMBER.fullmatch(package):
            socket = word(str(root), f"{CPUS}/cpu{each}/topology/physical_package_id") or ""
            packages[socket] = max(int(package), packages.get(socket, 0))
    return sum(cores) + sum(packages.values()) if cores or packages else None


def _programs(root: Path) -> tuple[dict[int, tuple[str, int]], dict[int, tuple[int, int]]]:
    """Of every process but this one the name and the processor time in ticks; and the parent, and that time with the ended children's."""
    found, families = {}, {}
    for name in matching(str(root), "proc", r"[0-9]{1,9}"):
        said = re.fullmatch(r"[0-9]+ \((.*)\) \S (.*)", (text(root, f"proc/{name}/stat") or "").strip(), re.DOTALL)
        words = said[2].split() if said else []
        if said and int(name) != os.getpid() and all(map(_NUMBER.fullmatch, words[10:12])) and len(words) > 11:
            ticks = [int(each) for each in words[10:14] if _NUMBER.fullmatch(each)]
            found[int(name)] = said[1], sum(ticks[:2])
            families[int(name)] = int(words[0]) if _NUMBER.fullmatch(words[0]) else 0, sum(ticks)
    return found, families


def _clock_ns() -> float:
    """What a look at the clock costs, in nanoseconds: the fastest of some rounds, since others only make it longer."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter_ns()
        for _ in range(LOOKS_AT_CLOCK):
            time.perf_counter_ns()
        best = min(best, (time.perf_counter_ns() - began) / LOOKS_AT_CLOCK)
    return best


def _synchronised() -> bool | None:
    """Whether something keeps the system's clock right (``adjtimex``, which also who is not root may ask)."""
    try:
        ask = ctypes.CDLL(None).adjtimex
    except (AttributeError, OSError):
        return None
    asked = ctypes.create_string_buffer(1024)  # all zeros: nothing is to be changed
    state = ask(asked)
    return None if state < 0 else state != TIME_ERROR
