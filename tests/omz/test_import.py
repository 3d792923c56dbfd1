"""Machines without a network: the Zoo's own files come from a folder, and only if they are what the Zoo says."""

import json
import shutil

import pytest

from autogauge.models import resolve
from autogauge.models.omz import downloads
from tests.omz.conftest import with_tools
from tests.omz.mirror import closed_port, write_configurations
from tests.support import run_cli, sentence_of

pytestmark = pytest.mark.omz


@pytest.fixture
def import_folder(tmp_path, installed, files):
    """Import a folder on the command line, on a machine that reaches no host."""
    cache = with_tools(tmp_path / "cache", installed)
    models = write_configurations(tmp_path / "models", files, closed_port())

    def run(folder, *options):
        words = ("models", "import", str(folder), f"--cache={cache.root}", *options)
        return run_cli(*words, AUTOGAUGE_OMZ_MODELS=str(models))

    run.cache = cache
    return run


def test_a_folder_of_the_zoos_own_files_becomes_a_model(tmp_path, files, import_folder):
    stick = tmp_path / "stick" / "public" / "small"
    stick.mkdir(parents=True)
    shutil.copy(files / "small.caffemodel", stick)
    # As omz_downloader leaves it: changed after the download, the original beside it.
    shutil.copy(files / "small.prototxt", stick / "small.prototxt.orig")
    (stick / "small.prototxt").write_text((files / "small.prototxt").read_text().replace("dim: 10", "dim: 1"))
    done = import_folder(tmp_path / "stick", "--precision=FP32", "--json")
    assert done.returncode == 0, done.stderr
    (model,) = json.loads(done.stdout)
    assert (model["name"], model["precision"], model["source"]) == ("small", "FP32", "omz")


def test_an_ir_of_the_zoo_is_taken_as_it_is_in_the_precision_that_is_there(tmp_path, installed, autogauge_cache):
    tiny = resolve.offline("one-convolution", "FP16", autogauge_cache).path
    stick = tmp_path / "stick" / "FP16"
    stick.mkdir(parents=True)
    files = []
    for suffix in (".xml", ".bin"):
        path = stick / f"tiny{suffix}"
        shutil.copy(tiny.with_suffix(suffix), path)
        for precision, checksum in (("FP16", downloads.sha384_of(path)), ("FP32", "ab" * 48)):
            files.append(
                f"  - name: {precision}/{path.name}\n    size: {path.stat().st_size}\n    checksum: {checksum}\n"
                f"    source: {closed_port()}/{path.name}"
            )
    models = tmp_path / "models" / "intel" / "tiny"
    models.mkdir(parents=True)
    heading = "description: tiny\ntask_type: classification\nframework: dldt\nlicense: none\nfiles:\n"
    (models / "model.yml").write_text(heading + "\n".join(files) + "\n")
    root = with_tools(tmp_path / "cache", installed).root
    words = ("models", "import", str(tmp_path / "stick"), f"--cache={root}", "--json")
    done = run_cli(*words, AUTOGAUGE_OMZ_MODELS=str(tmp_path / "models"))
    assert done.returncode == 0, done.stderr
    assert [(model["name"], model["precision"]) for model in json.loads(done.stdout)] == [("tiny", "FP16")]


def test_a_damaged_model_beside_a_whole_one_is_named(tmp_path, files, import_folder):
    stick = tmp_path / "stick"
    stick.mkdir()
    for name in ("small.prototxt", "small.caffemodel", "googlenet-v1.prototxt"):
        shutil.copy(files / name, stick)
    (stick / "googlenet-v1.caffemodel").write_bytes(b"damaged")
    sentence = sentence_of(import_folder(stick))
    assert "googlenet-v1.caffemodel has another checksum" in sentence


def test_a_precision_that_the_files_do_not_give_is_refused(tmp_path, files, import_folder):
    for name in ("small.prototxt", "small.caffemodel"):
        shutil.copy(files / name, tmp_path)
    assert "'INT8'" in sentence_of(import_folder(tmp_path, "--precision=INT8"))


def test_the_zoos_own_checksums_are_what_counts(tmp_path, installed):
    cache = with_tools(tmp_path / "cache", installed)
    stick = tmp_path / "stick"
    stick.mkdir()
    for name, size in (("googlenet-v1.prototxt", 35862), ("googlenet-v1.caffemodel", 53533754)):
        with (stick / name).open("wb") as stream:
            stream.truncate(size)
    sentence = sentence_of(run_cli("models", "import", str(stick), f"--cache={cache.root}"))
    assert (
        "of googlenet-v1, googlenet-v1.prototxt, googlenet-v1.caffemodel has another checksum than the Zoo's"
        in sentence
    )


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "small.prototxt").unlink(), ["small.prototxt is missing"]),
        (
            lambda folder: (folder / "small.caffemodel").write_bytes(
                b"\0" * (folder / "small.caffemodel").stat().st_size
            ),
            ["small.caffemodel has another checksum"],
        ),
        (lambda folder: [path.unlink() for path in folder.iterdir()], ["none of its files"]),
        (shutil.rmtree, ["there is no folder"]),
    ],
    ids=["a file is missing", "a file is another", "nothing is there", "no folder"],
)
def test_what_is_not_the_zoos_is_refused_in_one_sentence(tmp_path, files, import_folder, spoil, words):
    stick = tmp_path / "stick"
    stick.mkdir()
    for suffix in ("prototxt", "caffemodel"):
        shutil.copy(files / f"small.{suffix}", stick)
    spoil(stick)
    sentence = sentence_of(import_folder(stick))
    for word in (*words, str(stick)):
        assert word in sentence
    assert not downloads.folder_in(import_folder.cache.root).exists()
