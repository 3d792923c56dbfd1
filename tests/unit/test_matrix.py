"""A matrix says which releases differ from a base, is as wrong as it says, and its file is no baseline and is drawn again."""

import dataclasses
import itertools
import json
import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from autogauge.cache import Cache
from autogauge.cli import releases_shown
from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.files import write_json
from autogauge.history import baseline, records
from autogauge.lab.matrix import outcome, plan
from autogauge.lab.matrix.levels import Seen, steps
from autogauge.lab.releases import beside, figures, kept, named
from autogauge.lab.releases.figures import ALIKE, FASTER, OPEN, SLOWER
from autogauge.lab.releases.named import AGAIN, Named
from autogauge.probe.identity import WrongRuntime
from autogauge.probe.request import Failure, ProbeFailed
from autogauge.report import matrix as matrix_shown
from autogauge.report.pages import matrix_page
from autogauge.runtimes import disk
from tests.properties import for_all
from tests.releases import Lab, Machine, matrix_of, rig
from tests.releases import named as releases

FIRST_LOOK = beside.first_look(beside.RELAY_ROUNDS)
VERSIONS = ("2023.3.0", "2024.6.0", "2025.4.1", "2026.4.1")
COSTS = {"2023.3.0": 1.12, "2024.6.0": 0.9, "2025.4.1": 1.0}


def words_of(matrix, name="latency"):
    return {each.release: each.word for each in matrix.changes if each.figure.name == name}


def test_slower_faster_alike(monkeypatch):
    matrix = outcome.of_run(matrix_of(Machine(COSTS), monkeypatch, VERSIONS, "2026.4.1"))
    for name in ("latency", "fps"):
        assert words_of(matrix, name) == {"2023.3.0": SLOWER, "2024.6.0": FASTER, "2025.4.1": ALIKE}
    assert all(each.word == ALIKE and each.holds_1 for each in matrix.controls)
    assert len(matrix.controls) == 2
    assert matrix.is_good
    assert not matrix.warnings()
    first = "mean latency, LATENCY: faster with 2024.6.0 (after 2023.3.0); "
    assert matrix.in_words().startswith(first), "since when, before anything else"
    slower = next(each for each in matrix.changes if each.release == "2023.3.0" and each.figure.name == "fps")
    assert 1.08 < slower.cost.low < 1.12 < slower.cost.high < 1.16, "of cost, also where more is better"
    assert slower.medians[1] == pytest.approx(30 / 1.12, rel=0.03)
    assert slower.medians[0] == pytest.approx(30, rel=0.03)


def test_noise_leaves_open_what_it_hides(monkeypatch):
    wanted = plan.Wanted(figures.parse("hints", "latency"), pair_budget_s=4)
    matrix = outcome.of_run(matrix_of(Machine(COSTS, noise=0.6), monkeypatch, VERSIONS, "2026.4.1", wanted))
    assert set(words_of(matrix).values()) == {OPEN}
    assert "3 of 3 INCONCLUSIVE" in matrix.in_words()


def test_quiet_pairs_decide_where_noise_hides_the_others(monkeypatch):
    matrix = outcome.of_run(matrix_of(Machine(COSTS, disturbed=0.5), monkeypatch, VERSIONS, "2026.4.1"))
    by_quiet = [each for each in matrix.changes if each.differs and each.cost.replicates < each.replicates]
    assert by_quiet, "of four rounds each side's best"
    assert all(each.replicates >= 60 and not each.failures for each in by_quiet)
    shown = matrix_shown.rows_of(by_quiet)[0][7]
    assert shown == f"{by_quiet[0].replicates} rounds ({by_quiet[0].cost.replicates} quiet)", "the medians are of all"
    assert not any(
        "quiet" in row[7] for row in matrix_shown.rows_of([each for each in matrix.changes if each not in by_quiet])
    )
    assert words_of(matrix)["2023.3.0"] == SLOWER


def test_medians_are_of_the_rounds_that_have_both(monkeypatch):
    """A release that is decided early is measured no more; what the base gives later is not beside it."""
    machine = Machine({"2025.4.1": 1.6, "2024.6.0": 0.99}, noise=0.1)
    measure = machine.measure

    def slower_later(condition):
        sample = measure(condition)
        times = 5.0 if len(machine.result.replicates) > FIRST_LOOK else 1.0
        return dataclasses.replace(sample, figures={name: value * times for name, value in sample.figures.items()})

    machine.measure = slower_later
    wanted = plan.Wanted(figures.parse("hints", "latency"), pair_budget_s=60)
    matrix = outcome.of_run(matrix_of(machine, monkeypatch, VERSIONS[1:], "2026.4.1", wanted))
    early = next(each for each in matrix.changes if each.release == "2025.4.1")
    assert early.rests_on == f"{FIRST_LOOK} rounds"
    assert early.medians == (pytest.approx(30, rel=0.05), pytest.approx(48, rel=0.05))


