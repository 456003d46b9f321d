"""The counts of a run. `metrics.py` computes every metric from them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from syncproof.core.packets import Packet
from syncproof.engines.simulate.histogram import Histogram
from syncproof.engines.simulate.meter import LATE_S
from syncproof.inputs.traffic import Traffic
from syncproof.properties.no_loss import NoLoss

if TYPE_CHECKING:
    from syncproof.engines.simulate.run import Simulation


@dataclass(frozen=True, slots=True)
class Counters:
    """What was counted and measured until one moment of a run.

    The second group of fields is known only when the run is over; `snapshot` leaves it at its defaults and `completed`
    fills it in.
    """

    sent: dict[type[Packet], int]
    """Packets put on the wire between devices and server, by class; handshakes are counted apart."""
    body_bytes: int
    """Bytes that packets carried beside their headers."""
    header_bytes: int
    """Bytes of the header of each packet."""
    rows: dict[str, tuple[int, int, int]]
    """Rows written, deleted and read, by store."""
    empty_replies: int
    """Replies to pulls that returned nothing."""
    handshakes: int
    """Connections opened; each is a request and a reply."""
    deliveries: int
    """First showings of a message on a device."""
    stored_bytes_peak: int
    """The largest number of bytes that were in all stores together."""

    messages: int = 0
    """Messages accepted."""
    histograms: Mapping[str, Histogram] = field(default_factory=dict)
    """Seconds of each `delivery`, `catchup` and `accept`, as `meter.py` defines them, and of each `storage wait`."""
    late: Mapping[int, int] = field(default_factory=dict)
    """How many deliveries took longer than 1, 10 and 60 seconds, those that never ended included."""
    lost_deliveries: float = math.nan
    """(message, device) pairs that `no-loss` still requires; NaN where it is not applicable."""
    duplicate_deliveries: int = 0
    """Violations of `no-duplicate`."""
    busy_s: float = 0.0
    """Seconds that the servers of the storage station were busy until the traffic ended, added up."""
    capacity_s: float = 0.0
    """Seconds that they could have been busy until then, added up."""
    stored_bytes_mean: float = math.nan
    """The mean over time, until the traffic ended, of the bytes that were in all stores together."""
    wakeups: int = 0
    """How often devices were woken, by a push, a notification or a poll timer, until the traffic ended."""
    device_days: float = 0.0
    """Days until then of all devices, added up."""
    messages_at_horizon: int = 0
    """Messages accepted until the traffic ended."""
    servers: int = 0
    """Operations that the storage station serves at a time."""
    recovery_s: float = math.nan
    """Seconds from the end of the last burst to the last operation that waits long for storage, infinite if the run ends first."""
    left: int = 0
    """Deliveries that were measured and then excused: refused, retired, abandoned, no longer a member."""

    def durations(self, name: str) -> Histogram:
        """Return the durations of this name; none if there are none."""
        return self.histograms.get(name, Histogram())

    @property
    def packets(self) -> int:
        """Return the number of packets on the wire, two for each handshake included."""
        return sum(self.sent.values()) + 2 * self.handshakes

    @property
    def requests(self) -> int:
        """Return the number of requests that a device waited for, handshakes included."""
        return sum(n for kind, n in self.sent.items() if kind.request) + self.handshakes

    @property
    def pulls(self) -> int:
        """Return the number of pull requests."""
        return sum(n for kind, n in self.sent.items() if kind.pull)

    @property
    def bytes(self) -> int:
        """Return the bytes on the wire: headers and bodies."""
        return self.packets * self.header_bytes + self.body_bytes

    @property
    def rows_written(self) -> int:
        """Return the number of rows appended or put, all stores."""
        return sum(written for written, _, _ in self.rows.values())

    @property
    def rows_deleted(self) -> int:
        """Return the number of rows deleted, all stores."""
        return sum(deleted for _, deleted, _ in self.rows.values())

    @property
    def rows_read(self) -> int:
        """Return the number of rows returned by storage, all stores."""
        return sum(read for _, _, read in self.rows.values())


def snapshot(run: Simulation) -> Counters:
    """Return a copy of the counts so far, which later polls that find nothing must not change."""
    return Counters(
        sent={kind: tally.sent for kind, tally in run.network.tallies.items() if tally.sent and not tally.internal},
        body_bytes=run.network.body_bytes,
        header_bytes=run.network.header,
        rows={store: (counts[0], counts[1], counts[2]) for store, counts in run.station.rows.items()},
        empty_replies=run.network.empty_replies,
        handshakes=run.network.handshakes,
        deliveries=run.meter.deliveries,
        stored_bytes_peak=run.station.stored_peak,
    )


def completed(run: Simulation, counters: Counters) -> Counters:
    """Return the counters of a finished run with the fields that are known only at its end."""
    losses = run.monitor.automata.get("no-loss")
    return dataclasses.replace(
        counters,
        messages=run.meter.messages,
        histograms={
            "delivery": run.meter.delivery,
            "catchup": run.meter.catchup,
            "accept": run.meter.accept,
            "storage wait": run.station.waits_at_horizon,
        },
        late=dict(zip(LATE_S, run.meter.late, strict=True)),
        lost_deliveries=float(len(losses.outstanding())) if isinstance(losses, NoLoss) else math.nan,
        duplicate_deliveries=run.monitor.counts.get("no-duplicate", 0),
        busy_s=run.station.busy_at_horizon,
        capacity_s=run.traffic.horizon * len(run.station.free_at),
        stored_bytes_mean=run.station.stored_mean,
        wakeups=run.network.wakeups_at_horizon,
        device_days=_device_days(run.traffic),
        left=run.meter.left,
        messages_at_horizon=run.meter.messages_at_horizon,
        servers=len(run.station.free_at),
        recovery_s=_recovery(run),
    )


def _recovery(run: Simulation) -> float:
    """Return how long after the last burst operations still wait long for storage; NaN without bursts, or if it ends too late."""
    ends = [min(burst.start + burst.length, run.traffic.horizon) for burst in run.bursts]
    if not ends:
        return math.nan
    last = run.station.long_wait_at_horizon
    near_end = 0.9 * run.traffic.horizon
    if last >= near_end:
        return math.nan if max(ends) >= near_end else math.inf
    return max(0.0, last - max(ends))


def _device_days(traffic: Traffic) -> float:
    """Return how many days devices were there until the traffic ended, added up; a replaced one goes when its successor comes."""
    joined = dict.fromkeys(range(traffic.initial_devices), 0.0) | {device: at for at, device in traffic.joins}
    gone = {old: joined[new] for new, old in traffic.replaces.items()}
    gone.update({device: at for at, device, _ in traffic.abandoned})
    return sum(gone.get(device, traffic.horizon) - at for device, at in joined.items()) / 86400.0
