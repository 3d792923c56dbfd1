"""A run's file holds all that a report shows: it is drawn again from that alone, also an old one, or without its arrays."""

import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from autogauge import studies
from autogauge.cli.report import app
from autogauge.errors import UserError
from autogauge.files import as_json, ownerless, write_bytes
from autogauge.gate.decision import Decision
from autogauge.gate.gate import Gate
from autogauge.history import recorded, records, run_file, store
from autogauge.history.baseline import History
from autogauge.history.standing_file import Standing
from autogauge.measuring.claim import Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.drawing import Block, Table
from autogauge.measuring.metric import Metric
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import BY_METRIC, Check, Replicate, Result, Sample
from autogauge.plain import json_text
from autogauge.report import markdown, summary, terminal, told, words
from autogauge.report.pages import run_page
from autogauge.targets import Target
from tests.cases import each_of
from tests.properties import for_all
from tests.support import ROOT
from tests.unit.test_report import run, shown  # noqa: F401 (a fixture)

DATA = ROOT / "tests" / "data"
OLD = DATA / "run.json"
(SAVED,) = (DATA / "run").glob("*.json")


def printed(found):
    return terminal.render(terminal.results(found), width=100, colour=False)


def command(*words):
    done = CliRunner().invoke(app, [str(each) for each in words])
    return done, done.output


def saved_by_hand(folder, run):  # noqa: F811
    """A run saved without pytest: each recorded metric of each condition is a benchmark."""
    entries = []
    for result in run.results:
        for group, name in result.recorded.items():
            metric = result.metric(name)
            for condition in result.conditions:
                key = f"{group}: {condition.name}"
                samples_s = [metric.cost(each) for each in result.figures(condition.name, name)]
                extra = run_file.extra_info(result, condition.name, metric, key, run.in_short(), None)
                entries.append(run_file.benchmark(key, group, samples_s, extra))
    info = run_file.machine_info("lab", run.fingerprint, run.noted)
    document = run.put_into(run_file.document(entries, info))
    return run_file.save(folder, document, run.arrays(), "m", run.fingerprint.digest)


def test_what_is_drawn_of_the_file_is_what_was_drawn_of_the_session(run, tmp_path):  # noqa: F811
    run.gate = Gate("warn", 0.05, 6, History)
    run.notes.append("a note")
    live = shown(run)
    path = saved_by_hand(tmp_path / "lab", run)
    found = recorded.of_file(path)
    live = dataclasses.replace(live, path=path)
    assert found.results == live.results
    assert printed(found) == printed(live)
    assert markdown.of_run(found) == markdown.of_run(live)
    assert told.summarize(found) == told.summarize(live)
    pages = [run_page.page(each, tmp_path / "index.html", tmp_path / "assets") for each in (found, live)]
    assert pages[0] == pages[1]
    assert found.lacks == ()
    done, text = command(path)
    assert done.exit_code == 0, text
    assert "FIL ms (n)" in text
    assert "a note" in text


def test_a_file_made_without_pytest_has_pytest_benchmarks_own_shape_and_statistics(run, tmp_path):  # noqa: F811
    path = saved_by_hand(tmp_path / "lab", run)
    ours, theirs = (json.loads(each.read_bytes()) for each in (path, OLD))
    assert ours.keys() == theirs.keys()
    assert ours["machine_info"].keys() == theirs["machine_info"].keys() | {"noted"}
    assert ours["commit_info"].keys() == theirs["commit_info"].keys()
    mine, before = ours["benchmarks"][0], theirs["benchmarks"][0]
    assert mine.keys() == before.keys()
    assert mine["stats"].keys() == before["stats"].keys()
    read = records.read(path)
    assert not read.problems
    assert read.benchmarks["seconds per frame: AUTO-LATENCY"].median_s == pytest.approx(0.01)
    assert read.benchmarks["first inference latency: CPU"].samples == 8
    assert "results" not in read.gate, "who judges does not keep them"


@for_all(lambda st: (st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=40),))
def test_statistics_are_those_that_pytest_benchmark_made_of_the_same_samples(samples):
    stats = run_file.benchmark("b", "g", samples, {})["stats"]
    assert stats["data"] == samples
    assert stats["median"] == statistics.median(samples)
    assert stats["min"] <= stats["q1"] <= stats["median"] <= stats["q3"] <= stats["max"]
    assert stats["rounds"] == len(samples)
    assert stats["iterations"] == 1


