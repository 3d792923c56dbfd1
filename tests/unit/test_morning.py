"""The morning's page of a lab: which machine became slower, in what, since when; which machines are quiet; nothing is dropped."""

import gc
import html
import json
import math
import random
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.history.standing import mark, write
from autogauge.history.standing_file import Continues, Standing
from autogauge.report.pages import morning_table, trends_page
from autogauge.stats.change_points import evidence_of
from tests.histories import LATENCY, PER_FRAME
from tests.labs import DAY, NOW, machine, put
from tests.unit.test_pages import text_of

BOTH = (LATENCY, PER_FRAME)


def report(tmp_path, *words):
    """Run ``report`` of the history in ``tmp_path``; the folder of its pages."""
    where = (f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}", f"--out={tmp_path / 'out'}")
    done = CliRunner().invoke(app, ["report", *where, *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return tmp_path / "out"


def said(page):
    """What a page says, as plain text on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text_of(page.read_text()))).split()).replace(" ,", ",")


def rows_of(out):
    """The table's lines by machine, in their order: the cells' texts, and what each leads to."""
    body = (out / "index.html").read_text().partition("<tbody>")[2].partition("</tbody>")[0]
    found = {}
    for row in body.split("<tr ")[1:]:
        cells = re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        texts = [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in cells]
        found[html.unescape(re.search(r'data-machine="([^"]*)"', row)[1])] = (texts, re.findall(r'href="([^"]+)"', row))
    return found


def links_lead_somewhere(out):
    """Every link of the morning's page is to a file of it, and one to a trend to a page that has it."""
    links = {html.unescape(each) for each in re.findall(r'href="([^"]+)"', (out / "index.html").read_text())}
    for link in links:
        page, _, trend = link.partition("#")
        assert not page or (out / page).is_file(), link
        assert not page or not trend or f'"id": "{trend}"' in (out / page).read_text(), link
    return {each for each in links if "#" in each}


def test_it_says_which_machine_became_slower_in_what_and_since_when(tmp_path):
    history = tmp_path / "history"
    for name in ("lab-01", "lab-02", "lab-03"):
        machine(history, name, figures=BOTH)
    late = lambda key, number: key == LATENCY and number > 7  # noqa: E731
    machine(history, "lab-04", figures=BOTH, slower=lambda key, number: 1.06 if late(key, number) else 1.0, red=late)
    machine(
        history, "lab-05", figures=BOTH, slower=lambda key, number: 1.12 if key == PER_FRAME and number > 7 else 1.0
    )
    out = report(tmp_path)
    text = said(out / "index.html")
    day = NOW - 4.5 * DAY
    since = rf"since run 8 \({day.day} {day:%b %Y}\), openvino 2026.4.1"
    assert re.search(rf"FAIL lab-04 : {LATENCY} slower by (5|6)\.\d % {since}; 5 runs, quarantined", text), text
    assert re.search(rf"SLOWER lab-05 : {PER_FRAME} slower by 1[12]\.\d % {since}", text), text
    assert "2 of 5 machines became slower or larger" in text
    rows = rows_of(out)
    assert [*rows] == ["lab-04", "lab-05", "lab-01", "lab-02", "lab-03"], "the worst first"
    (_, worst, age, latency, per_frame), links = rows["lab-04"]
    assert (worst, age) == ("FAIL", "12 hours")
    assert re.fullmatch(rf"✖ \+(5|6)\.\d % since run 8, {day.day} {day:%b}", latency)
    assert re.fullmatch(r"[+-]0\.\d %", per_frame)
    page, _, trend = links[1].partition("#")
    assert page == "machines/lab-04.html"
    assert f'"id": "{trend}"' in (out / page).read_text()
    assert f'series["{trend}"]=' in (out / "data" / "of-lab-04.js").read_text()


def test_what_changed_alike_is_one_line(tmp_path):
    history = tmp_path / "history"
    for number in range(1, 6):
        machine(history, f"lab-0{number}", slower=lambda key, run: 1.08 if run > 6 else 1.0)
    many = tuple(f"first inference latency: {device}" for device in "ABCD")
    machine(history, "lab-06", figures=many, slower=lambda key, run: 1.1 if run > 8 else 1.0)
    text = said(report(tmp_path) / "index.html")
    assert re.search(rf"SLOWER 5 machines: {LATENCY} slower by 7\.\d % to 8\.\d %, first on lab-0\d since run 7", text)
    assert re.search(r"SLOWER lab-06 : 4 benchmarks slower by \d+\.\d % to 1\d\.\d % since run 9 \(", text), text
    assert text.count("SLOWER") == 2


def test_an_unconfirmed_failure_of_the_newest_run_is_said_as_one(tmp_path):
    machine(tmp_path / "history", "lab-01")
    last = lambda key, number: number == 12  # noqa: E731
    machine(tmp_path / "history", "lab-02", slower=lambda key, n: 1.15 if last(key, n) else 1.0, red=last)
    text = said(report(tmp_path) / "index.html")
    assert re.search(
        rf"FAIL lab-02 : {LATENCY} \+1[45]\.\d % in its newest run, run 12 \([^)]*\): FAIL, no level", text
    )


def test_a_clock_that_was_set_since_is_named_and_not_counted(tmp_path):
    machine(tmp_path / "history", "lab-01")
    machine(tmp_path / "history", "lab-02")
    put(tmp_path / "history" / "lab-02", 6, {LATENCY: 1.0}, -300)
    out = report(tmp_path)
    assert "lab-02 : its clock was ahead: 1 run in the future, the newest run 6 (" in said(out / "index.html")
    assert "ahead" not in re.search(r"<h1>(.*?)</h1>", (out / "index.html").read_text())[1]
    assert not any("clock ahead" in text for texts, _ in rows_of(out).values() for text in texts)


def test_machines_that_are_quiet_ahead_or_newer_are_named_and_none_is_dropped(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01")
    machine(history, "lab-02", last=2.6)
    machine(history, "lab-03", last=30)
    machine(history, "lab-04")
    put(history / "lab-04", 13, {LATENCY: 1.0}, -2)
    for name, number in (("lab-05", 1), ("lab-01", 13)):
        path = put(history / name, number, {LATENCY: 1.0}, 0.1)
        path.write_text(path.read_text().replace('{"schema": 2', '{"schema": 77'))
    out = report(tmp_path)
    text = said(out / "index.html")
    assert "1 not reporting, 1 stale, 1 clock ahead, 2 with runs not readable: newer" in text
    assert "lab-03 : not reporting: last run 12 (" in text
    assert "30 days ago (usually every day)" in text
    assert "lab-02 : stale: last run 12" in text
    assert "lab-04 : its clock is ahead: 1 run in the future, the newest run 13 (" in text
    assert f" to {NOW - 0.5 * DAY:%Y-%m-%d}; looked at" in text, "no day to come"
    assert "lab-05: 1 run not readable: saved by a newer autogauge" in text
    assert "A machine is stale when its last run is older than twice its usual gap" in text
    rows = rows_of(out)
    assert {*rows} == {f"lab-0{number}" for number in range(1, 6)}
    assert rows["lab-05"][0] == ["lab-05 not readable: newer", "–", "2 hours", "no run can be read"]
    links_lead_somewhere(out)
    assert rows["lab-03"][0][2] == "not reporting, 30 days"
    text = said(report(tmp_path, "--stale-after=40") / "index.html")
    assert "not reporting" not in text.partition("Every machine")[0]
    assert "older than 40 days, and not reporting when it is older than 80 days" in text


def test_what_cannot_be_believed_or_read_comes_before_what_is_fine(tmp_path):
    history = tmp_path / "history"
    for name in ("lab-01", "lab-02", "lab-03", "lab-04", "lab-06"):
        machine(history, name, 3)
    path = put(history / "lab-02", 4, {LATENCY: 1.0}, 0.1)
    path.write_text(path.read_text().replace('{"schema": 2', '{"schema": 77'))
    put(history / "lab-03", 4, {LATENCY: 1.0}, -2)
    (history / "lab-05").mkdir()
    for name in ("lab-04", "lab-05"):
        (history / name / "0004_run_ffffffff.json").write_text("{")
    for path in (history / "lab-06").iterdir():
        path.write_text(json.dumps({**json.loads(path.read_text()), "datetime": ""}))
    out = report(tmp_path)
    assert [*rows_of(out)] == ["lab-02", "lab-03", "lab-05", "lab-06", "lab-04", "lab-01"]
    text = said(out / "index.html")
    for name in ("lab-05", "lab-06"):
        assert re.search(rf"{name} ?: no date: none of its runs has a date that can be believed", text), text
    page = (out / "index.html").read_text()
    tags = {name: found.split() for found, name in re.findall(r'<tr data-tags="([^"]*)" data-machine="([^"]*)"', page)}
    assert ("late" in tags["lab-05"], "late" in tags["lab-01"]) == (True, False)


def test_a_benchmark_that_a_machine_no_longer_measures_is_late_although_the_machine_is_not(tmp_path):
    machine(tmp_path / "history", "lab-01")
    machine(tmp_path / "history", "lab-02", runs=8, last=9, figures=BOTH)
    for number in range(9, 17):
        put(tmp_path / "history" / "lab-02", number, {LATENCY: 1.0}, 16.5 - number, openvino="2026.4.1")
    (_, _, age, latency, per_frame), _ = rows_of(report(tmp_path))["lab-02"]
    assert age == "12 hours"
    assert re.fullmatch(r"[+-]\d\.\d %", latency)
    assert re.fullmatch(r"◷ [+-]\d\.\d % not reporting", per_frame)


def test_one_machine_keeps_the_page_of_its_trends_and_a_filter_leads_to_it(tmp_path):
    machine(tmp_path / "history", "lab-01")
    assert "The newest run" in said(report(tmp_path) / "index.html")
    machine(tmp_path / "history", "lab-02")
    assert "Every machine, every benchmark" in said(report(tmp_path) / "index.html")
    out = report(tmp_path, "--where=machine=lab-02")
    assert "The newest run" in said(out / "index.html")
    assert not (out / "machines").exists(), "pages of before are gone"


def test_machines_that_no_run_of_passes_the_filters_are_shown(tmp_path):
    machine(tmp_path / "history", "lab-01")
    machine(tmp_path / "history", "lab-02", openvino="2025.4.1")
    rows = rows_of(report(tmp_path, "--where=openvino=2026.4"))
    assert rows["lab-02"] == (["lab-02", "–", "12 hours", "no run passes the filters"], [])


@pytest.mark.parametrize("name", ["../up", "<b>x</b>", "a b", "LAB-01", ".", "x" * 200, "\u202e", ""])
def test_a_machine_may_be_called_anything(tmp_path, name):
    machine(tmp_path / "history", "lab-01", runs=2)
    machine(tmp_path / "history", "other", runs=2, machine=name)
    out = report(tmp_path)
    files = sorted(path.name for path in (out / "machines").iterdir())
    assert len({each.casefold() for each in files}) == 2
    assert all(re.fullmatch(r"[\w.-]+", each) for each in files)
    for _, links in rows_of(out).values():
        assert all((out / link.partition("#")[0]).is_file() for link in links)
    assert "<b>x</b>" not in text_of((out / "index.html").read_text())


def test_garbage_is_collected_again_after_the_pages_and_after_a_mistake(tmp_path):
    machine(tmp_path / "history", "lab-01", 2)
    report(tmp_path)
    assert gc.isenabled()
    done = CliRunner().invoke(app, ["report", f"--history={tmp_path / 'history'}", "--where=machine=none"])
    assert done.exit_code
    assert gc.isenabled()


def test_a_lab_of_a_hundred_is_on_one_page_below_a_megabyte(tmp_path):
    for number in range(1, 101):
        machine(
            tmp_path / "history",
            f"lab-{number:03d}",
            runs=8,
            slower=lambda key, run, n=number: 1.1 if n == 42 and run > 4 else 1,
        )
    out = report(tmp_path)
    rows = rows_of(out)
    assert len(rows) == 100
    assert next(iter(rows)) == "lab-042"
    assert re.search(
        rf"1 of 100 machines became slower.*SLOWER lab-042 : {LATENCY} slower by", said(out / "index.html")
    )
    assert max(path.stat().st_size for path in out.rglob("*") if path.is_file()) < 1_000_000
    assert json.loads((out / "data" / "runs.js").read_text().removeprefix("trends.runs=").removesuffix(";\n"))["number"]


def test_a_change_is_against_the_accepted_runs_alone(tmp_path):
    machine(tmp_path / "history", "lab-01", runs=6)
    since = lambda key, number: number > 2  # noqa: E731
    machine(tmp_path / "history", "lab-02", runs=6, slower=lambda key, n: 1.2 if n > 2 else 1.0, red=since)
    text = said(report(tmp_path) / "index.html")
    assert re.search(rf"FAIL lab-02 : {LATENCY} \+(19|20|21)\.\d % in its newest run", text), text


def failing(figures):
    """Whether the gate failed a run and quarantined it there: those of these numbers."""
    return lambda key, number: number in figures


def test_a_run_that_is_dated_in_the_future_hides_no_failure_of_now(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01")
    late = range(8, 13)
    machine(history, "lab-02", slower=lambda key, n: 1.1 if n in late else 1.0, red=failing(late))
    put(history / "lab-02", 13, {LATENCY: 1.0}, -40, verdict="PASS")
    out = report(tmp_path)
    (_, _, _, latency), _ = rows_of(out)["lab-02"]
    assert re.fullmatch(r"✖ \+(9|10)\.\d % since run 8, .*", latency)
    assert re.search(rf"FAIL lab-02 : {LATENCY} slower by (9|10)\.\d % since run 8", said(out / "index.html"))
    page = said(out / "machines" / "lab-02.html")
    assert "run 12 (" in page.partition("The newest run")[2][:300]
    assert "1 run is dated in the future" in page


def test_a_machine_all_of_whose_runs_lie_in_the_future_is_shown_by_them(tmp_path):
    machine(tmp_path / "history", "lab-01")
    machine(tmp_path / "history", "lab-02", runs=3, last=-9)
    out = report(tmp_path)
    (_, _, age, latency), _ = rows_of(out)["lab-02"]
    assert age == "no date, no date"
    assert latency.endswith(" %")
    (label,) = re.findall(r'aria-label="([^"]*on lab-02[^"]*)"', (out / "index.html").read_text())
    assert label.endswith("no date"), "how old it is nobody knows"


def test_a_slowdown_that_was_accepted_is_no_failure_for_ever(tmp_path):
    machine(tmp_path / "history", "lab-01")
    machine(tmp_path / "history", "lab-02", slower=lambda key, n: 1.1 if n > 6 else 1.0, red=failing((7, 8, 9)))
    text = said(report(tmp_path) / "index.html")
    assert re.search(rf"SLOWER lab-02 : {LATENCY} slower by (9|10)\.\d % since run 7 .*6 runs, 3 quarantined", text), (
        text
    )
    assert "FAIL lab-02" not in text


def test_what_nobody_accepted_stays_news_however_old_it_is(tmp_path):
    history = tmp_path / "history"
    since = lambda key, n: 1.1 if n > 6 else 1.0  # noqa: E731
    machine(history, "lab-01", slower=since, last=32)
    machine(history, "lab-02", slower=since, last=32, red=failing(range(7, 13)))
    text = said(report(tmp_path) / "index.html")
    assert re.search(rf"FAIL lab-02 : {LATENCY} slower by (9|10)\.\d % since run 7 .*6 runs, quarantined", text), text
    assert "SLOWER lab-01" not in text, "that was accepted more than a month ago"


def test_a_failure_that_waits_to_be_confirmed_is_one(tmp_path):
    """Its figure is better than before, and worse than another device's."""
    machine(tmp_path / "history", "lab-01", 6)
    machine(tmp_path / "history", "lab-02", 5)
    path = put(tmp_path / "history" / "lab-02", 6, {LATENCY: 0.9}, 0.1, verdict="FAIL")
    write(path, Standing.ACCEPTED, "better", "gate", benchmarks={LATENCY: Standing.PENDING})
    assert "FAIL lab-02" in said(report(tmp_path) / "index.html")


def test_of_two_models_that_became_slower_the_one_that_did_more_is_shown(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01")
    machine(history, "lab-02", slower=lambda key, n: 1.06 if n > 6 else 1.0)
    for number in range(1, 13):
        ratio = (1.2 if number > 6 else 1.0) * (1 + 0.002 * ((7 * number) % 5 - 2))
        others = {"model": "a resnet-50", "fingerprint": "a" * 16, "verdict": "PASS"}
        put(history / "lab-02", 100 + number, {LATENCY: 2.0 * ratio}, 12.4 - number, **others)
    (_, _, _, latency), _ = rows_of(report(tmp_path))["lab-02"]
    assert re.search(r"\+(19|20)\.\d % since run 107", latency), latency


def test_what_was_accepted_is_not_one_line_with_what_was_not(tmp_path):
    history = tmp_path / "history"
    for number in range(1, 7):
        red = failing(range(7, 13) if number > 3 else ())
        machine(history, f"lab-0{number}", slower=lambda key, n: 1.1 if n > 6 else 1.0, red=red)
    text = said(report(tmp_path) / "index.html")
    assert ("FAIL 3 machines" in text, "SLOWER 3 machines" in text) == (True, True), text


def test_a_change_of_many_machines_is_told_before_a_larger_one_of_one(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01", slower=lambda key, n: 1.12 if n > 6 else 1.0, figures=(PER_FRAME,))
    for number in range(2, 6):
        machine(history, f"lab-0{number}", slower=lambda key, n: 1.07 if n > 6 else 1.0)
    text = said(report(tmp_path) / "index.html")
    assert re.findall(r"SLOWER ([^:]*) :|SLOWER (4 machines)", text) == [("", "4 machines"), ("lab-01", "")], text


def test_a_slowdown_of_which_a_part_was_mended_is_one_still_and_one_that_was_mended_is_none(tmp_path):
    history = tmp_path / "history"
    part = lambda key, n: 1.0 if n <= 8 else 1.3 if n <= 16 else 1.2  # noqa: E731
    machine(history, "lab-01", 24, slower=part, red=failing(range(9, 25)))
    whole = lambda key, n: 1.3 if 8 < n <= 16 else 1.0  # noqa: E731
    machine(history, "lab-02", 24, slower=whole, red=failing(range(9, 17)))
    out = report(tmp_path)
    text = said(out / "index.html")
    assert re.search(rf"FAIL lab-01 : {LATENCY} slower by (19|20)\.\d % since run 9 .*16 runs, quarantined", text), text
    assert "faster" not in text.partition("Every machine")[0]
    assert "since" not in rows_of(out)["lab-02"][0][3], "it is where it was"


def test_a_model_that_is_measured_no_more_hides_nothing_and_is_named(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01")
    machine(history, "lab-02", last=20, slower=lambda key, n: 1.2 if n > 6 else 1.0, red=failing(range(7, 13)))
    for number in range(13, 25):
        put(history / "lab-02", number, {LATENCY: 2.0}, 24.5 - number, model="resnet-50", fingerprint="a" * 16)
    out = report(tmp_path)
    text = said(out / "index.html")
    assert re.fullmatch(r"[+-]0\.\d %", rows_of(out)["lab-02"][0][3])
    assert "FAIL" not in text
    label = re.search(r'aria-label="([^"]*on lab-02[^"]*)"', (out / "index.html").read_text())[1]
    assert "1 more had no run for long" in label
    assert re.search(r"googlenet-v1 FP16\): slower by", label), label


def test_a_model_that_is_measured_once_a_week_still_reports_and_both_models_are_news(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01")
    machine(history, "lab-02", 30, slower=lambda key, n: 1.2 if n > 20 else 1.0, red=failing(range(21, 31)))
    for week in range(12):
        others = {"model": "resnet-50", "fingerprint": "a" * 16, "verdict": "PASS"}
        put(history / "lab-02", 40 + week, {LATENCY: 2.0 if week < 8 else 3.0}, 5.5 + 7 * (11 - week), **others)
    text = said(report(tmp_path) / "index.html")
    assert re.search(rf"FAIL lab-02 : {re.escape(LATENCY)} \(googlenet-v1 FP16\) slower by (19|20)", text), text
    assert re.search(rf"SLOWER lab-02 : {re.escape(LATENCY)} \(resnet-50 FP16\) slower by (49|50)", text), text


def test_emulated_gpus_are_said(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01")
    machine(history, "lab-02", slower=lambda key, n: 1.1 if n > 6 else 1.0, accelerator="emulated:2x")
    assert f"{LATENCY} (emulated:2x) slower by" in said(report(tmp_path) / "index.html")


def test_a_change_is_against_the_newest_runs_own_baseline(tmp_path):
    """Of its own fingerprint and those that it continues, from where its level begins, as runs stand now."""
    history = tmp_path / "history"
    machine(history, "lab-01")
    for name in ("lab-02", "lab-03", "lab-04", "lab-05"):
        machine(history, name, runs=6)
    new = "a" * 16
    put(history / "lab-02", 7, {LATENCY: 1.2}, 0.1, fingerprint=new)
    continued = put(history / "lab-03", 7, {LATENCY: 1.2}, 0.1, fingerprint=new)
    mark(continued, Continues(new, "f" * 16), "more memory")
    put(history / "lab-04", 7, {LATENCY: 1.2}, 0.1, verdict="NO BASELINE")
    level = put(history / "lab-05", 7, {LATENCY: 1.2}, 0.2)
    write(level, Standing.ACCEPTED, "so be it", "user", (LATENCY,))
    put(history / "lab-05", 8, {LATENCY: 1.2}, 0.1, verdict="PASS")
    changes = {name: texts[3] for name, (texts, _) in rows_of(report(tmp_path)).items()}
    assert changes["lab-02"] == "? –"
    assert re.fullmatch(r"\? \+(19|20)\.\d %", changes["lab-03"]), "no gate has judged it yet"
    assert re.fullmatch(r"\? \+(19|20)\.\d %", changes["lab-04"])
    assert changes["lab-05"] == "+0.0 %"


# Addresses.


def addresses_of(out):
    """What each trend's address is, by machine and benchmark."""
    found = {}
    for page in (out / "machines").iterdir():
        described = json.loads(html.unescape(re.search(r'id="trends-data">(.*?)</script>', page.read_text(), re.S)[1]))
        found |= {(each["machine"], each["benchmark"], each["model"]): (page.name, each["id"]) for each in described}
    return found


def test_an_address_is_the_same_trends_whatever_else_the_lab_gets(tmp_path):
    history = tmp_path / "history"
    for name in ("lab-02", "lab-03", "a b"):
        machine(history, name, figures=(PER_FRAME,))
    before = addresses_of(report(tmp_path))
    machine(history, "lab-01", figures=BOTH)
    machine(history, "a a", figures=BOTH)
    machine(history, "lab-02", 13, figures=BOTH)
    put(history / "lab-03", 30, {PER_FRAME: 1.0}, 0.1, model="another", fingerprint="a" * 16)
    out = report(tmp_path)
    after = addresses_of(out)
    assert before.items() <= after.items()
    assert len({each for _, each in after.values()}) == len(after) == 9
    assert len({page.casefold() for page, _ in after.values()}) == 5
    links_lead_somewhere(out)


def test_models_of_the_same_files_under_two_names_have_two_addresses(tmp_path):
    history = tmp_path / "history"
    for name in ("lab-01", "lab-02"):
        machine(history, name, 3, digest="d" * 64)
    put(history / "lab-02", 9, {LATENCY: 1.0}, 0.1, model="another name", fingerprint="a" * 16, digest="d" * 64)
    out = report(tmp_path)
    found = addresses_of(out)
    assert len({each for _, each in found.values()}) == len(found)
    links_lead_somewhere(out)


def test_a_file_that_cannot_be_read_makes_no_lab_of_one_machine(tmp_path):
    folder = tmp_path / "history" / "runner"
    machine(tmp_path / "history", "runner", machine="lab-01")
    (folder / "0099_run_ffffffff.json").write_text("{")
    assert "The newest run" in said(report(tmp_path) / "index.html")
    machine(tmp_path / "history", "lab-02")
    out = report(tmp_path, "--where=machine=runner")
    assert "The newest run" in said(out / "index.html")
    assert "0099_run_ffffffff.json" in said(out / "index.html")
    assert [*rows_of(report(tmp_path))] == ["runner", "lab-02"], "in a history the folder is the machine"


# What does not fit is said.


def test_what_the_table_has_no_room_for_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(morning_table, "MOST_COLUMNS", 3)
    monkeypatch.setattr(morning_table, "MOST_CELLS", 7)
    monkeypatch.setattr(morning_table, "MOST_LINES", 4)
    history = tmp_path / "history"
    many = tuple(f"latency: {letter}" for letter in "ABCDE")
    late = lambda key, run: 1.1 if run > 6 and key == many[4] else 1.0  # noqa: E731
    for number in range(1, 7):
        machine(history, f"lab-{number}", figures=many[:4])
    machine(history, "lab-7", figures=many, slower=late)
    machine(history, "lab-8", figures=(many[3],))
    out = report(tmp_path)
    text, rows = said(out / "index.html"), rows_of(out)
    heads = re.findall(r'data-benchmark="([^"]*)"', (out / "index.html").read_text())
    assert heads == ["latency: A", "latency: D", "latency: E"], "the worst, and those of most machines"
    assert "2 more benchmarks have no column here" in text
    assert [len(texts) for texts, _ in rows.values()] == [6, 6, 4, 4]
    assert next(iter(rows)) == "lab-7"
    assert "4 more machines have no line here" in text
    assert "8 machines" in text
    assert [*rows.values()][2][0][3] == "its benchmarks are on its page"
    links_lead_somewhere(out)


@pytest.mark.parametrize("benchmarks", [20, 300])
def test_machines_with_benchmarks_of_their_own_make_no_table_of_all_by_all(tmp_path, benchmarks):
    """The bound is of machines times benchmarks: empty cells count."""
    history = tmp_path / "history"
    for number in range(30):
        own = tuple(f"latency: {number}-{each}" for each in range(benchmarks // 10))
        put(history / f"lab-{number:02d}", 1, dict.fromkeys(own, 1.0), 0.5)
    page = (report(tmp_path) / "index.html").read_text()
    assert page.count("<td") <= morning_table.MOST_CELLS + 3 * 30
    assert page.count("data-benchmark=") <= morning_table.MOST_COLUMNS


def test_what_a_page_of_trends_has_no_room_for_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(trends_page, "SUMMED_UP", 2)
    monkeypatch.setattr(trends_page, "MOST_CHOICES", 2)
    many = tuple(f"latency: {letter}" for letter in "ABCDE")
    for number, release in enumerate(("2025.1.0", "2025.2.0", "2025.3.0"), 1):
        put(tmp_path / "history" / "lab-01", number, dict.fromkeys(many, 1.0), 4 - number, openvino=release)
    page = said(report(tmp_path) / "index.html")
    assert "3 more have no line here; each has a chart above." in page
    assert "the first 2 of 3" in page


# What chance does.


def wobbling(name, runs, spread, level=1.0, last=0):
    """Ratios that vary by ``spread``, the newest ``last`` of them around ``level``; the same for each name."""
    rng = random.Random(name)
    return [rng.gauss(level if number > runs - last else 1.0, spread) for number in range(1, runs + 1)]


def test_a_small_change_that_so_many_trends_show_by_chance_is_said_to_be_that(tmp_path):
    history = tmp_path / "history"
    changes = {
        "lab-01": (0.015, 1.03, 9),
        "lab-02": (0.003, 1.03, 9),
        "lab-03": (0.015, 1.08, 9),
        "lab-04": (0.015, 0.975, 9),
    }
    for name in [*changes, *(f"lab-{number:02d}" for number in range(5, 30))]:
        spread, level, last = changes.get(name, (0.0005, 1.0, 0))
        for number, ratio in enumerate(wobbling(name, 40, spread, level, last), 1):
            put(history / name, number, {LATENCY: ratio}, 40.5 - number)
    out = report(tmp_path)
    text, rows = said(out / "index.html"), rows_of(out)
    assert "2 of 29 machines became slower or larger" in text
    assert {*re.findall(r"SLOWER (lab-\d+) :", text)} == {"lab-02", "lab-03"}
    assert "2 small changes of level may be chance: so many trends show some." in text
    assert rows["lab-01"][0][3].startswith("~ +")
    assert "since run" in rows["lab-01"][0][3]
    assert [*rows][:2] == ["lab-03", "lab-02"]
    assert {*[*rows][2:4]} == {"lab-01", "lab-04"}
    assert re.search(r"slower by \d\.\d % since run \d+ \([^;]*, which may be chance", (out / "index.html").read_text())


def test_the_same_change_of_one_machine_beside_few_is_news(tmp_path):
    """What is seen by chance depends on how much is looked at."""
    history = tmp_path / "history"
    for name, spread, level, last in (("lab-01", 0.015, 1.035, 9), ("lab-02", 0.0005, 1.0, 0)):
        for number, ratio in enumerate(wobbling(name, 40, spread, level, last), 1):
            put(history / name, number, {LATENCY: ratio}, 40.5 - number)
    assert "1 of 2 machines became slower" in said(report(tmp_path) / "index.html")
    many = tuple(f"latency: {number}" for number in range(100))
    for number in range(3, 33):
        for run in (1, 2):
            put(history / f"lab-{number:02d}", run, dict.fromkeys(many, 1.0), 0.2 / run)
    text = said(report(tmp_path) / "index.html")
    assert "0 of 2 judged machines became slower" in text
    assert "1 small change of level may be chance" in text


def test_a_level_that_the_gate_refuses_is_news_however_small(tmp_path):
    history = tmp_path / "history"
    for number in range(2, 30):
        machine(history, f"lab-{number:02d}")
    for number, ratio in enumerate(wobbling("lab-01", 40, 0.015, 1.03, 9), 1):
        path = put(
            history / "lab-01", number, {LATENCY: ratio}, 40.5 - number, verdict="FAIL" if number > 31 else "PASS"
        )
        if number > 31:
            write(path, Standing.ACCEPTED, "slow", "gate", benchmarks={LATENCY: Standing.QUARANTINED})
    assert "FAIL lab-01" in said(report(tmp_path) / "index.html")


@pytest.mark.parametrize(("runs", "place"), [(12, 8), (40, 31), (100, 50)])
def test_noise_alone_speaks_for_a_level_as_seldom_as_is_said(runs, place):
    rng = np.random.RandomState(
        runs
    )  # its numbers are the same in every release of NumPy: nothing here is left to chance
    seen = [evidence_of(np.exp(rng.normal(0, 0.02, runs)), 0, place) for _ in range(500)]
    for most in (4.0, 8.0):
        assert np.mean(np.array(seen) > most) < 1.5 * math.exp(-most / 2) + 0.01
    step = np.exp(rng.normal(0, 0.02, runs) + 0.15 * (np.arange(runs) >= place))
    assert evidence_of(step, 0, place) > 20
    assert evidence_of(np.ones(runs), 0, place) == 0


def test_the_machine_s_page_says_the_same_of_its_newest_red_run_as_the_morning_s(tmp_path):
    """The level that a trend is drawn at is of all runs, also of the red one: that is another figure."""
    history = tmp_path / "history"
    machine(history, "lab-02", 6)
    for number in range(1, 6):
        put(history / "lab-01", number, {LATENCY: 1.0 + 0.01 * number}, 6 - number, verdict="PASS")
    write(put(history / "lab-01", 6, {LATENCY: 1.2}, 0.2, verdict="FAIL"), Standing.QUARANTINED, "slower", "gate")
    out = report(tmp_path)
    (change,) = re.findall(rf"FAIL lab-01 : {LATENCY} ([-+]\d+\.\d %) in its newest run", said(out / "index.html"))
    page = said(out / "machines" / "lab-01.html")
    assert f"the newest run is quarantined, {change} of time against its own baseline (its accepted runs)" in page


def test_a_page_s_next_steps_name_the_history_that_was_given(tmp_path, monkeypatch):
    monkeypatch.setattr(morning_table, "MOST_LINES", 1)
    monkeypatch.setattr(morning_table, "MOST_CELLS", 1)
    monkeypatch.setattr("autogauge.report.pages.morning_page.RUNS_OF_A_MACHINE", 1)
    for name in ("lab-01", "lab-02"):
        machine(tmp_path / "history", name, 3)
    out = report(tmp_path)
    given = f"--history={tmp_path / 'history'}"
    assert f"report --where=machine=NAME {given}" in said(out / "index.html")
    assert f"python -m autogauge history --all {given}" in said(out / "machines" / "lab-01.html")
