"""Cases about cache folders: what is done to files, whose folder a case gets, and how what was seen is read."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.probe.log import AutoLog
from autogauge.probe.seen import Seen, Step
from autogauge.probe.worker.steps import files
from autogauge.rig.cases import CaseTurns
from autogauge.rig.expecting import judge
from autogauge.rig.fresh import FIL
from autogauge.studies.model_cache import cases, damaged, starts
from autogauge.studies.model_cache.turns import CACHE, MODELS, OTHER, CachedCase, CachedTurns, Filler, joined
from tests.cases import each_of

CONTENT = bytes(range(256)) * 40


def folder_with(tmp_path, content=CONTENT, name="1.blob"):
    place = tmp_path / "deep" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place


@each_of(
    ("how", "others", "expected"),
    [
        ("truncated", {}, CONTENT[: len(CONTENT) // 2]),
        ("empty", {}, b""),
        ("flipped", {"at": 0.0}, bytes(each ^ 255 for each in CONTENT[:64]) + CONTENT[64:]),
        ("garbage", {}, None),
    ],
)
def test_each_damage_is_done_to_every_blob_and_told(tmp_path, how, others, expected):
    place = folder_with(tmp_path)
    (tmp_path / "no blob").write_text("as it was")
    told = files.damage(None, {"path": str(tmp_path), "how": how, **others})
    assert place.read_bytes() != CONTENT
    assert expected is None or place.read_bytes() == expected
    assert (tmp_path / "no blob").read_text() == "as it was"
    assert told["blobs"][0]["bytes"] == len(place.read_bytes())
    assert told["others"] == ["no blob"]


def test_a_foreign_blob_is_what_the_other_folder_holds(tmp_path):
    mine, other = folder_with(tmp_path / "mine"), folder_with(tmp_path / "other", b"another", "2.blob")
    files.damage(None, {"path": str(tmp_path / "mine"), "how": "foreign", "other": str(tmp_path / "other")})
    assert mine.read_bytes() == other.read_bytes()


def test_where_there_is_no_blob_nothing_was_damaged(tmp_path):
    with pytest.raises(ValueError, match="no blob to damage"):
        files.damage(None, {"path": str(tmp_path), "how": "empty"})


@each_of("offset", [0, 1, 2, 3])
def test_weights_are_found_wherever_they_stand(tmp_path, offset):
    weights = (np.arange(1, 17) / 64).astype("<f4").tobytes()
    content = b"\xff" * (100 + offset) + weights + b"\xff" * 100
    place = folder_with(tmp_path, content, f"{offset}.blob")
    files.damage(None, {"path": str(place.parent), "how": "flipped", "at": "weights"})
    assert place.read_bytes()[: 100 + offset] == content[: 100 + offset]
    assert place.read_bytes()[100 + offset : 164 + offset] == bytes(each ^ 255 for each in weights)


def test_a_blob_without_weights_is_not_taken_for_one_with_them(tmp_path):
    with pytest.raises(ValueError, match="weights do not stand"):
        files.damage(
            None, {"path": str(folder_with(tmp_path, b"\xff" * 1000).parent), "how": "flipped", "at": "weights"}
        )


def test_a_copied_model_is_left_alone_written_anew_or_given_new_weights(tmp_path):
    for suffix, content in ((".xml", b"<net/>"), (".bin", np.ones(4, np.float32).tobytes())):
        (tmp_path / f"conv{suffix}").write_bytes(content)
    stage = SimpleNamespace(models={"conv": str(tmp_path / "conv.xml")})
    step = {"model": "conv", "to": str(tmp_path / "copies"), "as": "mine"}
    files.copy_model(stage, step)
    copy = tmp_path / "copies" / "mine.xml"
    assert stage.models["mine"] == str(copy)
    first = copy.stat().st_mtime_ns
    files.copy_model(stage, step)
    assert copy.stat().st_mtime_ns == first
    files.copy_model(stage, {**step, "weights_times": 2})
    assert copy.stat().st_mtime_ns == first, "the .xml is as it was"
    assert np.fromfile(copy.with_suffix(".bin"), np.float32).tolist() == [2.0] * 4
    files.copy_model(stage, {**step, "anew": True})
    assert copy.stat().st_mtime_ns > first + 1_000_000_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process gives up a right of its own")
def test_root_too_is_refused_a_folder_that_is_forbidden(tmp_path):
    child = os.fork()
    if not child:
        told = files.forbid(None, {"path": str(tmp_path)})
        os._exit(0 if told["refused"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    tmp_path.chmod(0o700)


# Whose folder a case gets.


class Writes(CachedTurns):
    """Turns whose processes write their number of calls, and remember where they were told to."""


def turns(tmp_path, monkeypatch, wanted):
    """Turns of those cases; the steps of each process, and what it found in its folder."""
    seen = []

    def see(self, case):
        where = Path(case.steps[0]["path"])
        seen.append((case.name, case.steps[0], sorted(each.name for each in where.iterdir())))
        (where / f"by {case.name}").touch()
        return Seen([Step(case.steps[0], {}, None, 0.1, AutoLog())], None, AutoLog())

    monkeypatch.setattr(CaseTurns, "see", see)
    monkeypatch.setattr(CaseTurns, "launcher", lambda self, case: None)
    rig = SimpleNamespace(scratch=lambda name: tmp_path)
    return Writes(rig, None, {each.name: each for each in wanted}), seen


STEP = {"do": "files", "path": CACHE, "other": OTHER, "models": {"in": MODELS}}
FILL = Filler("a", (STEP,))


def test_a_warm_case_gets_a_copy_of_what_one_process_wrote(tmp_path, monkeypatch):
    wanted = [CachedCase(f"warm {number}", "", (STEP,), (), filled=FILL) for number in (1, 2)]
    measured, seen = turns(tmp_path, monkeypatch, wanted)
    for case in wanted:
        measured.see(case)
    assert [name for name, _, _ in seen] == ["fill-a", "warm 1", "warm 2"]
    assert seen[1][2] == seen[2][2] == ["by fill-a"], "what one case writes no other one sees"
    assert len({step["path"] for _, step, _ in seen}) == 3
    assert len({step["models"]["in"] for _, step, _ in seen}) == 1
    assert not Path(seen[1][1]["path"]).exists(), "a case's own folder is removed after it"


def test_a_cold_case_gets_an_empty_folder_and_one_that_needs_another_gets_that_too(tmp_path, monkeypatch):
    case = CachedCase("cold", "", (STEP,), (), other=FILL)
    measured, seen = turns(tmp_path, monkeypatch, [case])
    measured.see(case)
    assert seen[1][2] == []
    assert seen[1][1]["other"] == seen[0][1]["path"]


def test_two_fillers_at_once_are_told_with_their_case(tmp_path, monkeypatch):
    case = CachedCase("after two", "", (STEP,), (), filled=Filler("two", (STEP,), at_once=2))
    measured, seen = turns(tmp_path, monkeypatch, [case])
    found = measured.see(case)
    assert len(seen) == 3
    assert seen[0][1]["path"] == seen[1][1]["path"]
    assert [found.step(name) is not None for name in ("1: files", "2: files", "files")] == [True] * 3


def test_a_crash_of_a_filler_is_the_ending_of_what_was_seen():
    ending = SimpleNamespace(sentence=lambda: "killed")
    assert joined([Seen([], ending, AutoLog())], Seen([], None, AutoLog())).ending is ending


# How what was seen is read.


def seen_of(**steps):
    """What was seen, by the steps' names, with ``_`` for a blank."""
    return Seen(
        [
            Step({"do": name, "name": name.replace("_", " ")}, value, None, 0.5, AutoLog())
            for name, value in steps.items()
        ],
        None,
        AutoLog(),
    )


