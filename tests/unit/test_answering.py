"""Answers are held against each device's own, by who gave them; what is wrong, missing or late is seen as such."""

from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.cache import Cache
from autogauge.models import tiny
from autogauge.probe.launcher import Launcher
from autogauge.probe.log import AutoLog
from autogauge.probe.request import ProbeRequest
from autogauge.probe.seen import Seen, Step
from autogauge.probe.worker.steps.answering import Rounds, answers
from autogauge.rig import answered
from autogauge.rig.answered import NEAR

F32 = {"INFERENCE_PRECISION_HINT": "f32"}
RELU = {"do": "compile", "model": "relu", "device": "AUTO:CPU", "properties": F32}
STEPS = (
    {"do": "reference", "model": "relu", "device": "CPU", "fill": 1, "properties": F32},
    {**RELU, "as": "relu"},
    *({"do": "answers", "of": "relu", "way": way, "requests": 3, "after": 2, "fill": 1} for way in ("sync", "async")),
    {"do": "answers", "of": "relu", "way": "queue", "requests": 3, "after": 2, "fill": 1, "name": "queue"},
    {"do": "answers", "of": "relu", "fill": 1.5, "name": "wrong"},
    {"do": "answers", "of": "relu", "fill": float("inf"), "name": "infinite"},
    {"do": "reference", "model": "dynamic", "device": "CPU", "shapes": [[1, 16], [3, 16]]},
    {"do": "compile", "as": "dynamic", "model": "dynamic", "device": "AUTO:CPU"},
    {"do": "answers", "of": "dynamic", "shapes": [[1, 16], [3, 16]], "way": "async", "requests": 3, "after": 3},
    {"do": "answers", "of": "dynamic", "shapes": [[3, 16], [1, 16]], "name": "shapes mixed up"},
    {"do": "compile", "as": "sum", "model": "accumulator", "device": "AUTO:CPU"},
    {"do": "infer", "of": "sum", "fill": 1, "times": 3},
    {"do": "states", "of": "sum", "name": "asked"},
    {"do": "states", "of": "sum", "set": 10, "name": "set"},
    {"do": "infer", "of": "sum", "fill": 1, "name": "after it was set"},
    {"do": "states", "of": "sum", "reset": True, "name": "reset"},
    {"do": "infer", "of": "sum", "fill": 1, "name": "after it was reset"},
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """All steps in one process."""
    folder = tmp_path_factory.mktemp("answering")
    models = {name: str(path) for name, path in tiny.paths(Cache(folder)).items()}
    found = Launcher(folder / "probes").run_case(ProbeRequest("case", steps=STEPS, models=models), "answering")
    assert found.ending is None
    assert [step.error for step in found.steps] == [None] * len(STEPS)
    return found


def test_each_way_to_infer_counts_every_answer_and_finds_it_right(seen):
    ways = [step for step in seen.steps if step.asked["do"] == "answers" and step.asked.get("requests") == 3]
    assert [step.value["by"] for step in ways] == [
        *[{"CPU": {"done": 6, "off": {"CPU": 0, "nearest": 0}}}] * 3,
        {"CPU": {"done": 9, "off": {"CPU": 0, "nearest": 0}}},
    ]
    assert all((step.value["failed"], step.value["errors"]) == (0, []) for step in ways)


def test_an_answer_that_is_another_is_seen_by_how_much(seen):
    assert answered.off("wrong", answered.is_device, "CPU")(seen) == 0.5
    assert answered.off_at_all("infinite")(seen) > 1e37
    assert answered.off_at_all("shapes mixed up")(seen) > 1e37


def test_states_are_asked_set_and_reset(seen):
    assert seen.value("infer sum", "answers") == [1, 2, 3]
    assert seen.value("asked") == {"count": 1, "values": [[3] * 16]}
    assert (seen.value("set", "values"), seen.value("after it was set", "answers")) == ([[10] * 16], [11])
    assert (seen.value("reset", "values"), seen.value("after it was reset", "answers")) == ([[0] * 16], [1])


def told(log=None, **value):
    return Seen([Step({"do": "answers", "of": "a"}, value, None, 1.0, log or AutoLog())], None, AutoLog())


HANDED_OVER = told(
    devices=["(CPU)", "transition", "GPU.0", "(CPU)", "GPU.0"],
    by={
        "(CPU)": {"done": 4, "off": {"CPU": 0.0, "GPU": 3e-7, "nearest": 0.0}},
        "transition": {"done": 1, "off": {"CPU": 3e-7, "GPU": 2e-7, "nearest": 2e-7}},
        "GPU.0": {"done": 3, "off": {"CPU": 3e-7, "GPU": 1e-9, "nearest": 1e-9}},
    },
    failed=2,
)


def test_who_answered_is_told_apart():
    assert answered.off("answers a", answered.is_helper, "GPU")(HANDED_OVER) == 3e-7
    assert answered.off("answers a", answered.is_device, "GPU")(HANDED_OVER) == 1e-9
    assert answered.off_at_all("answers a")(HANDED_OVER) == 2e-7
    assert answered.failed("answers a")(HANDED_OVER) == 2


def test_a_hand_over_is_once_and_for_good():
    order = answered.order("answers a")
    assert not answered.handed_over.holds(order(HANDED_OVER))
    assert answered.handed_over.holds(order(told(devices=["(CPU)", "transition", "GPU.1"])))
    assert answered.handed_over.holds(order(told(devices=["(CPU)", "GPU"])))
    finished = AutoLog(finished=["CPU", "GPU.0"])
    assert not answered.handed_over.holds(order(told(finished, devices=["(CPU)"])))


@pytest.mark.parametrize("log", [AutoLog(), AutoLog(finished=["CPU"])])
def test_an_accelerator_that_compiles_to_the_end_is_not_known_to_take_over(log):
    assert answered.order("answers a")(told(log, devices=["(CPU)"])) is None


def test_what_was_not_seen_is_not_known():
    nothing = Seen([], None, AutoLog())
    for found in (nothing, told(devices=["GPU.0"], by={})):
        assert answered.order("answers a")(found) is None
        assert answered.off("answers a", answered.is_helper, "CPU")(found) is None
        assert answered.off_at_all("answers a")(found) is None
    assert answered.off("answers a", answered.is_helper, "NPU")(HANDED_OVER) is None
    assert answered.failed("answers a")(nothing) is None
    assert answered.became("answers a")(nothing) is None


def test_near_is_not_exact():
    assert answered.exactly.holds(0.0)
    assert not answered.exactly.holds(1e-12)
    assert answered.near.holds(NEAR)
    assert not answered.near.holds(2 * NEAR)


class Lazy:
    """An infer request that gives back the last answer, or none at all."""

    def __init__(self, fails=False):
        self.output, self.fails = np.ones(16, np.float32), fails

    def set_input_tensor(self, index, tensor):
        """What is given in changes nothing."""

    def get_output_tensor(self, index):
        return SimpleNamespace(data=self.output)

    def start_async(self):
        if self.fails:
            raise RuntimeError("it does not start")

    infer = wait = start_async


def rounds_of(*requests, way):
    made = iter(requests)
    compiled = SimpleNamespace(create_infer_request=lambda: next(made), get_property=lambda name: ["GPU.0"])
    stage = SimpleNamespace(
        inputs=lambda compiled, fill, shape: [np.zeros(16, np.float32)],
        ov=SimpleNamespace(Tensor=lambda data: SimpleNamespace(data=data)),
    )
    rounds = Rounds(stage, compiled, {"way": way, "requests": len(requests)}, {"CPU": [[np.ones(16, np.float32)]]})
    rounds.one()
    return rounds.told()


@pytest.mark.parametrize("way", ["sync", "async"])
def test_the_last_answer_is_not_taken_for_this_one(way):
    assert rounds_of(Lazy(), way=way)["by"]["GPU.0"]["off"]["CPU"] > 1e37


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_request_that_fails_is_told_and_the_others_count(way):
    told = rounds_of(Lazy(), Lazy(fails=True), Lazy(), way=way)
    assert (told["done"], told["failed"], told["devices"]) == (2, 1, ["GPU.0"])
    assert told["errors"] == ["RuntimeError: it does not start"]


class Scripted(Lazy):
    """Gives the answers that it is told, one after the other, and keeps what it is given."""

    def __init__(self, *answers):
        super().__init__()
        self.answers, self.given = list(answers), []

    def set_input_tensor(self, index, tensor):
        self.given.append(float(tensor.data[0]))

    def infer(self):
        self.output[...] = self.answers.pop(0)


def answered_by(request, *devices, after=1, inputs=(0.0,)):
    """The step ``answers`` with a model for which ``devices`` answer by turns, the last of them for good."""
    left = list(devices)
    compiled = SimpleNamespace(
        create_infer_request=lambda: request,
        get_property=lambda name: [left.pop(0) if len(left) > 1 else left[0]],
    )
    stage = SimpleNamespace(
        compiled={"a": compiled},
        model_of={"a": "relu"},
        kept={"references": {"relu": {"CPU": [[np.ones(16, np.float32)]] * len(inputs)}}},
        inputs=lambda compiled, fill, shape: [np.full(16, shape, np.float32)],
        ov=SimpleNamespace(Tensor=lambda data: SimpleNamespace(data=data)),
    )
    return answers(stage, {"do": "answers", "after": after, "shapes": list(inputs), "every_s": 0, "longest_s": 600})


def test_rounds_go_on_until_the_helper_is_gone_and_then_so_many_more():
    told = answered_by(Scripted(*[1] * 9), *["(CPU)"] * 9, "GPU.0", after=2)
    assert told["by"]["(CPU)"]["done"] == 3, "each round asks three times who answers"
    assert told["by"]["GPU.0"]["done"] == 2
    assert told["devices"] == ["(CPU)", "GPU.0"]


def test_one_wrong_answer_among_many_is_kept():
    assert answered_by(Scripted(1, 1.5, 1), "GPU.0", after=3)["by"]["GPU.0"]["off"] == {"CPU": 0.5, "nearest": 0.5}


def test_shapes_are_taken_by_turns():
    request = Scripted(1, 1, 1, 1, 1)
    answered_by(request, "GPU.0", after=5, inputs=(1.0, 2.0, 3.0))
    assert request.given == [1, 2, 3, 1, 2]
