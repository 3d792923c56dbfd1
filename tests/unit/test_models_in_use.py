"""A model that a session measures with is not taken away from it: two real processes, one with a rig, one that removes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import pytest

from autogauge import leases, manifest
from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.manifest import read_manifest
from autogauge.models import cached
from autogauge.models.omz import toolchain
from tests.sessions import Session
from tests.support import ROOT, run_cli, sentence_of

MEASURES = """
import contextlib, sys
from pathlib import Path
from autogauge.cache import Cache
from autogauge.measuring.progress import Silent
from autogauge.models.resolve import Wanted
from autogauge.rig.rig import Asked, Rig

cache, model, folder = map(Path, sys.argv[1:])
asked = Asked(Wanted.named(str(model), None, "auto"))
rig = Rig(asked, Cache(cache), folder, lambda: contextlib.nullcontext(Silent()))
print(rig.model.path, flush=True)
sys.stdin.readline()
rig.close()
print("closed", flush=True)
sys.stdin.readline()
"""


def an_entry(cache, key="one-model-FP32", precision="FP32"):
    """A model in the cache, as far as who only lists and removes can see."""

    def build(folder):
        (folder / "model.xml").write_text("<net/>")
        (folder / "model.bin").write_bytes(b"weights")
        return {"name": "one-model", "source": "embedded", "precision": precision, "weights": "random"}

    return cache.entry(key, build)


@contextlib.contextmanager
def session(cache, model, folder):
    """Another process whose rig has that model."""
    process = subprocess.Popen(
        [sys.executable, "-c", MEASURES, str(cache.root), str(model), str(folder / "rig")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline().strip() == str(model)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def remove(cache, *words):
    return run_cli("models", "remove", "one-model", f"--cache={cache.root}", *words)


def test_a_model_that_a_session_uses_is_not_removed_and_the_refusal_names_the_process(cache, tmp_path):
    used, other = an_entry(cache), an_entry(cache, "one-model-FP16", "FP16")
    with session(cache, used / "model.xml", tmp_path) as process:
        said = sentence_of(remove(cache))
        assert said.startswith(f"one-model is in use in the cache {cache.root} by process {process.pid} of ")
        assert "python" in said
        assert said.endswith("): wait for its end, or remove it all the same (--force).")
        assert used.is_dir()
        assert other.is_dir(), "all or nothing"

        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "closed\n"
        assert remove(cache).returncode == 0, "the rig is closed, its process lives"
    assert not used.exists()
    assert not other.exists()


@pytest.mark.slow
def test_a_killed_session_uses_nothing_and_force_removes_all_the_same(cache, tmp_path):
    used = an_entry(cache)
    with session(cache, used / "model.xml", tmp_path):
        done = remove(cache, "--force", "--json")
        assert done.returncode == 0, done.stderr
        assert [each["name"] for each in json.loads(done.stdout)] == ["one-model"]
        assert not used.exists()
    used = an_entry(cache)
    with session(cache, used / "model.xml", tmp_path):
        pass
    assert remove(cache).returncode == 0


@pytest.mark.slow
def test_several_sessions_use_a_model_together_and_each_is_named(cache, tmp_path):
    used = an_entry(cache)
    own = cache.use(used / "model.xml")
    with session(cache, used / "model.xml", tmp_path) as process:
        with pytest.raises(leases.InUse) as caught, cache.unused(used):
            pytest.fail("it is in use")
        assert [each.split()[1] for each in caught.value.who] == [
            str(each) for each in sorted((os.getpid(), process.pid))
        ]
    own.end()
    own.end()
    with cache.unused(used), pytest.raises(UserError, match=r"has just been removed from the cache .*: start again"):
        cache.use(used / "model.xml")


@pytest.mark.slow
def test_a_session_of_pytest_keeps_its_model_to_its_end(tmp_path):
    running = Session(tmp_path, tmp_path / "cache", "--accelerator=none", "-k", "first_inference_latency")
    try:
        running.wait_for_probes(1, set())
        done = run_cli("models", "remove", "one-convolution", f"--cache={tmp_path / 'cache'}")
        assert f"by process {running.process.pid} of " in sentence_of(done)
        status, _ = running.finish()
    finally:
        running.process.kill()
        running.process.wait()
    assert status == 0, running.text()
    assert run_cli("models", "remove", "one-convolution", f"--cache={tmp_path / 'cache'}").returncode == 0


def test_what_is_in_no_entry_is_nobodys_and_a_read_only_entry_can_be_used(cache, tmp_path):
    used = an_entry(cache)
    assert cache.use(tmp_path / "model.xml") is None
    assert cache.use(cache.root) is None
    link = tmp_path / "link.xml"
    link.symlink_to(used / "model.xml")
    (used / manifest.MANIFEST).chmod(0o444)
    held = cache.use(link)
    with pytest.raises(leases.InUse), cache.unused(used):
        pytest.fail("it is in use by another name")
    held.end()
    assert read_manifest(used) is not None
    (used / manifest.MANIFEST).unlink()
    assert cache.use(used / "model.xml") is None, "a file of the user's own, as far as one can tell"
    with cache.unused(used):
        pass


def test_tools_at_work_are_not_removed(cache):
    facts = {"name": toolchain.NAME, "kind": "toolchain", "toolchain": "abc"}
    folder = cache.entry(f"{toolchain.NAME}-abc", lambda _: facts)
    tools = toolchain.Toolchain(folder / "environment" / "bin" / "python", {}, "abc")
    with (
        toolchain.in_use(cache, tools),
        pytest.raises(UserError, match=f"omz-toolchain is in use .* by process {os.getpid()} "),
    ):
        cached.remove(cache, toolchain.NAME)
    assert [each.folder for each in cached.remove(cache, toolchain.NAME)] == [folder]
    with toolchain.in_use(cache, tools):
        pass


def test_a_child_that_is_forked_neither_uses_it_on_nor_ends_the_use(cache):
    used = an_entry(cache)
    held = cache.use(used / "model.xml")
    ready, go_on = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.write(ready[1], b"x")
        os.close(go_on[1])
        os.read(go_on[0], 1)  # until the parent is done
        os._exit(0)
    try:
        assert os.read(ready[0], 1) == b"x"
        with pytest.raises(leases.InUse) as caught, cache.unused(used):
            pytest.fail("the parent uses it")
        assert [each.split()[1] for each in caught.value.who] == [str(os.getpid())]
        held.end()
        with cache.unused(used):
            pass
    finally:
        os.close(go_on[1])
        os.waitpid(child, 0)
        for each in (*ready, go_on[0]):
            os.close(each)
