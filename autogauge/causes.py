"""What the machine lacked, told from an error or from what a process printed, and what to do about it.

A sentence that ends in "check the file" sends the reader the wrong way where a limit of the machine was the cause. Who says the sentence is
left to the callers.
"""

from __future__ import annotations

import errno
import os
import re

MEMORY = "give the machine or container more memory, or take a smaller model or fewer infer requests (--model, --infer-requests)"
FILES = "raise the number of files that a process may open (ulimit -n)"
FILES_OF_ALL = "the whole machine has too many files open: end what opens them, or raise fs.file-max"
PROCESSES = (
    "raise the number of processes and threads that may run (ulimit -u; of a container, its limit of processes) "
    "or their memory (ulimit -v), or end some that run"
)
DISK = "free some space on the disk"
KILLED_FOR_MEMORY = "killed by the kernel for want of memory"
BUSY_LOAD = 1.5
"""The load for each processor from which a machine is called busy."""

_OF_NUMBER = {
    errno.ENOMEM: MEMORY,
    errno.EMFILE: FILES,
    errno.ENFILE: FILES_OF_ALL,
    errno.EAGAIN: PROCESSES,
}
_IN_TEXT = (
    (re.compile(re.escape(KILLED_FOR_MEMORY)), MEMORY),
    (re.compile(r"Too many open files in system|\bENFILE\b"), FILES_OF_ALL),
    (re.compile(r"Too many open files|\bEMFILE\b"), FILES),
    (
        re.compile(
            r"can't start new thread|Resource temporarily unavailable|[Cc]annot fork|[Tt]hread creation failed|\bEAGAIN\b"
        ),
        PROCESSES,
    ),
    (re.compile(r"Cannot allocate memory|std::bad_alloc|\bbad allocation\b|\bMemoryError\b|\bENOMEM\b"), MEMORY),
    (
        re.compile(r"Unable to allocate \S+ \S+ for an array|Memory allocation (still )?failed"),
        MEMORY,
    ),  # numpy, OpenBLAS
    (
        re.compile(r"failed to map segment from shared object(?!: )"),
        MEMORY,
    ),  # with a colon it is a folder that forbids it
    (re.compile(r"No space left on device|\bENOSPC\b|Disk quota exceeded|\bEDQUOT\b"), DISK),
)


def step_for(error: OSError) -> str | None:
    """What to do where the machine lacked something; ``None`` for every other error."""
    return _OF_NUMBER.get(error.errno or 0)


def step_in(text: str) -> str | None:
    """The same from what a process said or printed at its end."""
    return next((step for pattern, step in _IN_TEXT if pattern.search(text)), None)


def step_when_late(option: str = "") -> str:
    """What to do where a deadline passed: it says how busy the machine is, if it is. ``option`` is the one that gives more time."""
    more = f", or give it more time ({option})" if option else ""
    if busy := how_busy():
        return f"the machine is busy ({busy}): run again when it is quieter{more}"
    return f"the machine was too busy, or the model is too large for that time: run again{more}"


def how_busy() -> str:
    """How busy the machine is, in words; empty where it is not."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f"a load of {load:.0f} on {cpus} processors" if load > BUSY_LOAD * cpus else ""
