"""The pages in a real browser: charts are drawn, filters filter, the keyboard reaches everything, names run nothing."""

import contextlib
import http.server
import os
import re
import shutil
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from autogauge.gate.comparison import compare
from autogauge.history import recorded
from autogauge.history.recorded import Recorded
from autogauge.history.select import Histories
from autogauge.history.standing_file import Standing
from autogauge.history.where import Where
from autogauge.report.pages import bisect_page, comparison_page, run_page, trends_page, why_page
from autogauge.report.pages.render import ASSETS, put_script
from tests.browser.conftest import SIZES, draw_all, eventually
from tests.histories import LATENCY, PER_FRAME, save, year
from tests.releases import NAMES, Lab, slower_from
from tests.whys import USUAL, measured

pytestmark = pytest.mark.browser
DATA = Path(__file__).parents[1] / "data" / "run"
HOSTILE = "<img src=x onerror=alert(1)><b>bold</b>\"'&lt;\n\U0001f600" + "x" * 10_000


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """A report of a made-up history, a comparison in it, and the page of a real run with the emulated GPU."""
    reports = tmp_path_factory.mktemp("reports")
    for machine, slower in (("lab-01", 1.10), ("lab-02", 1.0)):
        year(reports / "history", machine=machine, runs=15, openvino="2026.3.0")
        year(reports / "history", machine=machine, runs=10, openvino="2026.4.1", slower=slower, days=30)
    save(
        reports / "history" / "lab-01",
        {LATENCY: 0.02, PER_FRAME: 0.02},
        ratios={LATENCY: 2.0, PER_FRAME: 2.0},
        standing=Standing.QUARANTINED,
        days=50,
    )
    with contextlib.ExitStack() as stack:
        histories = Histories(stack, reports / "history", reports / "cache")
        trends_page.save(histories.all(Where()), reports / "trends")
        found = compare(histories.select("openvino=2026.3"), histories.select("openvino=2026.4"), 0.05)
        comparison_page.save(found, reports / "comparison.html")
    slower = measured(USUAL, {**USUAL, "conv-3": 140.0, "conv-4": 60.0}, own={HOSTILE[:300]: 30.0})
    why_page.save(Recorded(results=(slower,), notes=(HOSTILE,), machine=HOSTILE), 8, reports / "why.html")
    (reports / "latest").mkdir()
    (saved,) = DATA.glob("*.json")
    page = reports / "latest" / "index.html"
    page.write_bytes(run_page.page(recorded.of_file(saved), page, reports / ASSETS))
    put_script(reports / ASSETS)
    return reports


@pytest.fixture(params=["trends/index.html", "comparison.html", "latest/index.html", "why.html"])
def path(request, reports):
    return reports / request.param


@pytest.mark.parametrize("size", SIZES)
def test_every_chart_is_drawn_and_nothing_is_wider_than_the_screen(visit, path, size):
    page = visit(path, size)
    assert draw_all(page) >= 1
    assert page.locator(".chart.failed").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if folder := os.environ.get("AUTOGAUGE_SCREENSHOTS"):
        name = f"{path.parent.name if path.name == 'index.html' else path.stem}-{size}.png"
        page.screenshot(path=Path(folder) / name, full_page=True)


def test_what_has_no_interval_has_no_whisker(visit, tmp_path):
    """One of width 0 would read as known exactly."""
    for blocks, whiskers in ((2, 0), (12, 4)):
        why_page.save(Recorded(results=(measured(USUAL, USUAL, blocks=blocks),)), 4, tmp_path / "why.html")
        page = visit(tmp_path / "why.html")
        draw_all(page)
        assert page.locator("#why-layers .chart .barlayer .point").count() == 4
        assert page.locator("#why-layers .chart path.xerror").count() == whiskers


