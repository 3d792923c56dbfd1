"""What is odd about the two sides of a comparison: other machines, models or surroundings, levels that a side mixes, runs not accepted."""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autogauge.errors import UserError
from autogauge.gate import hints
from autogauge.gate.beside import beside
from autogauge.gate.judgement import percent
from autogauge.history import records
from autogauge.history.indexed import IndexedRun, run_and_day
from autogauge.history.select import Selection
from autogauge.history.told_apart import Models, differing, model_of
from autogauge.plain import few_plain, plain
from autogauge.stats.change_points import Change, levels_of
from autogauge.stats.patterns import Alternation, patterns_of

if TYPE_CHECKING:
    from autogauge.gate.compared import Group

SHOWN = 3
LOOKED_AT = 300
"""Runs of a side, the newest, in which levels are looked for: a note is not worth a second."""


def of(
    a: Selection,
    b: Selection,
    compared: Sequence[tuple[str, Group, Group]],
    same_machines: bool,
    models: Models | None,
    looked_at: Sequence[tuple[str, Group, Group]],
) -> tuple[str, ...]:
    """Sentences for the reader. ``compared`` are each benchmark's title and its runs on either side; ``models`` those that both share.

    Levels are looked for in the benchmarks ``looked_at``: all, or of very many some.
    """
    found = [*_on_both_sides(a.runs, b.runs), *_between(a, b, same_machines, models)]
    stand = {
        "A": not_accepted("A", [(title, group) for title, group, _ in compared]),
        "B": not_accepted("B", [(title, group) for title, _, group in compared]),
    }
    found += [*stand["A"], *stand["B"]]
    by_seconds = not same_machines
    found += mixed("A", a.runs, [(title, group) for title, group, _ in looked_at], by_seconds=by_seconds, root=a.root)
    found += mixed("B", b.runs, [(title, group) for title, _, group in looked_at], by_seconds=by_seconds, root=a.root)
    if len(looked_at) < len(compared):
        found.append(
            f"whether a side mixes levels was looked at in the {len(looked_at)} lines of {len(compared)} that changed most: "
            f"the trends ({hints.command('report', a.root)}) show all"
        )
    own = [f"{name}: {note}" for name, side in (("A", a), ("B", b)) for note in side.notes(standings=not stand[name])]
    return tuple(dict.fromkeys([*found, *own]))


def first_counts(name: str, runs: Sequence[IndexedRun], benchmarks: Collection[str]) -> tuple[str, ...]:
    """Where a side's figures are the first of two measurements: a session's gate had some of these benchmarks measured again.

    Its newest ``LOOKED_AT`` runs are looked into, by their files' bytes first: few of them have any such.
    """
    newest = sorted(runs, key=moment_of)[-LOOKED_AT:]
    again = [keys for run in newest if (keys := _measured_again(run.path, benchmarks))]
    if not again:
        return ()
    where = few_plain(list(dict.fromkeys(key for keys in again for key in keys)))
    if len(runs) > 1:
        some = f"{len(again)} of {len(newest)} {'newest ' if len(newest) < len(runs) else ''}runs"
        was = "was" if len(again) == 1 else "were"
        return (f"{name}: {some} {was} measured again in {where}: of each run its first measurement counts here",)
    if name != "B":
        one = "this run" if name == "these runs" else name
        return (f"{one} was measured again in {where}: its first measurement counts here, as in the gate's baselines",)
    return (
        f"B was measured again in {where}: here its first measurement counts, and `gate` judges by both "
        f"(python -m autogauge gate {shlex.quote(str(runs[0].path))})",
    )


def _measured_again(path: Path, benchmarks: Collection[str]) -> list[str]:
    """Which of these benchmarks the gate of that run's session had measured again."""
    try:
        if not _AGAIN.search(path.read_bytes()):
            return []
        found = records.read(path).benchmarks
    except (OSError, UserError):
        return []  # gone, or broken, since it was indexed: what is said of that is said elsewhere
    return [key for key, each in found.items() if each.measured_again and key in benchmarks]


_AGAIN = re.compile(rb'"measured_again":\s*true')


