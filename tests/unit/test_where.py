"""Filters in a user's words."""

import contextlib
import dataclasses
import datetime
from pathlib import Path

import pytest

from autogauge.errors import UserError
from autogauge.history import where
from autogauge.history.indexed import IndexedRun
from tests.cases import each_of
from tests.properties import for_all


def run(**changes):
    values = {
        "id": 1,
        "path": Path("0001_run.json"),
        "number": 1,
        "when": datetime.datetime(2026, 11, 24, 15, tzinfo=datetime.timezone.utc),
        "machine": "lab-01",
        "openvino": "2026.4.1-22982-abc",
        "model": "googlenet-v1",
        "precision": "FP16",
        "weights": "random",
        "profile": "standard",
        "accelerator": "auto",
        "fingerprint": "f" * 16,
        "standing": "accepted",
        "why": "",
        "foreign": False,
        "verdict": "PASS",
        "benchmarks": 10,
    }
    return IndexedRun(**{**values, **changes})


@each_of(
    ("words", "holds"),
    [
        ("machine=lab-01", True),
        ("machine=lab-0", False),
        ("machine=LAB-*", True),
        ("openvino=2026.4", True),
        ("openvino=2026.4.1", True),
        ("openvino=2026", True),
        ("openvino=2026.4.10", False),
        ("openvino=2026.40", False),
        ("model=googlenet* precision=fp16", True),
        ("machine=lab-01 openvino=2026.3", False),
        ("since=2026-11-24", True),
        ("since=2026-11-25", False),
        ("until=2026-11-24", True),
        ("until=2026-11-23", False),
        ("until=2026-11-24T15:00", False),
        ("since=2026-11", True),
        ("since=2026-12", False),
        ("since=2026", True),
        ("since=2027", False),
        ("until=2026-11", True),
        ("until=2026-10", False),
        ("until=2026", True),
        ("until=2025", False),
        ("until=20261124", True),
        ("since=2026-12 until=2026-12", False),
        ("until=9999-12-31", True),
        ("until=9999", True),
        ("since=0001", True),
        ("standing=quarantined", False),
        ("'model=googlenet v1'", False),
    ],
)
def test_a_filter_keeps_the_runs_it_names(words, holds):
    assert where.parse([words]).holds_for(run()) is holds


@each_of("wrong", ["acepted", "", "accept", "[a]ccepted", "pending,accepted"])
def test_a_standing_that_no_run_can_have_is_a_mistake_and_a_pattern_of_one_is_none(wrong):
    with pytest.raises(UserError) as told:
        where.parse([f"standing='{wrong}'"])
    words = "accepted, quarantined, pending, unreadable"
    assert str(told.value) == f"'standing={wrong}' fits no standing: there is {words} (--where)."
    for right in ("Accepted", "q*", "*", "?ending", "unreadable"):
        assert where.parse([f"standing={right}"]).asks_for("standing")


def test_benchmarks_are_filtered_by_metric_device_and_hint():
    wanted = where.parse(["device=auto", "hint=LATENCY", "benchmark=latency:*"])
    benchmark = ("latency: AUTO-LATENCY", "latency_ms")
    assert wanted.holds_for_benchmark(*benchmark, {"device": "AUTO", "hint": "LATENCY"})
    assert wanted.holds_for_benchmark(*benchmark, {"hint": "LATENCY"}), "no device name is AUTO"
    assert not wanted.holds_for_benchmark(*benchmark, {"device": "CPU", "hint": "LATENCY"})


BATCHED = {"device": "AUTO", "policy": "round_robin", "Batch": "8", "machine": "of two rooms"}


@each_of(
    ("words", "holds"),
    [
        ("policy=round_robin", True),
        ("policy=ROUND*", True),
        ("policy=round", False),
        ("policy=", False),
        ("batch=8", True),
        ("Batch=8 device=auto", True),
        ("batch=8 device=CPU", False),
        ("requests=", True),
        ("requests=?*", False),
        ("label.machine='of two rooms'", True),
        ("label.policy=device", False),
        ("machine=lab-99", True),
    ],
)
def test_benchmarks_are_filtered_by_any_label(words, holds):
    assert where.parse([words]).holds_for_benchmark("latency: AUTO", "latency_ms", BATCHED) is holds


def test_a_field_of_runs_keeps_its_meaning_beside_a_label_of_that_name():
    wanted = where.parse(["machine=lab-01"])
    assert wanted.holds_for(run())
    assert not wanted.of_benchmarks
    wanted.check([])


@each_of(
    ("labels", "says"),
    [
        ((), r"'machin=lab-01' is no filter: write FIELD=VALUE with one of machine, .*, last \(--where\)\.$"),
        (("device", "hint"), r"one of machine, .*, last \(--where\)\.$"),
        (("device", "policy", "batch"), r"last, or with a label that these runs have: policy, batch \(--where\)\.$"),
        ((f"key {each}" for each in range(10_000)), r"key 19 and 9980 more \(--where\)\.$"),
        (("a\x1b]0;owned\x07",), r"have: a·\]0;owned· \(--where\)"),
    ],
)
def test_what_is_neither_a_field_nor_a_label_of_these_runs_is_one_sentence(labels, says):
    with pytest.raises(UserError, match=says) as error:
        where.parse(["machin=lab-01"]).check(labels)
    assert "\n" not in str(error.value)
    where.parse(["policy=x"]).check(["Policy"])


@each_of(
    ("words", "says"),
    [
        ("lab-01", "is no filter: write FIELD=VALUE with one of machine, openvino"),
        ("=lab-01", "is no filter"),
        ("lab 01=x", "is no filter"),
        ("since=yesterday", "names no date"),
        ("since=2026-13", "names no date: write since=2026-11-24, 2026-11 or 2026"),
        ("until=2026-02-30", "names no date: write until="),
        ("since=0000", "names no date"),
        ("since=0001-01-01T00:00+14:00", "names no date"),
        ("until=2026-W48", "names no date"),
        ("last=0", "names no number of runs"),
        ("run=", "names no run: write run=13"),
        ("run=1,,2", "names no run: write run=13"),
        ("run=-3", "names no run: write run=13"),
        ("run=1-2-3", "names no run: write run=13"),
        ("machine='lab", "a quote that is not closed"),
    ],
)
def test_a_filter_that_is_none_is_one_sentence(words, says):
    with pytest.raises(UserError, match=says):
        where.parse([words])


def test_runs_by_their_numbers():
    wanted = where.parse(["run=1-3,8"])
    assert [number for number in range(12) if wanted.holds_for(dataclasses.replace(run(), number=number))] == [
        1,
        2,
        3,
        8,
    ]


@for_all(lambda st: (st.text(max_size=60),))
def test_any_text_is_a_filter_or_a_sentence(text):
    with contextlib.suppress(UserError):
        where.parse([text]).holds_for(run())
