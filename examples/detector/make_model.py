"""Makes detector.xml: a small convolutional network with random weights, in place of a detector of yours."""

from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13 as op

random = np.random.default_rng(1)


def convolution(data, channels_in, channels_out, stride):
    """A 3x3 convolution and a ReLU."""
    weights = random.normal(scale=0.1, size=(channels_out, channels_in, 3, 3)).astype(np.float32)
    return op.relu(op.convolution(data, op.constant(weights), [stride, stride], [1, 1], [1, 1], [1, 1]))


image = op.parameter([1, 3, 160, 160], np.float32, name="image")
found = convolution(image, 3, 16, stride=2)
for _ in range(4):
    found = convolution(found, 16, 16, stride=1)
boxes = convolution(found, 16, 4, stride=2)
ov.save_model(ov.Model([boxes], [image], "detector"), Path(__file__).with_name("detector.xml"))
