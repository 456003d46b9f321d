"""Draw which faults happen in one simulated run, and when, from a scenario; and list the faults that the run may meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncproof.core.faults import FAULTS, Fault

if TYPE_CHECKING:
    from syncproof.inputs.random_draws import Draws
    from syncproof.inputs.scenario import Scenario
    from syncproof.inputs.workload import Traffic


REORDER_DELAY = 2.0
"""Seconds by which a reordered or duplicated push is late by default."""
RETRY_AFTER = 0.1
"""Seconds after which an impatient device sends again by default."""


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Hold the faults of one run. Times in seconds; probabilities per push, for the retry per submission."""

    push_loss: float = 0.0
    push_duplicate: float = 0.0
    push_reorder: float = 0.0
    reorder_delay_s: float = REORDER_DELAY
    outages: tuple[tuple[float, float], ...] = ()
    server_crashes: tuple[tuple[float, float], ...] = ()
    device_crashes: tuple[tuple[float, int, float], ...] = ()
    sender_retry: float = 0.0
    sender_retry_after_s: float = RETRY_AFTER
    server_restores: tuple[tuple[float, float, float], ...] = ()
    """(when the backup is taken, when the server is put back to it, how long the server is down)"""
    device_restores: tuple[tuple[float, float, int, float], ...] = ()
    """(when the backup is taken, when the device is put back to it, the device, how long it is down)"""
    trims: tuple[float, ...] = ()
    clock_steps: tuple[tuple[float, float], ...] = ()
    """(when the server's clock steps back, by how many seconds)"""
    configured: tuple[str, ...] = ()
    """The faults that the run may meet, in the order of the table of faults."""


IN_TRAFFIC: dict[str, Callable[[Traffic], bool]] = {
    "disconnect": lambda traffic: any(
        dead <= 0 and end < traffic.horizon for sessions in traffic.sessions for _, end, dead in sessions
    ),
    "half-open": lambda traffic: any(
        dead > 0 and end < traffic.horizon for sessions in traffic.sessions for _, end, dead in sessions
    ),
    "new-device": lambda traffic: len(traffic.joins) > len(traffic.replaces),
    "membership": lambda traffic: bool(traffic.changes),
    "reinstall": lambda traffic: bool(traffic.replaces),
}
"""Fault -> whether a run's traffic contains it, for the faults that have no key in `[faults]` (`Fault.traffic` in words)."""


def plan(scenario: Scenario, traffic: Traffic, seed: int) -> FaultPlan:
    """Draw the faults of one run. Faults that the traffic contains (see `IN_TRAFFIC`) count as configured."""
    from syncproof.inputs.random_draws import Draws

    faults = scenario.faults
    outages = tuple((o.start, o.start + o.length) for o in faults.outages if o.start < traffic.horizon)
    server_crashes = tuple((c.at, c.down) for c in faults.server_crashes if c.at < traffic.horizon)
    draws = Draws(seed)
    crashes = _scattered(draws, "device-crash", faults.device_crashes_per_day, traffic)
    restores = _scattered(draws, "device-restore", faults.device_restores_per_day, traffic)
    age = faults.device_backup_age
    return FaultPlan(
        push_loss=faults.push_loss,
        push_duplicate=faults.push_duplicate,
        push_reorder=faults.push_reorder,
        reorder_delay_s=faults.reorder_delay,
        outages=outages,
        server_crashes=server_crashes,
        device_crashes=tuple(sorted((at, device, faults.device_down) for at, device in crashes)),
        sender_retry=faults.sender_retry,
        sender_retry_after_s=faults.sender_retry_after,
        server_restores=tuple((r.backup, r.at, r.down) for r in faults.server_restores if r.at < traffic.horizon),
        device_restores=tuple(sorted((max(0.0, at - age), at, device, faults.device_down) for at, device in restores)),
        trims=tuple(at for at in faults.trims if at < traffic.horizon),
        clock_steps=tuple((step.at, step.back) for step in faults.clock_steps if step.at < traffic.horizon),
        configured=_configured(scenario, traffic),
    )


def _configured(scenario: Scenario, traffic: Traffic) -> tuple[str, ...]:
    """Return the faults that this run may meet."""
    return tuple(fault.name for fault in FAULTS.values() if _may_happen(fault, scenario, traffic))


def _may_happen(fault: Fault, scenario: Scenario, traffic: Traffic) -> bool:
    """Return whether a run may meet a fault: its traffic contains it, or its key has a share, a rate, or a time before the end."""
    if fault.name in IN_TRAFFIC:
        return IN_TRAFFIC[fault.name](traffic)
    if not fault.setting or (fault.needs is not None and getattr(scenario.model, fault.needs[0]) != fault.needs[1]):
        return False
    value = getattr(scenario.faults, fault.setting)
    if not isinstance(value, list):
        return bool(value > 0)
    return any(scenario.faults.time_of(fault.setting, entry) < traffic.horizon for entry in value)


def _scattered(draws: Draws, purpose: str, per_day: float, traffic: Traffic) -> list[tuple[float, int]]:
    """Draw (time, device) pairs: each device has `per_day` of them a day on average."""
    salt = draws.key(purpose)
    found = []
    for device in range(len(traffic.owners)):
        expected = per_day * traffic.horizon / 86400.0
        number = 0
        while expected > 0 and draws.uniform(salt, device, number, 0) < min(1.0, expected):
            found.append((draws.uniform(salt, device, number, 1) * traffic.horizon, device))
            expected -= 1.0
            number += 1
    return found
