"""The rules of AUTO: what its documentation says about behaviour, each in a sentence of our own with its source.

They stand in ``rules.json`` beside this, by parts. A claim names those that it asserts by their keys (``rules=("startup-cpu-first",)``).
Which claims there are, and what releases were seen to do, is left to ``report.contract_page``, which draws ``docs/contract.md`` of all.

To add a rule, write into its part of ``rules.json``:

- ``key``: short, of small letters, figures and dashes; it never changes again, since claims and kept outcomes name it;
- ``rule``: what holds, in one sentence;
- ``sources``: where that is written, each as ``source: section``; the sources stand at the head of the file. What is written nowhere,
  and is still to be expected, has the source ``expected``; what only the plugin's source says has ``source``;
- ``older``: what the documentation of another release says instead, where it does;
- ``unasserted``: why a machine with a CPU and an emulated GPU cannot tell, and what it needs; for a rule that no claim asserts.

Then write ``docs/contract.md`` anew: ``python -m autogauge contract > docs/contract.md``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("rules.json")
DOCUMENTED, IN_SOURCE, EXPECTED = "documented", "source", "expected"
"""What a rule may rest on, the strongest first."""
_BASES = (DOCUMENTED, IN_SOURCE, EXPECTED)
_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_FIELDS, _MUST = {"key", "rule", "sources", "older", "unasserted"}, {"key", "rule", "sources"}


@dataclass(frozen=True)
class Source:
    """Something to read: its ``title``, and ``where`` it is found. ``basis`` is how much a rule that rests on it is worth."""

    key: str
    title: str
    where: str
    basis: str


@dataclass(frozen=True)
class Cited:
    """A place in a source; ``section`` is empty where the whole source is meant."""

    source: Source
    section: str


@dataclass(frozen=True)
class Rule:
    """One thing that AUTO does by its documentation; ``rules.py`` says what the fields are."""

    key: str
    rule: str
    sources: tuple[Cited, ...]
    older: str = ""
    unasserted: str = ""

    @property
    def basis(self) -> str:
        """The strongest thing that it rests on."""
        return min((each.source.basis for each in self.sources), key=_BASES.index)


@dataclass(frozen=True)
class Part:
    """Rules of one subject, in the order of the table."""

    name: str
    title: str
    rules: tuple[Rule, ...]


@cache
def parts() -> tuple[Part, ...]:
    """All rules by their parts. Raises ``ValueError`` for a file that says something else than rules."""
    return parsed(json.loads(FILE.read_text(encoding="utf-8")))


@cache
def by_key() -> Mapping[str, Rule]:
    """All rules, by their keys, in the order of the table."""
    return {rule.key: rule for part in parts() for rule in part.rules}


def unknown(keys: Iterable[str]) -> list[str]:
    """Those of ``keys`` that no rule has: a claim that names one asserts nothing that is written down."""
    return [key for key in keys if key not in by_key()]


def parsed(document: Mapping[str, Any]) -> tuple[Part, ...]:
    """The parts that ``document`` says, as ``rules.json`` has them. Raises ``ValueError``, which names the rule."""
    sources = {key: Source(key, **fields) for key, fields in document["sources"].items()}
    if odd := [each.key for each in sources.values() if each.basis not in _BASES]:
        raise ValueError(f"the basis of {', '.join(odd)} is none of {', '.join(_BASES)}")
    found = tuple(
        Part(part["name"], part["title"], tuple(_rule(fields, sources) for fields in part["rules"]))
        for part in document["parts"]
    )
    keys = [rule.key for part in found for rule in part.rules]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"two rules have the key {', '.join(twice)}")
    return found


def _rule(fields: Mapping[str, Any], sources: Mapping[str, Source]) -> Rule:
    key = fields.get("key", "")
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of a rule: small letters and figures, in words with a dash between")
    if wrong := (set(fields) - _FIELDS) | (_MUST - set(fields)):
        raise ValueError(f"the rule {key} has too much or too little: {', '.join(sorted(wrong))}")
    if not fields["sources"]:
        raise ValueError(f"the rule {key} has no source")
    cited = []
    for text in fields["sources"]:
        name, _, section = text.partition(": ")
        if name not in sources:
            raise ValueError(f"the rule {key} rests on {name!r}, which is no source")
        cited.append(Cited(sources[name], section))
    return Rule(key, fields["rule"], tuple(cited), fields.get("older", ""), fields.get("unasserted", ""))
