"""A system, and a world: one state of it, with everything that may happen next.

A `System` says who takes part. A `World` is one state of it: the actors, each in its `Host` with what is pending at it,
and the connections with their two ends. Everything that can happen to a world is a *move*, and what a move does is
defined here and nowhere else, in two layers:

- by *handle*: `deliver_to_server(connection)`, `complete(operation)`, `crash(host, landed)` and so on. A scheduler that
  keeps the handles of what is pending calls these; each returns whether it did anything, and a void handle does nothing.
- by *value*: `apply(move)` looks up the handles that a `Move` names, and raises `MoveError` if the move is not enabled.

What closes which end of a connection, and what becomes of the packets in flight, is the table `links.CLOSINGS`.

**Fairness**, for every engine: once faults stop, crashed actors restart, dead ends are noticed, clients without a
connection connect (`recoveries` lists exactly these), and everything pending is eventually taken. A world is quiescent when
only poll timers remain and a round of polls changed nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from operator import attrgetter
from typing import Any, ClassVar, cast

import msgspec

from syncproof.core.actor import Actor, Out
from syncproof.core.hosts import Connection, Host, Landed, Mail, Operation, Timer
from syncproof.core.links import CLOSINGS, Closing, End, Link
from syncproof.core.moves import (
    Abandon,
    Arrive,
    Complete,
    Connect,
    Crash,
    Deliver,
    Disconnect,
    Duplicate,
    Failover,
    Fire,
    Handover,
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
    MADE_BY_ENGINES,
    Abandoned,
    Appeared,
    Connected,
    Crashed,
    Disconnected,
    FaultsStopped,
    Observation,
    Quiesced,
    Restarted,
)
from syncproof.core.packets import Closed, Opened, Packet
from syncproof.core.replies import answers_only, done
from syncproof.core.same import find
from syncproof.core.values import ENVIRONMENT, ActorId, ConnectionId, DeviceId, UserId

PACKET = attrgetter("packet")

__all__ = ["Connection", "Host", "Landed", "Mail", "Operation", "System", "Timer", "World", "put_back"]


class System:
    """Who takes part.

    `cast` makes fresh actors; `opening` are the observations a history begins with; `server` is the actor at the other
    end of every connection. With `gateways` that is so only for theirs: each opens one connection to it, and the connections
    of devices lead to gateways, each next one to the next gateway (`server_of`). `spawn` makes the actor of a device that
    appears later, given its id, its user and the device that it replaces, if any; `links` overrides the links that packet
    classes name; `clocked`: engines send the server a `Tick` as its clock moves; `properties` names the properties that apply.
    `coalescing`: of identical packets on a lossy link one is under way at a time (see `Host.post`); off for a recorded run, in
    which each copy travels by itself.
    """

    def __init__(
        self,
        name: str,
        cast: Callable[[], dict[ActorId, Actor]],
        *,
        server: ActorId | None = None,
        gateways: tuple[ActorId, ...] = (),
        opening: tuple[Observation, ...] = (),
        spawn: Callable[[DeviceId, UserId, DeviceId | None], Actor] | None = None,
        links: Mapping[type[Packet], Link] | None = None,
        properties: tuple[str, ...] = (),
        clocked: bool = False,
        coalescing: bool = True,
    ) -> None:
        for observation in opening:
            if type(observation) in MADE_BY_ENGINES:
                raise TypeError(f"the opening of {name!r} has {type(observation).__name__}, which engines alone make")
        self.name = name
        self.cast = cast
        self.server = server
        self.gateways = gateways
        self.opening = opening
        self.spawn = spawn
        self.links = dict(links or {})
        self.properties = properties
        self.clocked = clocked
        self.coalescing = coalescing

    def recorded(self) -> System:
        """Return this system as a recorded run has it: each copy of a packet travels by itself."""
        twin = copy(self)
        twin.coalescing = False
        return twin

    def server_of(self, connection: ConnectionId) -> ActorId | None:
        """Return the actor at the server's end of a connection: a device's next connection leads to the next gateway."""
        client = connection.client
        if not self.gateways or client in self.gateways:
            return self.server
        return self.gateways[(client + connection.count - 1) % len(self.gateways)]

    def answers_over(self, packet: Packet) -> ConnectionId | None:
        """Return the connection over which a packet only answers (`answers_only`), if that loses the answer once it is closed.

        With gateways the answer is passed on all the same, to the gateway.
        """
        return None if self.gateways else answers_only(packet)

    def link(self, packet: Packet) -> Link:
        """Return how packets of this class travel to an actor's id in this system."""
        return self.links.get(type(packet), packet.link)


