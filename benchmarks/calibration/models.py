"""The models of a recording: known to be slower, or candidates for the pinned workload. Run as a child: ``models.py BASE FOLDER``.

A slower model is the base model with extra work in its graph: convolutions (3×3, from the 832 channels at 14×14 that the fourth stage ends
with) whose results are outputs that nobody reads. How much slower each is on a machine is measured by the recording itself, over
all of its rounds; the names say about how much.
"""

from __future__ import annotations

import sys
from pathlib import Path

SOURCE = "inception_4e/output"
SOURCE_CHANNELS = 832
STEADY = {"2%": (40,), "5%": (96,), "10%": (184,), "20%": (352,)}
"""The extra convolutions' output channels, for slower inferences."""
FIL = {"2%": (128,), "5%": (128,) * 2, "10%": (128,) * 5, "20%": (128,) * 11}
"""The same for slower compiles: what counts there is how many there are."""
CONVOLUTION, PRODUCT = "convolution", "product"


def file_of(folder: Path, study: str, slowdown: str) -> Path:
    """Where the model of that slowdown is; ``study`` is ``steady`` or ``fil``."""
    return folder / f"{study}-{slowdown.rstrip('%')}.xml"


def main() -> None:
    """Write every model."""
    base, folder = Path(sys.argv[1]), Path(sys.argv[2])
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import numpy as np
    import openvino as ov
    from openvino import opset13 as ops

    core, random, ones = ov.Core(), np.random.default_rng(0), [1, 1]

    def weights(*shape: int) -> ov.Node:
        return ops.constant((random.standard_normal(shape) * 0.01).astype(np.float32))

    def named(node: ov.Node, name: str) -> ov.Node:
        node.output(0).set_names({name})
        return node

    for study, slowdowns in (("steady", STEADY), ("fil", FIL)):
        for slowdown, extras in slowdowns.items():
            model = core.read_model(base)
            source = next(node for node in model.get_ops() if node.get_friendly_name() == SOURCE).output(0)
            for number, channels in enumerate(extras):
                node = ops.convolution(source, weights(channels, SOURCE_CHANNELS, 3, 3), ones, ones, ones, ones)
                model.add_results([ops.result(named(ops.relu(node), f"extra{number}"))])
            ov.save_model(model, file_of(folder, study, slowdown), compress_to_fp16=True)
    data = named(ops.parameter([1, 64, 56, 56], np.float32), "data")
    node = named(ops.relu(ops.convolution(data, weights(192, 64, 3, 3), ones, ones, ones, ones)), "result")
    ov.save_model(ov.Model([ops.result(node)], [data], CONVOLUTION), folder / f"{CONVOLUTION}.xml")
    data = named(ops.parameter([512, 512], np.float32), "data")
    node = named(ops.matmul(data, weights(512, 512), False, False), "result")
    ov.save_model(ov.Model([ops.result(node)], [data], PRODUCT), folder / f"{PRODUCT}.xml")


if __name__ == "__main__":
    main()
