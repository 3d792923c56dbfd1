"""When what is measured: every condition by turns, in random order, until the claims are decided. One machinery for every comparison.

How a condition is measured (a fresh process, a slice of a warm one) is left to the study; the judging is ``judging``'s.

Sources of the design: T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time" (ISMM 2013): repeat where the variance
arises. A. Abedi and T. Brecht, "Conducting repeatable experiments in highly variable cloud computing environments" (ICPE 2017):
randomized multiple interleaved trials.
"""

from __future__ import annotations

import dataclasses
import math
import random
import time
from collections.abc import Callable, Sequence

from autogauge.measuring import checking, disturbance
from autogauge.measuring.claim import Claim
from autogauge.measuring.condition import Condition
from autogauge.measuring.judging import evidence_for
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.probe.request import ProbeFailed

Measure = Callable[[Condition], Sample]
GIVE_UP_AFTER = 3  # failures of one condition in a row
HARD_LIMIT = 6.0  # times the budget: then a study ends even before its first look


def run(
    result: Result,
    measure: Measure,
    progress: Progress,
    prepare: Callable[[], None] = lambda: None,
) -> None:
    """Prepare, then measure every condition by turns, in random order within each replicate, until the claims are decided.

    The budget begins after ``prepare``. ``measure`` raises ``ProbeFailed`` for a turn that gave nothing: the replicate keeps
    the failure and the study goes on; a condition that fails ``GIVE_UP_AFTER`` times in a row is left out from then on. An
    interruption keeps the finished replicates, where no claim compares figures also the finished turns, and marks the result. Raises
    ``StudyMistake`` for a plan that contradicts itself, before anything is measured, and for a turn that gives no sample, at once.
    """
    checking.check_plan(result)
    result.state = "running"
    began = time.monotonic()
    progress.begin(result.name)
    try:
        prepare()
        began = time.monotonic()
        _run(result, measure, progress, began)
    except KeyboardInterrupt:
        result.state = "interrupted"
        raise
    except BaseException:
        result.state = "broken off"
        raise
    finally:
        result.seconds = time.monotonic() - began
        progress.end()


def _run(result: Result, measure: Measure, progress: Progress, began: float) -> None:
    shuffled = random.Random(result.seed)
    in_a_row = dict.fromkeys((condition.name for condition in result.conditions), 0)
    watch = disturbance.Watch()
    looked_at: list[Claim] = [claim for claim in (*result.claims, *result.changes) if claim.is_looked_at]
    controls = [claim for claim in looked_at if claim.name in result.controls]
    undecided = [claim for claim in looked_at if claim not in controls]
    while True:
        needed = {name for claim in (*undecided, *(controls if undecided else ())) for name in claim.conditions}
        if _wants_everything(result, time.monotonic() - began):
            needed |= {condition.name for condition in result.conditions}
        wanted = [condition for condition in result.conditions if condition.name in needed]
        live = [condition for condition in wanted if in_a_row[condition.name] < GIVE_UP_AFTER]
        fewest = min((len(claim.conditions) for claim in undecided), default=2)  # a bound by itself needs no other
        if len(live) < min(2, len(result.conditions), fewest):
            result.state = "gave up"
            return
        shuffled.shuffle(live)
        replicate = Replicate(len(result.replicates), tuple(condition.name for condition in live))
        try:
            for condition in live:
                progress.advance(condition.name, len(result.replicates), *_ahead(result, undecided, began))
                failed = _turn(result, replicate, condition, measure, watch, progress)
                in_a_row[condition.name] = in_a_row[condition.name] + 1 if failed else 0
        except KeyboardInterrupt:
            _keep_what_stands_by_itself(result, replicate)
            raise
        result.replicates.append(replicate)
        given_up = {name for name, failures in in_a_row.items() if failures >= GIVE_UP_AFTER}
        result.elapsed_s = time.monotonic() - began
        undecided = _look(result, undecided, given_up, result.elapsed_s)
        if not undecided and not _wants_everything(result, time.monotonic() - began):
            for claim in controls:
                result.close(claim, for_good=True)
            open_ones = [claim for claim in looked_at if claim not in controls and not result.verdict(claim).is_decided]
            unfinished = open_ones or len(result.replicates) < result.plan.looks[0]
            result.state = "budget ended" if unfinished else "decided"
            return


