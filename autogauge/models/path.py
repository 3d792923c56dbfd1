"""The path source: a model file of the user's own, with every file that it needs. Whether OpenVINO can read it, a probe finds."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from autogauge.causes import step_for
from autogauge.errors import UserError
from autogauge.files import exists, sha256_of
from autogauge.models import onnx_weights
from autogauge.models.artefact import ModelArtefact

FORMATS = {
    ".xml": "IR",
    ".onnx": "ONNX",
    ".tflite": "TFLite",
    ".pb": "TensorFlow",
    ".meta": "TensorFlow",
    ".pdmodel": "Paddle",
    ".json": "Paddle",
}
SAVED_MODEL = "saved_model.pb"
_WEIGHT_FILES = {".xml": (".bin",), ".pdmodel": (".pdiparams",), ".json": (".pdiparams",), ".meta": (".index",)}
_BELONG_TO = {
    ".bin": (".xml",),
    ".pdiparams": (".pdmodel", ".json"),
    ".index": (".meta",),
    ".data": (".onnx",),
    ".onnx_data": (".onnx",),
}
"""Files of weights, and the endings of the models that they may belong to."""
_EXPORT = "export the model to ONNX, or convert it with openvino.convert_model and openvino.save_model"
_FOREIGN = {
    **dict.fromkeys((".pt", ".pth", ".torchscript", ".pt2"), "PyTorch"),
    ".ckpt": "a checkpoint",
    **dict.fromkeys((".h5", ".hdf5", ".keras"), "Keras"),
    ".safetensors": "weights without a graph",
    ".gguf": "llama.cpp",
    ".caffemodel": "Caffe",
    ".prototxt": "Caffe",
    ".params": "MXNet",
    ".mlmodel": "Core ML",
    ".mlpackage": "Core ML",
    ".engine": "TensorRT",
    ".pkl": "a pickle",
    ".joblib": "a pickle",
    ".ort": "ONNX Runtime's own format",
    ".npz": "arrays",
}
"""What OpenVINO does not read as a file, and whose it is."""
_MOST_NAMED = 3
_POINTER = b"version https://git-lfs.github.com/spec/"


def artefact_at(path: Path) -> ModelArtefact:
    """The model at ``path``: an IR, ONNX, TFLite, TensorFlow (file, checkpoint or SavedModel folder) or Paddle file.

    Its digest is over every file that it needs. Raises :class:`UserError` when there is none, its format is unknown, or a file
    that belongs to it is missing.
    """
    if not exists(path):
        raise UserError(f"there is no model at {path}: check the path (--model).")
    try:
        digest = hashlib.sha256("".join(sha256_of(_regular(each)) for each in _files_of(path)).encode()).hexdigest()
    except OSError as error:
        raise UserError(f"cannot read the model {path}: {error.strerror}; check its permissions (--model).") from None
    # Not resolved: where the file is a link, its own name and what lies beside the link count.
    return ModelArtefact(
        path.absolute().stem, "path", FORMATS.get(path.suffix.lower(), "TensorFlow"), path.absolute(), digest, "unknown"
    )


def _files_of(path: Path) -> list[Path]:
    """Every file that the model needs. Raises ``OSError`` and :class:`UserError`."""
    if not path.is_dir():
        check_name(path)
        return [path, *_weights_beside(path), *_weights_named_in(path)]
    if not (path / SAVED_MODEL).is_file():
        raise UserError(_no_saved_model(path))
    return _files_below(path)


def check_name(path: Path) -> None:
    """Raise :class:`UserError`, with the next step, for a file that is no model by its name."""
    suffix, option = path.suffix.lower(), "(--model)"
    if path.name == SAVED_MODEL:
        raise UserError(f"{path} is a part of a SavedModel: name its folder, {path.absolute().parent} {option}.")
    if suffix in FORMATS:
        return
    if ".data-" in path.name:  # a checkpoint's
        suffix = ".index"
    if suffix in _BELONG_TO:
        stem = path.with_name(path.name.partition(".data-")[0]) if ".data-" in path.name else path
        endings = _BELONG_TO[suffix]
        there = [each for ending in endings if exists(each := stem.with_suffix(ending))]
        if not there and path.suffix.lower() == ".data":  # weights of an ONNX model are often called model.onnx.data
            there = [path.with_suffix("")] if path.with_suffix("").suffix == ".onnx" else []
        model = str(there[0]) if there else f"the {' or '.join(endings)} file that it belongs to; without one {_EXPORT}"
        raise UserError(f"{path} holds weights only: name {model} {option}.")
    if suffix in _FOREIGN:
        raise UserError(f"OpenVINO does not read {path} ({_FOREIGN[suffix]}): {_EXPORT} {option}.")
    known = ", ".join(sorted(FORMATS))
    raise UserError(
        f"{path} is not a model by its name: its ending is to be one of {known}, or it is a SavedModel folder {option}."
    )


def is_model_name(name: str) -> bool:
    """Whether that is meant as a file's name: a model's ending, or one that models of others have."""
    suffix = Path(name).suffix.lower()
    return "/" in name or suffix in FORMATS or suffix in _BELONG_TO or suffix in _FOREIGN


def _no_saved_model(folder: Path) -> str:
    """What is wrong with a folder, naming the models in it where there are any."""
    try:
        inside = sorted(each for each in folder.iterdir() if each.suffix.lower() in FORMATS and each.is_file())
        deeper = sorted(folder.glob(f"*/{SAVED_MODEL}"))
    except OSError:
        inside, deeper = [], []
    found = [*inside, *(each.parent for each in deeper)]
    if not found:
        return f"the folder {folder} is not a TensorFlow SavedModel: name the model's file (--model)."
    named = " or ".join(str(each) for each in found[:_MOST_NAMED])
    more = f" or another of {len(found)}" if len(found) > _MOST_NAMED else ""
    return f"the folder {folder} is not a TensorFlow SavedModel: name the model's file, {named}{more} (--model)."


def _files_below(folder: Path) -> list[Path]:
    """Every file of a SavedModel, sorted; folders that are links are followed, each folder once."""
    found: list[Path] = []
    seen: set[str] = set()
    for where, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(where)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        found += [each for name in names if (each := Path(where, name)).is_file()]
    return sorted(found)


def _weights_beside(path: Path) -> list[Path]:
    """The weight files that belong to a model by its name; an IR without its ``.bin`` is a mistake worth a sentence."""
    suffix = path.suffix.lower()
    beside = [path.with_suffix(ending) for ending in _WEIGHT_FILES.get(suffix, ())]
    missing = [each for each in beside if not each.is_file()]
    if missing:
        raise UserError(
            f"the model {path} lacks its weights: {missing[0].name} is not beside it; put it there (--model)."
        )
    if suffix == ".meta":
        beside += sorted(each for each in path.parent.iterdir() if each.name.startswith(f"{path.stem}.data-"))
    return beside


def _weights_named_in(path: Path) -> list[Path]:
    """The files that an ONNX model names for its weights (ONNX's external data): below the model's folder, or refused."""
    if path.suffix.lower() != ".onnx":
        return []
    try:
        locations = onnx_weights.locations(_regular(path))
    except OSError as error:
        raise UserError(
            f"cannot read the model {path}: {error.strerror}; {step_for(error) or 'check its permissions'} (--model)."
        ) from None
    except onnx_weights.TooLarge:
        raise UserError(
            f"the model {path} has over {onnx_weights.MOST_FIELDS} fields, more than any model should: check the file (--model)."
        ) from None
    files = {}
    for location in locations:
        plain = Path(os.path.normpath(location) if location and "\0" not in location else os.pardir)
        if plain.is_absolute() or os.pardir in plain.parts:
            raise UserError(
                f"the model {path} names {location!r} for its weights, which is not below its folder, as ONNX demands: "
                "save the model anew with its weights beside it (--model)."
            )
        files[str(plain)] = path.parent / plain
    missing = [name for name, file in files.items() if not file.is_file()]
    if missing:
        named = ", ".join(missing[:_MOST_NAMED]) + (
            f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        )
        raise UserError(
            f"the model {path} lacks its weights: {named} {'is' if len(missing) == 1 else 'are'} "
            f"not in {path.absolute().parent}; put {'it' if len(missing) == 1 else 'them'} there (--model)."
        )
    return [files[name] for name in sorted(files)]


def _regular(path: Path) -> Path:
    """The path, if it is a file that ends, which a pipe or a device might not, and is there in full. Raises :class:`UserError`."""
    if exists(path) and not path.is_file():
        raise UserError(f"{path} is not a regular file: name a model's file (--model).")
    with path.open("rb") as stream:
        if stream.read(len(_POINTER)) == _POINTER:
            raise UserError(
                f"{path} is a pointer of Git LFS, not the file itself: fetch it with git lfs pull (--model)."
            )
    return path
