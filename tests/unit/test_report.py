"""`reports/latest` is replaced as a whole; the table shows what was measured and dashes for the rest."""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

from autogauge import files
from autogauge.history import run_file
from autogauge.measuring.claim import Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import titled
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Check, Replicate, Result, Sample
from autogauge.models.artefact import ModelArtefact
from autogauge.models.resolve import Wanted
from autogauge.probe.facts import seen_here
from autogauge.report import summary, terminal
from autogauge.report.rows import tables
from autogauge.rig.profile import PROFILES
from autogauge.run import Run
from autogauge.settings import Settings
from autogauge.studies.first_inference.study import FIRST_INFERENCE
from autogauge.studies.hints import HINTS
from autogauge.targets import Device, Target
from tests.studied import planned, planned_hints


def settings(reports, **changes):
    values = {
        "wanted": Wanted("m"),
        "shapes": {},
        "picture": None,
        "profile": PROFILES["quick"],
        "devices": None,
        "hints_on": None,
        "accelerator": "auto",
        "fail_inconclusive": False,
        "infer_requests": 0,
        "probe_deadline_s": 60.0,
        "cache": reports / "cache",
        "reports": reports,
        "machine": "lab",
    }
    return dataclasses.replace(Settings.of({}, reports), **{**values, **changes})


def kept(study):
    """Every fact of the study holds."""
    return {claim.name: Check(True, "by CPU") for claim in study.claims if isinstance(claim, Fact)}


@pytest.fixture
def run(tmp_path):
    """A run whose figures are known."""
    cpu = Device("CPU", "a CPU")
    run = Run(settings(tmp_path), openvino="2026.4.1", devices=[cpu], machine_facts=seen_here())
    run.model = ModelArtefact("m", "path", "IR", Path("m.xml"), "d" * 64, "unknown")
    first = planned(FIRST_INFERENCE, FIRST_INFERENCE.amounts["quick"].plan, devices=[cpu])
    for index in range(8):
        samples = {
            name: Sample({"fil_s": 0.1}, execution_devices=("CPU",), checks=kept(first)) for name in ("AUTO", "CPU")
        }
        first.replicates.append(Replicate(index, ("AUTO", "CPU"), samples))
    hints = planned_hints(HINTS.amounts["quick"].plan)
    for index in range(14):
        samples = {
            f"AUTO-{hint}": Sample(
                {"fps": fps, "latency_ms": ms},
                latencies_ms=np.full(10, ms, np.float32),
                execution_devices=("CPU",),
                checks=kept(hints),
            )
            for hint, fps, ms in (("LATENCY", 100.0, 10.0), ("THROUGHPUT", 150.0, 13.0))
        }
        hints.replicates.append(Replicate(index, tuple(samples), samples))
    run.results += [first, hints]
    return run


def shown(run):
    """The run as its file would tell it."""
    return run.recorded(run.put_into(run_file.without_benchmarks("lab", run.fingerprint, run.noted)))


def test_the_table_has_a_row_for_each_condition_and_dashes_where_samples_are_few(run):
    (together,) = tables(run.results)
    found = {(row.target, row.hint): row for row in together.rows}
    assert found["AUTO", None].figures == {"fil_s": pytest.approx(0.1)}
    assert found["AUTO", None].samples == {"fil_s": 8}
    assert found["AUTO", "LATENCY"].figures["fps"] == pytest.approx(100)
    assert found["AUTO", "LATENCY"].p90_ms == pytest.approx(10)
    assert found["AUTO", "LATENCY"].p99_ms is None, "140 latencies are too few"
    text = terminal.render(terminal.results(shown(run)), width=80, colour=False)
    assert max(map(len, text.splitlines())) <= 80
    assert "AUTO    LATENCY" in text
    assert text.count("PASS") == 7
    assert "AUTO and CPU: it held in all 16 samples (by CPU)" in text


