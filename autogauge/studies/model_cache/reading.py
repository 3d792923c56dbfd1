"""How what was seen of a case about the cache is read, and what is expected of it; the cases are in ``cases`` and ``damaged``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autogauge.probe.seen import Seen
from autogauge.rig.expecting import Expect, Wanted, unless_seen


def blobs(seen: Seen, step: str = "after") -> list[Mapping[str, Any]]:
    """The blobs that a look into the folder found. Raises ``TypeError`` where there was no such look."""
    found = seen.value(step, "blobs")
    return [*found]


def told(step: str, key: str) -> Callable[[Seen], Any]:
    """What that step told by that name."""
    return lambda seen: seen.value(step, key)


def loaded(seen: Seen) -> Any:
    """LOADED_FROM_CACHE, once whoever is to answer does."""
    return seen.value("wait", "LOADED_FROM_CACHE")


def answers_in(*steps: str) -> Callable[[Seen], Any]:
    """How many wrong answers these steps had, as ``answers`` counts them."""
    return lambda seen: answers(seen, steps)


def said_in(step: str) -> Callable[[Seen], str | None]:
    """What OpenVINO said in that step; empty where it went well."""
    return lambda seen: seen.error(step)


def answers(seen: Seen, steps: Sequence[str]) -> Any:
    """How many wrong answers these steps had; where one compared none what its requests said, or ``None``."""
    counts = [(seen.value(step, "wrong"), seen.value(step, "compared")) for step in steps]
    if any(not compared for _, compared in counts):
        errors = [each for step in steps for each in seen.value(step, "errors") or ()]
        return errors[0] if errors else None
    return sum(wrong for wrong, _ in counts)


def outputs(seen: Seen) -> Any:
    """How many wrong answers of a start, at once and later; ``None`` where one of the two was not compared."""
    return answers(seen, ("infer", "later"))


def compared(step: str) -> Callable[[Seen], Any]:
    """How many wrong answers that step had; ``None`` where none was compared, whatever its requests said."""
    return lambda seen: seen.value(step, "wrong") if seen.value(step, "compared") else None


def only_if(expect: Expect, there: Callable[[Seen], bool]) -> Expect:
    """The same, and nothing known where what it is about did not come about."""
    return dataclasses.replace(expect, when=there)


def is_warm(seen: Seen) -> bool:
    """Whether the blob was loaded."""
    return loaded(seen) is True


class OfTheBlob(str):
    """What was wrong with the answers of a blob that was not to be loaded: by the loading, and not for another reason."""


def not_taken(claim: str, differs: tuple[str, ...], ends: tuple[tuple[str, str], ...] = ()) -> tuple[Expect, Expect]:
    """A blob is not loaded, which a known difference may excuse; what is compiled in its place answers right, which none does.

    ``ends`` are the ends of the process that the loaded blob is known to bring.
    """

    def wrong(seen: Seen) -> Any:
        found = outputs(seen)
        return OfTheBlob(f"{found}, of the blob that was loaded") if found and is_warm(seen) else found

    wanted = Wanted("0", lambda value: None if isinstance(value, OfTheBlob) else bool(value == 0))
    return (
        Expect(claim, "LOADED_FROM_CACHE", loaded, False, differs, ends=ends),
        Expect(claim, "wrong answers", wrong, wanted),
    )


def right(claim: str, differs: tuple[str, ...] = ()) -> Expect:
    """All answers are those of the CPU in f32; ``differs`` may keep them from being seen."""
    return unless_seen(Expect(claim, "wrong answers", outputs, 0), differs)


def helper(claim: str, wanted: bool, differs: tuple[str, ...] = ()) -> Expect:
    """Whether AUTO starts its CPU helper; not known where its log is empty."""
    return Expect(
        claim,
        "CPU helper started",
        lambda seen: seen.log.cpu_helper_started if seen.log.lines else None,
        wanted,
        differs,
    )
