"""The pages of a lab of several machines: the morning's page, a page of trends for each machine, and one of all where they are few.

The morning's page answers which machine became slower, in what, and since when. What it says is ``morning``'s, its table
``morning_table``'s; how its filters work, ``static/morning.js``'s. The figures of a machine's trends lie in one file that its page loads.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from autogauge.gate import hints
from autogauge.gate.judgement import percent
from autogauge.gate.own_baseline import OwnBaselines
from autogauge.gate.trends import NEWS_DAYS, in_order_of_time, trends_of
from autogauge.gate.unjudged import Group
from autogauge.history import reporting
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import IndexedRun, run_and_day
from autogauge.history.labels import by_size
from autogauge.history.reporting import Reporting, rule_in_words
from autogauge.history.select import Selection
from autogauge.plain import counted
from autogauge.report.history import some_of
from autogauge.report.pages import marks as marking
from autogauge.report.pages import morning, morning_table, trends_page
from autogauge.report.pages.addresses import MACHINES, Addresses
from autogauge.report.pages.marks import Mark, Marks
from autogauge.report.pages.morning import Cell, Morning, News, morning_of
from autogauge.report.pages.morning_table import KINDS, MARKS, NO_NAME
from autogauge.report.pages.render import render
from autogauge.report.pages.trends_page import PAGE, RUNS, TOGETHER

MOST_TOGETHER = 300
"""Trends of a lab that one page shows together; of more, each machine's page shows its own."""
RUNS_OF_A_MACHINE = 50
"""Runs in the table of a machine's page, the newest."""
LARGE = 50_000
"""Figures of a machine from which on each trend has a file of its own."""
NEWS_SHOWN, MACHINES_NAMED, NOTES_SHOWN = 15, 6, 50


class Link(NamedTuple):
    """A part of a sentence: its text, and where it leads; nowhere for plain text."""

    text: str
    to: str = ""


def is_lab(history: Selection) -> bool:
    """Whether there are several machines to show. A file that cannot be read makes none beside the machine of its folder."""
    return len(set(reporting.names_of(history.heard_of))) > 1


def save(
    history: Selection,
    folder: Path,
    now: datetime.datetime | None = None,
    stale_after_days: float | None = None,
    marks: Marks = marking.NONE,
) -> Path:
    """Write the pages beside the old ones, then put them in their place; returns the morning's page. Raises as ``trends_page.save``."""
    moment = now or datetime.datetime.now(datetime.timezone.utc)
    return trends_page.put(lambda page, assets: pages(history, page, assets, moment, stale_after_days, marks), folder)


def pages(
    history: Selection,
    page: Path,
    assets: Path,
    now: datetime.datetime,
    stale_after_days: float | None = None,
    marks: Marks = marking.NONE,
) -> dict[str, bytes]:
    """The files by name: the morning's page to lie at ``page``, those of the machines, their runs and figures."""
    runs = in_order_of_time(history.runs)
    trends = trends_of(history.figures(), runs, history.remembered)
    found = morning_of(trends, runs, history.heard_of, now, stale_after_days, history.remembered)
    releases, baselines = trends_page.releases_of(trends), OwnBaselines(runs)
    files = {RUNS: trends_page.runs_script(runs, releases)}
    addresses = Addresses.of([row.machine for row in found.rows], trends)
    names = addresses.names
    described: list[dict[str, Any]] = []
    own: dict[str, list[int]] = defaultdict(list)
    for place, trend in enumerate(trends):
        own[trend.identity.machine].append(place)
    figures = {machine: sum(len(trends[each].runs) for each in places) for machine, places in own.items()}
    for place, trend in enumerate(trends):
        machine = trend.identity.machine
        file = "" if figures[machine] > LARGE else f"of-{names[machine]}"
        described.append(trends_page.described_of(addresses.ids[place], trend, runs, baselines, file, marks))
    for place, trend in enumerate(trends):
        name = f"data/{described[place]['file']}.js"
        files[name] = files.get(name, b"") + trends_page.series_script(described[place]["id"], trend, releases)
    by_machine = _by_machine(history)
    for machine, places in own.items():
        name = f"{MACHINES}/{names[machine]}.html"
        shown = [(described[place], trends[place]) for place in places]
        files[name] = trends_page.page_of(
            by_machine[machine],
            runs,
            shown,
            page.parent / name,
            assets,
            data="../data/",
            back=f"../{PAGE}",
            marks=marks,
            runs_shown=RUNS_OF_A_MACHINE,
            now=now,
            judged=found.coverage_of(machine),
        )
    if len(trends) <= MOST_TOGETHER:
        every = list(zip(described, trends, strict=True))
        files[TOGETHER] = trends_page.page_of(
            history,
            runs,
            every,
            page.parent / TOGETHER,
            assets,
            back=PAGE,
            marks=marks,
            now=now,
            judged=found.coverage,
        )
    files[PAGE] = _morning_page(found, history, addresses, page, assets, marks, together=TOGETHER in files)
    return files


