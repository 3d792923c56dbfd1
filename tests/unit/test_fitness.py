"""Is a machine fit to measure? Laptops, servers, containers, guests and broken ones made of files, each finding with what is to do."""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autogauge.cli import doctor as command
from autogauge.cli.main import app
from autogauge.doctor import examination
from autogauge.doctor.finding import Finding, State
from autogauge.doctor.machine.checks import CHECKS, SUBJECT, fitness, in_short, why_not
from autogauge.doctor.machine.snapshot import Machine, numbers
from autogauge.rig import lock
from tests import machines
from tests.cases import each_of
from tests.machines import CLOCKS, CPUS, put, stat, watched
from tests.properties import for_all
from tests.support import ROOT

CAN_BE_UNFIT = {check.what for check in CHECKS if check.unfit_when}
NEEDED = {check.what for check in CHECKS if check.must_be_known}


def looked_at(machine: Machine) -> dict[str, Finding]:
    return {each.what: each for each in fitness(machine)}


def states(found: dict[str, Finding], state: State) -> set[str]:
    return {what for what, each in found.items() if each.state is state}


def test_a_server_that_is_fixed_at_performance_is_fit(tmp_path):
    found = looked_at(watched(machines.server(tmp_path), clock_ns=20.0, synchronised=True))
    assert states(found, State.UNFIT) == states(found, State.NOTED) == set()
    assert states(found, State.NOT_KNOWN) == set()
    assert why_not([*found.values()]) == []
    assert found["governor"].found == "performance (by intel_cpufreq), now at 2.6 GHz"
    assert found["frequency range"].found == "fixed at 2.6 GHz, now 2.6 GHz"
    assert found["heat"].found == "never slowed down since boot 12.0 days ago, now 45 °C"
    assert found["clock source"].figures == {"look_ns": 20}
    assert (
        in_short([*found.values()])
        == f"This machine as a place to measure: {len(CHECKS)} of {len(CHECKS)} fit, 0 noted."
    )


def test_a_laptop_on_battery(tmp_path):
    found = looked_at(watched(machines.laptop(tmp_path)))
    assert states(found, State.UNFIT) == {"governor", "power"}
    assert states(found, State.NOTED) == {
        *("energy preference", "boost", "heat", "SMT", "kinds of processors", "huge pages", "swap"),
    }
    assert found["governor"].found == "powersave (by intel_pstate), now at 1.1 GHz"
    assert "rises only after a while" in found["governor"].effect, "intel_pstate's powersave is no lowest frequency"
    assert found["governor"].effect.endswith("; just now the fastest is at 26 % of what it may reach")
    assert "pyperf system tune" in found["governor"].next_step
    assert found["boost"].found == "on: from 2.1 GHz up to 4.2 GHz"
    assert found["heat"].found == "slowed down 17 times since boot 12.0 days ago, now 71 °C", (
        "3 on each core, 5 of the package"
    )
    assert found["kinds of processors"].found == "2 fast, 2 saving"
    assert found["power"].found == "on battery, profile balanced"
    assert found["swap"].found == "1.0 of 4.0 GiB used"
    put(tmp_path, {"sys/class/power_supply/AC/online": "1\n"})
    again = looked_at(watched(tmp_path))
    assert (again["power"].state, again["power"].found) == (State.NOTED, "on mains, profile balanced")


def test_amd_pstate(tmp_path):
    found = looked_at(watched(machines.amd(tmp_path)))
    assert states(found, State.UNFIT) == {"governor"}
    assert "rises only after a while" in found["governor"].effect
    assert (found["energy preference"].state, found["energy preference"].found) == (State.NOTED, "power")
    assert found["boost"].state is State.NOTED
    assert found["heat"].state is State.NOT_KNOWN
    assert "such processors do not count it" in found["heat"].found


@pytest.mark.parametrize("container", [machines.container_v2, machines.container_v1])
def test_a_container_with_a_quota(tmp_path, container):
    found = looked_at(watched(container(tmp_path)))
    assert states(found, State.UNFIT) == {"quota (cgroup)", "memory left"}
    assert found["quota (cgroup)"].found == "1.5 of 4 processors; it has held threads back for 2.5 s so far"
    assert found["quota (cgroup)"].figures == {"allowed_processors": 1.5, "processors": 4, "held_back_s": 2.5}
    assert "--cpuset-cpus" in found["quota (cgroup)"].next_step
    limit = found["memory limit (cgroup)"]
    assert limit.state is State.NOTED
    assert limit.found == "2.0 GiB of 15.3 GiB; 2 processes were killed for want of memory so far"
    assert found["memory left"].found == "0.5 GiB within the container's limit", "files that may be given up are no use"


