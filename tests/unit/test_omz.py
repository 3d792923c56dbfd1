"""What surrounds the Open Model Zoo's tools: running one, reading why it failed, knowing names before the tools are there."""

import json

import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.measuring.progress import Silent
from autogauge.models.omz import catalogue
from autogauge.models.omz.tools import reason_in
from autogauge.models.omz.zoo import Zoo, _Download
from autogauge.models.resolve import AUTO, EMBEDDED, OMZ, Resolver, Wanted
from tests.cases import each_of
from tests.properties import for_all


@each_of(
    ("lines", "reason"),
    [
        (
            ["Traceback (most recent call last):", '  File "x.py"', "requests.exceptions.HTTPError: 404 Client Error", "FAILED:"],
            "requests.exceptions.HTTPError: 404 Client Error",
        ),
        (
            ["########## Error: Hash mismatch on small.caffemodel", "##########      expected: 00", "FAILED:", "small"],
            "Hash mismatch on small.caffemodel",
        ),
        (
            ["[ ERROR ]  ----- INTERNAL ERROR -----", "[ ERROR ]  No module named 'x'", "[ ERROR ]  Traceback (most recent call last):"],
            "No module named 'x'",
        ),
        (["OSError: [Errno 28] No space left on device"], "OSError: [Errno 28] No space left on device"),
        (["ERROR: No matching distribution found for x"], "No matching distribution found for x"),
        (["something went wrong"], "something went wrong"),
        (["Conversion command: python", "FAILED:", "googlenet-v1"], "Conversion command: python"),
        (['{"$type": "model_download_end"}', "FAILED:", "googlenet-v1"], ""),
    ],
)  # fmt: skip
def test_the_line_that_says_why_is_found(lines, reason):
    assert reason_in(lines) == reason


@for_all(lambda st: (st.lists(st.text()),))
def test_any_output_gives_a_reason_of_one_line(lines):
    assert "\n" not in reason_in([each for line in lines for each in line.splitlines()])


class Told(Silent):
    """Remembers what it is told."""

    def __init__(self, heard=lambda line: None):
        self.lines, self.heard = [], heard

    def say(self, line):
        self.lines.append(line)
        self.heard(line)

    def advance(self, doing, done, total, left_s):
        self.lines.append(doing)


def test_a_download_is_followed_by_the_mebibyte():
    progress = Told()
    watch = _Download(progress)
    for event in (
        {"$type": "model_file_download_begin", "model_file": "a.bin", "size": 3 << 20},
        {"$type": "model_file_download_progress", "size": 3 << 19},
        {"$type": "model_file_download_progress", "size": 3 << 20},
        {"$type": "model_file_download_begin", "model_file": "b.bin", "size": 1 << 20},
        {"$type": "model_file_download_progress", "size": 1 << 20},
    ):
        watch.line(json.dumps(event))
    watch.line("no event")
    assert progress.lines == [
        "downloading a.bin, 1.5 of 3.0 MiB",
        "downloading a.bin, 3.0 of 3.0 MiB",
        "downloading b.bin, 1.0 of 1.0 MiB",
    ]
    assert watch.bytes == 4 << 20


def test_the_catalogue_knows_what_the_lean_tools_can_do():
    known = catalogue.known()
    assert known["googlenet-v1"].precisions == ("FP16", "FP32")
    assert "storage.openvinotoolkit.org" in known["googlenet-v1"].hosts
    catalogue.check("googlenet-v1", "FP32", known)
    with pytest.raises(UserError, match="PyTorch"):
        catalogue.check("resnet-18-pytorch", "FP16", known)
    with pytest.raises(UserError, match="composed of several models"):
        catalogue.check("mtcnn", "FP16", known)


@each_of(
    ("name", "source"),
    [
        ("googlenet-v1", AUTO),
        ("googlenet-v1", OMZ),
        ("small-cnn", AUTO),
        ("alexnet", AUTO),
        ("efficientnet-lite0", EMBEDDED),
    ],
)
def test_names_that_can_be_had_are_accepted(name, source):
    Wanted(name, "FP16", source).check()


def test_a_folder_that_has_a_models_name_by_chance_is_not_the_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alexnet").mkdir()
    assert not Wanted("alexnet").is_local
    assert Wanted("./alexnet").is_local


@pytest.mark.parametrize("name", ["n" * 300, "a**", "no\0name"])
def test_any_name_is_refused_in_one_sentence(name):
    with pytest.raises(UserError, match="no model"):
        Wanted(name).check()


def test_auto_takes_the_embedded_model_whatever_goes_wrong_with_the_zoo(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise UserError("the Zoo is broken; mend it.")

    monkeypatch.setattr(Zoo, "download", broken)
    model = Resolver(Cache(tmp_path)).fetch(Wanted("googlenet-v1"))
    assert (model.source, model.weights) == ("embedded", "random")
    assert model.note == "the Zoo is broken: the embedded model took its place"


@each_of(
    ("wanted", "words"),
    [
        (
            Wanted("googlenet-v1"),
            "auto: the Open Model Zoo's if cached or reachable, else embedded with random weights",
        ),
        (Wanted("googlenet-v1", "INT8"), "auto: embedded, random weights"),
        (Wanted("googlenet-v1", source=EMBEDDED), "embedded, random weights"),
        (Wanted("googlenet-v1", source=OMZ), "omz"),
        (Wanted("small-cnn"), "auto: embedded, random weights"),
        (Wanted("efficientnet-lite0"), "auto"),
    ],
)
def test_the_header_says_where_the_model_will_come_from(wanted, words):
    assert wanted.source_in_words == words
