"""What went wrong on a machine as one sentence each: what is wrong, and what to do. From what ssh, Ansible and pytest say of it."""

from __future__ import annotations

import errno
import os
import re
import shlex

from autogauge.causes import step_in
from autogauge.lab.fleet import keys
from autogauge.lab.fleet.inventory import LOCAL_PORT, Machine
from autogauge.lab.fleet.variables import TEMPLATE, text
from autogauge.plain import sentence

_DENIED = r"Permission denied \("
_OF_SSH = (
    (
        "IDENTIFICATION HAS CHANGED|host key .*has changed",
        "its host key is another one than before: was it installed anew? Ask whoever did; then take the old key out (ssh-keygen -R)",
    ),
    (
        "Host key verification failed|host key is known",
        "its host key is not known here yet: log in once by hand, and compare it: {login}",
    ),
    (
        _DENIED,
        "it lets {user} in by no key that was offered: is there such a user, with the public key (ssh-copy-id)? "
        "Or name another one, or another key (ansible_user, ansible_ssh_private_key_file)",
    ),
    ("Could not resolve hostname", "nobody knows its address: check the name (ansible_host)"),
    ("Connection refused", "nobody listens there: is its ssh server running, on that port?"),
    (
        "kex_exchange_identification|Connection (reset|closed)",
        "it drops the connection: is that the port of its ssh server, has it too many logins, or does it refuse this computer?",
    ),
    ("banner exchange|timed out|Timeout", "it does not answer: is it switched on, and not stuck?"),
    ("No route to host|Network is unreachable", "there is no way to it: is it switched on, and in this network?"),
)
_KEY = re.compile(r"Identity file (\S+) not accessible|Load key \"?([^\":]+)\"?: ")
_TRIED = re.compile(r"([^\s@]+)@\S+: Permission denied \(")
_PREFIX = re.compile(
    r"^(Task failed: |Action failed: |Module failed: |Failed to connect to the host via ssh: |non-zero return code\s*)+"
)
_FULL = re.compile(r"Wrote only \d+ of \d+ bytes")
MOST_OF_AN_OUTPUT = 200_000
_ENDS = re.compile(
    r"^(?:!* *_pytest\.outcomes\.Exit: |Exit: |autogauge: |ERROR: (?!usage)|[a-z_. -]*: error: )(.*?)[ !*]*$",
    re.MULTILINE,
)
"""How pytest, and what is asked before it, print the sentence with which they end."""
_OF_PYTEST = {
    "1": "its tests failed before anything was measured",
    "2": "it was interrupted",
    "3": "pytest itself failed",
    "4": "pytest does not know an option (autogauge_pytest_args, or what stood behind --)",
    "5": "no test was chosen: check the options (autogauge_pytest_args)",
    "killed": "its measuring was killed, and left no exit status",
    "124": "it was not done in time, and was ended (autogauge_limit_s)",
    "137": "its measuring was killed (signal 9)",
}


def unreachable(machine: Machine, said: str) -> str:
    """Of a machine that ssh does not get into."""
    where = f"{machine.address} port {machine.port}"
    if key := _KEY.search(said):
        return (
            f"there is no ssh key {key[1] or key[2]} that can be read: name one (ansible_ssh_private_key_file); {where}"
        )
    if (lost := keys.missing(machine)) and re.search(_DENIED, said):
        path, wrong, name = lost
        return (
            f"its key, {path}, {wrong}, and it lets {_user(machine, said)} in by no other one: "
            f"name the file of a private key on this computer ({name}) ({where})"
        )
    for pattern, why in _OF_SSH:
        if re.search(pattern, said, re.IGNORECASE):
            return f"{why.replace('{login}', _login(machine)).replace('{user}', _user(machine, said))} ({where})"
    return f"{where}: {first(said)}"


def _user(machine: Machine, said: str) -> str:
    """Who was not let in: as ssh says it, else as the inventory does."""
    tried = _TRIED.search(said)
    name = tried[1] if tried else text(machine.variables, "ansible_user") or text(machine.variables, "ansible_ssh_user")
    return f"user {name}" if name and not TEMPLATE.search(name) else "its user"


def _login(machine: Machine) -> str:
    """The line by which somebody gets there by hand, as far as the inventory says it; what is a template is left out."""
    own = machine.variables
    user = text(own, "ansible_user") or text(own, "ansible_ssh_user")
    port, address = machine.port, machine.address
    whom = f"{user}@" if user and not TEMPLATE.search(user) else ""
    where = machine.name if TEMPLATE.search(address) else address
    number = f"-p {port} " if isinstance(port, int) and port != LOCAL_PORT else ""
    return f"ssh {number}{shlex.quote(whom + where)}"


def first(said: str) -> str:
    """The first line of a message that says something, without Ansible's own words; with what to do where the machine lacked something."""
    lines = [_PREFIX.sub("", line.strip()) for line in said.splitlines()]
    text = next((line for line in lines if any(each.isalnum() for each in line)), "it says nothing").rstrip(". ")
    # Only tar says it like this, and not on every file system.
    step = step_in(_FULL.sub(os.strerror(errno.ENOSPC), said))
    return sentence(f"{text}; {step}" if step and step not in text else text, 600)


def said_in(output: str, status: str) -> str:
    """The sentence with which a pytest ended, in what it printed; empty where it printed none.

    One that ends with status 2 for a mistake without such a sentence is quoted: its last line, without pytest's frames.
    """
    output = output[-MOST_OF_AN_OUTPUT:]
    if found := [each.strip() for each in _ENDS.findall(output) if each.strip()]:
        return str(found[-1])
    lines = [each.strip("=!- \t") for each in output.splitlines()] if status == "2" else []
    return next((each for each in reversed(lines) if each), "")


def of_pytest(status: str, said: str) -> str:
    """Of a pytest that did not measure: its own sentence, else what its exit status means."""
    if said and status not in ("0", "1", "124", "137", "killed"):
        where = " (autogauge_pytest_args, or what stood behind --)" if status == "4" else ""
        return sentence(said.rstrip(". ") + where, 1000)
    return _OF_PYTEST.get(status, f"pytest ended with exit status {status}")
