"""What results looked like before, made into what they look like now: the one place that knows.

Before there was a number (0) a result stood in ``summary.json`` only: each replicate with its samples by condition, and without claims.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from autogauge.measuring.reading import Fields, short

Shape = dict[str, Any]


def upgraded(fields: Any, schema: int) -> Shape:
    """The fields of a saved result as the schema of that number has them. Raises ``ValueError``."""
    if not isinstance(fields, dict):
        raise ValueError(f"it is {short(fields)}, where a dictionary should be")
    number = fields.get("schema", 0)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"it says that it has the schema {short(number)}, which there never was")
    if number > schema:
        raise ValueError(
            f"a newer autogauge saved it (schema {short(number)}, this one reads up to {schema}): update autogauge"
        )
    found: Shape = fields
    for older in range(number, schema):
        found = _UPGRADES[older](found)
    return found


def _from_rows(fields: Shape) -> Shape:
    """Schema 1 from what ``summary.json`` held: samples become columns."""
    given = Fields(fields, "")
    rows = given.each("replicates", Fields)
    names = [each.text("name") for each in given.each("conditions", Fields)]
    order = [[names.index(name) for name in row.texts("order") if name in names] for row in rows]
    failures = [
        [place, name, {"log": "", **row.fields("failures").fields(name).all()}]
        for place, row in enumerate(rows)
        for name in row.fields("failures", {})
    ]
    still = [[place, name] for place, row in enumerate(rows) for name in row.texts("still_disturbed", ())]
    return {
        "elapsed_s": fields.get("seconds"),
        "repeats_disturbed": True,
        "relay_rounds": 0,
        "recorded": {},
        "metrics": [],
        "looked": {},
        **fields,
        "schema": 1,
        "pinned": fields.get("pinned") or "",
        "claims": [],
        "changes": [],
        "replicates": {
            "index": [row.whole("index") for row in rows],
            "order": order,
            "failures": failures,
            "still_disturbed": still,
        },
        "samples": {name: _columns(rows, "samples", name) for name in names},
        "disturbed": {name: _columns(rows, "disturbed", name) for name in names},
    }


def _columns(rows: tuple[Fields, ...], kind: str, name: str) -> Shape:
    samples = {place: row.fields(kind).fields(name) for place, row in enumerate(rows) if name in row.fields(kind, {})}

    def table(key: str) -> Mapping[str, Any]:
        found = [each.fields(key, {}) for each in samples.values()]
        keys = dict.fromkeys(key for each in found for key in each)
        return {
            key: {
                "at": [place for place, each in enumerate(found) if key in [*each]],
                "values": [each.any(key) for each in found if key in [*each]],
            }
            for key in keys
        }

    return {
        "at": [*samples],
        "figures": table("figures"),
        "surroundings": table("surroundings"),
        "execution_devices": [list(each.texts("execution_devices", ())) for each in samples.values()],
    }


_UPGRADES: Mapping[int, Callable[[Shape], Shape]] = {0: _from_rows}
