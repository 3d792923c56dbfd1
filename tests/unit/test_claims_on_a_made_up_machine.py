"""What becomes of tests that claim something, of their runs and of the session: measured on a machine that is made up."""

import json
import math
import random
import re
from types import SimpleNamespace

import pytest
import scipy.special  # what a session in this process loads first, pytester would unload again
import scipy.stats

from autogauge.history.fingerprint import Fingerprint
from autogauge.input_files import GivenInputs
from autogauge.measuring.result import Replicate, Sample
from autogauge.ports import Port
from autogauge.probe.identity import WrongRuntime
from autogauge.probe.request import Failure
from autogauge.run import Run
from autogauge.studies.own.study import Warm, checks_of
from autogauge.targets import Device
from fixtures import benches

pytest_plugins = ["pytester"]
LOADED = (scipy.special, scipy.stats)
GOOD = {
    "fps": 100.0,
    "latency_ms": 10.0,
    "process_p99_ms": 10.0,
    "process_fps": 100.0,
    "fil_s": 0.1,
    "peak_memory_bytes": 1e8,
}
KILLED = Failure("signal", "slice", "killed by signal 11 (SIGSEGV)")
HEAD = """
import pytest
from autogauge.claims import FIL, FPS, P99, PEAK_MEMORY, on
A, B = on("AUTO", "LATENCY"), on("AUTO", "THROUGHPUT")
"""


class MadeUpRig:
    """As much of a rig as a bench asks for. ``turn`` gives a turn's figures, by the model, the study and the number of the round."""

    turn = staticmethod(lambda model, study, condition, number: GOOD)
    known = ("INFERENCE_PRECISION_HINT",)
    measured: list[tuple[str, str]]
    closed: list[str]

    def __init__(self, asked, cache, folder, live, notes):
        self.asked, self.notes = asked, notes
        MadeUpRig.last = asked
        self.inspection = SimpleNamespace(devices=(Device("CPU"),), openvino="2026.2.0", state=None)
        self.launcher = SimpleNamespace(describe=self.describe)

    def found(self, name):
        return None

    def scratch(self, name):
        return None

    def describe(self, *, targets, deadline_s):
        said = [
            {
                "unknown": [(name, "CPU") for name in each.properties if name not in ("PERFORMANCE_HINT", *self.known)],
                "known": self.known,
                "asked": ["CPU"],
                "only_read": [],
                "refused": [],
            }
            for each in targets
        ]
        return {"openvino": "2026.2.0-1", "targets": said}

    def measure(self, study, result):
        self.measured.append((study.model, study.name))
        for number in range(8):
            replicate = Replicate(number, tuple(each.name for each in result.conditions))
            result.replicates.append(replicate)
            for condition in result.conditions:
                found = self.turn(study.model, study, condition, number)
                if isinstance(found, Failure):
                    replicate.failures[condition.name] = found
                    continue
                facts = study.facts if isinstance(study, Warm) else ()
                metrics = {each.name for each in study.metrics}
                figures = {name: figure for name, figure in found.items() if name in metrics}
                replicate.samples[condition.name] = Sample(figures, checks=checks_of(facts, condition, ["CPU"]))
        for claim in result.claims:
            result.close(claim, for_good=True)
        result.state = "decided"
        return result

    def close_pool(self, *, at_once=False):
        self.closed.append("pool")

    def close(self, *, at_once=False):
        self.closed.append("rig")


