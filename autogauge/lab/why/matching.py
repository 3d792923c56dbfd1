"""Which layers of one executed graph are which of another: by name, by the model's layers that they were made of, by type and order.

Releases fuse differently, and call what they add (a Reorder, say) by its neighbours. So a *group* may have several layers of either side:
a convolution with its activation inside here, and the two of them there. Pure logic: no file, no process, no figure.

Names are those of one model's layers in two releases. Of two *models* they prove little: one more convolution in front shifts all names
that a converter counted up. Such sides are matched with ``one_model=False``: no two layers of other output shapes are one then, and one
whose place among the others changed is said to be.
"""

from __future__ import annotations

import bisect
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

BY_NAME, BY_ORIGINALS, BY_ORDER = "name", "original layers", "type and order"
BY_NAME_ALONE = "name, another type"
"""Nothing else speaks for it, and a name that a converter counted up may be chance."""
MOVED = ", in another order"
"""Behind how it was found, of two models: it stands before one there that is before it here, so that its name may be chance."""
ONLY = "only there"
_PRECISION = re.compile(r"(^|_)(FP16|FP32|FP64|BF16|I8|U8|I32|I64)$")
Key = Hashable


@dataclass(frozen=True)
class Layer:
    """One layer of an executed graph, as a probe tells it. ``originals`` are the model's own layers that it was made of.

    ``executed`` is whether any profile of any process said so: the CPU does not of a layer that is below a microsecond. ``shapes`` are
    those of its outputs, as text; empty where they are not known.
    """

    name: str
    type: str
    kernel: str = ""
    precision: str = ""
    originals: tuple[str, ...] = ()
    executed: bool = True
    shapes: str = ""

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Layer:
        """From the fields of a probe's answer, which have been checked there."""
        return cls(
            fields["name"],
            fields["type"],
            spelled(fields["kernel"]),
            spelled(fields["precision"]),
            tuple(fields["originals"]),
            bool(fields["executed"]),
            str(fields.get("shapes") or ""),
        )


def spelled(text: str) -> str:
    """A kernel or a precision as releases since 2023.1 spell it: ``jit_avx512_f32``, where it was ``jit_avx512_FP32``."""
    return _PRECISION.sub(lambda found: f"{found[1]}{found[2].lower().replace('fp', 'f')}", text)


@dataclass(frozen=True)
class Group:
    """Layers of A and of B, by their places, that do the same work; one of the two may be empty. ``how`` they were found."""

    a: tuple[int, ...]
    b: tuple[int, ...]
    how: str

    @property
    def only_in(self) -> str:
        """``A`` or ``B`` where the other has nothing like it; else empty."""
        return "" if self.a and self.b else "A" if self.a else "B"


def match(a: Sequence[Layer], b: Sequence[Layer], *, one_model: bool = True) -> list[Group]:
    """Every executed layer of both sides in exactly one group, in A's order, what only B has behind its neighbour before.

    What neither side executed was fused into others, and is in no group. One that only one side executed may be below a microsecond on
    the other: of the same name and type there, it is one layer. Swapping the sides swaps the groups' sides.
    """
    joined = _Joined(a, b, one_model)
    joined.by_name(BY_NAME)
    joined.by_originals()
    joined.to_unexecuted()
    joined.by_name(BY_NAME_ALONE)
    joined.by_order(both=True)
    joined.by_order(both=False)
    return joined.groups()


