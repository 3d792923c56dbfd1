"""Every fault that a download meets, with the real tools: the cache is complete or empty afterwards, and the next run succeeds."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from autogauge.cache import Cache, is_intact
from autogauge.files import sha256_of, write_json
from autogauge.models import cached
from autogauge.models.omz import downloads, toolchain, zoo
from tests.omz.conftest import with_tools
from tests.omz.mirror import black_hole, closed_port, serving, write_configurations
from tests.support import ROOT, in_a_mount, run_cli, sentence_of, wait_until, why_no_mount

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

    def fetch(self, name="small", *options, **environment):
        """Fetch a model on the command line; the small one unless another is named."""
        return run_cli(*self.command(name, *options), **self.environment, **environment)

    def start(self, name="small"):
        """Start fetching a model, to be killed."""
        return subprocess.Popen(
            [sys.executable, "-m", "autogauge", *self.command(name)],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def in_cache(self):
        """The models in the cache; they and all downloads must be undamaged, and nothing half-made may lie about."""
        assert [*(self.cache.root / "staging").glob("*")] == []
        downloaded = downloads.folder_in(self.cache.root)
        assert [*downloaded.glob("1/staging/*"), *downloaded.rglob("*.tmp")] == []
        assert all(downloads.sha384_of(path) == path.parent.name + path.name for path in downloaded.glob("1/??/*"))
        folders = [folder for folder in self.cache.entries() if not folder.is_symlink()]
        assert all(is_intact(folder) for folder in folders)
        return [each.name for each in cached.listed(self.cache) if each.kind == "model"]

    def after(self, met, fetch=None):
        """What came of a fault that a run has met, and of the next run: the fault is over by now."""
        cached_then, asked = self.in_cache(), [*self.mirror.gets]
        following = (fetch or self.fetch)()
        return Played(self, met, asked, cached_then, following, self.in_cache())


@pytest.fixture
def lab(tmp_path, installed, files):
    with serving(files) as mirror:
        yield Lab(tmp_path, installed, files, mirror)


def succeeds(done):
    assert done.returncode == 0, done.stderr
    return True


@dataclass
class Played:
    """What came of a fault: the run that met it, what it asked for, what was in the cache then; the next run, and what was there then."""

    lab: Lab
    met: subprocess.CompletedProcess
    asked: list[str]
    cached_then: list[str]
    following: subprocess.CompletedProcess
    cached_after: list[str]

    def was_mended(self, next_step, *words):
        """One sentence with exit status 2 that names the next step, nothing partial in the cache, and a next run that succeeds."""
        sentence = sentence_of(self.met)
        for each in (next_step, *words):
            assert each in sentence
        assert self.cached_then == []
        assert succeeds(self.following)
        assert self.cached_after == ["small"]
        return True


@pytest.fixture(scope="module")
def played(tmp_path_factory, installed, files):
    """Every fault of a server played through, side by side: the downloader waits 10 s before each new attempt."""

    def play(fault):
        with serving(files) as mirror:
            lab = Lab(tmp_path_factory.mktemp("lab"), installed, files, mirror)
            mirror.fault = fault
            met = lab.fetch("googlenet-v1" if fault == "breaks off once" else "small")
            mirror.fault = ""
            return lab.after(met)

    faults = ["404", "500", "wrong checksum", "too short", "too long", "breaks off once", "breaks off always", "silent"]
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
        ("silent", f"nothing came for {zoo.SILENCE_S:g} s"),
    ],
)
def test_a_faulty_server_is_one_sentence_and_the_next_run_succeeds(played, fault, word):
    found = played[fault]
    assert found.was_mended("models import FOLDER", word, f"small.caffemodel from {found.lab.mirror.address}")


@pytest.mark.parametrize("fault", ["404", "500", "too short", "breaks off always"])
def test_what_may_be_mended_by_itself_is_tried_three_times(played, fault):
    assert played[fault].asked.count("/small.caffemodel") == zoo.ATTEMPTS


def test_a_body_that_breaks_off_once_is_resumed(played):
    found = played["breaks off once"]
    assert succeeds(found.met)
    assert found.cached_then == ["googlenet-v1"]
    assert found.asked.count("/googlenet-v1.caffemodel") == 2
    resumed = [part for part in found.lab.mirror.ranges if part]
    assert len(resumed) == 1, "the rest was asked for, and not the whole"


def test_without_a_network_the_tools_are_not_even_started(lab, files):
    write_configurations(lab.models, files, closed_port())
    began = time.monotonic()
    met = lab.fetch()
    assert time.monotonic() - began < 10
    write_configurations(lab.models, files, lab.mirror.address)
    found = lab.after(met)
    assert found.was_mended("models import FOLDER", "out of reach: 127.0.0.1", "Connection refused")
    assert found.asked == []


def test_a_host_that_swallows_packets_is_given_3_seconds(lab, files):
    with black_hole() as address:
        write_configurations(lab.models, files, address)
        began = time.monotonic()
        met = lab.fetch()
        assert 3 <= time.monotonic() - began < 10
    write_configurations(lab.models, files, lab.mirror.address)
    assert lab.after(met).was_mended("models import FOLDER", "no answer within 3 s")


def test_a_download_that_goes_on_and_on_ends_at_the_deadline(lab):
    lab.mirror.pace_s = 1
    began = time.monotonic()
    met = lab.fetch("googlenet-v1", "--deadline=5")
    assert time.monotonic() - began < 12
    assert tools_of(lab.cache) == []
    lab.mirror.pace_s = 0
    assert lab.after(met).was_mended("--deadline", "not done within 5 s")


def test_a_full_disk_is_one_sentence(tmp_path, lab):
    tools = [path.resolve() for path in lab.cache.entries()]
    small = tmp_path / "small"
    small.mkdir()
    # The large model does not fit; afterwards, in the same cache, the small one does.
    fetch = f"{sys.executable} -m autogauge models fetch {{}} --source=omz --cache={small}"
    script = (
        f"mkdir {small}/entries && ln -s {' '.join(map(str, tools))} {small}/entries && {fetch.format('googlenet-v1')}; "
        f"status=$?; find {small}/staging -mindepth 1; find {small}/omz-downloads -path '*staging/*' -o -name '*.tmp'; "
        f"{fetch.format('small')} 2>&1 | tr '\n' ' ' && exit $status"
    )
    command = in_a_mount(small, "size=12m", ["sh", "-c", script])
    if command is None:
        pytest.skip(f"no small file system can be mounted (unshare -rm): {why_no_mount()}")
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
    for place in ("staging", "omz-downloads"):
        assert f"{small}/{place}/" not in done.stdout, "nothing half-made lies about"


def half_of_the_large_model(lab):
    """Whether a part of it has been downloaded: at the pace of the mirror the whole takes 20 s."""
    halves = lab.cache.root.glob("staging/*/.scratch/models/**/googlenet-v1.caffemodel")
    return any(half.stat().st_size > 0 for half in halves)


def test_killed_at_any_moment_it_leaves_the_model_or_nothing_and_no_process(tmp_path_factory, installed, files):
    def kill_and_fetch_again(seed):
        """Ten kills, each followed by a run that is left alone; whether the model was there after each kill.

        The first two hit the middle of a download: half of the large model is on the disk then.
        """
        dice = random.Random(seed)
        with serving(files) as mirror:
            lab = Lab(tmp_path_factory.mktemp("lab"), installed, files, mirror)
            began = time.monotonic()
            assert succeeds(lab.fetch())
            whole_s = time.monotonic() - began
            for kill, number in enumerate([signal.SIGTERM, signal.SIGKILL] * 5):
                cached.remove(lab.cache, "small")
                if kill < 2:
                    mirror.pace_s = 0.05
                    process = lab.start("googlenet-v1")
                    assert wait_until(lambda: half_of_the_large_model(lab), 30)
                else:
                    process = lab.start()
                    time.sleep(dice.uniform(0.1, 1.0) * whole_s)
                process.send_signal(number)
                process.wait(10)
                assert wait_until(lambda: not tools_of(lab.cache), 5), tools_of(lab.cache)
                left = [folder for folder in lab.cache.entries() if not folder.is_symlink()]
                assert all(is_intact(folder) for folder in left)
                mirror.pace_s = 0
                yield bool(left)
                assert succeeds(lab.fetch())
                assert lab.in_cache() == ["small"]

    with ThreadPoolExecutor(2) as pool:
        was_there = [each for part in pool.map(lambda seed: [*kill_and_fetch_again(seed)], (106, 601)) for each in part]
    assert len(was_there) == 20
    assert was_there.count(False) >= 9, "it was hardly ever killed before it was done"


def test_four_processes_that_fetch_at_once_all_succeed_with_one_download(lab):
    with ThreadPoolExecutor(4) as pool:
        assert all(succeeds(done) for done in pool.map(lambda _: lab.fetch(), range(4)))
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


def damage_downloads(lab):
    """Every downloaded file has its size, and nothing else that it had."""
    for path in (lab.cache.root / "omz-downloads").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\0" * path.stat().st_size)


def test_a_damaged_download_without_a_network_is_noticed_before_a_tool_is_started(lab, files):
    assert succeeds(lab.fetch())
    damage_downloads(lab)
    write_configurations(lab.models, files, closed_port())
    began = time.monotonic()
    sentence = sentence_of(lab.fetch("small", "--precision=FP32"))
    assert time.monotonic() - began < 10
    assert "out of reach" in sentence


def test_a_damaged_download_is_downloaded_again(lab):
    assert succeeds(lab.fetch())
    damage_downloads(lab)
    assert succeeds(lab.fetch("small", "--precision=FP32"))
    assert lab.mirror.gets.count("/small.caffemodel") == 2
    assert lab.in_cache() == ["small", "small"]


def test_tools_that_cannot_be_installed_are_one_sentence(tmp_path, lab, installed):
    lab.cache = Cache(tmp_path / "empty")
    met = lab.fetch(
        PIP_INDEX_URL=f"{closed_port()}/simple",
        PIP_RETRIES="0",
        PIP_NO_INDEX="",
        PIP_CONFIG_FILE="/dev/null",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
    )
    assert lab.cache.entries() == []
    with_tools(lab.cache.root, installed)
    words = ("tools cannot be installed", "--model-source=embedded")
    assert lab.after(met).was_mended("check the package index", *words)


def test_killed_while_the_tools_are_installed_it_leaves_nothing_and_two_that_run_next_install_them_once(tmp_path, lab):
    lab.cache = Cache(tmp_path / "empty")
    home = tmp_path / "home"
    home.mkdir()
    process = lab.start()
    assert wait_until(lambda: [*lab.cache.root.glob("staging/*/environment/bin/pip")] != [], 30)
    process.kill()
    process.wait(10)
    assert wait_until(lambda: not tools_of(lab.cache), 5), tools_of(lab.cache)
    assert lab.cache.entries() == []
    with ThreadPoolExecutor(2) as pool:
        both = [*pool.map(lambda _: lab.fetch(HOME=str(home)), range(2))]
    assert all(succeeds(done) for done in both)
    assert [*home.rglob("*")] == []
    assert lab.in_cache() == ["small"]
    assert sorted(lab.mirror.gets) == ["/small.caffemodel", "/small.prototxt"]
    assert toolchain.installed(lab.cache) is not None
    (installer,) = [done for done in both if "installed the Open Model Zoo's tools" in done.stderr]
    assert "installing its tools (Python" in installer.stderr
    (waiter,) = [done for done in both if done is not installer]
    assert f"waiting for another process that is at work on {toolchain.NAME}" in waiter.stderr


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
    is_asked = f'for word in "$@"; do [ "$word" = {tool} ] && exit 0; done'
    lazy.write_text(f'#!/bin/sh\n{is_asked}\nexec {real}/environment/bin/python "$@"\n')
    lazy.chmod(0o755)
    (borrowed / "environment" / "lib").symlink_to(real / "environment" / "lib")
    copy = borrowed / "catalogue.json"
    copy.write_bytes((real / "catalogue.json").read_bytes())
    files = {copy.name: {"bytes": copy.stat().st_size, "sha256": sha256_of(copy)}}
    write_json(borrowed / "manifest.json", {"name": "omz-toolchain", "kind": "toolchain", "files": files})
    met = lab.fetch()
    shutil.rmtree(borrowed)
    borrowed.symlink_to(real)
    next_step = zoo.MIRROR if tool == "catalogue" else "models remove omz-toolchain"
    assert lab.after(met).was_mended(next_step, words)


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
