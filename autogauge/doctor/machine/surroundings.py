"""What else is on the machine: other load, a hypervisor and what it takes, the clock."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection

from autogauge.doctor.finding import State
from autogauge.doctor.machine.snapshot import Look, Machine, Moment
from autogauge.measuring.disturbance import too_many
from autogauge.plain import plain

STOLEN = 0.02
"""Of the time that processors wanted: what a hypervisor may take before a machine is called unfit."""
CLOCK = "sys/devices/system/clocksource/clocksource0/current_clocksource"
SLOW_CLOCKS = ("hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit")
PROGRAMS, LEAST = 3, 0.05
"""How many programs are named, and from which share of a processor on."""


def load(machine: Machine) -> Look:
    """How much of the processors others took while the machine was watched, and who.

    A session that measures here under the lock is none of them: whoever measures next waits for its end.
    """
    before, after = machine.first, machine.last
    passed = after.all_ticks - before.all_ticks if before.ticks else 0
    average = re.match(r"([0-9]+(?:\.[0-9]+)?)\s", machine.word("proc/loadavg") or "")
    there = len(machine.usable or ()) or 1
    queue = f"; load average {average[1]} on {there} processor{'s' if there > 1 else ''}" if average else ""
    if passed <= 0:
        look = machine.unknown("proc/stat")
        return Look(look.state, look.found + queue)
    stolen = after.ticks["steal"] - before.ticks["steal"]
    family = before.family_of(machine.measuring) | after.family_of(machine.measuring)
    of_a_tick = there / passed
    measuring, is_least = _measuring(before, after, family)
    measuring *= of_a_tick
    taken = max(0.0, of_a_tick * (after.wanted_ticks - before.wanted_ticks - stolen))
    surely = sum(_taken(before, after, each) for each in after.programs if each in after.confined - family) * of_a_tick
    others = max(taken - measuring, min(surely, taken), 0.0)
    shares = _shares(before, after, of_a_tick, family, others)
    who = [f"{plain(name, 40)} {share:.2f}" for name, share in shares.items()]
    named = f" ({', '.join(who)})" if who else ""
    found = f"others took {others:.2f} of {there} processor{'s' if there > 1 else ''}{named}{queue}"
    if family:
        took = f"took {'at least ' if is_least else ''}{measuring:.2f}"
        found += (
            f"; a session of autogauge that measures here {took}, and the next one waits for its end (measuring lock)"
        )
    figures = {
        "others_processors": round(others, 3),
        "processors": there,
        "load_1min": float(average[1]) if average else None,
        "programs": {name: round(share, 3) for name, share in shares.items()},
        "measuring_processors": round(measuring, 3) if family else None,
    }
    if others <= too_many(there):
        return Look(State.FIT, found, figures=figures)
    return Look(
        State.UNFIT,
        found,
        "turns wait for a processor, are called disturbed and measured again; a run that is disturbed so much is judged against by no "
        "later one",
        "end it, or measure when it has ended (top shows who)",
        figures,
    )


def _measuring(before: Moment, after: Moment, family: Collection[int]) -> tuple[float, bool]:
    """What a family took of the usable processors, in ticks, and whether that is only the least that it was.

    The kernel does not tell on which processor a process ran. Surely here ran what may run nowhere else, and of all that the family took
    what the others cannot have held.
    """
    whole = max(0, after.ticks_of(family) - before.ticks_of(family))
    confined = (before.confined | after.confined) & frozenset(family)
    sure = max(0, after.ticks_of(confined) - before.ticks_of(confined))
    least = max(min(sure, whole), whole - max(0, after.elsewhere - before.elsewhere))
    return least, least < whole


def _taken(before: Moment, after: Moment, process: int) -> int:
    return max(0, after.programs[process][1] - before.programs.get(process, ("", 0))[1])


def _shares(
    before: Moment, after: Moment, of_a_tick: float, without: Collection[int], whole: float
) -> dict[str, float]:
    """Which programs took how much of a processor between the moments, those of one name together, the most first.

    None took more than the ``whole`` that others did: the rest of its time it had of processors that are not meant here.
    """
    found: dict[str, float] = defaultdict(float)
    for process, (name, _) in after.programs.items():
        if process not in without:
            found[name] += _taken(before, after, process) * of_a_tick
    most = sorted(found.items(), key=lambda each: -each[1])[:PROGRAMS]
    return {name: min(share, whole) for name, share in most if min(share, whole) >= LEAST}


def virtual_machine(machine: Machine) -> Look:
    """Whether a hypervisor is below."""
    found = machine.facts.get("virtual_machine")
    if found is None:
        return machine.unknown("proc/cpuinfo", "or it tells nothing of a hypervisor")
    if found == "none":
        return Look(State.FIT, "no")
    return Look(
        State.NOTED,
        "yes" if found == "unnamed" else f"yes, {found}",
        "other guests take caches, memory's speed and heat, and nothing here tells of it; governor and boost are the host's",
        "measure on a machine of its own where small changes count; else compare ratios to the pinned workload, not seconds",
    )


def stolen(machine: Machine) -> Look:
    """How much of the processors' time the hypervisor took."""
    before, after = machine.first, machine.last
    if not after.ticks:
        return machine.unknown("proc/stat")
    since_boot = after.ticks["steal"] / (after.wanted_ticks or 1)
    passed = after.all_ticks - before.all_ticks if before.ticks else 0
    now = (after.ticks["steal"] - before.ticks["steal"]) / passed if passed > 0 else None
    figures = {"share_since_boot": round(since_boot, 5), "share_while_watched": None if now is None else round(now, 5)}
    found = f"{100 * since_boot:.2f} % of the time that was wanted since boot"
    found += "" if now is None else f", {100 * now:.1f} % of all time while it was watched"
    if since_boot <= STOLEN and (now or 0) <= STOLEN:
        return Look(State.FIT, found, figures=figures)
    return Look(
        State.UNFIT,
        found,
        "turns stand still while the host runs other guests: the slowest requests are the host's, not OpenVINO's",
        "give this guest processors of its own (pinned vCPUs, a dedicated host), or measure elsewhere",
        figures,
    )


def clock_source(machine: Machine) -> Look:
    """By what the kernel tells the time, and what a look at it costs."""
    found = machine.facts.get("clock_source")
    if found is None:
        return machine.unknown(CLOCK)
    figures = {"look_ns": None if machine.clock_ns is None else round(machine.clock_ns)}
    costs = f"; a look at the clock takes {machine.clock_ns:.0f} ns here" if machine.clock_ns is not None else ""
    if found not in SLOW_CLOCKS:
        return Look(State.FIT, found + costs, figures=figures)
    return Look(
        State.UNFIT,
        found + costs,
        "every look at the clock goes through the kernel to a slow device: it is added to every inference, and counts most for short ones",
        "see why the kernel gave up the TSC (journalctl -k --grep=tsc); update the firmware, or boot with tsc=reliable",
        figures,
    )


def clock_kept(machine: Machine) -> Look:
    """Whether something keeps the clock right: trends and histories of several machines are in the order of their dates."""
    if machine.synchronised is None:
        return Look(State.NOT_KNOWN, "the system does not tell")
    if machine.synchronised:
        return Look(State.FIT, "yes")
    return Look(
        State.NOTED,
        "no",
        "durations are right all the same; but runs are dated by this clock, and stand in the wrong order where it is wrong",
        "let chrony or systemd-timesyncd keep it (timedatectl set-ntp true); in a virtual machine the host may",
    )
