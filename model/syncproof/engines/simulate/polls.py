"""Polls that are counted instead of run.

A device's poll timer is *parked* while nothing concerns the device that is newer than its last complete read (`Served`):
no message placed with it in the audience, no append to its user's timeline, no copy in its inbox. A poll would return
nothing then. As soon as something concerns the device, the timer is *armed* again at its next due time, and the polls
that were due in between are added to the counts.

The storage station is charged with them all the same. If the devices that are connected on average would together keep more
than `MATERIAL` of the station busy by such polls, each is an event: it takes its time to the server, occupies the station,
where it waits and lets others wait, and the timer runs again when its reply is there. No handler runs. Else they are charged
in a lump, with mean times and no queue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from syncproof.core.hosts import Timer
from syncproof.core.observations import Appended, Observation, Placed, Queued, Served
from syncproof.core.packets import Idle, Packet
from syncproof.core.values import ActorId
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.faults import FaultCounts
from syncproof.engines.simulate.station import Station

if TYPE_CHECKING:
    from syncproof.engines.simulate.hosts import TimedHost, TimedWorld
    from syncproof.engines.simulate.network import Network


MATERIAL = 0.001
"""The share of the storage station above which idle polls are events."""


class Polling:
    """A host's poll timer.

    `at`: when it is due if it is armed; since when it was not due if it is parked and its idle polls are counted; when its
    next idle poll is due if these are events (`charged`). `asking`: an idle poll is on its way to the server.
    """

    __slots__ = ("asking", "at", "charged", "idle", "interval", "timer")

    def __init__(self, timer: Timer, at: float, interval: float, idle: Idle) -> None:
        self.timer = timer
        self.at = at
        self.interval = interval
        self.idle = idle
        self.charged = False
        self.asking = False


class Polls:
    """The poll timers of a run: when they fire, and which firings are only counted. `run.py` sets the world.

    `online`: how many devices are connected on average.
    """

    __slots__ = ("clock", "faults", "hosts_of_user", "network", "online", "pause", "station", "world")

    world: TimedWorld

    def __init__(
        self, clock: Clock, network: Network, station: Station, faults: FaultCounts, online: float = 0.0
    ) -> None:
        self.clock = clock
        self.network = network
        self.station = station
        self.faults = faults
        self.online = online
        self.pause = network.mean_round_trip + station.mean_service
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
            host.parked = polling = Polling(timer, now, delay, idle)
            if self._is_material(polling) and not self.faults.stopped:
                polling.charged = True
                polling.at = now + delay
                self.clock.at(polling.at, self._ask, polling)

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
            if self.world.fire(polling.timer):
                self.network.wakeups += 1

    def _count_idle(self, polling: Polling) -> float:
        """Add the polls that were due since the timer was parked; return when the next is due.

        From one to the next it takes the interval and a mean round trip, since the reply sets the timer again.
        """
        if polling.charged:
            return polling.at
        since, interval, now = polling.at, polling.interval, self.clock.now
        if now - since < interval:
            return since + interval
        count = int((now - since + self.pause) / (interval + self.pause))
        if not self.faults.stopped:
            idle = polling.idle
            self.network.count_idle(idle, count)
            self.station.charge_idle(idle.store, idle.rows, count)
        return since + (count + 1) * interval + count * self.pause

    def reach_horizon(self) -> None:
        """Count the polls that were due until now."""
        for host in self.world.timed_hosts():
            polling = host.parked
            if polling is not None and not polling.charged:
                polling.at = self._count_idle(polling) - polling.interval

    # ---- idle polls that are events

    def _is_material(self, polling: Polling) -> bool:
        """Return whether idle polls like this one may take a material share of the station."""
        service = self.station.service_of_idle(polling.idle.rows)
        return self.online * service > MATERIAL * (polling.interval + self.pause) * len(self.station.free_at)

    def _ask(self, polling: Polling) -> None:
        """Send an idle poll, if the timer is still parked."""
        host = cast("TimedHost", polling.timer.host)
        if host.parked is polling and not self.faults.stopped:
            polling.asking = True
            self.clock.at(self.clock.now + self.network.delay_up(host, polling.idle.request), self._answer, polling)

    def _answer(self, polling: Polling) -> None:
        """Read what an idle poll asks for, and schedule the next, which is due an interval after the reply."""
        host = cast("TimedHost", polling.timer.host)
        if host.parked is not polling or self.faults.stopped:
            return
        polling.asking = False
        self.network.count_idle(polling.idle, 1)
        completed = self.station.read_idle(polling.idle, host.name)
        replied = completed + self.network.delay_down(host, polling.idle.reply)
        polling.at = replied + polling.interval
        self.clock.at(polling.at, self._ask, polling)

    # ---- at the end

    def park_all(self) -> None:
        """Park every timer: from here on polls come in rounds (`fire_parked`), not at their due times."""
        for host in self.world.timed_hosts():
            if host.parked is not None:
                self._count_idle(host.parked)
                host.parked.at = self.clock.now
                host.parked.charged = False
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
            polling.at = self.clock.now if polling.asking else self._count_idle(polling)
            self._await(host, polling)

    def placed(self, o: Placed) -> None:
        hosts: dict[ActorId, Any] = self.world.hosts
        for device in o.audience or ():
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