@pytest.mark.parametrize("size", SIZES)
def test_every_release_has_its_label_the_last_one_too(visit, tmp_path, monkeypatch, size):
    names = (*NAMES[:14], "2026.4 (2026.4.1)")
    found, _ = Lab(monkeypatch, tmp_path, slower_from(6, names=names)).bisect(names)
    path = tmp_path / "bisection.html"
    path.write_bytes(bisect_page.page(found, path, tmp_path / ASSETS))
    put_script(tmp_path / ASSETS)
    page = visit(path, size)
    draw_all(page)
    seen = page.evaluate(
        """() => {
          const own = document.querySelector("#series .chart").getBoundingClientRect();
          return Array.from(document.querySelectorAll("#series .chart .xtick text")).map(each => {
            const box = each.getBoundingClientRect();
            return [each.textContent, box.width > 0 && box.right <= own.right + 1 && box.left >= own.left - 1];
          });
        }"""
    )
    assert seen == [[name, True] for name in names]
    if folder := os.environ.get("AUTOGAUGE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"bisection-{size}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_labels_and_structure_pass_the_accessibility_checker(visit, path, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(path, color_scheme=scheme)
    draw_all(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_keyboard_reaches_everything_that_can_be_worked(visit, path):
    page = visit(path)
    draw_all(page)
    page.evaluate("window.scrollTo(0, 0)")
    wanted = page.evaluate(
        "Array.from(document.querySelectorAll('a[href], select, input, button, [tabindex=\"0\"]'))"
        ".filter(e => e.offsetParent !== null || e.className === 'skip').filter(e => e.type !== 'radio' || e.checked).length"
    )
    seen = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "Array.from(document.querySelectorAll('a[href], select, input, button, [tabindex=\"0\"]')).indexOf(document.activeElement)"
            )
        )
    assert len(seen - {-1}) == wanted


def test_a_page_prints_with_every_chart_drawn(visit, path):
    page = visit(path)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    eventually(page, "Array.from(document.querySelectorAll('.chart')).every(each => each.querySelector('.main-svg'))")
    assert page.pdf().startswith(b"%PDF")


def test_the_charts_follow_the_change_from_light_to_dark(visit, path):
    page = visit(path, color_scheme="light")
    draw_all(page)
    first = page.locator(".chart .xtick text").first
    light = first.evaluate("each => getComputedStyle(each).fill")
    page.emulate_media(color_scheme="dark")
    eventually(
        page, "light => getComputedStyle(document.querySelector('.chart .xtick text')).fill !== light", arg=light
    )


def test_the_filters_filter(visit, reports):
    page = visit(reports / "trends" / "index.html")
    assert "4 of 4 trends shown" in page.locator("#shown").inner_text()
    page.locator("select[name=machine]").select_option("lab-01")
    assert "2 of 2 trends shown (4 in all)" in page.locator("#shown").inner_text()
    draw_all(page)
    first = page.locator("[data-trend]").first
    assert first.get_attribute("data-points") == "26"
    page.get_by_label("quarantined").uncheck()
    eventually(page, "document.querySelector('[data-trend]').dataset.points === '25'")
    page.locator("select[name=openvino]").select_option("2026.4.1")
    draw_all(page)
    assert page.locator("[data-trend]").first.get_attribute("data-points") == "10"
    page.locator("select[name=machine]").select_option("")
    page.locator("select[name='label:device']").select_option("AUTO")
    assert "4 of 4 trends shown" in page.locator("#shown").inner_text()
    page.locator("select[name='label:hint']").select_option("THROUGHPUT")
    assert "2 of 2 trends shown (4 in all)" in page.locator("#shown").inner_text()


def test_a_view_of_trends_is_sent_by_its_address(visit, reports):
    page = visit(reports / "trends" / "index.html")
    status = page.locator("#shown")
    page.locator("select[name=machine]").select_option("lab-02")
    page.locator("select[name=openvino]").select_option("2026.3.0")
    page.locator("input[name=x][value=date]").check()
    page.locator("input[name=standing][value='2']").uncheck()
    assert status.inner_text() == "2 of 2 trends shown (4 in all)"
    sent = page.url.partition("#")[2]
    again = visit(reports / "trends" / "index.html")
    again.goto(f"{again.url}#{sent}")
    eventually(again, "document.getElementById('shown').textContent === '2 of 2 trends shown (4 in all)'")
    assert again.locator("select[name=machine]").input_value() == "lab-02"
    assert again.locator("select[name=openvino]").input_value() == "2026.3.0"
    assert again.locator("input[name=x]:checked").input_value() == "date"
    assert [each.input_value() for each in again.locator("input[name=standing]:checked").all()] == ["0", "1"]
    again.reload()
    eventually(again, "document.getElementById('shown').textContent === '2 of 2 trends shown (4 in all)'")
    again.locator("select[name=machine]").select_option("")
    again.locator("select[name=openvino]").select_option("")
    assert again.url.endswith("#x=date&standing=accepted+quarantined")


def test_an_address_of_what_is_not_there_is_said(visit, reports):
    page = visit(reports / "trends" / "index.html")
    where, status = page.url, page.locator("#shown")
    page.goto(f"{where}#machine=lab-99&x=date&odd=1&standing=nonsense")
    told = "The address asks for machine=lab-99, odd=1, standing=nonsense: there is no such choice here"
    eventually(page, "told => document.getElementById('shown').textContent.endsWith(told)", told)
    page.locator("select[name=machine]").select_option("lab-01")
    assert status.inner_text() == "2 of 2 trends shown (4 in all)"
    for gone in ("t0123456789ab", "s00001"):
        page.goto(f"{where}#{gone}")
        told = "The trend that the address names is not on this page"
        eventually(page, "told => document.getElementById('shown').textContent.endsWith(told)", told)
        page.goto(f"{where}#machine=lab-01")
        eventually(page, "document.getElementById('shown').textContent === '2 of 2 trends shown (4 in all)'")


def test_trends_are_filtered_and_grouped_by_whatever_labels_there_are(visit, tmp_path):
    """Values in the order of their numbers; a benchmark without the label comes last, and one whose key every object has does no harm."""
    labels = {
        "latency: AUTO-16": {"requests": "16", "constructor": "x"},
        "latency: AUTO-2": {"requests": "2"},
        "latency: AUTO-none": {"openvino": "2025.4.0", HOSTILE[:60]: HOSTILE[:100]},
    }
    for number in range(3):
        figures = dict.fromkeys(labels, 0.01)
        save(tmp_path / "history" / "lab-01", figures, days=number, openvino="2026.4.1", labels=labels)
    with contextlib.ExitStack() as stack:
        trends_page.save(Histories(stack, tmp_path / "history", tmp_path / "cache").all(Where()), tmp_path / "trends")
    page = visit(tmp_path / "trends" / "index.html")
    titles = page.locator("#charts-of-trends").locator("h3, h4")
    assert titles.all_inner_texts() == ["latency: AUTO-16", "latency: AUTO-2", "latency: AUTO-none"]
    page.locator("select[name=group]").select_option("requests")
    assert titles.all_inner_texts() == [
        "requests: 2",
        "latency: AUTO-2",
        "requests: 16",
        "latency: AUTO-16",
        "requests: none",
        "latency: AUTO-none",
    ]
    assert draw_all(page) == 3
    page.locator("select[name='label:requests']").select_option("16")
    assert titles.all_inner_texts() == ["requests: 16", "latency: AUTO-16"]
    assert "requests 16" in page.locator("#charts-of-trends").inner_text()
    page.locator("select[name='label:requests']").select_option("")
    page.locator("select[name='label:constructor']").select_option("x")
    page.locator("select[name=group]").select_option("constructor")
    assert titles.all_inner_texts() == ["constructor: x", "latency: AUTO-16"]
    page.locator("select[name='label:constructor']").select_option("")
    page.locator("select[name=openvino]").select_option("2025.4.0")
    assert titles.all_inner_texts() == ["constructor: none", "latency: AUTO-none"]
    draw_all(page)
    assert page.locator("[data-trend]").get_attribute("data-points") == "3"
    assert page.locator("img, main b").count() == 0


def test_a_change_of_level_is_marked_and_the_axes_can_be_chosen(visit, reports):
    page = visit(reports / "trends" / "index.html")
    draw_all(page)
    marks = page.locator("[data-trend]").first.locator(".annotation-text")
    assert marks.count() == 1
    assert marks.first.text_content() == "+10.0 %"
    assert "÷ pinned workload" in page.locator("[data-trend]").first.text_content()
    page.get_by_label("milliseconds, or MiB", exact=True).check()
    eventually(page, "!document.querySelector('[data-trend]').textContent.includes('÷ pinned workload')")
    page.get_by_label("date", exact=True).check()
    eventually(page, "document.querySelector('[data-trend]').textContent.includes('date (UTC)')")


def test_the_hand_over_is_drawn_with_each_inference_by_who_answered(visit, reports):
    page = visit(reports / "latest" / "index.html")
    timeline = page.locator("[data-chart^=timeline]").first
    timeline.scroll_into_view_if_needed()
    timeline.locator(".main-svg").first.wait_for()
    for name in ("CPU helper", "in transition", "accelerator", "hand-over"):
        assert name in timeline.text_content()
    assert timeline.locator(".point").count() > 100


def test_names_are_shown_as_text_and_run_nothing(visit, tmp_path):
    names = {"machine": HOSTILE, "model": HOSTILE, "openvino": HOSTILE, "fingerprint": HOSTILE}
    for number in range(12):
        figures = {f"latency: {HOSTILE}": 0.01 if number < 6 else 0.02}
        made = save(tmp_path / "history", figures, days=number, **{**names, "fingerprint": "f" * 16})
    with contextlib.ExitStack() as stack:
        histories = Histories(stack, tmp_path / "history", tmp_path / "cache")
        trends_page.save(histories.all(Where()), tmp_path / "trends")
        comparison_page.save(
            compare(histories.select(str(made)), histories.select("last=3"), 0.05), tmp_path / "comparison.html"
        )
    for path in (tmp_path / "trends" / "index.html", tmp_path / "comparison.html"):
        page = visit(path, "phone")
        assert draw_all(page) == 1
        page.locator(".chart").first.hover()
        assert "<img src=x onerror=alert(1)>" in page.locator("main").inner_text()
        assert page.locator("img, main b").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_without_its_script_a_page_says_so_and_keeps_its_numbers(visit, reports, tmp_path):
    alone = tmp_path / "alone" / "comparison.html"
    alone.parent.mkdir()
    script = re.search(rb"assets/plotly[^\"<]*", (reports / "comparison.html").read_bytes())[0]
    alone.write_bytes((reports / "comparison.html").read_bytes().replace(script, b"nothing.js"))
    (alone.parent / "nothing.js").write_bytes(b"")
    page = visit(alone)
    assert "The charts' script is not beside this page" in page.locator(".chart").first.inner_text()
    assert page.locator("tbody tr").count() >= 4


class _Beacon(http.server.BaseHTTPRequestHandler):
    """Writes down what is asked for; a browser may connect before it knows that it must not ask."""

    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *args):
        pass


