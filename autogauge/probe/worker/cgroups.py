"""What Linux's control groups allow this process, and what they have done to it: quota, memory limit, throttling, kills.

Both versions are read, each group and all of its parents that can be seen: the tightest limit counts. A container sees its own group
mounted as the root, so the way goes over ``/proc/self/cgroup`` and ``/proc/self/mountinfo``. What cannot be read is not known; nothing
here raises. ``root`` stands for ``/`` in tests. Sources: the kernel's cgroup-v1 and cgroup-v2 guides, proc_pid_mountinfo(5).
"""

from __future__ import annotations

import os
import re

UNIFIED = ""
"""The name under which version 2's one tree is kept; version 1 has a tree for each controller."""
PERIOD_US = 100000.0
"""The kernel's own, where only a quota is said."""
NO_LIMIT_FROM = 1 << 60
"""Version 1 says that there is no memory limit by a number near the largest that there is."""


class Groups:
    """The groups of one process: for each controller the folders from its own group up to the highest that can be seen."""

    def __init__(self, root: str = "/", process: str = "self") -> None:
        self._root = root
        own = _own(_read(self._under("/proc/" + process + "/cgroup")) or "")
        mounts = _mounts(_read(self._under("/proc/" + process + "/mountinfo")) or "")
        self._folders = {controller: self._chain(path, mounts.get(controller, [])) for controller, path in own.items()}

    def _under(self, path: str) -> str:
        return os.path.join(self._root, path.lstrip("/"))

    def _chain(self, path: str, mounts: list[tuple[str, str]]) -> list[str]:
        """The folders of a group and its parents, in the mount that shows most of them."""
        best: list[str] = []
        for mounted, place in mounts:
            inside = _inside(path, mounted)
            steps = [each for each in inside.split("/") if each not in ("", ".")]
            chain = ["/".join([place.rstrip("/"), *steps[:count]]) for count in range(len(steps), -1, -1)]
            seen = [folder for each in chain if os.path.isdir(folder := self._under(each))]
            if len(seen) > len(best):
                best = seen
        return best

    def folders(self, controller: str) -> list[str]:
        """Every folder that may hold files of that controller, the process's own first."""
        return [*self._folders.get(UNIFIED, []), *self._folders.get(controller, [])]

    def are_seen(self, controller: str) -> bool:
        """Whether the groups of that controller can be read at all: where not, no limit that is found means nothing."""
        return bool(self._folders.get(controller if controller in self._folders else UNIFIED))

    def quotas(self) -> list[tuple[str, float]]:
        """The groups that have a processor quota: folder, and how many processors' time it allows."""
        found = []
        for folder in self.folders("cpu"):
            words = (_read(folder + "/cpu.max") or "").split()
            if not words:
                words = [(_read(folder + "/cpu.cfs_" + each + "_us") or "").strip() for each in ("quota", "period")]
            quota, period = _number(words[0]), _number(words[1]) if len(words) > 1 else PERIOD_US
            if quota is not None and period and quota > 0 and period > 0:
                found.append((folder, quota / period))
        return found

    def quota(self) -> float | None:
        """How many processors' time the tightest quota allows; ``None`` without one."""
        return min((allowed for _, allowed in self.quotas()), default=None)

    def memory_limit_bytes(self) -> int | None:
        """The tightest limit, hard or by slowing down (``memory.high``); ``None`` without one."""
        found = []
        for folder in self.folders("memory"):
            for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
                limit = _number((_read(folder + "/" + name) or "").strip())
                if limit is not None and 0 <= limit < NO_LIMIT_FROM:
                    found.append(int(limit))
        return min(found, default=None)

    def held_back_s(self) -> float | None:
        """For how long quotas have held the groups' threads back, in seconds of all processors; ``None`` without a quota."""
        total, known = 0.0, False
        for folder, _ in self.quotas():
            fields = _fields(_read(folder + "/cpu.stat") or "")
            for name, per_second in (("throttled_usec", 1e6), ("throttled_time", 1e9)):
                if name in fields:
                    total, known = total + fields[name] / per_second, True
                    break
        return total if known else None

    def kills_for_memory(self) -> int | None:
        """How many processes the kernel has killed for want of memory: of the own group, else of the machine since boot."""
        for folder in self.folders("memory"):
            for name in ("memory.events", "memory.oom_control"):
                count = _fields(_read(folder + "/" + name) or "").get("oom_kill")
                if count is not None:
                    return int(count)
        count = _fields(_read(self._under("/proc/vmstat")) or "").get("oom_kill")
        return None if count is None else int(count)


def _own(text: str) -> dict[str, str]:
    """The path of the process's group by controller, from ``/proc/self/cgroup``."""
    found = {}
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number.isdigit() and path.startswith("/"):
            found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _mounts(text: str) -> dict[str, list[tuple[str, str]]]:
    """By controller: which group is mounted, and where, from ``/proc/self/mountinfo``."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        words, kind = before.split(" "), after.split(" ")
        if len(words) < 5 or len(kind) < 3 or kind[0] not in ("cgroup", "cgroup2"):
            continue
        mounted, place = _unescaped(words[3]), _unescaped(words[4])
        for controller in [UNIFIED] if kind[0] == "cgroup2" else kind[2].split(","):
            found.setdefault(controller, []).append((mounted, place))
    return found


def _inside(path: str, mounted: str) -> str:
    """A group's path below the group that is mounted; the mounted one itself where it is not below it."""
    mounted = mounted.rstrip("/")
    if ".." in path.split("/") or not (path + "/").startswith(mounted + "/"):
        return ""
    return path[len(mounted) :]


def _unescaped(text: str) -> str:
    """Blanks and the like stand as three octal digits in ``mountinfo``."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8) & 0xFF), text)


def _fields(text: str) -> dict[str, float]:
    """Lines of a name and a number."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        number = _number(words[1]) if len(words) == 2 else None
        if number is not None:
            found[words[0]] = number
    return found


def _number(text: str) -> float | None:
    """A whole number; ``None`` for ``max`` and whatever else is none."""
    return float(text) if re.fullmatch(r"-?[0-9]{1,30}", text) else None


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read(1 << 20)
    except (OSError, ValueError):
        return None
