"""Can each claim fail? Every expectation of the studies of cases is turned round, one at a time, and its claim has to FAIL then.

The cases are measured once, for real. A claim that holds and would hold as well with the opposite of one of its expectations is told:
that expectation decides nothing. So are claims that nothing is known of. ``--study`` names a study (all of them without it),
``--accelerator`` is as in a run. Claims about figures are turned round in a run that was saved: ``--run=SUMMARY.json``, without
measuring. Exit status 1 when there was one that could not fail.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console
from rich.table import Table

from autogauge import studies
from autogauge.cache import Cache, default_cache_dir
from autogauge.errors import UserError
from autogauge.measuring import saving
from autogauge.measuring.claim import Bound, Ratio
from autogauge.measuring.progress import Silent
from autogauge.measuring.result import Result
from autogauge.models.resolve import Wanted
from autogauge.rig.cases import CaseStudy, CaseTurns, judge
from autogauge.rig.rig import Asked, Rig
from autogauge.stats.verdicts import Outcome
from benchmarks.command import run_command

OPPOSITE = {"at most": "at least", "at least": "at most"}
Row = tuple[str, str, str, str, bool]
"""Study, claim, as it is stated, turned round, whether that is as it should be."""


def main() -> int:
    """Turn round what was asked for; print a row for each claim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", action="append", help="a study of cases by its name (default: all)")
    parser.add_argument("--accelerator", default="emulated", help="as in a run (default emulated)")
    parser.add_argument("--run", help="a run's summary.json: the claims about its figures, instead of cases")
    options = parser.parse_args()
    rows = list(of_figures(Path(options.run)) if options.run else of_cases(options.study, options.accelerator))
    table = Table("study", "claim", "as stated", "turned round")
    for study, claim, stated, turned, _ in rows:
        table.add_row(study, claim, stated, turned)
    Console(width=150).print(table)
    wrong = [f"{study}: {claim}" for study, claim, _, _, good in rows if not good]
    failed = sum(turned.startswith(str(Outcome.FAIL)) for _, _, _, turned, _ in rows)
    print(f"{failed} of {len(rows)} claims fail when they are turned round")
    print("not seen to fail: " + "; ".join(wrong) if wrong else "there is none that cannot fail")
    return bool(wrong)


def of_cases(names: Iterable[str] | None, accelerator: str) -> Iterator[Row]:
    """The claims of studies of cases, measured now. Raises ``UserError`` for a name that no study has."""
    chosen = [each for each in studies.every() if isinstance(each, CaseStudy) and (not names or each.name in names)]
    if not chosen:
        there = ", ".join(each.name for each in studies.every() if isinstance(each, CaseStudy))
        raise UserError(f"there is no study of cases of that name: choose one of {there} (--study).")
    asked = Asked(Wanted.named("small-cnn", "FP32", "embedded"), accelerator=accelerator)
    with tempfile.TemporaryDirectory() as scratch:
        rig = Rig(asked, Cache(default_cache_dir()), Path(scratch), lambda: contextlib.nullcontext(Silent()))
        with contextlib.closing(rig):
            for study in chosen:
                if study.absent(rig) is None:
                    yield from _of_study(rig, study)


def _of_study(rig: Rig, study: CaseStudy) -> Iterator[Row]:
    """Each case once; then each of its expectations turned round by itself."""
    stated: dict[str, list[bool | None]] = {}
    blind: dict[str, list[str]] = {}
    turns = CaseTurns(rig, study.planned(rig, 0), {})
    turns.prepare()
    for case in study.here(rig):
        print(f"{study.name}: {case.name}", file=sys.stderr)
        seen = turns.see(case)
        checks, _ = judge(case.expects, seen)
        for name, check in checks.items():
            stated.setdefault(name, []).append(check.holds)
        for place, expect in enumerate(case.expects):
            turned = [*case.expects[:place], expect.turned(), *case.expects[place + 1 :]]
            if checks[expect.claim].holds and judge(turned, seen)[0][expect.claim].holds is not False:
                blind.setdefault(expect.claim, []).append(f"{case.name}: {expect.what}")
    for claim, holds in stated.items():
        if any(each is False for each in holds):
            yield study.name, claim, str(Outcome.FAIL), "FAIL as it is stated", True
        elif not all(holds):
            yield study.name, claim, str(Outcome.INCONCLUSIVE), "not known", False
        elif claim in blind:
            yield study.name, claim, str(Outcome.PASS), f"PASS ({'; '.join(blind[claim])})", False
        else:
            yield study.name, claim, str(Outcome.PASS), str(Outcome.FAIL), True


def of_figures(path: Path) -> Iterator[Row]:
    """The ratios and bounds of a saved run, each with its relation turned round. Raises ``UserError`` for a file that is none."""
    try:
        results = [saving.from_json(each) for each in json.loads(path.read_text(encoding="utf-8"))["studies"]]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no summary of a run ({error}): name a run's summary.json (--run).") from error
    for result in results:
        for claim in result.claims:
            if isinstance(claim, (Ratio, Bound)):
                stated = result.verdict(claim).outcome
                turned = _turned(result, claim)
                good = stated is Outcome.FAIL or turned is Outcome.FAIL
                yield result.name, claim.name, str(stated), str(turned), good


def _turned(result: Result, claim: Ratio | Bound) -> Outcome:
    """The verdict of the claim with the other relation, from the same samples."""
    turned = dataclasses.replace(claim, relation=OPPOSITE[claim.relation])
    anew = dataclasses.replace(result, claims=(turned,), closed={}, looked={})
    return anew.verdict(turned).outcome


if __name__ == "__main__":
    run_command(main, measures=True)
