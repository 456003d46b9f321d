"""A system compiled to small integers, as far as a search has met it.

A global state is a flat tuple of integers, one per *slot*. Every actor has three: its local state, what is *pending* at it
(storage operations, timers), and its *wire* (the connections that it opened and the mail that is on its way to it). One
more slot holds the properties' automata together, the last one what scripts and budgets have left. A slot's integer is the
index of its value among all values met so far in that slot. What scripts and budgets have left includes the backups that
were taken, each as the index of a local state.

So everything that happens is made of four look-ups, each computed once:

- `offers`: a slot's value -> the moves that it makes possible, each with the value it leaves behind;
- `react`: (local state, packet) -> the next local state and the *deltas* for other slots: here handlers run;
- `absorb`: (slot's value, delta) -> the slot's next value: here packets are put into queues;
- `judge`: (automata, observations) -> the automata afterwards: here properties run.

`search.py` walks over the integers and knows none of this; `decode` and `moves` lead back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from itertools import permutations
from typing import Any, NamedTuple, cast

from syncproof.core.actor import Actor, Out, freeze, thaw
from syncproof.core.environment import Environment
from syncproof.core.faults import fault_of
from syncproof.core.moves import (
    Arrive,
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Duplicate,
    Fire,
    Keep,
    Lose,
    Move,
    Notice,
    Restart,
    Restore,
    Spawn,
    Take,
    Tell,
)
from syncproof.core.observations import Connected, Crashed, Disconnected, Noted, Observation, Restarted
from syncproof.core.packets import Closed, Idle, Opened, Packet
from syncproof.core.values import ENVIRONMENT, ActorId, ConnectionId, DeviceId, Id
from syncproof.core.world import Landed, System, World
from syncproof.properties import Property

State = tuple[int, ...]

SHIFT = 24
"""Two indices make one key; no slot has more values than this many bits can count."""
DOWN, ABSENT = 0, 1
"""The first two values of a pending slot: the actor has crashed, the device has not appeared yet."""
SINK = -1
"""An automaton that has complained: its verdict stands, so what it would say later is not told apart."""

NEVER, WEAK, STRONG = 0, 1, 2
"""What fairness owes a move: nothing (faults, scripts); to be taken if it stays possible; if it is possible again and again."""

START: Any = None
"""The packet that stands for an actor's `start`."""

Pending = tuple[tuple[tuple[int, bool], ...], tuple[int, ...], int]
"""Open operations (packet, is a write), timers, and the poll timer or -1."""

Ends = tuple[int, bool, bool, tuple[int, ...], tuple[int, ...]]
"""A connection: count, client's end open, server's end open, packets going up, packets coming down."""

Mail = tuple[tuple[int, int], ...]
"""(source, packet) pairs: what may arrive in any order is sorted, what travels in order keeps it and comes last."""

Wire = tuple[int, tuple[Ends, ...], Mail]
"""Connections opened so far, those that an end still holds open, mail."""


class Offer(NamedTuple):
    """A move that a slot's value makes possible.

    `value`: what it leaves in the slot. `guards`: pending slots of actors that must be running. `sets`: other slots'
    new values. `deltas`: what other slots absorb. `obs`: observations. `events`: what handlers then receive, in order,
    as (actor, event).
    """

    move: int
    value: int
    events: tuple[tuple[int, int], ...]
    budget: int = -1
    guards: tuple[int, ...] = ()
    sets: tuple[tuple[int, int], ...] = ()
    deltas: tuple[tuple[int, int], ...] = ()
    obs: int = 0


class Effects(Out):
    """The `Out` of one handler call: notes what is asked for."""

    __slots__ = ("observations", "pending", "sends")

    def __init__(self) -> None:
        self.sends: list[tuple[Id, Packet]] = []
        self.pending: list[tuple[str, Packet]] = []
        self.observations: list[Observation] = []

    def send(self, destination: Id, packet: Packet) -> None:
        self.sends.append((destination, packet))

    def after(self, delay: float, packet: Packet) -> None:
        self.pending.append(("after", packet))

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self.pending.append(("poll", packet))

    def cancel(self, packet: Packet) -> None:
        self.pending.append(("cancel", packet))

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        if then is not None:
            self.pending.append(("write", then))

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        if then is not None:
            self.pending.append(("write", then))

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        if then is not None:
            self.pending.append(("read", then))

    def observe(self, observation: Observation) -> None:
        self.observations.append(observation)

    def outcome(self) -> tuple[Any, ...]:
        """Everything that was asked for, to compare two calls by."""
        return tuple(self.sends), tuple(self.pending), tuple(self.observations)


class Names:
    """Values and their indices, in the order in which they were met."""

    __slots__ = ("index", "values")

    def __init__(self) -> None:
        self.index: dict[Any, int] = {}
        self.values: list[Any] = []

    def __call__(self, value: Any) -> int:
        found = self.index.get(value)
        if found is None:
            found = self.index[value] = len(self.values)
            self.values.append(value)
        return found


