"""What each known difference (``contract.differences``) makes of a row: that, and nothing else, is excused by it.

A difference is another choice than the documented one, or an error that says certain words. What a row gave is ``judged``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from autogauge.studies.selection.judged import HELPER, Judged
from autogauge.studies.selection.rule import BY_DEFAULT, GPU, KINDS, NPU, Choice, Machine, choose

Machines = Sequence[Machine]


@dataclass(frozen=True)
class Error:
    """An error with one of these words in it."""

    words: tuple[str, ...]


Seen = Callable[[Judged, Machines], "Choice | Error | None"]
"""What is seen of a row by a known difference; ``None`` where it says nothing of such a row."""


def is_as_known(key: str, row: Judged, machines: Machines) -> bool:
    """Whether a row that is not as the rule says is what the known difference of that key makes of it."""
    if row.agrees is not False or key not in BY_KEY:
        return False
    found = BY_KEY[key](row, machines)
    if isinstance(found, Error):
        return row.became == "error" and any(each in row.error for each in found.words)
    if found is None or row.became != "done":
        return False
    selected = "" if found.devices == (HELPER,) else row.selected  # AUTO's log never selects its helper
    return not replace(row, choice=found, selected=selected).why


def _pieces(row: Judged) -> list[str]:
    return (row.row.asked or "").partition(":")[2].split(",")


def _of_list(names: Sequence[str], machines: Machines) -> Choice | None:
    return choose(machines, f"AUTO:{','.join(names)}", "") if names else None


def _without_unknown_names(row: Judged, machines: Machines) -> Choice | None:
    return _of_list([each for each in _pieces(row) if each.partition(".")[0] in KINDS], machines)


def _without_blanks(row: Judged, machines: Machines) -> Choice | None:
    return _of_list([each for each in _pieces(row) if each and each == each.strip()], machines)


def _excluded_by_part(row: Judged, machines: Machines) -> Choice | None:
    """Each device goes whose name, or without a number whose kind, is contained in an excluded text."""
    texts = [each.strip().removeprefix("-") for each in _pieces(row)]
    out = {
        each.name for each in machines for text in texts if each.name in text or (each.kind in text and "." not in text)
    }
    return _of_list([f"-{each}" for each in sorted(out)], machines)


def _helper_for_ever(row: Judged, machines: Machines) -> Choice | Error | None:
    """Where the NPU's loader is not installed 2024.6.0 throws."""
    if row.became == "error":
        return Error(("libze_loader.so",))
    return Choice((HELPER,), False, BY_DEFAULT) if row.failed == (NPU,) and row.end == (HELPER,) else None


def _discrete_first(row: Judged, machines: Machines) -> Choice | None:
    """Of ``GPU`` alone the order by default, in which another vendor's may be."""
    found = tuple(each.name for each in sorted(machines, key=lambda each: each.rank) if each.kind == GPU)
    return Choice(found[:1], False, BY_DEFAULT, (found,)) if found else None


def _whatever_precision(row: Judged, machines: Machines) -> Choice:
    return choose(machines, row.row.asked, "")


def _error(*words: str) -> Seen:
    return lambda row, machines: Error(words)


BY_KEY: Mapping[str, Seen] = {
    "absent-cpu-throws": _error("CPU plugin supports only '' as device id"),
    "absent-npu": _helper_for_ever,
    "blank-in-list": _without_blanks,
    "buffer-without-device": _error('Device with "', "UnicodeDecodeError: 'utf-8' codec"),
    "exclusion-by-part": _excluded_by_part,
    "fp16-weights-no-device": _error("Cannot select any device"),
    "gpu-alone-is-another": _discrete_first,
    "no-opencl-throws": _error("libOpenCL.so"),
    "precision-from-path": _whatever_precision,
    "unknown-names": _without_unknown_names,
}
