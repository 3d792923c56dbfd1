"""With more requests in flight than the device has, one of them sometimes never returns, although nothing fails.

Rule: `InferRequest.wait` waits until the result is there (OpenVINO's documentation, "Inference Request"), and any number of requests may
be started. An obvious fault.
Expected: every request that was started returns.
Seen: with four requests on a device that runs two, the last one now and then does not return, while the device is idle. It comes back
when another request is started. The CPU by itself and AUTO:CPU, which passes through, never did it.
Releases: 2024.6.0, 2025.4.1, 2026.4.1; not in every run.
Needs: openvino and numpy. No GPU: a second CPU named XCPU stands for it. The faster the machine, the rarer.
Exit status: 1 when the difference is seen, 0 when it is not.
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

REQUESTS, COMPILES, STREAM_S, DEADLINE_MS = 4, 30, 1.5, 10_000

core = ov.Core()
core.register_plugin("openvino_intel_cpu_plugin", "XCPU")
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")
print(f"openvino {ov.__version__}")
print("expected: every request returns")
rounds = 0
for _ in range(COMPILES):
    compiled = core.compile_model(model, "AUTO:XCPU,CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
    requests = [compiled.create_infer_request() for _ in range(REQUESTS)]
    end = time.monotonic() + STREAM_S
    while time.monotonic() < end:
        for place, request in enumerate(requests):
            request.start_async({0: np.full((1, 8), rounds * REQUESTS + place, np.float32)})
        for place, request in enumerate(requests):
            if not request.wait_for(DEADLINE_MS):
                print(
                    f"seen: in round {rounds + 1} request {place + 1} of {REQUESTS} did not return in {DEADLINE_MS / 1000:g} s"
                )
                sys.stdout.flush()
                os._exit(1)  # destroying a model whose request hangs would hang
            request.get_output_tensor(0).data[0, 0]
        rounds += 1
print(f"seen: all returned in {rounds} rounds of {REQUESTS} requests")
sys.exit(0)
