"""What the tests of this folder share: one cache of built models, and one whole run that many of them read."""

import pytest

from tests.support import run_suite


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
def first_run(tmp_path_factory, model_cache, offline):
    """A machine's first `pytest -m perf`, where no host can be reached: how it ended, and the folder of its reports.

    It is measured once for several files; whoever goes on from it takes a copy of the folder.
    """
    reports = tmp_path_factory.mktemp("reports")
    done = run_suite(
        *("-m", "perf", "--profile=quick", "--machine=lab one", "--gate=fail", "--model-source=auto"),
        *(f"--reports={reports}", f"--cache={model_cache}", "--junitxml", str(reports / "junit.xml")),
        GITHUB_STEP_SUMMARY=str(reports / "job.md"),
        **offline,
    )
    return done, reports


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
