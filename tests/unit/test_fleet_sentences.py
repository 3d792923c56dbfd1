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
