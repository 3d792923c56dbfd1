"""Whatever a model file refers to belongs to its digest; what is missing, or is no model, is a sentence with the next step."""

import os
import random

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.models import onnx_weights, path
from autogauge.models.inspect import inspect
from autogauge.probe.launcher import Launcher
from autogauge.runtimes.reference import parse
from tests.cases import each_of
from tests.omz.protobuf import field, number
from tests.properties import for_all
from tests.unit.test_model_path import onnx_relu

WEIGHTS = np.eye(4, dtype="<f4")


def tensor(location=None, name=b"w", values=None):
    """A 4×4 tensor; its values are in the file ``location``, or in itself."""
    told = number(1, 4) + number(1, 4) + number(2, 1) + field(8, name)
    if location is None:
        return told + field(9, (WEIGHTS if values is None else values).tobytes())
    return told + field(13, field(1, b"location") + field(2, location)) + number(14, 1)


def value(name):
    lengths = field(1, number(1, 1)) + field(1, number(1, 4))
    return field(1, name) + field(2, field(1, number(1, 1) + field(2, lengths)))


def model(initializer=b"", nodes=b""):
    """An ONNX model, ``y = x @ w``."""
    product = field(1, b"x") + field(1, b"w") + field(2, b"y") + field(4, b"MatMul")
    graph = nodes + field(1, product) + field(2, b"g") + initializer + field(11, value(b"x")) + field(12, value(b"y"))
    return number(1, 8) + field(7, graph) + field(8, number(2, 13))


def constant(location):
    """A node whose attribute holds the weights."""
    attribute = field(1, b"value") + field(5, tensor(location)) + number(20, 4)
    return field(1, field(2, b"w") + field(4, b"Constant") + field(5, attribute))


@pytest.mark.parametrize("where", ["initializer", "attribute"])
def test_other_weights_in_another_file_are_another_digest(tmp_path, where):
    made = model(field(5, tensor(b"sub/w.bin"))) if where == "initializer" else model(nodes=constant(b"sub/w.bin"))
    (tmp_path / "sub").mkdir()
    weights, file = tmp_path / "sub" / "w.bin", tmp_path / "model.onnx"
    file.write_bytes(made)
    weights.write_bytes(WEIGHTS.tobytes())
    first = path.artefact_at(file)
    inspect(Launcher(tmp_path / "probes"), first)  # OpenVINO reads what was found to be its file
    weights.write_bytes((2 * WEIGHTS).tobytes())
    assert path.artefact_at(file).digest != first.digest
    weights.write_bytes(WEIGHTS.tobytes())
    assert path.artefact_at(file).digest == first.digest


def test_a_model_that_refers_to_no_other_file_keeps_its_digest(tmp_path):
    """The digests of what earlier releases recorded; histories go by them."""
    (tmp_path / "w.bin").write_bytes(b"of somebody else")
    (tmp_path / "relu.onnx").write_bytes(onnx_relu((1, 2)))
    assert path.artefact_at(tmp_path / "relu.onnx").digest.startswith("3990320f66433559")
    (tmp_path / "m.xml").write_text("<net/>")
    (tmp_path / "m.bin").write_bytes(b"weights")
    assert path.artefact_at(tmp_path / "m.xml").digest.startswith("1fdce27a90a4e1ce")
    saved = tmp_path / "saved"
    (saved / "variables").mkdir(parents=True)
    (saved / "saved_model.pb").write_bytes(b"graph")
    (saved / "variables" / "variables.index").write_bytes(b"index")
    assert path.artefact_at(saved).digest.startswith("b2b65155928a37dd")


def test_a_name_without_the_mark_of_external_data_is_no_reference(tmp_path):
    told = tensor() + field(13, field(1, b"location") + field(2, b"absent.bin"))
    (tmp_path / "m.onnx").write_bytes(model(field(5, told)))
    path.artefact_at(tmp_path / "m.onnx")


