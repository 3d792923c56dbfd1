"""The table of AUTO's selection: rows that differ come first with what they break and whether that is known; all rows are there."""

from autogauge import studies
from autogauge.measuring import saving
from autogauge.measuring.claim import Fact
from autogauge.measuring.condition import Condition
from autogauge.measuring.plan import Plan
from autogauge.measuring.result import Result
from autogauge.report import terminal
from autogauge.studies.selection import table
from autogauge.studies.selection.rows import matrix
from autogauge.studies.selection.rule import Machine
from autogauge.studies.selection.study import SELECTION
from autogauge.targets import Target
from tests.unit.test_selection_judged import WITH_FP16, devices_of, records_of

CASE = "one gpu"
DEVICES = devices_of(CASE, WITH_FP16)
ROWS = matrix(CASE, [Machine.told(each) for each in DEVICES])


def result_of(*, case=CASE, rows=ROWS, known="", **changed):
    """A result with one case, as the study leaves it."""
    conditions = (Condition(case, Target(None), "an integrated GPU"),)
    claims = (Fact("blank-is-told", "a blank", (case,), known=known),)
    result = Result(SELECTION.name, conditions, claims, Plan(looks=(1,), budget_s=1.0), 0)
    result.facts[case] = {"replicates": [{"steps": records_of(rows, DEVICES, **changed)}]}
    return result


def row_of(asked):
    return next(each for each in ROWS if each.title.startswith(f"{asked} · FP32 · object"))


LOST = {"first": ["GPU"], "end": ["GPU"], "after": ["GPU"], "priorities": "GPU"}, None, {"selected": ["GPU"]}
REFUSED = {}, "RuntimeError: no", {}
CHANGED = {row_of("AUTO:GPU, CPU").title: LOST, row_of("AUTO").title: REFUSED, row_of("AUTO:GPU").title: ({}, None, {})}


def test_each_row_is_there_and_those_that_differ_come_first_with_what_they_break():
    _, differ, every = studies.blocks(result_of(known="blank-in-list", **CHANGED))
    assert (differ.id, every.id) == ("selection-differs", "selection-matrix")
    assert len(every.table.rows) == len(ROWS)
    named = [dict(zip(differ.table.columns, row, strict=True)) for row in differ.table.rows]
    assert {
        each["device string"]: (each["what was seen"], each["promise"], each["known difference"]) for each in named
    } == {
        "AUTO": ("an error (RuntimeError: no) instead of GPU", "default-order", "–"),
        "AUTO:GPU": ("not known: no device", "gpu-is-the-first-one", "–"),
        "AUTO:GPU, CPU": ("its candidates are GPU instead of GPU,CPU", "blank-is-told", "blank-in-list"),
    }
    assert {each["rule that is broken"] for each in named} == {"selection-blank-told", "selection-discrete-first", ""}
    assert all(each["devices"] == "an integrated GPU" for each in named)
    assert all(len(row) == len(every.table.columns) for row in every.table.rows)


def test_a_saved_result_is_drawn_alike():
    result = result_of(known="blank-in-list", **CHANGED)
    again = saving.from_json(saving.to_json(result))
    assert [each.table.rows for each in studies.blocks(again)] == [each.table.rows for each in studies.blocks(result)]


def test_rows_are_counted():
    count = len(ROWS)
    assert table.counted(result_of()) == (
        f"the matrix of AUTO's selection has {count} rows: {count} are as the rule says, 0 differ (0 by known differences), "
        "0 are not known; the page shows each"
    )
    told = table.counted(result_of(known="blank-in-list", **CHANGED))
    assert f"{count - 3} are as the rule says, 2 differ (1 by known differences), 1 are not known" in told


def test_a_result_without_rows_has_no_table():
    for result in (result_of(rows=()), result_of(case="of an earlier matrix", rows=())):
        assert table.counted(result) == ""
        assert list(studies.blocks(result)) == []
    result = result_of()
    result.facts.clear()
    assert list(studies.blocks(result)) == []


def test_rows_of_an_earlier_matrix_are_shown_without_a_promise():
    _, differ, every = studies.blocks(result_of(case="of an earlier matrix", **CHANGED))
    assert len(every.table.rows) == len(ROWS)
    assert {row[differ.table.columns.index("promise")] for row in differ.table.rows} == {"–"}


def test_a_glance_has_a_row_for_each_device_string_and_marks_what_differs():
    glance, *_ = studies.blocks(result_of(**CHANGED))
    assert glance.printed
    assert glance.table.columns == ("device string", "an integrated GPU")
    cells = dict(glance.table.rows)
    assert len(cells) == len({each.title.partition(" · ")[0] for each in ROWS})
    assert cells["AUTO:GPU, CPU"] == "GPU !"
    assert cells["AUTO:GPU"] == "no device ?"
    assert cells["AUTO:CPU"] == "CPU"
    assert "; FP32 from a object: an error !" not in cells["AUTO"]
    assert "FP32 from an object: an error !" in cells["AUTO"]


def test_what_is_so_of_every_model_is_said_once():
    of_buffers = {each.title: REFUSED for each in ROWS if each.asked == "AUTO:CPU,GPU" and each.given == "buffer"}
    glance, *_ = studies.blocks(result_of(**of_buffers))
    assert dict(glance.table.rows)["AUTO:CPU,GPU"] == "CPU; from a buffer: an error !"


def test_the_glance_stands_on_the_terminal_with_each_name_whole():
    text = terminal.render(terminal.printed(result_of(**CHANGED)), width=60, colour=False)
    assert "AUTO:GPU, CPU " in text
    assert "not as the rule says" in " ".join(text.split())
    assert "selection-matrix" not in text
