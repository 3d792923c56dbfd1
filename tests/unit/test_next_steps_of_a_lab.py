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


@pytest.mark.parametrize(
    "words", [("gate",), ("accept",), ("reject", "--why=x"), ("contract", "--keep"), ("report", "--json")]
)
def test_a_machines_name_is_its_newest_run_and_what_is_none_is_told_what_there_is(words, tmp_path):
    history = tmp_path / "history"
    for seconds in (0.01, 0.02):
        newest = save(history / "lab-01", {LATENCY: seconds})
    save(history / "lab_of-Ann", {LATENCY: 0.01}, machine="lab of/Ann")
    root = f"--history={history}"
    for wrong, sentence in (
        ("lab-1/1", f"there is no machine 'lab-1' in {history}: there is lab-01, lab_of-Ann."),
        ("lab-01/9", "there is no run 0009 in"),
        ("lab-1", f"or a machine of {history}: there is lab-01, lab_of-Ann."),
    ):
        assert sentence in said(*words, wrong, root)
    if words in (("gate",), ("accept",)):
        done = CliRunner().invoke(app, [*words, "lab-01", root])
        assert str(newest) in "".join(done.output.split()), done.output


def test_a_machine_is_named_as_what_is_judged_against(tmp_path):
    history = tmp_path / "history"
    for name in ("lab-01", "lab-02"):
        for day in range(3):
            save(history / name, {LATENCY: 0.01}, ratios={LATENCY: 1.5}, days=day, machine=name)
    done = CliRunner().invoke(app, ["gate", "lab-01", "--against=lab-02", f"--history={history}", "--json"])
    by_folder = CliRunner().invoke(
        app, ["gate", "lab-01", f"--against={history / 'lab-02'}", f"--history={history}", "--json"]
    )
    assert (done.exit_code, done.output) == (0, by_folder.output)
    assert "NO BASELINE" not in done.output


def test_the_folder_that_was_looked_into_is_named_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (("history",), ("compare", "lab-01", "lab-02"), ("report",), ("alert",)):
        assert f"there is no history in {tmp_path / 'reports' / 'history'} yet" in said(*words)
    for words in (("gate", "lab-01"), ("accept", "lab-01/3")):
        assert f"{tmp_path / 'reports' / 'history'}: no machine has measured there" in said(*words)


@each_of(
    ("words", "says"),
    [
        (
            ("history", "prune", "--keep-days=30d"),
            "'--keep-days': it is no number: write one without a unit, such as 30",
        ),
        (("history", "prune", "--keep-last=1.5"), "'--keep-last': it is no whole number"),
        (("history", "prune", "--keep-last=x"), "'--keep-last': it is no whole number"),
        (("fleet", "run", "lab.ini", "--deadline=0"), "'--deadline': give at least 1"),
        (("fleet", "run", "lab.ini", "--deadline=1h"), "'--deadline': it is no number"),
        (("history", "push", "/x", "--wait=1e9"), "'--wait': give at most 86400"),
        (("why", "a", "b", "--seed=x"), "'--seed': it is no whole number"),
        (("why", "a", "b", "--top=nan"), "'--top': it is no whole number"),
    ],
)
def test_a_value_that_does_not_fit_is_said_in_plain_words(words, says):
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert "Input should" not in done.output
    assert says in " ".join(done.output.split())


def test_of_a_machines_only_run_it_is_said_that_none_came_before(tmp_path):
    save(tmp_path / "history" / "lab-01", {LATENCY: 0.01})
    done = CliRunner().invoke(app, ["gate", "lab-01", f"--history={tmp_path / 'history'}"])
    assert "NO BASELINE the one benchmark: no accepted run before this one has it" in " ".join(done.output.split())
