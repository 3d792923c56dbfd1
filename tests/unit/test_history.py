"""Saved runs are numbered without collision, appear whole or not at all, and carry the measured samples."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autogauge.files import RESERVED, as_json, copy, readable, slug, write_bytes
from autogauge.gate.figures import key_of
from autogauge.history import pruned, store
from autogauge.history.fingerprint import fingerprint
from autogauge.history.replay import VirtualClock
from autogauge.measuring.condition import Condition
from autogauge.models.artefact import ModelArtefact
from autogauge.probe.facts import MachineFacts
from autogauge.targets import Device, Target
from tests.cases import each_of
from tests.properties import for_all
from tests.support import ROOT, in_a_mount


def save_some(folder, writer, count):
    for number in range(count):
        store.save(folder, {"writer": writer, "number": number}, f"label {writer}/{number}")


@pytest.mark.parametrize("count", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_writers_at_once_lose_and_overwrite_nothing(tmp_path, count):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=save_some, args=(tmp_path, writer, 5)) for writer in range(count)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    saved = store.runs(tmp_path)
    assert [store.number_of(path) for path in saved] == list(range(1, 5 * count + 1))
    documents = [json.loads(path.read_bytes()) for path in saved]
    assert len({(each["writer"], each["number"]) for each in documents}) == 5 * count


def test_numbers_go_on_past_9999(tmp_path):
    (tmp_path / "9999_run.json").write_text("{}")
    assert store.save(tmp_path, {}, "run").name == "10000_run.json"
    assert store.save(tmp_path, {}, "run").name == "10001_run.json"
    assert [store.number_of(path) for path in store.runs(tmp_path)] == [9999, 10000, 10001]


SAVER = """
import sys
from pathlib import Path
from autogauge.history import pruned, store
print("ready", flush=True)
while True:
    store.save(Path(sys.argv[1]), {"data": list(range(20000))}, "run")
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.004, 0.013, 0.03, 0.5])
def test_a_saver_killed_at_any_moment_leaves_only_whole_files(tmp_path, delay_s):
    saver = subprocess.Popen([sys.executable, "-c", SAVER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    saver.stdout.readline()
    time.sleep(delay_s)
    saver.send_signal(signal.SIGKILL)
    saver.wait(10)
    saved = store.runs(tmp_path)
    assert saved or delay_s < 0.3, "there was time to save something"
    for path in saved:
        assert len(json.loads(path.read_bytes())["data"]) == 20000
    assert store.save(tmp_path, {}, "next").exists()


def save_for_ever(folder):
    while True:
        store.save(folder, {"data": list(range(5000))}, "run")


@pytest.mark.slow
def test_savers_killed_two_hundred_times_lose_nothing_and_leave_nothing_half(tmp_path):
    shuffled = random.Random(20261125)
    context = multiprocessing.get_context("fork")
    for _ in range(200):
        saver = context.Process(target=save_for_ever, args=(tmp_path,))
        saver.start()
        time.sleep(shuffled.uniform(0.0, 0.04))
        saver.kill()
        saver.join(10)
    saved = store.runs(tmp_path)
    assert len(saved) >= 10, "there was time to save something"
    assert [store.number_of(path) for path in saved] == list(range(1, len(saved) + 1))
    assert all(len(json.loads(path.read_bytes())["data"]) == 5000 for path in saved)
    assert store.number_of(store.save(tmp_path, {}, "next")) == len(saved) + 1
    assert not list(tmp_path.glob("*.tmp")), "what the killed ones left is swept"


def test_after_the_last_number_the_next_run_is_one_all_the_same(tmp_path):
    """Somebody wrote such a name: what was measured is not lost, and takes no number that another run has or had."""
    last = store.LAST_NUMBER
    (tmp_path / f"{last}_x.json").write_text("{}")
    assert store.number_of(store.save(tmp_path, {}, "run")) == 1
    assert store.number_of(store.save(tmp_path, {}, "run")) == 2
    (tmp_path / f"{last - 1}_x.json").write_text("{}")
    (tmp_path / f"{last - 3}_x.json").write_text("{}")
    assert store.number_of(store.save(tmp_path, {}, "run")) == last - 2
    pruned.write(tmp_path, ["0007_run.json"])
    assert store.number_of(store.save(tmp_path, {}, "run")) == 8
    assert [*map(store.number_of, store.runs(tmp_path))] == [1, 2, 8, *range(last - 3, last + 1)]
    assert not store.is_run(f"{last + 1}_x.json")


FILLER = """
import sys
from pathlib import Path
from autogauge.history import pruned, store
folder = Path(sys.argv[1])
try:
    while True:
        store.save(folder, {"data": list(range(20000))}, "run")
except OSError as error:
    print(error.errno, len(store.runs(folder)), len([each for each in folder.iterdir() if each.suffix == ".tmp"]))
    print(all(path.stat().st_size > 100_000 for path in store.runs(folder)))
"""


def test_a_full_disk_keeps_what_was_saved_and_leaves_nothing_half(tmp_path):
    command = in_a_mount(tmp_path, "size=1m", [sys.executable, "-c", FILLER, str(tmp_path)])
    if command is None:
        pytest.skip("a file system of its own needs unshare -rm")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=ROOT)
    error, saved, leftovers, whole = done.stdout.split()
    assert (error, leftovers, whole) == ("28", "0", "True")
    assert int(saved) >= 3


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    write_bytes(tmp_path / "file", b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_bytes(tmp_path / "file", b"new")
    with pytest.raises(OSError, match="No space"):
        copy(Path(__file__), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208


def test_a_copy_has_the_same_bytes_however_many_there_are(tmp_path):
    whole = os.urandom((3 << 20) + 7)
    (tmp_path / "whole").write_bytes(whole)
    (tmp_path / "old").write_bytes(b"old")
    copy(tmp_path / "whole", tmp_path / "new folder" / "copy")
    copy(tmp_path / "whole", tmp_path / "old")
    assert (tmp_path / "new folder" / "copy").read_bytes() == (tmp_path / "old").read_bytes() == whole


@for_all(lambda st: (st.text(max_size=200),))
def test_any_text_becomes_a_name_for_every_file_system(text):
    name = slug(text)
    assert 0 < len(name) <= 80
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>| \n')
    assert not name.startswith(".")
    assert not name.endswith(".")
    assert slug(name) == name, "a folder's name given back is that folder"


@for_all(
    lambda st: (
        *(
            st.text(max_size=100)
            | st.sampled_from(
                [
                    "机器一",
                    "机器二",
                    "lab 01",
                    "lab/01",
                    "lab-01",
                    "lab-01.",
                    "-lab-01",
                    "",
                    "unnamed",
                    "con",
                    "é",
                    "x" * 80,
                ]
            )
            | st.text("x/", min_size=79, max_size=90)
            for _ in range(2)
        ),
    )
)
def test_other_names_are_other_folders(one, other):
    import unicodedata

    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (slug(one) == slug(other)) == same


@for_all(lambda st: (st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,78}[A-Za-z0-9_]", fullmatch=True),))
def test_names_that_are_safe_stay_as_they_are(name):
    assert readable(name) == name
    assert slug(name) == name or RESERVED.fullmatch(name)


def test_names_that_were_one_are_told_apart():
    names = [
        "机器一",
        "机器二",
        "lab 01",
        "lab/01",
        "lab-01",
        "lab-01-",
        ".lab-01",
        "lab-01.",
        "x" * 80,
        "x" * 81,
        "y" + "x" * 90,
    ]
    slugs = [slug(name) for name in names]
    assert len({*slugs}) == len(names)
    assert slugs[4] == "lab-01"
    assert slugs[8] == "x" * 80
    assert slug("e\u0301cole") == slug("\u00e9cole"), "as macOS writes it, and as others do"
    assert slug("Lab") == "Lab", "two cases are two fingerprints, also where they are one folder"
    assert not {slug(name) for name in ("con", "NUL", "aux.x", "com1")} & {"con", "NUL", "aux.x", "com1"}
    assert slug("console") == "console"
    assert all(len(os.fsencode(f".0001_{slug(name)}-emulated.json.123456-abcdef01.tmp")) < 255 for name in names)


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="JSON"):
        as_json({"value": float("nan")})


@for_all(lambda st: (st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=50),))
def test_the_virtual_clock_shows_each_sample_as_its_step(values):
    clock = VirtualClock()
    clock.load(values)
    for value in values:
        before = clock.now()
        clock.step()
        assert clock.now() - before == value


@each_of("values", [[], [0.0], [1.0, -1.0], [float("nan")]])
def test_the_virtual_clock_takes_only_positive_samples(values):
    with pytest.raises(ValueError, match="positive"):
        VirtualClock().load(values)


def test_the_fingerprint_tells_machines_devices_drivers_and_models_apart():
    from pathlib import Path

    model = ModelArtefact("m", "path", "IR", Path("m.xml"), "digest", "unknown")
    device = Device("GPU", "a GPU", "DISCRETE", "1.0")
    facts = MachineFacts(2, None, 16, {}, "Linux", "x86_64")
    base = fingerprint("lab", facts, [device], model).digest
    assert fingerprint("lab", facts, [device], model).digest == base
    moved = ModelArtefact("m", "path", "IR", Path("elsewhere/m.xml"), "digest", "unknown")
    assert fingerprint("lab", facts, [device], moved).digest == base, "where the file lies does not matter"
    others = [
        fingerprint("other", facts, [device], model),
        fingerprint("lab", facts, [Device("GPU", "another GPU", "DISCRETE", "1.0")], model),
        fingerprint("lab", facts, [Device("GPU", "a GPU", "DISCRETE", "1.1")], model),
        fingerprint("lab", facts, [device], ModelArtefact("m", "path", "IR", Path("m.xml"), "other", "unknown")),
    ]
    assert len({base, *(each.digest for each in others)}) == 5


def test_an_auto_that_is_given_a_list_has_a_history_of_its_own():
    keys = [
        key_of("first inference latency", Condition("AUTO", Target(device)))
        for device in ("AUTO", None, "AUTO:GPU.1,CPU")
    ]
    assert keys[0] == keys[1] == "first inference latency: AUTO"
    assert keys[2] == "first inference latency: AUTO of AUTO:GPU.1,CPU"
    assert key_of("time to the hand-over", Condition("synchronous", Target("AUTO:NPU,CPU"))).endswith("of AUTO:NPU,CPU")