def test_first_inferences_are_of_fresh_processes(monkeypatch):
    wanted = plan.Wanted(figures.parse("fil", None))
    document = matrix_of(Machine(COSTS), monkeypatch, VERSIONS, "2026.4.1", wanted)
    assert words_of(outcome.of_run(document), "fil") == {"2023.3.0": SLOWER, "2024.6.0": FASTER, "2025.4.1": ALIKE}
    assert document["autogauge"]["results"][0]["relay_rounds"] == 0


@pytest.mark.parametrize("again", [1.08, 1 / 1.08])
def test_where_the_base_differs_from_itself_no_verdict_of_that_figure_is_trusted(monkeypatch, again):
    machine = Machine({**COSTS, "2026.4.1" + AGAIN: again})
    matrix = outcome.of_run(matrix_of(machine, monkeypatch, VERSIONS, "2026.4.1"))
    assert set(words_of(matrix).values()) == {OPEN}
    assert not any(matrix.steps(figure) for figure in matrix.figures)
    (first, second) = matrix.warnings()
    assert first.startswith("NOT TO BE TRUSTED: mean latency, LATENCY: 2026.4.1 was measured twice")
    assert "FPS, THROUGHPUT" in second
    assert not matrix.is_good


def test_the_control_is_measured_to_the_end_and_looked_at_once(monkeypatch):
    machine = Machine({"2025.4.1": 1.6, "2024.6.0": 0.99}, noise=0.15)
    wanted = plan.Wanted(figures.parse("hints", "latency"), pair_budget_s=60)
    document = matrix_of(machine, monkeypatch, VERSIONS[1:], "2026.4.1", wanted)
    (result,) = document["autogauge"]["results"]
    turns = {name: machine.turns.count(name) for name in machine.turns}
    assert turns["LATENCY 2025.4.1"] == FIRST_LOOK, "decided at once"
    assert turns["LATENCY 2024.6.0"] > FIRST_LOOK
    assert turns["LATENCY 2026.4.1"] == turns["LATENCY 2026.4.1@again"] == turns["LATENCY 2024.6.0"]
    assert result["state"] == "decided"
    control = next(each for each in result["changes"] if each["name"].endswith(AGAIN))
    assert control["verdict"]["interval"][3] == pytest.approx(1 - plan.FAMILY_ERROR / 3 / 2), (
        "all its error, both ways of looking"
    )


def test_a_release_that_dies_is_said_and_the_others_go_on(monkeypatch):
    machine = Machine(COSTS, dies=("2024.6.0",))
    matrix = outcome.of_run(matrix_of(machine, monkeypatch, VERSIONS, "2026.4.1", absent={"2022.1": "it hung."}))
    assert words_of(matrix) == {"2023.3.0": SLOWER, "2024.6.0": OPEN, "2025.4.1": ALIKE}
    assert not matrix.is_good
    assert "NOT MEASURED: 2022.1: it hung." in matrix.warnings()
    dead = next(each for each in matrix.changes if each.release == "2024.6.0")
    assert "crashed in every turn" in dead.evidence()
    assert [label for label, seen in matrix.trend(matrix.figures[0]) if seen is None] == ["2024.6.0"]


def test_a_matrix_is_wrong_no_more_often_than_it_says(monkeypatch):
    """Identical releases, all looks and pairs together; with noise that comes and goes, too."""
    wrong = 0
    wanted = plan.Wanted(figures.parse("hints", "latency"), pair_budget_s=4)
    for seed in range(4):
        machine = Machine({}, noise=0.05, seed=seed)
        matrix = outcome.of_run(matrix_of(machine, monkeypatch, VERSIONS, "2026.4.1", wanted))
        wrong += any(each.differs for each in matrix.changes) or bool(matrix.distrusted)
    assert wrong <= 1


