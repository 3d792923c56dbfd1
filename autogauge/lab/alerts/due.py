"""Who is still to be told what: every alert reaches every channel once. Pure; sending is left to ``telling``, remembering to ``book``.

An event (that an alert is, that it is over) is noted as *being sent* before it is sent, and as *sent* when the channel took it. What a
channel refused is as it was before, and tried again with the next call. Of what was being sent when its sender was killed, and of what got
no answer, nobody knows whether it arrived: it is sent again and says so, at once, then after an hour, then once a day: rather twice than
never, but not every five minutes.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autogauge.history.records import moment
from autogauge.lab.alerts.alert import OPENED, RESOLVED, SENDING, SENT, UNANSWERED, Alert, End, Told

WAITS_S = (0.0, 3600.0, 86_400.0)
"""How long after so many tries without an answer the next one is due; after more, the last of them."""


@dataclass(frozen=True)
class Item:
    """What one alert has to tell one channel; ``before`` is how far each event was, and ``again`` says that it may be known there."""

    alert: Alert
    events: tuple[str, ...]
    before: tuple[Told | None, ...]

    @property
    def again(self) -> bool:
        """Whether nobody knows if it arrived when it was sent before."""
        return any(each is not None for each in self.before)


def owe(alerts: Iterable[Alert], channels: Sequence[str]) -> None:
    """Every open alert is to be told to each of these channels (by id), also to one that is new. What was over before it came is not."""
    for alert in alerts:
        if alert.is_open:
            for channel in channels:
                alert.told.setdefault(channel, {})


def due(alerts: Iterable[Alert], channel: str, now: datetime.datetime) -> list[Item]:
    """What is to be told to that channel now."""
    return [found for alert in alerts if (found := _due(alert, channel, now))]


def _due(alert: Alert, channel: str, now: datetime.datetime) -> Item | None:
    own = alert.told.get(channel)
    if own is None or alert.is_muted(now):
        return None
    last = own.get(OPENED if alert.is_open else RESOLVED)
    if last and (last.state == SENT or not _waited(last, now)):
        return None
    opened = own.get(OPENED)
    if alert.is_open:
        events: tuple[str, ...] = (OPENED,)
    else:
        events = (RESOLVED,) if opened and opened.state == SENT else (OPENED, RESOLVED)
    return Item(alert, events, tuple(own.get(each) for each in events))


def _waited(last: Told, now: datetime.datetime) -> bool:
    at = moment(last.at)
    wait_s = WAITS_S[min(last.tries, len(WAITS_S)) - 1] if last.tries else 0.0
    return at is None or not 0 <= (now - at).total_seconds() < wait_s  # a clock that was put back holds nothing up


def begin(items: Iterable[Item], channel: str, now: datetime.datetime) -> None:
    """Note that these are being sent."""
    for item in items:
        for event, last in zip(item.events, item.before, strict=True):
            tries = last.tries + 1 if last else 1
            item.alert.told[channel][event] = Told(SENDING, now.isoformat(timespec="seconds"), tries)


def was_sent(items: Iterable[Item], channel: str) -> None:
    """Note that the channel took them."""
    _become(items, channel, SENT)


def got_no_answer(items: Iterable[Item], channel: str) -> None:
    """Note that nobody knows whether they arrived."""
    _become(items, channel, UNANSWERED)


def was_refused(items: Iterable[Item], channel: str) -> None:
    """Note that the channel did not take them: as if they had not been sent."""
    for item in items:
        own = item.alert.told[channel]
        for event, last in zip(item.events, item.before, strict=True):
            if last is None:
                own.pop(event, None)
            else:
                own[event] = last


def _become(items: Iterable[Item], channel: str, state: str) -> None:
    for item in items:
        own = item.alert.told[channel]
        for event in item.events:
            own[event] = Told(state, own[event].at, own[event].tries)


def resolve(alert: Alert, end: End, now: datetime.datetime) -> None:
    """Note that an alert is over. Who was not told of it since it is muted need not hear of it any more."""
    alert.resolved, alert.why, alert.ended = now.isoformat(timespec="seconds"), end.why, end.file
    if alert.is_muted(now):
        alert.told = {channel: own for channel, own in alert.told.items() if own}
