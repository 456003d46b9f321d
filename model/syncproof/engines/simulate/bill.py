"""What a run has cost so far, and the metrics that come of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from syncproof.core.packets import Packet
from syncproof.designs.packets import Pull
from syncproof.engines.simulate.metrics import quantiles
from syncproof.engines.simulate.state import Core
from syncproof.properties.no_loss import NoLoss


@dataclass(frozen=True, slots=True)
class Bill:
    """Counts at one moment: packets by class, body bytes, rows (written, deleted, read) by store, and so on."""

    sent: dict[type[Packet], int]
    body_bytes: int
    rows: dict[str, tuple[int, int, int]]
    empty_replies: int
    handshakes: int
    deliveries: int
    stored: int
    stored_peak: int


def take(run: Core) -> Bill:
    """The counts so far."""
    return Bill(
        {kind: tally.sent for kind, tally in run.tallies.items() if tally.sent},
        run.body_bytes,
        {store: (counts[0], counts[1], counts[2]) for store, counts in run.rows.items()},
        run.empty_replies,
        run.handshakes,
        run.meter.deliveries,
        run.stored,
        run.stored_peak,
    )


def metrics(run: Core, bill: Bill, live: list[float], catchups: list[float]) -> dict[str, float]:
    """Every metric of `METRICS`; NaN where there is nothing to divide by.

    `live`, `catchups`: quantile grids of the latencies.
    """
    packets = sum(bill.sent.values()) + 2 * bill.handshakes
    requests = sum(n for kind, n in bill.sent.items() if kind.request) + bill.handshakes
    size = packets * run.header + bill.body_bytes
    written, deleted, read = (sum(counts[i] for counts in bill.rows.values()) for i in range(3))
    accepts = quantiles(run.meter.accepts)
    losses = run.monitor.automata.get("no-loss")
    capacity = run.traffic.horizon * len(run.free_at)

    def per(amount: float, count: int) -> float:
        return amount / count if count else math.nan

    def at(grid: list[float], share: float) -> float:
        return grid[round(share * 1000)] if grid else math.nan

    messages, deliveries = run.meter.messages, bill.deliveries
    return {
        "server_writes_per_message": per(written, messages),
        "server_deletes_per_message": per(deleted, messages),
        "server_reads_per_message": per(read, messages),
        "packets_per_delivery": per(packets, deliveries),
        "round_trips_per_delivery": per(requests, deliveries),
        "bytes_per_delivery": per(size, deliveries),
        "pulls_per_delivery": per(bill.sent.get(Pull, 0), deliveries),
        "empty_pulls_per_delivery": per(bill.empty_replies, deliveries),
        "delivery_latency_p50_s": at(live, 0.5),
        "delivery_latency_p99_s": at(live, 0.99),
        "catchup_latency_p99_s": at(catchups, 0.99),
        "accept_latency_p50_s": at(accepts, 0.5),
        "stored_bytes_peak": float(bill.stored_peak),
        "stored_bytes_end": float(bill.stored),
        "lost_deliveries": float(len(losses.outstanding())) if isinstance(losses, NoLoss) else math.nan,
        "duplicate_deliveries": float(run.monitor.counts.get("no-duplicate", 0)),
        "storage_utilisation": per(run.busy_at_horizon, 1) / capacity if capacity else math.nan,
    }
