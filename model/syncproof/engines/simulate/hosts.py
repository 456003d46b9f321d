"""A world whose effects take time: each host schedules what its actor's handlers ask for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from heapq import heappush
from math import inf
from typing import TYPE_CHECKING, Any, cast

from syncproof.core.actor import Actor, Handler, Out
from syncproof.core.hosts import Connection, Handlers, Host, Landed, Mail, Operation
from syncproof.core.moves import Move
from syncproof.core.observations import Observation
from syncproof.core.packets import Idle, Packet
from syncproof.core.replies import told
from syncproof.core.values import ActorId, ConnectionId, DeviceId, Id
from syncproof.core.world import System, World, put_back
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.purity import Purity
from syncproof.engines.simulate.station import DELETED, DEVICE_WRITE_S, READ, WRITTEN, Station
from syncproof.inputs.random_draws import Attempts

if TYPE_CHECKING:
    from syncproof.engines.simulate.network import Network
    from syncproof.engines.simulate.polls import Polling, Polls

STEP_S = 0.01
"""Seconds until an offered step is taken."""


class TimedConnection(Connection):
    """A connection of a client, with how long packets take and the time at which the last one arrives in each direction."""

    __slots__ = ("device", "down_due", "down_table", "up_due", "up_table")

    def __init__(self, name: ConnectionId, device: TimedHost) -> None:
        super().__init__(name, device.name, True, True, deque(), deque())
        self.device = device
        self.up_table, self.down_table = device.network.tables(device)
        self.up_due = self.down_due = -inf  # times before 0 are the warm-up's


class StoringOperation(Operation):
    """An open operation of the server that adds `bytes` to a store, or takes them away, when it completes or lands."""

    store: str
    bytes: int


class TimedHost(Host):
    """A host whose effects are scheduled.

    `pushed_until`: the time before which no push may arrive, so that none overtakes an earlier one. `news`: there is
    something for the actor that its last complete read did not cover. `parked`, `armed`: its poll timer, which is one of
    the two or neither; `polling`: an event that looks at `armed` is scheduled. `unchecked`: its handlers without the checks
    that `purity` puts in front of some. `declined`: what the actor did not receive when it arrived: (function that delivers
    it, handle). `attempts`, `numbers`: how often something was drawn for a message, or for something else, with this actor.
    """

    __slots__ = (
        "armed",
        "attempts",
        "clock",
        "complete",
        "complete_storing",
        "declined",
        "idle_polls",
        "is_device",
        "network",
        "news",
        "numbers",
        "parked",
        "polling",
        "purity",
        "pushed_until",
        "station",
        "unchecked",
    )

    def __init__(self, world: World, name: ActorId, actor: Actor) -> None:
        super().__init__(world, name, actor)
        self.complete = world.complete
        assert isinstance(world, TimedWorld)
        self.complete_storing = world.complete_storing
        self.clock = world.clock
        self.network = world.network
        self.station = world.station
        self.idle_polls = world.idle_polls
        self.purity = world.purity
        self.is_device = isinstance(name, DeviceId)
        self.attempts = Attempts()
        self.numbers: dict[int, int] = {}
        self.pushed_until = -inf
        self.news = True
        self.parked: Polling | None = None
        self.armed: Polling | None = None
        self.polling = False
        self.declined: list[tuple[Callable[[Any], object], Connection | Mail]] = []
        self.unchecked: Mapping[type[Packet], Handler] = actor.handlers
        if self.guards:
            self.unchecked = {kind: self._then_retry(handle) for kind, handle in self.unchecked.items()}
        if actor.offers_steps:
            self.unchecked = {kind: self._then_offer(handle) for kind, handle in self.unchecked.items()}
        self.handlers = Handlers(actor, self.unchecked)
        world.purity.watch(self)

    def start(self) -> None:
        self.purity.check(self.actor, "start", lambda twin, out: twin.start(out))
        super().start()

    # ---- the interface of handlers

    def send(self, destination: Id, packet: Packet) -> None:
        network = self.network
        tally = network.tallies[type(packet)]
        if tally.tells:
            for said in told(packet):
                self.world.observe(said)
        if type(destination) is ConnectionId:  # as `forward`, without the call
            network.send(self, destination, packet, tally)
        else:
            network.push(self, destination, packet, tally)

    def forward(self, destination: Id, packet: Packet) -> None:
        tally = self.network.tallies[type(packet)]
        if type(destination) is ConnectionId:
            self.network.send(self, destination, packet, tally)
        else:
            self.network.push(self, destination, packet, tally)

    def after(self, delay: float, packet: Packet, jitter: float = 0.0) -> None:
        if jitter:
            salt, message = self.network.tallies[type(packet)].salt, packet.draw_key
            if message >= 0:
                owner = packet.draw_owner
                purpose = salt if owner == self.name else hash((owner, salt))  # as `Network` has a device's own
                mixed = self.attempts.draw(message, purpose, hash((message, owner, salt)))
            else:
                mixed = self.number(salt)
            delay += jitter * delay * self.network.chance("jitter", mixed)
        self.clock.at(self.clock.now + delay, self.world.fire, self.arm(packet))

    def number(self, salt: int) -> int:
        """Return the hash of the next running number of a purpose with this actor."""
        number = self.numbers[salt] = self.numbers.get(salt, 0) + 1
        return hash((number, self.name, salt))

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        self.idle_polls.arm(self, delay, packet, idle)

    def cancel(self, packet: Packet) -> None:
        super().cancel(packet)
        if self.poll_timer is None:
            self.idle_polls.forget(self)

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        if rows < 0 or bytes < 0:
            raise ValueError(f"write of {rows} rows and {bytes} bytes; allowed: 0 or more")
        if replaces < 0:
            raise ValueError(f"write that replaces {replaces} bytes; allowed: 0 or more")
        self._operate(store, WRITTEN, rows, then, bytes - replaces)

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        if rows < 0 or bytes < 0:
            raise ValueError(f"delete of {rows} rows and {bytes} bytes; allowed: 0 or more")
        self._operate(store, DELETED, rows, then, -bytes)

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        if rows < 0 or bytes < 0:
            raise ValueError(f"read of {rows} rows and {bytes} bytes; allowed: 0 or more")
        self._operate(store, READ, rows, then, 0)

    def _operate(self, store: str, column: int, rows: int, then: Packet | None, bytes: int) -> None:
        """Begin an operation. What it does to the bytes of a store counts with the change that it makes.

        That is when it completes or lands in a crash, or at once where the handler that asks for it makes the change.
        """
        clock = self.clock
        if self.is_device:
            at = clock.now + DEVICE_WRITE_S
            bytes = 0  # a device's own database is not the server's storage
        else:
            at = self.station.operate(store, column, rows, then)
        if then is None:
            if bytes:
                self.station.change(store, bytes)
            return
        clock.serial += 1
        if bytes:
            operation = StoringOperation(self, then, True, store, bytes)
            self.operations[operation] = True
            heappush(clock.heap, (at, clock.serial, self.complete_storing, operation))
        else:
            heappush(clock.heap, (at, clock.serial, self.complete, self.operate(then, column != READ)))

    # ---- packets that were declined

    def _then_retry(self, handle: Handler) -> Handler:
        """Wrap a handler of an actor that may decline packets, so that these are delivered again after it."""

        def handled(actor: Any, source: Id, packet: Any, out: Out) -> None:
            handle(actor, source, packet, out)
            self.retry()

        return handled

    def retry(self) -> None:
        """Deliver again what the actor declined, now that it may be in another state."""
        declined, self.declined = self.declined, []
        for deliver, handle in declined:
            self.clock.at(self.clock.now, deliver, handle)

    # ---- steps

    def _then_offer(self, handle: Handler) -> Handler:
        """Wrap a handler of an actor that may offer steps, so that these are taken `STEP_S` later."""

        def handled(actor: Any, source: Id, packet: Any, out: Out) -> None:
            handle(actor, source, packet, out)
            self.purity.check(actor, "offering steps", _offer)
            for step in self.actor.steps():
                self.clock.at(self.clock.now + STEP_S, self._take, step)

        return handled

    def _take(self, step: Packet) -> None:
        self.world.take(self, step)


class StoringLanded(Landed):
    """The `Out` of a write that landed in a crash. What its handler stores or deletes without a completion of its own, it has
    done with its change: the bytes count, as does the change. No operation is billed, since the process is gone."""

    __slots__ = ("_station",)

    def __init__(self, actor: Actor, observe: Callable[[Observation], None], station: Station) -> None:
        super().__init__(actor, observe)
        self._station = station

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None, replaces: int = 0) -> None:
        if then is None:
            self._station.change(store, bytes - replaces)

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        if then is None:
            self._station.change(store, -bytes)


def _offer(actor: Actor, out: Out) -> None:
    """Report each step as an effect whose order does not count."""
    for step in actor.steps():
        out.write("steps", 1, 0, step)


class TimedWorld(World):
    """A world whose hosts schedule their effects. `start` begins it, after all receivers of observations are set.

    `hung_up` is called when the server closes a connection; a run sets it.
    """

    host_type = TimedHost
    hung_up: Callable[[Connection], None]

    def __init__(
        self,
        system: System,
        observe: Callable[[Observation], None],
        record: Callable[[Move], None] | None,
        clock: Clock,
        network: Network,
        station: Station,
        polls: Polls,
        purity: Purity,
    ) -> None:
        self.clock = clock
        self.network = network
        self.station = station
        self.idle_polls = polls
        self.purity = purity
        super().__init__(system, observe, record)
        self.coalescing = False  # each copy has a delay of its own, and may be lost by itself

    def begin(self) -> None:
        """Do nothing: `start` begins the world."""

    def start(self) -> None:
        """Report the opening and start every actor."""
        self.station.open_with(self.held() or {})
        super().begin()

    # ---- bytes in the server's stores

    def complete_storing(self, operation: StoringOperation) -> bool:
        """Complete an operation that changes how many bytes a store holds."""
        if operation not in operation.host.operations:
            return False
        self.station.change(operation.store, operation.bytes)
        return self.complete(operation)

    def crash(self, host: Host, landed: Sequence[Operation] = ()) -> bool:
        if not host.down:
            for operation in landed:
                if isinstance(operation, StoringOperation):
                    self.station.change(operation.store, operation.bytes)
        return super().crash(host, landed)

    def landing(self, host: Host) -> Landed:
        plain = isinstance(host.name, DeviceId)
        return Landed(host.actor, self.observe) if plain else StoringLanded(host.actor, self.observe, self.station)

    def keep(self, host: Host) -> bool:
        if host is self.server:
            self.station.keep()
        return super().keep(host)

    def restore(self, host: Host) -> bool:
        backup = host.backup
        if backup is not None and not host.down:
            self.purity.check(host.actor, "restored from a backup", lambda twin, out: put_back(twin, backup, out))
            if host is self.server:
                self.station.take_back()
        return super().restore(host)

    def held(self) -> dict[str, int] | None:
        """Return the bytes that the actors which are no devices say they hold in each store; None if one does not say."""
        found: dict[str, int] = {}
        for name, actor in self.actors.items():
            if isinstance(name, DeviceId):
                continue
            held = actor.held()
            if held is None:
                return None
            for store, bytes in held.items():
                found[store] = found.get(store, 0) + bytes
        return found

    def imbalance(self) -> dict[str, tuple[int, int]]:
        """Return (bytes counted, bytes held) of each store in which they differ; nothing if a server does not say."""
        held = self.held()
        return {} if held is None else self.station.imbalance(held)

    # ---- what wakes a device

    def arrive(self, mail: Mail) -> bool:
        arrived = super().arrive(mail)
        if arrived and mail.receiver.connection is not None:
            self.network.wakeups += 1
        return arrived

    # ---- what actors decline, and connections

    def declined(self, host: Host, deliver: Callable[[Any], object], handle: Connection | Mail) -> bool:
        """Keep what an actor declined until the actor has handled something else."""
        waits = isinstance(handle, Mail) and not self.system.link(handle.packet).while_connected
        cast(TimedHost, host).declined.append((self.network.arrive_or_wait if waits else deliver, handle))
        return False

    def hang_up(self, host: Host, name: ConnectionId) -> None:
        """Close the server's end of a connection; the client notices later."""
        connection = self.connections.get(name)
        if connection is not None and connection.server_open and self.server_of(name) is host:
            self.hung_up(connection)
        super().hang_up(host, name)

    def connection(self, name: ConnectionId, client: Host) -> Connection:
        return TimedConnection(name, cast(TimedHost, client))

    def timed_host(self, name: ActorId) -> TimedHost | None:
        """Return the host of an actor, or None if it has not appeared yet."""
        return cast("TimedHost | None", self.hosts.get(name))

    def timed_hosts(self) -> list[TimedHost]:
        """Return every host, in the order in which they appeared."""
        return cast("list[TimedHost]", list(self.hosts.values()))
