"""Nothing of the cache is run that another user may have put there; what a manifest says is a value; what is damaged is mended."""

import contextlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from autogauge import trust
from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.history import index
from autogauge.manifest import is_intact, read_manifest
from autogauge.measuring.progress import Silent
from autogauge.models import cached
from autogauge.models.artefact import artefact_in
from autogauge.models.omz import downloads
from autogauge.runtimes import environment
from tests.cases import each_of
from tests.histories import save
from tests.properties import for_all
from tests.support import run_cli

STRANGER, ANOTHER = 64_321, 64_322
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's files")


def build(folder: Path) -> dict:
    (folder / "bin").mkdir()
    (folder / "bin" / "program").write_text("#!/bin/sh\n")
    (folder / "bin" / "link").symlink_to("program")
    return {"name": "tools", "kind": "toolchain"}


@pytest.fixture
def cache(tmp_path):
    cache = Cache(tmp_path / "cache")
    cache.entry("tools", build)
    return cache


@pytest.fixture
def open_folder():
    """A folder that every user can reach, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="autogauge-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def as_user(number: int, work: Callable[[], None]) -> str:
    """What the user with that number gets of the work: the sentence of a mistake, or nothing."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(number, number, number)
            os.setresuid(number, number, number)
            work()
            answer = ""
        except BaseException as error:
            answer = str(error) if isinstance(error, UserError) else f"FAULT {error!r}"
        os.write(send, answer.encode())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    return answer


def must_not_build(_: Path) -> dict:
    pytest.fail("it was there")


def refused(cache: Cache) -> str:
    """The sentence with which the entry is refused; it is neither used nor replaced."""
    before = cache.folder("tools").lstat()
    with pytest.raises(UserError, match="not to be trusted") as caught:
        cache.entry("tools", must_not_build)
    assert cache.folder("tools").lstat().st_ino == before.st_ino
    assert "\n" not in str(caught.value)
    assert "--cache=DIR" in str(caught.value)
    return str(caught.value)


PLACES = ("", "entries", "staging", "locks", "entries/tools", "entries/tools/bin", "entries/tools/bin/program")


@as_root
@pytest.mark.parametrize("place", [*PLACES, "entries/tools/bin/link", "entries/tools/manifest.json"])
def test_what_belongs_to_another_user_is_not_run(cache, place):
    os.chown(cache.root / place, STRANGER, -1, follow_symlinks=False)
    assert f"{cache.root / place} belongs to the user number {STRANGER}" in refused(cache)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("right", "who"), [(stat.S_IWOTH, "everybody"), (stat.S_IWGRP | stat.S_ISVTX, "the group")])
def test_what_others_may_write_is_not_run(cache, place, right, who, monkeypatch):
    monkeypatch.setattr(trust, "_is_private", lambda _: False)
    path = cache.root / place
    path.chmod(path.stat().st_mode | right)
    sentence = refused(cache)
    assert f"{path} is such that {who}" in sentence
    assert "chmod -R go-w" in sentence


def test_nothing_is_built_in_a_folder_that_everybody_may_write_to(tmp_path):
    root = tmp_path / "shared"
    root.mkdir()
    root.chmod(0o1777)  # as /tmp is
    with pytest.raises(UserError, match="everybody may write to it"):
        Cache(root).entry("tools", must_not_build)
    with pytest.raises(UserError, match="everybody may write to it"), Cache(root).scratch("omz"):
        pytest.fail("it is not to be used")


def test_a_file_that_was_planted_among_programs_is_no_part_of_the_entry(cache):
    (cache.folder("tools") / "bin" / "sitecustomize.py").write_text("raise SystemExit")
    assert not is_intact(cache.folder("tools"))
    assert is_intact(cache.entry("tools", build))


@pytest.mark.parametrize("damage", ["another target", "a file in its place", "gone", "a new one", "a pipe"])
def test_a_link_that_leads_elsewhere_is_noticed(cache, damage):
    link = cache.folder("tools") / "bin" / "link"
    if damage not in ("a new one", "a pipe"):
        link.unlink()
    if damage == "another target":
        link.symlink_to("/bin/sh")
    elif damage == "a file in its place":
        link.write_bytes((link.parent / "program").read_bytes())
    elif damage == "a new one":
        link.with_name("other").symlink_to("/bin/sh")
    elif damage == "a pipe":
        os.mkfifo(link.with_name("pipe"))
    assert not is_intact(cache.folder("tools"))
    assert is_intact(cache.entry("tools", build))


def test_a_file_of_an_entry_that_became_a_link_to_the_same_content_is_noticed(cache, tmp_path):
    program = cache.folder("tools") / "bin" / "program"
    shutil.copy(program, tmp_path / "copy")
    program.unlink()
    program.symlink_to(tmp_path / "copy")
    assert not is_intact(cache.folder("tools"))


