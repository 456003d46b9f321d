"""The firings that a bound holds back: of retransmission timers that are pending while other moves are under way.

A search that bounds early firings (`Environment.early`) lacks these arcs. They are owed all the same: a run in which such a
timer is pending all the time and never fires is not fair, whatever the bound is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

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
        made = _Made(tables, graph)
        lefts: list[Left] = tables.slots[tables.encoding.environment_slot].values
        environment = graph.column(tables.encoding.environment_slot)
        for slot in range(1, tables.encoding.judge_slot, 3):
            for value, members in _groups(graph.column(slot)):
                for at_rest, early in tables.offers.firings(slot, value):
                    spent = numpy.asarray([left.budgets[early.budget] == 0 for left in lefts])
                    here = members[spent[environment[members]]]
                    states.append(here[~numpy.isin(here, made.in_states(at_rest.move))])
                    moves.append(numpy.full(len(states[-1]), early.move, dtype=numpy.int64))
    return Withheld(numpy.concatenate(states), numpy.concatenate(moves))


class _Made:
    """In which states the firings of bounded timers at rest are made."""

    def __init__(self, tables: Tables, graph: Graph) -> None:
        at_rest = numpy.zeros(len(tables.moves.values), dtype=bool)
        at_rest[tables.moves.at_rest()] = True
        made = numpy.asarray(graph.moves)
        arcs = numpy.flatnonzero(at_rest[made])
        sources = numpy.searchsorted(numpy.asarray(graph.first), arcs, side="right") - 1
        self._states = {move: sources[group] for move, group in _groups(made[arcs])}

    def in_states(self, move: int) -> Ints:
        """Return the states in which a move is made."""
        return self._states.get(move, numpy.zeros(0, dtype=numpy.int64))


def _groups(values: NDArray[Any]) -> Iterator[tuple[int, Ints]]:
    """Yield each value in ascending order, with the indices at which it stands."""
    order = numpy.argsort(values, kind="stable")
    found, begins = numpy.unique(values[order], return_index=True)
    return zip(found.tolist(), numpy.split(order, begins[1:]), strict=False)
