"""Storage times: the server's station of parallel servers with a queue, and each device's own database."""

from __future__ import annotations

from heapq import heapreplace

from syncproof.engines.simulate.clock import Clock
from syncproof.inputs.random_draws import Draws, lognormal_table
from syncproof.inputs.scenario import StorageSection

DEVICE_WRITE_S = 0.001
"""Seconds that an operation of a device's own database takes; it has no queue."""

WRITTEN, DELETED, READ = range(3)
"""The columns of the counts per store."""


class Station:
    """The server's storage: when operations complete, and what they cost.

    An operation starts when a server of the station is free, and takes a drawn base time plus a time per row. So the
    operations of a design that writes too much wait in the queue. `rows`: written, deleted and read, by store. `stored`:
    bytes in all stores, devices' included; `stored_peak`: the largest number of them.
    """

    __slots__ = (
        "busy_at_horizon",
        "busy_s",
        "clock",
        "free_at",
        "per_row",
        "rows",
        "service_times",
        "stored",
        "stored_peak",
    )

    def __init__(self, clock: Clock, draws: Draws, storage: StorageSection) -> None:
        self.clock = clock
        service = lognormal_table(storage.service_ms.median / 1000, storage.service_ms.sigma)
        self.service_times = draws.stream(draws.key("storage"), service)
        self.per_row = storage.per_row_ms / 1000
        self.free_at = [0.0] * storage.parallel
        self.busy_s = 0.0
        self.busy_at_horizon = 0.0
        self.rows: dict[str, list[int]] = {}
        self.stored = 0
        self.stored_peak = 0

    def forget_counts(self) -> None:
        """Begin to count from here; what is stored stays."""
        self.rows.clear()
        self.busy_s = 0.0

    def operate(self, store: str, column: int, rows: int) -> float:
        """Count an operation of the server and the time it takes; return when it completes."""
        try:
            self.rows[store][column] += rows
        except KeyError:
            self.count(store, column, rows)
        now = self.clock.now
        service = next(self.service_times) + rows * self.per_row
        self.busy_s += service
        start = self.free_at[0]
        if start < now:
            start = now
        at = start + service
        heapreplace(self.free_at, at)
        return at

    def count(self, store: str, column: int, rows: int) -> None:
        """Count rows of an operation that takes no time."""
        self.rows.setdefault(store, [0, 0, 0])[column] += rows
