"""Cases of a cache folder that is of no use: blobs that are damaged or another's, and folders that nobody can write to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, Promise
from autogauge.rig.expecting import Expect, Wanted
from autogauge.studies.model_cache.cases import (
    AUTO,
    BEFORE,
    LIST,
    blobs,
    filler,
    helper,
    labels,
    loaded,
    right,
    sees,
    start,
)
from autogauge.studies.model_cache.turns import CACHE, OTHER, CachedCase

SHORT_S = 6.0
"""So long a case waits for an accelerator that may never come: AUTO without a cache hands these models over in one."""
LIMIT_BYTES = 1500
"""Less than a blob of any device, and more than a process needs that says little."""

PROMISES = (
    Promise("cache-damaged-no-error", "a damaged blob is no error", ("cache-damaged-recompiled",)),
    Promise("cache-damaged-right", "beside a damaged blob all answers are right", ("cache-damaged-recompiled",)),
    Promise(
        "cache-damaged-written-anew", "a damaged blob is written anew, as long as it was", ("cache-damaged-recompiled",)
    ),
    Promise(
        "cache-damaged-auto-helper",
        "beside a damaged blob AUTO starts its CPU helper",
        ("cache-damaged-helper",),
        differs=("useless-blob-no-helper",),
    ),
    Promise(
        "cache-damaged-list-helper",
        "beside a damaged blob AUTO:GPU,CPU starts its CPU helper",
        ("cache-damaged-helper",),
        differs=("useless-blob-no-helper-in-a-list",),
    ),
    Promise(
        "cache-foreign-blob",
        "another model's blob in the place of a model's is not taken for it",
        ("cache-damaged-recompiled",),
        differs=("foreign-blob-taken",),
    ),
    Promise(
        "cache-other-devices-blob",
        "another device's blob in the place of a device's is not taken for it",
        ("cache-damaged-recompiled",),
    ),
    Promise(
        "cache-flipped-gpu-blob",
        "a GPU's blob in which some weights were changed is not taken",
        ("cache-damaged-recompiled",),
        differs=("gpu-blob-unchecked",),
    ),
    Promise(
        "cache-flipped-gpu-program",
        "a GPU's blob in which some bytes of a program were changed does not end the process",
        ("cache-damaged-recompiled",),
        differs=("gpu-blob-unchecked",),
    ),
    Promise(
        "cache-unwritable-no-error",
        "a cache folder that cannot be written is no error",
        ("cache-unwritable-survives",),
        differs=("unwritable-cache-throws",),
    ),
    Promise(
        "cache-unwritable-device",
        "a cache folder that cannot be written keeps no device from answering",
        ("cache-unwritable-survives",),
        differs=("unwritable-cache-throws",),
    ),
    Promise(
        "cache-unwritable-right", "whoever answers beside such a folder answers right", ("cache-unwritable-survives",)
    ),
    Promise(
        "cache-unwritable-no-partial-blob",
        "no part of a blob is left where it could not be written whole",
        ("cache-unwritable-survives",),
        differs=("partial-blob",),
    ),
)
NO_ERROR = "what compiling says"


def cases() -> Sequence[Case]:
    """All of them."""
    return (
        *(
            _damaged(device, how)
            for device, ways in (
                ("CPU", ("truncated", "empty", "garbage", "flipped")),
                ("GPU", ("truncated",)),
                (AUTO, ("truncated", "empty", "garbage")),
                (LIST, ("truncated", "empty", "garbage")),
            )
            for how in ways
        ),
        *map(_foreign, ("CPU", "GPU", LIST)),
        *(_other_devices(device, other) for device, other in (("CPU", "GPU"), ("GPU", "CPU"))),
        _flipped("weights", "weights", "cache-flipped-gpu-blob"),
        _flipped("a program", 0.5, "cache-flipped-gpu-program"),
        *(_unwritable(device, how) for how in ("read-only", "full") for device in ("CPU", "GPU", AUTO, LIST)),
        *(_unwritable(device, "a file") for device in ("CPU", AUTO)),
    )


def _damage(how: str, **others: Any) -> Mapping[str, Any]:
    return {"do": "damage", "path": CACHE, "how": how, **others}


def _said(claim: str) -> Expect:
    return Expect(claim, NO_ERROR, lambda seen: seen.error("compile"), "")


def _lengths(seen: Seen) -> list[int] | None:
    """How much longer each blob is than it was; ``None`` where there was none."""
    before, after = blobs(seen, "before"), blobs(seen)
    if not before or len(before) != len(after):
        return None if not before else [-int(each["bytes"]) for each in before]
    return [int(now["bytes"]) - int(then["bytes"]) for now, then in zip(after, before, strict=True)]


SAME_LENGTH = Wanted("the length that it had, within 64 bytes", lambda found: all(abs(each) <= 64 for each in found))


def _damaged(device: str, how: str) -> Case:
    expects = [
        _said("cache-damaged-no-error"),
        Expect("cache-damaged-no-error", "LOADED_FROM_CACHE", loaded, False),
        right("cache-damaged-right"),
        Expect("cache-damaged-written-anew", "bytes more in the blob than before", _lengths, SAME_LENGTH),
    ]
    if device in (AUTO, LIST):
        expects.append(helper("cache-damaged-auto-helper" if device == AUTO else "cache-damaged-list-helper", True))
    return CachedCase(
        f"{how} blob {device}",
        f"{device}, a blob that is {how}",
        (BEFORE, _damage(how), *start(device)),
        tuple(expects),
        sees(device),
        labels=labels(device, how),
        filled=filler(device),
    )


def _foreign(device: str) -> Case:
    """The blob of a model with other inputs, under this model's name."""
    claim = "cache-foreign-blob"
    return CachedCase(
        f"foreign blob {device}",
        f"{device}, another model's blob",
        (_damage("foreign", other=OTHER), *start(device, wait_s=SHORT_S)[:-2]),
        (Expect(claim, "LOADED_FROM_CACHE", loaded, False), right(claim)),
        sees(device),
        labels=labels(device, "foreign"),
        filled=filler(device),
        other=filler(device, "relu"),
        step_deadline_s=2 * SHORT_S,
    )


