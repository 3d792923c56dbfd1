"""Whether the hosts that a model comes from answer at all. Downloading from them is left to the Zoo's own tool."""

from __future__ import annotations

import http.client
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

ANSWER_WITHIN_S = 3.0


def origin(address: str) -> str:
    """Scheme and host of an address: ``https://example.org``; empty when it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def unreachable(origins: Iterable[str], within_s: float = ANSWER_WITHIN_S) -> str | None:
    """Why a host is out of reach ("example.org: Connection refused"), or ``None`` when each answered in time.

    Any HTTP answer is one, an error or a redirection too; the environment's proxies are used. All hosts are asked at once.
    """
    asked = sorted(set(origins))
    answers: queue.Queue[tuple[str, str | None]] = queue.Queue()
    for each in asked:
        threading.Thread(target=lambda each=each: answers.put((each, _ask(each, within_s))), daemon=True).start()
    stop_at = time.monotonic() + within_s
    silent = set(asked)
    while silent:
        try:
            answered, reason = answers.get(timeout=max(0.0, stop_at - time.monotonic()))
        except queue.Empty:
            return f"{', '.join(urlsplit(each).netloc for each in sorted(silent))}: no answer within {within_s:g} s"
        if reason is not None:
            return f"{urlsplit(answered).netloc}: {reason}"
        silent.discard(answered)
    return None


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Whoever sends on to another host has answered; whether that one does is not asked here."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing: the answer becomes an ``HTTPError``."""


def _ask(address: str, within_s: float) -> str | None:
    """Why there was no answer, or ``None``."""
    if urlsplit(address).scheme not in ("http", "https"):
        return "its address is none of the web's"
    try:
        request = urllib.request.Request(f"{address}/", method="HEAD", headers={"User-Agent": "autogauge"})  # noqa: S310
        with urllib.request.build_opener(_NoRedirection).open(request, timeout=within_s):
            return None
    except urllib.error.HTTPError:
        return None
    except urllib.error.URLError as error:
        reason = error.reason
        return getattr(reason, "strerror", None) or str(reason)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return str(error) or type(error).__name__
