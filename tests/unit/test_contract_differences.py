"""Each known difference has its paragraph in docs/findings.md and its script in docs/findings, and the other way round."""

import re

import pytest

from autogauge import studies
from autogauge.contract import differences, rules
from tests.support import ROOT

PAGE, SCRIPTS = ROOT / "docs" / "findings.md", ROOT / "docs" / "findings"
KEYS = [each.key for each in differences.DIFFERENCES]
NO_CLAIM = {
    "cancel-ignored": "cancel is the Python API's promise, and is left to the script",
    "helper-fps": "a figure in AUTO's log that nothing promises",
    "log-info-memory": "memory that the log takes: where memory is watched the log is off",
    "request-never-returns": "it comes once in many thousands of inferences: the script looks for it, a claim would come and go",
}
"""Paragraphs of the page that no claim fails by, and why none does."""


def headings():
    """The page's own: what a link to ``#key`` finds."""
    return re.findall(r"^## `?([a-z0-9-]+)`?$", PAGE.read_text(encoding="utf-8"), re.MULTILINE) if PAGE.exists() else []


def scripts():
    return [each.stem for each in SCRIPTS.glob("*.py")]


def test_no_two_differences_have_one_key():
    assert len(KEYS) == len(set(KEYS))


@pytest.mark.parametrize("key", KEYS)
def test_each_difference_has_its_paragraph_and_its_script(key):
    assert headings().count(key) == 1, f"docs/findings.md has not one heading '## {key}'"
    assert key in scripts(), f"there is no docs/findings/{key}.py"


def test_each_difference_is_of_claims_that_there_are_and_each_that_a_claim_names_is_there():
    named = set()
    for study in studies.every():
        assert set(study.may_differ()) <= set(study.asserts()), study.name
        named |= {key for keys in study.may_differ().values() for key in keys}
    assert named == {each.key for each in differences.DIFFERENCES}


def test_a_rule_that_the_page_names_is_one():
    named = re.findall(r"\brules? `([a-z0-9-]+)`", PAGE.read_text(encoding="utf-8"))
    assert not rules.unknown(named)


def test_each_paragraph_has_its_script_and_is_a_difference_or_has_a_reason():
    found = headings()
    assert sorted(found) == sorted(scripts())
    assert {*found} == {*KEYS, *NO_CLAIM}
    assert not {*KEYS} & {*NO_CLAIM}


def test_the_page_says_which_differences_no_claim_fails_by():
    (said,) = re.findall(
        r"^- Checked by their scripts only, and by no claim: (.+?)\.(?: |$)",
        PAGE.read_text(encoding="utf-8"),
        re.M | re.S,
    )
    assert re.findall(r"\[([\w-]+)\]\(#\1\)", said) == sorted(NO_CLAIM)
