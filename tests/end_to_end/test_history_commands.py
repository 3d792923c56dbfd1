"""The commands that read history, as an analyst types them."""

import csv
import json
import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history.standing_file import Standing
from tests.histories import LATENCY, PER_FRAME, save, year
from tests.support import run_cli, sentence_of


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Two releases on one machine, one run quarantined, one file that is half a run."""
    folder = tmp_path_factory.mktemp("reports") / "history"
    year(folder, runs=10, openvino="2026.3.0")
    year(folder, runs=10, openvino="2026.4.1", slower=1.10, days=30)
    save(folder / "lab-01", {LATENCY: 0.5}, standing=Standing.QUARANTINED, days=50)
    (folder / "lab-01" / "0022_half.json").write_text('{"benchmarks": [')
    return folder


def cli(history, *words, **options):
    cache = history.parent / "cache"
    return run_cli(*words, f"--history={history}", f"--cache={cache}", **options)


def test_history_lists_runs_a_line_each_and_names_what_it_left_out(history):
    done = cli(history, "history", COLUMNS="80")
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    lines = [line for line in done.stdout.splitlines() if "googlenet-v1" in line]
    assert len(lines) == 20
    assert lines[-1].split()[:3] == ["0021", "lab-01", "2026-02-20"]
    assert lines[-1].rstrip().endswith("quarantined")
    assert "21 runs, the newest 20 shown (--all shows the other 1): 20 accepted, 1 quarantined, 1 unreadable" in words
    assert "NOTE 1 file was left out:" in words
    assert "0022_half.json is no saved run, or half of one" in words


def test_history_filters_and_prints_json(history):
    done = cli(history, "history", "--json", "--where=openvino=2026.3", "--where=last=3")
    runs = [each for each in json.loads(done.stdout) if each["standing"] != "unreadable"]
    assert [each["number"] for each in runs] == [8, 9, 10]
    assert {each["openvino"] for each in runs} == {"2026.3.0"}


def test_history_is_exported_to_csv_and_parquet(history, tmp_path):
    done = cli(history, "history", "export", str(tmp_path / "runs.csv"))
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'runs.csv'}: 41 rows from 21 runs; 1 left out" in done.stdout
    with (tmp_path / "runs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 41
    assert {row["benchmark"] for row in rows} == {LATENCY, PER_FRAME}
    assert float(rows[0]["median_s"]) == pytest.approx(0.0099)
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="Parquet is tested where requirements-export.txt is installed"
    )
    assert cli(history, "history", "export", str(tmp_path / "runs.parquet")).returncode == 0
    table = parquet.read_table(tmp_path / "runs.parquet")
    assert table.num_rows == 41
    assert [str(row[name] or "") for row in table.to_pylist() for name in ("file", "median_s", "standing")] == [
        str(row[name]) for row in rows for name in ("file", "median_s", "standing")
    ]


def test_compare_says_which_release_is_slower_in_three_languages(history, tmp_path):
    sides = ("openvino=2026.3", "openvino=2026.4")
    page = tmp_path / "page" / "compare.html"
    page.parent.mkdir()
    done = cli(history, "compare", *sides, f"--html={page}")
    assert done.returncode == 0, done.stderr
    assert "10 runs of lab-01, openvino 2026.3.0, 2026-01-01 to 2026-01-10" in done.stdout
    assert done.stdout.count("FAIL") == 2
    assert page.is_file()
    assert next((page.parent / "assets").iterdir()).name.startswith("plotly-")
    found = json.loads(cli(history, "compare", *sides, "--json").stdout)
    assert [each["verdict"] for each in found["benchmarks"]] == ["FAIL", "FAIL"]
    assert found["benchmarks"][0]["ci"][0] > 1.03
    shown = cli(history, "compare", *sides, "--markdown").stdout
    assert "## B against A: 2 FAIL" in shown
    assert "| ❌ FAIL | latency: AUTO-LATENCY | 1 | 1.1 | +10.0 % |" in shown
    assert cli(history, "compare", *sides, "--fail").returncode == 1
    assert cli(history, "compare", *reversed(sides), "--fail").returncode == 0


def test_report_writes_pages_that_lie_beside_their_script(history, tmp_path):
    done = cli(history, "report", f"--out={tmp_path / 'trends'}")
    assert done.returncode == 0, done.stderr
    assert f"report: {tmp_path / 'trends' / 'index.html'} (21 runs)" in done.stdout.replace("\n", "")
    runs, *trends = sorted(path.name for path in (tmp_path / "trends" / "data").iterdir())
    assert (runs, len(trends)) == ("runs.js", 2)
    assert all(re.fullmatch(r"t[0-9a-f]{12}\.js", each) for each in trends)


def test_pytest_benchmark_compares_our_files_as_they_are(history):
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "--storage", str(history / "lab-01"), "compare", "0001", "0011"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_latency[AUTO-LATENCY] (0001" in done.stdout
    assert "test_latency[AUTO-LATENCY] (0011" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("compare", "nowhere.json", "machine=lab-01"), "there is no 'nowhere.json'"),
        (("compare", "machine=lab-01", "machine=lab-99"), "names no run"),
        (("compare", "machine=lab-01", "machine=lab-01", "--json", "--markdown"), "choose one"),
        (("history", "--where=machin=x"), "is no filter"),
        (("history", "export", "runs.xlsx"), "ends in neither .csv nor .parquet nor .prom"),
        (("report", "--where=machine=lab-99"), "passes the filters"),
        (("report", "--out=tests"), "holds something else than a report"),
        (("report", "--out=/proc/trends"), "cannot write the report in /proc/trends"),
    ],
)
def test_mistakes_are_one_sentence(history, words, says):
    assert says in sentence_of(cli(history, *words))


@pytest.mark.parametrize("command", ["history", "report"])
def test_an_empty_history_and_a_folder_that_is_none_are_one_sentence(tmp_path, command):
    assert "there is no saved run in" in sentence_of(run_cli(command, f"--history={tmp_path}"))
    assert "there is no" in sentence_of(run_cli(command, f"--history={tmp_path / 'nowhere'}"))


@pytest.fixture
def two_machines(tmp_path):
    for machine in ("lab-01", "lab-02"):
        year(tmp_path / "history", machine=machine, runs=14 if machine == "lab-01" else 12)
    return tmp_path / "history"


@pytest.mark.slow
def test_a_run_is_taken_by_the_number_that_history_shows(two_machines):
    def gated(*words):
        return run_cli(*words, f"--history={two_machines}")

    for words in (("accept", "13"), ("reject", "0013", "--why=fan broken"), ("gate", "14"), ("gate", "lab-02/12")):
        done = gated(*words)
        assert done.returncode == 0, done.stderr
    rejected = next((two_machines / "lab-01").glob("0013_*.standing"))
    assert json.loads(rejected.read_bytes())["standing"] == "quarantined"
    done = gated("gate", "lab-02/12", "--against=3", "--json")
    judged = json.loads(done.stdout)
    assert "lab-02/0012_" in judged["run"]
    assert "0003" in judged["judgements"][0]["against"]
    assert "several machines have a run 0012: write lab-01/12 or lab-02/12" in sentence_of(gated("accept", "12"))
    assert "there is no run 0099 in" in sentence_of(gated("reject", "99", "--why=x"))
    assert "there is no run 0014 in" in sentence_of(gated("gate", "lab-02/14"))
    done = cli(two_machines, "compare", "13", "14")
    assert done.returncode == 0, done.stderr
    shown = json.loads(cli(two_machines, "history", "--json", "--where=run=12").stdout)
    assert [(each["machine"], each["number"]) for each in shown] == [("lab-01", 12), ("lab-02", 12)]


@pytest.mark.parametrize("name", ["page.html", "runs.csv", "runs.parquet"])
def test_what_is_no_file_is_not_replaced_by_one(history, tmp_path, name):
    """As root one could replace /dev/null so, for the whole machine."""
    os.mkfifo(tmp_path / name)
    (tmp_path / f"link-{name}").symlink_to(tmp_path / name)
    for place in (tmp_path / name, tmp_path / f"link-{name}"):
        words = (
            ("compare", "run=1", "run=2", f"--html={place}")
            if name == "page.html"
            else ("history", "export", str(place))
        )
        done = CliRunner().invoke(app, [*words, f"--history={history}", f"--cache={tmp_path}/cache"])
        assert isinstance(done.exception, UserError)
        assert "there is a device or a pipe in its place" in str(done.exception)
        assert place.is_fifo()


def test_a_page_is_not_written_over_a_saved_run(history, tmp_path):
    run = next(history.glob("*/*.json"))
    before = run.read_bytes()
    done = CliRunner().invoke(app, ["compare", "run=1", "run=2", f"--html={run}", f"--history={history}"])
    assert isinstance(done.exception, UserError)
    assert "let it end in .html or .htm" in str(done.exception)
    assert run.read_bytes() == before
