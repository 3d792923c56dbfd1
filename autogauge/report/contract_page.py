"""AUTO's contract as data and as the page ``docs/contract.md``: each rule, its source, the claims that assert it, what releases do.

The rules are ``contract.rules``', the claims the studies', what was seen ``contract.seen``'s. Nothing here measures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from autogauge import studies
from autogauge.contract import differences, rules, seen
from autogauge.contract.rules import Part, Rule
from autogauge.contract.seen import Release
from autogauge.measuring.claim import BEYOND
from autogauge.rig.study import Study

COMMAND = "python -m autogauge contract"
FINDINGS = "findings.md"
NOT_KNOWN = "not known"
OUT_OF_DATE = "out of date"
HEAD = f"""# AUTO's contract

What does AUTO promise, and does it keep it? Each row is one rule of AUTO's documentation, in our own words: where it is written, which
claim of this suite tests it, and what each release of OpenVINO did.

This page is printed: `.venv/bin/{COMMAND} > docs/contract.md`. It is made of the rules, the claims of the studies, and what was kept of one
run on each release. To keep what a run saw: `.venv/bin/{COMMAND} --keep RUN`.

- **Tested by** names the study and its claims. A `*` stands for names that depend on the machine. `pytest -m functional -k CLAIM` tests one
  claim of `tests/functional`, and each other whose name has that in it. The studies of `tests/perf` and `tests/soak` run as a whole
  (`pytest -m perf`). With `--accelerator=emulated` any machine has a GPU for them.
- **holds**: it was tested on that release, and it is so.
- **differs**: it is not so, and [findings.md]({FINDINGS}) tells why. **differs at times**: the difference comes and goes, and this run did
  not see it.
- **fails**: it is not so, and nobody has said why.
- **{OUT_OF_DATE}**: it holds, although the list of differences says that no run of that release keeps it. The list is to be mended.
- **open**: what was seen decides nothing.
- **not supported**: that release says that it does not know what the rule is about.
- **not asked**: this machine or this run could not test it. The reason stands below the tables.
- **{NOT_KNOWN}**: nothing was kept of it.
- A rule that no claim tests has the reason in the column "tested by".
- *Source only*: the rule is read off the plugin's source. *Expected*: it is written nowhere; anybody would expect it."""


@dataclass(frozen=True)
class Asserted:
    """A claim that asserts rules. ``claim`` may be a pattern with ``*``, where a study makes one for each device, say.

    ``differs`` are the known differences by which it may fail.
    """

    study: str
    claim: str
    differs: tuple[str, ...] = ()

    def outcomes(self, release: Release) -> dict[str, seen.Outcome]:
        """What became of it on that release, by the claims that it stands for."""
        of_study = release.studies.get(self.study)
        found = of_study.outcomes if of_study else {}
        return {claim: each for claim, each in found.items() if fnmatchcase(claim, self.claim)}


def asserted(every: Iterable[Study]) -> dict[str, list[Asserted]]:
    """Which claims of these studies assert a rule, by the rule's key."""
    found: dict[str, list[Asserted]] = {}
    for study in every:
        differs = study.may_differ()
        for claim, keys in study.asserts().items():
            for key in keys:
                found.setdefault(key, []).append(Asserted(study.name, claim, differs.get(claim, ())))
    return found


def claims_by_study() -> dict[str, list[str]]:
    """The claims of each listed study that assert rules; one may be a pattern."""
    return {study.name: [claim for claim, keys in study.asserts().items() if keys] for study in studies.every()}


def described(
    releases: Sequence[Release], every: Iterable[Study] | None = None, parts: Sequence[Part] | None = None
) -> dict[str, Any]:
    """The contract as data: what the page is made of."""
    by_rule = asserted(studies.every() if every is None else every)
    return {
        "sources": [
            {"key": each.key, "title": each.title, "where": each.where, "basis": each.basis}
            for each in {
                cited.source.key: cited.source
                for part in (rules.parts() if parts is None else parts)
                for rule in part.rules
                for cited in rule.sources
            }.values()
        ],
        "releases": [_release(each) for each in releases],
        "parts": [
            {
                "name": part.name,
                "title": part.title,
                "rules": [_described(rule, by_rule.get(rule.key, []), releases) for rule in part.rules],
            }
            for part in (rules.parts() if parts is None else parts)
        ],
    }


