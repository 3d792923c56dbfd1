"""How often ``autogauge why`` names the layer that was made slower: ten equal convolutions, one of which is larger in B.

Each try plants it in another place, and asks by the command line. Printed are how often it ranked first, how often the interval of its
difference was beyond doubt on the slower side, and how many others were beyond doubt, which none should be.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.files import write_bytes
from autogauge.models.ir import Graph, Port
from autogauge.models.tiny import weights
from benchmarks.command import positive, run_command

CHANNELS, SIZE, USUAL = 64, 56, 3


def convolutions(number: int, planted: int | None, kernel: int) -> Graph:
    """A chain of equal 3×3 convolutions with a ReLU each; the one at ``planted`` has a larger kernel, and the same input and output."""
    graph = Graph("convolutions")
    last = graph.parameter("x", (1, CHANNELS, SIZE, SIZE))
    for place in range(number):
        last = _convolved(graph, last, kernel if place == planted else USUAL, f"conv-{place}")
        last = graph.add("ReLU", (last,), ("f32", last.shape), name=f"relu-{place}")
    graph.result(last, "y")
    return graph


def _convolved(graph: Graph, x: Port, kernel: int, name: str) -> Port:
    filters = graph.constant(weights(CHANNELS, CHANNELS, kernel) / (CHANNELS * kernel))
    pads = f"{kernel // 2}, {kernel // 2}"
    told = {"strides": "1, 1", "dilations": "1, 1", "pads_begin": pads, "pads_end": pads, "auto_pad": "explicit"}
    return graph.add("Convolution", (x, filters), (x.kind, x.shape), told, name=name)


def write(graph: Graph, path: Path) -> Path:
    """The model's two files; returns the ``.xml``."""
    write_bytes(path, graph.to_xml())
    write_bytes(path.with_suffix(".bin"), graph.constants.to_bytes())
    return path


def why(a: Path, b: Path, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """What the command says, as JSON. Raises ``CalledProcessError``."""
    command = [
        *(sys.executable, "-m", "autogauge", "why", str(a), str(b), "--json"),
        *(f"--device={given.device}", f"--blocks={given.blocks}", f"--reports={folder / 'reports'}"),
    ]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    """Plant, ask and count; exit status 1 where one try did not rank it first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=positive, default=10, help="each in another place (default 10)")
    parser.add_argument("--blocks", type=positive, default=10, help="blocks of a try (default 10)")
    parser.add_argument(
        "--kernel", type=positive, default=5, help="of the larger one, odd; the others have 3 (default 5)"
    )
    parser.add_argument("--device", default="CPU")
    given = parser.parse_args()
    number, first, sure, false = 10, 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="why-ranks-") as scratch:
        folder = Path(scratch)
        usual = write(convolutions(number, None, given.kernel), folder / "a.xml")
        for tried in range(given.tries):
            planted = random.randrange(number)
            found = why(
                usual, write(convolutions(number, planted, given.kernel), folder / f"b-{tried}.xml"), given, folder
            )
            name, layers = f"conv-{planted}", found["layers"]
            place = next((at for at, each in enumerate(layers, 1) if each["layer"] == name), 0)
            line = layers[place - 1]
            first += place == 1
            sure += bool(place) and line["word"] == "slower"
            others = [each["layer"] for each in layers if each["layer"] != name and each["word"] != "open"]
            false += len(others)
            factor = line["B"] / line["A"] if place and line["A"] else float("nan")
            print(
                f"try {tried + 1}: {name} ({factor:.2f} times as long) ranked {place or 'nowhere'} of {len(layers)}; "
                f"{line['word'] if place else 'not found'}; others beyond doubt: {', '.join(others) or 'none'}",
                flush=True,
            )
    print(
        f"ranked first: {first} of {given.tries}; slower beyond doubt: {sure}; other layers beyond doubt: {false} in all"
    )
    return int(first < given.tries)


if __name__ == "__main__":
    run_command(main)
