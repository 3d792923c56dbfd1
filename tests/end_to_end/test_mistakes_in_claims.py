"""What is wrong with a claim, or with its model, is one sentence with file and line; exit status 2, and nothing is measured."""

import sys

import pytest

from tests.installed import run
from tests.support import ROOT, run_suite

HEAD = """import pytest
from autogauge.claims import FIL, FPS, P99, PEAK_MEMORY, on
A, B = on("AUTO", "LATENCY"), on("AUTO", "THROUGHPUT")
"""
FIRST = HEAD.count("\n") + 1
GOOD = '@pytest.mark.claim(P99(A) <= "12 ms")\ndef test_good(): ...\n'


def mistaken(tmp_path, text, *options):
    """What the session says of that file, which begins as the others do."""
    file = tmp_path / "test_own.py"
    file.write_text(HEAD + text)
    done = run_suite("-p", "conftest", "-c", "pytest.ini", "--rootdir=.", "-m", "perf", str(file), *options)
    assert done.returncode == 2, done.stdout[-3000:] + done.stderr[-1000:]
    assert "Traceback" not in done.stdout + done.stderr
    assert "passed" not in done.stdout
    return " ".join(done.stdout.split())


MISTAKES = (
    (
        '@pytest.mark.claim(P99(A) <= "1.5 GB")\ndef test_it(): ...\n',
        FIRST,
        "'1.5 GB' is an amount of memory, and the figure is a time: write '12 ms'",
    ),
    (
        f'{GOOD}\n@pytest.mark.claim(P99(A) <= "9 ms", name="good")\ndef test_it(): ...\n',
        FIRST + 3,
        "two claims of the model googlenet-v1 are called 'good'",
    ),
    (
        f'pytestmark = pytest.mark.model("detector.onnx")\n{GOOD}',
        FIRST + 1,
        "there is no model at {folder}/detector.onnx",
    ),
)
OTHERS = (
    ("@pytest.mark.claim()\ndef test_it(): ...\n", FIRST, "the marker claim says nothing: give it a claim"),
    (
        "@pytest.mark.claim(P99(A) == 12)\ndef test_it(): ...\n",
        FIRST,
        "False is no claim: compare a figure by <= or >=",
    ),
    (
        "@pytest.mark.claim(FPS(A))\ndef test_it(): ...\n",
        FIRST,
        "FPS(AUTO-LATENCY) has no bound: compare a figure by <= or >=",
    ),
    (
        "@pytest.mark.claim(A)\ndef test_it(): ...\n",
        FIRST,
        "AUTO-LATENCY alone is no claim: compare a figure by <= or >=",
    ),
    (
        "@pytest.mark.claim(FPS(A) >= 3, name=3)\ndef test_it(): ...\n",
        FIRST,
        "of claim(…) name is no text",
    ),
    (
        f'pytestmark = pytest.mark.model("one-convolution", inputs="frames.npz")\n{GOOD}',
        FIRST + 1,
        "there is no file at {folder}/frames.npz: inputs='frames.npz' is sought beside the test",
    ),
    (
        f'pytestmark = pytest.mark.model("one-convolution", input="frames.npz")\n{GOOD}',
        FIRST + 1,
        "model(…) knows name, inputs, picture, shape, precision, and not input",
    ),
    (
        'pytestmark = pytest.mark.model("one-convolution")\n@pytest.mark.perf\ndef test_it(): ...\n',
        FIRST + 1,
        "the marker model is about claims, and no test of this file has any",
    ),
)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [MISTAKES[0], *(pytest.param(*each, marks=pytest.mark.slow) for each in (*MISTAKES[1:], *OTHERS))],
    ids=["unit", "name", "model", "nothing", "no claim", "no bound", "alone", "no text", "inputs", "keyword", "idle"],
)
def test_a_mistake_is_told_with_its_place(tmp_path, text, line, said):
    told = mistaken(tmp_path, text)
    assert said.format(folder=tmp_path) in told
    assert f"test_own.py:{line}: " in told


