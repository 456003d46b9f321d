"""Representatives: which of the states that differ only by an exchange of interchangeable ids is kept.

Every id of a group has a *view* of a state: each slot's value with this id replaced by "self" and the others of its group by
"other". Views do not depend on what the ids are called, so sorting the ids of a group by their views, and renaming them in
that order, gives the same state for all states that differ only by an exchange. That takes n log n comparisons for n ids.

Ids with equal views are mostly exchangeable in this state, which is checked; otherwise the order of the ids with equal
views is tried in every way, and the smallest state is kept. Where there are more than `TIES_AT_MOST` such orders, the
first one is kept. Any of them is a renaming of the state, so that is sound: it only keeps more states than necessary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise, permutations, product
from math import factorial, prod
from typing import Any

from syncproof.core.same import parts
from syncproof.core.values import ActorId, ConnectionId, Id
from syncproof.engines.explore.encoding import ABSENT, NO_POLL, State
from syncproof.engines.explore.judging import COMPLAINED
from syncproof.engines.explore.renaming import StateRenaming, as_set, renaming
from syncproof.engines.explore.tables import Tables

TIES_AT_MOST = 720
"""How many orders of ids with equal views are tried for one state."""

Vector = tuple[int, ...] | None
"""For each id the number of its view of a slot's value; None if the value names none of the ids but its owner."""
Order = tuple[int, ...]
"""For each place the position of the id that is renamed to that place's id."""


