"""`python -m autogauge gate RUN`: saved runs are judged without measuring, whatever their files are called."""

import json

import pytest
from typer.testing import CliRunner

from autogauge.cli.main import app
from autogauge.errors import UserError
from autogauge.history import standing
from autogauge.history.standing_file import Standing
from tests.cases import each_of
from tests.unit.test_baseline import benchmark, document, save


def judged(*words):
    return CliRunner().invoke(app, ["gate", *map(str, words)])


def wide(factor=1.0):
    """A benchmark whose history is too young to say anything about it."""
    return benchmark(seconds=0.01 * factor)


def test_a_run_whose_name_has_no_number_is_judged_against_the_numbered_ones_beside_it(tmp_path):
    for _ in range(3):
        save(tmp_path)
    run = tmp_path / "current.json"
    run.write_text(json.dumps(document(wide(1.01), when="2026-11-02T10:00:00+00:00")))
    done = judged(run)
    assert done.exception is None, done.exception
    assert "3 accepted runs (0001 to 0003" in done.stdout


@pytest.mark.parametrize(("choice", "status"), [("warn", 0), ("fail", 1)])
def test_inconclusive_fails_by_choice(tmp_path, choice, status):
    save(tmp_path)
    save(tmp_path, wide(1.01))
    done = judged(tmp_path, f"--inconclusive={choice}")
    assert "1 INCONCLUSIVE" in done.stdout
    assert done.exit_code == status


@pytest.mark.parametrize(("choice", "status"), [("warn", 0), ("fail", 1)])
def test_a_benchmark_that_cannot_be_read_fails_by_choice(tmp_path, choice, status):
    for number in range(20):
        save(tmp_path, benchmark(seconds=0.01 + number / 1e7))
    broken = benchmark("speed: CPU")
    del broken["stats"]
    save(tmp_path, benchmark(seconds=0.010001), broken)
    done = judged(tmp_path, f"--inconclusive={choice}", "--smallest-change=100%")
    assert "1 PASS" in done.stdout
    assert "cannot be judged: it has no 'stats'" in done.stdout
    assert done.exit_code == status


@each_of(
    ("options", "status"),
    [
        ((), 0),
        (("--inconclusive=fail",), 1),
        (("--no-baseline=fail",), 1),
        (("--inconclusive=warn", "--no-baseline=warn"), 0),
    ],
)
def test_a_gate_that_judged_nothing_says_so_and_is_not_green_when_asked_to_fail(tmp_path, options, status):
    save(tmp_path / "other", benchmark("another"))
    run = save(tmp_path / "lab")
    for against in ((), (f"--against={tmp_path / 'other'}",)):
        done = judged(run, *against, *options)
        assert "1 NO BASELINE" in done.stdout
        assert "NOTHING WAS JUDGED" in done.stdout
        assert done.exit_code == status


@pytest.mark.parametrize(("choice", "status"), [("warn", 0), ("fail", 1)])
def test_one_benchmark_with_no_baseline_among_others_fails_by_choice(tmp_path, choice, status):
    for number in range(20):
        save(tmp_path, benchmark(seconds=0.01 + number / 1e7))
    save(tmp_path, benchmark(seconds=0.010001), benchmark("new"))
    done = judged(tmp_path, f"--no-baseline={choice}", "--inconclusive=fail", "--smallest-change=100%")
    assert "1 PASS, 1 NO BASELINE" in " ".join(done.stdout.split())
    assert "NOTHING WAS JUDGED" not in done.stdout
    assert done.exit_code == status


def test_a_run_named_twice_to_judge_against_counts_once(tmp_path):
    first = save(tmp_path)
    run = save(tmp_path, wide(1.01))
    done = judged(run, f"--against={first}", f"--against={first}")
    assert "1 accepted run (0001" in done.stdout


# Accepting and rejecting.


@pytest.mark.parametrize("place", ["", "empty"])
def test_a_folder_without_runs_to_judge_against_is_one_sentence(tmp_path, place):
    """A history of several machines, say: it said NO BASELINE and was green."""
    for _ in range(3):
        save(tmp_path / "lab-01")
    (tmp_path / "empty").mkdir()
    done = judged(tmp_path / "lab-01", f"--against={tmp_path / place}")
    assert isinstance(done.exception, UserError)
    assert "name a machine's folder (--against)" in str(done.exception)


