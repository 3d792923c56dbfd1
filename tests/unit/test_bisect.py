"""A bisection measures what its search asks for, names the release with its evidence, and its file is drawn again."""

import dataclasses
import json
import re

import pytest
import typer
from typer.testing import CliRunner

from autogauge.cli import releases_asked as options
from autogauge.cli import why
from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.files import write_json
from autogauge.history import run_file
from autogauge.lab.bisect import measuring
from autogauge.lab.bisect.measuring import between
from autogauge.lab.bisect.search import Found, Kind
from autogauge.lab.releases import beside, differs
from autogauge.probe.identity import WrongRuntime
from autogauge.report import bisect as bisect_shown
from autogauge.report.pages import bisect_page
from tests.releases import NAMES, Lab, slower_from


@pytest.fixture
def lab(monkeypatch, tmp_path):
    return lambda costs, **more: Lab(monkeypatch, tmp_path, costs, **more)


@pytest.mark.parametrize(("place", "figure"), [(1, "latency"), (7, "fps"), (13, "fil"), (19, "latency")])
def test_the_first_slower_release_is_named_with_its_evidence(lab, place, figure):
    here = lab(slower_from(place))
    found, _ = here.bisect(figure=figure)
    assert found.found is Found.NAMED
    assert found.releases[found.first] == NAMES[place]
    assert found.in_words().startswith(f"{NAMES[place]} is the first slower release")
    confirmed = found.last(Kind.CONFIRMING).change
    assert (confirmed.base, confirmed.release, confirmed.word) == (NAMES[place - 1], NAMES[place], "slower")
    assert 1 < confirmed.cost.low <= 1.1 <= confirmed.cost.high
    assert found.properties == (("NUM_STREAMS", "2", "1"),)
    assert found.properties_in_words() == [f"NUM_STREAMS: 2 in {NAMES[place - 1]}, 1 in {NAMES[place]}"]
    assert len(here.set_up) < 10, "only what is needed is installed"
    assert not found.contradictions


def test_what_else_changed_is_said_to_be_unknown_where_a_probe_told_nothing(lab, monkeypatch):
    here = lab(slower_from(4))
    monkeypatch.setattr(differs, "properties_of", lambda *_: None)
    found, _ = here.bisect()
    assert found.is_named
    assert found.properties_in_words() == ["it is not known: the probes that were asked told nothing"]


def test_identical_releases_are_one_comparison_and_no_name(lab):
    here = lab({})
    found, _ = here.bisect()
    assert found.found is Found.NO_DIFFERENCE
    assert [each.kind for each in found.steps] == ["ends"]
    assert "there is nothing to look for" in found.in_words()
    assert "no difference larger than 5 %" in found.in_words()
    assert here.set_up == [NAMES[0], NAMES[-1]]


def test_swapped_ends_are_said(lab):
    found, _ = lab({NAMES[-1]: 0.8}).bisect()
    assert found.found is Found.SWAPPED
    assert "were they swapped?" in found.in_words()


def test_releases_that_cannot_be_measured_are_passed_over_and_said(lab):
    found, _ = lab(slower_from(14), broken=(NAMES[9], NAMES[10]), dies=(NAMES[12],)).bisect()
    assert (found.found, found.releases[found.first]) == (Found.NAMED, NAMES[14])
    assert any(each.startswith(f"NOT MEASURED: {NAMES[9]}: it hung") for each in found.warnings())


def test_a_range_is_named_where_the_first_one_cannot_be_measured(lab):
    found, _ = lab(slower_from(9), broken=(NAMES[9],)).bisect()
    assert (found.found, found.after, found.first) == (Found.RANGE, 8, 10)
    assert f"after {NAMES[8]} and by {NAMES[10]}" in found.in_words()


def test_a_release_that_is_removed_in_the_middle_is_passed_over_and_said(lab):
    found, _ = lab(slower_from(14), removed={NAMES[9]: 5}).bisect()
    assert (found.found, found.releases[found.first]) == (Found.NAMED, NAMES[14])
    assert any(f"{NAMES[9]} was removed or spoilt while it was measured" in each for each in found.warnings())
    assert not any(NAMES[9] in each.name for result in found.run.results for each in result.conditions)


def test_without_an_end_it_is_a_mistake_and_nothing_is_kept(lab, tmp_path):
    here = lab({}, broken=(NAMES[-1],))
    with pytest.raises(UserError, match="it hung"):
        here.bisect()
    assert not any(tmp_path.iterdir())


def test_a_mistake_in_an_end_is_said_before_the_other_end_is_installed(lab, tmp_path):
    here = lab({}, without={NAMES[-1]: f"the index has no {NAMES[-1]} (--openvino)."})
    with pytest.raises(UserError, match=rf"no {NAMES[-1]} \(--bad\)\.$"):
        here.bisect()
    assert here.set_up == []
    assert not any(tmp_path.iterdir())


