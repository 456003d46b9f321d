"""Where the server of a design runs: in one process, or as the store behind gateways, without a change of the design.

In `single` the server is the actor at the other end of every connection. In `cluster` two gateways hold the connections of
the devices, and each of them has one connection to the store, which is the design's own server:

    device 0 ---- gateway 0 ----+
                                +---- store (the design's server)
    device 1 ---- gateway 1 ----+

Every connection here is ordered and reliable while both of its ends are open, and each end closes separately, so that a
cut between a gateway and the store loses nothing silently: both learn of it, the gateway then closes the connections of its
devices, and the store takes them for closed. A device's next connection leads to the next gateway.

The store keeps seeing connections. A gateway passes up what a connection does (`Up`: it opened, it carried a packet, it
closed), and the store's handlers receive this as if the connection were theirs. What they send over it is passed down
(`Down`). What they push to a device goes to the gateway that the store last saw the device at (`DownPush`), which pushes it to
the device if that is connected there; otherwise it is lost, as every push may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

import msgspec

from syncproof.core.actor import Actor, Handler, Out, actor, on, volatile
from syncproof.core.observations import Observation
from syncproof.core.packets import Closed, HangUp, Idle, Opened, Packet
from syncproof.core.values import ActorId, ConnectionId, DeviceId, GatewayId, Id
from syncproof.designs.base import Server
from syncproof.designs.replicas import with_replica


class Up(Packet, frozen=True, gc=False):
    """What happens to a device's connection at a gateway: `packet` is `Opened`, `Closed` or what the device sent."""

    internal = True

    connection: ConnectionId
    packet: Packet

    @property
    def draw_key(self) -> int:
        return self.packet.draw_key

    @property
    def draw_owner(self) -> int:
        return self.connection.client


class Down(Packet, frozen=True, gc=False):
    """What the store sends over a device's connection."""

    carries = "packet"
    internal = True

    connection: ConnectionId
    packet: Packet

    @property
    def draw_key(self) -> int:
        return self.packet.draw_key

    @property
    def draw_owner(self) -> int:
        return self.connection.client


class DownPush(Packet, frozen=True, gc=False):
    """What the store pushes to a device."""

    internal = True

    device: DeviceId
    packet: Packet

    @property
    def draw_key(self) -> int:
        return self.packet.draw_key

    @property
    def draw_owner(self) -> int:
        return self.device


@actor
class Gateway(Actor):
    """Holds connections of devices, and passes on what goes over them.

    `store`: its own connection to the store. `online`: the device at the other end of each connection. `waiting`: what is to be
    passed up when the store can be reached.
    """

    store: ConnectionId | None = volatile(lambda: None)
    online: dict[ConnectionId, DeviceId] = volatile(dict)
    waiting: list[Up] = volatile(list)

    @on(Opened)
    def opened(self, source: ConnectionId, packet: Opened, out: Out) -> None:
        """Note a device's connection, or pass up what has waited for the gateway's own."""
        if packet.peer != self.id:
            self.online[source] = cast(DeviceId, packet.peer)
            self.up(source, packet, out)
            return
        self.store = source
        for waiting in self.waiting:
            out.send(source, waiting)
        self.waiting = []

    @on(Closed)
    def closed(self, source: ConnectionId, packet: Closed, out: Out) -> None:
        """Forget a device's connection; without its own a gateway closes those of all its devices."""
        if source != self.store:
            if self.online.pop(source, None) is not None:
                self.up(source, packet, out)
            return
        for connection in self.online:
            out.close(connection)
        self.store, self.online, self.waiting = None, {}, []

    def held(self) -> Mapping[str, int]:
        """Return that a gateway stores nothing."""
        return {}

    @on(Packet)
    def sent_by_device(self, source: ConnectionId, packet: Packet, out: Out) -> None:
        """Pass up what a device sends."""
        if source in self.online:
            self.up(source, packet, out)

    @on(Down)
    def sent_by_store(self, source: ConnectionId, packet: Down, out: Out) -> None:
        """Pass down what the store sends over a device's connection, if it is still open."""
        if packet.connection not in self.online:
            return
        if isinstance(packet.packet, HangUp):
            del self.online[packet.connection]
            out.close(packet.connection)
        else:
            out.forward(packet.connection, packet.packet)

    @on(DownPush)
    def pushed_by_store(self, source: ConnectionId, packet: DownPush, out: Out) -> None:
        """Push to a device, if it is connected here."""
        if packet.device in self.online.values():
            out.forward(packet.device, packet.packet)

    def up(self, connection: ConnectionId, packet: Packet, out: Out) -> None:
        """Pass up what happens to a device's connection, at once or when the store can be reached."""
        if self.store is None:
            self.waiting.append(Up(connection, packet))
        else:
            out.send(self.store, Up(connection, packet))