def _on_both_sides(a: Sequence[IndexedRun], b: Sequence[IndexedRun]) -> list[str]:
    """Whether a run is compared with itself: a change of it cannot be seen then."""
    folders: dict[Path, Path] = {}
    paths = {_place(run, folders) for run in a}
    both = sum(_place(run, folders) in paths for run in b)
    if not both:
        return []
    some = "one run is on both sides, and hides" if both == 1 else f"{both} runs are on both sides, and hide"
    return [f"{some} what changed: name other runs for A or B (since=, until=, run=)"]


def _place(run: IndexedRun, folders: dict[Path, Path]) -> Path:
    """Where a run's file really lies; each folder is asked once."""
    folder = run.path.parent
    if folder not in folders:
        folders[folder] = folder.resolve()
    return folders[folder] / run.path.name


def _between(a: Selection, b: Selection, same_machines: bool, models: Models | None) -> list[str]:
    found = []
    if models is None:
        every = Models((*a.runs, *b.runs))
        found.append(
            f"A measured {_names(map(every.called, a.runs))}, B {_names(map(every.called, b.runs))}: "
            "a difference may be the model's, not AUTO's"
        )
    if not same_machines:
        machines = [_names(run.machine for run in side.runs) for side in (a, b)]
        found.append(f"A is of {machines[0]}, B of {machines[1]}: seconds are compared")
        return found
    prints_a, prints_b = _fingerprints(a.runs), _fingerprints(b.runs)
    for before, after in _nearest(a.runs, b.runs):
        if prints_a[before.machine, before.emulated] == prints_b[after.machine, after.emulated]:
            continue
        if clauses := differing(before, after):
            found.append(
                f"the fingerprints of A and B differ on {plain(before.machine) or 'the machine'}: {_few(clauses)}"
            )
    for before, after in _nearest(a.runs, b.runs):
        if before.fingerprint == after.fingerprint and (clauses := differing(before, after)):
            found.append(f"between A and B on {plain(before.machine) or 'the machine'}: {_few(clauses)}")
    return found


def _nearest(a: Sequence[IndexedRun], b: Sequence[IndexedRun]) -> list[tuple[IndexedRun, IndexedRun]]:
    """Of each machine and model that both sides have: a run of either, those that are nearest in time."""
    sides = [defaultdict(list), defaultdict(list)]  # type: ignore[var-annotated]
    one_model = not {model_of(run) for run in a} & {model_of(run) for run in b}
    for side, runs in zip(sides, (a, b), strict=True):
        for run in runs:
            side[run.machine, run.emulated, "" if one_model else model_of(run)].append(run)
    found = []
    for key in sides[0]:
        if key in sides[1]:
            ours, theirs = (sorted(side[key], key=moment_of) for side in sides)
            found.append((ours[-1], theirs[0]) if moment_of(ours[0]) <= moment_of(theirs[0]) else (ours[0], theirs[-1]))
    return found


def _fingerprints(runs: Sequence[IndexedRun]) -> dict[tuple[str, str], set[str]]:
    """Those of each machine."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for run in runs:
        found[run.machine, run.emulated].add(run.fingerprint)
    return found


def moment_of(run: IndexedRun) -> tuple[float, int]:
    """By what runs are in order."""
    return (run.when.timestamp() if run.when else 0.0, run.number)


def not_accepted(name: str, groups: Sequence[tuple[str, Group]]) -> list[str]:
    """What of a side counts although it is not accepted: none of its runs is, or it was named whatever its standing. Of one run, why."""
    found: dict[str, list[str]] = defaultdict(list)
    for title, group in groups:
        if not group.unaccepted:
            continue
        count = len(group.runs)
        if count == 1:
            why = group.runs[0].why
            which = f"its one run is {group.standing}{f' ({plain(why)})' if why else ''}"
        else:
            some = f"all {count}" if group.unaccepted == count else f"{group.unaccepted} of {count}"
            which = f"{some} runs are {group.standing}"
        found[which].append(title)
    return [
        f"{name}: {reason} in {_titles(titles, len(groups))}; compared all the same" for reason, titles in found.items()
    ]


@dataclass(frozen=True)
class _Part:
    """A benchmark's newest runs of one machine and model on one side: only these can be at one level."""

    title: str
    runs: Sequence[IndexedRun]
    figures: Sequence[Sequence[float]]
    """In which levels are looked for, one after the other: ratios to the pinned workload, seconds, or both."""
    releases: Sequence[str]


