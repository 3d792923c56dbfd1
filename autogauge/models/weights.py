"""Seeded weights for the embedded model. They are random: they make it run like the real one, not see like it.

He et al., "Delving deep into rectifiers" (ICCV 2015): a standard deviation of sqrt(2 / fan-in) keeps activations of one
size through ReLU layers. Each layer has a generator of its own, so weights do not depend on the order of building.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from autogauge.models.topology import Layer

SEED = 106  # the number of the notebook in which this began
BIAS_STD = 0.1
HEAD_GAIN = 0.1  # keeps the softmax from saturating on pictures with values up to 255

Float32Array = npt.NDArray[np.float32]


def weights_of(layer: Layer, in_channels: int, *, seed: int = SEED) -> tuple[Float32Array, Float32Array]:
    """Weights and biases of a convolution ``(out, in, kernel, kernel)`` or an inner product ``(out, in)``.

    Biases have shape ``(out,)`` and are not zero, since converters drop additions of zeros.
    """
    generator = np.random.default_rng([seed, zlib.crc32(layer.name.encode())])
    fan_in = in_channels * layer.kernel * layer.kernel
    head = layer.kind == "inner_product"
    shape: tuple[int, ...] = (layer.channels, in_channels)
    if not head:
        shape += (layer.kernel, layer.kernel)
    gain = HEAD_GAIN if head else 1.0
    weights = generator.standard_normal(shape, dtype=np.float32) * np.float32(gain * np.sqrt(2.0 / fan_in))
    biases = generator.standard_normal(layer.channels, dtype=np.float32) * np.float32(BIAS_STD)
    return weights, biases
