"""Storage takes time: a station of parallel servers with a queue, and each device's own database.

An operation starts when a server is free, takes a drawn base time plus a time per row, and completes then. A design that
writes too much waits for itself. What was under way in a life of its actor that is over does not complete.
"""

from __future__ import annotations

from heapq import heappush, heapreplace

from syncproof.core.moves import Complete
from syncproof.core.packets import Packet
from syncproof.engines.simulate.state import Core, Host

DEVICE_WRITE_S = 0.001
"""A device's own database takes a millisecond and queues behind nothing."""

WRITTEN, DELETED, READ = range(3)
"""The columns of what is counted per store."""


class Storage(Core):
    """The storage part of `Out`."""

    __slots__ = ()

    def write(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        at = self._operate(store, WRITTEN, rows)
        self.stored += bytes
        if self.stored > self.stored_peak:
            self.stored_peak = self.stored
        if then is not None:
            self.serial += 1
            heappush(self.heap, (at, self.serial, self.complete_write, self.me, then, self.me.life))

    def delete(self, store: str, rows: int, then: Packet | None = None, bytes: int = 0) -> None:
        at = self._operate(store, DELETED, rows)
        self.stored -= bytes
        if then is not None:
            self.serial += 1
            heappush(self.heap, (at, self.serial, self.complete_write, self.me, then, self.me.life))

    def read(self, store: str, rows: int, bytes: int, then: Packet | None = None) -> None:
        at = self._operate(store, READ, rows)
        if then is not None:
            self.serial += 1
            heappush(self.heap, (at, self.serial, self.complete_read, self.me, then, self.me.life))

    def _operate(self, store: str, column: int, rows: int) -> float:
        """Counts and charges an operation; returns when it completes."""
        if self.me.is_device:
            return self.now + DEVICE_WRITE_S
        try:
            self.rows[store][column] += rows
        except KeyError:
            self.rows[store] = [0, 0, 0]
            self.rows[store][column] = rows
        service = next(self.service_times) + rows * self.per_row
        self.busy_s += service
        start = self.free_at[0]
        if start < self.now:
            start = self.now
        at = start + service
        heapreplace(self.free_at, at)
        return at

    def _complete(self, host: Host, packet: Packet, life: int) -> None:
        if host.life == life:
            if self.recorder is not None:
                self.recorder.move(Complete(host.name, packet))
            self._handle(host, host.name, packet)

    def _returned(self, host: Host, packet: Packet, life: int) -> None:
        """As `_complete`, for a read: a crash need not ask whether it landed."""
        self._complete(host, packet, life)
