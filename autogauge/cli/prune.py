"""``python -m autogauge history prune``: remove old runs by a rule, never what is judged against."""

from __future__ import annotations

import contextlib
import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from autogauge.cache import cache_dir_or_temporary
from autogauge.cli.histories import saying
from autogauge.cli.shared import AsJson, CacheFolder, Filters, HistoryDir
from autogauge.errors import UserError, explain_os_error
from autogauge.gate.saved import HISTORY
from autogauge.history import index, pruning, store, where
from autogauge.history.indexed import IndexedRun
from autogauge.history.numbered import run_folders
from autogauge.history.pruning import Plan, Removed, Rule
from autogauge.history.where import Where
from autogauge.plain import plain
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.report.tables import Column, Fitted

Days = Optional[float]  # noqa: UP045
DIGITS = 8
LONGEST_FOLDER = 255
"""Of the name of a folder: no machine is to be taken for another here."""


def prune(
    keep_last: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--keep-last", metavar="N", help="Keep the newest N runs of each machine and fingerprint."),
    ] = None,
    keep_days: Annotated[
        Days, typer.Option("--keep-days", metavar="DAYS", help="Keep what was measured in the last so many days.")
    ] = None,
    quarantined_days: Annotated[
        Days,
        typer.Option(
            "--keep-quarantined-days",
            metavar="DAYS",
            help="Keep wholly quarantined runs for so many days; they count among no N then.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; without it nothing is removed.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed; so it is without --yes in any case.")
    ] = False,
    root: HistoryDir = HISTORY,
    filters: Filters = None,
    cache: CacheFolder = None,
    as_json: AsJson = False,
) -> None:
    """Remove the runs that no --keep option keeps; without --yes it only says which.

    Kept whatever the rule says, and counted: what the gate judges against, what begins a level or says what a machine's history goes on
    from, a machine's newest run, copies of these, and what cannot be read. That is no mistake: the exit status is 0.
    """
    if yes and dry_run:
        raise UserError("--yes removes runs and --dry-run removes none: leave one of them out.")
    rule = Rule(keep_last, keep_days, quarantined_days)
    pruning.require(rule)
    wanted = _of_runs(where.parse(filters or ()))
    now = datetime.datetime.now(datetime.timezone.utc)
    plans: list[Plan] = []
    done: list[Removed] = []
    stopped: UserError | None = None
    with cache_dir_or_temporary(cache) as place:
        folders = run_folders(root, saying)
        if not folders:
            raise UserError(f"there is no saved run in {root}: name another folder (--history=DIR).")
        for folder in folders:
            try:
                plan, removed = _of_folder(folder, place, rule, now, wanted, yes, in_history=folder != root)
            except UserError as error:
                if not done:
                    raise
                stopped = error
                break
            plans.append(plan)
            done += [removed] if removed else []
    if as_json:
        print_json(_json(plans, done))
    else:
        _show(plans, done)
    if stopped:  # what was removed before it is said first
        raise stopped


