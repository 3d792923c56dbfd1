"""Where the texts of a run's options come from: the command line, a file, a variable. What a text means is left to ``options``.

From the strongest to the weakest: the command line; ``PYTEST_ADDOPTS``; ``addopts`` of the file that pytest read; ``[tool.autogauge]`` of
the project's ``pyproject.toml``; an option's own environment variable; its default.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge import plain
from autogauge.errors import UserError
from autogauge.options import OPTIONS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # which pytest brings along

ADDOPTS = "PYTEST_ADDOPTS"
PYPROJECT, TABLE = "pyproject.toml", "tool.autogauge"


@dataclass(frozen=True)
class Given:
    """The texts of options by the options' names, and of those that are not from the command line where they come from."""

    texts: Mapping[str, str]
    places: Mapping[str, str]

    def explain(self, sentence: str) -> str:
        """A mistake's sentence, and where the options stand that it names and that are not on the command line."""
        named = [name for name in self.places if re.search(rf"(?<![\w-]){name}(?![\w-])", sentence)]
        if not named:
            return sentence
        said = "; ".join(f"{name} comes from {self.places[name]}" for name in named)
        return plain.sentence(f"{sentence.removesuffix('.')}; {said}.")

    def from_elsewhere(self) -> list[str]:
        """What is asked for by another place than the command line, a line a place."""
        by_place: dict[str, list[str]] = {}
        for name, place in self.places.items():
            if name in self.texts:
                by_place.setdefault(place, []).append(f"{name}={self.texts[name]}")
        return [plain.sentence(f"{' '.join(asked)} from {place}") for place, asked in by_place.items()]


def given(
    parsed: Mapping[str, str | None],
    sources: Sequence[tuple[str, Sequence[str]]],
    table: Mapping[str, str],
    table_place: str,
    environment: Mapping[str, str],
) -> Given:
    """What is given by whom.

    ``parsed`` are the texts as pytest read them. ``sources`` are the places that it put together and their words, the strongest first, of
    which the first is the command line. ``table`` is what the project's file has.
    """
    texts = {name: text for name, text in parsed.items() if text is not None}
    places = {}
    for name, text in texts.items():
        place = next((place for place, words in sources if last(words, name) == text), sources[0][0])
        if place != sources[0][0]:
            places[name] = place
    for name, text in table.items():
        if name not in texts:
            texts[name], places[name] = text, table_place
    for option in OPTIONS.values():
        if option.environment and option.name not in texts and environment.get(option.environment):
            places[option.name] = f"{option.environment} in the environment"
    return Given(texts, places)


def last(words: Iterable[str], name: str) -> str | None:
    """The text that the last mention of an option gives it among the words of a command line; ``None`` where none does."""
    found, awaited = None, False
    for word in words:
        if word == "--" and not awaited:
            break
        if awaited:
            found, awaited = word, False
        elif word == name:
            awaited = True
        elif word.startswith(f"{name}="):
            found = word.removeprefix(f"{name}=")
    return found


def of_project(path: Path, read_by_pytest: Path | None) -> dict[str, str]:
    """The options in ``[tool.autogauge]`` of a ``pyproject.toml``, by their names on the command line; none where there is no file.

    Raises :class:`UserError` for what is no option and no text, and where pytest's own table stands there and pytest read another file:
    it would be passed over in silence.
    """
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; make it readable.") from error
    except ValueError as error:  # no TOML, no UTF-8
        raise UserError(f"{path} is not TOML ({error}): mend it.") from error
    if "pytest" in tool and read_by_pytest is not None and read_by_pytest.resolve() != path.resolve():
        raise UserError(
            f"pytest does not read [tool.pytest] in {path}, since {read_by_pytest} stands before it: "
            f"write the suite's options into [{TABLE}], a line each, and pytest's own into {read_by_pytest.name}."
        )
    table = tool.get("autogauge", {})
    if not isinstance(table, dict):
        raise UserError(f'[{TABLE}] in {path} is no table: write options into it, such as gate = "fail".')
    return {_name(key, path): _text(key, value, path) for key, value in table.items()}


def _name(key: str, path: Path) -> str:
    name = f"--{key}"
    if name not in OPTIONS:
        close = difflib.get_close_matches(name, OPTIONS, 1)
        hint = f" (did you mean {close[0].removeprefix('--')}?)" if close else ""
        raise UserError(
            f"[{TABLE}] in {path} has {key!r}, and there is no option --{key}{hint}: docs/options.md lists them."
        )
    return name


def _text(key: str, value: Any, path: Path) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    raise UserError(f'{key} of [{TABLE}] in {path} is no text: write {key} = "…" as after --{key}=.')
