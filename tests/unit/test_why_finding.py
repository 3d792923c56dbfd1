"""What a result of ``why`` says: the planted layer comes first, intervals hold together, and nothing that is not known is made up."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from autogauge import studies
from autogauge.cli import why_shown
from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history.recorded import Recorded
from autogauge.lab.why import compiled, drawing, in_json, sides
from autogauge.lab.why.finding import BLOCKS_FOR_LAYERS, Finding
from autogauge.lab.why.study import Why, WhyTurns
from autogauge.measuring import saving
from autogauge.measuring.condition import Condition
from autogauge.probe.request import Failure
from autogauge.report import markdown, summary, terminal
from autogauge.report.pages import why_page
from autogauge.targets import Target
from tests.cases import each_of
from tests.whys import USUAL, layer, measured

BASE = Target.with_hint("AUTO", "LATENCY")


@pytest.mark.parametrize("planted", ["conv-0", "conv-7"])
def test_the_layer_that_was_made_slower_comes_first_and_beyond_doubt(planted):
    finding = Finding(measured(USUAL, {**USUAL, planted: 130.0}))
    first, *others = finding.compared
    assert (first.label, first.line.word) == (planted, "slower")
    assert first.line.difference.ratio == pytest.approx(30, abs=5)
    assert {each.line.word for each in others} == {"open"}
    assert f"1 of 10 layers differs beyond doubt: {planted} +" in " ".join(drawing.words(finding))


def test_one_that_became_faster_comes_first_too():
    finding = Finding(measured(USUAL, {**USUAL, "conv-3": 40.0}))
    assert (finding.compared[0].label, finding.compared[0].line.word) == ("conv-3", "faster")


def test_what_counting_drops_is_no_difference():
    finding = Finding(measured(USUAL, {**USUAL, "conv-3": 102.0}, noise_us=0.01))
    assert finding.step_us == 2.5
    assert {each.line.word for each in finding.compared} == {"open"}


def test_all_intervals_hold_together(monkeypatch):
    """Of 100 results without a difference 5 may have a layer that seems to differ; with 11 layers at 95 % each 40 would."""
    monkeypatch.setattr(Finding, "step_us", 0.0)
    wrong = sum(
        any(each.line.word != "open" for each in Finding(measured(USUAL, USUAL, blocks=11, seed=seed)).compared)
        for seed in range(100)
    )
    assert wrong <= 11  # 5 are expected; more than 11 comes once in a hundred thousand


def test_a_gpu_counts_whole_microseconds_too():
    """Of each inference's own time less than a microsecond is dropped, and so of their mean."""
    result = measured(USUAL, {**USUAL, "conv-3": 100.9}, noise_us=0.01)
    for each in ("A counted", "B counted"):
        result.facts[each] |= {"averages": False, "step_us": 1.0}
    finding = Finding(result)
    assert finding.step_us == 1.0
    assert {each.line.word for each in finding.compared} == {"open"}


def test_what_is_dropped_of_each_layer_is_dropped_of_their_sum():
    """100 layers that lie 0.9 µs below a whole one: a sum of them is 90 µs too small, and none of it is a change."""
    many = {f"conv-{place}": 100.0 for place in range(100)}
    finding = Finding(measured(many, dict.fromkeys(many, 100.9), noise_us=0.01))
    lines = {each.title: each for each in finding.whole}
    for title in ("sum of layers", "outside of layers", "change that layers leave unexplained"):
        found = lines[title].difference
        assert found.high - found.low >= 2 * 100 * finding.step_us / 1e3, title
        assert lines[title].word == "open", title
    assert lines["counting itself"].difference.high - lines["counting itself"].difference.low < 0.05
    block = next(iter(drawing.blocks(finding.result)))
    assert "each is wider by 2.5 µs for each of its layers" in block.how


def test_many_equal_layers_are_counted_all_the_same():
    many = {f"conv-{place}": 10.0 for place in range(600)}
    finding = Finding(measured(many, {**many, "conv-7": 60.0}, noise_us=0.1))
    assert (finding.compared[0].label, finding.compared[0].line.word) == ("conv-7", "slower")
    same = Finding(measured(many, many, noise_us=0.1))
    assert len(same.compared) == 12
    assert "No layer was counted" not in " ".join(drawing.words(same))


