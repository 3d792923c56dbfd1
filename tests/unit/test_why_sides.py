"""What A and B may be called, and what is said of what they may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.lab.why import sides
from autogauge.measuring.progress import Silent
from autogauge.runtimes import prepared
from autogauge.targets import Target
from tests.cases import each_of

BASE = Target.with_hint("AUTO", "LATENCY")
NOWHERE = Path("no/history")


def test_a_side_is_what_runs_and_what_is_compiled_for(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    model = tmp_path / "a.xml"
    model.touch()
    release, here = sides.both("2025.4.1", "here", BASE, NOWHERE)
    assert (release.runs_on, release.target(BASE)) == ("2025.4.1", BASE)
    assert (here.runs_on, here.target(BASE)) == ("", BASE)
    environment, file = sides.both(str(tmp_path), str(model), BASE, NOWHERE)
    assert (environment.runs_on, environment.model) == (str(tmp_path), None)
    assert (file.runs_on, file.model) == (str(model), model)
    device, properties = sides.both("CPU", "NUM_STREAMS=2", BASE, NOWHERE)
    assert (device.runs_on, device.target(BASE)) == ("", Target.with_hint("CPU", "LATENCY"))
    assert properties.target(BASE).properties == {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "2"}


@each_of(
    ("a", "b", "said"),
    [
        ("2025.4.1", "2025.4.1", "A and B are both 2025.4.1"),
        ("20.4", "here", "there is no '20.4': give a release"),
        ("here", "no/such/folder", "no/such/folder"),
    ],
)
def test_what_is_no_side_is_said_of_the_side_that_it_is(a, b, said):
    with pytest.raises(UserError, match=said) as caught:
        sides.both(a, b, BASE, NOWHERE)
    assert "--reference" not in str(caught.value)


def test_runtimes_are_named_as_by_reference_and_room_is_asked_for_both_before_either_is_installed(monkeypatch):
    asked = []
    monkeypatch.setattr(prepared, "require_room", lambda several, *_: asked.append([each.text for each in several]))
    sides.require_room(sides.both("2025.4", "2024.6.0", BASE, NOWHERE), None, Silent())
    assert asked == [["2025.4"], ["2024.6.0"], ["2025.4", "2024.6.0"]]
    monkeypatch.undo()
    with pytest.raises(UserError, match=r"has not the API.*take a later one \(A\)"):
        sides.require_room([sides.parse("A", "2021.4", BASE, NOWHERE)], None, Silent())


@each_of(
    ("text", "said"),
    [
        ("openvino-1.whl", "there is no file openvino-1.whl"),
        ("{}/openvino-1.whl", "does not have the name of a wheel"),
        ("{}/numpy-2.0.0-py3-none-any.whl", "is a wheel of numpy, not of openvino"),
        ("{}", "is no virtual environment and no unpacked archive"),
        ("num_streams=2", "'num_streams=2' has a property in small letters"),
    ],
)
def test_what_cannot_be_a_runtime_is_said_of_the_side(tmp_path, text, said):
    if text.startswith("{}/"):
        Path(text.format(tmp_path)).touch()
    with pytest.raises(UserError, match=said) as caught:
        sides.parse("B", text.format(tmp_path), BASE, NOWHERE)
    assert str(caught.value).endswith("(B).")
    assert "--reference" not in str(caught.value)


@each_of(
    ("words", "said"),
    [
        (("here", "here"), "A and B are both here"),
        (
            ("here", "CPU", "--blocks=5"),
            "5 blocks are too few for an interval at 95 %: measure at least 6, and 10 for intervals of layers (--blocks)",
        ),
        (("here", "CPU", "--hint=FAST"), "there is no hint 'FAST'"),
        (("here", "CPU", "--script=a.txt"), "a.txt is no name of a script: let it end in .py"),
        (("here", "CPU", "--html=a.json"), "a.json is no name of a page"),
        (("here", "CPU", "--html=no/such/why.html"), "there is no folder"),
        (("here", "CPU", "--script=no/such/why.py"), "there is no folder"),
        (("here", "CPU", "--html=/proc/why.html"), "cannot write the page /proc/why.html: "),
        (("here", "CPU", "--script=/proc/why.py"), "cannot write the script /proc/why.py: "),
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
    done = CliRunner().invoke(app, ["why", str(tmp_path / "a.xml"), "here", "--model=googlenet-v1"])
    assert isinstance(done.exception, UserError)
    assert f"A is the model {tmp_path / 'a.xml'}, and --model names another one" in str(done.exception)
