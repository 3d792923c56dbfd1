"""A saved run's condition as a side of ``why``: what its file says is taken, what it does not say is refused."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history import run_file
from autogauge.lab.releases import kept
from autogauge.lab.why import measured, sides
from autogauge.lab.why.study import Why
from autogauge.measuring.condition import PINNED, REFERENCE, Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Replicate, Result
from autogauge.probe.identity import Identity, Runtime
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.targets import Target
from tests.cases import each_of

BASE = Target.with_hint("AUTO", "LATENCY")
HERE, OLD = "2026.4.1-1-abc", "2024.6.0-2-def"
MODEL = {"name": "small-cnn", "source": "embedded", "precision": "FP16", "digest": "d" * 64, "words": "small-cnn FP16"}
OPTIONS = {"--model": "small-cnn", "--precision": "FP16", "--model-source": "auto", "--reference": "2024.6"}


def saved(folder, *, openvino=HERE, model=MODEL, options=OPTIONS, accelerator="auto"):
    """A run's file with conditions of every kind."""
    conditions = {
        "hints": [
            Condition("AUTO-LATENCY", BASE),
            Condition("AUTO-THROUGHPUT", Target.with_hint("AUTO", "THROUGHPUT"), infer_requests=3),
            Condition("AUTO-LATENCY@reference", BASE, role=REFERENCE, runs_on=REFERENCE),
            Condition("pinned-LATENCY", Target.with_hint("CPU", "LATENCY"), role=PINNED, runs_on=PINNED),
        ],
        "first inference latency": [Condition("AUTO", Target("AUTO"))],
        "memory and threads": [Condition("AUTO", Target("AUTO:CPU")), Condition("CPU", Target("CPU"))],
        "AUTO's price": [Condition("tiny", Target("CPU"), runs_on="the tiny model")],
        "starts with a cache": [Condition("CPU cold", Target("CPU"))],
    }
    results = []
    for name, every in conditions.items():
        result = Result(name, tuple(every), (), Plan((1,), 1.0), 0, replicates=[Replicate(0, ())])
        if name != "starts with a cache":
            result.facts = {each.name: {"openvino": OLD if each.runs_on == REFERENCE else openvino} for each in every}
        results.append(result)
    words = {"openvino": openvino, "machine": "lab-02", "model": model, "options": options, "accelerator": accelerator}
    document = run_file.document([], {"node": "lab-02"})
    path = folder / "0001_run.json"
    path.write_text(json.dumps(run_file.add(document, words, results, [], None)))
    return path


def side(text, name="B"):
    return sides.parse(name, str(text), BASE, sides.Path("none"))


def rig(openvino):
    return SimpleNamespace(inspection=SimpleNamespace(openvino=openvino))


def test_a_condition_takes_its_target_requests_model_and_openvino_from_the_file(tmp_path):
    path = saved(tmp_path)
    found = side(f"{path}::AUTO-THROUGHPUT")
    assert found.target(BASE) == Target.with_hint("AUTO", "THROUGHPUT")
    assert (found.infer_requests, found.runs_on, found.of_run.openvino) == (3, "", HERE)
    assert sides.fed([side("CPU"), found], dict.fromkeys(("--model", "--shape")))["--model"] == "small-cnn"
    assert found.of_run.fed["--model-source"] == "embedded"
    assert found.label.endswith("0001_run.json::AUTO-THROUGHPUT")


def test_a_run_alone_is_the_condition_that_compiles_as_both_sides_do(tmp_path):
    path = saved(tmp_path)
    assert side(path).of_run.condition.name == "AUTO-LATENCY"
    folder = tmp_path / "history" / "lab-02"
    folder.mkdir(parents=True)
    path.rename(folder / path.name)
    assert sides.parse("A", "lab-02/1", BASE, tmp_path / "history").of_run.condition.name == "AUTO-LATENCY"