def put_back(actor: Actor, backup: tuple[object, ...], out: Out) -> None:
    """Put an actor back to a backup: its durable state is the backup's, its volatile state is lost."""
    before = copy(actor)
    actor.restore(backup)
    actor.crash()
    actor.restored(before, out)


class World:
    """One state of a system.

    `observe` receives every observation. `record` receives every move, before the observations that it causes.
    """

    host_type: ClassVar[type[Host]] = Host

    def __init__(
        self,
        system: System,
        observe: Callable[[Observation], None] = lambda _: None,
        record: Callable[[Move], None] | None = None,
    ) -> None:
        self.system = system
        self.observe = observe
        self.record = record
        self.coalescing = system.coalescing
        self.actors = system.cast()
        self.hosts: dict[ActorId, Host] = {name: self.host_type(self, name, a) for name, a in self.actors.items()}
        self.server = None if system.server is None else self.hosts[system.server]
        self.down: dict[ActorId, bool] = {}
        self.connections: dict[ConnectionId, Connection] = {}
        self.begin()

    def begin(self) -> None:
        """Report the opening and start every actor. A scheduler overrides this to delay it until it is ready itself."""
        for observation in self.system.opening:
            self.observe(observation)
        for host in self.hosts.values():
            host.start()

    # ---- the state

    @property
    def mail(self) -> dict[ActorId, list[tuple[ActorId, Packet]]]:
        """Return what is on its way over links: (source, packet) by receiver, oldest first."""
        return {name: [(m.source, m.packet) for m in host.mail] for name, host in self.hosts.items() if host.mail}

    @property
    def operations(self) -> dict[ActorId, list[tuple[Packet, bool]]]:
        """Return the open storage operations: (packet that comes then, is a write) by actor, oldest first."""
        return {n: [(o.packet, o.write) for o in host.operations] for n, host in self.hosts.items() if host.operations}

    @property
    def timers(self) -> dict[ActorId, list[Packet]]:
        """Return the armed timers by actor, without poll timers."""
        return {n: [t.packet for t in host.timers.values()] for n, host in self.hosts.items() if host.timers}

    @property
    def polls(self) -> dict[ActorId, Packet]:
        """Return the armed poll timers by actor."""
        return {n: host.poll_timer.packet for n, host in self.hosts.items() if host.poll_timer is not None}

    @property
    def counts(self) -> dict[ActorId, int]:
        """Return how many connections each client has opened."""
        return {name: host.connects for name, host in self.hosts.items() if host.connects}

    @property
    def backups(self) -> dict[ActorId, tuple[object, ...]]:
        """Return the last backup of each actor that has one."""
        return {name: host.backup for name, host in self.hosts.items() if host.backup is not None}

    def clients(self) -> dict[ActorId, Actor]:
        """Return the devices, by id."""
        return {i: a for i, a in self.actors.items() if isinstance(i, DeviceId)}

    def connecting(self) -> dict[ActorId, Actor]:
        """Return the actors that open connections: the gateways and the devices; nothing in a system without a server."""
        if self.server is None:
            return {}
        gateways = {name: self.actors[name] for name in self.system.gateways}
        return {**gateways, **self.clients()} if gateways else self.clients()

    def server_of(self, connection: ConnectionId) -> Host:
        """Return the host of the server's end of a connection."""
        if not self.system.gateways:
            return cast(Host, self.server)
        return self.hosts[cast(ActorId, self.system.server_of(connection))]

    def next_server(self, client: Host) -> Host | None:
        """Return the host to which the next connection of a client leads; None in a system without a server."""
        return None if self.server is None else self.server_of(ConnectionId.of(client.name, client.connects + 1))

    def may_connect(self, client: Host) -> bool:
        """Return whether a client can open a connection now."""
        server = self.next_server(client)
        return server is not None and not server.down and not client.down and client.connection is None

    def open_connection(self, client: ActorId) -> Connection | None:
        """Return the connection whose client's end is open, if any."""
        host = self.hosts.get(client)
        return None if host is None else host.connection

    def pending(self) -> Iterator[Move]:
        """Yield every move that will happen by itself in time, without poll timers.

        Mail waits for a receiver that is down, unless its link needs a connection: then it arrives, and is lost.
        """
        for connection in self.connections.values():
            if connection.up and self.server_of(connection.id).accepts(connection.id, connection.up[0]):
                yield Deliver(connection.id, "server")
            if connection.down and self.hosts[connection.client].accepts(connection.id, connection.down[0]):
                yield Deliver(connection.id, "client")
        yield from self.arrivals()
        hosts = [host for _, host in sorted(self.hosts.items())]
        for host in hosts:
            for operation in host.operations:
                yield Complete(host.name, operation.packet)
        for host in hosts:
            for timer in host.timers.values():
                yield Fire(host.name, timer.packet)
        for name, offering in self.actors.items():
            if offering.offers_steps and name not in self.down:
                for packet in offering.steps():
                    yield Take(name, packet)

    def arrivals(self) -> Iterator[Arrive]:
        """Yield the arrivals among the pending moves."""
        for mail in self.foremost():
            if not self._declines(mail, self.system.link(mail.packet)):
                yield Arrive(mail.receiver.name, mail.packet, mail.source)

    def foremost(self) -> Iterator[Mail]:
        """Yield the mail that is not behind other mail and does not wait for a receiver that is down."""
        for _, host in sorted(self.hosts.items()):
            for mail in host.mail:
                if self._may_arrive(mail, self.system.link(mail.packet)):
                    yield mail

    def _declines(self, mail: Mail, link: Link) -> bool:
        """Return whether the receiver of a mail that would reach it declines it now."""
        receiver = mail.receiver
        if not receiver.guards or not self.reaches(mail.source, receiver, link):
            return False
        return not receiver.accepts(mail.source, mail.packet)

    def reaches(self, source: ActorId, receiver: Host, link: Link) -> bool:
        """Return whether a packet that arrives over a link reaches its receiver, or is lost because no connection is open.

        What a gateway pushes reaches only a device that is connected to this gateway.
        """
        if not link.while_connected:
            return True
        connection = receiver.connection
        if connection is None or not self.system.gateways:
            return connection is not None
        return self.server_of(connection.id).name == source

    def declined(self, host: Host, deliver: Callable[[Any], object], handle: Connection | Mail) -> bool:
        """Note that an actor declined a packet, which stays where it is; return False. A scheduler tries again later."""
        return False

    def _may_arrive(self, mail: Mail, link: Link) -> bool:
        """Return whether the receiver can receive a mail now, and nothing that must arrive before it is on its way."""
        if mail.receiver.down and not link.while_connected:
            return False
        return link.order != "ordered" or mail is self._oldest(mail)

    def _oldest(self, mail: Mail) -> Mail:
        """Return the oldest mail of the same source that travels in order to the same receiver."""
        link = self.system.link
        return next(m for m in mail.receiver.mail if m.source == mail.source and link(m.packet).order == "ordered")

    # ---- packets, operations and timers, by handle

    def deliver_to_server(self, connection: Connection) -> bool:
        """Deliver the oldest packet in flight to the server; the packet `Closed` closes the server's end.

        Nothing is in flight to a closed end.
        """
        if not connection.up:
            return False
        server = self.server_of(connection.id)
        if server.guards and not server.accepts(connection.id, connection.up[0]):
            return self.declined(server, self.deliver_to_server, connection)
        if self.record is not None:
            self.record(Deliver(connection.id, "server"))
        packet = connection.up.popleft()
        if type(packet) is Closed:
            self.close(connection, CLOSINGS["server-told"])
        else:
            server.handlers[type(packet)](server.actor, connection.id, packet, server)  # as `receive`, without the call
        return True

    def deliver_to_client(self, connection: Connection) -> bool:
        """Deliver the oldest packet in flight to the client."""
        if not connection.down:
            return False
        host = self.hosts[connection.client]
        if host.guards and not host.accepts(connection.id, connection.down[0]):
            return self.declined(host, self.deliver_to_client, connection)
        if self.record is not None:
            self.record(Deliver(connection.id, "client"))
        packet = connection.down.popleft()
        host.handlers[type(packet)](host.actor, connection.id, packet, host)  # as `receive`, without the call
        return True

    def arrive(self, mail: Mail) -> bool:
        """Deliver a packet over its link; it is lost if the link needs a connection and there is none."""
        receiver, packet = mail.receiver, mail.packet
        link = self.system.link(packet)
        if mail not in receiver.mail or not self._may_arrive(mail, link):
            return False
        if receiver.guards and self._declines(mail, link):
            return self.declined(receiver, self.arrive, mail)
        if self.record is not None:
            self.record(Arrive(receiver.name, packet, mail.source))
        receiver.mail.remove(mail)
        if link.order == "duplicating":
            receiver.mail.append(mail)
        if self.reaches(mail.source, receiver, link):
            receiver.receive(mail.source, packet)
        return True

    def lose(self, mail: Mail) -> bool:
        """Lose a packet on its link."""
        if mail not in mail.receiver.mail:
            return False
        if self.record is not None:
            self.record(Lose(mail.receiver.name, mail.packet, mail.source))
        mail.receiver.mail.remove(mail)
        return True

    def duplicate(self, mail: Mail) -> Mail:
        """Put a second copy of a packet on its way, and return the copy's handle."""
        if self.record is not None:
            self.record(Duplicate(mail.receiver.name, mail.packet, mail.source))
        box = mail.receiver.mail
        copied = Mail(mail.source, mail.receiver, mail.packet)
        box.insert(box.index(mail), copied)
        return copied

    def complete(self, operation: Operation) -> bool:
        """Complete a storage operation."""
        host = operation.host
        if not host.operations.pop(operation, False):
            return False
        if self.record is not None:
            self.record(Complete(host.name, operation.packet))
        packet = operation.packet
        host.handlers[type(packet)](host.actor, host.name, packet, host)  # as `receive`, without the call
        return True

    def fire(self, timer: Timer) -> bool:
        """Fire a timer or a poll timer."""
        host, packet = timer.host, timer.packet
        if host.timers.get(packet) is timer:
            del host.timers[packet]
        elif host.poll_timer is timer:
            host.poll_timer = None
        else:
            return False
        if self.record is not None:
            self.record(Fire(host.name, packet))
        host.receive(host.name, packet)
        return True

    def take(self, host: Host, packet: Packet) -> bool:
        """Take a step that an actor offers."""
        if host.down or packet not in list(host.actor.steps()):
            return False
        if self.record is not None:
            self.record(Take(host.name, packet))
        host.receive(host.name, packet)
        return True

    def tell(self, host: Host, packet: Packet) -> bool:
        """Hand an actor a packet from the environment."""
        if host.down:
            return False
        if self.record is not None:
            self.record(Tell(host.name, packet))
        for said in done(host.name, packet):
            self.observe(said)
        host.receive(ENVIRONMENT, packet)
        return True

    # ---- connections, by handle

    def connect(self, host: Host) -> bool:
        """Open both ends of a new connection of a client."""
        if not self.may_connect(host):
            return False
        if self.record is not None:
            self.record(Connect(host.name))
        self._welcome(host, self._opened(host))
        return True

    def _opened(self, host: Host) -> ConnectionId:
        """Open a new connection of a client, and return its id. Its actors are not told yet."""
        host.connects += 1
        name = ConnectionId.of(host.name, host.connects)
        host.connection = self.connections[name] = self.connection(name, host)
        if isinstance(host.name, DeviceId):
            self.observe(Connected(host.name))
        return name

    def _welcome(self, host: Host, name: ConnectionId) -> None:
        """Tell the actors of both ends that a connection is open."""
        opened = Opened(name, host.name)
        self.server_of(name).receive(name, opened)
        host.receive(name, opened)

    def hand_over(self, host: Host) -> bool:
        """Close a device's end as if it was lost, and open its next connection at once."""
        connection, server = host.connection, self.next_server(host)
        if connection is None or server is None or server.down:
            return False
        if self.record is not None:
            self.record(Handover(cast(DeviceId, host.name)))
        self._shut(connection, CLOSINGS["half-open"])
        name = self._opened(host)
        host.receive(connection.id, Closed(connection.id))
        self._welcome(host, name)
        return True

    def hang_up(self, host: Host, name: ConnectionId) -> None:
        """Close the server's end of a connection, if it is this host's and open."""
        connection = self.connections.get(name)
        if connection is not None and connection.server_open and self.server_of(name) is host:
            self.close(connection, CLOSINGS["server-closes"])

    def connection(self, name: ConnectionId, client: Host) -> Connection:
        """Return the handle of a new connection. A scheduler may override this to add its own fields."""
        return Connection(name, client.name, True, True, deque(), deque())

    def disconnect(self, host: Host, clean: bool) -> bool:
        """Close a client's end; `clean`: the server's end closes too, after what is in flight to it has arrived."""
        connection = host.connection
        if connection is None:
            return False
        if self.record is not None:
            self.record(Disconnect(host.name, clean))
        self.close(connection, CLOSINGS["clean-disconnect" if clean else "half-open"])
        return True

    def notice(self, connection: Connection, end: End) -> bool:
        """Close an open end whose other end is closed already."""
        this_open, other_open = connection.client_open, connection.server_open
        if end == "server":
            this_open, other_open = other_open, this_open
        if not this_open or other_open:
            return False
        if self.record is not None:
            self.record(Notice(connection.id, end))
        self.close(connection, CLOSINGS["client-notices" if end == "client" else "server-notices"])
        return True

    def close(self, connection: Connection, row: Closing) -> None:
        """Close an end of a connection as a row of `CLOSINGS` says, and tell its actor."""
        host = self._shut(connection, row)
        if row.handled:
            host.receive(connection.id, Closed(connection.id))

    def _shut(self, connection: Connection, row: Closing) -> Host:
        """Close an end of a connection as a row of `CLOSINGS` says, and return its host, which is not told yet."""
        if row.other_end == "told" and connection.server_open:
            connection.up.append(Closed(connection.id))
        if row.to_server == "lost":
            connection.up.clear()
        if row.to_client == "lost":
            connection.down.clear()
        if row.end == "client":
            host = self.hosts[connection.client]
            connection.client_open = False
            host.connection = None
            if isinstance(host.name, DeviceId):
                self.observe(Disconnected(host.name, row.clean))
        else:
            host = self.server_of(connection.id)
            connection.server_open = False
        if not connection.client_open and not connection.server_open:
            self.connections.pop(connection.id, None)
        return host

    # ---- crashes, backups, new devices, by handle

    def crash(self, host: Host, landed: Sequence[Operation] = ()) -> bool:
        """Crash an actor. Of its open writes exactly `landed` become durable, in this order."""
        if host.down:
            return False
        if self.record is not None:
            self.record(Crash(host.name, tuple([operation.packet for operation in landed])))
        out = self.landing(host)
        for operation in landed:
            host.actor.handle(host.name, operation.packet, out)
        host.actor.crash()
        self._take_down(host)
        return True

    def landing(self, host: Host) -> Landed:
        """Return the `Out` of writes that land in a crash of an actor, and of its restore. A scheduler may count more."""
        return Landed(host.actor, self.observe)

    def keep(self, host: Host) -> bool:
        """Take a backup of an actor; it replaces the former one."""
        if self.record is not None:
            self.record(Keep(host.name))
        host.backup = host.actor.snapshot()
        return True

    def restore(self, host: Host) -> bool:
        """Crash an actor with no open write landing, and put it back to its backup."""
        return self._put_back(host, Restore)

    def fail_over(self, host: Host) -> bool:
        """Let a replica take an actor's place, whose state is the actor's backup."""
        return self._put_back(host, Failover)

    def _put_back(self, host: Host, move: type[Restore | Failover]) -> bool:
        if host.down or host.backup is None:
            return False
        if self.record is not None:
            self.record(move(host.name))
        put_back(host.actor, host.backup, self.landing(host))
        self._take_down(host)
        return True

    def restart(self, host: Host) -> bool:
        """Start a crashed actor again."""
        if host.name not in self.down:
            return False
        if self.record is not None:
            self.record(Restart(host.name))
        host.down = False
        del self.down[host.name]
        self.observe(Restarted(host.name))
        host.start()
        return True

    def spawn(self, actor: DeviceId, user: UserId, replaced: Host | None = None) -> Host:
        """Add a new device of a user, and return its host. `replaced`: the device that it replaces never returns."""
        assert self.system.spawn is not None
        replaces = None if replaced is None else cast(DeviceId, replaced.name)
        if self.record is not None:
            self.record(Spawn(actor, user, replaces))
        if replaced is not None:
            self._take_down(replaced)
            del self.actors[replaced.name], self.down[replaced.name]
        made = self.actors[actor] = self.system.spawn(actor, user, replaces)
        host = self.hosts[actor] = self.host_type(self, actor, made)
        self.observe(Appeared(actor, user))
        host.start()
        return host

    def abandon(self, host: Host) -> bool:
        """Remove a running device, which never returns. The server is not told: it notices the dead connection in time."""
        if host.down:
            return False
        client = cast(DeviceId, host.name)
        if self.record is not None:
            self.record(Abandon(client))
        self._take_down(host)
        del self.actors[client], self.down[client]
        self.observe(Abandoned(client))
        return True

    def _take_down(self, host: Host) -> None:
        """Take an actor down: remove what is pending at it, and close its ends of connections."""
        host.down = self.down[host.name] = True
        host.operations.clear()
        host.timers.clear()
        host.poll_timer = None
        self.observe(Crashed(host.name))
        if host is self.server or host.name in self.system.gateways:
            for connection in list(self.connections.values()):
                if connection.server_open and self.server_of(connection.id) is host:
                    self.close(connection, CLOSINGS["server-down"])
        if host.connection is not None:
            self.close(host.connection, CLOSINGS["client-down"])

    def stop(self) -> None:
        """Stop faults."""
        if self.record is not None:
            self.record(Stop())
        self.observe(FaultsStopped())

    def rest(self) -> None:
        """Declare the world quiescent: liveness is judged."""
        if self.record is not None:
            self.record(Rest())
        self.observe(Quiesced())

    # ---- by value

    def apply(self, move: Move) -> None:
        """Make the move. Raises `MoveError` if it is not enabled; the world is then unchanged."""
        APPLY[type(move)](self, move)

    def _running(self, name: ActorId) -> Host:
        host = self.hosts.get(name)
        if host is None or host.down:
            raise MoveError(f"{name} is not running")
        return host

    def _connection(self, name: ConnectionId) -> Connection:
        try:
            return self.connections[name]
        except KeyError:
            raise MoveError(f"there is no connection {name}") from None

    def named(self, move: Move) -> Move:
        """Return the move with the sender of its packet, if it lacks one. `MoveError` if no such packet may arrive now."""
        if isinstance(move, Arrive | Lose | Duplicate) and move.source is None:
            return msgspec.structs.replace(move, source=self._mail(move).source)
        return move

    def _mail(self, move: Arrive | Lose | Duplicate) -> Mail:
        """Return the handle of a packet that may arrive now. `MoveError` if there is none."""
        receiver, packet, source = move.receiver, move.packet, move.source
        host = self.hosts.get(receiver)
        sent = [] if host is None else [m for m in host.mail if m.packet == packet and source in (None, m.source)]
        found = find([m for m in sent if self._may_arrive(m, self.system.link(m.packet))], packet, PACKET)
        if found is not None:
            return found
        if sent and sent[0].receiver.down and not self.system.link(packet).while_connected:
            raise MoveError(f"{receiver} is not running")
        sender = "" if source is None else f" from {source}"
        raise MoveError(f"no {packet} is on its way{sender} to {receiver}, or others are before it")

    def _lossy_mail(self, move: Lose | Duplicate, does: str) -> Mail:
        """Return the handle of a packet on a lossy link. `MoveError` that says what a reliable one never `does`."""
        if not self.system.link(move.packet).lossy:
            raise MoveError(f"the link of {type(move.packet).__name__} {does} nothing")
        return self._mail(move)

    def _apply_deliver(self, move: Deliver) -> None:
        connection = self._connection(move.connection)
        deliver = self.deliver_to_server if move.end == "server" else self.deliver_to_client
        if not deliver(connection):
            declined = ", or the receiver declines it" if connection.up or connection.down else ""
            raise MoveError(f"nothing to deliver to the {move.end} on {move.connection}{declined}")

    def _apply_arrive(self, move: Arrive) -> None:
        if not self.arrive(self._mail(move)):
            raise MoveError(f"{move.receiver} declines {move.packet} now")

    def _apply_lose(self, move: Lose) -> None:
        self.lose(self._lossy_mail(move, "loses"))

    def _apply_duplicate(self, move: Duplicate) -> None:
        self.duplicate(self._lossy_mail(move, "repeats"))

    def _apply_complete(self, move: Complete) -> None:
        host = self.hosts.get(move.actor)
        operation = find(() if host is None else host.operations, move.packet, PACKET)
        if operation is None:
            raise MoveError(f"{move.actor} has no open operation {move.packet}")
        self.complete(operation)

    def _apply_fire(self, move: Fire) -> None:
        host = self.hosts.get(move.actor)
        timer = None if host is None else host.poll_timer
        if timer is None or timer.packet != move.packet:
            timer = None if host is None else host.timers.get(move.packet)
        if timer is None:
            raise MoveError(f"{move.actor} has no timer {move.packet}")
        self.fire(timer)

    def _apply_take(self, move: Take) -> None:
        host = self.hosts.get(move.actor)
        if host is None or not self.take(host, move.packet):
            raise MoveError(f"{move.actor} does not offer {move.packet}")

    def _apply_tell(self, move: Tell) -> None:
        host = self.hosts.get(move.actor)
        if host is None or not self.tell(host, move.packet):
            raise MoveError(f"{move.actor} is not running and cannot be told {move.packet}")

    def _apply_connect(self, move: Connect) -> None:
        host = self.hosts.get(move.client)
        server = None if host is None else self.next_server(host)
        if host is None or host.down or server is None or server.down:
            raise MoveError(f"{move.client} cannot connect: an end is not running")
        if not self.connect(host):
            raise MoveError(f"{move.client} is connected already")

    def _apply_disconnect(self, move: Disconnect) -> None:
        host = self.hosts.get(move.client)
        if host is None or not self.disconnect(host, move.clean):
            raise MoveError(f"{move.client} is not connected")

    def _apply_handover(self, move: Handover) -> None:
        host = self.hosts.get(move.client)
        if host is None or not self.hand_over(host):
            raise MoveError(f"{move.client} is not connected, or the next server is not running")

    def _apply_notice(self, move: Notice) -> None:
        if not self.notice(self._connection(move.connection), move.end):
            raise MoveError(f"the {move.end}'s end of {move.connection} is closed, or the other end is open")

    def _apply_crash(self, move: Crash) -> None:
        host = self._running(move.actor)
        writes = [operation for operation in host.operations if operation.write]
        landed = []
        for packet in move.landed:
            operation = find(writes, packet, PACKET)
            if operation is None:
                raise MoveError(f"{move.actor} has no open write {packet}")
            writes.remove(operation)
            landed.append(operation)
        self.crash(host, landed)

    def _apply_keep(self, move: Keep) -> None:
        if move.actor not in self.actors:
            raise MoveError(f"there is no actor {move.actor}")
        self.keep(self.hosts[move.actor])

    def _apply_restore(self, move: Restore) -> None:
        if not self.restore(self._running(move.actor)):
            raise MoveError(f"there is no backup of {move.actor}")

    def _apply_failover(self, move: Failover) -> None:
        if not self.fail_over(self._running(move.actor)):
            raise MoveError(f"there is no replica of {move.actor}")

    def _apply_restart(self, move: Restart) -> None:
        if move.actor not in self.down:
            raise MoveError(f"{move.actor} is running")
        self.restart(self.hosts[move.actor])

    def _apply_spawn(self, move: Spawn) -> None:
        if self.system.spawn is None or move.actor in self.hosts:
            raise MoveError(f"{move.actor} cannot appear here")
        self.spawn(move.actor, move.user, None if move.replaces is None else self._running(move.replaces))

    def _apply_abandon(self, move: Abandon) -> None:
        host = self._running(move.client)
        if not isinstance(host.name, DeviceId):
            raise MoveError(f"{move.client} is no device")
        self.abandon(host)

    def _apply_stop(self, move: Stop) -> None:
        self.stop()

    def _apply_rest(self, move: Rest) -> None:
        self.rest()


APPLY: dict[type[Move], Callable[[World, Any], None]] = {
    Deliver: World._apply_deliver,
    Arrive: World._apply_arrive,
    Lose: World._apply_lose,
    Duplicate: World._apply_duplicate,
    Complete: World._apply_complete,
    Fire: World._apply_fire,
    Take: World._apply_take,
    Tell: World._apply_tell,
    Connect: World._apply_connect,
    Disconnect: World._apply_disconnect,
    Handover: World._apply_handover,
    Notice: World._apply_notice,
    Crash: World._apply_crash,
    Keep: World._apply_keep,
    Restore: World._apply_restore,
    Failover: World._apply_failover,
    Restart: World._apply_restart,
    Spawn: World._apply_spawn,
    Abandon: World._apply_abandon,
    Stop: World._apply_stop,
    Rest: World._apply_rest,
}
"""The method that makes a move of each class."""
