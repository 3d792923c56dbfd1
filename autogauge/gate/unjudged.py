"""Which benchmarks nothing judged in their newest run, why, and what is to be done: so that a lab is not called well where nobody looked.

A benchmark is judged where the gate said PASS, IMPROVED or FAIL of its newest run; and, as far as the gate had no word or could not tell,
where its trend is long enough for a level to be seen, and some of its runs are accepted; and where its trend is seen to be at a worse
level, which is news and may not be chance, whatever the gate knew. Of a machine what it still measures counts. A run that a person
rejected says nothing: whatever the gate said of it, nobody is asked about it again.

This is the one rule: the morning's page, each machine's page and ``alert`` all count by :func:`look` and :func:`coverage`. What is drawn or
printed of it is left to them.
"""

from __future__ import annotations

import datetime
import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from autogauge import checkout
from autogauge.gate.gate import CARRY_OVER
from autogauge.gate.judged import IMPROVED, NO_BASELINE
from autogauge.gate.own_baseline import OwnBaselines
from autogauge.gate.saved import HISTORY
from autogauge.gate.trends import Trend, until
from autogauge.history import reporting
from autogauge.history.index_rows import ACCEPTED
from autogauge.history.indexed import IndexedRun
from autogauge.history.reporting import Reporting
from autogauge.history.select import Selection
from autogauge.history.standing_file import Standing
from autogauge.plain import counted, few
from autogauge.stats.change_points import SHORTEST
from autogauge.stats.verdicts import Outcome

JUDGED = (str(Outcome.PASS), IMPROVED, str(Outcome.FAIL))
LONGEST_WHY = 120
REASONS = 3
"""So many reasons of a group of machines are said, those of most machines."""
NAMED = 3
"""So many machines are named beside a reason."""
COMMAND, MEASURE = "python -m autogauge", checkout.measure()


class Why(Enum):
    """Why nothing judged a benchmark: in a few words, for a cell and a heading."""

    PENDING = "no baseline, its newest run is pending"
    QUARANTINED = "no baseline, its newest run is quarantined"
    ALL_REJECTED = "no baseline, a person rejected its newest run"
    FINGERPRINT = "no baseline since its fingerprint changed"
    FIRST = "no baseline before its first accepted run"
    LATER = "no baseline yet when it was measured"
    OFF = "not judged by the gate"
    OPEN = "INCONCLUSIVE"
    NOTHING = "no run to judge"
    REJECTED = "a person rejected its newest run"

    @property
    def short(self) -> str:
        """The same for a count of machines."""
        return "no baseline" if self.value.startswith("no baseline") else self.value


@dataclass(frozen=True)
class Unjudged:
    """A benchmark that nothing judged, with its newest run; ``run`` is ``None`` for a machine that has none."""

    why: Why
    run: IndexedRun | None = None
    said: str = ""
    """What was said against that run: by the gate; or by a person, and when."""

    @property
    def is_rejected(self) -> bool:
        """Whether a person said that its newest run does not count."""
        return self.why in (Why.REJECTED, Why.ALL_REJECTED)

    @property
    def run_named(self) -> str:
        """That run as commands take it: ``lab-01/13``, or its file where it is in no usual place."""
        if self.run is None:
            return ""
        path = self.run.path
        usual = path.parent.parent.resolve() == HISTORY.resolve()
        return shlex.quote(f"{path.parent.name}/{self.run.number}" if usual and self.run.number else str(path))

    def command(self) -> str:
        """The command of the next step; empty where none is needed."""
        return {
            Why.PENDING: f"{COMMAND} accept {self.run_named}",
            Why.QUARANTINED: f"{COMMAND} accept {self.run_named}",
            Why.FINGERPRINT: f"{CARRY_OVER} {self.run_named}",
            Why.LATER: f"{COMMAND} gate {self.run_named}",
            Why.OFF: f"{COMMAND} gate {self.run_named}",
            Why.OPEN: f"{COMMAND} doctor",
            Why.NOTHING: MEASURE,
            Why.ALL_REJECTED: MEASURE,
        }.get(self.why, "")

    def step(self) -> str:
        """What to do, as a clause with its command."""
        command, by_itself = self.command(), "measure again: a run with nothing against it is accepted by itself"
        return {
            Why.PENDING: f"accept a good run: {command}; or {by_itself}",
            Why.QUARANTINED: f"mend what failed and {by_itself}; or accept this one: {command}",
            Why.FINGERPRINT: f"if it is the same machine: {command}; else its next run is judged against this one, as soon as this one is "
            "accepted",
            Why.ALL_REJECTED: f"measure again there ({command}): a run with nothing against it is accepted by itself",
            Why.REJECTED: "nothing is to be done: the next run is judged without it",
            Why.FIRST: "nothing is to be done: the next run is judged against it",
            Why.LATER: f"judge it now: {command}; the next run is judged by itself",
            Why.OFF: f"judge it now: {command}; with --gate=warn each run is judged when it is measured",
            Why.OPEN: f"measure again; what disturbs a machine: {command} (there)",
            Why.NOTHING: f"measure there ({command}), or take away a filter (--where)",
        }[self.why]

    def in_words(self) -> str:
        """Why, and what was said of it: ``a person rejected its newest run (26 Nov 2026: fan broken)``."""
        because = self.because()
        return f"{self.why.value}{f' ({because})' if because else ''}"

    def because(self) -> str:
        """What the gate, or a person, said against the run; empty for nothing."""
        return _cut(self.said)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_WHY else f"{text[: LONGEST_WHY - 1]}…"


