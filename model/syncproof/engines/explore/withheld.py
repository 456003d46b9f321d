"""The firings that a bound holds back: of retransmission timers that are pending while other moves are under way.

A search that bounds early firings (`Environment.early`) lacks these arcs. They are owed all the same: a run in which such a
timer is pending all the time and never fires is not fair, whatever the bound is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from syncproof.engines.explore.encoding import Left
from syncproof.engines.explore.graph import Graph
from syncproof.engines.explore.tables import Tables

Ints = NDArray[numpy.int64]


@dataclass(frozen=True, slots=True)
class Withheld:
    """The early firings that the bound holds back: `moves[i]`, by its index, in `states[i]`."""

    states: Ints
    moves: Ints


def withheld(tables: Tables, graph: Graph) -> Withheld:
    """Return the firings of bounded timers that are held back in a complete graph, timer by timer."""
    none = numpy.zeros(0, dtype=numpy.int64)
    states, moves = [none], [none]
    if tables.budgets.early:
        sources, made = graph.sources(), numpy.asarray(graph.moves)
        lefts: list[Left] = tables.slots[tables.encoding.environment_slot].values
        environment = _column(graph, tables.encoding.environment_slot)
        for slot in range(1, tables.encoding.judge_slot, 3):
            column = _column(graph, slot)
            for value in numpy.unique(column).tolist():
                for at_rest, early in tables.offers.firings(slot, value):
                    spent = numpy.asarray([left.budgets[early.budget] == 0 for left in lefts])
                    here = (column == value) & spent[environment]
                    here[sources[made == at_rest.move]] = False
                    states.append(numpy.flatnonzero(here))
                    moves.append(numpy.full(len(states[-1]), early.move, dtype=numpy.int64))
    return Withheld(numpy.concatenate(states), numpy.concatenate(moves))


def _column(graph: Graph, slot: int) -> Ints:
    return numpy.fromiter((state[slot] for state in graph.states), dtype=numpy.int64, count=len(graph.states))
