"""Memory is recorded, gated, compared and drawn as latency is, in MiB: a growth is seen, and no text calls it a time."""

import csv
import json
import math
import statistics

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.gate import past
from autogauge.gate.figures import beside_pinned, figure_of, seconds_of, why_no_time
from autogauge.gate.gate import FAMILY_ERROR, Benchmark, Gate
from autogauge.gate.judged import from_json
from autogauge.gate.past import Figure, Past, Rule
from autogauge.history import baseline, records, run_file
from autogauge.history.records import SavedBenchmark
from autogauge.history.replay import VirtualClock
from autogauge.measuring.condition import PINNED, Condition
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.quantity import MEMORY, MIB, TIME, quantity_of
from autogauge.measuring.result import Replicate, Result, Sample
from autogauge.report import words
from autogauge.stats.verdicts import Outcome
from autogauge.targets import Target
from fixtures.recording import pytest_benchmark_scale_unit
from tests.cases import each_of
from tests.histories import LATENCY, benchmark, document, save
from tests.properties import for_all

STEADY = "steady memory in MiB: AUTO"
BYTES = Metric("steady_bytes", "steady", "bytes", per_process=True)
MILLISECONDS = Metric("latency_ms", "latency", "ms", seconds=1e-3)


def measured(values, metric=BYTES, **others):
    result = Result("study", (Condition("A", Target("CPU"), **others),), (), Plan((1,), 1.0), 1, metrics=(metric,))
    result.replicates += [
        Replicate(place, ("A",), {"A": Sample({metric.name: value})}) for place, value in enumerate(values)
    ]
    return result


def command(*arguments):
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def lab(folder, mib=(140.0,) * 6, seconds=0.01, model="googlenet-v1"):
    """A machine's runs with a memory and a latency each; the memory is what is given, run by run."""
    return [
        save(folder / "lab-01", {STEADY: each, LATENCY: seconds}, days=place, model=model)
        for place, each in enumerate(mib)
    ]


# From bytes to what is saved.


@for_all(lambda st: (st.lists(st.integers(1, 2**50), min_size=1, max_size=20),))
def test_bytes_are_saved_as_mib_and_come_back(values):
    result = measured(map(float, values))
    saved = seconds_of(result, "A", BYTES)
    assert [each * MIB for each in saved] == values
    assert [BYTES.written(value) for value in values] == saved, "tables and files agree"
    clock = VirtualClock()
    clock.load(saved)
    for each in saved:
        clock.now()
        clock.step()
        assert clock.now() == each
    figure = figure_of(result, "A", BYTES)
    assert figure.seconds * MIB == pytest.approx(statistics.median(values))
    assert (figure.ratio, figure.samples) == (None, len(values))


@for_all(
    lambda st: (st.sampled_from(("fil_s", "inference_us", "x_bytes", "bytes", "")), st.sampled_from(("bytes", "s", "")))
)
def test_a_metric_can_be_recorded_where_its_name_says_what_it_is(name, unit):
    memory = Metric(name, "it", unit)
    time = Metric(name, "it", unit, seconds=1.0)
    assert memory.can_be_recorded == memory.is_memory == (name.endswith("_bytes") and unit == "bytes")
    assert time.can_be_recorded == (time.is_memory or not name.endswith("_bytes"))
    if time.can_be_recorded:
        assert time.cost(8.0) == (8.0 / MIB if time.is_memory else 8.0)
        assert quantity_of(name) is (MEMORY if time.is_memory else TIME)
    with pytest.raises(ValueError, match="no time"):
        Metric("count", "count").cost(1.0)


def test_more_memory_is_never_better():
    assert not Metric("free_bytes", "free memory", "bytes", higher_is_better=True).can_be_recorded


def test_what_is_no_memory_is_told_as_such():
    assert why_no_time(measured([0.0]), "A", BYTES) == "A gave 0 bytes as its steady, of which no memory can be made"
    assert "no time can be made" in why_no_time(measured([0.0], MILLISECONDS), "A", MILLISECONDS)


