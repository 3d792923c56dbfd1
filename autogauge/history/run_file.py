"""The run file: pytest-benchmark's JSON, and in it all that this project adds. The one place that says what its keys are called.

A run's results are in it as ``measuring.saving`` writes them, with every request's latency and the studies' arrays in a file beside it
(same name, ``.npz``). What can be judged of a run is read by ``records``, from the same keys; ``recorded`` reads all of it.
"""

from __future__ import annotations

import datetime
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autogauge import __version__
from autogauge.errors import UserError
from autogauge.files import ownerless, write_bytes
from autogauge.history import records, store
from autogauge.history.fingerprint import Fingerprint
from autogauge.measuring import saving
from autogauge.measuring.metric import Metric
from autogauge.measuring.result import Array, Result
from autogauge.stats.percentiles import percentiles

ARRAYS = ".npz"
SECTION, RESULTS, AGAIN, RUN = "autogauge", "results", "results_again", "run"
"""What this project adds beside the benchmarks: ``results`` as JSON, those that were measured once more, and the ``run`` in words."""
FULLEST_ARRAYS = 2**31
"""Bytes that the arrays of a run may have at most: what is above this is none."""


def extra_info(
    result: Result, condition: str, metric: Metric, key: str, run: Mapping[str, Any], beside: records.PinnedRatio | None
) -> dict[str, Any]:
    """What a reader needs to know of a benchmark beside its samples.

    ``run`` has what is the same for all benchmarks of a run: ``accelerator``, ``profile``, ``openvino``, ``fingerprint`` (its digest)
    and ``model``; ``beside`` is the ratio to the pinned workload.
    """
    latencies, facts = result.latencies_ms(condition), result.facts.get(condition, {})
    return {
        "benchmark": key,
        "metric": metric.name,
        "metric_title": metric.title,
        "unit": metric.unit,
        "against_reference": beside.to_json() if beside else None,
        "labels": result.labels(condition),
        "study": result.name,
        "study_state": result.state,
        **{name: run.get(name) for name in ("accelerator", "profile", "openvino", "fingerprint", "model")},
        "execution_devices": sorted(result.devices_that_answered(condition)),
        "infer_requests": facts.get("infer_requests"),
        "driver": facts.get("driver"),
        "replicates": len(result.samples(condition)),
        "failed_replicates": len(result.failures(condition)),
        "latency_ms": percentiles(latencies) if len(latencies) else None,
        "latencies": len(latencies),
        "verdicts": {
            verdict.claim.name: {"verdict": str(verdict.outcome), "evidence": verdict.evidence()}
            for verdict in result.verdicts()
            if condition in verdict.claim.conditions
        },
    }


def benchmark(name: str, group: str, samples_s: Sequence[float], extra: Mapping[str, Any]) -> dict[str, Any]:
    """A benchmark as pytest-benchmark writes one, without pytest; its statistics are made by pytest-benchmark's own class."""
    from pytest_benchmark.stats import Stats

    stats = Stats()  # type: ignore[no-untyped-call]
    for sample in samples_s:
        stats.update(sample)  # type: ignore[no-untyped-call]
    figures: dict[str, Any] = stats.as_dict()  # type: ignore[no-untyped-call]
    return {
        "group": group,
        "name": name,
        "fullname": name,
        "params": None,
        "param": None,
        "extra_info": dict(extra),
        "options": {},
        "stats": {**figures, "data": list(samples_s), "iterations": 1},
    }


def document(benchmarks: Iterable[Mapping[str, Any]], machine_info: Mapping[str, Any]) -> dict[str, Any]:
    """A file as pytest-benchmark writes one, without pytest: :func:`add` puts in what is this project's."""
    from pytest_benchmark import __version__ as their_version
    from pytest_benchmark.utils import get_commit_info

    return {
        "machine_info": dict(machine_info),
        "commit_info": get_commit_info(),  # type: ignore[no-untyped-call]
        "benchmarks": [dict(each) for each in benchmarks],
        "datetime": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "version": their_version,
    }


