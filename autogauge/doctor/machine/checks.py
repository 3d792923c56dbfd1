"""The list of what makes a machine fit to measure, in the order in which it is read; ``docs/lab.md`` has the same list for people.

A check says when it calls a machine unfit. One without such a sentence never does: what it finds is noted, for all figures are of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autogauge.doctor.finding import Finding, State
from autogauge.doctor.machine import drivers, frequency, graphics, memory, processors, surroundings
from autogauge.doctor.machine.snapshot import Look, Machine

SUBJECT = "machine"


@dataclass(frozen=True)
class Check:
    """One look at the machine. Where ``must_be_known``, a machine that does not tell is not passed by ``--strict`` either."""

    what: str
    look: Callable[[Machine], Look]
    unfit_when: str = ""
    must_be_known: bool = False
    may_pass: bool = False
    """Whether it is of the moment: then the machine is watched again before it is called unfit."""


CHECKS = (
    Check("governor", frequency.governor, "it is not `performance` on every processor that may be used"),
    Check("energy preference", frequency.preference),
    Check("boost", frequency.boost),
    Check("frequency range", frequency.frequency_range),
    Check("heat", frequency.heat, "the processor is slowed down for its heat while it is watched", may_pass=True),
    Check(
        "power", frequency.power, "it runs on battery, or its firmware is told to save (`low-power`, `quiet`, `cool`)"
    ),
    Check("SMT", processors.sharing),
    Check("isolated processors", processors.isolated, "several of those that may be used are isolated"),
    Check("allowed processors", processors.allowed),
    Check("kinds of processors", processors.kinds),
    Check("memory nodes (NUMA)", processors.memory_nodes),
    Check(
        "other load",
        surroundings.load,
        "others take more than half a processor, and more than a tenth of all (on one processor, more than a quarter)",
        must_be_known=True,
        may_pass=True,
    ),
    Check(
        "quota (cgroup)", processors.quota, "it allows less than the processors that may be used", must_be_known=True
    ),
    Check("memory limit (cgroup)", processors.memory_limit),
    Check(
        "memory left",
        memory.left,
        "less than 1 GiB is left, of the machine's or of the container's",
        must_be_known=True,
        may_pass=True,
    ),
    Check("swap", memory.swap, "memory is moved to or from it while it is watched", may_pass=True),
    Check("huge pages", memory.huge_pages),
    Check("memory overcommitment", memory.overcommitment),
    Check("virtual machine", surroundings.virtual_machine),
    Check(
        "steal time",
        surroundings.stolen,
        "the hypervisor takes more than 2 % of the time that is wanted since boot, or of all time while it is watched",
        must_be_known=True,
        may_pass=True,
    ),
    Check("clock source", surroundings.clock_source, "it is `hpet`, `acpi_pm`, `pit` or `jiffies`"),
    Check("clock kept right", surroundings.clock_kept),
    Check(
        "GPU frequency",
        graphics.frequency,
        "an Intel GPU is held back for heat or power though it has little to do",
        may_pass=True,
    ),
    Check("kernel drivers", drivers.kernel_modules),
    Check("drivers", drivers.user_space),
    Check("group of devices", drivers.groups, "a GPU's or an NPU's device node is there and this user may not open it"),
)


def fitness(machine: Machine) -> list[Finding]:
    """What each check found of this machine."""
    found = []
    for check in CHECKS:
        look = check.look(machine)
        found.append(Finding(SUBJECT, check.what, look.state, look.found, look.step, look.effect, look.figures))
    return found


def is_of_the_moment(finding: Finding) -> bool:
    """Whether the machine is unfit by something that may pass."""
    return finding.state is State.UNFIT and any(check.what == finding.what and check.may_pass for check in CHECKS)


def why_not(findings: Sequence[Finding]) -> list[str]:
    """Why ``--strict`` does not let this machine measure, a clause each: what is broken, unfit, or not told. Empty where it does."""
    needed = {check.what for check in CHECKS if check.must_be_known}
    found = [f"{each.subject} {each.what}: {each.found}" for each in findings if each.state is State.BROKEN]
    found += [f"{each.what}: {each.found}" for each in findings if each.state is State.UNFIT]
    return found + [
        f"{each.what} is not known: {each.found}"
        for each in findings
        if each.subject == SUBJECT and each.state is State.NOT_KNOWN and each.what in needed
    ]


def in_short(findings: Sequence[Finding]) -> str:
    """The machine in one sentence, those that are unfit or not known by name."""
    by_state = {
        state: [each.what for each in findings if each.subject == SUBJECT and each.state is state] for state in State
    }
    unfit, unknown = by_state[State.UNFIT], by_state[State.NOT_KNOWN]
    counted = (
        f"{len(by_state[State.FIT])} of {sum(map(len, by_state.values()))} fit, {len(by_state[State.NOTED])} noted"
    )
    said = [
        f"{len(each)} {word} ({', '.join(each)})" for each, word in ((unfit, "unfit"), (unknown, "not known")) if each
    ]
    return f"This machine as a place to measure: {', '.join((counted, *said))}."
