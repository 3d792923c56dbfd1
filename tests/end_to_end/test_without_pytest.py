"""A study is measured, saved and drawn again by a script: what ``docs/architecture.md`` shows."""

import json
import os
import re
import subprocess
import sys

import pytest

from autogauge.history import recorded
from autogauge.rig.lock import VARIABLE
from tests.support import ROOT, lock_of_its_own, run_cli


@pytest.mark.slow
def test_the_script_on_the_page_measures_and_what_it_saved_is_drawn(tmp_path, model_cache):
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"## Measure without pytest.*?```python\n(.*?)```", page, re.DOTALL)
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "AUTOGAUGE_CACHE": str(model_cache),
        VARIABLE: str(lock_of_its_own()),
    }
    without = f"{script}\nimport sys\nassert not {{'pytest', '_pytest'}} & {{*sys.modules}}\n"
    done = subprocess.run(
        [sys.executable, "-c", without],
        cwd=tmp_path,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *verdicts, saved = done.stdout.splitlines()
    assert saved == "by-hand/0001_first.json"
    assert len(verdicts) == 4
    read = recorded.of_file(tmp_path / saved)
    (result,) = read.results
    assert result.name == "first inference latency"
    assert read.openvino
    for condition in result.conditions:
        assert result.figures(condition.name, "fil_s")
    drawn = run_cli("report", str(tmp_path / saved), f"--out={tmp_path / 'page'}")
    assert drawn.returncode == 0, drawn.stderr
    assert "AUTO's first inference comes about as early as the CPU's" in " ".join(drawn.stdout.split())
    assert json.loads((tmp_path / "page" / "summary.json").read_bytes())["verdicts"]
    assert (tmp_path / "page" / "index.html").is_file()
