"""A key for ssh that is not on this computer is told of its machine, before the start and where it is not reached; it refuses nothing."""

from pathlib import Path

import pytest

from autogauge.lab.fleet import accounts, collector, keys, sentences
from autogauge.lab.fleet.accounts import Account
from autogauge.lab.fleet.engine import Event
from autogauge.lab.fleet.inventory import Inventory, Machine
from tests.cases import each_of

NAME, OTHER = keys.KEYS
DENIED = "Failed to connect to the host via ssh: perf@h: Permission denied (publickey)."


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for file in ("there", "in-agent.pub"):
        (tmp_path / file).touch()
    return tmp_path


def with_key(said, name=NAME, **more):
    return Machine("lab1", "lab1", {name: said, **more})


@each_of("name", [NAME, OTHER])
@each_of(
    "said", ["~/there", "there", "{{ key }}", "~/in-agent", "%d/x", "$HOME/x", "", "x\0y", {"__ansible_vault": "x"}]
)
def test_a_key_that_is_here_or_that_only_ssh_or_ansible_knows_is_none_that_is_missing(home, monkeypatch, name, said):
    monkeypatch.chdir(home)
    assert keys.missing(with_key(said, name)) is None


@each_of("name", [NAME, OTHER])
def test_what_is_wrong_with_a_key_is_said_with_its_path(home, name):
    assert keys.missing(with_key("~/gone", name)) == (f"{home}/gone", "is not there", name)
    assert keys.missing(with_key(str(home), name)) == (str(home), "is no file", name)


def test_the_home_of_a_user_that_there_is_not_is_a_key_that_is_not_there():
    assert keys.missing(with_key("~nosuch/.ssh/id")) == ("~nosuch/.ssh/id", "is not there", NAME)


@each_of("way", ["local", "ansible.builtin.local", "docker", "community.docker.docker", "{{ way }}"])
def test_where_no_ssh_is_used_no_key_is(way):
    assert keys.missing(with_key("/no/key", ansible_connection=way)) is None


@each_of("way", ["ssh", "ansible.builtin.ssh", "smart", ""])
def test_each_name_of_ssh_is_ssh(way):
    assert keys.missing(with_key("/no/key", ansible_connection=way))


def test_only_the_variable_that_ansible_takes_counts(home):
    assert keys.missing(with_key("~/there", NAME, **{OTHER: "/no/old-key"})) is None
    assert keys.missing(with_key("", NAME, **{OTHER: "/no/old-key"})) is None
    assert keys.missing(with_key("/no/key", NAME, **{OTHER: "~/there"})) == ("/no/key", "is not there", NAME)


def test_one_machines_key_is_a_note_before_anything_starts_and_its_own_sentence(home, monkeypatch):
    monkeypatch.setattr(collector.packed, "unknown_to_git", list)
    machines = (
        *(Machine(name, name, {OTHER: "/no/key"}) for name in ("lab1", "lab2")),
        Machine("lab3", "lab3", {NAME: "~/there"}),
    )
    assert collector.notes_before(Inventory(Path("lab.ini"), machines)) == [
        "the key of lab1, lab2, /no/key, is not there, so that ssh can only try what else it has (an agent, say): "
        f"name the file of a private key on this computer ({OTHER})"
    ]
    first, third = Account(machines[0]), Account(machines[2])
    for each in (first, third):
        accounts.follow(each, Event("unreachable", each.machine.name, "look", message=DENIED))
    assert first.sentence == (
        "its key, /no/key, is not there, and it lets user perf in by no other one: "
        f"name the file of a private key on this computer ({OTHER}) (lab1 port 22)"
    )
    assert "by no key that was offered" in third.sentence
    assert "nobody listens there" in sentences.unreachable(machines[0], "Connection refused"), "that is not the key"
