"""What a run is judged against: accepted runs of its fingerprint, whatever else lies in the folder."""

import contextlib
import json
import math

import pytest

from autogauge.errors import UserError
from autogauge.history import baseline, records, standing, store
from autogauge.history.standing_file import Record, Standing
from tests.cases import each_of
from tests.properties import for_all

OURS, OTHER = "a" * 64, "b" * 64


def benchmark(key="speed: AUTO", seconds=0.01, **extra):
    return {
        "fullname": f"tests/perf/test_it.py::test[{key}]",
        "stats": {"data": [seconds, seconds * 1.01, seconds * 0.99], "median": seconds, "rounds": 3},
        "extra_info": {"benchmark": key, "fingerprint": OURS, **extra},
    }


def document(*benchmarks, fingerprint=OURS, when="2026-11-01T10:00:00+00:00"):
    return {
        "datetime": when,
        "machine_info": {"node": "lab", "fingerprint": {"digest": fingerprint}},
        "benchmarks": list(benchmarks) or [benchmark()],
    }


def save(folder, *benchmarks, fingerprint=OURS, when=None, **others):
    when = when or f"2026-11-01T10:00:{len(store.runs(folder)) % 60:02d}+00:00" if folder.exists() else when
    return store.save(
        folder, document(*benchmarks, fingerprint=fingerprint, when=when or "2026-11-01"), "run", fingerprint, **others
    )


def seconds_of(history, key="speed: AUTO"):
    now, before = history.of(key)
    return [round(each.median_s, 6) for each in now], [round(each.median_s, 6) for each in before]


def first_of(history, key="speed: AUTO"):
    return [round(each.benchmarks[key].median_s, 6) for each in history.first_of(key)]


def test_the_last_accepted_runs_of_the_same_fingerprint_oldest_first(tmp_path):
    for number in range(1, 26):
        save(tmp_path, benchmark(seconds=number / 1000))
        save(tmp_path, benchmark(seconds=9.0), fingerprint=OTHER)
    history = baseline.find(tmp_path, OURS)
    now, before = seconds_of(history)
    assert now == [number / 1000 for number in range(6, 26)]
    assert before == []
    assert any("measured something else" in each for each in history.problems)


def test_a_quarantined_run_is_never_judged_against(tmp_path):
    save(tmp_path, benchmark(seconds=0.01))
    bad = save(
        tmp_path,
        benchmark(seconds=0.02),
        prepare=lambda path: standing.write(path, Standing.QUARANTINED, "slow", "gate"),
    )
    assert seconds_of(baseline.find(tmp_path, OURS))[0] == [0.01]
    assert baseline.find(tmp_path, OURS).quarantined == 1
    standing.write(bad, Standing.ACCEPTED, "meant", "user", ("speed: AUTO",))
    assert seconds_of(baseline.find(tmp_path, OURS)) == ([0.02], [0.01]), "an accepted change begins a new level"


def waiting_in(history):
    """The numbers of the runs that wait to be confirmed, by benchmark."""
    return {key: [store.number_of(each.run.path) for each in runs] for key, runs in history.pending.items()}


def test_a_pending_run_waits_until_the_next_accepted_one(tmp_path):
    save(tmp_path)
    save(tmp_path, prepare=lambda path: standing.write(path, Standing.PENDING, "", "gate", ("speed: AUTO",)))
    assert waiting_in(baseline.find(tmp_path, OURS)) == {"speed: AUTO": [2]}
    assert len(baseline.find(tmp_path, OURS).runs) == 1
    save(tmp_path, benchmark("other"))
    assert waiting_in(baseline.find(tmp_path, OURS)) == {"speed: AUTO": [2]}, "the benchmark was not measured"
    save(tmp_path)
    assert waiting_in(baseline.find(tmp_path, OURS)) == {}, "the accepted run after it did not confirm it"


def test_a_run_that_is_pending_as_a_whole_waits_for_no_confirmation(tmp_path):
    save(tmp_path)
    save(tmp_path, prepare=lambda path: standing.write(path, Standing.PENDING, "disturbed", "gate"))
    history = baseline.find(tmp_path, OURS)
    assert (len(history.runs), waiting_in(history)) == (1, {})


# Each benchmark for itself.


def partly(standing_of, *, level=()):
    """What to write beside a run of which some benchmarks are not accepted."""
    return lambda path: standing.write(path, Standing.ACCEPTED, "w", "gate", level, benchmarks=standing_of)


