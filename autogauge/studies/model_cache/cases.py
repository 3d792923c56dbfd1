"""Cases of a cache folder that is as it should be: cold, warm, from a path, filled by two at once, and none at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, Promise, Sees
from autogauge.rig.expecting import Expect, Wanted, unless_seen
from autogauge.studies.model_cache.reading import (
    answers_in,
    blobs,
    compared,
    helper,
    is_warm,
    loaded,
    not_taken,
    only_if,
    right,
    said_in,
    told,
)
from autogauge.studies.model_cache.turns import CACHE, MEETING, MODELS, CachedCase, Filler
from autogauge.targets import F32

AUTO, LIST = "AUTO", "AUTO:GPU,CPU"
DEVICES = ("CPU", "AUTO:CPU", "GPU", AUTO, LIST)
FOLDER = f"{CACHE}/not/there"
"""Of a cold start: a folder that is to be made."""
"""So that there is one right answer."""
MODEL, FROM_PATH = "conv", "path"
MEETING_S = 30.0
WAIT_S = 20.0

PROMISES = (
    Promise("cache-writes-a-blob", "a cold start writes one blob, and nothing else", ("cache-written",)),
    Promise("cache-makes-its-folder", "a cache folder that is not there is made", ("cache-folder-made",)),
    Promise("cache-is-told", "LOADED_FROM_CACHE is said of a warm start, and not of a cold one", ("cache-told",)),
    Promise("cache-warm-writes-nothing", "a warm start leaves its blob as it is", ("cache-told",)),
    Promise(
        "cache-answers-are-right",
        "a model answers alike with a cold cache and with a warm one",
        ("cache-answers-right",),
    ),
    Promise(
        "cache-warm-auto-no-helper",
        "with a warm cache AUTO starts no CPU helper",
        ("cache-no-helper", "startup-cpu-first"),
        differs=("warm-cache-helper",),
    ),
    Promise(
        "cache-warm-list-no-helper",
        "with a warm cache AUTO:GPU,CPU starts no CPU helper",
        ("cache-no-helper", "startup-cpu-first"),
    ),
    Promise(
        "cache-warm-auto-falls-back",
        "with a warm cache AUTO still has the CPU to fall back to",
        ("fallback-runtime-retry",),
        differs=("warm-cache-fallback-fails",),
    ),
    Promise(
        "cache-warm-list-falls-back",
        "with a warm cache AUTO:GPU,CPU still has the CPU to fall back to",
        ("fallback-runtime-retry",),
        differs=("warm-cache-no-fallback",),
    ),
    Promise("cache-path-hits", "a model that is compiled from a path again comes from the cache", ("cache-from-path",)),
    Promise(
        "cache-path-rewritten-misses", "a model whose file was written anew is compiled anew", ("cache-from-path",)
    ),
    Promise(
        "cache-path-new-weights-miss",
        "a model whose weights were written anew is compiled anew",
        ("cache-from-path", "cache-answers-right"),
        differs=("cache-blind-to-weights",),
    ),
    Promise(
        "cache-off-writes-nothing",
        "without CACHE_DIR, or with an empty one, nothing is cached",
        ("cache-off-by-default",),
    ),
    Promise("cache-path-as-dir", "CACHE_PATH with a folder does what CACHE_DIR does", ("cache-path-as-dir",)),
    Promise(
        "cache-two-at-once",
        "two processes that fill one folder at once both answer right, and leave a good blob",
        ("cache-written",),
    ),
)


def start(
    device: str, cache: str = FOLDER, *, given: str = "object", model: str = MODEL, wait_s: float = WAIT_S
) -> tuple[Mapping[str, Any], ...]:
    """The steps of a start: compile, answer, wait for the accelerator, answer again, end, and look into the folder."""
    properties = {"CACHE_DIR": cache, **F32}
    return (
        {"do": "expect", "model": model},
        {"do": "compile", "model": model, "device": device, "properties": properties, "from": given},
        {"do": "infer"},
        {"do": "wait", "longest_s": wait_s},
        {"do": "infer", "name": "later"},
        {"do": "release"},
        {"do": "files", "path": cache, "name": "after"},
    )


BEFORE = {"do": "files", "path": FOLDER, "name": "before"}


def filler(device: str, model: str = MODEL) -> Filler:
    """A cold start of that device."""
    return Filler(f"{device} {model}", start(device, model=model))


def sees(device: str) -> Sees:
    """What a process needs to see for that device string."""
    return Sees.ANYTHING if device in ("CPU", "AUTO:CPU") else Sees.GPU


def labels(device: str, folder: str) -> Mapping[str, str]:
    """The place of a case in tables."""
    return {"target": device, "cache": folder}


def cases() -> Sequence[Case]:
    """All of them."""
    return (
        *map(_cold, DEVICES),
        *map(_warm, DEVICES),
        *map(_falls_back, (AUTO, LIST)),
        *(each for device in ("CPU", LIST) for each in _from_path(device)),
        *map(_off, ("CPU", AUTO)),
        _by_path_property(),
        *map(_two_at_once, ("CPU", LIST)),
    )


def _cold(device: str) -> Case:
    return CachedCase(
        f"cold {device}",
        f"{device}, cold",
        start(device),
        (
            Expect("cache-writes-a-blob", "blobs in the folder", lambda seen: len(blobs(seen)), 1),
            Expect("cache-writes-a-blob", "other files", lambda seen: seen.value("after", "others"), []),
            Expect(
                "cache-makes-its-folder",
                "a folder that was not there is one",
                lambda seen: seen.value("after", "is_folder"),
                True,
            ),
            Expect("cache-is-told", "LOADED_FROM_CACHE", loaded, False),
            right("cache-answers-are-right"),
        ),
        sees(device),
        labels=labels(device, "cold"),
    )


def _warm(device: str) -> Case:
    expects = [
        Expect("cache-is-told", "LOADED_FROM_CACHE", loaded, True),
        Expect(
            "cache-warm-writes-nothing",
            "the blobs are those that were there",
            lambda seen: blobs(seen) == blobs(seen, "before") != [],
            True,
        ),
        right("cache-answers-are-right"),
    ]
    if device in (AUTO, LIST):
        claim, differs = (
            ("cache-warm-auto-no-helper", ("warm-cache-helper",))
            if device == AUTO
            else ("cache-warm-list-no-helper", ())
        )
        expects.append(only_if(helper(claim, False, differs), is_warm))
    return CachedCase(
        f"warm {device}",
        f"{device}, warm",
        (BEFORE, *start(device)),
        tuple(expects),
        sees(device),
        labels=labels(device, "warm"),
        filled=filler(device),
    )


class ByTheFault(int):
    """How many requests failed after a launch was made to fail: the fault that was injected was met, or nobody knows whether it was."""


BY_THE_FAULT = Wanted("some, by the launch that failed", lambda count: isinstance(count, ByTheFault))


def _falls_back(device: str) -> Case:
    """The GPU fails at its launches, after it has answered: where it did not, or was not warm, nothing is known."""
    claim, differs = (
        ("cache-warm-auto-falls-back", ("warm-cache-fallback-fails",))
        if device == AUTO
        else ("cache-warm-list-falls-back", ("warm-cache-no-fallback",))
    )

    def failed(seen: Seen) -> bool:
        return is_warm(seen) and bool(seen.value("count", "launch-fault"))

    def lost(seen: Seen) -> int | None:
        found: int | None = seen.value("failing", "failed")
        return found if found is None or seen.value("count", "launch-fault") == 0 else ByTheFault(found)

    steps = (
        *start(device)[:-2],
        {"do": "fault", "what": "launch", "how": "fail"},
        {"do": "infer", "name": "failing", "times": 2},
        {"do": "count"},
    )
    return CachedCase(
        f"warm {device}, then the GPU fails",
        f"{device}, warm, then the GPU fails",
        steps,
        (
            Expect(claim, "LOADED_FROM_CACHE", loaded, Wanted("True", lambda value: value is True or None)),
            Expect(
                claim,
                "launches that failed",
                lambda seen: seen.value("count", "launch-fault"),
                Wanted("at least one", lambda count: count > 0 or None),
            ),
            only_if(Expect(claim, "requests that failed", lost, 0, differs, as_known=BY_THE_FAULT), failed),
            only_if(unless_seen(Expect(claim, "wrong answers", compared("failing"), 0), differs), failed),
        ),
        labels=labels(device, "warm"),
        gpus=(EmulatedGpu(),),
        filled=filler(device),
    )


def _from_path(device: str) -> Sequence[Case]:
    """A model's file that is left alone, is written anew, or gets new weights beside it."""
    slug = device.replace(":", "-")

    def one(name: str, claim: str, then: Mapping[str, Any], wanted: bool) -> Case:
        copy = {"do": "copy-model", "model": MODEL, "to": f"{MODELS}/{name} {slug}", "as": "mine"}
        steps = start(device, given=FROM_PATH, model="mine")
        hit = Expect(claim, "LOADED_FROM_CACHE", loaded, wanted), right(claim)
        expects = not_taken(claim, ("cache-blind-to-weights",)) if "weights_times" in then else hit
        return CachedCase(
            f"path {name} {slug}",
            f"{device}, from a path, {name}",
            ({**copy, **then}, *steps),
            expects,
            sees(device),
            labels=labels(device, f"path, {name}"),
            filled=Filler(f"path {name} {slug}", (copy, *steps)),
        )

    return (
        one("left alone", "cache-path-hits", {}, True),
        one("written anew", "cache-path-rewritten-misses", {"anew": True}, False),
        one("new weights", "cache-path-new-weights-miss", {"weights_times": 2}, False),
    )


