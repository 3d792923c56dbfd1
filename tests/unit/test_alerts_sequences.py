"""Any sequence of runs: what two runs agree on is told, nothing is told twice, and a second look at the same history has no news."""

import contextlib
import datetime
import os
import tempfile
from pathlib import Path

import pytest

from autogauge.history import standing
from autogauge.history.select import Histories
from autogauge.history.standing_file import Standing
from autogauge.history.where import Where
from autogauge.lab.alerts import judging, telling
from autogauge.lab.alerts.book import Book
from autogauge.lab.alerts.finding import CREEP, LEVEL
from tests.histories import LATENCY, save
from tests.properties import for_all

pytestmark = pytest.mark.slow

NOW = datetime.datetime.now(datetime.timezone.utc)
LEVELS = (0.9, 1.0, 1.0, 1.07, 1.12, 1.3)


class Lab:
    """One machine's history; the gate fails what is slower by a tenth than the level that was accepted last, and passes the others."""

    def __init__(self, folder):
        self.history, self.cache, self.book, self.accepted, self.paths, self.failed = (
            folder / "h",
            folder / "c",
            Book(),
            1.0,
            [],
            [],
        )

    def run(self, level, wobble):
        ratio, fails = level * (1 + wobble), level > 1.1 * self.accepted
        path = save(
            self.history / "lab-01",
            {LATENCY: 0.01 * ratio},
            ratios={LATENCY: ratio},
            when=NOW - datetime.timedelta(hours=100 - len(self.paths)),
            verdict="FAIL" if fails else "PASS",
        )
        if fails:
            standing.write(
                path, Standing.ACCEPTED, "slower", "gate", (LATENCY,), benchmarks={LATENCY: Standing.QUARANTINED}
            )
        self.paths.append(path)
        self.failed.append(fails)

    def person(self, what, level):
        if not self.paths:
            return
        if what == "accept":
            standing.accept(self.paths[-1], "meant", new_level=(LATENCY,))
            self.accepted, self.failed = level, []
        else:
            standing.reject(self.paths[-1], "the machine")
            del self.failed[-1:]

    def look(self):
        with contextlib.ExitStack() as stack:
            found = Histories(stack, self.history, self.cache).all(Where())
            return telling.take(self.book, judging.situation(found, NOW, 0.05, None), NOW)


def stories(st):
    runs = st.tuples(st.just("runs"), st.sampled_from(LEVELS), st.integers(1, 7))
    person = st.tuples(st.sampled_from(["accept", "reject"]), st.just(0), st.just(0))
    return st.lists(st.one_of(runs, runs, runs, person), min_size=2, max_size=6)


@for_all(lambda st: (stories(st), st.randoms(use_true_random=False), st.integers(1, 4)))
def test_what_two_runs_agree_on_is_told_once_in_any_sequence_of_runs(story, rng, every):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        lab, level, heard = Lab(Path(folder)), 1.0, []

        def look():
            call = lab.look()
            heard.extend((alert.key, "new") for alert in call.new)
            heard.extend((alert.key, "over") for alert in call.over)
            again = lab.look()
            assert not again.new, "a second look has no news"
            assert not again.over, "a second look has no news"
            levels = [alert for alert in call.open if alert.found.kind == LEVEL]
            if lab.failed[-2:] == [True, True]:
                assert levels, "the gate failed the newest two runs"
            assert sum(alert.found.kind == CREEP for alert in call.open) <= 1

        for what, chosen, count in story:
            if what == "runs":
                level = chosen
                for place in range(count):
                    lab.run(level, rng.uniform(-0.005, 0.005))
                    if place % every == 0:
                        look()
            else:
                lab.person(what, level)
            if lab.paths:
                look()
        assert len(heard) == len({*heard}), "each alert is new once and over once"


@for_all(lambda st: (st.lists(st.floats(-0.012, 0.012), min_size=10, max_size=60),))
def test_runs_that_only_vary_are_never_told_of(wobbles):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        lab = Lab(Path(folder))
        for wobble in wobbles:
            lab.run(1.0, wobble)
        assert not lab.look().new
