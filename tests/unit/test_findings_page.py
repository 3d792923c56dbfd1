"""docs/findings.md: each difference has its line, its paragraph and its script; and scripts need openvino and numpy alone."""

import ast
import re
import sys

import pytest

from autogauge.contract.differences import DIFFERENCES
from tests import findings_page
from tests.cases import each_of
from tests.findings_page import ALONE, GPU, LACKS, NOT_SEEN, SEEN

ROWS = findings_page.rows()
FILES = sorted(findings_page.SCRIPTS.glob("*.py"))
each_script = each_of("script", FILES, ids=lambda path: path.stem)
SAID = ("Rule: ", "Expected: ", "Seen: ", "Releases: ", "Needs: ", "Exit status: ")


def test_each_difference_has_a_line_a_paragraph_and_a_script():
    assert len(ROWS) >= 14
    assert list(ROWS) == sorted(ROWS)
    assert set(ROWS) == set(findings_page.paragraphs()) == {path.stem for path in FILES}
    assert all(row.anchor == key for key, row in ROWS.items())


@each_of("key", list(ROWS))
def test_a_line_says_what_releases_do_and_what_it_was_seen_with(key):
    row = ROWS[key]
    assert len(row.cells) == 3
    assert [row.endings(release) for release in row.cells]
    assert any(SEEN in row.endings(release) for release in row.cells), "a difference that no release has"
    assert row.needs in (ALONE, GPU) or re.fullmatch(rf"{GPU}[\w ]*: (`--(gpus|fault)=[^` ]+`,? ?)+", row.needs)


@each_of(
    ("cell", "statuses"),
    [("yes", {SEEN}), ("no", {NOT_SEEN}), ("–", {LACKS}), ("3 of 5", {SEEN, NOT_SEEN}), (None, {SEEN, NOT_SEEN})],
)
def test_a_cell_says_how_a_script_may_end(cell, statuses):
    assert findings_page.endings(cell) == statuses


def test_a_cell_that_says_nothing_is_no_leave_to_end_anyhow():
    with pytest.raises(ValueError, match="not 'mostly'"):
        findings_page.endings("mostly")


@each_script
def test_a_script_says_rule_expectation_and_what_it_needs(script):
    words = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))
    places = [words.find(f"\n{each}") for each in SAID]
    assert -1 not in places
    assert places == sorted(places)


@each_script
def test_a_script_needs_openvino_and_numpy_alone(script):
    source = script.read_text(encoding="utf-8")
    trees = [ast.parse(source)]
    trees += [
        ast.parse(node.value.value)
        for node in ast.walk(trees[0])
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "CHILD"
    ]
    imported = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            imported.update(each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"openvino", "numpy"}


@each_of("difference", DIFFERENCES, ids=lambda each: each.key)
def test_the_page_and_the_list_of_differences_say_the_same_of_each_release(difference):
    cells = ROWS[difference.key].cells
    assert {release for release, cell in cells.items() if cell != "no"} == {
        release for release in cells if difference.is_in(release)
    }
