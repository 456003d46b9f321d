"""Renaming of interchangeable ids in values and in states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from syncproof.core.values import ActorId, ConnectionId, Id
from syncproof.engines.explore.encoding import ABSENT, NO_POLL, Ends, Inbound, Left, Pending, State, Wire
from syncproof.engines.explore.judging import COMPLAINED
from syncproof.engines.explore.tables import Tables

Renaming = Mapping[Id, Id]


class NotSymmetric(Exception):
    """The ids that were declared interchangeable are not; the message says what treats them differently."""


def renamed(value: Any, names: Renaming, kinds: frozenset[type]) -> Any:
    """Return the value with ids renamed wherever they occur; dicts, sets and tuples of such ids are sorted again."""
    kind = type(value)
    if kind is ConnectionId:
        for old, new in names.items():
            if isinstance(old, ActorId) and int(old) == value.client:
                return ConnectionId.of(int(new), value.count)
        return value
    if kind in kinds:
        return names.get(value, value)
    if kind is tuple:
        items = tuple([renamed(item, names, kinds) for item in value])
        if items and items[0] in (dict, set):
            return (items[0], *sorted(items[1:]))
        if len(items) > 1 and all(type(item) in kinds for item in items):
            return tuple(sorted(items))
        return items
    if isinstance(value, msgspec.Struct):
        fields = {name: renamed(getattr(value, name), names, kinds) for name in value.__struct_fields__}
        return kind(**fields)
    return value


class StateRenaming:
    """One renaming of the states of a search. `target[slot]`: the slot to which it moves that slot's value."""

    def __init__(self, tables: Tables, names: Renaming, kinds: frozenset[type]) -> None:
        self.tables = tables
        self.encoding = tables.encoding
        self.names = names
        self.kinds = kinds
        self.target = self._targets()
        self._values: list[dict[int, int]] = [{} for _ in tables.slots]

    def _targets(self) -> list[int]:
        place = self.encoding.place
        order = list(range(len(self.tables.slots)))
        for old, new in self.names.items():
            if old in place and type(old) is type(self.encoding.names[place[old]]):  # type: ignore[index]
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

    def _automata(self, value: tuple[int, ...]) -> tuple[int, ...]:
        states = self.tables.judging.states
        return tuple(
            [s if s == COMPLAINED else states[n].intern(self.of(states[n].values[s])) for n, s in enumerate(value)]
        )

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
            sender = int(self.names.get(self.encoding.source(source), source))
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
