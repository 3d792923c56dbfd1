"""One alert as the book remembers it: what it is, what people said of it, and which channel was told what. What is due is ``due``'s."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace
from typing import Any

from autogauge.history.records import moment
from autogauge.lab.alerts.finding import KINDS, Finding, Since, Subject
from autogauge.measuring.reading import Fields

OPENED, RESOLVED = "opened", "resolved"
EVENTS = (OPENED, RESOLVED)
"""What an alert is told for: that it is, and that it is over."""
SENDING, UNANSWERED, SENT = "being sent", "unanswered", "sent"
"""How far telling is. The first is what a sender that was killed leaves; of the second nobody knows whether it arrived."""


SAID = ("opened", "resolved", "why", "ended", "acked", "acked_by", "note", "muted_until")
"""The fields of an alert that are texts."""


@dataclass(frozen=True)
class Told:
    """How far one event is on one channel: since when (UTC, ISO 8601), and how often it was tried."""

    state: str
    at: str
    tries: int = 1


@dataclass(frozen=True)
class End:
    """How an alert ended: why, in words, and with which run (its file; empty where no run did it)."""

    why: str
    file: str = ""


@dataclass
class Alert:
    """An alert. ``told`` holds the events of each channel (by its id) that is to be told; moments are UTC, ISO 8601, empty for never.

    ``ended`` is the file of the run that ended it, and ``was_accepted`` says that somebody took its level for the normal one.
    """

    key: str
    found: Finding
    opened: str
    resolved: str = ""
    why: str = ""
    ended: str = ""
    acked: str = ""
    acked_by: str = ""
    note: str = ""
    muted_until: str = ""
    told: dict[str, dict[str, Told]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return not self.resolved

    def is_muted(self, now: datetime.datetime) -> bool:
        """Whether nothing of it is to be told now."""
        until = moment(self.muted_until)
        return until is not None and now < until

    def asks(self, now: datetime.datetime) -> bool:
        """Whether it waits for somebody: open, and neither acknowledged nor muted."""
        return self.is_open and not self.acked and not self.is_muted(now)

    def state(self, now: datetime.datetime) -> str:
        """Its state in words, as lists and pages show it."""
        if self.resolved:
            return f"resolved {self.resolved[:10]}: {self.why}"
        said = []
        if self.acked:
            by = f" by {self.acked_by}" if self.acked_by else ""
            said.append(f"acknowledged {self.acked[:10]}{by}" + (f": {self.note}" if self.note else ""))
        if self.is_muted(now):
            said.append(f"muted until {self.muted_until[:10]}")
        return ", ".join(said) or "open"

    def to_json(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        found, subject = self.found, self.found.subject
        return {
            "key": self.key,
            "kind": found.kind,
            "machine": subject.machine,
            "benchmark": subject.benchmark,
            "model": subject.model,
            "digest": subject.digest,
            "emulated": subject.emulated,
            "since": found.since.to_json(),
            "ratio": found.ratio,
            "says": found.says,
            "beside": found.beside,
            "by": list(found.by),
            **{name: getattr(self, name) for name in SAID},
            "told": {
                channel: {
                    event: {"state": each.state, "at": each.at, "tries": each.tries} for event, each in own.items()
                }
                for channel, own in self.told.items()
            },
        }


def from_json(value: Any, place: str) -> Alert:
    """An alert from a file. Raises ``ValueError`` with the place."""
    fields = Fields(value, place)
    subject = Subject(*(fields.text(name, "") for name in ("machine", "benchmark", "model", "digest", "emulated")))
    found = Finding(
        fields.choice("kind", KINDS),
        subject,
        Since.from_json(fields.fields("since")),
        fields.number("ratio"),
        fields.text("says"),
        fields.text("beside", ""),
        fields.texts("by", ()),
    )
    told = fields.fields("told", {})
    said = {name: fields.text(name, "") for name in SAID}
    return Alert(
        fields.text("key"),
        found,
        told={channel: _told(told.fields(channel)) for channel in told},
        **said,
    )


def _told(fields: Fields) -> dict[str, Told]:
    found = {}
    for event in fields:
        if event not in EVENTS:
            raise ValueError(f"{fields.at(event)} is none of {', '.join(EVENTS)}")
        own = fields.fields(event)
        state = own.choice("state", (SENDING, UNANSWERED, SENT))
        found[event] = Told(state, own.text("at"), own.whole("tries", 1))
    return found


def as_found_again(alert: Alert, found: Finding) -> None:
    """Remember who else says so by now; what was told stays as it was told."""
    by = tuple(dict.fromkeys((*alert.found.by, *found.by)))
    alert.found = replace(alert.found, by=by)