@pytest.fixture
def session(pytester, monkeypatch, tmp_path):
    """``session(tests, …)`` runs them in this process; gives their outcomes, what was said, and the runs."""
    monkeypatch.setattr(benches, "Rig", MadeUpRig)
    monkeypatch.setenv("AUTOGAUGE_LOCK", str(tmp_path / "lock"))
    monkeypatch.setenv("AUTOGAUGE_CACHE", str(tmp_path / "cache"))
    runs = []

    class Kept(Run):
        def begin(self):
            super().begin()
            runs.append(self)

    monkeypatch.setattr(benches, "Run", Kept)
    (pytester.path / "net.onnx").write_bytes(b"")

    def session(text, *options, turn=MadeUpRig.turn):
        monkeypatch.setattr(MadeUpRig, "turn", staticmethod(turn))
        MadeUpRig.measured, MadeUpRig.closed = [], []
        runs.clear()
        pytester.makepyfile(test_it=HEAD + text)
        words = (
            f"--reports={pytester.path / 'reports'}",
            "-p",
            "fixtures.plugin",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "-p",
            "no:hypothesispytest",
            "--profile=quick",
            "--pinned=off",
        )
        done = pytester.runpytest_inprocess(*words, "--machine=lab", *options, no_reraise_ctrlc=True)
        reports = done.reprec.getreports("pytest_runtest_logreport") if hasattr(done.reprec, "getreports") else []
        reports = [each for each in reports if each.when == "call" or not each.passed]
        return SimpleNamespace(
            status=done.ret,
            said=" ".join((done.stdout.str() + done.stderr.str()).split()),
            outcomes={each.nodeid.rpartition("::test_")[2]: each.outcome for each in reports},
            runs={each.own: each for each in runs},
            reports=pytester.path / "reports",
            measured=[*MadeUpRig.measured],
        )

    return session


def standing(found, model):
    """What the saved run of that model may be used for."""
    beside = found.runs[model].history_file.with_suffix(".standing")
    return json.loads(beside.read_text())["standing"] if beside.exists() else "accepted"


def model(name):
    return f'@pytest.mark.model("net.onnx", name="{name}")\n'


BOUND = '@pytest.mark.claim(P99(A) <= "12 ms")\n'
OTHER = BOUND.replace("(A)", '(on("CPU"))')
SEVERAL = f"""
@pytest.fixture
def broken():
    raise RuntimeError("not made")

{model("good")}{BOUND}def test_good(): ...

{model("code")}{BOUND}def test_own_code():
    assert 1 == 2

{model("setup")}{BOUND}def test_setup(broken): ...

{model("setup")}@pytest.mark.claim(FPS(A) >= 0.5 * FPS(B))
def test_after_it(): ...

{model("crash")}{BOUND}def test_crash(): ...

{model("crash")}@pytest.mark.claim(P99(B) <= "12 ms")
def test_beside_a_crash(): ...

{model("untold")}@pytest.mark.claim(PEAK_MEMORY(A) <= "1 GB")
def test_untold(): ...

{model("good")}@pytest.mark.skip{chr(10)}{OTHER}def test_skipped(): ...

{model("good")}@pytest.mark.skipif("True", reason="so"){chr(10)}{OTHER}def test_skipped_if(): ...

{model("good")}@pytest.mark.xfail(run=False){chr(10)}{OTHER}def test_not_run(): ...
"""


def of_several(model, study, condition, number):
    if model == "crash" and condition.name == "AUTO-LATENCY" and number == 3:
        return KILLED
    return {**GOOD, "peak_memory_bytes": math.nan} if model == "untold" else GOOD


def test_what_becomes_of_each_test_is_its_models_run_alone(session):
    """A turn that gave nothing is no sample, and would not be missed; what a test's own code finds is a fault, as is a fixture's."""
    found = session(SEVERAL, turn=of_several)
    assert found.status == 1
    assert found.outcomes == {
        "good": "passed",
        "own_code": "failed",
        "setup": "failed",
        "after_it": "passed",
        "crash": "failed",
        "beside_a_crash": "passed",
        "untold": "skipped",
        "skipped": "skipped",
        "skipped_if": "skipped",
        "not_run": "skipped",
    }
    (of_good,) = found.runs["good"].results
    assert [each.name for each in of_good.conditions] == ["AUTO-LATENCY"], "what pytest does not run claims nothing"
    assert "1 turn failed: " in found.said
    assert "killed by signal 11" in found.said
    assert "no such figure" in found.said
    assert {name: standing(found, name) for name in ("good", "code", "setup", "crash")} == {
        "good": "accepted",
        "code": "quarantined",
        "setup": "quarantined",
        "crash": "quarantined",
    }
    assert {name for name, _ in found.measured} == {"good", "code", "setup", "crash", "untold"}
    assert MadeUpRig.closed.count("pool") >= len(found.measured)
    places = {each.name for each in found.reports.glob("latest*")}
    assert places == {f"latest-{name}" for name in ("good", "code", "setup", "crash", "untold")}, (
        "by name, whichever is first"
    )
    assert "is of an earlier session" not in found.said


