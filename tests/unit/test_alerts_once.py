"""Any sequence of what happens in a lab, of what channels answer, and of senders that are killed: each alert reaches each channel once.

The channels are made up; everything between a finding and a channel is real, and the book goes through its file's form after every step.
"""

import contextlib
import datetime
import json
import threading
from collections import Counter

import pytest

from autogauge.lab.alerts import book as books
from autogauge.lab.alerts import due, telling
from autogauge.lab.alerts.alert import OPENED, RESOLVED, SENDING, End, Told, from_json
from autogauge.lab.alerts.book import Book
from autogauge.lab.alerts.channels import REFUSED, SENT, UNANSWERED, Channel, Outcome
from autogauge.lab.alerts.finding import SILENT, Finding, Since, Subject
from tests.properties import for_all

CHANNELS = [Channel("name:ops", "ops", ""), Channel("name:mail", "mail", "")]
ANSWERS = (
    "takes it",
    "refuses",
    "takes it and says nothing",
    "loses it and says nothing",
    "killed before",
    "killed after",
)
DEFINITE = ("takes it", "refuses")


class Killed(BaseException):
    """kill -9, as far as the book is concerned."""


class Situation:
    """Machines that are silent or not; each silence is another alert."""

    def __init__(self):
        self.silences, self.silent = Counter(), set()

    def turn(self, machine):
        if machine in self.silent:
            self.silent.remove(machine)
        else:
            self.silences[machine] += 1
            self.silent.add(machine)

    def finding(self, machine):
        since = Since(self.silences[machine], f"{self.silences[machine]:04d}_run.json")
        return Finding(SILENT, Subject(f"lab-{machine}"), since, 1.0, "not reporting")

    def end_of(self, alert):
        now = {self.finding(machine).key for machine in self.silent}
        return None if alert.key in now else End("it reports again")

    def of(self, alert):
        return []

    def untold(self, alerts):
        known = {alert.key for alert in alerts}
        return [found for machine in sorted(self.silent) if (found := self.finding(machine)).key not in known]


class World:
    """A book on its disk, and what each channel received: (channel, key, event) with whether it said that it was sent again."""

    def __init__(self):
        self.disk, self.now = json.dumps(Book().to_json()), datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        self.received, self.situation, self.ever_muted = [], Situation(), set()
        self.unsure = set()

    def write(self, book):
        self.disk = json.dumps(book.to_json())

    def read(self):
        fields = json.loads(self.disk)
        return Book([from_json(each, "") for each in fields["alerts"]], fields["salt"], fields["troubles"])

    def call(self, answers):
        book = self.read()
        call = telling.take(book, self.situation, self.now)

        def send(sent):
            answer = answers[sent.channel.id]
            told = [(sent.channel.id, item.alert.key, event) for item in sent.items for event in item.events]
            assert not any(item.alert.is_muted(self.now) for item in sent.items), "nothing is told of what is muted"
            if answer in ("takes it", "takes it and says nothing", "killed after"):
                again = {item.alert.key for item in sent.items if item.again}
                self.received += [(each, each[1] in again) for each in told]
            if answer not in DEFINITE or any(each not in DEFINITE for each in answers.values()):
                self.unsure |= {*told}  # the other channel's answer may not have been noted before the kill
            if answer.startswith("killed"):
                raise Killed
            word = {"takes it": SENT, "refuses": REFUSED}.get(answer, UNANSWERED)
            return Outcome(word, answer)

        with contextlib.suppress(Killed):
            telling.tell(None, book, call, CHANNELS, send)

    def muted(self, days):
        book = self.read()
        until = (self.now + datetime.timedelta(days=days)).isoformat() if days else ""
        for alert in book.alerts:
            if alert.is_open:
                alert.muted_until = until
                self.ever_muted |= {alert.key} if days else set()
        self.write(book)


def steps(st):
    answers = st.fixed_dictionaries({each.id: st.sampled_from(ANSWERS) for each in CHANNELS})
    machine = st.tuples(st.just("turn"), st.integers(0, 2))
    hours = st.tuples(st.just("hours"), st.sampled_from([0, 1, 30]))
    muted = st.tuples(st.just("mute"), st.sampled_from([0, 2]))
    return st.lists(st.one_of(machine, st.tuples(st.just("call"), answers), hours, muted), max_size=14)


