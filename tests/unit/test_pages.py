"""Pages show names as text, whatever they hold, and every chart's numbers as a table. A real browser is asked in ``tests/browser``."""

import base64
import contextlib
import dataclasses
import hashlib
import html
import json
import re

import numpy as np
import pytest

from autogauge.errors import UserError
from autogauge.files import fill
from autogauge.gate.comparison import compare
from autogauge.gate.judgement import Judgement, Way
from autogauge.history.select import Histories
from autogauge.history.standing_file import Standing
from autogauge.history.where import Where
from autogauge.report import markdown, summary
from autogauge.report.pages import comparison_page, run_page, trends_page
from autogauge.studies.hand_over import drawing as hand_over_drawing
from tests.cases import each_of
from tests.histories import LATENCY, save, year
from tests.unit.test_report import run, shown  # noqa: F401 (a fixture)

HOSTILE = "</script><img src=x onerror=alert(1)>'\"&amp;\n\U0001f600" + "x" * 10_000


@pytest.fixture
def histories(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Histories(stack, tmp_path / "history", tmp_path / "cache")


def text_of(page):
    """A page without its scripts and styles."""
    return re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)


def data_of(page, name):
    """The JSON in a page."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1])


def test_a_runs_page_has_verdicts_first_then_charts_each_with_its_table(run, tmp_path):  # noqa: F811
    page = (summary.save(shown(run), run.settings.latest, None).parent / "index.html").read_text()
    assert "promises kept" in page
    charts = data_of(page, "charts")
    assert {"hints-fps", "hints-latency-ms", "distributions-hints"} <= charts.keys()
    assert charts["hints-fps"]["rows"][1] == {
        "label": "AUTO-THROUGHPUT",
        "value": 150.0,
        "low": 150.0,
        "high": 150.0,
        "count": 14,
    }
    body = text_of(page)
    body = body[body.index("<main") :]
    assert body.index("PASS") < body.index("The figures") < body.index("FPS by hint")
    assert body.count("data-chart=") == len(charts)
    assert body.count("<table>") >= len(charts)
    assert re.search(r"<script src=\"\.\./assets/plotly-[\d.]+\.min\.js\">", page)
    assert len(list((tmp_path / "assets").iterdir())) == 1


def test_a_runs_page_says_what_was_judged_against_nothing(run, tmp_path):  # noqa: F811
    """A reader of the page must not take silence for a green gate."""
    judged = Judgement("latency", Way.HISTORY, "history", None, None, 1.05).noted(
        "no accepted run before this one has it"
    )
    gate = {"mode": "fail", "judgements": [judged.to_json()], "lost": [], "notes": ["latency: it has crept by +9 %"]}
    gate["not_judged"] = "1 benchmark: memory changed from 23 to 47 GiB since run 0020"
    found = dataclasses.replace(shown(run), gate=gate)
    page = text_of(run_page.page(found, tmp_path / "latest" / "index.html", tmp_path / "assets").decode())
    assert '<p class="warning">NOT JUDGED: 1 benchmark: memory changed from 23 to 47 GiB since run 0020</p>' in page
    assert "<li>latency: it has crept by +9 %</li>" in page
    assert "no accepted run before this one has it" in page
    del gate["not_judged"]
    page = run_page.page(found, tmp_path / "latest" / "index.html", tmp_path / "assets").decode()
    assert "NOT JUDGED" not in page


def test_of_very_many_points_the_extremes_are_drawn():
    y = np.zeros(100_000)
    y[777], y[50_000] = 5.0, -3.0
    kept = hand_over_drawing.thinned(np.arange(len(y)), y, 1000)
    assert len(kept) <= 1000
    assert {777, 50_000} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_the_history_page_says_what_changed_and_when(histories, tmp_path):
    year(tmp_path / "history", runs=20, openvino="2026.3.0")
    year(tmp_path / "history", runs=10, slower=1.08, days=40)
    save(
        tmp_path / "history" / "lab-01", {LATENCY: 0.5}, ratios={LATENCY: 50.0}, standing=Standing.QUARANTINED, days=60
    )
    page = trends_page.save(histories.all(Where()), tmp_path / "trends").read_text()
    assert f"{LATENCY} became slower on lab-01 (+8." in text_of(page)
    described = data_of(page, "trends-data")
    assert [each["benchmark"] for each in described] == ["latency: AUTO-LATENCY", "seconds per frame: AUTO-THROUGHPUT"]
    assert [len(each["changes"]) for each in described] == [1, 1]
    assert [row[:3] for row in described[0]["releases"]] == [["2026.3.0", "20", "20"], ["2026.4.1", "11", "10"]]
    name = described[0]["id"]
    series = (tmp_path / "trends" / "data" / f"{name}.js").read_text()
    assert series.startswith(f'trends.series["{name}"]={{"run":[0,1,')
    assert len(json.loads(series.partition("=")[2].rstrip(";\n"))["shown"]) == 31


def test_the_report_is_replaced_as_a_whole_and_nothing_else_is(histories, tmp_path):
    year(tmp_path / "history", runs=3)
    found = histories.all(Where())
    page = trends_page.save(found, tmp_path / "trends")
    for name in ("s99999.js", "t0123456789ab.js"):
        (page.parent / "data" / name).write_text("stale")
    trends_page.save(found, tmp_path / "trends")
    assert not [*(page.parent / "data").glob("s9*"), *(page.parent / "data").glob("t0123456789ab*")]
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    (tmp_path / "precious" / "index.html").write_text("somebody's own page")
    with pytest.raises(UserError, match="something else than a report"):
        trends_page.save(found, tmp_path / "precious")
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years of work"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize("threads", [True, False])
def test_many_files_are_written_at_once_or_one_by_one_and_all_are_there(tmp_path, monkeypatch, threads):
    def refuses(self, *work):
        raise RuntimeError("can't start new thread")

    if not threads:
        monkeypatch.setattr("concurrent.futures.ThreadPoolExecutor.submit", refuses)
    contents = {f"data/{number}.js": b"x" * number for number in range(50)} | {"index.html": b"page"}
    fill(tmp_path / "new", contents)
    found = {path.relative_to(tmp_path / "new").as_posix(): path for path in (tmp_path / "new").rglob("*.*")}
    assert {name: path.read_bytes() for name, path in found.items()} == contents


def test_a_file_that_cannot_be_written_leaves_the_report_as_it_was(tmp_path):
    page = trends_page.put(
        lambda page, assets: {"index.html": b"before", "data/runs.js": b"trends.runs="}, tmp_path / "out"
    )
    with pytest.raises(OSError, match="too long"):
        trends_page.put(lambda page, assets: {"index.html": b"after", f"data/{'x' * 300}.js": b""}, tmp_path / "out")
    assert page.read_bytes() == b"before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["assets", "out"]


@pytest.mark.parametrize("make", ["trends", "comparison", "markdown"])
def test_hostile_names_are_text(histories, tmp_path, make):
    names = {"machine": HOSTILE, "model": HOSTILE, "openvino": HOSTILE}
    for number in range(2):
        save(tmp_path / "history" / "lab", {f"latency: {HOSTILE}": 0.01}, days=number, **names)
    if make == "trends":
        page = trends_page.save(histories.all(Where()), tmp_path / "out").read_text()
    else:
        found = compare(histories.select("last=1"), histories.select(str(tmp_path / "history" / "lab")), 0.05)
        if make == "markdown":
            shown = markdown.of_comparison(found)
            assert "<img" not in shown
            assert len(shown) < 20_000
            return
        comparison_page.save(found, tmp_path / "out.html")
        page = (tmp_path / "out.html").read_text()
    assert "<img" not in page
    assert "&lt;img" in text_of(page)
    assert all("</script" not in body[:-9] for body in re.findall(r"<script type.*?</script>", page, re.DOTALL))


def test_markdown_of_a_run_has_its_verdicts_and_figures(run):  # noqa: F811
    text = markdown.of_run(shown(run))
    assert text.startswith("## AUTO on lab: all ")
    assert "| ✅ PASS | " in text
    assert re.search(r"\| AUTO \| THROUGHPUT \| – \| 150 \| 13 \| CPU \|", text), text


@each_of(
    "name",
    [
        "https://x.example/a",
        "see HTTP://x.example",
        "www.x.example",
        "a@x.example",
        "@somebody",
        "owner/name#12",
        "GH-12",
    ],
)
def test_a_name_that_looks_like_an_address_or_a_person_is_no_link_in_markdown(name):
    """GitHub and GitLab make links of bare addresses, people and issues, after Markdown's own escapes are gone."""
    shown = markdown.text(f"lab {name} end")
    assert html.unescape(re.sub(r"\\(.)", r"\1", shown)).replace(markdown.UNSEEN, "") == f"lab {name} end", (
        "it reads as it was"
    )
    assert not re.search(r"://|www\.|[@#]\w|GH-\d", shown, re.IGNORECASE)


