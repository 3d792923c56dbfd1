"""What came from a machine: unpacked, read, and merged into the one history. It was written by others, and is taken as far as it fits.

How histories are merged is left to ``history.sharing``.
"""

from __future__ import annotations

import contextlib
import json
import tarfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from autogauge.errors import UserError, explain_os_error
from autogauge.files import read_regular, write_bytes
from autogauge.history import pruned, standing, store
from autogauge.history.sharing import merge
from autogauge.history.sharing.place import LARGEST, RUN, STANDING, kind_of, runs_in
from autogauge.lab.fleet import said_at_home, sentences
from autogauge.lab.fleet.accounts import Account
from autogauge.lab.fleet.inventory import EMULATED, Machine
from autogauge.plain import plain

OUTPUT, SUMMARY, STATUS = "output", "summary.json", "status"
LARGEST_OF_A_SESSION = 64 * 2**20


def at_home(history: Path, machine: Machine) -> bytes:
    """The runs of a machine that need not be fetched, a line each: PATH, a tab, bytes; of one that was pruned its PATH without an ending.

    A standing changes: so it is fetched, and its line has its content as a third part (``said_at_home`` takes it into what is there).
    """
    lines = []
    for folder in sorted(history.glob("*")):
        if is_of(folder.name, machine) and folder.is_dir():
            for path in sorted(folder.iterdir()):
                with contextlib.suppress(OSError):
                    if kind_of(path.name) == STANDING:
                        lines.append(
                            said_at_home.line(f"{folder.name}/{path.name}", read_regular(path, LARGEST[STANDING]))
                        )
                    elif kind_of(path.name):
                        lines.append(f"{folder.name}/{path.name}\t{path.stat().st_size}\n")
            with contextlib.suppress(UserError):  # then they are fetched, and whoever merges them says it
                lines += [f"{folder.name}/{stem}\n" for stem in runs_in(pruned.gone(folder))]
    return "".join(lines).encode("utf-8", "surrogateescape")


def is_of(folder: str, machine: Machine) -> bool:
    """Whether a folder of a history is that machine's: its own, or that of its runs with the emulated GPU."""
    return folder == machine.folder or folder.startswith(f"{machine.folder}{EMULATED}")


def unpack(pack: Path, account: Account, into: Path) -> None:
    """Unpack what came from a machine: its runs to ``into/history``, what its session left to ``into``. Raises :class:`UserError`.

    Nothing else of it is taken, whatever it holds: no link, no path that leads elsewhere, no file that is too large.
    """
    others = set()
    try:
        with tarfile.open(pack) as archive:
            for member in archive:
                place = _place(member, account.machine)
                if place is None:
                    parts = PurePosixPath(member.name).parts
                    if member.isfile() and len(parts) == 3 and parts[0] == "history":
                        others.add(parts[1])
                    continue
                content = archive.extractfile(member)
                write_bytes(into / place, content.read() if content else b"")
    except (tarfile.TarError, EOFError) as error:
        raise UserError(f"what came from {account.machine.name} is no whole archive ({error}): run it again.") from None
    except OSError as error:
        raise explain_os_error(
            error, f"cannot unpack what came from {account.machine.name}", "--reports=DIR"
        ) from error
    if others:
        names = ", ".join(sorted(others))
        account.remarks.append(
            f"runs of {names} lie on it too, and stay there: they are not called {account.machine.folder}"
        )


def _place(member: tarfile.TarInfo, machine: Machine) -> Path | None:
    """Where a file of the pack goes; ``None`` where it is none of what is taken."""
    parts = PurePosixPath(member.name).parts
    if not member.isfile():
        return None
    if len(parts) == 3 and parts[0] == "history" and is_of(parts[1], machine) and kind_of(parts[2]):
        return Path(*parts) if member.size <= LARGEST[kind_of(parts[2])] else None
    if parts[:2] == ("sessions", machine.name) and parts[2:] in ((OUTPUT,), (SUMMARY,), (STATUS,)):
        return Path(parts[2]) if member.size <= LARGEST_OF_A_SESSION else None
    return None


