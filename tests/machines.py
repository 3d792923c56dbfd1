"""Machines made of files, as Linux shows them: each a folder that stands for ``/``. What they are like is said by their names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from autogauge.doctor.machine.snapshot import Machine, Moment

CPUS = "sys/devices/system/cpu"
CLOCKS = "sys/devices/system/clocksource/clocksource0"
V2 = "30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
V1 = "33 32 0:30 /docker/c1 /sys/fs/cgroup/{name} rw,relatime - cgroup cgroup rw,{name}\n"
IDLE = "cpu  {user} 0 0 {idle} 0 0 0 {steal} 0 0\n"
BARE = "flags\t\t: fpu tsc constant_tsc ssse3\nmicrocode\t: 0xb4\n\n"
USABLE = frozenset(range(4))


def put(root: Path, files: Mapping[str, str]) -> Path:
    """Write these files below the root."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def stat(user: int = 1000, idle: int = 100_000, steal: int = 0, processors: int = 4) -> str:
    """``/proc/stat`` with that many ticks on each processor."""
    row = f"{user} 0 0 {idle} 0 0 0 {steal} 0 0\n"
    return f"cpu  {row}" + "".join(f"cpu{number} {row}" for number in range(processors)) + "intr 1\n"


def plain(root: Path) -> Path:
    """What every machine has: four quiet processors, memory enough, a good clock, and nobody who limits anything."""
    return put(
        root,
        {
            "proc/cpuinfo": BARE,
            "proc/cmdline": "root=/dev/sda1 quiet\n",
            "proc/loadavg": "0.10 0.20 0.30 1/100 7\n",
            "proc/stat": stat(),
            "proc/uptime": "1036800.5 4000000\n",
            "proc/vmstat": "pswpin 0\npswpout 0\noom_kill 0\n",
            "proc/meminfo": "MemTotal:       16000000 kB\nMemAvailable:   12000000 kB\nSwapTotal:             0 kB\n"
            "SwapFree:              0 kB\nCommitLimit:     8000000 kB\nCommitted_AS:    7000000 kB\n",
            "proc/sys/vm/overcommit_memory": "0\n",
            "proc/sys/kernel/numa_balancing": "0\n",
            "proc/sys/kernel/osrelease": "6.8.0-45-generic\n",
            "proc/self/cgroup": "0::/\n",
            "proc/self/mountinfo": V2,
            "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
            f"{CPUS}/online": "0-3\n",
            f"{CPUS}/isolated": "\n",
            f"{CPUS}/smt/active": "0\n",
            "sys/devices/system/node/node0/cpulist": "0-3\n",
            "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
            f"{CLOCKS}/current_clocksource": "tsc\n",
            f"{CLOCKS}/available_clocksource": "tsc hpet acpi_pm\n",
            "sys/class/power_supply/.keep": "",
        },
    )


def governed(
    root: Path, governor: str, driver: str, *, lowest: int, highest: int, allowed: int = 0, now: int = 0
) -> Path:
    """The same governed by the kernel; frequencies in MHz."""
    files = {
        "scaling_governor": governor,
        "scaling_driver": driver,
        "scaling_min_freq": str(lowest * 1000),
        "scaling_max_freq": str((allowed or highest) * 1000),
        "cpuinfo_max_freq": str(highest * 1000),
        "scaling_cur_freq": str((now or highest) * 1000),
    }
    folders = [f"{CPUS}/cpu{number}" for number in USABLE]
    return put(root, {f"{each}/cpufreq/{name}": f"{text}\n" for each in folders for name, text in files.items()})


def with_heat(root: Path, core: int = 0, package: int = 0, celsius: int = 45) -> Path:
    """So often each of its cores, and its package, was slowed down for heat since boot."""
    counts = {"core": core, "package": package}
    files = {f"{CPUS}/cpu{n}/thermal_throttle/{of}_throttle_count": f"{counts[of]}\n" for n in USABLE for of in counts}
    zone = {
        "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n",
        "sys/class/thermal/thermal_zone0/temp": f"{celsius}000\n",
    }
    return put(root, {**files, **zone})


def laptop(root: Path) -> Path:
    """On battery, powersave under intel_pstate, boost, SMT, huge pages always, some swap in use, slowed down by heat before."""
    governed(plain(root), "powersave", "intel_pstate", lowest=800, highest=4200, now=1100)
    with_heat(root, core=3, package=5, celsius=71)
    return put(
        root,
        {
            **{f"{CPUS}/cpu{n}/cpufreq/energy_performance_preference": "balance_performance\n" for n in USABLE},
            **{f"{CPUS}/cpu{n}/cpufreq/base_frequency": "2100000\n" for n in USABLE},
            f"{CPUS}/intel_pstate/no_turbo": "0\n",
            f"{CPUS}/smt/active": "1\n",
            "sys/devices/cpu_core/cpus": "0-1\n",
            "sys/devices/cpu_atom/cpus": "2-3\n",
            "sys/class/power_supply/AC/type": "Mains\n",
            "sys/class/power_supply/AC/online": "0\n",
            "sys/class/power_supply/BAT0/type": "Battery\n",
            "sys/class/power_supply/BAT0/status": "Discharging\n",
            "sys/firmware/acpi/platform_profile": "balanced\n",
            "sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never\n",
            "proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\nSwapTotal: 4194304 kB\nSwapFree: 3145728 kB\n",
        },
    )


def server(root: Path) -> Path:
    """Fixed at performance, no boost, nothing noteworthy."""
    governed(plain(root), "performance", "intel_cpufreq", lowest=2600, highest=2600)
    with_heat(root)
    return put(
        root,
        {
            f"{CPUS}/intel_pstate/no_turbo": "1\n",
            **{f"{CPUS}/cpu{n}/cpufreq/energy_performance_preference": "performance\n" for n in USABLE},
        },
    )


