"""What was seen of the matrix's rows is judged rightly: as the rule says it holds, turned round each claim fails. Nothing is measured."""

import itertools

import pytest

from autogauge.measuring.claim import BEYOND
from autogauge.probe.seen import Seen
from autogauge.rig.expecting import judge
from autogauge.studies.selection import judged, known
from autogauge.studies.selection.promises import AS_ASKED, PROMISES
from autogauge.studies.selection.rows import STRINGS, Row, matrix
from autogauge.studies.selection.rule import Machine, choose
from autogauge.studies.selection.study import EMULATED, assumed, expectations
from tests.cases import each_of

WITH_FP16 = {"name": "CPU", "capabilities": ["FP32", "FP16", "INT8", "BIN"]}
WITHOUT_FP16 = {"name": "CPU", "capabilities": ["FP32", "INT8", "BIN"]}
DIFFERS = {each.name: each.differs for each in PROMISES}
CASES = [(name, cpu) for name in STRINGS for cpu in (WITH_FP16, WITHOUT_FP16)]


def devices_of(case, cpu):
    """The devices of a case as its process tells them."""
    gpus = EMULATED[case][1] if case in EMULATED else EMULATED["one gpu"][1] if case == "real gpu" else ()
    return [cpu] + [
        {
            "name": each.name,
            "type": "DISCRETE" if each.is_discrete else "INTEGRATED",
            "capabilities": sorted(each.capabilities),
            "architecture": f"GPU: vendor={'0x8086' if each.is_intels else '0x1002'} arch=v12.0.0",
        }
        for each in assumed(gpus)
    ]


def as_ruled(row, machines):
    """What a row tells that does as the rule says: value, error, log."""
    choice = row.choice(machines)
    if not choice.devices:
        return {}, "RuntimeError: no device", {}
    device, order = choice.devices[0], choice.orders[0] if choice.orders else choice.devices
    helps = device != "CPU" and "CPU" in order
    value = {
        "first": ["(CPU)" if helps else device],
        "end": [device],
        "after": [device],
        "priorities": ",".join(order),
        "failed": "",
    }
    log = {"selected": [device], "finished": [device], "inferences": {device: 2}, "cpu_helper_started": helps}
    return value, None, log


def records_of(rows, devices, **changed):
    """A saved case; ``changed`` are values, errors and logs by the row's title."""
    machines = [Machine.told(each) for each in devices]
    records = [
        {
            "step": "devices",
            "asked": {"do": "devices"},
            "became": "done",
            "value": {"there": devices},
            "error": None,
            "log": {},
        }
    ]
    for row in rows:
        value, error, log = changed.get(row.title) or as_ruled(row, machines)
        became = "done" if error is None else "error"
        records.append(
            {"step": row.title, "asked": row.step(), "became": became, "value": value, "error": error, "log": log}
        )
    return records


class Saved(Seen):
    """A case as it is saved."""

    def __init__(self, records):
        super().__init__((), None, None)
        self._records = records

    def to_json(self):
        return self._records


def verdicts(rows, devices, *, asked=None, **changed):
    machines = [Machine.told(each) for each in devices]
    checks, _ = judge(expectations(rows, machines, asked), Saved(records_of(rows, devices, **changed)))
    return checks


def ended(rows, devices, row, became):
    """A saved case, in one row of which the process ended so."""
    records = records_of(rows, devices)
    place = next(number for number, each in enumerate(records) if each["step"] == row.title)
    records[place] = {**records[place], "became": became, "value": {}, "error": None, "log": {}}
    return records


@each_of(("case", "cpu"), CASES)
def test_what_does_as_the_rule_says_holds_and_every_row_is_judged(case, cpu):
    devices = devices_of(case, cpu)
    rows = matrix(case, [Machine.told(each) for each in devices])
    checks = verdicts(rows, devices)
    assert not {name: check.why for name, check in checks.items() if check.holds is not True}
    assert len({row.title for row in rows}) == len(rows)
    assert {row.promise for row in rows} <= {each.name for each in PROMISES}


