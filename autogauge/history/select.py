"""From what a user names (a file, a pattern, a folder, filters) to saved runs with their figures. Comparing them is left to ``compare``."""

from __future__ import annotations

import functools
import glob
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from autogauge import checkout
from autogauge.errors import UserError
from autogauge.files import exists, is_folder
from autogauge.history import copies, machines, remembered, store, where
from autogauge.history import index as indexes
from autogauge.history.index import OnProgress, Say
from autogauge.history.indexed import IndexedRun, Series
from autogauge.history.labels import OPENVINO, Contents, in_order
from autogauge.history.numbered import is_number, run_folders, run_named
from autogauge.history.remembered import Remembered
from autogauge.history.reporting import names_of
from autogauge.history.told_apart import Models
from autogauge.history.where import Where
from autogauge.plain import counted, few, plain


@dataclass(frozen=True)
class Selection:
    """Saved runs, oldest first within a folder, and what was left out: by filters and standing, and because it could not be read.

    ``text`` is how the user named them.
    """

    text: str
    runs: tuple[IndexedRun, ...]
    figures: Callable[[], list[Series]] = field(repr=False, compare=False, default=list)
    unreadable: tuple[IndexedRun, ...] = ()
    not_accepted: int = 0
    any_standing: bool = True
    """Whether figures count whatever their standing; else a benchmark's accepted ones do, where it has any."""
    heard_of: tuple[IndexedRun, ...] = ()
    """Every run of the machines that the filters ask for, whatever else they ask: what tells which machines still report."""
    remembered: Remembered | None = field(repr=False, compare=False, default=None)
    """What was worked out of figures before."""
    root: Path | None = None
    """The history that filters without a path mean: what a command that names the next step has to be given too."""
    copies: tuple[copies.Copy, ...] = ()
    """Runs of ``heard_of`` that are there once more, each with that copy."""

    def notes(self, *, standings: bool = True) -> list[str]:
        """Sentences about what was left out or is odd; without ``standings`` not that no run is accepted, where that is said elsewhere."""
        found = [f"{run.path}: {problem}" for run in self.runs for problem in run.problems]
        found += [problem for run in self.unreadable for problem in run.problems]
        if standings and self.runs and not self.any_standing and not any(run.is_accepted for run in self.runs):
            count = counted(len(self.runs), "run")
            stands = ", ".join(
                f"{number} {name}" for name, number in Counter(run.standing for run in self.runs).items()
            )
            which = f"none of the {count}" if len(self.runs) > 1 else "its one run"
            no = "" if len(self.runs) > 1 else "not "
            found.append(f"{which} is {no}accepted ({stands}): taken all the same")
        found += Models(self.runs).notes()
        found += machines.notes(self.runs)
        if self.not_accepted:
            runs = "run is" if self.not_accepted == 1 else "runs are"
            found.append(f"{self.not_accepted} {runs} quarantined or pending and left out (standing=* takes them in)")
        foreign = sum(run.foreign for run in self.runs)
        if foreign:
            found.append(
                f"{foreign} of {len(self.runs)} runs are another project's: read as far as they are pytest-benchmark's"
            )
        return found


