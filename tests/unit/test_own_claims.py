"""Claims of one's own: what can be said, what is wrong with it and where, and what a study makes of it."""

import contextlib
import dataclasses
import random
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from autogauge import claims
from autogauge.claims import FIL, FPS, MEAN, P50, P99, PEAK_MEMORY, on, quantities
from autogauge.claims.places import Place
from autogauge.claims.quantities import MEMORY, NUMBER, RATE, TIME, NoQuantity
from autogauge.gate.companions import Companions
from autogauge.gate.gate import Gate
from autogauge.history.baseline import History
from autogauge.measuring.claim import Bound, Difference, Fact, Ratio, Verdict
from autogauge.measuring.result import Replicate, Sample
from autogauge.probe.facts import seen_here
from autogauge.rig import stints, warm
from autogauge.rig.profile import RELAY_ROUNDS
from autogauge.run import Run
from autogauge.runtimes.reference import parse
from autogauge.stats.intervals import Interval
from autogauge.stats.verdicts import Outcome
from autogauge.studies.own.asserted import Asserted, conditions_of, recorded_of
from autogauge.studies.own.study import Processes, Start, Steady, ran, studies_of
from autogauge.targets import Device
from tests.properties import for_all
from tests.studied import machine
from tests.support import ROOT

FIRST = Start.metrics[0]
LATENCY, THROUGHPUT, GPU = on("AUTO", "LATENCY"), on("AUTO", "THROUGHPUT"), on("AUTO:GPU,CPU")


def asserted(said, name="it"):
    return Asserted(name, "so it is", said, Place("test_it.py", 1))


@pytest.mark.parametrize(
    ("said", "claim"),
    [
        (P99(LATENCY) <= "12 ms", Bound("it", "so it is", stints.PERCENTILES[99], "AUTO-LATENCY", "at most", 12.0)),
        (P99(LATENCY) < "12 ms", Bound("it", "so it is", stints.PERCENTILES[99], "AUTO-LATENCY", "at most", 12.0)),
        (MEAN(LATENCY) <= "800 us", Bound("it", "so it is", stints.PROCESS_MEAN, "AUTO-LATENCY", "at most", 0.8)),
        (FPS(LATENCY) >= 200, Bound("it", "so it is", stints.PROCESS_FPS, "AUTO-LATENCY", "at least", 200.0)),
        (FPS(LATENCY) >= "200 FPS", Bound("it", "so it is", stints.PROCESS_FPS, "AUTO-LATENCY", "at least", 200.0)),
        (FIL(LATENCY) <= "150 ms", Bound("it", "so it is", FIRST, "AUTO-LATENCY", "at most", 0.15)),
        (
            PEAK_MEMORY(LATENCY) <= "1.5 GiB",
            Bound("it", "so it is", Start.metrics[-1], "AUTO-LATENCY", "at most", 1.5 * 2**30),
        ),
        (
            FPS(THROUGHPUT) >= 1.8 * FPS(LATENCY),
            Ratio("it", "so it is", warm.FPS, "AUTO-THROUGHPUT", "AUTO-LATENCY", "at least", 1.8),
        ),
        (
            FPS(THROUGHPUT) / FPS(LATENCY) >= 1.8,
            Ratio("it", "so it is", warm.FPS, "AUTO-THROUGHPUT", "AUTO-LATENCY", "at least", 1.8),
        ),
        (
            2 * MEAN(LATENCY) <= MEAN(THROUGHPUT),
            Ratio("it", "so it is", warm.LATENCY_MS, "AUTO-LATENCY", "AUTO-THROUGHPUT", "at most", 0.5),
        ),
        (
            P99(LATENCY) <= 1.1 * P99(THROUGHPUT),
            Ratio("it", "so it is", stints.PERCENTILES[99], "AUTO-LATENCY", "AUTO-THROUGHPUT", "at most", 1.1),
        ),
        (
            FIL(LATENCY) <= FIL(THROUGHPUT) + "50 ms",
            Difference("it", "so it is", FIRST, "AUTO-LATENCY", "AUTO-THROUGHPUT", "at most", 0.05),
        ),
        (
            MEAN(LATENCY) - MEAN(THROUGHPUT) <= "-1 ms",
            Difference("it", "so it is", warm.LATENCY_MS, "AUTO-LATENCY", "AUTO-THROUGHPUT", "at most", -1.0),
        ),
        (
            P99(LATENCY) / P99(THROUGHPUT) / 2 <= 1,
            Ratio("it", "so it is", stints.PERCENTILES[99], "AUTO-LATENCY", "AUTO-THROUGHPUT", "at most", 2.0),
        ),
        (
            2 * (FPS(THROUGHPUT) / FPS(LATENCY)) >= 3,
            Ratio("it", "so it is", warm.FPS, "AUTO-THROUGHPUT", "AUTO-LATENCY", "at least", 1.5),
        ),
        (
            "20 ms" - P99(LATENCY) >= "8 ms",
            Bound("it", "so it is", stints.PERCENTILES[99], "AUTO-LATENCY", "at most", 12.0),
        ),
        (-P99(LATENCY) >= "-12 ms", Bound("it", "so it is", stints.PERCENTILES[99], "AUTO-LATENCY", "at most", 12.0)),
        (
            "50 ms" - FIL(LATENCY) >= -FIL(THROUGHPUT),
            Difference("it", "so it is", FIRST, "AUTO-THROUGHPUT", "AUTO-LATENCY", "at least", -0.05),
        ),
        (LATENCY.ran_on("GPU", "CPU"), Fact("it", "so it is", ("AUTO-LATENCY",))),
    ],
)
def test_what_is_said_is_what_is_judged(said, claim):
    assert said.mistakes == ()
    found = asserted(said).claim()
    if not isinstance(claim, Fact):
        assert found.bound == pytest.approx(claim.bound)
        found = dataclasses.replace(found, bound=claim.bound, **({} if isinstance(claim, Ratio) else {"given": ""}))
    assert found == claim