def test_a_run_of_why_has_two_sides_and_neither_is_taken_silently(tmp_path):
    """Both compile alike, and one ran on another release."""
    conditions = [
        Condition("A", BASE, runs_on="2024.6", own_labels={"side": "A"}),
        Condition("A counted", BASE, runs_on="2024.6"),
        Condition("B", BASE, own_labels={"side": "B"}),
        Condition("B counted", BASE),
    ]
    result = Result("why", tuple(conditions), (), Plan((1,), 1.0), 0, replicates=[Replicate(0, ())])
    result.facts = {each.name: {"openvino": OLD if each.runs_on else HERE} for each in conditions}
    words = {"openvino": HERE, "machine": "lab-02", "model": MODEL, "options": OPTIONS, "accelerator": "auto"}
    path = tmp_path / "0001_why.json"
    path.write_text(json.dumps(run_file.add(run_file.document([], {"node": "lab-02"}), words, [result], [], None)))
    with pytest.raises(UserError) as caught:
        side(path)
    assert str(caught.value).endswith(f"is there in several ways: name one as {path}::why::A or {path}::why::B (B).")
    assert side(f"{path}::A").of_run.openvino == OLD
    assert side(f"{path}::why::B").of_run.openvino == HERE


def test_the_twin_on_a_reference_runs_on_what_that_named(tmp_path):
    found = side(f"{saved(tmp_path)}::AUTO-LATENCY@reference")
    assert (found.reference.named.text, found.of_run.openvino, found.of_run.release) == ("2024.6", OLD, "2024.6.0")
    assert found.runs_on == found.text
    assert found.reference.option == "B"


def test_this_sessions_openvino_serves_where_it_is_that_very_build_else_the_release_does(tmp_path):
    found = side(f"{saved(tmp_path)}::AUTO-LATENCY")
    assert sides.settled(rig(HERE), found) is found
    other = sides.settled(rig("2026.4.1-9-other"), found)
    assert (other.runs_on, other.reference.named.text) == (found.text, "2026.4.1")
    assert sides.settled(rig("2025.1.0-1-x"), side("here")) == side("here")


def set_up_on(openvino, digest="d" * 64, *, works=True):
    runtime = Runtime(sys.executable)
    if openvino:
        runtime.check(Identity(openvino, "/env", "/env"))
    model = SimpleNamespace(digest=digest, name="small-cnn")

    def describe(**_):
        if not works:
            raise ProbeFailed(Failure("deadline", "compile", "no answer within 3 s"))
        return {
            "targets": [
                {key: [] for key in ("absent", "only_read", "asked", "known", "available", "unknown", "refused")}
            ],
            "openvino": openvino,
        }

    launcher = SimpleNamespace(runtime=runtime, describe=describe)
    return SimpleNamespace(launcher=launcher, workload=SimpleNamespace(model=model))


def set_up(prepared, found):
    """What the rig has for a side is this; the rest of it is not asked."""
    rig = SimpleNamespace(setup=lambda *_: prepared, deadlines=SimpleNamespace(probe_s=3.0))
    return sides.set_up(rig, found, BASE)


def test_another_build_or_another_model_than_was_saved_is_refused(tmp_path):
    found = side(f"{saved(tmp_path)}::AUTO-LATENCY")
    assert set_up(set_up_on(HERE), found)
    with pytest.raises(
        UserError, match=r"ran on openvino 2026\.4\.1-1-abc, and what can be had is openvino 2026\.4\.1-7"
    ):
        set_up(set_up_on("2026.4.1-7-zzz"), found)
    with pytest.raises(UserError, match="ran the model small-cnn FP16, and small-cnn has the SHA-256 eeeeeeeeeeee now"):
        set_up(set_up_on(HERE, "e" * 64), found)


def test_what_a_run_had_is_held_against_what_is_here_also_where_no_probe_says_what_a_target_is(tmp_path):
    """Its turns might work: then another build or model would be measured in the run's name."""
    found = side(f"{saved(tmp_path)}::AUTO-LATENCY")
    assert set_up(set_up_on(HERE, works=False), found)
    with pytest.raises(UserError, match="what can be had is openvino 2026"):
        set_up(set_up_on("2026.4.1-7-zzz", works=False), found)
    with pytest.raises(UserError, match="has the SHA-256 eeeeeeeeeeee now"):
        set_up(set_up_on(HERE, "e" * 64, works=False), found)
    with pytest.raises(UserError, match=r"no probe says what it runs on: no answer within 3 s.*\(B\)\.$"):
        set_up(set_up_on(None, works=False), found)


def test_other_requests_in_flight_are_no_noise_of_the_machine(tmp_path):
    """A and B are the same model, OpenVINO and properties: what differs is asked of only one of them."""
    condition = side(f"{saved(tmp_path)}::AUTO-LATENCY", "A")
    four = replace(condition.of_run, infer_requests=4)
    for a, b, requests, alike in (
        (condition, side("here"), 0, True),
        (replace(condition, of_run=four), side("here"), 0, False),
        (replace(condition, of_run=four), side("here"), 4, True),
    ):
        rig = SimpleNamespace(asked=SimpleNamespace(infer_requests=requests))
        assert measured.asked_alike(Why(a, b, BASE, 12), rig) is alike, requests


