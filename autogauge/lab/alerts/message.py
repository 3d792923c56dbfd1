"""What a channel is sent: one message for everything that is due on it, the worst first, with counts. Pure text; sending is ``channels``'s.

Of many alerts alike (one benchmark that became slower on a hundred machines) there is one line, with the worst machines and how many more.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from autogauge.gate import hints
from autogauge.gate.judgement import percent
from autogauge.lab.alerts.alert import OPENED, Alert
from autogauge.lab.alerts.due import Item
from autogauge.lab.alerts.finding import CREEP, LEVEL, SILENT
from autogauge.plain import plain, sentence

MANY = 4
"""So many alerts of one benchmark and kind are one line."""
NAMED = 3
LONGEST_LINE = 500
NAMES = {LEVEL: "change of level", CREEP: "creep", SILENT: "silent machine"}
MANY_OF = {LEVEL: "changes of level", CREEP: "creeps", SILENT: "silent machines"}
_WITH_RUN = re.compile(r"(the fingerprint changed )?with run \d+: ")
AGAIN = "(sent again: whether the message before arrived is not known)"


@dataclass(frozen=True)
class Message:
    """A title and a text of lines."""

    title: str
    body: str


@dataclass(frozen=True)
class Line:
    """A line of a message, for so many alerts. ``is_bad`` says that something became worse, not better."""

    text: str
    alerts: tuple[Alert, ...]
    is_bad: bool


def counted(alerts: Sequence[Alert]) -> str:
    """How many there are of each kind: ``5 changes of level, 1 silent machine``."""
    counts = Counter(alert.found.kind for alert in alerts)
    return ", ".join(
        f"{counts[kind]} {(NAMES if counts[kind] == 1 else MANY_OF)[kind]}" for kind in NAMES if counts[kind]
    )


def worst_first(alerts: Iterable[Alert]) -> list[Alert]:
    """The alerts, by how much worse it became; machines that are silent come last, the longest silent first."""
    return sorted(
        alerts, key=lambda alert: (alert.found.kind == SILENT, -alert.found.ratio, alert.found.since.when, alert.key)
    )


def split(items: Iterable[Item]) -> tuple[list[Item], list[Item]]:
    """What is wrong, and what is over."""
    every = list(items)
    return [each for each in every if each.alert.is_open], [each for each in every if not each.alert.is_open]


def lines(items: Sequence[Item]) -> list[Line]:
    """A line for each alert, or for many alike; what is wrong comes first, the worst first."""
    wrong, over = split(items)
    return [*_grouped(wrong), *_grouped(over)]


def _grouped(items: Sequence[Item]) -> list[Line]:
    of = {item.alert.key: item for item in items}
    groups: dict[tuple[str, ...], list[Alert]] = defaultdict(list)
    for alert in worst_first(item.alert for item in items):
        found = alert.found
        way = "" if found.kind == SILENT else str(found.ratio > 1)
        groups[found.kind, found.subject.benchmark, way].append(alert)
    made = []
    for group in groups.values():  # in the order of each group's worst
        own = [of[alert.key] for alert in group]
        made += [_many(own)] if len(group) >= MANY else [_one(each) for each in own]
    return made


def _one(item: Item) -> Line:
    alert, found = item.alert, item.alert.found
    beside = f"; {found.beside}" if found.beside else ""
    text = f"{found.subject.words()}: {found.says}{beside}"
    if not alert.is_open:
        was = "" if OPENED not in item.events else ", which was not told before"
        text = f"RESOLVED{was}: {text}: {alert.why}"
    return Line(_line(text, f" [{alert.key}]", item.again), (alert,), alert.is_open)


def _many(items: Sequence[Item]) -> Line:
    """One line for alerts that are alike, the worst first."""
    first = items[0].alert
    alerts = [item.alert for item in items]
    machines = list(dict.fromkeys(alert.found.subject.machine or "a machine without a name" for alert in alerts))
    more = f" and {len(machines) - NAMED} more" if len(machines) > NAMED else ""
    count = f"{len(machines)} machines" if len(machines) > 1 else machines[0]
    if first.found.kind == SILENT:
        what = f"{count} not reporting, the longest silent first: {', '.join(machines[:NAMED])}{more}"
    else:
        ratios = [alert.found.ratio for alert in alerts]
        named = ", ".join(f"{alert.found.subject.machine} {percent(alert.found.ratio)}" for alert in alerts[:NAMED])
        left = f" and {len(alerts) - NAMED} more" if len(alerts) > NAMED else ""
        besides = {_WITH_RUN.sub("", alert.found.beside) for alert in alerts}
        beside = f"; on each of them {besides.pop()}" if len(besides) == 1 and "" not in besides else ""
        verb = "crept" if first.found.kind == CREEP else first.found.says.partition(" by ")[0]
        what = (
            f"{first.found.subject.benchmark} {verb} on {count} "
            f"({percent(min(ratios))} to {percent(max(ratios))}), the worst first: {named}{left}{beside}"
        )
    if not first.is_open:
        what = f"RESOLVED: {what}"
    return Line(_line(what, "", any(item.again for item in items)), tuple(alerts), first.is_open)


def _line(text: str, key: str, again: bool) -> str:
    return sentence(text, LONGEST_LINE) + key + (f" {AGAIN}" if again else "")


def message(
    items: Sequence[Item], pages: str, longest_title: int, longest_body: int, history: Path | None = None
) -> Message:
    """One message for these alerts of that ``history``, as long as the channel takes; what is left out is counted."""
    wrong, over = split(items)
    told = lines(items)
    head = heading(wrong, over)
    title = f"autogauge: {told[0].text}" if len(items) == 1 else f"autogauge: {head}"
    foot = [f"All of them: {hints.command('alert list', history)}"]
    if pages:
        foot.insert(0, f"Trends: {link(pages, [item.alert for item in items])}")
    body, left = [f"{head}.", ""], len(told)
    room = longest_body - sum(len(each) + 1 for each in (*body, "", *foot)) - 40
    for line in told:
        room -= len(line.text) + 3
        if room < 0:
            break
        body.append(f"- {line.text}")
        left -= 1
    if left:
        unsaid = sum(len(line.alerts) for line in told[len(told) - left :])
        body.append(f"- and {unsaid} more")
    text = "\n".join([*body, "", *foot])
    return Message(
        plain(title, longest_title - 1), text if len(text) <= longest_body else text[: longest_body - 1] + "…"
    )


def heading(wrong: Sequence[Item], over: Sequence[Item]) -> str:
    """The counts: ``3 new alerts on 2 machines: 2 changes of level, 1 silent machine; 1 resolved``."""
    said = []
    if wrong:
        alerts = [item.alert for item in wrong]
        machines = len({alert.found.subject.machine for alert in alerts})
        where = (
            f"{machines} machines" if machines > 1 else alerts[0].found.subject.machine or "a machine without a name"
        )
        said.append(f"{len(alerts)} new {'alert' if len(alerts) == 1 else 'alerts'} on {where}: {counted(alerts)}")
    if over:
        said.append(f"{len(over)} resolved")
    return "; ".join(said)


def link(pages: str, alerts: Sequence[Alert]) -> str:
    """The trends' page at that address, with the filters that all of these alerts have in common."""
    subjects = [alert.found.subject for alert in alerts]
    filters = {}
    if len({each.machine for each in subjects}) == 1 and subjects[0].machine:
        filters["machine"] = subjects[0].machine
    place = pages if pages.endswith((".html", "/")) else f"{pages}/"
    return f"{place}#{urlencode(filters)}" if filters else place
