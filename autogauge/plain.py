"""Text that others wrote (names, paths, messages) as it may be shown on a terminal: one line, no control characters, of bearable length.

A name in a file can hold escape codes that move a terminal's cursor or change its title, characters that turn the direction of what
follows, or a megabyte. Everything that is printed goes through here; Markdown and pages escape by their own rules on top of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

LONGEST_NAME = 120
LONGEST_SENTENCE = 2000
LONGEST_PARAGRAPH = 5000
MOST_NAMED = 3
"""Names that one sentence lists; of more it gives the number."""
SHOWN_FOR_CONTROL = "·"
_BLANKS = re.compile(r"[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]+")
_NOT_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_JOINERS = "\u200c\u200d"
"""Between letters of some scripts, and within emoji: they act on nothing else."""
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    """The text on one line: line ends and tabs as blanks, other control characters as a dot, and an ellipsis where it is cut.

    What counts as a control character: C0, C1, marks of direction, halves of characters, and all else that Unicode calls not printable.
    """
    cut = text[: longest + 1]
    shown = "".join(_shown(each) for each in _BLANKS.sub(" ", cut))
    return shown if len(text) <= longest else f"{shown[:longest]}…"


def sentence(text: str, longest: int = LONGEST_SENTENCE) -> str:
    """The same of a sentence with names in it; of a long one the middle is left out, since its end says what to do next."""
    if len(text) <= longest:
        return plain(text, longest)
    tail = longest // 3
    return f"{plain(text[: longest - tail], longest)} … {plain(text[-tail:], longest)}"


def paragraph(text: str, longest: int = LONGEST_PARAGRAPH) -> str:
    """The same of a text whose line ends are kept, for a page or a test's report; a long one is cut as a sentence is."""
    if len(text) > longest:
        return sentence(text, longest)
    if text.isprintable():
        return text  # most are, and pages have very many
    return "".join(each if each == "\n" else _shown(each) for each in text)


def few(names: Sequence[str], between: str = ", ", most: int = MOST_NAMED) -> str:
    """The names, of many the first ones and how many more: ``a, b, c and 11 more``."""
    more = len(names) - most
    return between.join(names) if more < 1 else f"{between.join(names[:most])} and {more} more"


def few_plain(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """The same of names that come from files: each once, as :func:`plain` has it."""
    return few([plain(each, 80) for each in dict.fromkeys(names)], most=most)


def counted(number: int, what: str) -> str:
    """``1 run``, ``3 runs``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def without_controls(text: str) -> str:
    """The text without what a terminal acts upon, line ends kept: for what is laid out already, since it keeps every width."""
    return "".join(each for each in text if each == "\n" or not (_acts(each)))


def json_text(value: Any) -> str:
    """JSON for people and machines, in which every control character is escaped. Raises ``ValueError`` for NaN and infinity."""
    made = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return _NOT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", made)


def _shown(each: str) -> str:
    if each.isprintable() or each in _JOINERS:
        return each
    return " " if each.isspace() else SHOWN_FOR_CONTROL


def _acts(each: str) -> bool:
    return each < " " or "\x7f" <= each <= "\x9f" or "\ud800" <= each <= "\udfff" or each in _DIRECTIONS
