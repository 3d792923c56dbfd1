"""What an inventory can set: each variable with its kind, what holds without it and what it is for; whatever else is there is a mistake.

Declared here alone: the defaults of the playbook's role and the table in docs/lab.md are held to it by a test. A number with a unit, or a
name with a typo, would silently switch off what guards a machine, so both are told before anything starts. A template (``{{ … }}``) is
left alone here: only Ansible knows its value, and the playbook checks that by the same rules (``look.yml``).
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autogauge import checkout
from autogauge.errors import UserError
from autogauge.plain import plain

TEMPLATE = re.compile(r"\{\{|\{%|\{#")
YES, NO = ("yes", "on", "1", "true"), ("no", "off", "0", "false")
"""What Ansible takes for true and false; it takes every other word for false."""
MOST_DIGITS = 9
SECONDS, MIB, MINUTES = "seconds", "MiB", "minutes"
BOOLEAN, PATH, COMMAND, WORDS, MAPPING, TEXT, NODE, NODES, NAME, PORT = (
    *("boolean", "path", "command", "words", "mapping", "text", "a node", "partitions", "an account", "port"),
)
NUMBERS = (SECONDS, MIB, MINUTES)
_SIGNS = {NODE: r"[\w.-]+", NODES: r"[\w.,-]*", NAME: r"[\w.,@-]*"}
OURS, SLURM = "autogauge_", "slurm_"
AT_HOME = ("~/", "$HOME/", "${HOME}/")
"""How a path begins that is of whoever measures."""
VAULT, UNSAFE = "__ansible_vault", "__ansible_unsafe"
_OPAQUE = {VAULT, UNSAFE}
"""How Ansible lists a value that is encrypted, or no template: a mapping with one of these names."""


@dataclass(frozen=True)
class Variable:
    """One of them. ``default`` is as the role's defaults have it; ``least`` is of a number. ``seldom``: it is in no table."""

    name: str
    kind: str
    default: str
    help: str
    least: int = 0
    seldom: bool = False


_HERE = "set by fleet; by hand"
VARIABLES = (
    Variable("autogauge_pytest_args", WORDS, "[]", "options of pytest -m perf"),
    Variable("autogauge_machine", TEXT, '"{{ inventory_hostname }}"', "what it is called in history"),
    Variable("autogauge_folder", PATH, '"~/autogauge-lab/{{ inventory_hostname }}"', "where everything lies"),
    Variable("autogauge_python", COMMAND, '""', "an interpreter with the requirements"),
    Variable("autogauge_base_python", COMMAND, "python3", "what makes the environment"),
    Variable("autogauge_project", PATH, '""', "a checkout on the machine"),
    Variable("autogauge_repository", TEXT, '""', "what is cloned"),
    Variable("autogauge_version", TEXT, "HEAD", "which version of it"),
    Variable("autogauge_cache", PATH, '""', "the cache"),
    Variable("autogauge_lock", PATH, '""', "the measuring lock"),
    Variable("autogauge_environment", MAPPING, "{}", "more variables of the environment"),
    Variable("autogauge_strict", BOOLEAN, "false", "whether an unfit machine is refused"),
    Variable("autogauge_limit_s", SECONDS, "7200", "how long a machine may measure", 1),
    Variable("autogauge_silence_s", SECONDS, "900", "how long its pytest may say nothing", 1),
    Variable("autogauge_clock_s", SECONDS, "60", "how wrong its clock may be", 1),
    Variable("autogauge_least_free_mib", MIB, "300", "what must be free"),
    Variable("autogauge_answer_s", SECONDS, "60", "how long a machine may take to answer", 1, seldom=True),
    Variable("autogauge_poll_s", SECONDS, "20", "how long one look at it lasts", 1, seldom=True),
    Variable("autogauge_home", TEXT, "", f"{_HERE}: where results go here", seldom=True),
    Variable("autogauge_at_home", TEXT, '""', f"{_HERE}: lists of the runs that are here", seldom=True),
    Variable("autogauge_archive", TEXT, "", f"{_HERE}: the project, packed", seldom=True),
    Variable("autogauge_session", TEXT, "", f"{_HERE}: the session's name", seldom=True),
    Variable("autogauge_more_pytest_args", WORDS, "[]", f"{_HERE}: options behind the others", seldom=True),
    Variable("slurm_node", NODE, "", "the node, where it is not called as the machine is", seldom=True),
    Variable("slurm_partition", NODES, "", "the partition", seldom=True),
    Variable("slurm_account", NAME, "", "the account", seldom=True),
    Variable("slurm_minutes", MINUTES, "120", "how long a job may last", 1, seldom=True),
    Variable("ansible_port", PORT, "22", "the port of its ssh server", 1, seldom=True),
    Variable("ansible_ssh_port", PORT, "22", "the same", 1, seldom=True),
)
KNOWN = {each.name: each for each in VARIABLES}
_OF_ANSIBLE = ("ansible_host", "ansible_user", "ansible_ssh_private_key_file", "ansible_private_key_file")
"""Ansible has many more, and a name that is nearly one of these is one of these with a typo."""


def check(machine: str, own: Mapping[str, Any], where: Path | str) -> None:
    """Raise :class:`UserError` for the first of a machine's variables that is not known, or not of its kind."""
    for name, value in own.items():
        if name not in KNOWN:
            if meant := _unknown(name):
                raise UserError(f"{machine} in {where} sets {plain(name)}, which means nothing: {meant}.")
        elif wanted := wrong(KNOWN[name], value):
            shown, meant = _shown(KNOWN[name], value), KNOWN[name].help
            raise UserError(f"{name} of {machine} in {where} is {shown}: {wanted} ({meant}).")


