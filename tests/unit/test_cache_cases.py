"""Cases about cache folders: what is done to files, whose folder a case gets, and how what was seen is read."""

import dataclasses
import importlib
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from autogauge.contract.differences import known
from autogauge.measuring.claim import BEYOND
from autogauge.probe.log import AutoLog
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.probe.seen import Seen, Step
from autogauge.probe.worker.steps import files
from autogauge.rig.cases import CaseTurns
from autogauge.rig.expecting import judge
from autogauge.rig.fresh import FIL
from autogauge.studies.model_cache import cases, damaged, reading, starts
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
            Step({"do": {"hinder": "put"}.get(name, name), "name": name.replace("_", " ")}, value, None, 0.5, AutoLog())
            for name, value in steps.items()
        ],
        None,
        AutoLog(),
    )


def start_of(loaded, wrong=0, devices=("CPU",), compared=1):
    """The steps of a start, by their names."""
    compiled = {"LOADED_FROM_CACHE": loaded, "devices": list(devices)}
    answer = {"compared": compared, "wrong": wrong, "devices": list(devices)}
    blobs = {"blobs": [{"name": "1.blob", "bytes": 9, "digest": "a"}], "others": []}
    return {"compile": compiled, "infer": answer, "wait": compiled, "later": answer, "after": blobs}


def with_error(seen, name, said="an error"):
    """The same where that step ended with an error, and told nothing."""
    steps = [
        dataclasses.replace(each, value={}, error=said) if each.asked["name"] == name else each for each in seen.steps
    ]
    return Seen(steps, seen.ending, seen.log)


def without_a_model(seen, said="RuntimeError: [GPU] Failed to write 4 bytes to stream! Wrote 0"):
    """The same where compiling ended with an error, and so did all that needs the model."""
    for name in ("infer", "wait", "later"):
        seen = with_error(seen, name, "KeyError: 'a'")
    return with_error(seen, "compile", said)


def checked(case_name, seen):
    """What holds of that case's claims."""
    (case,) = [each for each in every_case() if each.name == case_name]
    return {claim: check.holds for claim, check in judge(case.expects, seen)[0].items()}


def is_known(case_name, seen, claim):
    """Whether what breaks that claim is excused by a known difference."""
    (case,) = [each for each in every_case() if each.name == case_name]
    check = judge(case.expects, seen)[0][claim]
    assert check.holds is False
    excused = [each for each in case.expects if each.claim == claim and each.differs]
    return bool(excused) and BEYOND not in check.why


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
    assert reading.right("c").judge(found).holds is False


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
        seen_of(
            compile={"compile_s": 0.5},
            infer={"latencies_ms": [10.0, 10.0]},
            wait={"waited_s": 2.0, "devices": ["GPU.0"]},
        )
    )
    assert found == {FIL.name: pytest.approx(0.51), starts.READY.name: pytest.approx(3.0)}


@each_of("devices", [["(CPU)"], ["CPU"], [], None])
def test_where_the_accelerator_never_answered_it_has_no_figure(devices):
    told = {"compile": {"compile_s": 0.5}, "infer": {"latencies_ms": [10.0]}}
    found = starts.figures(seen_of(**told, wait={"waited_s": 20.0, "devices": devices}))
    assert found == {FIL.name: pytest.approx(0.51)}


def test_a_warm_start_that_is_slower_is_said():
    study = starts.CACHE_STARTS
    conditions = {name: [0.1 if name == "CPU cold" else 0.3] * 3 for name in starts.names_of("CPU")}
    result = SimpleNamespace(figures=lambda name, metric: conditions.get(name, []))
    (block,) = study.blocks(result)
    assert "A warm start was slower than a cold one: CPU (FIL: 3.00 times as long)" in block.how


# What was wrong of it is not held against what has no part in it.


@each_of("how", ["read-only", "full", "a file"])
def test_a_cpu_that_survives_such_a_folder_is_not_judged_with_an_accelerator_that_does_not(how):
    told = seen_of(hinder={"refused": True}, **{**start_of(False), "after": {"blobs": []}})
    if how != "a file":
        lost = without_a_model(told)
        of_gpu = checked(f"{how} cache GPU", lost)
        assert of_gpu["cache-unwritable-no-error"] is of_gpu["cache-unwritable-device"] is False
        assert "cache-unwritable-right" not in of_gpu, "nobody answers there: nobody is right"
        assert is_known(f"{how} cache GPU", lost, "cache-unwritable-device")
        assert is_known(f"{how} cache GPU", lost, "cache-unwritable-no-error")
        new = without_a_model(told, "RuntimeError: a wholly new error")
        assert not is_known(f"{how} cache GPU", new, "cache-unwritable-no-error")
    of_cpu = checked(f"{how} cache CPU", told)
    assert set(of_cpu) == {
        "cache-unwritable-cpu-no-error",
        "cache-unwritable-cpu-answers",
        "cache-unwritable-no-partial-blob",
    }
    assert set(of_cpu.values()) == {True}
    promised = {each.name: each.differs for each in damaged.PROMISES}
    assert promised["cache-unwritable-cpu-no-error"] == promised["cache-unwritable-cpu-answers"]
    for release, is_there in (("2024.6.0", False), ("2025.1.0", False), ("2025.4.1", True), ("2026.4.1", False)):
        assert (known(promised["cache-unwritable-cpu-no-error"], release) is not None) is is_there
        assert (known(promised["cache-unwritable-no-error"], release) is not None) is not release.startswith("2026")


