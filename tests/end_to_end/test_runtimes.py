"""What a user sees of runtimes: a reference that is what it says, a candidate whose openvino comes from elsewhere, one that changes."""

import importlib.util
import json
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from autogauge.cache import Cache
from autogauge.files import ownerless
from autogauge.models.build import was_built_by
from autogauge.probe.identity import is_release
from autogauge.runtimes import pinned, prepared
from tests import wheels
from tests.support import another_openvino, misbehaving_python, run_cli, run_suite, sentence_of

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


def ran_by(done, reports):
    """What each condition of the one study ran."""
    assert done.returncode == 0, done.stdout
    (study,) = json.loads((reports / "latest" / "summary.json").read_bytes())["studies"]
    return {name: facts["openvino"] for name, facts in study["facts"].items()}


@pytest.mark.slow
@pytest.mark.parametrize(("release", "pythons"), [("2023.0", ["3.11", "3.10", "3.9"]), ("2022.3", ["3.10", "3.9"])])
def test_an_old_release_is_measured_on_a_python_that_can_have_it(tmp_path, options, release, pythons):
    """Installs it. Up to 2023.0 there is no ``openvino.__version__``, and 2022.3 is for no Python from 3.11 on."""
    if prepared.base_of(pythons) is None:
        pytest.skip(f"this machine has none of Python {', '.join(pythons)}")
    done = run_suite(*options, f"--reference={release}", timeout_s=600)
    assert is_release(ran_by(done, tmp_path / "reports")["AUTO@reference"], release)


def unpacked(folder: Path) -> Path:
    """This session's openvino as an archive has it; its ``setupvars.sh`` would leave a trace if anybody ran it."""
    found = importlib.util.find_spec("openvino")
    assert found is not None
    assert found.origin is not None
    own = Path(found.origin).parent
    for part in ("intel64", "../3rdparty/tbb/lib"):
        (folder / "runtime" / "lib" / part).mkdir(parents=True)
    for each in (own / "libs").iterdir():
        place = "runtime/3rdparty/tbb/lib" if "tbb" in each.name else "runtime/lib/intel64"
        (folder / place / each.name).symlink_to(each)
        if each.name.startswith("libopenvino.so."):
            (folder / place / "libopenvino.so").symlink_to(each)
    shutil.copytree(own, folder / "python" / "openvino", ignore=lambda place, _: ["libs"] if Path(place) == own else [])
    (folder / "runtime" / "version.txt").write_text(f"{version('openvino')}-1-unpacked\n")
    (folder / "setupvars.sh").write_text(f"touch {folder}/was-run\n")
    return folder


@pytest.mark.slow
def test_an_unpacked_archive_is_measured_without_running_its_script(tmp_path, options):
    place, other = unpacked(tmp_path / "openvino"), another_openvino(tmp_path / "other")
    done = run_suite(*options, f"--reference={place}", timeout_s=600, PYTHONPATH=f"{other}{os.pathsep}.")
    ran = ran_by(done, tmp_path / "reports")
    assert is_release(ran["AUTO@reference"], version("openvino"))
    assert ran["AUTO"] == "2023.9.9-1-another"
    assert not (place / "was-run").exists()
    (place / "runtime" / "version.txt").write_text("2023.3.0-1-x\n")
    assert "is to be openvino 2023.3.0, and" in sentence_of(run_suite(*options, f"--reference={place}", timeout_s=600))


@pytest.mark.slow
def test_a_release_that_is_not_there_is_one_sentence_and_leaves_nothing(tmp_path, options):
    wheels.openvino(tmp_path / "wheels", "2026.1.0")
    with wheels.served(tmp_path / "wheels") as index:
        lab = {
            "PIP_INDEX_URL": index.address,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": "",
            "HOME": str(tmp_path),
        }
        done = run_suite(*options, "--reference=2031.7", **lab)
        assert "has no openvino 2031.7 for this machine" in sentence_of(done)
        assert "2026.1.0" in sentence_of(done)
        listed = run_cli("runtimes", "--json", f"--out={tmp_path / 'table.md'}", f"--cache={tmp_path / 'cache'}", **lab)
        assert listed.returncode == 0, listed.stderr
        assert [(each["name"], each["works"]) for each in json.loads(listed.stdout)] == [("2026.1.0", None)]
        assert "| 2026.1.0 |" in (tmp_path / "table.md").read_text()
        assert listed.returncode == 0
        tried = run_cli("runtimes", "2031.7", f"--cache={tmp_path / 'cache'}", **lab)
        assert tried.returncode == 1
    gone = run_cli("runtimes", **lab)
    assert gone.returncode == 2
    assert "the package index cannot be asked" in gone.stderr
    assert not [path for path in (tmp_path / "reports").rglob("*") if path.is_file()]


def test_what_names_no_runtime_is_a_row_that_says_so(tmp_path):
    done = run_cli("runtimes", "CPU", "--json", f"--cache={tmp_path}")
    assert done.returncode == 1
    (row,) = json.loads(done.stdout)
    assert row["works"] is False
    assert row["why"].startswith("there is no runtime 'CPU': give a release such as 2026.3")
    assert done.stderr == ""


def test_a_table_that_could_not_be_written_is_said_before_anything_is_tried(tmp_path):
    done = run_cli("runtimes", "CPU", "--out=/proc/table.md", f"--cache={tmp_path}")
    assert done.returncode == 2
    assert done.stderr.startswith("autogauge: cannot write /proc/table.md: ")
    assert done.stdout == ""
