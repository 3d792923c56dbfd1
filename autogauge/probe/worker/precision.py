"""In which precision a model is: by AUTO's own rule, and what of it is in half precision. What follows from it is left to others."""

from __future__ import annotations

from typing import Any

from autogauge.probe.worker.anatomy import all_operators

CONVOLUTIONS = ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData")
OF_WEIGHTS = {"f32": "FP32", "f16": "FP16"}


def by_autos_rule(model: Any) -> str:
    """The capability that AUTO asks of a device for this model: ``INT8``, ``FP16`` or ``FP32``.

    As ``get_model_precision`` in the AUTO plugin's ``plugin.cpp``: FakeQuantize anywhere, else the type of the first convolution's weights.
    """
    nodes = list(model.get_ordered_ops())
    if any(node.get_type_name() == "FakeQuantize" for node in nodes):
        return "INT8"
    for node in nodes:
        if node.get_type_name() in CONVOLUTIONS:
            found = OF_WEIGHTS.get(node.input(1).get_element_type().get_type_name())
            if found:
                return found
    return "FP32"


def in_half_precision(model: Any) -> list[str]:
    """What of the model is in half precision, in a few words each: inputs by name, weights, operators by type."""
    inputs, weights, others = [], 0, []
    for node in all_operators(model):
        if not any(output.get_element_type().get_type_name() == "f16" for output in node.outputs()):
            continue
        kind = node.get_type_name()
        if kind == "Parameter":
            inputs.append("its input " + (min(node.output(0).get_names(), default="") or node.get_friendly_name()))
        elif kind == "Constant":
            weights += 1
        elif kind != "Result" and kind not in others:
            others.append(kind)
    found = inputs + (["its weights"] if weights else [])
    return found or ([f"its operators {', '.join(others[:3])}"] if others else [])
