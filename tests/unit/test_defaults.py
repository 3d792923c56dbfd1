"""Defaults of options that stand in files: which place wins, and that a mistake in one says which file it stands in."""

import os
import re
from pathlib import Path

import pytest

from autogauge import project_file, pytest_file
from autogauge.defaults import last, of_command
from autogauge.errors import UserError
from autogauge.options import OPTIONS
from autogauge.settings import default_machine
from autogauge.variables import notes_on, of_variables, strange_in
from tests.cases import each_of
from tests.properties import for_all
from tests.support import ROOT, run_suite, sentence_of

pytest_plugins = ["pytester"]

INI = "[pytest]\naddopts = {}\n"
OURS = "[tool.autogauge]\n{}\n"
PYTESTS = "[tool.pytest.ini_options]\naddopts = {!r}\n"
KEYS = "autogauge_machine = m\nautogauge_gate = fail\nautogauge_devices = CPU,GPU\n"
SHOW = (
    "def test_it(autogauge_settings):\n    settings = autogauge_settings\n"
    "    print('machine is', settings.machine, 'and gate', settings.gate, 'and', settings.devices)\n"
)


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest with the suite's options in a project that has these files; returns its output and exit status."""
    for name in ("PYTEST_ADDOPTS", *(each.variable for each in OPTIONS.values() if each.name != "--cache")):
        monkeypatch.delenv(name, raising=False)
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
    (
        {"toml": OURS.format('machine = "m"\n[tool.autogauge.machines.m]\ngate = "fail"\ndevices = ["CPU", "GPU"]')},
        "pyproject.toml",
    ),
    ({"ini": f"[pytest]\n{KEYS}"}, "pytest.ini"),
    ({"toml": "[tool.pytest.ini_options]\n" + re.sub("= (.*)", r'= "\1"', KEYS)}, "pyproject.toml"),
]
IDS = ["pytest.ini", "ini_options", "tool.pytest", "tool.autogauge", "machine", "ini keys", "ini keys in TOML"]


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


