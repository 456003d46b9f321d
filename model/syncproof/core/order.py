"""The one order in which the items of a set, and the keys of a dict, are written down.

Two equal sets must have one image, however they were filled. Sorting gives that only if `<` is a total order on the items:
of frozensets it means "subset", and then the result of sorting depends on the order before it. Wherever each item of the
result is below the next one there is no other such result, so that is looked at, and other items are sorted by a key that
is made of their contents.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from operator import itemgetter, lt
from typing import Any

from syncproof.core.same import parts

_TOTAL = (int.__lt__, str.__lt__, bytes.__lt__)
_FIRST = itemgetter(0)


class _PlainByClass(dict[type, bool]):
    """Whether `<` is the total order of numbers or texts, by class. Values of such a class have none with other values."""

    def __missing__(self, kind: type) -> bool:
        found = self[kind] = getattr(kind, "__lt__") in _TOTAL  # noqa: B009
        return found


_PLAIN = _PlainByClass()


def in_order(items: Iterable[Any]) -> list[Any]:
    """Return different items in an order that depends on nothing but the items. `TypeError` if they have none."""
    found = sorted(items)
    if not found or _PLAIN[type(found[0])] or all(map(lt, found, found[1:])):
        return found
    return _sorted_by_contents(found, found)


def pairs_in_order(pairs: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return pairs of different keys and any values in the order of their keys. `TypeError` if these have none."""
    found = sorted(pairs)
    if not found or _PLAIN[type(found[0][0])] or all(map(lt, found, found[1:])):
        return found
    return _sorted_by_contents(found, list(map(_FIRST, found)))


def _sorted_by_contents(items: list[Any], keys: list[Any]) -> list[Any]:
    """Return items in the order of what their keys contain."""
    contents = list(map(_key, keys))
    places = sorted(range(len(items)), key=contents.__getitem__)
    for one, other in pairwise(places):
        if contents[one] == contents[other]:
            raise TypeError(f"{keys[one]!r:.60} and {keys[other]!r:.60} have no order")
    return [items[place] for place in places]


def _key(value: Any) -> tuple[Any, ...]:
    """Return what a value is sorted by: equal for equal values, and comparable with the key of every other value."""
    if isinstance(value, int | float | Decimal):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    if isinstance(value, bytes):
        return (2, value)
    if isinstance(value, tuple):
        return (3, [_key(part) for part in value])
    if isinstance(value, frozenset):
        return (4, sorted([_key(part) for part in value]))
    if value is None:
        return (5,)
    if isinstance(value, type):
        return (6, value.__module__, value.__qualname__)
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, Enum):
        return (7, name, value.name)
    inside = parts(value)
    if inside is None:
        raise TypeError(f"{value!r:.60} ({type(value).__name__}) has no order")
    return (8, name, [_key(part) for part in inside])
