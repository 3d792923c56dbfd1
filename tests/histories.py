"""Saved runs made up for tests: a machine's year in a second, with figures that are known."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autogauge.gate import saved
from autogauge.gate.gate import Gate
from autogauge.history import records, store
from autogauge.history.standing import write
from autogauge.history.standing_file import Standing

BEGAN = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)
LATENCY, PER_FRAME = "latency: AUTO-LATENCY", "seconds per frame: AUTO-THROUGHPUT"
METRICS = {
    "latency": "latency_ms",
    "seconds per frame": "fps",
    "first inference latency": "fil_s",
    "steady memory in MiB": "steady_bytes",
}


def benchmark(
    key: str, seconds: float, ratio: float | None = None, verdict: str = "", error: float = 0.004, **extra: Any
) -> dict[str, Any]:
    """One benchmark as a run saves it."""
    group, _, condition = key.partition(": ")
    name = f"test_{group.replace(' ', '_')}[{condition}]"
    data = [seconds * factor for factor in (0.99, 1.0, 1.01)]
    return {
        "group": group,
        "name": name,
        "fullname": f"tests/perf/test_it.py::{name}",
        "params": {},
        "param": condition,
        "stats": {
            "data": data,
            "min": data[0],
            "max": data[-1],
            "mean": seconds,
            "median": seconds,
            "stddev": seconds / 100,
            "iqr": seconds / 100,
            "q1": data[0],
            "q3": data[-1],
            "ld15iqr": data[0],
            "hd15iqr": data[-1],
            "iqr_outliers": 0,
            "stddev_outliers": 0,
            "outliers": "0;0",
            "total": 3 * seconds,
            "rounds": 3,
            "iterations": 1,
            "ops": 1 / seconds,
        },
        "extra_info": {
            "benchmark": key,
            "metric": METRICS.get(group, "fil_s"),
            "against_reference": None
            if ratio is None
            else {"reference": "pinned", "ratio": ratio, "error": error, "rounds": 80},
            "gate": [{"verdict": verdict}] if verdict else [],
            **extra,
        },
    }


def document(
    figures: Mapping[str, float],
    *,
    machine: str = "lab-01",
    openvino: str = "2026.4.1-1-abc",
    model: str = "googlenet-v1",
    fingerprint: str = "f" * 16,
    when: datetime.datetime = BEGAN,
    ratios: Mapping[str, float] | None = None,
    accelerator: str = "auto",
    verdict: str = "",
    digest: str = "",
    path: str = "",
    kernel: str = "",
    noted: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    error: float = 0.004,
    labels: Mapping[str, Any] | None = None,
    schema: int = records.SCHEMA,
) -> dict[str, Any]:
    """A run as it is saved: ``figures`` are seconds by benchmark, ``facts`` what the fingerprint stands for.

    ``noted`` is what is noted of the machine beside that. ``digest`` and ``path`` are the model's; ``error`` is that of the ratios;
    ``labels`` are more than device and hint, by benchmark or for all. Before schema 2 those two were fields of their own.
    """
    context = {
        "fingerprint": fingerprint,
        "openvino": openvino,
        "model": {"name": model, "precision": "FP16", "weights": "random", "digest": digest, "path": path},
        "profile": "standard",
        "accelerator": accelerator,
    }
    return {
        "machine_info": {
            "node": machine,
            "fingerprint": {"digest": fingerprint, **(facts or {})},
            **({"release": kernel} if kernel else {}),
            **({} if noted is None else {"noted": dict(noted)}),
        },
        "commit_info": {"id": "abc", "time": when.isoformat(), "branch": "main"},
        "benchmarks": [
            benchmark(key, seconds, (ratios or {}).get(key), verdict, error, **context, **_labels(key, labels, schema))
            for key, seconds in figures.items()
        ],
        "datetime": when.isoformat(),
        "version": "5.3.1",
        "autogauge": {"schema": schema, "version": "0.1.0"},
    }


def _labels(key: str, more: Mapping[str, Any] | None, schema: int) -> dict[str, Any]:
    device, _, hint = key.partition(": ")[2].partition("-")
    own = {"device": device, "hint": hint}
    return own if schema == 1 else {"labels": {**own, **((more or {}).get(key, more or {}))}}


def save(
    folder: Path,
    figures: Mapping[str, float],
    *,
    standing: Standing = Standing.ACCEPTED,
    benchmarks: Mapping[str, Standing] | None = None,
    days: float = 0,
    **others: Any,
) -> Path:
    """Save a run, so many days after the first; ``benchmarks`` are those that stand otherwise than the run."""
    others.setdefault("when", BEGAN + datetime.timedelta(days=days))

    def prepare(path: Path) -> None:
        if standing is not Standing.ACCEPTED or benchmarks:
            write(path, standing, "slow", "gate", benchmarks=benchmarks or {})

    made = document(figures, **others)
    return store.save(folder, made, "run", str(made["machine_info"]["fingerprint"]["digest"]), prepare)


def year(
    history: Path,
    machine: str = "lab-01",
    runs: int = 20,
    openvino: str = "2026.4.1",
    slower: float = 1.0,
    **others: Any,
) -> None:
    """So many runs of a machine, a day apart, that vary by about 1 %; ``slower`` scales them all.

    With ``days`` they are all of that day, a second apart: two runs of one moment and figure would be one that is there twice.
    """
    day = others.pop("days", None)
    for number in range(runs):
        wobble = 1 + 0.01 * ((number * 7) % 5 - 2) / 2
        ratio = slower * wobble
        save(
            history / machine,
            {LATENCY: 0.010 * ratio, PER_FRAME: 0.008 * ratio},
            ratios={LATENCY: ratio, PER_FRAME: ratio * 1.1},
            machine=machine,
            openvino=openvino,
            **{"days": number if day is None else day + number / 86400, **others},
        )


def judged(folder: Path, ratios: Mapping[str, float], *, fail_creep: bool = False, **others: Any) -> tuple[Gate, Path]:
    """Judge one more run as the gate does at its end, and save it with its standing: ``ratios`` to the pinned workload by benchmark.

    What cannot be measured again is taken as it is.
    """
    others.setdefault("when", BEGAN + datetime.timedelta(days=len(store.runs(folder)) if folder.is_dir() else 0))
    seconds = {key: 0.01 * ratio for key, ratio in ratios.items()}
    made = document(seconds, ratios=ratios, **others)
    fingerprint = str(made["machine_info"]["fingerprint"]["digest"])
    path = store.save(folder, made, "run", fingerprint)
    run = records.read(path)
    gate = saved.judge(run, saved.history_for(run, []), 0.05, fail_creep=fail_creep)
    decision = gate.decide()
    decision.write(path)
    decision.confirm(path)
    return gate, path
