"""`alert`: what a person wrote stays, no folder becomes a history, no receiver is told twice, and no secret is shown."""

import os

import pytest

from autogauge.errors import UserError
from autogauge.lab.alerts import book as books
from autogauge.lab.alerts import channels
from tests.cases import each_of
from tests.unit.test_alerts import Lab, wobbling


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # of files that are thrown away
    for name in ("GITHUB_ACTIONS", channels.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return Lab(tmp_path)


def acked(lab):
    (found,) = books.read(lab.history).alerts
    return found.acked, found.acked_by, found.note


def test_an_alert_that_is_acknowledged_again_keeps_what_was_said(lab, monkeypatch):
    lab.runs(wobbling(10), ago=30)
    lab.call()
    monkeypatch.setattr(books, "user", lambda: "ann")
    lab.call("ack", "--all", "--note=the disk")
    before = acked(lab)
    assert before[1:] == ("ann", "the disk")
    monkeypatch.setattr(books, "user", lambda: "bob")
    for words in (("--all",), ("--all", "--note= ")):
        done = lab.call("ack", *words)
        assert (done.exit_code, "by ann: the disk; nothing changed" in done.stdout) == (0, True), done.output
        assert acked(lab) == before
    said = lab.call("ack", "--all", "--note=the fan").stdout
    assert "acknowledged by bob; before that it was acknowledged" in said
    assert "by ann: the disk" in said, "what is replaced is said"
    assert acked(lab)[1:] == ("bob", "the fan")


WORDS = [("list",), ("ack", "--all"), ("mute", "--all", "--days=1"), ("unmute", "--all"), (), ("--dry-run",)]


@pytest.mark.parametrize("words", WORDS)
def test_a_folder_that_is_no_history_is_a_mistake_and_stays_as_it_is(words, lab, tmp_path):
    (tmp_path / "afile").write_text("")
    (tmp_path / "empty").mkdir()
    for place, says in (
        ("nowhere", "there is no history in"),
        ("afile", "afile is a file: name the folder of the history"),
        ("empty", "there is no saved run in"),
    ):
        lab.history = tmp_path / place
        done = lab.call(*words)
        assert isinstance(done.exception, UserError), (words, place, done.output)
        assert says in str(done.exception)
    assert [*(tmp_path / "empty").iterdir()] == []


def test_nothing_is_written_where_nothing_was_ever_told(lab):
    lab.runs(wobbling(4))
    there = sorted(lab.history.iterdir())
    for words in WORDS[:4]:
        assert lab.call(*words).exit_code == 0, words
    assert sorted(lab.history.iterdir()) == there


def test_of_a_machines_folder_whose_history_has_the_book_no_empty_list_is_shown(lab):
    lab.runs(wobbling(10), ago=30)
    lab.call()
    done = lab.call("list", f"--history={lab.history / 'lab-01'}")
    assert f"the alerts of {lab.history / 'lab-01'} are in the book of {lab.history}" in str(done.exception)


# One receiver is one channel.


def configured(tmp_path, *lines):
    config = tmp_path / "channels"
    config.write_text("\n".join(lines))
    config.chmod(0o600)
    return channels.configured(config, "salt", {})


def test_an_address_with_and_without_a_name_is_one_channel(tmp_path):
    lines = ("json://127.0.0.1/x", "ops=json://127.0.0.1/x", "json://127.0.0.1:80/y")
    assert [each.id.partition(":")[0] for each in configured(tmp_path, *lines)] == ["name", "url"]
    assert [each.id for each in configured(tmp_path, *lines[1::-1])] == ["name:ops"]
    # As the variable has it, and the file.
    found = channels.configured(tmp_path / "channels", "salt", {channels.VARIABLE: "json://127.0.0.1/x"})
    assert [each.id for each in found] == ["name:ops"]


def test_an_address_under_two_names_is_refused_and_not_shown(tmp_path):
    with pytest.raises(UserError) as told:
        configured(tmp_path, "ops=json://ann:geheim@127.0.0.1/x", "perf=json://ann:geheim@127.0.0.1/x")
    assert "ops (json) and perf (json) have one address" in str(told.value)
    assert "geheim" not in str(told.value)


def test_two_addresses_on_one_host_are_two_channels(tmp_path):
    lines = (
        "ops=json://127.0.0.1/x",
        "perf=json://127.0.0.1/y",
        "json://ann:a@127.0.0.1/x",
        "json://ann:b@127.0.0.1/x",
    )
    assert len(configured(tmp_path, *lines, "json://127.0.0.1/x?:color=red")) == 5


# The address of the page goes into every message.


@each_of(
    "pages",
    [
        "https://bob:SECRETX@perf.example/trends",
        "https://SECRETX@perf.example/trends",
        "https://bob%3ASECRETX@perf.example/trends",
        "https://perf.example/trends?token=SECRETX",
        "https://perf.example/trends?a=b&api_key=SECRETX#x",
        "ftp://bob:SECRETX@perf.example/trends",
    ],
)
def test_a_page_whose_address_holds_a_secret_is_refused_and_not_shown(pages, lab):
    lab.runs(wobbling(4))
    done = lab.call(f"--pages={pages}")
    assert isinstance(done.exception, UserError)
    assert "--pages" in str(done.exception)
    assert "SECRETX" not in str(done.exception) + done.output


def test_a_page_without_one_is_taken(lab):
    lab.runs(wobbling(4))
    for pages in ("https://perf.example/trends?lab=one", "http://perf.example:8080/@perf/trends", "file:///srv/a@b"):
        assert lab.call(f"--pages={pages}").exit_code == 0, pages
