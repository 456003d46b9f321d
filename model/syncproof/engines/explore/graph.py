"""The graph that a search found, in arrays: tens of millions of arcs as objects would not fit into memory.

States are numbered in the order in which they were found. The arcs of state i are those from `first[i]` to `first[i + 1]`,
each with its move, its target and the mark of its observations. The first arc that reaches a state is part of a shortest
path to it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, overload

import numpy
from numpy.typing import NDArray

from syncproof.engines.explore.encoding import State
from syncproof.engines.explore.packing import PackedStates

Ints = NDArray[numpy.int64]
Bools = NDArray[numpy.bool_]

AT_ONCE = 1 << 16
"""How many arcs or states are looked at at once: numpy copies them, and so many copies stay in a processor's cache."""

Ending = Literal["complete", "states", "memory", "time", "depth", "decided", "interrupted"]
"""The end of a search: complete, at the limit of states, memory, time or depth, with every property decided, or interrupted."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A property's first complaint: on an arc of the move of this number, which leaves `source`."""

    source: int
    move: int
    says: str


class Marked(Sequence[int]):
    """The marks of `count` arcs, most of which have none: those of the numbers `arcs`, in ascending order, have `marks`."""

    def __init__(self, count: int, arcs: Ints, marks: Ints) -> None:
        self.arcs_in_all = count
        self.arcs = arcs
        self.marks = marks

    def __len__(self) -> int:
        return self.arcs_in_all

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        if isinstance(index, slice):
            marks: list[int] = self.of(numpy.arange(len(self))[index]).tolist()
            return marks
        return int(self.of(numpy.asarray([range(len(self))[index]]))[0])

    def of(self, arcs: Ints) -> Ints:
        """Return the marks of these arcs."""
        found: Ints = numpy.zeros(len(arcs), dtype=numpy.int64)
        if len(self.arcs):
            places = numpy.minimum(numpy.searchsorted(self.arcs, arcs), len(self.arcs) - 1)
            there = self.arcs[places] == arcs
            found[there] = self.marks[places[there]]
        return found


def _larger(part: NDArray[Any], most: int) -> tuple[Bools, int]:
    """Return which targets are larger than all before them, and the largest one; `most` is the largest before this part."""
    before = numpy.empty_like(part)
    before[0], before[1:] = most, part[:-1]
    numpy.maximum.accumulate(before, out=before)
    return part > before, max(int(before[-1]), int(part[-1]))


class FirstArcs(Sequence[int]):
    """The arc that reached each state first, -1 for the first state: found in the targets when it is asked for.

    States are numbered as they are reached, so these are the arcs whose target is larger than all targets before.
    """

    def __init__(self, targets: NDArray[Any]) -> None:
        self.targets = targets
        self._found: Ints | None = None

    def _arcs(self) -> Ints:
        if self._found is None:
            parts, most = [numpy.asarray([-1], dtype=numpy.int64)], 0
            for begin in range(0, len(self.targets), AT_ONCE):
                found, most = _larger(self.targets[begin : begin + AT_ONCE], most)
                parts.append(numpy.flatnonzero(found) + begin)
            self._found = numpy.concatenate(parts)
        return self._found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return numpy.asarray(self._arcs(), dtype=dtype)

    def __len__(self) -> int:
        return len(self._arcs())

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        found: int | list[int] = self._arcs()[index].tolist()
        return found


@dataclass(slots=True)
class Tree:
    """What a search that keeps no arcs knows of them, in which `expanded` states were expanded.

    State i was reached first from state `sources[i]` by the move `moves[i]`; the first state, 0, has 0 there. `tally[m]`: how many
    arcs move m has.
    """

    expanded: int
    sources: NDArray[Any]
    moves: NDArray[Any]
    tally: Ints


Numbers: TypeAlias = "array[int] | NDArray[Any]"
"""Integers in an array: of Python while a plain search appends to it, of numpy when a compiled search has filled it."""


