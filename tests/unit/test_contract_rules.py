"""The rules of AUTO's contract: a file that can be read, and nothing in it that says nothing."""

import copy
import json

import pytest

from autogauge.contract import rules

DOCUMENT = json.loads(rules.FILE.read_text(encoding="utf-8"))


def test_each_rule_is_a_sentence_with_a_source_and_a_place_in_it():
    for rule in rules.by_key().values():
        for sentence in filter(None, (rule.rule, rule.older)):
            assert sentence[0].isupper(), rule.key
            assert sentence.endswith("."), rule.key
            assert len(sentence) <= 140, f"{rule.key}: say it in fewer words"
        assert all(cited.section for cited in rule.sources if cited.source.basis != rules.EXPECTED), rule.key
        assert not rule.unasserted.endswith("."), f"{rule.key}: it goes on after a colon"


def test_no_two_rules_say_the_same_and_each_key_begins_with_its_subject():
    said = [rule.rule for rule in rules.by_key().values()]
    assert len(said) == len(set(said))
    for part in rules.parts():
        assert part.rules, part.name
    names = [part.name for part in rules.parts()]
    assert len(names) == len(set(names))


def test_each_source_is_used():
    used = {cited.source.key for rule in rules.by_key().values() for cited in rule.sources}
    assert used == set(DOCUMENT["sources"])


def test_a_rule_is_worth_its_strongest_source():
    assert rules.by_key()["startup-cpu-first"].basis == rules.DOCUMENTED
    assert rules.by_key()["property-profiling"].basis == rules.DOCUMENTED, "the header says it, and the source"
    assert rules.by_key()["priority-released"].basis == rules.IN_SOURCE
    assert rules.by_key()["selection-blank-told"].basis == rules.EXPECTED


def test_keys_that_no_rule_has_are_named():
    assert rules.unknown(["startup-cpu-first", "startup-cpu-frist", "no"]) == ["startup-cpu-frist", "no"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"key": "Startup First"}, "'Startup First' is no key"),
        ({"key": "startup"}, "'startup' is no key"),
        ({"key": "startup-hand-over"}, "two rules have the key startup-hand-over"),
        ({"sources": []}, "has no source"),
        ({"sources": ["manual: page 7"]}, "rests on 'manual', which is no source"),
        ({"untested": "soon"}, "too much or too little: untested"),
        ({"rule": None}, "too much or too little: rule"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_and_names_the_rule(change, said):
    document = copy.deepcopy(DOCUMENT)
    (fields,) = [each for part in document["parts"] for each in part["rules"] if each["key"] == "startup-cpu-first"]
    fields.update(change)
    if fields["rule"] is None:
        del fields["rule"]
    with pytest.raises(ValueError, match=said):
        rules.parsed(document)


def test_a_source_of_no_basis_is_refused():
    document = copy.deepcopy(DOCUMENT)
    document["sources"]["auto"]["basis"] = "hearsay"
    with pytest.raises(ValueError, match="the basis of auto is none of documented, source, expected"):
        rules.parsed(document)