def test_one_between_that_cannot_be_had_is_not_tried(lab):
    here = lab(slower_from(14), without={NAMES[9]: "the index has it no more (--openvino)."})
    found, _ = here.bisect()
    assert (found.found, found.releases[found.first]) == (Found.NAMED, NAMES[14])
    assert NAMES[9] not in here.set_up


@pytest.mark.parametrize(
    ("names", "by_packages", "runs", "said"),
    [
        (
            ("/e/x", "2025.1.0", "2025.2.0"),
            "2024.6.0",
            "2026.3.1",
            r"is 2024\.6\.0 by its packages and runs 2026\.3\.1",
        ),
        (("2025.1.0", "2025.2.0", "/e/x"), "2026.3.1", "2024.6.0", "the releases between /e/x and 2025.1.0 are not"),
        (("2025.1.0", "2025.2.0", "/e/x"), "", "2024.6.0", "2025.2.0 does not lie between it and 2025.1.0: give all"),
        (("/e/x", "2024.1.0", "2025.1.0", "2025.2.0"), "", "2024.6.0", "2024.1.0 does not lie between"),
        (("/e/x", "2025.1.0", "2025.2.0"), "2024.6.0", "2024.6.0", ""),
        (("/e/x", "2025.1.0", "2025.2.0"), "", "2024.6.0", ""),
        (("/e/x", "2025.1.0", "2025.2.0"), "2024.6.0", "custom_branch", ""),
        (("/e/x", "2025.1.0", "2025.2.0"), None, "2026.3.1", ""),
    ],
)
def test_an_end_that_runs_another_release_than_its_packages_say_is_no_end(
    lab, monkeypatch, names, by_packages, runs, said
):
    here = lab({})
    own = measuring.named.set_up

    def set_up(rig, name, *more):
        found = own(rig, name, *more)
        return dataclasses.replace(found, openvino=f"{runs}-99-abc") if name == "/e/x" else found

    monkeypatch.setattr(measuring.named, "set_up", set_up)
    taken_for = {} if by_packages is None else {"/e/x": by_packages}
    if not said:
        found, _ = here.bisect(names, taken_for=taken_for)
        assert found.found is Found.NO_DIFFERENCE
        return
    with pytest.raises(UserError, match=f"^/e/x .*{said}.*in which they were made, /e/x among them"):
        here.bisect(names, taken_for=taken_for)


def test_a_series_that_is_not_monotone_says_so(lab):
    costs = dict.fromkeys(NAMES, 1.0) | dict.fromkeys(NAMES[2:8], 1.5) | dict.fromkeys(NAMES[15:], 1.5)
    found, _ = lab(costs).bisect()
    assert (found.found, found.first) == (Found.NAMED, 15)
    assert any("THE SERIES CONTRADICTS ITSELF" in each for each in found.warnings())


def test_what_stays_open_is_measured_longer(lab):
    found, _ = lab(slower_from(10, 1.06), noise=0.12).bisect(pair_budget_s=10)
    assert any(each.attempt == 1 for each in found.steps)
    assert found.found is not Found.NO_DIFFERENCE


def test_what_lies_between_open_ends_was_not_reached_and_inconclusive_is_said_once(lab, tmp_path):
    """One release between is no plural."""
    found, _ = lab({NAMES[2]: 1.03}, noise=0.3).bisect(NAMES[:3], pair_budget_s=10)
    assert found.found is Found.OPEN
    assert found.in_words().count("INCONCLUSIVE") == 1
    assert re.search(r"\? time \S+ % \(.*\).*; measure longer \(--pair-budget\)$", found.in_words())
    assert "1 release between was not reached" in bisect_shown.how(found)
    found, _ = lab({}).bisect(NAMES[:3])
    assert found.found is Found.NO_DIFFERENCE
    told = bisect_shown.how(found)
    assert "1 release between was not needed, and not measured" in told
    assert any("share an error of 5 %" in each for each in told), "why an interval is one of more than 95 %"
    paths = ("/envs/a", "2025.1.0", "2025.2")
    told = bisect_shown.how(dataclasses.replace(found, names=paths))
    assert f"{NAMES[0]} is /envs/a" in told
    assert not any("is 2025" in each for each in told)


def test_ctrl_c_keeps_and_shows_what_was_measured(lab, tmp_path):
    here = lab(slower_from(10))
    measure, seen = here.machine.measure, []

    def interrupted(condition):
        seen.append(condition)
        if len(seen) > 150:
            raise KeyboardInterrupt("SIGINT")
        return measure(condition)

    here.machine.measure = interrupted
    found, interruption = here.bisect()
    assert isinstance(interruption, KeyboardInterrupt)
    assert found.run.interrupted_by == "SIGINT"
    assert found.found is None
    told = bisect_shown.how(found)
    assert "not needed" not in " ".join(told)
    reached = len(found.series())
    assert f"{len(NAMES) - 1 - reached} releases between were not reached" in told
    assert b"a release without one was not reached" in bisect_page.page(found, tmp_path / "b.html", tmp_path / "assets")
    assert [each.kind for each in found.steps][:1] == ["ends"]
    assert found.series()


