"""What was said of a machine's runs at home (``accept``, ``reject``), taken into its own history there, before it measures and judges.

Runs on the machine, by its own Python: ``python -m autogauge.lab.fleet.said_at_home LIST HISTORY``. The list is the one that ``results``
makes of what is at home. Which of two standings counts is left to ``history.sharing``: nothing that was said on the machine is lost.
"""

from __future__ import annotations

import base64
import binascii
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autogauge.errors import UserError
from autogauge.history.sharing import carried
from autogauge.history.sharing.folder import Folder
from autogauge.history.sharing.merged import Merged
from autogauge.history.sharing.place import LARGEST, RUN, STANDING, Denied, is_machine, kind_of, stem_of


def line(path: str, content: bytes) -> str:
    """A standing in the list of what is at home: PATH, a tab, bytes, a tab, its content in base64."""
    return f"{path}\t{len(content)}\t{base64.b64encode(content).decode()}\n"


def take(listed: str, history: Path) -> Merged:
    """Carry the standings of the list to those runs that lie in ``history`` and are the same there; returns what was done.

    A run is the same where its file has as many bytes at home, which is also how it is known that it need not be fetched. What cannot be
    carried is a sentence in ``conflicts``, and holds up nothing else.
    """
    told, place = Merged(is_pull=True), Folder(history)
    home = {parts[0]: parts[1:] for each in listed.splitlines() if len(parts := each.split("\t")) > 1}
    for machine, names in _by_machine(home):
        try:
            there = place.files(machine)
            for name in names:
                run = f"{stem_of(name)}{RUN}"
                if run not in there:
                    continue  # it was never here, or is no more
                if home.get(f"{machine}/{run}") != [str(there[run].size)]:
                    told.conflicts.append(f"{machine}/{run} is another run at home: its standing stays what it is")
                    continue
                _carry(carried.To(place, machine, told), name, home)
        except Denied as error:
            told.conflicts.append(f"{machine}: {error}")
    return told


def _by_machine(home: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for path in home:
        machine, _, name = path.partition("/")
        if is_machine(machine) and "/" not in name and kind_of(name) == STANDING:
            found.setdefault(machine, []).append(name)
    yield from found.items()


def _carry(to: carried.To, name: str, home: Mapping[str, Sequence[str]]) -> None:
    path = f"{to.machine}/{name}"
    try:
        content = base64.b64decode(home[path][1], validate=True)
        if len(content) != int(home[path][0]) or len(content) > LARGEST[STANDING]:
            raise ValueError("it came in part")
        carried.carry(to, stem_of(name), content, to.read(name))
    except (binascii.Error, ValueError, IndexError) as error:
        to.told.conflicts.append(f"{path} did not come whole ({error}): its standing stays what it is")
    except Denied:
        raise
    except UserError as error:
        to.told.conflicts.append(str(error))


def main(words: Sequence[str]) -> int:
    """Take a list into a history, and say what changed."""
    listed, history = map(Path, words)
    told = take(listed.read_text(encoding="utf-8", errors="surrogateescape"), history)
    for each in told.notes:
        print(f"NOTE  {each}")
    if told.conflicts:
        print(f"NOTE  not all that was said at home counts here: {'; '.join(told.conflicts)}")
    if told.standings:
        print(f"said at home: {told.standings} {'standing' if told.standings == 1 else 'standings'} updated")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
