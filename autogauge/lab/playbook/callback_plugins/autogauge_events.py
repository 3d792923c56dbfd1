"""Tells ``autogauge fleet`` what Ansible does on each machine: a line of JSON for each event, to the descriptor that the environment names.

Ansible loads it beside the playbook; by hand it does nothing. It is run by Ansible, and knows nothing of autogauge.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: autogauge_events
    type: notification
    short_description: events for autogauge fleet
    description: [A line of JSON for each event of each machine.]
"""
MOST = 8000
MARK = "AUTOGAUGE_FLEET_RUN"


def _end_with_the_starter(standard_input: int) -> None:
    """Wait for the end of standard input, which only the death of whoever started this brings; then end all that belongs to this run."""
    with contextlib.suppress(OSError):
        while os.read(standard_input, 1 << 16):
            pass
    mark = f"{MARK}={os.environ.get(MARK)}".encode()
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and int(each.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (each / "environ").read_bytes().split(b"\0"):
                    os.kill(int(each.name), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Writes the events."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "autogauge_events"

    def __init__(self) -> None:
        super().__init__()
        self._to = int(os.environ.get("AUTOGAUGE_FLEET_EVENTS") or -1)
        self.disabled = self._to < 0
        if not self.disabled:
            threading.Thread(target=_end_with_the_starter, args=(os.dup(0),), daemon=True).start()

    def _tell(self, event: str, host: Any, task: Any, result: dict[str, Any] | None = None) -> None:
        said = result or {}
        if isinstance(
            unpacked := said.get("extract_results"), dict
        ):  # why an archive could not be unpacked stands in there alone
            said = {**said, "stderr": unpacked.get("err") or said.get("stderr")}
        line = {
            "event": event,
            "host": str(host),
            "task": str(getattr(task, "name", "") or ""),
            "at": time.time(),
            **{key: str(said[key])[-MOST:] for key in ("stdout", "stderr", "msg", "module_stderr") if said.get(key)},
            "rc": said.get("rc"),
            "is_late": bool(said.get("timedout")),
        }
        os.write(self._to, json.dumps(line).encode() + b"\n")

    def _of_result(self, event: str, result: Any) -> None:
        found = result.result if hasattr(result, "result") else result._result
        host = result.host if hasattr(result, "host") else result._host
        task = result.task if hasattr(result, "task") else result._task
        self._tell(event, host, task, dict(found))

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Ansible begins a step on a machine."""
        self._tell("begins", host, task)

    def v2_runner_retry(self, result: Any) -> None:
        """A look at a machine that still measures."""
        self._of_result("again", result)

    def v2_runner_on_ok(self, result: Any) -> None:
        """A step is done."""
        self._of_result("ok", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A step was not needed."""
        self._of_result("skipped", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A step failed, and its machine is left alone from here on."""
        self._of_result("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A machine cannot be reached, any more or at all."""
        self._of_result("unreachable", result)
