"""From what the user named to a model on disk: chooses the source. A new source is one more branch here."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.files import exists
from autogauge.measuring.progress import Progress, Silent
from autogauge.models import embedded, path
from autogauge.models.artefact import ModelArtefact
from autogauge.models.omz import catalogue
from autogauge.models.omz.zoo import DEADLINE_S, Zoo, mirror
from autogauge.models.trained import source as trained

DEFAULT_MODEL = "googlenet-v1"
DEFAULT_PRECISION = "FP16"
SOURCES = (AUTO, OMZ, EMBEDDED) = ("auto", "omz", "embedded")
"""The Open Model Zoo where it can be had, else what is embedded; the Zoo or nothing; never the network."""


@dataclass(frozen=True)
class Wanted:
    """A model as the user named it (a name or a path), in a precision, from a source. ``deadline_s`` is for fetching it.

    ``precision_named`` says whether the user named one: a file has its own.
    """

    model: str
    precision: str = DEFAULT_PRECISION
    source: str = AUTO
    deadline_s: float = DEADLINE_S
    precision_named: bool = False

    @classmethod
    def named(
        cls,
        model: str,
        precision: str | None,
        source: str,
        deadline_s: float = DEADLINE_S,
        default: str = DEFAULT_PRECISION,
    ) -> Wanted:
        """A model as an option or argument named it; without a precision, ``None``, it is the default one."""
        return cls(model, (precision or default).upper(), source, deadline_s, precision is not None)

    @property
    def words(self) -> str:
        """The model as it was asked for, with its precision where that is a choice."""
        return self.model if self.is_file else f"{self.model} {self.precision}"

    @property
    def is_local(self) -> bool:
        """Whether it is known without the network: built here, or a file."""
        return self.model in (*embedded.NAMES, *trained.NAMES) or self._is_path

    @property
    def source_in_words(self) -> str:
        """Where it will come from, and what its weights are, as far as that is known before anybody is asked."""
        if self.model not in embedded.NAMES or self.source == OMZ:
            return self.source
        if self.source == AUTO and zoo_has(self.model, self.precision):
            return "auto: the Open Model Zoo's if cached or reachable, else embedded with random weights"
        return f"{'auto: ' if self.source == AUTO else ''}embedded, random weights"

    @property
    def is_file(self) -> bool:
        """Whether it is a file or folder of the user's own, and comes from no source by its name."""
        return self.source != OMZ and self.model not in (*embedded.NAMES, *trained.NAMES) and self._is_path

    @property
    def _is_path(self) -> bool:
        """Whether it is a file, or a folder that is named as one: a folder that has a model's name by chance is none."""
        path_ = Path(self.model)
        if not exists(path_):
            return False
        return not path_.is_dir() or "/" in self.model or self.model not in catalogue.known()

    def check(self) -> None:
        """Raise :class:`UserError` for what can be seen to be wrong without asking anybody. Costs nothing."""
        if self.is_file and self.precision_named:
            raise UserError(
                f"{self.model} is a file, and is measured in the precision that it has: leave --precision={self.precision} out."
            )
        if self.source == OMZ:
            self._check_zoo()
        elif self.is_local:
            return
        elif path.is_model_name(self.model):
            raise UserError(f"there is no model at {self.model}: check the path (--model).")
        elif self.source == EMBEDDED:
            known = ", ".join((*embedded.NAMES, *trained.NAMES))
            raise UserError(
                f"no model is called {self.model!r} that needs no network: name one of {known}, or the path of a model file, "
                "or let it be fetched (--model-source=auto)."
            )
        elif mirror() is None:
            self._check_known()
            catalogue.check(self.model, self.precision, catalogue.known())

    def _check_zoo(self) -> None:
        if mirror() is not None:
            return
        if self._is_path and self.model not in catalogue.known():
            raise UserError(
                f"{self.model} is a file, and no model of the Open Model Zoo: leave --model-source=omz out."
            )
        catalogue.check(self.model, self.precision, catalogue.known())

    def _check_known(self) -> None:
        if self.model not in catalogue.known():
            own = (*embedded.NAMES, *trained.NAMES)
            close = difflib.get_close_matches(self.model, (*own, *catalogue.known()), 3)
            hint = f" (did you mean {' or '.join(close)}?)" if close else ""
            raise UserError(
                f"no model is called {self.model!r}{hint}: name one of {', '.join(own)}, one of the Open Model Zoo's, "
                "or the path of a model file (--model)."
            )


def zoo_has(name: str, precision: str) -> bool:
    """Whether the Zoo has a model of that name in that precision."""
    entry = catalogue.known().get(name)
    return entry is not None and precision in entry.precisions


def offline(model: str, precision: str, cache: Cache) -> ModelArtefact:
    """The model of that name or at that path, without the network. Raises :class:`UserError`."""
    return Resolver(cache).fetch(Wanted(model, precision, EMBEDDED))


@dataclass
class Resolver:
    """Fetches models into a cache and tells ``progress`` about it."""

    cache: Cache
    progress: Progress = field(default_factory=Silent)

    def fetch(self, wanted: Wanted) -> ModelArtefact:
        """The model, with a note where it is not the one that was hoped for. Raises :class:`UserError`."""
        wanted.check()
        name, precision = wanted.model, wanted.precision
        if wanted.source == OMZ:
            return self._zoo(wanted).download(name, precision)
        if name in trained.NAMES:
            return trained.build(name, precision, self.cache)
        if name in embedded.NAMES:
            if wanted.source == AUTO and zoo_has(name, precision):
                return self._zoo_or_embedded(wanted)
            return embedded.build(name, precision, self.cache)
        if wanted.is_local:
            return path.artefact_at(Path(name))
        return self._zoo(wanted).download(name, precision)

    def _zoo(self, wanted: Wanted) -> Zoo:
        return Zoo(self.cache, self.progress, wanted.deadline_s)

    def _zoo_or_embedded(self, wanted: Wanted) -> ModelArtefact:
        """The Zoo's model when it is cached or its hosts answer; else the embedded one, with the reason as its note."""
        try:
            return self._zoo(wanted).download(wanted.model, wanted.precision)
        except UserError as error:
            reason = str(error).partition(";")[0].rstrip(".")
        note = f"{reason}: the embedded model took its place"
        model = dataclasses.replace(embedded.build(wanted.model, wanted.precision, self.cache), note=note)
        self.progress.say(f"{note}, with {model.weights} weights")
        return model