@for_all(lambda st: (st.integers(1, 40), st.integers(1, 9), st.sampled_from(("hints", "fil", "hints,fil"))))
def test_every_release_is_in_one_block_of_each_kind_and_the_error_is_not_overspent(count, largest, study):
    base, *others = releases(*(f"2026.{number}.0" for number in range(count + 1)))
    wanted = plan.Wanted(figures.parse(study, None), largest_block=largest)
    blocks = plan.blocks(wanted, base, others)
    for kind in {each.figures for each in blocks}:
        dealt = [each for block in blocks if block.figures == kind for each in block.others]
        assert dealt == others, "neighbours together"
    spent = sum(block.error * len(block.figures) * (len(block.others) + 1) for block in blocks)
    assert spent <= plan.FAMILY_ERROR * (1 + 1e-9)
    sizes = [len(each.others) for each in blocks]
    assert max(sizes) <= largest
    assert max(sizes) - min(sizes) <= 1


def test_no_table_can_take_the_base_again_for_a_release():
    base, *others = releases(*VERSIONS)
    (block,) = plan.blocks(plan.Wanted(figures.parse("hints", "fps")), base, others)
    result = block.result(rig([base, *others]), 1)
    again = next(each for each in result.conditions if each.runs_on.endswith(AGAIN))
    assert again.labels["A/A"] == "the base again"
    assert "A/A" in again.title
    assert not any("A/A" in each.labels for each in result.conditions if each is not again)
    assert not any(each.recorded for each in result.conditions)


def intervals(st):
    """Levels with a true value each, and intervals that hold it."""
    level = st.floats(-0.3, 0.3)
    reach = st.tuples(st.floats(0.001, 0.1), st.floats(0.001, 0.1))
    return st.lists(st.tuples(level, st.lists(reach, min_size=1, max_size=5)), min_size=1, max_size=4)


@for_all(lambda st: (intervals(st),))
def test_every_step_lies_where_something_changed(drawn):
    truth = [level for level, reaches in drawn for _ in reaches]
    reaches = [reach for _, reaches in drawn for reach in reaches]
    seen = [
        Seen(str(place), 2.0 ** (level - low), 2.0 ** (level + high))
        for place, (level, (low, high)) in enumerate(zip(truth, reaches, strict=True))
    ]
    found = steps(seen)
    for step in found:
        between = truth[int(step.after) : int(step.by) + 1]
        assert len(set(between)) > 1, "from the last of the old level to the first of the new one it is not one level"
    assert [int(each.by) for each in found] == sorted({int(each.by) for each in found})
    assert len(found) <= sum(a != b for a, b in itertools.pairwise(truth))
    wide = [dataclasses.replace(each, low=0.01, high=100.0) for each in seen]
    assert not steps(wide)


def test_a_step_is_named_by_its_release():
    found = steps([Seen("a", 0.98, 1.02), Seen("b", 0.99, 1.03), Seen("c", 1.08, 1.12), Seen("d", 1.07, 1.3)])
    (step,) = found
    assert (step.after, step.by, step.is_slower) == ("b", "c", True)
    assert step.ratios[0] == pytest.approx(1.08 / 1.02)
    (vague,) = steps([Seen("a", 0.98, 1.02), Seen("b", 0.9, 1.2), Seen("c", 1.08, 1.12)])
    assert (vague.after, vague.by) == ("a", "c"), "b may be either"


def test_releases_are_in_the_order_of_their_versions():
    versions = [
        "2026.10.0",
        "2026.4.1",
        "2026.4.1.dev20260101",
        "2023.3.0",
        "2026.4.0",
        "2026.4.1rc1",
        "2026.4.1-20-abc",
    ]
    those = [Named(each, each, each) for each in versions]
    ordered = [each.text for each in named.in_order(those)]
    assert ordered == [
        "2023.3.0",
        "2026.4.0",
        "2026.4.1.dev20260101",
        "2026.4.1rc1",
        "2026.4.1",
        "2026.4.1-20-abc",
        "2026.10.0",
    ]


def test_two_environments_of_one_release_are_told_apart():
    same = [
        Named("/envs/a", "2026.4.1-1", "2026.4.1"),
        Named("2026.4.1", "2026.4.1-1", "2026.4.1"),
        Named("b", "2025.1.0", "2025.1.0"),
    ]
    assert [each.label for each in named.labelled(same)] == ["2026.4.1 (a)", "2026.4.1", "2025.1.0"]
    assert named.of_one_build(same) == {"2026.4.1-1": ["2026.4.1", "2026.4.1"]}
    same = [Named(f"/envs/{name}/python", "2026.4.1-1", "2026.4.1") for name in ("a", "b")]
    assert [each.label for each in named.labelled(same)] == ["2026.4.1 (a/python)", "2026.4.1 (b/python)"]


