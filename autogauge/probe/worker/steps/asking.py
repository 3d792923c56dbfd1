"""Steps that ask much: ``ask-all`` (every property that is named), ``profiling`` (a request's counters), ``environment`` (a variable)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

SUPPORTED = "SUPPORTED_PROPERTIES"


def ask_all(stage: Stage, step: Step) -> dict[str, Any]:
    """Every property that the model kept as ``of`` or the ``device`` names in SUPPORTED_PROPERTIES.

    ``named`` are their names; ``refused_asking`` are those that cannot be asked, ``refused_setting`` those that are said to be changeable,
    and do not take their present value (of a device), each with what was said.
    """
    source = stage.compiled[step["of"]] if "of" in step else stage.core
    arguments = () if "of" in step else (step["device"],)
    named = source.get_property(*arguments, SUPPORTED)
    asking: dict[str, str] = {}
    setting: dict[str, str] = {}
    for name, mutability in named.items():
        try:
            value = source.get_property(*arguments, name)
        except Exception as error:
            asking[name] = str(error).strip()[-300:]
            continue
        if arguments and str(mutability) == "RW":
            try:
                source.set_property(*arguments, {name: value})
            except Exception as error:
                setting[name] = str(error).strip()[-300:]
    return {"named": sorted(named), "refused_asking": asking, "refused_setting": setting}


def profiling(stage: Stage, step: Step) -> dict[str, Any]:
    """How many operations the latest inference of the request kept of the model ``of`` has counters of."""
    request = stage.requests[step.get("of", "a") + "/" + step.get("request", "")]
    return {"operations": len(request.get_profiling_info())}


def environment(stage: Stage, step: Step) -> None:
    """Set a variable of this process before AUTO is loaded; from then on ``compile`` leaves AUTO's log as it is."""
    os.environ[step["variable"]] = step["value"]
    stage.kept["logs"] = True


KINDS = {"ask-all": ask_all, "profiling": profiling, "environment": environment}