@each_of("case", ["cpu alone", "one gpu", "two vendors"])
def test_each_row_that_is_turned_round_breaks_its_own_promise_and_is_named(case):
    devices = devices_of(case, WITH_FP16)
    machines = [Machine.told(each) for each in devices]
    rows = matrix(case, machines)
    for row in rows:
        choice = row.choice(machines)
        wrong = next((each.name for each in machines if each.name not in choice.devices), "GPU.9")
        taken = {"first": [wrong], "end": [wrong], "after": [wrong]}, None, {"selected": [wrong]}
        refused = {}, "RuntimeError: it is refused", {}
        for turned in (taken, *(() if choice.refused else (refused,))):
            own = [each for each in rows if each.promise == row.promise]
            check = verdicts(own, devices, **{row.title: turned})[row.promise]
            assert check.holds is False, row.title
            assert row.in_short in check.why, row.title


def test_a_candidate_that_gets_lost_breaks_the_promise():
    devices = devices_of("one gpu", WITH_FP16)
    rows = matrix("one gpu", [Machine.told(each) for each in devices])
    row = next(each for each in rows if each.asked == "AUTO:GPU, CPU")
    value = {"first": ["GPU"], "end": ["GPU"], "after": ["GPU"], "priorities": "GPU", "failed": ""}
    check = verdicts(rows, devices, **{row.title: (value, None, {"selected": ["GPU"]})})["blank-is-told"]
    assert check.holds is False
    assert '"AUTO:GPU, CPU": its candidates are GPU instead of GPU,CPU' in check.why
    assert BEYOND not in check.why


@each_of("became", ["hung", "it was killed by SIGSEGV"])
def test_a_row_that_hangs_or_crashes_fails_its_promise_by_name_and_no_known_difference_excuses_it(became):
    machines = [Machine.told(each) for each in DEVICES]
    rows = matrix("one gpu", machines)
    for row in rows:
        own = [each for each in rows if each.promise == row.promise]
        checks, _ = judge(expectations(own, machines), Saved(ended(own, DEVICES, row, became)))
        check = checks[row.promise]
        assert check.holds is False, row.title
        assert f"{row.in_short}: {became} instead of {row.choice(machines)}" in check.why
        assert (BEYOND in check.why) is bool(DIFFERS[row.promise]), row.title


def test_what_a_known_difference_does_not_make_of_a_row_is_beyond_it():
    """Another device, and an error that nobody has seen: of each row that is known to differ."""
    tried = 0
    for case in ("cpu alone", "one gpu", "two gpus"):
        devices = devices_of(case, WITHOUT_FP16)
        machines = [Machine.told(each) for each in devices]
        rows = matrix(case, machines)
        for row in (each for each in rows if DIFFERS[each.promise]):
            choice = row.choice(machines)
            others = {"first": ["GPU.9"], "end": ["GPU.9"], "after": ["GPU.9"]}, None, {"selected": ["GPU.9"]}
            new = {}, "RuntimeError: a wholly new error", {}
            for turned in (others, *(() if choice.refused else (new,))):
                own = [each for each in rows if each.promise == row.promise]
                check = verdicts(own, devices, **{row.title: turned})[row.promise]
                assert check.holds is False, row.title
                assert check.why.startswith(BEYOND), row.title
                tried += 1
    assert tried > 30


def test_every_known_difference_says_what_it_makes_of_a_row():
    assert {key for keys in DIFFERS.values() for key in keys} == {*known.BY_KEY}


NO_LIBRARY = "Cannot load library 'lib{}': cannot open shared object file: No such file or directory"


def gone(device, order=None, **log):
    """What a row tells that went to that device."""
    value = {"first": [device], "end": [device], "after": [device], "priorities": order or device}
    return value, None, {"selected": [device.strip("()")], **log}