def bring_home(account: Account, came: Path, history: Path) -> None:
    """Merge the runs that came into the history, and take into the account which are new. May be repeated."""
    staged = came / "history"
    if not staged.is_dir():
        return
    folders = sorted(each.name for each in staged.iterdir() if is_of(each.name, account.machine))
    before = {f"{name}/{path.name}" for name in folders for path in store.runs(history / name)}
    try:
        # The inventory says that it is that machine, also when its processor was changed.
        merged = merge(staged, history, folders, {name: name for name in folders})
        account.notes += [f"not all is home: {each}" for each in merged.conflicts]
    except UserError as error:
        account.notes.append(f"not all is home: {error}")
    after = [f"{name}/{path.name}" for name in folders for path in store.runs(history / name)]
    came_now = {
        f"{name}/{path.name}" for name in folders for path in (staged / name).iterdir() if kind_of(path.name) == RUN
    }
    account.brought += [name.removesuffix(RUN) for name in after if name in came_now - before]


def read_standings(account: Account, history: Path) -> None:
    """Take into the account what the runs of this session, and those that came with it, may be used for."""
    for run in dict.fromkeys((*account.brought, account.run)):
        path = history / f"{run}{RUN}"
        if is_of(path.parent.name, account.machine) and path.is_file():
            try:
                found = standing.read(path)
                account.standings[run] = found.in_words, plain(found.why, 200)
            except UserError as error:
                account.standings[run] = "not known", plain(str(error), 300).rstrip(".")


def read_summaries(account: Account, summaries: Sequence[Path], history: Path) -> None:
    """Take into the account what several sessions, one after another, say of themselves; ``run`` is the last that is at home."""
    verdicts, gate, run = Counter[str](), Counter[str](), ""
    for each in summaries:
        account.run = ""
        read_summary(account, each)
        verdicts, gate = verdicts + account.verdicts, gate + account.gate
        folder = account.run.rpartition("/")[0]
        if account.run and is_of(folder, account.machine) and (history / f"{account.run}{RUN}").is_file():
            run = account.run
        elif account.run:
            account.notes.append(f"its run {account.run} is not at home")
    account.verdicts, account.gate, account.run = verdicts, gate, run


def read(account: Account, came: Path) -> None:
    """Take into the account what the session left: its exit status, its last sentence, its verdicts, and which run it saved."""
    with contextlib.suppress(OSError):
        account.status = account.status or read_regular(came / STATUS, 100).decode(errors="replace").strip()
    with contextlib.suppress(OSError):
        printed = read_regular(came / OUTPUT, LARGEST_OF_A_SESSION)
        account.said = sentences.said_in(printed.decode(errors="replace"), account.status)
    read_summary(account, came / SUMMARY)


def read_summary(account: Account, path: Path) -> None:
    """Take into the account what a ``summary.json`` tells: verdicts, and which run was saved."""
    summary = {}
    try:
        found = json.loads(read_regular(path, LARGEST_OF_A_SESSION))
        summary = found if isinstance(found, dict) else {}
    except FileNotFoundError:
        pass  # it has not measured
    except (OSError, ValueError, RecursionError) as error:
        account.notes.append(
            f"its {SUMMARY} cannot be read ({plain(str(error), 200)}): its verdicts are not known here"
        )
    with contextlib.suppress(AttributeError, TypeError):
        account.verdicts = Counter(str(each.get("verdict")) for each in summary.get("verdicts") or ())
        gate = summary.get("gate") or {}
        account.gate_mode = str(gate.get("mode") or "")
        judgements = gate.get("judgements") or ()
        account.gate = Counter(str(each.get("verdict")) for each in judgements)
    if release := summary.get("openvino"):
        account.openvino = plain(str(release).partition("-")[0], 40)
    if not summary.get("interrupted") and summary.get("history_file"):
        place = PurePosixPath(str(summary["history_file"]))
        account.run = f"{place.parent.name}/{place.name}".removesuffix(RUN)
