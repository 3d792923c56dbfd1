"""Which machines' keys for ssh are not on this computer: said before anything starts, and of a machine that is not reached.

Nothing is refused, since only ssh can tell whether a machine lets somebody in: the key may be in the agent, or another one may do.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from autogauge.files import exists
from autogauge.lab.fleet import variables
from autogauge.lab.fleet.inventory import Machine
from autogauge.plain import few, plain

KEYS = ("ansible_ssh_private_key_file", "ansible_private_key_file")
"""Ansible takes the first of these that is set, also where it is empty."""
BY_SSH = ("", "ssh", "smart", "ansible.builtin.ssh", "paramiko", "paramiko_ssh", "ansible.builtin.paramiko_ssh")
"""The connections that use a key; all others (``local``, ``docker``, …) use none."""


def missing(machine: Machine) -> tuple[str, str, str] | None:
    """Its key's path, what is wrong with it, and the variable that names it; ``None`` where nothing is, or where only ssh or Ansible knows.

    One whose public half is there may be in the agent. What ssh or Ansible fills in is left to them.
    """
    own = machine.variables
    name = next((each for each in KEYS if own.get(each) is not None), "")
    said = variables.text(own, name)
    is_by_ssh = variables.text(own, "ansible_connection") in BY_SSH
    if not said or not is_by_ssh or variables.TEMPLATE.search(said) or set("%$\0") & set(said):
        return None
    path = Path(os.path.expanduser(said))  # noqa: PTH111 - pathlib raises for a user that there is not
    if exists(Path(f"{path}.pub")):
        return None
    if not exists(path):
        wrong = "is not there"
    elif not path.is_file():
        wrong = "is no file"
    elif not os.access(path, os.R_OK):
        wrong = "may not be read by you"
    else:
        return None
    return plain(str(path if said.startswith("~") else path.absolute())), wrong, name


def notes(machines: Iterable[Machine]) -> list[str]:
    """A sentence about each key that is not here, with the machines that it is of."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in machines:
        if key := missing(each):
            found.setdefault(key, []).append(each.name)
    return [
        f"the key of {few(names)}, {path}, {wrong}, so that ssh can only try what else it has (an agent, say): "
        f"name the file of a private key on this computer ({name})"
        for (path, wrong, name), names in found.items()
    ]