@pytest.mark.slow
def test_the_report_of_an_only_model_is_in_latest_too_and_what_stays_of_it_later_is_said(session):
    found = session(model("one") + BOUND + "def test_it(): ...")
    assert (found.status, found.outcomes) == (0, {"it": "passed"})
    pages = [(found.reports / name / "index.html").read_text() for name in ("latest", "latest-one")]
    assert pages[0] == pages[1]
    both = "".join(f"{model(name)}{BOUND}def test_{name}(): ...\n" for name in ("one", "two"))
    found = session(both)
    assert f"{found.reports / 'latest'} is of an earlier session" in found.said
    assert f"claims of one ({found.reports.parent / 'net.onnx'}): 1" in found.said


EDGES = (
    ('P99(A) <= "10.5 ms"', 'P99(A) <= "9.5 ms"'),
    ('FPS(A) >= "95 FPS"', "FPS(A) >= 105"),
    ('FIL(A) <= "110 ms"', 'FIL(A) <= "90000 us"'),
    ('PEAK_MEMORY(A) <= "101 MB"', 'PEAK_MEMORY(A) <= "95 MiB"'),
    ("FPS(B) >= 1.9 * FPS(A)", "FPS(B) >= 2.1 * FPS(A)"),
    ("P99(B) / P99(A) <= 2.1", "P99(B) <= 1.9 * P99(A)"),
    ('FIL(B) - FIL(A) <= "110 ms"', 'FIL(B) <= FIL(A) + "90 ms"'),
    ('A.ran_on("CPU")', 'A.ran_on("GPU")'),
)


def test_each_claim_passes_on_its_side_of_what_was_measured_and_fails_on_the_other(session):
    """By figures that are known, in units of every kind: 10 ms, 100 FPS, 0.1 s and 100 MB; of B twice as much."""
    chance = random.Random(2)

    def turn(model, study, condition, number):
        factor = (2 if condition.name == "AUTO-THROUGHPUT" else 1) * chance.uniform(0.999, 1.001)
        return {name: figure * factor for name, figure in GOOD.items()}

    tests = "".join(
        f"@pytest.mark.claim({said})\ndef test_{name}_{number}(): ...\n"
        for number, edge in enumerate(EDGES)
        for name, said in zip(("holds", "fails"), edge, strict=True)
    )
    found = session(f"pytestmark = {model('net')[1:]}{tests}", "--gate=off", turn=turn)
    wanted = {
        f"{name}_{n}": outcome
        for n in range(len(EDGES))
        for name, outcome in (("holds", "passed"), ("fails", "failed"))
    }
    assert found.outcomes == wanted, found.said
    assert found.status == 1


def wrong(*_):
    raise WrongRuntime("openvino 2025.4 is not the 2026.2 that this run is of")


def test_a_wrong_runtime_ends_the_session_and_nothing_is_kept(session):
    found = session(SEVERAL, turn=wrong)
    assert found.status == 2
    assert "openvino 2025.4 is not the 2026.2" in found.said
    assert "nothing of this run is saved or shown" in found.said
    assert "Traceback" not in found.said
    assert len(found.measured) == 1, "no other model is measured"
    assert not list(found.reports.glob("**/*.json"))


def test_a_property_that_nobody_knows_is_told_with_its_place_before_anything_is_measured(session):
    odd = '@pytest.mark.claim(P99(on("AUTO", INFERENCE_PRECISON_HINT="f32")) <= "12 ms")\ndef test_odd(): ...\n'
    found = session(f"{model('good')}{BOUND}def test_good(): ...\n{model('odd')}{odd}")
    assert found.status == 2
    place = HEAD.count("\n") + 4
    assert f"test_it.py:{place}: of AUTO" in found.said
    assert (
        "knows no property INFERENCE_PRECISON_HINT (asked: CPU); did you mean INFERENCE_PRECISION_HINT?" in found.said
    )
    assert found.measured == []


