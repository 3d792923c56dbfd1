"""The study of AUTO's properties and its log: defaults, what is set, given and asked, wrong values, levels. Most need the CPU alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import NO_ERROR, Expect, Wanted, at_least, of_kind, one_of, saying
from autogauge.rig.rig import Rig
from autogauge.studies.hinted.reading import NONE_BY_LOG, NOT_TOLD, refused, said

Reader = Callable[[Seen], Any]
CPU = "AUTO:CPU"
DEFAULTS: Mapping[str, tuple[str, Any]] = {
    "startup-fallback-is-on": ("ENABLE_STARTUP_FALLBACK", True),
    "runtime-fallback-is-on": ("ENABLE_RUNTIME_FALLBACK", True),
    "hint-is-latency": ("PERFORMANCE_HINT", "LATENCY"),
    "policy-is-device-priority": ("SCHEDULE_POLICY", "DEVICE_PRIORITY"),
    "model-priority-is-medium": ("MODEL_PRIORITY", "MEDIUM"),
}
"""What AUTO says of itself before anything is set, by promise."""
WRONG: Mapping[str, str] = {
    "PERFORMANCE_HINT": "FAST",
    "MODEL_PRIORITY": "URGENT",
    "SCHEDULE_POLICY": "RANDOM",
    "ENABLE_STARTUP_FALLBACK": "MAYBE",
    "ENABLE_RUNTIME_FALLBACK": "MAYBE",
    "EXECUTION_MODE_HINT": "BEST",
    "LOG_LEVEL": "LOUD",
}
DOCUMENTED = ("MULTI_DEVICE_PRIORITIES", *(name for name, _ in DEFAULTS.values()))
GIVEN: Mapping[str, Any] = {
    "PERFORMANCE_HINT": "THROUGHPUT",
    "MODEL_PRIORITY": "HIGH",
    "SCHEDULE_POLICY": "ROUND_ROBIN",
    "ENABLE_STARTUP_FALLBACK": False,
    "EXECUTION_MODE_HINT": "ACCURACY",
}
"""What one model is compiled with. The first two it names itself; the others it was given all the same."""
TOLD = ("PERFORMANCE_HINT", "MODEL_PRIORITY")
LEVELS = {
    "0": Wanted("no line", lambda seen: not seen),
    "2": Wanted("errors and warnings at most", lambda seen: seen <= frozenset("EW")),
    "3": Wanted("information, and errors and warnings at most", lambda seen: "I" in seen <= frozenset("EIW")),
}
"""Which levels, by their letters, OPENVINO_LOG_LEVEL lets through as documented."""
VARIABLE = "OPENVINO_LOG_LEVEL"
KNOWN_LEVELS = {
    "0": Wanted("none", lambda seen: False),
    "2": Wanted("information too", lambda seen: "I" in seen <= frozenset("EWI")),
    "3": Wanted("details too", lambda seen: "D" in seen),
}
"""What it lets through where it counts from errors (``log-level-numbers``): one level more."""
HEARD, CONTROL = "3", "control"
"""With this number something is logged: a process that logs with it hears the variable."""
UNKNOWN = "NO_SUCH_PROPERTY"
BOTH_OFF_SAYS = saying("no supported devices can be used")
ACCEPTED = ""
"""What is said where there is no error."""


def letters(name: str) -> Reader:
    """Reads the letters of the levels in AUTO's log during that step; ``None`` where it did not end."""

    def read(seen: Seen) -> Any:
        step = seen.step(name)
        return None if step is None or not step.went_well else frozenset(step.log.levels)

    return read


