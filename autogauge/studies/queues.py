"""The study of many requests at once as Python's API makes them: how many AUTO advises, and that a queue of them can be let go of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from autogauge.probe.seen import Seen
from autogauge.rig.answered import became
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import HUNG, Expect, Wanted, one_of
from autogauge.rig.rig import Rig

LET_GO, ADVISED = "queue-and-model-let-go", "advised-requests-fit-the-device"
TIMES, REQUESTS, INFERENCES = 40, 4, 50
"""Where it hangs it did after 28 queues at most, in ten runs."""
DEADLINE_S = 20.0
THROUGHPUT = {"PERFORMANCE_HINT": "THROUGHPUT"}
OPTIMAL = "OPTIMAL_NUMBER_OF_INFER_REQUESTS"
ENOUGH = Wanted("at least what the accelerator wants once it answers", lambda told: bool(told[0] >= told[1]))


class Queues(CaseStudy):
    """A case on the CPU alone, and one across a hand-over."""

    name = "queues of requests"
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise(
            LET_GO,
            "an AsyncInferQueue whose requests are done can be let go of, and then its model",
            ("queue-let-go",),
            differs=("async-queue-end",),
        ),
        Promise(
            ADVISED,
            "the number of requests that AUTO advises after the compile is enough for the device that it hands over to",
            ("hint-optimal-requests",),
            differs=("optimal-requests-early",),
        ),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """In the order of the promises."""
        return (
            Case(
                "queues",
                f"{TIMES} queues with a callback, on the CPU",
                (
                    {"do": "memory"},  # so that a hang is not in the first step, whose process has longer to begin
                    {
                        "do": "queues",
                        "model": "relu",
                        "device": "AUTO:CPU",
                        "properties": THROUGHPUT,
                        "times": TIMES,
                        "requests": REQUESTS,
                        "inferences": INFERENCES,
                        "deadline_s": DEADLINE_S,
                    },
                ),
                (
                    Expect(
                        LET_GO,
                        "letting go of queue and model",
                        became("queues"),
                        "done",
                        differs=("async-queue-end",),
                        as_known=one_of(HUNG),
                        ends=(HUNG,),
                    ),
                    Expect(LET_GO, "what is said of it", lambda seen: seen.error("queues"), ""),
                    Expect(LET_GO, "the end of the process", lambda seen: seen.became, one_of("done", "hung")),
                    Expect(
                        LET_GO,
                        "callbacks that were called",
                        lambda seen: seen.value("queues", "called"),
                        TIMES * INFERENCES,
                        differs=("async-queue-end",),
                    ),
                ),
            ),
            Case(
                "advised",
                "the number of requests, asked after the compile and after the hand-over",
                (
                    {"do": "compile", "as": "a", "model": "relu", "device": "AUTO:GPU,CPU", "properties": THROUGHPUT},
                    {"do": "wait"},
                ),
                (Expect(ADVISED, "requests early and late", advised, ENOUGH, ("optimal-requests-early",)),),
                Sees.GPU,
            ),
        )


def advised(seen: Seen) -> Any:
    """The number after the compile and after the hand-over; ``None`` where the CPU did not help first, or was not handed over from."""
    early, late = seen.value("compile a"), seen.value("wait")
    if early["devices"] != ["(CPU)"] or any(each.startswith("(") for each in late["devices"]):
        return None
    return early[OPTIMAL], late[OPTIMAL]


QUEUES = Queues()