def test_which_environment_a_label_stands_for_is_said_wherever_it_is_shown(saved, tmp_path):
    document = json.loads(saved.read_bytes())
    asked = document["autogauge"]["asked"]
    asked["base"]["text"], asked["others"][0]["text"] = "~/envs/new", "2023.3"
    write_json(saved, document)
    matrix = outcome.of_file(saved)
    assert matrix_shown.how(matrix)[2:] == ["2026.4.1 is ~/envs/new"]
    assert r"2026.4.1 is \~/envs/new" in matrix_shown.in_markdown(matrix)
    assert b"<li>2026.4.1 is ~/envs/new</li>" in matrix_page.page(matrix, tmp_path / "m.html", tmp_path / "assets")


def test_the_command_that_is_printed_at_the_end_draws_it_again(saved, tmp_path, capsys):
    place = tmp_path / "my reports" / saved.name
    place.parent.mkdir()
    saved.rename(place)
    releases_shown.keep(outcome.of_file(place), place, [], as_json=False)
    said = capsys.readouterr().err
    command = re.fullmatch(r"kept: .*; python -m autogauge (.*) draws it again\n", said)[1]
    done = CliRunner().invoke(app, shlex.split(command))
    assert done.exit_code == 0, done.output
    assert "slower with 2025.4.1" in done.output


@pytest.fixture
def saved(tmp_path, monkeypatch):
    path = tmp_path / "0001_matrix.json"
    write_json(path, matrix_of(Machine(COSTS), monkeypatch, VERSIONS, "2026.4.1", interrupted_by="SIGINT"))
    return path


def test_a_saved_matrix_is_drawn_again(saved, tmp_path):
    run = CliRunner().invoke
    table = run(app, ["report", str(saved)])
    assert table.exit_code == 0, table.output
    assert "INTERRUPTED by SIGINT" in table.output
    assert "slower with 2025.4.1 (after 2024.6.0)" in table.output
    assert "faster with 2024.6.0 (after 2023.3.0)" in " ".join(table.output.split())
    as_json = json.loads(run(app, ["report", str(saved), "--json"]).output)
    assert as_json["interrupted_by"] == "SIGINT"
    assert {each["verdict"] for each in as_json["changes"]} == {"slower", "faster", "no difference"}
    markdown = run(app, ["report", str(saved), "--markdown"]).output
    assert "| 2025.4.1 | " in markdown
    assert "medians of each over all rounds" in " ".join(table.output.split())
    assert "medians of each over all rounds" in markdown, "a change of the other sign is no mistake"
    assert "no difference larger than 5 %" in markdown
    assert run(app, ["report", str(saved), f"--out={tmp_path / 'page'}"]).exit_code == 0
    page = (tmp_path / "page" / "index.html").read_text()
    assert "medians of each over all rounds" in page
    assert "processors, memory" not in page, "it has no fingerprint"
    assert not re.search(r">[^<]*\bNone\b[^<]*</dd>", page)
    chart = json.loads(page.partition('id="charts">')[2].partition("</script>")[0])["releases-latency"]
    assert [row["label"] for row in chart["rows"]] == list(VERSIONS)
    assert [row["word"] for row in chart["rows"]] == ["slower", "faster", "no difference larger than 5 %", "base"]
    assert chart["steps"][0]["label"] == "faster with 2024.6.0"
    assert chart["steps"][0]["at"] == 0.5
    assert run(app, ["report", str(saved), f"--out={tmp_path / 'page'}"]).exit_code == 0, "it replaces its own page"


def test_a_saved_matrix_is_nobodys_baseline(saved):
    run = records.read(saved)
    assert not run.benchmarks
    assert run.fingerprint is None
    assert not baseline.find(saved.parent, "0" * 40).runs


