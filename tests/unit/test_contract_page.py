"""docs/contract.md: what the command prints of rules, claims and what was seen; nothing in it names what is not there."""

import json
import re
from collections import Counter
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from autogauge import studies
from autogauge.cli.main import app
from autogauge.contract import differences, rules, seen
from autogauge.contract.differences import Difference
from autogauge.contract.rules import Cited, Part, Rule, Source
from autogauge.contract.seen import OfStudy, Outcome, Release
from autogauge.history import outcomes
from autogauge.measuring.claim import BEYOND
from autogauge.report import contract_page
from autogauge.rig.cases import CaseStudy
from tests.support import ROOT

PAGE = ROOT / "docs" / "contract.md"
DOCS = Source("docs", "The page", "docs.example: the-page", rules.DOCUMENTED)
CODE = Source("code", "the source", "repository: plugin", rules.IN_SOURCE)
NOWHERE = Source("expected", "written nowhere", "", rules.EXPECTED)
FIRST = Rule("first-things-first", "The first comes first.", (Cited(DOCS, "How"), Cited(CODE, "line 7")))
SECOND = Rule("second-thing", "The second is a device.", (Cited(CODE, "line 9"),), older="Before: it was none.")
THIRD = Rule("third-thing", "The third is fast.", (Cited(NOWHERE, ""),), unasserted="needs a real GPU")
PARTS = (Part("things", "Things", (FIRST, SECOND, THIRD)),)
STUDY = SimpleNamespace(
    name="order",
    asserts=lambda: {"one": ("first-things-first",), "two": ("first-things-first", "second-thing"), "x": ()},
    may_differ=lambda: {"two": ("second-is-none",)},
)
DEVICES = SimpleNamespace(name="speed", asserts=lambda: {"*-fps": ("third-thing",)}, may_differ=dict)


def release(openvino, **outcomes):
    kept = OfStudy(
        "2026-11-26T03:04:05", "emulated", "1.2.3", {name: Outcome(*each) for name, each in outcomes.items()}
    )
    return Release(openvino, {"order": kept})


def page(*releases, every=(STUDY,), parts=PARTS):
    return contract_page.markdown(contract_page.described(releases, every, parts))


def row(text, key):
    (found,) = [line for line in text.splitlines() if f"`{key}`" in line]
    return [cell.strip() for cell in found.strip("|").split(" | ")]


def test_a_rule_stands_with_its_sources_its_claims_and_what_each_release_does():
    text = page(
        release("2024.6.0", one=(seen.HOLDS, ""), two=(seen.HOLDS, "")),
        release("2026.4.1", one=(seen.HOLDS, ""), two=(seen.OPEN, "nothing was seen")),
    )
    assert row(text, "first-things-first") == [
        "The first comes first.<br>`first-things-first`",
        "docs: How<br>code: line 7",
        "order: `one`, `two`",
        "holds",
        "holds<br>open",
    ]
    assert "| 2024.6.0 | 2026-11-26 | emulated | 1.2.3 | order |" in text
    assert "- open on 2026.4.1: order, `two`: nothing was seen" in text
    assert text.count("nothing was seen") == 1, "two rules rest on that claim, and it is told once"


def test_how_many_rules_there_are_and_what_releases_do_is_told_first():
    text = page(
        release("2024.6.0", one=(seen.HOLDS, ""), two=(seen.HOLDS, "")),
        release("2026.4.1", one=(seen.BROKEN, ""), two=(seen.NOT_ASKED, "no GPU")),
    )
    assert "3 rules: 2 are asserted, 1 cannot be here, each for its reason." in text
    assert text.index("3 rules") < text.index("## Things")
    table = re.search(r"^\| rules on .*?\n\n", text, re.MULTILINE | re.DOTALL)[0].strip().splitlines()
    assert (
        table[0]
        == "| rules on | fails | differs | differs at times | open | holds | not supported | not asked | not known |"
    )
    assert table[2:] == ["| 2024.6.0 | – | – | – | – | 2 | – | – | – |", "| 2026.4.1 | 1 | – | – | – | – | – | 1 | – |"]


