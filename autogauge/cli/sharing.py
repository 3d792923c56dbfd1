"""``python -m autogauge history push`` and ``pull``: runs carried to another history, and back. The rest is left to ``history.sharing``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple, Optional

import typer

from autogauge import checkout
from autogauge.cache import cache_dir_or_temporary
from autogauge.cli.shared import AsJson, CacheFolder, Filters, HistoryDir
from autogauge.errors import UserError
from autogauge.gate.saved import HISTORY
from autogauge.history import where
from autogauge.history.sharing import refuse_one_machine, refuse_the_same
from autogauge.history.sharing.address import WAYS, place_of
from autogauge.history.sharing.chosen import chosen
from autogauge.history.sharing.folder import Folder
from autogauge.history.sharing.merged import Merged
from autogauge.history.sharing.place import Denied, Place, is_machine, runs_in
from autogauge.history.sharing.remote import DEFAULT_WAIT_S
from autogauge.history.sharing.transfer import Wanted, transfer
from autogauge.plain import counted, few, plain, sentence
from autogauge.report.output import print_json

MOST_LINES = 20
Machines = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--machine", metavar="NAME", help="Only this machine's runs; * and ? as in file names; may be repeated."
    ),
]
CalledSo = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="NAME",
        help="The name that the one machine has at the receiver: for another machine of the same name; or its own name, "
        "to say that it is that machine.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
EveryByte = Annotated[
    bool,
    typer.Option("--verify", help="Compare every run that both have byte by byte, also where that means fetching it."),
]
Endpoint = Annotated[
    str, typer.Option(metavar="URL", help="The address of an S3 store that is not Amazon's; else AWS_ENDPOINT_URL.")
]
Wait = Annotated[
    float,
    typer.Option(
        "--wait", metavar="SECONDS", min=1, max=86400, help="How long to wait for an answer of the other end."
    ),
]


def push(
    to: Annotated[str, typer.Argument(metavar="TO", help=f"Where to: {WAYS}.")],
    root: HistoryDir = HISTORY,
    machines: Machines = None,
    filters: Filters = None,
    called: CalledSo = "",
    new: Annotated[bool, typer.Option("--new", help="Begin a new history there, if there is none yet.")] = False,
    dry_run: DryRun = False,
    verify: EveryByte = False,
    endpoint: Endpoint = "",
    wait_s: Wait = DEFAULT_WAIT_S,
    cache: CacheFolder = None,
    as_json: AsJson = False,
) -> None:
    """Send this machine's saved runs to another history: what is missing there, and standings that changed.

    Nothing is overwritten. Exit status 1 when something was kept back, which is said.
    """
    here, there = Folder(root, "here"), place_of(to, wait_s, endpoint)
    if not here.is_there():
        raise UserError(
            f"there is no folder {root}: measure a run ({checkout.measure()}), or name another one (--history=DIR)."
        )
    if isinstance(there, Folder):
        refuse_the_same(here, there)
    is_new = not there.is_there()
    if is_new and not new:
        raise UserError(f"there is no history at {there.shown}: check the address, or begin one there (--new).")
    refuse_one_machine(there)
    _carry(here, there, here, is_new, _Asked(machines, filters, called, dry_run, verify, cache, as_json))


def pull(
    source: Annotated[str, typer.Argument(metavar="FROM", help=f"Where from: {WAYS}.")],
    root: HistoryDir = HISTORY,
    machines: Machines = None,
    filters: Filters = None,
    called: CalledSo = "",
    dry_run: DryRun = False,
    verify: EveryByte = False,
    endpoint: Endpoint = "",
    wait_s: Wait = DEFAULT_WAIT_S,
    cache: CacheFolder = None,
    as_json: AsJson = False,
) -> None:
    """Fetch runs of another history: what is missing here, and standings that changed.

    Nothing is overwritten. Exit status 1 when something was kept back, which is said.
    """
    here, there = Folder(root, "here"), place_of(source, wait_s, endpoint)
    if isinstance(there, Folder):
        refuse_the_same(here, there)
    if not there.is_there():
        raise UserError(f"there is no history at {there.shown}: check the address.")
    refuse_one_machine(here)
    _carry(there, here, here, not here.is_there(), _Asked(machines, filters, called, dry_run, verify, cache, as_json))


class _Asked(NamedTuple):
    """What both commands are asked for, by their options."""

    machines: Sequence[str] | None
    filters: Sequence[str] | None
    called: str
    is_dry: bool
    verify: bool
    cache: Path | None
    as_json: bool


def _carry(sender: Place, receiver: Place, here: Folder, is_new: bool, asked: _Asked) -> None:
    called = asked.called
    names = _named(sender, asked.machines)
    is_plain = is_machine(called) and called.isprintable() and called == called.strip()
    if called and (len(names) != 1 or not is_plain):
        raise UserError(
            "a name at the receiver is for one machine: name it (--machine=NAME), and give a plain name (--as=NAME)."
        )
    wanted = where.parse(asked.filters or ())
    meant, unread = None, 0
    if wanted.text:
        with cache_dir_or_temporary(asked.cache) as folder:
            meant, unread = chosen(sender, names, wanted, here, folder)
            # A night without a run, or with none accepted yet, is no mistake; what never passes is one.
            lasting = wanted.lasting
            of_now = not any(meant.values()) and lasting != wanted
            may_be_empty = of_now and any(chosen(sender, names, lasting, here, folder)[0].values())
        if not any(meant.values()) and not may_be_empty:
            whose = f"of {few([plain(each) for each in names])} " if asked.machines else ""
            left = f", and {counted(unread, 'run')} cannot be read" if unread else ""
            raise UserError(f"no run {whose}in {sender.shown} passes the filters{left}: check them (--where).")

    def choose(machine: str, stems: Sequence[str]) -> Sequence[str]:
        return stems if meant is None else [stem for stem in stems if stem in meant[machine]]

    plan = Wanted(choose, dict.fromkeys(names, called) if called else {}, asked.is_dry, receiver is here, asked.verify)
    if is_new and not asked.is_dry:
        receiver.begin()
    merged = transfer(sender, receiver, names, plan, _progress)
    if called and called != names[0]:
        merged.notes += _under_another_name(names[0], called, receiver)
    if not asked.machines:
        merged.notes += sender.linked
        merged.conflicts += [
            f"{plain(name)}: {why}; nothing of it was {merged.verb}" for name, why in sorted(sender.left_out.items())
        ]
    if meant is not None and not any(meant.values()):
        merged.notes.append(f"no run in {sender.shown} passes the filters now")
    if unread:
        merged.notes.append(f"{counted(unread, 'run')} left out: what cannot be read passes no filter")
    _show(merged, (sender if receiver is here else receiver).shown, asked.as_json)
    if merged.conflicts:
        raise typer.Exit(1)


def _under_another_name(machine: str, called: str, receiver: Place) -> list[str]:
    """What it means that a machine's runs have another name at the receiver."""
    said = [
        f"runs that were measured as {machine} count for {called} {receiver.where}: there the folder says whose a run is"
    ]
    with contextlib.suppress(Denied):
        twice = {*runs_in(receiver.files(called))} & {*runs_in(receiver.files(machine))}
        if twice:
            said.append(
                f"{counted(len(twice), 'run')} of {called} {receiver.where} are called as runs of {machine}: "
                "what is the same run counts once"
            )
    return said


