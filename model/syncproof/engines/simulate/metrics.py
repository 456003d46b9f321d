"""The metrics, each defined once: its name, unit, heading, sentence and how it is computed from the counters of a run.

To add a metric, append a record to the list below. Tables, reports, results.json and docs/results.md read this list. Only a
metric of something that is not counted yet needs a second file, `counters.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec

from syncproof.engines.simulate.counters import Counters
from syncproof.engines.simulate.meter import LATE_S


class Metric(msgspec.Struct, frozen=True):
    """One metric."""

    name: str
    """Key in results.json."""
    unit: str
    """Unit of the value."""
    heading: str
    """Heading of its column."""
    sentence: str
    """What it counts or measures."""
    compute: Callable[[Counters], float]
    """Compute the value from the counters of a finished run; NaN where nothing was counted to divide by."""
    phrase: str = ""
    """Its name in a sentence; empty: its name with spaces."""
    less_is_better: bool = True
    """Whether a smaller value is better."""
    samples: str = ""
    """The durations that it is a quantile of; empty: it is no quantile, and over several runs it is their mean."""
    share: float = 0.0
    """The share of these durations that are at most as long."""
    endless: str = ""
    """What an infinite value of a run says, after a design's name; empty: it cannot be infinite, or is that of a quantile."""

    @property
    def words(self) -> str:
        """Return the metric's name in a sentence."""
        return self.phrase or self.name.replace("_", " ")


def ratio(amount: float, count: float) -> float:
    """Return `amount / count`; NaN if `count` is 0."""
    return amount / count if count else math.nan


COMPOSED_TO_SHOWN = (
    "composed to shown on another device, where both were connected at that moment, whatever happened then; the same "
    "deliveries in every design"
)
CATCHING_UP = "first connected after an absence to everything accepted before being shown"


