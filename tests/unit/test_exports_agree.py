"""A table, a database and Prometheus are told the same of one history: as many figures, and each with the same values."""

import contextlib
import json

import pytest

from autogauge.history.export import metrics
from autogauge.history.export.database_rows import rows_of
from autogauge.history.export.database_tables import BENCHMARK_COLUMNS, RUN_COLUMNS
from autogauge.history.export.table import table_of
from autogauge.history.select import Histories
from autogauge.history.standing_file import Standing
from autogauge.history.where import Where
from tests.histories import LATENCY, save

MEMORY = "steady memory in MiB: AUTO"
NAMELESS = "hand-over"
BOTH = ("device", "hint", "openvino", "standing", "gate", "median_s", "median_mib", "samples", "pinned")


@pytest.fixture
def whole(tmp_path):
    for number, stands in enumerate((Standing.ACCEPTED, Standing.QUARANTINED)):
        save(
            tmp_path / "history" / "lab-01",
            {LATENCY: 0.01 + number, MEMORY: 12.5, NAMELESS: 0.3},
            ratios={LATENCY: 1.5},
            labels={LATENCY: {"openvino": "2025.1.0", "policy": "x"}},
            benchmarks={NAMELESS: stands},
            verdict="FAIL",
            days=number,
        )
    with contextlib.ExitStack() as stack:
        yield Histories(stack, tmp_path / "history", tmp_path / "cache").all(Where())


def test_they_tell_the_same(whole):
    table = table_of(whole)
    names = (*table.columns,)
    in_table = {(row[1], row[names.index("benchmark")]): dict(zip(names, row, strict=True)) for row in table.rows}
    in_database = {
        (run.run[3], row[0]): dict(zip(BENCHMARK_COLUMNS, row, strict=True))
        for run in rows_of(whole, whole.runs)
        for row in run.benchmarks
    }
    assert len(in_table) == 6
    assert in_table.keys() == in_database.keys()
    for key, row in in_table.items():
        other = in_database[key]
        assert {name: row[name] for name in BOTH} == {name: other[name] for name in BOTH}
        assert (row["ratio_to_pinned"], row["ratio_error"]) == (other["ratio_to_pinned"], other["ratio_error"])
        assert json.loads(other["labels"]).get("policy", "") == row["policy"]
    said, count = metrics.text(whole)
    assert count == 3
    for number, benchmark, value in ((2, LATENCY, 1.01), (2, NAMELESS, 0.3)):
        (line,) = (
            each
            for each in said.decode().splitlines()
            if "_seconds{" in each and f'benchmark="{benchmark}"' in each and "timestamp" not in each
        )
        assert float(line.rpartition(" ")[2]) == value == in_table[number, benchmark]["median_s"]
        assert f'device="{in_table[number, benchmark]["device"]}"' in line


def test_a_benchmark_that_names_no_device_is_of_auto_in_each(whole):
    table = table_of(whole)
    names = (*table.columns,)
    devices = {row[names.index("benchmark")]: row[names.index("device")] for row in table.rows}
    assert devices == {LATENCY: "AUTO", MEMORY: "AUTO", NAMELESS: "AUTO"}


def test_what_a_renamed_run_was_measured_as_is_told(tmp_path):
    save(tmp_path / "history" / "lab-07", {LATENCY: 0.01}, machine="localhost")
    with contextlib.ExitStack() as stack:
        whole = Histories(stack, tmp_path / "history", tmp_path / "cache").all(Where())
        table = table_of(whole)
        (row,) = (dict(zip(table.columns, row, strict=True)) for row in table.rows)
        (run,) = (dict(zip(RUN_COLUMNS, rows.run, strict=True)) for rows in rows_of(whole, whole.runs))
    for each in (row, run):
        assert (each["machine"], each["measured_as"]) == ("lab-07", "localhost")