class HandlerError(Exception):
    """A handler raised. The message names the actor and the packet; the cause is the handler's own exception."""


class ImpureHandler(Exception):
    """A handler did something else when it was called again in the same state with the same packet."""


class Tables:
    """The four look-ups, for one system, one environment and one list of properties.

    `automata` are the properties that are carried in the state. `endless`: for each property that forbids an endless
    repetition, the class that is repeated and the class that excuses it (see `Property.endless`).
    """

    def __init__(
        self,
        system: System,
        environment: Environment,
        properties: Sequence[type[Property]],
        world: World,
        monitor: Sequence[Property],
    ) -> None:
        self.system = system
        self.environment = environment
        self.names = [*world.actors, *[s.actor for s in environment.newcomers]]
        self.place = {name: number for number, name in enumerate(self.names)}
        if len(self.place) < len(self.names):
            raise ValueError("a newcomer has the name of an actor that is there from the beginning")
        self.actors: list[Actor] = list(world.actors.values())
        for spawn in environment.newcomers:
            assert system.spawn is not None, "newcomers need System.spawn"
            self.actors.append(system.spawn(spawn.actor, spawn.user, spawn.replaces))
        self.server = -1 if system.server is None else self.place[system.server]
        self.clients = [n for n, name in enumerate(self.names) if isinstance(name, DeviceId)]
        count = len(self.names)
        self.judge_slot, self.environment_slot = 3 * count, 3 * count + 1
        self.slots = [Names() for _ in range(3 * count + 2)]
        self.offers: list[list[tuple[Offer, ...] | None]] = [[] for _ in self.slots]
        self.packets, self.events, self.moves, self.deltas, self.bundles = Names(), Names(), Names(), Names(), Names()
        self.bundles(())
        self.fair: list[int] = []
        self.patient = environment.polls == "at-rest"
        self._polls: set[Packet] = set(world.polls.values())
        self.marks = [0]
        self.react: list[dict[int, tuple[int, tuple[tuple[int, int], ...], int]]] = [{} for _ in self.names]
        self.absorbed: list[dict[int, int]] = [{} for _ in self.slots]
        self.judged: dict[int, int] = {}
        self.polls: list[dict[int, tuple[Offer, ...]]] = [{} for _ in self.slots]
        self.crashes: list[dict[int, tuple[Offer, ...]]] = [{} for _ in self.names]
        self.budget_names = [name for name, left in environment.budgets.items() if left > 0]
        self.spent: list[dict[int, int]] = [{} for _ in self.budget_names]
        self.crashable = [(n, self._crash_budget(n)) for n in range(count) if self._crash_budget(n) >= 0]
        self.upsets: list[dict[tuple[int, ...], tuple[Offer, ...]]] = [{} for _ in self.names]
        budgets = [(n, self._budget(cast(str, fault_of(Restore(name))))) for n, name in enumerate(self.names)]
        self.kept = {n: (place, budget) for place, (n, budget) in enumerate(b for b in budgets if b[1] >= 0)}
        replaced = [s.replaces for s in environment.newcomers if self._budget(cast(str, fault_of(s))) >= 0]
        self.upsettable = [n for n, name in enumerate(self.names) if n in self.kept or name in replaced]
        self.situations: dict[str, None] = {}
        self.reached: dict[tuple[type[Observation], Any], None] = {}
        self.complaints: list[tuple[int, str]] = []

        self.automata = [p for p in properties if p.endless is None]
        self.endless = [p for p in properties if p.endless is not None]
        self.states = [Names() for _ in self.automata]
        self._stepped: dict[tuple[int, int, Observation], tuple[int, str | None]] = {}
        self._listening: dict[type[Observation], list[tuple[int, str]]] = {}
        for number, automaton in enumerate(self.automata):
            for kind, method in automaton.reactions.items():
                self._listening.setdefault(kind, []).append((number, method))
        self._heard = {*self._listening, *[kind for p in self.endless for kind in p.endless or ()]}
        self._marked: dict[tuple[type[Observation], Any], int] = {}
        for actor in range(count):
            for value in (None, "absent"):
                self.intern(3 * actor + 1, value)
        self.initial = self._encode(world, monitor)

    # ---- slots and values

    def intern(self, slot: int, value: Any) -> int:
        """The index of a slot's value."""
        names = self.slots[slot]
        found = names.index.get(value)
        if found is None:
            found = names(value)
            self.offers[slot].append(None)
            if found >> SHIFT:
                raise MemoryError(f"{self.title(slot)} has more than {found} values")
        return found

    def title(self, slot: int) -> str:
        """What a slot holds, in words."""
        if slot == self.judge_slot:
            return "the properties' automata"
        if slot == self.environment_slot:
            return "scripts and budgets"
        what = ("the local state of", "what is pending at", "the network to")[slot % 3]
        return f"{what} {self.names[slot // 3]!r}"

    def _encode(self, world: World, monitor: Sequence[Property]) -> State:
        state = []
        for number, name in enumerate(self.names):
            present = name in world.actors
            actor = world.actors[name] if present else self.actors[number]
            state.append(self.intern(3 * number, actor.snapshot()))
            state.append(self.intern(3 * number + 1, self.pending_of(world, name) if present else "absent"))
            state.append(self.intern(3 * number + 2, self.wire_of(world, name)))
        automata = tuple([self.states[n](freeze(automaton)) for n, automaton in enumerate(monitor)])
        state.append(self.intern(self.judge_slot, automata))
        budgets = tuple([self.environment.budgets[name] for name in self.budget_names])
        scripts = (0,) * len(self.environment.scripts)
        state.append(self.intern(self.environment_slot, (scripts, 0, budgets, (-1,) * len(self.kept))))
        return tuple(state)

    def pending_of(self, world: World, name: ActorId) -> Pending | None:
        """What is pending at an actor of a world; None when it is down."""
        if name in world.down:
            return None
        operations = sorted([(self.packets(p), write) for p, write in world.operations.get(name, ())])
        timers = sorted([self.packets(p) for p in world.timers.get(name, ())])
        return tuple(operations), tuple(timers), self.packets(world.polls[name]) if name in world.polls else -1

    def wire_of(self, world: World, name: ActorId) -> Wire:
        """The connections and the mail of an actor of a world."""
        ends = [
            (c.id.count, c.client_open, c.server_open, tuple(map(self.packets, c.up)), tuple(map(self.packets, c.down)))
            for c in sorted(world.connections.values(), key=lambda c: int(c.id))
            if c.client == name
        ]
        mail: Mail = ()
        for source, packet in world.mail.get(name, ()):
            mail = self.put(mail, int(source), self.packets(packet))
        return world.counts.get(name, 0), tuple(ends), mail

    def local(self, state: State) -> dict[ActorId, tuple[Any, ...]]:
        """Every actor's snapshot in a state."""
        return {name: self.slots[3 * n].values[state[3 * n]] for n, name in enumerate(self.names)}

    def move(self, move: Move) -> int:
        """The index of a move; `fair` says what fairness owes it."""
        found = self.moves(move)
        if found == len(self.fair):
            if isinstance(move, (Tell, Keep)) or fault_of(move) is not None:
                self.fair.append(NEVER)
            else:
                poll = self.patient and isinstance(move, Fire) and move.packet in self._polls
                self.fair.append(STRONG if poll else WEAK)
        return found

    def event(self, source: Id, packet: Packet) -> int:
        """A packet and where it comes from; ids of different kinds are told apart even if their numbers are equal."""
        return self.events((type(source), source, packet))

    # ---- what may happen

    def offered(self, slot: int, value: int) -> tuple[Offer, ...]:
        """The moves that a slot's value makes possible, computed at the first call."""
        found = self.offers[slot][value]
        if found is None:
            if slot == self.environment_slot:
                found = tuple(self._from_environment(self.slots[slot].values[value]))
            else:
                source = (self._from_local, self._from_pending, self._from_wire)[slot % 3]
                found = tuple(source(slot // 3, slot, value))
            self.offers[slot][value] = found
        return found

    def offering(self) -> list[int]:
        """The slots that can offer moves at all."""
        slots = []
        for number, actor in enumerate(self.actors):
            slots += [3 * number] if actor.offers_steps else []
            slots += [3 * number + 1, 3 * number + 2]
        return [*slots, self.environment_slot]

    def _from_local(self, actor: int, slot: int, value: int) -> Iterator[Offer]:
        name = self.names[actor]
        thing = self.actors[actor]
        thing.restore(self.slots[slot].values[value])
        for packet in list(thing.steps()):
            event = self.event(name, packet)
            yield Offer(self.move(Take(name, packet)), value, ((actor, event),), guards=(slot + 1,))

    def _from_pending(self, actor: int, slot: int, value: int) -> Iterator[Offer]:
        name = self.names[actor]
        if value == ABSENT:
            return
        if value == DOWN:
            up = self.intern(slot, ((), (), -1))
            event = self.event(name, START)
            yield Offer(self.move(Restart(name)), up, ((actor, event),), obs=self._bundle([Restarted(name)]))
            return
        operations, timers, poll = self.slots[slot].values[value]
        for index, (packet, _) in enumerate(operations):
            if index and operations[index - 1][0] == packet:
                continue
            left = self.intern(slot, (operations[:index] + operations[index + 1 :], timers, poll))
            move = Complete(name, self.packets.values[packet])
            yield Offer(self.move(move), left, ((actor, self.event(name, move.packet)),))
        for index, packet in enumerate(timers):
            left = self.intern(slot, (operations, timers[:index] + timers[index + 1 :], poll))
            yield self._fire(actor, packet, left)
        if poll >= 0 and self.environment.polls == "any":
            yield self._fire(actor, poll, self.intern(slot, (operations, timers, -1)))

    def polled(self, slot: int, value: int) -> tuple[Offer, ...]:
        """The firing of a poll timer that waits for everything else."""
        found = self.polls[slot].get(value)
        if found is None:
            found = ()
            if value > ABSENT and self.slots[slot].values[value][2] >= 0:
                operations, timers, poll = self.slots[slot].values[value]
                found = (self._fire(slot // 3, poll, self.intern(slot, (operations, timers, -1))),)
            self.polls[slot][value] = found
        return found

    def _fire(self, actor: int, packet: int, left: int) -> Offer:
        move = Fire(self.names[actor], self.packets.values[packet])
        return Offer(self.move(move), left, ((actor, self.event(self.names[actor], move.packet)),))

    def _from_wire(self, actor: int, slot: int, value: int) -> Iterator[Offer]:
        wire: Wire = self.slots[slot].values[value]
        if actor in self.clients and self.server >= 0:
            yield from self._from_connections(actor, slot, wire)
        yield from self._from_mail(actor, slot, wire)

    def _from_connections(self, actor: int, slot: int, wire: Wire) -> Iterator[Offer]:
        count, connections, _ = wire
        name = cast(DeviceId, self.names[actor])
        for ends in connections:
            number, client_open, server_open, up, down = ends
            left: Ends
            connection = ConnectionId.of(name, number)
            stale = ((3 * self.server + 1, self.deltas((("stale", int(connection)),))),)
            closed = self.event(connection, Closed(connection))
            if up and server_open:
                packet = self.packets.values[up[0]]
                if isinstance(packet, Closed):
                    left, event = (number, client_open, False, (), down), closed
                else:
                    left, event = (number, client_open, True, up[1:], down), self.event(connection, packet)
                late = () if client_open else stale
                yield self._on_wire(Deliver(connection, "server"), slot, wire, ends, left, self.server, event, late)
            if down and client_open:
                left = (number, True, server_open, up, down[1:])
                event = self.event(connection, self.packets.values[down[0]])
                yield self._on_wire(Deliver(connection, "client"), slot, wire, ends, left, actor, event)
            if client_open:
                lost: Ends = (number, False, server_open, up, ())
                if not server_open:
                    yield self._on_wire(
                        Notice(connection, "client"), slot, wire, ends, lost, actor, closed, stale, clean=False
                    )
                for clean in (True, False):
                    budget = self._budget("disconnect" if clean else "half-open")
                    if budget >= 0:
                        told = (*up, self.packets(Closed(connection))) if clean and server_open else up
                        left = (number, False, server_open, told, ())
                        yield self._on_wire(
                            Disconnect(name, clean),
                            slot,
                            wire,
                            ends,
                            left,
                            actor,
                            closed,
                            stale,
                            clean=clean,
                            budget=budget,
                        )
            elif server_open:
                left = (number, False, False, (), down)
                yield self._on_wire(Notice(connection, "server"), slot, wire, ends, left, self.server, closed)
        if not any(client_open for _, client_open, *_ in connections):
            opened = ConnectionId.of(name, count + 1)
            event = self.event(opened, Opened(opened, name))
            left_wire = (count + 1, (*connections, (count + 1, True, True, (), ())), wire[2])
            yield Offer(
                self.move(Connect(name)),
                self.intern(slot, left_wire),
                ((self.server, event), (actor, event)),
                guards=(slot - 1, 3 * self.server + 1),
                obs=self._bundle([Connected(name)]),
            )

    def _on_wire(
        self,
        move: Move,
        slot: int,
        wire: Wire,
        before: Ends,
        after: Ends,
        actor: int,
        event: int,
        deltas: tuple[tuple[int, int], ...] = (),
        *,
        clean: bool | None = None,
        budget: int = -1,
    ) -> Offer:
        count, connections, mail = wire
        left = tuple(
            [after if ends is before else ends for ends in connections if ends is not before or after[1] or after[2]]
        )
        value = self.intern(slot, (count, left, mail))
        obs = 0 if clean is None else self._bundle([Disconnected(cast(DeviceId, self.names[slot // 3]), clean)])
        return Offer(self.move(move), value, ((actor, event),), budget=budget, deltas=deltas, obs=obs)

    def _from_mail(self, actor: int, slot: int, wire: Wire) -> Iterator[Offer]:
        count, connections, mail = wire
        name = self.names[actor]
        connected = any(client_open for _, client_open, *_ in connections)
        waiting_for: set[int] = set()
        for index, (source, number) in enumerate(mail):
            packet = self.packets.values[number]
            link = self.system.link(packet)
            in_turn = source not in waiting_for
            if link.order == "ordered":
                waiting_for.add(source)
                if not in_turn:
                    continue
            elif (source, number) in mail[:index]:
                continue
            without = mail[:index] + mail[index + 1 :]
            guards = () if link.while_connected else (slot - 1,)
            event = ((actor, self.event(self.source(source), packet)),)
            left = mail if link.order == "duplicating" else without
            reaches = not link.while_connected or connected
            yield Offer(
                self.move(Arrive(name, packet)),
                self.intern(slot, (count, connections, left)),
                event if reaches else (),
                guards=guards,
            )
            if link.lossy:
                for fault, move, left in (
                    ("push-lost", Lose(name, packet), without),
                    ("push-duplicated", Duplicate(name, packet), (*mail[:index], mail[index], *mail[index:])),
                ):
                    budget = self._budget(fault)
                    if budget >= 0:
                        value = self.intern(slot, (count, connections, left))
                        yield Offer(self.move(move), value, (), budget=budget, guards=guards)

    def source(self, number: int) -> ActorId:
        """The actor of this number."""
        for name in self.names:
            if int(name) == number:
                return name
        return ActorId(number)

    def _from_environment(
        self, value: tuple[tuple[int, ...], int, tuple[int, ...], tuple[int, ...]]
    ) -> Iterator[Offer]:
        scripts, appeared, budgets, kept = value
        slot = self.environment_slot
        for index, position in enumerate(scripts):
            if position < len(self.environment.scripts[index]):
                tell = self.environment.scripts[index][position]
                moved = (*scripts[:index], position + 1, *scripts[index + 1 :])
                yield self._tell(tell, self.intern(slot, (moved, appeared, budgets, kept)), -1)
        for tell, fault in self.environment.interventions:
            budget = self._budget(fault)
            if budget >= 0 and budgets[budget]:
                yield self._tell(tell, self.intern(slot, value), budget)
        if appeared < len(self.environment.newcomers):
            spawn = self.environment.newcomers[appeared]
            budget = self._budget("new-device")
            if budget >= 0 and budgets[budget] and spawn.replaces is None:
                actor = self.place[spawn.actor]
                up = self.intern(3 * actor + 1, ((), (), -1))
                yield Offer(
                    self.move(spawn),
                    self.intern(slot, (scripts, appeared + 1, budgets, kept)),
                    ((actor, self.event(spawn.actor, START)),),
                    budget=budget,
                    sets=((3 * actor + 1, up),),
                )

    def _tell(self, tell: Tell, value: int, budget: int) -> Offer:
        actor = self.place[tell.actor]
        event = self.event(ENVIRONMENT, tell.packet)
        return Offer(self.move(tell), value, ((actor, event),), budget=budget, guards=(3 * actor + 1,))

    # ---- crashes: they depend on an actor's three slots at once

    def crash(self, actor: int, state: State) -> tuple[Offer, ...]:
        """The ways in which a running actor can crash: each order in which some of its open writes landed.

        Ways that leave the same behind are one. The offer's slot is the actor's local state.
        """
        slot = 3 * actor
        client = actor in self.clients
        key = (((state[slot] << SHIFT) | state[slot + 1]) << SHIFT) | (state[slot + 2] if client else 0)
        found = self.crashes[actor].get(key)
        if found is None:
            found = self.crashes[actor][key] = tuple(self._crash(actor, state)) if state[slot + 1] > ABSENT else ()
        return found

    def _crash(self, actor: int, state: State) -> Iterator[Offer]:
        slot = 3 * actor
        name, thing = self.names[actor], self.actors[actor]
        operations, _, _ = self.slots[slot + 1].values[state[slot + 1]]
        writes = [self.packets.values[packet] for packet, is_write in operations if is_write]
        sets, deltas, last = self._fallen(actor, state)
        seen = set()
        for length in range(len(writes) + 1):
            for landed in dict.fromkeys(permutations(writes, length)):
                thing.restore(self.slots[slot].values[state[slot]])
                observations: list[Observation] = []
                for packet in landed:
                    out = Effects()
                    self._call(thing, name, name, packet, out)
                    observations += [o for o in out.observations if o.durable]
                thing.crash()
                value = self.intern(slot, thing.snapshot())
                obs = self._bundle([*observations, *last])
                if (value, obs) not in seen:
                    seen.add((value, obs))
                    move = self.move(Crash(name, landed))
                    budget = self._crash_budget(actor)
                    yield Offer(move, value, (), budget=budget, sets=sets, deltas=deltas, obs=obs)

    def _fallen(
        self, actor: int, state: State
    ) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...], list[Observation]]:
        """What an actor's going down does besides its local state: slots set, slots that absorb, observations."""
        slot, name = 3 * actor, self.names[actor]
        wire: Wire = self.slots[slot + 2].values[state[slot + 2]]
        sets: tuple[tuple[int, int], ...] = ((slot + 1, DOWN),)
        deltas: tuple[tuple[int, int], ...] = ()
        last: list[Observation] = [Crashed(name)]
        if actor == self.server:
            deltas = tuple([(3 * c + 2, self.deltas("server crashed")) for c in self.clients])
        elif actor in self.clients:
            deltas = tuple(
                [
                    (3 * self.server + 1, self.deltas((("stale", int(ConnectionId.of(name, n))),)))
                    for n, client_open, *_ in wire[1]
                    if client_open
                ]
            )
            ends = [(n, False, s, up, ()) if c else (n, c, s, up, down) for n, c, s, up, down in wire[1]]
            cut = (wire[0], tuple([e for e in ends if e[1] or e[2]]), wire[2])
            sets += ((slot + 2, self.intern(slot + 2, cut)),)
            last += [Disconnected(cast(DeviceId, name), False) for _, client_open, *_ in wire[1] if client_open]
        return sets, deltas, last

    # ---- backups, restores and reinstalls: they also depend on what the environment has left

    def upset(self, actor: int, state: State) -> tuple[Offer, ...]:
        """The ways in which an actor's backup can be taken or put back, or its installation replaced."""
        slot = 3 * actor
        key = (state[slot], state[slot + 1], state[slot + 2] if actor in self.clients else 0, state[-1])
        found = self.upsets[actor].get(key)
        if found is None:
            found = self.upsets[actor][key] = tuple(self._upset(actor, state))
        return found

    def _upset(self, actor: int, state: State) -> Iterator[Offer]:
        slot = 3 * actor
        if state[slot + 1] == ABSENT:
            return
        scripts, appeared, budgets, kept = self.slots[self.environment_slot].values[state[-1]]
        if actor in self.kept:
            place, budget = self.kept[actor]
            if budgets[budget] and kept[place] < 0:
                thing = self.actors[actor]
                thing.restore(self.slots[slot].values[state[slot]])
                thing.crash()  # what is volatile is in no backup, so backups that differ in nothing else are one
                backup = self.intern(slot, thing.snapshot())
                after = (scripts, appeared, budgets, (*kept[:place], backup, *kept[place + 1 :]))
                yield self._upsetting(Keep(self.names[actor]), state[slot], after)
            elif budgets[budget] and state[slot + 1] > ABSENT:
                yield self._restore(actor, state, place, budget)
        if appeared < len(self.environment.newcomers):
            spawn = self.environment.newcomers[appeared]
            budget = self._budget(cast(str, fault_of(spawn)))
            replaces = spawn.replaces == self.names[actor] and budget >= 0 and budgets[budget]
            if replaces and state[slot + 1] > ABSENT:
                yield self._reinstall(actor, state, spawn, budget)

    def _restore(self, actor: int, state: State, place: int, budget: int) -> Offer:
        slot = 3 * actor
        name, thing = self.names[actor], self.actors[actor]
        scripts, appeared, budgets, kept = self.slots[self.environment_slot].values[state[-1]]
        thing.restore(self.slots[slot].values[state[slot]])
        before = copy(thing)
        thing.restore(self.slots[slot].values[kept[place]])
        thing.crash()
        observations: list[Observation] = []
        thing.restored(before, Landed(observations.append))
        left = (*budgets[:budget], budgets[budget] - 1, *budgets[budget + 1 :])
        backups = (*kept[:place], -1, *kept[place + 1 :]) if not left[budget] else kept
        sets, deltas, last = self._fallen(actor, state)
        obs = self._bundle([*observations, *last])
        value = self.intern(slot, thing.snapshot())
        return self._upsetting(Restore(name), value, (scripts, appeared, left, backups), sets, deltas, obs)

    def _reinstall(self, actor: int, state: State, spawn: Spawn, budget: int) -> Offer:
        slot = 3 * actor
        thing, newcomer = self.actors[actor], self.place[spawn.actor]
        scripts, appeared, budgets, kept = self.slots[self.environment_slot].values[state[-1]]
        left = (*budgets[:budget], budgets[budget] - 1, *budgets[budget + 1 :])
        thing.restore(self.slots[slot].values[state[slot]])
        thing.crash()
        sets, deltas, last = self._fallen(actor, state)
        up = self.intern(3 * newcomer + 1, ((), (), -1))
        sets = ((slot + 1, ABSENT), *sets[1:], (3 * newcomer + 1, up))
        events = ((newcomer, self.event(spawn.actor, START)),)
        after = (scripts, appeared + 1, left, kept)
        value = self.intern(slot, thing.snapshot())
        return self._upsetting(spawn, value, after, sets, deltas, self._bundle(last), events)

    def _upsetting(
        self,
        move: Move,
        value: int,
        environment: tuple[Any, ...],
        sets: tuple[tuple[int, int], ...] = (),
        deltas: tuple[tuple[int, int], ...] = (),
        obs: int = 0,
        events: tuple[tuple[int, int], ...] = (),
    ) -> Offer:
        sets = (*sets, (self.environment_slot, self.intern(self.environment_slot, environment)))
        return Offer(self.move(move), value, events, sets=sets, deltas=deltas, obs=obs)

    def _crash_budget(self, actor: int) -> int:
        return self._budget(cast(str, fault_of(Crash(self.names[actor]))))

    def _budget(self, fault: str) -> int:
        return self.budget_names.index(fault) if fault in self.budget_names else -1

    def spend(self, environment: int, budget: int) -> int:
        """The environment's value after one more fault of this kind; -1 if none is left."""
        found = self.spent[budget].get(environment)
        if found is None:
            scripts, appeared, budgets, kept = self.slots[self.environment_slot].values[environment]
            found = -1
            if budgets[budget]:
                left = (*budgets[:budget], budgets[budget] - 1, *budgets[budget + 1 :])
                found = self.intern(self.environment_slot, (scripts, appeared, left, kept))
            self.spent[budget][environment] = found
        return found

    # ---- what follows

    def reacted(self, actor: int, local: int, event: int) -> tuple[int, tuple[tuple[int, int], ...], int]:
        """Runs the handler: the next local state, what other slots absorb, the observations."""
        _, source, packet = self.events.values[event]
        after, out = self.run(actor, self.slots[3 * actor].values[local], source, packet)
        result = (self.intern(3 * actor, after), self._grouped(actor, out), self._bundle(out.observations))
        if packet is not START and packet.answers is not None:
            where = getattr(packet, packet.answers)
            if result[0] != local or out.pending or out.observations or any(d != where for d, _ in out.sends):
                raise HandlerError(
                    f"{type(packet).__name__} says that it only answers over {where!r}, but it does more"
                )
        self.react[actor][(local << SHIFT) | event] = result
        again = isinstance(source, ConnectionId) and source.count > 1
        for observation in out.observations:
            if isinstance(observation, Noted):
                self.situations[observation.situation] = None
            else:
                self.reached[type(observation), getattr(observation, "device", None)] = None
                if again and type(observation).__name__ == "Shown":
                    self.situations["caught-up"] = None
        return result

    def run(self, actor: int, local: tuple[Any, ...], source: Id, packet: Packet) -> tuple[tuple[Any, ...], Effects]:
        """Calls a handler with an actor in the local state `local`; returns its next local state and its effects."""
        thing = self.actors[actor]
        thing.restore(local)
        out = Effects()
        self._call(thing, self.names[actor], source, packet, out)
        return thing.snapshot(), out

    @staticmethod
    def _call(thing: Actor, name: ActorId, source: Id, packet: Packet, out: Effects) -> None:
        try:
            if packet is START:
                thing.start(out)
            else:
                thing.handle(source, packet, out)
        except Exception as error:
            what = "start" if packet is START else repr(packet)
            raise HandlerError(f"{name!r} failed handling {what}: {type(error).__name__}: {error}") from error

    def rerun(self, every: int = 1) -> int:
        """Runs every so-many-th memoised handler call again. Raises `ImpureHandler` if one now does something else."""
        count = 0
        for actor, table in enumerate(self.react):
            for key, (after, deltas, obs) in list(table.items())[::every]:
                local, event = key >> SHIFT, key & ((1 << SHIFT) - 1)
                _, source, packet = self.events.values[event]
                snapshot, out = self.run(actor, self.slots[3 * actor].values[local], source, packet)
                now = (snapshot, self._grouped(actor, out), self._bundle(out.observations))
                if now != (self.slots[3 * actor].values[after], deltas, obs):
                    what = "start" if packet is START else f"handling {packet!r}"
                    raise ImpureHandler(
                        f"{self.names[actor]!r} ({type(self.actors[actor]).__name__}) did something else when it was called "
                        f"again, {what}: a handler may depend on the actor's fields and the packet alone"
                    )
                count += 1
        return count

    def _grouped(self, actor: int, out: Effects) -> tuple[tuple[int, int], ...]:
        """A handler's effects as one delta per slot."""
        groups: dict[int, list[Any]] = {}
        if out.pending:
            self._polls.update([packet for what, packet in out.pending if what == "poll"])
            groups[3 * actor + 1] = [(what, self.packets(packet)) for what, packet in out.pending]
        for destination, packet in out.sends:
            if isinstance(destination, ConnectionId):
                client = self._client_of(destination)
                way = "up" if client == actor else "down"
                groups.setdefault(3 * client + 2, []).append((way, destination.count, self.packets(packet)))
            else:
                receiver = self.place.get(cast(ActorId, destination))
                if receiver is None:
                    raise HandlerError(
                        f"{self.names[actor]!r} sends {packet!r} to {destination!r}, which does not exist"
                    )
                source = int(self.names[actor])
                groups.setdefault(3 * receiver + 2, []).append(("mail", source, self.packets(packet)))
        return tuple([(slot, self.deltas(tuple(group))) for slot, group in groups.items()])

    def _client_of(self, connection: ConnectionId) -> int:
        return self.place[ActorId(connection.client)]

    def absorb(self, slot: int, value: int, delta: int) -> int:
        """The slot's value after a delta."""
        change = self.deltas.values[delta]
        before = self.slots[slot].values[value]
        after = self._pend(before, change) if slot % 3 == 1 else self._route(before, change)
        found = self.absorbed[slot][(value << SHIFT) | delta] = self.intern(slot, after)
        return found

    def _pend(self, before: Any, change: Sequence[tuple[str, int]]) -> Any:
        if before is None or before == "absent":
            return before
        operations, timers, poll = list(before[0]), set(before[1]), before[2]
        for what, packet in change:
            if what == "stale":
                operations = [o for o in operations if self._answers(o[0]) != packet]
            elif what == "poll":
                poll = packet
            elif what == "after":
                timers.add(packet)
            elif what == "cancel":
                timers.discard(packet)
                poll = -1 if poll == packet else poll
            else:
                operations.append((packet, what == "write"))
        return tuple(sorted(operations)), tuple(sorted(timers)), poll

    def _answers(self, packet: int) -> int | None:
        """The connection without which a packet does nothing."""
        value = self.packets.values[packet]
        return None if value.answers is None else int(getattr(value, value.answers))

    def _route(self, before: Wire, change: Any) -> Wire:
        count, connections, mail = before
        if change == "server crashed":
            ends = [(n, c, False, (), down) for n, c, _, _, down in connections if c]
            return count, tuple(ends), mail
        for way, where, packet in change:
            if way == "mail":
                mail = self.put(mail, where, packet)
            else:
                connections = tuple(
                    [
                        (n, c, s, (*up, packet) if way == "up" else up, (*down, packet) if way == "down" else down)
                        if n == where and c and s
                        else (n, c, s, up, down)
                        for n, c, s, up, down in connections
                    ]
                )
        return count, connections, mail

    def put(self, mail: Mail, source: int, packet: int) -> Mail:
        """Mail with one more packet, in its normal form."""
        order = self.system.link(self.packets.values[packet]).order
        if order == "duplicating" and (source, packet) in mail:
            return mail
        loose = [item for item in mail if self.system.link(self.packets.values[item[1]]).order != "ordered"]
        queued = [item for item in mail if self.system.link(self.packets.values[item[1]]).order == "ordered"]
        (queued if order == "ordered" else loose).append((source, packet))
        return (*sorted(loose), *sorted(queued, key=lambda item: item[0]))

    # ---- properties

    def _bundle(self, observations: Sequence[Observation]) -> int:
        """The observations that some property wants, as one index."""
        wanted = self.wanted(observations)
        before = len(self.bundles.values)
        found = self.bundles(wanted)
        if found == before:
            self.marks.append(self._mark(wanted))
        return found

    def wanted(self, observations: Sequence[Observation]) -> tuple[Observation, ...]:
        """Those that some property wants."""
        return tuple([o for o in observations if type(o) in self._heard])

    def _mark(self, observations: Sequence[Observation]) -> int:
        """A bit for each (class, key) of an endless property's observations."""
        mark = 0
        for observation in observations:
            for automaton in self.endless:
                assert automaton.endless is not None
                if type(observation) in automaton.endless:
                    key = (type(observation), getattr(observation, automaton.endless_key))
                    mark |= 1 << self._marked.setdefault(key, len(self._marked))
        return mark

    def bit(self, kind: type[Observation], key: Any) -> int:
        """The bit of an observation class and key in arcs' marks; 0 if it was never observed."""
        number = self._marked.get((kind, key))
        return 0 if number is None else 1 << number

    def marked_keys(self, kind: type[Observation]) -> list[Any]:
        """The keys for which a class of observations was met."""
        return [key for k, key in self._marked if k is kind]

    def judge(self, joint: int, obs: int) -> int:
        """The automata after a bundle of observations; what they complain of is put into `complaints`."""
        automata = list(self.slots[self.judge_slot].values[joint])
        for observation in self.bundles.values[obs]:
            for number, method in self._listening.get(type(observation), ()):
                if automata[number] == SINK:
                    continue
                after, says = self._step(number, automata[number], method, observation)
                automata[number] = after
                if says is not None:
                    automata[number] = SINK
                    self.complaints.append((number, says))
        found = self.judged[(joint << SHIFT) | obs] = self.intern(self.judge_slot, tuple(automata))
        return found

    def _step(self, number: int, state: int, method: str, observation: Observation) -> tuple[int, str | None]:
        key = (number, state, observation)
        found = self._stepped.get(key)
        if found is None:
            automaton = thaw(self.states[number].values[state])
            says = getattr(automaton, method)(observation)
            found = self._stepped[key] = (self.states[number](freeze(automaton)), says)
        return found

    def automaton(self, number: int, joint: int) -> Property | None:
        """A property's automaton in a joint state; None once it has complained."""
        state = self.slots[self.judge_slot].values[joint][number]
        return None if state == SINK else cast(Property, thaw(self.states[number].values[state]))

    def unsettled(self, number: int, joint: int) -> list[str]:
        """What a property's automaton would complain of if nothing more happened."""
        automaton = self.automaton(number, joint)
        return [] if automaton is None else list(automaton.at_quiescence())
