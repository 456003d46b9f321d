"""Timers, and polls that are counted instead of run.

A device's poll timer is *parked* while its last complete read (`Served`) is younger than anything that concerns it (a
message placed with it in the audience, an append to its user's timeline, a copy in its inbox); such a poll would return
nothing. The moment something concerns it, the timer is *armed* again at its next due time, and the polls that were due
in between are added to the counts.
"""

from __future__ import annotations

from heapq import heappush

from syncproof.core.moves import Fire
from syncproof.core.observations import Appended, Placed, Queued, Served
from syncproof.core.packets import Idle, Packet
from syncproof.engines.simulate.state import Core, Host, Poll
from syncproof.engines.simulate.storage import READ


class Timers(Core):
    """The timer part of `Out`."""

    __slots__ = ()

    def after(self, delay: float, packet: Packet) -> None:
        self.serial += 1
        self.me.timers[packet] = self.serial
        heappush(self.heap, (self.now + delay, self.serial, self._fire, self.me, packet, self.serial))

    def poll(self, delay: float, packet: Packet, idle: Idle) -> None:
        me = self.me
        if me.parked is not None:
            self._count_idle(me, me.parked)
        if me.news and not self.draining:
            me.parked = None
            self._arm(me, Poll(self.now + delay, delay, packet, idle))
        else:
            me.armed = None
            me.parked = Poll(self.now, delay, packet, idle)

    def cancel(self, packet: Packet) -> None:
        me = self.me
        if me.timers.pop(packet, None) is None:
            if me.parked is not None and me.parked.packet == packet:
                self._count_idle(me, me.parked)
                me.parked = None
            if me.armed is not None and me.armed.packet == packet:
                me.armed = None

    def _fire(self, host: Host, packet: Packet, serial: int) -> None:
        if host.timers.get(packet) == serial:
            del host.timers[packet]
            if self.recorder is not None:
                self.recorder.move(Fire(host.name, packet))
            self._handle(host, host.name, packet)

    def _arm(self, host: Host, poll: Poll) -> None:
        """At most one event per device waits; one that comes too early goes back until the timer is due."""
        host.armed = poll
        if not host.polling:
            host.polling = True
            self._later(poll.at, self._fire_poll, host, None, None)

    def _fire_poll(self, host: Host, _: None, __: None) -> None:
        poll = host.armed
        if poll is None:
            host.polling = False
        elif poll.at > self.now:
            self._later(poll.at, self._fire_poll, host, None, None)
        else:
            host.polling = False
            host.armed = None
            if self.recorder is not None:
                self.recorder.move(Fire(host.name, poll.packet))
            self._handle(host, host.name, poll.packet)

    def _count_idle(self, host: Host, poll: Poll) -> float:
        """Adds the polls that were due since the timer was parked; returns when the next is due."""
        since = poll.at
        interval = poll.interval
        if self.now - since < interval:
            return since + interval
        count = int((self.now - since) / interval)
        if not self.draining:
            idle = poll.idle
            self.tallies[type(idle.request)].sent += count
            self.tallies[type(idle.reply)].sent += count
            self.empty_replies += count
            if idle.rows:
                self.rows.setdefault("sync-store", [0, 0, 0])[READ] += count * idle.rows
        return since + (count + 1) * interval

    # ---- what concerns whom

    def _concern(self, host: Host) -> None:
        host.news = True
        poll = host.parked
        if poll is not None and not self.draining:
            host.parked = None
            poll.at = self._count_idle(host, poll)
            self._arm(host, poll)

    def _placed(self, o: Placed) -> None:
        hosts = self.hosts
        for device in o.audience:
            host = hosts[device]
            if host.parked is None:
                host.news = True
            else:
                self._concern(host)

    def _appended(self, o: Appended) -> None:
        if o.timeline.kind == "sync":
            for host in self.user_hosts[o.timeline.owner]:
                if host.parked is None:
                    host.news = True
                else:
                    self._concern(host)

    def _queued(self, o: Queued) -> None:
        for device in o.devices:
            self._concern(self.hosts[device])

    def _served(self, o: Served) -> None:
        self.hosts[o.device].news = False
