"""A known difference excuses the expectations that name it: each promise that has one says which, in every study of cases."""

import importlib
import pkgutil
from types import SimpleNamespace

import pytest

import autogauge.studies
from autogauge.contract import differences
from autogauge.rig.cases import CaseStudy


def studies():
    for module in pkgutil.walk_packages(autogauge.studies.__path__, "autogauge.studies."):
        importlib.import_module(module.name)
    left, found = [CaseStudy], []
    while left:
        subclasses = left.pop().__subclasses__()
        left += subclasses
        found += [each for each in subclasses if each.__module__.startswith("autogauge.")]
    return {each().name: each() for each in found if hasattr(each, "name")}


def rig_with(*capabilities):
    """A machine with a CPU that has these precisions, and the emulated GPU."""
    cpu = {"name": "CPU", "capabilities": ["FP32", "INT8", *capabilities]}
    devices = [SimpleNamespace(kind="CPU", is_accelerator=False, to_json=lambda: cpu)]
    asked, seen = SimpleNamespace(is_emulated=True, soak_minutes=None), SimpleNamespace(devices=devices)
    return SimpleNamespace(asked=asked, inspection=seen, emulation=None)


RIGS = rig_with(), rig_with("FP16")
STUDIES = studies()


def of(study):
    """What is expected of each claim of a study, and by which differences it may fail."""
    cases = [case for rig in RIGS for case in study.cases(rig)]
    named = {promise.name: set() for promise in study.promises}
    for case in cases:
        for expect in case.expects:
            named[expect.claim] |= {*expect.differs}
            assert not expect.ends or expect.differs, f"{expect.what}: an end that no difference brings"
    return named


@pytest.mark.parametrize("study", STUDIES)
def test_each_difference_of_a_promise_stands_with_what_it_excuses(study):
    named = of(STUDIES[study])
    for promise in STUDIES[study].promises:
        assert named[promise.name] == {*promise.differs}, promise.name
        assert all(differences.by_key(key) for key in promise.differs)


def test_every_study_of_cases_is_looked_at():
    assert len(STUDIES) >= 10
    assert any(promise.differs for study in STUDIES.values() for promise in study.promises)
