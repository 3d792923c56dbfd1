"""A bisection on a terminal and as Markdown. What it says is ``lab.bisect``'s; its page is ``pages.bisect_page``."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from autogauge.lab.bisect.outcome import Bisection, Compared
from autogauge.lab.bisect.search import Kind
from autogauge.measuring.drawing import NONE, number
from autogauge.plain import counted, sentence
from autogauge.report import markdown
from autogauge.report.matrix import MEDIANS, columns_of, names_in_words, rows_of, table_of

THE_GOOD = "the good one"


def parts(found: Bisection) -> list[RenderableType]:
    """What is shown at the end of a bisection, and again of its file."""
    first, *others = heading(found)
    shown: list[RenderableType] = [Text(sentence(first)), *(Text(sentence(line), style="bold") for line in others)]
    shown += [Text(sentence(line), style="bold red") for line in found.warnings()]
    if rows := rows_of_series(found):
        shown.append(table_of(f"the series so far: {found.figure.title}", found.figure.unit, rows, ()))
    if changed := found.properties_in_words():
        shown.append(Text("what else changed:"))
        shown += [Text(f"  {sentence(line)}") for line in changed]
    shown += [Text(sentence(line), style="dim") for line in how(found)]
    shown += [Text(f"NOTE  {sentence(each)}") for each in dict.fromkeys(found.run.notes)]
    return shown


def heading(found: Bisection) -> list[str]:
    """What was looked for on what, and how it ended."""
    run = found.run
    devices = ", ".join(device.full_name or device.name for device in run.devices) or "no devices"
    model = run.model.get("words") if run.model else "no model"
    asked = (
        f"Since which of {len(found.releases)} releases from {found.good} to {found.bad} is it slower? On {run.machine} ({devices}), "
        f"model {model}"
    )
    if run.interrupted_by:
        return [asked, f"INTERRUPTED by {run.interrupted_by}: what follows rests on what was finished"]
    return [asked, found.in_words()]


def rows_of_series(found: Bisection) -> list[tuple[str, ...]]:
    """A row for each release that was measured, in their order, the good one first."""
    rows: list[tuple[str, ...]] = []
    for _, each in found.series():
        rows += rows_of([each.change]) if each.change else [_not_measured(found, each)]
    ends = found.last(Kind.ENDS)
    median = ends.change.medians[0] if ends and ends.change else None
    good = (found.good, number(median, 4), *[NONE] * 4, THE_GOOD, NONE)
    return [good, *rows] if rows else []


def _not_measured(found: Bisection, each: Compared) -> tuple[str, ...]:
    return (found.releases[each.release], *[NONE] * 5, "not measured", NONE)


def how(found: Bisection) -> list[str]:
    """How to read the table."""
    told = [f"The change is one of time against {found.good}: above 0 % is slower, also for frames per second"]
    told.append(
        "All comparisons that may be made, and all looks at each, share an error of 5 %, so each interval is surer than 95 %"
    )
    told.append(MEDIANS)
    inner = range(1, len(found.releases) - 1)
    if missing := sum(place not in dict(found.series()) for place in inner):
        were = "was" if missing == 1 else "were"
        why = "not needed, and not measured" if found.is_over else "not reached"
        told.append(f"{counted(missing, 'release')} between {were} {why}")
    told += names_in_words(zip(found.releases, found.names, strict=False))
    step = found.next_step()
    return [*told, f"{step} says what in it"] if step else told


def in_markdown(found: Bisection) -> str:
    """The same for an issue."""
    first, *others = heading(found)
    lines = [f"## {markdown.text(first)}", "", *(f"**{markdown.text(each)}**" for each in others), ""]
    lines += [line for each in found.warnings() for line in (f"**{markdown.text(each)}**", "")]
    rows: Sequence[Sequence[str]] = [tuple(map(markdown.text, row)) for row in rows_of_series(found)]
    if rows:
        unit = found.figure.unit
        lines += [
            f"### {markdown.text(found.figure.title)}",
            "",
            *markdown.table(columns_of(unit), rows, {1, 2, 3, 4, 5}),
            "",
        ]
    if changed := found.properties_in_words():
        lines += ["### What else changed", "", *(f"- {markdown.text(line)}" for line in changed), ""]
    lines += [markdown.text(f"{line}.") for line in how(found)]
    lines += ["", *(f"- {markdown.text(note)}" for note in dict.fromkeys(found.run.notes))]
    return "\n".join(lines).rstrip() + "\n"
