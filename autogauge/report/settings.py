"""What each option of a run is and where that comes from, as a table and as data. What holds is left to ``autogauge.defaults``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.text import Text

from autogauge.defaults import Given, Source
from autogauge.options import OPTIONS, Option
from autogauge.plain import few_plain, plain
from autogauge.project_file import MACHINES, PYPROJECT, TABLE, Stands
from autogauge.report.tables import Column, Fitted

LONGEST = 400
"""Of a path, or a place."""


def table(given: Given) -> Fitted:
    """A row an option, in the order of docs/options.md; what a weaker place says too is told beside it. Files by their names alone."""
    found = Fitted(
        (
            Column("option", 100),
            Column("value", 90, 12, longest=LONGEST),
            Column("from", 80, 16, longest=LONGEST),
        )
    )
    for option in OPTIONS.values():
        places = [*given.all_of(option.name)]
        if places:
            is_left_out = option.name in given.left_out
            passed_over = places if is_left_out else places[1:]
            held = "default" if is_left_out else _in_short(*places[0])
            said = [held, *(f"not {stands.text} of {_in_short(source, stands)}" for source, stands in passed_over)]
            if is_left_out:
                said.append(given.why_left_out(option.name))
            value = default_of(option, given) if is_left_out else places[0][1].text
            where, style = "; ".join(said), "dim" if is_left_out else ""
        else:
            value, where, style = default_of(option, given), "default", "dim"
        found.add_row(option.name, *(Text(plain(each, LONGEST), style=style) for each in (value, where)))
    return found


def default_of(option: Option, given: Given) -> str:
    """What holds without the option, in words."""
    return f"{given.machine}, {option.default_in_words}" if option.name == "--machine" else option.default_in_words


def _in_short(source: Source, stands: Stands) -> str:
    if stands.file is None:
        return stands.place.removesuffix(" in the environment")
    whose = {Source.OF_MACHINE: f"{stands.place.partition(' in ')[0]} in ", Source.ADDOPTS_OF_FILE: "addopts in "}.get(
        source, ""
    )
    return f"{whose}{stands.file.name}:{stands.line}"


def places(given: Given, notes: Iterable[str] = ()) -> str:
    """Which files counted, and which machine's table; then the ``notes``."""
    project, said = given.project, []
    files = dict.fromkeys(str(each.file) for table in given.sources.values() for each in table.values() if each.file)
    said += [plain(f"{Path(file).name} is {file}.", LONGEST) for file in files]
    said += [sentence_of_passed_over(path) for path in project.passed_over]
    if project.path is None:
        said.append(f"No {PYPROJECT} from here upwards has a [{TABLE}].")
    elif project.machines:
        has = "its table counts" if given.machine in project.machines else "which has no table"
        said.append(
            f"This machine is called {given.machine}, {has}; {PYPROJECT} has tables of {few_plain([*project.machines])}."
        )
    return "\n".join([*said, *(plain(f"{each}.", LONGEST) for each in notes)])


def sentence_of_passed_over(path: Path) -> str:
    """That a file does not count, and why."""
    return plain(f"{path} plays no part: it is not yours, or lies in a folder that everybody writes to.", LONGEST)


def to_json(given: Given) -> dict[str, Any]:
    """All of it as data."""
    return {
        "machine": given.machine,
        "project_file": None if given.project.path is None else str(given.project.path),
        MACHINES: [*given.project.machines],
        "options": [to_json_of(option, given) for option in OPTIONS.values()],
    }


def to_json_of(option: Option, given: Given) -> dict[str, Any]:
    """One option: its ``value`` as text, which is ``None`` where its ``default`` holds, which is in words; and who says that."""
    found: list[dict[str, Any]] = [
        {
            "value": stands.text,
            "source": source.value,
            "place": stands.precisely,
            "file": None if stands.file is None else str(stands.file),
            "line": stands.line,
        }
        for source, stands in given.all_of(option.name)
    ]
    none: dict[str, Any] = {
        "value": option.default,
        "source": Source.DEFAULT.value,
        "place": "default",
        "file": None,
        "line": None,
    }
    first, *overridden = [none, *found] if not found or option.name in given.left_out else found
    return {
        "option": option.name,
        "key": option.key,
        "variable": option.variable,
        "ini": option.ini,
        "default": default_of(option, given),
        **first,
        "overridden": overridden,
        "left_out": given.why_left_out(option.name) or None,
    }
