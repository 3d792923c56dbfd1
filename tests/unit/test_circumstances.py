"""What the machine allows and how it is governed, from trees of files as Linux shows them, and from a real quota where one can be set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from unittest import mock

import pytest

from autogauge.history import records
from autogauge.history.circumstances import apart, between, changes, differences, limits, of_turns
from autogauge.history.fingerprint import fingerprint
from autogauge.models.artefact import ModelArtefact
from autogauge.plain import plain
from autogauge.probe.facts import MachineFacts
from autogauge.probe.worker import cgroups
from autogauge.probe.worker.cgroups import Groups
from autogauge.probe.worker.facts import machine_facts, ranges
from autogauge.targets import Device
from tests.cases import each_of
from tests.properties import for_all
from tests.support import ROOT, real_quota

V2 = "30 25 0:26 {mounted} /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "33 32 0:30 {mounted} /sys/fs/cgroup/{name} rw,relatime - cgroup cgroup rw,{name}\n"


def tree(root: Path, files: dict[str, str], own: str = "0::/\n", mounts: str = V2.format(mounted="/")) -> Path:
    for name, text in {"proc/self/cgroup": own, "proc/self/mountinfo": mounts, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def read(root: Path, affinity: Collection[int]) -> MachineFacts:
    return MachineFacts.from_json(machine_facts(str(root), affinity))


def v1_mounts(mounted: str = "/") -> str:
    return "".join(V1.format(mounted=mounted, name=name) for name in ("cpu,cpuacct", "memory", "name=systemd"))


def test_a_container_sees_its_group_as_the_root(tmp_path):
    root = tree(tmp_path, {"sys/fs/cgroup/cpu.max": "150000 100000\n", "sys/fs/cgroup/memory.max": "536870912\n"})
    assert Groups(str(root)).quota() == 1.5
    assert Groups(str(root)).memory_limit_bytes() == 512 * 2**20
    found = read(root, range(4))
    assert (found.logical_cpus, found.processor_quota) == (4, 1.5)
    assert found.noted["memory_limit_mib"] == 512
    assert [each.partition(":")[0] for each in limits(found)] == [
        "a quota allows 1.5 of 4 processors' time",
        f"the memory is limited to 512 MiB of the machine's {found.memory_gib} GiB",
    ]
    assert limits(MachineFacts(4, None, 16, {"memory_limit_mib": None})) == []
    assert read(root, range(1)).processor_quota is None, "a quota above the processors binds nobody"


@each_of(
    ("files", "quota"),
    [
        ({"a/b": "max 100000", "a": "300000 100000", "": "max 100000"}, 3.0),
        ({"a/b": "200000 100000", "a": "50000 100000"}, 0.5),
        ({"a/b": "20000 10000", "a": "max 100000"}, 2.0),
        ({"a/b": "max 100000", "a": "max"}, None),
        ({"a/b": "nonsense", "a": "", "": "1 0"}, None),
        ({}, None),
    ],
)
def test_the_tightest_quota_of_the_group_and_all_of_its_parents_counts(tmp_path, files, quota):
    named = {f"sys/fs/cgroup/{folder}/cpu.max": text for folder, text in files.items()}
    (tmp_path / "sys/fs/cgroup/a/b").mkdir(parents=True)
    assert Groups(str(tree(tmp_path, named, "0::/a/b\n"))).quota() == quota


def test_version_1_with_a_parent_that_has_the_quota(tmp_path):
    files = {
        "sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us": "250000\n",
        "sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/cpu,cpuacct/docker/cpu.stat": "nr_periods 9\nnr_throttled 4\nthrottled_time 2500000000\n",
        "sys/fs/cgroup/cpu,cpuacct/docker/c1/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu,cpuacct/docker/c1/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/docker/c1/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/docker/memory.limit_in_bytes": "1073741824\n",
        "sys/fs/cgroup/memory/docker/c1/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    }
    own = "5:memory:/docker/c1\n4:cpu,cpuacct:/docker/c1\n1:name=systemd:/docker/c1\n"
    groups = Groups(str(tree(tmp_path, files, own, v1_mounts())))
    assert (groups.quota(), groups.held_back_s()) == (2.5, 2.5)
    assert (groups.memory_limit_bytes(), groups.kills_for_memory()) == (2**30, 3)


def test_version_1_in_a_container_whose_group_is_mounted_as_the_root(tmp_path):
    files = {
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
    }
    own = "4:cpu,cpuacct:/docker/c1\n"
    assert Groups(str(tree(tmp_path, files, own, v1_mounts("/docker/c1")))).quota() == 0.5


@pytest.mark.parametrize("own", ["0::/../elsewhere\n", "0::/gone (deleted)\n", "0::/\n"])
def test_a_group_that_cannot_be_seen_is_read_at_the_nearest_that_can(tmp_path, own):
    root = tree(tmp_path, {"sys/fs/cgroup/cpu.max": "100000 100000"}, own)
    assert Groups(str(root)).quota() == 1.0


def test_a_mount_with_blanks_in_its_name_and_two_mounts_of_one_tree(tmp_path):
    mounts = r"30 25 0:26 /a /mnt/my\040groups rw - cgroup2 none rw" + "\n" + V2.format(mounted="/")
    files = {"mnt/my groups/b/cpu.max": "100000 100000", "sys/fs/cgroup/a/cpu.max": "50000 100000"}
    (tmp_path / "sys/fs/cgroup/a/b").mkdir(parents=True)
    assert Groups(str(tree(tmp_path, files, "0::/a/b\n", mounts))).quota() == 0.5, "the mount that shows more parents"


def test_throttling_of_a_quota_counts_and_without_one_is_not_known(tmp_path):
    stat = {"sys/fs/cgroup/cpu.stat": "usage_usec 5\nnr_throttled 7\nthrottled_usec 1500000\n"}
    assert Groups(str(tree(tmp_path, stat))).held_back_s() is None
    assert Groups(str(tree(tmp_path, {**stat, "sys/fs/cgroup/cpu.max": "1 2"}))).held_back_s() == 1.5


def test_kills_for_memory_of_the_group_else_of_the_machine(tmp_path):
    vmstat = {"proc/vmstat": "nr_free_pages 12\noom_kill 41\n"}
    assert Groups(str(tree(tmp_path, vmstat))).kills_for_memory() == 41
    events = {"sys/fs/cgroup/memory.events": "low 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n"}
    assert Groups(str(tree(tmp_path, {**vmstat, **events}))).kills_for_memory() == 1
    assert Groups(str(tmp_path / "nowhere")).kills_for_memory() is None


@for_all(lambda st: (st.text(max_size=200), st.text(max_size=200), st.text(max_size=60)))
def test_whatever_these_files_hold_nothing_is_raised(own, mounts, value):
    def read(path):
        name = path.rpartition("/")[2]
        return {"cgroup": f"{own}\n0::/a\n", "mountinfo": mounts + "\n" + V2.format(mounted="/")}.get(name, value)

    with mock.patch.object(cgroups, "_read", read), mock.patch("os.path.isdir", return_value=True):
        groups = Groups()
        assert (groups.quota() or 1) > 0
        assert (groups.memory_limit_bytes() or 0) >= 0
        assert groups.held_back_s() is None or groups.held_back_s() == groups.held_back_s()
        assert (groups.kills_for_memory() or 0) == int(groups.kills_for_memory() or 0)


@for_all(lambda st: (st.integers(1, 10**9), st.integers(1, 10**6), st.sampled_from(["max", "1000000 1000"])))
def test_a_quota_is_its_time_over_its_period(quota, period, parent):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        files = {"sys/fs/cgroup/a/cpu.max": f"{quota} {period}\n", "sys/fs/cgroup/cpu.max": parent}
        expected = min(quota / period, 1000.0 if parent != "max" else quota / period)
        assert Groups(str(tree(Path(folder), files, "0::/a\n"))).quota() == expected


def test_how_the_frequency_is_governed(tmp_path):
    cpus = "sys/devices/system/cpu"
    files = {f"{cpus}/cpu{number}/cpufreq/scaling_governor": "powersave\n" for number in range(4)}
    files[f"{cpus}/cpu3/cpufreq/scaling_governor"] = "performance\n"
    files |= {
        f"{cpus}/cpu0/cpufreq/scaling_driver": "intel_pstate\n",
        f"{cpus}/cpu0/cpufreq/scaling_max_freq": "3500000\n",
        f"{cpus}/cpu0/cpufreq/energy_performance_preference": "balance_performance\n",
        f"{cpus}/intel_pstate/no_turbo": "1\n",
        "proc/cpuinfo": "processor\t: 0\nmicrocode\t: 0xb4\n\nprocessor\t: 1\n",
    }
    root = tree(tmp_path, files)
    noted = dict(read(root, (0, 1, 3)).noted)
    assert noted.pop("kernel")
    assert noted == {
        "microcode": "0xb4",
        "processors": "0-1,3",
        "governor": "performance, powersave",
        "frequency_driver": "intel_pstate",
        "energy_preference": "balance_performance",
        "frequency_limit_mhz": 3500,
        "boost": "off",
        "memory_limit_mib": None,
    }
    assert read(root, (0, 1)).noted["governor"] == "powersave"


@for_all(lambda st: (st.sets(st.integers(0, 300), min_size=1),))
def test_ranges_are_the_numbers(numbers):
    read_back = set()
    for part in ranges(numbers).split(","):
        first, _, last = part.partition("-")
        read_back |= set(range(int(first), int(last or first) + 1))
    assert read_back == numbers


MODEL = ModelArtefact("m", "path", "FP16", Path("m.xml"), "d" * 64, "random")


def test_machines_without_a_quota_keep_their_fingerprint(tmp_path):
    calm = read(tmp_path, os.sched_getaffinity(0))
    names = [*fingerprint("lab", calm, [], MODEL, {}).facts]
    assert names == [
        *("machine", "system", "architecture", "logical_cpus", "memory_gib", "devices", "model", "measured"),
        "benchmark_version",
    ], "a fact more, and every history begins anew"
    root = tree(tmp_path, {"sys/fs/cgroup/cpu.max": "50000 100000", "sys/fs/cgroup/memory.max": "1000000"})
    held = read(root, os.sched_getaffinity(0))
    facts = fingerprint("lab", held, [], MODEL, {}).facts
    assert facts["processor_quota"] == 0.5
    assert set(facts) == {*names, "processor_quota"}, "what is only noted is not in it"


@pytest.mark.parametrize(("quota", "digest"), [(None, "41f5402439cbe80d"), (1.5, "80472b2b3ba248ed")])
def test_the_fingerprint_of_before_is_todays(quota, digest):
    """Written by the release that asked the controlling process: histories stay comparable."""
    facts = MachineFacts(2, quota, 24, {"kernel": "6.1"}, "Linux", "x86_64")
    assert fingerprint("lab", facts, [Device("CPU", "a CPU")], MODEL, {"profile": "quick"}).digest == digest


def test_what_a_probe_sees_otherwise_is_one_sentence():
    here = MachineFacts(
        4, None, 16, {"processors": "0-3", "kernel": "6.1", "frequency_limit_mhz": 1}, "Linux", "x86_64"
    )
    probe = MachineFacts(
        1, 0.5, 16, {"processors": "2", "kernel": "6.1", "frequency_limit_mhz": 2, "boost": "on"}, "Linux", "x86_64"
    )
    assert apart(here, here) is None
    assert apart(here, probe) == (
        "the probes see another machine than the process that starts them: the number of processors is 1, not 4, "
        "the quota of processors is 0.5, not none, which processors may be used is 2, not 0-3, "
        "the processor's boost is on, not none; what the probes see counts"
    )
    said = apart(probe, here, reference="openvino==2024.6.0")
    assert said is not None
    assert said.startswith("WARNING: openvino==2024.6.0 sees another machine than what it is compared with: ")


def test_what_changed_for_the_probes_alone_is_told_by_their_turns():
    two, one, untold = {"processors": 2}, {"processors": 1}, {"processors": None}
    assert of_turns([[two, two], [one, {}, untold, one], []]) == [], "each condition has its own"
    said = ["the number of processors that probes may use changed from 2 to 1"]
    assert of_turns([[two, untold, one, two], [two, one]]) == said


def test_what_must_not_change_in_the_middle():
    before = MachineFacts(4, None, 16, {"processors": "0-3", "governor": "powersave", "frequency_limit_mhz": 3000})
    after = MachineFacts(2, 1.5, 16, {"processors": "0-1", "governor": "powersave", "frequency_limit_mhz": 2000})
    assert changes(before, before) == []
    assert changes(before, after) == [
        "the number of processors changed from 4 to 2",
        "the quota of processors changed from none to 1.5",
        "which processors may be used changed from 0-3 to 0-1",
    ]


def test_what_differs_between_two_saved_runs_in_words(tmp_path):
    def saved(name, noted=None, release="6.1.0", **facts):
        document = {
            "machine_info": {"fingerprint": {"digest": name, "machine": "lab", **facts}, "release": release},
            "benchmarks": [],
        }
        if noted is not None:
            document["machine_info"]["noted"] = noted
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document))
        return records.read(path)

    devices = [{"name": "CPU", "driver": "1", "full_name": "Xeon"}, {"name": "GPU.0", "driver": "23.1"}]
    model = {"name": "m", "precision": "FP16", "digest": "a"}
    old = saved("old", devices=devices, model=model, measured={"profile": "quick", "shapes": {}})
    same = saved("same", devices=devices, model=model, measured={"profile": "quick", "shapes": {}})
    assert between(old, same) == []
    new = saved(
        "new",
        {"kernel": "6.5.0", "governor": "performance", "memory_limit_mib": None},
        processor_quota=1.5,
        devices=[devices[0], {"name": "GPU.0", "driver": "24.2"}],
        model={**model, "digest": "b"},
        measured={"profile": "lab", "shapes": {"x": [1, 3]}},
    )
    assert between(old, new) == [
        "the driver of GPU.0 changed from 23.1 to 24.2",
        "the file of the model m FP16 changed",
        "the profile changed from quick to lab",
        "the shapes changed",
        "there is a quota of processors, 1.5, where none was recorded",
        "the kernel changed from 6.1.0 to 6.5.0",
    ]
    assert "the quota of processors changed from 1.5 to none" in between(new, old)
    other = saved("other", devices=[devices[0], {"name": "NPU"}], model={**model, "name": "n"}, measured={})
    assert between(old, other)[:3] == [
        "the device GPU.0 is no longer there",
        "the device NPU is new",
        "the model changed from m FP16 to n FP16",
    ]


@for_all(
    lambda st: (
        *(
            st.dictionaries(
                st.sampled_from(["devices", "model", "measured", "kernel", "machine", "new_fact"]),
                st.recursive(
                    st.none() | st.text() | st.integers() | st.floats(allow_nan=False),
                    lambda inner: (
                        st.lists(inner, max_size=3)
                        | st.dictionaries(st.sampled_from(["name", "driver", "x"]), inner, max_size=3)
                    ),
                    max_leaves=6,
                ),
            )
            for _ in range(2)
        ),
    )
)
def test_whatever_a_file_says_differences_are_short_clauses(before, after):
    assert differences(before, before) == []
    for clause in differences(before, after):
        assert plain(clause, 400) == clause
        assert len(clause) < 400


def test_a_real_quota_is_seen_and_its_throttling_counted():
    program = (
        "import os, sys, time\n"
        "from autogauge.probe.facts import seen_here\n"
        "from autogauge.probe.worker.machine import Surroundings\n"
        "try:\n"
        "    open(os.environ['GROUP'] + '/cgroup.procs', 'w').write(str(os.getpid()))\n"
        "except OSError as error: sys.exit('cannot join: ' + str(error))\n"
        "around = Surroundings()\n"
        "began = time.process_time()\n"
        "while time.process_time() < began + 0.05: pass\n"
        "print(seen_here().processor_quota, around.since()['quota_held_s'])"
    )
    with real_quota(0.03) as group:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "GROUP": str(group)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    if "cannot join" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    quota, held_s = (float(word) for word in done.stdout.split())
    assert quota == 0.03
    assert held_s > 0, "0.05 s of work at 3 % of a processor are held back for more than a second"
