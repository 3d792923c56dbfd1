"""What is noted of a machine beside its fingerprint, from files: hypervisor, clock, power, cores, and the releases of its drivers."""

from __future__ import annotations

import os

import pytest

from autogauge.history.circumstances import PLAIN, changes, differences
from autogauge.history.fingerprint import fingerprint
from autogauge.models.artefact import ModelArtefact
from autogauge.probe import answers
from autogauge.probe.facts import STEADY, MachineFacts
from autogauge.probe.worker.facts import machine_facts
from autogauge.probe.worker.hardware import hardware_facts, virtual_machine
from tests import machines
from tests.cases import each_of
from tests.machines import put


def facts_of(root):
    return MachineFacts.from_json(machine_facts(str(root), range(4)))


def test_a_laptop(tmp_path):
    assert hardware_facts(str(machines.laptop(tmp_path))) == {
        "smt": "on",
        "isolated_processors": "none",
        "mitigations": "default",
        "huge_pages": "always",
        "swap_mib": 4096,
        "numa_nodes": 1,
        "clock_source": "tsc",
        "virtual_machine": "none",
        "power_source": "battery",
        "power_profile": "balanced",
    }


def test_drivers_of_a_gpu(tmp_path):
    found = hardware_facts(str(machines.with_gpu(tmp_path, "i915", "1.24.6")))
    assert found == {
        "gpu_kernel_driver": "i915 1.24.6",
        "gpu_frequency_limit_mhz": 2300,
        "level_zero_loader": "libze_loader.so.1.17.6",
    }
    put(tmp_path, {"sys/class/drm/card0/device/vendor": "0x10de\n"})
    assert "gpu_kernel_driver" not in hardware_facts(str(tmp_path)), "another vendor's is not what is measured"


def test_an_npu(tmp_path):
    put(tmp_path, {"sys/class/accel/accel0/device/vendor": "0x8086\n"})
    (tmp_path / "sys/class/accel/accel0/device/driver").symlink_to("../../../bus/pci/drivers/intel_vpu")
    put(tmp_path, {"usr/lib64/libze_intel_npu.so.1.13.0": ""})
    (tmp_path / "usr/lib64/libze_intel_npu.so.1").symlink_to("libze_intel_npu.so.1.13.0")
    expected = {"npu_kernel_driver": "intel_vpu", "level_zero_npu": "libze_intel_npu.so.1.13.0"}
    assert hardware_facts(str(tmp_path)) == expected


GUEST, OWN = "flags : fpu hypervisor\n", "flags : fpu\n"
DMI = "sys/class/dmi/id/"
CLOCKS = f"{machines.CLOCKS}/available_clocksource"


@each_of(
    ("files", "named"),
    [
        ({"proc/cpuinfo": OWN, DMI + "sys_vendor": "Amazon EC2"}, "none"),
        ({"proc/cpuinfo": GUEST}, "unnamed"),
        ({"proc/cpuinfo": GUEST, CLOCKS: "tsc kvm-clock"}, "KVM"),
        ({"proc/cpuinfo": GUEST, DMI + "sys_vendor": "VMware, Inc.", CLOCKS: "tsc"}, "VMware"),
        (
            {
                "proc/cpuinfo": GUEST,
                DMI + "sys_vendor": "Microsoft Corporation",
                DMI + "product_name": "Virtual Machine",
            },
            "Hyper-V",
        ),
        ({"proc/cpuinfo": GUEST, "sys/hypervisor/type": "xen"}, "Xen"),
        ({"proc/cpuinfo": OWN, "sys/hypervisor/type": "xen"}, "Xen"),
        ({"proc/cpuinfo": "processor : 0\nFeatures : fp asimd\n"}, None),
        ({"proc/cpuinfo": "Features : fp\n", DMI + "sys_vendor": "QEMU"}, "QEMU"),
        (
            {"proc/cpuinfo": "Features : fp\n", DMI + "sys_vendor": "Amazon EC2", DMI + "product_name": "m7g.metal"},
            None,
        ),
        ({}, None),
    ],
)
def test_under_which_hypervisor(tmp_path, files, named):
    assert virtual_machine(str(put(tmp_path, files))) == named


