"""The tiny models are what they say, answer right on the CPU, and are the same bytes on every machine."""

from xml.etree import ElementTree

import numpy as np
import pytest

from autogauge.cache import Cache
from autogauge.models import tiny
from autogauge.models.ir import Graph

DIGEST = "8c207563662540ea2c7d314335c5597fd5baea86a6d45907e17ecee4c9dd2e8b"
"""Of all of them. Whoever changes a model changes this on purpose: what is known of releases was seen with these bytes."""

ROW = np.arange(-8, 8, dtype=np.float32).reshape(1, 16)
IMAGE = (np.arange(192, dtype=np.float32).reshape(1, 3, 8, 8) % 97 - 13) / 16
"""In the steps of the quantized models. Some values are below what these can tell."""


def convolved(image, filters):
    """A convolution as it is defined, with zeros around the image."""
    count, _, size, _ = filters.shape
    padded = np.pad(image, ((0, 0), (0, 0), (size // 2,) * 2, (size // 2,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, filters.astype(np.float64)).reshape(
        image.shape[0], count, *image.shape[2:]
    )


def chained(image):
    for channels, size in ((8, 3), (16, 1), (8, 5), (4, 3)):
        image = np.maximum(convolved(image, tiny.weights(channels, image.shape[1], size) / 2), 0)
    return image


CONVOLVED = convolved(IMAGE, tiny.weights(4, 3))
QUANTIZED = np.clip(IMAGE, 0, 255 / 16)
TWO_IMAGES = np.concatenate([IMAGE, IMAGE[:, ::-1]])[:, :, :5, :]

ANSWERED = {
    "relu": ([ROW], [np.maximum(ROW, 0)], 0),
    "conv": ([IMAGE], [CONVOLVED], 0),
    "conv-f16": ([IMAGE], [CONVOLVED], 0),
    "conv-f16-plain": ([IMAGE], [CONVOLVED], 2e-2),
    "int8": ([IMAGE], [convolved(QUANTIZED, tiny.weights(4, 3))], 1e-5),
    "int8-smallest": ([ROW], [np.clip(ROW, 0, 255 / 16)], 1e-6),
    "dynamic": ([np.repeat(ROW, 3, 0)], [np.maximum(np.repeat(ROW, 3, 0), 0)], 0),
    "dynamic-conv": ([TWO_IMAGES], [convolved(TWO_IMAGES, tiny.weights(4, 3))], 0),
    "several": ([ROW, -ROW], [ROW - ROW, np.abs(ROW)], 0),
    "chain": ([IMAGE], [chained(IMAGE)], 1e-4),
}
"""For each model without state: what it is given, what it answers, and how far the CPU may be off."""

STATEFUL = {
    "accumulator": lambda row: [row],
    "accumulator-in-a-body": lambda row: [np.array([True]), row],
}


@pytest.fixture(scope="module")
def ov():
    import openvino  # slow to import, and collecting tests shall be quick

    return openvino


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return tiny.paths(Cache(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def request_of(ov, paths):
    """Compiles a model for the CPU in single precision; returns an infer request."""

    def compiled(name):
        return ov.Core().compile_model(paths[name], "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()

    return compiled


def test_each_model_has_its_answers_here():
    assert {*ANSWERED, *STATEFUL} == set(tiny.NAMES)


@pytest.mark.parametrize("name", ANSWERED)
def test_the_cpu_answers_right(request_of, name):
    given, wanted, tolerance = ANSWERED[name]
    answers = list(request_of(name).infer(given).values())
    assert len(answers) == len(wanted)
    for answer, right in zip(answers, wanted, strict=True):
        assert answer.shape == right.shape
        np.testing.assert_allclose(answer, right, rtol=0, atol=tolerance)
        assert len(np.unique(right)) > 4 or name == "several", "an answer that is easily right says little"


@pytest.mark.parametrize("name", STATEFUL)
def test_the_cpu_keeps_the_state(request_of, name):
    request = request_of(name)
    ones = np.ones((1, 16), np.float32)
    assert [request.infer(STATEFUL[name](ones))[0].tolist() for _ in range(3)] == [
        [[total] * 16] for total in (1, 2, 3)
    ]


@pytest.mark.parametrize("name", tiny.NAMES)
def test_the_files_say_the_shapes_that_openvino_finds(ov, paths, name):
    model = ov.Core().read_model(paths[name])
    found = {node.get_friendly_name(): node for node in model.get_ops()}
    layers = ElementTree.parse(paths[name]).getroot().iterfind("layers/layer")
    told = {layer.get("name"): layer.findall("output/port") for layer in layers}
    assert set(found) == set(told)
    for layer, ports in told.items():
        for index, port in enumerate(ports):
            shape = found[layer].get_output_partial_shape(index)
            assert [int(length.text) for length in port] == [
                length.get_length() if length.is_static else -1 for length in shape
            ]
            kind = found[layer].get_output_element_type(index).get_type_name().upper()
            assert {"F": "FP", "B": "BOOL"}.get(kind[0], "I") in port.get("precision")
            assert "".join(filter(str.isdigit, port.get("precision"))) == "".join(filter(str.isdigit, kind))


def test_the_models_are_the_same_bytes_on_every_machine():
    assert tiny.digest_of(tiny.written()) == DIGEST


def test_the_digest_is_told_by_every_byte():
    files = tiny.written()
    for name in files:
        changed = {**files, name: files[name][:-1] + b"?"}
        assert tiny.digest_of(changed) != DIGEST


def test_constants_are_written_little_endian_whatever_they_are_given_as():
    numbers = np.array([1, -2, 0.5], np.float32)
    contents = []
    for order in ("<f4", ">f4"):
        graph = Graph("g")
        graph.constant(numbers.astype(order))
        contents.append(graph.constants.to_bytes())
    assert contents[0] == contents[1]
    assert contents[0][:12] == numbers.astype("<f4").tobytes()


def test_they_are_written_once_and_mended(tmp_path):
    cache = Cache(tmp_path)
    first = tiny.paths(cache)["relu"]
    written = first.stat().st_mtime_ns
    assert tiny.paths(cache)["relu"].stat().st_mtime_ns == written
    first.write_bytes(b"")
    assert tiny.paths(cache)["relu"].read_bytes() == tiny.written()["relu.xml"]
