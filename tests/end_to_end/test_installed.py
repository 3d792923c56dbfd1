"""An installed copy: it is built from a clean tree that stays so, is whole, measures from any folder, and is in no other project's way."""

import json
import re
import sys
import zipfile

import pytest

from autogauge import __version__
from tests.installed import files_in, run
from tests.support import ROOT

pytestmark = pytest.mark.slow

MAPPED = {
    "fixtures": "pytest_autogauge",
    **{f"tests/{each}": f"pytest_autogauge/promises/{each}" for each in ("perf", "functional", "soak")},
}


@pytest.fixture
def in_project(environment, tmp_path):
    """Run an installed command in a new folder that has these files."""

    def in_project(command, *words, files=None, **more):
        for name, text in (files or {}).items():
            (tmp_path / name).write_text(text)
        return run(environment / "bin" / command, *words, cwd=tmp_path, **more)

    return in_project


def test_the_wheel_is_whole_and_the_same_from_the_sdist_and_from_the_tree(source, wheel, tmp_path):
    before = files_in(source)
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        source,
        cwd=tmp_path,
    )
    assert files_in(source) == before
    (from_the_tree,) = tmp_path.glob("*.whl")
    found = {}
    for path in (wheel, from_the_tree):
        with zipfile.ZipFile(path) as archive:
            found[path] = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
    assert found[wheel] == found[from_the_tree]
    expected = {f"autogauge/{name}": content for name, content in files_in(source / "autogauge").items()}
    for here, there in MAPPED.items():
        expected |= {f"{there}/{name}": content for name, content in files_in(source / here).items()}
    lists = {f"autogauge/requirements/{each.name}": each.read_bytes() for each in source.glob("requirements-omz.*")}
    assert found[wheel] == expected | lists
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (
            archive.read(each).decode() for each in archive.namelist() if each.endswith(".dist-info/METADATA")
        )
        (entries,) = (archive.read(each).decode() for each in archive.namelist() if each.endswith("entry_points.txt"))
    assert f"\nVersion: {__version__}\n" in metadata
    assert "autogauge = autogauge.__main__:main" in entries
    assert "[pytest11]\nautogauge = pytest_autogauge.plugin" in entries


def test_its_doctor_misses_nothing_of_it(in_project, tmp_path):
    done = json.loads(in_project("autogauge", "doctor", "--json", f"--cache={tmp_path}/cache", expect=None))
    found = {each["what"]: each["state"] for each in done if each["subject"] == "installed"}
    assert {"Python", "openvino", "numpy", "pytest", "pytest-benchmark", "typer"} <= set(found)
    assert set(found.values()) == {"ok"}
    asked = "from autogauge.models.omz import toolchain; print(len(toolchain.requirements()))"
    assert int(in_project("python", "-c", asked)) > 5


PLAIN = """
import sys
import pytest

def test_nothing_is_there(settings, model):
    assert (settings, model) == ("of another plugin", "mine")
    assert not [name for name in sys.modules if name.partition(".")[0] == "auto" + "gauge"]

@pytest.mark.perf
def test_a_mark_of_ours_that_is_theirs():
    pass
"""
THEIRS = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--model", default="mine")

@pytest.fixture
def settings():
    return "of another plugin"

@pytest.fixture
def model(request):
    return request.config.getoption("--model")
