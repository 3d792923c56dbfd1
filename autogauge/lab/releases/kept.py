"""Keeps what is measured of releases in a run file of its own kind, while it is measured; and reads it.

Such a file has results as every run's has, what was asked in ``SETTINGS``, and no benchmark and no fingerprint: no later run is ever judged
against it. It is written anew between turns every few seconds, so that what was measured is there whatever ends the measuring.
"""

from __future__ import annotations

import datetime
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from autogauge.errors import UserError, explain_os_error
from autogauge.files import as_json, ownerless, write_bytes
from autogauge.history import circumstances, run_file
from autogauge.lab.releases.session import Session
from autogauge.measuring import findings, notes
from autogauge.measuring.result import Result
from autogauge.plain import plain
from autogauge.probe.identity import WrongRuntime
from autogauge.rig.rig import Rig

Found = TypeVar("Found")
KIND, SETTINGS = "kind", "asked"
"""What stands beside the results: what kind of run it is, and what was asked."""
EVERY_S = 20.0
"""How often what was measured is written down; writing takes some ten milliseconds, between two turns."""


def read(path: Path, document: Mapping[str, Any] | None, of_run: Callable[[Mapping[str, Any], Path], Found]) -> Found:
    """What ``of_run`` makes of that file, of which ``document`` is the JSON where it was read before.

    Raises :class:`UserError` where the file cannot be read, or ``of_run`` cannot make sense of it.
    """
    found = run_file.read_document(path) if document is None else document
    try:
        return of_run(found, path)
    except (ValueError, RecursionError) as error:
        why = plain(str(error), 400) if isinstance(error, ValueError) else "it is nested too deeply"
        raise UserError(f"{path} cannot be drawn: {why}; name another run.") from None


class Keeper:
    """Writes one file. ``settings`` gives what was asked and found beside the results, ``results`` those there are so far."""

    def __init__(
        self, folder: Path, kind: str, machine: str, settings: Callable[[], dict[str, Any]], results: Sequence[Result]
    ) -> None:
        """What is asked of the machine takes a second: it is asked here, before anything is measured."""
        self.path: Path | None = None
        self.interrupted_by = ""
        self._folder, self._kind, self._machine = folder, kind, machine
        self._settings, self._results = settings, results
        self._document = run_file.document([], run_file.machine_info(machine, None, {}))
        self._started = datetime.datetime.now(datetime.timezone.utc)
        self._last = time.monotonic()

    def is_due(self) -> bool:
        """Whether it is time to write again; not before the first round is done."""
        return time.monotonic() - self._last >= EVERY_S and self.has_rounds

    @property
    def has_rounds(self) -> bool:
        """Whether anything was measured."""
        return any(each.replicates for each in self._results)

    def document(self, rig: Rig, *, is_over: bool) -> dict[str, Any]:
        """All of it as JSON has it."""
        document = run_file.add(dict(self._document), self._words(rig, is_over), self._results, [], None)
        document[run_file.SECTION] |= {KIND: self._kind, SETTINGS: ownerless(self._settings())}
        return document

    def save(self, rig: Rig, *, is_over: bool) -> Path:
        """Write what there is; at the end also every single latency, beside it. Raises :class:`~autogauge.errors.UserError`."""
        try:
            document = self.document(rig, is_over=is_over)
            arrays = run_file.arrays_of(self._results) if is_over else {}
            if self.path is None:
                self.path = run_file.save(self._folder, document, arrays, self._kind)
            else:
                content = run_file.compressed(arrays) if arrays else b""
                document[run_file.SECTION][run_file.SHA256] = hashlib.sha256(content).hexdigest() if content else ""
                if content:
                    write_bytes(run_file.arrays_path(self.path), content)
                write_bytes(self.path, as_json(document, indent=None))
        except OSError as error:
            raise explain_os_error(
                error, f"cannot keep what was measured in {self._folder}", "--reports=DIR"
            ) from error
        self._last = time.monotonic()
        return self.path

    def discard(self) -> None:
        """Take away what was written: what was measured is not what it is said to be."""
        if self.path is not None:
            run_file.arrays_path(self.path).unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)
            self.path = None

    def _words(self, rig: Rig, is_over: bool) -> dict[str, Any]:
        """The session as ``history.recorded`` reads it; what the rig has not found out yet is not asked for here."""
        model, inputs, inspection = (rig.found(name) for name in ("model", "inputs", "inspection"))
        now = datetime.datetime.now(datetime.timezone.utc)
        told = circumstances.limits(rig.machine[1]) if inspection is not None and is_over else ()
        return {
            "machine": self._machine,
            "started": self._started.isoformat(),
            "finished": now.isoformat() if is_over else None,
            "interrupted_by": self.interrupted_by or (None if is_over else "its end: it was still measuring"),
            "openvino": inspection.openvino if inspection else "",
            "profile": rig.asked.profile.name,
            "accelerator": rig.asked.accelerator,
            "model": {**model.to_published_json(), "words": model.describe()} if model else None,
            "inputs": list(inputs.kinds) if inputs else [],
            "frames": inputs.frames if inputs else 1,
            "devices": [each.to_json() for each in inspection.devices] if inspection else [],
            "notes": [*rig.notes, *told, *(note for each in self._results for note in notes.of(each))],
            "findings": [each.to_json() for each in findings.of(self._results)],
        }


def run(
    session: Session, do: Callable[[], None], keeper: Callable[[], Keeper | None]
) -> tuple[Path | None, KeyboardInterrupt | None]:
    """Do the work of a session, and keep what was measured whatever ends it; returns where, and what interrupted it.

    ``keeper`` gives who keeps it, once there is one; nothing is kept before the first round is done. Raises
    :class:`~autogauge.errors.UserError`; of a runtime that is not what it is said to be nothing is kept.
    """

    def save_when_due() -> None:
        if (found := keeper()) is not None and found.is_due():
            found.save(session.rig, is_over=False)

    session.save = save_when_due
    interruption: KeyboardInterrupt | None = None
    try:
        do()
    except KeyboardInterrupt as caught:
        interruption = caught
    except WrongRuntime:
        if (found := keeper()) is not None:
            found.discard()
        raise
    session.close(at_once=interruption is not None)
    found = keeper()
    if found is None or not found.has_rounds:
        return None, interruption
    if interruption is not None:
        found.interrupted_by = str(interruption) or "a signal"
    return found.save(session.rig, is_over=True), interruption


def kind_of(document: Mapping[str, Any]) -> str:
    """What kind of run a file holds; empty for one of ``pytest -m perf``."""
    kind = run_file.section_of(document).get(KIND)
    return kind if isinstance(kind, str) else ""
