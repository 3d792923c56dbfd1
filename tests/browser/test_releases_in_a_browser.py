"""The page of a matrix of releases in a real browser, at three sizes: the trend is drawn, its numbers stand beside it."""

import os
from pathlib import Path

import pytest

from autogauge.lab.matrix import outcome
from autogauge.report.pages import bisect_page, matrix_page
from autogauge.report.pages.render import put_script
from tests.browser.conftest import SIZES, eventually
from tests.releases import NAMES, Lab, Machine, matrix_of, slower_from

pytestmark = pytest.mark.browser
VERSIONS = ("2023.3.0", "2024.1.0", "2024.6.0", "2025.0.0", "2025.2.0", "2025.4.1", "2026.2.0", "2026.4.1")
COSTS = {"2023.3.0": 0.88, "2024.1.0": 0.88, "2024.6.0": 1.0, "2026.2.0": 1.1}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The page of a matrix in which one release became slower and another much slower; one could not be installed."""
    document = matrix_of(
        Machine(COSTS, noise=0.03), monkeypatch, VERSIONS, "2026.4.1", absent={"2022.1": "it needs Python 3.9."}
    )
    path = tmp_path / "page" / "index.html"
    path.parent.mkdir()
    path.write_bytes(matrix_page.page(outcome.of_run(document), path, tmp_path / "assets"))
    put_script(tmp_path / "assets")
    return path


@pytest.mark.parametrize("size", SIZES)
def test_the_trend_is_drawn_and_nothing_is_wider(visit, page, size):
    shown = visit(page, size=size)
    chart = shown.locator("[data-chart=releases-latency]")
    chart.scroll_into_view_if_needed()
    eventually(shown, "document.querySelector('[data-chart=releases-latency]').dataset.drawn === 'yes'")
    below = shown.locator("#releases-latency table").bounding_box()
    drawn = chart.locator("svg.main-svg").first.bounding_box()
    assert drawn["y"] + drawn["height"] <= below["y"], "the chart lies above its table"
    labels = chart.locator(".xtick text").all_text_contents()
    assert labels
    assert {*labels} <= {*VERSIONS}
    assert shown.locator("p.warning").first.inner_text().startswith("NOT MEASURED: 2022.1")
    assert "slower with 2024.6.0" in shown.locator("#levels").inner_text()
    assert shown.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if folder := os.environ.get("AUTOGAUGE_SCREENSHOTS"):
        shown.screenshot(path=Path(folder) / f"releases-{size}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accessibility_checker_finds_nothing(visit, page, scheme):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(visit(page, color_scheme=scheme))
    assert found.violations_count == 0, found.generate_report()


@pytest.fixture
def over(tmp_path, monkeypatch):
    """The page of the trends over releases: two of a history, and a matrix."""
    from typer.testing import CliRunner

    from autogauge.cli.main import app
    from autogauge.files import write_json
    from tests.histories import LATENCY, PER_FRAME
    from tests.unit.test_over_releases import runs

    levels = (0.9, 0.9, 0.9, 1.0, 1.0, 1.0, 1.1, 1.1)
    runs(tmp_path, dict(zip(VERSIONS, levels, strict=True)), keys=(LATENCY, PER_FRAME))
    (tmp_path / "matrix").mkdir()
    write_json(tmp_path / "matrix" / "0001_matrix.json", matrix_of(Machine(COSTS), monkeypatch, VERSIONS, "2026.4.1"))
    words = [f"--history={tmp_path / 'history'}", f"--cache={tmp_path / 'cache'}", f"--out={tmp_path / 'page'}"]
    done = CliRunner().invoke(app, ["report", "--releases", *words])
    assert done.exit_code == 0, done.output
    return tmp_path / "page" / "index.html"


@pytest.mark.parametrize("size", SIZES)
def test_the_trends_over_releases_are_drawn(visit, over, size):
    shown = visit(over, size=size)
    for place, chart in enumerate(shown.locator("[data-chart]").all()):
        chart.scroll_into_view_if_needed()
        eventually(shown, f"document.querySelectorAll('[data-chart]')[{place}].dataset.drawn === 'yes'")
    assert shown.locator("[data-chart]").count() == 4
    assert "slower with 2025.0.0 (after 2024.6.0)" in shown.locator("#levels").inner_text()
    assert shown.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if folder := os.environ.get("AUTOGAUGE_SCREENSHOTS"):
        shown.screenshot(path=Path(folder) / f"over-{size}.png", full_page=True)


def test_the_accessibility_checker_finds_nothing_over_releases(visit, over):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(visit(over))
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("size", SIZES)
def test_a_bisection_is_drawn_too(visit, tmp_path, monkeypatch, size):
    found, _ = Lab(monkeypatch, tmp_path, slower_from(11)).bisect()
    path = tmp_path / "page" / "index.html"
    path.parent.mkdir()
    path.write_bytes(bisect_page.page(found, path, tmp_path / "assets"))
    put_script(tmp_path / "assets")
    shown = visit(path, size=size)
    chart = shown.locator("[data-chart=series]")
    chart.scroll_into_view_if_needed()
    eventually(shown, "document.querySelector('[data-chart=series]').dataset.drawn === 'yes'")
    assert f"{NAMES[11]} is the first slower release" in shown.locator("header").inner_text()
    assert "NUM_STREAMS" in shown.locator("#changed").inner_text()
    assert shown.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if folder := os.environ.get("AUTOGAUGE_SCREENSHOTS"):
        shown.screenshot(path=Path(folder) / f"bisect-{size}.png", full_page=True)
