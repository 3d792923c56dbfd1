"""What there is to tell: of a machine, or of a benchmark on it, since which run. How it is found is left to ``judging``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from autogauge.history.indexed import IndexedRun
from autogauge.measuring.reading import Fields

LEVEL, CREEP, SILENT = "level", "creep", "silent"
KINDS = (LEVEL, CREEP, SILENT)
GATE, TREND = "gate", "trend"
"""Who says so: the gate in two runs that agree, the trend by a change of level."""
KEY_DIGITS = 8


@dataclass(frozen=True)
class Subject:
    """What an alert is about: a benchmark of a model on a machine, or a machine as a whole (no benchmark, no model).

    ``model`` is what it is called and ``digest`` that of its files; ``emulated`` are the emulated GPUs, empty for real devices.
    """

    machine: str
    benchmark: str = ""
    model: str = ""
    digest: str = ""
    emulated: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it one, as of a trend (``gate.trends.Identity.named``): a model is its files, whatever it is called."""
        return self.machine, self.benchmark, self.digest or self.model, self.emulated

    def words(self) -> str:
        """It in words: ``latency: AUTO on lab-07 (googlenet-v1 FP16)``."""
        machine = self.machine or "a machine without a name"
        if not self.benchmark:
            return machine
        model = f" ({self.model})" if self.model else ""
        return f"{self.benchmark} on {machine}{model}" + (f", {self.emulated}" if self.emulated else "")


@dataclass(frozen=True)
class Since:
    """The run since which it is so: its number, its file's name, and when it was measured (UTC, ISO 8601; empty for unknown)."""

    number: int
    file: str
    when: str = ""

    @classmethod
    def of(cls, run: IndexedRun) -> Since:
        """That run."""
        return cls(run.number, run.path.name, run.when.isoformat() if run.when else "")

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return {"number": self.number, "file": self.file, "when": self.when}

    @classmethod
    def from_json(cls, fields: Fields) -> Since:
        """From a file. Raises ``ValueError``."""
        return cls(fields.whole("number"), fields.text("file"), fields.text("when", ""))


@dataclass(frozen=True)
class Finding:
    """Something to tell. ``ratio`` is the cost over the one before (above 1 is slower, or larger; 1 where a machine is silent).

    ``says`` is what happened in words, without the subject; ``beside`` what else changed then, empty for nothing; ``by`` who says so.
    """

    kind: str
    subject: Subject
    since: Since
    ratio: float
    says: str
    beside: str = ""
    by: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name for good: another one for every machine, benchmark, kind, and run since which."""
        text = "\0".join((self.kind, *self.subject.identity, self.since.file))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:KEY_DIGITS]
