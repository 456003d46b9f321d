"""States packed by bits into a few words of 64 bits each.

Each slot has as many bits as its values need, and room for more values as far as the words have bits to spare. When a slot's
values outgrow its bits, the states are packed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import eq
from typing import overload

import numpy
from numpy.typing import NDArray

from syncproof.engines.explore.encoding import SHIFT, State
from syncproof.engines.explore.tables import Tables

Words = NDArray[numpy.int64]

WORD, SHIFTED, MASK = range(3)
"""The columns of a packing: the word of a slot, how far its bits are shifted in it, and as many one bits."""
BITS = 64
AT_ONCE = 1 << 14
"""How many states are unpacked at once."""


TAGS = 1 << (BITS - 1 - 2 * SHIFT)
"""How many tables of two numbers have keys in one word; an actor has `BY_ACTOR` of them."""
BY_ACTOR = 7


USUAL_BITS, USUAL_ARCS = 10, 6
"""About how many bits a slot has in a large world, and how many arcs a state."""


def bytes_of_state(slots: int, *, arcs: bool = True) -> int:
    """Return about how many bytes the compiled loop takes for a state with so many slots.

    These are its words, 16 in the table of known states, and its arcs, or the one that reached it first.
    """
    words = -(-slots * USUAL_BITS // BITS)
    return 8 * words + 16 + (8 + 6 * USUAL_ARCS if arcs else 6)


def fits(tables: Tables) -> bool:
    """Return whether the keys of all tables fit into words: they do but for thousands of actors."""
    actors, slots, budgets = len(tables.encoding.names), len(tables.slots), len(tables.budgets.spent)
    return BY_ACTOR * actors + 2 * slots + 1 + budgets < TAGS


def packing(counts: Sequence[int]) -> Words:
    """Return a packing for slots with so many values each: a row of `WORD`, `SHIFTED`, `MASK` for each slot."""
    widths = [count.bit_length() for count in counts]
    order = sorted(range(len(counts)), key=lambda slot: -widths[slot])
    words: list[list[int]] = []
    spare: list[int] = []
    for slot in order:
        word = next((word for word, bits in enumerate(spare) if bits >= widths[slot]), len(spare))
        if word == len(spare):
            words.append([])
            spare.append(BITS)
        words[word].append(slot)
        spare[word] -= widths[slot]
    found = numpy.zeros((len(counts), 3), dtype=numpy.int64)
    for word, members in enumerate(words):
        while spare[word] > 0 and any(widths[slot] < SHIFT for slot in members):
            for slot in members:
                if spare[word] > 0 and widths[slot] < SHIFT:
                    widths[slot] += 1
                    spare[word] -= 1
        shift = 0
        for slot in members:
            found[slot] = word, shift, (1 << widths[slot]) - 1
            shift += widths[slot]
    return found


def packed(states: Sequence[State], layout: Words) -> Words:
    """Return the words of states, a row for each."""
    words = numpy.zeros((len(states), width(layout)), dtype=numpy.int64)
    for begin in range(0, len(states), AT_ONCE):
        columns = numpy.asarray(states[begin : begin + AT_ONCE], dtype=numpy.int64)
        for slot, (word, shift, _) in enumerate(layout.tolist()):
            words[begin : begin + AT_ONCE, word] |= columns[:, slot] << shift
    return words


def width(layout: Words) -> int:
    """Return how many words a state has."""
    return int(layout[:, WORD].max()) + 1


class PackedStates(Sequence[State]):
    """States in words, a row of `words` for each; each is unpacked when it is asked for."""

    def __init__(self, words: Words, layout: Words) -> None:
        self.words = words
        self.layout = layout

    def __len__(self) -> int:
        return len(self.words)

    @overload
    def __getitem__(self, index: int) -> State: ...
    @overload
    def __getitem__(self, index: slice) -> list[State]: ...
    def __getitem__(self, index: int | slice) -> State | list[State]:
        if isinstance(index, slice):
            return list(self._unpacked(self.words[index]))
        return next(self._unpacked(self.words[index][None, :]))

    def __eq__(self, other: object) -> bool:
        """Return whether another sequence has the same states."""
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    def __iter__(self) -> Iterator[State]:
        for begin in range(0, len(self.words), AT_ONCE):
            yield from self._unpacked(self.words[begin : begin + AT_ONCE])

    def column(self, slot: int, which: slice | Words = slice(None)) -> Words:
        """Return one slot of every state, or of some, which may stand twice."""
        word, shift, mask = self.layout[slot].tolist()
        found: Words = (self.words[which, word] >> shift) & mask
        return found

    def _unpacked(self, words: Words) -> Iterator[State]:
        columns = [((words[:, word] >> shift) & mask).tolist() for word, shift, mask in self.layout.tolist()]
        yield from zip(*columns, strict=True)
