"""Measure how entries of one busy user wait for each other under dense numbering, beside the closed form.

One writer per user keeps the user's numbers in order: while it writes a batch, new entries wait for the next one. With Poisson
arrivals of rate λ and a cycle of T seconds the next batch holds b = λT + e^(-λT) entries on average (those that came meanwhile,
or the one that comes first if none did), and the cycle takes T = 2s + r + b·r where numbers are reserved before they are written
(two operations, of which the first is a row), T = s + b·r where they are given at commit. `s`: seconds of an operation; `r`: of a
row.
"""

from __future__ import annotations

import math

from syncproof.engines.simulate import RunResult
from syncproof.inputs.scenario import Scenario
from syncproof.studies.results.comparison import HotUser

RESERVED, AT_COMMIT = "timeline-dense-push+reserved-numbers", "timeline-dense-push"
RATES = (20.0, 40.0)
"""Messages per second in the only conversation."""
MEMBERS = 20
"""So many senders that the wait of each for its own reply does not change the arrivals."""
MESSAGES = 1200
OPERATION_MS, ROW_MS = 20.0, 0.5


def scenario(rate: float) -> Scenario:
    """Return a scenario in which every member of one group is a hot user, and storage never queues."""
    seconds = MESSAGES / rate
    return Scenario.model_validate(
        {
            "title": "A hot user",
            "shows": "how entries of one user wait for each other",
            "name": f"hot-user-{rate:g}",
            "duration": f"{seconds:.3f}s",
            "population": {"users": MEMBERS, "devices_per_user": 1},
            "conversations": {"pairs": 0, "groups": 1, "group_size": {"min": MEMBERS, "max": MEMBERS}},
            "traffic": {"messages_per_user_per_day": rate / MEMBERS * 86400.0},
            "presence": {"offline": "0s"},
            "network": {way: {"median": 1.0} for way in ("up_ms", "down_ms", "push_ms")},
            "storage": {"service_ms": {"median": OPERATION_MS}, "per_row_ms": ROW_MS, "parallel": 1024},
            "model": {"notifications": False, "request_timeout": "0s", "accept_carries_seq": False},
        }
    )


def batch(rate: float, reserved: bool) -> float:
    """Return the mean number of entries of a batch, by the closed form."""
    operations, rows = (2, 1) if reserved else (1, 0)
    found = 1.0
    for _ in range(200):
        cycle = (operations * OPERATION_MS + (rows + found) * ROW_MS) / 1000
        found = rate * cycle + math.exp(-rate * cycle)
    return found


def measured(rate: float, run: RunResult) -> HotUser:
    """Return what one run measured, beside the closed form for the rate at which messages came in it.

    A batch is one operation of the writer of one user.
    """
    came = run.messages / (MESSAGES / rate)
    copies, batches = run.rows["sync-store"]["written"], run.operations["sync-store"]["written"]
    numbers = run.rows.get("sequencer", {}).get("written", 0)
    return HotUser(
        design=run.design,
        messages_per_s=float(f"{came:.6g}"),
        batch=float(f"{copies / batches:.6g}"),
        closed_form=float(f"{batch(came, run.design == RESERVED):.6g}"),
        sequencer_rows_per_message=float(f"{numbers / run.messages:.6g}"),
    )