def _by_machine(history: Selection) -> dict[str, Selection]:
    """The history cut into its machines."""
    runs: dict[str, list[IndexedRun]] = defaultdict(list)
    for run in history.runs:
        runs[run.machine].append(run)
    unreadable: dict[Path, list[IndexedRun]] = defaultdict(list)
    for run in history.unreadable:
        unreadable[run.path.parent].append(run)
    return {
        machine: dataclasses.replace(
            history,
            runs=tuple(own),
            unreadable=tuple(each for folder in {run.path.parent for run in own} for each in unreadable[folder]),
        )
        for machine, own in runs.items()
    }


def _morning_page(
    found: Morning,
    history: Selection,
    addresses: Addresses,
    page: Path,
    assets: Path,
    marks: Marks,
    *,
    together: bool,
) -> bytes:
    notes = history.notes()
    table = morning_table.of(found, addresses)
    several = {row.machine for row in found.rows if row.several}
    return render(
        "morning.html",
        page,
        assets,
        heading=_heading(history, found),
        at=f"{found.now:%Y-%m-%d %H:%M} UTC",
        counts=counts(found),
        judged=found.coverage.judged,
        unjudged=[_unjudged(each, addresses) for each in found.coverage.groups],
        news=[_news(each, addresses, marks, several) for each in found.news[:NEWS_SHOWN]],
        more_news=max(0, len(found.news) - NEWS_SHOWN),
        quiet=[_quiet(each, addresses, marks) for each in found.quiet[:NEWS_SHOWN]],
        more_quiet=max(0, len(found.quiet) - NEWS_SHOWN),
        table=table,
        perhaps=found.perhaps,
        rule=rule_in_words(found.stale_after_days),
        news_days=NEWS_DAYS,
        together=TOGETHER if together else "",
        given=hints.of_history(history.root),
        notes=notes[:NOTES_SHOWN],
        more_notes=max(0, len(notes) - NOTES_SHOWN),
        unreadable=len(history.unreadable),
    )


def _heading(history: Selection, found: Morning) -> str:
    """How many runs of how many machines, of which releases and days. A clock that is ahead names no day to come."""
    latest = found.now + datetime.timedelta(seconds=reporting.AHEAD_S)
    moments = sorted(run.when for run in history.runs if run.when and run.when <= latest)
    releases = by_size({each for run in history.runs for each in run.releases})
    parts = [f"{counted(len(history.runs), 'run')} of {counted(len(found.rows), 'machine')}"]
    parts += [f"openvino {some_of(releases, 6)}"] if releases else []
    parts += [f"{moments[0]:%Y-%m-%d} to {moments[-1]:%Y-%m-%d}"] if moments else []
    return ", ".join(parts)


def counts(found: Morning) -> str:
    """How many machines are what, in words: ``5 of 100 machines became slower, 1 is not reporting``."""
    covered, machines = found.coverage, counted(len(found.rows), "machine")
    worse = {row.machine for row in found.rows if row.tags & {"slower", "fails"}}
    # What is measured no more was worse, and what is measured now nothing judged.
    of_others = len(worse & {*covered.not_judged})
    before = [f"{of_others} of {'these' if covered.judged else 'them'} became slower or larger before"] * bool(
        of_others
    )
    if covered.judged:
        judged = counted(covered.judged, "judged machine") if covered.not_judged else machines
        parts = [f"{len(worse) - of_others} of {judged} became slower or larger"]
        parts += [f"{len(covered.not_judged)} of {machines} not judged ({covered.reasons()})"] * bool(
            covered.not_judged
        )
        parts += before
        which = "the one judged" if covered.judged == 1 else f"{covered.in_part} of the {covered.judged} judged"
        parts += [f"{which} in part only"] if covered.in_part else []
    else:
        parts = [f"None of {machines} was judged: {covered.reasons()}", *before]
    states = [row.reporting.state for row in found.rows]
    parts += [f"{count} {state}" for state in (reporting.SILENT, reporting.STALE) if (count := states.count(state))]
    ahead = sum(bool(row.reporting.hiding) for row in found.rows)
    parts += [f"{counted(ahead, 'clock')} ahead"] if ahead else []
    newer = sum(bool(row.reporting.newer) for row in found.rows)
    parts += [f"{newer} with runs not readable: newer"] if newer else []
    return ", ".join(parts)


def _machine(machine: str, addresses: Addresses) -> Link:
    return Link(machine or NO_NAME, addresses.machine(machine))


def _trend(cell: Cell, addresses: Addresses, text: str) -> Link:
    return Link(text, addresses.trend(cell.trend.identity.machine, cell.place))


def _quiet(each: Reporting, addresses: Addresses, marks: Marks) -> list[Link]:
    return [_machine(each.machine, addresses), Link(f": {_heard(each)}{_known(marks.get((each.machine,), ()))}")]