class Representatives:
    """The states that are kept. `members`: the interchangeable ids, group after group."""

    def __init__(self, tables: Tables, groups: Sequence[Sequence[Id]], kinds: frozenset[type]) -> None:
        self.tables = tables
        self.encoding = tables.encoding
        self.kinds = kinds
        self.members = [member for group in groups for member in group]
        self._group = [number for number, group in enumerate(groups) for _ in group]
        self._ranges: list[range] = []
        for group in groups:
            begin = self._ranges[-1].stop if self._ranges else 0
            self._ranges.append(range(begin, begin + len(group)))
        self._owned = [self._slots(member) for member in self.members]
        owned = {slot for slots in self._owned for slot in slots}
        self._shared = [slot for slot in range(len(tables.slots)) if slot not in owned]
        self._owner = {slot: member for member, slots in enumerate(self._owned) for slot in slots}
        self._views: list[dict[int, tuple[int, Vector]]] = [{} for _ in tables.slots]
        self._numbers: dict[str, int] = {}
        self._renamings: dict[Order, StateRenaming] = {}
        self._known: dict[State, State] = {}

    def _slots(self, member: Id) -> range:
        """Return the slots of the actor that an id names; none for an id of another class, whatever its number."""
        actors = [n for n, name in enumerate(self.encoding.names) if name == member and type(name) is type(member)]
        return range(3 * actors[0], 3 * actors[0] + 3) if actors else range(0)

    def __call__(self, state: State) -> State:
        """Return the state that is kept instead of this one."""
        found = self._known.get(state)
        if found is None:
            found = self._known[state] = self.renaming(state).state(state)
        return found

    def renaming(self, state: State) -> StateRenaming:
        """Return the renaming that makes the state that is kept of this one."""
        keys, vectors = self._keys(state)
        sorted_groups = [sorted(positions, key=keys.__getitem__) for positions in self._ranges]
        order = tuple([position for group in sorted_groups for position in group])
        ties = [list(tied) for group in sorted_groups for _, tied in groupby(group, key=keys.__getitem__)]
        if all(self._exchangeable(state, vectors, a, b) for tied in ties for a, b in pairwise(tied)):
            return self._of(order)
        if prod([factorial(len(tied)) for tied in ties]) > TIES_AT_MOST:
            return self._of(order)
        return min([self._of(each) for each in _orders(ties)], key=lambda renaming: renaming.state(state))

    def _of(self, order: Order) -> StateRenaming:
        """Return the renaming of the ids, which are in this order, to the ids of the places."""
        found = self._renamings.get(order)
        if found is None:
            names = renaming([(self.members[old], self.members[new]) for new, old in enumerate(order)])
            found = self._renamings[order] = StateRenaming(self.tables, names, self.kinds)
        return found

    def _keys(self, state: State) -> tuple[list[Any], list[int]]:
        """Return each id's view of the whole state, and the slots whose value names an id that does not own it."""
        slots = []
        plain: list[tuple[int, ...]] = []
        for slot in self._shared:
            vector = self._view(slot, state[slot])[1]
            if vector is not None:
                plain.append(vector)
                slots.append(slot)
        owns, crossing = [], []
        for owned in self._owned:
            own = []
            for slot in owned:
                number, vector = self._view(slot, state[slot])
                own.append(number)
                if vector is not None:
                    crossing.append(vector)
                    slots.append(slot)
            owns.append(own)
        for member, own in enumerate(owns):
            own += [vector[member] for vector in plain]
            if crossing:
                own += sorted([vector[member] for vector in crossing])
        return owns, slots

    def _view(self, slot: int, index: int) -> tuple[int, Vector]:
        """Return the number of its owner's view of a slot's value, and the views of all ids if it names one but its owner."""
        found = self._views[slot].get(index)
        if found is None:
            found = self._views[slot][index] = self._viewed(slot, index)
        return found

    def _viewed(self, slot: int, index: int) -> tuple[int, Vector]:
        owner = self._owner.get(slot)
        value = self._plain(slot, index)
        own = self._number(slot % 3, value, owner)
        if not self._named(value) - {owner}:
            return own, None
        return own, tuple([self._number(slot % 3, value, member) for member in range(len(self.members))])

    def _number(self, part: int, value: Any, member: int | None) -> int:
        seen = repr((part, self._seen_by(value, member)))
        return self._numbers.setdefault(seen, len(self._numbers))

    def _plain(self, slot: int, index: int) -> Any:
        """Return a slot's value without indices, so that ids in it are seen."""
        value = self.tables.slots[slot].values[index]
        packets, states = self.encoding.packets.values, self.tables.judging.states
        if slot == self.encoding.judge_slot:
            return [None if s == COMPLAINED else states[n].values[s] for n, s in enumerate(value)]
        if slot == self.encoding.environment_slot:
            scripts = zip(self.tables.environment.scripts, value.scripts, strict=True)
            return [frozenset(scripts), value.appeared, value.budgets]
        if slot % 3 == 0:
            return value
        if slot % 3 == 1:
            if index <= ABSENT:
                return value
            operations = frozenset(
                [(packets[p], write, value.operations.count((p, write))) for p, write in value.operations]
            )
            timers = frozenset([packets[p] for p in value.timers])
            return [operations, timers, None if value.poll == NO_POLL else packets[value.poll]]
        ends = [
            [e.number, e.client_open, e.server_open, [packets[p] for p in e.up], [packets[p] for p in e.down]]
            for e in value.connections
        ]
        loose: list[tuple[int, int]] = []
        queued: dict[int, list[Any]] = {}
        for source, packet in value.mail:
            if self.encoding.system.link(packets[packet]).order == "ordered":
                queued.setdefault(source, []).append(packets[packet])
            else:
                loose.append((source, packet))
        source_of = self.encoding.source
        counted = frozenset([(source_of(source), packets[p], loose.count((source, p))) for source, p in loose])
        queues = frozenset([(source_of(source), tuple(queue)) for source, queue in queued.items()])
        return [value.opened, ends, counted, queues]

    def _named(self, value: Any) -> set[int | None]:
        """Return which of the ids occur in a value."""
        if type(value) is ConnectionId:
            return {n for n, m in enumerate(self.members) if isinstance(m, ActorId) and int(m) == value.client}
        if type(value) in self.kinds:
            return {n for n, m in enumerate(self.members) if m == value and type(m) is type(value)}
        return {found for part in _parts(value) for found in self._named(part)}

    def _seen_by(self, value: Any, member: int | None) -> Any:
        """Return a value with an id replaced by "self" and the others of its group by "other"."""
        kind = type(value)
        if kind is ConnectionId or kind in self.kinds:
            for number in self._named(value):
                assert number is not None
                who = "self" if number == member else f"other {self._group[number]}"
                return (who, value.count) if kind is ConnectionId else (who,)
            return value
        inside = _parts(value)
        if not inside:
            return value
        if kind is tuple and value[0] is dict:
            pairs = [[self._seen_by(key, member), self._seen_by(item, member)] for key, item in value[1:]]
            return [dict, *sorted(pairs, key=repr)]
        seen = [self._seen_by(part, member) for part in inside]
        unordered = isinstance(value, frozenset) or (kind is tuple and (value[0] is set or as_set(value, self.kinds)))
        return [kind.__name__, *(sorted(seen, key=repr) if unordered else seen)]

    def _exchangeable(self, state: State, slots: Sequence[int], one: int, other: int) -> bool:
        """Return whether exchanging two ids of equal views leaves a state as it is.

        `slots`: those whose value names an id that does not own it; the others are the same by the views.
        """
        if not slots:
            return True
        order = list(range(len(self.members)))
        order[one], order[other] = order[other], order[one]
        exchange = self._of(tuple(order))
        return all(exchange.slot(slot, state[slot]) == state[exchange.target[slot]] for slot in slots)


def _orders(ties: Sequence[Sequence[int]]) -> Iterator[Order]:
    """Yield every order of ids that keeps the order of the ties."""
    for choice in product(*[permutations(tied) for tied in ties]):
        yield tuple([position for tied in choice for position in tied])


def _parts(value: Any) -> Sequence[Any]:
    """Return the parts of a value that may have ids in them."""
    return value if isinstance(value, list) else parts(value) or ()
