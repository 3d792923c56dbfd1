"""What the pinned tools know, for answers before they are installed: which models, in which precisions, from which hosts.

``catalogue.json`` beside this is derived from the installed tools: ``python -m autogauge.models.omz.catalogue`` writes it anew after
``requirements-omz.txt`` has changed, and a test compares the two.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autogauge.errors import UserError
from autogauge.models.omz.reach import origin

FILE = Path(__file__).with_name("catalogue.json")
CONVERTIBLE = ("caffe", "dldt", "onnx")
"""Frameworks whose models need nothing beside the lean tools; ``dldt`` models are IRs already."""
_SOURCE = re.compile(r"""^[ -]*(?:source|url):\s*['"]?(https?://[^\s'"]+)""", re.MULTILINE)
_FRAMEWORKS = {"tf": "TensorFlow", "pytorch": "PyTorch", "mxnet": "MXNet", "paddle": "PaddlePaddle"}


@dataclass(frozen=True)
class Entry:
    """A model of the Zoo: its framework, the precisions it comes in, and the hosts of its files."""

    framework: str
    precisions: tuple[str, ...]
    hosts: tuple[str, ...]


@functools.cache
def known() -> dict[str, Entry]:
    """Every model by its name."""
    return {
        name: Entry(framework, tuple(precisions), tuple(hosts))
        for name, (framework, precisions, hosts) in json.loads(FILE.read_bytes()).items()
    }


def check(name: str, precision: str, entries: dict[str, Entry]) -> None:
    """Raise :class:`UserError` when there is no such model, or the lean tools cannot give it in that precision."""
    if name not in entries:
        close = difflib.get_close_matches(name, entries, 3)
        hint = f"did you mean {' or '.join(close)}" if close else "look its name up in the Zoo's list"
        raise UserError(f"the Open Model Zoo has no model called {name!r}: {hint} (--model).")
    entry = entries[name]
    if entry.framework == "composite":
        raise UserError(
            f"the Open Model Zoo's {name} is composed of several models, which cannot be measured as one: "
            "convert them elsewhere and name one's file (--model=PATH)."
        )
    if entry.framework not in CONVERTIBLE:
        framework = _FRAMEWORKS.get(entry.framework, entry.framework)
        raise UserError(
            f"the Open Model Zoo's {name} is a {framework} model, which only {framework} itself can load: "
            "convert it elsewhere and name its file (--model=PATH)."
        )
    if precision not in entry.precisions:
        raise UserError(
            f"the Open Model Zoo has no {name} in {precision!r}: choose one of {', '.join(entry.precisions)} (--precision)."
        )


def entry_of(described: dict[str, Any]) -> Entry:
    """An entry from what the installed tools say of a model; only convertible models' hosts matter."""
    convertible = described["framework"] in CONVERTIBLE
    hosts = {urlsplit(origin(each["address"])).hostname or "" for each in described["files"]} if convertible else set()
    return Entry(described["framework"], tuple(described["precisions"]), tuple(sorted(hosts)))


def origins_in(configuration: str) -> set[str]:
    """The hosts that a model configuration takes files from, read line by line: only the tools bring a reader of YAML."""
    return {origin(address) for address in _SOURCE.findall(configuration)}


def to_json(catalogue: dict[str, Any]) -> str:
    """The file's text: a line for each model."""
    lines = []
    for name, described in sorted(catalogue.items()):
        entry = entry_of(described)
        lines.append(f"{json.dumps(name)}: {json.dumps([entry.framework, entry.precisions, entry.hosts])}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    from autogauge.cache import Cache, default_cache_dir
    from autogauge.measuring.progress import Silent
    from autogauge.models.omz import toolchain
    from autogauge.tools.running import Deadline

    FILE.write_text(to_json(toolchain.install(Cache(default_cache_dir()), Deadline(600), Silent()).catalogue))
