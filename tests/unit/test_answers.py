"""Which answers are right: by a tolerance that goes by the output's size, and never so wide that a wrong answer passes."""

from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.probe.worker.answers import Answers, Expected
from tests.cases import each_of
from tests.properties import for_all

GENERATOR = np.random.default_rng(5)
NAN, INF = float("nan"), float("inf")


def answering(*outputs):
    return SimpleNamespace(get_output_tensor=lambda index: SimpleNamespace(data=outputs[index]))


def compared(expected, given):
    return Answers([expected]).compare(answering(given))


def is_right(expected, given):
    return compared(np.asarray(expected), np.asarray(given))[1]


def softmax(number, spread=1.0):
    values = np.exp(spread * GENERATOR.normal(size=(1, number)))
    return (values / values.sum()).astype(np.float32)


OUTPUTS = {
    "as large as 1": GENERATOR.normal(size=(2, 50)).astype(np.float32),
    "to 4e6": (1e6 * GENERATOR.normal(size=(1, 896, 16))).astype(np.float32),
    "tiny": (1e-9 * GENERATOR.random((3, 7))).astype(np.float32),
    "softmax of 10": softmax(10),
    "softmax of 1000": softmax(1000),
    "softmax of 250000": softmax(250_000),
    "half": GENERATOR.normal(size=(4, 9)).astype(np.float16),
    "double": GENERATOR.normal(size=(4, 9)),
    "one number": np.float32([[0.49995]]),
    "boxes with scores": np.concatenate(
        [640 * GENERATOR.random((1, 4, 99)), GENERATOR.random((1, 80, 99)) / 100], 1
    ).astype(np.float32),
    "masked": np.where(GENERATOR.random((1, 5000)) < 0.7, -1e9, 9 * GENERATOR.normal(size=(1, 5000))).astype(
        np.float32
    ),
    "masked by the lowest float": np.where(np.arange(60) % 2, -3.4e38, np.linspace(-4, 4, 60)).astype(np.float32),
    "with infinities": np.where(np.arange(60) % 3, np.linspace(-4, 4, 60), INF).astype(np.float32),
    "with nothing at places": np.where(np.arange(60) % 3, np.linspace(-4, 4, 60), NAN).astype(np.float32),
    "mostly zeros": np.where(np.arange(500) % 20, 0, np.linspace(1, 5, 500)).astype(np.float32),
    "whole numbers": np.arange(24).reshape(2, 12),
    "truth values": np.arange(24).reshape(2, 12) % 3 == 0,
}


each_output = each_of("expected", OUTPUTS.values(), ids=OUTPUTS)


@each_output
def test_the_same_answer_is_right_and_has_no_error(expected):
    assert compared(expected, expected.copy()) == (0, True)


@each_output
def test_a_zeroed_answer_is_wrong(expected):
    error, right = compared(expected, np.zeros_like(expected))
    assert not right
    assert error != 0


@each_output
def test_an_answer_in_another_order_is_wrong(expected):
    if expected.size > 1:
        assert not is_right(expected, np.roll(expected.reshape(-1), 1).reshape(expected.shape))


