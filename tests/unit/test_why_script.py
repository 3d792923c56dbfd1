"""The script for an issue's report: it measures what was measured, with openvino and numpy alone."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.cli.why import Shown
from autogauge.errors import UserError
from autogauge.history.recorded import Recorded
from autogauge.lab.why import measured, script
from autogauge.lab.why.finding import Finding
from autogauge.lab.why.script import Reproduced
from autogauge.models.artefact import ModelArtefact
from autogauge.targets import Target
from benchmarks import why_ranks
from tests import whys
from tests.cases import each_of

LATENCY = Target.with_hint("CPU", "LATENCY")


def artefact(path, digest="abc"):
    return ModelArtefact(path.stem, "path", "FP32", path, digest, "unknown")


@pytest.fixture
def side(tmp_path):
    path = tmp_path / "m.xml"
    path.write_text("<net/>")
    path.with_suffix(".bin").write_bytes(b"12")
    return Reproduced(artefact(path), LATENCY, [[1, 3]])


def loaded(monkeypatch, text):
    """The script's functions, without an OpenVINO."""
    monkeypatch.setitem(sys.modules, "openvino", SimpleNamespace(get_version=lambda: "2026.4.1"))
    found = {"__name__": "elsewhere"}
    exec(compile(text, "script", "exec"), found)
    return SimpleNamespace(**found)


def test_it_holds_a_small_model_and_names_a_large_one(side, monkeypatch):
    text = script.text_for(side, ["B is slower.\nimport os"], in_fps=False)
    assert "# B is slower.\n# import os\n" in text
    found = loaded(monkeypatch, text)
    assert (found.DEVICE, found.SHAPES, found.IN_FPS) == ("CPU", [[1, 3]], False)
    assert json.dumps(found.PROPERTIES) == '{"PERFORMANCE_HINT": "LATENCY"}'
    assert set(found.EMBEDDED) == {".xml", ".bin"}
    monkeypatch.setattr(script, "MOST_EMBEDDED", 4)
    without = script.text_for(side, [], in_fps=False)
    assert "EMBEDDED = {}\n" in without
    where = "# The model is not in here: put m.xml and m.bin beside this file, or name the first one.\n"
    assert where in without
    assert where not in text


def test_what_is_other_in_b_is_said(side, tmp_path):
    assert script.of_b(side, side) == []
    b = Reproduced(artefact(tmp_path / "n.xml", "def"), Target("AUTO", {"NUM_STREAMS": "2"}), [[1, 4]], requests=2)
    assert script.of_b(side, b) == [
        "B is the model n.xml: give it as the first argument.",
        "DEVICE, PROPERTIES and COUNTED are A's; B's are 'AUTO', {'NUM_STREAMS': '2'} and {'PERFORMANCE_HINT': 'LATENCY'}.",
        "REQUESTS is A's; B's is 2 (0: as many as the device asks for).",
        "SHAPES are A's, in the order of its inputs; B's are [[1, 4]].",
    ]


