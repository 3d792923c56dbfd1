"""One session measures at a time: the lock is free when its holder is gone, however; its file is text from anybody."""

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile

import pytest

from autogauge import leases
from autogauge.doctor.examination import measuring
from autogauge.doctor.finding import State
from autogauge.errors import UserError
from autogauge.rig import lock
from tests.properties import for_all
from tests.support import ROOT, is_gone


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A lock's file that nobody else uses."""
    path = tmp_path / "measuring.lock"
    monkeypatch.setenv(lock.VARIABLE, str(path))
    return path


def holder(place, then=""):
    """Another process that holds the lock, and what it started meanwhile; it says when it does."""
    script = (
        f"from autogauge.rig import lock; held = lock.acquire('the others'); {then}\nprint('held', flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, lock.VARIABLE: str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_one_at_a_time_and_the_other_is_told_who_and_since_when(place):
    other = holder(place)
    said = []
    try:
        with pytest.raises(UserError, match=r"another session measures on this machine: process") as caught:
            lock.acquire("mine", 0, said.append)
        found = re.search(
            r"process (\d+) of (\S+), since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: the others;", str(caught.value)
        )
        assert int(found[1]) == other.pid
        assert "(--wait=SECONDS)" in str(caught.value)
        assert not said
        with pytest.raises(UserError, match=r"also after 0\.3 s"):
            lock.acquire("mine", 0.3, said.append)
        assert len(said) == 1
        assert f"process {other.pid}" in said[0]
    finally:
        other.communicate("\n")
    held = lock.acquire("mine", 0)
    assert "mine" in place.read_text()
    held.release()
    held.release()
    assert place.read_text() == ""


CHILDREN = {
    "one that inherits what it can": "import subprocess; child = subprocess.Popen(['sleep', '60'], close_fds=False)",
    # It says that it runs: until then it has not let go of the lock, and on a busy machine that takes a while.
    "one that is forked only": "import os, time\nreading, writing = os.pipe()\n"
    "if os.fork() == 0: os.write(writing, b'1'); time.sleep(60)\nos.read(reading, 1)",
}


@pytest.mark.parametrize("then", CHILDREN.values(), ids=CHILDREN)
def test_it_is_free_when_its_holder_was_killed_though_a_child_lives_on(place, then):
    import psutil

    other = holder(place, then)
    (child,) = (each.pid for each in psutil.Process(other.pid).children())
    other.send_signal(signal.SIGKILL)
    other.wait()
    try:
        assert not is_gone(child)
        lock.acquire("mine", 0).release()
    finally:
        os.kill(child, signal.SIGKILL)


def test_every_user_may_lock_it_whatever_the_umask_and_who_may_only_read_locks_it_too(place):
    before = os.umask(0o077)
    try:
        lock.acquire("mine", 0).release()
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.stat().st_mode) == 0o666
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    place.chmod(0o644)
    for folder in place.parents:
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH)

    def another_user():
        script = (
            "import os; from autogauge.rig import lock; os.setgroups([]); os.setgid(12345); os.setuid(12345); "
            "lock.acquire('theirs', 0); print('locked')"
        )
        command = [sys.executable, "-c", script]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert another_user().stdout == "locked\n"
    with lock.measuring("mine", 0):
        assert f"process {os.getpid()} of root" in another_user().stderr


def test_a_file_that_is_removed_under_its_holder_is_not_taken_for_the_lock(place, monkeypatch):
    opened = lock._open

    def and_removed():
        monkeypatch.setattr(lock, "_open", opened)
        found = opened()
        place.unlink()
        return found

    monkeypatch.setattr(lock, "_open", and_removed)
    with lock.measuring("mine", 0), pytest.raises(UserError, match="another session"):
        lock.acquire("theirs", 0)


def test_a_file_that_is_another_one_each_time_is_not_tried_for_ever(place, monkeypatch):
    """So it is where something removes it always, or a link is followed."""
    opened, opens = lock._open, []

    def and_removed():
        found = opened()
        place.unlink()
        opens.append(found)
        return found

    monkeypatch.setattr(lock, "_open", and_removed)
    with pytest.raises(UserError, match=r"another file each time it is opened: .* \(AUTOGAUGE_LOCK=PATH\)"):
        lock.acquire("x")
    assert len(opens) == lock.MOST_REPLACED


