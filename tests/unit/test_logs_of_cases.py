"""What the processes of cases printed is kept beside every other probe's, under names of its own, and is in the report."""

import re
from types import SimpleNamespace

import pytest

from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.request import EmulatedGpu, Emulation, ProbeFailed, ProbeRequest
from autogauge.report.summary import PROBES, REPORT
from autogauge.rig.cases import NEEDS_ACCELERATOR, NEEDS_EMULATED, Case, CaseTurns, Sees
from tests.cases import each_of
from tests.support import misbehaving_python

DIES = "print('it dies', os.getpid(), file=sys.stderr, flush=True)\nos._exit(3)"
STEPS = ({"do": "memory"},)


@pytest.fixture
def turns(tmp_path):
    emulation = Emulation("runtime", "loader", "layer", ())
    launcher = Launcher(tmp_path / "probes", Runtime(misbehaving_python(tmp_path, DIES)), emulation)
    return CaseTurns(SimpleNamespace(launcher=launcher, emulation=emulation), None, {})


def log_of(launcher):
    with pytest.raises(ProbeFailed) as caught:
        launcher.run_case(ProbeRequest("case", steps=STEPS, deadline_s=20.0), "case-same")
    return caught.value.failure.log


def test_what_a_case_printed_is_kept_with_the_probes_and_no_name_is_taken_twice(turns, tmp_path):
    rigs = turns._rig.launcher
    sees = {
        "all": Case("all", "", STEPS, ()),
        "cpu": Case("cpu", "", STEPS, (), sees=Sees.CPU_ONLY),
        "two": Case("two", "", STEPS, (), gpus=(EmulatedGpu(), EmulatedGpu())),
    }
    logs = [log_of(rigs), *(log_of(turns.launcher(case)) for case in sees.values()), log_of(rigs)]
    assert [log[:4] for log in logs] == ["0001", "0002", "0003", "0004", "0005"]
    kept = {path.name: path.read_text() for path in (tmp_path / "probes").iterdir()}
    assert {*kept} == {*logs}, "the file that a failure names is there, in the folder that the report takes"
    assert len({*kept.values()}) == 5, "each is what its own process printed"
    assert all(re.fullmatch(REPORT.inside[PROBES], log) for log in logs)


def test_a_case_sees_what_it_is_to_see_and_the_rigs_own_processes_go_on_as_before(turns):
    emulation, cpu = turns._rig.launcher.emulation, Case("cpu", "", STEPS, (), sees=Sees.CPU_ONLY)
    two = Case("two", "", STEPS, (), gpus=(EmulatedGpu(), EmulatedGpu()))
    assert turns.launcher(cpu).emulation is None
    assert len(turns.launcher(two).emulation.devices) == 2
    assert turns.launcher(cpu) is turns.launcher(cpu)
    assert turns._rig.launcher.emulation is emulation


@each_of(
    ("kinds", "may"),
    [(["CPU"], True), (["CPU", "GPU"], True), (["CPU", "GPU", "NPU"], False), (["CPU", "NPU"], False)],
)
@each_of("is_emulated", [True, False])
def test_the_cpu_alone_can_be_had_where_every_accelerator_is_a_gpu(kinds, may, is_emulated):
    devices = [SimpleNamespace(kind=kind, is_accelerator=kind != "CPU") for kind in kinds]
    rig = SimpleNamespace(inspection=SimpleNamespace(devices=devices), asked=SimpleNamespace(is_emulated=is_emulated))
    why = Case("cpu", "", STEPS, (), sees=Sees.CPU_ONLY).absent(rig)
    assert (why is None) is may


@each_of(("kinds", "reason"), [(["CPU"], NEEDS_ACCELERATOR), (["CPU", "GPU"], NEEDS_EMULATED)])
def test_a_machine_without_an_accelerator_has_one_reason_for_all_that_need_one(kinds, reason):
    devices = [SimpleNamespace(kind=kind, is_accelerator=kind != "CPU") for kind in kinds]
    rig = SimpleNamespace(inspection=SimpleNamespace(devices=devices), asked=SimpleNamespace(is_emulated=False))
    assert Case("two", "", STEPS, (), gpus=(EmulatedGpu(), EmulatedGpu())).absent(rig) == reason


def test_a_case_about_the_cpu_alone_asks_its_process_to_see_no_gpu(turns):
    asked = []
    launcher = SimpleNamespace(run_case=lambda request, name: asked.append(request))
    turns.launcher = lambda case: launcher
    turns._rig.inspection = SimpleNamespace(emulated=None)
    for sees in (Sees.CPU_ONLY, Sees.ANYTHING):
        turns.see(Case("it", "", STEPS, (), sees=sees))
    assert [each.without_gpu for each in asked] == [True, False]
