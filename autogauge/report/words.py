"""A run's verdicts in one sentence, the same on a page, in a job's summary and in a comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge.gate import judged
from autogauge.gate.judged import Judged
from autogauge.history.recorded import Recorded
from autogauge.measuring.findings import SEE
from autogauge.plain import few
from autogauge.stats.verdicts import Outcome

MARKS = {"PASS": "✅", "IMPROVED": "🔵", "FAIL": "❌", "INCONCLUSIVE": "⚠️", "NO BASELINE": "▫️"}


def judged_of(run: Recorded) -> Judged:
    """What the gate said of a run, by whatever its file holds of that; nothing where it holds nothing."""
    if run.gate is not None:
        return judged.from_json(run.gate)
    return judged.said_of(run.gate_of) if run.gate_of else Judged()


def apart(verdicts: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[tuple[str, str]]]:
    """The verdicts that say something of their own, and lines for the others, each with its verdict.

    One line is for all that rest on a finding; one for the kept promises of each study that has many of them and no figures.
    """
    own, resting, kept = [], [], dict[str, list[str]]()
    for each in verdicts:
        if each.get("rests_on_a_finding"):
            resting.append(str(each["name"]))
        elif each.get("one_of_many") and each["verdict"] == Outcome.PASS:
            kept.setdefault(str(each.get("study")), []).append(str(each["name"]))
        else:
            own.append(each)
    lines = [
        (str(Outcome.PASS), f"{study}: {_count(len(names), 'promise')} kept ({few(names)})")
        for study, names in kept.items()
    ]
    if resting:
        what = "promise rests" if len(resting) == 1 else "promises rest"
        lines.append((str(Outcome.INCONCLUSIVE), f"{len(resting)} {what} on what never worked ({SEE}): {few(resting)}"))
    return own, lines


def in_words(run: Recorded) -> str:
    """What the promises and the gate come to."""
    known = sum(bool(each.get("known")) and each["verdict"] == Outcome.FAIL for each in run.verdicts)
    return sentence(
        [str(each["verdict"]) for each in run.verdicts], [each.word for each in judged_of(run).shown], known
    )


def sentence(verdicts: Sequence[str], judged: Sequence[str], known: int = 0) -> str:
    """The same from the words alone; so many of the broken ones are ``known`` to be broken on this release."""
    parts = [_promises(verdicts, known)]
    if any(word != "NO BASELINE" for word in judged):
        parts.append(_changes(judged))
    elif judged:
        parts.append("there is nothing yet to compare its speed with")
    return "; ".join(parts)


def _promises(verdicts: Sequence[str], known: int) -> str:
    broken, open_ = verdicts.count(str(Outcome.FAIL)), verdicts.count(str(Outcome.INCONCLUSIVE))
    if not verdicts:
        return "no promise was measured"
    if broken:
        as_known = f", {known} of them as known (docs/findings.md)" if known else ""
        return f"{broken} of {_count(len(verdicts), 'promise')} broken{as_known}"
    if open_:
        return f"{len(verdicts) - open_} of {_count(len(verdicts), 'promise')} kept, {open_} inconclusive"
    return f"all {len(verdicts)} promises kept" if len(verdicts) > 1 else "the promise is kept"


def _changes(judged: Sequence[str]) -> str:
    slower, faster, open_ = (judged.count(word) for word in ("FAIL", "IMPROVED", "INCONCLUSIVE"))
    found = [f"{_count(slower, 'benchmark')} slower"] if slower else []
    found += [f"{_count(faster, 'benchmark')} faster"] if faster else []
    found += [f"{open_} inconclusive"] if open_ else []
    return ", ".join(found) or "nothing became slower"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