@as_root
def test_an_entry_that_is_a_link_is_trusted_as_far_as_what_it_leads_to(cache, tmp_path):
    folder = cache.folder("tools")
    elsewhere = tmp_path / "elsewhere" / "tools"
    elsewhere.parent.mkdir()
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    assert cache.entry("tools", must_not_build) == folder
    os.chown(elsewhere, STRANGER, -1)
    refused(cache)


@pytest.mark.parametrize("place", ["", "entries", "locks"])
def test_a_cache_behind_a_link_is_trusted_as_far_as_what_it_leads_to(cache, tmp_path, place):
    link, elsewhere = cache.root / place, tmp_path / "elsewhere"
    link.rename(elsewhere)
    link.symlink_to(elsewhere)
    assert cache.entry("tools", must_not_build) == cache.folder("tools")
    elsewhere.chmod(0o777)
    assert f"{elsewhere} is such that everybody may write to it" in refused(cache)


@as_root
def test_who_may_run_what_is_in_whose_cache(open_folder):
    """Root's is for everybody, also where it cannot be written; a user's is for him alone, and not for root either."""
    of_root, of_user = Cache(open_folder / "root's"), Cache(open_folder / "user's")
    of_root.entry("tools", build)
    of_user.root.mkdir()
    os.chown(of_user.root, STRANGER, STRANGER)
    assert as_user(STRANGER, lambda: of_user.entry("tools", build)) == ""
    assert as_user(STRANGER, lambda: of_user.entry("tools", must_not_build)) == ""
    assert as_user(STRANGER, lambda: of_root.entry("tools", must_not_build)) == "", "complete, though it is not his"
    assert "cannot write the cache" in as_user(STRANGER, lambda: of_root.entry("more", build))
    assert f"belongs to the user number {STRANGER}" in as_user(ANOTHER, lambda: of_user.entry("tools", build))
    assert f"belongs to the user number {STRANGER}" in refused(of_user)


@as_root
def test_a_damaged_entry_in_a_cache_that_cannot_be_written_is_one_sentence(open_folder):
    cache = Cache(open_folder / "image")
    (cache.entry("tools", build) / "bin" / "program").write_text("changed")
    said = as_user(STRANGER, lambda: cache.entry("tools", must_not_build))
    assert said.startswith("cannot write the cache")


@as_root
def test_a_complete_cache_without_its_locks_and_staging_is_usable(open_folder):
    cache = Cache(open_folder / "image")
    cache.entry("tools", build)
    for name in ("locks", "staging"):
        shutil.rmtree(cache.root / name)
    assert as_user(STRANGER, lambda: cache.entry("tools", must_not_build)) == ""


@as_root
def test_an_interpreter_that_another_user_planted_is_not_started(open_folder):
    """A folder that all may write to, as a shared one often is; the entry is whole, by its own manifest."""
    cache, ran = Cache(open_folder / "shared"), open_folder / "ran"
    open_folder.chmod(0o777)

    def plant() -> None:
        os.umask(0)
        real = trust.MODE
        trust.MODE = 0o777
        cache.root.mkdir()
        key = f"openvino-2024.6.0-py{sys.version_info.major}.{sys.version_info.minor}"
        folder = cache.entry(key, planted)
        trust.MODE = real
        (folder / "environment").chmod(0o755)

    def planted(staging: Path) -> dict:
        python = staging / "environment" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\ntouch {ran}\n")
        python.chmod(0o755)
        return {"name": "openvino-2024.6.0", "kind": "toolchain", "numpy": "2.1.3"}

    real = trust.check
    trust.check = lambda *_, **__: None
    try:
        assert as_user(STRANGER, plant) == ""
    finally:
        trust.check = real
    with pytest.raises(UserError, match=f"belongs to the user number {STRANGER}"):
        environment.python_with("2024.6.0", cache, Silent(), "--reference")
    assert not ran.exists()


def test_what_is_made_is_for_its_maker_alone_to_write_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        cache = Cache(tmp_path / "cache")

        def careless(folder: Path) -> dict:
            (folder / "program").write_text("")
            (folder / "program").chmod(0o777)
            return build(folder)

        cache.entry("tools", careless)
    finally:
        os.umask(before)
    made = [cache.root, *(path for path in cache.root.rglob("*") if not path.is_symlink() and path.suffix != ".lock")]
    assert not [path for path in made if path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)]
    assert (cache.folder("tools") / "program").stat().st_mode & stat.S_IXOTH, "and nothing else is taken away"
    cache.entry("tools", must_not_build)


