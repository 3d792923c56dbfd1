"""What the user wrote on a command line, read as what it says. Which options there are is left to ``autogauge.options``."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge.errors import UserError

MOST_DAYS = 36_500


def parse_list(text: str) -> tuple[str, ...]:
    """A comma-separated option as a tuple without blanks and repetitions."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def parse_choice(option: str, word: str, known: Collection[str]) -> str:
    """The word, if it is one of those known. Raises :class:`UserError`."""
    if word not in known:
        raise UserError(f"there is no {word!r} to choose: take one of {', '.join(known)} ({option}).")
    return word


def parse_change(option: str, text: str) -> float:
    """A change in percent, with or without its sign, as a fraction: ``5%`` is 0.05. Raises :class:`UserError`."""
    percent = parse_number(option, text.strip().removesuffix("%"), lowest=0.1)
    if percent > 100:
        raise UserError(f"{text!r} does not fit: give at most 100 % ({option}).")
    return percent / 100


LONGEST_DEADLINE_S = 86_400.0


def parse_deadline(option: str, text: str) -> float:
    """A number of seconds from one to a day. Raises :class:`UserError`."""
    seconds = parse_number(option, text, lowest=1)
    if seconds > LONGEST_DEADLINE_S:
        raise UserError(f"{text!r} does not fit: give at most a day, {LONGEST_DEADLINE_S:g} seconds ({option}).")
    return seconds


LONGEST_MINUTES = 7 * 24 * 60.0


def parse_minutes(option: str, text: str) -> float:
    """A number of minutes from half a one to a week. Raises :class:`UserError`."""
    minutes = parse_number(option, text, lowest=0.5)
    if minutes > LONGEST_MINUTES:
        raise UserError(f"{text!r} does not fit: give at most a week, {LONGEST_MINUTES:g} minutes ({option}).")
    return minutes


NO_WAIT = "no"


def parse_wait(option: str, text: str) -> float:
    """How many seconds to wait for another session's measuring; ``no`` and 0 are none. Raises :class:`UserError`."""
    if text.strip() in (NO_WAIT, "0"):
        return 0.0
    try:
        float(text)
    except ValueError:
        raise UserError(f"{text!r} does not fit: give a number of seconds, or {NO_WAIT} ({option}).") from None
    return parse_deadline(option, text)


def parse_number(option: str, text: str, *, lowest: float, whole: bool = False) -> float:
    """A finite number that is not below the lowest. Raises :class:`UserError`."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < lowest or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise UserError(f"{text!r} does not fit: give {kind} that is at least {lowest:g} ({option}).")
    return number


def parse_stale_after(option: str, text: str | None) -> float | None:
    """After how many days a machine is stale; ``None`` for its own rhythm. Raises :class:`UserError`."""
    if text is None:
        return None
    days = parse_number(option, text, lowest=0.01)
    if days > MOST_DAYS:
        raise UserError(f"{text!r} does not fit: give at most {MOST_DAYS} days ({option}).")
    return days


def at_home(text: str) -> str:
    """A path with ``~/`` as the user's home: a shell does not put it in after a ``=``, nor does a job that sets a variable."""
    if text == "~" or text.startswith("~/"):
        with contextlib.suppress(RuntimeError):  # a user without a home
            return str(Path(text).expanduser())
    return text


def beside(text: str, folder: Path) -> str:
    """A path that stands in a file of that folder: relative to it, with ``~`` as the user's home."""
    return str(folder / at_home(text)) if text.strip() else text


def no_path(text: str, _: Path) -> str:
    """A text that means the same in every folder."""
    return text


@dataclass(frozen=True)
class Kind:
    """How an option's text becomes a value and a value its text. ``read`` gets the option's name for its :class:`UserError`.

    ``beside`` is what a text means that stands in a file of that folder, as it were on a command line. ``takes`` is what a file may have
    where others have a text: ``float`` for a number, ``list`` for a list of texts.
    """

    read: Callable[[str, str], Any]
    write: Callable[[Any], str]
    metavar: str
    beside: Callable[[str, Path], str] = no_path
    takes: type = str

    @property
    def is_path(self) -> bool:
        """Whether a text may be a path."""
        return self.beside is not no_path


def _given(option: str, text: str) -> str:
    if not text.strip():
        raise UserError(f"nothing is given: write {option}=VALUE, or leave the option out ({option}).")
    return text


def text(
    metavar: str,
    read: Callable[[str], Any] = str,
    write: Callable[[Any], str] = str,
    beside: Callable[[str, Path], str] = no_path,
) -> Kind:
    """Any text but an empty one: a variable of a job that is not set would else be a default that nobody asked for."""
    return Kind(lambda option, given: read(_given(option, given)), write, metavar, beside)


def choice(*words: str) -> Kind:
    """One of these words."""
    return Kind(lambda option, given: parse_choice(option, given, words), str, "|".join(words))


def switch(off: str, on: str) -> Kind:
    """One of two words, as a truth value."""
    return Kind(
        lambda option, given: parse_choice(option, given, (off, on)) == on,
        lambda value: on if value else off,
        f"{off}|{on}",
    )


def in_digits(value: float) -> str:
    """A number as a user would write it."""
    return f"{value:.12g}"


FOLDER, FILE = text("DIR", Path, beside=beside), text("FILE", Path, beside=beside)
DEVICES = Kind(lambda _, given: parse_list(given), ",".join, "LIST", takes=list)
SECONDS = Kind(parse_deadline, in_digits, "SECONDS", takes=float)
MINUTES = Kind(parse_minutes, in_digits, "MINUTES", takes=float)
WAIT = Kind(parse_wait, in_digits, "SECONDS|no", takes=float)
PERCENT = Kind(parse_change, lambda value: f"{in_digits(100 * value)}%", "PERCENT", takes=float)
COUNT = Kind(lambda option, given: int(parse_number(option, given, lowest=0, whole=True)), str, "N", takes=float)