@pytest.fixture(autouse=True)
def on_disk(monkeypatch):
    """The book of the world that was begun last is what is written to."""
    worlds = []

    def begin():
        worlds.append(World())
        return worlds[-1]

    monkeypatch.setattr(books, "write", lambda _, book: worlds[-1].write(book))
    monkeypatch.setattr(World, "begin", staticmethod(begin), raising=False)


def play(story):
    world = World.begin()
    for what, value in story:
        if what == "turn":
            world.situation.turn(value)
        elif what == "call":
            world.call(value)
        elif what == "hours":
            world.now += datetime.timedelta(hours=value)
        else:
            world.muted(value)
    for _ in range(2):  # in the end all channels answer, and no mute lasts
        world.now += datetime.timedelta(days=3)
        world.call({each.id: "takes it" for each in CHANNELS})
    return world


@for_all(lambda st: (steps(st),))
def test_each_alert_reaches_each_channel_once(story):
    world = play(story)
    heard = Counter(each for each, _ in world.received)
    for alert in world.read().alerts:
        events = (OPENED,) if alert.is_open else (OPENED, RESOLVED)
        for channel in CHANNELS:
            for event in events:
                told = (channel.id, alert.key, event)
                was_muted = alert.key in world.ever_muted and not alert.is_open
                assert heard[told] >= (not was_muted), f"lost: {told}"
                assert heard[told] <= 1 or told in world.unsure, f"told twice: {told}"
    first = set()
    for told, again in world.received:
        assert again or told not in first, f"sent again without saying so: {told}"
        first.add(told)


@for_all(lambda st: (steps(st),))
def test_where_every_channel_gives_an_answer_nothing_is_ever_told_twice(story):
    definite = [
        (what, {name: answer if answer in DEFINITE else "refuses" for name, answer in value.items()})
        if what == "call"
        else (what, value)
        for what, value in story
    ]
    world = play(definite)
    assert max(Counter(each for each, _ in world.received).values(), default=1) == 1
    assert not any(again for _, again in world.received)


def test_what_gets_no_answer_is_sent_at_once_then_hourly_then_daily():
    world = World.begin()
    world.situation.turn(0)
    sent_after_hours = []
    for hour in range(72):
        before = len(world.received)
        world.call({each.id: "takes it and says nothing" for each in CHANNELS})
        if len(world.received) > before:
            sent_after_hours.append(hour)
        world.now += datetime.timedelta(hours=1)
    assert sent_after_hours == [0, 1, 2, 26, 50]


def test_a_clock_that_was_put_back_holds_nothing_up():
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    world = World.begin()
    world.situation.turn(0)
    world.call({each.id: "refuses" for each in CHANNELS})
    (alert,) = world.read().alerts
    alert.told["name:ops"] = {OPENED: Told(SENDING, "2027-01-01T00:00:00+00:00", 9)}
    assert due.due([alert], "name:ops", now)


def test_what_was_refused_and_is_over_is_told_as_both():
    world = World.begin()
    world.situation.turn(0)
    world.call({each.id: "refuses" for each in CHANNELS})
    world.situation.turn(0)
    world.call({each.id: "takes it" for each in CHANNELS})
    for channel in CHANNELS:
        assert [event for (name, _, event), _ in world.received if name == channel.id] == [OPENED, RESOLVED]


def test_what_got_no_answer_and_was_refused_then_says_that_it_is_sent_again():
    world = World.begin()
    world.situation.turn(0)
    for answer in ("takes it and says nothing", "refuses", "takes it"):
        world.call({each.id: answer for each in CHANNELS})
        world.now += datetime.timedelta(days=2)
    for channel in CHANNELS:
        assert [again for (name, *_), again in world.received if name == channel.id] == [False, True]


def test_what_one_channel_took_is_on_the_disk_before_another_answers(monkeypatch):
    world, is_noted = World.begin(), threading.Event()
    world.situation.turn(0)
    book = world.read()
    call = telling.take(book, world.situation, world.now)

    def write(_, book):
        world.write(book)
        if book.alerts[0].told["name:ops"][OPENED].state == SENT:
            is_noted.set()

    monkeypatch.setattr(books, "write", write)
    telling.tell(
        None,
        book,
        call,
        CHANNELS,
        lambda sent: Outcome(SENT if sent.channel.id == "name:ops" or is_noted.wait(60) else REFUSED),
    )
    assert is_noted.is_set()
    assert not call.failed
