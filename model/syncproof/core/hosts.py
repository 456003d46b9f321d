"""The place of an actor in a world: what is pending at it, and the handles by which a scheduler acts on that.

A handle (`Connection`, `Mail`, `Operation`, `Timer`) stands for something that may still happen. The methods of `World`
take handles; one that is void by now (its actor crashed, its end closed, its timer was disarmed) does nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from syncproof.core.actor import Actor, Handler, Out, made_by_engines, state, to_nobody, unhandled
from syncproof.core.observations import MADE_BY_ENGINES, Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.replies import told
from syncproof.core.same import same
from syncproof.core.values import ActorId, ConnectionId, Id

if TYPE_CHECKING:
    from syncproof.core.world import World


@state
class Connection:
    """One connection: which ends are open, and what is in flight to the server (`up`) and to the client (`down`).

    Both queues hold the oldest packet first.
    """

    id: ConnectionId
    client: ActorId
    client_open: bool
    server_open: bool
    up: deque[Packet]
    down: deque[Packet]


class Mail(msgspec.Struct, eq=False):
    """A packet on its way over a link."""

    source: ActorId
    receiver: Host
    packet: Packet


class Operation(msgspec.Struct, eq=False):
    """An open storage operation. `packet` comes when it completes; `write`: a crash decides whether it lands."""

    host: Host
    packet: Packet
    write: bool


class Timer(msgspec.Struct, eq=False):
    """A timer; void once it fired, was disarmed or was armed again."""

    host: Host
    packet: Packet


class Handlers(dict[type[Packet], Handler]):
    """An actor's handlers by packet class; raises `TypeError` for a class that the actor does not handle."""

    def __init__(self, actor: Actor, handlers: Mapping[type[Packet], Handler]) -> None:
        super().__init__(handlers)
        self.actor = actor

    def __missing__(self, kind: type[Packet]) -> Handler:
        found = self.actor.handlers.get(Packet)
        if found is None:
            raise unhandled(self.actor, kind)
        return found


