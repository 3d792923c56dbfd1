"""Steps that ask much.

``ask-all`` (every property that is named), ``profiling`` (a request's counters), ``environment`` (a variable), ``log-form`` (what a compile
prints).
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.steps.basic import compile_

if TYPE_CHECKING:
    from autogauge.probe.worker.steps.stage import Stage

    Step = dict[str, Any]

SUPPORTED = "SUPPORTED_PROPERTIES"
MOST_TEXT, MOST_OTHERS = 200, 5
_FORM = re.compile(r"\[\d\d:\d\d:\d\d\.\d+\][A-Z]\[[^\]]+:\d+\]\[(AUTO|MULTI)\].*")


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
    """How many operations the latest inference of the request kept of the model ``of`` has counters of; ``timed``: with a time."""
    request = stage.requests[step.get("of", "a") + "/" + step.get("request", "")]
    found = request.get_profiling_info()
    return {"operations": len(found), "timed": sum(each.real_time.total_seconds() > 0 for each in found)}


def log_form(stage: Stage, step: Step) -> dict[str, Any]:
    """Do the step ``compile``, and read what it prints: ``lines`` that are not empty, ``in_form``, and ``others`` (the first five).

    All of it is printed as before, after the compile.
    """
    sys.stdout.flush()
    with tempfile.TemporaryFile() as kept:
        out = os.dup(1)
        os.dup2(kept.fileno(), 1)
        try:
            compile_(stage, step)
        finally:
            os.dup2(out, 1)
            os.close(out)
            kept.seek(0)
            printed = kept.read()
            os.write(1, printed)
    return forms(printed.decode("utf-8", "replace"))


def forms(printed: str) -> dict[str, Any]:
    """How many lines of AUTO's log there are, and which of them are not in its form: time, level, file and line, plugin, text."""
    lines = [line for line in printed.splitlines() if line.strip()]
    others = [line[:MOST_TEXT] for line in lines if not _FORM.match(line)]
    return {"lines": len(lines), "in_form": len(lines) - len(others), "others": others[:MOST_OTHERS]}


def environment(stage: Stage, step: Step) -> None:
    """Set a variable of this process before AUTO is loaded; from then on ``compile`` leaves AUTO's log as it is."""
    os.environ[step["variable"]] = step["value"]
    stage.kept["logs"] = True


KINDS = {"ask-all": ask_all, "profiling": profiling, "environment": environment, "log-form": log_form}