def _unjudged(each: Group, addresses: Addresses) -> list[Link]:
    """A line of what nothing judged: how much of it, why, where, and what to do."""
    named = _some([_machine(machine, addresses) for machine in each.machines])
    return [Link(f"{each.says()}: "), *named, Link(f". {each.advice()}")]


def _heard(each: Reporting) -> str:
    """What there is to say of a machine beside its figures."""
    parts = [each.words()] if each.is_late or each.last is None else []
    parts += [each.clock_words()] if each.ahead else []
    if each.newer:
        parts.append(f"{counted(len(each.newer), 'run')} not readable: saved by a newer autogauge (update this one)")
    others = len(each.unreadable) - len(each.newer)
    parts += [f"{counted(others, 'file')} not readable (see the notes)"] if others else []
    return "; ".join(parts)


def _news(news: News, addresses: Addresses, marks: Marks, several: Collection[str]) -> dict[str, Any]:
    """A line of what became worse: its mark, and a sentence with links. ``several`` are the machines that measure several models."""
    cells = news.cells

    def called(cell: Cell) -> str:
        return cell.called(model=any(each.trend.identity.machine in several for each in cells))

    first = min(cells, key=lambda each: (each.since.since if each.since else each.last).when or _NEVER)
    machines = {each.trend.identity.machine for each in cells}
    parts: list[Link]
    if len(cells) == 1:
        (cell,) = cells
        parts = [_machine(cell.trend.identity.machine, addresses), Link(": ")]
        parts += [_trend(cell, addresses, called(cell)), Link(f" {_since(cell)}")]
    elif len(machines) > 1:
        parts = [
            Link(f"{counted(len(machines), 'machine')}: "),
            Link(f"{called(first)} {_range(cells)}, "),
        ]
        parts += [Link(f"first on {first.trend.identity.machine} {_from(first)}: ")]
        parts += _some([_trend(cell, addresses, cell.trend.identity.machine or NO_NAME) for cell in cells])
    else:
        parts = [_machine(first.trend.identity.machine, addresses), Link(f": {counted(len(cells), 'benchmark')} ")]
        parts += [Link(f"{_range(cells)} {_from(first)}: ")]
        parts += _some([_trend(cell, addresses, called(cell)) for cell in cells])
    if first.since and first.since.beside:
        where = f"; on {first.trend.identity.machine}, " if len(machines) > 1 else "; "
        parts += [Link(f"{where}{first.since.beside}")]
    known = [mark for cell in cells for mark in marks.get(cell.trend.identity.named, ())]
    parts.append(Link(_known(known, of_many=len(cells) > 1)))
    rank = min(each.rank for each in cells)
    return {
        "kind": KINDS[rank],
        "mark": MARKS[rank],
        "parts": parts,
        "word": "FAIL" if rank == morning.FAILS else "SLOWER",
    }


def _known(marks: Sequence[Mark], *, of_many: bool = False) -> str:
    """What people said of these alerts, as the end of a sentence; ``of_many`` benchmarks how many. Empty where nobody said anything."""
    states = Counter(mark.state for mark in marks if not mark.asks and mark.is_open)
    said = [f"{count} {state}" if of_many else state for state, count in states.most_common(2)]
    more = sum(states.values()) - sum(count for _, count in states.most_common(2))
    return f"; {', '.join(said)}{f' and {more} more' if more else ''}" if said else ""


_NEVER = datetime.datetime.max.replace(tzinfo=datetime.timezone.utc)


def _some(links: Sequence[Link]) -> list[Link]:
    """The first of them, and how many more there are."""
    found: list[Link] = []
    for place, link in enumerate(links[:MACHINES_NAMED]):
        found += [Link(", "), link] if place else [link]
    more = len(links) - MACHINES_NAMED
    return [*found, Link(f" and {more} more")] if more > 0 else found


def _since(cell: Cell) -> str:
    """One change in words."""
    if cell.since is None:
        change = f"{percent(cell.change)} " if cell.change is not None else ""
        return f"{change}in its newest run, {run_and_day(cell.last)}: FAIL, no level of its own yet"
    stands = "" if {*cell.since.stretch.standings} == {ACCEPTED} else f"; {cell.since.stretch.count()}"
    return f"{cell.since.words()}{stands}"


def _range(cells: Sequence[Cell]) -> str:
    """By how much several changed: ``slower by 4.1 % to 7.0 %``."""
    sizes = sorted(each.size for each in cells)
    more = cells[0].trend.quantity.more
    low, high = (percent(each).lstrip("+") for each in (sizes[0], sizes[-1]))
    return f"{more} by {low} to {high}" if low != high else f"{more} by {low}"


def _from(cell: Cell) -> str:
    """Since which run a change is there."""
    if cell.since is None:
        return f"in {run_and_day(cell.last)}, not confirmed by a level yet"
    release = f", openvino {cell.since.release}" if cell.since.release else ""
    return f"since {run_and_day(cell.since.since)}{release}"
