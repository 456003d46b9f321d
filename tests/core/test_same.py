"""Values are the same when they are equal and of the same types throughout; what cannot be part of a state is named."""

from __future__ import annotations

import datetime
import enum
import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from pathlib import PurePath
from typing import Any, NamedTuple

import attrs
import msgspec
import pytest

from syncproof.core.same import alike, distinct, find, fits, same, unfit
from syncproof.core.values import DeviceId, MessageId, UserId


class Put(msgspec.Struct, frozen=True):
    value: Any


class Pair(NamedTuple):
    one: Any
    two: Any


@dataclass(frozen=True)
class Boxed:
    value: Any


class Colour(enum.Enum):
    RED = 1


EQUAL = [
    (True, 1),
    (1.0, 1),
    (0.0, -0.0),
    (Decimal("1.0"), Decimal(1)),
    (DeviceId(1), UserId(1)),
    (DeviceId(1), 1),
]


@pytest.mark.parametrize(("one", "other"), EQUAL)
@pytest.mark.parametrize(
    "inside",
    [
        lambda v: v,
        lambda v: (0, (v,)),
        lambda v: (list, (dict, (v, 2))),
        Put,
        Boxed,
        lambda v: Pair(0, v),
        lambda v: Put((Put(v), 3)),
        lambda v: frozenset([v, 7]),
        lambda v: (frozenset([(v, 7)]), 1),
    ],
)
def test_equal_values_of_different_types_are_not_the_same(one: Any, other: Any, inside: Any) -> None:
    assert inside(one) == inside(other)
    assert not alike(inside(one), inside(other))
    assert not same(inside(one), inside(other))
    assert same(inside(one), inside(one))


def test_a_tuple_is_not_the_same_as_an_equal_named_tuple() -> None:
    assert not same((1, 2), Pair(1, 2))


def test_values_that_differ_are_not_the_same() -> None:
    assert not same((1, 2), (1, 3))
    assert not same((1,), (1, 2))


def test_distinct_keeps_equal_values_of_different_types_apart() -> None:
    assert list(map(repr, distinct([1, True, 1, 2, 1.0, True]))) == ["1", "True", "2", "1.0"]


def test_find_prefers_the_same_value_to_an_equal_one() -> None:
    items = [Put(1), Put(True), Put(2)]
    assert find(items, True, attrgetter("value")) is items[1]
    assert find(items, 2.0, attrgetter("value")) is items[2]
    assert find(items, 3, attrgetter("value")) is None


class Plain:
    """Compared by identity."""


@dataclass(unsafe_hash=True)
class Loose:
    value: Any


@attrs.define(unsafe_hash=True)
class LooseAttributes:
    value: Any


class LooseStruct(msgspec.Struct):
    value: Any

    def __hash__(self) -> int:
        return 1


@dataclass(eq=False)
class ByIdentity:
    value: Any


@attrs.define(eq=False)
class AttributesByIdentity:
    value: Any


class StructByIdentity(msgspec.Struct, frozen=True, eq=False):
    value: Any


class OwnObject:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnObject)

    def __hash__(self) -> int:
        return 1


class OwnSlots:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnSlots)

    def __hash__(self) -> int:
        return 1


@pytest.mark.parametrize(
    "value",
    [
        *[
            1,
            "text",
            None,
            ...,
            (1, (2,)),
            Put(1),
            frozenset([1]),
            Colour.RED,
            MessageId(1),
            int,
            (dict, (1, 2)),
            0.5,
            b"x",
        ],
        *[Boxed(1), attrs.make_class("Kept", ["value"], frozen=True)(1), Fraction(1, 2), PurePath("a"), Pair(1, 2)],
        *[datetime.date(2026, 1, 1), Decimal(1)],
    ],
)
def test_values_fit(value: Any) -> None:
    assert fits(value)
    assert fits((value, Put(value)))
    assert unfit(value) == ""


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Plain(), r"a\.b holds Plain, which is compared by identity; write @state"),
        ([1], r"a\.b holds \[1\] \(list\), which can be changed; use a tuple"),
        (float("nan"), r"a\.b holds nan \(float\), which is not equal to itself"),
        (Decimal("nan"), r"which is not equal to itself"),
        (lambda: 1, r"holds function, which is compared by identity"),
        (Loose(1), r"a\.b holds Loose, whose attributes can be changed; make its class a frozen msgspec.Struct"),
        (LooseAttributes(1), r"holds LooseAttributes, whose attributes can be changed"),
        (LooseStruct(1), r"holds LooseStruct, whose attributes can be changed"),
        (OwnObject(1), r"holds OwnObject, whose attributes can be changed"),
        (OwnSlots(1), r"holds OwnSlots, whose attributes can be changed"),
        (ByIdentity(1), r"holds ByIdentity, which is compared by identity"),
        (AttributesByIdentity(1), r"holds AttributesByIdentity, which is compared by identity"),
        (StructByIdentity(1), r"holds StructByIdentity, which is compared by identity"),
    ],
)
def test_what_does_not_fit_is_named(value: Any, why: str) -> None:
    assert not fits(value)
    assert not fits((1, Put(value)))
    text = unfit((dict, (1, value)), "a.b")
    assert "\n" not in text
    assert re.search(why, text), text
    assert unfit((1, Put(value))).startswith("Put.value holds")


@dataclass(frozen=True)
class UncomparedField:
    value: Any = field(compare=False)


@attrs.frozen
class UncomparedAttribute:
    value: Any = attrs.field(eq=False)


class OwnStruct(msgspec.Struct, frozen=True):
    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OwnStruct)

    def __hash__(self) -> int:
        return 1


class Caseless(str):
    def __new__(cls, value: Any) -> Caseless:
        return super().__new__(cls, "aA"[value])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    def __hash__(self) -> int:
        return hash(self.lower())


class Labelled(int):
    def __new__(cls, value: Any) -> Labelled:
        made = super().__new__(cls, 7)
        made.label = value  # type: ignore[attr-defined]
        return made


def one_moment(hours: int) -> datetime.datetime:
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    return datetime.datetime(2026, 1, 1, 10 + hours, tzinfo=zone)


@pytest.mark.parametrize(
    "make",
    [
        UncomparedField,
        UncomparedAttribute,
        OwnStruct,
        OwnObject,
        OwnSlots,
        Caseless,
        Labelled,
        one_moment,
    ],
)
@pytest.mark.parametrize(
    "inside", [lambda v: v, lambda v: (0, (v,)), lambda v: ("key", v), Put, lambda v: frozenset([v])]
)
def test_objects_whose_class_calls_them_equal_are_the_same_only_if_they_hold_the_same(make: Any, inside: Any) -> None:
    one, other = inside(make(0)), inside(make(1))
    assert one == other
    assert not same(one, other)
    assert same(one, inside(make(0)))
