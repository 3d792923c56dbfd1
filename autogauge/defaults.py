"""Where the texts of a run's options come from, and which place wins. What a text means is left to ``options``, the files to their readers.

From the strongest to the weakest: the command line; ``PYTEST_ADDOPTS``; an option's variable, such as ``AUTOGAUGE_GATE``; ``addopts`` of
pytest's file; this machine's table in the project's ``pyproject.toml``; the option's key in pytest's file; ``[tool.autogauge]``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from pathlib import Path

from autogauge import plain, project_file, pytest_file, rivals
from autogauge.files import slug
from autogauge.options import NO_VALUE, OPTIONS
from autogauge.project_file import ProjectFile, Stands
from autogauge.pytest_file import PytestFile, words_of
from autogauge.variables import of_variables

ADDOPTS = "PYTEST_ADDOPTS"
CONTAINER = re.compile(r"[0-9a-f]{12}")
"""The host name that a container is given where nobody gives it one."""


class Source(str, Enum):
    """A kind of place, the strongest first."""

    COMMAND_LINE = "command line"
    ADDOPTS = "PYTEST_ADDOPTS"
    VARIABLE = "variable"
    ADDOPTS_OF_FILE = "addopts"
    OF_MACHINE = "machine"
    INI = "ini"
    OF_PROJECT = "file"
    DEFAULT = "default"


Texts = Mapping[str, Stands]
"""Options by their names, and where each stands."""


@dataclass(frozen=True)
class Given:
    """What is given by whom: for each source what stands there, by the options' names. ``machine`` is whose table counted."""

    sources: Mapping[Source, Texts]
    machine: str = ""
    project: ProjectFile = field(default_factory=ProjectFile)

    @property
    def texts(self) -> dict[str, str]:
        """The texts that hold, by the options' names; without those that leave an option out."""
        held = {name: found[1].text for name in OPTIONS if (found := self.stands(name)) is not None}
        return {name: text for name, text in held.items() if not OPTIONS[name].leaves_out(text)}

    def stands(self, name: str) -> tuple[Source, Stands] | None:
        """Where the text of an option stands that holds; ``None`` where its default does."""
        return None if name in self.left_out else next(iter(self.all_of(name)), None)

    @cached_property
    def left_out(self) -> Mapping[str, str]:
        """The options that play no part for what another one says in a stronger place, and which that is."""
        order = [*Source]
        places = {
            name: [(order.index(source), stands.text) for source, stands in self.all_of(name)] for name in OPTIONS
        }
        return rivals.left_out({name: found for name, found in places.items() if found})

    def why_left_out(self, name: str) -> str:
        """Why an option plays no part, in words; empty where it does, or nobody named it."""
        if (by := self.left_out.get(name)) is None:
            return ""
        _, stronger = next(self.all_of(by))
        return f"{by}={stronger.text} from {stronger.place} leaves it out"

    def told_left_out(self, names: Iterable[str] = OPTIONS) -> list[str]:
        """A line for each of the options that plays no part, with the reason."""
        left = [(name, next(self.all_of(name))[1]) for name in names if name in self.left_out]
        return [
            plain.sentence(f"{name}={stands.text} from {stands.precisely} plays no part: {self.why_left_out(name)}")
            for name, stands in left
        ]

    def all_of(self, name: str) -> Iterator[tuple[Source, Stands]]:
        """All places that name an option, the strongest first."""
        for source in Source:
            if (stands := self.sources.get(source, {}).get(name)) is not None:
                yield source, stands

    def _elsewhere(self, names: Iterable[str]) -> dict[str, Stands]:
        """Where those of the options stand that hold and are not on the command line."""
        held = {name: found for name in names if (found := self.stands(name)) is not None}
        return {name: stands for name, (source, stands) in held.items() if source is not Source.COMMAND_LINE}

    def note_on_machine(self, host: str) -> str:
        """What there is to say where a file for everybody names the machine; ``host`` is how this one is called otherwise."""
        found = self.stands("--machine")
        if found is None or found[1].file is None or self.machine == host or CONTAINER.fullmatch(host):
            return ""
        return plain.sentence(
            f"{found[1].precisely} calls every computer {self.machine} that has this file, and this one is {host}: name one machine by "
            "AUTOGAUGE_MACHINE in its environment"
        )

    def explain(self, sentence: str, names: Iterable[str] = OPTIONS) -> str:
        """A mistake's sentence, and where those of the options stand that it names and that are not on the command line."""
        named = {
            name: stands
            for name, stands in self._elsewhere(names).items()
            if re.search(rf"(?<![\w-]){name}(?![\w-])", sentence) and f"{name} comes from " not in sentence
        }
        if not named:
            return sentence
        says_leave = re.search(r"\bleave\b", sentence)
        said = "; ".join(
            f"{name} comes from {stands.precisely}"
            + (f", and {name}={NO_VALUE} leaves it out" if says_leave and OPTIONS[name].default is None else "")
            for name, stands in named.items()
        )
        return plain.sentence(f"{sentence.removesuffix('.')}; {said}.")

    def from_elsewhere(self, names: Iterable[str] = OPTIONS, beside: Path | None = None) -> list[str]:
        """What is asked for by another place than the command line, a line a place; without the files in the folder ``beside``."""
        by_place: dict[str, list[str]] = {}
        strongest = sorted(self._elsewhere(names), key=lambda name: [*Source].index(next(self.all_of(name))[0]))
        for name in strongest:
            _, stands = next(self.all_of(name))
            if beside is not None and stands.file is not None and stands.file.parent == beside:
                continue
            by_place.setdefault(stands.place, []).append(f"{name}={stands.text}")
        return [plain.sentence(f"{' '.join(asked)} from {place}") for place, asked in by_place.items()]


