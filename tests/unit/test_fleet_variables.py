"""What an inventory may set: one declaration, by which everything is checked, and to which the playbook and the page are held."""

import re
from pathlib import Path

import pytest

from autogauge.errors import UserError
from autogauge.lab.fleet import batch, engine, inventory, sentences, variables
from autogauge.lab.fleet.variables import KNOWN
from tests.cases import each_of
from tests.properties import for_all
from tests.support import ROOT

ROLE = engine.PLAYBOOKS / "roles/machine"
DEFAULTS = (ROLE / "defaults/main.yml").read_text()


def told(**own):
    with pytest.raises(UserError) as said:
        variables.check("lab-02", own, "lab.ini")
    return str(said.value)


@each_of(
    ("name", "value", "wanted"),
    [
        ("autogauge_limit_s", "abc", "a whole number of seconds without a unit, 1 or more"),
        ("autogauge_limit_s", 0, "1 or more"),  # `timeout 0` is no limit at all
        ("autogauge_limit_s", True, "whole number"),
        ("autogauge_limit_s", "", "leave it out"),
        ("autogauge_limit_s", None, "leave it out"),
        ("autogauge_least_free_mib", "30GB", "of MiB without a unit, 0 or more"),
        ("autogauge_least_free_mib", -1, "0 or more"),
        ("autogauge_silence_s", "15m", "of seconds"),
        ("autogauge_clock_s", "1min", "of seconds"),
        ("autogauge_clock_s", 1.5, "of seconds"),
        ("autogauge_answer_s", "٣", "of seconds"),
        ("autogauge_poll_s", [1], "of seconds"),
        ("slurm_minutes", "2:00:00", "of minutes"),
        ("autogauge_strict", "yess", "true or false"),
        ("autogauge_strict", 2, "true or false"),
        ("autogauge_strict", "", "leave it out"),
        ("autogauge_folder", "lab", "from / or ~/ on"),
        ("autogauge_lock", "lock", "from / or ~/ on"),
        ("autogauge_project", "/a\nb", "from / or ~/ on"),
        ("autogauge_python", ["python3"], "single line"),
        ("autogauge_machine", "", "leave it out"),
        ("autogauge_cache", None, "leave it out"),
        ("autogauge_environment", "", "leave it out"),
        ("autogauge_pytest_args", "-k 'open", "words of a shell"),
        ("autogauge_pytest_args", {"k": "x"}, "a list of them"),
        ("autogauge_environment", "A=1", "NAME: VALUE"),
        ("autogauge_environment", {"A B": "1"}, 'in an INI file {"NAME": "VALUE"}'),
        ("slurm_node", "a --b", "Slurm cannot call so"),
        ("ansible_port", "abc", "from 1 to 65535"),
        ("ansible_port", 65536, "from 1 to 65535"),
    ],
)
def test_what_is_not_of_its_kind_names_file_machine_variable_and_what_is_wanted(name, value, wanted):
    said = told(**{name: value})
    assert said.startswith(f"{name} of lab-02 in lab.ini is ")
    assert wanted in said
    assert said.endswith(f" ({KNOWN[name].help}).")


def test_values_of_an_environment_are_never_shown():
    assert "secret" not in told(autogauge_environment={"A B": "secret"})


@each_of(
    ("name", "meant"),
    [
        ("autogauge_pytst_args", "autogauge_pytest_args"),
        ("autogauge_limit", "autogauge_limit_s"),
        ("autoguage_strict", "autogauge_strict"),
        ("autogauge-lock", "autogauge_lock"),
        ("Autogauge_lock", "autogauge_lock"),
        ("slurm_partiton", "slurm_partition"),
        ("ansible_hots", "ansible_host"),
        ("autogauge_zzz", "table of what there is"),
    ],
)
def test_a_name_that_is_not_known_is_told_with_the_nearest(name, meant):
    said = told(**{name: "x"})
    assert said.startswith(f"lab-02 in lab.ini sets {name}, which means nothing: ")
    assert meant in said


