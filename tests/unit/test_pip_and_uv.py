"""What pip is told of a lab's index holds for uv too, and what the index offers is asked of pip."""

import os
import sys
from pathlib import Path

import pytest

from autogauge.tools import environments, pips, uv
from autogauge.tools.interpreters import own_base, own_version
from autogauge.tools.running import Deadline, ToolFailed, run_tool
from tests import wheels
from tests.cases import each_of
from tests.properties import for_all
from tests.support import is_gone, wait_until

LISTED = "import importlib.metadata as m; print(sorted((d.metadata['Name'], d.version) for d in m.distributions()))"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A lab's index and nothing else: no settings of this machine's, and no way to another index."""
    for name in [each for each in os.environ if each.startswith(("PIP_", "UV_")) or each.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    there = tmp_path / "wheels"
    wheels.numpy(there, "9.1.0")
    wheels.numpy(there, "9.2.0")
    for version in ("2025.4.0", "2025.4.1", "2026.1.0"):
        wheels.openvino(there, version)
    return there


@pytest.fixture
def scratch(tmp_path):
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def need_uv():
    if uv.find() is None:
        pytest.skip("uv is not installed (pip install uv)")


def packages(python, scratch):
    script = scratch / "list.py"
    script.write_text(LISTED)
    return run_tool(python, "script", str(script), scratch=scratch, deadline=Deadline(60))[-1]


def make(tmp_path, scratch, *requirements, heard=None):
    heard = [] if heard is None else heard
    return environments.make_quickly(
        own_base(), tmp_path / "made", requirements, scratch=scratch, deadline=Deadline(120), say=heard.append
    )


# Settings.


@each_of(
    ("settings", "words", "variables"),
    [
        ({"index-url": "https://a/simple"}, (), {"UV_DEFAULT_INDEX": "https://a/simple"}),
        ({"extra-index-url": "https://a\nhttps://b"}, (), {"UV_INDEX": "https://a https://b"}),
        ({"find-links": "/a\n/b"}, (), {"UV_FIND_LINKS": "/a,/b"}),
        ({"no-index": "true"}, ("--no-index",), {}),
        ({"no-index": "0", "quiet": "1", "find-links": ""}, (), {}),
        ({"trusted-host": "a b"}, (), {"UV_INSECURE_HOST": "a b"}),
        ({"cert": "/ca.pem"}, (), {"SSL_CERT_FILE": "/ca.pem"}),
        ({"proxy": "http://p:1"}, (), dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://p:1")),
        ({"constraint": "/c.txt", "timeout": "7"}, (), {"UV_CONSTRAINT": "/c.txt", "UV_HTTP_TIMEOUT": "7"}),
    ],
)
def test_a_setting_of_pips_is_handed_to_uv(settings, words, variables):
    found = uv.handed(settings)
    assert found is not None
    assert found.words == words
    assert {name: value for name, value in found.variables.items() if name not in CERTIFICATES} == variables


CERTIFICATES = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
"""pip trusts what the system trusts; uv has to be told so."""


@each_of(
    "settings",
    [
        {"client-cert": "/me.pem"},
        {"keyring-provider": "subprocess"},
        {"pre": "true"},
        {"no-index": "maybe"},
        {"find-links": "/a,b"},
        {"requirement": "r.txt"},
        {"what-comes-next-year": "x"},
    ],
)
def test_with_a_setting_that_uv_has_not_pip_it_is(settings):
    assert uv.handed({"index-url": "https://a", **settings}) is None


@for_all(lambda st: (st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1), st.text(min_size=1).filter(str.strip)))
def test_no_setting_is_passed_over_silently(name, value):
    known = {*uv._HARMLESS, *uv._VARIABLES, "no-index"}
    assert (uv.handed({name: value}) is None) or name in known


def test_pips_settings_come_from_its_files_and_the_environment_wins(lab, scratch, tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://lab/simple\nextra-index-url =\n  https://one\n  https://two\n"
        "[install]\ntrusted-host = lab\n[freeze]\nproxy = no\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_TRUSTED_HOST", "other")
    found = pips.settings(scratch, Deadline(60))
    assert found["index-url"] == "https://lab/simple"
    assert found["extra-index-url"].split() == ["https://one", "https://two"]
    assert found["trusted-host"] == "other"
    assert "proxy" not in found, "of another command"


@pytest.mark.slow
def test_this_environments_own_settings_hold_for_the_new_one(lab, scratch, tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_CONFIG_FILE")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "base"))
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://of-the-environment/simple\n")
    assert pips.settings(scratch, Deadline(60))["index-url"] == "https://of-the-environment/simple"


# What the index offers.


@pytest.mark.slow
def test_the_index_says_what_it_has_for_a_python(lab, scratch, monkeypatch):
    wheels.openvino(lab, "2022.3.0", tags="cp310-none-any")
    wheels.openvino(lab, "2026.5.0.dev20261101")
    with wheels.served(lab, "secret") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.address)
        assert pips.offered("openvino", "3.12", scratch, Deadline(60)).versions == ("2026.1.0", "2025.4.1", "2025.4.0")
        assert pips.offered("openvino", "3.10", scratch, Deadline(60)).versions[-1] == "2022.3.0"
        assert pips.offered("openvino", "3.12", scratch, Deadline(60), early=True).versions[0] == "2026.5.0.dev20261101"
        assert pips.offered("nothing", "3.12", scratch, Deadline(60)) == pips.Offered(())


@pytest.fixture
def nobody():
    """An address at which nobody listens."""
    with wheels.Index(Path("/nowhere")) as index:
        address = index.address
    return address.replace("//", "//lab:secret@")


def test_an_index_that_does_not_answer_is_not_an_empty_one(lab, scratch, monkeypatch, nobody):
    monkeypatch.setenv("PIP_INDEX_URL", nobody)
    with pytest.raises(
        ToolFailed, match=r"http://127\.0\.0\.1:\d+/simple/openvino/ did not answer \(.*refused"
    ) as caught:
        pips.offered("openvino", own_version(), scratch, Deadline(60))
    assert "secret" not in str(caught.value)


@pytest.mark.slow
def test_a_part_of_the_index_that_does_not_answer_is_told(lab, scratch, monkeypatch, nobody):
    with wheels.served(lab) as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.address)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", nobody)
        found = pips.offered("openvino", own_version(), scratch, Deadline(60))
    assert found.versions[0] == "2026.1.0"
    assert "did not answer" in found.unanswered


def test_without_pip_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/python")
    monkeypatch.setattr(pips, "own_base", lambda: Path("/no/python"))
    with pytest.raises(ToolFailed, match="no pip to ask: install it"):
        pips.with_pip(Deadline(10))


# Environments.


@pytest.mark.slow
def test_uv_asks_the_labs_index_and_no_other(lab, scratch, tmp_path, monkeypatch):
    need_uv()
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_INDEX", "http://127.0.0.1:9/simple")
    with wheels.served(lab, "secret") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.address)
        heard = []
        python = make(tmp_path, scratch, "openvino==2025.4.0", heard=heard)
    assert heard == []
    assert packages(python, scratch) == "[('numpy', '9.2.0'), ('openvino', '2025.4.0')]"
    assert "/files/openvino-2025.4.0-py3-none-any.whl" in index.asked
    assert [*(tmp_path / "made").rglob("numpy/__pycache__/*.pyc")], "compiled, as pip compiles"
    (file,) = (tmp_path / "made").glob("lib/python*/site-packages/numpy/__init__.py")
    assert file.stat().st_nlink == 1, "of his own: nobody who changes his package changes this one"


@pytest.mark.slow
def test_the_best_version_of_all_indexes_is_taken(lab, scratch, tmp_path, monkeypatch):
    """As pip does; uv by itself looks no further than the first index that has the package."""
    need_uv()
    wheels.numpy(tmp_path / "more", "9.0.0")
    with wheels.served(lab) as index, wheels.served(tmp_path / "more") as more:
        monkeypatch.setenv("PIP_INDEX_URL", index.address)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", more.address)
        python = make(tmp_path, scratch, "openvino==2025.4.0")
    assert "('numpy', '9.2.0')" in packages(python, scratch)


@pytest.mark.slow
@pytest.mark.parametrize("why", ["no uv", "a setting that uv has not", "an old uv", "a uv that fails"])
def test_pip_makes_the_same_where_uv_cannot(lab, scratch, tmp_path, monkeypatch, why):
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\n" + {"an old uv": "echo uv 0.4.0", "a uv that fails": "exit 7"}.get(why, "exit 1"))
    program.chmod(0o755)
    monkeypatch.setattr(uv, "find", lambda: None if why == "no uv" else program)
    if why == "a setting that uv has not":
        monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "1")
    heard = []
    with wheels.served(lab, "secret") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.address)
        python = make(tmp_path, scratch, "openvino==2025.4.0", heard=heard)
    found = packages(python, scratch)
    assert "('numpy', '9.2.0'), ('openvino', '2025.4.0')" in found
    assert len(heard) == (why in ("an old uv", "a uv that fails"))


def test_a_uv_that_hangs_is_ended_at_the_deadline(lab, scratch, tmp_path, monkeypatch):
    program, pid = tmp_path / "uv", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 60\n")
    program.chmod(0o755)
    with pytest.raises(ToolFailed, match=r"not done within 0\.2 s"):
        uv.make(program, own_base(), tmp_path / "made", ["x"], uv.Handed(), scratch=scratch, deadline=Deadline(0.2))
    assert not pid.exists() or wait_until(lambda: is_gone(int(pid.read_text())))
