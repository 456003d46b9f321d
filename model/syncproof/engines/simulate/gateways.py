"""The gateways of a run in a cluster: their connections to the store, and the faults that need gateways.

A gateway that crashes, or is cut from the store, loses the connections of its devices, which connect through the next gateway
after a while. Without gateways nothing here happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncproof.core.values import ActorId
from syncproof.engines.simulate.clock import Clock
from syncproof.inputs.fault_plan import FaultPlan

if TYPE_CHECKING:
    from syncproof.engines.simulate.faults import Faults


class Gateways:
    """The gateways of a run. `faults` has the other parts of the run."""

    def __init__(self, clock: Clock, plan: FaultPlan, faults: Faults) -> None:
        self.clock = clock
        self.plan = plan
        self.faults = faults
        self.fired = faults.counts.fired

    def schedule(self) -> None:
        """Schedule every fault of the plan that needs gateways."""
        gateways, later = self.faults.world.system.gateways, self.clock.later
        for crash in self.plan.settings.gateway_crashes:
            later(crash.at, self._crash, (gateways[crash.gateway], crash.down))
        for cut in self.plan.settings.partitions:
            later(cut.at, self._cut, (gateways[cut.gateway], cut.length))
        for at, device in self.plan.drawn.get("handover", ()):
            later(at, self._hand_over, self.faults.people.device_ids[device])

    # ---- connections to the store

    def connect_all(self) -> None:
        """Connect every gateway to the store."""
        for name in self.faults.world.system.gateways:
            self.connect(name)

    def connect(self, name: ActorId) -> None:
        """Connect a gateway to the store, if it runs and is not connected; later if the store is down."""
        world = self.faults.world
        host = world.hosts[name]
        if host.down or host.connection is not None:
            return
        if not world.connect(host):
            self.connect_later(name)

    def connect_later(self, name: ActorId) -> None:
        """Let a gateway connect after the time that a client waits."""
        self.clock.at(self.clock.now + self.faults.reconnect_s, self.connect, name)

    # ---- faults

    def _crash(self, what: tuple[ActorId, float]) -> None:
        name, downtime = what
        host = self.faults.world.timed_host(name)
        if self.faults.counts.stopped or host is None or host.down:
            return
        self.fired["gateway-crash"] += 1
        self.faults.break_connections(host)
        self.faults.world.crash(host)
        self.clock.at(self.clock.now + downtime, self.faults.restart, host)

    def _cut(self, what: tuple[ActorId, float]) -> None:
        """Close a gateway's end of its connection; the store notices that later, and the gateway connects again in time."""
        name, length = what
        host = self.faults.world.timed_host(name)
        if self.faults.counts.stopped or host is None or host.connection is None:
            return
        self.fired["partition"] += 1
        self.clock.at(self.clock.now + self.faults.notice_s, self.faults.notice_server, host.connection)
        self.clock.at(self.clock.now + length, self.connect, name)
        self.faults.world.disconnect(host, False)

    def _hand_over(self, device: ActorId) -> None:
        """Let a connected device connect through the next gateway; the former one notices later."""
        world = self.faults.world
        host = world.timed_host(device)
        former = None if host is None else host.connection
        if self.faults.counts.stopped or host is None or former is None:
            return
        host.news = True
        if world.hand_over(host):
            self.fired["handover"] += 1
            self.faults.network.handshakes += 1
            self.clock.at(self.clock.now + self.faults.notice_s, self.faults.notice_server, former)
