"""Compact sets of numbers, for what must be remembered of every message of a long history."""

from __future__ import annotations

from collections.abc import Iterable

BITS = 10
MASK = (1 << BITS) - 1


class IntSet:
    """A set of numbers, kept as bits: an eighth of a byte for a number whose neighbours are in the set as well."""

    __slots__ = ("_chunks",)

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._chunks: dict[int, int] = {}
        for number in numbers:
            self.add(number)

    def add(self, number: int) -> None:
        """Add a number."""
        chunk = number >> BITS
        self._chunks[chunk] = self._chunks.get(chunk, 0) | (1 << (number & MASK))

    def discard(self, number: int) -> None:
        """Remove a number, if it is there."""
        chunk = number >> BITS
        left = self._chunks.get(chunk, 0) & ~(1 << (number & MASK))
        if left:
            self._chunks[chunk] = left
        else:
            self._chunks.pop(chunk, None)

    def __contains__(self, number: int) -> bool:
        return bool((self._chunks.get(number >> BITS, 0) >> (number & MASK)) & 1)

    def __len__(self) -> int:
        return sum(chunk.bit_count() for chunk in self._chunks.values())
