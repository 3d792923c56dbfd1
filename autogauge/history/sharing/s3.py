"""A history in a bucket of an object store that speaks S3, by s3fs. An object appears whole or not at all, so nothing is renamed.

"Only where there is none" is the store's own condition (``If-None-Match``), and "only where it is still what it was" too (``If-Match``).
Stores that do not know these are asked beforehand whether the object is there: two senders at the very same moment are not told apart then.
Credentials are found as every AWS tool finds them, and never shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from autogauge.errors import UserError
from autogauge.history.sharing.place import Unusable
from autogauge.history.sharing.remote import NEEDS, Remote

TRIES = 2
_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound")
_REFUSED = {
    "AccessDenied": "these credentials have no right to do that: name others, or have them given it",
    "403": "these credentials have no right to do that: name others, or have them given it",
    "AllAccessDisabled": "the bucket is closed",
    "InvalidAccessKeyId": "it does not know the key (AWS_ACCESS_KEY_ID, or the profile)",
    "SignatureDoesNotMatch": "the secret does not fit the key (AWS_SECRET_ACCESS_KEY, or the profile)",
    "ExpiredToken": "the session's token has expired: get a new one",
    "RequestTimeTooSkewed": "the clock of this machine is wrong: set it",
    "QuotaExceeded": "it is full",
    "InsufficientCapacity": "it is full",
    "XMinioStorageFull": "it is full",
    "SlowDown": "it is asked too often: run it again later",
    "ServiceUnavailable": "it is not available now: run it again later",
    "503": "it is not available now: run it again later",
}


class Bucket(Remote):
    """The history below ``path`` (``bucket`` or ``bucket/prefix``)."""

    def __init__(self, path: str, wait_s: float, endpoint: str = "") -> None:
        try:
            from s3fs import S3FileSystem
        except ImportError:
            raise UserError(f"s3:// needs {NEEDS}.") from None
        fs = S3FileSystem(
            endpoint_url=endpoint or None,
            config_kwargs={"connect_timeout": wait_s, "read_timeout": wait_s, "retries": {"max_attempts": TRIES}},
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        fs.retries = TRIES
        super().__init__(fs, path.strip("/"), f"s3://{path.strip('/')}", wait_s)

    @property
    def identity(self) -> str:
        """With the store's own address: buckets of several stores have the same names."""
        return f"{self._fs.s3.meta.endpoint_url} {self.shown}"

    def is_there(self) -> bool:
        """Whether anything is below the prefix, or the whole bucket is meant. Raises :class:`UserError` where there is no bucket."""
        if self._listed(self._root):
            return True
        bucket, _, prefix = self._root.partition("/")
        try:
            self._do(f"looking for the bucket {bucket}", lambda: self._fs._call_s3("head_bucket", Bucket=bucket))
        except FileNotFoundError:
            raise UserError(f"there is no bucket {bucket!r}: check the name, and the store (--endpoint=URL).") from None
        return not prefix

    def begin(self) -> None:
        """Nothing: a prefix is there with the first object."""

    async def _entries(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._fs._ls(path, detail=True, refresh=True)
        return found

    async def _fetched(self, path: str, most: int) -> bytes:
        try:
            content: bytes = await self._fs._cat_file(path, start=0, end=most + 1)
        except OSError as error:
            if _code_of(error) in ("InvalidRange", "416"):
                return b""  # nothing is in it
            if isinstance(error, PermissionError) and _code_of(error) == "InvalidObjectState":
                raise Unusable("it is in an archive: restore it first") from None
            raise
        return content

    async def _created(self, path: str, content: bytes) -> bool:
        return await self._etag(path) is None and await self._put(path, content, mode="create")

    async def _replaced(self, path: str, content: bytes, before: bytes) -> bool:
        etag = await self._etag(path)
        try:
            if await self._fetched(path, len(before)) != before:
                return False
            return await self._put(path, content, **({"IfMatch": etag} if etag else {}))
        except (FileNotFoundError, Unusable):  # it was removed meanwhile
            return False

    async def _put(self, path: str, content: bytes, **condition: str) -> bool:
        """Put an object there if the condition holds; false where it does not. A store that knows no conditions is not asked for it."""
        try:
            await self._fs._pipe_file(path, content, **condition)
        except FileExistsError:
            return False
        except OSError as error:
            if _code_of(error) in _CHANGED:
                return False
            if _code_of(error) != "NotImplemented":
                raise
            await self._fs._pipe_file(path, content)
        return True

    async def _etag(self, path: str) -> str | None:
        """What the store calls this version of an object, maybe nothing; ``None`` where there is no such object."""
        bucket, _, key = path.partition("/")
        try:
            head = await self._fs._call_s3("head_object", Bucket=bucket, Key=key)
        except FileNotFoundError:
            return None
        return str(head.get("ETag") or "")

    def _md5_of(self, entry: Mapping[str, Any]) -> str:
        tag = str(entry.get("ETag") or "").strip('"')
        return tag if re.fullmatch("[0-9a-f]{32}", tag) else ""

    def _means(self, error: BaseException, doing: str) -> UserError | None:
        code, kind = _code_of(error), type(error).__name__
        if kind in _NO_CREDENTIALS:
            return UserError(
                f"there are no credentials for {self.shown}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile (AWS_PROFILE)."
            )
        if code in _REFUSED:
            return UserError(f"{self.shown} refuses ({doing}): {_REFUSED[code]} ({code}).")
        if kind in ("EndpointConnectionError", "ConnectTimeoutError", "InvalidEndpointURLError", "ValueError"):
            return UserError(
                f"{self.shown} cannot be reached ({doing}): check the network, and the store's address (--endpoint=URL, AWS_ENDPOINT_URL)."
            )
        return UserError(f"{self.shown} failed ({doing}): {code}; run it again later.") if code else None


def _code_of(error: BaseException) -> str:
    """What S3 calls the failure; empty for what is none of S3's."""
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
