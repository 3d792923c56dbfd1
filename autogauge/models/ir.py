"""Writes small graphs as OpenVINO IR, version 11: the text of an ``.xml`` and the bytes of its ``.bin``, without openvino.

The same graph gives the same bytes on every machine. It writes what the models of ``tiny`` need, and knows no operation: who adds
one says its attributes and what comes out of it. Which models there are is left to ``tiny``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

ALIGNMENT_BYTES = 64
"""Where a constant may begin in the ``.bin``. The file is never shorter than this: an empty one cannot be mapped into memory."""

ANY = -1
"""A length that is not known beforehand."""

_PORTS = {"f32": "FP32", "f16": "FP16", "i64": "I64", "boolean": "BOOL"}
_LITTLE_ENDIAN = {"f32": "<f4", "f16": "<f2", "i64": "<i8"}
_KINDS = {np.dtype(stored): kind for kind, stored in _LITTLE_ENDIAN.items()}

Shape = tuple[int, ...]
Attributes = Mapping[str, object]


@dataclass(frozen=True)
class Port:
    """What comes out of a layer: where, of which kind (``f32``, ``f16``, ``i64``, ``boolean``) and shape."""

    layer: int
    port: int
    kind: str
    shape: Shape


class Constants:
    """The ``.bin``: the constants of a graph and of the bodies in it, one behind the other."""

    def __init__(self) -> None:
        self._content = bytearray()

    def add(self, values: bytes) -> int:
        """Append them; returns where they begin."""
        offset = len(self._content)
        self._content += values + bytes(-len(values) % ALIGNMENT_BYTES)
        return offset

    def to_bytes(self) -> bytes:
        """All of them, and at least :data:`ALIGNMENT_BYTES` bytes."""
        return bytes(self._content) or bytes(ALIGNMENT_BYTES)


class Graph:
    """A graph that layers are added to, each after those that feed it. A body of an ``If`` has the constants of its outer graph."""

    def __init__(self, name: str, constants: Constants | None = None) -> None:
        self.name = name
        self.constants = constants if constants is not None else Constants()
        self._layers = ElementTree.Element("layers")
        self._edges = ElementTree.Element("edges")

    def parameter(self, name: str, shape: Shape, kind: str = "f32") -> Port:
        """An input of that name."""
        written = {"shape": ",".join("?" if length == ANY else str(length) for length in shape), "element_type": kind}
        return self.add("Parameter", (), (kind, shape), written, name=name, tensor=name)

    def constant(self, values: npt.NDArray[np.generic]) -> Port:
        """A constant of single or half precision, or of 64-bit whole numbers."""
        kind = _KINDS[values.dtype.newbyteorder("<")]
        content = values.astype(_LITTLE_ENDIAN[kind]).tobytes()
        written = {
            "element_type": kind,
            "shape": _listed(values.shape),
            "offset": self.constants.add(content),
            "size": len(content),
        }
        return self.add("Const", (), (kind, values.shape), written)

    def result(self, source: Port, name: str) -> int:
        """An output of that name, which the tensor that ``source`` is gets too; returns the number of its layer."""
        self._name_tensor(source, name)
        return self.add("Result", (source,), None, name=f"{name}/result").layer

    def add(
        self,
        operation: str,
        sources: Sequence[Port],
        out: tuple[str, Shape] | None,
        attributes: Attributes | None = None,
        *,
        opset: str = "opset1",
        name: str = "",
        tensor: str = "",
        extra: Sequence[ElementTree.Element] = (),
    ) -> Port:
        """A layer that ``sources`` feed, of which ``out`` (its kind and shape) comes out, or nothing; returns its output.

        ``extra`` are elements of its own: the bodies of an ``If``, runtime information.
        """
        number = len(self._layers)
        layer = ElementTree.SubElement(
            self._layers,
            "layer",
            {"id": str(number), "name": name or f"{operation}_{number}", "type": operation, "version": opset},
        )
        if attributes:
            ElementTree.SubElement(layer, "data", {key: str(value) for key, value in attributes.items()})
        layer.extend([each for each in extra if each.tag.endswith("port_map") or each.tag == "rt_info"])
        if sources:
            ports = ElementTree.SubElement(layer, "input")
            for port, source in enumerate(sources):
                _port(ports, port, source.kind, source.shape)
                self._edge(source, number, port)
        made = Port(number, len(sources), *(out or ("f32", ())))
        if out is not None:
            written = _port(ElementTree.SubElement(layer, "output"), made.port, *out)
            if tensor:
                written.set("names", tensor)
        layer.extend([each for each in extra if each.tag.endswith("body")])
        return made

    def element(self, tag: str) -> ElementTree.Element:
        """The graph as it stands in the ``.xml``, under that tag: ``net``, or a body's."""
        found = ElementTree.Element(tag)
        found.extend([self._layers, self._edges])
        return found

    def to_xml(self) -> bytes:
        """The ``.xml``."""
        net = self.element("net")
        net.attrib.update(name=self.name, version="11")
        ElementTree.indent(net)
        return b'<?xml version="1.0"?>\n' + ElementTree.tostring(net) + b"\n"

    def _edge(self, source: Port, layer: int, port: int) -> None:
        ends = {"from-layer": source.layer, "from-port": source.port, "to-layer": layer, "to-port": port}
        ElementTree.SubElement(self._edges, "edge", {key: str(value) for key, value in ends.items()})

    def _name_tensor(self, source: Port, name: str) -> None:
        for port in self._layers[source.layer].iterfind("output/port"):
            port.set("names", name)


def _port(parent: ElementTree.Element, number: int, kind: str, shape: Shape) -> ElementTree.Element:
    port = ElementTree.SubElement(parent, "port", {"id": str(number), "precision": _PORTS[kind]})
    for length in shape:
        ElementTree.SubElement(port, "dim").text = str(length)
    return port


def _listed(shape: Shape) -> str:
    return ", ".join(map(str, shape))
