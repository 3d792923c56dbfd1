"""Inventories as `ansible-inventory` reads them: what a lab may write, and the mistakes that are told before anything starts."""

import json
import os
import subprocess
import sys

import pytest

from autogauge.errors import UserError
from autogauge.lab.fleet import inventory
from autogauge.lab.fleet.inventory import Machine
from tests.cases import each_of
from tests.support import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("with_ansible")]


@pytest.fixture
def written(tmp_path):
    def write(text, name="lab.ini"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def mistake(path, limit=None):
    with pytest.raises(UserError) as told:
        inventory.read(path, limit)
    return str(told.value)


def test_ini_and_yaml_say_the_same(written):
    ini = inventory.read(
        written("[perf]\nlab1 ansible_host=192.0.2.1 ansible_port=2201\nlab2\n[perf:vars]\nautogauge_folder=/x\n")
    )
    text = "perf:\n  hosts:\n    lab1: {ansible_host: 192.0.2.1, ansible_port: 2201}\n    lab2:\n  vars: {autogauge_folder: /x}\n"
    yaml = inventory.read(written(text, "lab.yml"))
    assert ini.machines == yaml.machines
    assert [(each.name, each.address, each.port, each.folder) for each in ini.machines] == [
        ("lab1", "192.0.2.1", 2201, "lab1"),
        ("lab2", "lab2", 22, "lab2"),
    ]
    assert all(each.variables["autogauge_folder"] == "/x" and each.groups == ("perf",) for each in ini.machines)


def test_ranges_and_a_pattern(written):
    path = written("lab[1:4]\n")
    assert [each.name for each in inventory.read(path, "lab2,lab4").machines] == ["lab2", "lab4"]
    assert [each.name for each in inventory.read(path, "lab3").machines] == ["lab3"]
    assert "lab9" in mistake(path, "lab9")


def test_one_in_two_groups_is_one_machine(written):
    assert len(inventory.read(written("[a]\nlab1\n[b]\nlab1\n"))) == 1


def test_there_is_none(tmp_path):
    assert "there is no inventory" in mistake(tmp_path / "lab.ini")


@pytest.mark.parametrize(
    ("name", "text"), [("lab.ini", ""), ("lab.yml", "# nothing\n"), ("lab.yml", "all:\n  hosts:\n")]
)
def test_nobody_is_in_it(written, name, text):
    assert "names no machine" in mistake(written(text, name))


def test_a_line_that_cannot_be_read_is_no_smaller_lab(written):
    assert "Expected key=value" in mistake(written("lab1 ansible_port=1\nlab2 foo\n"))


def test_a_name_twice_in_yaml(written):
    assert "duplicate mapping key 'lab1'" in mistake(
        written("all:\n  hosts:\n    lab1: {a: 1}\n    lab1: {a: 2}\n", "lab.yml")
    )


def test_yaml_that_is_none(written):
    said = mistake(written("all:\n  hosts:\n   lab1: [\n", "lab.yml"))
    assert "cannot be read as an inventory" in said
    assert "line 4" in said


def test_what_is_no_inventory_at_all(tmp_path):
    path = tmp_path / "lab.ini"
    path.write_bytes(b"\0\x01{")
    assert "inventory" in mistake(path)


def test_the_same_machine_under_two_names(written):
    said = mistake(written("lab1 ansible_host=192.0.2.1\nlab2 ansible_host=192.0.2.1 ansible_port=22\n"))
    assert "lab1 and lab2" in said
    assert "same machine (192.0.2.1 port 22)" in said


def test_two_ports_or_two_ways_are_two_machines(written):
    text = "lab1 ansible_host=h ansible_port=1\nlab2 ansible_host=h ansible_port=2\n"
    text += 'lab3 ansible_host=h ansible_port=1 ansible_ssh_common_args="-J other"\n'
    assert len(inventory.read(written(text))) == 3


def test_an_address_that_is_a_template_is_ansibles_to_know(written):
    path = written('[all]\nlab1\nlab2\n[all:vars]\nansible_host="{{ inventory_hostname }}.example"\n')
    assert len(inventory.read(path)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "lab1 autogauge_machine=one\nlab2 autogauge_machine=one\n",
        "lab1 ansible_host=a\nLab1 ansible_host=b\n",  # on file systems that do not tell them apart
        "lab\nlab-emulated\n",  # where the first one's runs with the emulated GPU go
    ],
)
def test_names_that_fall_together(written, text):
    assert "would have one history" in mistake(written(text))


