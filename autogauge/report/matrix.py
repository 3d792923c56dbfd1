"""A matrix of releases on a terminal and as Markdown. What it says is ``lab.matrix``'s; its page is ``pages.matrix_page``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.text import Text

from autogauge.gate.judgement import percent, percent_confidence
from autogauge.lab.matrix.levels import Step
from autogauge.lab.matrix.outcome import Matrix
from autogauge.lab.releases.figures import ALIKE, FASTER, OPEN, SLOWER, Change
from autogauge.lab.releases.named import in_order
from autogauge.measuring.drawing import NONE, number
from autogauge.plain import sentence
from autogauge.report import markdown
from autogauge.report.tables import Column, Fitted
from autogauge.runtimes.releases import version_of

STYLES = {SLOWER: "bold red", FASTER: "bold blue", ALIKE: "green", OPEN: "yellow"}
CONTROL = "A/A: {} twice"
MEDIANS = (
    "Its figure and the base's are medians of each over all rounds or processes. The verdict goes by time: the middle of the changes round "
    "by round, or in quiet rounds alone where these decide (of every four each side's best). Where much else runs, the medians may differ "
    "the other way"
)


def parts(matrix: Matrix) -> list[RenderableType]:
    """What is shown at the end of a matrix, and again of its file."""
    found: list[RenderableType] = [Text(sentence(line)) for line in heading(matrix)]
    found += [Text(sentence(line), style="bold red") for line in matrix.warnings()]
    for figure in matrix.figures:
        if rows := rows_of([each for each in matrix.changes if each.figure == figure]):
            controls = [each for each in matrix.controls if each.figure == figure]
            found.append(table_of(figure.title, figure.unit, rows, rows_of(controls)))
            found += [Text(f"  {line}") for line in levels_in_words(matrix.steps(figure))]
    found += [Text(sentence(line), style="dim") for line in how(matrix)]
    found += [Text(f"NOTE  {sentence(each)}") for each in matrix.run.notes]
    return found


def heading(matrix: Matrix) -> list[str]:
    """What was measured on what, and what it comes to."""
    run = matrix.run
    devices = ", ".join(device.full_name or device.name for device in run.devices) or "no devices"
    model = run.model.get("words") if run.model else "no model"
    lines = [f"OpenVINO releases beside {matrix.base.label} on {run.machine} ({devices}), model {model}"]
    if run.interrupted_by:
        lines.append(f"INTERRUPTED by {run.interrupted_by}: what follows rests on what was finished")
    return [*lines, matrix.in_words()]


def rows_of(changes: Sequence[Change]) -> list[tuple[str, ...]]:
    """A row for each change: release, figures of base and release, requests, change, interval, verdict, what it rests on."""
    return [
        (
            CONTROL.format(each.base) if each.is_control else each.release,
            number(each.medians[1], 4),
            number(each.medians[0], 4),
            _requests(each),
            percent(each.cost.ratio) if each.cost else NONE,
            each.bounds(),
            _control_in_words(each) if each.is_control else each.in_words(),
            _rests_on(each),
        )
        for each in changes
    ]


def _rests_on(each: Change) -> str:
    """How many rounds or processes; where quiet ones decided, how many of these there are."""
    is_quiet = each.cost is not None and each.cost.replicates < each.replicates
    return f"{each.rests_on} ({each.cost.replicates} quiet)" if each.cost and is_quiet else each.rests_on


def _control_in_words(each: Change) -> str:
    if not each.holds_1:
        return "differs from itself"
    return "not known" if each.untold else "no difference seen"


def columns_of(unit: str) -> tuple[str, ...]:
    """What the columns of a row are called."""
    return ("release", f"its {unit}", f"base's {unit}", "requests", "time", "interval", "verdict", "rests on")


def table_of(title: str, unit: str, rows: Sequence[Sequence[str]], controls: Sequence[Sequence[str]]) -> Fitted:
    """Rows of one figure as a table; those of a base beside itself come last."""
    columns = (
        Column("release", 100),
        Column(f"its {unit}", 60, right=True),
        Column(f"base's {unit}", 50, right=True),
        Column("requests", 30, right=True),
        Column("time", 90, right=True),
        Column("interval", 80, right=True),
        Column("verdict", 95, 12),
        Column("rests on", 55, right=True),
    )
    table = Fitted(columns, options={"title": title, "title_justify": "left", "title_style": "bold"})
    for row in rows:
        word = row[6]
        style = STYLES.get(word, STYLES[ALIKE])
        table.add_row(*row[:6], Text(word, style=style), row[7])
    for row in controls:
        table.add_row(*row[:6], Text(row[6], style="dim" if row[6].startswith("no difference") else "bold red"), row[7])
    return table


def _requests(each: Change) -> str:
    base, own = each.requests
    if own is None and base is None:
        return NONE
    return str(own or NONE) if own == base else f"{own or NONE} (base {base or NONE})"


def levels_in_words(steps: Sequence[Step]) -> list[str]:
    """Where the level changed, a sentence each."""
    found = []
    for each in steps:
        low, high = (percent(ratio) for ratio in sorted(each.ratios))
        found.append(f"{each.in_words()}: time {low} to {high} against the releases before")
    return found


def how(matrix: Matrix) -> list[str]:
    """How to read the tables."""
    confidence = percent_confidence(1 - matrix.family_error)
    return [
        f"The change is one of time: above 0 % is slower than {matrix.base.label}, also for frames per second. All intervals hold together "
        f"with {confidence}. A/A is the base beside itself: what noise looks like here",
        MEDIANS,
        *names_in_words([(each.label, each.text) for each in in_order((matrix.base, *matrix.others))]),
    ]


def names_in_words(names: Iterable[tuple[str, str]]) -> list[str]:
    """What the labels stand for that are no release by its name: environments, wheels and archives, with their places."""
    return [f"{label} is {text}" for label, text in names if label != text and version_of(text) is None]


def in_markdown(matrix: Matrix) -> str:
    """The same for an issue or a pull request."""
    first, *others = heading(matrix)
    lines = [f"## {markdown.text(first)}", "", *(f"{markdown.text(each)}  " for each in others), ""]
    lines += [line for each in matrix.warnings() for line in (f"**{markdown.text(each)}**", "")]
    for figure in matrix.figures:
        unit = figure.unit
        changes = [each for each in (*matrix.changes, *matrix.controls) if each.figure == figure]
        rows = [tuple(markdown.text(cell) for cell in row) for row in rows_of(changes)]
        if not rows:
            continue
        lines += [
            f"### {markdown.text(figure.title)}",
            "",
            *markdown.table(columns_of(unit), rows, {1, 2, 3, 4, 5}),
            "",
        ]
        lines += [f"- {markdown.text(line)}" for line in levels_in_words(matrix.steps(figure))]
        lines.append("")
    lines += [markdown.text(f"{line}.") for line in how(matrix)]
    lines += ["", *(f"- {markdown.text(note)}" for note in matrix.run.notes)]
    return "\n".join(lines).rstrip() + "\n"