def _quantile(name: str, samples: str, share: float, heading: str, phrase: str, sentence: str) -> Metric:
    """Return the metric of a quantile of durations; over several runs it is that of all their durations together."""
    return Metric(
        name=name,
        unit="s",
        heading=heading,
        phrase=phrase,
        sentence=sentence,
        compute=lambda c: c.durations(samples).quantile(share),
        samples=samples,
        share=share,
    )


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="server_writes_per_message",
            unit="rows",
            heading="writes / msg",
            phrase="rows written per message",
            sentence="rows appended or put, all stores, indices, intents and counters included, per accepted message",
            compute=lambda c: ratio(c.rows_written, c.messages),
        ),
        Metric(
            name="server_deletes_per_message",
            unit="rows",
            heading="deletes / msg",
            phrase="rows deleted per message",
            sentence="rows deleted, all stores, per accepted message",
            compute=lambda c: ratio(c.rows_deleted, c.messages),
        ),
        Metric(
            name="server_reads_per_message",
            unit="rows",
            heading="reads / msg",
            phrase="rows read per message",
            sentence="rows returned by storage, per accepted message",
            compute=lambda c: ratio(c.rows_read, c.messages),
        ),
        Metric(
            name="packets_per_delivery",
            unit="packets",
            heading="packets / dlv",
            sentence="packets between devices and server per first showing on a device",
            compute=lambda c: ratio(c.packets, c.deliveries),
        ),
        Metric(
            name="round_trips_per_delivery",
            unit="round trips",
            heading="trips / dlv",
            sentence="requests that a device waited for, per first showing",
            compute=lambda c: ratio(c.requests, c.deliveries),
        ),
        Metric(
            name="bytes_per_delivery",
            unit="bytes",
            heading="bytes / dlv",
            sentence="bodies and a stated header per packet, per first showing",
            compute=lambda c: ratio(c.bytes, c.deliveries),
        ),
        Metric(
            name="pulls_per_delivery",
            unit="pulls",
            heading="pulls / dlv",
            sentence="pull requests per first showing, idle polls included",
            compute=lambda c: ratio(c.pulls, c.deliveries),
        ),
        Metric(
            name="empty_pulls_per_delivery",
            unit="pulls",
            heading="empty / dlv",
            sentence="pull requests that returned nothing, per first showing",
            compute=lambda c: ratio(c.empty_replies, c.deliveries),
        ),
        _quantile(
            "delivery_latency_p50_s",
            "delivery",
            0.5,
            "p50 s",
            "median delivery latency",
            f"{COMPOSED_TO_SHOWN}: half are faster",
        ),
        _quantile(
            "delivery_latency_p99_s",
            "delivery",
            0.99,
            "p99 s",
            "99th percentile of delivery latency",
            f"{COMPOSED_TO_SHOWN}: 99 of 100 are faster",
        ),
        *[
            Metric(
                name=f"late_{seconds}s",
                unit="share",
                heading=f"> {seconds} s",
                phrase=f"share of deliveries later than {seconds} s",
                sentence=f"share of those deliveries that took longer than {seconds} s, or never came",
                compute=lambda c, seconds=seconds: ratio(  # type: ignore[misc]
                    c.late.get(seconds, 0), c.durations("delivery").total
                ),
            )
            for seconds in LATE_S
        ],
        _quantile(
            "catchup_latency_p50_s",
            "catchup",
            0.5,
            "catch-up p50 s",
            "median catch-up latency",
            f"{CATCHING_UP}: median",
        ),
        _quantile(
            "catchup_latency_p99_s",
            "catchup",
            0.99,
            "catch-up p99 s",
            "99th percentile of catch-up latency",
            f"{CATCHING_UP}: 99th percentile",
        ),
        _quantile(
            "accept_latency_p50_s",
            "accept",
            0.5,
            "accept p50 s",
            "median accept latency",
            "composed on a connected device to accepted: median",
        ),
        _quantile(
            "accept_latency_p99_s",
            "accept",
            0.99,
            "accept p99 s",
            "99th percentile of accept latency",
            "composed on a connected device to accepted: 99th percentile",
        ),
        Metric(
            name="stored_bytes_peak",
            unit="bytes",
            heading="stored peak",
            phrase="bytes stored at most",
            sentence="all stores of the server together, at most",
            compute=lambda c: float(c.stored_bytes_peak),
        ),
        Metric(
            name="stored_bytes_mean",
            unit="bytes",
            heading="stored mean",
            phrase="bytes stored on average",
            sentence="all stores of the server together, mean over the time of the traffic",
            compute=lambda c: c.stored_bytes_mean,
        ),
        Metric(
            name="lost_deliveries",
            unit="deliveries",
            heading="lost",
            sentence="(message, device) pairs of the audience never shown",
            compute=lambda c: c.lost_deliveries,
        ),
        Metric(
            name="duplicate_deliveries",
            unit="deliveries",
            heading="duplicates",
            sentence="(message, device) pairs shown more than once",
            compute=lambda c: float(c.duplicate_deliveries),
        ),
        Metric(
            name="storage_utilisation",
            unit="share",
            heading="storage busy",
            sentence="share of its time that the storage station works until traffic ends, idle polls included",
            compute=lambda c: ratio(c.busy_s, c.capacity_s),
        ),
        _quantile(
            "storage_wait_p99_s",
            "storage wait",
            0.99,
            "storage wait p99 s",
            "99th percentile of the wait for storage",
            "time that a storage operation waits before it begins: 99 of 100 wait less",
        ),
        Metric(
            name="storage_ms_per_message",
            unit="ms",
            heading="storage ms / msg",
            phrase="storage time per message",
            sentence="time that the storage station works per accepted message until traffic ends, idle polls included",
            compute=lambda c: ratio(1000 * c.busy_s, c.messages_at_horizon),
        ),
        Metric(
            name="saturation_messages_per_s",
            unit="messages/s",
            heading="saturates at msg/s",
            phrase="load at which storage saturates",
            sentence=(
                "accepted messages a second at which the storage station would work all the time, if each took as much of its "
                "time as in this run"
            ),
            compute=lambda c: ratio(c.servers * c.messages_at_horizon, c.busy_s) if c.messages_at_horizon else math.nan,
            less_is_better=False,
        ),
        Metric(
            name="recovery_s",
            unit="s",
            heading="recovery s",
            phrase="time to recover from the last burst",
            sentence=(
                "how long after the last burst operations still wait longer than 1 s for storage: 0 if none does, infinite if one "
                "does in the last tenth of the traffic's time; no value if the burst itself lasts until then"
            ),
            compute=lambda c: c.recovery_s,
            endless="did not recover",
        ),
        Metric(
            name="wakeups_per_device_day",
            unit="wakeups",
            heading="wakeups / day",
            phrase="wakeups per device and day",
            sentence="times that a push, a notification or a poll timer wakes a device, per device and day",
            compute=lambda c: ratio(c.wakeups, c.device_days),
        ),
    )
}
"""Every metric by name, in the order of the tables."""


def measure(counters: Counters) -> dict[str, float]:
    """Compute every metric of a finished run."""
    return {name: metric.compute(counters) for name, metric in METRICS.items()}
