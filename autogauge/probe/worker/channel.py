"""How the probe talks to its launcher, and how it ends when that cannot end it. What is said is left to ``modes``."""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

clock = time.perf_counter
GRACE_S = 5.0  # how much later than the launcher's deadline for an answer the probe ends itself


class Phase:
    """What the probe is doing, told to the launcher for when it crashes, and how long each thing took in seconds."""

    def __init__(self, channel: Channel) -> None:
        self.current = "start"
        self.seconds: dict[str, float] = {}
        self._channel = channel

    def enter(self, name: str) -> None:
        """From now on the probe is doing this."""
        self.current = name
        self._channel.send("phase", phase=name)

    def tell(self, kind: str, **fields: Any) -> None:
        """Send something that is no answer yet."""
        self._channel.send(kind, **fields)

    def timed(self, name: str, call: Callable[[], Any]) -> Any:
        """Run ``call`` as phase ``name``; returns its result."""
        self.enter(name)
        began = clock()
        result = call()
        self.seconds[name] = clock() - began
        return result


class Channel:
    """Results as lines of JSON on a descriptor that nothing else writes to."""

    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "w", encoding="utf-8")

    def send(self, kind: str, **fields: Any) -> None:
        """Write one message of that type."""
        self._stream.write(json.dumps({"type": kind, **fields}) + "\n")
        self._stream.flush()


def die_with(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere the end of standard input does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)


def renew_watchdog(deadline_s: float) -> None:
    """End this process with a traceback unless this is renewed or cancelled in time, should its launcher fail to."""
    faulthandler.dump_traceback_later(deadline_s + GRACE_S, exit=True)