def _off(device: str) -> Case:
    """No folder is named, then an empty one; both would be the process's own."""
    steps = [
        each
        for name, properties in (("a", {}), ("b", {"CACHE_DIR": ""}))
        for each in (
            {"do": "compile", "model": MODEL, "device": device, "properties": {**properties, **F32}, "as": name},
            {"do": "wait", "of": name, "name": f"wait {name}"},
        )
    ]
    return CachedCase(
        f"off {device}",
        f"{device}, no cache",
        (*steps, {"do": "files", "path": ".", "name": "after"}),
        (
            Expect("cache-off-writes-nothing", "blobs beside the process", lambda seen: len(blobs(seen)), 0),
            *(
                Expect(
                    "cache-off-writes-nothing",
                    f"LOADED_FROM_CACHE, {words}",
                    told(f"wait {name}", "LOADED_FROM_CACHE"),
                    False,
                )
                for name, words in (("a", "none named"), ("b", "an empty one"))
            ),
        ),
        labels=labels(device, "off"),
    )


def _by_path_property() -> Case:
    steps = start("CPU")
    named = {"CACHE_PATH": FOLDER, **F32}
    compile_ = {**steps[1], "properties": named}
    return CachedCase(
        "cache path CPU",
        "CPU, by CACHE_PATH",
        (steps[0], compile_, *steps[2:]),
        (
            Expect("cache-path-as-dir", "blobs in the folder", lambda seen: len(blobs(seen)), 1),
            right("cache-path-as-dir"),
        ),
        labels=labels("CPU", "by CACHE_PATH"),
    )


