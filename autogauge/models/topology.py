"""The embedded models' layers as data: GoogLeNet-v1, one compact description that every builder of it shares, and a small CNN.

Szegedy et al., "Going deeper with convolutions" (CVPR 2015), table 1, in the deploy form that the Open Model Zoo
distributes: layer names, padding and ceiling-mode pooling are those of its Caffe model. Turning the description into
an OpenVINO graph is left to ``builder``; weights are left to ``weights``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "convolution", "relu", "max_pool", "average_pool", "lrn", "concat", "dropout", "inner_product", "softmax"
]

INPUT_NAME = "data"
INPUT_SHAPE = (1, 3, 224, 224)
CHANNEL_MEANS_BGR = (104.0, 117.0, 123.0)
CLASSES = 1000
LRN_SIZE, LRN_ALPHA, LRN_BETA, LRN_K = 5, 1e-4, 0.75, 1.0


@dataclass(frozen=True)
class Layer:
    """One layer: what it is called, what it does, and which layers feed it. Lengths are in pixels or channels."""

    name: str
    kind: Kind
    inputs: tuple[str, ...]
    channels: int = 0
    kernel: int = 1
    stride: int = 1
    pad: int = 0


@dataclass(frozen=True)
class Inception:
    """The widths of one inception module, in channels."""

    name: str
    direct: int
    reduce_3x3: int
    out_3x3: int
    reduce_5x5: int
    out_5x5: int
    pool_proj: int


_STAGES: tuple[tuple[str, tuple[Inception, ...]], ...] = (
    ("pool2/3x3_s2", (Inception("3a", 64, 96, 128, 16, 32, 32), Inception("3b", 128, 128, 192, 32, 96, 64))),
    (
        "pool3/3x3_s2",
        (
            Inception("4a", 192, 96, 208, 16, 48, 64),
            Inception("4b", 160, 112, 224, 24, 64, 64),
            Inception("4c", 128, 128, 256, 24, 64, 64),
            Inception("4d", 112, 144, 288, 32, 64, 64),
            Inception("4e", 256, 160, 320, 32, 128, 128),
        ),
    ),
    ("pool4/3x3_s2", (Inception("5a", 256, 160, 320, 32, 128, 128), Inception("5b", 384, 192, 384, 48, 128, 128))),
)


def googlenet_v1() -> tuple[Layer, ...]:
    """The layers in topological order; the last one is the softmax over 1000 classes, named ``prob``."""
    return tuple(_layers())


SMALL_CNN = "small-cnn"
SMALL_CNN_SHAPE = (1, 3, 32, 32)
SMALL_CNN_CLASSES = 10


def small_cnn() -> tuple[Layer, ...]:
    """A few layers of the kinds that GoogLeNet has, so that a slow compiler is done with them in seconds."""
    return (
        *_convolution("conv1/3x3", INPUT_NAME, 16, kernel=3, pad=1),
        Layer("pool1/2x2_s2", "max_pool", ("conv1/relu_3x3",), kernel=2, stride=2),
        *_convolution("conv2/3x3", "pool1/2x2_s2", 32, kernel=3, pad=1),
        Layer("pool2/2x2_s2", "max_pool", ("conv2/relu_3x3",), kernel=2, stride=2),
        Layer("pool3/8x8_s1", "average_pool", ("pool2/2x2_s2",), kernel=8),
        Layer("classifier", "inner_product", ("pool3/8x8_s1",), channels=SMALL_CNN_CLASSES),
        Layer("prob", "softmax", ("classifier",)),
    )


def _layers() -> Iterator[Layer]:
    yield from _convolution("conv1/7x7_s2", INPUT_NAME, 64, kernel=7, stride=2, pad=3)
    yield Layer("pool1/3x3_s2", "max_pool", ("conv1/relu_7x7",), kernel=3, stride=2)
    yield Layer("pool1/norm1", "lrn", ("pool1/3x3_s2",))
    yield from _convolution("conv2/3x3_reduce", "pool1/norm1", 64)
    yield from _convolution("conv2/3x3", "conv2/relu_3x3_reduce", 192, kernel=3, pad=1)
    yield Layer("conv2/norm2", "lrn", ("conv2/relu_3x3",))
    last = "conv2/norm2"
    for pool_name, modules in _STAGES:
        yield Layer(pool_name, "max_pool", (last,), kernel=3, stride=2)
        last = pool_name
        for module in modules:
            yield from _inception(module, last)
            last = f"inception_{module.name}/output"
    yield Layer("pool5/7x7_s1", "average_pool", (last,), kernel=7)
    yield Layer("pool5/drop_7x7_s1", "dropout", ("pool5/7x7_s1",))
    yield Layer("loss3/classifier", "inner_product", ("pool5/drop_7x7_s1",), channels=CLASSES)
    yield Layer("prob", "softmax", ("loss3/classifier",))


def _convolution(
    name: str, source: str, channels: int, *, kernel: int = 1, stride: int = 1, pad: int = 0
) -> Iterator[Layer]:
    """A convolution and the ReLU that follows each of them; ``a/b`` is followed by ``a/relu_b``."""
    yield Layer(name, "convolution", (source,), channels, kernel, stride, pad)
    yield Layer(relu_of(name), "relu", (name,))


def relu_of(convolution: str) -> str:
    """The name of the ReLU after a convolution: ``conv1/7x7_s2`` is followed by ``conv1/relu_7x7``."""
    block, _, rest = convolution.partition("/")
    return f"{block}/relu_{rest.removesuffix('_s2')}"


def _inception(module: Inception, source: str) -> Iterator[Layer]:
    prefix = f"inception_{module.name}"
    yield from _convolution(f"{prefix}/1x1", source, module.direct)
    yield from _convolution(f"{prefix}/3x3_reduce", source, module.reduce_3x3)
    yield from _convolution(f"{prefix}/3x3", f"{prefix}/relu_3x3_reduce", module.out_3x3, kernel=3, pad=1)
    yield from _convolution(f"{prefix}/5x5_reduce", source, module.reduce_5x5)
    yield from _convolution(f"{prefix}/5x5", f"{prefix}/relu_5x5_reduce", module.out_5x5, kernel=5, pad=2)
    yield Layer(f"{prefix}/pool", "max_pool", (source,), kernel=3, stride=1, pad=1)
    yield from _convolution(f"{prefix}/pool_proj", f"{prefix}/pool", module.pool_proj)
    branches = ("relu_1x1", "relu_3x3", "relu_5x5", "relu_pool_proj")
    yield Layer(f"{prefix}/output", "concat", tuple(f"{prefix}/{branch}" for branch in branches))
