"""A system: actors, the links between them, and the environment that moves them.

A `System` says who there is. A `World` is one state of it: the actors, what is in flight, the connections with their two
ends, open storage operations and timers. Everything that can happen to a world is a *move*, a small value that can be
written down, applied, and applied again: `World.apply` is the semantics, in one place, that every engine shares or is
held against.

**Connections.** `Connect` opens both ends (the handshake is one step). Each end closes for itself:

| move | client's end | server's end | in flight to the server | in flight to the client |
|---|---|---|---|---|
| `Disconnect` clean | closes | closes after what is in flight | arrives | is lost |
| `Disconnect` half-open | closes | stays open until `Notice` | arrives until `Notice` | is lost |
| `Crash`, `Restore`, reinstall of the client | closes | stays open until `Notice` | arrives until `Notice` | is lost |
| `Crash`, `Restore` of the server | stays open until `Notice` | closes | is lost | arrives until `Notice` |

An end that is open sends; what it sends to a closed end is gone.

**Fairness**, for every engine: once faults stop, crashed actors restart, dead ends are noticed, clients without a
connection connect (`recoveries` lists exactly these), and everything pending is eventually taken. A world is quiescent when
only poll timers remain and a round of polls changed nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import cast

from syncproof.core.actor import Actor, Out, state
from syncproof.core.links import Link
from syncproof.core.moves import (
    Arrive,
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Duplicate,
    End,
    Fire,
    Keep,
    Lose,
    Move,
    MoveError,
    Notice,
    Rest,
    Restart,
    Restore,
    Spawn,
    Stop,
    Take,
    Tell,
)
from syncproof.core.observations import (
    Connected,
    Crashed,
    Disconnected,
    FaultsStopped,
    Observation,
    Quiesced,
    Restarted,
)
from syncproof.core.packets import Closed, Idle, Opened, Packet
from syncproof.core.values import ENVIRONMENT, ActorId, ConnectionId, DeviceId, Id, UserId


class System:
    """Who takes part.

    `cast` makes fresh actors; `opening` are the observations a history begins with; `server` is the actor at the other
    end of every connection; `spawn` makes the actor of a device that appears later, given its id, its user and the device
    that it replaces, if any; `links` overrides the links that packet classes name; `clocked` asks engines for `Tick`s;
    `properties` names what applies.
    """

    def __init__(
        self,
        name: str,
        cast: Callable[[], dict[ActorId, Actor]],
        *,
        server: ActorId | None = None,
        opening: tuple[Observation, ...] = (),
        spawn: Callable[[DeviceId, UserId, DeviceId | None], Actor] | None = None,
        links: Mapping[type[Packet], Link] | None = None,
        properties: tuple[str, ...] = (),
        clocked: bool = False,
    ) -> None:
        self.name = name
        self.cast = cast
        self.server = server
        self.opening = opening
        self.spawn = spawn
        self.links = dict(links or {})
        self.properties = properties
        self.clocked = clocked

    def link(self, packet: Packet) -> Link:
        """How packets of this class travel to an actor's id here."""
        return self.links.get(type(packet), packet.link)


@state
class Connection:
    """One connection: which ends are open, and what is in flight each way, oldest first."""

    id: ConnectionId
    client: ActorId
    client_open: bool
    server_open: bool
    up: deque[Packet]
    down: deque[Packet]


class Landed:
    """The `Out` of a write that became durable in a crash: stores change, and nothing else comes of it."""

    def __init__(self, observe: Callable[[Observation], None]) -> None:
        self._observe = observe

    def observe(self, observation: Observation) -> None:
        if observation.durable:
            self._observe(observation)

    def send(self, destination: Id, packet: Packet) -> None: ...
    def after(self, delay: float, packet: Packet) -> None: ...
    def poll(self, delay: float, packet: Packet, idle: Idle) -> None: ...
    def cancel(self, packet: Packet) -> None: ...
    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None: ...
    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None: ...
    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None: ...


def put_back(actor: Actor, backup: tuple[object, ...], out: Out) -> None:
    """Puts an actor's durable state back to a snapshot of it; the volatile state is lost."""
    before = copy(actor)
    actor.restore(backup)
    actor.crash()
    actor.restored(before, out)


