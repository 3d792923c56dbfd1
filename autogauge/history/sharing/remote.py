"""A history at the other end of a network, by fsspec: its listings, and what a failure there means in a sentence.

What differs between kinds of stores is left to ``ssh`` and ``s3``. Every question has a deadline. Of what a server says no more is
repeated than a code, or (``ssh``) a short reason in plain signs: there may be in it what nobody is to read.
"""

from __future__ import annotations

import asyncio
import contextlib
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from autogauge import checkout
from autogauge.errors import UserError
from autogauge.history.sharing.place import (
    Absent,
    Denied,
    Entry,
    Place,
    Unusable,
    is_machine,
    kind_of,
    runs_in,
    why_no_machine,
)

T = TypeVar("T")
DEFAULT_WAIT_S = 60.0
SLOWEST_BYTES_PER_S = 50_000
"""A file is given so much more time as it takes at this speed."""
LONGEST_EXTRA_S = 1200.0
HANGS_S = 5.0
"""After so many seconds more than a question is given, what asks it hangs itself."""
AT_A_TIME = 8
"""Files that are fetched side by side."""
NEEDS = f"a package that is not installed: {checkout.install('lab')}"


class _Late(Exception):
    """What was asked was not answered within so many seconds; 0 where somebody below gave up, nobody knows after how many."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds


class Remote(Place):
    """The history at ``root``, a path of the file system ``fs`` (one of fsspec's that is asynchronous within)."""

    where = "there"

    def __init__(self, fs: Any, root: str, shown: str, wait_s: float) -> None:
        self._fs, self._root, self.shown, self._wait_s = fs, root, shown, wait_s
        # What a question fails of is told by its answer; what goes on below of a lost connection would be printed with its traceback.
        fs.loop.set_exception_handler(lambda loop, context: None)

    def machines(self) -> list[str]:
        """The folders at its root; and the root itself, by its name, where runs lie in it."""
        found = self._listed(self._root)
        machines = [name for name, each in found.items() if each.get("type") == "directory" and is_machine(name)]
        folders = [name for name, each in found.items() if each.get("type") == "directory"]
        others = {name: why for name in folders if (why := why_no_machine(name))}
        self.left_out = {name: why for name, why in others.items() if self._has_runs(name)}
        if runs_in(found):
            self._own = self._root.rstrip("/").rpartition("/")[2]
            machines = [each for each in machines if each != self._own] + [self._own]
        return sorted(machines)

    def _has_runs(self, name: str) -> bool:
        with contextlib.suppress(Denied):
            return bool(runs_in(self._listed(self._join(name))))
        return False

    def files(self, machine: str) -> dict[str, Entry]:
        """As the store lists them."""
        found = self._listed(self._folder(machine))
        return {
            name: Entry(int(each.get("size") or 0), self._md5_of(each))
            for name, each in found.items()
            if kind_of(name) and each.get("type") != "directory"
        }

    def read(self, machine: str, name: str, most: int) -> bytes:
        """A file's content, fetched."""
        found = self.read_several(machine, {name: most})[name]
        if isinstance(found, Absent):
            raise FileNotFoundError(name)
        if isinstance(found, Unusable):
            raise found
        return found

    def read_several(self, machine: str, names: Mapping[str, int]) -> dict[str, bytes | Unusable]:
        """Several files side by side."""
        if not names:
            return {}
        turns = asyncio.Semaphore(AT_A_TIME)

        async def one(name: str, most: int) -> bytes | Unusable:
            async with turns:
                try:
                    content = await _within(self._time_for(most), self._fetched(self._path(machine, name), most))
                except FileNotFoundError:
                    return Absent()
                except Unusable as error:
                    return error
                return Unusable(f"it is larger than {most / 2**20:g} MiB") if len(content) > most else content

        async def every() -> list[bytes | Unusable]:
            return await asyncio.gather(*(one(name, most) for name, most in names.items()))

        longest_s = sum(map(self._time_for, names.values()))
        return dict(zip(names, self._do(f"reading from {self.shown}", every, longest_s), strict=True))

    def create(self, machine: str, name: str, content: bytes) -> bool:
        """Whole or not at all, and only where there is none."""
        path = self._path(machine, name)
        return self._do(
            f"writing {machine}/{name} to {self.shown}",
            lambda: self._created(path, content),
            self._time_for(len(content)),
        )

    def replace(self, machine: str, name: str, content: bytes, before: bytes) -> bool:
        """Whole or not at all, and only where what is there is still what it was."""
        path = self._path(machine, name)
        return self._do(f"writing {machine}/{name} to {self.shown}", lambda: self._replaced(path, content, before))

    @abstractmethod
    async def _fetched(self, path: str, most: int) -> bytes:
        """A file's content, or its first ``most + 1`` bytes. Raises ``FileNotFoundError`` and :class:`Unusable`."""

    @abstractmethod
    async def _created(self, path: str, content: bytes) -> bool:
        """Put a file where there is none; false where there is one."""

    @abstractmethod
    async def _replaced(self, path: str, content: bytes, before: bytes) -> bool:
        """Put a file in the place of one with that content; false where it has another."""

    @abstractmethod
    async def _entries(self, path: str) -> list[dict[str, Any]]:
        """What is in a folder, as fsspec tells it. Raises ``FileNotFoundError``."""

    @abstractmethod
    def _means(self, error: BaseException, doing: str) -> UserError | None:
        """What an error of this kind of store means; ``None`` for one that it does not know."""

    def _md5_of(self, entry: Mapping[str, Any]) -> str:
        return ""

    def _listed(self, path: str) -> dict[str, dict[str, Any]]:
        """What is in a folder by its last name; nothing where it is missing."""
        try:
            found = self._do(f"listing {self.shown}", lambda: self._entries(path))
        except FileNotFoundError:
            return {}
        names = ((str(each.get("name", "")).rstrip("/").rpartition("/")[2], each) for each in found)
        return {name: each for name, each in names if name and str(each["name"]).rstrip("/") != path.rstrip("/")}

    def _folder(self, machine: str) -> str:
        return self._root if machine == self._own else self._join(machine)

    def _path(self, machine: str, name: str) -> str:
        return f"{self._folder(machine).rstrip('/')}/{name}"

    def _join(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}" if self._root != "/" else f"/{name}"

    def _time_for(self, size: int) -> float:
        return self._wait_s + min(size / SLOWEST_BYTES_PER_S, LONGEST_EXTRA_S)

    def _do(self, doing: str, question: Callable[[], Awaitable[T]], longest_s: float | None = None) -> T:
        """The answer to a question, within its deadline. Raises ``FileNotFoundError`` as it is, :class:`UserError` for all else."""
        from fsspec.asyn import sync

        wait_s = longest_s or self._wait_s

        async def asked() -> T:
            try:
                return await _within(wait_s, question())
            except asyncio.CancelledError:  # else nothing at all would come back, which looks like an answer
                raise ConnectionResetError from None

        try:
            # The loop's own deadline comes first; this one is for a loop that hangs.
            return sync(self._fs.loop, asked, timeout=wait_s + HANGS_S)  # type: ignore[no-any-return]
        except (
            FileNotFoundError,
            UserError,
            TypeError,
            AttributeError,
            NameError,
        ):  # the last three are a mistake of ours
            raise
        except _Late as error:
            raise _unanswered(self.shown, doing, error.seconds) from None
        except (TimeoutError, asyncio.TimeoutError):
            raise _unanswered(self.shown, doing, wait_s + HANGS_S) from None
        except Exception as error:
            raise explained(self.shown, doing, error, self._means) from None


async def _within(seconds: float, answer: Awaitable[T]) -> T:
    """The answer, if it comes within so many seconds. Raises :class:`_Late`, also where what is below gave up before."""

    async def awaited() -> T:
        try:
            return await answer
        except (TimeoutError, asyncio.TimeoutError):
            raise _Late from None

    try:
        return await asyncio.wait_for(awaited(), seconds)
    except (TimeoutError, asyncio.TimeoutError):
        raise _Late(seconds) from None


def _unanswered(shown: str, doing: str, seconds: float = 0.0) -> UserError:
    within = f"within {round(seconds, 2):g} s" if seconds else "in time"
    return UserError(
        f"{shown} did not answer {within} ({doing}): look whether it is up, or give it longer (--wait=SECONDS)."
    )


def no_right(shown: str, doing: str) -> str:
    """That a user may not, and what to do."""
    return (
        f"{shown} refuses ({doing}): its user has no right to do that; let that user read and write there, "
        "or name another user or folder."
    )


def explained(
    shown: str, doing: str, error: BaseException, means: Callable[[BaseException, str], UserError | None]
) -> UserError:
    """A failure as a sentence: by what the kind of store knows, else by what kind of failure it is."""
    if known := means(error, doing):
        return known
    if isinstance(error, TimeoutError) or "ReadTimeout" in type(error).__name__:
        return _unanswered(shown, doing)
    if isinstance(error, (ConnectionError, EOFError)) or "Connect" in type(error).__name__:
        return UserError(f"the connection to {shown} was lost ({doing}): look whether it is up, and run it again.")
    if isinstance(error, PermissionError):
        return UserError(no_right(shown, doing))
    return UserError(f"{shown} failed ({doing}): {type(error).__name__}; look at what it logged, and run it again.")
