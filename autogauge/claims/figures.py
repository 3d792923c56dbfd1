"""What can be claimed of: figures, called with a condition, and what is made of them by ``*``, ``/``, ``-``, ``+`` and a comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

from autogauge.claims import quantities
from autogauge.claims.conditions import On
from autogauge.claims.places import of_the_caller
from autogauge.claims.quantities import MEMORY, NUMBER, RATE, TIME, NoQuantity
from autogauge.claims.said import AT_LEAST, AT_MOST, BOUND, DIFFERENCE, RATIO, Said
from autogauge.plain import few

TOO_MUCH = (
    "a claim bounds one figure, or compares the same figure of two conditions: P99(A) <= '12 ms', FPS(A) >= 1.8 * FPS(B), "
    "FIL(A) - FIL(B) <= '50 ms'"
)


@dataclass(frozen=True)
class Figure:
    """A figure of a process or a slice. ``key`` is what it is called here, ``title`` in sentences; ``kind`` is what its unit is of."""

    key: str
    title: str
    kind: str
    mistake: str = ""
    is_of_the_first: bool = False
    """Whether it is of a process's first inference: no further request is in flight then."""

    def __call__(self, *conditions: object) -> Of:
        """The figure of that condition."""
        mistakes = [self.mistake] if self.mistake else []
        if len(conditions) == 1 and isinstance(conditions[0], On):
            if self.is_of_the_first and conditions[0].requests:
                mistakes.append(
                    f"{self.title} is of a process's first request, and requests={conditions[0].requests} changes nothing: leave it out"
                )
            return Of(((1.0, self, conditions[0]),), mistakes=(*mistakes, *conditions[0].mistakes))
        given = ", ".join(map(repr, conditions))
        mistakes.append(f'{self.key}({given}) is of no condition: write {self.key}(on("AUTO", "LATENCY"))')
        return Of((), mistakes=tuple(mistakes))


@dataclass(frozen=True)
class Of:
    """A sum of figures, each times a number, and of texts with a unit; or a quotient of two (``over``)."""

    terms: tuple[tuple[float, Figure, On], ...]
    constants: tuple[tuple[float, object], ...] = ()
    over: Of | None = None
    mistakes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The first figure of it, as it is written: ``FPS(AUTO-LATENCY)``."""
        return next((f"{figure.key}({on.name})" for _, figure, on in self.terms), "it")

    def __mul__(self, factor: object) -> Of:
        number = _factor(factor)
        if number is None:
            return self._wrong(f"a figure is multiplied by a number above 0, and not by {_said(factor)}")
        return self._times(number)

    __rmul__ = __mul__

    def _times(self, number: float) -> Of:
        terms = tuple((number * own, figure, on) for own, figure, on in self.terms)
        return Of(terms, tuple((number * own, text) for own, text in self.constants), self.over, self.mistakes)

    def __truediv__(self, other: object) -> Of:
        if isinstance(other, Of):
            if self.over or other.over or self.constants or other.constants:
                return self._wrong(TOO_MUCH)
            return Of(self.terms, over=other, mistakes=(*self.mistakes, *other.mistakes))
        number = _factor(other)
        if number is None or _factor(1 / number) is None:
            return self._wrong(f"a figure is divided by a number above 0 or by a figure, and not by {_said(other)}")
        return self._times(1 / number)

    def __add__(self, other: object) -> Of:
        return self._with(other, 1.0)

    def __sub__(self, other: object) -> Of:
        return self._with(other, -1.0)

    def __radd__(self, other: object) -> Of:
        return self._with(other, 1.0)

    def __neg__(self) -> Of:
        return self._wrong(TOO_MUCH) if self.over else self._times(-1.0)

    def __rsub__(self, other: object) -> Of:
        return (-self)._with(other, 1.0)

    def _too_much(self, *others: object) -> Of:
        """Arithmetic that no claim has: a mistake with its place, where Python's own error would be a traceback."""
        return self._wrong(TOO_MUCH)

    __rtruediv__ = __pow__ = __rpow__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __abs__ = __round__ = (
        _too_much
    )

    def _with(self, other: object, sign: float) -> Of:
        if self.over:
            return self._wrong(TOO_MUCH)
        if not isinstance(other, Of):
            return Of(self.terms, (*self.constants, (sign, other)), mistakes=self.mistakes)
        if other.over:
            return self._wrong(TOO_MUCH)
        terms = (*self.terms, *((sign * own, figure, on) for own, figure, on in other.terms))
        constants = (*self.constants, *((sign * own, text) for own, text in other.constants))
        return Of(terms, constants, mistakes=(*self.mistakes, *other.mistakes))

    def _wrong(self, mistake: str) -> Of:
        return Of(self.terms, mistakes=(*self.mistakes, mistake))

    def __le__(self, other: object) -> Said:
        return said(self, AT_MOST, other)

    def __ge__(self, other: object) -> Said:
        return said(self, AT_LEAST, other)

    __lt__, __gt__ = __le__, __ge__


def said(left: Of, relation: str, right: object) -> Said:
    """The claim that ``left`` is at most, or at least, ``right``; with what is wrong with it."""
    place = of_the_caller()
    mistakes = [*left.mistakes, *(right.mistakes if isinstance(right, Of) else ())]
    conditions = tuple(on for _, _, on in left.terms)
    if not mistakes:
        try:
            return _said_of(left, relation, right)
        except NoQuantity as error:
            mistakes.append(str(error))
    return Said(BOUND, "", conditions, mistakes=tuple(dict.fromkeys(mistakes)), place=place)


