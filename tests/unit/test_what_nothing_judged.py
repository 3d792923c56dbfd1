"""What nothing judged never reads as good news: the morning's page and `alert` count it, say why, and what to do; page and gate agree."""

import datetime
import json
import re
import shlex
from contextlib import ExitStack
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history.select import Histories
from autogauge.history.standing import _save, accept, read, reject, write
from autogauge.history.standing_file import Standing
from autogauge.history.where import Where
from autogauge.lab.alerts import judging
from autogauge.lab.alerts.alert import Alert
from autogauge.lab.alerts.finding import CREEP, LEVEL, Finding, Since
from tests.cases import each_of
from tests.histories import LATENCY, PER_FRAME, document, save
from tests.labs import DAY, NOW, machine, put
from tests.unit.test_morning import report, rows_of, said

NOISY = "other processes took 1.90 processors"


def first(history, name, stands=Standing.PENDING, why=NOISY, number=1, days_ago=0.3, ratio=1.0, verdict="NO BASELINE"):
    """A machine's first run, which the gate had nothing to judge against."""
    path = put(history / name, number, {LATENCY: ratio}, days_ago, verdict=verdict)
    if stands is not Standing.ACCEPTED:
        write(path, stands, why, "gate")
    return path


def alert(tmp_path, *words):
    return CliRunner().invoke(
        app, ["alert", f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}", *words]
    )


def heading(out):
    return re.search(r"<h1>(.*?)</h1>", (out / "index.html").read_text())[1]


def test_a_lab_of_first_runs_is_not_called_well(tmp_path):
    for name in ("lab-01", "lab-02", "lab-03"):
        path = first(tmp_path / "history", name)
    out = report(tmp_path)
    text = said(out / "index.html")
    assert heading(out) == "None of 3 machines was judged: no baseline"
    assert "became slower or larger" not in heading(out)
    assert "Nothing." not in text
    assert "Nobody knows: nothing was judged." in text
    first_run = path.parent.parent / "lab-01" / path.name
    assert f"3 machines: no baseline, its newest run is pending ({NOISY}): lab-01, lab-02, lab-03" in text
    assert f"python -m autogauge accept {first_run}; or measure again" in text
    assert "accepted by itself" in text
    assert [texts[1:4] for texts, _ in rows_of(out).values()] == [["NO BASELINE", "7 hours", "◇ –"]] * 3
    assert "– no accepted run to compare with" in text
    done = alert(tmp_path)
    assert done.exit_code == 0
    last = done.stdout.splitlines()[-1]
    assert last.startswith("no alert is open, but none of 3 machines was judged (no baseline)"), done.stdout
    assert last.endswith(f"next: python -m autogauge accept {first_run}")
    assert "NOT JUDGED  3 machines: no baseline, its newest run is pending" in done.stdout
    found = json.loads(alert(tmp_path, "--json").stdout)["judged"]
    assert (found["machines"], found["judged"]) == (3, 0)
    assert [each["machine"] for each in found["not_judged"]] == ["lab-01", "lab-02", "lab-03"]


