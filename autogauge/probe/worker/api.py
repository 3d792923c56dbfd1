"""openvino's API as far as the probe needs it, on every release from 2023.3 on. When what is called is left to ``subject``."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from typing import Any

from autogauge.probe.worker.precision import by_autos_rule, in_half_precision
from autogauge.probe.worker.tracing import use_of


def import_openvino() -> Any:
    """The openvino module with its API; before 2024 it lives in ``openvino.runtime``.

    Importing it would also fork a process that sends telemetry, beside what is being measured: not here.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    if not hasattr(openvino, "Tensor"):
        import openvino.runtime as openvino
    return openvino


def describe_runtime(ov: Any) -> dict[str, Any]:
    """Which openvino has been loaded: its version with the build, the folder of its package and that of its library.

    ``elsewhere`` are those of them that are not in the interpreter's own environment. The library is the one that the process has mapped;
    empty where Linux does not tell.
    """
    package = os.path.realpath(next(iter(sys.modules["openvino"].__path__)))
    library = _mapped("libopenvino.so")
    inside = tuple(os.path.realpath(each) + os.sep for each in _own_packages())
    elsewhere = [] if package.startswith(inside) else [package]
    if library and not (library + os.sep).startswith((package + os.sep, *inside)):
        elsewhere.append(library)
    return {"openvino": ov.get_version(), "package": package, "library": library, "elsewhere": elsewhere}


def _own_packages() -> list[str]:
    """The folders of packages of this interpreter's environment; the user's own (``~/.local``) are not among them."""
    found = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    if hasattr(site, "getsitepackages"):  # an old virtualenv's has no such function
        found.update(site.getsitepackages([sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]))
    return sorted(each for each in found if each)


def _mapped(name: str) -> str:
    """The folder of the first file in this process's memory whose name begins so."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                path = line.rstrip("\n").partition("/")[2]
                if os.path.basename(path).startswith(name):
                    return os.path.dirname("/" + path)
    except OSError:
        pass
    return ""


def plain(value: Any) -> Any:
    """A property's value as JSON: enumerations by their last name, tuples and sets as lists."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, (list, tuple, set)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return str(value).split(".")[-1]


def ask(source: Any, *names: str | tuple[str, str]) -> Any:
    """The first of the properties that ``source`` supports, or ``None``."""
    for name in names:
        try:
            return plain(source.get_property(name) if isinstance(name, str) else source.get_property(*name))
        except Exception:  # noqa: S112, what a release does not know is simply not told
            continue
    return None


def execution_devices(compiled: Any) -> list[str] | None:
    """The device or devices that answer now; in parentheses while AUTO's CPU helper does."""
    devices = ask(compiled, "EXECUTION_DEVICES")
    return [devices] if isinstance(devices, str) else devices


def state_variables(infer_request: Any) -> int | None:
    """How many variables an infer request keeps from one inference to the next; ``None`` where it cannot tell.

    AUTO cannot while it schedules over several devices, and then cannot reset them either; it does so with no model in which it sees state.
    """
    try:
        return len(infer_request.query_state())
    except Exception:
        return None


def describe_devices(core: Any) -> list[dict[str, Any]]:
    """Every device with its full name, type, driver and capabilities, as far as it tells."""
    return [
        {
            "name": name,
            "full_name": ask(core, (name, "FULL_DEVICE_NAME")) or "",
            "type": ask(core, (name, "DEVICE_TYPE")) or "",
            "driver": str(
                ask(core, (name, "NPU_DRIVER_VERSION"), (name, "GPU_DRIVER_VERSION"), (name, "DRIVER_VERSION")) or ""
            ),
            "capabilities": ask(core, (name, "OPTIMIZATION_CAPABILITIES")) or [],
        }
        for name in core.available_devices
    ]


def lengths_of(port: Any) -> list[int] | None:
    """An input's or output's shape: -1 for what is dynamic, ``None`` for an unknown rank."""
    shape = port.get_partial_shape()
    if not shape.rank.is_static:
        return None
    return [length.get_length() if length.is_static else -1 for length in shape]


def name_of(port: Any) -> str:
    """What an input or output is called; where its tensor has no name, its node's."""
    return str(port.get_any_name() if port.get_names() else port.get_node().get_friendly_name())


def describe_model(model: Any, declared: list[list[int] | None]) -> dict[str, Any]:
    """Name, inputs and outputs; dynamic lengths are -1, and a shape of unknown rank is ``None``.

    ``declared`` are the inputs' shapes in the file, before any reshaping. Of an input also its layout, the limits of its lengths, and
    what the graph uses it for.
    """

    def port(each: Any) -> dict[str, Any]:
        return {
            "name": name_of(each),
            "element_type": each.get_element_type().get_type_name(),
            "shape": lengths_of(each),
        }

    def input_(each: Any, shape: list[int] | None) -> dict[str, Any]:
        lengths = each.get_partial_shape()
        return {
            **port(each),
            "names": sorted({name_of(each), *each.get_names()}),
            "declared": shape,
            "layout": _layout_of(each.get_node()),
            "limits": [[length.get_min_length(), length.get_max_length()] for length in lengths]
            if lengths.rank.is_static
            else [],
            **use_of(each),
        }

    return {
        "friendly_name": model.get_friendly_name(),
        "inputs": [input_(each, shape) for each, shape in zip(model.inputs, declared)],  # noqa: B905, Python 3.8
        "outputs": [port(each) for each in model.outputs],
        "precision": by_autos_rule(model),
        "half_precision": in_half_precision(model),
    }


def _layout_of(node: Any) -> str:
    """A Parameter's layout as OpenVINO writes it; empty when it has none."""
    layout = str(node.layout) if hasattr(node, "layout") else ""
    return "" if layout in ("", "[...]") else layout


def reshape(model: Any, shapes: dict[str, list[int]]) -> None:
    """Give the named inputs static shapes; an empty name is the only input, or the only one that is dynamic.

    Raises ``ValueError`` for a name that no input has.
    """
    found = {}
    for name, lengths in shapes.items():
        named = [each for each in model.inputs if name in (*each.get_names(), each.get_node().get_friendly_name())]
        if not name:
            named = list(model.inputs)
            if len(named) > 1:
                named = [each for each in named if each.get_partial_shape().is_dynamic]
        if len(named) != 1:
            there = ", ".join(f"{name_of(each)}{lengths_of(each) or ''}" for each in model.inputs)
            wrong = (
                f"it has no input {name!r}" if name else f"it has {len(model.inputs)} inputs, and each is to be named"
            )
            raise ValueError(f"{wrong}, its inputs are {there}".replace("-1", "?"))
        found[named[0]] = list(lengths)
    if found:
        model.reshape(found)