def test_statistics_of_a_real_file_are_made_again_to_the_digit():
    for each in json.loads(OLD.read_bytes())["benchmarks"]:
        again = run_file.benchmark(each["fullname"], each["group"], each["stats"]["data"], each["extra_info"])["stats"]
        assert again == each["stats"]


def test_pytest_benchmark_compares_what_was_saved_without_pytest(run, tmp_path):  # noqa: F811
    for _ in range(2):
        saved_by_hand(tmp_path / "history" / "lab", run)
    done = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "--storage", str(tmp_path / "history" / "lab"), "compare"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "seconds per frame: AUTO-LATENCY" in done.stdout
    assert "0001_m" in done.stdout
    assert "0002_m" in done.stdout


def test_to_make_a_file_imports_no_pytest():
    code = (
        "import sys\nfrom autogauge.history import run_file\n"
        "run_file.document([run_file.benchmark('b', 'g', [1.0], {})], {})\n"
        "assert not {'pytest', '_pytest'} & {*sys.modules}, sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def test_a_real_file_is_drawn_with_all_that_its_session_showed(tmp_path):
    found = recorded.of_file(SAVED)
    assert [each.name for each in found.results] == [
        "first inference latency, cached",
        "first inference latency",
        "hand-over",
    ]
    text = printed(found)
    for line in ("EMULATED GPU", "AUTO (emulated), cached", "handed over (1)", "spike ratio", "memory at the end, MiB"):
        assert line in text
    ids = [each.id for each in run_page.blocks(found)]
    assert {"figures", "first-inference-latency-fil-s", "timeline-synchronous", "metrics-hand-over"} <= {*ids}
    assert len({*ids}) == len(ids)
    done, text = command(SAVED, f"--out={tmp_path / 'again'}")
    assert done.exit_code == 0, text
    assert {each.name for each in (tmp_path / "again").iterdir()} == {
        "index.html",
        "summary.json",
        "latencies.npz",
        "timelines.npz",
    }
    with np.load(tmp_path / "again" / "timelines.npz") as arrays:
        assert len(arrays["hand-over/synchronous/0/start_s"]) > 1000


@each_of("neighbour", ["absent", "rubbish", "of another run", "a folder"])
def test_without_its_arrays_a_run_is_drawn_all_the_same_and_that_is_said(tmp_path, neighbour):
    path = tmp_path / SAVED.name
    shutil.copy(SAVED, path)
    beside = run_file.arrays_path(path)
    if neighbour == "rubbish":
        beside.write_bytes(b"PK\x03\x04 half of a file")
    elif neighbour == "a folder":
        beside.mkdir()
    elif neighbour == "of another run":
        np.savez(beside, **{"results/2/0/latencies_ms": np.ones(3), "results/2/0/latencies": np.array([7, 7])})
    found = recorded.of_file(path)
    assert found.results == recorded.of_file(SAVED).results
    (said,) = found.lacks
    assert path.stem in said or "not of it" in said
    assert said.split()[0] in printed(found)
    page = run_page.page(found, tmp_path / "index.html", tmp_path / "assets").decode()
    assert 'id="timeline-synchronous"' not in page
    assert "Every metric: hand-over" in page


def test_an_old_file_is_drawn_from_its_benchmarks_and_says_what_it_lacks(tmp_path):
    found = recorded.of_file(OLD)
    text = printed(found)
    assert "on lab-01: CPU" in text
    assert "seconds per" in text
    assert "frame ms" in text, "its heading is folded"
    assert "PASS" in text
    assert "[98.75" not in text
    assert "98.75 % interval" in text
    assert "gate (warn" in text
    assert "an earlier autogauge saved this run" in text
    first = json.loads(OLD.read_bytes())["benchmarks"][0]
    (cold, _) = found.results
    condition = first["extra_info"]["benchmark"].partition(": ")[2]
    assert cold.figures(condition, cold.metrics[0].name) == first["stats"]["data"]
    assert "promises kept" in words.in_words(found) or "inconclusive" in words.in_words(found)
    done, text = command(OLD, "--markdown")
    assert done.exit_code == 0, text
    assert text.startswith("## AUTO on lab-01: ")
    done, text = command(OLD, "--json")
    assert json.loads(text)["fingerprint"]["machine"] == "lab-01"
    done, text = command(OLD, f"--out={tmp_path / 'old'}")
    assert done.exit_code == 0, text
    assert "an earlier autogauge saved this run" in (tmp_path / "old" / "index.html").read_text()


def test_a_run_that_had_no_arrays_lacks_none(run, tmp_path):  # noqa: F811
    for result in run.results:
        for each in result.all_turns():
            object.__setattr__(each, "latencies_ms", np.empty(0, np.float32))
    document = run.put_into(run_file.document([], run_file.machine_info("lab", run.fingerprint, run.noted)))
    assert not run.arrays()
    run_file.save(tmp_path, document, {}, "m")
    (path,) = tmp_path.glob("*.json")
    assert recorded.of_file(path).lacks == ()


def test_an_old_file_that_says_little_of_its_model_is_drawn_all_the_same(tmp_path):
    document = json.loads(OLD.read_bytes())
    for each in document["benchmarks"]:
        each["extra_info"]["model"] = {"name": "googlenet-v1"}
    (tmp_path / "0001_little.json").write_text(json.dumps(document))
    done, text = command(tmp_path / "0001_little.json", f"--out={tmp_path / 'drawn'}")
    assert done.exit_code == 0, text
    assert "model googlenet-v1" in (tmp_path / "drawn" / "index.html").read_text()


@each_of(
    ("content", "said"),
    [
        (b"{", "it is not JSON"),
        (b'{"benchmarks": []}', "saved by pytest-benchmark alone"),
        (b'{"benchmarks": [], "autogauge": {"schema": 99}}', "was saved by a newer autogauge"),
        (b'{"benchmarks": [], "autogauge": {"schema": 2, "results": 3}}', "cannot be drawn"),
        (
            b'{"benchmarks": [], "autogauge": {"schema": 2, "run": {}, "results": [{"name": "a"}]}}',
            "the study a cannot be read",
        ),
        (b'{"benchmarks": [3], "autogauge": {"schema": 1}}', "cannot be drawn"),
        (
            b'{"benchmarks": [], "autogauge": {"schema": 2, "run": {}, "results": [], "gate": {"judgements": [{}]}}}',
            "has no verdict",
        ),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(tmp_path, content, said):
    path = tmp_path / "0001_m.json"
    path.write_bytes(content)
    done, _ = command(path)
    assert isinstance(done.exception, UserError), done.exception
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)


@pytest.mark.slow
@for_all(
    lambda st: (st.randoms(use_true_random=True), st.sampled_from([None, -1, "x", [], {}, True, 1e300, [{}], "<b>"]))
)
def test_whatever_stands_in_a_file_is_drawn_or_is_refused_with_the_place(chosen, rubbish):
    document = json.loads((OLD if chosen.random() < 0.5 else SAVED).read_bytes())
    inner = document[chosen.choice(("autogauge", "benchmarks", "machine_info"))]
    while True:
        key = chosen.choice([*inner] if isinstance(inner, dict) else range(len(inner)))
        if not isinstance(inner[key], (dict, list)) or not inner[key] or chosen.random() < 0.2:
            break
        inner = inner[key]
    inner[key] = rubbish
    try:
        found = recorded.of_document(document, {})
        words.judged_of(found)
    except ValueError:
        return
    assert printed(found)
    list(run_page.blocks(found))


@each_of(
    ("options", "said"),
    [
        (("--markdown",), "--markdown shows one run"),
        (("--json",), "--json shows one run"),
        ((SAVED, "--where=machine=lab"), "needs no filter"),
        ((SAVED, "--json", "--markdown"), "printed once"),
        (("no-such-run.json",), "there is no saved run"),
    ],
)
def test_options_that_do_not_fit_are_one_sentence(options, said):
    done, _ = command(*options)
    assert isinstance(done.exception, UserError)
    assert said in str(done.exception)


def test_figures_whose_median_is_no_number_any_more_end_no_report(run, tmp_path):  # noqa: F811
    for replicate in run.results[0].replicates:
        for sample in replicate.samples.values():
            sample.figures.update(dict.fromkeys(sample.figures, 1.7e308))
    saved = summary.save(shown(run), tmp_path / "latest", None)
    assert "inf" in json.dumps(json.loads(saved.read_bytes())["table"])


def test_a_folder_of_somebody_elses_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    done, _ = command(SAVED, f"--out={tmp_path}")
    assert isinstance(done.exception, UserError)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert "--out=DIR" in str(done.exception)
    assert "--reports" not in str(done.exception)


def test_a_run_is_named_by_its_number_too(run, tmp_path):  # noqa: F811
    saved_by_hand(tmp_path / "lab", run)
    done, text = command("lab/1", f"--history={tmp_path}")
    assert done.exit_code == 0, text


def test_an_interrupted_run_is_drawn_from_its_document_like_any_other(run, tmp_path):  # noqa: F811
    run.interrupted_by = "SIGINT"
    found = shown(run)
    assert "INTERRUPTED by SIGINT" in printed(found)
    path = summary.save(found, tmp_path / "latest", None)
    assert "INTERRUPTED" in path.with_name("index.html").read_text()
    assert json.loads(path.read_bytes())["history_file"] is None


def test_a_study_that_nobody_knows_is_shown_with_its_own_metrics_everywhere(run, tmp_path):  # noqa: F811
    """Beside others, in a table of its own; or a line for each metric."""
    stalls = Metric("stalls_s", "longest stall", "s", per_process=True, seconds=1.0, written_in="ms")
    pair = tuple(Condition(name, Target("AUTO"), own_labels={"policy": name}) for name in ("eager", "lazy"))
    result = Result("stalls", pair, (Fact("calm", "it is calm", ("eager",)),), Plan((3,), 1.0), 1, metrics=(stalls,))
    result.recorded = {"longest stall": "stalls_s"}
    for index in range(7):
        samples = {
            each.name: Sample({"stalls_s": 0.002, "own": 5.0}, checks={"calm": Check(True)}, outcome="ended")
            for each in pair
        }
        result.replicates.append(Replicate(index, ("eager", "lazy"), samples))
    run.results.append(result)
    found = shown(run)
    text = printed(found)
    assert "stall ms (n)" in text
    assert "policy" in text
    assert "lazy" in text
    assert "| AUTO (lazy) | lazy | 2 | – |" in markdown.of_run(found)
    blocks = {each.id: each for each in run_page.blocks(found)}
    assert {"figures-2", "stalls-stalls-s", "order-stalls", "metrics-stalls"} <= blocks.keys()
    assert blocks["stalls-stalls-s"].title == "Longest stall by policy"
    assert [row["value"] for row in blocks["stalls-stalls-s"].chart["rows"]] == [2.0, 2.0]
    assert ("own", "5", "5") in blocks["metrics-stalls"].table.rows
    result.shown = BY_METRIC
    text = printed(shown(run))
    assert "ended (7)" in text
    assert "longest stall, ms" in text


def test_a_save_that_fails_leaves_no_arrays_behind(run, tmp_path, monkeypatch):  # noqa: F811
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        saved_by_hand(tmp_path / "lab", run)
    assert [each.name for each in (tmp_path / "lab").iterdir() if not each.name.endswith(".lock")] == []


def test_arrays_of_another_run_are_not_shown_as_this_ones_also_where_they_would_fit(run, tmp_path):  # noqa: F811
    first = saved_by_hand(tmp_path / "lab", run)
    for sample in (
        each for result in run.results for replicate in result.replicates for each in replicate.samples.values()
    ):
        sample.latencies_ms[...] *= 10
    second = saved_by_hand(tmp_path / "lab", run)
    whole = recorded.of_file(first)
    assert not whole.lacks
    shutil.copy(run_file.arrays_path(second), run_file.arrays_path(first))
    found = recorded.of_file(first)
    assert "it is not the file that was saved with this run" in found.lacks[0]
    assert not any(len(result.latencies_ms(each.name)) for result in found.results for each in result.conditions)
    assert "it is not the file that was saved with this run" in markdown.of_run(found)


def _zeros(path):
    with path.open("wb") as stream:
        stream.truncate(run_file.FULLEST_ARRAYS + 1)


def _bomb(path):
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a.npy", b"")
        packed.infolist()[0].file_size = run_file.FULLEST_UNPACKED + 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "it is no regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is no regular file"),
        (_zeros, "it is larger than"),
        (_bomb, "more than 1024 MiB in it"),
        (lambda path: np.savez(path, a=np.array(["x"])), "something else than numbers"),
        (lambda path: np.savez(path, a=np.zeros(2, "M8[s]")), "something else than numbers"),
    ],
)
def test_whatever_lies_beside_a_run_is_waited_for_by_nobody_and_fills_no_memory(tmp_path, make, said):
    path = tmp_path / SAVED.name
    shutil.copy(SAVED, path)
    make(run_file.arrays_path(path))
    assert said in recorded.of_file(path).lacks[0]


