"""A history with things in it that are no saved runs: each is named, and no reader stops, waits or fills the memory because of it."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history import baseline, index, records, standing
from tests.histories import LATENCY, document, save, year
from tests.support import ROOT, run_cli

DEEP = '{"benchmarks": [{"fullname": "x", "stats": {"median": ' + "[" * 400 + "]" * 400 + "}}]}"


def write(path, text):
    path.write_text(text)


ODD = {
    "fifo": os.mkfifo,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "looping": lambda path: path.symlink_to(path.name),
    "folder": lambda path: path.mkdir(),
    "huge": lambda path: (write(path, ""), os.truncate(path, records.LARGEST_BYTES + 1)),
    "deep": lambda path: write(path, "[" * 100_000),
    "half": lambda path: write(path, '{"benchmarks": ['),
}
DATES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"]


@pytest.fixture
def lab(tmp_path):
    year(tmp_path / "reports" / "history", runs=8)
    return tmp_path / "reports" / "history" / "lab-01"


def readers(lab):
    """Every command that reads a history, as words."""
    history = lab.parent
    where = (f"--history={history}", f"--cache={history.parent / 'cache'}")
    return [
        ("history", *where),
        ("history", "export", str(history.parent / "runs.csv"), *where),
        ("compare", f"{lab}/0001_*.json", "machine=lab-01", *where),
        ("report", f"--out={history.parent / 'trends'}", *where),
        ("gate", str(next(lab.glob("0008_run*.json")))),
    ]


ALL_OF_THEM = """
import json, sys
from autogauge.cli.main import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["autogauge", *words]
    print("COMMAND", words[0], flush=True)
    try:
        main()
    except SystemExit as end:
        print("STATUS", end.code or 0, flush=True)
