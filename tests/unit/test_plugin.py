"""The pytest plugin in somebody's project: its options are there, it is in nobody's way, and it comes in when it is asked for."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from autogauge import checkout
from autogauge.report.options_page import for_pytest
from fixtures import beside, plugin
from tests.support import ROOT

pytest_plugins = ["pytester"]

PLAIN = """
def test_it(request):
    loaded = [name for name, _ in request.config.pluginmanager.list_name_plugin() if name.startswith("auto" + "gauge-")]
    print("loaded", loaded)
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """Run pytest in a project that has the plugin; returns its exit status and its output."""
    # As in a process of its own, where nobody has claimed anything yet.
    monkeypatch.delitem(sys.modules, "autogauge.claims", raising=False)
    monkeypatch.setattr(checkout, "IS_CHECKOUT", False)

    def project(*words, **files):
        for name, text in files.items():
            (pytester.path / f"{name}.py").write_text(text)
        done = pytester.runpytest_inprocess(
            "-p",
            "fixtures.plugin",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:hypothesispytest",
            "-s",
            *words,
            no_reraise_ctrlc=True,
        )
        return done.ret, done.stdout.str() + done.stderr.str()

    return project


def test_its_list_of_options_is_the_declarations_own():
    assert json.loads(plugin.OPTIONS.read_text(encoding="utf-8")) == for_pytest(), (
        "write it anew: python -m autogauge options --for-pytest > fixtures/options.json"
    )


def test_its_modules_are_all_that_have_fixtures_or_hooks():
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "fixtures").glob("*.py")}
    there = {
        name
        for name, text in texts.items()
        if re.search(r"^(@pytest\.(fixture|hookimpl)|def pytest_)", text, re.MULTILINE)
    }
    assert there - {"plugin", "beside"} == set(plugin.MODULES)


def test_help_has_the_options_and_nothing_is_loaded(project):
    status, said = project("--help")
    assert status == 0
    assert {each["name"] for each in for_pytest()} <= set(said.replace("=", " ").split())
    status, said = project(
        "--strict-markers", test_a=PLAIN + "import pytest\n@pytest.mark.perf\ndef test_marked(): pass\n"
    )
    assert status == 0
    assert "loaded []" in said


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["--gate=off"], {"test_a": PLAIN}),
        ([], {"test_a": f"# autogauge\n{PLAIN}"}),
        ([], {"test_a": PLAIN, "conftest": "# autogauge"}),
    ],
    ids=["an option", "a test file", "a conftest.py"],
)
def test_it_comes_in_when_it_is_asked_for(project, words, files):
    status, said = project(*words, **files)
    assert status == 0, said
    assert "'autogauge-session'" in said
    assert "measuring:" not in said, "nothing measures"
    assert project("--collect-only", "-q", *words)[0] == 0


THEIRS = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--model", default="theirs")
    parser.addoption("--caching", dest="cache", default="theirs too")

@pytest.fixture
def settings():
    return "of django"

@pytest.fixture(autouse=True)
def always(settings, request):
    assert settings == "of django"
"""
USES = """
def test_it(settings, request):
    print("theirs:", settings, request.config.getoption("--model"), request.config.option.cache)

def test_ours(autogauge_settings):  # of autogauge
    print("ours:", autogauge_settings.wanted.model, autogauge_settings.machine, autogauge_settings.cache)
"""


def test_a_projects_own_options_and_fixtures_of_the_same_names_hurt_nobody(project, monkeypatch):
    monkeypatch.delenv("AUTOGAUGE_CACHE", raising=False)
    status, said = project("--machine=m", conftest=THEIRS, test_a=USES)
    assert status == 0, said
    assert "theirs: of django theirs theirs too" in said
    assert "ours: googlenet-v1 m None" in said, "another option may keep its value where ours would, by its name"


def test_an_option_that_two_plugins_have_is_one_sentence_where_it_is_given_and_autogauge_is_used(project):
    status, said = project("--model=mine", conftest=THEIRS, test_a=USES)
    assert status == 2
    (line,) = [line for line in said.splitlines() if "two plugins have the option --model" in line]
    assert "-p no:NAME" in line
    status, said = project("--model=mine", conftest=THEIRS, test_a=USES.partition("def test_ours")[0])
    assert status == 0, "where nobody asks for autogauge it is theirs"
    assert "theirs: of django mine" in said


def test_a_projects_own_option_in_its_addopts_is_no_obstacle_where_autogauge_has_a_value_of_its_own(project, pytester):
    pytester.makeini("[pytest]\naddopts = --model theirs-too --machine=m\n")
    status, said = project(conftest=THEIRS, test_a=USES)
    assert status == 2
    assert "two plugins have the option --model" in said
    pytester.makepyprojecttoml('[tool.autogauge]\nmodel = "one-convolution"\n')
    status, said = project(conftest=THEIRS, test_a=USES)
    assert status == 0, said
    assert "theirs: of django theirs-too" in said
    assert "ours: one-convolution m " in said


FOREIGN = """
import pytest

