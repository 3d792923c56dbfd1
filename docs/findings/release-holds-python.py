"""Deleting AUTO's compiled model while the GPU compiles stops every thread of Python until that compile ends.

Rule: a compiled model that is deleted waits for the compile of the chosen device (OpenVINO's notebook "Automatic Device Selection"). That
the wait stops all of Python is written nowhere: an obvious fault.
Expected: while one thread waits in `del compiled`, the others go on.
Seen: none does: the destructor holds Python's GIL. A GPU whose compile hangs so hangs the whole program, its watchdog threads included.
Releases: 2024.6.0, 2025.4.1, 2026.4.1.
Needs: openvino and numpy, and a GPU. What was injected: each build of a program on the emulated GPU takes 3 s longer. On a real GPU any
large model does.
Exit status: 1 when the difference is seen, 0 when it is not, 77 when there is no GPU, or its compile was over too early.
"""

import itertools
import sys
import threading
import time

import numpy as np
import openvino as ov

try:
    from openvino import opset13 as ops
except ImportError:  # 2024
    from openvino.runtime import opset13 as ops


LEAST_S, TICK_S = 1.0, 0.01

core = ov.Core()
if not any(name.startswith("GPU") for name in core.available_devices):
    print("skipped: there is no GPU")
    sys.exit(77)
data = ops.parameter([1, 8], np.float32)
model = ov.Model([ops.relu(data)], [data], "relu")
compiled = core.compile_model(model, "AUTO:GPU,CPU")
compiled(np.ones((1, 8), np.float32))
is_compiling = compiled.get_property("EXECUTION_DEVICES") == ["(CPU)"]
ticks, is_over = [], threading.Event()


def tick() -> None:
    """Note the time again and again: what another thread of the program does meanwhile."""
    while not is_over.is_set():
        ticks.append(time.monotonic())
        time.sleep(TICK_S)


thread = threading.Thread(target=tick)
thread.start()
time.sleep(20 * TICK_S)
begun = time.monotonic()
del compiled
waited = time.monotonic() - begun
time.sleep(20 * TICK_S)
is_over.set()
thread.join()
longest = max(later - earlier for earlier, later in itertools.pairwise(ticks))
print(f"openvino {ov.__version__}")
if not is_compiling or waited < LEAST_S:
    print("skipped: the GPU had compiled before the model was deleted; take a larger model")
    sys.exit(77)
print(f"expected: the other thread pauses for far less than the {waited:.1f} s of the deletion")
print(f"seen: it pauses for {longest:.1f} s")
sys.exit(longest > waited / 2)
