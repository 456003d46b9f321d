"""Scale an account to many users: rates, stored bytes, servers, connections, storms, and the cost of a month."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy

from syncproof.inputs.durations import DAY
from syncproof.inputs.lookup import get
from syncproof.inputs.scenario import Scenario
from syncproof.studies.size import formulas
from syncproof.studies.size.ledger import Ledger, Life
from syncproof.studies.size.mix import Mix
from syncproof.studies.size.prices import Prices
from syncproof.studies.size.results import DesignSize, Rate, StormResults, TrafficResults

MONTH_S = 30 * DAY
GIGABYTE = 1e9
LOSES_NOTHING, KEEPS_HISTORY = "no-loss", "roaming-complete"
"""The properties that a design must promise to be compared with others that do."""
HOT_GROUP = 1000
"""Members of the group that a hot group's rows are told of."""


def digits(value: float) -> float:
    """Return a number with six significant digits, as results have them."""
    return float(f"{value:.6g}")


@dataclass(frozen=True)
class Demand:
    """Hold what a plan is asked for. Devices and messages of a user are the mix's. Times are in seconds."""

    users: int
    peak: float
    sync_retention_s: float
    history_s: float
    utilisation: float
    connections_per_gateway: int


@dataclass(frozen=True)
class Plan:
    """Scale one mix to a demand."""

    scenario: Scenario
    mix: Mix
    demand: Demand
    prices: Prices

    @cached_property
    def scale(self) -> float:
        """Return by how much an amount of the mix is larger for all users in a second."""
        return self.demand.users / self.mix.users / self.mix.seconds

    def rate(self, amount: float) -> Rate:
        """Return an amount of the mix, for all users in a second."""
        mean = self.scale * amount
        return Rate(digits(mean), digits(mean * self.demand.peak))

    @cached_property
    def connections(self) -> float:
        """Return how many connections are open on average."""
        return self.scale * float(self.mix.connected_s.sum())

    @cached_property
    def gateways(self) -> int:
        """Return how many gateways hold the connections."""
        return max(1, math.ceil(self.connections / self.demand.connections_per_gateway))

    def traffic(self) -> TrafficResults:
        """Return what does not depend on the design."""
        mix, messages = self.mix, self.mix.written.rows
        online, offline = float(mix.online.sum()), float(mix.offline.sum())
        return TrafficResults(
            messages_per_s=self.rate(messages),
            members_per_message=digits(mix.copied().rows / messages),
            copies_per_message=digits((online + offline) / messages),
            online_share=digits(online / (online + offline)) if online + offline else 1.0,
            body_bytes=digits(mix.written.bodies / messages),
            connections=digits(self.connections),
            connects_per_s=digits(self.scale * float(mix.connects.sum())),
            gateways=self.gateways,
            offline_notices_per_s=self.rate(offline),
        )

    def account(self, design: str, mix: Mix | None = None) -> Ledger:
        """Return the account of a design on the mix, or on another one."""
        scenario = self.scenario
        return formulas.account(design, mix or self.mix, scenario.parameters(), scenario.network, scenario.storage)

    def stored(self, design: str, ledger: Ledger) -> dict[str, float]:
        """Return the bytes of each store when as much leaves as comes. Devices and users grow with the demand."""
        found = ledger.stored(self.mix.seconds, self.lives(design))
        return {store: size * self.demand.users / self.mix.users for store, size in found.items()}

    def lives(self, design: str) -> dict[Life, float]:
        """Return how long rows stay in a design. A design that limits copies itself keeps them no longer."""
        limit = get(design).effective(self.scenario.parameters()).sync_ttl or math.inf
        kept = self.demand.sync_retention_s
        return {"history": self.demand.history_s, "sync": min(kept, limit), "dedup": kept}

    def expired(self, design: str, ledger: Ledger) -> float:
        """Return the rows of the mix whose time is over; copies that the design itself deletes are not among them."""
        deletes = get(design).effective(self.scenario.parameters()).sync_ttl
        lives = {"history", "dedup"} | (set() if deletes else {"sync"})
        return sum([each.rows for each in ledger.kept if each.life in lives])

    def busy(self, ledger: Ledger) -> tuple[float, float]:
        """Return how many operations are in service on average, and the mean time of one in seconds."""
        operations, rows = sum(ledger.operations.values()), sum(ledger.rows.values())
        storage = self.scenario.storage
        seconds = (operations * formulas.mean(storage.service_ms) + rows * storage.per_row_ms) / 1000
        return self.scale * seconds, seconds / operations if operations else 0.0

    def bytes(self, ledger: Ledger) -> tuple[float, float]:
        """Return the bytes on the wire, and those that servers send."""
        header = self.scenario.network.header_bytes
        return (
            ledger.packets_sent * header + ledger.body_bytes,
            ledger.down_packets * header + ledger.down_bytes,
        )

    def cost(self, design: str, ledger: Ledger) -> dict[str, float]:
        """Return the cost of a month by part, in the currency of the prices."""
        prices, month = self.prices, self.scale * MONTH_S
        stored = self.stored(design, ledger)
        history = stored.get("message-store", 0.0)
        return {
            "rows written": month * ledger.total("written") / 1e6 * prices.rows.written_per_million,
            "rows deleted": month * ledger.total("deleted") / 1e6 * prices.rows.deleted_per_million,
            "rows read": month * ledger.total("read") / 1e6 * prices.rows.read_per_million,
            "rows expired": month * self.expired(design, ledger) / 1e6 * prices.rows.expired_per_million,
            "history stored": history / GIGABYTE * prices.storage.history_gb_month,
            "other bytes stored": (sum(stored.values()) - history) / GIGABYTE * prices.storage.other_gb_month,
            "bytes sent": month * self.bytes(ledger)[1] / GIGABYTE * prices.network.egress_gb,
            "gateways": self.gateways * prices.servers.gateway_month,
            "storage servers": self.servers(ledger) * prices.servers.storage_month,
            "notices": month * float(self.mix.offline.sum()) / 1e6 * prices.notices.per_million,
        }

    def servers(self, ledger: Ledger) -> int:
        """Return how many storage servers work for no more than the target share of the time at the peak."""
        busy, _ = self.busy(ledger)
        return max(1, math.ceil(busy * self.demand.peak / self.scenario.storage.parallel / self.demand.utilisation))

    def design(self, name: str) -> DesignSize:
        """Return what one design takes."""
        ledger = self.account(name)
        stored, cost = self.stored(name, ledger), self.cost(name, ledger)
        everything, sent = self.bytes(ledger)
        servers, (busy, service_s) = self.servers(ledger), self.busy(ledger)
        storage = self.scenario.storage
        load = busy * self.demand.peak / servers / storage.parallel
        group = self.mix.in_groups_of(HOT_GROUP)
        writes = ("sync-store", "written") in ledger.rows and storage.per_row_ms
        return DesignSize(
            loses_nothing=LOSES_NOTHING in get(name).promises,
            keeps_history=KEEPS_HISTORY in get(name).promises,
            rows_written_per_s=self.rate(ledger.total("written")),
            rows_deleted_per_s=self.rate(ledger.total("deleted")),
            rows_expired_per_s=self.rate(self.expired(name, ledger)),
            rows_read_per_s=self.rate(ledger.total("read")),
            operations_per_s=self.rate(sum(ledger.operations.values())),
            packets_per_s=self.rate(ledger.packets_sent),
            bytes_per_s=self.rate(everything),
            egress_bytes_per_s=self.rate(sent),
            pulls_per_s=self.rate(ledger.pulls),
            stored_bytes={store: digits(size) for store, size in sorted(stored.items())},
            stored_bytes_total=digits(sum(stored.values())),
            storage_servers=servers,
            storage_wait_ms=digits(1000 * wait(storage.parallel, load, service_s, self.variation())),
            sequencer_rows_per_s=self.rate(ledger.rows.get(("sequencer", "written"), 0.0)),
            hot_user_entries_per_s=digits(1000 / storage.per_row_ms) if writes else None,
            hot_group_rows=digits(self.account(name, group).total("written") / group.written.rows),
            storm=self.storm(ledger, servers, load),
            cost={part: digits(amount) for part, amount in cost.items() if amount},
            cost_total=digits(sum(cost.values())),
        )

    def variation(self) -> float:
        """Return the squared coefficient of variation of the time of an operation: that of its lognormal base time."""
        return math.expm1(self.scenario.storage.service_ms.sigma**2)

    def storm(self, ledger: Ledger, servers: int, load: float) -> StormResults:
        """Return what follows when one gateway is lost: a full pull for each of its connections."""
        storage, mix = self.scenario.storage, self.mix
        pulls = min(self.connections, self.demand.connections_per_gateway)
        heads = ledger.heads / max(1.0, float(numpy.count_nonzero(mix.connected_s)))
        seconds = pulls * (formulas.mean(storage.service_ms) + heads * storage.per_row_ms) / 1000
        spare = servers * storage.parallel * (1 - load)
        return StormResults(digits(pulls), digits(pulls * heads), digits(seconds / spare))


def wait(servers: int, load: float, service_s: float, variation: float) -> float:
    """Return the mean seconds that an operation waits for one of several servers (Erlang's C; Allen and Cunneen).

    `load`: the share of their time that they work; infinite from 1 on. `variation`: the squared coefficient of variation of the
    service time; arrivals are Poisson.
    """
    if load >= 1:
        return math.inf
    offered = servers * load
    blocked = 1.0  # Erlang's B, by its recursion
    for number in range(1, servers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    waits = blocked / (1 - load * (1 - blocked))
    return waits * service_s / (servers * (1 - load)) * (1 + variation) / 2
