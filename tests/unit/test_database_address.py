"""Addresses of databases: what is wrong with one is said without any part of a password; a server is met in tests/lab."""

import shutil
import sys
from contextlib import ExitStack, nullcontext
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history import where
from autogauge.history.export import database
from autogauge.history.export.database_address import Address
from autogauge.history.select import Histories
from autogauge.history.where import Where
from tests.histories import year
from tests.properties import for_all

SECRET = "hunter2"


@pytest.fixture
def psycopg():
    return pytest.importorskip("psycopg", reason="psycopg is not installed (requirements-lab.txt)")


def sentence(text):
    with pytest.raises(UserError) as caught:
        Address.of(text)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://me:{SECRET}@rest@db/lab",
        f"postgresql://me:{SECRET}/x@db/lab",
        f"postgresql://me:{SECRET}?x@db/lab",
        f"postgresql://me:{SECRET}#x@db/lab",
    ],
)
def test_a_sign_that_has_to_be_written_otherwise_is_said_and_the_password_is_not(text):
    said = sentence(text)
    assert "is written as %40 %2F %3F %23 %25" in said
    assert SECRET not in said


@pytest.mark.parametrize("text", [f"postgresql://me:{SECRET}%zz@db/lab", f"postgresql://db/lab?nonsense={SECRET}"])
def test_what_libpq_cannot_read_is_said_without_its_words(psycopg, text):
    assert SECRET not in sentence(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"postgresql://me:{SECRET}@db.example:5433/lab", "postgresql://me@db.example:5433/lab"),
        (f"postgres://me:hunter%40@[::1]:5433/lab?password={SECRET}", "postgresql://me@[::1]:5433/lab"),
        ("postgresql:///lab", "postgresql:///lab"),
        ("postgresql://%2Frun%2Fpostgresql/lab", "postgresql:///run/postgresql/lab"),
    ],
)
def test_an_address_is_shown_without_its_password(psycopg, text, shown):
    assert Address.of(text).shown == shown


def test_messages_are_shown_without_passwords(psycopg, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "of-the-environment")
    address = Address.of("postgresql://me:a%40b@db/lab")
    assert address.without_secrets("no\n  a%40b, a@b, of-the-environment") == "no …, …, …"


@for_all(lambda st: (st.text(alphabet="@/?#%:&=[] é☃+2F", max_size=4), st.booleans()))
def test_no_address_shows_its_password(signs, quoted):
    pytest.importorskip("psycopg", reason="psycopg is not installed (requirements-lab.txt)")
    password = f"{SECRET}{signs}{SECRET}"
    try:
        shown = Address.of(f"postgresql://me:{quote(password, safe='') if quoted else password}@db.example/lab").shown
    except UserError as error:
        shown = str(error)
        assert not quoted
    assert SECRET not in shown


@pytest.fixture
def export(tmp_path):
    """The sentence that an export ends with."""
    year(tmp_path / "history", runs=1)

    def exported(url):
        where = (f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}")
        done = CliRunner().invoke(app, ["history", "export", url, *where])
        assert isinstance(done.exception, UserError), done.output
        return str(done.exception)

    return exported


def test_without_psycopg_it_says_what_to_install(export, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install -r requirements-lab.txt" in export("postgresql://db/lab")


def test_what_a_database_has_is_brought_up_to_date_also_where_it_passes_no_filter_any_more(tmp_path):
    year(tmp_path / "history", "lab-01", runs=3)
    with ExitStack() as stack:
        histories = Histories(stack, tmp_path / "history", tmp_path / "cache")
        found, whole = histories.all(where.parse(["run=1"])), histories.all(Where())
        there = {("lab-01", whole.runs[2].path.name)}
        assert [run.number for run in database.meant(found, whole, there)] == [1, 3]


@pytest.mark.parametrize("mixed", [False, True], ids=["a folder of copies only", "with a run of its own"])
def test_what_became_a_copy_goes_and_the_run_that_counts_takes_its_place(psycopg, tmp_path, monkeypatch, mixed):
    """Exported before its machine's own folder was brought here: it may not count twice, and not be lost. Only the server is made up."""
    history, removed, written, server_goes = tmp_path / "history", [], [], [True]
    year(history, "lab-01", runs=2)
    if mixed:
        year(history, "lab-02", runs=1, slower=1.1, days=50)
    (history / "lab-02").mkdir(exist_ok=True)
    (run,) = (history / "lab-01").glob("0002_*.json")
    shutil.copy(run, history / "lab-02" / run.name)
    rows = {("lab-02", run.name): "as it was", ("lab-77", run.name): "of another history"}
    monkeypatch.setattr(database, "_connected", lambda address: nullcontext())
    monkeypatch.setattr(database, "_batch", lambda connection, address: nullcontext())
    monkeypatch.setattr(database.database_tables, "prepare", lambda connection, shown: None)
    monkeypatch.setattr(
        database, "_known", lambda connection, folders: {key: rows[key] for key in rows if key[0] in folders}
    )

    def remove(connection, known, keys):
        here = [key for key in keys if key in known]
        removed.extend(here)
        return len(here)

    def write(connection, batch):
        if server_goes:
            raise UserError("the server has gone")
        written.extend((folder, file[:4]) for folder, file in (each.key for each in batch))

    monkeypatch.setattr(database, "_remove", remove)
    monkeypatch.setattr(database, "_write", write)
    with ExitStack() as stack:
        histories = Histories(stack, history, tmp_path / "cache")
        found, whole = histories.all(where.parse(["run=1", "machine=lab-01"])), histories.all(Where())
        with pytest.raises(UserError, match="the server has gone"):
            database.export(lambda: (found, whole), "postgresql://db/lab")
        assert removed == [], "before the run that counts is there the copy is all that there is"
        server_goes.clear()
        done = database.export(lambda: (found, whole), "postgresql://db/lab")
        assert removed == [("lab-02", run.name)]
        assert written == [("lab-01", "0001"), ("lab-01", "0002")]
        assert (done.new, done.removed, done.only_there) == (2, 1, 0)
        rows.clear()
        written.clear()
        database.export(lambda: (found, whole), "postgresql://db/lab")
        assert written == [("lab-01", "0001")], "what was not there is chosen by the filters alone"


def test_what_is_said_of_a_history_is_said_once(tmp_path, monkeypatch):
    """It is read once before a database is asked, and once when it is its turn to write."""
    year(tmp_path / "history", "lab-01", runs=1)
    shutil.copytree(tmp_path / "history" / "lab-01", tmp_path / "history" / "backup")
    monkeypatch.setattr(database, "export", lambda read, shown: read() and database.Exported(shown))
    words = [f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}"]
    done = CliRunner().invoke(app, ["history", "export", "postgresql://db/lab", *words], catch_exceptions=False)
    assert done.output.count("a run is there twice and counts once") == 1, done.output
