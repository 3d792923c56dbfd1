"""One cache of built models for all runs of the suite that these tests start."""

import pytest


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("model-cache")


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