def _named(sender: Place, patterns: Sequence[str] | None) -> list[str]:
    """The sender's machines that are meant. Raises :class:`UserError` for a name that none has, and where there is none at all."""
    there = sender.machines()
    if not there and sender.left_out:
        name, why = min(sender.left_out.items())
        raise UserError(f"there is no machine in {sender.shown}, and {plain(name)} may not travel: {why}.")
    if not there:
        raise UserError(f"there is no saved run in {sender.shown}: nothing to carry over.")
    meant: set[str] = set()
    for each in patterns or ():
        # Who is called as it is written is meant before who only fits it: a name may have * in it.
        found = {each} & {*there} or {name for name in there if where.fits(name, each)}
        if not found:
            raise UserError(f"there is no machine {each[:80]!r} in {sender.shown}: there is {few(there)} (--machine).")
        meant |= found
    return [name for name in there if not patterns or name in meant]


def _progress(machine: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == of else "\r"
        print(f"{sentence(machine)}: {done} of {of} runs", end=end, file=sys.stderr, flush=True)


def _show(merged: Merged, shown: str, as_json: bool) -> None:
    if as_json:
        print_json(merged.to_json())
        return
    print(sentence(f"{shown}: {merged.counts}"))
    if len(merged.machines) > 1:
        print(
            sentence(f"  {merged.verb} by machine: {few([f'{name} {many}' for name, many in merged.machines.items()])}")
        )
    for word, lines in (("NOTE", merged.notes), ("KEPT BACK", merged.conflicts)):
        for line in lines[:MOST_LINES]:
            print(sentence(f"{word}  {line}"))
        if len(lines) > MOST_LINES:
            print(f"{word}  and {len(lines) - MOST_LINES} more (--json has them all)")