def test_a_group_of_ones_own_is_nobody_else(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(trust.pwd, "getpwuid", lambda _: SimpleNamespace(pw_uid=1000, pw_gid=1000, pw_name="me"))
    for group, is_private in (
        (SimpleNamespace(gr_name="me", gr_mem=[]), True),
        (SimpleNamespace(gr_name="me", gr_mem=["me"]), True),
        (SimpleNamespace(gr_name="me", gr_mem=["me", "you"]), False),
        (SimpleNamespace(gr_name="users", gr_mem=[]), False),
    ):
        monkeypatch.setattr(trust.grp, "getgrgid", lambda _, group=group: group)
        assert trust._is_private(1000) is is_private
    assert not trust._is_private(1001)


@as_root
def test_which_program_outside_the_cache_may_be_run(tmp_path):
    program = tmp_path / "python3.10"
    program.write_text("")
    program.chmod(0o755)
    assert trust.may_run(program)
    program.chmod(0o775)
    assert not trust.may_run(program)
    program.chmod(0o755)
    os.chown(program, STRANGER, -1)
    assert not trust.may_run(program)
    assert not trust.may_run(tmp_path / "gone")
    assert trust.may_run(Path(sys.executable))


# Manifests.


@for_all(lambda st: (st.text(max_size=200), st.binary(max_size=200)))
def test_whatever_is_in_a_manifests_place_is_read_or_is_none(text, content):
    folder = Path(tempfile.mkdtemp())
    try:
        for each in (text.encode("utf-8", "replace"), content):
            (folder / "manifest.json").write_bytes(each)
            assert read_manifest(folder) is None
    finally:
        shutil.rmtree(folder)


SHA256, SHA384 = "a" * 64, "b" * 96
FILES = {"m.xml": {"bytes": 1, "sha256": SHA256}}
EVIL = ("../../victim", "/etc/passwd", "..", ".", "", "a/../../b", "\0", "../" * 40 + "victim")


@each_of(
    "manifest",
    [
        *({"files": {name: FILES["m.xml"]}} for name in EVIL),
        *({"files": FILES, "links": {name: "x"}} for name in EVIL),
        *({"files": FILES, "name": name} for name in (*EVIL, "a/b", 7, "x" * 600)),
        *(
            {"files": FILES, "checksums": [text]}
            for text in (*EVIL, SHA256, SHA384.upper(), SHA384 + "\n", "/" + SHA384[1:], 7)
        ),
        *({"files": FILES, "checksums": value} for value in ("b" * 96, {}, None)),
        *(
            {"files": {"m.xml": facts}}
            for facts in ({}, [], {"bytes": -1, "sha256": SHA256}, {"bytes": "1", "sha256": SHA256})
        ),
        *(
            {"files": {"m.xml": {"bytes": 1, "sha256": text}}}
            for text in ("", "a" * 63, "A" * 64, "g" * 64, 7, f"{SHA256}\n")
        ),
        *(
            {"files": FILES, name: []}
            for name in ("kind", "source", "precision", "weights", "toolchain", "numpy", "openvino")
        ),
        {"files": FILES, "links": []},
        {"files": FILES, "links": {"a": 7}},
        {"files": []},
        [],
        {},
    ],
    ids=lambda manifest: repr(manifest)[:60],
)
def test_a_manifest_with_another_value_than_it_may_have_is_none(tmp_path, manifest):
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert read_manifest(tmp_path) is None
    assert not is_intact(tmp_path)


def test_a_deep_or_endless_manifest_is_none(tmp_path):
    (tmp_path / "manifest.json").write_text("[" * 100_000)
    assert read_manifest(tmp_path) is None
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "manifest.json").symlink_to("/dev/zero")
    assert read_manifest(tmp_path) is None
    (tmp_path / "manifest.json").unlink()
    os.mkfifo(tmp_path / "manifest.json")
    assert read_manifest(tmp_path) is None


def make_model(folder: Path) -> dict:
    (folder / "m.xml").write_text("x")
    return {"name": "m", "kind": "model", "precision": "FP16"}


def test_models_remove_deletes_no_file_but_the_caches(tmp_path):
    cache, victim = Cache(tmp_path / "cache"), tmp_path / "victim"
    victim.write_text("mine")
    downloads.add(cache.root, SHA384, victim)  # so that the folders on the way are there
    for number, path in enumerate((f"..{os.sep}" * 3 + "../victim", str(victim), "bb/../../../../victim")):
        folder = cache.entry("m", make_model)
        manifest = json.loads((folder / "manifest.json").read_bytes())
        (folder / "manifest.json").write_text(json.dumps({**manifest, "checksums": [path]}))
        assert [each.state for each in cached.listed(cache) if each.kind != "downloads"] == [cached.DAMAGED]
        if number == 0:
            assert run_cli("models", "remove", "m", f"--cache={cache.root}").returncode == 0
        else:
            cached.remove(cache, "m")
        assert not folder.exists()
        assert victim.read_text() == "mine"
        with pytest.raises(ValueError, match="no checksum"):
            downloads.place(cache.root, path)
    assert downloads.place(cache.root, SHA384).exists(), "nor is any other file of the cache's"


