"""Reads what was saved as JSON, strictly: whoever asks for a text, a number or a list gets one, or an error that names the place.

What the fields mean is left to who asks for them (``saving``, ``history.run_file``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
_NOT_GIVEN: Any = object()
_SPELLED = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}
_KINDS = {
    dict: "a dictionary",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


class Fields:
    """A dictionary of a file. ``place`` says where in it that stands. Every question raises ``ValueError`` where the answer is wrong.

    A question with ``otherwise`` has that for its answer where the key is not there.
    """

    def __init__(self, value: Any, place: str) -> None:
        self.place = place
        self._fields: Mapping[str, Any] = _of_type(value, dict, place)

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __contains__(self, key: str) -> bool:
        return self._fields.get(key) is not None

    def all(self) -> Mapping[str, Any]:
        """Every key with whatever stands there."""
        return self._fields

    def at(self, key: str) -> str:
        """Where that key stands."""
        return f"{self.place}, {key}" if self.place else key

    def any(self, key: str, otherwise: Any = _NOT_GIVEN) -> Any:
        """Whatever stands there; ``null`` counts as nothing where there is an ``otherwise``."""
        found = self._fields.get(key, _NOT_GIVEN)
        if otherwise is not _NOT_GIVEN and (found is _NOT_GIVEN or found is None):
            return otherwise
        if found is _NOT_GIVEN:
            raise ValueError(f"{self.place or 'it'} has no {key}")
        return found

    def text(self, key: str, otherwise: str = _NOT_GIVEN) -> str:
        """A text."""
        return str(_of_type(self.any(key, otherwise), str, self.at(key)))

    def number(self, key: str, otherwise: float = _NOT_GIVEN) -> float:
        """A number, also one that is not finite."""
        return number(self.any(key, otherwise), self.at(key))

    def whole(self, key: str, otherwise: int = _NOT_GIVEN) -> int:
        """A whole number that is not negative."""
        return whole(self.any(key, otherwise), self.at(key))

    def flag(self, key: str, otherwise: bool = _NOT_GIVEN) -> bool:
        """True or false."""
        return bool(_of_type(self.any(key, otherwise), bool, self.at(key)))

    def choice(self, key: str, choices: Sequence[str], otherwise: str = _NOT_GIVEN) -> Any:
        """One of these texts."""
        found = self.text(key, otherwise)
        if found not in choices:
            raise ValueError(f"{self.at(key)} is {short(found)}, none of {', '.join(choices)}")
        return found

    def fields(self, key: str, otherwise: Mapping[str, Any] = _NOT_GIVEN) -> Fields:
        """A dictionary."""
        return Fields(self.any(key, otherwise), self.at(key))

    def each(self, key: str, read: Callable[[Any, str], T], otherwise: Sequence[Any] = _NOT_GIVEN) -> tuple[T, ...]:
        """A list, each of its values read by ``read(value, place)``."""
        values = (
            _of_type(self.any(key, otherwise), list, self.at(key)) if key in self or otherwise is _NOT_GIVEN else ()
        )
        return tuple(read(value, f"{self.at(key)} {count}") for count, value in enumerate(values, 1))

    def texts(self, key: str, otherwise: Sequence[str] = _NOT_GIVEN) -> tuple[str, ...]:
        """A list of texts."""
        return self.each(key, text, otherwise)

    def of_texts(self, key: str, otherwise: Mapping[str, str] = _NOT_GIVEN) -> dict[str, str]:
        """A dictionary of texts."""
        found = self.fields(key, otherwise)
        return {name: found.text(name) for name in found}


def text(value: Any, place: str) -> str:
    """A text. Raises ``ValueError``."""
    return str(_of_type(value, str, place))


def number(value: Any, place: str) -> float:
    """A number, as :func:`spelled` wrote it. Raises ``ValueError``."""
    if isinstance(value, str) and value in _SPELLED:
        return _SPELLED[value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{place} is {short(value)}, where a number should be")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{place} is too large") from None


def whole(value: Any, place: str) -> int:
    """A whole number that is not negative. Raises ``ValueError``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{place} is {short(value)}, where a whole number should be")
    return value


def spelled(value: float | None) -> float | str | None:
    """A number as JSON holds it, which has neither infinity nor NaN; whole ones without a point."""
    if value is None:
        return None
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return int(value) if float(value).is_integer() and abs(value) < 2**53 and str(value) != "-0.0" else float(value)


def jsonable(value: Any) -> Any:
    """The same as JSON gives it back: lists for tuples and sets, texts for keys, plain numbers; what it cannot hold as its text."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(jsonable, value), key=str)
    if isinstance(value, (list, tuple)):
        return [jsonable(each) for each in value]
    if hasattr(value, "item"):  # a number of numpy's
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else spelled(value)
    return value if value is None or isinstance(value, (bool, str, int)) else str(value)


def short(value: Any) -> str:
    """A value as it may stand in a sentence: of a list or dictionary only what it is."""
    if value is None:
        return "null"
    if isinstance(value, (list, dict)):
        return _KINDS[type(value)]
    if isinstance(value, int) and abs(value) >= 10**20:
        return "an integer of very many digits"
    return repr(value[:80] if isinstance(value, str) else value)


def _of_type(value: Any, wanted: type[T], place: str) -> T:
    if not isinstance(value, wanted):
        raise ValueError(f"{place or 'it'} is {short(value)}, where {_KINDS[wanted]} should be")
    return value
