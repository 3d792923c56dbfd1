"""The path source: a model file of the user's own. Whether OpenVINO can read it is found by the first probe."""

from __future__ import annotations

import hashlib
from pathlib import Path

from autogauge.errors import UserError
from autogauge.files import sha256_of
from autogauge.models.artefact import ModelArtefact

FORMATS = {
    ".xml": "IR",
    ".onnx": "ONNX",
    ".tflite": "TFLite",
    ".pb": "TensorFlow",
    ".pdmodel": "Paddle",
    ".json": "Paddle",
}
_WEIGHT_FILES = {".xml": (".bin",), ".pdmodel": (".pdiparams",), ".json": (".pdiparams",)}


def fetch(path: Path) -> ModelArtefact:
    """The model at ``path``: an IR, ONNX, TFLite, TensorFlow (file or SavedModel folder) or Paddle file.

    Raises :class:`UserError` when there is none, its format is unknown, or a file that belongs to it is missing.
    """
    if not path.exists():
        raise UserError(f"there is no model at {path}: check the path (--model).")
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise UserError(f"the folder {path} is not a TensorFlow SavedModel: name the model's file (--model).")
        files = sorted(each for each in path.rglob("*") if each.is_file())
    elif path.suffix.lower() not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise UserError(
            f"{path} is not a model by its name: its ending is to be one of {known}, or a SavedModel folder (--model)."
        )
    else:
        files = [path, *_weights_beside(path)]
    try:
        digest = hashlib.sha256("".join(sha256_of(each) for each in files).encode()).hexdigest()
    except OSError as error:
        raise UserError(f"cannot read the model {path}: {error.strerror}; check its permissions (--model).") from None
    return ModelArtefact(
        path.stem, "path", FORMATS.get(path.suffix.lower(), "TensorFlow"), path.resolve(), digest, "unknown"
    )


def _weights_beside(path: Path) -> list[Path]:
    """The weight files that belong to a model file; an IR without its ``.bin`` is a mistake worth a sentence."""
    beside = [path.with_suffix(suffix) for suffix in _WEIGHT_FILES.get(path.suffix.lower(), ())]
    missing = [each for each in beside if not each.is_file()]
    if missing:
        raise UserError(
            f"the model {path} lacks its weights: {missing[0].name} is not beside it; put it there (--model)."
        )
    return beside