class Histories:
    """Reads folders of saved runs through their indexes, each once. ``root`` is the history that filters without a path mean."""

    def __init__(
        self,
        stack: ExitStack,
        root: Path,
        cache: Path,
        progress: OnProgress = lambda done, total: None,
        say: Say = lambda text: None,
    ) -> None:
        self._stack, self.root, self._cache, self._progress, self._say = stack, root, cache, progress, say
        self._runs: dict[Path, list[IndexedRun]] = {}
        self._readers: list[indexes.Index] = []
        self._reader_of: dict[Path, int] = {}
        self._said: set[str] = set()

    @functools.cached_property
    def _remembered(self) -> Remembered:
        found = remembered.opened(self._cache)
        self._stack.callback(found.close)
        return found

    def select(self, text: str) -> Selection:
        """The runs that a user's words name.

        They are a place (file, pattern, machine's folder, a history of several machines, or a run's number, ``lab-01/13``), filters, or
        both, separated by blanks. A run that is named is taken whatever its standing; of others those that are accepted, where there are
        any. Raises :class:`UserError` when nothing is there.
        """
        if exists(Path(text)):
            return self._of_place(text, text, Where(), any_standing=False)
        words = where.split(text)
        places = [word for word in words if not where.is_clause(word)]
        if len(places) > 1:
            raise UserError(
                f"{text[:200]!r} names several places: name one file, pattern or folder, and filters (FIELD=VALUE)."
            )
        wanted = where.parse([word for word in words if where.is_clause(word)], "see --help")
        return self._of_place(text, places[0] if places else str(self.root), wanted, any_standing=False)

    def all(self, wanted: Where) -> Selection:
        """The runs of the whole history that pass the filters, whatever their standing."""
        return self._of_place(wanted.text or str(self.root), str(self.root), wanted, any_standing=True)

    def of_folders(self, folders: Iterable[Path], wanted: Where) -> Selection:
        """The runs of these folders that pass the filters, whatever their standing; ``last`` counts among these alone."""
        return self._chosen(wanted.text, [run for each in folders for run in self._read(each, self.root)], wanted, True)

    def _of_place(self, text: str, place: str, wanted: Where, any_standing: bool) -> Selection:
        path = run_named(place, self.root) if is_number(place) else Path(place)
        if is_folder(path):
            folders = run_folders(path, self._say)
            if not folders:
                raise UserError(
                    f"there is no saved run in {place}: measure one ({checkout.measure()}), or name another folder."
                )
            found = [run for folder in folders for run in self._read(folder, path)]
            return self._chosen(text, found, wanted, any_standing)
        if exists(path):
            return self._chosen(text, [self._single(path)], wanted, True)
        if (machine := self._machine(place)) is not None:
            return self._chosen(text, machine, wanted, any_standing)
        if glob.has_magic(place):
            paths = [Path(each) for each in sorted(glob.glob(place)) if each.endswith(".json")]  # noqa: PTH207 (a user's pattern)
            if not paths:
                raise UserError(f"no saved run matches {place[:200]!r}: check the pattern.")
            return self._chosen(text, self._several(paths), wanted, any_standing)
        if not exists(self.root):
            other = "" if place == str(self.root) else f"there is no {place[:200]!r}, and "
            raise UserError(
                f"{other}there is no history in {self.root.absolute()} yet: measure first ({checkout.measure()}), "
                "or name another folder (--history=DIR)."
            )
        raise UserError(
            f"there is no {place[:200]!r}: name a saved run, a machine of {self.root} ({self._machines()}), a pattern, a folder, "
            "or filters (FIELD=VALUE)."
        )

    def _machines(self) -> str:
        """The names of the machines in the history, as far as a sentence can hold them."""
        folders = run_folders(self.root, self._say) if is_folder(self.root) else []
        names = dict.fromkeys(run.machine or run.path.parent.name for folder in folders for run in self._read(folder))
        return f"there is {few([plain(each, 80) for each in sorted(names)])}" if names else "there is none yet"

    def _machine(self, place: str) -> list[IndexedRun] | None:
        """The runs of the machine of that name in the history, whose folder may be called otherwise; ``None`` where there is none."""
        if is_number(place) or not is_folder(self.root):
            return None
        every = [run for folder in run_folders(self.root, self._say) for run in self._read(folder, self.root)]
        return (
            [run for run in every if run.machine == place]
            or [run for run in every if run.path.parent == self.root / place]
            or None
        )

    def _chosen(self, text: str, runs: Iterable[IndexedRun], wanted: Where, any_standing: bool) -> Selection:
        every = list(runs)
        if wanted.labels:
            readers = {self._reader_of[run.path] for run in every}
            wanted.check(in_order(key for reader in readers for key in self._readers[reader].label_keys()))
        named = zip(names_of(every), every, strict=True)
        heard_of, twice = copies.counted_once([run for name, run in named if wanted.holds_for_machine(name)])
        self._say_once(copies.in_words(twice))
        left = {id(copy) for _, copy in twice}
        passing = [run for run in every if run.readable and id(run) not in left and wanted.holds_for(run)]
        passing = self._with_benchmarks(passing, wanted)
        stands = any_standing or wanted.asks_for("standing")
        kept = passing if stands else [run for run in passing if run.is_accepted] or passing
        not_accepted = len(passing) - len(kept)
        if wanted.last is not None:
            newest = sorted(kept, key=lambda run: (run.when.timestamp() if run.when else 0.0, run.number))[
                -wanted.last :
            ]
            ids = {id(run) for run in newest}
            kept = [run for run in kept if id(run) in ids]
        return Selection(
            text,
            tuple(kept),
            lambda: self._figures(kept, wanted),
            tuple(run for run in every if not run.readable),
            not_accepted,
            stands,
            tuple(heard_of),
            self._remembered,
            self.root,
            tuple(twice),
        )

    def _figures(self, runs: Sequence[IndexedRun], wanted: Where) -> list[Series]:
        by_reader: dict[int, list[IndexedRun]] = {}
        for run in runs:
            by_reader.setdefault(self._reader_of[run.path], []).append(run)
        found = [
            each
            for reader, own in by_reader.items()
            for each in self._readers[reader].figures(own)
            if wanted.holds_for_benchmark(each.key, each.metric, each.labels)
        ]
        if not wanted.asks_for(OPENVINO) or not any(OPENVINO in run.contents.labels for run in runs):
            return found  # every run's own release passes
        return self._of_release(found, runs, wanted)

    def _of_release(self, figures: Sequence[Series], runs: Sequence[IndexedRun], wanted: Where) -> list[Series]:
        """The figures that were measured with the releases that are wanted: a benchmark's own counts, else its run's."""
        releases = {(run.path.parent, run.id): run.openvino for run in runs}
        passes = {
            release: wanted.holds_for_release(release)
            for release in {*releases.values(), *(release for each in figures for release in each.releases)}
        }
        found = []
        for each in figures:
            own = zip(each.runs.tolist(), each.releases, strict=True)
            places = [
                place for place, (run, release) in enumerate(own) if passes[release or releases[each.folder, run]]
            ]
            if places:
                found.append(each.at(places) if len(places) < len(each.releases) else each)
        return found

    def _with_benchmarks(self, runs: Sequence[IndexedRun], wanted: Where) -> list[IndexedRun]:
        """The runs of which any benchmark passes, where something is asked of benchmarks."""
        releases = wanted.asks_for(OPENVINO)
        known: dict[tuple[int, Contents, str], bool] = {}

        def has(run: IndexedRun) -> bool:
            if not wanted.of_benchmarks and not (releases and OPENVINO in run.contents.labels):
                return True
            reader = self._reader_of[run.path]
            key = (reader, run.contents, run.openvino)  # most runs of a history have the same benchmarks
            if key not in known:
                labels = self._readers[reader].labels
                known[key] = any(
                    wanted.holds_for_release(own.get(OPENVINO) or run.openvino)
                    and wanted.holds_for_benchmark(name, metric, labels.get((name, metric), own))
                    for name, (metric, own) in run.contents.benchmarks.items()
                )
            return known[key]

        return [run for run in runs if has(run)]

    def _say_once(self, sentences: Iterable[str]) -> None:
        for each in sentences:
            if each not in self._said:  # of both sides of a comparison, say
                self._said.add(each)
                self._say(each)

    def _read(self, folder: Path, history: Path | None = None) -> list[IndexedRun]:
        """Every saved run of a folder, which is a machine's where it lies in that ``history``, or in the one that is the root."""
        histories = {each.resolve() for each in (history, self.root) if each}
        return self._known(
            folder,
            lambda: indexes.opened(folder, self._cache, self._progress, self._say),
            in_history=folder.parent.resolve() in histories,
        )

    def _known(
        self, key: Path, open_it: Callable[[], AbstractContextManager[indexes.Index]], *, in_history: bool = False
    ) -> list[IndexedRun]:
        if key not in self._runs:
            reader = self._stack.enter_context(open_it())
            self._readers.append(reader)
            self._runs[key] = reader.runs(in_history=in_history)
            self._reader_of |= {run.path: len(self._readers) - 1 for run in self._runs[key]}
        return self._runs[key]

    def _several(self, paths: Sequence[Path]) -> list[IndexedRun]:
        by_path: dict[Path, IndexedRun] = {}
        for folder in dict.fromkeys(path.parent for path in paths if store.is_run(path.name)):
            by_path |= {run.path: run for run in self._read(folder)}
        return [by_path[path] if path in by_path else self._single(path) for path in paths]

    def _single(self, path: Path) -> IndexedRun:
        """The run of one file; one whose name has no number is read by itself. Raises :class:`UserError`."""
        runs = self._read(path.parent) if store.is_run(path.name) else self._known(path, lambda: indexes.of_file(path))
        found = next(run for run in runs if run.path.name == path.name)
        if not found.readable:
            raise UserError(" ".join(found.problems))
        return found
