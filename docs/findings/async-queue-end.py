"""Deleting AUTO's compiled model after its AsyncInferQueue with a callback hangs for ever, though every request is done.

Rule: `AsyncInferQueue.wait_all` waits until all requests of the queue are done (OpenVINO's documentation, "OpenVINO Runtime API
exclusives"); nothing forbids to delete the queue and then the compiled model. An obvious fault.
Expected: both are deleted.
Seen: `del compiled` never returns, within a few tens of queues. It holds Python's GIL while it waits for AUTO's threads, and one of
those needs the GIL to let go of the callback. No thread of Python runs during it.
Releases: 2026.4.1, with one device as well (AUTO:CPU). Not plain CPU, not 2024.6.0, not 2025.4.1.
Needs: openvino and numpy. No GPU.
Exit status: 1 when the difference is seen, 0 when it is not.
"""

import subprocess
import sys

QUEUES, DEADLINE_S = 200, 20

if len(sys.argv) == 1:  # the deadline is kept by another process
    print(f"expected: {QUEUES} queues are deleted, each with its compiled model")
    command = [sys.executable, __file__, "child"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=DEADLINE_S, check=True).stdout
    except subprocess.TimeoutExpired as error:
        print(f"seen: {len((error.stdout or b'').splitlines())} were deleted, then nothing happened")
        sys.exit(1)
    print(f"seen: {len(done.splitlines())} were deleted")
    sys.exit(0)

import numpy as np  # noqa: E402 - the parent needs neither
import openvino as ov  # noqa: E402

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops

core = ov.Core()
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")
for number in range(QUEUES):
    compiled = core.compile_model(model, "AUTO:CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
    queue = ov.AsyncInferQueue(compiled, 4)
    queue.set_callback(lambda request, user: None)
    for _ in range(50):
        queue.start_async({0: np.ones((1, 8), np.float32)})
    queue.wait_all()
    del queue
    del compiled
    print(number, flush=True)
