"""A step that looks behind AUTO: ``behind`` tells what its devices were compiled with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.api import plain

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

MOST_TEXT = 500


def behind(stage: Stage, step: Step) -> dict[str, Any]:
    """What the devices behind the model kept as ``of`` have of ``properties``, as AUTO tells it (``DEVICE_PROPERTIES``).

    ``devices`` by the devices' names; a property that a device does not tell is left out.
    """
    told = stage.compiled[step.get("of", "a")].get_property("DEVICE_PROPERTIES")
    wanted = step["properties"]
    return {
        "devices": {
            device: {name: _short(properties[name]) for name in wanted if name in properties}
            for device, properties in dict(told).items()
        }
    }


def _short(value: Any) -> Any:
    """A value as JSON: of a text not more than a line, of an element type (``<Type: 'float32'>``) its name."""
    found = plain(value)
    if not isinstance(found, str):
        return found
    if found.startswith("<Type: '"):
        return found[len("<Type: '") : -len("'>")]
    return found[:MOST_TEXT]


KINDS = {"behind": behind}