def unjudged(
    trend: Trend, runs: Sequence[IndexedRun], baselines: OwnBaselines, now: datetime.datetime, trends: int = 1
) -> Unjudged | None:
    """Why nothing judged the trend's newest run, one of so many trends that are looked at; ``None`` where something did."""
    verdict, newest = trend.verdicts[-1], runs[trend.runs[-1]]
    rejected = baselines.rejected(trend)
    if verdict in JUDGED and rejected is None:
        return None
    if rejected is None and len(trend.used) >= 2 * SHORTEST and (verdict != NO_BASELINE or baselines.has_one(trend)):
        return None
    if (level := baselines.news_level(trend, now)) and level.worse and (not level.is_accepted or level.is_sure(trends)):
        return None
    if rejected is not None:
        return Unjudged(Why.REJECTED if baselines.has_one(trend) else Why.ALL_REJECTED, newest, rejected)
    why = _why(trend, verdict, baselines)
    return Unjudged(why, newest, baselines.against(trend) if why in (Why.PENDING, Why.QUARANTINED) else "")


def _why(trend: Trend, verdict: str, baselines: OwnBaselines) -> Why:
    if verdict == str(Outcome.INCONCLUSIVE):
        return Why.OPEN
    if baselines.has_one(trend):
        return Why.LATER if verdict == NO_BASELINE else Why.OFF
    if ACCEPTED in trend.standings[:-1]:
        return Why.FINGERPRINT
    stands = trend.standings[-1]
    return {str(Standing.PENDING): Why.PENDING, str(Standing.QUARANTINED): Why.QUARANTINED}.get(stands, Why.FIRST)


@dataclass(frozen=True)
class Group:
    """The machines with benchmarks that were not judged for one reason; ``benchmarks`` are how many of these each has, of how many."""

    why: Why
    first: Unjudged
    benchmarks: Mapping[str, tuple[int, int]]
    said: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """On which of these machines the gate, or a person, said what of it; empty words for nothing."""

    @property
    def is_whole(self) -> bool:
        """Whether it is so of all benchmarks of these machines."""
        return all(those == of for those, of in self.benchmarks.values())

    @property
    def machines(self) -> list[str]:
        """Their names, in order."""
        return sorted(self.benchmarks)

    def says(self) -> str:
        """What of how many machines: ``3 machines: no baseline, …``; where it is not all of them, how many benchmarks."""
        count = counted(len(self.benchmarks), "machine")
        if not self.is_whole:
            those = sum(each for each, _ in self.benchmarks.values())
            count = f"{counted(those, 'benchmark')} on {count}"
        because = self.because()
        return f"{count}: {self.why.value}{f' ({because})' if because else ''}"

    def because(self) -> str:
        """What was said of it; where that is not the same everywhere, on which machines, what is said most first."""
        said = sorted(
            ((words, machines) for words, machines in self.said.items() if words),
            key=lambda each: (-len(each[1]), each[0]),
        )
        if len(said) == 1 and len(said[0][1]) == len(self.benchmarks):
            return said[0][0]
        parts = [f"{few(sorted(machines), most=NAMED)}: {words}" for words, machines in said[:REASONS]]
        if more := len(said) - REASONS:
            parts += [f"and {counted(more, 'other reason')}"] * (more > 0)
        return "; ".join(parts)

    def step(self) -> str:
        """What to do, as a clause: the command for the first machine, where it names one of its runs, and that it is so of the others."""
        step, others = self.first.step(), len(self.benchmarks) - 1
        named = self.first.run_named
        if not others or not named or named not in step:
            return step
        rest = "the other machine" if others == 1 else f"the {others} other machines"
        return f"{step}; likewise for {rest}"

    def advice(self) -> str:
        """The same as a sentence."""
        return f"{(step := self.step())[:1].upper()}{step[1:]}."