@pytest.mark.parametrize(
    ("say", "mistake"),
    [
        (lambda: P99(LATENCY) <= "1.5 GB", "'1.5 GB' is an amount of memory, and the figure is a time: write '12 ms'"),
        (lambda: PEAK_MEMORY(LATENCY) <= "12 ms", "'12 ms' is a time, and the figure is an amount of memory"),
        (lambda: FPS(LATENCY) >= "12 ms", "'12 ms' is a time, and the figure is a rate: write '200 FPS'"),
        (lambda: P99(LATENCY) <= 12, "12 has no unit, and the figure is a time: write '12 ms'"),
        (lambda: P99(LATENCY) <= "12", "'12' has no unit"),
        (lambda: P99(LATENCY) <= "12 parsec", "'parsec' is no unit that is known"),
        (lambda: P99(LATENCY) <= "soon", "'soon' is no quantity"),
        (lambda: P99(LATENCY) <= None, "None is no quantity"),
        (lambda: FPS(LATENCY) >= "1e999 FPS", "is not finite"),
        (lambda: P99(LATENCY) <= "0 ms", "the p99 latency is above 0, and so is what bounds it"),
        (lambda: FPS(LATENCY) >= 0, "the FPS is above 0"),
        (lambda: P99(LATENCY) <= "1,5 ms", "'1,5 ms' has a comma: decimals have a point, and thousands nothing"),
        (lambda: FPS(LATENCY) >= "1,500 FPS", "has a comma"),
        (lambda: P99("AUTO") <= "12 ms", "P99('AUTO') is of no condition"),
        (lambda: P99() <= "12 ms", "P99() is of no condition"),
        (lambda: P99(LATENCY) <= P50(LATENCY), "which are two things"),
        (lambda: P99(LATENCY) <= P99(LATENCY), "it compares AUTO-LATENCY with itself"),
        (lambda: FPS(LATENCY) >= -1 * FPS(THROUGHPUT), "multiplied by a number above 0, and not by -1"),
        (lambda: FPS(LATENCY) >= "2" * FPS(THROUGHPUT), "multiplied by a number above 0, and not by '2'"),
        (lambda: FPS(LATENCY) / 0 >= 1, "divided by a number above 0 or by a figure, and not by 0"),
        (lambda: FPS(LATENCY) / FPS(THROUGHPUT) >= "1 ms", "'1 ms' is a time, and the figure is a number"),
        (lambda: FPS(LATENCY) / P99(THROUGHPUT) >= 1, "a claim bounds one figure"),
        (lambda: FPS(LATENCY) + FPS(THROUGHPUT) >= 1, "a claim bounds one figure"),
        (lambda: FPS(LATENCY) >= 2 * FPS(THROUGHPUT) + "1 FPS", "a claim bounds one figure"),
        (lambda: claims.POWER(LATENCY) <= "1 W", "POWER is not measured: there are FPS, MEAN, P50"),
        (lambda: claims.p99(LATENCY) <= "1 ms", "p99 is not measured (did you mean P99?)"),
        (lambda: claims.Peak_Memory(LATENCY) <= "1 GB", "Peak_Memory is not measured (did you mean PEAK_MEMORY?)"),
        (lambda: claims.P999(LATENCY) <= "1 ms", "P999 is not measured (did you mean P99?)"),
        (lambda: P99(on("XPU")) <= "1 ms", "'XPU' is no device"),
        (lambda: P99(on("AUTO", "FAST")) <= "1 ms", "'FAST' is no performance hint"),
        *(
            (lambda number=number: P99(on("AUTO", requests=number)) <= "1 ms", f"requests={number!r} is no number of")
            for number in (-1, 0, "x", True, 1025)
        ),
        (lambda: P99(on("AUTO", precision="f32")) <= "1 ms", "precision is no property of OpenVINO"),
        (lambda: P99(on("AUTO", PERFORMANCE_HINT="LATENCY")) <= "1 ms", "the hint is the second word"),
        (lambda: FPS(LATENCY) >= float("inf") * FPS(THROUGHPUT), "multiplied by a number above 0, and not by inf"),
        (lambda: FPS(LATENCY) >= 10**400 * FPS(THROUGHPUT), "multiplied by a number above 0, and not by 1000"),
        (lambda: FPS(LATENCY) / 5e-324 >= 1, "divided by a number above 0 or by a figure, and not by 5e-324"),
        (lambda: FPS(LATENCY) >= 10**400, "is not finite"),
        (lambda: 1 / FPS(LATENCY) <= 1, "a claim bounds one figure"),
        (lambda: FPS(LATENCY) ** 2 >= 1, "a claim bounds one figure"),
        (lambda: abs(FPS(LATENCY)) >= 1, "a claim bounds one figure"),
        (lambda: -(FPS(LATENCY) / FPS(THROUGHPUT)) >= 1, "a claim bounds one figure"),
        (lambda: 1 - FPS(LATENCY) / FPS(THROUGHPUT) >= 1, "a claim bounds one figure"),
        (lambda: FIL(on("AUTO", requests=4)) <= "1 s", "FIL is of a process's first request, and requests=4 changes"),
        (lambda: PEAK_MEMORY(on("AUTO", requests=1)) <= "1 GB", "peak memory is of a process's first request"),
        *(
            (lambda device=device: P99(on(device)) <= "1 ms", f"{device!r} is no device")
            for device in (
                "AUTO:GPUU,CPU",
                "CPU:0",
                "CPU.1",
                "AUTO.1",
                "MULTI",
                "HETERO:",
                "AUTO:",
                "AUTO:,",
                "gpu",
                "",
            )
        ),
        (lambda: P99(on("BATCH")) <= "1 ms", "'BATCH' is no device: name BATCH:GPU"),
        (lambda: LATENCY.ran_on("AUTO"), "'AUTO' is no device"),
        (LATENCY.ran_on, "ran_on takes the devices that answer"),
        (lambda: LATENCY.ran_on("XPU"), "'XPU' is no device"),
    ],
)
def test_what_is_wrong_is_kept_with_its_place_and_raises_nothing(say, mistake):
    said = say()
    assert any(mistake in each for each in said.mistakes), said.mistakes
    if say.__name__ == "<lambda>":
        assert str(said.place).endswith(f"test_own_claims.py:{say.__code__.co_firstlineno}")


