"""Storage times: the server's station of parallel servers with a queue, and each device's own database."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from heapq import heapreplace
from math import inf, nan

from syncproof.core.packets import Idle, Packet
from syncproof.engines.simulate.clock import Clock
from syncproof.engines.simulate.histogram import Histogram, pooled
from syncproof.inputs.random_draws import COARSE, MASK, Attempts, Draws, lognormal_table
from syncproof.inputs.sections.infrastructure import StorageSection

DEVICE_WRITE_S = 0.001
"""Seconds that an operation of a device's own database takes; it has no queue."""

LONG_S = 1.0
"""Seconds: an operation that waits longer shows that the station has not recovered from a burst."""

WRITTEN, DELETED, READ = range(3)
"""The columns of the counts per store."""


class Purpose:
    """What operations are drawn for: the `salt` of their draws, and what of the packet that completes them is in the key."""

    __slots__ = ("keyed", "owned", "salt")

    def __init__(self, draws: Draws, kind: type[Packet]) -> None:
        self.salt = draws.key(f"storage/{kind.purpose or kind.__name__}")
        self.keyed = kind.draw_key is not Packet.draw_key
        self.owned = kind.draw_owner is not Packet.draw_owner


class Purposes(dict[type[Packet], Purpose]):
    """The purpose of each class of packets that complete operations, made on first use."""

    def __init__(self, draws: Draws) -> None:
        self.draws = draws

    def __missing__(self, kind: type[Packet]) -> Purpose:
        purpose = self[kind] = Purpose(self.draws, kind)
        return purpose


class StorageAttempts(Attempts):
    """The attempts at operations of the server, which are for all devices."""

    LIMIT = 65536


