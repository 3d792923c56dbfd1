"""The study of selection: which device AUTO takes, by the devices that there are, the device string, and the model and how it is given.

A case is a set of devices, and its process tries many rows (``rows``); what is right for each says ``rule``, and ``judged`` holds one
against the other. Here are the promises, and the table.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from autogauge.measuring.drawing import Block
from autogauge.measuring.progress import Progress
from autogauge.measuring.result import Result
from autogauge.probe.request import EmulatedGpu
from autogauge.probe.seen import Seen
from autogauge.rig.cases import Case, CaseStudy, Promise, Sees
from autogauge.rig.expecting import Expect, Wanted
from autogauge.rig.rig import Rig
from autogauge.rig.study import Turns
from autogauge.studies.selection import judged, table
from autogauge.studies.selection.judged import Judged, Summary
from autogauge.studies.selection.known import is_as_known
from autogauge.studies.selection.promises import AS_ASKED, PROMISES
from autogauge.studies.selection.rows import Row, matrix
from autogauge.studies.selection.rule import GPU, Machine

ROW_DEADLINE_S = 30.0
WITHOUT_INT8 = EmulatedGpu(without_int8=True)
"""Of an integrated GPU the plugin reads INT8 off its name, which holds the processor's: without it each processor has the same."""
DISCRETE = EmulatedGpu(discrete=True)
EMULATED: Mapping[str, tuple[str, tuple[EmulatedGpu, ...]]] = {
    "one gpu": ("an integrated GPU without INT8", (WITHOUT_INT8,)),
    "two gpus": ("an integrated GPU without INT8, and a discrete one", (WITHOUT_INT8, DISCRETE)),
    "another vendor": ("another vendor's GPU without INT8", (replace(WITHOUT_INT8, vendor="other"),)),
    "two vendors": (
        "an integrated GPU without INT8, and another vendor's discrete one",
        (WITHOUT_INT8, replace(DISCRETE, vendor="other")),
    ),
}
NO_ROW = {
    "fp16-on-a-cpu-without-it": "it is about machines whose CPU does not tell FP16, and this one's does",
}
OVER_ALL: Mapping[str, tuple[str, Callable[[Sequence[Judged]], Summary | None]]] = {
    "chosen-once": ("who answers after the hand-over", judged.chosen_again),
    "property-tells-who-answers": ("who answers, by property and by log", judged.told_wrongly),
    "cpu-helps-only-where-it-is-a-candidate": ("whether the CPU helps", judged.helped_unlisted),
}


class Selection(CaseStudy):
    """A case for each set of devices; a row is compiled, asked who answers, and let go of."""

    name = "selection"
    promises: ClassVar[tuple[Promise, ...]] = PROMISES

    def cases(self, rig: Rig) -> Sequence[Case]:
        """The CPU alone, emulated GPUs of several kinds, and a real GPU where there is one."""
        seen = [Machine.told(each.to_json()) for each in rig.inspection.devices]
        others = [each for each in seen if each.kind != GPU]
        cases = [_case("cpu alone", "the CPU alone", others, Sees.CPU_ONLY)]
        for name, (title, gpus) in EMULATED.items():
            cases.append(_case(name, title, [*others, *assumed(gpus)], gpus=gpus))
        if not rig.asked.is_emulated:
            cases.append(_case("real gpu", "this machine's own devices", seen, Sees.GPU))
        return cases

    def not_promised(self, rig: Rig) -> Mapping[str, str]:
        """Those too that no row is about on this machine."""
        return {**_without_a_row(self, rig), **super().not_promised(rig)}

    @contextlib.contextmanager
    def open(self, rig: Rig, result: Result, progress: Progress) -> Iterator[Turns]:
        """A process for each case; then a note that counts the rows."""
        with super().open(rig, result, progress) as turns:
            yield turns
        if told := table.counted(result):
            rig.notes.append(told)

    def blocks(self, result: Result) -> Iterable[Block]:
        """The rows that differ from the rule, and the whole matrix."""
        return table.blocks(result)


def _without_a_row(study: Selection, rig: Rig) -> dict[str, str]:
    there = {each.claim for case in study.cases(rig) for each in case.expects}
    return {
        each.name: NO_ROW.get(each.name, "no row of the matrix is about it on this machine")
        for each in study.promises
        if each.name not in there
    }


