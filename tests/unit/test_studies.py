"""A study is known to nobody: its name stands in its own files and in its tests, and what the rest needs to know it asks."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from autogauge import studies
from autogauge.measuring.metric import Metric
from autogauge.rig.cases import CaseStudy
from autogauge.stats.intervals import fewest_replicates
from tests.support import ROOT

STUDIES = ROOT / "autogauge" / "studies"
MODULES = {path.stem for path in STUDIES.iterdir() if path.suffix == ".py" or path.is_dir()} - {
    "__init__",
    "__pycache__",
}
OTHERS = sorted(
    path
    for folder in ("autogauge", "fixtures")
    for path in (ROOT / folder).rglob("*.py")
    if STUDIES not in path.parents
    and "probe" not in path.parts  # a probe's mode may be called as the study that asks for it
    and path.parent.name != "contract"  # a difference is one of a study's claim
)
ALLOWED = {"selfcheck"}
"""``aa`` measures the self-check: it is its command."""


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module", autouse=True)
def no_tree_is_kept():
    yield
    nodes_of.cache_clear()


def words_of(path: Path) -> set[str]:
    """Every text in it, but for what explains it, and every module that it imports."""
    explaining = {
        id(node.body[0].value)
        for node in nodes_of(path)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explaining:
            found.add(node.value)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("autogauge.studies"):
            found |= {f"studies.{node.module.removeprefix('autogauge.studies').lstrip('.')}"} | {
                f"studies.{each.name}" for each in node.names
            }
    return found


def test_no_name_of_a_study_stands_outside_its_file():
    names = {study.name for study in studies.every()}
    found = {}
    for path in OTHERS:
        words = words_of(path)
        imported = {each.removeprefix("studies.") for each in words if each.startswith("studies.")} & MODULES
        if named := (names & words) | (imported - ALLOWED):
            found[str(path.relative_to(ROOT)).removeprefix("autogauge/")] = named
    assert not found


def test_each_study_says_what_the_others_ask():
    titles = [title for study in studies.every() for title in study.recorded]
    assert len(set(titles)) == len(titles), "a benchmark is called by its title and its condition in every run"
    for study in studies.every():
        assert studies.by_name(study.name) is study
        assert set(study.amounts) == {"quick", "standard", "lab"}
        assert {*study.recorded.values()} <= {*study.metrics}
        assert all(metric.can_be_recorded for metric in study.recorded.values())
        assert len({metric.name for metric in study.metrics}) == len(study.metrics)


def test_no_table_of_metrics_is_kept_elsewhere():
    """A metric is looked up in what its study declares: no other module has two of them as keys or in a tuple."""
    names = {metric.name for study in studies.every() for metric in study.metrics}
    for path in OTHERS:
        if path.parent.name == "rig":
            continue  # who measures a metric defines it
        for node in nodes_of(path):
            keys = (
                node.keys
                if isinstance(node, ast.Dict)
                else node.elts
                if isinstance(node, (ast.Tuple, ast.List, ast.Set))
                else []
            )
            values = {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
            assert len(values & names) < 2, f"{path}: {values & names}"


def test_an_unknown_metric_is_called_by_its_name():
    assert Metric("queue_s", "queue_s").title == "queue_s"
    with pytest.raises(ValueError, match=re.escape("no time")):
        Metric("queue", "queue").cost(1.0)


def test_every_plan_that_compares_figures_can_decide_at_its_first_look():
    """Fewer replicates than an interval takes cost their time, and leave the claim open whatever was measured."""
    facts_alone = {"first inference latency, cached", "hand-over"}
    tried = 0
    for study in studies.every():
        if isinstance(study, CaseStudy) or study.name in facts_alone:
            continue
        for profile in ("quick", "standard", "lab"):
            plan = study.amounts[profile].plan
            confidence = plan.confidence if plan.by_time else plan.confidence_at()
            assert plan.looks[0] >= fewest_replicates(confidence), (study.name, profile)
            tried += 1
    assert tried >= 12
