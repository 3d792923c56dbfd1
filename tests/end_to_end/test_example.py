"""The example project: with nothing but the wheel it passes, its gate fails a planted slowdown, its report opens; and the page shows it."""

import json
import re
import shutil
import sys

import pytest

from tests.end_to_end.whole_runs import FAR, with_history
from tests.installed import run
from tests.support import ROOT
from tests.unit.test_documents import unknown

EXAMPLE, PAGE = ROOT / "examples" / "detector", ROOT / "docs" / "own.md"
INSTALL_S = 900.0
SLOWED = f"""
def _slow_down(base):
    def slowed(real):
        def call(request, *given, **more):
            for _ in range({FAR} - 1):
                real(request, *given, **more)
                request.wait()
            return real(request, *given, **more)
        return call
    base.infer, base.start_async = slowed(base.infer), slowed(base.start_async)

from openvino._pyopenvino import InferRequest as _base
_slow_down(_base)
"""
"""Behind OpenVINO's package: each inference is as many more, by the same model."""


def test_the_page_shows_the_examples_test_byte_for_byte():
    (shown,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    text = (EXAMPLE / "test_detector.py").read_text(encoding="utf-8")
    assert shown == text
    assert len([line for line in text.splitlines() if line]) <= 10


def test_it_keeps_the_evidence_in_junit_and_the_reports_out_of_git():
    page = PAGE.read_text(encoding="utf-8")
    for file, line in (("pyproject.toml", 'junit_family = "xunit1"'), (".gitignore", "/reports/")):
        assert line in (EXAMPLE / file).read_text(encoding="utf-8").splitlines()
        assert f"`{line}`" in page


@pytest.mark.parametrize("page", [PAGE, PAGE.with_name("ci.md"), EXAMPLE / "README.md"], ids=lambda page: page.name)
def test_pages_say_what_the_gate_does_with_a_file_that_was_replaced(page):
    text = page.read_text(encoding="utf-8")
    assert re.search(r"NO BASELINE.*green|green.*NO BASELINE|becomes the first", text)
    assert "--no-baseline=fail" in text
    assert re.search(r"--reference=\S*detector\.xml", text)


def test_its_job_gives_options_that_there_are_and_installs_no_package_by_a_name_alone():
    lines = (EXAMPLE / ".github" / "workflows" / "performance.yml").read_text(encoding="utf-8").splitlines()
    commands = [line.partition("run: ")[2] for line in lines if "run: " in line]
    assert len(commands) == 3
    parts = [each for command in commands for each in command.split(" && ")]
    assert [each for each in parts if unknown(each)] == []
    assert [each for each in parts if "pip install" in each] == [
        '.venv/bin/pip install --quiet "$WHEELS"/autogauge-*.whl'
    ]
    assert any(each.endswith("make_model.py") for each in parts)


@pytest.mark.slow
def test_it_passes_its_gate_fails_a_planted_slowdown_and_its_report_opens(wheel, tmp_path):
    environment, project = tmp_path / "environment", tmp_path / "project"
    run(sys.executable, "-m", "venv", environment, cwd=tmp_path)
    run(environment / "bin" / "pip", "install", "--quiet", wheel, cwd=tmp_path, timeout_s=INSTALL_S)
    shutil.copytree(EXAMPLE, project)
    run(environment / "bin" / "python", "make_model.py", cwd=project)
    pytest_ = (environment / "bin" / "pytest", "--pinned=off", "--machine=lab", f"--cache={tmp_path}/cache")
    said = run(*pytest_, "--gate=fail", cwd=project)
    assert re.search(r"= 2 passed", said), "two claims, and each is judged to hold"
    assert "page: reports/latest-detector/index.html" in said
    assert "the same in reports/latest" in said
    _opens(project / "reports")
    shutil.move(project / "reports", tmp_path / "first")
    with_history(tmp_path / "first", project / "reports", 1.0)
    (package,) = environment.glob("lib/python*/site-packages/openvino/__init__.py")
    package.write_text(package.read_text(encoding="utf-8") + SLOWED, encoding="utf-8")
    said = run(*pytest_, "--gate=fail", "-k", "throughput", cwd=project, expect=1)
    assert "quarantined" in said
    listed = json.loads(run(environment / "bin" / "autogauge", "history", "--json", cwd=project))
    assert [(each["machine"], each["number"]) for each in listed] == [("lab", number) for number in range(1, 8)]


def _opens(reports):
    """What a browser loads is there, and the page is the run's."""
    page = (reports / "latest" / "index.html").read_text(encoding="utf-8")
    for loaded in re.findall(r'(?:src|href)="([^":#?]+)"', page):
        assert (reports / "latest" / loaded).is_file(), loaded
    summary = json.loads((reports / "latest" / "summary.json").read_bytes())
    assert {each["verdict"] for each in summary["verdicts"]} == {"PASS"}
    assert len(summary["verdicts"]) == 2
    for verdict in summary["verdicts"]:
        assert verdict["name"] in page