class Properties(CaseStudy):
    """Cases by what is asked: AUTO itself, models on the CPU, its log by property and by the environment."""

    name = "properties and log"
    promises: ClassVar[tuple[Promise, ...]] = (
        Promise("startup-fallback-is-on", "the start-up fallback is on by default", ("startup-default-on",)),
        Promise("runtime-fallback-is-on", "the run-time fallback is on by default", ("fallback-runtime-default-on",)),
        Promise("hint-is-latency", "AUTO's hint is LATENCY by default", ("hint-default-latency",)),
        Promise("policy-is-device-priority", "the schedule policy is DEVICE_PRIORITY by default", ("policy-default",)),
        Promise("model-priority-is-medium", "a model's priority is MEDIUM by default", ("priority-default",)),
        Promise(
            "supported-can-be-asked-and-set",
            "each property that AUTO names can be asked, and set where it says so",
            ("property-supported",),
        ),
        Promise(
            "a-model-tells-what-it-names", "a compiled model tells each property that it names", ("property-read-back",)
        ),
        Promise(
            "a-model-tells-all-it-was-given",
            "a compiled model tells each property that it was compiled with",
            ("property-read-back",),
            differs=("compiled-model-tells-little",),
        ),
        Promise("set-holds-for-later", "what is set on AUTO holds for later models", ("property-global",)),
        Promise("given-holds-for-one", "what one compile is given holds for it alone", ("property-one-call",)),
        Promise(
            "given-log-level-holds-for-one",
            "LOG_LEVEL that one compile is given holds for it alone",
            ("property-one-call",),
            differs=("log-level-stays",),
        ),
        Promise(
            "both-off-leaves-the-cpu-alone",
            "with both fallbacks off AUTO:CPU is the CPU",
            ("fallback-both-off-named",),
            differs=("both-fallbacks-off",),
        ),
        Promise("wrong-value-is-an-error", "a value that cannot be is an error", ("property-wrong-value-told",)),
        Promise("unknown-set-is-an-error", "setting an unknown property is an error", ("property-unknown-told",)),
        Promise(
            "unknown-given-is-an-error",
            "compiling with an unknown property is an error",
            ("property-unknown-told",),
            differs=("unknown-properties-accepted",),
        ),
        Promise("counters-reach-the-device", "PERF_COUNT on AUTO gives the device's counters", ("property-profiling",)),
        Promise("mode-reaches-the-device", "EXECUTION_MODE_HINT reaches the chosen device", ("hint-execution-mode",)),
        Promise("bound-buffers-answer-right", "with DEVICE_BIND_BUFFER answers are right", ("bind-buffer",)),
        Promise(
            "curves-are-of-known-devices",
            "PERF_CURVE_TABLE takes a curve for the CPU, and none for a device that there is not",
            ("selection-perf-curve-keys",),
            (("AUTO", "PERF_CURVE_TABLE"),),
        ),
        Promise(
            "low-power-device-changes-nothing",
            "without telemetry in the build LOW_POWER_DEVICE changes nothing",
            ("selection-low-power-no-effect",),
            (("AUTO", "LOW_POWER_DEVICE"),),
        ),
        Promise("log-follows-its-property", "AUTO's log follows LOG_LEVEL, set or given", ("log-level-property",)),
        Promise("log-lines-have-their-form", "each line has its time, level, file and plugin", ("log-format",)),
        Promise(
            "log-follows-the-environment",
            "OPENVINO_LOG_LEVEL is numbered as documented",
            ("log-level-environment",),
            differs=("log-level-numbers",),
        ),
        Promise(
            "environment-turns-the-log-off", "with OPENVINO_LOG_LEVEL=0 nothing is logged", ("log-level-environment",)
        ),
        Promise("log-property-wins", "LOG_LEVEL overrides OPENVINO_LOG_LEVEL", ("log-level-property-wins",)),
    )

    def cases(self, rig: Rig) -> Sequence[Case]:
        """In the order of the promises."""
        return (
            _defaults(),
            _given(),
            _wrong_and_unknown(),
            _low_power(),
            _log_by_property(),
            *map(_log_by_environment, LEVELS),
        )


def _defaults() -> Case:
    asked = [name for name, _ in DEFAULTS.values()]
    return Case(
        "auto-itself",
        "what AUTO says of itself",
        ({"do": "ask", "device": "AUTO", "properties": asked}, {"do": "ask-all", "name": "all", "device": "AUTO"}),
        (
            *(Expect(promise, name, _default(name), value) for promise, (name, value) in DEFAULTS.items()),
            *_asked_all("supported-can-be-asked-and-set", "all", DOCUMENTED),
        ),
    )


def _asked_all(promise: str, step: str, at_least_named: Sequence[str]) -> tuple[Expect, ...]:
    """Everything that is named can be asked and set, and what must be named is."""
    return (
        Expect(
            promise,
            "what is named",
            lambda seen: seen.value(step, "named"),
            Wanted(f"{', '.join(at_least_named)} among them", lambda named: {*at_least_named} <= {*named}),
        ),
        Expect(promise, "what cannot be asked", lambda seen: sorted(seen.value(step, "refused_asking")), []),
        Expect(promise, "what cannot be set", lambda seen: sorted(seen.value(step, "refused_setting")), []),
    )


