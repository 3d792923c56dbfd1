"""``python -m autogauge contract``: what a saved run saw is kept, and stands in the table; a run that says nothing is refused."""

import datetime
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from autogauge import studies
from autogauge.cli.main import app
from autogauge.contract import seen
from autogauge.contract.seen import Outcome
from autogauge.errors import UserError
from autogauge.history import outcomes, run_file
from autogauge.history.recorded import Recorded
from autogauge.measuring.claim import BEYOND, Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Check, Replicate, Result, Sample
from autogauge.report.told import summarize
from autogauge.studies.hints import HINTS
from autogauge.targets import Target
from tests.studied import planned

pytest_plugins = ["pytester"]

ASSERTED = {"order": ("first", "*-fps", "never"), "absent": ("gone",)}


def result(name="order", **checks):
    claims = tuple(Fact(claim, f"{claim} holds", ("AUTO",)) for claim in checks)
    found = Result(name, (Condition("AUTO", Target("AUTO")),), claims, Plan((1,), 1.0), 1, state="decided")
    sample = Sample({}, checks={claim: Check(*check) for claim, check in checks.items()})
    found.replicates.append(Replicate(0, ("AUTO",), {"AUTO": sample}))
    found.not_promised = {"never": "it needs an NPU", "other": "it is of no rule"}
    return found


def run(*results, **fields):
    told = {
        "openvino": "2026.4.1-22982-abc",
        "started": "2026-11-26T03:00:00",
        "accelerator": "emulated",
        "version": "1.2.3",
    }
    return Recorded(**{**told, "results": results, **fields})


def test_each_claim_that_asserts_a_rule_is_kept_with_its_evidence_in_short():
    checks = {"first": (True, "the first"), "gpu-fps": (False, "slow " * 200), "unasserted": (True, "")}
    kept = outcomes.of_run(run(result(**checks), absent={"absent": "it needs an accelerator"}), ASSERTED)
    assert kept.openvino == "2026.4.1"
    order = kept.studies["order"].outcomes
    assert {*order} == {"first", "gpu-fps", "never"}
    assert order["first"].became == seen.HOLDS
    assert "the first" in order["first"].said
    assert order["gpu-fps"].became == seen.BROKEN
    assert len(order["gpu-fps"].said) <= outcomes.LONGEST + 1
    assert order["never"] == Outcome(seen.NOT_ASKED, "it needs an NPU")
    assert kept.studies["absent"].outcomes == {"gone": Outcome(seen.NOT_ASKED, "it needs an accelerator")}
    assert kept.studies["order"].accelerator == "emulated"


def test_what_is_kept_does_not_say_whose_home_it_was():
    kept = outcomes.of_run(run(result(first=(False, f"no file {Path.home()}/model.xml"))), ASSERTED)
    said = kept.studies["order"].outcomes["first"].said
    assert "model.xml" in said
    assert str(Path.home()) not in said


@pytest.mark.parametrize(
    ("seen_there", "kept"),
    [
        ("no file /data/alice/model.xml", "no file …/model.xml"),
        ("'/opt/lab 7/x.so': cannot", "'…/lab 7/x.so': cannot"),
        (r"C:\Users\bob\model.xml is bad", "…/model.xml is bad"),
        ("at /weights", "at …/weights"),
        (
            "src/plugins/auto/src/schedule.cpp:41: 1 / s and/or 2.5/s",
            "src/plugins/auto/src/schedule.cpp:41: 1 / s and/or 2.5/s",
        ),
    ],
)
def test_what_is_kept_holds_no_path_of_any_machine(seen_there, kept):
    found = outcomes.of_run(run(result(first=(False, seen_there))), ASSERTED)
    assert kept in found.studies["order"].outcomes["first"].said
    absent = outcomes.of_run(run(result(first=(True, "")), absent={"absent": seen_there}), ASSERTED)
    assert absent.studies["absent"].outcomes["gone"].said == kept


def test_what_is_broken_beyond_a_known_difference_is_kept_as_that_however_long_the_rest_is():
    checks = {"first": (False, BEYOND + "slow " * 200)}
    said = outcomes.of_run(run(result(**checks)), ASSERTED).studies["order"].outcomes["first"].said
    assert said.startswith(BEYOND)


def test_what_is_not_known_is_open_and_never_holds():
    kept = outcomes.of_run(run(result(first=(None, "nothing was seen"))), ASSERTED)
    assert kept.studies["order"].outcomes["first"].became == seen.OPEN


def test_a_study_that_is_there_and_absent_in_one_run_was_measured():
    kept = outcomes.of_run(run(result(first=(True, "")), absent={"order": "not on the second model"}), ASSERTED)
    assert kept.studies["order"].outcomes["first"].became == seen.HOLDS


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"openvino": ""}, "does not say which release of OpenVINO it measured"),
        ({"openvino": "../../evil-1"}, r"which is no release \(numbers with dots"),
        ({"openvino": "2026.4.1/../../evil"}, "which is no release"),
        ({"openvino": "/etc/evil"}, "which is no release"),
        ({"openvino": "2026"}, "which is no release"),
        ({"openvino": "２０２６.4"}, "which is no release"),
        ({"interrupted_by": "SIGINT"}, "was interrupted by SIGINT"),
        ({"results": (result("of another"),)}, "asserted no rule of AUTO's contract"),
    ],
)
def test_a_run_that_says_nothing_is_refused_in_one_sentence(fields, said):
    with pytest.raises(UserError, match=said):
        outcomes.of_run(run(**{"results": (result(first=(True, "")),), **fields}), ASSERTED)


