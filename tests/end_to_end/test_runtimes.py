"""What a user sees of runtimes: a reference that is what it says, a candidate whose openvino comes from elsewhere, one that changes."""

import json
import os
import sys
from importlib.metadata import version

import pytest

from autogauge.cache import Cache
from autogauge.files import ownerless
from autogauge.models.build import was_built_by
from autogauge.probe.identity import is_release
from autogauge.runtimes import pinned
from tests.support import another_openvino, misbehaving_python, run_suite, sentence_of

QUICK = (
    "-m",
    "perf",
    "--profile=quick",
    "--model=one-convolution",
    "--devices=CPU",
    "--pair-budget=2",
    "-k",
    "first_inference",
)


@pytest.fixture
def options(tmp_path, model_cache):
    return (*QUICK, f"--cache={model_cache}", f"--reports={tmp_path / 'reports'}", "--machine=lab")


@pytest.mark.slow
def test_another_openvino_on_the_path_is_the_candidates_and_said_and_never_the_references(tmp_path, options):
    other = another_openvino(tmp_path / "other")
    done = run_suite(*options, f"--reference={sys.executable}", PYTHONPATH=f"{other}{os.pathsep}.")
    assert done.returncode == 0, done.stdout
    place = ownerless(str(other / "openvino"))
    said = f"openvino 2023.9.9-1-another comes from {place}, not from the environment of this interpreter"
    assert said in " ".join(done.stdout.split())
    summary = json.loads((tmp_path / "reports" / "latest" / "summary.json").read_bytes())
    assert summary["openvino_from"] == [place]
    assert any(each.startswith(said) for each in summary["notes"])
    assert said in (tmp_path / "reports" / "latest" / "index.html").read_text()
    (study,) = summary["studies"]
    ran = {name: facts["openvino"] for name, facts in study["facts"].items()}
    assert ran["AUTO"] == "2023.9.9-1-another"
    assert is_release(ran["AUTO@reference"], version("openvino"))


@pytest.mark.slow
def test_a_reference_whose_openvino_changes_is_one_sentence_and_no_figure(tmp_path, options):
    other, starts = another_openvino(tmp_path / "other"), tmp_path / "starts"
    python = misbehaving_python(
        tmp_path,
        f"open({str(starts)!r}, 'a').write('x')\n"
        f"if os.path.getsize({str(starts)!r}) > 4: sys.path.insert(0, {str(other)!r})",
    )
    done = run_suite(*options, f"--reference={python}")
    sentence = sentence_of(done)
    assert "changed while it was measured" in sentence
    assert "2023.9.9-1-another" in sentence
    assert "AUTO's promises" not in done.stdout
    assert not [path for path in (tmp_path / "reports").rglob("*") if path.is_file()]


@pytest.mark.slow
def test_a_release_and_the_pinned_workload_are_that_release_whatever_is_on_the_path(tmp_path, model_cache):
    """Installs the release; by ``PYTHONPATH``, as setupvars.sh sets it, both ran another one once, and the pinned model was built by it."""
    other = another_openvino(tmp_path / "other")
    done = run_suite(
        *QUICK,
        f"--cache={model_cache}",
        f"--reports={tmp_path / 'reports'}",
        f"--reference={pinned.RELEASE}",
        "--pinned=on",
        timeout_s=600,
        PYTHONPATH=f"{other}{os.pathsep}.",
    )
    assert done.returncode == 0, done.stdout
    (study,) = json.loads((tmp_path / "reports" / "latest" / "summary.json").read_bytes())["studies"]
    ran = {name: facts["openvino"] for name, facts in study["facts"].items()}
    assert ran["AUTO"] == "2023.9.9-1-another"
    assert is_release(ran["AUTO@reference"], pinned.RELEASE)
    assert is_release(ran["pinned"], pinned.RELEASE)
    own = [each for each in Cache(model_cache).entries() if each.name.startswith(pinned.MODEL)]
    (built,) = [each for each in own if each.name.endswith(f"-{pinned.RELEASE}")]  # the cache is every test's
    assert was_built_by(built, pinned.RELEASE)
