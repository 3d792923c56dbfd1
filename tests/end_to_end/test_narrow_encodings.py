"""Where output takes ASCII or Latin-1 only, no command dies of it: near characters take the place of those that cannot be printed."""

import io
import json
import os
import re
import subprocess
import sys

import pytest

from autogauge import files
from autogauge.report import output
from tests import histories
from tests.properties import for_all
from tests.support import ROOT, run_cli, run_suite

NAME_OF_MACHINE = "Prüfstand"
NAME = "latency: Gerät–機械 ÷ \N{ROCKET} → AUTO-LATENCY"
LATIN_1, ASCII = {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
COMMANDS = {
    "--help": 0,
    "aa --help": 0,
    "history": 0,
    "history --json": 0,
    "compare last=1 last=2": 0,
    "compare last=1 last=2 --markdown": 0,
    "compare last=1 last=2 --json": 0,
    "report --out={folder}/trends": 0,
    "gate {run}": 0,
    "gate {run} --json": 0,
    "accept {run}": 0,
    "models --cache={folder}/cache": 0,
    "models --cache={folder}/cache --json": 0,
    "compare {folder}/機械 last=1": 2,
    "aa --hint=÷–…": 2,
}
SLOW = {"doctor": None, "devices": 0}
SETS = {"ascii": (ASCII, "ascii"), "latin-1": (LATIN_1, "latin-1"), "C locale": (C_LOCALE, "ascii")}
EACH = """
import json, os, sys
from autogauge.cli.main import main
for number, words in enumerate(json.load(open(sys.argv[1], encoding="utf-8"))):
    sys.argv[1:] = [os.fsdecode(word.encode()) for word in words]
    try:
        main()
        status = 0
    except SystemExit as error:
        status = error.code
    for stream in (sys.stdout, sys.stderr):
        print(f"=={number} {status}", file=stream, flush=True)
"""


@pytest.fixture(
    scope="module", params=["ascii", *(pytest.param(each, marks=pytest.mark.slow) for each in ("latin-1", "C locale"))]
)
def done(request, tmp_path_factory):
    """Every command in one process with that encoding, as its module starts it: status, standard output and error of each."""
    folder = tmp_path_factory.mktemp("narrow")
    for number in range(6):
        run = histories.save(folder / "history" / NAME_OF_MACHINE, {NAME: 0.01 + number / 1e5}, days=number)
    environment, encoding = SETS[request.param]
    commands = []
    for command in COMMANDS:
        words = command.format(folder=folder, run=run).split(" ")
        if words[0] in ("history", "compare", "report"):
            words += [f"--history={folder}/history", f"--cache={folder}/cache"]
        commands.append(words)
    (folder / "commands").write_text(json.dumps(commands), encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-c", EACH, str(folder / "commands")],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120", **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )
    out, err = found.stdout.decode(encoding), found.stderr.decode(encoding)
    assert found.returncode == 0, out + err
    parts = [re.split(r"^==\d+ (.*)\n", text, flags=re.MULTILINE) for text in (out, err)]
    return {
        command: (int(parts[0][2 * number + 1]), parts[0][2 * number], parts[1][2 * number], encoding)
        for number, command in enumerate(COMMANDS)
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_dies_of_a_character(done, command):
    status, out, err, encoding = done[command]
    assert status == COMMANDS[command], out + err
    assert "Traceback" not in out + err
    if "--json" in command:
        text = json.dumps(json.loads(out), ensure_ascii=False).encode(errors="surrogateescape").decode()
        assert (NAME_OF_MACHINE if command.startswith("history") else NAME) in text or command.startswith("models")
    elif command.startswith(("compare last", "gate")):
        assert "Ger" in out
        assert "÷" not in out or encoding == "latin-1"


@pytest.mark.slow
@pytest.mark.parametrize("command", SLOW)
@pytest.mark.parametrize(("environment", "encoding"), SETS.values(), ids=SETS)
def test_nor_does_one_that_asks_openvino(command, environment, encoding, tmp_path):
    found = run_cli(command, as_bytes=True, AUTOGAUGE_CACHE=str(tmp_path), **environment)
    assert "Traceback" not in found.stdout.decode(encoding) + found.stderr.decode(encoding)
    assert found.returncode in (0, 1)
    assert "CPU" in found.stdout.decode(encoding)


@pytest.mark.slow
@pytest.mark.parametrize(("environment", "encoding"), [(C_LOCALE, "ascii"), (ASCII, "ascii")])
def test_the_sessions_report_keeps_its_lines(environment, encoding, tmp_path, model_cache):
    options = ("-m", "perf", "--profile=quick", "--model=one-convolution", "-k", "first_inference_latency")
    reports = tmp_path / "Prüfstand 機械"  # in an ASCII locale its name is no text to Python
    found = run_suite(*options, f"--reports={reports}", f"--cache={model_cache}", as_bytes=True, **environment)
    text = found.stdout.decode(encoding)
    assert found.returncode == 0, text
    lines = text.splitlines()
    assert any(line.startswith(" target  FIL ms (n)") for line in lines), text
    assert any(line.startswith(" ----") for line in lines), text
    assert "FIL of AUTO / CPU = " in text
    assert "\\n" not in text
    summary = json.loads((reports / "latest" / "summary.json").read_bytes())
    assert summary["history_file"].startswith(f"{reports}/history/")
    assert (reports / "latest" / "index.html").read_bytes().decode()


@pytest.mark.parametrize(
    ("name", "json_text", "page"),
    [
        ("Prüf", '"Prüf"\n', "Prüf"),
        (os.fsdecode("Prüf".encode()).encode().decode("ascii", "surrogateescape"), '"Prüf"\n', "Prüf"),
        ("a \udcff b", '"a \\udcff b"\n', "a ? b"),
        ("a \ud800 b", '"a \\ud800 b"\n', "a ? b"),
    ],
    ids=["text", "UTF-8 in an ASCII locale", "no text", "half a character"],
)
def test_a_name_of_any_bytes_can_be_saved(name, json_text, page):
    assert files.as_json(name).decode() == json_text
    assert json.loads(files.as_json(name)) in (name, "Prüf")
    assert files.utf8(name).decode() == page


def written(text, encoding, errors="strict"):
    stream = io.TextIOWrapper(raw := io.BytesIO(), encoding=encoding, errors=errors)
    output.make_writable(stream, None, object())
    stream.write(text)
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("÷ – … → × ∞", "ascii", "/ - ... -> x inf"),
        ("÷ – … → × ∞", "latin-1", "÷ - ... -> × inf"),
        ("┌─┐│└─┘━", "ascii", "+-+|+-+-"),
        ("Gerät №1 机\N{ROCKET}", "ascii", "Gerat No1 ??"),
        ("a name of \udcff bytes", "utf-8", "a name of ? bytes"),
        ("✅ kept ⚠️ open", "cp1252", "+ kept ! open"),
    ],
)
def test_what_is_written_in_place_of_what_cannot_be(text, encoding, shown):
    assert written(text, encoding) == shown


@for_all(lambda st: (st.text(), st.sampled_from(["ascii", "latin-1", "cp437", "shift_jis", "utf-8"])))
def test_every_text_can_be_written(text, encoding):
    assert len(written(text, encoding)) >= 0


def test_another_way_that_was_asked_for_stays():
    assert written("÷", "ascii", "replace") == "?"