def _compile(name: str, **properties: Any) -> dict[str, Any]:
    """A step of that name, which compiles a model for the CPU with these properties, and keeps it under the name."""
    return {"do": "compile", "name": name, "as": name, "model": "relu", "device": CPU, "properties": properties}


def _given() -> Case:
    return Case(
        "given-and-set",
        "models compiled with properties, on the CPU",
        (
            _compile("first", **GIVEN, PERF_COUNT=True),
            {"do": "ask", "of": "first", "properties": [*GIVEN]},
            {"do": "ask-all", "of": "first"},
            {"do": "infer", "of": "first"},
            {"do": "profiling", "of": "first"},
            {"do": "release", "of": "first"},
            _compile("next"),
            {"do": "infer", "of": "next"},
            {"do": "profiling", "of": "next"},
            {"do": "set", "device": "AUTO", "properties": {"PERFORMANCE_HINT": "THROUGHPUT"}},
            _compile("later"),
            {"do": "expect", "model": "relu"},
            _compile("bound", DEVICE_BIND_BUFFER=True, INFERENCE_PRECISION_HINT="f32"),
            {"do": "infer", "of": "bound", "times": 4},
            _compile("both off", ENABLE_STARTUP_FALLBACK=False, ENABLE_RUNTIME_FALLBACK=False),
        ),
        (
            *_asked_all("a-model-tells-what-it-names", "ask-all first", TOLD),
            *(
                Expect(
                    "a-model-tells-what-it-names" if name in TOLD else "a-model-tells-all-it-was-given",
                    name,
                    _told(name),
                    value,
                    () if name in TOLD else ("compiled-model-tells-little",),
                    as_known=one_of(NOT_TOLD),
                )
                for name, value in GIVEN.items()
            ),
            Expect("given-holds-for-one", "the next model's hint", _hint("next"), "LATENCY"),
            Expect("set-holds-for-later", "a later model's hint", _hint("later"), "THROUGHPUT"),
            Expect(
                "counters-reach-the-device",
                "operations that were timed with it",
                lambda seen: seen.value("profiling first", "timed"),
                at_least(1),
            ),
            Expect(
                "counters-reach-the-device",
                "operations that were timed without it",
                lambda seen: seen.value("profiling next", "timed"),
                0,
            ),
            Expect("mode-reaches-the-device", "what AUTO's log hands to the CPU", _mode, "ACCURACY"),
            Expect(
                "both-off-leaves-the-cpu-alone",
                "what is said of it",
                said("both off"),
                ACCEPTED,
                ("both-fallbacks-off",),
                as_known=BOTH_OFF_SAYS,
            ),
            Expect("bound-buffers-answer-right", "wrong answers", _wrong, 0),
        ),
    )


def _wrong_and_unknown() -> Case:
    return Case(
        "wrong-and-unknown",
        "values and properties that there are not",
        (
            *(_compile(name, **{name: value}) for name, value in WRONG.items()),
            {"do": "set", "name": "set unknown", "device": "AUTO", "properties": {UNKNOWN: "1"}},
            _compile("given unknown", **{UNKNOWN: "1"}),
            _compile("curve", PERF_CURVE_TABLE="{CPU:{0:1.0,100:5.0}}"),
            _compile("no device", PERF_CURVE_TABLE="{TPU:{0:1.0}}"),
        ),
        (
            *(
                Expect("wrong-value-is-an-error", f"{name}={value}", said(name), refused(name))
                for name, value in WRONG.items()
            ),
            Expect("unknown-set-is-an-error", "what is said of it", said("set unknown"), refused(UNKNOWN)),
            Expect(
                "unknown-given-is-an-error",
                "what is said of it",
                said("given unknown"),
                refused(UNKNOWN),
                ("unknown-properties-accepted",),
                as_known=NO_ERROR,
            ),
            Expect("curves-are-of-known-devices", "what is said of the CPU's", said("curve"), ACCEPTED),
            Expect(
                "curves-are-of-known-devices", "what is said of a TPU's", said("no device"), refused("PERF_CURVE_TABLE")
            ),
        ),
    )


def _told(name: str) -> Reader:
    """Reads what a model tells of a property, or that it cannot be asked; ``None`` where nobody asked."""

    def read(seen: Seen) -> Any:
        told, refused = seen.value("ask first", "told"), seen.value("ask first", "refused")
        return NOT_TOLD if refused is not None and name in refused else told[name]

    return read


def _default(name: str) -> Reader:
    return lambda seen: seen.value("ask", "told", name)


