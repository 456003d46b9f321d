"""The network's delays, losses and duplicates of pushes, and counts of packets.

Draws are keyed, not sequential: how long a packet takes, and whether a push is lost, repeated or late, depends on (seed,
the packet's purpose, message, device, attempt), so it is the same for two designs that send the same. The attempts are
counted here: a push that is sent again is drawn anew. A packet that is about no message is keyed by the device and a running
number of its purpose there, so that packets of one purpose do not shift the draws of another.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from heapq import heappush
from typing import TYPE_CHECKING, Any, cast

from syncproof.core.hosts import Connection, Host, Mail
from syncproof.core.links import Link
from syncproof.core.packets import Idle, Packet, Resend, Tick
from syncproof.core.values import ActorId, ConnectionId, DeviceId, Id
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.faults import FaultCounts
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.random_draws import COARSE, MASK, SIZE, Draws, lognormal_table
from syncproof.inputs.sections.base import Spread
from syncproof.inputs.sections.infrastructure import NetworkSection

if TYPE_CHECKING:
    from syncproof.engines.simulate.hosts import TimedConnection, TimedHost, TimedWorld


class Tally:
    """A packet class: how many were `sent`, how they travel, and which of its properties can differ from the default.

    `salt`: of the draws of its purpose. `internal`: between processes of the server. `tells`: sending one may be observed.
    """

    __slots__ = ("bodied", "internal", "keyed", "link", "may_be_empty", "repeatable", "salt", "sent", "tells")

    def __init__(self, kind: type[Packet], links: dict[type[Packet], Link], draws: Draws) -> None:
        self.sent = 0
        self.salt = draws.key(f"packet/{kind.purpose or kind.__name__}")
        self.keyed = kind.draw_key is not Packet.draw_key
        self.bodied = kind.body_bytes is not Packet.body_bytes
        self.may_be_empty = kind.is_empty is not Packet.is_empty
        self.repeatable = kind.repeatable
        self.internal = kind.internal
        self.tells = not (kind.accepts is kind.refuses is kind.carries is None)
        self.link = links.get(kind, kind.link)


class Tallies(dict[type[Packet], Tally]):
    """A tally for each packet class that was sent, made on first use."""

    def __init__(self, links: dict[type[Packet], Link], draws: Draws) -> None:
        self.links = links
        self.draws = draws

    def __missing__(self, kind: type[Packet]) -> Tally:
        tally = self[kind] = Tally(kind, self.links, self.draws)
        return tally


def _check_internal(packet: Packet, end: Host) -> None:
    """Raise `TypeError` if an internal packet, which is not counted, travels to or from a device."""
    if isinstance(end.name, DeviceId):
        raise TypeError(
            f"{type(packet).__name__} says that it is internal, so nobody counts it, but {end.name!r} sends or receives it"
        )


class Network:
    """The network between hosts: a packet is sent as the world says, and its arrival is scheduled. `attach` sets the world."""

    __slots__ = (
        "_arriving",
        "_chances",
        "body_bytes",
        "clock",
        "cut_until",
        "deliver_down",
        "deliver_up",
        "down_table",
        "empty_replies",
        "faults",
        "handshakes",
        "header",
        "hop_s",
        "hop_table",
        "outages",
        "push_table",
        "scramble",
        "settings",
        "tallies",
        "up_table",
        "waiting",
        "wakeups",
        "wakeups_at_horizon",
        "world",
    )

    world: TimedWorld
    deliver_up: Callable[[Any], object]
    deliver_down: Callable[[Any], object]

    def __init__(
        self,
        clock: Clock,
        draws: Draws,
        network: NetworkSection,
        plan: FaultPlan,
        faults: FaultCounts,
        links: dict[type[Packet], Link],
        hop: Spread | None = None,
    ) -> None:
        self.clock = clock
        self.scramble = draws.scramble
        self.settings = plan.settings
        self.outages = [(outage.start, outage.start + outage.length) for outage in plan.settings.outages]
        self.faults = faults
        self._chances = {purpose: draws.key(purpose) for purpose in ("loss", "duplicate", "reorder", "retry", "jitter")}
        self.up_table = lognormal_table(network.up_ms.median / 1000, network.up_ms.sigma)
        self.down_table = lognormal_table(network.down_ms.median / 1000, network.down_ms.sigma)
        self.push_table = lognormal_table(network.push_ms.median / 1000, network.push_ms.sigma)
        self.hop_table = array("d") if hop is None else lognormal_table(hop.median / 1000, hop.sigma)
        self.hop_s = 0.0 if hop is None else sum(self.hop_table) / len(self.hop_table)
        self.header = network.header_bytes
        self.tallies = Tallies(links, draws)
        self.body_bytes = 0
        self.empty_replies = 0
        self.handshakes = 0
        self.wakeups = 0
        self.wakeups_at_horizon = 0
        self.waiting: dict[ActorId, list[Mail]] = {}
        self.cut_until: dict[ConnectionId, float] = {}

    def attach(self, world: TimedWorld) -> None:
        """Set the world to deliver to. If its system is clocked, a `Tick` precedes each packet to the server."""
        self.world = world
        self.deliver_up = self._deliver_up_clocked if world.system.clocked else world.deliver_to_server
        self.deliver_down = world.deliver_to_client
        self._arriving: Callable[[Any], object] = world.arrive
        if self.settings.gateway_losses:
            self._arriving = self._arrive_unless_cut
            self.deliver_up, self.deliver_down = self._unless_cut(self.deliver_up), self._unless_cut(self.deliver_down)

    def count_idle(self, idle: Idle, count: int) -> None:
        """Count polls that were not run."""
        self.tallies[type(idle.request)].sent += count
        self.tallies[type(idle.reply)].sent += count
        self.body_bytes += (idle.request.body_bytes + idle.reply.body_bytes) * count
        self.empty_replies += count
        self.wakeups += count

    def reach_horizon(self) -> None:
        """Note what is measured until the traffic ends."""
        self.wakeups_at_horizon = self.wakeups

    @property
    def mean_round_trip(self) -> float:
        """Return the mean time of a request and its reply on the wire."""
        return sum(self.up_table) / len(self.up_table) + sum(self.down_table) / len(self.down_table) + 2 * self.hop_s

    def tables(self, client: Host) -> tuple[array[float], array[float]]:
        """Return how long packets take over a client's connections: to the server, and back."""
        own = client.name in self.world.system.gateways
        return (self.hop_table, self.hop_table) if own else (self.up_table, self.down_table)

    def delay_up(self, device: TimedHost, request: Packet) -> float:
        """Return how long a request takes that is counted, not sent."""
        return self.hop_s + self._delay(self.up_table, self._mixed(self.tallies[type(request)], request, device))

    def delay_down(self, device: TimedHost, reply: Packet) -> float:
        """Return how long a reply takes that is counted, not sent."""
        return self.hop_s + self._delay(self.down_table, self._mixed(self.tallies[type(reply)], reply, device))

    def forget_counts(self) -> None:
        """Begin to count from here."""
        for tally in self.tallies.values():
            tally.sent = 0
        self.body_bytes = self.empty_replies = self.handshakes = self.wakeups = 0

    # ---- over a connection

    def send(self, host: TimedHost, destination: ConnectionId, packet: Packet, tally: Tally) -> None:
        """Send over a connection, in order. `tally`: that of the packet's class."""
        tally.sent += 1
        if tally.bodied:
            self.body_bytes += packet.body_bytes
        if tally.may_be_empty and packet.is_empty and destination in self.world.connections:
            self.empty_replies += 1
        connection: TimedConnection | None = host.send_over(destination, packet)  # type: ignore[assignment]
        if connection is None:
            return
        down = host is not connection.device
        if down:
            due, table = connection.down_due, connection.down_table
        else:
            due, table = connection.up_due, connection.up_table
        mixed = (self._mixed_internal if tally.internal else self._mixed)(tally, packet, connection.device)
        # As `_delay` and `Clock.at`, without the calls: this is the innermost part of a run.
        scramble, clock = self.scramble, self.clock
        at = clock.now + table[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]
        if at < due:
            at = due
        clock.serial += 1
        if down:
            connection.down_due = at
            heappush(clock.heap, (at, clock.serial, self.deliver_down, connection))
            return
        connection.up_due = at
        heappush(clock.heap, (at, clock.serial, self.deliver_up, connection))
        if tally.repeatable and self.settings.sender_retry and not self.faults.stopped:
            self._maybe_repeat(host, mixed)

    def _mixed(self, tally: Tally, packet: Packet, device: TimedHost) -> int:
        """Return the hash that the draws of a packet are made from, which a device sends or receives."""
        if tally.keyed:
            message = packet.draw_key
            if message >= 0:
                salt = tally.salt
                return device.attempts.draw(message, salt, hash((message, device.name, salt)))
        return device.number(tally.salt)

    def _mixed_internal(self, tally: Tally, packet: Packet, gateway: TimedHost) -> int:
        """Return the hash that the draws of a packet between a gateway and the store are made from: by the device it is for."""
        _check_internal(packet, gateway)
        message, owner, salt = packet.draw_key, packet.draw_owner, tally.salt
        if message >= 0:
            purpose = hash((owner, gateway.name, salt))  # not that of a timer of the gateway
            return gateway.attempts.draw(message, purpose, hash((message, owner, gateway.name, salt)))
        return gateway.number(hash((owner, salt)))

    def tell_closed(self, connection: Connection) -> None:
        """Schedule the last packet of a clean disconnect, after those that are in flight."""
        timed = cast("TimedConnection", connection)
        timed.up_due = max(timed.up_due, self.clock.now + self.up_table[len(self.up_table) >> 1])
        self.clock.at(timed.up_due, self.deliver_up, connection)

    def _deliver_up_clocked(self, connection: Connection) -> None:
        server = self.world.server
        if connection.up and server is not None:
            if self.world.server_of(connection.id) is server:
                self.world.tell(server, Tick(int((self.clock.now - self.faults.clock_behind) * 1000)))
            self.world.deliver_to_server(connection)

    def _delay(self, table: array[float], mixed: int) -> float:
        scramble = self.scramble
        return table[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]

    # ---- connections that are cut

    def cut(self, connection: Connection, until: float) -> None:
        """Let nothing arrive any more over a connection, whose ends notice that at a time."""
        self.cut_until[connection.id] = until

    def _unless_cut(self, deliver: Callable[[Any], object]) -> Callable[[Any], object]:
        """Wrap a delivery so that it does not happen over a connection that is cut: the packet stays until an end closes."""

        def deliver_unless_cut(connection: Connection) -> None:
            if connection.id not in self.cut_until:
                deliver(connection)

        return deliver_unless_cut

    def _arrive_unless_cut(self, mail: Mail) -> None:
        """Let a packet arrive; at a device whose connection is cut not before the device has noticed, and so never."""
        connection = mail.receiver.connection
        until = None if connection is None else self.cut_until.get(connection.id)
        if until is None:
            self.world.arrive(mail)
        else:
            self.clock.at(until, self._arrive_unless_cut, mail)

    # ---- over a link

    def push(self, host: Host, destination: Id, packet: Packet, tally: Tally) -> None:
        """Send over a link. A lossy one may lose, repeat or delay the packet. `tally`: that of the packet's class."""
        tally.sent += 1
        if tally.bodied:
            self.body_bytes += packet.body_bytes
        mail = host.post(destination, packet)
        receiver: TimedHost = mail.receiver  # type: ignore[assignment]
        if tally.internal:
            _check_internal(packet, receiver)
        clock, link, settings = self.clock, tally.link, self.settings
        arrive = self._arriving if link.while_connected else self.arrive_or_wait
        mixed = self._mixed(tally, packet, receiver)
        at = clock.now + self._delay(self.push_table, mixed)
        if link.lossy and not self.faults.stopped:
            if self.outages and any(start <= clock.now < end for start, end in self.outages):
                self.faults.fired["push-outage"] += 1
                self.world.lose(mail)
                return
            if settings.push_loss and self.chance("loss", mixed) < settings.push_loss:
                self.faults.fired["push-lost"] += 1
                self.world.lose(mail)
                return
            late = at + settings.reorder_delay
            if settings.push_duplicate and self.chance("duplicate", mixed) < settings.push_duplicate:
                self.faults.fired["push-duplicated"] += 1
                clock.at(late, arrive, self.world.duplicate(mail))
            if settings.push_reorder and self.chance("reorder", mixed) < settings.push_reorder:
                self.faults.fired["push-reordered"] += 1
                clock.at(late, arrive, mail)
                return
        if at < receiver.pushed_until:
            at = receiver.pushed_until
        receiver.pushed_until = at
        clock.at(at, arrive, mail)

    def chance(self, purpose: str, mixed: int) -> float:
        """Return a number in [0, 1) for a purpose, from the hash of what it is drawn for."""
        # As `Draws.uniform`, without the calls.
        scramble = self.scramble
        drawn = hash((mixed, 0, 0, self._chances[purpose]))
        return scramble[scramble[(drawn >> 20) & MASK] ^ ((drawn >> 40) & MASK)] / SIZE

    def arrive_or_wait(self, mail: Mail) -> None:
        """Let a packet arrive, or wait if its receiver is down."""
        if mail.receiver.down:
            self.waiting.setdefault(mail.receiver.name, []).append(mail)
        else:
            self.world.arrive(mail)

    def resume(self, receiver: ActorId) -> None:
        """Let the packets arrive that have waited for a receiver, which is running again."""
        for mail in self.waiting.pop(receiver, ()):
            self.clock.at(self.clock.now, self.arrive_or_wait, mail)
        host = self.world.timed_host(receiver)
        if host is not None and host.declined:
            host.retry()

    # ---- impatient senders

    def _maybe_repeat(self, host: TimedHost, mixed: int) -> None:
        if self.chance("retry", mixed) < self.settings.sender_retry:
            self.clock.at(self.clock.now + self.settings.sender_retry_after, self._repeat, host)

    def _repeat(self, host: TimedHost) -> None:
        if host.connection is not None and not self.faults.stopped:
            self.faults.fired["sender-retry"] += 1
            self.world.tell(host, Resend())
