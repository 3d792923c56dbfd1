"""A case in which a deadline passed: on a busy machine it is tried once more, and what hangs again has failed."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from autogauge import causes
from autogauge.contract.differences import DIFFERENCES
from autogauge.measuring.condition import Condition
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.probe.seen import Seen, Step
from autogauge.rig.cases import Case, CaseStudy, CaseTurns
from autogauge.rig.expecting import HUNG, Expect, one_of
from autogauge.studies.model_cache.turns import CachedCase, CachedTurns, Filler
from autogauge.studies.soak import SOAK
from autogauge.targets import Target
from tests.cases import each_of
from tests.support import misbehaving_python

BUSY = "a load of 9 on 2 processors"
LATE = Failure("deadline", "step sleep", "no answer within 3 s")
STEPS = ({"do": "memory"}, {"do": "sleep", "seconds": 0.01})
ENDS = Expect("ends", "the end of the process", lambda seen: seen.became, "done")
HANGS = """
real = time.sleep
if {late!r} == "always" or not os.path.exists({marker!r}):
    open({marker!r}, "w").close()
    time.sleep = lambda seconds: real(60)
"""


@pytest.fixture
def busy(monkeypatch):
    monkeypatch.setattr(causes, "how_busy", lambda: BUSY)


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(causes, "how_busy", lambda: "")


def condition(name="it"):
    return Condition(name, Target(None))


def turns_of(case, launcher=None, kind=CaseTurns, **more):
    rig = SimpleNamespace(
        launcher=launcher, emulation=None, notes=[], inspection=SimpleNamespace(emulated=None), **more
    )
    return kind(rig, SimpleNamespace(name="a study", facts={}), {case.name: case})


class Tries:
    """Turns that see these, one after the other: a step that ended, that passed its deadline, or a process that did not begin."""

    def __init__(self, case, *seen):
        self.turns, self._left, self.count = turns_of(case), list(seen), 0
        self.turns.see = self.see

    def see(self, case):
        self.count += 1
        found = self._left.pop(0)
        if isinstance(found, ProbeFailed):
            raise found
        return found

    def measure(self):
        return self.turns.measure(condition())


def seen(ending=None, do="sleep", error=None, **value):
    failed = (Step({"do": do}, {}, None, None, AutoLog(), ending),) if ending else ()
    return Seen(failed or (Step({"do": do}, value, error, 0.1, AutoLog()),), ending, AutoLog())


def case(*expects, deadline_s=20.0):
    steps = (STEPS[0], {**STEPS[1], "deadline_s": deadline_s})
    return Case("it", "a case", steps, expects or (ENDS,))


# With real processes.


def run_with(tmp_path, late, deadline_s):
    lines = HANGS.format(late=late, marker=str(tmp_path / "was there"))
    turns = turns_of(
        case(deadline_s=deadline_s), Launcher(tmp_path / "probes", Runtime(misbehaving_python(tmp_path, lines)))
    )
    return turns.measure(condition()), turns


def test_a_process_that_is_late_on_a_busy_machine_is_run_once_more(tmp_path, busy):
    sample, turns = run_with(tmp_path, "at first", 2.0)
    assert sample.checks["ends"].holds is True
    told = "tried twice: at first no answer within 2 s during step 1: sleep, and the machine was busy (a load of 9 on 2 processors)"
    assert sample.checks["ends"].why == f"the end of the process: done ({told})"
    assert turns._rig.notes == [f"a study: a case was {told}."]
    (kept,) = turns._result.facts["it"]["replicates"]
    assert [each["became"] for each in kept["steps"]] == ["done", "done"]
    assert [each["became"] for each in kept["first_try"]["steps"]] == ["done", "hung"]
    assert kept["first_try"]["checks"]["ends"]["holds"] is False
    assert len([*(tmp_path / "probes").iterdir()]) <= 4


def test_one_that_really_hangs_has_failed_also_there(tmp_path, busy):
    sample, turns = run_with(tmp_path, "always", 0.2)
    assert sample.checks["ends"].holds is False
    assert "hung" in sample.checks["ends"].why
    assert "tried twice" in sample.checks["ends"].why
    assert sample.outcome == "hung"
    (kept,) = turns._result.facts["it"]["replicates"]
    assert kept["first_try"]["passed"] == "no answer within 0.2 s during step 1: sleep"


# Which are tried again.


def test_a_machine_that_is_not_busy_leaves_a_deadline_as_it_is(quiet):
    tries = Tries(case(), seen(LATE))
    sample = tries.measure()
    assert (tries.count, sample.checks["ends"].holds) == (1, False)
    assert "tried twice" not in sample.checks["ends"].why
    assert not tries.turns._rig.notes


@pytest.mark.parametrize("before", [True, False])
def test_a_load_that_is_over_when_the_deadline_has_passed_counts_too(monkeypatch, before):
    loads = iter([BUSY, ""] if before else ["", BUSY])
    monkeypatch.setattr(causes, "how_busy", lambda: next(loads))
    tries = Tries(case(), seen(LATE), seen())
    assert tries.measure().checks["ends"].holds is True
    assert tries.count == 2


@each_of(
    ("first", "expect", "why"),
    [
        (
            seen(do="infer", never=2),
            Expect("all", "never", lambda seen: seen.value("infer", "never"), 0),
            "2 never came back during infer",
        ),
        (
            seen(do="wait", devices=["(CPU)"]),
            Expect("gpu", "who", lambda seen: seen.value("wait", "devices"), ["GPU"]),
            "no accelerator answered in time during wait",
        ),
        (
            seen(do="select", devices=["GPU"], end=["(CPU)"]),
            Expect("gpu", "who", lambda seen: seen.value("select", "end"), ["GPU"]),
            "no accelerator answered in time during select",
        ),
    ],
)
def test_the_deadlines_of_requests_and_of_waits_are_deadlines_too(busy, first, expect, why):
    tries = Tries(case(expect), first, seen(do="infer", never=0))
    tries.measure()
    assert tries.count == 2
    assert why in tries.turns._rig.notes[0]


@each_of(
    "first",
    [
        seen(Failure("signal", "step", "killed by SIGSEGV")),
        seen(do="infer", wrong=3),
        seen(do="infer", error="RuntimeError: no"),
    ],
)
def test_what_is_wrong_whatever_the_time_is_never_tried_again(busy, first):
    expects = (ENDS, Expect("right", "wrong answers", lambda seen: seen.value("infer", "wrong"), 0))
    tries = Tries(case(*expects), first)
    sample = tries.measure()
    assert tries.count == 1
    assert any(check.holds is False for check in sample.checks.values())


def that_ends(as_known, **others):
    """A case whose end is known to differ so."""
    differs = (next(iter(DIFFERENCES)),)
    return case(
        Expect("ends", "the end", lambda seen: seen.became, "done", differs=differs, as_known=as_known, **others)
    )


def test_what_is_known_to_hang_is_not_tried_again(busy):
    tries = Tries(that_ends(one_of("hung"), ends=(HUNG,)), seen(LATE))
    assert tries.measure().checks["ends"].holds is False
    assert tries.count == 1


def test_what_hangs_beyond_what_is_known_is_tried_again(busy):
    tries = Tries(that_ends(one_of("killed by SIGSEGV")), seen(LATE), seen())
    assert tries.measure().checks["ends"].holds is True
    assert tries.count == 2


def test_a_process_that_passed_its_deadline_after_its_last_step_is_tried_again(busy):
    late = Seen((Step({"do": "sleep"}, {}, None, 0.1, AutoLog()),), LATE, AutoLog())
    tries = Tries(case(), late, seen())
    assert tries.measure().checks["ends"].holds is True
    assert tries.count == 2


def test_a_helper_that_answered_in_a_step_that_waits_for_nothing_is_no_deadline(busy):
    gpu = Expect("gpu", "who", lambda seen: seen.value("infer", "devices"), ["GPU"])
    tries = Tries(case(gpu), seen(do="infer", devices=["(CPU)"]))
    assert tries.measure().checks["gpu"].holds is False
    assert tries.count == 1


def test_a_soak_which_makes_the_machine_busy_itself_is_not_tried_again(busy):
    assert SOAK.tries_again is False
    tries = Tries(case(), seen(LATE))
    tries.turns._tries_again = False
    assert tries.measure().checks["ends"].holds is False
    assert tries.count == 1


@pytest.mark.parametrize("again", [True, False])
def test_a_study_says_whether_its_cases_are_tried_again(again):
    class It(CaseStudy):
        tries_again = again

        def here(self, rig):
            return []

    with It().open(None, None, None) as turns:
        assert turns._tries_again is again


def test_a_process_that_did_not_even_begin_in_time_is_tried_again_there(busy):
    tries = Tries(case(), ProbeFailed(LATE), seen())
    sample = tries.measure()
    assert sample.checks["ends"].holds is True
    assert tries.turns._result.facts["it"]["replicates"][0]["first_try"]["steps"] == []
    with pytest.raises(ProbeFailed):
        Tries(case(), ProbeFailed(LATE), ProbeFailed(LATE)).measure()
    crashed = Tries(case(), ProbeFailed(Failure("signal", "start", "killed")))
    with pytest.raises(ProbeFailed):
        crashed.measure()
    assert crashed.count == 1


def test_what_the_first_try_gave_is_kept_and_said_where_the_second_gives_nothing(busy):
    tries = Tries(case(), seen(LATE), ProbeFailed(Failure("signal", "start", "killed by signal 9 (SIGKILL)")))
    with pytest.raises(ProbeFailed, match="killed by signal 9"):
        tries.measure()
    facts = tries.turns._result.facts["it"]
    assert facts["replicates"] == [], "nothing of it counts"
    (kept,) = facts["without_second_try"]
    assert kept["why"] == "killed by signal 9 (SIGKILL) during start"
    assert [each["became"] for each in kept["first_try"]["steps"]] == ["hung"]
    assert kept["first_try"]["checks"]["ends"]["holds"] is False
    first, second = tries.turns._rig.notes
    assert "tried twice: at first" in first
    assert second.startswith(
        f"a study: a case gave no result at the second try ({kept['why']}); of the first one: ends did not hold ("
    )
    neither = Tries(case(), ProbeFailed(LATE), ProbeFailed(LATE))
    with pytest.raises(ProbeFailed):
        neither.measure()
    assert neither.turns._rig.notes[1].endswith("of the first one: it did not begin.")


def numbers_of(seen):
    """Figures of what was told; of what hung there are none."""
    return {"told": float(seen.steps[0].value["number"])} if seen.ending is None else {}


def test_the_first_try_is_kept_also_where_the_second_tells_what_cannot_be_judged(busy):
    tries = Tries(replace(case(), figures=numbers_of), seen(LATE), seen(number="none"))
    with pytest.raises(ProbeFailed, match="what it told cannot be judged: ValueError"):
        tries.measure()
    facts = tries.turns._result.facts["it"]
    assert facts["replicates"] == [], "nothing of it counts"
    (kept,) = facts["without_second_try"]
    assert kept["why"].startswith("what it told cannot be judged: ValueError")
    assert kept["first_try"]["checks"]["ends"]["holds"] is False
    assert "gave no result at the second try (what it told cannot be judged" in tries.turns._rig.notes[1]


def test_a_process_that_did_not_begin_on_a_quiet_machine_is_not(quiet):
    tries = Tries(case(), ProbeFailed(LATE))
    with pytest.raises(ProbeFailed):
        tries.measure()
    assert tries.count == 1


# A filler of a cache folder is one of the tries.


@pytest.mark.parametrize("heals", [True, False])
def test_a_filler_that_was_late_fills_a_new_folder_once(tmp_path, monkeypatch, busy, heals):
    runs = []

    def see(self, case):
        runs.append(case.name)
        first = runs.count("fill-a") == 1
        return seen(LATE if case.name == "fill-a" and (first or not heals) else None)

    monkeypatch.setattr(CaseTurns, "see", see)
    monkeypatch.setattr(CaseTurns, "launcher", lambda self, case: None)
    warm = CachedCase("it", "a case", STEPS, (ENDS,), filled=Filler("a", STEPS))
    turns = turns_of(warm, kind=CachedTurns, scratch=lambda name: tmp_path)
    if heals:
        assert turns.measure(condition()).checks["ends"].holds is True
        assert runs == ["fill-a", "fill-a", "it"]
        return
    for _ in range(2):
        with pytest.raises(ProbeFailed):
            turns.measure(condition())
    assert runs == ["fill-a", "fill-a"], "it is filled again once, for all its cases"


def test_a_wrong_answer_before_a_deadline_and_a_crash_after_it_are_not_tried_again(busy):
    log = AutoLog()
    wrong, late = (
        Step({"do": "infer"}, {"right": False}, None, 0.1, log),
        Step({"do": "sleep"}, {}, None, None, log, LATE),
    )
    right = Expect("right", "it answers right", lambda seen: seen.steps[0].value.get("right"), True)
    tries = Tries(case(right), Seen((wrong, late), LATE, log), seen())
    assert tries.measure().checks["right"].holds is False
    assert tries.count == 1
    lost = Step({"do": "sleep"}, {"never": 1}, None, 0.1, log)
    crash = Failure("signal", "step sleep", "killed by signal 11 (SIGSEGV)")
    tries = Tries(case(ENDS), Seen((lost, Step({"do": "sleep"}, {}, None, None, log, crash)), crash, log), seen())
    assert tries.measure().checks["ends"].holds is False
    assert tries.count == 1
