"""The search of `search.py` with a compiled inner loop: the same states and arcs in the same order, many times as fast.

`kernel.py` makes moves as long as it finds every entry that it needs in the flat tables. A missing one is computed by the
same functions that `expand.py` calls, in the same order, so that all values get the same numbers. Everything else of a
search, such as complaints and limits, stays in Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import gt
from typing import Any

import numpy
from numpy.typing import NDArray

from syncproof.engines.explore import kernel
from syncproof.engines.explore.constraint import Within
from syncproof.engines.explore.encoding import State
from syncproof.engines.explore.expand import Successor, expander
from syncproof.engines.explore.flat_tables import FlatTables, rows
from syncproof.engines.explore.graph import FirstArcs, Graph, Marked, Tree, counts
from syncproof.engines.explore.packing import PackedStates, packed, packing, width
from syncproof.engines.explore.tables import Tables
from syncproof.engines.explore.unchanging import Unchanging

Ints = NDArray[numpy.int64]

ROOM = 1 << 10
"""For how many states, arcs and levels, more than there are, arrays have room at first."""
LARGE = 1 << 22
"""From how many entries on the table of known states may be three quarters full: it takes more memory than anything else."""
SUCCESSORS = 256
"""For how many successors of one state there is room at first."""
NARROW = numpy.iinfo(numpy.int16).max
"""The largest number of a move for which two bytes an arc are enough."""


class CompiledSearch:
    """A search from the point that `graph` has reached: its states and arcs move into arrays, and come back at the end.

    `complain` is called with a state's number and all its successors when a property complained. `lean_from`: from how many
    states on no arcs are kept; None: they are. `within`, `unchanging`: what the search leaves out.
    """

    def __init__(
        self,
        tables: Tables,
        graph: Graph,
        last: int,
        deepest: int | None,
        lean_from: int | None,
        complain: Callable[[int, list[Successor]], None],
        within: Within | None = None,
        unchanging: Unchanging | None = None,
    ) -> None:
        self.tables = tables
        self.graph = graph
        self.complain = complain
        self.lean_from = math.inf if lean_from is None else lean_from
        self.expand = expander(tables)
        self.flat = FlatTables(tables, within, unchanging)
        self.unchanging = unchanging
        encoding, faults = tables.encoding, tables.faults
        offering = tables.offers.offering()
        pending = [slot for slot in offering if slot % 3 == 1 and slot < encoding.judge_slot]
        self.fixed = numpy.zeros(kernel.FIXED, dtype=numpy.int64)
        self.fixed[kernel.JUDGE_SLOT] = encoding.judge_slot
        self.fixed[kernel.ENVIRONMENT_SLOT] = encoding.environment_slot
        self.fixed[kernel.ACTORS] = len(encoding.names)
        self.fixed[kernel.PATIENT] = tables.moves.patient
        self.fixed[kernel.BOUNDED] = bool(tables.budgets.early)
        self.fixed[kernel.CONSTRAINED], self.fixed[kernel.SKIPPING] = within is not None, unchanging is not None
        self.fixed[kernel.COMBINING] = self.flat.combining
        self.offering = numpy.asarray(offering, dtype=numpy.int64)
        self.pending = numpy.asarray(pending, dtype=numpy.int64)
        self.crashable = rows([(actor, budget, actor in encoding.clients) for actor, budget in faults.crashable], 3)
        self.replaceable = rows([(actor, actor in encoding.clients) for actor in faults.replaceable], 2)
        self._take_over(last, deepest)

    def _take_over(self, last: int, deepest: int | None) -> None:
        graph = self.graph
        states, arcs, levels = len(graph.states), len(graph.targets), len(graph.levels)
        self.run = numpy.zeros(kernel.RUN, dtype=numpy.int64)
        self.run[kernel.NUMBER] = graph.expanded
        self.run[kernel.STATES], self.run[kernel.ARCS], self.run[kernel.LEVELS] = states, arcs, levels
        self.run[kernel.LAST] = last
        self.run[kernel.DEEPEST] = -1 if deepest is None else deepest
        room = 2 * states + ROOM
        self.packing = packing([len(slot.values) for slot in self.tables.slots])
        self.most: list[int] = (self.packing[:, 2] + 1).tolist()
        self.words = packed(graph.states, self.packing)
        self.words.resize((room, width(self.packing)), refcheck=False)
        self.first = _grown(graph.first, room + 1, numpy.int64)
        self.targets = _grown(graph.targets, 2 * arcs + ROOM, numpy.int32)
        narrow = numpy.int16 if len(self.tables.moves.values) <= NARROW else numpy.int32
        self.moves = _grown(graph.moves, 2 * arcs + ROOM, narrow)
        marked = graph.marked()
        self.run[kernel.MARKED] = len(marked)
        self.marked: Ints = numpy.zeros((len(marked) + ROOM, 2), dtype=numpy.int64)
        self.marked[: len(marked), 0], self.marked[: len(marked), 1] = marked, graph.marks_of(marked)
        self.levels = _grown(graph.levels, levels + ROOM + 1, numpy.int64)
        self.out: Ints = numpy.zeros((SUCCESSORS, 5), dtype=numpy.int64)
        self.reached: Ints = numpy.zeros((SUCCESSORS, width(self.packing)), dtype=numpy.int64)
        self.tally: Ints = numpy.zeros(1, dtype=numpy.int64)
        graph.clear()
        self._enter()
        if states >= self.lean_from:
            self._become_lean()

    @property
    def lean(self) -> bool:
        """Return whether no arcs are kept."""
        return bool(self.run[kernel.LEAN])

    def _become_lean(self) -> None:
        """Keep of the arcs only the one that reached each state first."""
        arcs, states = self.arcs, self.states
        found = numpy.asarray(FirstArcs(self.targets[:arcs]))
        sources = numpy.searchsorted(self.first[: self.number + 1], found, side="right") - 1
        self.tally = numpy.zeros(2 * len(self.tables.moves.values) + ROOM, dtype=numpy.int64)
        self.tally[: len(self.tables.moves.values)] = counts(self.moves[:arcs], len(self.tables.moves.values))
        room = len(self.words)
        moves = numpy.zeros(states, dtype=self.moves.dtype)
        moves[1:] = self.moves[found[1:]]
        self.targets, self.moves = (
            _grown(numpy.maximum(sources, 0), room, numpy.int32),
            _grown(moves, room, moves.dtype.type),
        )
        self.first, self.marked = self.first[:1].copy(), self.marked[:1].copy()
        self.run[kernel.LEAN] = 1

    @property
    def number(self) -> int:
        """Return how many states are expanded."""
        return int(self.run[kernel.NUMBER])

    @property
    def states(self) -> int:
        """Return how many states were found."""
        return int(self.run[kernel.STATES])

    @property
    def arcs(self) -> int:
        """Return how many arcs were found."""
        return int(self.run[kernel.ARCS])

    @property
    def depth(self) -> int:
        """Return the depth of the state that is expanded next."""
        return int(self.run[kernel.LEVELS]) - 1

    def advance(self, stop: int) -> bool:
        """Expand states until the one of this number; return whether it was reached. Else all states are expanded.

        A complaint ends it earlier, after the state in which it was met. `DEEP` ends it as well: `graph.ending` says so.
        """
        run, flat = self.run, self.flat
        run[kernel.STOP] = stop
        while True:
            says = kernel.advance(
                run, self.fixed, self.packing, flat.base, self.offering, self.pending, self.crashable, self.replaceable,
                flat.present, flat.loose, flat.wanted, flat.table, flat.pool, flat.at, flat.stirs, flat.marks, self.known,
                self.words, self.first, self.targets, self.moves, self.marked, self.levels, self.tally, self.out, self.reached,
            )  # fmt: skip
            if says == kernel.ASKS:
                asked, *key = run[kernel.ASKED :].tolist()
                grew = flat.fill(asked, self._state, *key)
                if self.tables.judging.complaints:
                    found: list[Successor] = []
                    self.expand(self._state(), found)
                    grew = flat.follow() or grew
                    self.complain(self.number, found)
                    run[kernel.STOP] = self.number + 1
                if grew:
                    self._widen()
            elif says == kernel.FULL:
                self._grow()
            elif says == kernel.CROWDED:
                self.out = numpy.zeros((2 * len(self.out), 5), dtype=numpy.int64)
                self.reached = numpy.zeros((len(self.out), width(self.packing)), dtype=numpy.int64)
            elif says == kernel.DEEP:
                self.graph.ending = "depth"
                return False
            else:
                return bool(says == kernel.STOPPED)

    def _state(self) -> State:
        """Return the state that is being expanded."""
        word, shift, mask = self.packing.T
        return tuple(((self.words[self.number][word] >> shift) & mask).tolist())

    def _widen(self) -> None:
        """Pack the states again if a slot has more values now than its bits can tell apart; likewise for moves."""
        if len(self.tables.moves.values) > NARROW and self.moves.dtype == numpy.int16:
            self.moves = self.moves.astype(numpy.int32)
        if self.lean and len(self.tables.moves.values) > len(self.tally):
            self.tally = numpy.append(self.tally, numpy.zeros(len(self.tally), dtype=numpy.int64))
        if not any(map(gt, self.flat.counts, self.most)):
            return
        new = packing(self.flat.counts)
        same = width(new) == width(self.packing)
        words = self.words if same else numpy.zeros((len(self.words), width(new)), dtype=numpy.int64)
        kernel.repack(self.words, self.packing, words, new, self.states)
        self.words, self.packing = words, new
        self.most = (new[:, 2] + 1).tolist()
        self.reached = numpy.zeros((len(self.out), width(new)), dtype=numpy.int64)
        del self.known
        self._enter()

    def _enter(self) -> None:
        """Make a new table of the known states. A small one is at most half full, a large one three quarters."""
        least = self.states + 2 * len(self.out) + ROOM
        room = 1 << (2 * least).bit_length()
        self.run[kernel.MOST] = room // 2
        if room > LARGE:
            room = room // 2 if 3 * room >= 8 * least else room
            self.run[kernel.MOST] = room // 4 * 3
        self.known = numpy.full(room, kernel.EMPTY, dtype=numpy.int64)
        kernel.enter(self.known, self.words, self.states)

    def _grow(self) -> None:
        """Give arrays that are full, or almost, room for more: without a copy where the system can move pages."""
        most = len(self.out)
        if not self.lean and self.states >= self.lean_from:
            self._become_lean()
        if self.states + most > len(self.words):
            room = _more(self.states, most)
            self.words.resize((room, self.words.shape[1]), refcheck=False)
            if not self.lean:
                self.first.resize(room + 1, refcheck=False)
        if self.states + most > self.run[kernel.MOST]:
            del self.known
            self._enter()
        used = self.states if self.lean else self.arcs
        if used + most > len(self.targets):
            room = len(self.words) if self.lean else _more(used, most)
            self.targets.resize(room, refcheck=False)
            self.moves.resize(room, refcheck=False)
        if not self.lean and self.run[kernel.MARKED] + most > len(self.marked):
            self.marked.resize((_more(int(self.run[kernel.MARKED]), most), 2), refcheck=False)
        if self.run[kernel.LEVELS] + 1 >= len(self.levels):
            self.levels.resize(2 * len(self.levels), refcheck=False)

    def finish(self) -> None:
        """Give the graph what was found: whole states only."""
        graph = self.graph
        states, arcs = self.states, self.arcs
        kept = states if self.lean else arcs
        self.words.resize((states, self.words.shape[1]), refcheck=False)
        self.targets.resize(kept, refcheck=False)
        self.moves.resize(kept, refcheck=False)
        graph.states = PackedStates(self.words, self.packing)
        arrays = [self.words, self.targets, self.moves, self.known]
        if self.lean:
            graph.tree = Tree(self.number, self.targets, self.moves, self.tally)
        else:
            self.first.resize(self.number + 1, refcheck=False)
            self.marked.resize((int(self.run[kernel.MARKED]), 2), refcheck=False)
            graph.first, graph.targets, graph.moves = self.first, self.targets, self.moves
            graph.parents = FirstArcs(self.targets)
            graph.marks = Marked(arcs, self.marked[:, 0], self.marked[:, 1])
            arrays += [self.first, self.marked]
        graph.outside += int(self.run[kernel.OUTSIDE])
        if self.unchanging is not None:
            self.unchanging.count += int(self.run[kernel.SKIPPED])
        graph.levels = self.levels[: int(self.run[kernel.LEVELS])].tolist()
        graph.bytes = sum(array.nbytes for array in arrays)
        del self.known


def _more(used: int, most: int) -> int:
    """Return how much room an array gets in which so much is used and so much may be needed at once."""
    return used + max(used // 8, most + 4 * ROOM)


def _grown(values: object, room: int, dtype: type[Any]) -> NDArray[Any]:
    """Return values as an array with room for more."""
    found: NDArray[Any] = numpy.asarray(values, dtype=dtype)
    grown: NDArray[Any] = numpy.zeros(room, dtype=dtype)
    grown[: len(found)] = found
    return grown