def without_benchmarks(machine: str, fingerprint: Fingerprint | None, noted: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a run that is not saved: nothing was recorded, or it was interrupted. It is shown like any other."""
    return {"machine_info": named({}, machine, fingerprint, noted), "benchmarks": []}


def machine_info(machine: str, fingerprint: Fingerprint | None, noted: Mapping[str, Any]) -> dict[str, Any]:
    """What pytest-benchmark tells of the machine that this process runs on, named as history names it."""
    import platform

    import cpuinfo  # type: ignore[import-untyped]

    return named(
        {
            "node": platform.node(),
            "processor": platform.processor(),
            "machine": platform.machine(),
            "python_compiler": platform.python_compiler(),
            "python_implementation": platform.python_implementation(),
            "python_implementation_version": platform.python_version(),
            "python_version": platform.python_version(),
            "python_build": list(platform.python_build()),
            "release": platform.release(),
            "system": platform.system(),
            "cpu": cpuinfo.get_cpu_info() or {},
        },
        machine,
        fingerprint,
        noted,
    )


def named(
    machine_info: dict[str, Any], machine: str, fingerprint: Fingerprint | None, noted: Mapping[str, Any]
) -> dict[str, Any]:
    """The machine called as history calls it, with its fingerprint, and without what differs between two runs of one machine."""
    cpu = machine_info.get("cpu")
    if isinstance(cpu, dict):
        for volatile in ("hz_actual", "hz_actual_friendly"):
            cpu.pop(volatile, None)
    machine_info["node"] = machine
    if fingerprint:
        machine_info["fingerprint"] = fingerprint.to_json()
    machine_info["noted"] = dict(noted)
    return machine_info


def add(
    document: dict[str, Any],
    run: Mapping[str, Any],
    results: Sequence[Result],
    again: Sequence[Result],
    gate: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Put into a document of pytest-benchmark's what this project adds; returns it.

    ``run`` is the session in words (``recorded.Recorded`` says which), ``again`` are the results that were measured once more, ``gate`` is
    what it said. ``disturbance`` and ``changed_while_measuring`` stand beside them, where earlier readers look for them. Files are
    handed on: no path in a log says whose machine it was.
    """
    own: dict[str, Any] = {"schema": records.SCHEMA, "version": __version__}
    if gate is not None:
        own["gate"] = dict(gate)
    own["disturbance"] = run.get("disturbance")
    if run.get("changes"):
        own["changed_while_measuring"] = list(run["changes"])
    own[RUN] = ownerless({key: value for key, value in run.items() if key not in ("disturbance", "changes")})
    own[RESULTS] = [ownerless(saving.to_json(each)) for each in results]
    own[AGAIN] = [ownerless(saving.to_json(each)) for each in again]
    document[SECTION] = own
    return document


def arrays_of(results: Sequence[Result], again: Sequence[Result] = ()) -> dict[str, Array]:
    """The arrays of all results, by ``results/place/…`` and ``results_again/place/…`` (see ``saving.arrays``)."""
    return {
        f"{kind}/{place}/{name}": values
        for kind, those in ((RESULTS, results), (AGAIN, again))
        for place, result in enumerate(those)
        for name, values in saving.arrays(result).items()
    }


def of_result(arrays: Mapping[str, Array], kind: str, place: int) -> dict[str, Array]:
    """Those of one result."""
    prefix = f"{kind}/{place}/"
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def compressed(arrays: Mapping[str, Array]) -> bytes:
    """Arrays as the bytes of an ``npz`` file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def save(
    folder: Path,
    document: dict[str, Any],
    arrays: Mapping[str, Array],
    label: str,
    fingerprint: str = "",
    prepare: Callable[[Path], None] = lambda path: None,
) -> Path:
    """Save a run with its arrays beside it; as ``store.save``, which says what is raised. The arrays are there before the run is."""
    content = compressed(arrays) if arrays else b""
    beside: list[Path] = []

    def arrays_first(path: Path) -> None:
        prepare(path)
        if content:
            beside.append(arrays_path(path))
            write_bytes(beside[0], content)

    try:
        return store.save(folder, document, label, fingerprint, arrays_first)
    except BaseException:
        for path in beside:
            path.unlink(missing_ok=True)
        raise


def arrays_path(run: Path) -> Path:
    """Where the arrays of a saved run lie."""
    return run.with_suffix(ARRAYS)


def arrays_beside(run: Path) -> tuple[dict[str, Array], str]:
    """The arrays of a saved run, and why there are none: a sentence, empty where there are some."""
    path = arrays_path(run)
    try:
        if path.stat().st_size > FULLEST_ARRAYS:
            return {}, f"{path.name} is too large to be the arrays of a run"
        with np.load(path, allow_pickle=False) as found:
            return {name: found[name] for name in found.files}, ""
    except FileNotFoundError:
        return {}, f"{path.name}, which has every single latency, does not lie beside it"
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        return {}, f"{path.name}, which has every single latency, cannot be read ({type(error).__name__})"


def section_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What this project added to a document; nothing where another tool wrote it."""
    own = document.get(SECTION)
    return own if isinstance(own, dict) else {}


def read_document(path: Path) -> dict[str, Any]:
    """The JSON of a saved run. Raises :class:`UserError` for what is none, and for one that this project did not save."""
    found = records.document(path)
    if not section_of(found) and not any(
        isinstance(each, dict) and records.is_ours(each) for each in found["benchmarks"]
    ):
        raise UserError(f"{path} was saved by pytest-benchmark alone: there is no run of autogauge in it to draw.")
    return found
