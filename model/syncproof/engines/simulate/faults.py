"""The faults of a run: connections are cut, actors crash and restart, backups are taken and put back, retention deletes, the
clock steps back.

The network's faults are in `network.py`, those that people cause (disconnects, reinstalls) in `people.py`, those of a cluster's
gateways in `gateways.py`; all of them are counted in `FaultCounts`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from syncproof.core.hosts import Connection
from syncproof.core.packets import Expire, ForgetCursors, LoseKey, Packet, ReceiveKey, Throttle
from syncproof.core.values import ActorId, DeviceId
from syncproof.engines.simulate.clock import Clock
from syncproof.inputs.fault_plan import FaultPlan
from syncproof.inputs.random_draws import Draws
from syncproof.inputs.sections.infrastructure import NetworkSection

if TYPE_CHECKING:
    from syncproof.engines.simulate.gateways import Gateways
    from syncproof.engines.simulate.hosts import TimedHost, TimedWorld
    from syncproof.engines.simulate.meter import Meter
    from syncproof.engines.simulate.network import Network
    from syncproof.engines.simulate.people import People
    from syncproof.engines.simulate.polls import Polls


class FaultCounts:
    """How often each fault has `fired`, whether faults have `stopped`, how many seconds the server's clock is behind."""

    __slots__ = ("clock_behind", "fired", "stopped")

    def __init__(self) -> None:
        self.fired: defaultdict[str, int] = defaultdict(int)
        self.stopped = False
        self.clock_behind = 0.0


