"""The firings that a bound holds back: of retransmission timers that are pending while other moves are under way.

A search that bounds early firings (`Environment.early`) lacks these arcs. They are owed all the same: a run in which such a
timer is pending all the time and never fires is not fair, whatever the bound is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from syncproof.engines.explore.encoding import Left
from syncproof.engines.explore.graph import AT_ONCE, Graph
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
        spent = numpy.asarray([[left.budgets[b] == 0 for left in lefts] for b in tables.budgets.early.values()])
        first = min(tables.budgets.early.values())
        environment = tables.encoding.environment_slot
        may = graph.with_value(environment, numpy.any(spent, axis=0))
        for slot in range(1, tables.encoding.judge_slot, 3):
            firings = _Firings(tables, slot, graph)
            if not firings.any:
                continue
            here = numpy.flatnonzero(may & graph.with_value(slot, firings.count > 0))
            member, firing = firings.of(here, graph.values(slot, here))
            held = spent[firings.budget[firing] - first, graph.values(environment, member)]
            held &= ~made.has(member, firings.at_rest[firing])
            states.append(member[held])
            moves.append(firings.early[firing[held]])
    return Withheld(numpy.concatenate(states), numpy.concatenate(moves))


class _Firings:
    """The firings of bounded timers that the values of one pending slot make possible, value by value.

    `count[v]`: how many value v has. `at_rest`, `early`, `budget`: their moves and what the early ones cost.
    """

    def __init__(self, tables: Tables, slot: int, graph: Graph) -> None:
        times = numpy.zeros(len(tables.slots[slot].values), dtype=numpy.int64)
        for _, values in graph.parts(slot):
            times += numpy.bincount(values, minlength=len(times))
        there = numpy.flatnonzero(times).tolist()
        found = {value: tables.offers.firings(slot, value) for value in there}
        self.count = numpy.zeros(len(times), dtype=numpy.int64)
        self.count[there] = [len(pairs) for pairs in found.values()]
        self._begins = numpy.cumsum(self.count) - self.count
        pairs = [pair for each in found.values() for pair in each]
        self.any = bool(pairs)
        self.at_rest = numpy.asarray([at_rest.move for at_rest, _ in pairs], dtype=numpy.int64)
        self.early = numpy.asarray([early.move for _, early in pairs], dtype=numpy.int64)
        self.budget = numpy.asarray([early.budget for _, early in pairs], dtype=numpy.int64)

    def of(self, states: Ints, values: Ints) -> tuple[Ints, Ints]:
        """Return each of the states with each firing of its value: by firing, then by state."""
        count = self.count[values]
        member = numpy.repeat(states, count)
        within = numpy.arange(len(member)) - numpy.repeat(numpy.cumsum(count) - count, count)
        firing = numpy.repeat(self._begins[values], count) + within
        order = numpy.argsort(firing, kind="stable")
        return member[order], firing[order]


class _Made:
    """In which states the firings of bounded timers at rest are made."""

    def __init__(self, tables: Tables, graph: Graph) -> None:
        self._moves = len(tables.moves.values)
        at_rest = numpy.zeros(self._moves, dtype=bool)
        at_rest[tables.moves.at_rest()] = True
        made = numpy.asarray(graph.moves)
        parts = [numpy.flatnonzero(at_rest[made[b : b + AT_ONCE]]) + b for b in range(0, len(made), AT_ONCE)]
        arcs = numpy.concatenate([numpy.zeros(0, dtype=numpy.int64), *parts])
        sources = numpy.searchsorted(numpy.asarray(graph.first), arcs, side="right") - 1
        self._keys = numpy.sort(sources * self._moves + made[arcs])

    def has(self, states: Ints, moves: Ints) -> NDArray[numpy.bool_]:
        """Return whether each move is made in its state."""
        if not len(self._keys):
            return numpy.zeros(len(states), dtype=bool)
        keys = states * self._moves + moves
        found: NDArray[numpy.bool_] = (
            self._keys[numpy.searchsorted(self._keys, keys).clip(max=len(self._keys) - 1)] == keys
        )
        return found
