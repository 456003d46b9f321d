"""The faults there are, and which of them a run is configured to meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncproof.core.faults import FAULTS

if TYPE_CHECKING:
    from syncproof.inputs.random_draws import Draws
    from syncproof.inputs.scenario import Scenario
    from syncproof.inputs.workload import Traffic


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What goes wrong in one run. Times in seconds; probabilities per push, or per submission for the retry."""

    push_loss: float = 0.0
    push_duplicate: float = 0.0
    push_reorder: float = 0.0
    reorder_delay_s: float = 2.0
    outages: tuple[tuple[float, float], ...] = ()
    server_crashes: tuple[tuple[float, float], ...] = ()
    device_crashes: tuple[tuple[float, int, float], ...] = ()
    sender_retry: float = 0.0
    sender_retry_after_s: float = 1.0
    server_restores: tuple[tuple[float, float, float], ...] = ()
    """(the backup's time, the restore's, how long the server is down)"""
    device_restores: tuple[tuple[float, float, int, float], ...] = ()
    """(the backup's time, the restore's, the device, how long it is down)"""
    trims: tuple[float, ...] = ()
    configured: tuple[str, ...] = ()


def plan(scenario: Scenario, traffic: Traffic, seed: int) -> FaultPlan:
    """Draws the faults of one run; what the traffic itself contains (sessions, joins, members) counts as configured."""
    from syncproof.inputs.random_draws import Draws

    faults = scenario.faults
    outages = tuple((o.start, o.start + o.length) for o in faults.outages if o.start < traffic.horizon)
    server_crashes = tuple((c.at, c.down) for c in faults.server_crashes if c.at < traffic.horizon)
    draws = Draws(seed)
    crashes = _scattered(draws, "device-crash", faults.device_crashes_per_day, traffic)
    restores = _scattered(draws, "device-restore", faults.device_restores_per_day, traffic)
    age = faults.device_backup_age
    pushes = scenario.model.notifications
    fires = {
        "push-lost": pushes and faults.push_loss > 0,
        "push-duplicated": pushes and faults.push_duplicate > 0,
        "push-reordered": pushes and faults.push_reorder > 0,
        "push-outage": pushes and bool(outages),
        "disconnect": any(dead <= 0 and end < traffic.horizon for s in traffic.sessions for _, end, dead in s),
        "half-open": any(dead > 0 and end < traffic.horizon for s in traffic.sessions for _, end, dead in s),
        "device-crash": faults.device_crashes_per_day > 0,
        "server-crash": bool(server_crashes),
        "new-device": len(traffic.joins) > len(traffic.replaces),
        "sender-retry": faults.sender_retry > 0,
        "membership": bool(traffic.changes),
        "reinstall": bool(traffic.replaces),
        "device-restore": faults.device_restores_per_day > 0,
        "server-restore": any(r.at < traffic.horizon for r in faults.server_restores),
        "trim": any(at < traffic.horizon for at in faults.trims),
    }
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
        configured=tuple(name for name in FAULTS if fires.get(name)),
    )


def _scattered(draws: Draws, purpose: str, per_day: float, traffic: Traffic) -> list[tuple[float, int]]:
    """(time, device) of what happens to each device so often a day."""
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