@each_of(
    ("case", "asked", "model", "given", "told"),
    [  # as it was seen on the three releases
        ("one gpu", "AUTO:GPU, CPU", "relu", "object", gone("GPU")),
        ("one gpu", "AUTO:CPU, GPU", "relu", "object", gone("CPU")),
        ("one gpu", "AUTO: GPU,CPU", "relu", "object", gone("CPU")),
        ("two gpus", "AUTO:GPU, CPU", "relu", "object", gone("GPU.0", "GPU.0,GPU.1")),
        ("one gpu", "AUTO:FOO,CPU", "relu", "object", gone("CPU")),
        ("two gpus", "AUTO:GPU,FOO", "relu", "object", gone("GPU.0", "GPU.0,GPU.1")),
        ("cpu alone", "AUTO:HETERO,CPU", "relu", "object", gone("CPU")),
        ("one gpu", "AUTO:-NOTGPU", "relu", "object", gone("CPU")),
        ("one gpu", "AUTO:-GPU.1", "relu", "object", gone("CPU")),
        ("two gpus", "AUTO:-NOTGPU", "relu", "object", gone("CPU")),
        ("two gpus", "AUTO:-MYCPU", "relu", "object", gone("GPU.1", "GPU.1,GPU.0")),
        ("two gpus", "AUTO:GPU", "relu", "object", gone("GPU.1", "GPU.1,GPU.0")),
        ("two vendors", "AUTO:GPU", "relu", "object", gone("GPU.1", "GPU.1,GPU.0")),
        ("one gpu", "AUTO", "int8-smallest", "path", gone("GPU", "GPU,CPU")),
        ("two gpus", "AUTO:GPU,CPU", "int8-smallest", "path", gone("GPU.0", "GPU.0,GPU.1,CPU")),
        ("one gpu", "AUTO:NPU,CPU", "relu", "object", gone("(CPU)", "NPU,CPU", failures={"NPU": "no"})),
        ("cpu alone", "AUTO:NPU,CPU", "relu", "object", ({}, NO_LIBRARY.format("ze_loader.so.1"), {})),
        ("cpu alone", "AUTO:GPU,CPU", "relu", "object", ({}, NO_LIBRARY.format("OpenCL.so.1"), {})),
        ("cpu alone", None, "relu", "buffer", ({}, 'RuntimeError: Device with "\0" name is not registered', {})),
        ("one gpu", "AUTO:CPU.1,GPU", "relu", "object", ({}, "CPU.1: CPU plugin supports only '' as device id", {})),
    ],
)
def test_what_a_known_difference_was_seen_to_make_of_a_row_is_not_beyond_it(case, asked, model, given, told):
    devices = devices_of(case, WITH_FP16)
    rows = matrix(case, [Machine.told(each) for each in devices])
    row = next(
        each for each in rows if (each.asked, each.model, each.given, each.priorities) == (asked, model, given, "")
    )
    own = [each for each in rows if each.promise == row.promise]
    check = verdicts(own, devices, **{row.title: told})[row.promise]
    assert check.holds is False
    assert BEYOND not in check.why


@each_of("case", [*EMULATED])
def test_an_emulated_gpu_that_is_not_what_was_asked_for_is_told_and_what_rests_on_it_is_not_known(case):
    devices, asked = devices_of(case, WITH_FP16), assumed(EMULATED[case][1])
    rows = matrix(case, [Machine.told(each) for each in devices])
    assert verdicts(rows, devices, asked=asked)[AS_ASKED].holds is True
    plain = {
        "type": "INTEGRATED",
        "capabilities": ["FP32", "INT8", "BIN"],
        "architecture": "GPU: vendor=0x8086 arch=v12.0.0",
    }
    ignored = [devices[0], *({**each, **plain} for each in devices[1:])]
    own = matrix(case, [Machine.told(each) for each in ignored])
    checks = verdicts(own, ignored, asked=asked)
    assert checks.pop(AS_ASKED).holds is False
    assert {name: check.holds for name, check in checks.items()} == dict.fromkeys(checks)
    row = own[0]
    wrong = {"first": ["GPU.9"], "end": ["GPU.9"], "after": ["GPU.9"]}, None, {"selected": ["GPU.9"]}
    assert verdicts(own, ignored, asked=asked, **{row.title: wrong})[row.promise].holds is False