def container_v2(root: Path) -> Path:
    """The server with a quota of 1.5 processors and 2 GiB, by control groups of version 2."""
    return put(
        server(root),
        {
            "sys/fs/cgroup/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/cpu.stat": "usage_usec 5\nnr_throttled 7\nthrottled_usec 2500000\n",
            "sys/fs/cgroup/memory.max": f"{2 * 2**30}\n",
            "sys/fs/cgroup/memory.current": f"{2 * 2**30 - 2**20}\n",
            "sys/fs/cgroup/memory.stat": f"anon 5\ninactive_file {2**29}\n",
            "sys/fs/cgroup/memory.events": "oom 1\noom_kill 2\n",
        },
    )


def container_v1(root: Path) -> Path:
    """The same by version 1, whose own groups are mounted as the roots."""
    return put(
        server(root),
        {
            "proc/self/cgroup": "5:memory:/docker/c1\n4:cpu,cpuacct:/docker/c1\n",
            "proc/self/mountinfo": "".join(V1.format(name=name) for name in ("cpu,cpuacct", "memory")),
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "150000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.stat": "nr_throttled 7\nthrottled_time 2500000000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2 * 2**30}\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{2 * 2**30 - 2**20}\n",
            "sys/fs/cgroup/memory/memory.stat": f"cache 5\ntotal_inactive_file {2**29}\n",
            "sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\noom_kill 2\n",
        },
    )


def virtual(root: Path) -> Path:
    """A guest of KVM, of whose wanted time a tenth was stolen since boot; its host keeps frequency and heat to itself."""
    return put(
        plain(root),
        {
            "proc/cpuinfo": "flags\t\t: fpu tsc hypervisor\nmicrocode\t: 0x1\n\n",
            "proc/stat": stat(user=900, steal=100),
            f"{CLOCKS}/current_clocksource": "kvm-clock\n",
            f"{CLOCKS}/available_clocksource": "kvm-clock tsc\n",
            "sys/class/dmi/id/sys_vendor": "QEMU\n",
            "sys/class/dmi/id/product_name": "Standard PC (Q35 + ICH9, 2009)\n",
        },
    )


def amd(root: Path) -> Path:
    """amd_pstate by itself (EPP), powersave, boost by the kernel's other file; such processors count no throttling."""
    governed(plain(root), "powersave", "amd-pstate-epp", lowest=400, highest=5100, now=3000)
    put(root, {f"{CPUS}/cpu{n}/cpufreq/energy_performance_preference": "power\n" for n in USABLE})
    return put(root, {f"{CPUS}/cpufreq/boost": "1\n", f"{CPUS}/smt/active": "1\n"})


def with_gpu(root: Path, driver: str = "i915", release: str = "", library: str = "libze_loader.so.1.17.6") -> Path:
    """An Intel GPU with its node, its module, its firmware's package and the Level Zero loader."""
    put(
        root,
        {
            "sys/class/drm/card0/device/vendor": "0x8086\n",
            "sys/class/drm/card0/gt_max_freq_mhz": "2300\n",
            "sys/class/drm/card0/gt_RP0_freq_mhz": "2300\n",
            "sys/class/drm/card0/gt_act_freq_mhz": "0\n",
            "sys/class/drm/card0/gt/gt0/throttle_reason_status": "0\n",
            "dev/dri/renderD128": "",
            f"usr/lib/x86_64-linux-gnu/{library}": "",
            "var/lib/dpkg/status": "Package: intel-fw-npu\nStatus: install ok installed\nVersion: 1.13.0\n\n"
            "Package: intel-opencl-icd\nStatus: deinstall ok config-files\nVersion: 24.1\n\n",
        },
    )
    (root / "sys/class/drm/card0/device/driver").unlink(missing_ok=True)
    (root / "sys/class/drm/card0/device/driver").symlink_to(f"../../../bus/pci/drivers/{driver}")
    if release:
        put(root, {f"sys/module/{driver}/version": f"{release}\n"})
    loader = root / "usr/lib/x86_64-linux-gnu/libze_loader.so.1"
    loader.unlink(missing_ok=True)
    loader.symlink_to(library)
    return root


def unreadable(root: Path, *paths: str) -> Path:
    """These files cannot be read: they are links to themselves, which holds for root, too."""
    for each in paths:
        path = root / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(path.name)
    return root


def watched(
    root: Path, since: Path | None = None, *, usable: frozenset[int] | None = USABLE, **more: float | bool
) -> Machine:
    """The machine of these files; its counters a second ago were those of ``since``, or as many ticks of idling less."""
    last = Moment.of(root, usable)
    if since is not None:
        return Machine(root, usable, Moment.of(since, usable), last, **more)  # type: ignore[arg-type]
    ticks = dict(last.ticks)
    if ticks:
        ticks["idle"] -= 100 * len(usable or (0,))
    return Machine(
        root, usable, Moment(ticks, last.swapped_pages, last.throttled, last.programs, last.families), last, **more
    )  # type: ignore[arg-type]


def process(
    root: Path, number: int, name: str, ticks: int | str, parent: int | str = 1, of_ended: int | str = 0
) -> Path:
    """A process that has used so much processor time, and its children that have ended so much."""
    said = f"{number} ({name}) S {parent} 1 1 0 -1 4 0 0 0 0 {ticks} 0 {of_ended} 0 20 0 1 0\n"
    return put(root, {f"proc/{number}/stat": said})


assert os.sep == "/"
