"""Polls that are counted instead of run.

A device's poll timer is *parked* while nothing concerns the device that is newer than its last complete read (`Served`):
no message placed with it in the audience, no append to its user's timeline, no copy in its inbox. A poll would return
nothing then. As soon as something concerns the device, the timer is *armed* again at its next due time, and the polls
that were due in between are added to the counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from syncproof.core.hosts import Timer
from syncproof.core.observations import Appended, Observation, Placed, Queued, Served
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.faults import FaultCounts
from syncproof.engines.simulate.station import READ, Station

if TYPE_CHECKING:
    from syncproof.engines.simulate.hosts import TimedHost, TimedWorld
    from syncproof.engines.simulate.network import Network


class Polling:
    """A host's poll timer. `at`: when it is due if it is armed; since when if it is parked."""

    __slots__ = ("at", "idle", "interval", "timer")

    def __init__(self, timer: Timer, at: float, interval: float, idle: Idle) -> None:
        self.timer = timer
        self.at = at
        self.interval = interval
        self.idle = idle


class Polls:
    """The poll timers of a run: when they fire, and which firings are only counted. `run.py` sets the world."""

    __slots__ = ("clock", "faults", "hosts_of_user", "network", "station", "world")

    world: TimedWorld

    def __init__(self, clock: Clock, network: Network, station: Station, faults: FaultCounts) -> None:
        self.clock = clock
        self.network = network
        self.station = station
        self.faults = faults
        self.hosts_of_user: defaultdict[int, list[TimedHost]] = defaultdict(list)

    def arm(self, host: TimedHost, delay: float, packet: Packet, idle: Idle) -> None:
        """Arm a host's poll timer, or arm it again."""
        timer = host.arm_poll(packet)
        if host.parked is not None:
            self._count_idle(host.parked)
        now = self.clock.now
        if host.news and not self.faults.stopped:
            host.parked = None
            self._await(host, Polling(timer, now + delay, delay, idle))
        else:
            host.armed = None
            host.parked = Polling(timer, now, delay, idle)

    def forget(self, host: TimedHost) -> None:
        """Drop a host's poll timer, which is void."""
        if host.parked is not None:
            self._count_idle(host.parked)
        host.parked = host.armed = None

    def _await(self, host: TimedHost, polling: Polling) -> None:
        """Schedule the firing. There is at most one event per device; one that is too early is scheduled again."""
        host.armed = polling
        if not host.polling:
            host.polling = True
            self.clock.later(polling.at, self._fire, host)

    def _fire(self, host: TimedHost) -> None:
        polling = host.armed
        if polling is None:
            host.polling = False
        elif polling.at > self.clock.now:
            self.clock.later(polling.at, self._fire, host)
        else:
            host.polling = False
            host.armed = None
            self.world.fire(polling.timer)

    def _count_idle(self, polling: Polling) -> float:
        """Add the polls that were due since the timer was parked; return when the next is due."""
        since, interval, now = polling.at, polling.interval, self.clock.now
        if now - since < interval:
            return since + interval
        count = int((now - since) / interval)
        if not self.faults.stopped:
            idle = polling.idle
            self.network.count_idle(idle, count)
            if idle.rows:
                self.station.count(idle.store, READ, count * idle.rows)
        return since + (count + 1) * interval

    # ---- at the end

    def park_all(self) -> None:
        """Park every timer: from here on polls come in rounds (`fire_parked`), not at their due times."""
        for host in self.world.timed_hosts():
            if host.parked is not None:
                self._count_idle(host.parked)
                host.parked.at = self.clock.now
            elif host.armed is not None:
                host.parked = host.armed
                host.armed = None

    def fire_parked(self, everyone: bool) -> None:
        """Fire the parked timers of the hosts that have `news`, or of `everyone`."""
        for host in [h for h in sorted(self.world.timed_hosts(), key=lambda h: h.name) if h.parked is not None]:
            polling = host.parked
            if polling is not None and (everyone or host.news):
                host.parked = None
                self.world.fire(polling.timer)

    # ---- which observations concern which hosts

    @property
    def listeners(self) -> dict[type[Observation], Callable[[Any], None]]:
        """Return the method for each class of observations."""
        return {Placed: self.placed, Appended: self.appended, Queued: self.queued, Served: self.served}

    def concern(self, host: TimedHost) -> None:
        """Note that something new concerns a host, and arm its poll timer if it is parked."""
        host.news = True
        polling = host.parked
        if polling is not None and not self.faults.stopped:
            host.parked = None
            polling.at = self._count_idle(polling)
            self._await(host, polling)

    def placed(self, o: Placed) -> None:
        hosts: dict[ActorId, Any] = self.world.hosts
        for device in o.audience:
            host = hosts[device]
            if host.parked is None:
                host.news = True
            else:
                self.concern(host)

    def appended(self, o: Appended) -> None:
        if o.timeline.kind == "sync":
            for host in self.hosts_of_user[o.timeline.owner]:
                if host.parked is None:
                    host.news = True
                else:
                    self.concern(host)

    def queued(self, o: Queued) -> None:
        hosts: dict[ActorId, Any] = self.world.hosts
        for device in o.devices:
            self.concern(hosts[device])

    def served(self, o: Served) -> None:
        host: Any = self.world.hosts[o.device]
        host.news = False