@pytest.mark.parametrize(
    "say",
    [
        lambda: "5 ms" <= P99(LATENCY) <= "12 ms",
        lambda: P99(LATENCY) <= "12 ms" and FPS(LATENCY) >= 3,
        lambda: max(P99(LATENCY), P99(THROUGHPUT)) <= "12 ms",
        lambda: not LATENCY.ran_on("GPU"),
    ],
)
def test_half_of_what_is_said_is_never_lost(say):
    with pytest.raises(TypeError, match=r"of `and` and of max\(…\) make two claims, each with a marker of its own"):
        say()


@pytest.mark.parametrize(
    "device",
    [
        "AUTO",
        "AUTO:GPU,CPU",
        "AUTO:-CPU",
        "AUTO:GPU.1,CPU",
        "CPU",
        "GPU.1",
        "GPU.0.1",
        "NPU",
        "MULTI:GPU(4),CPU",
        "BATCH:GPU(4)",
    ],
)
def test_what_openvino_calls_a_device_is_one(device):
    assert on(device).mistakes == ()


def test_only_figures_may_be_unknown():
    with pytest.raises(AttributeError, match="no attribute 'p98'"):
        _ = claims.p98


@for_all(
    lambda st: (
        st.sampled_from([(kind, unit) for kind, units in quantities.UNITS.items() for unit in units]),
        st.floats(1e-6, 1e6, allow_nan=False),
        st.sampled_from(["", " ", "  "]),
    )
)
def test_a_quantity_is_read_in_its_unit_and_by_no_other_kind(of_kind, number, gap):
    kind, unit = of_kind
    text = f"{number!r}{gap}{unit}"
    assert quantities.read(text, kind) == pytest.approx(number * quantities.UNITS[kind][unit])
    for other in {TIME, MEMORY, RATE, NUMBER} - {kind}:
        with pytest.raises(NoQuantity):
            quantities.read(text, other)