def test_a_name_by_template_is_refused(written):
    assert "autogauge_machine" in mistake(written('lab1 autogauge_machine="{{ inventory_hostname }}-x"\n'))


@each_of("given", [{"A B": "1"}, {"A-B": "1"}, "A=1", ["A"]])
def test_an_environment_that_is_none_is_refused(written, given):
    text = json.dumps({"all": {"hosts": {"lab1": {"autogauge_environment": given}}}})
    assert "autogauge_environment of lab1" in mistake(written(text, "lab.yml"))


def test_an_environment_may_be_ansibles_to_fill_in(written, monkeypatch):
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "3")  # which is no part of an inventory
    text = json.dumps({"all": {"hosts": {"lab1": {"autogauge_environment": "{{ of_the_lab }}"}, "lab2": {}}}})
    assert len(inventory.read(written(text, "lab.yml"))) == 2


def test_a_script_is_an_inventory_too(written):
    path = written('#!/bin/sh\necho \'{"all": {"hosts": ["lab1"]}}\'\n', "lab.sh")
    path.chmod(0o755)
    assert [each.name for each in inventory.read(path).machines] == ["lab1"]


def test_nothing_is_left_in_the_home(written, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    inventory.read(written("lab1\n"))
    assert not [*home.iterdir()]


def test_a_machine_without_variables():
    assert Machine("lab1", "lab1").place == "lab1 port 22"


@each_of(
    ("said", "variable"),
    [
        ("autogauge_limit_s=abc", "autogauge_limit_s"),
        ("autogauge_least_free_mib=30GB", "autogauge_least_free_mib"),
        ("autogauge_strict=yess", "autogauge_strict"),
        ("autogauge_pytst_args=-x", "autogauge_pytest_args"),
        ("slurm_minutes=2h", "slurm_minutes"),
        ("ansible_port=abc", "ansible_port"),
    ],
)
def test_what_is_set_wrong_is_told_before_anything_starts(written, tmp_path, said, variable):
    path = written(f"lab1\nlab2 ansible_host=192.0.2.1 {said}\n")
    more = {"check": [], "run": [f"--reports={tmp_path / 'r'}"], "slurm": [f"--out={tmp_path / 'out'}"]}
    for command, words in more.items():
        done = asked(command, path, *words)
        assert done.returncode == 2, done.stdout + done.stderr
        (line,) = done.stderr.splitlines()
        assert all(each in line for each in ("lab2", str(path), variable))
    assert not (tmp_path / "r").exists()
    assert not (tmp_path / "out").exists()


@each_of(
    ("name", "filled", "wanted"),
    [
        ("autogauge_limit_s", "1min", "whole number"),
        ("autogauge_strict", "yess", "true or false"),
        ("autogauge_clock_s", "90", ""),
    ],
)
def test_a_template_is_checked_once_ansible_has_filled_it_in(written, tmp_path, name, filled, wanted):
    own = {"ansible_connection": "local", "autogauge_folder": str(tmp_path / "lab"), "its": filled, name: "{{ its }}"}
    done = asked("check", written(json.dumps({"all": {"hosts": {"lab1": own}}}), "lab.yml"), "--json")
    (machine,) = json.loads(done.stdout)["machines"]
    assert done.returncode == (1 if wanted else 0), done.stdout
    assert wanted in machine["sentence"]
    assert (f'{name} is "{filled}"' in machine["sentence"]) is bool(wanted)


def test_by_hand_the_playbook_tells_what_is_set_wrong(written, tmp_path):
    """Whoever runs it without fleet is not asked before anything starts, so each machine is."""
    path = written(f"lab1 ansible_connection=local autogauge_folder={tmp_path / 'lab'}\n")
    playbook = ROOT / "autogauge/lab/playbook/check.yml"
    command = [
        sys.executable,
        "-m",
        "ansible",
        "playbook",
        "-i",
        str(path),
        str(playbook),
        "-e",
        "autogauge_archive=none",
    ]
    for given, wanted in (
        ("autogauge_limt_s=5", "autogauge_limt_s means nothing"),
        ("autogauge_limit_s=2h", 'autogauge_limit_s is \\"2h\\": give a whole number'),
    ):
        around = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "a"), "ANSIBLE_LOCAL_TEMP": str(tmp_path / "t")}
        done = subprocess.run(
            [*command, "-e", given], capture_output=True, text=True, env=around, timeout=120, check=False
        )
        assert done.returncode != 0, done.stdout
        assert wanted in done.stdout + done.stderr, done.stdout + done.stderr
        assert not (tmp_path / "lab" / "sessions").exists()


