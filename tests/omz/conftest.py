"""The real tools of the Open Model Zoo for tests, installed once, and a mirror for them to download from."""

import sys
from pathlib import Path

import pytest

from autogauge.cache import Cache, default_cache_dir
from autogauge.models.omz import toolchain
from autogauge.report.progress import PlainProgress
from autogauge.tools.running import Deadline
from tests.omz import mirror as mirrors


@pytest.fixture(scope="session")
def installed():
    """The cache that holds the tools; they are installed into it unless they are there."""
    cache = Cache(default_cache_dir())
    toolchain.install(cache, Deadline(600), PlainProgress(sys.stderr))
    return cache


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """The files of two models, as a server has them."""
    folder = tmp_path_factory.mktemp("files")
    mirrors.write_models(folder)
    return folder


def with_tools(root: Path, installed: Cache) -> Cache:
    """A cache that borrows the tools of another."""
    cache = Cache(root)
    for version in toolchain.VERSIONS:
        folder = installed.folder(f"{toolchain.NAME}-{toolchain.digest()}-py{version}")
        if folder.is_dir():
            (root / "entries").mkdir(parents=True, exist_ok=True)
            (root / "entries" / folder.name).symlink_to(folder.resolve())
    return cache
