"""What surrounds the Open Model Zoo's tools: running one, reading why it failed, knowing names before the tools are there."""

import json
import sys
import time
from pathlib import Path

import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.measuring.progress import Silent
from autogauge.models.omz import catalogue
from autogauge.models.omz.tools import reason_in
from autogauge.models.omz.zoo import Zoo, _Download
from autogauge.models.resolve import AUTO, EMBEDDED, OMZ, Resolver, Wanted
from autogauge.tools import running
from autogauge.tools.running import Deadline, ToolFailed, object_in, run_tool
from tests.properties import for_all
from tests.support import is_gone, wait_until


@pytest.mark.parametrize(
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
    for read in (reason_in, running.reason_in):
        assert "\n" not in read([each for line in lines for each in line.splitlines()])


def test_a_program_of_nobodys_is_read_by_no_customs_of_the_zoos():
    assert running.reason_in(["ERROR: No matching distribution found for x"]) == "No matching distribution found for x"
    assert running.reason_in(['{"error": 1}']) == '{"error": 1}', "to the Zoo an event of its downloader"


def run(script, lines, **options):
    """Run a script as a tool: by timeit, a module that takes one, whose own last line is left out."""
    script.write_text(lines)
    words = ("timeit", "-n1", "-r1", f"exec(open({str(script)!r}).read(), {{}})")
    return run_tool(Path(sys.executable), "module", *words, **options)[:-1]


def test_a_tool_that_hangs_is_gone_at_its_deadline_with_what_it_started(tmp_path):
    lines = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)\n"
    )
    pids = []
    began = time.monotonic()
    with pytest.raises(ToolFailed, match="not done within 1 s"):
        run(
            tmp_path / "hangs.py",
            lines,
            scratch=tmp_path,
            deadline=Deadline(1),
            on_line=lambda line: pids.append(int(line)),
        )
    assert time.monotonic() - began < 5
    assert len(pids) == 1
    assert wait_until(lambda: is_gone(pids[0]), 5)


def test_a_tool_that_is_killed_says_by_what(tmp_path):
    lines = "import os, signal\nprint('busy', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    with pytest.raises(ToolFailed, match=r"killed by signal 9 \(SIGKILL\)"):
        run(tmp_path / "killed.py", lines, scratch=tmp_path, deadline=Deadline(60))


def test_a_tool_that_cannot_be_started_is_a_failure(tmp_path):
    with pytest.raises(ToolFailed, match=r"cannot start .*no-python: No such file"):
        run_tool(tmp_path / "no-python", "module", "x", scratch=tmp_path, deadline=Deadline(60))


@pytest.mark.parametrize("lines", [[], ["done"], ["[1]"], ["{}"]])
def test_a_tool_that_ends_well_without_an_answer_is_not_believed(lines):
    with pytest.raises(ToolFailed, match="without an answer"):
        object_in(lines)


def test_an_answer_is_found_among_other_lines():
    assert object_in(["warning", '{"a": 1}', "bye"]) == {"a": 1}


def test_a_silent_tool_is_given_up_before_its_deadline(tmp_path):
    lines = "import time\nprint('begun', flush=True)\ntime.sleep(60)\n"
    with pytest.raises(ToolFailed, match="nothing came for 1 s"):
        run(tmp_path / "silent.py", lines, scratch=tmp_path, deadline=Deadline(60), silence_s=1)


def test_a_tool_sees_neither_the_users_home_nor_python_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    lines = "import os\nfor name in ('HOME', 'PYTHONPATH', 'CI'): print(os.environ.get(name))\n"
    found = run(tmp_path / "environment.py", lines, scratch=tmp_path, deadline=Deadline(60))
    assert found == [str(tmp_path), "None", "true"]


def test_paths_from_the_users_folder_lead_there_from_the_tools_folder_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wheels").mkdir()
    (tmp_path / "ca.pem").touch()
    given = {
        "PIP_FIND_LINKS": "wheels https://example.org/wheels nowhere",
        "PIP_CERT": "ca.pem",
        "REQUESTS_CA_BUNDLE": "/etc",
        "SSL_CERT_FILE": "",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    lines = f"import os\nfor name in {[*given]}: print(os.environ[name] or 'empty')\n"
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert run(tmp_path / "environment.py", lines, scratch=scratch, deadline=Deadline(60)) == [
        f"{tmp_path}/wheels https://example.org/wheels nowhere",
        f"{tmp_path}/ca.pem",
        "/etc",
        "empty",
    ]


def test_no_tool_finds_the_telemetry_whatever_module_is_run(tmp_path):
    lines = "import sys\nprint(sys.modules.get('openvino_telemetry', 'may be imported'))\n"
    assert run(tmp_path / "modules.py", lines, scratch=tmp_path, deadline=Deadline(60)) == ["None"]


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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
