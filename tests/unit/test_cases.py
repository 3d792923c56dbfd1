"""Cases that run in one test: each is tried, each that fails is told, and none sees what another left."""

import os

import pytest

from tests.cases import each_of

pytest_plugins = ["pytester"]
TEST = """
import os
import pytest
from tests.cases import each_of

@each_of("number", [1, 2, pytest.param(3, id="three"), 4])
def test_it(number):
    if number == 4:
        raise KeyError("four")
    assert number < 2, "too large"

@each_of(("first", "second"), [(1, 1), (1, 2)], ids=["alike", "apart"])
@each_of("name", ["a", "b"])
def test_of_two(first, second, name):
    if first != second and name == "b":
        pytest.fail("never")
"""


def test_every_case_that_fails_is_told_by_its_name(pytester):
    pytester.makepyfile(test_of_cases=TEST)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    result.assert_outcomes(failed=2)
    output = result.stdout.str()
    for told in (
        "3 of 4 cases fail: 2, three, 4",
        "[2] test_of_cases.py:9: AssertionError: too large",
        "[three] test_of_cases.py:9: AssertionError: too large",
        "[4] test_of_cases.py:8: KeyError: 'four'",
        "1 of 2 cases fail: apart",
        "[apart] test_of_cases.py:11: AssertionError: 1 of 2 cases fail: b",
        "[b] test_of_cases.py:15: Failed: never",
    ):
        assert told in output
    assert "[1]" not in output
    assert "[alike]" not in output


SEEN = []


@each_of("case", ["first", "second"])
def test_each_case_has_what_it_changes_to_itself(case, tmp_path, monkeypatch, capsys):
    assert "AUTOGAUGE_CASE" not in os.environ
    assert not list(tmp_path.iterdir())
    assert not capsys.readouterr().out
    monkeypatch.setenv("AUTOGAUGE_CASE", case)
    (tmp_path / "file").touch()
    print(case)
    SEEN.append(case)


def test_each_case_is_tried():
    assert SEEN in ([], ["first", "second"])  # none where the test before was left out


@each_of(
    ("names", "cases"), [("a", []), ("a, b", [(1,)]), ("other", [1]), ("a", [pytest.param(1, marks=pytest.mark.slow)])]
)
def test_what_could_not_be_tried_is_told_at_once(names, cases):
    with pytest.raises(AssertionError):
        each_of(names, cases)(lambda a, b: None)


def test_as_many_names_as_cases():
    with pytest.raises(AssertionError, match="as many names"):
        each_of("a", [1, 2], ids=["one"])