@each_of(
    ("locations", "words"),
    [
        ([b"absent.bin"], "absent.bin is not in {folder}; put it there"),
        ([b"a", b"b"], "a, b are not in {folder}; put them there"),
        ([bytes([letter]) for letter in b"abcde"], "a, b, c and 2 more are not in"),
        ([b"../w.bin"], "'../w.bin' for its weights, which is not below its folder"),
        ([b"a/../../w.bin"], "which is not below its folder"),
        ([b"/etc/passwd"], "'/etc/passwd' for its weights, which is not below its folder"),
        ([b""], "which is not below its folder"),
        ([b"a\0b"], "which is not below its folder"),
        ([b"."], "is not in"),
        ([b"pipe"], "pipe is not in"),
    ],
)
def test_external_data_that_is_not_there_is_named(tmp_path, locations, words):
    os.mkfifo(tmp_path / "pipe")
    initializers = b"".join(field(5, tensor(each)) for each in locations)
    (tmp_path / "m.onnx").write_bytes(model(initializers))
    with pytest.raises(UserError) as caught:
        path.artefact_at(tmp_path / "m.onnx")
    assert words.format(folder=tmp_path) in str(caught.value)
    assert str(caught.value).endswith("(--model).")


NOISE = (number(900, 2**64 - 1), field(901, b"\x08"), b"\xe5\x388bit", b"\xe3\x38\x08\x01\xe4\x38")
"""Fields that say nothing of tensors: a number, bytes, four bytes, a group with a number in it."""
HOLDERS = {
    "model": {"graph": (7,), "training": (20,), "function": (25,)},
    "training": {"graph": (1, 2)},
    "function": {"node": (7,), "attribute": (11,)},
    "graph": {"node": (1,), "tensor": (5,), "sparse": (15,)},
    "node": {"attribute": (5,)},
    "attribute": {"tensor": (5, 10), "graph": (6, 11), "sparse": (22, 23)},
    "sparse": {"tensor": (1, 2)},
}
"""What holds what in onnx.proto, written down once more."""


def made(chance, kind, depth, names):
    """A message of that kind, with external tensors (whose locations go into ``names``) in some of the places for them."""
    noise = chance.choice(NOISE)
    if kind == "tensor":
        if chance.random() < 0.3:
            return tensor() + noise
        names.add(location := f"{chance.choice('abé')}/{len(names)}")
        return noise + tensor(location.encode())
    parts = [noise]
    for inner, numbers in HOLDERS[kind].items():
        if depth or inner == "tensor":
            parts += [field(key, made(chance, inner, depth - 1, names)) for key in numbers if chance.random() < 0.6]
    chance.shuffle(parts)
    return b"".join(parts)


@for_all(lambda st: (st.integers(0, 2**32), st.integers(2, 6)))
def test_every_external_tensor_is_found_wherever_it_is(seed, depth):
    expected = set()
    content = made(random.Random(seed), "model", depth, expected)
    assert set(onnx_weights._walk(content)) == expected


@for_all(lambda st: (st.binary(max_size=200),))
def test_what_is_no_protobuf_is_let_be(content):
    try:
        list(onnx_weights._walk(content))
    except onnx_weights.Malformed:
        return


def test_deep_nesting_and_endless_fields_end(tmp_path, monkeypatch):
    deep = b""
    for _ in range(500):
        deep = field(1, field(5, field(6, deep)))
    (tmp_path / "deep.onnx").write_bytes(field(7, deep))
    assert onnx_weights.locations(tmp_path / "deep.onnx") == []
    monkeypatch.setattr(onnx_weights, "MOST_FIELDS", 1000)
    (tmp_path / "many.onnx").write_bytes(number(1, 1) * 2000)
    with pytest.raises(UserError, match=r"more than any model should.*--model"):
        path.artefact_at(tmp_path / "many.onnx")


def test_an_empty_file_names_none(tmp_path):
    (tmp_path / "empty.onnx").write_bytes(b"")
    assert onnx_weights.locations(tmp_path / "empty.onnx") == []


def test_a_model_behind_a_link_is_read_by_the_links_name(tmp_path):
    """Caches of downloaded models are made of links to files without an ending."""
    (tmp_path / "blob").write_bytes(onnx_relu((1, 2)))
    (tmp_path / "snapshot").mkdir()
    link = tmp_path / "snapshot" / "relu.onnx"
    link.symlink_to("../blob")
    found = path.artefact_at(link)
    assert (found.name, found.path) == ("relu", link)
    assert inspect(Launcher(tmp_path / "probes"), found).ports[0].name == "x"


