"""What one request measures: openvino, a Core, the model and the compiled model, each made as a timed phase."""

from __future__ import annotations

import os
import tempfile
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from autogauge.probe.worker.answers import Answers
from autogauge.probe.worker.api import (
    ask,
    describe_runtime,
    execution_devices,
    import_openvino,
    lengths_of,
    reshape,
    state_variables,
)
from autogauge.probe.worker.emulation import choose_class, hide_gpus, switch_on

if TYPE_CHECKING:
    from autogauge.probe.worker.channel import Phase

    Request = dict[str, Any]

clock = time.perf_counter
RESET, NOT_RESET = "reset before each inference", "cannot be reset"


def wait_for_accelerator(compiled: Any, longest_s: float) -> list[str] | None:
    """Wait until AUTO's CPU helper has been released, at most so long; returns the devices then."""
    stop_at = clock() + longest_s
    devices = execution_devices(compiled)
    while clock() < stop_at and any(str(each).startswith("(") for each in devices or []):
        time.sleep(0.02)
        devices = execution_devices(compiled)
    return devices


class Subject:
    """openvino, a Core, the model, and the compiled model, each made as a timed phase."""

    def __init__(self, request: Request, phase: Phase) -> None:
        self.request, self.phase = request, phase
        self.emulated: dict[str, Any] | None = None
        if request["emulation"]:
            self.emulated = phase.timed("processor class", choose_class)
            phase.timed("emulation", lambda: switch_on(request["emulation"]))
        elif request["without_gpu"]:
            hide_gpus()
        self.ov = phase.timed("import", import_openvino)
        self.runtime = describe_runtime(self.ov)
        phase.tell("runtime", **self.runtime)  # before anything is measured: the launcher ends a probe that is another
        self.core = phase.timed("core", self.ov.Core)
        for name, library in (request.get("plugins") or {}).items():
            phase.timed("plugins", partial(self.core.register_plugin, library, name))
        if request["model"]:
            self.model = phase.timed("read", lambda: self.core.read_model(request["model"]))
            if request["mode"] == "describe":
                self.declared = [lengths_of(each) for each in self.model.inputs]
            phase.timed("reshape", lambda: reshape(self.model, request["shapes"]))

    def compile_and_infer_once(self) -> dict[str, Any]:
        """Compile, then the first inference; FIL is their sum, without the questions asked in between."""
        request, phase = self.request, self.phase
        if (request["device"] or "AUTO").startswith("AUTO"):
            phase.timed("log", lambda: self.core.set_property("AUTO", {"LOG_LEVEL": "LOG_INFO"}))
        self.tensors = phase.timed("input", self._read_inputs)
        properties = dict(request["properties"])
        if request["cache"] == "cold":
            properties["CACHE_DIR"] = tempfile.mkdtemp(prefix="openvino-cache-", dir=os.getcwd())
        elif request["cache"] != "off":
            properties["CACHE_DIR"] = request["cache"]
        given = {} if request["device"] is None else {"device_name": request["device"]}
        self.compile_began, now = clock(), time.time()
        local = time.localtime(now)
        self.compile_began_of_day_s = local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec + now % 1
        self.compiled = phase.timed("compile", lambda: self.core.compile_model(self.model, config=properties, **given))
        devices_before = execution_devices(self.compiled)
        self.infer_request = phase.timed("first_inference", self._first_inference)
        phase.enter("properties")
        self.state_variables = state_variables(self.infer_request)
        phase.seconds["fil"] = phase.seconds["compile"] + phase.seconds["first_inference"]
        return {
            "execution_devices_before": devices_before,
            **self.properties(),
            "execution_devices": execution_devices(self.compiled),  # last: who it names gave the properties too
            "state_variables": self.state_variables,
            "state": RESET if self.resets_state else NOT_RESET if request["has_state"] else None,
        }

    @property
    def resets_state(self) -> bool:
        """Whether the compiled model has state, which is then reset before an inference."""
        return bool(self.state_variables)

    def properties(self) -> dict[str, Any]:
        """What the compiled model says of itself."""
        return {
            "optimal_infer_requests": ask(self.compiled, "OPTIMAL_NUMBER_OF_INFER_REQUESTS"),
            "hint": ask(self.compiled, "PERFORMANCE_HINT"),
            "priorities": ask(self.compiled, "MULTI_DEVICE_PRIORITIES"),
            "loaded_from_cache": ask(self.compiled, "LOADED_FROM_CACHE"),
        }

    def _read_inputs(self) -> list[Any]:
        import numpy

        with numpy.load(self.request["inputs"]) as arrays:
            return [self.ov.Tensor(arrays[str(index)]) for index in range(len(arrays.files))]

    def new_request(self) -> Any:
        """An infer request whose inputs are filled, once and for all."""
        infer_request = self.compiled.create_infer_request()
        for index, tensor in enumerate(self.tensors):
            infer_request.set_input_tensor(index, tensor)
        return infer_request

    def _first_inference(self) -> Any:
        began = clock()
        infer_request = self.new_request()
        self.phase.seconds["create_request"] = clock() - began  # a part of the first inference
        infer_request.infer()
        _ = infer_request.get_output_tensor(0).data
        return infer_request

    def read_outputs(self, path: str) -> list[Any]:
        """The outputs that ``save_outputs`` wrote; ``None`` for one that it left out."""
        import numpy

        with numpy.load(path) as arrays:
            number = len(self.model.outputs)
            return [arrays[str(index)] if str(index) in arrays.files else None for index in range(number)]

    def infer_anew(self) -> None:
        """Infer once, from the first state where the model has state."""
        if self.resets_state:
            self.infer_request.reset_state()
        self.infer_request.infer()

    def save_outputs(self, path: str, again: Any = (), leave_out: Any = ()) -> list[int]:
        """Infer once and write the outputs to ``path`` (npz, named by index), but those whose indices are to be left out.

        As often as ``again`` yields the question is asked once more, and an output whose answers differ is left out: it has no right
        one. Returns the indices of those.
        """
        import numpy

        request = self.infer_request
        self.infer_anew()
        outputs = [request.get_output_tensor(index).data.copy() for index in range(len(self.compiled.outputs))]
        answers, unsteady = Answers(outputs), set()  # type: Answers, set[int]
        for _ in again:
            answers.spoil(request, [each.data for each in self.tensors])
            self.infer_anew()
            unsteady.update(answers.wrong(request))
        kept = {str(index): output for index, output in enumerate(outputs) if index not in {*unsteady, *leave_out}}
        with open(path, "wb") as stream:
            numpy.savez(stream, **kept)
        return sorted(unsteady)
