"""A state of a world as a flat tuple of small integers, and the values that the integers stand for.

Two states are compared and hashed millions of times in a search, so a state is a tuple of integers. Each place in the
tuple is a *slot*. Every actor has three, in this order:

- its *local state*: the snapshot of its fields;
- what is *pending* at it: open storage operations, timers and the poll timer;
- its *wire*: the connections that it opened and the mail that is on its way to it.

After the actors' slots comes one slot for the automata of all properties together, and as the last one a slot for what
the environment has left: positions in scripts, newcomers, budgets, backups. A slot's integer is the index of its value
among all values of that slot that were met so far; packets and events (a packet with its source) are numbered in the same
way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from syncproof.core.actor import Actor
from syncproof.core.environment import Environment
from syncproof.core.packets import Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId, Id
from syncproof.core.world import System, World
from syncproof.engines.explore.common import Common
from syncproof.engines.explore.interned import Interned, Numbered, Renumbered
from syncproof.engines.handler_errors import UnfitValue, called, frozen, unfit_field

if TYPE_CHECKING:
    from syncproof.engines.explore.moves import Offer

State = tuple[int, ...]

SHIFT = 24
"""The bits of an index in a key of a table, which combines two indices. No slot may have more values than fit."""
DOWN, ABSENT = 0, 1
"""The first two values of a pending slot: the actor has crashed; it has not appeared yet, or was replaced."""
NO_POLL = -1
"""In a pending slot: no poll timer is armed."""
NO_BACKUP = -1
"""In the environment's slot: no backup of the actor is kept."""
START: Any = None
"""The packet of the event that calls an actor's `start`."""
NO_PACKET = -1
"""Instead of a packet's number: `START`."""


class Pending(NamedTuple):
    """What is pending at a running actor: operations as (packet, is a write), timers, the poll timer; packets by index."""

    operations: tuple[tuple[int, bool], ...] = ()
    timers: tuple[int, ...] = ()
    poll: int = NO_POLL


class Ends(NamedTuple):
    """One connection: its number, which ends are open, and the packets going to the server and to the client, by index."""

    number: int
    client_open: bool
    server_open: bool
    up: tuple[int, ...]
    down: tuple[int, ...]


Inbound = tuple[tuple[int, int], ...]
"""(source, packet) pairs: first, sorted, the packets that may arrive in any order; then those of ordered links, in order."""


class Wire(NamedTuple):
    """How many connections an actor has opened so far, those of which an end is open, and its mail."""

    opened: int
    connections: tuple[Ends, ...]
    mail: Inbound


class Left(NamedTuple):
    """What the environment has left.

    `scripts`: how many `Tell`s of each script were made. `appeared`: how many newcomers have appeared. `budgets`: how
    often each fault may still happen. `backups`: for each actor that can be restored, the index of the local state that
    was kept, or `NO_BACKUP`.
    """

    scripts: tuple[int, ...]
    appeared: int
    budgets: tuple[float, ...]
    backups: tuple[int, ...]


class ValueCount:
    """How many values all slots have together."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values = 0


class Slot(Numbered[Any]):
    """The values of one slot, and for each of them the moves that it offers (None until they are computed).

    `title` describes the slot in messages. `tally`: that of all slots.
    """

    __slots__ = ("offers", "tally", "title")

    def __init__(self, title: str, tally: ValueCount) -> None:
        super().__init__()
        self.title = title
        self.tally = tally
        self.offers: list[tuple[Offer, ...] | None] = []

    def intern(self, value: Any) -> int:
        """Return the index of a value. `MemoryError` if there are more values than a key has room for."""
        found = super().intern(value)
        if found == len(self.offers):
            self._met(found)
        return found

    def _met(self, found: int) -> None:
        self.offers.append(None)
        self.tally.values += 1
        if found >> SHIFT:
            raise MemoryError(f"{self.title} has more than {found} values")


class LocalSlot(Slot):
    """The local states of an actor. `actor` is the object that is put into them.

    `known`: the local states of such actors, those of other searches too; `common[i]`: the index in it of value i.
    """

    __slots__ = ("_placed", "actor", "common")

    def __init__(self, title: str, tally: ValueCount, actor: Actor, known: Interned[Any]) -> None:
        super().__init__(title, tally)
        self.actor = actor
        self._placed = Renumbered(known)
        self.values, self.common = self._placed.values, self._placed.common

    def intern(self, value: Any) -> int:
        """Return the index of a local state. `UnfitValue` names the field whose value cannot be compared."""
        return self.take(self.known(value))

    def known(self, value: Any) -> int:
        """Return the index of a local state among those of all searches. `UnfitValue` as `intern`."""
        try:
            return self._placed.known.intern(value)
        except UnfitValue as error:
            raise UnfitValue(unfit_field(self.actor, value) or f"{called(self.actor)}: {error}") from error

    def take(self, which: int) -> int:
        """Return the index of the local state that all searches give the index `which`."""
        found = self._placed.take(which)
        if found == len(self.offers):
            self._met(found)
        return found


def local_slot(actor: int) -> int:
    """Return the slot of an actor's local state."""
    return 3 * actor