ROW = Row("AUTO", promise="default-order")
DEVICES = devices_of("one gpu", WITH_FP16)
DONE = {"first": ["(CPU)"], "end": ["GPU"], "after": ["GPU"], "priorities": "GPU,CPU", "failed": ""}
SELECTS = {"selected": ["GPU.0"]}
HELPER = {**DONE, "end": ["(CPU)"], "after": ["(CPU)"]}


@each_of(
    ("value", "log", "agrees", "words"),
    [
        (DONE, SELECTS, True, ""),
        (
            {**DONE, "end": ["GPU.0"], "priorities": "GPU.0,CPU"},
            {"selected": ["GPU"]},
            True,
            "",
        ),  # names of other releases
        ({**DONE, "priorities": "GPU,GPU,CPU"}, SELECTS, True, ""),
        ({**DONE, "priorities": None}, SELECTS, True, ""),
        ({**DONE, "priorities": "CPU,GPU"}, SELECTS, False, "its candidates are CPU,GPU instead of GPU,CPU"),
        (DONE, {"selected": ["CPU"]}, False, "AUTO's log selects CPU, and GPU answers"),
        ({**DONE, "end": ["CPU"]}, {"selected": ["CPU"]}, False, "CPU instead of GPU"),
        (HELPER, SELECTS, None, ""),  # no hand-over in time, and nobody says why
        (HELPER, {**SELECTS, "finished": ["GPU.0"]}, True, ""),  # it came after the wait
        (HELPER, {**SELECTS, "failures": {"GPU.0": "no"}}, False, "(CPU) instead of GPU, since GPU failed"),
        ({**DONE, "failed": "RuntimeError: no"}, SELECTS, False, "the inference failed instead of GPU"),
        ({}, {}, None, ""),
    ],
)
def test_a_row_is_judged_by_log_and_property(value, log, agrees, words):
    (row,) = judged.judged(records_of([ROW], DEVICES, **{ROW.title: (value, None, log)}))
    assert (row.agrees, row.why if agrees is False else "") == (agrees, words)


@each_of(
    ("became", "agrees"),
    [("hung", False), ("not reached", None), ("it was killed by SIGSEGV", False), ("error", False)],
)
def test_a_row_that_ended_its_process_is_told(became, agrees):
    records = records_of([ROW], DEVICES)
    records[-1] = {
        **records[-1],
        "became": became,
        "value": {},
        "error": "RuntimeError: no" if became == "error" else None,
    }
    (row,) = judged.judged(records)
    assert row.agrees is agrees
    assert row.seen == ("an error" if became == "error" else became)


def test_nothing_seen_is_not_known():
    rows = matrix("one gpu", [Machine.told(each) for each in DEVICES])
    machines = [Machine.told(each) for each in DEVICES]
    for records in ([], records_of([], DEVICES), records_of(rows[:3], DEVICES)):
        checks, _ = judge(expectations(rows, machines), Saved(records))
        unknown = {name for name, check in checks.items() if check.holds is None}
        assert unknown >= {row.promise for row in rows} - {row.promise for row in rows[:3]}
        assert not any(check.holds is False for check in checks.values())


@each_of(
    ("promise", "value", "log"),
    [
        ("chosen-once", {**DONE, "after": ["CPU"]}, SELECTS),
        ("chosen-once", DONE, {"selected": ["GPU.0", "GPU.0"]}),
        ("property-tells-who-answers", DONE, {**SELECTS, "inferences": {"CPU": 2}}),
        ("property-tells-who-answers", DONE, {**SELECTS, "inferences": {"CPU_HELP": 1, "GPU.0": 1}}),
    ],
)
def test_promises_over_all_rows_are_broken_by_one(promise, value, log):
    rows = (ROW, Row("AUTO:CPU", promise="list-is-the-order"))
    check = verdicts(rows, DEVICES, **{ROW.title: (value, None, log)})[promise]
    assert check.holds is False
    assert ROW.in_short in check.why


