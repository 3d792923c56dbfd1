"""Which emulated GPUs a user asks for, and with which faults, read from a command line and written. Emulating them is left to the probe."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from autogauge.errors import UserError
from autogauge.parsing import Kind
from autogauge.probe.request import MOST_GPUS, EmulatedGpu
from autogauge.targets import EMULATED, is_emulated

DISCRETE, OTHER_VENDOR = "discrete", "other-vendor"
_WORDS = (DISCRETE, OTHER_VENDOR)
_FAULT = re.compile(r"(?P<gpu>[0-9]):(?P<what>build|launch)=(?P<how>[a-z0-9:.]+)(?:,after=(?P<after>[0-9]{1,9}))?")


@dataclass(frozen=True)
class Gpus:
    """So many emulated GPUs; the last of them may be a discrete one, and another vendor's. The others are Intel's integrated ones."""

    number: int = 1
    discrete: bool = False
    other_vendor: bool = False

    @classmethod
    def read(cls, option: str, text: str) -> Gpus:
        """From ``N[,discrete][,other-vendor]``. Raises :class:`UserError`."""
        number, *words = text.split(",")
        numbers = [str(each + 1) for each in range(MOST_GPUS)]
        if number not in numbers or len({*words}) != len(words) or not {*words} <= {*_WORDS}:
            raise UserError(
                f"{text!r} does not say which GPUs are to be emulated: give their number ({' or '.join(numbers)}), "
                f"then ,{DISCRETE} or ,{OTHER_VENDOR} or both for the last of them, such as 2,{DISCRETE} ({option})."
            )
        return cls(int(number), DISCRETE in words, OTHER_VENDOR in words)

    @property
    def is_plain(self) -> bool:
        """Whether it is the one that there is where nothing is said."""
        return self == Gpus()

    @property
    def text(self) -> str:
        """How it is written, always in the same way."""
        words = [word for word, is_so in zip(_WORDS, (self.discrete, self.other_vendor), strict=True) if is_so]
        return ",".join([str(self.number), *words])

    @property
    def words(self) -> str:
        """What there is: ``2 emulated GPUs, the last one discrete and another vendor's``."""
        kinds = [
            word for word, is_so in (("discrete", self.discrete), ("another vendor's", self.other_vendor)) if is_so
        ]
        number = "1 emulated GPU" if self.number == 1 else f"{self.number} emulated GPUs"
        return number + (f", the last one {' and '.join(kinds)}" if kinds else "")

    @property
    def devices(self) -> tuple[EmulatedGpu, ...]:
        """As a probe's request has them: none for the plain one."""
        if self.is_plain:
            return ()
        last = EmulatedGpu(self.discrete, "other" if self.other_vendor else "intel")
        return (*(EmulatedGpu() for _ in range(self.number - 1)), last)


def gpus_of(accelerator: str) -> Gpus:
    """The emulated GPUs of a run with that accelerator, as it is written; the plain one for whatever else it is."""
    text = accelerator.partition(":")[2]
    return Gpus.read("--accelerator", text) if is_emulated(accelerator) and text else Gpus()


def accelerator(*others: str) -> Kind:
    """The accelerator of a run: one of ``others``, ``emulated``, or ``emulated:`` and which GPUs; always written in the same way."""

    def read(option: str, text: str) -> str:
        if text in others:
            return text
        kind, colon, gpus = text.partition(":")
        if kind != EMULATED:
            raise UserError(
                f"there is no {text!r} to choose: take one of {', '.join(others)}, {EMULATED}, "
                f"or {EMULATED}:N and which GPUs, such as {EMULATED}:2,{DISCRETE} ({option})."
            )
        asked = Gpus.read(option, gpus) if colon else Gpus()
        if asked.other_vendor and asked.number == 1:
            raise UserError(
                f"AUTO leaves another vendor's GPU out, and {text} has no other: emulate two, "
                f"{EMULATED}:2,{asked.text.partition(',')[2]} ({option})."
            )
        return EMULATED if asked.is_plain else f"{EMULATED}:{asked.text}"

    return Kind(read, str, "|".join((*others, f"{EMULATED}[:N[,{DISCRETE}][,{OTHER_VENDOR}]]")))


def with_faults(option: str, gpus: Gpus, texts: Iterable[str]) -> tuple[EmulatedGpu, ...]:
    """These GPUs with faults from the start, each from ``GPU:WHAT=HOW[,after=N]`` (``1:build=hang``, ``0:launch=fail,after=3``).

    Raises :class:`UserError`.
    """
    devices = list(gpus.devices or (EmulatedGpu(),))
    for text in texts:
        if not (found := _FAULT.fullmatch(text)):
            raise UserError(
                f"{text!r} is no fault of an emulated GPU: write GPU:WHAT=HOW, with GPU from 0, WHAT build or launch and HOW fail, "
                f"hang or slow:SECONDS; then ,after=N to begin after N good ones; such as 0:launch=fail,after=3 ({option})."
            )
        number, after = int(found["gpu"]), int(found["after"] or 0)
        if number >= len(devices):
            raise UserError(f"{text!r} is a fault of a GPU that is not emulated: they are counted from 0 ({option}).")
        device = devices[number]
        if getattr(device, found["what"]):
            raise UserError(f"{text!r} is this GPU's second fault of that kind: leave one out ({option}).")
        if (device.build or device.launch) and device.after != after:
            raise UserError(
                f"{text!r} begins at another number than this GPU's other fault: give both the same after=N ({option})."
            )
        try:
            changed: Any = {found["what"]: found["how"]}
            devices[number] = replace(device, **changed, after=after)
        except ValueError as error:
            raise UserError(f"{error} ({option}).") from None
    return () if devices == [EmulatedGpu()] else tuple(devices)
