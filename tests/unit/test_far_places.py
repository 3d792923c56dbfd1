"""A place at the other end of a network, whatever that end does: what is said of it. Real servers are ``tests/lab``'s matter."""

import asyncio
import types

import pytest

from autogauge.errors import UserError
from autogauge.history.sharing.remote import Remote


class Far(Remote):
    """A place whose files are answered by ``answers``, by name."""

    def __init__(self, wait_s, **answers):
        from fsspec.asyn import get_loop

        super().__init__(types.SimpleNamespace(loop=get_loop()), "root", "far://there", wait_s)
        self.answers = answers

    async def _fetched(self, path, most):
        found = self.answers[path.rpartition("/")[2].partition(".")[0]]
        if found is None:
            await asyncio.sleep(3600)
        if isinstance(found, BaseException):
            raise found
        return found

    async def _created(self, path, content):
        await asyncio.sleep(3600)

    def is_there(self):
        return True

    def begin(self):
        pass

    _entries = _replaced = _created

    def _means(self, error, doing):
        return None


def test_the_seconds_that_are_told_are_those_that_were_waited():
    """Of several files each has its own time, by its size."""
    far = Far(0.05, small=None, large=b"x")
    with pytest.raises(UserError, match=r"far://there did not answer within 0\.05 s \(reading from far://there\)"):
        far.read_several("lab-01", {"small.json": 0, "large.npz": 10**7})
    with pytest.raises(UserError, match=r"did not answer within 0\.07 s \(writing lab-01/0001_run\.json"):
        far.create("lab-01", "0001_run.json", b"x" * 1000)


def test_who_gives_up_earlier_is_not_said_to_have_waited_until_the_end():
    far = Far(60.0, one=TimeoutError(110, "Connection timed out"))
    with pytest.raises(UserError, match=r"far://there did not answer in time .*--wait=SECONDS"):
        far.read_several("lab-01", {"one.json": 10})
