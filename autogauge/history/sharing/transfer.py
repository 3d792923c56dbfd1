"""What travels from one history to another, in which order. How places are reached is left to them, one run's standing to ``carried``.

- A run never changes: what is at the receiver under its name must be the same, else the machine is kept apart.
- A run's samples and its standing travel before it: whoever sees a run sees all of it, and never takes a quarantined one for accepted.
- A standing changes later: it is carried over to a run that is there already, where it counts.
- What was pruned at the receiver does not come back.
- Nothing is removed, and nothing but a standing is ever replaced. So whatever stops a transfer, the next one completes it.
"""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from autogauge.errors import UserError
from autogauge.history.sharing import carried, looked_at
from autogauge.history.sharing.apart import why_apart
from autogauge.history.sharing.looked_at import LookedAt
from autogauge.history.sharing.merged import Merged, Stopped, named
from autogauge.history.sharing.pair import Pair
from autogauge.history.sharing.place import (
    LARGEST,
    RUN,
    SAMPLES,
    STANDING,
    Absent,
    Denied,
    Entry,
    Place,
    Unusable,
    kind_of,
    number_of,
    runs_in,
)
from autogauge.plain import counted

AT_ONCE, AT_ONCE_BYTES = 32, 64 * 2**20
"""Runs, and bytes, that are read before they are written: so long the receiver's folder is not held while the sender is slow."""
AS_GOOD_S = 60.0
"""So long a listing of a place far away is as good as one anew: it may take long, and whoever comes in between is found at the end."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """What is to travel: the runs of a machine that ``choose`` keeps of their stems, under the name that ``called`` gives the machine."""

    choose: Callable[[str, Sequence[str]], Sequence[str]] = lambda machine, stems: stems
    called: dict[str, str] = field(default_factory=dict)
    is_dry: bool = False
    is_pull: bool = False
    every_byte: bool = False
    """Compare the content of every run that both have, not only of some where that is slow."""


def transfer(
    sender: Place, receiver: Place, machines: Sequence[str], wanted: Wanted, progress: Progress = lambda *_: None
) -> Merged:
    """Carry the runs of these machines over, those that are missing; returns what was done.

    Raises :class:`Stopped` where it cannot go on. A machine whose folder this user may not read or write is kept back, and said.
    """
    told = Merged(is_dry=wanted.is_dry, is_pull=wanted.is_pull)
    try:
        for machine in machines:
            one = _Machine(sender, receiver, machine, wanted, told, progress)
            try:
                one.carry()
            except Denied as error:
                told.kept_back += one.left
                told.conflicts.append(f"{machine}: {error}")
    except UserError as error:
        raise Stopped(error, told) from None
    return told


class _Machine:
    """The transfer of one machine's runs."""

    def __init__(
        self, sender: Place, receiver: Place, machine: str, wanted: Wanted, told: Merged, progress: Progress
    ) -> None:
        self.sender, self.receiver, self.wanted, self.told, self.progress = sender, receiver, wanted, told, progress
        self.machine, self.called = machine, wanted.called.get(machine, machine)
        self.pair = Pair(sender, self.machine, receiver, self.called)
        self.left = 0
        """Runs of which nothing was counted yet."""
        self.there: Mapping[str, Entry] = {}
        self.gone: frozenset[str] = frozenset()
        self.looked_s = 0.0
        """The receiver's files, those pruned there, and when both were asked for."""
        self.ahead: list[tuple[str, float]] = []
        self.newer: list[str] = []
        self.without: list[str] = []

    def carry(self) -> None:
        """Do it."""
        self.pair.look()
        stems = list(self.wanted.choose(self.machine, runs_in(self.pair.here)))
        self.left = len(stems)
        named_so = self.machine in self.wanted.called
        missing = [stem for stem in stems if f"{stem}{RUN}" not in self.pair.there]
        self.there, self.gone, self.looked_s = self.pair.there, frozenset(), time.monotonic()
        if missing:
            self.gone = self.pair.pruned()
        if why := why_apart(self.pair, stems, self.gone, is_named=named_so, every_byte=self.wanted.every_byte):
            otherwise = "" if named_so else f"; --as={self.called} says that it is the same machine"
            step = f"keep it under a name of its own (--machine={self.machine} --as=NAME), or move what is wrong{otherwise}"
            self._keep_back(len(stems), f"{self.called}: {why}; nothing of it was {self.told.verb}: {step}")
            return
        common = [stem for stem in stems if f"{stem}{RUN}" in self.pair.there]
        self.told.there += len(common)
        self.left -= len(common)
        self._carry_what_changed(common)
        missing = self._without(self.gone, missing)
        if self.wanted.is_dry and not (self.sender.is_near or self.wanted.every_byte):
            self._sent(len(missing))
            if missing:
                self.told.notes.append(
                    f"what {counted(len(missing), 'run')} of {self.called} hold was not looked into, which means fetching them: "
                    "what is no whole run is kept back then (--verify looks)"
                )
            return
        done = 0
        for batch in self._batches(missing):
            self._carry_new(batch)
            done += len(batch)
            self.progress(self.machine, done, len(missing))
        if missing and not self.wanted.is_dry:
            self._look_again(stems)
        self._note_what_is_odd()

    def _without(self, pruned: Collection[str], stems: Sequence[str]) -> list[str]:
        """Those of these runs that the receiver does not lack by its own rule."""
        found = [stem for stem in stems if f"{stem}{RUN}" not in pruned]
        self.told.pruned += len(stems) - len(found)
        self.left -= len(stems) - len(found)
        return found

    def _carry_what_changed(self, stems: Sequence[str]) -> None:
        """Of runs that both have: the standings, and samples that are missing."""
        for stem, here, there in self._standings_that_differ(stems):
            self._carry_standing(stem, here, there)
        for stem in stems:
            name = f"{stem}{SAMPLES}"
            if name in self.pair.here and name not in self.pair.there:
                self._carry_samples_later(stem)

    def _standings_that_differ(self, stems: Sequence[str]) -> Iterator[tuple[str, bytes, bytes | None]]:
        """The run, its standing at the sender, and the receiver's, if it has one."""
        names = [f"{stem}{STANDING}" for stem in stems]
        asked = [name for name in names if name in self.pair.here]
        known = [name for name in asked if name in self.pair.there]
        same = {name for name in known if self.pair.costs_little(name) and self.pair.is_same(name)}
        asked = [name for name in asked if name not in same]
        here = self.sender.read_several(self.machine, dict.fromkeys(asked, LARGEST[STANDING]))
        there = self.receiver.read_several(
            self.called, {name: LARGEST[STANDING] for name in asked if name in self.pair.there}
        )
        for name in asked:
            one, other = here[name], there.get(name)
            stem = name.removesuffix(STANDING)
            if isinstance(one, Unusable) or isinstance(other, Unusable):
                why = next(each for each in (one, other) if isinstance(each, Unusable))
                self.told.conflicts.append(f"{self._run(stem)}: its standings cannot be compared: {why}")
            elif one != other:
                yield stem, one, other
        self.told.newer_there += sum(name in self.pair.there and name not in self.pair.here for name in names)

    def _carry_standing(self, stem: str, here: bytes, there: bytes | None = None, *, is_new: bool = False) -> bool:
        to = carried.To(self.receiver, self.called, self.told, is_dry=self.wanted.is_dry)
        if is_new and to.is_dry and f"{stem}{STANDING}" in self.there:
            there = to.read(f"{stem}{STANDING}")  # what putting it there would come upon
        return carried.carry(to, stem, here, there, is_new=is_new)

    def _carry_samples_later(self, stem: str) -> None:
        name = f"{stem}{SAMPLES}"
        found = self.sender.read_several(
            self.machine, {each: LARGEST[kind_of(each)] for each in (f"{stem}{RUN}", name)}
        )
        content, samples = found[f"{stem}{RUN}"], found[name]
        if isinstance(content, Unusable) or isinstance(samples, Unusable):
            why = str(next(each for each in (samples, content) if isinstance(each, Unusable)))
        elif looked_at.has_samples(looked_at.look_at(content), samples):
            self.told.samples += self.wanted.is_dry or self.receiver.create(self.called, name, samples)
            return
        else:
            why = "it is not the file that was saved with the run"
        self.told.conflicts.append(f"{self._run(stem)}: {name} was not {self.told.verb}: {why}")

    def _batches(self, stems: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        size = 0
        for stem in stems:
            own = sum(
                self.pair.here[name].size for kind in (RUN, SAMPLES) if (name := f"{stem}{kind}") in self.pair.here
            )
            if batch and (len(batch) == AT_ONCE or size + own > AT_ONCE_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(stem)
            size += own
        if batch:
            yield batch

    def _carry_new(self, stems: Sequence[str]) -> None:
        contents = self._contents(stems)
        with contextlib.nullcontext() if self.wanted.is_dry else self.receiver.adding(self.called):
            if self.receiver.is_near or time.monotonic() - self.looked_s > AS_GOOD_S:
                self.there, self.gone = self.receiver.files(self.called), self.pair.pruned()  # what others did since
                self.looked_s = time.monotonic()
            gone, taken = self.gone, {number_of(stem): stem for stem in runs_in({*self.gone, *self.there})}
            for stem in self._without(gone, stems):
                other = taken.get(number_of(stem), stem)
                if other != stem and f"{other}{RUN}" not in self.pair.here:
                    self._keep_back(
                        1,
                        f"{self._run(stem)} was not {self.told.verb}: another run has that number now, {other}{RUN}",
                    )
                    continue
                self._carry_one(stem, contents)

    def _contents(self, stems: Sequence[str]) -> dict[str, bytes | Unusable]:
        """The files of these runs, as far as they are there; a listing that was made meanwhile may lack samples that a run tells of."""
        kinds = (RUN, SAMPLES) if self.sender.is_near else (RUN, SAMPLES, STANDING)
        names = [name for stem in stems for kind in kinds if (name := f"{stem}{kind}") in self.pair.here]
        found = self.sender.read_several(self.machine, {name: self._most(name) for name in names})
        lacking = []
        for stem in stems:
            content = found[f"{stem}{RUN}"]
            if f"{stem}{SAMPLES}" not in found and isinstance(content, bytes) and looked_at.look_at(content).samples:
                lacking.append(f"{stem}{SAMPLES}")
            if f"{stem}{STANDING}" not in found and not self.sender.is_near:
                lacking.append(f"{stem}{STANDING}")
        more = self.sender.read_several(self.machine, {name: LARGEST[kind_of(name)] for name in lacking})
        return {**found, **{name: each for name, each in more.items() if not isinstance(each, Absent)}}

    def _most(self, name: str) -> int:
        """Bytes that a file may have: what never changes has what it is listed with."""
        largest = LARGEST[kind_of(name)]
        return largest if name.endswith(STANDING) else min(self.pair.here[name].size, largest)

    def _carry_one(self, stem: str, contents: Mapping[str, bytes | Unusable]) -> None:
        content, samples = contents[f"{stem}{RUN}"], contents.get(f"{stem}{SAMPLES}")
        if isinstance(content, Unusable):
            self._keep_back(1, f"{self._run(stem)} was left out: {content}")
            return
        run = looked_at.look_at(content)
        if len(content) != self.pair.here[f"{stem}{RUN}"].size:
            run = LookedAt(f"it has {len(content)} bytes, and is listed with {self.pair.here[f'{stem}{RUN}'].size}")
        if isinstance(samples, bytes) and not looked_at.has_samples(run, samples) and not run.why_not:
            run = LookedAt(f"{stem}{SAMPLES} is not the file that was saved with it")
        if isinstance(samples, Unusable):
            run = LookedAt(f"{stem}{SAMPLES}: {samples}")
        if run.why_not:
            self._keep_back(1, f"{self._run(stem)} was left out: {run.why_not}")
            return
        if isinstance(samples, bytes) and not self._create(f"{stem}{SAMPLES}", samples):
            self._keep_back(
                1, f"{self._run(stem)} was not {self.told.verb}: another file lies there as {stem}{SAMPLES}"
            )
            return
        if not self._standing_goes_first(stem, contents):
            self._keep_back(1)
            return
        if not self._create(f"{stem}{RUN}", content):
            self._keep_back(1, f"{self._run(stem)} was not {self.told.verb}: another file lies there as {stem}{RUN}")
            return
        self._sent(1)
        self._remember(stem, run, samples is None)

    def _standing_goes_first(self, stem: str, contents: Mapping[str, bytes | Unusable]) -> bool:
        """Carry a new run's standing over, read at the last moment where that is quick; whether its run may follow."""
        name = f"{stem}{STANDING}"
        if self.sender.is_near:
            contents = self.sender.read_several(self.machine, {name: LARGEST[STANDING]})
        here = contents.get(name, Absent())
        if isinstance(here, Unusable):
            if not isinstance(here, Absent):
                self.told.conflicts.append(f"{self._run(stem)} was left out: its standing cannot be had: {here}")
            return isinstance(here, Absent)
        return self._carry_standing(stem, here, is_new=True)

    def _create(self, name: str, content: bytes) -> bool:
        """Whether the receiver has that file now, or would, with that content: what was there before may be it."""
        if name not in self.there if self.wanted.is_dry else self.receiver.create(self.called, name, content):
            return True
        try:
            return self.receiver.read(self.called, name, len(content)) == content
        except (FileNotFoundError, Unusable):
            return False

    def _look_again(self, stems: Sequence[str]) -> None:
        """Say where somebody else added a run of the same number meanwhile, in a place that cannot be held."""
        own = {number_of(stem): stem for stem in stems}
        twice = [
            f"{stem}{RUN} and {mine}{RUN}"
            for stem in runs_in(self.receiver.files(self.called))
            if (mine := own.get(number_of(stem), stem)) != stem and f"{stem}{RUN}" not in self.pair.here
        ]
        if twice:
            self.told.conflicts.append(
                f"{self.called} has two runs of one number now, since another sender was at it: {twice[0]}; move one of them"
            )

    def _remember(self, stem: str, run: LookedAt, is_without: bool) -> None:
        if run.is_newer:
            self.newer.append(stem)
        if is_without and run.samples:
            self.without.append(stem)
        if ahead := looked_at.hours_ahead(run, datetime.datetime.now(datetime.timezone.utc)):
            self.ahead.append((stem, ahead))

    def _note_what_is_odd(self) -> None:
        notes = self.told.notes
        if self.newer:
            notes.append(f"saved by a newer autogauge, and copied as they are: {named(self.newer, self.called)}")
        if self.without:
            notes.append(f"without their samples, which the sender has not got: {named(self.without, self.called)}")
        if self.ahead:
            longest = max(hours for _, hours in self.ahead)
            notes.append(
                f"measured in the future, by up to {longest:.1f} h: {named([stem for stem, _ in self.ahead], self.called)}; "
                "the clock of that machine, or of this one, is wrong"
            )

    def _run(self, stem: str) -> str:
        return named([stem], self.called)

    def _sent(self, number: int) -> None:
        self.told.sent += number
        self.left -= number
        if number:
            self.told.machines[self.called] = self.told.machines.get(self.called, 0) + number

    def _keep_back(self, number: int, why: str = "") -> None:
        self.told.kept_back += number
        self.left -= number
        if why:
            self.told.conflicts.append(why)
