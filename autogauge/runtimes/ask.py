"""Asks an environment what is in it (``ask.py [openvino]``): the versions of numpy and openvino, and whether every file is as packed.

Stand-alone: it is run by its path, by interpreters that have no autogauge. It prints one object in JSON.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Answer."""
    broken = broken_files()
    import numpy

    print(
        json.dumps(
            {"openvino": openvino() if "openvino" in sys.argv[1:] else "", "numpy": numpy.__version__, "broken": broken}
        )
    )


def openvino() -> str:
    """The version with its build. Up to 2023.0 ``openvino.__version__`` is missing; before 2024 the API is in ``openvino.runtime``."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # nothing leaves the machine unasked
    import openvino as found

    if not hasattr(found, "get_version"):
        import openvino.runtime as found
    return str(found.get_version())


def broken_files() -> "list[str]":
    """The files of all packages that are not as their package's list (``RECORD``) has them."""
    from importlib.metadata import distributions

    broken = []
    for package in distributions():
        for file in package.files or ():
            if file.hash is None or file.hash.mode != "sha256" or "__pycache__" in file.parts:
                continue  # what Python compiles is made here, though some packages bring it
            try:
                digest = hashlib.sha256(Path(file.locate()).read_bytes()).digest()
            except OSError:
                digest = b""
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value.rstrip("="):
                broken.append(str(file))
    return broken


if __name__ == "__main__":
    main()
