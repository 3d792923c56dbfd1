"""A claim about an accelerator passes only where the accelerator answered."""

from autogauge.measuring import answered
from autogauge.measuring.claim import Ratio
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.rig.fresh import FIL
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target
from tests.cases import each_of

NO_FALLBACK = {"ENABLE_STARTUP_FALLBACK": "NO"}


def study_of(auto, by_auto, other, by_other, auto_s=0.1, other_s=1.0):
    conditions = (Condition("AUTO", auto), Condition("other", other))
    claim = Ratio("below", "AUTO comes first", FIL, "AUTO", "other", "at most", 1.0)
    study = Result("fil", conditions, (claim,), Plan(looks=(6,), budget_s=60), 1)
    for index in range(12):
        samples = {
            "AUTO": Sample({"fil_s": auto_s}, execution_devices=tuple(by_auto)),
            "other": Sample({"fil_s": other_s}, execution_devices=tuple(by_other)),
        }
        study.replicates.append(Replicate(index, ("AUTO", "other"), samples))
    return study


@each_of(
    ("auto", "by_auto", "other", "by_other", "passes"),
    [
        (Target("AUTO"), ["(CPU)"], Target("GPU"), ["GPU.0"], True),
        (Target("AUTO"), ["(CPU)", "GPU.0"], Target("GPU"), ["GPU.0"], True),
        (Target("AUTO:GPU.1,CPU"), ["(CPU)"], Target("GPU.1"), ["GPU.1"], True),
        (Target("AUTO"), ["CPU"], Target("GPU"), ["GPU.0"], False),
        (Target("AUTO"), ["(CPU)", "CPU"], Target("GPU"), ["GPU.0"], False),
        (Target("AUTO"), ["NPU"], Target("GPU"), ["GPU.0"], False),
        (Target("AUTO:NPU,CPU"), ["(CPU)"], Target("NPU"), ["CPU"], False),
        (Target("AUTO", NO_FALLBACK), ["GPU.0"], Target("GPU"), ["GPU.0"], True),
        (Target("AUTO", NO_FALLBACK), ["(CPU)"], Target("GPU"), ["GPU.0"], False),
        (Target("AUTO"), ["CPU"], Target("CPU"), ["CPU"], True),
        (Target("AUTO", {"PERFORMANCE_HINT": "LATENCY"}), ["GPU.0"], Target("AUTO"), ["GPU.0"], True),
        (Target("GPU", {"PERFORMANCE_HINT": "LATENCY"}), ["CPU"], Target("GPU"), ["GPU"], False),
    ],
)
def test_a_pass_needs_the_answer_of_the_accelerator_that_it_is_about(auto, by_auto, other, by_other, passes):
    (verdict,) = study_of(auto, by_auto, other, by_other).verdicts()
    assert verdict.outcome is (Outcome.PASS if passes else Outcome.INCONCLUSIVE)
    assert ("was answered by" in verdict.evidence()) is not passes


def test_a_failure_stays_one_whoever_answered():
    study = study_of(Target("AUTO"), ["CPU"], Target("GPU"), ["GPU.0"], auto_s=2.0)
    assert study.verdicts()[0].outcome is Outcome.FAIL


def test_the_reason_names_who_answered_and_what_the_claim_is_about():
    study = study_of(Target("AUTO"), ["CPU"], Target("GPU"), ["GPU.0"])
    reason = answered.why_empty(study, study.claims[0])
    assert reason == "AUTO was answered by CPU, so this says nothing about GPU"
