"""Every option, as data and as the page ``docs/options.md``. Which there are is said by ``autogauge.options`` and by the commands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from autogauge.options import GROUPS, OPTIONS
from autogauge.project_file import TABLE
from autogauge.variables import VARIABLES

PROGRAM = "python -m autogauge"
COMMAND = f"{PROGRAM} options"
TITLES = ("option", "what it asks for", "default")

HEAD = f"""# Options

What each option asks for, and what holds without it: first those of a run (`pytest -m perf`), then those of the other commands.

`.venv/bin/{COMMAND}` writes this page, from the one place where the options are declared.
With `--help`, pytest and each command say the same.

Write an option with a value as `--gate=fail`: after a blank, pytest takes a folder for the place of its tests. An option whose default is
no value takes `none` for it (`--reference=none`): so one run leaves out what a file asks for.
"""

FILES = f"""## In a file, or in the environment

What a job always asks for can stand in `pyproject.toml`, in pytest's own file or in variables, so that its line stays short:

```toml
[{TABLE}]
gate = "fail"
no-baseline = "fail"
devices = ["CPU", "GPU"]
```

In `pytest.ini` the same is:

```ini
[pytest]
autogauge_gate = fail
autogauge_no_baseline = fail
autogauge_devices = CPU,GPU
```

And in the environment, for example of a CI job:

```sh
export AUTOGAUGE_GATE=fail AUTOGAUGE_NO_BASELINE=fail AUTOGAUGE_DEVICES=CPU,GPU
```

A machine's name belongs there (`AUTOGAUGE_MACHINE=lab-01`), or into its job's command line: in a file of the
project each computer that has the file would be called so.

Which place wins, a table for one machine, paths in a file, mistakes: [settings.md](settings.md). `{PROGRAM} settings` says for each
option its value and where that comes from.
"""


def described(root: Any) -> dict[str, Any]:
    """All options as data: of a run by question, the variables of the environment, and of each command below ``root``, a command line."""
    return {
        "run": [
            {
                "question": group.question,
                "example": group.example,
                "options": [
                    {
                        "name": option.name,
                        "metavar": option.kind.metavar,
                        "help": option.help,
                        "default": option.default_in_words,
                        "key": option.key,
                        "variable": option.variable,
                        "ini": option.ini,
                    }
                    for option in group.options
                ],
            }
            for group in GROUPS
        ],
        "variables": [
            {"name": "AUTOGAUGE_OPTION", "help": "As --option, which is stronger: each option of a run has one."},
            *({"name": each.name, "help": each.help} for each in VARIABLES),
        ],
        "commands": [*_commands(root)],
    }


def for_pytest() -> list[dict[str, str]]:
    """The options of a run as pytest's plugin adds them: it is in every project's start-up, and imports nothing to know them."""
    return [
        {"name": each.name, "metavar": each.kind.metavar, "help": each.line, "ini": each.ini}
        for each in OPTIONS.values()
    ]


def _commands(command: Any, *path: str) -> Iterator[dict[str, Any]]:
    """Each command with its arguments and options; those that a run has too, in the same words, by their names only."""
    if path:
        parameters = [_parameter(each) for each in command.params]
        yield {
            "name": " ".join(path),
            "help": "\n\n".join(" ".join(each.split()) for each in (command.help or "").split("\n\n")),
            "example": (command.epilog or "").removeprefix("Example: "),
            "as_of_a_run": [each["name"] for each in parameters if _is_of_a_run(each)],
            "parameters": [each for each in parameters if not _is_of_a_run(each)],
        }
    for name, each in getattr(command, "commands", {}).items():
        yield from _commands(each, *path, name)


def _parameter(parameter: Any) -> dict[str, Any]:
    is_argument = parameter.param_type_name == "argument"
    is_flag = not is_argument and parameter.is_flag
    default = parameter.default
    return {
        "name": (parameter.metavar or parameter.name.upper()) if is_argument else parameter.opts[0],
        "is_argument": is_argument,
        "is_flag": is_flag,
        "help": " ".join((parameter.help or "").split()),
        "default": None if is_flag or default in (None, "") else str(default),
        "is_required": bool(parameter.required),
    }


def _is_of_a_run(parameter: dict[str, Any]) -> bool:
    name = parameter["name"]
    return name in OPTIONS and parameter["help"] == OPTIONS[name].help


def markdown(found: dict[str, Any]) -> str:
    """The page, of what :func:`described` found."""
    parts = [HEAD]
    for group in found["run"]:
        rows = [
            (
                f"`{option['name']}={option['metavar']}`",
                option["help"],
                option["default"],
                f"`{option['key']}`",
                f"`{option['variable']}`",
            )
            for option in group["options"]
        ]
        parts += [
            f"## {group['question']}",
            _table((*TITLES, "in a file", "variable"), rows),
            _shell(group["example"]),
        ]
    variables = [(f"`{each['name']}`", each["help"]) for each in found["variables"]]
    parts += [FILES, "## Environment variables", _table(("variable", "what it says"), variables)]
    return "\n\n".join(part.strip("\n") for part in (*parts, *_of_commands(found["commands"]))) + "\n"


def _of_commands(commands: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What several commands take in the same words is told once, before them."""
    takers: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for command in commands:
        for each in command["parameters"]:
            takers[_row(each)].append(command["name"])
    shared = {row for row, names in takers.items() if len(names) > 1}
    yield "## The other commands"
    yield f"Each is called as `{PROGRAM} COMMAND`. Several take the same:"
    names = {row: ", ".join(f"`{name}`" for name in takers[row]) for row in takers if row in shared}
    yield _table((*TITLES, "commands"), [(*row, names[row]) for row in names])
    for command in commands:
        yield f"### {command['name']}"
        yield command["help"]
        if own := [row for row in map(_row, command["parameters"]) if row not in shared]:
            yield _table(TITLES, own)
        if set(command["as_of_a_run"]) == set(OPTIONS):
            yield "And all that a run has: they stand [above](#what-is-measured)."
        elif command["as_of_a_run"]:
            yield f"And as a run does: {', '.join(f'`{name}`' for name in command['as_of_a_run'])}."
        yield _shell(command["example"])


def _row(parameter: dict[str, Any]) -> tuple[str, ...]:
    takes_value = not parameter["is_argument"] and not parameter["is_flag"]
    name = f"`{parameter['name']}{'=…' if takes_value else ''}`"
    return name, parameter["help"], "(required)" if parameter["is_required"] else _default(parameter["default"])


def _default(text: str | None) -> str:
    return text or "–"


def _shell(line: str) -> str:
    return f"```sh\n.venv/bin/{line}\n```"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
