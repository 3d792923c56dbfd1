"""The batch files for Slurm that are made from an inventory: what stands in them, and what they do when a shell runs them."""

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autogauge.cli import fleet
from autogauge.errors import UserError
from autogauge.lab.fleet import batch, queued, slurm, variables
from autogauge.lab.fleet.batch import Task
from autogauge.lab.fleet.inventory import Inventory, Machine
from autogauge.lab.fleet.slurm import Job
from tests.cases import each_of
from tests.properties import for_all

ONCE = Task()
VAULTED = {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n3132\n"}
SAYS = """#!/bin/sh
case "$2" in
pytest) echo "measures $AUTOGAUGE_CACHE ${AUTOGAUGE_LOCK:-none}"; for each in "$@"; do echo "<$each>"; done
    eval "${DOES:-}"; exit "${STATUS:-0}" ;;
autogauge.lab*) echo "takes $*"; [ -z "${OLD:-}" ] || { echo "No module named it"; exit 1; } ;;
autogauge) [ "$3" != doctor ] || { echo "error: it is hot"; exit "${FIT:-0}"; }; echo "pushes $*"; exit "${PUSHED:-0}" ;;
esac
"""


@pytest.fixture
def node(tmp_path):
    """A node on which a script stands for Python; returns a function that runs a machine's batch file as Slurm would."""
    (tmp_path / "project").mkdir()
    python = tmp_path / "python it"
    python.write_text(SAYS)
    python.chmod(0o755)

    def run(asked=ONCE, environment=None, **variables):
        own = {"autogauge_project": str(tmp_path / "project"), "autogauge_python": str(python), **variables}
        machine = Machine("lab-01", "lab-01", own)
        (path,) = batch.write([machine], asked, tmp_path / "jobs it").values()
        around = {**os.environ, "HOME": str(tmp_path / "home"), "SLURM_JOB_ID": "7", **(environment or {})}
        done = subprocess.run(["/bin/sh", path], capture_output=True, text=True, env=around, timeout=30, check=False)
        return done, Job(machine, "7", path.parent / "lab-01", asked.repeats)

    return run


def statuses(job):
    return tuple(slurm.statuses(job).values())


def test_a_job_measures_under_the_machines_name_and_leaves_its_status(node, tmp_path):
    done, job = node(
        autogauge_pytest_args="--profile=quick -k 'a or b'",
        autogauge_cache="/srv/cache",
        autogauge_lock="/run/lock/it",
        autogauge_folder="~/lab it",
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "measures /srv/cache /run/lock/it"
    assert lines[1:] == [
        *("<-m>", "<pytest>", "<-m>", "<perf>", "<--machine=lab-01>"),
        f"<--reports={tmp_path}/home/lab it/reports>",
        *("<--profile=quick>", "<-k>", "<a or b>"),
    ]
    assert statuses(job) == (0,)


def test_what_lies_at_home_is_the_nodes_users(node, tmp_path):
    at = tmp_path / "home"
    at.mkdir()
    (at / "its python").write_text(f'#!/bin/sh\nmkdir -p "$3/bin" && cp \'{tmp_path}/python it\' "$3/bin/python"\n')
    (at / "its python").chmod(0o755)
    (tmp_path / "project" / "requirements.txt").touch()
    for home in variables.AT_HOME:
        places = {each: f"{home}{each} it" for each in ("autogauge_cache", "autogauge_lock", "autogauge_folder")}
        done, _ = node(autogauge_python="", autogauge_base_python=f"{home}its python", **places)
        lines = done.stdout.splitlines()
        assert lines[:1] == [f"measures {at}/autogauge_cache it {at}/autogauge_lock it"], (home, done)
        assert f"<--reports={at}/autogauge_folder it/reports>" in lines
        shutil.rmtree(at / "autogauge_folder it")


def test_what_was_said_at_home_is_taken_before_it_measures(node, tmp_path):
    place, history = tmp_path / "jobs it" / "lab-01", tmp_path / "home/autogauge-lab/lab-01/reports/history"
    assert node()[0].stdout.startswith("measures"), "nothing is at home"
    (place / "at-home").write_text("lab-01/0001_x.json\t1\n")
    lines = node()[0].stdout.splitlines()
    assert lines[0] == f"takes -m autogauge.lab.fleet.said_at_home {place}/at-home {history}"
    assert lines[1].startswith("measures")
    done, job = node(environment={"OLD": "1"})
    assert done.stdout.splitlines()[0].endswith("(accept, reject) does not count here: No module named it")
    assert statuses(job) == (0,)


@each_of(("status", "pushed"), [("0", "0"), ("1", "0"), ("3", "2"), ("1", "2"), ("0", "1")])
def test_what_was_measured_is_pushed_whatever_became_of_it_and_a_push_changes_no_status(node, status, pushed):
    for asked, where in (
        (Task(push="s3://lab/history it"), "s3://lab/history it"),
        (ONCE, "/jobs it/lab-01/history --new"),
    ):
        done, job = node(asked, {"STATUS": status, "PUSHED": pushed})
        told = (job.place / "7.pushed").read_text()
        assert told.startswith("pushes -m autogauge history push ")
        assert f"{where} --history=" in told
        assert "pushes" not in done.stdout
        notes = slurm.unpushed(job)
        assert (notes != []) is (pushed != "0")
        assert all("its results are still on the node: " in each and "reports/history" in each for each in notes)
        assert done.returncode == int(status)
        assert statuses(job) == (int(status),)


def test_only_a_summary_of_this_job_is_its_own(node, tmp_path):
    latest = tmp_path / "home" / "autogauge-lab" / "lab-01" / "reports" / "latest"
    latest.mkdir(parents=True)
    (latest / "summary.json").write_text("{}")
    os.utime(latest / "summary.json", (1e9, 1e9))
    _, job = node()
    assert slurm.summaries(job, ["7"]) == []
    _, job = node(environment={"SLURM_JOB_ID": "8", "DOES": f"sleep 0.05; echo {{}} >'{latest}/summary.json'"})
    assert [each.name for each in slurm.summaries(job, ["7", "8"])] == ["8.summary.json"]
    assert slurm.newest(job.machine, job.place.parent).number == "8"
    assert (job.place / "7.status").read_text() == "0\n"


def test_what_an_earlier_cluster_left_under_the_same_number_is_not_this_jobs(node, tmp_path):
    """A cluster that was made anew counts from 1 again; this job ends before it would write either file."""
    place = tmp_path / "jobs it" / "lab-01"
    place.mkdir(parents=True)
    (place / "7.summary.json").write_text("{}")
    (place / "7.pushed").write_text("no room\nexit status 1 of /old\n")
    _, job = node(autogauge_project=str(tmp_path / "absent"))
    assert statuses(job) == (2,)
    assert (slurm.summaries(job, ["7"]), slurm.unpushed(job)) == ([], [])


@each_of("shell", [each for each in (["/bin/sh"], ["bash", "--posix"]) if shutil.which(each[0])])
def test_a_job_that_is_asked_to_end_leaves_that_as_its_status(node, tmp_path, shell):
    _, job = node(environment={"SLURM_JOB_ID": "1"})
    path = job.place.with_suffix(".sbatch")
    around = {**os.environ, "HOME": str(tmp_path / "home"), "SLURM_JOB_ID": "7", "DOES": "kill -TERM $PPID"}
    done = subprocess.run([*shell, path], capture_output=True, env=around, timeout=30, check=False)
    assert (done.returncode, statuses(job)) == (143, (143,))


@each_of(("strict", "fit", "status", "measures"), [("true", 0, 0, True), (True, 1, 2, False), ("no", 1, 0, True)])
def test_an_unfit_machine_does_not_measure_where_that_is_wanted(node, strict, fit, status, measures):
    done, job = node(autogauge_strict=strict, environment={"FIT": str(fit)})
    assert statuses(job) == (status,)
    assert ("measures" in done.stdout) is measures
    assert ("autogauge: doctor --strict: it is hot" in done.stdout) is not measures


def test_who_else_is_there_reads_no_batch_file_and_a_job_gets_little_of_the_submitter(node):
    _, job = node(autogauge_environment={"TOKEN": "secret"})
    path = job.place.with_suffix(".sbatch")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "\n#SBATCH --export=HOME,LANG,PATH,USER\n" in path.read_text()


def test_two_machines_with_one_folder_are_refused(tmp_path):
    two = [
        Machine(name, name, {"autogauge_project": "/srv", "autogauge_folder": place})
        for name, place in (("lab-01", "~/it/"), ("lab-02", "${HOME}/it"))
    ]
    with pytest.raises(UserError, match="lab-01 and lab-02 have one folder"):
        batch.write(two, ONCE, tmp_path / "jobs")
    assert not (tmp_path / "jobs").exists()


def test_a_job_without_its_project_says_so_and_measures_nothing(node, tmp_path):
    done, job = node(autogauge_project=str(tmp_path / "absent"))
    assert "measures" not in done.stdout
    assert "absent" in done.stderr
    assert statuses(job) == (2,)


def test_a_job_that_is_killed_leaves_no_status(node, tmp_path):
    (tmp_path / "killer").write_text("#!/bin/sh\nkill -KILL $PPID\nsleep 1\n")
    (tmp_path / "killer").chmod(0o755)
    done, job = node(autogauge_python=str(tmp_path / "killer"))
    assert done.returncode == -9
    assert statuses(job) == ()


def test_repeats_are_one_array_whose_parts_do_not_run_beside_each_other(node):
    asked = Task(repeats=3)
    for number in ("1", "3"):
        _, job = node(asked, {"SLURM_ARRAY_JOB_ID": "6", "SLURM_ARRAY_TASK_ID": number})
    assert "#SBATCH --array=1-3%1" in job.place.with_suffix(".sbatch").read_text()
    assert slurm.statuses(Job(job.machine, "6", job.place, 3)) == {"6_1": 0, "6_3": 0}
    assert slurm.newest(job.machine, job.place.parent) == Job(job.machine, "6", job.place, 3)


def test_the_node_is_the_machines_own_and_nobody_elses_meanwhile(node):
    _, job = node(slurm_node="node-7", slurm_partition="lab", slurm_minutes="30")
    text = job.place.with_suffix(".sbatch").read_text()
    for each in ("--nodelist=node-7", "--exclusive", "--partition=lab", "--time=30", "--nodes=1"):
        assert f"\n#SBATCH {each}\n" in text
    assert "--account" not in text


@each_of(
    ("variables", "word"),
    [
        ({"autogauge_project": ""}, "autogauge_project"),
        ({"autogauge_cache": "{{ place }}/cache"}, "autogauge_cache"),
        ({"autogauge_folder": "a\nb"}, "autogauge_folder"),
        ({"slurm_minutes": "an hour"}, "slurm_minutes"),
        ({"slurm_node": "a --b"}, "slurm_node"),
        ({"slurm_node": "lab-[1-9]"}, "slurm_node"),
        ({"autogauge_strict": "perhaps"}, "autogauge_strict"),
        ({"autogauge_environment": {"IT": "{{ secret }}"}}, "IT in autogauge_environment"),
        ({"autogauge_pytest_args": "-k 'open"}, "autogauge_pytest_args"),
        ({"autogauge_environment": {"a b": 1}}, "autogauge_environment"),
        ({"autogauge_cache": VAULTED}, "autogauge_cache of lab-02 is encrypted"),
        ({"autogauge_folder": VAULTED}, "autogauge_folder of lab-02 is encrypted"),
        ({"autogauge_pytest_args": ["-k", "{{ a }}"]}, "autogauge_pytest_args of lab-02 is a template"),
        ({"autogauge_folder": {"__ansible_unsafe": "{{ a }}"}}, "autogauge_folder of lab-02 is marked !unsafe"),
        ({"autogauge_environment": VAULTED}, "autogauge_environment of lab-02 is encrypted"),
        ({"autogauge_environment": {"TOKEN": VAULTED}}, "TOKEN in autogauge_environment of lab-02 is encrypted"),
    ],
)
def test_what_a_batch_file_cannot_hold_is_one_sentence_and_no_file_is_written(tmp_path, variables, word):
    good = Machine("lab-01", "lab-01", {"autogauge_project": "/srv/autogauge"})
    bad = Machine("lab-02", "lab-02", {"autogauge_project": "/srv/autogauge", **variables})
    with pytest.raises(UserError, match=word):
        batch.write([good, bad], Task(), tmp_path / "jobs")
    assert not (tmp_path / "jobs").exists()


@for_all(
    lambda st: (
        st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20), max_size=4),
        st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20).filter(
            lambda it: not variables.is_open(it)
        ),
    )
)
def test_words_and_values_reach_the_program_as_they_are(words, value):
    own = {"autogauge_project": "/", "autogauge_python": "/usr/bin/printf", "autogauge_environment": {"IT": value}}
    text = batch.batch(Machine("lab-01", "lab-01", own), Task(tuple(words)), Path("/srv"))
    (line,) = (each for each in text.split("\n") if " -m pytest " in each)
    assert shlex.split(line)[7:] == words
    assert f"export IT={shlex.quote(value)}" in text.split("\n")


def test_notes_on_the_files_are_said_beside_json_too(tmp_path, monkeypatch):
    machine = Machine("lab-01", "lab-01", {"autogauge_project": "/srv", "autogauge_limit_s": "60"})
    found = Inventory(tmp_path / "lab.ini", (machine,))
    monkeypatch.setattr(fleet, "_read", lambda *_: (found, queued))
    words = ["slurm", "lab.ini", f"--out={tmp_path}", f"--reports={tmp_path}/r"]
    for form in ([], ["--json"]):
        done = CliRunner().invoke(fleet.app, [*words, *form])
        assert done.exit_code == 0
        assert done.stderr.startswith("NOTE  autogauge_limit_s in the inventory: without a meaning for Slurm")
    assert [*json.loads(done.stdout)] == ["lab-01"]
