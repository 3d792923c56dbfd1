"""Which device AUTO is to take: the documented rule as one pure function. What AUTO does is not asked here.

It goes by "Automatic Device Selection" (docs.openvino.ai: inference-devices-and-modes/auto-device-selection). Where that page says
nothing, by what the plugin's source says on purpose, or by what a user may expect; ``rules`` of a choice are the keys in
``contract.rules``, which has the source of each. How the model is given (object, path, buffer) is no argument: the page names no
difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

CPU, GPU, NPU = "CPU", "GPU", "NPU"
KINDS = (CPU, GPU, NPU)
BY_DEFAULT = ("selection-discrete-first", "selection-all-candidates")
VIRTUAL = ("AUTO", "MULTI", "HETERO", "BATCH")
INTEL = "0x8086"
ON_THE_CPU = frozenset({"FP32", "FP16", "INT8", "BIN"})
"""What the page's table says of the CPU, whatever the processor tells."""


@dataclass(frozen=True)
class Machine:
    """One device as the rule sees it. ``capabilities`` are as the device tells them; a device that tells none is taken for fit."""

    name: str
    is_discrete: bool = False
    is_intels: bool = True
    capabilities: frozenset[str] = frozenset()

    @classmethod
    def told(cls, fields: Mapping[str, Any]) -> Machine:
        """The device that a probe described (step ``devices``)."""
        vendor = str(fields.get("architecture") or "").partition("vendor=")[2].split(" ")[0]
        is_discrete = "DISCRETE" in str(fields.get("type") or "").upper()
        capabilities = frozenset(map(str, fields.get("capabilities") or ()))
        return cls(str(fields["name"]), is_discrete, vendor in ("", INTEL), capabilities)

    @property
    def kind(self) -> str:
        """``GPU`` of ``GPU``, ``GPU.0`` and ``GPU.1``."""
        return self.name.partition(".")[0]

    @property
    def rank(self) -> int:
        """Its place in the default order: a discrete GPU, an integrated one, what else there is, the CPU."""
        if self.kind == GPU:
            return 0 if self.is_discrete else 1
        return 3 if self.kind == CPU else 2

    def has(self, precision: str) -> bool:
        """Whether it can compute in that precision (empty: in whatever it is).

        An NPU has no FP32, and is used where it is named, by the page's note.
        """
        known = self.capabilities | ON_THE_CPU if self.kind == CPU else self.capabilities
        return (
            not (known and precision)
            or precision in known
            or (self.kind == NPU and precision == "FP32" and "FP16" in known)
        )


@dataclass(frozen=True)
class Choice:
    """What is right: one of ``devices``, or an error where ``refused``; with both, either.

    ``orders`` are the lists of candidates of which one is to be told (``MULTI_DEVICE_PRIORITIES``); empty where nothing is said of that.
    """

    devices: tuple[str, ...]
    refused: bool
    rules: tuple[str, ...]
    orders: tuple[tuple[str, ...], ...] = ()

    def __str__(self) -> str:
        return " or ".join([*self.devices, *(["an error"] if self.refused else [])])


def choose(machines: Sequence[Machine], asked: str | None, precision: str, priorities: str = "") -> Choice:
    """What AUTO is to take of ``machines`` for a model in that ``precision`` (``FP32``, ``FP16``, ``INT8``; empty: whatever its precision).

    ``asked`` is the device string (``None``: none is named); ``priorities`` is what the property says, which counts where no name follows
    ``AUTO``. Raises ``ValueError`` for a device string that is not AUTO's.
    """
    if asked is not None and asked.partition(":")[0] != "AUTO":
        raise ValueError(f"{asked!r} does not ask for AUTO")
    text = (asked or "").partition(":")[2]
    if not text and priorities:
        choice = choose(machines, f"AUTO:{priorities}", precision)
        return replace(choice, rules=("selection-priorities-property", *choice.rules))
    if not text:
        rules = ("selection-default-auto",) if asked is None else ("selection-empty-list",) if ":" in asked else ()
        return _first_able([by_default(machines)], precision, (*rules, *BY_DEFAULT))
    pieces = text.split(",")
    names = [each.strip() for each in pieces if each.strip()]
    listed = [each for each in names if not each.startswith("-")]
    excluded = [each[1:].strip() for each in names if each.startswith("-")]
    if any(each.partition(".")[0] in VIRTUAL for each in listed):
        return Choice((), True, ("selection-no-meta-device",))
    choice = _listed(machines, listed, excluded, precision) if listed else _excluding(machines, excluded, precision)
    if pieces == names:
        return choice
    key = "selection-list-format" if all(each == each.strip() for each in pieces) else "selection-blank-told"
    return Choice(choice.devices, True, (key,), choice.orders)  # as it is meant, or an error


