"""Every fault that a download meets, with the real tools: the cache is complete or empty afterwards, and the next run succeeds."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from autogauge.cache import Cache, is_intact
from autogauge.errors import UserError
from autogauge.files import sha256_of, write_json
from autogauge.models import cached
from autogauge.models.omz import toolchain, zoo
from autogauge.models.omz.zoo import Zoo
from tests.omz.conftest import with_tools
from tests.omz.mirror import black_hole, closed_port, serving, write_configurations
from tests.support import ROOT, in_a_mount, run_cli, sentence_of, wait_until

pytestmark = pytest.mark.omz


class Lab:
    """A cache with the tools, a mirror with faults, and the command line between them."""

    def __init__(self, folder, installed, files, mirror):
        self.cache = with_tools(folder / "cache", installed)
        self.mirror = mirror
        self.models = write_configurations(folder / "models", files, mirror.address)

    @property
    def environment(self):
        return {"AUTOGAUGE_OMZ_MODELS": str(self.models)}

    def command(self, name="small", *options):
        return ("models", "fetch", name, "--source=omz", f"--cache={self.cache.root}", *options)

    def fetch(self, name="small", *options):
        """Fetch a model on the command line; the small one unless another is named."""
        return run_cli(*self.command(name, *options), **self.environment)

    def start(self):
        """Start fetching the small model, to be killed."""
        return subprocess.Popen(
            [sys.executable, "-m", "autogauge", *self.command()],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def in_cache(self):
        """The models in the cache; each must be undamaged, and nothing half-made may lie about."""
        assert [*(self.cache.root / "staging").glob("*")] == []
        folders = [folder for folder in self.cache.entries() if not folder.is_symlink()]
        assert all(is_intact(folder) for folder in folders)
        return [each.name for each in cached.listed(self.cache) if each.kind == "model"]


@pytest.fixture
def lab(tmp_path, installed, files):
    with serving(files) as mirror:
        yield Lab(tmp_path, installed, files, mirror)


def succeeds(done):
    assert done.returncode == 0, done.stderr
    return True


@dataclass
class Played:
    """What came of a fault: the run that met it, what was in the cache then, and the same of the next run without it."""

    lab: Lab
    met: subprocess.CompletedProcess
    cached_then: list[str]
    following: subprocess.CompletedProcess
    cached_after: list[str]


@pytest.fixture(scope="module")
def played(tmp_path_factory, installed, files):
    """Every fault of a server played through, side by side: the downloader waits 10 s before each new attempt."""

    def play(fault):
        with serving(files) as mirror:
            lab = Lab(tmp_path_factory.mktemp("lab"), installed, files, mirror)
            mirror.fault = fault
            met = lab.fetch("googlenet-v1" if fault == "breaks off once" else "small")
            cached_then = lab.in_cache()
            asked, mirror.fault = [*mirror.gets], ""
            following = lab.fetch()
            mirror.gets = asked
            return Played(lab, met, cached_then, following, lab.in_cache())

    faults = ["404", "500", "wrong checksum", "too short", "too long", "breaks off once", "breaks off always"]
    with ThreadPoolExecutor(len(faults)) as pool:
        return dict(zip(faults, pool.map(play, faults), strict=True))


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("404", "404"),
        ("500", "500"),
        ("wrong checksum", "mismatch"),
        ("too short", "shorter"),
        ("too long", "longer"),
        ("breaks off always", "Connection broken"),
    ],
)
def test_a_faulty_server_is_one_sentence_and_the_next_run_succeeds(played, fault, word):
    found = played[fault]
    sentence = sentence_of(found.met)
    for each in (word, "small.caffemodel", found.lab.mirror.address, "models import FOLDER"):
        assert each in sentence
    assert found.cached_then == []
    assert succeeds(found.following)
    assert found.cached_after == ["small"]


@pytest.mark.parametrize("fault", ["404", "500", "too short", "breaks off always"])
def test_what_may_be_mended_by_itself_is_tried_three_times(played, fault):
    assert played[fault].lab.mirror.gets.count("/small.caffemodel") == zoo.ATTEMPTS


def test_a_body_that_breaks_off_once_is_resumed(played):
    found = played["breaks off once"]
    assert succeeds(found.met)
    assert found.cached_then == ["googlenet-v1"]
    assert found.lab.mirror.gets.count("/googlenet-v1.caffemodel") == 2
    resumed = [part for part in found.lab.mirror.ranges if part]
    assert len(resumed) == 1, "the rest was asked for, and not the whole"


def test_without_a_network_the_tools_are_not_even_started(lab, files):
    write_configurations(lab.models, files, closed_port())
    began = time.monotonic()
    sentence = sentence_of(lab.fetch())
    assert time.monotonic() - began < 10
    assert "out of reach: 127.0.0.1" in sentence
    assert "Connection refused" in sentence
    assert lab.in_cache() == []


def test_a_host_that_swallows_packets_is_given_3_seconds(lab, files):
    with black_hole() as address:
        write_configurations(lab.models, files, address)
        began = time.monotonic()
        sentence = sentence_of(lab.fetch())
    assert 3 <= time.monotonic() - began < 10
    assert "no answer within 3 s" in sentence
    assert lab.in_cache() == []


def test_a_server_that_falls_silent_is_given_up(lab):
    lab.mirror.fault = "silent"
    began = time.monotonic()
    with pytest.raises(UserError, match=r"small\.caffemodel from http://127.* nothing came for 2 s"):
        Zoo(lab.cache, silence_s=2, models=lab.models).fetch("small", "FP16")
    assert time.monotonic() - began < 10
    assert lab.in_cache() == []
    lab.mirror.fault = ""
    assert Zoo(lab.cache, models=lab.models).fetch("small", "FP16").path.is_file()


def test_a_download_that_goes_on_and_on_ends_at_the_deadline(lab):
    lab.mirror.pace_s = 1
    began = time.monotonic()
    sentence = sentence_of(lab.fetch("googlenet-v1", "--deadline=5"))
    assert time.monotonic() - began < 12
    assert "not done within 5 s" in sentence
    assert "--deadline" in sentence
    assert lab.in_cache() == []
    assert tools_of(lab.cache) == []


def test_a_full_disk_is_one_sentence(tmp_path, lab):
    tools = [path.resolve() for path in lab.cache.entries()]
    small = tmp_path / "small"
    small.mkdir()
    # The large model does not fit; afterwards, in the same cache, the small one does.
    fetch = f"{sys.executable} -m autogauge models fetch {{}} --source=omz --cache={small}"
    script = (
        f"mkdir {small}/entries && ln -s {' '.join(map(str, tools))} {small}/entries && {fetch.format('googlenet-v1')}; "
        f"status=$?; find {small}/staging {small}/omz-downloads/1/staging -mindepth 1; "
        f"{fetch.format('small')} 2>&1 | tr '\n' ' ' && exit $status"
    )
    command = in_a_mount(small, "size=12m", ["sh", "-c", script])
    if command is None:
        pytest.skip("a small file system needs unshare -rm")
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **lab.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    sentence = sentence_of(done)
    assert "No space left on device" in sentence
    assert "--cache=DIR" in sentence
    assert "check the network" not in sentence
    assert "converted small" in done.stdout
    assert f"{small}/staging/" not in done.stdout, "nothing half-made lies about"
    assert f"{small}/omz-downloads/1/staging/" not in done.stdout


def test_killed_at_any_moment_it_leaves_the_model_or_nothing_and_no_process(tmp_path_factory, installed, files):
    def kill_and_fetch_again(seed):
        """Ten kills, each followed by a run that is left alone; whether the model was there after each kill."""
        dice = random.Random(seed)
        with serving(files) as mirror:
            lab = Lab(tmp_path_factory.mktemp("lab"), installed, files, mirror)
            began = time.monotonic()
            assert succeeds(lab.fetch())
            whole_s = time.monotonic() - began
            for number in [signal.SIGTERM, signal.SIGKILL] * 5:
                cached.remove(lab.cache, "small")
                process = lab.start()
                time.sleep(dice.uniform(0.1, 1.0) * whole_s)
                process.send_signal(number)
                process.wait(10)
                assert wait_until(lambda: not tools_of(lab.cache), 5), tools_of(lab.cache)
                left = [folder for folder in lab.cache.entries() if not folder.is_symlink()]
                assert all(is_intact(folder) for folder in left)
                yield bool(left)
                assert succeeds(lab.fetch())
                assert lab.in_cache() == ["small"]

    with ThreadPoolExecutor(2) as pool:
        was_there = [each for part in pool.map(lambda seed: [*kill_and_fetch_again(seed)], (106, 601)) for each in part]
    assert len(was_there) == 20
    assert was_there.count(False) >= 5, "it was hardly ever killed before it was done"


@pytest.mark.parametrize("count", [2, 4])
def test_processes_that_fetch_at_once_all_succeed_with_one_download(lab, count):
    with ThreadPoolExecutor(count) as pool:
        assert all(succeeds(done) for done in pool.map(lambda _: lab.fetch(), range(count)))
    assert sorted(lab.mirror.gets) == ["/small.caffemodel", "/small.prototxt"]
    assert lab.in_cache() == ["small"]


def test_a_damaged_model_is_made_anew(lab):
    assert succeeds(lab.fetch())
    damaged = next(lab.cache.root.glob("entries/small-*/small.bin"))
    good = damaged.read_bytes()
    damaged.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert [each.state for each in cached.listed(lab.cache) if each.name == "small"] == [cached.DAMAGED]
    assert succeeds(lab.fetch())
    assert lab.in_cache() == ["small"]
    assert damaged.read_bytes() == good


def test_a_damaged_download_is_downloaded_again(lab):
    assert succeeds(lab.fetch())
    for path in (lab.cache.root / "omz-downloads").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\0" * path.stat().st_size)
    assert succeeds(lab.fetch("small", "--precision=FP32"))
    assert lab.mirror.gets.count("/small.caffemodel") == 2
    assert lab.in_cache() == ["small", "small"]


def test_tools_that_cannot_be_installed_are_one_sentence(tmp_path, lab):
    cache = tmp_path / "empty"
    done = run_cli(
        *("models", "fetch", "small", "--source=omz", f"--cache={cache}"),
        **lab.environment,
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


def test_killed_while_the_tools_are_installed_it_leaves_nothing_and_the_next_run_installs_them(tmp_path, lab):
    lab.cache = Cache(tmp_path / "empty")
    home = tmp_path / "home"
    home.mkdir()
    process = lab.start()
    assert wait_until(lambda: [*lab.cache.root.glob("staging/*/environment/bin/pip")] != [], 30)
    process.kill()
    process.wait(10)
    assert wait_until(lambda: not tools_of(lab.cache), 5), tools_of(lab.cache)
    assert lab.cache.entries() == []
    assert succeeds(run_cli(*lab.command(), HOME=str(home), **lab.environment))
    assert [*home.rglob("*")] == []
    assert lab.in_cache() == ["small"]
    assert toolchain.installed(lab.cache) is not None


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("converter", "ended without an error and without FP16/small.xml"),
        ("downloader", "small.caffemodel"),
        ("check", "cannot be read: it ended without an error and without an answer"),
        ("catalogue", "without an answer"),
    ],
)
def test_a_tool_that_ends_well_and_does_nothing_is_not_believed(lab, tool, words):
    (borrowed,) = lab.cache.entries()
    real = borrowed.resolve()
    borrowed.unlink()
    lazy = borrowed / "environment" / "bin" / "python"
    lazy.parent.mkdir(parents=True)
    lazy.write_text(f'#!/bin/sh\n[ "$5" = {tool} ] && exit 0\nexec {real}/environment/bin/python "$@"\n')
    lazy.chmod(0o755)
    (borrowed / "environment" / "lib").symlink_to(real / "environment" / "lib")
    copy = borrowed / "catalogue.json"
    copy.write_bytes((real / "catalogue.json").read_bytes())
    files = {copy.name: {"bytes": copy.stat().st_size, "sha256": sha256_of(copy)}}
    write_json(borrowed / "manifest.json", {"name": "omz-toolchain", "kind": "toolchain", "files": files})
    assert words in sentence_of(lab.fetch())
    assert [each.name for each in cached.listed(lab.cache) if each.kind == "model"] == []


def test_a_relative_cache_is_a_cache_too(lab):
    relative = os.path.relpath(lab.cache.root, ROOT)
    words = ("models", "fetch", "small", "--source=omz", f"--cache={relative}")
    assert succeeds(run_cli(*words, **lab.environment))
    assert lab.in_cache() == ["small"]


def tools_of(cache):
    """The processes that run a tool for this cache."""
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if process.status() != psutil.STATUS_ZOMBIE and any(str(cache.root) in word for word in words):
                found.append((process.pid, words))
        except psutil.Error:
            continue
    return found
