"""What a run costs and how fast it delivers: the table of metrics, and the meter that fills it from observations."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from syncproof.core.observations import Accepted, Composed, Connected, Disconnected, Observation, Placed, Shown
from syncproof.core.values import DeviceId, MessageId

if TYPE_CHECKING:
    from collections.abc import Sequence


class Metric(msgspec.Struct, frozen=True):
    """A column of the comparison: its unit, what it is, and whether less of it is better."""

    unit: str
    says: str
    less_is_better: bool = True


METRICS: dict[str, Metric] = {
    "server_writes_per_message": Metric(
        "rows", "rows appended or put, all stores, indices, intents and counters included, per accepted message"
    ),
    "server_deletes_per_message": Metric("rows", "rows deleted, all stores, per accepted message"),
    "server_reads_per_message": Metric("rows", "rows returned by storage, per accepted message"),
    "packets_per_delivery": Metric("packets", "packets between devices and server per first showing on a device"),
    "round_trips_per_delivery": Metric("round trips", "requests that a device waited for, per first showing"),
    "bytes_per_delivery": Metric("bytes", "bodies and a stated header per packet, per first showing"),
    "pulls_per_delivery": Metric("pulls", "pull requests per first showing, idle polls included"),
    "empty_pulls_per_delivery": Metric("pulls", "pull requests that returned nothing, per first showing"),
    "delivery_latency_p50_s": Metric("s", "accepted to shown, devices connected all the while, median"),
    "delivery_latency_p99_s": Metric("s", "accepted to shown, devices connected all the while, 99th percentile"),
    "catchup_latency_p99_s": Metric("s", "connected to everything accepted before being shown, 99th percentile"),
    "accept_latency_p50_s": Metric("s", "composed on a connected device to accepted, median"),
    "stored_bytes_peak": Metric("bytes", "all stores together, at most"),
    "stored_bytes_end": Metric("bytes", "all stores together, at the end"),
    "lost_deliveries": Metric("deliveries", "(message, device) pairs of the audience never shown"),
    "duplicate_deliveries": Metric("deliveries", "(message, device) pairs shown more than once"),
    "storage_utilisation": Metric("share", "busy share of the storage station until traffic ends"),
}


class Clock(Protocol):
    """Whoever knows the simulated time, in seconds."""

    now: float


class Meter:
    """Latencies from observations, each taken at the clock's time when it comes.

    A delivery counts as *live* when its device was connected at both ends from acceptance to showing: the clock of the
    connection is the earlier of the two ends closing, so a half-open connection is none. Every other delivery is part
    of a *catch-up*, which is timed once per connection: from connecting until everything accepted before is shown.
    A message that is shown before it is accepted (sync-first) has a delivery latency of 0.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.accepted_at: dict[MessageId, float] = {}
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
        """Which method wants which observation."""
        return {
            Composed: self.composed,
            Placed: self.placed,
            Accepted: self.accepted,
            Shown: self.shown,
            Connected: self.connected,
            Disconnected: self.disconnected,
        }

    def composed(self, o: Composed) -> None:
        if o.device in self.connected_since:
            self.composed_at[o.message] = self.clock.now

    def placed(self, o: Placed) -> None:
        waiting = set(o.audience)
        waiting.difference_update(self.early.pop(o.message, ()))
        self.waiting[o.message] = waiting

    def accepted(self, o: Accepted) -> None:
        self.messages += 1
        now = self.accepted_at[o.message] = self.clock.now
        since = self.composed_at.pop(o.message, None)
        if since is not None:
            self.accepts.append(now - since)
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
        """The device is not truly connected any more, whatever the ends believe."""
        self.connected_since.pop(device, None)
        self.catching.pop(device, None)


def quantiles(samples: Sequence[float]) -> list[float]:
    """1001 quantiles from minimum to maximum; empty for no samples."""
    import numpy

    if not samples:
        return []
    grid: list[float] = numpy.quantile(numpy.asarray(samples), numpy.linspace(0.0, 1.0, 1001)).tolist()
    return grid