@each_of(
    ("value", "log"),
    [
        ({**DONE, "priorities": "GPU"}, SELECTS),
        ({**DONE, "first": ["GPU"], "priorities": "GPU"}, {**SELECTS, "cpu_helper_started": True}),
    ],
)
def test_a_cpu_that_helps_without_being_a_candidate_is_told(value, log):
    row = Row("AUTO:-CPU", promise="excluded-is-out")
    name = "cpu-helps-only-where-it-is-a-candidate"
    assert verdicts([row], DEVICES)[name].holds
    assert verdicts([row], DEVICES, **{row.title: (value, None, log)})[name].holds is False


def test_rows_that_are_known_to_differ_have_promises_of_their_own():
    """A promise with a known difference has none of those rows that hold on every release."""
    with_difference = {each.name for each in PROMISES if each.differs}
    machines = [Machine.told(each) for each in DEVICES]
    by_promise = {}
    for row in matrix("one gpu", machines):
        by_promise.setdefault(row.promise, set()).add(row.in_short)
    assert by_promise["precision-filter-from-path"] == {
        f"{asked} ({precision}, path)"
        for asked, precision in itertools.product(("AUTO", "AUTO:GPU,CPU"), ("FP16", "INT8"))
    }
    assert "fp16-on-a-cpu-without-it" not in by_promise
    assert "absent-number-is-passed-over" not in with_difference
    without = [Machine.told(each) for each in devices_of("one gpu", WITHOUT_FP16)]
    of_fp16 = {each.in_short for each in matrix("one gpu", without) if each.promise == "fp16-on-a-cpu-without-it"}
    strings = ("AUTO", "AUTO:GPU,CPU", "AUTO:CPU,GPU")
    assert of_fp16 == {*(f"{each} (FP16)" for each in strings), *(f"{each} (FP16, buffer)" for each in strings)}


@each_of(
    ("error", "expected"),
    [
        (
            "RuntimeError: Exception from src/a.cpp:1:\nException from src/b.cpp:2:\nNo available device",
            "No available device",
        ),
        ("RuntimeError: AUTO says. Exception from src/a.cpp:1:\nno GPU\n;", "RuntimeError: AUTO says. no GPU"),
        ("UnicodeDecodeError: no text", "UnicodeDecodeError: no text"),
        ("Cannot load '/a/b.c/x/../libgpu.so': libOpenCL.so.1: no", "Cannot load 'libgpu.so': libOpenCL.so.1: no"),
        ("either/or and 1/2", "either/or and 1/2"),
        ("Exception from src/a.cpp:1:", "Exception from src/a.cpp:1:"),
        ('RuntimeError: Exception from src/a.cpp:1:\nDevice with "\x1b[2J\0" name', 'Device with "·[2J·" name'),
        ("a" * 100 + "b" * 100, "a" * 100 + " … " + "b" * 50),
        ("", ""),
    ],
)
def test_what_an_error_says_is_told_in_one_line(error, expected):
    assert judged.said(error) == expected


def test_a_row_is_read_back_from_its_step():
    rows = [*matrix("two gpus", [Machine.told(each) for each in devices_of("two gpus", WITH_FP16)])]
    assert [Row.of_step(row.step()).title for row in rows] == [row.title for row in rows]
    with pytest.raises(KeyError):
        Row.of_step({**rows[0].step(), "model": "of another release"})


def test_an_npu_that_is_there_is_not_tried_as_an_absent_one():
    devices = [Machine("CPU"), Machine("NPU")]
    assert not any("NPU" in (row.asked or "") for row in matrix("cpu alone", devices))
    assert str(choose(devices, "AUTO:NPU,CPU", "FP32")) == "NPU"


def test_a_row_of_which_nothing_is_known_makes_no_known_difference_a_new_one():
    """On a slow machine a hand-over may not be seen in time."""
    rows = [
        each for each in matrix("one gpu", [Machine.told(each) for each in DEVICES]) if each.promise == "blank-is-told"
    ]
    lost, slow = (next(each for each in rows if each.asked == asked) for asked in ("AUTO:CPU, GPU", "AUTO:GPU, CPU"))
    told = {lost.title: gone("CPU"), slow.title: (HELPER, None, SELECTS)}
    check = verdicts(rows, DEVICES, **told)["blank-is-told"]
    assert check.holds is False
    assert BEYOND not in check.why