def _turn(
    result: Result,
    replicate: Replicate,
    condition: Condition,
    measure: Measure,
    watch: disturbance.Watch,
    progress: Progress,
) -> bool:
    """Measure a condition, once more where others disturbed it; whether it failed."""
    name = condition.name
    try:
        sample = measure(condition)
        checking.check_sample(condition, sample)
        is_disturbed = watch.is_disturbed(name, sample.surroundings)
        if is_disturbed and result.repeats_disturbed and watch.may_repeat():
            replicate.disturbed[name] = sample
            sample = measure(condition)
            is_disturbed = watch.is_disturbed(name, sample.surroundings)
        if is_disturbed:
            replicate.still_disturbed.add(name)
        replicate.samples[name] = sample
    except ProbeFailed as error:
        replicate.failures[name] = error.failure
        progress.failed(result.name, name, error.failure)
        return True
    return False


def _keep_what_stands_by_itself(result: Result, replicate: Replicate) -> None:
    """Keep the turns of a replicate that was interrupted, where no claim compares figures: a case that was finished needs no other.

    Else figures would be compared of which one is of this replicate, and the other of none.
    """
    done = tuple(name for name in replicate.order if name in replicate.samples or name in replicate.failures)
    if done and not any(claim.is_looked_at for claim in (*result.claims, *result.changes)):
        result.replicates.append(dataclasses.replace(replicate, order=done))


def _wants_everything(result: Result, elapsed_s: float) -> bool:
    """Whether every condition is measured once more, whatever is decided."""
    done, plan = len(result.replicates), result.plan
    if done < plan.looks[0]:
        return elapsed_s <= HARD_LIMIT * plan.budget_s
    return done < result.at_least and elapsed_s < plan.budget_s


def _look(result: Result, undecided: Sequence[Claim], given_up: set[str], elapsed_s: float) -> list[Claim]:
    """Close what can be closed after the latest replicate; returns what stays open."""
    done = len(result.replicates)
    still_open = []
    for claim in undecided:
        plan = result.plan_of(claim)
        samples = evidence_for(result, claim)
        gave_up = not given_up.isdisjoint(claim.conditions)
        hopeless = elapsed_s > plan.budget_s or gave_up
        processes = result.counts_processes(claim)
        counted = samples if processes else done
        enough = counted >= plan.looks[0] or (processes and gave_up)  # there will be no more of its processes
        last = (hopeless and enough) or counted >= plan.looks[-1] or elapsed_s > HARD_LIMIT * plan.budget_s
        looked = (samples in plan.looks and claim.conditions[0] in result.replicates[-1].samples) or last
        if not (looked and result.close(claim, for_good=last)):
            still_open.append(claim)
    return still_open


def _ahead(result: Result, undecided: Sequence[Claim], began: float) -> tuple[int, float | None]:
    """The number of replicates at the next look, and the estimated seconds until then."""
    done = len(result.replicates)
    looks = {look for claim in undecided for look in _looks_in_rounds(result, claim)} or {
        result.plan.looks[0],
        result.at_least,
    }
    target = min((look for look in looks if look > done), default=max(looks))
    if not done:
        return target, None
    return target, (time.monotonic() - began) / done * (target - done)


def _looks_in_rounds(result: Result, claim: Claim) -> list[int]:
    """After how many replicates a claim is looked at; where warm processes are counted, by how many rounds one took so far."""
    looks, done = result.plan_of(claim).looks, len(result.replicates)
    if not result.counts_processes(claim):
        return [*looks]
    served = evidence_for(result, claim)
    return [math.ceil(done / served * look) for look in looks] if served else [done + 1]
