"""How fast the processors run: governor, boost, range, energy preference, power source; and whether heat slowed them down."""

from __future__ import annotations

import re

from autogauge.doctor.finding import State
from autogauge.doctor.machine.snapshot import Look, Machine
from autogauge.probe.worker.hardware import CPUS, matching

TUNE = "sudo python -m pyperf system tune (pip install pyperf) sets it until the next boot"
OF_ITSELF = ("intel_pstate", "amd-pstate-epp", "amd_pstate_epp")
"""Drivers that choose frequencies by themselves: their ``powersave`` is no lowest frequency."""
SAVING = ("low-power", "quiet", "cool")
HARD = ("performance", "balanced-performance")


def _mhz(khz: float) -> str:
    return f"{khz / 1e6:.1f} GHz"


def _all_mhz(machine: Machine, file: str) -> list[float]:
    return [float(said) for said in machine.of_each(f"cpufreq/{file}").values() if re.fullmatch(r"[0-9]{1,12}", said)]


def governor(machine: Machine) -> Look:
    """Who chooses the frequency."""
    found, driver = machine.facts.get("governor"), machine.facts.get("frequency_driver")
    if found is None:
        why = (
            "the hypervisor governs the frequency" if machine.is_virtual else "nothing governs the frequency from here"
        )
        return machine.unknown(f"{CPUS}/cpu{min(machine.usable or {0})}/cpufreq/scaling_governor", why)
    present, lowest = _all_mhz(machine, "scaling_cur_freq"), _all_mhz(machine, "scaling_min_freq")
    by = f" (by {driver})" if driver else ""
    figures = {"present_mhz": round(max(present) / 1000)} if present else {}
    now = f", now at {_mhz(max(present))}" if present else ""
    names = set(found.split(", "))
    silent = sorted((machine.usable or frozenset()) - {*machine.of_each("cpufreq/scaling_governor")})
    if names == {"performance"} and silent:
        return machine.unknown(f"{CPUS}/cpu{silent[0]}/cpufreq/scaling_governor")
    if names == {"performance"}:
        return Look(State.FIT, f"performance{by}{now}", figures=figures)
    step = f"{TUNE}; or sudo cpupower frequency-set -g performance"
    if "powersave" in names and driver not in OF_ITSELF:
        at = f" of {_mhz(min(lowest))}" if lowest else ""
        effect = f"under powersave the processor stays at its lowest frequency{at}: every figure is of that"
    else:
        effect = (
            "the frequency rises only after a while of work: first inferences and short slices come out slower, and how much differs "
            f"from run to run{_behind(present, _all_mhz(machine, 'scaling_max_freq'))}"
        )
    return Look(State.UNFIT, f"{found}{by}{now}", effect, step, figures)


def _behind(present: list[float], allowed: list[float]) -> str:
    """How far below the highest frequency the processors are just now, where that is told."""
    if not present or not allowed or not 0 < max(present) < max(allowed):
        return ""
    return f"; just now the fastest is at {100 * max(present) / max(allowed):.0f} % of what it may reach"


def preference(machine: Machine) -> Look:
    """What a processor that chooses its frequency by itself is told to prefer."""
    found = machine.facts.get("energy_preference")
    if found is None:
        return machine.unknown(
            f"{CPUS}/cpu{min(machine.usable or {0})}/cpufreq/energy_performance_preference",
            "the processor does not choose its frequency by itself, or does not say so",
        )
    if found in ("performance", "0"):
        return Look(State.FIT, found)
    effect = "the processor rises to its highest frequency later than it could, or not at all"
    return Look(State.NOTED, found, effect, "the governor performance sets it, too")


def boost(machine: Machine) -> Look:
    """Whether processors run above the frequency that they can hold."""
    found = machine.facts.get("boost")
    if found is None:
        why = (
            "the hypervisor keeps it to itself" if machine.is_virtual else "the processor has none, or does not say so"
        )
        return machine.unknown(f"{CPUS}/cpufreq/boost", why)
    base, highest = _all_mhz(machine, "base_frequency"), _all_mhz(machine, "cpuinfo_max_freq")
    figures = {name: round(max(each) / 1000) for name, each in (("base_mhz", base), ("highest_mhz", highest)) if each}
    if found == "off":
        return Look(State.FIT, "off", figures=figures)
    up_to = f": from {_mhz(min(base))} up to {_mhz(max(highest))}" if base and highest else ""
    return Look(
        State.NOTED,
        f"on{up_to}",
        "how fast a turn runs depends on the heat of the turns before and on how many cores work; what is compared within a run meets "
        "the same, seconds of two days do not",
        "leave it as it is from run to run; pyperf system tune switches it off",
        figures,
    )


