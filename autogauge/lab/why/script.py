"""A script for an issue's report upstream: it needs openvino and numpy only, and says of one environment what ``why`` said of two.

The script is a text of its own (``reproduction.txt``, beside this file); here its first lines are filled in.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autogauge.errors import UserError, explain_os_error
from autogauge.files import require_writable, utf8, write_for_a_user
from autogauge.lab.why.sides import counted_target
from autogauge.models.artefact import ModelArtefact
from autogauge.rig.workload import Setup
from autogauge.targets import Target

TEMPLATE = Path(__file__).with_name("reproduction.txt")
BEGIN, END = "# --- what is measured", "# --- how"
MOST_EMBEDDED = 200_000
"""Bytes of a model that stands in the script itself; a larger one is named, and is to be attached."""


@dataclass(frozen=True)
class Reproduced:
    """What the script measures: one side as it was measured, with its own model.

    ``shapes`` are its inputs' lengths in the model's order, ``requests`` how many it was asked to keep in flight (0: the device says).
    """

    model: ModelArtefact
    target: Target
    shapes: Sequence[Sequence[int]]
    frames: int = 1
    requests: int = 0

    @classmethod
    def of(cls, setup: Setup, target: Target, requests: int) -> Reproduced:
        """That side, while its inputs are still on the disk."""
        with np.load(setup.workload.inputs) as arrays:
            shapes = [list(map(int, arrays[str(index)].shape)) for index in range(len(arrays.files))]
        return cls(setup.workload.model, target, shapes, setup.workload.frames, requests)


def check_place(path: Path) -> None:
    """Raise :class:`UserError` for what is no name of a script, or cannot be written, before anything is measured."""
    if path.suffix != ".py":
        raise UserError(f"{path} is no name of a script: let it end in .py (--script=FILE.py).")
    try:
        require_writable(path.absolute())
    except OSError as error:
        raise explain_os_error(error, f"cannot write the script {path}", "--script=FILE.py") from error


def save(path: Path, content: str) -> None:
    """Write it. Raises :class:`UserError`."""
    try:
        write_for_a_user(path.absolute(), utf8(content))
    except OSError as error:
        raise explain_os_error(error, f"cannot write the script {path}", "--script=FILE.py") from error


def text_for(
    side: Reproduced, words: Sequence[str], *, in_fps: bool, renamed: Sequence[tuple[Sequence[str], Sequence[str]]] = ()
) -> str:
    """The script. ``words`` are what was found, and stand at its top; ``in_fps`` is whether frames a second were judged.

    ``renamed`` are the names in A and in B of layers that are one.
    """
    head, rest = TEMPLATE.read_text(encoding="utf-8").split(BEGIN, 1)
    _, how = rest.split(END, 1)
    model = embedded(side.model.path)
    beside = " and ".join(each.name for each in files_of(side.model.path))
    where = [] if model else [f"The model is not in here: put {beside} beside this file, or name the first one."]
    said = "".join(f"# {line}\n" for each in (*words, *where) for line in each.splitlines())
    values = {
        "MODEL": side.model.path.name,
        "EMBEDDED": model,
        "DEVICE": side.target.device or "AUTO",
        "PROPERTIES": dict(side.target.properties),
        "COUNTED": dict(counted_target(side.target)[0].properties),
        "SHAPES": [list(lengths) for lengths in side.shapes],
        "FRAMES": side.frames,
        "REQUESTS": side.requests,
        "IN_FPS": in_fps,
        "RENAMED": [[[*names] for names in each] for each in renamed],
    }
    lines = "".join(f"{name} = {value!r}\n" for name, value in values.items())
    return f"{head}{said}{BEGIN}\n{lines}{END}{how}"


def of_b(a: Reproduced, b: Reproduced) -> list[str]:
    """What whoever runs the script must change for B, where that is more than the environment."""
    found = []
    if a.model.digest != b.model.digest:
        found.append(f"B is the model {b.model.path.name}: give it as the first argument.")
    if a.target.key != b.target.key:
        told = b.target.device or "AUTO", dict(b.target.properties), dict(counted_target(b.target)[0].properties)
        found.append("DEVICE, PROPERTIES and COUNTED are A's; B's are {!r}, {!r} and {!r}.".format(*told))
    if a.requests != b.requests:
        found.append(f"REQUESTS is A's; B's is {b.requests} (0: as many as the device asks for).")
    if [*map(list, a.shapes)] != [*map(list, b.shapes)]:
        found.append(f"SHAPES are A's, in the order of its inputs; B's are {[*map(list, b.shapes)]!r}.")
    return found


def embedded(path: Path) -> dict[str, str]:
    """The files of a small OpenVINO IR as base64, by their ending; nothing for another model."""
    files = files_of(path)
    if path.suffix != ".xml" or len(files) < 2:
        return {}
    if sum(each.stat().st_size for each in files) > MOST_EMBEDDED:
        return {}
    return {each.suffix: base64.b64encode(each.read_bytes()).decode() for each in files}


def files_of(path: Path) -> list[Path]:
    """The files of a model: of an OpenVINO IR its weights, too."""
    weights = path.with_suffix(".bin")
    return [path, weights] if path.suffix == ".xml" and weights.is_file() else [path]