def is_open(value: Any) -> bool:
    """Whether only Ansible can tell what it is: a template, or encrypted."""
    return (isinstance(value, str) and bool(TEMPLATE.search(value))) or (
        isinstance(value, Mapping) and bool(_OPAQUE & value.keys())
    )


def why_open(value: Any) -> str:
    """What it is that only Ansible can tell, of a value or a list with one: ``a template``, or ``encrypted``."""
    each = next((one for one in value if is_open(one)), "") if isinstance(value, list) else value
    if isinstance(each, Mapping):
        return "encrypted (ansible-vault)" if VAULT in each else "marked !unsafe"
    return "a template"


def text(own: Mapping[str, Any], name: str) -> str:
    """What a variable says, empty where it is not set; of what only Ansible can tell a template, whatever it is."""
    value = own.get(name)
    return f"{{{{ {name} }}}}" if isinstance(value, Mapping) and is_open(value) else str(value or "")


def is_yes(value: Any) -> bool:
    """What a boolean says, which was checked; a template is taken for a no."""
    return str(value).lower() in YES


def wrong(variable: Variable, value: Any) -> str:
    """What is wanted in its place; empty where it is of its kind, or a template."""
    if is_open(value):
        return ""
    if value is None or value == "":
        can_be_empty = value == "" and variable.default in ("", '""', "[]")
        return "" if can_be_empty else "leave it out, or give it a value"
    return _RULES.get(variable.kind, _text)(variable, value)


def _number(variable: Variable, value: Any) -> str:
    text = str(value).strip()
    is_whole = isinstance(value, (int, str)) and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    if is_whole and int(text) >= variable.least:
        return ""
    return f"give a whole number of {variable.kind} without a unit, {variable.least} or more"


def _port(variable: Variable, value: Any) -> str:
    text = str(value).strip()
    is_one = isinstance(value, (int, str)) and text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 65535
    return "" if is_one else "give a number from 1 to 65535"


def _boolean(variable: Variable, value: Any) -> str:
    is_one = isinstance(value, (bool, int, str)) and str(value).lower() in (*YES, *NO)
    return "" if is_one else "write true or false"


def _line(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).isprintable()


def _text(variable: Variable, value: Any) -> str:
    return "" if _line(value) else "give a single line of text"


def _path(variable: Variable, value: Any) -> str:
    # Anything else would be another place in every folder from which it is looked at.
    is_whole = _line(value) and str(value).startswith(("/", *AT_HOME))
    return "" if is_whole else "give a path from / or ~/ on"


def _words(variable: Variable, value: Any) -> str:
    if isinstance(value, list):
        return "" if all(_line(each) for each in value) else "give options, each a text"
    if not _line(value):
        return "give options in a line, or a list of them"
    try:
        shlex.split(str(value))
    except ValueError as error:
        return f"these are no words of a shell ({error})"
    return ""


def _mapping(variable: Variable, value: Any) -> str:
    is_one = isinstance(value, Mapping) and all(
        re.fullmatch(r"[A-Za-z_]\w*", str(name), re.ASCII) and not isinstance(each, list)
        for name, each in value.items()
    )
    return (
        "" if is_one else 'give names with values: in YAML NAME: VALUE on a line each, in an INI file {"NAME": "VALUE"}'
    )


def _of_slurm(variable: Variable, value: Any) -> str:
    is_one = _line(value) and re.fullmatch(_SIGNS[variable.kind], str(value), re.ASCII)
    return "" if is_one else "Slurm cannot call so: give its name"


_RULES = {
    **dict.fromkeys(NUMBERS, _number),
    **dict.fromkeys(_SIGNS, _of_slurm),
    **{PORT: _port, BOOLEAN: _boolean, PATH: _path, WORDS: _words, MAPPING: _mapping},
}


def _shown(variable: Variable, value: Any) -> str:
    """The value, where it may be seen: an environment holds secrets."""
    if value is None or value == "":
        return "empty"
    return "no mapping of names" if variable.kind == MAPPING else repr(plain(str(value)))


def _unknown(name: str) -> str:
    """What was meant by a name that is not known; empty where it is somebody else's."""
    if name in _OF_ANSIBLE:
        return ""
    folded = name.casefold().replace("-", "_")
    near = difflib.get_close_matches(folded, (*KNOWN, *_OF_ANSIBLE), 1, 0.9)
    if near and near[0].startswith(SLURM) and folded == f"{near[0]}s":
        return ""  # slurm_nodes and slurm_partitions are those of Ansible's roles that set Slurm up
    # What begins as ours do is nobody else's; what is one that is known but for a letter or two is a typo.
    if folded.startswith(OURS):
        rests = [each.removeprefix(OURS) for each in KNOWN if each.startswith(OURS)]
        near = near or [OURS + each for each in difflib.get_close_matches(folded.removeprefix(OURS), rests, 1, 0.6)]
        return f"did you mean {near[0]}" if near else f"{checkout.page('lab')} has a table of what there is"
    return f"did you mean {near[0]}" if near else ""


def of_kind(*kinds: str) -> Iterator[Variable]:
    """Those of some kinds."""
    return (each for each in VARIABLES if each.kind in kinds)
