"""How what ``why`` found is printed: by the command itself, and by ``report`` of a run that it saved."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from autogauge.cli.shared import drawn_again
from autogauge.errors import UserError
from autogauge.history.recorded import Recorded
from autogauge.lab.why import drawing, in_json
from autogauge.lab.why.finding import Finding
from autogauge.plain import plain, sentence
from autogauge.report.console import console
from autogauge.report.output import print_json


def check(run: Recorded, path: Path) -> None:
    """Raise :class:`UserError` for a file that holds something else than ``why`` writes: before anything of it is shown."""
    try:
        in_json.to_json(Finding(run.results[0]))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        why = f"{type(error).__name__}: {plain(str(error), 200)}"
        raise UserError(
            f"{path} cannot be drawn: its layers are not what they should be ({why}); name another run."
        ) from None


def show(run: Recorded, saved: Path, top: int, *, as_json: bool, as_markdown: bool, is_new: bool = False) -> None:
    """Print it, with so many layers; of what ``is_new`` also how to see it again."""
    from autogauge.report import markdown, terminal

    finding = Finding(run.results[0])
    notes = [*run.notes, *run.lacks]
    if as_json:
        print_json({**in_json.to_json(finding), "notes": notes, "saved": str(saved)})
        return
    blocks = list(drawing.blocks_of(finding, top))
    if as_markdown:
        words = drawing.words(finding)
        print(markdown.of_blocks(f"Where the time went: {drawing.title(finding)}", words, blocks, notes), end="")
        return
    screen = console()
    for found in run.findings:
        screen.print(Text(f"FINDING  {sentence(str(found['sentence']))}", style="bold red"))
    for line in (*terminal.heading(run, with_openvino=False), *drawing.words(finding)):
        screen.print(Text(sentence(line)))
    for block in blocks:
        for part in terminal.printed_block(block):
            screen.print(part)
    for note in notes:
        screen.print(Text(f"NOTE  {sentence(note)}"))
    again = f"; {drawn_again(saved)}" if is_new else ""
    print(f"saved: {sentence(str(saved))}{sentence(again)}")
