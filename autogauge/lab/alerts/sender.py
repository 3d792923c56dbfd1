"""A process that sends one message to one channel and says what became of it; all it is asked comes by standard input, as JSON.

It prints a line when it begins to send, before which nothing can have arrived, and a line with the outcome. Nothing of the address is
printed. It ends itself at the deadline (SIGALRM), also when who started it is gone.
"""

from __future__ import annotations

import importlib
import json
import logging
import re
import signal
import sys
from typing import Any

BEGUN = "begun"
READY_S = 60.0
_STATUS = re.compile(r"error=(\d{3})\b")
_NO_ADDRESS = "nobody knows its host: check the name in its address"
_NEVER_ARRIVED = {
    "Connection refused": "nobody listens there: check the host and the port in its address, and whether it runs",
    "Name or service not known": _NO_ADDRESS,
    "No address associated with hostname": _NO_ADDRESS,
    "Temporary failure in name resolution": "no name server told where its host is: check the name in its address, and the network",
    "Failed to resolve": _NO_ADDRESS,
    "No route to host": "there is no way to its host: is it switched on, and in this network?",
    "Network is unreachable": "there is no way to its host: is this computer in a network?",
    "connect timeout": "its host did not answer: check the host and the port in its address",
    "ConnectTimeout": "its host did not answer: check the host and the port in its address",
    "Failed to establish a new connection": "it could not be reached: check the host and the port in its address",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted here: check the host in its address, and this computer's certificates",
    "SMTPAuthenticationError": "it does not let this user in: check the name and the password in its address",
    "SMTPRecipientsRefused": "it takes no mail for that receiver: check whom the address names",
    "SMTPSenderRefused": "it takes no mail from that sender: check whom the address names",
}
"""What apprise's log says of a message that cannot have arrived, and what that means; the first that is found counts."""
_NOBODY_KNOWS = ("408", "502", "504")
"""What stands between may have given up on a receiver that took the message."""


def main() -> None:
    """Send what standard input asks for; print :data:`BEGUN`, then ``{"word": …, "why": …}``."""
    asked = json.load(sys.stdin)
    deadline_s = float(asked["deadline_s"])
    signal.setitimer(signal.ITIMER_REAL, READY_S)  # a busy machine takes its time until apprise is imported
    word, why = _sent(str(asked["url"]), str(asked["title"]), str(asked["body"]), deadline_s)
    print(json.dumps({"word": word, "why": why}), flush=True)


def _sent(url: str, title: str, body: str, deadline_s: float) -> tuple[str, str]:
    apprise: Any = importlib.import_module("apprise")
    plugin = apprise.Apprise.instantiate(url)
    if not plugin:
        return "refused", "apprise knows no such address"
    plugin.socket_connect_timeout = plugin.socket_read_timeout = 0.9 * deadline_s
    channel = apprise.Apprise()
    channel.add(plugin)
    print(BEGUN, flush=True)
    signal.setitimer(signal.ITIMER_REAL, deadline_s)
    with apprise.LogCapture(level=logging.DEBUG) as log:
        if channel.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT):
            return "sent", ""
        return told_by(log.getvalue())


def told_by(log: str) -> tuple[str, str]:
    """What apprise's log says of a message that was not sent: whether it cannot have arrived, and why. Nothing of it is quoted."""
    if found := _STATUS.search(log):
        return ("unanswered" if found[1] in _NOBODY_KNOWS else "refused"), f"it answered {found[1]}"
    for says, why in _NEVER_ARRIVED.items():
        if says in log:
            return "refused", why
    if "timed out" in log:
        return "unanswered", "no answer in time"
    return "unanswered", "the connection broke off"


if __name__ == "__main__":
    main()
