"""What holds for every unit test: none waits for the disk."""

import os

import pytest


@pytest.fixture(scope="module", autouse=True)
def nothing_waits_for_the_disk():
    """No machine is switched off in these tests; they write thousands of files, and each was waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", _is_open)
        yield


def _is_open(descriptor):
    """All that is left of fsync: it refuses what is no open file."""
    os.fstat(descriptor)
