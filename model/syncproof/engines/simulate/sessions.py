"""What people and faults do: compose, connect and leave, crash, appear, join and leave conversations, restore backups."""

from __future__ import annotations

from typing import cast

from msgspec.structs import replace

from syncproof.core.moves import Connect, Crash, Disconnect, Keep, Notice, Restart, Restore, Spawn
from syncproof.core.observations import Connected, Crashed, Disconnected, Restarted
from syncproof.core.packets import AddMember, Closed, Compose, Expire, Opened, RemoveMember
from syncproof.core.values import SERVER, ActorId, ConnectionId, ConversationId, DeviceId, Message, MessageId, UserId
from syncproof.core.world import Landed, put_back
from syncproof.engines.simulate.network import Network
from syncproof.engines.simulate.state import Flight, Host


class Sessions(Network):
    """The environment's side of a run."""

    __slots__ = ()

    # ---- people

    def _compose(self, number: int, _: None, __: None) -> None:
        traffic = self.traffic
        device = self.device_ids[traffic.devices[number]]
        conversation = self.conversation_ids[traffic.conversations[number]]
        about = traffic.about.get(number)
        if about is None:
            message = Message(MessageId(number), device, conversation, traffic.sizes[number])
        else:
            message = Message(MessageId(number), device, conversation, 0, "recall", about)
        self._write_message(device, message, None)
        if number + 1 < len(traffic.times):
            self._at(traffic.times[number + 1], self._compose, number + 1, None, None)

    def _write_message(self, device: DeviceId, message: Message, _: None) -> None:
        host = self.hosts.get(device)
        if host is not None and host.gone:
            device = self.device_ids[self.replaced[device]]
            message = replace(message, sender=device)
            host = self.hosts.get(device)
        if host is None or host.down:
            self._at(self.now + 1.0, self._write_message, device, message, None)
        else:
            self._tell(host, Compose(message))

    def _change(self, action: str, conversation: int, user: int) -> None:
        if self.server.down:
            self._at(self.now + self.reconnect_s, self._change, action, conversation, user)
            return
        self.faults["membership"] += 1
        kind = AddMember if action == "add" else RemoveMember
        self._tell(self.server, kind(ConversationId(conversation), UserId(user)))

    # ---- sessions

    def _session(self, device: DeviceId, index: int, _: None) -> None:
        if self.draining:
            return
        _start, end, dead = self.traffic.sessions[device][index]
        self.in_session.add(device)
        self._connect(device, None, None)
        self._later(end, self._session_end, device, index, dead)

    def _session_end(self, device: DeviceId, index: int, dead: float) -> None:
        if self.draining or self.now >= self.traffic.horizon:
            return  # a session cut off by the end of the traffic does not end in a disconnect
        self.in_session.discard(device)
        host = self.hosts.get(device)
        connection = None if host is None else host.current
        if connection is not None:
            self.faults["half-open" if dead > 0 else "disconnect"] += 1
            if self.recorder is not None:
                self.recorder.move(Disconnect(device, dead <= 0))
            if dead > 0:
                self._at(self.now + dead, self._notice_server, connection, None, None)
            elif connection.server_open:
                at = max(connection.up_due, self.now + self.up[len(self.up) >> 1])
                connection.up_due = at
                self._at(at, self._told, connection, None, None)
            self._shut_client_end(connection, clean=dead <= 0)
        sessions = self.traffic.sessions[device]
        if index + 1 < len(sessions):
            self._later(max(sessions[index + 1][0], self.now), self._session, device, index + 1, None)

    def _connect(self, device: DeviceId, _: None, __: None) -> None:
        host = self.hosts.get(device)
        if host is None or host.down or host.current is not None or device not in self.in_session:
            return
        if self.server.down:
            self._at(self.now + self.reconnect_s, self._connect, device, None, None)
            return
        if self.recorder is not None:
            self.recorder.move(Connect(device))
        host.connects += 1
        name = ConnectionId.of(device, host.connects)
        self.connections[name] = host.current = Flight(name, host)
        self.handshakes += 1
        host.news = True
        self.observe(Connected(device))
        opened = Opened(name, host.name)
        self._handle(self.server, name, opened)
        self._handle(host, name, opened)

    def _told(self, connection: Flight, _: None, __: None) -> None:
        """The last packet of a clean end arrives."""
        if connection.server_open:
            self._before_delivery(connection)
            self._shut_server_end(connection)

    def _shut_client_end(self, connection: Flight, *, clean: bool) -> None:
        host = connection.host
        connection.client_open = False
        host.current = None
        self.observe(Disconnected(cast(DeviceId, host.name), clean))
        if not host.down:
            self._handle(host, connection.id, Closed(connection.id))
        self._forget(connection)

    def _shut_server_end(self, connection: Flight) -> None:
        connection.server_open = False
        self._handle(self.server, connection.id, Closed(connection.id))
        self._forget(connection)

    def _notice_server(self, connection: Flight, _: None, __: None) -> None:
        if connection.server_open and not connection.client_open:
            if self.recorder is not None:
                self.recorder.move(Notice(connection.id, "server"))
            self._shut_server_end(connection)

    def _notice_client(self, connection: Flight, _: None, __: None) -> None:
        if connection.client_open and not connection.server_open:
            if self.recorder is not None:
                self.recorder.move(Notice(connection.id, "client"))
            self._shut_client_end(connection, clean=False)
            self._at(self.now + self.reconnect_s, self._connect, connection.client, None, None)

    def _forget(self, connection: Flight) -> None:
        if not connection.client_open and not connection.server_open:
            self.connections.pop(connection.id, None)

    # ---- crashes, new devices

    def _crash(self, name: ActorId, downtime: float, _: None) -> None:
        host = self.hosts.get(name)
        if self.draining or host is None or host.down:
            return
        self.faults["device-crash" if host.is_device else "server-crash"] += 1
        open_writes = sorted(
            (e for e in self.heap if e[2] is self.complete_write and e[3] is host and e[5] == host.life),
            key=lambda e: e[1],
        )
        count = self.faults["server-crash"] + self.faults["device-crash"]
        landed = tuple([e[4] for n, e in enumerate(open_writes) if self._chance("landed", n, name, count) < 0.5])
        if self.recorder is not None:
            self.recorder.move(Crash(name, landed))
        self.me = host
        out = Landed(self.observe)
        for packet in landed:
            host.actor.handle(name, packet, out)
        host.actor.crash()
        self._fall(host)
        self._at(self.now + downtime, self._restart, name, None, None)

    def _keep(self, name: ActorId, _: None, __: None) -> None:
        host = self.hosts.get(name)
        if not self.draining and host is not None and not host.gone:
            if self.recorder is not None:
                self.recorder.move(Keep(name))
            host.backup = host.actor.snapshot()

    def _restore(self, name: ActorId, downtime: float, _: None) -> None:
        host = self.hosts.get(name)
        if self.draining or host is None or host.down or host.backup is None:
            return
        self.faults["device-restore" if host.is_device else "server-restore"] += 1
        if self.recorder is not None:
            self.recorder.move(Restore(name))
        self.me = host
        put_back(host.actor, host.backup, Landed(self.observe))
        self._fall(host)
        self._at(self.now + downtime, self._restart, name, None, None)
        if host is self.server:  # nobody's last complete read says anything of the store that there is now
            for each in self.hosts.values():
                if each.is_device:
                    self._concern(each)

    def _expire(self, _: None, __: None, ___: None) -> None:
        if self.draining:
            return
        if self.server.down:
            self._at(self.now + self.reconnect_s, self._expire, None, None, None)
            return
        self.faults["trim"] += 1
        self._tell(self.server, Expire())

    def _fall(self, host: Host) -> None:
        """The actor is down: its operations, timers and ends of connections are gone."""
        name = host.name
        host.life += 1
        host.down = self.down[name] = True
        host.timers.clear()
        if host.parked is not None:
            self._count_idle(host, host.parked)
        host.parked = host.armed = None
        self.observe(Crashed(name))
        if host is self.server:
            for connection in sorted(self.connections.values(), key=lambda c: c.id):
                if connection.server_open:
                    connection.server_open = False
                    self.meter.cut(cast(DeviceId, connection.client))
                    self._at(self.now + self.notice_s, self._notice_client, connection, None, None)
                self._forget(connection)
        elif host.current is not None:
            connection = host.current
            host.current = None
            connection.client_open = False
            self.observe(Disconnected(cast(DeviceId, name), False))
            self._at(self.now + self.notice_s, self._notice_server, connection, None, None)
            self._forget(connection)

    def _restart(self, name: ActorId, _: None, __: None) -> None:
        host = self.hosts[name]
        if not host.down or host.gone:
            return
        if self.recorder is not None:
            self.recorder.move(Restart(name))
        host.down = False
        del self.down[name]
        self.observe(Restarted(name))
        self._start(host)
        if name != SERVER:
            self._at(self.now + self.reconnect_s, self._connect, name, None, None)

    def _spawn(self, device: DeviceId, _: None, __: None) -> None:
        user = UserId(self.traffic.owners[device])
        number = self.traffic.replaces.get(device)
        old = None if number is None else self.hosts[self.device_ids[number]]
        if old is not None and old.down:
            self._at(self.now + self.reconnect_s, self._spawn, device, None, None)
            return
        replaces = None if old is None else cast(DeviceId, old.name)
        self.faults["new-device" if old is None else "reinstall"] += 1
        if self.recorder is not None:
            self.recorder.move(Spawn(device, user, replaces))
        if old is not None:
            self._fall(old)
            old.gone = True
            del self.down[old.name]
            self.user_hosts[user].remove(old)
        assert self.system.spawn is not None
        host = self.hosts[device] = Host(device, self.system.spawn(device, user, replaces))
        self.user_hosts[user].append(host)
        self._start(host)
        self._connect(device, None, None)