class Station:
    """The server's storage: when operations complete, and what they cost.

    An operation starts when a server of the station is free, and takes a drawn base time plus a time per row. So the
    operations of a design that writes too much wait in the queue. The base time is keyed by what the operation is for: two
    designs that write the same message's accepting write meet the same one, whatever else they store.

    `rows`, `operations`: written, deleted and read, by store; `work_s`: seconds of each of the three, idle
    polls included. `stored`: bytes in each of the server's stores; devices' own databases are not among
    them. `total`, `stored_peak`: of all stores together, now and at most. `taken_back`: bytes that restores took
    out of each store. `waits`: how long operations waited, without the `unwaited` that began at once. `long_wait_at`: when
    the last operation was asked for that waits longer than `LONG_S`.
    """

    __slots__ = (
        "attempts",
        "busy_at_horizon",
        "busy_s",
        "byte_seconds",
        "changed_at",
        "clock",
        "draws",
        "free_at",
        "idle_salt",
        "kept",
        "long_wait_at",
        "long_wait_at_horizon",
        "mean_service",
        "numbers",
        "operations",
        "per_row",
        "purposes",
        "rows",
        "salts",
        "scramble",
        "stored",
        "stored_mean",
        "stored_peak",
        "table",
        "taken_back",
        "total",
        "unwaited",
        "waits",
        "waits_at_horizon",
        "work_s",
    )

    def __init__(self, clock: Clock, draws: Draws, storage: StorageSection) -> None:
        self.clock = clock
        self.draws = draws
        self.scramble = draws.scramble
        self.table = lognormal_table(storage.service_ms.median / 1000, storage.service_ms.sigma)
        self.mean_service = sum(self.table) / len(self.table)
        self.per_row = storage.per_row_ms / 1000
        self.purposes = Purposes(draws)
        self.salts: dict[tuple[str, int], int] = {}
        self.idle_salt = draws.key("storage/idle poll")
        self.attempts = StorageAttempts()
        self.numbers: dict[int, int] = {}
        self.free_at = [0.0] * storage.parallel
        self.busy_s = 0.0
        self.busy_at_horizon = 0.0
        self.waits = Histogram()
        self.unwaited = 0
        self.waits_at_horizon = Histogram()
        self.long_wait_at = self.long_wait_at_horizon = -inf
        self.rows: dict[str, list[int]] = {}
        self.operations: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.work_s = [0.0, 0.0, 0.0]
        self.stored: dict[str, int] = {}
        self.kept: dict[str, int] = {}
        self.taken_back: dict[str, int] = {}
        self.total = self.stored_peak = 0
        self.changed_at = 0.0
        self.byte_seconds = 0.0
        self.stored_mean = nan

    def forget_counts(self) -> None:
        """Begin to count from here; what is stored stays, and so does the work that servers still have to do."""
        self.rows.clear()
        self.operations.clear()
        self.work_s = [0.0, 0.0, 0.0]
        self.busy_s = math.fsum(max(0.0, free - self.clock.now) for free in self.free_at)
        self.waits, self.unwaited = Histogram(), 0
        self.changed_at, self.byte_seconds = self.clock.now, 0.0

    # ---- operations

    def operate(self, store: str, column: int, rows: int, then: Packet | None) -> float:
        """Count an operation of the server and the time it takes; return when it completes."""
        try:
            self.rows[store][column] += rows
        except KeyError:
            self.count(store, column, rows)
        self.operations[store][column] += 1
        mixed = self._mixed(store, column, then)
        scramble = self.scramble
        service = (
            self.table[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]
            + rows * self.per_row
        )
        self.work_s[column] += service
        return self.occupy(service)

    def occupy(self, service: float) -> float:
        """Let an operation wait for a free server and occupy it; return when it completes."""
        self.busy_s += service
        now = self.clock.now
        start = self.free_at[0]
        if start <= now:
            start = now
            self.unwaited += 1
        else:
            self.waits.add(start - now)
            if start - now > LONG_S:
                self.long_wait_at = now
        at = start + service
        heapreplace(self.free_at, at)
        return at

    def _mixed(self, store: str, column: int, then: Packet | None) -> int:
        """Return the hash that an operation's base time is made from: its purpose, message, owner and attempt.

        Without a message a running number of the purpose and owner takes the place of message and attempt.
        """
        if then is None:
            salt = self.salts.get((store, column))
            if salt is None:
                salt = self.salts[store, column] = self.draws.key(f"storage/{store}/{column}")
            owner = 0
        else:
            purpose = self.purposes[type(then)]
            salt = purpose.salt
            owner = then.draw_owner if purpose.owned else 0
            if purpose.keyed:
                message = then.draw_key
                if message >= 0:
                    return self.attempts.draw(message, hash((owner, salt)), hash((message, owner, salt)))
        key = hash((owner, salt))
        number = self.numbers[key] = self.numbers.get(key, 0) + 1
        return hash((number, key))

    def count(self, store: str, column: int, rows: int) -> None:
        """Count rows of an operation that takes no time."""
        self.rows.setdefault(store, [0, 0, 0])[column] += rows

    # ---- idle polls

    def service_of_idle(self, rows: int) -> float:
        """Return the mean time that the read of an idle poll takes."""
        return self.mean_service + rows * self.per_row

    def read_idle(self, idle: Idle, device: int) -> float:
        """Let the read of an idle poll of a device wait and occupy the station; return when it completes."""
        if idle.rows:
            self.count(idle.store, READ, idle.rows)
        key = hash((device, self.idle_salt))
        number = self.numbers[key] = self.numbers.get(key, 0) + 1
        scramble = self.scramble
        mixed = hash((number, key))
        service = (
            self.table[scramble[scramble[(mixed >> 20) & MASK] ^ ((mixed >> 40) & MASK)] >> COARSE]
            + idle.rows * self.per_row
        )
        self.work_s[READ] += service
        return self.occupy(service)

    def charge_idle(self, store: str, rows: int, count: int) -> None:
        """Charge the reads of `count` idle polls in a lump: their mean time, without a queue."""
        if rows:
            self.count(store, READ, count * rows)
        work = count * self.service_of_idle(rows)
        self.work_s[READ] += work
        self.busy_s += work

    # ---- bytes

    def open_with(self, held: Mapping[str, int]) -> None:
        """Begin with what the stores hold at the start."""
        for store, bytes in sorted(held.items()):
            self.change(store, bytes)

    def change(self, store: str, bytes: int) -> None:
        """Add bytes to a store, or take them away."""
        self._weigh()
        self.stored[store] = self.stored.get(store, 0) + bytes
        self.total += bytes
        if self.total > self.stored_peak:
            self.stored_peak = self.total

    def _weigh(self) -> None:
        """Add up the bytes stored, weighted with how long they were there."""
        now = self.clock.now
        self.byte_seconds += self.total * (now - self.changed_at)
        self.changed_at = now

    def keep(self) -> None:
        """Note what the stores hold at a backup."""
        self.kept = dict(self.stored)

    def take_back(self) -> None:
        """Put each store back to what it held at the backup."""
        for store, bytes in sorted(self.stored.items()):
            taken = bytes - self.kept.get(store, 0)
            if taken:
                self.taken_back[store] = self.taken_back.get(store, 0) + taken
                self.change(store, -taken)

    def imbalance(self, held: Mapping[str, int]) -> dict[str, tuple[int, int]]:
        """Return (bytes counted, bytes held) of each store in which the two differ."""
        found = {store: (self.stored.get(store, 0), held.get(store, 0)) for store in sorted({*self.stored, *held})}
        return {store: (counted, holds) for store, (counted, holds) in found.items() if counted != holds}

    # ---- the horizon

    def reach_horizon(self) -> None:
        """Note what is measured until the traffic ends: busy time, waits, and mean bytes.

        Each server that is busy now works without a pause until it is free: that part is still to be done. The lumps of
        idle polls are means, and may exceed what a station could still do that is busy all the time.
        """
        now = self.clock.now
        queued = sum([free - now for free in self.free_at if free > now])
        self.busy_at_horizon = min(self.busy_s - queued, now * len(self.free_at))
        self.waits_at_horizon = pooled([self.waits])
        self.waits_at_horizon.add(0.0, self.unwaited)
        self.long_wait_at_horizon = self.long_wait_at
        self._weigh()
        self.stored_mean = self.byte_seconds / now if now else nan