@pytest.mark.parametrize("width", [20, 40, 60, 79])
def test_on_a_narrower_terminal_no_name_and_no_figure_is_lost(run, width):
    text = terminal.render(terminal.results(shown(run)), width=width, colour=False)
    assert max(map(len, text.splitlines())) <= width
    words = text.replace("\n", " ").split()
    for figure in ("100.0", "150.0", "10.00", "13.00", "AUTO", "LATENCY", "THROUGHPUT"):
        assert any(figure in word for word in words), text
    assert "…" not in text
    assert ("─" in text) == (width >= 79), "either the table or the lines"


def test_the_figures_fit_a_narrow_terminal_whatever_the_names(run):
    run.devices = [Device("GPU.0", "an [accelerator] of \x1b[31mmany names " * 5)]
    text = terminal.render(terminal.results(shown(run)), width=80, colour=False)
    assert "an [accelerator]" in text, "square brackets are text, not markup"


@pytest.mark.parametrize("width", [80, 90, 100, 200])
def test_no_figure_and_no_target_is_cut_by_long_labels_and_titles(run, width):
    hints = run.results[1]
    slowest = Metric("slowest_ms", "slowest request of all the requests of a slice", "ms", seconds=1e-3)
    for replicate in hints.replicates:
        for name, sample in replicate.samples.items():
            replicate.samples[name] = dataclasses.replace(sample, figures={**sample.figures, "slowest_ms": 12.34})
    conditions = tuple(
        dataclasses.replace(each, own_labels={"way": f"through {each.name}, as is usual"}) for each in hints.conditions
    )
    plan = {"metrics": (*hints.metrics, slowest), "recorded": {**hints.recorded, "slowest": slowest.name}}
    run.results[1] = dataclasses.replace(hints, conditions=conditions, **plan)
    text = terminal.render(terminal.results(shown(run)), width=width, colour=False)
    top = text[: text.index("AUTO's first inference comes")]
    assert "…" not in top, top
    words = [word.rstrip(";:") for word in top.split()]
    assert {"12.3", "150.0", "13.00"} <= {*words}, top
    assert sum(word.startswith("AUTO") for word in words) >= 3, "each row says what was measured"


def test_the_summary_replaces_the_old_one_as_a_whole(run, tmp_path):
    summary.save(shown(run), run.settings.latest, None)
    (run.settings.latest / "latencies.npz").write_text("of an old run")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs").chmod(0o700)
    (tmp_path / "logs" / "0001-probe.out").write_text("a line")
    path = summary.save(shown(run), run.settings.latest, tmp_path / "logs")
    assert {each.name for each in path.parent.iterdir()} == {"summary.json", "index.html", "latencies.npz", "probes"}
    modes = {each.stat().st_mode & 0o777 for each in (path.parent, path.parent / "probes")}
    assert len(modes) == 1, "who may read the summary may read what the probes printed"
    assert (path.parent / "probes" / "0001-probe.out").samefile(tmp_path / "logs" / "0001-probe.out"), (
        "it is stored once"
    )
    written = json.loads(path.read_bytes())
    (second, *_) = (
        each
        for each in written["verdicts"]
        if each["kind"] == "ratio" and each["name"] != written["verdicts"][0]["name"]
    )
    assert second["replicates"] == 14
    assert (path.parent / "latencies.npz").read_bytes() != b"of an old run"


def test_a_summary_that_cannot_be_written_leaves_the_old_one(run, tmp_path, monkeypatch):
    before = summary.save(shown(run), run.settings.latest, None).read_bytes()
    monkeypatch.setattr(
        summary, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(OSError, match="No space"):
        summary.save(shown(run), run.settings.latest, None)
    assert (run.settings.latest / "summary.json").read_bytes() == before
    assert {each.name for each in tmp_path.iterdir()} == {"assets", "latest"}


def test_what_changes_in_the_middle_changes_no_fingerprint_and_is_told(run, monkeypatch):
    before = run.fingerprint.digest
    run.look_again()
    assert run.changes == []
    processors = {*range(os.cpu_count() + 1)}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: processors)
    run.look_again()
    run.look_again()
    assert run.fingerprint.digest == before
    count, _ = run.changes
    assert count.endswith(f"to {len(processors)}")
    assert run.unfit()[0] == f"while it measured, {count}"
    assert any(count in note for note in run.all_notes())
    monkeypatch.undo()
    run.look_again()
    assert len(run.changes) == 2, "what changed back has changed all the same"


