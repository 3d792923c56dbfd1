"""Which saved runs a rule would remove, which of them are kept all the same, and removing the others.

What the gate judges against is never removed: the runs of every baseline in the folder (``baseline``), those with which a level begins,
those that say what their machine's history goes on from, copies of any of these, and the newest run of a machine, so that it does not
vanish. What was removed is on a list (``pruned``); where a folder lies is left to the callers.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autogauge.causes import step_for
from autogauge.errors import UserError, explain_os_error
from autogauge.files import flush_folder
from autogauge.history import baseline, pruned, reporting, run_file, standing, store
from autogauge.history.found import begins_with
from autogauge.history.indexed import IndexedRun
from autogauge.history.standing_file import WORST_FIRST, Standing
from autogauge.plain import counted

BY_RULE, UNREADABLE, NOT_CHOSEN = "the rule keeps it", "it cannot be read", "the filters leave it out"
JUDGED, FIRST, PENDING = "judged against", "the first of a level", "waiting to be confirmed"
BEGINS, CONTINUES, COPY, NEWEST = (
    "with which a level begins",
    "that say what history goes on",
    "copies of runs that are kept",
    "the newest of a machine",
)
ALL_THE_SAME = (JUDGED, FIRST, PENDING, BEGINS, CONTINUES, NEWEST, COPY)
"""Why a run is kept that the rule would remove, in the order in which it is said."""
Choose = Callable[[IndexedRun], bool]
State = tuple[int, int, int]
"""Of a standing's file: when it was changed, its size, and its number on the disk, which is another after every change."""


@dataclass(frozen=True)
class Rule:
    """What is kept, of each machine and fingerprint: the newest ``last`` runs, and those of the last ``days``. ``None`` asks for nothing.

    With ``quarantined_days`` a run of which nothing is accepted or pending is kept for so many days, and counts among no ``last``.
    """

    last: int | None = None
    days: float | None = None
    quarantined_days: float | None = None

    def removes(self, runs: Iterable[IndexedRun], now: datetime.datetime) -> list[IndexedRun]:
        """Those of one fingerprint's runs that it would remove. What has no date is of no age: days keep it."""
        found: list[IndexedRun] = []
        others: list[IndexedRun] = []
        for run in sorted(runs, key=lambda each: each.number, reverse=True):
            some_count = run.standing != str(Standing.QUARANTINED) or run.accepted or run.pending
            if self.quarantined_days is None or some_count:
                others.append(run)
            elif _is_older(run, self.quarantined_days, now):
                found.append(run)
        if self.last is None and self.days is None:
            return found
        beyond = others[self.last :] if self.last is not None else others
        return [*found, *(run for run in beyond if self.days is None or _is_older(run, self.days, now))]


def _is_older(run: IndexedRun, days: float, now: datetime.datetime) -> bool:
    return run.when is not None and now - run.when > datetime.timedelta(days=days)


@dataclass(frozen=True)
class Plan:
    """What becomes of the runs of a folder: ``removed`` go, of the ``kept`` it is said why.

    ``standings`` are those of the removed, as they were before the runs were looked at.
    """

    folder: Path
    removed: tuple[IndexedRun, ...]
    kept: tuple[tuple[IndexedRun, str], ...]
    standings: tuple[State | None, ...]

    @property
    def all_the_same(self) -> list[tuple[IndexedRun, str]]:
        """The runs that the rule would remove, and that are kept."""
        return [(run, why) for run, why in self.kept if why in ALL_THE_SAME]

    @property
    def bytes(self) -> int:
        """How large the files are that go."""
        return sum(_size(path) for run in self.removed for path in (run.path, *beside(run.path)))


