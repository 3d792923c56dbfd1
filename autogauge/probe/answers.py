"""What an answer of a probe must hold. A probe may run on any interpreter that somebody named: its word is checked, never trusted.

Only what the suite goes on to use is looked at; what an answer holds beside is nobody's business.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]
MOST_LAYERS = 100_000


def _number(value: Any) -> bool:
    """A finite number; ``True`` is none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _positive(value: Any) -> bool:
    return _number(value) and value > 0


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 20


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _by_name(check: Check) -> Check:
    """A dictionary; JSON's names are text."""
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _seconds_with(*phases: str) -> Check:
    """Non-negative seconds by phase, these among them."""

    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and all(_number(each) and each >= 0 for each in value.values())
            and set(phases) <= value.keys()
        )

    return check


def _device(value: Any) -> bool:
    return isinstance(value, dict) and _text(value.get("name")) and _list_of(_text)(value.get("capabilities", []))


def _from_zero(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40


def _table(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"length", "added"}
        and _from_zero(value["length"])
        and value["length"] > 0
        and isinstance(value["added"], int)
        and _from_zero(abs(value["added"]))
    )


def _port(value: Any) -> bool:
    shape = value.get("shape") if isinstance(value, dict) else 0
    return (
        isinstance(value, dict)
        and _text(value.get("name"))
        and _text(value.get("element_type"))
        and _or_none(_list_of(lambda length: isinstance(length, int) and not isinstance(length, bool)))(shape)
        and _or_none(_from_zero)(value.get("bound"))
        and _or_none(_table)(value.get("table"))
    )


def _model(value: Any) -> bool:
    return isinstance(value, dict) and _list_of(_port)(value.get("inputs")) and _list_of(_port)(value.get("outputs"))


def _index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 20


def _state(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"variables", "in_bodies", "grows"}
        and _count(value["variables"])
        and _truth(value["in_bodies"])
        and _truth(value["grows"])
    )


def _examined(value: Any) -> bool:
    """What is wrong with a target, in lists of text."""
    lists = dict.fromkeys(("absent", "only_read", "asked", "known", "available"), _list_of(_text))
    lists.update(unknown=_list_of(_texts(2)), refused=_list_of(_texts(4)))
    return isinstance(value, dict) and value.keys() == lists.keys() and all(lists[each](value[each]) for each in lists)


def _texts(number: int) -> Check:
    return lambda value: _list_of(_text)(value) and len(value) == number


def _brief_text(value: Any) -> bool:
    return _text(value) and len(value) <= 1000


_MACHINE: Mapping[str, Check] = {
    "system": _brief_text,
    "architecture": _brief_text,
    "logical_cpus": _or_none(_count),
    "processor_quota": _or_none(lambda value: _number(value) and value >= 0),
    "memory_gib": _or_none(_from_zero),
    "noted": lambda value: (
        isinstance(value, dict)
        and all(name in _NOTED and (each is None or _NOTED[name](each)) for name, each in value.items())
    ),
}
_NOTED: Mapping[str, Check] = {
    **dict.fromkeys(
        (
            *("kernel", "microcode", "processors", "governor", "frequency_driver", "energy_preference", "boost"),
            *("smt", "isolated_processors", "mitigations", "huge_pages", "clock_source", "virtual_machine"),
            *("power_source", "power_profile", "gpu_kernel_driver", "npu_kernel_driver"),
            *("opencl_loader", "graphics_compiler", "level_zero_loader", "level_zero_gpu", "level_zero_npu"),
        ),
        _brief_text,
    ),
    **dict.fromkeys(
        ("frequency_limit_mhz", "memory_limit_mib", "swap_mib", "numa_nodes", "gpu_frequency_limit_mhz"), _from_zero
    ),
}


def _machine(value: Any) -> bool:
    """The facts of a machine, and no others."""
    return (
        isinstance(value, dict)
        and value.keys() == _MACHINE.keys()
        and all(check(value[name]) for name, check in _MACHINE.items())
    )


def _types_by_index(value: Any) -> bool:
    return _by_name(_list_of(_text))(value) and all(each.isascii() and each.isdigit() for each in value)


def _not_negative(value: Any) -> bool:
    return _number(value) and value >= 0


def _layer(value: Any) -> bool:
    """A layer of an executed graph."""
    return (
        isinstance(value, dict)
        and all(_text(value.get(name)) for name in ("name", "type", "kernel", "precision", "layouts"))
        and _text(value.get("shapes", ""))
        and _list_of(_text)(value.get("originals"))
        and _truth(value.get("executed"))
    )


