"""The newest figures as text for Prometheus: read by its own client's parser; the collector that it is for is met in tests/lab."""

import datetime
import re

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.files import readable, slug, utf8
from autogauge.history import standing
from autogauge.history.export import metrics
from autogauge.history.export.metrics import Family
from tests.histories import BEGAN, LATENCY, PER_FRAME, save, year
from tests.properties import for_all

MEMORY = "steady memory in MiB: AUTO"


def parsed(text):
    """By metric and labels the value, and by metric its unit; every one a gauge."""
    parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="prometheus-client is not installed")
    families = list(parser.text_string_to_metric_families(text))
    assert {each.type for each in families} == {"gauge"}
    values = {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}
    assert len(values) == sum(len(each.samples) for each in families)
    return values, {each.name: each.unit for each in families}


def exported(history, *words):
    place = history.parent / "autogauge.prom"
    done = CliRunner().invoke(
        app, ["history", "export", str(place), f"--history={history}", f"--cache={history.parent / 'cache'}", *words]
    )
    if done.exception:
        raise done.exception
    return place.read_text(), done.output


def labels_with(values, name, **wanted):
    """The samples of a metric that have these labels: the labels themselves and the value."""
    return [
        (dict(labels), value)
        for (each, labels), value in values.items()
        if each == f"autogauge_{name}" and {*wanted.items()} <= labels
    ]


@pytest.fixture
def history(tmp_path):
    year(tmp_path / "history", "lab-01", runs=4, verdict="PASS")
    year(tmp_path / "history", "lab-02", runs=3, verdict="FAIL", openvino="2025.1.0-1-abc")
    return tmp_path / "history"


def test_the_newest_figure_of_each_benchmark_has_its_age_standing_and_verdict(history):
    newest = save(
        history / "lab-01",
        {LATENCY: 0.02, MEMORY: 120.0},
        ratios={LATENCY: 2.5},
        days=9,
        verdict="INCONCLUSIVE",
        digest="ab" * 32,
        labels={"requests": "2"},
    )
    standing.reject(newest, "fan broken", [LATENCY])
    values, units = parsed(exported(history)[0])
    of_it = {"machine": "lab-01", "digest": "ab" * 8, "benchmark": LATENCY}
    assert units["autogauge_benchmark_seconds"] == "seconds"
    ((labels, seconds),) = labels_with(values, "benchmark_seconds", **of_it)
    assert seconds == 0.02
    assert labels == {
        "machine": "lab-01",
        "model": "googlenet-v1 FP16",
        "digest": "ab" * 8,
        "benchmark": LATENCY,
        "metric": "latency_ms",
        "device": "AUTO",
        "hint": "LATENCY",
        "requests": "2",
    }
    assert [value for _, value in labels_with(values, "benchmark_pinned_ratio", **of_it)] == [2.5]
    measured = (BEGAN + datetime.timedelta(days=9)).timestamp()
    assert [value for _, value in labels_with(values, "benchmark_measured_timestamp_seconds", **of_it)] == [measured]
    assert [each["standing"] for each, _ in labels_with(values, "benchmark_standing", **of_it)] == ["quarantined"]
    assert [each["verdict"] for each, _ in labels_with(values, "benchmark_verdict", **of_it)] == ["INCONCLUSIVE"]
    ((labels, size),) = labels_with(values, "benchmark_bytes", machine="lab-01", benchmark=MEMORY)
    assert size == 120 * 2**20
    assert [each["run"] for each, _ in labels_with(values, "benchmark_run_info", **of_it)] == ["5"]
    (only,) = labels_with(values, "benchmark_run_info", machine="lab-02", benchmark=PER_FRAME)
    assert (only[0]["run"], only[0]["openvino"], only[1]) == ("3", "2025.1.0-1-abc", 1.0)
    assert labels_with(values, "machine_last_run_timestamp_seconds", machine="lab-01") == [
        ({"machine": "lab-01"}, measured)
    ]
    assert len(labels_with(values, "benchmark_seconds")) == 5  # a model that was replaced is another trend