def beside(run: Path) -> tuple[Path, Path]:
    """The files that lie beside a run's: every single latency, and its standing."""
    return run_file.arrays_path(run), standing.path_of(run)


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def states(folder: Path) -> dict[str, State]:
    """The standings that are in a folder, by their files' names. Whoever plans takes them before looking at the runs."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == standing.SUFFIX]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise store.cannot_read(folder, error) from None
    return {path.name: state for path in paths if (state := _state(path))}


def plan(
    folder: Path,
    runs: Sequence[IndexedRun],
    rule: Rule,
    now: datetime.datetime,
    choose: Choose,
    before: Mapping[str, State],
) -> Plan:
    """What the rule comes to in that folder, whose ``runs`` are all that are in it; only those that ``choose`` takes may go.

    ``before`` are the standings (:func:`states`) from before the runs were looked at: what changed since is seen by :func:`remove`.
    Raises :class:`UserError` where nobody knows what is judged against.
    """
    readable = [run for run in runs if run.readable]
    kept: dict[Path, str] = {run.path: UNREADABLE for run in runs if not run.readable}
    kept |= {run.path: NOT_CHOSEN for run in readable if not choose(run)}
    by_print: dict[str, list[IndexedRun]] = defaultdict(list)
    for run in readable:
        by_print[run.fingerprint].append(run)
    going = {run.path: run for own in by_print.values() for run in rule.removes(own, now) if run.path not in kept}
    kept |= {run.path: BY_RULE for run in readable if run.path not in going and run.path not in kept}
    if going:
        held = _held(folder, by_print, readable, now)
        kept |= {path: held[path] for path in going if path in held}
        same = {_identity(run) for run in readable if run.path in kept or run.path in held}
        kept |= {path: COPY for path, run in going.items() if path not in kept and _identity(run) in same}
    # Of two copies that both go, the worse standing goes last: alone the other would count.
    removed = [run for path, run in going.items() if path not in kept]
    removed.sort(key=lambda run: (-WORST_FIRST.index(Standing(run.standing)), run.number))
    return Plan(
        folder,
        tuple(removed),
        tuple((run, kept[run.path]) for run in runs if run.path in kept),
        tuple(before.get(standing.path_of(run.path).name) for run in removed),
    )


def _identity(run: IndexedRun) -> tuple[str, datetime.datetime | None]:
    """Equal for copies of a run; for little else: two runs of one machine do not begin in the same microsecond."""
    return run.fingerprint, run.when


def _held(
    folder: Path, fingerprints: Iterable[str], runs: Sequence[IndexedRun], now: datetime.datetime
) -> dict[Path, str]:
    """Why runs of that folder are kept whatever the rule says, by their files."""
    found: dict[Path, str] = {}

    def hold(path: Path, why: str) -> None:
        found.setdefault(path, why)

    # Where another machine's history goes on from one of these, it takes no more of it than its own next run would.
    for fingerprint in fingerprints:
        history = baseline.find(folder, fingerprint or None, last=baseline.LAST)
        for run in history.runs:
            hold(run.path, JUDGED)
        for first in history.first.values():
            for run in first:
                hold(run.path, FIRST)
        for waiting in history.pending.values():
            for each in waiting:
                hold(each.run.path, PENDING)
    for one in runs:
        record = standing.read(one.path)
        if begins_with(record):
            hold(one.path, BEGINS)
        if record.continues:
            hold(one.path, CONTINUES)
    for machine in reporting.machines(runs, now).values():
        if machine.last:
            hold(machine.last.path, NEWEST)
    return found


def _state(path: Path) -> State | None:
    """By which a change of a standing is seen."""
    with contextlib.suppress(FileNotFoundError):
        there = path.stat()
        return there.st_mtime_ns, there.st_size, there.st_ino
    return None


@dataclass(frozen=True)
class Removed:
    """What was removed: ``runs``; ``changed`` are those that somebody gave another standing meanwhile, which stay with their copies."""

    runs: int
    changed: tuple[IndexedRun, ...]


def remove(what: Plan) -> Removed:
    """Remove the runs of a plan, whose folder's locks (``store.adding`` and ``store.changing``) are held. Raises :class:`UserError`.

    The list of what was pruned is written first, the runs go next, and what lies beside them goes last: no run is ever there without its
    standing. A process that is killed in between leaves a list and files without a run; the next one removes these. On a disk that is full
    some runs go before the list, see :func:`_make_room`.
    """
    folder = what.folder
    gone: list[Path] = []
    try:
        listed = pruned.listed(folder)
        for name in pruned.gone(folder):
            _unlink(beside(folder / name))
        pairs = list(zip(what.removed, what.standings, strict=True))
        changed = [run for run, state in pairs if _is_changed(run, state)]
        stay = {_identity(run) for run in changed}
        changed += [run for run, _ in pairs if _identity(run) in stay and run not in changed]
        going = [run.path for run in what.removed if run not in changed]
        names = {path.name for path in going}
        still = [name for name in listed if name in names or not (folder / name).exists()]
        if going or len(still) < len(listed):
            _list(folder, [*still, *(path.name for path in going)], pairs, gone)
        early = len(gone)
        try:
            for run, state in pairs:
                if run in changed or run.path in gone:
                    continue
                # Once more, at the last moment: not every writer takes the lock. Its copies, which are later, stay with it.
                if _identity(run) in stay or _is_changed(run, state):
                    changed.append(run)
                    stay.add(_identity(run))
                    continue
                run.path.unlink(missing_ok=True)
                gone.append(run.path)
        finally:
            flush_folder(folder)
            for path in gone[early:]:
                _unlink(beside(path))
    except OSError as error:
        raise explain_os_error(
            error, f"cannot remove runs from {folder}; what was removed until then is on its list", "--history=DIR"
        ) from error
    return Removed(len(gone), tuple(changed))


_FULL = (errno.ENOSPC, errno.EDQUOT)


def _list(
    folder: Path, names: Sequence[str], pairs: Sequence[tuple[IndexedRun, State | None]], gone: list[Path]
) -> None:
    """Write the list of what was pruned; ``gone`` gets the runs that had to go for it, where the disk is full.

    Raises ``OSError`` where nothing went, and :class:`UserError` where some did, and no list says so.
    """
    room = _make_room(folder, pairs, gone)
    try:
        while True:
            try:
                pruned.write(folder, names)
            except OSError as error:
                if error.errno not in _FULL or next(room, None) is None:
                    raise
            else:
                return
    except OSError as error:
        if not gone:
            raise
        is_full = error.errno in _FULL
        why = "has no room still" if is_full else f"is not written ({error.strerror}: {error.filename or folder})"
        step = "free some space on that disk" if is_full else step_for(error) or "let this user write there"
        raise UserError(
            f"{counted(len(gone), 'run')} of {folder} removed, and the list of them ({pruned.NAME}) {why}: {step}. A push or a pull may "
            "bring them back: prune again after it."
        ) from error


def _make_room(
    folder: Path, pairs: Sequence[tuple[IndexedRun, State | None]], gone: list[Path]
) -> Iterator[IndexedRun]:
    """Remove runs one by one, each with all that is beside it, before any list says so. ``gone`` gets each as soon as it is gone.

    Whoever is killed then leaves no list. So only a run goes whose number is lower than that of one that stays: the next number is above
    that one's, and no other run gets the number of one that went. Where it may not go, its copies stay, too: their order is the plan's.
    """
    going = {run.path.name for run, _ in pairs}
    last = max((store.number_of(path) for path in store.runs(folder) if path.name not in going), default=0)
    staying: set[tuple[str, datetime.datetime | None]] = set()
    for run, state in pairs:
        if run.number >= last or _identity(run) in staying or _is_changed(run, state):
            staying.add(_identity(run))
            continue
        run.path.unlink(missing_ok=True)
        gone.append(run.path)
        _unlink(beside(run.path))
        flush_folder(folder)
        yield run


def _is_changed(run: IndexedRun, before: State | None) -> bool:
    """Whether somebody gave the run another standing: through ssh, say, where no lock can be taken."""
    return _state(standing.path_of(run.path)) != before


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def counts(plans: Iterable[Plan]) -> Counter[str]:
    """How many runs are kept although the rule would remove them, by why."""
    found = Counter(why for each in plans for _, why in each.all_the_same)
    return Counter({why: found[why] for why in ALL_THE_SAME if found[why]})


def require(rule: Rule) -> None:
    """Raises :class:`UserError` for a rule that says nothing, or asks for less than nothing."""
    if rule == Rule():
        raise UserError(
            "say what is kept: the newest runs (--keep-last=50), those of some time (--keep-days=365), or both; "
            "quarantined ones by a rule of their own (--keep-quarantined-days=30). Without --yes it only says what would be removed."
        )
    if rule.last is not None and rule.last < 1:
        raise UserError("keep one run at least of each machine and fingerprint (--keep-last).")
    for name, days in (("--keep-days", rule.days), ("--keep-quarantined-days", rule.quarantined_days)):
        if days is not None and not 0 <= days <= 100_000:
            raise UserError(f"{days:g} is no number of days: name one from 0 to 100000 ({name}).")