def collected(
    command_line: Mapping[str, str],
    project: ProjectFile,
    of_pytest: PytestFile,
    environment: Mapping[str, str],
    machine: str,
) -> Given:
    """What all places say. ``machine`` is how this one is called where no place says it. Raises :class:`UserError`."""
    words = pytest_file.ADDOPTS
    sources: dict[Source, Texts] = {
        Source.COMMAND_LINE: {name: Stands(text, "the command line") for name, text in command_line.items()},
        Source.ADDOPTS: of_words(words_of(environment.get(ADDOPTS, "")), f"{ADDOPTS} in the environment"),
        Source.VARIABLE: of_variables(environment),
        Source.ADDOPTS_OF_FILE: of_words(
            of_pytest.words, f"{words} in {of_pytest.path}", of_pytest.path, of_pytest.words_line
        ),
        Source.INI: of_pytest.options,
        Source.OF_PROJECT: project.options,
    }
    for source, texts in sources.items():
        sources[source] = {
            name: replace(stands, text=OPTIONS[name].at_home(stands.text)) for name, stands in texts.items()
        }
    called = Given(sources).stands("--machine")
    is_named = called is not None and not OPTIONS["--machine"].leaves_out(called[1].text)
    name = slug(called[1].text) if called is not None and is_named else machine
    sources[Source.OF_MACHINE] = project.machines.get(name, {})
    return Given(sources, name, project)


def of_words(words: Sequence[str], place: str, file: Path | None = None, line: int | None = None) -> Texts:
    """The options among the words of a command line that stands somewhere else."""
    found = {name: last(words, name) for name in OPTIONS}
    return {name: Stands(text, place, file, line) for name, text in found.items() if text is not None}


def typed(
    parsed: Mapping[str, str | None], words: Sequence[str], of_pytest: PytestFile, environment: Mapping[str, str]
) -> dict[str, str]:
    """Of the texts as pytest parsed them, from all ``words`` that it put together, those that stand on its command line."""
    elsewhere = (words_of(environment.get(ADDOPTS, "")), of_pytest.words)
    return {
        name: text
        for name, text in parsed.items()
        if text is not None and (last(words, name) is not None or text not in [last(each, name) for each in elsewhere])
    }


def of_command(command_line: Mapping[str, str], environment: Mapping[str, str], folder: Path, machine: str) -> Given:
    """What holds for a command that is started in that folder. Raises :class:`UserError`, also where a run there would end with one."""
    of_pytest = pytest_file.find(folder)
    if of_pytest.path is not None:
        pytest_file.check_unread(of_pytest.path.parent / project_file.PYPROJECT, of_pytest.path)
    return collected(command_line, project_file.find(folder), of_pytest, environment, machine)


def project_of_tests(started_in: Path, tests: Sequence[Path], root: Path) -> tuple[ProjectFile, ProjectFile]:
    """The file that holds for a session of pytest's, and the one that commands find where it is ``started_in``.

    The first is that of the ``tests`` that were named, if any were; else the second; or where none is, that of pytest's ``root`` folder.
    Raises :class:`UserError`.
    """
    here = project_file.find(started_in)
    start = Path(os.path.commonpath(tests)) if tests else started_in
    held = here if start == started_in else project_file.find(start if start.is_dir() else start.parent)
    return (held if held.path is not None else project_file.find(root)), here


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


def without(words: Iterable[str], names: Container[str]) -> tuple[str, ...]:
    """The words of a command line without these options and what they are given."""
    left, is_value = list[str](), False
    for word in words:
        is_value = is_value and not word.startswith("-")
        if not is_value and word.partition("=")[0] not in names:
            left.append(word)
        is_value = word in names
    return tuple(left)
