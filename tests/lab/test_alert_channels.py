"""`python -m autogauge alert` with real receivers on loopback: webhooks that answer, refuse and hang, a mail server; kills; two at once."""

import contextlib
import datetime
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from autogauge.lab.alerts import book as books
from autogauge.lab.alerts.message import AGAIN
from tests.histories import LATENCY, PER_FRAME, save
from tests.support import ROOT, in_a_mount, is_gone, run_cli, sentence_of, wait_until

pytestmark = pytest.mark.lab
pytest.importorskip("apprise", reason="apprise is not installed: pip install -r requirements-lab.txt")

SECRET = "hush-hush"
NOW = datetime.datetime.now(datetime.timezone.utc)


class Receiver:
    """A webhook. ``status`` is what it answers; while ``holds`` is set it takes messages and says nothing until that is cleared."""

    def __init__(self):
        self.messages, self.status, self._may_answer = [], 200, threading.Event()
        self._may_answer.set()
        own = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = own.status
                if status == 200:
                    own.messages.append(message)
                own._may_answer.wait(60)
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.end_headers()

            def log_message(self, *words):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"json://user:{SECRET}@127.0.0.1:{self._server.server_port}/{SECRET}/hook"

    def hold(self):
        self._may_answer.clear()

    def answer(self):
        self._may_answer.set()

    def close(self):
        self.answer()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver():
    """``receiver()``: one more webhook."""
    with contextlib.ExitStack() as stack:

        def made():
            found = Receiver()
            stack.callback(found.close)
            return found

        yield made


