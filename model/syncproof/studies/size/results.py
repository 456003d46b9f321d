"""Define what results.json and run.json of `size` hold. docs/results.md is made from these classes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from syncproof.studies.results.common import DesignName, StoreName, WorkDone

CostPart = Annotated[str, msgspec.Meta(title="PART")]
Quantity = Annotated[str, msgspec.Meta(title="QUANTITY")]


class Rate(msgspec.Struct):
    """Hold an amount a second."""

    mean: float
    """on average"""
    peak: float
    """at the peak: the mean times the demand's `peak`"""


class DemandResults(msgspec.Struct):
    """Hold what was asked for."""

    users: int
    """users"""
    devices_per_user: float
    """devices of a user, on average"""
    messages_per_user_day: float
    """messages that a user writes a day"""
    peak: float
    """how many times the mean the peak is"""
    sync_retention_s: float
    """seconds that copies stay in the sync store, and dedup rows"""
    history_s: float
    """seconds that messages stay in the message store"""
    utilisation: float
    """share of their time that storage servers work at the peak"""
    connections_per_gateway: int
    """connections that a gateway holds"""


class TrafficResults(msgspec.Struct):
    """Hold what the scenario's traffic is, whatever the design."""

    messages_per_s: Rate
    """messages"""
    members_per_message: float
    """members of the conversation of a message, on average over messages"""
    copies_per_message: float
    """devices of these members, without the composing one"""
    online_share: float
    """share of these devices that are connected when the message is composed"""
    body_bytes: float
    """bytes of a body, on average"""
    connections: float
    """connections open on average"""
    connects_per_s: float
    """connections opened a second"""
    gateways: int
    """gateways that hold these connections"""
    offline_notices_per_s: Rate
    """notices (APNs, FCM) to devices that are not connected"""


class StormResults(msgspec.Struct):
    """Hold what follows when one gateway is lost and its connections come back at once."""

    operations: float
    """reads of storage: a full pull for each connection"""
    rows_read: float
    """rows that these reads return, where nothing was missed"""
    seconds: float
    """how long storage takes for them in the time that it does not work otherwise at the peak"""


class DesignSize(msgspec.Struct, omit_defaults=True):
    """Hold what one design takes."""

    loses_nothing: bool
    """whether it promises that every accepted message is shown on every device"""
    keeps_history: bool
    """whether it promises that a new device can reach all history"""
    rows_written_per_s: Rate
    """rows appended or put, all stores"""
    rows_deleted_per_s: Rate
    """rows deleted by an operation"""
    rows_expired_per_s: Rate
    """rows whose time is over; a store with a time to live deletes them by itself"""
    rows_read_per_s: Rate
    """rows returned by storage"""
    operations_per_s: Rate
    """operations of storage"""
    packets_per_s: Rate
    """packets between devices and servers"""
    bytes_per_s: Rate
    """bytes of these, headers included"""
    egress_bytes_per_s: Rate
    """the part that servers send"""
    pulls_per_s: Rate
    """pull requests"""
    stored_bytes: dict[StoreName, float]
    """bytes in each store when it no longer grows"""
    stored_bytes_total: float
    """bytes in all stores"""
    storage_servers: int
    """storage servers at the peak, each with the scenario's `storage.parallel` operations at a time"""
    storage_wait_ms: float
    """mean wait of an operation in such a server at the peak (Erlang's C, after Allen and Cunneen)"""
    sequencer_rows_per_s: Rate
    """rows that the sequencer writes; they are among those written"""
    hot_user_entries_per_s: float | None
    """entries that the single writer of one user's timeline can take a second; null where users have no writer"""
    hot_group_rows: float
    """rows written for one message to a group of a thousand members"""
    storm: StormResults
    """what follows when one gateway is lost"""
    cost: dict[CostPart, float]
    """cost a month, by part"""
    cost_total: float
    """cost a month"""


class BreakEven(msgspec.Struct):
    """Hold where two designs change places along one quantity, all else as demanded."""

    measure: str
    """`cost` (a month), or `rows written`, or `rows written and deleted`"""
    quantity: Quantity
    """`devices per user`, `members per message` or `messages per user and day`"""
    less_below: DesignName
    """the design that takes less below this place"""
    less_above: DesignName
    """the design that takes less above it"""
    at: float
    """the place, interpolated between the two computed points around it"""
    between: tuple[float, float]
    """these points"""


class Cheapest(msgspec.Struct):
    """Hold which design costs least along one quantity."""

    quantity: Quantity
    """what varies"""
    values: list[float]
    """its values"""
    keeping_history: list[DesignName | None]
    """at each value, the cheapest of the designs that keep history; null without one"""
    losing_nothing: list[DesignName | None]
    """at each value, the cheapest of the designs that promise to lose nothing"""


class CheckLine(msgspec.Struct):
    """Hold one line of an account beside its counter."""

    line: str
    """what is counted"""
    formula: float
    """what the formula says"""
    simulated: float
    """what the simulator counted"""
    error: float | None
    """formula / simulated - 1; null if only one of them is 0"""
    tolerance: float | None
    """the largest error that is promised; null: none is"""
    within: bool
    """whether the error is within the tolerance"""


class CheckResults(msgspec.Struct):
    """Hold the formulas beside a simulation of the scenario's own small population."""

    removed: list[str]
    """keys of the scenario that were set to nothing, because formulas leave faults out"""
    designs: dict[DesignName, list[CheckLine]]
    """a line for each amount"""


class PricesUsed(msgspec.Struct):
    """Hold which prices were used."""

    title: str
    """what they are"""
    date: str
    """of when they are"""
    currency: str
    """in what they are"""


class SizeResults(msgspec.Struct, omit_defaults=True):
    """Hold the results.json of `size`."""

    schema: int
    """version of this table"""
    command: str
    """`size`"""
    scenario: str
    """name of the scenario"""
    seed: int
    """seed of the run whose traffic was counted"""
    demand: DemandResults
    """what was asked for"""
    traffic: TrafficResults
    """what the scenario's traffic is, whatever the design"""
    prices: PricesUsed
    """which prices were used"""
    designs: dict[DesignName, DesignSize]
    """every design"""
    cheapest: list[Cheapest]
    """which design costs least along each quantity"""
    break_even: list[BreakEven]
    """where two designs change places"""
    warnings: list[str]
    """what a reader should know before the numbers"""
    check: CheckResults | None = None
    """with `--check`: the formulas beside a simulation"""


class SizeRun(msgspec.Struct):
    """Hold the run.json of `size`."""

    elapsed_s: float
    """seconds, in all"""
    work: WorkDone
    """where the check simulated"""
    python: str
    """version of Python"""
    platform: str
    """operating system"""
    processors: int | None
    """how many the machine has"""
