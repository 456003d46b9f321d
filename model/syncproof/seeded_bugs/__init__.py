"""Seeded bugs: failures of real systems, each a small variation of a sound design, with the properties it must violate.

They show what the properties can catch. Each of these bugs happened in a released system or follows from its published
code (`seen_in`). It is a subclass that overrides as little as the mechanism needs; the fix is always what the sound
design does. The modules are named by mechanism; each bug's record stands below the class that has it:

    F04 = seeded_bug(
        "F04",
        "sequencer rolls back",
        mechanism="the counter is lost in a restart; new messages get old numbers and are ignored",
        cure="keep the counter in durable storage, with the entry or ahead of it in blocks",
        seen_in="open-im-server#342, turms#1569",
        violates=("tail-append", "no-loss"),
        base="timeline-notify",
        world=("two-people", 2, ("server-crash",)),
        server=CounterLost,
    )

A new record in one of these modules is found automatically; a new module must be added to `MODULES`.
"""

from __future__ import annotations

from syncproof.seeded_bugs import (
    backups,
    caching,
    changes,
    checkpoints,
    consuming,
    derived,
    inboxes,
    numbering,
    opening,
    paging,
    processes,
    replying,
    starting,
    storing,
    submitting,
    triggers,
    writers,
)
from syncproof.seeded_bugs._record import Bug, Cost

MODULES = (
    numbering,
    checkpoints,
    opening,
    replying,
    starting,
    paging,
    consuming,
    backups,
    caching,
    changes,
    derived,
    triggers,
    storing,
    submitting,
    inboxes,
    processes,
    writers,
)

BUGS: dict[str, Bug] = {
    bug.id: bug
    for bug in sorted(
        (record for module in MODULES for record in vars(module).values() if isinstance(record, Bug)),
        key=lambda bug: bug.id,
    )
}
"""The seeded bugs by id, in the order of their ids."""

COSTS: dict[str, Cost] = {
    cost.id: cost
    for cost in sorted(
        (record for module in MODULES for record in vars(module).values() if isinstance(record, Cost)),
        key=lambda cost: cost.id,
    )
}
"""The failures that violate no property and only cost, by id, in the order of their ids."""

__all__ = ["BUGS", "COSTS", "Bug", "Cost"]
