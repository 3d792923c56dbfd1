"""The evidence of a test reaches the JUnit file without a warning, where the file's family has a place for it."""

import xml.etree.ElementTree as ET

import pytest

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(("family", "kept"), [("xunit1", True), ("legacy", True), ("xunit2", False)])
def test_evidence_is_a_property_where_the_family_has_such_and_nobody_is_warned(pytester, family, kept):
    pytester.makeconftest("from fixtures.session import evidence")
    pytester.makepyfile("def test_it(autogauge_evidence): autogauge_evidence('verdict', 'PASS')")
    done = pytester.runpytest_inprocess(
        "--junitxml=junit.xml", "-o", f"junit_family={family}", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"
    )
    done.assert_outcomes(passed=1)
    assert "incompatible with junit_family" not in done.stdout.str()
    found = [each.attrib for each in ET.parse("junit.xml").iter("property")]
    assert found == ([{"name": "verdict", "value": "PASS"}] if kept else [])


def test_the_projects_own_family_has_properties(pytestconfig):
    assert pytestconfig.inipath.read_text(encoding="utf-8").count("junit_family = xunit1") == 1
