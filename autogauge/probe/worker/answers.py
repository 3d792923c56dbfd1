"""The answers that are right, and whether others are. Who is asked, and when, is left to ``hand_over`` and ``subject``.

Two devices add the same numbers in another order, so a float output may differ by what rounding makes of that. How much that is goes by
the output, never by a constant: an element may be off by ``ELEMENT`` of its own magnitude (a mean over a million elements was seen
to be off by 4e-4), and by a small share of its output's *size*, since what is left of large numbers that cancel has their
rounding. The size is the largest finite magnitude among the right values, unless nearly all of them are far smaller: then it is ``APART``
times what all but a tenth of them reach, so that the -1e9 of a mask does not hide a wrong value beside it. The share is ``SHARE``;
as long as the largest magnitude is below 10 it is up to ``SHARE_OF_SMALL``.

Not a number is right where the right value is none, and an infinity where it is the same one. Whole numbers, truth values and texts
are exact.
"""

from __future__ import annotations

import math
from typing import Any

ELEMENT = 1e-3
SHARE = 1e-5
SHARE_OF_SMALL = 1e-4
APART = 1e3
RESOLVED = (
    1e-7  # what float32 tells apart beside 1: nothing that small is wrong, unless the output is not much larger itself
)
HUGE = 1e38  # the difference of two such numbers may be none
ROUNDINGS = 4  # so many steps of a type that is coarser than float32


class Expected:
    """The right values of one output, and how far another answer may be from them."""

    def __init__(self, values: Any) -> None:
        import numpy

        self.exact = values.dtype.kind != "f"
        self.single = values.dtype.kind == "f" and values.dtype.itemsize <= 4
        self.shape = values.shape
        if self.exact:
            self.values = values
            self.largest = (_largest(values.astype(numpy.float64)) if values.dtype.kind in "biu" else 0.0) or 1.0
            self.spoiled = ~values if values.dtype.kind in "biu" else None
            return
        self.values = values.astype(numpy.float32 if self.single else numpy.float64)
        finite = numpy.isfinite(self.values)
        self.odd = None if finite.all() else ~finite
        magnitudes = numpy.abs(self.values[finite])
        largest = _largest(magnitudes)
        self.largest = largest or 1.0
        self.allowed = _allowed(largest, _size(magnitudes, largest))
        self.warns = self.odd is not None or largest > HUGE
        self.element = max(ELEMENT, ROUNDINGS * float(numpy.finfo(values.dtype).eps))
        # What marks an output that nobody has written to: never the right value.
        never = numpy.isnan(self.values)
        self.spoiled = numpy.where(never, 0, numpy.nan).astype(values.dtype) if never.any() else float("nan")

    def is_near(self, apart: Any) -> bool:
        """Whether every element is as near as it must be; ``apart`` are the distances, all of them finite."""
        import numpy

        magnitudes = numpy.abs(self.values)
        if self.odd is not None:
            magnitudes[self.odd] = 0
        return bool((apart <= self.allowed + self.element * magnitudes).all())


def _largest(magnitudes: Any) -> float:
    import numpy

    return float(numpy.abs(magnitudes).max(initial=0.0))


def _size(magnitudes: Any, largest: float) -> float:
    """The size of an output from its finite magnitudes; 0 where there is none but 0."""
    import numpy

    some = magnitudes[magnitudes > 0]
    if not some.size:
        return 0.0
    low = float(numpy.partition(some, some.size // 10)[some.size // 10])
    return min(largest, APART * low)


def _allowed(largest: float, size: float) -> float:
    """How far every element may be off, whatever its own magnitude."""
    beside_one = min(RESOLVED, largest / 10) if largest else RESOLVED
    return max(SHARE * size, SHARE_OF_SMALL * min(largest, 1.0), beside_one)


class Answers:
    """The right answers, and room to hold others against them in one pass that is cheap; one for each thread.

    ``expected`` has an array for each output, or ``None`` for an output whose right answer nobody knows: it is left out.
    """

    def __init__(self, expected: list[Any]) -> None:
        import numpy

        self._outputs = []
        for index, each in enumerate(expected):
            if each is not None:
                known = each if isinstance(each, Expected) else Expected(each)
                room = numpy.empty(known.shape, bool) if known.exact else numpy.empty_like(known.values)
                self._outputs.append((index, known, room))

    def compare(self, request: Any) -> tuple[float, bool]:
        """How far the request's outputs are from the right ones at most, in parts of each one's largest value; whether they are right."""
        largest, right = 0.0, True
        for error, good in self._each(request):
            right = right and good
            if not (math.isnan(largest) or error <= largest):  # not a number stays to be seen
                largest = error
        return largest, right

    def wrong(self, request: Any) -> list[int]:
        """The indices of the outputs that are not right."""
        pairs = zip(self._outputs, self._each(request))  # noqa: B905, Python 3.8
        return [index for (index, _, _), (_, good) in pairs if not good]

    def _each(self, request: Any) -> Any:
        for index, expected, room in self._outputs:
            answer = request.get_output_tensor(index).data
            if answer.shape != expected.shape:
                yield float("nan"), False
            elif expected.exact:
                yield _compare_exactly(expected, answer, room)
            else:
                yield _compare(expected, answer, room)

    def spoil(self, request: Any, inputs: Any = ()) -> None:
        """Overwrite the request's outputs with what is not right, so that an answer that nobody gave is not taken for the last one.

        An output that lies in the memory of one of ``inputs`` (arrays) is left alone: it *is* the input.
        """
        import numpy

        for index, expected, _ in self._outputs:
            data = request.get_output_tensor(index).data
            if expected.spoiled is None or any(numpy.may_share_memory(data, each) for each in inputs):
                continue
            if isinstance(expected.spoiled, float) or data.shape == expected.shape:
                data[...] = expected.spoiled


def _compare(expected: Expected, answer: Any, room: Any) -> tuple[float, bool]:
    import numpy

    if expected.warns:
        with numpy.errstate(invalid="ignore", over="ignore"):
            numpy.subtract(answer, expected.values, out=room)
    else:
        numpy.subtract(answer, expected.values, out=room)
    if expected.odd is not None:
        given = answer[expected.odd]
        right = expected.values[expected.odd]
        same = (given == right) | (numpy.isnan(given) & numpy.isnan(right))
        room[expected.odd] = numpy.where(same, 0, numpy.nan)
    numpy.abs(room, out=room)
    apart = float(room.max(initial=0.0))  # not a number, if any of them is none
    # What is within the tolerance of all elements is right; only what is not needs that of each.
    near = apart <= expected.allowed or (apart < float("inf") and expected.is_near(room))
    return apart / expected.largest, near


def _compare_exactly(expected: Expected, answer: Any, room: Any) -> tuple[float, bool]:
    import numpy

    numpy.not_equal(answer, expected.values, out=room)
    if not room.any():
        return 0.0, True
    if expected.values.dtype.kind not in "biu":
        return float("nan"), False
    apart = numpy.abs(answer.astype(numpy.float64) - expected.values.astype(numpy.float64))
    return max(float(apart.max()), 1.0) / expected.largest, False
