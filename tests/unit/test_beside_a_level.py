"""A kernel or a driver that changed is named beside a change of level: by the gate, by ``compare`` and on the page of trends."""

from __future__ import annotations

import datetime
import json
import re

import pytest

from autogauge.gate.beside import beside
from autogauge.history.circumstances import PLAIN, TOLD_FIRST
from autogauge.probe.worker.facts import machine_facts
from tests import machines
from tests.cases import each_of
from tests.histories import LATENCY, PER_FRAME, save, year
from tests.support import run_cli
from tests.unit.test_where import run as indexed


def noted_of(root):
    """What a run of this machine notes."""
    return machine_facts(str(root), range(4))["noted"]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Two histories of one laboratory: on the first machine the GPU's module became another, on the second one nothing did."""
    place = tmp_path_factory.mktemp("lab")
    root = machines.with_gpu(machines.server(place / "machine"), "i915", library="libze_loader.so.1.16.1")
    before = {**noted_of(root), "kernel": "6.5.0"}
    after = {**noted_of(machines.with_gpu(root, "xe", "1.2")), "kernel": "6.8.0"}
    for machine, later in (("lab-01", after), ("lab-02", before)):
        year(place / "history", machine, runs=12, noted=before)
        year(place / "history", machine, runs=12, days=20, slower=1.15, noted=later)
    return place / "history"


CHANGED = (
    "the kernel changed from 6.5.0 to 6.8.0",
    "the GPU's kernel driver changed from i915 to xe 1.2",
    "the Level Zero loader changed from libze_loader.so.1.16.1 to libze_loader.so.1.17.6",
)


def test_the_trends_name_it_beside_the_change_of_level(history, tmp_path):
    done = run_cli("report", f"--history={history}", f"--out={tmp_path}/trends", f"--cache={tmp_path}/cache")
    assert done.returncode == 0, done.stderr
    page = " ".join((tmp_path / "trends" / "trends.html").read_text().split()).replace("&#39;", "'")
    said = page.split("became slower on ")[1:]
    of = {name: [each[:700] for each in said if each.startswith(name)] for name in ("lab-01", "lab-02")}
    assert of["lab-01"]
    assert of["lab-02"]
    assert all("; with run 0013: " + "; ".join(CHANGED) in each for each in of["lab-01"])
    assert not any("; with run" in each for each in of["lab-02"])


def test_the_morning_of_a_lab_names_it_and_only_where_something_changed(tmp_path):
    today = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=30)
    for machine, later in (("lab-01", "6.8.0"), ("lab-02", "6.5.0")):
        for part, slower, kernel in ((0, 1.0, "6.5.0"), (14, 1.15, later)):
            for number in range(12):
                when = today + datetime.timedelta(days=part + number)
                ratio = slower * (1 + 0.01 * ((number * 7) % 5 - 2) / 2)
                key = LATENCY if machine == "lab-01" else PER_FRAME
                noted = {"kernel": kernel}
                save(
                    tmp_path / "h" / machine,
                    {key: 0.01 * ratio},
                    ratios={key: ratio},
                    machine=machine,
                    noted=noted,
                    when=when,
                )
    done = run_cli("report", f"--history={tmp_path}/h", f"--out={tmp_path}/lab", f"--cache={tmp_path}/cache")
    assert done.returncode == 0, done.stderr
    page = " ".join(re.sub(r"<[^>]*>", "", (tmp_path / "lab" / "index.html").read_text()).split())
    said = re.findall(
        r"(lab-0\d): [a-z ]+: AUTO-\w+ slower by 15\.0 % since run 13 \([^;]*; (with run 0013: [^;]*6\.8\.0)?", page
    )
    assert sorted(said) == [("lab-01", "with run 0013: the kernel changed from 6.5.0 to 6.8.0"), ("lab-02", "")]
    assert page.count("the kernel changed") == 1


def test_compare_names_it_between_two_sides_and_where_one_side_mixes_levels(history, tmp_path):
    def notes(*words):
        done = run_cli("compare", *words, f"--history={history}", f"--cache={tmp_path}/cache", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["notes"]

    found = notes("machine=lab-01 run=1-12", "machine=lab-01 run=13-24")
    assert "between A and B on lab-01: " + "; ".join(CHANGED) in found
    mixed = [
        each for each in notes("machine=lab-01 run=1-24", "machine=lab-01 run=20-24") if each.startswith("A mixes")
    ]
    assert [each.rpartition("); ")[2] for each in mixed] == ["with run 0013: " + "; ".join(CHANGED)]
    quiet = [
        each for each in notes("machine=lab-02 run=1-24", "machine=lab-02 run=20-24") if each.startswith("A mixes")
    ]
    assert quiet
    assert all(re.search(r"\(python -m autogauge report --history=\S+\)$", each) for each in quiet)


def test_the_gate_names_it_beside_its_verdict(history, tmp_path):
    folder = tmp_path / "history" / "lab-01"
    root = machines.with_gpu(machines.server(tmp_path / "machine"), "i915")
    before = {**noted_of(root), "kernel": "6.5.0"}
    year(tmp_path / "history", runs=12, noted=before)
    slow = {LATENCY: 0.0115, PER_FRAME: 0.0092}
    after = {**before, "kernel": "6.8.0", "gpu_kernel_driver": "xe 1.2"}
    path = save(folder, slow, ratios={LATENCY: 1.15, PER_FRAME: 1.265}, noted=after, days=20)
    done = run_cli("gate", str(path))
    said = " ".join(done.stdout.split())
    assert "FAIL" in said
    assert (
        "the newest run that is judged against, the kernel changed from 6.5.0 to 6.8.0, the GPU's kernel driver changed from i915 to xe 1.2"
    ) in said


def test_of_several_runs_the_nearest_comes_first_and_what_moves_figures_most_is_told_first():
    def at(number, **noted):
        return indexed(number=number, facts={"noted": {"swap_mib": number, **noted}})

    runs = [at(1, kernel="1"), at(2, kernel="1"), at(3, kernel="1"), at(4, kernel="2")]
    found = beside(runs, [""] * 4, 2)
    assert found == (
        "with run 0003: the swap (MiB) changed from 2 to 3; with run 0002: the swap (MiB) changed from 1 to 2; "
        "with run 0004: the kernel changed from 1 to 2; the swap (MiB) changed from 3 to 4"
    )
    assert beside(runs[:1], [""], 0) == ""


@each_of("name", TOLD_FIRST)
def test_what_is_told_first_has_a_name(name):
    assert name in PLAIN