def test_two_models_of_one_name_are_never_one(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.onnx").write_bytes(b"")
    marks = "".join(
        f'@pytest.mark.model("{folder}/net.onnx")\n@pytest.mark.claim(P99(A) <= "12 ms")\ndef test_{folder}(): ...\n'
        for folder in "ab"
    )
    told = mistaken(tmp_path, marks)
    assert "two models of this session are called 'net', and their figures would be mixed" in told
    assert 'name="…"' in told


def test_a_test_that_is_not_chosen_claims_nothing(tmp_path):
    told = mistaken(tmp_path, GOOD + '@pytest.mark.claim(P99(A) <= "1 GB")\ndef test_bad(): ...\n', "-k", "bad")
    assert f"test_own.py:{FIRST + 2}: '1 GB' is" in told
    file = tmp_path / "test_own.py"
    done = run_suite(
        *("-p", "conftest", "-c", "pytest.ini", "--rootdir=.", "-m", "perf", "--collect-only", "-q", str(file)),
        "-k",
        "good",
    )
    assert done.returncode == 0
    assert "test_good" in done.stdout


@pytest.mark.slow
def test_workers_of_xdist_measure_nothing(tmp_path):
    """Without ``-m`` nothing says beforehand that the file measures."""
    file = tmp_path / "test_own.py"
    file.write_text(HEAD + GOOD)
    done = run_suite(
        "-p",
        "conftest",
        "-c",
        "pytest.ini",
        "--rootdir=.",
        "-m",
        "",
        "-n2",
        str(file),
        f"--reports={tmp_path / 'reports'}",
    )
    assert done.returncode == 1, done.stdout[-3000:]
    assert "what measures does so one test at a time" in " ".join(done.stdout.split())
    assert not list(tmp_path.glob("reports/**/*.json"))


ORDINARY = "def test_ordinary(): ...\n"
BAD_UNIT = '@pytest.mark.claim(P99(A) <= "1.5 GB")\ndef test_bad(): ...\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "around", "said"),
    [
        (BAD_UNIT + GOOD, {}, f"test_own.py:{FIRST}: '1.5 GB' is an amount of memory"),
        (GOOD, {"AUTOGAUGE_GATE": "maybe"}, "AUTOGAUGE_GATE"),
        (GOOD.replace("P99(A)", 'P99(on("AUTO", SCHEDULE_POLICYY="X"))'), {}, "one test at a time"),
    ],
    ids=["claim", "variable", "property"],
)
def test_a_mistake_in_a_worker_of_xdist_is_told_by_its_tests_and_others_run(tmp_path, text, around, said):
    """A worker that ended for it would be started again and again, and its sentence would be lost."""
    file = tmp_path / "test_own.py"
    file.write_text(HEAD + text + ORDINARY)
    words = ("-p", "conftest", "-c", "pytest.ini", "--rootdir=.", "-m", "", "-n2", str(file))
    done = run_suite(*words, f"--reports={tmp_path / 'reports'}", **around)
    told = " ".join(done.stdout.split())
    assert "KeyboardInterrupt" not in told
    assert "crashed" not in told
    assert "INTERNALERROR" not in told
    if around and done.returncode == 2:  # in the checkout options are everybody's
        assert said in told + done.stderr
        return
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-1000:]
    assert said in told
    assert f"{text.count('def ')} failed, 1 passed" in told


@pytest.mark.slow
@pytest.mark.parametrize(("words", "status"), [((), 2), (("-n1",), 1)], ids=["alone", "in a worker"])
def test_without_benchmarks_no_claim_passes_a_wrong_one_neither(tmp_path, words, status):
    (tmp_path / "test_own.py").write_text(f"{HEAD}@pytest.mark.claim(P99(A) == 12)\ndef test_bad(): ...\n")
    (tmp_path / "test_other.py").write_text(ORDINARY)
    words = ("-m", "pytest", "-p", "fixtures.plugin", "-p", "no:benchmark", "-p", "no:hypothesispytest", *words)
    said = run(sys.executable, *words, cwd=tmp_path, expect=status, PYTHONPATH=str(ROOT))
    assert "autogauge records by pytest-benchmark" in said
    assert "crashed" not in said
    if status == 1:
        assert "1 failed, 1 passed" in said
