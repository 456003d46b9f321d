"""The graph that a search found, in arrays: tens of millions of arcs as objects would not fit into memory.

States are numbered in the order in which they were found. The arcs of state i are those from `first[i]` to `first[i + 1]`,
each with its move, its target and the mark of its observations. The first arc that reaches a state is part of a shortest
path to it.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Literal

import numpy
from numpy.typing import NDArray

from syncproof.engines.explore.encoding import State

Ending = Literal["complete", "states", "memory", "time", "depth", "decided", "interrupted"]
"""The end of a search: complete, at the limit of states, memory, time or depth, with every property decided, or interrupted."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A property's first complaint: on an arc of the move of this number, which leaves `source`."""

    source: int
    move: int
    says: str


@dataclass(slots=True)
class Graph:
    """The states and arcs that a search found.

    `levels[d]` is the number of the first state at depth `d`; `parents[i]` the arc that reached state i first (-1 for the
    first state); `violations` are keyed by the automaton's number. `outside`: how many moves led outside the constraint.
    `elapsed` in seconds, `bytes` is the size in memory.
    """

    states: list[State] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    first: array[int] = field(default_factory=lambda: array("q", [0]))
    targets: array[int] = field(default_factory=lambda: array("i"))
    moves: array[int] = field(default_factory=lambda: array("i"))
    marks: array[int] = field(default_factory=lambda: array("q"))
    parents: array[int] = field(default_factory=lambda: array("q", [-1]))
    violations: dict[int, Complaint] = field(default_factory=dict)
    ending: Ending = "complete"
    outside: int = 0
    elapsed: float = 0.0
    bytes: int = 0

    @property
    def expanded(self) -> int:
        """Return how many states have all their arcs; all of them once the search is complete."""
        return len(self.first) - 1

    @property
    def depth(self) -> int:
        """Return the largest depth of a state, that is, the length of a shortest path to it."""
        return len(self.levels) - 1

    def sources(self) -> NDArray[numpy.int64]:
        """Return the state that each arc leaves."""
        return numpy.repeat(numpy.arange(self.expanded, dtype=numpy.int64), numpy.diff(numpy.asarray(self.first)))

    def column(self, slot: int) -> NDArray[numpy.int64]:
        """Return one slot of every state."""
        return numpy.fromiter((state[slot] for state in self.states), dtype=numpy.int64, count=len(self.states))

    def path(self, state: int) -> list[int]:
        """Return the arcs of a shortest path from the first state to this one."""
        arcs = []
        first = numpy.asarray(self.first)
        while state:
            arc = self.parents[state]
            arcs.append(arc)
            state = int(numpy.searchsorted(first, arc, side="right")) - 1
        return arcs[::-1]