def _of_folder(
    folder: Path, cache: Path, rule: Rule, now: datetime.datetime, wanted: Where, yes: bool, *, in_history: bool
) -> tuple[Plan, Removed | None]:
    """What becomes of one folder's runs, and with ``yes`` what was removed of them. Raises :class:`UserError`."""
    removed = None
    if yes:
        with index.opened(folder, cache, say=saying):
            pass  # reading it for the first time may take long, and whoever accepts a run would wait
    with _held(folder) if yes else contextlib.nullcontext():
        before = pruning.states(folder)
        with index.opened(folder, cache, say=saying) as found:
            plan = pruning.plan(folder, found.runs(in_history=in_history), rule, now, wanted.holds_for, before)
        if yes:
            removed = pruning.remove(plan)
    if removed and removed.runs:
        with index.opened(folder, cache, say=saying):
            pass  # it forgets what is gone
    return plan, removed


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """The folder's runs and standings: nobody adds, accepts or rejects one. Raises :class:`UserError`."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(store.adding(folder))
            stack.enter_context(store.changing(folder))
        except OSError as error:
            raise explain_os_error(error, f"cannot remove runs from {folder}", "--history=DIR") from error
        yield


def _of_runs(wanted: Where) -> Where:
    """Raises :class:`UserError` for filters that do not choose whole runs."""
    if wanted.of_benchmarks or wanted.last is not None:
        raise UserError(
            "a run is removed as a whole: filter by what is the run's (machine, openvino, model, run, until), not by its benchmarks, and "
            "instead of last= write --keep-last (--where)."
        )
    return wanted


def _show(plans: Sequence[Plan], done: Sequence[Removed]) -> None:
    screen = console()
    removed = sum(len(each.removed) for each in plans)
    if any(each.removed or each.all_the_same for each in plans):
        screen.print(_table(plans, bool(done)))
    runs = removed + sum(len(each.kept) for each in plans)
    size = sum(each.bytes for each in plans)
    if not done:
        screen.print(
            f"{removed} of {runs} runs would be removed{_megabytes(size) if removed else ''}{_unreadable(plans)}"
        )
    else:
        gone = sum(each.runs for each in done)
        screen.print(f"{gone} of {runs} runs removed{_unreadable(plans)}")
    if kept := pruning.counts(plans):
        said = ", ".join(f"{count} {why}" for why, count in kept.items())
        screen.print(f"NOTE  {kept.total()} more are kept, whatever the rule says: {said}")
    if changed := [run for each in done for run in each.changed]:
        screen.print(f"NOTE  {len(changed)} are kept since somebody changed their standing meanwhile")
    if removed and not done:
        screen.print("Nothing was removed: with --yes it is.")


def _table(plans: Sequence[Plan], is_done: bool) -> Fitted:
    """A line for each machine and fingerprint of which the rule would remove something."""
    table = Fitted(
        (
            Column("folder", 110, 12, longest=LONGEST_FOLDER),
            Column("fingerprint", 40),
            Column("runs", 60, right=True),
            Column("kept by the rule", 50, right=True),
            Column("kept anyway", 80, right=True),
            Column("removed" if is_done else "to remove", 100, right=True),
            Column("newest of these", 55),
        ),
        options={"box": None},
    )
    for each in plans:
        groups: dict[str, list[str]] = defaultdict(list)
        newest: dict[str, IndexedRun] = {}
        for run, why in each.kept:
            groups[run.fingerprint].append(why)
        for run in each.removed:
            groups[run.fingerprint].append("")
            if run.fingerprint not in newest or run.number > newest[run.fingerprint].number:
                newest[run.fingerprint] = run
        for fingerprint, own in groups.items():
            same = sum(why in pruning.ALL_THE_SAME for why in own)
            go = own.count("")
            if same or go:
                counted = (len(own), len(own) - same - go, same, go)
                row = (fingerprint[:DIGITS] or "–", *map(str, counted), _called(newest.get(fingerprint)))
                table.add_row(plain(each.folder.resolve().name, LONGEST_FOLDER), *row)
    return table


def _called(run: IndexedRun | None) -> str:
    if run is None:
        return "–"
    return f"{run.number:04d} ({run.when:%Y-%m-%d})" if run.when else f"{run.number:04d}"


def _megabytes(size: int) -> str:
    return f" ({size / 1e6:.1f} MB)"


def _unreadable(plans: Sequence[Plan]) -> str:
    count = sum(why == pruning.UNREADABLE for each in plans for _, why in each.kept)
    return f"; {count} cannot be read and stay" if count else ""


def _json(plans: Sequence[Plan], done: Sequence[Removed]) -> dict[str, Any]:
    def one(run: IndexedRun, why: str) -> dict[str, Any]:
        return {
            "path": str(run.path),
            "number": run.number,
            "machine": run.machine,
            "measured": run.when.isoformat() if run.when else None,
            "fingerprint": run.fingerprint,
            "standing": run.standing,
            "is_removed": not why,
            "why_kept": why or None,
        }

    changed = {run.path for each in done for run in each.changed}
    runs = [
        one(run, why)
        for each in plans
        for run, why in (
            *each.kept,
            *((run, "changed meanwhile" if run.path in changed else "") for run in each.removed),
        )
    ]
    return {
        "removed": sum(each.runs for each in done),
        "is_dry_run": not done,
        "bytes": sum(each.bytes for each in plans) if not done else None,
        "kept_all_the_same": dict(pruning.counts(plans)),
        "runs": sorted(runs, key=lambda run: str(run["path"])),
    }
