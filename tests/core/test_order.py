"""One order of the items of sets and the keys of dicts, however they were filled."""

from __future__ import annotations

import enum
from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations
from typing import Any, NamedTuple

import msgspec
import pytest

from syncproof.core.images import freeze, thaw
from syncproof.core.order import in_order, pairs_in_order
from syncproof.core.values import DeviceId, Id, Timeline, UserId


class Place(NamedTuple):
    row: frozenset[int]
    column: int | None


class Cell(msgspec.Struct, frozen=True, order=True):
    held: frozenset[Any]
    count: int = 0


@dataclass(frozen=True, order=True)
class Row:
    held: frozenset[Any]


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def sets(*items: Hashable) -> frozenset[Hashable]:
    return frozenset(items)


ITEMS = {
    "ids": [DeviceId(3), DeviceId(1), DeviceId(2)],
    "ids of two classes": [DeviceId(3), UserId(1), Id(2)],
    "texts": ["b", "a", ""],
    "bytes": [b"b", b"a", b""],
    "numbers": [1, 0.5, Decimal("0.75")],
    "pairs": [(1, "b"), (1, "a"), (0, "c")],
    "timelines": [Timeline("sync", 1), Timeline("inbox", 2), Timeline("sync", 0)],
    "frozensets": [sets(0, 2), sets(1, 4), sets(0, 1), sets()],
    "a chain of frozensets": [sets(0), sets(0, 1), sets(0, 1, 2)],
    "frozensets of ids": [sets(DeviceId(0), DeviceId(2)), sets(DeviceId(1), DeviceId(4)), sets(DeviceId(3))],
    "frozensets of frozensets": [sets(sets(1), sets(2)), sets(sets(1, 2)), sets(sets(3), sets())],
    "frozensets of texts": [sets("a", "b"), sets("c"), sets("a", "c")],
    "frozensets of what differs in kind": [sets(1, "a"), sets(b"a", None), sets(int, "a"), sets(("a",))],
    "frozensets of enumerations": [sets(Colour.RED), sets(Colour.BLUE), sets(Colour)],
    "pairs with frozensets": [(sets(0, 2), 1), (sets(1, 4), 0), (sets(1, 4), 2)],
    "named tuples": [Place(sets(0), None), Place(sets(1), 2), Place(sets(2), 1)],
    "structs": [Cell(sets(0)), Cell(sets(1), 1), Cell(sets(1), 2)],
    "dataclasses": [Row(sets(0)), Row(sets(1)), Row(sets(0, 1))],
    "frozensets of structs": [sets(Cell(sets(0))), sets(Cell(sets(1))), sets(Row(sets(1)))],
}


@pytest.mark.parametrize("items", ITEMS.values(), ids=ITEMS)
def test_items_have_one_order(items: list[Any]) -> None:
    orders = {tuple(in_order(order)) for order in permutations(items)}
    assert len(orders) == 1
    assert set(orders.pop()) == set(items)


@pytest.mark.parametrize("items", ITEMS.values(), ids=ITEMS)
def test_a_set_and_a_dict_have_one_image(items: list[Any]) -> None:
    """The values of the dict could not be sorted."""
    images = set()
    for order in permutations(items):
        value = [dict.fromkeys(order), dict.fromkeys(order, int), set(order)]
        image = freeze(value)
        assert thaw(image) == value
        images.add(image)
    assert len(images) == 1


@pytest.mark.parametrize("items", [ITEMS["ids"], ITEMS["texts"], ITEMS["pairs"], ITEMS["timelines"]])
def test_what_can_be_sorted_is_sorted(items: list[Any]) -> None:
    assert in_order(items) == sorted(items)
    assert pairs_in_order([(item, None) for item in items]) == [(item, None) for item in sorted(items)]


def test_nothing_is_in_order() -> None:
    assert (in_order([]), pairs_in_order([])) == ([], [])


class Opaque:
    """Something without fields that could be looked at."""


def twin() -> type:
    class Twin(msgspec.Struct, frozen=True):
        number: int

    return Twin


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([1, "a"], "not supported between"),
        ([sets(Opaque()), sets(Opaque())], r"\(Opaque\) has no order"),
        ([sets(twin()(1)), sets(twin()(1))], "have no order"),
    ],
    ids=["two kinds", "no parts", "two classes of one name"],
)
def test_items_without_an_order_are_refused(items: list[Any], says: str) -> None:
    for order in (items, items[::-1]):
        with pytest.raises(TypeError, match=says):
            in_order(order)
        with pytest.raises(TypeError, match=says):
            freeze(dict.fromkeys(order))
