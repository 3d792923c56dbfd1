"""Which of two standings of one run counts, where two places have different ones. Carrying them over is left to ``transfer``.

1. One that came after the other (it names that one among those it replaces) counts: that needs no clock.
2. Else both were changed apart from each other, or by an autogauge that did not note what it replaced. A person's word counts before the
   gate's; then the newer moment; then the worse standing. This is asked for each benchmark by itself: a word about one takes nothing from
   a word about another. The two are named wherever they mean different things.

What is decided by the second rule becomes a standing that replaces both, the same whichever side decides it. So two places come to one
standing, and the difference is told once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import Enum

from autogauge.files import as_json
from autogauge.history import records, standing_file
from autogauge.history.standing_file import BY_A_PERSON, MOST_REPLACED, WORST_FIRST, Record, Word
from autogauge.plain import counted, plain

LONGEST_WHY = 80


class Side(Enum):
    """What is to be done where the standings of a run in two places were compared."""

    EQUAL = "both are the same"
    HERE = "what the sender has counts"
    THERE = "what the receiver has counts"
    BOTH = "neither came after the other"
    UNKNOWN = "one of the two cannot be read here"


@dataclass(frozen=True)
class Decided:
    """Which side counts, the content that the receiver's file has to have, and what is to be said of it: a clause, mostly empty."""

    side: Side
    content: bytes
    said: str = ""


def decide(here: bytes, there: bytes) -> Decided:
    """Compare the standing that the sender has of a run with the receiver's. Neither is empty; content that both have is equal."""
    if here == there:
        return Decided(Side.EQUAL, there)
    after, before = (
        standing_file.digest_of(old) in standing_file.replaced_by(new) for new, old in ((here, there), (there, here))
    )
    if after != before:
        return Decided(Side.HERE, here) if after else Decided(Side.THERE, there)
    try:
        ours, theirs = standing_file.of_content(here), standing_file.of_content(there)
    except ValueError:
        return Decided(
            Side.UNKNOWN,
            there,
            "the standings differ, and one of them cannot be read by this autogauge: both were left as they are",
        )
    first = _weight(ours, here) > _weight(theirs, there)
    winner, content, loser, other = (ours, here, theirs, there) if first else (theirs, there, ours, here)
    both = _merged(winner, loser)
    chain = (*loser.replaces, *winner.replaces, standing_file.digest_of(other), standing_file.digest_of(content))
    merged = replace(both, replaces=tuple(dict.fromkeys(chain))[-MOST_REPLACED:])
    if _means(ours) == _means(theirs):
        said = ""
    elif _means(both) in (_means(ours), _means(theirs)):
        counts, other_one = (winner, loser) if _means(both) == _means(winner) else (loser, winner)
        said = f"{_why_it_counts(counts, other_one)}: {_told(counts)}, not {_told(other_one)}"
    else:
        said = f"each word counts for the benchmarks that it was about: {_told(winner)}; and {_told(loser)}"
    return Decided(Side.BOTH, as_json(merged.to_json()), said)


def may_travel(content: bytes) -> bool:
    """Whether a file's bytes say whether its run is accepted: to this autogauge, or to a newer one."""
    try:
        standing_file.of_content(content)
    except ValueError:
        return is_newer(content)
    return True


def is_newer(content: bytes) -> bool:
    """Whether a newer autogauge wrote a standing, by its own word."""
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return False
    schema = fields.get("schema") if isinstance(fields, dict) else None
    return isinstance(schema, int) and schema > standing_file.SCHEMA


def _weight(record: Record, content: bytes) -> tuple[bool, float, int, str]:
    return (
        record.by == BY_A_PERSON,
        _timestamp(record.when),
        -WORST_FIRST.index(record.standing),
        standing_file.digest_of(content),
    )


def _merged(winner: Record, loser: Record) -> Record:
    """What both say, of each benchmark the word that counts; what is said of the whole is the winner's."""
    whole = _counts(winner, loser, None)
    keys = dict.fromkeys(
        key
        for record in (winner, loser)
        for key in (*record.benchmarks, *record.new_level, *record.began, *record.words)
    )
    counts = {key: _counts(winner, loser, key) for key in keys}
    stands = {key: record.of(key) for key, record in counts.items()}
    why = dict.fromkeys(each.why for each in (winner, loser) if each is winner or each in counts.values())
    said = whole.word
    words = {key: record.word_about(key) for key, record in counts.items()}
    return replace(
        winner,
        others=whole.others,
        why="; ".join(filter(None, why)),
        new_level=tuple(key for key, record in counts.items() if key in record.new_level),
        began=tuple(key for key, record in counts.items() if key in record.began),
        benchmarks={key: each for key, each in stands.items() if each is not whole.others},
        continues=winner.continues or loser.continues,
        words={key: each for key, each in words.items() if each != said or stands[key] is not whole.others},
        whole=said if said != (winner.by, winner.when) else None,
    )


def _counts(winner: Record, loser: Record, key: str | None) -> Record:
    """Of two records that whose word about a benchmark counts, or (``None``) about the others."""

    def weight(record: Record) -> tuple[bool, float, int]:
        by, when = record.word if key is None else record.word_about(key)
        stands = record.others if key is None else record.of(key)
        return by == BY_A_PERSON, _timestamp(when), -WORST_FIRST.index(stands)

    if key is not None and (_is_vague(winner) or _is_vague(loser)):
        return min((winner, loser), key=lambda record: WORST_FIRST.index(record.of(key)))
    return loser if weight(loser) > weight(winner) else winner


def _is_vague(record: Record) -> bool:
    """Whether a person's word was about some benchmarks, and an older autogauge did not note which."""
    return record.by == BY_A_PERSON and not record.words and record.whole is None and bool(record.benchmarks)


def _means(record: Record) -> tuple[object, ...]:
    """What a standing does, without who said it and when."""
    keys = dict.fromkeys((*record.benchmarks, *record.new_level, *record.began))
    stands = {key: (record.of(key), key in record.new_level, key in record.began) for key in sorted(keys)}
    return record.others, stands, record.continues


def _why_it_counts(winner: Record, loser: Record) -> str:
    if winner.by == BY_A_PERSON != loser.by:
        return "a person's word counts before the gate's"
    if winner.when != loser.when:
        return "the newer word counts"
    return "of two words of one moment the worse counts"


def _told(record: Record) -> str:
    """A standing with who said so and when; and what was said last, where that was about other benchmarks."""
    worst = [record.word_about(key) for key, stands in record.benchmarks.items() if stands is record.standing]
    worst += [record.word] if record.others is record.standing else []
    last = (record.by, record.when)
    why = f" ({plain(record.why, LONGEST_WHY)})" if record.why else ""
    if last in worst:
        return f"{record.in_words} {_by(last)}{why}"
    newest = max(worst, key=lambda word: _timestamp(word[1]))
    about = [str(record.of(key)) for key, word in record.words.items() if word == last]
    if not about:
        return f"{record.in_words} {_by(newest)}{why}"
    stand = " and ".join(dict.fromkeys(about))
    return f"{record.in_words} {_by(newest)}, and {counted(len(about), 'benchmark')} {stand} {_by(last)}{why}"


def _by(word: Word) -> str:
    by, when = word
    moment = records.moment(when)
    at = f" on {moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
    return f"by {'a person' if by == BY_A_PERSON else 'the gate'}{at}"


def _timestamp(when: str) -> float:
    moment = records.moment(when)
    return moment.timestamp() if moment else float("-inf")