def said(*words):
    done = CliRunner().invoke(app, [*map(str, words)])
    assert done.exception is None, done.exception
    return " ".join(done.stdout.split())


def red(tmp_path):
    """A run of which one benchmark was quarantined."""
    stands = {"a": Standing.QUARANTINED}
    return save(
        tmp_path,
        benchmark("a", 0.02),
        benchmark("b"),
        prepare=lambda path: standing.write(path, Standing.ACCEPTED, "slower", "gate", ("a",), benchmarks=stands),
    )


def test_one_benchmark_of_a_run_is_accepted_by_its_name(tmp_path):
    run = red(tmp_path)
    assert "quarantined in b (was quarantined (1 benchmark))" in said("reject", run, "b", "--why=fan broken")
    assert said("accept", run, "a").endswith(
        "accepted in a (was quarantined (2 benchmarks)); a new level begins with it for a"
    )
    assert (standing.of_benchmark(run, "a"), standing.of_benchmark(run, "b")) == (
        Standing.ACCEPTED,
        Standing.QUARANTINED,
    )


def test_a_benchmark_that_the_run_has_not_is_one_sentence(tmp_path):
    run = red(tmp_path)
    before = standing.path_of(run).read_bytes()
    done = CliRunner().invoke(app, ["accept", str(run), "c"])
    assert str(done.exception) == f"{run} has no benchmark 'c': it has a, b."
    assert standing.path_of(run).read_bytes() == before


def test_a_new_level_can_be_begun_where_nothing_failed(tmp_path):
    save(tmp_path)
    run = save(tmp_path, wide(1.2))
    assert "a new level begins with it for speed: AUTO" in said("accept", run, "--new-level", "--why=a new driver")
    assert standing.read(run).new_level == ("speed: AUTO",)


def test_what_settings_say_decides_and_is_told(tmp_path, monkeypatch):
    """The baseline that a run is judged against, and the change that is to be found: else the gate would answer another question."""
    history = tmp_path / "reports" / "history"
    for _ in range(20):
        save(history / "nightly")
    save(history / "lab")
    (tmp_path / "pyproject.toml").write_text('[tool.autogauge]\nbaseline = "nightly"\nsmallest-change = 40\n')
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    done = judged("lab")
    assert done.exception is None, done.exception
    assert "accepted runs (0002 to 0020)" in done.stdout, done.stdout
    assert "autogauge: --smallest-change=40 --baseline=nightly from [tool.autogauge] in" in done.stderr
    done = judged("lab", f"--against={history / 'lab'}", "--smallest-change=5%")
    assert "0020" not in done.stdout
    assert done.stderr == ""
    (tmp_path / "pyproject.toml").write_text('[tool.autogauge]\nbaseline = "another"\n')
    assert "there is no saved run in reports/history/another to judge against" in str(judged("lab").exception)


def test_what_is_judged_in_passing_is_judged_by_settings_too(tmp_path, monkeypatch):
    """A run that goes on from an older one gets its standing by it, and it was the default's."""
    from autogauge.cli import accept

    asked = []
    monkeypatch.setattr(accept, "carry_over", lambda *words: asked.append(words[-1]) or ())
    (tmp_path / "pyproject.toml").write_text("[tool.autogauge]\nsmallest-change = 20\n")
    monkeypatch.chdir(tmp_path)
    run = save(tmp_path / "reports" / "history" / "lab")
    done = CliRunner().invoke(app, ["accept", str(run), "--as-continuation"])
    assert (done.exception, asked) == (None, [0.2])
    assert "--smallest-change=20 from [tool.autogauge] in" in done.stderr
    from autogauge.cli import over_releases

    monkeypatch.setattr(
        over_releases, "over_releases", lambda _trends, _runs, change, _base: asked.append(change) or []
    )
    CliRunner().invoke(app, ["report", "--releases", f"--cache={tmp_path / 'cache'}"])
    assert asked == [0.2, 0.2]