@for_all(lambda st: (st.text(max_size=12), st.sampled_from([TIME, MEMORY, RATE, NUMBER])))
def test_any_text_is_a_quantity_or_a_clause(text, kind):
    with contextlib.suppress(NoQuantity):
        assert isinstance(quantities.read(text, kind), float)


def test_what_is_said_needs_neither_pytest_nor_numbers():
    code = "import autogauge.claims, sys; print(*[m for m in ('pytest', 'numpy', 'scipy', 'rich', 'typer') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def on_a_machine(*names, **others):
    return machine(tuple(map(Device, names)), **others)


def rig_with(*names):
    rig = on_a_machine(*names)
    rig.asked.accelerator = "auto"
    return rig


def test_a_claim_about_a_device_that_is_not_there_is_left_out_with_the_reason_and_the_others_are_measured():
    there, away = asserted(P99(LATENCY) <= "12 ms", "there"), asserted(P99(GPU) <= "12 ms", "away")
    study, rig = Processes("model", [there, away]), rig_with("CPU")
    assert study.absent(rig) is None
    assert [each.name for each in study.conditions(rig)] == ["AUTO-LATENCY"]
    assert [each.name for each in study.claims(rig, study.conditions(rig))] == ["there"]
    assert study.not_promised(rig) == {
        "away": "no GPU on this machine, which AUTO:GPU,CPU names (OpenVINO sees CPU): measure where there is one"
    }
    assert study.benchmarks(rig) == 1
    assert Processes("model", [away]).absent(rig).startswith("no GPU on this machine")
    assert study.benchmarks(rig_with("CPU", "GPU.0")) == 2


def test_claims_of_starts_and_of_warm_processes_are_studies_apart_and_each_condition_stands_once():
    first, second = asserted(FIL(LATENCY) <= "1 s", "first"), asserted(FPS(THROUGHPUT) >= 2 * FPS(LATENCY), "second")
    third = asserted(P99(LATENCY) <= "12 ms", "third")
    steady, processes, start = studies_of("model", [first, second, third])
    assert [type(each) for each in (steady, processes, start)] == [Steady, Processes, Start]
    assert [each.name for each in conditions_of(steady.asserted, "model")] == ["AUTO-THROUGHPUT", "AUTO-LATENCY"]
    assert [each.name for each in conditions_of(processes.asserted, "model")] == ["AUTO-LATENCY"]
    assert [each.name for each in conditions_of(start.asserted, "model")] == ["AUTO-LATENCY"]
    assert {type(each) for each in studies_of("model", [third])} == {Processes}


