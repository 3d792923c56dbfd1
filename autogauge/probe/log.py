"""Reads AUTO's log (``LOG_LEVEL=LOG_INFO``), as it stands in a probe's standard output. Interpreting it is left to tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from autogauge.probe.worker.case import MARK

_LINE = re.compile(
    r"\[(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d\.\d+)\](?P<level>[A-Z])\[[^\]]*\]\[(?:AUTO|MULTI)\]\s*(?P<text>.*)"
)
MOST_WARNINGS, MOST_WARNING = 20, 300  # how many are kept, and how much of each
_STEP = re.compile(re.escape(MARK).replace(r"\{\}", r"(\d{1,6})") + r"\n")
_PATTERNS = {
    "selected": re.compile(r"select device:(?P<device>\S+)"),
    "fallback": re.compile(r"Select fallback device:(?P<device>\S+)"),
    "took": re.compile(r"Device: \[(?P<device>[^\]]+)\]: Compile model took (?P<ms>[0-9.]+) ms"),
    "finished": re.compile(r"device:(?P<device>\S+) compiling model finished"),
    "failed": re.compile(r"Device: \[(?P<device>[^\]]+)\]: Compile model failure: *(?P<reason>.*)"),
    "property": re.compile(r"device:(?P<device>[^,]+), config:(?P<key>\w+)=(?P<value>.*)"),
    "inferences": re.compile(r"(?P<device>[\w.]+):infer:(?P<count>\d+)$"),
    "first_inference": re.compile(r"(?P<device>[\w.]+): first inference time: *(?P<ms>[0-9.]+)"),
}


@dataclass
class AutoLog:
    """What AUTO said that it did. Times are milliseconds; devices are in the order of their lines; ``levels`` counts lines by their letter.

    ``finished_of_day_s`` (by device) and ``cpu_helper_released_of_day_s`` are local times of day in seconds.
    """

    lines: int = 0
    levels: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    selected: list[str] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    compile_ms: dict[str, float] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    properties: dict[str, dict[str, str]] = field(default_factory=dict)
    inferences: dict[str, int] = field(default_factory=dict)
    first_inference_ms: dict[str, float] = field(default_factory=dict)
    pass_through: bool = False
    cpu_helper_started: bool = False
    cpu_helper_released: bool = False
    finished_of_day_s: dict[str, float] = field(default_factory=dict)
    cpu_helper_released_of_day_s: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return asdict(self)


def by_step(text: str) -> dict[int, AutoLog]:
    """What AUTO said from the beginning of each step of a case to that of the next, by the step's number."""
    pieces = _STEP.split(text)  # what came before the first, then a number and what came after it by turns
    return {int(number): parse(piece) for number, piece in zip(pieces[1::2], pieces[2::2], strict=True)}


def parse(text: str) -> AutoLog:
    """Read a probe's standard output. Lines that are not AUTO's are passed over; none at all give an empty log."""
    log = AutoLog()
    failed: str | None = None  # whose compile failed, while its message goes on
    for line in text.splitlines():
        match = _LINE.search(line)
        if match:
            failed = None
            log.lines += 1
            log.levels[match["level"]] = log.levels.get(match["level"], 0) + 1
            if match["level"] == "W" and len(log.warnings) < MOST_WARNINGS:
                log.warnings.append(match["text"].strip()[:MOST_WARNING])
            of_day_s = int(match["hour"]) * 3600 + int(match["minute"]) * 60 + float(match["second"])
            text = match["text"].strip()
            _read(log, text, of_day_s)
            if failure := _PATTERNS["failed"].search(text):
                failed = failure["device"]
        elif failed and line.strip():  # the rest of OpenVINO's message, one cause a line
            log.failures[failed] = f"{log.failures[failed]} {line.strip()}".strip()
    return log


def _read(log: AutoLog, text: str, of_day_s: float) -> None:
    """Enter one line's meaning into ``log``."""
    if "passthrough compiled model" in text:
        log.pass_through = True
    if "will load CPU for accelerator" in text:
        log.cpu_helper_started = True
    if "helper released" in text or "release all work requests of CPU_HELP" in text:
        log.cpu_helper_released = True
        log.cpu_helper_released_of_day_s = of_day_s
    for name, pattern in _PATTERNS.items():
        match = pattern.search(text)
        if match:
            _ENTER[name](log, match["device"], match)
            if name == "finished":
                log.finished_of_day_s[match["device"]] = of_day_s
            return


_ENTER: dict[str, Callable[[AutoLog, str, re.Match[str]], None]] = {
    "selected": lambda log, device, _: log.selected.append(device),
    "fallback": lambda log, device, _: log.fallbacks.append(device),
    "took": lambda log, device, match: log.compile_ms.update({device: float(match["ms"])}),
    "finished": lambda log, device, _: log.finished.append(device),
    "failed": lambda log, device, match: log.failures.update({device: match["reason"]}),
    "property": lambda log, device, match: log.properties.setdefault(device, {}).update({match["key"]: match["value"]}),
    "inferences": lambda log, device, match: log.inferences.update({device: int(match["count"])}),
    "first_inference": lambda log, device, match: log.first_inference_ms.update({device: float(match["ms"])}),
}
