"""The embedded GoogLeNet-v1 is the real graph, the same on every machine, and built once."""

import collections

import numpy as np
import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.files import sha256_of
from autogauge.models import embedded, resolve, topology


@pytest.fixture(scope="module")
def ov():
    import openvino  # slow to import, and collecting tests shall be quick

    return openvino


def counts(ov, path):
    return collections.Counter(node.get_type_name() for node in ov.Core().read_model(path).get_ops())


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("precision", ["FP16", "FP32", "INT8"])
def test_the_graph_is_googlenet_v1(root, precision, ov):
    artefact = embedded.build("googlenet-v1", precision, Cache(root))
    found = counts(ov, artefact.path)
    assert {kind: found[kind] for kind in ("Convolution", "MaxPool", "Concat", "LRN", "MatMul", "Softmax")} == {
        "Convolution": 57,
        "MaxPool": 13,
        "Concat": 9,
        "LRN": 2,
        "MatMul": 1,
        "Softmax": 1,
    }
    assert found["FakeQuantize"] == (2 * 58 if precision == "INT8" else 0)
    model = ov.Core().read_model(artefact.path)
    assert list(model.input(0).shape) == [1, 3, 224, 224]
    assert list(model.output(0).shape) == [1, 1000]
    assert model.input(0).get_names() == {"data"}
    assert (artefact.name, artefact.source, artefact.weights) == ("googlenet-v1", "embedded", "random")


def test_it_has_as_many_parameters_as_the_published_model():
    # The Open Model Zoo's caffemodel has 6,998,552; its IR's .bin has 13,997,134 bytes: two a parameter and a few constants.
    from autogauge.models.weights import weights_of

    channels = {"data": 3}
    total = 0
    for layer in topology.googlenet_v1():
        incoming = [channels[name] for name in layer.inputs]
        channels[layer.name] = layer.channels or sum(incoming)
        if layer.kind in ("convolution", "inner_product"):
            weights, biases = weights_of(layer, incoming[0])
            total += weights.size + biases.size
    assert total == 6_998_552


def test_fp16_is_half_of_fp32_and_every_build_gives_the_same_weights(root, tmp_path):
    half = embedded.build("googlenet-v1", "FP16", Cache(root))
    full = embedded.build("googlenet-v1", "FP32", Cache(root))
    assert half.path.with_suffix(".bin").stat().st_size == 13_997_134
    assert full.path.with_suffix(".bin").stat().st_size == pytest.approx(2 * 13_997_134, rel=1e-4)
    again = embedded.build("googlenet-v1", "FP16", Cache(tmp_path))
    assert sha256_of(again.path.with_suffix(".bin")) == sha256_of(half.path.with_suffix(".bin"))
    assert again.digest == half.digest


def test_the_precisions_agree_on_a_picture_and_the_softmax_is_neither_flat_nor_saturated(root, ov):
    picture = np.random.default_rng(5).uniform(0, 255, (1, 3, 56, 56)).astype(np.float32).repeat(4, 2).repeat(4, 3)
    answers = {}
    for precision in ("FP16", "FP32", "INT8"):
        artefact = embedded.build("googlenet-v1", precision, Cache(root))
        compiled = ov.Core().compile_model(artefact.path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        answers[precision] = compiled([picture])[0][0]
    assert answers["FP32"].sum() == pytest.approx(1, abs=1e-4)
    assert 0.01 < answers["FP32"].max() < 0.999
    assert np.abs(answers["FP16"] - answers["FP32"]).max() < 5e-3
    assert len({int(answer.argmax()) for answer in answers.values()}) == 1


def test_the_mean_is_subtracted_inside_the_graph(root, ov):
    artefact = embedded.build("googlenet-v1", "FP32", Cache(root))
    constant = next(
        node for node in ov.Core().read_model(artefact.path).get_ordered_ops() if node.get_type_name() == "Subtract"
    )
    means = constant.input_value(1).get_node().get_data().ravel()
    assert means.tolist() == [104, 117, 123]


def test_a_second_fetch_reads_the_cache(root):
    first = embedded.build("googlenet-v1", "FP16", Cache(root))
    written = first.path.stat().st_mtime_ns
    assert embedded.build("googlenet-v1", "FP16", Cache(root)).path.stat().st_mtime_ns == written


def test_a_changed_byte_in_the_cache_is_repaired(root):
    artefact = embedded.build("one-convolution", "FP16", Cache(root))
    weights = artefact.path.with_suffix(".bin")
    good = weights.read_bytes()
    weights.write_bytes(bytes([good[0] ^ 1]) + good[1:])
    assert embedded.build("one-convolution", "FP16", Cache(root)).path.with_suffix(".bin").read_bytes() == good


@pytest.mark.parametrize(
    ("model", "precision", "sentence"),
    [
        ("googlenet-v1", "FP8", "no precision 'FP8'.*--precision"),
        ("one-convolution", "INT8", "no precision 'INT8'.*--precision"),
        ("resnet-50", "FP16", "no model is called 'resnet-50'.*googlenet-v1"),
        ("absent.xml", "FP16", "there is no model at absent.xml.*--model"),
    ],
)
def test_what_is_not_there_is_a_sentence(root, model, precision, sentence):
    with pytest.raises(UserError, match=sentence):
        resolve.offline(model, precision, Cache(root))