def _parts(title: str, group: Group, *, by_seconds: bool) -> Iterator[_Part]:
    """Those of a side; where the sides are compared ``by_seconds`` these count beside the ratios."""
    by_ratio = len(set(group.pinned)) == 1 and bool(group.pinned[0])
    figures = [group.ratios] * by_ratio + [group.seconds] * (by_seconds or not by_ratio)
    releases = group.releases or tuple(run.openvino for run in group.runs)
    places: dict[tuple[str, str, tuple[str, str]], list[int]] = defaultdict(list)
    for place, run in enumerate(group.runs):
        places[run.machine, run.emulated, model_of(run)].append(place)
    for own in (each[-LOOKED_AT:] for each in places.values()):
        yield _Part(
            title if len(places) == 1 else f"{title} on {group.runs[own[0]].machine}",
            [group.runs[place] for place in own],
            [[values[place] for place in own] for values in figures],
            [releases[place] for place in own],
        )


def mixed(
    name: str,
    runs: Sequence[IndexedRun],
    groups: Sequence[tuple[str, Group]],
    *,
    by_seconds: bool = False,
    root: Path | None = None,
) -> list[str]:
    """Whether a side holds several levels of a benchmark, or runs under several fingerprints: then one figure stands for no one thing.

    Runs of several machines, or models, are looked at one by one: that these differ is no change of level.
    """
    found = []
    changes: list[tuple[str, Sequence[IndexedRun], Change, Sequence[str]]] = []
    alternating: list[tuple[str, Alternation]] = []
    parts = [each for title, group in groups for each in _parts(title, group, by_seconds=by_seconds)]
    for each in parts:
        for values in each.figures:
            levels = levels_of(values)
            pattern = patterns_of(values, levels.starts)
            if isinstance(pattern, Alternation):  # its levels come and go: no run is where one begins
                alternating.append((each.title, pattern))
                break
            if levels.changes:
                changes += [(each.title, each.runs, change, each.releases) for change in levels.changes]
                break
    if alternating:
        title, widest = max(alternating, key=lambda each: each[1].apart)
        found.append(
            f"{name} alternates in {_titles([each for each, _ in alternating], len(parts))} between two levels, "
            f"{percent(widest.apart).lstrip('+')} apart in {plain(title)}: its figure stands for neither"
        )
    if changes:
        titles = list(dict.fromkeys(title for title, *_ in changes))
        title, of_it, change, measured_with = max(changes, key=lambda each: moment_of(each[1][each[2].first]))
        run, also = of_it[change.first], beside(of_it, measured_with, change.first)
        found.append(
            f"{name} mixes levels in {_titles(titles, len(parts))}, the last change being {percent(change.ratio)} of {plain(title)} "
            f"with {run_and_day(run)}: narrow it (since=, until=, run=), or read its trend ({hints.command('report', root)})"
            + (f"; {also}" if also else "")
        )
    by_machine: dict[tuple[str, str, tuple[str, str]], list[IndexedRun]] = defaultdict(list)
    for run in sorted(runs, key=moment_of):
        by_machine[run.machine, run.emulated, model_of(run)].append(run)
    for (machine, _, _), own in by_machine.items():
        kinds = Counter(run.fingerprint for run in own)
        if len(kinds) > 1:
            at = max(place for place in range(1, len(own)) if own[place].fingerprint != own[place - 1].fingerprint)
            clauses = differing(own[at - 1], own[at])
            found.append(
                f"{name} mixes {len(kinds)} fingerprints on {plain(machine) or 'the machine'}, the last change with "
                f"{run_and_day(own[at])}: {_few(clauses)}"
            )
    return found


def _titles(titles: Sequence[str], of_all: int) -> str:
    if len(titles) == of_all and of_all > 1:
        return f"all {of_all} benchmarks"
    more = f" and {len(titles) - SHOWN} more" if len(titles) > SHOWN else ""
    return ", ".join(plain(each) for each in titles[:SHOWN]) + more


def _few(clauses: Sequence[str]) -> str:
    more = f" and {len(clauses) - 5} more" if len(clauses) > 5 else ""
    return "; ".join(clauses[:5]) + more


def _names(values: Iterable[str]) -> str:
    names = sorted(filter(None, set(values)))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(plain(each, 80) for each in names[:SHOWN]) + more or "no name"
