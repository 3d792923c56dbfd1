"""With which sentence a machine's pytest ended: one function for what Ansible and what Slurm's jobs bring home."""

import json

from autogauge.lab.fleet import accounts, results, sentences
from autogauge.lab.fleet.accounts import Account
from autogauge.lab.fleet.engine import Event
from autogauge.lab.fleet.inventory import Machine
from tests.cases import each_of

LAB1 = Machine("lab1", "lab1")
FRAME = "=" * 20


@each_of(
    ("status", "output", "said"),
    [
        (
            "2",
            "x\n!!!!!!! _pytest.outcomes.Exit: there is no model m. !!!!!!!\n===== no tests ran =====",
            "there is no model m.",
        ),
        ("2", "Exit: it is late.\n", "it is late."),
        ("2", "autogauge: doctor --strict: it is hot\n", "doctor --strict: it is hot"),
        (
            "4",
            "ERROR: usage: pytest [options]\n__main__.py: error: unrecognized arguments: --no\n  inifile: x",
            "unrecognized arguments: --no",
        ),
        ("4", "ERROR: file or directory not found: x\n\n", "file or directory not found: x"),
        ("2", "Exit: first\nExit: last\n", "last"),
        ("2", f"E   boom\n{FRAME} 2 errors in 1.2s {FRAME}\n\n", "2 errors in 1.2s"),
        ("1", "all of it\n", ""),
        ("2", "", ""),
    ],
)
def test_the_sentence_is_found_in_what_it_printed(status, output, said):
    assert sentences.said_in(output, status) == said


def test_of_a_long_output_the_end_is_read():
    assert sentences.said_in("Exit: long ago\n" + "x" * 300_000 + "\nExit: now\n", "2") == "now"
    assert sentences.said_in("Exit: long ago\n" + "x\n" * 150_000, "1") == ""


def test_what_ansible_brings_home_ends_with_it(tmp_path):
    (tmp_path / "output").write_text("Exit: there is no model m.\n")
    (tmp_path / "status").write_text("2\n")
    account = Account(LAB1)
    results.read(account, tmp_path)
    accounts.judge(account)
    assert (account.outcome, account.sentence) == (accounts.Outcome.FAILED, "there is no model m")


@each_of("why", ["x: Cannot write: No space left on device", "/usr/bin/tar: x: Wrote only 4608 of 10240 bytes"])
def test_a_disk_that_gets_full_while_something_is_unpacked_is_said(why):
    said = json.dumps(
        {"event": "failed", "host": "lab1", "task": "copy the project", "msg": "failed to unpack a to b", "stderr": why}
    )
    account = Account(LAB1)
    accounts.follow(account, Event.of(said.encode()))
    assert account.sentence.startswith("copy the project: failed to unpack a to b; ")
    assert "space" in account.sentence


@each_of(
    ("said", "wanted"),
    [
        (
            "No ED25519 host key is known for [h]:2201 and you have requested strict checking.\nHost key verification failed.",
            "not known here yet",
        ),
        ("Host key verification failed.", "compare it: ssh -p 2201 perf@h (h port 2201)"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key for [h]:2201 has changed and you have requested strict "
            "checking.\nHost key verification failed.",
            "another one than before",
        ),
        (
            "kex_exchange_identification: Connection closed by remote host\nConnection closed by 127.0.0.1 port 2201",
            "it drops the connection",
        ),
        ("kex_exchange_identification: read: Connection reset by peer", "it drops the connection"),
        ("ssh: connect to host h port 2201: Connection refused", "nobody listens there"),
        ("Connection timed out during banner exchange", "does not answer"),
        (
            "labn9@h: Permission denied (publickey).",
            "it lets user labn9 in by no key that was offered: is there such a user",
        ),
        ("Permission denied (publickey).", "it lets user perf in by no key"),
    ],
)
def test_why_ssh_gets_into_no_machine_says_what_to_do(said, wanted):
    own = {"ansible_host": "h", "ansible_port": 2201, "ansible_user": "perf"}
    assert wanted in sentences.unreachable(
        Machine("lab1", "lab1", own), f"Failed to connect to the host via ssh: {said}"
    )


@each_of(
    ("own", "line"),
    [
        ({}, "ssh lab1 "),
        ({"ansible_host": "{{ x }}", "ansible_user": "{{ y }}", "ansible_port": "{{ z }}"}, "ssh lab1 "),
        ({"ansible_host": "a b; c"}, "ssh 'a b; c' "),
    ],
)
def test_the_login_by_hand_is_what_the_inventory_says(own, line):
    said = sentences.unreachable(Machine("lab1", "lab1", own), "Host key verification failed.")
    assert f"compare it: {line}" in said


def test_an_option_that_pytest_does_not_know_is_named_with_where_it_came_from():
    said = sentences.of_pytest("4", "unrecognized arguments: --profil=quick")
    assert said == "unrecognized arguments: --profil=quick (autogauge_pytest_args, or what stood behind --)"
