"""One history of many machines: what travels from one folder to another, in which order, and what is never overwritten."""

import dataclasses
import datetime
import importlib
import json
import os
import threading
import types
from pathlib import Path

import filelock
import pytest

from autogauge.errors import UserError
from autogauge.files import as_json
from autogauge.history import run_file, sharing, standing, standing_file, store
from autogauge.history.sharing import apart, standings
from autogauge.history.sharing import folder as folders
from autogauge.history.sharing.place import Denied
from autogauge.history.standing_file import Standing
from tests import histories
from tests.cases import each_of
from tests.properties import for_all
from tests.support import wait_until

LATENCY = histories.LATENCY


def content(history: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(history)): path.read_bytes()
        for path in sorted(history.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def with_samples(folder: Path, seconds: float = 0.01, **others) -> Path:
    """A run as a session saves it: with its samples, which it names by their digest."""
    made = histories.document({LATENCY: seconds}, **others)
    return run_file.save(folder, made, {"results/0/latencies": run_file.np.array([seconds])}, "run", "f" * 16)


def three_machines(history: Path) -> None:
    for machine in ("lab-01", "lab-02", "lab-03"):
        for number in range(3):
            with_samples(history / machine, 0.01 + number / 1000, machine=machine)


def test_machines_come_together_without_collision_and_a_second_time_there_is_nothing_to_do(tmp_path):
    one, other, central = tmp_path / "one", tmp_path / "other", tmp_path / "central"
    with_samples(one / "lab-01", machine="lab-01")
    with_samples(other / "lab-02", 0.02, machine="lab-02")
    histories.save(other / "lab-02", {LATENCY: 0.03}, machine="lab-02", standing=Standing.QUARANTINED)
    assert sharing.merge(one, central).counts == "1 run fetched, 0 here already"
    merged = sharing.merge(other, central)
    assert (merged.sent, merged.machines, merged.conflicts) == (2, {"lab-02": 2}, [])
    assert content(central) == {**content(one), **content(other)}
    before = content(central)
    again = sharing.merge(other, central)
    assert (again.counts, content(central)) == ("0 runs fetched, 2 here already", before)
    assert standing.read(store.runs(central / "lab-02")[-1]).standing is Standing.QUARANTINED


def test_samples_and_standing_are_there_before_the_run(tmp_path, monkeypatch):
    run = with_samples(tmp_path / "here" / "lab-01")
    standing.reject(run, "the fan was broken")
    written = []

    def watched(path, put):
        written.append(path.suffix)
        return original(path, put)

    original = folders.create
    monkeypatch.setattr(folders, "create", watched)
    sharing.merge(tmp_path / "here", tmp_path / "there")
    assert written == [".npz", ".standing", ".json"]


@pytest.mark.parametrize("ends_at", range(9))
def test_wherever_it_ends_no_half_run_is_seen_and_the_next_one_completes_it(tmp_path, monkeypatch, ends_at):
    here, there = tmp_path / "here", tmp_path / "there"
    for number in range(3):
        standing.reject(with_samples(here / "lab-01", 0.01 + number / 1000), "w")
    written = []

    def ending(path, put):
        written.append(path)
        if len(written) > ends_at:
            raise KeyboardInterrupt
        return original(path, put)

    original = folders.create
    monkeypatch.setattr(folders, "create", ending)
    with pytest.raises(KeyboardInterrupt):
        sharing.merge(here, there)
    for run in store.runs(there / "lab-01"):
        assert standing.read(run).standing is Standing.QUARANTINED
        assert run_file.arrays_beside(run, run_file.read_document(run))[0]
    monkeypatch.setattr(folders, "create", original)
    assert sharing.merge(here, there).sent == 3 - ends_at // 3
    assert content(there) == content(here)


def test_another_machine_of_the_same_name_is_kept_apart_and_the_others_travel(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    three_machines(here)
    with_samples(there / "lab-02", 0.5, machine="lab-02", fingerprint="a" * 16)
    mine = content(there)
    merged = sharing.merge(here, there)
    assert (merged.sent, merged.kept_back) == (6, 3)
    assert len(merged.conflicts) == 1
    assert "0001_run_ffffffff.json" in merged.conflicts[0]
    assert "--as=NAME" in merged.conflicts[0]
    assert {name: each for name, each in content(there).items() if "lab-02" in name} == mine
    assert sharing.merge(here, there, ["lab-02"], {"lab-02": "lab-02-b"}).counts == "3 runs fetched, 0 here already"
    assert len(store.runs(there / "lab-02-b")) == 3


def test_one_number_that_is_another_run_on_each_side_is_two_histories(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    histories.save(here / "lab-01", {LATENCY: 0.01}, fingerprint="a" * 16)
    histories.save(there / "lab-01", {LATENCY: 0.01}, fingerprint="b" * 16)
    before = content(there)
    merged = sharing.merge(here, there, called={"lab-01": "lab-01"})
    assert (merged.sent, merged.kept_back, content(there)) == (0, 1, before)
    assert "run 0001 is 0001_run_aaaaaaaa.json" in merged.conflicts[0]


def test_a_folder_that_is_another_machines_by_its_processor_is_told_though_no_number_is_twice(tmp_path):
    def facts(name):
        return {"devices": [{"name": "CPU", "full_name": name}]}

    here, there = tmp_path / "here", tmp_path / "there"
    histories.save(there / "lab-01", {LATENCY: 0.01}, facts=facts("a Xeon"))
    first = histories.save(here / "lab-01", {LATENCY: 0.01}, facts=facts("an Atom"))
    first.rename(first.with_name(first.name.replace("0001", "0002")))
    merged = sharing.merge(here, there)
    assert (merged.sent, merged.kept_back) == (0, 1)
    assert "its processor" in merged.conflicts[0]
    assert sharing.merge(here, there, called={"lab-01": "lab-01"}).sent == 1, "the user said that it is the same"


def test_a_standing_that_changes_later_is_carried_over_whatever_the_clocks_say(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    run = with_samples(here / "lab-01")
    sharing.merge(here, there)
    standing.reject(run, "the fan was broken")
    assert sharing.merge(here, there).counts == "0 runs fetched, 1 here already, 1 standing updated"
    copy = there / "lab-01" / run.name
    monkeypatch.setattr(standing, "_now", lambda: "2001-01-01T00:00:00+00:00")
    standing.accept(copy, "it was not")
    assert sharing.merge(here, there).counts == "0 runs fetched, 1 here already, 1 standing is newer here"
    assert standing.read(copy).standing is Standing.ACCEPTED
    back = sharing.merge(there, here)
    assert (back.standings, back.notes) == (1, [])
    assert standing.read(run).why == "it was not"


@pytest.mark.parametrize("way", ["replaced", "created"])
def test_a_word_that_comes_while_a_standing_is_put_down_waits_and_is_kept(tmp_path, monkeypatch, way):
    here, there = tmp_path / "here", tmp_path / "there"
    run = with_samples(here / "lab-01")
    sharing.merge(here, there)
    copy = there / "lab-01" / run.name
    if way == "replaced":
        standing.write(run, Standing.QUARANTINED, "slower", "gate")
        sharing.merge(here, there)
    standing.reject(run, "the fan was broken", [LATENCY])
    name = "write_bytes" if way == "replaced" else "create"
    original, other = getattr(folders, name), []

    class Seen(filelock.FileLock):
        def _acquire(self):
            super()._acquire()
            if not self.is_locked:
                is_held.set()

    def slowly(path, content):
        if path.suffix == standing.SUFFIX and not other:
            other.append(threading.Thread(target=standing.accept, args=(copy, "meant", ["another"])))
            other[0].start()
            assert wait_until(lambda: is_held.is_set() or not other[0].is_alive(), 60)
        return original(path, content)

    is_held = threading.Event()
    monkeypatch.setattr(filelock, "FileLock", Seen)
    monkeypatch.setattr(folders, name, slowly)
    sharing.merge(here, there)
    other[0].join(60)
    assert is_held.is_set(), "it waited for the lock"
    found = standing.read(copy)
    assert (found.of(LATENCY), found.of("another"), found.why) == (Standing.QUARANTINED, Standing.ACCEPTED, "meant")


def both_changed(tmp_path, ours, theirs):
    here, there = tmp_path / "here", tmp_path / "there"
    run = with_samples(here / "lab-01")
    sharing.merge(here, there)
    copy = there / "lab-01" / run.name
    ours(run), theirs(copy)
    return here, there, run, copy


def gate_says(run):
    standing.write(run, Standing.QUARANTINED, "slower", "gate", now="2026-11-03T00:00:00+00:00")


def person(does, when):
    def says(run):
        original, standing._now = standing._now, lambda: when
        try:
            does(run, "a word")
        finally:
            standing._now = original

    return says


OLDER, NEWER = "2026-11-01T00:00:00+00:00", "2026-11-02T00:00:00+00:00"


@each_of(
    "ours, theirs, counts, said",
    [
        (gate_says, person(standing.accept, OLDER), Standing.ACCEPTED, "a person's word counts before the gate's"),
        (person(standing.accept, OLDER), gate_says, Standing.ACCEPTED, "a person's word counts before the gate's"),
        (person(standing.accept, NEWER), person(standing.reject, OLDER), Standing.ACCEPTED, "the newer word counts"),
        (person(standing.accept, OLDER), person(standing.reject, NEWER), Standing.QUARANTINED, "the newer word counts"),
        (person(standing.accept, OLDER), person(standing.reject, OLDER), Standing.QUARANTINED, "the worse counts"),
        (person(standing.reject, OLDER), person(standing.reject, NEWER), Standing.QUARANTINED, ""),
    ],
)
def test_two_words_about_one_run_become_one_and_are_both_told_once(tmp_path, ours, theirs, counts, said):
    here, there, run, copy = both_changed(tmp_path, ours, theirs)
    merged = sharing.merge(here, there)
    assert merged.standings == 1
    assert [said in note and "lab-01/0001" in note for note in merged.notes] == ([True] if said else [])
    assert standing.read(copy).standing is counts
    assert sharing.merge(there, here).notes == []
    assert standing.path_of(run).read_bytes() == standing.path_of(copy).read_bytes()
    assert sharing.merge(here, there).counts == "0 runs fetched, 1 here already"


@pytest.mark.parametrize("first", [True, False])
def test_two_words_about_different_benchmarks_both_count(tmp_path, first):
    def ann(run):
        person(lambda run, why: standing.reject(run, why, ["k1"]), OLDER if first else NEWER)(run)

    def bob(run):
        person(lambda run, why: standing.accept(run, why, ["k2"]), NEWER if first else OLDER)(run)

    here, there, run, copy = both_changed(tmp_path, ann, bob)
    sharing.merge(here, there)
    found = standing.read(copy)
    assert (found.of("k1"), found.of("k2"), found.others) == (
        Standing.QUARANTINED,
        Standing.ACCEPTED,
        Standing.ACCEPTED,
    )
    assert sharing.merge(there, here).notes == []
    assert standing.path_of(run).read_bytes() == standing.path_of(copy).read_bytes()
    assert sharing.merge(here, there).counts == "0 runs fetched, 1 here already"


@for_all(
    lambda st: (
        *[
            st.lists(
                st.tuples(st.booleans(), st.sampled_from(["k1", "k2", "k3"]), st.integers(1, 9)), min_size=1, max_size=4
            )
            for _ in range(2)
        ],
    )
)
def test_of_each_benchmark_the_newest_word_counts_and_both_sides_decide_alike(ours, theirs):
    def said(words):
        record = standing_file.Record(by="gate", when="2026-01-01T00:00:00+00:00", others=Standing.PENDING)
        for good, key, at in sorted(words, key=lambda each: each[2]):
            word = Standing.ACCEPTED if good else Standing.QUARANTINED
            when = f"2026-11-0{at}T00:00:00+00:00"
            record = dataclasses.replace(
                record,
                by="user",
                when=when,
                benchmarks={**record.benchmarks, key: word},
                words={**record.words, key: ("user", when)},
                whole=record.word,
            )
        return record

    one, other = said(ours), said(theirs)
    here, there = (as_json(each.to_json()) for each in (one, other))
    decided = standings.decide(here, there).content
    assert decided == standings.decide(there, here).content
    found = standing_file.of_content(decided)
    assert found.others is Standing.PENDING
    for key in ("k1", "k2", "k3"):
        words = [(record.words[key][1], record.of(key)) for record in (one, other) if key in record.words]
        newest = [word for when, word in words if when == max(words)[0]] if words else [Standing.PENDING]
        assert found.of(key) is standing_file.worst(newest)


def decided(one, other):
    """What becomes of two records, whichever side decides it."""
    here, there = (as_json(each.to_json()) for each in (one, other))
    found = standings.decide(here, there).content
    assert found == standings.decide(there, here).content
    return found


GATE_SAID = ("gate", "2026-10-01T00:00:00+00:00")


def words(when, **others):
    """A person's words about single benchmarks; of the others the gate's counts."""
    return standing_file.Record(by="user", when=when, whole=GATE_SAID, **others)


def test_with_which_run_a_level_begins_is_kept_of_both_words():
    first = words(
        OLDER,
        new_level=("k1",),
        began=("k3",),
        benchmarks={"k5": Standing.QUARANTINED},
        words=dict.fromkeys(["k1", "k3", "k5"], ("user", OLDER)),
    )
    second = words(
        NEWER,
        new_level=("k2", "k5"),
        began=("k4",),
        words={"k2": ("user", NEWER), "k4": ("user", NEWER), "k5": ("user", "2026-10-15T00:00:00+00:00")},
    )
    found = standing_file.of_content(decided(first, second))
    assert ({*found.new_level}, {*found.began}) == ({"k1", "k2"}, {"k3", "k4"})
    assert found.of("k5") is Standing.QUARANTINED, "the newer word about it"
    assert found.word == GATE_SAID, "nobody said a word about the others"
    later = standing_file.Record(Standing.QUARANTINED, "slower", "gate", NEWER)
    assert standing_file.of_content(decided(found, later)).others is Standing.QUARANTINED


def test_where_an_older_autogauge_did_not_note_what_a_word_was_about_the_worse_counts():
    vague = standing_file.Record(by="user", when=NEWER, benchmarks={"k1": Standing.QUARANTINED})
    clear = words(OLDER, benchmarks={"k2": Standing.QUARANTINED}, words={"k2": ("user", OLDER)})
    found = standing_file.of_content(decided(vague, clear))
    assert (found.of("k1"), found.of("k2")) == (Standing.QUARANTINED, Standing.QUARANTINED)


def test_a_standing_is_told_with_who_said_it_and_not_with_who_spoke_last():
    """The gate quarantined two benchmarks, and a person spoke of a third."""
    bad, good = Standing.QUARANTINED, Standing.ACCEPTED
    spoke = standing_file.Record(
        why="the fan",
        by="user",
        when=NEWER,
        benchmarks={"k1": bad, "k2": bad, "k3": Standing.PENDING},
        words={"k3": ("user", NEWER)},
        whole=("gate", OLDER),
    )
    older = standing_file.Record(bad, "slow", "gate", OLDER)
    here, there = (as_json(each.to_json()) for each in (spoke, older))
    said = standings.decide(here, there).said
    day = {when: f"{when[:10]} {when[11:19]} UTC" for when in (OLDER, NEWER)}
    assert (
        f"quarantined (2 benchmarks) by the gate on {day[OLDER]}, and 1 benchmark pending by a person on {day[NEWER]} (the fan)"
        in said
    )
    everything = dataclasses.replace(spoke, benchmarks={"k3": bad}, others=good)
    said = standings.decide(as_json(everything.to_json()), there).said
    assert f"quarantined (1 benchmark) by a person on {day[NEWER]} (the fan)" in said
    assert "by the gate (the fan)" not in said


def test_however_long_its_past_is_a_decided_standing_came_after_both():
    def with_a_past(when, digit):
        return words(when, replaces=tuple(f"{digit}{number:015x}" for number in range(standing_file.MOST_REPLACED)))

    one, other = with_a_past(OLDER, 1), with_a_past(NEWER, 2)
    content = decided(one, other)
    for each in (one, other):
        before = as_json(each.to_json())
        assert standings.decide(content, before).side is standings.Side.HERE
        assert standings.decide(before, content).side is standings.Side.THERE


def test_what_is_half_or_damaged_stays_where_it_is_and_is_named(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    runs = [with_samples(here / "lab-01", 0.01 + number / 1000) for number in range(5)]
    half = runs[0].read_bytes()
    runs[0].write_bytes(half[: len(half) // 2])
    run_file.arrays_path(runs[1]).write_bytes(b"another file")
    standing.path_of(runs[2]).write_text('{"standing": "fine"}')
    standing.path_of(runs[3]).symlink_to("nowhere")
    merged = sharing.merge(here, there)
    assert (merged.sent, merged.kept_back, len(merged.conflicts)) == (1, 4, 4)
    assert [path.name for path in store.runs(there / "lab-01")] == [runs[4].name]
    assert "half a file" in merged.conflicts[0]
    assert "not the file that was saved with it" in merged.conflicts[1]
    assert "does not say whether it is accepted" in merged.conflicts[2]
    assert "a link to what is not there" in merged.conflicts[3]


def test_a_run_of_a_newer_autogauge_is_copied_as_it_is_and_said(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    histories.save(here / "lab-01", {LATENCY: 0.01})
    newer = histories.save(here / "lab-01", {LATENCY: 0.01}, schema=99)
    standing.path_of(newer).write_text(json.dumps({"schema": 99, "stands": "somehow"}))
    merged = sharing.merge(here, there)
    assert (merged.sent, content(there)) == (2, content(here))
    assert merged.notes == ["saved by a newer autogauge, and copied as they are: lab-01/0002"]


def test_a_clock_that_is_wrong_by_a_day_is_said(tmp_path):
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    histories.save(tmp_path / "here" / "lab-01", {LATENCY: 0.01}, when=tomorrow)
    merged = sharing.merge(tmp_path / "here", tmp_path / "there")
    assert merged.sent == 1
    assert merged.notes[0].startswith("measured in the future, by up to 24.0 h: lab-01/0001; the clock")


def test_samples_that_come_later_are_added(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    run = with_samples(here / "lab-01")
    samples = run_file.arrays_path(run).read_bytes()
    run_file.arrays_path(run).unlink()
    assert sharing.merge(here, there).notes == ["without their samples, which the sender has not got: lab-01/0001"]
    run_file.arrays_path(run).write_bytes(samples)
    assert sharing.merge(here, there).counts == "0 runs fetched, 1 here already, 1 file of samples added"
    assert content(there) == content(here)


@pytest.mark.parametrize("is_damaged", [True, False])
def test_samples_that_cannot_be_added_later_are_named(tmp_path, is_damaged):
    here, there = tmp_path / "here", tmp_path / "there"
    run = with_samples(here / "lab-01")
    samples = run_file.arrays_path(run)
    samples.unlink()
    sharing.merge(here, there)
    samples.write_bytes(b"another file") if is_damaged else samples.mkdir()
    why = "it is not the file that was saved with the run" if is_damaged else "it cannot be read (Is a directory)"
    for is_dry in (True, False):
        merged = sharing.merge(here, there, is_dry=is_dry)
        assert merged.conflicts == [f"lab-01/0001: {samples.name} was not fetched: {why}"]
        assert merged.samples == 0
    assert not (there / "lab-01" / samples.name).exists()


def test_standings_that_cannot_be_read_are_not_taken_for_the_same(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    run = with_samples(here / "lab-01")
    sharing.merge(here, there)
    for history in (here, there):
        standing.path_of(history / "lab-01" / run.name).mkdir()
    merged = sharing.merge(here, there)
    assert merged.conflicts == ["lab-01/0001: its standings cannot be compared: it cannot be read (Is a directory)"]


def test_a_clock_may_differ_by_as_much_as_wherever_machines_are_told_to_report(tmp_path):
    for number, minutes in enumerate((59, 61)):
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        histories.save(tmp_path / "here" / f"lab-0{number}", {LATENCY: 0.01}, when=later)
    (note,) = sharing.merge(tmp_path / "here", tmp_path / "there").notes
    assert note.startswith("measured in the future, by up to 1.0 h: lab-01/0001;")


def test_a_place_far_away_is_not_listed_for_every_few_runs(tmp_path, monkeypatch):
    """A listing of ten thousand runs takes seconds; one of this machine's folders takes none, and its lock is held."""
    carrying = importlib.import_module("autogauge.history.sharing.transfer")
    three_machines(tmp_path / "here")
    monkeypatch.setattr(carrying, "AT_ONCE", 1)
    listed = []
    original = folders.Folder.files
    monkeypatch.setattr(folders.Folder, "files", lambda place, name: (listed.append(place), original(place, name))[1])
    for is_near, good_s, count in ((True, 60.0, 5), (False, 60.0, 2), (False, -1.0, 5)):
        monkeypatch.setattr(carrying, "AS_GOOD_S", good_s)
        there = folders.Folder(tmp_path / f"there-{is_near}-{good_s}")
        there.is_near = is_near
        merged = carrying.transfer(folders.Folder(tmp_path / "here"), there, ["lab-01"], carrying.Wanted())
        assert (merged.sent, listed.count(there)) == (3, count)


class Odd(folders.Folder):
    """A place whose listing or reading is not what it should be."""

    more, hidden, denied, is_near = 0, "", "", False

    def files(self, machine):
        found = {name: each for name, each in super().files(machine).items() if not name.endswith(self.hidden or "//")}
        return {name: dataclasses.replace(each, size=each.size + self.more) for name, each in found.items()}

    def read_several(self, machine, names):
        if machine == self.denied:
            raise Denied("this user may not read it")
        return super().read_several(machine, names)


def carry(tmp_path, **odd):
    """What comes of a transfer from such a place."""
    carrying = importlib.import_module("autogauge.history.sharing.transfer")
    here = Odd(tmp_path / "here")
    for name, value in odd.items():
        setattr(here, name, value)
    machines = sorted(each.name for each in here.root.iterdir())
    return carrying.transfer(here, folders.Folder(tmp_path / "there"), machines, carrying.Wanted())


def test_a_run_that_is_not_as_long_as_it_is_listed_is_left_out(tmp_path):
    with_samples(tmp_path / "here" / "lab-01")
    found = carry(tmp_path, more=1)
    assert (found.sent, found.kept_back) == (0, 1)
    assert "and is listed with" in found.conflicts[0]
    assert content(tmp_path / "there") == {}


def test_a_standing_that_came_after_a_listing_from_far_away_is_asked_for(tmp_path):
    run = with_samples(tmp_path / "here" / "lab-01")
    standing.reject(run, "w")
    assert carry(tmp_path, hidden=".standing").sent == 1
    assert standing.read(tmp_path / "there" / "lab-01" / run.name).standing is Standing.QUARANTINED


def test_the_runs_of_a_machine_that_this_user_may_not_read_are_counted_as_kept_back(tmp_path):
    three_machines(tmp_path / "here")
    found = carry(tmp_path, denied="lab-02")
    assert (found.sent, found.kept_back, found.conflicts) == (6, 3, ["lab-02: this user may not read it"])


def test_of_many_runs_far_away_each_that_differs_in_size_is_compared(monkeypatch):
    names = [f"{number:04d}_run.json" for number in range(20)]
    sizes = {name: types.SimpleNamespace(size=100) for name in names}
    pair = types.SimpleNamespace(
        costs_little=lambda name: False, here=sizes, there={**sizes, names[-2]: types.SimpleNamespace(size=101)}
    )
    monkeypatch.setattr(apart.random, "sample", lambda some, count: some[:count])
    assert names[-2] in apart._compared(pair, names, every_byte=False)


def test_other_files_are_left_alone_on_both_sides(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    three_machines(here)
    (here / "lab-01" / "notes.txt").write_text("mine")
    (here / ".trash").mkdir()
    there.mkdir()
    (there / "README").write_text("theirs")
    sharing.merge(here, there)
    assert (there / "README").read_text() == "theirs"
    assert not (there / "lab-01" / "notes.txt").exists()
    assert not (there / ".trash").exists()


def test_a_dry_run_writes_nothing_and_says_the_same(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    three_machines(here)
    there.mkdir()
    assert sharing.merge(here, there, is_dry=True).counts == "9 runs would be fetched, 0 here already"
    assert content(there) == {}
    assert sharing.merge(here, there).sent == 9


def test_a_mistake_is_one_sentence(tmp_path):
    three_machines(tmp_path / "here")
    with pytest.raises(UserError, match="there is no folder"):
        sharing.merge(tmp_path / "nowhere", tmp_path / "there")
    with pytest.raises(UserError, match="are the same folder"):
        sharing.merge(tmp_path / "here", tmp_path / "here")
    with pytest.raises(UserError, match="there is no machine 'lab-99'"):
        sharing.merge(tmp_path / "here", tmp_path / "there", ["lab-99"])
    with pytest.raises(UserError, match="one machine's own folder"):
        sharing.merge(tmp_path / "here", tmp_path / "here" / "lab-01")


def test_a_full_disk_ends_it_with_what_was_done_until_then(tmp_path, monkeypatch):
    three_machines(tmp_path / "here")
    written = []

    def full(path, put):
        written.append(path)
        if len(written) > 5:
            raise OSError(28, os.strerror(28), str(path))
        return original(path, put)

    original = folders.create
    monkeypatch.setattr(folders, "create", full)
    with pytest.raises(
        sharing.Stopped, match=r"the disk is full.*Until then: 2 runs fetched.*it goes on from there"
    ) as told:
        sharing.merge(tmp_path / "here", tmp_path / "there")
    assert told.value.merged.sent == 2