@each_of(
    ("supplies", "source"),
    [
        ({"AC/type": "Mains", "AC/online": "1", "BAT0/type": "Battery"}, "mains"),
        ({"AC/type": "Mains", "AC/online": "0", "BAT0/type": "Battery"}, "battery"),
        (
            {"ucsi/type": "USB", "ucsi/online": "1", "AC/type": "Mains", "AC/online": "0", "BAT0/type": "Battery"},
            "mains",
        ),
        ({"BAT0/type": "Battery", "BAT0/status": "Discharging"}, "battery"),
        ({"BAT0/type": "Battery", "BAT0/status": "Full"}, None),
        ({"mouse/type": "Battery", "mouse/scope": "Device", "mouse/status": "Discharging"}, None),
        ({"AC/type": "Mains", "AC/online": "0"}, None),
        ({}, None),
    ],
)
def test_from_where_the_power_comes(tmp_path, supplies, source):
    put(tmp_path, {f"sys/class/power_supply/{name}": text + "\n" for name, text in supplies.items()})
    assert hardware_facts(str(tmp_path)).get("power_source") == source


@pytest.mark.parametrize(
    "kind", [machines.laptop, machines.server, machines.virtual, machines.amd, machines.container_v2, machines.with_gpu]
)
def test_every_fact_is_let_through_from_a_probe_and_has_a_name_for_people(tmp_path, kind):
    noted = facts_of(kind(tmp_path)).noted
    assert {*noted} <= {*PLAIN}
    assert answers._machine({**machine_facts(str(tmp_path), range(4))}), noted
    assert {*noted} <= {*answers._NOTED}


def test_what_nobody_can_read_is_left_out(tmp_path):
    assert hardware_facts(str(tmp_path)) == {}
    root = machines.server(tmp_path / "server")
    names = ["proc/meminfo", "proc/cmdline", "proc/cpuinfo", f"{machines.CPUS}/isolated", f"{machines.CPUS}/smt/active"]
    machines.unreadable(root, *names)
    assert {*hardware_facts(str(root))} == {"huge_pages", "numa_nodes", "clock_source"}


MODEL = ModelArtefact("m", "path", "FP16", "m.xml", "d" * 64, "random")


def test_none_of_it_changes_a_fingerprint(tmp_path):
    laptop, server = facts_of(machines.laptop(tmp_path / "a")), facts_of(machines.server(tmp_path / "b"))
    digests = {fingerprint("lab", each, [], MODEL, {}).digest for each in (laptop, server)}
    assert len(digests) == 1
    assert differences(laptop.noted, server.noted)


def test_mains_pulled_out_or_a_clock_given_up_while_a_run_measures_is_a_change(tmp_path):
    root = machines.laptop(tmp_path)
    put(root, {"sys/class/power_supply/AC/online": "1\n"})
    before = facts_of(root)
    put(root, {"sys/class/power_supply/AC/online": "0\n", f"{machines.CLOCKS}/current_clocksource": "hpet\n"})
    assert changes(before, facts_of(root)) == [
        "the power source changed from mains to battery",
        "the clock source changed from tsc to hpet",
    ]
    assert {*STEADY} <= {*PLAIN}


def test_the_facts_of_this_machine_do_not_move_by_themselves():
    first, second = machine_facts(), machine_facts()
    moving = ("frequency_limit_mhz", "gpu_frequency_limit_mhz")
    kept = [{name: each for name, each in found["noted"].items() if name not in moving} for found in (first, second)]
    assert kept[0] == kept[1]
    assert os.uname().release == kept[0]["kernel"]
