"""A store behind gateways: devices send over their connection to a gateway, which passes it on over its own to the store.

It does not follow the deployments of the package, so that what a search of it finds changes only where the explorer does.
"""

from __future__ import annotations

from typing import Any, ClassVar

import attrs

from syncproof.core.actor import Actor, Out, actor, durable, on, state, volatile
from syncproof.core.environment import Environment
from syncproof.core.links import Link
from syncproof.core.moves import Connect, Tell
from syncproof.core.observations import Observation
from syncproof.core.packets import Closed, Opened, Packet
from syncproof.core.values import SERVER, ActorId, ConnectionId, DeviceId, GatewayId, Id
from syncproof.core.world import System
from syncproof.properties import Property, observes

GATEWAYS = (GatewayId(-3), GatewayId(-4))


class Post(Packet, frozen=True, gc=False):
    """A person posts a note; a device sends it to its gateway."""

    note: int


class Passed(Packet, frozen=True, gc=False):
    """A gateway passes a note on to the store."""

    over: ConnectionId
    note: int


class Stored(Packet, frozen=True, gc=False):
    """The store's write of a note is durable, or the store says so to the gateway `via`."""

    via: ConnectionId
    over: ConnectionId
    note: int


class Done(Packet, frozen=True, gc=False):
    """A device's note is stored."""

    note: int


class Copy(Packet, frozen=True, gc=False):
    """The store sends a gateway a note, in order, with the connection of the device that posted it."""

    link: ClassVar[Link] = Link("ordered")
    over: ConnectionId
    note: int


class Hint(Packet, frozen=True, gc=False):
    """A gateway pushes a note to the devices that are connected to it."""

    link: ClassVar[Link] = Link("unordered", lossy=True, while_connected=True)
    note: int


class Kept(Observation, frozen=True, gc=False):
    """The store has a note."""

    durable: ClassVar[bool] = True
    note: int


class Heard(Observation, frozen=True, gc=False):
    """A device hears of a note."""

    device: DeviceId
    note: int


@actor
class Store(Actor):
    """Keeps notes. `peers`: the gateways that are connected."""

    notes: set[int] = durable(set)
    peers: set[GatewayId] = volatile(set)

    @on(Opened)
    def opened(self, source: Id, packet: Opened, out: Out) -> None:
        self.peers.add(GatewayId(packet.peer))

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        self.peers.discard(GatewayId(packet.connection.client))

    @on(Passed)
    def passed(self, source: ConnectionId, packet: Passed, out: Out) -> None:
        out.write("disk", 1, 1, Stored(source, packet.over, packet.note))

    @on(Stored)
    def stored(self, source: Id, packet: Stored, out: Out) -> None:
        if packet.note not in self.notes:
            self.notes.add(packet.note)
            out.observe(Kept(packet.note))
            for peer in sorted(self.peers):
                out.send(peer, Copy(packet.over, packet.note))
        out.send(packet.via, packet)


@actor
class Gateway(Actor):
    """Has a connection to the store (`up`), and those of devices (`peers`)."""

    up: ConnectionId | None = volatile(lambda: None)
    peers: set[ConnectionId] = volatile(set)

    @on(Opened)
    def opened(self, source: ConnectionId, packet: Opened, out: Out) -> None:
        if packet.peer == self.id:
            self.up = source
        else:
            self.peers.add(source)

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        if packet.connection == self.up:
            self.up = None
            for peer in sorted(self.peers):
                out.close(peer)
            self.peers.clear()
        self.peers.discard(packet.connection)

    @on(Post)
    def post(self, source: ConnectionId, packet: Post, out: Out) -> None:
        if self.up is not None:
            out.send(self.up, Passed(source, packet.note))

    @on(Stored)
    def stored(self, source: Id, packet: Stored, out: Out) -> None:
        if packet.over in self.peers:
            out.send(packet.over, Done(packet.note))

    @on(Copy)
    def copy(self, source: Id, packet: Copy, out: Out) -> None:
        out.send(packet.over, Done(packet.note))  # lost where another gateway has that connection
        for peer in sorted(self.peers):
            out.send(DeviceId(peer.client), Hint(packet.note))


@actor
class Device(Actor):
    """Sends what is posted until it is stored."""

    drafts: set[int] = durable(set)
    heard: set[int] = durable(set)
    over: ConnectionId | None = volatile(lambda: None)

    @on(Opened)
    def opened(self, source: ConnectionId, packet: Opened, out: Out) -> None:
        self.over = source
        for note in sorted(self.drafts):
            out.send(source, Post(note))

    @on(Closed)
    def closed(self, source: Id, packet: Closed, out: Out) -> None:
        self.over = None

    @on(Post)
    def post(self, source: Id, packet: Post, out: Out) -> None:
        self.drafts.add(packet.note)
        if self.over is not None:
            out.send(self.over, packet)

    @on(Done)
    def done(self, source: Id, packet: Done, out: Out) -> None:
        self.drafts.discard(packet.note)

    @on(Hint)
    def hint(self, source: Id, packet: Hint, out: Out) -> None:
        if packet.note not in self.heard:
            self.heard.add(packet.note)
            out.observe(Heard(self.id, packet.note))


@state
class KeptFirst(Property):
    """Devices hear of what is stored alone, and the first one of no note that another one posted."""

    name = "kept-first"
    notes: set[int] = attrs.field(factory=set)

    @observes(Kept)
    def on_kept(self, o: Kept) -> None:
        self.notes.add(o.note)

    @observes(Heard)
    def on_heard(self, o: Heard) -> str | None:
        if o.note not in self.notes:
            return f"note {o.note} is not stored"
        return f"device {o.device:d} hears of note {o.note}" if o.device == 0 and o.note > 1 else None


@state
class AllHear(Property):
    """All devices hear of a note in the end, once one is stored."""

    name = "all-hear"
    kind = "liveness"
    missing: int = 0

    @observes(Kept)
    def on_kept(self, o: Kept) -> None:
        self.missing = self.missing or 3

    @observes(Heard)
    def on_heard(self, o: Heard) -> None:
        self.missing &= ~(1 << o.device)

    def at_quiescence(self) -> Any:
        if self.missing:
            yield f"{self.missing:b} do not hear"


def relay(devices: int = 2) -> System:
    """Return a store behind two gateways with so many devices."""

    def cast() -> dict[ActorId, Actor]:
        actors: dict[ActorId, Actor] = {SERVER: Store(id=SERVER)}
        actors |= {name: Gateway(id=name) for name in GATEWAYS}
        return actors | {DeviceId(n): Device(id=DeviceId(n)) for n in range(devices)}

    return System("relay", cast, server=SERVER, gateways=GATEWAYS)


def connected(devices: int, *posts: int, **more: Any) -> Environment:
    """Return the environment in which gateways and so many devices are connected, and each of these devices posts a note."""
    names = [*GATEWAYS, *[DeviceId(n) for n in range(devices)]]
    return Environment(
        prelude=tuple([Connect(name) for name in names]),
        scripts=tuple([(Tell(DeviceId(by), Post(note)),) for note, by in enumerate(posts, start=1)]),
        **more,
    )
