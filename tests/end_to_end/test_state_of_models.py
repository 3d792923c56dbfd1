"""A model whose state grows with every inference, measured as a user measures: what was done about it is said everywhere."""

import json

import pytest

from tests import changeable_models
from tests.support import run_suite

pytestmark = pytest.mark.slow


def test_a_run_says_on_terminal_summary_and_page_that_state_was_reset(tmp_path):
    model = changeable_models.growing(tmp_path)
    done = run_suite(
        "-m",
        "perf",
        f"--model={model}",
        "--accelerator=none",
        f"--reports={tmp_path / 'reports'}",
        "-k",
        "test_seconds_per_frame",
        timeout_s=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    latest = tmp_path / "reports" / "latest"
    notes = json.loads((latest / "summary.json").read_text())["notes"]
    said = [note for note in notes if "state" in note]
    assert any("it grows with every inference" in note and "benchmark_app resets nothing" in note for note in said)
    assert any("the model's state was reset before each inference of" in note for note in said)
    for shown in (" ".join(done.stdout.split()), (latest / "index.html").read_text()):
        assert "it grows with every inference" in shown
        assert "state was reset before each inference of" in shown
    (run,) = (tmp_path / "reports" / "history").glob("*/*.json")
    assert json.loads(run.read_text())["machine_info"]["fingerprint"]["measured"]["state"]
