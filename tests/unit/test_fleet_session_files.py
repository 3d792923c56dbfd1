"""What a session of a lab's machine leaves, and what of it is believed: the scripts themselves, run by a shell here."""

import base64
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from autogauge.lab.fleet import engine, results
from autogauge.lab.fleet.accounts import Account
from autogauge.lab.fleet.inventory import Machine
from tests.support import wait_until

FILES = engine.PLAYBOOKS / "roles/machine/files"
LAB1 = Machine("lab1", "lab1")


@pytest.fixture
def measured(tmp_path):
    """``measured("echo x")``: what a session's folder holds after a pytest that does this, with ``latest`` as the folder it writes."""
    folder = tmp_path / "lab"
    (folder / "reports" / "latest").mkdir(parents=True)

    def run(does, session="s1"):
        project, python = tmp_path / "project", tmp_path / "python"
        project.mkdir(exist_ok=True)
        python.write_text(f"#!/bin/sh\nlatest={folder}/reports/latest\n{does}\n")
        python.chmod(0o755)
        own = {"FOLDER": folder, "SESSION": session, "PROJECT": project, "PYTHON": python, "MACHINE": "lab1"}
        around = {
            **os.environ,
            **{name: str(value) for name, value in own.items()},
            "LIMIT_S": "60",
        }
        command = ["sh", "-c", (FILES / "start.sh").read_text(), "sh"]
        exports = base64.b64encode(b"export TOKEN='of a lab'").decode()
        subprocess.run(
            command, env=around, check=True, timeout=60, input=f"{exports}\nlab1/0001_x.json\t1\n", text=True
        )
        assert wait_until((folder / "sessions" / session / "status").exists, 60)
        return folder / "sessions" / session

    return run


def test_another_sessions_summary_is_not_taken_for_its_own(measured):
    place = measured('sleep 0.1; echo {} >"$latest/summary.json"; echo "ERROR: another session measures"; exit 2')
    assert not (place / "summary.json").exists()


def test_its_own_is(measured):
    place = measured('sleep 0.1; echo {} >"$latest/summary.json"; echo "summary: $latest/summary.json"; exit 1')
    assert (place / "summary.json").read_text() == "{}\n"
    assert (place / "status").read_text() == "1\n"


def test_what_it_reads_is_its_environment_and_what_need_not_come_again(measured):
    place = measured('echo "$TOKEN"; exit 0')
    assert (place / "output").read_text() == "of a lab\n"
    assert (place / "at-home").read_text() == "lab1/0001_x.json\t1\n"


def test_copies_of_the_project_that_nobody_uses_are_removed(measured, tmp_path):
    folder, long_ago = tmp_path / "lab", time.time() - 9 * 86400
    for name in ("project-0123456789ab", "project-ba9876543210", "project-mine"):
        (folder / name).mkdir()
        (folder / name / ".complete").touch()
        if "0123" in name or "mine" in name:
            os.utime(folder / name / ".complete", (long_ago, long_ago))
    measured("exit 0")
    assert sorted(each.name for each in folder.glob("project-*")) == ["project-ba9876543210", "project-mine"]


def test_a_long_summary_comes_whole_and_of_a_long_output_the_end(tmp_path):
    place = tmp_path / "lab" / "sessions" / "s1"
    place.mkdir(parents=True)
    summary = json.dumps(
        {"verdicts": [{"verdict": "PASS", "text": "x" * 5_000_000}], "history_file": "lab1/0001_a.json"}
    )
    (place / "summary.json").write_text(summary)
    (place / "output").write_text("y" * 5_000_000 + "end")
    (place / "at-home").touch()
    own = {"FOLDER": str(tmp_path / "lab"), "SESSION": "s1", "NAME": "lab1"}
    command = ["sh", "-c", (FILES / "pack.sh").read_text()]
    done = subprocess.run(
        command,
        env={**os.environ, **own},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    account, came = Account(LAB1), tmp_path / "came"
    results.unpack(Path(done.stdout.strip()), account, came)
    results.read(account, came)
    assert account.verdicts == {"PASS": 1}
    assert account.run == "lab1/0001_a"
    output = (came / "output").read_bytes()
    assert (len(output), output[-3:]) == (4_000_000, b"end")
    assert account.notes == []


def test_a_summary_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "summary.json").write_text('{"verdicts": [')
    account = Account(LAB1, status="0")
    results.read(account, tmp_path)
    assert "summary.json cannot be read" in account.notes[0]
    assert not account.is_good
