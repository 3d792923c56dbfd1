"""What was seen of AUTO's properties and log is judged rightly: made observations. And the steps that ask and read what is printed."""

import os
from datetime import timedelta
from types import SimpleNamespace

import pytest

from autogauge.measuring.claim import BEYOND
from autogauge.probe.log import AutoLog
from autogauge.probe.seen import Seen, Step, name_of
from autogauge.probe.worker.steps import asking
from autogauge.rig.expecting import judge
from autogauge.studies.properties import PROPERTIES, UNKNOWN, WRONG
from tests.cases import each_of

CASES = {case.name: case for case in PROPERTIES.cases(None)}
LINE = "[05:31:57.3916]I[plugin.cpp:479][AUTO] device:CPU, config:PERF_COUNT=NO"


def outcomes(case, **told):
    """The outcomes where these steps (by name) told this, or were an error (a text), or logged these levels; other steps nothing."""
    return {name: check.holds for name, check in checks(case, **told).items()}


def checks(case, **told):
    steps = []
    control = [{**asked, "name": f"1: {name_of(asked)}"} for asked in CASES[case].control]
    for asked in (*control, *CASES[case].steps):
        each = told.get(name_of(asked).replace("1: ", "").replace(" ", "_"), {})
        error = each if isinstance(each, str) and each else None
        levels = each if isinstance(each, AutoLog) else AutoLog()
        steps.append(Step(asked, each if isinstance(each, dict) else {}, error, 0.1, levels))
    return judge(CASES[case].expects, Seen(steps, None, AutoLog()))[0]


@each_of(
    ("on", "off", "holds"),
    [(1, 0, True), (0, 0, False), (1, 1, False), (None, 0, None), (1, None, None)],
)
def test_counters_are_the_devices_where_it_times_with_them_and_not_without(on, off, holds):
    told = {
        name: {"operations": 3} if timed is None else {"operations": 3, "timed": timed}
        for name, timed in (("profiling_first", on), ("profiling_next", off))
    }
    assert outcomes("given-and-set", **told)["counters-reach-the-device"] is holds


@each_of(
    ("printed", "holds"),
    [
        (f"{LINE}\n{LINE}\n\n", True),
        (f"{LINE}\nplugin.cpp: device CPU\n", False),
        ("I[plugin.cpp:479][AUTO] no time\n", False),
        (f"{LINE[1:]}\n", False),
        ("[05:31:57.3916]I[plugin.cpp][AUTO] no line of the file\n", False),
        ("[05:31:57.3916][plugin.cpp:479][AUTO] no level\n", False),
        ("", None),
    ],
)
def test_lines_in_another_form_are_counted(printed, holds):
    assert outcomes("log-by-property", form=asking.forms(printed))["log-lines-have-their-form"] is holds


def test_a_level_that_is_not_off_is_excused_by_no_known_difference():
    off, on = AutoLog(), AutoLog(levels={"I": 3})
    claim, other = "environment-turns-the-log-off", "log-follows-the-environment"
    for seen, holds in ((off, True), (on, False)):
        assert outcomes("log-by-environment-0", control=on, by_variable=seen)[claim] is holds
    assert other not in {each.claim for each in CASES["log-by-environment-0"].expects}
    assert outcomes("log-by-environment-2", by_variable=on)[other] is False
    assert claim not in PROPERTIES.may_differ()
    assert PROPERTIES.may_differ()[other] == ("log-level-numbers",)


def test_a_variable_that_nobody_hears_turns_nothing_off_and_is_overridden_by_nothing():
    silent, logs, details = AutoLog(), AutoLog(levels={"I": 3}), AutoLog(levels={"I": 3, "D": 1})
    off = outcomes("log-by-environment-0", by_property=logs)
    assert off["environment-turns-the-log-off"] is off["log-property-wins"] is None
    heard = outcomes("log-by-environment-0", control=details, by_property=logs)
    assert heard["environment-turns-the-log-off"] is heard["log-property-wins"] is True
    assert outcomes("log-by-environment-2")["log-property-wins"] is None
    assert outcomes("log-by-environment-2", by_variable=logs)["log-property-wins"] is True
    for seen, is_known in ((details, True), (silent, False)):
        check = checks("log-by-environment-3", by_variable=seen)["log-follows-the-environment"]
        assert check.holds is False
        assert (BEYOND not in check.why) is is_known
    for failed in ("control", "by_variable"):
        told = {"control": details, "by_variable": silent, "by_property": logs, failed: "RuntimeError: no"}
        found = outcomes("log-by-environment-0", **told)
        assert found["environment-turns-the-log-off"] is found["log-property-wins"] is False, failed
    told_nothing = AutoLog(lines=9)
    assert outcomes("given-and-set", first=told_nothing)["mode-reaches-the-device"] is False


@each_of(
    ("said", "holds"),
    [("Invalid value for property {}", True), ("it broke", False), ("MemoryError: {}", None), ("", False)],
)
def test_a_wrong_value_is_refused_by_an_error_that_names_its_property(said, holds):
    told = outcomes(
        "wrong-and-unknown",
        **{name: said.format(name) for name in WRONG},
        **dict.fromkeys(("set_unknown", "given_unknown"), said.format(UNKNOWN)),
        no_device=said.format("PERF_CURVE_TABLE"),
    )
    assert set(told) == {
        *(
            "wrong-value-is-an-error",
            "unknown-set-is-an-error",
            "unknown-given-is-an-error",
            "curves-are-of-known-devices",
        )
    }
    assert set(told.values()) == {holds}


def test_what_a_compile_prints_is_read_and_still_printed(capfd, monkeypatch):
    monkeypatch.setattr(asking, "compile_", lambda stage, step: os.write(1, f"{LINE}\nanother\n".encode()))
    assert asking.log_form(None, {}) == {"lines": 2, "in_form": 1, "others": ["another"]}
    os.write(1, b"after\n")
    assert capfd.readouterr().out == f"{LINE}\nanother\nafter\n"


def test_what_a_compile_printed_before_it_failed_is_still_printed(capfd, monkeypatch):
    def fails(stage, step):
        os.write(1, b"before\n")
        raise RuntimeError("no")

    monkeypatch.setattr(asking, "compile_", fails)
    with pytest.raises(RuntimeError):
        asking.log_form(None, {})
    assert capfd.readouterr().out == "before\n"


def test_operations_with_a_time_are_counted_beside_all_that_are_named():
    times = [timedelta(), timedelta(microseconds=17), timedelta()]
    request = SimpleNamespace(get_profiling_info=lambda: [SimpleNamespace(real_time=each) for each in times])
    stage = SimpleNamespace(requests={"a/": request})
    assert asking.profiling(stage, {"of": "a"}) == {"operations": 3, "timed": 1}