def frequency_range(machine: Machine) -> Look:
    """Between which frequencies the processors may run, and whether that is less than they can."""
    top, allowed, low = (
        _all_mhz(machine, each) for each in ("cpuinfo_max_freq", "scaling_max_freq", "scaling_min_freq")
    )
    if not top or not allowed or not low:
        why = "the hypervisor keeps it to itself" if machine.is_virtual else "nothing governs the frequency from here"
        return machine.unknown(f"{CPUS}/cpu{min(machine.usable or {0})}/cpufreq/scaling_max_freq", why)
    present = _all_mhz(machine, "scaling_cur_freq")
    now = f", now {_mhz(max(present))}" if present else ""
    figures = {
        "lowest_allowed_mhz": round(min(low) / 1000),
        "highest_allowed_mhz": round(max(allowed) / 1000),
        "highest_mhz": round(max(top) / 1000),
        **({"present_mhz": round(max(present) / 1000)} if present else {}),
    }
    span = f"fixed at {_mhz(max(allowed))}" if min(low) == max(allowed) else f"{_mhz(min(low))} to {_mhz(max(allowed))}"
    if max(allowed) >= max(top):
        return Look(State.FIT, span + now, figures=figures)
    return Look(
        State.NOTED,
        f"{span}{now}; the processor could do {_mhz(max(top))}",
        f"every figure is of {100 * max(allowed) / max(top):.0f} % of the highest frequency",
        "where that is not meant: sudo cpupower frequency-set -u with the highest; else leave it as it is from run to run",
        figures,
    )


def heat(machine: Machine) -> Look:
    """Whether the processors were slowed down for their heat."""
    since_boot, before = machine.last.throttled, machine.first.throttled
    hottest = _hottest_c(machine)
    now = f"now {hottest:.0f} °C" if hottest is not None else ""
    if since_boot is None or before is None:
        why = "the hypervisor keeps it to itself" if machine.is_virtual else "such processors do not count it"
        look = machine.unknown(f"{CPUS}/cpu{min(machine.usable or {0})}/thermal_throttle/core_throttle_count", why)
        return Look(look.state, "; ".join(filter(None, (look.found, now))), figures=_figures(None, hottest))
    uptime = machine.word("proc/uptime")
    days = (
        f" {float(uptime.split()[0]) / 86400:.1f} days ago"
        if uptime and re.match(r"[0-9]+(\.[0-9]+)?(\s|$)", uptime)
        else ""
    )
    found = ", ".join(filter(None, (f"slowed down {since_boot} times since boot{days}", now)))
    figures = {**_figures(since_boot, hottest), "throttled_while_watched": since_boot - before}
    step = "clear dust, fans and vents, or lower the frequency limit to what the cooling holds"
    if since_boot > before:
        effect = (
            f"the processor was slowed down {since_boot - before} times while it was watched: it is too hot to measure"
        )
        return Look(State.UNFIT, found, effect, step, figures)
    if since_boot:
        effect = (
            "it happens under load: the turns that it meets are slower, are called disturbed, and are measured again"
        )
        return Look(State.NOTED, found, effect, step, figures)
    return Look(State.FIT, found.replace("slowed down 0 times", "never slowed down"), figures=figures)


def _figures(throttled: int | None, hottest: float | None) -> dict[str, float | None]:
    return {"throttled_since_boot": throttled, "temperature_c": hottest}


def _hottest_c(machine: Machine) -> float | None:
    """The processor's temperature in °C, where a zone is said to be its own."""
    found = []
    for name in matching(str(machine.root), "sys/class/thermal", r"thermal_zone[0-9]+"):
        folder = f"sys/class/thermal/{name}"
        said = machine.number(f"{folder}/temp")
        if said is not None and re.search(r"x86_pkg_temp|cpu|k10temp|soc", machine.word(f"{folder}/type") or "", re.I):
            found.append(said / 1000)
    return max(found, default=None)


def power(machine: Machine) -> Look:
    """Whether the machine runs on mains, and what its firmware is told to save."""
    source, profile = machine.facts.get("power_source"), machine.facts.get("power_profile")
    said = ", ".join(filter(None, (source and f"on {source}", profile and f"profile {profile}")))
    if source == "battery":
        effect = "on battery the firmware holds the processor back, and more so as it empties"
        return Look(State.UNFIT, said, effect, "plug it in, and measure when it is charged")
    if profile is not None and profile not in HARD:
        step = "powerprofilesctl set performance (or /sys/firmware/acpi/platform_profile)"
        if profile in SAVING:
            return Look(State.UNFIT, said, "the firmware holds the processor below what it can do", step)
        return Look(State.NOTED, said, "the firmware may hold the processor back under a long load", step)
    if said:
        return Look(State.FIT, said)
    return _without_a_word_of_power(machine)


def _without_a_word_of_power(machine: Machine) -> Look:
    if machine.is_virtual:
        return Look(State.NOT_KNOWN, "the hypervisor keeps it to itself")
    supplies = matching(str(machine.root), "sys/class/power_supply", r"[^.].*")
    if any(machine.word(f"sys/class/power_supply/{each}/type") in (None, "Battery") for each in supplies):
        return Look(State.NOT_KNOWN, "there is a battery, and it is not told whether mains feed it")
    if machine.cannot_list("sys/class/power_supply") is None and (machine.root / "sys/class/power_supply").is_dir():
        return Look(State.FIT, "no battery is told of")
    return machine.unknown("sys/class/power_supply")