def test_a_run_of_another_machine_is_noted(tmp_path):
    found = side(f"{saved(tmp_path)}::AUTO-LATENCY")
    assert "was saved on lab-02, and is measured anew on bench" in measured.elsewhere(found, "bench")
    assert measured.elsewhere(found, "lab-02") == measured.elsewhere(side("CPU"), "bench") == ""


@each_of(
    ("condition", "said"),
    [
        ("::GPU", "no condition 'GPU' that could be measured anew: it has {}::AUTO-LATENCY, "),
        ("::pinned-LATENCY", "no condition 'pinned-LATENCY'"),
        ("::tiny", "no condition 'tiny'"),
        ("::CPU cold", "no condition 'CPU cold'"),
        (
            "::AUTO",
            "in several ways: name one as {}::first inference latency::AUTO or {}::memory and threads::AUTO (B)",
        ),
        ("::a::b::c", "names no condition of a run"),
        ("::", "names no condition of a run"),
    ],
)
def test_what_is_no_condition_of_the_runs_model_is_refused(tmp_path, condition, said):
    path = saved(tmp_path)
    with pytest.raises(UserError) as caught:
        side(f"{path}{condition}")
    assert said.format(path, path) in str(caught.value)
    assert str(caught.value).endswith("(B).")


def test_one_of_several_studies_can_be_named(tmp_path):
    path = saved(tmp_path)
    assert side(f"{path}::memory and threads::AUTO").target(BASE) == Target("AUTO:CPU")
    assert side(f"{path}::CPU").target(BASE) == Target("CPU")


@each_of(
    ("fields", "said"),
    [
        ({"accelerator": "emulated"}, "was measured with the emulated GPU"),
        ({"options": {}}, "no condition of"),
        ({"openvino": ""}, "no condition"),
    ],
)
def test_a_run_that_does_not_say_enough_is_refused(tmp_path, fields, said):
    with pytest.raises(UserError, match=said):
        side(saved(tmp_path, **fields))


def test_a_path_in_the_home_is_found_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    found = side(
        f"{saved(tmp_path, options={**OPTIONS, '--model': '~/m.xml', '--reference': '~/env'})}::AUTO-LATENCY@reference"
    )
    assert found.reference.named.place == python
    assert found.of_run.fed["--model"] == str(tmp_path / "m.xml")


def test_a_matrix_is_no_run(tmp_path):
    path = saved(tmp_path)
    document = json.loads(path.read_text())
    document[run_file.SECTION][kept.KIND] = "matrix"
    path.write_text(json.dumps(document))
    with pytest.raises(UserError, match=r"is no run but a matrix: name two of its releases, such as 2024\.6\.0 \(B\)"):
        side(path)


def test_two_runs_that_were_fed_otherwise_are_not_compared(tmp_path):
    (tmp_path / "other").mkdir()
    other = saved(
        tmp_path / "other",
        options={**OPTIONS, "--model": "googlenet-v1"},
        model={**MODEL, "words": "googlenet-v1 FP16", "name": "googlenet-v1"},
    )
    ours = side(saved(tmp_path), "A")
    given = dict.fromkeys(("--model", "--shape"))
    with pytest.raises(
        UserError, match="A's run has small-cnn FP16, and B's googlenet-v1 FP16; they differ in --model"
    ):
        sides.fed([ours, side(other)], given)
    with pytest.raises(UserError, match="leave --model out"):
        sides.fed([ours, side("CPU")], {**given, "--model": "x"})
    model = tmp_path / "a.xml"
    model.touch()
    with pytest.raises(UserError, match=r"A is the model .*, and B a run of googlenet-v1 FP16: name B's OpenVINO"):
        sides.fed([side(model, "A"), side(other)], given)


def test_the_command_says_it_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_LOCK", str(tmp_path / "lock"))
    words = [f"{saved(tmp_path)}::GPU", "here", f"--reports={tmp_path}"]
    done = CliRunner().invoke(app, ["why", *words])
    assert isinstance(done.exception, UserError)
    assert str(done.exception).endswith("(A).")