def _mode(seen: Seen) -> Any:
    """What AUTO hands to the CPU, by its log; ``None`` where it logs nothing at all."""
    step = seen.step("first")
    if step is None or not step.log.lines:
        return None
    return step.log.properties.get("CPU", {}).get("EXECUTION_MODE_HINT", "nothing")


def _hint(model: str) -> Reader:
    return lambda seen: seen.value(model, "PERFORMANCE_HINT")


def _wrong(seen: Seen) -> Any:
    """Wrong answers with bound buffers; ``None`` where none was compared."""
    return seen.value("infer bound", "wrong") if seen.value("infer bound", "compared") else None


def _low_power() -> Case:
    return Case(
        "low-power",
        "AUTO, which is to prefer the CPU in low power",
        (
            {"do": "compile", "model": "relu", "device": "AUTO", "properties": {"LOW_POWER_DEVICE": "CPU"}},
            {"do": "wait"},
        ),
        (
            Expect(
                "low-power-device-changes-nothing",
                "what AUTO's log selects first",
                lambda seen: seen.log.selected[0] if seen.log.selected or not seen.log.lines else NONE_BY_LOG,
                of_kind("GPU"),
            ),
        ),
        Sees.GPU,
    )


def _log_by_property() -> Case:
    of_info = {"LOG_LEVEL": "LOG_INFO"}
    return Case(
        "log-by-property",
        "AUTO's log by LOG_LEVEL",
        (
            {**_compile("off"), "log": "LOG_NONE"},
            _compile("given", **of_info),
            {"do": "set", "device": "AUTO", "properties": of_info},
            _compile("after set"),
            {**_compile("form"), "do": "log-form"},
        ),
        (
            Expect("log-follows-its-property", "levels with LOG_NONE", letters("off"), frozenset()),
            Expect("log-follows-its-property", "levels with LOG_INFO given", letters("given"), frozenset("I")),
            Expect("log-follows-its-property", "levels with LOG_INFO set", letters("after set"), frozenset("I")),
            Expect("log-lines-have-their-form", "lines in that form", _of_form("in_form"), at_least(1)),
            Expect("log-lines-have-their-form", "lines in another form", _of_form("others"), []),
        ),
    )


def _of_form(key: str) -> Reader:
    """Reads how many lines were in their form, or which were not; ``None`` where nothing was printed."""
    return lambda seen: seen.value("form", key) if seen.value("form", "lines") else None


def _as_before(seen: Seen) -> bool | None:
    """Whether a model that is given no level logs as one did before another was given one; ``None`` where that is not known."""
    before, after = letters("by variable")(seen), letters("afterwards")(seen)
    return None if before is None or after is None else before == after


def _heard(seen: Seen) -> bool:
    """Whether the variable is heard: another process, in which it is ``HEARD``, logged something."""
    return bool(letters(f"1: {CONTROL}")(seen))


def _by_property(seen: Seen) -> frozenset[str] | None:
    """The levels that a property lets through; ``None`` where the variable was not seen to do anything: then nothing is overridden."""
    by_variable: frozenset[str] | None = letters("by variable")(seen)
    found: frozenset[str] | None = letters("by property")(seen)
    return found if by_variable or _heard(seen) else None


def _log_by_environment(number: str) -> Case:
    turned = "LOG_INFO" if number == "0" else "LOG_NONE"
    levels = frozenset("I") if number == "0" else frozenset()
    is_off = number == "0"
    by_variable = Expect(
        "environment-turns-the-log-off" if is_off else "log-follows-the-environment",
        f"levels with {number}",
        letters("by variable"),
        LEVELS[number],
        () if is_off else ("log-level-numbers",),
        as_known=KNOWN_LEVELS[number],
        when=_heard if is_off else None,
    )
    return Case(
        f"log-by-environment-{number}",
        f"AUTO's log with {VARIABLE}={number}",
        (
            {"do": "environment", "variable": VARIABLE, "value": number},
            _compile("by variable"),
            _compile("by property", LOG_LEVEL=turned),
            _compile("afterwards"),
        ),
        (
            by_variable,
            Expect(
                "given-log-level-holds-for-one",
                f"whether the next model logs as before {turned}",
                _as_before,
                True,
                ("log-level-stays",),
            ),
            Expect("log-property-wins", f"levels with {number} and {turned}", _by_property, levels),
        ),
        control=({"do": "environment", "variable": VARIABLE, "value": HEARD}, _compile(CONTROL)) if is_off else (),
    )


PROPERTIES = Properties()
