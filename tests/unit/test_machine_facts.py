"""Facts of the machine are those of the probes: asked of one that stands where this process does not, in affinity or control group."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autogauge.cache import Cache
from autogauge.history import circumstances
from autogauge.measuring.progress import Silent
from autogauge.models.resolve import Wanted
from autogauge.probe.facts import seen_here
from autogauge.probe.identity import Runtime
from autogauge.probe.launcher import Launcher
from autogauge.rig import setups
from autogauge.rig.rig import Asked, Rig
from autogauge.run import Run
from autogauge.runtimes.named import Named
from autogauge.runtimes.reference import Reference
from autogauge.settings import Settings
from tests.support import ROOT, misbehaving_python, real_quota

ON_ONE = "os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})\n"
COUNTED = "open({path!r}, 'a').write('x')\n"
JOINS = "open({path!r}, 'w').write(str(os.getpid()))\n"
WRITE = (
    "import sys; from pathlib import Path; from tests import changeable_models; "
    "print(changeable_models.accumulator(Path(sys.argv[1])))"
)

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="one processor only"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    done = subprocess.run(
        [sys.executable, "-c", WRITE, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def rig(tmp_path, model):
    return Rig(
        Asked(Wanted.named(model, None, "auto")),
        Cache(tmp_path / "cache"),
        tmp_path / "rig",
        lambda: contextlib.nullcontext(Silent()),
    )


@pytest.fixture
def run(tmp_path):
    return Run(Settings.of({"--machine": "lab"}, tmp_path / "reports"))


def with_probes_that(rig, tmp_path, does):
    rig.launcher = Launcher(tmp_path / "probes", Runtime(misbehaving_python(tmp_path, does)))
    return rig


def take(run, rig):
    _ = rig.inspection
    run.take(rig)
    return [note for note in run.notes if "another machine" in note]


def test_where_a_probe_sees_the_same_nothing_is_said(rig, run):
    assert take(run, rig) == []
    assert rig.machine == (run.here, run.machine_facts)
    assert run.fingerprint.facts["logical_cpus"] == len(os.sched_getaffinity(0))


def test_a_probe_on_fewer_processors_is_what_counts_and_it_is_said_once(rig, run, tmp_path):
    affinity = os.sched_getaffinity(0)
    with_probes_that(rig, tmp_path, ON_ONE)
    (said,) = take(run, rig)
    assert f"the number of processors is 1, not {len(affinity)}" in said
    assert run.fingerprint.facts["logical_cpus"] == 1
    assert run.noted["processors"] == str(max(affinity))
    run.begin()
    assert take(run, rig) == [said], "once"
    run.look_again()
    assert run.changes == [], "to differ is no change"


def test_a_probe_in_another_control_group_is_what_counts(rig, run, tmp_path):
    with real_quota(0.5) as group:
        joins = JOINS.format(path=str(group / "cgroup.procs"))
        check = subprocess.run(
            [sys.executable, "-c", f"import os\n{joins}"], capture_output=True, text=True, timeout=60, check=False
        )
        if check.returncode:
            pytest.skip(check.stderr.splitlines()[-1])
        with_probes_that(rig, tmp_path, joins)
        (said,) = take(run, rig)
    assert "the quota of processors is 0.5, not none" in said
    assert run.fingerprint.facts["processor_quota"] == 0.5
    assert any(note.startswith("a quota allows 0.5 of ") for note in run.all_notes())


def test_a_machine_that_changed_before_the_measuring_began_is_asked_anew_and_else_no_probe_is(
    rig, run, tmp_path, monkeypatch
):
    asked = tmp_path / "asked"
    with_probes_that(rig, tmp_path, COUNTED.format(path=str(asked)))
    take(run, rig)
    before = run.fingerprint.digest
    run.begin()
    take(run, rig)
    assert (run.fingerprint.digest, asked.read_text()) == (before, "x"), "what is known is not asked again"

    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(here)})
    try:
        run.begin()
        assert take(run, rig) == []
        assert asked.read_text() == "xx"
        assert run.fingerprint.facts["logical_cpus"] == 1
        assert run.fingerprint.digest != before
    finally:
        os.sched_setaffinity(0, here)
    run.look_again()
    assert run.changes[0] == f"the number of processors changed from 1 to {len(here)}"
    take(run, rig)
    assert asked.read_text() == "xx"
    assert run.fingerprint.facts["logical_cpus"] == 1, "the facts at the beginning are the run's"


@pytest.mark.slow
def test_a_reference_that_sees_another_machine_than_what_it_is_compared_with_is_told(rig, tmp_path):
    rig.workload  # noqa: B018
    python = Path(misbehaving_python(tmp_path, ON_ONE))
    setups.beside(
        rig,
        Reference("elsewhere", named=Named("elsewhere", "environment", place=python)),
        tmp_path / "beside",
        Silent(),
    )
    (said,) = [note for note in rig.notes if "another machine" in note]
    assert said.startswith("WARNING: elsewhere sees another machine than what it is compared with: the number of pro")


def test_what_changes_is_looked_for_without_a_probe(run, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)
    assert circumstances.changes(run.here, seen_here()) == []
    run.look_again()
    assert run.changes == []
