"""Interchangeable actors: of all states that differ only in who is who, one is kept.

A system says which ids are interchangeable; every permutation of a group renames them wherever they occur, in local
states, packets, connections, mail and properties' automata (that is why ids are typed). The reduction is sound only if
everything that can happen treats the ids alike, and that is checked at the end of a search, not believed. Each of these,
as often as it was met, is done again with everything renamed, and must give the renamed result:

- a handler's call, those of writes that land in a crash too, and the steps that an actor offers;
- an automaton's reaction to what a handler call observed, in the order in which the renamed call observes it, and what
  it would say at quiescence: the same complaint or none (the words may name other ids).

What the environment may do must be the same under every renaming, and so must be how everything begins.

**Normal form.** A tuple of nothing but interchangeable ids is taken for a set (a user's devices, an audience): renaming
puts it into order. That is no belief either: a tuple that was ever met out of order ends in `NotSymmetric`, and so does
a handler to which it matters who comes first.

Fairness speaks of each actor by itself ("device 2's timer is taken"), and in a reduced graph a cycle may come back with
the actors exchanged, which would make one actor's turns pass for another's. So liveness is not judged on it; see
Emerson and Sistla, "Utilizing symmetry when model-checking under fairness assumptions", 1997, for what that would take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations, product
from typing import Any

import msgspec

from syncproof.core.actor import freeze, thaw
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, Id
from syncproof.engines.explore.tables import ABSENT, SHIFT, SINK, Effects, State, Tables
from syncproof.properties import Property

Renaming = Mapping[Id, Id]


class NotSymmetric(Exception):
    """The ids that were declared interchangeable are not: the message says who treats them differently."""


def renamed(value: Any, names: Renaming, kinds: frozenset[type]) -> Any:
    """The value with ids renamed wherever they occur; what has no order of its own is brought into order again."""
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


class Symmetry:
    """Canonical states under the permutations of each group of `groups`.

    Raises `NotSymmetric` if they begin differently; `verify`, called at the end of a search, if they were ever treated
    differently.
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
        self._observed: dict[tuple[int, int], set[tuple[Observation, ...]]] = {}
        self._agree_on_environment()
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

    def _agree_on_environment(self) -> None:
        """Interventions come with their like for every other id; whoever appears later is nobody's like."""
        around = self.tables.environment
        told = sorted(map(repr, around.interventions))
        for names in self.renamings:
            others = [(renamed(tell, names, self.kinds), fault) for tell, fault in around.interventions]
            if sorted(map(repr, others)) != told:
                raise NotSymmetric(
                    "what may be told at any moment is not the same for the ids that are interchangeable"
                )
            for spawn in around.newcomers:
                if renamed(spawn, names, self.kinds) != spawn:
                    raise NotSymmetric(f"{spawn!r} singles an interchangeable id out; search without symmetry")

    def verify(self) -> None:
        """Whatever was met, done again with everything renamed, gives the renamed result. Raises `NotSymmetric`."""
        tables = self.tables
        self._in_order()
        for actor, table in enumerate(tables.react):
            for key, (_, _, obs) in list(table.items()):
                local, event = key >> SHIFT, key & ((1 << SHIFT) - 1)
                _, source, packet = tables.events.values[event]
                self._compare(actor, tables.slots[3 * actor].values[local], source, packet, obs)
        for actor, crashes in enumerate(tables.crashes):
            for key in list(crashes):
                pending = (key >> SHIFT) & ((1 << SHIFT) - 1)
                if pending > ABSENT:
                    operations = tables.slots[3 * actor + 1].values[pending][0]
                    writes = tuple([tables.packets.values[packet] for packet, is_write in operations if is_write])
                    self._land(actor, tables.slots[3 * actor].values[key >> 2 * SHIFT], writes)
        for actor, thing in enumerate(tables.actors):
            if thing.offers_steps:
                self._steps(actor)
        for obs in range(len(tables.bundles.values)):
            # Crashes and connections observe without a handler, always in the order of the move.
            for number, names in enumerate(self.renamings):
                told = tuple([renamed(o, names, self.kinds) for o in tables.bundles.values[obs]])
                self._observed.setdefault((number, obs), set()).add(told)
        for automaton in range(len(tables.automata)):
            self._judge(automaton)

    def _in_order(self) -> None:
        """Every value is in its normal form; else renaming there and back would not lead to where it began."""
        tables = self.tables
        values = [v for slot in range(0, tables.judge_slot, 3) for v in tables.slots[slot].values]
        values += tables.packets.values
        values += [v for names in tables.states for v in names.values]
        for value in values:
            if value is not None and renamed(value, {}, self.kinds) != value:
                raise NotSymmetric(
                    "interchangeable ids are kept in an order that is not always the same, so who comes first may "
                    f"matter: {value!r}; keep them in a set or in order, or search without symmetry"
                )

    def _mirrored(self, number: int, actor: int) -> int:
        return self._slots[number][3 * actor] // 3

    def _land(self, actor: int, local: Any, writes: tuple[Packet, ...]) -> None:
        name = self.tables.names[actor]
        for index, packet in enumerate(writes):
            self._compare(actor, local, name, packet)
            after, _ = self.tables.run(actor, local, name, packet)
            self._land(actor, after, writes[:index] + writes[index + 1 :])

    def _steps(self, actor: int) -> None:
        tables = self.tables

        def steps(which: int, local: Any) -> list[str]:
            tables.actors[which].restore(local)
            return sorted([repr(packet) for packet in tables.actors[which].steps()])

        for local in list(tables.slots[3 * actor].values):
            tables.actors[actor].restore(local)
            offered = list(tables.actors[actor].steps())
            for number, names in enumerate(self.renamings):
                expected = sorted([repr(renamed(packet, names, self.kinds)) for packet in offered])
                if steps(self._mirrored(number, actor), renamed(local, names, self.kinds)) != expected:
                    self._refuse(f"{tables.names[actor]!r} ({type(tables.actors[actor]).__name__})", "offering steps")

    def _compare(self, actor: int, local: Any, source: Id, packet: Any, obs: int | None = None) -> None:
        tables, kinds = self.tables, self.kinds
        after, out = tables.run(actor, local, source, packet)
        for number, names in enumerate(self.renamings):
            after_too, out_too = tables.run(
                self._mirrored(number, actor),
                renamed(local, names, kinds),
                renamed(source, names, kinds),
                renamed(packet, names, kinds),
            )
            if renamed(after, names, kinds) != after_too or _effects(out, names, kinds) != _effects(out_too, {}, kinds):
                who = f"{tables.names[actor]!r} ({type(tables.actors[actor]).__name__})"
                self._refuse(who, f"handling {packet!r}")
            if obs is not None:
                self._observed.setdefault((number, obs), set()).add(tables.wanted(out_too.observations))

    def _refuse(self, who: str, doing: str) -> None:
        raise NotSymmetric(
            f"{who} treats the ids that are declared interchangeable differently, {doing}; declare fewer ids, or "
            "search without symmetry"
        )

    def _judge(self, number: int) -> None:
        """One property's automaton: every reaction that was met, and what it would say if nothing more happened."""
        tables = self.tables
        states = tables.states[number]
        joints = tables.slots[tables.judge_slot].values
        bundles = tables.bundles.values
        met = {(joints[key >> SHIFT][number], key & ((1 << SHIFT) - 1)) for key in tables.judged}
        listened = tables.automata[number].reactions
        who = f"the property {tables.automata[number].name}"
        for before, obs in sorted(met):
            told = [o for o in bundles[obs] if type(o) in listened]
            if before == SINK or not told:
                continue
            after = self._told(number, states.values[before], told)
            for renaming, names in enumerate(self.renamings):
                expected = after if after is None else renamed(after, names, self.kinds)
                image = renamed(states.values[before], names, self.kinds)
                for other in sorted(self._observed[renaming, obs], key=repr):
                    if self._told(number, image, other) != expected:
                        self._refuse(who, f"observing {told!r}")
        for image in list(states.values):
            lines = _lines(image)
            if any(_lines(renamed(image, names, self.kinds)) != lines for names in self.renamings):
                self._refuse(who, "at quiescence")

    def _told(self, number: int, image: Any, observations: Sequence[Observation]) -> Any:
        """The automaton after the observations; None once it complains."""
        automaton = thaw(image)
        reactions = self.tables.automata[number].reactions
        for observation in observations:
            method = reactions.get(type(observation))
            if method is not None and getattr(automaton, method)(observation) is not None:
                return None
        return freeze(automaton)


def _lines(image: Any) -> int:
    automaton: Property = thaw(image)
    return len(list(automaton.at_quiescence()))


def _effects(out: Effects, names: Renaming, kinds: frozenset[type]) -> tuple[Any, ...]:
    """What a call asked for, renamed, in an order that tells apart only what engines tell apart.

    What is sent to one receiver keeps its order, and so does what is done to one timer; what is observed does not, for
    automata are asked about each order that there is.
    """
    sends = [
        (repr(renamed(receiver, names, kinds)), repr(renamed(packet, names, kinds))) for receiver, packet in out.sends
    ]
    pending = [(what, repr(renamed(packet, names, kinds))) for what, packet in out.pending]
    polls = [packet for what, packet in pending if what in ("poll", "cancel")]
    return (
        sorted(sends, key=lambda send: send[0]),
        sorted(pending, key=lambda change: change[1]),
        polls,
        sorted([repr(renamed(observation, names, kinds)) for observation in out.observations]),
    )