def test_a_page_runs_and_loads_nothing_that_is_not_the_suites_own(browser, reports, tmp_path):
    """Should a name ever slip through as a tag, the page's own policy holds it."""
    shutil.copytree(reports, tmp_path / "reports")
    page = tmp_path / "reports" / "comparison.html"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Beacon) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        beacon = f"http://127.0.0.1:{server.server_port}"
        injected = (
            f'<script>document.title = "run"</script><img src="{beacon}/image" onerror="document.title = \'run\'">'
            f'<script src="{beacon}/script"></script><iframe src="{beacon}/frame"></iframe>'
            f"<style>body {{background: url({beacon}/style)}}</style>"
        )
        page.write_text(page.read_text().replace('<main id="main">', f'<main id="main">{injected}'))
        with contextlib.closing(browser.new_context()) as context:
            tab = context.new_page()
            tab.goto(page.as_uri())
            tab.locator(".chart").first.scroll_into_view_if_needed()
            tab.locator(".chart .main-svg").first.wait_for()
            tab.wait_for_timeout(300)
            assert tab.title() != "run"
        server.shutdown()
    assert _Beacon.asked == []


def test_a_quarantined_stretch_is_drawn_and_said_and_models_of_one_name_are_two_trends(visit, tmp_path):
    for digest, folder, slower in (("1" * 64, "ocr", 1.1), ("2" * 64, "faces", 1.0)):
        names = {"model": "inference", "digest": digest, "path": f"{folder}/inference.onnx"}
        year(tmp_path / "history", runs=19, **names)
        year(tmp_path / "history", runs=21, slower=slower, days=30, standing=Standing.QUARANTINED, **names)
    with contextlib.ExitStack() as stack:
        trends_page.save(Histories(stack, tmp_path / "history", tmp_path / "cache").all(Where()), tmp_path / "trends")
    page = visit(tmp_path / "trends" / "index.html")
    assert draw_all(page) == 4
    page.locator("select[name=model]").select_option("inference FP16 (in ocr)")
    assert "2 of 2 trends shown (4 in all)" in page.locator("#shown").inner_text()
    draw_all(page)
    first = page.locator("section:has(> [data-trend])").first
    assert re.search(r"slower by 10\.\d % since run \d+ \(31 Jan 2026\), 21 runs, quarantined", first.inner_text())
    assert "level of quarantined runs" in first.text_content()
    page.locator("select[name=model]").select_option("inference FP16 (in faces)")
    draw_all(page)
    assert "slower" not in page.locator("#charts-of-trends").inner_text()