def test_of_a_wrong_runtime_nothing_is_kept(lab, tmp_path, monkeypatch):
    here = lab(slower_from(10))
    monkeypatch.setattr(measuring.kept, "EVERY_S", -1.0)
    measure, there = beside.measure, []

    def changed(rig, block, result):
        measure(rig, block, result)
        here.session.save()
        there.append(list(tmp_path.glob("*.json")))
        if len(there) == 2:
            raise WrongRuntime("another one.")

    monkeypatch.setattr(beside, "measure", changed)
    with pytest.raises(WrongRuntime):
        here.bisect()
    assert [len(each) for each in there] == [1, 1], "it is written while it is measured"
    assert not list(tmp_path.glob("*.json"))


def test_its_file_is_drawn_again_and_has_no_benchmark(lab, tmp_path):
    found, _ = lab(slower_from(6)).bisect()
    path, run = found.run.path, CliRunner().invoke
    assert not run_file.read_document(path)["benchmarks"]
    table = run(app, ["report", str(path)])
    assert table.exit_code == 0, table.output
    assert f"{NAMES[6]} is the first slower release" in " ".join(table.output.split())
    assert "NUM_STREAMS: 2 in" in " ".join(table.output.split())
    told = json.loads(run(app, ["report", str(path), "--json"]).output)
    assert told["first_slower"] == NAMES[6]
    assert told["between"] == [NAMES[5], NAMES[6]]
    step = f"python -m autogauge why {NAMES[5]} {NAMES[6]} --hint=LATENCY"
    assert told["next_step"] == step
    assert f"{step} says what in it" in " ".join(table.output.split())
    assert told["changed"] == [{"property": "NUM_STREAMS", "before": "2", "after": "1"}]
    assert "### What else changed" in run(app, ["report", str(path), "--markdown"]).output
    assert run(app, ["report", str(path), f"--out={tmp_path / 'page'}"]).exit_code == 0
    page = (tmp_path / "page" / "index.html").read_text()
    chart = json.loads(page.partition('id="charts">')[2].partition("</script>")[0])["series"]
    assert len(chart["rows"]) == len(NAMES)
    assert chart["steps"] == [{"at": 5.5, "label": f"slower with {NAMES[6]}"}]
    document = json.loads(path.read_bytes())
    for spoil in (
        lambda asked: asked.update(releases=["a"]),
        lambda asked: asked.update(steps=[{"kind": "leap"}]),
        lambda asked: asked["conclusion"].update(first=99),
        lambda asked: asked.update(properties=[["a"]]),
    ):
        spoilt = json.loads(json.dumps(document))
        spoil(spoilt["autogauge"]["asked"])
        write_json(path, spoilt)
        assert isinstance(run(app, ["report", str(path)]).exception, UserError)


def test_the_next_step_is_a_command_that_can_be_run_as_it_stands(lab):
    found, _ = lab(slower_from(6)).bisect()
    found = dataclasses.replace(
        found, names=tuple(f"~/my envs/{each}" for each in NAMES), options=("--model=~/a b.xml",)
    )
    step = found.next_step()
    assert step.endswith("why ~/'my envs/2025.5.0' ~/'my envs/2025.6.0' --hint=LATENCY --model=$HOME/'a b.xml'")
    words = options.Asked(model="net.xml", shape="1,3,8,8", infer_requests=4, device="CPU").as_given
    assert words == ("--model=net.xml", "--shape=1,3,8,8", "--infer-requests=4", "--device=CPU")
    taken = {name for each in typer.main.get_command(why.app).params for name in each.opts}
    everything = options.Asked("CPU", "5%", "a", "FP16", "omz", "1", "x.npz", 1).as_given
    assert {word.partition("=")[0] for word in everything} <= taken
    assert options.Asked().as_given == ()
    assert dataclasses.replace(found, names=()).next_step() == "", "a file of an older autogauge"
    assert dataclasses.replace(found, found=Found.NO_DIFFERENCE).next_step() == ""