_DEVICES = _or_none(_list_of(_text))
_COMPILED: Mapping[str, Check] = {
    "openvino": _text,
    "execution_devices": _DEVICES,
    "execution_devices_before": _DEVICES,
    "optimal_infer_requests": _or_none(_count),
    "hint": _or_none(_text),
    "loaded_from_cache": _or_none(_truth),
    "peak_memory_bytes": _or_none(_number),
    "state_variables": _or_none(_index),
    "state": _or_none(_text),
}
_PHASES = ("import", "core", "read", "compile", "first_inference", "fil")
_NEEDED: Mapping[str, Mapping[str, Check]] = {
    "described": {
        "openvino": _text,
        "elsewhere": _list_of(_text),
        "machine": _machine,
        "devices": _list_of(_device),
        "model": _or_none(_model),
        "state": _or_none(_state),
        "random_outputs": _types_by_index,
        "targets": _list_of(_examined),
    },
    "measured": {**_COMPILED, "seconds": _seconds_with(*_PHASES), "surroundings": _by_name(_or_none(_number))},
    "ready": {**_COMPILED, "seconds": _seconds_with("compile", "fil"), "infer_requests": _count, "driver": _text},
    "slice": {
        "inferences_per_second": lambda value: _number(value) and value >= 0,
        "counted_s": _positive,
        "latencies_ms": _list_of(lambda value: _number(value) and value >= 0),
        "surroundings": _by_name(_or_none(_number)),
        "execution_devices": _DEVICES,
    },
    "step": {
        "number": _index,
        "seconds": lambda value: _number(value) and value >= 0,
        "value": lambda value: isinstance(value, dict),
        "error": _or_none(_text),
    },
    "done": {"openvino": _text, "surroundings": _by_name(_or_none(_number))},
    "inferred": {"execution_devices": _DEVICES},
    "ended": {"destroy_s": lambda value: _number(value) and value >= 0},
}
_MAY_HOLD: Mapping[str, Check] = {
    "outcome": _text,
    "handed_over_s": _or_none(_number),
    "devices": lambda value: isinstance(value, list) and all(_text(each) or _device(each) for each in value),
    "execution_devices_warm": _DEVICES,
    "execution_devices_in_the_end": _DEVICES,
    "drivers": _list_of(_text),
    "trial": _by_name(_list_of(_number)),
    "processors": _count,
    "memory_bytes": _by_name(_or_none(_from_zero)),
    "threads": _or_none(_count),
    "helper_latencies_ms": _list_of(lambda value: _number(value) and value >= 0),
    "steady_latencies_ms": _list_of(lambda value: _number(value) and value >= 0),
    "layers": lambda value: _list_of(_layer)(value) and len(value) <= MOST_LAYERS,
    "layers_us": lambda value: _list_of(_not_negative)(value) and len(value) <= MOST_LAYERS,
    "latencies_ms": _list_of(_not_negative),
    "inferences_per_second": _not_negative,
    "infer_requests": _count,
    "properties": lambda value: isinstance(value, dict),
    "averages": _truth,
    "averages_seen": _truth,
    "step_us": _positive,
    "counted_on": _text,
    "counted_why": _text,
    "wrong": _number,
    "failed": _number,
    "failures": _list_of(_text),
    "unsteady_outputs": _list_of(_index),
    "compared": _list_of(_index),
    "helper_requests": _or_none(_count),
    "compile_began_of_day_s": _number,
    "priorities": _or_none(lambda value: _text(value) or _list_of(_text)(value)),
}


def fault_of(message: Mapping[str, Any]) -> str | None:
    """What is wrong with an answer, in words; ``None`` where it holds what its type must hold."""
    needed = _NEEDED.get(str(message.get("type")), {})
    for name, check in needed.items():
        if name not in message:
            return f"it lacks {name}"
        if not check(message[name]):
            return f"its {name} makes no sense: {_shown(message[name])}"
    for name, check in _MAY_HOLD.items():
        if name in message and name not in needed and not check(message[name]):
            return f"its {name} makes no sense: {_shown(message[name])}"
    return None


def _shown(value: Any) -> str:
    """A value short enough for a sentence."""
    try:
        shown = repr(value)
    except RecursionError:
        shown = "nested too deeply"
    return shown if len(shown) <= 80 else f"{shown[:79]}…"