def test_a_damaged_matrix_is_a_sentence(saved):
    document = json.loads(saved.read_bytes())
    for spoil in (
        lambda own: own.pop("asked"),
        lambda own: own["asked"].update(base=3),
        lambda own: own["asked"].update(figures="latency"),
        lambda own: own["results"][0].update(controls=7),
        lambda own: own.update(kind="novel"),
    ):
        spoilt = json.loads(json.dumps(document))
        spoil(spoilt["autogauge"])
        write_json(saved, spoilt)
        done = CliRunner().invoke(app, ["report", str(saved)])
        assert isinstance(done.exception, UserError), done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--openvino="], "no release is named"),
        (["--openvino=CPU"], "there is no runtime 'CPU'"),
        (["--openvino=2024.6.0", "--base=NUM_STREAMS=2"], "(--base)"),
        (["--openvino=2024.6.0,2025.4.1", "--study=hint"], "there is no study 'hint' of releases"),
        (["--openvino=2024.6.0,2025.4.1", "--metric=speed"], "there is no metric 'speed'"),
        (["--openvino=2024.6.0,2025.4.1", "--out=matrix.json"], "let it end in .md or .html"),
        (["--openvino=2024.6.0,2025.4.1", "--out=/proc/matrix.md"], "cannot write /proc/matrix.md"),
        (["--openvino=2024.6.0,2025.4.1", "--out=/nowhere/matrix.html"], "there is no folder /nowhere for matrix.html"),
        (
            ["--openvino=2024.6.0,2025.4.1", "--reports=/proc/nowhere"],
            "cannot keep what is measured in /proc/nowhere/matrix",
        ),
        (["--openvino=all,2024.6.0"], "all is every release that the index offers, and stands alone"),
        (["--openvino=2024.6.0,2025.4.1", "--pair-budget=x"], "--pair-budget"),
        (["--openvino=2024.6.0,/nowhere/env"], "/nowhere/env"),
        (["--openvino=2024.6.0"], "there is nothing to compare 2024.6.0 with: name another one, too (--openvino)."),
    ],
)
def test_a_mistake_is_a_sentence_before_anything_is_measured(words, said):
    done = CliRunner().invoke(app, ["matrix", *words])
    assert isinstance(done.exception, UserError)
    assert said in str(done.exception)


@pytest.mark.parametrize(
    "words",
    [
        ["matrix", "--openvino=2024.6,2025.4"],
        ["bisect", "--good=2024.6", "--bad=2025.4"],
        ["why", "2024.6", "here"],
        ["aa"],
    ],
)
def test_no_command_takes_a_seed_that_no_result_could_hold(words):
    done = CliRunner().invoke(app, [*words, "--seed=-1"])
    assert done.exit_code == 2
    assert "Invalid value for '--seed': give at least 0" in done.output


@pytest.fixture
def lab(monkeypatch, tmp_path):
    return lambda costs, **more: Lab(monkeypatch, tmp_path, costs, **more)


@pytest.mark.parametrize("after", [0, 30])
def test_a_release_that_is_removed_in_the_middle_ends_alone_and_nothing_of_it_is_kept(lab, after):
    matrix, _ = lab(COSTS, removed={"2024.6.0": after}).matrix(VERSIONS, VERSIONS[-1])
    assert words_of(matrix) == words_of(matrix, "fps") == {"2023.3.0": SLOWER, "2025.4.1": ALIKE}
    (warning,) = matrix.warnings()
    assert warning.startswith(
        "NOT MEASURED: 2024.6.0: 2024.6.0 was removed or spoilt while it was measured: it is not there; nothing of it"
    )
    assert not matrix.is_good
    (result,) = matrix.run.results
    assert not any(
        "2024.6.0" in name for each in result.replicates for name in (*each.order, *each.samples, *each.failures)
    )
    assert not any("2024.6.0" in each.name for each in (*result.conditions, *result.changes))


def test_without_the_base_or_without_any_beside_it_nothing_goes_on_and_nothing_is_kept(lab, tmp_path):
    for removed in ({VERSIONS[-1]: 30}, dict.fromkeys(VERSIONS[:-1], 30)):
        with pytest.raises(WrongRuntime, match="was removed or spoilt while it was measured"):
            lab(COSTS, removed=removed).matrix(VERSIONS, VERSIONS[-1])
        assert not [*tmp_path.rglob("*.json")]


def test_what_is_removed_before_a_block_is_not_in_it(lab):
    here = lab(COSTS, removed={"2024.6.0": 0})
    names = [f"2022.{number}.0" for number in range(1, 6)]
    matrix, _ = here.matrix([*names, *VERSIONS], VERSIONS[-1], metric="latency", largest_block=2)
    assert len(matrix.changes) == 7
    assert len(matrix.run.results) == 4


def test_what_was_removed_is_not_tried_in_the_next_block(lab):
    matrix, _ = lab(COSTS, removed={"2024.6.0": 30}).matrix(VERSIONS, VERSIONS[-1], study="hints,fil")
    assert words_of(matrix, "fil") == {"2023.3.0": SLOWER, "2025.4.1": ALIKE}
    assert not any("2024.6.0" in each.name for result in matrix.run.results for each in result.conditions)
    assert matrix.warnings()[0].startswith("NOT MEASURED: 2024.6.0")


