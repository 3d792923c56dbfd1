"""Writes a model in single precision: every input, constant and conversion in half precision becomes f32.

Run as ``python -m autogauge.models.widen MODEL OUT.xml``. The emulated GPU infers in f32 only, and to save a model once more without
compression does not widen what is in half precision already. What cannot be widened as a whole is refused, not half done.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from autogauge.errors import UserError, explain_os_error
from autogauge.files import exists
from autogauge.probe.process import last_line
from autogauge.probe.worker.precision import in_half_precision

COMMAND = "python -m autogauge.models.widen"
HALF, SINGLE = "f16", "f32"


def widen(source: Path, out: Path) -> None:
    """Read the model at ``source`` and write it in f32 to ``out``, an ``.xml`` that is not there yet. Raises :class:`UserError`."""
    if out.suffix != ".xml" or exists(out) or exists(out.with_suffix(".bin")):
        raise UserError(
            f"the model is written to a new .xml with its .bin, and {out} is none: name another ({COMMAND})."
        )
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # importing openvino would send telemetry
    import openvino as ov

    try:
        model = ov.Core().read_model(source)
    except Exception as error:
        raise UserError(
            f"OpenVINO cannot read the model {source}: {last_line(str(error))}; check the file ({COMMAND})."
        ) from None
    _widen(model)
    try:
        model.validate_nodes_and_infer_types()
        left = in_half_precision(model)
    except Exception as error:
        left = [last_line(str(error))]
    if left:
        raise UserError(
            f"the model {source} cannot be widened here ({', '.join(left)}): export it in f32 from where it came from ({COMMAND})."
        )
    _save(ov, model, out)


def _widen(model: Any) -> None:
    import numpy as np
    import openvino as ov

    try:
        from openvino import opset13 as ops
    except ImportError:  # before 2025.0
        from openvino.runtime import opset13 as ops

    for node in model.get_ops():
        if node.get_output_size() != 1 or node.get_output_element_type(0).get_type_name() != HALF:
            continue
        kind = node.get_type_name()
        if kind == "Parameter":
            node.set_element_type(ov.Type.f32)
        elif kind in ("Constant", "Convert"):
            wide = (
                ops.constant(node.data.astype(np.float32))
                if kind == "Constant"
                else ops.convert(node.input_value(0), SINGLE)
            )
            wide.set_friendly_name(node.get_friendly_name())
            for consumer in node.output(0).get_target_inputs():
                consumer.replace_source_output(wide.output(0))


def _save(ov: Any, model: Any, out: Path) -> None:
    """Beside its place first: the ``.xml`` is there only once its ``.bin`` is whole."""
    try:
        with tempfile.TemporaryDirectory(prefix=".widening-", dir=out.parent) as folder:
            staged = Path(folder) / out.name
            ov.save_model(model, staged, compress_to_fp16=False)
            for suffix in (".bin", ".xml"):
                staged.with_suffix(suffix).replace(out.with_suffix(suffix))
    except OSError as error:
        raise explain_os_error(error, f"cannot write the model to {out}", "another path") from error
    except RuntimeError as error:
        raise UserError(
            f"cannot write the model to {out}: {last_line(str(error))}; free disk space ({COMMAND})."
        ) from None


def main(words: list[str]) -> int:
    """The command; 2 for a user's mistake."""
    if len(words) != 2:
        print(f"usage: {COMMAND} MODEL OUT.xml", file=sys.stderr)
        return 2
    try:
        widen(Path(words[0]), Path(words[1]))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
