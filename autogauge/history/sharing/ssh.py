"""A history on an ssh host, by sshfs: asyncssh within, which reads the user's ``~/.ssh/config``, agent, keys and ``known_hosts``.

fsspec's own ``sftp`` (paramiko) was tried beside it against a real sshd: it reads no ``~/.ssh/config``, so a host's alias, port, key and
jump host are unknown to it, and it trusts any host's key unless told otherwise. sshfs trusts any as well, unless asyncssh is told to look
(``known_hosts=()``), which is done here. What fsspec has no word for (a rename that refuses to replace, flushing to disk) is asked of
asyncssh on the same connection.

A file is written under a hidden name, flushed, and renamed: what SFTP calls rename never replaces.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import posixpath
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autogauge.errors import UserError
from autogauge.history.sharing.place import Denied, Unusable
from autogauge.history.sharing.remote import NEEDS, Remote, explained, no_right
from autogauge.plain import plain

LOGIN, UNFINISHED = "logging in", ".part"
_UNFINISHED = re.compile(rf"\.\d{{4,15}}_.*\.[0-9a-f]{{8}}{re.escape(UNFINISHED)}", re.DOTALL)
KEPT = datetime.timedelta(days=1)
READ_ONLY = 1
"""What a server says of a file system that nobody may write to (``statvfs@openssh.com``)."""


class Host(Remote):
    """The history in ``path`` on that host, absolute or (without a first slash) from the user's home."""

    _channel: Any

    def __init__(self, host: str, path: str, shown: str, wait_s: float, **options: Any) -> None:
        try:
            from sshfs import SSHFileSystem
        except ImportError:
            raise UserError(f"ssh:// needs {NEEDS}.") from None
        self.shown, self._channel = shown, None
        self._swept: set[str] = set()
        config = Path("~/.ssh/config").expanduser()
        try:
            fs = SSHFileSystem(
                host,
                known_hosts=(),
                config=[str(config)] if config.is_file() else [],
                connect_timeout=wait_s,
                login_timeout=wait_s,
                keepalive_interval=max(1.0, wait_s / 4),
                timeout=2 * wait_s + 5,
                skip_instance_cache=True,
                **options,
            )
        except Exception as error:
            raise explained(shown, LOGIN, error, self._means) from None
        super().__init__(fs, path, shown, wait_s)

    def is_there(self) -> bool:
        """Whether the folder is there. Raises :class:`UserError` for what is none."""

        async def asked() -> bool:
            sftp = await self._sftp()
            if not await sftp.exists(self._root):
                return False
            if not await sftp.isdir(self._root):
                raise UserError(f"{self.shown} is no folder: name one.")
            return True

        return self._do(f"looking for {self.shown}", asked)

    def begin(self) -> None:
        """Make it, with what is above it."""
        self._do(f"making the folder {self.shown}", lambda: self._fs._makedirs(self._root, exist_ok=True))

    @contextlib.contextmanager
    def adding(self, machine: str) -> Iterator[None]:
        """Others cannot be kept out; what a sender left unfinished that was killed is removed, a day after it."""
        if machine in self._swept:
            yield
            return
        self._swept.add(machine)
        folder = self._folder(machine)
        found = self._listed(folder)
        times = {name: each["mtime"] for name, each in found.items() if each.get("mtime")}
        newest = max(times.values(), default=None)  # by that machine's clock, whatever it says
        old = [name for name, when in times.items() if _UNFINISHED.fullmatch(name) and newest - when > KEPT]
        for name in old:
            with contextlib.suppress(FileNotFoundError):  # another sender removes it as well
                gone = functools.partial(self._fs._rm_file, f"{folder}/{name}")
                self._do(f"removing what is left of {machine}/{name}", gone)
        yield

    async def _sftp(self) -> Any:
        """The one channel that files go through; its questions may be asked side by side."""
        if self._channel is None:
            self._channel = await self._fs.client.start_sftp_client()
        return self._channel

    async def _entries(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._fs._ls(path, detail=True)
        sftp = await self._sftp()
        for each in found:
            if each["type"] == "link":  # a machine's folder may be one
                each["type"] = "directory" if await sftp.isdir(each["name"]) else "link"
        return found

    async def _fetched(self, path: str, most: int) -> bytes:
        from asyncssh import SFTPNoSuchFile

        sftp = await self._sftp()
        try:
            there = await sftp.stat(path)
        except SFTPNoSuchFile:
            if await sftp.lexists(path):
                raise Unusable("it is a link to what is not there") from None
            raise FileNotFoundError(path) from None
        if not stat.S_ISREG(there.permissions or 0):
            raise Unusable("it is no regular file")
        async with sftp.open(path, "rb") as stream:
            content: bytes = await stream.read(min(there.size or 0, most) + 1)
        return content

    async def _created(self, path: str, content: bytes) -> bool:
        from asyncssh import SFTPError, SFTPNoSuchFile

        sftp = await self._sftp()
        if await sftp.lexists(path):
            return False
        try:
            temporary = await self._written(path, content)
        except SFTPNoSuchFile:
            await self._fs._makedirs(posixpath.dirname(path), exist_ok=True)
            temporary = await self._written(path, content)
        try:
            await sftp.rename(temporary, path)
        except SFTPError:
            is_there = await sftp.lexists(path)
            await sftp.unlink(temporary)
            if not is_there:
                raise
            return False
        return True

    async def _replaced(self, path: str, content: bytes, before: bytes) -> bool:
        sftp = await self._sftp()
        temporary = await self._written(path, content)
        is_put = False
        try:
            with contextlib.suppress(FileNotFoundError, Unusable):  # it was removed meanwhile
                if await self._fetched(path, len(before)) == before:
                    await sftp.posix_rename(temporary, path)
                    is_put = True
        finally:
            if not is_put:
                await sftp.unlink(temporary)
        return is_put

    async def _written(self, path: str, content: bytes) -> str:
        """A hidden file beside that path with the content, flushed to disk; gone again where that failed."""
        from asyncssh import SFTPError, SFTPOpUnsupported

        sftp = await self._sftp()
        folder, name = posixpath.split(path)
        temporary = posixpath.join(folder, f".{name}.{secrets.token_hex(4)}{UNFINISHED}")
        try:
            async with sftp.open(temporary, "xb") as stream:
                await stream.write(content)
                with contextlib.suppress(SFTPOpUnsupported):
                    await stream.fsync()
        except SFTPError as error:
            why = await self._why_not_written(folder, len(content), error)  # before what fills the disk is gone again
            with contextlib.suppress(SFTPError):
                await sftp.unlink(temporary)
            raise why from None
        return temporary

    async def _why_not_written(self, folder: str, size: int, error: Any) -> Any:
        """An error of writing, by what the server tells of the disk: SFTP itself has one word for full, read-only and all else."""
        from asyncssh import SFTPError, SFTPFailure

        if not isinstance(error, SFTPFailure):
            return error
        try:
            disk = await (await self._sftp()).statvfs(folder)
        except SFTPError:
            return error
        if disk.flags & READ_ONLY:
            return UserError(f"{self.shown} cannot be written: its file system is read-only.")
        if disk.bavail * disk.frsize < size or not disk.favail:
            return UserError(f"{self.shown} cannot be written: its disk is full; free some space there.")
        return UserError(f"{self.shown} cannot be written: the server failed, as it does where a quota is used up.")

    def _md5_of(self, entry: Mapping[str, Any]) -> str:
        return ""

    def _means(self, error: BaseException, doing: str) -> UserError | None:
        import asyncssh

        if doing == LOGIN and (found := self._why_not_in(error)):
            return found
        known: list[tuple[type[BaseException], str]] = [
            (
                asyncssh.HostKeyNotVerifiable,
                "its key is not in known_hosts, or not the one there: log in once with ssh",
            ),
            (asyncssh.ConfigParseError, "~/.ssh/config has a line that cannot be read"),
            (asyncssh.ChannelOpenError, "it opens no channel for files (sftp): ask its administrator"),
            (asyncssh.KeyImportError, "the key cannot be read, or needs a passphrase: add it to the agent (ssh-add)"),
        ]
        lost = (asyncssh.DisconnectError, asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, ConnectionError)
        if isinstance(error, (asyncssh.SFTPPermissionDenied, PermissionError)):
            return Denied(no_right(self.shown, doing))
        if why := next((why for kind, why in known if isinstance(error, kind)), ""):
            return UserError(f"{self.shown}: {why}.")
        if isinstance(error, lost):
            return UserError(
                f"the connection to {self.shown} was lost ({doing}): look whether it is up, and run it again."
            )
        if isinstance(error, asyncssh.Error):
            return UserError(f"{self.shown} failed ({doing}): {plain(str(error.reason), 200)}.")
        return None

    def _why_not_in(self, error: BaseException) -> UserError | None:
        """Why a login failed; ``None`` for what may come later, too."""
        import asyncssh

        if isinstance(error, (PermissionError, asyncssh.PermissionDenied)):
            return UserError(
                f"{self.shown} does not let this user in: check the name and the key (ssh-add, ~/.ssh/config)."
            )
        if isinstance(error, (asyncssh.ConnectionLost, OSError, EOFError)):
            said = error.strerror if isinstance(error, OSError) else ""
            if isinstance(error, FileNotFoundError):
                return UserError(
                    f"{self.shown}: a file is not there that ~/.ssh/config names: {plain(str(error.filename))}."
                )
            return UserError(
                f"{self.shown} cannot be reached{f' ({plain(said)})' if said else ''}: check the address, and whether it is up."
            )
        return None