"""


WAYS = [
    (),
    ("-n2",),
    ("-p", "no:autogauge"),
    ("--strict-markers", "-m", "perf", "-n2"),
    ("--collect-only",),
]


@pytest.mark.parametrize("words", WAYS)
def test_it_is_in_no_other_projects_way(in_project, words):
    ini = "[pytest]\nmarkers =\n    perf: slow ones\n    functional: those too\n"
    said = in_project("pytest", *words, files={"test_a.py": PLAIN, "conftest.py": THEIRS, "pytest.ini": ini})
    assert "measuring: " not in said


def test_a_conftest_that_only_speaks_of_it_changes_nothing(in_project):
    files = {
        "test_a.py": PLAIN.replace("    assert not [", "    assert ["),
        "conftest.py": f"# no autogauge here\n{THEIRS}",
    }
    for words in (("-m", "perf", "-n2"), ("-p", "no:benchmark")):
        said = in_project("pytest", *words, files=files)
        assert "measuring: " not in said


CLAIMED = """
from autogauge.claims import P99, on
FAST = P99(on("AUTO", "LATENCY")) <= "12 ms"
"""
CLAIMS = """
import pytest
from promised import FAST

@pytest.mark.claim(FAST)
def test_it(): pass
"""


def test_claims_from_another_file_are_ours_and_never_pass_unmeasured(in_project):
    files = {"promised.py": CLAIMED, "test_a.py": CLAIMS}
    assert "1 test collected" in in_project("pytest", "-m", "perf", "--collect-only", "-q", files=files)
    assert "run pytest without -n" in in_project("pytest", "-n1", expect=1)
    for words, around in ((("-p", "no:autogauge"), {}), ((), {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})):
        assert "would pass here without being measured" in in_project("pytest", *words, expect=2, **around)


@pytest.mark.parametrize(
    ("release", "said"), [("7.4.4", "autogauge needs pytest 8 or newer"), ("6.2.5", "would pass here without")]
)
def test_an_older_pytest_runs_others_tests_and_no_claims(in_project, tmp_path_factory, release, said):
    older = tmp_path_factory.mktemp("older")
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--target", older, f"pytest=={release}")
    run(*install, cwd=older)
    without = [
        word for name in ("benchmark", "xdist", "xdist.looponfail", "hypothesispytest") for word in ("-p", f"no:{name}")
    ]
    command = ("python", "-m", "pytest", *without)
    files = {"test_a.py": "def test_it(): pass", "conftest.py": "# of autogauge"}
    assert "1 passed" in in_project(*command, files=files, PYTHONPATH=str(older))
    assert said in in_project(
        *command, files={"promised.py": CLAIMED, "test_b.py": CLAIMS}, PYTHONPATH=str(older), expect=2
    )


def test_autogauge_perf_says_what_of_the_project_takes_part_and_its_names_of_tests_do_not(in_project, tmp_path):
    ini = "[pytest]\npython_files = check_*.py\npython_functions = check_*\naddopts = --strict-markers\n"
    words = ("perf", "--", "--collect-only")
    said = in_project("autogauge", *words, files={"pytest.ini": ini, "conftest.py": THEIRS})
    assert f"autogauge: {tmp_path}/conftest.py takes part, too" in said
    assert f"addopts of {tmp_path}/pytest.ini (--strict-markers) takes part, too" in said
    assert "test_throughput" in said or "test_hints" in said
    assert "did you mean --model=my.onnx?" in in_project("autogauge", "perf", "my.onnx", expect=2)
    said = in_project("autogauge", "perf", "--", "test_hints.py", "--collect-only", "-q")
    assert {line.rpartition("/")[2].partition("::")[0] for line in said.splitlines() if "::" in line} == {
        "test_hints.py"
    }


def test_promises_that_are_named_by_their_path_are_refused(in_project, environment):
    (promises,) = environment.glob("lib/python*/site-packages/pytest_autogauge/promises/perf")
    said = in_project("pytest", promises, "-m", "perf", "-k", "test_first_inference", expect=2)
    assert "are measured by autogauge perf" in said


def test_its_options_are_in_the_help_of_any_project(in_project):
    said = in_project("pytest", "--help")
    assert "--no-baseline=warn|fail" in said
    assert "autogauge perf" in said


def collected(said):
    return sorted(
        line.partition("tests/")[2].rpartition("/")[2] or line.rpartition("/")[2]
        for line in said.splitlines()
        if "::" in line
    )


@pytest.mark.parametrize("mark", ["perf", "functional", "soak"])
def test_the_promises_are_the_checkouts_own(in_project, mark, tmp_path):
    here = run(sys.executable, "-m", "pytest", "-m", mark, "--collect-only", "-q", f"tests/{mark}", cwd=ROOT)
    words = ("--collect-only", "-q", "--strict-markers")
    assert collected(in_project("autogauge", mark, "--", *words)) == collected(here) != []


def test_it_measures_judges_records_and_reports_in_an_empty_folder(in_project, tmp_path, model_cache):
    words = (
        "perf",
        "--model=one-convolution",
        "--profile=quick",
        "--pinned=off",
        f"--cache={model_cache}",
        "--machine=m",
    )
    said = in_project("autogauge", *words, "--", "-k", "test_first_inference.py and not GPU and not NPU")
    assert "auto-fil-close-to-cpu" in said
    assert "page: reports/latest/index.html" in said
    summary = json.loads((tmp_path / "reports" / "latest" / "summary.json").read_bytes())
    assert {each["name"] for each in summary["verdicts"]} >= {"auto-fil-close-to-cpu"}
    assert len([*(tmp_path / "reports" / "history" / "m").glob("0001_*.json")]) == 1
    assert "0001" in in_project("autogauge", "history")


def test_a_study_of_a_projects_own_is_measured_judged_and_recorded(in_project, tmp_path, model_cache):
    """The one that the page on studies shows, in a module of the project's, which is in no list."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    study, tests, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    files = {
        "queue_depth.py": study,
        "test_queue_depth.py": tests.replace("autogauge.studies.queue_depth", "queue_depth"),
    }
    words = ("--model=one-convolution", "--profile=quick", "--pinned=off", f"--cache={model_cache}", "--machine=m")
    said = in_project("pytest", *words, files=files)
    assert "second-request-costs-no-fps" in said
    (saved,) = (tmp_path / "reports" / "history" / "m").glob("0001_*.json")
    assert {each["group"] for each in json.loads(saved.read_bytes())["benchmarks"]} == {"slowest request"}