class Faults:
    """Crashes, restores, trims and clock steps at the times of a plan.

    The other parts of the simulation are set after they are made (`run.py`).
    """

    world: TimedWorld
    gateways: Gateways
    network: Network
    people: People
    polls: Polls
    meter: Meter

    def __init__(
        self, clock: Clock, draws: Draws, plan: FaultPlan, counts: FaultCounts, network: NetworkSection
    ) -> None:
        self.clock = clock
        self.draws = draws
        self.plan = plan
        self.counts = counts
        self.notice_s = network.notice
        self.reconnect_s = network.reconnect
        self.cut_salt = draws.key("gateway")

    def schedule(self) -> None:
        """Schedule every fault of the plan."""
        clock, settings, server = self.clock, self.plan.settings, cast(ActorId, self.world.system.server)
        devices, down, age = self.people.device_ids, settings.device_down, settings.device_backup_age
        for number, loss in enumerate(settings.gateway_losses):
            clock.later(loss.at, self._lose_gateway, (number, loss.share))
        for crash in settings.server_crashes:
            clock.later(crash.at, self._crash, (server, crash.down))
        for at, device in self.plan.drawn.get("device-crash", ()):
            clock.later(at, self._crash, (devices[device], down))
        for restore in settings.server_restores:
            clock.later(restore.backup, self._keep, server)
            clock.later(restore.at, self._restore, (server, restore.down))
        for at, device in self.plan.drawn.get("device-restore", ()):
            clock.later(max(0.0, at - age), self._keep, devices[device])
            clock.later(at, self._restore, (devices[device], down))
        for at, device in self.plan.drawn.get("rate-limit", ()):
            clock.later(at, self._tell_server, ("rate-limit", Throttle(devices[device], settings.rate_limit)))
        for at, device in self.plan.drawn.get("cursor-refused", ()):
            clock.later(at, self._tell_server, ("cursor-refused", ForgetCursors(devices[device])))
        for at, device in self.plan.drawn.get("key-late", ()):
            clock.later(at, self._seal, (devices[device], settings.key_delay))
        for at in settings.trims:
            clock.later(at, self._expire, None)
        for step in settings.clock_steps:
            clock.later(step.at, self._step_clock_back, step.back)

    # ---- gateways

    def _lose_gateway(self, which: tuple[int, float]) -> None:
        """Cut a share of the connections: nothing arrives over them any more, and both ends notice that later."""
        if self.counts.stopped:
            return
        number, share = which
        notice = self.clock.now + self.notice_s
        for _, connection in sorted(self.world.connections.items()):
            whole = connection.client_open and connection.server_open
            if (
                whole
                and isinstance(connection.client, DeviceId)
                and self.draws.uniform(self.cut_salt, connection.client, number) < share
            ):
                self.counts.fired["half-open"] += 1
                self.network.cut(connection, notice)
                self.meter.cut(connection.client)
                self.clock.at(notice, self._notice_cut, connection)

    def _notice_cut(self, connection: Connection) -> None:
        """Let both ends of a connection that was cut notice it; the device connects again later."""
        host = self.world.timed_host(connection.client)
        if host is not None and host.connection is connection:
            self.world.disconnect(host, False)
            self.people.connect_later(host.name)
        self.notice_server(connection)

    # ---- crashes and restores

    def _crash(self, what: tuple[ActorId, float]) -> None:
        """Crash the server or a device."""
        name, downtime = what
        host = self.world.timed_host(name)
        if self.counts.stopped or host is None or host.down:
            return
        fired = self.counts.fired
        fired["device-crash" if host.is_device else "server-crash"] += 1
        count = fired["server-crash"] + fired["device-crash"]
        writes = [operation for operation in host.operations if operation.write]
        landed = [operation for n, operation in enumerate(writes) if self._lands(operation.packet, n, count)]
        self.break_connections(host)
        self.world.crash(host, landed)
        self.polls.forget(host)
        self.clock.at(self.clock.now + downtime, self.restart, host)

    def _lands(self, packet: Packet, number: int, crash: int) -> bool:
        """Draw whether an open write lands in a crash, by what it is for; by its `number` if it is for no message."""
        purpose = self.draws.key(f"landed/{packet.purpose or type(packet).__name__}")
        message = packet.draw_key
        key = (message, packet.draw_owner) if message >= 0 else (number, -1)
        return self.draws.uniform(purpose, *key, crash) < 0.5

    def _keep(self, name: ActorId) -> None:
        if not self.counts.stopped and name in self.world.actors:
            self.world.keep(self.world.hosts[name])

    def _restore(self, what: tuple[ActorId, float]) -> None:
        name, downtime = what
        host = self.world.timed_host(name)
        if self.counts.stopped or host is None or host.down or host.backup is None:
            return
        self.counts.fired["device-restore" if host.is_device else "server-restore"] += 1
        self.break_connections(host)
        self.world.restore(host)
        self.polls.forget(host)
        self.clock.at(self.clock.now + downtime, self.restart, host)
        if host is self.world.server:  # a device's last complete read says nothing about the restored store
            for each in self.world.timed_hosts():
                if each.is_device:
                    self.polls.concern(each)

    def break_connections(self, host: TimedHost) -> None:
        """Schedule when the other ends of a host's connections notice; the world closes the host's own ends."""
        if host.connection is not None:
            self.clock.at(self.clock.now + self.notice_s, self.notice_server, host.connection)
        if not host.is_device:
            for _, connection in sorted(self.world.connections.items()):
                if connection.server_open and self.world.server_of(connection.id) is host:
                    self.hung_up(connection)

    def hung_up(self, connection: Connection) -> None:
        """Schedule when the client's end of a connection notices that the server's end closes now."""
        if connection.client_open:
            if isinstance(connection.client, DeviceId):
                self.meter.cut(connection.client)
            self.clock.at(self.clock.now + self.notice_s, self.notice_client, connection)

    def notice_server(self, connection: Connection) -> None:
        """Let the server notice that a client's end is closed."""
        self.world.notice(connection, "server")

    def notice_client(self, connection: Connection) -> None:
        """Let a client notice that the server's end is closed; it connects again later."""
        if self.world.notice(connection, "client"):
            self._connect_later(connection.client)

    def _connect_later(self, client: ActorId) -> None:
        if isinstance(client, DeviceId):
            self.people.connect_later(client)
        else:
            self.gateways.connect_later(client)

    def restart(self, host: TimedHost) -> None:
        """Restart an actor; a device connects later."""
        if self.world.restart(host):
            self.network.resume(host.name)
            if host is not self.world.server:
                self._connect_later(host.name)

    # ---- refusals

    def _tell_server(self, what: tuple[str, Packet]) -> None:
        """Tell the server, if it runs, what makes a fault."""
        fault, packet = what
        server = self.world.server
        if not self.counts.stopped and server is not None and not server.down:
            self.counts.fired[fault] += 1
            self.world.tell(server, packet)

    # ---- keys that come late

    def _seal(self, what: tuple[ActorId, float]) -> None:
        """Let a device lack the key of what it gets from now on, for so many seconds."""
        name, delay = what
        host = self.world.timed_host(name)
        if not self.counts.stopped and host is not None and not host.down:
            self.counts.fired["key-late"] += 1
            self.world.tell(host, LoseKey())
            self.clock.at(self.clock.now + delay, self._unseal, host)

    def _unseal(self, host: TimedHost) -> None:
        """Give a device the key; later, if it is down."""
        if host.down and host.name in self.world.actors:
            self.clock.at(self.clock.now + self.reconnect_s, self._unseal, host)
        elif not host.down:
            self.world.tell(host, ReceiveKey())

    # ---- retention

    def _expire(self, _: None) -> None:
        server = self.world.server
        if self.counts.stopped or server is None:
            return
        if server.down:
            self.clock.at(self.clock.now + self.reconnect_s, self._expire, None)
            return
        self.counts.fired["trim"] += 1
        self.world.tell(server, Expire())

    # ---- the server's clock

    def _step_clock_back(self, back: float) -> None:
        """Let the server's clock be `back` seconds further behind, from its next tick on (`network.py` has the ticks)."""
        if self.world.system.clocked and not self.counts.stopped:
            self.counts.fired["clock-step"] += 1
            self.counts.clock_behind += back
