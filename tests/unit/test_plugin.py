"""The pytest plugin in somebody's project: its options are there, it is in nobody's way, and it comes in when it is asked for."""

import json
import re
from types import SimpleNamespace

import pytest

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
def project(pytester):
    """Run pytest in a project that has the plugin; returns its exit status and its output."""

    def project(*words, **files):
        for name, text in files.items():
            (pytester.path / f"{name}.py").write_text(text)
        done = pytester.runpytest_inprocess(
            "-p", "fixtures.plugin", "-p", "no:cacheprovider", "-s", *words, no_reraise_ctrlc=True
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
    assert "measuring: model googlenet-v1" in said, "what is said in the head, also where that was printed already"
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


def test_a_pytest_that_is_too_old_is_one_sentence(project, monkeypatch):
    monkeypatch.setattr(plugin, "OLDEST", (99, 1))
    status, said = project("--gate=off", test_a=PLAIN)
    assert status == 2
    assert "autogauge needs pytest 99.1 or newer, and this is" in said
    assert project(test_a=PLAIN)[0] == 0, "where nobody asks it is nobody's trouble"


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