def test_what_is_somebody_elses_or_right_passes():
    own = {
        **{
            "ansible_ssh_host": "h",
            "ansible_hostname": "h",
            "ansible_become": "true",
            "ansible_host_key_checking": "no",
        },
        **{"slurm_nodes": [], "slurm_partitions": [], "slurm_config": {}},
        **{"rack": 3, "limit_s": "abc", "pytest_args": "x", "ansible_port": "2201", "autogauge_limit_s": " 60 "},
        **{"autogauge_strict": "Yes", "autogauge_least_free_mib": 0, "autogauge_version": 1.5, "autogauge_lock": ""},
        **{"autogauge_environment": {"A": None, "B": 1, "C": {"__ansible_vault": "x"}}, "slurm_partition": "a,b"},
        **{"autogauge_pytest_args": ["-k", "a or b", 3], "autogauge_folder": "~/lab it", "autogauge_cache": "$HOME/c"},
        **{"autogauge_silence_s": "{{ its }}", "autogauge_clock_s": {"__ansible_vault": "x"}},
    }
    variables.check("lab-02", own, "lab.ini")


@for_all(lambda st: (st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())),))
def test_a_number_that_passes_is_one_that_a_shell_and_ansible_take_as_it_is(value):
    for each in variables.of_kind(*variables.NUMBERS):
        if not variables.is_open(value) and not variables.wrong(each, value):
            assert re.fullmatch("[0-9]{1,9}", str(value).strip(), re.ASCII)
            assert int(str(value).strip()) >= each.least


def test_the_defaults_of_the_role_are_those_that_are_declared():
    found = dict(re.findall(r"^(autogauge_\w+): *(.*)$", DEFAULTS, re.M))
    declared = {name: each.default for name, each in KNOWN.items() if name.startswith("autogauge_")}
    assert found.keys() == declared.keys()
    assert {name: found[name] for name, default in declared.items() if default} == {
        k: v for k, v in declared.items() if v
    }


def test_the_playbook_checks_every_name_number_and_boolean():
    (least,) = re.findall(r"^machine_least: \{(.*)\}$", DEFAULTS, re.M)
    numbers = {each.name: each.least for each in variables.of_kind(*variables.NUMBERS) if "slurm" not in each.name}
    assert {name: int(value) for name, value in re.findall(r"(\w+): (\d+)", least)} == numbers
    (booleans,) = re.findall(r"^machine_booleans: \[(.*)\]$", DEFAULTS, re.M)
    assert booleans.split(", ") == [each.name for each in variables.of_kind(variables.BOOLEAN)]
    (known,) = re.findall(r"^machine_known: >-\n((?:  .*\n)+?)(?=\S)", DEFAULTS, re.M)
    assert re.findall(r"\w+", known) == [name for name in KNOWN if name.startswith("autogauge_")]
    for path in (ROLE / "tasks").iterdir():
        for name in re.findall(r"(autogauge_\w+) \| (?:int|bool)\b", path.read_text()):
            assert name in (*numbers, *booleans.split(", ")), path


def test_the_page_has_every_variable_with_what_holds_without_it():
    page = (ROOT / "docs/lab.md").read_text()
    rows = dict(re.findall(r"^\| (`(?:autogauge_\w+)`[^|]*) \| (.*) \|$", page, re.M))
    named = {
        name: text for names, text in rows.items() for name in re.findall(r"`(\w+)`", names + text) if name in KNOWN
    }
    shown = {name for name, each in KNOWN.items() if not each.seldom}
    assert named.keys() - {"slurm_minutes"} == shown
    for each in variables.of_kind(*variables.NUMBERS):
        if not each.seldom:
            assert f"{each.default} {'s' if each.kind == variables.SECONDS else each.kind}" in named[each.name]
    assert f"`slurm_minutes` ({KNOWN['slurm_minutes'].default})" in page
    for name in (*batch.USED, *batch.UNUSED):
        assert name in KNOWN
        assert f"`{name}`" in page


def test_what_is_encrypted_is_never_shown_as_it_is_listed_nor_taken_for_a_value():
    secret = {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3132\n"}
    listed = {
        "lab": {"hosts": ["lab1", "lab2"]},
        "_meta": {"hostvars": {name: {"ansible_host": secret, "ansible_user": secret} for name in ("lab1", "lab2")}},
    }
    machines = (*inventory._machines(listed),)
    assert [each.place for each in machines] == [None, None], "only Ansible knows whether they are one"
    inventory.check(machines, Path("lab.yml"))
    assert sentences.unreachable(machines[0], "Permission denied (publickey)").endswith("({{ ansible_host }} port 22)")
    (named,) = inventory._machines(
        {"lab": {"hosts": ["lab1"]}, "_meta": {"hostvars": {"lab1": {"autogauge_machine": secret}}}}
    )
    with pytest.raises(UserError, match=r"is called in history is encrypted \(ansible-vault\)"):
        inventory.check([named], Path("lab.yml"))