def test_what_cannot_be_had_is_said_in_the_words_of_why_and_is_not_set_up(lab):
    here = lab(COSTS, without={"2024.6.0": "the index has no 2024.6.0 (--openvino)."})
    matrix, _ = here.matrix(VERSIONS, VERSIONS[-1])
    assert matrix.absent == {"2024.6.0": "the index has no 2024.6.0 (--openvino)."}
    assert "2024.6.0" not in here.set_up
    with pytest.raises(
        UserError, match=r"nothing to compare 2026\.4\.1 with: the index has no 2024\.6\.0 \(--openvino\)\.$"
    ):
        here.matrix(["2024.6.0"], VERSIONS[-1])
    with pytest.raises(UserError, match=r"no 2024\.6\.0 \(--base\)"):
        here.matrix(VERSIONS, "2024.6.0")


def test_a_name_is_told_once_where_a_release_cannot_be_measured(lab, capsys):
    here = lab(COSTS)
    here.broken["2024.6.0"] = "2024.6.0 cannot be measured: it has no numpy (--openvino)."
    matrix, _ = here.matrix(VERSIONS, VERSIONS[-1])
    assert matrix.warnings() == ["NOT MEASURED: 2024.6.0: it has no numpy (--openvino)."]
    with pytest.raises(
        UserError, match=r"compare 2026\.4\.1 with: 2024\.6\.0 cannot be measured: it has no numpy \(--openvino\)\.$"
    ):
        here.matrix(["2024.6.0"], VERSIONS[-1])


def test_one_that_says_another_version_when_it_is_set_up_does_not_end_the_others(lab, monkeypatch):
    here = lab(COSTS)
    own = named.set_up

    def set_up(rig, name, option, *more):
        if name == "2024.6.0":
            raise WrongRuntime("2024.6.0 is to be openvino 2024.6.0, and it runs 2025.1.0.")
        return own(rig, name, option, *more)

    monkeypatch.setattr(named, "set_up", set_up)
    matrix, _ = here.matrix(VERSIONS, VERSIONS[-1])
    assert words_of(matrix) == {"2023.3.0": SLOWER, "2025.4.1": ALIKE}
    assert "it runs 2025.1.0" in matrix.absent["2024.6.0"]


def test_where_nothing_is_known_of_the_base_beside_itself_no_verdict_is_trusted(monkeypatch):
    machine = Machine(COSTS, dies=("2026.4.1" + AGAIN,))
    matrix = outcome.of_run(matrix_of(machine, monkeypatch, VERSIONS, "2026.4.1"))
    assert set(words_of(matrix).values()) == {OPEN}
    assert not any(matrix.steps(figure) for figure in matrix.figures)
    assert matrix.warnings()[0].startswith(
        "NOT TO BE TRUSTED: mean latency, LATENCY: nothing was measured of 2026.4.1 beside itself"
    )
    assert not matrix.is_good


@pytest.mark.parametrize("relay_rounds", [6, 12])
def test_nothing_is_said_before_ten_processes_of_each_side_have_served(monkeypatch, relay_rounds):
    """Two that differ beyond all doubt wait too: what processes have of their own looks like that at first."""
    wanted = plan.Wanted(figures.parse("hints", "latency"), pair_budget_s=30, relay_rounds=relay_rounds)
    document = matrix_of(Machine({"2025.4.1": 1.5}, noise=0.001), monkeypatch, VERSIONS[2:], "2026.4.1", wanted)
    (change,) = outcome.of_run(document).changes
    assert (change.word, change.cost.replicates) == (SLOWER, 10 * relay_rounds)


def test_a_verdict_of_a_measuring_that_ended_before_its_first_look_does_not_count(lab, monkeypatch):
    here = lab({"2025.4.1": 1.5})
    here.machine.clock.now = 0.0
    measure = here.machine.measure

    def slow(condition):
        here.machine.clock.now += 5.0
        return measure(condition)

    here.machine.measure = slow
    matrix, _ = here.matrix(VERSIONS[2:], VERSIONS[-1], metric="latency", pair_budget_s=100)
    (change,) = matrix.changes
    assert change.word == OPEN
    assert 24 < change.cost.replicates < FIRST_LOOK
    assert f"and the least is {FIRST_LOOK}" in change.evidence()
    assert f"and the least is {FIRST_LOOK}; measure longer: --pair-budget)" in matrix.warnings()[0], "what next"


