"""A device that fails while requests are batched: a request never returns, although the CPU could answer it.

Rule: ENABLE_RUNTIME_FALLBACK, on by default, "performs the failed inference request again, if inference request fails on the currently
selected device" (OpenVINO's documentation, "Automatic Device Selection"). THROUGHPUT batches on a GPU by default.
Expected: with several requests in flight, each is answered when the GPU begins to fail.
Seen: in some runs one never returns. Without automatic batching (ALLOW_AUTO_BATCHING off) all are answered.
Releases: 2024.6.0, 2025.4.1; not in every run. Never on 2026.4.1.
Needs: openvino and numpy, and a GPU that begins to fail while the script runs. What was injected: from the 41st on, each launch of a kernel
on the emulated GPU fails (clEnqueueNDRangeKernel returns CL_INVALID_OPERATION).
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU, or it did not fail.
"""

import os
import sys
import time

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops


REQUESTS, ROUNDS, DEADLINE_MS, HAND_OVER_S = 4, 60, 10_000, 60

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")
compiled = core.compile_model(model, "AUTO:GPU,CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
deadline = time.monotonic() + HAND_OVER_S
while compiled.get_property("EXECUTION_DEVICES") == ["(CPU)"] and time.monotonic() < deadline:
    time.sleep(0.01)
requests = [compiled.create_infer_request() for _ in range(REQUESTS)]
answered, threw, hung = 0, [], 0
for _ in range(ROUNDS):
    for request in requests:
        request.start_async({0: np.ones((1, 8), np.float32)})
    for request in requests:
        try:
            if not request.wait_for(DEADLINE_MS):
                hung += 1
                continue
            request.wait()
            answered += 1
        except RuntimeError as error:
            threw.append(" ".join(str(error).split())[-60:])
    if hung:
        break
print(f"openvino {ov.__version__}")
if not hung and any(name.startswith("GPU") for name in compiled.get_property("EXECUTION_DEVICES")):
    print("skipped: the GPU did not fail")
    sys.exit(77)
print("expected: every request is answered")
print(f"seen: {answered} answered, {len(threw)} threw, {hung} did not return in {DEADLINE_MS / 1000:g} s", *threw[:1])
sys.stdout.flush()
os._exit(bool(threw or hung))  # destroying a model whose request hangs would hang
