"""The matrix: which device strings and models are tried with which devices present, and which promise each row belongs to.

A promise has the rows that ought to agree for one reason; those that are known to differ have one of their own, so that a known difference
hides no new one. What is right for a row says ``rule``, what became of it ``judged``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from autogauge.studies.selection.rule import NPU, Choice, Machine, choose

PRECISIONS = {"relu": "FP32", "conv-f16": "FP32", "conv-f16-plain": "FP16", "int8-smallest": "INT8"}
"""The models of the matrix, and what AUTO is to ask of a device for each; ``conv-f16`` only keeps its weights in half precision."""
IN_WORDS = {"relu": "FP32", "conv-f16": "FP32, weights kept in FP16", "conv-f16-plain": "FP16", "int8-smallest": "INT8"}
GIVEN = ("object", "path", "buffer")
HAND_OVER_S, ABSENT_S = 10.0, 1.0
"""So long a row waits for the hand-over; and where the device that AUTO would wait for is not there."""
NONE_NAMED = "none named"


@dataclass(frozen=True)
class Row:
    """One attempt: ``asked`` (``None``: no device is named), a model of ``PRECISIONS``, how it is given.

    ``priorities`` are those of the property, given with the call; ``beforehand`` those that AUTO was given on the Core.
    """

    asked: str | None
    model: str = "relu"
    given: str = "object"
    priorities: str = ""
    beforehand: str = ""
    promise: str = ""

    @property
    def in_short(self) -> str:
        """What evidence calls it: FP32 and an object go without saying; a string whose blanks or commas are its point stands in quotes."""
        string = self.title.partition(" · ")[0]
        if self.asked and (" " in self.asked or self.asked.endswith(",") or ":," in self.asked or ",," in self.asked):
            string = f'"{string}"'
        others = [IN_WORDS[self.model]] if self.model != "relu" else []
        others += [self.given] if self.given != "object" else []
        return f"{string} ({', '.join(others)})" if others else string

    @property
    def title(self) -> str:
        """What tables call it."""
        words = [self.asked or NONE_NAMED]
        words += [f"priorities {self.priorities}"] if self.priorities else []
        words += [f"priorities {self.beforehand} beforehand"] if self.beforehand else []
        return f"{', '.join(words)} · {IN_WORDS[self.model]} · {self.given}"

    def step(self) -> dict[str, Any]:
        """For the probe."""
        is_absent = NPU in (self.asked or "")
        step: dict[str, Any] = {
            "do": "select",
            "name": self.title,
            "model": self.model,
            "from": self.given,
            "longest_s": ABSENT_S if is_absent else HAND_OVER_S,
        }
        if self.asked is not None:
            step["device"] = self.asked
        for key, value in (("properties", self.priorities), ("beforehand", self.beforehand)):
            if value:
                step[key] = {"MULTI_DEVICE_PRIORITIES": value}
        return step

    @classmethod
    def of_step(cls, step: Mapping[str, Any]) -> Row:
        """The row that a saved run asked. Raises ``KeyError`` for a step that is none, or a model that is not in the matrix any more."""
        model, priorities = str(step["model"]), "MULTI_DEVICE_PRIORITIES"
        _ = PRECISIONS[model]
        return cls(
            step.get("device"),
            model,
            str(step["from"]),
            str(step.get("properties", {}).get(priorities, "")),
            str(step.get("beforehand", {}).get(priorities, "")),
        )

    def choice(self, machines: Sequence[Machine]) -> Choice:
        """What is right with these devices."""
        return choose(machines, self.asked, PRECISIONS[self.model], self.priorities or self.beforehand)


def matrix(configuration: str, machines: Sequence[Machine]) -> tuple[Row, ...]:
    """The rows that are tried with those devices; ``machines`` are what is there, as far as it is known before."""
    found = [*STRINGS[configuration]]
    found += [Row(asked, model, given) for asked, model, given in _crossed(CROSSED[configuration])]
    if any(each.kind == NPU for each in machines):  # what is tried with an NPU is that there is none
        found = [row for row in found if NPU not in (row.asked or "")]
    rows: dict[str, Row] = {}
    for row in found:  # what is tried with its string's own promise is not tried again in the cross
        rows.setdefault(row.title, replace(row, promise=row.promise or _promise_of(row, machines)))
    return tuple(rows.values())


def _crossed(strings: Sequence[str | None]) -> Iterator[tuple[str | None, str, str]]:
    for asked in strings:
        for model in PRECISIONS:
            for given in GIVEN:
                yield asked, model, given


def _promise_of(row: Row, machines: Sequence[Machine]) -> str:
    """The promise of a row of the cross: by what its model asks of a device, and by how it is given."""
    precision = PRECISIONS[row.model]
    if row.asked is None and row.given == "buffer":
        return "none-named-from-a-buffer"
    choice = row.choice(machines)
    of_precision = "selection-precision-filter" in choice.rules
    if precision == "FP32":
        return "same-however-given" if row.given != "object" else _promise_of_string(row.asked)
    first = choose(machines, row.asked, "").devices[:1]
    passed_over = of_precision and bool(first) and first[0] not in choice.devices
    if row.given == "path":
        return "precision-filter-from-path" if passed_over else "same-however-given"
    if precision == "FP16" and not choice.refused and _nobody_tells_fp16(row, machines):
        return "fp16-on-a-cpu-without-it"
    return "precision-filter"


def _nobody_tells_fp16(row: Row, machines: Sequence[Machine]) -> bool:
    """Whether several candidates are there, none of which tells FP16: by the page's table the CPU has it all the same."""
    orders = choose(machines, row.asked, "").orders
    there = {each.name: each for each in machines}
    none_tells = (not any("FP16" in there[name].capabilities for name in order) for order in orders)
    return bool(orders) and all(len(order) > 1 for order in orders) and all(none_tells)