def every_case():
    return [*cases.cases(), *damaged.cases()]


def test_names_of_cases_and_of_what_fills_folders_are_told_apart():
    names = [case.name for case in every_case()]
    assert len(names) == len(set(names))
    fillers = [each for case in every_case() for each in (case.filled, case.other) if each is not None]
    assert len({each.name for each in fillers}) == len({str(each) for each in fillers})


def test_each_promise_has_a_case_and_each_case_a_promise():
    promised = {each.name for each in (*cases.PROMISES, *damaged.PROMISES)}
    assert promised == {each.claim for case in every_case() for each in case.expects}


def test_of_nothing_that_was_seen_nothing_is_known():
    for case in every_case():
        checks, _ = judge(case.expects, Seen([], None, AutoLog()))
        assert {check.holds for check in checks.values()} == {None}, case.name


def test_an_error_in_the_place_of_an_answer_breaks_the_claim():
    found = seen_of(infer={"compared": 0, "wrong": 0, "errors": ["no such shape"]}, later={"compared": 1, "wrong": 0})
    assert cases.right("c").judge(found).holds is False


def test_a_folder_that_root_may_write_to_all_the_same_says_nothing():
    (case,) = [each for each in damaged.cases() if each.name == "read-only cache CPU"]
    compiled, good = {"LOADED_FROM_CACHE": False}, {"compared": 1, "wrong": 0, "devices": ["CPU"]}
    told = {"compile": compiled, "infer": good, "wait": compiled, "later": good, "after": {"blobs": [{}]}}
    for refused, holds in ((False, None), (True, False)):
        checks, _ = judge(case.expects, seen_of(hinder={"refused": refused}, **told))
        assert checks["cache-unwritable-no-partial-blob"].holds is holds


def test_a_start_without_an_answer_has_no_figure():
    assert starts.figures(seen_of(compile={"compile_s": 0.5})) == {}
    found = starts.figures(
        seen_of(compile={"compile_s": 0.5}, infer={"latencies_ms": [10.0, 10.0]}, wait={"waited_s": 2.0})
    )
    assert found == {FIL.name: pytest.approx(0.51), starts.READY.name: pytest.approx(3.0)}


def test_a_warm_start_that_is_slower_is_said():
    study = starts.CACHE_STARTS
    conditions = {name: [0.1 if name == "CPU cold" else 0.3] * 3 for name in starts.names_of("CPU")}
    result = SimpleNamespace(figures=lambda name, metric: conditions.get(name, []))
    (block,) = study.blocks(result)
    assert "A warm start was slower than a cold one: CPU (FIL: 3.00 times as long)" in block.how
