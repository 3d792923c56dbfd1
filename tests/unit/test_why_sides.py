"""What A and B may be called, and what is said of what they may not."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.lab.why import script, sides
from autogauge.models.artefact import ModelArtefact
from autogauge.targets import Target
from tests.cases import each_of
from tests.support import run_cli

BASE = Target.with_hint("AUTO", "LATENCY")


def test_a_side_is_what_runs_and_what_is_compiled_for(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    model = tmp_path / "a.xml"
    model.touch()
    release, here = sides.both("2025.4.1", "here")
    assert (release.runs_on, release.target(BASE)) == ("2025.4.1", BASE)
    assert (here.runs_on, here.target(BASE)) == ("", BASE)
    environment, file = sides.both(str(tmp_path), str(model))
    assert (environment.runs_on, environment.model) == (str(tmp_path), None)
    assert (file.runs_on, file.model) == (str(model), model)
    device, properties = sides.both("CPU", "NUM_STREAMS=2")
    assert (device.runs_on, device.target(BASE)) == ("", Target.with_hint("CPU", "LATENCY"))
    assert properties.target(BASE).properties == {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "2"}


@each_of(
    ("a", "b", "said"),
    [
        ("2025.4.1", "2025.4.1", "A and B are both 2025.4.1"),
        ("20.4", "here", "A is to be a release"),
        ("here", "no/such/folder", "B is to be a release"),
    ],
)
def test_what_is_no_side_is_said_of_the_side_that_it_is(a, b, said):
    with pytest.raises(UserError, match=said) as caught:
        sides.both(a, b)
    assert "--reference" not in str(caught.value)


@each_of(
    ("words", "said"),
    [
        (("here", "here"), "A and B are both here"),
        (("here", "CPU", "--blocks=5"), "5 blocks are too few for an interval at 95 %: measure at least 6 (--blocks)"),
        (("here", "CPU", "--hint=FAST"), "there is no hint 'FAST'"),
        (("here", "CPU", "--script=a.txt"), "a.txt is no name of a script: let it end in .py"),
        (("here", "CPU", "--html=a.json"), "a.json is no name of a page"),
        (("here", "CPU", "--json", "--markdown"), "choose one"),
        (("here", "CPU", "--model=no-such-model"), "no model is called 'no-such-model'"),
        (("here", "CPU", "--wait=maybe"), "--wait"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, monkeypatch, words, said):
    monkeypatch.setenv("AUTOGAUGE_LOCK", str(tmp_path / "lock"))
    done = CliRunner().invoke(app, ["why", *words, f"--reports={tmp_path}"])
    assert isinstance(done.exception, UserError), done.output
    assert said in str(done.exception)
    assert not list(tmp_path.glob("why*"))


def test_a_model_as_a_side_leaves_no_room_for_another(tmp_path):
    (tmp_path / "a.xml").touch()
    done = run_cli("why", str(tmp_path / "a.xml"), "here", "--model=googlenet-v1")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"A is the model {tmp_path / 'a.xml'}, and --model names another one" in done.stderr


def test_the_script_holds_a_small_model_and_names_a_large_one(tmp_path, monkeypatch):
    path = tmp_path / "m.xml"
    path.write_text("<net/>")
    path.with_suffix(".bin").write_bytes(b"12")
    model = ModelArtefact("m", "path", "FP32", path, "abc", "unknown")
    found = {}
    text = script.text_for(model, Target.with_hint("CPU", "LATENCY"), {"x": [1, 3]}, ["B is slower.\nimport os"])
    compile(text, "script", "exec")
    assert "# B is slower.\n# import os\n" in text
    values = text.split("# --- what is measured\n")[1].split("# --- how")[0]
    exec(values, found)
    assert (found["DEVICE"], found["SHAPES"]) == ("CPU", {"x": [1, 3]})
    assert json.dumps(found["PROPERTIES"]) == '{"PERFORMANCE_HINT": "LATENCY"}'
    assert set(found["EMBEDDED"]) == {".xml", ".bin"}
    assert script.of_b(Target("CPU"), Target("CPU"), None) == []
    assert script.of_b(Target("CPU"), Target("AUTO", {"X": "1"}), path) == [
        "B is the model m.xml: give it as the first argument.",
        "DEVICE and PROPERTIES are A's; B's are 'AUTO' and {'X': '1'}.",
    ]
    monkeypatch.setattr(script, "MOST_EMBEDDED", 4)
    assert "EMBEDDED = {}\n" in script.text_for(model, Target("CPU"), {}, [])