def test_beside_such_a_folder_nobody_who_answers_is_not_right():
    told = seen_of(hinder={"refused": True}, **start_of(False))
    lost = without_a_model(told)
    assert checked("read-only cache AUTO", lost)["cache-unwritable-right"] is False, "an error that nobody expected"
    wrong = seen_of(hinder={"refused": True}, **start_of(False, wrong=1, devices=("GPU.0",)))
    assert checked("read-only cache AUTO", wrong)["cache-unwritable-right"] is False
    assert not is_known("read-only cache AUTO", lost, "cache-unwritable-no-error"), "AUTO throws by no known difference"
    assert not is_known("read-only cache GPU", wrong, "cache-unwritable-device"), (
        "a wrong answer is no known difference"
    )


@each_of("case", ["full cache CPU", "a file cache CPU", "full cache AUTO"])
def test_a_folder_that_could_be_written_all_the_same_says_nothing(case):
    seen = with_error(seen_of(hinder={}, **start_of(False)), "hinder")
    assert set(checked(case, seen).values()) == {None}


@each_of(
    "case",
    [
        "truncated blob CPU",
        "truncated blob AUTO",
        "foreign blob CPU",
        "GPU's blob CPU",
        "flipped blob GPU, weights",
        "flipped blob GPU, a program",
    ],
)
def test_a_blob_that_could_not_be_damaged_says_nothing(case):
    before = {"blobs": [{"name": "1.blob", "bytes": 9, "digest": "a"}], "others": []}
    for loaded in (True, False):
        seen = with_error(seen_of(before=before, damage={}, **start_of(loaded)), "damage")
        assert set(checked(case, seen).values()) == {None}


def test_a_known_foreign_blob_excuses_its_loading_and_nothing_else():
    assert {"cache-foreign-blob", "cache-foreign-gpu-blob", "cache-foreign-list-blob"} == {
        each.name for each in damaged.PROMISES if each.differs == ("foreign-blob-taken",)
    }
    case, claim = "foreign blob CPU", "cache-foreign-blob"
    assert is_known(case, seen_of(damage={}, **start_of(True, wrong=1)), claim)
    assert not is_known(case, seen_of(damage={}, **start_of(False, wrong=1)), claim), (
        "it was compiled anew, and is wrong"
    )
    failed = with_error(seen_of(damage={}, **start_of(False)), "compile")
    assert not is_known(case, failed, claim)
    assert checked(case, seen_of(damage={}, **start_of(False)))[claim] is True


@each_of(
    ("case", "claim", "others"),
    [
        ("path new weights CPU", "cache-path-new-weights-miss", {}),
        ("flipped blob GPU, weights", "cache-flipped-gpu-blob", {"damage": {}}),
    ],
)
def test_wrong_answers_of_what_was_compiled_anew_are_no_known_difference(case, claim, others):
    assert is_known(case, seen_of(**others, **start_of(True, wrong=1)), claim)
    assert not is_known(case, seen_of(**others, **start_of(False, wrong=1)), claim)
    assert checked(case, seen_of(**others, **start_of(False)))[claim] is True


@each_of(
    ("loaded", "faults", "failed", "compared", "wrong", "holds"),
    [
        (True, 1, 0, 2, 0, True),
        (True, 1, 2, 0, 0, False),
        (True, 1, 0, 2, 1, False),
        (True, 1, 0, 0, 0, None),
        (False, 1, 2, 0, 0, None),
        (True, 0, 0, 2, 0, None),
        (True, 0, 2, 0, 0, False),
        (True, 0, 0, 2, 2, False),
        (True, None, 2, 0, 0, None),
    ],
)
def test_a_fallback_is_judged_where_the_gpu_was_warm_and_failed(loaded, faults, failed, compared, wrong, holds):
    told = start_of(loaded)
    told.update(failing={"failed": failed, "compared": compared, "wrong": wrong}, count={"launch-fault": faults})
    seen = seen_of(**told)
    for device, claim in ((cases.AUTO, "cache-warm-auto-falls-back"), (cases.LIST, "cache-warm-list-falls-back")):
        assert checked(f"warm {device}, then the GPU fails", seen)[claim] is holds
        if holds is False:
            assert is_known(f"warm {device}, then the GPU fails", seen, claim) is (failed > 0 and faults != 0)


