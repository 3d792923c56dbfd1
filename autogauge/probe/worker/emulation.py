"""Switches the emulated GPU on in this process, before openvino loads. Its parts are found by ``autogauge.emulation``.

The OpenCL runtime compiles for a class of processors. Its own choice is unsafe: on a processor that it does not know it plans
vectors by what the processor can do and generates code for a baseline, and every kernel with sub-groups ends the process. So the class is
named, from the processor's flags.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

VARIABLE = "CL_CONFIG_CPU_TARGET_ARCH"
_AVX = ("avx",)
_AVX2 = (*_AVX, "avx2", "fma", "f16c", "bmi1", "bmi2", "abm", "movbe", "popcnt")
_AVX512 = (*_AVX2, "avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl")
CLASSES: dict[str, tuple[str, ...]] = {"skx": _AVX512, "core-avx2": _AVX2, "corei7-avx": _AVX, "corei7": ()}
"""The classes to choose from, best first, each with the flags (as Linux calls them) that it needs. The last one fits every processor."""
_VNNI = (*_AVX512, "avx512_vnni")
_ICE_LAKE = (*_VNNI, "avx512vbmi", "avx512ifma", "avx512_vbmi2", "avx512_bitalg", "avx512_vpopcntdq")
_SAPPHIRE_RAPIDS = (*_ICE_LAKE, "avx512_bf16", "avx512_fp16")
RUNTIMES_OWN = "auto"
BY_HAND: dict[str, tuple[str, ...]] = {
    **CLASSES,
    "cascadelake": _VNNI,
    "icelake-client": _ICE_LAKE,
    "icelake-server": _ICE_LAKE,
    "sapphirerapids": _SAPPHIRE_RAPIDS,
    "graniterapids": _SAPPHIRE_RAPIDS,
    RUNTIMES_OWN: (),
}
"""What the runtime (2024.2.1) accepts. Anything else, the empty value too, makes every one of its builds fail."""

GPUS = "AUTOGAUGE_EMULATED_GPUS"
"""Tells the layer which emulated GPUs there are; see ``emulation/gpus.c``."""
_layers: list[Any] = []


def processor_flags(path: str = "/proc/cpuinfo") -> frozenset[str]:
    """What this processor can do, as Linux calls it; nothing where Linux does not tell."""
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            for line in stream:
                if line.startswith("flags"):
                    return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return frozenset()


def best_class(flags: frozenset[str]) -> str:
    """The best of ``CLASSES`` that a processor with these flags can run."""
    return next(name for name, needed in CLASSES.items() if flags.issuperset(needed))


def processor_class(flags: frozenset[str], by_hand: str | None = None) -> str:
    """The class to compile for: the one named by hand, else the best.

    Raises ``ValueError`` with a sentence for a value that the runtime does not accept, or whose code this processor cannot run.
    """
    if by_hand is None:
        return best_class(flags)
    fitting = ", ".join(name for name, needed in BY_HAND.items() if flags.issuperset(needed))
    if by_hand not in BY_HAND:
        raise ValueError(
            f"the emulated GPU's runtime knows no class of processors called {by_hand!r}: "
            f"unset {VARIABLE}, or let it name one of {fitting}"
        )
    if missing := [flag for flag in BY_HAND[by_hand] if flag not in flags]:
        raise ValueError(
            f"this processor cannot run code for the class {by_hand} (it lacks {', '.join(missing)}): "
            f"unset {VARIABLE}, or let it name one of {fitting}"
        )
    return by_hand


def choose_class() -> dict[str, Any]:
    """Set the class for the runtime, which reads it when the first context is made; returns what was chosen, and how."""
    by_hand, flags = os.environ.get(VARIABLE), processor_flags()
    chosen = processor_class(flags, by_hand)
    os.environ[VARIABLE] = chosen
    return {"class": chosen, "by_flags": best_class(flags), "by_hand": by_hand is not None}


def switch_on(parts: dict[str, Any]) -> None:
    """Load the OpenCL loader with its layer and Intel's OpenCL runtime for CPUs; the GPU plugin then finds the loader by its name.

    ``parts`` has paths: ``libraries`` (a list), ``loader``, ``runtime``, ``layer``; and ``devices``, which GPUs there are and what fails
    on them (``request.EmulatedGpu`` as dictionaries; none: one GPU that works). Raises ``OSError`` when a part cannot be loaded,
    ``ValueError`` with a sentence for a GPU that the layer does not know.
    """
    os.environ["OCL_ICD_FILENAMES"] = without_colon(parts["runtime"])
    os.environ["OPENCL_LAYERS"] = without_colon(parts["layer"])
    os.environ["OCL_ICD_VENDORS"] = os.path.join(os.getcwd(), "no-vendors")  # the layer is not for a real GPU's driver
    tell_gpus(parts.get("devices") or ())
    _take(
        ctypes.CDLL(parts["layer"])
    )  # the loader would pass over one that does not load, and no GPU be there for no reason
    _load_all(parts["libraries"])
    ctypes.CDLL(parts["loader"], mode=ctypes.RTLD_GLOBAL)


def hide_gpus() -> None:
    """Let OpenCL find no driver in this process, before openvino loads: it sees no GPU then, neither a real nor an emulated one."""
    os.environ["OCL_ICD_VENDORS"] = os.path.join(os.getcwd(), "no-vendors")
    for name in ("OCL_ICD_FILENAMES", "OPENCL_LAYERS"):
        os.environ.pop(name, None)


def tell_gpus(devices: Any) -> None:
    """Say in the environment which emulated GPUs there are: nothing for the one that works, whatever the user's environment says."""
    if devices:
        os.environ[GPUS] = ";".join(words_of(each) for each in devices)
    else:
        os.environ.pop(GPUS, None)