def test_a_container_with_some_of_the_processors(tmp_path):
    found = looked_at(watched(machines.server(tmp_path), usable=frozenset({2, 3})))
    assert states(found, State.UNFIT) == set()
    assert (found["allowed processors"].state, found["allowed processors"].found) == (State.NOTED, "2 of 4: 2-3")
    assert found["allowed processors"].figures == {"usable": 2, "online": 4}


def test_a_guest_from_which_the_host_takes_time(tmp_path):
    found = looked_at(watched(machines.virtual(tmp_path)))
    assert states(found, State.UNFIT) == {"steal time"}
    assert (
        found["steal time"].found
        == "10.00 % of the time that was wanted since boot, 0.0 % of all time while it was watched"
    )
    assert (found["virtual machine"].state, found["virtual machine"].found) == (State.NOTED, "yes, QEMU")
    assert {*states(found, State.NOT_KNOWN)} >= {"governor", "boost", "heat", "power", "SMT"}
    assert found["governor"].found.startswith("the hypervisor governs the frequency (no /sys/")
    assert found["clock source"].state is State.FIT, "kvm-clock is read without the kernel"


def test_where_there_is_nothing_to_read_nothing_is_called_good(tmp_path):
    found = looked_at(watched(tmp_path, usable=None))
    good = states(found, State.FIT)
    assert good <= {"drivers", "group of devices"}, "what is not installed and not there can be seen from nothing"
    assert states(found, State.NOT_KNOWN) == {*found} - good
    for what in states(found, State.NOT_KNOWN):
        assert found[what].found
    refused = " ".join(why_not([*found.values()]))
    assert {what for what in NEEDED if f"{what} is not known" in refused} == NEEDED


FILES = {
    "governor": [f"{CPUS}/cpu{each}/cpufreq/scaling_governor" for each in range(4)],
    "boost": [f"{CPUS}/intel_pstate/no_turbo", f"{CPUS}/cpufreq/boost"],
    "heat": [
        f"{CPUS}/cpu{each}/thermal_throttle/{of}_throttle_count" for each in range(4) for of in ("core", "package")
    ],
    "frequency range": [f"{CPUS}/cpu{each}/cpufreq/scaling_max_freq" for each in range(4)],
    "SMT": [f"{CPUS}/smt/active"],
    "isolated processors": [f"{CPUS}/isolated"],
    "allowed processors": [f"{CPUS}/online"],
    "memory nodes (NUMA)": [],
    "other load": ["proc/stat"],
    "steal time": ["proc/stat"],
    "quota (cgroup)": ["proc/self/cgroup"],
    "memory limit (cgroup)": ["proc/self/mountinfo"],
    "memory left": ["proc/meminfo"],
    "swap": ["proc/meminfo"],
    "huge pages": ["sys/kernel/mm/transparent_hugepage/enabled"],
    "memory overcommitment": ["proc/sys/vm/overcommit_memory"],
    "virtual machine": ["proc/cpuinfo"],
    "clock source": [f"{CLOCKS}/current_clocksource"],
}


@each_of(("what", "files"), [each for each in FILES.items() if each[1]])
def test_what_cannot_be_read_is_not_known_and_never_good(tmp_path, what, files):
    root = machines.server(tmp_path)
    assert looked_at(watched(root))[what].state is State.FIT
    machines.unreadable(root, *files)
    found = looked_at(watched(root))[what]
    assert found.state is State.NOT_KNOWN, found
    assert why_not([found]) == ([f"{what} is not known: {found.found}"] if what in NEEDED else [])


