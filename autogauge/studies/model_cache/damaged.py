"""Cases of a cache folder that is of no use: blobs that are damaged or another's, and folders that nobody can write to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, Promise
from autogauge.rig.expecting import HUNG, Expect, Wanted, one_of, saying
from autogauge.studies.model_cache.cases import AUTO, BEFORE, LIST, filler, labels, sees, start
from autogauge.studies.model_cache.reading import blobs, helper, loaded, not_taken, only_if, right
from autogauge.studies.model_cache.turns import CACHE, OTHER, CachedCase

SHORT_S = 6.0
"""So long a case waits for an accelerator that may never come: AUTO without a cache hands these models over in one."""
LIMIT_BYTES = 1500
"""Less than a blob of any device, and more than a process needs that says little."""
FOREIGN = {"CPU": "cache-foreign-blob", "GPU": "cache-foreign-gpu-blob", LIST: "cache-foreign-list-blob"}
"""The promise of each device about another model's blob."""

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
    *(
        Promise(
            name,
            f"{device}: another model's blob in the place of a model's is not taken for it",
            ("cache-damaged-recompiled",),
            differs=("foreign-blob-taken",),
        )
        for device, name in FOREIGN.items()
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
        "cache-unwritable-cpu-no-error",
        "a cache folder that cannot be written is no error where the CPU compiles",
        ("cache-unwritable-survives",),
        differs=("unwritable-cache-throws-on-cpu",),
    ),
    Promise(
        "cache-unwritable-cpu-answers",
        "a cache folder that cannot be written does not keep the CPU from answering, and right",
        ("cache-unwritable-survives",),
        differs=("unwritable-cache-throws-on-cpu",),
    ),
    Promise(
        "cache-unwritable-no-error",
        "a cache folder that cannot be written is no error where the accelerator or AUTO compiles",
        ("cache-unwritable-survives",),
        differs=("unwritable-cache-throws",),
    ),
    Promise(
        "cache-unwritable-device",
        "a cache folder that cannot be written does not keep the accelerator from answering, by itself and by AUTO",
        ("cache-unwritable-survives",),
        differs=("unwritable-cache-throws",),
    ),
    Promise(
        "cache-unwritable-right",
        "whoever answers for AUTO beside such a folder answers right",
        ("cache-unwritable-survives",),
    ),
    Promise(
        "cache-unwritable-no-partial-blob",
        "no part of a blob is left where it could not be written whole",
        ("cache-unwritable-survives",),
        differs=("partial-blob",),
    ),
)
NO_ERROR = "what compiling says"
CANNOT_WRITE = saying("filesystem error", "failed to write")
"""What the CPU's plugin and the GPU's say where they cannot write a blob."""
BY_THE_BLOB = Wanted(
    "an end while the model is compiled, answers, or is let go of",
    lambda said: any(f": {step}" in said for step in ("compile", "infer", "wait", "release")),
)


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
        *map(_foreign, FOREIGN),
        *(_other_devices(device, other) for device, other in (("CPU", "GPU"), ("GPU", "CPU"))),
        _flipped("weights", "weights", "cache-flipped-gpu-blob"),
        _flipped("a program", 0.5, "cache-flipped-gpu-program"),
        *(_unwritable(device, how) for how in ("read-only", "full") for device in ("CPU", "GPU", AUTO, LIST)),
        *(_unwritable(device, "a file") for device in ("CPU", AUTO)),
    )


def _damage(how: str, **others: Any) -> Mapping[str, Any]:
    return {"do": "damage", "path": CACHE, "how": how, **others}


def _said(claim: str, differs: tuple[str, ...] = ()) -> Expect:
    return Expect(claim, NO_ERROR, lambda seen: seen.error("compile"), "", differs, CANNOT_WRITE)


def _of_damaged(*expects: Expect) -> tuple[Expect, ...]:
    """Nothing is known where the blob could not be damaged."""
    return tuple(only_if(each, lambda seen: seen.error("damage") == "") for each in expects)


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
        claim, differs = (
            ("cache-damaged-auto-helper", ("useless-blob-no-helper",))
            if device == AUTO
            else ("cache-damaged-list-helper", ("useless-blob-no-helper-in-a-list",))
        )
        expects.append(helper(claim, True, differs))
    return CachedCase(
        f"{how} blob {device}",
        f"{device}, a blob that is {how}",
        (BEFORE, _damage(how), *start(device)),
        _of_damaged(*expects),
        sees(device),
        labels=labels(device, how),
        filled=filler(device),
    )


