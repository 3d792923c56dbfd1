"""What pytest is asked for on the machines, as far as it can be told to be wrong here: a word or number that an option does not know.

Only values of a few words, and numbers: what names a file, a model or a device is the machine's to know. A machine with a checkout of its
own may know other words, so it is left out. Whatever else is wrong pytest says there.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from autogauge.errors import UserError
from autogauge.lab.fleet import variables
from autogauge.lab.fleet.inventory import Inventory, Machine
from autogauge.options import OPTIONS
from autogauge.parsing import COUNT, MINUTES, PERCENT, SECONDS, WAIT

NUMBERS = (SECONDS, MINUTES, WAIT, PERCENT, COUNT)
OF_ITS_OWN = ("autogauge_project", "autogauge_repository")
"""With one of these a machine measures by another checkout than this one; a version alone is one of nothing."""
ARGUMENTS = "autogauge_pytest_args"


def check(inventory: Inventory, words: Sequence[str]) -> None:
    """Raise :class:`UserError` for a value that no such option has; ``words`` are those of this call, behind the inventory's."""
    copied = [each for each in inventory.machines if not any(each.variables.get(name) for name in OF_ITS_OWN)]
    if copied:
        _check(words)
    for each in copied:
        try:
            _check(_words(each))
        except UserError as error:
            raise UserError(f"{ARGUMENTS} of {each.name} in {inventory.path}: {error}") from None


def _check(words: Iterable[str]) -> None:
    for name, value in _values([*words]):
        kind = OPTIONS[name].kind
        if kind in NUMBERS or "|" in kind.metavar:
            OPTIONS[name].value_of(value)


def _values(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The suite's own options with their values, written in one word or in two; a template is only known there."""
    for at, word in enumerate(words):
        name, has_value, value = word.partition("=")
        if name in OPTIONS and not has_value:
            value = words[at + 1] if at + 1 < len(words) else ""
        if name in OPTIONS and (has_value or value) and not variables.TEMPLATE.search(value):
            yield name, value


def _words(machine: Machine) -> list[str]:
    given: Any = machine.variables.get(ARGUMENTS) or ""
    if isinstance(given, list):
        return [str(each) for each in given if not variables.is_open(each)]
    if variables.is_open(given):
        return []
    with contextlib.suppress(ValueError):
        return shlex.split(str(given))
    return []