@each_output
def test_one_wrong_element_as_large_as_the_others_is_wrong(expected):
    if expected.dtype.kind != "f":
        return
    usual = float(np.median(np.abs(expected[np.isfinite(expected) & (expected != 0)])))
    for index in (0, expected.size // 2, expected.size - 1):
        given = expected.copy()
        given.reshape(-1)[index] = -usual if given.reshape(-1)[index] > 0 else usual
        assert not is_right(expected, given), index


@each_output
def test_an_answer_that_is_no_number_is_wrong(expected):
    if expected.dtype.kind == "f":
        given = expected.copy()
        given.reshape(-1)[1 % given.size] = NAN
        error, right = compared(expected, given)
        assert not right
        assert np.isnan(error)


@each_output
def test_what_rounding_makes_of_an_answer_is_right(expected):
    """Each element off by some 5e-7 of itself or of the output's size, as two devices differ in float32."""
    if expected.dtype.kind != "f":
        return
    allowed = Expected(expected).allowed
    noise = GENERATOR.uniform(-1, 1, expected.shape) * 5e-7
    with np.errstate(invalid="ignore"):
        given = expected + noise * np.where(np.isfinite(expected), np.maximum(np.abs(expected), 1e4 * allowed), 0)
    assert is_right(expected, given.astype(expected.dtype))


@each_of(
    ("expected", "given", "right"),
    [
        ([NAN, 1.0], [NAN, 1.0], True),
        ([NAN, 1.0], [0.0, 1.0], False),
        ([1.0, 1.0], [NAN, 1.0], False),
        ([NAN, NAN], [NAN, NAN], True),
        ([NAN, NAN], [NAN, INF], False),
        ([INF, 1.0], [INF, 1.0], True),
        ([INF, 1.0], [-INF, 1.0], False),
        ([INF, 1.0], [3e38, 1.0], False),
        ([1.0, 1.0], [INF, 1.0], False),
        ([INF, 1.0], [NAN, 1.0], False),
        ([INF, 1.0], [INF, 1.5], False),
        ([INF, 1.0], [INF, 1.0005], True),
        ([0.0, 0.0], [0.0, 1e-8], True),
        ([0.0, 0.0], [0.0, 1e-3], False),
        ([0.49995], [0.49974], True),
    ],
)
def test_not_a_number_and_infinities_are_right_where_the_right_answer_has_them(expected, given, right):
    assert is_right(np.float32(expected), np.float32(given)) == right


def test_a_large_output_that_is_off_by_a_millionth_of_its_range_is_right():
    expected = OUTPUTS["to 4e6"]
    given = expected + np.float32(4.5e-7 * np.ptp(expected)) * np.sign(GENERATOR.normal(size=expected.shape)).astype(
        np.float32
    )
    error, right = compared(expected, given)
    assert right
    assert error < 2e-6, "in parts of the output's largest value"


@pytest.mark.parametrize("number", [10, 1000, 50_000])
def test_another_best_class_is_wrong_where_the_two_were_apart(number):
    expected = softmax(number, 2.0)
    best, second = np.argsort(expected[0])[-2:][::-1]
    given = expected.copy()
    given[0, [best, second]] = expected[0, [second, best]]
    assert expected[0, best] > 1.01 * expected[0, second]
    assert not is_right(expected, given)


def test_a_wrong_score_beside_boxes_in_pixels_is_wrong():
    expected = np.float32([[10, 20, 600, 400, 0.9], [5, 5, 639, 470, 0.02]])
    given = expected.copy()
    given[1, 4] = 0.05
    assert not is_right(expected, given)


@each_of("mask", [-1e4, -1e9, -3.4e38])
@each_of("share", [0.01, 0.5, 0.85])
def test_a_wrong_value_beside_a_mask_is_wrong(mask, share):
    """A mask of -1e9 says nothing of how far its neighbours may be off."""
    expected = GENERATOR.normal(size=2000).astype(np.float32) * 5
    masked = GENERATOR.random(2000) < share
    expected[masked] = mask
    given = expected.copy()
    given[np.flatnonzero(~masked)[7]] += 3
    assert not is_right(expected, given)


@for_all(
    lambda st: (
        st.lists(st.one_of(st.floats(width=32), st.sampled_from([NAN, INF, -INF, 0.0])), max_size=40),
        st.sampled_from(["float16", "float32", "float64"]),
    )
)
def test_any_answer_is_its_own_right_answer_and_what_nobody_wrote_never_is(values, kind):
    with np.errstate(over="ignore"):
        expected = np.asarray(values, np.float64).astype(kind)
    output = expected.copy()
    answers = Answers([expected])
    assert answers.compare(answering(output)) == (0, True)
    answers.spoil(answering(output))
    assert answers.compare(answering(output))[1] == (not expected.size)


@each_of("values", [[True, False], [[0, 3]], [0], [], [2**62, 1]])
def test_whole_numbers_that_nobody_wrote_are_never_right(values):
    expected = np.asarray(values)
    expected = expected if expected.size else expected.astype(np.int32)
    output = expected.copy()
    Answers([expected]).spoil(answering(output))
    assert is_right(expected, output) == (not expected.size)


def test_whole_numbers_are_exact_however_large():
    assert not is_right(np.int64([2**60]), np.int64([2**60 + 1]))
    assert compared(np.int64([100]), np.int64([101])) == (0.01, False)


def test_texts_are_compared_and_left_as_they_are():
    assert is_right(np.array([b"one", b"two"]), np.array([b"one", b"two"]))
    assert not is_right(np.array([b"one", b"two"]), np.array([b"one", b"too"]))
    Answers([np.array([b"one"])]).spoil(answering(np.array([b"one"])))


def test_an_output_without_a_right_answer_is_held_against_nothing():
    wrong, good = np.float32([7]), np.float32([1])
    assert Answers([None, good]).compare(answering(wrong, good)) == (0, True)
    assert Answers([None]).compare(answering(wrong)) == (0, True)
    assert Answers([good, None, good]).wrong(answering(wrong, wrong, good)) == [0]


def test_an_output_that_is_an_input_is_not_spoiled():
    """A model that hands an input through answers in the input's own memory: to overwrite it would change the question."""
    given = np.float32([1, 2, 3])
    Answers([given.copy()]).spoil(answering(given), [given])
    assert given.tolist() == [1, 2, 3]


def test_an_output_of_another_shape_is_wrong_and_can_be_spoiled():
    for expected in (np.float32([[1, 2]]), np.int32([[1, 2]]), np.float32([[NAN, 2]])):
        other = np.zeros((1, 3), expected.dtype)
        Answers([expected]).spoil(answering(other))
        assert not Answers([expected]).compare(answering(other))[1]
