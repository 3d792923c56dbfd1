"""A run as its file holds it: all that a report is made from. Which keys the file has is said in ``run_file``; drawing is ``report``'s.

A file of before there were results in it has its benchmarks only: results are made of their samples, in seconds, and what it lacks is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge.errors import UserError
from autogauge.history import run_file
from autogauge.measuring import saving
from autogauge.measuring.claim import Verdict
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.quantity import MEMORY, quantity_of
from autogauge.measuring.reading import Fields, jsonable, number, text
from autogauge.measuring.result import CLAIMS, Array, Replicate, Result, Sample
from autogauge.plain import plain
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Device, Target, is_emulated

ONLY_BENCHMARKS = (
    "an earlier autogauge saved this run, with its benchmarks only: what was recorded by none of them, the order of the replicates, "
    "failures, disturbances, single latencies and notes are not in it"
)
NAMED_OF_A_MODEL = ("name", "precision", "source", "weights", "digest")


@dataclass(frozen=True)
class Recorded:
    """One session, as far as its file tells.

    ``model`` has ``words`` beside its facts, ``emulated_gpu`` too. ``verdicts`` are as ``Verdict.to_json`` writes them, ``gate`` as
    ``Gate.to_json`` does. ``lacks`` are sentences about what the file or its neighbour does not have. Moments are ISO 8601 in UTC.
    """

    version: str = ""
    started: str = ""
    finished: str = ""
    interrupted_by: str = ""
    machine: str = ""
    openvino: str = ""
    openvino_from: tuple[str, ...] = ()
    profile: str = ""
    accelerator: str = ""
    emulated_gpu: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: Mapping[str, Any] | None = None
    noted: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    disturbance: Mapping[str, Any] | None = None
    model: Mapping[str, Any] | None = None
    inputs: tuple[str, ...] = ()
    frames: int = 1
    devices: tuple[Device, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    """What never worked, each cause once, with its ``sentence``."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """The studies that were asked for and could not be measured, with the reason."""
    results: tuple[Result, ...] = ()
    results_again: tuple[Result, ...] = ()
    verdicts: tuple[Mapping[str, Any], ...] = ()
    gate: Mapping[str, Any] | None = None
    gate_of: Mapping[str, Any] = field(default_factory=dict)
    """What the gate said, by benchmark, where ``gate`` is not there."""
    lacks: tuple[str, ...] = ()
    path: Path | None = None

    @property
    def is_emulated(self) -> bool:
        """Whether its accelerator was the emulated GPU."""
        return is_emulated(self.accelerator)


def of_file(path: Path) -> Recorded:
    """The run in that file. Raises :class:`UserError`."""
    document = run_file.read_document(path)
    arrays: dict[str, Array] = {}
    lacks = ""
    own = run_file.section_of(document)
    if run_file.RESULTS in own and own.get(run_file.SHA256) != "":  # empty: there was nothing to lie beside it
        arrays, lacks = run_file.arrays_beside(path, document)
    try:
        return of_document(document, arrays, path, lacks)
    except (ValueError, RecursionError) as error:
        why = plain(str(error), 400) if isinstance(error, ValueError) else "it is nested too deeply"
        raise UserError(f"{path} cannot be drawn: {why}; name another run.") from None


def of_document(
    document: Mapping[str, Any], arrays: Mapping[str, Array], path: Path | None = None, lacks: str = ""
) -> Recorded:
    """The same from what a file holds, whether it was saved or not. Raises ``ValueError``."""
    whole = Fields(document, "")
    own, machine = whole.fields(run_file.SECTION, {}), whole.fields("machine_info", {})
    if run_file.RESULTS not in own:
        return _of_benchmarks(whole, own, machine, path)
    run = own.fields(run_file.RUN)
    wanting = [lacks] if lacks else []
    try:
        results, again = (_results(own, arrays, kind) for kind in (run_file.RESULTS, run_file.AGAIN))
    except ValueError as error:
        if not arrays:
            raise
        # A neighbour of another run: without it everything else is there.
        results, again = (_results(own, {}, kind) for kind in (run_file.RESULTS, run_file.AGAIN))
        wanting.append(f"what lies beside it is not of it ({plain(str(error), 200)})")
    return Recorded(
        version=own.text("version", ""),
        started=run.text("started", ""),
        finished=run.text("finished", ""),
        interrupted_by=run.text("interrupted_by", ""),
        machine=run.text("machine", machine.text("node", "")),
        openvino=run.text("openvino", ""),
        openvino_from=run.texts("openvino_from", ()),
        profile=run.text("profile", ""),
        accelerator=run.text("accelerator", ""),
        emulated_gpu=_table(run, "emulated_gpu"),
        options=_table(run, "options") or {},
        fingerprint=_table(machine, "fingerprint"),
        noted=_table(machine, "noted") or {},
        changes=own.texts("changed_while_measuring", ()),
        disturbance=_table(own, "disturbance"),
        model=_model(run),
        inputs=run.texts("inputs", ()),
        frames=run.whole("frames", 1),
        devices=run.each("devices", _device, ()),
        notes=run.texts("notes", ()),
        findings=run.each("findings", _finding, ()),
        absent=run.of_texts("absent", {}),
        results=results,
        results_again=again,
        verdicts=tuple(_told(result, verdict) for result in results for verdict in result.verdicts()),
        gate=_table(own, "gate"),
        lacks=tuple(wanting),
        path=path,
    )


def _told(result: Result, verdict: Verdict) -> Mapping[str, Any]:
    of_many = {"study": result.name, "one_of_many": result.shown == CLAIMS}
    return {**verdict.to_json(), **of_many, "rests_on_a_finding": verdict.rests_on_a_finding}


def _results(own: Fields, arrays: Mapping[str, Array], kind: str) -> tuple[Result, ...]:
    values = own.each(kind, lambda value, _: value, ())
    return tuple(saving.from_json(value, run_file.of_result(arrays, kind, place)) for place, value in enumerate(values))


def _table(fields: Fields, key: str) -> Mapping[str, Any] | None:
    """Whatever stands there, with nothing in it that JSON cannot hold: Python reads NaN, and no browser does."""
    found: Mapping[str, Any] | None = jsonable(fields.fields(key).all()) if key in fields else None
    return found


def _model(fields: Fields) -> dict[str, Any] | None:
    """The model's facts; those that every report names are texts, or ``None``."""
    if "model" not in fields:
        return None
    said = fields.fields("model")
    return {
        **(_table(fields, "model") or {}),
        **{key: said.text(key) if key in said else None for key in NAMED_OF_A_MODEL},
    }