def test_of_an_option_that_is_another_plugins_nothing_is_said(session, pytester):
    pytester.makeconftest("def pytest_addoption(parser): parser.addoption('--model', default='theirs')")
    found = session(f"{model('net')}{BOUND}def test_it(): ...\n")
    assert (found.status, found.outcomes) == (0, {"it": "passed"}), found.said
    assert "did nothing here" not in found.said


def test_a_bound_that_what_is_better_breaks_is_asked_about(session):
    found = session(
        model("net") + '@pytest.mark.claim(P99(A) >= "1 ms", FPS(A) >= 2, P99(A) <= 1.5 * P99(B))\ndef test_it(): ...\n'
    )
    line = HEAD.count("\n") + 1
    assert found.outcomes == {"it": "passed"}
    assert (
        f"NOTE: test_it.py:{line}: what is better breaks this claim (p99 latency of AUTO-LATENCY is at least 1 ms): was <= meant?"
        in found.said
    )
    assert found.said.count("what is better breaks this claim") == 1


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--benchmark-only", "--forked"])
def test_what_would_skip_or_lose_what_is_claimed_is_refused(session, pytester, option):
    if option == "--forked":
        pytester.makeconftest("def pytest_addoption(parser): parser.addoption('--forked', action='store_true')")
    found = session(CLAIMS, option)
    assert found.status == 2
    assert {"--benchmark-only": "choose tests by -m claim", "--forked": "run pytest without --forked"}[
        option
    ] in found.said
    assert found.measured == []


MADE = """
import numpy as np
def frames():
    return {returned}
@pytest.mark.model("net.onnx", inputs=frames)
@pytest.mark.claim(P99(A) <= "12 ms")
def test_fed(): ...
"""
PORT = Port("data", "f32", (2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("returned", ["dict(data=[[1, 1, 1]] * 2)", "np.ones((2, 3))", "[np.ones((2, 3), np.float32)]"])
def test_a_function_makes_what_the_model_is_fed(session, returned):
    fed = []

    def turn(model, study, condition, number):
        fed.append(GivenInputs(MadeUpRig.last.inputs).arrays([PORT])[0].tolist())
        return GOOD

    found = session(MADE.format(returned=returned), "--gate=off", turn=turn)
    assert (found.status, found.outcomes) == (0, {"fed": "passed"}), found.said
    assert fed[0] == [[1.0] * 3] * 2
    assert "inputs by frames()): 1" in found.said
    assert MadeUpRig.last.inputs_by == "frames()"
    assert "source auto" not in found.said


@pytest.mark.slow
def test_what_a_function_made_that_does_not_fit_is_said_of_the_function_and_of_no_option(session):
    def turn(model, study, condition, number):
        given = MadeUpRig.last
        GivenInputs(given.inputs, given.inputs_by).arrays([PORT])

    found = session(MADE.format(returned="dict(feet=np.ones((2, 3)))"), "--gate=off", turn=turn)
    assert found.status == 2, found.said
    place = f"test_it.py:{HEAD.count(chr(10)) + 4}: "
    assert f"{place}what frames() returned has 'feet', which is no input of the model: it takes data" in found.said
    assert ".npz" not in found.said
    assert "--inputs" not in found.said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("1 / 0", "the inputs cannot be made: frames() raised ZeroDivisionError: division by zero"),
        (
            "{'data': 'picture'}",
            "what frames() returned cannot be fed: the input data is of the type str, and no array",
        ),
        ("None", "what frames() returned cannot be fed: the input 0 is of the type NoneType, and no array of numbers"),
    ],
)
def test_what_a_function_cannot_make_is_told_with_its_place(session, returned, told):
    found = session(MADE.format(returned=returned))
    assert found.status == 2
    assert f"test_it.py:{HEAD.count(chr(10)) + 4}: {told}" in found.said
    assert "Traceback" not in found.said
    assert found.measured == []


FACT = "@pytest.mark.claim(A.ran_on('CPU'))\ndef test_fact(): ...\n"
ABSENT = "@pytest.mark.claim(P99(on('NPU')) <= '1 s')\ndef test_npu(): ...\n"


