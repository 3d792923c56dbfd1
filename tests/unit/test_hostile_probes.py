"""A probe may run on any interpreter that a user names: whatever it prints or answers, little is kept and nothing is believed unchecked."""

import json
import os
import textwrap
import time

import pytest

from autogauge.probe import output
from autogauge.probe.answers import fault_of
from autogauge.probe.launcher import Launcher, Runtime
from autogauge.probe.process import Child
from autogauge.probe.request import ProbeFailed, ProbeRequest
from tests.cases import each_of
from tests.properties import for_all
from tests.support import misbehaving_python, wait_until

MEASURED = {
    "type": "measured",
    "openvino": "2026.4.1",
    "seconds": dict.fromkeys(("import", "core", "read", "compile", "first_inference", "fil"), 0.1),
    "surroundings": {"wall_s": 1.0, "waited_s": None},
    "peak_memory_bytes": 1e6,
    "execution_devices": ["CPU"],
    "execution_devices_before": ["(CPU)"],
    "optimal_infer_requests": 1,
    "hint": "LATENCY",
    "loaded_from_cache": False,
    "state_variables": 0,
    "state": None,
}
SLICE = {
    "type": "slice",
    "inferences_per_second": 10.0,
    "counted_s": 0.1,
    "latencies_ms": [1.0, 2],
    "surroundings": {},
    "execution_devices": ["CPU"],
}
DESCRIBED = {
    "type": "described",
    "openvino": "2026.4.1",
    "elsewhere": [],
    "machine": {
        "system": "Linux",
        "architecture": "x86_64",
        "logical_cpus": 2,
        "processor_quota": None,
        "memory_gib": 24,
        "noted": {"kernel": "6.1", "processors": "0-1", "memory_limit_mib": None, "frequency_limit_mhz": 3000},
    },
    "devices": [],
    "model": None,
    "state": None,
    "random_outputs": {},
    "targets": [],
}


def of_machine(**changed):
    return {"machine": {**DESCRIBED["machine"], **changed}}


def failure_of(tmp_path, lines, deadline_s=20.0):
    """How a probe fails whose interpreter does that, and how long it took in seconds."""
    launcher = Launcher(tmp_path / "probes", Runtime(misbehaving_python(tmp_path, textwrap.dedent(lines))))
    began = time.monotonic()
    with pytest.raises(ProbeFailed) as caught:
        launcher.run_once(ProbeRequest("once", "model.xml", deadline_s=deadline_s), "hostile")
    return caught.value.failure, time.monotonic() - began


def test_of_a_probe_that_prints_without_end_the_beginning_and_the_end_are_kept(tmp_path):
    failure, _ = failure_of(
        tmp_path,
        """
        os.write(1, b"the first words" + 5_000_000 * b"x")
        os.write(2, b"an error" + 20 * 1_000_000 * b"y" + b"the last words")
        os._exit(7)
        """,
    )
    assert failure.reason == "exit status 7"
    assert "the last words" in failure.output_tail
    out, err = (tmp_path / "probes" / f"0001-hostile.{name}" for name in ("out", "err"))
    assert out.read_bytes().startswith(b"the first words")
    assert "bytes are left out" in err.read_text()
    for kept in (out, err):
        assert kept.stat().st_size <= output.MOST_BEGINNING + output.MOST_END + 100


def test_what_a_child_has_printed_can_be_read_while_it_lives_and_all_of_it_afterwards(tmp_path):
    child = Child(["sh", "-c", "echo early; read line; echo late"], stdout=tmp_path / "out", stderr=tmp_path / "err")
    wait_until(lambda: child.printed(child.stdout) == "early\n")
    child.write_line(b"go on")
    child.wait(time.monotonic() + 10)
    child.kill()
    assert (tmp_path / "out").read_text() == child.printed(child.stdout) == "early\nlate\n"
    assert (tmp_path / "err").read_bytes() == b""


def test_what_a_probe_left_behind_does_not_hold_up_the_news_of_its_end(tmp_path):
    """A grandchild in a session of its own survives the group and holds every pipe."""
    failure, seconds = failure_of(
        tmp_path,
        """
        if not os.fork():
            os.setsid()
            time.sleep(30)
            os._exit(0)
        os._exit(9)
        """,
    )
    assert failure.reason == "exit status 9"
    assert seconds < 15