def words_of(device: dict[str, Any]) -> str:
    """One emulated GPU as the layer reads it (``emulation/gpus.c``)."""
    words = ["discrete" if device.get("discrete") else "integrated", "vendor=" + device.get("vendor", "intel")]
    words += ["int8=no"] if device.get("without_int8") else []
    words += [f"{what}={device[what]}" for what in ("build", "launch") if device.get(what)]
    return ",".join([*words, f"after={device.get('after', 0)}"])


def fault(device: int, what: str, how: str, after: int = 0) -> None:
    """From now on ``what`` ("build" or "launch") meets that fault on that emulated GPU of this process, counted from 0.

    ``how`` is "" (none; what hangs goes on), "fail", "hang" or "slow:SECONDS"; so many as ``after`` says are good before it. What waits
    already meets the new fault. Raises ``ValueError`` for what there is not, ``RuntimeError`` where no GPU is emulated.
    """
    if _switched_on().autogauge_fault(device, what.encode(), how.encode(), after) != 0:
        raise ValueError(
            f"the emulated GPUs cannot be given this fault: {what} {how!r} on number {device} after {after}"
        )


def count(device: int, what: str) -> int:
    """How often that emulated GPU did ``what`` so far: "build" and "launch" (good or not), "build-fault" and "launch-fault" (one was met).

    A hang counts when it begins. Raises ``ValueError`` for what there is not, ``RuntimeError`` where no GPU is emulated.
    """
    found = int(_switched_on().autogauge_count(device, what.encode()))
    if found < 0:
        raise ValueError(f"the emulated GPUs do not count this: {what} on number {device}")
    return found


def kept_kernels() -> int:
    """How many kernels the emulated GPUs have now; each keeps its program. Raises ``RuntimeError`` where no GPU is emulated."""
    return int(_switched_on().autogauge_kept_kernels())


def _take(layer: Any) -> None:
    """Keep the loaded layer for faults and counts; raises ``ValueError`` for GPUs that it does not know."""
    layer.autogauge_read.restype = ctypes.c_char_p
    layer.autogauge_fault.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]
    layer.autogauge_count.argtypes = [ctypes.c_int, ctypes.c_char_p]
    layer.autogauge_count.restype = layer.autogauge_kept_kernels.restype = ctypes.c_long
    if unreadable := layer.autogauge_read():
        raise ValueError(unreadable.decode(errors="replace"))
    _layers.append(layer)


def _switched_on() -> Any:
    if not _layers:
        raise RuntimeError("no GPU is emulated in this process")
    return _layers[-1]


def without_colon(path: str) -> str:
    """A path to the same file for a variable that is a list between colons: where it has one, by a link in the working folder.

    The working folder is the probe's own, and goes with it. The link is to the folder: the runtime looks for
    its other files beside itself.
    """
    if os.pathsep not in path:
        return path
    folder, name = os.path.split(path)
    number = 0
    while os.path.lexists(link := f"linked-{number}"):
        if os.path.samefile(link, folder):
            break
        number += 1
    else:
        os.symlink(folder, link)
    return os.path.join(".", link, name)


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
