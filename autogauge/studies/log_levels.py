"""Cases of AUTO's log: by ``LOG_LEVEL``, set or given, and by OPENVINO_LOG_LEVEL; and that the one overrides the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case
from autogauge.rig.expecting import Expect, Wanted, at_least

Reader = Callable[[Seen], Any]
CPU = "AUTO:CPU"
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


def compile_(name: str, **properties: Any) -> dict[str, Any]:
    """A step of that name, which compiles a model for the CPU with these properties, and keeps it under the name."""
    return {"do": "compile", "name": name, "as": name, "model": "relu", "device": CPU, "properties": properties}


def letters(name: str) -> Reader:
    """Reads the letters of the levels in AUTO's log during that step; ``None`` where it did not end."""

    def read(seen: Seen) -> Any:
        step = seen.step(name)
        return None if step is None or not step.went_well else frozenset(step.log.levels)

    return read


def log_by_property() -> Case:
    """LOG_LEVEL, set or given, and the lines' form."""
    of_info = {"LOG_LEVEL": "LOG_INFO"}
    return Case(
        "log-by-property",
        "AUTO's log by LOG_LEVEL",
        (
            {**compile_("off"), "log": "LOG_NONE"},
            compile_("given", **of_info),
            {"do": "set", "device": "AUTO", "properties": of_info},
            compile_("after set"),
            {**compile_("form"), "do": "log-form"},
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
    return found if by_variable or (by_variable is not None and _heard(seen)) else None


def log_by_environment(number: str) -> Case:
    """OPENVINO_LOG_LEVEL with that number, then LOG_LEVEL; a control shows that the variable is heard."""
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
            compile_("by variable"),
            compile_("by property", LOG_LEVEL=turned),
            compile_("afterwards"),
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
        control=({"do": "environment", "variable": VARIABLE, "value": HEARD}, compile_(CONTROL)) if is_off else (),
    )