def test_a_saved_models_linked_folder_belongs_to_its_digest(tmp_path):
    saved = tmp_path / "saved"
    (tmp_path / "elsewhere").mkdir()
    saved.mkdir()
    (saved / "saved_model.pb").write_bytes(b"graph")
    (saved / "variables").symlink_to("../elsewhere")
    (saved / "loop").symlink_to(".")
    weights = tmp_path / "elsewhere" / "variables.data-00000-of-00001"
    weights.write_bytes(b"1")
    first = path.artefact_at(saved).digest
    weights.write_bytes(b"2")
    assert path.artefact_at(saved).digest != first


def test_a_checkpoints_data_belong_to_its_digest(tmp_path):
    (tmp_path / "m.meta").write_bytes(b"graph")
    with pytest.raises(UserError, match=r"m\.index is not beside it"):
        path.artefact_at(tmp_path / "m.meta")
    (tmp_path / "m.index").write_bytes(b"index")
    data = tmp_path / "m.data-00000-of-00001"
    data.write_bytes(b"1")
    first = path.artefact_at(tmp_path / "m.meta").digest
    data.write_bytes(b"2")
    assert path.artefact_at(tmp_path / "m.meta").digest != first


def test_a_file_that_git_lfs_has_not_fetched_is_named(tmp_path):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 7\n"
    (tmp_path / "m.onnx").write_bytes(model(field(5, tensor(b"w.bin"))))
    (tmp_path / "w.bin").write_bytes(pointer)
    with pytest.raises(UserError, match=r"w\.bin is a pointer of Git LFS.*git lfs pull"):
        path.artefact_at(tmp_path / "m.onnx")
    (tmp_path / "m.onnx").write_bytes(pointer)
    with pytest.raises(UserError, match=r"m\.onnx is a pointer of Git LFS.*git lfs pull"):
        path.artefact_at(tmp_path / "m.onnx")


NO_MODELS = [
    ("saved/saved_model.pb", ["a part of a SavedModel: name its folder", "/saved (--model)"]),
    ("m.bin", ["weights only", "m.xml (--model)"]),
    ("other.bin", ["weights only", "the .xml file that it belongs to", "export"]),
    ("i.pdiparams", ["weights only", "i.pdmodel (--model)"]),
    ("q.data-00000-of-00001", ["weights only", "q.meta (--model)"]),
    ("x.onnx_data", ["weights only", "x.onnx (--model)"]),
    ("x.onnx.data", ["weights only", "x.onnx (--model)"]),
    ("x.data", ["weights only", "x.onnx (--model)"]),
    *(
        (f"m{ending}", ["OpenVINO does not read", "export the model to ONNX", "openvino.convert_model", "--model"])
        for ending in (".pt", ".PTH", ".h5", ".keras", ".safetensors", ".gguf", ".ckpt")
    ),
    ("m.txt", ["not a model by its name", ".onnx", "SavedModel folder", "--model"]),
    ("folder", ["not a TensorFlow SavedModel", "folder/one.onnx or ", "folder/two (--model)"]),
    ("empty", ["not a TensorFlow SavedModel", "name the model's file (--model)"]),
]


@each_of(("name", "words"), NO_MODELS, ids=[name for name, _ in NO_MODELS])
def test_what_is_no_model_is_a_sentence_with_the_next_step(tmp_path, name, words):
    for folder in ("saved", "empty", "folder/two"):
        (tmp_path / folder).mkdir(parents=True)
    for each in ("saved/saved_model.pb", "folder/two/saved_model.pb", "folder/one.onnx", "m.xml", "i.pdmodel"):
        (tmp_path / each).write_bytes(b"")
    for each in ("q.meta", "x.onnx"):
        (tmp_path / each).write_bytes(b"")
    if not (tmp_path / name).exists():
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UserError) as caught:
        path.artefact_at(tmp_path / name)
    for word in words:
        assert word in str(caught.value)


def test_a_saved_model_can_be_a_reference(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert parse(str(tmp_path)).model == tmp_path
