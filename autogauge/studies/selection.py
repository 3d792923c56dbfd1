"""The study of selection: which device AUTO takes, by the devices that there are and the device string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from autogauge.rig.cases import Case, CaseStudy, Expect, Promise, Sees, of_kind
from autogauge.rig.rig import Rig


class Selection(CaseStudy):
    """Cases by what their process sees."""

    name = "selection"
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise("cpu-is-last", "without an accelerator AUTO takes the CPU", ("selection-discrete-first",)),
        Promise("gpu-before-cpu", "AUTO takes a GPU before the CPU", ("selection-discrete-first",)),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """By the devices that are seen."""
        steps = (
            {"do": "compile", "model": "relu", "device": "AUTO"},
            {"do": "infer"},
            {"do": "wait"},
            {"do": "release"},
        )
        return (
            Case(
                "cpu alone",
                "only the CPU",
                steps,
                (
                    Expect("cpu-is-last", "who answers", lambda seen: seen.value("infer", "devices"), ["CPU"]),
                    Expect("cpu-is-last", "what AUTO's log selects", lambda seen: seen.log.selected or None, ["CPU"]),
                ),
                Sees.CPU_ONLY,
            ),
            Case(
                "one gpu",
                "a GPU",
                steps,
                (
                    Expect(
                        "gpu-before-cpu", "what AUTO's log selects", lambda seen: seen.log.selected[0], of_kind("GPU")
                    ),
                ),
                Sees.GPU,
            ),
        )


SELECTION = Selection()