@dataclass(slots=True)
class Graph:
    """The states and arcs that a search found.

    `levels[d]` is the number of the first state at depth `d`; `parents[i]` the arc that reached state i first (-1 for the
    first state); `violations` are keyed by the automaton's number. `outside`: how many moves led outside the constraint.
    `elapsed` in seconds, `bytes` is the size in memory. `tree`: instead of arcs, in a search that keeps none; `first`, `targets`,
    `moves`, `marks` and `parents` are empty then.
    """

    states: Sequence[State] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    first: Numbers = field(default_factory=lambda: array("q", [0]))
    targets: Numbers = field(default_factory=lambda: array("i"))
    moves: Numbers = field(default_factory=lambda: array("i"))
    marks: array[int] | Marked = field(default_factory=lambda: array("q"))
    parents: Numbers | FirstArcs = field(default_factory=lambda: array("q", [-1]))
    tree: Tree | None = None
    violations: dict[int, Complaint] = field(default_factory=dict)
    ending: Ending = "complete"
    outside: int = 0
    elapsed: float = 0.0
    bytes: int = 0

    @property
    def expanded(self) -> int:
        """Return how many states have all their arcs; all of them once the search is complete."""
        return len(self.first) - 1 if self.tree is None else self.tree.expanded

    @property
    def transitions(self) -> int:
        """Return how many arcs were found."""
        return len(self.targets) if self.tree is None else int(self.tree.tally.sum())

    @property
    def depth(self) -> int:
        """Return the largest depth of a state, that is, the length of a shortest path to it."""
        return len(self.levels) - 1

    def sources(self) -> Ints:
        """Return the state that each arc leaves."""
        return numpy.repeat(numpy.arange(self.expanded, dtype=numpy.int64), numpy.diff(numpy.asarray(self.first)))

    def marked(self) -> Ints:
        """Return the numbers of the arcs that have a mark, in ascending order."""
        if isinstance(self.marks, Marked):
            return self.marks.arcs
        return numpy.flatnonzero(numpy.asarray(self.marks)).astype(numpy.int64)

    def marks_of(self, arcs: Ints) -> Ints:
        """Return the marks of arcs."""
        if isinstance(self.marks, Marked):
            return self.marks.of(arcs)
        return numpy.asarray(self.marks, dtype=numpy.int64)[arcs]

    def clear(self) -> None:
        """Forget all states and arcs."""
        self.states, self.levels = [], []
        self.first, self.targets, self.moves = array("q"), array("i"), array("i")
        self.marks, self.parents = array("q"), array("q")

    def parts(self, slot: int) -> Iterator[tuple[slice, Ints]]:
        """Yield one slot of every state, so many states at a time: which states they are, and their values."""
        for begin in range(0, len(self.states), AT_ONCE):
            which = slice(begin, min(begin + AT_ONCE, len(self.states)))
            if isinstance(self.states, PackedStates):
                yield which, self.states.column(slot, which)
            else:
                yield which, numpy.asarray([state[slot] for state in self.states[which]], dtype=numpy.int64)

    def values(self, slot: int, which: Ints) -> Ints:
        """Return one slot of these states."""
        if isinstance(self.states, PackedStates):
            return self.states.column(slot, which)
        return numpy.asarray([self.states[state][slot] for state in which.tolist()], dtype=numpy.int64)

    def with_value(self, slot: int, flags: Bools) -> Bools:
        """Return of every state whether `flags` is true for its value of a slot."""
        found: Bools = numpy.empty(len(self.states), dtype=numpy.bool_)
        for which, values in self.parts(slot):
            found[which] = flags[values]
        return found

    def way(self, state: int) -> list[int]:
        """Return the moves of a shortest path from the first state to this one."""
        if self.tree is None:
            return [int(self.moves[arc]) for arc in self.path(state)]
        moves = []
        while state:
            moves.append(int(self.tree.moves[state]))
            state = int(self.tree.sources[state])
        return moves[::-1]

    def made(self, moves: int) -> tuple[Ints, Ints]:
        """Return, for each of so many moves, how many arcs it has, and how many states it reached first."""
        if self.tree is not None:
            tally = numpy.zeros(moves, dtype=numpy.int64)
            tally[: len(self.tree.tally)] = self.tree.tally[:moves]
            return tally, counts(self.tree.moves[1:], moves)
        every, targets, most = numpy.asarray(self.moves), numpy.asarray(self.targets), 0
        first = numpy.zeros(moves, dtype=numpy.int64)
        for begin in range(0, len(targets), AT_ONCE):
            found, most = _larger(targets[begin : begin + AT_ONCE], most)
            first += numpy.bincount(every[begin : begin + AT_ONCE][found], minlength=moves)
        return counts(every, moves), first

    def path(self, state: int) -> list[int]:
        """Return the arcs of a shortest path from the first state to this one."""
        arcs = []
        first = numpy.asarray(self.first)
        while state:
            arc = int(self.parents[state])
            arcs.append(arc)
            state = int(numpy.searchsorted(first, arc, side="right")) - 1
        return arcs[::-1]


def counts(moves: NDArray[Any], total: int) -> Ints:
    """Return how often each move occurs. numpy copies what it counts, so it is given a part at a time."""
    found = numpy.zeros(total, dtype=numpy.int64)
    for begin in range(0, len(moves), AT_ONCE):
        found += numpy.bincount(moves[begin : begin + AT_ONCE], minlength=total)
    return found