@each_of(
    ("what", "file"),
    [
        ("quota (cgroup)", "cpu.max"),
        ("memory limit (cgroup)", "memory.max"),
        ("memory left", "memory.max"),
    ],
)
def test_a_limit_that_cannot_be_read_is_not_none(tmp_path, what, file):
    root = put(machines.server(tmp_path), {f"sys/fs/cgroup/{file}": "max\n"})
    assert looked_at(watched(root))[what].state is State.FIT
    machines.unreadable(root, f"sys/fs/cgroup/{file}")
    assert looked_at(watched(root))[what].state is State.NOT_KNOWN
    (root / f"sys/fs/cgroup/{file}").unlink()
    put(root, {f"sys/fs/cgroup/{file}": "much\n"})
    assert looked_at(watched(root))[what].state is State.NOT_KNOWN


def test_both_sockets_heat_counts(tmp_path):
    root = machines.with_heat(machines.server(tmp_path), package=3)
    put(root, {f"{CPUS}/cpu{n}/topology/physical_package_id": f"{n // 2}\n" for n in range(4)})
    assert looked_at(watched(root))["heat"].figures["throttled_since_boot"] == 6


def test_a_gpu_that_does_not_tell_whether_it_is_held_back_is_not_known(tmp_path):
    root = machines.with_gpu(machines.server(tmp_path))
    (root / "sys/class/drm/card0/gt/gt0/throttle_reason_status").unlink()
    assert looked_at(watched(root))["GPU frequency"].state is State.NOT_KNOWN


def test_another_vendors_device_may_stay_closed(tmp_path, monkeypatch):
    root = machines.with_gpu(machines.server(tmp_path))
    monkeypatch.setattr(os, "access", lambda *words, **more: False)
    assert looked_at(watched(root))["group of devices"].state is State.UNFIT
    put(root, {"sys/class/drm/renderD128/device/vendor": "0x10de\n"})
    assert looked_at(watched(root))["group of devices"].state is State.FIT


def heated(root):
    before = put(machines.with_heat(machines.server(root / "before"), core=1), {"proc/stat": stat(idle=99_900)})
    return watched(machines.with_heat(machines.server(root / "now"), core=2), before)


def swapping(root):
    put(machines.server(root / "before"), {"proc/vmstat": "pswpin 5\npswpout 5\n", "proc/stat": stat(idle=99_900)})
    memory = "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\nSwapTotal: 4194304 kB\nSwapFree: 3145728 kB\n"
    now = put(machines.server(root / "now"), {"proc/vmstat": "pswpin 9\npswpout 5\n", "proc/meminfo": memory})
    return watched(now, root / "before")


def loaded(root, user=1030, processors=4):
    before = put(machines.server(root / "before"), {"proc/stat": stat(1000, 100_000)})
    now = put(machines.server(root / "now"), {"proc/stat": stat(user, 100_100 - (user - 1000))})
    machines.process(before, 41, "make", 10)
    machines.process(now, 41, "make", 50)
    machines.process(now, 42, "just (began)", 40)
    machines.process(now, 43, "make", 30)
    return watched(now, before, usable=frozenset(range(processors)))


def small(root):
    return watched(put(machines.server(root), {"proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 900000 kB\n"}))


def with_file(path, text):
    return lambda root: watched(put(machines.server(root), {path: text}))


def closed(root):
    return watched(machines.with_gpu(machines.server(root)))


BAD = {
    "governor": with_file(f"{CPUS}/cpu3/cpufreq/scaling_governor", "schedutil\n"),
    "heat": heated,
    "power": with_file("sys/firmware/acpi/platform_profile", "low-power\n"),
    "isolated processors": with_file(f"{CPUS}/isolated", "2-3\n"),
    "other load": loaded,
    "quota (cgroup)": with_file("sys/fs/cgroup/cpu.max", "399000 100000\n"),
    "memory left": small,
    "swap": swapping,
    "steal time": with_file("proc/stat", stat(user=960, steal=40)),
    "clock source": with_file(f"{CLOCKS}/current_clocksource", "hpet\n"),
    "group of devices": closed,
    "GPU frequency": lambda root: watched(
        put(machines.with_gpu(machines.server(root)), {"sys/class/drm/card0/gt/gt0/throttle_reason_status": "1\n"})
    ),
}


def test_every_check_that_may_call_a_machine_unfit_is_tried_here():
    assert {*BAD} == CAN_BE_UNFIT


