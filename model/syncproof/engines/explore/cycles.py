"""Violations of liveness: the fair cycles of a complete graph that pass what a property forbids.

`core.py` finds the states on cycles, `liveness.py` which sets of them are fair. A state that no owed move leaves is fair by
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy

from syncproof.core.moves import Move
from syncproof.engines.explore.core import Core, Part, part_of
from syncproof.engines.explore.graph import Graph
from syncproof.engines.explore.liveness import Bools, Ints, fair_components, lasso
from syncproof.engines.explore.moves import NEVER
from syncproof.engines.explore.tables import Tables
from syncproof.engines.explore.withheld import Withheld
from syncproof.properties import Property


class ViolatingRun(NamedTuple):
    """A violating run: `moves` from the first state, then `cycle` repeated; what the property says of it."""

    moves: tuple[Move, ...]
    cycle: tuple[Move, ...]
    says: str


class Cycles:
    """The fair cycles of a complete graph.

    `loops`: the numbers of the owed arcs that lead back to the same state and have a mark, `looping`: their states. They
    are no steps, but they can be repeated in every fair run that passes the state indefinitely. `still[i]`: no owed arc
    leaves state i. Firings that are held back are arcs to a state of their own: so they are owed, and no cycle contains
    them. `part`: all states in which a run can go on indefinitely without standing still, or with one of the `loops`.
    """

    def __init__(self, tables: Tables, graph: Graph, core: Core, held_back: Withheld | None = None) -> None:
        self.tables = tables
        self.graph = graph
        fairness = numpy.asarray(tables.moves.fair, dtype=numpy.int64)
        self.loops: Ints = _marked_loops(graph, fairness)
        self.looping: Ints = numpy.asarray(graph.targets)[self.loops].astype(numpy.int64)
        members, self.still = core.cyclic.copy(), core.still
        members[self.looping] = True
        if held_back is not None and len(held_back.states):
            self.still = core.still.copy()
            self.still[held_back.states] = False
        self.part: Part = part_of(graph, fairness, members, held_back)

    def judged(self, names: Sequence[str]) -> dict[str, ViolatingRun | None]:
        """Return a violation of each of the liveness properties of these names, or None."""
        judging, slot = self.tables.judging, self.tables.encoding.judge_slot
        components = list(fair_components(self.part.arcs))
        found: dict[str, ViolatingRun | None] = {}
        for number, automaton in enumerate(judging.automata):
            if automaton.name in names:
                unsettled = [judging.unsettled(number, j) for j in range(len(judging.slot.values))]
                bad: Bools = self.graph.with_value(slot, numpy.asarray([bool(lines) for lines in unsettled]))
                resting = numpy.flatnonzero(bad & self.still)
                first = [lines[0] if lines else "" for lines in unsettled]
                found[automaton.name] = self._nearest(
                    self.part,
                    components,
                    numpy.append(bad[self.part.states], False),
                    partial(self._said, first),
                    int(resting[0]) if len(resting) else None,
                )
        for automaton in [automaton for automaton in judging.endless if automaton.name in names]:
            found[automaton.name] = self._endless(automaton)
        return found

    def _nearest(
        self,
        part: Part,
        components: Sequence[Ints],
        bad: Bools,
        says: Callable[[int], str],
        still: int | None = None,
    ) -> ViolatingRun | None:
        """Return a violation in the fair component whose first bad state is nearest; None if there is none.

        `still`: the first bad state that no owed arc leaves, which is fair by itself. States in which only polls are left
        are preferred, because there a reader sees that nothing more will happen.
        """
        arcs = part.arcs
        resting = numpy.ones(arcs.count, dtype=bool)
        resting[arcs.source[~arcs.strong[arcs.move]]] = False
        if still is not None or any((bad & resting)[component].any() for component in components):
            bad = bad & resting
        nearest = None
        for component in components:
            here = component[bad[component]]
            if len(here) and (nearest is None or here[0] < nearest[0]):
                nearest = (int(here[0]), component)
        if still is not None and (nearest is None or still < part.states[nearest[0]]):
            return ViolatingRun(self._path(still), (), says(still))
        if nearest is None:
            return None
        return self._lasso(part, nearest[1], bad, says)

    def _endless(self, automaton: type[Property]) -> ViolatingRun | None:
        """Return a violation by a fair cycle that repeats the forbidden observation without its excuse."""
        assert automaton.endless is not None
        repeated, excuse = automaton.endless
        bits = self.tables.judging.endless_marks
        searched = self.part.numbers >= 0
        marks = numpy.zeros(len(searched), dtype=numpy.int64)
        marks[searched] = self.graph.marks_of(self.part.numbers[searched])
        loop_marks = self.graph.marks_of(self.loops)
        for key in bits.keys(repeated):
            says = f"{automaton.endless_key} {key:d}: {repeated.__name__} indefinitely, without {excuse.__name__}"
            asking = ((loop_marks & bits.bit(repeated, key)) != 0) & ((loop_marks & bits.bit(excuse, key)) == 0)
            excused = (marks & bits.bit(excuse, key)) != 0
            part = self.part.without(excused)
            repeats = (marks[~excused] & bits.bit(repeated, key)) != 0
            for component in fair_components(part.arcs):
                member = numpy.zeros(part.arcs.count, dtype=bool)
                member[component] = True
                inside = repeats & member[part.arcs.source] & member[part.arcs.target]
                bad = numpy.zeros(part.arcs.count, dtype=bool)
                if inside.any():
                    bad[part.arcs.source[inside]] = True
                    return self._nearest(part, [component], bad, partial(_said_anywhere, says))
                here = part.states[component[component < len(part.states)]]
                loops = self.loops[asking & numpy.isin(self.looping, here)]
                if len(loops):
                    bad[numpy.searchsorted(part.states, self.graph.targets[loops[0]])] = True
                    loop = self.tables.moves.values[self.graph.moves[loops[0]]]
                    way = self._lasso(part, component, bad, partial(_said_anywhere, says))
                    return way._replace(cycle=(loop, *way.cycle))
        return None

    def _lasso(self, part: Part, component: Ints, bad: Bools, says: Callable[[int], str]) -> ViolatingRun:
        """Return the violation by a fair cycle from the first bad state of a component."""
        found = lasso(part.arcs, component, bad)
        assert found is not None
        values = self.tables.moves.values
        state = int(part.states[found.state])
        cycle = tuple([values[self.graph.moves[part.numbers[a]]] for a in found.cycle])
        return ViolatingRun(self._path(state), cycle, says(state))

    def _said(self, lines: Sequence[str], state: int) -> str:
        return lines[self.graph.states[state][self.tables.encoding.judge_slot]]

    def _path(self, state: int) -> tuple[Move, ...]:
        return tuple([self.tables.moves.values[move] for move in self.graph.way(state)])


def _said_anywhere(line: str, state: int) -> str:
    return line


def _marked_loops(graph: Graph, fairness: Ints) -> Ints:
    """Return the numbers of the owed arcs that lead back to the same state and have a mark."""
    marked = graph.marked()
    marked = marked[(fairness != NEVER)[numpy.asarray(graph.moves)[marked]]]
    source = numpy.searchsorted(numpy.asarray(graph.first), marked, side="right") - 1
    loops: Ints = marked[numpy.asarray(graph.targets)[marked] == source]
    return loops