@pytest.mark.parametrize("make", ["trends", "comparison", "run"])
def test_every_page_says_what_a_browser_may_do_for_it(histories, run, tmp_path, make):  # noqa: F811
    year(tmp_path / "history", runs=3)
    if make == "trends":
        page = trends_page.save(histories.all(Where()), tmp_path / "out").read_text()
    elif make == "comparison":
        comparison_page.save(
            compare(histories.select("last=1"), histories.select("last=2"), 0.05), tmp_path / "out.html"
        )
        page = (tmp_path / "out.html").read_text()
    else:
        page = (summary.save(shown(run), run.settings.latest, None).parent / "index.html").read_text()
    policy = html.unescape(re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1])
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe-eval" not in policy
    inline = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert inline, "the page has scripts of its own"
    for script in inline:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy


def test_what_an_exception_says_acts_on_nothing_in_a_page_and_does_not_fill_it(run, tmp_path):  # noqa: F811
    """OpenVINO's error names what a user gave: it may hold anything."""
    recorded = shown(run)
    said = "RuntimeError: \x1b[2J\x07\x00\u202e" + "y" * 20_000
    evil = {**recorded.verdicts[0], "verdict": "FAIL", "evidence": said, "claim": f"a claim of {said}"}
    recorded = dataclasses.replace(recorded, verdicts=[evil], notes=[said])
    page = run_page.page(recorded, tmp_path / "index.html", tmp_path).decode()
    assert not {*page} & {"\x1b", "\x07", "\x00", "\u202e"}
    assert "RuntimeError: ·[2J···yyy" in page
    assert "y" * 10_000 not in page