def test_what_changed_for_the_probes_alone_is_told_too(run):
    study = run.results[0]
    for number, replicate in enumerate(study.replicates):
        for sample in replicate.samples.values():
            sample.surroundings["processors"] = 2 if number < 5 else 1
    run.look_again()
    run.look_again()
    assert run.changes == ["the number of processors that probes may use changed from 2 to 1"]
    assert run.unfit()[0] == f"while it measured, {run.changes[0]}"


def test_what_changed_before_the_measuring_began_is_what_is_measured(run, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {*range(os.cpu_count() + 1)})
    run.begin()  # once the machine's lock is held, which may be long after the session began
    run.look_again()
    assert run.changes == []
    assert run.fingerprint is None, "a probe is to say what it is now"


def test_what_changes_the_figures_changes_the_fingerprint(run, tmp_path):
    digests = {run.fingerprint.digest}
    for changes in (
        {"shapes": {"": [4, 3, 8, 8]}},
        {"infer_requests": 4},
        {"profile": PROFILES["lab"]},
        {"machine": "b"},
    ):
        run.settings = settings(tmp_path, **changes)
        digests.add(run.fingerprint.digest)
    run.settings = settings(tmp_path)
    run.inputs_digest = "another picture"
    digests.add(run.fingerprint.digest)
    assert len(digests) == 6
    run.inputs_digest = ""
    run.settings = settings(tmp_path, profile=PROFILES["standard"])
    assert run.fingerprint.digest not in digests, "the lowest of 7 samples is not the lowest of 32"


def test_what_is_published_says_nothing_of_whose_machine_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "jane"))
    monkeypatch.chdir(tmp_path)
    home, here, elsewhere = (
        tmp_path / "home" / "jane" / "x" / "m.xml",
        tmp_path / "models" / "m.xml",
        Path("/srv/a/b/c/m.xml"),
    )
    for path, shown in ((here, "models/m.xml"), (elsewhere, "…/c/m.xml"), (Path("/m.xml"), "/m.xml")):
        assert ModelArtefact("m", "path", "IR", path, "d" * 64, "unknown").to_published_json()["path"] == shown
    monkeypatch.chdir("/")
    assert files.published(home) == "~/x/m.xml"


def test_conditions_of_one_device_without_titles_are_told_apart_by_name(run, tmp_path):
    """A/A, or one device with two properties; and one name in two studies."""
    pair = tuple(Condition(name, Target.with_hint("CPU", "LATENCY")) for name in ("A", "A again"))
    study = Result("A/A", pair, (), Plan((6,), 1.0), 1)
    for index in range(3):
        samples = {each.name: Sample({"fps": 10.0, "latency_ms": 1.0, "fil_s": 0.1}) for each in pair}
        study.replicates.append(Replicate(index, ("A", "A again"), samples))
    other = planned(FIRST_INFERENCE, FIRST_INFERENCE.amounts["quick"].plan, devices=[Device("CPU", "a CPU")])
    other.name = "another study"
    other.replicates = [Replicate(0, ("AUTO", "CPU"), {"AUTO": Sample({"fps": 1.0, "latency_ms": 1.0})})]
    run.results += [study, other]
    found = [(row.target, row.hint) for each in tables(run.results) for row in each.rows]
    assert len(set(found)) == len(found)
    assert ("CPU (A)", "LATENCY") in found
    assert ("CPU (A again)", "LATENCY") in found
    assert ("AUTO (another study)", None) in found
    assert ("AUTO", "LATENCY") in found, "what is alone keeps its name"
    path = summary.save(shown(run), run.settings.latest, None)
    page = path.with_name("index.html").read_text()
    assert "CPU (A again)" in page


def test_the_phases_of_conditions_with_one_title_are_told_apart_by_name():
    conditions = [Condition(name, Target("CPU"), "CPU") for name in ("A", "A again")] + [Condition("B", Target("CPU"))]
    result = Result("study", tuple(conditions), (), Plan((6,), 1.0), 1)
    assert [titled(result, each) for each in conditions] == ["CPU (A)", "CPU (A again)", "B"]