@pytest.mark.parametrize("what", ["link", "dangling link", "FIFO", "folder", "second name"])
def test_what_is_no_plain_file_in_its_place_is_one_sentence_and_stays_as_it_was(place, tmp_path, what):
    victim = tmp_path / "victim"
    if what != "dangling link":
        victim.write_text("precious")
    if "link" in what:
        place.symlink_to(victim)
    elif what == "FIFO":
        os.mkfifo(place)
    elif what == "folder":
        place.mkdir()
    else:
        place.hardlink_to(victim)
    with pytest.raises(
        UserError, match=rf"is to be the lock .* remove it, or name another file \({lock.VARIABLE}=PATH\)\."
    ):
        lock.acquire("mine", 0)
    if what != "dangling link":
        assert victim.read_text() == "precious"
    else:
        assert not victim.exists()


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("measuring.lock", "another lock in every folder"),
        (
            "/no/such/folder/lock",
            "there is no folder /no/such/folder: make it, for all who measure here, or name another",
        ),
    ],
)
def test_a_place_that_cannot_be_is_one_sentence(monkeypatch, named, words):
    monkeypatch.setenv(lock.VARIABLE, named)
    with pytest.raises(UserError, match=words):
        lock.acquire("mine", 0)


def test_without_a_name_it_is_in_the_first_folder_that_every_user_may_write_to(tmp_path, monkeypatch):
    monkeypatch.delenv(lock.VARIABLE, raising=False)
    closed, open_ = tmp_path / "closed", tmp_path / "open"
    closed.mkdir(mode=0o755)
    open_.mkdir()
    open_.chmod(0o1777)
    monkeypatch.setattr(lock, "PLACES", (tmp_path / "absent", closed, open_))
    lock.acquire("mine", 0).release()
    assert [path.name for path in tmp_path.rglob("*.lock")] == [lock.NAME]
    assert (open_ / lock.NAME).exists()
    monkeypatch.setattr(lock, "PLACES", (closed,))
    with pytest.raises(UserError, match="no place for the lock"):
        lock.acquire("mine", 0)


@for_all(
    lambda st: (
        st.binary(max_size=2000)
        | st.from_regex(
            r"process [0-9]{1,12} of \S{1,50} since [0-9-]{10} [0-9:]{8} UTC: .{0,300}", fullmatch=True
        ).map(str.encode),
    )
)
def test_whatever_the_file_says_the_holder_is_shown_as_short_plain_text(content):
    with tempfile.TemporaryFile() as stream:
        stream.write(content)
        stream.flush()
        shown = lock._holder(stream.fileno())
    assert shown.isprintable()
    assert len(shown) < lock.LONGEST_LINE


def test_the_doctor_says_where_it_is_and_who_holds_it(place):
    assert measuring()[0].found == f"{place}, free"
    with lock.measuring("mine", 0):
        held = measuring()[0]
    assert held.found.startswith(f"{place}, held by process {os.getpid()} of ")
    place.unlink()
    place.mkdir()
    assert measuring()[0].state is State.BROKEN


def test_a_forged_line_does_not_name_another_process_than_the_kernel_does(place):
    with lock.measuring("mine", 0):
        place.write_text("process 1 of root since 1999-01-01 00:00:00 UTC: \x1b[31mnothing\n")
        with pytest.raises(UserError) as caught:
            lock.acquire("theirs", 0)
    assert f"process {os.getpid()} of " in str(caught.value)
    assert "1999" not in str(caught.value)


def test_a_long_command_is_cut_where_one_sees_it(place):
    with lock.measuring("pytest -m perf " + "x" * 300, 0):
        assert place.read_text().endswith("xxx…\n")


def test_a_folder_that_is_there_and_may_not_be_written_to_is_not_told_to_be_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_LOCK", str(tmp_path / "lock"))

    def refuse(path, *words):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(lock, "_open_or_make", refuse)  # root may write anywhere
    user = leases.user_named(os.geteuid())
    said = f"cannot be opened: {tmp_path / 'lock'}: user {user} may not "
    with pytest.raises(
        UserError, match=f"{said}make it in {tmp_path}: let all who measure here write to that folder, or"
    ):
        lock.described()
    (tmp_path / "lock").touch()
    with pytest.raises(UserError, match=f"{said}open it: let all who measure here do so, or name another file"):
        lock.described()
