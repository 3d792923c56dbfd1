"""Labels: whatever a study calls its conditions by can be filtered and grouped by, in new runs and old ones; and does no harm."""

import contextlib
import csv
import json

import pytest

from autogauge.errors import UserError
from autogauge.history import index, labels, records, run_file, where
from autogauge.history.export import files, table
from autogauge.history.select import Histories
from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Result
from autogauge.targets import Target
from tests.cases import each_of
from tests.histories import LATENCY, PER_FRAME, document, save
from tests.properties import for_all
from tests.support import ROOT

OF_SCHEMA_1 = ROOT / "tests" / "data" / "schema_1.json"
"""A run as the release before labels saved it, untouched but for the project's name."""
OLD, NEW = {"schema": 1}, {"labels": {"policy": "round_robin", "requests": "4"}}
CACHED = "first inference latency: AUTO"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "history" / "lab-01"


@pytest.fixture
def histories(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Histories(stack, tmp_path / "history", tmp_path / "cache")


def chosen(histories, *words):
    """What passes the filters: numbers of runs, and of each benchmark the numbers in which it counts."""
    found = histories.all(where.parse(words))
    number = {run.id: run.number for run in found.runs}
    figures = {each.key: [number[run] for run in each.runs.tolist()] for each in found.figures()}
    return [run.number for run in found.runs], figures


def test_a_file_of_the_schema_before_labels_is_read_as_it_was():
    run = records.read(OF_SCHEMA_1)
    assert json.loads(OF_SCHEMA_1.read_bytes())["autogauge"]["schema"] == 1
    assert {key: each.labels for key, each in run.benchmarks.items()} == {
        "first inference latency: AUTO": {"device": "AUTO"},
        "first inference latency: CPU": {"device": "CPU"},
        **{
            f"{group}: AUTO-{hint}": {"device": "AUTO", "hint": hint}
            for group in ("seconds per frame", "latency")
            for hint in ("LATENCY", "THROUGHPUT")
        },
    }
    assert (run.problems, run.foreign, run.profile) == ((), False, "quick")


def test_a_file_of_schema_1_has_no_labels_but_those_two():
    made = document({LATENCY: 0.01}, schema=1)
    made["benchmarks"][0]["extra_info"] |= {"labels": {"policy": "x"}, "device": 7}
    assert read(made).benchmarks[LATENCY].labels == {"hint": "LATENCY"}


def test_a_trend_stays_one_when_its_labels_grow_and_the_newest_run_names_them(folder, histories):
    """A filter by a label takes in the older runs of the same benchmark, in which it had no name yet."""
    save(folder, {LATENCY: 0.01}, days=0, **OLD)
    save(folder, {LATENCY: 0.01, PER_FRAME: 0.02}, days=2, **NEW)
    save(folder, {LATENCY: 0.01}, days=1, labels={"policy": "another"})
    _, figures = chosen(histories)
    assert figures == {LATENCY: [1, 2, 3], PER_FRAME: [2]}
    (latency, _) = histories.all(where.Where()).figures()
    assert latency.labels == {"device": "AUTO", "hint": "LATENCY", "policy": "round_robin", "requests": "4"}
    assert chosen(histories, "policy=round_robin hint=latency") == ([1, 2, 3], {LATENCY: [1, 2, 3]})
    assert chosen(histories, "policy=another") == ([], {}), "a value that is none any more gives none"
    assert chosen(histories, "requests=4", "last=1") == ([2], {LATENCY: [2], PER_FRAME: [2]}), "of those that pass"
    with pytest.raises(UserError, match=r"'polcy=x' is no filter: .* with a label that these runs have: policy, req"):
        chosen(histories, "polcy=x")
    with pytest.raises(UserError, match=r"'polcy=x' is no filter: .*: policy, requests \(see --help\)"):
        histories.select("polcy=x device=AUTO")


def test_an_older_autogauge_that_measures_after_a_newer_one_takes_no_labels_away(folder, histories):
    save(folder, {LATENCY: 0.01}, **NEW)
    save(folder, {LATENCY: 0.01}, days=1, **OLD)
    assert chosen(histories, "policy=round_robin") == ([1, 2], {LATENCY: [1, 2]})


def test_old_runs_and_new_ones_are_compared_and_judged_as_one_benchmark(folder, histories):
    from autogauge.gate.comparison import compare

    before = save(folder, {LATENCY: 0.010}, ratios={LATENCY: 1.0}, **OLD)
    after = save(folder, {LATENCY: 0.011}, ratios={LATENCY: 1.1}, days=1, **NEW)
    (each,) = compare(histories.select(str(before)), histories.select(str(after)), 0.05).compared
    assert each.judgement.change.ratio == pytest.approx(1.1)


def test_a_benchmarks_own_release_counts_for_it_and_the_runs_for_the_rest(folder, histories):
    """One run, of which one condition was measured with an older OpenVINO."""
    older = {LATENCY: {"openvino": "2025.4.0"}}
    save(folder, {LATENCY: 0.01, PER_FRAME: 0.02}, openvino="2026.4.1-1-abc", labels=older)
    save(folder, {LATENCY: 0.01, PER_FRAME: 0.02}, openvino="2025.4.0-9-fff", days=1, **OLD)
    assert chosen(histories, "openvino=2025.4") == ([1, 2], {LATENCY: [1, 2], PER_FRAME: [2]})
    assert chosen(histories, "openvino=2026.4") == ([1], {PER_FRAME: [1]})
    assert chosen(histories, "openvino=2024") == ([], {})
    assert chosen(histories, "openvino=2026.4", f"benchmark='{LATENCY}'") == ([], {})
    assert chosen(histories, "openvino=2025.4", "hint=THROUGHPUT") == ([2], {PER_FRAME: [2]})
    assert chosen(histories, "openvino=2025*", "openvino=*.0") == ([1], {LATENCY: [1]})


def test_a_release_that_some_benchmarks_have_is_shown_beside_the_runs_own(folder, histories):
    from autogauge.gate.comparison import compare
    from autogauge.report import history as shown

    older = {LATENCY: {"openvino": "2025.4.0-9-fff"}}
    for day in range(3):
        save(folder, {LATENCY: 0.01, PER_FRAME: 0.02}, days=day, openvino="2026.4.1-1-abc", labels=older)
    (run, *_) = histories.all(where.Where()).runs
    assert run.releases == ("2026.4.1", "2025.4.0")
    assert "openvino 2025.4.0, 2026.4.1, " in shown.describe([run])
    for release, words in (("2025.4", "openvino 2025.4.0, 2026"), ("2026.4", "openvino 2026.4.1, 2026")):
        sides = [histories.select(f"openvino={release} run={numbers}") for numbers in ("1", "2-3")]
        found = compare(*sides, 0.05)
        assert len(found.compared) == 1
        assert all(words in what for _, what, _ in shown.sides(found)), "what is compared was measured with that one"
        assert found.to_json()["a"]["openvino"] == [words.split()[1].strip(",")]


def test_every_label_is_a_column_of_the_export(folder, histories, tmp_path):
    save(folder, {LATENCY: 0.01}, openvino="2026.4.1", labels={"openvino": "2025.4.0", "Machine": "of two rooms"})
    save(folder, {CACHED: 0.01}, days=1, labels={"=batch": "=8", "policy": "round_robin"})
    found = histories.all(where.Where())
    assert files.export(found, tmp_path / "runs.csv") == ("2 rows", ())
    with (tmp_path / "runs.csv").open(newline="") as stream:
        first, second = csv.DictReader(stream)
    assert list(first) == [*table.COLUMNS, "'=batch", "label.Machine", "policy"]
    assert list(first)[15:17] == ["device", "hint"]
    labelled = ("benchmark", "openvino", "device", "hint", "'=batch", "label.Machine", "policy", "machine")
    assert [first[name] for name in labelled] == [
        CACHED,
        "2026.4.1-1-abc",
        "AUTO",
        "",
        "'=8",
        "",
        "round_robin",
        "lab-01",
    ]
    assert [second[name] for name in labelled] == [
        LATENCY,
        "2025.4.0",
        "AUTO",
        "LATENCY",
        "",
        "of two rooms",
        "",
        "lab-01",
    ]
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet is tested where pyarrow is installed")
    files.export(found, tmp_path / "runs.parquet")
    columns = parquet.read_table(tmp_path / "runs.parquet").to_pydict()
    assert columns["policy"] == ["round_robin", ""]
    assert list(columns)[-3:] == ["=batch", "label.Machine", "policy"]


def test_of_very_many_labels_some_have_columns_and_the_rest_is_named(folder, histories, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MOST_LABELS", 2)
    save(folder, {LATENCY: 0.01, CACHED: 0.1}, labels={"b": "1", "c": "2"})
    save(folder, {PER_FRAME: 0.01}, days=1, labels={"a": "1", "c": "2"})
    assert files.export(histories.all(where.Where()), tmp_path / "runs.csv") == ("3 rows", ("a",))


def read(made, tmp=None):
    """A document as :func:`records.read` has it."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.json"
        path.write_text(json.dumps(made))
        return records.read(path)


@each_of(
    ("found", "kept", "lost"),
    [
        (None, {}, 0),
        ({}, {}, 0),
        ("AUTO", {}, 1),
        (["device", "AUTO"], {}, 1),
        ({"device": ""}, {}, 0),
        ({"policy": None, "device": "CPU"}, {"device": "CPU"}, 0),
        ({"z": "1", "hint": "LATENCY", "a": "2", "device": "AUTO"}, {"device": "AUTO", "hint": "LATENCY", "a": "2", "z": "1"}, 0),
        ({"batch": 4, "share": 0.5, "shared": True}, {"batch": "4", "share": "0.5", "shared": "true"}, 0),
        ({"policy": {"name": "x"}, "requests": ["4"], "device": "CPU"}, {"device": "CPU"}, 2),
        ({" ": "x", "": "y"}, {}, 2),
        ({"a\x1b]0;b\x07\n\ud800": "c\x00\u202ed\te"}, {"a·]0;b· ·": "c··d e"}, 0),
        ({"k" * 100: "v" * 1_000_000}, {"k" * 60 + "…": "v" * 120 + "…"}, 1),
        ({f"key {each:05d}": "x" for each in range(10_000)}, {f"key {each:05d}": "x" for each in range(32)}, 9968),
    ],
)  # fmt: skip
def test_labels_of_whatever_a_file_holds_are_bounded_and_plain(found, kept, lost):
    assert labels.kept(found) == (kept, lost)
    assert list(labels.kept(found)[0]) == list(kept), "in the order of tables"


def test_what_is_lost_of_labels_is_said_once_and_the_benchmarks_are_judged(folder, histories):
    run = read(document({LATENCY: 0.01, PER_FRAME: 0.02}, labels={"policy": {"nested": ["deep"]}}))
    assert run.benchmarks.keys() == {LATENCY, PER_FRAME}
    assert run.problems == (), "so that a strict gate does not fail for it"
    assert run.odd == (f"2 labels of 2 benchmarks left out or cut: no text, too long or too many ({LATENCY})",)

    save(folder, {LATENCY: 0.01}, labels={"policy": ["x"]})
    (note,) = histories.all(where.Where()).notes()
    assert note.endswith(f"1 label of 1 benchmark left out or cut: no text, too long or too many ({LATENCY})")


def test_a_new_run_with_labels_is_judged_by_the_old_ones_without(tmp_path):
    from tests.histories import judged, year

    year(tmp_path, runs=10, **OLD)
    gate, _ = judged(tmp_path / "lab-01", {LATENCY: 1.5}, **NEW)
    (each,) = gate.judgements
    assert each.word == "FAIL"
    assert each.change.ratio == pytest.approx(1.5, abs=0.02)


def test_a_reader_that_knows_no_labels_refuses_the_file(folder, monkeypatch):
    path = save(folder, {LATENCY: 0.01}, **NEW)
    monkeypatch.setattr(records, "SCHEMA", 1)
    with pytest.raises(UserError, match=r"saved by a newer autogauge \(schema 2, this one reads up to 1\)"):
        records.read(path)


def anything(st):
    values = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=200)
    return st.recursive(values, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=40))


@for_all(lambda st: (anything(st), st.sampled_from([1, 2])))
def test_whatever_stands_in_the_place_of_labels_is_read_indexed_and_filtered(found, schema):
    import tempfile
    from pathlib import Path

    made = document({LATENCY: 0.01}, schema=2)
    made["benchmarks"][0]["extra_info"] |= {"labels": found, "device": found}
    made["autogauge"]["schema"] = schema
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        history = Path(name) / "history"
        (history / "lab").mkdir(parents=True)
        (history / "lab" / "0001_run.json").write_text(json.dumps(made))
        own = records.read(history / "lab" / "0001_run.json").benchmarks[LATENCY].labels
        assert len(own) <= labels.MOST
        assert all(each.isprintable() and 0 < len(each) <= 121 for pair in own.items() for each in pair)
        histories = Histories(stack, history, Path(name) / "cache")
        assert [each.labels for each in histories.all(where.Where()).figures()] == [own]
        for key, value in own.items():
            if "=" not in key and not {*"'\"\\*?["} & {*(key + value)}:
                (kept,) = histories.all(where.parse([f"'label.{key}={value}'"])).figures()
                assert kept.labels == own
        files.export(histories.all(where.Where()), Path(name) / "runs.csv")


@for_all(lambda st: (st.lists(st.text(max_size=12), max_size=12),))
def test_values_are_ordered_by_the_size_of_their_numbers(values):
    ordered = labels.by_size(values)
    assert sorted(ordered) == sorted(set(values))
    assert labels.by_size(reversed(ordered)) == ordered


def test_numbers_in_values_count():
    assert labels.by_size(["16", "2", "1"]) == ["1", "2", "16"]
    assert labels.by_size(["2026.10.0", "2026.4.1", "2025.4"]) == ["2025.4", "2026.4.1", "2026.10.0"]


def test_an_older_index_is_made_anew_with_labels(folder, tmp_path):
    import sqlite3

    save(folder, {LATENCY: 0.01}, **NEW)
    cache = tmp_path / "cache"
    with index.opened(folder, cache) as found:
        found.runs()
    with contextlib.closing(sqlite3.connect(index.path_of(folder, cache))) as database:
        database.execute("UPDATE runs SET contents = NULL")
        database.execute("PRAGMA user_version = 3")
        database.commit()
    with index.opened(folder, cache) as found:
        assert found.label_keys() == {"device", "hint", "policy", "requests"}


def test_a_path_with_an_equals_sign_is_a_path(folder, histories, tmp_path, monkeypatch):
    save(folder, {LATENCY: 0.01})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab_a=b.json").write_text(json.dumps(document({LATENCY: 0.01})))
    assert len(histories.select("lab_a=b.json device=AUTO").runs) == 1


def test_a_release_that_is_the_runs_own_is_no_label_of_a_benchmark_also_of_older_files(folder, histories):
    own = "2026.4.1-22982-e213a147257-releases/2026/4"
    of = {
        LATENCY: {"openvino": "2026.4.1", "policy": "x"},
        PER_FRAME: {"openvino": own},
        CACHED: {"openvino": "2026.4.1-7-b"},
    }
    save(folder, {LATENCY: 0.01, PER_FRAME: 0.02, CACHED: 0.03, "hand-over": 0.3}, openvino=own, labels=of)
    found = histories.all(where.parse([]))
    told = table.table_of(found)
    names = (*told.columns,)
    rows = {row[names.index("benchmark")]: row[names.index("openvino")] for row in told.rows}
    assert rows == {LATENCY: own, PER_FRAME: own, CACHED: "2026.4.1-7-b", "hand-over": own}
    (run,) = found.runs
    assert run.releases == ("2026.4.1",)
    assert {each.key: each.labels.get("openvino") for each in found.figures()} == {
        **dict.fromkeys((LATENCY, PER_FRAME, "hand-over")),
        CACHED: "2026.4.1-7-b",
    }
    assert next(each for each in found.figures() if each.key == LATENCY).labels["policy"] == "x"


@pytest.mark.parametrize(
    ("seen", "label"),
    [
        ("2026.4.1-22982-abc", None),
        ("2026.4.1", None),
        ("2026.4.1-9-other", "2026.4.1-9-other"),
        ("2025.4.0-1-x", "2025.4.0"),
        ("2026.4.10-22982-abc", "2026.4.10"),
    ],
)
def test_a_run_is_saved_with_a_release_of_a_benchmark_only_where_it_is_another(seen, label):
    of_its_own = Condition("A", Target(None), own_labels={"model": "one ReLU"}, runs_on="a model of the suite's own")
    found = Result("price", (of_its_own,), (), Plan((1,), 1.0), 1, facts={"A": {"openvino": seen}})
    extra = run_file.extra_info(found, "A", Metric("x", "x"), LATENCY, {"openvino": "2026.4.1-22982-abc"}, None)
    assert extra["labels"].get("openvino") == label
    assert extra["labels"]["model"] == "one ReLU"
