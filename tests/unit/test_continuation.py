"""A machine whose fingerprint changed: what was not judged is said, and its baseline can be carried over; a pull request reads main's."""

import dataclasses
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history import baseline, continuation, records, standing, store
from autogauge.history.fingerprint import Fingerprint
from autogauge.history.standing_file import Standing
from autogauge.report import terminal
from autogauge.report.gate import render
from tests import histories
from tests.cases import each_of
from tests.properties import for_all
from tests.unit.test_report import settings

KEYS = ("latency: AUTO-LATENCY", "latency: CPU-LATENCY")
FACTS = {
    "machine": "lab-01",
    "system": "Linux",
    "architecture": "x86_64",
    "logical_cpus": 2,
    "memory_gib": 23,
    "devices": [{"name": "CPU", "full_name": "a CPU", "driver": "1"}],
    "model": {"name": "googlenet-v1", "precision": "FP16", "digest": "0" * 16},
    "measured": {"profile": "standard"},
    "benchmark_version": 3,
}


def runs(folder, count, slower=1.0, *, seed=1, **facts):
    """So many runs as the gate judges and saves them; ``slower`` is the true ratio of the first benchmark. Returns the last one's gate."""
    random = np.random.default_rng(seed)
    own = Fingerprint({**FACTS, **facts})
    gate = None
    for _ in range(count):
        ratios = {key: float(np.exp(0.01 * random.standard_normal())) for key in KEYS}
        ratios[KEYS[0]] *= slower
        gate, _ = histories.judged(
            folder, ratios, fingerprint=own.digest, facts=own.facts, machine=own.facts["machine"]
        )
    return gate


def command(*words):
    done = CliRunner().invoke(app, [*map(str, words)])
    return done, " ".join(done.stdout.split())


def words_of(path):
    return {
        each["benchmark"]: each["verdict"]
        for each in json.loads(command("gate", path, "--json")[0].stdout)["judgements"]
    }


def test_a_machine_that_was_given_memory_is_not_judged_and_that_is_said(tmp_path):
    folder = tmp_path / "lab-01"
    runs(folder, 20)
    gate = runs(folder, 1, 1.10, memory_gib=47)
    changed = "the memory (GiB) changed from 23 to 47 since run 0020"
    assert gate.not_judged() == f"2 benchmarks ({', '.join(KEYS)}): {changed}"
    path = store.runs(folder)[-1]
    done, said = command("gate", path)
    assert f"NOT JUDGED 2 benchmarks ({', '.join(KEYS)}): {changed}" in said
    assert "if it is the same machine, python -m autogauge accept --as-continuation" in said
    assert f"python -m autogauge accept --as-continuation {path} carries the baseline over" in done.stdout, (
        "one can copy it"
    )
    assert done.stdout.startswith(f"{path}\n"), "and this"
    assert (done.exit_code, command("gate", path, "--no-baseline=fail")[0].exit_code) == (0, 1)
    record = standing.read(path)
    assert (record.standing, changed in record.why, "NOT JUDGED" in record.why) == (Standing.ACCEPTED, True, True)
    gate = runs(folder, 1, 1.10, memory_gib=47)
    assert any(f"only 1 run is judged against, since {changed}" in note for note in gate.notes)


def test_the_block_of_the_gate_says_loudly_what_was_not_judged_and_promises_nothing_of_a_run_that_is_not_saved(
    tmp_path,
):
    folder = tmp_path / "lab-01"
    runs(folder, 6)
    gate = runs(folder, 1, memory_gib=47)
    path = store.runs(folder)[-1]
    saved, not_saved = (terminal.render(render(gate.judged(), where), width=90, colour=False) for where in (path, None))
    assert "NOT JUDGED  2 benchmarks" in saved
    assert "NOT JUDGED  2 benchmarks" in not_saved
    assert f"python -m autogauge accept --as-continuation {path} carries" in saved
    assert "this run becomes the first accepted one" in saved
    assert "accept" not in not_saved.replace("no accepted run before", ""), "interrupted, or --benchmark-disable"
    gate.baseline = str(folder)
    of_another = terminal.render(render(gate.judged(), path), width=400, colour=False)
    assert "becomes the first accepted one" not in of_another, "the next one is judged against the baseline, too"