def test_what_lives_on_after_its_probe_cannot_go_on_filling_the_disk(tmp_path):
    child = Child(
        ["sh", "-c", "setsid sh -c 'echo $$ >pid; exec yes' & exit 0"],
        stdout=tmp_path / "out",
        stderr=tmp_path / "err",
        folder=tmp_path,
    )
    child.wait(time.monotonic() + 10)
    wait_until(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text().strip() != "")
    child.kill()
    size = (tmp_path / "out").stat().st_size
    assert size <= output.MOST_BEGINNING + output.MOST_END + 100
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"))  # noqa: PTH110, its pipe was closed
    assert (tmp_path / "out").stat().st_size == size


@each_of(
    ("answer", "said"),
    [
        ("b'[' * 100_000", "garbage"),
        ("b'{\"type\": ' + b'[' * 100_000 + b']' * 100_000 + b'}'", "garbage"),
        ('b\'{"type": "error"}\'', "no|None"),
        ('b\'{"type": "measured"}\'', "lacks openvino"),
        (
            'b\'{"type": "phase", "phase": {"a": []}}\\n{"type": "measured", "openvino": 7}\'',
            "openvino makes no sense: 7",
        ),
    ],
)
def test_garbage_is_a_failure_that_says_what_was_wrong(tmp_path, answer, said):
    failure, _ = failure_of(tmp_path, f"os.write(int(sys.argv[1]), {answer} + b'\\n'); time.sleep(30)")
    assert failure.kind in ("garbage", "error")
    assert any(word in failure.reason for word in said.split("|")), failure.reason


def test_an_answer_without_an_end_is_given_up_on(tmp_path, monkeypatch):
    monkeypatch.setattr("autogauge.probe.process.MOST_LINE", 1 << 20)
    failure, _ = failure_of(
        tmp_path,
        """
        while True:
            os.write(int(sys.argv[1]), 65536 * b"1")
        """,
    )
    assert failure.kind == "garbage"
    assert "without an end" in failure.reason


@pytest.mark.parametrize("message", [MEASURED, SLICE, DESCRIBED], ids=["measured", "slice", "described"])
def test_an_answer_as_it_should_be_is_taken(message):
    assert fault_of(message) is None
    assert fault_of({**message, "something": "else"}) is None


@each_of(
    ("message", "changed"),
    [
        (SLICE, {"latencies_ms": [1.0, float("nan")]}),
        (SLICE, {"latencies_ms": [-1.0]}),
        (SLICE, {"latencies_ms": "fast"}),
        (SLICE, {"inferences_per_second": float("inf")}),
        (SLICE, {"counted_s": 0}),
        (SLICE, {"execution_devices": "CPU"}),
        (MEASURED, {"seconds": {"fil": 0.1}}),
        (MEASURED, {"seconds": {**MEASURED["seconds"], "fil": -0.1}}),
        (MEASURED, {"seconds": {**MEASURED["seconds"], "fil": True}}),
        (MEASURED, {"optimal_infer_requests": 10**9}),
        (MEASURED, {"surroundings": {"wall_s": "long"}}),
        (MEASURED, {"openvino": None}),
        (MEASURED, {"handed_over_s": "soon"}),
        (DESCRIBED, {"machine": {}}),
        (DESCRIBED, {"machine": {**DESCRIBED["machine"], "name": "lab"}}),
        (DESCRIBED, of_machine(logical_cpus=0)),
        (DESCRIBED, of_machine(logical_cpus=1.5)),
        (DESCRIBED, of_machine(processor_quota="half")),
        (DESCRIBED, of_machine(processor_quota=float("nan"))),
        (DESCRIBED, of_machine(memory_gib=True)),
        (DESCRIBED, of_machine(memory_gib=-1)),
        (DESCRIBED, of_machine(system="L" * 10_000)),
        (DESCRIBED, of_machine(architecture=None)),
        (DESCRIBED, of_machine(noted=[])),
        (DESCRIBED, of_machine(noted={"kernel": {}})),
        (DESCRIBED, of_machine(noted={"memory_limit_mib": float("inf")})),
        (DESCRIBED, of_machine(noted={"something": "else"})),
    ],
)
def test_an_answer_that_makes_no_sense_is_named(message, changed):
    (name,) = changed
    assert f"its {name} makes no sense" in fault_of({**message, **changed})
    if name in message:
        assert fault_of({key: value for key, value in message.items() if key != name}) == f"it lacks {name}"


@for_all(
    lambda st: (
        st.sampled_from([MEASURED, SLICE, DESCRIBED]),
        st.sampled_from(sorted({*MEASURED, *SLICE, *DESCRIBED} - {"type"})),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200),
            lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
        ),
    )
)
def test_any_answer_is_either_taken_or_named_in_a_short_sentence(message, name, value):
    fault = fault_of(json.loads(json.dumps({**message, name: value})))
    assert fault is None or len(fault) < 200
