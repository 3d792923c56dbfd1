"""Alerts on a terminal and as JSON: those of one call, and those of the book."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from autogauge.gate import hints
from autogauge.history.indexed import run_and_day
from autogauge.lab.alerts import message
from autogauge.lab.alerts.alert import OPENED, RESOLVED, Alert
from autogauge.lab.alerts.book import Book
from autogauge.lab.alerts.due import Item
from autogauge.lab.alerts.finding import CREEP, LEVEL, SILENT
from autogauge.lab.alerts.telling import Call, Sent
from autogauge.plain import counted, few, sentence
from autogauge.report.pages.marks import Mark, Marks
from autogauge.report.tables import Column, Fitted

STYLES = {LEVEL: "bold red", CREEP: "yellow", SILENT: "magenta"}
MOST_UNCLEAR, MOST_FAILED = 10, 5
SHOWN = 30
"""Alerts of a list without --all."""


def of_call(call: Call) -> Iterator[RenderableType]:
    """What is new and what is over, the worst first."""
    items = [Item(each, (OPENED,), (None,)) for each in call.new] + [
        Item(each, (RESOLVED,), (None,)) for each in call.over
    ]
    for line in message.lines(items):
        style = STYLES[line.alerts[0].found.kind] if line.is_bad else "green"
        yield Text(f"{'NEW  ' if line.is_bad else ''}{line.text}", style=style)


def closing(call: Call, history: Path) -> Text:
    """The last line of a call: how many alerts are open, and of how many machines anything was judged."""
    covered = judged(call)
    waiting = sum(alert.asks(call.now) for alert in call.open)
    shown = hints.command("alert list", history)
    count = f"{len(call.open)} {'alert is' if len(call.open) == 1 else 'alerts are'} open"
    if not call.open:
        return Text(f"no alert is open{covered}")
    if waiting == len(call.open):
        return Text(f"{count} ({message.counted(call.open)}): {shown}{covered}")
    return Text(
        f"{count} ({message.counted(call.open)}), {len(call.open) - waiting} of them acknowledged or muted: "
        f"{shown}{covered}"
    )


def unclear(call: Call, history: Path) -> Iterator[str]:
    """A line for each machine of which nobody can tell whether it still reports, and why."""
    for each in call.unclear[:MOST_UNCLEAR]:
        runs = hints.command("history", history)
        step = "set its clock (there)" if each.hiding else f"look there ({runs} shows its runs)"
        name = each.machine or "a machine without a name"
        yield sentence(f"NOTE  {name}: {each.clock_words()}, so nobody can tell whether it still reports: {step}")
    if (more := len(call.unclear) - MOST_UNCLEAR) > 0:
        yield f"NOTE  and {more} more such machines (--json has them all)"


def not_judged(call: Call) -> Iterator[str]:
    """A line for each reason why machines or benchmarks were judged by nothing, with what to do."""
    for each in call.coverage.groups if call.coverage else ():
        yield sentence(f"NOT JUDGED  {each.says()} ({few(each.machines)}): {each.step()}")


_NEVER = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)


def failed(call: Call) -> str:
    """A line on what the gate failed in newest runs without an alert, so that no open alert is not read as no FAIL; empty for none."""
    if not call.unconfirmed:
        return ""
    runs = {(identity[0], run.path): run for identity, run in call.unconfirmed.items()}
    newest_first = sorted(runs.items(), key=lambda each: (each[1].when or _NEVER, each[0]), reverse=True)
    some = [f"{machine or 'a machine without a name'} {run_and_day(run)}" for (machine, _), run in newest_first]
    return sentence(
        f"NOTE  the gate failed {counted(len(call.unconfirmed), 'benchmark')} in its newest run ({few(some, most=MOST_FAILED)}): "
        "no alert before a second run says so too"
    )


def judged(call: Call) -> str:
    """Of how many machines anything was judged, and the next step where not all was, as the end of a line."""
    found = call.coverage
    if found is None or not found.machines:
        return ""
    machines = counted(found.machines, "machine")
    if not found.counts():
        return f"; {machines} {'was' if found.machines == 1 else 'were'} judged"
    first = found.groups[0].first
    step = first.command() or first.step()
    if not found.judged:
        none = "the one machine was not" if found.machines == 1 else f"none of {machines} was"
        return f"{';' if call.open else ', but'} {none} judged ({found.reasons()}); next: {step}"
    return f"; of {machines} {found.counts()}; next: {step}"


def delivery(sent: Sent, *, dry: bool) -> str:
    """What became of one channel's message, in a sentence."""
    count = f"{len(sent.items)} {'alert' if len(sent.items) == 1 else 'alerts'}"
    if dry or sent.outcome is None:
        return f"{sent.channel.called}: {count} would be told in one message: {sent.message.title}"
    if sent.outcome.word == "sent":
        return f"{sent.channel.called}: told of {count}"
    again = "it is tried again with the next call"
    if sent.outcome.word == "refused":
        return f"WARNING  {sent.channel.called}: not told of {count}, {sent.outcome.why}; {again}"
    return (
        f"WARNING  {sent.channel.called}: {sent.outcome.why}, so nobody knows whether it was told of {count}; {again}"
    )


