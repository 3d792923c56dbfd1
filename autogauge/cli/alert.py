"""``python -m autogauge alert``: tell once of what became worse and stayed so, what crept, and who no longer reports."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.text import Text

from autogauge.cli import alerts_shown
from autogauge.cli.from_settings import USED
from autogauge.cli.histories import opened
from autogauge.cli.shared import OF_A_COMMAND, AsJson, CacheFolder, history_in, of_a_run, refuse_before
from autogauge.errors import UserError
from autogauge.gate.saved import HISTORY
from autogauge.history.records import moment
from autogauge.history.where import Where
from autogauge.lab.alerts import book as books
from autogauge.lab.alerts import channels as sending
from autogauge.lab.alerts import github, judging, telling
from autogauge.lab.alerts.alert import Alert
from autogauge.lab.alerts.book import Book
from autogauge.lab.alerts.channels import GITHUB, SENT, Channel, Outcome
from autogauge.lab.alerts.telling import Call, Sent
from autogauge.options import OPTIONS
from autogauge.parsing import parse_change, parse_deadline, parse_number, parse_stale_after
from autogauge.plain import plain, sentence
from autogauge.report.console import console
from autogauge.report.output import print_json
from autogauge.secrets_in import has_credentials, has_secret_value

ACTIONS = "GITHUB_ACTIONS"
LONGEST_NOTE = 500

app = typer.Typer(
    help="Tell once of what became worse and stayed so, what crept, and who no longer reports.",
    invoke_without_command=True,
    **OF_A_COMMAND,
)

_HISTORY = f"The history: a folder of machines. (default {HISTORY})"
HistoryDir = Annotated[Optional[Path], history_in(_HISTORY)]  # noqa: UP045
OwnHistory = Annotated[Optional[Path], typer.Option("--history", help=_HISTORY)]  # noqa: UP045
"""Of a command below: without it, that of the group holds, which may come from settings."""
Config = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--config",
        help=f"A file (chmod 600) with a channel's address on each line, as SCHEME://… or NAME=SCHEME://…; beside {sending.VARIABLE}.",
    ),
]
Deadline = Annotated[str, typer.Option(help="How many seconds a channel has for its answer.")]
Keys = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Argument(
        metavar="KEY...",
        help="The alerts' keys, or their first digits, as many as tell them apart; `alert list` shows them.",
    ),
]
Every = Annotated[bool, typer.Option("--all", help="Every alert that is open.")]


@app.callback(
    epilog="Example: python -m autogauge alert --config=/etc/autogauge/channels --pages=https://perf.example/trends"
)
def alert(
    context: typer.Context,
    root: HistoryDir = None,
    config: Config = None,
    pages: Annotated[str, typer.Option(metavar="URL", help="Where the trends' page lies, for a link to it.")] = "",
    as_annotations: Annotated[
        bool,
        typer.Option(
            "--github",
            help=f"Print what is new as annotations of a GitHub job too; without it, where {ACTIONS} is set.",
        ),
    ] = False,
    smallest_change: Annotated[
        str, of_a_run("--smallest-change", metavar=None, help="As of pytest -m perf; a level counts from there on.")
    ] = str(OPTIONS["--smallest-change"].default),
    stale_after: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            metavar="DAYS", help="A machine is silent after twice so many days (default: four times its usual gap)."
        ),
    ] = None,
    deadline: Deadline = f"{sending.DEADLINE_S:g}",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be told; send and note nothing.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print only what is new or could not be told: for cron.")
    ] = False,
    as_json: AsJson = False,
    cache: CacheFolder = None,
) -> None:
    """Judge the saved history, and tell every channel once of what is new and what is over.

    Told are: a benchmark at a worse level, which a second run confirmed; a creep; a machine that no longer reports. Exit status 1 while
    an alert is open that nobody acknowledged or muted, or when a channel could not be told.
    """
    context.obj = root or HISTORY
    if context.invoked_subcommand is not None:
        refuse_before(context, "root")
        return
    asked = Asked(
        parse_change("--smallest-change", smallest_change),
        parse_stale_after("--stale-after", stale_after),
        parse_deadline("--deadline", deadline),
        pages,
        as_annotations or (bool(os.environ.get(ACTIONS)) and not as_json),
        dry_run,
    )
    if as_annotations and as_json:
        raise UserError("--json and --github both print on standard output: choose one.")
    _check_address(pages)
    if not quiet:  # cron sends what is said there
        USED.tell()
    call, channels = _tell(context.obj, config, asked, cache)
    if as_json:
        print_json(alerts_shown.call_json(call, dry=dry_run))
    else:
        _print(call, channels, context.obj, dry=dry_run, quiet=quiet)
    if call.is_bad_news:
        raise typer.Exit(1)


def _check_address(pages: str) -> None:
    if has_credentials(pages) or has_secret_value(pages):
        raise UserError(
            "there is a secret in the address of the page, and every message would show it: leave it out (--pages=URL)."
        )
    if pages and not pages.startswith(("https://", "http://", "file://")):
        raise UserError(f"{pages!r} is no address of a page: write https://… (--pages=URL).")


@dataclass(frozen=True)
class Asked:
    """What a call was asked for, read."""

    smallest_change: float
    stale_after_days: float | None
    deadline_s: float
    pages: str
    annotate: bool
    dry: bool


def _tell(folder: Path, config: Path | None, asked: Asked, cache: Path | None) -> tuple[Call, list[Channel]]:
    """Judge that history and tell its channels, under the lock of its book; a dry run writes nothing, and makes no lock either."""

    def send(sent: Sent) -> Outcome:
        if sent.channel.id == GITHUB:
            print("\n".join(github.commands(sent.items, folder)), flush=True)
            return Outcome(SENT)
        return sending.send(sent.channel, sent.message.title, sent.message.body, asked.deadline_s)

    books.require(folder)
    with contextlib.nullcontext() if asked.dry else books.locked(folder):
        book = books.read(folder)
        channels = sending.configured(config, book.salt, os.environ)
        channels += [Channel(GITHUB, "GitHub annotations", "")] if asked.annotate else []
        now = datetime.datetime.now(datetime.timezone.utc)
        with opened(folder, cache) as histories:
            found = judging.situation(histories.all(Where()), now, asked.smallest_change, asked.stale_after_days)
        call = telling.take(book, found, now)
        call.coverage, call.unclear, call.unconfirmed = found.coverage, found.unclear, found.unconfirmed(call.open)
        telling.tell(folder, book, call, channels, send, pages=asked.pages, dry=asked.dry)
    return call, channels


def _print(call: Call, channels: list[Channel], folder: Path, *, dry: bool, quiet: bool) -> None:
    screen = console()
    for part in alerts_shown.of_call(call):
        screen.print(part, soft_wrap=True)
    for sent in call.sent:
        if dry or not quiet or sent in call.failed:
            print(sentence(alerts_shown.delivery(sent, dry=dry)))
    for body in {sent.message.body: None for sent in call.sent} if dry else ():
        print("\n".join(f"    {plain(line, 1000)}" for line in body.splitlines()))
    if not channels and not quiet:
        happens = "nothing was sent" if call.open else "nobody will be told of anything"
        print(f"NOTE  no channel is named, so {happens} ({sending.VARIABLE}, or --config=FILE)")
    if not quiet or call.new or call.over:
        for line in alerts_shown.unclear(call, folder):
            print(line)
        for line in () if quiet else alerts_shown.not_judged(call):
            screen.print(Text(line), soft_wrap=True)
        if once := "" if quiet else alerts_shown.failed(call):
            screen.print(Text(once), soft_wrap=True)
        screen.print(alerts_shown.closing(call, folder), soft_wrap=True)


@app.command("list", epilog="Example: python -m autogauge alert list --all --json")
def list_alerts(
    context: typer.Context,
    root: OwnHistory = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, also those that are over.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the alerts that are open, the worst first, and what people said of them. Nothing is judged anew, and nothing sent."""
    folder = root or context.obj
    books.require(folder)
    book = books.read(folder)
    now = datetime.datetime.now(datetime.timezone.utc)
    if as_json:
        shown = book.alerts if everything else [each for each in book.alerts if each.is_open]
        print_json([alerts_shown.alert_json(each, now) for each in shown])
        return
    screen = console()
    for part in alerts_shown.of_book(book, now, everything=everything):
        screen.print(part)