def _other_devices(device: str, other: str) -> Case:
    claim = "cache-other-devices-blob"
    return CachedCase(
        f"{other}'s blob {device}",
        f"{device}, the {other}'s blob",
        (_damage("foreign", other=OTHER), *start(device)),
        (_said(claim), Expect(claim, "LOADED_FROM_CACHE", loaded, False), right(claim)),
        sees("GPU"),
        labels=labels(device, f"the {other}'s"),
        filled=filler(device),
        other=filler(other),
    )


def _flipped(words: str, at: Any, claim: str) -> Case:
    """With the emulated GPU only: nobody knows what a real one's driver does with a program that is broken."""
    expects = [right(claim)] if at == "weights" else []
    return CachedCase(
        f"flipped blob GPU, {words}",
        f"GPU, a blob with flipped bytes: {words}",
        (_damage("flipped", at=at), *start("GPU")),
        (Expect(claim, "what became of the process", _became, "it came to its end"), *expects),
        labels=labels("GPU", f"flipped: {words}"),
        gpus=(EmulatedGpu(),),
        filled=filler("GPU"),
    )


def _became(seen: Seen) -> str | None:
    """How the process ended; ``None`` where the blob was not damaged."""
    if seen.error("damage") != "":
        return None
    return "it came to its end" if seen.ending is None else seen.ending.sentence()


def _unwritable(device: str, how: str) -> Case:
    """A folder that is read-only, a disk that is full (no file may grow that long), or a file in the folder's place."""
    cache = f"{CACHE}/file" if how == "a file" else CACHE
    ways: Mapping[str, Mapping[str, Any]] = {
        "read-only": {"do": "forbid", "path": CACHE, "name": "hinder"},
        "full": {"do": "limit", "bytes": LIMIT_BYTES, "name": "hinder"},
        "a file": {"do": "put", "path": cache, "text": "no folder", "name": "hinder"},
    }
    hinder = ways[how]
    wanted = {"GPU": "GPU", AUTO: "GPU", LIST: "GPU"}.get(device, "CPU")

    def if_hindered(read: Any) -> Any:
        """Nothing is known where the system lets root write all the same."""
        return lambda seen: None if how == "read-only" and not seen.value("hinder", "refused") else read(seen)

    def in_the_end(seen: Seen) -> str | None:
        devices = seen.value("later", "devices") or seen.value("wait", "devices")
        if devices and str(devices[-1]).startswith("(") and not seen.log.failures:
            return None  # the accelerator is still compiling, on a busy machine
        if devices:
            return str(devices[-1]).partition(".")[0]
        return "nobody" if seen.error("compile") else None

    expects = [
        Expect("cache-unwritable-no-error", NO_ERROR, if_hindered(lambda seen: seen.error("compile")), ""),
        Expect("cache-unwritable-device", "who answers in the end", if_hindered(in_the_end), wanted),
        Expect(
            "cache-unwritable-no-partial-blob", "blobs in the folder", if_hindered(lambda seen: len(blobs(seen))), 0
        ),
    ]
    right_ = right("cache-unwritable-right")
    expects.append(Expect(right_.claim, right_.what, lambda seen: 0 if seen.error("compile") else right_.read(seen), 0))
    return CachedCase(
        f"{how} cache {device}",
        f"{device}, a cache that is {how}",
        (hinder, *start(device, cache, wait_s=SHORT_S)),
        tuple(expects),
        sees(device),
        labels=labels(device, how),
    )
