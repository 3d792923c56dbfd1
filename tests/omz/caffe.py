"""Caffe models with seeded weights: GoogLeNet-v1 as the Open Model Zoo distributes it, but for what was learned, and a small one.

Written from the same description as the embedded model (``autogauge.models.topology``). The weights file is protobuf, encoded
field by field: the numbers are those of Caffe's ``caffe.proto``.
"""

from collections.abc import Iterator
from pathlib import Path

from autogauge.models import topology
from autogauge.models.topology import Layer
from autogauge.models.weights import weights_of
from tests.omz.protobuf import field, varint

TYPES = {
    "convolution": "Convolution",
    "relu": "ReLU",
    "max_pool": "Pooling",
    "average_pool": "Pooling",
    "lrn": "LRN",
    "concat": "Concat",
    "dropout": "Dropout",
    "inner_product": "InnerProduct",
    "softmax": "Softmax",
}
BATCH = 10  # as in the original; the Zoo's post-processing makes it 1


def write(
    folder: Path,
    name: str = "googlenet-v1",
    layers: tuple[Layer, ...] = topology.googlenet_v1(),
    shape: tuple[int, ...] = topology.INPUT_SHAPE,
) -> tuple[Path, Path]:
    """Write ``NAME.prototxt`` and ``NAME.caffemodel`` into ``folder``; returns their paths."""
    prototxt, caffemodel = folder / f"{name}.prototxt", folder / f"{name}.caffemodel"
    prototxt.write_text("\n".join(_prototxt(layers, shape)) + "\n")
    caffemodel.write_bytes(b"".join(_caffemodel(layers)))
    return prototxt, caffemodel


def _tops(layers: tuple[Layer, ...]) -> dict[str, str]:
    """For each layer the blob that it writes: ReLU and dropout work in place, as in the original."""
    tops = {topology.INPUT_NAME: topology.INPUT_NAME}
    for layer in layers:
        in_place = layer.kind in ("relu", "dropout")
        tops[layer.name] = tops[layer.inputs[0]] if in_place else layer.name
    return tops


def _prototxt(layers: tuple[Layer, ...], shape: tuple[int, ...]) -> Iterator[str]:
    dims = " ".join(f"dim: {length}" for length in (BATCH, *shape[1:]))
    yield 'name: "GoogleNet"'
    yield f'layer {{ name: "data" type: "Input" top: "data" input_param {{ shape: {{ {dims} }} }} }}'
    tops = _tops(layers)
    for layer in layers:
        bottoms = " ".join(f'bottom: "{tops[name]}"' for name in layer.inputs)
        yield (
            f'layer {{ name: "{layer.name}" type: "{TYPES[layer.kind]}" {bottoms} top: "{tops[layer.name]}" '
            f"{_parameters(layer)} }}"
        )


def _parameters(layer: Layer) -> str:
    window = f"kernel_size: {layer.kernel} stride: {layer.stride} pad: {layer.pad}"
    return {
        "convolution": f"convolution_param {{ num_output: {layer.channels} {window} }}",
        "max_pool": f"pooling_param {{ pool: MAX {window} }}",
        "average_pool": f"pooling_param {{ pool: AVE {window} }}",
        "lrn": f"lrn_param {{ local_size: {topology.LRN_SIZE} alpha: {topology.LRN_ALPHA} beta: {topology.LRN_BETA} }}",
        "dropout": "dropout_param { dropout_ratio: 0.4 }",
        "inner_product": f"inner_product_param {{ num_output: {layer.channels} }}",
    }.get(layer.kind, "")


def _caffemodel(layers: tuple[Layer, ...]) -> Iterator[bytes]:
    """A NetParameter: the name, then each layer with its name, type, bottoms, tops and blobs."""
    yield field(1, b"GoogleNet")
    tops = _tops(layers)
    channels = {topology.INPUT_NAME: topology.INPUT_SHAPE[1]}
    for layer in layers:
        widths = [channels[name] for name in layer.inputs]
        channels[layer.name] = layer.channels or sum(widths)
        message = field(1, layer.name.encode()) + field(2, TYPES[layer.kind].encode())
        message += b"".join(field(3, tops[name].encode()) for name in layer.inputs)
        message += field(4, tops[layer.name].encode())
        if layer.kind in ("convolution", "inner_product"):
            for blob in weights_of(layer, widths[0]):
                shape = field(1, b"".join(varint(length) for length in blob.shape))
                message += field(7, field(7, shape) + field(5, blob.astype("<f4").tobytes()))
        yield field(100, message)
