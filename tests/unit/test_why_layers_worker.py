"""What a probe makes of OpenVINO's profile: microseconds of the timed inferences, whatever the device means by a layer's time."""

from __future__ import annotations

import datetime
import itertools
import random
from types import SimpleNamespace

import pytest

from autogauge.cache import Cache
from autogauge.lab.why import compiled
from autogauge.models import tiny
from autogauge.probe.launcher import Launcher
from autogauge.probe.request import ProbeRequest
from autogauge.probe.worker import graph, layers
from tests.properties import for_all


def info(us, status="Status.EXECUTED", name="conv"):
    real = datetime.timedelta(microseconds=us)
    return SimpleNamespace(node_name=name, node_type="Convolution", exec_type="jit_f32", status=status, real_time=real)


class Request:
    """An infer request of which each inference takes what ``own_us`` says; its profile is of all of them, or of the last."""

    def __init__(self, own_us, *, averages, status="Status.EXECUTED"):
        self.own_us, self.averages, self.status = own_us, averages, status
        self.done = []

    def infer(self):
        self.done.append(next(self.own_us))

    @property
    def latency(self):
        return (self.done[-1] + 40) / 1e3

    def get_profiling_info(self):
        us = sum(self.done) // len(self.done) if self.averages else self.done[-1]
        return [info(us, self.status), info(0, "Status.NOT_RUN", "relu")]


class Compiled:
    """A compiled model with these properties."""

    def __init__(self, **told):
        self.told = told

    def get_property(self, name):
        return self.told[name]

    def get_runtime_model(self):
        raise RuntimeError("not here")


class Subject:
    """As much of a subject as counting asks for."""

    resets_state = False

    def __init__(self, request, compiled, device="CPU", another=None, asked=None):
        self.infer_request, self.compiled, self.another = request, compiled, another
        self.request = {"warm_up_s": 0.0, "measure_s": 0.01, "device": device, "properties": asked or {}}
        self.core, self.model, self.compiled_for = self, None, []
        self.infer_request.infer()

    def infer_anew(self):
        self.infer_request.infer()

    def get_property(self, device, name):
        return dict.fromkeys(("PERF_COUNT", "NUM_STREAMS", "INFERENCE_PRECISION_HINT"), "RW")

    def compile_model(self, _, device, properties):
        self.compiled_for.append((device, properties))
        return Compiled(EXECUTION_DEVICES=["CPU"], NUM_STREAMS=1)

    def new_request(self):
        return self.another


PHASE = SimpleNamespace(enter=lambda name: None)
ON_CPU = {"EXECUTION_DEVICES": ["CPU"], "NUM_STREAMS": 1}


def cold_first(seed=0, steady=1000):
    """A cold inference, then steady ones that vary."""
    noise = random.Random(seed)
    return itertools.chain([90_000], (steady + noise.randrange(600) for _ in itertools.count()))


@pytest.mark.parametrize("averages", [True, False])
def test_the_cold_first_inference_is_in_no_layer_time(averages):
    found = layers.counted(Subject(Request(cold_first(), averages=averages), Compiled(**ON_CPU)), PHASE)
    assert found["averages"] is averages
    assert found["averages_seen"]
    mean_us = 1e3 * sum(found["latencies_ms"]) / len(found["latencies_ms"]) - 40
    assert found["layers_us"][0] == pytest.approx(mean_us, abs=found["step_us"])
    assert [each["executed"] for each in found["layers"]] == [True, False]
    assert found["layers_us"][1] == 0


def test_what_whole_microseconds_drop_is_no_evidence_against_averages():
    """The 600th average, a microsecond up or down, times 600 is off by more than a short inference takes."""
    own = [0.9, *(0.06 + 0.002 * (k % 3) for k in range(20))]
    latencies = [each + 0.01 for each in own]
    sums = [sum(own[: k + 1]) / (k + 1) for k in range(len(own))]
    latencies += [0.071] * 600
    sums += [0.061 + 0.001 * (k % 2) for k in range(600)]
    assert layers.is_average(latencies, sums, 6, True)
    assert layers.is_average(latencies, sums, 6, False)
    flat = [0.061 + 0.001 * (k % 2) for k in range(600)]
    assert layers.is_average([0.071] * 600, flat, 12, True) is None


def test_what_does_not_vary_is_taken_as_the_device_is_known():
    for device, expected in (("CPU", True), ("GPU", False)):
        request = Request(itertools.repeat(1000), averages=device == "CPU")
        found = layers.counted(Subject(request, Compiled(EXECUTION_DEVICES=[device], NUM_STREAMS=1)), PHASE)
        assert (found["averages"], found["averages_seen"]) == (expected, False)
        assert found["layers_us"][0] == pytest.approx(1000, abs=2)


