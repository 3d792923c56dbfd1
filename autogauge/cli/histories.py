"""What the commands about whole histories share: opening them, with a word about what takes long, and what was left out of them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from autogauge.cache import cache_dir_or_temporary
from autogauge.history.select import Histories, Selection
from autogauge.plain import sentence
from autogauge.report.history import short

MOST_NOTES = 20


@contextlib.contextmanager
def opened(root: Path, cache: Path | None, said: set[str] | None = None) -> Iterator[Histories]:
    """The histories below ``root``, by an index in the cache's folder ``cache``, or in the default one.

    What stands in ``said`` is not said again; what is said is added there.
    """

    def progress(done: int, total: int) -> None:
        if total > done and sys.stderr.isatty():
            print(f"indexing: {done} of {total} files", end="\r", file=sys.stderr, flush=True)

    def once(text: str) -> None:
        if said is None or text not in said:
            saying(text)
        if said is not None:
            said.add(text)

    with contextlib.ExitStack() as stack:
        yield Histories(stack, root, stack.enter_context(cache_dir_or_temporary(cache)), progress, once)


def saying(text: str) -> None:
    """Say on standard error what takes long, and what is left out."""
    print(f"autogauge: {sentence(text)}", file=sys.stderr, flush=True)


def print_notes(screen: Console, found: Selection) -> None:
    """What is to be known of the runs, and which files were left out."""
    if found.unreadable:
        count = len(found.unreadable)
        screen.print(f"NOTE  {count} {'file was' if count == 1 else 'files were'} left out:")
    for note in found.notes()[:MOST_NOTES]:
        screen.print(f"NOTE  {short(note, 400)}")
    if len(found.notes()) > MOST_NOTES:
        screen.print(f"NOTE  and {len(found.notes()) - MOST_NOTES} more such notes (--json has them all)")