class Downwards(Out):
    """The effects of a store's handler: what is for devices goes to their gateways.

    `routes`: device's connection -> the gateway's connection over which it is reached.
    """

    __slots__ = ("out", "routes")

    def __init__(self, routes: dict[ConnectionId, ConnectionId], out: Out) -> None:
        self.routes = routes
        self.out = out

    def send(self, destination: Id, packet: Packet) -> None:
        if isinstance(destination, ConnectionId):
            route = self.routes.get(destination)
            # A client's connections count from 1: what is sent over number 0 is lost, as over any that is closed.
            lost = ConnectionId.of(destination.client, 0)
            self.out.send(lost if route is None else route, Down(destination, packet))
        elif isinstance(destination, DeviceId):
            newest = max([c for c in self.routes if c.client == destination], default=None)
            if newest is not None:
                self.out.send(self.routes[newest], DownPush(destination, packet))
        else:
            self.out.send(destination, packet)

    def close(self, connection: ConnectionId) -> None:
        self.send(connection, HangUp())

    def after(self, delay: float, packet: Packet, jitter: float = 0.0) -> None:
        self.out.after(delay, packet, jitter)

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self.out.poll(delay, packet, idle)

    def cancel(self, packet: Packet) -> None:
        self.out.cancel(packet)

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        self.out.write(store, rows, bytes, then, replaces)

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        self.out.delete(store, rows, then, bytes)

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        self.out.read(store, rows, bytes, then)

    def observe(self, observation: Observation) -> None:
        self.out.observe(observation)


@cache
def store_of(server: type[Server]) -> type[Server]:
    """Return a design's server as the store behind gateways: its handlers are the server's own."""
    own = server.handlers

    def handle(store: Any, source: ConnectionId, packet: Packet, out: Out) -> None:
        handler = own.get(type(packet)) or own.get(Packet)
        if handler is None:
            raise TypeError(f"{server.__name__} has no handler for {type(packet).__name__}")
        handler(store, source, packet, Downwards(store.gateway_routes, out))

    @actor
    class Store(server):  # type: ignore[valid-type, misc]
        gateway_routes: dict[ConnectionId, ConnectionId] = volatile(dict)

        def start(self, out: Out) -> None:
            super().start(Downwards(self.gateway_routes, out))

        @on(Opened)
        def gateway_opened(self, source: ConnectionId, packet: Opened, out: Out) -> None:
            """Do nothing: what the gateway passes up says which devices it has."""

        @on(Closed)
        def gateway_closed(self, source: ConnectionId, packet: Closed, out: Out) -> None:
            """Take the connections of the gateway's devices for closed."""
            for connection in sorted([c for c, route in self.gateway_routes.items() if route == source]):
                self.gateway_lost(connection, out)

        @on(Up)
        def gateway_passed_up(self, source: ConnectionId, packet: Up, out: Out) -> None:
            """Handle what happened to a device's connection."""
            if isinstance(packet.packet, Closed):
                self.gateway_lost(packet.connection, out)
                return
            self.gateway_routes[packet.connection] = source
            handle(self, packet.connection, packet.packet, out)

        def gateway_lost(self, connection: ConnectionId, out: Out) -> None:
            """Handle the closing of a device's connection."""
            del self.gateway_routes[connection]
            handle(self, connection, Closed(connection), out)

    wrapped: dict[type[Packet], Handler] = {kind: _downwards(handler) for kind, handler in own.items()}
    Store.handlers = {**wrapped, **{kind: Store.handlers[kind] for kind in (Opened, Closed, Up)}}
    Store.__name__, Store.__qualname__, Store.__module__ = server.__name__, server.__qualname__, server.__module__
    return Store


def _downwards(handler: Handler) -> Handler:
    def handle(store: Any, source: Id, packet: Packet, out: Out) -> None:
        handler(store, source, packet, Downwards(store.gateway_routes, out))

    return handle


class Deployment(msgspec.Struct, frozen=True):
    """Where a design's server runs. `gateways`: the processes that hold the devices' connections; none: the server does."""

    name: str
    sentence: str
    gateways: tuple[GatewayId, ...]

    def server(self, server: type[Server], replica: bool = False) -> type[Server]:
        """Return the class of the actor that stands for a design's server; `replica`: one serves what only reads."""
        if replica:
            server = with_replica(server)  # type: ignore[arg-type]  # mypy takes no class for hashable
        return store_of(server) if self.gateways else server  # type: ignore[arg-type]

    def others(self, gateway: Callable[..., Actor]) -> dict[ActorId, Actor]:
        """Return the other processes of the server."""
        return {name: gateway(id=name) for name in self.gateways}


DEPLOYMENTS: dict[str, Deployment] = {
    each.name: each
    for each in (
        Deployment("single", "one process is the server", ()),
        Deployment(
            "cluster",
            "two gateways hold the connections of the devices, and the server is the store behind them",
            (GatewayId(GatewayId.FIRST), GatewayId(GatewayId.FIRST - 1)),
        ),
    )
}
"""Name -> deployment."""