def _release(release: Release) -> dict[str, Any]:
    return {
        "openvino": release.openvino,
        "studies": {
            name: {"started": each.started, "accelerator": each.accelerator, "autogauge": each.autogauge}
            for name, each in release.studies.items()
        },
    }


def _described(rule: Rule, claims: Sequence[Asserted], releases: Sequence[Release]) -> dict[str, Any]:
    return {
        "key": rule.key,
        "rule": rule.rule,
        "basis": rule.basis,
        "sources": [{"source": each.source.key, "section": each.section} for each in rule.sources],
        "older": rule.older or None,
        "unasserted": rule.unasserted or None,
        "claims": [{"study": each.study, "claim": each.claim} for each in claims],
        "releases": {release.openvino: [*_seen(claims, release)] for release in releases},
    }


def _seen(claims: Sequence[Asserted], release: Release) -> Iterator[dict[str, Any]]:
    """What each of a rule's claims was seen to do on one release."""
    for each in claims:
        outcomes = each.outcomes(release)
        if not outcomes:
            yield {"study": each.study, "claim": each.claim, "does": NOT_KNOWN, "said": "", "difference": None}
        for claim, outcome in outcomes.items():
            known = differences.known(each.differs, release.openvino) if outcome.became in _DECIDED else None
            yield {
                "study": each.study,
                "claim": claim,
                "does": _does(outcome, known),
                "said": outcome.said,
                "difference": known.key if known else None,
            }


_DECIDED = (seen.HOLDS, seen.BROKEN)


def _does(outcome: seen.Outcome, known: differences.Difference | None) -> str:
    if outcome.became == seen.BROKEN:
        return "differs" if known and BEYOND not in outcome.said else "fails"
    if outcome.became == seen.HOLDS and known:
        # One run that kept the promise is no news of a difference that comes and goes. Of one that each run sees it is.
        return OUT_OF_DATE if known.always else "differs at times"
    if outcome.became == seen.NOT_ASKED:
        return "not supported" if outcome.is_unsupported else "not asked"
    return {seen.HOLDS: "holds", seen.OPEN: "open"}[outcome.became]


def markdown(found: Mapping[str, Any]) -> str:
    """The page, of what :func:`described` found."""
    releases = [each["openvino"] for each in found["releases"]]
    reasons: dict[str, int] = {}
    tables = [block for part in found["parts"] for block in _part(part, releases, reasons)]
    blocks = [HEAD, *_summary(found), *_runs(found["releases"]), *tables]
    if reasons:
        blocks += ["## Why not asked", "\n".join(f"{number}. {text}" for text, number in reasons.items())]
    if undecided := [*_undecided(found)]:
        blocks += ["## What fails or is open", "\n".join(undecided)]
    blocks += ["## Sources", _sources(found["sources"])]
    return "\n\n".join(blocks) + "\n"


STATES = ("fails", OUT_OF_DATE, "differs", "differs at times", "open", "holds", "not supported", "not asked", NOT_KNOWN)
"""What a release may do about a rule, by what counts of several claims: one that differs is not mended by others that hold."""


def _summary(found: Mapping[str, Any]) -> Iterator[str]:
    """How many rules there are, and what the releases do about them."""
    every = [rule for part in found["parts"] for rule in part["rules"]]
    asserted = [rule for rule in every if rule["claims"]]
    told = sum(bool(rule["unasserted"]) for rule in every if not rule["claims"])
    yield f"{len(every)} rules: {len(asserted)} are asserted, {told} cannot be here, each for its reason."
    if found["releases"]:
        counted = {
            release["openvino"]: Counter(
                min((each["does"] for each in rule["releases"][release["openvino"]]), key=STATES.index)
                for rule in asserted
            )
            for release in found["releases"]
        }
        shown = [each for each in STATES if each != OUT_OF_DATE or any(states[each] for states in counted.values())]
        rows = [(release, *(str(states[each] or "–") for each in shown)) for release, states in counted.items()]
        yield _table(("rules on", *shown), rows)


