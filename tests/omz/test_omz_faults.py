"""Every fault that a download meets, with the real tools: the cache is complete or empty afterwards, and the next run succeeds."""

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from autogauge.cache import is_intact
from autogauge.errors import UserError
from autogauge.models import cached
from autogauge.models.omz import zoo
from autogauge.models.omz.tools import run_tool
from autogauge.models.omz.zoo import Zoo
from tests.omz.mirror import black_hole, closed_port, write_configurations
from tests.support import ROOT, in_a_mount, run_cli, sentence_of, wait_until

pytestmark = pytest.mark.omz


@pytest.fixture
def fetch(empty_cache, models):
    """Fetch a model on the command line; the small one unless another is named."""

    def run(name="small", *options, timeout_s=120, **environment):
        words = ("models", "fetch", name, "--source=omz", f"--cache={empty_cache.root}", *options)
        return run_cli(*words, timeout_s=timeout_s, **{"AUTOGAUGE_OMZ_MODELS": str(models), **environment})

    return run


@pytest.fixture
def in_cache(empty_cache):
    """The models in the cache; each must be undamaged, and nothing half-made may lie about."""

    def look():
        assert [*(empty_cache.root / "staging").glob("*")] == []
        folders = [folder for folder in empty_cache.entries() if not folder.is_symlink()]
        assert all(is_intact(folder) for folder in folders)
        return [each.name for each in cached.listed(empty_cache) if each.kind == "model"]

    return look


def succeeds(done):
    assert done.returncode == 0, done.stderr
    return True


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("404", ["404", "small.caffemodel"]),
        ("500", ["500", "small.caffemodel"]),
        ("wrong checksum", ["mismatch", "small.caffemodel"]),
        ("too short", ["shorter", "small.caffemodel"]),
        ("too long", ["longer", "small.caffemodel"]),
    ],
)
def test_a_faulty_server_is_one_sentence_and_the_next_run_succeeds(fetch, in_cache, mirror, fault, words):
    mirror.fault = fault
    sentence = sentence_of(fetch())
    for word in (*words, mirror.address, "--model" if fault == "" else "models import FOLDER"):
        assert word in sentence
    assert in_cache() == []
    mirror.fault = ""
    assert succeeds(fetch())
    assert in_cache() == ["small"]


def test_a_body_that_breaks_off_once_is_resumed(fetch, in_cache, mirror):
    mirror.fault = "breaks off once"
    assert succeeds(fetch())
    assert mirror.gets.count("/small.caffemodel") == 2
    assert in_cache() == ["small"]


def test_a_body_that_always_breaks_off_is_given_up(fetch, in_cache, mirror):
    mirror.fault = "breaks off always"
    assert "small.caffemodel" in sentence_of(fetch())
    assert mirror.gets.count("/small.caffemodel") == zoo.ATTEMPTS
    assert in_cache() == []
    mirror.fault = ""
    assert succeeds(fetch())


def test_without_a_network_the_tools_are_not_even_started(fetch, in_cache, models, files):
    write_configurations(models, files, closed_port())
    began = time.monotonic()
    sentence = sentence_of(fetch())
    assert time.monotonic() - began < 10
    assert "out of reach: 127.0.0.1" in sentence
    assert "Connection refused" in sentence
    assert in_cache() == []


def test_a_host_that_swallows_packets_is_given_3_seconds(fetch, in_cache, models, files):
    with black_hole() as address:
        write_configurations(models, files, address)
        began = time.monotonic()
        sentence = sentence_of(fetch())
    assert 3 <= time.monotonic() - began < 10
    assert "no answer within 3 s" in sentence
    assert in_cache() == []


def test_a_server_that_falls_silent_is_given_up(empty_cache, in_cache, mirror, models):
    mirror.fault = "silent"
    began = time.monotonic()
    with pytest.raises(UserError, match=r"small\.caffemodel from http://127.* nothing came for 2 s"):
        Zoo(empty_cache, silence_s=2, models=models).fetch("small", "FP16")
    assert time.monotonic() - began < 10
    assert in_cache() == []
    mirror.fault = ""
    assert Zoo(empty_cache, models=models).fetch("small", "FP16").path.is_file()


def test_a_download_that_goes_on_and_on_ends_at_the_deadline(fetch, in_cache, mirror):
    mirror.pace_s = 1
    began = time.monotonic()
    sentence = sentence_of(fetch("googlenet-v1", "--deadline=5"))
    assert time.monotonic() - began < 12
    assert "not done within 5 s" in sentence
    assert in_cache() == []
    assert not tools_of(in_cache)