def test_a_trend_of_one_run_or_two_has_axes_that_mean_something(visit, tmp_path):
    """No time below zero, no tick of ten digits, no half of a run; and all that is drawn is in view."""
    save(tmp_path / "history" / "lab-01", {LATENCY: 0.00001167}, ratios={LATENCY: 0.004336915})
    for seconds in (0.0100, 0.0101):
        save(tmp_path / "history" / "lab-02", {LATENCY: seconds}, ratios={LATENCY: 100 * seconds}, machine="lab-02")
    with contextlib.ExitStack() as stack:
        page = trends_page.save(
            Histories(stack, tmp_path / "history", tmp_path / "cache").all(Where()), tmp_path / "trends"
        )
    page = visit(page)
    draw_all(page)
    view = """() => Array.from(document.querySelectorAll(".chart")).map(each => ({
        x: each._fullLayout.xaxis.range.map(Number), y: each._fullLayout.yaxis.range,
        at: each.data.flatMap(one => Array.from(one.y)).filter(one => one !== null),
        ticks: Array.from(each.querySelectorAll(".xtick, .ytick")).map(one => one.textContent)}))"""
    for value in ("ratio", "shown"):
        if value == "shown":
            page.locator("input[name=value]:not(:checked)").check()
        one, two = page.evaluate(view)
        assert (one["x"], two["x"]) == ([0.5, 1.5], [0.5, 2.5])
        for chart in (one, two):
            low, high = chart["y"]
            assert 0 < low < min(chart["at"]) <= max(chart["at"]) < high < 1.5 * max(chart["at"]), chart
            assert all(len(text) <= 6 for text in chart["ticks"]), chart["ticks"]