def test_one_that_is_below_a_microsecond_here_is_compared_with_itself_there():
    result = measured({**USUAL, "gelu": 0.0}, {**USUAL, "gelu": 30.0}, noise_us=0.1)
    result.facts["A counted"]["layers"][10] = layer("gelu", executed=False)
    finding = Finding(result)
    assert finding.counts["only_in"] == {"A": 0, "B": 0}
    assert (finding.compared[0].label, finding.compared[0].line.word) == ("gelu", "slower")
    assert "Below 1 µs in every profile or not run" in next(iter(drawing.blocks(result))).how


def test_a_layer_that_one_process_of_a_side_executed_was_executed():
    facts = {}
    told = [layer("conv"), layer("relu", executed=False)]
    reply = {"layers": told, "layers_us": [5.0, 0.0], "latencies_ms": [1.0], "averages": True, "step_us": 1.0}
    WhyTurns._layers(reply, facts, "d")
    WhyTurns._layers({**reply, "layers": [layer("conv", executed=False), layer("relu")]}, facts, "d")
    WhyTurns._layers({**reply, "layers": [layer("relu", executed=False), layer("conv", executed=False)]}, facts, "d")
    assert [each["executed"] for each in facts["layers"]] == [True, True]
    facts["layers"][1]["executed"] = False
    times = WhyTurns._layers({**reply, "layers": [layer("relu"), layer("conv")], "layers_us": [0.5, 6.0]}, facts, "d")
    assert list(times) == [6.0, 0.5]
    assert [each["executed"] for each in facts["layers"]] == [True, True]


def test_of_two_models_it_is_said_that_a_name_may_be_anothers():
    result = measured(USUAL, USUAL)
    assert "two models" not in next(iter(drawing.blocks(result))).how
    result.facts["A counted"]["model"], result.facts["B counted"]["model"] = "d", "e"
    result.facts["A counted"]["layers"][0]["shapes"] = "[1,8]"
    result.facts["B counted"]["layers"][0]["shapes"] = "[1,9]"
    finding = Finding(result)
    assert finding.counts["only_in"] == {"A": 1, "B": 1}
    assert "A and B are two models, and a name may be another layer's there" in next(iter(drawing.blocks(result))).how


def test_where_other_numbers_of_requests_are_in_flight_frames_are_judged_and_both_counts_said():
    for b, metric in (("NUM_STREAMS=2", "fps"), ("CPU", "latency_ms"), ("CPU+PERFORMANCE_HINT_NUM_REQUESTS=4", "fps")):
        study = Why(*sides.both("here", b, BASE, Path("none")), BASE, 12)
        assert study.claims(None, study.conditions(None))[0].metric.name == metric, b
    result = measured(USUAL, USUAL)
    result.facts["A"]["infer_requests"], result.facts["B"]["infer_requests"] = 1, 2
    said = " ".join(drawing.words(Finding(result)))
    assert re.search(r"A has \S+ ms an inference with 1 request in flight and B \S+ with 2 requests in flight", said)
    how = next(each.how for each in drawing.blocks(result) if each.id == "why-in-use")
    assert "other numbers of requests in flight" in how
    assert "(A 1, B 2)" in how
    result.facts["B"]["infer_requests"] = 1
    assert "in flight" not in " ".join(drawing.words(Finding(result)))


def test_a_property_that_varies_is_listed_with_both_sets_and_one_that_is_not_given_is_not_the_same():
    result = measured(USUAL, USUAL)
    result.facts["A"]["properties"] |= {"MEMORY": 1, "ODD": "not given", "HIDDEN": "not given"}
    result.facts["B"]["properties"] |= {"MEMORY": 2, "ODD": 5, "HIDDEN": "not given"}
    result.facts["A"]["varying"] = {"MEMORY": ["1", "2", "3"]}
    finding = Finding(result)
    assert ("MEMORY", "1 or 2 or 3", "2") in finding.varying_properties
    assert ("ODD", "not given", "5") in finding.properties
    block = next(each for each in drawing.blocks(result) if each.id == "why-properties")
    assert ("MEMORY (varies from process to process)", "1 or 2 or 3", "2") in block.table.rows
    assert "Neither side gave, when it was asked: HIDDEN." in block.how
    said = " ".join(drawing.words(finding))
    assert "MEMORY (1 or 2 or 3; 2)" in said
    assert "1 is given by one side alone." in said
    told = in_json.to_json(finding)
    assert told["properties_that_vary"] == [{"name": "MEMORY", "A": "1 or 2 or 3", "B": "2"}]
    assert told["properties_not_given"] == ["HIDDEN"]


