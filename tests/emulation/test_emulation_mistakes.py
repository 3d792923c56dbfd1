"""What is missing for the emulated GPU is one sentence with the next step."""

import os

import pytest

from autogauge.cache import Cache
from autogauge.emulation import parts
from autogauge.errors import UserError
from autogauge.models import resolve
from tests.support import run_suite, sentence_of


def refusal(cache):
    with pytest.raises(UserError) as caught:
        parts.prepare(cache)
    return str(caught.value)


def test_another_system_cannot_have_it(tmp_path, monkeypatch):
    monkeypatch.setattr(parts.platform, "machine", lambda: "aarch64")
    sentence = refusal(Cache(tmp_path))
    assert "needs Linux on x86-64" in sentence
    assert "aarch64" in sentence


@pytest.mark.parametrize("packages", [{"no-such-runtime": "1"}, {"numpy": "0.0"}])
def test_a_missing_or_other_package_is_named_with_the_line_that_installs_it(
    tmp_path, monkeypatch, possible_here, packages
):
    monkeypatch.setattr(parts, "PACKAGES", packages)
    sentence = refusal(Cache(tmp_path))
    assert next(iter(packages)) in sentence
    assert "pip install -r requirements-emulation.txt" in sentence
    assert list(tmp_path.iterdir()) == []


def test_without_a_compiler_the_sentence_says_where_to_get_one(tmp_path, monkeypatch, emulation):
    monkeypatch.setattr(parts, "compilers", list)
    assert "needs a C compiler" in refusal(Cache(tmp_path))


NO_HEADER = """\
layer.c:1:10: fatal error: no_such_header.h: No such file or directory
    1 | #include <no_such_header.h>
      |          ^~~~~~~~~~~~~~~~~~
compilation terminated."""
UNDECLARED = """\
layer.c: In function 'f':
layer.c:1:22: error: 'x' undeclared (first use in this function)
    1 | int f(void) { return x; }
      |                      ^
layer.c:1:22: note: each undeclared identifier is reported only once for each function it appears in"""
NO_LIBRARY = """\
/usr/bin/ld: cannot find -lnosuch: No such file or directory
collect2: error: ld returned 1 exit status"""


@pytest.mark.parametrize(
    ("printed", "status", "cause"),
    [
        (NO_HEADER, 1, "layer.c:1:10: fatal error: no_such_header.h: No such file or directory"),
        (UNDECLARED, 1, "layer.c:1:22: error: 'x' undeclared (first use in this function)"),
        (NO_LIBRARY, 1, "/usr/bin/ld: cannot find -lnosuch: No such file or directory"),
        ("Killed", 137, "Killed"),
        ("", 1, "exit status 1"),
        ("", 0, "exit status 0"),
    ],
    ids=["no header", "undeclared", "no library", "killed", "says nothing", "does nothing"],
)
def test_a_compiler_that_fails_or_does_nothing_is_named_with_the_cause_and_leaves_nothing(
    tmp_path, monkeypatch, emulation, printed, status, cause
):
    """The output is real: gcc 12's, with the layer's name."""
    compiler = tmp_path / "cc"
    compiler.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{printed}\nEND\nexit {status}\n")
    compiler.chmod(0o755)
    monkeypatch.setattr(parts, "compilers", lambda: [[str(compiler)]])
    sentence = refusal(Cache(tmp_path / "cache"))
    assert f"({compiler}: {cause})" in sentence
    assert list((tmp_path / "cache" / "entries").glob("*") if (tmp_path / "cache" / "entries").exists() else []) == []
    assert list((tmp_path / "cache" / "staging").iterdir()) == []


def test_where_the_systems_compiler_fails_the_next_one_is_tried(tmp_path, monkeypatch, emulation):
    good = parts.compilers()[0]
    monkeypatch.setattr(parts, "compilers", lambda: [["false"], good])
    assert parts.prepare(Cache(tmp_path / "cache")).layer != emulation.layer


def test_a_compiler_that_hangs_is_ended(tmp_path, monkeypatch, emulation):
    monkeypatch.setattr(parts, "BUILD_DEADLINE_S", 0.3)
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\nsleep 60\n")
    compiler.chmod(0o755)
    monkeypatch.setattr(parts, "compilers", lambda: [[str(compiler)]])
    assert "took over 0.3 s" in refusal(Cache(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--precision=FP16",), "f32 only"),
        (("--hints-on=AUTO",), "hints are not compared on AUTO"),
        (("--hints-on=CPU,GPU",), "hints are not compared on GPU"),
        (("--devices=GPU,NPU",), "a real accelerator, and NPU would be one"),
        (("--reference=CPU",), "the reference CPU names a device"),
    ],
)
def test_what_the_emulated_gpu_cannot_do_is_said_before_anything_is_measured(tmp_path, options, words):
    done = run_suite("-m", "perf", "--accelerator=emulated", *options, f"--reports={tmp_path}")
    assert words in sentence_of(done)


def test_a_model_in_half_precision_is_refused_before_anything_is_measured(tmp_path, emulation, autogauge_cache):
    model = resolve.offline("small-cnn", "FP16", autogauge_cache)
    options = (f"--model={model.path}", f"--reports={tmp_path}", f"--cache={autogauge_cache.root}")
    assert "weights in half precision" in sentence_of(run_suite("-m", "perf", "--accelerator=emulated", *options))


def test_a_missing_package_ends_the_session_with_its_sentence(tmp_path, possible_here, autogauge_cache):
    (tmp_path / "changed.py").write_text(
        "from autogauge.emulation import parts\nparts.PACKAGES = {'no-such-runtime': '1'}\n"
    )
    done = run_suite(
        "-p",
        "changed",
        "-m",
        "perf",
        "--accelerator=emulated",
        f"--reports={tmp_path}/reports",
        f"--cache={autogauge_cache.root}",
        PYTHONPATH=f"{tmp_path}{os.pathsep}.",
    )
    assert "pip install -r requirements-emulation.txt" in sentence_of(done)


def own_tests_with(tmp_path, cache, chosen, change):
    """Some tests of this file, run where something of the emulated GPU's parts is another."""
    (tmp_path / "changed.py").write_text(f"from autogauge.emulation import parts\n{change}\n")
    options = ("-p", "changed", "-rs", "tests/emulation/test_emulation_mistakes.py", "-k", chosen)
    return run_suite(*options, f"--cache={cache.root}", PYTHONPATH=f"{tmp_path}{os.pathsep}.")


def test_where_there_can_be_no_emulated_gpu_its_tests_are_skipped_with_the_reason(
    tmp_path, possible_here, autogauge_cache
):
    chosen = "is_named_with or without_a_compiler or ends_the_session"
    done = own_tests_with(tmp_path, autogauge_cache, chosen, "parts.platform.machine = lambda: 'aarch64'")
    assert done.returncode == 0, done.stdout
    assert "needs Linux on x86-64, and this is Linux on aarch64" in done.stdout
    assert "skipped" in done.stdout
    assert " passed" not in done.stdout


def test_where_a_package_is_missing_its_tests_fail_with_the_line_that_installs_it(
    tmp_path, possible_here, autogauge_cache
):
    """Skipped, they would let CI pass without having run."""
    done = own_tests_with(tmp_path, autogauge_cache, "without_a_compiler", "parts.PACKAGES = {'no-such-runtime': '1'}")
    assert "the emulated GPU needs no-such-runtime 1: pip install -r requirements-emulation.txt" in done.stdout
    assert done.returncode == 1
