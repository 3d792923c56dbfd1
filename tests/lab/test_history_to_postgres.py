"""Saved runs in a real PostgreSQL server, by the command that a cron job has: once and again, two at once, and whatever goes wrong."""

import csv
import datetime
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import quote

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history import pruned, standing
from autogauge.history.export import database
from autogauge.history.standing_file import Standing
from tests.histories import BEGAN, LATENCY, PER_FRAME, save, year
from tests.lab import postgres_server
from tests.support import ROOT, run_cli, sentence_of, wait_until

pytestmark = pytest.mark.lab
pytest.importorskip("psycopg", reason="psycopg is not installed (requirements-lab.txt)")


@pytest.fixture(scope="module")
def server():
    try:
        with postgres_server.running() as found:
            yield found
    except postgres_server.CannotServe as error:
        pytest.skip(str(error))


@pytest.fixture
def name(server):
    """A database with a user of its own, both of that name."""
    return server.database()


@pytest.fixture
def history(tmp_path):
    year(tmp_path / "history", "lab-01", runs=6, verdict="PASS")
    year(tmp_path / "history", "lab-02", runs=5, verdict="FAIL", standing=Standing.QUARANTINED)
    return tmp_path / "history"


def words(history, url):
    return ("history", "export", url, f"--history={history}", f"--cache={history.parent / 'cache'}")


@pytest.fixture
def export(server, name, history):
    """Export as the user types it, the password in the environment; returns what was printed, or the sentence of a mistake."""

    def exported(*more, url=None, history=history, password=postgres_server.PASSWORD):
        done = run_cli(*words(history, url or server.url(name, name)), *more, PGPASSWORD=password)
        assert password not in done.stdout + done.stderr
        if done.returncode:
            return sentence_of(done)
        return done.stdout

    return exported


def runs(server, name):
    return server.rows(name, "SELECT folder, file, standing FROM autogauge_runs ORDER BY folder, file")


def test_a_second_export_doubles_nothing_and_changes_what_has_changed(server, name, history, export):
    said = export()
    assert said == (
        f"postgresql://{name}@127.0.0.1:{server.port}/{name}: 11 runs new, 0 changed, 0 removed, 0 as they were\n"
    )
    before = server.rows(
        name, "SELECT * FROM autogauge_runs r JOIN autogauge_benchmarks b ON b.run = r.id ORDER BY 1, 18"
    )
    assert len(before) == 22
    assert "0 runs new, 0 changed, 0 removed, 11 as they were" in export()
    assert before == server.rows(
        name, "SELECT * FROM autogauge_runs r JOIN autogauge_benchmarks b ON b.run = r.id ORDER BY 1, 18"
    )
    rejected = next((history / "lab-01").glob("0003_*.json"))
    standing.reject(rejected, "fan broken", [LATENCY])
    save(history / "lab-01", {LATENCY: 0.02}, days=40)
    assert "1 run new, 1 changed, 0 removed, 10 as they were" in export()
    assert server.rows(
        name,
        "SELECT r.standing, r.why, b.benchmark, b.standing FROM autogauge_runs r JOIN autogauge_benchmarks b ON b.run = r.id "
        "WHERE folder = 'lab-01' AND file = %s ORDER BY b.benchmark",
        rejected.name,
    ) == [("quarantined", "fan broken", LATENCY, "quarantined"), ("quarantined", "fan broken", PER_FRAME, "accepted")]
    assert server.rows(name, "SELECT count(*), count(DISTINCT (run, benchmark)) FROM autogauge_benchmarks") == [
        (23, 23)
    ]