def test_the_benchmarks_that_passed_in_a_red_run_stay_in_the_baseline(tmp_path):
    save(tmp_path, benchmark("a", 0.01), benchmark("b", 0.01))
    bad = save(
        tmp_path,
        benchmark("a", 0.02),
        benchmark("b", 0.011),
        prepare=partly({"a": Standing.QUARANTINED}, level=("a",)),
    )
    history = baseline.find(tmp_path, OURS)
    assert seconds_of(history, "a") == ([0.01], [])
    assert seconds_of(history, "b") == ([0.01, 0.011], [])
    assert (history.names("a")[:22], history.names("b")[:23]) == ("1 accepted run (0001, ", "2 accepted runs (0001 t")
    standing.accept(bad, "meant")
    history = baseline.find(tmp_path, OURS)
    assert seconds_of(history, "a") == ([0.02], [0.01])
    assert seconds_of(history, "b") == ([0.01, 0.011], []), "no new level for what had passed"
    standing.reject(bad, "fan broken", ["a"])
    save(tmp_path, benchmark("a", 0.021), benchmark("b", 0.01))
    assert seconds_of(baseline.find(tmp_path, OURS), "a") == ([0.021], [0.01]), "its level stays apart"


def test_a_benchmark_that_was_red_for_longer_than_the_window_is_judged_against_its_last_accepted_runs(tmp_path):
    for number in range(30):
        save(tmp_path, benchmark("a", 0.01 + number / 1e5), benchmark("b", 0.01 + number / 1e5))
    for number in range(30, 55):
        save(
            tmp_path,
            benchmark("a", 0.02),
            benchmark("b", 0.01 + number / 1e5),
            prepare=partly({"a": Standing.QUARANTINED}, level=("a",)),
        )
    history = baseline.find(tmp_path, OURS)
    assert seconds_of(history, "a")[0] == [round(0.01 + number / 1e5, 6) for number in range(10, 30)]
    assert seconds_of(history, "b")[0] == [round(0.01 + number / 1e5, 6) for number in range(35, 55)]
    for key in "ab":
        assert first_of(history, key) == [0.01, 0.01001, 0.01002]
    assert history.lost(["b"]) == ["a"], "it was measured in the last runs, and is named when it is gone"


@for_all(
    lambda st: (
        st.lists(
            st.dictionaries(
                st.sampled_from("ab"), st.sampled_from(["accepted", "quarantined", "pending", "level", "began"])
            ),
            max_size=9,
        ),
        st.integers(1, 6),
    )
)
def test_each_benchmark_has_the_baseline_that_it_would_have_alone(runs, last):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as place:
        together, alone = Path(place) / "both", {key: Path(place) / key for key in "ab"}
        for folder, keys in ((together, "ab"), *((alone[key], key) for key in "ab")):
            folder.mkdir()
            for number, words in enumerate(runs, 1):
                said = {key: word for key, word in words.items() if key in keys}
                stands = {key: Standing(word) for key, word in said.items() if word in list(Standing)}
                stands |= {key: Standing.QUARANTINED for key, word in said.items() if word == "began"}
                record = Record(
                    new_level=tuple(key for key, word in said.items() if word == "level"),
                    began=tuple(key for key, word in said.items() if word == "began"),
                    benchmarks=stands,
                )
                saved = document(*(benchmark(key, number / 1e3) for key in keys), when=f"2026-11-01T10:{number:02d}")
                path = folder / f"{number:04d}_run_{OURS[:8]}.json"
                path.write_text(json.dumps(saved))
                standing.path_of(path).write_text(json.dumps(record.to_json()))
        both = baseline.find(together, OURS, last=last)
        for key in "ab":
            single = baseline.find(alone[key], OURS, last=last)
            assert seconds_of(both, key) == seconds_of(single, key)
            assert both.names(key) == single.names(key)
            assert first_of(both, key) == first_of(single, key)
            assert waiting_in(both).get(key) == waiting_in(single).get(key)


def test_no_folder_one_run_two_runs(tmp_path):
    assert baseline.find(tmp_path / "nowhere", OURS).runs == ()
    save(tmp_path)
    assert "1 accepted run (0001, still few)" in baseline.find(tmp_path, OURS).names("speed: AUTO")
    save(tmp_path)
    assert "2 accepted runs (0001 to 0002, still few)" in baseline.find(tmp_path, OURS).names("speed: AUTO")