def test_the_fifth_value_of_a_property_is_kept_as_the_first_is():
    varying = {}
    for value in range(8):
        varying = compiled.noted(varying, {"MEMORY": 0}, {"MEMORY": value})
    assert varying["MEMORY"] == [*map(str, range(8))]
    assert compiled.differing({"MEMORY": 0}, {"MEMORY": 7}, varying, {}) == []


def test_layers_of_one_side_alone_are_shown_and_counted():
    finding = Finding(measured(USUAL, USUAL, own={"reorder": 50.0}))
    first = finding.compared[0]
    assert (first.label, first.group.only_in, first.line.word) == ("reorder", "B", "slower")
    assert first.line.a == 0
    assert [each.title for each in finding.only_in] == ["1 only in B"]
    assert finding.counts == {"matched": {"name": 10}, "only_in": {"A": 0, "B": 1}, "not_executed": {"A": 1, "B": 1}}
    block = next(iter(drawing.blocks_of(finding, 3)))
    assert block.table.rows[0][0] == "reorder (only in B)"
    assert "0 only in A and 1 only in B" in block.how


def test_small_layers_are_one_line_and_nothing_of_the_sum_is_lost():
    small = {f"tiny-{place}": 0.5 for place in range(30)}
    finding = Finding(measured({**USUAL, **small}, {**USUAL, **small}, noise_us=0.1))
    assert len(finding.compared) == 12  # the ten that take the time, and of the others the largest few
    assert finding.rest.title == "28 others together"
    shown = sum(each.line.difference.ratio for each in finding.compared[:4])
    rest = finding.summed(finding.compared[4:])
    assert rest.title == "36 others together"
    whole = next(each for each in finding.whole if each.title == "sum of layers")
    assert shown + rest.difference.ratio == pytest.approx(1e3 * whole.difference.ratio, abs=2)


def test_the_sum_stands_beside_the_whole():
    result = measured(USUAL, {**USUAL, "conv-1": 150.0})
    lines = {each.title: each for each in Finding(result).whole}
    assert lines["inference, not counted"].a == pytest.approx(1.05, abs=0.02)
    assert lines["counting itself"].a == pytest.approx(0.02, abs=0.02)
    assert lines["outside of layers"].b == pytest.approx(0.07, abs=0.02)
    assert lines["sum of layers"].difference.ratio == pytest.approx(0.05, abs=0.01)
    assert lines["change that layers leave unexplained"].difference.holds(0)


def test_too_few_blocks_are_no_interval_and_it_is_said_how_many_it_takes():
    finding = Finding(measured(USUAL, {**USUAL, "conv-1": 200.0}, blocks=6))
    assert math.isinf(finding.compared[0].line.difference.high)
    assert finding.compared[0].line.word == "open"
    assert finding.compared[0].label == "conv-1"
    block = next(iter(drawing.blocks_of(finding, 5)))
    assert "it takes 9 (--blocks), and there are 6" in block.how
    first = json.loads(json.dumps(block.chart, allow_nan=False))["rows"][0]
    assert (first["label"], first["low"], first["high"]) == ("conv-1", None, None), "no whisker of width 0"


