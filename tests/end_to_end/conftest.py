"""What the tests of this folder share: one cache of built models, and whole runs that many of them read."""

from pathlib import Path

import pytest

from tests import ahead
from tests.end_to_end import whole_runs


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("model-cache")


@pytest.fixture(scope="session")
def offline():
    """An environment in which no host of the world can be reached: the proxy is not there."""
    from tests.omz.mirror import closed_port

    address = closed_port()
    return {**dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), address), "NO_PROXY": ""}


@pytest.fixture(scope="session")
def ground(tmp_path_factory, model_cache, offline):
    return whole_runs.Ground(tmp_path_factory.mktemp("runs"), model_cache, offline)


@pytest.fixture(scope="session", autouse=True)
def measured_ahead(request, ground):
    """A function from the name of a run to what it measured; those that are read are measured from here on."""
    with ahead.begun(request.session, whole_runs.on(ground)) as measured:
        yield measured


@pytest.fixture(scope="session")
def first_run(measured_ahead):
    return measured_ahead("first_run")


@pytest.fixture(scope="session")
def regressed(measured_ahead, first_run):
    return measured_ahead("regressed")


@pytest.fixture(scope="session")
def broken_promise(measured_ahead):
    return measured_ahead("broken_promise")


@pytest.fixture(scope="session")
def undecided(measured_ahead):
    return measured_ahead("undecided")


def pytest_collection_modifyitems(items):
    ahead.readers_last(items, Path(__file__).parent, whole_runs.RUNS)


@pytest.fixture
def session(tmp_path, model_cache):
    """Start the suite; it is ended with the test."""
    from tests.sessions import Session

    sessions = []

    def start(*options, **environment):
        sessions.append(Session(tmp_path, model_cache, *options, **environment))
        return sessions[-1]

    yield start
    for each in sessions:
        each.process.kill()
        each.process.wait()