def dying_after(here, runs_on, turns):
    """From its so manieth turn on that runtime dies whenever it is measured."""
    measure, seen = here.machine.measure, []

    def dying(condition):
        seen.append(condition.runs_on)
        if condition.runs_on == runs_on and seen.count(runs_on) > turns:
            raise ProbeFailed(Failure("signal", "slice", "killed by signal 11"))
        return measure(condition)

    here.machine.measure = dying


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        (3, "the measuring of 2026.4.1 beside itself gave up after 3 rounds (killed by signal 11"),
        (59, "the measuring of 2026.4.1 beside itself gave up after 59 rounds"),
        (70, "the measuring of 2026.4.1 beside itself gave up after 70 rounds"),
    ],
)
def test_a_control_that_gave_up_holds_nothing_and_no_verdict_rests_on_it(lab, turns, why):
    here = lab(COSTS, noise=0.15)
    dying_after(here, "2026.4.1" + AGAIN, turns)
    matrix, _ = here.matrix(VERSIONS, VERSIONS[-1], metric="latency", pair_budget_s=60)
    assert set(words_of(matrix).values()) == {OPEN}
    assert matrix.warnings()[0].startswith(f"NOT TO BE TRUSTED: mean latency, LATENCY: {why}")
    assert matrix.warnings()[0].endswith("no verdict of this figure counts")
    assert not matrix.is_good
    shown = " ".join(str(each) for each in matrix_shown.parts(matrix)[1:3])
    assert "NOT TO BE TRUSTED" in shown
    assert [row[6] for row in matrix_shown.rows_of(matrix.controls)] == ["not known"]


def test_a_control_of_few_pairs_is_none_though_nothing_gave_up(lab):
    here = lab(COSTS)
    measure, seen = here.machine.measure, []

    def now_and_then(condition):
        seen.append(condition.runs_on)
        if condition.runs_on == "2026.4.1" + AGAIN and seen.count(condition.runs_on) % 4:
            raise ProbeFailed(Failure("deadline", "slice", "no answer"))
        return measure(condition)

    here.machine.measure = now_and_then
    matrix, _ = here.matrix(VERSIONS, VERSIONS[-1], metric="latency")
    assert set(words_of(matrix).values()) == {OPEN}


def interrupted(here, runs_on, after):
    """Somebody presses Ctrl-C when that runtime was measured so often."""
    measure, seen = here.machine.measure, []

    def pressed(condition):
        seen.append(condition.runs_on)
        if seen.count(runs_on) > after:
            raise KeyboardInterrupt("SIGINT")
        return measure(condition)

    here.machine.measure = pressed


def test_after_ctrl_c_every_release_that_was_not_measured_is_named(lab):
    here = lab(COSTS, noise=0.005)
    interrupted(here, "2023.3.0", 3)  # in the third block of four
    names = [f"2022.{number}.0" for number in range(1, 6)]
    matrix, interruption = here.matrix([*names, *VERSIONS], VERSIONS[-1], metric="latency", largest_block=2)
    assert isinstance(interruption, KeyboardInterrupt)
    assert [each.release for each in matrix.changes] == [*names, *VERSIONS[:-1]], "each has a row"
    missing = [each.release for each in matrix.changes if each.cost is None]
    assert missing == list(VERSIONS[1:-1])
    assert f"NOT MEASURED: mean latency, LATENCY: 2024.6.0, 2025.4.1: {outcome.BEFORE}" in matrix.warnings()
    assert "2 of 8 not measured" in matrix.in_words()
    told = {each["release"]: each for each in matrix.to_json()["changes"]}
    assert told["2025.4.1"]["time_ratio"] is None
    assert outcome.BEFORE in told["2025.4.1"]["evidence"]
    assert "| 2025.4.1 |" in matrix_shown.in_markdown(matrix)
    decided = {each.release: each.word for each in matrix.changes if each.word != OPEN}
    assert decided == dict.fromkeys(names[:4], ALIKE), "what its own control stands for counts"


def test_one_that_dies_in_the_middle_is_said_and_the_matrix_is_not_good(lab):
    here = lab({"2025.4.1": 1.02}, noise=0.05)
    measure, turns = here.machine.measure, []

    def dying(condition):
        turns.append(condition.name)
        if condition.runs_on == "2025.4.1" and turns.count(condition.name) > 26:
            raise ProbeFailed(Failure("signal", "slice", "killed by signal 11"))
        return measure(condition)

    here.machine.measure = dying
    matrix, _ = here.matrix(VERSIONS[1:], VERSIONS[-1], metric="latency", pair_budget_s=60)
    assert words_of(matrix)["2025.4.1"] == OPEN
    assert matrix.warnings() == ["NOT MEASURED TO THE END: LATENCY 2025.4.1: killed by signal 11 during slice"]
    assert not matrix.is_good


