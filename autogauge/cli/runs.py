"""What the commands about one saved run share: which of its benchmarks are meant."""

from __future__ import annotations

from collections.abc import Sequence

from autogauge.errors import UserError
from autogauge.history.records import SavedRun


def keys_of(run: SavedRun, names: Sequence[str] | None) -> tuple[str, ...]:
    """The benchmarks named, each once. Raises :class:`UserError` for one that the run has not."""
    for name in names or ():
        if name not in run.benchmarks:
            raise UserError(f"{run.path} has no benchmark {name[:120]!r}: it has {', '.join(run.benchmarks)}.")
    return tuple(dict.fromkeys(names or ()))