def at_once(seen: Seen) -> float:
    """For how long both fillers were at work, from when they met until they had let go of their models; not above 0: they were not."""
    begins: list[float] = []
    ends: list[float] = []
    for number in (1, 2):
        work = [seen.step(f"{number}: {name}") for name in ("compile", "infer", "wait", "later", "release")]
        begins.append(seen.value(f"{number}: meet", "at_s"))
        ends.append(begins[-1] + sum(each.seconds or 0.0 for each in work if each is not None))
    return min(ends) - max(begins)


def _two_at_once(device: str) -> Case:
    claim, steps = "cache-two-at-once", start(device)
    meet = {"do": "meet", "path": MEETING, "count": 2, "within_s": MEETING_S, "deadline_s": 2 * MEETING_S}
    return CachedCase(
        f"two at once {device}",
        f"{device}, after two filled it at once",
        steps,
        (
            Expect(claim, "seconds that both were at work at once", at_once, Wanted("some", lambda s: s > 0 or None)),
            *(
                Expect(
                    claim,
                    f"wrong answers of process {number}",
                    answers_in(f"{number}: infer", f"{number}: later"),
                    0,
                )
                for number in (1, 2)
            ),
            *(
                Expect(
                    claim,
                    f"what compiling says in process {number}",
                    said_in(f"{number}: compile"),
                    "",
                )
                for number in (1, 2)
            ),
            Expect(claim, "blobs in the folder", lambda seen: len(blobs(seen)), 1),
            Expect(claim, "LOADED_FROM_CACHE afterwards", loaded, True),
            right(claim),
        ),
        sees(device),
        labels=labels(device, "filled by two"),
        filled=Filler(f"two {device}", (steps[0], meet, *steps[1:]), at_once=2),
    )
