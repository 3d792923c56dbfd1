"""The study of AUTO's properties and its log: defaults, what is set, given and asked, wrong values, levels. Most need the CPU alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import NO_ERROR, Expect, Wanted, at_least, of_kind, one_of, saying
from autogauge.rig.rig import Rig
from autogauge.studies.hinted.reading import NONE_BY_LOG, NOT_TOLD, refused, said
from autogauge.studies.log_levels import LEVELS, compile_, log_by_environment, log_by_property

Reader = Callable[[Seen], Any]
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
UNKNOWN = "NO_SUCH_PROPERTY"
BOTH_OFF_SAYS = saying("no supported devices can be used")
ACCEPTED = ""
"""What is said where there is no error."""


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
            log_by_property(),
            *map(log_by_environment, LEVELS),
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


def _given() -> Case:
    return Case(
        "given-and-set",
        "models compiled with properties, on the CPU",
        (
            compile_("first", **GIVEN, PERF_COUNT=True),
            {"do": "ask", "of": "first", "properties": [*GIVEN]},
            {"do": "ask-all", "of": "first"},
            {"do": "infer", "of": "first"},
            {"do": "profiling", "of": "first"},
            {"do": "release", "of": "first"},
            compile_("next"),
            {"do": "infer", "of": "next"},
            {"do": "profiling", "of": "next"},
            {"do": "set", "device": "AUTO", "properties": {"PERFORMANCE_HINT": "THROUGHPUT"}},
            compile_("later"),
            {"do": "expect", "model": "relu"},
            compile_("bound", DEVICE_BIND_BUFFER=True, INFERENCE_PRECISION_HINT="f32"),
            {"do": "infer", "of": "bound", "times": 4},
            compile_("both off", ENABLE_STARTUP_FALLBACK=False, ENABLE_RUNTIME_FALLBACK=False),
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
            *(compile_(name, **{name: value}) for name, value in WRONG.items()),
            {"do": "set", "name": "set unknown", "device": "AUTO", "properties": {UNKNOWN: "1"}},
            compile_("given unknown", **{UNKNOWN: "1"}),
            compile_("curve", PERF_CURVE_TABLE="{CPU:{0:1.0,100:5.0}}"),
            compile_("no device", PERF_CURVE_TABLE="{TPU:{0:1.0}}"),
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


PROPERTIES = Properties()
