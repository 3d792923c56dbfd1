"""One cache of built models for all runs of the suite that these tests start."""

import pytest


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("model-cache")
