"""Where the plugin is known to differ from a documented rule, by the claim that fails for it. Paragraphs: ``docs/findings.md``.

A claim that fails by a known difference is an expected failure: its verdict stays FAIL, and names the difference. One that holds although
the difference is said to be seen always on this release fails its test: the list is out of date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FIRST, LAST = "0", "9999"


@dataclass(frozen=True)
class Difference:
    """One difference. ``key`` is its heading in ``docs/findings.md`` and the name of its script in ``docs/findings``.

    ``claims`` are pairs of a study's name and a claim's. It is in the releases from ``since`` to ``until``, both included, as far as the
    numbers that are given say (``2025`` is all of 2025). ``always`` is whether each run sees it; else it comes and goes.
    """

    key: str
    title: str
    claims: tuple[tuple[str, str], ...]
    since: str = FIRST
    until: str = LAST
    always: bool = True

    def is_in(self, openvino: str) -> bool:
        """Whether that release has it; ``openvino`` is as ``openvino.get_version()`` says it (``2026.4.1-22982-…``)."""
        here = numbers(openvino)
        since, until = numbers(self.since), numbers(self.until)
        return bool(here) and here[: len(since)] >= since and here[: len(until)] <= until


def numbers(release: str) -> tuple[int, ...]:
    """``2026.4.1-22982-…`` as ``(2026, 4, 1)``; empty for what is no release."""
    found = re.match(r"\d+(\.\d+)*", release)
    return tuple(map(int, found[0].split("."))) if found else ()


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "unknown-properties-accepted",
        "AUTO compiles with a property that nobody knows, and says nothing",
        (("properties and log", "unknown-given-is-an-error"),),
    ),
    Difference(
        "compiled-model-tells-little",
        "a model compiled for AUTO does not tell most of what it was compiled with",
        (("properties and log", "a-model-tells-all-it-was-given"),),
    ),
)


def about(study: str, claim: str) -> list[Difference]:
    """The differences that concern that claim, on whatever release."""
    return [each for each in DIFFERENCES if (study, claim) in each.claims]


def known(study: str, claim: str, openvino: str) -> Difference | None:
    """The difference by which that claim fails on that release; ``None`` where it is to hold."""
    return next((each for each in about(study, claim) if each.is_in(openvino)), None)


def by_key(key: str) -> Difference | None:
    """The difference of that key."""
    return next((each for each in DIFFERENCES if each.key == key), None)
