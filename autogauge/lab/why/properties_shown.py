"""Properties of both compiled models as a part of a page, and in sentences: what differs, what varies, what nobody gave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autogauge.lab.why.compiled import ABSENT, NOT_GIVEN
from autogauge.lab.why.finding import Finding
from autogauge.lab.why.lines import ARROW
from autogauge.measuring.drawing import Block, Table
from autogauge.plain import few


def block(finding: Finding) -> Block:
    """What differs, what changes from process to process, and what nobody gave."""
    how = (
        "What the compiled models, as they are in use, say of themselves. Every property that either supports was asked; "
        "what is not here is the same on both sides and in all processes."
    )
    if finding.not_given:
        how += f" Neither side gave, when it was asked: {few(finding.not_given)}."
    nothing = "none differs" if finding.properties_are_known else "not known of both sides"
    varying = [(f"{name} (varies from process to process)", a, b) for name, a, b in finding.varying_properties]
    return Block(
        "why-properties",
        "Properties that differ",
        how,
        Table(("property", "A", "B"), [*(finding.properties or [(nothing, "", "")]), *varying]),
        printed=True,
    )


def words(finding: Finding) -> Iterable[str]:
    """The same in sentences."""
    if finding.properties:
        yield _differing(finding.properties)
    elif finding.properties_are_known:
        yield "No property of the compiled models differs."
    else:
        yield "Properties are not known of both sides."
    if varying := finding.varying_properties:
        told = few([f"{name} ({a}; {b})" for name, a, b in varying])
        yield f"From process to process vary, so that it is open whether they differ: {told}."


def _differing(differing: Sequence[tuple[str, str, str]]) -> str:
    """Those of which both sides have a value, by name; how many one side alone has, which another release always brings along."""
    names = [f"{name} ({a} {ARROW} {b})" for name, a, b in differing if not {ABSENT, NOT_GIVEN} & {a, b}]
    hidden = sum(NOT_GIVEN in each[1:] for each in differing)
    alone = len(differing) - len(names) - hidden
    found = [f"Properties that differ: {few(names)}." if names else "No property that both have differs."]
    found += [f"{alone} {'is' if alone == 1 else 'are'} there on one side alone."] if alone else []
    found += [f"{hidden} {'is' if hidden == 1 else 'are'} given by one side alone."] if hidden else []
    return " ".join(found)
