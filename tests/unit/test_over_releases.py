"""The trend over releases: with which release a level changed, from saved runs and from matrices; noise names none."""

import contextlib
import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.files import write_json
from autogauge.gate.trends import in_order_of_time, trends_of
from autogauge.history.select import Histories
from autogauge.history.standing_file import Standing
from autogauge.history.where import Where
from autogauge.lab.releases.figures import ALIKE, FASTER, OPEN, SLOWER
from autogauge.lab.releases.over_history import over_releases
from tests.histories import LATENCY, PER_FRAME, save
from tests.releases import Machine, matrix_of

RELEASES = ("2024.6.0", "2025.4.1", "2026.10.0", "2026.9.0")


def runs(
    folder, costs, count=6, noise=0.01, seed=1, keys=(LATENCY,), machine="lab-01", with_ratios=True, begin=0, **others
):
    """So many runs of each release, the releases by turns."""
    rng = np.random.default_rng(seed)
    for number in range(count * len(costs)):
        release = [*costs][number % len(costs)]
        ratios = {key: costs[release] * math.exp(rng.normal(0, noise)) for key in keys}
        seconds = {key: 0.010 * ratio for key, ratio in ratios.items()}
        save(
            folder / "history" / machine,
            seconds,
            ratios=ratios if with_ratios else {},
            machine=machine,
            days=begin + number,
            openvino=f"{release}-1-abc",
            **others,
        )


def found_in(folder, base=""):
    with contextlib.ExitStack() as stack:
        found = Histories(stack, folder / "history", folder / "cache").all(Where())
        own = in_order_of_time(found.runs)
        return over_releases(trends_of(found.figures(), own, found.remembered), own, 0.05, base)


def test_the_release_with_which_it_became_slower_is_named(tmp_path):
    runs(tmp_path, dict(zip(RELEASES, (1.0, 1.0, 1.2, 1.2), strict=True)), keys=(LATENCY, PER_FRAME))
    for trend in found_in(tmp_path):
        assert [each.release for each in trend.levels] == ["2024.6.0", "2025.4.1", "2026.9.0", "2026.10.0"], "by number"
        assert (trend.base, trend.basis) == ("2026.10.0", "by the ratio to the pinned workload")
        assert [each.word for each in trend.levels] == [FASTER, FASTER, ALIKE, "base"]
        (step,) = trend.steps
        assert (step.after, step.by, step.is_slower) == ("2025.4.1", "2026.9.0", True)
        assert step.ratios[0] < 1.2 < step.ratios[1]


def test_the_base_may_be_another(tmp_path):
    runs(tmp_path, {"2024.6.0": 1.0, "2025.4.1": 1.2})
    (trend,) = found_in(tmp_path, "2024.6.0")
    assert [each.word for each in trend.levels] == ["base", SLOWER]
    (trend,) = found_in(tmp_path, "2023.3.0")
    assert trend.base == "2025.4.1", "where it is not there, the newest"


def test_the_runs_of_a_slower_release_count_though_none_is_accepted(tmp_path):
    runs(tmp_path, {"2024.6.0": 1.0})
    runs(tmp_path, {"2025.4.1": 1.3}, seed=2, begin=20, standing=Standing.QUARANTINED)
    (trend,) = found_in(tmp_path)
    assert [(each.word, each.accepted) for each in trend.levels] == [(FASTER, True), ("base", False)]
    (step,) = trend.steps
    assert step.by == "2025.4.1"


def test_machines_and_models_are_trends_of_their_own(tmp_path):
    runs(tmp_path, {"2024.6.0": 1.0, "2025.4.1": 1.3}, machine="lab-01")
    runs(tmp_path, {"2024.6.0": 1.0, "2025.4.1": 1.0}, machine="lab-02")
    runs(tmp_path, {"2025.4.1": 1.0}, machine="lab-03")
    found = found_in(tmp_path)
    assert [(each.identity.machine, len(each.steps)) for each in found] == [("lab-01", 1), ("lab-02", 0)]


def test_one_run_of_each_settles_nothing(tmp_path):
    runs(tmp_path, {"2024.6.0": 1.0, "2025.4.1": 1.04}, count=1, with_ratios=False)
    (trend,) = found_in(tmp_path)
    assert [each.word for each in trend.levels] == [OPEN, "base"]
    assert not trend.steps


def test_noise_seldom_names_a_release(tmp_path):
    wrong = 0
    for seed in range(15):
        folder = tmp_path / str(seed)
        runs(folder, dict.fromkeys(RELEASES[:3], 1.0), count=2, noise=0.02, seed=seed)
        wrong += any(trend.steps for trend in found_in(folder))
    assert wrong <= 1


def test_report_prints_and_draws_them_beside_the_matrices(tmp_path, monkeypatch):
    runs(tmp_path, {"2024.6.0": 1.0, "2025.4.1": 1.3})
    document = matrix_of(Machine({"2025.4.1": 1.2}), monkeypatch, RELEASES[:2] + RELEASES[3:], "2026.9.0")
    (tmp_path / "matrix").mkdir()
    write_json(tmp_path / "matrix" / "0001_matrix.json", document)
    (tmp_path / "matrix" / "0002_matrix.json").write_text("{")
    words = ["report", "--releases", f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}"]
    run, out = CliRunner().invoke, tmp_path / "page"
    done = run(app, [*words, f"--out={out}"])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "1 of 1 trend over releases of the history changed beyond doubt; 1 saved matrix " in said
    assert "slower with 2025.4.1 (after 2024.6.0)" in said
    assert "0001_matrix.json, lab-01: mean latency, LATENCY: slower with 2025.4.1 (after 2024.6.0)" in said
    assert "0002_matrix.json" in done.output.replace("\n", ""), "what cannot be read is named"
    page = (out / "index.html").read_text()
    charts = json.loads(page.partition('id="charts">')[2].partition("</script>")[0])
    assert [chart["steps"][0]["label"] for chart in charts.values()][:2] == ["slower with 2025.4.1"] * 2
    assert len(charts) == 3
    told = json.loads(run(app, [*words, "--json"]).stdout)
    assert told["history"][0]["levels"][0]["by"] == "2025.4.1"
    assert told["matrices"][0]["base"] == "2026.9.0"
    assert run(app, [*words, f"--out={out}", "--base=2024.6.0"]).exit_code == 0, "it replaces its own page"
    assert "no matrix is shown" in run(app, [*words, "--where=machine=lab-01"]).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--releases"], "was measured with two OpenVINO releases"),
        (["--releases", "13"], "--releases is of the whole history"),
        (["--base=2026.4.1"], "give --releases too"),
        (["--releases", "--out=tests"], "--out=DIR"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path, words, said):
    runs(tmp_path, {"2024.6.0": 1.0}, count=1)
    done = CliRunner().invoke(app, ["report", *words, f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'c'}"])
    assert isinstance(done.exception, UserError), done.output
    assert said in str(done.exception)
