"""The search of `search.py` with a compiled inner loop: the same states and arcs in the same order, many times as fast.

`kernel.py` makes moves as long as it finds every entry that it needs in the flat tables. A missing one is computed by the
same functions that `expand.py` calls, in the same order, so that all values get the same numbers. Everything else of a
search, such as complaints and limits, stays in Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import gt

import numpy
from numpy.typing import NDArray

from syncproof.engines.explore import kernel
from syncproof.engines.explore.constraint import Within
from syncproof.engines.explore.encoding import State
from syncproof.engines.explore.expand import Successor, expander
from syncproof.engines.explore.flat_tables import FlatTables, rows
from syncproof.engines.explore.graph import FirstArcs, Graph, Marked, Tree, counts
from syncproof.engines.explore.growing import Growing
from syncproof.engines.explore.interruptions import Interruptions
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
AT_ONCE = 32
"""The successors of how many states are kept at once, at most."""
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
        interruptions: Interruptions,
        within: Within | None = None,
        unchanging: Unchanging | None = None,
    ) -> None:
        self.tables = tables
        self.graph = graph
        self.complain = complain
        self.interruptions = interruptions
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
        self.words = Growing(packed(graph.states, self.packing), room, numpy.int64)
        self.first = Growing(graph.first, room + 1, numpy.int64)
        self.targets = Growing(graph.targets, 2 * arcs + ROOM, numpy.int32)
        narrow = numpy.int16 if len(self.tables.moves.values) <= NARROW else numpy.int32
        self.moves = Growing(graph.moves, 2 * arcs + ROOM, narrow)
        marked = graph.marked()
        self.run[kernel.MARKED] = len(marked)
        self.marked = Growing(numpy.stack([marked, graph.marks_of(marked)], 1), len(marked) + ROOM, numpy.int64)
        self.levels: Ints = numpy.zeros(levels + ROOM + 1, dtype=numpy.int64)
        self.levels[:levels] = graph.levels
        self._make_room(SUCCESSORS)
        self.waiting: Ints = numpy.zeros((AT_ONCE, 3), dtype=numpy.int64)
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
        made = self.moves.array
        found = numpy.asarray(FirstArcs(self.targets.array[:arcs]))
        sources = numpy.searchsorted(self.first.array[: self.number + 1], found, side="right") - 1
        tally: Ints = numpy.zeros(2 * len(self.tables.moves.values) + ROOM, dtype=numpy.int64)
        tally[: len(self.tables.moves.values)] = counts(made[:arcs], len(self.tables.moves.values))
        room = len(self.words)
        moves = numpy.zeros(states, dtype=made.dtype)
        moves[1:] = made[found[1:]]
        kept = Growing(numpy.maximum(sources, 0), room, numpy.int32), Growing(moves, room, moves.dtype.type)
        none = Growing(self.first.array[:1], 1, numpy.int64), Growing(self.marked.array[:1], 1, numpy.int64)
        (self.targets, self.moves), (self.first, self.marked), self.tally = kept, none, tally
        self.run[kernel.LEAN] = 1

    @property
    def number(self) -> int:
        """Return how many states are expanded, and their successors kept."""
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
                self.words.array, self.first.array, self.targets.array, self.moves.array, self.marked.array, self.levels,
                self.tally, self.out, self.reached, self.waiting,
            )  # fmt: skip
            if says == kernel.ASKS:
                self.interruptions.tell()
                asked, *key = run[kernel.ASKED :].tolist()
                grew = flat.fill(asked, self._state, *key)
                if self.tables.judging.complaints:
                    found: list[Successor] = []
                    self.expand(self._state(), found)
                    grew = flat.follow() or grew
                    self.complain(self._expanding, found)
                    run[kernel.STOP] = self._expanding + 1
                if grew:
                    self._widen()
            elif says == kernel.FULL:
                with self.interruptions.undivided():
                    self._grow()
            elif says == kernel.CROWDED:
                with self.interruptions.undivided():
                    self._drop_waiting()
                    self._make_room(2 * len(self.out))
            elif says == kernel.DEEP:
                self.graph.ending = "depth"
                return False
            else:
                return bool(says == kernel.STOPPED)

    @property
    def _expanding(self) -> int:
        """Return the number of the state that is being expanded."""
        return int(self.run[kernel.NUMBER] + self.run[kernel.WAITING])

    def _keep(self) -> bool:
        """Keep the successors that wait; return whether there was room for them."""
        kept: bool = kernel.keep(
            self.run, self.known, self.words.array, self.first.array, self.targets.array, self.moves.array,
            self.marked.array, self.tally, self.out, self.reached, self.waiting,
        )  # fmt: skip
        return kept

    def _drop_waiting(self) -> None:
        """Expand the states whose successors wait to be kept once more, since their hashes or the room for them change."""
        self.run[kernel.WAITING] = self.run[kernel.COUNT] = 0

    def _state(self) -> State:
        """Return the state that is being expanded."""
        word, shift, mask = self.packing.T
        return tuple(((self.words.array[self._expanding][word] >> shift) & mask).tolist())

    def _widen(self) -> None:
        """Pack the states again if a slot has more values now than its bits can tell apart; likewise for moves."""
        moves = len(self.tables.moves.values)
        if moves > NARROW and self.moves.array.dtype == numpy.int16:
            self.moves = Growing(self.moves.array, len(self.moves), numpy.int32)
        if self.lean and moves > len(self.tally):
            self.tally = numpy.append(self.tally, numpy.zeros(len(self.tally), dtype=numpy.int64))
        if any(map(gt, self.flat.counts, self.most)):
            with self.interruptions.undivided():
                self._pack()

    def _pack(self) -> None:
        """Give each slot as many bits as its values need now."""
        self._drop_waiting()
        new = packing(self.flat.counts)
        same = width(new) == width(self.packing)
        words = self.words if same else Growing(numpy.zeros((0, width(new))), len(self.words), numpy.int64)
        kernel.repack(self.words.array, self.packing, words.array, new, self.states)
        self.words, self.packing = words, new
        self.most = (new[:, 2] + 1).tolist()
        self._make_room(len(self.out))
        self._enter()

    def _make_room(self, successors: int) -> None:
        """Make room for so many successors that wait to be kept."""
        self.out: Ints = numpy.zeros((successors, 5), dtype=numpy.int64)
        self.reached: Ints = numpy.zeros((successors, width(self.packing)), dtype=numpy.int64)

    def _enter(self) -> None:
        """Make a new table of the known states. A small one is at most half full, a large one three quarters."""
        least = self.states + 2 * len(self.out) + ROOM
        room = 1 << (2 * least).bit_length()
        self.run[kernel.MOST] = room // 2
        if room > LARGE:
            room = room // 2 if 3 * room >= 8 * least else room
            self.run[kernel.MOST] = room // 4 * 3
        self.known: Ints = numpy.zeros(0, dtype=numpy.int64)  # its memory is needed; without it nothing is kept
        known: Ints = numpy.zeros(room, dtype=numpy.int64)
        kernel.enter(known, self.words.array, self.states)
        self.known = known

    def _grow(self) -> None:
        """Give arrays that are full, or almost, room for more. Those whose room `keep` asks for are the last to have it."""
        most = len(self.out)
        if not self.lean and self.states >= self.lean_from:
            self._become_lean()
        if self.states + most > len(self.words):
            room = _more(self.states, most)
            if not self.lean:
                self.first.resize(room + 1)
            self.words.resize(room)
        if self.states + most > self.run[kernel.MOST]:
            self._enter()
        used = self.states if self.lean else self.arcs
        if used + most > len(self.targets):
            room = len(self.words) if self.lean else _more(used, most)
            self.moves.resize(room)
            self.targets.resize(room)
        if not self.lean and self.run[kernel.MARKED] + most > len(self.marked):
            self.marked.resize(_more(int(self.run[kernel.MARKED]), most))
        if self.run[kernel.LEVELS] + 1 >= len(self.levels):
            self.levels.resize(2 * len(self.levels), refcheck=False)

    def finish(self) -> None:
        """Give the graph what was found: whole states only."""
        graph = self.graph
        while len(self.known) and not self._keep():
            self._grow()
        states, arcs = self.states, self.arcs
        kept = states if self.lean else arcs
        words, targets, moves = self.words.array[:states], self.targets.array[:kept], self.moves.array[:kept]
        graph.states = PackedStates(words, self.packing)
        arrays = [words, targets, moves, self.known]
        if self.lean:
            graph.tree = Tree(self.number, targets, moves, self.tally)
        else:
            first, marked = self.first.array[: self.number + 1], self.marked.array[: int(self.run[kernel.MARKED])]
            graph.first, graph.targets, graph.moves = first, targets, moves
            graph.parents = FirstArcs(targets)
            graph.marks = Marked(arcs, marked[:, 0], marked[:, 1])
            arrays += [first, marked]
        graph.outside += int(self.run[kernel.OUTSIDE])
        if self.unchanging is not None:
            self.unchanging.count += int(self.run[kernel.SKIPPED])
        graph.levels = self.levels[: int(self.run[kernel.LEVELS])].tolist()
        graph.bytes = sum(array.nbytes for array in arrays)
        del self.known


def _more(used: int, most: int) -> int:
    """Return how much room an array gets in which so much is used and so much may be needed at once."""
    return used + max(used // 8, most + 4 * ROOM)