def test_layers_are_counted_with_one_stream_and_what_is_judged_is_printed(side, monkeypatch):
    target = Target("CPU", {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": "4", "X": "1"})
    found = loaded(monkeypatch, script.text_for(replace(side, target=target, frames=8, requests=3), [], in_fps=True))
    assert dict(target.properties) == found.PROPERTIES
    assert found.COUNTED == {"PERFORMANCE_HINT": "LATENCY", "X": "1"}
    assert (found.IN_FPS, found.FRAMES, found.REQUESTS) == (True, 8, 3)


def test_the_side_that_was_measured_gives_its_own_model_and_the_shapes_of_what_it_was_fed(side, tmp_path):
    """Where A is what a reference named, the session's model is another one; inputs that are dynamic have the shapes of their arrays."""
    np.savez(tmp_path / "inputs.npz", **{"0": np.ones((2, 3)), "1": np.ones(5)})
    workload = SimpleNamespace(model=side.model, inputs=tmp_path / "inputs.npz", frames=2)
    found = Reproduced.of(SimpleNamespace(workload=workload), LATENCY, 4)
    assert found == Reproduced(side.model, LATENCY, [[2, 3], [5]], 2, 4)


class Port:
    """An input, of which some lengths may be open."""

    def __init__(self, shape, kind=np.float32):
        self.shape, self.element_type = shape, SimpleNamespace(to_dtype=lambda: np.dtype(kind))

    def get_partial_shape(self):
        return SimpleNamespace(is_dynamic=-1 in self.shape)


def test_inputs_have_the_shapes_that_were_measured(side, monkeypatch, tmp_path):
    ports, reshaped = [Port([-1, 3]), Port([4]), Port([2])], {}
    model = SimpleNamespace(inputs=ports, reshape=reshaped.update)
    text = script.text_for(replace(side, shapes=[[5, 3], [4], [7]]), [], in_fps=False)
    found = loaded(monkeypatch, text)
    found.openvino.Core = lambda: SimpleNamespace(read_model=lambda path: model)
    found.core_and_model("m.xml")
    assert reshaped == {ports[0]: [5, 3], ports[2]: [7]}
    model.inputs = ports[:1]
    with pytest.raises(SystemExit, match="this model has 1 inputs, and shapes are there for 3"):
        found.core_and_model("m.xml")


def test_whole_numbers_are_not_all_0(side, monkeypatch):
    found = loaded(monkeypatch, script.text_for(side, [], in_fps=False))
    for kind in (np.int64, np.int32, np.uint8, np.bool_):
        assert [*found.filled(Port([4], kind), np.random.RandomState(0)).astype(int)] == [1, 0, 1, 0]
        assert found.filled(Port([1], kind), np.random.RandomState(0)).all()
    assert found.filled(Port([], np.float32), np.random.RandomState(0)).shape == ()
    assert found.filled(Port([2, 3]), np.random.RandomState(0)).std() > 0


class Request:
    """Its second layer is below a microsecond on average after a few inferences, and said to be NOT_RUN then."""

    latency = 0.1

    def __init__(self):
        self.done, self.resets = 0, 0

    def query_state(self):
        return [SimpleNamespace(reset=self.reset)]

    def reset(self):
        self.resets += 1

    def infer(self):
        self.done += 1

    start_async = infer

    def wait(self):
        assert self.done

    def get_profiling_info(self):
        us = [("conv", 100), ("relu", 1 if self.done < 20 else 0), ("conv", 50), ("pool", 7)]
        return [
            SimpleNamespace(
                node_name=name,
                node_type="X",
                exec_type="jit",
                status="Status.EXECUTED" if each else "Status.NOT_RUN",
                real_time=datetime.timedelta(microseconds=each),
            )
            for name, each in us
        ]


def test_a_layer_that_is_not_run_in_one_profile_shifts_no_other(side, monkeypatch):
    found = loaded(
        monkeypatch,
        script.text_for(side, [], in_fps=False).replace("SECONDS, WARM_UP = 2.0", "SECONDS, WARM_UP = 0.01"),
    )
    request = Request()
    compiled = SimpleNamespace(inputs=[], create_infer_request=lambda: request, get_property=lambda name: {}[name])
    core = SimpleNamespace(compile_model=lambda model, device, properties: compiled)
    told = {name: round(each["us"]) for name, each in found.layers(core, None).items()}
    assert told == {"conv": 150, "pool": 7}
    assert request.resets == request.done  # from the first state each time


def test_frames_are_counted_with_as_many_requests_as_were_in_flight(side, monkeypatch):
    found = loaded(monkeypatch, script.text_for(replace(side, frames=8), [], in_fps=True))
    requests = []
    compiled = SimpleNamespace(
        inputs=[],
        create_infer_request=lambda: requests.append(Request()) or requests[-1],
        get_property=lambda name: {"OPTIMAL_NUMBER_OF_INFER_REQUESTS": 3}[name],
    )
    frames, number = found.frames_per_second(compiled, 0.01)
    assert (number, len(requests)) == (3, 3)
    assert frames > 0
    assert all(each.resets == each.done > 1 for each in requests)


@each_of(("html", "code"), [("gone/why.html", None), (None, "gone/why.py")])
def test_what_was_found_is_printed_before_a_file_that_cannot_be_written(
    side, monkeypatch, capsys, tmp_path, html, code
):
    """The folder was there when it was asked for, before anything was measured; what was found is not lost with it."""
    recorded = Recorded(results=(whys.measured(whys.USUAL, whys.USUAL),))
    monkeypatch.setattr(measured, "keep", lambda run, label: (recorded, tmp_path / "0001.json"))
    study = SimpleNamespace(sides=(SimpleNamespace(text="here"),) * 2, reproduced=[side, side])
    shown = Shown(3, as_json=False, as_markdown=False, html=html and tmp_path / html, script=code and tmp_path / code)
    with pytest.raises(UserError, match="there is no folder"):
        shown.show(study, SimpleNamespace(interrupted=False))
    said = capsys.readouterr()
    assert "Where the time went, layer by layer" in said.out
    assert (
        f"saved: {tmp_path / '0001.json'}; python -m autogauge report {tmp_path / '0001.json'} draws it again"
        in said.out
    )
    assert "written: " not in said.err


def test_what_was_written_is_said_and_what_goes_along_with_it(side, monkeypatch, capsys, tmp_path):
    recorded = Recorded(results=(whys.measured(whys.USUAL, whys.USUAL),))
    monkeypatch.setattr(measured, "keep", lambda run, label: (recorded, tmp_path / "0001.json"))
    study = SimpleNamespace(sides=(SimpleNamespace(text="here"),) * 2, reproduced=[side, side])
    page, code = tmp_path / "why.html", tmp_path / "why.py"
    shown = Shown(3, as_json=False, as_markdown=False, html=page, script=code)
    shown.show(study, SimpleNamespace(interrupted=False))
    assert capsys.readouterr().err == f"written: {code}\nwritten: {page}\n"
    monkeypatch.setattr(script, "MOST_EMBEDDED", 4)
    shown.show(study, SimpleNamespace(interrupted=False))
    files = f"{tmp_path / 'm.xml'} and {tmp_path / 'm.bin'}"
    beside = f"its model goes with it: put {files} beside it, or name it (python why.py m.xml)"
    assert f"written: {code}; {beside}\n" in capsys.readouterr().err


def test_a_layer_with_another_name_there_is_one_line_and_one_that_is_missing_is_an_empty_cell(side, monkeypatch):
    """It is no layer that takes no time."""
    renamed = [(["MatMul_438"], ["loss3/classifier"]), (["a", "b"], ["a_b"])]
    found = loaded(monkeypatch, script.text_for(side, [], in_fps=False, renamed=renamed))
    before = {"MatMul_438": 482.0, "a": 10.0, "b": 20.0, "conv": 5.0, "old": 300.0}
    after = {"loss3/classifier": 80.0, "a_b": 25.0, "conv": 5.0, "new": 200.0}
    here, there = ({name: {"us": us, "kernel": "jit"} for name, us in each.items()} for each in (after, before))
    *lines, last = found.differing(here, there, 9)
    assert [each.split() for each in lines] == [
        ["us", "before", "us", "layer"],
        ["80.0", "482.0", "MatMul_438", "=", "loss3/classifier", "(jit)"],
        ["300.0", "old", "(jit)"],
        ["200.0", "new", "(jit)"],
        ["25.0", "30.0", "a", "+", "b", "=", "a_b", "(jit)"],
        ["5.0", "5.0", "conv", "(jit)"],
    ]
    assert last.startswith("An empty cell: no layer of that name was counted there.")
    _, old, new = lines[1:4]
    assert old.index("300.0") > new.index("200.0"), "each in its column"
    assert len(found.differing(here, {}, 2)) == 3, "of one environment alone nothing is missing"


def test_the_names_that_why_found_to_be_one_are_in_the_script():
    result = whys.measured(whys.USUAL, whys.USUAL)
    result.facts["B counted"]["layers"][3] = whys.layer("late/conv", originals=["conv-3"])
    assert Finding(result).renamed == [(["conv-3"], ["late/conv"])]
    result.facts["A counted"]["layers"][10] = whys.layer("late/conv", type_="Reorder")
    assert Finding(result).renamed == [], "that name is another layer's in A"


@pytest.mark.slow
def test_run_in_two_environments_it_names_the_planted_layer(tmp_path):
    """Here the environments are one, and B is another model with the same names. Ten times the work is more than any neighbour adds."""
    a, b = (
        why_ranks.write(why_ranks.convolutions(4, planted, 31), tmp_path / f"{name}.xml")
        for name, planted in (("a", None), ("b", 2))
    )
    side = Reproduced(artefact(a), LATENCY, [[1, why_ranks.CHANNELS, why_ranks.SIZE, why_ranks.SIZE]])
    text = script.text_for(side, ["Planted."], in_fps=True).replace("SECONDS, WARM_UP = 2.0", "SECONDS, WARM_UP = 0.3")
    (tmp_path / "why.py").write_text(text)
    for words in ([str(a), "--save=a.json"], [str(b), "--against=a.json", "--top=1"]):
        done = subprocess.run(
            [sys.executable, "-I", "why.py", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "frames per second with" in done.stdout
    assert "conv-2" in done.stdout.splitlines()[-1]
