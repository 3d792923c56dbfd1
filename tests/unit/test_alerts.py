"""`python -m autogauge alert`: what is told of a history, once, and what is not. GitHub's annotations are the channel here: no network."""

import dataclasses
import datetime
import json
import os
import re

import filelock
import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.gate.saved import HISTORY
from autogauge.gate.unjudged import Coverage
from autogauge.history import standing, store
from autogauge.history.standing_file import Standing
from autogauge.lab.alerts import book as books
from autogauge.lab.alerts import channels, github, judging, message, sender
from autogauge.lab.alerts.alert import OPENED, RESOLVED, Alert
from autogauge.lab.alerts.creeps import Crept
from autogauge.lab.alerts.due import Item
from autogauge.lab.alerts.finding import CREEP, GATE, LEVEL, SILENT, Finding, Since, Subject
from autogauge.variables import VARIABLES
from tests.cases import each_of
from tests.histories import LATENCY, PER_FRAME, save
from tests.unit.test_pages import data_of, text_of

NOW = datetime.datetime.now(datetime.timezone.utc)


class Lab:
    """A history of machines. The first runs of each are daily, the last of them so many days ago; more follow on a minute apart."""

    def __init__(self, folder):
        self.history, self._cache = folder / "history", folder / "cache"
        self._last = {}

    def runs(self, ratios, machine="lab-01", verdicts=None, ago=0.4, key=LATENCY, today=False, pinned=True):
        """A run for each of the ratios to the pinned workload; the gate failed those whose verdict is FAIL."""
        begins = machine not in self._last
        when = self._last.get(machine, NOW - datetime.timedelta(days=ago + len(ratios)))
        if today:
            when = NOW - datetime.timedelta(minutes=10 + len(ratios))
        for ratio, verdict in zip(ratios, verdicts or ["PASS"] * len(ratios), strict=True):
            when += datetime.timedelta(days=1) if begins and not today else datetime.timedelta(minutes=1)
            path = save(
                self.history / machine,
                {key: 0.010 * ratio},
                ratios={key: ratio} if pinned else None,
                machine=machine,
                when=when,
                verdict=verdict,
            )
            if verdict == "FAIL":
                standing.write(
                    path, Standing.ACCEPTED, "slower", "gate", (key,), benchmarks={key: Standing.QUARANTINED}
                )
        self._last[machine] = when
        return self

    def call(self, *words):
        return CliRunner().invoke(app, ["alert", f"--history={self.history}", f"--cache={self._cache}", *words])

    def told(self, status, *words):
        """What one call with these words annotates: the kind and the text of each, and that it ends with this status."""
        done = self.call("--github", *words)
        assert (done.exit_code, done.exception is None or isinstance(done.exception, SystemExit)) == (status, True), (
            done.output
        )
        return re.findall(r"^::(\w+) title=[^:]*::(.*)$", done.stdout, re.MULTILINE)

    def open_keys(self):
        return [each["key"] for each in json.loads(self.call("list", "--json").stdout)]

    def newest(self, machine="lab-01"):
        return store.runs(self.history / machine)[-1]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # of files that are thrown away
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("AUTOGAUGE_ALERT_URLS", raising=False)
    return Lab(tmp_path)


def wobbling(count, level=1.0):
    return [level * (1 + 0.004 * ((7 * place) % 5 - 2)) for place in range(count)]


def test_one_red_run_is_no_alert_and_a_second_confirms_it_once(lab):
    lab.runs(wobbling(10)).runs([1.12], verdicts=["FAIL"])
    assert lab.told(0) == []
    lab.runs([1.13], verdicts=["FAIL"])
    ((kind, text),) = lab.told(1)
    assert kind == "error"
    assert f"{LATENCY} on lab-01" in text
    assert re.search(r"slower by 12\.\d %25 since run 11 \(", text), text
    assert lab.told(1) == [], "once; it is open still"
    lab.runs([1.12], verdicts=["FAIL"])
    assert lab.told(1) == [], "another run of the same level is no news"


def test_what_the_gate_does_not_know_neither_confirms_nor_ends_it(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.0, 1.12], verdicts=["FAIL", "INCONCLUSIVE", "FAIL"])
    ((_, text),) = lab.told(1)
    assert "slower by 12.0 %25 since run 11 (" in text, "by the gate: its trend tells nothing yet"
    lab.runs([1.0, 1.0], verdicts=["INCONCLUSIVE", "INCONCLUSIVE"])
    assert lab.told(1) == []
    assert len(lab.open_keys()) == 1


def test_a_pass_between_two_red_runs_leaves_neither_confirmed(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.0, 1.12], verdicts=["FAIL", "PASS", "FAIL"])
    assert lab.told(0) == []