def test_a_baseline_that_is_carried_over_finds_what_became_slower_with_it(tmp_path):
    folder = tmp_path / "lab-01"
    runs(folder, 20)
    runs(folder, 5, 1.10, memory_gib=47)
    path = store.runs(folder)[-1]
    assert words_of(path)[KEYS[0]] != "FAIL", "the new level was absorbed"
    done, said = command("accept", "--as-continuation", path, "--why=memory was added")
    assert done.exit_code == 0, done.output
    assert "ended: the memory (GiB) changed from 23 to 47" in said
    assert "run 0021, judged against it: 1 FAIL, 1 PASS; quarantined (1 benchmark)" in said
    for each in store.runs(folder)[20:]:
        assert (standing.of_benchmark(each, KEYS[0]), standing.of_benchmark(each, KEYS[1])) == (
            Standing.QUARANTINED,
            Standing.ACCEPTED,
        )
    runs(folder, 1, 1.10, seed=7, memory_gib=47)
    assert words_of(store.runs(folder)[-1]) == {KEYS[0]: "FAIL", KEYS[1]: "PASS"}
    history = baseline.find(folder, Fingerprint({**FACTS, "memory_gib": 47}).digest)
    assert history.names(KEYS[0]) == "20 accepted runs (0001 to 0020)"
    assert not any("another fingerprint" in each for each in history.problems)
    command("reject", path, "--why=no")
    assert standing.read(path).continues is not None, "whatever becomes of a run, it goes on from the older ones"


def test_a_person_s_word_stays_when_a_baseline_is_carried_over_also_where_the_gate_spoke_after(tmp_path):
    folder = tmp_path / "lab-01"
    runs(folder, 6)
    runs(folder, 2, 1.10, memory_gib=47)
    one, two = store.runs(folder)[6:]
    standing.accept(one, "a safer kernel", [KEYS[0]])
    record = standing.read(one)
    standing._save(one, dataclasses.replace(record, benchmarks={KEYS[1]: Standing.PENDING}))
    standing.confirm(one, [KEYS[1]], two)
    assert standing.read(one).by == "gate"
    assert "run 0007" not in command("accept", "--as-continuation", two)[1]
    assert standing.read(one).word_about(KEYS[0])[0] == "user"


def test_an_unchanged_machine_with_another_name_goes_on_with_its_old_folder(tmp_path):
    runs(tmp_path / "lab-00", 20, machine="lab-00")
    gate = runs(tmp_path / "lab-01", 1)
    assert "the machine's name changed from lab-00 to lab-01 since run lab-00/0020" in gate.not_judged()
    done, said = command("accept", "--as-continuation", tmp_path / "lab-01", "--of", tmp_path / "lab-00")
    assert done.exit_code == 0, done.output
    assert "run 0001, judged against it: 2 PASS; accepted" in said
    runs(tmp_path / "lab-01", 1, 1.12, seed=5)
    assert words_of(store.runs(tmp_path / "lab-01")[-1])[KEYS[0]] == "FAIL"
    history = baseline.find(tmp_path / "lab-01", Fingerprint(FACTS).digest)
    assert history.names(KEYS[1]).startswith("20 accepted runs (lab-00/0003 to 0002)")


def test_a_machine_that_was_renamed_goes_on_from_what_differs_in_its_name_only(tmp_path):
    runs(tmp_path / "lab-00", 6, machine="lab-00")
    runs(tmp_path / "lab-00", 2, machine="lab-00", memory_gib=47)
    gate = runs(tmp_path / "lab-01", 1)
    assert gate.not_judged().endswith("the machine's name changed from lab-00 to lab-01 since run lab-00/0006")


def test_a_baseline_is_carried_over_twice(tmp_path):
    folder = tmp_path / "lab-01"
    runs(folder, 6)
    for memory in (47, 95):
        runs(folder, 1, memory_gib=memory)
        assert command("accept", "--as-continuation", folder)[0].exit_code == 0
    history = baseline.find(folder, Fingerprint({**FACTS, "memory_gib": 95}).digest)
    assert history.names(KEYS[0]) == "8 accepted runs (0001 to 0008)"
    older = baseline.find(folder, Fingerprint({**FACTS, "memory_gib": 47}).digest)
    assert older.names(KEYS[0]) == "7 accepted runs (0001 to 0007)", "only on from there, never back"


@each_of(
    ("facts", "why"),
    [
        ({"model": {"name": "googlenet-v1", "precision": "FP16", "digest": "1" * 16}}, "the file of the model"),
        ({"measured": {"profile": "lab"}}, "changed from standard to lab"),
        ({"benchmark_version": 4}, "the way of measuring changed from 3 to 4"),
        ({"architecture": "aarch64"}, "the architecture changed"),
        (
            {"devices": [{"name": "CPU", "full_name": "another CPU", "driver": "1"}]},
            "changed from a CPU to another CPU",
        ),
        ({"devices": [*FACTS["devices"], {"name": "GPU", "full_name": "", "driver": ""}]}, "the device GPU is new"),
    ],
)
def test_what_measured_something_else_is_not_carried_over(tmp_path, facts, why):
    folder = tmp_path / "lab-01"
    runs(folder, 6)
    gate = runs(folder, 1, **facts)
    assert gate.not_judged() is None
    path = store.runs(folder)[-1]
    done, _ = command("accept", "--as-continuation", path)
    assert isinstance(done.exception, UserError)
    assert why in str(done.exception)
    assert "--new-level" in str(done.exception)
    assert not standing.path_of(path).exists()


