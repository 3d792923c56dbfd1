"""What was seen of queues of requests is judged rightly, from made observations."""

import pytest

from autogauge.measuring.claim import BEYOND
from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure
from autogauge.probe.seen import Seen
from autogauge.probe.worker.steps import queueing
from autogauge.rig.expecting import deciding_nothing, judge
from autogauge.studies.queues import ADVISED, INFERENCES, LET_GO, QUEUES, TIMES
from tests.cases import each_of

CASES = {case.name: case for case in QUEUES.cases(None)}
HUNG = Failure("deadline", "step 1", "no answer within 20 s")
CRASHED = Failure("signal", "step 1", "ended by SIGSEGV")
DONE = {"let_go_of": TIMES, "called": TIMES * INFERENCES}


def of_queues(value=DONE, error=None, ending=None):
    told = [{"value": {}, "error": None, "seconds": 0.0}]
    told += [] if ending else [{"value": value, "error": error, "seconds": 1.0}]
    return Seen.of(CASES["queues"].steps, told, ending, "")


def of_advised(early, late, before=("(CPU)",), after=("GPU.0",)):
    values = [
        {"devices": [*before], "OPTIMAL_NUMBER_OF_INFER_REQUESTS": early},
        {"devices": [*after], "OPTIMAL_NUMBER_OF_INFER_REQUESTS": late},
    ]
    told = [{"value": value, "error": None, "seconds": 1.0} for value in values]
    return Seen.of(CASES["advised"].steps, told, None, "")


def check(case, seen):
    return judge(CASES[case].expects, seen)[0]


@each_of(
    ("seen", "holds"),
    [
        (of_queues(), True),
        (of_queues({**DONE, "called": TIMES * INFERENCES - 1}), False),
        (of_queues({}, "it throws"), False),
        (of_queues(ending=HUNG), False),
        (of_queues(ending=CRASHED), False),
        (Seen((), None, AutoLog()), None),
    ],
    ids=["let go", "a callback lost", "error", "hung", "crashed", "not begun"],
)
def test_queues_are_let_go_of_or_it_is_told_what_became_of_them(seen, holds):
    assert check("queues", seen)[LET_GO].holds is holds


def test_a_hang_is_the_known_difference_and_nothing_beyond_it():
    found = check("queues", of_queues(ending=HUNG))[LET_GO]
    assert BEYOND not in found.why
    assert "hung, and was to be done" in found.why


@each_of("seen", [of_queues({}, "it throws"), of_queues(ending=CRASHED)], ids=["error", "crash"])
def test_an_error_or_a_crash_is_more_than_the_known_difference(seen):
    assert BEYOND in check("queues", seen)[LET_GO].why


@each_of(
    ("seen", "holds"),
    [
        (of_advised(4, 4), True),
        (of_advised(8, 4), True),
        (of_advised(1, 4), False),
        (of_advised(4, 4, before=["GPU.0"]), None),
        (of_advised(1, 4, after=["(CPU)"]), None),
        (of_advised(None, 4), None),
        (Seen((), None, AutoLog()), None),
    ],
    ids=["enough", "more", "too few", "the GPU answered at once", "never handed over", "not told", "not begun"],
)
def test_what_is_advised_early_is_enough_or_not_known(seen, holds):
    assert check("advised", seen)[ADVISED].holds is holds


def test_no_expectation_decides_nothing():
    assert deciding_nothing(CASES["queues"].expects, of_queues()) == []
    assert deciding_nothing(CASES["advised"].expects, of_advised(4, 4)) == []


class Queue:
    """As ``openvino.AsyncInferQueue`` is used."""

    def __init__(self, compiled, requests):
        self.requests = requests

    def set_callback(self, callback):
        self.callback = callback

    def start_async(self, inputs):
        assert inputs == {0: "array"}
        self.callback("request", None)

    def wait_all(self):
        pass


@pytest.fixture
def stage():
    from types import SimpleNamespace

    return SimpleNamespace(
        ov=SimpleNamespace(AsyncInferQueue=Queue), compile=lambda *given: "compiled", inputs=lambda compiled: ["array"]
    )


def test_the_step_counts_what_was_called(stage):
    assert queueing.queues(stage, dict(CASES["queues"].steps[1])) == DONE
