"""The core of a graph: the states on cycles of moves that fairness owes, found once for all properties.

Fair runs end in the core or stand still. Most states lie on no such cycle, because scripts advance and budgets shrink, so
what `liveness.py` does on the core costs little whatever the size of the graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy

from syncproof.engines.explore.graph import Graph
from syncproof.engines.explore.liveness import Arcs, Bools, Ints
from syncproof.engines.explore.moves import NEVER, STRONG
from syncproof.engines.explore.packing import PackedStates
from syncproof.engines.explore.withheld import Withheld


@dataclass(frozen=True, slots=True)
class Core:
    """What the owed arcs of a complete graph, those back to the same state left out, say of each state.

    `cyclic`: it lies on a cycle of them. `still`: none of them leaves it.
    """

    cyclic: Bools
    still: Bools


@dataclass(frozen=True, slots=True)
class Part:
    """Some states of a graph and the owed arcs that leave them, with new numbers in the same order.

    `states[i]`: the graph's number of state i; one more state, the last one, stands for all others. `numbers[a]`: the
    graph's number of arc a, or -1 for a firing that is held back.
    """

    states: Ints
    arcs: Arcs
    numbers: Ints

    def without(self, left_out: Bools) -> Part:
        """Return the part without some of its arcs."""
        arcs, kept = self.arcs, ~left_out
        fewer = Arcs(arcs.count, arcs.source[kept], arcs.target[kept], arcs.move[kept], arcs.strong)
        return Part(self.states, fewer, self.numbers[kept])


def core_of(graph: Graph, fairness: Ints) -> Core:
    """Return the core of a complete graph. `fairness[m]`: the fairness of move m."""
    if isinstance(graph.states, PackedStates):  # so numba is there
        from syncproof.engines.explore.components import strong_components

        arrays = (numpy.asarray(graph.first), numpy.asarray(graph.targets), numpy.asarray(graph.moves))
        return Core(*strong_components(*arrays, fairness != NEVER))
    return by_scipy(graph, fairness)


def by_scipy(graph: Graph, fairness: Ints) -> Core:
    """Return the core of a complete graph without numba."""
    count = len(graph.states)
    first = numpy.asarray(graph.first, dtype=numpy.int64)
    targets = numpy.asarray(graph.targets, dtype=numpy.int32)
    sources = numpy.repeat(numpy.arange(count, dtype=numpy.int32), numpy.diff(first))
    owed = (fairness != NEVER)[numpy.asarray(graph.moves)]
    owed &= targets != sources
    leaving = numpy.bincount(sources[owed], minlength=count)
    del sources
    begins = numpy.zeros(count + 1, dtype=numpy.int64)
    numpy.cumsum(leaving, out=begins[1:])
    if begins[-1] < 1 << 31:  # scipy computes with indices of 32 bits then
        begins = begins.astype(numpy.int32)
    reached = targets[owed]
    from scipy.sparse import csr_array  # its import takes a fifth of a second
    from scipy.sparse.csgraph import connected_components

    matrix = csr_array((numpy.ones(len(reached)), reached, begins), shape=(count, count))
    matrix.sum_duplicates()  # scipy does not come to an end where an arc stands twice
    _, labels = connected_components(matrix, connection="strong")
    return Core(numpy.bincount(labels)[labels] > 1, leaving == 0)


def part_of(graph: Graph, fairness: Ints, members: Bools, held_back: Withheld | None = None) -> Part:
    """Return the part of a graph that consists of `members`. Firings that are held back lead out of it."""
    states = numpy.flatnonzero(members).astype(numpy.int64)
    outside = len(states)
    first = numpy.asarray(graph.first, dtype=numpy.int64)
    lengths = first[states + 1] - first[states]
    source = numpy.repeat(numpy.arange(outside, dtype=numpy.int64), lengths)
    numbers = numpy.arange(len(source)) + numpy.repeat(first[states] - (numpy.cumsum(lengths) - lengths), lengths)
    move = numpy.asarray(graph.moves)[numbers].astype(numpy.int64)
    target = numpy.asarray(graph.targets)[numbers].astype(numpy.int64)
    owed = (fairness[move] != NEVER) & (states[source] != target)
    numbers, source, target, move = numbers[owed], source[owed], target[owed], move[owed]
    target = numpy.where(members[target], numpy.searchsorted(states, target), outside)
    if held_back is not None:
        here = members[held_back.states]
        beyond = numpy.full(int(here.sum()), outside, dtype=numpy.int64)
        numbers = numpy.concatenate([numbers, numpy.full(len(beyond), -1, dtype=numpy.int64)])
        source = numpy.concatenate([source, numpy.searchsorted(states, held_back.states[here])])
        target = numpy.concatenate([target, beyond])
        move = numpy.concatenate([move, held_back.moves[here]])
    return Part(states, Arcs(outside + 1, source, target, move, fairness == STRONG), numbers)
