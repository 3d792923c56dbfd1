"""One call of ``alert``: what is wrong now goes into the book, and every channel is sent what is due on it, in one message.

All of it happens under the book's lock, so that two calls at once never tell twice. The book is written before a message goes out, and
after each channel's answer. What is wrong is ``judging``'s, what is due ``due``'s, how it reads ``message``'s.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.gate.unjudged import Coverage
from autogauge.history.indexed import IndexedRun
from autogauge.history.reporting import Reporting
from autogauge.lab.alerts import book as books
from autogauge.lab.alerts import channels as sending
from autogauge.lab.alerts import due
from autogauge.lab.alerts.alert import Alert, as_found_again
from autogauge.lab.alerts.book import Book
from autogauge.lab.alerts.channels import Channel, Outcome
from autogauge.lab.alerts.due import Item
from autogauge.lab.alerts.judging import Situation
from autogauge.lab.alerts.message import Message, message

AT_ONCE = 16


@dataclass
class Sent:
    """What one channel was sent, and what became of it."""

    channel: Channel
    items: list[Item]
    message: Message
    outcome: Outcome | None = None
    """``None`` where it was not sent: a dry run."""


Send = Callable[[Sent], Outcome]


@dataclass
class Call:
    """What a call found and did: the alerts that are new and over with it, all that are open, and what the channels were sent."""

    now: datetime.datetime
    new: list[Alert] = field(default_factory=list)
    over: list[Alert] = field(default_factory=list)
    open: list[Alert] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    coverage: Coverage | None = None
    """Of how many machines anything was judged."""
    unconfirmed: dict[tuple[str, ...], IndexedRun] = field(default_factory=dict)
    """What the gate failed in its newest run without an alert about it, each with that run."""
    unclear: list[Reporting] = field(default_factory=list)
    """The machines whose clocks hide whether they still report."""

    @property
    def failed(self) -> list[Sent]:
        """What no channel is known to have taken."""
        return [each for each in self.sent if each.outcome and each.outcome.word != sending.SENT]

    @property
    def is_bad_news(self) -> bool:
        """Whether an alert waits for somebody, or a channel could not be told."""
        return any(alert.asks(self.now) for alert in self.open) or bool(self.failed)


def take(book: Book, found: Situation, now: datetime.datetime) -> Call:
    """Write into the book what is new and what is over by what was found."""
    call = Call(now)
    for alert in book.alerts:
        if not alert.is_open:
            continue
        if (end := found.end_of(alert)) is not None:
            due.resolve(alert, end, now)
            call.over.append(alert)
        else:
            for each in found.of(alert):
                as_found_again(alert, each)
    for each in found.untold(book.alerts):
        alert = Alert(each.key, each, now.isoformat(timespec="seconds"))
        book.alerts.append(alert)
        call.new.append(alert)
    call.open = [alert for alert in book.alerts if alert.is_open]
    return call


def tell(
    history: Path,
    book: Book,
    call: Call,
    channels: Sequence[Channel],
    send: Send,
    *,
    pages: str = "",
    dry: bool = False,
) -> None:
    """Send each channel what is due on it, all channels at once; the book is kept in step. Who calls holds its lock."""
    known = [channel.id for channel in channels]
    due.owe(book.alerts, known)
    book.troubles = {channel: why for channel, why in book.troubles.items() if channel in known}
    for channel in channels:
        if items := due.due(book.alerts, channel.id, call.now):
            text = message(items, pages, channel.longest_title, channel.longest_body, history)
            call.sent.append(Sent(channel, items, text))
    if dry:
        return
    for each in call.sent:
        due.begin(each.items, each.channel.id, call.now)
    books.write(history, book)
    if not call.sent:
        return
    with ThreadPoolExecutor(min(AT_ONCE, len(call.sent))) as pool:
        running: dict[Future[Outcome], Sent] = {pool.submit(send, each): each for each in call.sent}
        for future in as_completed(running):
            each = running[future]
            each.outcome = future.result()
            _note(book, each)
            books.write(history, book)


def _note(book: Book, sent: Sent) -> None:
    assert sent.outcome is not None
    word, channel = sent.outcome.word, sent.channel
    if word == sending.SENT:
        due.was_sent(sent.items, channel.id)
        book.troubles.pop(channel.id, None)
        return
    (due.was_refused if word == sending.REFUSED else due.got_no_answer)(sent.items, channel.id)
    book.troubles[channel.id] = sent.outcome.why
