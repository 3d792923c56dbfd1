"""``python -m autogauge why A B``: where the time went between two releases, environments, models or targets."""

from __future__ import annotations

import dataclasses
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Optional

import typer

from autogauge.cli import why_shown
from autogauge.cli.from_settings import USED
from autogauge.cli.shared import OF_A_COMMAND, AsJson, Seed, of_a_run, taking_options
from autogauge.errors import UserError, explain_os_error
from autogauge.files import require_writable
from autogauge.gate.saved import HISTORY
from autogauge.lab.why import drawing, measured, script, sides
from autogauge.lab.why.finding import BLOCKS_FOR_LAYERS, Finding
from autogauge.lab.why.of_run import FED
from autogauge.lab.why.study import Why
from autogauge.measuring.condition import HERE
from autogauge.options import OPTIONS
from autogauge.parsing import parse_wait
from autogauge.plain import sentence
from autogauge.report.progress import progress_on
from autogauge.rig import lock
from autogauge.run import Run
from autogauge.settings import Settings
from autogauge.stats.intervals import fewest_replicates
from autogauge.targets import HINTS, LATENCY, Target

FEWEST = fewest_replicates(0.95)
PAGES = (".html", ".htm")
SHARED = (*FED, "--infer-requests", "--probe-deadline", "--reports", "--machine", "--cache")
"""The options of a run that it takes; ``--wait`` is another one."""
File = Optional[Path]  # noqa: UP045

app = typer.Typer(**OF_A_COMMAND)


@dataclass(frozen=True)
class Shown:
    """How what was found is shown: so many layers, as a table, JSON or Markdown; as a page and as a script, where they are asked for."""

    top: int
    as_json: bool
    as_markdown: bool
    html: Path | None
    script: Path | None

    def check(self) -> None:
        """Raise :class:`UserError` for what cannot be, before anything is measured."""
        if self.as_json and self.as_markdown:
            raise UserError("--json and --markdown both ask for the output: choose one.")
        if self.html is not None and self.html.suffix.lower() not in PAGES:
            raise UserError(f"{self.html} is no name of a page: let it end in {' or '.join(PAGES)} (--html=FILE).")
        if self.html is not None:
            try:
                require_writable(self.html.absolute())
            except OSError as error:
                raise explain_os_error(error, f"cannot write the page {self.html}", "--html=FILE") from error
        if self.script is not None:
            script.check_place(self.script)

    def show(self, study: Why, run: Run) -> None:
        """Save the run, print what it says, and then write the files: one that cannot be written takes nothing of it along.

        Raises ``KeyboardInterrupt`` in the end, where the run was cut short.
        """
        recorded, path = measured.keep(run, "-".join(("why", *(each.text.rpartition("/")[2] for each in study.sides))))
        finding = Finding(recorded.results[0])
        why_shown.show(recorded, path, self.top, as_json=self.as_json, as_markdown=self.as_markdown, is_new=True)
        sys.stdout.flush()
        if self.script is not None and study.reproduced:
            a, b = study.reproduced
            words = [*drawing.words(finding), *script.of_b(a, b)]
            in_fps = drawing.is_in_fps(finding.result)
            script.save(self.script, script.text_for(a, words, in_fps=in_fps, renamed=finding.renamed))
            _say_written(self.script, a.model.path)
        if self.html is not None:
            from autogauge.report.pages import why_page

            try:
                why_page.save(recorded, self.top, self.html)
            except OSError as error:
                raise explain_os_error(error, f"cannot write the page {self.html}", "--html=FILE") from error
            _say_written(self.html)
        if run.interrupted:
            raise KeyboardInterrupt(run.interrupted_by)


