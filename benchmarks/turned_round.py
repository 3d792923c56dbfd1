"""Can each claim fail? Of a saved run every claim is turned round, and has to FAIL then, from what was measured.

A ratio, difference or bound is given the other relation. Of a study of cases each expectation is turned round by itself, which the run did
when it was judged: one with which its claim would hold as well decides nothing, and is told. So are claims that nothing is known of.
A fact of any other study has no expectations that could be turned round: it is counted apart, as not turned.
``RUN`` is a run's summary.json. Exit status 1 when there was a claim that holds and could not fail.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console
from rich.table import Table

from autogauge.errors import UserError
from autogauge.measuring import saving
from autogauge.measuring.claim import Claim, Fact
from autogauge.measuring.result import Result
from autogauge.stats.verdicts import Outcome
from benchmarks.command import run_command

NOT_TURNED = "not turned (no expectations)"
OPPOSITE = {"at most": "at least", "at least": "at most"}
Row = tuple[str, str, str, str, bool]
"""Study, claim, as it is stated, turned round, whether that is as it should be."""


def main() -> int:
    """Print a row for each claim of the run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN", type=Path, help="a run's summary.json")
    rows = list(rows_of(parser.parse_args().run))
    table = Table("study", "claim", "as stated", "turned round")
    for study, claim, stated, turned, _ in rows:
        table.add_row(study, claim, stated, turned)
    Console(width=150).print(table)
    wrong = [f"{study}: {claim}" for study, claim, _, _, good in rows if not good]
    left = sum(turned == NOT_TURNED for _, _, _, turned, _ in rows)
    failed = sum(str(Outcome.FAIL) in (stated, turned) for _, _, stated, turned, _ in rows if turned != NOT_TURNED)
    print(f"{failed} of {len(rows) - left} claims fail, as they are stated or when they are turned round")
    if left:
        print(f"{left} more are facts without expectations: they were not turned, and nothing is said of them")
    print("not seen to fail: " + "; ".join(wrong) if wrong else "there is none that holds and could not fail")
    return bool(wrong)


def rows_of(path: Path) -> Iterator[Row]:
    """Every claim of a saved run. Raises ``UserError`` for a file that is none."""
    try:
        results = [saving.from_json(each) for each in json.loads(path.read_text(encoding="utf-8"))["studies"]]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no summary of a run ({error}): name a run's summary.json.") from error
    for result in results:
        blind, turnable = blind_in(result), claims_of_cases(result)
        for claim in result.claims:
            stated = result.verdict(claim).outcome
            if not isinstance(claim, Fact):
                turned = str(_turned(result, claim))
            elif claim.name in turnable:
                turned = _fact_turned(stated, blind.get(claim.name, []))
            else:
                turned = NOT_TURNED
            could_fail = stated is not Outcome.PASS or turned in (str(Outcome.FAIL), NOT_TURNED)
            yield result.name, claim.name, str(stated), turned, could_fail


def claims_of_cases(result: Result) -> set[str]:
    """The claims that have expectations in what was kept of a study of cases."""
    return {
        each["claim"]
        for condition in result.conditions
        for replicate in result.facts.get(condition.name, {}).get("replicates", ())
        for each in replicate.get("expected", ())
    }


def blind_in(result: Result) -> dict[str, list[str]]:
    """The expectations of a study of cases that decide nothing, by claim."""
    found: dict[str, list[str]] = {}
    for condition in result.conditions:
        for replicate in result.facts.get(condition.name, {}).get("replicates", ()):
            for each in replicate.get("deciding_nothing", ()):
                claim, _, what = each.partition(": ")
                found.setdefault(claim, []).append(f"{condition.name}: {what}")
    return found


def _fact_turned(stated: Outcome, blind: Sequence[str]) -> str:
    """A fact is asked of every sample: turned round it fails where it held, unless an expectation behind it decides nothing."""
    if blind:
        return f"holds as well ({'; '.join(blind)})"
    return str({Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS}.get(stated, stated))


def _turned(result: Result, claim: Claim) -> Outcome:
    """The verdict of the claim with the other relation, from the same samples: of "at most 0" it is "more than 0"."""
    beyond = math.nextafter(claim.bound, math.inf if claim.relation == "at most" else -math.inf)
    turned = dataclasses.replace(claim, relation=OPPOSITE[claim.relation], bound=beyond)
    anew = dataclasses.replace(result, claims=(turned,), closed={}, looked={})
    return anew.verdict(turned).outcome


if __name__ == "__main__":
    run_command(main)
