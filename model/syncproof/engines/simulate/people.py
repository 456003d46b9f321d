"""What people do: compose messages, connect and disconnect, install and abandon devices, join and leave conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from syncproof.core.packets import AddMember, Compose, RemoveMember
from syncproof.core.values import ActorId, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.engines.simulate.clock import Clock
from syncproof.inputs.random_draws import Draws
from syncproof.inputs.sections.infrastructure import NetworkSection
from syncproof.inputs.traffic import Traffic

if TYPE_CHECKING:
    from syncproof.engines.simulate.faults import FaultCounts, Faults
    from syncproof.engines.simulate.hosts import TimedHost, TimedWorld
    from syncproof.engines.simulate.network import Network
    from syncproof.engines.simulate.polls import Polls


class People:
    """The people of one run's traffic. `in_session`: the devices that want to be connected. `attach` sets the world.

    `warmup`: how many seconds before the traffic the devices that are online at its start connect, at drawn times.
    """

    world: TimedWorld

    def __init__(
        self,
        clock: Clock,
        traffic: Traffic,
        network: Network,
        polls: Polls,
        faults: Faults,
        counts: FaultCounts,
        section: NetworkSection,
        draws: Draws,
        warmup: float,
    ) -> None:
        self.clock = clock
        self.traffic = traffic
        self.network = network
        self.polls = polls
        self.faults = faults
        self.counts = counts
        self.reconnect_s = section.reconnect
        self.reconnect_jitter = section.reconnect_jitter
        self.reconnects: dict[ActorId, int] = {}
        self.warmup = warmup
        self.chance, self.warmup_salt, self.reconnect_salt = draws.uniform, draws.key("warmup"), draws.key("reconnect")
        self.in_session: set[ActorId] = set()
        self.replaced = {old: new for new, old in traffic.replaces.items()}

    def attach(self, world: TimedWorld) -> None:
        """Set the world in which the people act."""
        self.world = world
        traffic = self.traffic
        # The actors' own id objects: a look-up of the identical object is faster than one of an equal one.
        known = {int(name): name for name in world.hosts if isinstance(name, DeviceId)}
        self.device_ids = [known[i] if i in known else DeviceId(i) for i in range(len(traffic.owners))]
        self.conversation_ids = [ConversationId(i) for i in range(len(traffic.members))]
        for number in range(traffic.initial_devices):
            host = cast("TimedHost", world.hosts[self.device_ids[number]])
            self.polls.hosts_of_user[traffic.owners[number]].append(host)

    def schedule_changes(self) -> None:
        """Schedule the changes of memberships, the devices that appear, and each device's first session."""
        traffic, later = self.traffic, self.clock.later
        for at, action, conversation, user in traffic.changes:
            later(at, self._change, (action, conversation, user))
        for at, device in traffic.joins:
            later(at, self._spawn, self.device_ids[device])
        for at, device, dead in traffic.abandoned:
            later(at, self._abandon, (self.device_ids[device], dead))
        for number, sessions in enumerate(traffic.sessions):
            if sessions:
                begins = sessions[0][0]
                if begins <= 0:
                    # It began before the start: without the warm-up all of these devices would pull at once.
                    begins = -self.warmup * self.chance(self.warmup_salt, number)
                later(begins, self._session, (self.device_ids[number], 0))

    def schedule_messages(self) -> None:
        """Schedule the first message; each schedules the next one."""
        if self.traffic.times:
            self.clock.at(self.traffic.times[0], self._compose, 0)

    # ---- messages and memberships

    def _compose(self, number: int) -> None:
        traffic = self.traffic
        device = self.device_ids[traffic.devices[number]]
        conversation = self.conversation_ids[traffic.conversations[number]]
        about = traffic.about.get(number)
        if number in traffic.expiring:
            message = Message(MessageId(number), device, conversation, traffic.sizes[number], expires=True)
        elif about is None:
            message = Message(MessageId(number), device, conversation, traffic.sizes[number])
        else:
            message = Message(MessageId(number), device, conversation, 0, "recall", about)
        self._write(message)
        self.world.purity.composed()
        if number + 1 < len(traffic.times):
            self.clock.at(traffic.times[number + 1], self._compose, number + 1)

    def _write(self, message: Message) -> None:
        """Compose a message on its device, or on the installation that replaced it; later if that is not running."""
        if message.sender in self.world.hosts and message.sender not in self.world.actors:
            message = replace(message, sender=self.device_ids[self.replaced[message.sender]])
        host = self.world.hosts.get(message.sender)
        if host is None or host.down:
            self.clock.at(self.clock.now + 1.0, self._write, message)
        else:
            self.world.tell(host, Compose(message))

    def _change(self, what: tuple[str, int, int]) -> None:
        action, conversation, user = what
        server = self.world.server
        if server is None or server.down:
            self.clock.at(self.clock.now + self.reconnect_s, self._change, what)
            return
        self.counts.fired["membership"] += 1
        kind = AddMember if action == "add" else RemoveMember
        self.world.tell(server, kind(ConversationId(conversation), UserId(user)))

    # ---- sessions

    def _session(self, which: tuple[DeviceId, int]) -> None:
        if self.counts.stopped:
            return
        device, index = which
        self.in_session.add(device)
        self.connect(device)
        self.clock.later(self.traffic.sessions[device][index][1], self._session_end, which)

    def _session_end(self, which: tuple[DeviceId, int]) -> None:
        clock = self.clock
        if self.counts.stopped or clock.now >= self.traffic.end:
            return  # a session that lasts to the end does not end in a disconnect
        device, index = which
        sessions = self.traffic.sessions[device]
        dead = sessions[index][2]
        self.in_session.discard(device)
        host = self.world.hosts.get(device)
        connection = None if host is None else host.connection
        if host is not None and connection is not None:
            self.counts.fired["half-open" if dead > 0 else "disconnect"] += 1
            if dead > 0:
                clock.at(clock.now + dead, self.faults.notice_server, connection)
            elif connection.server_open:
                self.network.tell_closed(connection)
            self.world.disconnect(host, dead <= 0)
        if index + 1 < len(sessions):
            clock.later(max(sessions[index + 1][0], clock.now), self._session, (device, index + 1))

    def connect(self, device: ActorId) -> None:
        """Connect a device that wants to be connected and is not; later if the server is down."""
        host = self.world.timed_host(device)
        if host is None or host.down or host.connection is not None or device not in self.in_session:
            return
        server = self.world.next_server(host)
        if server is None or server.down:
            self.connect_later(device)
            return
        self.network.handshakes += 1
        host.news = True
        self.world.connect(host)

    def connect_later(self, device: ActorId) -> None:
        """Let a device connect again after the time that it waits, which has a drawn part."""
        wait = self.reconnect_s
        if self.reconnect_jitter:
            number = self.reconnects[device] = self.reconnects.get(device, 0) + 1
            wait *= 1 + self.reconnect_jitter * self.chance(self.reconnect_salt, device, number)
        self.clock.at(self.clock.now + wait, self.connect, device)

    # ---- new devices, and those that are gone for good

    def _abandon(self, what: tuple[DeviceId, float]) -> None:
        device, dead = what
        host = self.world.timed_host(device)
        if self.counts.stopped or host is None:
            return
        if host.down:
            self.clock.at(self.clock.now + self.reconnect_s, self._abandon, what)
            return
        self.counts.fired["abandoned"] += 1
        self.in_session.discard(device)
        if host.connection is not None:
            self.clock.at(self.clock.now + dead, self.faults.notice_server, host.connection)
        self.polls.forget(host)
        self.polls.hosts_of_user[self.traffic.owners[device]].remove(host)
        self.world.abandon(host)

    def _spawn(self, device: DeviceId) -> None:
        user = UserId(self.traffic.owners[device])
        number = self.traffic.replaces.get(device)
        old = None if number is None else self.world.timed_host(self.device_ids[number])
        if old is not None and old.down:
            self.clock.at(self.clock.now + self.reconnect_s, self._spawn, device)
            return
        self.counts.fired["new-device" if old is None else "reinstall"] += 1
        if old is not None:
            self.faults.break_connections(old)
            self.polls.forget(old)
            self.polls.hosts_of_user[user].remove(old)
        host = cast("TimedHost", self.world.spawn(device, user, old))
        self.polls.hosts_of_user[user].append(host)
        self.connect(device)