def test_a_run_that_somebody_rejected_confirms_nothing(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    assert CliRunner().invoke(app, ["reject", str(lab.newest()), "--why=another job ran"]).exit_code == 0
    assert lab.told(0) == []


def two_failed(lab):
    """Two benchmarks of which the gate fails both in two runs; returns these runs."""
    when = NOW - datetime.timedelta(days=12)
    both, failed = (LATENCY, PER_FRAME), []
    for level, verdict in [*((each, "PASS") for each in wobbling(10)), (1.12, "FAIL"), (1.12, "FAIL")]:
        when += datetime.timedelta(days=1)
        figures, ratios = dict.fromkeys(both, 0.01 * level), dict.fromkeys(both, level)
        path = save(
            lab.history / "lab-01", figures, ratios=ratios, machine="lab-01", when=when - DAY_PART, verdict=verdict
        )
        if verdict == "FAIL":
            out = dict.fromkeys(both, Standing.QUARANTINED)
            standing.write(path, Standing.ACCEPTED, "slower", "gate", both, benchmarks=out)
            failed.append(path)
    return failed


DAY_PART = datetime.timedelta(hours=2)


def test_a_word_about_one_benchmark_says_nothing_of_another(lab):
    one, _ = two_failed(lab)
    assert CliRunner().invoke(app, ["accept", str(one), LATENCY, "--why=a safer kernel"]).exit_code == 0
    ((_, text),) = lab.told(1)
    assert (PER_FRAME in text, LATENCY in text) == (True, False), text


def test_the_gates_later_word_about_one_benchmark_takes_back_no_persons_about_another(lab):
    one, two = two_failed(lab)
    for path in (one, two):
        assert CliRunner().invoke(app, ["reject", str(path), LATENCY, "--why=the fan"]).exit_code == 0
        record = standing.read(path)
        waiting = {**record.benchmarks, PER_FRAME: Standing.PENDING}
        standing._save(path, dataclasses.replace(record, benchmarks=waiting))
        standing.confirm(path, [PER_FRAME], two)
        assert standing.read(path).by == "gate"
    assert lab.told(0) == []
    assert lab.open_keys() == []


def test_why_a_level_is_normal_is_what_was_said_of_that_benchmark(lab):
    one, _ = two_failed(lab)
    assert len(lab.told(1)) == 2
    assert CliRunner().invoke(app, ["accept", str(one), LATENCY, "--why=a safer kernel"]).exit_code == 0
    record = standing.read(one)
    standing._save(one, dataclasses.replace(record, why="the fan", when="2026-01-01T00:00:00+00:00"))
    ((_, text),) = lab.told(1)
    assert "accepted as the normal level with run 11" in text
    assert "the fan" not in text


def test_what_the_gate_failed_once_its_baseline_was_carried_over_counts_as_failed(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.12], verdicts=["", "NO BASELINE"])
    for path in store.runs(lab.history / "lab-01")[-2:]:
        standing.write(
            path, Standing.ACCEPTED, "slower", "gate", (LATENCY,), benchmarks={LATENCY: Standing.QUARANTINED}
        )
    ((_, text),) = lab.told(1)
    assert "slower by 12.0 %25 since run 11 (" in text


def test_slower_than_another_device_is_no_level(lab):
    lab.runs(wobbling(10))
    for path in store.runs(lab.history / "lab-01")[-2:]:
        document = json.loads(path.read_text())
        document["benchmarks"][0]["extra_info"]["gate"] = [{"verdict": "FAIL"}]
        path.write_text(json.dumps(document))
    assert lab.told(0) == []