@as_root
def test_what_is_not_to_be_trusted_is_listed_as_such(cache):
    os.chown(cache.folder("tools"), STRANGER, -1)
    assert [each.state for each in cached.listed(cache)] == [cached.UNTRUSTED]


def test_an_entry_that_does_not_say_which_model_it_is_is_one_sentence(tmp_path):
    def nameless(folder: Path) -> dict:
        return {**make_model(folder), "name": "another"}

    folder = Cache(tmp_path).entry("x", nameless)
    with pytest.raises(UserError, match="does not say which model it is"):
        artefact_in(folder)


# What Python has compiled.


def install(staging: Path, *words: object) -> dict:
    """A small environment with one package, compiled, as pip leaves it; tells which numpy it was to have."""
    made = staging / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
    (site,) = made.glob("lib/python*/site-packages")
    (site / "package.py").write_text("ANSWER = 42\n")
    subprocess.run([str(made / "bin" / "python"), "-m", "compileall", "-q", str(site)], check=True)
    (staging / "numpy_wanted").write_text(str(words[-1]))
    return {"name": "openvino-2024.6.0", "kind": "toolchain", "numpy": "2.1.3"}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """An environment in the cache; asks again, and tells whether it was installed once more."""
    installs = []
    monkeypatch.setattr(environment, "_install", lambda *words: [installs.append(1), install(*words)][1])
    cache = Cache(tmp_path / "cache")

    def ask() -> tuple[Path, int]:
        return environment.python_with("2024.6.0", cache, Silent(), "--reference").parents[2], len(installs)

    return ask


def compiled_in(folder: Path) -> Path:
    (found,) = folder.rglob("package.*.pyc")
    return found


@pytest.mark.parametrize("damage", ["cut off", "other code", "gone", "not told by an older manifest"])
def test_a_compiled_file_that_is_damaged_is_made_anew_without_the_network(installed, damage):
    folder, _ = installed()
    path = compiled_in(folder)
    sound = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(sound[:50] if damage == "cut off" else sound.replace(b"ANSWER", b"REWNSA"))
    if damage == "not told by an older manifest":
        manifest = json.loads((folder / "manifest.json").read_bytes())
        del manifest["links"]
        manifest["files"] = {name: facts for name, facts in manifest["files"].items() if "__pycache__" not in name}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    again, installs = installed()
    assert (again, installs) == (folder, 1)
    assert is_intact(folder)
    python = str(folder / "environment" / "bin" / "python")
    done = subprocess.run(
        [python, "-c", "import package; print(package.ANSWER)"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "42\n"
    assert read_manifest(folder)["numpy"] == "2.1.3"


@pytest.mark.parametrize(
    "damage", ["planted", *(pytest.param(each, marks=pytest.mark.slow) for each in ("source", "link"))]
)
def test_anything_else_that_is_damaged_is_installed_anew_with_the_same_numpy(installed, damage):
    folder, _ = installed()
    if damage == "source":
        compiled_in(folder).parents[1].joinpath("package.py").write_text("ANSWER = 41\n")
    elif damage == "planted":
        compiled_in(folder).parents[1].joinpath("sitecustomize.py").write_text("ANSWER = 41\n")
    else:
        (folder / "environment" / "bin" / "python").unlink()
        (folder / "environment" / "bin" / "python").symlink_to("/bin/sh")
    assert (folder / "numpy_wanted").read_text() == ""
    again, installs = installed()
    assert (again, installs) == (folder, 2)
    assert (folder / "numpy_wanted").read_text() == "2.1.3"


@as_root
def test_an_index_that_another_user_may_have_written_is_not_read(tmp_path):
    root, history = tmp_path / "cache", tmp_path / "lab"
    save(history, {"a": 0.01})
    with index.opened(history, root) as found:
        own = len(found.runs())
    database = index.path_of(history, root)
    with contextlib.closing(sqlite3.connect(database)) as planted, planted:
        planted.execute("UPDATE runs SET openvino = 'planted'")
    with index.opened(history, root) as found:
        assert {run.openvino for run in found.runs()} == {"planted"}, "it is believed as long as it is ours"
    os.chown(database, STRANGER, -1)
    with index.opened(history, root) as found:
        assert len(found.runs()) == own
        assert "planted" not in {run.openvino for run in found.runs()}


def test_a_cache_that_is_a_loop_of_links_is_one_sentence(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    cache = Cache(tmp_path / "loop")
    with pytest.raises(UserError, match="cannot write the cache"):
        cache.entry("tools", must_not_build)
    with pytest.raises(UserError, match="cannot write the cache"), cache.scratch("omz"):
        pytest.fail("it is not there")