def test_the_figures_are_those_of_the_csv(server, name, history, export):
    save(
        history / "lab-01",
        {LATENCY: 0.02, "steady memory in MiB: AUTO": 12.5},
        days=50,
        labels={"requests": "2", "openvino": "2025.1.0"},
    )
    export()
    place = history.parent / "runs.csv"
    assert run_cli(*words(history, str(place))).returncode == 0
    with place.open(newline="") as stream:
        expected = [
            (
                *(
                    row["number"],
                    row["machine"],
                    row["openvino"],
                    row["model"],
                    row["standing"],
                    row["benchmark"],
                    row["device"],
                ),
                *(row["median_s"], row["median_mib"], row["ratio_to_pinned"], row["gate"], row["measured"]),
            )
            for row in csv.DictReader(stream)
        ]
    found = server.rows(
        name,
        "SELECT r.number, r.machine, b.openvino, r.model, b.standing, b.benchmark, b.device, b.median_s, b.median_mib, "
        "b.ratio_to_pinned, b.gate, r.measured FROM autogauge_runs r JOIN autogauge_benchmarks b ON b.run = r.id",
    )
    as_text = [(*("" if each is None else str(each) for each in row[:-1]), row[-1].isoformat()) for row in found]
    assert sorted(as_text) == sorted(expected)
    assert server.rows(name, 'SELECT count(*) FROM autogauge_benchmarks WHERE labels @> \'{"requests": "2"}\'') == [
        (8,)
    ]


def test_what_was_pruned_here_goes_and_what_is_only_there_stays(server, name, history, export):
    export()
    folder = history / "lab-01"
    first, second = (next(folder.glob(f"000{number}_*.json")) for number in (1, 2))
    pruned.write(folder, [first.name, next(folder.glob("0004_*.json")).name])  # the other was not come to
    first.unlink()
    second.unlink()  # by hand
    said = export()
    assert "0 runs new, 0 changed, 1 removed, 9 as they were" in said
    assert "NOTE  1 run of these machines are there and not in this history: they stay there" in said
    assert len(runs(server, name)) == 10
    assert server.rows(name, "SELECT count(*) FROM autogauge_benchmarks") == [(20,)]


def test_a_database_follows_a_prune(server, name, tmp_path, export):
    history = tmp_path / "old"
    year(history, "lab-01", runs=40)
    export(history=history)
    done = run_cli(
        "history", "prune", "--keep-last=1", "--yes", f"--history={history}", f"--cache={tmp_path / 'cache'}"
    )
    assert "17 of 40 runs removed" in done.stdout, done.stderr
    assert "0 runs new, 0 changed, 17 removed, 23 as they were" in export(history=history)
    assert [row[1] for row in runs(server, name)] == sorted(path.name for path in (history / "lab-01").glob("*.json"))


def test_filters_choose_runs_and_a_run_is_written_whole(server, name, export):
    assert "6 runs new" in export("--where=machine=lab-01", "--where=hint=LATENCY")
    assert server.rows(name, "SELECT count(*) FROM autogauge_benchmarks") == [(12,)]
    assert "5 runs new, 0 changed, 0 removed, 6 as they were" in export()


