"""What can be told of a run from its file's bytes, before it travels: whether it is one, of which machine, and what is odd about it."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autogauge.history import records, reporting, run_file

HARDWARE = ("system", "architecture")


@dataclass(frozen=True)
class LookedAt:
    """A run's file. ``why_not`` is why it is none: a clause, empty for a run. ``samples`` is the SHA-256 of its samples, if it tells."""

    why_not: str = ""
    is_newer: bool = False
    when: datetime.datetime | None = None
    samples: str = ""
    machine: Mapping[str, Any] | None = None
    """What the machine is, by name: its name, system, architecture, processor; ``None`` where the file does not tell."""


def look_at(content: bytes) -> LookedAt:
    """What the bytes of a run's file tell. What a newer autogauge wrote is a run as well."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return LookedAt("it is half a file, or no JSON")
    if not isinstance(document, dict) or not isinstance(document.get("benchmarks"), list):
        return LookedAt("it is no run: it has no list of benchmarks")
    own = run_file.section_of(document)
    schema, samples = own.get("schema"), own.get(run_file.SHA256)
    return LookedAt(
        is_newer=isinstance(schema, int) and schema > records.SCHEMA,
        when=records.moment(document.get("datetime")),
        samples=samples if isinstance(samples, str) else "",
        machine=_machine(document.get("machine_info")),
    )


def has_samples(run: LookedAt, content: bytes) -> bool:
    """Whether these are the samples that were saved with that run, as far as it tells."""
    return not run.samples or hashlib.sha256(content).hexdigest() == run.samples


def hours_ahead(run: LookedAt, now: datetime.datetime) -> float:
    """How many hours from now the run says that it was measured; nothing for what is no later than clocks differ (``reporting``)."""
    ahead = run.when - now if run.when else datetime.timedelta()
    return ahead.total_seconds() / 3600 if ahead.total_seconds() > reporting.AHEAD_S else 0.0


def differs(one: LookedAt, other: LookedAt) -> list[str]:
    """In what two runs' machines differ that nobody changes in one: names of facts; nothing where one does not tell."""
    if not one.machine or not other.machine:
        return []
    return [name for name, value in one.machine.items() if name in other.machine and other.machine[name] != value]


def _machine(info: Any) -> Mapping[str, Any] | None:
    if not isinstance(info, dict):
        return None
    found = {"name": info["node"]} if isinstance(info.get("node"), str) else {}
    facts = info.get("fingerprint")
    if isinstance(facts, dict):
        found |= {name: facts[name] for name in HARDWARE if name in facts}
        devices = facts.get("devices")
        named = [each for each in devices if isinstance(each, dict)] if isinstance(devices, list) else []
        processors = [each["full_name"] for each in named if each.get("name") == "CPU" and "full_name" in each]
        found |= {"processor": processors[0]} if processors else {}
    return found