def of_book(book: Book, now: datetime.datetime, *, everything: bool) -> Iterator[RenderableType]:
    """A line for each alert, the worst first; those that are over come last, the newest first."""
    still = message.worst_first(alert for alert in book.alerts if alert.is_open)
    over = sorted((alert for alert in book.alerts if not alert.is_open), key=lambda alert: alert.resolved, reverse=True)
    shown = [*still, *over] if everything else still[:SHOWN]
    table = Fitted(
        (
            Column("key", 100),
            Column("what", 90, 20, longest=200),
            Column("since", 80, 20, longest=300),
            Column("state", 95, 12, longest=300),
        )
    )
    for alert in shown:
        style = STYLES[alert.found.kind] if alert.asks(now) else ""
        table.add_row(
            Text(alert.key, style=style),
            alert.found.subject.words(),
            "; ".join(filter(None, (alert.found.says, alert.found.beside))),
            alert.state(now),
        )
    if shown:
        yield table
    left = len(still) + len(over) - len(shown)
    yield Text(
        f"{len(still)} open{f' ({message.counted(still)})' if still else ''}, {len(over)} over"
        + (f"; {left} not shown (--all)" if left else "")
    )
    for channel, why in book.troubles.items():
        name = channel.removeprefix("name:") if channel.startswith("name:") else "a channel without a name"
        yield Text(sentence(f"NOTE  {name} could not be told: {why}"))


MOST_OVER = 3
"""Alerts of a trend that are over and shown beside it, the newest."""


def marks_of(book: Book, now: datetime.datetime) -> Marks:
    """What pages show beside a trend or a machine: its alerts that are open, and the newest that are over."""
    found: dict[tuple[str, ...], list[Mark]] = defaultdict(list)
    over: Counter[tuple[str, ...]] = Counter()
    for alert in reversed(book.alerts):
        subject = alert.found.subject
        about = subject.identity if subject.benchmark else (subject.machine,)
        over[about] += not alert.is_open
        if alert.is_open or over[about] <= MOST_OVER:
            mark = Mark(alert.found.says, alert.state(now), alert.found.since.file, alert.asks(now), alert.is_open)
            found[about].append(mark)
    return found


def alert_json(alert: Alert, now: datetime.datetime) -> dict[str, Any]:
    """An alert's fields as a dictionary; which channels were told is the book's own matter."""
    fields = {name: value for name, value in alert.to_json().items() if name != "told"}
    return {**fields, "state": alert.state(now), "asks": alert.asks(now)}


def call_json(call: Call, *, dry: bool) -> dict[str, Any]:
    """A call as a dictionary."""
    return {
        "new": [alert_json(each, call.now) for each in message.worst_first(call.new)],
        "resolved": [alert_json(each, call.now) for each in call.over],
        "open": [alert_json(each, call.now) for each in message.worst_first(call.open)],
        "channels": [
            {
                "channel": each.channel.called,
                "alerts": [item.alert.key for item in each.items],
                "outcome": each.outcome.word if each.outcome else None,
                "why": each.outcome.why if each.outcome else "",
                "title": each.message.title,
            }
            for each in call.sent
        ],
        "judged": _coverage_json(call),
        "failed_once": [
            {"machine": identity[0], "benchmark": identity[1], "run": str(run.path)}
            for identity, run in call.unconfirmed.items()
        ],
        "unclear": [{"machine": each.machine, "why": each.clock_words()} for each in call.unclear],
        "dry_run": dry,
    }


def _coverage_json(call: Call) -> dict[str, Any] | None:
    found = call.coverage
    if found is None:
        return None
    return {
        "machines": found.machines,
        "judged": found.judged,
        "not_judged": [{"machine": machine, "why": why.value} for machine, why in sorted(found.not_judged.items())],
        "steps": [
            {"why": each.why.value, "machines": each.machines, "says": each.says(), "step": each.step()}
            for each in found.groups
        ],
    }
