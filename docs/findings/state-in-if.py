"""State inside the body of an If is not seen: AUTO gives silently wrong answers.

Rule: a model with state keeps it from one inference to the next in one infer request (OpenVINO's documentation, "Stateful models"). AUTO
guards models with state: it turns its fallbacks off and warns.
Expected: an accumulator whose state is inside an If gives 1, 2, 3, ... when ones are added, as on the CPU.
Seen: in some compiles, one request's inferences go by turns to two requests of the device, each with its own state: 1, 1, 2, 2, 3.
Nothing warns. `InferRequest.query_state` throws "Not Implemented".
Releases: 2024.6.0, 2025.4.1, 2026.4.1; in 1 to 4 of 10 compiles.
Needs: openvino and numpy. No GPU: a second CPU named XCPU stands for it.
Exit status: 1 when the difference is seen, 0 when it is not.
"""

import sys

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

COMPILES, INFERENCES = 100, 20


def accumulator() -> ov.Model:
    """Where the condition holds: what was given in so far is added up in a state."""
    data = ops.parameter([1], np.float32)
    added = ops.add(ops.read_value(ops.constant(np.zeros(1, np.float32)), "sum", np.float32, [1]), data)
    return ov.Model([ops.result(added)], [ops.assign(added, "sum")], [data], "then")


def model() -> ov.Model:
    """The accumulator as the body of an If."""
    data, condition, other = ops.parameter([1], np.float32), ops.parameter([1], bool), ops.parameter([1], np.float32)
    body, otherwise = accumulator(), ov.Model([ops.result(ops.relu(other))], [other], "else")
    node = ops.if_op(condition)
    node.set_then_body(body)
    node.set_else_body(otherwise)
    node.set_input(data.output(0), body.get_parameters()[0], other)
    out = node.set_output(body.get_results()[0], otherwise.get_results()[0])
    return ov.Model([ops.result(out)], [data, condition], "state in an If")


def answers(core: ov.Core, device: str) -> list[int]:
    """The sums that one request of a fresh compile gives."""
    request = core.compile_model(model(), device, {"PERFORMANCE_HINT": "THROUGHPUT"}).create_infer_request()
    inputs = {0: np.ones(1, np.float32), 1: np.array([True])}
    return [int(next(iter(request.infer(inputs).values()))[0]) for _ in range(INFERENCES)]


core = ov.Core()
core.register_plugin("openvino_intel_cpu_plugin", "XCPU")
expected = answers(core, "CPU")
found = [answers(core, "AUTO:XCPU,CPU") for _ in range(COMPILES)]
wrong = [each for each in found if each != expected]
print(f"openvino {ov.__version__}")
print("expected:", *expected[:8], "...")
print(f"seen: wrong in {len(wrong)} of {COMPILES} compiles:", *(wrong or found)[0][:8], "...")
sys.exit(bool(wrong))