def test_a_home_stands_for_that_of_who_measures(written, tmp_path):
    """In the cache, the lock and the interpreter, too: none of them is a folder that is called ~."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "conftest.py").touch()
    tells = '[ -z "$AUTOGAUGE_LOCK" ] || echo "$AUTOGAUGE_CACHE" >"$AUTOGAUGE_LOCK"'
    (tmp_path / "its python").write_text(f'#!/bin/sh\n{tells}\nexec {sys.executable} "$@"\n')
    (tmp_path / "its python").chmod(0o755)
    own = {"ansible_connection": "local", "autogauge_folder": "~/lab it", "autogauge_project": "~/project"}
    own |= {"autogauge_cache": "$HOME/cache it", "autogauge_lock": "~/lock it", "autogauge_python": "~/its python"}
    path = written(json.dumps({"all": {"hosts": {"lab1": own}}}), "lab.yml")
    done = asked("check", path, "--strict", HOME=str(tmp_path), AUTOGAUGE_LOCK="")
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "lock it").read_text() == f"{tmp_path}/cache it\n", done.stdout


def asked(command, path, *words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "autogauge", "fleet", command, str(path), *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


def test_options_of_pytest_are_split_as_a_shell_does(tmp_path):
    """In the playbook: a line with quotes means what it would on a command line. One machine has one such line."""
    wanted = [
        ("--profile=quick -k 'a or b'", ["--profile=quick", "-k", "a or b", "-x"]),
        ("", ["-x"]),
        (["-k", "a or b"], ["-k", "a or b", "-x"]),
        ('--model="a b/it.xml"', ["--model=a b/it.xml", "-x"]),
    ]
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars_files": [str(ROOT / "autogauge/lab/playbook/roles/machine/defaults/main.yml")],
        "tasks": [
            {
                "ansible.builtin.copy": {
                    "content": "{{ machine_pytest_words | to_json }}",
                    "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}",
                }
            }
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    hosts = {f"lab{number}": {"given": given} for number, (given, _) in enumerate(wanted)}
    (tmp_path / "lab.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
    told = {
        "autogauge_pytest_args": "{{ given }}",
        "autogauge_more_pytest_args": ["-x"],
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_remote_tmp": str(tmp_path / "remote"),
    }
    command = [sys.executable, "-m", "ansible", "playbook", "-i", str(tmp_path / "lab.yml"), str(tmp_path / "play.yml")]
    environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "ansible"), "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp")}
    done = subprocess.run(
        [*command, "-e", json.dumps(told)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [json.loads((tmp_path / host).read_text()) for host in hosts] == [words for _, words in wanted]
