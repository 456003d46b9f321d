"""Interchangeable actors: of all states that differ only in who is who, one is kept.

A system says which ids are interchangeable; every permutation of a group renames them wherever they occur, in local
states, packets, connections and mail (that is why ids are typed). The reduction is sound only if handlers treat the ids
alike, and that is checked, not believed: whenever a handler runs for the first time in some state, it is also run with the
renamed state and packet and must do the renamed thing.

Fairness speaks of each actor by itself ("device 2's timer is taken"), and in a reduced graph a cycle may come back with
the actors exchanged, which would make one actor's turns pass for another's. So liveness is not judged on it; see
Emerson and Sistla, "Utilizing symmetry when model-checking under fairness assumptions", 1997, for what that would take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations, product
from typing import Any

import msgspec

from syncproof.actor import ConnectionId, Id
from syncproof.engines.explore.tables import SHIFT, SINK, State, Tables

Renaming = Mapping[Id, Id]


class NotSymmetric(Exception):
    """The ids that were declared interchangeable are not: the message says who treats them differently."""


def renamed(value: Any, names: Renaming, kinds: frozenset[type]) -> Any:
    """The value with ids renamed wherever they occur; images of dicts and sets are brought into order again."""
    kind = type(value)
    if kind is ConnectionId:
        for old, new in names.items():
            if int(old) == value.client:
                return ConnectionId.of(int(new), value.count)
        return value
    if kind in kinds:
        return names.get(value, value)
    if kind is tuple:
        items = tuple([renamed(item, names, kinds) for item in value])
        if items and items[0] in (dict, set):
            return (items[0], *sorted(items[1:]))
        return items
    if isinstance(value, msgspec.Struct):
        fields = {name: renamed(getattr(value, name), names, kinds) for name in value.__struct_fields__}
        return kind(**fields)
    return value


class Symmetry:
    """Canonical states under the permutations of each group of `groups`.

    Raises `NotSymmetric` as soon as a handler is seen to treat two of them differently, at the latest when `verify` is
    called at the end of a search.
    """

    def __init__(self, tables: Tables, groups: Sequence[Sequence[Id]]) -> None:
        self.tables = tables
        self.kinds = frozenset(type(i) for group in groups for i in group)
        self.renamings: list[dict[Id, Id]] = []
        if tables.upsettable:
            raise NotSymmetric("backups and reinstalls single actors out; search without symmetry")
        for choice in product(*[permutations(group) for group in groups]):
            names = {
                old: new
                for group, order in zip(groups, choice, strict=True)
                for old, new in zip(group, order, strict=True)
            }
            if any(old != new for old, new in names.items()):
                self.renamings.append(names)
        self._slots = [self._permuted(names) for names in self.renamings]
        self._values: list[list[dict[int, int]]] = [[{} for _ in tables.slots] for _ in self.renamings]
        self._known: dict[State, State] = {}
        for number in range(len(self.renamings)):
            if self._rename(number, tables.initial) != tables.initial:
                all_of_them = ", ".join(repr(i) for group in groups for i in group)
                raise NotSymmetric(f"{all_of_them} are not interchangeable: they begin differently")

    def _permuted(self, names: Renaming) -> list[int]:
        """Where each slot's value goes."""
        place = self.tables.place
        order = list(range(len(self.tables.slots)))
        for old, new in names.items():
            if old in place and type(old) is type(self.tables.names[place[old]]):  # type: ignore[index]
                for part in range(3):
                    order[3 * place[old] + part] = 3 * place[new] + part  # type: ignore[index]
        return order

    def canonical(self, state: State) -> State:
        """The least of the states that renaming makes of this one."""
        return min([state, *[self._rename(number, state) for number in range(len(self.renamings))]])

    def _rename(self, number: int, state: State) -> State:
        after = list(state)
        for slot, target in enumerate(self._slots[number]):
            value = self._values[number][slot].get(state[slot])
            after[target] = self._renamed(number, slot, target, state[slot]) if value is None else value
        return tuple(after)

    def _renamed(self, number: int, slot: int, target: int, index: int) -> int:
        tables, names, kinds = self.tables, self.renamings[number], self.kinds
        value = tables.slots[slot].values[index]
        if slot == tables.judge_slot:
            value = tuple(
                [
                    s if s == SINK else tables.states[n](renamed(tables.states[n].values[s], names, kinds))
                    for n, s in enumerate(value)
                ]
            )
        elif slot == tables.environment_slot:
            value = self._environment(value, names)
        elif slot % 3 == 0:
            value = renamed(value, names, kinds)
        elif slot % 3 == 1:
            if value is not None and value != "absent":
                operations, timers, poll = value
                value = (
                    tuple(sorted([(self._packet(p, names), w) for p, w in operations])),
                    tuple(sorted([self._packet(p, names) for p in timers])),
                    poll if poll < 0 else self._packet(poll, names),
                )
        else:
            count, connections, mail = value
            ends = [
                (n, c, s, tuple([self._packet(p, names) for p in up]), tuple([self._packet(p, names) for p in down]))
                for n, c, s, up, down in connections
            ]
            order: tuple[tuple[int, int], ...] = ()
            for source, packet in mail:
                order = tables.put(order, int(names.get(tables.source(source), source)), self._packet(packet, names))
            value = (count, tuple(ends), order)
        found = self._values[number][slot][index] = tables.intern(target, value)
        return found

    def _packet(self, packet: int, names: Renaming) -> int:
        return self.tables.packets(renamed(self.tables.packets.values[packet], names, self.kinds))

    def _environment(self, value: Any, names: Renaming) -> Any:
        """Scripts follow the actors whom they tell."""
        scripts, appeared, budgets, kept = value
        told = [renamed(script, names, self.kinds) for script in self.tables.environment.scripts]
        try:
            order = [self.tables.environment.scripts.index(script) for script in told]
        except ValueError:
            raise NotSymmetric("the scripts are not the same for the ids that are declared interchangeable") from None
        moved = list(scripts)
        for old, new in enumerate(order):
            moved[new] = scripts[old]
        return tuple(moved), appeared, budgets, kept

    def verify(self) -> None:
        """Every handler call that was met, made again with renamed state and packet, does the renamed thing."""
        tables = self.tables
        for actor, table in enumerate(tables.react):
            for key in list(table):
                local, event = key >> SHIFT, key & ((1 << SHIFT) - 1)
                _, source, packet = tables.events.values[event]
                for number, names in enumerate(self.renamings):
                    self._compare(number, names, actor, local, source, packet)

    def _compare(self, number: int, names: Renaming, actor: int, local: int, source: Id, packet: Any) -> None:
        tables, kinds = self.tables, self.kinds
        other = self._slots[number][3 * actor] // 3
        mirrored = renamed(tables.slots[3 * actor].values[local], names, kinds)
        after, out = tables.run(actor, tables.slots[3 * actor].values[local], source, packet)
        after_too, out_too = tables.run(other, mirrored, renamed(source, names, kinds), renamed(packet, names, kinds))
        same = renamed(after, names, kinds) == after_too and all(
            sorted(map(repr, renamed(tuple(one), names, kinds))) == sorted(map(repr, two))
            for one, two in zip(out.outcome(), out_too.outcome(), strict=True)
        )
        if not same:
            raise NotSymmetric(
                f"{tables.names[actor]!r} ({type(tables.actors[actor]).__name__}) treats the ids that are declared "
                f"interchangeable differently, handling {packet!r}; declare fewer ids, or search without symmetry"
            )
