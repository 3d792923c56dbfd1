"""What releases were seen to do: kept, read again, and refused in one sentence where it cannot be read."""

import json
import multiprocessing
from random import Random

import pytest

from autogauge.contract import seen
from autogauge.contract.seen import OfStudy, Outcome, Release
from autogauge.errors import UserError
from autogauge.history.outcomes import WHOLE_PATH


def of(
    outcome=seen.HOLDS, said="seen", *, openvino="2026.4.1", study="selection", claim="gpu-first", started="2026-11-26"
):
    return Release(openvino, {study: OfStudy(started, "emulated", "1.2.3", {claim: Outcome(outcome, said)})})


def drawn(random):
    """Any outcomes, of any names and words."""

    def word():
        return "".join(random.choice('ab-* "\\|\n\u2028é漢\U0001f600') for _ in range(random.randrange(8)))

    def study():
        outcomes = {word(): Outcome(random.choice(seen.OUTCOMES), word()) for _ in range(random.randrange(4))}
        return OfStudy(word(), word(), word(), outcomes)

    return Release("2026.4.1", {word(): study() for _ in range(random.randrange(4))})


@pytest.mark.parametrize("seed", range(20))
def test_what_is_kept_is_read_again_as_it_was(tmp_path, seed):
    release = drawn(Random(seed))
    assert seen.read(seen.keep(release, tmp_path)) == release


def test_a_later_run_replaces_its_studies_and_leaves_the_others(tmp_path):
    seen.keep(of(study="cache", claim="warm"), tmp_path)
    seen.keep(of(claim="gone"), tmp_path)
    seen.keep(of(seen.BROKEN, started="2026-11-27"), tmp_path)
    (found,) = seen.of(tmp_path)
    assert {*found.studies} == {"cache", "selection"}
    assert found.outcome("selection", "gpu-first") == Outcome(seen.BROKEN, "seen")
    assert found.outcome("selection", "gone") is None, "the later run had no such claim"
    assert found.studies["selection"].started == "2026-11-27"


def test_releases_stand_in_the_order_of_their_numbers(tmp_path):
    for openvino in ("2026.4.1", "2025.10.0", "2024.6.0", "2025.4.1"):
        seen.keep(of(openvino=openvino), tmp_path)
    assert [each.openvino for each in seen.of(tmp_path)] == ["2024.6.0", "2025.4.1", "2025.10.0", "2026.4.1"]


def test_a_folder_that_is_not_there_is_refused_and_is_no_page_without_outcomes(tmp_path):
    with pytest.raises(UserError, match=r"there is no folder .*nowhere: .*--seen=DIR"):
        seen.of(tmp_path / "nowhere")


def test_what_is_kept_holds_no_path_of_any_machine():
    for release in seen.of():
        for study in release.studies.values():
            paths = [claim for claim, each in study.outcomes.items() if WHOLE_PATH.search(each.said)]
            assert not paths, f"{release.openvino}: keep it anew (python -m autogauge contract --keep RUN)"


def test_what_a_release_does_not_know_is_told_from_what_was_not_asked():
    assert Outcome(seen.NOT_ASKED, "AUTO of this release has no X (asked: SUPPORTED_PROPERTIES)").is_unsupported
    assert not Outcome(seen.NOT_ASKED, "it needs an accelerator").is_unsupported
    assert not Outcome(seen.BROKEN, "it was (asked: often)").is_unsupported


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"[]", "it has not the shape of kept outcomes"),
        (b"[" * 100_000, "cannot be read"),
        (b'{"schema": 2, "openvino": "2026.4.1", "studies": {}}', "it is of the schema 2, and this autogauge reads 1"),
        (b'{"schema": 1, "openvino": "2025.4.1", "studies": {}}', "is of openvino 2025.4.1, and not of 2026.4.1"),
        (b'{"schema": 1, "openvino": 2026, "studies": {}}', "it has not the shape of kept outcomes"),
        (b'{"schema": 1, "openvino": "2026.4.1", "studies": {"a": {}}}', "it has not the shape of kept outcomes"),
    ],
)
def test_a_kept_file_that_cannot_be_read_is_one_sentence(tmp_path, content, said):
    (tmp_path / "2026.4.1.json").write_bytes(content)
    with pytest.raises(UserError) as raised:
        seen.of(tmp_path)
    assert said in str(raised.value)
    assert str(raised.value).endswith("or remove it and keep its runs anew (python -m autogauge contract --keep RUN).")
    assert "2026.4.1.json" in str(raised.value)


def test_an_outcome_that_there_is_not_is_refused_with_its_claim(tmp_path):
    path = seen.keep(of(), tmp_path)
    path.write_text(path.read_text().replace('"PASS"', '"FINE"'))
    with pytest.raises(
        UserError, match="gpu-first became 'FINE', which is none of PASS, FAIL, INCONCLUSIVE, NOT ASKED"
    ):
        seen.of(tmp_path)


def test_a_kept_file_that_cannot_be_read_is_not_written_over(tmp_path):
    path = tmp_path / "2026.4.1.json"
    path.write_text("{}")
    with pytest.raises(UserError):
        seen.keep(of(), tmp_path)
    assert path.read_text() == "{}"


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot keep the outcomes in .*2026\.4\.1\.json.*--seen=DIR"):
        seen.keep(of(), tmp_path / "file")


def test_two_runs_of_one_release_differ_in_what_differs(tmp_path):
    one = OfStudy("", "", "", {"b": Outcome(seen.HOLDS), "a": Outcome(seen.OPEN)})
    other = OfStudy("", "", "", {"a": Outcome(seen.OPEN), "b": Outcome(seen.HOLDS)})
    texts = [
        json.dumps(seen.to_json(Release("2026.4.1", studies)))
        for studies in ({"x": one, "y": other}, {"y": other, "x": one})
    ]
    assert texts[0] == texts[1]


def keep_at_once(folder, number, begin):
    begin.wait(30)
    seen.keep(of(study=f"study {number}"), folder)


def test_two_who_keep_at_once_lose_nothing(tmp_path):
    for _ in range(5):
        fork = multiprocessing.get_context("fork")
        begin = fork.Barrier(4)
        processes = [fork.Process(target=keep_at_once, args=(tmp_path, number, begin)) for number in range(4)]
        for each in processes:
            each.start()
        for each in processes:
            each.join(60)
        assert [each.exitcode for each in processes] == [0] * 4
        (found,) = seen.of(tmp_path)
        assert {*found.studies} == {f"study {number}" for number in range(4)}
        (tmp_path / "2026.4.1.json").unlink()


def test_what_to_do_about_a_broken_file_is_something_that_works(tmp_path):
    """To keep a run anew reads the file first, and would say the same again."""
    path = tmp_path / "2026.4.1.json"
    path.write_text("{")
    with pytest.raises(UserError, match=r"put back what it was \(git restore\), or remove it and keep"):
        seen.keep(of(), tmp_path)
    path.unlink()
    assert seen.keep(of(), tmp_path) == path