def test_the_header_says_what_is_asked_for_from_elsewhere(run, pytester, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_SMALLEST_CHANGE", "3%")
    _, said = run(
        "--gate=off", ini=INI.format("--machine=m --gate=fail"), toml=OURS.format('wait = "no"\ndevices = ["CPU"]')
    )
    assert [line for line in said.splitlines() if line.startswith("autogauge: ")] == [
        "autogauge: --smallest-change=3% from AUTOGAUGE_SMALLEST_CHANGE in the environment",
        f"autogauge: --machine=m from addopts in {pytester.path / 'pytest.ini'}",
        f"autogauge: --devices=CPU --wait=no from [tool.autogauge] in {pytester.path / 'pyproject.toml'}",
        f"autogauge: addopts in {pytester.path / 'pytest.ini'}:2 calls every computer m that has this file, and this one is "
        f"{default_machine()}: name one machine by AUTOGAUGE_MACHINE in its environment",
    ]


def test_the_order_of_the_places(run, monkeypatch):
    """From the weakest to the strongest, each beside all weaker ones; the machine's name chooses its table and comes from no table."""
    toml = OURS.format('gate = "off"')

    def gate(*words, **files):
        status, said = run(*words, **files)
        assert status == 0, said
        return re.search("and gate (\\w+)", said)[1]

    assert gate(toml=toml) == "off"
    keys = "[pytest]\nautogauge_gate = warn\nautogauge_machine = m\n"
    assert gate(ini=keys) == "warn"
    assert (
        gate(toml=toml + '[tool.autogauge.machines.m]\ngate = "fail"\n[tool.autogauge.machines.n]\ngate = "off"\n')
        == "fail"
    )
    assert gate(ini=keys + "addopts = --gate=off\n") == "off"
    monkeypatch.setenv("AUTOGAUGE_GATE", "warn")
    assert gate() == "warn"
    monkeypatch.setenv("PYTEST_ADDOPTS", "--gate=fail")
    assert gate() == "fail"
    assert gate("--gate=off") == "off"
    assert gate("-o", "autogauge_gate=warn") == "warn", "it is typed, too"
    assert gate("-o", "autogauge_gate=warn", "--gate=off") == "off"


def test_a_reference_that_stands_in_a_file_can_be_left_out_of_one_run(run):
    shown = "def test_it(autogauge_settings):\n    print('beside', autogauge_settings.reference)\n"
    assert "beside 2026.3.0" in run(test=shown, toml=OURS.format('reference = "2026.3.0"'))[1]
    assert "beside None" in run("--reference=none", test=shown)[1]


CACHE = "def test_it(autogauge_cache):\n    print('the cache is', autogauge_cache.root)\n"


def test_the_variable_of_the_cache_is_stronger_than_a_file_as_every_variable_is(run, monkeypatch, pytester):
    """And a path in a file is seen from that file, one in a variable or on the command line from where pytest is started."""
    monkeypatch.delenv("AUTOGAUGE_CACHE", raising=False)
    (pytester.path / "below").mkdir()
    monkeypatch.chdir(pytester.path / "below")
    words = ["--rootdir", str(pytester.path), str(pytester.path)]
    here = pytester.path
    assert f"the cache is {here}/file" in run(*words, test=CACHE, toml=OURS.format('cache = "file"'))[1]
    assert f"the cache is {here}/ini" in run(*words, test=CACHE, ini="[pytest]\nautogauge_cache = ini\n")[1]
    monkeypatch.setenv("AUTOGAUGE_CACHE", "variable")
    assert f"the cache is {here}/below/variable" in run(*words, test=CACHE)[1]
    assert f"the cache is {here}/below/typed" in run(*words, "--cache=typed", test=CACHE)[1]


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
    assert "pytest.ini:2." in said


def test_what_the_command_line_overrides_is_not_said_of_the_file(run):
    status, said = run("-o", "addopts=--gate=loud", ini=INI.format("--gate=fail"))
    assert (status, "comes from" in said) == (2, False)


WRONG = [
    ('\ngate = "loud"', "there is no 'loud' to choose", 3),
    ('gaet = "fail"', "no option is called so (did you mean gate?)", 2),
    ('no_baseline = "fail"', "no option is called so (did you mean no-baseline?)", 2),
    ("pinned = false", 'pinned of [tool.autogauge] in {}:2 is no text: write pinned = "…" as after --pinned=.', 2),
    ("# 1\nreference = 2026.10", "reference of [tool.autogauge] in {}:3 is no text", 3),
    ('devices = [1, "CPU"]', "devices of [tool.autogauge] in {}:2 is neither a text nor a list of texts", 2),
    ("wait = true", "wait of [tool.autogauge] in {}:2 is neither a text nor a number that counts", 2),
    ("wait = 0x" + "F" * 5000, "wait of [tool.autogauge] in {}:2 is neither a text nor a number that counts", 2),
    ('machine = ""', "nothing is given", 2),
    ('no-baseline = "fail"\nwait = 5', "--no-baseline=fail asks the gate to fail", 2),
    ("machines = 3", "is no table: write [tool.autogauge.machines.NAME].", 2),
    ("[tool.autogauge.machines]\nm = 3", "m of [tool.autogauge.machines] in {}:3 is no table", 3),
    ('[tool.autogauge.machines."lab 01"]', "no machine is called so in history: write lab-01-", 2),
    ('[tool.autogauge.machines.m]\nmachine = "n"', "the table of the machine m in {}:3 names a machine", 3),
    ('[tool.autogauge.machines.other]\ngate = "loud"', "there is no 'loud' to choose", 3),
    ('[tool.autogauge.machines.other]\ngaet = "loud"', "[tool.autogauge.machines.other] in {}:3 has 'gaet'", 3),
]


@pytest.mark.parametrize(("line", "sentence", "number"), WRONG, ids=[line[:40] for line, *_ in WRONG])
def test_a_mistake_in_the_table_is_one_sentence_with_its_file_and_line(run, pytester, line, sentence, number):
    status, said = run(toml=OURS.format(line), ini=INI.format("-rA"))
    path = str(pytester.path / "pyproject.toml")
    assert (status, "Traceback" in said) == (2, False), said
    (told,) = [each for each in said.splitlines() if sentence.format(path) in each]
    assert f"{path}:{number}" in told
    assert told.count("comes from") <= 1


def test_a_mistake_in_pytests_file_is_one_sentence_with_its_file_and_line(run, pytester):
    ini = pytester.path / "pytest.ini"
    status, said = run(ini="[pytest]\n# 2\nautogauge_gaet = fail\n")
    assert status == 2
    assert f"{ini}:3 has autogauge_gaet, and there is no such option (did you mean autogauge_gate?)" in said
    status, said = run(ini="[pytest]\n\nautogauge_gate =\n  loud\n")
    assert status == 2
    assert f"--gate comes from autogauge_gate in {ini}:3." in said


def test_a_variable_that_is_no_options_is_told_with_what_it_may_be(run, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_NOBASELINE", "fail")
    status, said = run()
    assert (status, "no variable AUTOGAUGE_NOBASELINE (did you mean AUTOGAUGE_NO_BASELINE?)" in said) == (2, True), said


@each_of(
    ("name", "said"),
    [
        ("AUTOGAUGE_SERVICE_HOST", ""),
        ("AUTOGAUGE_PORT", ""),
        ("AUTOGAUGE_PORT_80_TCP_PROTO", ""),
        ("AUTOGAUGE_DB_SERVICE_PORT", ""),
        *((f"AUTOGAUGE_{each}", "note") for each in ("VERSION", "TOKEN", "HOME", "URL", "IMAGE", "RUNNER_LABELS")),
        *(
            (f"AUTOGAUGE_{each}", "end")
            for each in ("GATES", "GAET", "REPORT", "NOBASELINE", "MODLE", "PRECISON", "LOCKS")
        ),
    ],
)
def test_a_variable_of_others_ends_nothing(name, said):
    """A job's own, or what Kubernetes makes of a service that is called so; none is ever shown with its value."""
    if said == "end":
        with pytest.raises(UserError, match="did you mean"):
            of_variables({name: "x"})
        return
    assert of_variables({name: "s3cret"}) == {}
    expected = [f"{name} in the environment is no variable of this project, and does nothing"] if said else []
    assert notes_on({name: "s3cret"}) == expected


def test_the_header_tells_of_a_variable_that_does_nothing(run, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_TOKEN", "s3cret")
    status, said = run()
    assert (status, "s3cret" in said) == (0, False)
    assert "autogauge: AUTOGAUGE_TOKEN in the environment is no variable of this project, and does nothing" in said


def test_in_a_part_of_a_repository_a_run_takes_the_file_that_commands_take(run, pytester, monkeypatch):
    """Pytest's root folder is that of its own file, which may lie above; it measured the defaults in silence."""
    part = pytester.path / "detector"
    (part / "tests").mkdir(parents=True)
    (pytester.path / ".git").mkdir()
    (part / "pyproject.toml").write_text(OURS.format('machine = "part"\n'))
    (part / "tests" / "test_it.py").write_text(SHOW)
    shown = "machine is part and gate warn"
    assert shown in run("detector/tests", ini="[pytest]\n")[1], "the tests that are named say so"
    assert shown in run("detector/tests/test_it.py::test_it", ini="[pytest]\n")[1]
    monkeypatch.chdir(part)
    assert shown in run(ini="[pytest]\n")[1]
    (pytester.path / "pyproject.toml").write_text(OURS.format('machine = "whole"\n'))
    assert shown in run()[1]
    status, said = run("..", "--deselect=tests")
    assert status == 0
    assert "machine is whole" in said
    assert f"autogauge: [tool.autogauge] in {part}/pyproject.toml plays no part: the tests that were named are" in said
    monkeypatch.chdir(pytester.path)
    assert "machine is whole" in run("test_in_a_part_of_a_repository_a_run_takes_the_file_that_commands_take.py")[1]


def test_a_file_of_pytests_that_is_not_read_is_told(run, pytester):
    (pytester.path / "other.ini").write_text("[pytest]\n")
    _, said = run("-c", "other.ini", ini="[pytest]\nautogauge_gate = fail\n")
    told = f"autogauge: the suite's options in {pytester.path}/pytest.ini play no part: pytest reads {pytester.path}/other.ini"
    assert told in said
    assert "gate warn" in said


@each_of("is_above", [False, True])
def test_a_strangers_file_above_does_not_count(is_above, tmp_path):
    """Nobody who may write to /tmp is to say what is measured below it."""
    shared = tmp_path / str(is_above)
    inner = shared / "mine"
    inner.mkdir(parents=True)
    (shared / "pyproject.toml").write_text(OURS.format('reference = "wheel.whl"'))
    assert project_file.find(inner).path == shared / "pyproject.toml"
    shared.chmod(0o1777)
    if is_above:
        found = project_file.find(inner)
        assert (found.path, found.passed_over) == (None, (shared / "pyproject.toml",))
    else:
        assert project_file.find(shared).path == shared / "pyproject.toml", "one stands in it"


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_counts_where_that_user_keeps_the_folder_too(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    path = tmp_path / "a" / "pyproject.toml"
    path.write_text(OURS.format('gate = "fail"'))
    os.chown(path, 12345, -1)
    assert project_file.find(inner).passed_over == (path,)
    os.chown(inner, 12345, -1)
    assert project_file.find(inner).path == path


def test_all_variables_of_this_project_are_known():
    """Its own tests and processes have some more: none ends a run."""
    names = set()
    for folder in ("autogauge", "fixtures", "tests", "benchmarks", "docs", "examples", ".ci"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in {".py", ".md", ".yml", ".j2", ".sh", ""}:
                names |= {
                    *re.findall(r"\bAUTOGAUGE_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8", errors="replace"))
                }
    assert len(names) > len(OPTIONS)
    assert strange_in(dict.fromkeys(names - MADE_UP, "")) == []
    assert of_variables({"AUTOGAUGE_GATE": "fail", "AUTOGAUGE_WAIT": "", "AUTOGAUGE_LOCK": "/x"}).keys() == {"--gate"}


MADE_UP = {
    *(
        "AUTOGAUGE_NOBASELINE",
        "AUTOGAUGE_OPTION",
        "AUTOGAUGE_GAET",
        "AUTOGAUGE_TOKEN",
        "AUTOGAUGE_SERVICE_HOST",
        "AUTOGAUGE_PORT",
    ),
    *("AUTOGAUGE_PORT_80_TCP_PROTO", "AUTOGAUGE_DB_SERVICE_PORT"),
}


def of_project(path):
    found = project_file.read(path)
    return {} if found is None else {name: stands.text for name, stands in found.options.items()}


def test_a_number_and_a_list_may_be_written_as_such(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        OURS.format('infer-requests = 4\nwait = 2.5\nsmallest-change = 3\nhints-on = ["AUTO", "CPU"]')
    )
    found = of_project(tmp_path / "pyproject.toml")
    assert found == {"--infer-requests": "4", "--wait": "2.5", "--smallest-change": "3", "--hints-on": "AUTO,CPU"}


@each_of(
    ("key", "text", "expected"),
    [
        ("reports", "reports", "{}/reports"),
        ("reports", "../out", "{}/../out"),
        ("reports", "/srv/out", "/srv/out"),
        ("cache", "~/cache", "{home}/cache"),
        ("picture", "cat.png", "{}/cat.png"),
        ("inputs", "in.npz", "{}/in.npz"),
        ("model", "detector.onnx", "{}/detector.onnx"),
        ("model", "models/net", "{}/models/net"),
        ("model", "googlenet-v1", "googlenet-v1"),
        ("reference", "2026.3", "2026.3"),
        ("reference", "NUM_STREAMS=2", "NUM_STREAMS=2"),
        ("reference", "CACHE_DIR=/x", "CACHE_DIR=/x"),
        ("reference", "old/env", "{}/old/env"),
        ("reference", "env", "{}/env"),
        ("reference", "CPU", "CPU"),
        ("reference", "openvino-1-py3-none-any.whl", "{}/openvino-1-py3-none-any.whl"),
        ("baseline", "lab-01", "lab-01"),
        ("baseline", "env", "{}/env"),
        ("gate", "fail", "fail"),
    ],
)
def test_a_path_in_a_file_is_seen_from_that_file(key, text, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    (tmp_path / "env").mkdir()
    (tmp_path / "2026.3").mkdir()
    (tmp_path / "pyproject.toml").write_text(OURS.format(f'{key} = "{text}"'))
    assert of_project(tmp_path / "pyproject.toml") == {f"--{key}": expected.format(tmp_path, home="/home/somebody")}


def test_the_nearest_file_with_a_table_counts_up_to_the_root_of_the_repository(tmp_path):
    inner = tmp_path / "repository" / "package" / "tests"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(OURS.format('gate = "off"'))
    (tmp_path / "repository" / "package" / "pyproject.toml").write_text("[project]\nname = 'without'\n")
    assert project_file.find(inner).path == tmp_path / "pyproject.toml"
    (tmp_path / "repository" / ".git").mkdir()
    assert project_file.find(inner).path is None, "it is another project's"
    (tmp_path / "repository" / "pyproject.toml").write_text(OURS.format('gate = "warn"'))
    assert project_file.find(inner).path == tmp_path / "repository" / "pyproject.toml"
    (inner / "pyproject.toml").write_text(OURS.format(""))
    assert project_file.find(inner).path == inner / "pyproject.toml"


@each_of(
    ("files", "taken"),
    [
        ({"pytest.ini": "", "tox.ini": "[pytest]\n"}, "pytest.ini"),
        ({"pyproject.toml": "[tool.x]\n", "tox.ini": "[pytest]\n", "setup.cfg": "[tool:pytest]\n"}, "tox.ini"),
        ({"tox.ini": "[x]\n", "setup.cfg": "[tool:pytest]\n"}, "setup.cfg"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n", "tox.ini": "[pytest]\n"}, "pyproject.toml"),
        ({"below/x.ini": "", "pyproject.toml": "[tool.pytest.ini_options]\n"}, "pyproject.toml"),
    ],
)
def test_the_file_that_pytest_reads_is_found_as_pytest_finds_it(files, taken, tmp_path):
    from _pytest.config.findpaths import locate_config

    (tmp_path / "below").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = pytest_file.find(tmp_path / "below").path
    assert found == tmp_path / taken
    assert found == locate_config(tmp_path, [tmp_path / "below"])[1]


def test_a_table_that_pytest_passes_over_is_told_with_what_to_do(run, pytester):
    """Pytest reads one file: of a pyproject.toml beside a pytest.ini nothing, and says so only in a header that -q leaves out."""
    status, said = run("-q", ini=INI.format("-rA"), toml=PYTESTS.format("--gate=fail"))
    assert status == 2
    assert f"pytest does not read [tool.pytest] in {pytester.path / 'pyproject.toml'}" in said
    assert "write the suite's options into [tool.autogauge]" in said


@each_of(
    ("content", "said"),
    [
        ("[tool]\nautogauge = 3\n", ":2 is no table: write options into it"),
        ("[tool]\n\nautogauge = \n", ":3 is not TOML (Invalid value)"),
        ("[tool.autogauge]\n\udcff", ":2 is not UTF-8"),
        (None, " is no file: put a file there"),
        ("itself", ": Too many levels of symbolic links; make it readable."),
    ],
)
def test_a_file_that_is_none_is_one_sentence(content, said, tmp_path):
    path = tmp_path / "pyproject.toml"
    if content is None:
        path.mkdir()
    elif content == "itself":
        path.symlink_to(path)
    else:
        path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UserError) as told:
        of_project(path)
    assert f"{path}{said}" in str(told.value)


def test_what_is_wrong_in_a_file_that_does_not_name_this_project_is_others_affair(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    assert project_file.find(tmp_path).path is None


def test_the_page_on_settings_shows_a_file_that_serves_and_what_is_said_of_mistakes(tmp_path):
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    path = tmp_path / "pyproject.toml"
    path.write_text(re.search("```toml\n(.*?)```", page, re.DOTALL)[1])
    found = project_file.read(path)
    found.check()
    assert (found.options["--gate"].text, found.machines["lab-01"]["--wait"].text) == ("fail", "7200")
    for wrong in ("gaet = 'fail'", "gate = 'loud'"):
        path.write_text("\n" * 5 + f"[tool.autogauge]\n{wrong}\n")
        with pytest.raises(UserError) as told:
            project_file.read(path).check()
        assert str(told.value).replace(str(tmp_path), "/srv/detector") in page


@each_of("content", [b"\xef\xbb\xbf", b"# a comment\r\n"])
def test_what_editors_of_other_systems_write_is_read(content, tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_bytes(content + b'[tool.autogauge]\r\ngate = "fail"\r\n')
    found = project_file.read(path).options["--gate"]
    assert (found.text, found.line) == ("fail", 2 + content.count(b"\n"))


def test_without_a_project_file_nothing_is_given(tmp_path):
    assert project_file.find(tmp_path).path is None


def test_the_projects_own_file_has_no_options_of_a_user():
    assert of_project(ROOT / "pyproject.toml") == {}


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


KEYS_TRIED = ("gate", "wait", "devices", "model", "smallest-change", "machine", "machines", "gaet", "", "ü")
VALUES_TRIED = (
    *(
        '"fail"',
        '""',
        '"7"',
        '"a/b"',
        '"no"',
        '"lab 01"',
        "7",
        "-1",
        "0.5",
        "nan",
        "inf",
        "1e400",
        "true",
        "2026-01-01",
        "[]",
    ),
    *(
        '["CPU"]',
        "[1]",
        '[["CPU"]]',
        "{}",
        "{ m = 1 }",
        '{ m = { gate = "fail" } }',
        "{ m = { machines = {} } }",
        "'''\nfail'''",
    ),
)


@for_all(
    lambda st: (
        st.dictionaries(st.sampled_from(KEYS_TRIED), st.sampled_from(VALUES_TRIED), max_size=4),
        st.dictionaries(st.sampled_from(KEYS_TRIED), st.sampled_from(VALUES_TRIED), max_size=2),
        st.booleans(),
    )
)
def test_whatever_stands_in_a_file_is_a_value_of_its_option_or_one_sentence_with_its_line(table, machine, is_inline):
    from autogauge.toml_lines import parse

    def written(said):
        return [f'"{key}" = {value}' for key, value in said.items()]

    if is_inline:
        inside = ", ".join(written({key: value for key, value in table.items() if "\n" not in value}))
        text = f"[tool]\nautogauge = {{ {inside} }}\n"
    else:
        of_machine = ["[tool.autogauge.machines.m]", *written(machine)] if "machines" not in table else []
        text = "\n".join(["[tool.autogauge]", *written(table), *of_machine])
    toml, said = parse(Path("/p.toml"), text.encode()), ""
    try:
        found = project_file.of_toml(toml)
        found.check()
    except UserError as error:
        said = str(error)
    if said:
        line = re.search(r"/p\.toml:(\d+)", said)
        assert line, said
        assert "=" in text.split("\n")[int(line[1]) - 1] or "machines" in said
        return
    for stands in (*found.options.values(), *(each for own in found.machines.values() for each in own.values())):
        assert text.split("\n")[stands.line - 1].partition("=")[2]


@each_of("option", [each for each in OPTIONS.values() if each.default is None])
def test_each_option_without_a_default_can_be_left_out_of_one_run(option, tmp_path):
    (tmp_path / "pyproject.toml").write_text(OURS.format(f'{option.key} = "none"'))
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{option.ini} = none\n")
    assert of_project(tmp_path / "pyproject.toml") == {option.name: "none"}, "and is no file's name there"
    assert pytest_file.read(tmp_path / "pytest.ini").options[option.name].text == "none"
    given = of_command({option.name: "none"}, {option.variable: "x"}, tmp_path, "m")
    assert (given.texts, given.machine) == ({}, "m")
    assert option.value_of("none") is None


@each_of(
    ("stronger", "weaker", "held"),
    [
        ("--picture=cat.png", 'inputs = "in.npz"', "--picture"),
        ("--inputs=in.npz", 'picture = "cat.png"\nshape = "1,3"', "--inputs"),
        ("--shape=1,3", 'picture = "cat.png"\ninputs = "in.npz"', "--shape --picture"),
        ("--inputs=none", 'shape = "1,3"', "--shape"),
        ("--model=googlenet-v1", 'inputs = "in.npz"\nshape = "1,3"\nprecision = "FP32"', "--model --precision"),
        ("--model=googlenet-v1", 'model = "a.onnx"\npicture = "cat.png"\nprecision = "FP32"', "--model"),
        ("--model=other.onnx", 'precision = "FP32"', "--model"),
        ("--model=a.onnx", 'model = "a.onnx"\ninputs = "in.npz"', "--model --inputs"),
        ("--gate=off", 'gate = "fail"\nbaseline = "lab"\nno-baseline = "fail"\nreference = "2026.3"', "--gate"),
        ("--gate=warn", 'gate = "fail"\nbaseline = "lab"\ncreep = "fail"', "--gate --baseline"),
        ("--gate=fail", 'gate = "warn"\ncreep = "fail"', "--gate --creep"),
    ],
)
def test_what_a_stronger_place_says_otherwise_leaves_a_weaker_ones_out_and_is_told(
    stronger, weaker, held, tmp_path, monkeypatch
):
    """Else a model that is named for once was fed another one's arrays, or a run ended where nothing could be left out."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.onnx", "in.npz", "cat.png"):
        (tmp_path / name).touch()
    (tmp_path / "pyproject.toml").write_text(OURS.format(weaker))
    name, _, text = stronger.partition("=")
    given = of_command({name: text}, {}, tmp_path, "m")
    assert {*given.texts} == {*held.split()}
    weak = {f"--{line.partition(' ')[0]}" for line in weaker.splitlines()} - {name}
    told = given.told_left_out()
    assert {line.partition("=")[0] for line in told} == weak - {*held.split()}
    assert all(line.endswith(f"plays no part: {stronger} from the command line leaves it out") for line in told), told


def test_in_one_place_both_are_a_contradiction_that_says_how_to_leave_one_out(run, pytester):
    for name in ("in.npz", "cat.png"):
        (pytester.path / name).touch()
    status, said = run(toml=OURS.format('inputs = "in.npz"\npicture = "cat.png"'))
    assert status == 2
    assert "pyproject.toml:3, and --picture=none leaves it out" in said
    status, said = run("--picture=none", "--inputs=none", toml=OURS.format('inputs = "in.npz"\npicture = "cat.png"'))
    assert status == 0, said


PATHS = ("model", "inputs", "picture", "reference", "baseline", "reports", "cache")


@each_of("key", PATHS)
def test_a_path_begins_at_home_wherever_it_stands(key, tmp_path, monkeypatch):
    """No shell puts the home in after a "=", and no job that sets a variable: a folder called ~ was made."""
    option = OPTIONS[f"--{key}"]
    monkeypatch.setenv("HOME", str(tmp_path))
    text, home = "~/a.onnx", f"{tmp_path}/a.onnx"
    for command_line, environment in (
        ({option.name: text}, {}),
        ({}, {option.variable: text}),
        ({}, {"PYTEST_ADDOPTS": f"{option.name}={text}"}),
    ):
        assert of_command(command_line, environment, tmp_path, "m").texts == {option.name: home}
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {option.name}={text}\n")
    assert of_command({}, {}, tmp_path, "m").texts == {option.name: home}
    assert str(option.value_of(text)) == home


def test_which_options_are_paths():
    assert {each.key for each in OPTIONS.values() if each.kind.is_path} == {*PATHS}


@each_of(
    ("line", "text"),
    [
        ('autogauge_devices = ["CPU", "GPU"]', "--devices=CPU,GPU"),
        ("autogauge_wait = 5", "--wait=5"),
        ("autogauge_gate = ['fail']", "autogauge_gate of {}:2 is no text: write autogauge_gate ="),
        ("autogauge_pinned = false", "autogauge_pinned of {}:2 is no text"),
    ],
)
def test_pytests_table_has_values_as_the_projects_own(line, text, tmp_path):
    """A list there was read as a text with brackets in it."""
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.pytest.ini_options]\n{line}\n")
    if text.startswith("--"):
        assert [f"{name}={stands.text}" for name, stands in pytest_file.read(path).options.items()] == [text]
        return
    with pytest.raises(UserError, match=re.escape(text.format(path))):
        pytest_file.read(path)
