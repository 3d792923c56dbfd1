"""Results of ``why`` for tests: layers of so many microseconds on each side, with noise."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np

from autogauge.lab.why import sides
from autogauge.lab.why.study import LAYERS_US, METRICS, NAME, Why
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import BY_METRIC, Replicate, Result, Sample
from autogauge.targets import Target

NAMES = tuple(f"conv-{place}" for place in range(10))


def layer(name, *, kernel="jit_f32", executed=True, originals=(), type_="Convolution"):
    more = {"layouts": "", "originals": list(originals) or [name]}
    return {"name": name, "type": type_, "kernel": kernel, "precision": "f32", "executed": executed, **more}


def measured(a, b, *, blocks=12, noise_us=3.0, own=None, hint="LATENCY", seed=0):
    """A result with layers of these microseconds (``name: us``); ``own`` are more of B's, which A does not have."""
    noise = Random(seed)
    study = Why(
        *sides.both("here", "CPU", Target.with_hint("CPU", hint), Path("none")), Target.with_hint("CPU", hint), blocks
    )
    conditions = study.conditions(None)
    result = Result(
        NAME, conditions, study.claims(None, conditions), Plan((blocks,), 60.0), 0, metrics=METRICS, shown=BY_METRIC
    )
    for name, us in (("A", a), ("B", {**b, **(own or {})})):
        told = {"openvino": "2026.4.1-1", "properties": {"NUM_STREAMS": 1, "SIDE": name}}
        counted = {"averages": True, "step_us": 1.5, "layers": [*map(layer, us), layer("relu", executed=False)]}
        result.facts[name] = dict(told)
        result.facts[f"{name} counted"] = {**told, **counted}
    for index in range(blocks):
        replicate = Replicate(index, tuple(each.name for each in conditions))
        for condition in conditions:
            us = a if condition.name.startswith("A") else {**b, **(own or {})}
            times = [value + noise.gauss(0, noise_us) for value in us.values()]
            figures = {"fil_s": 0.1, "compile_s": 0.08, "latency_ms": sum(times) / 1e3 + 0.05, "fps": 100.0}
            arrays = {}
            if condition.name.endswith("counted"):
                arrays[LAYERS_US] = np.array([*times, 0.0])
                figures |= {"layers_ms": sum(times) / 1e3, "latency_ms": figures["latency_ms"] + 0.02}
                del figures["fps"]
            replicate.samples[condition.name] = Sample(figures, arrays=arrays)
        result.replicates.append(replicate)
    result.state = "decided"
    return result


USUAL = dict.fromkeys(NAMES, 100.0)