def test_what_the_documentation_said_before_and_what_only_the_source_says_is_told():
    assert row(page(), "second-thing")[0] == (
        "The second is a device. *Source only.*<br>*Before: it was none.*<br>`second-thing`"
    )


def test_a_rule_without_a_claim_has_its_reason_and_no_outcome():
    rule, source, tested, outcome = row(page(release("2026.4.1", one=(seen.HOLDS, ""))), "third-thing")
    assert rule == "The third is fast. *Expected.*<br>`third-thing`"
    assert (source, tested, outcome) == ("–", "*by no claim: it needs a real GPU*", "–")
    assert row(page(every=()), "second-thing")[2] == "*by no claim yet*"


def test_what_was_not_kept_is_not_known_and_never_holds():
    text = page(release("2024.6.0", one=(seen.HOLDS, "")), release("2026.4.1"))
    assert row(text, "second-thing")[3:] == ["not known", "not known"]
    assert row(text, "first-things-first")[3:] == ["holds<br>not known", "not known"]
    assert row(page(Release("2025.4.1")), "second-thing")[3:] == ["not known"]


def test_a_broken_promise_is_a_difference_only_where_that_is_known_of_that_release(monkeypatch):
    known = Difference("second-is-none", "The second is none", until="2025")
    monkeypatch.setattr(differences, "DIFFERENCES", (known,))
    broken = {"two": (seen.BROKEN, "it was none")}
    text = page(release("2025.4.1", **broken), release("2026.4.1", **broken))
    assert row(text, "second-thing")[3:] == ["differs: [second-is-none](findings.md#second-is-none)", "**fails**"]
    assert "- fails on 2026.4.1: order, `two`: it was none" in text
    assert "on 2025.4.1: order, `two`" not in text, "findings.md tells of it"


def test_a_difference_that_comes_and_goes_is_told_where_one_run_did_not_see_it(monkeypatch):
    monkeypatch.setattr(differences, "DIFFERENCES", (Difference("second-is-none", "It is none", always=False),))
    text = page(release("2026.4.1", two=(seen.HOLDS, "it was there")))
    assert row(text, "second-thing")[3:] == ["differs at times: [second-is-none](findings.md#second-is-none)"]
    assert row(page(release("2026.4.1", two=(seen.OPEN, ""))), "second-thing")[3:] == ["open"]


def test_a_promise_that_was_kept_beside_a_difference_that_each_run_sees_says_that_the_list_is_out_of_date(monkeypatch):
    monkeypatch.setattr(differences, "DIFFERENCES", (Difference("second-is-none", "It is none", until="2025"),))
    kept = {"one": (seen.HOLDS, ""), "two": (seen.HOLDS, "it was there")}
    text = page(release("2025.4.1", **kept), release("2026.4.1", **kept))
    assert row(text, "second-thing")[3:] == ["out of date: [second-is-none](findings.md#second-is-none)", "holds"]
    assert "- out of date on 2025.4.1: order, `two`: it was there" in text
    assert "| rules on | fails | out of date | differs |" in text
    assert "| 2025.4.1 | – | 2 | – |" in text


def test_what_is_broken_beyond_a_known_difference_fails(monkeypatch):
    monkeypatch.setattr(differences, "DIFFERENCES", (Difference("second-is-none", "It is none"),))
    text = page(release("2026.4.1", two=(seen.BROKEN, f"{BEYOND}AUTO: it was none, and it hung")))
    assert row(text, "second-thing")[3:] == ["**fails**"]
    assert "- fails on 2026.4.1: order, `two`: beyond what is known: AUTO" in text


def test_why_a_claim_was_not_asked_is_told_once_below():
    unsupported = "AUTO of this release has no X (asked: SUPPORTED_PROPERTIES)"
    text = page(
        release("2024.6.0", one=(seen.NOT_ASKED, unsupported), two=(seen.NOT_ASKED, "it needs a GPU")),
        release("2026.4.1", one=(seen.NOT_ASKED, "it needs a GPU"), two=(seen.HOLDS, "")),
    )
    assert row(text, "first-things-first")[3:] == ["not supported (1)<br>not asked (2)", "not asked (2)<br>holds"]
    assert f"1. {unsupported}\n2. it needs a GPU\n" in text