def _runs(releases: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """On which runs the columns rest: most releases were seen in one."""
    if not releases:
        yield "Nothing was kept of any release yet."
        return
    rows = []
    for release in releases:
        runs: dict[tuple[str, ...], list[str]] = {}
        for name, each in release["studies"].items():
            runs.setdefault((each["started"][:10], each["accelerator"], each["autogauge"]), []).append(name)
        rows += [(release["openvino"], *run, ", ".join(names)) for run, names in runs.items()]
    yield _table(("openvino", "seen on", "accelerator", "by autogauge", "studies"), rows)


def _part(part: Mapping[str, Any], releases: Sequence[str], reasons: dict[str, int]) -> Iterator[str]:
    yield f"## {part['title']}"
    rows = [
        (
            _rule_cell(rule),
            "<br>".join(_cited(each) for each in rule["sources"]),
            _tested(rule),
            *(_cell(rule["releases"][each], reasons) if rule["claims"] else "–" for each in releases),
        )
        for rule in part["rules"]
    ]
    yield _table(("rule", "source", "tested by", *releases), rows)


def _rule_cell(rule: Mapping[str, Any]) -> str:
    mark = {rules.IN_SOURCE: " *Source only.*", rules.EXPECTED: " *Expected.*"}.get(rule["basis"], "")
    older = f"<br>*{rule['older']}*" if rule["older"] else ""
    return f"{rule['rule']}{mark}{older}<br>`{rule['key']}`"


def _cited(cited: Mapping[str, Any]) -> str:
    if cited["source"] == rules.EXPECTED:
        return "–"
    return f"{cited['source']}: {cited['section']}"


def _tested(rule: Mapping[str, Any]) -> str:
    by_study: dict[str, list[str]] = {}
    for each in rule["claims"]:
        by_study.setdefault(each["study"], []).append(f"`{each['claim']}`")
    lines = [f"{study}: {', '.join(claims)}" for study, claims in by_study.items()]
    if rule["unasserted"]:
        lines.append(f"*by no claim: it {rule['unasserted']}*" if not lines else f"*else it {rule['unasserted']}*")
    return "<br>".join(lines) or "*by no claim yet*"


def _cell(outcomes: Sequence[Mapping[str, Any]], reasons: dict[str, int]) -> str:
    """What a release does about a rule: each different thing once."""
    said = dict.fromkeys(_word(each, reasons) for each in outcomes)
    return "<br>".join(said)


def _word(outcome: Mapping[str, Any], reasons: dict[str, int]) -> str:
    if outcome["difference"] and outcome["does"] != "fails":
        return f"{outcome['does']}: [{outcome['difference']}]({FINDINGS}#{outcome['difference']})"
    if outcome["does"] in ("not asked", "not supported"):
        return f"{outcome['does']} ({reasons.setdefault(outcome['said'], len(reasons) + 1)})"
    return f"**{outcome['does']}**" if outcome["does"] == "fails" else str(outcome["does"])


def _undecided(found: Mapping[str, Any]) -> Iterator[str]:
    """What stands behind each ``fails``, ``open`` and ``out of date`` of the tables."""
    told = set()
    for rule in (rule for part in found["parts"] for rule in part["rules"]):
        for release, outcomes in rule["releases"].items():
            for each in outcomes:
                line = f"- {each['does']} on {release}: {each['study']}, `{each['claim']}`: {each['said']}"
                if each["does"] in ("fails", OUT_OF_DATE, "open") and line not in told:
                    told.add(line)
                    yield line


def _sources(sources: Sequence[Mapping[str, Any]]) -> str:
    return _table(
        ("in the tables", "what it is", "where"),
        [(f"`{each['key']}`", each["title"], each["where"]) for each in sources if each["basis"] != rules.EXPECTED],
    )


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
