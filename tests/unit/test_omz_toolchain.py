"""Installing the Open Model Zoo's tools, and any OpenVINO release: once, whoever asks; with what; on which interpreter."""

import contextlib
import re
import sys
import threading
from pathlib import Path

import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.measuring.progress import Silent
from autogauge.models.omz import toolchain
from autogauge.models.omz.zoo import Zoo
from autogauge.runtimes import environment
from autogauge.tools import interpreters
from autogauge.tools.running import Deadline
from fixtures import plugin
from tests.support import ROOT


def make(staging, *_):
    """What is left of an installation as far as anybody looks at it."""
    python = staging / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/sh")
    (staging / "catalogue.json").write_text("{}")
    return {"name": "made", "kind": "toolchain"}


class Heard(Silent):
    """Remembers what is said; it may be told of the first line."""

    def __init__(self):
        self.lines, self.first = [], threading.Event()

    def say(self, line):
        self.lines.append(line)
        self.first.set()


@contextlib.contextmanager
def another_at_work(cache, key, heard):
    """Another one is replacing a damaged entry; it is done once somebody says to wait for it, or in a second."""
    cache.folder(key).mkdir(parents=True)
    begun = threading.Event()

    def build(staging):
        begun.set()
        heard.first.wait(1)
        return make(staging)

    thread = threading.Thread(target=lambda: cache.entry(key, build))
    thread.start()
    assert begun.wait(10)
    try:
        yield
    finally:
        thread.join(10)


def must_not_install(*_):
    pytest.fail("what another one has just installed is good")


@pytest.fixture
def pretend(monkeypatch):
    """There is a Python 3.10; installing is as the function given does it."""

    def pretend(install):
        monkeypatch.setattr(toolchain, "interpreter", lambda _: ("3.10", Path("python3.10")))
        monkeypatch.setattr(toolchain, "_install", install)
        monkeypatch.setattr(environment, "_install", install)

    return pretend


def install_tools(cache, heard):
    return toolchain.install(cache, Deadline(30), heard).python


def install_release(cache, heard):
    return environment.python_with("2026.0.0", cache, heard, "--reference")


def key_of(install):
    if install is install_tools:
        return toolchain._key("3.10")
    return f"openvino-2026.0.0-py{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.parametrize("install", [install_tools, install_release])
def test_what_another_process_installs_meanwhile_is_waited_for_and_taken(tmp_path, pretend, install):
    pretend(must_not_install)
    cache, heard = Cache(tmp_path), Heard()
    with another_at_work(cache, key_of(install), heard):
        assert install(cache, heard).exists()
    (line,) = heard.lines
    assert f"waiting for another process that is at work on {key_of(install)}" in line


@pytest.mark.parametrize("install", [install_tools, install_release])
def test_an_environment_whose_interpreter_is_gone_is_made_anew(tmp_path, pretend, install):
    pretend(make)
    cache = Cache(tmp_path)
    python = install(cache, Heard())
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    assert install(cache, Heard()) == python
    assert python.exists()


def test_the_digest_is_of_what_is_installed_not_of_comments(tmp_path, monkeypatch):
    listed = tmp_path / "requirements-omz.txt"
    monkeypatch.setattr(toolchain, "REQUIREMENTS", listed)

    def digest_of(text):
        listed.write_text(text)
        return toolchain.digest()

    plain = digest_of('a==1\nb==2; python_version < "3.12"\n')
    assert digest_of('# why\n\na==1  # pinned\nb==2; python_version < "3.12"\n  # end\n') == plain
    assert digest_of('a==2\nb==2; python_version < "3.12"\n') != plain
    assert toolchain.requirements() == ["a==2", 'b==2; python_version < "3.12"']


def test_without_the_list_of_the_tools_it_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(toolchain, "REQUIREMENTS", tmp_path / "requirements-omz.txt")
    with pytest.raises(UserError, match=r"is not at .*; install autogauge anew .*--model-source=embedded"):
        Zoo(Cache(tmp_path / "cache"), models=None).download("googlenet-v1", "FP16")


def test_the_best_interpreter_is_a_working_one():
    version, python = toolchain.interpreter(Deadline(60))
    assert version in toolchain.VERSIONS
    assert python.exists()


def test_every_place_is_looked_at_and_the_newest_release_first(tmp_path, monkeypatch):
    home = tmp_path / "home"
    places = [
        tmp_path / "shims",
        tmp_path / "usr" / "bin",
        home / ".pyenv" / "versions" / "3.5.14" / "bin",
        home / ".pyenv" / "versions" / "3.5.9" / "bin",
        home / ".local" / "share" / "uv" / "python" / "cpython-3.5.10-linux-x86_64-gnu" / "bin",
        home / ".local" / "share" / "uv" / "python" / "cpython-3.5.9-linux-x86_64-gnu" / "bin",
    ]
    for place in places:
        place.mkdir(parents=True)
        (place / "python3.5").touch(0o755)
    monkeypatch.setenv("PATH", f"{places[0]}::{tmp_path / 'nowhere'}:{places[1]}")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(toolchain, "VERSIONS", ("3.5",))
    tried = []

    def fits(python, version, deadline_s):
        tried.append(python)
        return len(tried) == len(places)

    monkeypatch.setattr(interpreters, "fits", fits)
    assert toolchain.interpreter(Deadline(60)) == ("3.5", places[-1] / "python3.5")
    assert tried == [place / "python3.5" for place in places]


def test_without_a_fitting_interpreter_it_is_one_sentence(monkeypatch):
    monkeypatch.setattr(toolchain, "VERSIONS", ("3.5",))
    with pytest.raises(UserError, match=r"Python 3\.5"):
        toolchain.interpreter(Deadline(60))


def test_the_tools_are_installed_by_the_digests_of_the_same_list():
    """Whoever changes one list changes the other; each file that may be installed has its digest there."""
    text = re.sub(r"^#.*\n", "", toolchain.LOCK.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    locked = {}
    for line in text.splitlines():
        words = re.split(r"\s+--hash=sha256:", line.strip())
        locked[words[0]] = words[1:]
    assert list(locked) == toolchain.requirements()
    assert all(digests and all(re.fullmatch("[0-9a-f]{64}", each) for each in digests) for digests in locked.values())


def test_what_the_suite_needs_is_bounded_below_the_next_major_release_but_for_openvino():
    tomllib = pytest.importorskip("tomllib")
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+(>=\d+,)?<\d+", line.partition(";")[0])] == [
        "openvino>=2024.6"
    ]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == lines, "a wheel asks for what the checkout asks for"
    for name, asked in project["optional-dependencies"].items():
        listed = (ROOT / f"requirements-{name}.txt").read_text().splitlines()
        assert asked == [line for each in listed if (line := re.sub(r"(^|\s)#.*", "", each).strip())]
    assert plugin.OLDEST == (8,)
    assert "pytest>=8,<10" in lines
