"""The morning's page of a lab in a real browser: read at three sizes, filtered by its address, and a cell leads to its trend, drawn."""

import contextlib
import os
from pathlib import Path

import pytest

from autogauge.history.select import Histories
from autogauge.history.where import Where
from autogauge.report.pages import morning_page, trends_page
from tests.browser.conftest import eventually
from tests.histories import LATENCY, PER_FRAME
from tests.labs import machine

pytestmark = pytest.mark.browser
SIZES = [(360, 740), (1000, 800), (1600, 900)]


@pytest.fixture(scope="module")
def morning(tmp_path_factory):
    """The page of a lab of thirty machines, of which one became slower, one is quiet and one failed in its newest run."""
    folder = tmp_path_factory.mktemp("lab")
    slower = {"lab-07": lambda key, run: 1.1 if run > 4 and key == PER_FRAME else 1.0}
    red = {"lab-09": lambda key, run: run == 8 and key == LATENCY}
    for number in range(1, 31):
        name = f"lab-{number:02d}"
        machine(
            folder / "history",
            name,
            runs=8,
            figures=(LATENCY, PER_FRAME),
            last=40 if name == "lab-20" else 0.5,
            **({"slower": slower[name]} if name in slower else {}),
            **({"red": red[name]} if name in red else {}),
        )
    with contextlib.ExitStack() as stack:
        history = Histories(stack, folder / "history", folder / "cache").all(Where())
        return morning_page.save(history, folder / "trends")


@pytest.fixture
def look(visit, morning):
    """``look(fragment)``: the page, by an address that ends so."""

    def look(fragment="", size=(1000, 800), **options):
        page = visit(morning, **options)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        if fragment:
            page.goto(f"{morning.as_uri()}#{fragment}")
        return page

    return look


