"""Measures a matrix: sets its releases up, then measures block after block, and keeps what is there. What it says is ``outcome``'s."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
        without = named.require_room(dict.fromkeys((base, *names)), rig.cache, progress, index)
        found: dict[str, Named] = {}
        whys: list[str] = []
        for name in dict.fromkeys((base, *names)):
            try:
                if name in without:
                    raise UserError(
                        without[name].replace(f"({named.OPTION})", "(--base)") if name == base else without[name]
                    )
                option = "--base" if name == base else named.OPTION
                found[name] = named.set_up(rig, name, option, progress, index, self.wanted.device)
            except UserError as error:
                if name == base:
                    raise
                whys.append(str(error))
                self._is_absent(name, str(error))
        labelled = named.labelled([*found.values()])
        self.base, *others = labelled
        self.others = named.in_order(others)
        named.end_by_itself(rig, self.others)
        for openvino, same in named.of_one_build(labelled).items():
            rig.notes.append(f"{few(same)} are one build, openvino {openvino}: no difference is to be expected")
        if not self.others:
            why = "; ".join(each.removesuffix(".").removesuffix(f" ({named.OPTION})") for each in whys)
            raise UserError(f"there is nothing to compare {base} with{f': {why}' if why else ''} ({named.OPTION}).")
        self.keeper = Keeper(self.folder, outcome.KIND, self.machine, self._settings, self.results)

    def measure(self) -> None:
        """Measure every block; one that gave nothing does not keep the others from being measured.

        A release that is removed in the middle, or becomes another, is let go of, with all that was measured of it; the base ends all, and
        so does the last release beside it. Raises :class:`~autogauge.probe.identity.WrongRuntime`.
        """
        assert self.base is not None
        for planned in plan.blocks(self.wanted, self.base, self.others):
            if not (
                block := replace(planned, others=tuple(each for each in planned.others if each in self.others))
            ).others:
                continue
            result = block.result(self.session.rig, random.randrange(2**32) if self.seed is None else self.seed)
            self.results.append(result)
            try:
                beside.measure(self.session.rig, block, result)
            finally:
                self._let_go()
            if not self.others:
                raise WrongRuntime([*self.absent.values()][-1])

    def _let_go(self) -> None:
        """Say which releases are no longer what they were, and keep nothing of them."""
        for each in [*self.others]:
            if why := named.why_spoilt(self.session.rig, each):
                self.others.remove(each)
                self._is_absent(each.text, why)
                beside.forget(self.results, each.text)
        if not self.others and self.keeper is not None:
            self.keeper.discard()
            self.keeper = None

    def _is_absent(self, name: str, why: str) -> None:
        self.absent[name] = why = named.without_name(name, why)
        self.session.progress.say(f"NOT MEASURED: {name}: {why}")

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