@each_of(("loaded", "holds"), [(True, False), (False, None), (None, None)])
def test_a_helper_beside_a_cache_that_was_not_warm_breaks_nothing(loaded, holds):
    told = seen_of(**start_of(loaded))
    seen = Seen(told.steps, None, SimpleNamespace(cpu_helper_started=True, lines=3))
    assert checked("warm AUTO", seen)["cache-warm-auto-no-helper"] is holds


def test_two_at_once_that_compared_nothing_are_not_said_to_be_right():
    def filled(later_s):
        return [
            Step({**each.asked, "name": f"{number}: {each.asked['name']}"}, each.value, None, 0.5, AutoLog())
            for number, at_s in ((1, 1000.0), (2, 1000.0 + later_s))
            for each in seen_of(meet={"met": 2, "at_s": at_s}, **start_of(False)).steps
        ]

    before = filled(0.1)

    def holds(steps):
        return checked("two at once CPU", Seen([*steps, *seen_of(**start_of(True)).steps], None, AutoLog()))

    def changed(name, **others):
        return [dataclasses.replace(each, **others) if each.asked["name"] == name else each for each in before]

    assert holds(before) == {"cache-two-at-once": True}
    assert holds(filled(30.0)) == {"cache-two-at-once": None}, "one was done before the other began"
    assert holds(before[1:]) == {"cache-two-at-once": None}
    assert holds(changed("1: later", value={"compared": 0, "wrong": 0})) == {"cache-two-at-once": None}
    assert holds(changed("2: later", value={"compared": 0, "wrong": 0, "errors": ["no"]})) == {
        "cache-two-at-once": False
    }
    assert holds(changed("2: compile", value={}, error="it throws")) == {"cache-two-at-once": False}


@each_of(
    ("kind", "holds"),
    [("signal", "killed during step 3"), ("exit", "killed during step 3"), ("deadline", None), ("garbage", None)],
)
def test_a_process_that_is_late_was_not_ended_by_its_blob(kind, holds):
    (case,) = [each for each in every_case() if each.name == "flipped blob GPU, a program"]
    seen = seen_of(damage={}, **start_of(True))
    expect = case.expects[0]
    assert expect.judge(Seen(seen.steps, Failure(kind, "step 3", "killed"), AutoLog())).value == holds
    assert expect.judge(seen).holds is True


def test_a_process_that_ends_before_it_has_the_blob_is_not_ended_by_it():
    (case,) = [each for each in every_case() if each.name == "flipped blob GPU, a program"]
    for phase, is_beyond in (("step 1: expect", True), ("step 2: compile", False)):
        ended = Seen(seen_of(damage={}, **start_of(True)).steps, Failure("signal", phase, "killed"), AutoLog())
        assert judge(case.expects, ended)[0]["cache-flipped-gpu-program"].why.startswith(BEYOND) is is_beyond


@each_of(("kind", "is_beyond"), [("signal", False), ("exit", False), ("deadline", True)])
def test_a_hang_is_not_excused_by_a_known_crash(kind, is_beyond):
    (case,) = [each for each in every_case() if each.name == "flipped blob GPU, a program"]
    ended = Seen(seen_of(damage={}, **start_of(True)).steps, Failure(kind, "step 3: infer", "killed"), AutoLog())
    check = judge(case.expects, ended)[0]["cache-flipped-gpu-program"]
    assert check.holds is False
    assert check.why.startswith(BEYOND) is is_beyond


# What a filler that filled nothing leaves open.


@each_of(
    ("others", "why"),
    [
        ({"error": "RuntimeError: it\ncannot"}, "RuntimeError: it cannot"),
        ({"value": {"blobs": []}}, "it left no blob"),
        ({"ending": Failure("signal", "step 1", "SIGSEGV")}, "SIGSEGV"),
    ],
)
def test_a_filler_that_filled_nothing_is_not_held_against_its_cases(tmp_path, monkeypatch, others, why):
    step = {**STEP, "name": "after"}
    filling = Filler("a", (step,))
    wanted = [CachedCase(f"warm {number}", "", (STEP,), (), filled=filling) for number in (1, 2)]
    measured, _ = turns(tmp_path, monkeypatch, wanted)
    processes = []

    def see(self, case):
        processes.append(case.name)
        told = Step(step, others.get("value", {}), others.get("error"), 0.1, AutoLog())
        return Seen([told], others.get("ending"), AutoLog())

    monkeypatch.setattr(CaseTurns, "see", see)
    for case in wanted:
        with pytest.raises(ProbeFailed, match=why):
            measured.see(case)
    assert processes == ["fill-a"]
    at_once = CachedCase("two", "", (STEP,), (), filled=Filler("two", (step,), at_once=2))
    assert measured.see(at_once).step("1: after") is not None, "whose case looks at them itself"


def test_the_steps_about_files_can_be_imported_where_there_is_no_resource_module(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    importlib.reload(files)