def assumed(gpus: Sequence[EmulatedGpu]) -> list[Machine]:
    """Emulated GPUs as OpenVINO will tell them, by which rows are told apart beforehand."""
    found = []
    for number, gpu in enumerate(gpus):
        capabilities = frozenset({"FP32", "BIN"} | (set() if gpu.without_int8 else {"INT8"}))
        name = GPU if len(gpus) == 1 else f"{GPU}.{number}"
        found.append(Machine(name, gpu.discrete, gpu.vendor == "intel", capabilities))
    return found


def _case(
    name: str,
    title: str,
    machines: Sequence[Machine],
    sees: Sees = Sees.ANYTHING,
    gpus: tuple[EmulatedGpu, ...] | None = None,
) -> Case:
    rows = matrix(name, machines)
    steps = ({"do": "devices"}, *(row.step() for row in rows))
    expects = expectations(rows, machines, assumed(gpus) if gpus is not None else None)
    return Case(name, title, steps, expects, sees, gpus, step_deadline_s=ROW_DEADLINE_S, prelude=1)


def expectations(
    rows: Sequence[Row], machines: Sequence[Machine], asked: Sequence[Machine] | None = None
) -> tuple[Expect, ...]:
    """One for each promise that rows are about; and those over all rows, where an accelerator is there.

    Of a promise with known differences one more says which rows are as these say, and that one alone is excused. ``asked`` are the
    emulated GPUs as they were asked for: where the process sees others, what agrees with the rule says nothing.
    """
    rules = {each.name: each for each in PROMISES}
    found = []
    if asked is not None:
        wanted = _in_words(asked)
        found.append(Expect(AS_ASKED, "the emulated GPUs", lambda seen: _in_words(_gpus_of(seen)) or None, wanted))
    for promise in dict.fromkeys(row.promise for row in rows):
        own = tuple(row for row in rows if row.promise == promise)
        what, wanted_of = f"{len(own)} row{'s' if len(own) > 1 else ''}", _as_ruled(rules[promise].rules)
        keys = rules[promise].differs
        read = partial(_of_rows, own, judged.summary, asked)
        # A row of which nothing is known (a slow machine) is excused beside those that are as known; one that is broken otherwise never.
        found.append(Expect(promise, what, partial(read, keys, False), wanted_of, differs=keys, as_known=_NOTHING))
        if keys:
            known = f"{what}, by what is known"
            found.append(Expect(promise, known, partial(read, keys, True), wanted_of, differs=keys))
    for promise, (what, over_all) in OVER_ALL.items() if len(machines) > 1 else ():
        read = partial(_of_rows, rows, over_all, asked, (), False)
        found.append(Expect(promise, what, read, _as_ruled(rules[promise].rules)))
    return tuple(found)


_NOTHING = Wanted("nothing", lambda told: False)


def _of_rows(
    rows: Sequence[Row],
    read: Callable[[Sequence[Judged]], Summary | None],
    asked: Sequence[Machine] | None,
    keys: Sequence[str],
    of_known: bool,
    seen: Seen,
) -> Summary | None:
    """What ``read`` makes of the rows: of those that differ only those that are as ``keys`` make them, or only the others."""
    records = seen.to_json()
    machines = judged.machines_of(records)
    found = [
        each
        for each in judged.judged(records, rows)
        if each.agrees is not False or of_known is any(is_as_known(key, each, machines) for key in keys)
    ]
    told = read(found) if found or not machines else Summary(0, ())
    is_as_asked = asked is None or _in_words(asked) == _in_words(_gpus_of(seen))
    return told if is_as_asked or (told and told.broken) else None


def _gpus_of(seen: Seen) -> list[Machine]:
    return [each for each in judged.machines_of(seen.to_json()) if each.kind == GPU]


def _in_words(gpus: Sequence[Machine]) -> str:
    """What emulated GPUs can be asked to be."""
    return "; ".join(
        f"{each.name}: {'discrete' if each.is_discrete else 'integrated'}, {'Intel' if each.is_intels else 'another vendor'}'s, "
        f"{'with' if 'INT8' in each.capabilities else 'without'} INT8"
        for each in gpus
    )


def _as_ruled(rules: Sequence[str]) -> Wanted:
    return Wanted(f"as it is written ({judged.source_of(rules)})", lambda told: not told.broken)


SELECTION = Selection()
