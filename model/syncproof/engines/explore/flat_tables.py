"""The tables of a search as flat arrays of integers, for the compiled inner loop (`kernel.py`).

They hold nothing but copies of what `Tables` has computed. An entry that is missing is computed there, as `expand.py` would
do it, and copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import gt
from typing import Any

import numpy
from numpy.typing import NDArray

from syncproof.engines.explore import kernel
from syncproof.engines.explore.constraint import Within
from syncproof.engines.explore.encoding import SHIFT, State
from syncproof.engines.explore.moves import Offer
from syncproof.engines.explore.packing import BY_ACTOR
from syncproof.engines.explore.tables import Tables
from syncproof.engines.explore.unchanging import Unchanging

Ints = NDArray[numpy.int64]

ROOM = 1 << 12
"""For how many entries, and words of offers, there is room at first."""
WANTED = 64
"""About how many combinations of local states a constraint is asked at once, at most."""


class FlatTables:
    """Arrays that `kernel.advance` reads: `table`, `pool`, `at` (with `base`), `stirs`, `marks` and `loose`; see there."""

    def __init__(self, tables: Tables, within: Within | None = None, unchanging: Unchanging | None = None) -> None:
        self.tables, self.within, self.unchanging = tables, within, unchanging
        self.actors = len(tables.encoding.names)
        self.absorbing = BY_ACTOR * self.actors
        self.judging = self.absorbing + len(tables.slots)
        self.spending = self.judging + 1
        self.combining = self.spending + len(tables.budgets.spent)
        self.present: Ints = numpy.asarray([] if within is None else within.present, dtype=numpy.int64)
        self.wanted: Ints = numpy.zeros((WANTED, self.actors + len(self.present) + 1), dtype=numpy.int64)
        self._removing = self.combining + self.wanted.shape[1]
        self.table: Ints = _empty(ROOM)
        self._entries = 0
        self.pool: Ints = numpy.zeros(ROOM, dtype=numpy.int64)
        self._used = 0
        self.counts: list[int] = []
        """How many values each slot has."""
        self.base: Ints = numpy.zeros(len(tables.slots), dtype=numpy.int64)
        self.at: Ints = numpy.zeros((3, 0), dtype=numpy.int64)
        self._room = [0 for _ in tables.slots]
        self.stirs: NDArray[numpy.bool_] = numpy.zeros(0, dtype=bool)
        self.marks: Ints = numpy.zeros(0, dtype=numpy.int64)
        self._values = [slot.values for slot in tables.slots]
        self._counted: tuple[int, ...] = ()
        self._pairs: dict[tuple[int, int, int], int] = {}
        self._asked: set[State] = set()
        """The combinations that the constraint was asked about."""
        self.loose: Ints = numpy.zeros(0, dtype=numpy.int64)
        self._fill: dict[int, Callable[[Callable[[], State], int, int, int], None]] = {
            kernel.OFFERS: self._offers,
            kernel.POLL: self._poll,
            kernel.FIRINGS: self._firings,
            kernel.ACCEPTS: self._accepts,
            kernel.SPENT: self._spent,
            kernel.JUDGED: self._judged,
            kernel.REACTION: self._reaction,
            kernel.ABSORBED: self._absorbed,
            kernel.CRASHES: self._crashes,
            kernel.AFFORDS: self._affords,
            kernel.REPLACEMENTS: self._replacements,
            kernel.WITHIN: self._within,
            kernel.REMOVED: self._removed,
        }
        self.follow()
        self._copy()

    def fill(self, asked: int, state: Callable[[], State], a: int, b: int, c: int) -> bool:
        """Compute one missing entry, with this key, that is needed in a state. Return whether it has new values or moves."""
        before = self._counted
        self._fill[asked](state, a, b, c)
        self.follow()
        return self._counted is not before

    def follow(self) -> bool:
        """Make room for values, moves and bundles that are new since the last time; return whether there are any."""
        tables = self.tables
        counted = (tables.encoding.tally.values, len(tables.moves.values), len(tables.judging.marks))
        if counted == self._counted:
            return False
        self._counted = counted
        self.counts = counts = [len(values) for values in self._values]
        if any(map(gt, counts, self._room)):
            self._make_room([max(room, 2 * count) for count, room in zip(counts, self._room, strict=True)])
        stirs, marks = self.tables.moves.stirs, self.tables.judging.marks
        if len(stirs) > len(self.stirs):
            self.stirs = numpy.asarray(stirs, dtype=bool)
        if len(marks) > len(self.marks):
            self.marks = numpy.asarray(marks, dtype=numpy.int64)
        if self.unchanging is not None and len(stirs) > len(self.loose):
            self.loose = numpy.asarray([self.unchanging.wire(move) for move in range(len(stirs))], dtype=numpy.int64)
        return True

    def _make_room(self, room: list[int]) -> None:
        at = numpy.full((3, sum(room)), kernel.UNKNOWN, dtype=numpy.int64)
        base = numpy.cumsum([0, *room[:-1]])
        for old, new, kept in zip(self.base.tolist(), base.tolist(), self._room, strict=True):
            at[:, new : new + kept] = self.at[:, old : old + kept]
        self.at, self.base, self._room = at, base.astype(numpy.int64), room

    # ---- what was computed before

    def _copy(self) -> None:
        """Copy all entries that the tables have."""
        tables = self.tables
        for number, slot in enumerate(tables.slots):
            for value, offers in enumerate(slot.offers):
                if offers is not None:
                    self._offers(_no_state, number, value, 0)
            for value in tables.offers.polls[number]:
                self._poll(_no_state, number, value, 0)
            for value in tables.offers.bounded[number]:
                self._firings(_no_state, number, value, 0)
            self._put_all(self.absorbing + number, tables.queues.absorbed[number])
        for actor in range(self.actors):
            reactions = tables.handlers.react[actor]
            self._put_all(actor, {key: self._reaction_record(*reaction) for key, reaction in reactions.items()})
            self._put_all(self.actors + actor, tables.handlers.accepted[actor])
            afforded = tables.faults.afforded[actor]
            self._put_all(
                6 * self.actors + actor, {environment << SHIFT: value for environment, value in afforded.items()}
            )
            for key, offers in tables.faults.crashes[actor].items():
                self._put_crashes(actor, *tables.faults.crashed(key), key & ((1 << SHIFT) - 1), offers)
            for (local, up, wire, environment), offers in tables.faults.replaced[actor].items():
                self._put_replacements(actor, local, up, wire, environment, offers)
        self._put_all(self.judging, tables.judging.judged)
        for budget, spent in enumerate(tables.budgets.spent):
            self._put_all(self.spending + budget, {environment << SHIFT: rest for environment, rest in spent.items()})

    # ---- one entry each: computed if it is missing, as `expand.py` does it

    def _offers(self, of: Callable[[], State], slot: int, value: int, _: int) -> None:
        found = self.tables.offers.offered(slot, value)
        self.follow()
        self.at[0, self.base[slot] + value] = self._listed(slot, found)

    def _poll(self, of: Callable[[], State], slot: int, value: int, _: int) -> None:
        poll = self.tables.offers.polled(slot, value)
        self.follow()
        where = kernel.NOTHING if poll is None else self._append(self._record(slot, poll))
        self.at[1, self.base[slot] + value] = where

    def _firings(self, of: Callable[[], State], slot: int, value: int, _: int) -> None:
        pairs = self.tables.offers.firings(slot, value)
        self.follow()
        places = [self._append(self._record(slot, offer)) for pair in pairs for offer in pair]
        self.at[2, self.base[slot] + value] = self._append([len(pairs), *places])

    def _accepts(self, of: Callable[[], State], actor: int, local: int, event: int) -> None:
        self._put(self.actors + actor, local, event, int(self.tables.handlers.accepts(actor, local, event)))

    def _spent(self, of: Callable[[], State], budget: int, environment: int, _: int) -> None:
        rest = self.tables.budgets.spent[budget].get(environment)
        rest = self.tables.budgets.spend(environment, budget) if rest is None else rest
        self._put(self.spending + budget, environment, 0, rest)

    def _judged(self, of: Callable[[], State], joint: int, bundle: int, _: int) -> None:
        judging = self.tables.judging
        after = judging.judged.get((joint << SHIFT) | bundle)
        self._put(self.judging, joint, bundle, judging.judge(joint, bundle) if after is None else after)

    def _reaction(self, of: Callable[[], State], actor: int, local: int, event: int) -> None:
        handlers = self.tables.handlers
        found = handlers.react[actor].get((local << SHIFT) | event)
        found = handlers.reacted(actor, local, event) if found is None else found
        self._put(actor, local, event, self._reaction_record(*found))

    def _absorbed(self, of: Callable[[], State], slot: int, value: int, delta: int) -> None:
        queues = self.tables.queues
        after = queues.absorbed[slot].get((value << SHIFT) | delta)
        self._put(self.absorbing + slot, value, delta, queues.absorb(slot, value, delta) if after is None else after)

    def _crashes(self, of: Callable[[], State], actor: int, _: int, __: int) -> None:
        faults, state = self.tables.faults, of()
        wire = faults.own_wire(actor, state)
        self._put_crashes(actor, state[3 * actor], state[3 * actor + 1], wire, faults.crash(actor, state))

    def _affords(self, of: Callable[[], State], actor: int, environment: int, _: int) -> None:
        self._put(6 * self.actors + actor, environment, 0, int(self.tables.faults.affords(actor, environment)))

    def _replacements(self, of: Callable[[], State], actor: int, _: int, __: int) -> None:
        faults, state = self.tables.faults, of()
        wire, offers = faults.own_wire(actor, state), faults.replacements(actor, state)
        self._put_replacements(actor, state[3 * actor], state[3 * actor + 1], wire, state[-1], offers)

    # ---- what a search leaves out

    def _within(self, of: Callable[[], State], count: int, _: int, __: int) -> None:
        """Ask the constraint about combinations of local states; each is a chain of pairs in the table."""
        assert self.within is not None
        last = self.combining + self.wanted.shape[1] - 1
        for row in self.wanted[:count].tolist():
            key = tuple(row[:-1])
            if key not in self._asked:
                self._asked.add(key)
                combined = key[0]
                for part, value in enumerate(key[1:], self.combining + 1):
                    combined = self._pair(part, combined, value)
                self._put(last, combined, 0, int(self.within.at(key)))

    def _removed(self, of: Callable[[], State], slot: int, before: int, after: int) -> None:
        assert self.unchanging is not None
        self._put(self._removing + slot // 3, before, after, int(self.unchanging.only_removed(slot, before, after)))

    # ---- records and keys

    def _put_crashes(self, actor: int, local: int, up: int, wire: int, offers: Sequence[Offer]) -> None:
        pair = self._pair(2 * self.actors + actor, local, up)
        self._put(3 * self.actors + actor, pair, wire, self._listed(3 * actor, offers))

    def _put_replacements(
        self, actor: int, local: int, up: int, wire: int, environment: int, offers: Sequence[Offer]
    ) -> None:
        pair = self._pair(2 * self.actors + actor, local, up)
        pair = self._pair(4 * self.actors + actor, pair, wire)
        self._put(5 * self.actors + actor, pair, environment, self._listed(3 * actor, offers))

    def _pair(self, tag: int, one: int, other: int) -> int:
        """Return the number of a pair of values, which fits into a key as one value does."""
        found = self._pairs.get((tag, one, other))
        if found is None:
            found = self._pairs[tag, one, other] = len(self._pairs)
            if found >> SHIFT:
                raise MemoryError(f"faults were met in more than {found} situations of single actors")
            self._put(tag, one, other, found)
        return found

    def _listed(self, slot: int, offers: Sequence[Offer]) -> int:
        """Append a list of offers to the pool; return its position."""
        return self._append([len(offers), *[word for offer in offers for word in self._record(slot, offer)]])

    def _record(self, slot: int, offer: Offer) -> list[int]:
        move, left, events, budget, guards, sets, deltas, bundle = offer
        pairs = [word for pair in (*sets, *events, *deltas) for word in pair]
        size = kernel.HEAD + len(guards) + len(pairs)
        counts = (len(guards), len(sets), len(events), len(deltas))
        return [size, move, slot, left, budget, bundle, *counts, *guards, *pairs]

    def _reaction_record(self, local: int, deltas: Sequence[tuple[int, int]], bundle: int) -> int:
        return self._append([local, bundle, len(deltas), *[word for delta in deltas for word in delta]])

    def _append(self, words: Sequence[int]) -> int:
        """Append words to the pool; return their position."""
        begin, self._used = self._used, self._used + len(words)
        if self._used > len(self.pool):
            self.pool = numpy.concatenate([self.pool, numpy.zeros(max(len(self.pool), len(words)), dtype=numpy.int64)])
        self.pool[begin : self._used] = words
        return begin

    def _put(self, tag: int, one: int, other: int, value: int) -> None:
        self._entries += 1
        if 4 * self._entries > len(self.table):
            self._more_room()
        kernel.put(self.table, (tag << 2 * SHIFT) | (one << SHIFT) | other, value)

    def _put_all(self, tag: int, entries: dict[int, Any]) -> None:
        """Put entries into the table, which are not there yet; their keys are two numbers of `SHIFT` bits."""
        if not entries:
            return
        keys = numpy.fromiter(entries.keys(), dtype=numpy.int64, count=len(entries)) | (tag << 2 * SHIFT)
        self._entries += len(keys)
        if 4 * self._entries > len(self.table):
            self._more_room()
        kernel.insert(self.table, keys, numpy.fromiter(entries.values(), dtype=numpy.int64, count=len(entries)))

    def _more_room(self) -> None:
        table = self.table.reshape(-1, 2)
        there = table[table[:, 0] != kernel.EMPTY]
        self.table = _empty(2 * self._entries)
        kernel.insert(self.table, there[:, 0].copy(), there[:, 1].copy())


def _no_state() -> State:
    raise AssertionError("only crashes and replacements depend on several slots of a state")


def _empty(entries: int) -> Ints:
    """Return a table with room for so many entries, half empty then."""
    return numpy.full(4 << (entries - 1).bit_length(), kernel.EMPTY, dtype=numpy.int64)


def rows(values: Iterable[Sequence[int]], width: int) -> Ints:
    """Return rows of so many integers as an array."""
    return numpy.asarray(list(values), dtype=numpy.int64).reshape(-1, width)