def test_a_number_that_is_none_is_a_gap_in_a_chart_and_ends_no_page(tmp_path):
    document = json.loads(SAVED.read_bytes())
    document["machine_info"]["fingerprint"]["memory_gib"] = float("nan")
    arrays, _ = run_file.arrays_beside(SAVED, document)
    arrays["results/2/0/0/start_s"][:2] = np.inf
    del document["autogauge"]["run"]["model"]["precision"]
    document["machine_info"]["fingerprint"]["system"] = True
    found = recorded.of_document(document, arrays)
    html = summary.save(found, tmp_path / "latest", None).with_name("index.html").read_text()
    charts = html.partition('id="charts">')[2].partition("</script>")[0]
    json.loads(charts, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    json_text(told.summarize(found))


@pytest.mark.parametrize("chart", [{"x": np.zeros(3)}, {"x": {1, 2}}, {(1, 2): 3}])
def test_a_chart_that_cannot_be_written_costs_that_block_alone(run, tmp_path, monkeypatch, chart):  # noqa: F811
    drawn = SimpleNamespace(blocks=lambda result: [Block("mine", "mine", "so", Table((), ()), chart)])
    monkeypatch.setattr(studies, "by_name", lambda name: drawn)
    assert "could not be" in summary.save(shown(run), tmp_path / "latest", None).with_name("index.html").read_text()


@pytest.mark.parametrize("failing", ["json", "npz"])
def test_a_save_that_fails_leaves_no_standing_and_no_arrays(run, tmp_path, monkeypatch, failing):  # noqa: F811
    def full(path, content):
        if path.suffix == f".{failing}":
            raise OSError(28, "No space left on device")
        write_bytes(path, content)

    monkeypatch.setattr(store, "write_bytes", full)
    monkeypatch.setattr(run_file, "write_bytes", full)
    refused = Decision(Standing.QUARANTINED, "slower")
    with pytest.raises(OSError, match="No space"):
        run_file.save(tmp_path / "lab", run.put_into({"benchmarks": []}), run.arrays(), "m", "", refused.write)
    assert [each.name for each in (tmp_path / "lab").iterdir() if not each.name.endswith(".lock")] == []


def test_a_signal_just_after_the_run_is_there_takes_neither_its_standing_nor_its_arrays(run, tmp_path, monkeypatch):  # noqa: F811
    def stopped(path, content):
        write_bytes(path, content)
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "write_bytes", stopped)
    refused = Decision(Standing.QUARANTINED, "slower")
    with pytest.raises(KeyboardInterrupt):
        run_file.save(tmp_path / "lab", run.put_into({"benchmarks": []}), run.arrays(), "m", "", refused.write)
    assert sorted(each.name for each in (tmp_path / "lab").iterdir() if not each.name.endswith(".lock")) == [
        "0001_m.json",
        "0001_m.npz",
        "0001_m.standing",
    ]