def test_memory_has_no_ratio_to_the_pinned_workload():
    """The machine's mood is not in it, and the pinned model's memory is nobody's measure."""
    both = (Condition("A", Target("CPU"), beside="P"), Condition("P", Target("CPU"), role=PINNED))
    result = Result("study", both, (), Plan((1,), 1.0), 1, pinned="GoogLeNet", metrics=(BYTES, MILLISECONDS))
    for place in range(60):
        turn = {name: Sample({BYTES.name: 2e8 + place, MILLISECONDS.name: 9.0 + place % 3}) for name in ("A", "P")}
        result.replicates.append(Replicate(place, ("A", "P"), turn))
    assert beside_pinned(result, "A", MILLISECONDS) is not None
    assert beside_pinned(result, "A", BYTES) is None


def test_a_file_says_in_what_the_samples_are():
    extra = run_file.extra_info(measured([2e8]), "A", BYTES, STEADY, {}, None, 0.1)
    assert (extra["samples_in"], extra["unit"], extra["gate_share"]) == ("MiB", "bytes", 0.1)
    of_time = run_file.extra_info(measured([9.0], MILLISECONDS), "A", MILLISECONDS, LATENCY, {}, None)
    assert not {"samples_in", "gate_share"} & {*of_time}, "a time's file is as it was"


@each_of(
    ("units", "unit", "said"),
    [
        (["MiB", "MiB"], "seconds", ("MiB, not ", 1.0)),
        (["MiB"], "operations", ("", 1.0)),
        (["MiB", None], "seconds", None),
        ([None], "seconds", None),
    ],
)
def test_pytest_benchmarks_own_table_calls_memory_no_seconds(units, unit, said):
    rows = [{"extra_info": {"samples_in": each} if each else {}} for each in units]
    assert pytest_benchmark_scale_unit(unit, rows) == said


# The gate.


def judged(before, now, error=1e-4, quantity=MEMORY):
    known = Past(tuple(map(Figure, before)), runs="the runs")
    return past.judge(STEADY, Figure(now), known, Rule.of_one_run(error, 0.05, quantity))


@each_of(
    ("before", "now", "outcome"),
    [
        ((140.0, 140.1, 139.9, 140.0, 140.1), 150.5, Outcome.FAIL),
        ((140.0, 140.1, 139.9, 140.0, 140.1), 146.0, Outcome.PASS),
        ((20.0, 20.0, 20.1, 20.0, 20.0), 21.5, Outcome.PASS),
        ((20.0, 20.0, 20.1, 20.0, 20.0), 22.5, Outcome.FAIL),
        ((140.0,), 150.5, Outcome.INCONCLUSIVE),
        ((140.0,), 180.0, Outcome.FAIL),
        ((140.0, 160.0, 120.0, 150.0, 130.0), 150.5, Outcome.INCONCLUSIVE),
    ],
)
def test_a_growth_counts_from_five_percent_and_two_mib_on(before, now, outcome):
    assert judged(before, now).outcome is outcome


def test_less_memory_is_an_improvement():
    found = judged((140.0,) * 8, 120.0)
    assert (found.word, found.outcome) == ("IMPROVED", Outcome.PASS)


@for_all(lambda st: (st.floats(1, 1e5), st.floats(0.2, 5), st.integers(1, 8)))
def test_a_change_below_two_mib_is_never_called_one(level, factor, runs):
    found = judged((level,) * runs, level * factor, error=0.1)
    if abs(level * factor - level) < past.LEAST_MIB * 0.999:
        assert found.outcome is not Outcome.FAIL
    assert found.floor >= 1.05
    assert found.floor >= 1 + past.LEAST_MIB / level - 1e-9


