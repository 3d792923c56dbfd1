"""What a new user of a lab is told who has no history yet, mistypes a folder, or has a channel that cannot be reached."""

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.lab.alerts import sender
from tests.cases import each_of
from tests.histories import LATENCY, save


def said(*words):
    done = CliRunner().invoke(app, list(map(str, words)))
    assert isinstance(done.exception, UserError), done.output
    return str(done.exception)


@each_of(
    "words",
    [
        ("history",),
        ("report",),
        ("history", "export", "x.csv"),
        ("compare", "lab-01", "lab-02"),
        ("alert",),
        ("alert", "list"),
    ],
)
def test_before_any_run_one_is_told_to_measure(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "reports" / "history"
    sentence = said(*words, f"--history={place}")
    assert f"there is no history in {place} yet: measure first (pytest -m perf), or name another folder" in sentence
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["runs.csv", "autogauge.prom", "page.html"])
def test_no_folder_is_made_from_a_mistyped_path(what, tmp_path):
    history = tmp_path / "history"
    for seconds in (0.01, 0.02):
        save(history / "lab-01", {LATENCY: seconds})
    place = tmp_path / "nodir" / what
    words = ("compare", "run=1", "run=2", f"--html={place}") if what == "page.html" else ("history", "export", place)
    sentence = said(*words, f"--history={history}", f"--cache={tmp_path / 'cache'}")
    assert (
        sentence
        == f"there is no folder {tmp_path / 'nodir'} for {what}: check the path, or make the folder (mkdir -p)."
    )
    assert not place.parent.exists()


@each_of(
    ("log", "why"),
    [
        (
            "(Failed to establish a new connection: [Errno 111] Connection refused)",
            "nobody listens there: check the host and",
        ),
        (
            "(Failed to resolve 'x.example' ([Errno -2] Name or service not known))",
            "nobody knows its host: check the name",
        ),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]",
            "its certificate is not trusted here: check",
        ),
        ("(535, b'5.7.8 SMTPAuthenticationError')", "it does not let this user in: check the name and the password"),
    ],
)
def test_why_a_channel_was_not_told_and_what_to_check(log, why):
    word, told = sender.told_by(log)
    assert (word, told[: len(why)]) == ("refused", why)
