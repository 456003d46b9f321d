"""Renaming of interchangeable ids in values and in states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import attrs
import msgspec

from syncproof.core.order import in_order, pairs_in_order
from syncproof.core.same import has_parts
from syncproof.core.values import ActorId, ConnectionId, Id
from syncproof.engines.explore.encoding import ABSENT, NO_POLL, Ends, Inbound, Left, Pending, State, Wire
from syncproof.engines.explore.judging import COMPLAINED
from syncproof.engines.explore.tables import Tables

Renaming = Mapping[type, Mapping[Id, Id]]
"""For each class of ids the new names of its ids: ids of different classes may have equal numbers."""


def renaming(names: Iterable[tuple[Id, Id]]) -> Renaming:
    """Return the renaming of each first id to the second one, which is of the same class."""
    found: dict[type, dict[Id, Id]] = {}
    for old, new in names:
        found.setdefault(type(old), {})[old] = new
    return found


def as_set(value: tuple[Any, ...], kinds: frozenset[type]) -> bool:
    """Return whether a tuple counts as a set: it consists of ids of one class that has interchangeable ids."""
    return bool(value) and type(value[0]) in kinds and all(type(item) is type(value[0]) for item in value)


class NotSymmetric(Exception):
    """The ids that were declared interchangeable are not; the message says what treats them differently."""


def renamed(value: Any, names: Renaming, kinds: frozenset[type]) -> Any:
    """Return the value with ids renamed wherever they occur; dicts, sets and tuples of such ids are sorted again."""
    kind = type(value)
    if kind is ConnectionId:
        for of, ids in names.items():
            client = ids.get(value.client) if issubclass(of, ActorId) else None
            if client is not None:
                return ConnectionId.of(int(client), value.count)
        return value
    if kind in kinds:
        return names[kind].get(value, value) if kind in names else value
    if kind is tuple:
        if value and value[0] is dict:
            items = [(renamed(key, names, kinds), renamed(item, names, kinds)) for key, item in value[1:]]
            return (dict, *pairs_in_order(items))
        inside = [renamed(item, names, kinds) for item in value]
        if value and value[0] is set:
            return (set, *in_order(inside[1:]))
        return tuple(sorted(inside) if as_set(value, kinds) else inside)
    if isinstance(value, frozenset):  # filled in one order, so that equal ones are printed alike
        return kind(in_order([renamed(item, names, kinds) for item in value]))
    return _with_parts_renamed(value, names, kinds) if has_parts(kind) else value


def _with_parts_renamed(value: Any, names: Renaming, kinds: frozenset[type]) -> Any:
    """Return a value of a class that declares its fields with the ids in them renamed.

    A tuple of a class that is no named tuple stays as it is: nobody knows how another one is made.
    """
    kind = type(value)
    if isinstance(value, msgspec.Struct):
        return kind(**{name: renamed(getattr(value, name), names, kinds) for name in value.__struct_fields__})
    if isinstance(value, tuple):
        return kind._make([renamed(item, names, kinds) for item in value]) if hasattr(kind, "_make") else value
    if attrs.has(kind):
        return attrs.evolve(
            value, **{f.alias: renamed(getattr(value, f.name), names, kinds) for f in attrs.fields(kind) if f.init}
        )
    return replace(value, **{f.name: renamed(getattr(value, f.name), names, kinds) for f in fields(value) if f.init})


class StateRenaming:
    """One renaming of the states of a search. `target[slot]`: the slot to which it moves that slot's value."""

    def __init__(self, tables: Tables, names: Renaming, kinds: frozenset[type]) -> None:
        self.tables = tables
        self.encoding = tables.encoding
        self.names = names
        self.kinds = kinds
        self.target = self._targets()
        self._values: list[dict[int, int]] = [{} for _ in tables.slots]
        self._events: dict[int, int] = {}
        self._bundles: dict[int, int] = {}
        self._states: list[dict[int, int]] = [{} for _ in tables.judging.automata]

    def _targets(self) -> list[int]:
        place = self.encoding.place
        order = list(range(len(self.tables.slots)))
        for kind, ids in self.names.items():
            for old, new in ids.items():
                if old in place and kind is type(self.encoding.names[place[old]]):  # type: ignore[index]
                    for part in range(3):
                        order[3 * place[old] + part] = 3 * place[new] + part  # type: ignore[index]
        return order

    def of(self, value: Any) -> Any:
        """Return a value with its ids renamed."""
        return renamed(value, self.names, self.kinds)

    def actor(self, number: int) -> int:
        """Return the actor that takes the place of this one."""
        return self.target[3 * number] // 3

    def state(self, state: State) -> State:
        """Return a state with its ids renamed."""
        after = list(state)
        for slot, (target, values) in enumerate(zip(self.target, self._values, strict=True)):
            value = values.get(state[slot])
            after[target] = self.slot(slot, state[slot]) if value is None else value
        return tuple(after)

    def slot(self, slot: int, index: int) -> int:
        """Return the index, in the slot to which it moves, of a slot's value with its ids renamed."""
        found = self._values[slot].get(index)
        if found is not None:
            return found
        value = self.tables.slots[slot].values[index]
        if slot == self.encoding.judge_slot:
            value = self._automata(value)
        elif slot == self.encoding.environment_slot:
            value = self._left(value)
        elif slot % 3 == 0:
            value = self.of(value)
        elif slot % 3 == 1:
            value = self._pending(value) if index > ABSENT else value
        else:
            value = self._wire(value)
        found = self._values[slot][index] = self.tables.slots[self.target[slot]].intern(value)
        return found

    def event(self, number: int) -> int:
        """Return the number of an event with its ids renamed."""
        found = self._events.get(number)
        if found is None:
            source, packet = self.encoding.events[number]
            found = self._events[number] = self.encoding.event(self.of(source), self.of(packet))
        return found

    def bundle(self, number: int) -> int:
        """Return the number of a bundle of observations with their ids renamed, in the same order."""
        found = self._bundles.get(number)
        if found is None:
            judging = self.tables.judging
            found = self._bundles[number] = judging.bundle([self.of(o) for o in judging.bundles.values[number]])
        return found

    def automaton(self, number: int, state: int) -> int:
        """Return the number of an automaton's state with its ids renamed."""
        if state == COMPLAINED:
            return state
        found = self._states[number].get(state)
        if found is None:
            states = self.tables.judging.states[number]
            found = self._states[number][state] = states.intern(self.of(states.values[state]))
        return found

    def _automata(self, value: tuple[int, ...]) -> tuple[int, ...]:
        return tuple([self.automaton(number, state) for number, state in enumerate(value)])

    def _pending(self, value: Pending) -> Pending:
        return Pending(
            tuple(sorted([(self._packet(packet), is_write) for packet, is_write in value.operations])),
            tuple(sorted([self._packet(packet) for packet in value.timers])),
            value.poll if value.poll == NO_POLL else self._packet(value.poll),
        )

    def _wire(self, value: Wire) -> Wire:
        ends = [
            Ends(e.number, e.client_open, e.server_open, self._packets(e.up), self._packets(e.down))
            for e in value.connections
        ]
        mail: Inbound = ()
        for source, packet in value.mail:
            sender = int(self.of(self.encoding.source(source)))
            mail = self.encoding.put(mail, sender, self._packet(packet))
        return Wire(value.opened, tuple(ends), mail)

    def _packet(self, packet: int) -> int:
        return self.encoding.packets.intern(self.of(self.encoding.packets.values[packet]))

    def _packets(self, packets: Sequence[int]) -> tuple[int, ...]:
        return tuple([self._packet(packet) for packet in packets])

    def _left(self, value: Left) -> Left:
        """Return what the environment has left; the position in a script moves to the script of the renamed actor."""
        scripts = [self.of(script) for script in self.tables.environment.scripts]
        try:
            order = [self.tables.environment.scripts.index(script) for script in scripts]
        except ValueError:
            raise NotSymmetric("the scripts are not the same for the ids that are declared interchangeable") from None
        moved = list(value.scripts)
        for old, new in enumerate(order):
            moved[new] = value.scripts[old]
        return value._replace(scripts=tuple(moved))