@app.command(epilog="Example: python -m autogauge alert ack 3f9c2d1a --note='the new kernel; Ann looks at it'")
def ack(
    context: typer.Context,
    keys: Keys = None,
    note: Annotated[str, typer.Option(help="What to know about it, for whoever sees the alert.")] = "",
    every: Every = False,
    root: OwnHistory = None,
) -> None:
    """Acknowledge alerts: somebody knows. They no longer make the exit status 1; that they are over is still told.

    What was acknowledged before stays as it is, unless there is a new note (--note).
    """
    if len(note) > LONGEST_NOTE:
        raise UserError(f"the note is too long: write at most {LONGEST_NOTE} characters (--note).")

    def acknowledge(each: Alert, now: datetime.datetime) -> str:
        before = f"acknowledged {each.acked[:10]} by {each.acked_by}{f': {each.note}' if each.note else ''}"
        if each.acked and not note.strip():
            return f"{before}; nothing changed"  # another person's word is not to be lost by a word less
        said = f"; before that it was {before}" if each.acked else ""
        each.acked, each.acked_by = now.isoformat(timespec="seconds"), books.user()
        each.note = plain(note, LONGEST_NOTE)
        return f"acknowledged by {each.acked_by}{said}"

    _change(root or context.obj, keys, acknowledge, every=every)


