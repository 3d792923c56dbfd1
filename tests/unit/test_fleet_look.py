"""The first look at a lab's machine: the script itself, run by a shell here."""

import fcntl
import os
import pwd
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from autogauge.lab.fleet import engine
from tests.cases import each_of

LOOK = (engine.PLAYBOOKS / "roles/machine/files/look.sh").read_text()


@pytest.fixture
def look(tmp_path):
    """``look(LOCK=…)``: what it says, by names; ``problem`` is a list."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "home").mkdir()

    def run(as_user=None, free_mib=5000, **own):
        df = tmp_path / "bin" / "df"
        df.write_text(f"#!/bin/sh\necho head\necho x 1 1 {free_mib * 1024} 1 x\n")
        df.chmod(0o755)
        settings = {
            "FOLDER": "~/lab",
            "PYTHON": "",
            "BASE_PYTHON": sys.executable,
            "PROJECT": "",
            "COPY": "p",
            "LOCK": "",
        }
        settings |= {"LEAST_MIB": "300", "CLOCK_S": "60", "NOW": str(int(time.time())), "HOME": str(tmp_path / "home")}
        around = {**os.environ, **settings, **own, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", LOOK], env=around, capture_output=True, text=True, timeout=60, check=True, **as_user or {}
        )
        pairs = [line.split("=", 1) for line in done.stdout.splitlines()]
        return {**dict(pairs), "problem": [value for name, value in pairs if name == "problem"]}

    return run


def test_a_new_machine_needs_room_for_what_is_made_there(look, tmp_path):
    assert look(free_mib=1301)["problem"] == []
    (said,) = look(free_mib=1299)["problem"]
    assert "only 1299 MiB are free" in said
    assert "1300 are needed (1000 for the environment and the cache" in said
    assert look(free_mib=299, LEAST_MIB="0")["problem"] == []
    (tmp_path / "home/lab/venv").mkdir()
    (tmp_path / "home/lab/venv/made-for").touch()
    assert look(free_mib=301)["problem"] == []
    (said,) = look(free_mib=299)["problem"]
    assert "300 are needed: " in said


def test_one_that_has_an_interpreter_is_given_no_environment(look):
    assert not any("MiB" in each for each in look(free_mib=301, PYTHON=sys.executable)["problem"])


@each_of(
    ("own", "names"),
    [({"PYTHON": "python3.99"}, "(autogauge_python)"), ({"BASE_PYTHON": "python3.99"}, "(autogauge_base_python)")],
)
def test_the_variable_that_is_named_is_the_one_that_was_set(look, own, names):
    (said,) = look(**own)["problem"]
    assert said.startswith("python3.99 does not start there")
    assert said.endswith(names)


@each_of("name", ["nowhere/lock", "plain/lock", "folder"])
def test_a_lock_that_no_session_could_take_is_told(look, tmp_path, name):
    (tmp_path / "plain").touch()
    (tmp_path / "folder").mkdir(exist_ok=True)
    found = look(LOCK=str(tmp_path / name))
    (said,) = found["problem"]
    assert f"lock {tmp_path / name}" in said
    assert "autogauge_lock" in said
    assert "lock" not in found


def test_a_folder_of_the_lock_that_may_not_be_written_to_is_not_told_to_be_missing(look):
    with tempfile.TemporaryDirectory() as folder:
        closed = Path(folder, "closed")
        closed.mkdir(mode=0o555)
        Path(folder).chmod(0o755)
        words = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        found = look(words, LOCK=str(closed / "lock"))["problem"]
    who = pwd.getpwuid(65534 if words else os.geteuid()).pw_name
    (said,) = [each for each in found if "(autogauge_lock)" in each]
    assert said.startswith(
        f"there is no lock {closed}/lock, and user {who} may not make one in that folder: let all who"
    )


def test_a_lock_that_the_first_session_makes_is_free(look, tmp_path):
    assert look(LOCK=str(tmp_path / "lock"))["lock"] == "free"
    assert look(LOCK="~/lock")["lock"] == "free"
    assert look(LOCK="~/none/lock")["problem"][0].startswith(f"there is no lock {tmp_path}/home/none/lock,")


def test_who_holds_a_lock_is_told(look, tmp_path):
    for line, said in (("process 7: pytest --k=x\n", "held by process 7: pytest --k=x"), ("", "held by somebody")):
        with (tmp_path / "lock").open("w") as file:
            file.write(line)
            file.flush()
            fcntl.flock(file, fcntl.LOCK_EX)
            assert look(LOCK=str(tmp_path / "lock"))["lock"].startswith(said)


def test_a_wrong_clock_is_told_with_what_it_may_be_wrong_by(look):
    (said,) = look(NOW=str(int(time.time()) - 3600), CLOCK_S="90")["problem"]
    assert said.startswith("its clock is 36")
    assert "over 90 s (autogauge_clock_s)" in said


def test_the_sentence_of_doctor_is_brought_home_without_its_own_prefix():
    tasks = (engine.PLAYBOOKS / "roles/machine/tasks/doctor.yml").read_text()
    (pattern,) = re.findall(r"regex_replace\('([^']+)', ''\)", tasks)
    for prefix in ("autogauge: ", "error: "):
        assert re.sub(pattern, "", f"{prefix}this machine is not fit") == "this machine is not fit"
