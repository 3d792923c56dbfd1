"""A result of ``why`` as JSON. What it says is ``finding``'s, and its sentences are ``drawing``'s."""

from __future__ import annotations

import math
from typing import Any

from autogauge.lab.why.drawing import words
from autogauge.lab.why.finding import Finding
from autogauge.lab.why.lines import SIDES, Line
from autogauge.lab.why.study import COUNTED, name_of


def to_json(finding: Finding) -> dict[str, Any]:
    """Everything that was found; layers in microseconds, the rest in the unit beside it."""
    result = finding.result
    return {
        "words": words(finding),
        "state": result.state,
        "blocks": finding.blocks,
        "seed": result.seed,
        "sides": {
            each: {
                "named": next((c.own_labels.get("named") for c in result.conditions if c.name == each), None),
                "openvino": result.facts.get(each, {}).get("openvino"),
                "counted_on": result.facts.get(name_of(each, COUNTED), {}).get("counted_on") or None,
            }
            for each in SIDES
        },
        "confidence_of_a_layer": finding.confidence,
        "resolution_us": finding.step_us,
        "layers": [
            {
                "layer": each.label,
                "names": dict(zip(SIDES, each.names, strict=True)),
                "types": dict(zip(SIDES, each.types, strict=True)),
                "kernels": dict(zip(SIDES, each.kernels, strict=True)),
                "precisions": dict(zip(SIDES, each.precisions, strict=True)),
                "matched_by": each.group.how,
                "only_in": each.group.only_in or None,
                **_line_json(each.line),
            }
            for each in finding.compared
        ],
        "rest": _line_json(finding.rest) if finding.rest else None,
        "rest_layers": [
            {
                "layer": each.label,
                "names": dict(zip(SIDES, each.names, strict=True)),
                "matched_by": each.group.how,
                "only_in": each.group.only_in or None,
                "unit": each.line.unit,
                "A": each.line.a,
                "B": each.line.b,
            }
            for each in finding.others
        ],
        "only_in": [_line_json(each) for each in finding.only_in],
        "counts": finding.counts,
        "whole": [_line_json(each) for each in finding.whole],
        "in_use": [_line_json(each) for each in finding.in_use],
        "phases": [_line_json(each) for each in finding.phases],
        "in_flight": dict(zip(SIDES, finding.in_flight, strict=True)),
        "properties": [{"name": name, "A": a, "B": b} for name, a, b in finding.properties],
        "properties_that_vary": [{"name": name, "A": a, "B": b} for name, a, b in finding.varying_properties],
        "properties_not_given": finding.not_given,
        "failures": [
            {"block": index, "condition": name, "why": failure.sentence()} for index, name, failure in result.failures()
        ],
    }


def _line_json(line: Line) -> dict[str, Any]:
    found = line.difference
    ends = [found.low, found.high] if found is not None and math.isfinite(found.low) else None
    return {
        "title": line.title,
        "unit": line.unit,
        "A": line.a,
        "B": line.b,
        "difference": None if found is None else found.ratio,
        "ci": ends,
        "confidence": None if found is None else found.confidence,
        "word": line.word,
    }