def test_a_full_disk_is_one_sentence(tmp_path, empty_cache, models, in_cache, fetch):
    tools = [path.resolve() for path in empty_cache.entries()]
    small = tmp_path / "small"
    small.mkdir()
    script = f'mkdir {small}/entries && ln -s {" ".join(map(str, tools))} {small}/entries && exec "$@"'
    words = ["models", "fetch", "googlenet-v1", "--source=omz", f"--cache={small}"]
    command = in_a_mount(
        small, "size=12m", ["sh", "-c", script, "sh", sys.executable, "-m", "autogauge", *words]
    )
    if command is None:
        pytest.skip("a small file system needs unshare -rm")
    import os

    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "AUTOGAUGE_OMZ_MODELS": str(models)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "No space left on device" in sentence_of(done)
    assert succeeds(fetch())


def test_killed_at_any_moment_it_leaves_the_model_or_nothing_and_no_process(empty_cache, models, fetch):
    dice = random.Random(106)
    words = ("models", "fetch", "small", "--source=omz", f"--cache={empty_cache.root}")
    import os

    environment = {**os.environ, "AUTOGAUGE_OMZ_MODELS": str(models)}
    began = time.monotonic()
    assert succeeds(fetch())
    whole_s = time.monotonic() - began
    seen = set()
    for number in [signal.SIGTERM, signal.SIGKILL] * 10:
        cached.remove(empty_cache, "small")
        process = subprocess.Popen(
            [sys.executable, "-m", "autogauge", *words],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(dice.uniform(0.1, 1.0) * whole_s)
        process.send_signal(number)
        process.wait(10)
        assert wait_until(lambda: not tools_of(empty_cache), 5), tools_of(empty_cache)
        left = [folder for folder in empty_cache.entries() if not folder.is_symlink()]
        assert all(is_intact(folder) for folder in left)
        seen.add(bool(left))
        assert succeeds(fetch())
        assert [*(empty_cache.root / "staging").glob("*")] == []
    assert False in seen, "it was never killed before it was done"


@pytest.mark.parametrize("count", [2, 4])
def test_processes_that_fetch_at_once_all_succeed_with_one_download(fetch, in_cache, mirror, count):
    with ThreadPoolExecutor(count) as pool:
        assert all(succeeds(done) for done in pool.map(lambda _: fetch(), range(count)))
    assert sorted(mirror.gets) == ["/small.caffemodel", "/small.prototxt"]
    assert in_cache() == ["small"]


def test_a_damaged_model_is_made_anew(fetch, empty_cache, in_cache, mirror):
    assert succeeds(fetch())
    damaged = next(empty_cache.root.glob("entries/small-*/small.bin"))
    good = damaged.read_bytes()
    damaged.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert [each.state for each in cached.listed(empty_cache) if each.name == "small"] == [cached.DAMAGED]
    assert succeeds(fetch())
    assert in_cache() == ["small"]
    assert damaged.read_bytes() == good


def test_a_damaged_download_is_downloaded_again(fetch, empty_cache, in_cache, mirror):
    assert succeeds(fetch())
    for path in (empty_cache.root / "omz-downloads").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\0" * path.stat().st_size)
    assert succeeds(fetch("small", "--precision=FP32"))
    assert mirror.gets.count("/small.caffemodel") == 2
    assert in_cache() == ["small", "small"]


def test_tools_that_cannot_be_installed_are_one_sentence(tmp_path, models):
    cache = tmp_path / "cache"
    done = run_cli(
        *("models", "fetch", "small", "--source=omz", f"--cache={cache}"),
        AUTOGAUGE_OMZ_MODELS=str(models),
        PIP_INDEX_URL=f"{closed_port()}/simple",
        PIP_RETRIES="0",
        PIP_NO_INDEX="",
        PIP_CONFIG_FILE="/dev/null",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
    )
    sentence = sentence_of(done)
    assert "tools cannot be installed" in sentence
    assert "package index" in sentence
    assert [*cache.glob("entries/*")] == []
    assert [*cache.glob("staging/*")] == []


def test_a_converter_that_ends_well_with_no_output_is_not_believed(empty_cache, in_cache, models, monkeypatch):
    def lazy(python, tool, *words, **others):
        return ["[ SUCCESS ]"] if tool == "converter" else run_tool(python, tool, *words, **others)

    monkeypatch.setattr(zoo, "run_tool", lazy)
    with pytest.raises(UserError, match=r"ended without an error and without FP16/small\.xml"):
        Zoo(empty_cache, models=models).fetch("small", "FP16")
    assert in_cache() == []
    monkeypatch.undo()
    assert Zoo(empty_cache, models=models).fetch("small", "FP16").path.is_file()


def tools_of(cache):
    """The processes that run a tool for this cache."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if process.status() != psutil.STATUS_ZOMBIE and any(str(getattr(cache, "root", "?")) in word for word in words):
                found.append((process.pid, words))
        except psutil.Error:
            continue
    return found
