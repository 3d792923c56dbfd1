"""The second measurement that a run's file holds of what was suspicious, as figures that history judges. Judging is ``saved``'s matter."""

from __future__ import annotations

from autogauge.errors import UserError
from autogauge.gate.figures import figure_of, key_of
from autogauge.gate.past import Figure
from autogauge.history import recorded
from autogauge.history.records import SavedRun
from autogauge.targets import is_emulated


def figures_of(run: SavedRun) -> dict[str, Figure]:
    """By benchmark; none where nothing was measured again, or nobody can read it: then the first measurement is all there is."""
    try:
        studies = recorded.of_file(run.path).results_again
    except UserError:
        return {}
    emulated = f" ({run.accelerator})" if is_emulated(run.accelerator) else ""
    found = {
        key_of(f"{group}{emulated}", condition): figure_of(result, condition.name, result.metric(name))
        for result in studies
        for group, name in result.recorded.items()
        for condition in result.conditions
    }
    return {key: figure for key, figure in found.items() if figure is not None}
