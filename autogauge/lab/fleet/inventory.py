"""The machines of a lab, from an inventory in Ansible's own form (INI, YAML, a script), read by ``ansible-inventory``.

What is done on them is left to others, what can be set for them to ``variables``. An inventory in which two names are one
machine, or would have one history, is a mistake that is told before anything starts.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autogauge import checkout
from autogauge.errors import UserError
from autogauge.files import exists, slug
from autogauge.lab.fleet import ansible, variables
from autogauge.plain import few, plain

DEADLINE_S = 120.0
CALLED = "autogauge_machine"
"""The variable that names a machine otherwise than its inventory does."""
EMULATED = "-emulated"
"""Runs with the emulated GPU are in a folder with this behind the machine's name."""
LOCAL_PORT = 22


@dataclass(frozen=True)
class Machine:
    """One machine: its name in the inventory, what it is ``called`` in history (``--machine``), its ``variables`` as they are written."""

    name: str
    called: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The name of its folder in a history."""
        return slug(self.called)

    @property
    def address(self) -> str:
        """Where it is reached; its name where nothing else is said."""
        return variables.text(self.variables, "ansible_host") or self.name

    @property
    def port(self) -> int | str:
        """The port of its ssh server: a number, or the text that stands there (a template)."""
        own = self.variables
        given = variables.text(own, "ansible_port") or variables.text(own, "ansible_ssh_port") or str(LOCAL_PORT)
        return int(given) if given.isascii() and given.isdigit() else given

    @property
    def place(self) -> str | None:
        """What two different machines never share; ``None`` where only Ansible can tell, since it is a template."""
        ways = ("ansible_connection", "ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_ssh_args")
        place = f"{self.address.lower()} port {self.port}"
        by = "".join(f" {said}" for each in ways if (said := variables.text(self.variables, each)))
        return None if variables.TEMPLATE.search(place + by) else place + by


@dataclass(frozen=True)
class Inventory:
    """The machines of ``path`` in the order of the inventory, each once; those that a pattern left out are not among them."""

    path: Path
    machines: tuple[Machine, ...]

    def __len__(self) -> int:
        return len(self.machines)


def read(path: Path, limit: str | None = None) -> Inventory:
    """The machines of an inventory, of those that the pattern ``limit`` names. Raises :class:`UserError`."""
    ansible.require()
    if not exists(path):
        raise UserError(
            f"there is no inventory {path}: name a file with the lab's machines, in Ansible's form (INI or YAML)."
        )
    whole = tuple(_machines(_listed(path)))
    if not whole:
        raise UserError(
            f"{path} names no machine: write one on each line, such as `lab1 ansible_host=192.0.2.11` ({checkout.page('lab')})."
        )
    check(whole, path)
    if limit is None:
        return Inventory(path, whole)
    chosen = {each.name for each in _machines(_listed(path, limit))}
    if not chosen:
        names = few([plain(each.name) for each in whole])
        raise UserError(f"no machine of {path} is called {limit!r}; there are {names} (--limit=PATTERN).")
    return Inventory(path, tuple(each for each in whole if each.name in chosen))


def check(machines: Sequence[Machine], path: Path) -> None:
    """Raise :class:`UserError` where two names are one machine, or would have one history; where one is no name, or sets what is wrong."""
    for each in machines:
        if plain(each.name) != each.name or "/" in each.name or not each.name.strip("."):
            raise UserError(f"{plain(each.name)!r} in {path} is no name of a machine: is that file an inventory?")
        variables.check(each.name, each.variables, path)
        if variables.TEMPLATE.search(each.called):
            raise UserError(
                f"what {each.name} is called in history is {variables.why_open(each.variables.get(CALLED))} ({CALLED} in {path}): "
                "write its name itself, or leave it out."
            )
    for place, names in _shared((each.place, each.name) for each in machines):
        address = " ".join(place.split(" ")[:3])
        raise UserError(
            f"{' and '.join(names)} in {path} are the same machine ({address}), which would be measured twice: leave one out."
        )
    folders = [
        (folder.casefold(), each.name) for each in machines for folder in (each.folder, f"{each.folder}{EMULATED}")
    ]
    for folder, names in _shared(folders):
        raise UserError(
            f"{' and '.join(names)} in {path} would have one history, {folder}: call one of them otherwise ({CALLED}=NAME)."
        )


def _shared(pairs: Iterable[tuple[str | None, str]]) -> list[tuple[str, list[str]]]:
    """What several have, with who they are."""
    owners: dict[str, list[str]] = {}
    for what, who in pairs:
        if what is not None:
            owners.setdefault(what, []).append(who)
    return [(what, who) for what, who in owners.items() if len(who) > 1]


def _listed(path: Path, limit: str | None = None) -> dict[str, Any]:
    """What ``ansible-inventory --list`` says. Raises :class:`UserError`."""
    words = [*ansible.command("inventory"), "-i", str(path.absolute()), "--list"]
    words += [] if limit is None else [f"--limit={limit}"]
    with tempfile.TemporaryDirectory(prefix="ag-") as scratch:
        try:
            done = subprocess.run(
                words,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=DEADLINE_S,
                check=False,
                env={**ansible.environment(Path(scratch)), "ANSIBLE_VERBOSITY": "0"},  # more would stand among the JSON
            )
        except subprocess.TimeoutExpired:
            raise UserError(
                f"reading the inventory {path} was not done within {DEADLINE_S:g} s: is it a script that waits?"
            ) from None
    if done.returncode:
        raise UserError(
            f"{path} cannot be read as an inventory: {_reason(path, done.stderr.decode(errors='replace'))}."
        )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
        return found
    except ValueError:
        raise UserError(f"{path} cannot be read as an inventory: ansible-inventory printed no JSON.") from None


def _reason(path: Path, said: str) -> str:
    """Of what each of Ansible's readers says: that of the file's own form."""
    found = ansible.causes(said)
    if not found:
        return ansible.last_words(said.splitlines())
    where = re.search(r"Origin: \S+?:(\d+)", said)
    if path.suffix in (".yml", ".yaml", ".json"):
        return found[0] + (f" (line {where[1]})" if where else "")
    return found[-1]


def _machines(listed: Mapping[str, Any]) -> Iterable[Machine]:
    """The hosts of all groups, each once, in their order, with their variables."""
    found = (listed.get("_meta") or {}).get("hostvars") or {}
    groups: dict[str, list[str]] = {}
    for group, content in listed.items():
        for name in content.get("hosts", ()) if isinstance(content, dict) else ():
            groups.setdefault(str(name), []).append(group)
    for name, those in groups.items():
        own = found.get(name) or {}
        yield Machine(name, variables.text(own, CALLED) or name, own, tuple(those))