def test_a_level_that_somebody_accepts_is_over_and_that_is_told_once(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    assert len(lab.told(1)) == 1
    assert CliRunner().invoke(app, ["accept", str(lab.newest()), "--why=a safer kernel"]).exit_code == 0
    ((kind, text),) = lab.told(0)
    assert (kind, "accepted as the normal level with run 12 (a safer kernel)" in text) == ("notice", True), text
    assert lab.told(0) == []


def test_a_level_that_was_accepted_before_anybody_asked_is_no_alert(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    assert CliRunner().invoke(app, ["accept", str(lab.newest())]).exit_code == 0
    lab.runs(wobbling(4, 1.12))
    assert lab.told(0) == []


def test_what_becomes_worse_right_after_somebody_accepted_is_told_and_stays(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    lab.told(1)
    assert CliRunner().invoke(app, ["accept", str(lab.newest())]).exit_code == 0
    lab.told(0)
    lab.runs([1.3, 1.3], verdicts=["FAIL", "FAIL"])
    ((kind, text),) = lab.told(1)
    assert (kind, "since run 13" in text) == ("error", True), text
    assert lab.told(1) == [], "the run that was accepted lies before it"


def test_what_becomes_worse_right_after_somebody_accepted_is_told_by_its_trend_too(lab):
    lab.runs(wobbling(20) + wobbling(4, 1.12))
    lab.told(1)
    assert CliRunner().invoke(app, ["accept", str(lab.newest()), "--new-level"]).exit_code == 0
    assert [kind for kind, _ in lab.told(0)] == ["notice"]
    lab.runs(wobbling(6, 1.3))
    ((kind, text),) = lab.told(1)
    assert (kind, "since run 25" in text) == ("error", True), text


def test_one_good_run_is_not_back_and_two_are(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    lab.told(1)
    lab.runs([1.0])
    assert lab.told(1) == []
    lab.runs([1.01])
    ((kind, text),) = lab.told(0)
    assert (kind, "back since run 13" in text) == ("notice", True), text
    assert lab.told(0) == []
    lab.runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    ((kind, text),) = lab.told(1)
    assert (kind, "since run 15" in text) == ("error", True), "what comes again is told again"


def test_two_runs_that_pass_with_the_worse_figures_are_not_back(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    lab.told(1)
    lab.runs([1.09, 1.09])
    assert lab.told(1) == []


def test_what_became_the_normal_level_before_anybody_asked_is_no_alert(lab):
    lab.runs(wobbling(20) + wobbling(21, 1.07))
    assert lab.told(0) == []


def test_a_smaller_change_that_no_run_fails_for_is_told_by_its_trend_until_it_is_the_normal_level(lab):
    lab.runs(wobbling(20)).runs(wobbling(6, 1.07))
    ((kind, text),) = lab.told(1)
    assert (kind, bool(re.search(r"slower by [67]\.\d %25 since run 21 ", text))) == ("error", True), text
    lab.runs(wobbling(13, 1.07))
    assert lab.told(1) == []
    lab.runs([1.07])
    ((kind, text),) = lab.told(0)
    assert (kind, "the normal level by now: the last 20 accepted runs are at it" in text) == ("notice", True), text
    assert lab.told(0) == []


def test_seconds_without_a_pinned_workload_move_with_time_so_their_trend_alone_tells_of_a_gross_change_only(lab):
    for machine, level in (("lab-01", 1.15), ("lab-02", 1.35)):
        lab.runs(wobbling(20) + wobbling(8, level), machine=machine, pinned=False)
    ((kind, text),) = lab.told(1)
    assert (kind, "on lab-02" in text, "slower by 35.0 %25 since run 21 " in text) == ("error", True, True), text
    lab.runs([1.15, 1.15], verdicts=["FAIL", "FAIL"], pinned=False)
    ((_, text),) = lab.told(1)
    assert "on lab-01" in text, "what the gate fails twice is told all the same"


def test_noise_and_what_became_faster_are_no_alerts(lab):
    lab.runs(wobbling(20)).runs(wobbling(6, 0.9))
    lab.runs(wobbling(26), machine="lab-02")
    assert lab.told(0) == []


def test_the_gate_and_the_trend_tell_of_one_change_once(lab):
    lab.runs(wobbling(20)).runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    assert len(lab.told(1)) == 1
    lab.runs(wobbling(6, 1.12), verdicts=["FAIL"] * 6)
    assert lab.told(1) == [], "by now its trend has a level of its own"


def test_a_step_that_no_run_failed_for_is_told_as_a_step_and_not_as_a_creep_too(lab):
    lab.runs(wobbling(20)).runs(wobbling(8, 1.15))
    ((kind, text),) = lab.told(1)
    assert (kind, "slower by 15.0 %25 since run 21 " in text) == ("error", True), text
    assert lab.told(1) == []


def test_a_further_step_is_told_beside_the_first(lab):
    lab.runs(wobbling(20)).runs(wobbling(6, 1.12), verdicts=["FAIL"] * 6)
    assert len(lab.told(1)) == 1
    lab.runs(wobbling(6, 1.25), verdicts=["FAIL"] * 6)
    ((_, text),) = lab.told(1)
    assert "since run 27" in text


def test_a_further_step_that_began_before_the_first_became_the_normal_level_is_told_since_it_began(lab):
    lab.runs(wobbling(20)).runs(wobbling(18, 1.07))
    assert len(lab.told(1)) == 1
    lab.runs([1.15, 1.15])
    ((kind, text),) = lab.told(0)
    assert (kind, "the normal level by now" in text) == ("notice", True), text
    lab.runs(wobbling(3, 1.15))
    ((kind, text),) = lab.told(1)
    assert (kind, bool(re.search(r"slower by [78]\.\d %25 since run 39 \(", text))) == ("error", True), text


def test_what_its_trend_told_of_is_over_by_the_gate_once_the_gate_fails_it_too(lab):
    lab.runs(wobbling(20)).runs(wobbling(6, 1.09))
    assert len(lab.told(1)) == 1
    lab.runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    assert lab.told(1) == []
    lab.runs([1.0, 1.0])
    ((kind, text),) = lab.told(0)
    assert (kind, "the gate passed it twice" in text) == ("notice", True), text


def test_a_run_that_is_dated_in_the_future_hides_no_failure(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.13], verdicts=["FAIL", "FAIL"])
    save(
        lab.history / "lab-01",
        {LATENCY: 0.01},
        ratios={LATENCY: 1.0},
        when=NOW + datetime.timedelta(days=40),
        verdict="PASS",
    )
    assert len(lab.told(1)) == 1


def test_a_slowdown_of_which_a_part_was_mended_is_told_since_it_began(lab):
    lab.runs(wobbling(12)).runs(wobbling(8, 1.3), verdicts=["FAIL"] * 8).runs(wobbling(8, 1.2), verdicts=["FAIL"] * 8)
    ((_, text),) = lab.told(1)
    assert re.search(r"slower by (19|20)\.\d %25 since run 13 \(", text), text


def test_what_came_back_too_early_is_told_once_more_and_once_only(lab):
    lab.runs(wobbling(20)).runs([1.12] * 8, verdicts=["FAIL"] * 8)
    assert len(lab.told(1)) == 1
    lab.runs([1.0, 1.0])
    assert [kind for kind, _ in lab.told(0)] == ["notice"]
    lab.runs([1.09] * 8, verdicts=["INCONCLUSIVE"] * 8)
    assert [kind for kind, _ in lab.told(1)] == ["error"], "no run fails, and yet it is slower"
    assert lab.told(1) == []


def test_a_creep_is_told_once_when_two_runs_show_it_and_is_over_with_a_new_level(lab):
    lab.runs([1.0] * 3 + [1.005**place for place in range(23)])
    ((kind, text),) = lab.told(1)
    assert kind == "warning"
    assert re.search(r"crept by \+1\d\.\d %25 over .*, in steps too small to fail, seen since run 25", text), text
    lab.runs([1.005**23])
    assert lab.told(1) == [], "it goes on"
    assert CliRunner().invoke(app, ["accept", str(lab.newest()), "--new-level"]).exit_code == 0
    lab.runs([1.11] * 3)
    assert [kind for kind, _ in lab.told(0)] == ["notice"]


def test_a_creep_is_not_told_beside_an_open_level_and_each_further_one_is_told():
    def crept(run):
        return Finding(CREEP, Subject("lab-01", LATENCY), Since(run, f"{run:04d}_run.json"), 1.11, "crept", by=(GATE,))

    def untold(found, *alerts):
        situation = judging.Situation(
            {}, {found.subject.identity: Crept(found, is_over=False)}, {}, Coverage(1, {}, ())
        )
        return situation.untold(alerts)

    level = alert("lab-01", 1.2)
    assert untold(crept(25), level) == []
    level.resolved = "2026-01-03"
    assert untold(crept(25), level) == [crept(25)]
    assert untold(crept(25), Alert(crept(20).key, crept(20), "2026-01-02")) == [], "it goes on"
    over = Alert(crept(20).key, crept(20), "2026-01-02", resolved="2026-01-03")
    assert untold(crept(25), over) == [crept(25)], "a second one"
    assert untold(crept(20), over) == []


def test_a_machine_whose_newer_runs_cannot_be_read_here_is_not_silent(lab):
    lab.runs(wobbling(10), ago=30).runs([1.0], today=True)
    document = json.loads(lab.newest().read_text())
    document["autogauge"]["schema"] = 77
    lab.newest().write_text(json.dumps(document))
    assert lab.told(0) == []
    lab.newest().unlink()
    assert len(lab.told(1)) == 1


def test_a_machine_that_goes_silent_is_told_and_that_it_reports_again_too(lab):
    lab.runs(wobbling(10), ago=30).runs(wobbling(10), machine="lab-02")
    ((kind, text),) = lab.told(1)
    assert (kind, text.startswith("lab-01: not reporting: last run 10 ")) == ("warning", True), text
    assert lab.told(1) == []
    lab.runs([1.0], today=True)
    ((kind, text),) = lab.told(0)
    assert (kind, "it reports again: run 11" in text) == ("notice", True), text


def test_another_rule_for_what_is_silent(lab):
    lab.runs(wobbling(10), ago=2)
    assert lab.told(0) == []
    assert len(lab.told(1, "--stale-after=0.5")) == 1


def test_another_rule_once_does_not_end_the_alert_of_a_silent_machine(lab):
    lab.runs(wobbling(10), ago=30)
    assert len(lab.told(1)) == 1
    for words in (["--stale-after=365"], []):
        assert lab.told(1, *words) == []
        assert len(lab.open_keys()) == 1, "it has not reported, whatever the rule is"
    lab.runs([1.0], today=True)
    assert [kind for kind, _ in lab.told(0)] == ["notice"]


def test_runs_that_are_removed_do_not_end_the_alert_of_a_silent_machine(lab):
    lab.runs(wobbling(10), ago=12)
    assert len(lab.told(1)) == 1
    for path in store.runs(lab.history / "lab-01")[:-2]:  # its usual gap is not known any more: a week
        path.unlink()
    assert lab.told(1) == []
    assert len(lab.open_keys()) == 1
    lab.newest().unlink()  # an older run is its last one now, and no sign of life
    assert lab.told(1) == []
    assert len(lab.open_keys()) == 1


def test_who_acknowledged_what_stands_in_the_list_and_it_no_longer_asks(lab):
    lab.runs(wobbling(10), ago=30)
    lab.told(1)
    (key,) = lab.open_keys()
    assert lab.call("ack", key[:5], "--note=the disk \x1b[2J is new").exit_code == 0
    (shown,) = json.loads(lab.call("list", "--json").stdout)
    assert shown["state"].endswith(f"by {books.user()}: the disk ·[2J is new")
    assert lab.told(0) == [], "exit status 0: somebody knows"
    lab.runs([1.0], today=True)
    assert [kind for kind, _ in lab.told(0)] == ["notice"], "that it is over is told all the same"
    assert "is over" in str(lab.call("ack", key).exception)


def test_what_is_muted_is_told_when_the_mute_is_over(lab):
    lab.runs(wobbling(10), ago=30)
    assert lab.call().exit_code == 1, "no channel yet"
    (key,) = lab.open_keys()
    assert lab.call("mute", key, "--days=3").exit_code == 0
    assert lab.told(0) == []
    assert lab.call("unmute", key).exit_code == 0
    assert len(lab.told(1)) == 1
    assert lab.told(1) == []


def test_what_was_muted_all_its_time_is_never_told(lab):
    lab.runs(wobbling(10), ago=30)
    lab.call()
    (key,) = lab.open_keys()
    lab.call("mute", key, "--days=3")
    assert lab.told(0) == []
    lab.runs([1.0], today=True)
    assert lab.told(0) == []
    book = books.read(lab.history)
    book.alerts[0].muted_until = "2026-01-01"
    books.write(lab.history, book)
    assert lab.told(0) == [], "the mute is over, and so is the alert"


def test_a_dry_run_shows_what_would_be_told_and_changes_nothing(lab):
    lab.runs(wobbling(10), ago=30)
    done = lab.call("--github", "--dry-run")
    assert "would be told in one message" in done.stdout
    assert "::warning" not in done.stdout
    assert [each.name for each in lab.history.iterdir()] == ["lab-01"]
    assert len(lab.told(1)) == 1
    before = (lab.history / books.NAME).read_bytes()
    lab.runs([1.0], today=True)
    assert lab.call("--github", "--dry-run").exit_code == 0
    assert (lab.history / books.NAME).read_bytes() == before


def test_a_dry_run_needs_no_lock_and_leaves_none(lab):
    """It writes nothing: a history that is read only, or that another process tells of, is no obstacle."""
    lab.runs(wobbling(10), ago=30)
    lab.told(1)
    (lab.history / books.LOCK).unlink()
    assert lab.call("--dry-run").exit_code == 1
    assert not (lab.history / books.LOCK).exists()
    with filelock.FileLock(lab.history / books.LOCK):
        assert lab.call("--dry-run").exit_code == 1


def test_a_machine_whose_clock_hides_its_silence_is_named(lab):
    """Dated tomorrow for good, it is never silent: that is said, and never taken for well."""
    lab.runs(wobbling(4), ago=-3).runs(wobbling(4), machine="lab-02").runs(wobbling(10), machine="lab-03", ago=30)
    lab.runs([1.0], machine="lab-04")
    path = next((lab.history / "lab-04").glob("*.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "datetime": ""}))
    save(lab.history / "lab-03", {LATENCY: 0.01}, machine="lab-03", when=NOW + datetime.timedelta(days=1))
    done = lab.call("--github")
    said = [line for line in done.stdout.splitlines() if line.startswith("NOTE") and "still reports" in line]
    assert [line.split(":")[0] for line in said] == ["NOTE  lab-01", "NOTE  lab-03", "NOTE  lab-04"]
    assert "its clock is ahead: 3 runs in the future, the newest run 4 (20" in said[0]
    assert said[0].endswith("so nobody can tell whether it still reports: set its clock (there)")
    assert "none of its runs has a date that can be believed" in said[2]
    assert "ago (usually every day); its clock is ahead: 1 run in the future" in done.stdout, "beside that it is silent"
    found = json.loads(lab.call("--json").stdout)["unclear"]
    assert [each["machine"] for each in found] == ["lab-01", "lab-03", "lab-04"]
    assert "clock" not in lab.call("--quiet").stdout, "for cron: it is no news"


def test_json_is_all_of_standard_output_and_tells_no_annotation(lab, monkeypatch):
    lab.runs(wobbling(10), ago=30)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    found = json.loads(lab.call("--json").stdout)
    assert ([each["kind"] for each in found["new"]], found["channels"]) == (["silent"], [])
    done = lab.call()
    assert done.stdout.count("::warning title=") == 1, "a later call without --json annotates it"


def test_an_alert_whose_machine_is_not_there_now_waits_for_it(lab, tmp_path):
    lab.runs(wobbling(10), ago=30).runs(wobbling(10), machine="lab-02")
    lab.told(1)
    (lab.history / "lab-01").rename(tmp_path / "away")
    assert lab.told(1) == []
    (tmp_path / "away").rename(lab.history / "lab-01")
    assert lab.told(1) == []


def test_the_pages_show_each_alert_with_what_became_of_it(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_CACHE", str(tmp_path / "cache"))
    lab.runs(wobbling(10)).runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    lab.call()
    key = lab.open_keys()[0]
    lab.call("ack", key, "--note=Ann looks at it")

    def shown(*machines):
        words = ["report", f"--history={lab.history}", f"--out={tmp_path / 'trends'}"]
        assert CliRunner().invoke(app, words).exit_code == 0
        return [data_of((tmp_path / "trends" / name).read_text(), "trends-data") for name in machines]

    ((trend,),) = shown("index.html")
    (mark,) = trend["alerts"]
    assert re.fullmatch(
        rf"Alert: slower by 12.0 % since run 11 \(.*\), .* \(acknowledged .* by {books.user()}: Ann looks at it\)",
        mark["text"],
    ), mark
    assert (mark["run"], mark["asks"]) == (10, False)
    lab.runs([1.0, 1.0]).runs(wobbling(10), machine="lab-02", ago=30)
    lab.call()
    lab.call("mute", next(each for each in lab.open_keys() if each != key), "--days=9")
    (first,), (second,) = shown("machines/lab-01.html", "machines/lab-02.html")
    assert re.search(r"\(resolved .*: back since run 13 ", first["alerts"][0]["text"])
    assert second["alerts"] == []
    for page in ("index.html", "machines/lab-02.html"):
        assert "muted until" in text_of((tmp_path / "trends" / page).read_text())
    (lab.history / books.NAME).write_text("half")
    done = CliRunner().invoke(app, ["report", f"--history={lab.history}", f"--out={tmp_path / 'trends'}"])
    assert (done.exit_code, "NOTE  no alerts are shown" in done.stdout) == (0, True), done.stdout


def sentence_of(done):
    assert isinstance(done.exception, UserError), done.exception
    return str(done.exception)


@each_of(
    ("words", "says"),
    [
        (("--pages=perf.example",), "no address of a page"),
        (("--json", "--github"), "choose one"),
        (("--deadline=0",), "--deadline"),
        (("--stale-after=soon",), "--stale-after"),
        (("--config=nowhere",), "there is no nowhere"),
        (("ack",), "say which alerts"),
        (("ack", "x", "--all"), "not both"),
        (("ack", "abcd"), "there is no alert 'abcd'"),
        (("mute", "x"), "one of both"),
        (("mute", "x", "--days=1", "--until=2099-01-01"), "one of both"),
        (("mute", "x", "--until=yesterday"), "no day to come"),
        (("mute", "x", "--until=2001-01-01"), "no day to come"),
        (("mute", "x", "--days=1e9"), "at most 36500"),
        (("test",), "no channel is named"),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_no_book(lab, words, says):
    lab.runs(wobbling(1))
    assert says in sentence_of(lab.call(*words))
    assert not (lab.history / books.NAME).exists()


@each_of(
    ("content", "says"),
    [
        ('{"schema": 99}', "newer autogauge"),
        ('{"schema": 1, "salt": "x", "alerts": [{"key": 3}]}', "no book of alerts"),
        ("half of it {", "no book of alerts"),
        ("[" * 100_000, "no book of alerts"),
    ],
)
def test_a_book_that_cannot_be_read_is_never_taken_for_empty(lab, content, says):
    lab.runs(wobbling(10), ago=30)
    (lab.history / books.NAME).write_text(content)
    for words in ((), ("list",), ("ack", "--all")):
        assert says in sentence_of(lab.call(*words))
    assert (lab.history / books.NAME).read_text() == content


def test_a_history_that_is_not_there_is_a_mistake(lab):
    assert "there is no history in" in sentence_of(lab.call())


def test_a_machines_folder_gets_no_book_of_its_own_where_its_history_has_one(lab):
    lab.runs(wobbling(10), ago=30)
    lab.told(1)
    for words in ((), ("ack", "--all")):
        done = CliRunner().invoke(app, ["alert", f"--history={lab.history / 'lab-01'}", *words])
        assert f"name that (--history={lab.history.resolve()})" in sentence_of(done)
    assert not (lab.history / "lab-01" / books.NAME).exists()


def test_without_apprise_a_channel_is_one_sentence_and_annotations_go_on(lab, monkeypatch):
    lab.runs(wobbling(10), ago=30)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv(channels.VARIABLE, "json://geheim@127.0.0.1/")
    assert sentence_of(lab.call()) == "apprise is not installed: pip install -r requirements-lab.txt."
    monkeypatch.delenv(channels.VARIABLE)
    assert len(lab.told(1)) == 1


@pytest.mark.parametrize("word", [channels.REFUSED, channels.UNANSWERED])
def test_a_channel_that_could_not_be_told_is_said_and_is_exit_status_1_also_where_somebody_knows(
    lab, monkeypatch, word
):
    lab.runs(wobbling(10), ago=30)
    lab.call()
    lab.call("ack", "--all")
    answers = [channels.Outcome(word, "it answered 500"), channels.Outcome(channels.SENT)]
    monkeypatch.setattr(channels, "configured", lambda *_: [channels.Channel("name:ops", "ops", "")])
    monkeypatch.setattr(channels, "send", lambda *_: answers.pop(0))
    done = lab.call("--quiet")
    assert (done.exit_code, "ops" in done.stdout, "it answered 500" in done.stdout) == (1, True, True), done.output
    done = lab.call("--quiet")
    assert (done.exit_code, done.stdout) == (0, "")
    assert answers == []


@each_of(
    ("log", "word"),
    [
        ("Failed to send: error=400.", "refused"),
        ("Failed to send: error=408.", "unanswered"),
        ("Failed to send: error=500.", "refused"),
        ("Failed to send: error=502.", "unanswered"),
        ("Failed to send: error=504.", "unanswered"),
        ("Connection refused", "refused"),
        ("Read timed out.", "unanswered"),
        ("nobody knows", "unanswered"),
    ],
)
def test_what_may_have_arrived_is_never_taken_for_refused(log, word):
    assert sender.told_by(log)[0] == word


def test_a_sender_that_did_not_begin_has_told_nobody_and_one_that_did_may_have():
    assert channels._outcome(b"", 1, 20.0).word == channels.REFUSED
    assert channels._outcome(b"begun\n", 1, 20.0).word == channels.UNANSWERED
    assert channels._outcome(b'begun\n{"word": "sent", "why": ""}\n', 0, 20.0).word == channels.SENT


def test_the_other_channels_addresses_are_not_handed_to_a_sender(monkeypatch):
    handed = []

    def refuse(*_, env, **__):
        handed.append(env)
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setenv(channels.VARIABLE, "json://geheim@127.0.0.1/")
    monkeypatch.setattr(channels.subprocess, "Popen", refuse)
    assert channels.send(channels.Channel("name:ops", "ops", ""), "", "", 1.0).word == channels.REFUSED
    assert [channels.VARIABLE in env for env in handed] == [False]


def test_the_page_of_options_has_the_variable():
    assert channels.VARIABLE in {each.name for each in VARIABLES}


def test_addresses_that_others_may_read_are_refused(lab, tmp_path):
    lab.runs(wobbling(1))
    config = tmp_path / "channels"
    config.write_text("# ours\nops=json://geheim@127.0.0.1/\n")
    config.chmod(0o644)
    said = sentence_of(lab.call(f"--config={config}"))
    assert ("chmod 600" in said, "geheim" in said) == (True, False)


def alert(machine, ratio, kind=LEVEL, key=LATENCY, beside="", **others):
    subject = Subject(machine, "" if kind == SILENT else key)
    says = "not reporting" if kind == SILENT else f"slower by {100 * (ratio - 1):.1f} % since run 4"
    found = Finding(kind, subject, Since(4, f"{machine}.json", "2026-01-01"), ratio, says, beside)
    return Alert(found.key, found, "2026-01-02", **others)


def test_a_hundred_machines_with_a_slower_release_are_one_message_with_the_worst_first():
    beside = "openvino changed from 2026.3.0 to 2026.4.1"
    alerts = [alert(f"lab-{place:03d}", 1.05 + place / 1000, beside=beside) for place in range(100)]
    alerts += [alert(f"lab-{place:03d}", 1.31 - place / 100, key=PER_FRAME) for place in range(2)]
    alerts += [alert("lab-007", 1.11, CREEP), alert("lab-100", 1.0, SILENT)]
    made = message.message([Item(each, (OPENED,), (None,)) for each in alerts], "https://x.example/trends", 200, 4000)
    lines = made.body.splitlines()
    assert made.title == "autogauge: 104 new alerts on 101 machines: 102 changes of level, 1 creep, 1 silent machine"
    assert lines[2].startswith(f"- {PER_FRAME} on lab-000: slower by 31.0 %"), "the worst first"
    assert lines[4] == (
        f"- {LATENCY} slower on 100 machines (+5.0 % to +14.9 %), the worst first: lab-099 +14.9 %, lab-098 +14.8 %, "
        f"lab-097 +14.7 % and 97 more; on each of them {beside}"
    )
    assert len(lines) == 10


@each_of("room", [200, 400, 1000])
def test_what_a_channel_has_no_room_for_is_counted(room):
    alerts = [alert(f"lab-{place:03d}", 1.05, key=f"latency: {place}") for place in range(50)]
    made = message.message([Item(each, (OPENED,), (None,)) for each in alerts], "", 40, room)
    assert (len(made.title) <= 40, len(made.body) <= room) == (True, True)
    told = sum(line.startswith("- latency") for line in made.body.splitlines())
    assert f"- and {50 - told} more" in made.body


def many_alike():
    """Forty benchmarks that are slower on one machine, and one that is a little slower on ten."""
    alerts = [alert("lab-01", 1.2, key=f"latency: {place}") for place in range(40)]
    return [*alerts, *(alert(f"lab-{place:03d}", 1.05) for place in range(10))]


def test_of_a_line_that_is_left_out_every_alert_is_counted():
    items = [Item(each, (OPENED,), (None,)) for each in many_alike()]
    made = message.message(items, "", 40, 1000)
    told = sum(line.startswith("- latency") for line in made.body.splitlines())
    assert 0 < told < 40
    assert f"- and {50 - told} more\n" in made.body
    assert github.commands(items)[-1].split("::")[-1].startswith("and 41 more: ")


def test_annotations_escape_what_would_end_them_and_are_ten_at_most():
    hostile = alert("lab\r\n::error::%0A", 1.2)
    (line,) = github.commands([Item(hostile, (OPENED,), (None,))])
    assert "\n" not in line
    assert line.startswith("::error title=autogauge%3A slower::")
    many = [Item(alert("lab-01", 1.2, key=f"latency: {each}"), (OPENED,), (None,)) for each in range(30)]
    lines = github.commands(many)
    assert (len(lines), lines[-1].split("::")[-1]) == (10, "and 21 more: python -m autogauge alert list")


def test_what_was_over_before_a_channel_could_be_told_is_told_as_that():
    over = alert("lab-01", 1.2, resolved="2026-01-03", why="back since run 9")
    made = message.message([Item(over, (OPENED, RESOLVED), (None, None))], "", 200, 4000)
    assert "RESOLVED, which was not told before: " in made.body
    assert made.body.startswith("1 resolved.")


def test_any_beginning_that_is_one_alert_s_alone_names_it():
    found = [alert_of(key) for key in ("30199211", "31aaaaaa", "4bbbbbbb")]
    found.append(alert_of("30ffffff", resolved="2026-01-01"))
    book = books.Book(found)
    assert [book.named(key).key for key in ("301", "4", "30", "30f", "30ffffff")] == [
        "30199211",
        "4bbbbbbb",
        "30199211",  # what is over is meant only where nothing open begins so
        "30ffffff",
        "30ffffff",
    ]
    with pytest.raises(
        UserError, match=r"2 alerts have keys that begin with '3' \(30199211, 31aaaaaa\): write more of it"
    ):
        book.named("3")
    for key in ("", "5", "301992111"):
        with pytest.raises(UserError, match="there is no alert"):
            book.named(key)


def alert_of(key, resolved=""):
    found = Finding(LEVEL, Subject("lab-01", LATENCY), Since(1, "0001.json"), 1.1, "slower")
    return Alert(key, found, "2026-01-01", resolved=resolved)


def test_every_hint_names_the_history_that_was_given(lab):
    lab.runs(wobbling(10)).runs([1.12, 1.12], verdicts=["FAIL", "FAIL"])
    listed = f"python -m autogauge alert list --history={lab.history}"
    done = lab.call("--dry-run", "--config", str(channel_file(lab)))
    assert done.stdout.count(listed) == 2, "at the end, and in the message"
    assert f"alert list --all --history={lab.history}` shows" in lab.call("ack", "x").exception.args[0]
    usual = message.message([Item(alert_of("3"), (OPENED,), (None,))], "", 200, 4000, HISTORY)
    assert usual.body.endswith("All of them: python -m autogauge alert list")


def channel_file(lab):
    path = lab.history.parent / "channels"
    path.write_text("json://127.0.0.1:1/x")
    path.chmod(0o600)
    return path
