"""A model of the user's own, by its path: what it takes is read by OpenVINO, and it is measured like any other."""

import numpy as np
import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.models import resolve
from autogauge.models.inspect import inspect
from autogauge.probe.launcher import Launcher
from autogauge.rig.workload import prepare_workload
from autogauge.targets import Target


def field(number, value):
    """One protobuf field: a whole number as a varint, anything else with its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    payload = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value):
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def onnx_relu(shape):
    """An ONNX model, ``y = relu(x)`` in float32, written field by field (onnx.proto)."""

    def value_info(name):
        dimensions = b"".join(field(1, field(1, length)) for length in shape)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, dimensions)))

    node = field(1, "x") + field(2, "y") + field(4, "Relu")
    graph = field(1, node) + field(2, "graph") + field(11, value_info("x")) + field(12, value_info("y"))
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph)


def test_an_onnx_file_is_read_and_measured(tmp_path):
    path = tmp_path / "relu.onnx"
    path.write_bytes(onnx_relu((2, 3, 5)))
    launcher = Launcher(tmp_path / "probes")
    workload, inspection = prepare_workload(resolve.offline(str(path), "FP16", Cache(tmp_path)), launcher, tmp_path)
    assert [(port.name, port.element_type, port.shape) for port in inspection.ports] == [("x", "f32", (2, 3, 5))]
    assert (workload.model.precision, workload.model.source, workload.model.weights) == ("ONNX", "path", "unknown")
    request = workload.request("once", Target("CPU"), save_outputs=str(tmp_path / "outputs.npz"))
    launcher.run_once(request, "onnx")
    with np.load(tmp_path / "outputs.npz") as outputs, np.load(workload.inputs) as inputs:
        np.testing.assert_allclose(outputs["0"], np.maximum(inputs["0"], 0), atol=0.01)


def test_the_digest_is_of_the_files_bytes(tmp_path):
    path = tmp_path / "relu.onnx"
    path.write_bytes(onnx_relu((1, 2)))
    first = resolve.offline(str(path), "FP16", Cache(tmp_path)).digest
    path.write_bytes(onnx_relu((1, 3)))
    assert resolve.offline(str(path), "FP16", Cache(tmp_path)).digest != first


def test_a_folder_that_is_no_saved_model_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match=r"not a TensorFlow SavedModel.*--model"):
        resolve.offline(str(tmp_path), "FP16", Cache(tmp_path))


def test_a_shape_that_the_model_cannot_take_is_a_sentence(tmp_path):
    path = tmp_path / "relu.onnx"
    path.write_bytes(onnx_relu((1, 2)))
    model = resolve.offline(str(path), "FP16", Cache(tmp_path))
    with pytest.raises(UserError, match=r"cannot take the shape z\[3\].*--shape"):
        inspect(Launcher(tmp_path / "probes"), model, {"z": [3]})
