"""Cases of CUMULATIVE_THROUGHPUT: which devices take part, how many requests it advises, and that all of them are answered."""

from __future__ import annotations

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, Promise, Sees
from autogauge.rig.expecting import Expect, Wanted, one_of
from autogauge.rig.rig import Rig
from autogauge.studies.hinted.reading import (
    ALIKE,
    BOTH,
    CUMULATIVE,
    EVERY_ONE,
    NO_DEVICE,
    OPTIMAL,
    SOME_BY_EACH,
    THROUGHPUT,
    UNBATCHED,
    Reader,
    both,
    by_log,
    compiled,
    devices,
    of_step,
    one_stream,
    released,
    returned,
    summed,
    together,
    told,
    with_behind,
    wrong_of,
)

AT_ONCE, ROUNDS = 6, 30
"""So many requests at once, so many times over: more than either device takes, so that both have to."""
PROMISES = (
    Promise(
        "all-devices-infer",
        "with CUMULATIVE_THROUGHPUT all devices of the list infer",
        ("cumulative-all-devices", "selection-execution-devices"),
    ),
    Promise(
        "cumulative-answers-all", "with CUMULATIVE_THROUGHPUT each request is answered", ("cumulative-all-devices",)
    ),
    Promise(
        "requests-are-the-sum",
        "CUMULATIVE_THROUGHPUT advises as many requests as its devices together",
        ("cumulative-requests-sum",),
    ),
    Promise(
        "numbers-in-brackets-lose-no-device",
        "a list with numbers of requests in brackets names its devices",
        ("cumulative-all-devices",),
    ),
    Promise(
        "streams-as-a-number-lose-no-device",
        "with NUM_STREAMS as a number all devices of CUMULATIVE_THROUGHPUT take part",
        ("hint-streams-number", "cumulative-all-devices"),
        differs=("num-streams-number",),
    ),
    Promise(
        "all-gpus-without-names",
        "CUMULATIVE_THROUGHPUT without names takes both GPUs of two",
        ("cumulative-all-gpus",),
    ),
    Promise("named-gpus-alone", "CUMULATIVE_THROUGHPUT on GPUs that are named takes those", ("cumulative-named-gpus",)),
    Promise(
        "capable-devices-alone",
        "CUMULATIVE_THROUGHPUT leaves out a device that lacks the model's precision",
        ("cumulative-capable-devices",),
        differs=("cumulative-any-precision",),
    ),
)


def cases(rig: Rig) -> tuple[Case, ...]:
    """One GPU, two GPUs, and a model in half precision."""
    return _together(rig), _two_gpus(), _half_precision()


def _together(rig: Rig) -> Case:
    alone = (compiled("cpu", "CPU", THROUGHPUT), compiled("gpu", "GPU", THROUGHPUT))
    plain = with_behind(compiled("unbatched", BOTH, CUMULATIVE, UNBATCHED, one_stream(rig)))
    return Case(
        "cumulative",
        "all devices at once",
        (
            *alone,
            compiled("sum", BOTH, CUMULATIVE),
            *plain,
            {"do": "expect", "model": "relu"},
            together("unbatched", AT_ONCE, ROUNDS),
            released("unbatched"),
            compiled("brackets", "AUTO:CPU(1),GPU(1)", CUMULATIVE, UNBATCHED),
            compiled("two streams", BOTH, CUMULATIVE, UNBATCHED, {"NUM_STREAMS": 2}),
        ),
        (
            Expect("all-devices-infer", "EXECUTION_DEVICES", devices("unbatched"), ["GPU", "CPU"]),
            Expect(
                "all-devices-infer",
                f"who did {AT_ONCE * ROUNDS} inferences, {AT_ONCE} at once",
                by_log("unbatched"),
                SOME_BY_EACH,
            ),
            Expect("cumulative-answers-all", "requests", returned("unbatched", AT_ONCE), EVERY_ONE),
            Expect("cumulative-answers-all", "wrong answers", wrong_of(f"{AT_ONCE} of unbatched"), 0),
            Expect(
                "requests-are-the-sum",
                "requests of AUTO, and of the CPU and the GPU alone together",
                both(told("sum", OPTIMAL), summed(told("cpu", OPTIMAL), told("gpu", OPTIMAL))),
                ALIKE,
            ),
            Expect(
                "numbers-in-brackets-lose-no-device",
                "EXECUTION_DEVICES of AUTO:CPU(1),GPU(1)",
                devices("brackets"),
                ["CPU", "GPU"],
            ),
            Expect(
                "streams-as-a-number-lose-no-device",
                "EXECUTION_DEVICES",
                devices("two streams"),
                ["GPU", "CPU"],
                ("num-streams-number",),
                as_known=one_of(["CPU"]),
            ),
        ),
        Sees.ONE_GPU,
    )


def _named(name: str) -> Reader:
    return of_step(name, lambda step: step.value["devices"] or NO_DEVICE)


def _two_gpus() -> Case:
    return Case(
        "cumulative-two-gpus",
        "all devices at once, two GPUs",
        (
            compiled("unnamed", "AUTO", CUMULATIVE, UNBATCHED),
            compiled("named", "AUTO:GPU.1,GPU.0", CUMULATIVE, UNBATCHED),
            compiled("one of two", "AUTO:GPU.1,CPU", CUMULATIVE, UNBATCHED),
        ),
        (
            Expect(
                "all-gpus-without-names",
                "EXECUTION_DEVICES of AUTO",
                _named("unnamed"),
                Wanted("both GPUs among them", lambda found: {"GPU.0", "GPU.1"} <= {*found}),
            ),
            Expect("named-gpus-alone", "EXECUTION_DEVICES of AUTO:GPU.1,GPU.0", _named("named"), ["GPU.1", "GPU.0"]),
            Expect("named-gpus-alone", "EXECUTION_DEVICES of AUTO:GPU.1,CPU", _named("one of two"), ["GPU.1", "CPU"]),
        ),
        gpus=(EmulatedGpu(), EmulatedGpu()),
    )


def _half_precision() -> Case:
    """The emulated GPU has no half precision; whether the CPU has it, is asked."""

    def capable(seen: Seen) -> list[str] | None:
        known = {device: seen.value(f"capabilities {device}", "told", "OPTIMIZATION_CAPABILITIES") for device in kinds}
        if None in known.values():
            return None
        return [device for device in kinds if "FP16" in known[device]]

    kinds = ("GPU", "CPU")
    taken = devices("half")

    def lacking(seen: Seen) -> list[str] | str | None:
        found, able = taken(seen), capable(seen)
        if found is None or able is None:
            return None
        if isinstance(found, str):
            return found if able else []  # where none has it, an error is as good
        return [device for device in found if device not in able]

    return Case(
        "cumulative-half-precision",
        "all devices at once, a model in half precision",
        (
            *(
                {
                    **{"do": "ask", "name": f"capabilities {device}", "device": device},
                    "properties": ["OPTIMIZATION_CAPABILITIES"],
                }
                for device in kinds
            ),
            compiled("half", BOTH, CUMULATIVE, UNBATCHED, model="conv-f16-plain"),
        ),
        (
            Expect(
                "capable-devices-alone",
                "devices that take part, and lack FP16",
                lacking,
                [],
                ("cumulative-any-precision",),
                as_known=Wanted("devices", lambda found: isinstance(found, list)),
            ),
        ),
        gpus=(EmulatedGpu(),),
    )