def _said_of(left: Of, relation: str, right: object) -> Said:
    if left.over is not None:
        return _quotient(left, left.over, relation, right)
    whole = left - right  # to be at most, or at least, 0
    if not any(factor > 0 for factor, _, _ in whole.terms):  # "20 ms" - P99(A) >= "8 ms"
        whole, relation = -whole, AT_LEAST if relation == AT_MOST else AT_MOST
    positive = [each for each in whole.terms if each[0] > 0]
    negative = [each for each in whole.terms if each[0] < 0]
    figures = {figure for _, figure, _ in whole.terms}
    if len(figures) > 1:
        raise NoQuantity(f"it compares {few([each.title for each in figures])}, which are two things: {TOO_MUCH}")
    if len(whole.terms) == 1 and positive and whole.constants:
        ((factor, figure, on),) = positive
        return _bound(figure, on, relation, _constant(whole, figure) / factor, _as_given(whole) if factor == 1 else "")
    if len(positive) == len(negative) == 1:
        (ours, figure, on), (theirs, _, base) = positive[0], negative[0]
        if not whole.constants:
            return _ratio(figure, on, base, relation, -theirs / ours)
        if ours == -theirs:
            given = _as_given(whole) if ours == 1 else ""
            return _difference(figure, on, base, relation, _constant(whole, figure) / ours, given)
    raise NoQuantity(TOO_MUCH)


def _as_given(whole: Of) -> str:
    """What stands on the other side of the comparison as it was written, where that is one text."""
    ((sign, text), *others) = whole.constants
    return " ".join(text.split()) if sign == -1 and isinstance(text, str) and not others else ""


def _constant(whole: Of, figure: Figure) -> float:
    """What stands on the other side of the comparison."""
    return -sum(sign * quantities.read(text, figure.kind) for sign, text in whole.constants)


def _quotient(left: Of, over: Of, relation: str, right: object) -> Said:
    if isinstance(right, Of) or len(left.terms) != 1 or len(over.terms) != 1 or left.terms[0][1] != over.terms[0][1]:
        raise NoQuantity(TOO_MUCH)
    (ours, figure, on), (theirs, _, base) = left.terms[0], over.terms[0]
    return _ratio(figure, on, base, relation, quantities.read(right, NUMBER) * theirs / ours)


def _bound(figure: Figure, on: On, relation: str, bound: float, given: str) -> Said:
    if not bound > 0:
        raise NoQuantity(f"the {figure.title} is above 0, and so is what bounds it")
    words = f"{figure.title} of {on.name} is {relation} {given or written(bound, figure.kind)}"
    return Said(BOUND, words, (on,), figure, relation, bound, given=_in_a_unit(given, figure), place=of_the_caller())


def _ratio(figure: Figure, on: On, base: On, relation: str, bound: float) -> Said:
    _apart(on, base)
    if not bound > 0:
        raise NoQuantity("a ratio is above 0, and so is what bounds it")
    words = f"{figure.title} of {on.name} is {relation} {bound:.6g} times that of {base.name}"
    return Said(RATIO, words, (on, base), figure, relation, bound, place=of_the_caller())


def _difference(figure: Figure, on: On, base: On, relation: str, bound: float, given: str) -> Said:
    _apart(on, base)
    words = f"{figure.title} of {on.name} is {relation} {given or written(bound, figure.kind)} more than that of {base.name}"
    return Said(
        DIFFERENCE, words, (on, base), figure, relation, bound, given=_in_a_unit(given, figure), place=of_the_caller()
    )


def _in_a_unit(given: str, figure: Figure) -> str:
    """What was written, where sentences may have another unit."""
    return given if figure.kind in (TIME, MEMORY) else ""


def _apart(on: On, base: On) -> None:
    if on.name == base.name:
        raise NoQuantity(f"it compares {on.name} with itself")


def written(figure: float, kind: str) -> str:
    """A figure in seconds, bytes or as a number, as a sentence has it."""
    if kind == TIME:
        return f"{figure * 1e3:.6g} ms"
    if kind == MEMORY:
        return f"{figure / 2**20:.6g} MiB"
    return f"{figure:.6g} FPS" if kind == RATE else f"{figure:.6g}"


def _factor(value: object) -> float | None:
    """A number by which a figure can be multiplied; ``None`` for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _said(value: object) -> str:
    return "a figure" if isinstance(value, Of) else repr(value)


FPS = Figure("FPS", "FPS", RATE)
MEAN = Figure("MEAN", "mean latency", TIME)
P50, P90, P95, P99 = (Figure(f"P{percent}", f"p{percent} latency", TIME) for percent in (50, 90, 95, 99))
FIL = Figure("FIL", "FIL", TIME, is_of_the_first=True)
PEAK_MEMORY = Figure("PEAK_MEMORY", "peak memory", MEMORY, is_of_the_first=True)
FIGURES = MappingProxyType({each.key: each for each in (FPS, MEAN, P50, P90, P95, P99, FIL, PEAK_MEMORY)})
"""All that can be claimed of, by what it is called."""