def _finding(value: Any, place: str) -> Mapping[str, Any]:
    fields = Fields(value, place)
    fields.text("sentence")
    return fields.all()


def _device(value: Any, place: str) -> Device:
    fields = Fields(value, place)
    return Device(
        fields.text("name"),
        fields.text("full_name", ""),
        fields.text("type", ""),
        fields.text("driver", ""),
        fields.texts("capabilities", ()),
    )


def _of_benchmarks(whole: Fields, own: Fields, machine: Fields, path: Path | None) -> Recorded:
    """A run of before there were results in its file."""
    entries = [each for each in whole.each("benchmarks", Fields) if "extra_info" in each]
    extras = [each.fields("extra_info") for each in entries]
    ours = [extra for extra in extras if "benchmark" in extra]
    first = ours[0] if ours else Fields({}, "")
    model = _model(first)
    words = " ".join(str(model[key]) for key in ("name", "precision") if model.get(key)) if model else ""
    verdicts: dict[str, Mapping[str, Any]] = {}
    for extra in ours:
        said = extra.fields("verdicts", {})
        verdicts |= {name: _verdict(name, said.fields(name)) for name in said}
    return Recorded(
        version=own.text("version", ""),
        started=whole.text("datetime", ""),
        machine=machine.text("node", ""),
        openvino=first.text("openvino", ""),
        profile=first.text("profile", ""),
        accelerator=first.text("accelerator", ""),
        fingerprint=_table(machine, "fingerprint"),
        noted=_table(machine, "noted") or {},
        changes=own.texts("changed_while_measuring", ()),
        disturbance=_table(own, "disturbance"),
        model={**model, "words": words} if model else None,
        devices=machine.fields("fingerprint", {}).each("devices", _device, ()),
        results=_results_of(entries),
        verdicts=tuple(verdicts.values()),
        gate=_table(own, "gate"),
        gate_of={extra.text("benchmark"): extra.any("gate") for extra in ours if "gate" in extra},
        lacks=(ONLY_BENCHMARKS,),
        path=path,
    )


def _verdict(name: str, said: Fields) -> Mapping[str, Any]:
    outcome = said.choice("verdict", [str(each) for each in Outcome])
    return {"name": name, "claim": name, "verdict": outcome, "evidence": said.text("evidence", "")}


def _results_of(entries: list[Fields]) -> tuple[Result, ...]:
    """The samples of each benchmark, in seconds or MiB, by their studies."""
    found: dict[str, Result] = {}
    for entry in entries:
        extra = entry.fields("extra_info")
        if "benchmark" not in extra:
            continue
        group, _, called = extra.text("benchmark").partition(": ")
        name = extra.text("study", group)
        result = found.setdefault(name, Result(name, (), (), Plan((1,), 0.0), 0, state=extra.text("study_state", "")))
        memory = quantity_of(extra.text("metric", "")) is MEMORY
        metric = (
            Metric(group, group, MEMORY.saved_in) if memory else Metric(group, group, "s", seconds=1.0, written_in="ms")
        )
        if metric not in result.metrics:
            result.metrics = (*result.metrics, metric)
            result.recorded = {**result.recorded, group: group}
        if all(each.name != called for each in result.conditions):
            result.conditions = (*result.conditions, Condition(called, _target(extra, called)))
            result.facts[called] = {"infer_requests": extra.any("infer_requests", None)}
        samples = entry.fields("stats").each("data", number, ())
        for place, seconds in enumerate(samples):
            if place == len(result.replicates):
                result.replicates.append(Replicate(place, ()))
            before = result.replicates[place].samples.get(called, Sample({}))
            devices = tuple(extra.texts("execution_devices", ()))
            result.replicates[place].samples[called] = Sample({**before.figures, group: seconds}, {}, devices)
    return tuple(found.values())


def _target(extra: Fields, called: str) -> Target:
    """What was compiled for: by its labels, or by the two fields that there were before them."""
    labels = extra.fields("labels", {})
    device, hint = (labels.any(key, extra.any(key, None)) for key in ("device", "hint"))
    return Target.with_hint(
        called if device is None else text(device, "device"), None if hint is None else text(hint, "hint")
    )
