"""A growing column of numbers of a long history, of which the last ones are in memory and the others in a file."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from syncproof.properties.spill import NUMBERS, Spill

MOST = 2 * NUMBERS
"""From so many numbers in memory on, all but the last `NUMBERS` of them or a few more move to the file."""


class LongColumn:
    """Numbers of 64 bits in the order in which they were appended, read as a list is; a part of them is an array.

    `tail`: the last numbers, which are in memory; empty only if there are none. From `most` numbers there on, `move` is due. A
    column into which a number was inserted far from its end stays in memory: the next ones are likely to follow there.
    """

    __slots__ = ("_before", "_blocks", "_spill", "most", "tail")

    def __init__(self, spill: Spill, numbers: Iterable[int] = ()) -> None:
        self._spill = spill
        self._blocks = array("I")
        self._before = 0
        self.most = MOST
        self.tail = array("q", numbers)
        self.move()

    def move(self) -> None:
        """Move to the file what is too much for memory."""
        tail = self.tail
        if len(tail) < self.most:
            return
        count = len(tail) // NUMBERS - 1
        moved = count * NUMBERS
        first = self._spill.add(tail[:moved].tobytes())
        self._blocks.extend(range(first, first + count))
        self._before += moved
        self.tail = tail[moved:]  # not `del`: it would keep the room of what was moved

    def append(self, number: int) -> None:
        """Add a number at the end."""
        tail = self.tail
        tail.append(number)
        if len(tail) >= self.most:
            self.move()

    def extend(self, numbers: Iterable[int]) -> None:
        """Add numbers at the end."""
        tail = self.tail
        tail.extend(numbers)
        if len(tail) >= self.most:
            self.move()

    def frombytes(self, numbers: bytes) -> None:
        """Add numbers at the end, given as the bytes of an array."""
        tail = self.tail
        tail.frombytes(numbers)
        if len(tail) >= self.most:
            self.move()

    def insert(self, at: int, number: int) -> None:
        """Add a number before the one at a position."""
        if at < self._before:
            self.tail = self[:]
            self._blocks, self._before, self.most = array("I"), 0, sys.maxsize
        self.tail.insert(at - self._before, number)

    def __len__(self) -> int:
        return self._before + len(self.tail)

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> array[int]: ...

    def __getitem__(self, at: int | slice) -> int | array[int]:
        if type(at) is slice:
            before = self._before
            low, high, _ = at.indices(before + len(self.tail))
            if low >= before:
                return self.tail[low - before : max(low, high) - before]
            return self._part(low, max(low, high))
        here = at - self._before
        if here >= 0:
            return self.tail[here]
        if at < 0:
            if at >= -len(self.tail):
                return self.tail[at]
            at += len(self)
            if at < 0:
                raise IndexError(at - len(self))
        return self._block(at // NUMBERS)[at % NUMBERS]

    def _block(self, number: int) -> array[int]:
        return array("q", self._spill.read(self._blocks[number]))

    def _part(self, low: int, high: int) -> array[int]:
        """Return the numbers from a position in the file to below another one, which is not lower and at most the length."""
        before = self._before
        found = array("q")
        moved = min(high, before)
        first = low // NUMBERS
        for block in self._blocks[first : -(-moved // NUMBERS)]:
            found.frombytes(self._spill.read(block))
        found = found[low - first * NUMBERS : moved - first * NUMBERS]
        if high > before:
            found += self.tail[: high - before]
        return found

    def __setitem__(self, at: int, number: int) -> None:
        if at >= self._before:
            self.tail[at - self._before] = number
            return
        block = self._block(at // NUMBERS)
        block[at % NUMBERS] = number
        self._spill.replace(self._blocks[at // NUMBERS], block.tobytes())

    def __delitem__(self, part: slice) -> None:
        """Remove all numbers from a position on. The blocks that had them are not used again."""
        low, _, _ = part.indices(len(self))
        if low > self._before or not self._before:
            del self.tail[low - self._before :]
            return
        kept = max(0, low - 1) // NUMBERS
        self.tail = self._part(kept * NUMBERS, low)
        self._before = kept * NUMBERS
        del self._blocks[kept:]

    def __iter__(self) -> Iterator[int]:
        for number in range(len(self._blocks)):
            yield from self._block(number)
        yield from self.tail


def upto(numbers: Sequence[int] | LongColumn, number: int) -> int:
    """Return how many of numbers in growing order are at most this one."""
    if type(numbers) is not LongColumn:
        return bisect_right(numbers, number)
    before, tail = numbers._before, numbers.tail
    if not before or tail[0] <= number:
        return before + bisect_right(tail, number)
    return bisect_right(numbers, number, 0, before)
