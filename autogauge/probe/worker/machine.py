"""What the machine and this process did beside the measuring, from Linux's files. Judging it is left to others."""

from __future__ import annotations

import errno
import functools
import os
import time
from typing import TYPE_CHECKING

from autogauge.probe.worker.cgroups import Groups
from autogauge.probe.worker.hardware import CPUS, word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

clock = time.perf_counter


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stay_on_one_processor() -> None:
    """Keep this process and all threads that it will start on one of its processors; nothing where the system cannot.

    The second one: the first serves most interrupts, and the last may be one of the slow ones.
    """
    if hasattr(os, "sched_setaffinity"):
        usable = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, usable[min(1, len(usable) - 1) :][:1])


def peak_memory_bytes() -> int | None:
    """The most memory that this process ever had resident, in bytes; ``None`` where Linux's file is missing.

    ``ru_maxrss`` would not do: it survives exec, so a small probe would show the memory of who started it.
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as stream:
            return next(int(line.split()[1]) * 1024 for line in stream if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


def reset_peak_memory() -> bool:
    """Let the peak begin anew from what is resident now; whether Linux lets us. Where not, a peak is that of the process so far."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as stream:
            stream.write("5")
    except OSError:
        return False
    return True


def threads() -> int | None:
    """How many threads this process has now; ``None`` where Linux does not tell."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return None


def resident_memory_bytes() -> int | None:
    """The memory that this process has resident now, in bytes; ``None`` where Linux's file is missing."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def files_left() -> float:
    """How many more files this process may open; infinite where that is not known."""
    try:
        import resource

        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return float("inf") if most == resource.RLIM_INFINITY else most - len(os.listdir("/proc/self/fd"))
    except (ImportError, ValueError):
        return float("inf")
    except OSError as error:
        return 0 if error.errno == errno.EMFILE else float("inf")


def waited_s() -> float | None:
    """For how long this process's threads have been ready and waited for a processor; ``None`` where Linux does not tell.

    Of the threads that live now; from the second figure of each thread's ``schedstat``, in nanoseconds.
    """
    total = 0
    try:
        for thread in os.listdir("/proc/self/task"):
            try:
                with open("/proc/self/task/" + thread + "/schedstat", encoding="ascii") as stream:
                    total += int(stream.read().split()[1])
            except FileNotFoundError:  # it has just ended
                continue
    except (OSError, ValueError, IndexError):
        return None
    return total / 1e9


def number_in(path: str, after: str = "") -> float | None:
    """The number in a file, behind the text ``after`` where one is given; ``None`` without it."""
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            text = stream.read()
            return float((text.partition(after)[2] if after else text).split()[0])
    except (OSError, ValueError, IndexError):
        return None


def frequency_mhz() -> float | None:
    """The frequency of the first processor in MHz, where the kernel governs it; to ask for all of them takes long on a large machine."""
    found = number_in("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")
    return None if found is None else found / 1e3


def throttled() -> float | None:
    """How often the processors that may be used were throttled for their heat since boot: every package, and a core of each."""
    return sum_of(_heat_files())


@functools.lru_cache(maxsize=None)
def _heat_files() -> list[str]:
    """Found once, for the processors that this process may use when it starts."""
    return heat_files("/", os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0})


def heat_files(root: str, usable: Collection[int]) -> list[str]:
    """The files that count throttling: of the first of these processors in each package, those of its core and of the package.

    A package's counter rises with whichever of its cores is too hot; to read every core's at each turn would take long on a large machine.
    """
    first = {}  # type: dict[str | None, str]
    for number in sorted(usable):
        folder = CPUS + "/cpu{}".format(number)
        first.setdefault(word(root, folder + "/topology/physical_package_id"), folder + "/thermal_throttle")
    names = ["core_throttle_count", "package_throttle_count"]
    paths = [os.path.join(root, folder, name) for folder in first.values() for name in names]
    return [path for path in paths if os.path.exists(path)]


def sum_of(paths: Sequence[str]) -> float | None:
    """The numbers in these files together; ``None`` where none can be read."""
    found = [number for number in map(number_in, paths) if number is not None]
    return sum(found) if found else None


def memory_stalls_s() -> float | None:
    """For how long some process of the machine has waited for memory, in seconds (pressure stall information)."""
    found = number_in("/proc/pressure/memory", "total=")
    return None if found is None else found / 1e6


@functools.lru_cache(maxsize=None)
def _own_groups() -> Groups:
    """Found once: a process stays in its groups, and to find them takes longer than to ask them."""
    return Groups()


class Surroundings:
    """What the machine did beside this process between two moments: waiting, steal time, other processes' load, throttling, memory."""

    def __init__(self) -> None:
        self._groups = _own_groups()
        self._held = self._groups.held_back_s()
        self._stalls, self._throttled = memory_stalls_s(), throttled()
        self._waited = waited_s()
        self._wall, self._own = clock(), time.process_time()
        self._busy, self._steal = self._machine()

    @staticmethod
    def _machine() -> tuple[float, float]:
        """Busy and stolen time since boot of the processors that may be used, in seconds; zeros where Linux's file is missing."""
        try:
            with open("/proc/stat", encoding="ascii") as stream:
                return usable_processors_s(stream, os.sched_getaffinity(0))
        except (AttributeError, OSError, ValueError, IndexError):
            return 0.0, 0.0

    def since(self) -> dict[str, float | None]:
        """Processor seconds since the start: own, others' (never below 0), stolen; and what else is known, ``None`` where it is not.

        ``waited_s`` counts the waiting of threads that lived at both moments; ``quota_held_s`` the time for which a quota of processors
        held back threads of the control group, this process's among them. Whole microseconds: they are kept for every turn.
        """
        wall_s = clock() - self._wall
        busy, steal = self._machine()
        own = time.process_time() - self._own
        found = {
            "wall_s": wall_s,
            "waited_s": _increase(self._waited, waited_s()),
            "memory_stalls_s": _increase(self._stalls, memory_stalls_s()),
            "throttled": _increase(self._throttled, throttled()),
            "quota_held_s": _increase(self._held, self._groups.held_back_s()),
            "frequency_mhz": frequency_mhz(),
            "own_cpu_s": own,
            "others_cpu_s": max(0.0, busy - self._busy - own),
            "steal_s": steal - self._steal,
            "processors": processors(),
            "load_1min": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        }
        return {name: None if value is None else round(value, 6) for name, value in found.items()}


def usable_processors_s(lines: Iterable[str], usable: Collection[int]) -> tuple[float, float]:
    """Busy and stolen time of these processors, in seconds, from the lines of ``/proc/stat``; of all where none of them is listed."""
    total, found = [], []
    for line in lines:
        name, _, rest = line.partition(" ")
        if not name.startswith("cpu"):
            break
        ticks = [int(word) for word in [*rest.split(), "0"][:8]]
        if name == "cpu":
            total = ticks
        elif int(name[3:]) in usable:
            found.append(ticks)
    per_second = os.sysconf("SC_CLK_TCK")
    user, nice, system, _idle, _iowait, irq, softirq, steal = [
        sum(ticks[place] for ticks in found or [total]) for place in range(8)
    ]
    return (user + nice + system + irq + softirq) / per_second, steal / per_second


def _increase(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else max(0.0, after - before)
