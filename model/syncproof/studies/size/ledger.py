"""Keep the account of one design on one mix: rows and operations by store, packets by class, bytes, and what stays stored.

The names are those that the simulator counts under, so that each line of an account can be held beside its counter.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from syncproof.core.packets import Packet
from syncproof.designs.base import ROW_BYTES
from syncproof.designs.packets import Pull
from syncproof.studies.size.mix import Stock

Kind = Literal["written", "deleted", "read"]
Life = Literal["history", "sync", "dedup", "waiting", "always"]
"""How long rows stay: as long as history is kept, as long as devices may read copies, as long as a sender may try again, until
their device fetches them, or as long as their device is there."""


class Kept(NamedTuple):
    """Hold rows that stay in a store: how many come while there is traffic (of `always`: are there), and their bytes.

    `byte_s`: their bytes times the seconds until the traffic ends.
    """

    store: str
    life: Life
    rows: float
    bytes: float
    byte_s: float


@dataclass(slots=True)
class Ledger:
    """Hold what one design is charged with for all messages of a mix."""

    rows: defaultdict[tuple[str, Kind], float] = field(default_factory=lambda: defaultdict(float))
    operations: defaultdict[tuple[str, Kind], float] = field(default_factory=lambda: defaultdict(float))
    packets: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    body_bytes: float = 0.0
    down_bytes: float = 0.0
    """The part of `body_bytes` that servers send."""
    down_packets: float = 0.0
    heads: float = 0.0
    """Rows that a full pull of each device reads, added up, where nothing is new."""
    kept: list[Kept] = field(default_factory=list)

    def write(self, store: str, rows: float, operations: float) -> None:
        """Charge rows that are appended or put."""
        self._charge(store, "written", rows, operations)

    def delete(self, store: str, rows: float, operations: float) -> None:
        """Charge rows that are deleted."""
        self._charge(store, "deleted", rows, operations)

    def read(self, store: str, rows: float, operations: float) -> None:
        """Charge rows that storage returns."""
        self._charge(store, "read", rows, operations)

    def _charge(self, store: str, kind: Kind, rows: float, operations: float) -> None:
        self.rows[store, kind] += rows
        self.operations[store, kind] += operations

    def up(self, packet: type[Packet] | str, count: float, body_bytes: float = 0.0) -> None:
        """Charge packets from devices, with the bytes that all of them carry beside their headers."""
        self.packets[packet if isinstance(packet, str) else packet.__name__] += count
        self.body_bytes += body_bytes

    def down(self, packet: type[Packet] | str, count: float, body_bytes: float = 0.0) -> None:
        """Charge packets from servers."""
        self.up(packet, count, body_bytes)
        self.down_packets += count
        self.down_bytes += body_bytes

    def keep(self, store: str, life: Life, stock: Stock) -> None:
        """Note rows that stay, with the bodies in them."""
        size, size_s = ROW_BYTES * stock.rows + stock.bodies, ROW_BYTES * stock.row_s + stock.body_s
        self.kept.append(Kept(store, life, stock.rows, size, size_s))

    def keep_always(self, store: str, rows: float) -> None:
        """Note rows that are always there."""
        self.keep(store, "always", Stock(rows, 0.0, 0.0, 0.0))

    def total(self, kind: Kind) -> float:
        """Return the rows of a kind in all stores."""
        return sum([rows for (_, of), rows in self.rows.items() if of == kind])

    @property
    def packets_sent(self) -> float:
        """Return all packets."""
        return sum(self.packets.values())

    @property
    def pulls(self) -> float:
        """Return the pull requests."""
        return self.packets[Pull.__name__]

    def stored(self, seconds: float, lives: dict[Life, float] | None = None) -> dict[str, float]:
        """Return the mean bytes of each store, if rows come in `seconds` and stay for as many seconds as `lives` says.

        Copies in inboxes wait as long as they do. Without `lives` nothing expires, and the mean is over the time of the traffic.
        """
        found: defaultdict[str, float] = defaultdict(float)
        for each in self.kept:
            if each.life == "always":
                found[each.store] += each.bytes
            elif each.life == "waiting" or lives is None:
                found[each.store] += each.byte_s / seconds
            else:
                found[each.store] += each.bytes / seconds * lives[each.life]
        return dict(found)