@pytest.mark.functional
@pytest.mark.study
@pytest.mark.claim("motor")
@pytest.mark.model
def test_of_theirs(): pass

@pytest.mark.perf
@pytest.mark.study("optuna")
@pytest.mark.claim
def test_of_theirs_too(): pytest.skip("for a reason of theirs")
"""
ONLY_SPEAKS = "# This conftest.py only speaks of autogauge"


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (["-m", "functional or perf", "-s", "--forked"], {"AUTOGAUGE_GATE": "loud"}),
        (["-p", "no:benchmark"], {}),
    ],
)
def test_a_conftest_that_only_speaks_of_it_has_no_power_over_others_tests(project, monkeypatch, words, variables):
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    more = "\ndef pytest_addoption(parser):\n    parser.addoption('--forked', action='store_true')\n"
    status, said = project(*words, test_a=FOREIGN, conftest=ONLY_SPEAKS + more)
    assert status == 0, said
    assert not re.search("measuring:|^autogauge|= skipped =|claims of", said, re.MULTILINE)
    needs = "def test_it(autogauge_settings): pass"
    status, said = project(*words[-2:], test_a=FOREIGN, test_b=needs)
    assert status == 2, "a test of ours needs them to be right"


def test_what_is_typed_is_told_at_once(project):
    status, said = project("--gate=loud", test_a="def test_it(): pass")
    assert status == 2
    assert "there is no 'loud' to choose" in said


CLAIMED = """
from autogauge.claims import P99, on
FAST = P99(on("AUTO", "LATENCY")) <= "12 ms"
"""
CLAIMS = """
import pytest
from promised import FAST