@dataclass(frozen=True)
class Coverage:
    """Of how many machines anything was judged. ``groups`` say why the others were not, and which benchmarks of the judged were not."""

    machines: int = 0
    not_judged: Mapping[str, Why] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()

    @property
    def judged(self) -> int:
        """Machines of which something was judged."""
        return self.machines - len(self.not_judged)

    @property
    def in_part(self) -> int:
        """Judged machines with benchmarks that were not."""
        return len({machine for group in self.groups for machine in group.benchmarks} - {*self.not_judged})

    def of_them_in_part(self) -> str:
        """How many of the judged machines have benchmarks that were not judged, in brackets after these; empty for none."""
        if not self.in_part:
            return ""
        return " (in part)" if self.in_part == self.judged else f" ({self.in_part} of them in part)"

    def reasons(self) -> str:
        """Why machines were not judged, in a few words: ``no baseline``."""
        return few(list(dict.fromkeys(why.short for why in self.not_judged.values())))

    def counts(self) -> str:
        """How many were judged and how many were not, in words; empty where every benchmark of every machine was."""
        parts = [f"{self.judged} judged{self.of_them_in_part()}"] if self.judged else []
        if self.not_judged:
            parts.append(f"{len(self.not_judged)} not judged ({self.reasons()})")
        return ", ".join(parts) if self.not_judged or self.in_part else ""


@dataclass(frozen=True)
class Looked:
    """A benchmark as it is now: of which machine, whether it still reports (``history.reporting``), and why nothing judged it.

    ``age_s`` is how old its newest run is, ``None`` where its clock is ahead; ``unjudged`` is ``None`` where something did judge it.
    """

    machine: str
    state: str
    age_s: float | None
    unjudged: Unjudged | None

    @property
    def reports(self) -> bool:
        """Whether it is measured as often as it should be, as far as anybody knows."""
        return self.state not in (reporting.STALE, reporting.SILENT)


def look(
    trends: Sequence[Trend],
    runs: Sequence[IndexedRun],
    machines: Mapping[str, Reporting],
    now: datetime.datetime,
    stale_after_days: float | None = None,
) -> list[Looked]:
    """How each of these trends is now: all of a history, without what is dated in the future (``gate.trends.until``)."""
    baselines = OwnBaselines(runs)
    found = []
    for trend in trends:
        machine = trend.identity.machine
        own = [runs[each] for each in trend.runs]
        state, age_s = reporting.of_benchmark(own, machines[machine], now, stale_after_days)
        found.append(Looked(machine, state, age_s, unjudged(trend, runs, baselines, now, len(trends))))
    return found


def covered(
    trends: Sequence[Trend],
    runs: Sequence[IndexedRun],
    history: Selection,
    now: datetime.datetime,
    stale_after_days: float | None = None,
) -> Coverage:
    """What was judged of a whole history, whose trends these are."""
    machines = reporting.machines(history.heard_of, now, stale_after_days)
    present = until(trends, runs, now + datetime.timedelta(seconds=reporting.AHEAD_S), history.remembered)
    return coverage(machines, look(present, runs, machines, now, stale_after_days))


def coverage(machines: Iterable[str], looked: Iterable[Looked]) -> Coverage:
    """What was judged of these machines' benchmarks: of those that still report, of all where none does."""
    every: dict[str, list[Looked]] = {machine: [] for machine in machines}
    for each in looked:
        every[each.machine].append(each)
    groups: dict[Why, dict[str, list[Unjudged]]] = defaultdict(lambda: defaultdict(list))
    not_judged: dict[str, Why] = {}
    of: dict[str, int] = {}
    for machine, own in every.items():
        benchmarks = [each.unjudged for each in own if each.reports] or [each.unjudged for each in own]
        benchmarks = benchmarks or [Unjudged(Why.NOTHING)]
        of[machine] = len(benchmarks)
        those = [each for each in benchmarks if each is not None]
        for one in those:
            groups[one.why][machine].append(one)
        if len(those) == len(benchmarks):
            not_judged[machine] = min((one.why for one in those), key=[*Why].index)
    return Coverage(len(of), not_judged, tuple(_group(why, groups[why], of) for why in Why if why in groups))


def _group(why: Why, machines: Mapping[str, Sequence[Unjudged]], of: Mapping[str, int]) -> Group:
    said: dict[str, list[str]] = defaultdict(list)
    for machine, those in machines.items():
        for words in {each.because() for each in those}:
            said[words].append(machine)
    return Group(
        why,
        machines[min(machines)][0],
        {machine: (len(those), of[machine]) for machine, those in machines.items()},
        said,
    )