"""


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))


def test_every_reader_names_what_is_odd_and_goes_on(lab):
    """All commands in one process, whose memory is limited: what is endless would end it."""
    for number, (name, make) in enumerate(ODD.items()):
        make(lab / f"{number + 40:04d}_{name}.json")
    for place, moment in enumerate(DATES):
        made = {**document({LATENCY: 0.01}), "datetime": moment}
        write(lab / f"{place + 20:04d}_date.json", json.dumps(made))
    write(lab / "0030_nested.json", DEEP)
    commands = readers(lab)
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THEM, json.dumps(commands)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=ROOT,
        preexec_fn=limited,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    said = [" ".join(each.split()) for each in done.stdout.split("COMMAND ")[1:]]
    assert len(said) == len(commands)
    assert all(each.endswith(("STATUS 0", "STATUS 1")) for each in said), said
    for name in ODD:
        assert f"_{name}.json" in said[0].replace(" ", ""), "a long path is folded anywhere"
    assert "8 files were left out" in said[0]


@pytest.mark.parametrize("odd", ["fifo", "endless", "dangling", "looping", "huge", "deep"])
def test_a_baseline_leaves_it_out_by_name(lab, odd):
    ODD[odd](lab / f"0099_{odd}.json")
    found = baseline.find(lab, "f" * 16)
    assert len(found.runs) == 8
    assert any(f"0099_{odd}.json" in problem for problem in found.problems)


@pytest.mark.parametrize("odd", ["fifo", "endless", "dangling", "looping"])
def test_a_run_whose_standing_cannot_be_read_is_not_judged_against(lab, odd):
    run = next(lab.glob("0005_*.json"))
    ODD[odd](standing.path_of(run))
    with pytest.raises(UserError, match="does not say whether its run is accepted"):
        standing.read(run)
    assert len(baseline.find(lab, "f" * 16).runs) == 7


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.fixture(scope="module")
def nobody():
    """The words that run a command as another user, where that one may read this project."""
    if os.geteuid() != 0 or shutil.which(NOBODY[0]) is None:
        pytest.skip("only root, with setpriv, can act as another user")
    asked = [*NOBODY, sys.executable, "-c", "import autogauge.cli.main"]
    if subprocess.run(asked, cwd=ROOT, capture_output=True, timeout=60, check=False).returncode:
        pytest.skip(f"another user may not read {ROOT} or {sys.executable}")
    return NOBODY


@pytest.fixture
def seen_by_all():
    """A lab where others may look: not below pytest's folder, from which each session that starts keeps others out."""
    with tempfile.TemporaryDirectory(prefix="autogauge-test-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101
        year(Path(folder, "reports", "history"), runs=8)
        yield Path(folder, "reports", "history", "lab-01")


@pytest.mark.parametrize("mode", [0o000, 0o711], ids=["closed", "only to be entered"])
def test_a_folder_that_this_user_may_not_look_into_is_no_empty_history(nobody, seen_by_all, mode):
    lab = seen_by_all
    run = next(lab.glob("0008_run*.json"))
    lab.chmod(mode)
    (listed, _, _, reported, judged) = readers(lab)
    commands = [listed, reported, judged, ("gate", f"--history={lab.parent}", "8")]
    done = subprocess.run(
        [*nobody, sys.executable, "-c", ALL_OF_THEM, json.dumps([*commands, ("accept", str(run))])],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=ROOT,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.count("STATUS 2") == len(commands) + 1, (done.stdout, done.stderr)
    of_the_run = mode == 0  # whose file cannot be opened at all then
    assert done.stderr.count(f"cannot read the folder {lab}: Permission denied") == len(commands) - of_the_run


def test_a_folder_beside_machines_that_this_user_may_not_look_into_is_left_out_aloud(nobody, seen_by_all):
    lab = seen_by_all
    (lab.parent / "lost+found").mkdir(mode=0o700)
    command = [sys.executable, "-m", "autogauge", "history", f"--history={lab.parent}"]
    done = subprocess.run([*nobody, *command], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "8 runs: 8 accepted" in done.stdout
    assert f"left out: cannot read the folder {lab.parent}/lost+found: Permission denied" in done.stderr


MARK = {"newer": "f" * 16, "older": "e" * 16}
HALVES = {"why": "half a character: \ud800", "benchmarks": {f"{LATENCY}\udfff": "quarantined"}, "new_level": ["\ud800"]}


@pytest.mark.parametrize(
    ("fields", "runs"),
    [
        ({"standing": "quarantined", "others": "accepted", **HALVES}, 8),
        ({"continues": {**MARK, "folder": "a" * 5000}}, 7),
    ],
    ids=["halves of characters", "a folder of no length that there is"],
)
def test_a_standing_with_texts_that_no_file_system_or_database_takes_stops_no_reader(lab, tmp_path, fields, runs):
    (run,) = lab.glob("0005_*.json")
    standing.path_of(run).write_text(json.dumps({"standing": "accepted", "schema": 2, **fields}))
    assert len(baseline.find(lab, "f" * 16).runs) == runs
    for words in readers(lab):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (words, done.output, done.exception)


HOSTILE_LABELS = {
    "very many": {f"key {number}": "x" for number in range(10_000)},
    "very long": {"\x1b]0;owned\x07" * 1000: "\x00\x9b2J\ud800" * 100_000},
    "nested": {"policy": json.loads("[" * 400 + "]" * 400)},
    "called like fields": dict.fromkeys(("machine", "run", "last", "openvino", "file", "label.file", "=1", "__proto__"), "x"),
}  # fmt: skip


def test_labels_of_any_kind_stop_no_reader_and_stay_within_bounds(lab, tmp_path):
    for place, labels in enumerate(HOSTILE_LABELS.values(), 20):
        made = document({"latency: GPU": 0.01, "latency: CPU": 0.01}, labels=labels)
        write(lab / f"{place:04d}_labels.json", json.dumps(made))
    words = (f"--history={lab.parent}", f"--cache={tmp_path / 'cache'}")
    more = [
        ("history", "--json", "--where=label.machine=x", *words),
        ("compare", "machine=lab-01 standing=*", "--by=device", *words),
        ("history", "--where=nothing=x", *words),
        ("compare", "machine=lab-01", "--by=nothing", *words),
    ]
    for command in (*readers(lab), *more):
        done = CliRunner().invoke(app, command)
        said = done.output + str(done.exception or "")
        assert isinstance(done.exception, UserError) == ("nothing" in " ".join(command)), (command, done.exception)
        assert not {*"\x1b\x07\x9b\u202e\ud800"} & {*said}, command
        assert len(said) < 60_000, (command, len(said))
    page = tmp_path / "reports" / "trends" / "index.html"
    assert page.stat().st_size < 500_000


def test_what_was_in_the_way_and_is_gone_is_read(lab, tmp_path):
    link = lab / "0009_later.json"
    link.symlink_to(tmp_path / "later.json")
    with index.opened(lab, tmp_path / "cache") as found:
        assert not found.runs()[-1].readable
    (tmp_path / "later.json").write_text(json.dumps(document({LATENCY: 0.01})))
    with index.opened(lab, tmp_path / "cache") as found:
        assert found.runs()[-1].readable


HOLDER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def test_an_index_that_another_process_locks_is_waited_for_aloud_and_then_done_without(lab, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    with index.opened(lab, cache) as found:
        whole = [run.path for run in found.runs()]
    monkeypatch.setattr(index, "PATIENCE_S", 0.1)
    monkeypatch.setattr(index, "BUSY_S", 0.3)
    command = [sys.executable, "-c", HOLDER, str(index.path_of(lab, cache))]
    said = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with index.opened(lab, cache, say=said.append) as found:
            assert [run.path for run in found.runs()] == whole
        holder.stdin.close()
    assert ["waiting for another process" in each for each in said] == [True, False]
    assert "read without it" in said[1]
    with index.opened(lab, cache, say=said.append) as found:
        assert len(found.runs()) == 8
    assert len(said) == 2


def test_a_name_of_two_hundred_kilobytes_full_of_escapes_is_shown_short_and_plain(tmp_path):
    name = "\x1b]0;owned\x07\x9b2J\u202e" + "n" * 200_000
    folder = tmp_path / "history" / "lab"
    for number in range(3):
        save(
            folder,
            {f"latency: {name}{each}": 0.01 for each in range(2)},
            days=number,
            machine=name,
            model=name,
            openvino=name,
        )
    words = (f"--history={folder.parent}", f"--cache={tmp_path / 'cache'}")
    for command in (
        ("history", *words),
        ("compare", f"{folder}/0001_*.json", f"{folder}/0003_*.json", *words),
        ("compare", f"{folder}/0001_*.json", "benchmark=none", *words),
        ("gate", str(folder)),
        ("report", f"--out={tmp_path / 'trends'}", *words),
    ):
        done = CliRunner().invoke(app, [*command])
        said = done.output + (str(done.exception) if isinstance(done.exception, UserError) else "")
        assert done.exception is None or isinstance(done.exception, (UserError, SystemExit)), done.exception
        assert said.strip(), command
        assert not {*"\x1b\x07\x9b\u202e"} & {*said}, command
        assert len(said) < 30_000, (command, len(said))


def test_a_cell_of_a_csv_is_never_a_formula(tmp_path):
    import csv

    names = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1"]
    for number, name in enumerate(names):
        save(tmp_path / "history", {f"{name}: AUTO": 0.01}, machine=name, model=name, days=number)
    out = tmp_path / "runs.csv"
    done = run_cli("history", "export", str(out), f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}")
    assert done.returncode == 0, done.stderr
    with out.open(newline="") as stream:
        rows = {row["number"]: row for row in csv.DictReader(stream)}
    for number, name in enumerate(names, 1):
        row = rows[str(number)]
        assert (row["machine"], row["model"], row["benchmark"]) == (f"'{name}", f"'{name}", f"'{name}: AUTO")
        assert float(row["median_s"]) == 0.01