@each_of(("what", "machine"), list(BAD.items()))
def test_each_fault_makes_a_machine_unfit_and_says_what_it_does_and_how_to_mend_it(
    tmp_path, monkeypatch, what, machine
):
    if what == "group of devices":
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = looked_at(machine(tmp_path))
    assert states(found, State.UNFIT) == {what}
    assert found[what].effect
    assert found[what].next_step
    assert why_not([*found.values()]) == [f"{what}: {found[what].found}"]
    assert f"1 unfit ({what})" in in_short([*found.values()])


def test_other_load_is_named_by_its_programs_and_idle_time_is_none(tmp_path):
    found = looked_at(loaded(tmp_path / "busy"))["other load"]
    assert (
        found.found
        == "others took 1.20 of 4 processors (make 0.70, just (began) 0.40); load average 0.10 on 4 processors"
    )
    assert found.figures["programs"] == {"make": 0.7, "just (began)": 0.4}
    assert looked_at(loaded(tmp_path / "quiet", user=1010))["other load"].state is State.FIT
    assert looked_at(loaded(tmp_path / "one", user=1030, processors=1))["other load"].state is State.UNFIT


@each_of(("of_make", "state"), [(8, State.FIT), (100, State.UNFIT)])
def test_a_session_that_measures_under_the_lock_is_no_other_load(tmp_path, of_make, state):
    """The next one waits for its end; a fleet that asked for fit machines called one unfit for what another collector measured."""
    passed = {"proc/stat": stat(1000 + (180 + of_make) // 4, 100_100 - (180 + of_make) // 4)}  # of each of four
    before = put(machines.server(tmp_path / "before"), {"proc/stat": stat(1000, 100_000)})
    now = put(machines.server(tmp_path / "now"), passed)
    machines.process(before, 41, "pytest", 500)
    machines.process(before, 42, "probe", 60, parent=41)
    machines.process(before, 44, "make", 10)
    machines.process(now, 41, "pytest", 520, of_ended=100)  # 42 has ended: 60 ticks were known
    machines.process(now, 43, "probe", 120, parent=41)
    machines.process(now, 44, "make", 10 + of_make)
    found = looked_at(watched(now, before, measuring=frozenset({41})))["other load"]
    assert found.state is state
    assert f"others took {of_make / 100:.2f} of 4 processors (make {of_make / 100:.2f})" in found.found
    assert "a session of autogauge that measures here took 1.80, and the next one waits for its end" in found.found
    assert found.figures["measuring_processors"] == 1.8
    assert looked_at(watched(now, before))["other load"].state is State.UNFIT, "nobody holds the lock"


@each_of(
    ("of_session", "allowed", "busy", "of_hog", "others", "says"),
    [
        (2000, "4-23", 100, 400, 4.0, "took at least 0.00,"),  # it measures on the other twenty
        (2000, "0-23", 100, 400, 4.0, "took at least 0.00,"),  # it may run here, and found room there
        (2400, "0-23", 100, 0, 0.0, "took at least 4.00,"),  # the other twenty cannot hold it all
        (400, "0-3", 100, 0, 0.0, "took 4.00,"),  # it measures on ours, and somebody takes the others
        (200, "0-3", 100, 200, 2.0, "took 2.00,"),
        (200, "", 100, 200, 4.0, "took at least 0.00,"),  # it does not tell where it may run
    ],
)
def test_a_session_on_other_processors_hides_no_load_on_ours(tmp_path, of_session, allowed, busy, of_hog, others, says):
    """``others`` is of the four usable processors, and a session's time is of all of them."""
    moments = {}
    for name, passed in (("before", 0), ("now", 1)):
        rows = [f"cpu{each} {1000 + passed * busy} 0 0 {9000 + passed * (100 - busy)} 0 0 0 0" for each in range(24)]
        root = put(machines.server(tmp_path / name), {"proc/stat": "\n".join(rows) + "\n"})
        machines.process(root, 41, "pytest", 500 + passed * of_session)
        machines.process(root, 44, "hog", 10 + passed * of_hog)
        put(root, {"proc/41/status": f"Cpus_allowed_list:\t{allowed}\n", "proc/44/status": "Cpus_allowed_list:\t0-3\n"})
        moments[name] = root
    found = looked_at(watched(moments["now"], moments["before"], measuring=frozenset({41})))["other load"]
    assert found.figures["others_processors"] == others
    assert found.state is (State.UNFIT if others else State.FIT)
    assert f"a session of autogauge that measures here {says}" in found.found


def test_what_a_program_took_of_other_processors_is_not_named_as_taken_of_ours(tmp_path):
    moments = {}
    for name, passed in (("before", 0), ("now", 1)):
        busy = {each: passed * (5 if each < 4 else 100) for each in range(24)}
        rows = [f"cpu{each} {1000 + busy[each]} 0 0 {9000 + passed * 100 - busy[each]} 0 0 0 0" for each in range(24)]
        moments[name] = put(machines.server(tmp_path / name), {"proc/stat": "\n".join(rows) + "\n"})
        machines.process(moments[name], 44, "make", 10 + passed * 2000)
    found = looked_at(watched(moments["now"], moments["before"]))["other load"]
    assert (found.state, found.figures["programs"]) == (State.FIT, {"make": 0.2})
    assert "others took 0.20 of 4 processors (make 0.20)" in found.found


def test_what_runs_on_our_processors_only_is_never_less_than_what_others_took(tmp_path):
    """Clocks that do not agree: a session's ended children count in one moment."""
    before = put(machines.server(tmp_path / "before"), {"proc/stat": stat(1000, 100_000)})
    now = put(machines.server(tmp_path / "now"), {"proc/stat": stat(1075, 100_025)})
    for root, passed in ((before, 0), (now, 1)):
        machines.process(root, 41, "pytest", 500, of_ended=passed * 5000)
        machines.process(root, 44, "hog", 10 + passed * 250)
    found = looked_at(watched(now, before, measuring=frozenset({41})))["other load"]
    assert (found.state, found.figures["others_processors"]) == (State.UNFIT, 2.5)


def test_who_holds_the_lock_is_asked_before_the_machine_is_watched(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGAUGE_LOCK", str(tmp_path / "lock"))
    asked = []
    quiet = watched(machines.server(tmp_path / "quiet"))
    monkeypatch.setattr(Machine, "watched", lambda *words: asked.append(words[2]) or quiet)
    examination.place_to_measure(tmp_path)
    with lock.measuring("a session"):
        examination.place_to_measure(tmp_path)
    monkeypatch.setenv("AUTOGAUGE_LOCK", "no-path-from-the-root")
    examination.place_to_measure(tmp_path)
    assert asked == [[], [os.getpid()], []]


def test_a_digit_that_is_no_number_is_not_counted(tmp_path):
    root = put(machines.server(tmp_path), {f"{CPUS}/cpu0/thermal_throttle/core_throttle_count": "\u00b2\n"})
    machines.process(root, 41, "make", "\u00b2")
    machines.process(root, 42, "make", 7, parent="\u00b2", of_ended="\u00b2")
    last = watched(root).last
    assert (last.programs, last.families) == ({42: ("make", 7)}, {42: (0, 7)})
    assert looked_at(watched(root))["heat"].state is not State.UNFIT


def test_time_that_a_host_takes_just_now_is_the_hosts_and_no_other_load(tmp_path):
    before = put(machines.virtual(tmp_path / "before"), {"proc/stat": stat(1000, 100_000)})
    now = put(machines.virtual(tmp_path / "now"), {"proc/stat": stat(1002, 100_078, steal=20)})
    found = looked_at(watched(now, before))
    assert (found["steal time"].state, found["other load"].state) == (State.UNFIT, State.FIT)
    assert found["steal time"].found.endswith("20.0 % of all time while it was watched")
    assert found["steal time"].figures == {"share_since_boot": 0.01957, "share_while_watched": 0.2}
    assert found["other load"].figures["others_processors"] == 0.08


def test_counters_that_could_be_read_only_the_second_time_tell_of_no_load(tmp_path):
    put(tmp_path / "before", {"proc/loadavg": "0.1 0.1 0.1 1/9 7\n"})
    found = looked_at(watched(machines.server(tmp_path / "now"), tmp_path / "before"))
    assert found["other load"].state is State.NOT_KNOWN
    assert found["steal time"].figures == {"share_since_boot": 0.0, "share_while_watched": None}


@each_of(
    ("what", "files"),
    [
        ("governor", [f"{CPUS}/cpu2/cpufreq/scaling_governor"]),
        ("GPU frequency", ["sys/class/drm"]),
        ("kernel drivers", ["sys/class/accel"]),
        ("group of devices", ["dev/dri"]),
        ("power", ["sys/class/power_supply/BAT0/type"]),
    ],
)
def test_what_can_be_read_in_part_only_is_not_called_good(tmp_path, what, files):
    root = machines.server(tmp_path)
    assert looked_at(watched(root))[what].state is State.FIT
    found = looked_at(watched(machines.unreadable(root, *files)))[what]
    assert found.state is State.NOT_KNOWN, found


def test_a_limit_of_which_nobody_tells_what_is_in_use_leaves_the_memory_unknown(tmp_path):
    root = put(machines.server(tmp_path), {"sys/fs/cgroup/memory.max": f"{2**33}\n"})
    found = looked_at(watched(root))["memory left"]
    assert found.state is State.NOT_KNOWN
    assert found.found == "/sys/fs/cgroup has a limit, and does not tell what is in use of it"


def test_the_group_that_is_nearly_full_counts_also_where_another_has_the_tighter_limit(tmp_path):
    groups = {"sys/fs/cgroup/a/memory.max": 2**32, "sys/fs/cgroup/a/memory.current": 2**32 - 2**20}
    groups |= {"sys/fs/cgroup/a/b/memory.max": 2**31, "sys/fs/cgroup/a/b/memory.current": 0}
    root = put(machines.server(tmp_path), {name: f"{each}\n" for name, each in groups.items()})
    found = looked_at(watched(put(root, {"proc/self/cgroup": "0::/a/b\n"})))["memory left"]
    assert (found.state, found.figures["left_in_container_mib"]) == (State.UNFIT, 1)


def test_swap_that_does_not_tell_whether_it_moves_is_not_known(tmp_path):
    memory = "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\nSwapTotal: 4194304 kB\nSwapFree: 4194304 kB\n"
    root = put(machines.server(tmp_path), {"proc/meminfo": memory})
    assert looked_at(watched(root))["swap"].state is State.FIT
    assert looked_at(watched(machines.unreadable(root, "proc/vmstat")))["swap"].state is State.NOT_KNOWN


def test_processes_that_were_killed_are_told_without_a_limit_too(tmp_path):
    root = put(machines.server(tmp_path), {"sys/fs/cgroup/memory.events": "oom 1\noom_kill 2\n"})
    found = looked_at(watched(root))["memory limit (cgroup)"]
    assert (found.state, found.found) == (State.NOTED, "none; 2 processes were killed for want of memory so far")


def test_memory_that_is_never_promised_twice(tmp_path):
    found = looked_at(watched(put(machines.server(tmp_path), {"proc/sys/vm/overcommit_memory": "2\n"})))
    assert found["memory overcommitment"].state is State.NOTED
    assert found["memory overcommitment"].found == "never (2), 1.0 GiB are left to promise"


@each_of(("last", "state"), [("quiet", State.FIT), ("busy", State.UNFIT)])
def test_a_moment_of_other_load_is_not_held_against_a_machine_but_load_that_stays_is(
    tmp_path, monkeypatch, last, state
):
    busy, quiet = loaded(tmp_path / "busy"), loaded(tmp_path / "quiet", user=1010)
    seen = [busy, {"busy": busy, "quiet": quiet}[last]]
    asked = []
    monkeypatch.setattr(Machine, "watched", lambda *words: asked.append(words) or seen[len(asked) - 1])
    found = {each.what: each for each in examination.place_to_measure(tmp_path)}
    assert found["other load"].state is state
    assert len(asked) == 2
    for machine in (quiet, watched(machines.laptop(tmp_path / "laptop"))):
        seen[:] = [machine]
        asked.clear()
        examination.place_to_measure(tmp_path)
        assert len(asked) == 1, "nobody waits where that changes nothing"


def test_powersave_of_other_drivers_is_the_lowest_frequency(tmp_path):
    machines.governed(machines.plain(tmp_path), "powersave", "acpi-cpufreq", lowest=800, highest=4200, now=800)
    assert "lowest frequency of 0.8 GHz: every figure is of that" in looked_at(watched(tmp_path))["governor"].effect


def test_a_frequency_that_is_held_below_what_the_processor_can_is_noted(tmp_path):
    machines.governed(machines.plain(tmp_path), "performance", "intel_pstate", lowest=800, highest=4000, allowed=3000)
    found = looked_at(watched(tmp_path))["frequency range"]
    assert found.state is State.NOTED
    assert found.effect == "every figure is of 75 % of the highest frequency"


def test_isolated_processors_that_nobody_uses_are_noted(tmp_path):
    root = put(machines.server(tmp_path), {f"{CPUS}/isolated": "2-3\n"})
    found = looked_at(watched(root, usable=frozenset({0, 1})))["isolated processors"]
    assert (found.state, found.figures) == (State.NOTED, {"isolated": 2, "isolated_and_usable": 0})


def test_memory_nodes(tmp_path):
    nodes = {f"sys/devices/system/node/node{each}/cpulist": f"{2 * each}-{2 * each + 1}\n" for each in range(2)}
    root = put(machines.server(tmp_path), {**nodes, "proc/sys/kernel/numa_balancing": "1\n"})
    found = looked_at(watched(root))["memory nodes (NUMA)"]
    assert found.state is State.NOTED
    assert "numa_balancing" in found.effect
    assert looked_at(watched(root, usable=frozenset({2, 3})))["memory nodes (NUMA)"].state is State.FIT


def test_drivers_are_named_with_their_releases(tmp_path):
    found = looked_at(watched(machines.with_gpu(machines.server(tmp_path), "xe", "1.2.3")))
    assert found["kernel drivers"].found == "GPU: xe 1.2.3; kernel 6.8.0-45-generic"
    assert found["drivers"].found == "libze_loader.so.1.17.6, intel-fw-npu 1.13.0", "what was removed is no driver"
    assert found["group of devices"].found.startswith("renderD128 (group ")
    (tmp_path / "sys/class/drm/card0/device/driver").unlink()
    assert looked_at(watched(tmp_path))["kernel drivers"].state is State.NOT_KNOWN


def test_a_gpu_that_is_limited_is_noted_by_either_of_its_modules(tmp_path):
    card = "sys/class/drm/card0"
    root = machines.with_gpu(machines.server(tmp_path))
    assert looked_at(watched(root))["GPU frequency"].found == "up to 2300 of 2300 MHz, now 0"
    put(root, {f"{card}/gt_max_freq_mhz": "1150\n"})
    found = looked_at(watched(root))["GPU frequency"]
    assert (found.state, found.effect) == (State.NOTED, "the GPU's figures are of 50 % of its highest frequency")
    (root / card / "gt_RP0_freq_mhz").unlink()
    assert looked_at(watched(root))["GPU frequency"].state is State.NOT_KNOWN
    xe = {"rp0_freq": "2000\n", "max_freq": "1000\n", "act_freq": "300\n", "throttle/status": "0\n"}
    put(root, {f"{card}/device/tile0/gt0/freq0/{name}": text for name, text in xe.items()})
    assert looked_at(watched(root))["GPU frequency"].found == "up to 1000 of 2000 MHz, now 300"
    put(root, {f"{card}/device/vendor": "0x10de\n"})
    assert looked_at(watched(root))["GPU frequency"].found == "no Intel GPU is there"


def test_what_the_clock_costs_and_whether_it_is_kept(tmp_path):
    root = machines.server(tmp_path)
    assert looked_at(watched(root))["clock kept right"].state is State.NOT_KNOWN
    assert looked_at(watched(root, synchronised=False))["clock kept right"].state is State.NOTED
    assert looked_at(watched(root, clock_ns=51.3))["clock source"].found == "tsc; a look at the clock takes 51 ns here"


def test_this_machine_is_looked_at_without_a_word_of_an_error():
    machine = Machine.watched(seconds=0.02)
    found = looked_at(machine)
    assert found["allowed processors"].figures["usable"] == len(os.sched_getaffinity(0))
    assert found["other load"].state is not State.NOT_KNOWN
    assert 0 < (machine.clock_ns or 0) < 1e6
    json.dumps([each.to_json() for each in found.values()])


@functools.cache
def full_machine():
    folder = tempfile.TemporaryDirectory(prefix="autogauge-test-")
    atexit.register(folder.cleanup)
    return machines.with_gpu(machines.laptop(Path(folder.name)))


VALUES = ("", "0", "1", "-1", "999999999999999999999", "nan", "[", "\x1b[2J", "a" * 500, "0-3,9999999-1", "x" * 5000)


@for_all(
    lambda st: (st.lists(st.tuples(st.integers(0, 60), st.sampled_from(VALUES) | st.text(max_size=20)), max_size=6),)
)
def test_whatever_these_files_say_nothing_is_raised_and_no_other_check_calls_a_machine_unfit(changes):
    root = full_machine()
    files = sorted(path for path in root.rglob("*") if path.is_file())
    before = {}
    for place, text in changes:
        path = files[place * 7 % len(files)]
        before.setdefault(path, path.read_text())
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        found = looked_at(watched(root))
        assert states(found, State.UNFIT) <= CAN_BE_UNFIT
        json.dumps([each.to_json() for each in found.values()], allow_nan=False)
    finally:
        for path, text in before.items():
            path.write_text(text)


@for_all(lambda st: (st.sets(st.integers(0, 999), max_size=40),))
def test_processors_are_read_as_they_are_written(some):
    assert numbers(",".join(map(str, sorted(some)))) == some


def run(monkeypatch, machine, *options):
    findings = [Finding("installed", "Python", State.OK, "3.12"), *fitness(machine)]
    monkeypatch.setattr(command, "examine", lambda cache: findings)
    return CliRunner().invoke(app, ["doctor", *options])


def test_strict_refuses_an_unfit_machine_and_without_it_the_command_only_tells(tmp_path, monkeypatch):
    machine = watched(machines.laptop(tmp_path))
    told = run(monkeypatch, machine)
    assert told.exit_code == 0
    assert "2 unfit (governor, power)" in " ".join(told.stdout.split())
    refused = run(monkeypatch, machine, "--strict")
    assert refused.exit_code == 1
    assert refused.stderr.startswith(
        "autogauge: this machine is not fit to measure: governor: powersave (by intel_pstate)"
    )
    # `fleet check --strict` hands it on, which says no more without --strict: so it names what does, and where.
    assert "On it, `python -m autogauge doctor` says what that does" in refused.stderr
    as_json = run(monkeypatch, machine, "--strict", "--json")
    assert as_json.exit_code == 1
    found = {each["what"]: each for each in json.loads(as_json.stdout)}
    assert {what for what, each in found.items() if each["state"] == "UNFIT"} == {"governor", "power"}
    assert {*found} == {"Python", *(check.what for check in CHECKS)}
    assert found["governor"]["figures"] == {"present_mhz": 1100}
    assert found["governor"]["effect"]
    assert found["governor"]["next_step"]


def test_what_is_broken_is_in_the_sentence_of_strict_too(tmp_path, monkeypatch):
    machine = fitness(watched(machines.server(tmp_path)))
    broken = Finding("GPU", "permission", State.BROKEN, "renderD128 may not be opened by this user", "join its group")
    monkeypatch.setattr(command, "examine", lambda cache: [*machine, broken])
    for options, said in (((), ""), (("--strict",), "GPU permission: renderD128 may not be opened by this user")):
        done = CliRunner().invoke(app, ["doctor", *options])
        assert done.exit_code == 1
        assert said in done.stderr


def test_strict_passes_a_fit_machine_and_refuses_one_that_does_not_tell(tmp_path, monkeypatch):
    root = machines.server(tmp_path)
    assert run(monkeypatch, watched(root), "--strict").exit_code == 0
    machines.unreadable(root, "proc/meminfo")
    refused = run(monkeypatch, watched(root), "--strict")
    assert refused.exit_code == 1
    assert "memory left is not known: /proc/meminfo cannot be read" in refused.stderr


def test_the_page_of_a_lab_has_the_list_as_the_code_has_it():
    page = (ROOT / "docs" / "lab.md").read_text()
    section = page.partition("## A machine fit to measure")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| ([^|]+) \| ([^|]+) \|$", section)[1:]
    rows = [each for each in rows if set(each[0]) != {"-"}]
    assert rows == [(check.what + (" \\*" if check.must_be_known else ""), check.unfit_when or "–") for check in CHECKS]
    assert SUBJECT == "machine"