class World:
    """One state of a system. `observe` receives every observation; `apply` makes a move or raises `MoveError`."""

    def __init__(self, system: System, observe: Callable[[Observation], None] = lambda _: None) -> None:
        self.system = system
        self.observe = observe
        self.actors = system.cast()
        self.down: dict[ActorId, bool] = {}
        self.connections: dict[ConnectionId, Connection] = {}
        self.counts: dict[int, int] = {}
        self.mail: dict[ActorId, list[tuple[ActorId, Packet]]] = {}
        self.operations: dict[ActorId, list[tuple[Packet, bool]]] = {}
        self.timers: dict[ActorId, list[Packet]] = {}
        self.polls: dict[ActorId, Packet] = {}
        self.backups: dict[ActorId, tuple[object, ...]] = {}
        for observation in system.opening:
            observe(observation)
        for actor in self.actors.values():
            actor.start(WorldOut(self, actor.id))

    # ---- what is so

    def clients(self) -> dict[ActorId, Actor]:
        """The devices, by id."""
        return {i: a for i, a in self.actors.items() if isinstance(i, DeviceId)}

    def open_connection(self, client: ActorId) -> Connection | None:
        """The connection whose client end is open, if any."""
        for connection in self.connections.values():
            if connection.client == client and connection.client_open:
                return connection
        return None

    def pending(self) -> Iterator[Move]:
        """Every move that nothing but time keeps from happening, polls left out."""
        for connection in self.connections.values():
            if connection.up and connection.server_open:
                yield Deliver(connection.id, "server")
            if connection.down and connection.client_open:
                yield Deliver(connection.id, "client")
        for receiver in sorted(self.mail):
            if receiver not in self.down:
                for _, packet, in_turn in self._mail_in_turn(receiver):
                    if in_turn:
                        yield Arrive(receiver, packet)
        for actor in sorted(self.operations):
            for packet, _ in self.operations[actor]:
                yield Complete(actor, packet)
        for actor in sorted(self.timers):
            for packet in self.timers[actor]:
                yield Fire(actor, packet)
        for name, offering in self.actors.items():
            if offering.offers_steps and name not in self.down:
                for packet in offering.steps():
                    yield Take(name, packet)

    # ---- what happens

    def apply(self, move: Move) -> None:
        """Makes the move. Raises `MoveError` if it is not enabled; the world is then unchanged."""
        getattr(self, "_" + type(move).__name__.lower())(move)

    def handle(self, actor: ActorId, source: Id, packet: Packet) -> None:
        self.actors[actor].handle(source, packet, WorldOut(self, actor))

    def _deliver(self, move: Deliver) -> None:
        connection = self._connection(move.connection)
        queue, receiving = (
            (connection.up, connection.server_open)
            if move.end == "server"
            else (connection.down, connection.client_open)
        )
        if not queue or not receiving:
            raise MoveError(f"nothing to deliver to the {move.end} on {move.connection}")
        packet = queue.popleft()
        if isinstance(packet, Closed):
            self._close_server_end(connection)
        else:
            self.handle(self._end(connection, move.end), connection.id, packet)

    def _arrive(self, move: Arrive) -> None:
        source = self._take_mail(move.receiver, move.packet)
        link = self.system.link(move.packet)
        if link.order == "duplicating":
            self.mail[move.receiver].append((source, move.packet))
        if not link.while_connected or self.open_connection(move.receiver) is not None:
            self.handle(move.receiver, source, move.packet)

    def _lose(self, move: Lose) -> None:
        if not self.system.link(move.packet).lossy:
            raise MoveError(f"the link of {type(move.packet).__name__} loses nothing")
        self._take_mail(move.receiver, move.packet)

    def _duplicate(self, move: Duplicate) -> None:
        if not self.system.link(move.packet).lossy:
            raise MoveError(f"the link of {type(move.packet).__name__} repeats nothing")
        box = self.mail.get(move.receiver, [])
        index = self._find_mail(move.receiver, move.packet)
        box.insert(index, box[index])

    def _complete(self, move: Complete) -> None:
        for index, (packet, _) in enumerate(self.operations.get(move.actor, ())):
            if packet == move.packet:
                del self.operations[move.actor][index]
                self.handle(move.actor, move.actor, packet)
                return
        raise MoveError(f"{move.actor} has no open operation {move.packet}")

    def _fire(self, move: Fire) -> None:
        timers = self.timers.get(move.actor, [])
        if self.polls.get(move.actor) == move.packet:
            del self.polls[move.actor]
        elif move.packet in timers:
            timers.remove(move.packet)
        else:
            raise MoveError(f"{move.actor} has no timer {move.packet}")
        self.handle(move.actor, move.actor, move.packet)

    def _take(self, move: Take) -> None:
        if move.actor in self.down or move.packet not in list(self.actors[move.actor].steps()):
            raise MoveError(f"{move.actor} does not offer {move.packet}")
        self.handle(move.actor, move.actor, move.packet)

    def _tell(self, move: Tell) -> None:
        if move.actor not in self.actors or move.actor in self.down:
            raise MoveError(f"{move.actor} is not there to be told {move.packet}")
        self.handle(move.actor, ENVIRONMENT, move.packet)

    def _connect(self, move: Connect) -> None:
        server = self.system.server
        if server is None or server in self.down or move.client in self.down or move.client not in self.actors:
            raise MoveError(f"{move.client} cannot connect: an end is not running")
        if self.open_connection(move.client) is not None:
            raise MoveError(f"{move.client} is connected already")
        count = self.counts[move.client] = self.counts.get(move.client, 0) + 1
        name = ConnectionId.of(move.client, count)
        self.connections[name] = Connection(name, move.client, True, True, deque(), deque())
        self.observe(Connected(move.client))
        self.handle(server, name, Opened(name, move.client))
        self.handle(move.client, name, Opened(name, move.client))

    def _disconnect(self, move: Disconnect) -> None:
        connection = self.open_connection(move.client)
        if connection is None:
            raise MoveError(f"{move.client} is not connected")
        if move.clean and connection.server_open:
            connection.up.append(Closed(connection.id))
        self._close_client_end(connection, clean=move.clean)

    def _notice(self, move: Notice) -> None:
        connection = self._connection(move.connection)
        if move.end == "client":
            if not connection.client_open or connection.server_open:
                raise MoveError(f"the client's end of {move.connection} is not dead")
            self._close_client_end(connection, clean=False)
        else:
            if not connection.server_open or connection.client_open:
                raise MoveError(f"the server's end of {move.connection} is not dead")
            self._close_server_end(connection)

    def _crash(self, move: Crash) -> None:
        actor = self._running(move.actor)
        writes = [packet for packet, is_write in self.operations.get(move.actor, []) if is_write]
        for packet in move.landed:
            if packet not in writes:
                raise MoveError(f"{move.actor} has no open write {packet}")
            writes.remove(packet)
        out = Landed(self.observe)
        for packet in move.landed:
            actor.handle(move.actor, packet, out)
        actor.crash()
        self._fall(move.actor)

    def _keep(self, move: Keep) -> None:
        if move.actor not in self.actors:
            raise MoveError(f"{move.actor} is not there")
        self.backups[move.actor] = self.actors[move.actor].snapshot()

    def _restore(self, move: Restore) -> None:
        actor = self._running(move.actor)
        if move.actor not in self.backups:
            raise MoveError(f"there is no backup of {move.actor}")
        put_back(actor, self.backups[move.actor], Landed(self.observe))
        self._fall(move.actor)

    def _running(self, name: ActorId) -> Actor:
        if name in self.down or name not in self.actors:
            raise MoveError(f"{name} is not running")
        return self.actors[name]

    def _fall(self, name: ActorId) -> None:
        """The actor is down: what was pending at it is gone, and so are its ends of connections."""
        self.down[name] = True
        for pending in (self.operations, self.timers, self.polls):
            cast("dict[ActorId, object]", pending).pop(name, None)
        self.observe(Crashed(name))
        for connection in list(self.connections.values()):
            if name == self.system.server and connection.server_open:
                connection.server_open = False
                connection.up.clear()
            elif name == connection.client and connection.client_open:
                connection.client_open = False
                connection.down.clear()
                self.observe(Disconnected(cast(DeviceId, name), False))
            self._forget(connection)

    def _restart(self, move: Restart) -> None:
        if move.actor not in self.down:
            raise MoveError(f"{move.actor} is running")
        del self.down[move.actor]
        self.observe(Restarted(move.actor))
        self.actors[move.actor].start(WorldOut(self, move.actor))

    def _spawn(self, move: Spawn) -> None:
        if self.system.spawn is None or move.actor in self.actors:
            raise MoveError(f"{move.actor} cannot appear here")
        if move.replaces is not None:
            self._running(move.replaces)
            self._fall(move.replaces)
            del self.actors[move.replaces], self.down[move.replaces]
        self.actors[move.actor] = self.system.spawn(move.actor, move.user, move.replaces)
        self.actors[move.actor].start(WorldOut(self, move.actor))

    def _stop(self, move: Stop) -> None:
        self.observe(FaultsStopped())

    def _rest(self, move: Rest) -> None:
        self.observe(Quiesced())

    # ---- pieces

    def _connection(self, name: ConnectionId) -> Connection:
        try:
            return self.connections[name]
        except KeyError:
            raise MoveError(f"there is no connection {name}") from None

    def _end(self, connection: Connection, end: End) -> ActorId:
        return cast(ActorId, self.system.server) if end == "server" else connection.client

    def _close_client_end(self, connection: Connection, *, clean: bool) -> None:
        connection.client_open = False
        connection.down.clear()
        self.observe(Disconnected(cast(DeviceId, connection.client), clean))
        self.handle(connection.client, connection.id, Closed(connection.id))
        self._forget(connection)

    def _close_server_end(self, connection: Connection) -> None:
        connection.server_open = False
        connection.up.clear()
        self.handle(cast(ActorId, self.system.server), connection.id, Closed(connection.id))
        self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        if not connection.client_open and not connection.server_open:
            self.connections.pop(connection.id, None)

    def _take_mail(self, receiver: ActorId, packet: Packet) -> ActorId:
        if receiver in self.down and not self.system.link(packet).while_connected:
            raise MoveError(f"{receiver} is not running")
        index = self._find_mail(receiver, packet)
        source, _ = self.mail[receiver].pop(index)
        return source

    def _find_mail(self, receiver: ActorId, packet: Packet) -> int:
        """Where the packet lies in the receiver's mail; of what travels in order only a source's oldest is there."""
        for index, waiting, in_turn in self._mail_in_turn(receiver):
            if in_turn and waiting == packet:
                return index
        raise MoveError(f"no {packet} is on its way to {receiver}, or others are before it")

    def _mail_in_turn(self, receiver: ActorId) -> Iterator[tuple[int, Packet, bool]]:
        """The receiver's mail, and of each packet whether nothing must arrive before it."""
        waiting_for: set[ActorId] = set()
        for index, (source, packet) in enumerate(self.mail.get(receiver, ())):
            ordered = self.system.link(packet).order == "ordered"
            yield index, packet, not ordered or source not in waiting_for
            if ordered:
                waiting_for.add(source)