@pytest.mark.parametrize("size", SIZES)
def test_what_became_slower_is_on_the_first_screen_and_nothing_is_wider(look, size):
    page = look(size=size)
    line = page.locator("ul.news li", has_text="lab-07")
    assert "since run 5" in line.inner_text()
    assert line.bounding_box()["y"] + line.bounding_box()["height"] < size[1]
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if folder := os.environ.get("AUTOGAUGE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"morning-{size[0]}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accessibility_checker_finds_nothing(look, scheme):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(look(color_scheme=scheme))
    assert found.violations_count == 0, found.generate_report()


def test_the_filters_stand_in_the_address_and_are_taken_from_it(look):
    page = look()
    assert page.locator("#shown").inner_text() == "30 of 30 machines shown"
    page.locator("select[name=show]").select_option("slower")
    page.locator("select[name=benchmark]").select_option(PER_FRAME)
    assert page.locator("#shown").inner_text() == "1 of 30 machines and 1 of 2 benchmarks shown"
    assert page.locator("#lab th:visible").all_inner_texts()[-2:] == [PER_FRAME, "lab-07"]
    address = page.url
    assert "show=slower" in address
    again = look(address.partition("#")[2])
    assert again.locator("#shown").inner_text() == "1 of 30 machines and 1 of 2 benchmarks shown"
    assert again.locator("select[name=benchmark]").input_value() == PER_FRAME
    assert look("show=late").locator("#lab tbody th:visible").all_inner_texts() == ["lab-20"]
    assert look("machine=LAB-2").locator("#shown").inner_text() == "10 of 30 machines shown"
    only = look("show=fails")
    assert only.locator("#lab th:visible").all_inner_texts()[-2:] == [LATENCY, "lab-09"], (
        "what nothing failed in is no column"
    )
    assert only.locator("#lab tbody tr:visible td:visible").count() == 3
    only.locator("select[name=show]").select_option("")
    assert only.locator("#lab thead th:visible").count() == 5
    odd = look("show=nonsense&machine=<b>").locator("#shown").inner_text()
    assert odd == "0 of 30 machines shown. The address asks for show=nonsense: there is no such choice here"


def test_a_view_that_the_address_asks_for_is_in_view(look):
    page = look("show=slower", size=(390, 700))
    eventually(page, "document.getElementById('lab-title').getBoundingClientRect().top < 300")
    assert page.locator("#lab tbody th:visible").first.bounding_box()["y"] < 700
    page.goto(page.url.partition("#")[0] + "#show=late")
    eventually(page, "document.getElementById('shown').textContent === '1 of 30 machines shown'")


def test_the_keyboard_goes_from_a_change_to_its_trend(look):
    page = look()
    link = page.locator("ul.news li", has_text="lab-07").get_by_role("link", name=PER_FRAME)
    for _ in range(20):
        page.keyboard.press("Tab")
        if link.evaluate("each => each === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/machines/lab-07.html#t*")
    title = page.locator(f"[id='{page.url.partition('#')[2]}']")
    assert title.inner_text() == PER_FRAME
    eventually(page, "document.activeElement.tagName === 'H3'")
    eventually(page, "id => document.querySelector(`[data-trend='${id}'] .main-svg`)", page.url.partition("#")[2])
    box = title.bounding_box()
    assert 0 <= box["y"] < 800, "it is in view"
    page.get_by_role("link", name="All machines").click()
    page.wait_for_url("**/index.html")


def test_every_trend_of_a_lab_is_on_one_page_where_they_are_few(look):
    page = look()
    page.get_by_role("link", name="All trends on one page").click()
    eventually(page, "document.getElementById('shown').textContent.includes('of 60 trends shown')")
    page.locator("[data-trend]").first.scroll_into_view_if_needed()
    page.locator("[data-trend] .main-svg").first.wait_for()
    page.locator("#more-above").click()
    assert "24 of 60 trends shown" in page.locator("#shown").inner_text(), "no way down to the last button"
    chart = page.locator("#changes a").last
    wanted = chart.get_attribute("href").removeprefix("#")
    chart.click()
    eventually(page, "id => document.activeElement.id === id", wanted)


def test_a_few_trends_more_than_are_shown_at_once_need_no_button(visit, tmp_path):
    machine(tmp_path / "history", "lab-01", runs=3, figures=tuple(f"latency: device {each}" for each in range(14)))
    with contextlib.ExitStack() as stack:
        trends_page.save(Histories(stack, tmp_path / "history", tmp_path / "cache").all(Where()), tmp_path / "trends")
    page = visit(tmp_path / "trends" / "index.html")
    eventually(page, "document.getElementById('shown').textContent === '14 of 14 trends shown'")
    assert not page.locator("#more-above").is_visible()
    assert not page.locator("#more").is_visible()


def test_a_table_that_is_wider_than_the_window_says_so_and_cuts_no_title(visit, tmp_path):
    names = ("seconds per frame: AUTO-CUMULATIVE_THROUGHPUT", *(f"latency: device number {each}" for each in range(8)))
    for name in ("lab-01", "lab-02"):
        machine(tmp_path / "history", name, runs=3, figures=names)
    with contextlib.ExitStack() as stack:
        history = Histories(stack, tmp_path / "history", tmp_path / "cache").all(Where())
        page = visit(morning_page.save(history, tmp_path / "trends"))
    for width, is_wider in ((390, True), (1280, True), (2400, False)):
        page.set_viewport_size({"width": width, "height": 844})
        eventually(page, f"() => document.getElementById('wider').hidden === {str(not is_wider).lower()}")
        cut = """() => Array.from(document.querySelectorAll('#lab thead th'))
            .filter(each => !each.hidden && each.scrollWidth > each.clientWidth + 1).map(each => each.textContent)"""
        assert page.evaluate(cut) == []
        if folder := os.environ.get("AUTOGAUGE_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"wide-{width}.png", full_page=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("select[name=benchmark]").select_option(names[0])
    eventually(page, "() => document.getElementById('wider').hidden")