@for_all(lambda st: (st.lists(st.floats(1e-4, 10), min_size=1, max_size=8), st.floats(1e-4, 10), st.floats(1e-5, 0.1)))
def test_a_time_is_judged_as_it_was(before, now, error):
    """Nothing of memory's floors is in the rule of a time."""
    rule = Rule.of_one_run(error, 0.05)
    assert rule.beside(before) is rule
    assert (rule.floor, rule.smallest, rule.spread, rule.gross) == (1.05, 1.10, past.ABSOLUTE_SPREAD, past.GROSS)
    found = past.judge(LATENCY, Figure(now), Past(tuple(map(Figure, before)), runs="runs"), rule)
    assert (found.floor, found.quantity) == (1.05, TIME)


def test_the_sentence_of_a_judgement_says_memory_and_mib():
    found = judged((140.0,) * 6, 160.0)
    assert found.sentence().startswith(f"{STEADY}: memory +14.3 %")
    assert "the runs, by its MiB" in found.sentence()
    assert "time" not in found.sentence()
    back = from_json({"judgements": [found.to_json()]}).judgements[0]
    assert (back.quantity, back.sentence()) == (MEMORY, found.sentence())
    of_time = judged((0.01,) * 6, 0.02, quantity=TIME)
    assert "quantity" not in of_time.to_json(), "a time's file is as it was"
    assert ": time " in from_json({"judgements": [of_time.to_json()]}).judgements[0].sentence()


def test_memory_creeps_where_seconds_would_not():
    """No mood of the machine moves memory by 12 %, as it moves seconds."""
    steps = tuple(Figure(100 * 1.005**place) for place in range(24))
    known = Past(steps[:-1])
    assert past.creep(steps[-1], known, Rule.of_one_run(1e-4, 0.05, MEMORY)).ratio > 1.1
    assert past.creep(steps[-1], known, Rule.of_one_run(1e-4, 0.05, TIME)) is None


# The error of a run is shared by all of its benchmarks.


def test_a_smaller_share_leaves_the_others_nearly_as_sharp_as_they_were():
    def gate(*shares):
        return Gate("warn", 0.05, sum(shares), pytest.fail)

    alone, beside = gate(*[1.0] * 6), gate(*[1.0] * 6, *[0.1] * 9)
    assert alone.error == FAMILY_ERROR / 6
    assert beside.error == pytest.approx(FAMILY_ERROR / 6.9)
    assert beside.rule_of(MEMORY, 0.1).error == pytest.approx(beside.error / 10)
    total = 6 * beside.rule_of(TIME).error + 9 * beside.rule_of(MEMORY, 0.1).error
    assert total == pytest.approx(FAMILY_ERROR), "together they are wrong as often as is said"


def test_the_gate_of_a_run_judges_memory_by_memorys_rule(tmp_path):
    """Through the gate itself: the planted growth is measured again, fails, and quarantines its benchmark alone."""
    lab(tmp_path)
    history = baseline.find(tmp_path / "lab-01", "f" * 16)
    gate = Gate("fail", 0.05, 1.1, lambda: history)
    grown = measured([160 * MIB] * 3)
    gate.remember(grown, lambda: measured([160.2 * MIB] * 3))
    found = gate.judge(Benchmark(STEADY, grown, "A", BYTES, 0.1))[0]
    assert (found.outcome, found.measured_again, found.quantity) == (Outcome.FAIL, True, MEMORY)
    assert gate.decide().why.startswith(f"larger: {STEADY}: memory +14.")


@each_of("share", [0, -1, 1.5, "much", math.nan, True])
def test_a_share_that_makes_no_sense_spoils_its_benchmark_alone(share, tmp_path):
    made = document({LATENCY: 0.01})
    made["benchmarks"].append(benchmark(STEADY, 140.0, gate_share=share))
    path = tmp_path / "0001_run.json"
    path.write_text(json.dumps(made))
    run = records.read(path)
    assert [*run.benchmarks] == [LATENCY]
    assert "share of the gate's error" in run.problems[0]


def test_a_share_that_is_saved_is_read():
    assert SavedBenchmark("k", "t", 1.0, 1).gate_share == 1.0


