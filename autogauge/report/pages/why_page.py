"""What ``why`` found as a page of its own: the sentences, the layers as bars, and every table. What it says is ``lab.why``'s."""

from __future__ import annotations

from pathlib import Path

from autogauge.files import require_folder_of, write_for_a_user
from autogauge.history.recorded import Recorded
from autogauge.lab.why import drawing
from autogauge.lab.why.finding import Finding
from autogauge.lab.why.study import NAME
from autogauge.report.pages.render import ASSETS, put_script, render
from autogauge.report.pages.run_page import SESSIONS, facts
from autogauge.report.told import summarize


def is_one(run: Recorded) -> bool:
    """Whether ``why`` saved that run."""
    return len(run.results) == 1 and run.results[0].name == NAME


def save(run: Recorded, top: int, path: Path) -> None:
    """Write the page whole or not at all, and the charts' script beside it. Raises as ``files.write_for_a_user``."""
    path = path.absolute()
    require_folder_of(path)  # before the script beside it makes one
    content = page(run, top, path, path.parent / ASSETS)
    put_script(path.parent / ASSETS)
    write_for_a_user(path, content)


def page(run: Recorded, top: int, path: Path, assets: Path) -> bytes:
    """The page as HTML, to lie at ``path``, with so many layers; the charts' script lies in ``assets``."""
    finding = Finding(run.results[0])
    interrupted = f"INTERRUPTED by {run.interrupted_by}: what follows rests on what was finished."
    return render(
        "why.html",
        path,
        assets,
        title=drawing.title(finding),
        words=drawing.words(finding),
        warnings=[
            *([interrupted] if run.interrupted_by else []),
            *(f"FINDING: {each['sentence']}." for each in run.findings),
        ],
        blocks=list(drawing.blocks_of(finding, top)),
        notes=[*run.notes, *run.lacks],
        facts=facts(summarize(run), SESSIONS),
    )