def by_default(machines: Iterable[Machine]) -> list[Machine]:
    """The candidates where none is named, in their order: no NPU, and no other vendor's GPU."""
    found = (each for each in machines if each.kind != NPU and (each.kind != GPU or each.is_intels))
    return sorted(found, key=lambda each: each.rank)


def meant(name: str, machines: Sequence[Machine]) -> str:
    """The device that a name means: itself; of ``GPU`` the first one, by the page; of ``GPU.0`` the only one. Else the name as it is."""
    names = [each.name for each in machines]
    if name in names:
        return name
    first = f"{GPU}.0"
    return {GPU: first, first: GPU}.get(name, name) if {GPU: first, first: GPU}.get(name) in names else name


def _readings(names: Sequence[str], machines: Sequence[Machine]) -> list[list[str]]:
    """What names mean: ``GPU`` is the first one by the page, and all of them by the plugin's source. Without repeats."""
    first = [meant(each, machines) for each in names]
    every = [found for each in names for found in _of_kind(each, machines)]
    return [list(dict.fromkeys(reading)) for reading in (first, every)]


def _of_kind(name: str, machines: Sequence[Machine]) -> list[str]:
    if name == GPU and (found := [each.name for each in machines if each.kind == GPU]):
        return found
    return [meant(name, machines)]


def _listed(machines: Sequence[Machine], listed: list[str], excluded: list[str], precision: str) -> Choice:
    """Of a list: its order counts, and nothing else. A device that is not in this machine is passed over; what is no device is an error."""
    by_name = {each.name: each for each in machines}
    there = [each for each in listed if meant(each, machines) in by_name]
    if not there:
        return Choice((), True, ("selection-none-left-told",))
    if any(each not in there and each.partition(".")[0] not in KINDS for each in listed):
        return Choice((), True, ("selection-unknown-name-told",))
    if len(there) < len(listed):  # a device that is not in this machine cannot be loaded to: the next in line is tried
        return replace(_listed(machines, there, excluded, precision), rules=("fallback-build-next",), orders=())
    out = {found for each in excluded for found in _of_kind(each, machines)}
    candidates = [[by_name[each] for each in reading if each not in out] for reading in _readings(listed, machines)]
    rules = ["selection-list-order"]
    if len({meant(each, machines) for each in listed}) < len(listed):
        rules.insert(0, "selection-duplicates")
    if any(each.startswith(f"{GPU}.") for each in listed):
        rules.append("selection-by-id")
    if GPU in listed:
        rules.append("selection-gpu-alias")
    return _first_able(candidates, precision, tuple(rules))


def _excluding(machines: Sequence[Machine], excluded: list[str], precision: str) -> Choice:
    """Of all that are there, without those that are excluded. What is no device takes nothing out, or is an error."""
    names = {each.name for each in machines}
    is_unknown = any(meant(each, machines) not in names for each in excluded)
    rules = ("selection-exclude-only-named",) if is_unknown else ("selection-exclude",)
    candidates = [
        [each for each in by_default(machines) if each.name not in out] for out in _readings(excluded, machines)
    ]
    choice = _first_able(candidates, precision, rules)
    return Choice(choice.devices, choice.refused or is_unknown, choice.rules, choice.orders)


def _first_able(readings: Sequence[Sequence[Machine]], precision: str, rules: tuple[str, ...]) -> Choice:
    """Of each reading the first candidate that has the precision; for an FP32 model else the first with FP16.

    Where none has it the page says nothing: an error is right, and the first candidate as well.
    """
    devices: list[str] = []
    refused = False
    of_precision = False
    for candidates in readings:
        able = [each for each in candidates if each.has(precision)]
        if not able and precision == "FP32":
            able = [each for each in candidates if each.has("FP16")]
        of_precision = of_precision or able != list(candidates)
        refused = refused or not able
        devices += [each.name for each in (able or candidates)[:1]]
    if not devices:
        return Choice((), True, ("selection-none-left-told", *rules))
    if of_precision:
        return Choice(tuple(dict.fromkeys(devices)), refused, ("selection-precision-filter", *rules))
    orders = tuple(dict.fromkeys(tuple(each.name for each in candidates) for candidates in readings))
    return Choice(tuple(dict.fromkeys(devices)), refused, rules, orders)
