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


def apart(verdicts: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], str]:
    """The verdicts that say something of their own, and one sentence for all that rest on a finding; empty where none does."""
    own = [each for each in verdicts if not each.get("rests_on_a_finding")]
    resting = [str(each["name"]) for each in verdicts if each.get("rests_on_a_finding")]
    what = "promise rests" if len(resting) == 1 else "promises rest"
    return own, f"{len(resting)} {what} on what never worked ({SEE}): {few(resting)}" if resting else ""


def in_words(run: Recorded) -> str:
    """What the promises and the gate come to."""
    return sentence([str(each["verdict"]) for each in run.verdicts], [each.word for each in judged_of(run).shown])


def sentence(verdicts: Sequence[str], judged: Sequence[str]) -> str:
    """The same from the words alone."""
    parts = [_promises(verdicts)]
    if any(word != "NO BASELINE" for word in judged):
        parts.append(_changes(judged))
    elif judged:
        parts.append("there is nothing yet to compare its speed with")
    return "; ".join(parts)


def _promises(verdicts: Sequence[str]) -> str:
    broken, open_ = verdicts.count(str(Outcome.FAIL)), verdicts.count(str(Outcome.INCONCLUSIVE))
    if not verdicts:
        return "no promise was measured"
    if broken:
        return f"{broken} of {_count(len(verdicts), 'promise')} broken"
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
