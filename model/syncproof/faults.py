"""The faults there are, and which of them a run is configured to meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncproof.scenario import Scenario
    from syncproof.workload import Traffic

FAULTS: dict[str, str] = {
    "push-lost": "a push or notification is dropped",
    "push-duplicated": "a push or notification arrives twice",
    "push-reordered": "a push or notification arrives after later ones",
    "push-outage": "pushes and notifications are dropped for a while",
    "disconnect": "a device disconnects and the server is told",
    "half-open": "a device is gone and the server does not know yet",
    "device-crash": "a device loses its volatile state",
    "server-crash": "the server loses its volatile state; writes under way land or do not",
    "new-device": "a device of a known user appears",
    "sender-retry": "a device sends again what is still being processed",
    "membership": "a user joins or leaves a conversation",
    "clock-step": "the server's clock steps back",
}


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
    configured: tuple[str, ...] = ()


def plan(scenario: Scenario, traffic: Traffic, seed: int) -> FaultPlan:
    """Draws the faults of one run; what the traffic itself contains (sessions, joins, members) counts as configured."""
    from syncproof.draws import Draws

    faults = scenario.faults
    outages = tuple((o.start, o.start + o.length) for o in faults.outages if o.start < traffic.horizon)
    server_crashes = tuple((c.at, c.down) for c in faults.server_crashes if c.at < traffic.horizon)
    draws = Draws(seed)
    salt = draws.key("device-crash")
    chance = faults.device_crashes_per_day * traffic.horizon / 86400.0
    device_crashes = []
    for device in range(len(traffic.owners)):
        expected = chance
        number = 0
        while expected > 0 and draws.uniform(salt, device, number, 0) < min(1.0, expected):
            at = draws.uniform(salt, device, number, 1) * traffic.horizon
            device_crashes.append((at, device, faults.device_down))
            expected -= 1.0
            number += 1
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
        "new-device": bool(traffic.joins),
        "sender-retry": faults.sender_retry > 0,
        "membership": bool(traffic.changes),
    }
    return FaultPlan(
        push_loss=faults.push_loss,
        push_duplicate=faults.push_duplicate,
        push_reorder=faults.push_reorder,
        reorder_delay_s=faults.reorder_delay,
        outages=outages,
        server_crashes=server_crashes,
        device_crashes=tuple(sorted(device_crashes)),
        sender_retry=faults.sender_retry,
        sender_retry_after_s=faults.sender_retry_after,
        configured=tuple(name for name in FAULTS if fires.get(name)),
    )