def _promise_of_string(asked: str | None) -> str:
    if asked is None:
        return "none-named-is-auto"
    names = asked.partition(":")[2]
    if not names:
        return "default-order"
    return "excluded-is-out" if "-" in names else "list-is-the-order"


def _rows(promise: str, *strings: str | None) -> list[Row]:
    return [Row(asked, promise=promise) for asked in strings]


def _property(*priorities: str) -> list[Row]:
    rows = [Row("AUTO", priorities=each, promise="priorities-property") for each in priorities]
    return rows + [Row("AUTO", beforehand=each, promise="priorities-beforehand") for each in priorities]


_EVERYWHERE = (
    *_rows("none-named-is-auto", None),
    *_rows("empty-list-is-auto", "AUTO:"),
    *_rows("unknown-name-is-told", "AUTO:FOO,CPU", "AUTO:CPU,FOO"),
    *_rows("nothing-left-is-an-error", "AUTO:FOO", "AUTO:gpu,cpu", "AUTO:CPU.0", "AUTO:-GPU,-CPU"),
    *_rows("virtual-device-is-an-error", "AUTO:MULTI,CPU", "AUTO:CPU,AUTO"),
    *_rows("hetero-is-an-error", "AUTO:HETERO,CPU"),
    *_rows("absent-npu-is-passed-over", "AUTO:NPU,CPU"),
    *_rows("nothing-left-is-an-error", "AUTO:NPU"),
    *_rows("named-twice-is-once", "AUTO:CPU,CPU"),
    *_rows("excludes-no-other", "AUTO:-FOO", "AUTO:-NPU"),
)
_WITH_A_GPU = (
    *_EVERYWHERE,
    *_rows("list-is-the-order", "AUTO:CPU", "AUTO:-CPU,GPU", "AUTO:-GPU,CPU"),
    *_rows("unknown-name-is-told", "AUTO:GPU,FOO"),
    *_rows("absent-number-is-passed-over", "AUTO:GPU.7,CPU", "AUTO:GPU,CPU.1"),
    *_rows("absent-cpu-number-is-passed-over", "AUTO:CPU.1,GPU"),
    *_rows("nothing-left-is-an-error", "AUTO:GPU.7"),
    *_rows("named-twice-is-once", "AUTO:GPU,GPU", "AUTO:GPU,GPU,CPU", "AUTO:GPU,GPU.0"),
    *_rows("excludes-no-other", "AUTO:-G"),
    *_rows("excludes-no-longer-name", "AUTO:-NOTGPU", "AUTO:-MYCPU"),
    *_rows("commas-are-as-meant", "AUTO:GPU,", "AUTO:,GPU", "AUTO:GPU,,CPU"),
    *_rows("blank-is-told", "AUTO:GPU, CPU", "AUTO: GPU,CPU", "AUTO:GPU ,CPU", "AUTO:CPU, GPU"),
    *_property("CPU,GPU", "GPU,CPU"),
)
STRINGS: Mapping[str, Sequence[Row]] = {
    "cpu alone": (
        *_EVERYWHERE,
        *_rows("absent-gpu-is-passed-over", "AUTO:GPU,CPU", "AUTO:CPU,GPU", "AUTO:GPU.0,CPU"),
        *_rows("nothing-left-is-an-error", "AUTO:GPU", "AUTO:-CPU"),
        *_rows("excludes-no-other", "AUTO:-GPU"),
    ),
    "one gpu": (
        *_WITH_A_GPU,
        *_rows("by-id", "AUTO:GPU.0,CPU", "AUTO:GPU.0", "AUTO:CPU,GPU.0"),
        *_rows("gpu-is-the-first-one", "AUTO:GPU"),
        *_rows("excluded-is-out", "AUTO:-GPU.0"),
        *_rows("excludes-no-longer-name", "AUTO:-GPU.1"),
        *_rows("absent-number-is-passed-over", "AUTO:GPU.1,CPU", "AUTO:GPU.0,GPU.1"),
    ),
    "two gpus": (
        *_WITH_A_GPU,
        *_rows("by-id", "AUTO:GPU.0,CPU", "AUTO:GPU.1,CPU", "AUTO:GPU.0,GPU.1", "AUTO:GPU.1,GPU.0", "AUTO:GPU.1"),
        *_rows("gpu-is-the-first-one", "AUTO:GPU,CPU"),
        *_rows("gpu-alone-is-the-first-one", "AUTO:GPU"),
        *_rows("excluded-is-out", "AUTO:-GPU.0", "AUTO:-GPU.1"),
    ),
    "another vendor": (
        *_rows("none-named-is-auto", None),
        *_rows("other-vendor-is-left-out", "AUTO", "AUTO:", "AUTO:-GPU", "AUTO:-CPU"),
        *_rows("other-vendor-is-taken-by-name", "AUTO:GPU", "AUTO:GPU,CPU", "AUTO:GPU.0,CPU", "AUTO:CPU,GPU"),
    ),
    "two vendors": (
        *_rows("none-named-is-auto", None),
        *_rows("other-vendor-is-left-out", "AUTO", "AUTO:", "AUTO:-CPU", "AUTO:-GPU.0", "AUTO:-GPU.1"),
        *_rows("other-vendor-is-taken-by-name", "AUTO:GPU.1", "AUTO:GPU.1,GPU.0", "AUTO:CPU,GPU.1"),
        *_rows("gpu-alone-is-the-first-one", "AUTO:GPU"),
    ),
    "real gpu": (
        *_EVERYWHERE,
        *_rows("unknown-name-is-told", "AUTO:GPU,FOO"),
        *_rows("absent-number-is-passed-over", "AUTO:GPU.7,CPU"),
        *_rows("blank-is-told", "AUTO:GPU, CPU", "AUTO:GPU ,CPU"),
        *_rows("list-is-the-order", "AUTO:CPU", "AUTO:-CPU,GPU"),
        *_rows("by-id", "AUTO:GPU.0,CPU"),
        *_property("CPU,GPU", "GPU,CPU"),
    ),
}
_CORE: tuple[str | None, ...] = ("AUTO", "AUTO:GPU,CPU", "AUTO:CPU,GPU", "AUTO:-CPU", "AUTO:-GPU")
CROSSED: Mapping[str, Sequence[str | None]] = {
    "cpu alone": (None, "AUTO", "AUTO:CPU"),
    "one gpu": _CORE,
    "two gpus": _CORE,
    "another vendor": ("AUTO",),
    "two vendors": (),
    "real gpu": _CORE,
}
"""The device strings that are tried with each model, given in each way."""