def test_the_number_of_blocks_that_is_named_gives_every_layer_its_interval():
    """However many layers there are; with fewer blocks what has no line, though it takes enough of the time, is counted."""
    many = {f"conv-{place}": 1000.0 + 10 * place for place in range(92)}
    few = Finding(measured(many, many, blocks=6, noise_us=0.1))
    assert (few.fewest, few.without_a_line, few.fewest_for_all) == (BLOCKS_FOR_LAYERS, 72, 12)
    said = " ".join(drawing.words(few))
    assert f"it takes {BLOCKS_FOR_LAYERS}" in said
    how = next(iter(drawing.blocks(few.result))).how
    assert (
        "only the 20 largest have a line of their own: 72 others of at least 0.2 % of the time would have one with 12."
        in how
    )
    told = in_json.to_json(few)
    assert len(told["layers"]) + len(told["rest_layers"]) == 92, "everything that was found"
    assert told["rest_layers"][0]["layer"] == "conv-71"
    for count in (1, 12, 30, 92):
        found = Finding(
            measured(dict([*many.items()][:count]), dict([*many.items()][:count]), blocks=BLOCKS_FOR_LAYERS)
        )
        assert all(math.isfinite(each.line.difference.low) for each in found.compared), count
    enough = Finding(measured(many, many))
    assert (len(enough.compared), enough.without_a_line, enough.others) == (92, 0, [])
    assert "of their own" not in next(iter(drawing.blocks(enough.result))).how


def test_a_mistake_is_refused_before_anything_is_measured():
    done = CliRunner().invoke(app, ["why", "here", "CPU", "--blocks=1"])
    assert str(done.exception) == (
        "1 block is too few for an interval at 95 %: measure at least 6, and 10 for intervals of layers (--blocks)."
    )
    done = CliRunner().invoke(app, ["why", "here", "CPU", "--model=small-cnn", "--reports=/proc/nowhere"])
    assert str(done.exception).startswith("cannot save what is measured in /proc/nowhere/why/"), (
        "all of it would be lost"
    )
    done = CliRunner().invoke(app, ["why", "", "here"])
    assert str(done.exception).startswith("A is empty: give ")


@each_of("blocks", [1, 2, 5])
def test_of_one_block_nothing_is_beyond_doubt(tmp_path, blocks):
    result = measured(USUAL, {**USUAL, "conv-1": 200.0}, blocks=blocks)
    finding = Finding(result)
    every = [*(each.line for each in finding.compared), *finding.whole, *finding.in_use, *finding.phases]
    assert {each.word for each in every} == {"open"}
    told = json.loads(json.dumps(in_json.to_json(finding), allow_nan=False))
    assert {each["ci"] for each in (*told["layers"], *told["whole"], *told["phases"])} == {None}
    said = " ".join(drawing.words(finding))
    assert f"No layer of 10 differs beyond doubt over {blocks} block" in said
    assert "Too few blocks for an interval: it takes 9" in said
    assert "which of them is faster is open" in said
    assert "none yet" not in said
    assert " of A's, no interval yet)." in said
    why_page.save(Recorded(results=(result,)), 3, tmp_path / "why.html")
    assert "none yet" in (tmp_path / "why.html").read_text()
    assert {each.outcome.name for each in result.verdicts()} == {"INCONCLUSIVE"}


def test_the_words_say_what_counting_costs_and_what_stays_unexplained():
    said = " ".join(drawing.words(Finding(measured(USUAL, {**USUAL, "conv-1": 150.0}))))
    cost = re.search(r"Counting itself costs A \+(\S+) µs \(\+(\S+) %\) and B \+(\S+) µs", said)
    assert float(cost[1]) == pytest.approx(20, abs=8)
    assert float(cost[2]) == pytest.approx(2, abs=0.8)
    assert re.search(r"Layers leave \S+ µs of the change unexplained, 95 % interval -\S+ to \+\S+\.", said)


def test_a_layer_that_is_another_type_there_is_said_to_be_maybe_other_work():
    result = measured(USUAL, {**USUAL, "conv-5": 140.0})
    result.facts["B counted"]["layers"][5] = layer("conv-5", type_="MatMul")
    finding = Finding(result)
    assert (finding.compared[0].label, finding.compared[0].type) == ("conv-5", "Convolution → MatMul")
    assert "conv-5 (Convolution → MatMul)" in next(iter(drawing.blocks(result))).how
    assert "Convolution → MatMul" in " ".join(drawing.words(finding))
    result.facts["B counted"]["layers"][5] = layer("conv-5", type_="MatMul", originals=["elsewhere"])
    assert Finding(result).counts["matched"] == {"name": 9, "name, another type": 1}


