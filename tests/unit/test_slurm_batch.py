"""The batch files for Slurm that are made from an inventory: what stands in them, and what they do when a shell runs them."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from autogauge.errors import UserError
from autogauge.lab.fleet import slurm
from autogauge.lab.fleet.inventory import Machine
from autogauge.lab.fleet.slurm import Asked, Ended, Job
from tests.cases import each_of
from tests.properties import for_all

ONCE = Asked()
SAYS = """#!/bin/sh
case "$2" in
pytest) echo "measures $AUTOGAUGE_CACHE ${AUTOGAUGE_LOCK:-none}"; for each in "$@"; do echo "<$each>"; done; exit "${STATUS:-0}" ;;
*) echo "pushes $*"; exit "${PUSHED:-0}" ;;
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
        (path,) = slurm.write([machine], asked, tmp_path / "jobs it").values()
        around = {**os.environ, "HOME": str(tmp_path / "home"), **(environment or {})}
        done = subprocess.run(["/bin/sh", path], capture_output=True, text=True, env=around, timeout=30, check=False)
        return done, Job(machine, "1", path.parent / "lab-01")

    return run


def statuses(job):
    return slurm.ended(job, ONCE, {}).statuses


def test_a_job_measures_under_the_machines_name_and_leaves_its_status(node, tmp_path):
    done, job = node(
        autogauge_pytest_args="--profile=quick -k 'a or b'",
        autogauge_cache="/srv/cache",
        autogauge_lock="/run/lock/it",
        autogauge_folder="~/lab it",
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "measures /srv/cache /run/lock/it"
    assert lines[1:-1] == [
        *("<-m>", "<pytest>", "<-m>", "<perf>", "<--machine=lab-01>"),
        f"<--reports={tmp_path}/home/lab it/reports>",
        *("<--profile=quick>", "<-k>", "<a or b>"),
    ]
    assert statuses(job) == (0,)


@each_of(("status", "pushed", "left"), [("0", "0", 0), ("1", "0", 1), ("3", "2", 3), ("1", "2", 2), ("0", "1", 2)])
def test_what_was_measured_is_pushed_whatever_became_of_it(node, status, pushed, left):
    for asked, where in (
        (Asked(push="s3://lab/history it"), "s3://lab/history it"),
        (ONCE, "/jobs it/lab-01/history --new"),
    ):
        done, job = node(asked, {"STATUS": status, "PUSHED": pushed})
        (line,) = (each for each in done.stdout.splitlines() if each.startswith("pushes -m autogauge history push "))
        assert f"{where} --history=" in line
    assert ("its results are still in" in done.stdout) is (pushed != "0")
    assert done.returncode == left
    assert statuses(job) == (left,)


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
    asked = Asked(repeats=3)
    for number in ("1", "3"):
        _, job = node(asked, {"SLURM_ARRAY_TASK_ID": number})
    assert "#SBATCH --array=1-3%1" in job.place.with_suffix(".sbatch").read_text()
    assert slurm.ended(job, asked, {"lab-01": ("PENDING", "Resources")}) == Ended((0, 0), "PENDING", "Resources")


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
        ({"autogauge_pytest_args": "-k 'open"}, "autogauge_pytest_args"),
        ({"autogauge_environment": {"a b": 1}}, "autogauge_environment"),
    ],
)
def test_what_a_batch_file_cannot_hold_is_one_sentence_and_no_file_is_written(tmp_path, variables, word):
    good = Machine("lab-01", "lab-01", {"autogauge_project": "/srv/autogauge"})
    bad = Machine("lab-02", "lab-02", {"autogauge_project": "/srv/autogauge", **variables})
    with pytest.raises(UserError, match=word):
        slurm.write([good, bad], Asked(), tmp_path / "jobs")
    assert not (tmp_path / "jobs").exists()


@for_all(
    lambda st: (
        st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20), max_size=4),
        st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20),
    )
)
def test_words_and_values_reach_the_program_as_they_are(words, value):
    own = {"autogauge_project": "/", "autogauge_python": "/usr/bin/printf", "autogauge_environment": {"IT": value}}
    text = slurm.batch(Machine("lab-01", "lab-01", own), Asked(tuple(words)), Path("/srv"))
    (line,) = (each for each in text.split("\n") if " -m pytest " in each)
    assert shlex.split(line)[7:] == words
    assert f"export IT={shlex.quote(value)}" in text.split("\n")
