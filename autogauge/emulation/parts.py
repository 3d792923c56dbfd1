"""Finds and builds the parts of the emulated GPU: Intel's OpenCL runtime as pip installed it, and the layer, compiled once a machine.

Switching them on is left to the probe (``autogauge.probe.worker.emulation``).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from autogauge import checkout
from autogauge.cache import Cache
from autogauge.emulation.asked import Gpus
from autogauge.errors import UserError
from autogauge.files import sha256_of
from autogauge.probe.process import Child
from autogauge.probe.request import Emulation

INSTALL = checkout.install("emulation")
SOURCE = Path(__file__).with_name("layer.c")
SOURCES = (SOURCE, Path(__file__).with_name("gpus.c"))
HEADERS = (Path(__file__).with_name("gpus.h"),)
LAYER = "autogauge_layer.so"
PACKAGES = {"intel-opencl-rt": "2024.2.1", "intel-cmplr-lib-rt": "2024.2.1"}
"""Newer releases need a newer TBB than openvino brings, and miss a symbol."""
RUNTIME = "libintelocl.so"
LOADER = "libOpenCL.so.1"
LIBRARIES = ("libintlc.so.5", "libimf.so", "libsvml.so", "libirc.so", "libirng.so")
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=gnu11", "-O2", "-shared", "-fPIC", "-pthread")
BUILD_DEADLINE_S = 120.0
_ERROR = re.compile(r"\berror\b", re.IGNORECASE)
_LAST_WORD = re.compile(r"compilation terminated|collect2: error|\d+ errors? generated|clang: error: linker")


def why_impossible_here() -> str | None:
    """Why this machine can have no emulated GPU at all, or ``None``: the runtime exists for Linux on x86-64 only."""
    if sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64"):
        return None
    return f"the emulated GPU needs Linux on x86-64, and this is {platform.system()} on {platform.machine()}"


def missing_packages() -> list[str]:
    """The packages of ``requirements-emulation.txt`` that are not installed in the release that works."""
    missing = []
    for name, release in PACKAGES.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"{name} {release}")
            continue
        if found != release:
            missing.append(f"{name} {release} (there is {found})")
    return missing


def compilers() -> list[list[str]]:
    """The commands of the C compilers that there are: the system's, then the one that pip installs."""
    found = [[path] for name in COMPILERS if (path := shutil.which(name))]
    if importlib.util.find_spec("ziglang"):
        found.append([sys.executable, "-m", "ziglang", "cc"])
    return found


def prepare(cache: Cache) -> Emulation:
    """Every part of the emulated GPU; the layer is compiled into the cache unless it is there.

    Raises :class:`UserError` when this is no Linux on x86-64, a package or a compiler is missing, or the layer does not build.
    """
    if reason := why_impossible_here():
        raise UserError(f"{reason}: measure without it (--accelerator=auto).")
    if missing := missing_packages():
        raise UserError(f"the emulated GPU needs {' and '.join(missing)}: {INSTALL} (--accelerator=emulated).")
    folder = cache.entry(f"emulation-layer-{layer_digest()}", _build)
    return Emulation(
        runtime=installed("intel-opencl-rt", RUNTIME),
        loader=installed("intel-opencl-rt", LOADER),
        layer=str((folder / LAYER).resolve()),
        libraries=tuple(installed("intel-cmplr-lib-rt", name) for name in LIBRARIES),
    )


def identity(processor_class: str, gpus: Gpus) -> dict[str, str]:
    """What tells one emulated GPU from another: packages, layer, the class of processors that it compiles for, and other GPUs than one."""
    which = {} if gpus.is_plain else {"gpus": gpus.text}
    return {**PACKAGES, "layer": layer_digest(), "class": processor_class, **which}


def layer_digest() -> str:
    """Changes with the layer's source and with how it is compiled."""
    sources = " ".join(sha256_of(path) for path in (*SOURCES, *HEADERS))
    return hashlib.sha256(f"{sources} {FLAGS}".encode()).hexdigest()[:12]


def installed(package: str, name: str) -> str:
    """The absolute path of a file that the package brought."""
    for path in importlib.metadata.files(package) or ():
        if path.name == name:
            found = Path(str(path.locate())).resolve()
            if found.is_file():
                return str(found)
    raise UserError(
        f"{package} is installed without its {name}: pip install --force-reinstall {package}=={PACKAGES[package]}."
    )


def _build(staging: Path) -> dict[str, Any]:
    """Compile the layer into ``staging`` by the first compiler that can; returns facts for the manifest."""
    failures = []
    for command in compilers():
        reason = _compile(command, staging)
        if reason is None:
            return {"name": "emulation-layer", "compiler": " ".join(command)}
        failures.append(f"{' '.join(command)}: {reason}")
    if failures:
        raise UserError(
            f"cannot compile the emulated GPU's layer {SOURCE.name} into {staging.parent} ({'; '.join(failures)}): "
            f"mend the compiler, or install one by pip ({INSTALL})."
        )
    raise UserError(f"the emulated GPU needs a C compiler: install the system's (cc), or one by pip ({INSTALL}).")


def _compile(command: list[str], staging: Path) -> str | None:
    """Compile the layer with one compiler; returns why it failed, or ``None``."""
    with tempfile.TemporaryDirectory(prefix="autogauge-build-") as scratch:
        child = Child(
            [*command, *FLAGS, "-o", str(staging / LAYER), *map(str, SOURCES)],
            stdout=Path(scratch) / "stdout.log",
            stderr=Path(scratch) / "stderr.log",
            environment={
                **os.environ,
                "LC_ALL": "C",  # so that an error is called one
                "ZIG_GLOBAL_CACHE_DIR": scratch,
                "ZIG_LOCAL_CACHE_DIR": scratch,
            },
        )
        try:
            ending = child.wait(time.monotonic() + BUILD_DEADLINE_S)
        except TimeoutError:
            return f"it took over {BUILD_DEADLINE_S:g} s"
        finally:
            child.kill()
        if ending.exit_status == 0 and (staging / LAYER).is_file():
            return None
        (staging / LAYER).unlink(missing_ok=True)
        return _cause(child.printed(child.stderr)) or _cause(child.output_tail()) or str(ending)


def _cause(output: str) -> str | None:
    """The line of a compiler's output that names the cause: the first with an error; what comes after follows from it.

    The linker's own lines come before the compiler's last word, which is an error too.
    """
    lines = [line.strip() for line in output.splitlines() if any(letter.isalnum() for letter in line)]
    told = [line for line in lines if not _LAST_WORD.match(line)] or lines
    return next((line for line in told if _ERROR.search(line)), told[-1] if told else None)
