"""Tables follow the terminal's width: nothing is wider, figures are never broken, and the most needed column is the last to go."""

import io
import re

import pytest
from rich.cells import cell_len

from autogauge.measuring.condition import Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.report import gate, history, tables, terminal
from autogauge.report.console import console
from autogauge.report.tables import Column, Fitted
from autogauge.targets import Target
from tests.cases import each_of
from tests.properties import for_all
from tests.unit.test_report import run, shown  # noqa: F401 (a fixture)
from tests.unit.test_where import run as indexed

STEADY = Metric("steady_bytes", "process", "MiB", per_process=True, means="steady memory")
WIDTHS = (20, 30, 40, 50, 60, 79, 80, 120)


def drawn(width, *parts):
    stream = io.StringIO()
    screen = console(file=stream, width=width)
    for part in parts:
        screen.print(part)
    return stream.getvalue()


def widest(text):
    return max(map(cell_len, text.splitlines()))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_of_runs_keeps_the_standing_on_any_width(width):
    rows = [
        indexed(number=number, standing=standing, benchmarks=10, accepted=accepted, machine="a-machine-of-a-long-name")
        for number, (standing, accepted) in enumerate([("accepted", 10), ("quarantined", 0), ("quarantined", 8)], 1)
    ]
    text = drawn(width, history.runs_table(rows))
    assert widest(text) <= width
    lines = [line.rstrip() for line in text.splitlines()]
    lines = lines[next(place for place, line in enumerate(lines) if line.endswith("accepted")) - 1 :]
    assert lines[1].endswith("accepted")
    assert lines[2].endswith("quarantined")
    assert lines[3].endswith("quarantined 2/10"), "of ten benchmarks two"
    if width >= 30:
        assert [line.split()[0] for line in lines[1:4]] == ["0001", "0002", "0003"]
    if width >= 79:
        assert "2026-11-24 15:00" in lines[1]
        assert "no room for" not in text
    else:
        assert "no room for" in " ".join(text.split())


def test_titles_are_folded_before_a_column_is_left_out():
    table = Fitted(
        (Column("", 90), Column("what", 80, 12), Column("time or memory", 50, right=True), Column("runs", 40))
    )
    table.add_row("INCONCLUSIVE", "latency", "+0.0 %", "1, 1")
    assert "time or memory" in drawn(60, table)
    narrow = drawn(44, table)
    assert "no room for" not in narrow
    assert widest(narrow) <= 44
    assert "time or memory" not in narrow
    assert re.search(r"\btime or\b.*\n.*\bmemory\b", narrow)
    assert "(no room for: runs)" in drawn(36, table)
    assert "time or memory" in drawn(60, table), "as wide as ever where there is room again"


@pytest.mark.parametrize("width", [80, 120])
def test_models_of_one_name_are_told_apart_in_the_list(width):
    rows = [
        indexed(model="a-model-of-a-long-name", digest=digest * 64, folder=folder)
        for digest, folder in (("1", "ocr"), ("2", "faces"))
    ]
    text = drawn(width, history.runs_table(rows))
    assert "in ocr" in text
    assert "in faces" in text
    same_folder = [indexed(model="m", digest=digest * 64, folder="m") for digest in "12"]
    text = drawn(width, history.runs_table(same_folder))
    assert "11111111" in text
    assert "22222222" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_every_table_of_a_run_is_as_wide_as_the_terminal_at_most(run, width):  # noqa: F811
    from autogauge.doctor.finding import Finding, State
    from autogauge.targets import Device

    devices = terminal.devices_table(
        [Device("GPU.0", "an accelerator of a long name", "DISCRETE", "1.2.3.4567", ("FP16", "INT8", "BIN"))]
    )
    doctor = terminal.doctor_table(
        [Finding("the emulated GPU", "its package", State.OK, "it is there " * 9, "a step " * 9)]
    )
    for part in (devices, doctor, *terminal.results(shown(run))):
        assert widest(drawn(width, part)) <= width
    if width >= 40:
        text = drawn(width, terminal.table_of(*terminal.tables(run.results)))
        assert "100.0" in text, "a figure is in one piece"
        assert "150.0" in text


def test_figures_are_never_broken_and_the_least_needed_columns_go_first():
    table = Fitted((Column("name", 3, 6), Column("most", 2, right=True), Column("least", 1, right=True)))
    table.add_row("a name of some length", "123456.789", "987654.321")
    assert "987654.321" in drawn(40, table)
    text = drawn(24, table)
    assert "123456.789" in text
    assert "987654" not in text
    assert "(no room for: least)" in text
    assert "123456" not in drawn(12, table)


@for_all(
    lambda st: (
        st.lists(st.tuples(st.text(max_size=40), st.text(max_size=200), st.floats()), max_size=4),
        st.integers(12, 130),
    )
)
def test_whatever_is_in_a_table_it_is_as_wide_as_the_terminal_at_most(rows, width):
    table = Fitted((Column("name", 2, 8), Column("sentence", 3, 10, longest=2000), Column("figure", 1, right=True)))
    for name, sentence, figure in rows:
        table.add_row(name, sentence, f"{figure:.4g}")
    assert widest(drawn(width, table)) <= width


def test_judgements_say_their_words_on_a_narrow_terminal():
    from autogauge.gate.judgement import Judgement, Way
    from autogauge.stats.intervals import Interval
    from autogauge.stats.verdicts import Outcome

    found = Judgement(
        "seconds per frame: AUTO-THROUGHPUT",
        Way.HISTORY,
        "20 runs",
        Outcome.INCONCLUSIVE,
        Interval(1.1, 0.9, 1.3, 0.99, 20),
        1.05,
    )
    text = drawn(44, *gate.judgements([found]))
    assert widest(text) <= 44
    assert "INCONCLUSIVE" in text
    assert "+10.0 %" in text


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_figure_of_a_table_by_metric_is_broken(width):
    conditions = tuple(Condition(name, Target(name), name) for name in ("AUTO", "CPU", "AUTO, the helper alone"))
    result = Result("memory", conditions, (), Plan(looks=(2,), budget_s=1.0), 0, metrics=(STEADY,))
    for place, bytes_ in enumerate((64_700_000, 68_300_000)):
        samples = {each.name: Sample({STEADY.name: float(bytes_)}, outcome="measured") for each in conditions}
        result.replicates.append(Replicate(place, tuple(samples), samples))
    text = drawn(width, terminal.metrics_table(result))
    assert widest(text) <= width
    (figure,) = {each for each in re.findall(r"\(\S*", text) if "–" in each}
    assert figure.endswith(")"), text


@each_of(
    ("title", "lines", "shown"),
    [
        ("kept by the rule", 1, "kept by the rule"),
        ("kept by the rule", 2, "kept by\nthe rule"),
        ("time or memory", 2, "time or\nmemory"),
        ("kept by the rule", 20, "kept\nby\nthe\nrule"),
        ("device", 2, "device"),
        ("", 2, ""),
    ],
)
def test_a_title_is_folded_no_more_than_there_is_need(title, lines, shown):
    assert tables.folded(title, lines) == shown