def test_a_fact_is_told_where_its_condition_is_measured_anyway():
    bound, ratio = asserted(P99(LATENCY) <= "12 ms", "bound"), asserted(FPS(THROUGHPUT) >= 2 * FPS(GPU), "ratio")
    fact = asserted(LATENCY.ran_on("CPU"), "fact")
    told = {type(each): [own.name for own in each.asserted] for each in studies_of("model", [bound, ratio, fact])}
    assert told == {Steady: ["ratio"], Processes: ["bound", "fact"]}
    assert [type(each) for each in studies_of("model", [fact])] == [Steady]
    both = [asserted(FPS(THROUGHPUT) >= 2 * FPS(LATENCY), "ratio"), bound, fact]
    assert [own.name for own in studies_of("model", both)[0].asserted] == ["ratio", "fact"]


def opened(study, rig=None):
    """How the study asks for its warm processes, and the plan that it asks for."""
    rig, asked = rig or rig_with("CPU"), {}

    @contextlib.contextmanager
    def warm_turns(result, progress, **others):
        asked.update(others)
        yield None

    rig.warm = warm_turns
    planned = study.planned(rig, 1)
    with study.open(rig, planned, None):
        return planned, asked


def test_a_percentile_beside_a_comparison_of_rounds_leaves_its_processes_their_rounds():
    """Of a process that serves until p99 can be told, the comparison would have one, or of one side one."""
    both = [asserted(P99(LATENCY) <= "12 ms", "bound"), asserted(FPS(THROUGHPUT) >= 2 * FPS(LATENCY), "ratio")]
    steady, processes = studies_of("model", both)
    planned, asked = opened(steady)
    assert planned.relay_rounds == RELAY_ROUNDS
    assert asked.get("relieved") is None, "rounds say when its processes give way, its twins' on a reference too"
    alone, asked_alone = opened(studies_of("model", both[1:])[0])
    assert (alone.recorded, alone.relay_rounds, [*asked]) == (planned.recorded, planned.relay_rounds, [*asked_alone])
    assert opened(processes)[1]["relieved"] is not None
    assert {*processes.planned(rig_with("CPU"), 1).recorded.values()} == {"process_p99_ms"}


def test_what_is_compared_process_by_process_gives_way_together():
    said = asserted(P99(THROUGHPUT) <= 2 * P99(LATENCY), "compared")
    alone = asserted(P99(GPU) <= "12 ms", "alone")
    study, rig = Processes("model", [said, alone]), rig_with("CPU", "GPU.0")
    result = study.planned(rig, 1)
    serving, given, pids, probes = study.serving(rig, result), {}, {}, {}
    conditions = {each.name: each for each in result.conditions}
    inferences = {"AUTO-THROUGHPUT": 100, "AUTO-LATENCY": 5, "AUTO:GPU,CPU": 100}
    shuffled = random.Random(3)
    for number in range(600):
        samples = {}
        for name in shuffled.sample(sorted(conditions), 3):
            pids[name] = pids.get(name, 0) + serving.is_over(conditions[name])
            probe = probes.setdefault((name, pids[name]), SimpleNamespace())
            latencies = [1.0] * inferences[name]
            reply = {"counted_s": 0.05, "fps": 100.0, "latencies_ms": latencies}
            figures = serving.observe(conditions[name], reply, probe)
            samples[name] = Sample(figures)
            if figures:
                given.setdefault(name, []).append(number)
        result.replicates.append(Replicate(number, tuple(samples), samples))
    fast, slow = given["AUTO-THROUGHPUT"], given["AUTO-LATENCY"]
    assert len(slow) == 4, "each takes 133 rounds"
    assert len(fast) == len(slow)
    assert all(abs(one - other) <= 1 for one, other in zip(fast, slow, strict=True))
    assert len(given["AUTO:GPU,CPU"]) > 40, "what is bounded by itself waits for nobody"


def test_benchmarks_are_called_by_their_model_and_only_what_is_claimed_is_one():
    claimed = [asserted(P99(LATENCY) <= "12 ms", "one"), asserted(FPS(THROUGHPUT) >= 2 * FPS(LATENCY), "two")]
    assert recorded_of(claimed, "detector") == {
        "detector: seconds per frame": "fps",
        "detector: p99 latency by process": "process_p99_ms",
    }
    assert not {*recorded_of(claimed, "detector")} & {*recorded_of(claimed, "other")}
    planned = Processes("detector", claimed[:1]).planned(rig_with("CPU"), 1)
    assert planned.recorded == recorded_of(claimed[:1], "detector")
    assert planned.process_plan.looks == (8, 16)


