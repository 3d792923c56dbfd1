"""The test bench itself: four machines that can be reached, killed, stopped and brought back."""

import os
import signal
import subprocess
import sys

import pytest

from tests.lab import bench
from tests.support import is_gone, wait_until

pytestmark = pytest.mark.lab


def test_four_machines_answer_by_their_names(lab):
    assert len({each.port for each in lab.machines}) == 4
    for each in lab.machines:
        done = lab.ssh(each, f"echo $USER; echo ${bench.MARK}")
        assert done.stdout.split() == [each.user, each.token], done.stderr


def test_each_is_another_user_with_a_home_of_its_own(lab):
    if len({each.user for each in lab.machines}) == 1:
        pytest.skip(
            "all machines are this one user here: only root can make users, and they need a Python that they may run"
        )
    for each in lab.machines:
        assert lab.ssh(each, "pwd; touch here && ls here").stdout.split() == [str(each.home), "here"]


def test_their_interpreter_has_the_requirements(lab):
    done = lab.ssh(lab.machines[0], f"{lab.python} -c 'import openvino, pytest; print(1)'")
    assert done.stdout == "1\n", done.stderr


def test_ansible_reads_and_reaches_them(lab, inventory_of, tmp_path):
    pytest.importorskip("ansible")
    command = [sys.executable, "-m", "ansible", "adhoc", "all", "-i", str(inventory_of()), "-m", "ansible.builtin.ping"]
    environment = {**os.environ, "ANSIBLE_HOME": str(tmp_path / "ansible")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.stdout.count("pong") == 4, done.stdout + done.stderr


def _sleeping(lab, machine):
    """A process on the machine that its session has left behind."""
    lab.ssh(machine, "nohup setsid sleep 600 >/dev/null 2>&1 &")
    assert wait_until(lambda: machine.runs("sleep"))
    return machine.runs("sleep")[0]


def test_one_that_loses_its_power_is_gone_with_all_that_ran_on_it(lab):
    first, second = lab.machines[:2]
    process, other = _sleeping(lab, first), _sleeping(lab, second)
    first.down()
    assert wait_until(lambda: is_gone(process))
    assert not is_gone(other)
    assert lab.ssh(first, "true").returncode == 255
    first.up()
    assert lab.ssh(first, "true").returncode == 0


def test_one_that_hangs_takes_connections_and_answers_nobody(lab):
    machine = lab.machines[0]
    _sleeping(lab, machine)
    machine.stop()
    with pytest.raises(subprocess.TimeoutExpired):
        lab.ssh(machine, "true", timeout_s=2)
    machine.up()
    assert lab.ssh(machine, "true").returncode == 0


def test_one_whose_port_is_closed_goes_on_working(lab):
    machine = lab.machines[0]
    process = _sleeping(lab, machine)
    machine.close_port()
    assert lab.ssh(machine, "true").returncode == 255
    assert not is_gone(process)
    os.kill(process, signal.SIGKILL)


def test_sessions_can_be_given_another_environment(lab):
    machine = lab.machines[0]
    bench.with_environment(machine, FOO="a b")
    try:
        assert lab.ssh(machine, "echo $FOO").stdout == "a b\n"
    finally:
        bench.with_environment(machine)
