"""From what the user named to a model on disk: chooses the source. A new source is one more line here."""

from __future__ import annotations

from pathlib import Path

from autogauge.cache import Cache
from autogauge.errors import UserError
from autogauge.models import embedded, path
from autogauge.models.artefact import ModelArtefact

DEFAULT_MODEL = "googlenet-v1"
DEFAULT_PRECISION = "FP16"


def check_name(model: str) -> None:
    """Raise :class:`UserError` when ``model`` is neither a known name nor an existing path. Costs nothing."""
    if model in embedded.NAMES or Path(model).exists():
        return
    if Path(model).suffix or "/" in model:
        raise UserError(f"there is no model at {model}: check the path (--model).")
    raise UserError(
        f"no model is called {model!r}: name one of {', '.join(embedded.NAMES)}, or the path of a model file (--model)."
    )


def fetch(model: str, precision: str, cache: Cache) -> ModelArtefact:
    """The model of that name (from the cache, or built into it) or at that path. Raises :class:`UserError`."""
    check_name(model)
    if model in embedded.NAMES:
        return embedded.fetch(model, precision, cache)
    return path.fetch(Path(model))