@pytest.mark.parametrize(
    ("wanted", "answered", "holds"),
    [
        (("CPU",), ["CPU"], True),
        (("GPU",), ["GPU.1"], True),
        (("GPU.0",), ["GPU.1"], False),
        (("CPU",), ["(CPU)"], False),
        (("GPU",), ["GPU.0", "CPU"], False),
        (("GPU", "CPU"), ["GPU.0", "CPU"], True),
        (("CPU",), [], None),
    ],
)
def test_who_answered_is_who_was_claimed(wanted, answered, holds):
    assert ran(wanted, answered).holds is holds


def test_beside_a_reference_stands_what_is_compared_within_rounds():
    gate = Gate("fail", 0.05, 8, History, "CPU")
    both = [asserted(P99(LATENCY) <= "12 ms", "one"), asserted(FPS(THROUGHPUT) >= 2 * FPS(LATENCY), "two")]
    steady, processes = studies_of("detector", both)
    joined = Companions(gate, parse("CPU")).join(steady.planned(rig_with("CPU"), 1), 24)
    assert {each.metric.name for each in joined.changes} == {"fps"}
    assert joined.claims == (both[1].claim(),)
    assert not processes.has_companions, "of its figures history alone says anything"


def test_what_the_page_says_of_the_intervals_is_what_was_printed():
    """The page's figures, which a reader is to trust a bound by."""
    printed = (ROOT / "benchmarks" / "printed" / "bound_coverage.txt").read_text(encoding="utf-8")
    page = " ".join((ROOT / "docs" / "claims.md").read_text(encoding="utf-8").split())
    rows, compared = (
        {
            line.split("  ")[0].strip(): re.findall(r"([\d.]+) %(?:  |$)", line)
            for line in table.splitlines()
            if " %  " in line
        }
        for table in printed.split("of two sides")
    )
    eight, _, _, all_of_them, _, lone = map(float, rows["10 % apart"])
    assert f"it holds the truth in {eight:.0f} % of the trials" in page
    assert f"holds it in {all_of_them:.0f} %; one of a lone process's rounds in {lone:.0f} %" in page
    eight, _, passed, *_ = map(float, rows["neighbours alike (0.5)"])
    together, first = (
        float(next(row for name, row in compared.items() if name.endswith(end))[0])
        for end in (": together", ": one first")
    )
    assert f"the truth in {together:.0f} % of the trials of the same script with 8 processes" in page
    assert f"had the faster side served first, in {first:.0f} %" in page
    assert f"it is too narrow ({float(compared['neighbours alike (0.5)'][0]):.0f} %)" in page
    assert f"({eight:.0f} % with 8 processes), and a bound that is just missed passes in {passed:g} %" in page


def test_runs_of_own_claims_have_a_history_apart_from_the_promises_of_the_same_model():
    settings = SimpleNamespace(
        shapes={}, infer_requests=0, machine="m", profile=SimpleNamespace(slice_s=0.05, name="quick")
    )
    model = SimpleNamespace(name="n", precision="p", digest="d")
    marks = [Run(settings, own=own, model=model, machine_facts=seen_here()).fingerprint for own in ("", "a", "b")]
    assert "claims" not in marks[0].facts["measured"]
    assert len({each.digest for each in marks}) == 3


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (PEAK_MEMORY(LATENCY) <= "1 GB", "to be at most 953.674 MiB (1 GB)"),
        (PEAK_MEMORY(LATENCY) <= "2 MiB", "to be at most 2 MiB"),
        (P99(LATENCY) <= "10 us", "to be at most 0.01 ms (10 us)"),
        (P99(LATENCY) <= "12ms", "to be at most 12 ms"),
        (FPS(LATENCY) >= "200 FPS", "to be at least 200 frames per second"),
        (FIL(LATENCY) <= FIL(THROUGHPUT) + "1 min", "to be at most 60000 ms (1 min)"),
    ],
)
def test_a_bound_is_told_in_its_own_unit_too(said, told):
    interval = Interval(1.0, 1.0, 1.0, 0.95, 12)
    assert Verdict(asserted(said).claim(), Outcome.PASS, interval, 12).evidence().endswith(f", {told}")