def test_a_unit_in_a_name_is_not_taken_for_the_values(history):
    save(history / "lab-01", {LATENCY: 0.02, MEMORY: 120.0}, days=9)
    text, _ = exported(history)
    for name in ("benchmark_seconds", "benchmark_bytes"):
        assert re.search(rf"# HELP autogauge_{name} .*The value is in this metric's unit, also where the labels", text)


def test_a_run_from_the_future_does_not_hide_those_that_came(history):
    ahead = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)) - BEGAN
    save(history / "lab-02", {LATENCY: 0.5}, machine="lab-02", days=ahead / datetime.timedelta(days=1))
    values, _ = parsed(exported(history)[0])
    (found,) = labels_with(values, "benchmark_run_info", machine="lab-02", benchmark=LATENCY)
    assert found[0]["run"] == "3"


def test_filters_and_what_cannot_be_read_count(history):
    (history / "lab-02" / "0009_half.json").write_text("{")
    text, said = exported(history, "--where=machine=lab-02")
    values, _ = parsed(text)
    assert {labels["machine"] for labels, _ in labels_with(values, "benchmark_seconds")} == {"lab-02"}
    assert labels_with(values, "machine_unreadable_runs", machine="lab-02") == [({"machine": "lab-02"}, 1.0)]
    assert "autogauge.prom: 2 benchmarks from 3 runs; 1 left out" in said


def test_when_a_machine_measured_last_is_no_matter_of_filters(history):
    (history / "lab-02" / "0009_half.json").write_text("{")
    newest = save(history / "lab-02", {LATENCY: 0.5}, machine="lab-02", days=30, openvino="2026.4.0")
    every, _ = parsed(exported(history)[0])
    some, _ = parsed(exported(history, "--where=openvino=2025.1")[0])
    assert newest.exists()
    for name in ("machine_last_run_timestamp_seconds", "machine_unreadable_runs"):
        assert labels_with(some, name) == labels_with(every, name)


def test_nothing_is_left_of_a_file_that_cannot_be_written(history, tmp_path):
    place = tmp_path / "autogauge.prom"
    place.mkdir()
    with pytest.raises(UserError, match="cannot write"):
        exported(history)
    assert [*place.iterdir()] == []
    assert not [*tmp_path.glob("*.tmp")]


def test_two_machines_of_one_label_set_are_one_series(tmp_path):
    """The same machine in two folders: node_exporter refuses a whole file for one series that is there twice."""
    for folder, runs in ((readable("lab 01"), 2), (slug("lab 01"), 4)):  # as folders were named once, and are now
        for number in range(runs):
            save(tmp_path / "history" / folder, {LATENCY: 0.01 + runs / 1000}, days=number, machine="lab 01")
    values, _ = parsed(exported(tmp_path / "history")[0])
    (found,) = labels_with(values, "benchmark_run_info", benchmark=LATENCY)
    assert found[0]["run"] == "4"
    assert found[0]["machine"] == "lab 01"


@for_all(lambda st: (st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text()), st.floats(allow_nan=False)))
def test_every_text_comes_back_from_the_parser(labels, value):
    text = "\n".join([*Family("x_seconds", "seconds", "It's \\ odd\n", [(labels, value)]).lines(), "# EOF", ""])
    text = utf8(text).decode()
    values, _ = parsed(text)
    expected = {key: utf8(each).decode() for key, each in labels.items() if each}
    assert values == {("autogauge_x_seconds", frozenset(expected.items())): value}


@for_all(lambda st: (st.lists(st.text(min_size=1), max_size=8, unique=True),))
def test_every_label_has_a_name_of_its_own_that_prometheus_takes(keys):
    names = metrics.label_names(keys)
    assert {*names} == {*keys} - {"openvino"}
    assert len({*names.values()}) == len(names)
    for name in names.values():
        assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name)
        assert not name.startswith("__")
        assert name not in (*metrics.OWN, *metrics.OF_A_RUN, "standing", "verdict")
