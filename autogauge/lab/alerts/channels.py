"""The channels that alerts are sent to: their addresses, which hold secrets and are never shown or kept, and the sending with a deadline.

What an address means is apprise's matter. Each channel is sent to by a process of its own (``sender``), which is ended at the deadline.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import logging
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge import checkout
from autogauge.causes import step_for
from autogauge.errors import UserError
from autogauge.files import read_regular
from autogauge.lab.alerts.sender import BEGUN, READY_S

VARIABLE = "AUTOGAUGE_ALERT_URLS"
LARGEST_BYTES = 2**20
DEADLINE_S = 20.0
GRACE_S = 3.0
"""How much longer than its deadline a sender may live, which ends itself at it."""
LONGEST_BODY, LONGEST_TITLE = 4000, 200
NEEDED = f"apprise is not installed: {checkout.install('lab')}."
SENT, REFUSED, UNANSWERED = "sent", "refused", "unanswered"
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,39})=(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://")
GITHUB = "github"
NAMED = "name:"
"""How the id of a channel begins that somebody gave a name."""


@dataclass(frozen=True)
class Channel:
    """Where alerts go. ``id`` is what the book calls it; ``called`` what people see: its name, or its kind and place in the list."""

    id: str
    called: str
    url: str = field(repr=False)
    longest_body: int = LONGEST_BODY
    longest_title: int = LONGEST_TITLE
    receiver: str = field(default="", repr=False)
    """The address as apprise writes it: equal for two ways of writing one."""


@dataclass(frozen=True)
class Outcome:
    """What became of a message: ``sent``, ``refused`` (it did not arrive), or ``unanswered`` (nobody knows); and why."""

    word: str
    why: str = ""


def configured(config: Path | None, salt: str, environment: Mapping[str, str]) -> list[Channel]:
    """The channels of the environment's variable and of the file, each once. Raises :class:`UserError`, which never shows an address."""
    written = [(VARIABLE, each) for each in environment.get(VARIABLE, "").split()]
    if config is not None:
        written += [(str(config), each) for each in _of_file(config)]
    if not written:
        return []
    if importlib.util.find_spec("apprise") is None:
        raise UserError(NEEDED)
    found: dict[str, Channel] = {}
    for count, (where, text) in enumerate(written, 1):
        channel = _channel(count, where, text, salt)
        other = found.setdefault(channel.id, channel)
        if other.url != channel.url:
            raise UserError(f"two channels are called {other.called}: give each a name of its own ({where}).")
    return _each_receiver_once(list(found.values()))


def _each_receiver_once(channels: Sequence[Channel]) -> list[Channel]:
    """The channels, of those with one receiver that which has a name. Raises :class:`UserError` where one has two names."""
    by_receiver: dict[str, list[Channel]] = {}
    for each in channels:
        by_receiver.setdefault(each.receiver, []).append(each)
    left = []
    for same in by_receiver.values():
        named = [each for each in same if each.id.startswith(NAMED)]
        if len(named) > 1:
            raise UserError(
                f"{named[0].called} and {named[1].called} have one address, and it would be told twice: leave one of them out."
            )
        left += [each for each in same if each is not (named or same)[0]]
    return [each for each in channels if each not in left]


def _of_file(path: Path) -> Iterator[str]:
    """The lines of a file that only its owner may read, but for comments."""
    try:
        there = path.stat()
        content = read_regular(path, LARGEST_BYTES).decode()
    except FileNotFoundError:
        raise UserError(f"there is no {path}: check the path (--config=FILE).") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text: write a channel's address on each line (--config=FILE).") from None
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror}; {step_for(error) or 'let this user read it'} (--config=FILE)."
        ) from None
    if there.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UserError(
            f"others may read the addresses in {path}, which hold secrets: chmod 600 {path} (--config=FILE)."
        )
    yield from (each for line in content.splitlines() if (each := line.strip()) and not each.startswith("#"))


def _channel(count: int, where: str, text: str, salt: str) -> Channel:
    named = _NAMED.match(text)
    url = text[named.end() :] if named else text
    scheme = _SCHEME.match(url)
    kind = scheme[1].lower() if scheme else ""
    called = f"{named[1]} ({kind})" if named else f"channel {count}" + (f" ({kind})" if kind else "")
    plugin = _plugin(url)
    if plugin is None:
        raise UserError(
            f"{called} of {where} is no address that apprise knows: write SCHEME://… as https://appriseit.com/services/ has it."
        )
    if len(plugin) > 1:
        raise UserError(
            f"{called} of {where} names {len(plugin)} receivers: give each an address of its own, so that none is told twice."
        )
    return Channel(
        f"{NAMED}{named[1]}" if named else f"url:{_digest(url, salt)}",
        called,
        url,
        min(LONGEST_BODY, plugin.body_maxlen),
        min(LONGEST_TITLE, plugin.title_maxlen or LONGEST_TITLE),
        _written(plugin) or url,
    )


def _plugin(url: str) -> Any:
    """Apprise's own object for that address; ``None`` where it knows none. What apprise says of it is not printed: it may show secrets."""
    apprise: Any = importlib.import_module("apprise")
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    try:
        found = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    except Exception:  # whatever it holds, it is an address that cannot be used
        return None
    return found or None


def _written(plugin: Any) -> str:
    try:
        return str(plugin.url(privacy=False))
    except Exception:  # whatever it holds, it is what the user wrote
        return ""


def _digest(url: str, salt: str) -> str:
    """What an address without a name is known by: slow to guess at, since a password in it may be a short one."""
    found = hashlib.scrypt(url.encode("utf-8", "surrogatepass"), salt=salt.encode(), n=2**13, r=8, p=1, dklen=8)
    return found.hex()


def send(channel: Channel, title: str, body: str, deadline_s: float) -> Outcome:
    """Send that message, and wait for the channel's answer until the deadline at most."""
    asked = json.dumps({"url": channel.url, "title": title, "body": body, "deadline_s": deadline_s})
    command = [sys.executable, "-m", "autogauge.lab.alerts.sender"]
    root = str(Path(__file__).resolve().parents[3])
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    path = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
    try:
        running = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**environment, "PYTHONPATH": path},
        )
    except OSError as error:
        return Outcome(REFUSED, f"no process could be started for it: {error.strerror}")
    try:
        said, _ = running.communicate(asked.encode(), timeout=READY_S + deadline_s + GRACE_S)
        return _outcome(said, running.returncode, deadline_s)
    except subprocess.TimeoutExpired as error:
        return _outcome(error.stdout or b"", -signal.SIGALRM, deadline_s)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def _outcome(said: bytes, status: int, deadline_s: float) -> Outcome:
    """What a sender's output and end say. One that did not begin to send cannot have told anybody."""
    begun, *answer = said.decode(errors="replace").splitlines() or [""]
    if begun != BEGUN:
        return Outcome(REFUSED, "its sender did not get as far as sending")
    with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
        found = json.loads(answer[0])
        return Outcome(str(found["word"]), str(found["why"]))
    late = status in (-signal.SIGALRM, -signal.SIGKILL)
    return Outcome(
        UNANSWERED, f"no answer within {deadline_s:g} s" if late else f"its sender ended with status {status}"
    )
