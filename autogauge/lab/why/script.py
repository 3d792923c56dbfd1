"""A script for an issue's report upstream: it needs openvino and numpy only, and says of one environment what ``why`` said of two.

The script is a text of its own (``reproduction.txt``, beside this file); here its first lines are filled in.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

from autogauge.errors import UserError, explain_os_error
from autogauge.files import utf8, write_for_a_user
from autogauge.models.artefact import ModelArtefact
from autogauge.targets import Target

TEMPLATE = Path(__file__).with_name("reproduction.txt")
BEGIN, END = "# --- what is measured", "# --- how"
MOST_EMBEDDED = 200_000
"""Bytes of a model that stands in the script itself; a larger one is named, and is to be attached."""


def check_place(path: Path) -> None:
    """Raise :class:`UserError` for what is no name of a script, before anything is measured."""
    if path.suffix != ".py":
        raise UserError(f"{path} is no name of a script: let it end in .py (--script=FILE.py).")


def save(path: Path, content: str) -> None:
    """Write it. Raises :class:`UserError`."""
    try:
        write_for_a_user(path.absolute(), utf8(content))
    except OSError as error:
        raise explain_os_error(error, f"cannot write the script {path}", "--script=FILE.py") from error


def text_for(model: ModelArtefact, target: Target, shapes: Mapping[str, Sequence[int]], words: Sequence[str]) -> str:
    """The script. ``words`` are what was found, and stand at its top."""
    head, rest = TEMPLATE.read_text(encoding="utf-8").split(BEGIN, 1)
    _, how = rest.split(END, 1)
    said = "".join(f"# {line}\n" for each in words for line in each.splitlines())
    values = {
        "MODEL": model.path.name,
        "EMBEDDED": embedded(model.path),
        "DEVICE": target.device or "AUTO",
        "PROPERTIES": dict(target.properties),
        "SHAPES": {name: list(lengths) for name, lengths in shapes.items()},
    }
    lines = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    return f"{head}{said}{BEGIN}\n{lines}{END}{how}"


def of_b(a: Target, b: Target, model: Path | None) -> list[str]:
    """What whoever runs the script must change for B, where that is more than the environment."""
    found = [f"B is the model {model.name}: give it as the first argument."] if model is not None else []
    if a.key != b.key:
        found.append(f"DEVICE and PROPERTIES are A's; B's are {b.device or 'AUTO'!r} and {dict(b.properties)!r}.")
    return found


def embedded(path: Path) -> dict[str, str]:
    """The files of a small OpenVINO IR as base64, by their ending; nothing for another model."""
    files = [path, path.with_suffix(".bin")]
    if path.suffix != ".xml" or not all(each.is_file() for each in files):
        return {}
    if sum(each.stat().st_size for each in files) > MOST_EMBEDDED:
        return {}
    return {each.suffix: base64.b64encode(each.read_bytes()).decode() for each in files}
