"""The study of stateful and dynamic models: what AUTO does not do with state, and that it does everything with shapes that change.

The accumulator answers with the sum of its inputs so far, so 1, 2, 3 … for ones; any other number is a state that was lost or mixed up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen
from autogauge.probe.worker.hand_over import is_helper
from autogauge.rig.answered import (
    LONG,
    anybody,
    exactly,
    failed,
    fault_met,
    handed_over,
    is_device,
    near,
    off,
    order,
)
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import NO_ERROR, Expect, Wanted, of_kind, one_of, saying
from autogauge.rig.rig import Rig
from autogauge.studies.stateful_steps import ONES, answers, both, compile_, helped, ones, warned
from autogauge.targets import CUMULATIVE, F32, LATENCY, THROUGHPUT

HINTS = (LATENCY, THROUGHPUT, CUMULATIVE)
SUMS = [1.0, 2.0, 3.0, 4.0, 5.0]
ROWS = [[1, 16], [3, 16], [2, 16]]
IMAGES = [[1, 3, 8, 8], [2, 3, 5, 7], [1, 3, 16, 4]]

NO_HELPER, TOLD, KEPT, RESET = "no-helper", "fallbacks-off-told", "state-kept", "state-set-and-reset"
REFUSED, FAILS = "cumulative-refused", "failure-is-the-callers"
PATH_NO_HELPER, PATH_KEPT, PATH_REFUSED = "no-helper-from-path", "state-kept-from-path", "cumulative-refused-from-path"
IN_BODY, STATE_ALONE = "state-kept-in-a-body", "state-on-the-cpu-alone"
NORMAL, SHAPES, SHAPES_ALONE = "dynamic-as-any-other", "every-shape-right", "shapes-on-the-cpu-alone"
_BY_PATH = ("stateful-from-path",)

Step = Mapping[str, Any]
SIGNAL = "killed by signal"
SUMS_OF_EVERY_ONE = Wanted("a sum of every inference", lambda sums: len(sums) == 2 * ONES)
"""By a state that is lost, and not by an inference that failed."""


class StatefulAndDynamic(CaseStudy):
    """Cases of the accumulator, and of models with shapes that are not known beforehand."""

    name = "stateful and dynamic models"
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise(
            NO_HELPER,
            "a stateful model is loaded to the best device, and the CPU does not help",
            ("stateful-no-helper",),
        ),
        Promise(TOLD, "AUTO warns that it turns both fallbacks off for a stateful model", ("stateful-no-helper",)),
        Promise(KEPT, "each request keeps its state from one inference to the next", ("stateful-state-kept",)),
        Promise(RESET, "a request's states can be asked, set and reset", ("stateful-reset",)),
        Promise(
            FAILS,
            "where the device fails, that is an error, and no other device goes on without the state",
            ("stateful-no-helper",),
        ),
        Promise(
            REFUSED,
            "CUMULATIVE_THROUGHPUT refuses a stateful model on more than one device, and takes it on one",
            ("stateful-cumulative-refused",),
        ),
        Promise(
            PATH_NO_HELPER,
            "the CPU does not help a stateful model from a path either",
            ("stateful-no-helper", "stateful-same-from-path"),
            differs=_BY_PATH,
        ),
        Promise(
            PATH_KEPT,
            "a stateful model from a path keeps its state across the whole start",
            ("stateful-state-kept", "stateful-same-from-path"),
            differs=_BY_PATH,
        ),
        Promise(
            PATH_REFUSED,
            "CUMULATIVE_THROUGHPUT refuses a stateful model from a path, too",
            ("stateful-cumulative-refused", "stateful-same-from-path"),
            differs=_BY_PATH,
        ),
        Promise(
            IN_BODY,
            "state inside the body of an If is kept, or it is an error",
            ("stateful-state-kept",),
            differs=("state-in-if",),
        ),
        Promise(
            STATE_ALONE,
            "on the CPU alone a stateful model answers right with every hint, from an object and from a path",
            ("stateful-state-kept", "stateful-reset"),
        ),
        Promise(
            NORMAL,
            "a dynamic model starts on the CPU and is handed over; with CUMULATIVE_THROUGHPUT every device has it",
            ("dynamic-normal",),
        ),
        Promise(
            SHAPES, "a dynamic model answers right while shapes change from inference to inference", ("dynamic-right",)
        ),
        Promise(SHAPES_ALONE, "on the CPU alone AUTO answers every shape exactly as the CPU does", ("dynamic-right",)),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """All of them."""
        return (
            _from_object(rig),
            _failing(),
            _cumulative(),
            _from_path(rig),
            _in_a_body(),
            _stateful_alone(),
            *(_dynamic(model, shapes, rig) for model, shapes in (("dynamic", ROWS), ("dynamic-conv", IMAGES))),
            _dynamic_alone(),
        )


def _from_object(rig: Rig) -> Case:
    """AUTO, and a list with the CPU; two requests by turns; states by hand."""
    steps = (
        compile_("a", "accumulator", "AUTO"),
        ones("a", "first"),
        {"do": "wait", "of": "a", **LONG},
        ones("a", "later"),
        {"do": "infer", "of": "a", "name": "other request", "request": "other", "fill": 10, "times": 2},
        ones("a", "first request again", 1),
        {"do": "states", "of": "a", "name": "asked"},
        {"do": "states", "of": "a", "name": "set", "set": 100},
        ones("a", "after set", 1),
        {"do": "states", "of": "a", "name": "reset", "reset": True},
        ones("a", "after reset", 1),
        compile_("b", "accumulator", "AUTO:GPU,CPU", THROUGHPUT, rig=rig),
        ones("b", "with a list"),
    )
    expects = (
        Expect(
            NO_HELPER,
            "who is to answer, before any inference",
            lambda seen: seen.value("compile a", "devices")[0],
            of_kind("GPU"),
        ),
        Expect(NO_HELPER, "who answered first", lambda seen: seen.value("first", "devices")[0], of_kind("GPU")),
        Expect(
            NO_HELPER,
            "who answered first with AUTO:GPU,CPU",
            lambda seen: seen.value("with a list", "devices")[0],
            of_kind("GPU"),
        ),
        Expect(NO_HELPER, "the log says that the CPU helps", helped, False),
        Expect(TOLD, "a warning of the start-up fallback", warned("startup_fallback"), True),
        Expect(TOLD, "a warning of the run-time fallback", warned("running_fallback"), True),
        Expect(KEPT, "the sums of ones", both("first", "later"), [float(each) for each in range(1, 2 * ONES + 1)]),
        Expect(KEPT, "the sums of tens of another request", answers("other request"), [10.0, 20.0]),
        Expect(KEPT, "the first request's next sum", answers("first request again"), [2.0 * ONES + 1]),
        Expect(KEPT, "the sums with AUTO:GPU,CPU and THROUGHPUT", answers("with a list"), SUMS),
        Expect(RESET, "the states", lambda seen: seen.value("asked", "count"), 1),
        Expect(RESET, "the state that is asked", lambda seen: seen.value("asked", "values")[0][0], 2.0 * ONES + 1),
        Expect(RESET, "the next sum after 100 was set", answers("after set"), [101.0]),
        Expect(RESET, "the next sum after the reset", answers("after reset"), [1.0]),
    )
    return Case("stateful from an object", "a stateful model from an object", steps, expects, Sees.GPU)


def _failing() -> Case:
    """The GPU fails in the midst of it: the run-time fallback is off."""
    steps = (
        compile_("a", "accumulator", "AUTO"),
        ones("a", "good"),
        {"do": "fault", "what": "launch", "how": "fail"},
        ones("a", "failing", 2),
        {"do": "count"},
    )
    expects = (
        fault_met(FAILS, "launch-fault"),
        Expect(FAILS, "the sums before", answers("good"), SUMS),
        Expect(FAILS, "inferences that failed of two", lambda seen: seen.value("failing", "failed"), 2),
        Expect(FAILS, "devices that answered all the same", lambda seen: seen.value("failing", "devices"), []),
    )
    return Case(
        "stateful, the device fails", "a stateful model on a GPU that fails", steps, expects, gpus=(EmulatedGpu(),)
    )


def _cumulative() -> Case:
    """More than one device, and one."""
    steps = (
        compile_("several", "accumulator", "AUTO", CUMULATIVE),
        compile_("listed", "accumulator", "AUTO:GPU,CPU", CUMULATIVE),
        compile_("one", "accumulator", "AUTO:CPU", CUMULATIVE),
        ones("one", "on one"),
    )
    expects = (
        Expect(REFUSED, "what AUTO says", lambda seen: seen.error("compile several"), saying("stateful")),
        Expect(REFUSED, "what it says of AUTO:GPU,CPU", lambda seen: seen.error("compile listed"), saying("stateful")),
        Expect(REFUSED, "the sums on the CPU alone", answers("on one"), SUMS),
    )
    return Case("stateful, cumulative", "a stateful model with CUMULATIVE_THROUGHPUT", steps, expects, Sees.GPU)


def _from_path(rig: Rig) -> Case:
    """The same from a path."""
    steps = (
        compile_("a", "accumulator", "AUTO", given="path"),
        ones("a", "first"),
        {"do": "wait", "of": "a", **LONG},
        ones("a", "later"),
        {"do": "release", "of": "a"},
        compile_("several", "accumulator", "AUTO", CUMULATIVE, "path", rig),
    )
    expects = (
        Expect(
            PATH_NO_HELPER,
            "the log says that the CPU helps",
            helped,
            False,
            _BY_PATH,
        ),
        Expect(
            PATH_NO_HELPER,
            "who answered first",
            lambda seen: seen.value("first", "devices")[0],
            of_kind("GPU"),
            _BY_PATH,
            as_known=one_of("(CPU)"),
        ),
        Expect(
            PATH_KEPT,
            "the sums of ones",
            both("first", "later"),
            [float(each) for each in range(1, 2 * ONES + 1)],
            _BY_PATH,
            as_known=SUMS_OF_EVERY_ONE,
        ),
        Expect(
            PATH_REFUSED,
            "what AUTO says",
            lambda seen: seen.error("compile several"),
            saying("stateful"),
            _BY_PATH,
            as_known=NO_ERROR,
        ),
    )
    return Case("stateful from a path", "a stateful model from a path", steps, expects, Sees.GPU)


def _in_a_body() -> Case:
    """The state stands where AUTO does not look. An error is better than a wrong sum."""
    steps = (
        compile_("a", "accumulator-in-a-body", "AUTO"),
        ones("a", "first"),
        {"do": "wait", "of": "a", **LONG},
        ones("a", "later"),
    )

    def lost(seen: Seen) -> str | None:
        """What became of the state: kept, told (an error), lost; or how the process ended."""
        last = seen.steps[-1]
        if last.failure is not None:
            return last.became
        found = [seen.value(step, "answers") for step in ("first", "later")]
        if None in found:
            return "told" if seen.error("compile a") else None
        wanted = [float(each) for each in range(1, 2 * ONES + 1)]
        sums = [*found[0], *found[1]]
        if sums == wanted:
            return "kept"
        is_told = sums == wanted[: len(sums)] and (seen.value("first", "failed") or seen.value("later", "failed"))
        return "told" if is_told else f"lost: {', '.join(f'{each:g}' for each in sums)}"

    def is_known(value: str) -> bool:
        return (value.startswith("lost: ") and value.count(",") == 2 * ONES - 1) or value.startswith(SIGNAL)

    expects = (
        Expect(
            IN_BODY,
            "the state",
            lost,
            one_of("kept", "told"),
            ("state-in-if",),
            as_known=Wanted("lost", is_known),
            ends=(("signal", "2024"),),
        ),
    )
    return Case("state in a body", "state inside the body of an If", steps, expects, Sees.GPU)


def _stateful_alone() -> Case:
    """Every hint on the CPU alone."""
    steps: list[Step] = []
    expects = []
    for hint in HINTS:
        for given in ("object", "path"):
            name = f"{hint} {given}"
            steps += [
                compile_(name, "accumulator", "AUTO", hint, given),
                ones(name, f"ones {name}"),
                {"do": "states", "of": name, "name": f"reset {name}", "reset": True},
                ones(name, f"again {name}", 1),
                {"do": "release", "of": name},
            ]
            what = f"{hint}, from {given}: "
            expects += [
                Expect(STATE_ALONE, f"{what}the sums", answers(f"ones {name}"), SUMS),
                Expect(STATE_ALONE, f"{what}the next sum after a reset", answers(f"again {name}"), [1.0]),
            ]
    return Case(
        "stateful, the CPU alone", "a stateful model on the CPU alone", tuple(steps), tuple(expects), Sees.CPU_ONLY
    )


def _in_rounds(
    name: str,
    model: str,
    shapes: Sequence[Sequence[int]],
    hint: str,
    given: str = "object",
    rig: Rig | None = None,
) -> list[Step]:
    """Inferences whose shapes change by turns: three in flight, until the accelerator has answered every shape."""
    rounds = {"do": "answers", "of": name, "way": "async", "requests": 3, "after": 4, "shapes": shapes, **LONG}
    return [compile_(name, model, "AUTO", hint, given, rig), rounds, {"do": "release", "of": name}]


def _dynamic(model: str, shapes: Sequence[Sequence[int]], rig: Rig) -> Case:
    """Each hint from an object, and one from a path."""
    steps: list[Step] = [{"do": "reference", "model": model, "device": "CPU", "properties": F32, "shapes": shapes}]
    expects = []
    for hint, given in ((LATENCY, "object"), (THROUGHPUT, "object"), (CUMULATIVE, "object"), (LATENCY, "path")):
        name = f"{hint} {given}"
        steps += _in_rounds(name, model, shapes, hint, given, rig)
        step, what = f"answers {name}", f"{hint}, from {given}: "
        if hint == CUMULATIVE:
            kinds = {"CPU", "GPU"}
            expects.append(Expect(NORMAL, f"{what}the kinds of devices", _kinds(f"compile {name}"), kinds))
        else:
            expects += [
                Expect(NORMAL, f"{what}who answered", order(step), handed_over),
                Expect(SHAPES, f"{what}the helper, off from the CPU", off(step, is_helper, "CPU"), exactly),
            ]
        expects += [
            Expect(SHAPES, f"{what}the device, off from the CPU", off(step, is_device, "CPU"), near),
            Expect(SHAPES, f"{what}any answer, off from the CPU", off(step, anybody, "CPU"), near),
            Expect(SHAPES, f"{what}requests that failed", failed(step), 0),
        ]
    title = f"a dynamic model ({model}) on a machine with a GPU"
    return Case(model, title, tuple(steps), tuple(expects), Sees.GPU)


def _kinds(step: str) -> Any:
    return lambda seen: {each.partition(".")[0] for each in seen.value(step, "devices")}


def _dynamic_alone() -> Case:
    """Both models with every hint on the CPU alone."""
    steps: list[Step] = []
    expects = []
    for model, shapes in (("dynamic", ROWS), ("dynamic-conv", IMAGES)):
        steps.append({"do": "reference", "model": model, "device": "CPU", "properties": F32, "shapes": shapes})
        for hint in HINTS:
            name = f"{model} {hint}"
            steps += _in_rounds(name, model, shapes, hint)
            what = f"{model}, {hint}: "
            expects += [
                Expect(SHAPES_ALONE, f"{what}off from the CPU", off(f"answers {name}", is_device, "CPU"), exactly),
                Expect(SHAPES_ALONE, f"{what}requests that failed", failed(f"answers {name}"), 0),
            ]
    return Case(
        "dynamic, the CPU alone", "dynamic models on the CPU alone", tuple(steps), tuple(expects), Sees.CPU_ONLY
    )


STATEFUL_AND_DYNAMIC = StatefulAndDynamic()
