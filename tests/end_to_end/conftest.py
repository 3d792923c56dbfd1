"""What the tests of this folder share: one cache of built models, and whole runs that many of them read."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.end_to_end import ahead

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("model-cache")


@pytest.fixture(scope="session")
def offline():
    """An environment in which no host of the world can be reached: the proxy is not there."""
    from tests.omz.mirror import closed_port

    address = closed_port()
    return {**dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), address), "NO_PROXY": ""}


@pytest.fixture(scope="session", autouse=True)
def ground(request, tmp_path_factory, model_cache, offline):
    """Begins the runs that are measured while other tests run, and holds them."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    ground = ahead.Ground(tmp_path_factory.mktemp("ahead"), model_cache, offline)
    with ThreadPoolExecutor(1) as pool:
        ahead.begin(pool, ground, wanted)
        yield ground
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def first_run(ground):
    return ground.runs["first_run"].result()


@pytest.fixture(scope="session")
def regressed(ground, first_run):
    return ground.runs["regressed"].result()


@pytest.fixture(scope="session")
def broken_promise(ground):
    return ground.runs["broken_promise"].result()


@pytest.fixture(scope="session")
def undecided(ground):
    return ground.runs["undecided"].result()


def pytest_collection_modifyitems(items):
    """Tests that read a run come last, each after those that read an earlier one: the others run meanwhile."""
    places = [index for index, item in enumerate(items) if HERE in item.path.parents]
    names = list(ahead.RUNS)

    def last_read(item):
        return max((names.index(each) for each in getattr(item, "fixturenames", ()) if each in names), default=-1)

    for index, item in zip(places, sorted((items[each] for each in places), key=last_read), strict=True):
        items[index] = item


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
