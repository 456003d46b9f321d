"""Symmetry reduction: of all states that differ only by exchanging interchangeable ids, one is kept.

A system says which ids are interchangeable; every permutation of a group renames them wherever they occur, in local
states, packets, connections, mail and properties' automata (that is why ids are typed). The reduction is sound only if
everything that can happen treats the ids alike, and this is checked at the end of a search. Each of these that was met
is done again with everything renamed, and must give the renamed result:

- every handler call, also those of writes that land in a crash, and the steps that an actor offers;
- every reaction of an automaton to the observations of a handler call, in the order in which the renamed call makes
  them, and its judgement at quiescence: as many complaints (whose texts may name other ids).

What the environment may do, and the first state, must be the same under every renaming.

**Normal form.** A tuple of only interchangeable ids is treated as a set (a user's devices, an audience): renaming sorts
it. This is checked too: a tuple that was ever met out of order raises `NotSymmetric`, and so does a handler whose result
depends on which id comes first.

Fairness is about each actor separately ("device 2's timer fires"), and in a reduced graph a cycle may return with the
actors exchanged, so that a move of one actor would count as a move of another. So liveness is not judged on a reduced
graph; see Emerson and Sistla, "Utilizing symmetry when model-checking under fairness assumptions", 1997, for what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations, product
from typing import Any

import msgspec

from syncproof.core.actor import freeze, thaw
from syncproof.core.observations import Observation
from syncproof.core.packets import Packet
from syncproof.core.same import same
from syncproof.core.values import ActorId, ConnectionId, Id
from syncproof.engines.explore.encoding import ABSENT, NO_POLL, SHIFT, Ends, Inbound, Left, Pending, State, Wire, writes
from syncproof.engines.explore.handlers import Effects
from syncproof.engines.explore.judging import COMPLAINED
from syncproof.engines.explore.tables import Tables
from syncproof.properties import Property

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


class Symmetry:
    """Canonical states under the permutations of each group of `groups`.

    `NotSymmetric` if the ids begin differently; `verify`, called at the end of a search, raises it if they were ever
    treated differently.
    """

    def __init__(self, tables: Tables, groups: Sequence[Sequence[Id]]) -> None:
        self.tables = tables
        self.encoding = tables.encoding
        self.judging = tables.judging
        self.kinds = frozenset(type(i) for group in groups for i in group)
        self.renamings: list[dict[Id, Id]] = []
        if tables.faults.replaceable:
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
        """(renaming, bundle) -> what the renamed handler calls observed."""
        self._check_environment()
        for number in range(len(self.renamings)):
            if self._rename(number, tables.initial) != tables.initial:
                ids = ", ".join(repr(i) for group in groups for i in group)
                raise NotSymmetric(f"{ids} are not interchangeable: they begin differently")

    def _permuted(self, names: Renaming) -> list[int]:
        """Return for each slot the slot to which a renaming moves its value."""
        place = self.encoding.place
        order = list(range(len(self.tables.slots)))
        for old, new in names.items():
            if old in place and type(old) is type(self.encoding.names[place[old]]):  # type: ignore[index]
                for part in range(3):
                    order[3 * place[old] + part] = 3 * place[new] + part  # type: ignore[index]
        return order

    def canonical(self, state: State) -> State:
        """Return the smallest of a state and its renamings."""
        return min([state, *[self._rename(number, state) for number in range(len(self.renamings))]])

    def _rename(self, number: int, state: State) -> State:
        after = list(state)
        for slot, target in enumerate(self._slots[number]):
            value = self._values[number][slot].get(state[slot])
            after[target] = self._renamed(number, slot, target, state[slot]) if value is None else value
        return tuple(after)

    def _renamed(self, number: int, slot: int, target: int, index: int) -> int:
        names = self.renamings[number]
        value = self.tables.slots[slot].values[index]
        if slot == self.encoding.judge_slot:
            value = self._renamed_automata(value, names)
        elif slot == self.encoding.environment_slot:
            value = self._renamed_left(value, names)
        elif slot % 3 == 0:
            value = renamed(value, names, self.kinds)
        elif slot % 3 == 1:
            value = self._renamed_pending(value, names) if index > ABSENT else value
        else:
            value = self._renamed_wire(value, names)
        found = self._values[number][slot][index] = self.tables.slots[target].intern(value)
        return found

    def _renamed_automata(self, value: tuple[int, ...], names: Renaming) -> tuple[int, ...]:
        states = self.judging.states
        return tuple(
            [
                s if s == COMPLAINED else states[n].intern(renamed(states[n].values[s], names, self.kinds))
                for n, s in enumerate(value)
            ]
        )

    def _renamed_pending(self, value: Pending, names: Renaming) -> Pending:
        return Pending(
            tuple(sorted([(self._packet(packet, names), is_write) for packet, is_write in value.operations])),
            tuple(sorted([self._packet(packet, names) for packet in value.timers])),
            value.poll if value.poll == NO_POLL else self._packet(value.poll, names),
        )

    def _renamed_wire(self, value: Wire, names: Renaming) -> Wire:
        ends = [
            Ends(
                e.number,
                e.client_open,
                e.server_open,
                tuple([self._packet(p, names) for p in e.up]),
                tuple([self._packet(p, names) for p in e.down]),
            )
            for e in value.connections
        ]
        mail: Inbound = ()
        for source, packet in value.mail:
            sender = int(names.get(self.encoding.source(source), source))
            mail = self.encoding.put(mail, sender, self._packet(packet, names))
        return Wire(value.opened, tuple(ends), mail)

    def _packet(self, packet: int, names: Renaming) -> int:
        return self.encoding.packets.intern(renamed(self.encoding.packets.values[packet], names, self.kinds))

    def _renamed_left(self, value: Left, names: Renaming) -> Left:
        """Return what the environment has left; the position in a script moves to the script of the renamed actor."""
        scripts = [renamed(script, names, self.kinds) for script in self.tables.environment.scripts]
        try:
            order = [self.tables.environment.scripts.index(script) for script in scripts]
        except ValueError:
            raise NotSymmetric("the scripts are not the same for the ids that are declared interchangeable") from None
        moved = list(value.scripts)
        for old, new in enumerate(order):
            moved[new] = value.scripts[old]
        return value._replace(scripts=tuple(moved))

    def _check_environment(self) -> None:
        """Check that interventions are the same for every id, and that a newcomer is not interchangeable with any device."""
        environment = self.tables.environment
        interventions = sorted(map(repr, environment.interventions))
        for names in self.renamings:
            others = [(renamed(tell, names, self.kinds), fault) for tell, fault in environment.interventions]
            if sorted(map(repr, others)) != interventions:
                raise NotSymmetric("the interventions are not the same for the ids that are declared interchangeable")
            for spawn in environment.newcomers:
                if renamed(spawn, names, self.kinds) != spawn:
                    raise NotSymmetric(f"{spawn!r} singles an interchangeable id out; search without symmetry")

    def verify(self) -> None:
        """Raise `NotSymmetric` unless all that was met, done again with everything renamed, gives the renamed result."""
        encoding, bundles = self.encoding, self.judging.bundles.values
        self._check_normal_form()
        for actor, table in enumerate(self.tables.handlers.react):
            for key, (_, _, bundle) in list(table.items()):
                source, packet = encoding.events[key & ((1 << SHIFT) - 1)]
                self._compare(actor, encoding.slots[3 * actor].values[key >> SHIFT], source, packet, bundle)
        for actor, crashes in enumerate(self.tables.faults.crashes):
            for key in list(crashes):
                local, pending = self.tables.faults.crashed(key)
                if pending > ABSENT:
                    landing = tuple(writes(encoding, encoding.slots[3 * actor + 1].values[pending]))
                    self._land(actor, encoding.slots[3 * actor].values[local], landing)
        for actor, thing in enumerate(encoding.actors):
            if thing.offers_steps:
                self._steps(actor)
        for number, observations in enumerate(bundles):
            # Crashes and connections are observed without a handler, always in the order of the move.
            for renaming, names in enumerate(self.renamings):
                others = tuple([renamed(o, names, self.kinds) for o in observations])
                self._observed.setdefault((renaming, number), set()).add(others)
        for automaton in range(len(self.judging.automata)):
            self._judge(automaton)

    def _check_normal_form(self) -> None:
        """Check that every value is in its normal form; otherwise renaming it and back would give another value."""
        encoding = self.encoding
        values = [v for slot in range(0, encoding.judge_slot, 3) for v in encoding.slots[slot].values]
        values += encoding.packets.values
        values += [v for states in self.judging.states for v in states.values]
        for value in values:
            if value is not None and not same(renamed(value, {}, self.kinds), value):
                raise NotSymmetric(
                    "interchangeable ids are kept in an order that is not always the same, so who comes first may "
                    f"matter: {value!r}; keep them in a set or in order, or search without symmetry"
                )

    def _mirrored(self, number: int, actor: int) -> int:
        """Return the actor that a renaming puts in the place of this one."""
        return self._slots[number][3 * actor] // 3

    def _land(self, actor: int, local: Any, writes: tuple[Packet, ...]) -> None:
        """Compare the handler calls of writes that land in a crash, in every order."""
        name = self.encoding.names[actor]
        for index, packet in enumerate(writes):
            self._compare(actor, local, name, packet)
            after, _ = self.tables.handlers.run(actor, local, name, packet)
            self._land(actor, after, writes[:index] + writes[index + 1 :])

    def _steps(self, actor: int) -> None:
        """Compare the steps that an actor offers in every local state."""
        actors = self.encoding.actors

        def steps(which: int, local: Any) -> list[Packet]:
            actors[which].restore(local)
            return list(actors[which].steps())

        for local in list(self.encoding.slots[3 * actor].values):
            offered = steps(actor, local)
            for number, names in enumerate(self.renamings):
                expected = sorted([repr(renamed(packet, names, self.kinds)) for packet in offered])
                mirrored = steps(self._mirrored(number, actor), renamed(local, names, self.kinds))
                if sorted(map(repr, mirrored)) != expected:
                    self._refuse(self._who(actor), "offering steps")

    def _compare(self, actor: int, local: Any, source: Id, packet: Any, bundle: int | None = None) -> None:
        """Compare one handler call. `bundle`: its observations in the search, for comparing the automata later."""
        run, kinds = self.tables.handlers.run, self.kinds
        after, out = run(actor, local, source, packet)
        for number, names in enumerate(self.renamings):
            after_too, out_too = run(
                self._mirrored(number, actor),
                renamed(local, names, kinds),
                renamed(source, names, kinds),
                renamed(packet, names, kinds),
            )
            if not same(renamed(after, names, kinds), after_too) or _effects(out, names, kinds) != _effects(
                out_too, {}, kinds
            ):
                self._refuse(self._who(actor), f"handling {packet!r}")
            if bundle is not None:
                self._observed.setdefault((number, bundle), set()).add(self.judging.wanted(out_too.observations))

    def _who(self, actor: int) -> str:
        return f"{self.encoding.names[actor]!r} ({type(self.encoding.actors[actor]).__name__})"

    def _refuse(self, who: str, doing: str) -> None:
        raise NotSymmetric(
            f"{who} treats the ids that are declared interchangeable differently, {doing}; declare fewer ids, or "
            "search without symmetry"
        )

    def _judge(self, number: int) -> None:
        """Compare one property's automaton: every reaction that was met, and its judgement at quiescence."""
        judging = self.judging
        states = judging.states[number]
        met = {(judging.slot.values[key >> SHIFT][number], key & ((1 << SHIFT) - 1)) for key in judging.judged}
        reactions = judging.automata[number].reactions
        who = f"the property {judging.automata[number].name}"
        for before, bundle in sorted(met):
            observed = [o for o in judging.bundles.values[bundle] if type(o) in reactions]
            if before == COMPLAINED or not observed:
                continue
            after = self._after(number, states.values[before], observed)
            for renaming, names in enumerate(self.renamings):
                expected = after if after is None else renamed(after, names, self.kinds)
                image = renamed(states.values[before], names, self.kinds)
                for other in sorted(self._observed[renaming, bundle], key=repr):
                    if self._after(number, image, other) != expected:
                        self._refuse(who, f"observing {observed!r}")
        for image in list(states.values):
            lines = _lines(image)
            if any(_lines(renamed(image, names, self.kinds)) != lines for names in self.renamings):
                self._refuse(who, "at quiescence")

    def _after(self, number: int, image: Any, observations: Sequence[Observation]) -> Any:
        """Return the automaton after the observations; None once it complains."""
        automaton: Property = thaw(image)
        if any(automaton.react(observation) is not None for observation in observations):
            return None
        return freeze(automaton)


def _lines(image: Any) -> int:
    """Return how many complaints an automaton has at quiescence."""
    automaton: Property = thaw(image)
    return len(list(automaton.at_quiescence()))


def _effects(out: Effects, names: Renaming, kinds: frozenset[type]) -> tuple[Any, ...]:
    """Return the effects of a call, renamed, in an order that distinguishes only what engines distinguish.

    What is sent to one receiver keeps its order, and so do the changes of one timer; observations are sorted, because the
    automata are compared for each order that occurs.
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
