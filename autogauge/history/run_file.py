"""The run file: pytest-benchmark's JSON, and in it all that this project adds. The one place that says what its keys are called.

A run's results are in it as ``measuring.saving`` writes them, with every request's latency and the studies' arrays in a file beside it
(same name, ``.npz``). What can be judged of a run is read by ``records``, from the same keys; ``recorded`` reads all of it.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autogauge import __version__
from autogauge.errors import UserError
from autogauge.files import NotRegular, ownerless, read_regular, write_bytes
from autogauge.history import labels as labelling
from autogauge.history import records, standing, store
from autogauge.history.fingerprint import Fingerprint
from autogauge.measuring import saving
from autogauge.measuring.metric import Metric
from autogauge.measuring.quantity import quantity_of
from autogauge.measuring.result import Array, Result
from autogauge.stats.percentiles import percentiles

ARRAYS = ".npz"
SECTION, RESULTS, AGAIN, RUN = "autogauge", "results", "results_again", "run"
"""What this project adds beside the benchmarks: ``results`` as JSON, those that were measured once more, and the ``run`` in words."""
SHA256 = "arrays_sha256"
"""Of the file beside it, empty where there is none: what lies there later, under that name, may be another run's."""
FULLEST_ARRAYS, FULLEST_UNPACKED = 2**28, 2**30
"""Bytes that the file of a run's arrays may have at most, and what is in it: what is above this is none."""
_NUMBERS = "biuf"
"""Kinds of numpy's that are numbers."""
_NO_ARCHIVE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What is raised for a file that is no archive, or one packed or locked in a way that is not ours."""


def extra_info(
    result: Result,
    condition: str,
    metric: Metric,
    key: str,
    run: Mapping[str, Any],
    beside: records.PinnedRatio | None,
    gate_share: float = 1.0,
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
        **({} if gate_share == 1 else {"gate_share": gate_share}),
        **({"samples_in": quantity_of(metric.name).saved_in} if metric.is_memory else {}),
        "against_reference": beside.to_json() if beside else None,
        "labels": _labels(result, condition, str(run.get("openvino") or "")),
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


def _labels(result: Result, condition: str, openvino: str) -> dict[str, str]:
    """The condition's labels; with a release only where it ran on another one than the run's, or on another build of that."""
    labels = result.labels(condition)
    if labelling.OPENVINO not in labels:
        return labels
    seen = str(result.facts.get(condition, {}).get("openvino") or labels[labelling.OPENVINO])
    beside = labelling.release_beside(seen, openvino)
    return {
        **{key: each for key, each in labels.items() if key != labelling.OPENVINO},
        **({labelling.OPENVINO: beside} if beside else {}),
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
    """Save a run with its arrays beside it; as ``store.save``, which says what is raised. Standing and arrays are there before the run is.

    Where it fails neither is left.
    """
    content = compressed(arrays) if arrays else b""
    document.setdefault(SECTION, {})[SHA256] = hashlib.sha256(content).hexdigest() if content else ""
    begun: list[Path] = []

    def before_it(path: Path) -> None:
        begun.append(path)
        prepare(path)
        if content:
            write_bytes(arrays_path(path), content)

    try:
        return store.save(folder, document, label, fingerprint, before_it)
    except BaseException:
        for path in begun:
            if not path.exists():  # a signal can come when it is there; then it needs both
                arrays_path(path).unlink(missing_ok=True)
                standing.path_of(path).unlink(missing_ok=True)
        raise


def arrays_path(run: Path) -> Path:
    """Where the arrays of a saved run lie."""
    return run.with_suffix(ARRAYS)


def arrays_beside(run: Path, document: Mapping[str, Any]) -> tuple[dict[str, Array], str]:
    """The arrays of a saved run, and why there are none: a sentence, empty where there are some."""
    path = arrays_path(run)
    try:
        return _unpacked(read_regular(path, FULLEST_ARRAYS), section_of(document).get(SHA256)), ""
    except FileNotFoundError:
        return {}, f"{path.name}, which has every single latency, does not lie beside it"
    except NotRegular as error:
        return {}, f"{path.name}, which has every single latency, cannot be read: {error.strerror}"
    except (OSError, ValueError, EOFError, KeyError, TypeError, MemoryError, *_NO_ARCHIVE) as error:
        return {}, f"{path.name}, which has every single latency, cannot be read ({type(error).__name__})"


def _unpacked(content: bytes, saved: Any) -> dict[str, Array]:
    """The arrays in an ``npz`` file, which has the SHA-256 ``saved`` where one is known. Nothing that does not fit is unpacked."""
    if saved is not None and hashlib.sha256(content).hexdigest() != saved:
        raise NotRegular(0, "it is not the file that was saved with this run")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(each.file_size for each in packed.infolist()) > FULLEST_UNPACKED:
            raise NotRegular(0, f"there is more than {FULLEST_UNPACKED / 2**20:g} MiB in it")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    if any(not isinstance(each, np.ndarray) or each.dtype.kind not in _NUMBERS for each in found.values()):
        raise NotRegular(0, "it holds something else than numbers")
    return found


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
