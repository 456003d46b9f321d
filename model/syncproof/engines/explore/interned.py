"""Values and their indices: a search works on integers, and each stands for a value that was met."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from syncproof.core.same import alike, fits, unfit
from syncproof.engines.handler_errors import UnfitValue

V = TypeVar("V")


class Numbered(Generic[V]):
    """Values and their indices, in the order in which they were met. The values consist of integers alone."""

    __slots__ = ("_others", "indices", "values")

    def __init__(self) -> None:
        self.indices: dict[V, int] = {}
        self.values: list[V] = []
        self._others: dict[int, list[int]] = {}

    def intern(self, value: V) -> int:
        """Return the index of a value, a new index if the value was never met."""
        found = self.indices.get(value)
        if found is None:
            found = self.indices[value] = len(self.values)
            self.values.append(value)
        return found


class Interned(Numbered[V]):
    """Values of a user's model and their indices. Values that are equal but not the same (`True`, `1`) differ.

    `indices` has the first of several values that are equal, `_others` the indices of the later ones.
    """

    __slots__ = ()

    def intern(self, value: V) -> int:
        """Return the index of a value, a new index if the value was never met. `UnfitValue` if it cannot be compared."""
        try:
            found = self.indices.get(value)
        except TypeError as error:
            raise UnfitValue(unfit(value, "a value") or str(error)) from error
        if found is not None:
            known = self.values[found]
            if known is value or alike(known, value):
                return found
            for other in self._others.get(found, ()):
                if alike(self.values[other], value):
                    return other
        if not fits(value):
            raise UnfitValue(unfit(value, "a value"))
        index = len(self.values)
        self.values.append(value)
        if found is None:
            self.indices[value] = index
        else:
            self._others.setdefault(found, []).append(index)
        return index

    def equals(self, index: int) -> Sequence[int]:
        """Return the indices of the values that are equal to this one, itself among them."""
        first = self.indices[self.values[index]]
        return (first, *self._others.get(first, ()))


class Renumbered(Generic[V]):
    """Values in the order in which one search meets them. `known` has them too, and those of other searches.

    `common[i]`: the index in `known` of value i. So a search numbers values as it would alone, whatever `known` has already.
    """

    __slots__ = ("_places", "common", "known", "values")

    def __init__(self, known: Interned[V]) -> None:
        self.known = known
        self.values: list[V] = []
        self.common: list[int] = []
        self._places: dict[int, int] = {}

    def intern(self, value: V) -> int:
        """Return the index of a value, a new index if this search never met it. `UnfitValue` if it cannot be compared."""
        return self.take(self.known.intern(value))

    def take(self, which: int) -> int:
        """Return the index of the value that has the index `which` in `known`."""
        found = self._places.get(which)
        if found is None:
            found = self._places[which] = len(self.values)
            self.values.append(self.known.values[which])
            self.common.append(which)
        return found