def pending_slot(actor: int) -> int:
    """Return the slot of what is pending at an actor."""
    return 3 * actor + 1


def wire_slot(actor: int) -> int:
    """Return the slot of an actor's connections and mail."""
    return 3 * actor + 2


class Encoding:
    """The slots of one system's states, and the numbers of its actors.

    `names` are the actors that exist at the beginning, then the newcomers; in a search an actor is its position in this
    list (`place`). `actors` holds one object for each, which is put into whatever local state is needed. `clients` are the
    actors that open connections, devices and gateways; `server` is the actor at the other end of every connection, or of every
    gateway's, or -1. `servers` are the actors at the other end of any. `calls`: what searches know of such an actor,
    one for each; `common_events[e]`: the index that all searches give event e.
    """

    def __init__(self, system: System, environment: Environment, world: World, common: Common) -> None:
        self.system = system
        self.common = common
        self.names: list[ActorId] = [*world.actors, *[s.actor for s in environment.newcomers]]
        self.place = {name: number for number, name in enumerate(self.names)}
        if len(self.place) < len(self.names):
            raise ValueError("a newcomer has the id of an actor that exists from the beginning")
        self.actors: list[Actor] = list(world.actors.values())
        for spawn in environment.newcomers:
            assert system.spawn is not None, "newcomers need System.spawn"
            self.actors.append(system.spawn(spawn.actor, spawn.user, spawn.replaces))
        self.server = -1 if system.server is None else self.place[system.server]
        gateways = system.gateways
        self.clients = [n for n, name in enumerate(self.names) if isinstance(name, DeviceId) or name in gateways]
        self.servers = frozenset([self.server, *[self.place[name] for name in gateways]])
        self.tally = ValueCount()
        self.slots: list[Slot] = []
        self.calls = [common.calls(thing) for thing in self.actors]
        for name, thing, calls in zip(self.names, self.actors, self.calls, strict=True):
            self.slots.append(LocalSlot(f"the local state of {name!r}", self.tally, thing, calls.locals))
            self.slots += [
                Slot(f"what is pending at {name!r}", self.tally),
                Slot(f"the network to {name!r}", self.tally),
            ]
        self.judge_slot, self.environment_slot = len(self.slots), len(self.slots) + 1
        self.slots += [Slot("the properties' automata", self.tally), Slot("scripts and budgets", self.tally)]
        self.packets: Interned[Packet] = Interned()
        self.events: list[tuple[Id, Packet]] = []
        self.common_events: list[int] = []
        self._events: dict[tuple[type[Id], int, int], int] = {}
        for actor in range(len(self.names)):
            for value in (None, "absent"):
                self.slots[pending_slot(actor)].intern(value)

    def event(self, source: Id, packet: Packet) -> int:
        """Return the index of a packet with its source."""
        return self.event_of(source, NO_PACKET if packet is START else self.packets.intern(packet))

    def event_of(self, source: Id, number: int) -> int:
        """Return the index of the packet of this number with its source."""
        key = (type(source), int(source), number)
        found = self._events.get(key)
        if found is None:
            packet = START if number == NO_PACKET else self.packets.values[number]
            self.common_events.append(self.common.event(source, packet))
            found = self._events[key] = len(self.events)
            self.events.append((source, packet))
        return found

    def server_of(self, client: int, number: int) -> int:
        """Return the actor at the server's end of a client's connection of this number."""
        if not self.system.gateways:
            return self.server
        server = self.system.server_of(ConnectionId.of(self.names[client], number))
        assert server is not None
        return self.place[server]

    def actor_in(self, actor: int, local: int) -> Actor:
        """Return the actor, put into a local state. The object is shared, so it is valid until the next call only."""
        thing = self.actors[actor]
        thing.restore(self.slots[local_slot(actor)].values[local])
        return thing

    def left(self, state: State) -> Left:
        """Return what the environment has left in a state."""
        value: Left = self.slots[self.environment_slot].values[state[self.environment_slot]]
        return value

    def local(self, state: State) -> dict[ActorId, tuple[Any, ...]]:
        """Return every actor's snapshot in a state."""
        return {
            name: self.slots[local_slot(n)].values[state[local_slot(n)]]
            for n, name in enumerate(self.names)
        }  # fmt: skip

    def source(self, number: int) -> ActorId:
        """Return the actor of this number."""
        for name in self.names:
            if int(name) == number:
                return name
        return ActorId(number)

    # ---- from a world

    def encode(self, world: World) -> list[int]:
        """Return the actors' slots for a world, three each. An actor that has not appeared is as `spawn` makes it."""
        return [value for number in range(len(self.names)) for value in self.encode_one(world, number)]

    def encode_one(self, world: World, number: int) -> list[int]:
        """Return the three slots of one actor for a world."""
        name = self.names[number]
        present = name in world.actors
        thing = world.actors[name] if present else self.actors[number]
        pending = self.pending_of(world, name) if present else "absent"
        return [
            self.slots[local_slot(number)].intern(frozen(thing)),
            self.slots[pending_slot(number)].intern(pending),
            self.slots[wire_slot(number)].intern(self.wire_of(world, name)),
        ]

    def pending_of(self, world: World, name: ActorId) -> Pending | None:
        """Return what is pending at an actor of a world; None when it is down."""
        if name in world.down:
            return None
        operations = sorted([(self.packets.intern(p), write) for p, write in world.operations.get(name, ())])
        timers = sorted([self.packets.intern(p) for p in world.timers.get(name, ())])
        poll = self.packets.intern(world.polls[name]) if name in world.polls else NO_POLL
        return Pending(tuple(operations), tuple(timers), poll)

    def wire_of(self, world: World, name: ActorId) -> Wire:
        """Return the connections and the mail of an actor of a world."""
        intern = self.packets.intern
        ends = [
            Ends(c.id.count, c.client_open, c.server_open, tuple(map(intern, c.up)), tuple(map(intern, c.down)))
            for c in sorted(world.connections.values(), key=lambda c: int(c.id))
            if c.client == name
        ]
        mail: Inbound = ()
        for source, packet in world.mail.get(name, ()):
            mail = self.put(mail, int(source), intern(packet))
        return Wire(world.counts.get(name, 0), tuple(ends), mail)

    def sent(self, mail: Inbound, source: int, packet: int) -> Inbound:
        """Return mail after one more packet is sent. On a lossy link one that is under way already adds none (`Host.post`)."""
        item = (source, packet)
        if self.system.coalescing and item in mail and self.system.link(self.packets.values[packet]).lossy:
            if self._order(packet) != "ordered":
                return mail
            if item == [other for other in mail if other[0] == source and self._order(other[1]) == "ordered"][-1]:
                return mail
        return self.put(mail, source, packet)

    def put(self, mail: Inbound, source: int, packet: int) -> Inbound:
        """Return mail with one more packet, in the normal form of `Inbound`."""
        order = self._order(packet)
        if order == "duplicating" and (source, packet) in mail:
            return mail
        loose = [item for item in mail if self._order(item[1]) != "ordered"]
        queued = [item for item in mail if self._order(item[1]) == "ordered"]
        (queued if order == "ordered" else loose).append((source, packet))
        return (*sorted(loose), *sorted(queued, key=lambda item: item[0]))

    def _order(self, packet: int) -> str:
        return self.system.link(self.packets.values[packet]).order

    def connection(self, packet: int) -> ConnectionId | None:
        """Return the connection over which a packet only answers, None for other packets (see `System.answers_over`)."""
        return self.system.answers_over(self.packets.values[packet])


def writes(encoding: Encoding, pending: Pending) -> Sequence[Packet]:
    """Return the packets of the open writes, in the order of the pending slot."""
    return [encoding.packets.values[packet] for packet, is_write in pending.operations if is_write]