@pytest.fixture
def listed(monkeypatch):
    asserted = {"first": ("startup-cpu-first",), "plain": ()}
    study = SimpleNamespace(name="order", asserts=lambda: asserted, may_differ=dict)
    monkeypatch.setattr(studies, "every", lambda: (study,))


def in_history(folder, *results):
    """A run's file, as a session saves it."""
    now = datetime.datetime(2026, 11, 26, tzinfo=datetime.timezone.utc)
    words = {"openvino": "2026.4.1-22982", "accelerator": "emulated", "started": now.isoformat(), "absent": {"x": "no"}}
    document = run_file.add({"benchmarks": [], "machine_info": {}}, words, list(results), [], None)
    path = folder / "0001_run.json"
    path.write_text(json.dumps(document))
    return path


def as_summary(folder, *results):
    """The same run's report, which is all that there is of a run without benchmarks."""
    path = folder / "summary.json"
    path.write_text(json.dumps(summarize(run(*results))))
    return path


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("saved", [in_history, as_summary])
def test_a_run_is_kept_and_its_outcomes_stand_in_the_table(tmp_path, saved):
    path = saved(tmp_path, result(first=(True, "it did"), plain=(True, "")))
    kept = tmp_path / "seen"
    told = CliRunner().invoke(app, ["contract", "--keep", str(path), "--seen", str(kept)])
    assert told.exit_code == 0, told
    assert told.stdout == f"kept: {kept / '2026.4.1.json'} (openvino 2026.4.1, claims: 1, studies: 1)\n"
    page = CliRunner().invoke(app, ["contract", "--seen", str(kept)]).stdout
    (row,) = [line for line in page.splitlines() if "`startup-cpu-first`" in line]
    assert row.endswith("| order: `first` | holds |")


@pytest.mark.usefixtures("listed")
def test_a_run_of_no_release_writes_nothing(tmp_path):
    path = as_summary(tmp_path, result(first=(True, "it did")))
    path.write_text(path.read_text().replace("2026.4.1-22982-abc", "../../evil"))
    kept = tmp_path / "a" / "b" / "seen"
    told = CliRunner().invoke(app, ["contract", "--keep", str(path), "--seen", str(kept)])
    assert isinstance(told.exception, UserError)
    assert "which is no release" in str(told.exception)
    assert [*tmp_path.rglob("*")] == [path]


def test_a_folder_of_outcomes_that_is_not_there_is_refused(tmp_path):
    told = CliRunner().invoke(app, ["contract", "--seen", str(tmp_path / "not" / "there")])
    assert isinstance(told.exception, UserError)
    assert "there is no folder" in str(told.exception)
    assert not told.stdout


@pytest.mark.usefixtures("listed")
def test_a_kept_file_that_is_damaged_ends_the_command_with_a_sentence(tmp_path):
    (tmp_path / "2026.4.1.json").write_text("{")
    told = CliRunner().invoke(app, ["contract", "--seen", str(tmp_path)])
    assert isinstance(told.exception, UserError)
    assert "2026.4.1.json cannot be read" in str(told.exception)


@pytest.mark.parametrize("content", ['{"schema_version": 2, "studies": 3}', "{", "[]", '{"benchmarks": []}'])
def test_a_file_that_is_no_run_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"run\.json"):
        outcomes.of_run(outcomes.recorded_in(path), ASSERTED)


ABSENT = """
import pytest
from types import SimpleNamespace
from autogauge.run import Run
from fixtures.studies import result, study

RUN = SimpleNamespace(absent={}, take=lambda rig: None)

def pytest_configure(config):
    config.addinivalue_line("markers", "study(study): which")

@pytest.fixture
def autogauge_rig():
    return None

@pytest.fixture
def autogauge_run():
    return RUN

@pytest.fixture
def autogauge_measured():
    return lambda study: pytest.fail("it was measured")

def pytest_sessionfinish():
    assert RUN.absent == {"order": "it needs an accelerator"}
"""


def test_a_run_remembers_which_study_it_could_not_measure_and_why(pytester):
    pytester.makeconftest(ABSENT)
    pytester.makepyfile("""
        import pytest
        from types import SimpleNamespace
        ORDER = SimpleNamespace(name="order", absent=lambda rig: "it needs an accelerator")

        @pytest.mark.study(ORDER)
        def test(autogauge_result):
            pass
    """)
    pytester.inline_run("-p", "no:cacheprovider").assertoutcome(skipped=1)


def test_claims_name_the_rules_that_their_study_says_also_by_a_pattern():
    plan = Plan((1,), 1.0)
    said = {claim.name: claim.rules for claim in planned(HINTS, plan).claims}
    assert said["auto-throughput-hint-fps"] == ("hint-throughput-higher",)
    assert said["auto-latency-hint-latency"] == ("hint-latency-lower",)