@pytest.mark.parametrize(
    "words", [("--of", "."), ("--as-continuation", "--new-level"), ("--as-continuation", "latency: AUTO-LATENCY")]
)
def test_contradictions_of_a_continuation_are_one_sentence(tmp_path, words):
    runs(tmp_path / "lab-01", 1)
    assert isinstance(command("accept", tmp_path / "lab-01", *words)[0].exception, UserError)


@each_of("folder", ["../../etc", "/etc", "..", "a/b", 3, None, ["x"]])
def test_a_mark_in_a_file_names_a_folder_beside_and_never_a_path(tmp_path, folder):
    run = tmp_path / "0001_run.json"
    mark = {"newer": "f" * 16, "older": "e" * 16, "folder": folder}
    standing.path_of(run).write_text(json.dumps({"standing": "accepted", "continues": mark}))
    with pytest.raises(UserError, match="does not say"):
        standing.read(run)
    assert len(continuation.sources(tmp_path, "f" * 16)) == 1


@for_all(lambda st: (st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8),))
def test_marks_that_go_in_circles_end(marks):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number, (newer, older) in enumerate(marks):
            mark = {"newer": f"{newer}" * 16, "older": f"{older}" * 16, "folder": ""}
            (folder / f"{number:04d}_x.standing").write_text(json.dumps({"standing": "accepted", "continues": mark}))
        found = [each.fingerprint[0] for each in continuation.sources(folder, "0" * 16)]
        assert len(found) == len(set(found)) <= 5
        reached = {"0"}
        for _ in marks:
            reached |= {str(older) for newer, older in marks if str(newer) in reached}
        assert set(found) == reached


# Another machine's history, only read.


def test_a_run_of_another_name_is_judged_against_the_machine_that_is_named(tmp_path):
    main, own = tmp_path / "lab-01", tmp_path / "lab-01-pr"
    runs(main, 20)
    before = {path.name: path.read_bytes() for path in main.iterdir()}
    runs(own, 1, 1.12, machine="lab-01-pr")
    path = store.runs(own)[-1]
    for against in (main, store.runs(main)[-1]):
        done, said = command("gate", path, "--against", against)
        assert "NO BASELINE" not in said, said
    done, said = command("gate", path, "--against", main)
    assert (done.exit_code, "20 accepted runs (lab-01" in said or "20 accepted runs (0001" in said) == (1, True)
    assert {path.name: path.read_bytes() for path in main.iterdir()} == before
    other = tmp_path / "other"
    runs(other, 1, machine="lab-01-pr", model={"name": "small-cnn", "precision": "FP16", "digest": "2" * 16})
    assert "NO BASELINE" in command("gate", other, "--against", main)[1]


def test_the_baseline_that_is_named_is_a_machine_or_a_folder(tmp_path):
    main = tmp_path / "history" / "lab-01"
    runs(main, 1)
    for text in ("lab-01", str(main)):
        chosen = settings(tmp_path, machine="lab-01-pr", baseline=text)
        assert chosen.judged_against == main
        chosen.check_baseline()
    emulated = settings(tmp_path, machine="lab-01-pr", baseline="lab-01", accelerator="emulated")
    assert emulated.judged_against == tmp_path / "history" / "lab-01-emulated"
    assert settings(tmp_path).judged_against == settings(tmp_path).history
    for changes, says in (
        ({"baseline": "lab-02"}, "there is no saved run in .*lab-02 to judge against"),
        ({"baseline": "lab-01", "machine": "lab-01"}, "a baseline that is named is only read"),
    ):
        with pytest.raises(UserError, match=says):
            settings(tmp_path, **{"machine": "lab-01-pr", **changes}).check_baseline()
    with pytest.raises(UserError, match="--gate=off judges nothing"):
        settings(tmp_path, machine="lab-01-pr", baseline="lab-01", gate="off").check_words()


def test_facts_read_back_from_a_file_have_the_digest_that_they_had(tmp_path):
    runs(tmp_path / "lab-01", 1)
    run = records.read(store.runs(tmp_path / "lab-01")[0])
    assert Fingerprint(dict(run.fingerprint_facts)).digest == run.fingerprint
    assert continuation.as_machine_of(tmp_path / "lab-01", {**FACTS, "machine": "another"}).digest == run.fingerprint