def test_two_exporters_at_once_double_nothing(server, name, tmp_path):
    history = tmp_path / "history"
    year(history, "lab-01", runs=450)
    command = [sys.executable, "-m", "autogauge", *words(history, server.url(name, name, postgres_server.PASSWORD))]
    both = [
        subprocess.Popen([*command, f"--cache={tmp_path / str(place)}"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for place in range(3)
    ]
    assert [(each.communicate(timeout=120)[1], each.returncode) for each in both] == [("", 0)] * 3
    assert server.rows(name, "SELECT count(*), count(DISTINCT file) FROM autogauge_runs") == [(450, 450)]
    assert server.rows(name, "SELECT count(*), count(DISTINCT (run, benchmark)) FROM autogauge_benchmarks") == [
        (900, 900)
    ]


def standings(server, name):
    return [row[2] for row in runs(server, name) if row[0] == "lab-01"]


def test_who_waited_for_another_exporter_writes_what_is_so_when_it_is_its_turn(server, name, history, export):
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    command = [sys.executable, "-m", "autogauge", *words(history, server.url(name, name, postgres_server.PASSWORD))]
    export()
    with holding_the_lock(server, name):
        late = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert wait_until(lambda: server.rows(name, waits) == [(1,)], 60)
        standing.reject(next((history / "lab-01").glob("0003_*.json")), "the fan")
    assert "0 runs new, 1 changed" in late.communicate(timeout=120)[0]
    assert standings(server, name) == ["accepted"] * 2 + ["quarantined"] + ["accepted"] * 3


def test_an_exporter_that_read_earlier_does_not_take_back_what_a_later_one_wrote(
    server, name, history, export, monkeypatch
):
    reading = database.rows_of

    def slowly(*rest):
        rows = list(reading(*rest))
        standing.reject(next((history / "lab-01").glob("0003_*.json")), "the fan")
        assert "11 runs new" in export()
        return rows

    monkeypatch.setattr(database, "rows_of", slowly)
    done = CliRunner().invoke(app, words(history, server.url(name, name, postgres_server.PASSWORD)))
    assert "NOTE  1 run changed here while this wrote: export again" in done.output
    assert standings(server, name) == ["accepted"] * 2 + ["quarantined"] + ["accepted"] * 3
    monkeypatch.setattr(database, "rows_of", reading)
    assert "0 runs new, 0 changed, 0 removed, 11 as they were" in export()


def test_a_server_that_goes_in_the_middle_leaves_whole_runs(server, name, tmp_path, export):
    history = tmp_path / "many"
    year(history, "lab-01", runs=450)
    year(history, "lab-02", runs=1)
    export("--where=machine=lab-02", history=history)
    with server.connect(name, "boss") as boss:
        boss.execute("CREATE SEQUENCE come")
        boss.execute(
            "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN IF nextval('come') > 500 THEN "
            "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END IF; RETURN NEW; END $$"
        )
        boss.execute("CREATE TRIGGER gone BEFORE INSERT ON autogauge_benchmarks FOR EACH ROW EXECUTE FUNCTION gone()")
    said = export(history=history)
    assert "ended the connection" in said
    assert "export again when it runs; runs written before stay, none is half there" in said
    assert server.rows(name, "SELECT count(*) FROM autogauge_runs") == [(201,)]
    assert server.rows(name, "SELECT count(*) FROM autogauge_benchmarks") == [(402,)]
    with server.connect(name, "boss") as boss:
        boss.execute("DROP TRIGGER gone ON autogauge_benchmarks")
    assert "250 runs new, 0 changed, 0 removed, 201 as they were" in export(history=history)
    assert server.rows(name, "SELECT count(*) FROM autogauge_benchmarks") == [(902,)]


def in_this_process(history, url):
    """The sentence of an export that fails."""
    done = CliRunner().invoke(app, words(history, url))
    assert isinstance(done.exception, UserError), done.output
    assert postgres_server.PASSWORD not in str(done.exception)
    return str(done.exception)


def holding_the_lock(server, name):
    boss = server.connect(name, "boss")
    boss.execute("SELECT pg_advisory_lock(%s)", (database.EXPORTERS,))
    return boss


def test_another_exporter_is_waited_for_until_a_deadline(server, name, history, monkeypatch):
    monkeypatch.setattr(database, "LOCKED_S", 1)
    with holding_the_lock(server, name):
        said = in_this_process(history, server.url(name, name, postgres_server.PASSWORD))
    assert "another program has kept" in said
    assert server.rows(name, "SELECT to_regclass('autogauge_runs')") == [(None,)]


def test_a_server_that_says_nothing_more_is_given_up(server, name, history, monkeypatch):
    monkeypatch.setattr(database, "BATCH_S", 4)
    stopped = []

    def stop():
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'autogauge' AND datname = %s"
        assert wait_until(lambda: bool(server.rows("postgres", query, name)), 30)
        stopped.append(server.rows("postgres", query, name)[0][0])
        os.kill(stopped[0], signal.SIGSTOP)

    thread = threading.Thread(target=stop)
    with holding_the_lock(server, name):
        thread.start()
        try:
            said = in_this_process(history, server.url(name, name, postgres_server.PASSWORD))
        finally:
            thread.join()
            os.kill(stopped[0], signal.SIGCONT)
    assert "has not answered for 4 s" in said
    assert "export again" in said


def test_a_host_that_takes_a_connection_and_says_nothing_is_given_up(history):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        url = f"postgresql://me:{quote(postgres_server.PASSWORD, safe='')}@127.0.0.1:{port}/lab?connect_timeout=2"
        said = in_this_process(history, url)
    assert f"cannot reach postgresql://me@127.0.0.1:{port}/lab: " in said
    assert "check that it runs, the host and the port" in said


def test_mistakes_are_one_sentence_and_leave_nothing(server, name, export):
    url = server.url(name, name)
    assert "check the user and the password (the password comes from PGPASSWORD" in export(password="wrong-and-long")
    assert "check the user and the password" in export(url=server.url(name, name, "also-wrong"), password="x1y2z3")
    assert "create it (createdb), or name another" in export(url=server.url("nowhere", name))
    assert "check that it runs, the host and the port" in export(url=url.replace(str(server.port), "1"))
    assert server.rows(name, "SELECT to_regclass('autogauge_runs')") == [(None,)]


def test_without_rights_it_says_which_are_needed(server, history, export):
    other = server.database(create=False)
    url = server.url(other, other)
    said = export(url=url)
    assert f"{other} may not write to postgresql://{other}@127.0.0.1" in said
    assert "grant it CREATE on the schema for the first time" in said
    export(url=server.url(other, "boss"))  # the tables are there now, and are somebody else's
    assert f"{other} may not write" in export(url=url)
    with server.connect(other) as boss:
        boss.execute(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON autogauge_schema, autogauge_runs, autogauge_benchmarks TO " + other
        )
    save(history / "lab-01", {LATENCY: 0.02}, days=60)
    assert "1 run new, 0 changed, 0 removed, 11 as they were" in export(url=url)


def test_tables_that_are_not_ours_are_left_alone(server, name, export):
    with server.connect(name) as boss:
        boss.execute("CREATE TABLE autogauge_runs (mine text)")
        boss.execute("INSERT INTO autogauge_runs VALUES ('precious')")
    assert "has a table autogauge_runs that is not autogauge's: name another database" in export()
    with server.connect(name) as boss:
        boss.execute("CREATE TABLE autogauge_schema (version integer)")
        boss.execute(f"ALTER TABLE autogauge_schema OWNER TO {name}; ALTER TABLE autogauge_runs OWNER TO {name}")
    assert "have the schema none, and this autogauge writes 2" in export()
    with server.connect(name) as boss:
        boss.execute("INSERT INTO autogauge_schema VALUES (2)")
    assert "the table autogauge_runs in" in export()
    with server.connect(name) as boss:
        boss.execute("UPDATE autogauge_schema SET version = 3")
    assert "have the schema 3, and this autogauge writes 2: update autogauge" in export()
    assert server.rows(name, "SELECT * FROM autogauge_runs") == [("precious",)]
    assert server.rows(name, "SELECT to_regclass('autogauge_benchmarks')") == [(None,)]


def test_tables_of_an_older_autogauge_are_brought_up_to_date_and_keep_the_runs_of_others(server, name, history, export):
    """Without the one column that they lack, and with a run of a history that is not here; not by a user who may not change them."""
    export()
    with server.connect(name) as boss:
        boss.execute("ALTER TABLE autogauge_runs DROP COLUMN measured_as")
        boss.execute("UPDATE autogauge_runs SET content = 'of other columns'")
        boss.execute("UPDATE autogauge_runs SET folder = 'elsewhere-' || folder WHERE file LIKE '0001_%'")
        boss.execute("UPDATE autogauge_schema SET version = 1")
        other = server.database(create=False)
        tables = "autogauge_schema, autogauge_runs, autogauge_benchmarks"
        boss.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {other}")
    assert "export once as the user who owns them" in export(url=server.url(name, other))
    assert server.rows(name, "SELECT version FROM autogauge_schema") == [(1,)]
    count = "SELECT count(*) FROM autogauge_benchmarks"
    (before,) = server.rows(name, count)
    assert "2 runs new, 9 changed, 0 removed" in export()
    assert server.rows(name, "SELECT version FROM autogauge_schema") == [(2,)]
    found = server.rows(name, "SELECT folder, measured_as, count(*) FROM autogauge_runs GROUP BY 1, 2 ORDER BY 1")
    assert found == [
        *(("elsewhere-lab-01", "", 1), ("elsewhere-lab-02", "", 1)),
        *(("lab-01", "lab-01", 6), ("lab-02", "lab-02", 5)),
    ]
    assert server.rows(name, count) == [(before[0] + 4,)], "those of the runs that are here again"
    assert "0 runs new, 0 changed, 0 removed, 11 as they were" in export()


def test_another_schema_of_the_same_database_will_do(server, name, export):
    with server.connect(name) as boss:
        boss.execute("CREATE TABLE autogauge_runs (mine text)")
        boss.execute(f"CREATE SCHEMA perf AUTHORIZATION {name}")
    assert "11 runs new" in export(url=f"{server.url(name, name)}?options=-csearch_path%3Dperf")
    assert server.rows(name, "SELECT count(*) FROM perf.autogauge_runs") == [(11,)]


def test_odd_texts_are_kept_as_far_as_a_database_can(server, name, tmp_path, export):
    long = "latency: " + "x" * 5000
    save(tmp_path / "odd" / "lab-ö", {long: 0.1, long + "y": 0.2}, machine='lab\0\ud800 "ö" \'; DROP TABLE x; --')
    assert "1 run new" in export(
        history=tmp_path / "odd" / "lab-ö"
    )  # by itself: in a history the folder is the machine
    ((machine, count),) = server.rows(
        name, "SELECT machine, count(*) FROM autogauge_runs r JOIN autogauge_benchmarks b ON b.run = r.id GROUP BY 1"
    )
    assert count == 2
    assert machine.endswith('"ö" \'; DROP TABLE x; --')


def queries_of_the_page():
    return re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "lab.md").read_text(), re.S)