@for_all(lambda st: (st.lists(st.integers(0, 5000), min_size=2, max_size=60), st.data()))
def test_the_average_between_two_averages_is_the_timed_ones(own, data):
    import hypothesis.strategies as st

    before = data.draw(st.integers(1, len(own) - 1))
    first, last = sum(own[:before]) // before, sum(own) // len(own)
    timed = own[before:]
    step = (before + len(own)) / len(timed)
    (found,) = layers.within([first], before, [last], len(own))
    assert found == pytest.approx(sum(timed) / len(timed), abs=step)


def test_auto_that_hands_nothing_on_is_asked_through_its_device_and_that_is_said():
    silent = Request(itertools.repeat(1000), averages=True, status="Status.NOT_RUN")
    counting = Request(cold_first(), averages=True)
    subject = Subject(silent, Compiled(EXECUTION_DEVICES=["CPU"]), "AUTO", counting)
    found = layers.counted(subject, PHASE)
    assert subject.compiled_for == [("CPU", {"PERF_COUNT": "YES", "PERFORMANCE_HINT": "LATENCY"})]
    assert (found["counted_on"], found["counted_why"]) == ("CPU", "AUTO does not hand it on")
    assert found["averages"]
    assert found["layers_us"][0] < 2000


@pytest.mark.parametrize(
    "told", [{"NUM_STREAMS": 2}, {"NUM_STREAMS": "2"}, {"DEVICE_PROPERTIES": {"CPU": {"NUM_STREAMS": 2}}}]
)
def test_of_several_streams_one_is_compiled_since_each_counts_for_itself(told):
    subject = Subject(
        Request(cold_first(), averages=True),
        Compiled(EXECUTION_DEVICES=["CPU"], **told),
        another=Request(cold_first(), averages=True),
    )
    found = layers.counted(subject, PHASE)
    assert subject.compiled_for == [("CPU", {"PERF_COUNT": "YES", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1"})]
    assert found["counted_why"] == "it has 2 streams"


def test_a_device_that_counts_nothing_is_an_error_and_no_empty_profile():
    nothing = Request(itertools.repeat(1000), averages=True, status="Status.NOT_RUN")
    with pytest.raises(RuntimeError, match="CPU counts no layer"):
        layers.counted(Subject(nothing, Compiled(**ON_CPU), another=nothing), PHASE)


def test_a_layer_that_any_profile_executed_was_executed():
    """The CPU says NOT_RUN of each layer whose average, in whole microseconds, is 0 at that moment."""
    own = itertools.chain([900], itertools.repeat(0))  # 1 µs on average up to the 900th inference, and 0 from then on
    found = layers.counted(Subject(Fading(own), Compiled(**ON_CPU)), PHASE)
    assert found["layers_us"][1] <= found["step_us"]
    assert [each["executed"] for each in found["layers"]] == [True, True]


class Fading(Request):
    """The second layer is EXECUTED as long as its average is a microsecond at least, the first always."""

    def __init__(self, own_us):
        super().__init__(own_us, averages=True)

    def get_profiling_info(self):
        us = sum(self.done) // len(self.done) if len(self.done) < 5 else 0
        return [info(100), info(us, "Status.EXECUTED" if us else "Status.NOT_RUN", "relu")]


def test_the_users_properties_stay_where_the_device_itself_is_counted_and_what_it_does_not_take_is_named():
    asked = {
        **{"PERF_COUNT": "YES", "PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "bf16"},
        **{
            "SCHEDULE_POLICY": "ROUND_ROBIN",
            "DEVICE_PROPERTIES": "{CPU:{INFERENCE_PRECISION_HINT:f32,NUM_STREAMS:4},GPU:{X:1}}",
        },
    }
    silent = Request(itertools.repeat(1000), averages=True, status="Status.NOT_RUN")
    subject = Subject(
        silent, Compiled(EXECUTION_DEVICES=["CPU", "GPU"]), "AUTO", Request(cold_first(), averages=True), asked
    )
    found = layers.counted(subject, PHASE)
    kept = {"PERF_COUNT": "YES", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_PRECISION_HINT": "f32"}
    assert subject.compiled_for == [("CPU", kept)]
    assert found["counted_why"] == (
        "AUTO does not hand it on; GPU infers too, and is not counted; without SCHEDULE_POLICY=ROUND_ROBIN, which CPU does not take"
    )


def test_layers_of_several_devices_at_once_are_not_those_of_the_first():
    silent = Request(itertools.repeat(1000), averages=True, status="Status.NOT_RUN")
    subject = Subject(silent, Compiled(EXECUTION_DEVICES=["GPU", "CPU"]), "HETERO:GPU,CPU", silent)
    with pytest.raises(RuntimeError, match="none of GPU and CPU alone has all layers of HETERO:GPU,CPU"):
        layers.counted(subject, PHASE)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("{CPU:{NUM_STREAMS:2,X:a},GPU:{Y:1}}", {"NUM_STREAMS": "2", "X": "a"}),
        ('{"GPU": {"Y": "1"}, "CPU": {"X": "2"}}', {"X": "2"}),
        ({"CPU": {"X": 1}}, {"X": 1}),
        ("{GPU:{Y:1}}", {}),
        (None, {}),
    ],
)
def test_what_was_said_of_one_device_alone(said, expected):
    assert layers.own_properties(said, "CPU") == expected


def test_a_name_with_a_comma_is_one_name():
    names = frozenset({"a,1", "b,1", "c"})
    assert graph.originals_in("a,1,c,b,1", names) == ["a,1", "c", "b,1"]
    assert graph.originals_in("a,1,new", names) == ["a,1"]  # a piece of a name is no name
    assert graph.originals_in("c,new", frozenset({"c"})) == ["c", "new"]


def test_a_property_that_is_not_given_is_not_left_out():
    told = layers.properties_of(Compiled(SUPPORTED_PROPERTIES={"A": "RO", "B": "RO"}, A=1))
    assert told == {"A": 1, "B": compiled.NOT_GIVEN}
    assert layers.NOT_GIVEN == compiled.NOT_GIVEN


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """The chain of convolutions with an input, and a launcher of real probes."""
    import numpy as np

    folder = tmp_path_factory.mktemp("layers")
    np.savez(folder / "inputs.npz", **{"0": np.ones(tiny.IMAGE, np.float32)})
    path = tiny.paths(Cache(folder / "cache"))["chain"]
    request = {"model": str(path), "inputs": str(folder / "inputs.npz"), "warm_up_s": 0.02, "measure_s": 0.05}
    return Launcher(folder / "probes"), request


@pytest.mark.parametrize("device", [pytest.param("CPU", marks=pytest.mark.slow), "AUTO"])
def test_a_real_profile_is_of_the_layers_that_ran(chain, device):
    launcher, fields = chain
    reply, _ = launcher.run_once(ProbeRequest("layers", device=device, counted=True, **fields), device)
    ran = [each for each in reply["layers"] if each["executed"]]
    assert sum(each["type"] == "Convolution" for each in ran) == 4
    assert all(each["kernel"] for each in ran)
    assert {original for each in ran for original in each["originals"]} >= {"Convolution_2", "ReLU_3"}
    assert reply["averages"]
    assert reply["counted_on"] == ""
    mean_ms = sum(reply["latencies_ms"]) / len(reply["latencies_ms"])
    assert 0 < sum(reply["layers_us"]) / 1e3 <= mean_ms
    assert all(us == 0 for us, each in zip(reply["layers_us"], reply["layers"], strict=True) if not each["executed"])
    assert all(each["shapes"].startswith("[1,") for each in ran if each["type"] == "Convolution")


@pytest.mark.slow
def test_a_real_device_that_is_compiled_anew_keeps_the_users_properties(chain):
    launcher, fields = chain
    asked = {"NUM_STREAMS": "2", "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    reply, _ = launcher.run_once(ProbeRequest("layers", device="CPU", counted=True, properties=asked, **fields), "anew")
    assert (reply["counted_on"], reply["counted_why"]) == ("CPU", "it has 2 streams")
    kernels = [each["kernel"] for each in reply["layers"] if each["type"] == "Convolution" and each["executed"]]
    assert len(kernels) == 4
    assert all(each.endswith(("f32", "FP32")) for each in kernels)


def test_without_counting_the_properties_are_of_the_model_in_use(chain):
    launcher, fields = chain
    asked = ProbeRequest(
        "layers", device="CPU", properties={"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": "2"}, **fields
    )
    reply, _ = launcher.run_once(asked, "uncounted")
    assert "layers" not in reply
    assert reply["properties"]["PERF_COUNT"] in ("NO", False)
    assert int(reply["properties"]["NUM_STREAMS"]) == 2
    assert reply["infer_requests"] == 2
    assert reply["inferences_per_second"] > 0
    assert 0 < reply["seconds"]["create_request"] < reply["seconds"]["first_inference"]
