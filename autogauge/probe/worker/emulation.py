"""Switches the emulated GPU on in this process, before openvino loads. Its parts are found by ``autogauge.emulation``."""

from __future__ import annotations

import ctypes
import os
from typing import Any


def switch_on(parts: dict[str, Any]) -> None:
    """Load the OpenCL loader with its layer and Intel's OpenCL runtime for CPUs; the GPU plugin then finds the loader by its name.

    ``parts`` has paths: ``libraries`` (a list), ``loader``, ``runtime``, ``layer``. Raises ``OSError`` when one cannot be loaded.
    """
    os.environ["OCL_ICD_FILENAMES"] = parts["runtime"]
    os.environ["OPENCL_LAYERS"] = parts["layer"]
    os.environ["OCL_ICD_VENDORS"] = os.path.join(os.getcwd(), "no-vendors")  # the layer is not for a real GPU's driver
    ctypes.CDLL(parts["layer"])  # the loader would pass over one that does not load, and no GPU be there for no reason
    _load_all(parts["libraries"])
    ctypes.CDLL(parts["loader"], mode=ctypes.RTLD_GLOBAL)


def _load_all(libraries: list[str]) -> None:
    """Load with global visibility; the libraries need one another, so those that fail are tried again after the others."""
    pending = libraries
    while pending:
        failed = []
        for path in pending:
            try:
                ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
            except OSError as caught:
                failed.append(path)
                error = caught
        if len(failed) == len(pending):
            raise error
        pending = failed