def test_mistakes_are_one_sentence(in_project):
    assert "there is no 'loud' to choose" in in_project("autogauge", "perf", "--gate=loud", expect=2)
    assert "run pytest without -n" in in_project("autogauge", "perf", "--", "-n2", expect=2)
    assert "measure first (autogauge perf)" in in_project("autogauge", "compare", "lab-01", "lab-02", expect=2)
    said = in_project("autogauge", "perf", "--model=x.onnx", files={"conftest.py": THEIRS}, expect=2)
    assert "there is no model at x.onnx" in said, "the command's own options are nobody else's"
    said = in_project(
        "pytest", "--model=x.onnx", files={"test_a.py": "def test_it(autogauge_settings): pass"}, expect=2
    )
    assert "two plugins have the option --model" in said


def test_in_the_checkout_the_checkout_counts_and_that_is_said(environment, source, tmp_path):
    said = run(environment / "bin" / "pytest", "-m", "perf", "--collect-only", "tests/perf", cwd=source)
    assert (
        f"autogauge: the checkout in {source} counts; the copy that is installed {__version__}, in {environment}"
        in said
    )
    said = run(environment / "bin" / "autogauge", "perf", "--", "--collect-only", cwd=source)
    assert "the checkout in" in said
    (tmp_path / "test_a.py").write_text("def test_it(autogauge_settings): pass")
    other = {"PYTHONPATH": str(source)}
    said = run(environment / "bin" / "pytest", cwd=tmp_path, expect=2, **other)
    assert "two copies of autogauge would be mixed" in said


def test_its_shell_completion_knows_commands_and_options(in_project):
    for line, expected in (("autogauge pe", "perf"), ("autogauge perf --smal", "--smallest-change")):
        words = {"_AUTOGAUGE_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        assert expected in in_project("autogauge", **words).split()
