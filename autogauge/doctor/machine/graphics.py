"""How fast an Intel GPU may run, and whether it is held back just now: its own limits, which the processor's governor does not set."""

from __future__ import annotations

from autogauge.doctor.finding import State
from autogauge.doctor.machine.snapshot import Look, Machine
from autogauge.probe.worker.hardware import INTEL, matching

CARDS = "sys/class/drm"
FILES = (
    ("gt_RP0_freq_mhz", "gt_max_freq_mhz", "gt_act_freq_mhz", "gt/gt0/throttle_reason_status"),
    (
        *("device/tile0/gt0/freq0/rp0_freq", "device/tile0/gt0/freq0/max_freq"),
        *("device/tile0/gt0/freq0/act_freq", "device/tile0/gt0/freq0/throttle/status"),
    ),
)
"""By kernel module (i915, xe): the highest frequency, the highest that is allowed, the present one, and whether it is held back now."""


def frequency(machine: Machine) -> Look:
    """Whether an Intel GPU is limited below what it can, or held back for heat or power; of several the worst counts."""
    cards = [
        f"{CARDS}/{name}"
        for name in matching(str(machine.root), CARDS, r"card[0-9]+")
        if machine.word(f"{CARDS}/{name}/device/vendor") == INTEL
    ]
    if not cards:
        if not (machine.root / "sys/class").is_dir():
            return machine.unknown("sys/class")
        if (look := machine.cannot_list(CARDS)) is not None:
            return look
        return Look(State.FIT, "no Intel GPU is there")
    order = (State.UNFIT, State.NOT_KNOWN, State.NOTED, State.FIT)
    return min((_of_card(machine, card) for card in cards), key=lambda look: order.index(look.state))


def _of_card(machine: Machine, card: str) -> Look:
    for highest, allowed, present, held in FILES:
        top, limit, now = (machine.number(f"{card}/{name}") for name in (highest, allowed, present))
        if top is not None and limit is not None:
            is_held = machine.word(f"{card}/{held}")
            if is_held not in ("0", "1"):
                return machine.unknown(f"{card}/{held}")
            return _judged(top, limit, now, is_held)
    return machine.unknown(f"{card}/{FILES[0][1]}")


def _judged(top: float, limit: float, now: float | None, held: str) -> Look:
    figures = {"highest_mhz": top, "highest_allowed_mhz": limit, "present_mhz": now}
    found = f"up to {limit:.0f} of {top:.0f} MHz{f', now {now:.0f}' if now is not None else ''}"
    if held == "1":
        return Look(
            State.UNFIT,
            f"{found}, held back",
            "heat or power hold the GPU back though it has little to do: its figures, and AUTO's after the hand-over, are not its own",
            "look at its fan and power supply; where the kernel gives reasons they are beside that file (throttle)",
            figures,
        )
    if limit < top:
        return Look(
            State.NOTED,
            found,
            f"the GPU's figures are of {100 * limit / top:.0f} % of its highest frequency" if top else "",
            "where that is not meant: intel_gpu_frequency -m (package intel-gpu-tools); else leave it as it is from run to run",
            figures,
        )
    return Look(State.FIT, found, figures=figures)
