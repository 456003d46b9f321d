"""A meter, which measures the latencies of one run from its observations."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from syncproof.core.observations import Accepted, Composed, Connected, Disconnected, Observation, Placed, Shown
from syncproof.core.values import DeviceId, MessageId
from syncproof.engines.simulate.clock import Clock


class Meter:
    """The latencies of a run in seconds, measured from observations at the clock's time.

    A delivery is *live* when its device was connected at both ends from acceptance to showing; a half-open connection
    ends when the first of its ends closes. Every other delivery belongs to a *catch-up*, which is measured once per
    connection: from connecting until everything accepted before is shown. A message that is shown before it is accepted
    (sync-first) has a delivery latency of 0. Of the replies that accept a message the first counts; of those that accept
    one that took another place, the first after that.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.accepted_at: dict[MessageId, float] = {}
        self.uncounted: set[MessageId] = set()
        self.unaccepted: set[MessageId] = set()
        self.composed_at: dict[MessageId, float] = {}
        self.waiting: dict[MessageId, set[DeviceId]] = {}
        self.early: dict[MessageId, set[DeviceId]] = {}
        self.connected_since: dict[DeviceId, float] = {}
        self.behind: defaultdict[DeviceId, int] = defaultdict(int)
        self.catching: dict[DeviceId, tuple[float, int]] = {}
        self.live = array("d")
        self.catchups = array("d")
        self.accepts = array("d")
        self.deliveries = 0
        self.messages = 0

    @property
    def listeners(self) -> dict[type[Observation], Callable[[Any], None]]:
        """Return the method for each class of observations."""
        return {
            Composed: self.composed,
            Placed: self.placed,
            Accepted: self.accepted,
            Shown: self.shown,
            Connected: self.connected,
            Disconnected: self.disconnected,
        }

    def composed(self, o: Composed) -> None:
        self.uncounted.add(o.message)
        if o.device in self.connected_since:
            self.composed_at[o.message] = self.clock.now

    def placed(self, o: Placed) -> None:
        waiting = set(o.audience)
        waiting.difference_update(self.early.pop(o.message, ()))
        self.waiting[o.message] = waiting
        self.unaccepted.add(o.message)

    def accepted(self, o: Accepted) -> None:
        if o.message in self.uncounted:
            self.uncounted.discard(o.message)
            self.messages += 1
            since = self.composed_at.pop(o.message, None)
            if since is not None:
                self.accepts.append(self.clock.now - since)
        if o.message not in self.unaccepted:
            return
        self.unaccepted.discard(o.message)
        self.accepted_at[o.message] = self.clock.now
        for device in self.waiting.get(o.message, ()):
            self.behind[device] += 1

    def shown(self, o: Shown) -> None:
        self.deliveries += 1
        device = o.device
        waiting = self.waiting.get(o.message)
        if waiting is None:
            self.early.setdefault(o.message, set()).add(device)
            return
        if device not in waiting:
            return
        waiting.discard(device)
        accepted = self.accepted_at.get(o.message)
        if not waiting and accepted is not None:
            del self.waiting[o.message], self.accepted_at[o.message]
        since = self.connected_since.get(device)
        if accepted is None:
            self.live.append(0.0)
            return
        self.behind[device] -= 1
        if since is None:
            return
        if since <= accepted:
            self.live.append(self.clock.now - accepted)
        else:
            catching = self.catching.get(device)
            if catching is not None:
                start, left = catching
                if left > 1:
                    self.catching[device] = (start, left - 1)
                else:
                    del self.catching[device]
                    self.catchups.append(self.clock.now - start)

    def connected(self, o: Connected) -> None:
        self.connected_since[o.device] = self.clock.now
        if self.behind[o.device]:
            self.catching[o.device] = (self.clock.now, self.behind[o.device])

    def disconnected(self, o: Disconnected) -> None:
        self.cut(o.device)

    def cut(self, device: DeviceId) -> None:
        """Count the device as disconnected from now on, also where an end of its connection has not noticed it."""
        self.connected_since.pop(device, None)
        self.catching.pop(device, None)