def test_what_a_killed_saver_left_half_written_goes_with_the_next_run(run, tmp_path):  # noqa: F811
    folder = tmp_path / "lab"
    folder.mkdir()
    left = [folder / f".0001_m.{each}.77-0123abcd.tmp" for each in ("json", "npz")]
    for each in left:
        each.write_bytes(b"half")
    saved_by_hand(folder, run)
    assert not any(each.exists() for each in left)


def test_no_path_in_a_file_says_whose_machine_it_was(run, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("HOME", "/home/jane")
    run.results[0].facts["AUTO"] = {
        "printed": "in /home/jane/x and /tmp/pytest-of-jane/pytest-12/rig0/cache",
        "own": "cannot open /scratch/jane/autogauge-session-0123456789abcdef/cache-cases-0/x.blob",
        "n": [1, None],
    }
    path = saved_by_hand(tmp_path / "lab", run)
    assert b"jane" not in path.read_bytes()
    (facts,) = (each.facts["AUTO"] for each in recorded.of_file(path).results[:1])
    assert facts == {
        "printed": "in ~/x and …/rig0/cache",
        "own": "cannot open …/cache-cases-0/x.blob",
        "n": [1, None],
    }
    assert ownerless("/home/janet/x") == "/home/janet/x"


def test_a_file_of_a_standard_run_is_not_much_larger_than_before(run, tmp_path):  # noqa: F811
    """Ten thousand of them are indexed: figures stand in columns, on one line."""
    path = saved_by_hand(tmp_path / "lab", run)
    assert path.read_bytes().count(b"\n") == 1
    real = json.loads(SAVED.read_bytes())
    results = len(as_json(real["autogauge"]["results"], indent=None))
    turns = sum(len(each["samples"]) * len(each["replicates"]["index"]) for each in real["autogauge"]["results"])
    assert results / turns < 2500, "bytes for a turn of these studies, whose facts are long"
