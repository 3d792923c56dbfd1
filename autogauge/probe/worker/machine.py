"""What the machine and this process did beside the measuring, from Linux's files. Judging it is left to others."""

from __future__ import annotations

import os
import time

clock = time.perf_counter


def peak_memory_bytes() -> int | None:
    """The most memory that this process ever had resident, in bytes; ``None`` where Linux's file is missing.

    ``ru_maxrss`` would not do: it survives exec, so a small probe would show the memory of who started it.
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as stream:
            return next(int(line.split()[1]) * 1024 for line in stream if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


def resident_memory_bytes() -> int | None:
    """The memory that this process has resident now, in bytes; ``None`` where Linux's file is missing."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


class Surroundings:
    """What the machine did beside this process between two moments: steal time and other processes' load."""

    def __init__(self) -> None:
        self._wall, self._own = clock(), time.process_time()
        self._busy, self._steal = self._machine()

    @staticmethod
    def _machine() -> tuple[float, float]:
        """Busy and stolen processor time of the machine since boot, in seconds; zeros where Linux's file is missing."""
        try:
            with open("/proc/stat", encoding="ascii") as stream:
                ticks = [int(word) for word in stream.readline().split()[1:]]
        except (OSError, ValueError):
            return 0.0, 0.0
        per_second = os.sysconf("SC_CLK_TCK")
        user, nice, system, _idle, _iowait, irq, softirq, steal = ticks[:8]
        return (user + nice + system + irq + softirq) / per_second, steal / per_second

    def since(self) -> dict[str, float | None]:
        """Processor seconds since the start: own, others' (never below 0), stolen; and the load average of a minute."""
        busy, steal = self._machine()
        own = time.process_time() - self._own
        return {
            "wall_s": clock() - self._wall,
            "own_cpu_s": own,
            "others_cpu_s": max(0.0, busy - self._busy - own),
            "steal_s": steal - self._steal,
            "load_1min": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        }