class Host(Out):
    """An actor of a world and what is pending at it. It is the `Out` of the actor's handlers.

    `connection`: the connection whose client's end the actor holds open; `connects`: how many it has opened.
    `mail`: what is on its way to it over links, oldest first. `operations`: its open storage operations in the order in
    which they began. `timers`: by packet. `poll_timer`: the poll timer, if armed. `backup`: the snapshot last kept.
    """

    __slots__ = (
        "actor",
        "backup",
        "connection",
        "connects",
        "down",
        "guards",
        "handlers",
        "mail",
        "name",
        "operations",
        "poll_timer",
        "timers",
        "world",
    )

    def __init__(self, world: World, name: ActorId, actor: Actor) -> None:
        self.world = world
        self.name = name
        self.actor = actor
        self.handlers = Handlers(actor, actor.handlers)
        self.guards = actor.guards
        self.down = False
        self.connection: Connection | None = None
        self.connects = 0
        self.mail: list[Mail] = []
        self.operations: dict[Operation, bool] = {}
        self.timers: dict[Packet, Timer] = {}
        self.poll_timer: Timer | None = None
        self.backup: tuple[object, ...] | None = None

    def receive(self, source: Id, packet: Packet) -> None:
        """Run the actor's handler of a packet. `TypeError` if it has none."""
        self.handlers[type(packet)](self.actor, source, packet, self)

    def start(self) -> None:
        """Let the actor start, for the first time or after a crash."""
        self.actor.start(self)

    def accepts(self, source: Id, packet: Packet) -> bool:
        """Return whether the actor receives a packet now that arrives over a link or a connection."""
        guard = self.guards.get(type(packet))
        return guard is None or bool(guard(self.actor, source, packet))

    # ---- begin something; each returns the handle

    def send_over(self, name: ConnectionId, packet: Packet) -> Connection | None:
        """Put a packet on its way over a connection, or drop it and return None when one of the ends is closed."""
        connection = self.world.connections.get(name)
        if connection is None or not (connection.client_open and connection.server_open):
            return None
        if connection.client == self.name:
            connection.up.append(packet)
        elif self.world.server_of(name) is self:
            connection.down.append(packet)
        return connection

    def post(self, receiver: Id, packet: Packet) -> Mail:
        """Put a packet on its way over a link to the actor of this id.

        On a lossy link a packet that is identical to one that this actor has under way adds none, unless the world keeps
        each copy: so an actor that sends again and again has finitely many states. On an ordered link it must be the one
        sent last there, since after another packet it says something else. The fault `Duplicate` makes copies.
        `LookupError` if there is no such actor.
        """
        try:
            host = self.world.hosts[receiver]  # type: ignore[index]
        except KeyError:
            raise LookupError(f"{self.name!r} ({type(self.actor).__name__}) {to_nobody(packet, receiver)}") from None
        link = self.world.system.link
        if self.world.coalescing and link(packet).lossy:
            sent = [mail for mail in host.mail if mail.source == self.name]
            if link(packet).order == "ordered":
                sent = [mail for mail in sent if link(mail.packet).order == "ordered"][-1:]
            for mail in sent:
                if same(mail.packet, packet):
                    return mail
        mail = Mail(self.name, host, packet)
        host.mail.append(mail)
        return mail

    def operate(self, packet: Packet, write: bool) -> Operation:
        """Begin a storage operation."""
        operation = Operation(self, packet, write)
        self.operations[operation] = True
        return operation

    def arm(self, packet: Packet) -> Timer:
        """Arm a timer, or arm it again. `ValueError` if the packet is the poll timer's."""
        if self.poll_timer is not None and self.poll_timer.packet == packet:
            raise self._both(packet)
        timer = self.timers[packet] = Timer(self, packet)
        return timer

    def arm_poll(self, packet: Packet) -> Timer:
        """Arm the poll timer, or arm it again. `ValueError` if the packet is a timer's."""
        if packet in self.timers:
            raise self._both(packet)
        timer = self.poll_timer = Timer(self, packet)
        return timer

    def _both(self, packet: Packet) -> ValueError:
        who = f"{self.name!r} ({type(self.actor).__name__})"
        return ValueError(f"{who} arms {packet!r} as a timer and as its poll; give one of them a class of its own")

    # ---- the interface of handlers

    def send(self, destination: Id, packet: Packet) -> None:
        for said in told(packet):
            self.world.observe(said)
        self.forward(destination, packet)

    def forward(self, destination: Id, packet: Packet) -> None:
        if isinstance(destination, ConnectionId):
            self.send_over(destination, packet)
        else:
            self.post(destination, packet)

    def close(self, connection: ConnectionId) -> None:
        self.world.hang_up(self, connection)

    def after(self, delay: float, packet: Packet, jitter: float = 0.0) -> None:
        self.arm(packet)

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self.arm_poll(packet)

    def cancel(self, packet: Packet) -> None:
        self.timers.pop(packet, None)
        if self.poll_timer is not None and self.poll_timer.packet == packet:
            self.poll_timer = None

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        if then is not None:
            self.operate(then, True)

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        if then is not None:
            self.operate(then, True)

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        if then is not None:
            self.operate(then, False)

    def observe(self, observation: Observation) -> None:
        if type(observation) in MADE_BY_ENGINES:
            raise made_by_engines(self.actor, type(observation))
        self.world.observe(observation)


class Landed(Out):
    """The `Out` of a write that became durable in a crash: durable observations count, every other effect is ignored."""

    __slots__ = ("_actor", "_observe")

    def __init__(self, actor: Actor, observe: Callable[[Observation], None]) -> None:
        self._actor = actor
        self._observe = observe

    def observe(self, observation: Observation) -> None:
        if type(observation) in MADE_BY_ENGINES:
            raise made_by_engines(self._actor, type(observation))
        if observation.durable:
            self._observe(observation)