# The commands, from saved runs: what a growth of memory looks like.


@pytest.mark.parametrize(("last", "status", "word"), [(160.0, 1, "FAIL"), (140.2, 0, "PASS")])
def test_the_command_judges_a_planted_growth(tmp_path, last, status, word):
    *_, run = lab(tmp_path, (140.0, 140.1, 139.9, 140.0, 140.1, 140.0, last))
    done = command("gate", run)
    told = " ".join(done.stdout.split())
    assert done.exit_code == status
    assert f"{word} steady memory" in told  # the rest may be on the next line
    assert "by its MiB" in told
    assert "time or memory" in told or "memory or time" in told, "the column holds both"
    if word == "FAIL":
        assert f"FAIL {STEADY}: memory +14.3 %" in told


def test_two_machines_are_compared_in_mib_and_milliseconds(tmp_path):
    lab(tmp_path / "old")
    lab(tmp_path / "new", (160.0,) * 6)
    done = command("compare", tmp_path / "old", tmp_path / "new")
    told = " ".join(done.stdout.split())
    assert "140 MiB" in told
    assert "160 MiB" in told
    assert "10 ms" in told
    assert "FAIL steady memory" in told
    for columns in ("A ms", "A MiB"):
        assert columns not in told, "each figure has its own unit where there are two"
    both = json.loads(command("compare", tmp_path / "old", tmp_path / "new", "--json").stdout)["benchmarks"]
    assert {each["benchmark"]: each.get("mib") or each.get("seconds") for each in both} == {
        STEADY: [140.0, 160.0],
        LATENCY: [0.01, 0.01],
    }
    markdown = command("compare", tmp_path / "old", tmp_path / "new", "--markdown").stdout
    assert "| verdict | benchmark | A | B |" in markdown
    assert "160 MiB" in markdown


def test_the_export_has_memory_in_a_column_of_its_own(tmp_path):
    lab(tmp_path / "history", (140.0, 141.0))
    command("history", "export", tmp_path / "all.csv", f"--history={tmp_path / 'history'}")
    rows = list(csv.DictReader((tmp_path / "all.csv").open()))
    cells = {(row["benchmark"], row["median_s"], row["median_mib"]) for row in rows}
    assert cells == {(LATENCY, "0.01", ""), (STEADY, "", "140.0"), (STEADY, "", "141.0")}


def test_the_page_of_trends_draws_mib(tmp_path):
    lab(tmp_path / "history", (140.0,) * 9 + (160.0,) * 9)
    command("report", f"--history={tmp_path / 'history'}", f"--out={tmp_path / 'trends'}")
    page = (tmp_path / "trends" / "index.html").read_text()
    assert f"{STEADY} became larger on lab-01 (+14.3 % of memory, by MiB)" in page
    text = page.partition('id="trends-data">')[2].partition("</script>")[0]
    described = {each["benchmark"]: each for each in json.loads(text)}
    assert (described[STEADY]["unit"], described[STEADY]["factor"]) == ("MiB", 1.0)
    assert (described[LATENCY]["unit"], described[LATENCY]["factor"]) == ("ms", 1e3)
    assert described[STEADY]["releases"][0][3:6] == ["150", "140", "160"]
    assert described[STEADY]["last"].startswith("larger by 14.3 %")
    series = (tmp_path / "trends" / "data" / f"{described[STEADY]['id']}.js").read_text()
    assert json.loads(series.partition("=")[2].rstrip(";\n"))["shown"] == [140.0] * 9 + [160.0] * 9


def test_the_words_of_a_run_tell_larger_from_slower():
    assert words.sentence(["PASS"], ["FAIL", "FAIL"], 0, [TIME, MEMORY]).endswith(
        "1 benchmark slower, 1 benchmark larger"
    )
    assert words.sentence(["PASS"], ["PASS", "PASS"], 0, [TIME, MEMORY]).endswith("nothing became slower or larger")
    assert words.sentence(["PASS"], ["PASS"]).endswith("nothing became slower")