def test_a_pattern_stands_for_the_claims_of_every_device():
    speed = OfStudy("2026-11-26", "none", "1", {"cpu-fps": Outcome(seen.HOLDS), "gpu-fps": Outcome(seen.OPEN, "noisy")})
    text = page(Release("2026.4.1", {"speed": speed}), every=(DEVICES,))
    assert row(text, "third-thing")[2:] == ["speed: `*-fps`<br>*else it needs a real GPU*", "holds<br>open"]


def test_a_stroke_in_a_sentence_does_not_end_its_cell():
    odd = Rule("odd-thing", "One | two.", (Cited(DOCS, "How"),))
    assert r"One \| two." in page(parts=(Part("odd", "Odd", (odd,)),))


@pytest.fixture(scope="module")
def printed():
    found = CliRunner().invoke(app, ["contract"])
    assert found.exit_code == 0, found
    return found.stdout


def test_the_page_is_what_the_command_prints(printed):
    written = PAGE.read_text(encoding="utf-8")
    assert written == printed, "write it anew: python -m autogauge contract > docs/contract.md"


def test_the_same_is_there_as_json():
    found = json.loads(CliRunner().invoke(app, ["contract", "--json"]).stdout)
    assert [rule["key"] for part in found["parts"] for rule in part["rules"]] == [*rules.by_key()]


def test_each_rule_stands_on_the_page_once(printed):
    keys = Counter(re.findall(r"<br>`([a-z0-9-]+)` \|", printed))
    assert keys == Counter([*rules.by_key()])


def test_every_key_that_a_claim_names_is_a_rules():
    named = {
        (study.name, claim): rules.unknown(keys) for study in studies.every() for claim, keys in study.asserts().items()
    }
    assert not {claim: keys for claim, keys in named.items() if keys}


def test_every_rule_has_a_claim_or_a_reason():
    have = {*contract_page.asserted(studies.every())}
    missing = [key for key, rule in rules.by_key().items() if key not in have and not rule.unasserted]
    assert not missing, "say which claim asserts it (rules=…), or why none can here ('unasserted' in rules.json)"


def test_every_outcome_that_is_kept_is_of_a_claim_that_there_is():
    claims = contract_page.claims_by_study()
    for release in seen.of():
        for name, study in release.studies.items():
            gone = [claim for claim in study.outcomes if not outcomes.is_one_of(claim, claims.get(name, ()))]
            assert not gone, f"{release.openvino}, {name}: keep it anew (python -m autogauge contract --keep RUN)"


def asked_in(entry, *kinds):
    """The listed study, and the text of the tests that are about it."""
    texts = [path.read_text(encoding="utf-8") for kind in kinds for path in (ROOT / "tests" / kind).glob("*.py")]
    module, _, constant = entry.rpartition(".")
    (study,) = [each for each in studies.every() if type(each).__module__.endswith(module)]
    return study, constant, "\n".join(text for text in texts if f"mark.study({constant})" in text)


def test_every_claim_that_asserts_a_rule_is_asked_by_a_test():
    for entry in studies.LISTED:
        study, constant, asking = asked_in(entry, "functional", "perf", "soak")
        assert asking, f"no test is about {constant}"
        if isinstance(study, CaseStudy) and f"in {constant}.promises" not in asking:
            unasked = [claim for claim in study.asserts() if f'"{claim}"' not in asking]
            assert not unasked, f"no test of {constant} asks these"


def test_every_claim_of_a_functional_study_is_part_of_the_name_of_its_test():
    found = [asked_in(entry, "functional") for entry in studies.LISTED]
    assert sum(bool(asking) for _, _, asking in found) >= 8
    for _, constant, asking in found:
        by_name = f'@pytest.mark.parametrize("promise", [each.name for each in {constant}.promises])\ndef test_'
        assert by_name in asking or not asking, f"pytest -k CLAIM shall ask each claim of {constant}, as the page says"


def test_every_failure_that_is_kept_is_a_known_difference(printed):
    assert "**fails**" not in printed.partition("## ")[2], (
        "tell it (autogauge/contract/differences.py), or mend the claim"
    )
    assert "out of date:" not in printed.partition("## ")[2], "mend autogauge/contract/differences.py"