def test_a_kernel_that_changes_from_process_to_process_is_said():
    result = measured(USUAL, USUAL)
    result.facts["B counted"]["other_kernels"] = ["conv-4"]
    assert (
        "B had another kernel in another process, and the first one's is shown: conv-4"
        in next(iter(drawing.blocks(result))).how
    )


def test_the_sum_that_layers_are_held_against_has_its_interval():
    said = " ".join(drawing.words(Finding(measured(USUAL, {**USUAL, "conv-5": 140.0}))))
    assert re.search(r"the sum of all layers differs by \+\S+ µs \(95 % interval \+\S+ to \+\S+\)\.", said)
    none = " ".join(drawing.words(Finding(measured(USUAL, USUAL))))
    assert "More blocks (--blocks) narrow the intervals." in none


def test_properties_of_one_side_alone_are_counted_and_those_of_both_named():
    result = measured(USUAL, USUAL)
    result.facts["B"]["properties"] |= {"NEW": 1, "NUM_STREAMS": 2}
    said = " ".join(drawing.words(Finding(result)))
    assert "Properties that differ: NUM_STREAMS (1 → 2), SIDE (A → B). 1 is there on one side alone." in said
    del result.facts["A"]["properties"]["SIDE"]
    result.facts["B"]["properties"]["NUM_STREAMS"] = 1
    said = " ".join(drawing.words(Finding(result)))
    assert "No property that both have differs. 2 are there on one side alone." in said


def test_why_there_are_no_layers_is_said_of_the_side_that_has_none():
    result = measured(USUAL, USUAL)
    for replicate in result.replicates:
        del replicate.samples["B counted"]
        replicate.failures["B counted"] = Failure("error", "layers", "GPU counts no layer although it is asked to")
    said = " ".join(drawing.words(Finding(result)))
    assert "No layer was counted on both sides: of B, GPU counts no layer" in said
    assert "of A, " not in said


def test_blocks_without_one_of_the_sides_count_for_no_layer():
    result = measured(USUAL, USUAL)
    del result.replicates[0].samples["A counted"]
    result.replicates[0].failures["A counted"] = Failure("deadline", "compile", "no answer within 3 s")
    finding = Finding(result)
    assert finding.blocks == 11
    said = " ".join(drawing.words(finding))
    assert (
        "1 of 48 processes gave nothing, and what is compared rests on the others: A counted: no answer within 3 s"
        in said
    )
    assert "gave nothing" not in " ".join(drawing.words(Finding(measured(USUAL, USUAL))))
    assert in_json.to_json(finding)["failures"] == [
        {"block": 0, "condition": "A counted", "why": "no answer within 3 s during compile"}
    ]


def test_a_result_without_layers_is_drawn_with_what_there_is():
    result = measured(USUAL, USUAL)
    for replicate in result.replicates:
        for name in ("A counted", "B counted"):
            replicate.samples.pop(name)
    finding = Finding(result)
    assert (finding.compared, finding.rest, finding.blocks) == ([], None, 0)
    assert [each.id for each in drawing.blocks(result)] == ["why-whole", "why-in-use", "why-phases", "why-properties"]
    assert in_json.to_json(finding)["layers"] == []
    assert "differ" in " ".join(drawing.words(finding))


def test_a_side_that_never_worked_has_no_properties_that_differ():
    result = measured(USUAL, USUAL)
    del result.facts["B"]
    for replicate in result.replicates:
        replicate.samples = {name: each for name, each in replicate.samples.items() if name.startswith("A")}
    finding = Finding(result)
    assert finding.properties == []
    said = " ".join(drawing.words(finding))
    assert "never measured" in said
    assert "Properties are not known of both sides" in said


def test_what_is_saved_says_the_same_when_it_is_read_again():
    result = measured(USUAL, {**USUAL, "conv-5": 140.0})
    again = saving.from_json(json.loads(json.dumps(saving.to_json(result))), saving.arrays(result))
    assert in_json.to_json(Finding(again)) == in_json.to_json(Finding(result))
    without = Finding(saving.from_json(json.loads(json.dumps(saving.to_json(result)))))
    assert without.compared == []