@pytest.mark.claim(FAST)
def test_it(request): print("marks", sorted({mark.name for mark in request.node.iter_markers()}))
"""


def test_a_claim_from_another_file_is_measured_though_its_test_does_not_name_autogauge(project):
    text = CLAIMS.replace("from promised import FAST", "import promised").replace("claim(FAST)", "claim(promised.FAST)")
    later = "from autogauge.claims import FIL"
    status, said = project("--collect-only", "-q", "-m", "perf", promised=CLAIMED, test_a=text, test_b=later)
    assert status == 0, said
    assert "test_a.py::test_it" in said, "it is one of those that measure"
    status, said = project("-p", "no:benchmark", promised=CLAIMED, test_a=text)
    assert status == 2
    assert "autogauge records by pytest-benchmark" in said


def test_a_wrong_claim_of_a_file_with_names_of_ours_is_no_foreign_one(project):
    for text in ("from autogauge.claims import on", "from promised import fast"):
        promised_ = f"{CLAIMED}\ndef fast(): return True"
        wrong = f"import pytest\n{text}\n@pytest.mark.claim(True)\ndef test_it(): pass"
        status, said = project(promised=promised_, test_a=wrong)
        assert status == 2, said
        assert "True is no claim" in said


@pytest.mark.parametrize(
    "said", ["'5 ms' <= P99(A) <= '12 ms'", "P99(A) <= '1 s' and FPS(A) >= 3", "not A.ran_on('GPU')"]
)
def test_a_claim_that_is_asked_whether_it_is_true_is_a_sentence_where_its_file_is_read(project, said):
    text = "import pytest\nfrom autogauge.claims import FPS, P99, on\nA = on('AUTO')\n"
    status, told = project(test_a=f"{text}\n@pytest.mark.claim({said})\ndef test_it(): pass")
    assert status == 2, told
    assert "test_a.py:5: a claim is no truth before it is measured" in told
    assert "in the place of `not` claim what is to hold" in told
    assert "said.py" not in told
    assert "Traceback" not in told


def test_claims_are_refused_where_the_plugin_is_left_out(tmp_path):
    (tmp_path / "promised.py").write_text(CLAIMED)
    (tmp_path / "test_a.py").write_text(CLAIMS)
    for words, environment in ((["-p", "no:autogauge"], {}), ([], {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})):
        around = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment}
        command = [sys.executable, "-m", "pytest", "-q", *words, "-p", "no:cacheprovider"]
        done = subprocess.run(
            command, cwd=tmp_path, env=around, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 2, done.stdout
        assert "claims would pass here without being measured" in done.stdout
    alone = [sys.executable, "-c", "import pytest, autogauge.claims"]
    around = {name: text for name, text in os.environ.items() if name != "PYTEST_VERSION"} | {"PYTHONPATH": str(ROOT)}
    subprocess.run(alone, cwd=tmp_path, env=around, check=True, timeout=120)


def test_a_word_of_the_command_that_is_none_of_the_promises_is_a_sentence(project, monkeypatch, tmp_path):
    promises = tmp_path / "promises"
    (promises / "perf").mkdir(parents=True)
    for name in ("one", "two"):
        (promises / "perf" / f"test_{name}.py").write_text(f"def test_{name}(): pass\ndef test_more(): pass\n")
    monkeypatch.setattr(plugin, "PROMISES", promises)
    command = ("--autogauge-promises=perf", "-q")
    assert "4 passed" in project(*command)[1]
    assert "1 passed" in project(*command, "test_two.py::test_two")[1]
    assert "2 passed" in project(*command, "-k", "more")[1]
    for word, meant in (
        ("my.onnx", "did you mean --model=my.onnx?"),
        ("test_three.py", "it takes test_one.py, test_two.py"),
        ("tests/test_one.py::test_one", "it takes test_one.py, test_two.py"),
    ):
        status, said = project(*command, word)
        assert status == 2, said
        assert meant in said
        assert "?." not in said


def test_a_pytest_that_is_too_old_is_one_sentence(project, monkeypatch):
    monkeypatch.setattr(plugin, "OLDEST", (99, 1))
    status, said = project("--gate=off", test_a=PLAIN)
    assert status == 2
    assert "autogauge needs pytest 99.1 or newer, and this is" in said
    assert project(test_a=PLAIN)[0] == 0, "where nobody asks it is nobody's trouble"


def test_a_pytest_that_knows_nothing_of_its_ways_loads_a_file_without_hooks(monkeypatch):
    monkeypatch.delattr(pytest, "StashKey")
    spec = importlib.util.spec_from_file_location("fixtures.ancient", plugin.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not module.WORKS
    assert [each for each in vars(module) if each.startswith("pytest_")] == []
    assert [each for each in vars(plugin) if each.startswith("pytest_")] != []


def test_it_loads_nothing_that_takes_time(tmp_path):
    """What it costs where nobody uses it is measured by benchmarks/plugin_cost.py; this is what that figure rests on."""
    (tmp_path / "test_a.py").write_text("import sys\ndef test_it(): print(*sorted(sys.modules))\n")
    found = []
    for words in ([], ["-p", "fixtures.plugin"]):
        command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *words, str(tmp_path)]
        around = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, cwd=tmp_path, env=around, capture_output=True, text=True, check=True, timeout=120
        )
        (line,) = [each for each in done.stdout.splitlines() if " sys " in each]
        found.append(set(line.split()))
    without, with_it = found
    assert with_it - without == {"fixtures", "fixtures.plugin"}, (
        "a project that does not use it loads this, and nothing else"
    )


def test_without_pytest_benchmark_it_says_so(project):
    status, said = project("--gate=off", "-p", "no:benchmark", test_a=PLAIN)
    assert status == 2
    assert "autogauge records by pytest-benchmark" in said


def test_two_copies_are_not_mixed(project, monkeypatch, tmp_path):
    monkeypatch.setattr(plugin, "__file__", str(tmp_path / "site-packages" / "pytest_autogauge" / "plugin.py"))
    (tmp_path / "site-packages" / "autogauge").mkdir(parents=True)
    status, said = project("--gate=off", test_a=PLAIN)
    assert status == 2
    assert f"(pip install -e), which its pytest plugin does not work with: install a copy (pip install {ROOT})" in said
    (tmp_path / "site-packages" / "autogauge" / "__init__.py").touch()
    status, said = project("--gate=off", test_a=PLAIN)
    assert status == 2
    assert f"two copies of autogauge would be mixed: pytest's plugin is that of {tmp_path / 'site-packages'}" in said
    assert str(ROOT) in said


def test_in_the_checkout_a_copy_beside_it_steps_back_and_is_named(capsys, monkeypatch):
    copy = SimpleNamespace(__file__="/env/site-packages/pytest_autogauge/plugin.py")
    gone = []
    manager = SimpleNamespace(get_plugin=lambda name: copy, unregister=gone.append, is_registered=lambda plugin: True)
    parser = SimpleNamespace(
        addini=lambda *_: None, getgroup=lambda *_: SimpleNamespace(addoption=lambda *_, **__: None)
    )
    monkeypatch.setattr(beside, "_found", {})
    beside.take_over(parser, manager)
    assert gone == [copy]
    config = SimpleNamespace(stash=pytest.Stash(), getoption=lambda name, default=None: default)
    beside.pytest_configure(config)
    (line,) = beside.pytest_report_header(config)
    assert line.startswith(f"autogauge: the checkout in {ROOT} counts; the copy that is installed")
    assert line.endswith("in /env/site-packages/pytest_autogauge, is passed over")
