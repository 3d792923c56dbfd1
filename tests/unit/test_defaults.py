"""Defaults of options that stand in files: which place wins, and that a mistake in one says which file it stands in."""

import pytest

from autogauge.defaults import last, of_project
from autogauge.errors import UserError
from tests.cases import each_of
from tests.properties import for_all
from tests.support import ROOT, run_suite, sentence_of

pytest_plugins = ["pytester"]

INI = "[pytest]\naddopts = {}\n"
OURS = "[tool.autogauge]\n{}\n"
PYTESTS = "[tool.pytest.ini_options]\naddopts = {!r}\n"
SHOW = "def test_it(settings):\n    print('machine is', settings.machine, 'and gate', settings.gate, 'and', settings.devices)\n"


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest with the suite's options in a project that has these files; returns its output and exit status."""
    monkeypatch.setattr("fixtures.session.PROJECT", pytester.path)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeconftest(
        "import runpy\n"
        "pytest_plugins = ['fixtures.session']\n"
        f"pytest_addoption = runpy.run_path({str(ROOT / 'conftest.py')!r})['pytest_addoption']\n"
    )

    def run(*words, test=SHOW, **files):
        pytester.makepyfile(test)
        for name, text in files.items():
            (pytester.path / {"ini": "pytest.ini", "toml": "pyproject.toml"}[name]).write_text(text)
        done = pytester.runpytest_inprocess(
            "-s", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *words, no_reraise_ctrlc=True
        )
        return done.ret, done.stdout.str() + done.stderr.str()

    return run


FILES = [
    ({"ini": INI.format("--machine=m --gate=fail --devices=CPU,GPU")}, "pytest.ini"),
    ({"toml": PYTESTS.format("--machine=m --gate=fail --devices=CPU,GPU")}, "pyproject.toml"),
    pytest.param(
        {"toml": '[tool.pytest]\naddopts = ["--machine=m", "--gate", "fail", "--devices=CPU,GPU"]\n'},
        "pyproject.toml",
        marks=pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest reads this table from release 9 on"),
    ),
    (
        {"ini": INI.format("-rA"), "toml": OURS.format('machine = "m"\ngate = "fail"\ndevices = ["CPU", "GPU"]')},
        "pyproject.toml",
    ),
]
IDS = ["pytest.ini", "ini_options", "tool.pytest", "tool.autogauge"]


@pytest.mark.parametrize(("files", "_"), FILES, ids=IDS)
def test_a_default_that_stands_in_a_file_holds_and_the_command_line_is_stronger(run, files, _):
    assert "machine is m and gate fail and ('CPU', 'GPU')" in run(**files)[1]
    assert "machine is m and gate off and ('CPU', 'GPU')" in run("--gate=off")[1]


@pytest.mark.parametrize(("files", "file"), FILES, ids=IDS)
def test_a_mistake_in_a_file_says_which_file(run, pytester, files, file):
    wrong = {name: text.replace("fail", "loud") for name, text in files.items()}
    status, said = run(**wrong)
    assert status == 2
    (line,) = [line for line in said.splitlines() if "there is no 'loud' to choose" in line]
    assert "--gate comes from" in line
    assert str(pytester.path / file) in line
    assert "--machine" not in line, "only what the sentence is about"
    status, said = run("--gate=louder")
    assert status == 2
    assert "'louder'" in said
    assert "comes from" not in said, "it stands on the command line"


def test_the_header_says_what_is_asked_for_from_elsewhere(run, pytester):
    _, said = run(
        "--gate=off", ini=INI.format("--machine=m --gate=fail"), toml=OURS.format('wait = "no"\ndevices = ["CPU"]')
    )
    assert [line for line in said.splitlines() if line.startswith("autogauge: ")] == [
        f"autogauge: --machine=m from addopts in {pytester.path / 'pytest.ini'}",
        f"autogauge: --wait=no --devices=CPU from [tool.autogauge] in {pytester.path / 'pyproject.toml'}",
    ]


def test_the_order_of_the_places(run, monkeypatch):
    files = {"ini": INI.format("--machine=ini"), "toml": OURS.format('machine = "toml"')}
    assert "machine is ini and" in run(**files)[1]
    monkeypatch.setenv("PYTEST_ADDOPTS", "--machine=variable")
    assert "machine is variable and" in run()[1]
    assert "machine is typed and" in run("--machine=typed")[1]
    monkeypatch.delenv("PYTEST_ADDOPTS")
    assert "machine is toml and" in run(ini=INI.format("-rA"))[1]


CACHE = "def test_it(settings, cache):\n    print('the cache is', cache.root)\n"


