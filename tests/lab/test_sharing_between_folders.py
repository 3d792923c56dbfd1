"""push between folders by real processes: killed at any moment, beside one that saves, to a disk that is full or read-only."""

import signal
import subprocess
import sys
import time

import pytest

from autogauge.history import run_file, standing, store
from autogauge.history.standing_file import Standing
from tests.lab.sharing import command, content, environment, with_samples
from tests.support import ROOT, in_a_mount, wait_until

pytestmark = pytest.mark.lab


@pytest.fixture
def large(tmp_path):
    """Quarantined runs with samples of some MB each: there is a middle to be killed in."""
    for number in range(12):
        standing.reject(with_samples(tmp_path / "large" / "lab-01", 0.01 + number / 1000, samples=400_000), "w")
    return tmp_path / "large"


def run(home, words):
    return subprocess.run(
        words, env=environment(home), cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.05])
def test_a_sender_killed_at_any_moment_leaves_only_whole_runs_and_the_next_completes(tmp_path, large, after_s):
    there = tmp_path / "there"
    words = command("push", there, "--new", "--history", large)
    sender = subprocess.Popen(words, env=environment(tmp_path), cwd=ROOT, stdout=subprocess.DEVNULL)
    assert wait_until(lambda: any(there.glob("*/*.npz")), 120)
    time.sleep(after_s)  # any moment will do
    sender.send_signal(signal.SIGKILL)
    sender.wait(60)
    for each in store.runs(there / "lab-01"):
        assert standing.read(each).standing is Standing.QUARANTINED
        assert run_file.arrays_beside(each, run_file.read_document(each))[0]
    done = run(tmp_path, words)
    assert done.returncode == 0, done.stderr
    left = {name: each for name, each in content(there).items() if not name.endswith(".tmp")}
    assert left == content(large)


SAVER = """
import sys
from pathlib import Path
from autogauge.history import store
for number in range(20):
    store.save(Path(sys.argv[1]), {"benchmarks": [], "number": number}, "mine", "a" * 16)
"""


def test_two_senders_and_a_session_that_saves_into_the_same_folder_lose_nothing(tmp_path, large):
    there = tmp_path / "there"
    saver = subprocess.Popen([sys.executable, "-c", SAVER, str(there / "lab-01")], cwd=ROOT)
    senders = [
        subprocess.Popen(
            command("push", there, "--new", "--history", large, "--machine=lab-01", *named),
            env=environment(tmp_path),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for named in ([], [])
    ]
    for each in senders:
        each.communicate(timeout=240)
        assert each.returncode in (0, 1)  # what took the other's number meanwhile is kept back, and said
    assert saver.wait(60) == 0
    numbers = [store.number_of(each) for each in store.runs(there / "lab-01")]
    assert len(numbers) == len(set(numbers)), "no number is two runs"
    assert sum("mine" in each.name for each in store.runs(there / "lab-01")) == 20
    for each in store.runs(large / "lab-01"):
        copy = there / "lab-01" / each.name
        assert not copy.exists() or copy.read_bytes() == each.read_bytes()


@pytest.mark.parametrize(
    ("options", "read_only", "why"), [("size=64k", False, "the disk is full"), ("size=1m", True, "read-only")]
)
def test_a_disk_that_is_full_or_read_only_is_one_sentence(tmp_path, large, options, read_only, why):
    there = tmp_path / "there"
    there.mkdir()
    words = in_a_mount(there, options, command("push", there, "--history", large), read_only=read_only)
    if words is None:
        pytest.skip("nothing can be mounted here")
    done = run(tmp_path, words)
    assert (done.returncode, why in done.stderr, done.stderr.count("\n")) == (2, True, 1), done.stderr