@app.command(epilog="Example: python -m autogauge alert mute 3f9c2d1a --days=14")
def mute(
    context: typer.Context,
    keys: Keys = None,
    until: Annotated[str, typer.Option(metavar="DATE", help="Until when (UTC): 2026-12-31, or 2026-12-31T08:00.")] = "",
    days: Annotated[str, typer.Option(metavar="N", help="For how many days.")] = "",
    every: Every = False,
    root: OwnHistory = None,
) -> None:
    """Mute alerts: nothing is told of them until then, and they do not make the exit status 1. What is open after that is told then."""
    now = datetime.datetime.now(datetime.timezone.utc)
    if bool(until) == bool(days):
        raise UserError("say until when: --until=DATE or --days=N, one of both.")
    if days:
        number = parse_number("--days", days, lowest=0.01)
        if number > 36500:
            raise UserError(f"{days!r} does not fit: give at most 36500 days (--days).")
        end = now + datetime.timedelta(days=number)
    else:
        asked = moment(until)
        if asked is None or asked <= now:
            raise UserError(f"{until[:60]!r} is no day to come: write it as 2026-12-31 (--until=DATE).")
        end = asked

    def muted(each: Alert, _: datetime.datetime) -> str:
        each.muted_until = end.isoformat(timespec="seconds")
        return f"muted until {end:%Y-%m-%d %H:%M} UTC"

    _change(root or context.obj, keys, muted, every=every)


@app.command(epilog="Example: python -m autogauge alert unmute 3f9c2d1a")
def unmute(context: typer.Context, keys: Keys = None, every: Every = False, root: OwnHistory = None) -> None:
    """Take back a mute: what was not told yet is told with the next `alert`."""

    def unmuted(each: Alert, _: datetime.datetime) -> str:
        each.muted_until = ""
        return "not muted"

    _change(root or context.obj, keys, unmuted, every=every)


@app.command("test", epilog="Example: python -m autogauge alert test --config=/etc/autogauge/channels")
def try_channels(context: typer.Context, config: Config = None, deadline: Deadline = f"{sending.DEADLINE_S:g}") -> None:
    """Send each channel a message that says it is a test. Exit status 1 when one could not be told."""
    deadline_s = parse_deadline("--deadline", deadline)
    channels = sending.configured(config, "", os.environ)
    if not channels:
        raise UserError(
            f"no channel is named: put its address into {sending.VARIABLE}, or into a file (--config=FILE)."
        )
    outcomes = [
        sending.send(each, "autogauge: a test", "This is a test of this channel. Nothing is wrong.", deadline_s)
        for each in channels
    ]
    for channel, outcome in zip(channels, outcomes, strict=True):
        word = "not told" if outcome.word == sending.REFUSED else outcome.word
        print(sentence(f"{channel.called}: {word}" + (f" ({outcome.why})" if outcome.why else "")))
    if any(each.word != SENT for each in outcomes):
        raise typer.Exit(1)


def _change(
    folder: Path, keys: list[str] | None, change: Callable[[Alert, datetime.datetime], str], *, every: bool
) -> None:
    if bool(keys) == every:
        raise UserError("say which alerts: their keys, or --all for every one that is open; not both.")
    now = datetime.datetime.now(datetime.timezone.utc)
    books.require(folder)
    # Where there is no book yet, nothing is open: no lock is left there, and no book without an alert.
    with books.locked(folder) if (folder / books.NAME).exists() else contextlib.nullcontext():
        book = books.read(folder)
        said = [(each, change(each, now)) for each in list(_chosen(book, keys, folder))]
        if said:
            books.write(folder, book)
    for each, words in said:
        print(sentence(f"{each.key} ({each.found.subject.words()}): {words}"))
    if not said:
        print("no alert is open")


def _chosen(book: Book, keys: list[str] | None, folder: Path) -> Iterator[Alert]:
    if not keys:
        yield from (each for each in book.alerts if each.is_open)
        return
    for each in {found.key: found for found in (book.named(key, folder) for key in keys)}.values():
        if not each.is_open:
            raise UserError(f"the alert {each.key} is over ({each.why}): there is nothing to do.")
        yield each
