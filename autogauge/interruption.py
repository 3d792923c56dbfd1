"""Being asked to stop: Ctrl-C, a cancelled job, a terminal that was closed. Each becomes one ``KeyboardInterrupt``, and only one.

What is saved then is left to whoever measures. A second signal, which people send and supervisors too, would hit the saving: it does
nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN_AFTER_S = 5.0
"""So long after a signal a further one counts again, unless the first was heard: Python drops an exception that comes in some places."""


class Interruption:
    """Hears the first signal; ``name`` is what it is called, empty before."""

    def __init__(self) -> None:
        self.name = ""
        self._told_at = 0.0
        self._before: dict[signal.Signals, Any] = {}

    def __bool__(self) -> bool:
        return bool(self.name)

    def watch(self) -> None:
        """From now on signals raise ``KeyboardInterrupt``. What is ignored (``nohup``) or has a handler of its own stays as it is."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if handler in (signal.SIG_DFL, signal.default_int_handler):
                self._before[number] = handler
                signal.signal(number, self._told)

    def settle(self) -> None:
        """From now on nothing interrupts any more: what was measured is being saved."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def end(self) -> None:
        """Put back what was there. After an interruption signals stay ignored: the process is on its way out."""
        if not self.name:
            for number, handler in self._before.items():
                signal.signal(number, handler)
        self._before = {}

    def heard(self) -> None:
        """The exception has arrived where it is dealt with."""
        self.name = self.name or signal.SIGINT.name
        self.settle()

    def _told(self, number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        let_go_of_closed_terminals()
        if not self.name or now - self._told_at > AGAIN_AFTER_S:
            self.name = self.name or signal.Signals(number).name
            self._told_at = now
            raise KeyboardInterrupt(self.name)


def let_go_of_closed_terminals() -> None:
    """Lead what would be printed on a terminal that was closed to nowhere: an error there would stop the saving."""
    with contextlib.suppress(OSError):
        for each in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                place = str(each.readlink())
                if place.startswith(("/dev/pts/", "/dev/tty", "/dev/console")) and not os.isatty(int(each.name)):
                    nowhere = os.open(os.devnull, os.O_RDWR)
                    os.dup2(nowhere, int(each.name), inheritable=int(each.name) < 3)
                    os.close(nowhere)
