"""A saved run's condition as a side of ``why``: what its file says of its device and properties, its OpenVINO, its model and inputs.

It is measured anew, here: the run's own figures are not used. What may not be known from the file is refused, not guessed.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import is_folder
from autogauge.gate.saved import find_run
from autogauge.history import recorded, run_file
from autogauge.history.numbered import is_number
from autogauge.history.recorded import Recorded
from autogauge.lab.releases import kept
from autogauge.measuring.condition import HERE, PINNED, REFERENCE, Condition
from autogauge.models.resolve import EMBEDDED, OMZ
from autogauge.plain import few
from autogauge.runtimes import reference as references
from autogauge.runtimes.reference import Reference
from autogauge.targets import Target

BETWEEN = "::"
HOW = f"a saved run (its file, or its number as in history), or one of its conditions (RUN{BETWEEN}CONDITION)"
FED = ("--model", "--precision", "--model-source", "--shape", "--picture", "--inputs")
"""Options of a run that say what is inferred, which is one for both sides."""
REQUESTS = "--infer-requests"
_RELEASE = re.compile(r"\d{4}\.\d+\.\d+")


@dataclass(frozen=True)
class OfRun:
    """A condition as its run's file tells it. ``openvino`` is the version with its build that its probes told."""

    path: Path
    study: str
    condition: Condition
    openvino: str
    fed: Mapping[str, str]
    infer_requests: int
    reference: Reference | None
    """What it ran on where that was not the session's own OpenVINO and model."""
    machine: str
    model: str
    digest: str
    """Of the model, where that was the session's own; else empty."""

    @property
    def release(self) -> str:
        """The release that the version is of."""
        found = _RELEASE.match(self.openvino)
        return found[0] if found else self.openvino

    @property
    def what(self) -> tuple[object, ...]:
        """What tells it apart from another one of its run, whatever they are called."""
        return self.condition.target.key, self.infer_requests, self.condition.runs_on, self.openvino


def find(side: str, text: str, base: Target, root: Path) -> OfRun | None:
    """What the text names; ``None`` for one that names no run. Without a condition it is the one that compiles as ``base``.

    ``root`` is the history whose numbers are meant. Raises :class:`UserError`, which ends in the ``side``.
    """
    place, *names = text.split(BETWEEN)
    path = Path(place)
    if not names and not is_number(place) and (path.suffix != ".json" or is_folder(path)):
        return None
    if len(names) > 2 or not all((place, *names)):
        raise UserError(f"{text!r} names no condition of a run: write RUN{BETWEEN}CONDITION ({side}).")
    place_of = find_run(path, root)
    if kind := kept.kind_of(run_file.read_document(place_of)):
        raise UserError(f"{place_of} is no run but a {kind}: name two of its releases, such as 2024.6.0 ({side}).")
    run = recorded.of_file(place_of)
    if run.is_emulated:
        raise UserError(
            f"{run.path} was measured with the emulated GPU, which counts no layers of a real one: name another run ({side})."
        )
    return _chosen(side, text, names, [*_conditions(run, side)], base)


def _chosen(side: str, text: str, names: list[str], every: list[OfRun], base: Target) -> OfRun:
    """The one that is meant. Raises :class:`UserError`."""
    if names:
        *study, name = names
        found = [each for each in every if each.condition.name == name and study in ([], [each.study])]
    else:
        # A reference's twin is only meant where it is named; the sides of a run of ``why`` are both meant, whatever they ran on.
        found = [each for each in every if each.condition.target.key == base.key and each.condition.role != REFERENCE]
    found = list({each.what: each for each in reversed(found)}.values())[::-1]  # the first of those that are one
    if len(found) == 1:
        return found[0]
    place = text.partition(BETWEEN)[0]
    if found:
        studies = [f"{place}{BETWEEN}{each.study}{BETWEEN}{each.condition.name}" for each in found]
        raise UserError(f"{text} is there in several ways: name one as {few(studies, ' or ')} ({side}).")
    if not every:
        raise UserError(
            f"no condition of {place} says which OpenVINO it ran on with the run's own model: name another run ({side})."
        )
    there = few([f"{place}{BETWEEN}{each}" for each in dict.fromkeys(one.condition.name for one in every)])
    missing = f"no condition {names[-1]!r}" if names else f"no condition that compiles as {base.label}"
    raise UserError(f"{place} has {missing} that could be measured anew: it has {there} ({side}).")


def _conditions(run: Recorded, side: str) -> Iterator[OfRun]:
    """The conditions that ran the session's own model, or what ``--reference`` named, on an OpenVINO that they told.

    A study of cases, the pinned workload and the tiny model of a price are of models of their own.
    """
    model = run.model or {}
    fed = {name: _at_home(str(run.options[name])) for name in FED if name in run.options}
    if model.get("source") in (EMBEDDED, OMZ):
        fed["--model-source"] = str(model["source"])  # auto may find another one today
    assert run.path is not None
    for result in run.results:
        for each in result.conditions:
            openvino = str(result.facts.get(each.name, {}).get("openvino") or "")
            if not openvino or each.role == PINNED or "--model" not in fed:
                continue
            try:
                reference = _reference(run, each, side)
            except UserError:
                continue
            own = "" if reference is not None and reference.model is not None else str(model.get("digest") or "")
            asked = each.infer_requests or int(run.options.get(REQUESTS) or 0)
            words = str(model.get("words") or fed["--model"])
            yield OfRun(run.path, result.name, each, openvino, fed, asked, reference, run.machine, words, own)


def _reference(run: Recorded, condition: Condition, side: str) -> Reference | None:
    """What a condition ran on; ``None`` for the session's own. Raises :class:`UserError` for what is no such name."""
    if condition.runs_on == HERE:
        return None
    text = str(run.options.get("--reference") or "") if condition.runs_on == REFERENCE else condition.runs_on
    parsed = references.parse(_at_home(text), side)
    if parsed.named is None and parsed.model is None:
        return None  # a device or properties: they are in the condition's target
    return parsed


def _at_home(text: str) -> str:
    """A path as this user has it: a file that people publish has ``~`` for the home folder."""
    with contextlib.suppress(RuntimeError):
        return str(Path(text).expanduser()) if text.startswith("~/") else text
    return text