class WorldOut:
    """The `Out` of a world: effects go to where moves will find them."""

    __slots__ = ("me", "world")

    def __init__(self, world: World, me: ActorId) -> None:
        self.world = world
        self.me = me

    def send(self, destination: Id, packet: Packet) -> None:
        world = self.world
        if not isinstance(destination, ConnectionId):
            receiver = cast(ActorId, destination)
            world.mail.setdefault(receiver, []).append((self.me, packet))
            return
        connection = world.connections.get(destination)
        if connection is None:
            return
        if self.me == connection.client:
            if connection.server_open and connection.client_open:
                connection.up.append(packet)
        elif connection.client_open and connection.server_open:
            connection.down.append(packet)

    def after(self, delay: float, packet: Packet) -> None:
        timers = self.world.timers.setdefault(self.me, [])
        if packet not in timers:
            timers.append(packet)

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self.world.polls[self.me] = packet

    def cancel(self, packet: Packet) -> None:
        timers = self.world.timers.get(self.me, [])
        if packet in timers:
            timers.remove(packet)
        if self.world.polls.get(self.me) == packet:
            del self.world.polls[self.me]

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        if then is not None:
            self.world.operations.setdefault(self.me, []).append((then, True))

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        self.write(store, rows, bytes, then)

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        if then is not None:
            self.world.operations.setdefault(self.me, []).append((then, False))

    def observe(self, observation: Observation) -> None:
        self.world.observe(observation)