def test_the_variable_of_the_cache_is_weaker_than_a_file_and_stronger_than_the_default(run, monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOGAUGE_CACHE", str(tmp_path / "variable"))
    assert f"the cache is {tmp_path}/variable" in run(test=CACHE)[1]
    assert f"the cache is {tmp_path}/file" in run(test=CACHE, toml=OURS.format(f'cache = "{tmp_path}/file"'))[1]
    assert f"the cache is {tmp_path}/ini" in run(test=CACHE, ini=INI.format(f"--cache={tmp_path}/ini"))[1]
    assert f"the cache is {tmp_path}/typed" in run(f"--cache={tmp_path}/typed", test=CACHE)[1]


def test_a_mistake_in_a_variable_says_which(run, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--gate=loud")
    assert "--gate comes from PYTEST_ADDOPTS in the environment." in run()[1]
    monkeypatch.setenv("PYTEST_ADDOPTS", "")
    late = "import pytest\ndef test_it(): pytest.exit('cannot write there (--cache=DIR).', 2)\n"
    monkeypatch.setenv("AUTOGAUGE_CACHE", "/nowhere")
    assert "--cache comes from AUTOGAUGE_CACHE in the environment." in run(test=late)[1]
    assert "comes from" not in run("--cache=/typed", test=late)[1]


@pytest.mark.parametrize("when", ["fixture", "test"])
def test_a_mistake_that_shows_late_says_its_file_too(run, when):
    """A device that is not there is known when OpenVINO was asked, in a fixture."""
    end = "pytest.exit('there is no device TPU (--devices).', 2)"
    tests = {
        "fixture": f"import pytest\n@pytest.fixture\ndef late(): {end}\ndef test_it(late): pass\n",
        "test": f"import pytest\ndef test_it(): {end}\n",
    }
    status, said = run(test=tests[when], ini=INI.format("--devices=TPU"))
    assert status == 2
    assert "there is no device TPU (--devices); --devices comes from addopts in" in said
    assert "pytest.ini." in said


def test_what_the_command_line_overrides_is_not_said_of_the_file(run):
    status, said = run("-o", "addopts=--gate=loud", ini=INI.format("--gate=fail"))
    assert (status, "comes from" in said) == (2, False)


WRONG = [
    ('gate = "loud"', "there is no 'loud' to choose"),
    ('gaet = "fail"', "there is no option --gaet (did you mean gate?)"),
    ("pinned = false", 'pinned of [tool.autogauge] in {} is no text: write pinned = "…" as after --pinned=.'),
    ('devices = [1, "CPU"]', "devices of [tool.autogauge] in {} is no text"),
    ('machine = ""', "nothing is given"),
]


@pytest.mark.parametrize(("line", "sentence"), WRONG, ids=[line for line, _ in WRONG])
def test_a_mistake_in_the_table_is_one_sentence_with_its_file(run, pytester, line, sentence):
    status, said = run(toml=OURS.format(line), ini=INI.format("-rA"))
    path = str(pytester.path / "pyproject.toml")
    assert (status, "Traceback" in said) == (2, False)
    (told,) = [each for each in said.splitlines() if sentence.format(path) in each]
    assert path in told


def test_a_number_and_a_list_may_be_written_as_such(tmp_path):
    (tmp_path / "pyproject.toml").write_text(OURS.format('infer-requests = 4\nwait = 2.5\nhints-on = ["AUTO", "CPU"]'))
    found = of_project(tmp_path / "pyproject.toml", None)
    assert found == {"--infer-requests": "4", "--wait": "2.5", "--hints-on": "AUTO,CPU"}


def test_a_table_that_pytest_passes_over_is_told_with_what_to_do(run, pytester):
    """Pytest reads one file: of a pyproject.toml beside a pytest.ini nothing, and says so only in a header that -q leaves out."""
    status, said = run("-q", ini=INI.format("-rA"), toml=PYTESTS.format("--gate=fail"))
    assert status == 2
    assert f"pytest does not read [tool.pytest] in {pytester.path / 'pyproject.toml'}" in said
    assert "write the suite's options into [tool.autogauge]" in said


@each_of("content", ["[tool]\nautogauge = 3\n", "[tool]\npytest = 3\n", "gate = \n", "\udcff"])
def test_a_table_that_is_none_is_one_sentence(content, tmp_path):
    (tmp_path / "pyproject.toml").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=r"pyproject\.toml"):
        of_project(tmp_path / "pyproject.toml", tmp_path / "pytest.ini")


def test_without_a_project_file_nothing_is_given(tmp_path):
    assert of_project(tmp_path / "pyproject.toml", None) == {}


def test_the_projects_own_file_has_no_options_of_a_user():
    assert of_project(ROOT / "pyproject.toml", ROOT / "pytest.ini") == {}


@each_of(
    ("words", "text"),
    [
        ([], None),
        (["--gate"], None),
        (["--gate=a", "--gate=b"], "b"),
        (["--gate", "a", "--gate=b", "tests"], "b"),
        (["--gated=a", "-k", "x"], None),
        (["--gate=a", "--", "--gate=b"], "a"),
        (["--gate=a=b"], "a=b"),
    ],
)
def test_the_last_mention_counts(words, text):
    assert last(words, "--gate") == text


@for_all(lambda st: (st.lists(st.sampled_from(["--gate=a", "--gate", "a", "b", "--", "--gate=", "-q"]), max_size=6),))
def test_it_is_read_as_pytests_own_parser_reads_it(words):
    import argparse

    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--gate")
    parser.add_argument("-q", action="store_true")
    parser.add_argument("rest", nargs="*")
    try:
        expected = parser.parse_known_args(words)[0].gate
    except (argparse.ArgumentError, SystemExit):
        return
    assert last(words, "--gate") == expected


@pytest.mark.parametrize("place", ["pytest.ini", "PYTEST_ADDOPTS"])
def test_the_suite_itself_says_where_a_mistake_stands(place, tmp_path):
    """The whole front door: a copy of the project's own file with a default in it that is wrong."""
    if place == "pytest.ini":
        own = (ROOT / place).read_text()
        (tmp_path / place).write_text(own.replace("addopts = ", "addopts = --gate=loud ", 1))
        done = run_suite("-c", str(tmp_path / place), f"--rootdir={ROOT}", "-m", "perf", "--collect-only", "tests/perf")
        place = str(tmp_path / place)
    else:
        done = run_suite("-m", "perf", "--collect-only", PYTEST_ADDOPTS="--gate=loud")
    sentence = sentence_of(done)
    assert "there is no 'loud' to choose" in sentence
    assert "--gate comes from" in sentence
    assert place in sentence