def test_of_ten_thousand_runs_only_the_newest_are_opened(tmp_path, monkeypatch):
    for number in range(1, 10_001):
        mark = OURS if number % 20 == 0 else OTHER
        (tmp_path / f"{number:04d}_run_{mark[:8]}.json").write_text(
            json.dumps(document(benchmark(seconds=number / 1e4), fingerprint=mark))
        )
    opened = []
    read = records.read
    monkeypatch.setattr(baseline.records, "read", lambda path: opened.append(path) or read(path))
    history = baseline.find(tmp_path, OURS)
    assert len(history.runs) == baseline.LAST
    assert len(opened) <= 2 * baseline.LAST


@each_of(
    ("damage", "said"),
    [
        (lambda text: text[: len(text) // 2], "not JSON"),
        (lambda text: "", "not JSON"),
        (lambda text: "[1, 2]", "no list of benchmarks"),
        (lambda text: "null", "no list of benchmarks"),
        (lambda text: '{"benchmarks": {}}', "no list of benchmarks"),
        (lambda text: "[" * 100_000, "not JSON"),
        (lambda text: '{"benchmarks": [], "autogauge": {"schema": 99}}', "newer autogauge (schema 99"),
        (lambda text: '{"benchmarks": [], "autogauge": {"schema": true}}', "schema True, which there never was"),
        (lambda text: '{"benchmarks": [], "autogauge": {"schema": 0}}', "schema 0, which there never was"),
        (lambda text: text.replace('"stats"', '"statistics"'), "it has no 'stats'"),
        (lambda text: text.replace("0.01,", "0.0,"), "a sample is 0.0"),
        (lambda text: text.replace("0.01,", "NaN,"), "a sample is nan"),
        (lambda text: text.replace("0.01,", "Infinity,"), "a sample is inf"),
        (lambda text: text.replace("0.01,", "-0.01,"), "a sample is -0.01"),
        (lambda text: text.replace("0.01,", "1e300,"), "a sample is 1e+300"),
        (lambda text: text.replace("0.01,", '"fast",'), "a sample is 'fast'"),
        (lambda text: text.replace("0.01,", "true,"), "a sample is True"),
    ],
)
def test_a_damaged_run_is_said_and_left_out(tmp_path, damage, said):
    save(tmp_path, benchmark(seconds=0.02))
    path = save(tmp_path)
    text = path.read_text()
    assert damage(text) != text
    path.write_text(damage(text))
    history = baseline.find(tmp_path, OURS)
    assert any(path.name in each and said in each for each in history.problems), history.problems
    assert seconds_of(history)[0] == [0.02]


def test_a_standing_that_nobody_can_read_is_said_and_its_run_left_out(tmp_path):
    save(tmp_path, benchmark(seconds=0.02))
    path = save(tmp_path)
    standing.path_of(path).write_text("[" * 100_000)
    history = baseline.find(tmp_path, OURS)
    assert any("does not say whether its run is accepted" in each for each in history.problems)
    assert seconds_of(history)[0] == [0.02]


def test_the_run_that_is_judged_is_not_judged_against(tmp_path):
    save(tmp_path, benchmark(seconds=0.02))
    path = save(tmp_path, benchmark(seconds=0.03))
    copy = tmp_path / "0000_copy_aaaaaaaa.json"
    copy.write_bytes(path.read_bytes())
    run = records.read(path)
    for history in (
        baseline.find(tmp_path, OURS, before=path, judged=run),
        baseline.find(tmp_path, OURS, judged=run),
        baseline.of_files([copy, path, tmp_path / "0001_run_aaaaaaaa.json"], run),
    ):
        assert seconds_of(history)[0] == [0.02]
        assert any("is the run that is judged" in each for each in history.problems)


def test_the_oldest_runs_of_a_level_are_found_as_far_as_it_reaches_back(tmp_path):
    first = [save(tmp_path, benchmark(seconds=0.01 + number / 1e5)) for number in range(30)]
    history = baseline.find(tmp_path, OURS)
    assert first_of(history) == [0.01, 0.01001, 0.01002]
    assert not baseline.find(tmp_path, OURS, last=40).first_of("speed: AUTO"), "all of them are judged against"
    standing.write(first[1], Standing.QUARANTINED, "slow", "gate")
    history = baseline.find(tmp_path, OURS)
    assert first_of(history) == [0.01, 0.01002, 0.01003]
    standing.write(first[5], Standing.ACCEPTED, "meant", "user", ("speed: AUTO",))
    history = baseline.find(tmp_path, OURS)
    assert first_of(history) == [0.01005, 0.01006, 0.01007]
    standing.write(first[20], Standing.ACCEPTED, "meant", "user", ("speed: AUTO",))
    assert not baseline.find(tmp_path, OURS).first_of("speed: AUTO"), "its level began among those judged against"


def test_it_is_said_in_what_the_newest_run_of_another_fingerprint_differs(tmp_path):
    path = save(tmp_path, fingerprint=OTHER)
    fields = json.loads(path.read_text())
    fields["machine_info"]["fingerprint"] |= {"memory_gib": 8, "devices": [{"name": "CPU", "driver": "1"}], "same": 1}
    path.write_text(json.dumps(fields))
    facts = {"memory_gib": 16, "devices": ({"name": "CPU", "driver": "2"},), "same": 1}
    (problem,) = baseline.find(tmp_path, OURS, facts=facts).problems
    assert problem.endswith(
        "(another fingerprint); since the newest, 0001, the memory (GiB) changed from 8 to 16, the driver of CPU changed from 1 to 2"
    )


def test_a_kernel_that_changed_is_named_beside_the_runs_that_are_judged_against_all_the_same(tmp_path):
    path = save(tmp_path)
    fields = json.loads(path.read_text())
    fields["machine_info"]["release"] = "6.1.0"  # as every run saved it, before there was anything noted
    path.write_text(json.dumps(fields))
    history = baseline.find(tmp_path, OURS, noted={"kernel": "6.5.0", "governor": "performance"})
    assert len(history.runs) == 1
    assert history.problems == (
        "since 0001, the newest run that is judged against, the kernel changed from 6.1.0 to 6.5.0",
    )
    fields["machine_info"]["noted"] = {"kernel": "6.5.0", "governor": "powersave", "memory_limit_mib": None}
    path.write_text(json.dumps(fields))
    noted = {"kernel": "6.5.0", "governor": "performance", "memory_limit_mib": 512}
    assert baseline.of_files([path], noted=noted).problems == baseline.find(tmp_path, OURS, noted=noted).problems
    assert baseline.find(tmp_path, OURS, noted=noted).problems == (
        "since 0001, the newest run that is judged against, the frequency governor changed from powersave to performance, "
        "the memory limit (MiB) changed from none to 512",
    )
    assert baseline.find(tmp_path, OURS, noted=fields["machine_info"]["noted"]).problems == ()


def test_a_run_saved_twice_counts_once(tmp_path):
    path = save(tmp_path)
    (tmp_path / "0002_copy_aaaaaaaa.json").write_bytes(path.read_bytes())
    history = baseline.find(tmp_path, OURS)
    assert len(history.runs) == 1
    assert any("the same run" in each for each in history.problems)


@pytest.mark.parametrize("between", [0, 25])
def test_a_copy_of_a_quarantined_run_is_quarantined_too(tmp_path, between):
    save(tmp_path, benchmark(seconds=0.01))
    bad = save(
        tmp_path,
        benchmark(seconds=0.02),
        prepare=lambda path: standing.write(path, Standing.QUARANTINED, "slow", "gate"),
    )
    for number in range(between):
        save(tmp_path, benchmark(seconds=0.01 + number / 1e6))
    (tmp_path / f"{len(store.runs(tmp_path)) + 1:04d}_copy_aaaaaaaa.json").write_bytes(bad.read_bytes())
    history = baseline.find(tmp_path, OURS)
    assert 0.02 not in seconds_of(history)[0]
    assert any("both count as quarantined" in each for each in history.problems)


def test_rejecting_the_run_that_began_a_level_does_not_merge_the_levels(tmp_path):
    save(tmp_path, benchmark(seconds=0.01))
    begins = save(
        tmp_path,
        benchmark(seconds=0.02),
        prepare=lambda path: standing.write(path, Standing.QUARANTINED, "slow", "gate", ("speed: AUTO",)),
    )
    save(tmp_path, benchmark(seconds=0.0101))
    assert seconds_of(baseline.find(tmp_path, OURS)) == ([0.01, 0.0101], []), "it never was accepted"
    standing.reject(begins, "slow indeed")
    assert seconds_of(baseline.find(tmp_path, OURS)) == ([0.01, 0.0101], []), "it never was accepted"
    standing.write(begins, Standing.ACCEPTED, "meant", "user", ("speed: AUTO",))
    standing.reject(begins, "fan broken")
    standing.reject(begins, "fan broken, once more")
    assert seconds_of(baseline.find(tmp_path, OURS)) == ([0.0101], [0.01]), "the next one was accepted at its level"
    assert standing.read(begins).new_level == ("speed: AUTO",), "it begins one again should it be accepted again"


def test_files_that_are_named_twice_count_once(tmp_path):
    path = save(tmp_path)
    copy = tmp_path / "elsewhere.json"
    copy.write_bytes(path.read_bytes())
    history = baseline.of_files([path, path, copy])
    assert len(history.runs) == 1
    assert "1 accepted run" in history.names("speed: AUTO")
    assert sum("is the same run as" in each for each in history.problems) == 2


def test_a_file_without_a_number_has_a_name(tmp_path):
    path = tmp_path / "yesterday.json"
    path.write_text(json.dumps(document()))
    assert "(yesterday.json, still few)" in baseline.of_files([path]).names("speed: AUTO")


def test_files_that_were_not_opened_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(baseline, "MOST_READ", 5)
    save(tmp_path, benchmark(seconds=0.01))
    for _ in range(5):
        tmp_path.joinpath(f"{len(store.runs(tmp_path)) + 1:04d}_broken.json").write_text("{")
    history = baseline.find(tmp_path, OURS)
    assert any("only the newest 5 files" in each and "1 older" in each for each in history.problems)


def test_a_benchmark_that_stands_twice_in_a_run_counts_once(tmp_path):
    save(tmp_path, benchmark(seconds=0.01), benchmark(seconds=0.02))
    history = baseline.find(tmp_path, OURS)
    assert seconds_of(history)[0] == [0.01]
    assert any("stands in it twice" in each for each in history.problems)


def test_the_order_is_the_numbers_although_the_clock_was_set_back(tmp_path):
    save(tmp_path, benchmark(seconds=0.01), when="2026-11-02T10:00:00+00:00")
    save(tmp_path, benchmark(seconds=0.02), when="2020-01-01T00:00:00+00:00")
    assert seconds_of(baseline.find(tmp_path, OURS))[0] == [0.01, 0.02]


def test_files_without_a_fingerprint_in_their_name_are_opened(tmp_path):
    tmp_path.joinpath("0001_old.json").write_text(json.dumps(document()))
    assert len(baseline.find(tmp_path, OURS).runs) == 1


def test_benchmarks_that_are_no_longer_there_are_named(tmp_path):
    save(tmp_path, benchmark("a"), benchmark("b"))
    assert baseline.find(tmp_path, OURS).lost(["b", "c"]) == ["a"]
    save(tmp_path, benchmark("b"))
    assert baseline.find(tmp_path, OURS).lost(["b", "c"]) == ["a"], "the newest run measured a part only"
    for number in range(5):
        save(tmp_path, benchmark("b", seconds=0.01 + number / 1000))
    assert baseline.find(tmp_path, OURS).lost(["b", "c"]) == [], "it has been gone for long"


def test_a_renamed_test_is_the_same_benchmark(tmp_path):
    save(tmp_path, benchmark())
    renamed = benchmark()
    renamed["fullname"] = "tests/perf/test_elsewhere.py::test_renamed"
    save(tmp_path, renamed)
    assert len(seconds_of(baseline.find(tmp_path, OURS))[0]) == 2


def test_another_projects_file_is_read_by_its_tests_names(tmp_path):
    path = tmp_path / "0001_other.json"
    path.write_text(json.dumps({"benchmarks": [{"fullname": "t.py::t", "stats": {"median": 0.5, "rounds": 4}}]}))
    run = records.read(path)
    assert run.benchmarks["t.py::t"].median_s == 0.5
    assert run.fingerprint is None


def test_a_standing_that_nobody_can_read_leaves_its_run_out(tmp_path):
    save(tmp_path)
    path = save(tmp_path)
    standing.path_of(path).write_text("{")
    history = baseline.find(tmp_path, OURS)
    assert len(history.runs) == 1
    assert any("does not say whether its run is accepted" in each for each in history.problems)


@for_all(
    lambda st: (
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "stats",
                            "data",
                            "median",
                            "extra_info",
                            "benchmark",
                            "fullname",
                            "rounds",
                            "against_reference",
                            "reference",
                            "ratio",
                            "error",
                            "fingerprint",
                            "digest",
                            "benchmarks",
                            "machine_info",
                            "datetime",
                            "autogauge",
                        ]
                    ),
                    inner,
                    max_size=6,
                )
            ),
            max_leaves=25,
        ),
    )
)
def test_whatever_json_a_run_is_it_is_read_or_refused_in_a_sentence(value):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0001_x.json"
        path.write_text(
            json.dumps({"benchmarks": [value], "machine_info": value, "datetime": value, "autogauge": value})
        )
        run = records.read(path)
        assert all(0 < each.median_s < math.inf for each in run.benchmarks.values())
        path.write_text(json.dumps(value))
        with contextlib.suppress(UserError):
            records.read(path)