def test_who_was_judged_and_who_was_not_are_counted_apart(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01", figures=(LATENCY, PER_FRAME))
    first(history, "lab-02", Standing.ACCEPTED)
    put(history / "lab-03", 1, {LATENCY: 1.0}, 1.3, verdict="PASS")
    put(history / "lab-03", 2, {LATENCY: 1.0, PER_FRAME: 1.0}, 0.3, verdict="PASS")
    path = history / "lab-03" / "0002_run_ffffffff.json"
    document = json.loads(path.read_text())
    document["benchmarks"][1]["extra_info"]["gate"] = [{"verdict": "NO BASELINE"}]
    path.write_text(json.dumps(document))
    out = report(tmp_path)
    assert heading(out) == (
        "0 of 2 judged machines became slower or larger, 1 of 3 machines not judged (no baseline), 1 of the 2 judged in part only"
    )
    text = said(out / "index.html")
    assert "Nothing of what was judged." in text
    assert "2 benchmarks on 2 machines: no baseline before its first accepted run: lab-02, lab-03" in text
    assert "the next run is judged against it" in text
    assert rows_of(out)["lab-03"][0][1] == "PASS 1 not judged"
    last = alert(tmp_path).stdout.splitlines()[-1]
    assert last.startswith("no alert is open; of 3 machines 2 judged (1 of them in part), 1 not judged (no baseline)")


def test_where_all_was_judged_that_is_said_and_nothing_else(tmp_path):
    for name in ("lab-01", "lab-02"):
        machine(tmp_path / "history", name)
    out = report(tmp_path)
    assert heading(out) == "0 of 2 machines became slower or larger"
    assert "Nothing." in said(out / "index.html")
    assert "Not judged, and what to do" not in said(out / "index.html")
    assert alert(tmp_path).stdout.splitlines() == [
        "NOTE  no channel is named, so nobody will be told of anything (AUTOGAUGE_ALERT_URLS, or --config=FILE)",
        "no alert is open; 2 machines were judged",
    ]
    assert alert(tmp_path, "--quiet").stdout == ""


@each_of(
    ("made", "why", "step"),
    [
        (
            lambda history: first(history, "lab-02", Standing.QUARANTINED, "failed: test_it"),
            r"its newest run is quarantined \(failed: test_it\)",
            "accept",
        ),
        (
            lambda history: [
                machine(history, "lab-02", 3, last=1.5),
                put(history / "lab-02", 4, {LATENCY: 1.0}, 0.2, fingerprint="a" * 16, verdict="NO BASELINE"),
            ],
            "since its fingerprint changed",
            "accept --as-continuation",
        ),
        (lambda history: machine(history, "lab-02", 2, verdict=""), "not judged by the gate", "gate"),
        (lambda history: machine(history, "lab-02", 2, verdict="INCONCLUSIVE"), "INCONCLUSIVE", "doctor"),
    ],
)
def test_each_reason_has_its_next_step(tmp_path, made, why, step):
    machine(tmp_path / "history", "lab-01")
    made(tmp_path / "history")
    out = report(tmp_path)
    assert "1 of 2 machines not judged" in heading(out)
    assert re.search(rf"1 machine: [^.]*{why}: lab-02 \. [A-Z].*python -m autogauge {step}", said(out / "index.html"))
    assert re.search(rf"python -m autogauge {step}", alert(tmp_path).stdout.splitlines()[-1])


def test_a_machine_of_which_no_run_can_be_read_was_not_judged(tmp_path):
    machine(tmp_path / "history", "lab-01")
    path = first(tmp_path / "history", "lab-02")
    path.write_text(path.read_text().replace('{"schema": 2', '{"schema": 77'))
    out = report(tmp_path)
    assert "1 of 2 machines not judged (no run to judge)" in heading(out)
    assert "1 not judged (no run to judge)" in alert(tmp_path).stdout


@pytest.mark.parametrize("also_the_second", [False, True])
def test_page_and_gate_agree_after_the_first_run_was_accepted(tmp_path, also_the_second):
    """What a run that was accepted later says of the next one: the gate judges it, and the page shows the same change."""
    history = tmp_path / "history"
    machine(history, "lab-01")
    one = first(history, "lab-02", days_ago=1.3)
    two = first(history, "lab-02", number=2, ratio=2.11)
    assert rows_of(report(tmp_path))["lab-02"][0][3] == "◇ –"
    for path in (one, two)[: 1 + also_the_second]:
        accept(path, "")
    judged = CliRunner().invoke(app, ["gate", "lab-02/2", f"--history={history}", "--json"])
    (judgement,) = json.loads(judged.stdout)["judgements"]
    assert judgement["ratio"] == pytest.approx(2.11)
    out = report(tmp_path)
    mark = "?" if also_the_second else "◇"
    assert rows_of(out)["lab-02"][0][3] == f"{mark} +111.0 %"
    text = said(out / "index.html")
    assert "1 machine: no baseline yet when it was measured: lab-02" in text
    assert f"python -m autogauge gate {two}" in text
    assert "the next run is judged by itself" in text


def test_page_and_gate_agree_that_there_is_no_baseline(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01")
    when = NOW - DAY
    for number, fingerprint in ((1, "f" * 16), (2, "a" * 16)):
        save(
            history / "lab-02",
            {LATENCY: 0.01},
            machine="lab-02",
            when=when + datetime.timedelta(hours=number),
            fingerprint=fingerprint,
            verdict="NO BASELINE",
        )
    judged = CliRunner().invoke(app, ["gate", "lab-02/2", f"--history={history}"])
    assert "NOTHING WAS JUDGED" in judged.stdout
    assert rows_of(report(tmp_path))["lab-02"][0][3] == "? –"


def test_no_change_of_level_is_no_news_where_none_could_be_seen(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01", 3)
    assert "1 of 1 trend has fewer than 8 runs: too few" in said(report(tmp_path) / "index.html")
    assert "None." not in said(tmp_path / "out" / "index.html")
    machine(history, "lab-02")
    text = said(report(tmp_path) / "trends.html")
    assert "None in the others. 1 of 2 trends has fewer than 8 runs" in text
    assert "too few" not in said(tmp_path / "out" / "machines" / "lab-02.html")


@pytest.mark.parametrize("command", ["report", "alert"])
def test_how_old_is_stale_is_read_alike_by_page_and_alert(tmp_path, command):
    machine(tmp_path / "history", "lab-01", 2)
    for days in ("soon", "0.001", "nan", "1e9", "-1"):
        done = CliRunner().invoke(app, [command, f"--history={tmp_path / 'history'}", f"--stale-after={days}"])
        assert isinstance(done.exception, UserError), done.output
        assert str(done.exception).startswith(f"'{days}' does not fit: give "), done.exception


def test_what_became_worse_on_machines_that_nothing_judged_now_is_counted_apart(tmp_path):
    """A benchmark that is measured no more failed at last; what is measured in its place has no baseline yet."""
    history = tmp_path / "history"
    machine(history, "lab-02", 12, last=20, red=lambda key, number: number == 12)
    put(history / "lab-02", 13, {PER_FRAME: 1.0}, 0.3, verdict="NO BASELINE")
    machine(history, "lab-03", 1, verdict="NO BASELINE")
    assert (
        heading(report(tmp_path))
        == "None of 2 machines was judged: no baseline, 1 of them became slower or larger before"
    )
    machine(history, "lab-01")
    assert heading(report(tmp_path)).startswith(
        "0 of 1 judged machine became slower or larger, 2 of 3 machines not judged (no baseline), 1 of these became slower or larger before"
    )


def test_a_trend_of_many_runs_is_judged_by_its_level_where_some_are_accepted(tmp_path):
    """As where each night's gate had no history beside it, and the runs come together only here."""
    history = tmp_path / "history"
    machine(history, "lab-01")
    machine(history, "lab-02", verdict="NO BASELINE")
    assert heading(report(tmp_path)) == "0 of 2 machines became slower or larger"
    for number in range(1, 13):
        first(history, "lab-03", number=number, days_ago=13 - number)
    assert "1 of 3 machines not judged (no baseline)" in heading(report(tmp_path)), "all pending: no level is anybody's"


def test_the_page_of_one_machine_says_so_too(tmp_path):
    """The worst verdict of a run with one PASS is PASS, whatever nothing judged beside it."""
    history = tmp_path / "history"
    put(history / "lab-01", 1, {LATENCY: 1.0}, 1.3, verdict="PASS")
    path = put(history / "lab-01", 2, {LATENCY: 1.0, PER_FRAME: 1.0}, 0.3, verdict="PASS")
    document = json.loads(path.read_text())
    document["benchmarks"][1]["extra_info"]["gate"] = [{"verdict": "NO BASELINE"}]
    path.write_text(json.dumps(document))
    text = said(report(tmp_path) / "index.html")
    assert "PASS lab-01: run 2 (" in text
    assert (
        "Not judged, and what to do 1 benchmark on 1 machine: no baseline before its first accepted run: lab-01" in text
    )
    machine(history, "lab-02")
    out = report(tmp_path)
    assert "Not judged, and what to do" in said(out / "trends.html")
    assert "Not judged, and what to do" in said(out / "machines" / "lab-01.html")
    assert "Not judged, and what to do" not in said(out / "machines" / "lab-02.html")


@pytest.mark.parametrize("name", ["lab-01", "a b", "7"])
def test_the_next_step_can_be_taken_as_it_is_printed(tmp_path, monkeypatch, name):
    """In the usual history by its short name, and then nothing is pending."""
    monkeypatch.chdir(tmp_path)
    first(tmp_path / "reports" / "history", name)
    last = CliRunner().invoke(app, ["alert", "--history=reports/history", "--cache=cache"]).stdout.splitlines()[-1]
    words = shlex.split(last.partition("next: ")[2])
    assert words == ["python", "-m", "autogauge", "accept", f"{name}/1"]
    assert CliRunner().invoke(app, words[3:]).exit_code == 0
    last = CliRunner().invoke(app, ["alert", "--history=reports/history", "--cache=cache"]).stdout.splitlines()[-1]
    assert last == "no alert is open, but the one machine was not judged (no baseline); next: " + (
        "nothing is to be done: the next run is judged against it"
    )


@pytest.mark.parametrize("stale_after", [(), ("--stale-after=1",)])
def test_the_pages_and_the_alert_count_by_one_rule(tmp_path, stale_after):
    """Whatever makes a benchmark doubtful: each of them says the same of the same machines."""
    history = tmp_path / "history"
    machine(history, "lab-01")
    first(history, "lab-02")
    put(history / "lab-02", 2, {LATENCY: 1.0}, -2, verdict="PASS")  # tomorrow's run says nothing of now
    for number in range(1, 13):  # nobody accepted any, and their level became worse: seen, and told
        first(
            history, "lab-03", number=number, days_ago=12.5 - number, ratio=(1.2 if number > 6 else 1.0) + number / 1e4
        )
    machine(history, "lab-04", figures=(LATENCY,))
    first(history, "lab-04", number=13, days_ago=1.5, verdict="NO BASELINE").write_text(
        json.dumps(document({PER_FRAME: 0.01}, machine="lab-04", when=NOW - 1.5 * DAY, verdict="NO BASELINE"))
    )
    out = report(tmp_path, *stale_after)
    told = json.loads(alert(tmp_path, "--json", *stale_after).stdout)["judged"]
    listed = {each for step in told["steps"] for each in step["machines"]}
    assert {path.stem for path in (out / "machines").iterdir() if "Not judged, and" in said(path)} == listed
    assert listed == ({"lab-02"} if stale_after else {"lab-02", "lab-04"})
    assert [each["machine"] for each in told["not_judged"]] == ["lab-02"]
    assert "1 of 3 judged machines became slower or larger, 1 of 4 machines not judged" in heading(out)
    for each in told["steps"]:
        assert each["says"] in said(out / "index.html")
        assert each["says"] in said(out / "trends.html")


def test_each_machine_s_own_reason_is_said(tmp_path):
    """One machine's noise is not the reason of all."""
    machine(tmp_path / "history", "lab-01")
    for number in range(2, 8):
        first(tmp_path / "history", f"lab-{number:02d}", why=NOISY if number < 4 else f"failed: test_{number}")
    first(tmp_path / "history", "lab-08", why="")
    text = said(report(tmp_path) / "index.html")
    assert (
        f"7 machines: no baseline, its newest run is pending (lab-02, lab-03: {NOISY}; lab-04: failed: test_4; "
        "lab-05: failed: test_5; and 2 other reasons): lab-02," in text
    )
    assert re.search(
        r"Accept a good run: python -m autogauge accept \S*lab-02/\S*; .*likewise for the 6 other machines\.", text
    )


def by_a_person(history, name, number, why="no, noise"):
    (path,) = (history / name).glob(f"{number:04d}_*.json")
    reject(path, why)
    return path


def red(folder, number):
    """A run that the gate failed, newest of its machine."""
    path = put(folder, number, {LATENCY: 1.3, PER_FRAME: 1.2}, 0.2, verdict="FAIL")
    write(path, Standing.QUARANTINED, "slower", "gate")


def test_a_run_that_a_person_rejected_is_said_to_be_and_asked_of_nobody(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-02")
    put(history / "lab-01", 1, {LATENCY: 1.0, PER_FRAME: 1.0}, 1, verdict="NO BASELINE")
    red(history / "lab-01", 2)
    assert heading(report(tmp_path)).startswith("1 of 2 machines became slower or larger")
    day = by_a_person(history, "lab-01", 2) and datetime.datetime.now(datetime.timezone.utc)
    out = report(tmp_path)
    text = said(out / "index.html")
    assert heading(out).startswith(
        "0 of 1 judged machine became slower or larger, 1 of 2 machines not judged (a person"
    )
    assert "FAIL lab-01" not in text
    assert (
        f"1 machine: a person rejected its newest run ({day.day} {day:%b %Y}: no, noise): lab-01 . Nothing is to be"
        in text
    )
    assert "measure again" not in text.partition("Every machine, every benchmark")[0]
    texts, _ = rows_of(out)["lab-01"]
    assert "rejected by a person" in texts[1]
    assert "FAIL" not in texts[1]
    done = alert(tmp_path)
    assert "a person rejected its newest run" in done.stdout
    assert "no, noise" in done.stdout
    assert "accept" not in done.stdout


def test_a_level_of_runs_that_a_person_rejected_is_none(tmp_path):
    """All of them: one that the gate alone refused makes it a level again."""
    history = tmp_path / "history"
    slower = {"slower": lambda key, number: 1.2 if number > 12 else 1.0, "red": lambda key, number: number > 12}
    machine(history, "lab-01", 18, **slower)
    machine(history, "lab-02")
    assert heading(report(tmp_path)).startswith("1 of 2 machines became slower or larger")
    for number in range(13, 18):
        by_a_person(history, "lab-01", number)
    assert "FAIL lab-01" in said(report(tmp_path) / "index.html")
    by_a_person(history, "lab-01", 18)
    out = report(tmp_path)
    assert "FAIL lab-01" not in said(out / "index.html")
    assert heading(out).startswith(
        "0 of 1 judged machine became slower or larger, 1 of 2 machines not judged (a person"
    )
    assert "rejected by a person" in rows_of(out)["lab-01"][0][1]
    done = alert(tmp_path)
    assert "no alert is open" in done.stdout, done.stdout
    assert "a person rejected its newest run" in done.stdout


def test_a_rejected_benchmark_has_its_own_reason_and_no_other_benchmarks(tmp_path):
    """The last word on the run was about another benchmark: its reason is not this one's."""
    history = tmp_path / "history"
    machine(history, "lab-02")
    machine(history, "lab-01", 3, figures=(LATENCY, PER_FRAME))
    red(history / "lab-01", 4)
    (path,) = (history / "lab-01").glob("0004_*.json")
    reject(path, "other load", [LATENCY])
    words = {LATENCY: ("user", "2026-11-24T08:00:00+00:00")}
    _save(path, replace(read(path), words=words))  # two days ago
    accept(path, "a safer kernel", [PER_FRAME])
    told = alert(tmp_path).stdout
    assert "a person rejected its newest run (24 Nov 2026)" in told, told
    assert "safer kernel" not in told
    reject(path, "a fan is broken", [LATENCY])
    assert ": a fan is broken)" in alert(tmp_path).stdout


def test_a_pending_benchmark_has_no_reason_that_was_said_of_another(tmp_path):
    path = put(tmp_path / "history" / "lab-01", 1, {LATENCY: 1.0, PER_FRAME: 1.0}, 0.3, verdict="NO BASELINE")
    write(path, Standing.PENDING, NOISY, "gate")
    assert f"its newest run is pending ({NOISY})" in alert(tmp_path).stdout
    reject(path, "the fan", [LATENCY])
    told = alert(tmp_path).stdout
    assert "its newest run is pending (lab-01)" in told, told
    assert "the fan" in told, "of the other one"


def test_a_first_run_that_a_person_rejected_is_measured_again_and_not_accepted(tmp_path):
    first(tmp_path / "history", "lab-01", why="other load")
    by_a_person(tmp_path / "history", "lab-01", 1, "other load")
    done = alert(tmp_path)
    assert "no baseline, a person rejected its newest run (" in done.stdout
    assert "other load" in done.stdout
    assert "autogauge accept" not in done.stdout
    assert done.stdout.splitlines()[-1].endswith("next: pytest -m perf")
    text = said(report(tmp_path) / "index.html")
    assert "Measure again there (pytest -m perf): a run with nothing against it is accepted by itself." in text


def test_what_the_gate_failed_by_itself_can_still_be_accepted(tmp_path):
    first(tmp_path / "history", "lab-01", Standing.QUARANTINED, "failed: test_it")
    assert "or accept this one: python -m autogauge accept" in alert(tmp_path).stdout


def test_a_fail_of_the_newest_run_is_a_line_of_the_alerts_while_no_second_run_says_so(tmp_path):
    history = tmp_path / "history"
    machine(history, "lab-01", 10)
    red(history / "lab-01", 11)
    done = alert(tmp_path)
    assert "no alert is open" in done.stdout
    assert re.search(r"NOTE  the gate failed 2 benchmarks in its newest run \(lab-01 run 11 \(", done.stdout)
    assert [each["machine"] for each in json.loads(alert(tmp_path, "--json").stdout)["failed_once"]] == ["lab-01"] * 2
    by_a_person(history, "lab-01", 11)
    assert "the gate failed" not in alert(tmp_path).stdout


def test_a_fail_of_what_is_measured_no_more_is_no_line_for_ever(tmp_path):
    """A benchmark that was dropped after one FAIL; and of a machine that is silent its silence is told."""
    history = tmp_path / "history"
    machine(history, "lab-01", 30)
    put(history / "lab-01", 10, {LATENCY: 1.0, PER_FRAME: 1.0}, 20.5, verdict="PASS")
    path = put(history / "lab-01", 11, {LATENCY: 1.0, PER_FRAME: 1.2}, 19.5, verdict="FAIL")
    write(path, Standing.ACCEPTED, "slower", "gate", benchmarks={PER_FRAME: Standing.QUARANTINED})
    machine(history, "lab-02", 10, last=40, red=lambda key, number: number == 10)
    machine(history, "lab-03", 10, last=2.9, red=lambda key, number: number == 10)
    done = alert(tmp_path)
    assert re.search(r"NOTE  the gate failed 1 benchmark in its newest run \(lab-03 run 10 \(", done.stdout), (
        "stale only"
    )
    assert "not reporting: last run 10" in done.stdout


def test_a_fail_s_line_names_each_run_the_newest_first(tmp_path):
    """Of one machine two benchmarks whose newest runs are not the same."""
    history = tmp_path / "history"
    machine(history, "lab-01", 12, figures=(LATENCY, PER_FRAME))
    for number, key, days_ago in ((13, LATENCY, 0.3), (14, PER_FRAME, 0.2)):
        path = put(history / "lab-01", number, {key: 1.3}, days_ago, verdict="FAIL")
        write(path, Standing.QUARANTINED, "slower", "gate")
    line = next(line for line in alert(tmp_path).stdout.splitlines() if "the gate failed" in line)
    assert re.search(r"failed 2 benchmarks in its newest run \(lab-01 run 14 \([^)]*\), lab-01 run 13 \(", line), line


@pytest.mark.parametrize("kind", [CREEP, LEVEL])
def test_only_an_alert_of_a_level_tells_of_a_fail(tmp_path, kind):
    history = tmp_path / "history"
    machine(history, "lab-01", 10)
    red(history / "lab-01", 11)
    with ExitStack() as stack:
        whole = Histories(stack, history, tmp_path / "cache").all(Where())
        found = judging.situation(whole, datetime.datetime.now(datetime.timezone.utc), 0.05, None)
        one, other = sorted(found.unconfirmed([]))
        subject = found.levels[one].subject
        alert_of_it = Alert("a", Finding(kind, subject, Since("0001_run.json", 1, ""), 1.1, "slower"), "2026-11-01")
        assert sorted(found.unconfirmed([alert_of_it])) == ([one, other] if kind == CREEP else [other])
