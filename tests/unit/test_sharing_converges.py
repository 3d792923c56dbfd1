"""Whatever is pushed, pulled, changed and killed between three histories, in whatever order: they become one, and nothing is lost."""

import contextlib
import dataclasses
import itertools
import json

from autogauge.history import standing_file
from autogauge.history.sharing.place import RUN, SAMPLES, STANDING, Entry, Place, kind_of, runs_in
from autogauge.history.sharing.transfer import Wanted, transfer
from autogauge.history.standing_file import Record, Standing
from tests.properties import for_all

MACHINES = ("lab-01", "lab-02")


class Killed(BaseException):
    """The process is gone."""


class InMemory(Place):
    """A place in memory that other things happen to: ``happens`` is called before each of its answers."""

    def __init__(self, name: str) -> None:
        self.shown, self.where, self.happens = name, f"in {name}", lambda: None
        self.content: dict[str, dict[str, bytes]] = {}

    def is_there(self):
        return True

    def begin(self):
        pass

    def machines(self):
        return sorted(self.content)

    def files(self, machine):
        self.happens()
        return {name: Entry(len(each)) for name, each in self.content.get(machine, {}).items() if kind_of(name)}

    def read(self, machine, name, most):
        self.happens()
        try:
            return self.content[machine][name]
        except KeyError:
            raise FileNotFoundError(name) from None

    def create(self, machine, name, content):
        self.happens()
        folder = self.content.setdefault(machine, {})
        folder.setdefault(name, content)
        self.look()
        return folder[name] is content

    def replace(self, machine, name, content, before):
        self.happens()
        if self.content[machine].get(name) != before:
            return False
        self.content[machine][name] = content
        self.look()
        return True

    def look(self):
        """What a reader sees at this very moment: no run without its samples, and none that was saved quarantined as accepted."""
        for folder in self.content.values():
            for stem in runs_in(folder):
                run = json.loads(folder[f"{stem}{RUN}"])
                assert f"{stem}{SAMPLES}" in folder
                assert f"{stem}{STANDING}" in folder or not run["quarantined"]

    def measure(self, machine: str, quarantined: bool) -> None:
        """Save one more run as a session does."""
        folder = self.content.setdefault(machine, {})
        stem = f"{len(runs_in(folder)) + 1:04d}_run_{machine.replace('-', '')}"
        folder[f"{stem}{SAMPLES}"] = stem.encode()
        if quarantined:
            self.say(machine, stem, Standing.QUARANTINED, "gate")
        folder[f"{stem}{RUN}"] = json.dumps(
            {"benchmarks": [], "machine_info": {"node": machine}, "quarantined": quarantined}
        ).encode()

    def say(self, machine: str, stem: str, word: Standing, by: str) -> bytes:
        """Change a run's standing as ``accept`` and ``reject`` do; returns the file."""
        before = self.content[machine].get(f"{stem}{STANDING}")
        earlier = (*standing_file.replaced_by(before), standing_file.digest_of(before)) if before else ()
        when = f"2026-11-01T00:00:{next(_seconds) % 60:02d}+00:00"
        made = json.dumps(Record(word, "w", by, when, replaces=earlier).to_json()).encode()
        self.content[machine][f"{stem}{STANDING}"] = made
        return made


_seconds = itertools.count()


@dataclasses.dataclass
class World:
    """Two machines' own histories, and the one in the middle; ``words`` are all that persons said, by run."""

    own: dict[str, InMemory]
    middle: InMemory
    words: dict[tuple[str, str], list[bytes]]
    told: list[str]

    @property
    def places(self):
        return [*self.own.values(), self.middle]

    def does(self, step):
        what, machine, number, flag = step
        mine = self.own[machine]
        if what == "measure":
            mine.measure(machine, flag)
        elif what in ("push", "pull"):
            sender, receiver = (mine, self.middle) if what == "push" else (self.middle, mine)
            merged = transfer(sender, receiver, sender.machines(), Wanted())
            assert merged.conflicts == []
            self.told += merged.notes
        else:
            place = mine if what == "says" else self.middle
            runs = runs_in(place.content.get(machine, {}))
            if runs:
                stem = runs[number % len(runs)]
                word = Standing.ACCEPTED if flag else Standing.QUARANTINED
                self.words.setdefault((machine, stem), []).append(place.say(machine, stem, word, "user"))


def during(world, steps, at, ends):
    """At the ``at``-th answer of any place the next step comes in between; with ``ends``, the process that was at it is killed then."""
    count = itertools.count()
    running = []

    def happens():
        if next(count) == at and not running:
            running.append(True)
            if ends:
                raise Killed
            if steps:
                world.does(steps.pop(0))

    return happens


def a_step(st):
    what = st.sampled_from(["measure", "push", "push", "pull", "says", "says", "says there", "says there"])
    return st.tuples(what, st.sampled_from(MACHINES), st.integers(0, 1), st.booleans())


@for_all(
    lambda st: (st.lists(st.tuples(a_step(st), st.one_of(st.none(), st.integers(0, 25)), st.booleans()), max_size=25),)
)
def test_any_interleaving_becomes_one_history_without_loss(script):
    own = {machine: InMemory(machine) for machine in MACHINES}
    world = World(own, InMemory("middle"), {}, [])
    for machine in MACHINES:
        world.does(("measure", machine, 0, False))
        world.does(("push", machine, 0, False))
    steps = [step for step, _, _ in script]
    plans = [(at, ends) for _, at, ends in script]
    while steps:
        at, ends = plans.pop(0) if plans else (None, False)
        step = steps.pop(0)
        happens = during(world, steps, at, ends) if at is not None else lambda: None
        for place in world.places:
            place.happens = happens
        with contextlib.suppress(Killed):
            world.does(step)
    for place in world.places:
        place.happens = lambda: None
    measured = {
        (machine, name): content
        for machine, place in own.items()
        for name, content in place.content.get(machine, {}).items()
        if kind_of(name) in (RUN, SAMPLES)
    }
    for _ in range(3):
        for what, machine in itertools.product(("push", "pull"), MACHINES):
            world.does((what, machine, 0, False))
    assert own["lab-01"].content == own["lab-02"].content == world.middle.content
    for (machine, name), content in measured.items():
        assert world.middle.content[machine][name] == content
    for (machine, stem), words in world.words.items():
        final = world.middle.content[machine][f"{stem}{STANDING}"]
        for word in words:
            is_known = standing_file.digest_of(word) in standing_file.replaced_by(final)
            assert word == final or is_known, "a person's word counts, or the one that counts came after it"
    before = [dict(place.content) for place in world.places]
    for what, machine in itertools.product(("push", "pull"), MACHINES):
        world.does((what, machine, 0, False))
    assert before == [dict(place.content) for place in world.places]