class _Joined:
    """Layers of both sides, joined into sets step by step. A layer is ``(side, place)``."""

    def __init__(self, a: Sequence[Layer], b: Sequence[Layer], one_model: bool) -> None:
        self.layers, self.one_model = (a, b), one_model
        self.places = tuple([place for place, each in enumerate(side) if each.executed] for side in self.layers)
        self._above: dict[tuple[int, int], tuple[int, int]] = {
            (side, place): (side, place) for side in (0, 1) for place in self.places[side]
        }
        self._how: dict[tuple[int, int], str] = {}

    def root(self, layer: tuple[int, int]) -> tuple[int, int]:
        while self._above[layer] != layer:
            self._above[layer] = self._above[self._above[layer]]
            layer = self._above[layer]
        return layer

    def join(self, of_a: int, of_b: int, how: str) -> None:
        """Put a layer of A and one of B into one set; a set's way of finding is that of its latest joining.

        Two of two models whose outputs have other shapes are left apart.
        """
        if not self._may_be_one(of_a, of_b):
            return
        first, second = self.root((0, of_a)), self.root((1, of_b))
        if first != second:
            low, high = sorted((first, second))
            self._above[high] = low
            self._how.pop(high, None)
            self._how[low] = how

    def _may_be_one(self, of_a: int, of_b: int) -> bool:
        a, b = (self.layers[side][place].shapes for side, place in ((0, of_a), (1, of_b)))
        return self.one_model or not (a and b) or a == b

    def to_unexecuted(self) -> None:
        """One that is left, and one of its name and type that the other side has too but does not say to be executed."""
        matched = self._matched()
        for side in (0, 1):
            other = 1 - side
            there: dict[Key, list[int]] = defaultdict(list)
            for place, each in enumerate(self.layers[other]):
                if not each.executed:
                    there[each.name, each.type].append(place)
            for place in self.places[side]:
                each = self.layers[side][place]
                if self.root((side, place)) not in matched and (found := there.get((each.name, each.type))):
                    of_other = found.pop(0)
                    self._above[other, of_other] = (other, of_other)
                    pair = (place, of_other) if side == 0 else (of_other, place)
                    self.join(*pair, BY_NAME)

    def by_name(self, how: str) -> None:
        """The same name and type, or (``BY_NAME_ALONE``) of what is left the same name; the first of several is the first."""
        alone, matched = how == BY_NAME_ALONE, self._matched()
        named: tuple[dict[Key, list[int]], ...] = (defaultdict(list), defaultdict(list))
        for side in (0, 1):
            for place in self.places[side]:
                each = self.layers[side][place]
                if not alone or self.root((side, place)) not in matched:
                    named[side][each.name, "" if alone else each.type].append(place)
        for name, places in named[0].items():
            for one, other in zip(places, named[1].get(name, ()), strict=False):  # the longer one's rest is left
                self.join(one, other, how)

    def by_originals(self) -> None:
        """One of the model's layers in both, which on one side at least is in no other layer: what is in many tells nothing."""
        holding: tuple[dict[str, list[int]], ...] = (defaultdict(list), defaultdict(list))
        for side in (0, 1):
            for place in self.places[side]:
                for original in dict.fromkeys(self.layers[side][place].originals):
                    holding[side][original].append(place)
        for original, places in holding[0].items():
            others = holding[1].get(original, [])
            if min(len(places), len(others)) == 1:
                for one in places:
                    for other in others:
                        self.join(one, other, BY_ORIGINALS)

    def by_order(self, *, both: bool) -> None:
        """What is left, of one type between the same two neighbours that were found (one at least); then beside one of them."""
        left: tuple[dict[Key, list[int]], ...] = (defaultdict(list), defaultdict(list))
        for number in range(1 if both else 2):
            for side in (0, 1):
                left[side].clear()
                for place, before, after in self._unmatched(side):
                    key = (before, after) if both else (before, after)[number]
                    if key not in (None, (None, None)):
                        left[side][self.layers[side][place].type, key].append(place)
            for key, places in [*left[0].items()]:
                for one, other in zip(places, left[1].get(key, ()), strict=False):  # the longer one's rest is left
                    self.join(one, other, BY_ORDER)

    def _unmatched(self, side: int) -> Iterable[tuple[int, Key, Key]]:
        """Each layer without a counterpart, with the sets of the nearest ones before and after it that have one."""
        matched = self._matched()
        roots = [self.root((side, place)) for place in self.places[side]]
        after: list[Key] = []
        latest: Key = None
        for root in reversed(roots):
            after.append(latest)
            latest = root if root in matched else latest
        after.reverse()
        before: Key = None
        for place, root, behind in zip(self.places[side], roots, after, strict=True):
            if root in matched:
                before = root
            else:
                yield place, before, behind

    def _matched(self) -> set[tuple[int, int]]:
        sides: dict[tuple[int, int], set[int]] = defaultdict(set)
        for layer in self._above:
            sides[self.root(layer)].add(layer[0])
        return {root for root, found in sides.items() if len(found) == 2}

    def groups(self) -> list[Group]:
        """The sets as groups, in A's order."""
        members: dict[tuple[int, int], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for side, place in sorted(self._above):
            members[self.root((side, place))][side].append(place)
        found = [Group(tuple(a), tuple(b), self._how.get(root, ONLY)) for root, (a, b) in members.items()]
        executed = [set(each) for each in self.places]
        found = [each for each in found if executed[0] & {*each.a} or executed[1] & {*each.b}]
        return sorted(found if self.one_model else moved(found), key=self._where(found))

    def _where(self, found: Sequence[Group]) -> Any:
        """Where a group stands: at its first layer of A; one that only B has, behind the nearest layer before it that A has too."""
        of_b = {place: group for group in found for place in group.b}
        at: dict[int, float] = {}
        latest = -1.0
        for place in sorted(of_b):
            latest = float(of_b[place].a[0]) if of_b[place].a else latest
            at[place] = latest
        return lambda group: (float(group.a[0]), -1) if group.a else (at[group.b[0]], group.b[0])


def moved(groups: Sequence[Group]) -> list[Group]:
    """The groups, of which those that stand out of the order of most others are marked (``MOVED``).

    In order is the longest run of pairs that rises on both sides (patience sorting, C. Schensted, 1961).
    """
    pairs = sorted((each.a[0], each.b[0]) for each in groups if not each.only_in)
    ends: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for place, (_, of_b) in enumerate(pairs):
        length = bisect.bisect_left(ends, of_b)
        ends[length:] = [of_b, *ends[length + 1 :]]
        at[length:] = [place, *at[length + 1 :]]
        before.append(at[length - 1] if length else -1)
    kept, place = set(), at[-1] if at else -1
    while place >= 0:
        kept.add(pairs[place])
        place = before[place]
    return [
        each if each.only_in or (each.a[0], each.b[0]) in kept else replace(each, how=each.how + MOVED)
        for each in groups
    ]