class Lab:
    """A history, and calls of `alert` on it by a real process; of all that they print and keep nothing may hold a secret."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.history = folder, folder / "history"
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def silent(self, *machines):
        """Machines that measured daily until a month ago."""
        for machine in machines:
            for day in range(5):
                save(
                    self.history / machine,
                    {LATENCY: 0.01},
                    machine=machine,
                    when=NOW - datetime.timedelta(days=40 - day),
                )
        return self

    def environment(self, *channels):
        words = [each if isinstance(each, str) else each.url for each in channels]
        return {
            "AUTOGAUGE_ALERT_URLS": " ".join(words),
            "AUTOGAUGE_CACHE": str(self.folder / "cache"),
            "GITHUB_ACTIONS": "",
        }

    def call(self, *channels, words=()):
        done = run_cli("alert", f"--history={self.history}", *words, **self.environment(*channels))
        kept = (self.history / books.NAME).read_text() if (self.history / books.NAME).exists() else ""
        assert SECRET not in done.stdout + done.stderr + kept
        return done

    def begun(self, *channels):
        """A call that goes on beside the test."""
        return subprocess.Popen(
            [sys.executable, "-m", "autogauge", "alert", f"--history={self.history}", "--deadline=50"],
            cwd=ROOT,
            env={**os.environ, **self.environment(*channels)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def told(self):
        """How far each alert is on each channel, by the book."""
        found = json.loads((self.history / books.NAME).read_text())["alerts"]
        return [{channel: own["opened"]["state"] for channel, own in each["told"].items() if own} for each in found]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def test_whatever_one_channel_answers_every_other_hears_once_and_it_hears_once_it_answers(lab, receiver):
    good, bad = receiver(), receiver()
    lab.silent("lab-01", "lab-02")
    bad.status = 500
    gone = f"gone=json://user:{SECRET}@127.0.0.1:1/"
    done = lab.call(good, bad, gone)
    assert done.returncode == 1
    assert "channel 1 (json): told of 2 alerts" in done.stdout
    assert "WARNING  channel 2 (json): not told of 2 alerts, it answered 500" in done.stdout
    assert (
        "WARNING  gone (json): not told of 2 alerts, nobody listens there: check the host and the port" in done.stdout
    )
    bad.status = 200
    lab.call(good, bad, gone)
    lab.call(good, bad, gone)
    assert ([len(each.messages) for each in (good, bad)], AGAIN in str(bad.messages)) == ([1, 1], False)
    assert good.messages[0]["title"] == bad.messages[0]["title"]
    for run in range(2):
        save(lab.history / "lab-01", {LATENCY: 0.01}, machine="lab-01", when=NOW - datetime.timedelta(minutes=9 - run))
    lab.call(good, bad, gone)
    assert [len(each.messages) for each in (good, bad)] == [2, 2]
    assert "RESOLVED: lab-01: not reporting" in good.messages[1]["message"]
    assert "lab-02" not in good.messages[1]["message"]


def test_a_channel_that_never_answers_holds_up_no_other_and_the_next_message_says_so(lab, receiver):
    good, hung = receiver(), receiver()
    lab.silent("lab-01")
    hung.hold()
    started = time.monotonic()
    done = lab.call(good, hung, words=("--deadline=2",))
    assert time.monotonic() - started < 40, "it waits for no one for ever"
    assert "channel 1 (json): told of 1 alert" in done.stdout
    assert "so nobody knows whether it was told of 1 alert" in done.stdout
    hung.answer()
    assert lab.call(good, hung).returncode == 1
    lab.call(good, hung)
    assert [len(each.messages) for each in (good, hung)] == [1, 2]
    assert [AGAIN in each["message"] for each in hung.messages] == [False, True]


def test_a_call_that_is_killed_between_sending_and_noting_tells_once_more_and_says_so(lab, receiver):
    good, hung = receiver(), receiver()
    lab.silent("lab-01")
    hung.hold()
    running = lab.begun("good=" + good.url, "hung=" + hung.url)
    noted = {"name:good": "sent", "name:hung": "being sent"}
    assert wait_until(lambda: hung.messages and lab.told() == [noted], 60), "the one is noted, the other is not"
    running.send_signal(signal.SIGKILL)
    running.wait()
    hung.answer()
    done = lab.call("good=" + good.url, "hung=" + hung.url)
    assert "hung (json): told of 1 alert" in done.stdout
    lab.call("good=" + good.url, "hung=" + hung.url)
    assert [len(each.messages) for each in (good, hung)] == [1, 2]
    assert [AGAIN in each["message"] for each in hung.messages] == [False, True]


def test_a_sender_whose_call_is_gone_ends_at_its_deadline(lab, receiver):
    hung = receiver()
    hung.hold()
    asked = {"url": hung.url, "title": "x", "body": "x", "deadline_s": 3}
    with subprocess.Popen(
        [sys.executable, "-m", "autogauge.lab.alerts.sender"], cwd=ROOT, stdin=subprocess.PIPE
    ) as sender:
        sender.stdin.write(json.dumps(asked).encode())
        sender.stdin.close()
        assert wait_until(lambda: sender.poll() is not None, 30)
    assert is_gone(sender.pid)


def test_calls_at_once_tell_once(lab, receiver):
    good = receiver()
    lab.silent("lab-01", "lab-02")
    running = [lab.begun(good) for _ in range(4)]
    assert [each.wait(timeout=120) for each in running] == [1] * 4
    assert len(good.messages) == 1


def test_a_channel_with_a_name_stays_the_same_one_with_another_password(lab, receiver):
    good = receiver()
    lab.silent("lab-01")
    lab.call("ops=" + good.url)
    lab.call("ops=" + good.url.replace("user:", "other:"))
    assert len(good.messages) == 1
    lab.call("new=" + good.url)
    assert len(good.messages) == 2, "a new channel is told of what is open"


def test_a_hundred_machines_with_a_slower_release_are_one_message(lab, receiver):
    good = receiver()
    for machine in (f"lab-{number:03d}" for number in range(100)):
        for day in range(6):
            slower = 1.2 + int(machine[-2:]) / 1000 if day > 3 else 1.0
            when = NOW - datetime.timedelta(days=5.1 - day)
            save(
                lab.history / machine,
                {LATENCY: 0.01 * slower, PER_FRAME: 0.01},
                ratios={LATENCY: slower, PER_FRAME: 1.0},
                machine=machine,
                when=when,
                openvino="2026.4.1" if day > 3 else "2026.3.0",
                verdict="FAIL" if day > 3 else "PASS",
                benchmarks={LATENCY: "quarantined"} if day > 3 else None,
            )
    lab.call(good)
    (message,) = good.messages
    assert message["title"] == "autogauge: 100 new alerts on 100 machines: 100 changes of level"
    assert (
        f"- {LATENCY} slower on 100 machines (+20.0 % to +29.9 %), the worst first: lab-099 +29.9 %"
        in message["message"]
    )
    assert "on each of them openvino changed from 2026.3.0 to 2026.4.1" in message["message"]
    assert len(message["message"].splitlines()) < 8


@pytest.fixture
def mail():
    """A mail server, and what it took; ``refuses`` is what it answers instead."""
    controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed: requirements-dev.txt")

    class Handler:
        taken, refuses = [], ""

        async def handle_DATA(self, server, session, envelope):  # noqa: N802 (aiosmtpd's name)
            if self.refuses:
                return self.refuses
            self.taken.append(envelope)
            return "250 OK"

    handler = Handler()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = controller.Controller(handler, hostname="127.0.0.1", port=port)
    serving.start()
    handler.url = (
        f"mail=mailto://localhost.example:{port}"
        f"?smtp=127.0.0.1&from=alerts@example.com&to=ops@example.com&mode=insecure&name={SECRET}"
    )
    yield handler
    serving.stop()


def test_mail_is_sent_once_and_what_the_server_refuses_later(lab, mail):
    lab.silent("lab-01")
    mail.refuses = "550 not here"
    done = lab.call(mail.url)
    assert "WARNING  mail (mailto): " in done.stdout
    mail.refuses = ""
    lab.call(mail.url)
    lab.call(mail.url)
    (envelope,) = mail.taken
    assert envelope.rcpt_tos == ["ops@example.com"]
    assert b"lab-01: not reporting" in envelope.content.replace(b"=\r\n", b"")


GONE = "gone (json): not told (nobody listens there: check the host and the port in its address, and whether it runs)"


def test_the_test_of_channels_tells_each_and_writes_no_book(lab, receiver):
    good = receiver()
    lab.silent("lab-01")
    done = run_cli("alert", "test", **lab.environment(good, "gone=json://127.0.0.1:1/"))
    assert (done.returncode, len(good.messages)) == (1, 1)
    said = ["channel 1 (json): sent", GONE]
    assert done.stdout.splitlines() == said
    assert not (lab.history / books.NAME).exists()


@pytest.mark.parametrize(
    ("channels", "says"),
    [
        ((f"nope://{SECRET}@x/",), "channel 1 (nope) of AUTOGAUGE_ALERT_URLS is no address that apprise knows"),
        ((SECRET,), "channel 1 of AUTOGAUGE_ALERT_URLS is no address that apprise knows"),
        ((f"slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#{SECRET}/#b",), "names 2 receivers"),
        ((f"a=json://{SECRET}@x/", f"a=json://{SECRET}@y/"), "two channels are called a (json)"),
    ],
)
def test_a_mistake_in_an_address_is_one_sentence_without_it_and_nobody_is_told(lab, receiver, channels, says):
    good = receiver()
    lab.silent("lab-01")
    done = lab.call(good, *channels) if "channel 1" not in says else lab.call(*channels)
    assert (done.returncode, done.stdout, good.messages) == (2, "", [])
    assert says in sentence_of(done)


def test_a_history_that_cannot_be_written_to_is_a_mistake_and_nobody_is_told(lab, receiver):
    good = receiver()
    lab.silent("lab-01")
    command = [sys.executable, "-m", "autogauge", "alert", f"--history={lab.history}"]
    kept = shutil.copytree(lab.history, lab.history.with_name("kept"))
    mounted = in_a_mount(lab.history, "size=64m", command, read_only=True, holding=kept)
    if mounted is None:
        pytest.skip("no file system can be mounted here")
    environment = {**os.environ, **lab.environment(good)}
    done = subprocess.run(mounted, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, good.messages) == (2, [])
    assert "read-only" in sentence_of(done)