def test_what_lies_between_is_in_order():
    listed = ["2026.10.0", "2024.6.0", "2025.4.1", "2026.2.0", "2023.3.0", "2025.4.1"]
    assert between(listed, "2024.6.0", "2026.4.1") == ("2024.6.0", "2025.4.1", "2026.2.0", "2026.4.1")
    assert between(listed, "2026.4.1", "2024.6.0") == ("2026.4.1", "2026.2.0", "2025.4.1", "2024.6.0")
    assert between(["/e/a", "/e/b", "/e/c", "/e/d"], "/e/a", "/e/c") == ("/e/a", "/e/b", "/e/c")
    assert between(["/e/a", "/e/b", "/e/c"], "/e/c", "/e/a") == ("/e/c", "/e/b", "/e/a")
    assert between(["/e/b", "/e/c"], "/e/a", "2026.4.1") == ("/e/a", "/e/b", "/e/c", "2026.4.1")
    with pytest.raises(UserError, match="both the good and the bad"):
        between([], "2026.4.1", "2026.4.1")


LISTED = ("2025.0.0", "2025.1.0", "2026.4.0", "2026.4.1")


def test_beside_an_environment_only_what_lies_on_its_side_of_a_release_is_between():
    newer = {"/envs/x": "2026.5.0.dev20261101"}.get
    expected = ("2025.1.0", "2026.4.0", "2026.4.1", "/envs/x")
    assert between(LISTED, "2025.1.0", "/envs/x", newer, is_listed=False) == expected
    assert between(LISTED, "2025.1", "/envs/x", newer, is_listed=False) == ("2025.1", *expected[1:])
    assert between(LISTED, "2025.1.0", "/envs/x") == expected, "nobody knows which it is, and the list is the user's"
    assert between(LISTED, "/envs/x", "2026.4.0") == ("/envs/x", "2025.0.0", "2025.1.0", "2026.4.0")
    older = {"/envs/x": "2025.0.0"}.get
    assert between(LISTED, "2026.4.1", "/envs/x", older) == ("2026.4.1", "2026.4.0", "2025.1.0", "/envs/x")
    assert between(LISTED, "/envs/x", "2026.4.0", older, is_listed=False) == ("/envs/x", "2025.1.0", "2026.4.0")
    for good, bad in (("2025.1.0", "/envs/x"), ("/envs/x", "2026.4.0"), ("/envs/x", "/envs/y")):
        with pytest.raises(UserError, match=r"^/envs/x does not say which release it is.*\(--openvino=LIST\)\.$"):
            between(LISTED, good, bad, is_listed=False)


def test_in_a_list_of_environments_an_end_is_not_between_whatever_it_is_called():
    listed = ["2025.4.1", "/e/a", "/e/b", "/e/c"]
    assert between(listed, "2025.4", "/e/c/") == ("2025.4", "/e/a", "/e/b", "/e/c/")
    assert between(listed, "/e/a", "/e/z") == ("/e/a", "/e/b", "/e/c", "/e/z"), (
        "what lies before the good one is not asked for"
    )


def test_one_environment_in_two_spellings_is_both_ends():
    with pytest.raises(UserError, match="/envs/a is both the good and the bad release"):
        between([], "/envs/a", "/envs/a/")
    with pytest.raises(UserError, match=r"2026\.4 and 2026\.4\.1 are one release"):
        between(LISTED, "2026.4", "2026.4.1")


def test_two_numbers_are_the_newest_patch_and_lie_behind_the_others():
    listed = ["2025.3.0", "2025.4.0", "2025.4.1", "2026.1.0", "2026.4.0", "2026.4.1"]
    inner = ("2026.1.0", "2026.4.0")
    assert between(listed, "2025.4", "2026.4") == ("2025.4", *inner, "2026.4"), (
        "2026.4.0 is before the bad end, 2025.4.1 is the good one"
    )
    assert between(listed, "2026.4", "2025.4") == ("2026.4", *inner[::-1], "2025.4")
    assert between(listed, "2025.3", "2026.4.0") == ("2025.3", *listed[1:4], "2026.4.0")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--good=2024.6.0", "--bad=2024.6.0", "--openvino=2025.4.1"], "both the good and the bad"),
        (["--good=2024.6.0", "--bad=CPU", "--openvino=2025.4.1"], "there is no runtime 'CPU'"),
        (["--good=2024.6.0", "--bad=2026.4.1", "--openvino="], "no release is named"),
        (["--good=2024.6.0", "--bad=2026.4.1", "--openvino=2025.4.1,all"], "all is every release that the index"),
        (["--good=2024.6.0", "--bad=2026.4.1", "--openvino=2025.4.1", "--metric=speed"], "'speed'"),
        (
            ["--good=2024.6.0", "--bad=2026.4.1", "--openvino=2025.4.1", "--reports=/proc/nowhere"],
            "/proc/nowhere/bisect",
        ),
    ],
)
def test_a_mistake_is_a_sentence_before_anything_is_measured(words, said):
    metric = [] if any("--metric" in word for word in words) else ["--metric=fps"]
    done = CliRunner().invoke(app, ["bisect", *words, *metric])
    assert isinstance(done.exception, UserError), done.output
    assert said in str(done.exception)
