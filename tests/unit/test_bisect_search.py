"""The decisions of a bisection, on very many series that are made up: monotone and not, with noise, with releases that fail."""

import math
import random

import pytest

from autogauge.lab.bisect.search import (
    ALIKE,
    FAILED,
    FASTER,
    OPEN,
    SLOWER,
    Answer,
    Found,
    Kind,
    answered,
    most_comparisons,
    search,
)
from tests.properties import for_all

CHANGE = 0.05


def led(count, answer_of, change=CHANGE):
    """The conclusion of a search, and the steps that it asked for."""
    asking, steps = search(count, change), []
    try:
        step = next(asking)
        while True:
            steps.append(step)
            assert 0 <= step.base < step.release < count
            step = asking.send(answer_of(step))
    except StopIteration as over:
        return over.value, steps


def exactly(costs, reach=0.001):
    return lambda step: answered(costs, step, reach)


def planted(count, place, size=1.1):
    return [1.0] * place + [size] * (count - place)


@for_all(lambda st: (st.integers(2, 60), st.integers(1, 59), st.floats(1.06, 3.0)))
def test_a_step_is_named_wherever_it_is_in_as_many_halvings_as_it_takes(count, place, size):
    place = min(place, count - 1)
    found, steps = led(count, exactly(planted(count, place, size)))
    assert (found.found, found.after, found.first) == (Found.NAMED, place - 1, place)
    needed = [step for step in steps if step.kind is not Kind.CHECKING]
    assert len(needed) <= 2 + math.ceil(math.log2(max(2, count - 1)))
    assert len(steps) - len(needed) <= 2
    assert needed[0].kind is Kind.ENDS
    assert needed[-1].kind is Kind.CONFIRMING
    assert (needed[-1].base, needed[-1].release) == (place - 1, place)
    assert not found.contradictions


@for_all(lambda st: (st.lists(st.sampled_from((1.0, 1.0, 1.2)), min_size=1, max_size=30),))
def test_in_a_series_that_is_not_monotone_it_names_a_place_where_it_became_slower(between):
    costs = [1.0, *between, 1.2]
    found, _ = led(len(costs), exactly(costs))
    assert found.found is Found.NAMED
    assert costs[found.first] > costs[found.after]
    assert found.first == found.after + 1
    for early, late in found.contradictions:
        assert costs[early] > costs[late]


@for_all(
    lambda st: (st.lists(st.floats(-0.4, 0.4), min_size=2, max_size=40), st.floats(0.001, 0.2), st.integers(0, 2**20))
)
def test_whatever_the_series_and_the_noise_it_ends_and_contradicts_no_answer(logs, reach, seed):
    costs, chance, given = [math.exp(each) for each in logs], random.Random(seed), {}

    def answer(step):
        if step.release not in (0, len(costs) - 1) and chance.random() < 0.2:
            return Answer(FAILED)
        made = answered(costs, step, reach, chance.gauss(0, reach / 2.5))
        given.setdefault((step.base, step.release), []).append(made.word)
        return made

    found, steps = led(len(costs), answer)
    assert sum(map(len, given.values())) <= most_comparisons(len(costs))
    if found.found in (Found.NAMED, Found.RANGE):
        assert given[0, len(costs) - 1][-1] == SLOWER
        assert given[found.after, found.first][-1] == SLOWER, "what is named was seen beside the one before it"
    if found.found is Found.NAMED:
        assert found.first == found.after + 1
    if found.found is Found.SWAPPED:
        assert given[0, len(costs) - 1][-1] == FASTER
        assert len({step.kind for step in steps}) == 1


@pytest.mark.parametrize(
    ("end", "found", "asked"),
    [
        (1.0, Found.NO_DIFFERENCE, 1),
        (1.02, Found.NO_DIFFERENCE, 1),
        (0.8, Found.SWAPPED, 1),
    ],
)
def test_without_a_difference_of_the_ends_it_stops(end, found, asked):
    concluded, steps = led(9, exactly([1.0] * 8 + [end]))
    assert (concluded.found, len(steps)) == (found, asked)


def test_ends_that_stay_open_are_measured_longer_and_then_left():
    found, steps = led(9, lambda step: Answer(OPEN, 1.04, 0.9, 1.2))
    assert found.found is Found.OPEN
    assert [step.attempt for step in steps] == [0, 1]


def test_an_end_that_cannot_be_measured_ends_it():
    assert led(9, lambda step: Answer(FAILED))[0].found is Found.NOT_MEASURED


