"""Runs a shipped playbook, and hands on what Ansible does on each machine as it happens. What that means is left to ``accounts``.

Whatever Ansible started here is gone with it: its workers make sessions of their own, and so do the connections that ssh keeps open.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.errors import UserError, explain_os_error
from autogauge.files import write_json
from autogauge.lab.fleet import ansible
from autogauge.probe.process import Child, LineTooLong

PLAYBOOKS = Path(__file__).resolve().parents[1] / "playbook"
RUN, CHECK, STOP = "run.yml", "check.yml", "stop.yml"
BY_HAND = "by_hand"
"""The mark of those tasks that are for whoever runs the playbook without this."""
MOST_AT_ONCE = 200
TICK_S = 0.5
MARK = "AUTOGAUGE_FLEET_RUN"
SSH_RETRIES = "2"


@dataclass(frozen=True)
class Event:
    """What happened in one step on one machine: it ``begins``, is ``ok``, ``skipped``, ``failed``, ``unreachable``, or looked at ``again``.

    ``is_late``: the machine did not answer in time. ``says`` has the lines NAME=VALUE that the step printed.
    """

    kind: str
    machine: str
    step: str
    stdout: str = ""
    message: str = ""
    is_late: bool = False

    @classmethod
    def of(cls, line: bytes) -> Event | None:
        """The event of a line; ``None`` for what is none."""
        with contextlib.suppress(ValueError, KeyError, TypeError):
            found = json.loads(line)
            said = [str(found[key]) for key in ("msg", "stderr", "module_stderr", "stdout") if found.get(key)]
            return cls(
                str(found["event"]),
                str(found["host"]),
                str(found["task"]).rpartition(" : ")[2],
                str(found.get("stdout", "")),
                "\n".join(said),
                bool(found.get("is_late")),
            )
        return None

    @property
    def says(self) -> dict[str, str]:
        """The names and values that the step printed."""
        pairs = (line.strip("\r").partition("=") for line in self.stdout.splitlines() if "=" in line)
        return {name: value for name, _, value in pairs}


class Playbook:
    """A playbook that runs; to be closed."""

    def __init__(
        self,
        name: str,
        inventory: Path,
        log: Path,
        variables: Mapping[str, Any],
        limit: str | None = None,
        at_once: int = 1,
    ) -> None:
        """Start it. ``log`` is for what Ansible prints; ``variables`` are stronger than the inventory's. Raises :class:`UserError`."""
        ansible.require()
        self._mark = secrets.token_hex(16)
        self._folder = tempfile.TemporaryDirectory(prefix="ag-", ignore_cleanup_errors=True)
        scratch = Path(self._folder.name)
        words = [
            *ansible.command("playbook"),
            "-i",
            str(inventory.absolute()),
            f"--forks={min(MOST_AT_ONCE, max(1, at_once))}",
            f"--skip-tags={BY_HAND}",
        ]
        words += [f"--extra-vars=@{scratch / 'variables.json'}", *([] if limit is None else [f"--limit={limit}"])]
        around = {**ansible.environment(scratch), MARK: self._mark}
        around.setdefault("ANSIBLE_SSH_RETRIES", SSH_RETRIES)
        try:
            write_json(scratch / "variables.json", dict(variables))
            self._child = Child(
                ["env", "AUTOGAUGE_FLEET_EVENTS={result}", *words, str(PLAYBOOKS / name)],
                stdout=log,
                stderr=log.with_suffix(".err"),
                environment=around,
            )
        except OSError as error:
            self._folder.cleanup()
            raise explain_os_error(error, "cannot start Ansible", "TMPDIR=DIR in the environment") from error

    def events(self, until: float) -> Iterator[Event | None]:
        """The events as they come, and ``None`` every half second without one; ends with the playbook.

        Raises ``TimeoutError`` when ``until``, a time of ``time.monotonic()``, has passed.
        """
        while True:
            now = time.monotonic()
            if now >= until:
                raise TimeoutError
            try:
                line = self._child.read_line(min(until, now + TICK_S))
            except TimeoutError:
                yield None
                continue
            except LineTooLong:
                raise UserError(
                    "Ansible sent a line without an end: its output is in the folder of this run."
                ) from None
            if line is None:
                return
            if event := Event.of(line):
                yield event

    def why_ended(self) -> str:
        """What Ansible said at its end, where it names an error of its own."""
        with contextlib.suppress(TimeoutError):
            self._child.wait(time.monotonic() + 10)
        said = self._child.output_tail()
        return (ansible.causes(said) or [ansible.last_words(said.splitlines())])[-1]

    def close(self) -> None:
        """End it, and all that it started on this computer."""
        self._child.kill()
        for number in _started(f"{MARK}={self._mark}", f"ssh: {self._folder.name}/"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        self._folder.cleanup()


def _started(mark: str, title: str) -> Iterator[int]:
    """The processes with that mark in their environment, or that title: ssh, which keeps a connection, writes its own over both."""
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            with contextlib.suppress(OSError):
                is_marked = mark.encode() in (each / "environ").read_bytes().split(b"\0")
                if is_marked or (each / "cmdline").read_bytes().startswith(title.encode()):
                    yield int(each.name)