class Asked:
    """What releases are asked of, made up: all take 300 MB, and 2031.1 is not there."""

    def __init__(self, monkeypatch, tmp_path, free_mb=10**6):
        self.cache = Cache(tmp_path)
        monkeypatch.setattr(named.prepared, "missing", self._missing)
        monkeypatch.setattr(named.table, "offered", lambda *_: ["2024.6.0", "2025.4.0", "2025.4.1"])
        monkeypatch.setattr(disk, "needed_mb", lambda _: 300)
        monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=free_mb * 10**6))

    def _missing(self, each, cache, progress, option, index):
        if each.text == "2031.1":
            raise UserError("there is no 2031.1.")
        return {each.text: each.text}


def test_room_is_asked_for_all_releases_that_there_are_before_any_is_installed(monkeypatch, tmp_path):
    names = ["2024.6", "2031.1", "2025.4"]
    asked = Asked(monkeypatch, tmp_path)
    assert named.require_room(names, asked.cache, None, None) == {"2031.1": "there is no 2031.1."}
    Asked(monkeypatch, tmp_path, free_mb=500)
    with pytest.raises(UserError, match="2 environments take about 600 MB"):
        named.require_room(names, asked.cache, None, None)
    assert named.require_room(names, asked.cache, None, None, most=1)
    Asked(monkeypatch, tmp_path, free_mb=100)
    with pytest.raises(UserError, match="2 environments take about 600 MB"):  # neither fits by itself
        named.require_room(names, asked.cache, None, None)


def test_all_is_what_the_index_offers(monkeypatch, tmp_path):
    Asked(monkeypatch, tmp_path)
    assert named.offered(None, None) == ("2024.6.0", "2025.4.0", "2025.4.1")
    seen = []
    monkeypatch.setattr(
        "autogauge.lab.matrix.measuring.Measuring.run", lambda self, *words: seen.append(words) or (None, None)
    )
    monkeypatch.setattr("autogauge.cli.releases_asked.Workplace.check_device", lambda *_: None)
    CliRunner().invoke(app, ["matrix", "--openvino=all", "--wait=no"])
    assert seen == [(("2024.6.0", "2025.4.0", "2025.4.1"), "2025.4.1")]


def environment_at(folder, version=None):
    """As much of a virtual environment as its names are told apart by, and as an interpreter finds its packages in."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    if version:
        packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        (info := packages / f"openvino-{version}.dist-info").mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: openvino\nVersion: {version}\n")
    return folder


def test_one_environment_in_several_spellings_is_measured_once_and_that_is_said(monkeypatch, tmp_path):
    a, b = (environment_at(tmp_path / name) for name in "ab")
    (tmp_path / "link").symlink_to(a)
    spellings = [str(a), f"{a}/", str(a / "bin" / "python"), f"{tmp_path}/./a", str(tmp_path / "link")]
    assert named.distinct([*spellings, str(b), "2026.4"]) == (str(a), str(b), "2026.4")
    assert named.twice(",".join(spellings)) == tuple(spellings[1:])
    seen = []
    monkeypatch.setattr(
        "autogauge.lab.matrix.measuring.Measuring.run", lambda self, *words: seen.append(words) or (None, None)
    )
    monkeypatch.setattr("autogauge.cli.releases_asked.Workplace.check_device", lambda *_: None)
    done = CliRunner().invoke(app, ["matrix", f"--openvino={a},{b}", f"--base={a}/", "--wait=no"])
    assert seen == [((str(a), str(b)), str(a))], done.output


def test_an_environment_says_which_release_it_is_without_being_set_up(tmp_path):
    nightly = environment_at(tmp_path / "nightly", "2026.5.0.dev20261101")
    assert named.release_in(str(nightly)) == "2026.5.0.dev20261101"
    assert named.release_in(str(environment_at(tmp_path / "bare"))) == ""
    assert named.release_in("2025.4") == "2025.4"


@pytest.mark.parametrize(
    ("error", "why"), [(ValueError("no base"), "no base"), (RecursionError(), "nested too deeply")]
)
def test_a_file_that_makes_no_sense_is_one_sentence(error, why, tmp_path):
    def of_run(document, path):
        raise error

    with pytest.raises(UserError, match=f"cannot be drawn: .*{why}; name another run"):
        kept.read(tmp_path / "0001_matrix.json", {}, of_run)
