"""What the steps of a case share: openvino, a Core, the models by name, and what earlier steps made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autogauge.probe.worker.subject import Subject


class Stage:
    """``compiled`` and ``requests`` are kept by the name that the step gave (``as``); ``right`` are right answers by model."""

    def __init__(self, subject: Subject, models: dict[str, str]) -> None:
        self.subject, self.ov, self.core, self.models = subject, subject.ov, subject.core, models
        self.compiled: dict[str, Any] = {}
        self.requests: dict[str, Any] = {}
        self.model_of: dict[str, str] = {}
        self.right: dict[str, list[Any]] = {}
        self.kept: dict[str, Any] = {}
        """Whatever else a kind of step keeps, by a name of its own."""

    def model(self, name: str, given: str = "object") -> Any:
        """The model, read anew: an object, or what ``compile_model`` takes instead: its path, or its text with its weights."""
        path = self.models[name]
        if given == "path":
            return path
        if given == "object":
            return self.core.read_model(path)
        raise ValueError("a model is given as object, path or buffer, and not as " + given)

    def compile(self, name: str, device: Any, properties: dict[str, Any], given: str) -> Any:
        """Compile that model; ``device`` ``None`` names none."""
        of_device = {} if device is None else {"device_name": device}
        if given == "buffer":
            path = self.models[name]
            with open(path, encoding="utf-8") as text, open(path[: -len(".xml")] + ".bin", "rb") as weights:
                return self.core.compile_model(text.read(), weights=weights.read(), config=properties, **of_device)
        return self.core.compile_model(self.model(name, given), config=properties, **of_device)

    def inputs(self, compiled: Any, fill: Any = None, shape: Any = None) -> list[Any]:
        """An array for each input: of ``fill``, or of numbers that are always the same; ``shape`` where the input's is dynamic."""
        import numpy

        made = []
        for index, port in enumerate(compiled.inputs):
            partial = port.get_partial_shape()
            lengths = list(port.get_shape()) if partial.is_static else list(shape or [1] * partial.rank.get_length())
            kind = port.get_element_type().to_dtype()
            if fill is not None:
                made.append(numpy.full(lengths, fill, kind))
            else:
                count = int(numpy.prod(lengths)) if lengths else 1
                values = numpy.sin(numpy.arange(count, dtype=numpy.float64) * (0.7 + index) + index)
                made.append((values * (1 if kind.kind == "f" else 50)).reshape(lengths).astype(kind))
        return made