def test_what_stays_open_is_measured_longer_and_then_its_neighbours_are_tried():
    costs = planted(17, 10)

    def answer(step):
        return Answer(OPEN, 1.05, 0.9, 1.2) if step.release == 8 and step.base == 0 else answered(costs, step, 0.001)

    found, steps = led(17, answer)
    assert (found.found, found.first) == (Found.NAMED, 10)
    asked = [(step.kind, step.release, step.attempt) for step in steps[1:5]]
    assert asked == [(Kind.HALVING, 8, 0), (Kind.HALVING, 8, 1), (Kind.NEIGHBOUR, 7, 0), (Kind.NEIGHBOUR, 9, 0)]


def test_where_the_first_slower_one_stays_open_a_range_is_named():
    costs = planted(9, 4)

    def answer(step):
        return Answer(OPEN) if 4 in (step.release, step.base) else answered(costs, step, 0.001)

    found, _ = led(9, answer)
    assert (found.found, found.after, found.first) == (Found.RANGE, 3, 5)


def test_releases_that_cannot_be_measured_are_passed_over_and_said():
    costs = planted(12, 6)

    def answer(step):
        return Answer(FAILED) if step.release in (5, 6, 7) else answered(costs, step, 0.001)

    found, _ = led(12, answer)
    assert (found.found, found.after, found.first) == (Found.RANGE, 4, 8)
    assert set(found.failed) <= {5, 6, 7}


def test_many_small_steps_are_no_single_release():
    costs = [1.015**place for place in range(21)]
    found, steps = led(21, exactly(costs))
    assert found.found is Found.IN_STEPS
    assert steps[-1].kind is Kind.CONFIRMING
    assert steps[-1].release - steps[-1].base == 1


def test_a_series_that_contradicts_itself_is_said():
    """As THROUGHPUT was from 2023.1 to 2024.0, which had one request on two cores, and then two again."""
    costs = [1.0, 1.3, 1.3, 1.3, 1.0, 1.0, 1.0, 1.3, 1.3]
    found, steps = led(9, exactly(costs))
    assert (found.found, found.after, found.first) == (Found.NAMED, 6, 7)
    assert [step.release for step in steps if step.kind is Kind.CHECKING] == [
        2,
    ]
    assert found.contradictions == ((2, 4), (2, 6))


def test_neighbours_that_contradict_each_other_are_said():
    def answer(step):
        words = {4: OPEN, 3: SLOWER, 5: ALIKE, 8: SLOWER}
        word = words.get(step.release, SLOWER)
        return Answer(word, 1.3, 1.25, 1.35)

    found, _ = led(9, answer)
    assert (3, 5) in found.contradictions


def test_one_that_is_far_slower_than_the_bad_end_is_said():
    costs = [1.0, 1.0, 1.0, 1.0, 1.5, 1.1, 1.1, 1.1, 1.1]
    found, _ = led(9, exactly(costs))
    assert (found.found, found.first) == (Found.NAMED, 4)
    assert found.beyond == (4,)


def noisy(costs, chance, spread, reach_of):
    """Answers with intervals of some confidence, and errors of their middle that fit; longer the second time."""

    def answer(step):
        error = spread / (1.0 if step.attempt == 0 else 1.7)
        return answered(costs, step, reach_of(error), chance.gauss(0, error))

    return answer


@pytest.mark.parametrize("spread", [0.004, 0.01, 0.03])
def test_noise_names_the_planted_one_or_none_and_never_one_of_identical_releases(spread):
    chance, tries, count = random.Random(5), 1000, 20
    deviations = 3.0  # of an interval at 1 - 0.05 / most_comparisons(20), about 99.7 %
    wrong, right, false = 0, 0, 0
    for number in range(tries):
        place = 1 + number % (count - 1)
        found, _ = led(count, noisy(planted(count, place), chance, spread, lambda error: deviations * error))
        named = found.found is Found.NAMED
        right += named and found.first == place
        wrong += named and found.first != place
        same, _ = led(count, noisy([1.0] * count, chance, spread, lambda error: deviations * error))
        false += same.found in (Found.NAMED, Found.RANGE)
    assert wrong <= 0.05 * tries
    assert false <= 0.01 * tries, "the ends and the last comparison both have to be wrong"
    assert right >= (0.95 if spread <= 0.01 else 0.0) * tries


def test_so_many_comparisons_are_enough_for_the_error_that_is_shared():
    assert most_comparisons(20) == 20
    assert most_comparisons(2) == 12
    with pytest.raises(ValueError, match="no two ends"):
        next(search(1, CHANGE))
    assert {SLOWER, ALIKE, FASTER, OPEN, FAILED}