@pytest.mark.slow
def test_facts_alone_have_nothing_to_judge_and_a_model_that_was_not_judged_is_not_green(session):
    found = session(model("one") + FACT, "--gate=fail", "--precision=FP32")
    assert "NOTE: --precision did nothing here: each chosen test names its model" in found.said
    assert (found.status, found.outcomes) == (0, {"fact": "passed"}), found.said
    assert "NOTE: the gate judges figures, and the chosen tests have none" in found.said
    found = session(f"{model('one')}{BOUND}def test_one(): ...\n{model('two')}{ABSENT}", "--gate=fail")
    assert "did nothing here" not in found.said
    assert found.outcomes == {"one": "passed", "npu": "skipped"}
    assert found.status == 1
    assert "the gate judged nothing of the model two, and is not green" in found.said
    assert "judged nothing of the model one" not in found.said


@pytest.mark.slow
def test_a_change_of_one_model_fails_its_test_alone_and_which_file_is_meant_is_said(session, monkeypatch):
    monkeypatch.setattr(Run, "fingerprint", property(lambda run: Fingerprint({"of": run.own})))
    both = "".join(
        f"{model(name)}@pytest.mark.claim(P99(A) <= '90 ms')\ndef test_{name}(): ...\n" for name in ("one", "two")
    )
    chance = random.Random(1)

    def turn(slower):
        def turn(model, study, condition, number):
            factor = (slower if model == "two" else 1) * chance.uniform(0.999, 1.001)
            return {**GOOD, "process_p99_ms": 10.0 * factor}

        return turn

    for _ in range(6):
        found = session(both, "--gate=fail", turn=turn(1))
        assert found.status == 0, found.said
    found = session(both, "--gate=fail", turn=turn(3))
    assert found.outcomes == {"one": "passed", "two": "failed"}, found.said
    assert "accept this model's file, as is said there (standing: …)" in found.said
    assert [standing(found, name) for name in ("one", "two")] == ["accepted", "quarantined"]
    assert f"accept {found.runs['two'].history_file}" in found.said
    assert "standing: quarantined (slower: two: " in found.said
    busy = "other processes took 1.88 of 2 processors while it measured"
    monkeypatch.setattr(Run, "unfit", lambda run: [busy])
    found = session(both, "--gate=fail", turn=turn(3))
    assert [standing(found, name) for name in ("one", "two")] == ["pending", "quarantined"]
    assert f"standing: pending ({busy}), no later run is judged against it; measure again" in found.said
    assert re.search(rf"standing: quarantined \(slower: two: .*; {busy}\), no later run is judged", found.said)
    assert found.said.count("standing: pending") == 1, "the file of the red one says quarantined"


CLAIMS = """
pytestmark = pytest.mark.model("net.onnx")
@pytest.mark.claim(P99(A) <= "12 ms")
def test_bound(): ...
@pytest.mark.claim(FPS(A) >= 0.5 * FPS(B))
def test_ratio(): ...
"""


@pytest.mark.parametrize(("options", "told"), [(("-o", "junit_family=xunit1"), 0), ((), 1)], ids=["xunit1", "default"])
def test_a_junit_file_without_evidence_is_told_once(session, tmp_path, options, told):
    text = f"{BOUND}def test_one(): ...\n\n\n{OTHER}def test_two(): ...\n"
    found = session(text, f"--junitxml={tmp_path / 'junit.xml'}", *options)
    assert found.status == 0
    assert found.said.count("the JUnit file has no evidence") == told
    assert ("evidence" in (tmp_path / "junit.xml").read_text(encoding="utf-8")) is not bool(told)


def test_of_two_claims_each_has_its_own_words_after_the_docstring(session):
    two = '@pytest.mark.claim(P99(A) <= "12 ms", P99(B) <= "1 s")\n'
    found = session(f'{two}def test_one():\n    """All in time."""\n\n\n{OTHER}def test_two(): ...\n')
    assert found.status == 0
    (run,) = found.runs.values()
    sentences = {each.claim.sentence for result in run.results for each in result.verdicts()}
    assert sentences >= {
        "All in time: p99 latency of AUTO-LATENCY is at most 12 ms",
        "All in time: p99 latency of AUTO-THROUGHPUT is at most 1 s",
    }
