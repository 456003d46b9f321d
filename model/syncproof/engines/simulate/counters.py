"""The counts of a run. `metrics.py` computes every metric from them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncproof.core.packets import Packet
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
    """Packets put on the wire, by class; handshakes are counted apart."""
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
    stored_bytes: int
    """Bytes in all stores together."""
    stored_bytes_peak: int
    """The largest number of bytes that were in all stores together."""

    messages: int = 0
    """Messages accepted."""
    delivery_latencies: Sequence[float] = ()
    """Seconds from accepted to shown, for each live delivery."""
    catchup_latencies: Sequence[float] = ()
    """Seconds from connected to everything accepted before being shown, for each catch-up."""
    accept_latencies: Sequence[float] = ()
    """Seconds from composed to accepted, for each message composed on a connected device."""
    lost_deliveries: float = math.nan
    """(message, device) pairs that `no-loss` still requires; NaN where it is not applicable."""
    duplicate_deliveries: int = 0
    """Violations of `no-duplicate`."""
    busy_s: float = 0.0
    """Seconds that the servers of the storage station were busy until the traffic ended, added up."""
    capacity_s: float = 0.0
    """Seconds that they could have been busy until then, added up."""

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
        sent={kind: tally.sent for kind, tally in run.network.tallies.items() if tally.sent},
        body_bytes=run.network.body_bytes,
        header_bytes=run.network.header,
        rows={store: (counts[0], counts[1], counts[2]) for store, counts in run.station.rows.items()},
        empty_replies=run.network.empty_replies,
        handshakes=run.network.handshakes,
        deliveries=run.meter.deliveries,
        stored_bytes=run.station.total,
        stored_bytes_peak=run.station.stored_peak,
    )


def completed(run: Simulation, counters: Counters) -> Counters:
    """Return the counters of a finished run with the fields that are known only at its end."""
    losses = run.monitor.automata.get("no-loss")
    return dataclasses.replace(
        counters,
        messages=run.meter.messages,
        delivery_latencies=run.meter.live,
        catchup_latencies=run.meter.catchups,
        accept_latencies=run.meter.accepts,
        lost_deliveries=float(len(losses.outstanding())) if isinstance(losses, NoLoss) else math.nan,
        duplicate_deliveries=run.monitor.counts.get("no-duplicate", 0),
        busy_s=run.station.busy_at_horizon,
        capacity_s=run.traffic.horizon * len(run.station.free_at),
    )
