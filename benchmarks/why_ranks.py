"""How often ``autogauge why`` names the layer that was made slower: ten equal convolutions, one of which has more to do in B.

Each try plants it in another place, and asks by the command line. The planted one has two thirds more to do (a kernel of 3×5 where the
others have 3×3); how many times as long it took is printed, since that is what was planted. Printed are how often it ranked first, how
often the interval of its difference was beyond doubt on the slower side, and how many others were beyond doubt, which none should be. Then
come tries whose sides are the same model in two files (``--same``): of these no layer should be beyond doubt.

Exit status 1 where one try did not rank it first, or one layer was named that is none.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from autogauge.files import write_bytes
from autogauge.models.ir import Graph, Port
from autogauge.models.tiny import weights
from benchmarks.command import positive, run_command, whole

CHANNELS, SIZE, USUAL = 64, 56, 3


def convolutions(number: int, planted: int | None, width: int) -> Graph:
    """A chain of equal 3×3 convolutions with a ReLU each; the one at ``planted`` is 3×``width``, with the same input and output."""
    graph = Graph("convolutions")
    last = graph.parameter("x", (1, CHANNELS, SIZE, SIZE))
    for place in range(number):
        last = _convolved(graph, last, width if place == planted else USUAL, f"conv-{place}")
        last = graph.add("ReLU", (last,), ("f32", last.shape), name=f"relu-{place}")
    graph.result(last, "y")
    return graph


def _convolved(graph: Graph, x: Port, width: int, name: str) -> Port:
    filters = graph.constant(
        weights(CHANNELS, CHANNELS * USUAL * width, 1).reshape(CHANNELS, CHANNELS, USUAL, width) / (CHANNELS * width)
    )
    begin, end = (width - 1) // 2, width // 2
    told = {
        **{"strides": "1, 1", "dilations": "1, 1", "auto_pad": "explicit"},
        **{"pads_begin": f"1, {begin}", "pads_end": f"1, {end}"},
    }
    return graph.add("Convolution", (x, filters), (x.kind, x.shape), told, name=name)


def write(graph: Graph, path: Path) -> Path:
    """The model's two files; returns the ``.xml``."""
    write_bytes(path, graph.to_xml())
    write_bytes(path.with_suffix(".bin"), graph.constants.to_bytes())
    return path


def why(a: Path, b: Path, given: argparse.Namespace, folder: Path, seed: int) -> dict[str, Any]:
    """What the command says, as JSON. Raises ``CalledProcessError`` and ``TimeoutExpired``."""
    command = [
        *(sys.executable, "-m", "autogauge", "why", str(a), str(b), "--json", f"--seed={seed}"),
        *(f"--device={given.device}", f"--blocks={given.blocks}", f"--reports={folder / 'reports'}"),
    ]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True, timeout=given.longest
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@dataclass
class Counts:
    """How tries went; ``false`` are layers beyond doubt that nothing was planted in."""

    tries: int = 0
    first: int = 0
    sure: int = 0
    false: int = 0

    def planted(self, found: dict[str, Any], name: str) -> str:
        """Count a try that planted something in this layer; returns what came of it, in words."""
        layers = found["layers"]
        place = next((at for at, each in enumerate(layers, 1) if each["layer"] == name), 0)
        line = layers[place - 1] if place else {}
        others = [each["layer"] for each in layers if each["layer"] != name and each["word"] != "open"]
        self.tries += 1
        self.first += place == 1
        self.sure += line.get("word") == "slower"
        self.false += len(others) + (line.get("word") == "faster")
        factor = line["B"] / line["A"] if line.get("A") and line.get("B") else float("nan")
        return (
            f"{name} ({factor:.2f} times as long) ranked {place or 'nowhere'} of {len(layers)}; "
            f"{line.get('word', 'not found')}; others beyond doubt: {', '.join(others) or 'none'}"
        )

    def same(self, found: dict[str, Any]) -> str:
        """Count a try of one model twice; returns what came of it, in words."""
        named = [each["layer"] for each in found["layers"] if each["word"] != "open"]
        self.false += len(named)
        return f"the same model twice; beyond doubt: {', '.join(named) or 'none'}"

    @property
    def words(self) -> str:
        """All tries in a line."""
        return (
            f"ranked first: {self.first} of {self.tries}; slower beyond doubt: {self.sure}; "
            f"layers beyond doubt that are the same on both sides: {self.false} in all"
        )

    @property
    def status(self) -> int:
        """Of the script: 1 where a planted layer was not first, or another one was named."""
        return int(self.first < self.tries or self.false > 0)


def main() -> int:
    """Plant, ask and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=positive, default=10, help="each in another place (default 10)")
    parser.add_argument("--same", type=whole, default=5, help="tries with nothing planted (default 5)")
    parser.add_argument("--blocks", type=positive, default=12, help="blocks of a try (default 12)")
    parser.add_argument(
        "--width", type=positive, default=5, help="of the planted kernel, 3×WIDTH; the others are 3×3 (default 5)"
    )
    parser.add_argument("--device", default="CPU")
    parser.add_argument("--seed", type=whole, default=None, help="of places and orders; without it a new one, printed")
    parser.add_argument("--longest", type=positive, default=1800, help="seconds that a try may take (default 1800)")
    given = parser.parse_args()
    number, counts = 10, Counts()
    seed = random.randrange(2**32) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    order = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="why-ranks-") as scratch:
        folder = Path(scratch)
        usual = write(convolutions(number, None, given.width), folder / "a.xml")
        for tried in range(given.tries):
            place = order.randrange(number)
            b = write(convolutions(number, place, given.width), folder / f"b-{tried}.xml")
            said = counts.planted(why(usual, b, given, folder, order.randrange(2**32)), f"conv-{place}")
            print(f"try {tried + 1}: {said}", flush=True)
        for tried in range(given.same):
            b = write(convolutions(number, None, given.width), folder / f"same-{tried}.xml")
            said = counts.same(why(usual, b, given, folder, order.randrange(2**32)))
            print(f"try {given.tries + tried + 1}: {said}", flush=True)
    print(counts.words)
    return counts.status


if __name__ == "__main__":
    run_command(main)