@each_of("fields", [{"layers": [{"name": "x"}]}, {"layers": 5}, {"step_us": "x", "averages": True}])
def test_a_file_that_holds_something_else_is_a_mistake_and_no_traceback(fields):
    result = measured(USUAL, USUAL)
    result.facts["A counted"] |= fields
    with pytest.raises(UserError, match=r"run\.json cannot be drawn"):
        why_shown.check(Recorded(results=(result,)), Path("run.json"))


def test_no_release_that_was_not_measured_stands_above_what_was(capsys):
    run = Recorded(results=(measured(USUAL, USUAL),), openvino="2019.1.0-7", machine="bench")
    why_shown.show(run, Path("run.json"), 3, as_json=False, as_markdown=False)
    said = capsys.readouterr().out
    assert said.startswith("on bench: ")
    assert "2019.1.0" not in said
    assert "draws it again" not in said, "it was just drawn again"


def test_report_finds_its_drawing_by_the_name_of_the_study():
    result = measured(USUAL, {**USUAL, "conv-5": 140.0})
    assert next(each.id for each in studies.blocks(result)) == "why-layers"


def test_terminal_and_markdown_show_the_difference_before_the_kernel():
    result = measured(USUAL, {**USUAL, "conv-5": 140.0})
    blocks = list(drawing.blocks(result))
    shown = terminal.render([part for each in blocks for part in terminal.printed_block(each)], width=80, colour=False)
    assert "conv-5" in shown
    assert f"{drawing.B_LESS_A}" in shown
    assert "precision" in shown
    text = markdown.of_blocks("Where the time went", drawing.words(Finding(result)), blocks, ["a note"])
    assert "| conv-5 | +4" in text or "| conv-5 | +3" in text
    assert text.endswith("- a note\n")
    assert "optimized out: 1 of A and 1 of B." in text  # how to read it is there to its end


def test_the_page_says_first_what_was_found(tmp_path):
    result = measured(USUAL, {**USUAL, "conv-5": 140.0})
    run = Recorded(results=(result,), notes=("a note",), machine="bench")
    why_page.save(run, 3, tmp_path / "why.html")
    text = (tmp_path / "why.html").read_text()
    assert "<h1>Where the time went: here and CPU</h1>" in text
    assert "processors, memory" not in text, "nothing is known of them"
    assert not re.search(r">[^<]*\bNone\b[^<]*</dd>", text)
    assert text.index("1 of 10 layers differs beyond doubt: conv-5") < text.index('id="why-layers"')
    charts = json.loads(re.search(r'id="charts">(.*?)</script>', text, re.DOTALL).group(1))
    rows = charts["why-layers"]["rows"]
    assert rows[0]["label"] == "conv-5"
    assert len(rows) == 3  # the others would dwarf them
    assert "7 others together" in text
    assert "a note" in text
    assert "### Where the time went, layer by layer" in markdown.of_run(run)
    summary.save(run, tmp_path / "page", None)
    again = (tmp_path / "page" / "index.html").read_text()
    assert "<h1>Where the time went: here and CPU</h1>" in again  # report RUN --out draws the page of its own
    assert "1 of 10 layers differs beyond doubt: conv-5" in again


def test_one_that_is_counted_is_never_held_against_several_that_are_not():
    result = measured(USUAL, USUAL)
    result.facts["A"]["infer_requests"] = 4
    finding = Finding(result)
    lines = {each.title: each for each in finding.whole}
    assert lines["inference, not counted"].a is None
    assert lines["counting itself"].a is lines["counting itself"].difference is None
    said = " ".join(drawing.words(finding))
    assert "What counting costs is not known of A: as it is in use 4 requests are in flight" in said
    assert "Counting itself costs" not in said


def test_several_requests_of_a_side_are_measured_beside_one():
    both = sides.both("here", "CPU", BASE, Path("none"))
    saved = [SimpleNamespace(infer_requests=each, condition=Condition("x", BASE)) for each in (4, 1)]
    study = Why(*(replace(each, of_run=of) for each, of in zip(both, saved, strict=True)), BASE, 12)
    found = {each.name: each.infer_requests for each in study.conditions(None)}
    assert found == {"A": 4, "A one request": 0, "A counted": 0, "B": 1, "B counted": 0}