def _foreign(device: str) -> Case:
    """The blob of a model with other inputs, under this model's name."""
    claim = FOREIGN[device]
    return CachedCase(
        f"foreign blob {device}",
        f"{device}, another model's blob",
        (_damage("foreign", other=OTHER), *start(device, wait_s=SHORT_S)[:-2]),
        _of_damaged(
            _said(claim),
            *not_taken(claim, ("foreign-blob-taken",), ((HUNG, "2024"),) if device == LIST else ()),
        ),
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
        _of_damaged(_said(claim), Expect(claim, "LOADED_FROM_CACHE", loaded, False), right(claim)),
        sees("GPU"),
        labels=labels(device, f"the {other}'s"),
        filled=filler(device),
        other=filler(other),
    )


def _flipped(words: str, at: Any, claim: str) -> Case:
    """With the emulated GPU only: nobody knows what a real one's driver does with a program that is broken."""
    differs = ("gpu-blob-unchecked",)
    what = "what ended the process"
    expects = (
        (Expect(claim, what, _ended_by, "nothing"), *not_taken(claim, differs))
        if at == "weights"
        else (
            Expect(claim, what, _ended_by, "nothing", differs, as_known=BY_THE_BLOB, ends=("signal", "exit")),
            Expect(claim, "whether it hangs", _hangs, False),
        )
    )
    return CachedCase(
        f"flipped blob GPU, {words}",
        f"GPU, a blob with flipped bytes: {words}",
        (_damage("flipped", at=at), *start("GPU")),
        _of_damaged(*expects),
        labels=labels("GPU", f"flipped: {words}"),
        gpus=(EmulatedGpu(),),
        filled=filler("GPU"),
    )


def _hangs(seen: Seen) -> bool:
    """A known difference that ends the process does not excuse one that waits for ever."""
    return seen.became == "hung"


def _ended_by(seen: Seen) -> str | None:
    """The signal or the exit status that ended the process; ``None`` where it was late, or told nonsense."""
    if seen.ending is None:
        return "nothing"
    return seen.ending.sentence() if seen.ending.kind in ("signal", "exit") else None


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

    def is_hindered(seen: Seen) -> bool:
        """Not where the step failed, nor where the system lets root write all the same."""
        return seen.error("hinder") == "" and (how != "read-only" or bool(seen.value("hinder", "refused")))

    def in_the_end(seen: Seen) -> str | None:
        devices = seen.value("later", "devices") or seen.value("wait", "devices")
        if devices and str(devices[-1]).startswith("(") and not seen.log.failures:
            return None  # the accelerator is still compiling, on a busy machine
        if devices:
            return str(devices[-1]).partition(".")[0]
        return "nobody" if seen.error("compile") else None

    cpu = "-cpu" if device == "CPU" else ""
    differs = ("unwritable-cache-throws-on-cpu",) if cpu else ("unwritable-cache-throws",)
    answers = "cache-unwritable-cpu-answers" if cpu else "cache-unwritable-device"
    lost = one_of("CPU", "(CPU)") if device in (AUTO, LIST) else one_of("nobody")
    expects = (
        # AUTO itself throws on no release; a part of a blob is left where a file cannot grow
        _said(f"cache-unwritable{cpu}-no-error", differs if device in ("CPU", "GPU") else ()),
        Expect(answers, "who answers in the end", in_the_end, wanted, differs, as_known=lost),
        # a plain device that does not compile answers nothing, right or wrong; for AUTO somebody does
        right("cache-unwritable-right") if device in (AUTO, LIST) else right(answers, differs),
        Expect(
            "cache-unwritable-no-partial-blob",
            "blobs in the folder",
            lambda seen: len(blobs(seen)),
            0,
            ("partial-blob",) if how == "full" else (),
        ),
    )
    return CachedCase(
        f"{how} cache {device}",
        f"{device}, a cache that is {how}",
        (hinder, *start(device, cache, wait_s=SHORT_S)),
        tuple(only_if(each, is_hindered) for each in expects),
        sees(device),
        labels=labels(device, how),
    )
