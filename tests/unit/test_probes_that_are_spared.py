"""What a rig does not ask twice, and what nobody asks of a study that was not chosen."""

import contextlib

from autogauge.cache import Cache
from autogauge.models.resolve import Wanted
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.rig.rig import Asked, Rig
from autogauge.rig.study import Study


def test_a_device_that_could_not_be_asked_what_it_supports_is_not_asked_again(tmp_path):
    asked = []

    class Failing:
        def run_case(self, request, name):
            asked.append(name)
            raise ProbeFailed(Failure("deadline", "start", "no answer within 30 s"))

    rig = Rig(Asked(Wanted.named("x.xml", None, "auto")), Cache(tmp_path), tmp_path, contextlib.nullcontext)
    rig.__dict__["launcher"] = Failing()
    assert [rig.supported("AUTO"), rig.supported("AUTO"), rig.supported("CPU")] == [None, None, None]
    assert asked == ["supported-AUTO", "supported-CPU"]


def test_a_study_that_records_nothing_is_not_asked_what_it_has_on_this_machine():
    class Facts(Study):
        name = "facts"

        def absent(self, rig):
            raise AssertionError("that may take probes")

        conditions = open = absent

    assert Facts().benchmarks(None) == 0
