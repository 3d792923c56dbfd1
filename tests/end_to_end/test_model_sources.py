"""Where the model comes from, as a user at a terminal sees it: ``--model-source`` and ``python -m autogauge models``.

What needs the Open Model Zoo's tools is in ``tests/omz``; here its hosts are always out of reach.
"""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.models.trained import source
from tests.omz.mirror import black_hole
from tests.support import run_cli, run_suite, sentence_of


def test_auto_falls_back_to_the_embedded_model_and_says_so(first_run):
    done, summary = first_run.done, first_run.summary
    assert done.returncode == 0, done.stdout
    assert "source auto: the Open Model Zoo's if cached or reachable, else embedded with random weights" in done.stdout
    assert "its hosts are out of reach" in done.stdout, "the progress"
    assert "embedded, random weights" in done.stdout, "the end"
    assert (summary["model"]["source"], summary["model"]["weights"]) == ("embedded", "random")
    assert "out of reach" in summary["model"]["note"]
    assert any("out of reach" in note for note in summary["notes"])


def test_omz_without_a_network_ends_within_10_seconds_with_the_reason(tmp_path, offline):
    began = time.monotonic()
    done = run_suite(
        "-m", "perf", "--model-source=omz", f"--reports={tmp_path}", f"--cache={tmp_path / 'c'}", **offline
    )
    assert time.monotonic() - began < 10
    sentence = sentence_of(done)
    for word in ("googlenet-v1", "out of reach", "models import FOLDER", "--model-source=embedded"):
        assert word in sentence


def test_omz_without_a_network_asks_the_hosts_before_pip_whatever_was_downloaded(tmp_path, offline):
    downloaded = tmp_path / "omz-downloads" / "1" / "ab" / "cd"
    downloaded.parent.mkdir(parents=True)
    downloaded.write_bytes(b"of some model")
    with black_hole() as address:
        began = time.monotonic()
        words = ("models", "fetch", "googlenet-v1", "--source=omz", f"--cache={tmp_path}")
        done = run_cli(*words, **offline, PIP_INDEX_URL=f"{address}/simple", PIP_FIND_LINKS="")
    assert time.monotonic() - began < 10
    sentence = sentence_of(done)
    for word in ("googlenet-v1", "its hosts are out of reach", "models import FOLDER"):
        assert word in sentence
    assert not (tmp_path / "staging").exists(), "nothing was installed, not even in part"


def test_a_proxy_that_swallows_packets_is_given_3_seconds(tmp_path):
    with black_hole() as address:
        began = time.monotonic()
        done = run_cli(
            *("models", "fetch", "googlenet-v1", f"--cache={tmp_path}"), HTTPS_PROXY=address, https_proxy=address
        )
    assert 3 <= time.monotonic() - began < 10
    assert done.returncode == 0, done.stderr
    assert "no answer within 3 s" in done.stderr
    assert "embedded, random weights" in done.stdout


def test_embedded_asks_nobody(tmp_path):
    with black_hole() as address:
        began = time.monotonic()
        words = ("models", "fetch", "googlenet-v1", "--source=embedded", f"--cache={tmp_path}")
        done = run_cli(*words, HTTPS_PROXY=address, https_proxy=address)
        assert done.returncode == 0, done.stderr
    assert "out of reach" not in done.stderr
    assert time.monotonic() - began < 10


MISTAKES = [
    (
        ["--model=googlenet-v11", "--model-source=auto"],
        ["no model is called 'googlenet-v11'", "googlenet-v1", "--model"],
    ),
    (
        ["--model=nothing-like-it", "--model-source=auto"],
        ["no model is called 'nothing-like-it'", "small-cnn", "--model"],
    ),
    (["--model=resnet-50-tf", "--model-source=auto"], ["TensorFlow", "--model=PATH"]),
    (["--model=small-cnn", "--model-source=omz"], ["no model called 'small-cnn'", "--model"]),
    (["--model=README.md", "--model-source=omz"], ["README.md", "is a file", "--model-source=omz"]),
    (["--model=alexnet", "--model-source=embedded"], ["'alexnet'", "needs no network", "--model-source=auto"]),
    (["--model=alexnet", "--precision=INT8", "--model-source=auto"], ["alexnet", "FP16, FP32", "--precision"]),
    (["--model-source=zoo"], ["'zoo'", "auto, omz, embedded", "--model-source"]),
    (["--fetch-deadline=0"], ["'0'", "--fetch-deadline"]),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What each mistake printed; made side by side."""
    reports = tmp_path_factory.mktemp("reports")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [*pool.map(lambda mistake: run_suite("-m", "perf", *mistake[0], f"--reports={reports}"), MISTAKES)]


@pytest.mark.parametrize("number", range(len(MISTAKES)), ids=[" ".join(options) for options, _ in MISTAKES])
def test_a_mistake_is_one_sentence(made, number):
    sentence = sentence_of(made[number])
    for word in MISTAKES[number][1]:
        assert word in sentence


def test_models_are_listed_and_removed(tmp_path):
    cache = f"--cache={tmp_path}"
    assert "holds no models yet" in run_cli("models", cache).stdout
    fetched = run_cli("models", "fetch", "small-cnn", "--source=embedded", cache, "--json")
    assert fetched.returncode == 0, fetched.stderr
    model = json.loads(fetched.stdout)[0]
    (listed,) = json.loads(run_cli("models", cache, "--json").stdout)
    assert {key: listed[key] for key in ("name", "source", "precision", "weights", "state")} == {
        **{"name": "small-cnn", "source": "embedded", "precision": "FP16", "weights": "random", "state": "intact"}
    }
    assert listed["sha256"] == model["digest"]
    table = run_cli("models", cache).stdout
    for word in ("small-cnn", "embedded", "FP16", listed["sha256"][:12], "intact"):
        assert word in table
    assert "removed small-cnn FP16" in run_cli("models", "remove", "small-cnn", cache).stdout
    assert json.loads(run_cli("models", cache, "--json").stdout) == []
    assert "has no 'small-cnn'" in sentence_of(run_cli("models", "remove", "small-cnn", cache))


def test_a_damaged_model_is_listed_as_such(tmp_path):
    cache = f"--cache={tmp_path}"
    model = json.loads(run_cli("models", "fetch", "small-cnn", "--source=embedded", cache, "--json").stdout)[0]
    with Path(model["path"]).with_suffix(".bin").open("r+b") as stream:
        stream.write(b"\1\2\3\4")
    assert json.loads(run_cli("models", cache, "--json").stdout)[0]["state"] == "damaged"


def test_a_model_without_its_package_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "PACKAGE", "no-such-package")
    with pytest.raises(UserError, match=r"pip install -r requirements-trained\.txt"):
        source.build("efficientnet-lite0", "FP16", Cache(tmp_path))
