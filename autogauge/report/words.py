"""A run's verdicts in one sentence, the same on a page, in a job's summary and in a comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autogauge import checkout
from autogauge.contract import differences
from autogauge.gate import judged
from autogauge.gate.judged import Judged
from autogauge.history.recorded import Recorded
from autogauge.measuring.findings import SEE
from autogauge.measuring.quantity import TIME, Quantity
from autogauge.plain import few
from autogauge.stats.verdicts import Outcome

MARKS = {"PASS": "✅", "IMPROVED": "🔵", "FAIL": "❌", "INCONCLUSIVE": "⚠️", "KNOWN": "📌", "NO BASELINE": "▫️"}


def judged_of(run: Recorded) -> Judged:
    """What the gate said of a run, by whatever its file holds of that; nothing where it holds nothing."""
    if run.gate is not None:
        return judged.from_json(run.gate)
    return judged.said_of(run.gate_of) if run.gate_of else Judged()


KNOWN = "KNOWN"
"""What is shown of a promise that is broken by a difference that is known of the release that was measured."""


def shown(verdict: Mapping[str, Any]) -> str:
    """The verdict's word; of a promise that is broken as is known, that."""
    return KNOWN if verdict.get("known") and verdict["verdict"] == Outcome.FAIL else str(verdict["verdict"])


def folded(verdicts: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], dict[str, list[Mapping[str, Any]]]]:
    """The verdicts that a reader must see; and by study the kept promises of those that have many of them and no figures."""
    own: list[Mapping[str, Any]] = []
    kept: dict[str, list[Mapping[str, Any]]] = {}
    for each in verdicts:
        is_kept = each.get("one_of_many") and each["verdict"] == Outcome.PASS
        (kept.setdefault(str(each.get("study")), []) if is_kept else own).append(each)
    return own, kept


def apart(verdicts: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[tuple[str, str]]]:
    """The verdicts that say something of their own, and lines for the others, each with its verdict.

    One line is for all that rest on a finding; one for the kept promises of each study that has many of them and no figures; one for
    what such studies' promises are broken by as is known.
    """
    found, kept = folded(verdicts)
    resting = [str(each["name"]) for each in found if each.get("rests_on_a_finding")]
    known: dict[str, list[str]] = {}
    for each in found:
        if shown(each) == KNOWN and each.get("one_of_many"):
            known.setdefault(str(each["known"]), []).append(str(each["name"]))
    own = [
        each
        for each in found
        if not each.get("rests_on_a_finding") and not (shown(each) == KNOWN and each.get("one_of_many"))
    ]
    lines = [
        (str(Outcome.PASS), f"{study}: {_count(len(each), 'promise')} kept ({few([str(one['name']) for one in each])})")
        for study, each in kept.items()
    ]
    if known:
        told = [f"{_titled(key)} ({', '.join(names)})" for key, names in known.items()]
        lines.append(
            (KNOWN, "\n".join([f"broken as is known of this release; {checkout.page('findings')} has each:", *told]))
        )
    if resting:
        what = "promise rests" if len(resting) == 1 else "promises rest"
        lines.append((str(Outcome.INCONCLUSIVE), f"{len(resting)} {what} on what never worked ({SEE}): {few(resting)}"))
    return own, lines


def _titled(key: str) -> str:
    """A known difference by its key, and in words."""
    difference = differences.by_key(key)
    return f"{key}: {difference.title}" if difference else key


def in_words(run: Recorded) -> str:
    """What the promises and the gate come to."""
    known = sum(bool(each.get("known")) and each["verdict"] == Outcome.FAIL for each in run.verdicts)
    shown = judged_of(run).shown
    verdicts = [str(each["verdict"]) for each in run.verdicts]
    return sentence(verdicts, [each.word for each in shown], known, [each.quantity for each in shown])


def sentence(
    verdicts: Sequence[str], judged: Sequence[str], known: int = 0, quantities: Sequence[Quantity] = ()
) -> str:
    """The same from the words alone; so many of the broken ones are ``known`` to be broken on this release.

    ``quantities`` says what each of the judged is of; without it all are times.
    """
    parts = [_promises(verdicts, known)]
    if any(word != "NO BASELINE" for word in judged):
        parts.append(_changes(judged, quantities or [TIME] * len(judged)))
    elif judged:
        parts.append("there is nothing yet to compare its speed with")
    return "; ".join(parts)


def _promises(verdicts: Sequence[str], known: int) -> str:
    broken, open_ = verdicts.count(str(Outcome.FAIL)) - known, verdicts.count(str(Outcome.INCONCLUSIVE))
    all_, as_known = len(verdicts), f", {known} broken as known ({checkout.page('findings')})" if known else ""
    if not all_:
        return "no promise was measured"
    if broken:
        return f"{broken} of {_count(all_, 'promise')} broken{as_known}"
    if open_ or known:
        inconclusive = f", {open_} inconclusive" if open_ else ""
        return f"{all_ - open_ - known} of {_count(all_, 'promise')} kept{inconclusive}{as_known}"
    return f"all {all_} promises kept" if all_ > 1 else "the promise is kept"


def _changes(judged: Sequence[str], quantities: Sequence[Quantity]) -> str:
    each_of = list(dict.fromkeys(quantities))
    both = [*zip(judged, quantities, strict=True)]
    counted = [(both.count(("FAIL", each)), each.more) for each in each_of]
    counted += [(both.count(("IMPROVED", each)), each.less) for each in each_of]
    found = [f"{_count(count, 'benchmark')} {what}" for count, what in counted if count]
    open_ = judged.count("INCONCLUSIVE")
    found += [f"{open_} inconclusive"] if open_ else []
    return ", ".join(found) or f"nothing became {' or '.join(each.more for each in each_of)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