def test_the_share_of_the_change_has_its_sign_and_is_of_a():
    said = drawing.words(Finding(measured(USUAL, {**USUAL, "conv-1": 150.0})))[1]
    share = re.search(r"B − A is \+0\.0(\d+) ms, \+(\d)\.?\d* % of A's, 95 % interval \+\S+ to \+\S+ ms\)", said)
    assert int(share[2]) in (4, 5)


def test_throughput_is_measured_as_in_use_and_layers_at_one_request():
    result = measured(USUAL, USUAL, hint="THROUGHPUT")
    assert [each.name for each in result.conditions] == [
        *("A", "A one request", "A counted", "B", "B one request", "B counted")
    ]
    assert {each.name: each.target.hint for each in result.conditions}["A"] == "THROUGHPUT"
    assert {each.target.hint for each in result.conditions if each.name.endswith(("counted", "request"))} == {"LATENCY"}
    assert "one request at the hint LATENCY" in next(iter(drawing.blocks(result))).how
    assert result.claims[0].metric.name == "fps"


def test_more_frames_are_faster():
    result = measured(USUAL, USUAL, hint="THROUGHPUT")
    for place, replicate in enumerate(result.replicates):
        sample = replicate.samples["B"]
        replicate.samples["B"] = replace(sample, figures={**sample.figures, "fps": 120.0 + place})
    line = next(each for each in Finding(result).in_use if each.title == "FPS")
    assert (line.word, line.difference.low > 0) == ("faster", True)
    assert "A has 100 frames per second and B 125.5: B is faster" in " ".join(drawing.words(Finding(result)))


def test_streams_are_left_out_where_layers_are_counted():
    target, said = sides.counted_target(Target("CPU", {"NUM_STREAMS": "2", "INFERENCE_PRECISION_HINT": "f32"}))
    assert dict(target.properties) == {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    assert "not of NUM_STREAMS=2" in said
    assert sides.counted_target(Target.with_hint("CPU", "LATENCY")) == (Target.with_hint("CPU", "LATENCY"), "")


def test_a_property_that_varies_within_a_side_differs_only_from_what_it_never_was():
    a, b = ({"MEMORY": value, "STREAMS": 1} for value in (1, 3))
    varying = compiled.noted({}, {"MEMORY": 3, "STREAMS": 1}, a)
    assert varying == {"MEMORY": ["3", "1"]}
    assert compiled.noted(varying, a, a) == varying
    assert compiled.differing(a, b, varying, {}) == []
    assert compiled.differing(a, b, compiled.noted({}, {"MEMORY": 2}, a), {}) == [("MEMORY", "1 or 2", "3")]
    assert compiled.differing(a, b) == compiled.differing(a, b, {}, {}) == [("MEMORY", "1", "3")]


def test_properties_that_differ_are_told_apart_from_spellings():
    a = {"PERF_COUNT": False, "X": 1, "DEVICES": ["CPU"], "DEVICE_PROPERTIES": {"CPU": {"NUM_STREAMS": 1, "OLD": ""}}}
    b = {"PERF_COUNT": "NO", "X": "1", "DEVICES": ["CPU", "GPU"], "DEVICE_PROPERTIES": {"CPU": {"NUM_STREAMS": 2}}}
    assert compiled.differing(a, b) == [
        ("CPU: NUM_STREAMS", "1", "2"),
        ("DEVICES", "CPU", "CPU, GPU"),
        ("CPU: OLD", "none", "not there"),
    ]
    nested = {"DEVICE_PROPERTIES": {"CPU": {"NUM_STREAMS": 1, "SUPPORTED_PROPERTIES": {"NUM_STREAMS": "RW"}}}}
    assert compiled.differing(nested, {"Z": 1, **{"DEVICE_PROPERTIES": {"CPU": {"NUM_STREAMS": 2}}}}) == [
        ("CPU: NUM_STREAMS", "1", "2"),
        ("Z", "not there", "1"),
    ]
