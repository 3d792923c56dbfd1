"""Whether the Open Model Zoo's hosts answer is asked before anything is begun: of whom, how often, and what counts as an answer."""

import time
from pathlib import Path

import pytest

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.models.omz import catalogue, toolchain
from autogauge.models.omz.reach import origin, unreachable
from autogauge.models.omz.zoo import Zoo
from tests.omz.mirror import black_hole, closed_port, serving
from tests.support import downloaded


def test_hosts_are_asked_side_by_side_and_the_one_out_of_reach_is_named(tmp_path):
    with serving(tmp_path) as server, black_hole() as hole:
        assert unreachable([server.address]) is None
        refused = closed_port()
        assert unreachable([server.address, refused]) == f"{refused.removeprefix('http://')}: Connection refused"
        began = time.monotonic()
        assert unreachable([server.address, hole, hole.replace("127.0.0.1", "localhost")], 1) is not None
        assert time.monotonic() - began < 2
    assert unreachable(["file:///etc/passwd"]) is not None
    assert unreachable([]) is None


def test_a_host_that_sends_on_to_one_out_of_reach_has_answered(tmp_path):
    with serving(tmp_path) as server:
        server.moved_to = f"{closed_port()}/elsewhere"
        assert unreachable([server.address]) is None
        assert server.heads == 1


def test_the_hosts_of_a_configuration_are_read_without_the_tools():
    text = """
    description: see <https://example.org/paper>
    files:
      - name: a.bin
        original_source: https://elsewhere.example/a.bin
        source: https://mirror.example:8443/a.bin
      - source: 'http://second.example/b.bin'
      - source:
          $type: http
          url: "https://third.example/c.bin"
      - source: {scheme}
    license: https://licenses.example/MIT
    """
    assert catalogue.origins_in(text) == {
        "https://mirror.example:8443",
        "http://second.example",
        "https://third.example",
    }


@pytest.fixture
def needed(tmp_path):
    """The description of a file that has been downloaded into a cache; its host is out of reach."""
    return downloaded(tmp_path, f"{closed_port()}/m.bin")


@pytest.mark.parametrize("mirrored", [False, True])
def test_before_the_tools_are_installed_the_hosts_are_asked_whatever_was_downloaded(
    tmp_path, monkeypatch, needed, mirrored
):
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, closed_port())
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(toolchain, "install", lambda *_: pytest.fail("pip was run before any host was asked"))
    models = None
    if mirrored:
        models = tmp_path / "models"
        configuration = models / "googlenet-v1" / "model.yml"
        configuration.parent.mkdir(parents=True)
        configuration.write_text(f"files:\n  - name: m.bin\n    source: {needed['address']}\n")
    with pytest.raises(UserError, match="its hosts are out of reach"):
        Zoo(Cache(tmp_path / "cache"), models=models).download("googlenet-v1", "FP16")


def described_by(needed):
    return {"googlenet-v1": {"framework": "caffe", "precisions": ["FP16"], "converted": True, "files": [needed]}}


@pytest.mark.parametrize("there", [False, True], ids=["tools to be installed", "tools are there"])
def test_each_host_is_asked_once(tmp_path, monkeypatch, needed, there):
    class Enough(Exception):
        """What comes after asking does not matter here."""

    def stop(*_, **__):
        raise Enough

    with serving(tmp_path) as server:
        address = f"{server.address}/m.bin"
        models = tmp_path / "models"
        configuration = models / "googlenet-v1" / "model.yml"
        configuration.parent.mkdir(parents=True)
        configuration.write_text(f"    source: {address}\n")
        zoo = Zoo(Cache(tmp_path / "empty"), models=models)
        tools = toolchain.Toolchain(Path("python"), {}, "tools")
        monkeypatch.setattr(toolchain, "installed", lambda _: tools if there else None)
        monkeypatch.setattr(toolchain, "install", lambda *_: tools)
        monkeypatch.setattr(zoo, "catalogue", lambda _: described_by({**needed, "address": address}))
        monkeypatch.setattr(zoo.cache, "entry", stop)
        with pytest.raises(Enough):
            zoo.download("googlenet-v1", "FP16")
        assert server.heads == 1


def test_an_origin_is_scheme_and_host():
    assert origin("https://example.org:8443/a/b?c") == "https://example.org:8443"
