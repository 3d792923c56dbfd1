"""How many facts a session may leave open: a busy machine leaves a few; a whole study that is open asserted nothing, and is no pass.

Which facts were asked for is the caller's to know: those that nobody asked for fail nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from autogauge.measuring.claim import Fact, Verdict
from autogauge.measuring.result import Result
from autogauge.plain import MOST_NAMED, few
from autogauge.stats.verdicts import Outcome

SHARE, FEWEST, OF_ONE_STUDY = 0.05, 3, 0.5
"""More than this share of all facts and at least so many, or more than that share of one study's."""
Asked = tuple[str, str]
"""A study's name, and that of one of its claims."""


def too_many(results: Iterable[Result], asked: Collection[Asked]) -> str:
    """A sentence on the facts that were asked for and are open, where they are too many; else nothing."""
    facts = {result.name: _facts(result, asked) for result in results}
    left = {name: [each for each in of_study if _is_open(each)] for name, of_study in facts.items()}
    count, every = sum(map(len, left.values())), sum(map(len, facts.values()))
    whole = {name: each for name, each in left.items() if len(each) > OF_ONE_STUDY * len(facts[name])}
    if count >= FEWEST and count > SHARE * every:
        told, why = left, f"{count} of {every} facts are open, and at most {SHARE:.0%} may be"
    elif whole:
        told = whole
        why = " and ".join(_of_study(name, len(each), len(facts[name])) for name, each in whole.items())
    else:
        return ""
    # Where they are many each study's number will do: every one of them stands in the list of verdicts.
    with_names = count <= MOST_NAMED
    names = few(
        [
            f"{name}: {', '.join(each.claim.name for each in of_study) if with_names else len(of_study)}"
            for name, of_study in told.items()
            if of_study
        ],
        "; ",
    )
    return f"{why}, so that this session is no pass ({names}): why, stands with each; run again when nothing else runs"


def _of_study(name: str, count: int, every: int) -> str:
    """How many of its facts are open."""
    if every == 1:
        return f"the one fact of {name} that was asked for is open"
    return f"{count} of the {every} facts of {name} {'is' if count == 1 else 'are'} open"


def _facts(result: Result, asked: Collection[Asked]) -> list[Verdict]:
    return [
        each for each in result.verdicts() if isinstance(each.claim, Fact) and (result.name, each.claim.name) in asked
    ]


def _is_open(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.INCONCLUSIVE