def test_the_queries_of_the_page_show_the_trend_and_what_is_stale(server, name, tmp_path, export):
    """Exactly what docs/lab.md has is run, by a user who may only read."""
    days = (datetime.datetime.now(datetime.timezone.utc) - BEGAN) / datetime.timedelta(days=1)
    for age, latency in ((30, 0.010), (20, 0.011), (1, 0.020)):
        save(tmp_path / "h" / "lab-01", {LATENCY: latency}, ratios={LATENCY: latency * 100}, days=days - age)
    save(tmp_path / "h" / "lab-02", {LATENCY: 0.5, PER_FRAME: 1.0}, machine="lab-02", days=days - 12)
    save(tmp_path / "h" / "lab-02", {LATENCY: 9.9}, machine="lab-02", days=days - 9, standing=Standing.QUARANTINED)
    export(history=tmp_path / "h")
    with server.connect(name) as boss:
        boss.execute(f"SET ROLE {name}")
        trend, newest = (boss.execute(each).fetchall() for each in queries_of_the_page())
    ours = [row for row in trend if row[1].startswith("lab-01")]
    assert [round(row[2], 3) for row in ours] == [10, 11, 20]  # ms
    assert [row[0] for row in trend] == sorted(row[0] for row in trend)
    assert all(row[0].tzinfo for row in trend)
    assert {row[1] for row in trend} == {f"lab-01, {LATENCY}", f"lab-02, {LATENCY}"}
    found = {(row[0], row[1]): row[2:] for row in newest}
    assert {*found} == {("lab-01", LATENCY), ("lab-02", LATENCY), ("lab-02", PER_FRAME)}
    assert found["lab-02", LATENCY][1] == "quarantined"
    assert [round(found[key][-1]) for key in found] == [12, 9, 1]  # days, the oldest first


def test_a_run_that_did_not_change_is_not_written_again(server, name, export):
    export()
    count = "SELECT xmin::text, count(*) FROM autogauge_benchmarks GROUP BY 1"  # the transactions that wrote them
    before = server.rows(name, count)
    export()
    assert server.rows(name, count) == before


def test_what_was_exported_before_it_became_a_copy_goes(server, name, tmp_path, export):
    history = tmp_path / "own"
    year(history, "lab-01", runs=3)
    (history / "lab-01").rename(history / "backup")
    assert "3 runs new" in export(history=history)
    shutil.copytree(history / "backup", history / "lab-01")
    said = export(history=history)
    assert "3 runs new, 0 changed, 3 removed, 0 as they were" in said
    assert "NOTE" not in said
    assert {row[0] for row in runs(server, name)} == {"lab-01"}
    assert {*server.rows(name, "SELECT machine, measured_as FROM autogauge_runs")} == {("lab-01", "lab-01")}
