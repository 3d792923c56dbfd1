"""What surrounds the Open Model Zoo's tools: reading why one failed, asking hosts, knowing names before the tools are there."""

import sys
import time
from pathlib import Path

import pytest

from autogauge.errors import UserError
from autogauge.models.omz import catalogue, downloads, toolchain
from autogauge.models.omz.reach import origin, unreachable
from autogauge.models.omz.tools import Deadline, ToolFailed, reason_in, run_tool
from autogauge.models.resolve import AUTO, EMBEDDED, OMZ, Wanted
from tests.omz.mirror import black_hole, closed_port, serving
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
    ],
)  # fmt: skip
def test_the_line_that_says_why_is_found(lines, reason):
    assert reason_in(lines) == reason


@for_all(lambda st: (st.lists(st.text()),))
def test_any_output_gives_a_reason_of_one_line(lines):
    assert "\n" not in reason_in([each for line in lines for each in line.splitlines()])


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


def test_a_silent_tool_is_given_up_before_its_deadline(tmp_path):
    lines = "import time\nprint('begun', flush=True)\ntime.sleep(60)\n"
    with pytest.raises(ToolFailed, match="nothing came for 1 s"):
        run(tmp_path / "silent.py", lines, scratch=tmp_path, deadline=Deadline(60), silence_s=1)


def test_a_tool_sees_neither_the_users_home_nor_python_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    lines = "import os\nfor name in ('HOME', 'PYTHONPATH', 'CI'): print(os.environ.get(name))\n"
    found = run(tmp_path / "environment.py", lines, scratch=tmp_path, deadline=Deadline(60))
    assert found == [str(tmp_path), "None", "true"]


def test_hosts_are_asked_side_by_side_and_the_one_out_of_reach_is_named(tmp_path):
    with serving(tmp_path) as server, black_hole() as hole:
        assert unreachable([server.address]) is None
        refused = closed_port()
        assert unreachable([server.address, refused]) == f"{refused.removeprefix('http://')}: Connection refused"
        began = time.monotonic()
        assert unreachable([server.address, hole, hole.replace("127.0.0.1", "localhost")], 1) is not None
        assert time.monotonic() - began < 2
    assert unreachable(["file:///etc/passwd"]) is not None
    assert unreachable([]) is None


def test_an_origin_is_scheme_and_host():
    assert origin("https://example.org:8443/a/b?c") == "https://example.org:8443"


def test_files_of_other_precisions_are_not_needed():
    files = [
        {"name": "FP16/m.xml"},
        {"name": "FP16/m.bin"},
        {"name": "FP32/m.bin"},
        {"name": "extra/n.txt"},
        {"name": "m.prototxt"},
    ]
    described = {"precisions": ["FP16", "FP32"], "files": files}
    assert [each["name"] for each in downloads.needed(described, "FP16")] == [
        "FP16/m.xml",
        "FP16/m.bin",
        "extra/n.txt",
        "m.prototxt",
    ]


def test_the_catalogue_knows_what_the_lean_tools_can_do():
    known = catalogue.known()
    assert known["googlenet-v1"].precisions == ("FP16", "FP32")
    assert "storage.openvinotoolkit.org" in known["googlenet-v1"].hosts
    catalogue.check("googlenet-v1", "FP32", known)
    with pytest.raises(UserError, match="PyTorch"):
        catalogue.check("resnet-18-pytorch", "FP16", known)


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


def test_the_best_interpreter_is_a_working_one():
    version, python = toolchain.interpreter()
    assert version in toolchain.VERSIONS
    assert python.exists()


def test_without_a_fitting_interpreter_it_is_one_sentence(monkeypatch):
    monkeypatch.setattr(toolchain, "VERSIONS", ("3.5",))
    with pytest.raises(UserError, match=r"Python 3\.5"):
        toolchain.interpreter()
