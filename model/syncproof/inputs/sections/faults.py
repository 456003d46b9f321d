"""The table of the faults, and those of the faults that happen at given times."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from syncproof.inputs.durations import Duration, Span
from syncproof.inputs.sections.base import Probability, Section

Gateway = Annotated[int, Field(ge=0, le=1)]


class Outage(Section):
    """Pushes and notifications sent within `[start, start + length)` are lost."""

    start: Duration
    """When it begins; before the scenario's end."""
    length: Span
    """How long it lasts."""


class GatewayLoss(Section):
    """A gateway is lost at `at`: this share of the connections is dead, and neither end knows until `network.notice` later."""

    at: Duration
    """When it is lost; before the scenario's end."""
    share: Probability = 1.0
    """The share of the devices that are connected then, drawn by device."""


class GatewayCrash(Section):
    """A gateway of a cluster crashes at `at` and is down for `down`; its connections are dead, and the store is not told."""

    at: Duration
    """When it crashes; before the scenario's end."""
    down: Span = 10.0
    """How long until it restarts. A device whose next connection leads to it waits for that."""
    gateway: Gateway = 0
    """Which one: 0 or 1."""


class Partition(Section):
    """A gateway of a cluster is cut from the store within `[at, at + length)`."""

    at: Duration
    """When it is cut, which the gateway notices then and the store `network.notice` later; before the scenario's end."""
    length: Span
    """How long until it connects to the store again."""
    gateway: Gateway = 0
    """Which one: 0 or 1."""


class ServerCrash(Section):
    """The server crashes at `at` and is down for `down`."""

    at: Duration
    """When it crashes; before the scenario's end."""
    down: Span = 10.0
    """How long until it restarts."""


class ServerRestore(Section):
    """The server is put back at `at` to a backup that was taken at `backup`, and is down for `down`."""

    backup: Duration
    """When the backup is taken; not after `at`."""
    at: Duration
    """When the server is put back to it; before the scenario's end."""
    down: Span = 10.0
    """How long until it restarts."""

    @model_validator(mode="after")
    def _ordered(self) -> ServerRestore:
        if self.backup > self.at:
            raise ValueError("backup before at")
        return self


class ClockStep(Section):
    """The server's clock steps back at `at` by `back`. Only a design that numbers by the clock notices."""

    at: Duration
    """When it steps back; before the scenario's end."""
    back: Span
    """By how much; after the step the clock continues at its usual rate."""


TIME_KEYS = {
    "outages": "start",
    "gateway_losses": "at",
    "gateway_crashes": "at",
    "partitions": "at",
    "server_crashes": "at",
    "server_restores": "at",
    "clock_steps": "at",
}
"""The lists of tables in `[faults]`, and the key of their entries that says when each happens."""


class FaultsSection(Section):
    """The faults. Shares and rates are drawn; lists give the times."""

    push_loss: Probability = 0.0
    """The share of pushes and notifications that never arrive."""
    push_duplicate: Probability = 0.0
    """The share of pushes and notifications that arrive a second time, `reorder_delay` later."""
    push_reorder: Probability = 0.0
    """The share that arrives `reorder_delay` late, while later ones pass."""
    reorder_delay: Span = 2.0
    """How late what is reordered or duplicated arrives."""
    outages: list[Outage] = []
    """Times in which every push and notification is lost."""
    gateway_losses: list[GatewayLoss] = []
    """Times at which connections die at once; the fault `half-open`."""
    gateway_crashes: list[GatewayCrash] = []
    """Times at which a gateway crashes; in a cluster (`[deployment]`)."""
    partitions: list[Partition] = []
    """Times at which a gateway is cut from the store; in a cluster."""
    handovers_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often a day each device reconnects through the other gateway while the first still believes in it, at drawn times; in
    a cluster."""
    server_crashes: list[ServerCrash] = []
    """Times at which the server crashes."""
    device_crashes_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """Mean number of crashes of each device per day, at drawn times."""
    device_down: Span = 5.0
    """How long a crashed or restored device takes to restart."""
    device_restores_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often each device's database is put back to a backup, at drawn times."""
    device_backup_age: Span = 3600.0
    """How old such a backup is."""
    server_restores: list[ServerRestore] = []
    """Times at which the server is put back to a backup; what it stored since then is lost."""
    trims: list[Duration] = []
    """Times at which retention deletes all that the server keeps for delivery."""
    clock_steps: list[ClockStep] = []
    """Times at which the server's clock steps back; only `model.sequencer = "clock"` uses the clock."""
    sender_retry: Probability = 0.0
    """The share of submissions that an impatient device sends once more over the same connection."""
    sender_retry_after: Span = 0.1
    """How soon it does."""
    rate_limits_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often a day the server begins to refuse each device's requests, at drawn times."""
    rate_limit: Span = 60.0
    """How long a refused device has to wait: it is refused until it has asked for nothing for so long."""
    lost_cursors_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often a day the server can continue from each device's cursors no more, at drawn times."""
    keys_late_per_day: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How often a day each device begins to lack the key of what it gets, at drawn times."""
    key_delay: Span = 60.0
    """How long after that the key comes, and the device can open what it kept."""

    @staticmethod
    def time_of(setting: str, entry: Any) -> float:
        """Return when an entry of the list under the key `setting` happens, or begins, in seconds."""
        at: float = getattr(entry, TIME_KEYS[setting]) if setting in TIME_KEYS else entry
        return at