@app.command(epilog="Example: python -m autogauge why 2024.6.0 here --device=CPU --html=why.html --script=reproduce.py")
@taking_options(*SHARED)
def why(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help=f"What is compared: {sides.HOW}.",
        ),
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="What it is compared with, named likewise.")],
    device: Annotated[str, typer.Option(help="The device to compile for, where neither side names one.")] = "AUTO",
    hint: Annotated[str, typer.Option(help="LATENCY or THROUGHPUT.")] = LATENCY,
    blocks: Annotated[
        int, typer.Option(help="Blocks: of each side a fresh process as in use, and one that counts.")
    ] = 12,
    top: Annotated[int, typer.Option(min=1, help="Layers that are shown; the rest is one line.")] = drawing.TOP,
    *,
    asked: Mapping[str, str],
    seed: Seed = None,
    wait: Annotated[str, of_a_run("--wait")] = str(OPTIONS["--wait"].default),
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for an issue's report.")] = False,
    html: Annotated[File, typer.Option("--html", help="Write a page to this file, FILE.html.")] = None,
    script_file: Annotated[
        File, typer.Option("--script", help="Write a script to FILE.py that shows it with openvino and numpy alone.")
    ] = None,
) -> None:
    """Say where the time went from A to B: the layers that differ, compile phases, and properties of the compiled model.

    Layers are counted (PERF_COUNT) in processes apart from those that are judged. All are fresh, in random order within each block. What
    was measured is saved in reports/why; report draws it again.
    """
    shown = Shown(top, as_json=as_json, as_markdown=as_markdown, html=html, script=script_file)
    shown.check()
    if hint not in HINTS:
        raise UserError(f"there is no hint {hint!r}: choose {' or '.join(HINTS)} (--hint).")
    if blocks < FEWEST:
        are = "block is" if blocks == 1 else "blocks are"
        raise UserError(
            f"{blocks} {are} too few for an interval at 95 %: measure at least {FEWEST}, and {BLOCKS_FOR_LAYERS} for intervals of "
            "layers (--blocks)."
        )
    base = Target.with_hint(device, hint)
    first, second = sides.both(a, b, base, _history_in(asked.get("--reports")))
    settings = _settings(sides.fed((first, second), _given((first, second), asked)))
    USED.tell()
    if first.model is not None and first.of_run is None:
        first = dataclasses.replace(first, runs_on=HERE)  # the session's own model is A's: B's takes the same inputs
    study = Why(first, second, base, blocks)
    run = _measured(study, settings, random.randrange(2**32) if seed is None else seed, wait)
    shown.show(study, run)


def _say_written(path: Path, model: Path | None = None) -> None:
    """Say that a file was written, and which model's files go along with a script that has not got them in it."""
    beside = ""
    if model is not None and not script.embedded(model):
        files = " and ".join(map(str, script.files_of(model)))
        beside = f"; its model goes with it: put {files} beside it, or name it (python {path.name} {model.name})"
    print(f"written: {sentence(str(path) + beside)}", file=sys.stderr)


def _history_in(reports: str | None) -> Path:
    return Path(reports) / HISTORY.name if reports else HISTORY


def _given(both: Sequence[sides.Side], asked: Mapping[str, str]) -> dict[str, str | None]:
    """The options as given: what settings say of the model and its inputs plays no part where a side has its own."""
    given = {name: asked.get(name) for name in SHARED}
    if both[0].model is not None or any(each.of_run is not None for each in both):
        given |= dict.fromkeys(USED.leave(*FED))
    return given


def _settings(given: dict[str, str | None]) -> Settings:
    """What was asked, checked."""
    settings = Settings.of({name: text for name, text in given.items() if text is not None}, Path("reports"))
    settings.check()
    measured.check_place(settings)
    return settings


def _measured(study: Why, settings: Settings, seed: int, wait: str) -> Run:
    """The run, to its end; or after an interruption as far as it came, where there is something to show."""
    run = Run(settings)
    progress = progress_on(sys.stderr, terminal=sys.stderr.isatty())
    if study.blocks_wanted < BLOCKS_FOR_LAYERS:
        progress.say(
            f"{study.blocks_wanted} blocks give latency and frames an interval, and maybe no layer, which takes {BLOCKS_FOR_LAYERS} "
            "(--blocks)"
        )
    with lock.measuring("python -m autogauge why", parse_wait("--wait", wait), progress.say):
        try:
            measured.measure(study, run, seed, progress)
        except KeyboardInterrupt as error:
            if not run.measured:
                raise
            run.interrupted_by = str(error) or "SIGINT"
    result = run.results[0]
    for side in study.sides:
        of_side = [each.name for each in result.conditions if each.own_labels["side"] == side.name]
        failures = result.failures(*of_side)
        if failures and not any(result.samples(name) for name in of_side):
            why_not = failures[0][2].sentence()
            raise UserError(
                f"{side.name} ({side.text}) could not be measured, in none of {len(failures)} processes: {why_not}."
            )
    return run
