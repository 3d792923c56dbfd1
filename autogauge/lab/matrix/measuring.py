"""Measures a matrix: sets its releases up, then measures block after block, and keeps what is there. What it says is ``outcome``'s."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autogauge.errors import UserError
from autogauge.lab.matrix import outcome, plan
from autogauge.lab.matrix.plan import Wanted
from autogauge.lab.releases import beside, kept, named
from autogauge.lab.releases.kept import Keeper
from autogauge.lab.releases.named import Named
from autogauge.lab.releases.session import Session
from autogauge.measuring.result import Result
from autogauge.plain import few
from autogauge.probe.identity import WrongRuntime
from autogauge.runtimes.releases import Index


@dataclass
class Measuring:
    """A matrix at work. ``results`` is filled while it is measured; ``absent`` says why what could not be measured."""

    session: Session
    wanted: Wanted
    folder: Path
    machine: str
    seed: int | None = None
    base: Named | None = None
    others: list[Named] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    keeper: Keeper | None = None

    def set_up(self, names: Sequence[str], base: str) -> None:
        """Make every release ready. One that cannot be measured is said, and the others go on; without the base, or alone, none do.

        Raises :class:`UserError`.
        """
        rig, progress, index = self.session.rig, self.session.progress, Index()
        named.require_room(dict.fromkeys((base, *names)), rig.cache, progress, index)
        found: dict[str, Named] = {}
        for name in dict.fromkeys((base, *names)):
            try:
                found[name] = named.set_up(rig, name, "--base" if name == base else named.OPTION, progress, index)
            except WrongRuntime:
                raise
            except UserError as error:
                if name == base:
                    raise
                self.absent[name] = str(error)
                progress.say(f"NOT MEASURED: {name}: {error}")
        labelled = named.labelled([*found.values()])
        self.base, *others = labelled
        self.others = named.in_order(others)
        for openvino, same in named.of_one_build(labelled).items():
            rig.notes.append(f"{few(same)} are one build, openvino {openvino}: no difference is to be expected")
        if not self.others:
            why = "; ".join(self.absent.values())
            raise UserError(f"there is nothing to compare {base} with{f': {why}' if why else ''} ({named.OPTION}).")
        self.keeper = Keeper(self.folder, outcome.KIND, self.machine, self._settings, self.results)

    def measure(self) -> None:
        """Measure every block; one that gave nothing does not keep the others from being measured."""
        assert self.base is not None
        for block in plan.blocks(self.wanted, self.base, self.others):
            result = block.result(self.session.rig, random.randrange(2**32) if self.seed is None else self.seed)
            self.results.append(result)
            beside.measure(self.session.rig, block, result)

    def run(self, names: Sequence[str], base: str) -> tuple[Path | None, KeyboardInterrupt | None]:
        """Set up and measure; as :func:`kept.run`."""

        def do() -> None:
            self.set_up(names, base)
            self.measure()

        return kept.run(self.session, do, lambda: self.keeper)

    def _settings(self) -> dict[str, object]:
        assert self.base is not None
        wanted = self.wanted
        return outcome.settings(
            self.base, self.others, wanted.figures, wanted.smallest_change, wanted.family_error, self.absent
        )
